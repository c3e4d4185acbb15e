"""Model of age-band shares: each band follows the total and moves part of the way that stocks and flows point.

For area i, band b (the five of `BAND_CODES`), share s = plans in the band / all plans, January t:

    log s[i,b,t+1] = log s[i,b,t] + m[b,t] + w[b,t+1] + lambda[b] D(v[i,b,t]) - rho[b] D(log s[i,b,t]) + e[i,b,t+1] + k[i,t+1]
    v = log(E / x) - log(sum_b E / sum_b x)
    E[b] = x[b] (1 - up[b]) stay[b] + x[b-1] up[b-1] keep[b-1] + joiners split[b]
    e ~ Student-t(6, c[b] size[b] s(x at the origin)),    w ~ Normal(0, national[b])

x is plans by band. E is the stock-flow expectation: those who stay, those who age in from the band below, and joiners
split as new plans of the last three years were; the number of joiners is between the usual one and the one the total
needs, so a total that grows fast makes its children younger. D is the deviation from England. m is a national drift,
zero but for ages 20 to 25; w is a national shock, e an area's own; both add up over the years. k makes the shares add
to 1, so bands times draws of the total add up exactly. s(y) is the size of a one-year error (`models.baselines.scale`).

England is simulated beside the areas, in every draw, with the same m and w and its own E; D is measured from it. So an
area's bands do not depend on which other areas are forecast. England's total follows the national path it is given, and D(v) is
from what its flows would say had it grown as last year, so totals that slow down everywhere make plans older everywhere, in
England too.

=========  ===================  ====================================================================================
parameter  prior                reason
=========  ===================  ====================================================================================
lambda[b]  Normal(0.4, 0.1)     between 0 (hold the shares) and 1 (believe the flows). Firm, because an error in a
                                published share looks like a flow that is undone next year, so one-year changes
                                overstate it; width chosen on origins 2019 to 2021, targets to 2022
rho[b]     Normal(0.1, 0.1)     under 5 and 5 to 10 only, whose shares depend on when children are assessed, a
                                practice that drifts to the common one; older bands inherit theirs from younger ones
size[b]    LogNormal(0.4, 0.5)  half as large again as s(x), the error of totals, within a factor of three: bands err
                                more than totals, and a band new to the collection has nothing else to go by
=========  ===================  ====================================================================================

Fitted to the last `TRANSITIONS` yearly changes that do not cross the change to person-level returns. The bands of
January 2023 come from another publication, so neither the change into it nor the one out of it is used.

Flows use single ages from the first January at which they were published; before, ages are even within a band and 2 %
leave a year. At origins before January 2016 ages 20 to 25 were not published: that band is forecast as 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from data.errors import AreaError, OptionError
from data.panels.backlogs import spread
from data.panels.history import History
from data.shrinkage import shrunk_share
from data.vocabulary import AGE_BANDS, ALL, BAND_CODES
from models.base import Array, shares_of
from models.baselines import scale, total_view
from models.inference import FULL, Diagnostics, Sampling
from models.memory import Memory

NAME = "band_shares"

BANDS = len(BAND_CODES)

REVERTING = 2
"""Youngest bands whose share reverts to England's."""

BREAK = (2022, 2023)
"""Januaries from which a yearly change crosses the change to person-level returns."""

TRANSITIONS = 4
"""Latest clean yearly changes fitted."""

FIRST_CHANGE: dict[str, int] = {"20-25": 2018}
"""First January from which a band's change is comparable with today's. Ages 20 to 25 were first collected in 2015; until 2018
an empty band was being filled, several times faster than anybody ages."""

TAIL = 6.0
"""Degrees of freedom of an area's own errors."""

NOISE_KEPT = np.array([1.0, 0.6, 0.4, 0.7, 1.1])
"""c[b]: part of the fitted error size that is simulated. A fitted error is relative to the area's own total; adding up to a
draw of the total brings the rest back, most for the largest bands. Chosen on origins 2019 to 2021, targets to 2022."""

NATIONAL_NOISE = np.array([0.02, 0.007, 0.012, 0.015, 0.06])
"""Standard deviation of England's yearly log share changes around the drift, by band. Chosen on the same origins."""

RECENCY = (0.5, 0.3, 0.2)
"""Weights of new plans of the last three calendar years, latest first."""

SPLIT_PRIOR = 50.0
"""New plans' worth of England's split of joiners added to each area."""

OLDEST_PRIOR = 50.0
"""Plans' worth of England's share in the oldest year added to each band of an area."""

SHARE_PRIOR = 10.0
"""Plans' worth of England's shares added to an area before its logged share is taken."""

ABSORBED = 0.5
"""Part (of the log) by which joiners rather than stayers meet growth beyond the usual."""

BAND_WIDTH = np.array([2.0, 6.0, 5.0, 4.0, 6.0])
"""Years of age with plans in each band; under 5 has two well-filled ones."""

EVEN_OLDEST = 1 / BAND_WIDTH
"""Share of a band in its oldest year where single ages are unknown."""

EVEN_KEPT = np.full(BANDS, 0.98)
"""Chance to keep a plan for a year where leavers by age are unknown."""

LARGEST_DEVIATION = 1.5
"""Deviations from England are held within this, in log points."""

LEAST_PLANS = 0.2
"""A published band is never simulated from less than this, so that an empty one can fill again."""


@dataclass(frozen=True)
class BandFlows:
    """Plans that age out, leave and join each year, by area and band; the last axis of every array but ``rate`` is the band.

    Parameters
    ----------
    oldest
        Share of a band in its oldest year, dims (area, band).
    stays, moves
        Chance to keep the plan within the band, and when ageing out of it, dims (band,).
    split
        Split of joiners, dims (area, band), adding to 1.
    rate
        New plans a year per plan, dims (area,).
    """

    oldest: Array
    stays: Array
    moves: Array
    split: Array
    rate: Array

    def of(self, rows: npt.NDArray[np.int64]) -> BandFlows:
        """Return the flows of some areas."""
        return BandFlows(self.oldest[rows], self.stays, self.moves, self.split[rows], self.rate[rows])

    def tilt(self, plans: Array, total: Array) -> Array:
        """Return v: expected log growth of each band from flows, less that of the sum, dims (..., area, band).

        Parameters
        ----------
        plans
            Plans now, dims (..., area, band).
        total
            Plans of all bands a year later, dims (..., area).
        """
        now = plans.sum(axis=-1)
        remain = plans * (1 - self.oldest) * self.stays
        remain[..., 1:] += (plans * self.oldest * self.moves)[..., :-1]
        usual = now * self.rate
        needed = np.maximum(total - remain.sum(axis=-1), 0)
        # The 5 keeps the geometric mean of two small numbers of joiners away from 0.
        joiners = (usual + 5) ** (1 - ABSORBED) * (needed + 5) ** ABSORBED * usual / (usual + 5)
        expected = remain + joiners[..., None] * self.split
        own = np.log((expected + 3) / (plans + 3))
        tilt: Array = own - np.log((expected.sum(axis=-1) + 3) / (now + 3))[..., None]
        return tilt


def smoothed_log_share(plans: Array, england: Array) -> Array:
    """Return log shares of bands drawn towards England's, dims (..., area, band).

    Parameters
    ----------
    plans
        Dims (..., area, band).
    england
        England's shares, broadcast over areas.
    """
    whole = plans.sum(axis=-1, keepdims=True)
    return np.asarray(np.log(shrunk_share(plans, whole, england, SHARE_PRIOR, floor=1e-9)))


@dataclass(frozen=True)
class PublishedBands:
    """Stocks and flows of bands as arrays, with gaps filled where a forecast needs them.

    Parameters
    ----------
    plans
        Plans by band, dims (area, band, january); an unpublished split is the area's last published one times its last
        known total, England's where there is none, and a band not yet collected is 0.
    seen
        Whether every band collected that January was published, dims (area, january).
    new_plans
        New plans by band of the calendar year before each January, dims (area, band, january).
    pooled
        Areas that count, dims (area,).
    first
        First January.
    """

    plans: Array
    seen: npt.NDArray[np.bool_]
    new_plans: Array
    pooled: npt.NDArray[np.bool_]
    first: int

    @classmethod
    def of(cls, history: History) -> PublishedBands:
        """Return the stocks and flows of a history as arrays."""
        stock = history.stock.transpose("area", "series", "january")
        bands = stock.sel(series=list(BAND_CODES)).to_numpy()
        collected = ~np.isnan(bands).all(axis=0)
        seen = (~np.isnan(bands) | ~collected).all(axis=1) & collected.any(axis=0)
        shares = shares_of(np.nan_to_num(bands), axis=1)
        england = shares_of(np.nansum(bands[history.pooled.to_numpy()], axis=0), axis=0)
        total = stock.sel(series=ALL).to_numpy()
        total = np.take_along_axis(total, _last_true(~np.isnan(total)), axis=1)
        last = _last_true(seen)
        known = np.take_along_axis(shares, last[:, None, :], axis=2)
        split = np.take_along_axis(seen, last, axis=1)[:, None, :]
        plans = np.where(split, known, england) * np.nan_to_num(total)[:, None, :]
        januaries = stock["january"].to_numpy()
        flows = history.new_plans_by_band.sel(series=list(BAND_CODES))
        flows = flows.reindex(year=januaries - 1).transpose("area", "series", "year")
        return cls(plans, seen, flows.to_numpy(), history.pooled.to_numpy(), int(januaries[0]))

    def column(self, january: int) -> int:
        """Return the position of a January."""
        return january - self.first

    def joiners(self, january: int) -> tuple[Array, Array]:
        """Return joiners' split by band (area, band) and new plans a year per plan (area,), as known at a January.

        An area without new plans has England's.
        """
        at = self.column(january)
        back = [(w, at - k) for k, w in enumerate(RECENCY) if at - k >= 0]
        weight = np.array([w for w, _ in back])[None, :]
        # One blank band means nobody of that age could be given a plan yet; all blank means no return.
        recent = np.stack([self.new_plans[:, :, k] for _, k in back], axis=2)
        weight = weight * ~np.isnan(recent).all(axis=1)
        known = weight.sum(axis=1)
        average = (np.nan_to_num(recent) * weight[:, None, :]).sum(axis=2)
        average /= np.where(known > 0, known, 1)[:, None]
        counts = self.pooled & (known > 0)
        plans = self.plans[:, :, at].sum(axis=1)
        england, england_plans = average[counts].sum(axis=0), plans[counts].sum()
        total = average.sum(axis=1)
        split = shrunk_share(average, total[:, None], shares_of(england, axis=0), SPLIT_PRIOR)
        usual = england.sum() / max(england_plans, 1.0)
        rate = np.where((known > 0) & (plans > 0), total / np.maximum(plans, 1), usual)
        return split, rate

    def flows(self, history: History, january: int) -> BandFlows:
        """Return the flows known at a January."""
        split, rate = self.joiners(january)
        stays, moves = kept(history, january)
        return BandFlows(oldest_shares(history, january), stays, moves, split, rate)


def _last_true(known: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Return the latest position up to each January at which a value is known, 0 if there is none, dims (area, january)."""
    latest: npt.NDArray[np.int64] = np.maximum.accumulate(
        np.where(known, np.arange(known.shape[1]), 0), axis=1
    )
    return latest


def oldest_shares(history: History, january: int) -> Array:
    """Return the share of each band in its oldest year, dims (area, band), from single ages if published by then."""
    out = np.tile(EVEN_OLDEST, (len(history.areas), 1))
    if january not in history.stock_by_age["january"].to_numpy():
        return out
    stock = history.stock_by_age.sel(january=january).transpose("area", "age").fillna(0.0)
    pooled = history.pooled.to_numpy()
    for b, band in enumerate(AGE_BANDS):
        ages = stock.sel(age=list(band.ages)).to_numpy()
        whole, top = ages.sum(axis=1), ages[:, -1]
        england = top[pooled].sum() / max(whole[pooled].sum(), 1.0)
        out[:, b] = shrunk_share(top, whole, england, OLDEST_PRIOR)
    return out


def kept(history: History, january: int) -> tuple[Array, Array]:
    """Return England's chances that a plan lasts a year, within its band and when ageing out of it, dims (band,).

    From leavers of the last calendar year if they and the stock they left are published by then. Plans handed over to
    another authority are not lost to England. The oldest row of leavers stands for all ages from it up.
    """
    year = january - 1
    if (
        year not in history.leavers_by_age["year"].to_numpy()
        or year not in history.stock_by_age["january"].to_numpy()
    ):
        return EVEN_KEPT, EVEN_KEPT
    gone = history.leavers_by_age.sel(year=year).drop_sel(reason="transfer").sum("reason", min_count=1)
    stock = history.stock_by_age.sel(january=year)
    counts = history.pooled & gone.notnull().all("age") & stock.notnull().all("age")
    left, plans_before = (
        gone.where(counts).sum("area").to_series(),
        stock.where(counts).sum("area").to_series(),
    )
    open_age = int(left.index[-1])
    rate = (left / plans_before.reindex(left.index).clip(lower=1)).reindex(plans_before.index)
    rate[rate.index >= open_age] = left[open_age] / max(
        float(plans_before[plans_before.index >= open_age].sum()), 1.0
    )
    stays, moves = EVEN_KEPT.copy(), EVEN_KEPT.copy()
    for b, band in enumerate(AGE_BANDS):
        inside = list(band.ages[:-1])
        stays[b] = 1 - (rate[inside] * plans_before[inside]).sum() / max(
            float(plans_before[inside].sum()), 1.0
        )
        moves[b] = 1 - rate[band.ages[-1]]
    return np.clip(stays, 0, 1), np.clip(moves, 0, 1)


def weighted_mean(values: Array, plans: Array) -> Array:
    """Return England's mean of area values (area, band), weighted by plans."""
    weight = plans + 1
    mean: Array = (values * weight).sum(axis=0) / weight.sum(axis=0)
    return mean


def observations(history: History) -> dict[str, npt.NDArray[np.generic]]:
    """Return the values of the model's data containers: one row for each area, band and clean yearly change.

    Areas outside pooled estimates, and changes with a split missing at either end, are left out.
    """
    published = PublishedBands.of(history)
    usable = [u for u in range(published.first + 1, history.origin) if u not in BREAK]
    parts: dict[str, list[Array]] = {name: [] for name in ("change", "tilt", "share", "unit", "band")}
    for b, code in enumerate(BAND_CODES):
        comparable = [u for u in usable if u >= FIRST_CHANGE.get(code, published.first)]
        for january in comparable[-TRANSITIONS:]:
            at = published.column(january)
            rows = published.pooled & published.seen[:, at] & published.seen[:, at + 1]
            now, then = published.plans[rows, :, at], published.plans[rows, :, at + 1]
            flows = published.flows(history, january).of(np.nonzero(rows)[0])
            growth = np.log((then.sum(axis=1) + 3) / (now.sum(axis=1) + 3))[:, None]
            values = {
                "change": np.log((then + 3) / (now + 3)) - growth,
                "tilt": flows.tilt(now, then.sum(axis=1)),
                "share": smoothed_log_share(now, shares_of(now.sum(axis=0), axis=0)),
            }
            for name, value in values.items():
                away = value - weighted_mean(value, now)
                limit = np.inf if name == "change" else LARGEST_DEVIATION
                parts[name].append(np.clip(away[:, b], -limit, limit))
            parts["unit"].append(scale(now[:, b]))
            parts["band"].append(np.full(len(now), float(b)))
    rows_of = {name: np.concatenate([*part, []]) for name, part in parts.items()}
    return {**rows_of, "band": rows_of["band"].astype(np.int64)}


def build(data: dict[str, npt.NDArray[np.generic]]) -> Any:
    """Return the PyMC model; its data containers hold `observations`."""
    import pymc as pm
    import pytensor.tensor as pt

    with pm.Model() as model:
        at = {name: pm.Data(name, value) for name, value in data.items()}
        follow = pm.Normal("flow_weight", 0.4, 0.1, shape=BANDS)
        revert = pm.Normal("reversion", 0.1, 0.1, shape=REVERTING)
        size = pm.LogNormal("size", 0.4, 0.5, shape=BANDS)
        band = at["band"]
        pull = pt.concatenate([revert, pt.zeros(BANDS - REVERTING)])
        pm.StudentT(
            "share_change",
            nu=TAIL,
            mu=follow[band] * at["tilt"] - pull[band] * at["share"],
            sigma=size[band] * at["unit"],
            observed=at["change"],
        )
    return model


def national_drift(plans: Array, before: Array, years: int) -> Array:
    """Return yearly log changes of England's share of ages 20 to 25, dims (year,).

    The published cohort rule: a 1 / width part of each band moves up a year, and each band's ratio of plans to that
    expectation stays what it was last year. Without any plans at those ages there is no change.

    Parameters
    ----------
    plans, before
        England's plans by band at the origin and a year earlier, dims (band,).
    years
        Years ahead.
    """
    if plans[-1] <= 0:
        return np.zeros(years)

    def aged(x: Array) -> Array:
        moved: Array = x * (1 - 1 / BAND_WIDTH)
        moved[1:] += x[:-1] / BAND_WIDTH[:-1]
        return moved

    ratio = plans / np.maximum(aged(before), 1)
    shares = [plans[-1] / plans.sum()]
    for _ in range(years):
        plans = aged(plans) * ratio
        shares.append(plans[-1] / plans.sum())
    return np.diff(np.log(shares))


@dataclass(frozen=True)
class England:
    """England as one more area, from which deviations of areas are measured.

    Parameters
    ----------
    plans, before
        Plans by band at the origin and a year earlier, dims (band,).
    flows
        Its flows, with one row.
    growth
        Yearly log growth of its total, last year's.
    tilt_gap, share_gap
        Mean of the areas less the value at England's sums at the origin, for v and log s, dims (band,): logs of sums are
        not sums of logs.
    """

    plans: Array
    before: Array
    flows: BandFlows
    growth: float
    tilt_gap: Array
    share_gap: Array

    @classmethod
    def of(cls, history: History, published: PublishedBands, flows: BandFlows) -> England:
        """Return the sum of the pooled areas at the origin."""
        at = published.column(history.origin)
        rows = np.nonzero(published.pooled)[0]
        plans, own = published.plans[rows, :, at], flows.of(rows)
        total = plans.sum(axis=0)
        joined = own.rate * plans.sum(axis=1)
        whole = BandFlows(
            oldest=((own.oldest * plans).sum(axis=0) / np.maximum(total, 1))[None],
            stays=own.stays,
            moves=own.moves,
            split=((joined[:, None] * own.split).sum(axis=0) / max(joined.sum(), 1.0))[None],
            rate=np.array([joined.sum() / max(total.sum(), 1.0)]),
        )
        growth = total_view(spread(history)).national_growth(history.origin)
        shares = shares_of(total, axis=0)
        tilts = own.tilt(plans, plans.sum(axis=1) * np.exp(growth))
        logged = smoothed_log_share(plans, shares)
        return cls(
            plans=total,
            before=published.plans[rows, :, at - 1].sum(axis=0),
            flows=whole,
            growth=growth,
            tilt_gap=weighted_mean(tilts, plans)
            - whole.tilt(total[None], np.exp(growth) * total.sum()[None])[0],
            share_gap=weighted_mean(logged, plans) - smoothed_log_share(total[None], shares)[0],
        )


@dataclass(frozen=True)
class FittedShares:
    """Posterior draws of the share model, with each area's state at the origin.

    Parameters
    ----------
    areas
        DfE numbers, in the order of the arrays.
    origin
        Last January seen.
    posterior
        Draws by parameter, dims ``(draw, ...)``.
    diagnostics
        How well the posterior was explored.
    plans
        Plans by band at the origin, dims (area, band).
    flows
        Flows known at the origin.
    england
        What deviations are measured from.
    """

    areas: tuple[int, ...]
    origin: int
    posterior: xr.Dataset
    diagnostics: Diagnostics
    plans: Array
    flows: BandFlows
    england: England

    @classmethod
    def of(cls, history: History, posterior: xr.Dataset, diagnostics: Diagnostics) -> FittedShares:
        """Return the fitted model of a posterior and the history it was fitted to."""
        published = PublishedBands.of(history)
        flows = published.flows(history, history.origin)
        return cls(
            areas=history.areas,
            origin=history.origin,
            posterior=posterior,
            diagnostics=diagnostics,
            plans=published.plans[:, :, published.column(history.origin)],
            flows=flows,
            england=England.of(history, published, flows),
        )

    def bands(
        self, totals: xr.DataArray, rng: np.random.Generator, national_growth: Array | None = None
    ) -> xr.DataArray:
        """Divide draws of totals into age bands that add up to them, dims ``(draw, area, series, january)``.

        An area's bands depend on its own totals and on ``rng``, not on which other areas are given.

        Parameters
        ----------
        totals
            Plans, dims ``(draw, area, january)``, in consecutive Januaries from the one after the origin.
        rng
            Source of randomness.
        national_growth
            Yearly log growth of England's total, dims ``(january,)``; that of the last year where None.

        Raises
        ------
        OptionError
            The Januaries do not run on from the origin without a gap.
        AreaError
            An area was not in the history.
        """
        totals = totals.transpose("draw", "area", "january")
        areas, januaries = totals["area"].to_numpy().tolist(), totals["january"].to_numpy().tolist()
        if januaries != list(range(self.origin + 1, self.origin + 1 + len(januaries))):
            raise OptionError(
                f"Age bands are forecast year by year from January {self.origin + 1}, but totals were given for {januaries}. "
                "Give every January from then on."
            )
        if unknown := sorted(set(areas) - set(self.areas)):
            raise AreaError(
                f"Areas {unknown} were not in the history the age bands were fitted to. Fit it with them."
            )
        growth = np.full(len(januaries), self.england.growth) if national_growth is None else national_growth
        bands = self._simulate(totals.to_numpy(), areas, growth, rng)
        coords = {"draw": totals["draw"], "area": areas, "series": list(BAND_CODES), "january": januaries}
        return xr.DataArray(bands, dims=("draw", "area", "series", "january"), coords=coords, name="plans")

    def _simulate(self, totals: Array, areas: list[int], growth: Array, rng: np.random.Generator) -> Array:
        """Return plans, dims (draw, area, band, january)."""
        draws, _, years = totals.shape
        at = self._coefficients(draws, rng)
        national = NATIONAL_NOISE * rng.standard_normal((years, draws, 1, BANDS))
        national[..., -1] += national_drift(self.england.plans, self.england.before, years)[:, None, None]
        noise = self._noise(at["size"], areas, years, int(rng.integers(2**63)))
        rows = np.array([self.areas.index(a) for a in areas], dtype=np.int64)
        flows, least = self.flows.of(rows), LEAST_PLANS * (self.england.plans > 0)
        plans = np.repeat(self.plans[None, rows], draws, axis=0)
        england = np.repeat(self.england.plans[None, None], draws, axis=0)
        follow, pull = at["flow_weight"][:, None], at["reversion"][:, None]
        out = []
        for year in range(years):
            total, plans = totals[:, :, year], np.maximum(plans, least)
            whole = england.sum(axis=-1)
            # Deviations are from an England that goes on as it did: what slows down everywhere makes plans older everywhere.
            steady = self.england.flows.tilt(england, np.exp(self.england.growth) * whole)
            after = np.exp(growth[year]) * whole
            tilt = flows.tilt(plans, total) - steady - self.england.tilt_gap
            shares = shares_of(england, axis=-1)
            away = (
                smoothed_log_share(plans, shares)
                - smoothed_log_share(england, shares)
                - self.england.share_gap
            )
            change = national[year] + noise[:, :, :, year] + follow * _clip_deviation(tilt)
            change[..., :REVERTING] -= pull * _clip_deviation(away[..., :REVERTING])
            plans = _added_up(plans * np.exp(change), total)
            slower = self.england.flows.tilt(england, after) - steady
            england = _added_up(england * np.exp(national[year] + follow * _clip_deviation(slower)), after)
            out.append(plans)
        return np.stack(out, axis=-1)

    def _coefficients(self, draws: int, rng: np.random.Generator) -> dict[str, Array]:
        size = self.posterior.sizes["draw"]
        chosen = rng.choice(size, draws, replace=draws > size)
        return {str(n): v.to_numpy()[chosen] for n, v in self.posterior.data_vars.items()}

    def _noise(self, size: Array, areas: list[int], years: int, seed: int) -> Array:
        """Return areas' errors, dims (draw, area, band, year); an area's errors do not depend on the other areas."""
        own = []
        for area in areas:
            unit = NOISE_KEPT * size * scale(self.plans[self.areas.index(area)])
            shocks = np.random.default_rng([seed, area]).standard_t(TAIL, (years, len(size), BANDS))
            own.append(np.moveaxis(unit * shocks, 0, -1))
        return np.stack(own, axis=1)


def _clip_deviation(deviation: Array) -> Array:
    return np.clip(deviation, -LARGEST_DEVIATION, LARGEST_DEVIATION)


def _added_up(plans: Array, total: Array) -> Array:
    return shares_of(plans, axis=-1) * total[..., None]


@dataclass(frozen=True)
class BandShares:
    """The model of age-band shares.

    Parameters
    ----------
    sampling
        How long to sample.
    memory
        Where the compiled model is kept; one serves every origin and panel.
    """

    sampling: Sampling = FULL
    memory: Memory = field(default_factory=Memory)
    name: str = NAME

    def fit(self, history: History, *, rng: np.random.Generator) -> FittedShares:
        """Sample the posterior given a history; a memory returns its first fit to a history again."""
        return self.memory.sampled(
            NAME, history, self.sampling, rng, observe=observations, build=build, finish=FittedShares.of
        )
