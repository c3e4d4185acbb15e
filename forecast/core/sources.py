"""Which files a stored result is made from: given files, and modules with all they import of this project.

Invariant: `made_from` changes when, and only when, one of those files changes. Modules are worked out from import statements, so
no list of them can go stale.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from data import tables

ROOT = tables.DATA_DIR.parent
"""Folder that holds the packages; files are named from here."""

PACKAGES: tuple[str, ...] = ("data", "models", "scenarios", "forecast")

BOUNDARIES: frozenset[str] = frozenset({"data.tables", "data.errors"})
"""Where following imports ends: the reader of tables, whose tables are hashed themselves, and the words of errors."""


@dataclass(frozen=True)
class Sources:
    """The files and modules that something is made from, before imports are followed.

    Parameters
    ----------
    files
        Files that count as they are, relative to `ROOT`.
    modules
        Names of the modules from which imports are followed.
    """

    files: tuple[str, ...]
    modules: tuple[str, ...]


class Hashes(dict[str, str]):
    """SHA-256 of files by their path relative to `ROOT`, each read once; blank if there is no such file."""

    def __missing__(self, path: str) -> str:
        file = ROOT / path
        self[path] = sha256(file) if file.is_file() else ""
        return self[path]


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal text."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def made_from(sources: Sources, hashes: Hashes, recorded: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the files that something is made from, as they are now: path relative to `ROOT`, and SHA-256.

    Parameters
    ----------
    sources
        Files and modules to begin with.
    hashes
        Hashes of files read so far.
    recorded
        What this returned before. Where all of it is the same, modules still import what they did, and none is read again.
    """
    if recorded and _same(sources, hashes, recorded):
        return dict(recorded)
    return {path: hashes[path] for path in (*sources.files, *imported(sources.modules))}


def _same(sources: Sources, hashes: Hashes, recorded: Mapping[str, str]) -> bool:
    """Return whether every recorded file is unchanged, and they include all given files and starting modules."""
    others = {path for path in recorded if not path.endswith(".py")}
    begun = {*sources.files, *map(_file, sources.modules)}
    return others <= begun <= recorded.keys() and all(
        hashes[path] == digest for path, digest in recorded.items()
    )


def changes(sources: Sources, recorded: Mapping[str, str], hashes: Hashes) -> dict[str, str]:
    """Return the files that differ from those recorded: path to "changed", "new", "gone" or "not used".

    Parameters
    ----------
    sources
        Files and modules to begin with.
    recorded
        `made_from` when it was made.
    hashes
        Hashes of files read so far.
    """
    now = made_from(sources, hashes, recorded)
    differences = {path: "not used" if hashes[path] else "gone" for path in recorded.keys() - now.keys()}
    for path, digest in now.items():
        if path not in recorded:
            differences[path] = "new"
        elif digest != recorded[path]:
            differences[path] = "changed" if digest else "gone"
    return dict(sorted(differences.items()))


def key_of(pieces: Mapping[str, str]) -> str:
    """Return one hash of several files, their names included."""
    return hashlib.sha256("".join(f"{name} {pieces[name]}\n" for name in sorted(pieces)).encode()).hexdigest()


def imported(modules: Iterable[str]) -> tuple[str, ...]:
    """Return the files of modules and of everything of this project that they import, up to `BOUNDARIES`, in order.

    Packages themselves hold no code, so they are left out.
    """
    files: set[str] = set()
    waiting = list(modules)
    while waiting:
        path = _file(waiting.pop())
        if path not in files:
            files.add(path)
            waiting += _imports(ROOT / path) - BOUNDARIES
    return tuple(sorted(files))


def _imports(path: Path) -> set[str]:
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
