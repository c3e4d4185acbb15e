"""The cohort flow: how plans of each age and need change in a year, in every draw.

Ages are those at 31 August before the January. For age a, need k and January t (no area index: one authority at a time):

    stock[a+1, k, t+1] = stock[a, k, t] - leavers[a, k, t]
                         + joiners[a+1, k, t+1] + transfers[a+1, k, t+1] + recoded[a+1, k, t+1]
    leavers[a, k, t]       = hazard[a] stock[a, k, t],    hazard[25] = 1: nobody holds a plan after 25
    transfers[a+1, k, t+1] = transfer_rate[a] stock[a, k, t]
    joiners[a, k, t+1]     = without_plan[a, t+1] (1 - exp(-index[band(a), t+1] rate[a])) mix[a, k, t+1]
    without_plan[a, t+1]   = residents[a, t] - plans of those who reach the age
    mix[a, k, t+1]         ~ need_mix[a, k] exp(need_path[t+1, k]) index[band(a), t+1]^(follows_index[k] - 1), adding up to 1

Needs that children are born with do not become more common because more plans are made: ``follows_index`` is how far their
joiners follow the index, 1 for all other needs.

Recoded: the primary need on a plan changes as a child is known better, which nobody publishes. Seen across ages, a stock is not
what the age before it and today's joiners would make: `recoding` is that gap in England, `own_recoding` what an authority's own
adds to it. It is changes of recorded need in part and in part older children having joined in other years with other needs, so
every draw believes a part of it between none and all. It is a factor on a need's share, so that few plans of a need stay few.
Recoding moves plans between needs at an age, never the number of plans.

Age 2 stands for "2 and under": all of it turns 3 and joiners alone refill it. The equation holds exactly, nothing is negative,
nobody joins who holds a plan, so plans never outnumber residents, and plans add up to what they are given but for one case below.

Calibration. The total and, at first, its bands come from the demand model, ages and needs from here. In the first January the
joiner ``index`` of every draw and band is what makes the band add up to its target. Over `BANDS_FOLLOWED` years bands are handed
over to one index for all ages that makes their sum add up: then bands follow from who joined and who aged, because bands of a
model are guesses about guesses by then. An index outside [1/4, 4] would be no statement about joiners, so it stops there and
leavers meet the rest: fewer of them, down to none, or more. What they met is kept (``spread_to_leavers``). Only where that too is
not enough does the index leave its range. A lifetime chance above `HIGHEST_CHANCE` nobody would have: bands that ask for one give
way to their sum at once, and a sum that asks for one is not met (about one draw in several thousand).

Once found, a calibration can be kept and the years walked again with other rates (`pass_year`): so a scenario moves joiners,
leavers and residents, and totals follow. With the same rates it gives the same plans.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import xarray as xr

from data.errors import HistoryError
from data.panels.history import History
from data.vocabulary import AGES, BAND_CODES, NEED_CODES, band_of
from models.base import Array, shares_of

MAX_INDEX = 4.0
"""The joiner index is held in [1 / MAX_INDEX, MAX_INDEX] as long as leavers can meet the rest."""

HIGHEST_CHANCE = 0.60
"""Lifetime chance of a plan that is never passed, at one year's joining rates: three times what the US serves."""

BANDS_FOLLOWED = 5
"""Years over which plans go over from given age bands to one index that makes their sum add up: bands are scored to here."""

LEAST_WITHOUT_PLAN = 1e-9
"""Residents without a plan are never fewer."""

LEAST_RATE = 1e-12
"""Joining rates are never less, so that an age nobody joins at can still be filled."""

LARGEST_INDEX = 1e15
"""Where leavers cannot meet the rest, everybody without a plan may join, at whatever rate."""

CLOSE, MOST_STEPS = 1e-12, 100
"""How near a calibration comes, relative to what is sought, and in how many steps at most."""

NEGLIGIBLE = 1e-10
"""Part of a target that leavers do not step in for."""

MOST_JOINING = 0.9
"""Share of those without a plan at an age who join in a year at today's rate, at most."""

UNSEEN_PLANS = 2.0
"""Plans added on both sides of a ratio of plans of a need, so that few plans say little."""

TERMS: tuple[str, ...] = ("population", "joiner_rate", "leaver_rate", "transfers", "ageing")
"""What a change in plans is made of: `explain`."""

COMMON_RESIDENTS_ERROR = 0.008
RESIDENTS_ERROR: dict[str, float] = {
    "0-4": 0.010,
    "5-10": 0.011,
    "11-15": 0.010,
    "16-19": 0.011,
    "20-25": 0.013,
}
"""Error in log residents per year ahead: common to all ages, and of one age band beyond that. Root mean squares of the log
error, divided by years ahead, of residents aged on by this project: from mid-2019 and mid-2020, corrected to the 2021 Census, to
the ONS estimate of mid-2023 in 151 authorities; and from mid-2023 against the growth of the ONS 2022-based projection in 32
London boroughs, 1 to 12 years ahead (``rms_log_a_year`` of table population_projection_error)."""

BAND_OF_AGE = np.array([BAND_CODES.index(band_of(a)) for a in AGES])
"""Position in `BAND_CODES` of the band of each of `AGES`."""

_MEMBER = (BAND_OF_AGE[:, None] == np.arange(len(BAND_CODES))).astype(float)
_DESTINATION = BAND_OF_AGE[np.minimum(np.arange(len(AGES)) + 1, len(AGES) - 1)]


@dataclass(frozen=True)
class Flows:
    """Yearly flows of plans as draws.

    Parameters
    ----------
    rates
        Dims ``(draw, area, ...)``, or without ``area`` for one authority:

        * ``joiner_rate`` (age): new plans in a calendar year per resident, in the latest year;
        * ``need_mix`` (age, need): needs of joiners in the latest year, adding up to 1 at every age;
        * ``need_path`` (ahead, need): log of what multiplies a need's share of joiners so many years later, 1 year first;
        * ``follows_index`` (need): power of the joiner index that a need's joiners follow;
        * ``hazard`` (age): share of the plans held in January that end within the year for a reason other than a transfer;
          1 at age 25;
        * ``transfer_rate`` (age): net transfers in per plan held in January, by age in that January. The residual of what is
          published, so it holds misreporting too;
        * ``recoding`` (age, need): log of what multiplies the needs' shares of plans at the age reached;
        * ``reason_share`` (band, reason; no area): reasons of those who leave.
    """

    rates: xr.Dataset

    def of(self, area: int) -> Flows:
        """Return the flows of one authority."""
        return Flows(self.rates.sel(area=area, drop=True))


def recoding(stock: xr.DataArray, joiners: xr.DataArray, hazard: xr.DataArray) -> xr.DataArray:
    """Return the log ratio of needs' shares at an age to those that the age before and joiners imply, dims ``(age, need)``.

    Parameters
    ----------
    stock, joiners
        England's plans in January and new plans of a year, dims ``(age, need)``.
    hazard
        Share of plans at each age that end within a year, dims ``(age,)``.

    Returns
    -------
    xr.DataArray
        Log ratios; 0 at age 2, which nobody ages into.
    """
    plans = stock.transpose("age", "need").to_numpy()
    aged = _aged(plans, joiners.transpose("age", "need").to_numpy(), hazard.to_numpy())
    few = UNSEEN_PLANS / np.maximum(plans.sum(axis=1, keepdims=True), UNSEEN_PLANS)
    gap = np.zeros_like(plans)
    gap[1:] = np.log((shares_of(plans, axis=-1) + few) / (shares_of(aged, axis=-1) + few))[1:]
    return xr.DataArray(gap, dims=("age", "need"), coords={"age": list(AGES), "need": list(NEED_CODES)})


def own_recoding(stock: Array, joiners: Array, hazard: Array, england: Array) -> Array:
    """Return an authority's log ratio of needs' plans to what ageing, joiners and England's recoding imply, dims ``(need,)``.

    Parameters
    ----------
    stock, joiners
        Plans in January and joiners expected in a year, dims ``(age, need)``.
    hazard
        Share of plans at each age that end within a year, dims ``(age,)``.
    england
        Result of `recoding`, dims ``(age, need)``.
    """
    implied = shares_of(_aged(stock, joiners, hazard) * np.exp(england), axis=-1)
    known = stock[1:]
    implied_plans = (implied[1:] * known.sum(axis=1, keepdims=True)).sum(axis=0)
    return np.asarray(np.log((known.sum(axis=0) + UNSEEN_PLANS) / (implied_plans + UNSEEN_PLANS)))


def _aged(plans: Array, joined: Array, hazard: Array) -> Array:
    """Return plans a year older with those who joined, dims (age, need); age 2 holds joiners alone."""
    aged = joined.copy()
    aged[1:] += (plans * (1 - hazard)[:, None])[:-1]
    return aged


def exposure(history: History, mid_years: Sequence[int]) -> xr.DataArray:
    """Return residents by age at mid-years past and future, dims ``(area, mid_year, age)``.

    Area by area: the estimate where one is known; before the first the nearest known mid-year; after the first, where there is
    no estimate, the projection the history holds, else in gaps the nearest mid-year; beyond all of them everybody ages a year
    at a time and age 0 stays as it was.

    Parameters
    ----------
    history
        Residents known at its origin: nothing later is looked at.
    mid_years
        Wanted mid-years, any order.

    Raises
    ------
    HistoryError
        An area has neither an estimate nor a projection.
    """
    years = np.union1d(history.residents["mid_year"], history.projection["mid_year"]).astype(int)
    estimate = history.residents.reindex(mid_year=years).transpose("area", "mid_year", "age").to_numpy()
    projected = history.projection.reindex(mid_year=years).transpose("area", "mid_year", "age").to_numpy()
    known = np.asarray(~np.isnan(estimate).any(axis=2))
    first = np.where(known.any(axis=1), np.where(known, years, np.iinfo(np.int64).max).min(axis=1), -1)
    residents = np.where(
        known[:, :, None], estimate, np.where((years > first[:, None])[:, :, None], projected, np.nan)
    )
    usable = np.asarray(~np.isnan(residents).any(axis=2))
    without = [a for a, count in zip(history.areas, usable.sum(axis=1), strict=True) if not count]
    if without:
        raise HistoryError(
            f"Residents by age are needed for the flows of plans, but a history to January {history.origin} holds none for "
            f"{len(without)} areas ({', '.join(map(str, without[:5]))}). Use an origin at which they were published."
        )
    wanted = np.asarray(mid_years, dtype=int)
    away = np.where(usable[:, None, :], np.abs(years - wanted[:, None])[None], np.iinfo(np.int64).max)
    source = away.argmin(axis=2)
    ahead = np.maximum(wanted - years[source], 0)
    # Ageing is for years after the last figure; a gap before it takes its neighbour as it is.
    ahead = np.where(wanted > np.where(usable, years, -1).max(axis=1)[:, None], ahead, 0)
    ages = history.residents["age"].to_numpy()
    row = np.arange(len(history.areas))[:, None, None]
    aged = residents[row, source[:, :, None], np.maximum(np.arange(len(ages)) - ahead[:, :, None], 0)]
    return xr.DataArray(
        aged,
        dims=("area", "mid_year", "age"),
        coords={"area": list(history.areas), "mid_year": wanted, "age": ages},
        name="residents",
    )


def exposure_draws(
    history: History, area: int, januaries: Sequence[int], count: int, rng: np.random.Generator
) -> xr.DataArray:
    """Return draws of the residents from whom joiners come, dims ``(draw, january, age)``, ages as in stocks.

    Joiners of the year to a January come from the residents at the mid-year before it. Log-normal factors, one common to all
    ages and one for each age band, grow in proportion to the years since the area's last estimate.

    Parameters
    ----------
    history
        Residents known at its origin.
    area
        DfE number.
    januaries
        Januaries in which joiners are counted.
    count
        Number of draws.
    rng
        Source of randomness.
    """
    mid_years = [j - 1 for j in januaries]
    residents = exposure(history, mid_years).sel(area=area, age=list(AGES)).to_numpy()
    own = history.residents.sel(area=area).notnull().all("age")
    known = own["mid_year"].to_numpy()[own.to_numpy()]
    since = int(known.max()) if known.size else history.origin - 2
    ahead = np.maximum(np.asarray(mid_years) - since, 0)[None, :, None]
    common = COMMON_RESIDENTS_ERROR * rng.standard_normal((count, 1, 1))
    spread = np.array([RESIDENTS_ERROR[b] for b in BAND_CODES])
    own_band = (spread * rng.standard_normal((count, len(BAND_CODES))))[:, None, BAND_OF_AGE]
    return xr.DataArray(
        residents * np.exp(ahead * (common + own_band)),
        dims=("draw", "january", "age"),
        coords={"draw": np.arange(count), "january": list(januaries), "age": list(AGES)},
        name="residents",
    )


@dataclass(frozen=True, eq=False)
class Rates:
    """Rates of one authority as arrays; the same as `Flows` without an area.

    Parameters
    ----------
    joiner_rate, hazard, transfer_rate
        Dims ``(draw, age)``.
    need_mix, recoding
        Dims ``(draw, age, need)``.
    need_path, follows_index
        Dims ``(draw, ahead, need)`` and ``(draw, need)``.
    """

    joiner_rate: Array
    hazard: Array
    transfer_rate: Array
    need_mix: Array
    recoding: Array
    need_path: Array
    follows_index: Array

    @classmethod
    def of(cls, flows: Flows) -> Rates:
        """Return the rates of one authority."""
        by_age, by_need = ("draw", "age"), ("draw", "age", "need")
        rates = flows.rates
        return cls(
            joiner_rate=rates["joiner_rate"].transpose(*by_age).to_numpy(),
            hazard=rates["hazard"].transpose(*by_age).to_numpy(),
            transfer_rate=rates["transfer_rate"].transpose(*by_age).to_numpy(),
            need_mix=rates["need_mix"].transpose(*by_need).to_numpy(),
            recoding=rates["recoding"].transpose(*by_need).to_numpy(),
            need_path=rates["need_path"].transpose("draw", "ahead", "need").to_numpy(),
            follows_index=rates["follows_index"].transpose("draw", "need").to_numpy(),
        )

    def some(self, draws: slice) -> Rates:
        """Return the rates in a subset of draws."""
        return Rates(*(getattr(self, f.name)[draws] for f in fields(self)))

    def mix(self, t: int, index: Array) -> Array:
        """Return needs of joiners in the January at position ``t``, adding up to 1 at every age, dims ``(draw, age, need)``.

        Parameters
        ----------
        t
            Years since the first January forecast; beyond the end of the path its last year stands.
        index
            Joiner index, dims ``(draw, band)``; within its limits for this.
        """
        path = self.need_path[:, min(t, self.need_path.shape[1] - 1)]
        more = np.log(np.clip(index, 1 / MAX_INDEX, MAX_INDEX))
        tilt = path[:, None] + more[:, :, None] * (self.follows_index - 1)[:, None]
        return shares_of(self.need_mix * np.exp(tilt)[:, BAND_OF_AGE], axis=-1)

    def survival(self, hazard: Array) -> Array:
        """Return plans a year later per plan, without joiners, dims of ``hazard``: ``(draw, age[, need])``.

        Those who move away cannot be more than those who are left, and nobody holds a plan after the oldest age.
        """
        moved = self.transfer_rate if hazard.ndim == 2 else self.transfer_rate[:, :, None]
        survival: Array = np.maximum(1 - hazard + moved, 0.0)
        survival[:, -1] = 0.0
        return survival


@dataclass(frozen=True, eq=False)
class Leaving:
    """Shares of plans that stay, end or move in a year, dims ``(draw, age, need)`` or a need of length 1 for all.

    Parameters
    ----------
    leaves, moves, stays
        Share that ends for a reason other than a transfer, net share that moves in, and plans a year later over plans held.
    """

    leaves: Array
    moves: Array
    stays: Array

    @classmethod
    def of(cls, rates: Rates, hazard: Array, kept: Array, sent: Array) -> Leaving:
        """Return the shares of plans that stay, end or move, from a hazard and a calibration's shares.

        Parameters
        ----------
        rates
            Rates of the authority.
        hazard
            Dims ``(draw, age, need)``, need of length 1 or all.
        kept, sent
            Dims ``(draw, band)``, by the band a plan would be in a year later.
        """
        survival = rates.survival(hazard)
        moves = survival - 1 + hazard
        moves[:, -1] = 0.0
        keep, send = kept[:, _DESTINATION, None], sent[:, _DESTINATION, None]
        keep[:, -1], send[:, -1] = 0.0, 0.0
        remaining = survival + keep * hazard
        return cls(leaves=(1 - keep) * hazard + send * remaining, moves=moves, stays=(1 - send) * remaining)


@dataclass(frozen=True, eq=False)
class Year:
    """Plans after one year and the flows behind them, dims ``(draw, age, need)``; `advance` says by which age."""

    stock: Array
    leavers: Array
    transfers: Array
    recoded: Array


def pass_year(plans: Array, leaving: Leaving, joined: Array, rates: Rates) -> Year:
    """Return plans and flows of one year for given joiners, by the equation of the module.

    Parameters
    ----------
    plans
        Plans in January, dims ``(draw, age, need)``.
    leaving
        What they do.
    joined
        Joiners by age in the January after, dims ``(draw, age, need)``.
    rates
        Rates of the authority: changes of recorded need.
    """
    transfers, recoded, stock = np.zeros(plans.shape), np.zeros(plans.shape), joined.copy()
    np.multiply(plans[:, :-1], leaving.moves[:, :-1], out=transfers[:, 1:])
    stock[:, 1:] += plans[:, :-1] * leaving.stays[:, :-1]
    recoded[:, 1:] = _recoded(stock[:, 1:], rates.recoding[:, 1:])
    stock += recoded
    return Year(stock=stock, leavers=plans * leaving.leaves, transfers=transfers, recoded=recoded)


def rate_without_plan(rates: Rates, residents: Array, reaching: Array) -> Array:
    """Return today's joining rate among residents who hold no plan, dims ``(draw, age)``.

    Parameters
    ----------
    rates
        Rates of the authority: new plans per resident.
    residents
        Residents from whom the joiners of the first January come, dims ``(draw, age)``.
    reaching
        Plans of those who reach the age in that January, dims ``(draw, age)``.
    """
    expected = rates.joiner_rate * residents
    part = expected / np.maximum(without_plan(residents, reaching), LEAST_WITHOUT_PLAN)
    return np.asarray(np.maximum(-np.log1p(-np.minimum(part, MOST_JOINING)), LEAST_RATE))


def without_plan(residents: Array, reaching: Array) -> Array:
    """Return residents who hold no plan before anybody joins, dims ``(draw, age)``."""
    return np.asarray(np.maximum(residents - reaching, LEAST_WITHOUT_PLAN))


def reaching_age(plans: Array, leaving: Leaving) -> Array:
    """Return plans of those who reach each age in the next January, before anybody joins, dims ``(draw, age)``."""
    reached = np.zeros(plans.shape[:2])
    reached[:, 1:] = (plans[:, :-1] * leaving.stays[:, :-1]).sum(axis=2)
    return reached


def joiners_of(without: Array, rate: Array, index: Array) -> Array:
    """Return joiners by age, dims ``(draw, age)``: of those without a plan, at a rate times the index of the age's band.

    Parameters
    ----------
    without
        Residents without a plan, dims ``(draw, age)``.
    rate
        Joining rate, dims ``(draw, age)``.
    index
        Dims ``(draw, band)``.
    """
    return np.asarray(without * -np.expm1(-rate * index[:, BAND_OF_AGE]))


def at_todays_rates(stock: xr.DataArray, flows: Flows, residents: xr.DataArray) -> xr.DataArray:
    """Return all plans each January were today's joining and leaving rates to hold, dims ``(draw, january)``.

    A reference, not a forecast: nothing is calibrated. Arguments are those of `advance`.
    """
    rates = Rates.of(flows)
    people = residents.transpose("january", "draw", "age").to_numpy()
    survival = rates.survival(rates.hazard)
    plans = np.broadcast_to(stock.sum("need").to_numpy(), survival.shape)
    rate = rate_without_plan(rates, people[0], _arriving(plans, survival))
    totals = []
    for here in people:
        arrived = _arriving(plans, survival)
        plans = arrived + without_plan(here, arrived) * -np.expm1(-rate)
        totals.append(plans.sum(axis=1))
    return xr.DataArray(
        np.stack(totals, axis=1),
        dims=("draw", "january"),
        coords={"draw": residents["draw"], "january": residents["january"]},
        name="plans",
    )


def lifetime_chance(flows: xr.Dataset) -> xr.DataArray:
    """Return the lifetime chance of a plan at the joining rates of the year to each January, dims ``(draw, january)``.

    1 - exp(-sum over ages of rate times index): what a child's chance would be if every age joined as in that year.

    Parameters
    ----------
    flows
        Result of `advance`: ``rate`` and ``index``.
    """
    rate = flows["rate"].transpose("draw", "age").to_numpy()
    index = flows["index"].sel(series=list(BAND_CODES)).transpose("draw", "january", "series").to_numpy()
    chance = -np.expm1(-(index @ _MEMBER.T * rate[:, None]).sum(axis=2))
    return xr.DataArray(
        chance,
        dims=("draw", "january"),
        coords={"draw": flows["draw"], "january": flows["january"]},
        name="chance",
    )


def advance(stock: xr.DataArray, flows: Flows, residents: xr.DataArray, bands: xr.DataArray) -> xr.Dataset:
    """Return the plans of one authority each January and the flows between them, calibrated to age bands, then to their sum.

    Parameters
    ----------
    stock
        Plans at the January before the first of ``bands``, dims ``(age, need)``.
    flows
        Flows of the authority, without an area dimension; the draws of the other arguments.
    residents
        Residents at the mid-year before each January, dims ``(draw, january, age)``; see `exposure_draws`.
    bands
        Plans by age band, dims ``(draw, january, series)``, consecutive Januaries; never negative. Their sum is met in every
        January, each of them in the first.

    Returns
    -------
    xr.Dataset
        ``stock``, ``joiners``, ``leavers``, ``transfers`` and ``recoded``, dims ``(draw, january, age, need)``. ``leavers`` are
        those of the year to the January, by age in the January before; the others by age in the January. ``index``: joining
        rates over today's, and ``spread_to_leavers``: leavers more (+) or fewer (-) than their hazard says because joiners could
        not meet the band, both ``(draw, january, series)``; ``kept`` and ``sent``: the share of leavers who stay for that, and of
        the others who leave, same dims. ``rate``: today's joining rate among residents without a plan, ``(draw, age)``.
        ``opening``: the stock it started from.

    Raises
    ------
    ValueError
        Januaries are not consecutive, a target is negative or missing, or one is more than there are residents.
    """
    januaries = bands["january"].to_numpy()
    target = bands.sel(series=list(BAND_CODES)).transpose("january", "draw", "series").to_numpy()
    if (np.diff(januaries) != 1).any():
        raise ValueError(
            f"Plans move a year at a time, but the Januaries asked for are {januaries.tolist()}."
        )
    if not (target >= 0).all():
        raise ValueError("A target of plans by age band is negative or missing; there is no flow to it.")
    count = bands.sizes["draw"]
    rates = Rates.of(flows)
    people = residents.sel(january=januaries).transpose("january", "draw", "age").to_numpy()
    survival = rates.survival(rates.hazard)

    opening = stock.transpose("age", "need").to_numpy()
    earlier = np.broadcast_to(opening, (count, *opening.shape))
    rate = rate_without_plan(rates, people[0], _arriving(earlier.sum(axis=2), survival))
    shape = (count, len(januaries), *opening.shape)
    plans, joined, left, transferred, recoded = (np.zeros(shape) for _ in range(5))
    index, spread, kept, sent = (np.zeros((count, len(januaries), len(BAND_CODES))) for _ in range(4))
    for t in range(len(januaries)):
        by_age = earlier.sum(axis=2)
        going = _Going(_arriving(by_age, survival), _arriving(by_age, rates.hazard), people[t], rate)
        solved = _calibrate(target[t], going, min(t / BANDS_FOLLOWED, 1.0))
        index[:, t], spread[:, t] = solved.index, solved.spread
        kept[:, t], sent[:, t] = solved.kept, solved.sent
        leaving = Leaving.of(rates, rates.hazard[:, :, None], solved.kept, solved.sent)
        joiners = joiners_of(without_plan(people[t], reaching_age(earlier, leaving)), rate, solved.index)
        np.multiply(rates.mix(t, solved.index), joiners[:, :, None], out=joined[:, t])
        year = pass_year(earlier, leaving, joined[:, t], rates)
        left[:, t], transferred[:, t], recoded[:, t] = year.leavers, year.transfers, year.recoded
        plans[:, t] = earlier = year.stock

    cells = ("draw", "january", "age", "need")
    return xr.Dataset(
        {
            "stock": (cells, plans),
            "joiners": (cells, joined),
            "leavers": (cells, left),
            "transfers": (cells, transferred),
            "recoded": (cells, recoded),
            "index": (("draw", "january", "series"), index),
            "spread_to_leavers": (("draw", "january", "series"), spread),
            "kept": (("draw", "january", "series"), kept),
            "sent": (("draw", "january", "series"), sent),
            "rate": (("draw", "age"), rate),
            "opening": (("age", "need"), opening),
        },
        coords={
            "draw": bands["draw"].to_numpy(),
            "january": januaries,
            "age": list(AGES),
            "need": list(NEED_CODES),
            "series": list(BAND_CODES),
        },
    )


def _arriving(total: Array, survival: Array) -> Array:
    """Return plans of those who reach each age from plans by age, dims ``(draw, age)``."""
    reached = np.zeros_like(survival)
    reached[:, 1:] = (total * survival)[:, :-1]
    return reached


def _recoded(plans: Array, gap: Array) -> Array:
    """Return changes of plans by need when shares change by a log ratio, dims (draw, age, need); they add up to 0."""
    total = plans.sum(axis=2, keepdims=True)
    return np.asarray(total * shares_of(plans * np.exp(gap), axis=-1) - plans)


@dataclass(frozen=True)
class _Solved:
    """One year's calibration, dims (draw, band): see `advance`."""

    index: Array
    spread: Array
    kept: Array
    sent: Array


@dataclass(frozen=True, eq=False)
class _Going:
    """What a year starts from, by age, dims (draw, age).

    Plans that go on and that would end, by the age reached; residents; today's joining rate.
    """

    arrived: Array
    ended: Array
    people: Array
    rate: Array


def _calibrate(target: Array, going: _Going, handed_over: float) -> _Solved:
    """Return the flows of a year that make plans add up to targets; arrays have dims (draw, band).

    Targets are those given where ``handed_over`` is 0, and what one index for all ages makes of their sum where it is 1.
    """
    whole = np.ones((len(AGES), 1))
    wanted = target.sum(axis=1, keepdims=True)
    total = np.minimum(wanted, _most_plans(going))
    target = target * np.divide(total, wanted, out=np.ones_like(total), where=wanted > 0)
    together = _solve(total, going, whole)
    if handed_over >= 1:
        solved = together
    else:
        alike = _plans_by_band(together, going)
        solved = _solve((1 - handed_over) * target + handed_over * alike, going, _MEMBER)
        # Where bands ask for a chance that nobody would have, they give way to the sum.
        rates = (going.rate * (solved.index @ _MEMBER.T)).sum(axis=1)
        beyond = rates > -np.log1p(-HIGHEST_CHANCE)
        index, kept, sent = (
            np.where(beyond[:, None], common, own)
            for common, own in zip(together.parts, solved.parts, strict=True)
        )
        solved = _Answer(index, kept, sent, _MEMBER)
    as_bands = (len(target), len(BAND_CODES))
    fuller = going.arrived + (solved.kept @ solved.groups.T) * going.ended
    left = fuller * (1 - solved.sent @ solved.groups.T)
    return _Solved(
        index=np.broadcast_to(solved.index, as_bands),
        spread=(going.arrived - left) @ _MEMBER,
        kept=np.broadcast_to(solved.kept, as_bands),
        sent=np.broadcast_to(solved.sent, as_bands),
    )


@dataclass(frozen=True, eq=False)
class _Answer:
    """Index, and shares of leavers kept and of others sent, dims (draw, group), with the membership of ages, (age, group)."""

    index: Array
    kept: Array
    sent: Array
    groups: Array

    @property
    def parts(self) -> tuple[Array, Array, Array]:
        """Index and shares."""
        return self.index, self.kept, self.sent


def _solve(goal: Array, going: _Going, groups: Array) -> _Answer:
    """Return what makes plans of groups of ages add up to a goal, dims (draw, group)."""
    arrived, ended, rate = going.arrived, going.ended, going.rate
    without = without_plan(going.people, arrived)
    index = _index_for(goal - arrived @ groups, without, rate, groups, 1 / MAX_INDEX, MAX_INDEX)
    # Of those whose plan goes on, or ends, a part would have joined, or join again: what is left of each.
    still = np.exp(-rate * (index @ groups.T))
    short = goal - arrived @ groups - (without * (1 - still)) @ groups
    short = np.where(np.abs(short) <= NEGLIGIBLE * (goal + 1), 0.0, short)
    kept = _share_at_most_one(np.maximum(short, 0.0), (ended * still) @ groups)
    fuller = arrived + (kept @ groups.T) * ended
    sent = _share_at_most_one(np.maximum(-short, 0.0), (fuller * still) @ groups)
    left = fuller * (1 - sent @ groups.T)
    # Whatever is still missing is left to the index: more than four times the rate, or less than a quarter; and the little where
    # more plans reach an age than it has residents.
    now = without_plan(going.people, left)
    missing = goal - left @ groups - (now * -np.expm1(-rate * (index @ groups.T))) @ groups
    unmet = np.abs(missing) > NEGLIGIBLE * (goal + 1)
    some = unmet.any(axis=1)
    needed = (goal - left @ groups)[some]
    rest = _index_for(needed, now[some], rate[some], groups, 0.0, LARGEST_INDEX)
    index[some] = np.where(unmet[some], rest, index[some])
    return _Answer(index, kept, sent, groups)


def _most_plans(going: _Going) -> Array:
    """Return plans in all if every age joined so that the lifetime chance were `HIGHEST_CHANCE`, dims (draw, 1)."""
    index = -np.log1p(-HIGHEST_CHANCE) / going.rate.sum(axis=1, keepdims=True)
    joining = without_plan(going.people, going.arrived) * -np.expm1(-going.rate * index)
    return np.asarray((going.arrived + joining).sum(axis=1, keepdims=True))


def _plans_by_band(answer: _Answer, going: _Going) -> Array:
    """Return plans by band that an answer makes, dims (draw, band)."""
    fuller = going.arrived + (answer.kept @ answer.groups.T) * going.ended
    left = fuller * (1 - answer.sent @ answer.groups.T)
    joining = without_plan(going.people, left) * -np.expm1(-going.rate * (answer.index @ answer.groups.T))
    return np.asarray((left + joining) @ _MEMBER)


def _index_for(needed: Array, without: Array, rate: Array, groups: Array, low: float, high: float) -> Array:
    """Return the index at which as many join as are needed, within bounds, dims (draw, group).

    Newton's method from the lowest: the number who join is concave in the index, so no step passes the answer. A draw is done
    where as many join as are needed, or where the index can go no further; draws that are not are taken on alone.
    """
    index = np.full(needed.shape, low)
    going = np.arange(len(needed))
    for _ in range(MOST_STEPS):
        now = index[going]
        still = np.exp(-rate[going] * (now @ groups.T))
        joined, slope = (
            (without[going] * (1 - still)) @ groups,
            (without[going] * rate[going] * still) @ groups,
        )
        missing = needed[going] - joined
        step = np.divide(missing, slope, out=np.zeros_like(slope), where=slope > 1e-200)
        index[going] = then = np.clip(now + step, low, high)
        met = np.abs(missing) <= CLOSE * (np.abs(needed[going]) + 1) + 1e-300
        going = going[~(met | (then == now)).all(axis=1)]
        if not len(going):
            break
    return index


def _share_at_most_one(part: Array, whole: Array) -> Array:
    """Return part / whole, at most 1; 1 where the whole is 0."""
    share = np.divide(part, whole, out=np.ones_like(part), where=whole > part)
    return np.where(part > 0, share, 0.0)


def explain(plans: xr.Dataset, residents: xr.DataArray) -> xr.DataArray:
    """Return the parts of the change in plans since the opening January, dims ``(draw, january, term)``, which add up exactly.

    With J joiners, L leavers (those of 25 included), T transfers, S stock by age, E residents, and sums over the years u up to
    the January and all ages a, and with the share of plans that ended h[a, u] = L[a, u] / S[a, u]:

    ``population``
        sum J[a, u] (1 - E[a, first] / E[a, u]): joiners because there are more or fewer residents than in the first year;
    ``joiner_rate``
        sum J[a, u] E[a, first] / E[a, u]: joiners had the first year's residents stayed, today's joiners continuing included;
    ``leaver_rate``
        - sum h[a, u] S[a, opening]: leavers had the plans of the opening January stayed as many and as old as they were,
        today's leavers continuing included;
    ``ageing``
        - sum h[a, u] (S[a, u] - S[a, opening]): leavers because plans have become more and older since;
    ``transfers``
        sum T[a, u].

    Parameters
    ----------
    plans
        Result of `advance`.
    residents
        What it was given, dims ``(draw, january, age)``.
    """
    joined, left = (
        plans[n].sum("need").transpose("draw", "january", "age").to_numpy() for n in ("joiners", "leavers")
    )
    stock = plans["stock"].sum("need").transpose("draw", "january", "age").to_numpy()
    opening = plans["opening"].sum("need").to_numpy()
    before = np.concatenate([np.broadcast_to(opening, (len(stock), 1, len(opening))), stock[:, :-1]], axis=1)
    people = residents.sel(january=plans["january"]).transpose("draw", "january", "age").to_numpy()
    # Where there is nobody, or no plan, nothing can be put down to a change in their number.
    at_first = joined * np.divide(people[:, :1], people, out=np.ones_like(joined), where=people > 0)
    at_opening = opening * np.divide(left, before, out=np.zeros_like(left), where=before > 0)
    parts = {
        "population": joined - at_first,
        "joiner_rate": at_first,
        "leaver_rate": -at_opening,
        "transfers": plans["transfers"].sum("need").transpose("draw", "january", "age").to_numpy(),
        "ageing": at_opening - left,
    }
    return xr.DataArray(
        np.stack([parts[t].sum(axis=2).cumsum(axis=1) for t in TERMS], axis=2),
        dims=("draw", "january", "term"),
        coords={"draw": plans["draw"], "january": plans["january"], "term": list(TERMS)},
        name="plans",
    )
