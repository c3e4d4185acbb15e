"""Scores worked by hand on one or two cells."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from data.errors import OptionError
from data.panels.history import History
from forecast.core.quantile_table import COLUMNS, PROBABILITIES
from forecast.validation import backtest
from models.baselines import BASELINES


@pytest.fixture(scope="module")
def table(synthetic: History) -> pd.DataFrame:
    return backtest.backtest(synthetic, [BASELINES[2], BASELINES[3], BASELINES[0]], [2022, 2024], 3)


def test_long_table_is_the_public_contract(table: pd.DataFrame) -> None:
    assert tuple(table.columns) == COLUMNS
    assert {str(table[c].dtype) for c in ("la_code", "origin", "target")} == {"int64"}
    assert set(table["age_band"]) == {"All", "0-4", "5-10", "11-15", "16-19", "20-25"}
    assert set(table["need"]) == {"All"}
    assert sorted(table["quantile"].unique()) == [round(0.025 * i, 3) for i in range(1, 40)]
    assert not table.duplicated([c for c in COLUMNS if c != "value"]).any()
    # Targets beyond the data are forecast: they will be scored when the data exist.
    assert table["target"].max() == 2027


def test_each_model_gives_every_cell(table: pd.DataFrame) -> None:
    counts = table.groupby("model").size()
    assert counts.tolist() == [40 * 2 * 3 * 6 * 39] * 3


def test_scores_of_a_hand_made_forecast(synthetic: History) -> None:
    levels = list(PROBABILITIES)
    actual = float(synthetic.actual(2025).sel(area=301, series="All"))
    values = np.linspace(0.8, 1.2, 39) * actual
    made = pd.DataFrame(
        {
            "model": "regional_growth", "la_code": 301, "origin": 2024, "target": 2025, "age_band": "All", "need": "All",
            "quantile": levels, "value": values,
        }
    )  # fmt: skip
    cell = backtest.score(made, synthetic).iloc[0]
    error = actual - values
    pinball = np.where(error >= 0, np.array(levels) * error, (np.array(levels) - 1) * error)
    assert cell["crps"] == pytest.approx(2 / 39 * pinball.sum())
    logs = np.log1p(actual) - np.log1p(values)
    pinball = np.where(logs >= 0, np.array(levels) * logs, (np.array(levels) - 1) * logs)
    assert cell["log_crps"] == pytest.approx(2 / 39 * pinball.sum())
    assert cell["ape"] == pytest.approx(0, abs=1e-12)
    assert cell["in_80"]
    assert cell["in_95"]
    assert cell["width_80"] == pytest.approx(values[35] / actual - values[3] / actual)


def test_an_actual_outside_is_counted_outside(synthetic: History) -> None:
    actual = float(synthetic.actual(2025).sel(area=301, series="All"))
    made = pd.DataFrame(
        {
            "model": "m", "la_code": 301, "origin": 2024, "target": 2025, "age_band": "All", "need": "All",
            "quantile": list(PROBABILITIES), "value": np.linspace(1.1, 1.5, 39) * actual,
        }
    )  # fmt: skip
    cell = backtest.score(made, synthetic).iloc[0]
    assert not cell["in_80"]
    assert not cell["in_95"]
    assert cell["ape"] == pytest.approx(0.3)


def test_unpublished_actuals_are_not_scored(table: pd.DataFrame, synthetic: History) -> None:
    scores = backtest.score(table, synthetic)
    assert scores["target"].max() == 2025
    assert len(scores) == 3 * 40 * 6 * 4  # origin 2022: three targets; origin 2024: one


def test_benchmark_has_ratio_one_and_a_worse_rule_more(table: pd.DataFrame, synthetic: History) -> None:
    scores = backtest.score(table, synthetic)
    assert backtest.ratio(scores, "regional_growth") == (1.0, 0.0)
    value, error = backtest.ratio(scores[scores["age_band"] == "All"], "last_value")
    assert value > 1.5
    assert 0 < error < value


def test_cluster_error_ignores_repeated_cells(table: pd.DataFrame, synthetic: History) -> None:
    """Scoring each authority's cells twice must not make the ratio look more certain."""
    scores = backtest.score(table, synthetic)
    twice = pd.concat([scores, scores.assign(target=scores["target"] + 100)])
    assert backtest.ratio(twice, "last_value") == pytest.approx(backtest.ratio(scores, "last_value"))


@pytest.mark.parametrize("origin", [2012, 2026])
def test_origins_out_of_range_are_refused(synthetic: History, origin: int) -> None:
    with pytest.raises(OptionError, match="Choose origins from 2013 to 2025"):
        backtest.backtest(synthetic, [BASELINES[0]], [origin], 1)
