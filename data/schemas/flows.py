"""Flows of a calendar year: requests, assessments, new and ceased plans, timeliness and appeals.

Invariants: one row per key; a count is null exactly where ``marker`` says why. ``year`` is the calendar
year of the event. In single ages 2 is "2 and under", 20 is "20 and over" and -1 the published "age
unknown". Two January tables about particular placements (work-based, residential) are here too.
"""

from __future__ import annotations

import pandera.pandas as pa

from data.schemas.base import (
    Table,
    calendar_year,
    count,
    january,
    la_code,
    marker,
    measure,
    need,
    provision,
    schema,
    text,
)
from data.schemas.flow_codes import (
    ASSESSMENTS,
    DISCONTINUED,
    REASONS,
    REQUESTS,
    RESIDENTIAL,
    TIMELINESS,
    WORK_BASED,
)
from data.schemas.plans import BASES, marked, placement
from data.vocabulary import BAND_CODES

RELEASES = r"20\d\d|erratum"
"""Which release a figure is from, by reporting year; ``erratum`` is a correction DfE printed beside the 2022 release."""


def _flow_age() -> pa.Column:
    return pa.Column(
        "int64", pa.Check.isin(range(2, 21)), description="Age: 2 is 2 and under, 20 is 20 and over"
    )


def _age_or_unknown(last: int) -> pa.Column:
    return pa.Column("int64", pa.Check.isin([-1, *range(2, last + 1)]), description="Age; -1 is age unknown")


def _age_or_all() -> pa.Column:
    return pa.Column(
        "Int64", pa.Check.isin([-1, *range(2, 21)]), nullable=True,
        description="Age when the request came in; null is all ages, -1 age unknown",
    )  # fmt: skip


def _release() -> pa.Column:
    return text("Release the figure is from: its reporting year, or erratum", like=RELEASES)


def _by_age(name: str, about: str, measures: tuple[str, ...]) -> Table:
    return Table(
        name,
        about,
        marked(
            {
                "la_code": la_code(),
                "year": calendar_year(),
                "age": _age_or_all(),
                "measure": text("What is counted", isin=measures),
                "value": count("Children and young people"),
                "marker": marker(),
                "release": _release(),
            },
            ["la_code", "year", "age", "measure"],
            "value",
        ),
        period="year",
    )


def _counted(
    name: str, about: str, keys: dict[str, pa.Column], *, more: dict[str, pa.Column] | None = None
) -> Table:
    """Return a table of ``plans`` by authority, calendar year and other keys."""
    columns = {
        "la_code": la_code(),
        "year": calendar_year(),
        **keys,
        "plans": count("Plans"),
        "marker": marker(),
        **(more or {}),
    }
    key = ["la_code", "year", *(k for k in keys if k != "provision")]
    return Table(name, about, marked(columns, key), period="year")


def _reason() -> pa.Column:
    return text("Why the plan ceased; All is the total", isin=REASONS)


def _january_table(name: str, about: str, keys: dict[str, pa.Column]) -> Table:
    columns = {
        "la_code": la_code(),
        "january": january(),
        **keys,
        "plans": count("Plans"),
        "marker": marker(),
    }
    return Table(name, about, marked(columns, ["la_code", "january", *keys]), period="january")


TABLES: tuple[Table, ...] = (
    _by_age(
        "requests",
        "Requests for an EHC needs assessment and what was decided, by calendar year; ages from 2023.",
        REQUESTS,
    ),
    _by_age(
        "assessments",
        "EHC needs assessments and their outcome, by calendar year; ages from 2023. Completed is issued "
        "plus not "
        "issued; pending is at 31 December to 2021, not made in the year from 2023.",
        (*ASSESSMENTS, "completed"),
    ),
    Table(
        "new_plans",
        "EHC plans and, at first, statements made for the first time in a calendar year.",
        marked(
            {
                "la_code": la_code(),
                "year": calendar_year(),
                "new_plans": count("New plans"),
                "marker": marker(),
                "release": _release(),
            },
            ["la_code", "year"],
            "new_plans",
        ),
        period="year",
    ),
    _counted(
        "new_plans_age", "New plans by single age when the plan started, from 2022.", {"age": _flow_age()}
    ),
    _counted(
        "new_plans_age_band",
        "New plans (and statements) by age band, 2009 to 2021; 20 to 25 from 2014.",
        {"age_band": text("Age band code", isin=BAND_CODES)},
    ),
    _counted(
        "new_plans_placement",
        "New plans by published placement and our provision; person-level from 2022.",
        {"placement": placement(), "provision": provision()},
        more={"basis": text("How it was collected", isin=BASES)},
    ),
    _counted("new_plans_need", "New plans by primary need, 2024.", {"need": need()}),
    _counted(
        "new_plans_age_need",
        "New plans by single age when the plan started and primary need, 2024; every cell has a row.",
        {"age": _flow_age(), "need": need()},
    ),
    _counted(
        "new_plans_placement_need",
        "New plans by placement and primary need, 2024; an absent row is nil.",
        {"placement": placement(), "provision": provision(), "need": need()},
    ),
    _counted(
        "ceased_plans",
        "Plans that ceased in a calendar year, all ages and reasons, from 2022.",
        {"reason": _reason()},
    ),
    _counted(
        "ceased_plans_age",
        "Plans that ceased by single age and reason, from 2023.",
        {"age": _age_or_unknown(20), "reason": _reason()},
    ),
    _counted(
        "ceased_plans_placement",
        "Plans that ceased by last placement and reason, from 2023; an absent row is nil.",
        {"placement": placement(), "provision": provision(), "reason": _reason()},
    ),
    _counted(
        "discontinued_plans",
        "Plans of compulsory school age discontinued, and moves between settings, 2015 to 2021; not "
        "comparable with "
        "ceased_plans.",
        {"reason": text("Why discontinued, or the move", isin=DISCONTINUED)},
    ),
    Table(
        "timeliness",
        "Plans issued in a calendar year and how many within the statutory 20 weeks.",
        marked(
            {
                "la_code": la_code(),
                "year": calendar_year(),
                "measure": text("What is counted", isin=TIMELINESS),
                "value": count("Plans issued"),
                "marker": marker(),
                "release": _release(),
            },
            ["la_code", "year", "measure"],
            "value",
        ),
        period="year",
    ),
    Table(
        "tribunals",
        "Appeals registered with the SEND Tribunal per appealable decision, by calendar year; marker is "
        "set where any "
        "of the three figures is suppressed. Dorset is printed under 838 for all years.",
        schema(
            {
                "la_code": la_code(),
                "year": calendar_year(),
                "definition": text("Definition of the rate", isin=("published", "in_development")),
                "appeals": count("Appeals registered"),
                "appealable_decisions": count("Decisions that can be appealed"),
                "appeal_rate": measure("Appeals over decisions, a fraction", minimum=0),
                "marker": marker(),
            },
            ["la_code", "year", "definition"],
        ),
        period="year",
    ),
    _january_table(
        "work_based_placements",
        "Work-based placements open in January by age (15 is 15 and under) and kind.",
        {
            "age": pa.Column(
                "int64", pa.Check.isin([-1, *range(15, 26)]), description="Age; -1 is age unknown"
            ),
            "kind": text("Kind of placement", isin=WORK_BASED),
        },
    ),
    _january_table(
        "residential_placements",
        "Plans with a residential placement each January, by weeks a year.",
        {"weeks": text("Weeks a year", isin=RESIDENTIAL)},
    ),
)
