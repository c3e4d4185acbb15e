"""Why plans change: terms that add up, in words a planner can read."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from data.errors import OptionError
from data.vocabulary import BAND_CODES
from forecast.core.outcome import Outcome
from forecast.presentation import explain, summary
from forecast.runs.baseline import Baseline


@pytest.fixture(scope="module")
def outcome(baseline_of: Callable[..., Baseline]) -> Outcome:
    return baseline_of(317, years=6, draws=200).outcome


def test_terms_add_up_to_the_change_in_every_draw(outcome: Outcome) -> None:
    change = outcome.plans.future.sel(january=2030).sum(("age", "need")) - outcome.plans.known.sum()
    np.testing.assert_allclose(explain.terms(outcome.plans, 2030).sum("term"), change, atol=1e-6)


def test_the_table_adds_up_and_names_every_term(outcome: Outcome) -> None:
    table = explain.table(outcome.plans, 2030).set_index("term")
    assert table.index.tolist() == [*explain.TERM_LABELS, explain.CHANGE]
    assert table["mean"].drop(explain.CHANGE).sum() == pytest.approx(table.loc[explain.CHANGE, "mean"])
    assert (table["q10"] <= table["q90"]).all()
    assert table.loc["joiner_rate", "mean"] > 0 > table.loc["leaver_rate", "mean"]


def test_a_january_that_is_not_forecast_is_refused(outcome: Outcome) -> None:
    with pytest.raises(OptionError, match="2027 to 2032"):
        explain.terms(outcome.plans, 2040)


def test_every_plan_is_accounted_for(outcome: Outcome) -> None:
    flows, stock = outcome.plans.flows, outcome.plans.future
    came = (flows["joiners"] + flows["transfers"] + flows["recoded"]).sum("age")
    gone = flows["leavers"].sum("age")
    before = stock.sum("age").shift(january=1).fillna(flows["opening"].sum("age"))
    np.testing.assert_allclose(stock.sum("age"), before + came - gone, atol=1e-6)


def test_flow_and_process_tables_are_the_public_contract(outcome: Outcome) -> None:
    flows, process = summary.flows_long(outcome), summary.process_long(outcome)
    assert tuple(flows.columns) == summary.FLOW_COLUMNS
    assert tuple(process.columns) == summary.PROCESS_COLUMNS
    for table in (flows, process):
        assert sorted(table["year"].unique()) == list(range(2026, 2032))
        assert set(table["age_band"]) == {"All", *BAND_CODES}
        assert not table[["mean", "q10", "q50", "q90"]].isna().any().any()
    # New plans in both files are the same children.
    joined = flows[(flows["flow"] == "joiners")].set_index(["year", "age_band"])["mean"]
    new = process[process["measure"] == "new_plans"].set_index(["year", "age_band"])["mean"]
    pd.testing.assert_series_equal(joined.sort_index(), new.sort_index(), check_names=False)


def test_leavers_by_reason_add_up_to_leavers(outcome: Outcome) -> None:
    leavers = summary.flows_long(outcome).query("flow == 'leavers'")
    whole = leavers[leavers["reason"] == "All"].set_index(["year", "age_band"])["mean"]
    parts = leavers[leavers["reason"] != "All"].groupby(["year", "age_band"])["mean"].sum()
    pd.testing.assert_series_equal(parts.sort_index(), whole.sort_index(), check_names=False)


def test_the_process_adds_up(outcome: Outcome) -> None:
    process = outcome.plans.process
    np.testing.assert_allclose(
        process["assessments"], process["new_plans"] + process["assessments_without_plan"], atol=1e-6
    )
    decided = process["refused"] + process["withdrawn"] + process["accepted"]
    np.testing.assert_allclose(process["requests"], decided, atol=1e-6)
