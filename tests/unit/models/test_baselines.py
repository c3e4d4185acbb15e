"""The growth rules, worked by hand on small panels."""

from __future__ import annotations

import numpy as np
import pytest

from data.panels.history import History
from models import baselines
from models.baselines import View


def view(rows: list[list[float]], first: int = 2018) -> View:
    plans = np.array(rows, dtype=float)
    return View(plans, np.ones(len(plans), dtype=bool), first)


def test_last_value_does_not_move() -> None:
    np.testing.assert_allclose(
        baselines.point(view([[100, 150]]), baselines.last_value, [1, 3]), [[150, 150]]
    )


def test_own_growth_compounds_the_mean_of_three_years() -> None:
    forecast = baselines.point(view([[999, 1099, 1199, 1330]]), baselines.own_growth, [1, 2])
    yearly = (np.log(1331) - np.log(1000)) / 3
    np.testing.assert_allclose(forecast, [np.expm1(np.log(1331) + np.array([1, 2]) * yearly)])


def test_national_growth_is_the_growth_of_the_sum() -> None:
    forecast = baselines.point(view([[100, 100], [300, 340]]), baselines.national_growth, [1])
    np.testing.assert_allclose(forecast[:, 0], np.expm1(np.log([101, 341]) + np.log(440 / 400)))


def test_an_area_outside_the_pool_gets_but_does_not_give_national_growth() -> None:
    plans = np.array([[100.0, 110.0], [5.0, 50.0]])
    both = View(plans, np.array([True, False]), 2018)
    assert both.national_growth(2019) == pytest.approx(np.log(1.1))
    forecast = baselines.point(both, baselines.national_growth, [1])
    assert forecast[1, 0] == pytest.approx(np.expm1(np.log(51) + np.log(1.1)))


def test_forecasts_stay_between_a_quarter_and_six_times() -> None:
    collapsing = view([[90_000, 900, 9]])
    assert baselines.point(collapsing, baselines.own_growth, [5])[0, 0] == pytest.approx(9 / 4)
    exploding = view([[1, 30, 900]])
    assert baselines.point(exploding, baselines.own_growth, [5])[0, 0] == pytest.approx(5400)
    tiny = view([[1, 3, 8]])
    assert baselines.point(tiny, baselines.own_growth, [5])[0, 0] == pytest.approx(60)


def test_a_missing_last_january_is_forecast_one_horizon_further() -> None:
    gap = view([[100, 200, 400, np.nan], [100, 200, 400, 800]])
    missing, present = baselines.point(gap, baselines.own_growth, [1])[:, 0]
    assert missing == pytest.approx(present, rel=0.03)


def test_missing_years_do_not_break_the_pooled_rule() -> None:
    rng = np.random.default_rng(0)
    plans = 1000 * np.exp(np.cumsum(0.1 + 0.03 * rng.standard_normal((30, 12)), axis=1))
    plans[3, 5] = plans[7, -1] = plans[9, :8] = np.nan
    forecast = baselines.point(view(plans.tolist(), 2014), baselines.regional_growth, [1, 5])
    assert np.isfinite(forecast).all()
    assert np.median(forecast[:, 0] / np.nan_to_num(plans[:, -1], nan=np.inf)) == pytest.approx(
        np.exp(0.1), rel=0.03
    )


def test_pooled_slope_is_between_nought_and_one_for_a_random_walk(synthetic: History) -> None:
    """With independent yearly noise, growth deviations do not persist, so areas get close to national growth."""
    fitted = baselines.BASELINES[3].fit(synthetic, rng=np.random.default_rng(0)).forecast([2026])
    ratio = fitted.median.sel(series="All", january=2026) / synthetic.actual(2025).sel(series="All")
    own = (
        synthetic.stock.sel(series="All")
        .pipe(np.log)
        .diff("january")
        .isel(january=slice(-3, None))
        .mean("january")
    )
    assert float(np.log(ratio).std()) < 0.5 * float(own.std())


def test_interval_is_the_stated_formula(synthetic: History) -> None:
    forecast = baselines.BASELINES[3].fit(synthetic, rng=np.random.default_rng(0)).forecast([2027], [301])
    errors = forecast.errors["All"]
    y = float(synthetic.actual(2025).sel(series="All", area=301))
    f = float(forecast.median.sel(series="All", area=301, january=2027))
    s = np.sqrt(0.0025 + 1 / (y + 5))
    expected = np.expm1(np.log1p(f) + s * np.quantile(errors, 0.8) * 2**0.75)
    assert float(forecast.quantiles([0.9]).sel(series="All").squeeze()) == pytest.approx(expected)


def test_draws_of_one_area_repeat_for_a_seed(synthetic: History) -> None:
    fitted = baselines.BASELINES[3].fit(synthetic, rng=np.random.default_rng(0)).forecast([2026, 2027], [305])
    once, again = (fitted.draws(50, np.random.default_rng(6)) for _ in range(2))
    np.testing.assert_array_equal(once, again)
    other = fitted.draws(50, np.random.default_rng(7))
    assert not np.array_equal(once, other)
