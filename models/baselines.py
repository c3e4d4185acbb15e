"""Simple growth rules with conformal intervals, the benchmark for all other models.

Notation: y[i, t] plans of area i in January t, l = log(y + 1), N[t] = log(sum_i y[i, t] + 1), T the origin,
h = 1, 2, ... years ahead. A rule is a point forecast f[i, T + h] from data up to T. Interval of every rule
("@h1scale"): s(y) = sqrt(0.0025 + 1 / (y + 5)); E = |log(a + 1) - log(f + 1)| / s(y[o]) pooled over areas for
one-year forecasts from the three latest earlier origins o; E_h = E h^0.75; quantile p is
exp(log(f + 1) + s(y_T) sign(p - 1/2) Q_{E_h}(|2p - 1|)) - 1, never below 0.

Source: shared method comparison, sections 3 and 4; its golden figures are in ``tests/golden``. The exponent
0.75 was chosen there after seeing results.

An area whose last January is missing is forecast from its last published January, one horizon further on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from data.panels.history import SERIES, History
from data.vocabulary import ALL, BAND_CODES
from models.base import Array, QuantileForecast

CLIP_DEVIATION = 0.3
"""Largest yearly growth deviation believed, in log points."""

SLOPE_WINDOW = 7
"""Past start years over which the persistence of growth deviations is estimated."""

CALIBRATION_ORIGINS = 3
"""Earlier origins whose one-year errors size the interval."""

HORIZON_EXPONENT = 0.75
"""Growth of error with years ahead."""

BAND_DEPENDENCE = 0.5
"""Share of a band's latent variance in common with the total; see docs/experiments.md."""

FIRST_CALIBRATION_ORIGIN: dict[str, int] = {ALL: 2014} | dict.fromkeys(BAND_CODES, 2014) | {"20-25": 2018}
"""First origin whose errors are comparable with today's: the 2014 reform, and 2018 for ages 20 to 25."""


@dataclass(frozen=True, slots=True)
class View:
    """One series of all areas up to an origin, as input of a growth rule.

    Parameters
    ----------
    plans
        dims (area, january), NaN where not published; the last column is the origin.
    pooled
        Areas that count in pooled estimates, dims (area,).
    first
        January of the first column.
    """

    plans: Array
    pooled: npt.NDArray[np.bool_]
    first: int

    @property
    def origin(self) -> int:
        """The last January."""
        return self.first + int(self.plans.shape[1]) - 1

    def upto(self, january: int) -> View:
        """Return the series up to an earlier January, as known then."""
        return View(self.plans[:, : january - self.first + 1], self.pooled, self.first)

    def last_known(self) -> tuple[Array, Array]:
        """Return the last published value of each area and the years since, dims (area,)."""
        known = ~np.isnan(self.plans)
        lag = np.argmax(known[:, ::-1], axis=1)
        rows = np.arange(len(self.plans))
        value = self.plans[rows, self.plans.shape[1] - 1 - lag]
        return value, lag.astype(float)

    def national_growth(self, january: int) -> float:
        """Return log growth of the sum over areas published in both ``january - 1`` and ``january``."""
        now, before = self._pair(january)
        return float(np.log(now.sum()) - np.log(before.sum()))

    def national_path(self) -> Array:
        """Return the log of the national sum by January, dims (january,).

        Yearly changes are over areas published in both years, so that a missing return is not read as a fall.
        """
        start = float(np.log(np.nansum(self.plans[self.pooled, 0]) + 1))
        later = range(self.first + 1, self.origin + 1)
        path: Array = start + np.cumsum([0.0, *(self.national_growth(january) for january in later)])
        return path

    def _pair(self, january: int) -> tuple[Array, Array]:
        column = january - self.first
        now, before = self.plans[self.pooled, column], self.plans[self.pooled, column - 1]
        both = ~np.isnan(now) & ~np.isnan(before)
        return now[both], before[both]


Rule = Callable[[View, Array], Array]
"""(view, horizons (h,)) -> yearly-compounded log change from the origin, dims (area, h)."""


def last_value(view: View, horizons: Array) -> Array:
    """Forecast no change."""
    return np.zeros((len(view.plans), len(horizons)))


def own_growth(view: View, horizons: Array) -> Array:
    """Forecast the area's own mean log growth of the last three years, or of as many as are published."""
    rate = _mean_growth(np.log1p(view.plans), 3)
    return np.nan_to_num(rate)[:, None] * horizons


def national_growth(view: View, horizons: Array) -> Array:
    """Forecast last year's national growth for every area."""
    return np.full(len(view.plans), view.national_growth(view.origin))[:, None] * horizons


def regional_growth(view: View, horizons: Array) -> Array:
    """Forecast national growth plus a shrunk part of the area's own three-year deviation ("regshrink").

    Change = h (g + b d): g last year's national log growth, d the area's mean log growth of three years less the
    national, b the least-squares slope (no intercept) of next year's deviation on the past three years', pooled
    over areas and the last seven start years. Deviations are clipped at 0.3; d does not decay with h.
    """
    logs = np.log1p(view.plans)
    national = view.national_path()
    past, following = [], []
    for january in range(max(2011, view.origin - SLOPE_WINDOW, view.first + 1), view.origin):
        column = january - view.first
        years = min(3, column)
        x = (logs[:, column] - logs[:, column - years]) / years - (
            national[column] - national[column - years]
        ) / years
        z = logs[:, column + 1] - logs[:, column] - (national[column + 1] - national[column])
        both = view.pooled & ~np.isnan(x) & ~np.isnan(z)
        past.append(np.clip(x[both], -CLIP_DEVIATION, CLIP_DEVIATION))
        following.append(np.clip(z[both], -CLIP_DEVIATION, CLIP_DEVIATION))
    x, z = np.concatenate([*past, []]), np.concatenate([*following, []])
    slope = float(x @ z / (x @ x)) if x.size and x @ x > 0 else 0.0
    years = min(3, view.plans.shape[1] - 1)
    deviation = _mean_growth(logs, years) - (national[-1] - national[-1 - years]) / years
    deviation = np.clip(np.nan_to_num(deviation), -CLIP_DEVIATION, CLIP_DEVIATION)
    rate: Array = view.national_growth(view.origin) + slope * deviation
    change: Array = rate[:, None] * horizons
    return change


def _mean_growth(logs: Array, years: int) -> Array:
    """Return mean yearly log growth between the last known value and ``years`` earlier; NaN if unknown.

    Where the earlier value is not published the nearest later one is used, down to one year.
    """
    known = ~np.isnan(logs)
    last = logs.shape[1] - 1 - np.argmax(known[:, ::-1], axis=1)
    rows = np.arange(len(logs))
    growth = np.full(len(logs), np.nan)
    for span in range(1, years + 1):
        start = last - span
        value = np.where(start >= 0, logs[rows, np.maximum(start, 0)], np.nan)
        candidate = (logs[rows, last] - value) / span
        growth = np.where(np.isnan(candidate), growth, candidate)
    return growth


def point(view: View, rule: Rule, horizons: Sequence[float]) -> Array:
    """Return a rule's point forecast in plans, dims (area, h), kept within plausible bounds."""
    value, lag = view.last_known()
    steps = np.asarray(horizons, dtype=float)
    change = np.empty((len(value), len(steps)))
    for gap in np.unique(lag):
        rows = lag == gap
        change[rows] = rule(view, steps + gap)[rows]
    forecast: Array = np.expm1(np.log1p(value)[:, None] + change)
    return keep_within_bounds(forecast, value)


def keep_within_bounds(forecast: Array, value: Array) -> Array:
    """Return forecasts (area, h) limited to between a quarter of the last value and the larger of six times it and 60."""
    return np.clip(forecast, 0.25 * value[:, None], np.maximum(6 * value, 60)[:, None])


def scale(plans: Array) -> Array:
    """Return s(y), the standard size of a one-year log error for an area with y plans."""
    return np.sqrt(0.0025 + 1 / (plans + 5))


def one_year_errors(view: View, rule: Rule, first_origin: int) -> Array:
    """Return a rule's absolute scaled one-year errors at the latest earlier origins, sorted.

    Origins before ``first_origin`` are used only when there is no later one.
    """
    columns = np.arange(view.plans.shape[1])
    enough = (~np.isnan(view.plans)).sum(axis=0) > 0
    usable = [view.first + int(c) for c in columns[1:-1] if enough[c] and enough[c - 1] and enough[c + 1]]
    origins = [o for o in usable if o >= first_origin] or usable
    errors = []
    for origin in origins[-CALIBRATION_ORIGINS:]:
        past = view.upto(origin)
        forecast = point(past, rule, [1.0])[:, 0]
        actual = view.plans[:, origin + 1 - view.first]
        error = np.abs(np.log1p(actual) - np.log1p(forecast)) / scale(past.plans[:, -1])
        errors.append(error[view.pooled & ~np.isnan(error)])
    return np.sort(np.concatenate([*errors, []]))


@dataclass(frozen=True)
class FittedRule:
    """A growth rule with the history it forecasts from."""

    name: str
    rule: Rule
    history: History

    def forecast(self, januaries: Sequence[int], areas: Sequence[int] | None = None) -> QuantileForecast:
        """Forecast Januaries after the origin; a series with no usable history is left out."""
        horizons = np.asarray(januaries, dtype=float) - self.history.origin
        medians, scales, errors = [], [], {}
        for series in SERIES:
            view = _view(self.history, series)
            if view is None:
                continue
            value, lag = view.last_known()
            steps = horizons + lag[:, None]
            medians.append(point(view, self.rule, horizons.tolist()))
            scales.append(scale(value)[:, None] * steps**HORIZON_EXPONENT)
            errors[series] = one_year_errors(view, self.rule, FIRST_CALIBRATION_ORIGIN[series])
        dims = ("area", "series", "january")
        coords = {"area": list(self.history.areas), "series": list(errors), "january": list(januaries)}
        median = xr.DataArray(np.stack(medians, axis=1), dims=dims, coords=coords)
        spread = xr.DataArray(np.stack(scales, axis=1), dims=dims, coords=coords)
        wanted = list(self.history.areas if areas is None else areas)
        return QuantileForecast(
            model=self.name,
            origin=self.history.origin,
            median=median.sel(area=wanted),
            scale=spread.sel(area=wanted),
            errors=errors,
            shared=BAND_DEPENDENCE,
        )


@dataclass(frozen=True)
class GrowthRule:
    """A growth rule with conformal intervals."""

    name: str
    rule: Rule

    def fit(self, history: History, *, rng: np.random.Generator) -> FittedRule:
        """Return the rule with its history; it draws no random numbers."""
        return FittedRule(self.name, self.rule, history)


BASELINES: tuple[GrowthRule, ...] = (
    GrowthRule("last_value", last_value),
    GrowthRule("own_growth", own_growth),
    GrowthRule("national_growth", national_growth),
    GrowthRule("regional_growth", regional_growth),
)
"""The rules planners use, and the pooled rule that beats them."""


def total_view(history: History) -> View:
    """Return the totals of a history as input of a growth rule."""
    plans = history.stock.sel(series=ALL).transpose("area", "january")
    return View(plans.to_numpy(), history.pooled.to_numpy(), int(plans["january"][0]))


def _view(history: History, series: str) -> View | None:
    """Return one series from its first published January, or None if it has under three Januaries."""
    plans = history.stock.sel(series=series).transpose("area", "january")
    published = plans.notnull().any("area").to_numpy()
    if published.sum() < 3 or not published[-1]:
        return None
    start = int(np.argmax(published))
    return View(
        plans.to_numpy()[:, start:],
        history.pooled.to_numpy(),
        int(plans["january"][start]),
    )
