"""Children are never lost, units never overfilled; more places never leave more children out, more demand never fewer.

The number placed equals an exact maximum flow. All for any register, demand and history.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from operator import attrgetter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from data.vocabulary import AGES, NEED_CODES, PHASES, SPECIALIST_PROVISIONS
from forecast.core.outcome import ONE_CHILD
from forecast.places.admission import OpenPlaces
from forecast.places.allocation import GROUPED, Admission, Allocation, allocate
from forecast.places.preference_order import default_rules
from forecast.presentation.place_tables import fewest_places
from models.base import Array

CLOSE = 1e-6
RULES = default_rules()
SEEDS = st.integers(0, 10_000)
DRAWS, JANUARIES = 3, 4
CELLS = len(AGES) * len(NEED_CODES)


@dataclass(frozen=True)
class World:
    wanted: Array
    start: Array
    places: OpenPlaces
    opening: OpenPlaces

    def allocate(self) -> Allocation:
        return allocate(self.wanted, self.start, Admission.of(self.places, self.opening), RULES)


def units(
    rng: np.random.Generator,
    count: int,
    *,
    draws: int,
    januaries: int,
    whole: bool = False,
    slips: bool = True,
) -> OpenPlaces:
    """Return units with overlapping runs of ages and needs; ages differ by draw where openings slip."""
    size = rng.gamma(0.8, 25, (draws, januaries, count))
    ages = np.zeros((draws, januaries, count, len(AGES)), dtype=bool)
    for unit in range(count):
        low = rng.integers(0, 20)
        ages[:, :, unit, low : low + rng.integers(1, 14)] = True
    if slips:
        ages &= rng.random((draws, januaries, count, 1)) < 0.9
    needs = np.repeat(rng.random((1, count, len(NEED_CODES))) < 0.4, januaries, axis=0)
    return OpenPlaces(
        units=tuple(f"Unit {u}" for u in range(count)),
        provision=tuple(str(p) for p in rng.choice(SPECIALIST_PROVISIONS, count)),
        located=tuple(str(p) for p in rng.choice(["local", "elsewhere"], count)),
        community=("",) * count,
        places=np.floor(size) if whole else size,
        admits_age=ages,
        admits_need=needs,
    )


def opening_of(places: OpenPlaces) -> OpenPlaces:
    return replace(
        places,
        places=places.places[:1, :1],
        admits_age=places.admits_age[:1, :1],
        admits_need=places.admits_need[:1],
    )


def world(seed: int, *, slips: bool = True) -> World:
    rng = np.random.default_rng(seed)
    places = units(rng, int(rng.integers(1, 9)), draws=DRAWS, januaries=JANUARIES, slips=slips)
    grid = (len(SPECIALIST_PROVISIONS), len(AGES), len(NEED_CODES))
    busy = rng.random(grid) < 0.3
    wanted = rng.gamma(0.4, 2.0, (DRAWS, JANUARIES, *grid)) * busy
    return World(wanted, rng.gamma(0.4, 1.5, grid) * busy, places, opening_of(places))


def left_out(allocation: Allocation) -> Array:
    """Return children without a place, dims (draw, january, provision)."""
    total: Array = allocation.cells.unplaced.sum(axis=(3, 4))
    return total


@settings(max_examples=60)
@given(SEEDS)
def test_every_child_is_counted_once(seed: int) -> None:
    given_ = world(seed)
    found = given_.allocate()
    np.testing.assert_allclose(found.cells.placed + found.cells.unplaced, given_.wanted, atol=CLOSE, rtol=0)
    np.testing.assert_allclose(
        found.cells.overflow.sum(axis=2), found.cells.unplaced.sum(axis=2), atol=CLOSE, rtol=0
    )
    np.testing.assert_allclose(
        found.cause.sum(axis=3).reshape(DRAWS, JANUARIES, -1),
        found.short.reshape(DRAWS, JANUARIES, -1),
        atol=CLOSE,
        rtol=0,
    )
    np.testing.assert_allclose(
        found.cause.sum(axis=(2, 4, 5)), found.cells.overflow.sum(axis=(3, 4)), atol=CLOSE, rtol=0
    )
    for values in (
        found.cells.placed,
        found.cells.unplaced,
        found.cells.overflow,
        found.filled,
        found.free,
        found.moved,
    ):
        assert values.min(initial=0.0) >= 0


@settings(max_examples=60)
@given(SEEDS)
def test_places_are_filled_free_or_taken_by_overflow(seed: int) -> None:
    given_ = world(seed)
    found = given_.allocate()
    filled = found.filled.sum(axis=(3, 4))
    np.testing.assert_allclose(
        filled + found.filled_by_overflow + found.free, given_.places.places, atol=CLOSE, rtol=0
    )
    for p, provision in enumerate(SPECIALIST_PROVISIONS):
        ours = [u for u, code in enumerate(given_.places.provision) if code == provision]
        np.testing.assert_allclose(
            filled[:, :, ours].sum(axis=2), found.cells.placed[:, :, p].sum(axis=(2, 3)), atol=CLOSE, rtol=0
        )
        if provision in found.destinations:
            taken = found.cells.overflow[:, :, found.destinations.index(provision)].sum(axis=(2, 3))
            np.testing.assert_allclose(
                found.filled_by_overflow[:, :, ours].sum(axis=2), taken, atol=CLOSE, rtol=0
            )


@settings(max_examples=60)
@given(SEEDS)
def test_nobody_is_where_age_or_need_is_not_admitted(seed: int) -> None:
    given_ = world(seed)
    found = given_.allocate()
    admits = (
        given_.places.admits_age[..., np.newaxis] & given_.places.admits_need[np.newaxis, :, :, np.newaxis]
    )
    for p, provision in enumerate(SPECIALIST_PROVISIONS):
        ours = [u for u, code in enumerate(given_.places.provision) if code == provision]
        somewhere = admits[:, :, ours].any(axis=2)
        assert found.cells.placed[:, :, p][~somewhere].max(initial=0.0) <= CLOSE
        if provision in found.destinations:
            sent = found.cells.overflow[:, :, found.destinations.index(provision)]
            assert sent[~somewhere].max(initial=0.0) <= CLOSE
    for i, phase in enumerate(PHASES):
        for g, needs in enumerate(GROUPED.values()):
            ages = [AGES.index(age) for age in phase.ages]
            cells = admits[:, :, :, ages][..., [NEED_CODES.index(need) for need in needs]]
            assert found.filled[:, :, :, i, g][~cells.any(axis=(3, 4))].max(initial=0.0) <= CLOSE


@settings(max_examples=120)
@given(SEEDS, st.floats(0.1, 80.0), st.booleans())
def test_more_places_never_leave_more_children_out(seed: int, extra: float, every_january: bool) -> None:
    given_ = world(seed)
    rng = np.random.default_rng(seed + 1)
    unit = rng.integers(len(given_.places.units))
    more = given_.places.places.copy()
    more[:, slice(None) if every_january else rng.integers(JANUARIES), unit] += extra
    before = left_out(given_.allocate())
    after = left_out(replace(given_, places=replace(given_.places, places=more)).allocate())
    assert (after <= before + CLOSE).all()
    assert (after >= before - extra - CLOSE).all()


@settings(max_examples=60)
@given(SEEDS, st.floats(0.1, 80.0))
def test_more_places_at_the_start_change_nobodys_number_later(seed: int, extra: float) -> None:
    """History decides who is placed and where, not how many."""
    given_ = world(seed)
    opening = replace(given_.opening, places=given_.opening.places + extra)
    np.testing.assert_allclose(
        left_out(replace(given_, opening=opening).allocate()), left_out(given_.allocate()), atol=CLOSE, rtol=0
    )


@settings(max_examples=60)
@given(SEEDS)
def test_admitting_more_children_never_leaves_more_out(seed: int) -> None:
    given_ = world(seed)
    rng = np.random.default_rng(seed + 1)
    wider = given_.places.admits_age | (rng.random(given_.places.admits_age.shape) < 0.1)
    after = left_out(replace(given_, places=replace(given_.places, admits_age=wider)).allocate())
    assert (after <= left_out(given_.allocate()) + CLOSE).all()


@settings(max_examples=120)
@given(SEEDS, st.floats(0.1, 30.0))
def test_more_demand_never_leaves_fewer_out(seed: int, extra: float) -> None:
    given_ = world(seed)
    rng = np.random.default_rng(seed + 1)
    more = given_.wanted + extra * (rng.random(given_.wanted.shape) < 0.02)
    before, after = left_out(given_.allocate()), left_out(replace(given_, wanted=more).allocate())
    assert (after >= before - CLOSE).all()
    assert (after <= before + (more - given_.wanted).sum(axis=(3, 4)) + CLOSE).all()


@settings(max_examples=20)
@given(SEEDS, st.booleans())
def test_with_no_places_everyone_is_left_out(seed: int, no_units: bool) -> None:
    given_ = world(seed)
    if no_units:
        none = np.array([], dtype=int)
        places = OpenPlaces(
            (), (), (), (),
            given_.places.places[:, :, none],
            given_.places.admits_age[:, :, none],
            given_.places.admits_need[:, none],
        )  # fmt: skip
        given_ = replace(given_, places=places, opening=opening_of(places))
    else:
        empty = replace(given_.places, places=np.zeros_like(given_.places.places))
        given_ = replace(given_, places=empty)
    found = given_.allocate()
    np.testing.assert_allclose(found.cells.unplaced, given_.wanted, rtol=1e-12)
    assert found.cells.overflow.sum() == pytest.approx(given_.wanted.sum())


@settings(max_examples=30)
@given(SEEDS)
def test_the_same_question_has_the_same_answer_and_draws_may_be_shuffled(seed: int) -> None:
    given_ = world(seed)
    found, again = given_.allocate(), given_.allocate()
    order = np.random.default_rng(seed).permutation(DRAWS)
    shuffled = replace(
        given_,
        wanted=given_.wanted[order],
        places=replace(
            given_.places, places=given_.places.places[order], admits_age=given_.places.admits_age[order]
        ),
    ).allocate()
    for name in (
        "cells.placed",
        "cells.unplaced",
        "cells.overflow",
        "short",
        "cause",
        "filled",
        "free",
        "moved",
    ):
        np.testing.assert_array_equal(attrgetter(name)(again), attrgetter(name)(found))
        np.testing.assert_allclose(
            attrgetter(name)(shuffled), attrgetter(name)(found)[order], atol=CLOSE, rtol=0
        )


@settings(max_examples=30)
@given(SEEDS)
def test_inputs_are_left_as_they_were(seed: int) -> None:
    given_, same = world(seed), world(seed)
    given_.allocate()
    np.testing.assert_array_equal(given_.wanted, same.wanted)
    np.testing.assert_array_equal(given_.start, same.start)
    np.testing.assert_array_equal(given_.places.places, same.places.places)


@settings(max_examples=20)
@given(SEEDS)
def test_inputs_may_be_locked_and_lie_in_memory_in_any_order(seed: int) -> None:
    given_ = world(seed)
    wanted, opening = np.asfortranarray(given_.wanted), given_.opening.places.copy()
    for values in (wanted, opening, given_.start):
        values.flags.writeable = False
    locked = replace(given_, wanted=wanted, opening=replace(given_.opening, places=opening)).allocate()
    found = given_.allocate()
    np.testing.assert_array_equal(locked.short, found.short)
    np.testing.assert_array_equal(locked.filled, found.filled)


@settings(max_examples=20)
@given(SEEDS)
def test_places_at_the_start_are_left_as_they_were(seed: int) -> None:
    given_, same = world(seed), world(seed)
    opening = replace(given_.opening, places=given_.opening.places.copy())
    replace(given_, opening=opening).allocate()
    np.testing.assert_array_equal(opening.places, same.opening.places)


@settings(max_examples=60)
@given(SEEDS)
def test_pupils_keep_a_place_while_units_still_admit_them_and_places_do_not_fall(seed: int) -> None:
    given_ = world(seed, slips=False)
    ages = np.maximum.accumulate(given_.places.admits_age, axis=3)  # once admitted, for good
    places = replace(
        given_.places, places=np.maximum.accumulate(given_.places.places, axis=1), admits_age=ages
    )
    found = replace(given_, places=places, opening=opening_of(places)).allocate()
    older = found.cells.placed[:, 1:, :, 1:]
    owed = np.minimum(found.cells.placed[:, :-1, :, :-1], given_.wanted[:, 1:, :, 1:])
    assert (older >= owed - CLOSE).all()


@settings(max_examples=40)
@given(SEEDS)
def test_overflow_never_takes_a_place_from_a_child_who_wants_it(seed: int) -> None:
    given_ = world(seed)
    base = SPECIALIST_PROVISIONS.index("specialist_base")
    alone = np.zeros_like(given_.wanted)
    alone[:, :, base] = given_.wanted[:, :, base]
    np.testing.assert_allclose(
        given_.allocate().cells.placed[:, :, base],
        replace(given_, wanted=alone).allocate().cells.placed[:, :, base],
        atol=CLOSE,
        rtol=0,
    )


@settings(max_examples=30)
@given(SEEDS, st.sampled_from([0.5, 0.8, 0.95]))
def test_places_to_add_are_enough_with_the_probability_asked_for(seed: int, sure: float) -> None:
    """Added where all who want the provision are admitted, and one place fewer would not be enough."""
    rng = np.random.default_rng(seed)
    places = units(rng, 4, draws=20, januaries=1)
    grid = (len(SPECIALIST_PROVISIONS), len(AGES), len(NEED_CODES))
    wanted = rng.gamma(0.4, 2.0, (20, 1, *grid)) * rng.gamma(4, 0.25, (20, 1, 1, 1, 1))
    wanted[:, :, 1:] = 0.0
    short = left_out(allocate(wanted, wanted[0, 0] * 0, Admission.of(places, opening_of(places)), RULES))[
        :, :, 0
    ]
    added = float(fewest_places(short, sure)[0])
    anyone = replace(
        places,
        units=(*places.units, "New school"),
        provision=(*places.provision, SPECIALIST_PROVISIONS[0]),
        located=(*places.located, "local"),
        community=(*places.community, ""),
        places=np.concatenate([places.places, np.full((20, 1, 1), added)], axis=2),
        admits_age=np.concatenate([places.admits_age, np.ones((20, 1, 1, len(AGES)), dtype=bool)], axis=2),
        admits_need=np.concatenate(
            [places.admits_need, np.ones((1, 1, len(NEED_CODES)), dtype=bool)], axis=1
        ),
    )
    after = left_out(allocate(wanted, wanted[0, 0] * 0, Admission.of(anyone, opening_of(anyone)), RULES))[
        :, 0, 0
    ]
    assert np.mean(after < ONE_CHILD + CLOSE) >= sure
    assert added == 0 or np.mean(short[:, 0] < added - 1 + ONE_CHILD) < sure


def most_that_fit(wanted: Array, places: Array, admits: Array) -> int:
    """Return the maximum flow from cells through units, exact in whole children."""
    units_, cells = admits.shape
    if not units_:
        return 0
    source, sink = cells + units_, cells + units_ + 1
    edges = [(source, cell, int(wanted[cell])) for cell in range(cells) if wanted[cell]]
    edges += [(int(cell), cells + int(unit), 10**6) for unit, cell in np.argwhere(admits)]
    edges += [(cells + unit, sink, int(places[unit])) for unit in range(units_)]
    start, end, capacity = (np.array(column, dtype=np.int32) for column in zip(*edges, strict=True))
    graph = csr_array((capacity, (start, end)), shape=(sink + 1, sink + 1), dtype=np.int32)
    return int(maximum_flow(graph, source, sink).flow_value)


def whole_worlds(count: int) -> Iterator[World]:
    for seed in range(count):
        rng = np.random.default_rng(seed)
        places = units(rng, int(rng.integers(2, 12)), draws=1, januaries=3, whole=True)
        provision = rng.choice(SPECIALIST_PROVISIONS[:2], len(places.units))
        places = replace(places, provision=tuple(str(p) for p in provision))
        grid = (len(SPECIALIST_PROVISIONS), len(AGES), len(NEED_CODES))
        wanted = rng.poisson(rng.gamma(0.3, 2.0, (1, 3, *grid))).astype(float)
        yield World(wanted, rng.poisson(0.4, grid).astype(float), places, opening_of(places))


def test_the_number_placed_is_an_exact_maximum_flow_in_every_january() -> None:
    gaps = []
    for given_ in whole_worlds(70):
        found = given_.allocate()
        for january in range(3):
            for p, provision in enumerate(SPECIALIST_PROVISIONS):
                ours = [u for u, code in enumerate(given_.places.provision) if code == provision]
                ages = given_.places.admits_age[0, january, ours]
                needs = given_.places.admits_need[january, ours]
                admits = (ages[:, :, np.newaxis] & needs[:, np.newaxis]).reshape(len(ours), CELLS)
                most = most_that_fit(
                    given_.wanted[0, january, p].reshape(-1), given_.places.places[0, january, ours], admits
                )
                gaps.append(most - found.cells.placed[0, january, p].sum())
    assert len(gaps) >= 600
    assert max(gaps) < CLOSE
    assert min(gaps) > -CLOSE
