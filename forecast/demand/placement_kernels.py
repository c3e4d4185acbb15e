"""Yearly transitions of placements, the steps of `models.placement` compiled to one pass over memory each.

Invariant: every number is, to the last bit, the one that `models.placement.end_plans`, `place_next_year`, `scale_to_plans` and
`to_totals` give, as single steps in single precision in the same order. Sums over provisions and the products with the paths'
matrices are left to numpy here as there, because a library for matrices may add in any order. So a scenario that changes
nothing gives the baseline's placements.

**Why compiled.** There are several thousand ages, needs and provisions in every draw and January. Told to numpy one step at a
time they go through memory over and over; that took most of the time of a scenario.

Arrays are C-contiguous with draws first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from data.vocabulary import (
    AGES,
    NEED_CODES,
    PHASE_CODES,
    PHASE_OF_AGE,
    PROVISION_CODES,
    SPECIALIST_PROVISIONS,
)
from forecast.core.arrays import Flags, Indices
from forecast.core.jit import compiled
from models.base import Array, Floats
from models.moves import STAGE_OF_AGE
from models.placement import NOBODY, ONES, Paths

_NONE, _ONE = np.float32(0), np.float32(1)
_FEWEST_LEAVING, _FEWEST_PLACED = np.float32(1e-12), np.float32(NOBODY**2)
_NOBODY = NOBODY

_STAGE: Indices = STAGE_OF_AGE[:-1].astype(np.intp)
_PHASE: Indices = np.array([PHASE_CODES.index(code) for code in PHASE_OF_AGE], dtype=np.intp)
_SPECIALIST: Indices = np.array([PROVISION_CODES.index(p) for p in SPECIALIST_PROVISIONS], dtype=np.intp)


class PlacementCounts(NamedTuple):
    """Arrays that receive counts of placements; see `forecast.demand.placement.PlacementArrays`."""

    future: Floats
    by_need: Floats
    wanted: Floats


@dataclass(frozen=True, eq=False)
class Carrier:
    """Carries the placements of some draws forward a year, in arrays that are used again by the next year.

    Parameters
    ----------
    paths
        How placements change, in single precision.
    goes
        Where those who leave a provision go, dims ``(draw, age, provision, provision_to)``, ages but the last.
    going, older, new
        Room for plans that go on, for where they are a year later and for new plans, dims ``(draw, age, need, provision)``.
    leave, arrive
        Room for children who leave a provision and for those who come to one, same dims without the last and the first age.
    """

    paths: Paths
    goes: Floats
    going: Floats
    older: Floats
    new: Floats
    leave: Floats
    arrive: Floats

    @classmethod
    def of(cls, paths: Paths) -> Carrier:
        """Return a carrier with the given transitions."""
        grid = (len(paths.kept), len(AGES), len(NEED_CODES), len(PROVISION_CODES))
        plain = replace(
            paths, **{n: np.ascontiguousarray(getattr(paths, n)) for n in ("kept", "need_tilt", "choice")}
        )
        going, older, new = (np.zeros(grid, dtype=np.float32) for _ in range(3))
        return cls(
            plain,
            paths.goes[:, _STAGE],
            going,
            older,
            new,
            np.zeros_like(going[:, 1:]),
            np.zeros_like(going[:, 1:]),
        )

    def remaining(self, placed: Floats, leavers: Array) -> Floats:
        """Return the plans of each provision that continue: `models.placement.end_plans`."""
        _remain(
            placed, placed @ self.paths.ending, np.ascontiguousarray(leavers), self.paths.ending, self.going
        )
        return self.going

    def settled(self, left: Floats, joiners: Array, plans: Array) -> tuple[Floats, Floats]:
        """Return continuing plans by provision a year later, and new plans by provision: `models.placement.place_next_year`."""
        older, leave, arrive = self.older, self.leave, self.arrive
        _part(left, self.paths.kept, _STAGE, older, leave)
        np.matmul(leave, self.goes, out=arrive)
        _tilt(arrive, self.paths.need_tilt)
        _arrived(arrive, leave @ ONES, arrive @ ONES, older)
        joiners, plans = np.ascontiguousarray(joiners), np.ascontiguousarray(plans)
        _choose(self.paths.choice, older @ ONES, joiners, plans, self.new)
        return older, self.new


def scale(placed: Floats, plans: Array) -> None:
    """Scale placements in place so that they add up to plans at every age and need: `models.placement.scale_to_plans`."""
    _scale(placed, placed @ ONES, np.ascontiguousarray(plans))


def count(
    moved: Floats, by_provision: Floats, future: Floats, by_need: Floats, wanted: Floats, some: slice
) -> None:
    """Count placements after the factors of each kind of provision (`models.placement.to_totals`), and specialist places wanted.

    Parameters
    ----------
    moved
        Placements at today's choices, dims ``(draw, january, age, need, provision)``.
    by_provision
        Factors of the kinds, dims ``(draw, january, provision)``.
    future, by_need, wanted
        Receive the counts; see `forecast.demand.placement.PlacementArrays`.
    some
        Januaries of those that the counts are of.
    """
    weighted = (moved @ by_provision[:, :, None, :, None])[..., 0]
    counts = PlacementCounts(future, by_need, wanted)
    _count(moved, moved @ ONES, weighted, by_provision, _PHASE, _SPECIALIST, some.start or 0, counts)


def review(going: Floats, share: Array, who: Flags, locked: Floats | None, protected: Indices) -> None:
    """End a share of the continuing plans, in place, except those that are protected.

    Parameters
    ----------
    going
        Plans that go on, dims ``(draw, age, need, provision)``.
    share
        Of the plans reviewed that end, dims ``(draw,)``.
    who
        Whose plans are reviewed, dims ``(age, need)``.
    locked
        Share that is protected in each protected provision, dims ``(draw, age, need, protected)``, broadcast; None: nobody is.
    protected
        Positions of the protected provisions.
    """
    exempt = protected if locked is not None else protected[:0]
    nobody = np.zeros((1, 1, 1, len(exempt)), dtype=np.float32)
    full = np.broadcast_to(nobody if locked is None else locked, (*going.shape[:3], len(exempt)))
    _review(going, share, who, np.ascontiguousarray(full), exempt)


@compiled
def _remain(placed: Floats, total: Floats, leavers: Array, ending: Floats, going: Floats) -> None:
    draws, ages, needs, provisions = placed.shape
    for d in range(draws):
        for a in range(ages):
            for n in range(needs):
                share = np.float32(leavers[d, a, n]) / max(total[d, a, n], _FEWEST_LEAVING)
                for p in range(provisions):
                    going[d, a, n, p] = placed[d, a, n, p] * (_ONE - min(share * ending[p], _ONE))


@compiled
def _part(left: Floats, kept: Floats, stage: Indices, stay: Floats, leave: Floats) -> None:
    """Split continuing plans into those that stay in their provision (a year older) and those that leave it."""
    draws, ages, needs, provisions = left.shape
    for d in range(draws):
        for a in range(ages - 1):
            for n in range(needs):
                for p in range(provisions):
                    staying = left[d, a, n, p] * kept[d, stage[a], p]
                    stay[d, a + 1, n, p] = staying
                    leave[d, a, n, p] = left[d, a, n, p] - staying


@compiled
def _tilt(arrive: Floats, tilt: Floats) -> None:
    draws, ages, needs, provisions = arrive.shape
    for d in range(draws):
        for a in range(ages):
            for n in range(needs):
                for p in range(provisions):
                    arrive[d, a, n, p] *= tilt[a + 1, n, p]


@compiled
def _arrived(arrive: Floats, leaving: Floats, arriving: Floats, older: Floats) -> None:
    """Add to those who stay the children who moved, in the provisions they move to."""
    draws, ages, needs, provisions = arrive.shape
    for d in range(draws):
        for a in range(ages):
            for n in range(needs):
                whole = arriving[d, a, n]
                part = leaving[d, a, n] / whole if whole > _NONE else _NONE
                for p in range(provisions):
                    older[d, a + 1, n, p] += arrive[d, a, n, p] * part


@compiled
def _choose(choice: Floats, there: Floats, joiners: Array, plans: Array, new: Floats) -> None:
    draws, ages, needs, provisions = choice.shape
    for d in range(draws):
        for a in range(ages):
            for n in range(needs):
                some = there[d, a, n] + joiners[d, a, n] > _NOBODY
                coming = np.float32(joiners[d, a, n] if some else plans[d, a, n])
                for p in range(provisions):
                    new[d, a, n, p] = choice[d, a, n, p] * coming


@compiled
def _scale(placed: Floats, total: Floats, plans: Array) -> None:
    draws, ages, needs, provisions = placed.shape
    for d in range(draws):
        for a in range(ages):
            for n in range(needs):
                factor = np.float32(plans[d, a, n]) / max(total[d, a, n], _FEWEST_PLACED)
                for p in range(provisions):
                    placed[d, a, n, p] *= factor


@compiled
def _count(
    moved: Floats,
    total: Floats,
    weighted: Floats,
    by_provision: Floats,
    phase: Indices,
    specialist: Indices,
    first: int,
    counts: PlacementCounts,
) -> None:
    future, by_need, wanted = counts
    draws, januaries, ages, needs, provisions = moved.shape
    for d in range(draws):
        for t in range(januaries):
            of_ages, of_needs, asking = future[d, first + t], by_need[d, first + t], wanted[d, first + t]
            of_ages[:] = _NONE
            of_needs[:] = _NONE
            factor = by_provision[d, t]
            for a in range(ages):
                of_age, of_phase = of_ages[a], of_needs[phase[a]]
                for n in range(needs):
                    whole = weighted[d, t, a, n]
                    row = total[d, t, a, n] / whole if whole > _NONE else _NONE
                    children, of_need = moved[d, t, a, n], of_phase[n]
                    for p in range(provisions):
                        fitted = children[p] * factor[p] * row
                        of_age[p] += fitted
                        of_need[p] += fitted
                    for i in range(len(specialist)):
                        asking[i, a, n] = children[specialist[i]]


@compiled
def _review(going: Floats, share: Array, who: Flags, locked: Floats, exempt: Indices) -> None:
    draws, ages, needs, provisions = going.shape
    spread = np.zeros(provisions, dtype=np.float32)
    for d in range(draws):
        ends = np.float32(share[d])
        for a in range(ages):
            for n in range(needs):
                if who[a, n]:
                    for i in range(len(exempt)):
                        spread[exempt[i]] = locked[d, a, n, i]
                    for p in range(provisions):
                        going[d, a, n, p] *= _ONE - ends * (_ONE - spread[p])
