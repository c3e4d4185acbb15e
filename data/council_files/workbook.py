"""Workbooks (.xlsx) that councils fill in: read the cells of their sheets as text.

Invariant: a workbook is opened only if its parts are of ordinary size, and what a cell shows is what is read: a formula gives its
last stored result, and one without a result is refused.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any

from openpyxl import load_workbook
from openpyxl.cell.read_only import ReadOnlyCell
from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.worksheet._reader import CELL_TAG, DATA_TAG, FORMULA_TAG, ROW_TAG, WorkSheetParser
from openpyxl.xml.functions import iterparse

from data.council_files.spreadsheet import MAX_COLUMNS, MAX_LINES
from data.errors import PlannerError

MAX_UNPACKED = 200_000_000
"""Most bytes a workbook may unpack to (200 MB); a register is far below 1 MB."""

MAX_RATIO = 100
"""Most times its own size that a workbook may unpack to, beyond `SMALL`; workbooks of figures unpack to five or ten times."""

SMALL = 10_000_000
"""Bytes that any workbook may unpack to."""

OLD_FILE = bytes.fromhex("d0cf11e0a1b11ae1")
"""How files of the old Excel, and those with a password, begin."""

MAX_SHEETS = 20
"""Sheets of a workbook in which a table is looked for."""

MAX_AFTER_ROWS = 20_000
"""Elements after the rows of a sheet among which merged ranges are looked for."""

MAX_MERGED = 2_000
"""Merged ranges of a sheet that are looked at."""

MAX_CELLS = 500_000
"""Cells of a sheet that are looked at; the largest register has a quarter of that."""

Rows = list[tuple[int, list[str]]]
"""(Row number, cells as text) of a sheet."""


@dataclass(frozen=True)
class WorkbookWords:
    """What messages call a kind of workbook.

    Parameters
    ----------
    refuse
        Makes the error of one that cannot be read from words.
    one
        One of them, such as "a register".
    nothing
        What therefore did not happen, such as "no places were read".
    lists
        What its rows should be, such as "settings, not children".
    """

    refuse: Callable[[str], PlannerError]
    one: str
    nothing: str
    lists: str


def read_sheets(path: Path, wanted: Sequence[str], words: WorkbookWords) -> dict[str, Rows]:
    """Return the rows of the wanted sheets that a workbook has, by name; of its first sheet as the first wanted where none is.

    Raises
    ------
    PlannerError
        It is not a workbook, unpacks to too much, or a formula has no result; of the kind that ``words`` makes.
    """
    return _read(path, wanted, words, lambda sheets: {wanted[0]: sheets[0]})


def read_all_sheets(path: Path, wanted: Sequence[str], words: WorkbookWords) -> dict[str, Rows]:
    """Return the rows of the wanted sheets that a workbook has, by name; of its first `MAX_SHEETS` sheets where it has none.

    A name that is merged over several rows stands in each of them; a merged number stands once.

    Raises
    ------
    PlannerError
        As `read_sheets`.
    """
    return _read(path, wanted, words, lambda sheets: {name: name for name in sheets[:MAX_SHEETS]})


def _read(
    path: Path, wanted: Sequence[str], words: WorkbookWords, other: Callable[[list[str]], dict[str, str]]
) -> dict[str, Rows]:
    _check_archive(path, words)
    try:
        book = load_workbook(path, read_only=True, data_only=True)
        try:
            # A sheet that nobody sees is an earlier one, or a list for another: not what was sent.
            visible = [n for n in book.sheetnames if book[n].sheet_state == "visible"] or book.sheetnames
            there = {name.casefold(): name for name in visible}
            names = {name: there[name.casefold()] for name in wanted if name.casefold() in there}
            names = names or other(visible)
            return {name: _cells(book, own, path.name, words) for name, own in names.items()}
        finally:
            book.close()
    except (PlannerError, MemoryError):
        raise
    except Exception as error:  # the reader fails in many ways on a damaged workbook
        raise words.refuse(
            f"'{path.name}' cannot be read as a workbook ({type(error).__name__}), so {words.nothing}. Open it in "
            "the spreadsheet, save it again as .xlsx or as CSV UTF-8, and try again."
        ) from None


@dataclass(frozen=True, slots=True)
class HiddenParts:
    """What a workbook has that a person does not see.

    Parameters
    ----------
    rows
        Rows of a sheet that are hidden, by a filter or by hand.
    columns
        Columns of the sheet that are hidden; the first is 1.
    sheets
        Sheets of the workbook that are hidden, where others are not.
    """

    rows: tuple[int, ...] = ()
    columns: tuple[int, ...] = ()
    sheets: tuple[str, ...] = ()


def hidden_parts(path: Path, name: str) -> HiddenParts:
    """Return what is hidden in a sheet, and which sheets are; none where that cannot be seen."""
    rows: list[int] = []
    columns: list[int] = []
    sheets: list[str] = []
    with suppress(Exception):  # the sheet was read already: this only adds what is said of it
        book = load_workbook(path, read_only=True)
        try:
            sheets = [n for n in book.sheetnames if book[n].sheet_state != "visible"]
            sheets = sheets if len(sheets) < len(book.sheetnames) else []
            own = next(n for n in book.sheetnames if n.casefold() == name.casefold())
            with book[own]._get_source() as source:
                for _, element in iterparse(source):
                    if element.tag.endswith("}col") and element.get("hidden") in ("1", "true"):
                        last = min(int(element.get("max", "0")), MAX_COLUMNS)
                        columns += range(int(element.get("min", "0")), last + 1)
                    elif element.tag == ROW_TAG:
                        if element.get("hidden") in ("1", "true") and len(element):
                            rows.append(int(element.get("r", "0")))
                        element.clear()
                    elif element.tag == DATA_TAG:
                        break
        finally:
            book.close()
    return HiddenParts(tuple(rows), tuple(columns), tuple(sheets))


def _check_archive(path: Path, words: WorkbookWords) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(part.file_size for part in archive.infolist())
            packed = max(1, sum(part.compress_size for part in archive.infolist()))
    except (zipfile.BadZipFile, OSError):
        with path.open("rb") as file:
            start = file.read(64)
        if start.startswith(OLD_FILE):
            raise words.refuse(
                f"'{path.name}' has a password, or is an old Excel workbook (.xls) under another name, so {words.nothing}. Open "
                "it in the spreadsheet, take the password off (File, Info, Protect workbook), and save it as an Excel workbook "
                "(.xlsx)."
            ) from None
        if start.lstrip()[:1] == b"<":
            raise words.refuse(
                f"'{path.name}' is a web page under the name of a workbook, as some systems export, so {words.nothing}. Open it "
                "in the spreadsheet and save it as an Excel workbook (.xlsx)."
            ) from None
        raise words.refuse(
            f"'{path.name}' is not an .xlsx workbook although its name says so, or it has a password; {words.nothing}. "
            "Take the password off, or save it again as .xlsx or as CSV UTF-8."
        ) from None
    if size > MAX_UNPACKED or (size > SMALL and size > MAX_RATIO * packed):
        raise words.refuse(
            f"'{path.name}' unpacks to {size / 1e6:,.0f} MB; {words.one} is far smaller, so it was not opened. Copy the "
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
        self.merged: list[str] = []

    def parse(self) -> Iterator[tuple[int, list[dict[str, Any]]]]:
        """Return (row number, cells) of each row as it comes; of what follows the rows only merged ranges are read."""
        count = 0
        elements = iterparse(self.source)
        for _, element in elements:
            if element.tag == CELL_TAG:
                # Before the end of its row, which may never come.
                count += 1
                if count > MAX_CELLS:
                    raise _TooManyError(f"{MAX_CELLS:,} cells")
            elif element.tag == ROW_TAG:
                yield self.parse_row(element)
                element.clear()
            elif element.tag == DATA_TAG:
                self.merged = _merged_ranges(elements)
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
    """A sheet has more than such a file has; says more than what."""


class _NoResultError(Exception):
    """A formula has no result; says its row and its cell."""


def _merged_ranges(elements: Iterator[tuple[str, Any]]) -> list[str]:
    """Return the merged ranges of a sheet, which follow its rows; none where what follows is damaged."""
    ranges: list[str] = []
    with suppress(Exception):  # the rows are read already, and damage after them changes none
        for _, element in islice(elements, MAX_AFTER_ROWS):
            if element.tag.endswith("}mergeCell") and len(ranges) < MAX_MERGED:
                ranges.append(element.get("ref", ""))
            element.clear()
    return ranges


def _cells(book: Any, name: str, where: str, words: WorkbookWords) -> Rows:
    """Return (row number, cells as text) of the rows of a sheet, read once from first to last."""
    sheet = book[name]
    rows: Rows = []
    try:
        with sheet._get_source() as source:
            parser = _Parser(book, sheet, source)
            for number, cells in parser.parse():
                if number > MAX_LINES:
                    raise _TooManyError(f"{MAX_LINES:,} rows")
                if rows and number <= rows[-1][0]:
                    raise ValueError("rows are out of order")
                filled = {
                    c["column"]: _text(ReadOnlyCell(sheet, **c)) for c in cells if c["value"] is not None
                }
                rows.append((number, [filled.get(n, "") for n in range(1, max(filled, default=0) + 1)]))
    except _TooManyError as more:
        raise words.refuse(
            f"Sheet '{name}' of '{where}' has more than {more}, so it was not read. Check that it lists {words.lists}, or "
            "copy the rows into the template."
        ) from None
    except _NoResultError as formula:
        row, cell = formula.args
        raise words.refuse(
            f"'{where}', row {row}: cell {cell} holds a formula without a result, so nothing was read. Save the workbook in "
            "the spreadsheet program, or type the value."
        ) from None
    return _with_merged(rows, parser.merged)


def _with_merged(rows: Rows, ranges: Sequence[str]) -> Rows:
    """Return rows with merged text in each of its cells; a merged number stays in one, since it counts once."""
    by_number = dict(rows)
    for one in ranges:
        left, top, right, bottom = range_boundaries(one)
        if right > MAX_COLUMNS or bottom > MAX_LINES or top not in by_number:
            continue
        first = by_number[top]
        text = first[left - 1] if left <= len(first) else ""
        if not text or (any(c.isdigit() for c in text) and not any(c.isalpha() for c in text)):
            continue
        for number in range(top, bottom + 1):
            cells = by_number.get(number)
            if cells is None or not any(cells):
                continue
            cells += [""] * (right - len(cells))
            for place in range(left - 1, right):
                cells[place] = cells[place] or text
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
