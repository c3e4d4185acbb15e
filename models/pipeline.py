"""The stages before a plan: requests, decisions and assessments that draws of new plans imply, by age.

Identities, in every draw, calendar year y and age a (at 31 August of y, as the stock's):

    assessments = new_plans + assessments_without_plan
    requests    = refused + withdrawn + accepted

Structure, with shares s (assessments ending in a plan), r (refused of requests refused or accepted), w (withdrawn of requests
decided), the delay l and the backlog b:

    assessments[y, a] = new_plans[y, a] / s[y, a]
    accepted[y, a]    = exp(b[y]) ((1 - l) assessments[y, a] + l assessments[y+1, a+1])
    refused[y, a]     = accepted r / (1 - r)
    withdrawn[y, a]   = (accepted + refused) w / (1 - w)

The share l of requests whose assessment ends in the next year belongs to children who are a year older by then, exactly, because
both ages are at 31 August ("2 and under" also feeds itself; nobody of 25 has a next year). Beyond the last year its assessments
are repeated by age. Repeating growth would let more plans in the last year but one lower the requests of the last; as it is, all
coefficients are free of new plans, so more new plans never mean fewer requests in the same draw. Where the last year matters,
project one year more.

Shares are Beta: the authority's level over all ages has England's, standardised for its ages, as prior mean; its ages have
England's profile shifted to that level (on the logit) as theirs. Both concentrations are estimated by moments over authorities.
An authority without a return is a draw from the priors.

Years ahead, the logit of s and of r moves by an AR(1) process that is 0 in the last published year, common to all ages, so a
draw that refuses much keeps doing so. Its size is measured on changes in the published series of all ages over 1, 2, 3, ...
years, robustly (median) and net of counting noise, because a few authorities change their recording, not their practice; and it
never wanders further than authorities differ. Withdrawals, 1.6 % of requests, have two years of figures and only the uncertainty
of the share. Requests not yet decided at the end of the year share the fate of the decided, so refusals and withdrawals are those
that come of the year's requests in the end: more than the return of that year shows (7.8 % of 2024's were undecided).

The backlog b is the log of requests accepted over those predicted from published assessments: England's median, an authority's
own slow departure, an AR(1) process estimated from all its years, and noise of the single year. The autocorrelation of departures
since 2016 says how much of their variance is slow (0.42) and how much of that is left a year later (0.69, so a third after three
years). Requests therefore do not continue the last published figure where it was out of line with assessments for that year only.

Checked on 2024 with what was known a year before and the new plans of 2024 by age as input: 149 authorities, median of predicted
over published requests 1.02, middle half 0.91 to 1.16, 80 % intervals held 79 %. The form of the backlog and the bound on drift
were settled with this check in view (75 % before), so it is not a blind test. Plans by age and plans issued by assessment are
two returns that differ (middle half 0.96 to 1.01): nothing here can mend that, and assessments differ with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.special import expit, logit, ndtri

from data.errors import AreaError
from data.vocabulary import AGES
from models.base import Array

VARIABLES: tuple[str, ...] = (
    "requests",
    "refused",
    "withdrawn",
    "accepted",
    "assessments",
    "assessments_without_plan",
    "new_plans",
)
"""Variables of a projection."""

FIRST_YEAR = 2016
"""Until 2015 most new plans replaced statements, and requests are not published."""

LARGE = 100
"""Authorities with fewer requests or assessments in a year say nothing about how shares move or backlogs build up."""

MOST = 0.95
"""No draw refuses, withdraws or leaves without a plan more than this; the largest published shares, of authorities with
100 requests or more, are 0.65, 0.46 and 0.31."""

LEAST_CONCENTRATION, MOST_CONCENTRATION = 1.0, 1e4
"""Range of an estimated concentration; the upper end means no variation beyond counting noise was found."""

_NEVER = 1e-6
_PERSISTENCE: Array = np.linspace(0.0, 0.99, 100)


class ProcessReturns(Protocol):
    """The data a fit needs, as in `data.panels.process.Process`."""

    @property
    def by_age(self) -> xr.Dataset:
        """Requests and assessments, dims ``(area, year, age)``."""

    @property
    def totals(self) -> xr.Dataset:
        """The same for all ages, dims ``(area, year)``."""

    @property
    def decided(self) -> xr.DataArray:
        """Requests that refusals are divided by, dims ``(area, year)``."""

    @property
    def delay(self) -> float:
        """Years from a request to the end of its assessment, 0 to 1."""

    @property
    def last_year(self) -> int:
        """Latest calendar year."""


@dataclass(frozen=True)
class Shares:
    """A share by authority and age, shrunk towards England's.

    Parameters
    ----------
    england
        England's share by age, dims ``(age,)``, 0 to 1.
    weights
        Ages of each authority's requests or assessments, dims ``(area, age)``, adding up to 1 over ages.
    trials, successes
        Own counts over all years returned, dims ``(area, age)``; 0 where there was no return.
    between
        Concentration of authorities' levels about England's: prior counts.
    within
        Concentration of an authority's ages about England's profile at its level.
    """

    england: Array
    weights: Array
    trials: Array
    successes: Array
    between: float
    within: float

    @classmethod
    def pool(cls, successes: xr.DataArray, trials: xr.DataArray) -> Shares:
        """Return England's profile and both concentrations from counts, dims ``(area, year, age)``, NaN if not returned."""
        known = successes.notnull() & trials.notnull()
        order = ("area", "age")
        hits = successes.where(known).sum("year").transpose(*order).to_numpy()
        tried = trials.where(known).sum("year").transpose(*order).to_numpy()
        england = (hits.sum(axis=0) + 0.5) / (tried.sum(axis=0) + 1)
        # An authority without any has the ages of all together.
        ages = np.where(tried.sum(axis=1, keepdims=True) > 0, tried, tried.sum(axis=0))
        weights = ages / ages.sum(axis=1, keepdims=True)
        expected = (weights * england).sum(axis=1)
        of_all, tried_of_all = hits.sum(axis=1), tried.sum(axis=1)
        between = concentration(of_all, tried_of_all, expected)
        alpha, beta = posterior(expected, between, of_all, tried_of_all)
        profile = shift_profile(england, weights, alpha / (alpha + beta))
        return cls(england, weights, tried, hits, between, concentration(hits, tried, profile))

    def draws(self, row: int, count: int, rng: np.random.Generator) -> Array:
        """Return draws of one authority's share, dims ``(draw, age)``.

        Parameters
        ----------
        row
            Position of the authority.
        count
            Number of draws.
        rng
            Source of randomness.
        """
        tried, hits, weights = self.trials[row], self.successes[row], self.weights[row]
        expected = (weights * self.england).sum()
        level = rng.beta(*posterior(expected, self.between, hits.sum(), tried.sum()), size=count)
        profile = shift_profile(self.england, weights, level)
        return np.clip(rng.beta(*posterior(profile, self.within, hits, tried)), _NEVER, 1 - _NEVER)


@dataclass(frozen=True)
class Drift:
    """An AR(1) process: x[h] = persistence x[h-1] + step e[h].

    Parameters
    ----------
    persistence
        0 to below 1, per year.
    step
        Standard deviation of a year's innovation.
    """

    persistence: float
    step: float

    def paths(self, start: Array, years: int, rng: np.random.Generator) -> Array:
        """Return paths from ``start``, dims ``(draw,)``, over 0 to ``years`` years ahead, dims ``(draw, 1 + years)``."""
        path = np.empty((len(start), 1 + years))
        path[:, 0] = start
        for h in range(1, 1 + years):
            path[:, h] = self.persistence * path[:, h - 1] + self.step * rng.standard_normal(len(start))
        return path


@dataclass(frozen=True)
class RequestBacklog:
    """Log ratio of accepted requests to those predicted from assessments: England's median + slow departure + noise.

    Parameters
    ----------
    england
        Median of authorities.
    slow
        How an authority's slow departure fades and is renewed.
    noise
        Standard deviation of a single year about it.
    own, variance
        Posterior mean and variance of the slow departure in the last published year, dims ``(area,)``.
    """

    england: float
    slow: Drift
    noise: float
    own: Array
    variance: Array

    def draws(self, row: int, count: int, ahead: npt.NDArray[np.int64], rng: np.random.Generator) -> Array:
        """Return b of one authority, dims ``(draw, year)``.

        Parameters
        ----------
        row
            Position of the authority.
        count
            Number of draws.
        ahead
            Years after the last published one, for each year wanted; whole, not negative.
        rng
            Source of randomness.
        """
        start = self.own[row] + np.sqrt(self.variance[row]) * rng.standard_normal(count)
        slow = self.slow.paths(start, int(ahead.max()), rng)[:, ahead]
        return self.england + slow + self.noise * rng.standard_normal(slow.shape)


@dataclass(frozen=True)
class FittedPipeline:
    """The fitted quantities with which requests are worked out from new plans.

    Parameters
    ----------
    areas
        DfE numbers, in the order of the rows of all arrays.
    last_year
        Latest calendar year seen.
    delay
        Share of requests whose assessment ends in the next year.
    refusal, withdrawal, plan
        Shares of requests refused (of refused and accepted), requests withdrawn (of decided), assessments ending in a plan.
    refusal_drift, plan_drift
        How the logits of two of them move from year to year.
    backlog
        Requests accepted beyond, or short of, what assessments explain.
    """

    areas: tuple[int, ...]
    last_year: int
    delay: float
    refusal: Shares
    withdrawal: Shares
    plan: Shares
    refusal_drift: Drift
    plan_drift: Drift
    backlog: RequestBacklog

    def project(self, new_plans: xr.DataArray, la_code: int, rng: np.random.Generator) -> xr.Dataset:
        """Return requests, decisions and assessments implied by draws of new plans.

        Parameters
        ----------
        new_plans
            New plans of one authority, dims ``(draw, year, age)``: consecutive calendar years, age at 31 August of the year,
            ``AGES``. Years up to the last published are given its shares and backlog.
        la_code
            DfE number of the authority.
        rng
            Source of randomness; what is drawn does not depend on the number of plans.

        Returns
        -------
        xr.Dataset
            `VARIABLES`, dims ``(draw, year, age)``, in children; draws and years as given.

        Raises
        ------
        AreaError
            The authority is not one of those fitted.
        ValueError
            Years are not consecutive, ages are not those of the stock, or plans are negative or missing.
        """
        if la_code not in self.areas:
            raise AreaError(f"There is no authority {la_code} in the returns of requests and assessments.")
        years = new_plans["year"].to_numpy().astype(int)
        plans = new_plans.transpose("draw", "year", "age").to_numpy()
        if (np.diff(years) != 1).any() or tuple(new_plans["age"].to_numpy().tolist()) != AGES:
            raise ValueError(
                f"New plans must be of consecutive years and of ages {AGES[0]} to {AGES[-1]}; "
                f"years are {years.tolist()}."
            )
        if not (plans >= 0).all():
            raise ValueError("New plans are negative or missing; no requests follow from them.")
        row, count = self.areas.index(la_code), len(plans)
        ahead = np.maximum(years - self.last_year, 0)
        horizon = int(ahead.max())
        still = np.zeros(count)
        shares = {
            name: _to_stock_ages(share.draws(row, count, rng))[:, None, :]
            for name, share in (
                ("refusal", self.refusal),
                ("withdrawal", self.withdrawal),
                ("plan", self.plan),
            )
        }
        refusal = expit(
            logit(shares["refusal"]) + self.refusal_drift.paths(still, horizon, rng)[:, ahead, None]
        )
        ending = expit(logit(shares["plan"]) + self.plan_drift.paths(still, horizon, rng)[:, ahead, None])
        extra = np.exp(self.backlog.draws(row, count, ahead, rng))[:, :, None]

        refusal, without = np.minimum(refusal, MOST), np.minimum(1 - ending, MOST)
        withdrawal = np.minimum(shares["withdrawal"], MOST)
        assessments_without_plan = plans * without / (1 - without)
        assessments = plans + assessments_without_plan
        accepted = extra * self._in_the_year_of_request(assessments)
        refused = accepted * refusal / (1 - refusal)
        withdrawn = (accepted + refused) * withdrawal / (1 - withdrawal)
        stages = {
            "requests": refused + withdrawn + accepted,
            "refused": refused,
            "withdrawn": withdrawn,
            "accepted": accepted,
            "assessments": assessments,
            "assessments_without_plan": assessments_without_plan,
            "new_plans": plans,
        }
        cells = ("draw", "year", "age")
        return xr.Dataset(
            {name: (cells, stages[name]) for name in VARIABLES},
            coords={"draw": new_plans["draw"].to_numpy(), "year": years, "age": list(AGES)},
        )

    def _in_the_year_of_request(self, assessments: Array) -> Array:
        """Return assessments by the year and age of their request, dims ``(draw, year, age)``."""
        following = np.concatenate([assessments[:, 1:], assessments[:, -1:]], axis=1)
        a_year_older = np.concatenate([following[:, :, 1:], np.zeros_like(following[:, :, :1])], axis=2)
        # "2 and under" holds next year's two-year-olds too.
        a_year_older[:, :, 0] += following[:, :, 0]
        return (1 - self.delay) * assessments + self.delay * a_year_older


def fit(process: ProcessReturns) -> FittedPipeline:
    """Estimate shares, their movement over time and backlogs, from published requests and assessments."""
    seen, totals = process.by_age, process.totals.transpose("area", "year")
    answered = seen["accepted"] + seen["refused"]
    by_child = int(seen["year"].min())
    return FittedPipeline(
        areas=tuple(int(a) for a in totals["area"].to_numpy()),
        last_year=process.last_year,
        delay=process.delay,
        refusal=Shares.pool(seen["refused"], answered),
        withdrawal=Shares.pool(seen["withdrawn"], answered + seen["withdrawn"]),
        plan=Shares.pool(seen["issued"], seen["completed"]),
        # Refusals are counted otherwise from the first year returned child by child; see data.panels.process.
        refusal_drift=drift(totals["refused"], process.decided, breaks=[by_child]),
        plan_drift=drift(totals["issued"], totals["completed"]),
        backlog=_backlog(process),
    )


def posterior(mean: Array, prior: float, successes: Array, trials: Array) -> tuple[Array, Array]:
    """Return both parameters of the Beta posterior of a share.

    Parameters
    ----------
    mean
        Prior mean, 0 to 1.
    prior
        Prior concentration, in counts.
    successes, trials
        What was counted.
    """
    return prior * mean + successes, prior * (1 - mean) + trials - successes


def concentration(successes: Array, trials: Array, mean: Array) -> float:
    """Return the concentration of shares around their means, by the method of moments.

    Counts k of n with mean m vary as n m (1 - m) (1 + (n - 1) / (c + 1)), beta-binomial with concentration c. Cells of fewer
    than two are left out.

    Parameters
    ----------
    successes, trials, mean
        Cells of any shape.

    Returns
    -------
    float
        c, in [`LEAST_CONCENTRATION`, `MOST_CONCENTRATION`].
    """
    used = trials >= 2
    k, n = successes[used], trials[used]
    m = np.broadcast_to(mean, trials.shape)[used]
    excess = ((k - n * m) ** 2 / n - m * (1 - m)).sum()
    most = ((n - 1) * m * (1 - m)).sum()
    if excess <= 0 or most <= 0:
        return MOST_CONCENTRATION
    return float(np.clip(most / excess - 1, LEAST_CONCENTRATION, MOST_CONCENTRATION))


def shift_profile(profile: Array, weights: Array, level: Array) -> Array:
    """Return a profile shifted on the logit scale until its weighted mean is each level, dims ``(level, age)``.

    Parameters
    ----------
    profile
        Shares by age.
    weights
        Weights by age adding up to 1, one row for all levels or one for each.
    level
        Means wanted, 0 to 1.
    """
    at = logit(profile)
    low, high = np.full(len(level), -30.0), np.full(len(level), 30.0)
    # Bisection: 45 halvings of 60 logits leave an error far below any count.
    for _ in range(45):
        middle = (low + high) / 2
        short = (weights * expit(at + middle[:, None])).sum(axis=1) < level
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    moved: Array = np.clip(expit(at + ((low + high) / 2)[:, None]), _NEVER, 1 - _NEVER)
    return moved


def drift(successes: xr.DataArray, trials: xr.DataArray, breaks: Sequence[int] = ()) -> Drift:
    """Return the AR(1) process of the logit of a share over years, estimated from authorities' series.

    Changes d over h years with counting variance v have median d^2 / (s + v) equal to that of chi-squared at the excess variance
    s[h]; an AR(1) process has s[h] = 2 t (1 - p^h), fitted by least squares weighted by the number of changes. The variance t is
    held to that between authorities in a year: with few years a process cannot be told from one that wanders without end.

    Parameters
    ----------
    successes, trials
        Counts, dims ``(area, year)``; NaN where not known. Before `FIRST_YEAR` they are not looked at.
    breaks
        First years of a new definition: changes across them are left out.
    """
    published = trials["year"].where(trials.notnull().any("area"), drop=True)
    years = [int(y) for y in published.to_numpy() if y >= FIRST_YEAR]
    n = trials.sel(year=years).to_numpy()
    n = np.where(n >= LARGE, n, np.nan)
    k = successes.sel(year=years).to_numpy()
    at = np.log((k + 0.5) / (n - k + 0.5))
    noise = 1 / (k + 0.5) + 1 / (n - k + 0.5)
    era = np.searchsorted(sorted(breaks), years, side="right")
    lags, excess, changes = [], [], []
    for h in range(1, len(years)):
        pair = era[h:] == era[:-h]
        d = (at[:, h:] - at[:, :-h])[:, pair]
        v = (noise[:, h:] + noise[:, :-h])[:, pair]
        known = np.isfinite(d)
        if known.sum() >= 10:
            lags.append(h)
            excess.append(_excess(d[known], v[known]))
            changes.append(int(known.sum()))
    if not lags:
        return Drift(0.0, 0.0)
    apart = at - np.nanmedian(at, axis=0)
    known = np.isfinite(apart)
    widest = _excess(apart[known], noise[known])
    return _ar1(np.array(lags, dtype=float), np.array(excess), np.array(changes, dtype=float), widest)


def _excess(change: Array, noise: Array) -> float:
    """Return the variance beyond noise that matches the median of squared changes; 0 if noise explains it."""
    from scipy.optimize import brentq
    from scipy.stats import chi2

    centre = float(chi2.median(1))

    def beyond(s: float) -> float:
        return float(np.median(change**2 / (s + noise))) - centre

    return 0.0 if beyond(0.0) <= 0 else float(brentq(beyond, 0.0, float((change**2).max()) / centre + 1))


def _ar1(lags: Array, excess: Array, changes: Array, widest: float) -> Drift:
    """Return the AR(1) process, up to a maximum variance, whose changes over the lags have these variances."""
    persistence = _PERSISTENCE
    shape = 2 * (1 - persistence[:, None] ** lags)
    variance = (changes * shape * excess).sum(axis=1) / (changes * shape**2).sum(axis=1)
    variance = np.minimum(variance, widest)
    misfit = (changes * (excess - variance[:, None] * shape) ** 2).sum(axis=1)
    best = int(misfit.argmin())
    return Drift(float(persistence[best]), float(np.sqrt(variance[best] * (1 - persistence[best] ** 2))))


def _backlog(process: ProcessReturns) -> RequestBacklog:
    """Return the ratio of accepted requests to those explained by assessments, by authority and year."""
    totals = process.totals.transpose("area", "year").sel(year=slice(FIRST_YEAR, None))
    assessed = totals["year"].where(totals["completed"].notnull().any("area"), drop=True)
    totals = totals.sel(year=slice(None, int(assessed.max())))
    decided = process.decided.transpose("area", "year").sel(year=totals["year"])
    received, refused = totals["received"].to_numpy(), totals["refused"].to_numpy()
    n = decided.to_numpy()
    withdrawn = totals["withdrawn"].fillna(0.0).to_numpy()
    accepted = received * (n - refused - withdrawn) / np.where(n > 0, n, np.nan)
    completed = totals["completed"].to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        # What a forecast starts from does not know the assessments of the year after.
        log_ratio = np.log(accepted / completed)
        known = np.log(
            accepted[:, :-1] / ((1 - process.delay) * completed[:, :-1] + process.delay * completed[:, 1:])
        )
        variance = 1 / accepted + 1 / completed
    log_ratio, known = (np.where(np.isfinite(x), x, np.nan) for x in (log_ratio, known))
    large = (accepted >= LARGE) & (completed >= LARGE)
    level = np.nanmedian(np.where(large[:, :-1], known, np.nan), axis=0)
    last = log_ratio[:, -1:] - np.nanmedian(np.where(large, log_ratio, np.nan)[:, -1])
    departure = np.concatenate([known - level, last], axis=1)
    pooled = np.where(large, departure, np.nan)
    # A few authorities return requests and assessments that cannot both be right: the middle of the spread is used.
    spread = float(np.median(np.nanmedian(np.abs(pooled), axis=0)) / ndtri(0.75))
    share, persistence = estimate_slow_part(pooled)
    slow, noise = share * spread**2, (1 - share) * spread**2
    # Years whose assessments by authority are not published yet say nothing: the departure fades through them.
    unseen = np.full((len(departure), process.last_year - int(assessed.max())), np.nan)
    own, left = filter_ar1(
        np.concatenate([departure, unseen], axis=1),
        np.concatenate([noise + variance, unseen], axis=1),
        slow,
        persistence,
    )
    return RequestBacklog(
        england=float(level[-1]),
        slow=Drift(persistence, float(np.sqrt(slow * (1 - persistence**2)))),
        noise=float(np.sqrt(noise)),
        own=own,
        variance=left,
    )


def estimate_slow_part(departure: Array) -> tuple[float, float]:
    """Return the share of variance due to an AR(1) process under yearly noise, and its persistence.

    The autocorrelation of their sum is share * persistence^h at lag h. Ranks are correlated, and lags weigh by their pairs of
    years.

    Parameters
    ----------
    departure
        Dims ``(area, year)``; NaN where not known.
    """
    years = departure.shape[1]
    lags = np.arange(1, years)
    covariances = np.array(
        [
            np.mean([_rank_correlation(departure[:, t], departure[:, t + h]) for t in range(years - h)])
            for h in lags
        ]
    )
    pairs = (years - lags).astype(float)
    shape = _PERSISTENCE[:, None] ** lags
    # Without persistence there is no slow part: its share is what noise leaves.
    share = np.clip(
        (pairs * shape * covariances).sum(axis=1) / np.maximum((pairs * shape**2).sum(axis=1), 1e-12), 0, 1
    )
    best = int((pairs * (covariances - share[:, None] * shape) ** 2).sum(axis=1).argmin())
    return float(share[best]), float(_PERSISTENCE[best])


def filter_ar1(seen: Array, noise: Array, stationary: float, persistence: float) -> tuple[Array, Array]:
    """Return mean and variance of an AR(1) process in the last year from noisy observations (Kalman filter), by area.

    Parameters
    ----------
    seen, noise
        Sights and their variances, dims ``(area, year)``; NaN where there is none.
    stationary, persistence
        Variance and yearly persistence of the process.
    """
    mean = np.zeros(len(seen))
    variance = np.full(len(seen), stationary)
    for t in range(seen.shape[1]):
        mean = persistence * mean
        variance = persistence**2 * variance + (1 - persistence**2) * stationary
        known = np.isfinite(seen[:, t]) & np.isfinite(noise[:, t])
        gain = np.where(known, variance / (variance + np.where(known, noise[:, t], 1.0)), 0.0)
        mean = mean + gain * (np.where(known, seen[:, t], 0.0) - mean)
        variance = (1 - gain) * variance
    return mean, variance


def _rank_correlation(x: Array, y: Array) -> float:
    """Return Spearman's correlation of the pairs where both are known; 0 with fewer than ten."""
    from scipy.stats import spearmanr

    both = np.isfinite(x) & np.isfinite(y)
    return float(spearmanr(x[both], y[both]).statistic) if both.sum() >= 10 else 0.0


def _to_stock_ages(shares: Array) -> Array:
    """Return shares by age from 2 to "20 and over" for all ages of the stock."""
    moved: Array = shares[:, np.minimum(np.arange(len(AGES)), shares.shape[1] - 1)]
    return moved
