"""What a run starts from: published stock where there is one, a flagged estimate where there is not."""

from __future__ import annotations

import numpy as np
import pytest

from data import areas
from data.vocabulary import PROVISION_CODES
from forecast.core.outcome import Outcome
from forecast.presentation import words
from forecast.runs.baseline import ForecastInputs
from models import placement as mixing


def run(inputs: ForecastInputs, la_code: int) -> Outcome:
    return inputs.baseline(areas.by_code(la_code), years=2, draws=100).outcome


@pytest.mark.parametrize("la_code", [317, 886, 942, 358, 201])
def test_known_plans_are_the_published_total(inputs: ForecastInputs, la_code: int) -> None:
    outcome = run(inputs, la_code)
    assert outcome.plans.known_january == inputs.history.origin
    total = float(outcome.history_total.sel(january=inputs.history.origin))
    assert float(outcome.plans.known.sum()) == pytest.approx(total)
    assert not outcome.plans.estimated_mix


def test_isle_of_wight_starts_from_the_january_it_returned(inputs: ForecastInputs) -> None:
    outcome = run(inputs, 921)
    assert (
        outcome.plans.known_january == outcome.placements.known_january == inputs.history.origin - 1 == 2025
    )
    assert float(outcome.plans.known.sum()) == pytest.approx(1799)
    assert not outcome.plans.estimated_mix, "its needs of January 2025 are published"
    told = " ".join(words.own_gaps(outcome))
    assert "forecast starts from January 2025" in told
    assert "January 2026 placements were not returned: those of 2025 are used" in told


def test_newham_has_its_own_total_again_and_englands_needs(inputs: ForecastInputs) -> None:
    """It returned nothing for January 2025, the last whose needs are published."""
    outcome = run(inputs, 316)
    assert outcome.plans.known_january == outcome.placements.known_january == 2026
    assert float(outcome.plans.known.sum()) == pytest.approx(3639)
    assert outcome.plans.estimated_mix
    assert "did not publish plans by need for January 2025: England's needs" in " ".join(
        words.own_gaps(outcome)
    )


def test_newham_keeps_its_own_use_of_special_schools(inputs: ForecastInputs) -> None:
    """It places far fewer children in special schools than England does; England's mix would more than double its demand."""
    outcome = run(inputs, 316)
    known = outcome.placements.known
    own = float(known.sel(provision="state_special").sum() / known.sum())
    assert own == pytest.approx(355 / 3639)
    england = inputs.composition.age_provision.sum(("area", "age"))
    everywhere = float(england.sel(provision="state_special") / england.sum())
    assert own < 0.45 * everywhere
    future = outcome.placements.future.isel(january=0).sum("age").mean("draw")
    wanted = outcome.placements.wanted.isel(january=0).sum(("age", "need")).mean("draw")
    # A year of moves out of mainstream at England's rates adds to what it uses, far from England's share.
    assert own < float(wanted.sel(provision="state_special") / future.sum()) < 1.35 * own < 0.6 * everywhere
    # Its special schools have filled more slowly than its plans have grown.
    next_january = float(future.sel(provision="state_special") / future.sum())
    assert 0.75 * own < next_january < 1.15 * own


def test_surrey_has_its_own_ages_and_englands_needs(inputs: ForecastInputs) -> None:
    outcome = run(inputs, 936)
    assert outcome.plans.known_january == 2026
    assert outcome.plans.estimated_mix
    assert float(outcome.plans.known.sum()) == pytest.approx(17765)
    own = outcome.placements.known.sum("provision")
    np.testing.assert_allclose(outcome.plans.known.sum("need"), own)


def test_todays_plans_placed_by_the_mix_are_todays_placements(inputs: ForecastInputs) -> None:
    """The mix must reproduce what it was fitted to, or every shortfall starts from a wrong base."""
    for la_code in (317, 886, 330, 942):
        stock = inputs.composition.stock.sel(area=la_code).to_numpy()
        by_age = inputs.composition.age_provision.sel(area=la_code).to_numpy()
        by_need = inputs.composition.need_provision.sel(area=la_code).to_numpy()
        share, _ = mixing.shares(
            mixing.fit_three_way(inputs.placement_models.england, stock, by_age, by_need),
            inputs.placement_models.england,
        )
        placed = np.einsum("an,anp->p", stock, share)
        published = by_age.sum(axis=0)
        for number, code in enumerate(PROVISION_CODES):
            assert placed[number] == pytest.approx(published[number], rel=0.03, abs=2), (la_code, code)


def test_new_authorities_say_where_their_past_comes_from(inputs: ForecastInputs) -> None:
    assert any("before January 2024, when Cumberland" in line for line in words.own_gaps(run(inputs, 942)))


def test_a_leap_in_a_recent_return_is_told(inputs: ForecastInputs) -> None:
    told = " ".join(words.own_gaps(run(inputs, 342)))
    assert "January 2025 total leaps from 1,595 to 2,179" in told
    assert "January 2026 total leaps from 3,041 to 4,287" in " ".join(words.own_gaps(run(inputs, 887)))
    assert "leaps" not in " ".join(words.own_gaps(run(inputs, 308))), (
        "Enfield's leap of 2017 is too old to matter"
    )


def test_cumberland_is_told_that_delay_hides_demand(inputs: ForecastInputs) -> None:
    told = words.own_gaps(run(inputs, 942))
    assert any("issued 7 % of new plans within 20 weeks in 2025" in line for line in told)


def test_redbridge_is_told_that_it_cleared_a_backlog(inputs: ForecastInputs) -> None:
    told = words.own_gaps(run(inputs, 317))
    # Of 218 + 362 + 684 new plans, 698 in 1,916 requests, or 460, were due in 2025.
    assert any("684 new plans in 2025 after 362 in 2024" in line and "About 224" in line for line in told)
    assert not any("within 20 weeks" in line for line in told), "28 % of 2025, after 7 % of 2024"
    assert len(told) == 2, "and that bases hold fewer residents than places"
