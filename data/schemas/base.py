"""Definition of a published table: a name, a sentence on what a row is, a pandera schema and the column that dates its rows.

Invariant of every table: one row per key, and a count is null exactly where `marker` says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandera.pandas as pa

from data.published_needs import PUBLISHED_NEED_CODES
from data.vocabulary import MARKERS, PROVISION_CODES


@dataclass(frozen=True)
class Table:
    """One published table.

    Parameters
    ----------
    name
        File stem in ``data/published``.
    about
        One sentence for people: what a row says, with unit and kind of year.
    schema
        pandera schema; strict, so an unknown column is an error.
    period
        Column that dates a row (a January, calendar year, financial year ...), or None if undated.
    geo
        True where the file is GeoParquet.
    """

    name: str
    about: str
    schema: pa.DataFrameSchema
    period: str | None = None
    geo: bool = False


def la_code() -> pa.Column:
    """Return the DfE number column (three digits)."""
    return pa.Column("int64", pa.Check.in_range(200, 999), description="DfE number of the authority")


def january() -> pa.Column:
    """Return the January census year column."""
    return pa.Column("int64", pa.Check.in_range(2010, 2100), description="January of the census")


def calendar_year() -> pa.Column:
    """Return the calendar year column of flows."""
    return pa.Column("int64", pa.Check.in_range(2009, 2100), description="Calendar year of the flow")


def age() -> pa.Column:
    """Return the single year of age column; 2 is "2 and under" and in flows 20 is "20 and over"."""
    return pa.Column("int64", pa.Check.in_range(2, 25), description="Age in years at 31 August")


def need() -> pa.Column:
    """Return the primary need code column."""
    return pa.Column(
        "str", pa.Check.isin(PUBLISHED_NEED_CODES), description="Primary need code; DS only from January 2026"
    )


def provision() -> pa.Column:
    """Return our provision code column."""
    return pa.Column("str", pa.Check.isin(PROVISION_CODES), description="Provision code")


def count(description: str) -> pa.Column:
    """Return a column of whole numbers of children or plans; null where the marker column gives the reason."""
    return pa.Column("Int64", pa.Check.ge(0), nullable=True, description=description)


def measure(description: str, *, minimum: float | None = None) -> pa.Column:
    """Return a column of real numbers that may be missing."""
    checks = [] if minimum is None else [pa.Check.ge(minimum)]
    return pa.Column("float64", checks, nullable=True, description=description)


def marker() -> pa.Column:
    """Return the column of symbols published in place of a count; null where the count is known."""
    return pa.Column("str", pa.Check.isin(tuple(MARKERS)), nullable=True, description="Published symbol")


def text(description: str, *, nullable: bool = False, **check: Any) -> pa.Column:
    """Return a text column, with ``isin=[...]`` for a closed list or ``like=...`` for a pattern of the whole text."""
    checks = [pa.Check.isin(tuple(check["isin"]))] if "isin" in check else []
    checks += [pa.Check.str_matches(rf"^(?:{check['like']})$")] if "like" in check else []
    return pa.Column("str", checks, nullable=nullable, description=description)


def schema(columns: dict[str, pa.Column], key: list[str]) -> pa.DataFrameSchema:
    """Return a strict, ordered schema whose ``key`` columns identify a row."""
    return pa.DataFrameSchema(columns, strict=True, ordered=True, unique=key)
