"""Tables of pounds: they add up in whole pence, and only balances have a chance of a deficit."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from forecast.core.financial_year import labels
from forecast.finance.attribution import CAUSES
from forecast.finance.balance import REGIMES, StabilityGrant
from forecast.finance.funding_policy import Range
from forecast.finance.income import IncomePlan, growth_options
from forecast.presentation import money_tables
from tests.made_outcomes import outcome
from tests.unit.forecast.finance.test_attribution import BOTH, dearer, why
from tests.unit.forecast.finance.test_balance import settled, spent
from tests.unit.forecast.finance.test_income import YEARS, draw


def test_probability_of_a_deficit_is_the_share_of_draws() -> None:
    cost = xr.concat([spent([98e6] * 5, 1), spent([99e6] * 5, 1), spent([101e6] * 5, 2)], dim="draw")
    found = settled(cost=cost)
    assert money_tables.chance_of_deficit(found).to_numpy().tolist() == [0.5] * 5
    rows = money_tables.balance_rows(found).set_index(["line", "financial_year"])
    assert rows.loc["in_year", "p_deficit"].tolist() == [0.5] * 5


def test_rows_of_a_year_add_up_and_each_closing_opens_the_next() -> None:
    rng = np.random.default_rng(8)
    cost = spent([0.0] * 5, 50) + rng.uniform(90e6, 120e6, (50, 5))
    found = settled(REGIMES["share"], StabilityGrant(0.5), cost=cost, draws=50)
    rows = money_tables.balance_rows(found)
    assert tuple(rows.columns) == money_tables.BALANCE_COLUMNS
    wide = rows.pivot_table("mean_pence", "financial_year", "line")
    moved = wide["income"] - wide["cost"]
    assert (moved == wide["in_year"]).all()
    assert (
        wide["opening"] + moved + wide["stability_grant"] + wide["met_by_centre"] == wide["closing"]
    ).all()
    assert (wide["opening"].to_numpy()[1:] == wide["closing"].to_numpy()[:-1]).all()
    assert np.abs(wide["closing"] - 100 * found.closing.mean("draw").to_numpy()).max() < 0.5 * (1 + 4 * 5)


def test_only_balances_have_a_chance_of_deficit() -> None:
    rows = money_tables.balance_rows(settled())
    assert set(rows.loc[rows["p_deficit"].notna(), "line"]) == {"in_year", "closing"}
    assert set(rows.loc[rows["s251_line"] == "1.9.3", "line"]) == {"opening", "closing"}


def test_rows_add_up_in_pence_and_say_how_each_is_known() -> None:
    found = draw(IncomePlan(growth_options(317)["gdp_deflator"], block_transfer=Range(0.001, 0.004)))
    rows = money_tables.income_rows(found)
    for _, own in rows.groupby("financial_year"):
        parts, total = own[own["line"] != "total"], own[own["line"] == "total"]
        assert parts["mean_pence"].sum() == total["mean_pence"].item()
    assert rows["mean_pence"].dtype == np.int64
    total = rows[rows["line"] == "total"].set_index("financial_year")
    assert total.loc["2023-24", "mean_pence"] == 6_257_838_600
    assert total["basis"].to_dict() == {"2023-24": "published"} | dict.fromkeys(labels(YEARS[1:]), "assumed")


def test_a_table_adds_up_and_begins_with_all() -> None:
    after = outcome({(12, "ASD", "inmss"): 21.0, (12, "ASD", "mainstream"): 29.0}, money=(dearer(1.1),))
    table = money_tables.attribution_table(why(outcome(BOTH), after))
    assert table["part"].iloc[0] == "All"
    wide = table.pivot_table("mean", "part", "cause", aggfunc="sum")
    assert wide[list(CAUSES)].sum(axis=1).to_numpy() == pytest.approx(wide["change"].to_numpy())
    assert wide.drop(index="All").sum().to_numpy() == pytest.approx(wide.loc["All"].to_numpy())
