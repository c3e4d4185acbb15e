"""The stored fit of a release: made by ``sendplan fit``, shipped in ``data/fitted``, and used only while it is current.

Invariant: a stored fit is used only if every model's key (`forecast.demand.fit_key`) is that of the tables and modules at hand,
every file is the one its manifest describes, and every Bayesian model passed its gate. Only models whose key is not current need
fitting again; the files of the others stay as they are, byte for byte. A fit that fails is kept beside it, marked FAILED, for
diagnosis and never for a forecast. Reading needs no sampler.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import partial
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from data import tables
from data.errors import FitError
from data.panels import composition_tables, history_tables, placement_flow_tables, specialist_use_tables
from data.panels.composition import Composition
from data.panels.history import History
from data.panels.placement_flow import PlacementFlows
from data.panels.specialist_use import SpecialistUse
from data.vocabulary import ALL
from forecast.core import defaults
from forecast.core.atomic_files import write_all
from forecast.core.parallel import set_up_process
from forecast.core.sources import Hashes, changes, key_of, made_from, sha256
from forecast.demand.fit_key import MODELS, NAMES, TOTALS, StoredModel
from forecast.demand.members import ENSEMBLE, Models
from models import band_shares, cohort, growth, latent_demand, moves, provision_totals
from models.band_shares import FittedShares
from models.cohort import CohortModel, FittedCohort
from models.ensemble import EnsembleForecast, Tabulated, past_origins
from models.growth import FittedGrowth, GrowthPanel
from models.inference import Diagnostics
from models.joining import FittedHandOver
from models.latent_demand import Latent, LatentDemand
from models.memory import Memory
from models.moves import FittedMoves, Moves
from models.provision_totals import FittedProvision, ProvisionTotals

FOLDER = tables.DATA_DIR / "fitted"
FAILED = "failed"
"""Folder, inside `FOLDER`, of a fit that did not pass."""

MANIFEST = "manifest.json"

SEAL = "sha256"
"""Last entry of the manifest: the hash of the others."""

FILES: tuple[str, ...] = (*(model.file for model in MODELS.values()), MANIFEST)
"""Files of a stored fit."""

MOST_NAMED = 4
"""Altered files named of a model; the rest are counted."""

STORED_DRAWS = 1000
"""Posterior draws kept of each model, evenly thinned."""


@dataclass(frozen=True)
class Totals:
    """The ensemble's forecast of total plans, as stored.

    Parameters
    ----------
    table
        Its forecast, tabulated.
    weights
        Weights of the members, dims ``(horizon, member)``.
    stretch
        Factor on distances from the median.
    """

    table: Tabulated
    weights: xr.DataArray
    stretch: float


@dataclass(frozen=True)
class Fit:
    """All fitted models of one release.

    Parameters
    ----------
    totals
        The ensemble's forecast of totals, tabulated.
    growth, shares, cohort
        Posteriors of the growth model, of the band shares and of the cohort flows.
    provision, moves, latent
        Posteriors of provision totals, of moves between provisions and of children turned away.
    weights
        Ensemble weights, dims ``(horizon, member)``.
    stretch
        Factor on the ensemble's distances from the median.
    seconds
        Time the latest fit took.
    new
        What each model that `make` fitted was made from (`forecast.core.sources.made_from`), by name; the others were read.
    """

    totals: Tabulated
    growth: FittedGrowth
    shares: FittedShares
    cohort: FittedCohort
    provision: FittedProvision
    moves: FittedMoves
    latent: Latent
    weights: xr.DataArray
    stretch: float
    seconds: float
    new: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def diagnostics(self) -> dict[str, Diagnostics]:
        """Diagnostics of each Bayesian model."""
        return {
            growth.NAME: self.growth.diagnostics,
            band_shares.NAME: self.shares.diagnostics,
            cohort.NAME: self.cohort.diagnostics,
            provision_totals.NAME: self.provision.diagnostics,
            moves.NAME: self.moves.diagnostics,
            latent_demand.NAME: self.latent.diagnostics,
        }

    @property
    def passed(self) -> bool:
        """Whether every Bayesian model passed its convergence checks."""
        return all(d.passed for d in self.diagnostics.values())

    def headline(self, history: History) -> FittedHandOver:
        """Return the product's own forecast of totals: the ensemble's, handing over to joining as a history measures it."""
        return FittedHandOver.of(history, self.totals, defaults.MOST_YEARS)


# What each model is fitted to. Each is read where the model is fitted, which may be another process.


def _panel() -> tuple[History]:
    return (history_tables.load("current"),)


def _cohort_inputs() -> tuple[History, Composition]:
    return history_tables.load("current"), composition_tables.load()


def _moves_inputs() -> tuple[PlacementFlows]:
    return (placement_flow_tables.load(*_cohort_inputs()),)


def _latent_inputs() -> tuple[SpecialistUse]:
    return (specialist_use_tables.load(),)


INPUTS: dict[str, Callable[[], tuple[object, ...]]] = {
    TOTALS: _panel,
    growth.NAME: _panel,
    band_shares.NAME: _panel,
    cohort.NAME: _cohort_inputs,
    provision_totals.NAME: _panel,
    moves.NAME: _moves_inputs,
    latent_demand.NAME: _latent_inputs,
}
"""What reads the inputs of each model's fit: the tables that `forecast.demand.fit_key` declares and no others."""


def make(
    on_step: Callable[[str], None],
    seed: int = 0,
    *,
    side_by_side: bool = True,
    which: Collection[str] = NAMES,
    folder: Path = FOLDER,
) -> Fit:
    """Fit models to today's authorities. A model's result is the same whichever others are fitted with it.

    Parameters
    ----------
    on_step
        Told what is being fitted.
    seed
        Seed of the samplers.
    side_by_side
        Fit flows and placements in a second process meanwhile; else one after the other, which a process that may have no
        children of its own can do too. The result is the same.
    which
        Names of the models to fit; the others are read.
    folder
        Where the others are stored.
    """
    start = time.perf_counter()
    # What is altered while the models are fitted is not what they were fitted to.
    hashes = Hashes()
    new = {model.name: made_from(model.sources, hashes) for model in MODELS.values() if model.name in which}
    (history,) = _panel()
    kept = [name for name in NAMES if name not in which]
    about = _written(folder) if kept else {}
    fitted = {name: _read_fitted(name, history, about, folder) for name in kept}
    models = Models(Memory(), seed=seed, on_step=on_step)
    placed = {name: partial(fit, seed + n) for name, (n, fit) in BESIDE.items() if name in which}
    with ExitStack() as stack:
        results: dict[str, Callable[[], object]] = {**placed}
        if side_by_side and placed:
            # Compiling keeps one core busy, and neither flows nor placements wait for the totals.
            beside = stack.enter_context(ProcessPoolExecutor(1, mp_context=get_context("spawn")))
            results = {name: beside.submit(fit).result for name, fit in placed.items()}
        if STACKED & set(which):
            fitted |= _fit_totals(models, history, seed, which)
        if band_shares.NAME in which:
            on_step("age bands")
            fitted[band_shares.NAME] = models.shares().fit(history, rng=np.random.default_rng(seed + 1))
        if provision_totals.NAME in which:
            on_step("provision totals")
            fitted[provision_totals.NAME] = ProvisionTotals().fit(
                history, rng=np.random.default_rng(seed + 4)
            )
        for name, result in results.items():
            on_step(name.replace("_", " "))
            fitted[name] = result()
    return _fit_from_parts(fitted, time.perf_counter() - start, new)


def _fit_totals(models: Models, history: History, seed: int, which: Collection[str]) -> dict[str, Any]:
    """Return the requested models of totals: the growth model and the ensemble stacked on it.

    Totals alone need the growth model too: its draws in full, not as stored.
    """
    ensemble = models.ensemble().fit(history, rng=np.random.default_rng(seed))
    fitted: dict[str, Any] = {growth.NAME: ensemble.members[growth.NAME]}
    if TOTALS in which:
        models.on_step("tabulating")
        whole = ensemble.forecast(range(history.origin + 1, history.origin + defaults.MOST_YEARS + 1))
        coords = {"horizon": list(range(1, len(ensemble.weights) + 1)), "member": list(ensemble.members)}
        weights = xr.DataArray(ensemble.weights, dims=("horizon", "member"), coords=coords)
        fitted[TOTALS] = Totals(Tabulated(whole), weights, ensemble.stretch)
    return {name: part for name, part in fitted.items() if name in which}


def _fit_flows(seed: int) -> FittedCohort:
    """Fit the cohort flows in a separate process."""
    set_up_process()
    return CohortModel().fit(*_cohort_inputs(), rng=np.random.default_rng(seed))


def _fit_moves(seed: int) -> FittedMoves:
    """Fit moves between provisions in a separate process."""
    set_up_process()
    return Moves().fit(*_moves_inputs(), rng=np.random.default_rng(seed))


def _fit_latent(seed: int) -> Latent:
    """Fit latent demand in a separate process."""
    set_up_process()
    return LatentDemand().fit(*_latent_inputs(), rng=np.random.default_rng(seed))


BESIDE: dict[str, tuple[int, Callable[[int], object]]] = {
    cohort.NAME: (2, _fit_flows),
    moves.NAME: (3, _fit_moves),
    latent_demand.NAME: (5, _fit_latent),
}
"""Models that wait for no other: what is added to the seed, so that each has its own random numbers, and how it is fitted."""

STACKED: frozenset[str] = frozenset({TOTALS, growth.NAME})
"""Models fitted with the ensemble."""


def steps(which: Collection[str] = NAMES) -> int:
    """Return how many progress messages `make` gives."""
    stacked = 0
    if STACKED & set(which):
        past = len(past_origins(history_tables.load("current")))
        stacked = (past + 1) * len(Models(Memory()).ensemble().members)
    return stacked + len(set(which) - {growth.NAME})


def key() -> str:
    """Return one hash of all tables and modules behind the stored fit, as they are now."""
    hashes, about = Hashes(), _written(FOLDER)
    pieces: dict[str, str] = {}
    for model in MODELS.values():
        pieces |= made_from(model.sources, hashes, _recorded(about, model))
    return key_of(pieces)


def write(fit: Fit, folder: Path = FOLDER) -> list[Path]:
    """Write the newly fitted models of a fit, leaving the files of the others unchanged.

    They go into the folder if the fit passed, else into its `FAILED` folder, and what was in use stays.
    """
    target = folder if fit.passed else folder / FAILED
    digests: dict[str, str] = {}
    entries: dict[str, dict[str, Any]] = dict(_written(folder).get("models", {})) if fit.passed else {}

    def put(name: str, dataset: xr.Dataset, path: Path) -> None:
        packed = {str(v): {"zlib": True, "complevel": 6} for v in dataset.data_vars}
        dataset.to_netcdf(path, engine="h5netcdf", encoding=packed)
        digests[name] = sha256(path)

    def describe(path: Path) -> None:
        for name, pieces in fit.new.items():
            entries[name] = {
                "file": MODELS[name].file,
                "sha256": digests[name],
                "version": version("send-place-planner"),
                "key": key_of(pieces),
                "made_from": dict(pieces),
            }
        about = {
            "origin": fit.shares.origin,
            "status": "passed" if fit.passed else "FAILED",
            "stretch": fit.stretch,
            "seconds": round(fit.seconds, 1),
            "diagnostics": {name: asdict(d) for name, d in fit.diagnostics.items()},
            "models": {name: entries[name] for name in NAMES if name in entries},
        }
        path.write_text(sealed(about), encoding="utf-8")

    datasets = _datasets(fit)
    writers: dict[str, Callable[[Path], None]] = {
        MODELS[name].file: partial(put, name, datasets[name]) for name in fit.new
    }
    # The manifest comes last: it says what the other files hold.
    return write_all(target, writers | {MANIFEST: describe})


def _datasets(fit: Fit) -> dict[str, xr.Dataset]:
    """Return the dataset that is stored for each model."""
    return {
        TOTALS: stored_totals(fit.totals.whole, fit.weights),
        growth.NAME: thinned(fit.growth.posterior),
        band_shares.NAME: thinned(fit.shares.posterior),
        cohort.NAME: fit.cohort.stored(),
        provision_totals.NAME: thinned(fit.provision.posterior),
        moves.NAME: fit.moves.posterior,
        latent_demand.NAME: fit.latent.stored(),
    }


def stored_totals(whole: EnsembleForecast, weights: xr.DataArray) -> xr.Dataset:
    """Return the dataset that is stored of the ensemble's forecast; regions are those of the history it is read with."""
    return xr.Dataset(
        {
            "log_quantiles": whole.log_quantiles.isel(series=0, drop=True).astype("float32"),
            "shared": (("january", "january_too"), whole.shared),
            "regional": (("january", "january_too"), whole.regional),
            "own": (("january", "january_too"), whole.own),
            "weights": weights,
        }
    )


def restored_totals(stored: xr.Dataset, origin: int, region: xr.DataArray) -> EnsembleForecast:
    """Return the ensemble's forecast from what is stored of it.

    Parameters
    ----------
    stored
        Result of `stored_totals`.
    origin
        Last January seen.
    region
        Region of each area, dims ``(area,)``.
    """
    table = stored["log_quantiles"].astype(float).expand_dims(series=[ALL], axis=1)
    return EnsembleForecast(
        model=ENSEMBLE,
        origin=origin,
        log_quantiles=table.transpose("area", "series", "january", "level"),
        shared=stored["shared"].to_numpy(),
        regional=stored["regional"].to_numpy(),
        own=stored["own"].to_numpy(),
        region=region.sel(area=table["area"]),
    )


def thinned(posterior: xr.Dataset) -> xr.Dataset:
    """Return `STORED_DRAWS` evenly spaced posterior draws."""
    size = posterior.sizes["draw"]
    rows = np.linspace(0, size - 1, min(STORED_DRAWS, size)).round().astype(int)
    return posterior.isel(draw=rows).astype("float32")


def stamp(folder: Path = FOLDER) -> int:
    """Return the time of the stored fit in nanoseconds, as a value that changes with every fit; 0 if there is none."""
    path = folder / MANIFEST
    return path.stat().st_mtime_ns if path.is_file() else 0


def stale(folder: Path = FOLDER) -> dict[str, str]:
    """Return the models that need fitting again, with the reason in words, in the order of `forecast.demand.fit_key.MODELS`."""
    about = _written(folder)
    if about.get("status") != "passed":
        return dict.fromkeys(NAMES, "not fitted yet")
    hashes = Hashes()
    reasons = {model.name: _why_stale(model, about, folder, hashes) for model in MODELS.values()}
    return {name: why for name, why in reasons.items() if why}


def _why_stale(model: StoredModel, about: Mapping[str, Any], folder: Path, hashes: Hashes) -> str:
    """Return in words why a model needs fitting again; blank if it does not."""
    entry = about.get("models", {}).get(model.name)
    if entry is None:
        return f"{MANIFEST} does not say what it was made from"
    path = folder / model.file
    if not path.is_file() or sha256(path) != entry["sha256"]:
        return f"{model.file} is not the file that was fitted"
    altered = changes(model.sources, entry["made_from"], hashes)
    changes_text = [f"{file} {how}" for file, how in altered.items()]
    more = f" and {len(changes_text) - MOST_NAMED} more" if len(changes_text) > MOST_NAMED else ""
    return ", ".join(changes_text[:MOST_NAMED]) + more


def stale_text(reasons: Mapping[str, str]) -> str:
    """Return `stale` as a phrase, models with the same reason together: "moves, cohort (models/base.py changed); ..."."""
    alike: dict[str, list[str]] = {}
    for name, why in reasons.items():
        alike.setdefault(why, []).append(name)
    return "; ".join(f"{', '.join(names)} ({why})" for why, names in alike.items())


def manifest(folder: Path = FOLDER) -> dict[str, Any]:
    """Return the description of the stored fit: models, files and diagnostics.

    Raises
    ------
    FitError
        There is none, it failed its gate, or a model was made from other tables or modules than those at hand.
    """
    about = _written(folder)
    if not about and (folder / MANIFEST).exists():
        raise FitError(
            f"{folder / MANIFEST}, which says what the fitted result is, was altered or damaged since it was written, so "
            "forecasts from it would not be what they say. Put it back as it was, or run 'sendplan fit': it takes a few minutes."
        )
    if not about:
        raise FitError(
            f"There is no fitted result in {folder}, so nothing can be forecast. Run 'sendplan fit': it takes a few minutes."
        )
    if about["status"] != "passed":
        raise FitError(
            f"The fitted result in {folder} did not pass its convergence gate, so it is not shown as a forecast. "
            "Run 'sendplan fit' again, and look at the diagnostics it prints."
        )
    if reasons := stale(folder):
        raise FitError(
            f"The fitted result in {folder} was made from other data or other models, so forecasts from it would not be what "
            f"they say. No longer as fitted: {stale_text(reasons)}. Put those files back as they were, or run 'sendplan fit' to "
            "fit these models, and no others, to the data at hand: it takes a few minutes."
        )
    return about


def _written(folder: Path) -> dict[str, Any]:
    """Return the manifest in a folder; empty if there is none or it is not as it was written."""
    try:
        text = (folder / MANIFEST).read_text(encoding="utf-8")
        about: dict[str, Any] = json.loads(text)
        return about if text == sealed(about) else {}
    # Whatever a damaged file holds, it is no manifest of ours.
    except (OSError, ValueError, AttributeError):
        return {}


def sealed(about: Mapping[str, Any]) -> str:
    """Return a manifest as text that ends with the hash of the rest, so that an alteration shows."""
    rest = {name: value for name, value in about.items() if name != SEAL}
    digest = tables.hash_of(json.dumps(rest, indent=2).encode())
    return json.dumps({**rest, SEAL: digest}, indent=2) + "\n"


def _recorded(about: Mapping[str, Any], model: StoredModel) -> Mapping[str, str] | None:
    entry = about.get("models", {}).get(model.name)
    return None if entry is None else entry["made_from"]


def load(history: History, folder: Path = FOLDER) -> Fit:
    """Read the stored fit that belongs to a history.

    Raises
    ------
    FitError
        As `manifest`.
    TableError
        The tables were brought up to date since the history was read, and the fit with them.
    """
    tables.check_release()
    about = manifest(folder)
    return _fit_from_parts(
        {name: _read_fitted(name, history, about, folder) for name in NAMES}, about["seconds"], {}
    )


def _read_fitted(name: str, history: History, about: Mapping[str, Any], folder: Path) -> Any:
    """Read one fitted model from its file."""
    stored = _read(folder / MODELS[name].file)
    if name == TOTALS:
        whole = restored_totals(stored, about["origin"], history.region)
        return Totals(Tabulated(whole), stored["weights"], about["stretch"])
    diagnostics = Diagnostics(**about["diagnostics"][name])
    restore: dict[str, Callable[[], object]] = {
        growth.NAME: lambda: FittedGrowth(
            history.areas, history.origin, stored, GrowthPanel.of(history), diagnostics
        ),
        band_shares.NAME: lambda: FittedShares.of(history, stored, diagnostics),
        cohort.NAME: lambda: FittedCohort.restored(stored, diagnostics),
        provision_totals.NAME: lambda: FittedProvision.of(history, stored, diagnostics),
        moves.NAME: lambda: FittedMoves.restored(stored, diagnostics),
        latent_demand.NAME: lambda: Latent.restored(stored, diagnostics),
    }
    return restore[name]()


def _fit_from_parts(
    models_by_name: Mapping[str, Any], seconds: float, new: Mapping[str, Mapping[str, str]]
) -> Fit:
    """Return a fit from its models by name."""
    totals = models_by_name[TOTALS]
    return Fit(
        totals=totals.table,
        growth=models_by_name[growth.NAME],
        shares=models_by_name[band_shares.NAME],
        cohort=models_by_name[cohort.NAME],
        provision=models_by_name[provision_totals.NAME],
        moves=models_by_name[moves.NAME],
        latent=models_by_name[latent_demand.NAME],
        weights=totals.weights,
        stretch=totals.stretch,
        seconds=seconds,
        new=new,
    )


def _read(path: Path) -> xr.Dataset:
    with xr.open_dataset(path, engine="h5netcdf") as stored:
        return stored.load()
