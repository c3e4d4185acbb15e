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

from data.ingest.reading import Release, numbers
from data.ingest.sen2_layout import (
    BAND_OF_LABEL,
    ELSEWHERE_ITEMS,
    ENGLAND,
    FLOW_AGE_OF_LABEL,
    FLOW_AGES,
    NEED_COLUMNS,
    NEED_OF_COLUMN,
    NOT_AVAILABLE,
    PLACEMENT_COLUMNS,
    PLACEMENT_OF_2025,
    PLACEMENT_SUMS,
    UNKNOWN_AGE,
    Pick,
    authorities,
    coded,
    complete,
    england,
    joined,
    measured,
    placement_rows,
    placements_2022,
    placements_2025,
    read_2022,
    read_2025,
    regions,
    set_aside,
    tidy,
    topic,
    uncollected,
    with_january,
    with_provision,
    with_remainder,
    with_year,
    without_nil,
)
from data.ingest.sen2_process import (
    FIRST_YEAR_OF_DETAIL,
    INCOMPLETE_FLOWS,
    KEYS,
    MI,
    PERSON_AGES,
    assessment_totals,
    management_information,
    request_totals,
    returned_from,
    timeliness_totals,
    with_unknown_age,
)
from data.ingest.tribunals import national_appeals
from data.placements import PLACEMENT_CODES
from data.schemas.flow_columns import DISCONTINUED, REASONS, RESIDENTIAL, WORK_BASED
from data.vocabulary import NEED_CODES

AGGREGATE_FLOWS: dict[tuple[int, int], str] = {
    (384, 2022): "Wakefield: 462 new plans returned as a total; ages sum to 112",
}
"""(authority, year) of new plans returned as a total only (data guidance of the 2025 release, note 4)."""


WORK_AGES: dict[str, int] = {
    "age 15 and under": 15,
    **{f"age {a}": a for a in range(16, 25)},
    "age 25 or over": 25,
    "Age unknown": UNKNOWN_AGE,
}
"""Ages of work-based placements; 15 is "15 and under"."""

_NEW_2022 = ("Total_new_st", "Total_new_st_pc", "Total_new_ehc", "Total_new_ehc_pc", "Total_new_all",
             "Total_new_all_pc")  # fmt: skip

_NEW_AGES_2022 = "sen2_age_new_plans"
_NEW_PLACES_2022 = "sen2_estab_new_plans"
_NEW = "newplans"
_NEW_NEEDS = "sen_need_newplans"
_CEASED = "ceased_plans"
_NEW_ALL = "New EHC plans"
_NEW_AGES = "Age when plan started"
_ALL_PLANS = "All EHC plans"


def _new(release: Release, pick: Pick) -> pd.DataFrame:
    columns = ("new_ehc_plans", *PLACEMENT_COLUMNS, *PLACEMENT_SUMS)
    return with_year(pick(read_2025(release, _NEW, columns)))


def _new_needs(release: Release, pick: Pick) -> pd.DataFrame:
    return with_year(pick(read_2025(release, _NEW_NEEDS, NEED_COLUMNS)))


def _ceased(release: Release, pick: Pick) -> pd.DataFrame:
    return with_year(pick(read_2025(release, _CEASED, tuple(REASONS))))


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


def _new_totals_2025(release: Release) -> pd.DataFrame:
    frame = _new(release, authorities)
    totals = measured(
        topic(frame, _NEW_ALL), [*KEYS, "region_code"], {"new_ehc_plans": ""}, _NEW, value="new_plans"
    )
    aged = topic(frame, _NEW_AGES)
    ages = measured(aged, KEYS, {"new_ehc_plans": ""}, _NEW).groupby(KEYS)["plans"].sum()
    region = topic(_new(release, regions), _NEW_ALL)
    regional = measured(region, ["region_code", "year"], {"new_ehc_plans": ""}, _NEW, value="of_region")
    true = undo_regional_total(totals, ages.rename("of_ages").reset_index(), regional.drop(columns="marker"))
    return true.drop(columns="region_code")


def _new_totals_2022(release: Release, pick: Pick) -> pd.DataFrame:
    frame = with_year(pick(read_2022(release, _NEW_AGES_2022, ("characteristic_age", *_NEW_2022))))
    frame = frame.loc[frame["characteristic_age"] == "Total"]
    return measured(frame, KEYS, {"Total_new_all": ""}, _NEW_AGES_2022, value="new_plans")


def new_plans(release: Release) -> pd.DataFrame:
    """Return new plans (and statements) of each year, 2009 to 2024.

    The Isles of Scilly have no row for 2019 in the 2025 release: the 2022 release has nil.
    """
    new = _new_totals_2025(release)
    new = complete(new, returned_from(release, 2019), {}, "new_plans")
    old = _new_totals_2022(release, authorities)
    rows = joined(old, new, KEYS, "new plans", value="new_plans")
    return tidy(rows, ["la_code", "year", "new_plans", "marker", "release"], KEYS)


def new_plans_age(release: Release) -> pd.DataFrame:
    """Return new plans by single age when the plan started, 2022 to 2024 (rule ``AGGREGATE_FLOWS``)."""
    aged = coded(topic(_new(release, authorities), _NEW_AGES), "breakdown", "age", FLOW_AGE_OF_LABEL, _NEW)
    rows = measured(aged, [*KEYS, "age"], {"new_ehc_plans": ""}, _NEW)
    rows = complete(rows, returned_from(release, 2022), {"age": FLOW_AGES})
    rows = set_aside(rows, AGGREGATE_FLOWS, "year")
    return tidy(rows, ["la_code", "year", "age", "plans", "marker"], [*KEYS, "age"])


def new_plans_age_band(release: Release) -> pd.DataFrame:
    """Return new plans (and statements) by age band, 2009 to 2021."""
    frame = with_year(authorities(read_2022(release, _NEW_AGES_2022, ("characteristic_age", *_NEW_2022))))
    frame = frame.loc[frame["characteristic_age"] != "Total"]
    frame = coded(frame, "characteristic_age", "age_band", BAND_OF_LABEL, _NEW_AGES_2022)
    rows = measured(frame, [*KEYS, "age_band"], {"Total_new_all": ""}, _NEW_AGES_2022)
    rows = rows.assign(low=rows["age_band"].str.split("-").str[0].astype("int64"))
    columns = ["la_code", "year", "age_band", "plans", "marker"]
    return tidy(rows, [*columns, "low"], [*KEYS, "low"]).drop(columns="low")


def _new_placements(release: Release, pick: Pick) -> pd.DataFrame:
    columns = ("establishment_group", "establishment_type", *_NEW_2022)
    frame = with_year(pick(read_2022(release, _NEW_PLACES_2022, columns)))
    old = placements_2022(frame, KEYS, "Total_new_all", _NEW_PLACES_2022)
    frame = topic(_new(release, pick), _NEW_ALL)
    frame = frame.loc[frame["year"] > 2021]
    new = placements_2025(frame, KEYS, _NEW)
    rest = _elsewhere_not_itemised(frame)
    return pd.concat(
        [old.assign(basis="aggregate_return"), pd.concat([new, rest]).assign(basis="person_level")],
        ignore_index=True,
    )


def _elsewhere_not_itemised(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the part of "educated elsewhere" not in its columns (rule ``elsewhere_not_itemised``)."""
    known = frame.loc[frame["ed_elsewhere"].str.strip() != NOT_AVAILABLE]
    whole, marker = numbers(known["ed_elsewhere"], _NEW, whole=True)
    items = pd.DataFrame({c: numbers(known[c], _NEW, whole=True)[0] for c in ELSEWHERE_ITEMS})
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
    person_level = rows["year"] > 2021
    rows = rows.assign(basis=person_level.map({True: "person_level", False: "aggregate_return"}))
    columns = ["la_code", "year", "placement", "provision", "plans", "marker", "basis"]
    return tidy(with_provision(rows), columns, keys)


def new_plans_need(release: Release) -> pd.DataFrame:
    """Return new plans by primary need, 2024."""
    frame = topic(_new_needs(release, authorities), _ALL_PLANS)
    rows = measured(frame, KEYS, NEED_OF_COLUMN, _NEW_NEEDS, name="need")
    return tidy(
        set_aside(rows, INCOMPLETE_FLOWS, "year"),
        ["la_code", "year", "need", "plans", "marker"],
        [*KEYS, "need"],
    )


def new_plans_age_need(release: Release) -> pd.DataFrame:
    """Return new plans by single age when the plan started and primary need, 2024."""
    frame = _new_needs(release, authorities)
    areas = topic(frame, _ALL_PLANS)[KEYS]
    aged = coded(topic(frame, PERSON_AGES), "breakdown", "age", FLOW_AGE_OF_LABEL, _NEW_NEEDS)
    rows = measured(aged, [*KEYS, "age"], NEED_OF_COLUMN, _NEW_NEEDS, name="need")
    rows = set_aside(complete(rows, areas, {"age": FLOW_AGES, "need": NEED_CODES}), INCOMPLETE_FLOWS, "year")
    return tidy(rows, ["la_code", "year", "age", "need", "plans", "marker"], [*KEYS, "age", "need"])


def new_plans_placement_need(release: Release) -> pd.DataFrame:
    """Return new plans by placement and primary need, 2024, nil rows left out."""
    frame = _new_needs(release, authorities)
    areas = topic(frame, _ALL_PLANS)[KEYS]
    named = placement_rows(frame, _NEW_NEEDS)
    rows = measured(named, [*KEYS, "placement"], NEED_OF_COLUMN, _NEW_NEEDS, name="need")
    codes = [c for c in PLACEMENT_CODES if c in set(PLACEMENT_OF_2025.values())]
    rows = set_aside(
        complete(rows, areas, {"placement": codes, "need": NEED_CODES}), INCOMPLETE_FLOWS, "year"
    )
    columns = ["la_code", "year", "placement", "provision", "need", "plans", "marker"]
    return tidy(without_nil(with_provision(rows)), columns, [*KEYS, "placement", "need"])


def ceased_plans(release: Release) -> pd.DataFrame:
    """Return plans that ceased by reason, 2022 to 2024; reason ``All`` is the total."""
    frame = topic(_ceased(release, authorities), "All ceased EHC plans")
    rows = measured(frame, KEYS, REASONS, _CEASED, name="reason")
    rows = complete(rows, returned_from(release, 2022), {"reason": list(REASONS.values())})
    rows = set_aside(rows, INCOMPLETE_FLOWS, "year")
    return tidy(rows, ["la_code", "year", "reason", "plans", "marker"], [*KEYS, "reason"])


def ceased_plans_age(release: Release) -> pd.DataFrame:
    """Return plans that ceased by single age (-1 is "age unknown") and reason, 2023 and 2024."""
    aged = coded(
        topic(_ceased(release, authorities), "Age plan ceased"),
        "breakdown",
        "age",
        FLOW_AGE_OF_LABEL,
        _CEASED,
    )
    rows = measured(aged, [*KEYS, "age"], REASONS, _CEASED, name="reason")
    rows = with_unknown_age(
        rows, returned_from(release, FIRST_YEAR_OF_DETAIL), {"reason": list(REASONS.values())}, "plans"
    )
    rows = set_aside(rows, INCOMPLETE_FLOWS, "year")
    columns = ["la_code", "year", "age", "reason", "plans", "marker"]
    return tidy(rows, columns, columns[:4])


def ceased_plans_placement(release: Release) -> pd.DataFrame:
    """Return plans that ceased by last placement and reason, 2023 and 2024, nil rows left out."""
    named = placement_rows(_ceased(release, authorities), _CEASED)
    rows = measured(named, [*KEYS, "placement"], REASONS, _CEASED, name="reason")
    codes = [c for c in PLACEMENT_CODES if c in set(PLACEMENT_OF_2025.values())]
    grid: dict[str, Sequence[object]] = {"placement": codes, "reason": tuple(REASONS.values())}
    rows = set_aside(
        complete(rows, returned_from(release, FIRST_YEAR_OF_DETAIL), grid), INCOMPLETE_FLOWS, "year"
    )
    columns = ["la_code", "year", "placement", "provision", "reason", "plans", "marker"]
    return tidy(without_nil(with_provision(rows)), columns, [*KEYS, "placement", "reason"])


def discontinued_plans(release: Release) -> pd.DataFrame:
    """Return discontinued plans of compulsory school age and moves between settings, 2015 to 2021."""
    rows = measured(management_information(release, authorities), KEYS, DISCONTINUED, MI, name="reason")
    rows = rows.loc[rows["marker"] != "z"]
    return tidy(rows, ["la_code", "year", "reason", "plans", "marker"], [*KEYS, "reason"])


def work_based_placements(release: Release) -> pd.DataFrame:
    """Return work-based placements open in January 2025 by age and kind."""
    columns = (*WORK_BASED, "open_wbp")
    frame = with_january(authorities(read_2025(release, "work_based_placements", columns)))
    areas = topic(frame, "All work based placements")[["la_code", "january"]]
    aged = coded(topic(frame, "Young persons age"), "breakdown", "age", WORK_AGES, "work_based_placements")
    keys = ["la_code", "january", "age"]
    rows = measured(aged, keys, WORK_BASED, "work_based_placements", name="kind")
    unknown = rows["age"] == UNKNOWN_AGE
    grid: dict[str, Sequence[object]] = {"age": range(15, 26), "kind": tuple(WORK_BASED.values())}
    full = complete(rows.loc[~unknown], areas, grid)
    rows = pd.concat([full, rows.loc[unknown]], ignore_index=True)
    return tidy(rows, [*keys, "kind", "plans", "marker"], [*keys, "kind"])


def residential_placements(release: Release) -> pd.DataFrame:
    """Return residential placements each January, 2019 to 2025, by weeks a year."""
    frame = with_january(authorities(read_2025(release, "residential_settings", (*RESIDENTIAL, "Res_tot"))))
    keys = ["la_code", "january"]
    rows = measured(
        topic(frame, "All residential placements"), keys, RESIDENTIAL, "residential_settings", name="weeks"
    )
    return tidy(rows, [*keys, "weeks", "plans", "marker"], [*keys, "weeks"])


def _named(rows: pd.DataFrame, measure: pd.Series | str, release: str | None = None) -> pd.DataFrame:
    named = rows.assign(measure=measure)
    return named if release is None else named.assign(release=release)


def national_flows(release: Release) -> pd.DataFrame:
    """Return published national flows as ``measure, year, value, release`` (no rule above applied)."""
    request = request_totals(release, england)
    assessment = assessment_totals(release, england)
    timely = timeliness_totals(release, england)
    new = measured(
        topic(_new(release, england), _NEW_ALL), KEYS, {"new_ehc_plans": ""}, _NEW, value="new_plans"
    )
    news = joined(_new_totals_2022(release, england), new, KEYS, "new plans", value="new_plans")
    places = _new_placements(release, england).rename(columns={"plans": "value"})
    aged = coded(topic(_new(release, england), _NEW_AGES), "breakdown", "age", FLOW_AGE_OF_LABEL, _NEW)
    ages = measured(aged, [*KEYS, "age"], {"new_ehc_plans": ""}, _NEW, value="value")
    needs = measured(
        topic(_new_needs(release, england), _ALL_PLANS),
        KEYS,
        NEED_OF_COLUMN,
        _NEW_NEEDS,
        name="need",
        value="value",
    )
    ceased = measured(
        topic(_ceased(release, england), "All ceased EHC plans"),
        KEYS,
        REASONS,
        _CEASED,
        name="reason",
        value="value",
    )
    person_level = (places["basis"] == "person_level").map({True: "2025", False: "2022"})
    parts = [
        _named(request, "requests:" + request["measure"]),
        _named(assessment, "assessments:" + assessment["measure"]),
        _named(timely, "timeliness:" + timely["measure"]),
        _named(news.rename(columns={"new_plans": "value"}), "new_plans"),
        _named(ages, "new_plans_age:" + ages["age"].astype("str"), "2025"),
        _named(places.assign(release=person_level), "new_plans_placement:" + places["placement"]),
        _named(needs, "new_plans_need:" + needs["need"], "2025"),
        _named(ceased, "ceased_plans:" + ceased["reason"], "2025"),
        national_appeals(release),
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
