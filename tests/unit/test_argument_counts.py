"""Functions take at most eight arguments; more travel together in a frozen object with a name from the field."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("data", "models", "scenarios", "forecast")
MOST = 8

_OPTIONS = "Typer makes one command-line option of each argument"
ALLOWED = {
    "forecast/commands/capital.py capital_command": _OPTIONS,
    "forecast/commands/forecasts.py forecast_command": _OPTIONS,
    "forecast/commands/money.py money_command": _OPTIONS,
    "forecast/commands/places.py places_command": _OPTIONS,
    "forecast/commands/report.py capital_command": _OPTIONS,
    "forecast/commands/scenario.py compare_command": _OPTIONS,
    "forecast/commands/scenario.py explain_command": _OPTIONS,
    "forecast/commands/scenario.py run_command": _OPTIONS,
    "forecast/commands/scenario.py seek_command": _OPTIONS,
}
"""Functions that take more, with the reason."""


def long_lists(tree: ast.Module) -> dict[str, int]:
    """Return functions with more than eight arguments, ``self`` and ``cls`` aside, and how many they take."""
    counted = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            given = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            counted[node.name] = len(given) - (given[:1] in (["self"], ["cls"]))
    return {name: number for name, number in counted.items() if number > MOST}


def test_arguments_are_counted_without_self() -> None:
    source = (
        "class A:\n    def f(self, a, b, c, d, e, f, g, h): ...\ndef g(a, b, c, d, /, e, f, g, *, h, i): ..."
    )
    assert long_lists(ast.parse(source)) == {"g": 9}


def test_no_function_takes_more_than_eight_arguments() -> None:
    functions = {
        f"{path.relative_to(ROOT)} {name}"
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for name in long_lists(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert functions == set(ALLOWED)
