"""No model may know what came after its origin: corrupt the future, forecasts must not move by a bit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import xarray as xr

from data.panels.history import History
from forecast.demand.members import Models, all_names
from models.memory import fingerprint
from models.provision_totals import ProvisionTotals
from tests.histories import corrupted_after

ORIGIN = 2021
TARGETS = [2022, 2024, 2026]
SAMPLED = ("headline", "bayes_growth")


def _forecast(models: Models, name: str, history: History) -> np.ndarray:
    fitted = models.scored(name).fit(history.until(ORIGIN), rng=np.random.default_rng(3))
    forecast = fitted.forecast(TARGETS, [301, 302, 317])
    quantiles = forecast.quantiles([0.1, 0.5, 0.9]).to_numpy()
    draws = forecast.draws(100, np.random.default_rng(4)).to_numpy()
    return np.concatenate([quantiles.ravel(), draws.ravel()])


@pytest.fixture(scope="module")
def clean_of(synthetic: History, brief_models: Callable[[], Models]) -> Callable[[str], np.ndarray]:
    """Return a function that gives a model's forecast from the history as it is, made once."""
    return cache(lambda name: _forecast(brief_models(), name, synthetic))


@pytest.mark.parametrize("origin", [2014, 2018, 2021, 2024])
def test_a_history_is_identical_when_its_future_is_corrupted(origin: int, synthetic: History) -> None:
    """Models see a history and nothing else, so this holds for every model there will be."""
    spoilt = corrupted_after(synthetic, origin)
    assert fingerprint(spoilt.until(origin)) == fingerprint(synthetic.until(origin))
    assert fingerprint(spoilt) != fingerprint(synthetic)


@pytest.mark.parametrize("name", all_names())
def test_forecasts_are_identical_when_the_future_is_corrupted(
    name: str, synthetic: History, brief_models: Callable[[], Models], clean_of: Callable[[str], np.ndarray]
) -> None:
    clean = clean_of(name)
    assert np.isfinite(clean).all()
    np.testing.assert_array_equal(clean, _forecast(brief_models(), name, corrupted_after(synthetic, ORIGIN)))


@pytest.mark.parametrize("name", [n for n in all_names() if n not in ("last_value", *SAMPLED)])
def test_the_leak_test_can_fail(
    name: str, synthetic: History, brief_models: Callable[[], Models], clean_of: Callable[[str], np.ndarray]
) -> None:
    """Corrupting from the origin itself does move forecasts, so the test above has teeth."""
    moved = _forecast(brief_models(), name, corrupted_after(synthetic, ORIGIN - 1))
    assert not np.array_equal(clean_of(name), moved)


def _kinds(model: ProvisionTotals, history: History, bands: xr.DataArray) -> np.ndarray:
    fitted = replace(model, memory=model.memory.with_compiled()).fit(
        history.until(ORIGIN), rng=np.random.default_rng(3)
    )
    return fitted.kinds(bands, np.random.default_rng(4)).to_numpy()


def test_kinds_of_provision_are_identical_when_the_future_is_corrupted(
    synthetic: History, brief_provision: ProvisionTotals
) -> None:
    """Given the same plans, what becomes of them hangs on placements up to the origin alone."""
    bands = synthetic.stock.sel(area=[301, 302, 317], january=[2022, 2023]).expand_dims(draw=range(20))
    clean = _kinds(brief_provision, synthetic, bands)
    assert np.isfinite(clean).all()
    np.testing.assert_array_equal(clean, _kinds(brief_provision, corrupted_after(synthetic, ORIGIN), bands))
    moved = _kinds(brief_provision, corrupted_after(synthetic, ORIGIN - 1), bands)
    assert not np.array_equal(clean, moved), "corrupting the origin itself must show"


def test_history_holds_nothing_after_its_origin(synthetic: History) -> None:
    past = synthetic.until(ORIGIN)
    assert int(past.stock["january"].max()) == ORIGIN
    assert int(past.spliced["january"].max()) == ORIGIN
    # Flows of calendar year 2020 are published with the January 2021 stock; those of 2021 are not out yet.
    assert int(past.flows["year"].max()) == ORIGIN - 1
    assert int(past.new_plans_by_band["year"].max()) == ORIGIN - 1
    assert past.stock_by_age.sizes["january"] == 0
    assert int(past.placements["january"].max()) == ORIGIN
    # Residents at mid-2020 are published in 2021, and the 2022-based projection in 2025.
    assert int(past.residents["mid_year"].max()) == ORIGIN - 2
    assert past.projection.sizes["mid_year"] == 0


def test_an_origin_after_the_data_is_refused(synthetic: History) -> None:
    with pytest.raises(ValueError, match="runs from January 2010 to January 2025"):
        synthetic.until(2026)
