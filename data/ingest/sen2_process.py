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

from collections.abc import Callable, Mapping

import pandas as pd

from data.errors import SourceError
from data.ingest.reading import Release
from data.ingest.sen2_layout import (
    FLOW_AGES,
    REQUEST_AGE_OF_LABEL,
    UNKNOWN_AGE,
    Pick,
    authorities,
    coded,
    complete,
    england,
    joined,
    measured,
    read_2022,
    read_2025,
    set_aside,
    tidy,
    topic,
    uncollected,
    with_year,
)
from data.schemas.flow_columns import ASSESSMENTS, REQUESTS, TIMELINESS

INCOMPLETE_FLOWS: dict[tuple[int, int], str] = {
    (921, 2024): "Isle of Wight: 187 new plans, but 8 assessments, 7 timed, needs for 3, 1 ceased plan",
}
"""(authority, year) whose requests, assessments, timeliness, new needs and ceased plans are partial."""

ERRATA: dict[tuple[str, int, int], int] = {
    ("refused", 342, 2021): 107,
    ("not_issued", 887, 2021): 16,
}
"""(measure, authority, year) to the figure DfE says is right: St Helens (printed 0), Medway (printed 223)."""

REQUESTS_2022: dict[str, str] = {
    "InreqEHC": "received",
    "InreqryaEHC": "received_ry",
    "AssRefusedEHC": "refused",
}
"""Request columns of the 2022 release; received is published from 2016, refused from 2014."""

ASSESSMENTS_2022: dict[str, str] = {
    "NewallEHC": "issued",
    "AssnoneEHC": "not_issued",
    "AssnodecisionEHC": "pending",
}
"""Assessment columns of the 2022 release; pending is at 31 December and counts assessments under way."""

TIMELINESS_2022: dict[str, str] = {
    "TotIncExcEHC": "issued",
    "IncExc20weekEHC": "within_20_weeks",
    "TotNoExcEHC": "issued_excl_exceptions",
    "NoExc20weekEHC": "within_20_weeks_excl_exceptions",
}
"""Timeliness columns of the 2022 release."""

FIRST_YEAR_OF_DETAIL = 2023
"""First calendar year with ages of requests, assessments and ceased plans, and with how late plans were."""

_MI_COLUMNS: tuple[str, ...] = (
    "NewallEHC", "NewallEHC_pc", "NewallEHC_AssnoneEHC_sum", "AssnoneEHC", "AssnoneEHC_pc",
    "AssnodecisionEHC",
    "AssRefusedEHC", "AssRefusedEHC_pc", "Assnone", "Assnodecision", "AssRefused", "Mtosi", "Sitom", "MtoPar",
    "SitoPar", "Dislea", "Dismet", "Disoth", "Disleft", "MtosiEHC", "SitomEHC", "MtoParEHC", "SitoParEHC",
    "DisleaEHC", "DismetEHC", "DisothEHC", "DisleftEHC", "InreqEHC", "InreqryaEHC", "TotIncExcEHC",
    "IncExc20weekEHC", "IncExc20weekRate", "TotNoExcEHC", "NoExc20weekEHC", "NoExc20weekRate", "TotIncExc",
    "IncExc26week", "TotNoExc", "NoExc26week", "StatementstoEHC", "StatementstoNoEHC", "PersonalBudgets",
    "OrgArrangements", "DirectPayEducation", "DirectPaySocialCare", "DirectPayHealth", "DirectPayIntegrated",
    "NewEHCMediation", "NewEHCTribunal", "NewEHCTribunal_pc",
)  # fmt: skip

_REQUEST_COLUMNS: tuple[str, ...] = (
    *REQUESTS, "request_assess_pc", "request_not_assess_pc", "request_outstanding_pc", "request_withdrawn_pc",
    "request_outcome_six_weeks", "request_outcome_over_6_weeks", "request_outcome_six_weeks_pc",
    "request_outcome_over_6_weeks_pc", "mediation_related_request", "tribunal_related_request",
    "tribunal_after_mediation_request",
)  # fmt: skip

_ASSESSMENT_COLUMNS: tuple[str, ...] = (
    *ASSESSMENTS, "assess_issued_pc", "assess_not_issued_pc", "assess_not_made_pc", "assess_withdrawn_pc",
    "outcome_decision_within_time", "outcome_decision_over_time", "outcome_decision_within_time_pc",
    "outcome_decision_over_time_pc", "number_assess_mediation", "number_assess_tribunal",
    "number_asssess_mediation_tribunal", "number_other_mediation", "number_other_tribunal",
    "number_other_mediation_tribunal",
)  # fmt: skip

_TIMELINESS_COLUMNS: tuple[str, ...] = (
    *TIMELINESS, "pc_plans_issued_within_20_weeks", "PC_plans_issued_20_weeks_ex",
    "pc_plans_issued_gt20weeks_ltYear", "PC_plans_issued_gt20weeks_ltYear_ex", "pc_plans_issued_gt_1_year",
    "PC_plans_issued_gt_1_year_ex",
)  # fmt: skip

MI = "sen2_mi"

KEYS = ["la_code", "year"]

PERSON_AGES = "Child or young persons age"


def management_information(release: Release, pick: Pick) -> pd.DataFrame:
    """Return the rows of the 2022 release's management information, calendar 2014 to 2021."""
    return with_year(pick(read_2022(release, MI, _MI_COLUMNS)))


def _requests(release: Release, pick: Pick) -> pd.DataFrame:
    return with_year(pick(read_2025(release, "requests", _REQUEST_COLUMNS)))


def _assessments(release: Release, pick: Pick) -> pd.DataFrame:
    return with_year(pick(read_2025(release, "assessments", _ASSESSMENT_COLUMNS)))


def _timeliness(release: Release, pick: Pick) -> pd.DataFrame:
    return with_year(pick(read_2025(release, "timeliness_20_week", _TIMELINESS_COLUMNS)))


def returned_from(release: Release, first: int) -> pd.DataFrame:
    """Return the authorities of each year from ``first``; every authority has a row in requests, with or without figures."""
    frame = topic(_requests(release, authorities), "All requests for EHC needs assessments")
    return frame.loc[frame["year"] >= first, KEYS]


def _history(
    old: pd.DataFrame,
    new: pd.DataFrame,
    columns_2022: Mapping[str, str],
    columns_2025: Mapping[str, str],
    where: str,
) -> pd.DataFrame:
    """Return measures from both releases, without those not applicable or not collected in a year."""
    keys = [*KEYS, "measure"]
    before = measured(old, KEYS, columns_2022, MI, name="measure", value="value")
    after = measured(new, KEYS, columns_2025, where, name="measure", value="value")
    return joined(before.loc[before["marker"] != "z"], after, keys, where, value="value")


def _collected(rows: pd.DataFrame, national: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of measures and years for which England has a figure."""
    gap = national.loc[national["value"].isna()]
    return rows.loc[~uncollected(rows, gap, ["year", "measure"])]


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


def _by_age(frame: pd.DataFrame, areas: pd.DataFrame, columns: Mapping[str, str], where: str) -> pd.DataFrame:
    """Return measures by single age for every authority and year; age -1 only where it is published."""
    aged = coded(topic(frame, PERSON_AGES), "breakdown", "age", REQUEST_AGE_OF_LABEL, where)
    keys = [*KEYS, "age"]
    rows = measured(aged, keys, columns, where, name="measure", value="value")
    return with_unknown_age(rows, areas, {"measure": list(columns.values())}, "value").assign(release="2025")


def with_unknown_age(
    rows: pd.DataFrame, areas: pd.DataFrame, grid: dict[str, list[str]], value: str
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
    """Return requests of all ages from both releases."""
    new = topic(_requests(release, pick), "All requests for EHC needs assessments")
    return _history(management_information(release, pick), new, REQUESTS_2022, REQUESTS, "requests")


def requests(release: Release) -> pd.DataFrame:
    """Return requests for assessment by measure and year, all ages (age null) and, from 2023, single ages."""
    totals = corrected(request_totals(release, authorities), ERRATA)
    totals = _collected(totals, request_totals(release, england))
    frame = _requests(release, authorities)
    return _flow_table(
        totals, _by_age(frame, returned_from(release, FIRST_YEAR_OF_DETAIL), REQUESTS, "requests")
    )


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
    """Return assessments of all ages from both releases."""
    new = topic(_assessments(release, pick), "All EHC needs assessments")
    return _history(management_information(release, pick), new, ASSESSMENTS_2022, ASSESSMENTS, "assessments")


def assessments(release: Release) -> pd.DataFrame:
    """Return assessments by measure and year, all ages (age null) and, from 2023, single ages."""
    totals = corrected(assessment_totals(release, authorities), ERRATA)
    totals = _collected(totals, assessment_totals(release, england))
    frame = _assessments(release, authorities)
    ages = _by_age(frame, returned_from(release, FIRST_YEAR_OF_DETAIL), ASSESSMENTS, "assessments")
    return _flow_table(with_completed(totals, KEYS), with_completed(ages, [*KEYS, "age"]))


def timeliness_totals(release: Release, pick: Pick) -> pd.DataFrame:
    """Return plans issued, and issued in time, from both releases."""
    new = topic(_timeliness(release, pick), "All EHC plans issued")
    return _history(management_information(release, pick), new, TIMELINESS_2022, TIMELINESS, "timeliness")


def timeliness(release: Release) -> pd.DataFrame:
    """Return plans issued and how many within 20 weeks, 2014 to 2024; how late the rest were from 2023."""
    rows = _collected(timeliness_totals(release, authorities), timeliness_totals(release, england))
    late = rows.loc[rows["year"] >= FIRST_YEAR_OF_DETAIL]
    early = rows.loc[rows["year"] < FIRST_YEAR_OF_DETAIL]
    areas = returned_from(release, FIRST_YEAR_OF_DETAIL)
    late = complete(late, areas, {"measure": list(TIMELINESS.values())}, "value").assign(release="2025")
    rows = set_aside(pd.concat([early, late], ignore_index=True), INCOMPLETE_FLOWS, "year", "value")
    columns = ["la_code", "year", "measure", "value", "marker", "release"]
    return tidy(rows, columns, [*KEYS, "measure"])


BUILDERS: dict[str, Callable[[Release], pd.DataFrame]] = {
    "requests": requests,
    "assessments": assessments,
    "timeliness": timeliness,
}
"""Table name to the function that builds it."""
