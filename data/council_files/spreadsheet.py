"""Functions shared by the files that people fill in: reading cells, columns and rows, and writing a file whole.

Invariant: a cell that cannot be used is refused in words, never guessed; a file is written whole, or what was there stays.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz, process

from data.areas import authority_named, by_code
from data.council_files.problems import Problem
from data.council_files.text_encodings import UncertainEncodingError, decoded
from data.drafts import write_in_place
from data.errors import AreaError, OutputError, PlannerError
from data.formatting import describe_control_character, quoted

AUTHORITY = "la_code"
"""Column that says whose sheet it is: the DfE number of the authority in every row; a file may leave it out."""


MAX_LINES = 20_000
"""Rows of a file that are looked at, blank ones included: a register has at most a quarter of that."""

MAX_COLUMNS = 200
"""Columns of a file that are looked at."""

SEPARATOR_ROWS = 200
"""Rows from which the separator of a CSV file is worked out."""

UNREAD = "\ufffd"
"""What stands in a cell that could not be filled from a column of the council's; that column's problem is listed already."""

AGE_BLANK: dict[str, str] = {
    "age_low": "Write the youngest age at 31 August, 0 to 25.",
    "age_high": "Write the oldest age at 31 August, 0 to 25.",
}
"""What to write in a blank cell of an age."""

_WHOLE = re.compile(r"\d{1,9}", re.ASCII)


class CellError(ValueError):
    """A cell cannot be used; the message says why and what to write instead.

    Parameters
    ----------
    message
        Words for people.
    fix
        What to write, by column, where one answer is likely; the column of the cell itself is "". Never taken without consent.
    """

    def __init__(self, message: str, fix: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.fix: dict[str, str] = dict(fix or {})


@dataclass(frozen=True, slots=True)
class Understood:
    """A cell in other words than the template's, whose meaning is certain.

    Parameters
    ----------
    value
        What it means.
    remark
        How it was read, for people; blank where only the spelling of a number or date differs.
    also
        Further cells of the row that it speaks of, by column: they fill blanks, and ``basis`` gives way to it.
    """

    value: Any
    remark: str = ""
    also: tuple[tuple[str, Any], ...] = ()


def plain(text: str) -> str:
    """Return text in lower case, with dashes, underscores and repeated spaces as single spaces, to compare spellings."""
    return " ".join(re.sub(r"[_\-]", " ", text).split()).lower()


def parse_code(cell: str, spellings: Mapping[str, str], kind: str, allowed: Iterable[str]) -> str:
    """Return the code that a spelling stands for.

    Parameters
    ----------
    cell
        What was written.
    spellings
        Spellings, as `plain` has them, to codes.
    kind
        What the codes are of, in words.
    allowed
        Codes that are named where none is like the cell.

    Raises
    ------
    CellError
        It is no spelling of any; says which one may have been meant.
    """
    word = plain(cell)
    if word in spellings:
        return spellings[word]
    near = process.extractOne(word[:60], list(spellings), scorer=fuzz.ratio, score_cutoff=60)
    hint = f"Did you mean '{spellings[near[0]]}'?" if near else f"Write one of {', '.join(allowed)}."
    raise CellError(f"{quoted(cell)} is not a {kind} we know. {hint}")


def parse_age(cell: str) -> int:
    """Return the age at 31 August in a cell, 0 to 25.

    Raises
    ------
    CellError
        It is none.
    """
    if _WHOLE.fullmatch(cell) is None or int(cell) > 25:
        raise CellError(
            f"{quoted(cell)} is not an age. Write a whole number from 0 to 25 (age at 31 August)."
        )
    return int(cell)


def parse_authority(cell: str) -> int:
    """Return the DfE number of the current authority in a cell: its number, ONS code or name.

    Raises
    ------
    CellError
        It is none.
    """
    area = authority_named(cell.removesuffix(".0"))
    if area is None:
        raise CellError(
            f"{quoted(cell)} is not the DfE number of an authority of today, nor its name. Write three digits, such as 317 for "
            "Redbridge, or delete the column."
        )
    return area.la_code


def name_of(la_code: int | None) -> str:
    """Return the name of a current authority; its number if there is none."""
    try:
        return by_code(la_code or 0).name
    except AreaError:
        return f"authority {la_code}"


def csv_rows(
    raw: bytes, where: str, garbled: str, refuse: Callable[[str], PlannerError]
) -> list[tuple[int, list[str]]]:
    """Return (spreadsheet row, cells) of every row of a CSV file, in any encoding and with any separator that are certain.

    Parameters
    ----------
    raw
        What the file holds.
    where
        Its name.
    garbled
        What would be garbled in another encoding.
    refuse
        Makes the error of such a file from words.

    Raises
    ------
    PlannerError
        Its encoding is not certain, it is not a CSV table, or it has more than `MAX_LINES` rows or `MAX_COLUMNS` columns.
    """
    try:
        text = decoded(raw).text
    except UncertainEncodingError as error:
        raise refuse(
            f"'{where}' {error}, so {garbled} in it would be garbled and it was not read. In the spreadsheet choose Save as, CSV "
            "UTF-8, and try again."
        ) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator(text))
    rows: list[tuple[int, list[str]]] = []
    try:
        for number, cells in enumerate(reader, start=1):
            if number > MAX_LINES or len(cells) > MAX_COLUMNS:
                what = (
                    f"{MAX_LINES:,} rows, blank ones included"
                    if number > MAX_LINES
                    else f"{MAX_COLUMNS} columns"
                )
                raise refuse(
                    f"'{where}' has more than {what} (line {reader.line_num}), far more than such a file has, so it was not "
                    "read. Copy the rows into the template and try again."
                )
            rows.append((number, cells))
        return rows
    except csv.Error as error:
        raise refuse(
            f"'{where}' is not a CSV table at line {reader.line_num} ({error}), so cells could not be told apart and "
            "nothing was read. Look there for a double quote that is never closed, or save the sheet again as CSV UTF-8."
        ) from None


def separator(text: str) -> str:
    """Return what separates cells in the text of a CSV file: comma, semicolon, tab or bar, whichever makes most even rows."""
    start = text[:50_000]
    best, widest, most = ",", 1, 0
    for mark in (",", ";", "\t", "|"):
        if mark not in start:
            continue
        widths: list[int] = []
        try:
            for cells in csv.reader(io.StringIO(start, newline=""), delimiter=mark):
                if len(cells) > 1 and any(cells):
                    widths.append(len(cells))
                if len(widths) >= SEPARATOR_ROWS:
                    break
        except csv.Error:
            continue
        # Rows of equal width are a table; commas within sentences make few of them.
        usual = max(set(widths), key=lambda w: (widths.count(w) * w, w)) if widths else 1
        # Of two as wide, that of more rows: the commas of 1,200 are in some rows, and semicolons in all.
        if usual > 1 and (usual, widths.count(usual)) > (widest, most):
            best, widest, most = mark, usual, widths.count(usual)
    return best


def column_names(first: Sequence[str]) -> list[str]:
    """Return the column names of a header without the empty cells at its end."""
    names = [name.lower() for name in first]
    while names and not names[-1]:
        names.pop()
    return names


_EXTRA_CELLS = "clear the cells to the right, or give their column a heading."


def is_of_extra_cells(problem: Problem) -> bool:
    """Return whether a problem is that of `find_extra_cells`: no cell of its row is sure."""
    return problem.text.endswith(_EXTRA_CELLS)


def find_extra_cells(number: int, header: Sequence[str], cells: Sequence[str]) -> Problem | None:
    """Return a problem if a row has cells beyond its last column; None otherwise."""
    if not any(cells[len(header) :]):
        return None
    return Problem(
        number, header[-1],
        f"there are {len(cells)} cells for {len(header)} columns. Put text or a number that holds a comma between double quotes, "
        f"{_EXTRA_CELLS}",
    )  # fmt: skip


def parse_cells(
    number: int,
    header: Sequence[str],
    cells: Sequence[str],
    parsers: Mapping[str, Callable[[str], object]],
    needed: Mapping[str, str],
    remarks: list[Remark] | None = None,
) -> tuple[dict[str, Any], list[Problem]]:
    """Return the values of a row's filled cells, and every problem found in single cells.

    Parameters
    ----------
    number
        Row of the spreadsheet.
    header, cells
        Names of the columns, and the row; cells missing at its end are blank.
    parsers
        Function for each column that reads a cell or raises a `CellError`.
    needed
        Columns whose cells must not be blank, with what to write.
    remarks
        List to which is added how cells in other words were read.
    """
    if beyond := find_extra_cells(number, header, cells):
        return {}, [beyond]
    values: dict[str, Any] = {}
    also: dict[str, Any] = {}
    problems = []
    for column, cell in zip_longest(header, cells[: len(header)], fillvalue=""):
        if cell == UNREAD:
            continue
        if (odd := describe_control_character(cell)) is not None:
            problems.append(Problem(number, column, odd))
        elif cell:
            try:
                value = parsers[column](cell)
            except CellError as error:
                fix = tuple((to or column, text) for to, text in error.fix.items())
                problems.append(Problem(number, column, str(error), fix=fix))
                continue
            if isinstance(value, Understood):
                if value.remark and remarks is not None:
                    remarks.append(Remark(number, column, value.remark))
                also |= dict(value.also)
                value = value.value
            values[column] = value
        elif column in needed:
            problems.append(Problem(number, column, f"is blank. {needed[column]}"))
    for column, value in also.items():
        if column in parsers and (column == "basis" or column not in values):
            values[column] = value
    return values, problems


@dataclass(frozen=True, slots=True)
class Remark:
    """How a cell in other words than the template's was read."""

    row: int
    column: str
    text: str


def remarks_in_words(remarks: Sequence[Remark]) -> tuple[str, ...]:
    """Return what was read in other words, one sentence for each way of reading with the rows it was used in."""
    rows: dict[tuple[str, str], list[str]] = {}
    for one in remarks:
        rows.setdefault((one.column, one.text), []).append(f"{one.row}")
    sentences = []
    for (column, text), numbers in rows.items():
        shown = ", ".join(numbers[:6]) + (f" and {len(numbers) - 6} more" if len(numbers) > 6 else "")
        sentences.append(f"Column '{column}': {text} (row{'s' if len(numbers) > 1 else ''} {shown}).")
    return tuple(sentences)


def write_whole(path: Path, content: bytes, what: str, check: Callable[[Path], None] | None = None) -> None:
    """Write a file whole or not at all.

    Parameters
    ----------
    path
        Where to.
    content
        What it holds.
    what
        What it is, as the subject of a sentence.
    check
        Looks at the draft before it takes the file's place, and raises an error where it must not.

    Raises
    ------
    OutputError
        The file cannot be written; a file already there is left as it was.
    """

    def write(draft: Path) -> None:
        draft.write_bytes(content)
        if check is not None:
            check(draft)

    try:
        write_in_place(path, write)
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(
            f"{what} cannot be written to '{path}' ({error.strerror}); nothing there was changed. Choose a folder that "
            "exists and that you may write to, and close the file in other programs."
        ) from None
