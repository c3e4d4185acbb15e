"""Leading indicators of growth in plans, from the statutory process.

For area i and January t, from flows of calendar year t - 1 and the stock y[i, t]:

* ``requests``: log of requests for assessment per plan held;
* ``refusals``: log-odds of a request being refused;
* ``new_plans``: log of new plans per plan held;
* ``pending``: log of assessments under way at the end of the year per plan held (published to 2021);
* ``timeliness``: log-odds of a plan being issued within 20 weeks;
* ``prevalence``: log of plans per resident aged 0 to 17, the latest estimate known at the origin (ages 18 to 25 move with
  universities, not with need);
* ``own_growth``: mean deviation of the area's log growth from England's over three years.

The first five are measured with error and may be missing. An indicator is split into England's median (its national
path) and the area's deviation from it, in units of a robust standard deviation between areas, held within +-3. A
missing deviation is 0: the area is taken to be like England. Plans of a backlog stand in the years in which they were due
(`data.panels.backlogs`): catching up is not growth. Everything is computed from one `History`, so nothing later than its origin
enters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from data.panels.backlogs import spread
from data.panels.history import History
from data.vocabulary import ALL
from models.base import Array

MEASURED: tuple[str, ...] = ("requests", "refusals", "new_plans", "pending", "timeliness")
"""Indicators taken from returns."""

DERIVED: tuple[str, ...] = ("prevalence", "own_growth")
"""Indicators that follow from the stock itself."""

NATIONAL: tuple[str, ...] = ("requests", "refusals")
"""Indicators whose national path moves national growth, by the same effect as between areas."""

OLDEST_CHILD = 17
"""Oldest age of the residents that prevalence is measured on."""

GROWTH_UNIT = 0.05
"""Unit of growth deviations, log points: about the spread between areas in a year."""

LARGEST_DEVIATION = 3.0
"""Deviations are held within this many robust standard deviations."""

LARGEST_OWN_GROWTH = 0.15
"""Largest three-year mean growth deviation believed, log points."""


@dataclass(frozen=True)
class Indicators:
    """Growth and its leading indicators, up to an origin.

    Parameters
    ----------
    first
        First January.
    logs
        log(plans + 1), dims (area, january); a missing January repeats the one before.
    lag
        Januaries since the last published total, dims (area,).
    known
        Whether both ends of a year's growth were published, dims (area, year).
    growth
        Log growth from January t to t + 1, dims (area, year).
    deviation
        Deviations of `MEASURED`, robust standard deviations, dims (area, january, indicator); 0 where missing.
    measured
        Whether a deviation was published, same dims.
    national
        England's median of each of `MEASURED`, in the same units and centred on its mean over Januaries, dims (january,
        indicator); NaN where nothing was published.
    prevalence, prevalence_unit
        Deviation of log plans per resident, dims (area, january), and the log points of one unit.
    growth_deviation
        Growth less the areas' median that year, log points, dims (area, year).
    pooled
        Areas that count in pooled estimates, dims (area,).
    """

    first: int
    logs: Array
    lag: npt.NDArray[np.int64]
    known: npt.NDArray[np.bool_]
    growth: Array
    deviation: Array
    measured: npt.NDArray[np.bool_]
    national: Array
    prevalence: Array
    prevalence_unit: float
    growth_deviation: Array
    pooled: npt.NDArray[np.bool_]

    @property
    def januaries(self) -> int:
        """Number of Januaries."""
        return int(self.logs.shape[1])

    def own_growth(self, column: int) -> Array:
        """Return the three-year mean growth deviation before a January's column, in `GROWTH_UNIT`, dims (area,)."""
        years = self.growth_deviation[:, max(0, column - 3) : column]
        if years.shape[1] == 0:
            return np.zeros(len(years))
        return own_growth_units(years.mean(axis=1))

    def covariates(self, column: int) -> Array:
        """Return deviations of `MEASURED` then `DERIVED` at a January's column, dims (area, indicator)."""
        return np.column_stack(
            [self.deviation[:, column], self.prevalence[:, column], self.own_growth(column)]
        )

    def national_level(self, column: int) -> Array:
        """Return the national path of `NATIONAL` at a January's column, 0 where nothing was published."""
        return np.nan_to_num(self.national[column, [MEASURED.index(n) for n in NATIONAL]])


def own_growth_units(mean_deviation: Array) -> Array:
    """Return mean growth deviations in `GROWTH_UNIT`, within `LARGEST_OWN_GROWTH`."""
    return np.clip(mean_deviation, -LARGEST_OWN_GROWTH, LARGEST_OWN_GROWTH) / GROWTH_UNIT


def measure(history: History) -> Indicators:
    """Return the indicators of a history, its backlogs spread over the years in which plans were due (`data.panels.backlogs`)."""
    history = spread(history)
    stock = history.stock.sel(series=ALL).transpose("area", "january")
    plans = stock.to_numpy()
    published = ~np.isnan(plans)
    logs, lag = _fill_last_published(np.log1p(plans), published)
    growth = np.diff(logs, axis=1)
    known = published[:, 1:] & published[:, :-1]
    pooled = history.pooled.to_numpy()
    counted = known & pooled[:, None]
    middle = np.array([np.median(g[c]) if c.any() else 0.0 for g, c in zip(growth.T, counted.T, strict=True)])
    raw = _raw_indicators(history, logs)
    measured = ~np.isnan(raw)
    deviation, national = _standardised(raw, pooled)
    prevalence, unit = _prevalence(history, logs, pooled)
    return Indicators(
        first=int(stock["january"][0]),
        logs=logs,
        lag=lag,
        known=known,
        growth=growth,
        deviation=np.where(measured, deviation, 0.0),
        measured=measured,
        national=national,
        prevalence=prevalence,
        prevalence_unit=unit,
        # A year whose growth was not published says nothing about the area.
        growth_deviation=np.where(known, growth - middle, 0.0),
        pooled=pooled,
    )


def _fill_last_published(
    logs: Array, published: npt.NDArray[np.bool_]
) -> tuple[Array, npt.NDArray[np.int64]]:
    """Return logs with gaps filled by the last published value, and the number of years filled at the end.

    Before an area's first published January its first value stands.
    """
    columns = np.arange(logs.shape[1])
    last = np.maximum.accumulate(np.where(published, columns, -1), axis=1)
    first = np.argmax(published, axis=1)
    source = np.where(last < 0, first[:, None], last)
    filled = np.take_along_axis(logs, source, axis=1)
    return filled, logs.shape[1] - 1 - last[:, -1]


def _raw_indicators(history: History, logs: Array) -> Array:
    """Return `MEASURED` before standardising, dims (area, january, indicator); NaN where not published.

    Small constants keep logs finite for the smallest areas; they are about the sampling error of a count of one.
    """
    januaries = history.stock["january"].to_numpy()
    flows = history.flows.reindex(year=januaries - 1).transpose("area", "year")
    flow = {name: flows[name].to_numpy() for name in flows.data_vars}
    plans = np.expm1(logs)
    requests = np.log((flow["requests"] + 1) / (plans + 1))
    refusals = _log_odds(flow["refused"] + 2, flow["requests"] - flow["refused"] + 6)
    new_plans = np.log((flow["new_plans"] + 2) / (plans + 1))
    pending = np.log((flow["pending"] + 5) / (plans + 5))
    late = flow["issued"] - flow["issued_in_20_weeks"]
    timeliness = _log_odds(flow["issued_in_20_weeks"] + 2, late + 2)
    return np.stack([requests, refusals, new_plans, pending, timeliness], axis=2)


def _log_odds(yes: Array, no: Array) -> Array:
    # More refusals than requests is a misreport; the odds are then held at the edge.
    return np.log(yes / np.maximum(no, 0.5))


def _standardised(raw: Array, pooled: npt.NDArray[np.bool_]) -> tuple[Array, Array]:
    """Return deviations from the national median and the national path, both in robust standard deviations."""
    _, januaries, count = raw.shape
    middle = np.full((januaries, count), np.nan)
    spread = np.full((januaries, count), np.nan)
    for j in range(januaries):
        for k in range(count):
            values = raw[pooled, j, k]
            values = values[~np.isnan(values)]
            if len(values) >= 5:
                middle[j, k] = np.median(values)
                spread[j, k] = robust_spread(values)
    unit = np.ones(count)
    centre = np.zeros(count)
    for k in range(count):
        some = ~np.isnan(middle[:, k])
        if some.any():
            unit[k] = max(float(np.median(spread[some, k])), 1e-3)
            centre[k] = middle[some, k].mean()
    deviation = np.clip((raw - middle) / unit, -LARGEST_DEVIATION, LARGEST_DEVIATION)
    return deviation, (middle - centre) / unit


def robust_spread(values: Array) -> float:
    """Return the median absolute deviation scaled to a normal's standard deviation."""
    return float(1.4826 * np.median(np.abs(values - np.median(values))))


def _prevalence(history: History, logs: Array, pooled: npt.NDArray[np.bool_]) -> tuple[Array, float]:
    """Return the deviation of log plans per resident, and its unit; 0 where residents are not known."""
    children = history.residents.sel(age=slice(None, OLDEST_CHILD))
    counts = children.transpose("area", "mid_year", "age").to_numpy().sum(axis=2)
    known = ~np.isnan(counts)
    if counts.shape[1] == 0 or not known.any():
        return np.zeros_like(logs), 1.0
    last = counts.shape[1] - 1 - np.argmax(known[:, ::-1], axis=1)
    people = counts[np.arange(len(counts)), last]
    rate = logs - np.log(np.where(people > 0, people, np.nan))[:, None]
    usable = pooled & ~np.isnan(rate[:, -1])
    rate = rate - np.median(rate[usable], axis=0)
    unit = max(robust_spread(rate[usable, -1]), 1e-3)
    return np.nan_to_num(np.clip(rate / unit, -LARGEST_DEVIATION, LARGEST_DEVIATION)), unit
