"""Conservation: ages, needs, provisions and phases add up in every draw, whatever the numbers."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from data.history import History
from data.vocabulary import AGES, ALL, BAND_CODES, NEED_CODES, PROVISION_CODES
from forecast.run import models
from models import mix, placement
from models.base import Model
from models.headline import HEADLINE, rake

COUNTS = arrays(np.float64, (len(AGES), len(NEED_CODES)), elements=st.floats(0, 500))
HAZARD = arrays(np.float64, len(AGES), elements=st.floats(0, 1))


def test_headline_bands_add_up_to_the_total_in_every_draw(synthetic: History) -> None:
    forecast = HEADLINE.fit(synthetic, rng=np.random.default_rng(0)).forecast([2026, 2030, 2035])
    draws = forecast.draws(200, np.random.default_rng(1))
    total = draws.sel(series=ALL, drop=True)
    xr.testing.assert_allclose(draws.sel(series=list(BAND_CODES)).sum("series"), total, rtol=1e-12)
    assert (draws >= 0).all()


@pytest.mark.parametrize("model", models().values(), ids=lambda m: m.name)
def test_draws_and_quantiles_are_one_distribution(model: Model, synthetic: History) -> None:
    forecast = model.fit(synthetic, rng=np.random.default_rng(0)).forecast([2026, 2030], [301, 302])
    draws = forecast.draws(2000, np.random.default_rng(1)).sel(series=ALL)
    told = forecast.quantiles([0.1, 0.5, 0.9]).sel(series=ALL)
    seen = draws.quantile([0.1, 0.5, 0.9], dim="draw").transpose(*told.dims)
    np.testing.assert_allclose(seen.to_numpy(), told.to_numpy(), rtol=0.02)


@pytest.mark.parametrize("model", models().values(), ids=lambda m: m.name)
def test_quantiles_do_not_cross_and_widen_with_horizon(model: Model, synthetic: History) -> None:
    told = (
        model.fit(synthetic, rng=np.random.default_rng(0))
        .forecast([2026, 2028, 2032])
        .quantiles([0.1, 0.5, 0.9])
    )
    assert (told.diff("quantile") >= 0).all()
    width = np.log1p(told.sel(quantile=0.9)) - np.log1p(told.sel(quantile=0.1))
    assert (width.sel(series=ALL).diff("january") > 0).all()


@settings(max_examples=50, deadline=None)
@given(stock=COUNTS, joiners=COUNTS, hazard=HAZARD, seed=st.integers(0, 2**32 - 1))
def test_shares_add_up_to_one_in_every_band_and_draw(
    stock: np.ndarray, joiners: np.ndarray, hazard: np.ndarray, seed: int
) -> None:
    england = np.ones_like(stock)
    share = mix.share_draws(stock, joiners, hazard, england, [1, 4], 7, np.random.default_rng(seed))
    assert share.shape == (7, 2, len(AGES), len(NEED_CODES))
    assert (share >= 0).all()
    for rows in mix.band_rows():
        np.testing.assert_allclose(share[:, :, rows].sum(axis=(2, 3)), 1.0, rtol=1e-9)


@settings(max_examples=50, deadline=None)
@given(stock=COUNTS, hazard=HAZARD)
def test_nobody_appears_or_vanishes_as_children_age(stock: np.ndarray, hazard: np.ndarray) -> None:
    nobody = np.zeros_like(stock)
    now, later = mix.ageing_counts(stock, nobody, hazard, 1)
    np.testing.assert_array_equal(now, stock)
    leavers = stock * hazard[:, None]
    aged_out = (stock - leavers)[-1]  # age 25 is the last year of a plan
    np.testing.assert_allclose(
        later.sum(), stock.sum() - leavers.sum() - aged_out.sum(), rtol=1e-9, atol=1e-6
    )


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_fitted_table_agrees_with_its_three_margins(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.gamma(0.3, 20, size=(len(AGES), len(NEED_CODES), len(PROVISION_CODES)))
    fitted = placement.fit_three_way(np.ones_like(truth), truth.sum(2), truth.sum(1), truth.sum(0))
    np.testing.assert_allclose(fitted.sum(2), truth.sum(2), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(fitted.sum(1), truth.sum(1), rtol=0.02, atol=0.5)
    np.testing.assert_allclose(fitted.sum(0), truth.sum(0), rtol=0.02, atol=0.5)


@settings(max_examples=30, deadline=None)
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


@settings(max_examples=50, deadline=None)
@given(bands=arrays(np.float64, (3, 2, 5, 4), elements=st.floats(0.01, 9_999)), total=st.floats(0.01, 99_999))
def test_raking_keeps_the_total_and_the_proportions(bands: np.ndarray, total: float) -> None:
    draws = xr.DataArray(
        np.concatenate([np.full((3, 2, 1, 4), total), bands], axis=2),
        dims=("draw", "area", "series", "january"),
        coords={"series": [ALL, *BAND_CODES]},
    )
    raked = rake(draws)
    np.testing.assert_allclose(raked.sel(series=list(BAND_CODES)).sum("series"), total, rtol=1e-9)
    before = draws.sel(series="5-10") / draws.sel(series="0-4")
    after = raked.sel(series="5-10") / raked.sel(series="0-4")
    np.testing.assert_allclose(after, before, rtol=1e-9)
