"""Slow proofs: every authority runs, and intervals hold what they promise over many simulated worlds."""

from __future__ import annotations

import numpy as np
import pytest

from data import areas
from forecast.presentation import summary, words
from forecast.runs.baseline import ForecastInputs
from models.baselines import BASELINES
from tests.histories import history

pytestmark = pytest.mark.slow


def test_every_authority_runs_and_adds_up() -> None:
    inputs = ForecastInputs.prepare()
    for area in areas.current():
        outcome = inputs.baseline(area, years=2, draws=100).outcome
        plans, places = summary.plans_long(outcome), summary.shortfall_long(outcome)
        assert np.isfinite(plans["value"]).all(), area.name
        assert np.isfinite(places.select_dtypes("number")).all().all(), area.name
        assert area.name in words.headline(outcome, plans, places)
        by_provision = outcome.placements.future.sum("provision")
        # Placements are carried in single precision: to a thousandth of a child.
        np.testing.assert_allclose(
            by_provision, outcome.plans.future.sum("need"), rtol=1e-5, atol=1e-3, err_msg=area.name
        )


def test_one_year_intervals_of_the_pooled_rule_are_calibrated() -> None:
    """Noise is a random walk of 5 % a year, the size seen in real authorities."""
    held = {0.8: [], 0.95: []}
    for seed in range(40):
        whole = history(areas=100, growth=0.09, noise=0.05, seed=seed)
        fitted = BASELINES[3].fit(whole.until(2023), rng=np.random.default_rng(0))
        told = fitted.forecast([2024]).quantiles([0.025, 0.1, 0.9, 0.975]).sel(series="All", january=2024)
        actual = whole.actual(2024).sel(series="All")
        for level, (low, high) in {0.8: (0.1, 0.9), 0.95: (0.025, 0.975)}.items():
            inside = (told.sel(quantile=low) <= actual) & (actual <= told.sel(quantile=high))
            held[level].append(float(inside.mean()))
    assert np.mean(held[0.8]) == pytest.approx(0.8, abs=0.02)
    assert np.mean(held[0.95]) == pytest.approx(0.95, abs=0.01)
