"""Averages of January counts over financial years (April to March), and levers' changes by financial year.

The stock between the Januaries s and s + 1, with t months since the count in mid-January, is

    N(t) = N(s) + (D - S) t / 12 + S [t >= 7.5],    D = N(s + 1) - N(s)

where S is the part of the change that happens on 1 September: people whose plan ends with the school year and those who change
school then. The rest, above all new plans, comes evenly through the year. A financial year is the path from 1 April
(t = 2.5) to 31 March (t = 2.5 of the next count), so its average is linear in N and S:

    9.5/12 N(s) + 137.75/288 (D - S) + 4.5/12 S + 2.5/12 N(s + 1) + 6.25/288 (D' - S')

Without S the path is a line between counts, and a stock that grows by the same number every year is reproduced exactly (it is the
line's value 8.5 months after the count). With S = D it is 5/12 of the old count and 7/12 of the new, the rule of place funding.
The line is the choice where nothing is known of September: new plans come in every month, and without S the average is too low by
an eighth of those who leave each summer. The stock of one age or phase moves on 1 September by ageing too: give it S.

Invariants: averages of parts add up to the average of the whole in every draw; nothing here summarises.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from data.errors import OptionError
from data.financial_year import FinancialYear
from models.base import Array
from scenarios.effects import Change, MoneyChange, apply_changes

APRIL = 2.5
"""Months from the January count (mid-January) to 1 April."""

SEPTEMBER = 7.5
"""Months from the January count to 1 September."""


def financial_year(label: str) -> FinancialYear:
    """Return the financial year with a name such as '2026-27'.

    Raises
    ------
    OptionError
        It is not written like ``2026-27``.
    """
    year = FinancialYear.named(label)
    if year is None:
        raise OptionError(
            f"'{label[:40]}' is not a financial year. Figures in pounds need one. Write 2026-27 for April 2026 to March 2027."
        )
    return year


def labels(years: Sequence[FinancialYear]) -> list[str]:
    """Return the names of financial years."""
    return [year.label for year in years]


def year_average(stock: xr.DataArray, september: xr.DataArray | None = None) -> xr.DataArray:
    """Return the average number of plans (or places) over each financial year, draw by draw.

    Parameters
    ----------
    stock
        Counts, any dims with ``january``, consecutive years.
    september
        The part of the change in the year to each January that happens on 1 September, minus where people leave; same dims and
        Januaries, the first one's is not used. None: none of it.

    Returns
    -------
    xr.DataArray
        ``january`` becomes ``financial_year``, from the one that begins after the first January to the one that holds the last.
        January to March of that last year go on at the pace of the year before them: 1/46 of a year's change.

    Raises
    ------
    OptionError
        Fewer than two Januaries, gaps between them, missing values, or another shape of ``september``.
    """
    _whole(stock, "stock")
    januaries = [int(y) for y in stock["january"].to_numpy()]
    if len(januaries) < 2 or januaries != list(range(januaries[0], januaries[0] + len(januaries))):
        raise OptionError(
            f"Financial-year averages need two or more Januaries in a row; here are {januaries}. Add those missing."
        )
    steady, step = _weights(len(januaries))
    average = _weighted(stock, steady, januaries)
    if september is None:
        return average
    _whole(september, "September's change")
    if set(september.dims) != set(stock.dims) or not all(
        np.array_equal(september[d].to_numpy(), stock[d].to_numpy()) for d in stock.dims
    ):
        raise OptionError(
            f"September's change has dims {dict(september.sizes)}, the stock {dict(stock.sizes)}, or other labels. An average "
            "of one cannot be corrected by the other. Give both for the same cells and Januaries."
        )
    return average + _weighted(september.transpose(*stock.dims), step, januaries)


def _weights(count: int) -> tuple[Array, Array]:
    """Return weights of Januaries in each financial year, for the stock and for September's change; dims ``(year, january)``."""
    rest = 12 - APRIL
    grown, later = (144 - APRIL**2) / 288, APRIL**2 / 288
    steady, step = np.zeros((count - 1, count)), np.zeros((count - 1, count))
    for i in range(count - 1):
        following = min(i + 1, count - 2)
        steady[i, i] += rest / 12
        steady[i, i + 1] += APRIL / 12
        for at, weight in ((i, grown), (following, later)):
            steady[i, at] -= weight
            steady[i, at + 1] += weight
            step[i, at + 1] -= weight
        step[i, i + 1] += (12 - SEPTEMBER) / 12
    return steady, step


def _weighted(values: xr.DataArray, weights: Array, januaries: Sequence[int]) -> xr.DataArray:
    """Return weighted sums over Januaries, with dimension ``financial_year`` in place of ``january``."""
    years = [FinancialYear(y).label for y in januaries[:-1]]
    kind = np.result_type(values.dtype, np.float32)
    matrix = xr.DataArray(
        weights.astype(kind),
        dims=("financial_year", "january"),
        coords={"financial_year": years, "january": list(januaries)},
    )
    dims = ["financial_year" if d == "january" else d for d in values.dims]
    summed: xr.DataArray = xr.dot(values, matrix, dim="january")
    return summed.transpose(*dims)


def _whole(values: xr.DataArray, what: str) -> None:
    if "january" not in values.dims:
        raise OptionError(f"The {what} has no dimension 'january', only {values.dims}. Give January counts.")
    missing = int(values.isnull().sum())
    if missing:
        raise OptionError(
            f"The {what} has {missing} missing values, so a year's average would be wrong. Fill them, with 0 where there is none."
        )


def with_levers(
    base: Array,
    changes: Sequence[MoneyChange],
    *,
    years: Sequence[FinancialYear],
    januaries: Sequence[int],
    least: float = 0.0,
    most: float = np.inf,
) -> Array:
    """Return a quantity by financial year after levers, in the order of `scenarios.effects.apply_changes`.

    Parameters
    ----------
    base
        Dims ``(draw, financial_year)``; one draw broadcasts.
    changes
        Levers on this quantity only; what they reach is the caller's to choose.
    years
        Financial years of ``base``.
    januaries
        Januaries of the levers' weights; outside them a lever does nothing.
    least, most
        Bounds of the quantity where a lever reaches it.

    Raises
    ------
    OptionError
        The draws of the levers are not those of the quantity.
    """
    at = {january: i for i, january in enumerate(januaries)}
    everywhere = np.ones((1, 1), dtype=bool)
    acting = []
    for change in changes:
        if base.shape[0] not in (1, len(change.size)):
            raise OptionError(
                f"A lever on {change.item} has {len(change.size)} draws, the forecast {base.shape[0]}. Read the scenario for "
                "as many draws as the forecast has."
            )
        weight = np.array([change.weight[at[y.january]] if y.january in at else 0.0 for y in years])
        acting.append(Change(change.how, change.size, weight, everywhere))
    return np.asarray(apply_changes(base[:, :, None], acting, least=least, most=most)[..., 0])
