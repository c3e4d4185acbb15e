"""Time-series models of EHC plan totals: local linear trend, damped exponential smoothing and ARIMA.

Equation, for area i with l = log(y + 1), N the log of the national sum and s(y) = sqrt(0.0025 + 1 / (y + 5)):

    l[i, t] = N[t] + s(y[i, T]) x[i, t],

where N and x each follow the member's own kind of model:

==================  ====================================  =====================================================
member              national path N                       deviation x of an area, parameters shared by all areas
==================  ====================================  =====================================================
local_linear_trend  local linear trend                    local linear trend, first slope ~ normal(0, tau^2)
damped_ets          additive error, damped trend          additive error, damped trend, first slope 0
arima               ARIMA(0, 2, 1)                        ARIMA(0, 1, 1) or (1, 1, 0) by median AICc, no drift
==================  ====================================  =====================================================

4 to 16 Januaries cannot carry variances, smoothing weights and a drift for each area alone: fitted area by area
these models score 1.3 to 2.7 times the logCRPS of `regional_growth`. So every area keeps its own states but shares its
parameters, its trend is drawn to the national one, and the size of one-year errors is pooled; see
docs/experiments.md. The forecast of log(y + 1) is Gaussian with the model's own covariance over horizons.

The models forecast the total only. An area with under `SHORTEST` Januaries, or a member that cannot be
estimated, falls back to a random walk that drifts with national growth (`level_walk` about the national
path, itself a `random_walk` with the mean growth where the member has no national model); the forecast names
the areas. An area that never published a total gets NaN. Areas are independent in the draws.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.optimize import minimize
from scipy.special import expit, ndtri
from scipy.stats import multivariate_normal, norm
from statsmodels.tsa.arima.model import ARIMA
from statsmodels.tsa.arima_process import arma2ma
from statsmodels.tsa.exponential_smoothing.ets import ETSModel
from statsmodels.tsa.statespace.structural import UnobservedComponents

from data.panels.backlogs import spread
from data.panels.history import History
from data.vocabulary import ALL
from models.base import Array
from models.baselines import View, keep_within_bounds, scale

Order = tuple[int, int, int]
"""ARIMA order: autoregressive, differences, moving average."""

Given = TypeVar("Given")

SHORTEST = 4
"""Fewest Januaries, gaps filled, on which a model of an area is projected."""

SHORTEST_NATIONAL = 6
"""Fewest Januaries on which a model of the national path is estimated."""

WINSOR = 3.0
"""Yearly changes are kept within this many robust standard deviations of the area's median."""

SMALLEST_DEVIATION = 0.03
"""Least robust standard deviation of a yearly change, log points: steady areas may still turn."""

CENTRAL = 0.8
"""Share of one-year errors that sets their standard deviation: fat tails would inflate a plain one."""

SMALLEST_SCALE = 0.1
"""Least standard deviation of one-year errors, as a multiple of s(y)."""

FREE_LEVEL = 100.0
"""Prior variance of a first level, in squared units of s(y): no restriction."""

LARGEST_COEFFICIENT = 0.9
"""Bound on a pooled ARIMA coefficient: near 1 the forecast would forget the last January."""

AREA_ORDERS: tuple[Order, ...] = ((0, 1, 1), (1, 1, 0))
"""ARIMA orders tried for areas. They difference once, since AICc compares models of the same data only."""

NATIONAL_ORDER = (0, 2, 1)
"""ARIMA order of the national path: growth itself wanders, as it did at the 2014 reform."""


@dataclass(frozen=True)
class GaussianForecast:
    """A forecast of the total whose log(plans + 1) is jointly Gaussian over Januaries, independent over areas.

    Parameters
    ----------
    model, origin
        Name of the model and the last January it saw.
    mean
        Mean of log(plans + 1), dims ``(area, january)``.
    covariance
        Covariance of log(plans + 1), axes (area, january, january) in the order of ``mean``.
    fallback
        Areas whose deviation is a `level_walk` instead of the member's model.
    """

    model: str
    origin: int
    mean: xr.DataArray
    covariance: Array
    fallback: tuple[int, ...] = ()

    def quantiles(self, probabilities: Sequence[float]) -> xr.DataArray:
        """Return exact marginal quantiles in plans, dims ``(area, series, january, quantile)``."""
        p = np.asarray(probabilities, dtype=float)
        spread = np.sqrt(np.diagonal(self.covariance, axis1=1, axis2=2))
        logs = self.mean.to_numpy()[..., None] + spread[..., None] * ndtri(p)
        return self._plans(logs[:, None], ("area", "series", "january", "quantile"), {"quantile": p})

    def draws(self, count: int, rng: np.random.Generator) -> xr.DataArray:
        """Return joint draws in plans, dims ``(draw, area, series, january)``."""
        width = self.covariance.shape[-1]
        factor = np.linalg.cholesky(self.covariance + 1e-12 * np.eye(width))
        noise = rng.standard_normal((count, *self.mean.shape))
        logs = self.mean.to_numpy() + np.einsum("ahk,dak->dah", factor, noise)
        return self._plans(
            logs[:, :, None], ("draw", "area", "series", "january"), {"draw": np.arange(count)}
        )

    def _plans(self, logs: Array, dims: tuple[str, ...], extra: Mapping[str, npt.ArrayLike]) -> xr.DataArray:
        coords = {"area": self.mean["area"], "series": [ALL], "january": self.mean["january"], **extra}
        return xr.DataArray(np.maximum(np.expm1(logs), 0.0), dims=dims, coords=coords, name="plans")


@dataclass(frozen=True, slots=True)
class Projection:
    """The mean and covariance of a projected path.

    Parameters
    ----------
    mean
        Mean of the path 1, 2, ... years on, dims (h,).
    covariance
        Its covariance, dims (h, h).
    errors
        One-year errors of the model along the path, dims (year,); the first years may be left out.
    """

    mean: Array
    covariance: Array
    errors: Array


Projector = Callable[[Array, int], Projection]
"""(path without gaps, years ahead) -> projection; parameters are settled."""


@dataclass(frozen=True, slots=True)
class TotalsPanel:
    """Totals of all areas up to an origin, divided into the national path and deviations from it.

    Parameters
    ----------
    national
        Log of the national sum, less its first value, dims (january,).
    deviations
        One path for each area, in units of ``size``, from its first to its last published January.
    value, lag
        Last published total of each area and the years since, dims (area,).
    size
        s(value), dims (area,).
    pooled
        Areas that count in shared parameters: long enough and in ``History.pooled``.
    """

    national: Array
    deviations: tuple[Array, ...]
    value: Array
    lag: tuple[int, ...]
    size: Array
    pooled: tuple[int, ...]


def panel(history: History) -> TotalsPanel:
    """Return the totals of a history as the national path and deviations from it."""
    stock = history.stock.sel(series=ALL).transpose("area", "january")
    start = int(stock.notnull().any("area").to_numpy().argmax())
    stock = stock.isel(january=slice(start, None))
    view = View(stock.to_numpy(), history.pooled.to_numpy(), int(stock["january"][0]))
    national = _national_path(view)
    value, lag = view.last_known()
    size = scale(np.nan_to_num(value))
    deviations = tuple(
        steady(_fill_gaps(row) / s, SMALLEST_DEVIATION / s)
        for row, s in zip(np.log1p(view.plans) - national, size, strict=True)
    )
    long = [len(path) >= SHORTEST for path in deviations]
    pooled = np.flatnonzero(view.pooled & np.array(long))
    return TotalsPanel(
        national, deviations, value, tuple(int(k) for k in lag), size, tuple(int(i) for i in pooled)
    )


def _national_path(view: View) -> Array:
    """Return cumulative national growth from 0; a January that nobody published grows by the mean."""
    with np.errstate(invalid="ignore", divide="ignore"):
        growth = np.array([view.national_growth(j) for j in range(view.first + 1, view.origin + 1)])
    known = np.isfinite(growth)
    growth = np.where(known, growth, growth[known].mean() if known.any() else 0.0)
    return np.concatenate([[0.0], np.cumsum(growth)])


def _fill_gaps(path: Array) -> Array:
    """Return a path from its first to its last known value, with gaps filled by straight lines."""
    known = np.flatnonzero(~np.isnan(path))
    if not known.size:
        return np.array([np.nan])
    return np.interp(np.arange(known[0], known[-1] + 1), known, path[known])


def steady(path: Array, least: float) -> Array:
    """Return the path with its yearly changes winsorised about their median and the same last value.

    A leap and its undoing, typical of a wrong return, would otherwise be read as a large variance or a sudden
    trend. The end is kept because a forecast must start from the last published figure.

    Parameters
    ----------
    path
        Values by January, no gaps.
    least
        Least robust standard deviation of a change, in units of the path.
    """
    change = np.diff(path)
    if not change.size:
        return path
    middle = np.median(change)
    limit = WINSOR * max(1.4826 * float(np.median(np.abs(change - middle))), least)
    change = np.clip(change, middle - limit, middle + limit)
    back: Array = path[-1] - np.cumsum(change[::-1])[::-1]
    return np.append(back, path[-1])


def random_walk(path: Array, years: int) -> Projection:
    """Project a random walk with the path's mean growth, the fallback for the national path."""
    change = np.diff(path)
    drift = float(change.mean()) if change.size else 0.0
    variance = float(change.var()) if change.size > 1 else SMALLEST_DEVIATION**2
    walk = level_walk(path, years)
    return Projection(walk.mean + drift * np.arange(1, years + 1), variance * walk.covariance, change - drift)


def level_walk(path: Array, years: int) -> Projection:
    """Project a random walk with unit steps and no drift, the fallback for a deviation, which then grows as England does."""
    mean = np.full(years, path[-1])
    return Projection(mean, _covariance(np.ones(years)), np.diff(path))


def _covariance(response: Array) -> Array:
    """Return the covariance over horizons of a model in which a unit shock has the effect ``response``, dims (h,)."""
    lag = np.subtract.outer(np.arange(len(response)), np.arange(len(response)))
    loading = np.where(lag >= 0, response[np.maximum(lag, 0)], 0.0)
    return np.asarray(loading @ loading.T)


# Local linear trend


def _trend_model(path: Array, slope_prior: float | None) -> UnobservedComponents:
    """Return the state-space model; the first level is free, the first slope too unless it has a prior."""
    model = UnobservedComponents(path, "lltrend")
    if slope_prior is not None:
        model.ssm.initialize_known(np.array([path[0], 0.0]), np.diag([FREE_LEVEL, slope_prior**2]))
        model.loglikelihood_burn = 1
    return model


def trend_log_likelihood(paths: Sequence[Array], variances: Array, slope_prior: float) -> float:
    """Return the log-likelihood of all paths under one local linear trend, each given its first value.

    Equal to the state-space model's, path by path; paths of one length share a covariance, so they are scored together.
    """
    total = 0.0
    for length in {len(path) for path in paths}:
        steps = np.arange(length, dtype=float)
        walk = np.minimum.outer(steps, steps)
        # A slope that steps at j has moved the level by t - j at t.
        reach = np.maximum(steps[:, None] - steps[1:], 0.0)
        covariance = FREE_LEVEL + np.diag(np.full(length, variances[0])) + variances[1] * walk
        covariance += variances[2] * reach @ reach.T + slope_prior**2 * np.outer(steps, steps)
        away = np.stack([path - path[0] for path in paths if len(path) == length])
        joint = multivariate_normal.logpdf(away, cov=covariance)
        total += float(np.sum(joint)) - len(away) * float(norm.logpdf(0.0, scale=np.sqrt(covariance[0, 0])))
    return total


def _project_trend(path: Array, years: int, variances: Array, slope_prior: float | None = None) -> Projection:
    """Project a local linear trend with variances (irregular, level, slope)."""
    result = _trend_model(path, slope_prior).smooth(variances)
    step = np.array([[1.0, 1.0], [0.0, 1.0]])
    state, spread = result.predicted_state[:, -1], result.predicted_state_cov[:, :, -1]
    mean, covariance = np.empty(years), np.eye(years) * variances[0]
    for h in range(years):
        mean[h] = state[0]
        ahead = spread
        for k in range(h, years):
            covariance[h, k] += ahead[0, 0]
            if k > h:
                covariance[k, h] = covariance[h, k]
            ahead = step @ ahead
        state = step @ state
        spread = step @ spread @ step.T + np.diag(variances[1:])
    return Projection(mean, covariance, result.filter_results.forecasts_error[0][2:])


def national_trend(path: Array) -> Projector:
    """Estimate a local linear trend on one path by maximum likelihood."""
    variances = np.asarray(UnobservedComponents(path, "lltrend").fit(disp=0, maxiter=100).params)
    return lambda p, years: _project_trend(p, years, variances)


def shared_trend(paths: Sequence[Array]) -> Projector:
    """Estimate one set of variances and one prior of the first slope from all paths together."""

    def settle(log_deviations: Array) -> tuple[Array, float]:
        deviations = np.exp(np.clip(log_deviations, -9.0, 3.0))
        return deviations[:3] ** 2, float(deviations[3])

    def loss(log_deviations: Array) -> float:
        return -trend_log_likelihood(paths, *settle(log_deviations)) / len(paths)

    start = np.array([-1.5, 0.0, -1.5, -0.5])
    optimum = minimize(
        loss, start, method="Nelder-Mead", options={"maxiter": 150, "xatol": 0.03, "fatol": 1e-3}
    )
    variances, prior = settle(optimum.x)
    return lambda path, years: _project_trend(path, years, variances, prior)


# Damped exponential smoothing


def _smoothing_model(path: Array, slope: float) -> ETSModel:
    """Return the model with fixed first level and slope, since there are too few points to estimate them."""
    return ETSModel(
        path,
        error="add",
        trend="add",
        damped_trend=True,
        initialization_method="known",
        initial_level=path[0],
        initial_trend=slope,
    )


def _project_smoothing(path: Array, years: int, weights: Array, slope: float) -> Projection:
    """Project damped smoothing with weights (level, trend, damping)."""
    result = _smoothing_model(path, slope).smooth(weights)
    level, trend, damping = weights
    damped = np.cumsum(damping ** np.arange(1, years + 1))
    response = np.concatenate([[1.0], level + trend * damped[:-1]])
    mean = result.level[-1] + result.slope[-1] * damped
    return Projection(mean, _covariance(response), result.resid[1:])


def national_smoothing(path: Array) -> Projector:
    """Estimate damped smoothing on one path by maximum likelihood; the first slope is its first change."""
    slope = float(path[1] - path[0])
    weights = np.asarray(_smoothing_model(path, slope).fit(disp=0, maxiter=100).params[:3])

    def project(p: Array, years: int) -> Projection:
        unit = _project_smoothing(p, years, weights, slope)
        return Projection(unit.mean, float(np.mean(unit.errors**2)) * unit.covariance, unit.errors)

    return project


def smoothing_errors(paths: Sequence[Array], weights: Array) -> Array:
    """Return one-year errors of damped smoothing with first slopes of 0 on all paths, in any order.

    Equal to the smoothing model's residuals, path by path; paths of one length are smoothed together.
    """
    level_weight, trend_weight, damping = weights
    errors = []
    for length in {len(path) for path in paths}:
        together = np.stack([path for path in paths if len(path) == length])
        level, slope = together[:, 0], np.zeros(len(together))
        for value in together.T[1:]:
            error = value - level - damping * slope
            level = level + damping * slope + level_weight * error
            slope = damping * slope + trend_weight * error
            errors.append(error)
    return np.concatenate(errors)


def shared_smoothing(paths: Sequence[Array]) -> Projector:
    """Estimate one set of weights on all paths by least squares, errors beyond 3 counted as 3."""

    def settle(free: Array) -> Array:
        level, part = expit(free[:2])
        # The damping range is that of statsmodels, and of Hyndman and Athanasopoulos: 0.8 to 0.98.
        weights = np.array([level, level * part, 0.8 + 0.18 * float(expit(free[2]))])
        return np.asarray(np.clip(weights, 1e-4, 0.9999))

    def loss(free: Array) -> float:
        errors = smoothing_errors(paths, settle(free))
        return float(np.mean(np.minimum(np.abs(errors), 3.0) ** 2))

    start = np.array([2.0, -1.0, 0.0])
    optimum = minimize(
        loss, start, method="Nelder-Mead", options={"maxiter": 60, "xatol": 0.05, "fatol": 1e-4}
    )
    weights = settle(optimum.x)
    return lambda path, years: _project_smoothing(path, years, weights, 0.0)


# ARIMA


def _project_arima(path: Array, years: int, order: Order, coefficient: float) -> Projection:
    """Project an ARIMA with one coefficient and no drift, by its recursion from a first error of the first change."""
    ar, differences, ma = order
    change = np.diff(path, differences)
    errors = np.empty(len(change))
    for t, value in enumerate(change):
        expected = coefficient * (ar * change[t - 1] + ma * errors[t - 1]) if t else 0.0
        errors[t] = value - expected
    future = np.empty(years)
    future[0] = coefficient * (ar * change[-1] + ma * errors[-1])
    for h in range(1, years):
        future[h] = ar * coefficient * future[h - 1]
    response = arma2ma([1.0, -ar * coefficient], [1.0, ma * coefficient], years)
    for d in range(differences - 1, -1, -1):
        future = np.diff(path, d)[-1] + np.cumsum(future)
        response = np.cumsum(response)
    return Projection(future, _covariance(response), errors)


def _coefficient(path: Array, order: Order) -> tuple[float, float]:
    """Return the coefficient of one path by maximum likelihood, and its AICc; NaN where there is none."""
    try:
        result = ARIMA(path, order=order, trend="n").fit(method_kwargs={"disp": 0, "maxiter": 50})
    except (ValueError, np.linalg.LinAlgError):
        return float("nan"), float("nan")
    return float(result.params[0]), float(result.aicc)


def national_arima(path: Array) -> Projector:
    """Estimate the `NATIONAL_ORDER` on one path."""
    coefficient = _coefficient(path, NATIONAL_ORDER)[0]

    def project(p: Array, years: int) -> Projection:
        unit = _project_arima(p, years, NATIONAL_ORDER, coefficient)
        return Projection(unit.mean, float(np.mean(unit.errors**2)) * unit.covariance, unit.errors)

    return project


def shared_arima(paths: Sequence[Array]) -> Projector:
    """Choose one order by the median AICc of the paths, and its median coefficient.

    The median stands in for the total because an AICc of four or five points may be infinite.
    """
    fits = {order: np.array([_coefficient(path, order) for path in paths]) for order in AREA_ORDERS}
    order = min(fits, key=lambda o: float(np.nan_to_num(np.median(fits[o][:, 1]), nan=np.inf)))
    coefficients = fits[order][:, 0]
    middle = float(np.median(coefficients[np.isfinite(coefficients)]))
    coefficient = float(np.clip(middle, -LARGEST_COEFFICIENT, LARGEST_COEFFICIENT))
    return lambda path, years: _project_arima(path, years, order, coefficient)


@dataclass(frozen=True)
class FittedUnivariate:
    """A time-series model fitted to a history.

    Parameters
    ----------
    name, history, panel
        What was fitted, and on what.
    national, local
        Projectors of the national path and of a deviation; None where they could not be estimated.
    """

    name: str
    history: History
    panel: TotalsPanel
    national: Projector | None
    local: Projector | None

    def forecast(self, januaries: Sequence[int], areas: Sequence[int] | None = None) -> GaussianForecast:
        """Forecast totals in any Januaries after the origin, for some areas or all."""
        ahead = np.asarray(januaries, dtype=int) - self.history.origin
        years = int(ahead.max())
        nation = _project(self.national, self.panel.national, years) or random_walk(
            self.panel.national, years
        )
        longest = years + max(self.panel.lag)
        projected = [
            _project(self.local, path, longest) if len(path) >= SHORTEST else None
            for path in self.panel.deviations
        ]
        local = [
            own or level_walk(path, longest)
            for own, path in zip(projected, self.panel.deviations, strict=True)
        ]
        size = self.panel.size
        unit = self._unit(local)
        mean, covariance = [], []
        for i, own in enumerate(local):
            column = ahead + self.panel.lag[i] - 1
            mean.append(nation.mean[ahead - 1] + size[i] * own.mean[column])
            covariance.append(
                _limit_growth(nation.covariance)[np.ix_(ahead - 1, ahead - 1)]
                + (size[i] * unit) ** 2 * own.covariance[np.ix_(column, column)] / own.covariance[0, 0]
            )
        # The same bounds as every growth rule: a trend of a few Januaries is not believed without end.
        bounded = np.log1p(keep_within_bounds(np.expm1(mean), self.panel.value))
        codes = list(self.history.areas)
        wanted = codes if areas is None else list(areas)
        coords = {"area": codes, "january": list(januaries)}
        whole = xr.DataArray(bounded, dims=("area", "january"), coords=coords)
        rows = [codes.index(code) for code in wanted]
        return GaussianForecast(
            model=self.name,
            origin=self.history.origin,
            mean=whole.sel(area=wanted),
            covariance=np.stack(covariance)[rows],
            fallback=tuple(codes[i] for i in rows if projected[i] is None),
        )

    def _unit(self, local: Sequence[Projection]) -> float:
        """Return the standard deviation of one-year errors in units of s(y), pooled over areas."""
        errors = [local[i].errors for i in self.panel.pooled]
        size = np.abs(np.concatenate([*errors, []]))
        if not size.size:
            return 1.0
        return max(float(np.quantile(size, CENTRAL) / ndtri((1 + CENTRAL) / 2)), SMALLEST_SCALE)


def _limit_growth(covariance: Array) -> Array:
    """Return a covariance whose standard deviation grows no faster than the horizon, with the same correlations.

    A wandering slope would let national growth be anything in fifteen years, from a variance that ten points
    hardly tell. Growth misjudged by a constant gives an error in proportion to the horizon: that is the bound.
    """
    deviation = np.sqrt(np.diagonal(covariance))
    limit = deviation[0] * np.arange(1, len(deviation) + 1)
    factor = np.minimum(1.0, limit / np.maximum(deviation, 1e-12))
    return np.asarray(covariance * np.outer(factor, factor))


def _project(projector: Projector | None, path: Array, years: int) -> Projection | None:
    """Return the projection, or None if there is no projector or it breaks down."""
    if projector is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            projection = projector(path, years)
        except (ValueError, np.linalg.LinAlgError):
            return None
    sound = np.isfinite(projection.mean).all() and np.isfinite(projection.covariance).all()
    return projection if sound and projection.covariance[0, 0] > 0 else None


@dataclass(frozen=True)
class UnivariateModel:
    """A time-series model of the ensemble.

    Parameters
    ----------
    name
        As printed in the track record.
    national
        Path of the nation -> projector.
    local
        Deviations of the pooled areas -> projector with shared parameters.
    """

    name: str
    national: Callable[[Array], Projector]
    local: Callable[[Sequence[Array]], Projector]

    def fit(self, history: History, *, rng: np.random.Generator) -> FittedUnivariate:
        """Estimate the national and the shared parameters from a history without backlogs; it draws no random numbers."""
        history = spread(history)
        split = panel(history)
        paths = [split.deviations[i] for i in split.pooled]
        national = local = None
        # Short series stop at a bound more often than not; a bound is a usable estimate and a failure falls back.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if len(split.national) >= SHORTEST_NATIONAL:
                national = _estimate(self.national, split.national)
            if paths:
                local = _estimate(self.local, paths)
        return FittedUnivariate(self.name, history, split, national, local)


def _estimate(estimator: Callable[[Given], Projector], given: Given) -> Projector | None:
    """Return the estimator's projector, or None if the numbers allow none."""
    try:
        return estimator(given)
    except (ValueError, np.linalg.LinAlgError):
        return None


UNIVARIATE: tuple[UnivariateModel, ...] = (
    UnivariateModel("local_linear_trend", national_trend, shared_trend),
    UnivariateModel("damped_ets", national_smoothing, shared_smoothing),
    UnivariateModel("arima", national_arima, shared_arima),
)
"""The three members."""
