"""Pounds, chances and what an interval means are written in one module only; this looks for a second writer.

Looked at are the strings of the code (f-strings with their placeholders), without docstrings and comments.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]

HOMES = {"forecast/presentation/wording.py", "data/formatting.py"}

EVERYWHERE = (
    r"£\{", r"£%", r"£$", r"GBP \{", r"\} ?(million|billion|bn|m)\b",  # pounds
    r"chances? in (\d|\{)", r"\} in 100?\b", r"certain in every",  # chances
    r"8 in 10 (outcomes|futures)", r"range that holds 80 % of",  # intervals
)  # fmt: skip
"""What a string that formats pounds or a chance looks like; a placeholder is written {}."""

FOR_PEOPLE = (r"\{[^{}]*%\}", r"\{[^{}]*f\} ?%")
"""Per cent with a format of its own; in rooms that write for people."""

ROOMS_FOR_PEOPLE = ("presentation", "reports", "ui", "jobs", "commands")


def texts(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line and text of every string of a module, with {} for a placeholder and {:spec} for a formatted one."""
    tree = ast.parse(source)
    skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    # What is taken out of a text that somebody typed is not written.
    skipped |= {
        id(node.args[0])
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "replace"
        and node.args
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for part in ast.walk(node) if part is not node}
            yield node.lineno, _text(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.lineno, node.value


def _text(joined: ast.JoinedStr) -> str:
    parts = []
    for part in joined.values:
        if isinstance(part, ast.Constant):
            parts.append(str(part.value))
        elif isinstance(part, ast.FormattedValue):
            spec = part.format_spec
            parts.append("{}" if not isinstance(spec, ast.JoinedStr) else f"{{:{_text(spec)}}}")
    return "".join(parts)


def wrong(source: str, patterns: tuple[str, ...]) -> list[str]:
    """Return the places of a module that format pounds or chances themselves."""
    return [
        f"line {line}: {text[:80]!r} ({pattern})"
        for line, text in texts(source)
        for pattern in patterns
        if re.search(pattern, text)
    ]


def modules() -> list[Path]:
    return sorted(
        path
        for folder in ("data", "models", "scenarios", "forecast")
        for path in (ROOT / folder).rglob("*.py")
        if path.relative_to(ROOT).as_posix() not in HOMES
    )


def test_no_other_module_writes_pounds_or_chances() -> None:
    found = {}
    for path in modules():
        name = path.relative_to(ROOT)
        room = name.parts[1] if name.parts[0] == "forecast" else ""
        patterns = EVERYWHERE + (FOR_PEOPLE if room in ROOMS_FOR_PEOPLE else ())
        lines = wrong(path.read_text(encoding="utf-8"), patterns)
        if lines:
            found[name.as_posix()] = lines
    assert not found, f"Use forecast.presentation.wording, or data.formatting for an exact sum: {found}"


@pytest.mark.parametrize(
    "source",
    [
        'x = f"a deficit of £{value:,.0f}"',
        'x = "£{:,.0f}".format(value)',
        'x = "£%d" % value',
        'x = "£" + str(value)',
        'x = f"{value / 1e6:.1f} million"',
        'x = f"{sign}{value:.1f}m"',
        'x = f"GBP {value}"',
        'x = f"{tenths} chances in 10"',
        'x = "more than 9 chances in 10"',
        'x = f"{tenths} in 10"',
        'x = "certain in every future drawn"',
        'x = "about 8 in 10 outcomes should fall inside"',
    ],
)
def test_a_second_formatter_is_found(source: str) -> None:
    assert wrong(source, EVERYWHERE)


@pytest.mark.parametrize("source", ['x = f"{100 * p:.0f} %"', 'x = f"{p:.0%}"', 'x = "{:.0%}".format(p)'])
def test_a_second_formatter_of_per_cent_is_found(source: str) -> None:
    assert wrong(source, FOR_PEOPLE)


@pytest.mark.parametrize(
    "source",
    [
        '"""A deficit of £{x}, 9 chances in 10."""',
        "# £{x}",
        'x = f"{kilometres:.1f} km"',
        'x = "Budget, £ million"',
        'x = cell.replace("£", "")',
    ],
)
def test_what_formats_neither_is_left_alone(source: str) -> None:
    assert not wrong(source, EVERYWHERE + FOR_PEOPLE)
