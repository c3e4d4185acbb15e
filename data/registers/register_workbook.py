"""Workbooks (.xlsx) of capacity registers: read their cells, and write them with guidance for those who fill them in.

Invariant: a workbook is opened only if its parts are of ordinary size, and what a cell shows is what is read. No cell
is written as a formula.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell.read_only import ReadOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import IllegalCharacterError
from openpyxl.worksheet._reader import CELL_TAG, DATA_TAG, FORMULA_TAG, ROW_TAG, WorkSheetParser
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.xml.functions import iterparse

from data.council_files.spreadsheet import MAX_COLUMNS, MAX_LINES
from data.errors import OutputError, RegisterError
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

MAX_UNPACKED = 200_000_000
"""Most bytes a workbook may unpack to (200 MB); a register is far below 1 MB."""

MAX_RATIO = 100
"""Most times its own size that a workbook may unpack to, beyond `SMALL`; workbooks of figures unpack to five or ten times."""

SMALL = 10_000_000
"""Bytes that any workbook may unpack to."""

MAX_CELLS = 500_000
"""Cells of a sheet that are looked at; the largest register has a quarter of that."""

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


def read_cells(path: Path) -> list[tuple[int, list[str]]]:
    """Return (row number, cells as text) of the register sheet; a formula gives its last stored result.

    Raises
    ------
    RegisterError
        It is not a workbook, unpacks to too much, or a formula has no result.
    """
    _check_archive(path)
    try:
        book = load_workbook(path, read_only=True, data_only=True)
        try:
            return _cells(book, path.name)
        finally:
            book.close()
    except (RegisterError, MemoryError):
        raise
    except Exception as error:  # the reader fails in many ways on a damaged workbook
        raise RegisterError(
            f"'{path.name}' cannot be read as a workbook ({type(error).__name__}), so no places were read. Open it in "
            "the spreadsheet, save it again as .xlsx or as CSV UTF-8, and try again."
        ) from None


def _check_archive(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(part.file_size for part in archive.infolist())
            packed = max(1, sum(part.compress_size for part in archive.infolist()))
    except (zipfile.BadZipFile, OSError):
        raise RegisterError(
            f"'{path.name}' is not an .xlsx workbook although its name says so, or it has a password; no places were "
            "read. Take the password off, or save it again as .xlsx or as CSV UTF-8."
        ) from None
    if size > MAX_UNPACKED or (size > SMALL and size > MAX_RATIO * packed):
        raise RegisterError(
            f"'{path.name}' unpacks to {size / 1e6:,.0f} MB; a register is far smaller, so it was not opened. Copy the "
            "rows into the template."
        )


class _Parser(WorkSheetParser):  # type: ignore[misc]  # openpyxl has no types
    """Openpyxl's parser of a sheet, which tells a formula without a result from a blank cell, and stops at the limits."""

    def __init__(self, book: Any, sheet: Any, source: IO[bytes]) -> None:
        super().__init__(
            source,
            sheet._shared_strings,
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )

    def parse(self) -> Iterator[tuple[int, list[dict[str, Any]]]]:
        """Return (row number, cells) of each row as it comes; what follows the rows is not read."""
        count = 0
        for _, element in iterparse(self.source):
            if element.tag == CELL_TAG:
                # Before the end of its row, which may never come.
                count += 1
                if count > MAX_CELLS:
                    raise _TooManyError(f"{MAX_CELLS:,} cells")
            elif element.tag == ROW_TAG:
                yield self.parse_row(element)
                element.clear()
            elif element.tag == DATA_TAG:
                return

    def parse_cell(self, element: Any) -> dict[str, Any]:
        """Return the cell of an element: its place, value and format."""
        cell: dict[str, Any] = super().parse_cell(element)
        if cell["value"] is None:
            if element.find(FORMULA_TAG) is not None:
                raise _NoResultError(cell["row"], f"{get_column_letter(cell['column'])}{cell['row']}")
        elif cell["column"] > MAX_COLUMNS:
            raise _TooManyError(f"{MAX_COLUMNS} columns")
        return cell


class _TooManyError(Exception):
    """A sheet has more than a register has; says more than what."""


class _NoResultError(Exception):
    """A formula has no result; says its row and its cell."""


def _cells(book: Any, where: str) -> list[tuple[int, list[str]]]:
    """Return (row number, cells as text) of the rows of a workbook's register sheet, read once from first to last."""
    name = next((n for n in book.sheetnames if n.casefold() == SHEET.casefold()), book.sheetnames[0])
    sheet = book[name]
    rows: list[tuple[int, list[str]]] = []
    try:
        with sheet._get_source() as source:
            for number, cells in _Parser(book, sheet, source).parse():
                if number > MAX_LINES:
                    raise _TooManyError(f"{MAX_LINES:,} rows")
                if rows and number <= rows[-1][0]:
                    raise ValueError("rows are out of order")
                filled = {
                    c["column"]: _text(ReadOnlyCell(sheet, **c)) for c in cells if c["value"] is not None
                }
                rows.append((number, [filled.get(n, "") for n in range(1, max(filled, default=0) + 1)]))
    except _TooManyError as more:
        raise RegisterError(
            f"Sheet '{name}' of '{where}' has more than {more}, so it was not read. Check that it lists settings, not "
            "children, or copy the rows into the template."
        ) from None
    except _NoResultError as formula:
        row, cell = formula.args
        raise RegisterError(
            f"'{where}', row {row}: cell {cell} holds a formula without a result, so nothing was read. Save the workbook in "
            "the spreadsheet program, or type the value."
        ) from None
    return rows


def _text(cell: Any) -> str:
    """Return the value of a cell as text: dates in ISO form, percentages as per cent, whole numbers without decimals."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == datetime.min.time() else str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        number = round(100 * float(value), 10) if "%" in str(cell.number_format) else value
        return str(int(number)) if float(number).is_integer() else str(number)
    return str(value)


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
        rule.promptTitle, rule.prompt = column[:32], GUIDANCE[column][:255]
        rule.add(f"{letter}2:{letter}{last_row}")
        sheet.add_data_validation(rule)


def _guide(sheet: Any, header: Sequence[str]) -> None:
    """Write the guidance sheet: what each column means, what a blank chance defaults to, and the codes."""
    bold = Font(bold=True)
    rows: list[tuple[str, ...]] = [("Column", "May be blank", "What to write")]
    optional = {"urn", "to_academic_year", "note", "la_code", *DETAILS}
    rows += [(c, "yes" if c in optional else "no", GUIDANCE[c]) for c in header]
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
