"""Names and words of the code: what can be kept by looking for it. CONTRIBUTING.md says the rest."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("data", "models", "scenarios", "forecast")

METAPHORS = {"desk", "door", "doors", "luck", "purse", "road", "shelf", "world", "worlds"}
"""Words that have a standard term: editor, gate, random numbers, finance model, inputs, file store, inputs of one scenario."""

METAPHORS_OF_CLASSES = METAPHORS | {"offer"}
"""The same for classes, and what a capacity plan is not called."""

NO_NOUNS = {"asked", "found", "held", "said", "told"}
"""Names that say nothing of what they hold."""

NOT_VERBS = {
    "A",
    "All",
    "An",
    "Any",
    "Each",
    "Every",
    "How",
    "It",
    "One",
    "The",
    "What",
    "When",
    "Where",
    "Whether",
    "Which",
    "Who",
}
"""Words with which a first line begins that says what a thing is, not what a function does."""


@cache
def sources() -> tuple[tuple[Path, ast.Module], ...]:
    paths = [p for package in PACKAGES for p in sorted((ROOT / package).rglob("*.py"))]
    return tuple((path, ast.parse(path.read_text(encoding="utf-8"))) for path in paths)


def given_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.lineno, node.name


def is_property(function: ast.FunctionDef) -> bool:
    return any("property" in ast.unparse(decorator) for decorator in function.decorator_list)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("doors_of", {"doors", "of"}),
        ("_FeeLuck", {"fee", "luck"}),
        ("worldwide", {"worldwide"}),
        ("ROAD", {"road"}),
    ],
)
def test_names_are_taken_apart_into_words(name: str, words: set[str]) -> None:
    assert words_of(name) == words


def words_of(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def test_no_name_is_a_metaphor_that_has_a_standard_term() -> None:
    riddles = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path, tree in sources()
        for line, name in given_names(tree)
        if words_of(name) & METAPHORS
    ]
    assert not riddles


def test_no_class_is_a_metaphor_and_no_two_share_a_name() -> None:
    homes: dict[str, list[str]] = {}
    for path, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                homes.setdefault(node.name, []).append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not [name for name in homes if words_of(name) & METAPHORS_OF_CLASSES]
    assert not {name: places for name, places in homes.items() if len(places) > 1}


def test_variables_are_named_by_the_noun_of_what_they_hold() -> None:
    riddles = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path, tree in sources()
        for line, name in given_names(tree)
        if name in NO_NOUNS
    ]
    assert not riddles


def test_first_lines_of_functions_begin_with_a_verb_and_end_with_a_stop() -> None:
    riddles = []
    for path, tree in sources():
        for node in ast.walk(tree):
            if not isinstance(node, ast.FunctionDef) or not (words := ast.get_docstring(node)):
                continue
            first = words.splitlines()[0]
            begins_with_a_verb = is_property(node) or first.split()[0] not in NOT_VERBS
            if not begins_with_a_verb or not first.endswith("."):
                riddles.append(f"{path.relative_to(ROOT)}:{node.lineno}: {first}")
    assert not riddles


def test_every_module_says_in_one_line_what_it_is_for() -> None:
    silent = []
    for path, tree in sources():
        words = (ast.get_docstring(tree) or "").splitlines()
        if not words or not words[0].endswith(".") or (len(words) > 1 and words[1]):
            silent.append(str(path.relative_to(ROOT)))
    assert not silent
