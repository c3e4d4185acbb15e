"""Our `regional_growth` on the shipped tables reproduces the published method comparison.

Golden values: 148 long series, origins January 2018 to 2024, targets to January 2025, 3,695 cells. Two per cent would do;
an exact re-implementation agrees to rounding, so the test asks for half a per cent.
"""

from __future__ import annotations

import pandas as pd
import pytest

from data.panels import history_tables
from forecast.validation import backtest
from models.baselines import BASELINES

MAPE = {"1": 3.83, "2": 6.44, "3": 8.46, "4": 10.68, "5": 13.02, "all": 7.58}
LOG_CRPS = {"1": 2.88, "2": 4.75, "3": 6.21, "4": 7.70, "5": 9.30, "all": 5.54}
WIDTH_80 = {"1": 13.0, "2": 22.5, "3": 31.9, "4": 42.1, "5": 53.1}
BAND_WAPE_CLEAN = {"0-4": 21.6, "5-10": 7.0, "11-15": 5.4, "16-19": 9.0, "20-25": 28.2}


@pytest.fixture(scope="module")
def scores() -> pd.DataFrame:
    # The comparison was made when January 2025 was the latest.
    history = history_tables.load("series").until(2025)
    table = backtest.backtest(history, [BASELINES[3], BASELINES[0], BASELINES[2]], range(2018, 2025), 5)
    return backtest.score(table, history)


@pytest.fixture(scope="module")
def totals(scores: pd.DataFrame) -> pd.DataFrame:
    table = backtest.totals(scores)
    return table[table["model"] == "regional_growth"].set_index("horizon")


def test_cells_are_those_of_the_comparison(scores: pd.DataFrame, totals: pd.DataFrame) -> None:
    assert scores["la_code"].nunique() == 148
    assert totals.loc["all", "cells"] == 3695


@pytest.mark.parametrize(
    ("column", "golden"), [("mape", MAPE), ("log_crps", LOG_CRPS), ("width_80", WIDTH_80)], ids=str
)
def test_scores_by_horizon(totals: pd.DataFrame, column: str, golden: dict[str, float]) -> None:
    for horizon, value in golden.items():
        assert totals.loc[horizon, column] == pytest.approx(value, rel=0.005), horizon


def test_coverage(totals: pd.DataFrame) -> None:
    assert totals.loc["all", "coverage_80"] == pytest.approx(84.8, abs=0.1)
    assert totals.loc["all", "coverage_95"] == pytest.approx(96.5, abs=0.1)


@pytest.mark.parametrize(("model", "mape"), [("last_value", 21.06), ("national_growth", 7.64)])
def test_other_rules(scores: pd.DataFrame, model: str, mape: float) -> None:
    own = scores[(scores["model"] == model) & (scores["age_band"] == "All")]
    assert 100 * own["ape"].mean() == pytest.approx(mape, rel=0.005)


def test_bands_before_the_person_level_break(scores: pd.DataFrame) -> None:
    clean = scores[
        (scores["model"] == "regional_growth")
        & (scores["age_band"] != "All")
        & scores["origin"].between(2019, 2021)
        & (scores["target"] <= 2022)
    ]
    assert 100 * clean["crps"].sum() / clean["actual"].sum() == pytest.approx(7.11, rel=0.005)
    for band, golden in BAND_WAPE_CLEAN.items():
        own = clean[clean["age_band"] == band]
        assert 100 * (own["median"] - own["actual"]).abs().sum() / own["actual"].sum() == pytest.approx(
            golden, abs=0.06
        )
