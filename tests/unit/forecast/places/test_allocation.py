"""Allocation of children to specialist places, worked by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data.errors import OptionError
from data.vocabulary import AGES, NEED_CODES, PHASE_CODES, SPECIALIST_PROVISIONS
from forecast.places.admission import OpenPlaces
from forecast.places.allocation import Admission, Allocation, allocate
from forecast.places.preference_order import Rules, default_rules
from models.base import Array

RULES = default_rules()
SPECIAL, BASE, POST16 = SPECIALIST_PROVISIONS
Children = dict[tuple[str, int, str], float]


def unit(
    name: str,
    places: list[float],
    ages: tuple[int, int],
    needs: tuple[str, ...] = NEED_CODES,
    provision: str = SPECIAL,
    located: str = "local",
    community: str = "",
) -> OpenPlaces:
    """Return one unit that offers ``places[january]`` from age to age."""
    years = len(places)
    admits = np.array([ages[0] <= age <= ages[1] for age in AGES])
    return OpenPlaces(
        units=(name,),
        provision=(provision,),
        located=(located,),
        community=(community,),
        places=np.array(places, dtype=float).reshape(1, years, 1),
        admits_age=np.tile(admits, (1, years, 1, 1)),
        admits_need=np.tile([need in needs for need in NEED_CODES], (years, 1, 1)),
    )


def together(*units: OpenPlaces) -> OpenPlaces:
    return OpenPlaces(
        units=tuple(u.units[0] for u in units),
        provision=tuple(u.provision[0] for u in units),
        located=tuple(u.located[0] for u in units),
        community=tuple(u.community[0] for u in units),
        places=np.concatenate([u.places for u in units], axis=2),
        admits_age=np.concatenate([u.admits_age for u in units], axis=2),
        admits_need=np.concatenate([u.admits_need for u in units], axis=1),
    )


def children(*januaries: Children) -> Array:
    """Return children by (provision, age, need) in one draw."""
    grid = np.zeros((1, len(januaries), len(SPECIALIST_PROVISIONS), len(AGES), len(NEED_CODES)))
    for january, wanted in enumerate(januaries):
        for (provision, age, need), count in wanted.items():
            grid[
                0, january, SPECIALIST_PROVISIONS.index(provision), AGES.index(age), NEED_CODES.index(need)
            ] = count
    return grid


def match(
    wanted: Array,
    places: OpenPlaces,
    *,
    start: Children | None = None,
    rules: Rules = RULES,
    opening: OpenPlaces | None = None,
) -> Allocation:
    first = replace(
        places,
        places=places.places[:, :1],
        admits_age=places.admits_age[:, :1],
        admits_need=places.admits_need[:1],
    )
    return allocate(wanted, children(start or {})[0, 0], Admission.of(places, opening or first), rules)


def at(values: Array, provision: str, age: int, need: str, january: int = 0) -> float:
    cell = (0, january, SPECIALIST_PROVISIONS.index(provision), AGES.index(age), NEED_CODES.index(need))
    return float(values[cell])


def sent(found: Allocation, january: int = 0) -> dict[str, float]:
    totals = found.cells.overflow[0, january].sum(axis=(1, 2))
    return {code: round(float(t), 6) for code, t in zip(found.destinations, totals, strict=True) if t > 0}


def test_pupils_a_year_older_stay_before_new_entrants_come() -> None:
    wanted = children({(SPECIAL, 7, "ASD"): 6, (SPECIAL, 8, "ASD"): 6})
    found = match(wanted, unit("Oak", [8], (4, 10)), start={(SPECIAL, 6, "ASD"): 6})
    assert at(found.cells.placed, SPECIAL, 7, "ASD") == pytest.approx(6)
    assert at(found.cells.placed, SPECIAL, 8, "ASD") == pytest.approx(2)
    assert at(found.cells.unplaced, SPECIAL, 8, "ASD") == pytest.approx(4)
    assert found.moved.sum() == 0


def test_phase_transfers_come_before_new_entrants() -> None:
    """Six pupils leave the primary school at 11; four of the same age want a first place; the secondary school has seven."""
    wanted = children({(SPECIAL, 11, "ASD"): 6, (SPECIAL, 12, "SEMH"): 4})
    places = together(unit("Primary", [6], (4, 10)), unit("Secondary", [7], (11, 15)))
    found = match(wanted, places, start={(SPECIAL, 10, "ASD"): 6})
    assert at(found.cells.placed, SPECIAL, 11, "ASD") == pytest.approx(6)
    assert at(found.cells.placed, SPECIAL, 12, "SEMH") == pytest.approx(1)


def test_children_who_want_a_place_no_longer_give_it_up() -> None:
    wanted = children({(SPECIAL, 7, "ASD"): 2, (SPECIAL, 8, "ASD"): 9})
    found = match(wanted, unit("Oak", [8], (4, 10)), start={(SPECIAL, 6, "ASD"): 6})
    assert at(found.cells.placed, SPECIAL, 7, "ASD") == pytest.approx(2)
    assert at(found.cells.placed, SPECIAL, 8, "ASD") == pytest.approx(6)


def test_all_are_scaled_down_where_places_fall() -> None:
    wanted = children({(SPECIAL, 7, "ASD"): 6, (SPECIAL, 8, "ASD"): 2})
    oak = unit("Oak", [4], (4, 10))
    found = match(
        wanted,
        oak,
        start={(SPECIAL, 6, "ASD"): 6, (SPECIAL, 7, "ASD"): 2},
        opening=replace(oak, places=np.array([[[8.0]]])),
    )
    assert at(found.cells.placed, SPECIAL, 7, "ASD") == pytest.approx(3)
    assert at(found.cells.placed, SPECIAL, 8, "ASD") == pytest.approx(1)


def test_local_units_fill_before_those_elsewhere_and_narrow_ones_before_wide() -> None:
    places = together(
        unit("Elsewhere", [5], (4, 10), ("ASD",), located="elsewhere"),
        unit("Wide", [5], (4, 15)),
        unit("Narrow", [5], (4, 10), ("ASD",)),
    )
    for count, filled in ((3, [0, 0, 3]), (7, [0, 2, 5]), (11, [1, 5, 5])):
        found = match(children({(SPECIAL, 7, "ASD"): count}), places)
        np.testing.assert_allclose(found.filled.sum(axis=(3, 4))[0, 0], filled)
        np.testing.assert_allclose(found.free[0, 0], 5 - np.array(filled))


def test_pupils_of_one_unit_leave_no_trace_in_another() -> None:
    """The children who turn 4 come from the nursery, not from the seats of the oldest in the school."""
    places = together(unit("Nursery", [6], (2, 3), ("ASD",)), unit("School", [9], (4, 5), ("ASD",)))
    found = match(
        children({(SPECIAL, 4, "ASD"): 3}), places, start={(SPECIAL, 3, "ASD"): 6, (SPECIAL, 5, "ASD"): 8}
    )
    np.testing.assert_allclose(found.filled.sum(axis=(3, 4))[0, 0], [0, 3])


def test_children_with_no_other_unit_come_first() -> None:
    """The first unit takes autism, which the second does not, and leaves SEMH to the second."""
    places = together(
        unit("First", [5], (4, 10), ("ASD", "SEMH")), unit("Second", [5], (4, 10), ("SEMH", "SLCN"))
    )
    found = match(children({(SPECIAL, 7, "ASD"): 5, (SPECIAL, 7, "SEMH"): 5}), places)
    assert found.cells.unplaced.sum() == pytest.approx(0)
    assert found.moved.sum() == 0


def test_equals_share_in_proportion() -> None:
    found = match(
        children({(SPECIAL, 7, "ASD"): 6, (SPECIAL, 8, "SEMH"): 3}),
        unit("Oak", [3], (4, 10), ("ASD", "SEMH")),
    )
    assert at(found.cells.placed, SPECIAL, 7, "ASD") == pytest.approx(2)
    assert at(found.cells.placed, SPECIAL, 8, "SEMH") == pytest.approx(1)


def test_a_pupil_moves_where_another_child_would_stay_out_and_is_counted() -> None:
    """A place added in the first January must not cost one in the second, when only the wide unit admits SEMH."""
    wanted = children({(SPECIAL, 7, "ASD"): 1}, {(SPECIAL, 8, "ASD"): 1, (SPECIAL, 8, "SEMH"): 1})
    narrow = unit("Narrow", [0, 1], (4, 10), ("ASD",))
    without = match(wanted, together(narrow, unit("Wide", [0, 1], (4, 10), ("ASD", "SEMH"))))
    found = match(wanted, together(narrow, unit("Wide", [1, 1], (4, 10), ("ASD", "SEMH"))))
    assert without.cells.unplaced.sum(axis=(2, 3, 4))[0].tolist() == pytest.approx([1, 0])
    assert found.cells.unplaced.sum(axis=(2, 3, 4))[0].tolist() == pytest.approx([0, 0])
    np.testing.assert_allclose(found.moved[0], [[0, 0], [0, 1]])


def test_new_arrivals_give_way_before_pupils_who_stay() -> None:
    """One SEMH child waits; a new SLCN child can go to a unit with five places, and so could two pupils with autism."""
    places = together(
        unit("Wide", [4, 4], (4, 10), ("ASD", "SLCN", "SEMH")),
        unit("Autism", [5, 5], (4, 10), ("ASD",), located="elsewhere"),
        unit("Communication", [5, 5], (4, 10), ("SLCN",), located="elsewhere"),
        unit("Behaviour", [0, 0], (4, 10), ("SEMH",), located="elsewhere"),
    )
    wanted = children(
        {(SPECIAL, 6, "ASD"): 2}, {(SPECIAL, 7, "ASD"): 2, (SPECIAL, 8, "SLCN"): 2, (SPECIAL, 9, "SEMH"): 2}
    )
    found = match(wanted, places)
    assert found.cells.unplaced.sum() == pytest.approx(0)
    assert found.moved.sum() == 0


def test_room_is_made_for_phase_transfers_before_new_entrants_come() -> None:
    """The pupil of the secondary school moves to the new base so that the transfer fits; the new entrant is left out."""
    places = together(
        unit("Primary", [1, 1], (4, 10), ("SEMH",)),
        unit("Secondary", [1, 1], (11, 15), ("ASD", "SEMH")),
        unit("New", [0, 1], (11, 15), ("ASD",)),
    )
    wanted = children(
        {(SPECIAL, 10, "SEMH"): 1, (SPECIAL, 12, "ASD"): 1},
        {(SPECIAL, 11, "SEMH"): 1, (SPECIAL, 13, "ASD"): 1, (SPECIAL, 14, "ASD"): 1},
    )
    found = match(wanted, places)
    assert at(found.cells.placed, SPECIAL, 11, "SEMH", january=1) == pytest.approx(1)
    assert at(found.cells.placed, SPECIAL, 13, "ASD", january=1) == pytest.approx(1)
    assert at(found.cells.unplaced, SPECIAL, 14, "ASD", january=1) == pytest.approx(1)
    assert found.moved[0, 1].tolist() == pytest.approx([0, 1, 0])


def test_units_of_a_sort_take_moved_children_in_proportion_to_their_free_places() -> None:
    places = together(
        unit("Wide", [4, 4], (4, 10), ("ASD", "SEMH")),
        unit("One", [0, 1], (4, 10), ("ASD",), located="elsewhere"),
        unit("Two", [0, 3], (4, 10), ("ASD",), located="elsewhere"),
    )
    wanted = children({(SPECIAL, 6, "ASD"): 4}, {(SPECIAL, 7, "ASD"): 4, (SPECIAL, 8, "SEMH"): 2})
    found = match(wanted, places)
    np.testing.assert_allclose(found.filled.sum(axis=(3, 4))[0, 1], [4, 0.5, 1.5])
    np.testing.assert_allclose(found.free[0, 1], [0, 0.5, 1.5])
    np.testing.assert_allclose(found.moved[0, 1], [2, 0, 0])


def test_ages_admitted_may_differ_by_draw() -> None:
    late = unit("New", [4], (4, 10))
    opens = np.concatenate([late.admits_age, np.zeros_like(late.admits_age)])
    wanted = np.repeat(children({(SPECIAL, 7, "ASD"): 3}), 2, axis=0)
    found = allocate(wanted, wanted[0, 0] * 0, Admission.of(replace(late, admits_age=opens), late), RULES)
    np.testing.assert_allclose(found.cells.placed.sum(axis=(1, 2, 3, 4)), [3, 0])


def test_children_the_register_has_no_place_for_at_the_start_are_reported() -> None:
    found = match(
        children({(SPECIAL, 7, "ASD"): 8}), unit("Oak", [5], (4, 10)), start={(SPECIAL, 6, "ASD"): 8}
    )
    assert found.unseated_at_start.sum() == pytest.approx(3)


def test_overflow_before_16_follows_the_default_order() -> None:
    """Of 100, 25 would accept a base and 10 find one free; 9 go to state special schools elsewhere, 55.08 of 81 to INMSS."""
    places = together(unit("Oak", [20], (4, 10)), unit("Base", [12], (4, 10), provision=BASE))
    found = match(children({(SPECIAL, 7, "ASD"): 120, (BASE, 7, "ASD"): 2}), places)
    assert sent(found) == {
        "specialist_base": 10, "state_special_elsewhere": 9, "inmss": 55.08, "eotas": 13.2192, "waiting": 12.7008,
    }  # fmt: skip
    assert found.filled_by_overflow[0, 0].tolist() == pytest.approx([0, 10])
    assert found.free[0, 0].tolist() == pytest.approx([0, 0])
    assert at(found.cells.placed, BASE, 7, "ASD") == pytest.approx(2)
    asd = list(NEED_CODES).index("ASD")
    assert found.cells.overflow[0, 0][:, AGES.index(7), asd].sum() == pytest.approx(100)


def test_overflow_from_16_tries_college_first_and_ends_in_neet() -> None:
    found = match(children({(SPECIAL, 17, "ASD"): 100}), unit("College", [1], (16, 25), provision=POST16))
    assert sent(found) == {
        "specialist_post16": 1, "inmss": 5.07, "eotas": 10.5183, "general_fe": 60, "neet": 23.4117,
    }  # fmt: skip


def test_the_cause_of_overflow_is_kept_by_what_was_wanted() -> None:
    found = match(children({(SPECIAL, 12, "SEMH"): 100, (BASE, 12, "ASD"): 100}), unit("Oak", [0], (4, 10)))
    inmss = found.destinations.index("inmss")
    cause = found.cause[0, 0, :, inmss, PHASE_CODES.index("secondary")]
    assert cause[SPECIALIST_PROVISIONS.index(SPECIAL), found.need_groups.index("semh")] == pytest.approx(61.2)
    assert cause[SPECIALIST_PROVISIONS.index(BASE), found.need_groups.index("autism")] == pytest.approx(10)


def test_overflow_may_be_kept_to_a_community_of_settings() -> None:
    steps = [
        replace(step, communities=("North",)) if step.destination == BASE else step for step in RULES.steps
    ]
    places = together(
        unit("North base", [3], (4, 10), provision=BASE, community="North"),
        unit("South base", [30], (4, 10), provision=BASE, community="South"),
    )
    found = match(children({(SPECIAL, 7, "ASD"): 100}), places, rules=Rules(tuple(steps)))
    assert found.filled_by_overflow[0, 0].tolist() == pytest.approx([3, 0])


def test_drawn_shares_keep_their_mean_and_leave_the_last_step_alone() -> None:
    shares = RULES.share_draws(4000, np.random.default_rng(1))
    means = np.array([step.share for step in RULES.steps])
    np.testing.assert_allclose(shares.mean(axis=0), means, atol=0.01)
    assert (shares[:, means == 1] == 1).all()
    wanted = np.repeat(children({(SPECIAL, 7, "ASD"): 100}), 4000, axis=0)
    found = allocate(
        wanted,
        wanted[0, 0] * 0,
        Admission.of(unit("Oak", [5], (4, 10)), unit("Oak", [5], (4, 10))),
        RULES,
        shares=shares,
    )
    np.testing.assert_allclose(found.cells.overflow.sum(axis=(1, 2, 3, 4)), 95)
    assert found.cells.overflow[:, 0, found.destinations.index("inmss")].sum(axis=(1, 2)).std() > 1


def test_shapes_that_disagree_are_refused() -> None:
    oak, wanted = unit("Oak", [5], (4, 10)), children({(SPECIAL, 7, "ASD"): 1})
    with pytest.raises(ValueError, match="must have dims"):
        replace(oak, places=oak.places[:, :, 0])
    with pytest.raises(ValueError, match="Januaries"):
        match(children({}, {}), oak)
    with pytest.raises(ValueError, match="same units"):
        match(wanted, oak, opening=unit("Elm", [5], (4, 10)))
    with pytest.raises(ValueError, match="at least 0"):
        match(-wanted, oak)
    with pytest.raises(ValueError, match="at least 0"):
        match(wanted * np.nan, oak)
    with pytest.raises(ValueError, match="dims"):
        match(wanted[:, :, :2], oak)
    with pytest.raises(ValueError, match="Shares"):
        allocate(wanted, wanted[0, 0], Admission.of(oak, oak), RULES, shares=np.ones((1, 2)))


def test_need_groups_must_hold_every_need_once() -> None:
    oak, wanted = unit("Oak", [5], (4, 10)), children({})
    with pytest.raises(OptionError, match="Missing: UNKNOWN"):
        allocate(wanted, wanted[0, 0], Admission.of(oak, oak), RULES, need_groups={"all": NEED_CODES[:-1]})


def test_shortfall_by_phase_and_need_group() -> None:
    """Two draws, three Januaries: one draw short of autism places in secondary from the second January, the other never."""
    short_draw = children(
        {(SPECIAL, 12, "ASD"): 5},
        {(SPECIAL, 12, "ASD"): 7, (SPECIAL, 13, "ASD"): 1.4},
        {(SPECIAL, 14, "ASD"): 9},
    )
    wanted = np.concatenate([short_draw, short_draw * 0.5])
    oak = unit("Oak", [5, 5, 5], (11, 15), ("ASD",))
    found = match(wanted, oak)
    short = found.short
    cell = (
        SPECIALIST_PROVISIONS.index(SPECIAL),
        PHASE_CODES.index("secondary"),
        found.need_groups.index("autism"),
    )
    np.testing.assert_allclose(short[(slice(None), slice(None), *cell)], [[0, 3.4, 4], [0, 0, 0]], atol=1e-9)
    assert short.sum() == pytest.approx(7.4)


def test_inputs_are_left_as_they_were() -> None:
    """Also with one draw, when a view and a copy look alike."""
    places = together(unit("First", [5], (4, 10), ("ASD", "SEMH")), unit("Second", [5], (4, 10), ("ASD",)))
    wanted = children({(SPECIAL, 7, "ASD"): 8, (SPECIAL, 7, "SEMH"): 5})
    kept, before = wanted.copy(), places.places.copy()
    match(wanted, places, start={(SPECIAL, 6, "ASD"): 8})
    np.testing.assert_array_equal(wanted, kept)
    np.testing.assert_array_equal(places.places, before)
