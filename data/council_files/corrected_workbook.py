"""Corrected copies of workbooks: the corrected tables, the values of the other sheets, and a sheet of what was changed.

Invariants: no cell is a formula; a number reads back as it was written; a copy without the other sheets says so.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter

from data.council_files.formulas import guarded
from data.council_files.workbook import Rows, WorkbookWords, read_all_sheets
from data.errors import PlannerError

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from data.council_files.corrected_copy import Correction

_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,9})?", re.ASCII)


def to_workbook(
    path: Path, corrections: Sequence[Correction], changed: str, refuse: Callable[[str], PlannerError]
) -> bytes:
    """Return the corrected copy of a workbook.

    Parameters
    ----------
    path
        The original, of which the other sheets are copied as values.
    corrections
        Its corrected tables.
    changed
        Name of the sheet of what was changed.
    refuse
        Makes the error of sheets that cannot be read.
    """
    book = Workbook()
    book.remove(book.active)
    for one in corrections:
        _fill(book.create_sheet(one.sheet), one.rows)
        book[one.sheet].freeze_panes = "A2"
        for row, column in one.marked:
            book[one.sheet].cell(row, column).fill = PatternFill("solid", fgColor="FFFF00")
    others, unread = _others(path, refuse)
    names = {one.sheet.casefold() for one in corrections} | {changed.casefold()}
    for name, rows in others.items():
        if name.casefold() not in names:
            sheet = book.create_sheet(name)
            for number, cells in rows:
                _fill_row(sheet, number, [guarded(c) for c in cells])
    changes = [[guarded(c) for c in row] for row in _changes(corrections, unread)]
    _fill(book.create_sheet(changed), changes)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _others(path: Path, refuse: Callable[[str], PlannerError]) -> tuple[dict[str, Rows], str]:
    words = WorkbookWords(refuse, "a workbook", "its sheets were not copied", "figures, not children")
    try:
        return read_all_sheets(path, (), words), ""
    except PlannerError as error:
        return {}, f"The other sheets were not copied. {error}"


def _changes(corrections: Sequence[Correction], unread: str) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("Sheet", "Row of the original", "What was written", "Why")]
    for one in corrections:
        rows += [(one.sheet, f"{p.row}", p.fix_in_words, f"{p.column}: {p.text}") for p in one.accepted]
        rows += [(one.sheet, row, "left out for now", "nothing of it is counted") for row in one.without]
        rows += [(one.sheet, f"{p.row}", "nothing: left for you", f"{p.column}: {p.text}") for p in one.left]
    if unread:
        rows.append(("", "", "", unread))
    return rows


def _fill(sheet: Worksheet, rows: Sequence[Sequence[str]]) -> None:
    for number, cells in enumerate(rows, start=1):
        _fill_row(sheet, number, cells)
    for place, name in enumerate(rows[0], start=1):
        sheet.cell(1, place).font = Font(bold=True)
        longest = max(len(row[place - 1]) for row in rows if place <= len(row))
        sheet.column_dimensions[get_column_letter(place)].width = min(max(12, len(name) + 2, longest), 70)


def _fill_row(sheet: Worksheet, number: int, cells: Sequence[str]) -> None:
    for place, text in enumerate(cells, start=1):
        if not text:
            continue
        cell = sheet.cell(number, place)
        if _NUMBER.fullmatch(text) and _as_text(float(text)) == text:
            cell.value = float(text) if "." in text else int(text)
        else:
            cell.value = ILLEGAL_CHARACTERS_RE.sub("?", text)
            cell.number_format = "@"  # or a spreadsheet may take a year or a range of ages for a date


def _as_text(number: float) -> str:
    """Return a number as `data.council_files.workbook` reads it from a cell."""
    return str(int(number)) if number.is_integer() else str(number)
