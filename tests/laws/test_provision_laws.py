"""Kinds of provision add up to the plans they are given, whatever those are and whoever else is asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from data.panels.history import History
from data.vocabulary import ALL, BAND_CODES
from models.provision_totals import KIND_CODES, LEAST_REST, REST, FittedProvision
from tests.histories import BAND_SHARE
from tests.provision_worlds import known_fit

SEED = 5


@pytest.fixture(scope="module")
def fitted(synthetic: History) -> FittedProvision:
    return known_fit(synthetic)


def plans(totals: np.ndarray, fitted: FittedProvision) -> xr.DataArray:
    """Return totals (draw, area, january) with their age bands."""
    bands = totals[:, :, None] * np.array([1.0, *BAND_SHARE])[:, None]
    return xr.DataArray(
        bands,
        dims=("draw", "area", "series", "january"),
        coords={
            "draw": range(len(totals)),
            "area": list(fitted.areas[: totals.shape[1]]),
            "series": [ALL, *BAND_CODES],
            "january": range(fitted.origin + 1, fitted.origin + 1 + totals.shape[2]),
        },
    )


def growing(fitted: FittedProvision, growth: float, years: int = 6, draws: int = 30) -> xr.DataArray:
    """Return totals that grow at one pace from the last published ones."""
    path = fitted.total[None, :, None] * np.exp(growth * np.arange(1, years + 1))
    return plans(np.repeat(path, draws, axis=0), fitted)


def kinds(fitted: FittedProvision, given_plans: xr.DataArray) -> xr.DataArray:
    return fitted.kinds(given_plans, np.random.default_rng(SEED))


@settings(max_examples=30)
@given(
    start=st.lists(st.floats(0, 60_000), min_size=3, max_size=3),
    steps=st.lists(st.floats(-4, 4), min_size=4, max_size=4),
    seed=st.integers(0, 2**31),
)
def test_kinds_and_the_rest_add_up_and_none_is_negative(
    start: list[float], steps: list[float], seed: int, fitted: FittedProvision
) -> None:
    """Any totals, nothing and collapse included."""
    path = np.array(start)[None, :, None] * np.exp(np.cumsum(steps))
    asked = plans(np.repeat(path, 5, axis=0), fitted)
    found = fitted.kinds(asked, np.random.default_rng(seed))
    assert found["kind"].to_numpy().tolist() == [*KIND_CODES, REST]
    assert np.isfinite(found).all()
    assert float(found.min()) >= 0
    np.testing.assert_allclose(found.sum("kind"), asked.sel(series=ALL), rtol=1e-9, atol=1e-6)


def test_the_rest_keeps_its_least_share_of_the_total(fitted: FittedProvision) -> None:
    asked = growing(fitted, -0.4)
    share = kinds(fitted, asked).sel(kind=REST) / asked.sel(series=ALL)
    now = 1 - fitted.plans.sum(axis=1) / fitted.total
    assert (share >= LEAST_REST * now[None, :, None] - 1e-9).all()


def test_an_area_alone_gets_the_kinds_it_gets_among_all(fitted: FittedProvision) -> None:
    asked = growing(fitted, 0.08)
    some = [fitted.areas[11], fitted.areas[3]]
    xr.testing.assert_allclose(kinds(fitted, asked.sel(area=some)), kinds(fitted, asked).sel(area=some))


def test_the_same_seed_gives_the_same_kinds_and_another_seed_others(fitted: FittedProvision) -> None:
    asked = growing(fitted, 0.08)
    xr.testing.assert_identical(kinds(fitted, asked), kinds(fitted, asked))
    assert not np.array_equal(kinds(fitted, asked), fitted.kinds(asked, np.random.default_rng(SEED + 1)))


def test_a_shorter_forecast_starts_from_the_same_plans_and_the_order_of_dimensions_is_free(
    fitted: FittedProvision,
) -> None:
    asked = growing(fitted, 0.08)
    turned = asked.transpose("january", "series", "area", "draw")
    xr.testing.assert_identical(kinds(fitted, asked), kinds(fitted, turned))


def test_faster_growth_never_means_fewer_places_and_special_schools_follow_least(
    fitted: FittedProvision,
) -> None:
    """Same luck, faster growth: every kind holds as many or more, and special schools a smaller share."""
    slow, quick = (kinds(fitted, growing(fitted, growth)) for growth in (0.02, 0.10))
    roomy = 1 - fitted.plans.sum(axis=1) / fitted.total > 0.2
    more = (quick - slow).isel(area=np.nonzero(roomy)[0]).median("draw")
    assert (more.sel(kind=list(KIND_CODES)) >= 0).all()
    lost = (quick / quick.sum("kind") - slow / slow.sum("kind")).mean(("draw", "area")).isel(january=-1)
    assert float(lost.sel(kind="state_special")) < -0.03
    assert float(lost.sel(kind=REST)) > 0.03


def test_without_errors_a_kind_that_follows_fully_keeps_its_share(fitted: FittedProvision) -> None:
    """The benchmark is inside the model: full following, no drift, no noise."""
    still = {n: 0 * v for n, v in fitted.posterior.data_vars.items()}
    quiet = replace(
        fitted,
        posterior=fitted.posterior.assign(
            {**still, "follows": still["follows"] + 1, "tail": fitted.posterior["tail"]}
        ),
        residual=0 * fitted.residual,
    )
    asked = growing(quiet, 0.08)
    share = kinds(quiet, asked) / asked.sel(series=ALL)
    now = fitted.plans / fitted.total[:, None]
    held = share.sel(kind=list(KIND_CODES)).transpose("draw", "january", "area", "kind")
    # Not to the last digit, for three plans are added before a logarithm.
    np.testing.assert_allclose(held, np.broadcast_to(now, held.shape), atol=0.01)
