"""Two inverse questions: which lever's uncertainty matters most (a tornado), and which size of a lever meets a goal.

Both run the road again with one size of one lever changed and all else, draws included, as it was.

Goal seek looks for the smallest change from ``low`` towards ``high`` that meets the goal. It takes for granted that a larger
size moves the measure one way, which holds for every lever of one kind (tests/laws), and says what was found at both ends, so
that a person can see it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from data.errors import OptionError
from data.financial_year import FinancialYear
from data.vocabulary import SPECIALIST_PROVISIONS
from forecast.core.outcome import Outcome
from forecast.finance.finance_model import FinanceModel
from forecast.presentation import published_figures
from forecast.presentation.compare import LABELLED, POUNDS, measure, part, typed
from forecast.presentation.words import SHORT_PROVISIONS

Bound = Literal["at_most", "at_least"]

Evaluate = Callable[[float], Outcome]
"""From the size of a lever to the outcome of the scenario with that size."""

MOST_RUNS = 24
"""Runs a search may take; whole numbers up to four million are known by then."""

FINE = 1e-4
"""Part of its range to which a size that is no whole number is known."""

OF_PLACES: tuple[str, ...] = ("specialist_wanted", "shortfall", "p_shortfall")
"""Measures that one provision can have of its own."""


@dataclass(frozen=True)
class Point:
    """The figure looked at: the mean of a measure in one January.

    Parameters
    ----------
    measure
        A code of `forecast.presentation.compare.LABELLED`; ``p_shortfall`` is the chance of a shortfall.
    january
        When.
    provision
        Specialist provision whose places count; all where None.

    Raises
    ------
    OptionError
        The measure or the provision is not known, or the measure is not of one provision.
    """

    measure: str
    january: int
    provision: str | None = None

    def __post_init__(self) -> None:
        known = {"measure": (self.measure, LABELLED), "provision": (self.provision, SPECIALIST_PROVISIONS)}
        for name, (given, allowed) in known.items():
            if given is not None and given not in allowed:
                raise OptionError(
                    f"'{given}' is not a {name} scenarios are measured on. Use one of {', '.join(allowed)}."
                )
        if self.provision is not None and self.measure not in OF_PLACES:
            raise OptionError(
                f"'{self.measure}' is not counted for one provision, so '{self.provision}' means nothing here. Leave it "
                f"out, or use one of {', '.join(OF_PLACES)}."
            )

    def centre(self, outcome: Outcome, finance: FinanceModel | None = None) -> float:
        """Return the measure in an outcome, as it is published; pounds need the finance model.

        Raises
        ------
        OptionError
            The run does not reach the January.
        """
        januaries = [int(j) for j in outcome.plans.future["january"].to_numpy()]
        if self.january not in januaries:
            raise OptionError(
                f"January {self.january} was asked for, but the run covers {januaries[0]} to {januaries[-1]}. "
                "Choose a January in that range, or run more years."
            )
        draws = measure(outcome, self.measure, self.provision, finance)
        return published_figures.of_draws(self.measure, draws[:, januaries.index(self.january)])

    def words(self) -> str:
        """Return the name of the figure in words."""
        of = "" if self.provision is None else f" ({SHORT_PROVISIONS[self.provision]})"
        when = f"January {self.january}"
        if self.measure in POUNDS:
            when = FinancialYear(self.january - 1).label
        return f"{LABELLED[self.measure]}{of}, {when}"

    def shown(self, value: float) -> str:
        """Return a value of the measure as text."""
        return part(self.measure, value)


@dataclass(frozen=True)
class Goal:
    """The goal of a search: a figure at most or at least a value.

    Parameters
    ----------
    point
        What is looked at.
    bound
        ``at_most`` or ``at_least``.
    value
        In units of the measure; a chance is 0 to 1.

    Raises
    ------
    OptionError
        The value is no number, or a chance is out of range.
    """

    point: Point
    bound: Bound
    value: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise OptionError(f"A goal of {self.value} cannot be met or missed. Give a number.")
        if self.point.measure == "p_shortfall" and not 0 <= self.value <= 1:
            raise OptionError(
                f"A chance of {self.value} cannot be a goal: chances run from 0 to 1. Write 0.2 for 20 %."
            )

    def met(self, figure: float) -> bool:
        """Return whether a figure meets the goal."""
        return figure <= self.value if self.bound == "at_most" else figure >= self.value

    def words(self) -> str:
        """Return the goal in words."""
        limit = "at most" if self.bound == "at_most" else "at least"
        return f"{self.point.words()}: {limit} {typed(self.point.measure, self.value)}"


@dataclass(frozen=True)
class Answer:
    """The result of a search for a lever's size.

    Parameters
    ----------
    size
        Smallest size, from ``low``, that meets the goal; None where none in the range does.
    reached
        The measure at that size, or at the end that comes nearest.
    at_low, at_high
        The measure at both ends.
    low, high
        The range searched.
    runs
        Runs it took.
    """

    size: float | None
    reached: float
    at_low: float
    at_high: float
    low: float
    high: float
    runs: int

    def words(self, goal: Goal, lever: str) -> str:
        """Return the result in sentences."""
        say, low, high = goal.point.shown, _size(self.low), _size(self.high)
        ends = f"At {low} it is {say(self.at_low)}, at {high} it is {say(self.at_high)}"
        if self.size is None:
            return (
                f"No answer: neither end of the range of '{lever}', {low} to {high}, meets the goal. {ends}."
            )
        if self.size == self.low:
            return f"'{lever}' at {low}, where the search began, meets the goal already. {ends}."
        return (
            f"'{lever}' at {_size(self.size)} meets the goal: {say(self.reached)}. Nothing nearer to {low} does, if a larger "
            f"change always moves it one way. {ends} ({self.runs} runs)."
        )


def _size(value: float) -> str:
    """Return a size as text: whole numbers unchanged, others to four digits."""
    return f"{value if float(value).is_integer() else float(f'{value:.4g}'):,.6f}".rstrip("0").rstrip(".")


def seek(
    evaluate: Evaluate,
    goal: Goal,
    low: float,
    high: float,
    *,
    whole: bool,
    finance: FinanceModel | None = None,
) -> Answer:
    """Search for the size nearest to ``low`` that meets a goal.

    Parameters
    ----------
    evaluate
        Runs the scenario with a size of the lever.
    goal
        What is to be reached.
    low, high
        The range of sizes; ``high`` may be below ``low``: the search runs from ``low``.
    whole
        Sizes are whole numbers, such as places.
    finance
        Prices and income of the baseline, for goals in pounds.

    Raises
    ------
    OptionError
        The range is empty, or an end of a range of whole numbers is not one.
    """
    if low == high or not (math.isfinite(low) and math.isfinite(high)):
        raise OptionError(
            f"A size is looked for between {low:g} and {high:g}, which is no range. Give two different numbers."
        )
    if whole and not (float(low).is_integer() and float(high).is_integer()):
        raise OptionError(
            f"Places are looked for between {low:g} and {high:g}, but places are whole numbers. Round both ends."
        )
    figures: dict[float, float] = {}

    def figure(size: float) -> float:
        if size not in figures:
            figures[size] = goal.point.centre(evaluate(size), finance)
        return figures[size]

    at_low, at_high = figure(low), figure(high)
    if goal.met(at_low):
        return Answer(low, at_low, at_low, at_high, low, high, len(figures))
    if not goal.met(at_high):
        nearest = min(at_low, at_high) if goal.bound == "at_most" else max(at_low, at_high)
        return Answer(None, nearest, at_low, at_high, low, high, len(figures))
    short, enough = low, high
    while len(figures) < MOST_RUNS:
        middle = (short + enough) / 2
        if whole:
            middle = float(math.floor(middle) if low < high else math.ceil(middle))
        if middle in (short, enough):
            break
        if goal.met(figure(middle)):
            enough = middle
        else:
            short = middle
        if not whole and abs(enough - short) <= abs(high - low) * FINE:
            break
    return Answer(enough, figures[enough], at_low, at_high, low, high, len(figures))


def tornado(
    point: Point,
    ends: Mapping[str, tuple[Outcome, Outcome]],
    middle: Outcome,
    finance: FinanceModel | None = None,
) -> pd.DataFrame:
    """Return the change in a measure over each lever's interval, largest first.

    Parameters
    ----------
    point
        What is looked at.
    ends
        Lever to the outcomes with it at the low and at the high end of its interval.
    middle
        The outcome with every interval drawn.
    finance
        Prices and income of the baseline, for pounds.

    Returns
    -------
    pd.DataFrame
        Columns lever, at_low, at_high, middle, width.
    """
    centre = point.centre(middle, finance)
    rows = []
    for lever, (at_low, at_high) in ends.items():
        low, high = point.centre(at_low, finance), point.centre(at_high, finance)
        rows.append(
            {"lever": lever, "at_low": low, "at_high": high, "middle": centre, "width": abs(high - low)}
        )
    frame = pd.DataFrame(rows, columns=["lever", "at_low", "at_high", "middle", "width"])
    return frame.sort_values("width", ascending=False, kind="stable").reset_index(drop=True)


def tornado_text(point: Point, widths: pd.DataFrame) -> pd.DataFrame:
    """Return a `tornado` as a table of text."""
    return pd.DataFrame(
        {
            "Lever": widths["lever"],
            "At its low end": [point.shown(v) for v in widths["at_low"]],
            "At its high end": [point.shown(v) for v in widths["at_high"]],
            "As it is": [point.shown(v) for v in widths["middle"]],
        }
    )
