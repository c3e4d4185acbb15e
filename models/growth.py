"""Bayesian model of growth in total plans: one national path, leading indicators and heavy tails, all areas together.

For area i, January t and indicators x[i, t] (`models.indicators`, England's level n[t] plus a deviation d[i, t]):

    log y[i, t+1] - log y[i, t] = g[i, t] = m[t] + b'(d[i, t] + n[t]) + a[i] + s(y[i, t]) e[i, t]
    m[t] - M[t] = f (m[t-1] - M[t-1]) + w[t],    w ~ Student-t(4, omega)
    a[i] = r[region(i)] + Normal(0, sigma_a),    e ~ Student-t(nu, sigma exp(v[t])),   v ~ Normal(0, sigma_v)
    d[i, t+1] = P'(d[i, t], prevalence, own growth, g[i, t] - median) + Student-t(5, sigma_k)
    n[t+1] = f_n n[t] + Normal(0, sigma_n)

``m`` is the national path. Its long-run level M belongs to the era: statements to January 2014, EHC plans from January 2016,
half way between them; shocks have heavy tails because the reform of 2014 showed that the path can bend. An area's deviation
reverts through three channels: its growth of the last three years and its plans per resident (both in ``b``), and its
indicators, which drift back to England's. s(y) is the size of a one-year error (`models.baselines.scale`).
``n`` acts only through requests and refusals; other indicators act as deviations.

Signs are known beforehand for two effects: more requests never lower growth and more refusals never raise it, so those
elements of ``b`` are half-normal. Priors and reasons are in docs/model.md.

Sampling conditions on the published indicators (missing ones are England's), so an area with little history gets the
national path, its region and whatever indicators it has. Forecasts simulate the same equations forward.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from data.panels.history import History
from data.vocabulary import ALL
from models.base import Array, SampleForecast
from models.baselines import scale
from models.indicators import (
    DERIVED,
    GROWTH_UNIT,
    LARGEST_DEVIATION,
    MEASURED,
    NATIONAL,
    Indicators,
    measure,
    own_growth_units,
)
from models.inference import FULL, Diagnostics, Sampling, compile_model
from models.memory import Memory

NAME = "bayes_growth"

Tensor = Any
"""A symbolic variable of the model."""

COVARIATES: tuple[str, ...] = (*MEASURED, *DERIVED)
RAISES, LOWERS = COVARIATES.index("requests"), COVARIATES.index("refusals")

LAST_STATEMENT_JANUARY, FIRST_PLAN_JANUARY = 2014, 2016
"""Growth from January 2014 is the last of the statement era; from January 2016 the EHC-plan era is fully in force
(Children and Families Act 2014, in force September 2014)."""

STEP_TAIL = 4.0
"""Degrees of freedom of national shocks."""

LONG_RUN_STATEMENTS, LONG_RUN_PLANS = (0.02, 0.02), (0.06, 0.03)
"""Normal priors of the long-run level of each era: mean and standard deviation of yearly log growth."""

PATH_PERSISTENCE = (18, 2)
LOG_SHOCK = (np.log(0.012), 0.5)
"""Beta prior of the national path's persistence; LogNormal prior of the size of its shocks."""

SHORTEST_PATH = 20
"""Years of the national path in the model, so that one compiled model serves every origin to January 2030; a longer history
lengthens it. Years after the origin are place-holders with a fixed prior of their own: they touch no other parameter and are
never read."""

PLACE_HOLDER = 0.01
"""Standard deviation of the place-holders."""

INDICATOR_TAIL = 5.0
"""Degrees of freedom of indicator shocks."""

LARGEST_GROWTH = (-0.5, 0.7)
"""Yearly log growth is held in this range when simulating: a heavy tail must not empty or treble an authority in a year."""


@dataclass(frozen=True)
class GrowthPanel:
    """Indicators and regions of areas, the data that the model is fitted to."""

    indicators: Indicators
    region: npt.NDArray[np.int64]
    regions: int

    @classmethod
    def of(cls, history: History) -> GrowthPanel:
        """Return the indicators of a history."""
        _, region = np.unique(history.region.to_numpy().astype(str), return_inverse=True)
        return cls(measure(history), region.astype(np.int64), int(region.max()) + 1)


def observations(panel: GrowthPanel) -> dict[str, npt.NDArray[np.generic]]:
    """Return the values of the model's data containers."""
    x = panel.indicators
    years = x.growth.shape[1]
    counted = x.known & x.pooled[:, None]
    area, year = np.nonzero(counted)
    covariates = np.stack([x.covariates(j) for j in range(years)], axis=1)
    level = np.zeros((years, len(COVARIATES)))
    for j in range(years):
        level[j, : len(MEASURED)][[MEASURED.index(n) for n in NATIONAL]] = x.national_level(j)
    drivers = np.concatenate([covariates, indicator_growth(x.growth_deviation)[:, :, None]], axis=2)
    follows = x.measured[:, 1:] & x.measured[:, :-1] & counted[:, :, None]
    indicator_area, indicator_year, indicator = np.nonzero(follows)
    path = x.national[:, [MEASURED.index(n) for n in NATIONAL]]
    both = ~np.isnan(path[1:]) & ~np.isnan(path[:-1])
    return {
        "seen": np.arange(path_years(panel)) < years,
        "growth_observed": x.growth[area, year],
        "growth_area": area,
        "growth_year": year,
        "growth_size": scale(np.expm1(x.logs[:, :-1]))[area, year] / GROWTH_UNIT,
        "growth_covariates": (covariates + level)[area, year],
        "indicator_observed": x.deviation[:, 1:][indicator_area, indicator_year, indicator],
        "indicator_drivers": drivers[indicator_area, indicator_year],
        "indicator_kind": indicator,
        "path_observed": path[1:][both],
        "path_before": path[:-1][both],
    }


def indicator_growth(deviation: Array) -> Array:
    """Return growth deviations as drivers of next year's indicators, in `GROWTH_UNIT`."""
    return np.clip(deviation / GROWTH_UNIT, -4, 4)


def long_run_weight(januaries: npt.NDArray[np.int64]) -> Array:
    """Return the weight of the EHC-plan era in growth from each January, 0 to 1."""
    span = FIRST_PLAN_JANUARY - LAST_STATEMENT_JANUARY
    return np.clip((januaries - LAST_STATEMENT_JANUARY) / span, 0.0, 1.0)


def path_years(panel: GrowthPanel) -> int:
    """Return the number of years of the national path in the model."""
    return max(SHORTEST_PATH, int(panel.indicators.growth.shape[1]))


def build(panel: GrowthPanel) -> Any:
    """Return the PyMC model; its data containers hold `observations` of the panel."""
    import pymc as pm
    import pytensor.tensor as pt

    data = observations(panel)
    first, years = panel.indicators.first, path_years(panel)
    era = long_run_weight(np.arange(first, first + years))
    with pm.Model() as model:
        at = {name: pm.Data(name, value) for name, value in data.items()}
        statements = pm.Normal("long_run_statements", *LONG_RUN_STATEMENTS)
        plans = pm.Normal("long_run_plans", *LONG_RUN_PLANS)
        persistence = pm.Beta("persistence", *PATH_PERSISTENCE)
        shock = pm.LogNormal("shock", *LOG_SHOCK)
        long_run = statements + (plans - statements) * era
        path = pm.CustomDist(
            "path", long_run, persistence, shock, at["seen"], logp=_path_logp, random=_path_random, shape=years,
            signature="(n),(),(),(n)->(n)", initval=path_start(panel),
        )  # fmt: skip
        magnitude = pm.HalfNormal("signed_effect", 0.02, shape=2)
        free = pm.Normal("free_effect", 0, 0.02, shape=len(COVARIATES) - 2)
        effect = pt.concatenate([[magnitude[0], -magnitude[1]], free])
        region_spread = pm.LogNormal("region_spread", np.log(0.004), 0.7)
        area_spread = pm.LogNormal("area_spread", np.log(0.004), 0.7)
        region = pm.Normal("region", 0, 1, shape=panel.regions)
        area = pm.Normal("area", 0, 1, shape=len(panel.region))
        level = region_spread * region[panel.region] + area_spread * area
        noise = pm.LogNormal("noise", np.log(0.04), 0.4)
        year_spread = pm.LogNormal("year_spread", np.log(0.2), 0.5)
        year_noise = pm.Normal("year_noise", 0, pt.where(at["seen"], year_spread, 1.0), shape=years)
        tail = pm.Gamma("tail", 4, 0.8)
        when = at["growth_year"]
        pm.StudentT(
            "growth",
            nu=tail + 1,
            mu=path[when] + level[at["growth_area"]] + pt.dot(at["growth_covariates"], effect),
            sigma=noise * pt.exp(year_noise)[when] * at["growth_size"],
            observed=at["growth_observed"],
        )
        response = pm.Normal("response", 0, 0.3, shape=(len(COVARIATES) + 1, len(MEASURED)))
        indicator_noise = pm.LogNormal("indicator_noise", np.log(0.7), 0.5, shape=len(MEASURED))
        kind = at["indicator_kind"]
        pm.StudentT(
            "indicator",
            nu=INDICATOR_TAIL,
            mu=(at["indicator_drivers"] * response.T[kind]).sum(axis=1),
            sigma=indicator_noise[kind],
            observed=at["indicator_observed"],
        )
        path_persistence = pm.Beta("path_persistence", 18, 2)
        path_noise = pm.LogNormal("path_noise", np.log(0.4), 0.5)
        pm.Normal(
            "national_indicator",
            path_persistence * at["path_before"],
            path_noise,
            observed=at["path_observed"],
        )
    return model


def path_start(panel: GrowthPanel) -> Array:
    """Return starting values of the national path: median growth of each year, then 0 for future years."""
    x = panel.indicators
    middle = np.median(np.where(x.known, x.growth, 0.0)[x.pooled], axis=0)
    return np.concatenate([middle, np.zeros(path_years(panel) - len(middle))])


def _path_logp(
    value: Tensor,
    long_run: Tensor,
    persistence: Tensor,
    shock: Tensor,
    seen: Tensor,
) -> Tensor:
    import pymc as pm
    import pytensor.tensor as pt

    away = value - long_run
    expected = pt.concatenate([[0.0], persistence * away[:-1]])
    real = pm.logp(pm.StudentT.dist(nu=STEP_TAIL, mu=expected, sigma=shock), away)
    # A place-holder about the long run would take part in sampling it.
    return pt.where(seen, real, pm.logp(pm.Normal.dist(0, PLACE_HOLDER), value))


def _path_random(
    long_run: Array,
    persistence: Array,
    shock: Array,
    seen: Array,
    rng: np.random.Generator,
    size: object = None,
) -> Array:
    del size
    away, path = 0.0, []
    for level, real in zip(np.atleast_1d(long_run), np.atleast_1d(seen), strict=True):
        if real:
            away = float(persistence) * away + float(shock) * rng.standard_t(STEP_TAIL)
            path.append(level + away)
        else:
            path.append(PLACE_HOLDER * rng.standard_normal())
    return np.asarray(path)


@dataclass(frozen=True)
class FittedGrowth:
    """Posterior draws of the growth model, with each area's state at the origin.

    Parameters
    ----------
    areas
        DfE numbers, in the order of the posterior's area dimension.
    origin
        Last January seen.
    posterior
        Draws by parameter, dims ``(draw, ...)``.
    panel
        What it was fitted to.
    diagnostics
        How well the posterior was explored.
    """

    areas: tuple[int, ...]
    origin: int
    posterior: xr.Dataset
    panel: GrowthPanel
    diagnostics: Diagnostics

    def forecast(self, januaries: Sequence[int], areas: Sequence[int] | None = None) -> SampleForecast:
        """Forecast totals; series is ``"All"`` only."""
        wanted = [self.areas.index(a) for a in (self.areas if areas is None else areas)]

        def sample(count: int, rng: np.random.Generator) -> xr.DataArray:
            steps = max(januaries) - self.origin
            plans = np.expm1(self.log_plans(steps, count, rng, np.asarray(wanted)))
            keep = plans[:, :, [j - self.origin - 1 for j in januaries]]
            return xr.DataArray(
                np.maximum(keep, 0.0)[:, :, None, :],
                dims=("draw", "area", "series", "january"),
                coords={
                    "draw": list(range(count)),
                    "area": [self.areas[i] for i in wanted],
                    "series": [ALL],
                    "january": list(januaries),
                },
                name="plans",
            )

        return SampleForecast(NAME, self.origin, sample)

    def log_plans(
        self, steps: int, count: int, rng: np.random.Generator, rows: npt.NDArray[np.int64]
    ) -> Array:
        """Return draws of log(plans + 1) for ``steps`` Januaries, dims (draw, area, january)."""
        return simulate(self.panel, self.posterior, steps, count, rng, rows)


def simulate(
    panel: GrowthPanel,
    posterior: xr.Dataset,
    steps: int,
    count: int,
    rng: np.random.Generator,
    rows: npt.NDArray[np.int64],
) -> Array:
    """Return draws of log(plans + 1) after the last January of a panel, dims (draw, area, january).

    An area whose last January is missing first catches up from its last published one, so all areas are forecast for
    the same Januaries.

    Parameters
    ----------
    panel
        Where each area stands.
    posterior
        Draws by parameter.
    steps
        Januaries ahead.
    count
        Number of draws, resampled from the posterior.
    rng
        Source of randomness.
    rows
        Positions of the areas wanted.
    """
    x = panel.indicators
    chosen = rng.choice(posterior.sizes["draw"], count, replace=count > posterior.sizes["draw"])
    at = {str(n): v.to_numpy()[chosen] for n, v in posterior.data_vars.items()}
    effect = np.concatenate([at["signed_effect"] * [1, -1], at["free_effect"]], axis=1)
    regions = (at["region_spread"][:, None] * at["region"])[:, panel.region[rows]]
    level = regions + at["area_spread"][:, None] * at["area"][:, rows]
    national = [MEASURED.index(n) for n in NATIONAL]
    tail = (at["tail"] + 1)[:, None]
    shape = (count, len(rows))

    def noise(logs: Array, year_noise: Array) -> Array:
        size = scale(np.expm1(logs)) / GROWTH_UNIT
        return (at["noise"] * np.exp(year_noise))[:, None] * size * rng.standard_t(tail, shape)

    def long_run(january: int) -> Array:
        weight = float(long_run_weight(np.array([january]))[0])
        level: Array = at["long_run_statements"] + (at["long_run_plans"] - at["long_run_statements"]) * weight
        return level

    logs = np.repeat(x.logs[None, rows, -1], count, axis=0)
    # The national path of the years an area missed is known; its own growth in them is not.
    for back in range(int(x.lag[rows].max(initial=0)), 0, -1):
        column = x.januaries - 1 - back
        missing = x.lag[rows] >= back
        driven = x.covariates(column)[rows] @ effect.T
        driven = driven.T + effect[:, national] @ x.national_level(column)[:, None]
        growth = at["path"][:, [column]] + level + driven + noise(logs, at["year_noise"][:, column])
        logs = np.where(missing, logs + np.clip(growth, *LARGEST_GROWTH), logs)

    path = at["path"][:, x.growth.shape[1] - 1]
    last = x.first + x.januaries - 1
    before = long_run(last - 1)
    deviation = np.repeat(x.deviation[None, rows, -1], count, axis=0)
    prevalence = np.repeat(x.prevalence[None, rows, -1], count, axis=0)
    past = x.growth_deviation[rows, -3:]
    recent = [np.repeat(past[None, :, k], count, axis=0) for k in range(past.shape[1])]
    walk = np.repeat(x.national_level(x.januaries - 1)[None], count, axis=0)
    out = []
    for step in range(steps):
        now = long_run(last + step)
        path = now + at["persistence"] * (path - before) + at["shock"] * rng.standard_t(STEP_TAIL, count)
        before = now
        own = own_growth_units(np.mean(recent[-3:], axis=0))
        covariates = np.concatenate([deviation, prevalence[:, :, None], own[:, :, None]], axis=2)
        driven = np.einsum("dak,dk->da", covariates, effect)
        england = (path + (walk * effect[:, national]).sum(axis=1))[:, None]
        coming = at["year_spread"] * rng.standard_normal(count)
        growth = england + level + driven + noise(logs, coming)
        growth = np.clip(growth, *LARGEST_GROWTH)
        logs = logs + growth
        out.append(logs)
        # England's median growth is the path itself: deviations are measured from it whichever areas are asked for.
        away = growth - england
        drivers = np.concatenate([covariates, indicator_growth(away)[:, :, None]], axis=2)
        shocks = at["indicator_noise"][:, None, :] * rng.standard_t(INDICATOR_TAIL, (*shape, len(MEASURED)))
        limit = LARGEST_DEVIATION
        deviation = np.clip(np.einsum("dak,dkm->dam", drivers, at["response"]) + shocks, -limit, limit)
        prevalence = (
            np.clip(prevalence + away / x.prevalence_unit, -limit, limit) if _has_residents(x) else prevalence
        )
        recent = [*recent, away]
        walk = at["path_persistence"][:, None] * walk + at["path_noise"][:, None] * rng.standard_normal(
            (count, 2)
        )
    return np.stack(out, axis=2)


def _has_residents(x: Indicators) -> bool:
    return bool(x.prevalence.any())


@dataclass(frozen=True)
class BayesGrowth:
    """The growth model under the common protocol.

    Parameters
    ----------
    sampling
        How long to sample.
    memory
        Where the compiled model is kept: compiling takes longer than sampling.
    """

    sampling: Sampling = FULL
    memory: Memory = field(default_factory=Memory)
    name: str = NAME

    def fit(self, history: History, *, rng: np.random.Generator) -> FittedGrowth:
        """Sample the posterior given a history."""
        panel = GrowthPanel.of(history)
        key = (NAME, panel.indicators.first, path_years(panel), panel.region.tobytes())
        compiled = self.memory.compile(key, lambda: compile_model(build(panel)))
        posterior, diagnostics = compiled.sample(observations(panel), rng, self.sampling)
        return FittedGrowth(history.areas, history.origin, posterior, panel, diagnostics)
