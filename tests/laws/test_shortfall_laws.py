"""More places never raise a shortfall, more demand never lowers one, and neither is ever negative."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from data import areas, tables
from data.registers import starting_register
from data.registers.register import Register
from data.vocabulary import AGES
from forecast.core.outcome import Outcome
from forecast.places.capacity import Demand, match
from forecast.runs.baseline import Baseline, ForecastInputs
from tests.made_placements import ORIGIN, cells, made, turned_away


@pytest.fixture(scope="module")
def outcome(baseline_of: Callable[..., Baseline]) -> Outcome:
    return baseline_of(317, years=3, draws=100).outcome


def with_places(register: Register, factor: int) -> Register:
    return replace(register, rows=register.rows.assign(places=register.rows["places"] * factor))


def short(seed: int, register: Register, growth: float = 1.0) -> xr.DataArray:
    """Return children short by draw, January and provision; the same seed meets the same luck of schemes and families."""
    base = made(cells(seed))
    asked = replace(base, wanted=base.wanted * growth)
    return match(asked, register, None, ORIGIN, np.random.default_rng(1)).short.sum(("phase", "need_group"))


@settings(max_examples=15)
@given(seed=st.integers(0, 2**32 - 1), factor=st.integers(1, 4), growth=st.floats(1, 3))
def test_monotone_in_places_and_demand(seed: int, factor: int, growth: float) -> None:
    register = starting_register.shipped(317)
    base = short(seed, register)
    # Results are kept in single precision.
    assert (short(seed, with_places(register, factor)) <= base + 1e-3).all()
    assert (short(seed, register, growth) >= base - 1e-3).all()
    assert (base >= 0).all()


@settings(max_examples=8)
@given(seed=st.integers(0, 2**32 - 1), low=st.floats(0, 1), high=st.floats(0, 1))
def test_monotone_in_the_part_of_latent_demand(seed: int, low: float, high: float) -> None:
    register, base = starting_register.shipped(317), made(cells(seed))
    less, more = (
        match(base, register, turned_away(), ORIGIN, np.random.default_rng(1), Demand(blend=b))
        for b in sorted((low, high))
    )
    totals = ("phase", "need_group")
    assert (more.short.sum(totals) >= less.short.sum(totals) - 1e-3).all()
    assert (more.wanted.sum("provision") >= less.wanted.sum("provision") - 1e-3).all()


def test_provisions_add_up_to_plans_in_every_draw(outcome: Outcome) -> None:
    plans = outcome.plans.future.sum("need")
    np.testing.assert_allclose(outcome.placements.future.sum("provision"), plans, rtol=1e-5)


def test_phases_add_up_to_all_ages(outcome: Outcome) -> None:
    future, by_need = outcome.placements.future, outcome.placements.by_need
    np.testing.assert_allclose(by_need.sum(("phase", "need")), future.sum("age"), rtol=1e-5)
    np.testing.assert_allclose(
        by_need.sum("provision").sum("phase"), outcome.plans.future.sum("age"), rtol=1e-5, atol=1e-4
    )


def test_specialist_children_never_outnumber_plans(outcome: Outcome) -> None:
    plans = outcome.plans.future
    assert (outcome.placements.wanted.sum("provision") <= plans + 1e-3).all()
    assert (outcome.shortfall.wanted.sum() <= plans.sum()).all()


def test_overflow_adds_up_to_the_shortfall_in_every_cell(outcome: Outcome) -> None:
    found = outcome.shortfall
    np.testing.assert_allclose(found.overflow.sum("destination"), found.short, rtol=1e-5, atol=1e-4)


def test_redbridge_stock_adds_up_by_age_need_and_provision(outcome: Outcome) -> None:
    assert float(outcome.plans.known.sum()) == pytest.approx(3830)
    assert float(outcome.placements.known.sum()) == pytest.approx(3830)
    by_age = outcome.plans.known.sum("need")
    # Needs are worked out, in fractions of a plan, to the plans of each age that are published.
    np.testing.assert_allclose(by_age, outcome.placements.known.sum("provision"), rtol=1e-12)
    rows = tables.read("plans_age").query("la_code == 317 and january == @outcome.plans.known_january")
    published = rows.set_index("age")["plans"].astype(float).reindex(list(AGES), fill_value=0.0)
    np.testing.assert_allclose(by_age, published, rtol=1e-12)


def test_results_do_not_depend_on_who_ran_before(inputs: ForecastInputs, outcome: Outcome) -> None:
    inputs.baseline(areas.by_code(886), years=3, draws=100)
    again = inputs.baseline(areas.by_code(317), years=3, draws=100).outcome
    xr.testing.assert_identical(again.plans.future, outcome.plans.future)
    xr.testing.assert_identical(again.shortfall.short, outcome.shortfall.short)


def test_one_draw_runs_through_plans_places_and_shortfall(outcome: Outcome) -> None:
    """High draws of plans are high draws of wanted places: draws are not shuffled on the way."""
    plans = outcome.plans.future.isel(january=-1).sum(("age", "need"))
    wanted = outcome.shortfall.wanted.isel(january=-1).sum(("phase", "need_group", "provision"))
    assert float(xr.corr(plans, wanted)) > 0.6
