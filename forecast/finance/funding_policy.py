"""Rules and dates of high needs funding, read from one file, so that no policy date stands in the code.

Invariant: every parameter of `PARAMETERS` is in ``data/reference/finance/funding_policy.csv`` once, with its unit,
basis and source, and nothing else is. An `Range` is an 80 % interval, from its 10th to its 90th percentile; a
certain value has both alike.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import pandas as pd

from data import tables
from data.errors import OptionError, TableError
from data.financial_year import FinancialYear
from forecast.core.financial_year import financial_year
from models.base import Array
from scenarios.sampling import Scale, quantile

POLICY_FILE = "finance/funding_policy"
"""The file, under ``data/reference`` and without its ending."""

BASES: tuple[str, ...] = ("in force", "announced", "estimated", "assumed")
"""How a parameter is known."""

GROWTH = "hnb_growth_"
"""Start of the name of a national growth; the financial year follows."""

PARAMETERS: tuple[str, ...] = (
    "override_ends", "grant_balance_at", "grant_paid_in", "grant_share", "import_export_unit", "block_transfer_limit",
    "gdp_deflator", "schools_block_growth", "england_deficit_2025-26",
)  # fmt: skip
"""Parameters the file must hold, besides the growth of years."""

_YEARS = ("override_ends", "grant_balance_at", "grant_paid_in")
_COLUMNS = ("parameter", "value", "low", "high", "unit", "meaning", "basis", "source")


@dataclass(frozen=True, slots=True)
class Range:
    """A number, or an 80 % interval from its 10th to its 90th percentile.

    Raises
    ------
    OptionError
        An end is not a finite number, or they are in the wrong order.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            raise OptionError(
                f"The interval {self.low} to {self.high} has an end that is not a number. Write two numbers."
            )
        if self.low > self.high:
            raise OptionError(
                f"The interval {self.low} to {self.high} runs backwards. Write the lower end first."
            )

    @classmethod
    def of(cls, value: float) -> Range:
        """Return a certain number as a range."""
        return cls(value, value)

    def within(self, least: float, most: float, what: str) -> Range:
        """Return the range, or raise an error if it lies outside two bounds.

        Raises
        ------
        OptionError
            It does not; ``what`` names it.
        """
        if not least <= self.low <= self.high <= most:
            raise OptionError(
                f"{what} is {self.low:g} to {self.high:g}, outside {least:g} to {most:g}. Write numbers within those bounds."
            )
        return self

    def draw(self, uniform: Array, scale: Scale = "amount") -> Array:
        """Return a value for each uniform random number (`scenarios.sampling.quantile`), same dims."""
        return quantile(self.low, self.high, scale, uniform)


@dataclass(frozen=True)
class FundingPolicy:
    """Rules of high needs funding as known on one day.

    Parameters
    ----------
    override_ends
        Last year in which the statutory override keeps a deficit off the authority's reserves.
    grant_balance_at, grant_paid_in, grant_share
        The stability grant: the year at whose end the deficit is measured, the year of payment, the part paid (0 to 1).
    import_export_unit
        Pounds for each net imported pupil.
    block_transfer_limit
        Most of the schools block that the Schools Forum may move, a share.
    growth
        Growth of England's high needs blocks by financial year, shares, for years after the latest published ones.
    basis
        How the growth of each of those years is known: one of `BASES`.
    gdp_deflator, schools_block_growth
        Yearly growth, shares.
    england_deficit, england_deficit_at
        Deficits of all authorities, pounds, and the year at whose end.
    """

    override_ends: FinancialYear
    grant_balance_at: FinancialYear
    grant_paid_in: FinancialYear
    grant_share: float
    import_export_unit: float
    block_transfer_limit: float
    growth: Mapping[FinancialYear, Range]
    basis: Mapping[FinancialYear, str]
    gdp_deflator: Range
    schools_block_growth: Range
    england_deficit: Range
    england_deficit_at: FinancialYear


@cache
def funding_policy() -> FundingPolicy:
    """Return the shipped funding policy.

    Raises
    ------
    TableError
        The file is missing or broken.
    """
    return parse_policy(tables.read_reference(POLICY_FILE))


def parse_policy(frame: pd.DataFrame) -> FundingPolicy:
    """Return the funding policy in a table with the columns of the shipped file.

    Raises
    ------
    TableError
        A column or parameter is missing, unknown or there twice, or a value cannot be read.
    """
    missing = [c for c in _COLUMNS if c not in frame.columns]
    if missing:
        raise _broken(f"has no column {', '.join(missing)}", f"Add it; the columns are {', '.join(_COLUMNS)}")
    names = frame["parameter"].astype(str).tolist()
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise _broken(f"has {', '.join(twice)} more than once", "Keep one row of each")
    unknown = sorted(n for n in names if n not in PARAMETERS and not n.startswith(GROWTH))
    if unknown:
        raise _broken(
            f"has rows that mean nothing here: {', '.join(unknown)}",
            f"Use {', '.join(PARAMETERS)} or {GROWTH}2026-27",
        )
    absent = [n for n in PARAMETERS if n not in names]
    if absent:
        raise _broken(f"does not say {', '.join(absent)}", "Add the row")
    rows = {str(r["parameter"]): r for _, r in frame.iterrows()}
    for name, row in rows.items():
        if row["basis"] not in BASES:
            raise _broken(f"gives {name} the basis '{row['basis']}'", f"Write one of {', '.join(BASES)}")
    years = {n: financial_year(str(rows[n]["value"])) for n in _YEARS}
    grown = {n: financial_year(n.removeprefix(GROWTH)) for n in names if n.startswith(GROWTH)}
    share, limit = (_number(rows[n], n) for n in ("grant_share", "block_transfer_limit"))
    for name, value in (("grant_share", share), ("block_transfer_limit", limit)):
        if not 0 <= value <= 1:
            raise _broken(f"says {value:g} for {name}", "A share runs from 0 to 1")
    deficit = next(n for n in PARAMETERS if n.startswith("england_deficit_"))
    return FundingPolicy(
        override_ends=years["override_ends"],
        grant_balance_at=years["grant_balance_at"],
        grant_paid_in=years["grant_paid_in"],
        grant_share=share,
        import_export_unit=_number(rows["import_export_unit"], "import_export_unit"),
        block_transfer_limit=limit,
        growth={year: _interval(rows[n], n) for n, year in grown.items()},
        basis={year: str(rows[n]["basis"]) for n, year in grown.items()},
        gdp_deflator=_interval(rows["gdp_deflator"], "gdp_deflator"),
        schools_block_growth=_interval(rows["schools_block_growth"], "schools_block_growth"),
        england_deficit=_interval(rows[deficit], deficit),
        england_deficit_at=financial_year(deficit.removeprefix("england_deficit_")),
    )


def _number(row: pd.Series, name: str, column: str = "value") -> float:
    if pd.isna(row[column]):
        raise _broken(f"has no {column} for {name}", "Write a number")
    try:
        value = float(row[column])
    except (TypeError, ValueError):
        raise _broken(f"says '{row[column]}' for {name}", "Write a number") from None
    if not math.isfinite(value):
        raise _broken(f"says {value} for {name}", "Write a number")
    return value


def _interval(row: pd.Series, name: str) -> Range:
    """Return the range from low to high of a row, or its value if neither is given."""
    value = _number(row, name)
    if pd.isna(row["low"]) and pd.isna(row["high"]):
        return Range.of(value)
    low, high = _number(row, name, "low"), _number(row, name, "high")
    if not low <= value <= high:
        raise _broken(
            f"has {name} at {value:g}, outside its interval {low:g} to {high:g}", "Correct one of the three"
        )
    return Range(low, high)


def _broken(what: str, fix: str) -> TableError:
    return TableError(
        f"{POLICY_FILE}.csv in data/reference {what}. High needs income and balances cannot be forecast from it. {fix}."
    )
