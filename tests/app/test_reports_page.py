"""The page Reports: each report made from end to end, equal to the command line's, previewed and downloaded."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from functools import partial
from pathlib import Path

import docx
import openpyxl
import pandas as pd
import pytest
from xlsxwriter.utility import xl_range, xl_rowcol_to_cell

from data.capital.candidate_file import shipped, to_csv
from data.sign_in.people import this_computer
from data.tables import newest_january
from data.vocabulary import NEED_GROUP_CODES, PROVISION_CODES
from forecast.core.defaults import SEED
from forecast.reports import run_workbook
from forecast.reports.preview import Grid, Heading, Image, Text
from forecast.ui.background import report_jobs
from forecast.ui.background.job_inputs import JobInputs
from forecast.ui.background.report_jobs import MadeReport
from forecast.ui.components import results, work_requests
from forecast.ui.components.report_items import RETURNS
from scenarios import reading
from scenarios.keeping import keep
from scenarios.scenario import Scenario
from scenarios.store import Store
from scenarios.unsaved import Unsaved, pack
from tests.app import pages
from tests.app.pages import Finished, choices_of, open_page, text
from tests.command_line import printed

opened = partial(open_page, "reports")
REDBRIDGE, SCILLY = 317, 420
DAY = date(2025, 7, 1)


def quiet(done: int, total: int, says: str) -> None:
    """Take a report of progress and show nothing."""
    assert 0 < done <= total
    assert says


def asked(
    names: tuple[str, ...] = ("baseline",), la_code: int = REDBRIDGE, candidates: str | None = None
) -> JobInputs:
    """Return a question that is answered quickly."""
    futures = tuple((reading.find(n).title, reading.find(n)) for n in names)
    return JobInputs(la_code, 100, SEED, None, None, candidates, None, 0.8, futures)


# Scenarios side by side


@pytest.fixture(scope="module")
def compared() -> MadeReport:
    """Return three scenarios side by side."""
    names = ("baseline", "reform-2030", "low-births")
    return report_jobs.comparison(quiet, asked(names), names, 2032)


def test_the_comparison_is_the_table_of_the_command_line(compared: MadeReport, tmp_path: Path) -> None:
    out = tmp_path / "c.parquet"
    words = ["scenario", "compare", "Redbridge", "baseline", "reform-2030", "low-births"]
    printed(*words, "--year", "2032", "--draws", "100", "--no-record", "--out", str(out))
    assert list(compared.files) == ["redbridge-scenarios.parquet", "redbridge-scenarios.csv"]
    ours = pd.read_parquet(io.BytesIO(compared.files["redbridge-scenarios.parquet"]))
    pd.testing.assert_frame_equal(ours, pd.read_parquet(out), check_exact=True)
    in_csv = pd.read_csv(io.BytesIO(compared.files["redbridge-scenarios.csv"]), encoding="utf-8-sig")
    assert in_csv["mean"].tolist() == ours["mean"].tolist()
    assert compared.says == f"3 scenarios, 10 Januaries, 7 measures: {len(ours):,} rows."


def test_the_preview_calls_scenarios_by_their_titles(compared: MadeReport) -> None:
    levels, differences, first = (b for b in compared.preview if isinstance(b, Grid))
    assert list(levels.frame.columns)[1:] == [
        "The forecast",
        "SEND reform from 2030 (DfE path)",
        "Fewer births",
    ]
    assert list(differences.frame.columns)[1:] == list(levels.frame.columns)[2:]
    assert "difference from 'The forecast'" in differences.caption
    assert "January 2032" in levels.caption
    assert first.frame["Scenario"].tolist() == list(levels.frame.columns)[1:]


def ours(size: float) -> Scenario:
    """Return a scenario of one lever."""
    lever = {"kind": "requests", "id": "more", "when": 2027, "change": size, "why": "A test."}
    return reading.from_values({"id": "ours", "title": "Ours", "levers": [lever]}, "test")


def test_two_versions_of_one_scenario_are_told_apart_in_files_and_previews() -> None:
    keep(Store.open(), ours(1.1), expected_version=0, who=this_computer("Ann"))
    keep(Store.open(), ours(1.5), expected_version=1, who=this_computer("Ann"))
    names = ("baseline", "ours@1", "ours@2")
    choices = choices_of(compare=",".join(names))
    item = next(r for r in RETURNS if r.id == "comparison")
    question, short, january = item.arguments(choices, DAY)
    assert short == names
    titles = [t for t, _ in question.futures]
    assert len(set(titles)) == 3
    assert question.futures[1][1].levers != question.futures[2][1].levers
    small = JobInputs(REDBRIDGE, 100, SEED, None, None, None, None, 0.8, question.futures)
    made = report_jobs.comparison(quiet, small, short, january)
    table = pd.read_parquet(io.BytesIO(made.files["redbridge-scenarios.parquet"]))
    assert list(table["scenario"].unique()) == list(names)
    plans = table[(table["measure"] == "plans") & (table["year"] == 2035)].set_index("scenario")["mean"]
    assert plans["baseline"] < plans["ours@1"] < plans["ours@2"]
    grid = next(b for b in made.preview if isinstance(b, Grid))
    assert grid.frame.columns.is_unique
    assert len(grid.frame.columns) == 4


def test_names_in_files_differ_even_for_work_that_was_not_kept() -> None:
    names = tuple(pack(Unsaved(ours(size))) for size in (1.1, 1.2))
    assert work_requests.short_names(names) == ("ours", "ours [2]")
    assert len({title for title, _ in work_requests.job_inputs(choices_of(), names).futures}) == 2
    assert work_requests.typed_name(names[0]) == "ours.yaml"


# Every table


@pytest.fixture(scope="module")
def made_in_stages() -> tuple[MadeReport, list[tuple[int, int, str]]]:
    """Return every table of a scenario, and what was reported while they were made."""
    stages: list[tuple[int, int, str]] = []
    made = report_jobs.tidy(lambda *stage: stages.append(stage), asked(("low-births",)))
    return made, stages


@pytest.fixture(scope="module")
def tidied(made_in_stages: tuple[MadeReport, list[tuple[int, int, str]]]) -> MadeReport:
    """Return every table of a scenario."""
    return made_in_stages[0]


def test_each_sheet_is_a_stage_that_a_reader_sees(
    made_in_stages: tuple[MadeReport, list[tuple[int, int, str]]],
) -> None:
    _, stages = made_in_stages
    done, total, said = zip(*stages, strict=True)
    assert list(done) == list(range(1, report_jobs.TIDY_STEPS + 1))
    assert set(total) == {report_jobs.TIDY_STEPS}
    assert [f"Writing the sheet {plan.name}" for plan in run_workbook.PLANS.values()] == [
        words for words in said if words.startswith("Writing the sheet")
    ]


@pytest.fixture(scope="module")
def sheets(tidied: MadeReport) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of every sheet of the workbook, read once."""
    book = openpyxl.load_workbook(io.BytesIO(tidied.files["redbridge-tables.xlsx"]))
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}


def test_the_workbook_begins_with_a_summary_and_has_no_formula_and_no_code(
    tidied: MadeReport, sheets: dict[str, list[tuple[object, ...]]]
) -> None:
    assert list(tidied.files) == ["redbridge-tables.xlsx", "redbridge-tables-csv.zip"]
    with zipfile.ZipFile(io.BytesIO(tidied.files["redbridge-tables.xlsx"])) as packed:
        written = [packed.read(n) for n in packed.namelist() if n.startswith("xl/worksheets/")]
    assert len(written) == len(sheets) == len(run_workbook.PLANS) + 2
    # A formula is an element of its own in the file.
    assert not [content for content in written if b"<f>" in content or b"<f " in content]
    assert next(iter(sheets)) == "Summary"
    assert list(sheets)[-1] == "About"
    about = {row[0]: row[1] for row in sheets["About"]}
    assert about["Authority"] == "Redbridge"
    assert about["Scenario"] == "Fewer births"
    assert about["Statement"] == "A forecast, not an outturn."
    codes = [code for code in (*PROVISION_CODES, *NEED_GROUP_CODES) if "_" in code]
    cells = {cell for rows in sheets.values() for row in rows for cell in row if isinstance(cell, str)}
    assert not [cell for cell in cells if cell in codes]


def test_every_sheet_says_the_run_its_date_and_its_data(sheets: dict[str, list[tuple[object, ...]]]) -> None:
    for name, rows in sheets.items():
        top = " ".join(str(row[0]) for row in rows[:4])
        assert "Run: Redbridge, the scenario 'Fewer births' from January 2026" in top, name
        assert f"Made on {date.today().day} {date.today():%B %Y}" in top, name
        assert f"January {newest_january()}" in top, name


def test_heads_and_names_stay_in_place_and_heads_have_filters(tidied: MadeReport) -> None:
    book = openpyxl.load_workbook(io.BytesIO(tidied.files["redbridge-tables.xlsx"]))
    for sheet in book.worksheets[:-1]:
        head = [cell.value for cell in sheet[run_workbook.HEAD]]
        names = head.index("Value") + 1
        assert sheet.freeze_panes == xl_rowcol_to_cell(run_workbook.HEAD, names), sheet.title
        assert sheet.auto_filter.ref == xl_range(run_workbook.HEAD - 1, 0, sheet.max_row - 1, len(head) - 1)
        assert len(set(head)) == len(head)
        assert not sheet.merged_cells.ranges
        # Every number has a format with sensible decimals.
        forms = {
            cell.number_format
            for row in sheet.iter_rows(run_workbook.HEAD + 1, min_col=names + 1)
            for cell in row
            if cell.value is not None
        }
        assert forms <= {run_workbook.COUNT, run_workbook.POUNDS, run_workbook.SHARE, run_workbook.TENTHS}, (
            sheet.title
        )


def test_sheets_and_csv_files_hold_the_same_figures(
    tidied: MadeReport, sheets: dict[str, list[tuple[object, ...]]]
) -> None:
    with zipfile.ZipFile(io.BytesIO(tidied.files["redbridge-tables-csv.zip"])) as packed:
        assert {n.removesuffix(".csv") for n in packed.namelist()} == {*run_workbook.PLANS, "figures"}
        short = pd.read_csv(io.BytesIO(packed.read("shortfall.csv")), encoding="utf-8-sig")
        balance = pd.read_csv(io.BytesIO(packed.read("balance.csv")), encoding="utf-8-sig")
    head, *rows = sheets["Places"][run_workbook.HEAD - 1 :]
    line = next(
        r
        for r in rows
        if r[:5] == ("Secondary", "Autism", "State-funded special school", "Children", "Short")
    )
    at = (
        (short["phase"] == "secondary")
        & (short["need_group"] == "autism")
        & (short["provision"] == "state_special")
    )
    theirs = short[at].set_index("year")["shortfall_q50"]
    assert [int(str(year)) for year in head[5:]] == theirs.index.tolist()
    assert [float(str(n)) for n in line[5:]] == pytest.approx(theirs.tolist(), rel=1e-12)
    head, *rows = sheets["Balance"][run_workbook.HEAD - 1 :]
    line = next(r for r in rows if r[1] == "Balance at 31 March" and r[3:5] == ("Pounds", "Average"))
    theirs = balance[balance["line"] == "closing"].set_index("financial_year")["mean"]
    assert list(head[5:]) == theirs.index.tolist()
    assert [float(str(n)) for n in line[5:]] == pytest.approx(theirs.tolist(), rel=1e-12)


def test_the_balance_in_the_workbook_is_that_of_the_command_line(tidied: MadeReport, tmp_path: Path) -> None:
    words = ["money", "Redbridge", "--scenario", "low-births", "--draws", "100", "--out", str(tmp_path)]
    printed(*words)
    theirs = pd.read_parquet(tmp_path / "balance.parquet")
    with zipfile.ZipFile(io.BytesIO(tidied.files["redbridge-tables-csv.zip"])) as held:
        own = pd.read_csv(io.BytesIO(held.read("balance.csv")), encoding="utf-8-sig")
    assert own["mean"].to_numpy() == pytest.approx(theirs["mean"].to_numpy(), rel=1e-12)


def test_the_preview_of_tables_is_their_first_rows_rounded(tidied: MadeReport) -> None:
    grids = [b for b in tidied.preview if isinstance(b, Grid)]
    headings = [b.text for b in tidied.preview if isinstance(b, Heading)]
    assert len(grids) == len(headings) >= 8
    assert all(len(g.frame) <= report_jobs.MOST_ROWS for g in grids)
    cells = [c for g in grids for row in g.frame.to_numpy().tolist() for c in row]
    assert not [
        c
        for c in cells
        if "." in c and c.replace(".", "").replace("-", "").isdecimal() and len(c.split(".")[1]) > 3
    ]


# The capital paper


@pytest.fixture(scope="module")
def paper() -> MadeReport:
    """Return the paper on three schemes in two futures."""
    held = shipped(REDBRIDGE)
    assert held is not None
    return report_jobs.paper(
        quiet,
        asked(("baseline", "low-births"), candidates=to_csv(held.rows[:3])),
        "sendplan report capital",
        DAY,
    )


def test_the_paper_opens_in_word_and_recommends_what_the_page_says(paper: MadeReport) -> None:
    ((name, content),) = paper.files.items()
    assert name == "redbridge-capital-paper.docx"
    opened_paper = docx.Document(io.BytesIO(content))
    (inset,) = [p.text for p in opened_paper.paragraphs if p.style and p.style.name == "Inset"]
    assert inset.removeprefix("Recommendation. ") == paper.says
    assert opened_paper.core_properties.title


def test_the_preview_of_the_paper_has_every_table_picture_and_heading_of_the_file(paper: MadeReport) -> None:
    (content,) = paper.files.values()
    file = docx.Document(io.BytesIO(content))
    grids = [b for b in paper.preview if isinstance(b, Grid)]
    assert len(grids) == len(file.tables)
    assert len({g.caption for g in grids}) == len(grids)
    pictures = [b for b in paper.preview if isinstance(b, Image)]
    assert len(pictures) == len(file.inline_shapes) > 0
    assert all(p.alt for p in pictures)
    headings = [p.text for p in file.paragraphs if p.style and (p.style.name or "").startswith("Heading ")]
    assert [b.text for b in paper.preview if isinstance(b, Heading) and b.text in headings] == headings
    assert "Contents" not in [b.text for b in paper.preview if isinstance(b, Text)]


def test_the_same_question_gives_the_same_paper(paper: MadeReport) -> None:
    held = shipped(REDBRIDGE)
    assert held is not None
    question = asked(("baseline", "low-births"), candidates=to_csv(held.rows[:3]))
    again = report_jobs.paper(quiet, question, "sendplan report capital", DAY)
    assert again.files == paper.files


# Where income is not published


def test_reports_of_an_authority_without_published_income_say_so_and_leave_pounds_out() -> None:
    found = report_jobs.tidy(quiet, asked(la_code=SCILLY))
    book = openpyxl.load_workbook(io.BytesIO(found.files["isles-of-scilly-tables.xlsx"]), read_only=True)
    assert "Balance" not in book.sheetnames
    assert "EHC plans" in book.sheetnames
    first = found.preview[0]
    assert isinstance(first, Text)
    assert "no published allocation" in first.text
    names = ("baseline", "low-births")
    beside = report_jobs.comparison(quiet, asked(names, SCILLY), names, 2030)
    table = pd.read_parquet(io.BytesIO(beside.files["isles-of-scilly-scenarios.parquet"]))
    assert "plans" in set(table["measure"])
    assert "cost" not in set(table["measure"])
    paper = report_jobs.paper(quiet, asked(names, SCILLY), "sendplan report capital", DAY)
    assert docx.Document(io.BytesIO(paper.files["isles-of-scilly-capital-paper.docx"])).paragraphs
    assert "High needs balance" in [b.text for b in paper.preview if isinstance(b, Heading)]
    app = opened(pages.SCILLY)
    assert not app.error
    assert [b.label for b in app.button] == [r.label for r in RETURNS]


# The page


def test_every_report_is_offered_and_nothing_is_made_before_it_is_asked_for() -> None:
    app = opened()
    assert not app.error
    assert [h.value for h in app.header] == [r.title for r in RETURNS]
    assert [b.label for b in app.button] == [r.label for r in RETURNS]
    assert not app.get("download_button")
    assert len({r.id for r in RETURNS}) == len(RETURNS)


def test_what_is_made_is_offered_for_download_and_previewed(
    compared: MadeReport, tidied: MadeReport, paper: MadeReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = Finished({report_jobs.comparison: compared, report_jobs.tidy: tidied, report_jobs.paper: paper})
    monkeypatch.setattr(results, "worker", lambda: done)
    app = opened(compare="baseline,reform-2030,low-births", year="2032", budget="4000000")
    assert not app.error
    labels = [b.proto.label for b in app.get("download_button")]
    names = [n for made in (paper, compared, tidied) for n in made.files]
    assert labels == [f"Download {n}" for n in names]
    page = text(app)
    for made in (compared, tidied, paper):
        assert made.says in page.replace("\\", "")
    folds = [e for e in app.expander if e.label.startswith("Preview: ")]
    assert [e.label for e in folds] == [f"Preview: {r.title}" for r in RETURNS]
    assert len(folds[0].get("html")) == len([b for b in paper.preview if isinstance(b, Grid)])
    assert "difference from 'The forecast'" in page
    today = date.today()
    for item in RETURNS:
        choices = choices_of(compare="baseline,reform-2030,low-births", year="2032", budget="4000000")
        assert done.asked[item.job] == item.arguments(choices, today)


def test_the_paper_says_what_to_type_to_make_it_again() -> None:
    item = next(r for r in RETURNS if r.id == "capital")
    _, typed, issued = item.arguments(choices_of(scenario="low-births", budget="4000000", sure="90"), DAY)
    assert issued == DAY
    assert typed == (
        "sendplan report capital Redbridge --scenario low-births --budget 4000000 --p-sufficient 0.9 --date 2025-07-01 "
        "--out redbridge-capital-paper.docx"
    )


def test_one_scenario_alone_is_not_compared() -> None:
    app = opened()
    app.multiselect(key="choose-compare").set_value(["baseline"]).run()
    assert "compare" not in app.query_params
    app.multiselect(key="choose-compare").set_value(["low-births", "baseline"]).run()
    assert app.query_params["compare"] in ("low-births,baseline", ["low-births,baseline"])
