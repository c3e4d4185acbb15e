"""The council's own capacity registers, kept on this computer: one folder an authority, one file a version.

Invariants: a version, once kept, is never changed or removed here; versions are numbered from 1 without gaps; a version appears
whole or not at all; of two people who edit the same version, the second is told and nothing of either is lost.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from data.areas import by_code
from data.errors import ConflictError, OutputError, RegisterError
from data.register import Register
from data.register_file import read_register, to_csv, write_register

VARIABLE = "SENDPLAN_REGISTERS"
"""Environment variable that says where registers are kept."""

DEFAULT = Path("out") / "registers"
"""Where they are kept where nothing is said, under the current folder, beside the store of scenarios."""

_NAME = re.compile(r"(\d{4})\.csv", re.ASCII)


@dataclass(frozen=True, slots=True)
class Kept:
    """One version of an authority's register.

    Parameters
    ----------
    la_code, version
        Whose it is, and its number from 1.
    path
        Where it is; a file that `data.register_file.read_register` and the command line read too.
    when
        When it was kept.
    """

    la_code: int
    version: int
    path: Path
    when: datetime

    def read(self) -> Register:
        """Return the register.

        Raises
        ------
        RegisterError
            The file was changed by another program and cannot be used.
        """
        return read_register(self.path, la_code=self.la_code)


def folder_of(la_code: int) -> Path:
    """Return the folder of an authority's versions; it need not exist."""
    return Path(os.environ.get(VARIABLE) or DEFAULT) / by_code(la_code).slug


def versions(la_code: int) -> tuple[Kept, ...]:
    """Return every version of an authority's own register, oldest first."""
    folder = folder_of(la_code)
    found = []
    for path in sorted(folder.glob("*.csv")) if folder.is_dir() else []:
        if match := _NAME.fullmatch(path.name):
            when = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            found.append(Kept(la_code, int(match[1]), path, when))
    return tuple(found)


def find(la_code: int, version: int) -> Kept:
    """Return one version.

    Raises
    ------
    RegisterError
        There is none of that number.
    """
    every = versions(la_code)
    for kept in every:
        if kept.version == version:
            return kept
    held = f"versions 1 to {every[-1].version}" if every else "no version"
    raise RegisterError(
        f"There is no version {version} of {by_code(la_code).name}'s own register on this computer, which holds {held}, so "
        "places could not be counted with it. Choose another register, or ask who sent the link for the file."
    )


def keep(register: Register, la_code: int, after: int) -> Kept:
    """Keep a register as the version after the one it was edited from.

    Parameters
    ----------
    register
        What to keep.
    la_code
        Whose it is.
    after
        The latest version when the editing began; 0 where there was none.

    Raises
    ------
    ConflictError
        Somebody kept a version since.
    RegisterError
        It is another authority's register.
    OutputError
        The folder cannot be written to.
    """
    if register.la_code not in (None, la_code):
        raise RegisterError(
            f"The register '{register.origin}' is not {by_code(la_code).name}'s, so it was not kept for it. Choose the "
            "authority it is for."
        )
    folder = folder_of(la_code)
    path = folder / f"{after + 1:04d}.csv"
    draft = folder / f".draft-{secrets.token_hex(4)}.csv"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_register(Register(la_code, register.rows, path.name), draft)
        try:
            # A link to a name that exists fails, whoever made it: renaming would replace it.
            os.link(draft, path)
        finally:
            draft.unlink(missing_ok=True)
    except FileExistsError:
        raise ConflictError(
            f"Version {after + 1} of {by_code(la_code).name}'s register was kept by somebody else while you edited, so yours was "
            "not kept and theirs was not changed. Download your edits, open the latest version, and make them again there."
        ) from None
    except OSError as error:
        raise OutputError(
            f"The register cannot be kept in {folder} ({error.strerror or error}). Nothing was changed. Download your edits, "
            f"and set {VARIABLE} to a folder you may write to."
        ) from None
    return find(la_code, after + 1)


def fingerprint(register: Register) -> str:
    """Return the SHA-256 of a register's rows: equal registers, equal fingerprints, whatever they are called."""
    return hashlib.sha256(to_csv(register).encode()).hexdigest()
