"""A cache on disk for results that take a while to make and depend on nothing but files of this project.

Invariants: what is returned is the same, to the last bit, whether it was made or read, because both go through `pack`; a cached
result is read only while every file it was made from and every library is as it was, and its own bytes are those that were
written; otherwise it is made again. The folder may be deleted at any time, and where it cannot be written to nothing is cached.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import scipy
import xarray as xr

from data import tables
from data.errors import OutputError
from forecast.core.atomic_files import write_one
from forecast.core.packing import ALIGNED, Bytes, pack, unpack
from forecast.core.sources import ROOT, Hashes, Sources, made_from

VARIABLE = "SENDPLAN_CACHE"
"""Environment variable that names another folder; nothing is cached where it is empty."""

MARK = b"sendplan"
"""What a cached result begins with; then the length of its description (8 bytes), the description (JSON) and what was packed."""

MOST_INSTALLATIONS = 5
"""Results of one name kept, the latest: one for each place where the project is installed."""

LIBRARIES: dict[str, str] = {
    "python": sys.version,
    "numpy": np.__version__,
    "pandas": pd.__version__,
    "scipy": scipy.__version__,
    "xarray": xr.__version__,
}

Result = TypeVar("Result")


def cached(name: str, sources: Sources, make: Callable[[], Result]) -> Result:
    """Return the result of ``make``, read from disk if nothing that it depends on has changed.

    Parameters
    ----------
    name
        Name of the result.
    sources
        What it is made from.
    make
        Makes it; `forecast.core.packing` says what may be cached.

    Raises
    ------
    TableError
        The tables were brought up to date since this process first read one.
    """
    # What is in memory may be of the tables before, and what is kept is of those on disk.
    tables.check_release()
    path = _path(name)
    block = None if path is None else _read(path, sources)
    if block is None:
        # What is altered while it is made is not what it was made from.
        pieces = made_from(sources, Hashes())
        packed = pack(make())
        if path is not None:
            with suppress(OutputError):
                write_one(path, lambda part: _write(part, pieces, packed))
                _drop_older(path.parent, name)
        block = np.frombuffer(bytearray(packed), dtype=np.uint8)
    result: Result = unpack(block)
    return result


def folder() -> Path | None:
    """Return the folder of the cache: that of `VARIABLE`, else one of the user's own; None where there is none."""
    named = os.environ.get(VARIABLE)
    if named is not None:
        return Path(named) if named else None
    own = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    try:
        return (Path(own) if own else Path.home() / ".cache") / "send-place-planner"
    except RuntimeError:  # a user without a home
        return None


def _path(name: str) -> Path | None:
    """Return the file of a result: one for each place where the project is installed."""
    where = folder()
    return None if where is None else where / f"{name}-{hashlib.sha256(str(ROOT).encode()).hexdigest()[:12]}"


def _write(path: Path, pieces: Mapping[str, str], packed: bytes) -> None:
    about = {"made_from": dict(pieces), "libraries": LIBRARIES, "sha256": hashlib.sha256(packed).hexdigest()}
    described = json.dumps(about).encode()
    described += b" " * (-(16 + len(described)) % ALIGNED)
    path.write_bytes(b"".join([MARK, len(described).to_bytes(8, "little"), described, packed]))


def _drop_older(where: Path, name: str) -> None:
    """Delete all but the latest `MOST_INSTALLATIONS` results of a name: their installations may be gone."""
    with suppress(OSError):
        kept = sorted(where.glob(f"{name}-*"), key=lambda path: path.stat().st_mtime_ns)
        for path in kept[:-MOST_INSTALLATIONS]:
            path.unlink(missing_ok=True)


def _read(path: Path, sources: Sources) -> Bytes | None:
    """Return a cached result; None where there is none, it is damaged, or something it was made from has changed."""
    try:
        content = np.fromfile(path, dtype=np.uint8)
        size = int.from_bytes(content[8:16].tobytes(), "little")
        about: Any = json.loads(content[16 : 16 + size].tobytes())
        packed: Bytes = content[16 + size :]
        current = (
            content[:8].tobytes() == MARK
            and about["libraries"] == LIBRARIES
            and about["sha256"] == hashlib.sha256(packed.data).hexdigest()
            and about["made_from"] == made_from(sources, Hashes(), about["made_from"])
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError):  # whatever a damaged file may say
        return None
    return packed if current else None
