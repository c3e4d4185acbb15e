"""Years, draws, seed and how sure have one home, so that command line, app and reports of one question agree."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from forecast.commands import capital, forecasts, money, places, report, scenario
from forecast.core import defaults
from forecast.runs.baseline import ForecastInputs
from forecast.ui.frame import choices

ROOT = Path(__file__).resolve().parents[4]
HOME = ROOT / "forecast" / "core" / "defaults.py"
STATED = re.compile(
    rf"\b{defaults.SEED}\b|\b(DRAWS|YEARS|SURE|USUAL_\w+|DEFAULT_\w+)\b[^=\n]* = (10|15|500|0\.8)\b|draws: int = \d"
)
"""What stating a default again looks like."""


def test_no_other_module_states_a_default() -> None:
    modules = [p for room in ("forecast", "benchmarks") for p in (ROOT / room).rglob("*.py") if p != HOME]
    again = [str(p.relative_to(ROOT)) for p in modules if STATED.search(p.read_text(encoding="utf-8"))]
    # A threshold of its own: how likely a programme must be to count as safe.
    assert again == ["forecast/reports/capital_report.py"]


@pytest.mark.parametrize(
    "command",
    [
        capital.capital_command, forecasts.forecast_command, money.money_command, places.places_command,
        report.capital_command, scenario.run_command, ForecastInputs.baseline,
    ],
)  # fmt: skip
def test_commands_and_runs_start_from_the_same_numbers(command: object) -> None:
    stated = {name: p.default for name, p in inspect.signature(command).parameters.items()}  # type: ignore[arg-type]
    assert (stated["years"], stated["draws"], stated["seed"]) == (
        defaults.YEARS,
        defaults.DRAWS,
        defaults.SEED,
    )


def test_the_longest_horizon_of_the_app_is_the_default_of_the_command_line() -> None:
    assert choices.HORIZONS[-1] == defaults.YEARS
