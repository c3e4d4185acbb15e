"""More places never raise a shortfall, more demand never lowers one, and neither is ever negative."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from data import areas
from data.register import Register
from data.vocabulary import AGES, PROVISION_CODES
from forecast.capacity import by_phase, compare
from forecast.outcome import Outcome, Placements
from forecast.run import Road


@pytest.fixture(scope="module")
def road() -> Road:
    return Road.prepare()


@pytest.fixture(scope="module")
def outcome(road: Road) -> Outcome:
    return road.run(areas.by_code(317), years=3, draws=100)


def placements(demand: np.ndarray) -> Placements:
    future = xr.DataArray(
        demand,
        dims=("draw", "january", "age", "provision"),
        coords={"january": [2026, 2027], "age": list(AGES), "provision": list(PROVISION_CODES)},
    )
    return Placements(2025, future.isel(draw=0, january=0, drop=True), future, estimated_mix=False)


def with_places(register: Register, factor: int) -> Register:
    return replace(register, rows=register.rows.assign(places=register.rows["places"] * factor))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), factor=st.integers(1, 4), growth=st.floats(1, 3))
def test_monotone_in_places_and_demand(seed: int, factor: int, growth: float) -> None:
    from data import registers

    register = registers.shipped(317)
    demand = np.random.default_rng(seed).gamma(0.5, 12, (3, 2, len(AGES), len(PROVISION_CODES)))
    base = compare(placements(demand), register, 2025)
    more_places = compare(placements(demand), with_places(register, factor), 2025)
    more_demand = compare(placements(demand * growth), register, 2025)
    assert (more_places.short <= base.short + 1e-9).all()
    assert (more_demand.short >= base.short - 1e-9).all()
    assert (base.short >= 0).all()


def test_provisions_add_up_to_plans_in_every_draw(outcome: Outcome) -> None:
    plans = outcome.plans.future.sum("need")
    np.testing.assert_allclose(outcome.placements.future.sum("provision"), plans, rtol=1e-9)


def test_phases_add_up_to_all_ages(outcome: Outcome) -> None:
    future = outcome.placements.future
    np.testing.assert_allclose(by_phase(future).sum("phase"), future.sum("age"), rtol=1e-9)


def test_redbridge_stock_adds_up_by_age_need_and_provision(outcome: Outcome) -> None:
    assert float(outcome.plans.known.sum()) == 3391
    assert float(outcome.placements.known.sum()) == 3391
    np.testing.assert_array_equal(outcome.plans.known.sum("need"), outcome.placements.known.sum("provision"))


def test_results_do_not_depend_on_who_ran_before(road: Road, outcome: Outcome) -> None:
    road.run(areas.by_code(886), years=3, draws=100)
    again = road.run(areas.by_code(317), years=3, draws=100)
    xr.testing.assert_identical(again.plans.future, outcome.plans.future)
    xr.testing.assert_identical(again.shortfall.short, outcome.shortfall.short)


def test_one_draw_runs_through_plans_places_and_shortfall(outcome: Outcome) -> None:
    """High draws of plans are high draws of wanted places: draws are not shuffled on the way."""
    plans = outcome.plans.future.isel(january=-1).sum(("age", "need"))
    wanted = outcome.shortfall.wanted.isel(january=-1).sum(("phase", "provision"))
    assert float(xr.corr(plans, wanted)) > 0.6
