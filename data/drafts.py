"""Drafts: a file is written beside its place under another name, put on disk, and only then takes its place.

Invariants: at a path stands what stood there before or the whole of what was written, also after a loss of power or where the
process is killed; a draft is never taken for a file. The draft of a killed process stays for `STALE` seconds and is then removed
by the next write in its folder.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

PREFIX = ".draft-"
"""Beginning of the name of a draft, file or folder."""

STALE = 24 * 3600
"""Seconds after which a draft is that of a process that was killed."""

_DRAFT = re.compile(rf"{re.escape(PREFIX)}[a-z0-9_]{{8}}(\.\w+)?", re.ASCII)


def write_in_place(path: Path, write: Callable[[Path], object], *, new: bool = False) -> None:
    """Write a file whole or not at all.

    Parameters
    ----------
    path
        Where to, in a folder that exists.
    write
        Writes the file to the path it is given, which has the same ending; an error it raises leaves everything as it was.
    new
        Whether a file that is already there must stay; else it is replaced.

    Raises
    ------
    FileExistsError
        A file is already there and must stay.
    OSError
        The file cannot be written.
    """
    draft = path.with_name(f"{PREFIX}{secrets.token_hex(4)}{path.suffix.lower()}")
    try:
        write(draft)
        to_disk(draft)
        remove_stale(draft)
        if new:
            # A link to a name that exists fails, whoever made it.
            os.link(draft, path)
        else:
            os.replace(draft, path)
        folder_to_disk(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def to_disk(path: Path) -> None:
    """Make a file outlast a loss of power."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def folder_to_disk(folder: Path) -> None:
    """Make the names in a folder outlast a loss of power, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        # Some network shares refuse; the files themselves are on disk.
        with suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)


def remove_stale(young: Path) -> None:
    """Remove the drafts of processes that were killed beside a draft just made: nobody writes for longer than `STALE` seconds.

    Ages are told by the clock of the disk, which gave all drafts their times: this computer's own may be years off.
    """
    with suppress(OSError):
        now = young.lstat().st_mtime
        for path in young.parent.glob(f"{PREFIX}*"):
            with suppress(OSError):
                if _DRAFT.fullmatch(path.name) and now - path.lstat().st_mtime > STALE:
                    if path.is_dir() and not path.is_symlink():
                        shutil.rmtree(path, ignore_errors=True)
                    else:
                        path.unlink()
