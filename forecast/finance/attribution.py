"""Why cost changes: the parts due to the number of children (volume), to who they are and where (mix), and to prices.

Between two costs 0 and 1, of a part with numbers n and prices p in its cells, and N children in all, in every draw

    volume = (N1 / N0 - 1) sum n0 p0
    mix    = sum (n1 - n0 N1 / N0) p0
    price  = sum n1 (p1 - p0)

so volume + mix + price is the change. Parts are the provisions children are taught in, places paid by the place, places others
fund, and spending that plans do not drive (its number is residents aged 2 to 18).

Invariant: in whole pence the three add up to the change of every part, and parts to the change of the whole, in every draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from data.errors import OptionError
from data.financial_year import FinancialYear
from data.vocabulary import PROVISION_CODES, PROVISIONS
from forecast.finance.balance import pence
from forecast.finance.cost_model import HIGH_NEEDS, Costs
from forecast.finance.other_high_needs import children_index
from models.base import Array

Pence = npt.NDArray[np.int64]

PARTS: dict[str, str] = {p: PROVISIONS[p] for p in PROVISION_CODES} | {
    "places": "Places paid by the place",
    "elsewhere": "Places others fund",
    "other": "Spending that plans do not drive",
}
"""Parts of high needs cost: code to label."""

CAUSES: tuple[str, ...] = ("volume", "mix", "price")
"""Causes, in the order they are taken."""


@dataclass(frozen=True, eq=False)
class Attribution:
    """The parts of the difference in high needs cost between two years, or between two scenarios in one year.

    Parameters
    ----------
    before, after
        Cost of the part in whole pence, dims ``(draw, part)``; parts as `PARTS`.
    volume, mix, price
        Whole pence, dims ``(draw, part)``: before + volume + mix + price = after.
    """

    before: Pence
    after: Pence
    volume: Pence
    mix: Pence
    price: Pence


def attribution(
    before: Costs, after: Costs, first: FinancialYear, last: FinancialYear | None = None
) -> Attribution:
    """Return the difference in high needs cost in pounds, divided into volume, mix and price.

    Parameters
    ----------
    before, after
        Costs of one authority in the same draws: the same object for two years, a baseline and a scenario for these.
    first, last
        The year of each; the same where ``last`` is left out.

    Raises
    ------
    OptionError
        They are of different authorities or draws, or lack a year.
    """
    until = last or first
    if before.la_code != after.la_code or before.pounds.sizes["draw"] != after.pounds.sizes["draw"]:
        raise OptionError(
            f"Costs of {before.la_code} and {after.la_code} in {before.pounds.sizes['draw']} and {after.pounds.sizes['draw']} "
            "draws cannot be compared draw by draw. Forecast both alike."
        )
    old, new = _Paid.of(before, first), _Paid.of(after, until)
    growth = np.divide(new.children, old.children, out=np.ones_like(new.children), where=old.children > 0)
    parts: dict[str, list[Array]] = {"before": [], "after": [], "volume": [], "mix": []}
    for n0, p0, n1, p1 in zip(old.numbers, old.prices, new.numbers, new.prices, strict=True):
        at_first = (n0 * p0).sum(axis=1)
        parts["before"].append(at_first)
        parts["after"].append((n1 * p1).sum(axis=1))
        parts["volume"].append((growth - 1) * at_first)
        parts["mix"].append(((n1 - n0 * growth[:, None]) * p0).sum(axis=1))
    whole = {name: pence(np.stack(values, axis=1)) for name, values in parts.items()}
    # The last step takes the rounding, a penny or two.
    return Attribution(**whole, price=whole["after"] - whole["before"] - whole["volume"] - whole["mix"])


@dataclass(frozen=True, eq=False)
class _Paid:
    """Numbers and prices of one year, an array pair a part, dims ``(draw, cell)``, and all children, dims ``(draw,)``."""

    children: Array
    numbers: Sequence[Array]
    prices: Sequence[Array]

    @classmethod
    def of(cls, costs: Costs, year: FinancialYear) -> _Paid:
        if year not in costs.years:
            raise OptionError(
                f"Cost in {year.label} was asked for, but it is forecast for {costs.years[0].label} to {costs.years[-1].label}. "
                "Choose a year among them, or forecast more years."
            )
        at = costs.years.index(year)
        label = year.label
        heads = costs.children.sel(financial_year=label).transpose("draw", "provision", "phase", "need_group")
        own = np.asarray(heads.to_numpy(), dtype=float)
        each = np.zeros_like(own)
        for tariff in costs.tariffs.values():
            each += np.moveaxis(tariff.per_child(at, HIGH_NEEDS), 3, 1)
        flat = (len(own), own.shape[1], -1)
        n, p = own.reshape(flat), each.reshape(flat)
        places = costs.places.years_of_place.sel(financial_year=label).to_numpy()
        rates = costs.places.rates.sel(financial_year=label).to_numpy()
        more, unit = (x.sel(financial_year=label).to_numpy()[:, None] for x in costs.elsewhere)
        other = costs.other.sel(financial_year=label).to_numpy()
        people = np.full_like(other, float(children_index(costs.la_code, [year])[0]))
        return cls(
            children=own.sum(axis=(1, 2, 3)),
            numbers=[*np.moveaxis(n, 1, 0), places, more, people],
            prices=[*np.moveaxis(p, 1, 0), rates, unit, other / people],
        )
