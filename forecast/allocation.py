"""From children who want a specialist place to the places they get, unit by unit, and where the others go.

Invariants, in every draw, January, age and need: wanted = placed + unplaced, and unplaced = the sum over destinations of
overflow. In every unit: filled + filled by overflow + free = places, and nobody is where their age or need is not admitted.

A *unit* is a setting, or the part of one, that offers places of one provision. Each January, for each provision:

1. *Continuing pupils* (placed last January, now a year older) stay in their unit if it still admits them. Where a unit has
   fewer places than pupils who could stay, or fewer children of an age and need want the provision than were placed, all are
   scaled down in proportion.
2. *Transfers*: continuing pupils whose unit no longer admits or has room for them.
3. *New entrants*: all others who want the provision.

Transfers, then new entrants, fill free places unit by unit, in the order of `forecast.admission`; equals share in proportion.
Then, for transfers before new entrants come and again after them, room is made (`forecast.making_room`, which says why): while a
child without a place could be admitted if others took places that stand free elsewhere, they do (new arrivals sooner than pupils
who stay).

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
from forecast.admission import (
    CELLS,
    GRID,
    Doors,
    Flags,
    Gate,
    Indices,
    Places,
    Tally,
    doors_of,
    span,
    units_of,
)
from forecast.making_room import TOLERANCE, make_room
from forecast.preference_order import Rules
from models.base import Array

GROUPED: dict[str, tuple[str, ...]] = {g.code: g.needs for g in NEED_GROUPS}
"""Need group code to need codes: the resolution at which units are reported."""

_SOUGHT = len(SPECIALIST_PROVISIONS)


@dataclass(frozen=True, eq=False)
class Cells:
    """Children by single age and need.

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
    """Who has a place, where, and where the others went; children (real numbers: expectations within each draw).

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
    cells: Cells | None
    filled: Array
    filled_by_overflow: Array
    free: Array
    moved: Array
    unseated_at_start: Array


def allocate(
    wanted: Array,
    start: Array,
    places: Places,
    rules: Rules,
    *,
    opening: Places,
    need_groups: Mapping[str, tuple[str, ...]] = GROUPED,
    shares: Array | None = None,
    by_age_and_need: bool = True,
) -> Allocation:
    """Match children to places in every draw and January, and send the others on.

    Parameters
    ----------
    wanted
        Children who want a place of each specialist provision, dims ``(draw, january, provision, age, need)``; at least 0.
    start
        Children placed at the origin January, dims ``(provision, age, need)``.
    places
        Places of the Januaries of ``wanted``.
    rules
        Preference order for the unplaced.
    opening
        Places of the same units at the origin: one draw, one January. The children of ``start`` are seated there first.
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
    _check(wanted, start, places, opening, rules, shares)
    draws, januaries = wanted.shape[:2]
    margin = _margins(need_groups)
    margins = len(PHASES) * len(need_groups)
    units = units_of(places, opening, margin)
    step_share = np.array([[step.share] for step in rules.steps]) if shares is None else shares.T
    destinations = rules.destinations
    route = _route(rules, margin)

    seats: list[Array] = [np.zeros((len(unit.cells), 1)) for unit in units]
    last = np.zeros((_SOUGHT, CELLS, 1))
    first = doors_of(opening, 0, units)
    room = np.array(opening.places[:, 0].T)
    unseated = np.empty_like(last)
    for p in range(_SOUGHT):
        here = start[p].reshape(CELLS, 1)
        unseated[p], last[p], _ = _match(here, last[p], first[p], seats, room)

    short = np.zeros((januaries, _SOUGHT, margins, draws))
    cause = np.zeros((januaries, _SOUGHT, len(destinations), margins, draws))
    filled = np.zeros((januaries, len(units), margins, draws))
    by_overflow = np.zeros((januaries, len(units), draws))
    free = np.empty_like(by_overflow)
    moved = np.zeros_like(by_overflow)
    everyone = Tally.of(margin)
    kept = {"placed": _SOUGHT, "unplaced": _SOUGHT, "overflow": len(destinations)} if by_age_and_need else {}
    cells = {name: np.zeros((januaries, count, CELLS, draws)) for name, count in kept.items()}
    placed = last
    for january in range(januaries):
        doors = doors_of(places, january, units)
        room = np.array(np.broadcast_to(places.places[:, january].T, (len(units), draws)))
        demand = np.ascontiguousarray(np.moveaxis(wanted[:, january], 0, -1)).reshape(_SOUGHT, CELLS, draws)
        unplaced, previous, placed = np.empty_like(demand), placed, np.empty_like(demand)
        for p, door in enumerate(doors):
            unplaced[p], placed[p], shifts = _match(demand[p], previous[p], door, seats, room)
            short[january, p, everyone.present] = everyone.adds @ unplaced[p]
            for gate, shift in zip(door.gates, shifts, strict=True):
                unit = gate.unit
                filled[january, unit.index, unit.tally.present] = unit.tally.adds @ seats[unit.index]
                moved[january, unit.index] = shift
        after = room.copy()
        overflow = cells["overflow"][january] if cells else None
        _send_on(unplaced, route, step_share, doors, after, overflow, cause[january])
        by_overflow[january] = room - after
        free[january] = after
        if cells:
            cells["placed"][january], cells["unplaced"][january] = placed, unplaced

    grouped = (len(PHASES), len(need_groups), draws)
    return Allocation(
        need_groups=tuple(need_groups),
        destinations=destinations,
        cells=Cells(**{n: _draws_first(v.reshape(*v.shape[:2], *GRID, draws)) for n, v in cells.items()})
        if cells
        else None,
        short=_draws_first(short.reshape(januaries, _SOUGHT, *grouped)),
        cause=_draws_first(cause.reshape(januaries, _SOUGHT, len(destinations), *grouped)),
        filled=_draws_first(filled.reshape(januaries, len(units), *grouped)),
        filled_by_overflow=_draws_first(by_overflow),
        free=_draws_first(free),
        moved=_draws_first(moved),
        unseated_at_start=unseated.reshape(_SOUGHT, *GRID),
    )


def _match(
    wanted: Array, last: Array, doors: Doors, seats: list[Array], room: Array
) -> tuple[Array, Array, list[Array]]:
    """Match one provision in one January; return unplaced and placed, dims ``(cell, draw)``, and pupils moved, by gate.

    ``last`` are the children placed a year ago. ``seats`` and ``room`` are brought up to this January.
    """
    aged = np.zeros((CELLS, last.shape[1]))
    aged[len(NEED_CODES) :] = last[: -len(NEED_CODES)]
    continuing = np.minimum(aged, wanted)
    going_on = np.divide(continuing, aged, out=np.zeros_like(continuing), where=aged > 0)
    transfers = continuing.copy()
    stays: list[Array] = []
    for gate in doors.gates:
        younger = gate.unit.younger[gate.rows]
        stay = seats[gate.unit.index][younger] * going_on[gate.cells]
        stay[younger < 0] = 0.0
        if gate.mask is not None:
            stay *= gate.mask
        space = room[gate.unit.index]
        total = stay.sum(axis=0)
        if (total > space).any():
            stay *= _part(space, total)
            total = np.minimum(total, space)
        space -= total
        transfers[gate.cells] -= stay
        stays.append(stay)
    np.maximum(transfers, 0.0, out=transfers)
    arrivals = [np.zeros_like(stay) for stay in stays]
    moved = [np.zeros(wanted.shape[1]) for _ in stays]
    if (transfers > TOLERANCE).any():
        _enter(transfers, doors.gates, room, arrivals)
        make_room(transfers, doors, stays, arrivals, room, moved)
    queue = wanted - continuing
    _enter(queue, doors.gates, room, arrivals)
    queue += transfers
    make_room(queue, doors, stays, arrivals, room, moved)
    for gate, stay, arrival in zip(doors.gates, stays, arrivals, strict=True):
        held = np.zeros((len(gate.unit.cells), wanted.shape[1]))
        held[gate.rows] = stay + arrival
        seats[gate.unit.index] = held
    np.clip(queue, 0.0, wanted, out=queue)
    return queue, wanted - queue, moved


def _enter(queue: Array, gates: Sequence[Gate], room: Array, arrivals: Sequence[Array] | None = None) -> None:
    """Let children of ``queue`` take free places, gate by gate; ``queue``, ``room`` and ``arrivals`` are brought up to date."""
    for position, gate in enumerate(gates):
        space = room[gate.unit.index]
        for tier in gate.tiers:
            if not space.any():
                break
            cells = gate.cells[tier]
            entering = queue[cells]
            if gate.mask is not None:
                entering *= gate.mask[tier]
            total = entering.sum(axis=0)
            if not total.any():
                continue
            entering *= _part(space, total)
            space -= np.minimum(total, space)
            queue[cells] -= entering
            if arrivals is not None:
                arrivals[position][tier] += entering


def _send_on(
    unplaced: Array,
    route: Sequence[_Leg],
    shares: Array,
    doors: Sequence[Doors],
    room: Array,
    overflow: Array | None,
    cause: Array,
) -> None:
    """Send the unplaced of one January to their destinations; ``room``, ``overflow`` and ``cause`` are brought up to date."""
    left = unplaced.copy()
    for leg in route:
        p, cells = leg.wanted, leg.cells
        if leg.limited:
            ((to, share),) = leg.steps
            asking = np.zeros_like(left[p])
            going = left[p, cells] * shares[share]
            asking[cells] = going
            _enter(asking, leg.gates(doors), room)
            going -= asking[cells]
            left[p, cells] -= going
            cause[p, to, leg.tally.present] += leg.tally.adds @ going
            if overflow is not None:
                overflow[to, cells] += going
            continue
        # Destinations that take all who are sent share out whoever is left alike, so their sums can be shared out instead.
        rest = np.ones_like(shares[0])
        reached = leg.tally.adds @ left[p, cells]
        for to, share in leg.steps:
            part = rest * shares[share]
            cause[p, to, leg.tally.present] += reached * part
            if overflow is not None:
                overflow[to, cells] += left[p, cells] * part
            rest = rest - part
        left[p, cells] *= rest


@dataclass(frozen=True, eq=False)
class _Leg:
    """Steps of the preference order that are taken together: one to places there are so many of, or several to others.

    Parameters
    ----------
    wanted
        Position of the provision wanted.
    cells, tally
        Whom the steps are for, and their phases and need groups.
    steps
        Position of the destination, and of the step among the shares.
    destination
        Provision with so many places; None where there is no limit.
    communities
        Only units in these communities; empty means all.
    """

    wanted: int
    cells: slice | Indices
    tally: Tally
    steps: tuple[tuple[int, int], ...]
    destination: int | None
    communities: tuple[str, ...]

    @property
    def limited(self) -> bool:
        """True where places can run out."""
        return self.destination is not None

    def gates(self, doors: Sequence[Doors]) -> list[Gate]:
        """Return the gates that its children may try."""
        assert self.destination is not None  # asked of limited legs only
        return [
            gate
            for gate in doors[self.destination].gates
            if not self.communities or gate.unit.community in self.communities
        ]


def _route(rules: Rules, margin: Indices) -> list[_Leg]:
    """Return the steps of a preference order as legs."""
    legs: list[_Leg] = []
    last: Flags | None = None
    for number, step in enumerate(rules.steps):
        wanted, to = SPECIALIST_PROVISIONS.index(step.provision), rules.destinations.index(step.destination)
        fits = step.fits.ravel()
        same = last is not None and legs[-1].wanted == wanted and bool((fits == last).all())
        if same and not step.limited and not legs[-1].limited:
            legs[-1] = replace(legs[-1], steps=(*legs[-1].steps, (to, number)))
            continue
        cells = np.flatnonzero(fits)
        destination = SPECIALIST_PROVISIONS.index(step.destination) if step.limited else None
        legs.append(
            _Leg(wanted, span(cells), Tally.of(margin[cells]), ((to, number),), destination, step.communities)
        )
        last = fits
    return legs


def _part(space: Array, total: Array) -> Array:
    """Return the share of ``total`` that fits in ``space``: at most 1, and 1 where nobody asks."""
    return np.minimum(np.divide(space, total, out=np.ones_like(total), where=total > 0), 1.0)


def _draws_first(values: Array) -> Array:
    """Return a view with the last axis, draws, first."""
    return np.moveaxis(values, -1, 0)


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


def _margins(need_groups: Mapping[str, tuple[str, ...]]) -> Indices:
    """Return the (phase, need group) of each cell, counted row by row."""
    phase = [PHASE_CODES.index(code) for code in PHASE_OF_AGE]
    margin: Indices = np.add.outer(
        np.array(phase) * len(need_groups), np.array(_groups(need_groups))
    ).reshape(-1)
    return margin


def _check(
    wanted: Array, start: Array, places: Places, opening: Places, rules: Rules, shares: Array | None
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
    same = (opening.units, opening.provision) == (places.units, places.provision)
    if not same or {len(opening.places), len(opening.admits_age), opening.januaries} != {1}:
        raise ValueError("The opening must hold the same units as the places, one draw and one January.")
    if shares is not None and shares.shape != (draws, len(rules.steps)):
        raise ValueError(
            f"Shares must have dims (draw, step) = {(draws, len(rules.steps))}, not {shares.shape}."
        )
    for name, children in (("wanted", wanted), ("start", start)):
        if not (children.min(initial=0.0) >= 0 and math.isfinite(children.max(initial=0.0))):
            raise ValueError(f"Children {name} must be at least 0 and not missing.")
