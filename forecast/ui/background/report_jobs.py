"""Making of reports, as jobs for `forecast.jobs.worker`; each job returns files and a preview of them.

Invariant: a job knows only what it is asked, so the same question gives the same files.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from data.areas import by_code
from data.errors import HistoryError
from forecast.capital.programme import Tell
from forecast.core.outcome import Outcome
from forecast.core.table_files import csv_bytes
from forecast.finance.finance_model import FinanceModel
from forecast.jobs.worker import Report
from forecast.presentation import compare, money_tables, wording
from forecast.presentation.record import RunTables
from forecast.presentation.run_figures import RunFigures
from forecast.reports import capital_paper, preview, run_workbook
from forecast.reports.preview import Block, Grid, Heading, Text
from forecast.runs.baseline import Baseline, ForecastInputs
from forecast.runs.scenario_run import rerun
from forecast.ui.background.job_inputs import JobInputs, base_of, finance_of, steps
from forecast.ui.background.national_job import zipped
from forecast.ui.frame.choices import BASELINE
from forecast.ui.views import council_files, downloads
from forecast.ui.views.scenarios import FORECAST_COLUMN

TIDY_STEPS = 4 + len(run_workbook.PLANS) + 2
"""Stages of making every table: reading, forecasting, costing, and a stage for each sheet."""

MOST_ROWS = 8
"""Rows of a table of figures in a preview."""


AS_IN_FILES = "Columns and codes are those of the CSV files. Figures are rounded here and whole there."


@dataclass(frozen=True)
class MadeReport:
    """The files and preview that a job made.

    Parameters
    ----------
    says
        What it is, in a sentence.
    files
        Name and content, the main file first.
    preview
        What a page shows of it.
    """

    says: str
    files: Mapping[str, bytes]
    preview: tuple[Block, ...]


def paper(report: Report, job_inputs: JobInputs, typed: str, issued: date) -> MadeReport:
    """Return the capital programme paper, in Word.

    Raises
    ------
    CapitalError
        Schemes or budget cannot be used.
    """
    tell = steps(report, 10 + 4 * len(job_inputs.futures))
    base, inputs = _base(job_inputs, tell)
    made = capital_paper.make(
        base,
        inputs,
        capital_paper.PaperRequest(
            schemes=council_files.candidates(job_inputs.la_code, job_inputs.candidates),
            budget=job_inputs.budget,
            sure=job_inputs.sure,
            futures=dict(job_inputs.futures),
            typed=typed,
            issued=issued,
            book=council_files.book(job_inputs.la_code, job_inputs.prices),
            reform_chance=job_inputs.reform_chance,
        ),
        tell,
    )
    content = made.paper.as_bytes()
    name = f"{by_code(job_inputs.la_code).slug}-capital-paper.docx"
    says = f"{made.recommendation} {made.why}".strip()
    return MadeReport(says, {name: content}, preview.of_word(content))


def comparison(report: Report, job_inputs: JobInputs, names: Sequence[str], january: int) -> MadeReport:
    """Return scenarios side by side, draw by draw, as Parquet and CSV.

    Parameters
    ----------
    report, asked
        As for every job.
    names
        What each scenario is called in the files, in the order of ``asked.futures``.
    january
        What the preview is of.

    Raises
    ------
    ScenarioError
        One cannot act here.
    """
    tell = steps(report, 4 + len(job_inputs.futures))
    base, _ = _base(job_inputs, tell)
    finance = finance_of(job_inputs, base)
    outcomes: dict[str, Outcome] = {}
    for name, (title, scenario) in zip(names, job_inputs.futures, strict=True):
        tell(f"Forecasting {title}", 0.0)
        outcomes[name] = rerun(base, scenario)
    table = compare.compared(outcomes, finance)
    # Files have names that a program can tell apart; people read titles.
    titles = {
        name: FORECAST_COLUMN if scenario.id == BASELINE else title
        for name, (title, scenario) in zip(names, job_inputs.futures, strict=True)
    }
    shown = table.assign(scenario=[titles[name] for name in table["scenario"]])
    raw = io.BytesIO()
    table.to_parquet(raw, index=False)
    stem = f"{by_code(job_inputs.la_code).slug}-scenarios"
    first = titles[names[0]]
    blocks: list[Block] = [
        Grid(
            compare.side_by_side(shown, january),
            f"January {january}: {wording.MIDDLES.lower()}, and {wording.RANGE_OF_FUTURES}",
        ),
        Grid(
            compare.differences(shown, january),
            f"January {january}: difference from '{first}', future by future",
        ),
        Grid(
            compare.first_shortfall_text({titles[name]: outcome for name, outcome in outcomes.items()}),
            wording.FIRST_SHORTFALL,
        ),
    ]
    says = (
        f"{len(outcomes)} scenarios, {table['year'].nunique()} Januaries, {table['measure'].nunique()} measures: "
        f"{len(table):,} rows."
    )
    return MadeReport(
        says, {f"{stem}.parquet": raw.getvalue(), f"{stem}.csv": csv_bytes(table)}, tuple(blocks)
    )


def tidy(report: Report, job_inputs: JobInputs) -> MadeReport:
    """Return every table of one forecast or scenario as one workbook, and as CSV files in a zip.

    Raises
    ------
    ScenarioError
        The scenario cannot act here.
    """
    tell = steps(report, TIDY_STEPS)
    base, _ = _base(job_inputs, tell)
    tell("Forecasting", 0.0)
    title, scenario = job_inputs.futures[0]
    outcome = rerun(base, scenario)
    run = RunTables(outcome, today=date.today())
    tables = downloads.tables(run)
    tell("Costing", 0.0)
    money, lines = None, {}
    try:
        money = FinanceModel.of(
            base.outcome, book=council_files.book(job_inputs.la_code, job_inputs.prices)
        ).money(outcome)
    except HistoryError as error:
        costed = str(error)
    else:
        costed = "Pounds are nominal, of each financial year; a deficit is minus."
        tables |= {
            "balance": money_tables.balance_table(money),
            "cost_detail": money_tables.detail_table(money.costs),
        }
        lines = {line.code: line.label for line in money.costs.lines}
    figures = RunFigures.of(outcome, money)
    tables["figures"] = figures.table()
    name = by_code(job_inputs.la_code).name
    about = {
        **{f"Read first{'' if n == 1 else f' ({n})'}": line for n, line in enumerate(run.top_lines, start=1)},
        "Authority": name, "Scenario": title, "Forecast from": f"January {outcome.plans.origin}",
        "Possible futures": str(outcome.plans.future.sizes["draw"]), "Register of places": outcome.register.origin,
        "Pounds": costed,
        "Statement": "A forecast, not an outturn.",
        "Licence": "Contains public sector information licensed under the Open Government Licence v3.0.",
    }  # fmt: skip
    stem = f"{by_code(job_inputs.la_code).slug}-tables"
    files = {
        f"{stem}.xlsx": run_workbook.workbook(figures, tables, about, date.today(), lines, tell),
        f"{stem}-csv.zip": zipped({f"{n}.csv": csv_bytes(frame) for n, frame in tables.items()}),
    }
    blocks: list[Block] = [Text(costed), Text(AS_IN_FILES)]
    for sheet, frame in tables.items():
        blocks += [
            Heading(sheet, 2),
            Grid(
                _rounded(frame.head(MOST_ROWS)),
                f"First {min(MOST_ROWS, len(frame))} of {len(frame):,} rows of {sheet}",
            ),
        ]
    rows = sum(len(frame) for frame in tables.values())
    return MadeReport(
        f"{len(tables)} tables of {name}, {rows:,} rows: in Excel with years across, in CSV a figure a row.",
        files,
        tuple(blocks),
    )


def _rounded(frame: pd.DataFrame) -> pd.DataFrame:
    """Return cells as text: figures that are not whole to one decimal, shares and chances to three."""

    def cell(value: object) -> str:
        if not isinstance(value, float):
            return str(value)
        if value.is_integer():
            return f"{value:.0f}"
        return f"{value:.3f}" if abs(value) < 1 else f"{value:.1f}"

    return frame.astype("object").map(cell)


def _base(job_inputs: JobInputs, tell: Tell) -> tuple[Baseline, ForecastInputs]:
    tell("Reading the stored fit", 0.0)
    inputs = ForecastInputs.prepare()
    tell(f"Forecasting {by_code(job_inputs.la_code).name}", 0.0)
    return base_of(job_inputs, inputs), inputs
