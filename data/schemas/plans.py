"""Stocks: EHC plans (and statements to 2018) maintained each January, by age, need and placement.

Invariants: one row per key; a count is null exactly where ``marker`` says why; counts are children and
young people on census day, neither rounded nor suppressed unless marked. ``quality`` is ``incomplete_return``
where the authority's return is known to be partial: its counts are then null and marked ``x``.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pandera.pandas as pa

from data.placements import PLACEMENT_CODES
from data.schemas.base import Table, age, count, january, la_code, marker, need, provision, schema, text
from data.vocabulary import BAND_CODES

BASES: tuple[str, ...] = ("aggregate_return", "dashboard", "person_level")
"""How a figure was collected: aggregate form to 2022, DfE dashboard file, person-level return from 2023."""

QUALITIES: tuple[str, ...] = ("reported", "out_of_line", "incomplete_return")
"""Whether the authority's return can be used: as it is; as it is though far from the years around it; or not."""


def marked(columns: dict[str, pa.Column], key: Sequence[str], value: str = "plans") -> pa.DataFrameSchema:
    """Return a strict schema that requires ``value`` to be null exactly where ``marker`` is given."""

    def null_where_marked(frame: pd.DataFrame) -> pd.Series:
        return frame[value].isna() == frame["marker"].notna()

    return pa.DataFrameSchema(
        columns,
        strict=True,
        ordered=True,
        unique=list(key),
        checks=pa.Check(null_where_marked, error=f"'{value}' must be null exactly where 'marker' is set"),
    )


def placement() -> pa.Column:
    """Return the published placement category column."""
    return text("Published placement category", isin=PLACEMENT_CODES)


def quality() -> pa.Column:
    """Return the column that states whether an authority's return can be used."""
    return text("Whether the return can be used", isin=QUALITIES)


PLANS = "Children and young people with a plan"
"""What the counts of this module count."""

TABLES: tuple[Table, ...] = (
    Table(
        "plans_total",
        "EHC plans and statements maintained by an authority each January.",
        schema(
            {
                "la_code": la_code(),
                "january": january(),
                "statements": count("Statements of SEN; null where none can exist (2019 on)"),
                "ehc_plans": count("EHC plans; null before they existed (2010 to 2014)"),
                "plans": count("Statements and EHC plans together; null where the return is incomplete"),
                "as_published": count("The published figure, whatever its quality"),
                "quality": quality(),
            },
            ["la_code", "january"],
        ),
        period="january",
    ),
    Table(
        "plans_age_band",
        "Plans each January by published age band; 20 to 25 was not collected before 2015.",
        marked(
            {
                "la_code": la_code(),
                "january": january(),
                "age_band": text("Age band code", isin=BAND_CODES),
                "plans": count(PLANS),
                "marker": marker(),
                "basis": text("How it was collected", isin=BASES),
                "quality": quality(),
            },
            ["la_code", "january", "age_band"],
        ),
        period="january",
    ),
    Table(
        "plans_age",
        "Plans each January by single year of age; every age from 2 (under 3) to 25 has a row.",
        marked(
            {
                "la_code": la_code(),
                "january": january(),
                "age": age(),
                "plans": count(PLANS),
                "marker": marker(),
                "quality": quality(),
            },
            ["la_code", "january", "age"],
        ),
        period="january",
    ),
    Table(
        "plans_placement",
        "Plans each January by published placement and our provision; series break in 2023 (person-level).",
        marked(
            {
                "la_code": la_code(),
                "january": january(),
                "placement": placement(),
                "provision": provision(),
                "plans": count(PLANS),
                "marker": marker(),
                "basis": text("How it was collected", isin=BASES),
                "series_break": pa.Column("bool", description="Defined differently from the January before"),
                "quality": quality(),
            },
            ["la_code", "january", "placement"],
        ),
        period="january",
    ),
    Table(
        "plans_need",
        "Plans in January by primary need; every need has a row.",
        marked(
            {
                "la_code": la_code(),
                "january": january(),
                "need": need(),
                "plans": count(PLANS),
                "marker": marker(),
                "quality": quality(),
            },
            ["la_code", "january", "need"],
        ),
        period="january",
    ),
    Table(
        "plans_age_need",
        "Plans in January by single year of age and primary need; every age and need has a row.",
        marked(
            {
                "la_code": la_code(),
                "january": january(),
                "age": age(),
                "need": need(),
                "plans": count(PLANS),
                "marker": marker(),
                "quality": quality(),
            },
            ["la_code", "january", "age", "need"],
        ),
        period="january",
    ),
    Table(
        "plans_placement_need",
        "Plans in January by placement and primary need; an absent row is nil.",
        marked(
            {
                "la_code": la_code(),
                "january": january(),
                "placement": placement(),
                "provision": provision(),
                "need": need(),
                "plans": count(PLANS),
                "marker": marker(),
                "quality": quality(),
            },
            ["la_code", "january", "placement", "need"],
        ),
        period="january",
    ),
    Table(
        "plans_age_placement",
        "Plans each January by single year of age and placement; an absent row is nil.",
        marked(
            {
                "la_code": la_code(),
                "january": january(),
                "age": age(),
                "placement": placement(),
                "provision": provision(),
                "plans": count(PLANS),
                "marker": marker(),
                "quality": quality(),
            },
            ["la_code", "january", "age", "placement"],
        ),
        period="january",
    ),
    Table(
        "england_totals",
        "Published national figures, to reconcile authority tables with; year is a January for stocks "
        "(measures that start with plans), a calendar year for flows.",
        schema(
            {
                "measure": text("Table and category, such as plans_age_band:0-4"),
                "year": pa.Column(
                    "int64", pa.Check.in_range(2009, 2100), description="January or calendar year"
                ),
                "value": pa.Column("Int64", pa.Check.ge(0), description="Published national figure"),
                "release": text(
                    "Release it was published in: its reporting year, dashboard or tribunals",
                    like=r"20\d\d|dashboard|tribunals",
                ),
            },
            ["measure", "year"],
        ),
        period="year",
    ),
)
