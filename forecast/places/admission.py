"""Admission: which ages and needs each unit admits in a January, and the order in which units are filled.

A *unit* is a setting, or the part of one, that offers places of one provision.

Invariant: the gate of a unit holds the (age, need) cells it admits that January in any draw, and no others. Units of one
provision are filled in the same order in every draw: local units before those elsewhere, then units that admit the fewest ages
and needs, then as listed. In a unit, children whom fewer of the later units would admit come first.

Cells that open the same gates in every draw are one *kind* of child: until somebody moves they fare alike, so most of the work is
done for kinds. Gates that admit the same kinds in every draw are one *sort*: they can stand in for each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from data.errors import RegisterError
from data.registers.register import LOCATIONS
from data.vocabulary import AGES, NEED_CODES, SPECIALIST_PROVISIONS
from forecast.core.arrays import Flags, Indices
from models.base import Array

Positions = npt.NDArray[np.uintp]
"""Never below 0, so that compiled code need not ask whether to count from the end."""

GRID = (len(AGES), len(NEED_CODES))
"""Children are told apart by age and need: the shape of their grid."""

CELLS = GRID[0] * GRID[1]
"""Cells of that grid, counted row by row."""


@dataclass(frozen=True, eq=False)
class OpenPlaces:
    """Units with their places and the ages and needs they admit.

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

    def some(self, draws: slice) -> OpenPlaces:
        """Return the places in a subset of draws; a single draw that applies to all is kept."""
        places = self.places if len(self.places) == 1 else self.places[draws]
        ages = self.admits_age if len(self.admits_age) == 1 else self.admits_age[draws]
        return replace(self, places=places, admits_age=ages)


@dataclass(frozen=True, eq=False)
class Seats:
    """Positions in an array of seated children: one for each unit and (age, need) cell it admits at the origin or later.

    Parameters
    ----------
    cell
        Cell of each seat.
    first
        Position of each unit's first seat, and at the end the number of seats.
    place
        Position of the seat for a cell in a unit, dims ``(unit, cell)``; where it never admits the cell, one past the last seat.
    younger
        The same for children of that need a year younger.
    """

    cell: Indices
    first: Indices
    place: Indices
    younger: Indices


class Gates(NamedTuple):
    """The gates (admission rules) of the units of one provision in one January, in the order the units are filled.

    A named tuple of plain arrays because that is what compiled code reads (`forecast.places.matching`). Entries are the kinds
    of each gate, gate after gate, those with fewest later gates first. Rows are the cells of each entry, entry after entry.

    Parameters
    ----------
    unit, sort
        Unit and sort of each gate.
    lead
        The first gate of each sort.
    first_entry
        Position of each gate's first entry, and at the end how many there are.
    kind, tier
        Of each entry: its kind, and how many later gates admit it.
    first_row
        Position of each entry's first row, and at the end how many there are.
    cell, seat, younger
        Of each row: its cell, the position of its seat, and of that for children a year younger (one past the last seat where
        there is none).
    kind_of
        Kind of every cell; the last kind is of those that no gate admits.
    by_kind, first_of_kind
        Cells in the order of their kinds, and the position of the first of each kind, and at the end how many there are.
    first_seat, end_seat
        Range of the seats of each gate's unit.
    admits
        Whether a gate is open to a kind, dims ``(draw, gate, kind)``; one draw where all agree.
    """

    unit: Indices
    sort: Indices
    lead: Indices
    first_entry: Indices
    kind: Indices
    tier: Indices
    first_row: Positions
    cell: Positions
    seat: Positions
    younger: Positions
    kind_of: Positions
    by_kind: Positions
    first_of_kind: Positions
    first_seat: Positions
    end_seat: Positions
    admits: Flags


def seats_of(places: OpenPlaces, opening: OpenPlaces) -> Seats:
    """Return the seat positions of each unit and of the (age, need) cells it admits at the origin or later."""
    ever = np.zeros((len(places.units), *GRID), dtype=bool)
    for source in (opening, places):
        ages: Flags = np.asarray(source.admits_age.any(axis=0))
        # Ages and needs of the same January only: a unit may change both.
        for age, need in zip(ages, source.admits_need, strict=True):
            ever |= age[:, :, np.newaxis] & need[:, np.newaxis, :]
    flat = ever.reshape(len(ever), CELLS)
    nowhere = int(flat.sum())
    place = np.where(flat, np.cumsum(flat).reshape(flat.shape) - 1, nowhere)
    younger = np.full_like(place, nowhere)
    younger[:, len(NEED_CODES) :] = place[:, : -len(NEED_CODES)]
    return Seats(np.nonzero(flat)[1], _starts(flat.sum(axis=1)), place, younger)


def gates_of(places: OpenPlaces, seats: Seats) -> Iterator[list[Gates]]:
    """Yield, January by January, the gates of each specialist provision."""
    units = [
        np.array([i for i, code in enumerate(places.provision) if code == provision], dtype=np.intp)
        for provision in SPECIALIST_PROVISIONS
    ]
    gates: list[Gates] = []
    for january in range(places.januaries):
        before, gates = gates, []
        for p, unit in enumerate(units):
            ages, needs = places.admits_age[:, january, unit], places.admits_need[january, unit]
            # Most Januaries admit whom the last did, and working gates out takes a while.
            if (
                january
                and (needs == places.admits_need[january - 1, unit]).all()
                and (ages == places.admits_age[:, january - 1, unit]).all()
            ):
                gates.append(before[p])
            else:
                gates.append(_provision_gates(places, unit, ages, needs, seats))
        yield gates


def _filling_order(places: OpenPlaces, unit: Indices, ages: Flags, needs: Flags) -> list[int]:
    """Return the positions in ``unit`` in the order in which units are filled."""
    admitted = np.sum(ages.any(axis=0), axis=1) * needs.sum(axis=1)
    return sorted(range(len(unit)), key=lambda i: (places.located[unit[i]] != "local", admitted[i], unit[i]))


def _provision_gates(places: OpenPlaces, unit: Indices, ages: Flags, needs: Flags, seats: Seats) -> Gates:
    """Return the gates of one provision's units, from ``ages`` (draw, unit, age) and ``needs`` (unit, need) admitted."""
    if (ages == ages[:1]).all():
        ages = ages[:1]
    order = _filling_order(places, unit, ages, needs)
    unit, ages, needs = unit[order], ages[:, order], needs[order]
    age_kinds, age_kind = _alike(np.moveaxis(ages, -1, 0))
    need_kinds, need_kind = _alike(needs.T)
    both = ages[:, :, age_kinds][:, :, :, np.newaxis] & needs[:, np.newaxis, need_kinds]
    admitted = np.asarray(both.any(axis=(0, 1)))
    nobody = np.zeros((*both.shape[:2], 1), dtype=bool)
    admits = np.concatenate([both[:, :, admitted], nobody], axis=2)
    number = np.where(admitted, np.cumsum(admitted).reshape(admitted.shape) - 1, admits.shape[2] - 1)
    kind_of = number[np.ix_(age_kind, need_kind)].reshape(-1)
    lead, sort = _alike(admits.swapaxes(0, 1))

    ever: Flags = np.asarray(admits.any(axis=0))
    later: Indices = np.cumsum(ever[::-1], axis=0)[::-1] - ever
    gate_of, kind = np.nonzero(ever)
    tier = later[gate_of, kind]
    ranked = np.lexsort((tier, gate_of))
    entry = np.zeros(ever.shape, dtype=np.intp)
    entry[gate_of[ranked], kind[ranked]] = np.arange(len(ranked))
    gate, cell = np.nonzero(ever[:, kind_of])
    in_entry = entry[gate, kind_of[cell]]
    rows = np.argsort(in_entry, kind="stable")
    gate, cell = gate[rows], cell[rows]
    return Gates(
        unit=unit,
        sort=sort,
        lead=lead,
        first_entry=_starts(ever.sum(axis=1)),
        kind=kind[ranked],
        tier=tier[ranked],
        first_row=_starts(np.bincount(in_entry, minlength=len(ranked))).astype(np.uintp),
        cell=cell.astype(np.uintp),
        seat=seats.place[unit[gate], cell].astype(np.uintp),
        younger=seats.younger[unit[gate], cell].astype(np.uintp),
        kind_of=kind_of.astype(np.uintp),
        by_kind=np.argsort(kind_of, kind="stable").astype(np.uintp),
        first_of_kind=_starts(np.bincount(kind_of, minlength=admits.shape[2])).astype(np.uintp),
        first_seat=seats.first[unit].astype(np.uintp),
        end_seat=seats.first[unit + 1].astype(np.uintp),
        admits=np.ascontiguousarray(admits),
    )


def _starts(counts: Indices) -> Indices:
    """Return the start position of each of several runs of the given lengths, and the total length at the end."""
    starts = np.zeros(len(counts) + 1, dtype=np.intp)
    np.cumsum(counts, out=starts[1:])
    return starts


def _alike(flags: Flags) -> tuple[Indices, Indices]:
    """Return the positions of the distinct items along the first axis, and for each item the number of its distinct one."""
    numbers: dict[bytes, int] = {}
    like = [numbers.setdefault(each.tobytes(), len(numbers)) for each in flags]
    firsts = [like.index(number) for number in range(len(numbers))]
    return np.array(firsts, dtype=np.intp), np.array(like, dtype=np.intp)
