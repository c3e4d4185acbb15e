"""Conservation: ages, needs, provisions and phases add up in every draw, whatever the numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from data.panels.history import History
from data.vocabulary import AGES, ALL, BAND_CODES, NEED_CODES, PROVISION_CODES
from forecast.demand.members import Models, all_names
from models import placement
from models.base import FittedModel

SAMPLED = ("headline", "bayes_growth")


@pytest.fixture(scope="module")
def fitted(synthetic: History, brief_models: Callable[[], Models]) -> dict[str, FittedModel]:
    models = brief_models()
    return {name: models.scored(name).fit(synthetic, rng=np.random.default_rng(0)) for name in all_names()}


@pytest.mark.parametrize("name", ["headline", "bayes_growth", "arima"])
def test_bands_add_up_to_the_total_in_every_draw(name: str, fitted: dict[str, FittedModel]) -> None:
    draws = fitted[name].forecast([2026, 2030, 2035]).draws(200, np.random.default_rng(1))
    total = draws.sel(series=ALL, drop=True)
    xr.testing.assert_allclose(draws.sel(series=list(BAND_CODES)).sum("series"), total, rtol=1e-12)
    assert (draws >= 0).all()


@pytest.mark.parametrize("name", all_names())
def test_draws_and_quantiles_are_one_distribution(name: str, fitted: dict[str, FittedModel]) -> None:
    forecast = fitted[name].forecast([2026, 2030], [301, 302])
    draws = forecast.draws(2000, np.random.default_rng(1)).sel(series=ALL)
    told = forecast.quantiles([0.1, 0.5, 0.9]).sel(series=ALL)
    seen = draws.quantile([0.1, 0.5, 0.9], dim="draw").transpose(*told.dims)
    # A hundred posterior draws stand behind the sampled models here.
    np.testing.assert_allclose(seen.to_numpy(), told.to_numpy(), rtol=0.04 if name in SAMPLED else 0.02)


@pytest.mark.parametrize("name", all_names())
def test_quantiles_do_not_cross_and_widen_with_horizon(name: str, fitted: dict[str, FittedModel]) -> None:
    told = fitted[name].forecast([2026, 2028, 2032]).quantiles([0.1, 0.5, 0.9])
    assert (told.diff("quantile") >= 0).all()
    width = np.log1p(told.sel(quantile=0.9)) - np.log1p(told.sel(quantile=0.1))
    assert (width.sel(series=ALL).diff("january") > 0).all()


@pytest.mark.parametrize("name", ["headline", "bayes_growth"])
def test_the_same_seed_gives_the_same_draws(name: str, fitted: dict[str, FittedModel]) -> None:
    one, again = (fitted[name].forecast([2026, 2030]).draws(50, np.random.default_rng(7)) for _ in range(2))
    xr.testing.assert_identical(one, again)


def test_another_seed_gives_another_fit(synthetic: History, brief_models: Callable[[], Models]) -> None:
    """A fit that fails its gate is tried again with another seed, so the seed must reach the sampler."""
    usual, other = brief_models(), replace(brief_models(), seed=5)
    told = [
        models.totals("bayes_growth")
        .fit(synthetic, rng=np.random.default_rng(5))
        .posterior["noise"]
        .to_numpy()
        for models in (usual, other)
    ]
    assert not np.array_equal(*told)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1))
def test_fitted_table_agrees_with_its_three_margins(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.gamma(0.3, 20, size=(len(AGES), len(NEED_CODES), len(PROVISION_CODES)))
    fitted = placement.fit_three_way(np.ones_like(truth), truth.sum(2), truth.sum(1), truth.sum(0))
    np.testing.assert_allclose(fitted.sum(2), truth.sum(2), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(fitted.sum(1), truth.sum(1), rtol=0.02, atol=0.5)
    np.testing.assert_allclose(fitted.sum(0), truth.sum(0), rtol=0.02, atol=0.5)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), empty=st.booleans())
def test_placement_shares_add_up_to_one(seed: int, empty: bool) -> None:
    rng = np.random.default_rng(seed)
    shape = (len(AGES), len(NEED_CODES), len(PROVISION_CODES))
    table = np.zeros(shape) if empty else rng.gamma(0.3, 5, size=shape)
    england = rng.gamma(0.3, 500, size=shape)
    england[3, 4] = 0.0  # a cell nobody in England holds must still be placed somewhere
    share, strength = placement.shares(table, england)
    np.testing.assert_allclose(share.sum(-1), 1.0, rtol=1e-9)
    assert (strength > 0).all()
    np.testing.assert_allclose(placement.share_draws(share, strength, 5, rng).sum(-1), 1.0, rtol=1e-9)
