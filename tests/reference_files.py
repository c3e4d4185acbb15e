"""An edited copy of ``data/reference``, for tests that change a fact and look for what follows."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from data import tables
from data.prices import starting_books

CACHED = (
    tables._read_reference,
    tables._read_checked_reference,
    starting_books.inflation,
    starting_books.england,
    starting_books.for_area,
)
"""What remembers a reference file, or what was worked out from one."""


def forget() -> None:
    """Forget every reference file that was read."""
    for remembered in CACHED:
        remembered.cache_clear()


def edited_reference(
    folder: Path,
    patch: pytest.MonkeyPatch,
    name: str,
    edit: Callable[[pd.DataFrame], pd.DataFrame],
) -> None:
    """Let everything read a copy of ``data/reference`` in which one file is edited; call `forget` when the test is over."""
    copy = folder / "reference"
    shutil.copytree(tables.REFERENCE, copy)
    path = copy / f"{name}.csv"
    edit(pd.read_csv(path)).to_csv(path, index=False)
    patch.setattr(tables, "REFERENCE", copy)
    forget()
