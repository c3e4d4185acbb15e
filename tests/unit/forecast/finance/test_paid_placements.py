"""Who is paid for where, worked by hand: places that lack, places that open, and what moves in September."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from data.provisions import destination
from data.vocabulary import PHASE_CODES, PROVISION_CODES
from forecast.core.financial_year import year_average
from forecast.core.outcome import Outcome
from forecast.finance.paid_placements import PaidPlacements, paid_placements
from forecast.places.preference_order import DESTINATIONS
from tests.made_outcomes import SCHOOL, Where, outcome
from tests.made_placements import JANUARIES, ORIGIN

SPECIAL, BASE = "state_special", "specialist_base"
GONE_ELSEWHERE = {
    # The preference order before 16 with no free base: 0.10 elsewhere, 0.68 of the rest to INMSS, 0.51 of the rest to EOTAS.
    SPECIAL: 0.10, "inmss": 0.90 * 0.68, "eotas": 0.90 * 0.32 * 0.51, "mainstream": 0.90 * 0.32 * 0.49,
}  # fmt: skip


def at(
    found: PaidPlacements, january: int, phase: str = "primary", group: str = "autism"
) -> dict[str, float]:
    """Return children of one cell by provision, without those where nobody is; the same in every draw."""
    cell = found.stock.sel(january=january, phase=phase, need_group=group)
    assert (cell == cell.isel(draw=0)).all()
    values = {p: float(cell.isel(draw=0).sel(provision=p)) for p in PROVISION_CODES}
    return {p: v for p, v in values.items() if v != 0}


def september(found: PaidPlacements, january: int, phase: str) -> float:
    return float(found.september.isel(draw=0).sel(january=january, phase=phase).sum())


def test_every_destination_but_a_free_specialist_place_is_paid_as_some_provision() -> None:
    paid_as = {code: {destination(code).paid_as(phase) for phase in PHASE_CODES} for code in DESTINATIONS}
    assert set().union(*paid_as.values()) <= set(PROVISION_CODES)
    assert paid_as == {
        SPECIAL: {SPECIAL}, BASE: {BASE}, "specialist_post16": {"specialist_post16"}, "state_special_elsewhere": {SPECIAL},
        "inmss": {"inmss"}, "eotas": {"eotas"}, "general_fe": {"general_fe"}, "waiting": {"mainstream", "early_years"},
        "neet": {"neet"},
    }  # fmt: skip


def test_the_origin_is_as_it_was_and_places_enough_change_nothing() -> None:
    where = {(7, "ASD", SPECIAL): 6.0, (8, "ASD", "inmss"): 3.0}
    found = paid_placements(outcome(where, places=[SCHOOL]))
    for january in (ORIGIN, *JANUARIES):
        assert at(found, january) == {SPECIAL: 6.0, "inmss": 3.0}
    assert not found.elsewhere.any()
    assert not found.september.any()


def test_children_beyond_the_places_go_where_the_preference_order_ends() -> None:
    """Six places; ten forecast in special schools by January 2026."""
    six, ten = ({(7, "ASD", SPECIAL): n} for n in (6.0, 10.0))
    found = paid_placements(outcome(six, ten, places=[{**SCHOOL, "places": 6}]))
    beyond = {p: 4 * share for p, share in GONE_ELSEWHERE.items()}
    beyond[SPECIAL] += 6
    assert at(found, ORIGIN) == {SPECIAL: 6.0}
    for january in JANUARIES:
        assert at(found, january) == pytest.approx(beyond, rel=1e-5)
    assert found.elsewhere.to_numpy() == pytest.approx(np.tile([0, 0.4, 0.4], (2, 1)), rel=1e-5)


def test_of_those_who_wait_the_youngest_do_so_in_an_early_years_setting() -> None:
    found = paid_placements(outcome({}, {(3, "ASD", SPECIAL): 10.0}))
    there = at(found, 2027, "early_years")
    assert there["early_years"] == pytest.approx(10 * GONE_ELSEWHERE["mainstream"], rel=1e-5)
    assert "mainstream" not in there


def test_young_people_without_a_place_go_to_college_and_some_nowhere() -> None:
    found = paid_placements(outcome({}, {(17, "ASD", SPECIAL): 10.0}))
    there = at(found, 2027, "post16")
    assert there["general_fe"] == pytest.approx(6.0, rel=1e-5)
    assert there["neet"] > 0
    assert not found.elsewhere.any()
    assert sum(there.values()) == pytest.approx(10, rel=1e-5)


def test_those_who_sit_in_places_the_register_lacks_keep_them() -> None:
    """Six placed, four places: the register is wrong about two, who are paid for where they sit; four more have no place."""
    six, ten = ({(7, "ASD", SPECIAL): n} for n in (6.0, 10.0))
    found = paid_placements(outcome(six, ten, places=[{**SCHOOL, "places": 4}]))
    assert at(found, 2027)[SPECIAL] == pytest.approx(6 + 0.4, rel=1e-5)
    assert at(found, 2027)["inmss"] == pytest.approx(4 * GONE_ELSEWHERE["inmss"], rel=1e-5)


class TestNewPlaces:
    """Eight want a special school; today's choices lead to five, two INMSS and three mainstream placements."""

    WANTED: ClassVar[Where] = {(7, "ASD", SPECIAL): 8.0}
    FORECAST: ClassVar[Where] = {
        (7, "ASD", SPECIAL): 5.0, (7, "ASD", "inmss"): 2.0, (7, "ASD", "mainstream"): 3.0,
    }  # fmt: skip

    def test_they_are_filled_from_where_children_would_have_gone_as_far_as_they_are_there(self) -> None:
        """Of three, INMSS owes 0.68 x 3 but has 2; mainstream 0.1568 x 3, and then what INMSS and EOTAS lack."""
        found = paid_placements(outcome(self.FORECAST, wanted=self.WANTED, places=[{**SCHOOL, "places": 8}]))
        assert at(found, 2027) == pytest.approx({SPECIAL: 8, "mainstream": 2}, rel=1e-5)

    def test_fewer_places_bring_back_fewer(self) -> None:
        found = paid_placements(outcome(self.FORECAST, wanted=self.WANTED, places=[{**SCHOOL, "places": 6}]))
        there = at(found, 2027)
        assert there[SPECIAL] == pytest.approx(6, rel=1e-5)
        # 0.68 from INMSS, 0.1568 from mainstream; EOTAS has nobody, so its 0.1632 come from both as they stand.
        inmss, mainstream = 2 - 0.68, 3 - 0.1568
        part = 1 - 0.1632 / (inmss + mainstream)
        assert there["inmss"] == pytest.approx(inmss * part, rel=1e-4)
        assert there["mainstream"] == pytest.approx(mainstream * part, rel=1e-4)

    def test_they_move_when_the_school_year_begins(self) -> None:
        found = paid_placements(outcome(self.FORECAST, wanted=self.WANTED, places=[{**SCHOOL, "places": 8}]))
        special = found.september.isel(draw=0).sel(provision=SPECIAL).sum(("phase", "need_group"))
        assert special.to_numpy() == pytest.approx([0, 3, 0], abs=1e-5)
        # So 2025-26 pays for five of them until August and eight from September: 5 x 5/12 + 8 x 7/12.
        average = year_average(found.stock, found.september).isel(draw=0).sel(provision=SPECIAL)
        assert float(average.sel(financial_year="2025-26").sum()) == pytest.approx(6.75, rel=1e-5)


class TestSeptember:
    def test_a_child_who_ends_primary_school_begins_secondary_school_then(self) -> None:
        """Five children of 10: 5/12 of 2025-26 in primary school, 7/12 in secondary."""
        aged = ({(age, "ASD", "mainstream"): 5.0} for age in (10, 11, 12))
        found = paid_placements(outcome(*aged))
        assert september(found, 2026, "primary") == -5
        assert september(found, 2026, "secondary") == 5
        average = year_average(found.stock, found.september).sel(financial_year="2025-26").isel(draw=0)
        assert float(average.sel(phase="primary").sum()) == pytest.approx(25 / 12, rel=1e-5)
        assert float(average.sel(phase="secondary").sum()) == pytest.approx(35 / 12, rel=1e-5)

    def test_early_years_settings_are_joined_all_year_round(self) -> None:
        found = paid_placements(outcome({}, {(2, "ASD", "early_years"): 4.0}))
        assert september(found, 2026, "early_years") == 0

    def test_plans_that_end_after_16_end_with_the_school_year(self) -> None:
        colleges = {(18, "ASD", "general_fe"): 9.0, (18, "SEMH", "mainstream"): 3.0}
        left = {(18, "ASD", "general_fe"): 3.0, (18, "SEMH", "general_fe"): 1.0}
        found = paid_placements(outcome(colleges, leavers=left))
        moved = found.september.isel(draw=0).sel(january=2026, phase="post16")
        assert float(moved.sel(need_group="autism", provision="general_fe")) == pytest.approx(-3)
        assert float(moved.sel(need_group="semh", provision="mainstream")) == pytest.approx(-1)
        assert float(moved.sum()) == pytest.approx(-4)

    def test_the_first_january_has_none(self) -> None:
        found = paid_placements(outcome({(10, "ASD", "inmss"): 5.0}, {(11, "ASD", "inmss"): 5.0}))
        assert not found.september.sel(january=ORIGIN).any()


def nothing_lost(result: Outcome) -> None:
    found = paid_placements(result)
    own = result.placements.by_need.sum(("need", "provision"))
    np.testing.assert_allclose(
        found.stock.sel(january=list(JANUARIES)).sum(("need_group", "provision")), own, rtol=1e-5
    )
    assert (found.stock >= 0).all()
    assert (found.elsewhere >= 0).all()


@pytest.mark.parametrize("places", [0, 3, 6, 10, 60])
def test_nobody_is_lost_and_nothing_is_negative_however_many_places(places: int) -> None:
    first = {(7, "ASD", SPECIAL): 5.0, (9, "SLD", BASE): 2.0, (7, "ASD", "inmss"): 1.0}
    later = {
        (8, "ASD", SPECIAL): 9.0,
        (10, "SLD", BASE): 4.0,
        (8, "ASD", "inmss"): 0.5,
        (17, "ASD", SPECIAL): 3.0,
    }
    nothing_lost(outcome(first, later, places=[{**SCHOOL, "places": places}]))
