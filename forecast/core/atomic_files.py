"""Writing of result files: every file appears whole or not at all.

A folder is checked before the work starts; each file is written beside its place under a temporary name and renamed.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from data.errors import OutputError

Writer = Callable[[Path], None]


def check_folder(folder: Path) -> None:
    """Create a folder if needed and check that it can be written to.

    Raises
    ------
    OutputError
        The folder cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _unwritable(folder, error) from None


def write_all(folder: Path, writers: Mapping[str, Writer]) -> list[Path]:
    """Write several files into a folder under temporary names, then rename them together.

    Parameters
    ----------
    folder
        Where the files go; made if absent.
    writers
        File name -> function that writes it to the path it is given.

    Raises
    ------
    OutputError
        Something could not be written; no file of this call has changed.
    """
    check_folder(folder)
    staged: dict[str, Path] = {}
    try:
        for name, writer in writers.items():
            staged[name] = folder / f".{name}.{secrets.token_hex(4)}.part"
            writer(staged[name])
        for name, part in staged.items():
            os.replace(part, folder / name)
    except OSError as error:
        raise _unwritable(folder, error) from None
    finally:
        for part in staged.values():
            part.unlink(missing_ok=True)
    return [folder / name for name in writers]


def write_one(path: Path, writer: Writer) -> Path:
    """Write one file, whole or not at all."""
    return write_all(path.parent, {path.name: writer})[0]


def _unwritable(folder: Path, error: OSError) -> OutputError:
    return OutputError(
        f"Results cannot be written to {folder} ({error.strerror or error}). Nothing was left half-written. "
        "Choose another folder with --out, or ask for permission to write there."
    )
