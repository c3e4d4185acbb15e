"""Cells of files that people fill in: what every file refuses alike."""

from __future__ import annotations

import pytest

from data.council_files.problems import Problem
from data.council_files.spreadsheet import parse_cells


@pytest.mark.parametrize("character", ["\x07", "\x00", "\x1b", "\x7f", "\x9f", "\ud800"])
def test_a_character_that_cannot_be_shown_is_named_by_row_and_column(character: str) -> None:
    values, problems = parse_cells(
        3, ["name", "note"], ["Oak", f"ring{character}"], {"name": str, "note": str}, {}
    )
    assert values == {"name": "Oak"}
    assert problems == [
        Problem(3, "note", f"holds the character U+{ord(character):04X}, which cannot be shown. Delete it.")
    ]


def test_accents_tabs_and_lines_are_text() -> None:
    cell = "Ysgol Tŷ Gwyn\tunit\nPhase 2 👍"
    assert parse_cells(2, ["name"], [cell], {"name": str}, {}) == ({"name": cell}, [])
