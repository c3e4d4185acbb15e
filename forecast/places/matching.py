"""Matching of children to places, draw by draw, as compiled code: who stays, who enters, who moves, and who goes elsewhere.

Invariant: after `match` as many children of a provision are placed as its places and their demand allow (a maximum flow, to
within `TOLERANCE`). Making room takes nobody's place away, everyone is where their age and need are admitted, and no unit holds
more than its places.

**Why compiled.** Matching is thousands of small steps, each depending on the last. One by one in numpy they take most of the
time of a scenario, and hold the interpreter so that threads wait for each other. Compiled by numba they take a fraction, and let
it go. The machine code is kept on disk; it is made anew when *this file* changes and not when another does, so everything that is
compiled, with its constants, is here.

**Why pupils may be moved.** If nobody ever moved, more places could raise a later shortfall: a place added this January seats a
child in the only unit that will admit another child next January, when a new unit that admits the first alone stands empty.
With room made, the number placed in a January is the most that its places and its demand allow, whatever came before. A maximum
flow never falls when a place is added and never rises by more than the demand added. Hence the laws: more places never raise
the number unplaced in any January of any draw, and more demand never lowers it. Making room takes no child's place away, so
history decides who is placed and where, not how many. `forecast.places.allocation.Allocation.moved` counts the pupils; read a
large number as places that must be kept free for the right children in time.

Arrays are C-contiguous with draws first, so that one draw's numbers lie together.

Cells, kinds, sorts, gates, entries and rows are those of `forecast.places.admission.Gates`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from forecast.core.arrays import Flags, Indices
from forecast.core.jit import compiled
from forecast.places.admission import Gates, Positions
from models.base import Array

TOLERANCE = 1e-9
"""Children: making room stops at moves this small, far below the 1e-6 to which totals are conserved."""


class Seated(NamedTuple):
    """Children seated in one draw of one provision, while it is being matched.

    Parameters
    ----------
    stays, arrivals
        Pupils who stay and children who came this January, by row.
    stayed, came
        The same by gate and kind.
    moved
        Pupils who left so that others could come, by gate.
    """

    stays: Array
    arrivals: Array
    stayed: Array
    came: Array
    moved: Array


class Pupils(NamedTuple):
    """Children placed and without a place, and places left, carried from one January to the next and brought up to date.

    Parameters
    ----------
    placed, unplaced
        Children with and without a place of the provision they want, dims ``(draw, provision, cell)``.
    seats
        Children in each seat of every unit, dims ``(draw, seat)``.
    room
        Places of every unit not yet taken, dims ``(draw, unit)``.
    """

    placed: Array
    unplaced: Array
    seats: Array
    room: Array


class MatchCounts(NamedTuple):
    """Counts of all Januaries by margin (phase and need group), zero before matching.

    Parameters
    ----------
    short
        Children without a place of the provision they want, dims ``(draw, january, provision, margin)``.
    cause
        Where those went, dims ``(draw, january, provision, destination, margin)``.
    overflow
        The same by cell, dims ``(draw, january, destination, cell)``; with no Januaries they are not kept.
    filled
        Places taken, dims ``(draw, january, unit, margin)``.
    moved
        Pupils who left a unit so that others could come, dims ``(draw, january, unit)``.
    """

    short: Array
    cause: Array
    overflow: Array
    filled: Array
    moved: Array


class Rerouted(NamedTuple):
    """Children before and after they are moved to make room.

    Parameters
    ----------
    came, stayed
        Children who came this January and pupils who stayed, before, dims ``(sort of gate, kind)``.
    occupied
        Both together, after.
    unserved
        Children still waiting, after, by kind.
    """

    came: Array
    stayed: Array
    occupied: Array
    unserved: Array


class UnplacedCells(NamedTuple):
    """Children whom a step of the preference order sends elsewhere, by age and need.

    Parameters
    ----------
    provision
        Position of the provision they wanted.
    cells
        Their ages and needs.
    margin
        Phase and need group of each cell.
    """

    provision: int
    cells: Positions
    margin: Positions


@compiled
def match(
    wanted: Array,
    january: int,
    provision: int,
    needs: int,
    gates: Gates,
    margin: Positions,
    pupils: Pupils,
    counts: MatchCounts,
) -> None:
    """Match the children of one provision in one January, updating ``pupils`` and ``counts``.

    Parameters
    ----------
    wanted
        Dims ``(draw, january, provision, cell)``.
    january, provision
        Positions in ``wanted``.
    needs
        Number of needs: a cell and that of the same need a year younger are so many apart.
    gates
        Gates of the provision that January.
    margin
        Phase and need group of each cell.
    pupils
        Children placed and seated a year ago, and places not yet taken.
    counts
        Receives ``short``, ``filled`` and ``moved``.
    """
    placed, unplaced, seats, room = pupils
    short, filled, moved = counts.short, counts.filled, counts.moved
    cells, gate_count, kinds = wanted.shape[3], len(gates.unit), gates.admits.shape[2]
    going_on, transfers, queue = np.empty(cells), np.empty(cells), np.empty(cells)
    waiting, every_gate = np.empty(kinds), np.ones(gate_count, dtype=np.bool_)
    seated = Seated(
        np.empty(len(gates.cell)),
        np.empty(len(gates.cell)),
        np.empty((gate_count, kinds)),
        np.empty((gate_count, kinds)),
        np.empty(gate_count),
    )
    for draw in range(wanted.shape[0]):
        admits = gates.admits[draw if gates.admits.shape[0] > 1 else 0]
        free = room[draw]
        demanded = wanted[draw, january, provision]
        _continue(demanded, placed[draw, provision], needs, going_on, transfers, queue)
        _stay(seats[draw], going_on, transfers, gates, admits, free, seated)
        some = False
        for cell in range(cells):
            transfers[cell] = max(transfers[cell], 0.0)
            some |= transfers[cell] > TOLERANCE
        waiting[:] = 0.0
        if some:
            _enter(transfers, waiting, gates, admits, every_gate, free, seated)
            _make_room(transfers, waiting, gates, admits, free, seated)
        _enter(queue, waiting, gates, admits, every_gate, free, seated)
        for cell in range(cells):
            queue[cell] += transfers[cell]
        _make_room(queue, waiting, gates, admits, free, seated)
        for gate in range(gate_count):
            occupied, here = filled[draw, january, gates.unit[gate]], seats[draw]
            for seat in range(gates.first_seat[gate], gates.end_seat[gate]):
                here[seat] = 0.0
            first, end = gates.first_entry[gate], gates.first_entry[gate + 1]
            for row in range(gates.first_row[first], gates.first_row[end]):
                children = seated.stays[row] + seated.arrivals[row]
                here[gates.seat[row]] = children
                occupied[margin[gates.cell[row]]] += children
            moved[draw, january, gates.unit[gate]] = seated.moved[gate]
        lacking, got = unplaced[draw, provision], placed[draw, provision]
        for cell in range(cells):
            left = min(max(queue[cell], 0.0), demanded[cell])
            lacking[cell], got[cell] = left, demanded[cell] - left
            short[draw, january, provision, margin[cell]] += left


@compiled
def send_to_places(
    who: UnplacedCells,
    january: int,
    share: Array,
    gates: Gates,
    may_try: Flags,
    destination: int,
    pupils: Pupils,
    counts: MatchCounts,
) -> None:
    """Send a share of unplaced children to free places of another provision, as far as places allow.

    Parameters
    ----------
    who
        Children who are sent.
    january, destination
        Where the counts go in ``counts.cause`` and ``counts.overflow``.
    share
        Of each draw.
    gates, may_try
        Gates they come to, and which of them they may try.
    pupils
        Children without a place and free places.
    counts
        Receives ``cause`` and ``overflow``.
    """
    provision, cells, margin = who
    left, room, cause, overflow = pupils.unplaced, pupils.room, counts.cause, counts.overflow
    gate_count, kinds = len(gates.unit), gates.admits.shape[2]
    asking, waiting = np.empty(kinds), np.empty(kinds)
    joining = np.empty((gate_count, kinds))
    for draw in range(left.shape[0]):
        admits = gates.admits[draw if gates.admits.shape[0] > 1 else 0]
        asking[:] = 0.0
        for cell in cells:
            asking[gates.kind_of[cell]] += left[draw, provision, cell] * share[draw]
        waiting[:] = asking
        _take_free_places(waiting, gates, admits, may_try, room[draw], joining)
        for cell in cells:
            kind = gates.kind_of[cell]
            if waiting[kind] < asking[kind]:
                going = left[draw, provision, cell] * share[draw] * (1.0 - waiting[kind] / asking[kind])
                left[draw, provision, cell] -= going
                cause[draw, january, provision, destination, margin[cell]] += going
                if overflow.shape[1] > 0:
                    overflow[draw, january, destination, cell] += going


@compiled
def share_out(
    who: UnplacedCells,
    january: int,
    share: Array,
    steps: Indices,
    destinations: Indices,
    pupils: Pupils,
    counts: MatchCounts,
) -> None:
    """Send unplaced children to destinations without a limit, each step taking its share of those left.

    Parameters
    ----------
    share
        Dims ``(draw, step)``.
    steps, destinations
        Which steps are taken, in order, and where they lead.
    who, january, pupils, counts
        As in `send_to_places`.
    """
    provision, cells, margin = who
    left, cause, overflow = pupils.unplaced, counts.cause, counts.overflow
    part, reached = np.empty(len(steps)), np.empty(cause.shape[4])
    for draw in range(left.shape[0]):
        rest = 1.0
        for i in range(len(steps)):
            part[i] = rest * share[draw, steps[i]]
            rest -= part[i]
        reached[:] = 0.0
        lacking = left[draw, provision]
        for cell in cells:
            children = lacking[cell]
            reached[margin[cell]] += children
            lacking[cell] = children * rest
            if overflow.shape[1] > 0:
                for i in range(len(steps)):
                    overflow[draw, january, destinations[i], cell] += children * part[i]
        for i in range(len(steps)):
            for group in range(len(reached)):
                cause[draw, january, provision, destinations[i], group] += reached[group] * part[i]


@compiled
def _continue(
    demanded: Array, before: Array, needs: int, going_on: Array, transfers: Array, queue: Array
) -> None:
    """Split the children who want a place into continuing pupils (``transfers``) and new entrants (``queue``), by cell."""
    for cell in range(needs):
        going_on[cell], transfers[cell], queue[cell] = 0.0, 0.0, demanded[cell]
    aged, older = before[: len(demanded) - needs], demanded[needs:]
    part, continuing, new = going_on[needs:], transfers[needs:], queue[needs:]
    for cell in range(len(aged)):
        still = min(aged[cell], older[cell])
        part[cell] = still / aged[cell] if aged[cell] > 0.0 else 0.0
        continuing[cell] = still
        new[cell] = older[cell] - still


@compiled
def _stay(
    seats: Array,
    going_on: Array,
    transfers: Array,
    gates: Gates,
    admits: Flags,
    free: Array,
    seated: Seated,
) -> None:
    """Keep continuing pupils in their unit if it admits them and has room, and take them from ``transfers``."""
    stays, stayed = seated.stays, seated.stayed
    stayed[:] = 0.0
    seated.came[:] = 0.0
    seated.arrivals[:] = 0.0
    seated.moved[:] = 0.0
    for gate in range(len(gates.unit)):
        first, end = gates.first_entry[gate], gates.first_entry[gate + 1]
        total = 0.0
        for entry in range(first, end):
            of_kind = 0.0
            part = 1.0 if admits[gate, gates.kind[entry]] else 0.0
            for row in range(gates.first_row[entry], gates.first_row[entry + 1]):
                stays[row] = seats[gates.younger[row]] * going_on[gates.cell[row]] * part
                of_kind += stays[row]
            stayed[gate, gates.kind[entry]] = of_kind
            total += of_kind
        space = free[gates.unit[gate]]
        if total > space:
            for row in range(gates.first_row[first], gates.first_row[end]):
                stays[row] *= space / total
            for entry in range(first, end):
                stayed[gate, gates.kind[entry]] *= space / total
        for row in range(gates.first_row[first], gates.first_row[end]):
            transfers[gates.cell[row]] -= stays[row]
        free[gates.unit[gate]] = space - min(total, space)


@compiled
def _enter(
    queue: Array, waiting: Array, gates: Gates, admits: Flags, may_try: Flags, free: Array, seated: Seated
) -> None:
    """Give free places to children of ``queue``, by cell, and take them from it; children of one kind are treated alike.

    To those left from before, by kind, ``waiting`` adds those left now.
    """
    asking = np.empty(admits.shape[1])
    for kind in range(len(asking)):
        of_kind = 0.0
        for i in range(gates.first_of_kind[kind], gates.first_of_kind[kind + 1]):
            of_kind += queue[gates.by_kind[i]]
        asking[kind] = of_kind
    left = asking.copy()
    joining = np.empty(admits.shape)
    _take_free_places(left, gates, admits, may_try, free, joining)
    for gate in range(len(gates.unit)):
        for entry in range(gates.first_entry[gate], gates.first_entry[gate + 1]):
            kind = gates.kind[entry]
            if joining[gate, kind] > 0.0:
                seated.came[gate, kind] += joining[gate, kind]
                part = joining[gate, kind] / asking[kind]
                for row in range(gates.first_row[entry], gates.first_row[entry + 1]):
                    seated.arrivals[row] += queue[gates.cell[row]] * part
    for kind in range(len(asking)):
        waiting[kind] += left[kind]
        if left[kind] < asking[kind]:
            part = left[kind] / asking[kind]
            for i in range(gates.first_of_kind[kind], gates.first_of_kind[kind + 1]):
                queue[gates.by_kind[i]] *= part


@compiled
def _take_free_places(
    waiting: Array, gates: Gates, admits: Flags, may_try: Flags, free: Array, joining: Array
) -> None:
    """Give free places, gate by gate, to waiting children by kind; ``joining`` receives them by gate and kind."""
    joining[:] = 0.0
    for gate in range(len(gates.unit)):
        space = free[gates.unit[gate]]
        if not may_try[gate]:
            continue
        first, end = gates.first_entry[gate], gates.first_entry[gate + 1]
        while first < end and space > 0.0:
            stop = first
            total = 0.0
            while stop < end and gates.tier[stop] == gates.tier[first]:
                if admits[gate, gates.kind[stop]]:
                    total += waiting[gates.kind[stop]]
                stop += 1
            part = space / total if total > space else 1.0
            for entry in range(first, stop):
                kind = gates.kind[entry]
                if admits[gate, kind]:
                    joining[gate, kind] = waiting[kind] * part
                    waiting[kind] -= joining[gate, kind]
            space -= min(total, space)
            first = stop
        free[gates.unit[gate]] = space


@compiled
def _make_room(
    queue: Array, waiting: Array, gates: Gates, admits: Flags, free: Array, seated: Seated
) -> None:
    """Place children of ``queue`` by moving others to free places: new arrivals before pupils who stay.

    Works on kinds of children, ``waiting`` of each, and sorts of gates, since they can stand in for each other. Ages and needs
    within a kind move in proportion; gates of a sort take children in proportion to their free places.
    """
    sorts, kinds = len(gates.lead), admits.shape[1]
    if sorts < 2 or waiting[: kinds - 1].sum() <= TOLERANCE:
        return
    space = np.zeros(sorts)
    for gate in range(len(gates.unit)):
        space[gates.sort[gate]] += free[gates.unit[gate]]
    if space.sum() <= TOLERANCE:
        return
    came, stayed = np.zeros((sorts, kinds)), np.zeros((sorts, kinds))
    opens = np.empty((kinds, sorts))
    for gate in range(len(gates.unit)):
        for kind in range(kinds):
            came[gates.sort[gate], kind] += seated.came[gate, kind]
            stayed[gates.sort[gate], kind] += seated.stayed[gate, kind]
            opens[kind, gates.sort[gate]] = 1.0 if admits[gate, kind] else 0.0
    unserved, occupied = waiting.copy(), came.copy()
    changed = _reroute(occupied, unserved, space, opens)
    for sort in range(sorts):
        for kind in range(kinds):
            before = came[sort, kind] + stayed[sort, kind]
            # A sum that nobody left or joined must stay the very same number.
            same = occupied[sort, kind] == came[sort, kind]
            occupied[sort, kind] = before if same else occupied[sort, kind] + stayed[sort, kind]
    changed |= _reroute(occupied, unserved, space, opens)
    if changed:
        _move(queue, waiting, Rerouted(came, stayed, occupied, unserved), gates, free, seated)
        waiting[:] = unserved


@compiled
def _reroute(occupied: Array, unserved: Array, space: Array, opens: Array) -> bool:
    """Seat the most children that fit, by repeating the widest chain of moves; return True if any child was seated.

    A chain seats waiting children in one sort of gate, whose pupils of kinds the next admits go there, and so on to one with
    free places. Each carries at least 1/(sorts x kinds) of what is still possible, so what is left shrinks geometrically.
    Dims: ``occupied`` (sort, kind), ``unserved`` (kind) and ``space`` (sort) change; ``opens`` (kind, sort) is 1 where admitted.
    """
    sorts = len(space)
    ready, width, wider = np.empty(sorts), np.empty(sorts), np.empty(sorts)
    onward = np.empty(sorts, dtype=np.intp)
    across = np.empty((sorts, sorts))
    for sort in range(sorts):
        _admitted(occupied[sort], opens, across[sort])
    changed = False
    while True:
        _admitted(unserved, opens, ready)
        width[:] = space
        onward[:] = -1
        wider_found = True
        while wider_found:  # a chain one sort longer each time, kept only where it is wider
            wider_found = False
            wider[:] = width
            for here in range(sorts):
                for there in range(sorts):
                    through = min(across[here, there], width[there])
                    if here != there and through > wider[here]:
                        wider[here], onward[here], wider_found = through, there, True
            width[:] = wider
        here, amount = -1, TOLERANCE
        for sort in range(sorts):
            if min(ready[sort], width[sort]) > amount:
                here, amount = sort, min(ready[sort], width[sort])
        if here < 0:
            return changed
        changed = True
        _pass(unserved, occupied[here], amount, opens, here)
        while onward[here] >= 0:
            _pass(occupied[here], occupied[onward[here]], amount, opens, onward[here])
            _admitted(occupied[here], opens, across[here])
            here = onward[here]
        _admitted(occupied[here], opens, across[here])
        space[here] = max(space[here] - amount, 0.0)


@compiled
def _admitted(children: Array, opens: Array, into: Array) -> None:
    """Count, into ``into``, how many of some children, by kind, each sort of gate admits."""
    into[:] = 0.0
    for kind in range(len(children)):
        if children[kind] > 0.0:
            for sort in range(len(into)):
                into[sort] += children[kind] * opens[kind, sort]


@compiled
def _pass(giver: Array, taker: Array, amount: float, opens: Array, sort: int) -> None:
    """Move a number of children, by kind, to a sort of gate that admits them, in proportion to those it admits."""
    total = 0.0
    for kind in range(len(giver)):
        total += giver[kind] * opens[kind, sort]
    part = min(amount / total, 1.0)
    for kind in range(len(giver)):
        passing = giver[kind] * opens[kind, sort] * part
        giver[kind] -= passing
        taker[kind] += passing


@compiled
def _move(
    queue: Array, waiting: Array, rerouted: Rerouted, gates: Gates, free: Array, seated: Seated
) -> None:
    """Carry out the moves from ``came`` and ``stayed`` to ``occupied``, and from ``waiting`` to ``unserved``."""
    came, stayed, occupied, unserved = rerouted
    sorts, kinds = occupied.shape
    leaving, shifting, joining = np.zeros(occupied.shape), np.zeros(occupied.shape), np.zeros(occupied.shape)
    served = np.zeros(kinds)
    for kind in range(kinds):
        served[kind] = _ratio(waiting[kind] - unserved[kind], waiting[kind])
        gained = 0.0
        for sort in range(sorts):
            change = occupied[sort, kind] - (came[sort, kind] + stayed[sort, kind])
            gained += max(change, 0.0)
            loss = max(-change, 0.0)
            left = min(loss, came[sort, kind])
            leaving[sort, kind] = _ratio(left, came[sort, kind])
            shifting[sort, kind] = _ratio(min(loss - left, stayed[sort, kind]), stayed[sort, kind])
            joining[sort, kind] = max(change, 0.0)
        for sort in range(sorts):
            joining[sort, kind] = _ratio(joining[sort, kind], gained)
    on_the_move = np.zeros(len(queue))
    for cell in range(len(queue)):
        on_the_move[cell] = queue[cell] * served[gates.kind_of[cell]]
        queue[cell] -= on_the_move[cell]
    vacant, in_sort = np.zeros(len(gates.unit)), np.zeros(sorts)
    for gate in range(len(gates.unit)):
        sort = gates.sort[gate]
        vacant[gate] = free[gates.unit[gate]]
        for entry in range(gates.first_entry[gate], gates.first_entry[gate + 1]):
            kind = gates.kind[entry]
            if leaving[sort, kind] + shifting[sort, kind] > 0.0:
                for row in range(gates.first_row[entry], gates.first_row[entry + 1]):
                    new = seated.arrivals[row] * leaving[sort, kind]
                    old = seated.stays[row] * shifting[sort, kind]
                    seated.arrivals[row] -= new
                    seated.stays[row] -= old
                    seated.came[gate, kind] -= new
                    seated.stayed[gate, kind] -= old
                    seated.moved[gate] += old
                    on_the_move[gates.cell[row]] += new + old
                    vacant[gate] += new + old
        in_sort[sort] += vacant[gate]
    for gate in range(len(gates.unit)):
        sort = gates.sort[gate]
        part = _ratio(vacant[gate], in_sort[sort])
        for entry in range(gates.first_entry[gate], gates.first_entry[gate + 1]):
            kind = gates.kind[entry]
            if joining[sort, kind] > 0.0:
                for row in range(gates.first_row[entry], gates.first_row[entry + 1]):
                    coming = on_the_move[gates.cell[row]] * joining[sort, kind] * part
                    seated.arrivals[row] += coming
                    seated.came[gate, kind] += coming
                    vacant[gate] -= coming
        free[gates.unit[gate]] = max(vacant[gate], 0.0)


@compiled
def _ratio(part: float, whole: float) -> float:
    """Return part over whole, at most 1; 0 if the whole is 0."""
    return min(part / whole, 1.0) if whole > 0.0 else 0.0
