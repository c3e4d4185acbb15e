"""Tables as councils send them, written by hand: none is read wrongly, no row is lost unsaid, and what is refused says why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from data.capital.candidate_file import SCHEME_FILE, check_candidates
from data.council_files.corrected_copy import correct, typed_fix
from data.council_files.council_table import CheckedFile, propose
from data.council_files.file_kinds import FileKind
from data.errors import PlannerError
from data.prices.ledger import PRICE_FILE, check_ledger
from data.prices.starting_books import for_area
from data.registers.register_file import REGISTER_FILE, check_register_file

REDBRIDGE = 317
HEAD = "School,Type,Need,Age range,Places,Opening date,Status\n"
OAK = "Oak School,Special school,ASD,4-11,60,September 2024,Open\n"
ELM = "Elm,SEN unit,MLD,4-11,12,September 2024,Open\n"
COSTS = "Item,Provision,Need,Age range,{},Year\nINMSS fee,INMSS,All,2-25,{},2025-26\n"
SCHEMES = (
    "Scheme,Type,Year groups,Places,Designation,Opening date,{},Price base\n"
    "Elm base,SEN unit,R-Y6,12,ASD,September 2028,{},2025-26\n"
)


def checked(path: Path, kind: FileKind = REGISTER_FILE, **answers: str) -> CheckedFile:
    """Return a file after its check with the mapping that is proposed for it, and some questions answered."""
    proposal = propose(path, kind)
    mapping = None if proposal is None else proposal.mapping.answered(answers)
    if kind is REGISTER_FILE:
        return check_register_file(path, REDBRIDGE, mapping)
    if kind is PRICE_FILE:
        return check_ledger(path, for_area(REDBRIDGE).inflation, REDBRIDGE, mapping)
    return check_candidates(path, REDBRIDGE, mapping)


def text(folder: Path, content: str, encoding: str = "utf-8", name: str = "sent.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode(encoding))
    return path


def workbook(
    folder: Path,
    sheets: Mapping[str, Sequence[Sequence[Any]]],
    change: Callable[[Mapping[str, Worksheet]], object] = lambda sheets: None,
) -> Path:
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    change({sheet.title: sheet for sheet in book})
    path = folder / "sent.xlsx"
    book.save(path)
    return path


def rows(read: CheckedFile, *columns: str) -> list[tuple[Any, ...]]:
    assert not read.problems, [str(p) for p in read.problems]
    return [tuple(row.get(c) for c in columns) for row in read.rows.values()]


def csv_cells(content: str) -> list[list[str]]:
    return [line.split(",") for line in content.splitlines()]


def test_merged_heads_of_two_lines_with_years_below_are_joined(tmp_path: Path) -> None:
    table = [
        ["SEND specialist places 2026"],
        ["School", "Provision", "Ages", None, "Need", "Commissioned places", None, "Status"],
        [None, None, "From", "To", None, "2025/26", "2026/27", None],
        ["Oak School", "Special school", 4, 10, "ASD", 60, 70, "Open"],
    ]

    def merge(sheets: Mapping[str, Worksheet]) -> None:
        for cells in ("A1:H1", "C2:D2", "F2:G2"):
            sheets["Places"].merge_cells(cells)

    read = checked(workbook(tmp_path, {"Places": table}, merge), **{"Ages To": "age_high"})
    assert rows(read, "age_low", "age_high", "from_academic_year", "places") == [
        (4, 10, "2025/26", 60), (4, 10, "2026/27", 70),
    ]  # fmt: skip


def test_a_sheet_of_notes_comes_first_and_the_table_is_found(tmp_path: Path) -> None:
    notes = [["Prepared by the SEND team"], ["School means any setting"], ["Places are commissioned places"]]
    table = [*csv_cells(HEAD), ["Oak School", "Special school", "ASD", "4-11", 60, date(2025, 9, 1), "Open"]]
    read = checked(workbook(tmp_path, {"Notes": notes, "Data": table}))
    assert rows(read, "setting", "from_academic_year", "places") == [("Oak School", "2025/26", 60)]


def test_days_with_points_are_read_day_first(tmp_path: Path) -> None:
    sent = HEAD + OAK.replace("September 2024", "01.09.2027") + ELM.replace("September 2024", "1.4.27")
    read = checked(text(tmp_path, sent))
    assert rows(read, "from_academic_year", "opens_in") == [("2027/28", None), ("2026/27", "2027-04")]


def test_an_opening_in_october_keeps_its_month(tmp_path: Path) -> None:
    read = checked(text(tmp_path, HEAD + OAK.replace("September 2024", "October 2026")))
    assert rows(read, "from_academic_year", "opens_in") == [("2026/27", "2026-10")]


@pytest.mark.parametrize("cell", ["n/a", "-", "TBC", "tba", "not known", "?"])
def test_places_that_nobody_knows_are_asked_for_never_none(tmp_path: Path, cell: str) -> None:
    read = checked(text(tmp_path, HEAD + OAK + ELM.replace(",12,", f",{cell},")))
    (problem,) = read.problems
    assert (problem.row, problem.column, problem.fix) == (3, "places", ())
    assert "may mean none or not known" in problem.text


def test_totals_in_the_middle_are_left_out_and_checked_against_their_own_rows(tmp_path: Path) -> None:
    sent = f"{HEAD}{OAK}Oak School total,,,,60,,\n{ELM}Sub total Elm,,,,12,,\nGrand total,,,,72,,\n"
    read = checked(text(tmp_path, sent))
    assert rows(read, "places") == [(60,), (12,)]
    assert sum("is a total" in note for note in read.table.notes) == 3
    assert not any("add up" in note for note in read.table.notes)
    wrong = checked(text(tmp_path, sent.replace("Elm,,,,12", "Elm,,,,22")))
    assert any("says 22, but the rows above it add up to 72" in note for note in wrong.table.notes)


@pytest.mark.parametrize(
    ("written", "ages"),
    [
        ("Yr R-6", (4, 10)),
        ("Yrs 7 - 11", (11, 15)),
        ("Nursery to Year 6", (3, 10)),
        ("Reception - Year 14", (4, 18)),
        ("KS1 & KS2", (5, 10)),
        ("KS1 & 2", (5, 10)),
        ("EY-KS5", (3, 18)),
        ("Infant and Junior", (4, 10)),
        ("Y7 & Y8", (11, 12)),
    ],
)
def test_year_groups_are_read(tmp_path: Path, written: str, ages: tuple[int, int]) -> None:
    sent = HEAD.replace("Age range", "Year groups") + OAK.replace("4-11", written)
    assert rows(checked(text(tmp_path, sent)), "age_low", "age_high") == [ages]


@pytest.mark.parametrize("written", ["KS1 & KS3", "Y7 and Y10"])
def test_groups_that_do_not_follow_each_other_are_no_run_of_ages(tmp_path: Path, written: str) -> None:
    sent = text(tmp_path, (HEAD + OAK).replace("Age range", "Year groups").replace("4-11", written))
    proposal = propose(sent, REGISTER_FILE)
    assert proposal is not None
    assert "Year groups" in {q.theirs for q in proposal.mapping.questions}


@pytest.mark.parametrize(
    ("heading", "cell"),
    [
        ("Cost", '"£62,500 pa"'), ("Cost", "62.5k"), ("Cost (£000)", "62.5"), ("Unit cost £k", "62.5"),
        ("Annual cost (£'000s)", "62.5"), ("Annual cost in thousands", "62.5"), ("Cost (£000)", "62.5k"),
    ],
)  # fmt: skip
def test_prices_are_read_in_pounds_whatever_their_unit(tmp_path: Path, heading: str, cell: str) -> None:
    assert rows(checked(text(tmp_path, COSTS.format(heading, cell)), PRICE_FILE), "price") == [(62500.0,)]


@pytest.mark.parametrize(
    ("heading", "cell"),
    [
        ("Capital cost (£000s)", "600"),
        ("Capital cost £m", "0.6"),
        ("Capital cost", "£0.6m"),
        ("Budget (£k)", "600"),
    ],
)
def test_the_cost_of_a_scheme_is_never_lost_for_the_unit_in_its_heading(
    tmp_path: Path, heading: str, cell: str
) -> None:
    read = checked(text(tmp_path, SCHEMES.format(heading, cell)), SCHEME_FILE)
    assert not read.problems
    (scheme,) = read.rows.values()
    assert (scheme.capital_low, scheme.capital_high) == (50_000, 50_000)


def test_spaces_that_do_not_break_are_spaces(tmp_path: Path) -> None:
    sent = HEAD.replace("School", "School\u00a0") + OAK.replace("Oak School", "Oak\u00a0School ").replace(
        "60", "\u00a060"
    )
    assert rows(checked(text(tmp_path, sent)), "setting", "places") == [("Oak School", 60)]


def test_a_hidden_row_is_said_and_a_hidden_sheet_is_not_taken_for_the_table(tmp_path: Path) -> None:
    table = [
        [int(c) if c == "60" else c for c in row]
        for row in csv_cells(HEAD + OAK + OAK.replace("Oak", "Old Oak"))
    ]

    def hide(sheets: Mapping[str, Worksheet]) -> None:
        sheets["Places"].row_dimensions[3].hidden = True
        sheets["2019"].sheet_state = "hidden"

    read = checked(workbook(tmp_path, {"Places": table, "2019": table}, hide))
    assert rows(read, "setting") == [("Oak School",), ("Old Oak School",)]
    assert any("Hidden in the sheet" in note and "row(s) 3" in note for note in read.table.notes)
    assert any("not read" in note and "sheet(s) '2019'" in note for note in read.table.notes)
    both = workbook(tmp_path, {"Places": table, "2019": table})
    with pytest.raises(PlannerError, match="two sheets that could both be a register"):
        checked(both)


def test_hidden_columns_are_said_and_a_hidden_sheet_of_the_templates_name_is_not_read(tmp_path: Path) -> None:
    table = [[int(c) if c == "60" else c for c in row] for row in csv_cells(HEAD + OAK)]
    older = [[50 if c == 60 else c for c in row] for row in table]

    def hide(sheets: Mapping[str, Worksheet]) -> None:
        sheets["Places"].column_dimensions["C"].hidden = True
        sheets["Places"].column_dimensions.group("E", "F", hidden=True)
        sheets["Register"].sheet_state = "veryHidden"

    path = workbook(tmp_path, {"Register": older, "Places": table}, hide)
    read = checked(path)
    assert rows(read, "places") == [(60,)]
    said = " ".join(read.table.notes)
    assert "column(s) 'Need', 'Places' and 'Opening date'" in said
    assert "sheet(s) 'Register'" in said


def test_a_workbook_whose_table_is_on_a_hidden_sheet_is_refused_with_its_name(tmp_path: Path) -> None:
    def hide(sheets: Mapping[str, Worksheet]) -> None:
        sheets["Old list"].sheet_state = "hidden"

    path = workbook(tmp_path, {"Cover": [["Read me"]], "Old list": csv_cells(HEAD + OAK)}, hide)
    with pytest.raises(PlannerError, match="Hidden sheets are not read: 'Old list'"):
        checked(path)


def test_another_sheet_with_a_table_is_said_not_to_be_read(tmp_path: Path) -> None:
    units = [[c for at, c in enumerate(row) if at != 5] for row in csv_cells(HEAD + ELM)]
    read = checked(
        workbook(tmp_path, {"Schools": csv_cells(HEAD + OAK), "Units": units, "Notes": [["Read me"]]})
    )
    assert rows(read, "setting") == [("Oak School",)]
    assert any("Not read" in note and "sheet(s) 'Units', with" in note for note in read.table.notes)


def test_capitals_are_read_and_misspelt_kinds_are_proposed_one_by_one(tmp_path: Path) -> None:
    sent = HEAD.upper() + OAK.upper() + ELM.replace("SEN unit", "RESOURCED PROVISON")
    read = checked(text(tmp_path, sent))
    assert [(p.row, p.fix) for p in read.problems] == [(3, (("provision", "specialist_base"),))]
    assert list(read.rows) == [2]


def test_two_tables_below_each_other_with_one_header_are_one(tmp_path: Path) -> None:
    sent = f"Special schools\n{HEAD}{OAK}\nUnits\n{HEAD}{ELM}"
    read = checked(text(tmp_path, sent))
    assert rows(read, "setting") == [("Oak School",), ("Elm",)]
    assert any("repeats the header" in note for note in read.table.notes)


def test_two_tables_with_other_columns_or_side_by_side_are_refused(tmp_path: Path) -> None:
    other = "School,Places,Type,Need,Age range,Opening date,Status\n"
    with pytest.raises(PlannerError, match="rows 1 and 4 could both be the header"):
        checked(text(tmp_path, f"{HEAD}{OAK}\n{other}Elm,12,SEN unit,MLD,4-11,September 2024,Open\n"))
    beside = f"{HEAD.strip()},,School,Places\n{OAK.strip()},,Elm,12\n"
    with pytest.raises(PlannerError, match="two tables beside each other"):
        checked(text(tmp_path, beside))


def test_two_rows_of_one_unit_are_refused_and_two_units_of_one_school_are_read(tmp_path: Path) -> None:
    units = HEAD + ELM + ELM.replace("MLD", "ASD").replace("12", "10")
    assert rows(checked(text(tmp_path, units)), "needs", "places") == [("MLD", 12), ("ASD", 10)]
    again = checked(text(tmp_path, HEAD + ELM + ELM.replace("12", "8")))
    assert any("places would count twice" in p.text for p in again.problems)


def test_colleges_are_read_and_those_that_are_not_counted_are_said(tmp_path: Path) -> None:
    sent = (
        HEAD
        + "Orchard College,Specialist college,All,16-25,30,September 2024,Open\n"
        + "Town College,FE college,All,16-19,45,September 2024,Open\n"
    )
    read = checked(text(tmp_path, sent))
    assert rows(read, "provision", "places") == [("specialist_post16", 30), ("general_fe", 45)]
    assert any("kept and not counted" in remark.text for remark in read.remarks)


def test_percentages_of_a_workbook_and_of_text_are_per_cent(tmp_path: Path) -> None:
    table = [
        [*csv_cells(HEAD)[0], "Max occupancy"],
        [*csv_cells(OAK)[0][:4], 60, "September 2024", "Open", 0.95],
    ]

    def percent(sheets: Mapping[str, Worksheet]) -> None:
        sheets["P"]["H2"].number_format = "0%"

    assert rows(checked(workbook(tmp_path, {"P": table}, percent)), "max_occupancy") == [(95.0,)]
    sent = f"{HEAD.strip()},Occupancy %\n{OAK.strip()},95%\n"
    assert rows(checked(text(tmp_path, sent)), "max_occupancy") == [(95.0,)]


def test_headings_with_line_breaks_are_read(tmp_path: Path) -> None:
    head = [
        "Name of\nschool",
        "Type of\nprovision",
        "SEND\nneed",
        "Age\nrange",
        "Number of\nplaces",
        "Opening\ndate",
        "Current\nstatus",
    ]
    read = checked(workbook(tmp_path, {"P": [head, csv_cells(OAK)[0]]}))
    assert rows(read, "setting", "places") == [("Oak School", 60)]


def test_encodings_of_older_systems_are_read_where_they_are_certain(tmp_path: Path) -> None:
    costs = COSTS.replace("Year\n", "Year,Notes\n").replace("2025-26\n", "2025-26,£1k more \u2013 see note\n")
    (price,) = checked(text(tmp_path, costs.format("Cost", "£62500"), "cp1252"), PRICE_FILE).rows.values()
    assert (price["price"], price["note"]) == (62500.0, "£1k more \u2013 see note")
    wide = (HEAD + OAK).replace(",", "\t")
    assert rows(checked(text(tmp_path, wide, "utf-16")), "places") == [(60,)]
    mac = HEAD + OAK.replace("Oak School", "Oak \u2013 North").replace("4-11", "4\u201311")
    assert rows(checked(text(tmp_path, mac, "mac_roman")), "setting", "age_high") == [
        ("Oak \u2013 North", 10)
    ]


def test_a_decimal_comma_is_proposed_as_a_point_never_read_as_thousands(tmp_path: Path) -> None:
    costs = COSTS.replace(",", ";").format("Cost", "62500,50")
    (problem,) = checked(text(tmp_path, costs), PRICE_FILE).problems
    assert problem.fix == (("price", "62500.50"),)
    schemes = SCHEMES.replace(",", ";").format("Capital cost", "0,6m")
    (problem,) = checked(text(tmp_path, schemes), SCHEME_FILE).problems
    assert problem.fix == (("capital_total", "0.6m"),)


def test_marks_of_order_in_the_middle_are_no_part_of_a_name(tmp_path: Path) -> None:
    sent = f"{HEAD}{OAK}\ufeff{HEAD}\ufeff{ELM}"
    assert rows(checked(text(tmp_path, sent)), "setting") == [("Oak School",), ("Elm",)]


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "other kinds are not read"),
        (
            "locked.xlsx",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
            "has a password, or is an old Excel workbook",
        ),
        ("export.xlsx", b"<html><table></table></html>", "is a web page under the name of a workbook"),
        ("cut.xlsx", b"PK\x03\x04" + bytes(50), "is not an .xlsx workbook although its name says so"),
    ],
)
def test_files_that_are_no_workbook_are_refused_with_the_true_cause(
    tmp_path: Path, name: str, content: bytes, why: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(PlannerError) as refused:
        check_register_file(path, REDBRIDGE)
    assert why in str(refused.value)


def test_a_mapping_without_the_number_of_places_or_a_price_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlannerError, match="does not say where 'places' comes from"):
        checked(text(tmp_path, HEAD + OAK), REGISTER_FILE, Places="aside")
    with pytest.raises(PlannerError, match="does not say where 'price' comes from"):
        checked(text(tmp_path, COSTS.format("Cost", "62.5k")), PRICE_FILE, Cost="aside")


@pytest.mark.parametrize(
    ("kind", "content", "column"),
    [
        (PRICE_FILE, COSTS.format("Cost", "dear"), "price"),
        (SCHEME_FILE, SCHEMES.format("Capital cost", "dear"), "capital_total"),
        (SCHEME_FILE, SCHEMES.format("Capital cost", "600k").replace(",12,", ",dozen,"), "places"),
        (REGISTER_FILE, HEAD + OAK.replace("60", "sixty"), "places"),
    ],
)
def test_a_fix_that_would_go_below_zero_is_refused(
    tmp_path: Path, kind: FileKind, content: str, column: str
) -> None:
    sent = text(tmp_path, content)
    heading = {"price": "Cost", "capital_total": "Capital cost", "places": "Places"}[column]
    meaning = "capital_cost" if column == "capital_total" else column
    read = checked(sent, kind, **{heading: meaning})
    (problem,) = [p for p in read.problems if p.column == column]
    with pytest.raises(PlannerError, match="Nothing was changed"):
        typed_fix(sent.name, kind, read.table, problem, "-5")
    assert sent.read_text("utf-8") == content


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (REGISTER_FILE, "School,Type,Need,Age range,From,Status,Places\nOak,Special school,ASD,4-11,2024/25,Open,1,200\n"),
        (PRICE_FILE, "Item,Provision,Need,Age range,Year,Cost\nINMSS fee,INMSS,All,2-25,2025-26,62,500\n"),
    ],
)  # fmt: skip
def test_a_comma_that_makes_two_cells_of_a_number_is_a_problem(
    tmp_path: Path, kind: FileKind, content: str
) -> None:
    read = checked(text(tmp_path, content), kind)
    assert any(
        "there are" in p.text and "Put text or a number that holds a comma" in p.text for p in read.problems
    )
    assert not read.rows


def test_a_school_whose_name_begins_with_total_is_no_total(tmp_path: Path) -> None:
    sent = f"{HEAD}{OAK}{OAK.replace('Oak School', 'Total Learning Academy')}Borough total,,,,120,,\n,Total places,,,120,,\n"
    read = checked(text(tmp_path, sent))
    assert rows(read, "setting") == [("Oak School",), ("Total Learning Academy",)]
    assert sum("is a total" in note for note in read.table.notes) == 2
    assert not any("add up" in note for note in read.table.notes)


def test_needs_with_a_dash_between_them_are_both_read(tmp_path: Path) -> None:
    read = checked(text(tmp_path, HEAD + OAK.replace("ASD", "SLD - PMLD")))
    assert rows(read, "needs") == [("SLD;PMLD",)]


def test_a_single_column_of_places_with_its_year_is_read(tmp_path: Path) -> None:
    sent = (
        "School,Type,Need,Age range,Commissioned places 2025/26,Status\nOak,Special school,ASD,4-11,60,Open\n"
    )
    assert rows(checked(text(tmp_path, sent)), "from_academic_year", "places") == [("2025/26", 60)]


def test_of_two_columns_with_one_heading_neither_is_picked(tmp_path: Path) -> None:
    sent = text(
        tmp_path,
        "School,Type,Need,Ages,Places,Places,Opening,Status\nOak,SEN unit,SLCN,4-11,8,10,Sept 2025,open\n",
    )
    proposal = propose(sent, REGISTER_FILE)
    assert proposal is not None
    assert {q.theirs for q in proposal.mapping.questions} == {"Places", "Places (2)"}


def test_numbers_are_asked_about_where_no_column_is_called_places(tmp_path: Path) -> None:
    sent = text(
        tmp_path,
        "School,Type,Need,Ages,PAN / commissioned numbers 25-26,Opening,Status\nOak,SEN unit,SLCN,4-11,c. 8,Sept 2025,open\n",
    )
    proposal = propose(sent, REGISTER_FILE)
    assert proposal is not None
    assert {q.theirs for q in proposal.mapping.questions} == {"PAN / commissioned numbers 25-26"}
    read = checked(sent, REGISTER_FILE, **{"PAN / commissioned numbers 25-26": "places"})
    assert rows(read, "setting", "places") == [("Oak", 8)]


def test_bars_separate_cells(tmp_path: Path) -> None:
    sent = (HEAD + OAK.replace("Oak School", "Oak, North")).replace("Oak, North", "Oak; North")
    assert rows(checked(text(tmp_path, sent.replace(",", "|"))), "setting", "places") == [("Oak; North", 60)]


def test_rows_of_a_word_can_be_left_out_and_that_is_said(tmp_path: Path) -> None:
    sent = HEAD + OAK + ELM.replace("Open", "Closed") + "Total,,,,72,,\n"
    with pytest.raises(PlannerError, match="leave out"):
        checked(text(tmp_path, sent))
    read = checked(text(tmp_path, sent), **{"status: Closed": "leave out"})
    assert rows(read, "setting") == [("Oak School",)]
    assert any("Row 3 was left out, as the mapping says of 'Closed'" in note for note in read.table.notes)
    assert not any("add up" in note for note in read.table.notes)


def test_a_heading_between_rows_is_set_against_the_one_value_for_every_row(tmp_path: Path) -> None:
    sent = (
        "School,Need,Age range,Places,Opening date,Status\nSpecial schools,,,,,\nOak,ASD,4-11,60,September 2024,Open\n"
        "SEN units,,,,,\nElm,ASD,4-11,12,September 2024,Open\n"
    )
    path = text(tmp_path, sent)
    read = checked(path, provision="state_special")
    (problem,) = read.problems
    assert (problem.row, problem.fix) == (5, (("provision", "specialist_base"),))
    assert "the heading above the row says 'SEN units'" in problem.text
    mended = correct(path.name, REGISTER_FILE, read.table, read.problems, read.problems)
    assert rows(checked(text(tmp_path, mended.text, name="copy.csv")), "setting", "provision") == [
        ("Oak", "state_special"), ("Elm", "specialist_base"),
    ]  # fmt: skip
