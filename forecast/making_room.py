"""Room for children without a place, made by moving others to places that stand free elsewhere.

Invariant: afterwards nobody without a place could have one if others moved, to within `TOLERANCE`. Nobody loses a place, everyone
moved is where their age and need are admitted, and no unit holds more than its places.

**Why pupils may be moved.** If nobody ever moved, more places could raise a later shortfall: a place added this January seats a
child in the only unit that will admit another child next January, when a new unit that admits the first alone stands empty. With
room made, the number placed in a January is the most that its places and its demand allow (a maximum flow), whatever came before.
A maximum flow never falls when a place is added and never rises by more than the demand added. Hence the laws: more places never
raise the number unplaced in any January of any draw, and more demand never lowers it. Making room takes no child's place away,
so history decides who is placed and where, not how many. `forecast.allocation.Allocation.moved` counts the pupils; read a large
number as places that must be kept free for the right children in time.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecast.admission import Doors, Indices, span
from models.base import Array

TOLERANCE = 1e-9
"""Children: making room stops at moves this small, far below the 1e-6 to which totals are conserved."""


def make_room(
    queue: Array,
    doors: Doors,
    stays: Sequence[Array],
    arrivals: Sequence[Array],
    room: Array,
    moved: Sequence[Array],
) -> None:
    """Place children of ``queue`` wherever others can take places that stand free; arguments are brought up to date.

    Works on kinds of children that open the same gates and sorts of units that admit the same kinds, since they can stand in for
    each other. Ages and needs within a kind move in proportion; units of a sort take children in proportion to their free places.
    """
    if not doors.gates:
        return
    index = [gate.unit.index for gate in doors.gates]
    kinds = doors.admits.shape[2]
    waiting = np.zeros((kinds, queue.shape[1]))
    known = doors.queue.present >= 0
    waiting[doors.queue.present[known]] = (doors.queue.adds @ queue)[known]
    hungry = doors.admits.max(axis=0) @ (waiting > TOLERANCE)
    free = np.zeros((doors.admits.shape[1], queue.shape[1]))
    np.add.at(free, doors.sort, room[index])
    near_room = doors.linked @ (free > TOLERANCE)
    draws = np.flatnonzero(((hungry > 0) & (near_room > 0)).any(axis=0))
    if not len(draws):
        return
    admits = doors.admits if len(doors.admits) == 1 else doors.admits[draws]
    some = span(draws)
    came = np.zeros((len(free), kinds, len(draws)))
    stayed = np.zeros_like(came)
    for g, (gate, sort) in enumerate(zip(doors.gates, doors.sort, strict=True)):
        came[sort, gate.kinds.present] += gate.kinds.adds @ arrivals[g][:, some]
        stayed[sort, gate.kinds.present] += gate.kinds.adds @ stays[g][:, some]
    line = waiting[:, some].T.copy()
    space = free[:, some].T.copy()
    new = np.moveaxis(came, -1, 0).copy()
    before = np.moveaxis(came + stayed, -1, 0).copy()
    held = new.copy()
    _reroute(held, line, space, admits)
    held = np.where(held == new, before, held + (before - new))
    _reroute(held, line, space, admits)

    changed = np.flatnonzero((held != before).any(axis=(1, 2)))
    if not len(changed):
        return
    some, here = span(draws[changed]), span(changed)
    came, stayed = came[:, :, here], stayed[:, :, here]
    change = np.moveaxis(held[here] - before[here], 0, -1).copy()
    loss, gain = np.maximum(-change, 0.0), np.maximum(change, 0.0)
    leaving = np.minimum(loss, came)
    shifting = np.minimum(loss - leaving, stayed)
    served = np.zeros((kinds + 1, len(changed)))  # the last row answers for kind -1
    served[:kinds] = _ratio(waiting[:, some] - line[here].T, waiting[:, some])
    on_the_move = queue[:, some] * served[doors.queue.present[doors.queue.of_row]]
    queue[:, some] -= on_the_move
    vacant = np.zeros((len(index), len(changed)))
    for g, (gate, sort) in enumerate(zip(doors.gates, doors.sort, strict=True)):
        here = gate.kinds.present
        vacant[g] = room[index[g], some]
        for group, left, whole in (
            (arrivals[g], leaving[sort, here], came[sort, here]),
            (stays[g], shifting[sort, here], stayed[sort, here]),
        ):
            if left.any():
                out = group[:, some] * _ratio(left, whole)[gate.kinds.of_row]
                group[:, some] -= out
                on_the_move[gate.cells] += out
                vacant[g] += out.sum(axis=0)
                if group is stays[g]:
                    moved[g][some] += out.sum(axis=0)
    gained = gain.sum(axis=0)
    in_sort = np.zeros((len(free), len(changed)))
    np.add.at(in_sort, doors.sort, vacant)
    for g, (gate, sort) in enumerate(zip(doors.gates, doors.sort, strict=True)):
        here = gate.kinds.present
        if gain[sort, here].any():
            part = _ratio(gain[sort, here], gained[here])[gate.kinds.of_row]
            joining = on_the_move[gate.cells] * part * _ratio(vacant[g], in_sort[sort])
            arrivals[g][:, some] += joining
            vacant[g] -= joining.sum(axis=0)
        room[index[g], some] = np.maximum(vacant[g], 0.0)


def _reroute(held: Array, line: Array, space: Array, admits: Array) -> None:
    """Bring the children seated to the most that fit, by the widest chain of moves in each draw until none is left.

    A chain seats waiting children in one unit, whose pupils of kinds the next unit admits go there, and so on to a unit with
    free places. Each chain carries at least 1/(units x kinds) of what is still possible, so what is left shrinks
    geometrically. Dims: ``held`` (draw, unit, kind), ``line`` (draw, kind), ``space`` (draw, unit); all three are changed.
    """
    live = np.arange(len(held))
    units = held.shape[1]
    across = held @ admits.swapaxes(1, 2)
    across[:, np.arange(units), np.arange(units)] = 0.0
    while True:
        ready = _admitted(admits, live, line[live])
        between = across[live]
        width = space[live]
        onward = np.full(width.shape, -1)
        for _ in range(units):
            through = np.minimum(between, width[:, np.newaxis, :])
            best = through.argmax(axis=2)
            reached = np.take_along_axis(through, best[:, :, np.newaxis], axis=2)[:, :, 0]
            wider = reached > width
            if not wider.any():
                break
            width = np.where(wider, reached, width)
            onward = np.where(wider, best, onward)
        chain = np.minimum(ready, width)
        unit = chain.argmax(axis=1)
        amount = chain[np.arange(len(live)), unit]
        going = np.flatnonzero(amount > TOLERANCE)
        live, unit, amount, onward = live[going], unit[going], amount[going], onward[going]
        if not len(live):
            return
        passing = line[live] * _open(admits, live, unit)
        passing *= (amount / passing.sum(axis=1))[:, np.newaxis]
        line[live] -= passing
        held[live, unit] += passing
        touched = [(live, unit.copy())]
        walking = np.arange(len(live))
        while True:
            target = onward[walking, unit[walking]]
            ended = walking[target < 0]
            space[live[ended], unit[ended]] -= amount[ended]
            walking, target = walking[target >= 0], target[target >= 0]
            if not len(walking):
                break
            draw, source = live[walking], unit[walking]
            passing = held[draw, source] * _open(admits, draw, target)
            passing *= (amount[walking] / passing.sum(axis=1))[:, np.newaxis]
            held[draw, source] -= passing
            held[draw, target] += passing
            unit[walking] = target
            touched.append((draw, target))
        np.maximum(space, 0.0, out=space)
        draw, source = (np.concatenate(column) for column in zip(*touched, strict=True))
        across[draw, source] = _admitted(admits, draw, held[draw, source])
        across[draw, source, source] = 0.0


def _admitted(admits: Array, draw: Indices, children: Array) -> Array:
    """Return how many of some children, dims ``(row, kind)``, each unit admits in the draw of the row, dims ``(row, unit)``."""
    if len(admits) == 1:
        return np.asarray(children @ admits[0].T)
    return np.asarray((admits[draw] @ children[:, :, np.newaxis])[:, :, 0])


def _open(admits: Array, draw: Indices, unit: Indices) -> Array:
    """Return the kinds one unit admits in each draw, dims ``(draw, kind)``."""
    return admits[0][unit] if len(admits) == 1 else admits[draw, unit]


def _ratio(part: Array, whole: Array) -> Array:
    """Return part over whole, at most 1, and 0 where the whole is nothing."""
    return np.minimum(np.divide(part, whole, out=np.zeros_like(part), where=whole > 0), 1.0)
