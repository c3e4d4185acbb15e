"""What a history says about joining: plans and new plans by age, how long plans last, and England's lifetime chance of one.

Equation of the chance C of one calendar year, over bands b with w[b] ages each:

    C = 1 - exp(-sum_b w[b] new plans[b] / residents[b])

and, at the origin, the same over single ages among residents who hold none. Ages are as published by the origin; where single
ages were not, bands are spread evenly and England's plans last as long as its totals say. Nothing later is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from data.panels.backlogs import spread
from data.panels.history import History
from data.vocabulary import AGE_BANDS, AGES, BAND_CODES
from models.band_shares import BAND_WIDTH, PublishedBands
from models.base import Array, shares_of
from models.cohort_flow import BAND_OF_AGE, MOST_JOINING, exposure

COHORT = 670_000.0
"""Residents of England of one year of age, for origins at which no estimate by age was held: they were 620 to 700 thousand at
every age to 25 from 2009 to 2023."""

EVEN_SURVIVAL: tuple[tuple[int, float], ...] = ((14, 0.985), (15, 0.93), (18, 0.85), (24, 0.6), (25, 0.0))
"""Up to which age, and the share of plans that last a year, where plans by single age were not published; scaled to England's
totals."""

MOST_SURVIVAL = 1.02
"""Plans a year later per plan held, at most: families move in with plans too."""

MOMENTUM_YEARS = 4
"""Years over which the growth of the chance is measured."""

LEAST_CHANCE, MOST_CHANCE = 1e-4, 0.5
"""A chance is taken to be within these, whatever a return says."""


@dataclass(frozen=True)
class Rise:
    """England's lifetime chance of a plan up to an origin.

    Parameters
    ----------
    chance
        At the joining rates of the last calendar year, 0 to 1.
    growth
        Mean yearly log growth of the chance over `MOMENTUM_YEARS`.
    """

    chance: float
    growth: float

    @classmethod
    def of(cls, chances: Array) -> Rise:
        """Return the rise of chances of consecutive calendar years, the last being that before the origin."""
        years = min(MOMENTUM_YEARS, len(chances) - 1)
        growth = float(np.log(chances[-1] / chances[-1 - years])) / years if years else 0.0
        return cls(float(chances[-1]), growth)


@dataclass(frozen=True, eq=False)
class JoiningOpening:
    """Authorities' plans and new plans by single age at an origin: what the law starts from.

    Parameters
    ----------
    areas
        DfE numbers.
    origin
        Last January seen.
    stock
        Plans, dims ``(area, age)``, ages `data.vocabulary.AGES`.
    joined
        New plans of the last calendar year by the age at which they arrive in stocks: England's, shared out as those of the last
        three years were, same dims.
    survival
        England's plans a year later per plan held, by age, dims ``(age,)``; 0 at the oldest.
    residents
        Residents at the mid-year before each coming January, dims ``(area, january, age)``, from the origin's own January on; NaN
        where none is known.
    rise
        England's lifetime chance of a plan, and how it grew.
    """

    areas: tuple[int, ...]
    origin: int
    stock: Array
    joined: Array
    survival: Array
    residents: Array
    rise: Rise

    @classmethod
    def of(cls, history: History, years: int) -> JoiningOpening:
        """Return what a history says about joining, for a forecast of some years."""
        published = PublishedBands.of(spread(history))
        at = published.column(history.origin)
        bands = published.plans[:, :, at]
        pooled = published.pooled
        split, rate = published.joiners(history.origin)
        joined = rate * bands.sum(axis=1)
        chances, latest = _chances(history, published)
        # The mean of three years stands a year back: scaled to what joined in the last one.
        joined = joined * latest / max(float(joined[pooled].sum()), 1.0)
        stock = _single_ages(history, bands)
        flows_by_age = _profile(history)
        by_age = (joined[:, None] * split)[:, BAND_OF_AGE] * flows_by_age
        survival, residents = _survival(history, published, pooled), _residents(history, years)
        plans, new, people = (x[pooled].sum(axis=0) for x in (stock, by_age, residents[:, 0]))
        rates = rates_without_plan(plans, new, survival, people)
        rise = Rise.of(chances)
        if not np.isnan(rates).any():
            rise = replace(rise, chance=float(-np.expm1(-rates.sum())))
        return cls(history.areas, history.origin, stock, by_age, survival, residents, rise)

    def of_areas(self, areas: Sequence[int]) -> JoiningOpening:
        """Return the opening of some authorities."""
        rows = [self.areas.index(a) for a in areas]
        return JoiningOpening(
            tuple(areas),
            self.origin,
            self.stock[rows],
            self.joined[rows],
            self.survival,
            self.residents[rows],
            self.rise,
        )

    @property
    def england(self) -> JoiningOpening:
        """All authorities as one."""
        total = (a.sum(axis=0, keepdims=True) for a in (self.stock, self.joined, self.residents))
        stock, joined, residents = total
        return JoiningOpening((0,), self.origin, stock, joined, self.survival, residents, self.rise)


def rates_without_plan(stock: Array, joined: Array, survival: Array, people: Array) -> Array:
    """Return joining rates by age among residents without a plan, NaN where residents are not known, dims ``(age,)``."""
    without = np.maximum(people - plans_reaching(stock, survival), 1.0)
    return np.asarray(-np.log1p(-np.minimum(joined / without, MOST_JOINING)))


def plans_reaching(plans: Array, survival: Array) -> Array:
    """Return plans a year later before anybody joins, dims ``(..., age)``."""
    reached = np.zeros_like(plans)
    reached[..., 1:] = (plans * survival)[..., :-1]
    return reached


def _chances(history: History, published: PublishedBands) -> tuple[Array, float]:
    """Return England's lifetime chances of a plan by calendar year up to the origin, and its new plans of the last year."""
    first = history.stock["january"].to_numpy()[0]
    years = list(range(int(first), history.origin))
    flows = published.new_plans[:, :, 1:]
    returned = np.asarray(np.isfinite(flows).any(axis=1))
    whole = published.pooled & returned.all(axis=1)
    # Authorities that returned every year, brought up to all of them by their share of plans.
    plans = published.plans.sum(axis=1)[:, 1:]
    up = plans[published.pooled].sum(axis=0) / np.maximum(plans[whole].sum(axis=0), 1.0)
    joined = np.nan_to_num(flows[whole]).sum(axis=0) * up
    people = np.full((len(BAND_CODES), len(years)), COHORT)
    if history.residents.sizes["mid_year"]:
        by_age = exposure(history, years).sel(age=list(AGES)).transpose("area", "mid_year", "age").to_numpy()
        counted = np.nansum(by_age[published.pooled], axis=0)
        member = (BAND_OF_AGE[:, None] == np.arange(len(BAND_CODES))) / np.bincount(BAND_OF_AGE)
        people = (counted @ member).T
    chance = -np.expm1(-(joined / people).sum(axis=0))
    return np.clip(chance, LEAST_CHANCE, MOST_CHANCE), float(joined[:, -1].sum())


def _single_ages(history: History, bands: Array) -> Array:
    """Return plans by single age, dims ``(area, age)``: published, or else even within bands."""
    even = _within_bands(_filled())
    spread_out = bands[:, BAND_OF_AGE] * even
    if history.origin not in history.stock_by_age["january"].to_numpy():
        return np.asarray(spread_out)
    ages = history.stock_by_age.sel(january=history.origin).transpose("area", "age").to_numpy()
    england = _within_bands(np.nansum(ages, axis=0))
    known = ~np.isnan(ages).any(axis=1)
    own = np.where(known[:, None], ages, bands[:, BAND_OF_AGE] * england)
    # The total is the last published one, whatever year its ages are of.
    return np.asarray(shares_of(own, axis=1) * bands.sum(axis=1, keepdims=True))


def _filled() -> Array:
    """Return even shares of a band's plans by age, dims ``(age,)``; hardly anybody holds one at 2."""
    ages = np.array(AGES)
    inside = np.array([min(len(b.ages), w) for b, w in zip(AGE_BANDS, BAND_WIDTH, strict=True)])
    return np.where(ages == AGES[0], 0.0, 1 / inside[BAND_OF_AGE])


def _within_bands(counts: Array) -> Array:
    """Return counts by age as shares of their band."""
    bands = np.bincount(BAND_OF_AGE, counts, len(BAND_CODES))
    return np.asarray(counts / np.where(bands > 0, bands, 1.0)[BAND_OF_AGE])


def _profile(history: History) -> Array:
    """Return the share of a band's new plans at each age, dims ``(age,)``: England's latest, or else even."""
    table = history.new_plans_by_age
    if not table.sizes["year"]:
        return _within_bands(_filled())
    latest = table.isel(year=-1).sum("area").to_series()
    oldest = int(latest.index[-1])
    counts = np.array([latest.get(a, 0.0) for a in AGES])
    older = np.array(AGES) >= oldest
    # The oldest row is everybody from that age up; ever fewer join.
    counts[older] = latest[oldest] * shares_of(0.5 ** np.arange(older.sum(), dtype=float), axis=0)
    return _within_bands(counts)


def _survival(history: History, published: PublishedBands, pooled: npt.NDArray[np.bool_]) -> Array:
    """Return England's plans a year later per plan held, by age: from two Januaries of single ages, or else a common shape."""
    origin = history.origin
    shape = np.array([next(s for age, s in EVEN_SURVIVAL if a <= age) for a in AGES])
    januaries = history.stock_by_age["january"].to_numpy()
    flows = history.new_plans_by_age
    if {origin, origin - 1} <= set(januaries.tolist()) and origin - 1 in flows["year"].to_numpy():
        new = flows.sel(year=origin - 1)
        then, now = (history.stock_by_age.sel(january=j) for j in (origin - 1, origin))
        counts = (
            history.pooled & new.notnull().all("age") & then.notnull().all("age") & now.notnull().all("age")
        )
        before = then.where(counts).sum("area").to_numpy()
        after = now.where(counts).sum("area").to_numpy()
        joined = new.where(counts).sum("area").to_series()
        arrived = np.array([joined.get(a, 0.0) if a < joined.index[-1] else 0.0 for a in AGES])
        survival = np.zeros(len(AGES))
        survival[:-1] = np.clip((after - arrived)[1:] / np.maximum(before[:-1], 1.0), 0.0, MOST_SURVIVAL)
        return survival
    # Stayers of the last years as England's totals and new plans say.
    at = published.column(origin)
    ratio = 1.0
    for k in range(1, at + 1)[-1:]:
        whole = pooled & np.isfinite(published.new_plans[:, :, k]).any(axis=1)
        joined_then = np.nansum(published.new_plans[whole][:, :, k])
        stayed = published.plans[whole][:, :, k].sum() - joined_then
        expected = (
            published.plans[whole][:, :, k - 1].sum(axis=0)[BAND_OF_AGE] * _within_bands(_filled())
        ) @ shape
        ratio = stayed / max(expected, 1.0)
    return np.minimum(shape * ratio, MOST_SURVIVAL)


def _residents(history: History, years: int) -> Array:
    """Return residents at the mid-year before each January from the origin's own, dims ``(area, january, age)``."""
    if not history.residents.sizes["mid_year"]:
        return np.full((len(history.areas), years + 1, len(AGES)), np.nan)
    mid_years = list(range(history.origin - 1, history.origin + years))
    return np.asarray(
        exposure(history, mid_years).sel(age=list(AGES)).transpose("area", "mid_year", "age").to_numpy()
    )
