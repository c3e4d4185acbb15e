"""Goal seek on made-up answers, and the words in which goals and answers are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from data.errors import OptionError
from forecast.core.outcome import Outcome
from forecast.finance.finance_model import FinanceModel
from forecast.presentation.seek import MOST_RUNS, Answer, Bound, Goal, Point, seek, tornado, tornado_text


@dataclass(frozen=True)
class Plain(Point):
    """A point whose outcomes are numbers."""

    def centre(self, outcome: Outcome, finance: FinanceModel | None = None) -> float:
        return float(outcome)  # type: ignore[arg-type]


POINT = Plain("shortfall", 2030)


def goal(bound: Bound, value: float) -> Goal:
    return Goal(POINT, bound, value)


def search(
    of: Callable[[float], float], to: Goal, low: float, high: float, *, whole: bool
) -> tuple[Answer, list[float]]:
    """Return the answer and the sizes tried."""
    tried: list[float] = []

    def evaluate(size: float) -> Any:
        tried.append(size)
        return of(size)

    return seek(evaluate, to, low, high, whole=whole), tried


@pytest.mark.parametrize(
    ("of", "bound", "value", "low", "high", "finds"),
    [
        (lambda n: 100 - n, "at_most", 37.5, 0, 200, 63),
        (lambda n: 100 - n, "at_most", 37.0, 0, 200, 63),
        (lambda n: 100 + 2 * n, "at_least", 131, 0, 200, 16),
        (lambda n: 100 - n, "at_least", 60, 200, 0, 40),
        (lambda n: float(n < 1), "at_most", 0.2, 0, 1, 1),
        (lambda n: max(0, 4_999 - n), "at_most", 0, 0, 5_000, 4_999),
    ],
    ids=["down", "met-exactly", "up", "from-above", "only-the-end", "wide"],
)
def test_it_finds_the_whole_number_nearest_to_where_it_begins(
    of: Callable[[float], float], bound: Bound, value: float, low: float, high: float, finds: float
) -> None:
    to = goal(bound, value)
    answer, tried = search(of, to, low, high, whole=True)
    assert answer.size == finds
    assert answer.reached == of(finds)
    assert to.met(of(finds))
    assert not to.met(of(finds - 1 if low < high else finds + 1))
    assert all(float(size).is_integer() for size in tried)
    assert answer.runs == len(tried) == len(set(tried)) <= MOST_RUNS


def test_a_share_is_found_to_a_ten_thousandth_of_its_range_and_from_the_side_that_meets_the_goal() -> None:
    answer, tried = search(lambda x: 1 - x, goal("at_most", 1 / 3), 0, 1, whole=False)
    assert answer.size is not None
    assert 0 <= answer.size - 2 / 3 < 2e-4
    assert answer.reached <= 1 / 3
    assert len(tried) <= MOST_RUNS


def test_runs_are_bounded_whatever_is_searched() -> None:
    answer, tried = search(lambda x: -x, goal("at_most", -1e9 + 0.5), 0, 1e12, whole=True)
    assert len(tried) == answer.runs == MOST_RUNS
    assert answer.size is not None
    assert goal("at_most", -1e9 + 0.5).met(-answer.size)


def test_a_goal_met_at_the_start_needs_no_change() -> None:
    answer, tried = search(lambda x: x, goal("at_most", 5), 3, 9, whole=True)
    assert (answer.size, answer.reached, tried) == (3, 3, [3, 9])
    assert "where the search began, meets the goal already" in answer.words(goal("at_most", 5), "bases")


@pytest.mark.parametrize(("bound", "value", "nearest"), [("at_most", 10, 50), ("at_least", 200, 100)])
def test_no_answer_is_said_with_what_both_ends_give(bound: Bound, value: float, nearest: float) -> None:
    answer, tried = search(lambda n: 100 - n, goal(bound, value), 0, 50, whole=True)
    assert (answer.size, answer.reached, tried) == (None, nearest, [0, 50])
    said = answer.words(goal(bound, value), "bases")
    assert said.startswith("No answer: neither end of the range of 'bases', 0 to 50, meets the goal.")
    assert "At 0 it is 100, at 50 it is 50." in said


@pytest.mark.parametrize(("low", "high"), [(5, 5), (0, float("inf")), (float("nan"), 1)])
def test_a_range_that_is_none_is_refused_before_any_run(low: float, high: float) -> None:
    def never(size: float) -> Outcome:
        raise AssertionError("no run was needed")

    with pytest.raises(OptionError, match="is no range"):
        seek(never, goal("at_most", 1), low, high, whole=False)
    with pytest.raises(OptionError, match="places are whole numbers"):
        seek(never, goal("at_most", 1), 0, 10.5, whole=True)


def test_an_answer_in_words_never_hides_its_size() -> None:
    found = Answer(12_345, 0.191, 1.0, 0.07, 0, 20_000, 9)
    said = found.words(Goal(Point("p_shortfall", 2030, "specialist_base"), "at_most", 0.2), "bases")
    assert said.startswith("'bases' at 12,345 meets the goal: 19 %.")
    assert "At 0 it is over 99 %, at 20,000 it is 7 % (9 runs)." in said
    assert "at 0.1235 meets" in Answer(0.123_456, 1, 9, 0, 0, 1, 9).words(goal("at_most", 2), "share")


def test_a_goal_in_words() -> None:
    told = Goal(Point("p_shortfall", 2030, "specialist_base"), "at_most", 0.2).words()
    assert told.endswith("(specialist bases), January 2030: at most 20 %")
    assert goal("at_least", 1_500).words().endswith("January 2030: at least 1,500")


@pytest.mark.parametrize(
    ("measure", "provision", "says"),
    [
        ("joy", None, "'joy' is not a measure"),
        ("shortfall", "inmss", "'inmss' is not a provision"),
        ("plans", "state_special", "'plans' is not counted for one provision"),
    ],
)
def test_a_point_nobody_can_look_at_is_refused(measure: str, provision: str | None, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        Point(measure, 2030, provision)


@pytest.mark.parametrize(
    ("measure", "value", "says"),
    [("p_shortfall", 20, "chances run from 0 to 1"), ("shortfall", float("nan"), "Give a number")],
)
def test_a_goal_that_cannot_be_is_refused(measure: str, value: float, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        Goal(Point(measure, 2030), "at_most", value)


def test_a_tornado_has_the_widest_lever_first() -> None:
    ends: Any = {"narrow": (10, 12), "wide": (30, 2), "none": (7, 7)}
    middle: Any = 9
    found = tornado(POINT, ends, middle)
    assert found["lever"].tolist() == ["wide", "narrow", "none"]
    assert found["width"].tolist() == [28, 2, 0]
    assert tornado_text(POINT, found).iloc[0].tolist() == ["wide", "30", "2", "9"]


def test_a_tornado_without_levers_is_an_empty_table() -> None:
    nothing: Any = 9
    assert tornado(POINT, {}, nothing).empty
