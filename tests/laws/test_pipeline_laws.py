"""Requests, decisions and assessments add up in every draw, are never negative, and rise with new plans."""

from __future__ import annotations

import numpy as np
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from data.vocabulary import AGES
from models.pipeline import VARIABLES, Drift, FittedPipeline, RequestBacklog, Shares

ROWS = 2


def shares(rng: np.random.Generator, mean: float, returned: float) -> Shares:
    england = np.clip(mean * rng.lognormal(0, 0.3, 19), 1e-4, 1 - 1e-4)
    trials = np.floor(rng.gamma(1.0, 30.0, (ROWS, 19)) * returned)
    weights = (trials + 1) / (trials + 1).sum(axis=1, keepdims=True)
    return Shares(
        england, weights, trials, rng.binomial(trials.astype(int), england).astype(float), 15.0, 80.0
    )


def fitted(seed: int, *, returned: float = 1.0, wild: float = 0.5) -> FittedPipeline:
    rng = np.random.default_rng(seed)
    return FittedPipeline(
        areas=(1, 2),
        last_year=2024,
        delay=float(rng.uniform(0, 1)),
        refusal=shares(rng, 0.3, returned),
        withdrawal=shares(rng, 0.02, returned),
        plan=shares(rng, 0.9, returned),
        refusal_drift=Drift(0.8, wild),
        plan_drift=Drift(0.9, wild),
        backlog=RequestBacklog(0.02, Drift(0.7, 0.1), 0.1, np.array([0.3, 0.0]), np.array([0.01, 0.02])),
    )


def plans(seed: int, years: int, empty: float) -> xr.DataArray:
    rng = np.random.default_rng(seed)
    shape = (5, years, len(AGES))
    return xr.DataArray(
        rng.gamma(1.0, 20.0, shape) * (rng.random(shape) >= empty),
        dims=("draw", "year", "age"),
        coords={"draw": np.arange(10, 15), "year": np.arange(2025, 2025 + years), "age": list(AGES)},
    )


worlds = st.tuples(
    st.builds(fitted, st.integers(0, 10_000), returned=st.sampled_from([0.0, 1.0]), wild=st.floats(0.0, 3.0)),
    st.builds(plans, st.integers(0, 10_000), st.integers(1, 6), st.sampled_from([0.0, 0.5, 1.0])),
    st.sampled_from([1, 2]),
)


@settings(max_examples=60)
@given(worlds)
def test_parts_add_up_exactly_and_nothing_is_negative(
    world: tuple[FittedPipeline, xr.DataArray, int],
) -> None:
    pipeline, new, la_code = world
    found = pipeline.project(new, la_code, np.random.default_rng(1))
    assert (found["requests"] == found["refused"] + found["withdrawn"] + found["accepted"]).all()
    assert (found["assessments"] == found["new_plans"] + found["assessments_without_plan"]).all()
    xr.testing.assert_equal(found["new_plans"], new)
    for name in VARIABLES:
        assert np.isfinite(found[name]).all(), name
        assert (found[name] >= 0).all(), name


@settings(max_examples=60)
@given(worlds, st.integers(0, 5), st.integers(0, len(AGES) - 1), st.floats(0.1, 100.0))
def test_more_new_plans_in_one_year_and_age_never_mean_fewer_of_anything(
    world: tuple[FittedPipeline, xr.DataArray, int], year: int, age: int, more: float
) -> None:
    pipeline, new, la_code = world
    raised = new.copy(deep=True)
    raised[:, year % new.sizes["year"], age] += more
    before = pipeline.project(new, la_code, np.random.default_rng(2))
    after = pipeline.project(raised, la_code, np.random.default_rng(2))
    for name in VARIABLES:
        assert (after[name] >= before[name]).all(), name
    assert (after["requests"].sum(("year", "age")) > before["requests"].sum(("year", "age"))).all()


@settings(max_examples=30)
@given(worlds)
def test_twice_the_plans_are_twice_the_requests(world: tuple[FittedPipeline, xr.DataArray, int]) -> None:
    pipeline, new, la_code = world
    once = pipeline.project(new, la_code, np.random.default_rng(3))
    twice = pipeline.project(2 * new, la_code, np.random.default_rng(3))
    xr.testing.assert_allclose(twice, 2 * once)


@settings(max_examples=30)
@given(worlds)
def test_what_has_not_happened_by_then_does_not_change_assessments(
    world: tuple[FittedPipeline, xr.DataArray, int],
) -> None:
    """Assessments of a year follow from its own plans; requests from its own and the next year's."""
    pipeline, new, la_code = world
    changed = new.copy(deep=True)
    changed[:, -1] += 50.0
    before = pipeline.project(new, la_code, np.random.default_rng(4))
    after = pipeline.project(changed, la_code, np.random.default_rng(4))
    xr.testing.assert_equal(
        before["assessments"].isel(year=slice(None, -1)), after["assessments"].isel(year=slice(None, -1))
    )
    xr.testing.assert_equal(
        before["requests"].isel(year=slice(None, -2)), after["requests"].isel(year=slice(None, -2))
    )
