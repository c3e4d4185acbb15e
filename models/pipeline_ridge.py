"""Ridge regression of an area's growth relative to England's on indicators from requests and assessments.

For each horizon h up to five years: z[i, e, h] = log y[i, e+h] - log y[i, e] - (N[e+h] - N[e]), pooled over areas and past
origins e, is regressed on indicators at January e (`models.indicators`) with

    b = argmin  sum_e 0.85^(T-h-e) sum_i (z - b0 - b'x)^2 + 40 |b|^2,    b_requests >= 0,  b_refusals <= 0

and the forecast is log y[i, T] + h g + b0 + b'x[i, T], g England's growth of the last year. Where the history is too
short for a horizon, the deviation of the horizon before grows with h^0.75, as errors do; beyond five years it stands
still. Intervals are those of the growth rules (`models.baselines`).

Source: shared method comparison, section 3 (``devridge_pipe``); covariates chosen on targets to January 2022
(docs/experiments.md). Signs are constrained so that more requests never lower a forecast.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.optimize import lsq_linear

from data.panels.backlogs import spread
from data.panels.history import History
from data.vocabulary import ALL
from models.base import Array, QuantileForecast
from models.baselines import (
    CALIBRATION_ORIGINS,
    FIRST_CALIBRATION_ORIGIN,
    HORIZON_EXPONENT,
    keep_within_bounds,
    scale,
    total_view,
)
from models.indicators import GROWTH_UNIT, MEASURED, Indicators, measure

NAME = "pipeline_ridge"

PENALTY = 40.0
"""Ridge penalty, in observations of unit indicators."""

RECENCY = 0.85
"""Weight of a past origin against the one a year later."""

WINDOW = 6
"""Past origins used for each horizon, beyond the latest."""

FIRST_ORIGIN = 2017
"""First January at which requests are known."""

LONGEST_HORIZON = 5
"""Longest horizon with a regression of its own."""

LARGEST_TARGET = 0.3
"""Deviations of growth are held within this times the square root of the horizon, log points."""

PIPELINE: tuple[str, ...] = ("requests", "refusals", "pending", "timeliness")
"""Measured indicators used; new plans and their own growth add nothing once these are known."""

COVARIATES: tuple[str, ...] = (*PIPELINE, "prevalence", "region_growth")

NEVER_LOWERS, NEVER_RAISES = "requests", "refusals"


def covariates(x: Indicators, region: npt.NDArray[np.int64], column: int) -> Array:
    """Return `COVARIATES` at a January's column, dims (area, covariate), scaled to a spread of about one."""
    last = x.growth_deviation[:, column - 1] / GROWTH_UNIT if column else np.zeros(len(region))
    regional = np.zeros(len(region))
    for r in range(region.max() + 1):
        regional[region == r] = np.median(last[region == r])
    pipeline = x.deviation[:, column, [MEASURED.index(n) for n in PIPELINE]]
    return np.column_stack([pipeline, x.prevalence[:, column], regional])


def deviations(history: History, longest: int) -> Array:
    """Return growth less England's from the origin, log points, dims (area, horizon) for horizons 1 to ``longest``."""
    x = measure(history)
    region = np.unique(history.region.to_numpy().astype(str), return_inverse=True)[1]
    national = total_view(spread(history)).national_path()
    origin = history.origin
    now = covariates(x, region, origin - x.first)
    fitted: list[Array] = []
    for horizon in range(1, longest + 1):
        own = _fit(x, region, national, origin, horizon) if horizon <= LONGEST_HORIZON else None
        if own is None:
            before = fitted[-1] if fitted else np.zeros(len(region))
            grows = 1 < horizon <= LONGEST_HORIZON
            fitted.append(before * (horizon / (horizon - 1)) ** HORIZON_EXPONENT if grows else before)
        else:
            intercept, slope = own
            fitted.append(intercept + now @ slope)
    return np.stack(fitted, axis=1)


def _fit(
    x: Indicators, region: npt.NDArray[np.int64], national: Array, origin: int, horizon: int
) -> tuple[float, Array] | None:
    """Return intercept and slopes of one horizon; None without a past origin to learn from."""
    latest = origin - horizon
    earliest = max(FIRST_ORIGIN, latest - WINDOW)
    if latest < earliest:
        if latest < x.first + 1 or origin > FIRST_ORIGIN:
            return None
        earliest = max(x.first + 1, latest - WINDOW)
    rows, targets, weights = [], [], []
    for start in range(earliest, latest + 1):
        column = start - x.first
        ends = x.known[:, column : column + horizon].all(axis=1) & x.pooled
        change = (
            x.logs[:, column + horizon] - x.logs[:, column] - (national[column + horizon] - national[column])
        )
        limit = LARGEST_TARGET * np.sqrt(horizon)
        rows.append(covariates(x, region, column)[ends])
        targets.append(np.clip(change[ends], -limit, limit))
        weights.append(np.full(int(ends.sum()), RECENCY ** (latest - start)))
    design, target, weight = np.concatenate(rows), np.concatenate(targets), np.concatenate(weights)
    if not len(target):
        return None
    centre = weight @ design / weight.sum()
    middle = float(weight @ target / weight.sum())
    root = np.sqrt(weight)
    lower = [0.0 if n == NEVER_LOWERS else -np.inf for n in COVARIATES]
    upper = [0.0 if n == NEVER_RAISES else np.inf for n in COVARIATES]
    solved = lsq_linear(
        np.vstack([(design - centre) * root[:, None], np.sqrt(PENALTY) * np.eye(design.shape[1])]),
        np.concatenate([(target - middle) * root, np.zeros(design.shape[1])]),
        bounds=(lower, upper),
    ).x
    return middle - float(centre @ solved), solved


def medians(history: History, longest: int) -> Array:
    """Return median forecasts in plans, dims (area, horizon) for horizons 1 to ``longest``."""
    view = total_view(spread(history))
    value, lag = view.last_known()
    steps = np.arange(1, longest + 1)
    change = deviations(history, longest) + (steps + lag[:, None]) * view.national_growth(view.origin)
    return keep_within_bounds(np.expm1(np.log1p(value)[:, None] + change), value)


def one_year_errors(history: History) -> Array:
    """Return sorted absolute scaled one-year errors at the latest earlier origins."""
    stock = history.stock.sel(series=ALL).transpose("area", "january")
    first = int(stock["january"][0])
    origins = [o for o in range(first + 2, history.origin) if o >= FIRST_CALIBRATION_ORIGIN[ALL]]
    origins = (origins or list(range(first + 2, history.origin)))[-CALIBRATION_ORIGINS:]
    errors = []
    for origin in origins:
        forecast = medians(history.until(origin), 1)[:, 0]
        start = stock.sel(january=origin).to_numpy()
        actual = stock.sel(january=origin + 1).to_numpy()
        error = np.abs(np.log1p(actual) - np.log1p(forecast)) / scale(start)
        errors.append(error[history.pooled.to_numpy() & ~np.isnan(error)])
    return np.sort(np.concatenate(errors))


@dataclass(frozen=True)
class FittedRidge:
    """The ridge regression with its history."""

    history: History

    def forecast(self, januaries: Sequence[int], areas: Sequence[int] | None = None) -> QuantileForecast:
        """Forecast totals; series is ``"All"`` only."""
        horizons = np.asarray(januaries) - self.history.origin
        value, lag = total_view(self.history).last_known()
        median = medians(self.history, int(horizons.max()))[:, horizons - 1]
        spread = scale(value)[:, None] * (horizons + lag[:, None]) ** HORIZON_EXPONENT
        dims = ("area", "series", "january")
        coords = {"area": list(self.history.areas), "series": [ALL], "january": list(januaries)}
        wanted = list(self.history.areas if areas is None else areas)
        return QuantileForecast(
            model=NAME,
            origin=self.history.origin,
            median=xr.DataArray(median[:, None], dims=dims, coords=coords).sel(area=wanted),
            scale=xr.DataArray(spread[:, None], dims=dims, coords=coords).sel(area=wanted),
            errors={ALL: one_year_errors(self.history)},
        )


@dataclass(frozen=True)
class PipelineRidge:
    """The ridge regression under the common protocol; it draws no random numbers."""

    name: str = NAME

    def fit(self, history: History, *, rng: np.random.Generator) -> FittedRidge:
        """Return the ridge regression with its history; regressions are solved when a forecast is requested."""
        return FittedRidge(history)
