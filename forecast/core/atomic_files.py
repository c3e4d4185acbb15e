"""Writing of result files: the files of a run appear together, whole, or not at all.

A folder is checked before the work starts. Files are written into a draft folder inside it and put on disk; then what stands in
their place is kept aside and each takes its place. If one cannot, everything is put back.

Invariants: after an error every file is as it was before; a draft is never taken for a result; the last file named, the record of
a run, is there only with all the others of its own run. So a process killed while files take their places (well under a second)
leaves a folder without a record. Its draft folder, with what was kept aside, stays for `data.drafts.STALE` seconds and is then
removed by the next write.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from data import drafts
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
    """Write several files into a folder, together or not at all.

    Parameters
    ----------
    folder
        Where the files go; made if absent.
    writers
        File name -> function that writes it to the path it is given; the record of the run last.

    Raises
    ------
    OutputError
        Something could not be written; no file of this call has changed.
    """
    check_folder(folder)
    try:
        draft = Path(tempfile.mkdtemp(prefix=drafts.PREFIX, dir=folder))
        drafts.remove_stale(draft)
    except OSError as error:
        raise _unwritable(folder, error) from None
    try:
        (draft / "before").mkdir()
        for name, writer in writers.items():
            writer(draft / name)
            drafts.to_disk(draft / name)
        _take_places(folder, draft, list(writers))
    except OSError as error:
        raise _unwritable(folder, error) from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return [folder / name for name in writers]


def _take_places(folder: Path, draft: Path, names: Sequence[str]) -> None:
    """Move every file of a draft into its place, or put back what stood there and raise what went wrong."""
    aside: list[str] = []
    placed: list[str] = []
    try:
        for name in names:
            if (folder / name).is_dir():
                raise IsADirectoryError(errno.EISDIR, f"there is a folder named {name}")
        for name in reversed(names):
            if (folder / name).exists():
                os.replace(folder / name, draft / "before" / name)
                aside.append(name)
        for name in names:
            os.replace(draft / name, folder / name)
            placed.append(name)
    except OSError:
        for name in placed:
            (folder / name).unlink(missing_ok=True)
        for name in aside:
            os.replace(draft / "before" / name, folder / name)
        raise
    drafts.folder_to_disk(folder)


def write_one(path: Path, writer: Writer) -> Path:
    """Write one file, whole or not at all."""
    return write_all(path.parent, {path.name: writer})[0]


def _unwritable(folder: Path, error: OSError) -> OutputError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT) or f"errno {errno.ENOSPC}]" in str(error).lower()
    way = "make room on the disk" if full else "ask for permission to write there"
    return OutputError(
        f"Results cannot be written to {folder} ({error.strerror or error}). Everything there is as it was. "
        f"Choose another folder with --out, or {way}."
    )
