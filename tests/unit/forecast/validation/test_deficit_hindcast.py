"""Deficits forecast from earlier Januaries: nothing later leaks in, and the parts add up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from data.errors import HistoryError
from data.financial_year import FinancialYear
from data.panels import history_tables
from data.panels.history import History
from data.vocabulary import ALL
from forecast.validation import deficit_hindcast
from models.baselines import BASELINES

REDBRIDGE = 317
RULE = next(m for m in BASELINES if m.name == "regional_growth")


@pytest.fixture(scope="module")
def history() -> History:
    return history_tables.load("series")


def flat(history: History, origin: int) -> xr.DataArray:
    now = float(history.stock.sel(area=REDBRIDGE, series=ALL, january=origin))
    years = list(range(origin + 1, 2027))
    return xr.DataArray(np.full((9, len(years)), now), dims=("draw", "january"), coords={"january": years})


def test_the_accounts_of_redbridge_are_the_published_ones() -> None:
    change, closing = deficit_hindcast.accounts(REDBRIDGE, FinancialYear(2021))
    assert closing == pytest.approx(1.87e6, rel=0.01)
    assert change == pytest.approx(1.46e6, rel=0.01)
    with pytest.raises(HistoryError, match="2022-23"):
        deficit_hindcast.accounts(REDBRIDGE, FinancialYear(2022))


def test_cost_begins_at_what_the_accounts_imply(history: History) -> None:
    found = deficit_hindcast.hindcast(
        REDBRIDGE, 2022, flat(history, 2022), history.until(2022), growth=[0.0] * 5, known="plans_and_prices"
    )
    assert found.opening == pytest.approx(1.87e6, rel=0.01)
    # From January 2022 on nobody joins, so only the growth within the base year is left of it.
    implied = 51_038_777 - 1_458_456
    steady = found.cost.to_numpy()[:, -1] / implied
    assert (steady > 1.0).all()
    assert (steady < 1.08).all()


def test_balances_add_up(history: History) -> None:
    found = deficit_hindcast.hindcast(REDBRIDGE, 2021, flat(history, 2021), history.until(2021))
    last = found.closing.isel(financial_year=-1)
    added = found.opening + (found.income - found.cost).sum("financial_year")
    assert last.to_numpy() == pytest.approx(added.to_numpy())


def test_later_plans_do_not_reach_an_earlier_origin(history: History) -> None:
    later = history.stock.where(history.stock["january"] <= 2022, history.stock * 3)
    placed = history.placements.where(history.placements["january"] <= 2022, history.placements * 3)
    told = replace(history, stock=later, placements=placed)
    costs = [
        deficit_hindcast.hindcast(
            REDBRIDGE,
            2022,
            deficit_hindcast.forecast_stocks(h, 2022, RULE, 20).sel(area=REDBRIDGE),
            h.until(2022),
        ).cost.to_numpy()
        for h in (history, told)
    ]
    assert (costs[0] == costs[1]).all()


def test_dearer_prices_and_more_plans_cost_more(history: History) -> None:
    stock, seen = flat(history, 2022), history.until(2022)
    costs = [
        deficit_hindcast.hindcast(
            REDBRIDGE, 2022, s, seen, growth=g, known="plans_and_prices"
        ).cost.to_numpy()
        for s, g in ((stock, [0.0] * 5), (stock, [0.05] * 5), (stock * 1.1, [0.0] * 5))
    ]
    assert (costs[1] > costs[0]).all()
    assert (costs[2] > costs[0]).all()


def test_the_score_compares_rules_on_the_same_authorities(history: History) -> None:
    areas = [REDBRIDGE, 301, 302, 303]
    ahead = deficit_hindcast.forecast_stocks(history, 2021, RULE, 30)
    found = [deficit_hindcast.hindcast(a, 2021, ahead.sel(area=a), history.until(2021)) for a in areas]
    table = deficit_hindcast.score(found).set_index("rule")
    assert list(table.index) == ["ours", "baseline", "same_as_last_year", "nil"]
    assert set(table["authorities"]) == {4}
