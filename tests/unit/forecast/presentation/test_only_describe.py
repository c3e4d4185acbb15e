"""Draws become numbers in `forecast.presentation.describe` alone: a percentile or a mean over draws elsewhere has a reason.

Method calls are found in the syntax of every module, not in its text, so words about percentiles may stand anywhere.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
ROOMS = ("data", "scenarios", "forecast")
"""Packages that are searched; `models` fits and scores, and hands draws over."""

FOR_READERS = tuple(f"forecast/{room}/" for room in ("presentation", "reports", "jobs", "commands", "ui"))
"""Rooms in which every mean, over whatever dimension, must be one of `describe` or have a reason."""

PERCENTILES = frozenset(
    f"{nan}{name}" for nan in ("", "nan") for name in ("quantile", "quantiles", "percentile", "median")
)

FAMILY = "the one family of functions"
SAMPLING = "draws values of a distribution at uniform numbers (inverse CDF): it makes draws"
FITTING = "a robust centre of published figures within an estimate: no draws"
SCORING = "scores of past forecasts against what happened"
METHOD = "an expectation that the method runs on, not a figure for a reader"
OTHER_DIMS = "means over areas, zones or scenarios, or of past years: no draws"

ALLOWED: dict[str, tuple[int, str]] = {
    "data/ingest/population.py": (3, "errors of past projections, over authorities: no draws"),
    "data/prices/implied_prices.py": (5, FITTING),
    "forecast/capital/appraisal.py": (1, SAMPLING),
    "forecast/capital/candidate_schemes.py": (1, METHOD),
    "forecast/capital/seats.py": (3, METHOD),
    "forecast/commands/then_and_now.py": (1, "the middle of the distribution that draws are of"),
    "forecast/core/futures.py": (1, METHOD),
    "forecast/demand/own_count.py": (1, "the protocol of a forecast: quantiles where there are only draws"),
    "forecast/demand/simulate.py": (1, METHOD),
    "forecast/finance/funding_policy.py": (1, SAMPLING),
    "forecast/finance/income.py": (
        1,
        "a limit in regulations holds in most draws: a check of what was asked for",
    ),
    "forecast/finance/other_high_needs.py": (2, FITTING),
    "forecast/places/capacity.py": (1, METHOD),
    "forecast/places/geography.py": (1, "distances weighted by pupils: no draws"),
    "forecast/presentation/describe.py": (4, FAMILY),
    "forecast/presentation/places_report.py": (1, OTHER_DIMS),
    "forecast/reports/options/regret.py": (1, OTHER_DIMS),
    "forecast/runs/scenario_run.py": (1, METHOD),
    "forecast/ui/views/demand.py": (1, OTHER_DIMS),
    "forecast/ui/views/evidence.py": (3, SCORING),
    "forecast/validation/audit.py": (1, "percentiles that are kept, to be set against returns later"),
    "forecast/validation/backtest.py": (1, SCORING),
    "forecast/validation/deficit_hindcast.py": (4, SCORING),
    "forecast/validation/long_hindcast.py": (2, SCORING),
    "forecast/validation/earlier_forecasts.py": (1, "percentiles of a distribution, not of draws"),
    "forecast/validation/finance_validation.py": (2, SCORING),
    "forecast/validation/own_count_backtest.py": (1, SCORING),
    "forecast/validation/provision_backtest.py": (1, SCORING),
    "forecast/validation/unseen_january.py": (1, SCORING),
    "forecast/validation/track_record.py": (1, OTHER_DIMS),
    "scenarios/plan_levers.py": (1, "tells whether a lever does anything, from the middle of its size"),
    "scenarios/schemes.py": (1, SAMPLING),
    "scenarios/terms.py": (1, SAMPLING),
}
"""Module to how often it may summarise for itself, and why."""


def summaries(text: str, *, for_readers: bool = False) -> list[int]:
    """Return the lines of calls that may make numbers of draws."""
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    return sorted(call.lineno for call in calls if summarises(call, for_readers=for_readers))


def summarises(call: ast.Call, *, for_readers: bool) -> bool:
    """Return whether a call is a percentile, or a mean: any mean in rooms for readers, elsewhere one over draws."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") == "describe":
        return False
    if for_readers and isinstance(call.func, ast.Attribute) and name in ("mean", "std", "var"):
        return True
    given = [*call.args, *(k.value for k in call.keywords)]
    over_draws = any(isinstance(each, ast.Constant) and each.value == "draw" for each in given)
    return name in PERCENTILES or (name in ("mean", "std", "var") and over_draws)


def found() -> dict[str, list[int]]:
    """Return modules with the lines on which they summarise."""
    places = {}
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            module = path.relative_to(ROOT).as_posix()
            lines = summaries(path.read_text(encoding="utf-8"), for_readers=module.startswith(FOR_READERS))
            if lines:
                places[module] = lines
    return places


def test_no_other_module_makes_numbers_of_draws() -> None:
    places = found()
    many = {module: len(lines) for module, lines in places.items()}
    allowed = {module: count for module, (count, _) in ALLOWED.items()}
    odd = {
        module: places.get(module, [])
        for module in many | allowed
        if many.get(module, 0) != allowed.get(module, 0)
    }
    assert not odd, (
        "Use forecast.presentation.describe, or hand the draws over to a room that may. Where a percentile is part of a method, "
        "change ALLOWED and give the reason."
    )


@pytest.mark.parametrize(
    "line",
    [
        "np.quantile(draws, 0.1)", "np.percentile(draws, 10)", "draws.quantile(0.9, 'draw')", "draws.median()",
        "np.nanmedian(draws)", "plans.mean('draw')", "plans.mean(dim='draw')", "statistics.quantiles(draws)",
    ],
)  # fmt: skip
def test_each_way_of_summarising_is_seen(line: str) -> None:
    assert summaries(f"def table(draws):\n    return {line}\n") == [2]


def test_a_mean_of_any_axis_is_seen_where_readers_are() -> None:
    text = "draws.mean(axis=0)\ndescribe.mean(draws)\nmean(draws)\n"
    assert summaries(text, for_readers=True) == [1]


def test_words_and_other_means_are_passed_over() -> None:
    assert not summaries("'the quantile( of a table'\nscores.mean()\nzones.mean('zone')\n")
