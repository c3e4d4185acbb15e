"""A forecast given the council's own count: its draws are moved to agree with plans counted on a day after the last January.

Equations, with L[t] the log of plans in January t and f the part of a year gone since the January before the day:

    log count = (1 - f) L[t] + f L[t + 1] + e,   e ~ N(0, DEFINITION^2 + 4 f (1 - f) WITHIN_YEAR^2 + FEW / count)

Draw by draw, L'[u] = L[u] + k[u] (log count + e_draw - h_draw), k[u] = max(0, cov(L[u], h)) / (var(h) + var(e)), h being the
right side without e: the ensemble form of conditioning on a measurement with its error, exact for Gaussian draws. Covariances are
the draws' own, so the law of later growth carries the count on. Shares of age bands, in centred logs, are moved alike; England's
joiners of the rest of the year are counted into the bands first. Needs of the opening stock are raked to a weighted mean of logs.

Invariants: draws stay draws and each moves by the same rule; more plans counted never lower a draw of the total; age bands add up
to totals; an error that is large beside the spread moves nothing; nothing published is changed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from data.counts.own_counts import PlansCount, census_day
from data.panels.composition import Composition
from data.panels.history import History
from data.vocabulary import BAND_CODES, NEED_CODES
from forecast.demand.simulate import known_stock
from models.base import QUANTILE_DRAWS, Array, Forecast

DEFINITION = 0.010
"""Standard deviation, in logs, of a council's own count about what the return of the same day would say: 1 %. Both come from one
case system, but plans are entered and closed late, and moves in and out are counted on other days. No publication sets the two
side by side; the part of `UNEVEN` that returns' own errors can explain allows 2 % at most."""

UNEVEN = 0.025
"""How far a January's log plans lie from the mean of the Januaries before and after: interquartile range over 1.349 of
authorities with 500 plans or more, Januaries 2020 to 2025. It is alike for small and large authorities."""

WITHIN_YEAR = math.sqrt((UNEVEN**2 - 1.5 * DEFINITION**2) / 2)
"""Standard deviation in logs of the middle of a year about the mean of its two Januaries: growth within a year is not even. What
is left of the variance of `UNEVEN` once returns' own errors are taken out (of three returns, weights 1, 1/2, 1/2), halved because
a year is half of two years and increments are taken to be independent. Between, it falls as 4 f (1 - f)."""

FEW = 0.1
"""Variance in logs that a count of one plan would have besides, falling as 1 / count: in an authority of 30 plans one or two more
or fewer are chance. In one of 1,000 it is as good as nothing."""

BAND_DEFINITION = 0.03
"""Standard deviation in logs of a counted share of an age band: age is worked out on another day or from another field."""

BAND_YEAR = 0.10
"""The same for a year's joiners, who differ by authority from England's; it counts for the part of a year that is left."""

NEED_PUBLISHED = 0.05
"""Standard deviation in logs of an authority's need shares a year after they were published, worked out from its own flows."""

NEED_ESTIMATED = 0.40
"""The same where England's mix at each age stands in for the authority's: authorities' shares of the commoner needs differ from
it by 0.3 to 0.6 in logs (January 2025)."""

NEED_DEFINITION = 0.10
"""Standard deviation in logs of a counted need share: one plan has several needs, and the council's system may name another
first."""

SEPTEMBER = 9
"""Month in which ages move on: from then on a count has the ages of the next January's return."""

WILD = 3.2905
"""Standard deviations on either side that hold 99.9 % of a normal distribution."""


@dataclass(frozen=True, eq=False)
class CountMeasure:
    """What a count measures: the weighted mean of the logs of Januaries, with an error.

    Parameters
    ----------
    weights
        Of each January, adding up to 1.
    error
        Variance of the error in logs.
    """

    weights: Array
    error: float


@dataclass(frozen=True)
class CountDay:
    """The place of a day between two January returns.

    Parameters
    ----------
    january
        The January before it.
    part
        Part of the year gone, 0 to below 1.
    """

    january: int
    part: float

    @classmethod
    def of(cls, count: PlansCount) -> CountDay:
        """Return the place of the day of a count."""
        january = count.day.year if count.day >= census_day(count.day.year) else count.day.year - 1
        start, end = census_day(january), census_day(january + 1)
        return cls(january, (count.day - start).days / (end - start).days)

    def measure(self, januaries: Sequence[int], plans: int) -> CountMeasure:
        """Return what a count of the day measures.

        Parameters
        ----------
        januaries
            Ascending: the last published, and those forecast after it. A gap of several years is one piece.
        plans
            Plans counted.
        """
        at = self.january + self.part
        after = max(1, int(np.searchsorted(januaries, at, side="right")))
        before, gap = after - 1, januaries[after] - januaries[after - 1]
        part = (at - januaries[before]) / gap
        weights = np.zeros(len(januaries))
        weights[before], weights[after] = 1 - part, part
        return CountMeasure(
            weights, DEFINITION**2 + 4 * part * (1 - part) * gap * WITHIN_YEAR**2 + FEW / plans
        )


@dataclass(frozen=True, eq=False)
class ExpectedCount:
    """What the forecast without the count expects the count to be.

    Parameters
    ----------
    middle, spread
        Mean and standard deviation of the log count, the count's own error among them.
    """

    middle: float
    spread: float

    @property
    def interval(self) -> tuple[float, float]:
        """Plans between which the forecast has the count in 999 of 1,000 futures."""
        return math.exp(self.middle - WILD * self.spread), math.exp(self.middle + WILD * self.spread)

    def is_wild(self, total: int) -> bool:
        """Return whether a count lies outside the interval."""
        low, high = self.interval
        return not low <= total <= high


@dataclass(frozen=True, eq=False)
class LastPublished:
    """Plans of the last January that was published for an authority: where the count's year starts."""

    january: int
    total: float

    @classmethod
    def of(cls, history: History, la_code: int) -> LastPublished:
        """Return the last published total of an authority."""
        latest = history.latest(la_code)
        return cls(int(latest["january"]), float(latest.sel(series=list(BAND_CODES)).sum()))


def _measured(total: xr.DataArray, known: LastPublished, count: PlansCount) -> tuple[Array, Array, float]:
    """Return log totals ``(draw, january)``, what the count measures of them ``(draw,)``, and the variance of its error."""
    logs = np.log(np.maximum(total.transpose("draw", "january").to_numpy(), 0.5))
    januaries = [known.january, *map(int, total["january"].to_numpy())]
    measure = CountDay.of(count).measure(januaries, count.total)
    measured = measure.weights[0] * math.log(max(known.total, 0.5)) + logs @ measure.weights[1:]
    return logs, measured, measure.error


def expected(total: xr.DataArray, known: LastPublished, count: PlansCount) -> ExpectedCount:
    """Return what draws of the total, dims ``(draw, january)``, expect the council to count."""
    _, measured, error = _measured(total, known, count)
    return ExpectedCount(float(measured.mean()), math.sqrt(float(measured.var()) + error))


def given_total(
    total: xr.DataArray,
    known: LastPublished,
    count: PlansCount,
    rng: np.random.Generator,
    error: float | None = None,
) -> xr.DataArray:
    """Return draws of the total given the count, same dims and coordinates.

    Parameters
    ----------
    total
        Plans, dims ``(draw, january)`` in any order, Januaries consecutive from the one after the origin.
    known
        The last published total.
    count
        What the council counted.
    rng
        Source of the count's own error in each draw.
    error
        Variance of the count's error in logs; `DEFINITION` and `WITHIN_YEAR` where None.
    """
    logs, measured, usual = _measured(total, known, count)
    variance = usual if error is None else error
    spread = float(measured.var())
    noise = _noise(measured, rng) * math.sqrt(variance)
    centred = measured - measured.mean()
    gain = np.maximum(logs.T @ centred / len(centred), 0.0) / (spread + variance)
    moved = logs + gain * (math.log(count.total) + noise - measured)[:, None]
    given: xr.DataArray = total.transpose("draw", "january").copy(data=np.exp(moved))
    return given.transpose(*total.dims)


def _noise(measured: Array, rng: np.random.Generator) -> Array:
    """Return normal draws with mean 0 and variance 1 exactly, uncorrelated with what is measured.

    So that the middle and spread of the draws given a count are those of the equation and not of a lucky sample.
    """
    noise = rng.standard_normal(len(measured))
    design = np.column_stack([np.ones(len(measured)), measured - measured.mean()])
    noise = noise - design @ np.linalg.lstsq(design, noise, rcond=None)[0]
    return np.asarray(noise / noise.std())


@dataclass(frozen=True, eq=False)
class GivenCount:
    """A forecast of one authority's totals given its own count, behind the protocol of any forecast.

    Parameters
    ----------
    totals
        Forecast without the count.
    known, count
        The last published total, and what the council counted.
    seed
        Seed of the count's own error.
    """

    totals: Forecast
    known: LastPublished
    count: PlansCount
    seed: np.random.SeedSequence

    @property
    def model(self) -> str:
        """Name of the model."""
        return self.totals.model

    @property
    def origin(self) -> int:
        """Last January the model saw."""
        return self.totals.origin

    def draws(self, count: int, rng: np.random.Generator) -> xr.DataArray:
        """Return joint draws in plans, dims ``(draw, area, series, january)``, of the one authority."""
        drawn = self.totals.draws(count, rng)
        total = drawn.isel(area=0, series=0, drop=True)
        given = given_total(total, self.known, self.count, np.random.default_rng(self.seed))
        return drawn.copy(
            data=given.expand_dims(area=drawn["area"], series=drawn["series"])
            .transpose(*drawn.dims)
            .to_numpy()
        )

    def quantiles(self, probabilities: Sequence[float]) -> xr.DataArray:
        """Return quantiles of draws in plans, dims ``(area, series, january, quantile)``."""
        drawn = self.draws(QUANTILE_DRAWS, np.random.default_rng(self.origin))
        return drawn.quantile(list(probabilities), dim="draw").transpose(..., "quantile")


def joiners_of_year(history: History) -> Array:
    """Return England's new plans of the last calendar year among plans of the January after, by age band, 0 to 1."""
    year = int(history.new_plans_by_band["year"][-1])
    new = history.new_plans_by_band.sel(year=year, series=list(BAND_CODES), drop=True)
    stock = history.stock.sel(january=year + 1, series=list(BAND_CODES), drop=True)
    both = new.notnull() & stock.notnull()
    shares = new.where(both).sum("area") / stock.where(both).sum("area")
    return shares.clip(0.0, 0.95).fillna(0.0).sel(series=list(BAND_CODES)).to_numpy()


def uses_bands(count: PlansCount) -> bool:
    """Return whether a count's age bands move the forecast: from September on they are the ages of the next January."""
    return bool(count.bands) and (count.day.month >= SEPTEMBER or count.day < census_day(count.day.year))


def given_bands(
    bands: xr.DataArray, count: PlansCount, joiners: Array, rng: np.random.Generator
) -> xr.DataArray:
    """Return draws of age bands given the counted bands; totals of every draw and January stay as they were.

    Parameters
    ----------
    bands
        Plans, dims ``(draw, series, january)`` in any order, ``series`` being the five bands.
    count
        What the council counted, with bands.
    joiners
        `joiners_of_year`.
    rng
        Source of the count's own error in each draw.
    """
    ordered = bands.transpose("draw", "series", "january").sel(series=list(BAND_CODES))
    plans = np.maximum(ordered.to_numpy(), 1e-6)
    day = CountDay.of(count)
    at = [int(j) for j in ordered["january"].to_numpy()].index(day.january + 1)
    shares = _centred(np.log(plans), axis=1)
    counted = np.array([count.bands[code] for code in BAND_CODES], dtype=float)
    # Who joins between the day and January is in the return and not yet in the count.
    still_to_join = np.log1p(-(1 - day.part) * joiners)
    target = _centred(np.log(counted + 0.5) - still_to_join, axis=0)
    error = BAND_DEFINITION**2 + (1 - day.part) * BAND_YEAR**2 + 1 / (counted + 1)
    measured = shares[:, :, at]
    apart = measured - measured.mean(axis=0)
    flat = shares.reshape(len(shares), -1)
    cross = (flat - flat.mean(axis=0)).T @ apart / len(apart)
    gain = np.linalg.solve(apart.T @ apart / len(apart) + np.diag(error), cross.T).T
    noise = rng.standard_normal(measured.shape)
    noise = (noise - noise.mean(axis=0)) * np.sqrt(error)
    moved = (flat + (target + noise - measured) @ gain.T).reshape(shares.shape)
    weights = np.exp(moved - moved.max(axis=1, keepdims=True))
    total = ordered.to_numpy().sum(axis=1, keepdims=True)
    given: xr.DataArray = ordered.copy(data=total * weights / weights.sum(axis=1, keepdims=True))
    return given.transpose(*bands.dims)


def _centred(logs: Array, axis: int) -> Array:
    return np.asarray(logs - logs.mean(axis=axis, keepdims=True))


def raked(stock: xr.DataArray, needs: Mapping[str, int], spread: float) -> xr.DataArray:
    """Return an opening stock with its needs drawn towards counted needs; plans of every age stay as they were.

    Parameters
    ----------
    stock
        Plans, dims ``(age, need)``.
    needs
        Plans counted by primary need, every need.
    spread
        Standard deviation in logs of the need shares of ``stock``.
    """
    ordered = stock.transpose("age", "need").sel(need=list(NEED_CODES))
    plans = ordered.to_numpy()
    total = plans.sum()
    if total <= 0:
        return stock
    counted = np.array([needs[code] for code in NEED_CODES], dtype=float)
    before, now = plans.sum(axis=0) + 0.5, counted + 0.5
    weight = spread**2 / (spread**2 + NEED_DEFINITION**2 + 1 / now)
    logs = (1 - weight) * np.log(before / before.sum()) + weight * np.log(now / now.sum())
    wanted = np.exp(logs)
    wanted *= total / wanted.sum()
    ages = plans.sum(axis=1)
    # A need that nobody has today still gets the ages of everybody.
    table = plans + 1e-6 * ages[:, None]
    for _ in range(RAKING_STEPS):
        table = table * (wanted / table.sum(axis=0))
        by_age = table.sum(axis=1)
        table = table * np.divide(ages, by_age, out=np.zeros_like(ages), where=by_age > 0)[:, None]
    brought: xr.DataArray = ordered.copy(data=table)
    return brought.transpose(*stock.dims)


RAKING_STEPS = 200
"""Rounds of raking: margins agree to a thousandth of a plan long before."""


def with_needs(
    composition: Composition, history: History, la_code: int, count: PlansCount
) -> tuple[Composition, xr.DataArray, xr.DataArray]:
    """Return a composition in which the authority's latest needs are drawn towards those counted, and its needs before and after.

    The composition given is not changed; needs have dims ``(need,)``.
    """
    stock, estimated = known_stock(composition, la_code, history.latest(la_code))
    years = composition.january - composition.need_january
    spread = NEED_ESTIMATED if estimated else NEED_PUBLISHED * max(years, 0.5)
    brought = raked(stock, count.needs, spread)
    every = composition.stock.copy(deep=True)
    every.loc[{"area": la_code}] = brought.transpose(*[d for d in every.dims if d != "area"])
    return replace(composition, stock=every), stock.sum("age"), brought.sum("age")
