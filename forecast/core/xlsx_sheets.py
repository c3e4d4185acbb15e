"""Sheets of numbers as an Excel workbook, written by XlsxWriter a row at a time.

What can be written is what tables of a run need: text and numbers, formats, bold heads, frozen panes, filters, widths, and pages
that print on their width. There is no way to write a formula, a link or a merged cell.

Invariants: the same sheets give the same bytes (the day a workbook says it was made is fixed). Text cannot start a formula,
because it is written as text and guarded as in CSV files (`data.council_files.formulas.guarded`). Characters that XML forbids
are left out.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import xlsxwriter
from xlsxwriter.format import Format

from data.council_files.formulas import guarded

Value = str | float | None
"""Text, a number, or a blank cell; not-a-number is blank too."""

PLAIN, BOLD, BOLD_RIGHT, WRAPPED = "", "bold", "bold right", "wrapped"
"""Styles of text; any other style is the format of a number."""

_TEXT_STYLES: Mapping[str, Mapping[str, object]] = {
    BOLD: {"bold": True},
    BOLD_RIGHT: {"bold": True, "align": "right"},
    WRAPPED: {"text_wrap": True, "valign": "top"},
}

LINE_HEIGHT = 15
"""Points of a line of text."""

_OPTIONS = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
"""Rows are written out as they come, which is quicker than keeping them; text is neither a formula nor a link."""

_MADE = datetime(2000, 1, 1, tzinfo=UTC)
"""What every workbook calls the day it was made, so that bytes depend on nothing but the sheets."""


_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_A4 = 9


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row of cells.

    Parameters
    ----------
    texts, text_style
        The cells on the left, and their style.
    numbers, number_style
        The cells to the right of them, and their style: a format such as ``#,##0``, or a style of text.
    """

    texts: Sequence[str]
    text_style: str = PLAIN
    numbers: Sequence[Value] = ()
    number_style: str = PLAIN


@dataclass(frozen=True)
class XlsxSheet:
    """A sheet.

    Parameters
    ----------
    name
        Shown on its tab.
    rows
        Its rows, from the first.
    widths
        Of its columns, in characters.
    head
        Row of the names of columns, which has filters and below which the rows scroll; 0 for none.
    names
        Columns that stay where they are when a reader scrolls to the right.
    """

    name: str
    rows: Sequence[SheetRow]
    widths: Sequence[float]
    head: int = 0
    names: int = 0


def xlsx_bytes(sheets: Sequence[XlsxSheet]) -> bytes:
    """Return sheets as a workbook.

    Raises
    ------
    xlsxwriter.exceptions.XlsxInputError
        Two sheets have one name, or Excel would not open one of that name.
    """
    raw = io.BytesIO()
    with xlsxwriter.Workbook(raw, _OPTIONS) as book:
        book.set_properties({"created": _MADE})
        styles: dict[str, Format | None] = {PLAIN: None}
        styles |= {name: book.add_format(dict(style)) for name, style in _TEXT_STYLES.items()}
        for sheet in sheets:
            _write(book, sheet, styles)
    return raw.getvalue()


def _write(book: xlsxwriter.Workbook, sheet: XlsxSheet, styles: dict[str, Format | None]) -> None:
    page = book.add_worksheet(sheet.name)
    page.set_landscape()
    page.set_paper(_A4)
    page.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.6)
    page.fit_to_pages(1, 0)
    for at, width in enumerate(sheet.widths):
        page.set_column(at, at, width)
    if sheet.head:
        head = sheet.rows[sheet.head - 1]
        page.freeze_panes(sheet.head, sheet.names)
        page.repeat_rows(sheet.head - 1)
        page.autofilter(sheet.head - 1, 0, len(sheet.rows) - 1, len(head.texts) + len(head.numbers) - 1)
    for at, row in enumerate(sheet.rows):
        for style in (row.text_style, row.number_style):
            if style not in styles:
                styles[style] = book.add_format({"num_format": style, "valign": "top"})
        if WRAPPED in (row.text_style, row.number_style):
            # Not every program makes a row as high as its text by itself.
            texts = [*row.texts, *(row.numbers if row.number_style == WRAPPED else ())]
            page.set_row(at, LINE_HEIGHT * _lines(texts, sheet.widths))
        page.write_row(at, 0, [_clean(text) for text in row.texts], styles[row.text_style])
        page.write_row(at, len(row.texts), [_value(one) for one in row.numbers], styles[row.number_style])


def _lines(cells: Sequence[Value], widths: Sequence[float]) -> int:
    """Return the lines that the longest text of a row takes when it is wrapped."""
    texts = [(cell, width) for cell, width in zip(cells, widths, strict=False) if isinstance(cell, str)]
    return max((_lines_of(cell, width) for cell, width in texts), default=1)


@lru_cache(maxsize=4096)  # The same names stand in thousands of lines.
def _lines_of(text: str, width: float) -> int:
    return sum(math.ceil(max(len(part), 1) / width) for part in text.split("\n"))


def _value(value: Value) -> Value:
    if isinstance(value, str):
        return _clean(value)
    # Not-a-number is the one number that is not itself.
    return value if value == value else None


@lru_cache(maxsize=4096)  # The same names stand in thousands of lines.
def _clean(text: str) -> str:
    text = guarded(_FORBIDDEN.sub("", text))
    # The library takes text between these two for markup of its own and would write it as it stands.
    return f"'{text}" if text.startswith("<r>") else text
