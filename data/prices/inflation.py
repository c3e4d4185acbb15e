"""Yearly growth of prices: for each named inflator and financial year, a central value and an 80 % interval.

Growth in year t is the rise from financial year t-1 to t, a share. Its draws are normal in two halves, so that one in ten
lies below `low` and one in ten above `high`:

    growth = middle + z (high - middle) / 1.2816   for z > 0,   middle + z (middle - low) / 1.2816   otherwise

One z is drawn for an inflator and a draw, and serves every year: a draw in which prices rise fast has them rise fast
throughout. Independent years would cancel out and make the interval of a five-year index too narrow.

Invariant: the draws of an inflator depend on the random numbers given and its name, not on which others are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from zlib import crc32

import numpy as np
import numpy.typing as npt
import pandas as pd
import pandera.pandas as pa
import xarray as xr

from data.errors import PriceError
from data.financial_year import FinancialYear
from data.prices.place_rates import STEPPED

Array = npt.NDArray[np.float64]

Z90 = 1.2815515655446004
"""Standard normal point with one draw in ten above it."""

LAST_YEAR = 2060
"""Last calendar year in which a financial year may begin; later ones are typing slips."""


def starting_year(financial_year: str) -> int | None:
    """Return the calendar year in which a financial year such as '2026-27' begins; None if the text is not one."""
    year = FinancialYear.named(financial_year)
    return None if year is None or year.begins > LAST_YEAR else year.begins


def year_name(begins: int) -> str:
    """Return the name of the financial year that begins in a calendar year: 2026 gives '2026-27'."""
    return FinancialYear(begins).label


def require_starting_year(financial_year: str, what: str) -> int:
    """Return the calendar year in which a financial year begins, or raise an error that says what needed it.

    Raises
    ------
    PriceError
        It is not a financial year.
    """
    begins = starting_year(financial_year)
    if begins is None:
        raise PriceError(
            f"'{financial_year}' is not a financial year, so {what} cannot be dated. Write it like '2026-27'."
        )
    return begins


def draw_normals(root: int, key: str, draws: int) -> Array:
    """Return standard normal draws for a key, dims ``(draw,)``; they depend on the root and the key only."""
    return np.random.default_rng([root, crc32(key.encode())]).standard_normal(draws)


def draw_root(rng: np.random.Generator) -> int:
    """Draw the whole number that seeds the draws of all keys, taking one number from ``rng``."""
    return int(rng.integers(2**62))


def _ordered(frame: pd.DataFrame) -> pd.Series:
    return (frame["low"] <= frame["growth"]) & (frame["growth"] <= frame["high"])


def _likely(frame: pd.DataFrame) -> pd.Series:
    return (frame["basis"] == STEPPED) | ((frame["low"] >= -0.2) & (frame["high"] <= 0.5))


ROWS = pa.DataFrameSchema(
    {
        "inflator": pa.Column("str"),
        "from_financial_year": pa.Column(
            "str", pa.Check(lambda s: s.map(starting_year).notna(), error="is like '2026-27'")
        ),
        "growth": pa.Column("float64", pa.Check.gt(-1)),
        "low": pa.Column("float64", pa.Check.gt(-1)),
        "high": pa.Column("float64", pa.Check.gt(-1)),
        "basis": pa.Column("str", pa.Check.isin(["published", "derived", "assumed", STEPPED])),
        "confidence": pa.Column("str", pa.Check.isin(["high", "medium", "low"])),
        "source": pa.Column("str"),
    },
    checks=[
        pa.Check(_ordered, error="low <= growth <= high"),
        pa.Check(_likely, error="low and high lie from -0.2 to 0.5, but for steps of a dated rate"),
    ],
    strict=True,
    ordered=True,
    unique=["inflator", "from_financial_year"],
)
"""What rows of growth must be; a row holds from its year until the next row of its inflator."""


@dataclass(frozen=True, eq=False)
class PriceGrowth:
    """Yearly growth of prices, by inflator and financial year.

    Parameters
    ----------
    rows
        As `ROWS`. A year before the first row of an inflator has no growth known.

    Raises
    ------
    PriceError
        The rows break `ROWS`.
    """

    rows: pd.DataFrame

    def __post_init__(self) -> None:
        try:
            ROWS.validate(self.rows)
        except pa.errors.SchemaError as error:
            raise PriceError(
                f"The rows of price growth cannot be used ({error}). Correct the file of inflators: growth is a share from "
                "-0.2 to 0.5, between low and high, one row for an inflator and year."
            ) from None

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the inflators, in the order of the rows."""
        return tuple(dict.fromkeys(self.rows["inflator"]))

    def first_year(self, inflator: str) -> int:
        """Return the calendar year in which an inflator's first financial year begins.

        Raises
        ------
        PriceError
            The inflator is unknown.
        """
        if inflator not in self._first_years:
            raise PriceError(
                f"'{inflator}' is not an inflator we know, so prices cannot be brought to another year. Write one of "
                f"{', '.join(self.codes)}."
            )
        return self._first_years[inflator]

    @cached_property
    def _first_years(self) -> dict[str, int]:
        begins = self.rows["from_financial_year"].str[:4].astype("int64")
        return {str(code): int(year) for code, year in begins.groupby(self.rows["inflator"]).min().items()}

    def middles(self, inflator: str, years: Sequence[int]) -> pd.DataFrame:
        """Return central growth with its low and high ends for financial years, indexed by the calendar year each begins in.

        Raises
        ------
        PriceError
            The inflator is unknown, or a year is before its first.
        """
        first = self.first_year(inflator)
        if early := [y for y in years if y < first]:
            raise PriceError(
                f"Growth of '{inflator}' is not known for {year_name(min(early))}: it begins with {year_name(first)}. Use prices "
                f"of {year_name(first - 1)} or later."
            )
        own = self.rows[self.rows["inflator"] == inflator]
        known = own.assign(begins=own["from_financial_year"].str[:4].astype("int64")).set_index("begins")
        return known[["growth", "low", "high"]].sort_index().reindex(list(years), method="ffill")

    def draws(self, years: Sequence[int], draws: int, root: int) -> xr.DataArray:
        """Return draws of yearly growth as shares, dims ``(draw, inflator, financial_year)``; years are named by their first.

        Years before the first of an inflator are NaN, so a price that needs them cannot be inflated unnoticed.
        """
        out = np.full((draws, len(self.codes), len(years)), np.nan)
        for at, inflator in enumerate(self.codes):
            first = self.first_year(inflator)
            known = [i for i, year in enumerate(years) if year >= first]
            if not known:
                continue
            rows = self.middles(inflator, [years[i] for i in known])
            middle, low, high = (rows[c].to_numpy() for c in ("growth", "low", "high"))
            z = draw_normals(root, f"inflator {inflator}", draws)[:, None]
            out[:, at, known] = middle + z * np.where(z > 0, high - middle, middle - low) / Z90
        return xr.DataArray(
            out,
            dims=("draw", "inflator", "financial_year"),
            coords={"inflator": list(self.codes), "financial_year": [year_name(y) for y in years]},
        )
