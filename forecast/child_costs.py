"""What a child costs where it is taught, from the price book alone: stands in for the cost model, in this one place.

    cost = sum over kinds of share x price in the year,   transport x share of pupils who travel

Averages over ages of a phase are weighted by the authority's plans. Once the cost model gives `Costs`, `of` is all that changes.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from data import price_books
from data.inflation import named
from data.prices import ITEMS, PriceBook
from data.vocabulary import NEED_GROUP_CODES, PHASE_CODES, PROVISION_CODES
from forecast.capacity import OF_GROUP, OF_PHASE
from forecast.capital import Costs
from forecast.outcome import Outcome
from models.base import Array

DEFLATOR = "gdp_deflator"
"""Inflator between nominal and real pounds."""

_SHARE, _TRANSPORT = "send_travellers", "send_transport"


def of(outcome: Outcome, book: PriceBook | None = None) -> Costs:
    """Return what a child costs in every provision, in the financial years of a forecast.

    Parameters
    ----------
    outcome
        The forecast: authority, Januaries, draws, seed, and plans by age and need.
    book
        Prices; those of the authority where None.
    """
    prices = book or price_books.for_area(outcome.area.la_code)
    januaries = [int(j) for j in outcome.plans.future["january"].to_numpy()]
    years = [named(j - 1) for j in januaries]
    draws = outcome.plans.future.sizes["draw"]
    rng = np.random.default_rng([outcome.seed, outcome.area.la_code, 6])
    drawn = prices.draws(draws, rng, until=years[-1])
    weights = _weights(outcome)
    items = [item for item in ITEMS if item != _SHARE]
    shape = (draws, len(years), len(items), len(PROVISION_CODES), len(PHASE_CODES), len(NEED_GROUP_CODES))
    per_child = np.zeros(shape, dtype=np.float32)
    mixes = {item: _mix(prices, item, weights) for item in ITEMS}
    for t, year in enumerate(years):
        pounds = drawn.in_prices_of(year).to_numpy()
        for i, item in enumerate(items):
            per_child[:, t, i] = np.tensordot(pounds, mixes[item], axes=(1, 0))
        travel = np.tensordot(drawn.levels.to_numpy(), mixes[_SHARE], axes=(1, 0))
        per_child[:, t, items.index(_TRANSPORT)] *= travel
    growth = prices.inflation.draws(
        [j - 1 for j in januaries], draws, int(np.random.default_rng([outcome.seed, 7]).integers(2**62))
    ).sel(inflator=DEFLATOR, drop=True)
    factor = np.ones((draws, len(years)))
    factor[:, 1:] = 1 / np.cumprod(1 + growth.transpose("draw", "financial_year").to_numpy()[:, 1:], axis=1)
    where = {"draw": list(range(draws)), "financial_year": years}
    return Costs(
        per_child=xr.DataArray(
            per_child,
            dims=("draw", "financial_year", "item", "provision", "phase", "need_group"),
            coords=where
            | {
                "item": items,
                "provision": list(PROVISION_CODES),
                "phase": list(PHASE_CODES),
                "need_group": list(NEED_GROUP_CODES),
            },
        ),
        deflator=xr.DataArray(factor, dims=("draw", "financial_year"), coords=where),
        base_year=years[0],
    )


def _weights(outcome: Outcome) -> Array:
    """Return the part of each phase and need group that an age and need makes up, dims ``(age, need, phase, need_group)``."""
    plans = (
        outcome.plans.future.mean(("draw", "january")).transpose("age", "need").to_numpy().astype(float)
        + 1e-9
    )
    inside = np.einsum("an,ah,ng->anhg", plans, OF_PHASE, OF_GROUP)
    return np.asarray(inside / inside.sum(axis=(0, 1)))


def _mix(book: PriceBook, item: str, weights: Array) -> Array:
    """Return the part each price has in the cost of a child, dims ``(price, provision, phase, need_group)``."""
    rows = book.applying(item).transpose("kind", "provision", "need", "age").to_numpy()
    shares = np.array([p.share for p in book.prices])
    found = np.zeros((len(book.prices), len(PROVISION_CODES), len(PHASE_CODES), len(NEED_GROUP_CODES)))
    for at in np.unique(rows[rows >= 0]):
        here = (rows == at).any(axis=0)
        found[at] = shares[at] * np.einsum("pna,anhg->phg", here.astype(float), weights)
    return found
