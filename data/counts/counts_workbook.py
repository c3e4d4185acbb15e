"""Workbooks (.xlsx) of counts: every sheet with its lists of codes, and a sheet of guidance.

Invariant: no cell is written as a formula.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import IllegalCharacterError
from openpyxl.worksheet.datavalidation import DataValidation

from data.counts.count_tables import PLANS, SHEETS
from data.counts.counts_file import GUIDANCE
from data.counts.own_counts import NOT_IN_SCHOOL, STAFF
from data.errors import OutputError
from data.vocabulary import ALL, NEEDS, PHASES, PROVISIONS

SPARE_ROWS = 300
"""Blank rows that offer the lists of codes."""

_NUMBERS = ("value", "children", "posts_fte", "vacant_fte")
_LISTS: dict[str, Sequence[str]] = {
    "need": (*NEEDS, ALL),
    "phase": (*(p.code for p in PHASES), ALL),
    "state": tuple(NOT_IN_SCHOOL),
    "role": tuple(STAFF),
}
_WIDE = {"note": 70, "definition": 60, "what": 22, "code": 22, "state": 18, "value": 14}


def to_workbook(rows: Mapping[str, Sequence[Sequence[str]]]) -> bytes:
    """Return a workbook with the given rows of each sheet, header first.

    Raises
    ------
    OutputError
        A cell holds a character that no workbook can.
    """
    book = Workbook()
    book.remove(book.active)
    for name in SHEETS:
        _fill(book.create_sheet(name), name, rows[name])
    _guide(book.create_sheet("Guidance"))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _fill(sheet: Any, name: str, rows: Sequence[Sequence[str]]) -> None:
    columns = rows[0]
    for number, row in enumerate(rows, start=1):
        for place, (column, text) in enumerate(zip(columns, row, strict=True), start=1):
            typed = float(text) if number > 1 and column in _NUMBERS and _is_number(text) else text or None
            try:
                cell = sheet.cell(
                    number, place, int(typed) if isinstance(typed, float) and typed.is_integer() else typed
                )
            except IllegalCharacterError:
                raise OutputError(
                    f"The counts cannot be written as a workbook: sheet {name}, row {number}, column '{column}' holds a control "
                    "character that no workbook can. Take it out."
                ) from None
            if isinstance(cell.value, str):
                cell.number_format = "@"  # or a spreadsheet may take an age band for a date
    sheet.freeze_panes = "A2"
    last = max(len(rows), 1) + (0 if name == PLANS else SPARE_ROWS)
    for place, column in enumerate(columns, start=1):
        top, letter = sheet.cell(1, place), get_column_letter(place)
        top.font, top.fill = Font(bold=True), PatternFill("solid", fgColor="D9E1F2")
        sheet.column_dimensions[letter].width = _WIDE.get(column, 14)
        if column not in GUIDANCE:
            continue  # kept aside: the council's own
        codes = _LISTS.get(column) if name != PLANS else None
        rule = (
            DataValidation("list", formula1=f'"{",".join(codes)}"', allow_blank=True)
            if codes
            else DataValidation()
        )
        rule.errorStyle = "warning"
        rule.showErrorMessage = rule.showInputMessage = True
        rule.promptTitle, rule.prompt = column[:32], GUIDANCE[column][:255]
        rule.add(f"{letter}2:{letter}{max(last, 2)}")
        sheet.add_data_validation(rule)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdecimal()


def _guide(sheet: Any) -> None:
    """Write the guidance sheet: what each sheet and column means, and the codes."""
    rows: list[tuple[str, ...]] = [("Sheet", "Column", "What to write")]
    rows += [(name, column, GUIDANCE[column]) for name, columns in SHEETS.items() for column in columns]
    rows += [
        (),
        (
            "The sheet Plans is needed; leave the others blank where you do not count. No names and no pupil numbers.",
        ),
    ]
    for title, codes in (
        ("Need", NEEDS), ("Placement", PROVISIONS), ("Phase", {p.code: p.label for p in PHASES}),
        ("State", NOT_IN_SCHOOL), ("Role", STAFF),
    ):  # fmt: skip
        rows += [(), (title, "Code", "Meaning"), *(("", code, label) for code, label in codes.items())]
    for row in rows:
        sheet.append(row)
        if row[1:2] in {("Column",), ("Code",)}:
            for cell in sheet[sheet.max_row]:
                cell.font = Font(bold=True)
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 18, 24
    sheet.column_dimensions["C"].width = 110
    for cell in sheet["C"]:
        cell.alignment = Alignment(wrap_text=True, vertical="top")
