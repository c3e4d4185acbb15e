"""The register reads what planners write, refuses what it cannot use, and says how to fix it."""

from __future__ import annotations

import csv
import zipfile
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from data import tables
from data.council_files.workbook import MAX_UNPACKED
from data.errors import OutputError, RegisterError
from data.registers.estimated_register import net_use, residents
from data.registers.register import (
    COLUMNS,
    SLIPPAGE,
    Register,
    counted_by_year,
    estimated_share,
    find_chains,
    in_force,
    places_by_phase,
    with_defaults,
)
from data.registers.register_file import MAX_BYTES, MAX_ROWS, read_register, write_register
from data.registers.starting_register import SHIPPED
from data.vocabulary import PHASE_CODES, SPECIALIST_PROVISIONS

ROW = {
    "setting": "Oak School", "urn": "123456", "provision": "state_special", "needs": "ASD;SLD",
    "age_low": "4", "age_high": "10", "from_academic_year": "2024/25", "to_academic_year": "",
    "places": "70", "located": "local", "status": "open", "basis": "council", "confidence": "high",
    "source": "council records", "note": "",
}  # fmt: skip

PAIRS = {"roll": "roll_january", "roll_january": "roll"}


def write(folder: Path, *changes: dict[str, str], name: str = "places.csv") -> Path:
    """Write one row per set of changes to `ROW` and return the file."""
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows({**ROW, **change} for change in changes)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(RegisterError) as caught:
        read_register(path)
    message = str(caught.value)
    problems = [line for line in message.splitlines() if line.startswith("Row ")]
    assert all(message.count(one) == 1 for one in problems), "each problem has a line of its own"
    return message


def frame(*changes: dict[str, object]) -> pd.DataFrame:
    """Return typed register rows, for registers made in code."""
    typed = {**ROW, "urn": 123456, "age_low": 4, "age_high": 10, "places": 70}
    rows = [{**typed, **change} for change in changes]
    whole = {"urn": "Int64", "age_low": "int64", "age_high": "int64", "places": "int64"}
    made = pd.DataFrame(rows, columns=list(COLUMNS))
    made[["to_academic_year", "note"]] = made[["to_academic_year", "note"]].replace("", None)
    return made.astype({c: whole.get(c, "str") for c in COLUMNS})


# --- reading ------------------------------------------------------------------------------------------------


def test_reads_codes_and_blanks(tmp_path: Path) -> None:
    register = read_register(write(tmp_path, {}, {"setting": "Elm Base", "urn": "", "note": "new"}), 317)
    assert register.la_code == 317
    assert register.origin == "places.csv"
    assert list(register.rows.columns) == list(COLUMNS)
    first, second = register.rows.to_dict("records")
    assert (first["needs"], first["places"], first["urn"]) == ("ASD;SLD", 70, 123456)
    assert pd.isna(first["to_academic_year"])
    assert pd.isna(second["urn"])


def test_reads_a_byte_order_mark_blank_rows_and_padding(tmp_path: Path) -> None:
    path = write(tmp_path, {}, {"places": "-1", "setting": "Elm"})
    header, one, two = path.read_text("utf-8").splitlines()
    commas = "," * len(COLUMNS)
    path.write_bytes("\r\n".join([header + ",,", one + ",,", commas, "", two, ""]).encode("utf-8-sig"))
    assert "Row 5, column 'places'" in refusal(path), "rows are numbered as in the spreadsheet"


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("State Special", "state_special"),
        ("state-funded special school", "state_special"),
        ("ARP", "specialist_base"),
        ("SEN unit", "specialist_base"),
        ("SPI", "specialist_post16"),
        ("PRU", "ap"),
    ],
)
def test_reads_planners_spellings_of_a_provision(tmp_path: Path, written: str, code: str) -> None:
    assert read_register(write(tmp_path, {"provision": written})).rows["provision"].tolist() == [code]


@pytest.mark.parametrize(
    ("written", "codes"),
    [
        ("all", "All"),
        ("semh", "SEMH"),
        ("Severe learning difficulty; asd", "ASD;SLD"),
        ("ASD;ASD;", "ASD"),
        ("SpLD", "SPLD"),
    ],
)
def test_reads_spellings_of_needs_in_one_order(tmp_path: Path, written: str, codes: str) -> None:
    assert read_register(write(tmp_path, {"needs": written})).rows["needs"].tolist() == [codes]


# --- refusing a file ----------------------------------------------------------------------------------------


def test_a_missing_file_a_folder_and_another_kind_are_refused(tmp_path: Path) -> None:
    assert "There is no file" in refusal(tmp_path / "nowhere.csv")
    assert "is not a file" in refusal(tmp_path)
    sheet = tmp_path / "places.ods"
    sheet.write_bytes(b"PK")
    assert "not a .csv file or .xlsx workbook" in refusal(sheet)


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\r\n \r\n", b",,,\n,,,\n"])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "places.csv"
    path.write_bytes(content)
    assert "is empty" in refusal(path)


def test_a_header_alone_is_refused(tmp_path: Path) -> None:
    assert "0 data rows" in refusal(write(tmp_path))


def test_bytes_that_are_not_utf8_are_placed(tmp_path: Path) -> None:
    path = write(tmp_path, {}, {"setting": "\u00f3 School"})
    path.write_bytes(path.read_text("utf-8").encode("cp1252"))
    message = refusal(path)
    assert "not UTF-8" in message
    assert "line 3" in message


def test_an_unclosed_quote_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, {})
    path.write_text(path.read_text("utf-8") + '"Elm,1\n', "utf-8")
    assert "double quote" in refusal(path)


def test_columns_missing_unknown_and_repeated_are_named_together(tmp_path: Path) -> None:
    path = write(tmp_path, {})
    text = path.read_text("utf-8").replace("places,", "place,", 1).replace("note", "status", 1)
    path.write_text(text.replace("source", "colour", 1), "utf-8")
    message = refusal(path)
    assert "missing: places, source;" in message
    assert "'place' (did you mean 'places'?)" in message
    assert "'colour'" in message
    assert "twice: status" in message


def test_absurd_sizes_are_refused(tmp_path: Path) -> None:
    big = tmp_path / "places.csv"
    with big.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    assert "20 MB" in refusal(big)
    many = write(tmp_path, *({"setting": f"S{i}"} for i in range(MAX_ROWS + 1)), name="many.csv")
    assert "5,001 data rows" in refusal(many)


def test_too_many_cells_in_a_row_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, {})
    path.write_text(path.read_text("utf-8").rstrip() + "moved from Elm, 2020\n", "utf-8")
    assert f"{len(COLUMNS) + 1} cells for {len(COLUMNS)} columns" in refusal(path)


# --- refusing a cell ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [
        ("places", "-3", "not a whole number"),
        ("places", "", "is blank. A blank could mean none or not known"),
        ("places", "2.5", "not a whole number"),
        ("places", "ten", "not a whole number"),
        ("places", "5001", "5,001 is more than 5,000"),
        ("places", "\u0663", "not a whole number"),
        ("setting", " ", "Name the school"),
        ("urn", "12345", "six-digit"),
        ("provision", "stat special", "Did you mean 'state_special'?"),
        ("provision", "zzzz", "Write one of early_years"),
        ("needs", "ADS", "Did you mean 'ASD'?"),
        ("needs", "All;ASD", "mixes All"),
        ("needs", ";", "names no need"),
        ("age_low", "26", "not an age"),
        ("age_low", "Year 17", "not an age"),
        ("age_high", "3", "3 is below age_low 4"),
        ("from_academic_year", "2024", "like '2024/25'"),
        ("from_academic_year", "2024/26", "like '2024/25'"),
        ("to_academic_year", "2027-29", "like '2027/28'"),
        ("to_academic_year", "2023/24", "before from_academic_year '2024/25'"),
        ("located", "", "Write local or elsewhere."),
        ("located", "locl", "Did you mean 'local'?"),
        ("status", "opne", "Did you mean 'open'?"),
        ("basis", "hunch", "published, council, estimated"),
        ("confidence", "hgih", "Did you mean 'high'?"),
        ("max_occupancy", "120", "not a percentage"),
        ("max_occupancy", "0.95", "not a share: 95"),
        ("chance_delivered", "likely", "not a percentage"),
        ("chance_on_time", "-5", "not a percentage"),
        ("typical_delay_years", "0.5", "not a delay"),
        ("taken_by_others", "71", "71 is more than the 70 places"),
        ("roll", "80", "roll_january"),
        ("roll_january", "2025", "'roll': is blank"),
        ("roll_january", "24", "not a January"),
        ("funded_places", "70.5", "not a whole number"),
        ("phasing", "by yeargroop", "Did you mean 'by_year_group'?"),
        ("agreed_on", "soon", "not a date"),
        ("agreed_on", "2024-13", "not a date"),
        ("agreed_on", "2024-09-02", "no scheme opens before it is agreed"),
        ("agreed_on", "2025", "no scheme opens before it is agreed"),
        ("source", "", "Say where the number comes from"),
    ],
)
def test_a_bad_cell_is_placed_and_explained(tmp_path: Path, column: str, cell: str, words: str) -> None:
    message = refusal(write(tmp_path, {"setting": "Elm"}, {column: cell}))
    assert "'places.csv' has 1 problem" in message
    # Of a pair of cells, the blank one is named.
    assert f"Row 3, column '{column}'" in message or f"Row 3, column '{PAIRS.get(column)}'" in message
    assert words in message


def test_every_problem_is_reported_and_ten_are_shown(tmp_path: Path) -> None:
    path = write(tmp_path, *({"setting": f"S{i}", "places": "x", "status": "y"} for i in range(7)))
    message = refusal(path)
    assert "has 14 problems" in message
    assert message.count("Row ") == 10
    assert "and 4 more" in message


def test_a_hostile_cell_cannot_stretch_or_split_a_message(tmp_path: Path) -> None:
    message = refusal(write(tmp_path, {"provision": "a\nb\x1b[31m" + "x" * 5000}))
    assert len(message) < 500
    assert "\x1b" not in message


def test_a_repeated_row_is_refused(tmp_path: Path) -> None:
    assert "Row 3, column 'setting': repeats row 2" in refusal(write(tmp_path, {}, {}))


OVERLAPS = [
    {"places": "80"},
    {"setting": "OAK SCHOOL", "from_academic_year": "2030/31"},
    {"needs": "All"},
    {"age_low": "10", "age_high": "12", "from_academic_year": "2020/21", "to_academic_year": "2024/25"},
]
APART = [
    {"from_academic_year": "2020/21", "to_academic_year": "2023/24"},
    {"age_low": "11", "age_high": "15"},
    {"needs": "SEMH"},
    {"provision": "inmss"},
    {"setting": "Oak School (expansion)"},
]


@pytest.mark.parametrize("other", OVERLAPS)
def test_places_offered_twice_are_refused(tmp_path: Path, other: dict[str, str]) -> None:
    assert "years overlap those of row 2" in refusal(write(tmp_path, {}, other))


@pytest.mark.parametrize("other", APART)
def test_rows_that_share_no_place_are_read(tmp_path: Path, other: dict[str, str]) -> None:
    assert len(read_register(write(tmp_path, {}, other)).rows) == 2


def test_a_register_made_in_code_obeys_the_same_rules() -> None:
    with pytest.raises(RegisterError, match="age_low is not above age_high"):
        Register(317, frame({"age_low": 12}), "made")
    with pytest.raises(RegisterError, match="overlap"):
        Register(317, frame({}, {"places": 3}), "made")
    with pytest.raises(RegisterError, match="status"):
        Register(317, frame({"status": "shut"}), "made")


# --- capacity, roll, funding, schemes -----------------------------------------------------------------------


def test_capacity_roll_and_funded_places_stay_apart(tmp_path: Path) -> None:
    cells = {
        "places": "70",
        "roll": "82",
        "roll_january": "2025",
        "funded_places": "75",
        "max_occupancy": "95%",
    }
    register = read_register(write(tmp_path, cells))
    row = register.rows.loc[0]
    assert (row["places"], row["roll"], row["funded_places"], row["max_occupancy"]) == (70, 82, 75, 95.0)
    assert places_by_phase(register, [2025])["places"].sum() == 70, "only capacity is counted"
    assert register.warnings == (
        "'Oak School' has 70 places in 2024/25, but 82 were on roll in January 2025. Check places and roll, or say in "
        "the note why.",
    )


def test_places_that_will_fall_below_the_roll_are_warned_of_by_school(tmp_path: Path) -> None:
    counted = {"roll": "65", "roll_january": "2025", "to_academic_year": "2026/27"}
    smaller = {"from_academic_year": "2027/28", "places": "60"}
    elm = {"setting": "Elm", "urn": ""}
    older = {"age_low": "11", "age_high": "15", "places": "5"}
    path = write(tmp_path, counted, smaller, {**elm, "roll": "74", "roll_january": "2025"}, elm | older)
    (warning,) = read_register(path).warnings
    assert warning.startswith("'Oak School' has 60 places in 2027/28, but 65 were on roll")
    proposal = {"setting": "Oak (site 2)", "places": "20", "from_academic_year": "2027/28"}
    assert (
        len(read_register(write(tmp_path, counted, smaller, {**proposal, "status": "proposed"})).warnings)
        == 1
    )
    assert not read_register(write(tmp_path, counted, smaller, {**proposal, "status": "agreed"})).warnings


def test_a_roll_outside_the_years_of_its_row_is_said_to_be_unused(tmp_path: Path) -> None:
    (warning,) = read_register(write(tmp_path, {"roll": "99", "roll_january": "2020"})).warnings
    assert "outside the years of its row" in warning


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2023-11-05", "2023-11-05"), ("05/11/2023", "2023-11-05"), ("Nov-23", "2023-11"), ("November 2023", "2023-11"),
        ("2023-11-05 00:00:00", "2023-11-05"), ("2023", "2023"), ("", None), ("2024-09-01", "2024-09-01"),
    ],
)  # fmt: skip
def test_dates_are_read_as_spreadsheets_rewrite_them(tmp_path: Path, written: str, read: str | None) -> None:
    found = read_register(write(tmp_path, {"status": "agreed", "agreed_on": written})).rows["agreed_on"][0]
    assert found == read or (read is None and pd.isna(found))


def test_a_proposed_scheme_has_no_date_of_agreement(tmp_path: Path) -> None:
    message = refusal(write(tmp_path, {"status": "proposed", "agreed_on": "2024-01"}))
    assert "If it is agreed, write status 'agreed'" in message


def test_places_elsewhere_are_not_taken_by_others(tmp_path: Path) -> None:
    assert "already those your residents use" in refusal(
        write(tmp_path, {"located": "elsewhere", "taken_by_others": "3"})
    )


def test_several_faults_of_one_row_are_reported_together(tmp_path: Path) -> None:
    message = refusal(
        write(tmp_path, {"needs": "ADS", "taken_by_others": "99", "agreed_on": "2030-01", "age_high": ""})
    )
    assert "has 4 problems" in message


def test_a_step_cannot_open_by_year_group(tmp_path: Path) -> None:
    step = {"from_academic_year": "2026/27", "phasing": "by_year_group"}
    message = refusal(write(tmp_path, {"to_academic_year": "2025/26"}, step))
    assert "Row 3, column 'phasing': 'by_year_group' on a row that follows on from row 2" in message


def test_a_school_that_opens_by_year_group_counts_the_groups_open() -> None:
    register = Register(
        1, frame({"age_low": 9, "age_high": 12, "places": 40, "phasing": "by_year_group"}), "made"
    )
    places = places_by_phase(register, [2024, 2025, 2026, 2027, 2028, 2029]).query("places > 0")
    found = places[["january", "phase", "places"]].to_records(index=False).tolist()
    assert found == [
        (2025, "primary", 10.0), (2026, "primary", 20.0), (2027, "primary", 20.0), (2027, "secondary", 10.0),
        (2028, "primary", 20.0), (2028, "secondary", 20.0), (2029, "primary", 20.0), (2029, "secondary", 20.0),
    ]  # fmt: skip


def test_blanks_stand_for_documented_defaults() -> None:
    register = Register(
        1,
        frame(
            {},
            {"setting": "Elm", "status": "agreed", "confidence": "low"},
            {"setting": "Yew", "status": "proposed", "confidence": "medium", "chance_delivered": 80.0},
        ),
        "made",
    )
    columns = ["max_occupancy", "taken_by_others", "phasing", "chance_delivered", "chance_on_time"]
    found = with_defaults(register.rows)[columns].to_numpy().tolist()
    low, medium = SLIPPAGE["agreed", "low"], SLIPPAGE["proposed", "medium"]
    assert found == [
        [100, 0, "all", 100, 100],
        [100, 0, "all", low.delivered, low.on_time],
        [100, 0, "all", 80, medium.on_time],
    ]
    assert register.rows["chance_delivered"].isna().tolist() == [True, True, False], (
        "the register is left as it is"
    )


def test_rows_follow_on_through_changes_of_size_ages_and_needs() -> None:
    oak = {"setting": "Oak", "provision": "state_special", "located": "local", "needs": "ASD"}
    rows = [
        {**oak, "age_low": 4, "age_high": 10, "from_academic_year": "2020/21", "to_academic_year": "2022/23"},
        {**oak, "age_low": 11, "age_high": 15, "from_academic_year": "2020/21", "to_academic_year": "2022/23"},
        {**oak, "age_low": 11, "age_high": 18, "from_academic_year": "2023/24", "to_academic_year": None},
        {**oak, "age_low": 4, "age_high": 10, "from_academic_year": "2023/24", "to_academic_year": "2023/24",
         "needs": "SEMH"},
        {**oak, "age_low": 4, "age_high": 10, "from_academic_year": "2025/26", "to_academic_year": None},
    ]  # fmt: skip
    assert find_chains(dict(enumerate(rows))) == [[0, 3], [1, 2], [4]], "a gap of a year ends a unit"


# --- whose register -----------------------------------------------------------------------------------------

HATTON, NEWBRIDGE = "102881", "144875"


def test_a_file_says_whose_it_is(tmp_path: Path) -> None:
    path = tmp_path / "redbridge.csv"
    write_register(Register(317, frame({"urn": None}), "made"), path)
    assert read_register(path).la_code == 317
    with pytest.raises(RegisterError, match=r"looks like a register of Redbridge .* given for Kent"):
        read_register(path, 886)
    path.write_text(path.read_text("utf-8-sig").replace(",317", ",999"), "utf-8")
    assert "'999' is not the DfE number of an authority" in refusal(path)


def test_schools_of_another_authority_give_a_register_away(tmp_path: Path) -> None:
    schools = tables.read("specialist_establishments").set_index("urn")["la_code"]
    assert {int(u): int(schools[int(u)]) for u in (HATTON, NEWBRIDGE)} == {102881: 317, 144875: 317}
    kent = str(schools[schools == 886].index[0])
    path = write(
        tmp_path, {"urn": HATTON}, {"urn": NEWBRIDGE, "setting": "New"}, {"urn": kent, "setting": "K"}
    )
    with pytest.raises(RegisterError, match=r"register of Redbridge \(2 of its 3 special schools"):
        read_register(path, 886)
    with pytest.raises(RegisterError, match=rf"Row 4, column 'urn': '{kent}' is a school in Kent"):
        read_register(path, 317)
    assert len(read_register(path).rows) == 3, "nobody said whose it is"
    path = write(tmp_path, {"urn": HATTON}, {"urn": kent, "located": "elsewhere", "setting": "K"})
    assert len(read_register(path, 317).rows) == 2


# --- workbooks ----------------------------------------------------------------------------------------------


def edit(path: Path, cells: dict[str, object], formats: dict[str, str] | None = None) -> Path:
    book = load_workbook(path)
    for place, value in cells.items():
        book["Register"][place] = value
    for place, shown_as in (formats or {}).items():
        book["Register"][place].number_format = shown_as
    book.save(path)
    return path


def place(column: str, row: int = 2) -> str:
    return f"{get_column_letter(COLUMNS.index(column) + 1)}{row}"


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    path = tmp_path / "places.xlsx"
    write_register(Register(317, frame({"urn": None}, {"urn": None, "setting": "=Elm"}), "made"), path)
    return path


def test_a_workbook_guides_and_reads_back(workbook: Path) -> None:
    book = load_workbook(workbook)
    assert book.sheetnames == ["Register", "Guidance"]
    rules = {
        str(rule.sqref).split(":")[0]: rule.formula1
        for rule in book["Register"].data_validations.dataValidation
    }
    assert rules[place("status")] == '"open,agreed,proposed"'
    assert {row[0].value for row in book["Guidance"].iter_rows(max_row=29)} >= {*COLUMNS, "la_code"}
    assert not any(cell.data_type == "f" for row in book["Register"].iter_rows() for cell in row)
    assert read_register(workbook).rows["setting"].tolist() == ["Oak School", "=Elm"]


def test_workbook_cells_are_read_as_they_are_shown(workbook: Path) -> None:
    cells = {
        place("places"): 71.0, place("agreed_on"): datetime(2023, 11, 5), place("max_occupancy"): 0.9,
        place("chance_on_time"): 80,
    }  # fmt: skip
    row = read_register(edit(workbook, cells, {place("max_occupancy"): "0%"})).rows.loc[0]
    assert (row["places"], row["agreed_on"], row["max_occupancy"], row["chance_on_time"]) == (
        71,
        "2023-11-05",
        90,
        80,
    )


def test_workbook_problems_are_placed_as_in_the_sheet(workbook: Path) -> None:
    message = refusal(edit(workbook, {place("places", 3): 7.5, place("needs", 5): "ASD"}))
    assert "Row 3, column 'places': '7.5' is not a whole number" in message
    assert "Row 5, column 'setting': is blank" in message
    assert "formula without a result" in refusal(edit(workbook, {place("places", 3): "=1+1"}))


def test_damaged_and_swollen_workbooks_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "places.xlsx"
    path.write_bytes(b"PK")
    assert "is not an .xlsx workbook" in refusal(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "no sheets")
    assert "cannot be read as a workbook" in refusal(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bytes(MAX_UNPACKED + 1))
    assert "unpacks to 200 MB" in refusal(path)


def test_a_workbook_that_cannot_hold_a_character_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="control character"):
        write_register(Register(1, frame({"note": "bell \x07"}), "made"), tmp_path / "out.xlsx")
    with pytest.raises(OutputError, match=r"registers are \.csv or \.xlsx files"):
        write_register(Register(1, frame({}), "made"), tmp_path / "out.ods")
    assert not list(tmp_path.iterdir())


def test_a_line_break_of_two_characters_is_held_or_refused_but_never_changed(tmp_path: Path) -> None:
    # Which of the two depends on the library that writes the sheet.
    path = tmp_path / "out.xlsx"
    register = Register(1, frame({"note": "two\r\nlines"}), "made")
    refused = False
    try:
        write_register(register, path)
    except OutputError:
        refused = True
    assert path.exists() != refused
    if not refused:
        pd.testing.assert_frame_equal(read_register(path, 1).rows, register.rows)


# --- writing ------------------------------------------------------------------------------------------------


def test_formulas_are_defused_on_writing_and_restored_on_reading(tmp_path: Path) -> None:
    names = ["=1+1", "+44", "-5", "@home", "'=quoted", "'plain", "''@twice"]
    register = Register(1, frame(*({"setting": n, "note": n} for n in names)), "made")
    path = tmp_path / "out.csv"
    write_register(register, path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        written = [row["setting"] for row in csv.DictReader(file)]
    assert not any(w.startswith(("=", "+", "-", "@")) for w in written)
    pd.testing.assert_frame_equal(read_register(path, 1).rows, register.rows)


def test_a_failed_write_leaves_the_old_file_and_no_draft(tmp_path: Path) -> None:
    register = Register(1, frame({}), "made")
    target = tmp_path / "taken.csv"
    target.mkdir()
    with pytest.raises(OutputError, match=r"taken\.csv"):
        write_register(register, target)
    with pytest.raises(OutputError, match="cannot be written"):
        write_register(register, tmp_path / "no folder" / "out.csv")
    assert list(tmp_path.iterdir()) == [target]


# --- numbers read off a register ----------------------------------------------------------------------------


def test_places_follow_years_phases_location_and_status() -> None:
    register = Register(
        317,
        frame(
            {"age_low": 3, "age_high": 6, "places": 40, "to_academic_year": "2024/25"},
            {"age_low": 3, "age_high": 6, "places": 80, "from_academic_year": "2025/26", "status": "agreed"},
            {"setting": "Hill", "age_low": 14, "age_high": 17, "places": 10, "located": "elsewhere"},
            {"setting": "Vale", "places": 500, "status": "proposed"},
            {"setting": "Private", "places": 500, "provision": "inmss"},
        ),
        "made",
    )
    places = places_by_phase(register, [2024, 2025, 2026])
    assert len(places) == 3 * len(SPECIALIST_PROVISIONS) * len(PHASE_CODES) * 2
    found = places[places["places"] > 0].drop(columns="provision").to_records(index=False).tolist()
    assert found == [
        (2025, "early_years", "local", 10.0),
        (2025, "primary", "local", 30.0),
        (2025, "secondary", "elsewhere", 5.0),
        (2025, "post16", "elsewhere", 5.0),
        (2026, "early_years", "local", 20.0),
        (2026, "primary", "local", 60.0),
        (2026, "secondary", "elsewhere", 5.0),
        (2026, "post16", "elsewhere", 5.0),
    ]
    assert places_by_phase(register, [2025], statuses=("proposed",))["places"].sum() == 500


def test_an_unknown_status_is_refused() -> None:
    with pytest.raises(RegisterError, match="'closed' is not a status"):
        in_force(Register(1, frame({}), "made"), 2025, statuses=("closed",))


def test_estimated_share_counts_specialist_places_only() -> None:
    register = Register(
        1,
        frame(
            {"places": 30},
            {"setting": "Hill", "places": 10, "basis": "estimated"},
            {"setting": "Private", "places": 99, "provision": "inmss", "basis": "estimated"},
        ),
        "made",
    )
    share = estimated_share(register, 2025).set_index("provision")
    assert share.loc["state_special"].tolist() == [40, 10, 0.25]
    assert share.loc["All"].tolist() == [40, 10, 0.25]
    assert pd.isna(share.loc["specialist_base", "share"])


# --- Redbridge ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def redbridge() -> Register:
    return read_register(SHIPPED / "redbridge.csv", 317)


def test_redbridge_holds_the_published_places(redbridge: Register) -> None:
    now = in_force(redbridge, 2025).groupby(["urn", "provision"])["places"].sum()
    published = {102881: 191, 102878: 195, 102879: 80, 144875: 169}
    assert {urn: now[urn, "state_special"] for urn in published} == published
    assert in_force(redbridge, 2025).query("setting.str.startswith('Hatchside')")["places"].sum() == 64
    local = redbridge.rows.query("provision == 'state_special' and located == 'local'")
    assert in_force(Register(317, local, "local"), 2025)["places"].sum() == 699


def test_redbridge_grows_as_the_plans_say(redbridge: Register) -> None:
    def places(prefix: str, january: int) -> int:
        rows = in_force(redbridge, january, statuses=("open", "agreed"))
        return int(rows.loc[rows["setting"].str.startswith(prefix), "places"].sum())

    assert [places("Caterham", y) for y in range(2023, 2031)] == [4, 8, 12, 16, 20, 24, 28, 28]
    assert [places("Redbridge Primary", y) for y in range(2023, 2032)] == [0, 4, 8, 12, 16, 20, 24, 28, 28]
    assert [places("Hatton", y) for y in (2025, 2026, 2027)] == [191, 230, 250]
    assert places("Little Heath", 2030) == 195, "the unconfirmed 70 are proposed, so not counted"


def test_redbridge_says_where_every_row_comes_from(redbridge: Register) -> None:
    rows = redbridge.rows
    assert (rows["source"].str.len() > 10).all()
    assert (rows.loc[rows["located"] == "elsewhere", "basis"] == "estimated").all()
    assert (rows.loc[rows["confidence"] == "high", "basis"] == "published").all()


def test_redbridge_net_use_is_residents_less_local_places(redbridge: Register) -> None:
    if not (tables.PUBLISHED / "plans_age_placement.parquet").exists():
        pytest.skip("the table plans_age_placement is not built")
    people = residents(tables.read("plans_age_placement"), tables.read("plans_placement"), 317)
    local = redbridge.rows.query("located == 'local'")
    worked_out = {(r["provision"], r["age_low"], r["age_high"]): r["places"] for r in net_use(local, people)}
    elsewhere = in_force(redbridge, 2026).query("located == 'elsewhere'")
    written = elsewhere.set_index(["provision", "age_low", "age_high"])["places"].to_dict()
    assert worked_out == written
    assert worked_out == {
        ("state_special", 4, 10): 5,  # 362 residents less 357 local places
        ("state_special", 11, 15): 84,  # 318 less 234
        ("state_special", 16, 25): 59,  # 156 less 97
        ("specialist_post16", 16, 25): 17,  # no such institution in the authority
    }


def test_redbridge_keeps_rolls_and_funding_beside_its_places(redbridge: Register) -> None:
    rows = redbridge.rows.dropna(subset=["roll"]).set_index("setting")
    assert rows["roll"].to_dict() == {
        "Little Heath School": 213, "New Rush Hall School": 74, "Newbridge School": 175, "Endeavour House School": 13,
    }  # fmt: skip
    funded = in_force(redbridge, 2024).dropna(subset=["funded_places"]).groupby("urn")["funded_places"].sum()
    assert {urn: funded[urn] for urn in (144875, 148240)} == {144875: 145 + 24, 148240: 64}
    assert [w.split("'")[1] for w in redbridge.warnings] == ["Little Heath School", "Newbridge School"]


def test_redbridge_schemes_are_told_apart_by_status(redbridge: Register) -> None:
    table = counted_by_year(redbridge).set_index("academic_year")
    assert table.loc["2024/25"].tolist() == [954, 0, 0]
    # What residents use elsewhere is that of January 2025 for one year (117 places), then that of January 2026 (165).
    assert table.loc["2025/26"].tolist() == [1010, 39, 0]
    assert table.loc["2029/30"].tolist() == [982, 115, 70]
