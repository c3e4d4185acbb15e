"""Discount factors of the Green Book in real terms: year 0 undiscounted, and a rate that declines in the long term.

    factor(0) = 1,   factor(t) = factor(t - 1) / (1 + rate(t))

where rate(t) is 3.5 % in years 1 to 30 and 3.0 % in years 31 to 75 (`data/reference/capital/green_book.csv`).

Invariant: factors fall from year to year, never below 0.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from data import tables
from data.errors import OptionError, TableError
from models.base import Array

FILE = "capital/green_book"
"""Rates by year, under ``data/reference`` and without ending."""

_COLUMNS = ["from_year", "to_year", "rate", "basis", "source"]


@cache
def rates() -> pd.DataFrame:
    """Return the Green Book's discount rates as shares a year, each with its first and last year.

    Raises
    ------
    TableError
        The file is absent, or its years have gaps.
    """
    path = tables.REFERENCE / f"{FILE}.csv"
    try:
        table = pd.read_csv(path)[_COLUMNS]
    except (OSError, KeyError, ValueError) as error:
        raise TableError(
            f"The discount rates in {path} cannot be read ({error}), so values of different years cannot be compared. Restore "
            "the file from the repository."
        ) from None
    follows = table["from_year"].to_numpy()[1:] == table["to_year"].to_numpy()[:-1] + 1
    if table["from_year"].iloc[0] != 0 or not follows.all() or not table["rate"].between(0, 0.2).all():
        raise TableError(
            f"The discount rates in {path} have gaps or strange rates. Restore the file from the repository."
        )
    return table


def factors(years: int) -> Array:
    """Return discount factors of years 0 to ``years - 1``, dims ``(year,)``.

    Raises
    ------
    OptionError
        More years are asked for than the Green Book has rates for.
    """
    table = rates()
    last = int(table["to_year"].iloc[-1])
    if not 0 <= years <= last + 1:
        raise OptionError(
            f"Discount factors of {years} years were asked for; rates are known for {last + 1}. Ask for fewer."
        )
    rate = np.repeat(table["rate"].to_numpy(dtype=float), table["to_year"] - table["from_year"] + 1)[:years]
    growth = 1 + rate
    growth[:1] = 1.0
    return np.asarray(1 / np.cumprod(growth))
