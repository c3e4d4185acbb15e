"""The stored fit: current, small, and never used when stale or failed."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from data import panels
from data.errors import FitError
from data.history import History
from forecast.demand import stored_fit
from forecast.demand.stored_fit import Fit

LARGEST = 20_000_000
"""Most bytes a stored fit may take: it ships with the code."""


@pytest.fixture(scope="module")
def history() -> History:
    return panels.load("current")


@pytest.fixture(scope="module")
def stored(history: History) -> Fit:
    return stored_fit.load(history)


def test_the_shipped_fit_is_of_this_data_and_these_models() -> None:
    """Fails while data/fitted is stale: run `sendplan fit` and commit what it writes."""
    about = stored_fit.manifest()
    assert about["status"] == "passed"
    assert about["origin"] == 2025
    assert sum(f.stat().st_size for f in stored_fit.FOLDER.iterdir() if f.is_file()) <= LARGEST
    assert {f.name for f in stored_fit.FOLDER.iterdir() if f.is_file()} == set(stored_fit.FILES)


def test_every_model_passed_the_gate(stored: Fit) -> None:
    assert set(stored.diagnostics) == {
        "bayes_growth",
        "band_shares",
        "cohort",
        "latent_demand",
        "moves",
        "provision_totals",
    }
    for found in stored.diagnostics.values():
        assert found.r_hat <= 1.01
        assert min(found.ess_bulk, found.ess_tail) >= 400
        assert found.divergences == 0


def test_a_stored_fit_forecasts_what_was_fitted(stored: Fit, history: History, tmp_path: Path) -> None:
    stored_fit.write(stored, tmp_path)
    again = stored_fit.load(history, tmp_path)
    for one, other in ((stored.totals, again.totals), (stored.growth, again.growth)):
        told = [m.forecast([2026, 2035], [317]).quantiles([0.1, 0.5, 0.9]) for m in (one, other)]
        np.testing.assert_allclose(told[0], told[1], rtol=1e-5)
    xr.testing.assert_allclose(stored.cohort.posterior, again.cohort.posterior)
    xr.testing.assert_allclose(stored.provision.posterior, again.provision.posterior)
    xr.testing.assert_allclose(stored.moves.posterior, again.moves.posterior)
    xr.testing.assert_allclose(stored.latent.stored(), again.latent.stored())
    assert stored.latent.borrowed == again.latent.borrowed
    draws = [f.headline.forecast([2030], [317]).draws(100, np.random.default_rng(1)) for f in (stored, again)]
    np.testing.assert_allclose(draws[0], draws[1], rtol=1e-4)


def test_a_fit_that_fails_is_kept_apart_and_not_used(stored: Fit, tmp_path: Path) -> None:
    stored_fit.write(stored, tmp_path)
    before = {f.name: f.read_bytes() for f in tmp_path.iterdir()}
    broken = replace(stored.growth.diagnostics, divergences=3)
    bad = replace(stored, growth=replace(stored.growth, diagnostics=broken))
    assert not bad.passed
    written = stored_fit.write(bad, tmp_path)
    assert {f.parent.name for f in written} == {stored_fit.FAILED}
    assert {f.name: f.read_bytes() for f in tmp_path.iterdir() if f.is_file()} == before
    assert json.loads((tmp_path / stored_fit.FAILED / stored_fit.MANIFEST).read_text())["status"] == "FAILED"
    with pytest.raises(FitError, match="did not pass its convergence gate"):
        stored_fit.manifest(tmp_path / stored_fit.FAILED)


def test_a_stale_fit_is_refused_and_the_way_out_is_told(tmp_path: Path) -> None:
    for name in stored_fit.FILES:
        shutil.copy(stored_fit.FOLDER / name, tmp_path / name)
    about = json.loads((tmp_path / stored_fit.MANIFEST).read_text())
    (tmp_path / stored_fit.MANIFEST).write_text(json.dumps(about | {"key": "0" * 64}))
    with pytest.raises(FitError, match="Run 'sendplan fit'"):
        stored_fit.manifest(tmp_path)


def test_no_fit_at_all_is_told(tmp_path: Path) -> None:
    with pytest.raises(FitError, match="There is no fitted result"):
        stored_fit.manifest(tmp_path)


def test_weights_are_shares_and_the_stretch_never_sharpens(stored: Fit) -> None:
    np.testing.assert_allclose(stored.weights.sum("member"), 1.0)
    assert float(stored.weights.min()) >= 0
    assert stored.stretch >= 1
