"""What each unit offers and whom it admits: the doors children stand before in a January, in the order they are filled.

A *unit* is a setting, or the part of one, that offers places of one provision.

Invariant: the gate of a unit holds the (age, need) cells it admits that January in any draw, and no others. Units of one
provision are filled in the same order in every draw: local units before those elsewhere, then units that admit the fewest ages
and needs, then as listed. In a unit, children whom fewer of the later units would admit come first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from data.errors import RegisterError
from data.register import LOCATIONS
from data.vocabulary import AGES, NEED_CODES, SPECIALIST_PROVISIONS
from models.base import Array

Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.intp]

GRID = (len(AGES), len(NEED_CODES))
"""Children are told apart by age and need: the shape of their grid."""

CELLS = GRID[0] * GRID[1]
"""Cells of that grid, counted row by row."""


@dataclass(frozen=True, eq=False)
class Places:
    """The units, what they offer and whom they admit.

    Parameters
    ----------
    units
        Names for people, one a unit.
    provision
        One of `data.vocabulary.SPECIALIST_PROVISIONS` a unit.
    located
        ``local`` or ``elsewhere`` a unit.
    community
        The group of settings that shares overflow rules a unit is in; empty text where none.
    places
        Places, dims ``(draw, january, unit)``: real numbers, at least 0. One draw stands for all draws.
    admits_age
        dims ``(draw, january, unit, age)``. One draw stands for all draws.
    admits_need
        dims ``(january, unit, need)``.

    Raises
    ------
    RegisterError
        A provision or location is not known, or places are negative or missing.
    ValueError
        Shapes disagree.
    """

    units: tuple[str, ...]
    provision: tuple[str, ...]
    located: tuple[str, ...]
    community: tuple[str, ...]
    places: Array
    admits_age: Flags
    admits_need: Flags

    def __post_init__(self) -> None:
        count = len(self.units)
        years = self.places.shape[1] if self.places.ndim == 3 else -1
        shapes = (
            self.places.shape == (len(self.places), years, count)
            and self.admits_age.shape == (len(self.admits_age), years, count, len(AGES))
            and self.admits_need.shape == (years, count, len(NEED_CODES))
            and {len(self.provision), len(self.located), len(self.community)} == {count}
        )
        if not shapes:
            raise ValueError(
                f"Places of {count} units must have dims (draw, january, unit), (draw, january, unit, age) and "
                f"(january, unit, need), not {self.places.shape}, {self.admits_age.shape}, {self.admits_need.shape}, and one "
                "provision, location and community a unit."
            )
        for name, provision, located, places in zip(
            self.units, self.provision, self.located, np.moveaxis(self.places, 2, 0), strict=True
        ):
            if provision not in SPECIALIST_PROVISIONS:
                raise RegisterError(
                    f"Unit '{name}' has the provision '{provision}', which is not specialist, so no child can be matched to it. "
                    f"Use one of {', '.join(SPECIALIST_PROVISIONS)}."
                )
            if located not in LOCATIONS:
                raise RegisterError(
                    f"Unit '{name}' is located '{located}', so we cannot tell whether it comes first. Use "
                    f"{' or '.join(LOCATIONS)}."
                )
            if not (np.isfinite(places) & (places >= 0)).all():
                raise RegisterError(
                    f"Unit '{name}' has places that are negative or missing in some January, so nobody can be matched to them. "
                    "Enter 0 where there are none."
                )

    @property
    def januaries(self) -> int:
        """Number of Januaries."""
        return int(self.places.shape[1])

    def some(self, draws: slice) -> Places:
        """Return the places of some draws; one draw that stands for all stays."""
        places = self.places if len(self.places) == 1 else self.places[draws]
        ages = self.admits_age if len(self.admits_age) == 1 else self.admits_age[draws]
        return replace(self, places=places, admits_age=ages)


@dataclass(frozen=True, eq=False)
class Tally:
    """Adds up rows by kind: the kinds present, which of them each row is, and the matrix that adds, dims ``(kind, row)``."""

    present: Indices
    of_row: Indices
    adds: Array

    @classmethod
    def of(cls, kinds: Indices) -> Tally:
        """Return the tally of rows of these kinds."""
        present, of_row = np.unique(kinds, return_inverse=True)
        adds = np.zeros((len(present), len(kinds)))
        adds[of_row, np.arange(len(kinds))] = 1.0
        return cls(present, of_row, adds)


@dataclass(frozen=True, eq=False)
class Unit:
    """A unit and what it ever admits.

    Parameters
    ----------
    index
        Position among all units.
    cells, younger
        (age, need) cells admitted at the origin or later; the position of the same need a year younger (-1: none).
    tally
        Cells by phase and need group.
    """

    index: int
    provision: str
    local: bool
    community: str
    cells: Indices
    younger: Indices
    tally: Tally


@dataclass(frozen=True, eq=False)
class Gate:
    """Whom a unit admits in one January.

    Parameters
    ----------
    rows, cells
        Positions in ``unit.cells`` open in any draw, and their cells.
    mask
        Draws in which each row is open, dims ``(row, draw)``; None where all are open in all draws.
    tiers
        Positions in ``rows``, children with fewest later units first.
    kinds
        Rows by kind of child (`Doors`).
    """

    unit: Unit
    rows: Indices
    cells: Indices
    mask: Array | None
    tiers: tuple[Indices, ...]
    kinds: Tally


@dataclass(frozen=True, eq=False)
class Doors:
    """The gates of one provision in one January, in the order they are filled, and cells that open the same gates as one kind.

    Parameters
    ----------
    gates
        In order.
    queue
        All cells by kind, -1 where no unit admits them.
    sort
        Sort of each gate: gates of a sort admit the same kinds in every draw.
    admits
        1 where a sort of gate is open to a kind, dims ``(draw, sort, kind)``; one draw where all agree.
    linked
        1 where a child could pass from one sort to another in any number of moves, dims ``(sort, sort)``.
    """

    gates: tuple[Gate, ...]
    queue: Tally
    sort: Indices
    admits: Array
    linked: Array


def units_of(places: Places, opening: Places, margin: Indices) -> list[Unit]:
    """Return each unit with every cell it admits at the origin or later."""
    found = []
    for index, provision in enumerate(places.provision):
        ever = np.zeros(GRID, dtype=bool)
        for source in (opening, places):
            ages: Flags = np.asarray(source.admits_age[:, :, index].any(axis=0))
            ever |= (ages[:, :, np.newaxis] & source.admits_need[:, index, np.newaxis]).any(axis=0)
        cells = np.flatnonzero(ever)
        position = np.full(CELLS, -1)
        position[cells] = np.arange(len(cells))
        younger = np.where(cells >= len(NEED_CODES), position[np.maximum(cells - len(NEED_CODES), 0)], -1)
        local, community = places.located[index] == "local", places.community[index]
        tally = Tally.of(margin[cells])
        found.append(Unit(index, provision, local, community, cells, younger, tally))
    return found


def doors_of(places: Places, january: int, units: Sequence[Unit]) -> list[Doors]:
    """Return the doors of each specialist provision in one January."""
    found = []
    for provision in SPECIALIST_PROVISIONS:
        members = [unit for unit in units if unit.provision == provision]
        index = np.array([unit.index for unit in members], dtype=np.intp)
        ages = places.admits_age[:, january, index]
        if (ages == ages[:1]).all():
            ages = ages[:1]
        needs = places.admits_need[january, index]
        often = np.sum(ages.any(axis=0), axis=1) * needs.sum(axis=1)
        order = sorted(range(len(members)), key=lambda i: (not members[i].local, often[i], i))
        ages, needs = ages[:, order], needs[order]
        found.append(_provision_doors([members[i] for i in order], ages, needs))
    return found


def _provision_doors(units: Sequence[Unit], ages: Flags, needs: Flags) -> Doors:
    """Return the doors of units in filling order, from ``ages`` (draw, unit, age) and ``needs`` (unit, need)."""
    age_kinds, age_kind = _alike(ages)
    need_kinds, need_kind = _alike(needs)
    both = ages[:, :, age_kinds][:, :, :, np.newaxis] & needs[:, np.newaxis, need_kinds]
    admitted = np.asarray(both.any(axis=(0, 1)))
    number = np.where(admitted, np.cumsum(admitted).reshape(admitted.shape) - 1, -1)
    kind = number[np.ix_(age_kind, need_kind)].reshape(-1)
    firsts, sort = _alike(both[:, :, admitted].swapaxes(1, 2))
    admits = both[:, firsts][:, :, admitted].astype(float)
    ever: Flags = np.asarray(ages.any(axis=0))
    always: Flags = np.asarray(ages.all(axis=0))
    later = np.zeros(CELLS, dtype=int)
    gates: list[Gate] = []
    for i in range(len(units) - 1, -1, -1):
        unit = units[i]
        age, need = np.divmod(unit.cells, len(NEED_CODES))
        rows = np.flatnonzero(ever[i, age] & needs[i, need])
        cells = unit.cells[rows]
        mask = None if always[i, age[rows]].all() else ages[:, i, age[rows]].T.astype(float)
        others = later[cells]
        tiers = tuple(np.flatnonzero(others == count) for count in np.unique(others))
        later[cells] += 1
        gates.append(Gate(unit, rows, cells, mask, tiers, Tally.of(kind[cells])))
    linked = admits.max(axis=0) @ admits.max(axis=0).T
    for _ in range(len(units).bit_length()):
        linked = ((linked @ linked) > 0).astype(float)
    return Doors(tuple(reversed(gates)), Tally.of(kind), sort, admits, linked)


def span(positions: Indices) -> slice | Indices:
    """Return rising positions as a slice where they run on without a gap: numpy then reads in place."""
    if len(positions) and positions[-1] - positions[0] == len(positions) - 1:
        return slice(int(positions[0]), int(positions[-1]) + 1)
    return positions


def _alike(flags: Flags) -> tuple[Indices, Indices]:
    """Return the first positions along the last axis of those that differ, and for each position the one it is like."""
    numbers: dict[bytes, int] = {}
    like = [numbers.setdefault(flags[..., i].tobytes(), len(numbers)) for i in range(flags.shape[-1])]
    firsts = [like.index(number) for number in range(len(numbers))]
    return np.array(firsts, dtype=np.intp), np.array(like, dtype=np.intp)
