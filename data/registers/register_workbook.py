"""Workbooks (.xlsx) of capacity registers: read their cells, and write them with guidance for those who fill them in.

Invariant: a workbook is read as `data.council_files.workbook` reads any; no cell is written as a formula.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import IllegalCharacterError
from openpyxl.worksheet.datavalidation import DataValidation

from data.errors import OutputError
from data.registers.register import (
    BASES,
    CONFIDENCES,
    DETAILS,
    LOCATIONS,
    NUMBERS,
    PHASINGS,
    SLIPPAGE,
    STATUSES,
    WHOLE_NUMBERS,
)
from data.vocabulary import NEEDS, PROVISION_CODES, PROVISIONS

SHEET = "Register"
"""Sheet that holds the rows; a workbook without it is read from its first sheet."""

SPARE_ROWS = 500
"""Blank rows below the register that offer the lists of codes."""

GUIDANCE: dict[str, str] = {
    "setting": "Name of the school or unit. Extra places have their own name, such as Oak School (expansion).",
    "urn": "Six digits. Blank: not known.",
    "provision": "Code of the list. Others than the three specialist ones are kept for information only.",
    "needs": "Primary needs admitted, codes joined by ; such as ASD;SLCN, or All.",
    "age_low": "Youngest age at 31 August: Reception is 4, Year 7 is 11.",
    "age_high": "Oldest age at 31 August: Year 6 is 10, Year 11 is 15, Year 13 is 17.",
    "from_academic_year": "First academic year, like 2024/25 (it holds January 2025).",
    "to_academic_year": "Last academic year: a closure, or the year before the next row of the setting. Blank: goes on.",
    "places": "Capacity: places in each of those years, once fully open. A whole number, 0 if none.",
    "max_occupancy": "Per cent of places that may be used. Blank: 100.",
    "taken_by_others": "Places used by other authorities' children. Blank: not known, counted as 0.",
    "roll": "Pupils attending. For information and warnings, never counted as places. Blank: not known.",
    "roll_january": "January of that roll, like 2025.",
    "funded_places": "Places funded. For information, never counted as places. Blank: not known.",
    "located": "local: in the authority. elsewhere: used by residents in other authorities, net.",
    "status": "open, agreed (counted) or proposed (kept, not counted).",
    "opens_in": "Month in which the places open, like 2026-04, where it is not September. After January: not counted that "
    "January.",
    "agreed_on": "When a scheme was agreed: 2024-11-05, 2024-11 or 2024. Blank: not known, or proposed.",
    "phasing": "by_year_group: the youngest year group opens first, one more each year. Blank or all: at once.",
    "chance_delivered": "Chance the scheme is ever delivered, per cent. Blank: see below.",
    "chance_on_time": "Chance it then opens in its stated year, per cent. Blank: see below.",
    "typical_delay_years": "Mean years late if it is late, 1 or more. Blank: see below.",
    "community": "Name shared by settings with rules of their own for passing children on. Blank: none.",
    "basis": "published, council (your own records) or estimated.",
    "confidence": "high, medium or low: do these places exist in these years?",
    "source": "Where the number of places comes from.",
    "note": "Anything a colleague should know. Blank: nothing.",
    "la_code": "DfE number of the authority in every row. The column may be left out.",
}
"""What to write in each column."""

OWN_COLUMN = "A column of your own: kept as it is, never read."
"""What to write in a column that is not one of the register's."""

_LISTS: dict[str, Sequence[str]] = {
    "provision": PROVISION_CODES,
    "located": LOCATIONS,
    "status": STATUSES,
    "phasing": PHASINGS,
    "basis": BASES,
    "confidence": CONFIDENCES,
}
_LIMITS: dict[str, tuple[float, float]] = {
    "age_low": (0, 25), "age_high": (0, 25), "max_occupancy": (0, 100), "chance_delivered": (0, 100),
    "chance_on_time": (0, 100),
}  # fmt: skip


def to_workbook(cells: Sequence[Sequence[str]], where: str) -> bytes:
    """Return a workbook with the register, lists of codes to choose from, and a sheet of guidance.

    Raises
    ------
    OutputError
        A cell holds a character that no workbook can.
    """
    book = Workbook()
    sheet = book.active
    sheet.title = SHEET
    header = list(cells[0])
    for number, row in enumerate(cells, start=1):
        for place, (column, text) in enumerate(zip(header, row, strict=True), start=1):
            try:
                cell = sheet.cell(number, place, _typed(column, text) if number > 1 else text)
            except IllegalCharacterError:
                raise OutputError(
                    f"The capacity register cannot be written to '{where}': row {number}, column '{column}' holds a "
                    "control character that no workbook can. Take it out, or write the register as .csv."
                ) from None
            if isinstance(cell.value, str):
                cell.number_format = "@"  # or a spreadsheet may take a year for a date
    _format_sheet(sheet, header, len(cells) + SPARE_ROWS)
    _guide(book.create_sheet("Guidance"), header)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _typed(column: str, text: str) -> str | int | float | None:
    if not text:
        return None
    if column in WHOLE_NUMBERS or column == "la_code":
        return int(text)
    return float(text) if column in NUMBERS else text


def _format_sheet(sheet: Any, header: Sequence[str], last_row: int) -> None:
    """Freeze the header, set column widths and offer the codes of closed lists; other spellings get a warning only."""
    sheet.freeze_panes = "B2"
    for place, column in enumerate(header, start=1):
        top = sheet.cell(1, place)
        top.font = Font(bold=True)
        top.fill = PatternFill("solid", fgColor="FFF2CC" if column in DETAILS else "D9E1F2")
        letter = get_column_letter(place)
        wide = {"setting": 38, "source": 40, "note": 60, "needs": 18, "provision": 18}
        sheet.column_dimensions[letter].width = wide.get(column, 14)
        if column in _LISTS:
            rule = DataValidation("list", formula1=f'"{",".join(_LISTS[column])}"', allow_blank=True)
        elif column in _LIMITS:
            low, high = _LIMITS[column]
            rule = DataValidation("decimal", operator="between", formula1=str(low), formula2=str(high))
        else:
            rule = DataValidation()
        rule.errorStyle = "warning"
        rule.showErrorMessage = rule.showInputMessage = True
        rule.promptTitle, rule.prompt = column[:32], GUIDANCE.get(column, OWN_COLUMN)[:255]
        rule.add(f"{letter}2:{letter}{last_row}")
        sheet.add_data_validation(rule)


def _guide(sheet: Any, header: Sequence[str]) -> None:
    """Write the guidance sheet: what each column means, what a blank chance defaults to, and the codes."""
    bold = Font(bold=True)
    rows: list[tuple[str, ...]] = [("Column", "May be blank", "What to write")]
    optional = {"urn", "to_academic_year", "note", "la_code", *DETAILS}
    rows += [
        (c, "no" if c in GUIDANCE and c not in optional else "yes", GUIDANCE.get(c, OWN_COLUMN))
        for c in header
    ]
    rows += [(), ("What a blank chance stands for (our assumptions; open places do not slip)",)]
    rows += [("Status, confidence", "", "Delivered, then on time, and mean delay if late")]
    rows += [
        (f"{s}, {c}", "", f"{t.delivered:.0f} %, {t.on_time:.0f} %, {t.delay:g} years")
        for (s, c), t in SLIPPAGE.items()
    ]
    rows += [(), ("Code", "", "Provision"), *((code, "", label) for code, label in PROVISIONS.items())]
    rows += [(), ("Code", "", "Need"), *((code, "", label) for code, label in NEEDS.items())]
    for row in rows:
        sheet.append(row)
        if row[:1] in {("Column",), ("Code",), ("Status, confidence",)}:
            for cell in sheet[sheet.max_row]:
                cell.font = bold
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 26, 14
    sheet.column_dimensions["C"].width = 110
    for cell in sheet["C"]:
        cell.alignment = Alignment(wrap_text=True, vertical="top")
