"""Versions of the council's own capacity registers, stored on this computer (see `data.council_files.kept_files`).

Invariant: a register is kept for the authority it says it is of, and for no other.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from data.areas import by_code
from data.council_files.kept_files import REGISTERS, KeptFile
from data.errors import RegisterError
from data.made_with import UNWRITTEN, MadeWith
from data.registers.register import Register
from data.registers.register_file import read_register, to_csv, write_register
from data.registers.starting_register import shipped
from data.sign_in.people import Person

VARIABLE = REGISTERS.variable
"""Environment variable that says where registers are kept."""


def folder_of(la_code: int) -> Path:
    """Return the folder of an authority's registers, whether or not it exists."""
    return REGISTERS.folder_of(la_code)


def versions(la_code: int) -> tuple[KeptFile, ...]:
    """Return every stored version of an authority's register, oldest first."""
    return REGISTERS.versions(la_code)


def find(la_code: int, version: int) -> KeptFile:
    """Return the stored version of an authority's register with a given number.

    Raises
    ------
    RegisterError
        There is none of that number.
    """
    return REGISTERS.find(la_code, version)


def read(kept: KeptFile) -> Register:
    """Read the register of a stored version.

    Raises
    ------
    RegisterError
        The file was changed by another program and cannot be used.
    """
    return read_register(kept.path, la_code=kept.la_code)


def in_use(la_code: int) -> tuple[Register, str]:
    """Return the register in use for an authority, and in words which it is: its latest kept version, else the one shipped.

    Raises
    ------
    RegisterError
        The kept file was changed by another program and cannot be used.
    """
    kept = versions(la_code)
    if kept:
        return read(kept[-1]), f"the register in use ({kept[-1].description})"
    return shipped(la_code), "the register that comes with the planner, which is in use"


def keep(
    who: Person, register: Register, la_code: int, after: int, made_with: MadeWith = UNWRITTEN
) -> KeptFile:
    """Store a register as the version after the one it was edited from.

    Parameters
    ----------
    who
        Who keeps it.
    register
        What to keep.
    la_code
        Whose it is.
    after
        The latest version when the editing began; 0 where there was none.
    made_with
        The release and models in use; pages always say it.

    Raises
    ------
    NotAllowedError
        Their role does not allow it.
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
    name = f"{after + 1:04d}.csv"
    return REGISTERS.keep(
        who,
        la_code,
        after,
        lambda path: write_register(Register(la_code, register.rows, name), path),
        made_with,
    )


def fingerprint(register: Register) -> str:
    """Return the SHA-256 of a register's rows: registers with equal rows have equal fingerprints, whatever their origin."""
    return hashlib.sha256(to_csv(register).encode()).hexdigest()
