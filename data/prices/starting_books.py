"""The price book an authority starts from: England's prices, estimates from its spending in 2021-22, and its own ledger if any.

Evidence for an estimate is S251 2021-22: outturn and budget of the line or lines of an item over the plans of that financial
year. Published plans are the mean of January 2021 and 2022, which is July; they are brought to the year's average by England's
growth of that provision between the two. Outer and Inner London are regions of their own here: their costs differ more than
those of other neighbours.

Invariant: the same tables and ledger give the same book; every estimated row says how much of it is the authority's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from data import tables
from data.areas import by_code
from data.errors import TableError
from data.prices import place_rates
from data.prices.implied_prices import Shrunk, shrink
from data.prices.inflation import Z90, PriceGrowth
from data.prices.price_book import COLUMNS, Price, PriceBook, as_rows, records_of
from data.provisions import facts_of, recorded_with
from data.vocabulary import ALL

PRICES = tables.REFERENCE / "prices"
"""Prices and inflators kept by hand, each with its source."""

INNER_LONDON = range(201, 214)
"""DfE numbers of Inner London."""

ESTIMATE_YEAR = "2021-22"
"""Financial year of the spending that estimates rest on; the last one published by line for every authority."""

LEAST_PLANS = 5.0
"""Fewest plans whose spending says what one costs: with fewer, money is booked for people who are recorded elsewhere."""

LEAST_LEFT = 0.5
"""Least part of a line that stays when what is booked to it by mistake is taken off."""

TWICE = 2.0
"""Factor either way within which the price of an authority that records nothing lies, 80 % interval: our assumption."""

MIDDLE = 8.5 / 12
"""Part of the way from one January count to the next at which a financial year has its middle."""

_JANUARIES = (2021, 2022)


@dataclass(frozen=True, slots=True)
class Implied:
    """The spending lines and plans from which the price of an item is estimated.

    Parameters
    ----------
    item, provision
        Of the price book.
    lines
        Lines of S251 whose spending is divided.
    plans
        Column of plans in the table of implied costs, or None for all plans.
    """

    item: str
    provision: str
    lines: tuple[str, ...]
    plans: str | None


_PLANS: dict[str, str] = {
    "state_special": "plans_state_special",
    "mainstream": "plans_mainstream",
    "specialist_base": "plans_mainstream",
    "inmss": "plans_inmss",
    "general_fe": "plans_further_education",
    "specialist_post16": "plans_specialist_post16",
}
"""Provisions whose price is implied by spending, in order, with the column of plans. Returns do not tell bases from mainstream
classes, so the same figure stands for both; the base's interval is wider."""

IMPLIED: tuple[Implied, ...] = (
    *(
        Implied(facts_of(code).placement_item, code, facts_of(code).s251_outturn, plans)
        for code, plans in _PLANS.items()
    ),
    Implied("sen_support", ALL, ("sen_support_and_inclusion",), None),
)
"""Items with spending by authority."""


def region_of(la_code: int, region: str) -> str:
    """Return the region in which prices are compared; London counts as two, inner and outer."""
    if region != "London":
        return region
    return "Inner London" if la_code in INNER_LONDON else "Outer London"


@cache
def inflation() -> PriceGrowth:
    """Return the shipped yearly growth of prices, with the steps of place rates that change."""
    path = PRICES / "inflators.csv"
    _present(path.is_file(), path.name)
    growth = pd.read_csv(path)
    steps = pd.DataFrame(place_rates.growth_rows(), columns=growth.columns)
    return PriceGrowth(growth if steps.empty else pd.concat([growth, steps], ignore_index=True))


@cache
def england() -> PriceBook:
    """Return the price book of England: place rates and the file of other prices.

    Raises
    ------
    TableError
        A file is not there, or the file of place rates breaks its schema.
    PriceError
        It cannot be used.
    """
    path = PRICES / "england.csv"
    _present(path.is_file(), path.name)
    rows = [*place_rates.price_rows(), *records_of(pd.read_csv(path))]
    return PriceBook(as_rows({**row, "level": "england"} for row in rows), inflation())


def _present(there: bool, name: str) -> None:
    if not there:
        raise TableError(
            f"The file of prices '{name}' is not in {PRICES}. Nothing can be costed without it. Restore it from the "
            "repository."
        )


def evidence(implied: Implied) -> pd.DataFrame:
    """Return spending per plan on an item in 2021-22 by authority, with the columns `data.prices.implied_prices.shrink` reads."""
    spending = tables.read("s251_high_needs_2021_22")
    chosen = spending[spending["line"].isin(implied.lines)]
    sides = chosen.pivot_table("value_gbp", "la_code", "side", aggfunc="sum")
    if implied.plans is not None:
        plans = tables.read("implied_unit_costs").set_index("la_code")[implied.plans]
    else:
        totals = tables.read("plans_total")
        totals = totals[totals["january"].isin(_JANUARIES)]
        plans = totals.groupby("la_code")["plans"].sum().astype("float64") / len(_JANUARIES)
    areas = tables.read("areas").set_index("la_code")
    frame = sides.join(plans.rename("plans"), how="inner").reset_index()
    if (implied.item, implied.provision) == ("top_up", "general_fe"):
        frame = _without_specialist_colleges(frame)
    plans_held = frame["plans"].astype("float64")
    divisor = plans_held.where(plans_held >= LEAST_PLANS) * growth_to_year(implied)
    return pd.DataFrame(
        {
            "la_code": frame["la_code"].astype("int64"),
            "region": [region_of(int(c), str(areas.loc[c, "region"])) for c in frame["la_code"]],
            "plans": divisor,
            "implied": frame["outturn"].astype("float64") / divisor,
            "budgeted": frame["budget"].astype("float64") / divisor,
        }
    )


def _without_specialist_colleges(frame: pd.DataFrame) -> pd.DataFrame:
    """Return college spending without the cost of specialist post-16 learners, where an authority books none of these.

    Who has learners there and books nothing for them has booked them with colleges; each is taken off at England's price, and at
    least `LEAST_LEFT` of the line stays.
    """
    post16 = next(i for i in IMPLIED if i.item == "post16_fee")
    spending = tables.read("s251_high_needs_2021_22")
    own = spending[spending["line"].isin(post16.lines)]
    recorded = (
        own.pivot_table("value_gbp", "la_code", "side", aggfunc="sum").reindex(frame["la_code"]).fillna(0.0)
    )
    learners = tables.read("implied_unit_costs").set_index("la_code")[post16.plans].reindex(frame["la_code"])
    fee = next(p.price for p in england().prices if p.item == post16.item)
    hidden = learners.fillna(0.0).to_numpy(dtype=float) * fee * growth_to_year(post16)
    left = frame.copy()
    for side in ("outturn", "budget"):
        spent = frame[side].astype("float64").to_numpy()
        kept = np.maximum(spent - hidden, LEAST_LEFT * spent)
        left[side] = np.where(recorded[side].to_numpy() <= 0, kept, spent)
    return left


@cache
def growth_to_year(implied: Implied) -> float:
    """Return England's average plans of 2021-22 over the mean of its two Januaries, for the provisions an item pays for.

    Between counts plans follow a line; the middle of the year lies 8.5 months after the first.
    """
    table = tables.read("plans_placement")
    own = table if implied.plans is None else table[table["provision"].isin(recorded_with(implied.provision))]
    first, last = (float(own.loc[own["january"] == j, "plans"].sum()) for j in _JANUARIES)
    return (first + MIDDLE * (last - first)) / ((first + last) / 2)


@cache
def shrunk(implied: Implied) -> Shrunk:
    """Return the prices of an item in pounds by authority, shrunk towards region and England."""
    return shrink(evidence(implied))


def source_code(la_code: int, codes: set[int]) -> int | None:
    """Return the authority whose 2021-22 spending is used: itself, else the one it was part of, else None."""
    if la_code in codes:
        return la_code
    history = tables.read_reference("area_history")
    earlier = history.loc[history["successor_la_code"] == la_code, "predecessor_la_code"]
    return next((int(c) for c in earlier if int(c) in codes), None)


def estimates(la_code: int) -> pd.DataFrame:
    """Return the rows of the price book that are estimated from an authority's spending of 2021-22.

    Raises
    ------
    AreaError
        No authority of today has that number.
    """
    area = by_code(la_code)
    records = []
    for implied in IMPLIED:
        fitted = shrunk(implied)
        known = {int(record["la_code"]): record for record in records_of(fitted.authorities)}
        source = source_code(la_code, set(known))
        if source is None:
            wanted = region_of(la_code, area.region)
            place = next(r for r in records_of(fitted.regions) if r["region"] == wanted)
            spread = Z90 * float(np.hypot(fitted.between, place["log_error"]))
            price, own = float(place["price"]), 0.0
            low, high = price * np.exp(-spread), price * np.exp(spread)
            note = "no spending of its own in 2021-22: the region's price"
        else:
            row = known[source]
            price, low, high, own = (float(row[c]) for c in ("price", "low", "high", "own_weight"))
            spending = "nothing recorded" if np.isnan(row["implied"]) else f"implied {row['implied']:,.0f}"
            whose = "" if source == la_code else f" by authority {source}, which it was part of"
            note = f"{spending}{whose}; {own:.0%} its own, the rest {row['region']} and England"
        if implied.item == "post16_fee" and not own:
            # The middle authority books far more a learner than England's average, for few learners and by coding.
            price = next(p.price for p in england().prices if p.item == implied.item)
            low, high = price / TWICE, price * TWICE
            note = "nothing recorded: England's price, taken off the spending in colleges where it is booked"
        templates = [
            p for p in england().prices if (p.item, p.provision) == (implied.item, implied.provision)
        ]
        average = sum(p.price * p.share for p in templates)
        records += [_scaled(p, average, price, low, high, own, note) for p in templates]
    return as_rows(records)


def _scaled(
    p: Price, average: float, price: float, low: float, high: float, own: float, note: str
) -> dict[str, object]:
    """Return England's price row of one kind, scaled to an authority's average price, with both intervals combined."""
    ratio = price / average
    # Of several kinds, or of a figure that stands in for another, England's interval says how unsure that is: it adds to
    # the authority's own.
    unsure = p.share < 1 or p.basis == "assumed"
    extra_low, extra_high = (np.log(p.price / p.low), np.log(p.high / p.price)) if unsure else (0.0, 0.0)
    centre = p.price * ratio
    return {
        **{c: getattr(p, c) for c in COLUMNS},
        # Whole pounds: an estimate is not known to the penny, and reads back from a file unchanged.
        "price": round(centre),
        "low": round(centre * np.exp(-np.hypot(np.log(price / low), extra_low))),
        "high": round(centre * np.exp(np.hypot(np.log(high / price), extra_high))),
        "median": None if p.median is None else round(p.median * ratio),
        "price_year": ESTIMATE_YEAR,
        "basis": "estimated",
        "confidence": "medium" if own >= 0.5 and p.confidence != "low" else "low",
        "source": "S251 2021-22 over plans of the financial year, shrunk towards region and England",
        "note": note,
        "level": "authority",
    }


@cache
def for_area(la_code: int) -> PriceBook:
    """Return the price book of an authority without a ledger: England's prices and the authority's estimates.

    Raises
    ------
    AreaError
        No authority of today has that number.
    """
    return england().with_rows(estimates(la_code))
