"""A ledger of unit costs is read whole or refused with every problem named; what is written reads back unchanged."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from data.errors import OutputError, PriceError
from data.prices.ledger import (
    AUTHORITY,
    COLUMNS,
    MAX_ROWS,
    OPTIONAL,
    Ledger,
    read_ledger,
    to_csv,
    write_template,
)
from data.prices.price_book import replacements
from data.prices.starting_books import england, for_area, inflation
from tests.made_prices import holding

ROW = {
    "item": "top_up", "provision": "state_special", "need_group": "All", "age_low": "2", "age_high": "25", "kind": "",
    "price": "21,500", "low": "", "high": "", "median": "", "share": "", "price_year": "2025-26", "inflator": "",
    "s251_line": "1.2.1", "dsg_block": "high_needs", "basis": "council", "confidence": "high",
    "source": "Schools Forum", "note": "",
}  # fmt: skip
FEE = {"item": "inmss_fee", "provision": "inmss", "s251_line": "1.2.3"}
BUS = {"item": "send_transport", "provision": "All", "s251_line": "2.1.4", "dsg_block": "general_fund"}


def write(folder: Path, *changes: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> Path:
    path = folder / "unit_costs.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows({**ROW, **change} for change in changes)
    return path


def read(path: Path, la_code: int | None = None) -> Ledger:
    return read_ledger(path, inflation(), la_code)


def refusal(path: Path, la_code: int | None = None) -> str:
    with pytest.raises(PriceError) as caught:
        read(path, la_code)
    message = str(caught.value)
    problems = [line for line in message.splitlines() if line.startswith("Row ")]
    assert all(message.count(one) == 1 for one in problems), "each problem has a line of its own"
    return message


def test_a_sound_row_is_read_and_blanks_stand_for_what_the_page_says(tmp_path: Path) -> None:
    price = read(write(tmp_path, {})).prices[0]
    assert (price.price, price.low, price.high) == pytest.approx((21_500, 21_070, 21_930))
    assert (price.kind, price.share, price.inflator, price.level, price.median) == (
        "All",
        1,
        "top_up",
        "council",
        None,
    )


def test_spellings_pounds_and_percentages_are_understood(tmp_path: Path) -> None:
    changes = {
        "item": "Top-up",
        "provision": "State-funded special school",
        "need_group": "autism",
        "price": "£21,500.50",
    }
    kinds = ({**FEE, "kind": "day", "share": "90%"}, {**FEE, "kind": "residential 52", "share": "0.1"})
    prices = read(write(tmp_path, changes, *kinds)).prices
    assert (prices[0].item, prices[0].provision, prices[0].price) == ("top_up", "state_special", 21_500.5)
    assert [p.share for p in prices[1:]] == pytest.approx([0.9, 0.1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"price": "-5"}, "Row 2, column 'price': '-5' is below 0"),
        ({"price": "(1,200)"}, "is below 0"),
        ({"price": "about right"}, "column 'price': 'about right' is not a number"),
        ({"price": "nan"}, "'nan' is not a number"),
        ({"price": "1e9"}, "'1e9' is not a number"),
        ({"price": ""}, "column 'price': is blank. A blank could mean free or not known"),
        ({"price": "2150000"}, "is more than 1,000,000"),
        ({"price_year": ""}, "column 'price_year': is blank. Prices of different years cannot be added"),
        ({"price_year": "2025"}, "'2025' is not a financial year"),
        ({"price_year": "2012-13"}, "too long ago: growth of 'top_up' is known from 2020-21"),
        ({"s251_line": "1.2.14"}, "'1.2.14' is not a high needs line of the S251 return. Did you mean"),
        ({"s251_line": "01/02/2003"}, "may turn 1.2.3 into a date"),
        ({"s251_line": "2.1.4"}, "top_up is not booked to 2.1.4"),
        ({"dsg_block": "general_fund"}, "does not go with line 1.2.1"),
        ({"dsg_block": "high need"}, "Did you mean 'high_needs'?"),
        ({"item": "topup"}, "Did you mean 'top_up'?"),
        ({"provision": "castle"}, "'castle' is not a provision we know"),
        ({"need_group": "autsm"}, "Did you mean 'autism'?"),
        ({"age_low": "26"}, "'26' is not an age"),
        ({"age_low": "12", "age_high": "4"}, "4 is below age_low 12"),
        ({"low": "20000"}, "An interval needs both low and high"),
        ({"low": "22000", "high": "23000"}, "does not hold the price 21,500"),
        ({"low": "0", "high": "23000"}, "Write the lowest price above 0"),
        ({"median": "30000"}, "at most the mean 21,500"),
        ({"kind": "day"}, "'day' is not a kind of top_up"),
        ({**FEE, "kind": "day", "share": "0.6"}, "shares that sum to 0.6"),
        ({"share": "1.5"}, "is more than 1"),
        ({"inflator": "magic"}, "'magic' is not an inflator we know"),
        ({"source": ""}, "Say where the price comes from"),
        ({"confidence": "quite so"}, "is not a confidence we know"),
    ],
)
def test_a_cell_that_cannot_be_used_is_named_with_what_to_write(
    tmp_path: Path, change: dict[str, str], message: str
) -> None:
    said = refusal(write(tmp_path, change))
    assert message in said
    assert "no prices were read from it and those in use stay" in said


def test_every_problem_is_named_at_once_by_spreadsheet_row(tmp_path: Path) -> None:
    said = refusal(
        write(tmp_path, {"price": "-1", "price_year": ""}, {"provision": "mainstream", "s251_line": "9.9"})
    )
    assert "3 problems" in said
    for part in ("Row 2, column 'price'", "Row 2, column 'price_year'", "Row 3, column 's251_line'"):
        assert part in said


def test_a_price_given_twice_is_refused(tmp_path: Path) -> None:
    assert "Row 3, column 'item': repeats row 2" in refusal(write(tmp_path, {}, {"price": "9"}))
    overlapping = refusal(write(tmp_path, {"age_high": "11"}, {"age_low": "11"}))
    assert "has pupils in common with row 2" in overlapping
    assert (
        len(read(write(tmp_path, {"age_high": "10"}, {"age_low": "11"}, {"need_group": "autism"})).prices)
        == 3
    )


def test_columns_missing_unknown_or_twice_are_named(tmp_path: Path) -> None:
    said = refusal(write(tmp_path, {}, columns=tuple(c for c in COLUMNS if c != "price_year")))
    assert "row 1: column(s) missing: price_year" in said
    extra = read(write(tmp_path, {"colour": "red"}, columns=(*COLUMNS, "colour")))
    assert extra.aside.names == ("colour",)
    assert extra.aside.cells == (("red",),)
    assert "given twice: price" in refusal(write(tmp_path, {}, columns=(*COLUMNS, "price")))
    needed = tuple(c for c in COLUMNS if c not in OPTIONAL)
    assert len(read(write(tmp_path, {}, columns=needed)).prices) == 1


def test_files_that_are_no_ledger_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "unit_costs.csv"
    assert "There is no file" in refusal(tmp_path / "absent.csv")
    path.write_bytes(b"")
    assert "is empty" in refusal(path)
    path.write_bytes(",".join(COLUMNS).encode())
    assert "0 data rows" in refusal(path)
    path.write_bytes("item\n\u00f3".encode("latin-1"))
    assert "is not UTF-8 text (line 2" in refusal(path)
    path.write_bytes(b'item\n"open')
    assert "never closed" in refusal(path)
    path.rename(tmp_path / "unit_costs.ods")
    assert "is not a .csv file" in refusal(tmp_path / "unit_costs.ods")
    assert f"at most {MAX_ROWS:,}" in refusal(write(tmp_path, *[{}] * (MAX_ROWS + 1)))


def test_another_authoritys_ledger_is_refused(tmp_path: Path) -> None:
    columns = (*COLUMNS, AUTHORITY)
    assert read(write(tmp_path, {AUTHORITY: "317"}, columns=columns)).la_code == 317
    said = refusal(write(tmp_path, {AUTHORITY: "316"}, columns=columns), 317)
    assert "looks like a file of unit costs of Newham" in said
    assert "is not the DfE number" in refusal(write(tmp_path, {AUTHORITY: "999"}, columns=columns))


def test_a_ledger_replaces_what_it_prices_and_nothing_else(tmp_path: Path) -> None:
    before = for_area(317)
    book = before.with_rows(read(write(tmp_path, {"age_low": "4", "age_high": "10"}), 317).rows)
    assert holding(book, "top_up", "state_special", "ASD", 7)[0].price == 21_500
    for age, provision in ((12, "state_special"), (7, "mainstream")):
        now, then = (holding(b, "top_up", provision, "ASD", age) for b in (book, before))
        assert now == then
    said = replacements(book, "council")
    assert [(r.old.level, r.extent) for r in said] == [("authority", "part")]
    assert len(book.rows) == len(before.rows) + 1


def test_the_template_reads_back_as_the_prices_in_use_and_replaces_none(tmp_path: Path) -> None:
    path, book = tmp_path / "unit_costs.csv", for_area(317)
    write_template(book, path, 317)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    ledger = read(path, 317)
    assert ledger.la_code == 317
    merged = book.with_rows(ledger.rows)
    assert replacements(merged, "council") == ()
    assert {p.basis for p in ledger.prices} >= {"estimated", "assumed", "published"}
    write_template(merged, path, 317)
    assert read(path, 317).rows.equals(ledger.rows)


def test_a_template_that_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"ledgers are \.csv files"):
        write_template(england(), tmp_path / "unit_costs.xlsx", 317)
    with pytest.raises(OutputError, match="nothing there was changed"):
        write_template(england(), tmp_path / "absent" / "unit_costs.csv", 317)
    assert list(tmp_path.iterdir()) == []


def test_text_never_reaches_a_spreadsheet_as_a_formula(tmp_path: Path) -> None:
    ledger = read(write(tmp_path, {"source": "=1+1", "note": "@cmd"}))
    text = to_csv(ledger.rows, 317)
    assert "'=1+1" in text
    again = tmp_path / "again.csv"
    again.write_text(text, encoding="utf-8", newline="")
    assert read(again).rows.equals(ledger.rows)
