"""The cost of one child a year in pounds, by item, provision, phase and need group: prices of the book after levers.

A cell is a phase, need group and provision. Ages and needs within a cell are those of the authority's plans today, so a cell
may be paid at several prices; each part of a cell with prices of its own is a *class*:

    per child[cell] = sum over classes of weight[cell, class] x price[class]

with price in pounds of each financial year, by the growth of the book's inflator, after a scenario's levers: growth of prices
first, then the price itself, then the variation of single fees, then a ceiling on them, E[min(fee, ceiling)]
(`data.prices.placement_fees`). Transport is the price of a journey times the share who travel.

Fees differ between single placements: with n of them the average fee is

    price x exp(s z - s^2 / 2),    s^2 = ln(1 + (exp(f^2) - 1) / n)

with f the spread of the log of single fees and z standard normal, the same in every year and scenario. Those paid by one row of
the book are n together, however a lever divides them.

Invariants: weights of an item in a cell add up to 1 where the item is paid for there and to 0 elsewhere; a lever that changes
nothing changes no price; no average fee is above a ceiling; nothing here summarises.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import xarray as xr

from data.financial_year import FinancialYear
from data.prices import place_rates
from data.prices.inflation import draw_normals
from data.prices.placement_fees import mean_under_ceiling
from data.prices.price_book import PriceBook, PriceDraws
from data.vocabulary import (
    NEED_CODES,
    NEED_GROUP_CODES,
    NEED_GROUPS,
    PHASE_CODES,
    PHASE_OF_AGE,
    PROVISION_CODES,
)
from forecast.core.financial_year import labels, with_levers
from models.base import Array, Floats
from scenarios.effects import UNCHANGED, MoneyChange, MoneyEffects

PER_CHILD: tuple[str, ...] = (
    "top_up", "inmss_fee", "independent_mainstream_fee", "post16_fee", "other_package", "sen_support",
    "therapies_equipment", "send_transport",
)  # fmt: skip
"""Items paid for each child, in order; places are paid for by the place (`forecast.finance.cost_model`)."""

SHAPE = (len(PHASE_CODES), len(NEED_GROUP_CODES), len(PROVISION_CODES))
"""Dims of cells: phase, need group, provision."""

_GROUP_OF = np.array([next(i for i, g in enumerate(NEED_GROUPS) if n in g.needs) for n in NEED_CODES])
_PHASE_OF = np.array([PHASE_CODES.index(p) for p in PHASE_OF_AGE])
_SCARCE = 1e-6


@dataclass(frozen=True, slots=True)
class PriceClass:
    """A class of children for whom the same price is paid.

    Parameters
    ----------
    item, provision
        Of the price book.
    row
        Row of the book.
    s251, dsg_block
        Where it is booked.
    """

    item: str
    provision: str
    row: int
    s251: str
    dsg_block: str


@dataclass(frozen=True, eq=False)
class Tariff:
    """Yearly prices of one item, in pounds a child.

    Parameters
    ----------
    item
        Code of `data.prices.price_book.ITEMS`.
    classes
        What is paid alike.
    weights
        Part of the children of a cell in each class, dims ``(cell, class)``; cells as `SHAPE`, flattened.
    prices
        Pounds a child and year, dims ``(draw, financial_year, class)``.
    """

    item: str
    classes: tuple[PriceClass, ...]
    weights: Array
    prices: Array

    def per_child(self, year: int | slice = slice(None), dsg_block: str | None = None) -> Array:
        """Return pounds a child, dims ``(draw, financial_year, phase, need_group, provision)``, or of one year only.

        Parameters
        ----------
        year
            Its position; all years where left out.
        dsg_block
            Only what this block, or the general fund, pays; None: whoever pays.
        """
        mine = [at for at, c in enumerate(self.classes) if dsg_block in (None, c.dsg_block)]
        pounds = self.prices[:, year][..., mine] @ self.weights[:, mine].T
        return np.asarray(pounds.reshape(*pounds.shape[:-1], *SHAPE))


@dataclass(frozen=True, eq=False)
class Newness:
    """Numbers of INMSS placements by age and January, from which the share of new ones follows.

    Parameters
    ----------
    by_age
        Children in INMSS each January from the origin, dims ``(draw, january, age)``.
    origin
        The first January.
    """

    by_age: Floats
    origin: int

    def since(self, year: FinancialYear, years: Sequence[FinancialYear]) -> Array:
        """Return the share of placements made after the January of a given year, dims ``(draw, financial_year)``.

        Of those placed before, no more can be left at an age than are there now, and no more than were there when younger.
        """
        first = min(max(year.begins - self.origin, 0), self.by_age.shape[1] - 1)
        shares = np.zeros((len(self.by_age), len(years)))
        for i, y in enumerate(years):
            at = min(y.january - self.origin, self.by_age.shape[1] - 1)
            gap = at - first
            if gap <= 0:
                continue
            now = self.by_age[:, at]
            left = np.minimum(now[:, gap:], self.by_age[:, first, : now.shape[1] - gap]).sum(axis=1)
            total = now.sum(axis=1)
            shares[:, i] = 1 - np.divide(left, total, out=np.ones_like(left), where=total > 0)
        return shares


@dataclass(frozen=True, eq=False)
class FeeVariation:
    """Random variation of the average fee, because an authority pays for a limited number of placements.

    Parameters
    ----------
    root
        Source of randomness; the same for scenarios to be compared.
    children
        Children of the year, dims ``(draw, financial_year, cell)``; cells as `SHAPE`, flattened.
    """

    root: int
    children: Array

    def factors(self, item: str, kind: str, spread: float, weights: Array) -> Array:
        """Return the average fee of the placements relative to the price, dims ``(draw, financial_year)``.

        Parameters
        ----------
        item, kind
            Of the price.
        spread
            Standard deviation of the log of single fees.
        weights
            Part of the children of a cell whom the price is paid for, dims ``(cell,)``.
        """
        number = np.maximum(self.children @ weights, 1.0)
        variance = np.log1p(np.expm1(spread**2) / number)
        z = draw_normals(self.root, f"fees {item} {kind}", len(number))
        return np.asarray(np.exp(np.sqrt(variance) * z[:, None] - variance / 2))


@dataclass(frozen=True, eq=False)
class Pricing:
    """The inputs of one run's prices: price book, draws, levers and variation of fees.

    Parameters
    ----------
    book, drawn
        Prices and their draws; growth must be drawn for all ``years``.
    years
        Financial years.
    newness
        How many INMSS placements are new.
    levers
        A scenario's changes of money; those of income change no price.
    fee_variation
        Of single fees; None: the average fee is the price.
    """

    book: PriceBook
    drawn: PriceDraws
    years: Sequence[FinancialYear]
    newness: Newness
    levers: MoneyEffects = UNCHANGED
    fee_variation: FeeVariation | None = None


@dataclass(frozen=True, eq=False)
class _PriceLevers:
    """Levers that reach the price of one item, or of one class of children: see `scenarios.effects.MoneyEffects`."""

    growth: tuple[MoneyChange, ...] = ()
    price: tuple[MoneyChange, ...] = ()
    ceilings: tuple[MoneyChange, ...] = ()
    ceilings_on_new: tuple[MoneyChange, ...] = ()
    travellers: tuple[MoneyChange, ...] = ()

    @classmethod
    def on(cls, item: str, levers: MoneyEffects) -> _PriceLevers:
        """Return the levers on one item of the price book."""
        capped = item == "inmss_fee"
        return cls(
            growth=()
            if item == place_rates.ITEM
            else levers.price_growth,  # set by a dated table, not by prices
            price=levers.on_price(item),
            ceilings=levers.ceilings if capped else (),
            ceilings_on_new=levers.ceilings_on_new if capped else (),
            travellers=levers.travellers if item == "send_transport" else (),
        )

    def all(self) -> list[MoneyChange]:
        """Return the levers in the order of the fields."""
        return [change for own in fields(self) for change in getattr(self, own.name)]

    def reaching(self, bits: Iterable[int]) -> _PriceLevers:
        """Return the levers that apply to a class of children, given 1 or 0 for each lever in the order of `all`."""
        bit = iter(bits)
        return _PriceLevers(
            **{own.name: tuple(c for c in getattr(self, own.name) if next(bit)) for own in fields(self)}
        )


def tariffs(pricing: Pricing, known: xr.DataArray, items: Sequence[str] = PER_CHILD) -> dict[str, Tariff]:
    """Return the yearly cost of children in pounds, by item.

    Parameters
    ----------
    pricing
        What prices are made from.
    known
        Plans today, dims ``(age, need)``.
    items
        Which items.

    Raises
    ------
    PriceError
        Growth of a year was not drawn.
    OptionError
        Levers have another number of draws than the prices.
    """
    stock = known.transpose("age", "need").to_numpy().astype(float) + _SCARCE
    within = stock / _cell_totals(stock)
    return {item: _tariff(pricing, within, item) for item in items}


def _cell_totals(stock: Array) -> Array:
    """Return, for each age and need, the sum over its phase and need group, dims ``(age, need)``."""
    totals = np.zeros(SHAPE[:2])
    np.add.at(totals, (_PHASE_OF[:, None], _GROUP_OF[None, :]), stock)
    return np.asarray(totals[_PHASE_OF][:, _GROUP_OF])


def _tariff(pricing: Pricing, within: Array, item: str) -> Tariff:
    """Return the prices of one item; ``within`` is the share of a cell at each age and need, dims ``(age, need)``."""
    book, levers = pricing.book, _PriceLevers.on(item, pricing.levers)
    key, at, share = _parts(book, item, levers.all())
    distinct, which = np.unique(key, axis=0, return_inverse=True)
    weights = np.zeros((int(np.prod(SHAPE)), len(distinct)))
    provision, need, age = at
    cell = np.ravel_multi_index((_PHASE_OF[age], _GROUP_OF[need], provision), SHAPE)
    np.add.at(weights, (cell, which.ravel()), within[age, need] * share)
    prices = np.empty((pricing.drawn.levels.sizes["draw"], len(pricing.years), len(distinct)))
    classes = []
    done: dict[tuple[int, ...], Array] = {}
    for position, (where, row, traveller, *bits) in enumerate(distinct):
        price = book.prices[row]
        signature = (int(row), int(traveller), *(int(b) for b in bits))
        if signature not in done:
            fee_variation = None
            if pricing.fee_variation is not None and price.log_spread > 0:
                all_paid = weights[:, distinct[:, 1] == row].sum(axis=1)
                fee_variation = pricing.fee_variation.factors(item, price.kind, price.log_spread, all_paid)
            done[signature] = _price(pricing, int(row), int(traveller), levers.reaching(bits), fee_variation)
        prices[:, :, position] = done[signature]
        classes.append(PriceClass(item, PROVISION_CODES[where], int(row), price.s251_line, price.dsg_block))
    return Tariff(item, tuple(classes), weights, prices)


def _parts(
    book: PriceBook, item: str, levers: Sequence[MoneyChange]
) -> tuple[npt.NDArray[np.int64], tuple[npt.NDArray[np.int64], ...], Array]:
    """Return the smallest groups of children with one price: their key, their position, and their share of their kind.

    The key is provision, row, row of the travelling share (-1 for none) and whether each lever reaches them.
    """
    rows = book.rows_in_force(item).transpose("provision", "need", "age", "kind").to_numpy()
    cells = np.argwhere(rows >= 0)
    provision, need, age, _ = cells.T
    row = rows[tuple(cells.T)]
    traveller = np.full(len(row), -1)
    if item == "send_transport":
        shares = (
            book.rows_in_force("send_travellers").transpose("provision", "need", "age", "kind").to_numpy()
        )
        traveller = shares.max(axis=3)[provision, need, age]
        there = traveller >= 0
        provision, need, age, row, traveller = (x[there] for x in (provision, need, age, row, traveller))
    bits = [_reached(c)[provision, need].astype(np.int64) for c in levers]
    share = np.array([p.share for p in book.prices])[row]
    return np.stack([provision, row, traveller, *bits], axis=1), (provision, need, age), share


def _reached(change: MoneyChange) -> npt.NDArray[np.bool_]:
    """Return whether a lever reaches each provision and need, dims ``(provision, need)``."""
    provisions = [not change.provisions or p in change.provisions for p in PROVISION_CODES]
    needs = [not change.needs or n in change.needs for n in NEED_CODES]
    return np.logical_and.outer(provisions, needs)


def _price(
    pricing: Pricing, row: int, traveller: int, levers: _PriceLevers, relative_fee: Array | None
) -> Array:
    """Return pounds a child and year after levers and variation of fees, dims ``(draw, financial_year)``.

    Parameters
    ----------
    pricing
        What prices are made from.
    row, traveller
        Rows of the book: of the price, and of the share who travel (-1 for none).
    levers
        Those that reach the children.
    relative_fee
        Average fee over the price, dims ``(draw, financial_year)``; None: 1.
    """
    years, januaries = pricing.years, pricing.levers.januaries
    price = in_years(pricing.drawn, row, years, levers.growth, januaries)
    if levers.price:
        price = with_levers(price, levers.price, years=years, januaries=januaries)
    if relative_fee is not None:
        price = price * relative_fee
    if levers.ceilings or levers.ceilings_on_new:
        price = _apply_ceilings(pricing, price, pricing.book.prices[row].log_spread, levers)
    if traveller >= 0:
        shares = in_years(pricing.drawn, traveller, years)
        price = price * with_levers(shares, levers.travellers, years=years, januaries=januaries, most=1.0)
    return price


def in_years(
    drawn: PriceDraws,
    row: int,
    years: Sequence[FinancialYear],
    inflation: Sequence[MoneyChange] = (),
    januaries: Sequence[int] = (),
) -> Array:
    """Return one price of a book in pounds of several financial years, dims ``(draw, financial_year)``.

    Parameters
    ----------
    inflation
        Levers on its growth.
    """
    levels, every, begins = drawn.arrays
    growth = every[:, row]
    if inflation:
        growth = with_levers(
            growth, inflation, years=[FinancialYear(y) for y in begins], januaries=januaries, least=-1.0
        )
    # Years before an inflator's first are never asked for: the book refuses prices older than that.
    index = np.cumprod(1 + np.nan_to_num(growth), axis=1)
    index = np.concatenate([np.ones((len(index), 1)), index], axis=1)
    first = begins[0] - 1
    wanted = [y.begins - first for y in years]
    return np.asarray(levels[:, row, None] * index[:, wanted] / index[:, [drawn.begins[row] - first]])


def _apply_ceilings(pricing: Pricing, price: Array, spread: float, levers: _PriceLevers) -> Array:
    """Return mean fees in pounds under ceilings; a weight below 1 (a ramp) applies a ceiling in part.

    A placement under several ceilings is held to the lowest. Those whom a ceiling of smaller reach holds are among those whom one
    of larger reach holds, so the order of ceilings does not matter and a ceiling listed twice acts once.
    """
    years, januaries = pricing.years, pricing.levers.januaries
    reached, tops = [], []
    for change, on_new in [(c, False) for c in levers.ceilings] + [(c, True) for c in levers.ceilings_on_new]:
        weight = np.array(
            [change.weight[januaries.index(y.january)] if y.january in januaries else 0.0 for y in years]
        )
        part = np.broadcast_to(weight, price.shape)
        if on_new and (weight > 0).any():
            part = part * pricing.newness.since(years[int(np.argmax(weight > 0))], years)
        reached.append(part)
        tops.append(np.broadcast_to(change.size[:, None], price.shape))
    order = np.argsort(np.stack(reached), axis=0, kind="stable")
    reach = np.take_along_axis(np.stack(reached), order, axis=0)
    lowest = np.minimum.accumulate(np.take_along_axis(np.stack(tops), order, axis=0)[::-1], axis=0)[::-1]
    limited = price
    for part, top in zip(np.diff(reach, axis=0, prepend=0.0), lowest, strict=True):
        limited = limited + part * (mean_under_ceiling(price, spread, top) - price)
    return np.asarray(limited)


def per_child(by_item: Mapping[str, Tariff], years: Sequence[FinancialYear]) -> xr.DataArray:
    """Return pounds a child and year, dims ``(draw, financial_year, item, phase, need_group, provision)``."""
    return xr.DataArray(
        np.stack([t.per_child() for t in by_item.values()], axis=2),
        dims=("draw", "financial_year", "item", "phase", "need_group", "provision"),
        coords={
            "financial_year": labels(years),
            "item": list(by_item),
            "phase": list(PHASE_CODES),
            "need_group": list(NEED_GROUP_CODES),
            "provision": list(PROVISION_CODES),
        },
    )
