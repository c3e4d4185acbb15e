"""The key of each stored model: a hash of the tables and modules its fit is made from, and of nothing else.

Invariant: a model's key changes when, and only when, a table that is read for its fit changes, or a module that its fit runs
through: its own, those that read its tables, and what these import of this project. So a price, or a model that has nothing to do
with it, never asks for a fit. Tables are declared below, once for each module that reads them; a test records what is really
read. Modules are worked out from the import statements, so no list of them can go stale.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from data import tables
from models import band_shares, cohort, growth, latent_demand, moves, provision_totals

ROOT = tables.DATA_DIR.parent
"""Folder that holds the packages; files are named from here."""

PACKAGES: tuple[str, ...] = ("data", "models", "forecast")

BOUNDARIES: frozenset[str] = frozenset({"data.tables", "data.errors"})
"""Where following imports ends: the reader of tables, whose tables are hashed themselves, and the words of errors."""

TOTALS = "totals"
"""Name of the ensemble's tabulated totals as a stored model."""


@dataclass(frozen=True)
class Reader:
    """A module that reads tables for a fit, with the tables it reads.

    Parameters
    ----------
    module
        Its name.
    published
        Tables of ``data/published`` that it reads itself.
    reference
        Files of ``data/reference`` that it reads itself.
    """

    module: str
    published: tuple[str, ...]
    reference: tuple[str, ...] = ()


PANELS = Reader(
    "data.panels",
    (
        "areas", "assessments", "ceased_plans_age", "new_plans", "new_plans_age", "new_plans_age_band", "plans_age",
        "plans_age_band", "plans_placement", "plans_total", "population", "population_first_published", "requests", "timeliness",
    ),
    ("area_history",),
)  # fmt: skip
COMPOSITIONS = Reader(
    "data.compositions",
    (
        "areas", "ceased_plans_age", "new_plans_age_need", "plans_age", "plans_age_need", "plans_age_placement",
        "plans_placement_need",
    ),
)  # fmt: skip
PLACEMENT_FLOWS = Reader(
    "data.placement_flows", ("ceased_plans_placement", "new_plans_placement", "plans_age_placement")
)
SPECIALIST_USES = Reader(
    "data.specialist_uses", ("plans_placement_need", "plans_total", "special_pupils_import_export")
)


@dataclass(frozen=True)
class StoredModel:
    """A model of the stored fit, with the file, the modules and the tables behind it.

    Parameters
    ----------
    name
        Its name.
    file
        File of its fit.
    module
        Module that fits it.
    readers
        Modules that read what it is fitted to.
    """

    name: str
    file: str
    module: str
    readers: tuple[Reader, ...]

    @property
    def tables(self) -> tuple[str, ...]:
        """Files of the tables it is fitted to, relative to `ROOT`, in order."""
        published = {f"data/published/{name}.parquet" for r in self.readers for name in r.published}
        reference = {f"data/reference/{name}.csv" for r in self.readers for name in r.reference}
        return tuple(sorted(published | reference))

    @property
    def starts(self) -> tuple[str, ...]:
        """Modules whose imports are followed to find all that the fit depends on."""
        return (self.module, *(r.module for r in self.readers))


MODELS: tuple[StoredModel, ...] = (
    StoredModel(TOTALS, "totals.nc", "forecast.demand.ensemble_members", (PANELS,)),
    StoredModel(growth.NAME, "growth.nc", growth.__name__, (PANELS,)),
    StoredModel(band_shares.NAME, "band_shares.nc", band_shares.__name__, (PANELS,)),
    StoredModel(cohort.NAME, "cohort.nc", cohort.__name__, (PANELS, COMPOSITIONS)),
    StoredModel(provision_totals.NAME, "provision_totals.nc", provision_totals.__name__, (PANELS,)),
    StoredModel(moves.NAME, "moves.nc", moves.__name__, (PANELS, COMPOSITIONS, PLACEMENT_FLOWS)),
    StoredModel(
        latent_demand.NAME, "latent_demand.nc", latent_demand.__name__, (COMPOSITIONS, SPECIALIST_USES)
    ),
)
"""Every model of the stored fit. The totals are stacked on the growth model, so whatever makes that stale makes them stale."""

NAMES: tuple[str, ...] = tuple(m.name for m in MODELS)


class Hashes(dict[str, str]):
    """SHA-256 of files by their path relative to `ROOT`, each read once; blank if there is no such file."""

    def __missing__(self, path: str) -> str:
        file = ROOT / path
        self[path] = hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""
        return self[path]


def made_from(
    model: StoredModel, hashes: Hashes, recorded: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the files that a model is made from, as they are now: path relative to `ROOT`, and SHA-256.

    Parameters
    ----------
    model
        The model.
    hashes
        Hashes of files read so far.
    recorded
        What this returned before. Where all of it is the same, modules still import what they did, and none is read again.
    """
    if recorded and _same(model, hashes, recorded):
        return dict(recorded)
    return {path: hashes[path] for path in (*model.tables, *modules(model.starts))}


def _same(model: StoredModel, hashes: Hashes, recorded: Mapping[str, str]) -> bool:
    """Return whether every recorded file is unchanged and includes all of the model's tables and starting modules."""
    return (
        {path for path in recorded if not path.endswith(".py")} == set(model.tables)
        and {_file(name) for name in model.starts} <= recorded.keys()
        and all(hashes[path] == digest for path, digest in recorded.items())
    )


def key_of(pieces: Mapping[str, str]) -> str:
    """Return one hash of several files, their names included."""
    return hashlib.sha256("".join(f"{path} {pieces[path]}\n" for path in sorted(pieces)).encode()).hexdigest()


def changes(model: StoredModel, recorded: Mapping[str, str], hashes: Hashes) -> dict[str, str]:
    """Return the files of a model that differ from those of its fit: path to "changed", "new", "gone" or "not used".

    Parameters
    ----------
    model
        The model.
    recorded
        `made_from` when it was fitted.
    hashes
        Hashes of files read so far.
    """
    now = made_from(model, hashes, recorded)
    differences = {path: "not used" if hashes[path] else "gone" for path in recorded.keys() - now.keys()}
    for path, digest in now.items():
        if path not in recorded:
            differences[path] = "new"
        elif digest != recorded[path]:
            differences[path] = "changed" if digest else "gone"
    return dict(sorted(differences.items()))


def modules(starts: Iterable[str]) -> tuple[str, ...]:
    """Return the files of modules and of everything of this project that they import, up to `BOUNDARIES`, in order.

    Packages themselves hold no code, so they are left out.
    """
    files: set[str] = set()
    waiting = list(starts)
    while waiting:
        path = _file(waiting.pop())
        if path not in files:
            files.add(path)
            waiting += _imported(ROOT / path) - BOUNDARIES
    return tuple(sorted(files))


def _imported(path: Path) -> set[str]:
    """Return the modules of this project that a file imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes(), path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in names if name.split(".")[0] in PACKAGES and (ROOT / _file(name)).is_file()}


def _file(module: str) -> str:
    return module.replace(".", "/") + ".py"
