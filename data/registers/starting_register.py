"""The capacity register an authority starts from: a shipped one if there is one, else one estimated from published tables.

Invariant: the same tables give the same register; every row of an estimated register says so. Both kinds are trusted to keep the
rules of a register: a test checks them for every authority.
"""

from __future__ import annotations

from functools import cache

from data import tables
from data.areas import by_code
from data.registers.estimated_register import default_register
from data.registers.register import Register
from data.registers.register_file import read_register

SHIPPED = tables.REFERENCE / "capacity"
"""Registers built from published facts, one file an authority, named by the authority."""


@cache
def shipped(la_code: int) -> Register:
    """Return the register that an authority starts from, shipped if there is one, else estimated."""
    path = SHIPPED / f"{by_code(la_code).slug}.csv"
    if path.exists():
        return read_register(path, la_code=la_code, trusted=True)
    return default_register(
        la_code,
        establishments=tables.read("specialist_establishments"),
        funded_places=tables.read("funded_places"),
        import_export=tables.read("special_pupils_import_export"),
        plans_age_placement=tables.read("plans_age_placement"),
        plans_placement=tables.read("plans_placement"),
    )
