"""Made-up prices, for tests of cost worked out by hand: known exactly, and they do not grow unless asked to."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from data.prices.place_rates import ITEM, price_rows
from data.prices.price_book import ITEMS, Price, PriceBook, as_rows
from data.prices.starting_books import inflation

Row = Mapping[str, object]


def row(item: str, price: float, provision: str = "All", **other: object) -> Row:
    """Return a row of the price book: England's, for all ages and needs, with an interval of nil unless said otherwise."""
    line = ITEMS[item].lines[0] if not item.startswith("send_") else "2.1.4"
    return {
        "item": item, "provision": provision, "need_group": "All", "age_low": 2, "age_high": 25, "kind": "All",
        "price": float(price), "low": float(price), "high": float(price), "median": None, "share": 1.0,
        "price_year": "2025-26", "inflator": "none", "s251_line": line,
        "dsg_block": "general_fund" if line.startswith("2.") else "high_needs",
        "basis": "assumed", "confidence": "high", "source": "made up", "note": None, "level": "england",
        **other,
    }  # fmt: skip


def book(*rows: Row) -> PriceBook:
    """Return a price book of these rows, and of England's place rates where none is of a place."""
    places = [] if any(r["item"] == ITEM for r in rows) else [{**r, "level": "england"} for r in price_rows()]
    return PriceBook(as_rows([*rows, *places]), inflation())


def skewed(mean: float, spread: float) -> Row:
    """Return a fee of INMSS placements whose single fees differ: ``spread`` is the standard deviation of their logs."""
    return row("inmss_fee", mean, "inmss", median=mean * float(np.exp(-(spread**2) / 2)))


def holding(prices: PriceBook, item: str, provision: str, need: str, age: int) -> list[Price]:
    """Return the prices that hold for one child, one a kind; none where there is none."""
    rows = prices.rows_in_force(item).sel(provision=provision, need=need, age=age).to_numpy()
    return [prices.prices[at] for at in rows if at >= 0]
