"""What a count during the year is worth: scores by hand, the shipped table and the page."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pandas as pd
import pytest

from data.panels import history_tables
from forecast.demand.own_count import CountDay
from forecast.validation import own_count_backtest, track_record
from forecast.validation.own_count_backtest import DAYS, ERRORS, WITHOUT, ScoredForecast


@pytest.fixture(scope="module")
def cells() -> pd.DataFrame:
    """Return the scores of a third of the authorities."""
    totals = track_record.read_totals()
    some = sorted(totals["la_code"].unique())[::3]
    return own_count_backtest.score(totals[totals["la_code"].isin(some)], history_tables.load("series"))


def test_the_shipped_summary_is_that_of_the_shipped_forecasts() -> None:
    totals = track_record.read_totals()
    made = own_count_backtest.summary(own_count_backtest.score(totals, history_tables.load("series")))
    pd.testing.assert_frame_equal(made, own_count_backtest.read_summary(), check_exact=False, rtol=1e-3)
    assert own_count_backtest.markdown(made) in track_record.PAGE.read_text("utf-8")


def test_the_later_in_the_year_the_less_the_next_january_is_missed(cells: pd.DataFrame) -> None:
    means = (
        cells[cells["error"] <= 1].groupby("counted", sort=False)[["missed", "log_crps", "width_80"]].mean()
    )
    assert list(means.index) == [WITHOUT, "31 March", "30 June", "30 September", "31 December"]
    assert (means.diff().iloc[1:] < 0).all().all()


def test_the_interval_still_holds_as_it_should_where_the_error_is_as_assumed(cells: pd.DataFrame) -> None:
    held = cells[cells["error"] == 1].groupby("counted")["held_80"].mean()
    assert held.between(0.72, 0.88).all()


def test_each_forecast_is_scored_without_and_with_each_count(cells: pd.DataFrame) -> None:
    per_case = cells.groupby(["la_code", "origin"]).size()
    assert (per_case == 1 + len(DAYS) * len(ERRORS)).all()


def test_a_simulated_count_lies_between_the_januaries_and_errs_as_the_forecast_assumes() -> None:
    case = ScoredForecast(317, 2025, 3000.0, 3300.0, 0.04, 3400.0)
    day = date(2025, 9, 30)
    rng = np.random.default_rng(0)
    logs = np.array([math.log(own_count_backtest.simulated(case, day, 1.0, rng).total) for _ in range(2000)])
    measure = CountDay.of(own_count_backtest.simulated(case, day, 0.0, rng)).measure([2025, 2026], 3300)
    assert logs.mean() == pytest.approx(float(measure.weights @ np.log([3000.0, 3400.0])), abs=0.002)
    assert logs.std() == pytest.approx(math.sqrt(measure.error), rel=0.06)
    exact = own_count_backtest.simulated(case, day, 0.0, rng).total
    assert 3000 < exact < 3400
