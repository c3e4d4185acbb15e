"""From children who want a specialist place to the places they get, unit by unit, and where the others go.

Invariants, in every draw, January, age and need: wanted = placed + unplaced, and unplaced = the sum over destinations of
overflow. In every unit: filled + filled by overflow + free = places, and nobody is where their age or need is not admitted.

A *unit* is a setting, or the part of one, that offers places of one provision. Each January, for each provision:

1. *Continuing pupils* (placed last January, now a year older) stay in their unit if it still admits them. Where a unit has
   fewer places than pupils who could stay, or fewer children of an age and need want the provision than were placed, all are
   scaled down in proportion.
2. *Transfers*: continuing pupils whose unit no longer admits or has room for them.
3. *New entrants*: all others who want the provision.

Transfers, then new entrants, fill free places unit by unit: local units before those elsewhere, then units that admit the
fewest ages and needs, then as listed. In a unit, children whom fewer of the later units would admit come first; equals share in
proportion. Then, for transfers before new entrants come and again after them, room is made: while a child without a place could
be admitted if others took places that stand free elsewhere, they do (new arrivals sooner than pupils who stay).

**Why pupils may be moved.** If nobody ever moved, more places could raise a later shortfall: a place added this January seats a
child in the only unit that will admit another child next January, when a new unit that admits the first alone stands empty. With
room made, the number placed in a January is the most that its places and its demand allow (a maximum flow), whatever came before.
A maximum flow never falls when a place is added and never rises by more than the demand added. Hence the laws: more places never
raise the number unplaced in any January of any draw, and more demand never lowers it. Making room takes no child's place away,
so history decides who is placed and where, not how many. `Allocation.moved` counts the pupils; read a large number as places
that must be kept free for the right children in time.

Children left unplaced follow the preference order `Rules`. They never take a place from a child who wants that provision, and
they have no claim on it next January: they still want the place they did not get.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from data.errors import OptionError, RegisterError
from data.register import LOCATIONS
from data.vocabulary import AGES, NEED_CODES, NEED_GROUPS, PHASE_CODES, PHASES, SPECIALIST_PROVISIONS
from models.base import Array

Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.intp]


GROUPED: dict[str, tuple[str, ...]] = {g.code: g.needs for g in NEED_GROUPS}
"""Need group code to need codes: the resolution at which units are reported."""

DESTINATIONS: dict[str, str] = {
    "state_special": "State-funded special school with a free place",
    "specialist_base": "Specialist base with a free place",
    "specialist_post16": "Specialist post-16 institution with a free place",
    "state_special_elsewhere": "State-funded special school in another authority, beyond the places in the register",
    "inmss": "Independent or non-maintained special school (INMSS)",
    "eotas": "Education other than at school",
    "general_fe": "Further education or sixth-form college",
    "waiting": "Waiting in a mainstream school or early years setting, need unmet",
    "neet": "Not in education, employment or training",
}
"""Where children without the place they want can go: code to label. Specialist provisions end where their free places do."""

TOLERANCE = 1e-9
"""Children: making room stops at moves this small, far below the 1e-6 to which totals are conserved."""

_CELLS = len(AGES) * len(NEED_CODES)
_GRID = (len(AGES), len(NEED_CODES))
_SOUGHT = len(SPECIALIST_PROVISIONS)
_PHASE_OF_AGE = tuple(next(phase.code for phase in PHASES if age in phase.ages) for age in AGES)


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


@dataclass(frozen=True)
class Step:
    """One step of the preference order: of the children who reach it, what share goes where.

    Parameters
    ----------
    provision
        What the children wanted.
    destination
        Code in `DESTINATIONS`. A specialist provision takes no more than its free places that admit the child.
    share
        Share, above 0 and at most 1, of the children who reach the step. The others, and those for whom no place is free, go on
        to the next step.
    phases, needs
        Whom the step is for; empty means everyone.
    communities
        Only free places of units in these communities; empty means all units. For specialist provisions only.

    Raises
    ------
    OptionError
        A code is not known or the share is out of range.
    """

    provision: str
    destination: str
    share: float
    phases: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    communities: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        known: tuple[tuple[str, Sequence[str], Sequence[str]], ...] = (
            ("provision", (self.provision,), SPECIALIST_PROVISIONS),
            ("destination", (self.destination,), tuple(DESTINATIONS)),
            ("phases", self.phases, PHASE_CODES),
            ("needs", self.needs, NEED_CODES),
        )
        for name, given, allowed in known:
            for code in given:
                if code not in allowed:
                    raise OptionError(
                        f"The preference order has a step with {name} '{code}', which we do not know, so children could be sent "
                        f"nowhere. Use one of {', '.join(allowed)}."
                    )
        if not (math.isfinite(self.share) and 0 < self.share <= 1):
            raise OptionError(
                f"The step {self} has the share {self.share}. A share is above 0 and at most 1 (all who reach the step): enter "
                "0.25 for 25 %, or delete the step."
            )
        if self.destination == self.provision:
            raise OptionError(
                f"The step {self} sends children to the provision they found full. Name another destination."
            )
        if self.communities and not self.limited:
            raise OptionError(
                f"The step {self} names communities, but only specialist places stand in one. Leave the communities empty."
            )

    def __str__(self) -> str:
        return f"'{self.provision} to {self.destination}'"

    @property
    def limited(self) -> bool:
        """True where the destination is units with so many places."""
        return self.destination in SPECIALIST_PROVISIONS

    @property
    def fits(self) -> Flags:
        """Whom the step is for, dims ``(age, need)``."""
        ages = [not self.phases or phase in self.phases for phase in _PHASE_OF_AGE]
        needs = [not self.needs or need in self.needs for need in NEED_CODES]
        return np.logical_and.outer(ages, needs)


@dataclass(frozen=True)
class Rules:
    """The preference order: where children without the place they want go, step by step.

    Every child ends somewhere, once: for each provision, phase and need the last step takes all who reach it (share 1) and has no
    limit of places.

    Raises
    ------
    OptionError
        Some children would reach the end without a destination, or a step can never be reached.
    """

    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        reaching = {provision: np.ones(_GRID, dtype=bool) for provision in SPECIALIST_PROVISIONS}
        for step in self.steps:
            fits = step.fits
            if not (reaching[step.provision] & fits).any():
                raise OptionError(
                    f"The step {step} can never be reached: an earlier step takes everyone it is for. Move it up or delete it."
                )
            if step.share == 1 and not step.limited:
                reaching[step.provision] = reaching[step.provision] & ~fits
        for provision, left in reaching.items():
            if left.any():
                age, need = np.argwhere(left)[0]
                raise OptionError(
                    f"The preference order ends before everyone has a destination: {NEED_CODES[need]} at age {AGES[age]} "
                    f"({_PHASE_OF_AGE[age]}) with no {provision} place, for one. Children would be lost. Add a last step "
                    "with share 1 whose places do not run out, for example to 'waiting' or 'neet'."
                )

    @property
    def destinations(self) -> tuple[str, ...]:
        """Destinations in use, in the order of `DESTINATIONS`."""
        used = {step.destination for step in self.steps}
        return tuple(code for code in DESTINATIONS if code in used)

    def end_shares(self) -> Array:
        """Return where children end when no specialist place is free.

        Dims ``(provision, destination, age, need)``; each child's shares over destinations add up to 1.
        """
        shares = np.zeros((len(SPECIALIST_PROVISIONS), len(self.destinations), *_GRID))
        reach = np.ones((len(SPECIALIST_PROVISIONS), *_GRID))
        for step in self.steps:
            if not step.limited:
                wanted = SPECIALIST_PROVISIONS.index(step.provision)
                taken = reach[wanted] * step.share * step.fits
                shares[wanted, self.destinations.index(step.destination)] += taken
                reach[wanted] -= taken
        return shares

    def share_draws(self, draws: int, rng: np.random.Generator, weight: float = 20.0) -> Array:
        """Return uncertain shares for `allocate`, dims ``(draw, step)``.

        Beta with the step's share as its mean, worth ``weight`` families asked (20 is a judgement: a share of 0.25 is between
        about 0.1 and 0.4 in 80 % of draws). Shares of 1 stay 1, so every child still ends somewhere.
        """
        share = np.array([step.share for step in self.steps])
        uncertain = share < 1
        drawn = np.ones((draws, len(share)))
        drawn[:, uncertain] = rng.beta(
            share[uncertain] * weight, (1 - share[uncertain]) * weight, (draws, int(uncertain.sum()))
        )
        return drawn


def default_rules() -> Rules:
    """Return the preference order of the local overflow when nothing else is known.

    Before 16: state special full, then a specialist base with a free place, a state special school in another authority, INMSS,
    EOTAS, waiting in mainstream. From 16: a further education college, a specialist post-16 institution with a free place, INMSS,
    EOTAS, not in education.

    Shares from EHC plans in England, January 2025, by provision and age (DfE, Education, health and care plans):

    - before 16, INMSS 29,009, EOTAS 7,085, awaiting or not in education 6,790: 0.68 of those who reach INMSS, then 0.51;
    - from 16, further education 70,720, specialist post-16 9,616, INMSS 4,992, EOTAS 10,088, not in education 22,235: 0.60, then
      0.20, 0.13 and 0.31.

    They describe plan holders there, not children turned away, and leave out those who wait unseen in mainstream schools: check
    them against the authority's own. Not published, so judgements: 0.25 of families accept a base, 0.10 of those left find a
    state special place elsewhere, 0.10 of those who find no base place go to INMSS.
    """
    before_16 = tuple(phase for phase in PHASE_CODES if phase != "post16")
    special = (
        ("specialist_base", 0.25),
        ("state_special_elsewhere", 0.10),
        ("inmss", 0.68),
        ("eotas", 0.51),
        ("waiting", 1.0),
    )
    base = (("inmss", 0.10), ("waiting", 1.0))
    later = (
        ("general_fe", 0.60),
        ("specialist_post16", 0.20),
        ("inmss", 0.13),
        ("eotas", 0.31),
        ("neet", 1.0),
    )
    steps = [Step("state_special", to, share, before_16) for to, share in special]
    steps += [Step("specialist_base", to, share, before_16) for to, share in base]
    steps += [Step("specialist_post16", to, share, before_16) for to, share in base]
    for provision in SPECIALIST_PROVISIONS:
        steps += [Step(provision, to, share, ("post16",)) for to, share in later if to != provision]
    return Rules(tuple(steps))


@dataclass(frozen=True, eq=False)
class Allocation:
    """Who has a place, where, and where the others went; children (real numbers: expectations within each draw).

    Provisions are in the order of `data.vocabulary.SPECIALIST_PROVISIONS`, ages, needs and phases in that of the vocabulary.

    Parameters
    ----------
    need_groups, group_of_need
        Codes of the need groups, and the group each need is in.
    destinations
        Codes of the destinations, in order.
    placed, unplaced
        Children who have, or do not have, a place of the provision they want, dims ``(draw, january, provision, age, need)``.
    overflow
        Where the unplaced went, dims ``(draw, january, destination, age, need)``.
    cause
        The same by what they wanted, dims ``(draw, january, provision, destination, phase, need_group)``.
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
    group_of_need: tuple[int, ...]
    destinations: tuple[str, ...]
    placed: Array
    unplaced: Array
    overflow: Array
    cause: Array
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

    Raises
    ------
    ValueError
        Shapes disagree, or children are negative or missing.
    """
    _check(wanted, start, places, opening, rules, shares)
    draws, januaries = wanted.shape[:2]
    margin = _margins(need_groups)
    margins = len(PHASES) * len(need_groups)
    units = _units(places, opening, margin)
    demand = np.ascontiguousarray(np.moveaxis(wanted, 0, -1)).reshape(januaries, _SOUGHT, _CELLS, draws)
    step_share = np.array([[step.share] for step in rules.steps]) if shares is None else shares.T
    destinations = rules.destinations
    who = [np.flatnonzero(step.fits) for step in rules.steps]
    tallies = [_Tally.of(margin[cells]) for cells in who]

    seats: list[Array] = [np.zeros((len(unit.cells), 1)) for unit in units]
    last = np.zeros((_SOUGHT, _CELLS, 1))
    first = _doors(opening, 0, units)
    room = np.array(opening.places[:, 0].T)
    unseated = np.empty_like(last)
    for p in range(_SOUGHT):
        here = start[p].reshape(_CELLS, 1)
        unseated[p], last[p], _ = _match(here, last[p], first[p], seats, room)

    unplaced = np.empty_like(demand)
    overflow = np.zeros((januaries, len(destinations), _CELLS, draws))
    cause = np.zeros((januaries, _SOUGHT, len(destinations), margins, draws))
    filled = np.zeros((januaries, len(units), margins, draws))
    by_overflow = np.zeros((januaries, len(units), draws))
    free = np.empty_like(by_overflow)
    moved = np.zeros_like(by_overflow)
    placed = np.empty_like(demand)
    for january in range(januaries):
        doors = _doors(places, january, units)
        room = np.array(np.broadcast_to(places.places[:, january].T, (len(units), draws)))
        for p, door in enumerate(doors):
            previous = placed[january - 1, p] if january else last[p]
            found = _match(demand[january, p], previous, door, seats, room)
            unplaced[january, p], placed[january, p], shifts = found
            for gate, shift in zip(door.gates, shifts, strict=True):
                unit = gate.unit
                filled[january, unit.index, unit.tally.present] = unit.tally.adds @ seats[unit.index]
                moved[january, unit.index] = shift
        after = room.copy()
        _send_on(
            unplaced[january],
            rules,
            who,
            tallies,
            step_share,
            doors,
            after,
            overflow[january],
            cause[january],
        )
        by_overflow[january] = room - after
        free[january] = after

    grouped = (len(PHASES), len(need_groups), draws)
    return Allocation(
        need_groups=tuple(need_groups),
        group_of_need=_groups(need_groups),
        destinations=destinations,
        placed=_draws_first(placed.reshape(januaries, _SOUGHT, *_GRID, draws)),
        unplaced=_draws_first(unplaced.reshape(januaries, _SOUGHT, *_GRID, draws)),
        overflow=_draws_first(overflow.reshape(januaries, len(destinations), *_GRID, draws)),
        cause=_draws_first(cause.reshape(januaries, _SOUGHT, len(destinations), *grouped)),
        filled=_draws_first(filled.reshape(januaries, len(units), *grouped)),
        filled_by_overflow=_draws_first(by_overflow),
        free=_draws_first(free),
        moved=_draws_first(moved),
        unseated_at_start=unseated.reshape(_SOUGHT, *_GRID),
    )


def shortfall(allocation: Allocation) -> Array:
    """Return children without a place of the provision they want.

    Dims ``(draw, january, provision, phase, need_group)``; at least 0.
    """
    groups = np.eye(len(allocation.need_groups))[list(allocation.group_of_need)]
    phases = np.eye(len(PHASES))[[PHASE_CODES.index(phase) for phase in _PHASE_OF_AGE]]
    children = np.moveaxis(allocation.unplaced, 0, -1)
    both = np.einsum("ap,ng->pgan", phases, groups).reshape(-1, _CELLS)
    summed = both @ children.reshape(*children.shape[:2], _CELLS, -1)
    return _draws_first(summed.reshape(*children.shape[:2], len(PHASES), len(allocation.need_groups), -1))


@dataclass(frozen=True, eq=False)
class _Tally:
    """Adds up rows by kind: the kinds present, which of them each row is, and the matrix that adds, dims ``(kind, row)``."""

    present: Indices
    of_row: Indices
    adds: Array

    @classmethod
    def of(cls, kinds: Indices) -> _Tally:
        """Return the tally of rows of these kinds."""
        present, of_row = np.unique(kinds, return_inverse=True)
        adds = np.zeros((len(present), len(kinds)))
        adds[of_row, np.arange(len(kinds))] = 1.0
        return cls(present, of_row, adds)


@dataclass(frozen=True, eq=False)
class _Unit:
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
    tally: _Tally


@dataclass(frozen=True, eq=False)
class _Gate:
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
        Rows by kind of child (`_Doors`).
    """

    unit: _Unit
    rows: Indices
    cells: Indices
    mask: Array | None
    tiers: tuple[Indices, ...]
    kinds: _Tally


@dataclass(frozen=True, eq=False)
class _Doors:
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

    gates: tuple[_Gate, ...]
    queue: _Tally
    sort: Indices
    admits: Array
    linked: Array


def _match(
    wanted: Array, last: Array, doors: _Doors, seats: list[Array], room: Array
) -> tuple[Array, Array, list[Array]]:
    """Match one provision in one January; return unplaced and placed, dims ``(cell, draw)``, and pupils moved, by gate.

    ``last`` are the children placed a year ago. ``seats`` and ``room`` are brought up to this January.
    """
    aged = np.zeros((_CELLS, last.shape[1]))
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
        _make_room(transfers, doors, stays, arrivals, room, moved)
    queue = wanted - continuing
    _enter(queue, doors.gates, room, arrivals)
    queue += transfers
    _make_room(queue, doors, stays, arrivals, room, moved)
    for gate, stay, arrival in zip(doors.gates, stays, arrivals, strict=True):
        held = np.zeros((len(gate.unit.cells), wanted.shape[1]))
        held[gate.rows] = stay + arrival
        seats[gate.unit.index] = held
    np.clip(queue, 0.0, wanted, out=queue)
    return queue, wanted - queue, moved


def _enter(
    queue: Array, gates: Sequence[_Gate], room: Array, arrivals: Sequence[Array] | None = None
) -> None:
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


def _make_room(
    queue: Array,
    doors: _Doors,
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
    some = _span(draws)
    came = np.zeros((len(free), kinds, len(draws)))
    stayed = np.zeros_like(came)
    for g, (gate, sort) in enumerate(zip(doors.gates, doors.sort, strict=True)):
        came[sort, gate.kinds.present] += gate.kinds.adds @ arrivals[g][:, some]
        stayed[sort, gate.kinds.present] += gate.kinds.adds @ stays[g][:, some]
    line = waiting[:, some].T.copy()
    space = free[:, some].T.copy()
    new = _draws_first(came).copy()
    before = _draws_first(came + stayed).copy()
    held = new.copy()
    _reroute(held, line, space, admits)
    held = np.where(held == new, before, held + (before - new))
    _reroute(held, line, space, admits)

    changed = np.flatnonzero((held != before).any(axis=(1, 2)))
    if not len(changed):
        return
    some, here = _span(draws[changed]), _span(changed)
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


def _send_on(
    unplaced: Array,
    rules: Rules,
    who: Sequence[Indices],
    tallies: Sequence[_Tally],
    shares: Array,
    doors: Sequence[_Doors],
    room: Array,
    overflow: Array,
    cause: Array,
) -> None:
    """Send the unplaced of one January to their destinations; ``room``, ``overflow`` and ``cause`` are brought up to date."""
    left = unplaced.copy()
    for step, fits, tally, share in zip(rules.steps, who, tallies, shares, strict=True):
        p = SPECIALIST_PROVISIONS.index(step.provision)
        cells = _span(fits)
        going = left[p, cells] * share
        if not going.any():
            continue
        if step.limited:
            gates = [
                gate
                for gate in doors[SPECIALIST_PROVISIONS.index(step.destination)].gates
                if not step.communities or gate.unit.community in step.communities
            ]
            asking = np.zeros_like(left[p])
            asking[cells] = going
            _enter(asking, gates, room)
            going -= asking[cells]
        left[p, cells] -= going
        to = rules.destinations.index(step.destination)
        overflow[to, cells] += going
        cause[p, to, tally.present] += tally.adds @ going


def _units(places: Places, opening: Places, margin: Indices) -> list[_Unit]:
    """Return each unit with every cell it admits at the origin or later."""
    found = []
    for index, provision in enumerate(places.provision):
        ever = np.zeros(_GRID, dtype=bool)
        for source in (opening, places):
            ages: Flags = np.asarray(source.admits_age[:, :, index].any(axis=0))
            ever |= (ages[:, :, np.newaxis] & source.admits_need[:, index, np.newaxis]).any(axis=0)
        cells = np.flatnonzero(ever)
        position = np.full(_CELLS, -1)
        position[cells] = np.arange(len(cells))
        younger = np.where(cells >= len(NEED_CODES), position[np.maximum(cells - len(NEED_CODES), 0)], -1)
        local, community = places.located[index] == "local", places.community[index]
        tally = _Tally.of(margin[cells])
        found.append(_Unit(index, provision, local, community, cells, younger, tally))
    return found


def _doors(places: Places, january: int, units: Sequence[_Unit]) -> list[_Doors]:
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


def _provision_doors(units: Sequence[_Unit], ages: Flags, needs: Flags) -> _Doors:
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
    later = np.zeros(_CELLS, dtype=int)
    gates: list[_Gate] = []
    for i in range(len(units) - 1, -1, -1):
        unit = units[i]
        age, need = np.divmod(unit.cells, len(NEED_CODES))
        rows = np.flatnonzero(ever[i, age] & needs[i, need])
        cells = unit.cells[rows]
        mask = None if always[i, age[rows]].all() else ages[:, i, age[rows]].T.astype(float)
        others = later[cells]
        tiers = tuple(np.flatnonzero(others == count) for count in np.unique(others))
        later[cells] += 1
        gates.append(_Gate(unit, rows, cells, mask, tiers, _Tally.of(kind[cells])))
    linked = admits.max(axis=0) @ admits.max(axis=0).T
    for _ in range(len(units).bit_length()):
        linked = ((linked @ linked) > 0).astype(float)
    return _Doors(tuple(reversed(gates)), _Tally.of(kind), sort, admits, linked)


def _span(positions: Indices) -> slice | Indices:
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


def _part(space: Array, total: Array) -> Array:
    """Return the share of ``total`` that fits in ``space``: at most 1, and 1 where nobody asks."""
    return np.minimum(np.divide(space, total, out=np.ones_like(total), where=total > 0), 1.0)


def _ratio(part: Array, whole: Array) -> Array:
    """Return part over whole, at most 1, and 0 where the whole is nothing."""
    return np.minimum(np.divide(part, whole, out=np.zeros_like(part), where=whole > 0), 1.0)


def _first(true: Flags, axis: int) -> Indices:
    """Return the position of the first True along an axis, its length where there is none."""
    position: Indices = np.where(true.any(axis=axis), true.argmax(axis=axis), true.shape[axis])
    return position


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
    phase = [PHASE_CODES.index(code) for code in _PHASE_OF_AGE]
    margin: Indices = np.add.outer(
        np.array(phase) * len(need_groups), np.array(_groups(need_groups))
    ).reshape(-1)
    return margin


def _check(
    wanted: Array, start: Array, places: Places, opening: Places, rules: Rules, shares: Array | None
) -> None:
    draws, januaries = wanted.shape[:2]
    grid = (_SOUGHT, *_GRID)
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
