"""The three futures in numbers and words: shares that add up, paths within draws, few draws, and the reform beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from forecast.core import defaults
from forecast.core.futures import FALLS, FUTURES, LEVELS_OFF, RISES, future_of_draws
from forecast.core.outcome import Outcome
from forecast.presentation import futures
from forecast.presentation.futures import FEW_DRAWS, LABELS, REFORM, TODAYS_RATES, Futures
from forecast.runs import scenario_run
from forecast.runs.baseline import Baseline
from models.base import Array
from scenarios.reading import find
from tests import made_outcomes

ORIGIN, JANUARIES = 2025, (2026, 2027)


def made(changes: list[float], totals: Array, reform: Array | None = None) -> Outcome:
    """Return an outcome with one draw for each change of the joining rate, and these plans in both Januaries."""
    rate = np.full((len(changes), 15), 0.1)
    rate[:, 7:] *= np.array(changes)[:, None]
    every = range(ORIGIN + 1, ORIGIN + 16)

    def by_draw(values: Array, januaries: range | tuple[int, ...]) -> xr.DataArray:
        return xr.DataArray(
            values,
            dims=("draw", "january"),
            coords={"draw": range(len(changes)), "january": list(januaries)},
        )

    outcome = made_outcomes.outcome({})
    future = by_draw(np.repeat(totals[:, None], 2, axis=1), JANUARIES)
    plans = replace(
        outcome.plans,
        future=future.expand_dims(age=[5], need=["ASD"]),
        chance=by_draw(-np.expm1(-rate), every),
        at_todays_rates=by_draw(np.full((len(changes), 15), 70.0), every),
    )
    beside = None if reform is None else by_draw(np.repeat(reform[:, None], 2, axis=1), JANUARIES)
    return replace(outcome, plans=plans, reform=beside)


@pytest.fixture
def mixed() -> Futures:
    """Return 50 draws that rise, 40 that level off and 10 that fall, with plans of their own."""
    changes = [2.0] * 50 + [1.0] * 40 + [0.5] * 10
    totals = np.concatenate([np.linspace(900, 1000, 50), np.full(40, 500.0), np.full(10, 90.0)])
    return Futures.of(made(changes, totals, reform=np.full(100, 33.0)), 0.3)


def test_shares_add_up_and_each_path_is_that_of_its_own_draws(mixed: Futures) -> None:
    assert mixed.shares == {RISES: 0.5, LEVELS_OFF: 0.4, FALLS: 0.1}
    assert sum(mixed.draws.values()) == 100
    rises = mixed.at(RISES, 2027)
    assert rises is not None
    assert [rises[q] for q in ("q10", "q50", "q90")] == pytest.approx([910, 950, 990])
    assert mixed.in_words(LEVELS_OFF, 2026) == "500"


def test_few_draws_have_a_middle_and_no_range_and_none_has_neither() -> None:
    totals = np.linspace(100, 200, 120)
    few = Futures.of(made([2.0] * 101 + [0.5] * (FEW_DRAWS - 1), totals))
    assert np.isnan(few.at(FALLS, 2027)["q10"])  # type: ignore[index]
    lines = futures.lines(few)
    assert "19 possible futures are too few for a range." in lines[2]
    assert "none of 120 possible futures" in lines[1]
    assert "fewer than 1 chance in 100" in lines[1]
    assert few.at(LEVELS_OFF, 2027) is None
    assert LABELS[LEVELS_OFF] not in futures.table(few).columns
    assert "if joining goes on rising" in futures.headline(few)
    assert "if it falls" in futures.headline(few)


def test_the_reform_is_beside_the_three_and_in_none_of_them(mixed: Futures) -> None:
    without = Futures.of(made([2.0, 1.0, 0.5], np.array([3.0, 2.0, 1.0])))
    assert mixed.has_reform
    assert not without.has_reform
    assert not any("reform" in line for line in futures.lines(without))
    assert "33 plans in January 2027" in futures.lines(mixed)[-1]
    assert "You put that at 3 chances in 10." in futures.lines(mixed)[-1]
    assert "without the reform" in futures.lines(mixed)[-1]
    assert "reform" not in futures.headline(mixed)


def test_the_usual_chance_of_the_reform_is_given_with_its_reason() -> None:
    usual = Futures.of(made([1.0] * 30, np.arange(30.0), reform=np.arange(30.0)))
    line = futures.reform_line(usual)
    assert usual.reform_chance == defaults.REFORM_CHANCE
    assert "5 chances in 10: the Education for All Bill was announced on 13 May 2026" in line
    with pytest.raises(ValueError, match="not a chance of the reform"):
        Futures.of(made([1.0] * 30, np.arange(30.0)), 1.2)


def test_words_name_years_and_judgement_only_where_years_beyond_those_tested_are_shown(
    mixed: Futures,
) -> None:
    assert "in 2032 to 2034 than in 2025 and 2026" in futures.how_tagged(mixed)
    assert futures.judgement(mixed) == ""
    later = replace(mixed, last=ORIGIN + 10)
    assert (
        "Beyond January 2030 the width of a range is judgement, informed by three regimes"
        in futures.judgement(later)
    )


def test_the_finding_names_the_likeliest(mixed: Futures) -> None:
    assert futures.finding(mixed, 2027) == "Joining goes on rising, 5 chances in 10: about 950 plans by 2027"


def test_a_real_forecast_has_its_futures_whatever_years_are_asked_for(
    baseline_of: Callable[..., Baseline],
) -> None:
    short, usual = (baseline_of(317, years=years, draws=100).outcome for years in (2, 10))
    assert Futures.of(short).shares == Futures.of(usual).shares
    assert sum(Futures.of(usual).shares.values()) == pytest.approx(1)
    tags = future_of_draws(usual.plans.chance, usual.plans.origin)
    total = usual.plans.future.sum(("age", "need")).sel(january=2036)
    for one in FUTURES:
        row, draws = Futures.of(usual).at(one, 2036), total.to_numpy()[(tags == one).to_numpy()]
        assert (row is None) == (len(draws) == 0)
        assert row is None or row["q50"] == pytest.approx(float(np.median(draws)))


def test_the_reform_runs_as_its_scenario_and_changes_nothing_else(
    baseline_of: Callable[..., Baseline],
) -> None:
    base = baseline_of(317, years=10, draws=100)
    with_it = scenario_run.with_reform(base)
    assert with_it.outcome.plans is base.outcome.plans
    assert with_it.outcome.shortfall is base.outcome.shortfall
    assert base.outcome.reform is None
    scenario = scenario_run.rerun(with_it, find(defaults.REFORM))
    assert scenario.reform is None
    total = scenario.plans.future.sum(("age", "need")).transpose("draw", "january")
    np.testing.assert_allclose(with_it.outcome.reform.to_numpy(), total.to_numpy())  # type: ignore[union-attr]
    shown = Futures.of(with_it.outcome)
    assert {*shown.names()} >= {TODAYS_RATES, REFORM}
    without = Futures.of(base.outcome)
    assert shown.shares == without.shares
