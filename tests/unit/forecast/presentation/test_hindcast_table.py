"""Hindcasts as a table: what was forecast stands beside what was published."""

from __future__ import annotations

import pytest

from data.panels import history_tables
from forecast.presentation.hindcast_table import hindcast_table
from forecast.validation import deficit_hindcast
from tests.unit.forecast.validation.test_deficit_hindcast import REDBRIDGE, RULE


def test_a_published_balance_stands_beside_its_interval() -> None:
    history = history_tables.load("series")
    ahead = deficit_hindcast.forecast_stocks(history, 2021, RULE, 30).sel(area=REDBRIDGE)
    table = hindcast_table([deficit_hindcast.hindcast(REDBRIDGE, 2021, ahead, history.until(2021))])
    row = table[table["financial_year"] == "2021-22"].iloc[0]
    assert row["published_closing_gbp"] == pytest.approx(1.87e6, rel=0.01)
    assert row["closing_q10_gbp"] < row["closing_q50_gbp"] < row["closing_q90_gbp"]
