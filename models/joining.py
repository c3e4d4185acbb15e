"""Joining: the law that bounds totals beyond the third year, and the forecast that hands over to it.

C is the lifetime chance of a plan at one year's joining rates, l_a the rate at age a among residents who hold none:

    C_t = 1 - exp(-sum_a l_a I_t),    u_t = logit(C_t / C*),    u_{t+1} = u_t + b_t + `LEVEL_SHOCK` t4
    b_{t+1} = f b_t + (1 - f) d / (1 - C_T / C*) + `MOMENTUM_SHOCK` t4 + B_t e_t,    B ~ Bernoulli(p),  e ~ Normal(0, `BREAK`)
    joiners[i, a, t] = (residents - holders)[i, a, t] (1 - exp(-l_ia I_it)),    I_it = log(1 - C_it) / log(1 - C_iT)

so C never passes its ceiling C* and nobody joins twice. An authority's own C_it is on the same curve below the same ceiling, its
level drawing nearer to England's as levels did (`LEVEL_KEPT`); it keeps its own ages and, in every draw, its own deviation of
the first years. Holders age by England's survival. Totals move from the model of totals to this law over `FIRST_HANDED_OVER` to
`LAST_HANDED_OVER` years ahead h:

    log N_h - log N_{h-1} = (1 - w_h) (as the model of totals says) + w_h (as the law says),    w_h = clip((h - 3) / 5, 0, 1)

The years to h = 3 are the model's own, draw by draw. A draw in which England grows more than in others to then is paired with
an index that does: both are one future.

=================  =============================  ================================================================
parameter          prior                          reason
=================  =============================  ================================================================
C*                 LogNormal(log 0.25, 0.30) in   US states serve 12 to 21 % of pupils, Scotland and Ontario more
                   [1.08 C_T, 0.60]               under wider definitions
b_T                Normal(0.8 g, 0.05) /          momentum is real but shrinks; g is the mean growth of C over
                   (1 - C_T / C*)                 four years, which one odd year moves by some points
d                  Normal(0.03, 0.01)             what rates drifted at in a generation: US 8.3 to 13.8 % in 28
                                                  years, Northern Ireland 3.5 % a year for 16, Netherlands 2.2 to
                                                  4.3 % in 20
f                  Beta(17, 3)                    half-life of about four years
p                  Beta(2, 18)                    a break a decade, of either sign: 1981, about 1998, 2014
=================  =============================  ================================================================

Nothing is estimated from the years after an origin; what was tried is in docs/experiments.md, how it would have done in
docs/track-record.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.special import expit, logit, ndtr, ndtri

from data.errors import OptionError
from data.panels.history import History
from data.vocabulary import ALL
from models.base import QUANTILE_DRAWS, Array, Forecast, Model
from models.cohort_flow import HIGHEST_CHANCE
from models.joining_evidence import JoiningOpening, Rise, plans_reaching, rates_without_plan

CEILING, CEILING_SPREAD = np.log(0.25), 0.30
LEAST_ROOM = 1.08
"""The ceiling is at least this multiple of today's chance, and at most `models.cohort_flow.HIGHEST_CHANCE`."""

LEAST_DOUBT = 0.05
"""Log width of the range that a ceiling is drawn from, at least."""

MOMENTUM_KEPT, MOMENTUM_ERROR = 0.8, 0.05
DRIFT, DRIFT_SPREAD = 0.03, 0.01
"""Yearly log growth of the chance that momentum returns to while the ceiling is far: its prior's mean and spread."""

PERSISTENCE = (17.0, 3.0)
BREAKS = (2.0, 18.0)
"""Beta priors of the part of momentum kept for a year, and of the yearly chance of a break."""

BREAK = 0.20
LEVEL_SHOCK, MOMENTUM_SHOCK, SHOCK_TAIL = 0.06, 0.05, 4.0

FIRST_HANDED_OVER, LAST_HANDED_OVER = 3, 8
"""Years ahead up to which the model of totals stands alone, and from which the law does."""

LEVEL_KEPT, LEVEL_SPREAD = 0.75, 0.20
"""How an authority's level of joining differs from England's: the part of the log difference kept for a year, and the spread it
returns to. New plans per resident aged 2 to 17, three years together, 148 areas: of the differences of 2010-12, 2011-13 and
2013-15 there were 0.13, 0.35 and 0.13 left in 2018-20, 2016-18 and 2018-20, and their spread stayed at 0.24."""

LEAST_TOTAL = 1e-6
"""Totals are never divided by less."""

LAW_DRAWS = 2000
"""Draws of England's index kept with a fit."""


@dataclass(frozen=True)
class Chances:
    """Draws of the lifetime chance of a plan in the years after an origin.

    Parameters
    ----------
    ceiling
        England's highest chance, dims ``(draw,)``.
    shift
        u of the module less its value today, dims ``(draw, year)``, the first year being that to the first January forecast.
    today
        England's chance in the last calendar year before.
    """

    ceiling: Array
    shift: Array
    today: float

    def chance(self, own: Array | float | None = None) -> Array:
        """Return chances of England, or of an authority, dims ``(draw, year)``.

        Parameters
        ----------
        own
            What the authority's chance would be in each year were England's to stay as it is, broadcast to the dims; England's
            own chance where None.
        """
        level = np.asarray(self.today if own is None else own)
        start = logit(np.clip(level / self.ceiling[:, None], 1e-6, 1 / LEAST_ROOM))
        return np.asarray(self.ceiling[:, None] * expit(start + self.shift))

    def some(self, draws: npt.NDArray[np.int64]) -> Chances:
        """Return the chances in some draws, in their order."""
        return Chances(self.ceiling[draws], self.shift[draws], self.today)


def draw_chances(rise: Rise, years: int, count: int, rng: np.random.Generator) -> Chances:
    """Draw England's lifetime chance of a plan by the equations of the module.

    Parameters
    ----------
    rise
        Where it stands and how it grew.
    years
        Years ahead.
    count
        Number of draws.
    rng
        Source of randomness; a longer horizon leaves earlier years as they are.
    """
    today = min(rise.chance, HIGHEST_CHANCE / LEAST_ROOM)
    ceiling = _ceilings(today, count, rng)
    room = 1 - today / ceiling
    kept = rng.beta(*PERSISTENCE, count)
    chance_of_break = rng.beta(*BREAKS, count)
    drift = (DRIFT + DRIFT_SPREAD * rng.standard_normal(count)) / room
    momentum = (MOMENTUM_KEPT * rise.growth + MOMENTUM_ERROR * rng.standard_normal(count)) / room
    level = logit(today / ceiling)
    start, path = level, []
    for _ in range(years):
        level = level + momentum + LEVEL_SHOCK * rng.standard_t(SHOCK_TAIL, count)
        breaks = (rng.random(count) < chance_of_break) * BREAK * rng.standard_normal(count)
        shock = MOMENTUM_SHOCK * rng.standard_t(SHOCK_TAIL, count)
        momentum = kept * momentum + (1 - kept) * drift + shock + breaks
        path.append(level - start)
    return Chances(ceiling, np.stack(path, axis=1), today)


def _ceilings(today: float, count: int, rng: np.random.Generator) -> Array:
    """Return draws of the highest lifetime chance, within its bounds."""
    high = np.log(HIGHEST_CHANCE)
    low = min(np.log(LEAST_ROOM * today), high - LEAST_DOUBT)
    ends = (np.array([low, high]) - CEILING) / CEILING_SPREAD
    # From the lower tail, where the ends of a far interval are still told apart.
    least, most = -ends[::-1]
    within = rng.uniform(float(ndtr(least)), float(ndtr(most)), count)
    return np.asarray(np.exp(CEILING - CEILING_SPREAD * np.clip(ndtri(within), least, most)))


def weight_of_law(years_ahead: npt.NDArray[np.integer[Any]]) -> Array:
    """Return w: how much of a year's growth is the law's, 0 to 1."""
    span = LAST_HANDED_OVER - FIRST_HANDED_OVER
    return np.asarray(np.clip((years_ahead - FIRST_HANDED_OVER) / span, 0.0, 1.0))


def hand_over(logs: Array, chances: Chances, opening: JoiningOpening, seed: int | None) -> Array:
    """Return totals that move from a model's path to the law's, dims ``(draw, area, year)``, in logs.

    Parameters
    ----------
    logs
        Log totals of the model of totals, dims ``(draw, area, year)``, years from the one after the origin.
    chances
        England's, in the same draws.
    opening
        Where the authorities start.
    seed
        Of what is the authorities' own, one's draws not depending on the others; None where nothing is, as for England.
    """
    draws, areas, years = logs.shape
    weight = weight_of_law(np.arange(1, years + 1))
    started = np.log(np.maximum(opening.stock.sum(axis=1), 1.0))
    growth = np.diff(logs, axis=2, prepend=np.broadcast_to(started[None, :, None], (draws, areas, 1)))
    out = np.empty_like(logs)
    for i in range(areas):
        rng = None if seed is None else np.random.default_rng([seed, opening.areas[i]])
        out[:, i] = _one_area(logs[:, i, 0], growth[:, i], chances, weight, opening, i, rng)
    return out


def _one_area(
    first: Array,
    growth: Array,
    chances: Chances,
    weight: Array,
    opening: JoiningOpening,
    row: int,
    rng: np.random.Generator | None,
) -> Array:
    """Return log totals of one authority, dims ``(draw, year)``."""
    people = opening.residents[row]
    plans = np.repeat(opening.stock[None, row], len(growth), axis=0)
    rate = rates_without_plan(opening.stock[row], opening.joined[row], opening.survival, people[0])
    known = not np.isnan(people).any()
    own = float(-np.expm1(-rate.sum())) if known else chances.today
    rate = rate if known else opening.joined[row]
    index = np.log1p(-chances.chance(_levels(own, chances, rng))) / np.log1p(-own)
    total, out = first, []
    for year in range(growth.shape[1]):
        going = plans_reaching(plans, opening.survival)
        if known:
            free = np.maximum(people[year + 1] - going, 0.0)
            joiners = free * -np.expm1(-rate * index[:, [year]])
        else:
            joiners = rate * index[:, [year]]
        before, stays, joins = plans.sum(axis=1), going.sum(axis=1), joiners.sum(axis=1)
        law = np.log(np.maximum(stays + joins, LEAST_TOTAL) / np.maximum(before, LEAST_TOTAL))
        if year:
            total = total + (1 - weight[year]) * growth[:, year] + weight[year] * law
        out.append(total)
        # Ages add up to the total: more or fewer join, and where nobody does, fewer stay.
        wanted = np.exp(total)
        part = np.maximum(wanted - stays, 0.0) / np.maximum(joins, LEAST_TOTAL)
        plans = (
            going * np.minimum(wanted / np.maximum(stays, LEAST_TOTAL), 1.0)[:, None]
            + joiners * part[:, None]
        )
        if known:
            plans = np.minimum(plans, people[year + 1])
    return np.stack(out, axis=1)


def _levels(own: float, chances: Chances, rng: np.random.Generator | None) -> Array:
    """Return what an authority's chance would be were England's to stay as it is, dims ``(draw, year)``."""
    draws, years = chances.shift.shape
    away = np.full(draws, np.log(own / chances.today))
    shocks = np.zeros((years, draws))
    if rng is not None:
        shocks = LEVEL_SPREAD * np.sqrt(1 - LEVEL_KEPT**2) * rng.standard_normal((years, draws))
    path = []
    for shock in shocks:
        away = LEVEL_KEPT * away + shock
        path.append(away)
    return np.asarray(chances.today * np.exp(np.stack(path, axis=1)))


@dataclass(frozen=True, eq=False)
class HandedOver:
    """A forecast of totals that hands over to the law of joining.

    Parameters
    ----------
    totals
        The model's own forecast of every January from the origin to the longest horizon.
    chances
        Draws of England's lifetime chance of a plan.
    opening
        Where the authorities of the forecast start.
    national_growth
        Yearly log growth of England in the middle of both, dims ``(year,)``.
    januaries
        Januaries wanted.
    """

    totals: TotalsWithEngland
    chances: Chances
    opening: JoiningOpening
    national_growth: Array
    januaries: tuple[int, ...]

    @property
    def model(self) -> str:
        """Name of the model of totals."""
        return self.totals.model

    @property
    def origin(self) -> int:
        """Last January seen."""
        return self.totals.origin

    def draws(self, count: int, rng: np.random.Generator) -> xr.DataArray:
        """Return joint draws in plans, dims ``(draw, area, series, january)``; series is ``"All"`` only."""
        own, standing = self.totals.draws_with_england(count, rng)
        own = own.transpose("draw", "area", "series", "january")
        logs = np.log(np.maximum(own.isel(series=0).to_numpy(), LEAST_TOTAL))
        at = standing.sel(january=self.origin + FIRST_HANDED_OVER).to_numpy()
        path = hand_over(logs, self._paired(at, count, rng), self.opening, int(rng.integers(2**63)))
        path[:, :, :FIRST_HANDED_OVER] = logs[:, :, :FIRST_HANDED_OVER]
        whole = own.copy(data=np.exp(path)[:, :, None, :])
        return whole.sel(january=list(self.januaries)).rename("plans")

    def _paired(self, standing: Array, count: int, rng: np.random.Generator) -> Chances:
        """Return chances in as many draws, highest where England stands highest at the hand-over."""
        size = len(self.chances.ceiling)
        chosen = rng.choice(size, count, replace=count > size)
        early = np.log(self.chances.chance()[chosen, :FIRST_HANDED_OVER]).sum(axis=1)
        order = np.empty(count, dtype=np.int64)
        order[np.argsort(standing, kind="stable")] = chosen[np.argsort(early, kind="stable")]
        return self.chances.some(order)

    def quantiles(self, probabilities: Sequence[float]) -> xr.DataArray:
        """Return marginal quantiles, dims ``(area, series, january, quantile)``: the model's own, from the hand-over of draws."""
        drawn = self.draws(2 * QUANTILE_DRAWS, np.random.default_rng(self.origin))
        later = drawn.quantile(list(probabilities), dim="draw").transpose(
            "area", "series", "january", "quantile"
        )
        early = [j for j in self.januaries if j - self.origin <= FIRST_HANDED_OVER]
        if not early:
            return later
        own = self.totals.quantiles(probabilities).sel(january=early, series=[ALL])
        rest = [j for j in self.januaries if j not in early]
        return xr.concat([own, later.sel(january=rest)], dim="january", join="exact") if rest else own


class TotalsWithEngland(Forecast, Protocol):
    """A forecast of totals that says where England stands in each draw."""

    def draws_with_england(self, count: int, rng: np.random.Generator) -> tuple[xr.DataArray, xr.DataArray]:
        """Return draws in plans and England's normal scores, dims ``(draw, january)``."""


class FittedTotals(Protocol):
    """A fitted model whose forecast says where England stands in each draw."""

    def forecast(self, januaries: Sequence[int], areas: Sequence[int] | None = None) -> TotalsWithEngland:
        """Forecast Januaries after the origin, for some areas or all."""


@dataclass(frozen=True, eq=False)
class FittedHandOver:
    """A fitted model of totals that hands over to the law of joining.

    Parameters
    ----------
    totals
        The model of totals.
    opening
        Where authorities start.
    chances
        Draws of England's lifetime chance of a plan.
    national_growth
        Yearly log growth of England in the middle of both, dims ``(year,)``.
    """

    totals: FittedTotals
    opening: JoiningOpening
    chances: Chances
    national_growth: Array

    @classmethod
    def of(cls, history: History, totals: FittedTotals, longest: int) -> FittedHandOver:
        """Return a model of totals that hands over.

        Parameters
        ----------
        history
            With the origin of the model.
        totals
            The model of totals.
        longest
            Years ahead that are always drawn, so that no January depends on how many are asked for.
        """
        opening = JoiningOpening.of(history, longest)
        chances = draw_chances(opening.rise, longest, LAW_DRAWS, np.random.default_rng(history.origin))
        return cls(totals, opening, chances, _national_growth(totals, opening, chances))

    def forecast(self, januaries: Sequence[int], areas: Sequence[int] | None = None) -> HandedOver:
        """Return the forecast of the requested Januaries and areas.

        Raises
        ------
        OptionError
            A January is beyond the years that are drawn.
        """
        every = _januaries(self.opening.origin, self.chances)
        if late := [j for j in januaries if j not in every]:
            raise OptionError(
                f"January {late[0]} is not one of those that can be forecast from January {self.opening.origin}: {every[0]} to "
                f"{every[-1]}. Ask for one of these."
            )
        wanted = self.opening.areas if areas is None else areas
        return HandedOver(
            self.totals.forecast(every, areas),
            self.chances,
            self.opening.of_areas(wanted),
            self.national_growth,
            tuple(januaries),
        )


def _januaries(origin: int, chances: Chances) -> list[int]:
    return list(range(origin + 1, origin + 1 + chances.shift.shape[1]))


def _national_growth(totals: FittedTotals, opening: JoiningOpening, chances: Chances) -> Array:
    """Return England's yearly log growth when every authority and the law are at their medians."""
    every = _januaries(opening.origin, chances)
    middle = totals.forecast(every).quantiles([0.5]).sel(series=ALL).isel(quantile=0)
    logs = np.log(np.maximum(middle.sum("area").to_numpy(), LEAST_TOTAL))[None, None]
    half = Chances(
        np.median(chances.ceiling, keepdims=True),
        np.median(chances.shift, axis=0, keepdims=True),
        chances.today,
    )
    england = opening.england
    path = hand_over(logs, half, england, None)[0, 0]
    started = np.log(np.maximum(england.stock.sum(), 1.0))
    return np.diff(path, prepend=started)


@dataclass(frozen=True)
class HandOver:
    """A model of totals that hands over to the law of joining, under the common protocol.

    Parameters
    ----------
    totals
        The model of totals.
    longest
        Years ahead that are always drawn.
    """

    totals: Model
    longest: int

    @property
    def name(self) -> str:
        """Name of the model of totals."""
        return self.totals.name

    def fit(self, history: History, *, rng: np.random.Generator) -> FittedHandOver:
        """Fit the model of totals, and measure joining."""
        fitted = self.totals.fit(history, rng=rng)
        return FittedHandOver.of(history, cast(FittedTotals, fitted), self.longest)
