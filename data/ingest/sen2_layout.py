"""The DfE SEN2 releases as one series: which releases there are, and the steps that every table shares.

Invariants kept here:

* a cell becomes a whole number or a null with its published symbol, never both and never neither;
* a row that is absent counts as nil only where the authority returned that breakdown at all.

What a release calls its files, columns and labels is in its layout file (`data.ingest.layout`). The 2022 release holds aggregate
returns (January 2010 to 2022, flows to calendar 2021); the 2025 release restates January 2019 to 2022 and adds person-level
returns from 2023.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from data.errors import SourceError
from data.ingest.layout import CellSource, Layout, OneRelease, layout
from data.ingest.reading import Release, numbers
from data.placements import PLACEMENT_CODES, PROVISION_OF
from data.published_needs import PUBLISHED_NEED_CODES

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


ELSEWHERE_ITEMS: tuple[str, ...] = (
    "elective_home_education", "other_arrangements_la", "other_arrangements_parents", "online_provider",
    "w_settings", "other_schools", "other_placement_settings", "neet", "neet_ntci", "neet_other",
    "neet_other_csa",
)  # fmt: skip
"""Placement columns that add up to ``ed_elsewhere`` in person-level returns (new plans 2022 on)."""

AGGREGATE = "2022"
"""The release with aggregate returns, to January 2022."""

PERSON_LEVEL: tuple[str, ...] = ("2025", "2026")
"""Releases with person-level returns that the tables are built from, oldest first; one that is not at hand is passed over."""

DASHBOARD = "dashboard"
"""The dashboard file of age bands, for the one January that is in no release."""


def read_aggregate(release: Release, name: str) -> pd.DataFrame:
    """Return a file of the release of aggregate returns, under our names; no row where one later release is read alone."""
    if isinstance(release, OneRelease):
        return layout(AGGREGATE).empty(name)
    return layout(AGGREGATE).read(release, name)


def aggregate_source(name: str) -> CellSource:
    """Return where the cells of a file of aggregate returns stand, for messages."""
    return layout(AGGREGATE).source(name)


def needs_in(source: CellSource) -> list[str]:
    """Return the need codes for which a file has a column."""
    return [code for code in PUBLISHED_NEED_CODES if code in source.columns]


def each(release: Release, name: str, make: Callable[[Layout], pd.DataFrame]) -> pd.DataFrame:
    """Return what is made from a file of every release of person-level returns, one below the other; of one that is read alone.

    Parameters
    ----------
    name
        Our name of the file; a release that lacks it adds nothing.
    make
        Layout of a release to rows; a column ``release`` is added.
    """
    alone = [release.layout] if isinstance(release, OneRelease) else None
    layouts = alone or [layout(year) for year in PERSON_LEVEL]
    made = [make(one).assign(release=one.release) for one in layouts if one.has(release, name)]
    return pd.concat(made, ignore_index=True)


def authorities(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the local authority rows with ``la_code``, the DfE number as an integer."""
    rows = frame.loc[frame["level"] == "Local authority"]
    return rows.assign(la_code=rows["la_code"].astype("int64"))


def regions(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the regional rows, identified by ``region_code``."""
    return frame.loc[frame["level"] == "Regional"].assign(la_code=ENGLAND)


def england(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the national rows with ``la_code`` 0."""
    return frame.loc[frame["level"] == "National"].assign(la_code=ENGLAND)


def topic(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the rows of one topic of a file."""
    return frame.loc[frame["topic"] == name]


def by_age(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the topic ``age`` with a column ``age``."""
    rows = topic(frame, "age")
    return rows.assign(age=rows["label"].astype("int64"))


def by_placement(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the topic ``placement`` with a column ``placement``."""
    rows = topic(frame, "placement")
    return rows.assign(placement=rows["label"])


def measured(
    frame: pd.DataFrame,
    keys: Sequence[str],
    columns: Sequence[str],
    source: CellSource,
    *,
    name: str | None = None,
    value: str = "plans",
) -> pd.DataFrame:
    """Return value columns as long rows: ``keys``, ``name`` (the name of the column), ``value``, ``marker``.

    Parameters
    ----------
    frame
        Published text under our names, with the row of the file as index.
    columns
        Our names of the columns; the name goes into column ``name`` (left out if ``name`` is None).
    source
        Where the cells stand, for messages.
    """
    parts = []
    for column in columns:
        number, marker = numbers(frame[column].rename(source.columns[column]), source.file, whole=True)
        part = frame.loc[:, list(keys)].assign(**{value: number, "marker": marker})
        parts.append(part if name is None else part.assign(**{name: column}))
    order = [*keys, *([] if name is None else [name]), value, "marker"]
    return pd.concat(parts, ignore_index=True)[order]


def uncollected(rows: pd.DataFrame, national: pd.DataFrame, keys: Sequence[str]) -> pd.Series:
    """Return True for rows of a category that was not collected: England has no figure, or no authority has.

    Parameters
    ----------
    rows, national
        Long rows of authorities and of England.
    keys
        Period and category columns.
    """
    missing = national.loc[national["marker"].notna(), list(keys)].drop_duplicates()
    matched = rows.loc[:, list(keys)].merge(missing, on=list(keys), how="left", indicator=True)
    empty = rows["marker"].isna().groupby([rows[key] for key in keys]).transform("sum").eq(0)
    return pd.Series((matched["_merge"] == "both").to_numpy(), index=rows.index) | empty


def complete(
    rows: pd.DataFrame, areas: pd.DataFrame, grid: Mapping[str, Sequence[object]], value: str = "plans"
) -> pd.DataFrame:
    """Return rows for every cell of a grid, for every authority and period.

    An absent row is nil if the authority returned any figure of the breakdown in that period. If it
    returned none, its cells are null with marker ``x``. A row that is present is kept as it is. A period
    without a row of any authority has no cells: the breakdown was not published, or is not at hand.

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
    period = next(key for key in keys if key != "la_code")
    cells = areas.loc[areas[period].isin(rows[period])].drop_duplicates()
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
    """Return one series from aggregate and later returns, with the later figure where both have one.

    ``new`` has a column ``release``; in the result it names the one used.

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
            f"{where}: the releases of {AGGREGATE} and {first['release']} disagree in {int(differ.sum())} cell(s), first {cell}: "
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
            "release": both["release"].where(newer, AGGREGATE),
        }
    )


def placement_columns(frame: pd.DataFrame, keys: Sequence[str], source: CellSource) -> pd.DataFrame:
    """Return plans by placement of a file with one column for each placement.

    Rule: where an authority's subtotals are ``x`` all its placements are. Peterborough, January 2024, has
    one stray figure (438 in other settings) that suppression missed; alone it says nothing.
    """
    hidden = frame["mainstream_total"].str.strip() == NOT_AVAILABLE
    columns = [c for c in PLACEMENT_CODES if c in source.columns]
    clean = frame.assign(**{c: frame[c].mask(hidden, NOT_AVAILABLE) for c in columns})
    return measured(clean, keys, columns, source, name="placement")


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


def with_provision(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with ``provision``, from the placement code."""
    return rows.assign(provision=rows["placement"].map(PROVISION_OF))


def tidy(rows: pd.DataFrame, columns: Sequence[str], key: Sequence[str]) -> pd.DataFrame:
    """Return the published columns in order, sorted by key, with a new index and the final types."""
    frame = rows[list(columns)].sort_values(list(key), kind="stable").reset_index(drop=True)
    whole = {c: "int64" for c in ("la_code", "january", "year") if c in frame.columns}
    text = {c: "str" for c in ("marker",) if c in frame.columns}
    return frame.astype({**whole, **text})
