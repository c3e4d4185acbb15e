"""Seating: how many children without the place they want each candidate scheme could take, alone and beside others.

Children to seat (`lacking`) are those short of the place they want whom the overflow gives no other specialist place: who sits in
a base for want of a special school has a specialist place. They are told apart by what they want, age, need and whether they
would accept another kind of place; children whom the same options admit are one *group*. With S(U) the children of the groups
that some options reach, and options in a fixed order of priority, the first k of them fill as many seats as can be filled:

    filled(k) = min over unions U of [ S(U) + places of those of the first k that reach beyond U ]

(the max-flow of places and children equals its min-cut), and option k itself fills filled(k) - filled(k - 1). So places are
never empty while a child they admit is short, and nobody is seated twice.

Which children of a phase and need group are short by age and need is not in a shortfall: they are spread as those who want the
place are. Children who want a state special school accept a base, or a specialist post-16 institution, as often as the
preference order says (`forecast.places.preference_order`), less those who have found such a place already.

Invariants, in every draw and January: 0 <= seats <= places; seats of all options together never exceed the children short;
another option never lowers the seats of all together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from data.capital.candidates import Candidate
from data.errors import CapitalError
from data.vocabulary import AGES, NEED_CODES, SPECIALIST_PROVISIONS
from forecast.core.arrays import Flags
from forecast.core.outcome import Shortfall
from forecast.places.capacity import OF_GROUP, OF_PHASE
from forecast.places.preference_order import Rules
from models.base import Array

Order = Sequence[int]

MOST_UNIONS = 20_000
"""Unions of groups of one part that can be held; more means that very many candidates overlap in very many different ways."""

_OWN = "own"
_CELLS = ("draw", "january", "provision", "phase", "need_group")
_SPREAD = 1e-9


@dataclass(frozen=True, eq=False)
class Lacking:
    """Children without a specialist place.

    Parameters
    ----------
    left
        Short of the place they want and in no other specialist place, dims ``(draw, january, provision, phase, need_group)``.
    placed
        In a specialist place of another kind than they want, same dims and ``destination``.
    """

    left: xr.DataArray
    placed: xr.DataArray

    def at(self, january: int, inside: xr.DataArray | None = None) -> Lacking:
        """Return the children of one January, in the cells where ``inside`` is 1."""
        weight = 1.0 if inside is None else inside
        return Lacking(self.left.sel(january=[january]) * weight, self.placed.sel(january=[january]) * weight)


def lacking(shortfall: Shortfall) -> Lacking:
    """Return the children of a shortfall who are without any specialist place."""
    to = shortfall.overflow["destination"].to_numpy().tolist()
    placed = shortfall.overflow.sel(destination=[d for d in to if d in SPECIALIST_PROVISIONS])
    left = (shortfall.short - placed.sum("destination")).clip(min=0.0)
    return Lacking(left.transpose(*_CELLS), placed)


@dataclass(frozen=True, eq=False)
class Part:
    """A set of options that compete for the same children, and with no option outside the set.

    Parameters
    ----------
    options
        Their positions.
    reach_beyond
        Which options reach beyond each union of groups, dims ``(union, option)`` over all options, False for those of other
        parts; the first union is of no group.
    within
        Children short in each union, dims ``(draw, january, union)``.
    """

    options: frozenset[int]
    reach_beyond: Flags
    within: Array


@dataclass(frozen=True, eq=False)
class Seating:
    """Open places of options, and the children they could seat.

    Parameters
    ----------
    places
        Places open, dims ``(draw, january, option)``.
    parts
        Options that compete, directly or through others; each option is in one part.
    total
        All children short, whoever could seat them, dims ``(draw, january)``.
    admitted
        Children short whom each option admits, by what they want, dims ``(option, draw, january, provision, phase,
        need_group)``.
    """

    places: Array
    parts: tuple[Part, ...]
    total: Array
    admitted: tuple[Array, ...]

    def alone(self, option: int) -> Array:
        """Return the seats an option fills if it alone is built, dims ``(draw, january)``."""
        return np.asarray(np.minimum(self.places[:, :, option], self.admitted[option].sum(axis=(2, 3, 4))))

    def filled(self, built: Array, order: Order) -> Array:
        """Return the seats filled by each option, dims ``(draw, january, option)``.

        Parameters
        ----------
        built
            1 where an option is built, 0 where not, dims ``(option,)``.
        order
            Options, those with priority first.
        """
        seats = np.zeros(self.places.shape)
        for part in self.parts:
            beyond = part.within.copy()
            before = np.zeros(self.total.shape)
            for option in order:
                if built[option] <= 0 or option not in part.options:
                    continue
                beyond += built[option] * self.places[:, :, [option]] * part.reach_beyond[:, option]
                upto = beyond.min(axis=2)
                seats[:, :, option] = np.maximum(upto - before, 0.0)
                before = np.maximum(upto, before)
        return seats

    def some(self, draws: slice = slice(None), januaries: slice = slice(None)) -> Seating:
        """Return the seating in a subset of draws and Januaries."""
        here = (draws, januaries)
        return Seating(
            self.places[here],
            tuple(replace(part, within=part.within[here]) for part in self.parts),
            self.total[here],
            tuple(a[here] for a in self.admitted),
        )


def seating(
    candidates: Sequence[Candidate],
    places: Array,
    children: Lacking,
    wanted: xr.DataArray,
    rules: Rules,
) -> Seating:
    """Return the seating of several options.

    Parameters
    ----------
    candidates
        The scheme of each option; the same scheme opened in another year is another option.
    places
        Places open, dims ``(draw, january, option)``.
    children
        Whom to seat.
    wanted
        Who wants a place, dims ``(draw, january, provision, age, need)``: how children spread over ages and needs of a cell.
    rules
        Who accepts another kind of place.

    Raises
    ------
    CapitalError
        The candidates overlap in more ways than can be told apart.
    """
    missing = children.left.transpose(*_CELLS).to_numpy().astype(float)
    groups, admits = _groups(candidates, children, wanted, rules)
    # groups: dims (group, january, provision, phase, need_group), the part of a cell's children; admits: (group, option).
    by_group = np.einsum("djphn,gjphn->djg", missing, groups, optimize=True)
    return Seating(
        places=places.astype(float),
        parts=tuple(_part(options, admits, by_group, places.astype(float)) for options in _competing(admits)),
        total=missing.sum(axis=(2, 3, 4)),
        admitted=tuple(
            missing * groups[admits[:, option]].sum(axis=0)[None] for option in range(admits.shape[1])
        ),
    )


def _groups(
    candidates: Sequence[Candidate], children: Lacking, wanted: xr.DataArray, rules: Rules
) -> tuple[Array, Flags]:
    """Return groups of children by the options that admit them: their share of each cell, and the options' flags.

    Children no option admits are in no group.
    """
    mean = (
        wanted.mean("draw").transpose("january", "provision", "age", "need").to_numpy().astype(float)
        + _SPREAD
    )
    cell = np.einsum("jpan,ah,ng->jphg", mean, OF_PHASE, OF_GROUP, optimize=True)
    admitted = [_admits(candidate) for candidate in candidates]
    offers = [candidate.provision for candidate in candidates]
    by_flags: dict[bytes, tuple[Flags, Array]] = {}
    for p, wants in enumerate(SPECIALIST_PROVISIONS):
        accepting = {
            kind: share * _still_to_seat(children, wants, kind, share, mean[:, p], cell[:, p])
            for kind, share in _accepting(rules, wants).items()
        }
        for kind, share in {_OWN: 1 - sum(accepting.values()), **accepting}.items():
            # dims (age, need, option): an option of the kind wanted, or of the kind these children accept instead
            open_to = np.stack(
                [d & (q in (wants, kind)) for d, q in zip(admitted, offers, strict=True)], axis=-1
            )
            weight = mean[:, p] * share
            for admits in np.unique(open_to.reshape(-1, len(admitted)), axis=0):
                if not admits.any():
                    continue
                here = (open_to == admits).all(axis=-1)
                part = np.zeros((mean.shape[0], *cell.shape[1:]))
                part[:, p] = (
                    np.einsum("jan,ah,ng->jhg", weight * here, OF_PHASE, OF_GROUP, optimize=True) / cell[:, p]
                )
                if admits.tobytes() in by_flags:
                    by_flags[admits.tobytes()][1][...] += part
                else:
                    by_flags[admits.tobytes()] = (admits, part)
    if not by_flags:
        return np.zeros((0, *cell.shape)), np.zeros((0, len(admitted)), dtype=bool)
    flags, parts = zip(*by_flags.values(), strict=True)
    return np.stack(parts), np.stack(flags)


def _still_to_seat(
    children: Lacking, wants: str, kind: str, share: Array, wanted: Array, cell: Array
) -> Array:
    """Return the share of children accepting a kind of place among those to seat, over that among all who are short.

    Who accepts and has found a place is not there to be seated. Means over draws, dims ``(january, age, need)``.
    """
    left = (
        children.left.sel(provision=wants).mean("draw").transpose("january", "phase", "need_group").to_numpy()
    )
    placed = np.zeros(left.shape)
    if kind in children.placed["destination"].to_numpy().tolist():
        chosen = children.placed.sel(provision=wants, destination=kind).mean("draw")
        placed = chosen.transpose("january", "phase", "need_group").to_numpy()
    accept = np.einsum("jan,ah,ng->jhg", wanted * share, OF_PHASE, OF_GROUP, optimize=True) / cell
    still = np.clip(accept * (left + placed) - placed, 0.0, None)
    ratio = np.divide(still, accept * left, out=np.ones(left.shape), where=accept * left > 0)
    return np.asarray(
        np.einsum("jhg,ah,ng->jan", np.clip(ratio, 0.0, 1.0), OF_PHASE, OF_GROUP, optimize=True)
    )


def _admits(candidate: Candidate) -> Flags:
    """Return whether a scheme admits each age and need, dims ``(age, need)``."""
    return np.logical_and.outer(
        [age in candidate.ages for age in AGES], [need in candidate.needs for need in NEED_CODES]
    )


def _accepting(rules: Rules, wants: str) -> dict[str, Array]:
    """Return the share of children short of a provision who accept another one, by the latter, dims ``(age, need)``."""
    left = np.ones((len(AGES), len(NEED_CODES)))
    shares: dict[str, Array] = {}
    for step in rules.steps:
        if step.provision != wants:
            continue
        taken = left * step.share * step.fits
        if step.limited:
            shares[step.destination] = shares.get(step.destination, 0.0) + taken
        left = left - taken
    return shares


def _competing(admits: Flags) -> list[list[int]]:
    """Return lists of the positions of options that compete, directly or through others."""
    shared = csr_array(admits.T.astype(int) @ admits.astype(int))
    count, part = connected_components(shared, directed=False)
    return [np.flatnonzero(part == k).tolist() for k in range(count)]


def _part(options: Sequence[int], admits: Flags, by_group: Array, places: Array) -> Part:
    """Return one set of competing options, with the unions of its groups that decide who is seated where.

    Parameters
    ----------
    options
        Positions.
    admits
        Dims ``(group, option)``.
    by_group
        Children short, dims ``(draw, january, group)``.
    places
        Dims ``(draw, january, option)``.
    """
    mine = admits[:, list(options)]
    empty = np.zeros(admits.shape[0], dtype=bool)
    family = {empty.tobytes(): empty}
    for own in {column.tobytes(): column for column in mine.T}.values():
        for union in list(family.values()):
            both = union | own
            family.setdefault(both.tobytes(), both)
        if len(family) > MOST_UNIONS:
            raise CapitalError(
                f"{len(options)} candidates overlap in more than {MOST_UNIONS:,} ways, so who would sit where cannot be worked "
                "out. Give candidates that serve the same children the same ages and needs, or appraise fewer at a time."
            )
    unions = np.array(list(family.values()), dtype=bool).reshape(len(family), -1)
    beyond = np.zeros((len(unions), admits.shape[1]), dtype=bool)
    beyond[:, list(options)] = (~unions).astype(int) @ mine.astype(int) > 0
    inside = by_group @ unions.T.astype(float)
    lying = np.zeros(beyond.shape)
    lying[:, list(options)] = ~beyond[:, list(options)]
    # A union whose children are always more than the places within it never decides who sits where.
    decides = (inside < places @ lying.T).any(axis=(0, 1))
    decides[0] = True
    return Part(frozenset(options), beyond[decides], inside[:, :, decides])
