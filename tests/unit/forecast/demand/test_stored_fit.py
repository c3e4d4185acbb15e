"""The stored fit: current, small, and never used when stale or failed."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from data.errors import FitError
from data.panels import history_tables
from data.panels.history import History
from forecast.core.sources import ROOT, Hashes, made_from, sha256
from forecast.demand import stored_fit
from forecast.demand.fit_key import MODELS, NAMES
from forecast.demand.stored_fit import Fit
from models.baselines import BASELINES
from models.ensemble import Ensemble

LARGEST = 20_000_000
"""Most bytes a stored fit may take: it ships with the code."""


@pytest.fixture(scope="module")
def history() -> History:
    return history_tables.load("current")


@pytest.fixture(scope="module")
def stored(history: History) -> Fit:
    return stored_fit.load(history)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of the shipped fit."""
    for name in stored_fit.FILES:
        shutil.copy(stored_fit.FOLDER / name, tmp_path / name)
    return tmp_path


def fitted_again(fit: Fit, *names: str) -> Fit:
    """Return a fit as if these models, or all of them, had just been fitted."""
    wanted = names or NAMES
    return replace(
        fit, new={m.name: made_from(m.sources, Hashes()) for m in MODELS.values() if m.name in wanted}
    )


def say_made_from(folder: Path, model: str, file: str, digest: str) -> None:
    """Write into a manifest that a model was made from another version of a file."""
    about = json.loads((folder / stored_fit.MANIFEST).read_text())
    assert file in about["models"][model]["made_from"]
    about["models"][model]["made_from"][file] = digest
    (folder / stored_fit.MANIFEST).write_text(stored_fit.sealed(about))


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {f.name: f.read_bytes() for f in folder.iterdir() if f.is_file()}


def test_the_shipped_fit_is_of_this_data_and_these_models() -> None:
    """Fails while data/fitted is stale: run `sendplan fit` and commit what it writes."""
    about = stored_fit.manifest()
    assert about["status"] == "passed"
    assert about["origin"] == 2026
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
    stored_fit.write(fitted_again(stored), tmp_path)
    again = stored_fit.load(history, tmp_path)
    for one, other in ((stored.totals, again.totals), (stored.growth, again.growth)):
        told = [m.forecast([2027, 2036], [317]).quantiles([0.1, 0.5, 0.9]) for m in (one, other)]
        np.testing.assert_allclose(told[0], told[1], rtol=1e-5)
    xr.testing.assert_allclose(stored.cohort.posterior, again.cohort.posterior)
    xr.testing.assert_allclose(stored.provision.posterior, again.provision.posterior)
    xr.testing.assert_allclose(stored.moves.posterior, again.moves.posterior)
    xr.testing.assert_allclose(stored.latent.stored(), again.latent.stored())
    assert stored.latent.borrowed == again.latent.borrowed
    draws = [f.totals.forecast([2030], [317]).draws(100, np.random.default_rng(1)) for f in (stored, again)]
    np.testing.assert_allclose(draws[0], draws[1], rtol=1e-4)


def test_the_ensemble_is_read_as_it_was_stored(synthetic: History, tmp_path: Path) -> None:
    made = Ensemble("ensemble", BASELINES[1:], BASELINES[1:], "regional_growth").fit(
        synthetic, rng=np.random.default_rng(0)
    )
    whole = made.forecast([2026, 2027, 2028])
    weights = xr.DataArray(made.weights, dims=("horizon", "member"))
    stored_fit.stored_totals(whole, weights).to_netcdf(tmp_path / "totals.nc", engine="h5netcdf")
    stored = xr.load_dataset(tmp_path / "totals.nc", engine="h5netcdf")
    again = stored_fit.restored_totals(stored, synthetic.origin, synthetic.region)
    for name in ("shared", "regional", "own"):
        np.testing.assert_array_equal(getattr(again, name), getattr(whole, name))
    assert whole.regional[0, 0] > 0
    np.testing.assert_array_equal(again.region, whole.region)
    draws = [f.draws(50, np.random.default_rng(1)) for f in (whole, again)]
    np.testing.assert_allclose(draws[0], draws[1], rtol=1e-5)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '"text"', "{}", '{"models": 3, "status": "passed"}', "\x00\xff"]
)
def test_a_damaged_manifest_is_refused_in_words(text: str, tmp_path: Path) -> None:
    (tmp_path / stored_fit.MANIFEST).write_bytes(text.encode("latin-1"))
    with pytest.raises(FitError, match="altered or damaged"):
        stored_fit.manifest(tmp_path)
    assert set(stored_fit.stale(tmp_path)) == set(NAMES)  # so that fitting again mends it


def test_a_manifest_with_one_figure_altered_is_refused(tmp_path: Path) -> None:
    path = tmp_path / stored_fit.MANIFEST
    about = json.loads((stored_fit.FOLDER / stored_fit.MANIFEST).read_text())
    path.write_text(stored_fit.sealed(about))
    assert path.read_text() == (stored_fit.FOLDER / stored_fit.MANIFEST).read_text()
    path.write_text(path.read_text().replace('"stretch": 1.0', '"stretch": 2.0'))
    with pytest.raises(FitError, match="altered or damaged"):
        stored_fit.manifest(tmp_path)


def test_a_fit_that_fails_is_kept_apart_and_not_used(stored: Fit, tmp_path: Path) -> None:
    stored_fit.write(fitted_again(stored), tmp_path)
    before = bytes_of(tmp_path)
    broken = replace(stored.growth.diagnostics, divergences=3)
    bad = replace(fitted_again(stored), growth=replace(stored.growth, diagnostics=broken))
    assert not bad.passed
    written = stored_fit.write(bad, tmp_path)
    assert {f.parent.name for f in written} == {stored_fit.FAILED}
    assert bytes_of(tmp_path) == before
    assert json.loads((tmp_path / stored_fit.FAILED / stored_fit.MANIFEST).read_text())["status"] == "FAILED"
    with pytest.raises(FitError, match="did not pass its convergence gate"):
        stored_fit.manifest(tmp_path / stored_fit.FAILED)


def test_a_stale_fit_is_refused_and_what_changed_and_the_way_out_are_told(folder: Path) -> None:
    say_made_from(folder, "cohort", "models/cohort.py", "0" * 64)
    say_made_from(folder, "cohort", "data/published/plans_age.parquet", "0" * 64)
    say_made_from(folder, "moves", "data/panels/history_tables.py", "0" * 64)
    say_made_from(folder, "latent_demand", "data/published/plans_age.parquet", "0" * 64)
    with pytest.raises(FitError) as error:
        stored_fit.manifest(folder)
    said = str(error.value)
    assert "cohort (data/published/plans_age.parquet changed, models/cohort.py changed)" in said
    assert "moves (data/panels/history_tables.py changed)" in said
    assert "latent_demand (data/published/plans_age.parquet changed)" in said
    assert "band_shares" not in said
    assert "run 'sendplan fit'" in said
    with pytest.raises(FitError, match=r"models/cohort\.py changed"):
        stored_fit.load(history_tables.load("current"), folder)


def test_models_with_one_reason_are_told_together_and_many_files_are_counted(folder: Path) -> None:
    for name in ("bayes_growth", "totals"):
        say_made_from(folder, name, "data/panels/history_tables.py", "0")
    many = MODELS["moves"].sources.files[:6]
    for file in many:
        say_made_from(folder, "moves", file, "0")
    said = stored_fit.stale_text(stored_fit.stale(folder))
    assert "totals, bayes_growth (data/panels/history_tables.py changed); moves (" in said
    assert f"{many[3]} changed and 2 more)" in said


def test_a_file_that_is_not_the_one_fitted_is_refused(folder: Path) -> None:
    path = folder / "moves.nc"
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(FitError, match=r"moves \(moves\.nc is not the file that was fitted\)"):
        stored_fit.manifest(folder)
    path.unlink()
    assert list(stored_fit.stale(folder)) == ["moves"]


def test_a_manifest_that_does_not_say_what_models_were_made_from_is_refused(folder: Path) -> None:
    about = json.loads((folder / stored_fit.MANIFEST).read_text())
    del about["models"]
    (folder / stored_fit.MANIFEST).write_text(stored_fit.sealed(about))
    assert set(stored_fit.stale(folder)) == set(NAMES)
    with pytest.raises(FitError, match="does not say what it was made from"):
        stored_fit.manifest(folder)


def test_models_fitted_again_leave_the_other_files_byte_for_byte(stored: Fit, folder: Path) -> None:
    before = bytes_of(folder)
    say_made_from(folder, "moves", "models/moves.py", "0")
    assert list(stored_fit.stale(folder)) == ["moves"]
    written = stored_fit.write(fitted_again(stored, "moves"), folder)
    assert [f.name for f in written] == ["moves.nc", stored_fit.MANIFEST]
    after = bytes_of(folder)
    assert {name for name in before if after[name] != before[name]} <= {"moves.nc", stored_fit.MANIFEST}
    assert stored_fit.stale(folder) == {}
    others = [json.loads(b[stored_fit.MANIFEST])["models"]["cohort"] for b in (before, after)]
    assert others[0] == others[1]


@pytest.mark.parametrize("side", [None, "moves"])
def test_only_models_asked_for_are_fitted_and_the_others_read(
    side: str | None, stored: Fit, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds: list[int] = []

    def fit(seed: int) -> object:
        seeds.append(seed)
        return stored.moves

    monkeypatch.setattr(stored_fit, "BESIDE", {"moves": (3, fit), "cohort": (2, fit)})
    which = () if side is None else (side,)
    told: list[str] = []
    made = stored_fit.make(told.append, 7, side_by_side=False, which=which, folder=folder)
    assert tuple(made.new) == which
    assert seeds == ([] if side is None else [10])
    assert len(told) == stored_fit.steps(which)
    xr.testing.assert_equal(made.cohort.posterior, stored.cohort.posterior)
    np.testing.assert_array_equal(made.weights, stored.weights)


def test_what_is_altered_while_models_are_fitted_is_not_recorded_as_fitted(
    stored: Fit, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fit(seed: int) -> object:
        monkeypatch.setattr(Hashes, "__missing__", lambda self, path: "altered")
        return stored.moves

    monkeypatch.setattr(stored_fit, "BESIDE", {"moves": (3, fit)})
    made = stored_fit.make(lambda _: None, side_by_side=False, which=("moves",), folder=folder)
    monkeypatch.undo()
    assert made.new["moves"] == made_from(MODELS["moves"].sources, Hashes())


def test_the_key_of_the_whole_covers_every_model(monkeypatch: pytest.MonkeyPatch) -> None:
    key = stored_fit.key()
    assert key == stored_fit.key()
    for path in ("models/univariate.py", "data/published/special_pupils_import_export.parquet"):
        monkeypatch.setattr(
            Hashes,
            "__missing__",
            lambda self, asked, path=path: "altered" if asked == path else sha256(ROOT / asked),
        )
        assert stored_fit.key() != key
        monkeypatch.undo()


def test_no_fit_at_all_is_told(tmp_path: Path) -> None:
    with pytest.raises(FitError, match="There is no fitted result"):
        stored_fit.manifest(tmp_path)


def test_weights_are_shares_and_the_stretch_never_sharpens(stored: Fit) -> None:
    np.testing.assert_allclose(stored.weights.sum("member"), 1.0)
    assert float(stored.weights.min()) >= 0
    assert stored.stretch >= 1
