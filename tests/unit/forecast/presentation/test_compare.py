"""Scenarios side by side: who is short first, what bars say, and what is printed of nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.errors import OptionError
from data.vocabulary import SPECIALIST_PROVISIONS
from forecast.core.outcome import Outcome
from forecast.finance.finance_model import FinanceModel
from forecast.presentation import compare, published_figures, wording
from forecast.runs.baseline import Baseline
from models.base import Array

YEARS, DRAWS, FIRST = 5, 100, 2027


@pytest.fixture(scope="module")
def outcome(baseline_of: Callable[..., Baseline]) -> Outcome:
    """Return Redbridge's forecast."""
    return baseline_of(317, years=YEARS, draws=DRAWS).outcome


def short_of(outcome: Outcome, by_provision: Mapping[str, Array]) -> Outcome:
    """Return an outcome in which so many children, dims (draw, january), are short of each provision, and nobody of others."""
    short = outcome.shortfall.short * 0
    for provision, children in by_provision.items():
        at = {"provision": provision, "phase": "primary", "need_group": short["need_group"][0].item()}
        short.loc[at] = children
    return replace(outcome, shortfall=replace(outcome.shortfall, short=short))


def told(outcomes: Mapping[str, Outcome]) -> dict[tuple[str, str], dict[str, Any]]:
    rows = compare.first_shortfalls(outcomes).to_dict("records")
    return {(row["scenario"], row["provision"]): {str(k): v for k, v in row.items()} for row in rows}


def test_children_short_of_all_kinds_are_those_of_each_kind_together(outcome: Outcome) -> None:
    for measure in ("shortfall", "specialist_wanted"):
        parts = [compare.measured(outcome, p)[measure] for p in SPECIALIST_PROVISIONS]
        together = np.sum(parts, axis=0)
        np.testing.assert_allclose(together, compare.measured(outcome)[measure], rtol=1e-5)
        assert together.sum() > 0


def test_a_tenth_of_a_child_is_no_shortfall(outcome: Outcome) -> None:
    nearly = short_of(outcome, {"state_special": np.full((DRAWS, YEARS), 0.9)})
    assert compare.measured(nearly)["p_shortfall"].sum() == 0
    whole = short_of(outcome, {"state_special": np.full((DRAWS, YEARS), 1.0)})
    assert (compare.measured(whole)["p_shortfall"] == 1).all()


def test_the_first_january_short_is_the_first_at_least_as_likely_as_not(outcome: Outcome) -> None:
    children = np.zeros((DRAWS, YEARS))
    children[:20, 1:] = 5
    children[20:60, 2:] = 5
    found = told({"one": short_of(outcome, {"specialist_base": children})})
    base = found["one", "specialist_base"]
    assert (base["january"], base["q10"], base["q90"]) == (FIRST + 2, FIRST + 1, 0)
    assert base["p_none"] == pytest.approx(0.4)
    assert {k: v for k, v in found["one", "All"].items() if k != "provision"} == {
        k: v for k, v in base.items() if k != "provision"
    }
    none = found["one", "state_special"]
    assert (none["january"], none["q10"], none["q90"], none["p_none"]) == (0, 0, 0, 1.0)


def test_first_januaries_as_text_have_a_range_only_where_futures_differ(outcome: Outcome) -> None:
    children = np.zeros((DRAWS, YEARS))
    children[:20, 1:] = 5
    children[20:60, 2:] = 5
    all_at_once = {"state_special": np.full((DRAWS, YEARS), 3.0), "specialist_base": children}
    text = compare.first_shortfall_text(
        {"b": short_of(outcome, all_at_once), "a": short_of(outcome, {})}
    ).set_index("Scenario")
    assert list(text.index) == ["b", "a"]
    assert list(text.columns) == list(compare.HEADINGS.values())
    assert text.loc["b"].tolist() == [f"{FIRST}", f"{FIRST}", f"{FIRST + 2} ({FIRST + 1} to none)", "none"]
    assert text.loc["a"].tolist() == ["none"] * 4


def test_children_short_by_kind_are_told_for_the_january_asked_for(outcome: Outcome) -> None:
    children = np.zeros((DRAWS, YEARS))
    children[:, 3] = 12
    text = compare.short_by_kind({"one": short_of(outcome, {"specialist_post16": children})}, FIRST + 3)
    assert text.iloc[0].tolist() == ["one", "12", "0", "0", "12"]


@pytest.fixture(scope="module")
def finance(outcome: Outcome) -> FinanceModel:
    """Return Redbridge's prices and income."""
    return FinanceModel.of(outcome)


def test_a_comparison_is_the_contract(outcome: Outcome, finance: FinanceModel) -> None:
    table = compare.compared({"a": outcome, "b": short_of(outcome, {})}, finance)
    assert list(table.columns) == list(compare.COLUMNS)
    assert table["measure"].unique().tolist() == list(compare.MEASURES)
    assert len(table) == 2 * YEARS * len(compare.MEASURES)
    assert {c: str(t) for c, t in table.dtypes.items()} == dict(compare.COLUMNS)
    assert not table.duplicated(["scenario", "year", "measure"]).any()
    row = table.query("scenario == 'b' and measure == 'shortfall' and year == @FIRST").iloc[0]
    before = compare.measured(outcome)["shortfall"][:, 0]
    assert row["mean"] == 0
    assert row["diff_mean"] == pytest.approx(-before.mean())
    assert row[["diff_q10", "diff_q50", "diff_q90"]].tolist() == pytest.approx(
        np.quantile(-before, [0.1, 0.5, 0.9]).tolist()
    )


def test_cost_is_compared_with_prices_only(outcome: Outcome, finance: FinanceModel) -> None:
    without, with_prices = compare.measured(outcome), compare.measured(outcome, finance=finance)
    assert [*without, "cost"] == list(with_prices) == list(compare.MEASURES)
    cost = finance.costs(outcome).high_needs
    # January 2027, the first forecast, is in 2026-27.
    np.testing.assert_array_equal(with_prices["cost"][:, 0], cost.sel(financial_year="2026-27").to_numpy())
    for measure in compare.POUNDS:
        with pytest.raises(OptionError, match="in pounds, but no prices"):
            compare.measure(outcome, measure)
    balance = compare.measure(outcome, "in_year_balance", finance=finance)
    np.testing.assert_allclose(balance, finance.income(outcome).total.to_numpy() - with_prices["cost"])


def test_no_difference_is_said_and_a_small_one_is_not_hidden(outcome: Outcome) -> None:
    children = np.asarray(compare.measured(outcome)["shortfall"])
    more = children.copy()
    more[0, -1] += 40
    made = {
        name: short_of(outcome, {"state_special": short})
        for name, short in (("a", children), ("same", children), ("more", more))
    }
    table = compare.compared(made)
    text = compare.differences(table, FIRST + YEARS - 1).set_index("Measure")
    assert "a" not in text.columns
    assert (text["same"] == "no change").all()
    assert text.loc[compare.MEASURES["shortfall"], "more"] == "0"
    assert text.loc[compare.MEASURES["plans"], "more"] == "no change"
    alike = compare.side_by_side(table, FIRST).set_index("Measure")
    assert alike["a"].tolist() == alike["same"].tolist()
    assert "(" not in str(alike.loc[compare.MEASURES["p_shortfall"], "a"])


def made_up(measure: str = "plans", **bars: list[float]) -> compare.Waterfall:
    start = np.array([10.4, 10.4])
    steps = {name: np.array(values) for name, values in bars.items()}
    end = start + sum(steps.values(), start=np.zeros(2))
    return compare.Waterfall(measure, 2030, start, end, steps)


def number(text: str) -> int:
    return 0 if text == wording.NO_CHANGE else int(text.replace(",", "").split()[0])


def test_bars_of_whole_numbers_add_up_though_each_is_rounded() -> None:
    found = made_up(a=[0.4, 0.4], b=[0.4, 0.4], c=[0.4, 0.4], d=[-7.3, -7.1], e=[0, 0])
    text = compare.waterfall_text(found)
    means = [number(mean) for mean in text[compare.AVERAGE]]
    assert sum(means[:-1]) == means[-1] == round(10.4 + 1.2 - 7.2)
    exact = [10.4, 0.4, 0.4, 0.4, -7.2, 0]
    assert all(abs(shown - value) < 1 for shown, value in zip(means, exact, strict=False))
    assert text["Bar"].tolist() == ["Baseline", "a", "b", "c", "d", "e", "Scenario"]
    assert text.set_index("Bar").loc["e"].tolist() == ["no change", ""]


def test_bars_of_a_chance_are_points_without_a_range() -> None:
    start = np.array([1.0, 1.0, 0.0, 0.0])
    bars = {"a": np.array([-1.0, 0, 0, 0]), "b": np.array([-1.0, 1, 0, 0]), compare.INTERACTION: np.zeros(4)}
    end = start + bars["a"] + bars["b"]
    text = compare.waterfall_text(compare.Waterfall("p_shortfall", 2030, start, end, bars))
    assert list(text.columns) == ["Bar", compare.AVERAGE]
    means = text.set_index("Bar")[compare.AVERAGE]
    assert means["Baseline"] == "50 %"
    assert means["a"] == "-25 points"
    assert means["b"] == "0 points"
    assert means["Together, beyond each alone"] == "no change"
    assert means["Scenario"] == "25 %"


def test_levers_named_like_a_bar_keep_their_own(outcome: Outcome) -> None:
    children = np.asarray(compare.measured(outcome)["shortfall"])
    alone = {
        name: short_of(outcome, {"state_special": children + more})
        for name, more in (("baseline", 1), ("interaction", 2), ("scenario", 4))
    }
    together = short_of(outcome, {"state_special": children + 10})
    found = compare.waterfall("shortfall", FIRST, outcome, alone, together)
    table = found.table()
    assert table["bar"].tolist() == ["baseline", *alone, compare.INTERACTION, "scenario"]
    np.testing.assert_allclose(table["mean"].iloc[1:-1], [1, 2, 4, 3], atol=1e-3)
    text = compare.waterfall_text(found)["Bar"].tolist()
    assert text == ["Baseline", *alone, "Together, beyond each alone", "Scenario"]


@pytest.mark.parametrize(
    ("measure", "value", "signed", "says"),
    [
        ("plans", 1234.5, False, "1,230"),
        ("plans", 1234.5, True, "+1,230"),
        ("plans", -0.4, True, "0"),
        ("plans", -0.4, False, "0"),
        ("plans", -7, True, "-7"),
        ("p_shortfall", 1.0, False, "over 99 %"),
        ("p_shortfall", 0.999, False, "over 99 %"),
        ("p_shortfall", 0.002, False, "under 1 %"),
        ("p_shortfall", 0.0, False, "under 1 %"),
        ("p_shortfall", 0.2, False, "20 %"),
        ("p_shortfall", -0.2, True, "-20 points"),
        ("p_shortfall", 0.001, True, "0 points"),
        ("cost", 92_460_000.0, False, "£92.5m"),
        ("in_year_balance", 454_600.0, True, "+£0.5m"),
    ],
)
def test_values_in_tables(measure: str, value: float, signed: bool, says: str) -> None:
    assert published_figures.shown(measure, value, signed=signed) == says


@pytest.mark.parametrize(
    ("measure", "value", "said", "typed"),
    [
        ("plans", 1234.0, "1,230", "1,234"),
        ("p_shortfall", 1.0, "more than 99 chances in 100", "100 %"),
        ("p_shortfall", 0.125, "1 chance in 10", "12.5 %"),
        ("cost", 92_460_000.0, "£92m", "£92,460,000"),
    ],
)
def test_values_in_sentences_are_rounded_and_typed_ones_are_not(
    measure: str, value: float, said: str, typed: str
) -> None:
    assert (published_figures.spoken(measure, value), compare.typed(measure, value)) == (said, typed)


def test_main_figures_are_those_of_the_last_january(outcome: Outcome) -> None:
    figures = compare.main_figures(outcome)
    assert list(figures) == [str(FIRST + YEARS - 1)]
    told = figures[str(FIRST + YEARS - 1)]
    assert told["plans"] == pytest.approx(
        outcome.plans.future.isel(january=-1).sum(("age", "need")).mean().item(), abs=1e-4
    )
    assert pd.Series(told).notna().all()
