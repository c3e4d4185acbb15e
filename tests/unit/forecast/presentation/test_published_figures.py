"""Published figures: one name and one meaning each, the middle unless a reason is given, and one rounding."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from forecast.core.outcome import Outcome
from forecast.finance.finance_model import FinanceModel, Money
from forecast.presentation import compare, glossary, published_figures, wording
from forecast.presentation.published_figures import FIGURES
from forecast.presentation.run_figures import RunFigures
from forecast.runs.baseline import Baseline


@pytest.fixture(scope="module")
def outcome(baseline_of: Callable[..., Baseline]) -> Outcome:
    """Return Redbridge's forecast."""
    return baseline_of(317, years=5, draws=100).outcome


@pytest.fixture(scope="module")
def money(outcome: Outcome) -> Money:
    """Return its costs, income and balance."""
    return FinanceModel.of(outcome).money(outcome)


def test_names_are_given_once_and_each_is_explained() -> None:
    names = [one.name for one in FIGURES.values()]
    assert len(set(names)) == len(names)
    for one in FIGURES.values():
        assert one.meaning == glossary.TERMS[one.term]
    assert list(glossary.TERMS) == sorted(glossary.TERMS, key=str.lower)


def test_counts_are_middles_and_an_average_says_so_and_why() -> None:
    for one in FIGURES.values():
        if one.why_average:
            assert one.centre == "mean"
            assert one.label.endswith(", average")
        else:
            assert one.centre == ("mean" if one.unit == "chance" else f"q{100 * one.level:g}")
            assert one.level == 0.5 or "to be" in one.name
            assert "average" not in one.label
    assert {one.code for one in FIGURES.values() if one.unit == "pounds"} <= {
        one.code for one in FIGURES.values() if one.why_average
    }


def test_one_future_far_from_the_rest_moves_an_average_and_no_middle() -> None:
    draws = np.array([10.0, 20.0, 30.0, 40.0, 10_000.0])
    assert published_figures.of_draws("shortfall", draws) == 30
    assert published_figures.of_draws("npv", draws) == 2020


@pytest.mark.parametrize(
    ("code", "number", "rounded", "text"),
    [
        ("plans", 6164.0, 6160.0, "6,160"),
        ("shortfall", 750.6, 751.0, "751"),
        ("cost", 92_460_000.0, 92_500_000.0, "£92.5m"),
        ("plans", 10_349.0, 10_300.0, "10,300"),
    ],
)
def test_a_cell_of_numbers_holds_what_text_says(code: str, number: float, rounded: float, text: str) -> None:
    assert published_figures.rounded(code, number) == pytest.approx(rounded)
    assert published_figures.shown(code, number) == text == published_figures.shown(code, rounded)


def test_figures_of_a_run_are_those_of_a_comparison_with_itself(outcome: Outcome, money: Money) -> None:
    figures = RunFigures.of(outcome, money)
    table = compare.compared({"it": outcome}, FinanceModel.of(outcome))
    for row in table.to_dict("records"):
        one = figures.at(str(row["measure"]), int(row["year"]))
        assert one.with_range == published_figures.in_table(str(row["measure"]), row), one
    assert figures.at("cost", 2030).date == "2029-30"
    assert figures.at("joiners", 2030).date == "2029"


def test_placed_and_short_are_all_who_want_a_place_in_every_draw(outcome: Outcome) -> None:
    shortfall = outcome.shortfall
    cells = ("provision", "phase", "need_group")
    placed = shortfall.wanted.sum(cells) - shortfall.short.sum(cells)
    one = RunFigures.of(outcome).at("placed", 2028)
    assert one.centre == pytest.approx(float(placed.sel(january=2028).median()), rel=1e-5)


def test_a_chance_is_never_told_as_certain(outcome: Outcome) -> None:
    one = RunFigures.of(outcome).at("p_shortfall", 2031)
    assert one.centre == 1.0
    assert (one.text, one.chance, one.range) == ("over 99 %", wording.chances(1.0), "")


def test_what_was_not_worked_out_is_not_there(outcome: Outcome) -> None:
    figures = RunFigures.of(outcome)
    assert not figures.has("cost")
    with pytest.raises(KeyError):
        figures.at("cost", 2030)
    assert set(figures.table()["figure"]) == {code for code in FIGURES if figures.has(code)}
