"""Sheets as a workbook: read back by another library, without formulas, the same bytes each time."""

from __future__ import annotations

import io
import math

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xlsxwriter.exceptions import XlsxInputError

from forecast.core.xlsx_sheets import BOLD, LINE_HEIGHT, WRAPPED, SheetRow, XlsxSheet, xlsx_bytes


def read(*sheets: XlsxSheet) -> openpyxl.Workbook:
    """Return sheets as another library reads them."""
    return openpyxl.load_workbook(io.BytesIO(xlsx_bytes(sheets)))


def test_text_numbers_blanks_and_formats_are_read_back() -> None:
    rows = [
        SheetRow(['A < B & "C"', "x"], BOLD, ["2027", "2028"], BOLD),
        SheetRow(["line", ""], numbers=[1234.5, None], number_style="#,##0"),
        SheetRow(["chance", "y"], numbers=[0.25, math.nan], number_style="0 %"),
    ]
    sheet = read(XlsxSheet("Places & plans", rows, (20, 8), head=1, names=2))["Places & plans"]
    assert [[c.value for c in row] for row in sheet.iter_rows()] == [
        ['A < B & "C"', "x", "2027", "2028"],
        ["line", None, 1234.5, None],
        ["chance", "y", 0.25, None],
    ]
    assert sheet["A1"].font.b
    assert (sheet["C2"].number_format, sheet["C3"].number_format) == ("#,##0", "0 %")
    assert sheet.freeze_panes == "C2"
    assert sheet.auto_filter.ref == "A1:D3"
    # The file counts the margins of a cell as less than a character more.
    assert sheet.column_dimensions["A"].width == pytest.approx(20.5, abs=0.5)
    assert sheet.print_title_rows == "$1:$1"
    assert (sheet.page_setup.fitToHeight, sheet.sheet_properties.pageSetUpPr.fitToPage) == (0, True)


@settings(max_examples=200)
@given(st.text(max_size=40), st.sampled_from(["=", "+", "-", "@", "\t=", "'=", "http://", "{=", ""]))
def test_no_text_is_a_formula_whatever_it_is(text: str, start: str) -> None:
    sheet = read(XlsxSheet("t", [SheetRow([start + text, "end"])], (9, 9)))["t"]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}
    value = sheet["A1"].value
    assert value is None or not value.startswith(("=", "+", "@", "-"))
    assert sheet["B1"].value == "end"


def test_text_that_looks_like_a_link_or_markup_stays_text() -> None:
    texts = ["http://example.org", "<r><t>bold</t></r>", " spaced ", "\x01bell"]
    sheet = read(XlsxSheet("t", [SheetRow(texts)], (9,)))["t"]
    assert [c.value for c in sheet[1]] == [
        "http://example.org", "'<r><t>bold</t></r>", " spaced ", "bell",
    ]  # fmt: skip
    assert not any(c.hyperlink for c in sheet[1])


def test_the_same_sheets_are_the_same_bytes() -> None:
    sheet = XlsxSheet("t", [SheetRow(["a"], numbers=[1.0], number_style="0")], (9,))
    assert xlsx_bytes([sheet]) == xlsx_bytes([sheet])


@pytest.mark.parametrize("name", ["a" * 32, "a/b", "[x]", "what?"])
def test_names_that_excel_refuses_are_refused(name: str) -> None:
    with pytest.raises(XlsxInputError):
        xlsx_bytes([XlsxSheet(name, [SheetRow(["a"])], (9,))])


def test_two_sheets_of_one_name_are_refused() -> None:
    one, two = (XlsxSheet(name, [SheetRow(["a"])], (9,)) for name in ("Places", "places"))
    with pytest.raises(XlsxInputError, match="already in use"):
        xlsx_bytes([one, two])


def test_a_row_is_as_high_as_its_wrapped_text() -> None:
    rows = [
        SheetRow(["short"]),
        SheetRow(["a" * 9, "b" * 25], WRAPPED, [1.0], "#,##0"),
        SheetRow(["c"], WRAPPED),
    ]
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx_bytes([XlsxSheet("One", rows, (10, 10, 10))]))).active
    assert sheet.row_dimensions[1].height is None
    assert sheet.row_dimensions[2].height == 3 * LINE_HEIGHT
    assert sheet.row_dimensions[3].height in (None, LINE_HEIGHT)
