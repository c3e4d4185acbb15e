"""New and ceased plans in DfE SEN2 releases, by calendar year, and January counts of particular placements.

Invariant: a year is the calendar year in which the event happened, never the January after it; a change in
stock is not new minus ceased plans (transfers in are published nowhere).

Rules
-----
``regional_total_repeated``
    The "New EHC plans" row of all 15 Yorkshire and The Humber authorities for 2022 holds the region's total,
    6,078: see `undo_regional_total`.
``AGGREGATE_FLOWS``
    Wakefield returned new plans for 2022 as a total: its few ages and placements are not a breakdown of it.
``neet_left_out``
    New plans of 2019 to 2021 lack "NEET" in the 2025 release, so placements come from the 2022 release to
    2021.
``elsewhere_not_itemised``
    New plans of 2024 count 91 children in "educated elsewhere" but in none of its columns (online, Welsh and
    other schools): they become the placement ``ed_elsewhere_not_itemised``.
``new_plans_unexplained``
    New plans of 2009 to 2015 and 2017 hold up to 591 a year (England) in no placement: ``unexplained``.
``reasons_do_not_add_up``
    Reasons of ceased plans sum to one or six fewer than the total in Essex, 2024 and 2023; kept as
    published. The data guidance swaps the descriptions of ``other`` and ``not_rec``; codes follow the
    column names, because the return requires a reason and ``not_rec`` is nil from 2023.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from data.ingest.layout import CellSource, Layout, OneRelease
from data.ingest.reading import Release, numbers
from data.ingest.sen2_layout import (
    AGGREGATE,
    ELSEWHERE_ITEMS,
    ENGLAND,
    FLOW_AGES,
    NOT_AVAILABLE,
    UNKNOWN_AGE,
    Pick,
    aggregate_source,
    authorities,
    by_age,
    by_placement,
    complete,
    each,
    england,
    joined,
    measured,
    needs_in,
    placement_columns,
    read_aggregate,
    regions,
    set_aside,
    tidy,
    topic,
    uncollected,
    with_provision,
    with_remainder,
    without_nil,
)
from data.ingest.sen2_process import (
    FIRST_YEAR_OF_DETAIL,
    INCOMPLETE_FLOWS,
    INCOMPLETE_NEW_PLANS,
    KEYS,
    assessment_totals,
    request_totals,
    returned_from,
    timeliness_totals,
    with_release,
    with_unknown_age,
)
from data.ingest.tribunals import national_appeals
from data.placements import PLACEMENT_CODES
from data.schemas.flow_codes import REASONS, WORK_BASED
from data.vocabulary import ALL

AGGREGATE_FLOWS: dict[tuple[int, int], str] = {
    (384, 2022): "Wakefield: 462 new plans returned as a total; ages sum to 112",
}
"""(authority, year) of new plans returned as a total only (data guidance of the 2025 release, note 4)."""


def _new(release: Release, layout: Layout, pick: Pick) -> pd.DataFrame:
    return pick(layout.read(release, "new_plans"))


def _new_totals(release: Release, layout: Layout, pick: Pick) -> pd.DataFrame:
    frame = topic(_new(release, layout, pick), "all")
    keys = [*KEYS, "region_code"]
    return measured(frame, keys, ["plans"], layout.source("new_plans"), value="new_plans")


def _new_ages(release: Release, layout: Layout, pick: Pick) -> pd.DataFrame:
    frame = by_age(_new(release, layout, pick))
    return measured(frame, [*KEYS, "age"], ["plans"], layout.source("new_plans"))


def _ceased_totals(release: Release, pick: Pick) -> pd.DataFrame:
    def totals(layout: Layout) -> pd.DataFrame:
        frame = topic(pick(layout.read(release, "ceased")), "all")
        return measured(frame, KEYS, REASONS, layout.source("ceased"), name="reason")

    return each(release, "ceased", totals)


def _new_need_totals(release: Release, pick: Pick) -> pd.DataFrame:
    def totals(layout: Layout) -> pd.DataFrame:
        frame = topic(pick(layout.read(release, "new_needs")), "all")
        source = layout.source("new_needs")
        return measured(frame, KEYS, needs_in(source), source, name="need")

    return each(release, "new_needs", totals)


def undo_regional_total(totals: pd.DataFrame, ages: pd.DataFrame, regional: pd.DataFrame) -> pd.DataFrame:
    """Return new-plan totals, corrected where authorities were given their region's total.

    Where every authority of a region prints the regional figure, each gets the sum of its own age rows; one
    authority that returned an aggregate (`AGGREGATE_FLOWS`) gets what the region has left. For Wakefield in
    2022 that is 462, the figure of its assessments and its timeliness return.

    Parameters
    ----------
    totals
        ``la_code, year, region_code, new_plans``.
    ages
        Sum of age rows: ``la_code, year, of_ages``.
    regional
        ``region_code, year, of_region``.
    """
    rows = totals.merge(ages, on=KEYS, how="left").merge(regional, on=["region_code", "year"], how="left")
    repeats = rows["new_plans"].eq(rows["of_region"]).fillna(False)
    group = [rows["region_code"], rows["year"]]
    repeated = repeats.groupby(group).transform("all") & (repeats.groupby(group).transform("size") > 1)
    aggregate = pd.Series(pd.MultiIndex.from_frame(rows[KEYS]).isin(list(AGGREGATE_FLOWS)), index=rows.index)
    own = rows["of_ages"].mask(aggregate, 0)
    rest = rows["of_region"] - own.groupby(group).transform("sum")
    true = own.mask(aggregate, rest).astype("Int64")
    return rows.assign(new_plans=rows["new_plans"].mask(repeated, true)).loc[:, list(totals.columns)]


def _corrected_new_totals(release: Release) -> pd.DataFrame:
    """Return new plans of the person-level releases (rule ``regional_total_repeated``)."""

    def totals(layout: Layout) -> pd.DataFrame:
        ages = _new_ages(release, layout, authorities).groupby(KEYS)["plans"].sum()
        regional = _new_totals(release, layout, regions).rename(columns={"new_plans": "of_region"})
        return undo_regional_total(
            _new_totals(release, layout, authorities),
            ages.rename("of_ages").reset_index(),
            regional[["region_code", "year", "of_region"]],
        )

    return each(release, "new_plans", totals).drop(columns="region_code")


def _new_totals_2022(release: Release, pick: Pick) -> pd.DataFrame:
    frame = pick(read_aggregate(release, "new_bands"))
    frame = frame.loc[frame["age_band"] == ALL]
    return measured(frame, KEYS, ["plans"], aggregate_source("new_bands"), value="new_plans")


def new_plans(release: Release) -> pd.DataFrame:
    """Return new plans (and statements) of each year, 2009 to 2024.

    The Isles of Scilly have no row for 2019 in the 2025 release: the 2022 release has nil.
    """
    new = complete(_corrected_new_totals(release), returned_from(release, 2019), {}, "new_plans")
    new = with_release(new)
    old = _new_totals_2022(release, authorities)
    rows = joined(old, new, KEYS, "new plans", value="new_plans")
    rows = set_aside(rows, INCOMPLETE_NEW_PLANS, "year", "new_plans")
    return tidy(rows, ["la_code", "year", "new_plans", "marker", "release"], KEYS)


def new_plans_age(release: Release) -> pd.DataFrame:
    """Return new plans by single age when the plan started, 2022 to 2024 (rule ``AGGREGATE_FLOWS``)."""
    rows = each(release, "new_plans", lambda one: _new_ages(release, one, authorities))
    rows = complete(rows, returned_from(release, 2022), {"age": FLOW_AGES})
    rows = set_aside(rows, AGGREGATE_FLOWS | INCOMPLETE_NEW_PLANS, "year")
    return tidy(rows, ["la_code", "year", "age", "plans", "marker"], [*KEYS, "age"])


def new_plans_age_band(release: Release) -> pd.DataFrame:
    """Return new plans (and statements) by age band, 2009 to 2021."""
    frame = authorities(read_aggregate(release, "new_bands"))
    frame = frame.loc[frame["age_band"] != ALL]
    rows = measured(frame, [*KEYS, "age_band"], ["plans"], aggregate_source("new_bands"))
    rows = rows.assign(low=rows["age_band"].str.split("-").str[0].astype("int64"))
    columns = ["la_code", "year", "age_band", "plans", "marker"]
    return tidy(rows, [*columns, "low"], [*KEYS, "low"]).drop(columns="low")


def _new_placements(release: Release, pick: Pick) -> pd.DataFrame:
    frame = pick(read_aggregate(release, "new_placements"))
    old = measured(frame, [*KEYS, "placement"], ["plans"], aggregate_source("new_placements"))

    def placements(layout: Layout) -> pd.DataFrame:
        frame = topic(_new(release, layout, pick), "all")
        frame = frame.loc[frame["year"] > 2021]
        source = layout.source("new_plans")
        return pd.concat([placement_columns(frame, KEYS, source), _elsewhere_not_itemised(frame, source)])

    return pd.concat(
        [
            old.assign(basis="aggregate_return", release=AGGREGATE),
            each(release, "new_plans", placements).assign(basis="person_level"),
        ],
        ignore_index=True,
    )


def _elsewhere_not_itemised(frame: pd.DataFrame, source: CellSource) -> pd.DataFrame:
    """Return the part of "educated elsewhere" not in its columns (rule ``elsewhere_not_itemised``)."""
    known = frame.loc[frame["ed_elsewhere"].str.strip() != NOT_AVAILABLE]
    whole, marker = numbers(known["ed_elsewhere"], source.file, whole=True)
    items = pd.DataFrame({c: numbers(known[c], source.file, whole=True)[0] for c in ELSEWHERE_ITEMS})
    rest = known[KEYS].assign(
        placement="ed_elsewhere_not_itemised", plans=whole - items.sum(axis=1).astype("Int64"), marker=marker
    )
    return rest.loc[rest["plans"] > 0]


def new_plans_placement(release: Release) -> pd.DataFrame:
    """Return new plans by placement and our provision, 2009 to 2024 (rule ``neet_left_out``)."""
    keys = [*KEYS, "placement"]
    rows = _new_placements(release, authorities)
    rows = rows.loc[~uncollected(rows, _new_placements(release, england), ["year", "placement"])]
    totals = new_plans(release).rename(columns={"new_plans": "total"})[[*KEYS, "total"]]
    rows = with_remainder(rows, totals.dropna(), KEYS, "New plans by placement")
    rows = set_aside(rows, INCOMPLETE_NEW_PLANS, "year")
    person_level = rows["year"] > 2021
    rows = rows.assign(basis=person_level.map({True: "person_level", False: "aggregate_return"}))
    columns = ["la_code", "year", "placement", "provision", "plans", "marker", "basis"]
    return tidy(with_provision(rows), columns, keys)


def new_plans_need(release: Release) -> pd.DataFrame:
    """Return new plans by primary need, 2024."""
    rows = set_aside(_new_need_totals(release, authorities), INCOMPLETE_FLOWS, "year")
    return tidy(rows, ["la_code", "year", "need", "plans", "marker"], [*KEYS, "need"])


def new_plans_age_need(release: Release) -> pd.DataFrame:
    """Return new plans by single age when the plan started and primary need, 2024."""

    def ages(layout: Layout) -> pd.DataFrame:
        frame = authorities(layout.read(release, "new_needs"))
        source = layout.source("new_needs")
        rows = measured(by_age(frame), [*KEYS, "age"], needs_in(source), source, name="need")
        return complete(rows, topic(frame, "all")[KEYS], {"age": FLOW_AGES, "need": needs_in(source)})

    rows = set_aside(each(release, "new_needs", ages), INCOMPLETE_FLOWS, "year")
    return tidy(rows, ["la_code", "year", "age", "need", "plans", "marker"], [*KEYS, "age", "need"])


def new_plans_placement_need(release: Release) -> pd.DataFrame:
    """Return new plans by placement and primary need, 2024, nil rows left out."""

    def placements(layout: Layout) -> pd.DataFrame:
        frame = authorities(layout.read(release, "new_needs"))
        source = layout.source("new_needs")
        rows = measured(by_placement(frame), [*KEYS, "placement"], needs_in(source), source, name="need")
        grid: dict[str, Sequence[object]] = {"placement": _placements_in(layout), "need": needs_in(source)}
        return complete(rows, topic(frame, "all")[KEYS], grid)

    rows = set_aside(each(release, "new_needs", placements), INCOMPLETE_FLOWS, "year")
    columns = ["la_code", "year", "placement", "provision", "need", "plans", "marker"]
    return tidy(without_nil(with_provision(rows)), columns, [*KEYS, "placement", "need"])


def _placements_in(layout: Layout) -> list[str]:
    """Return the placements that a release has as labels."""
    return [code for code in PLACEMENT_CODES if code in layout.codes("placement")]


def ceased_plans(release: Release) -> pd.DataFrame:
    """Return plans that ceased by reason, 2022 to 2024; reason ``All`` is the total."""
    rows = complete(_ceased_totals(release, authorities), returned_from(release, 2022), {"reason": REASONS})
    rows = set_aside(rows, INCOMPLETE_FLOWS, "year")
    return tidy(rows, ["la_code", "year", "reason", "plans", "marker"], [*KEYS, "reason"])


def ceased_plans_age(release: Release) -> pd.DataFrame:
    """Return plans that ceased by single age (-1 is "age unknown") and reason, 2023 and 2024."""

    def ages(layout: Layout) -> pd.DataFrame:
        aged = by_age(authorities(layout.read(release, "ceased")))
        return measured(aged, [*KEYS, "age"], REASONS, layout.source("ceased"), name="reason")

    rows = each(release, "ceased", ages)
    rows = with_unknown_age(rows, returned_from(release, FIRST_YEAR_OF_DETAIL), {"reason": REASONS}, "plans")
    rows = set_aside(rows, INCOMPLETE_FLOWS, "year")
    columns = ["la_code", "year", "age", "reason", "plans", "marker"]
    return tidy(rows, columns, columns[:4])


def ceased_plans_placement(release: Release) -> pd.DataFrame:
    """Return plans that ceased by last placement and reason, 2023 and 2024, nil rows left out."""

    def placements(layout: Layout) -> pd.DataFrame:
        named = by_placement(authorities(layout.read(release, "ceased")))
        rows = measured(named, [*KEYS, "placement"], REASONS, layout.source("ceased"), name="reason")
        grid: dict[str, Sequence[object]] = {"placement": _placements_in(layout), "reason": REASONS}
        return complete(rows, returned_from(release, FIRST_YEAR_OF_DETAIL), grid)

    rows = set_aside(each(release, "ceased", placements), INCOMPLETE_FLOWS, "year")
    columns = ["la_code", "year", "placement", "provision", "reason", "plans", "marker"]
    return tidy(without_nil(with_provision(rows)), columns, [*KEYS, "placement", "reason"])


def discontinued_plans(release: Release) -> pd.DataFrame:
    """Return discontinued plans of compulsory school age and moves between settings, 2015 to 2021."""
    source = aggregate_source("discontinued")
    frame = authorities(read_aggregate(release, "discontinued"))
    rows = measured(frame, KEYS, list(source.columns), source, name="reason")
    rows = rows.loc[rows["marker"] != "z"]
    return tidy(rows, ["la_code", "year", "reason", "plans", "marker"], [*KEYS, "reason"])


def work_based_placements(release: Release) -> pd.DataFrame:
    """Return work-based placements open in January 2025 by age and kind."""
    keys = ["la_code", "january", "age"]

    def ages(layout: Layout) -> pd.DataFrame:
        frame = authorities(layout.read(release, "work_based"))
        rows = measured(by_age(frame), keys, WORK_BASED, layout.source("work_based"), name="kind")
        unknown = rows["age"] == UNKNOWN_AGE
        grid: dict[str, Sequence[object]] = {"age": range(15, 26), "kind": WORK_BASED}
        full = complete(rows.loc[~unknown], topic(frame, "all")[keys[:2]], grid)
        return pd.concat([full, rows.loc[unknown]], ignore_index=True)

    return tidy(each(release, "work_based", ages), [*keys, "kind", "plans", "marker"], [*keys, "kind"])


def residential_placements(release: Release) -> pd.DataFrame:
    """Return residential placements each January, 2019 to 2025, by weeks a year."""
    keys = ["la_code", "january"]

    def totals(layout: Layout) -> pd.DataFrame:
        frame = topic(authorities(layout.read(release, "residential")), "all")
        source = layout.source("residential")
        return measured(frame, keys, list(source.columns), source, name="weeks")

    return tidy(each(release, "residential", totals), [*keys, "weeks", "plans", "marker"], [*keys, "weeks"])


def _named(rows: pd.DataFrame, measure: pd.Series | str) -> pd.DataFrame:
    return rows.rename(columns={"plans": "value", "new_plans": "value"}).assign(measure=measure)


def national_flows(release: Release) -> pd.DataFrame:
    """Return published national flows as ``measure, year, value, release`` (no rule above applied)."""
    request = request_totals(release, england)
    assessment = assessment_totals(release, england)
    timely = timeliness_totals(release, england)
    new = each(release, "new_plans", lambda one: _new_totals(release, one, england)).drop(
        columns="region_code"
    )
    news = joined(_new_totals_2022(release, england), new, KEYS, "new plans", value="new_plans")
    places = _new_placements(release, england)
    ages = each(release, "new_plans", lambda one: _new_ages(release, one, england))
    needs = _new_need_totals(release, england)
    ceased = _ceased_totals(release, england)
    parts = [
        _named(request, "requests:" + request["measure"]),
        _named(assessment, "assessments:" + assessment["measure"]),
        _named(timely, "timeliness:" + timely["measure"]),
        _named(news, "new_plans"),
        _named(ages, "new_plans_age:" + ages["age"].astype("str")),
        _named(places, "new_plans_placement:" + places["placement"]),
        _named(needs, "new_plans_need:" + needs["need"]),
        _named(ceased, "ceased_plans:" + ceased["reason"]),
        *([] if isinstance(release, OneRelease) else [national_appeals(release)]),
    ]
    rows = pd.concat(parts, ignore_index=True)
    return rows.assign(la_code=ENGLAND)[["la_code", "measure", "year", "value", "marker", "release"]]


BUILDERS: dict[str, Callable[[Release], pd.DataFrame]] = {
    "new_plans": new_plans,
    "new_plans_age": new_plans_age,
    "new_plans_age_band": new_plans_age_band,
    "new_plans_placement": new_plans_placement,
    "new_plans_need": new_plans_need,
    "new_plans_age_need": new_plans_age_need,
    "new_plans_placement_need": new_plans_placement_need,
    "ceased_plans": ceased_plans,
    "ceased_plans_age": ceased_plans_age,
    "ceased_plans_placement": ceased_plans_placement,
    "discontinued_plans": discontinued_plans,
    "work_based_placements": work_based_placements,
    "residential_placements": residential_placements,
}
"""Table name to the function that builds it."""
