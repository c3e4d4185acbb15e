"""Cells of files that people fill in: what every file refuses alike."""

from __future__ import annotations

import tracemalloc

import pytest

from data.council_files.problems import Problem
from data.council_files.spreadsheet import MAX_LINES, csv_rows, parse_cells, separator
from data.errors import PlannerError, RegisterError


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


def refuse(words: str) -> PlannerError:
    return RegisterError(words)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"a" + b",b" * 100_000 + b"\n", "more than 200 columns"),
        (b"a,b\n" + b"\n" * 19_900_000, "more than 20,000 rows, blank ones included"),
        (b"a,b\n" + b"1," * 3_000_000, "more than 200 columns"),
    ],
)
def test_a_file_far_larger_than_any_is_refused_while_it_is_read(raw: bytes, words: str) -> None:
    tracemalloc.start()
    with pytest.raises(RegisterError, match=rf"{words}.*Copy the rows into the template"):
        csv_rows(raw, "big.csv", "names", refuse)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # The text takes four bytes a character while it is looked at, and one row of cells at a time.
    assert most < 10 * len(raw) + 300_000_000


def test_as_many_rows_as_a_file_may_have_are_read() -> None:
    assert len(csv_rows(b"a,b\n" * MAX_LINES, "full.csv", "names", refuse)) == MAX_LINES


def test_semicolons_separate_a_table_of_two_columns_whose_numbers_have_commas() -> None:
    assert separator("Need;Plans\nASD;1,200\nMLD;1,300\nHI;40\n") == ";"
    assert separator("Need,Plans\nASD;SLCN,1200\nMLD;HI,40\n") == ","
