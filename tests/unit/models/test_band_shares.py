"""Age bands: they add up, stand alone, see nothing later, and find known weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from data.errors import AreaError, OptionError
from data.panels.history import History
from data.vocabulary import BAND_CODES
from models import band_shares
from models.band_shares import BandShares, FittedShares, PublishedBands
from models.inference import Sampling
from models.memory import Memory
from tests.histories import corrupted_after, history

SHORT = Sampling(draws=200, tune=300, chains=2, target_accept=0.8)
SEED = 7


def totals(fitted: FittedShares, years: int = 5, draws: int = 60) -> xr.DataArray:
    """Totals that grow by about 8 % a year, some draws faster than others."""
    rng = np.random.default_rng(SEED)
    steps = 0.08 + 0.05 * rng.standard_normal((draws, len(fitted.areas), years))
    now = fitted.plans.sum(axis=1)[None, :, None]
    return xr.DataArray(
        now * np.exp(steps.cumsum(axis=2)),
        dims=("draw", "area", "january"),
        coords={
            "draw": range(draws),
            "area": list(fitted.areas),
            "january": range(fitted.origin + 1, fitted.origin + 1 + years),
        },
    )


@pytest.fixture(scope="module")
def model(compiled: Memory) -> BandShares:
    return BandShares(SHORT, memory=compiled.with_compiled())


@pytest.fixture(scope="module")
def past() -> History:
    return history(areas=20)


@pytest.fixture(scope="module")
def fitted(model: BandShares, past: History) -> FittedShares:
    return model.fit(past, rng=np.random.default_rng(SEED))


def bands(fitted: FittedShares, given: xr.DataArray) -> xr.DataArray:
    return fitted.bands(given, np.random.default_rng(SEED))


def test_bands_add_up_to_the_total_in_every_draw_and_are_never_negative(fitted: FittedShares) -> None:
    given = totals(fitted, years=15)
    found = bands(fitted, given)
    assert found.dims == ("draw", "area", "series", "january")
    assert found["series"].to_numpy().tolist() == list(BAND_CODES)
    assert float(found.min()) >= 0
    np.testing.assert_allclose(found.sum("series"), given, rtol=1e-9)


def test_a_total_of_nothing_gives_bands_of_nothing(fitted: FittedShares) -> None:
    found = bands(fitted, totals(fitted) * 0)
    assert (found == 0).all()


def test_an_area_alone_gets_the_bands_it_gets_among_all(fitted: FittedShares) -> None:
    given = totals(fitted)
    some = [fitted.areas[11], fitted.areas[3]]
    xr.testing.assert_allclose(bands(fitted, given.sel(area=some)), bands(fitted, given).sel(area=some))


def test_the_same_seed_gives_the_same_fit_and_bands(
    model: BandShares, past: History, fitted: FittedShares
) -> None:
    again = model.fit(past, rng=np.random.default_rng(SEED))
    xr.testing.assert_equal(again.posterior, fitted.posterior)
    given = totals(fitted)
    xr.testing.assert_identical(bands(again, given), bands(fitted, given))


def test_shares_start_from_the_last_published_ones(past: History, fitted: FittedShares) -> None:
    found = bands(fitted, totals(fitted)).sel(january=past.origin + 1)
    now = past.actual(past.origin).sel(series=list(BAND_CODES))
    change = np.log(found / found.sum("series")).median("draw") - np.log(now / now.sum("series"))
    assert float(abs(change).max()) < 0.35


def test_nothing_after_the_origin_is_seen(past: History) -> None:
    origin = 2023
    clean, spoilt = past.until(origin), corrupted_after(past, origin).until(origin)
    for name, values in band_shares.observations(clean).items():
        np.testing.assert_array_equal(values, band_shares.observations(spoilt)[name])
    published, other = PublishedBands.of(clean), PublishedBands.of(spoilt)
    np.testing.assert_array_equal(published.plans, other.plans)
    one, two = published.flows(clean, origin), other.flows(spoilt, origin)
    for name in ("oldest", "stays", "moves", "split", "rate"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


@pytest.mark.parametrize("origin", [2013, 2014, 2016, 2018])
def test_early_origins_have_no_gaps(model: BandShares, past: History, origin: int) -> None:
    early = model.fit(past.until(origin), rng=np.random.default_rng(SEED))
    given = totals(early)
    found = bands(early, given)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum("series"), given, rtol=1e-9)
    oldest = found.sel(series=BAND_CODES[-1])
    assert (oldest == 0).all() if origin < 2016 else (oldest > 0).all()


def test_changes_across_the_break_are_not_fitted(past: History) -> None:
    """Nonsense bands in January 2023, between the two, change no row."""
    stock = past.stock.copy(deep=True)
    stock.loc[{"series": list(BAND_CODES), "january": 2023}] *= np.array([9, 1, 1, 0.1, 1])[:, None].T
    for name, values in band_shares.observations(replace(past, stock=stock)).items():
        np.testing.assert_array_equal(values, band_shares.observations(past)[name])


def test_a_missing_split_is_the_last_published_one_of_the_last_known_total(past: History) -> None:
    stock = past.stock.copy(deep=True)
    first, second = past.areas[:2]
    stock.loc[{"area": first, "series": list(BAND_CODES), "january": 2025}] = np.nan
    stock.loc[{"area": second, "january": 2025}] = np.nan
    plans = PublishedBands.of(replace(past, stock=stock)).plans[:2, :, -1]
    before = past.stock.sel(series=list(BAND_CODES), january=2024).to_numpy()[:2]
    total = [
        float(past.stock.sel(area=first, series="All", january=2025)),
        float(past.stock.sel(area=second, series="All", january=2024)),
    ]
    expected = before / before.sum(axis=1, keepdims=True) * np.array(total)[:, None]
    np.testing.assert_allclose(plans, expected)


def test_an_area_outside_pooled_estimates_is_forecast_but_teaches_nothing(
    model: BandShares, past: History
) -> None:
    """Its figures may be anything: others are forecast as before."""
    pooled = past.pooled.copy(deep=True)
    pooled[0] = False
    stock = past.stock.copy(deep=True)
    stock[0] *= 0.01
    quiet, loud = replace(past, pooled=pooled), replace(past, pooled=pooled, stock=stock)
    one, two = (model.fit(h, rng=np.random.default_rng(SEED)) for h in (quiet, loud))
    given = totals(one)
    kept = list(past.areas[1:])
    xr.testing.assert_allclose(bands(one, given).sel(area=kept), bands(two, given).sel(area=kept))
    assert np.isfinite(bands(two, totals(two))).all()


def test_faster_growth_makes_plans_younger(fitted: FittedShares) -> None:
    """A total that grows fast does so by joiners, who are younger than those who hold plans."""
    split = np.tile([0.08, 0.42, 0.32, 0.16, 0.02], (len(fitted.areas), 1))
    posterior = fitted.posterior.assign(flow_weight=0 * fitted.posterior["flow_weight"] + 0.4)
    area = replace(fitted, posterior=posterior, flows=replace(fitted.flows, split=split))
    steady = totals(fitted, years=1)
    slow, quick = bands(area, steady) / steady, bands(area, 1.05 * steady) / (1.05 * steady)
    faster = (quick - slow).median("draw").isel(january=0)
    assert (faster.sel(series=BAND_CODES[0]) > 0).all()
    assert (faster.sel(series=BAND_CODES[-1]) < 0).all()


def test_totals_must_run_on_from_the_origin_and_be_of_known_areas(fitted: FittedShares) -> None:
    given = totals(fitted)
    with pytest.raises(OptionError, match="year by year"):
        bands(fitted, given.isel(january=slice(1, None)))
    with pytest.raises(AreaError, match="999"):
        bands(fitted, given.assign_coords(area=[999, *fitted.areas[1:]]))


def test_weights_of_a_simulated_world_are_recovered(model: BandShares) -> None:
    """Bands that follow the model's own equation with known weights give those weights back."""
    follow, revert = np.array([0.2, 0.35, 0.5, 0.6, 0.3]), np.array([0.2, 0.05])
    posterior = simulated_world(model, follow, revert)
    weight, reversion = posterior["flow_weight"], posterior["reversion"]
    assert (abs(weight.mean("draw") - follow) < 2.5 * weight.std("draw") + 0.03).all()
    assert (abs(reversion.mean("draw") - revert) < 2.5 * reversion.std("draw") + 0.03).all()
    assert float(weight.sel(flow_weight_dim_0=3).mean()) > float(weight.sel(flow_weight_dim_0=0).mean()) + 0.1


def simulated_world(model: BandShares, follow: np.ndarray, revert: np.ndarray) -> xr.Dataset:
    """Return the posterior fitted to 150 areas whose bands were drawn year by year with known weights."""
    rng = np.random.default_rng(3)
    world = history(areas=150, seed=3).until(2022)
    stock, codes = world.stock.copy(deep=True), list(BAND_CODES)
    uneven = np.exp(0.8 * rng.standard_normal((150, len(codes), 1)))
    world = replace(world, stock=stock, new_plans_by_band=world.new_plans_by_band * uneven)
    pull = np.concatenate([revert, np.zeros(3)])
    for january in range(2018, 2022):
        now = stock.sel(series=codes, january=january).transpose("area", "series").to_numpy()
        total = stock.sel(series="All", january=january + 1).to_numpy()
        tilt = PublishedBands.of(world).flows(world, january).tilt(now, total)
        share = band_shares.smoothed_log_share(now, now.sum(axis=0) / now.sum())
        change = follow * (tilt - band_shares.weighted_mean(tilt, now))
        change -= pull * (share - band_shares.weighted_mean(share, now))
        change += 0.5 * band_shares.scale(now) * rng.standard_t(band_shares.TAIL, now.shape)
        then = now * np.exp(change)
        then *= (total / then.sum(axis=1))[:, None]
        stock.loc[{"series": codes, "january": january + 1}] = then
    return model.fit(world, rng=np.random.default_rng(SEED)).posterior
