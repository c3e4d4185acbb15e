"""January counts of plans from the DfE SEN2 releases: totals, ages, needs and placements, and national figures.

Invariant: authority rows are what each authority returned; nothing is scaled to a national total. Where a
return is known to be partial its counts are null, marked ``x``, and the published total stays in
``plans_total.as_published``.

Rules
-----
``INCOMPLETE_RETURNS``
    A January an authority returned only in part is not a stock.
``OUT_OF_LINE_RETURNS``
    Returns far from the years around them, kept as published and flagged, because nothing says they are wrong.
``statements_and_plans``
    To January 2018 statements and EHC plans both exist and are added; a published ``z`` is "cannot exist".
``no overlap differs``
    January 2019 to 2022 is in both releases and must agree; see `data.ingest.sen2_layout.joined`.
``dashboard_2023``
    Ages of January 2023 are in neither release, only in DfE's dashboard file. It counts one plan more than
    the 2025 release (Bradford, so England has 517,049 against 517,048): the bands stay as printed there,
    the total stays that of the release.
``ages_not_returned``
    Hackney and Peterborough returned a total but no ages for January 2024: null, marked ``x``. England's own
    ages still hold 2,505 of their plans, so authority ages sum to 570,324 and England's to 572,829.
``placements_add_up``
    In every authority and January with all placements published they sum to the total; see
    `data.ingest.sen2_layout.with_remainder` and `WORK_BASED_2022` there for the two exceptions.
    Cambridgeshire and North East Lincolnshire returned no usable placements for January 2025.
``needs_not_returned``
    Surrey (January 2025) amended its needs as totals only: needs by age or placement are null, marked ``x``.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from data.ingest import sen2_flows
from data.ingest.layout import Layout, OneRelease, layout
from data.ingest.reading import Release
from data.ingest.sen2_layout import (
    AGGREGATE,
    DASHBOARD,
    PERSON_LEVEL_JANUARY,
    Pick,
    aggregate_source,
    authorities,
    by_age,
    by_placement,
    complete,
    each,
    england,
    in_cells,
    joined,
    measured,
    needs_in,
    placement_columns,
    read_aggregate,
    set_aside,
    tidy,
    topic,
    uncollected,
    with_provision,
    with_remainder,
    without_nil,
)
from data.placements import PLACEMENT_CODES
from data.vocabulary import AGES, ALL, band_of

INCOMPLETE_RETURNS: dict[tuple[int, int], str] = {
    (316, 2025): "Newham: 1,199 plans after 2,705 in January 2024, with few ceased",
}
"""(authority, January) whose return is partial, and the evidence."""

OUT_OF_LINE_RETURNS: dict[tuple[int, int], str] = {
    (308, 2017): "Enfield: 1,421 to 1,928",
    (871, 2017): "Slough: 959 to 1,388, then 1,295",
    (357, 2019): "Tameside: 977 to 1,344",
    (316, 2020): "Newham: 906 to 1,300",
    (933, 2021): "Somerset: 2,514 to 3,457",
    (316, 2023): "Newham: 1,867 to 2,618",
    (892, 2024): "Nottingham: 1,371 to 2,115, then 1,909",
    (342, 2025): "St Helens: 1,595 to 2,179",
    (887, 2026): "Medway: 3,041 to 4,287, after 3,175",
}
"""(authority, January) whose stock leaps from the year before, and the leap."""

REDEFINED: dict[tuple[str, int], str] = {
    ("mainstream_academy", 2017): "SEN units and resourced provision counted apart",
    ("mainstream_free_school", 2017): "SEN units and resourced provision counted apart",
    ("special_la_maintained", 2019): "hospital schools counted in",
    ("await_prov_2022", 2019): "not in education, employment or training counted apart",
    ("other_arrangements_parents", 2020): "elective home education counted apart",
    ("other_placement_settings", 2025): "online providers, Welsh and other schools counted apart",
}
"""(placement, January) whose definition changed although the category went on, and how."""

PUBLISHED_BY_MOST = 0.5
"""Share of authorities with figures below which a breakdown counts as not published for the others, rather than not returned."""

_KEYS = ["la_code", "january"]


def _caseload(release: Release, layout: Layout, pick: Pick) -> pd.DataFrame:
    return pick(layout.read(release, "caseload"))


def _needs(release: Release, layout: Layout, pick: Pick) -> pd.DataFrame:
    return pick(layout.read(release, "needs"))


def _stocks_2022(release: Release, pick: Pick) -> pd.DataFrame:
    return pick(read_aggregate(release, "stock_bands"))


def _graded(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with a column ``quality``; counts of incomplete returns are set to null."""
    partial = in_cells(rows, INCOMPLETE_RETURNS, "january")
    quality = partial.map({True: "incomplete_return", False: "reported"})
    quality = quality.mask(in_cells(rows, OUT_OF_LINE_RETURNS, "january"), "out_of_line").astype("str")
    return set_aside(rows, INCOMPLETE_RETURNS, "january").assign(quality=quality)


def _totals(release: Release, pick: Pick) -> pd.DataFrame:
    """Return totals of all releases: ``la_code, january, plans, marker, release``."""
    frame = _stocks_2022(release, pick)
    old = measured(frame.loc[frame["age_band"] == ALL], _KEYS, ["plans"], aggregate_source("stock_bands"))
    new = each(
        release,
        "caseload",
        lambda one: measured(
            topic(_caseload(release, one, pick), "all"), _KEYS, ["plans"], one.source("caseload")
        ),
    )
    return joined(old, new, _KEYS, "January totals")


def plans_total(release: Release) -> pd.DataFrame:
    """Return plans an authority maintained each January, 2010 to 2025 (rule ``statements_and_plans``)."""
    keys = ["la_code", "january"]
    totals = _totals(release, authorities)
    frame = _stocks_2022(release, authorities)
    frame = frame.loc[frame["age_band"] == ALL]
    for name in ("statements", "ehc_plans"):
        part = measured(frame, keys, [name], aggregate_source("stock_bands"), value=name).drop(
            columns="marker"
        )
        totals = totals.merge(part, on=keys, how="left", validate="one_to_one")
    rows = _graded(totals.assign(as_published=totals["plans"]))
    # A return without a total cannot be used either.
    rows["quality"] = rows["quality"].mask(rows["plans"].isna(), "incomplete_return")
    later = rows["january"] >= 2019
    rows["statements"] = rows["statements"].mask(later)
    rows["ehc_plans"] = rows["ehc_plans"].mask(later, rows["plans"])
    columns = ["la_code", "january", "statements", "ehc_plans", "plans", "as_published", "quality"]
    return tidy(rows, columns, keys)


def _bands_2022(release: Release, pick: Pick) -> pd.DataFrame:
    frame = _stocks_2022(release, pick)
    frame = frame.loc[frame["age_band"] != ALL]
    return measured(frame, [*_KEYS, "age_band"], ["plans"], aggregate_source("stock_bands"))


def bands_2023(release: Release, pick: Pick) -> pd.DataFrame:
    """Return age bands of January 2023 from the dashboard file (rule ``dashboard_2023``)."""
    file = layout(DASHBOARD)
    alone = isinstance(release, OneRelease)
    frame = pick(file.empty("stock_bands") if alone else file.read(release, "stock_bands"))
    frame = frame.loc[frame["january"] == PERSON_LEVEL_JANUARY]
    return measured(frame, [*_KEYS, "age_band"], ["plans"], file.source("stock_bands"))


def _single_ages(release: Release, pick: Pick) -> pd.DataFrame:
    def ages(layout: Layout) -> pd.DataFrame:
        aged = by_age(_caseload(release, layout, pick))
        return measured(aged, [*_KEYS, "age"], ["plans"], layout.source("caseload"))

    return each(release, "caseload", ages)


def _aged_areas(release: Release) -> pd.DataFrame:
    """Return the authorities in the Januaries for which single ages are published."""
    areas = each(release, "caseload", lambda one: topic(_caseload(release, one, authorities), "all"))
    return areas.loc[areas["january"] > PERSON_LEVEL_JANUARY, _KEYS]


def bands_of_ages(ages: pd.DataFrame) -> pd.DataFrame:
    """Return age bands as sums of single ages; a band is null, with the marker, if one of its ages is."""
    banded = ages.assign(age_band=ages["age"].map(band_of))
    groups = banded.groupby(["la_code", "january", "age_band"], as_index=False)
    sums = groups["plans"].sum(min_count=1)
    gaps = groups.agg(marker=("marker", "first"))
    rows = sums.merge(gaps, on=["la_code", "january", "age_band"], validate="one_to_one")
    banded_rows: pd.DataFrame = rows.assign(plans=rows["plans"].mask(rows["marker"].notna()))
    return banded_rows


def plans_age_band(release: Release) -> pd.DataFrame:
    """Return plans by published age band, January 2010 to 2025."""
    parts = {
        "aggregate_return": _bands_2022(release, authorities),
        "dashboard": bands_2023(release, authorities),
        "person_level": bands_of_ages(plans_age(release)),
    }
    rows = _graded(pd.concat([p.assign(basis=b) for b, p in parts.items()], ignore_index=True))
    columns = ["la_code", "january", "age_band", "plans", "marker", "basis", "quality"]
    order = rows.assign(low=rows["age_band"].str.split("-").str[0].astype("int64"))
    return tidy(order, [*columns, "low"], ["la_code", "january", "low"]).drop(columns="low")


def plans_age(release: Release) -> pd.DataFrame:
    """Return plans by single year of age, January 2024 and 2025 (rule ``ages_not_returned``)."""
    rows = complete(_single_ages(release, authorities), _aged_areas(release), {"age": AGES})
    columns = ["la_code", "january", "age", "plans", "marker", "quality"]
    return tidy(_graded(rows), columns, columns[:3])


def _placements(release: Release, pick: Pick) -> pd.DataFrame:
    """Return placements: January 2010 to 2018 of the 2022 release, then of the later ones."""
    frame = pick(read_aggregate(release, "stock_placements"))
    frame = frame.loc[frame["january"] < 2019]
    old = measured(frame, [*_KEYS, "placement"], ["plans"], aggregate_source("stock_placements"))
    new = each(
        release,
        "caseload",
        lambda one: placement_columns(
            topic(_caseload(release, one, pick), "all"), _KEYS, one.source("caseload")
        ),
    )
    return pd.concat([old.assign(release=AGGREGATE), new], ignore_index=True)


def _collected(release: Release, rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows of the categories for which England has a figure in that January."""
    national = _placements(release, england)
    return rows.loc[~uncollected(rows, national, ["january", "placement"])]


def series_breaks(rows: pd.DataFrame) -> pd.Series:
    """Return True where the definition of a placement differs from that of the January before.

    That is: every placement in January 2023 (person-level returns), the first January of a category that
    began after the series did, and the changes in `REDEFINED`.
    """
    collected = rows[["placement", "january"]].drop_duplicates()
    before = pd.MultiIndex.from_frame(collected.assign(january=collected["january"] + 1))
    cell = pd.MultiIndex.from_frame(rows[["placement", "january"]])
    begins = ~cell.isin(before) & (rows["january"] > rows["january"].min())
    breaks: pd.Series = begins | (rows["january"] == PERSON_LEVEL_JANUARY) | cell.isin(list(REDEFINED))
    return breaks


def plans_placement(release: Release) -> pd.DataFrame:
    """Return plans by published placement and our provision, January 2010 to 2025."""
    keys = ["la_code", "january"]
    totals = plans_total(release).rename(columns={"as_published": "total"})[[*keys, "total"]]
    rows = _collected(release, _placements(release, authorities))
    rows = with_remainder(rows, totals, keys, "January placements")
    person_level = rows["january"] >= PERSON_LEVEL_JANUARY
    rows = _graded(
        with_provision(rows).assign(
            basis=person_level.map({True: "person_level", False: "aggregate_return"}),
            series_break=series_breaks(rows),
        )
    )
    columns = [
        "la_code", "january", "placement", "provision", "plans", "marker", "basis", "series_break", "quality",
    ]  # fmt: skip
    return tidy(rows, columns, columns[:3])


def _need_totals(release: Release, pick: Pick) -> pd.DataFrame:
    def totals(layout: Layout) -> pd.DataFrame:
        frame = topic(_needs(release, layout, pick), "all")
        source = layout.source("needs")
        return measured(frame, _KEYS, needs_in(source), source, name="need")

    return each(release, "needs", totals)


def plans_need(release: Release) -> pd.DataFrame:
    """Return plans by primary need, January 2025."""
    columns = ["la_code", "january", "need", "plans", "marker", "quality"]
    return tidy(_graded(_need_totals(release, authorities)), columns, columns[:3])


def plans_age_need(release: Release) -> pd.DataFrame:
    """Return plans by single year of age and need, January 2025 (rule ``needs_not_returned``)."""

    def ages(layout: Layout) -> pd.DataFrame:
        frame = _needs(release, layout, authorities)
        source = layout.source("needs")
        rows = measured(by_age(frame), [*_KEYS, "age"], needs_in(source), source, name="need")
        # A whole authority is marked or not: where it is, ages without a row are not nil either.
        return complete(rows, topic(frame, "all")[_KEYS], {"age": AGES, "need": needs_in(source)})

    columns = ["la_code", "january", "age", "need", "plans", "marker", "quality"]
    return tidy(_graded(each(release, "needs", ages)), columns, columns[:4])


def plans_placement_need(release: Release) -> pd.DataFrame:
    """Return plans by placement and need, January 2025, nil rows left out.

    Cambridgeshire and North East Lincolnshire are here as published: most or all of their plans are
    "placement not recorded", where ``plans_placement`` has no figure.
    """

    def placements(layout: Layout) -> pd.DataFrame:
        frame = _needs(release, layout, authorities)
        source = layout.source("needs")
        rows = measured(by_placement(frame), [*_KEYS, "placement"], needs_in(source), source, name="need")
        codes = [c for c in PLACEMENT_CODES if c in layout.codes("placement")]
        return complete(rows, topic(frame, "all")[_KEYS], {"placement": codes, "need": needs_in(source)})

    columns = ["la_code", "january", "placement", "provision", "need", "plans", "marker", "quality"]
    rows = without_nil(_graded(with_provision(each(release, "needs", placements))))
    return tidy(rows, columns, ["la_code", "january", "placement", "need"])


def plans_age_placement(release: Release) -> pd.DataFrame:
    """Return plans by single year of age and placement, from January 2024, nil rows left out.

    Of January 2026 only the authorities whose rows are at hand (`PUBLISHED_BY_MOST`).
    """
    published = each(
        release,
        "caseload",
        lambda one: placement_columns(
            by_age(_caseload(release, one, authorities)), [*_KEYS, "age"], one.source("caseload")
        ),
    )
    rows = _collected(release, published)
    areas = _aged_areas(release)
    parts = []
    for january, then in rows.groupby("january"):
        collected = set(then["placement"])
        codes = [c for c in PLACEMENT_CODES if c in collected]
        areas_then = areas.loc[areas["january"] == january]
        with_figures = set(then.loc[then["plans"].notna(), "la_code"])
        if len(with_figures) < PUBLISHED_BY_MOST * len(areas_then):
            areas_then, then = (part.loc[part["la_code"].isin(with_figures)] for part in (areas_then, then))
        parts.append(complete(then, areas_then, {"age": AGES, "placement": codes}))
    rows = without_nil(_graded(with_provision(pd.concat(parts, ignore_index=True))))
    columns = ["la_code", "january", "age", "placement", "provision", "plans", "marker", "quality"]
    return tidy(rows, columns, columns[:4])


def england_totals(release: Release) -> pd.DataFrame:
    """Return published national figures of every stock and flow, named ``table:category``."""
    totals = _totals(release, england).assign(measure="plans")
    ages = _single_ages(release, england)
    published_in = ages[["january", "release"]].drop_duplicates()
    bands = [
        _bands_2022(release, england).assign(release="2022"),
        bands_2023(release, england).assign(release="dashboard"),
        bands_of_ages(ages).merge(published_in, on="january"),
    ]
    bands_all = pd.concat(bands, ignore_index=True)
    places = _placements(release, england)
    needs = _need_totals(release, england)
    stocks = pd.concat(
        [
            totals,
            bands_all.assign(measure="plans_age_band:" + bands_all["age_band"]),
            ages.assign(measure="plans_age:" + ages["age"].astype("str")),
            places.assign(measure="plans_placement:" + places["placement"]),
            needs.assign(measure="plans_need:" + needs["need"]),
        ],
        ignore_index=True,
    ).rename(columns={"plans": "value", "january": "year"})
    rows = pd.concat([stocks, sen2_flows.national_flows(release)], ignore_index=True)
    rows = rows.loc[rows["value"].notna()]
    return tidy(rows, ["measure", "year", "value", "release"], ["measure", "year"])


BUILDERS: dict[str, Callable[[Release], pd.DataFrame]] = {
    "plans_total": plans_total,
    "plans_age_band": plans_age_band,
    "plans_age": plans_age,
    "plans_need": plans_need,
    "plans_age_need": plans_age_need,
    "plans_placement": plans_placement,
    "plans_placement_need": plans_placement_need,
    "plans_age_placement": plans_age_placement,
    "england_totals": england_totals,
}
"""Table name to the function that builds it."""
