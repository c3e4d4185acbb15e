"""Sheets written as parts of a file: read back by another library, without formulas, the same bytes each time."""

from __future__ import annotations

import io
import math

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.core.xlsx_sheets import BOLD, SheetRow, XlsxSheet, column_letters, xlsx_bytes


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
    assert sheet.column_dimensions["A"].width == 20


@settings(max_examples=200)
@given(st.text(max_size=40), st.sampled_from(["=", "+", "-", "@", "\t=", "'=", ""]))
def test_no_text_is_a_formula_whatever_it_is(text: str, start: str) -> None:
    sheet = read(XlsxSheet("t", [SheetRow([start + text, "end"])], (9, 9)))["t"]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}
    value = sheet["A1"].value
    assert value is None or not value.startswith(("=", "+", "@", "-"))
    assert sheet["B1"].value == "end"


def test_the_same_sheets_are_the_same_bytes() -> None:
    sheet = XlsxSheet("t", [SheetRow(["a"], numbers=[1.0], number_style="0")], (9,))
    assert xlsx_bytes([sheet]) == xlsx_bytes([sheet])


@pytest.mark.parametrize("name", ["", "a" * 32, "a/b", "[x]", "what?"])
def test_names_that_excel_refuses_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot name a sheet"):
        XlsxSheet(name, [], ())


def test_two_sheets_of_one_name_are_refused() -> None:
    one, two = (XlsxSheet(name, [SheetRow(["a"])], (9,)) for name in ("Places", "places"))
    with pytest.raises(ValueError, match="different names"):
        xlsx_bytes([one, two])


@pytest.mark.parametrize(("number", "letters"), [(1, "A"), (26, "Z"), (27, "AA"), (702, "ZZ"), (703, "AAA")])
def test_letters_of_columns(number: int, letters: str) -> None:
    assert column_letters(number) == letters
