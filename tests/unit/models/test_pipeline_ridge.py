"""The ridge on indicators: what it finds, where it falls back, and that it sees no future."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data.panels.history import History
from models import pipeline_ridge
from models.baselines import HORIZON_EXPONENT, total_view
from models.indicators import measure
from models.pipeline_ridge import COVARIATES, LONGEST_HORIZON, PipelineRidge
from tests.growth_worlds import Truth, world
from tests.histories import corrupted_after, history


def fit(whole: History, horizon: int) -> tuple[float, np.ndarray] | None:
    x = measure(whole)
    region = np.unique(whole.region.to_numpy().astype(str), return_inverse=True)[1]
    return pipeline_ridge._fit(x, region, total_view(whole).national_path(), whole.origin, horizon)


def test_it_finds_strong_effects_and_their_signs() -> None:
    strong = Truth(effect=(0.03, -0.02, 0.0, 0.0, 0.0, -0.02, 0.0), noise=0.02)
    made = world(areas=120, seed=3, truth=strong, futures=1)
    found = fit(made.history, 1)
    slopes = dict(zip(COVARIATES, found[1], strict=True))
    assert slopes["requests"] == pytest.approx(made.truth["signed_effect"][0], abs=0.006)
    assert slopes["refusals"] == pytest.approx(-made.truth["signed_effect"][1], abs=0.006)
    assert slopes["prevalence"] < -0.008
    assert abs(slopes["pending"]) < 0.006


def test_it_keeps_the_signs_when_data_say_otherwise() -> None:
    wrong = Truth(effect=(-0.03, 0.03, 0.0, 0.0, 0.0, 0.0, 0.0), noise=0.02)
    found = fit(world(areas=80, seed=3, truth=wrong, futures=1).history, 1)
    assert found[1][COVARIATES.index("requests")] == pytest.approx(0, abs=1e-9)
    assert found[1][COVARIATES.index("refusals")] == pytest.approx(0, abs=1e-9)


def test_without_signal_forecasts_stay_near_england(synthetic: History) -> None:
    assert np.abs(pipeline_ridge.deviations(synthetic, 1)).max() < 0.05


def test_every_area_has_a_finite_forecast_despite_gaps() -> None:
    made = world(areas=40, seed=1, futures=1).history
    assert made.stock.sel(series="All", january=made.origin).isnull().any()
    told = PipelineRidge().fit(made, rng=np.random.default_rng(0)).forecast([2026, 2030])
    assert np.isfinite(told.quantiles([0.05, 0.5, 0.95])).all()


def test_a_deviation_stands_still_beyond_the_longest_horizon(synthetic: History) -> None:
    found = pipeline_ridge.deviations(synthetic, LONGEST_HORIZON + 3)
    np.testing.assert_array_equal(
        found[:, LONGEST_HORIZON:], found[:, [LONGEST_HORIZON - 1]].repeat(3, axis=1)
    )


def test_a_horizon_without_a_past_grows_from_the_one_before() -> None:
    short = world(areas=30, seed=2, gaps=False, futures=1).history.until(2019)
    assert fit(short, 2) is not None
    assert fit(short, 3) is None
    found = pipeline_ridge.deviations(short, 4)
    np.testing.assert_allclose(found[:, 2], found[:, 1] * 1.5**HORIZON_EXPONENT)
    np.testing.assert_allclose(found[:, 3], found[:, 2] * (4 / 3) ** HORIZON_EXPONENT)


def test_a_history_too_short_for_any_regression_follows_england() -> None:
    short = history(areas=20).until(2011)
    np.testing.assert_array_equal(pipeline_ridge.deviations(short, 2), 0.0)


def test_areas_outside_the_pool_do_not_teach() -> None:
    made = world(areas=40, seed=2, gaps=False, futures=1).history
    pooled, stock = made.pooled.copy(), made.stock.copy()
    pooled[0] = False
    apart = replace(made, pooled=pooled)
    stock[0] = stock[0] * np.linspace(1, 30, stock.sizes["january"])
    moved = replace(apart, stock=stock)
    np.testing.assert_allclose(
        pipeline_ridge.deviations(apart, 2)[10:], pipeline_ridge.deviations(moved, 2)[10:], atol=0.01
    )


def test_an_area_without_a_last_january_is_forecast_a_year_further() -> None:
    whole = history(areas=30, growth=0.1, noise=0.0)
    stock = whole.stock.copy()
    stock[4, 0, -1] = np.nan
    gap = replace(whole, stock=stock)
    now, full = (pipeline_ridge.medians(h, 1)[4, 0] / whole.stock.to_numpy()[4, 0, -1] for h in (gap, whole))
    assert now == pytest.approx(full, rel=0.03)


def test_some_areas_are_forecast_as_all_are(synthetic: History) -> None:
    fitted = PipelineRidge().fit(synthetic, rng=np.random.default_rng(0))
    some = [synthetic.areas[k] for k in (7, 3)]
    whole = fitted.forecast([2026, 2028]).quantiles([0.1, 0.5]).sel(area=some)
    np.testing.assert_array_equal(fitted.forecast([2026, 2028], some).quantiles([0.1, 0.5]), whole)


def test_nothing_after_the_origin_enters(synthetic: History) -> None:
    for origin in (2016, 2021):
        clean = pipeline_ridge.medians(synthetic.until(origin), 5)
        np.testing.assert_array_equal(
            clean, pipeline_ridge.medians(corrupted_after(synthetic, origin).until(origin), 5)
        )


def test_intervals_hold_a_random_walk() -> None:
    held = []
    for seed in range(6):
        whole = history(areas=60, growth=0.08, noise=0.05, seed=seed)
        told = PipelineRidge().fit(whole.until(2023), rng=np.random.default_rng(0)).forecast([2024])
        low, high = (
            told.quantiles([0.1, 0.9]).sel(series="All", january=2024).transpose("quantile", ...).to_numpy()
        )
        actual = whole.actual(2024).sel(series="All").to_numpy()
        held.append(((low <= actual) & (actual <= high)).mean())
    assert 0.74 <= np.mean(held) <= 0.87
