"""The time-series members on small panels whose growth is known."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import xarray as xr

from data.panels.history import History
from models import univariate
from models.univariate import UNIVARIATE, GaussianForecast, UnivariateModel
from tests.histories import history

TREND, SMOOTHING, ARIMA = UNIVARIATE
NEAR = [2026, 2027, 2028, 2029, 2030]
every_member = pytest.mark.parametrize("model", UNIVARIATE, ids=lambda m: m.name)


def forecast(model: UnivariateModel, past: History, januaries: list[int]) -> GaussianForecast:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return model.fit(past, rng=np.random.default_rng(0)).forecast(januaries)


def median(found: GaussianForecast) -> xr.DataArray:
    return found.quantiles([0.5]).sel(series="All", quantile=0.5, drop=True)


def edited(past: History, change: Callable[[xr.DataArray], None]) -> History:
    stock = past.stock.copy(deep=True)
    change(stock)
    return replace(past, stock=stock)


@pytest.fixture(scope="module")
def small() -> History:
    return history(areas=10)


@pytest.fixture(scope="module")
def even() -> History:
    """Every area grows by exactly 9 % log points a year, but for rounding."""
    return history(areas=5, noise=0.0)


def test_names() -> None:
    assert [m.name for m in UNIVARIATE] == ["local_linear_trend", "damped_ets", "arima"]


@every_member
def test_dims_follow_the_protocol(model: UnivariateModel, small: History) -> None:
    fitted = model.fit(small, rng=np.random.default_rng(0))
    found = fitted.forecast([2027, 2040], areas=[305, 302])
    assert (found.model, found.origin, found.fallback) == (model.name, 2025, ())
    quantiles = found.quantiles([0.1, 0.5, 0.9])
    assert quantiles.dims == ("area", "series", "january", "quantile")
    assert quantiles.shape == (2, 1, 2, 3)
    draws = found.draws(7, np.random.default_rng(0))
    assert draws.dims == ("draw", "area", "series", "january")
    assert draws["area"].to_numpy().tolist() == [305, 302]
    whole = fitted.forecast(list(range(2026, 2041)))
    xr.testing.assert_allclose(
        whole.quantiles([0.9]).sel(area=[305, 302], january=[2027, 2040]), found.quantiles([0.9])
    )


@every_member
def test_quantiles_rise_and_draws_agree_with_them(model: UnivariateModel, small: History) -> None:
    found = forecast(model, small, NEAR)
    levels = [0.05, 0.25, 0.5, 0.75, 0.95]
    quantiles = found.quantiles(levels)
    assert bool((quantiles.diff("quantile") > 0).all())
    draws = found.draws(20_000, np.random.default_rng(3))
    np.testing.assert_allclose(
        draws.quantile(levels, dim="draw").transpose(..., "quantile"), quantiles, rtol=0.03
    )
    logs = np.log1p(draws.sel(area=301, series="All").to_numpy())
    np.testing.assert_allclose(np.cov(logs.T), found.covariance[0], rtol=0.1)


@every_member
def test_repeats_itself(model: UnivariateModel, small: History) -> None:
    one, other = forecast(model, small, NEAR), forecast(model, small, NEAR)
    draws = [f.draws(5, np.random.default_rng(1)) for f in (one, other)]
    xr.testing.assert_identical(*draws)


@every_member
def test_a_missing_last_january_is_forecast_one_year_further(model: UnivariateModel, small: History) -> None:
    def lose(stock: xr.DataArray) -> None:
        stock.loc[{"area": 301, "january": 2025}] = np.nan
        stock.loc[{"area": 302, "january": [2013, 2018]}] = np.nan

    full, gaps = forecast(model, small, NEAR), forecast(model, edited(small, lose), NEAR)
    assert gaps.fallback == ()
    change = np.log(median(gaps) / median(full))
    assert np.abs(change).max() < 0.2
    assert gaps.covariance[0, 0, 0] > 1.3 * full.covariance[0, 0, 0]


@every_member
def test_four_januaries_fall_back_for_the_nation_only(model: UnivariateModel, small: History) -> None:
    found = forecast(model, small.until(2013), [2014, 2018, 2028])
    quantiles = found.quantiles([0.025, 0.5, 0.975])
    assert np.isfinite(quantiles).all()
    growth = np.log(
        quantiles.sel(series="All", quantile=0.5, january=2014) / small.actual(2013).sel(series="All")
    )
    assert float(growth.median()) == pytest.approx(0.09, abs=0.04)
    assert found.fallback == ()


@every_member
def test_a_new_area_drifts_with_the_nation_and_is_named(model: UnivariateModel, small: History) -> None:
    def found_late(stock: xr.DataArray) -> None:
        stock.loc[{"area": 304, "january": slice(None, 2023)}] = np.nan

    late = forecast(model, edited(small, found_late), NEAR)
    assert late.fallback == (304,)
    growth = np.log(median(late).sel(area=304)).diff("january")
    np.testing.assert_allclose(growth, 0.09, atol=0.03)


@every_member
def test_two_januaries_still_give_a_forecast(model: UnivariateModel, small: History) -> None:
    found = forecast(model, small.until(2011), [2012])
    assert found.fallback == small.areas
    assert np.isfinite(median(found)).all()


@every_member
def test_a_wrong_return_put_right_hardly_moves_the_forecast(model: UnivariateModel, small: History) -> None:
    def leap(stock: xr.DataArray) -> None:
        stock.loc[{"area": 303, "january": 2022}] *= 2

    plain, spiked = forecast(model, small, NEAR), forecast(model, edited(small, leap), NEAR)
    assert abs(float(np.log(median(spiked) / median(plain)).sel(area=303, january=2026))) < 0.05
    assert float(np.abs(np.log(median(spiked) / median(plain))).max()) < 0.15


@pytest.mark.parametrize("model", [TREND, ARIMA], ids=lambda m: m.name)
def test_constant_growth_continues(model: UnivariateModel, even: History) -> None:
    growth = np.log(median(forecast(model, even, NEAR))).diff("january")
    np.testing.assert_allclose(growth, 0.09, atol=0.005)


def test_damped_smoothing_flattens(even: History) -> None:
    growth = np.log(median(forecast(SMOOTHING, even, list(range(2026, 2031))))).diff("january")
    assert bool((growth.diff("january") < 0).all())
    assert float(growth.min()) > 0.04


@every_member
def test_fifteen_years_ahead_stays_believable(model: UnivariateModel, small: History) -> None:
    def odd(stock: xr.DataArray) -> None:
        stock.loc[{"area": 306, "january": 2025}] *= 3
        stock.loc[{"area": 307}] = 0
        stock.loc[{"area": 308}] = 7

    past = edited(small, odd)
    far = forecast(model, past, [2040])
    draws = far.draws(500, np.random.default_rng(2))
    assert np.isfinite(draws).all()
    assert float(draws.min()) >= 0
    last = past.actual(2025).sel(series="All")
    assert bool((median(far).sel(january=2040) <= np.maximum(6 * last, 60) + 1).all())
    wide = far.quantiles([0.1, 0.9]).sel(area=slice(301, 305))
    assert bool((wide.sel(quantile=0.9) < 15 * wide.sel(quantile=0.1)).all())


@every_member
def test_a_member_that_cannot_be_estimated_is_a_random_walk(model: UnivariateModel, small: History) -> None:
    def broken(_: object) -> univariate.Projector:
        raise np.linalg.LinAlgError

    found = forecast(replace(model, national=broken, local=broken), small, NEAR)
    assert found.fallback == small.areas
    totals = small.stock.sel(series="All").sum("area")
    drift = float(np.log(totals.sel(january=2025) / totals.sel(january=2010))) / 15
    np.testing.assert_allclose(np.log(median(found)).diff("january"), drift, atol=1e-3)


def test_only_wild_changes_are_winsorised_and_the_end_is_kept() -> None:
    calm = np.cumsum([0.0, 0.1, 0.12, 0.08, 0.1, 0.11, 0.07, 0.1])
    np.testing.assert_allclose(univariate.steady(calm, 0.03), calm)
    spiked = calm + np.array([0, 0, 1.0, 0, 0, 0, 0, 0])
    steadied = univariate.steady(spiked, 0.03)
    assert steadied[-1] == pytest.approx(calm[-1])
    assert np.ptp(np.diff(steadied)) < 0.5 * np.ptp(np.diff(spiked))


def test_arima_recursion_by_hand() -> None:
    path = np.array([0.0, 1.0, 3.0])
    found = univariate._project_arima(path, 2, (1, 1, 0), 0.5)
    np.testing.assert_allclose(found.mean, [4.0, 4.5])
    np.testing.assert_allclose(found.covariance, [[1, 1.5], [1.5, 1 + 1.5**2]])
    np.testing.assert_allclose(univariate._project_arima(path, 2, (0, 2, 1), 0.0).mean, [5, 7])


def test_trend_covariance_is_that_of_the_library() -> None:
    path = np.cumsum(np.random.default_rng(0).standard_normal(12))
    variances = np.array([0.5, 1.0, 0.2])
    found = univariate._project_trend(path, 4, variances, 0.7)
    library = univariate._trend_model(path, 0.7).smooth(variances).get_forecast(4)
    np.testing.assert_allclose(found.mean, library.predicted_mean)
    np.testing.assert_allclose(np.diag(found.covariance), library.var_pred_mean)


def test_smoothing_spread_is_that_of_the_library() -> None:
    path = np.cumsum(np.random.default_rng(0).standard_normal(14))
    weights = np.array([0.7, 0.2, 0.9])
    found = univariate._project_smoothing(path, 5, weights, 0.1)
    # Predicted variances of the library need a pandas index.
    library = univariate._smoothing_model(pd.Series(path), 0.1).smooth(weights)
    np.testing.assert_allclose(found.mean, library.forecast(5))
    variance = library.get_prediction(start=14, end=18).forecast_variance
    np.testing.assert_allclose(np.diag(found.covariance), variance / variance[0])


@pytest.fixture
def paths() -> list[npt.NDArray[np.float64]]:
    rng = np.random.default_rng(1)
    return [np.cumsum(rng.standard_normal(n)) + 5 for n in (4, 7, 16, 16)]


def test_pooled_trend_likelihood_is_that_of_the_library(paths: list[npt.NDArray[np.float64]]) -> None:
    variances, prior = np.array([0.2, 0.7, 0.1]), 0.4
    library = sum(univariate._trend_model(path, prior).loglike(variances) for path in paths)
    assert univariate.trend_log_likelihood(paths, variances, prior) == pytest.approx(library)


def test_pooled_smoothing_errors_are_those_of_the_library(paths: list[npt.NDArray[np.float64]]) -> None:
    weights = np.array([0.6, 0.2, 0.9])
    library = [univariate._smoothing_model(path, 0.0).smooth(weights).resid[1:] for path in paths]
    found = univariate.smoothing_errors(paths, weights)
    np.testing.assert_allclose(np.sort(found), np.sort(np.concatenate(library)))
