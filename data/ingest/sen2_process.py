"""Requests, assessments and timeliness from the DfE SEN2 releases, by calendar year.

Invariant: a year is the calendar year of the request, the assessment or the plan's issue, never the January after it.

Rules
-----
``INCOMPLETE_FLOWS``
    A year an authority returned only in part is not a flow.
``ERRATA``
    Corrections DfE prints in the data guidance of the 2022 release, still uncorrected in the 2025 release.
``authorities_without_return``
    Leicester, Isle of Wight and (ceased plans) Hackney have no rows for 2023: they get null rows marked
    ``x``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from data.errors import SourceError
from data.ingest.layout import Layout, OneRelease
from data.ingest.reading import Release
from data.ingest.sen2_layout import (
    FLOW_AGES,
    UNKNOWN_AGE,
    Pick,
    aggregate_source,
    authorities,
    by_age,
    complete,
    each,
    england,
    joined,
    measured,
    read_aggregate,
    set_aside,
    tidy,
    topic,
    uncollected,
)
from data.schemas.flow_codes import TIMELINESS

INCOMPLETE_FLOWS: dict[tuple[int, int], str] = {
    (921, 2024): "Isle of Wight: 187 new plans, but 8 assessments, 7 timed, needs for 3, 1 ceased plan",
    (856, 2025): "Leicester: 199 requests and 38 new plans after 883 and 579, none timed, none ceased",
}
"""(authority, year) whose requests, assessments, timeliness, new needs and ceased plans are partial."""

INCOMPLETE_NEW_PLANS: dict[tuple[int, int], str] = {(856, 2025): INCOMPLETE_FLOWS[856, 2025]}
"""(authority, year) of `INCOMPLETE_FLOWS` whose new plans are partial too."""

ERRATA: dict[tuple[str, int, int], int] = {
    ("refused", 342, 2021): 107,
    ("not_issued", 887, 2021): 16,
}
"""(measure, authority, year) to the figure DfE says is right: St Helens (printed 0), Medway (printed 223)."""

FIRST_YEAR_OF_DETAIL = 2023
"""First calendar year with ages of requests, assessments and ceased plans, and with how late plans were."""

KEYS = ["la_code", "year"]


def returned_from(release: Release, first: int) -> pd.DataFrame:
    """Return the authorities of each year from ``first``; every authority has a row in requests, with or without figures."""
    frame = each(release, "requests", lambda one: topic(authorities(one.read(release, "requests")), "all"))
    return frame.loc[frame["year"] >= first, KEYS]


def _history(release: Release, name: str, pick: Pick) -> pd.DataFrame:
    """Return measures of all releases, without those not applicable or not collected in a year."""
    old = aggregate_source(name)
    before = measured(
        pick(read_aggregate(release, name)), KEYS, list(old.columns), old, name="measure", value="value"
    )

    def totals(layout: Layout) -> pd.DataFrame:
        source = layout.source(name)
        frame = topic(pick(layout.read(release, name)), "all")
        return measured(frame, KEYS, list(source.columns), source, name="measure", value="value")

    return joined(
        before.loc[before["marker"] != "z"],
        each(release, name, totals),
        [*KEYS, "measure"],
        name,
        value="value",
    )


def _collected(rows: pd.DataFrame, national: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of measures and years for which England has a figure."""
    gap = national.loc[national["value"].isna()]
    return rows.loc[~uncollected(rows, gap, ["year", "measure"])]


def errata_in(release: Release, rows: pd.DataFrame) -> dict[tuple[str, int, int], int]:
    """Return `ERRATA` of the years that are in rows; all of them, unless one release is read alone."""
    if not isinstance(release, OneRelease):
        return ERRATA
    years = set(rows["year"])
    return {key: figure for key, figure in ERRATA.items() if key[2] in years}


def corrected(rows: pd.DataFrame, errata: Mapping[tuple[str, int, int], int]) -> pd.DataFrame:
    """Return measures with DfE's published corrections applied and ``release`` set to ``erratum`` (rule ``ERRATA``).

    Parameters
    ----------
    rows
        ``measure, la_code, year, value, release``; the key is unique.
    errata
        (measure, authority, year) to the right figure.

    Raises
    ------
    SourceError
        A correction has no row to correct.
    """
    cell = pd.MultiIndex.from_frame(rows[["measure", *KEYS]])
    corrections = {key: figure for key, figure in errata.items() if key[0] in set(rows["measure"])}
    absent = [key for key in corrections if key not in cell]
    if absent:
        raise SourceError(
            f"There is no row to correct for {absent[0]} (measure, authority, year). The correction would "
            "be lost, "
            "so nothing was built. Check ERRATA in data/ingest/sen2_process.py against the release."
        )
    wrong = pd.Series(cell.isin(list(corrections)), index=rows.index)
    right = pd.Series([corrections.get(key) for key in cell], index=rows.index, dtype="Int64")
    return rows.assign(value=rows["value"].mask(wrong, right), release=rows["release"].mask(wrong, "erratum"))


def _by_age(release: Release, name: str) -> pd.DataFrame:
    """Return measures by single age for every authority and year; age -1 only where it is published."""
    keys = [*KEYS, "age"]

    def ages(layout: Layout) -> pd.DataFrame:
        source = layout.source(name)
        aged = by_age(authorities(layout.read(release, name)))
        return measured(aged, keys, list(source.columns), source, name="measure", value="value")

    rows = each(release, name, ages)
    grid = {"measure": list(dict.fromkeys(rows["measure"]))}
    return with_release(with_unknown_age(rows, returned_from(release, FIRST_YEAR_OF_DETAIL), grid, "value"))


def with_release(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with the release of their year where they have none: rows that a release did not print."""
    return rows.assign(release=rows["release"].fillna(rows.groupby("year")["release"].transform("first")))


def with_unknown_age(
    rows: pd.DataFrame, areas: pd.DataFrame, grid: Mapping[str, Sequence[object]], value: str
) -> pd.DataFrame:
    """Return rows completed over single ages; age -1 ("unknown") only where it is published."""
    unknown = rows["age"] == UNKNOWN_AGE
    full = complete(rows.loc[~unknown], areas, {"age": FLOW_AGES, **grid}, value)
    return pd.concat([full, rows.loc[unknown]], ignore_index=True)


def _flow_table(totals: pd.DataFrame, ages: pd.DataFrame) -> pd.DataFrame:
    """Return totals (age null) and ages as one table, with incomplete years set to null."""
    rows = pd.concat(
        [totals.assign(age=pd.array([pd.NA] * len(totals), dtype="Int64")), ages.astype({"age": "Int64"})],
        ignore_index=True,
    )
    rows = set_aside(rows, INCOMPLETE_FLOWS, "year", "value")
    columns = ["la_code", "year", "age", "measure", "value", "marker", "release"]
    return tidy(rows, columns, ["la_code", "year", "measure", "age"])


def request_totals(release: Release, pick: Pick) -> pd.DataFrame:
    """Return requests of all ages from all releases."""
    return _history(release, "requests", pick)


def requests(release: Release) -> pd.DataFrame:
    """Return requests for assessment by measure and year, all ages (age null) and, from 2023, single ages."""
    totals = request_totals(release, authorities)
    totals = corrected(totals, errata_in(release, totals))
    totals = _collected(totals, request_totals(release, england))
    return _flow_table(totals, _by_age(release, "requests"))


def with_completed(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return rows with the measure ``completed`` added: plans issued plus assessments that issued none.

    Both releases define a completed assessment so; the 2022 release prints the sum and agrees with it.
    """
    issued = rows.loc[rows["measure"] == "issued"].drop(columns="measure")
    refused = rows.loc[rows["measure"] == "not_issued"].drop(columns="measure")
    both = issued.merge(refused, on=keys, suffixes=("", "_not"), validate="one_to_one")
    erratum = both["release_not"] == "erratum"
    total = both[keys].assign(
        measure="completed",
        value=both["value"] + both["value_not"],
        marker=both["marker"].where(both["marker"].notna(), both["marker_not"]),
        release=both["release"].mask(erratum, "erratum"),
    )
    return pd.concat([rows, total], ignore_index=True)


def assessment_totals(release: Release, pick: Pick) -> pd.DataFrame:
    """Return assessments of all ages from all releases."""
    return _history(release, "assessments", pick)


def assessments(release: Release) -> pd.DataFrame:
    """Return assessments by measure and year, all ages (age null) and, from 2023, single ages."""
    totals = assessment_totals(release, authorities)
    totals = corrected(totals, errata_in(release, totals))
    totals = _collected(totals, assessment_totals(release, england))
    ages = _by_age(release, "assessments")
    return _flow_table(with_completed(totals, KEYS), with_completed(ages, [*KEYS, "age"]))


def timeliness_totals(release: Release, pick: Pick) -> pd.DataFrame:
    """Return plans issued, and issued in time, from all releases."""
    return _history(release, "timeliness", pick)


def timeliness(release: Release) -> pd.DataFrame:
    """Return plans issued and how many within 20 weeks, 2014 to 2024; how late the rest were from 2023."""
    rows = _collected(timeliness_totals(release, authorities), timeliness_totals(release, england))
    late = rows.loc[rows["year"] >= FIRST_YEAR_OF_DETAIL]
    early = rows.loc[rows["year"] < FIRST_YEAR_OF_DETAIL]
    areas = returned_from(release, FIRST_YEAR_OF_DETAIL)
    late = with_release(complete(late, areas, {"measure": list(TIMELINESS)}, "value"))
    rows = set_aside(pd.concat([early, late], ignore_index=True), INCOMPLETE_FLOWS, "year", "value")
    columns = ["la_code", "year", "measure", "value", "marker", "release"]
    return tidy(rows, columns, [*KEYS, "measure"])


BUILDERS: dict[str, Callable[[Release], pd.DataFrame]] = {
    "requests": requests,
    "assessments": assessments,
    "timeliness": timeliness,
}
"""Table name to the function that builds it."""
