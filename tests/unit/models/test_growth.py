"""The growth model without sampling: what it is told, and how it walks forward from known parameters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pymc as pm
import pytest
import xarray as xr
from scipy.stats import norm, t

from data.panels.history import History
from models import growth
from models.growth import (
    COVARIATES,
    LARGEST_GROWTH,
    PLACE_HOLDER,
    SHORTEST_PATH,
    STEP_TAIL,
    BayesGrowth,
    FittedGrowth,
    GrowthPanel,
    build,
    observations,
    simulate,
)
from models.indicators import MEASURED
from models.inference import Diagnostics, Sampling
from tests.growth_worlds import FUTURE, ORIGIN, World, world
from tests.histories import history

UNTOLD = Diagnostics(1.0, 1000.0, 1000.0, 0, 0.0, "noise")
CALM = {
    "long_run_statements": 0.0, "long_run_plans": 0.0, "persistence": 1.0, "shock": 0.0, "signed_effect": [0.0, 0.0],
    "free_effect": [0.0] * (len(COVARIATES) - 2), "region_spread": 0.0, "area_spread": 0.0, "noise": 0.0, "year_spread": 0.0,
    "tail": 9.0, "indicator_noise": [0.0] * len(MEASURED), "path_persistence": 1.0, "path_noise": 0.0,
}  # fmt: skip
"""Parameters of a world in which nothing happens by chance and the path stays where it is."""


def posterior(panel: GrowthPanel, draws: int = 4, path: float = 0.0, **changed: object) -> xr.Dataset:
    """Return equal draws of `CALM` with some parameters changed and a path of one height."""
    values = {
        "path": np.full(SHORTEST_PATH, path),
        "year_noise": np.zeros(SHORTEST_PATH),
        "region": np.zeros(panel.regions),
        "area": np.zeros(len(panel.region)),
        "response": np.zeros((len(COVARIATES) + 1, len(MEASURED))),
        **CALM,
        **changed,
    }
    return xr.Dataset(
        {
            n: (("draw", *(f"{n}_{k}" for k in range(np.ndim(v)))), np.stack([np.asarray(v, float)] * draws))
            for n, v in values.items()
        }
    )


def fitted(whole: History, draws: xr.Dataset) -> FittedGrowth:
    return FittedGrowth(whole.areas, whole.origin, draws, GrowthPanel.of(whole), UNTOLD)


def walk(whole: History, steps: int, draws: xr.Dataset, count: int = 4, seed: int = 0) -> np.ndarray:
    rows = np.arange(len(whole.areas))
    return simulate(GrowthPanel.of(whole), draws, steps, count, np.random.default_rng(seed), rows)


def last_logs(whole: History) -> np.ndarray:
    return np.asarray(np.log1p(whole.stock.sel(series="All").to_numpy()[:, -1]))


@pytest.fixture(scope="module")
def made() -> World:
    return world(areas=50, seed=5)


def test_observations_agree_in_length(made: World) -> None:
    panel = GrowthPanel.of(made.history)
    data = observations(panel)
    x = panel.indicators
    grown = int((x.known & x.pooled[:, None]).sum())
    assert data["seen"].tolist() == [True] * 15 + [False] * (SHORTEST_PATH - 15)
    for name in ("growth_observed", "growth_area", "growth_year", "growth_size"):
        assert data[name].shape == (grown,), name
    assert data["growth_covariates"].shape == (grown, len(COVARIATES))
    follow = len(data["indicator_observed"])
    assert data["indicator_drivers"].shape == (follow, len(COVARIATES) + 1)
    assert data["indicator_kind"].shape == (follow,)
    assert set(data["indicator_kind"]) == set(range(len(MEASURED)))
    assert data["path_observed"].shape == data["path_before"].shape == (2 * (2025 - 2017),)
    assert all(np.isfinite(v).all() for v in data.values())


def test_unpublished_growth_and_areas_outside_the_pool_are_not_observed(synthetic: History) -> None:
    stock, pooled = synthetic.stock.copy(), synthetic.pooled.copy()
    stock[3, 0, 8] = np.nan
    pooled[5] = False
    data = observations(GrowthPanel.of(replace(synthetic, stock=stock, pooled=pooled)))
    assert len(data["growth_observed"]) == 39 * 15 - 2
    assert 5 not in data["growth_area"]
    assert not set(data["growth_year"][data["growth_area"] == 3]) & {7, 8}


def test_every_observation_is_a_data_container_of_the_model(synthetic: History) -> None:
    panel = GrowthPanel.of(synthetic)
    model = build(panel)
    assert {v.name for v in model.data_vars} == set(observations(panel))
    assert {v.name for v in model.free_RVs} == set(posterior(panel).data_vars)


def test_growth_is_measured_from_england_plus_an_areas_deviation(synthetic: History) -> None:
    panel = GrowthPanel.of(synthetic)
    data, x = observations(panel), panel.indicators
    row = int(np.flatnonzero((data["growth_area"] == 7) & (data["growth_year"] == 10))[0])
    expected = x.covariates(10)[7].copy()
    expected[:2] += x.national_level(10)
    np.testing.assert_allclose(data["growth_covariates"][row], expected)
    assert data["growth_observed"][row] == pytest.approx(x.logs[7, 11] - x.logs[7, 10])


def test_the_era_of_plans_is_in_force_from_2016() -> None:
    np.testing.assert_allclose(
        growth.long_run_weight(np.array([2010, 2014, 2015, 2016, 2030])), [0, 0, 0.5, 1, 1]
    )


def test_the_path_is_an_autoregression_with_heavy_tails_and_fixed_place_holders() -> None:
    value, level = np.array([0.02, 0.05, 0.01, 0.06]), np.array([0.02, 0.02, 0.04, 0.06])
    seen = np.array([True, True, True, False])
    with pm.Model():
        told = growth._path_logp(value, level, 0.8, 0.012, seen).eval()
    away = value - level
    by_hand = t.logpdf(away - 0.8 * np.concatenate([[0], away[:-1]]), STEP_TAIL, scale=0.012)
    by_hand[3] = norm.logpdf(value[3], scale=PLACE_HOLDER)
    np.testing.assert_allclose(told, by_hand)


def test_sampling_starts_at_the_median_growth_of_each_year(synthetic: History) -> None:
    panel = GrowthPanel.of(synthetic)
    start = growth.path_start(panel)
    assert len(start) == SHORTEST_PATH
    np.testing.assert_allclose(start[:15], np.median(panel.indicators.growth, axis=0))
    np.testing.assert_array_equal(start[15:], 0.0)


def test_a_forecast_continues_from_the_last_level() -> None:
    """A panel whose logs drift by 5 goes on from there: not from its mean, nor from where it started."""
    whole = history(areas=10, growth=5 / 15, noise=0.0)
    calm = posterior(GrowthPanel.of(whole), path=5 / 15, long_run_plans=0.06, persistence=0.9)
    first = 0.06 + 0.9 * (5 / 15 - 0.06)
    second = 0.06 + 0.9 * (first - 0.06)
    logs = walk(whole, 2, calm)
    expected = last_logs(whole)[:, None] + [first, first + second]
    np.testing.assert_allclose(logs, np.broadcast_to(expected, logs.shape), atol=1e-9)


def test_an_earlier_origin_heads_for_the_long_run_of_its_era() -> None:
    whole = history(areas=10, growth=0.02, noise=0.0).until(2013)
    calm = posterior(
        GrowthPanel.of(whole), path=0.02, long_run_statements=0.02, long_run_plans=0.10, persistence=0.5
    )
    yearly = np.diff(np.concatenate([[last_logs(whole)], walk(whole, 4, calm)[0].T]), axis=0)[:, 0]
    # Growth from January 2013 and 2014 is the statement era's, from 2015 half way, from 2016 the plans'.
    np.testing.assert_allclose(yearly, [0.02, 0.02, 0.06, 0.10], atol=1e-9)


def test_an_area_without_a_last_january_catches_up_first() -> None:
    whole = history(areas=10, growth=0.1, noise=0.0)
    stock = whole.stock.copy()
    stock[0, 0, -1] = stock[1, 0, -2] = stock[1, 0, -1] = np.nan
    gap = replace(whole, stock=stock)
    logs = walk(gap, 1, posterior(GrowthPanel.of(gap), path=0.1, long_run_plans=0.1))
    # Their own stock is known one and two years earlier; England's growth since then is known too.
    for row, back in ((0, 1), (1, 2), (2, 0)):
        known = np.log1p(stock.to_numpy()[row, 0, -1 - back])
        np.testing.assert_allclose(logs[:, row, 0], known + (1 + back) * 0.1, atol=1e-6)


def test_catching_up_is_uncertain(made: World) -> None:
    told = (
        fitted(made.history, made.posterior(50)).forecast([ORIGIN + 1]).draws(500, np.random.default_rng(0))
    )
    spread = np.log(told.sel(series="All", january=ORIGIN + 1)).std("draw").to_numpy()
    behind = GrowthPanel.of(made.history).indicators.lag > 0
    assert behind.any()
    assert spread[behind].min() > 1.15 * np.median(spread[~behind])


def test_spread_grows_with_every_year_ahead(made: World) -> None:
    told = fitted(made.history, made.posterior(50)).forecast(range(ORIGIN + 1, ORIGIN + 13))
    q = np.log1p(told.quantiles([0.1, 0.9]).sel(series="All"))
    width = (q.sel(quantile=0.9) - q.sel(quantile=0.1)).mean("area").to_numpy()
    assert (np.diff(width) > 0).all()
    assert width[-1] > 3 * width[0]


def test_some_areas_are_forecast_as_all_are(made: World) -> None:
    whole = fitted(made.history, made.posterior(100))
    some = [made.history.areas[k] for k in (30, 4)]
    januaries, levels = [ORIGIN + 1, ORIGIN + 5], [0.1, 0.5, 0.9]
    of_all = whole.forecast(januaries).draws(3000, np.random.default_rng(1)).sel(area=some)
    alone = whole.forecast(januaries, some).draws(3000, np.random.default_rng(2))
    assert alone["area"].to_numpy().tolist() == some
    apart = np.log(alone.quantile(levels, "draw")) - np.log(of_all.quantile(levels, "draw"))
    spread = np.log(of_all).std("draw")
    assert float(np.abs(apart / spread).max()) < 0.12


def test_areas_share_the_national_shocks(made: World) -> None:
    one = fitted(made.history, made.posterior(50)).forecast([ORIGIN + 5]).draws(800, np.random.default_rng(0))
    correlation = np.corrcoef(np.log(one.sel(series="All", january=ORIGIN + 5)).to_numpy().T)
    assert np.median(correlation[np.triu_indices(50, 1)]) > 0.15


def test_the_truth_holds_independent_futures() -> None:
    """Given true parameters, 90 % intervals hold 90 % of a simulator's futures that shares no code with the forecast."""
    held = []
    for seed in range(4):
        made = world(areas=50, seed=seed, futures=30)
        told = fitted(made.history, made.posterior(200)).forecast([ORIGIN + h for h in range(1, FUTURE + 1)])
        low, high = told.quantiles([0.05, 0.95]).sel(series="All").transpose("quantile", ...).to_numpy()
        held.append(((low <= made.future) & (made.future <= high)).mean(axis=(0, 1)))
    np.testing.assert_allclose(np.mean(held, axis=0), 0.9, atol=0.04)


def test_requests_and_refusals_act_with_their_signs(made: World) -> None:
    panel = GrowthPanel.of(made.history)
    still = walk(made.history, 1, posterior(panel))[0, :, 0]
    deviation = panel.indicators.deviation[:, -1]
    level = panel.indicators.national_level(15)
    for k, sign in ((0, 1), (1, -1)):
        acting = [0.0, 0.0]
        acting[k] = 0.01
        moved = walk(made.history, 1, posterior(panel, signed_effect=acting))[0, :, 0] - still
        behind = panel.indicators.lag > 0
        expected = sign * 0.01 * (deviation[:, k] + level[k])
        np.testing.assert_allclose(moved[~behind], expected[~behind], atol=1e-9)


def test_fast_growth_holds_growth_back_through_prevalence(made: World) -> None:
    panel = GrowthPanel.of(made.history)
    free = np.zeros(len(COVARIATES) - 2)
    free[COVARIATES.index("prevalence") - 2] = -0.01
    now = walk(made.history, 1, posterior(panel, free_effect=free))[0, :, 0]
    still = walk(made.history, 1, posterior(panel))[0, :, 0]
    kept = panel.indicators.lag == 0
    np.testing.assert_allclose((now - still)[kept], -0.01 * panel.indicators.prevalence[kept, -1], atol=1e-9)


def test_no_year_empties_or_trebles_an_area(synthetic: History) -> None:
    wild = posterior(GrowthPanel.of(synthetic), noise=50.0, tail=0.5)
    logs = walk(synthetic, 3, wild, count=50)
    steps = np.diff(
        np.concatenate([np.broadcast_to(last_logs(synthetic), (50, 40))[..., None], logs], axis=2)
    )
    assert steps.min() >= LARGEST_GROWTH[0] - 1e-9
    assert steps.max() <= LARGEST_GROWTH[1] + 1e-9
    assert np.isfinite(logs).all()


def test_dims_and_coordinates_of_a_forecast(made: World) -> None:
    told = fitted(made.history, made.posterior(10)).forecast([2027, 2030])
    assert (told.model, told.origin) == ("bayes_growth", 2025)
    draws = told.draws(12, np.random.default_rng(0))
    assert draws.dims == ("draw", "area", "series", "january")
    assert draws.shape == (12, 50, 1, 2)
    assert draws["january"].to_numpy().tolist() == [2027, 2030]
    assert (draws >= 0).all()
    assert told.quantiles([0.1, 0.5, 0.9]).dims == ("area", "series", "january", "quantile")


def test_one_compiled_model_serves_every_origin(synthetic: History, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []

    class Stub:
        def sample(self, data: dict, rng: np.random.Generator, sampling: Sampling) -> tuple:
            told.append(data)
            return posterior(GrowthPanel.of(synthetic)), UNTOLD

    compiled: list[pm.Model] = []
    monkeypatch.setattr(growth, "compile_model", lambda model: compiled.append(model) or Stub())
    model = BayesGrowth()
    for origin in (2018, 2022, 2025):
        one = model.fit(synthetic.until(origin), rng=np.random.default_rng(0))
        assert one.origin == origin
        assert one.forecast([origin + 1]).draws(3, np.random.default_rng(0)).shape == (3, 40, 1, 1)
    assert len(compiled) == 1
    assert [int(d["seen"].sum()) for d in told] == [8, 12, 15]
    model.fit(history(areas=12), rng=np.random.default_rng(0))
    assert len(compiled) == 2, "other areas are another model"
