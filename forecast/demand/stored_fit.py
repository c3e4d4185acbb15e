"""The fitted result of a release: made by ``sendplan fit``, shipped in ``data/fitted``, used only while it is current.

Invariant: a stored fit is used only if its key (a hash of the published tables and of the source of the models) is that of
the data and code at hand and every Bayesian model passed its gate. A fit that fails is kept beside it, marked FAILED, for
diagnosis and never for a forecast. Reading needs no sampler.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

import models
from data import compositions, panels, placement_flows, specialist_uses, tables
from data.errors import FitError
from data.history import History
from data.vocabulary import ALL
from forecast.core.atomic_files import write_all
from forecast.core.parallel import settle
from forecast.demand.members import ENSEMBLE, Models
from models import band_shares, cohort, growth, latent_demand, moves, provision_totals
from models.band_shares import FittedShares
from models.cohort import CohortModel, FittedCohort
from models.ensemble import EnsembleForecast, Tabulated, past_origins
from models.growth import FittedGrowth, Panel
from models.headline import HEADLINE, FittedBanded
from models.inference import Diagnostics
from models.latent_demand import Latent, LatentDemand
from models.memory import Memory
from models.moves import FittedMoves, Moves
from models.provision_totals import FittedProvision, ProvisionTotals

FOLDER = tables.DATA_DIR / "fitted"
FAILED = "failed"
"""Folder, inside `FOLDER`, of a fit that did not pass."""

MANIFEST = "manifest.json"

TOTALS, GROWTH, SHARES, COHORT = "totals.nc", "growth.nc", "band_shares.nc", "cohort.nc"
PROVISION, MOVES, LATENT = "provision_totals.nc", "moves.nc", "latent_demand.nc"
FILES: tuple[str, ...] = (TOTALS, GROWTH, SHARES, COHORT, PROVISION, MOVES, LATENT, MANIFEST)
"""Files of a stored fit."""

STORED_DRAWS = 1000
"""Posterior draws kept of each model, evenly thinned."""

LONGEST = 15
"""Years ahead tabulated: as far as a forecast may go."""

DATA_MODULES: tuple[str, ...] = (
    "history.py", "panels.py", "composition.py", "compositions.py", "placement_flow.py", "placement_flows.py",
    "specialist_use.py", "specialist_uses.py", "vocabulary.py",
)  # fmt: skip
"""Modules of ``data`` that decide what a model sees."""


@dataclass(frozen=True)
class Fit:
    """Everything fitted to one release.

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
        Time the fit took.
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
        """Whether every Bayesian model passed its gate."""
        return all(d.passed for d in self.diagnostics.values())

    @property
    def headline(self) -> FittedBanded:
        """The product's own forecast."""
        return FittedBanded(HEADLINE, self.shares.origin, self.totals, self.shares)


def make(on_step: Callable[[str], None], seed: int = 0, *, side_by_side: bool = True) -> Fit:
    """Fit everything to today's authorities.

    Parameters
    ----------
    on_step
        Told what is being fitted.
    seed
        Seed of the samplers.
    side_by_side
        Fit flows and placements in a second process meanwhile; else one after the other, which a process that may have no
        children of its own can do too. The result is the same.
    """
    start = time.perf_counter()
    history = panels.load("current")
    found = Models(Memory(), seed=seed, on_step=on_step)
    fit_flows: Callable[[], FittedCohort] = partial(_fit_flows, seed + 2)
    fit_placements: Callable[[], tuple[FittedMoves, Latent]] = partial(_fit_placements, seed + 3)
    with ExitStack() as stack:
        if side_by_side:
            # Compiling keeps one core busy, and neither flows nor placements wait for the totals.
            beside = stack.enter_context(ProcessPoolExecutor(1, mp_context=get_context("spawn")))
            fit_flows, fit_placements = beside.submit(fit_flows).result, beside.submit(fit_placements).result
        ensemble = found.ensemble().fit(history, rng=np.random.default_rng(seed))
        path_model = ensemble.members[growth.NAME]
        assert isinstance(path_model, FittedGrowth)
        on_step("age bands")
        shares = found.shares().fit(history, rng=np.random.default_rng(seed + 1))
        on_step("provision totals")
        provision = ProvisionTotals().fit(history, rng=np.random.default_rng(seed + 4))
        on_step("cohort flows")
        flows = fit_flows()
        on_step("moves and latent demand")
        moved, latent = fit_placements()
    on_step("tabulating")
    whole = ensemble.forecast(range(history.origin + 1, history.origin + LONGEST + 1))
    names = list(ensemble.members)
    horizons = list(range(1, len(ensemble.weights) + 1))
    return Fit(
        totals=Tabulated(whole),
        growth=path_model,
        shares=shares,
        cohort=flows,
        provision=provision,
        moves=moved,
        latent=latent,
        weights=xr.DataArray(
            ensemble.weights, dims=("horizon", "member"), coords={"horizon": horizons, "member": names}
        ),
        stretch=ensemble.stretch,
        seconds=time.perf_counter() - start,
    )


def _fit_flows(seed: int) -> FittedCohort:
    """Fit the cohort flows to today's authorities, in a process of their own."""
    settle()
    return CohortModel().fit(panels.load("current"), compositions.load(), rng=np.random.default_rng(seed))


def _fit_placements(seed: int) -> tuple[FittedMoves, Latent]:
    """Fit moves between provisions and latent demand, in a process of their own."""
    settle()
    rng = np.random.default_rng(seed)
    flows = placement_flows.load(panels.load("current"), compositions.load())
    return Moves().fit(flows, rng=rng), LatentDemand().fit(specialist_uses.load(), rng=rng)


def steps() -> int:
    """Return how many times `make` says what it is doing."""
    past = len(past_origins(panels.load("current")))
    return (past + 1) * len(Models(Memory()).ensemble().members) + 5


def key() -> str:
    """Return the hash of the published tables and of the source of the models."""
    digest = hashlib.sha256()
    for path in _inputs():
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _inputs() -> Iterator[Path]:
    yield from sorted(tables.PUBLISHED.glob("*.parquet"))
    yield from sorted(tables.REFERENCE.glob("*.csv"))
    yield from sorted(Path(models.__path__[0]).glob("*.py"))
    yield from (tables.DATA_DIR / name for name in DATA_MODULES)


def write(fit: Fit, folder: Path = FOLDER) -> list[Path]:
    """Write a fit: into the folder if it passed, else into its `FAILED` folder, leaving what was in use alone."""
    target = folder if fit.passed else folder / FAILED
    about = {
        "key": key(),
        "version": version("send-place-planner"),
        "origin": fit.shares.origin,
        "status": "passed" if fit.passed else "FAILED",
        "stretch": fit.stretch,
        "seconds": round(fit.seconds, 1),
        "diagnostics": {name: asdict(d) for name, d in fit.diagnostics.items()},
    }
    whole = fit.totals.whole
    totals = xr.Dataset(
        {
            "log_quantiles": whole.log_quantiles.isel(series=0, drop=True).astype("float32"),
            "shared": (("january", "january_too"), whole.shared),
            "own": (("january", "january_too"), whole.own),
            "weights": fit.weights,
        }
    )
    parts = {
        TOTALS: totals,
        GROWTH: thinned(fit.growth.posterior),
        SHARES: thinned(fit.shares.posterior),
        COHORT: fit.cohort.stored(),
        PROVISION: thinned(fit.provision.posterior),
        MOVES: fit.moves.posterior,
        LATENT: fit.latent.stored(),
    }
    writers: dict[str, Callable[[Path], None]] = {n: partial(_write_netcdf, d) for n, d in parts.items()}
    return write_all(target, writers | {MANIFEST: partial(_write_json, about)})


def thinned(posterior: xr.Dataset) -> xr.Dataset:
    """Return `STORED_DRAWS` evenly spaced draws."""
    size = posterior.sizes["draw"]
    rows = np.linspace(0, size - 1, min(STORED_DRAWS, size)).round().astype(int)
    return posterior.isel(draw=rows).astype("float32")


def _write_netcdf(dataset: xr.Dataset, path: Path) -> None:
    packed = {str(name): {"zlib": True, "complevel": 6} for name in dataset.data_vars}
    dataset.to_netcdf(path, engine="h5netcdf", encoding=packed)


def _write_json(about: dict[str, Any], path: Path) -> None:
    path.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


def stamp(folder: Path = FOLDER) -> int:
    """Return what changes whenever a fit is written: when that was, in nanoseconds; 0 where there is none."""
    path = folder / MANIFEST
    return path.stat().st_mtime_ns if path.is_file() else 0


def manifest(folder: Path = FOLDER) -> dict[str, Any]:
    """Return what is known about the stored fit.

    Raises
    ------
    FitError
        There is none, it was made for other data or models, or it failed its gate.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise FitError(
            f"There is no fitted result in {folder}, so nothing can be forecast. Run 'sendplan fit': it takes a few minutes."
        )
    about: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if about["key"] != key():
        raise FitError(
            f"The fitted result in {folder} was made for other data or other models, so forecasts from it would not be what "
            "they say. Run 'sendplan fit' to fit the models to the data at hand: it takes a few minutes."
        )
    if about["status"] != "passed":
        raise FitError(
            f"The fitted result in {folder} did not pass its convergence gate, so it is not shown as a forecast. "
            "Run 'sendplan fit' again, and look at the diagnostics it prints."
        )
    return about


def load(history: History, folder: Path = FOLDER) -> Fit:
    """Read the stored fit of a history.

    Raises
    ------
    FitError
        As `manifest`.
    """
    about = manifest(folder)
    found = {name: Diagnostics(**values) for name, values in about["diagnostics"].items()}
    totals = _read(folder / TOTALS)
    table = totals["log_quantiles"].astype(float).expand_dims(series=[ALL], axis=1)
    whole = EnsembleForecast(
        ENSEMBLE, about["origin"], table.transpose("area", "series", "january", "level"),
        totals["shared"].to_numpy(), totals["own"].to_numpy(),
    )  # fmt: skip
    return Fit(
        totals=Tabulated(whole),
        growth=FittedGrowth(
            history.areas, history.origin, _read(folder / GROWTH), Panel.of(history), found[growth.NAME]
        ),
        shares=FittedShares.of(history, _read(folder / SHARES), found[band_shares.NAME]),
        cohort=FittedCohort.restored(_read(folder / COHORT), found[cohort.NAME]),
        provision=FittedProvision.of(history, _read(folder / PROVISION), found[provision_totals.NAME]),
        moves=FittedMoves.restored(_read(folder / MOVES), found[moves.NAME]),
        latent=Latent.restored(_read(folder / LATENT), found[latent_demand.NAME]),
        weights=totals["weights"],
        stretch=about["stretch"],
        seconds=about["seconds"],
    )


def _read(path: Path) -> xr.Dataset:
    with xr.open_dataset(path, engine="h5netcdf") as stored:
        return stored.load()
