"""Switching many files at once, from those of one release to those of the next, whatever cuts the work off.

New files are put together in a folder beside those in use (`begin`), on the same disk. `switch` copies what they replace there
too, puts everything on disk, and writes a journal of what takes which place. From then on the next release is the one in use:
whoever reads tables first calls `settle`, which finishes a switch that was cut off.

Invariants: without a journal every file is that of the release before; after `settle` there is no journal and the files are all
of one release. Once the journal is there nothing is written but names, so a full disk cannot stop a switch in the middle; where a
file cannot take its place, the journal is turned round and all are put back. Each step may be done again. One update at a time: a
lock of the system, which it lets go of when a process ends, however it ends.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from data import drafts
from data.errors import TableError, UpdateError

DATA = "data"
"""Folder, in that of an installation, where the journal, the lock and new files are."""

JOURNAL = ".switch.json"
"""File that says which files take which place; there only while a switch is not finished."""

LOCK = ".update.lock"
"""File that an update has locked while it runs."""

STAGING = ".update-"
"""Beginning of the name of a folder of new files."""

NEW, BEFORE = "new", "before"
"""Folders, in that of new files: what takes a place, and copies of what stood there."""

FORWARD, BACK = "forward", "back"
"""Ways in which a journal is followed."""

MOST_SECONDS = 30.0
"""Seconds that a reader waits for another process to finish its switch, which takes less than one."""

ONE_LOOK = 0.05
"""Seconds between two looks at a lock."""

OnFile = Callable[[int, int], None]
"""Called with how many files have taken their place and how many there are."""


@contextmanager
def locked(root: Path, seconds: float = 0.0) -> Iterator[None]:
    """Let nobody else bring the tables up to date meanwhile.

    Parameters
    ----------
    root
        Folder of the installation.
    seconds
        How long to wait for another process.

    Raises
    ------
    UpdateError
        Another process does, or the folder cannot be written to.
    """
    path = root / DATA / LOCK
    try:
        file = path.open("a+b")
    except OSError as error:
        raise UpdateError(
            f"{path.parent} cannot be written to ({error.strerror or error}), so the tables in it cannot be brought up to date. "
            "Nothing was changed. Run the command as the user who installed the planner."
        ) from None
    with file:
        until = time.monotonic() + seconds
        while not _taken(file):
            if time.monotonic() >= until:
                raise UpdateError(
                    f"Another update of the tables in {path.parent} is under way, and two would spoil each other, so this one "
                    "did nothing. Wait until it has ended."
                )
            time.sleep(ONE_LOOK)
        yield


def _taken(file: IO[bytes]) -> bool:
    """Return whether the lock of an open file could be taken; it is let go of when the file is closed."""
    try:
        if os.name == "nt":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        else:
            import fcntl

            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def begin(root: Path) -> Path:
    """Return a new folder for new files, on the disk of those in use; what updates left that were killed is finished or removed.

    Only whoever holds the lock may call this.
    """
    if (root / DATA / JOURNAL).exists():
        _follow(root, _journal(root / DATA / JOURNAL), None)
    for left in (root / DATA).glob(f"{STAGING}*"):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=STAGING, dir=root / DATA))
    (folder / NEW).mkdir()
    return folder


def switch(root: Path, folder: Path, names: Sequence[str], on_file: OnFile | None = None) -> None:
    """Let new files take their places, all or none.

    Parameters
    ----------
    root
        Folder of the installation.
    folder
        Result of `begin`; each new file is in its folder `NEW`, under its name.
    names
        Names of the files, from ``root``.
    on_file
        Called after each file.

    Raises
    ------
    OSError
        There was no room for the copies, or a file could not take its place; all are as they were.
    """
    entries = []
    for name in names:
        new, there, before = folder / NEW / name, root / name, folder / BEFORE / name
        if there.exists():
            before.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(there, before)
            drafts.to_disk(before)
        drafts.to_disk(new)
        entries.append(
            {"name": name, "new": _hash(new), "before": _hash(before) if before.exists() else None}
        )
    for within in {part for kind in (NEW, BEFORE) for part in (folder / kind).rglob("*") if part.is_dir()}:
        drafts.folder_to_disk(within)
    drafts.folder_to_disk(folder)
    about = {"folder": folder.name, "way": FORWARD, "files": entries}
    _write_journal(root, about)
    try:
        _follow(root, about, on_file)
    except KeyboardInterrupt:
        # The journal is there, so the next release is in use: what is left is quick.
        _follow(root, about, None)
        raise


def settle(root: Path) -> None:
    """Finish a switch that was cut off, so that files are all of one release; one look at the disk where there is none.

    Raises
    ------
    TableError
        It cannot be finished.
    """
    path = root / DATA / JOURNAL
    if not path.exists():
        return
    try:
        with locked(root, MOST_SECONDS):
            if path.exists():
                _follow(root, _journal(path), None)
    except (OSError, UpdateError) as error:
        raise TableError(
            f"A switch to another release of the tables in {path.parent} was cut off, and cannot be finished now: {error} "
            "Figures would be of two releases, so none is used. Run any 'sendplan' command as the user who updates the "
            "tables."
        ) from None


def _journal(path: Path) -> dict[str, Any]:
    try:
        about: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise TableError(
            f"{path}, which says how to finish a switch to another release, is damaged, so files may be of two releases and none "
            "is used. Restore the folder from the repository and run 'sendplan data update' again."
        ) from None
    return about


def _write_journal(root: Path, about: dict[str, Any]) -> None:
    text = json.dumps(about, indent=1)
    drafts.write_in_place(root / DATA / JOURNAL, lambda path: path.write_text(text, encoding="utf-8"))


def _follow(root: Path, about: dict[str, Any], on_file: OnFile | None) -> None:
    """Do what a journal says from wherever it was cut off, then remove it and the new files."""
    folder = root / DATA / str(about["folder"])
    if about["way"] == FORWARD:
        try:
            for number, entry in enumerate(about["files"], start=1):
                _place(folder / NEW / entry["name"], root / entry["name"], entry["new"])
                if on_file is not None:
                    on_file(number, len(about["files"]))
        except OSError:
            about = {**about, "way": BACK}
            _write_journal(root, about)
            _put_back(root, folder, about)
            _end(root, folder, about)
            raise
    else:
        _put_back(root, folder, about)
    _end(root, folder, about)


def _put_back(root: Path, folder: Path, about: dict[str, Any]) -> None:
    for entry in about["files"]:
        if entry["before"] is None:
            (root / entry["name"]).unlink(missing_ok=True)
        else:
            _place(folder / BEFORE / entry["name"], root / entry["name"], entry["before"])


def _place(source: Path, target: Path, digest: str) -> None:
    """Move a file to its place; one that is there already, from a step done before, stays."""
    if source.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(source, target)
    elif not target.exists() or _hash(target) != digest:
        raise TableError(
            f"{target} should have been replaced in a switch to another release that was cut off, and the new file is gone, "
            "so files may be of two releases and none is used. Restore the folder from the repository and run 'sendplan "
            "data update' again."
        )


def _end(root: Path, folder: Path, about: dict[str, Any]) -> None:
    for within in {(root / entry["name"]).parent for entry in about["files"]}:
        if within.is_dir():  # that of a file which was put back to not being there may not be
            drafts.folder_to_disk(within)
    (root / DATA / JOURNAL).unlink(missing_ok=True)
    drafts.folder_to_disk(root / DATA)
    with suppress(OSError):
        shutil.rmtree(folder)


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
