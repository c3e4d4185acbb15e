"""Worlds that obey the growth model, with the truth attached.

The equations are those of `models.growth`, written out here a second time: nothing of the model's own simulation is used,
so an error in it cannot cancel. Counts are what `models.indicators` would have to be told to measure the simulated
indicators again.

A measured indicator is in units of the spread between areas, which is known only once the world is simulated; `World.truth`
is therefore in the units that `measure` finds at the origin.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from data.panels.history import History
from models.base import Array
from models.baselines import scale
from models.growth import COVARIATES, INDICATOR_TAIL, STEP_TAIL, GrowthPanel, long_run_weight, path_years
from models.indicators import GROWTH_UNIT, LARGEST_OWN_GROWTH, MEASURED, robust_spread
from tests.histories import BAND_SHARE, history

ORIGIN = 2025
FUTURE = 3
FIRST_REQUESTS = 2016
"""First calendar year of requests, refusals and assessments under way."""

CENTRE = np.array([-1.4, -1.1, -1.7, -2.3, 0.2])
UNIT = np.array([0.25, 0.5, 0.25, 0.5, 1.0])
"""England's level of each of `MEASURED` and the spread between areas, on the scale of logs and log-odds."""

PREVALENCE_UNIT = 0.25


@dataclass(frozen=True)
class Truth:
    """Parameters of a world, in the model's order and names."""

    long_run_statements: float = 0.02
    long_run_plans: float = 0.09
    persistence: float = 0.85
    shock: float = 0.012
    effect: tuple[float, ...] = (0.012, -0.010, 0.006, 0.004, 0.004, -0.010, 0.006)
    region_spread: float = 0.005
    area_spread: float = 0.005
    noise: float = 0.035
    year_spread: float = 0.15
    tail: float = 5.0
    response_own: tuple[float, ...] = (0.75, 0.70, 0.60, 0.60, 0.75)
    indicator_noise: tuple[float, ...] = (0.50, 0.55, 0.60, 0.60, 0.50)
    path_persistence: float = 0.9
    path_noise: float = 0.25

    @property
    def response(self) -> Array:
        """Effect of each driver on next year's indicators, dims (driver, indicator)."""
        p = np.zeros((len(COVARIATES) + 1, len(MEASURED)))
        p[: len(MEASURED)] = np.diag(self.response_own)
        requests, refusals, new, pending, timely = range(len(MEASURED))
        p[requests, new], p[requests, pending], p[refusals, requests] = 0.15, 0.2, 0.1
        p[pending, timely], p[timely, pending] = -0.1, -0.1
        p[COVARIATES.index("prevalence"), requests] = -0.1
        p[-1, new] = 0.2
        return p


@dataclass(frozen=True)
class World:
    """A simulated history and what it came from.

    Parameters
    ----------
    history
        What would have been published, with gaps, up to `ORIGIN`.
    indicators
        Deviations of `MEASURED` behind the flows, dims (area, january, indicator), in units measured at the origin.
    truth
        Parameters by the names of the model's free variables, in units measured at the origin. ``path`` holds only the years
        seen, ``region`` and ``area`` are standard normals.
    future
        Plans in the `FUTURE` Januaries after the origin, in independent futures of the same past, dims (future, area,
        january).
    """

    history: History
    indicators: Array
    truth: dict[str, Array]
    future: Array

    def posterior(self, count: int) -> xr.Dataset:
        """Return the truth as if a sampler had found nothing else, with dims ``(draw, ...)``."""
        whole = dict(self.truth)
        years = path_years(GrowthPanel.of(self.history))
        for name in ("path", "year_noise"):
            whole[name] = np.concatenate([whole[name], np.zeros(years - len(whole[name]))])
        return xr.Dataset(
            {
                name: (("draw", *(f"{name}_{k}" for k in range(np.ndim(v)))), np.stack([v] * count))
                for name, v in whole.items()
            }
        )


@dataclass(frozen=True)
class _State:
    """Where areas stand in a January: logs of plans, deviations, recent growth, the national indicators and path."""

    logs: Array
    deviation: Array
    recent: tuple[Array, ...]
    walk: Array
    away: float

    def covariates(self, people: Array) -> Array:
        rate = self.logs - people
        own = np.mean(self.recent[-3:], axis=0) if self.recent else np.zeros_like(rate)
        prevalence = np.clip((rate - np.median(rate)) / PREVALENCE_UNIT, -3, 3)
        own = np.clip(own, -LARGEST_OWN_GROWTH, LARGEST_OWN_GROWTH) / GROWTH_UNIT
        return np.column_stack([self.deviation, prevalence, own])


def _step(
    state: _State, january: int, truth: Truth, level: Array, people: Array, rng: np.random.Generator
) -> tuple[_State, float, float]:
    """Return the state a January later, the path's growth and the year's noise on the log scale."""
    effect = np.asarray(truth.effect)
    weight = float(long_run_weight(np.array([january]))[0])
    away = truth.persistence * state.away + truth.shock * rng.standard_t(STEP_TAIL)
    path = truth.long_run_statements * (1 - weight) + truth.long_run_plans * weight + away
    covariates = state.covariates(people)
    year = truth.year_spread * rng.standard_normal()
    size = scale(np.expm1(state.logs)) / GROWTH_UNIT
    error = truth.noise * np.exp(year) * size * rng.standard_t(truth.tail + 1, len(size))
    growth = path + state.walk @ effect[:2] + level + covariates @ effect + error
    apart = growth - np.median(growth)
    drivers = np.column_stack([covariates, np.clip(apart / GROWTH_UNIT, -4, 4)])
    shock = np.asarray(truth.indicator_noise) * rng.standard_t(INDICATOR_TAIL, state.deviation.shape)
    deviation = drivers @ truth.response + shock
    deviation = np.clip(deviation - np.median(deviation, axis=0), -3, 3)
    walk = truth.path_persistence * state.walk + truth.path_noise * rng.standard_normal(2)
    return _State(state.logs + growth, deviation, (*state.recent, apart), walk, away), path, year


def world(
    areas: int = 50,
    seed: int = 1,
    truth: Truth | None = None,
    gaps: bool = True,
    futures: int = 20,
) -> World:
    """Simulate a world.

    Parameters
    ----------
    areas
        Number of areas, in nine regions.
    seed
        Seed of everything.
    truth
        Parameters; the defaults are about England's.
    gaps
        Whether requests begin in 2016 and some totals and flows are missing, one of them in the last January.
    futures
        Independent futures of the same past.
    """
    truth = truth or Truth()
    rng = np.random.default_rng(seed)
    frame = history(areas=areas, last=ORIGIN, seed=seed)
    first = int(frame.stock["january"][0])
    region, area = rng.standard_normal(9), rng.standard_normal(areas)
    member = np.arange(areas) % 9
    level = truth.region_spread * region[member] + truth.area_spread * area
    people = rng.normal(11.0, 0.6, areas)
    deviation = rng.standard_normal((areas, len(MEASURED)))
    state = _State(
        logs=people - 3.6 + PREVALENCE_UNIT * rng.standard_normal(areas),
        deviation=deviation - np.median(deviation, axis=0),
        recent=(),
        walk=rng.standard_normal(2) * 0.5,
        away=truth.shock * rng.standard_t(STEP_TAIL),
    )
    states, path, year_noise = [state], [], []
    for january in range(first, ORIGIN):
        state, growth, year = _step(state, january, truth, level, people, rng)
        states.append(state)
        path.append(growth)
        year_noise.append(year)
    plans = np.expm1(np.stack([s.logs for s in states], axis=1)).round()
    deviations = np.stack([s.deviation for s in states], axis=1)
    walks = np.stack([s.walk for s in states])
    flows = _flows(deviations, walks, plans)
    residents = np.broadcast_to(np.exp(people)[:, None, None] / 18, frame.residents.shape)
    published = replace(
        frame,
        stock=frame.stock.copy(data=plans[:, None] * np.concatenate([[1.0], BAND_SHARE])[None, :, None]),
        flows=frame.flows.assign({n: (("area", "year"), v[:, 1:].round()) for n, v in flows.items()}),
        region=frame.region.copy(data=[f"Region {r}" for r in member]),
        residents=frame.residents.copy(data=residents),
    )
    if gaps:
        published = _with_gaps(published, rng)
    return World(
        history=published,
        indicators=deviations / _units(deviations),
        truth=_measured_truth(
            truth, published, deviations, walks, np.array(path), np.array(year_noise), region, area
        ),
        future=np.stack([_future(state, truth, level, people, rng) for _ in range(futures)]),
    )


def _future(state: _State, truth: Truth, level: Array, people: Array, rng: np.random.Generator) -> Array:
    out = []
    for january in range(ORIGIN, ORIGIN + FUTURE):
        state, _, _ = _step(state, january, truth, level, people, rng)
        out.append(np.expm1(state.logs))
    return np.stack(out, axis=1)


def _flows(deviation: Array, walk: Array, plans: Array) -> dict[str, Array]:
    """Return counts from which `models.indicators` measures these deviations, dims (area, january)."""
    raw = CENTRE + UNIT * deviation
    raw[:, :, :2] += UNIT[:2] * walk
    requests = np.maximum(np.exp(raw[:, :, 0]) * (plans + 1) - 1, 0)
    issued = np.maximum(np.exp(raw[:, :, 2]) * (plans + 1) - 2, 0)
    refused_odds, timely_odds = np.exp(raw[:, :, 1]), np.exp(raw[:, :, 4])
    return {
        "requests": requests,
        "refused": np.clip((refused_odds * (requests + 6) - 2) / (1 + refused_odds), 0, requests),
        "new_plans": issued,
        "pending": np.maximum(np.exp(raw[:, :, 3]) * (plans + 5) - 5, 0),
        "issued": issued,
        "issued_in_20_weeks": np.clip((timely_odds * (issued + 2) - 2) / (1 + timely_odds), 0, issued),
    }


def _with_gaps(whole: History, rng: np.random.Generator) -> History:
    """Return a history with what was not published left out.

    A return that is not made leaves no total and no flow; two areas miss the last January.
    """
    count = len(whole.areas)
    absent = rng.random((count, whole.stock.sizes["january"])) < 0.02
    absent[:, [0, -1]] = False
    absent[[count // 3, count // 2], -1] = True
    gap = xr.DataArray(absent, dims=("area", "january"), coords=whole.stock.isel(series=0, drop=True).coords)
    no_flow = gap.isel(january=slice(1, None)).rename(january="year")
    no_flow = no_flow.assign_coords(year=no_flow["year"] - 1)
    flows = whole.flows.where(~no_flow)
    for name in ("requests", "refused", "pending"):
        flows[name] = flows[name].where(flows["year"] >= FIRST_REQUESTS)
    return replace(whole, stock=whole.stock.where(~gap), flows=flows)


def _units(deviation: Array) -> Array:
    """Return the spread that a measured indicator is divided by, dims (indicator,)."""
    spread = np.array([[robust_spread(v) for v in january.T] for january in deviation.swapaxes(0, 1)])
    middle: Array = np.median(spread, axis=0)
    return middle


def _measured_truth(
    truth: Truth,
    published: History,
    deviation: Array,
    walk: Array,
    path: Array,
    year_noise: Array,
    region: Array,
    area: Array,
) -> dict[str, Array]:
    """Return parameters in measured units, by the model's names."""
    panel = GrowthPanel.of(published)
    x = panel.indicators
    seen = x.measured.any(axis=0)  # (january, indicator)
    unit = np.array([_units(deviation[:, seen[:, k], k : k + 1])[0] for k in range(len(MEASURED))])
    own = np.append(unit, [x.prevalence_unit / PREVALENCE_UNIT, 1.0])
    effect = np.asarray(truth.effect) * own
    # What England's indicators did before they were published, and their mean, belong to the measured path.
    level = np.stack([x.national_level(j) for j in range(len(path))])
    path = path + walk[:-1] @ np.asarray(truth.effect)[:2] - level @ effect[:2]
    response = truth.response * np.append(own, 1.0)[:, None] / unit
    return {
        "long_run_statements": np.asarray(truth.long_run_statements),
        "long_run_plans": np.asarray(truth.long_run_plans),
        "persistence": np.asarray(truth.persistence),
        "shock": np.asarray(truth.shock),
        "path": path,
        "signed_effect": np.abs(effect[:2]),
        "free_effect": effect[2:],
        "region_spread": np.asarray(truth.region_spread),
        "area_spread": np.asarray(truth.area_spread),
        "region": region,
        "area": area,
        "noise": np.asarray(truth.noise),
        "year_spread": np.asarray(truth.year_spread),
        "year_noise": year_noise,
        "tail": np.asarray(truth.tail),
        "response": response,
        "indicator_noise": np.asarray(truth.indicator_noise) / unit,
        "path_persistence": np.asarray(truth.path_persistence),
        "path_noise": np.asarray(truth.path_noise / unit[:2].mean()),
    }
