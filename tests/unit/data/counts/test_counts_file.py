"""The council's own counts as files: one template, one reader, and every problem with where, why and what to do."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from data.council_files.column_mapping import FOLDER_VARIABLE, remember
from data.council_files.corrected_copy import accept, correct, typed_fix
from data.council_files.kept_files import COUNTS
from data.counts import kept_counts
from data.counts.count_tables import BANDS, COUNT_KINDS
from data.counts.counts_file import (
    OnDay,
    check_counts,
    propose_counts,
    read_counts,
    template_keys,
    what_is_in,
    write_counts,
    write_template,
)
from data.counts.own_counts import (
    NotInSchoolCount,
    OwnCounts,
    PlansCount,
    StaffCount,
    WaitingCount,
    census_day,
    is_newer,
)
from data.errors import ConflictError, CountError, OutputError
from data.sign_in.people import this_computer
from data.vocabulary import BAND_CODES, NEED_CODES

REDBRIDGE, KENT = 317, 886
AT = OnDay(date(2026, 11, 30), 2026)
DAY = date(2026, 9, 30)
JO = this_computer("Jo")


def counts(**changed: object) -> OwnCounts:
    """Return counts with every part filled in."""
    needs = dict.fromkeys(NEED_CODES, 0) | {"ASD": 2310, "SLCN": 2000}
    plans = {
        "day": DAY, "total": 4310, "bands": dict(zip(BAND_CODES, (150, 1800, 1330, 790, 240), strict=True)), "needs": needs,
        "placements": {"state_special": 900, "mainstream": 2100}, "requests_open": 120, "assessments_open": 60, "ceased": 190,
    }  # fmt: skip
    return OwnCounts(
        la_code=REDBRIDGE,
        plans=PlansCount.model_validate(plans | changed),
        waiting=(
            WaitingCount(day=DAY, need="ASD", phase="primary", children=35, definition="=named, no place"),
        ),
        not_in_school=(
            NotInSchoolCount(
                day=DAY, state="part_time", need="All", phase="All", children=12, definition="under 20 hours"
            ),
        ),
        staff=(StaffCount(day=DAY, role="caseworkers", posts=22.5, vacant=3, note="two on leave"),),
    )


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def filled(tmp_path: Path, changes: dict[tuple[str, str], str], more: list[list[str]] | None = None) -> Path:
    """Return a CSV file of the template, filled in with a date, a total and changes."""
    path = tmp_path / "mine.csv"
    write_template(REDBRIDGE, path)
    values = {("date", ""): "2026-09-30", ("total", ""): "4310"} | changes
    rows = rows_of(path)
    for row in rows[1:]:
        row[2] = values.get((row[0], row[1]), row[2])
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([*rows, *(more or [])])
    return path


def problem(tmp_path: Path, changes: dict[tuple[str, str], str], more: list[list[str]] | None = None) -> str:
    with pytest.raises(CountError) as refused:
        read_counts(filled(tmp_path, changes, more), REDBRIDGE, AT)
    return str(refused.value)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_template_needs_a_date_and_a_total_and_says_so_once(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"counts{suffix}"
    write_template(REDBRIDGE, path)
    with pytest.raises(
        CountError, match=r"(?s)2 problems.*row 3, column 'value': the row 'date'.*row 4.*'total'"
    ):
        read_counts(path, REDBRIDGE, AT)


def test_the_fewest_figures_are_enough(tmp_path: Path) -> None:
    read = read_counts(filled(tmp_path, {}), REDBRIDGE, AT)
    assert read.plans == PlansCount(day=DAY, total=4310)
    assert (read.waiting, read.not_in_school, read.staff) == ((), (), ())


def test_a_workbook_reads_back_as_written_and_a_csv_file_keeps_the_plans(tmp_path: Path) -> None:
    for suffix in (".xlsx", ".csv"):
        write_counts(counts(), tmp_path / f"c{suffix}")
    book = read_counts(tmp_path / "c.xlsx", REDBRIDGE, AT)
    assert book == counts().model_copy(update={"origin": "c.xlsx"})
    assert read_counts(tmp_path / "c.csv", REDBRIDGE, AT).plans == counts().plans
    assert kept_counts.fingerprint(book) == kept_counts.fingerprint(counts())
    assert kept_counts.fingerprint(counts(total=4310, ceased=191)) != kept_counts.fingerprint(counts())


def test_no_cell_of_a_workbook_is_a_formula_and_no_age_band_a_date(tmp_path: Path) -> None:
    write_counts(counts(), tmp_path / "c.xlsx")
    book = load_workbook(tmp_path / "c.xlsx")
    assert book.sheetnames == ["Plans", "Waiting", "Not in school", "Staff", "Guidance"]
    assert "f" not in {c.data_type for sheet in book for row in sheet.iter_rows() for c in row}
    assert all("to" in text for text in BANDS.values())


def test_spellings_of_codes_dates_and_numbers_are_put_right(tmp_path: Path) -> None:
    path = filled(tmp_path, {("date", ""): "30/09/2026", ("total", ""): "4,310"})
    text = path.read_text("utf-8").replace("age band,0 to 4,,", "Age band,Under 5,10,")
    path.write_text(text.replace("age band,5 to 10,,", "age band,5-10,4300,"), "utf-8")
    with pytest.raises(CountError, match="age bands are given, but not 11-15, 16-19 and 20-25"):
        read_counts(path, REDBRIDGE, AT)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({("date", ""): "2026-12-01"}, "1 December 2026 is in the future (today is 30 November 2026)"),
        ({("date", ""): "2026-01-15"}, "not after the newest published return, of 15 January 2026"),
        ({("date", ""): "2025-06-30"}, "so the count would be of no use. Count plans on a later day"),
        ({("date", ""): "last week"}, "'last week' is not a date. Write it like 2026-09-30"),
        ({("authority", ""): "886"}, "'886' is Kent, but the count was given for Redbridge"),
        ({("total", ""): "-4"}, "'-4' is below 0"),
        ({("total", ""): "4310.5"}, "'4310.5' is not a whole number"),
        ({("total", ""): "=SUM(C5:C9)"}, "is a formula, which is not worked out here"),
        ({("total", ""): "many"}, "'many' is not a number"),
        ({("total", ""): "0"}, "there are no plans in it"),
        ({("ceased since January", ""): "4311"}, "4,311 plans ceased since January is more than the 4,310 plans"),
        ({("placement", "mainstream"): "4311"}, "the placements add up to 4,311, more than the total"),
        ({("need", "ASD"): "10"}, "needs are given, but not SLCN"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_with_why_and_what_to_do(
    changes: dict[tuple[str, str], str], message: str, tmp_path: Path
) -> None:
    said = problem(tmp_path, changes)
    assert message in said
    assert "Sheet 'Plans', row" in said
    assert "nothing was read from it and the forecast was not changed" in said


def test_bands_that_do_not_add_up_are_refused(tmp_path: Path) -> None:
    bands = {("age band", code): "800" for code in BANDS.values()}
    assert "the age bands add up to 4,000, but the total is 4,310" in problem(tmp_path, bands)


def test_needs_that_leave_many_out_are_refused(tmp_path: Path) -> None:
    needs = {("need", code): "100" for code in NEED_CODES}
    assert "the needs add up to 1,300, but the total is 4,310" in problem(tmp_path, needs)


def test_an_unknown_need_row_or_a_row_given_twice_is_named(tmp_path: Path) -> None:
    said = problem(
        tmp_path, {}, [["need", "ADS", "5", ""], ["totals of all", "", "5", ""], ["total", "", "9", ""]]
    )
    assert "3 problems" in said
    assert "Did you mean 'ASD'?" in said
    assert "'totals of all' is not a row of the template we know" in said
    assert "total is row 4 too" in said


def test_every_problem_of_every_sheet_is_reported_at_once(tmp_path: Path) -> None:
    path = tmp_path / "c.xlsx"
    write_counts(counts(), path)
    book = load_workbook(path)
    book["Plans"]["C4"] = -1
    book["Waiting"].append(["2026-09-30", "ADS", "primary", 4, "named"])
    book["Waiting"].append(["2027-09-30", "ASD", "primary", 4, "named"])
    book["Staff"].append(["2026-09-30", "psychologists", 2, 3, ""])
    book.save(path)
    with pytest.raises(CountError) as refused:
        read_counts(path, REDBRIDGE, AT)
    said = str(refused.value)
    assert "4 problems" in said
    for part in ("Sheet 'Waiting', row 3, column 'need'", "Sheet 'Waiting', row 4, column 'date'",
                 "Sheet 'Staff', row 3, column 'vacant_fte'", "Sheet 'Plans', row 4"):  # fmt: skip
        assert part in said


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.csv", None, "There is no file"),
        ("x.ods", b"x", "is not a .csv file or .xlsx workbook"),
        ("x.xlsx", b"not a zip", "is not an .xlsx workbook although its name says so"),
        ("x.csv", b"what,code\n", "column(s) missing: 'value'"),
        ("x.csv", b"\n", "has no rows on the sheet Plans"),
        ("x.csv", b"what,value\n\xf3,1\n", "is not UTF-8 text"),
    ],
)
def test_files_that_are_no_counts_are_refused(
    name: str, content: bytes | None, message: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CountError) as refused:
        read_counts(path, REDBRIDGE, AT)
    assert message in str(refused.value)


def test_a_file_of_another_kind_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"they are \.xlsx workbooks, or \.csv files of plans alone"):
        write_template(REDBRIDGE, tmp_path / "counts.docx")


def test_returns_count_plans_on_the_third_thursday_of_january() -> None:
    assert [census_day(j).isoformat() for j in (2023, 2024, 2025, 2026)] == [
        "2023-01-19", "2024-01-18", "2025-01-16", "2026-01-15",
    ]  # fmt: skip
    assert is_newer(counts(), 2026)
    assert not is_newer(counts(), 2027)


def test_what_is_in_a_file_is_said_with_what_is_not_used() -> None:
    said = " ".join(what_is_in(counts()))
    assert "4,310 EHC plans on 30 September 2026, by age band, primary need and placement." in said
    assert "35 children waiting for a place: kept, and not used by the forecast yet." in said
    assert "22.5 posts of staff" in said


def test_a_kept_version_reads_back_and_is_read_after_the_next_return_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(COUNTS.variable, str(tmp_path / "kept"))
    kept = kept_counts.keep(JO, counts(), REDBRIDGE, 0)
    assert kept_counts.read(kept) == counts().model_copy(update={"origin": "0001.xlsx"})
    with pytest.raises(ConflictError):
        kept_counts.keep(JO, counts(), REDBRIDGE, 0)
    with pytest.raises(CountError, match="are not Kent's"):
        kept_counts.keep(JO, counts(), KENT, 0)


def test_a_council_s_own_words_under_a_title_are_read(tmp_path: Path) -> None:
    path = tmp_path / "plans.csv"
    path.write_bytes(
        "EHC plans, SEND team\r\n\r\nMeasure;Breakdown value;Number of plans\r\nLA;;317\r\nAs at;;30th September 2026\r\n"
        "Total plans;;4,310.0\r\n".encode("utf-16")
    )
    assert read_counts(path, REDBRIDGE, AT).plans == PlansCount(day=DAY, total=4310)


BY_NEED = """EHC plans maintained by the council as at 30 September 2026,,
,,
Type of need,Number of EHCPs,Ward notes
Autistic Spectrum Disorder,"2,310",see map
"Speech, Language and Communication Needs","2,000",
{rest}Total,"4,310",
Source: case system,,
"""
REST = "".join(f"{code},0,\n" for code in NEED_CODES if code not in ("ASD", "SLCN"))


@pytest.fixture
def mappings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "mappings"))
    return tmp_path / "mappings"


def by_need(folder: Path, text: str = BY_NEED.format(rest=REST)) -> Path:
    path = folder / "needs.csv"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.usefixtures("mappings")
def test_a_table_of_plans_by_need_is_confirmed_once_and_then_read(tmp_path: Path) -> None:
    path = by_need(tmp_path)
    proposal = propose_counts(path, REDBRIDGE)
    assert proposal is not None
    assert proposal.mapping.of("column") == {
        "Type of need": "primary_need", "Number of EHCPs": "value", "Ward notes": "aside",
    }  # fmt: skip
    assert proposal.mapping.of("value") == {"date": "2026-09-30", "total": ""}
    with pytest.raises(CountError, match=r"sendplan counts check 317 needs\.csv"):
        read_counts(path, REDBRIDGE, AT)
    read = check_counts(path, REDBRIDGE, AT, proposal.mapping)
    assert read.counts is not None
    assert (read.counts.plans.day, read.counts.plans.total) == (DAY, 4310)
    assert read.counts.plans.needs["ASD"] == 2310
    assert any("a remark" in remark for remark in read.remarks)
    remember(proposal.mapping, COUNT_KINDS["Plans"], REDBRIDGE, proposal.names)
    assert propose_counts(path, REDBRIDGE) is None
    assert read_counts(path, REDBRIDGE, AT).plans == read.counts.plans


@pytest.mark.usefixtures("mappings")
def test_sheets_of_a_councils_own_are_confirmed_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "own.xlsx"
    book = Workbook()
    plans = book.active
    plans.title = "Plans"
    for row in csv.reader(BY_NEED.format(rest=REST).splitlines()):
        plans.append([int(c.replace(",", "")) if c.replace(",", "").isdigit() else c for c in row])
    waiting = book.create_sheet("Waiting")
    waiting.append(["Children waiting for a place"])
    waiting.append(["Need", "Key stage", "Children waiting"])
    waiting.append(["ASD", "", "c. 35"])
    waiting.append(["Total", "", 35])
    book.save(path)
    first = propose_counts(path, REDBRIDGE)
    assert first is not None
    assert first.kind_code == "counts-plans"
    remember(first.mapping, COUNT_KINDS["Plans"], REDBRIDGE, first.names)
    second = propose_counts(path, REDBRIDGE)
    assert second is not None
    assert second.kind_code == "counts-waiting"
    answered = second.mapping.answered({"date": "30 September 2026", "definition": "no place offered"})
    read = check_counts(path, REDBRIDGE, AT, answered).counts
    assert read is not None
    assert read.waiting == (
        WaitingCount(day=DAY, need="ASD", phase="All", children=35, definition="no place offered"),
    )


def test_a_total_that_differs_from_the_tables_is_refused_and_so_is_a_column_mapped_twice(
    tmp_path: Path,
) -> None:
    path = by_need(tmp_path, BY_NEED.format(rest=REST).replace('Total,"4,310"', 'Total,"5,310"'))
    proposal = propose_counts(path, REDBRIDGE)
    assert proposal is not None
    problems = check_counts(path, REDBRIDGE, AT, proposal.mapping).problems
    assert any("the needs add up to 4,310, but the total is 5,310" in p.text for p in problems)
    with pytest.raises(CountError, match="'value' is mapped twice"):
        check_counts(path, REDBRIDGE, AT, proposal.mapping.answered({"Ward notes": "value"}))


@pytest.mark.usefixtures("mappings")
def test_the_next_file_with_the_same_headings_is_not_read_as_of_the_day_of_the_last(tmp_path: Path) -> None:
    path = by_need(tmp_path)
    proposal = propose_counts(path, REDBRIDGE)
    assert proposal is not None
    remember(
        proposal.mapping.answered({"date": "2026-09-29"}), COUNT_KINDS["Plans"], REDBRIDGE, proposal.names
    )
    assert read_counts(path, REDBRIDGE, AT).plans.day == date(2026, 9, 29), "as was confirmed of this file"
    later = by_need(tmp_path, path.read_text("utf-8").replace("30 September", "31 October"))
    again = propose_counts(later, REDBRIDGE)
    assert again is not None
    assert again.mapping.of("value")["date"] == "2026-10-31"
    with pytest.raises(CountError, match="not in the template"):
        read_counts(later, REDBRIDGE, AT)


AGES = "0-4,150\n5 to 10,1800\n11 to 15,1330\n16-19,790\n20-25,240\nTotal,4310\n"
BY_AGE_THEN_NEED = """EHC plans on 30 September 2026
Age band,Number of plans
{ages}
{title}
Primary need,EHCPs,Ward notes
ASD,2310,see map
SLCN,2000,
{rest}Total,4310,
"""


def stacked(folder: Path, title: str = "Plans by primary need", swapped: bool = False) -> Path:
    text = BY_AGE_THEN_NEED.format(ages=AGES, title=title, rest=REST)
    if swapped:
        rows = [row.split(",") for row in text.splitlines()]
        at = next(n for n, row in enumerate(rows) if row[0] == "Primary need")
        text = "\n".join(
            ",".join([row[1], row[0], *row[2:]] if n >= at else row) for n, row in enumerate(rows)
        )
    return by_need(folder, text)


@pytest.mark.usefixtures("mappings")
@pytest.mark.parametrize("swapped", [False, True])
def test_tables_of_plans_below_each_other_are_read_as_one_after_one_confirmation(
    tmp_path: Path, swapped: bool
) -> None:
    path = stacked(tmp_path, swapped=swapped)
    proposal = propose_counts(path, REDBRIDGE)
    assert proposal is not None
    assert not proposal.mapping.questions
    read = check_counts(path, REDBRIDGE, AT, proposal.mapping)
    assert read.counts is not None
    assert (read.counts.plans.total, read.counts.plans.bands) == (4310, counts().plans.bands)
    assert read.counts.plans.needs == counts().plans.needs
    assert [n for n in read.remarks if "Row 10" in n or "Row 11" in n] == [
        "Row 10 is a heading without figures and was left out: 'Plans by primary need'.",
        "Row 11 repeats the header and was left out.",
    ]
    aside = read.counts.aside["Plans"]
    assert aside.names == ("Ward notes",)
    assert [key for key, cells in zip(template_keys(), aside.cells, strict=True) if any(cells)] == [
        ("need", "ASD")
    ]


@pytest.mark.usefixtures("mappings")
def test_tables_of_different_days_or_with_different_totals_are_never_put_together(tmp_path: Path) -> None:
    path = stacked(tmp_path, "Plans by primary need, 31 March 2026")
    proposal = propose_counts(path, REDBRIDGE)
    assert proposal is not None
    assert proposal.mapping.questions
    other = (
        stacked(tmp_path)
        .read_text("utf-8")
        .replace("ASD,2310", "ASD,2000")
        .replace("Total,4310,", "Total,4000,")
    )
    path = by_need(tmp_path, other)
    proposal = propose_counts(path, REDBRIDGE)
    assert proposal is not None
    read = check_counts(path, REDBRIDGE, AT, proposal.mapping)
    assert read.counts is None
    assert any("total is row 8 too" in p.text for p in read.problems)


@pytest.mark.usefixtures("mappings")
def test_the_day_counted_is_told_from_the_day_of_the_extract_or_asked(tmp_path: Path) -> None:
    table = "Type of need,Number of EHCPs,{},{}\nASD,2310,2026-09-30,2026-10-05\nSLCN,2000,2026-09-30,2026-10-05\n"

    def asked(first: str, second: str) -> str:
        proposal = propose_counts(by_need(tmp_path, table.format(first, second)), REDBRIDGE)
        assert proposal is not None
        return proposal.mapping.of("value")["date"]

    assert asked("Date of count", "Date extracted") == "2026-09-30"
    assert asked("Date extracted", "Position as at") == "2026-10-05"
    assert asked("Date of count", "As at") == "?"
    assert asked("Date extracted", "Date printed") == "?"


@pytest.mark.usefixtures("mappings")
@pytest.mark.parametrize(("second", "sure"), [("Date extracted", True), ("As at", False)])
def test_two_dates_of_children_waiting_are_told_apart_or_confirmed(
    tmp_path: Path, second: str, sure: bool
) -> None:
    path = tmp_path / "two.xlsx"
    write_counts(counts(), path)
    book = load_workbook(path)
    head = ["Date", "Need", "Phase", "Children", "Definition", second]
    for row, cells in enumerate(
        [head, ["2026-09-30", "ASD", "All", 35, "no place offered", "2026-10-05"]], start=1
    ):
        for column, cell in enumerate(cells, start=1):
            book["Waiting"].cell(row, column, cell)
    book.save(path)
    proposal = propose_counts(path, REDBRIDGE)
    assert (proposal is None) == sure
    read = check_counts(path, REDBRIDGE, AT, None if proposal is None else proposal.mapping).counts
    assert read is not None
    assert read.waiting[0].day == DAY
    assert read.aside["Waiting"].cells == (("2026-10-05",),)
    write_counts(read, tmp_path / "kept.xlsx")
    assert read_counts(tmp_path / "kept.xlsx", REDBRIDGE, AT).aside == read.aside, (
        "read back without a question"
    )


def test_two_headers_that_could_both_be_it_are_refused(tmp_path: Path) -> None:
    table = "Type of need,Number of EHCPs,Notes\nASD,2310,\n"
    with pytest.raises(CountError, match="could both be the header"):
        propose_counts(
            by_need(tmp_path, f"{table}Primary need,Number of plans,Comments\nASD,2400,\n"), REDBRIDGE
        )


def test_columns_beside_the_template_are_said_and_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = filled(tmp_path, {})
    header, *rows = path.read_text("utf-8").splitlines()
    path.write_text(
        "\n".join([f"{header},team,Checked by", *(f"{row},north {n},=1+{n}" for n, row in enumerate(rows))]),
        "utf-8",
    )
    checked = check_counts(path, REDBRIDGE, AT)
    assert checked.counts is not None
    assert any("Kept aside unchanged" in remark for remark in checked.remarks)
    aside = checked.counts.aside["Plans"]
    assert aside.names == ("team", "Checked by")
    assert [cells[0] for cells in aside.cells] == [f"north {n}" for n in range(len(rows))], "blank rows too"
    monkeypatch.setenv(COUNTS.variable, str(tmp_path / "kept"))
    kept = kept_counts.read(kept_counts.keep(JO, checked.counts, REDBRIDGE, 0))
    assert kept == checked.counts.model_copy(update={"origin": "0001.xlsx"})
    assert kept_counts.fingerprint(kept) == kept_counts.fingerprint(checked.counts)
    write_counts(kept, tmp_path / "again.csv")
    assert read_counts(tmp_path / "again.csv", REDBRIDGE, AT).aside == kept.aside
    assert OwnCounts.model_validate_json(kept.model_dump_json()) == kept, (
        "as it is sent to work in the background"
    )


@pytest.mark.usefixtures("mappings")
def test_columns_beside_a_councils_own_tables_come_back_with_the_rows_that_they_were_beside(
    tmp_path: Path,
) -> None:
    proposal = propose_counts(by_need(tmp_path), REDBRIDGE)
    assert proposal is not None
    read = check_counts(by_need(tmp_path), REDBRIDGE, AT, proposal.mapping).counts
    assert read is not None
    write_counts(read, tmp_path / "kept.xlsx")
    header, *rows = load_workbook(tmp_path / "kept.xlsx")["Plans"].iter_rows(values_only=True)
    at = header.index("Ward notes")
    assert {(row[0], row[1]): row[at] for row in rows if row[at]} == {("need", "ASD"): "see map"}
    book = load_workbook(tmp_path / "kept.xlsx")
    for row, cells in enumerate([["date", "need", "phase", "children", "definition", "Ward"],
                                 ["2026-09-30", "ASD", "All", 35, "no place offered", "Loxford"],
                                 ["2026-09-30", "MLD", "All", 3, "no place offered", ""]], start=1):  # fmt: skip
        for column, cell in enumerate(cells, start=1):
            book["Waiting"].cell(row, column, cell)
    book.save(tmp_path / "kept.xlsx")
    again = read_counts(tmp_path / "kept.xlsx", REDBRIDGE, AT)
    assert again.plans == read.plans
    assert again.aside["Waiting"].cells == (("Loxford",), ("",))
    write_counts(again, tmp_path / "more.xlsx")
    assert read_counts(tmp_path / "more.xlsx", REDBRIDGE, AT) == again.model_copy(
        update={"origin": "more.xlsx"}
    )


@pytest.mark.usefixtures("mappings")
def test_a_table_of_plans_on_another_sheet_is_said_not_to_be_read(tmp_path: Path) -> None:
    book = Workbook()
    book.active.title = "Age"
    for row in [
        ["EHC plans on 30 September 2026"],
        *csv.reader(f"Age band,Number of plans\n{AGES}".splitlines()),
    ]:
        book.active.append([int(c) if c.isdigit() else c for c in row])
    for row in csv.reader(f"Primary need,Plans\n{REST}".splitlines()):
        book.create_sheet("Need").append(row) if "Need" not in book.sheetnames else book["Need"].append(row)
    book.save(tmp_path / "own.xlsx")
    proposal = propose_counts(tmp_path / "own.xlsx", REDBRIDGE)
    assert proposal is not None
    read = check_counts(tmp_path / "own.xlsx", REDBRIDGE, AT, proposal.mapping)
    assert read.counts is not None
    assert any("Not read" in remark and "'Need'" in remark for remark in read.remarks)


def test_what_is_hidden_in_a_workbook_of_counts_is_said(tmp_path: Path) -> None:
    path = tmp_path / "counts.xlsx"
    write_counts(counts(), path)
    book = load_workbook(path)
    book["Waiting"].row_dimensions[2].hidden = True
    book["Plans"].column_dimensions["D"].hidden = True
    book["Staff"].sheet_state = "hidden"
    book.save(path)
    checked = check_counts(path, REDBRIDGE, AT)
    assert checked.counts is not None
    assert checked.counts.staff == ()
    said = [r for r in checked.remarks if "idden" in r]
    assert [r.partition(":")[0] for r in said] == ["Sheet 'Plans'", "Sheet 'Plans'", "Sheet 'Waiting'"]
    assert "column(s) 'note'" in said[0]
    assert "sheet(s) 'Staff'" in said[1]
    assert "row(s) 2" in said[2]


def test_a_fix_below_zero_is_refused(tmp_path: Path) -> None:
    checked = check_counts(filled(tmp_path, {("total", ""): "many"}), REDBRIDGE, AT).sheets["Plans"]
    (problem,) = checked.problems
    with pytest.raises(CountError, match="is below 0"):
        typed_fix("mine.csv", COUNT_KINDS["Plans"], checked.table, problem, "-5")


def test_a_row_that_is_missing_is_no_cell_to_type_in(tmp_path: Path) -> None:
    path = filled(tmp_path, {})
    path.write_text(
        "\n".join(r for r in path.read_text("utf-8").splitlines() if not r.startswith("total")), "utf-8"
    )
    checked = check_counts(path, REDBRIDGE, AT).sheets["Plans"]
    (problem,) = checked.problems
    assert "the row 'total' is blank or missing" in problem.text
    with pytest.raises(CountError, match="no single cell"):
        typed_fix("mine.csv", COUNT_KINDS["Plans"], checked.table, problem, "4310")


def test_bands_that_became_dates_are_named_and_mended_one_by_one(tmp_path: Path) -> None:
    table = "Age band,Number of EHCPs\n0-4,150\n05-Oct,1800\nNov-15,1330\n16-19,790\n20-25,240\nTotal,4310\n"
    path = by_need(tmp_path, table)
    proposal = propose_counts(path, REDBRIDGE)
    assert proposal is not None
    mapping = proposal.mapping.answered({"date": "2026-09-30"})
    checked = check_counts(path, REDBRIDGE, AT, mapping).sheets["Plans"]
    assert [p.fix for p in checked.problems] == [
        (("what", "age band"), ("code", "5 to 10")),
        (("what", "age band"), ("code", "11 to 15")),
    ]
    assert "turned the ages '5-10' into it" in checked.problems[0].text
    mended = correct(
        path.name, COUNT_KINDS["Plans"], checked.table, checked.problems, accept(checked.problems, None)
    )
    copy = by_need(tmp_path, mended.text)
    assert read_counts(copy, REDBRIDGE, AT).plans.bands == counts().plans.bands


def test_a_table_of_pupils_or_of_other_columns_is_refused(tmp_path: Path) -> None:
    for table in (
        "Name,Primary need,Date of birth\nA,ASD,01/01/2015\n",
        "Primary need,Jan 2026,Sept 2026\nASD,1,2\n",
    ):
        with pytest.raises(CountError, match=r"column\(s\) missing"):
            read_counts(by_need(tmp_path, table), REDBRIDGE, AT)


def test_a_number_that_was_hidden_for_being_small_is_never_guessed(tmp_path: Path) -> None:
    path = by_need(tmp_path, BY_NEED.format(rest=REST.replace("HI,0", "HI,<5")))
    proposal = propose_counts(path, REDBRIDGE)
    assert proposal is not None
    (problem,) = check_counts(path, REDBRIDGE, AT, proposal.mapping).problems
    assert "'<5' is not a number" in problem.text
