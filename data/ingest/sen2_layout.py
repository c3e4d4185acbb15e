"""Layout of the DfE SEN2 releases: files, placements, needs and ages, and the steps that every table shares.

Invariants kept here:

* a published placement label or column has exactly one placement code, and a code exactly one provision;
* a cell becomes a whole number or a null with its published symbol, never both and never neither;
* a row that is absent counts as nil only where the authority returned that breakdown at all.

Two releases are read, unchanged. The 2022 release holds aggregate returns (January 2010 to 2022, flows to
calendar 2021); the 2025 release restates January 2019 to 2022 and adds person-level returns from 2023.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from data.errors import SourceError
from data.ingest.reading import Release, numbers
from data.placements import PLACEMENTS, PROVISION_OF

RELEASE_2022 = "sen2/education-health-and-care-plans_2022.zip"
"""DfE, Education, health and care plans, reporting year 2022 (underlying data, unchanged)."""

RELEASE_2025 = "sen2/education-health-and-care-plans_2025.zip"
"""DfE, Education, health and care plans, reporting year 2025 (underlying data, unchanged)."""

AREA_COLUMNS: tuple[str, ...] = (
    "time_period", "time_identifier", "geographic_level", "country_code", "country_name",
    "region_code", "region_name", "old_la_code", "new_la_code", "la_name",
)  # fmt: skip
"""Columns that say when and where, in both releases."""

TOPIC_COLUMNS: tuple[str, ...] = ("breakdown_topic", "breakdown")
"""Columns of the 2025 release that say which table a row belongs to and which category it is."""

ENGLAND = 0
"""Stands for England (and regions) in ``la_code`` where national rows use the code of authorities."""

NOT_AVAILABLE = "x"
"""The published symbol for a figure that exists but was not returned or cannot be used."""

UNKNOWN_AGE = -1
"""Age of the "age unknown" row, where one is published; no real age is negative."""

PERSON_LEVEL_JANUARY = 2023
"""First January counted from person-level returns; before it authorities returned aggregates."""

FLOW_AGES: tuple[int, ...] = tuple(range(2, 21))
"""Single ages of flows: 2 is "2 and under", 20 is "20 and over"."""

Pick = Callable[[pd.DataFrame], pd.DataFrame]
"""Chooses the rows of one geographic level: `authorities`, `regions` or `england`."""


WORK_BASED_2022: tuple[str, ...] = (
    "Apprenticeship", "Supported Internship", "Traineeship", "Work-based learning",
)  # fmt: skip
"""Work-based categories of January 2015 and 2016, left out.

In January 2016 placements exceed the plans of 45 authorities by exactly these (England 215): the same plans
are also counted in their setting. In January 2015, and for new plans, they are nil.
"""

PLACEMENT_OF_2022: dict[str, str] = {p.label_2022: p.code for p in PLACEMENTS if p.label_2022}
"""``establishment_type`` of the 2022 release to placement code."""

PLACEMENT_OF_2025: dict[str, str] = {label: p.code for p in PLACEMENTS for label in p.labels_2025}
""""Type of placement" of the 2025 release to placement code."""

PLACEMENT_COLUMNS: tuple[str, ...] = tuple(p.code for p in PLACEMENTS if p.column_2025)
"""Placement columns of ``caseload.csv`` and ``newplans.csv``; each plan is in exactly one."""

PLACEMENT_SUMS: tuple[str, ...] = (
    "mainstream_total", "mainstream_total_pc", "special_total", "special_total_pc", "ap_pru_total",
    "AP_PRU_total_pc", "fe_total", "fe_total_pc", "ed_elsewhere", "ed_elsewhere_pc", "nm_early_years_pc",
    "placement_unknown_pc",
)  # fmt: skip
"""Columns of the same files that repeat the placement columns as sums or percentages."""

ELSEWHERE_ITEMS: tuple[str, ...] = (
    "elective_home_education", "other_arrangements_la", "other_arrangements_parents", "online_provider",
    "w_settings", "other_schools", "other_placement_settings", "neet", "neet_ntci", "neet_other",
    "neet_other_csa",
)  # fmt: skip
"""Placement columns that add up to ``ed_elsewhere`` in person-level returns (new plans 2022 on)."""

NEED_OF_COLUMN: dict[str, str] = {
    "number_asd": "ASD", "number_slcn": "SLCN", "number_semh": "SEMH", "number_mld": "MLD",
    "number_sld": "SLD", "number_pmld": "PMLD", "number_spld": "SPLD", "number_pd": "PD",
    "number_hi": "HI", "number_vi": "VI", "number_msi": "MSI", "number_oth": "OTH",
    "number_need_unknown": "UNKNOWN",
}  # fmt: skip
"""Need columns of the 2025 release to need code."""

NEED_COLUMNS: tuple[str, ...] = (
    "ehc_plans", *NEED_OF_COLUMN,
    "asd_pc", "hi_pc", "mld_pc", "msi_pc", "oth_pc", "pd_pc", "pmld_pc", "semh_pc", "slcn_pc", "sld_pc",
    "spld_pc", "vi_pc", "unknown_pc",
)  # fmt: skip
"""All value columns of the two need files of the 2025 release."""

BAND_OF_LABEL: dict[str, str] = {
    "Under 5": "0-4", "Age 5 to 10": "5-10", "Age 11 to 15": "11-15", "Age 16 to 19": "16-19",
    "Age 20 to 25": "20-25",
}  # fmt: skip
"""Published age bands to our codes. 20 to 25 was not collected before 2015 and has no rows then."""

STOCK_AGE_OF_LABEL: dict[str, int] = {"under 3": 2, **{f"age {a}": a for a in range(3, 26)}}
"""Single ages of January stocks."""

FLOW_AGE_OF_LABEL: dict[str, int] = {
    "age 2 and under": 2, **{f"age {a}": a for a in range(3, 20)}, "age 20 and over": 20,
    "Age unknown": UNKNOWN_AGE,
}  # fmt: skip
"""Single ages of new and ceased plans."""

REQUEST_AGE_OF_LABEL: dict[str, int] = {
    "Aged 2 and under": 2, **{f"Aged {a}": a for a in range(3, 20)}, "Aged 20 and over": 20,
    "Age unknown": UNKNOWN_AGE,
}  # fmt: skip
"""Single ages of requests and assessments, on the day the request came in."""


def read_2022(release: Release, name: str, columns: Sequence[str]) -> pd.DataFrame:
    """Return a file of the 2022 release as text; ``columns`` are all columns besides the area columns."""
    return release.csv(RELEASE_2022, member=f"data/{name}.csv", columns=(*AREA_COLUMNS, *columns))


def read_2025(release: Release, name: str, columns: Sequence[str]) -> pd.DataFrame:
    """Return a file of the 2025 release as text; ``columns`` are all columns besides the area and topic columns."""
    expected = (*AREA_COLUMNS, *TOPIC_COLUMNS, *columns)
    return release.csv(RELEASE_2025, member=f"data/{name}.csv", columns=expected)


def authorities(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the local authority rows with ``la_code``, the DfE number as an integer."""
    rows = frame.loc[frame["geographic_level"] == "Local authority"]
    return rows.assign(la_code=rows["old_la_code"].astype("int64"))


def regions(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the regional rows, identified by ``region_code``."""
    return frame.loc[frame["geographic_level"] == "Regional"].assign(la_code=ENGLAND)


def england(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the national rows with ``la_code`` 0."""
    return frame.loc[frame["geographic_level"] == "National"].assign(la_code=ENGLAND)


def with_january(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with a column ``january``: "2022" is January 2022, academic year "202425" is January 2025."""
    period = frame["time_period"]
    year = period.where(period.str.len() == 4, period.str.slice(0, 2) + period.str.slice(4, 6))
    return frame.assign(january=year.astype("int64"))


def with_year(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with a column ``year``, the calendar year of the flow."""
    return frame.assign(year=frame["time_period"].astype("int64"))


def topic(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the rows of one breakdown topic of the 2025 release."""
    return frame.loc[frame["breakdown_topic"] == name]


def coded(
    frame: pd.DataFrame, source: str, target: str, codes: Mapping[str, object], where: str
) -> pd.DataFrame:
    """Return the table with a column ``target``: the code of each published label in ``source``.

    Raises
    ------
    SourceError
        A label is not in ``codes``.
    """
    unknown = sorted(set(frame[source]) - set(codes))
    if unknown:
        raise SourceError(
            f"{where}, column '{source}': label(s) we do not know: {', '.join(unknown)}. Their plans "
            "would be "
            "lost, so nothing was built. Give each label a code in data/ingest/sen2_layout.py."
        )
    return frame.assign(**{target: frame[source].map(codes)})


def measured(
    frame: pd.DataFrame,
    keys: Sequence[str],
    columns: Mapping[str, str],
    where: str,
    *,
    name: str | None = None,
    value: str = "plans",
) -> pd.DataFrame:
    """Return value columns as long rows: ``keys``, ``name`` (the code of the column), ``value``, ``marker``.

    Parameters
    ----------
    frame
        Published text, with the row of the file as index.
    columns
        Published column to code; the code goes into column ``name`` (left out if ``name`` is None).
    where
        File name for messages.
    """
    parts = []
    for column, code in columns.items():
        number, marker = numbers(frame[column], where, whole=True)
        part = frame.loc[:, list(keys)].assign(**{value: number, "marker": marker})
        parts.append(part if name is None else part.assign(**{name: code}))
    order = [*keys, *([] if name is None else [name]), value, "marker"]
    return pd.concat(parts, ignore_index=True)[order]


def uncollected(rows: pd.DataFrame, national: pd.DataFrame, keys: Sequence[str]) -> pd.Series:
    """Return True for rows of a category that was not collected: England has no figure either.

    Parameters
    ----------
    rows, national
        Long rows of authorities and of England.
    keys
        Period and category columns.
    """
    missing = national.loc[national["marker"].notna(), list(keys)].drop_duplicates()
    matched = rows.loc[:, list(keys)].merge(missing, on=list(keys), how="left", indicator=True)
    return pd.Series((matched["_merge"] == "both").to_numpy(), index=rows.index)


def complete(
    rows: pd.DataFrame, areas: pd.DataFrame, grid: Mapping[str, Sequence[object]], value: str = "plans"
) -> pd.DataFrame:
    """Return rows for every cell of a grid, for every authority and period.

    An absent row is nil if the authority returned any figure of the breakdown in that period. If it
    returned none, its cells are null with marker ``x``. A row that is present is kept as it is.

    Parameters
    ----------
    rows
        Long rows with a value and a marker.
    areas
        One row per authority and period that must be there; its columns are the keys.
    grid
        Column to all its codes.
    """
    keys = list(areas.columns)
    cells = areas.drop_duplicates()
    for column, codes in grid.items():
        cells = cells.merge(pd.DataFrame({column: list(codes)}), how="cross")
    known = rows.loc[rows[value].notna(), keys].drop_duplicates().assign(returned=True)
    full = cells.merge(rows, on=[*keys, *grid], how="left", indicator=True, validate="one_to_one")
    returned = full.merge(known, on=keys, how="left")["returned"].notna()
    absent = full["_merge"] == "left_only"
    full[value] = full[value].mask(absent & returned, 0)
    full["marker"] = full["marker"].mask(absent & ~returned, NOT_AVAILABLE)
    return full.drop(columns="_merge")


def without_nil(rows: pd.DataFrame, value: str = "plans") -> pd.DataFrame:
    """Return the rows whose value is not zero; missing values stay."""
    return rows.loc[rows[value].isna() | rows[value].ne(0).fillna(True)]


def set_aside(
    rows: pd.DataFrame, cells: Mapping[tuple[int, int], str], period: str, value: str = "plans"
) -> pd.DataFrame:
    """Return rows with the values of the named (authority, period) ``cells`` null and marked ``x``."""
    aside = in_cells(rows, cells, period)
    return rows.assign(
        **{value: rows[value].mask(aside), "marker": rows["marker"].mask(aside, NOT_AVAILABLE)}
    )


def in_cells(rows: pd.DataFrame, cells: Mapping[tuple[int, int], str], period: str) -> pd.Series:
    """Return True for rows of the named (authority, period) ``cells``."""
    return pd.Series(pd.MultiIndex.from_frame(rows[["la_code", period]]).isin(list(cells)), index=rows.index)


def joined(
    old: pd.DataFrame, new: pd.DataFrame, keys: Sequence[str], where: str, value: str = "plans"
) -> pd.DataFrame:
    """Return one series from two releases, with the newer figure where both have one; ``release`` names the one used.

    Raises
    ------
    SourceError
        Both releases have a figure for the same cell and they differ.
    """
    on = list(keys)
    both = old.merge(new, on=on, how="outer", suffixes=("_old", "_new"), validate="one_to_one")
    was, now = both[f"{value}_old"], both[f"{value}_new"]
    differ = was.notna() & now.notna() & was.ne(now).fillna(False)
    if differ.any():
        first = both.loc[differ].iloc[0]
        cell = ", ".join(f"{k} {first[k]}" for k in on)
        raise SourceError(
            f"{where}: the 2022 and 2025 releases disagree in {int(differ.sum())} cell(s), first {cell}: "
            f"{first[f'{value}_old']} and {first[f'{value}_new']}. A series spliced from them would jump, "
            "so nothing "
            "was built. Restore the published releases, or decide in data/ingest which figure holds."
        )
    # A cell that only the newer release marks as not available keeps the older figure.
    newer = now.notna() | (both["marker_new"].notna() & was.isna())
    return both[on].assign(
        **{
            value: now.where(newer, was),
            "marker": both["marker_new"].where(newer, both["marker_old"]),
            "release": newer.map({True: "2025", False: "2022"}),
        }
    )


def placements_2022(frame: pd.DataFrame, keys: Sequence[str], column: str, where: str) -> pd.DataFrame:
    """Return plans by placement of a 2022 establishment file; totals and `WORK_BASED_2022` are left out."""
    detail = frame.loc[~frame["establishment_type"].isin(["Total", *WORK_BASED_2022])]
    named = coded(detail, "establishment_type", "placement", PLACEMENT_OF_2022, where)
    return measured(named, [*keys, "placement"], {column: ""}, where)


def placements_2025(frame: pd.DataFrame, keys: Sequence[str], where: str) -> pd.DataFrame:
    """Return plans by placement of a 2025 file with one column for each placement.

    Rule: where an authority's subtotals are ``x`` all its placements are. Peterborough, January 2024, has
    one stray figure (438 in other settings) that suppression missed; alone it says nothing.
    """
    hidden = frame["mainstream_total"].str.strip() == NOT_AVAILABLE
    columns = list(PLACEMENT_COLUMNS)
    clean = frame.assign(**{c: frame[c].mask(hidden, NOT_AVAILABLE) for c in columns})
    return measured(clean, keys, {c: c for c in columns}, where, name="placement")


def with_remainder(rows: pd.DataFrame, totals: pd.DataFrame, keys: Sequence[str], where: str) -> pd.DataFrame:
    """Return placements with a remainder row, so that they sum to the total where all are published.

    A positive remainder becomes the placement ``unexplained``. It occurs in January 2018 only (7,193 plans in
    122 authorities: young people out of education, counted apart from 2019) and in flows named in
    `data.ingest.sen2_flows`.

    Parameters
    ----------
    rows
        Placements: ``keys``, ``placement``, ``plans``, ``marker``; other columns are null in added rows.
    totals
        ``keys`` and ``total``.

    Raises
    ------
    SourceError
        Placements sum to more than the total: something is counted twice.
    """
    on = list(keys)
    groups = rows.groupby(on)["plans"]
    sums = pd.DataFrame({"sum": groups.sum(), "whole": groups.count() == groups.size()}).reset_index()
    both = totals.merge(sums.loc[sums["whole"]], on=on, validate="one_to_one")
    left = both.assign(plans=both["total"] - both["sum"])
    over = left.loc[left["plans"] < 0]
    if len(over):
        first = over.iloc[0]
        raise SourceError(
            f"{where}: placements sum to more than the plans of {len(over)} authority-year(s), first "
            f"{', '.join(f'{k} {first[k]}' for k in on)}: {first['sum']} of {first['total']}. Plans would "
            "be counted "
            "twice, so nothing was built. Check for a new placement or subtotal in "
            "data/ingest/sen2_layout.py."
        )
    rest = left.loc[left["plans"] > 0, [*on, "plans"]].assign(placement="unexplained")
    return pd.concat([rows, rest], ignore_index=True)


def placement_rows(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return the "Type of placement" rows with ``placement``, without "- total" rows, which repeat others."""
    rows = topic(frame, "Type of placement")
    rows = rows.loc[~rows["breakdown"].str.endswith("- total")]
    return coded(rows, "breakdown", "placement", PLACEMENT_OF_2025, where)


def with_provision(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with ``provision``, from the placement code."""
    return rows.assign(provision=rows["placement"].map(PROVISION_OF))


def tidy(rows: pd.DataFrame, columns: Sequence[str], key: Sequence[str]) -> pd.DataFrame:
    """Return the published columns in order, sorted by key, with a new index and the final types."""
    frame = rows[list(columns)].sort_values(list(key), kind="stable").reset_index(drop=True)
    whole = {c: "int64" for c in ("la_code", "january", "year") if c in frame.columns}
    text = {c: "str" for c in ("marker",) if c in frame.columns}
    return frame.astype({**whole, **text})
