"""Allocation: give children places of the provision they want, unit by unit, and send the others elsewhere.

Invariants, in every draw, January, age and need: wanted = placed + unplaced, and unplaced = the sum over destinations of
overflow. In every unit: filled + filled by overflow + free = places, and nobody is where their age or need is not admitted.

A *unit* is a setting, or the part of one, that offers places of one provision. Each January, for each provision:

1. *Continuing pupils* (placed last January, now a year older) stay in their unit if it still admits them. Where a unit has
   fewer places than pupils who could stay, or fewer children of an age and need want the provision than were placed, all are
   scaled down in proportion.
2. *Transfers*: continuing pupils whose unit no longer admits or has room for them.
3. *New entrants*: all others who want the provision.

Transfers, then new entrants, fill free places unit by unit, in the order of `forecast.places.admission`; equals share in
proportion. Then, for transfers before new entrants come and again after them, room is made (`forecast.places.matching`, which
says why): while a child without a place could be admitted if others took places that stand free elsewhere, they do (new
arrivals sooner than pupils who stay).

Children left unplaced follow the preference order `Rules`. They never take a place from a child who wants that provision, and
they have no claim on it next January: they still want the place they did not get.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from data.errors import OptionError
from data.vocabulary import NEED_CODES, NEED_GROUPS, PHASE_CODES, PHASE_OF_AGE, PHASES, SPECIALIST_PROVISIONS
from forecast.core.arrays import Flags, Indices
from forecast.places.admission import CELLS, GRID, Gates, OpenPlaces, Positions, Seats, gates_of, seats_of
from forecast.places.matching import MatchCounts, Pupils, UnplacedCells, match, send_to_places, share_out
from forecast.places.preference_order import Rules
from models.base import Array, Floats

GROUPED: dict[str, tuple[str, ...]] = {g.code: g.needs for g in NEED_GROUPS}
"""Need group code to need codes: the resolution at which units are reported."""

_SOUGHT = len(SPECIALIST_PROVISIONS)


@dataclass(frozen=True, eq=False)
class CellCounts:
    """Children with and without the place they want, by single age and need.

    Parameters
    ----------
    placed, unplaced
        Who have, or do not have, a place of the provision they want, dims ``(draw, january, provision, age, need)``.
    overflow
        Where the unplaced went, dims ``(draw, january, destination, age, need)``.
    """

    placed: Array
    unplaced: Array
    overflow: Array


@dataclass(frozen=True, eq=False)
class Allocation:
    """Places taken and free, and children without the place they want, in expected numbers of children in each draw.

    Provisions are in the order of `data.vocabulary.SPECIALIST_PROVISIONS`, ages, needs and phases in that of the vocabulary.

    Parameters
    ----------
    need_groups
        Codes of the need groups.
    destinations
        Codes of the destinations, in order.
    short
        Children without a place of the provision they want, dims ``(draw, january, provision, phase, need_group)``; at least 0.
    cause
        Where those went, dims ``(draw, january, provision, destination, phase, need_group)``.
    cells
        The same by single age and need; None where it was not asked for.
    filled
        Places taken by children who wanted them, dims ``(draw, january, unit, phase, need_group)``.
    filled_by_overflow
        Free places taken by children who wanted another provision, dims ``(draw, january, unit)``.
    free
        Places left, dims ``(draw, january, unit)``.
    moved
        Pupils who left a unit that still admits them so that another child could be placed, dims ``(draw, january, unit)``.
    unseated_at_start
        Children placed at the origin whom no unit of the register had a place for, dims ``(provision, age, need)``: they count as
        new entrants. Many of them mean a register that does not match the roll.
    """

    need_groups: tuple[str, ...]
    destinations: tuple[str, ...]
    short: Array
    cause: Array
    cells: CellCounts | None
    filled: Array
    filled_by_overflow: Array
    free: Array
    moved: Array
    unseated_at_start: Array


@dataclass(frozen=True, eq=False)
class Admission:
    """Places of the units and the gates that admit children to them.

    Parameters
    ----------
    places, opening
        Places of the Januaries asked for, and of the same units at the origin: one draw, one January.
    seats
        A seat for each unit and cell.
    gates_at_origin, gates
        Gates of each specialist provision at the origin, and in each January.
    """

    places: OpenPlaces
    opening: OpenPlaces
    seats: Seats
    gates_at_origin: list[Gates]
    gates: list[list[Gates]]

    @classmethod
    def of(cls, places: OpenPlaces, opening: OpenPlaces) -> Admission:
        """Return the gates of the given places.

        Raises
        ------
        ValueError
            The opening is not of the same units, one draw and one January.
        """
        same = (opening.units, opening.provision) == (places.units, places.provision)
        if not same or {len(opening.places), len(opening.admits_age), opening.januaries} != {1}:
            raise ValueError("The opening must hold the same units as the places, one draw and one January.")
        seats = seats_of(places, opening)
        return cls(places, opening, seats, next(gates_of(opening, seats)), list(gates_of(places, seats)))


def allocate(
    wanted: Array | Floats,
    start: Array,
    admission: Admission,
    rules: Rules,
    *,
    need_groups: Mapping[str, tuple[str, ...]] = GROUPED,
    shares: Array | None = None,
    by_age_and_need: bool = True,
) -> Allocation:
    """Allocate children to places in every draw and January, and send those without a place elsewhere.

    Parameters
    ----------
    wanted
        Children who want a place of each specialist provision, dims ``(draw, january, provision, age, need)``; at least 0.
    start
        Children placed at the origin January, dims ``(provision, age, need)``.
    admission
        Places of the Januaries of ``wanted``, and of the same units at the origin, where the children of ``start`` are seated
        first.
    rules
        Preference order for the unplaced.
    need_groups
        Group code to need codes, every need once; the resolution at which units are reported.
    shares
        Share of each step of ``rules`` in each draw, dims ``(draw, step)`` (`Rules.share_draws`); the rules' own when left out.
    by_age_and_need
        Whether to keep `Allocation.cells`, most of the memory; their sums are always there.

    Raises
    ------
    ValueError
        Shapes disagree, or children are negative or missing.
    """
    places, opening = admission.places, admission.opening
    _check(wanted, start, places, rules, shares)
    draws, januaries = wanted.shape[:2]
    units, destinations = len(places.units), rules.destinations
    margin = _margins(need_groups)
    margins = len(PHASES) * len(need_groups)
    if shares is None:
        shares = np.tile([step.share for step in rules.steps], (draws, 1))
    shares = _contiguous(shares)
    step_groups = _group_steps(rules)
    demand = _contiguous(wanted).reshape(draws, januaries, _SOUGHT, CELLS)

    seated = np.zeros((1, len(admission.seats.cell) + 1))  # the last stands for seats that are not there
    placed, unseated = np.zeros((1, _SOUGHT, CELLS)), np.zeros((1, _SOUGHT, CELLS))
    first = _no_counts(1, (1, 0), units, len(destinations), margins)
    at_origin = _contiguous(start).reshape(1, 1, _SOUGHT, CELLS)
    opened = np.array(opening.places[:, 0], dtype=float, order="C")
    pupils = Pupils(placed, unseated, seated, opened)
    for p, gates in enumerate(admission.gates_at_origin):
        match(at_origin, 0, p, len(NEED_CODES), gates, margin, pupils, first)

    seated, placed = np.repeat(seated, draws, axis=0), np.repeat(placed, draws, axis=0)
    unplaced = np.empty_like(placed)
    kept = januaries if by_age_and_need else 0
    counts = _no_counts(draws, (januaries, kept), units, len(destinations), margins)
    by_overflow, free = np.zeros((draws, januaries, units)), np.zeros((draws, januaries, units))
    got, lacked = np.zeros((draws, kept, _SOUGHT, CELLS)), np.zeros((draws, kept, _SOUGHT, CELLS))
    for january, by_provision in enumerate(admission.gates):
        room = np.array(np.broadcast_to(places.places[:, january], (draws, units)), dtype=float)
        pupils = Pupils(placed, unplaced, seated, room)
        for p, gates in enumerate(by_provision):
            match(demand, january, p, len(NEED_CODES), gates, margin, pupils, counts)
        if by_age_and_need:
            got[:, january], lacked[:, january] = placed, unplaced
        by_overflow[:, january] = room
        for group in step_groups:
            group.send(january, shares, by_provision, places, margin, pupils, counts)
        by_overflow[:, january] -= room
        free[:, january] = room

    grouped = (len(PHASES), len(need_groups))
    cells = (
        CellCounts(*(c.reshape(*c.shape[:3], *GRID) for c in (got, lacked, counts.overflow)))
        if by_age_and_need
        else None
    )
    return Allocation(
        need_groups=tuple(need_groups),
        destinations=destinations,
        cells=cells,
        short=counts.short.reshape(*counts.short.shape[:-1], *grouped),
        cause=counts.cause.reshape(*counts.cause.shape[:-1], *grouped),
        filled=counts.filled.reshape(*counts.filled.shape[:-1], *grouped),
        filled_by_overflow=by_overflow,
        free=free,
        moved=counts.moved,
        unseated_at_start=unseated.reshape(_SOUGHT, *GRID),
    )


def _no_counts(
    draws: int, januaries: tuple[int, int], units: int, destinations: int, margins: int
) -> MatchCounts:
    """Return counts of zero for so many Januaries, and for those of them that are counted by single age and need too."""
    some, by_cell = ((draws, each) for each in januaries)
    return MatchCounts(
        short=np.zeros((*some, _SOUGHT, margins)),
        cause=np.zeros((*some, _SOUGHT, destinations, margins)),
        overflow=np.zeros((*by_cell, destinations, CELLS)),
        filled=np.zeros((*some, units, margins)),
        moved=np.zeros((*some, units)),
    )


@dataclass(frozen=True, eq=False)
class _StepGroup:
    """Steps of the preference order taken together: one to limited places, or several to unlimited destinations.

    Destinations that take all who are sent share out whoever is left alike, so their steps can be taken at once.

    Parameters
    ----------
    wanted
        Position of the provision wanted.
    cells
        Whom the steps are for.
    steps, destinations
        Positions of the steps among the shares, and of where they lead.
    provision
        Position of the provision with so many places; None where there is no limit.
    communities
        Only units in these communities; empty means all.
    """

    wanted: int
    cells: Positions
    steps: Indices
    destinations: Indices
    provision: int | None
    communities: tuple[str, ...]

    def send(
        self,
        january: int,
        shares: Array,
        by_provision: Sequence[Gates],
        places: OpenPlaces,
        margin: Positions,
        pupils: Pupils,
        counts: MatchCounts,
    ) -> None:
        """Send children to the steps' destinations, updating ``pupils`` and ``counts``."""
        who = UnplacedCells(self.wanted, self.cells, margin)
        if self.provision is None:
            share_out(who, january, shares, self.steps, self.destinations, pupils, counts)
            return
        gates = by_provision[self.provision]
        may_try = np.array(
            [not self.communities or places.community[unit] in self.communities for unit in gates.unit],
            dtype=bool,
        )
        (step,), (destination,) = self.steps, self.destinations
        share = np.ascontiguousarray(shares[:, step])
        send_to_places(who, january, share, gates, may_try, int(destination), pupils, counts)


def _group_steps(rules: Rules) -> list[_StepGroup]:
    """Return the steps of a preference order, grouped into those that can be taken together."""
    groups: list[_StepGroup] = []
    last: Flags | None = None
    for number, step in enumerate(rules.steps):
        wanted, to = SPECIALIST_PROVISIONS.index(step.provision), rules.destinations.index(step.destination)
        fits = step.fits.ravel()
        same = last is not None and groups[-1].wanted == wanted and bool((fits == last).all())
        if same and not step.limited and groups[-1].provision is None:
            steps, destinations = np.append(groups[-1].steps, number), np.append(groups[-1].destinations, to)
            groups[-1] = replace(groups[-1], steps=steps, destinations=destinations)
            continue
        groups.append(
            _StepGroup(
                wanted=wanted,
                cells=np.flatnonzero(fits).astype(np.uintp),
                steps=np.array([number]),
                destinations=np.array([to]),
                provision=SPECIALIST_PROVISIONS.index(step.destination) if step.limited else None,
                communities=step.communities,
            )
        )
        last = fits
    return groups


def _contiguous(values: Array | Floats) -> Array:
    """Return values as a writeable array in one piece; compiled code would be compiled again for any other layout."""
    return np.require(values, dtype=float, requirements=["C", "W"])


def _groups(need_groups: Mapping[str, tuple[str, ...]]) -> tuple[int, ...]:
    """Return the position of each need's group."""
    listed = [need for needs in need_groups.values() for need in needs]
    if sorted(listed) != sorted(NEED_CODES):
        raise OptionError(
            "Need groups must hold every need once, or children would be lost or counted twice. Missing: "
            f"{', '.join(set(NEED_CODES) - set(listed)) or 'none'}; not a need or repeated: "
            f"{', '.join(n for n in listed if n not in NEED_CODES or listed.count(n) > 1) or 'none'}."
        )
    return tuple(
        next(i for i, needs in enumerate(need_groups.values()) if need in needs) for need in NEED_CODES
    )


def _margins(need_groups: Mapping[str, tuple[str, ...]]) -> Positions:
    """Return the combined (phase, need group) position of each (age, need) cell."""
    phase = [PHASE_CODES.index(code) for code in PHASE_OF_AGE]
    margin: Positions = np.add.outer(
        np.array(phase) * len(need_groups), np.array(_groups(need_groups))
    ).reshape(-1)
    return margin.astype(np.uintp)


def _check(
    wanted: Array | Floats, start: Array, places: OpenPlaces, rules: Rules, shares: Array | None
) -> None:
    draws, januaries = wanted.shape[:2]
    grid = (_SOUGHT, *GRID)
    if wanted.shape != (draws, januaries, *grid) or start.shape != grid:
        raise ValueError(
            f"Children must have dims (draw, january, provision, age, need) = (..., ..., {', '.join(map(str, grid))}) and at the "
            f"start the last three, not {wanted.shape} and {start.shape}."
        )
    if places.januaries != januaries or not {len(places.places), len(places.admits_age)} <= {1, draws}:
        raise ValueError(
            f"Children of {draws} draws and {januaries} Januaries need places of as many (or one draw for all), not "
            f"{places.places.shape} and ages {places.admits_age.shape}."
        )
    if shares is not None and shares.shape != (draws, len(rules.steps)):
        raise ValueError(
            f"Shares must have dims (draw, step) = {(draws, len(rules.steps))}, not {shares.shape}."
        )
    for name, children in (("wanted", wanted), ("start", start)):
        if not (children.min(initial=0.0) >= 0 and math.isfinite(children.max(initial=0.0))):
            raise ValueError(f"Children {name} must be at least 0 and not missing.")
