"""Joining in numbers and words: worked by hand, equal to the forecast's own chance, and a scenario's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from data.vocabulary import AGES
from forecast.core import defaults
from forecast.presentation import joining, words
from forecast.presentation.joining import Joining
from forecast.runs import scenario_run
from forecast.runs.baseline import Baseline
from scenarios.reading import find
from tests import made_outcomes


def test_rate_and_chance_by_hand() -> None:
    plans = made_outcomes.outcome({}).plans
    time = {"draw": [0], "january": [2026]}

    def by_age(first: float, second: float) -> xr.DataArray:
        values = np.zeros((1, 1, len(AGES)))
        values[0, 0, :2] = first, second
        return xr.DataArray(values, dims=("draw", "january", "age"), coords={**time, "age": list(AGES)})

    joiners = by_age(10, 5).expand_dims(need=["ASD"], axis=3)
    rate = by_age(0.1, 0.2).isel(january=0, drop=True)
    made = replace(
        plans,
        # 100 residents of each age; 10 join of 100 at the first, 5 of 50 at the second, where 50 hold one already.
        future=by_age(10, 55).expand_dims(need=["ASD"], axis=3),
        residents=by_age(100, 100),
        flows=xr.Dataset({"joiners": joiners, "rate": rate}),
    )
    found = Joining.of(made)
    assert found.rate.item() == pytest.approx(1000 * 15 / 150)
    assert found.chance.item() == pytest.approx(1 - 0.9 * 0.9)
    assert found.chance_today.item() == pytest.approx(1 - np.exp(-0.3))
    assert found.rate_today.item() == pytest.approx(
        1000 * (100 * -np.expm1(-0.1) + 50 * -np.expm1(-0.2)) / 150
    )


@pytest.mark.parametrize("la_code", [317, 921])
def test_the_chance_is_the_forecasts_own(baseline_of: Callable[..., Baseline], la_code: int) -> None:
    plans = baseline_of(la_code).outcome.plans
    found = Joining.of(plans)
    np.testing.assert_allclose(
        found.chance.transpose("draw", "january").to_numpy(),
        plans.chance.sel(january=found.chance["january"]).transpose("draw", "january").to_numpy(),
        atol=1e-9,
    )


def test_words_give_rate_and_chance_in_place_of_a_share_of_residents(
    baseline_of: Callable[..., Baseline],
) -> None:
    outcome = baseline_of(317).outcome
    line = joining.sentence(outcome)
    assert line in words.estimates(outcome)
    assert "in 100 children in Redbridge would have a plan at some time by 25" in line
    assert "new plans a year for every 1,000 residents without one" in line
    assert "the ceiling is drawn from what other countries have reached" in line
    table = Joining.of(outcome.plans).table()
    assert list(table.index) == [joining.TODAY, *(str(j) for j in range(2027, 2037))]


def test_a_scenario_has_joining_of_its_own(baseline_of: Callable[..., Baseline]) -> None:
    base = baseline_of(317, years=10, draws=100)
    reform = scenario_run.rerun(base, find(defaults.REFORM))
    before, after = (Joining.of(o.plans).chance.sel(january=2036) for o in (base.outcome, reform))
    assert float((after < before).mean()) == 1
    assert "ceiling" not in joining.sentence(reform)
