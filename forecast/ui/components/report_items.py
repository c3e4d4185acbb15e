"""The reports offered on the page Reports; a new report is added here only.

To add one: write a job in `forecast.ui.background.report_jobs` that returns a `MadeReport`, and a `ReportItem` here. The page
shows its controls, starts the work in the background, previews the result and offers its files.

Invariant: ids differ, and what a job is asked follows from the address and the date alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import streamlit as st

from data.council_files.kept_files import CANDIDATES, COUNTS, REGISTERS, UNIT_COSTS
from forecast.jobs.worker import Job
from forecast.ui.background import report_jobs
from forecast.ui.components import results, work_requests
from forecast.ui.frame import controls
from forecast.ui.frame.choices import BASELINE, SHIPPED, Choices
from forecast.ui.views import scenario_draft


@dataclass(frozen=True)
class ReportItem:
    """A report offered on the page Reports.

    Parameters
    ----------
    id
        Of its place on the page.
    title, says
        Its heading; what it is and for whom.
    label
        Of the button that starts it.
    job
        Makes it.
    arguments
        What the job is asked, from what is chosen and today's date.
    controls
        Shows the widgets of what it depends on.
    """

    id: str
    title: str
    says: str
    label: str
    job: Job
    arguments: Callable[[Choices, date], tuple[Any, ...]]
    controls: Callable[[Choices], None]


def _capital_controls(choices: Choices) -> None:
    with st.container(horizontal=True):
        controls.budget(choices)
        controls.sure(choices)
        controls.reform(choices)


def _capital_arguments(choices: Choices, today: date) -> tuple[Any, ...]:
    from forecast.reports.capital_paper import PaperOptions, command

    def own(file_store: Any, version: int | None, stem: str) -> Path | None:
        used = results.version_of(file_store, choices, version)
        return None if used == SHIPPED else Path(f"{stem}-{choices.area.slug}-{used}{file_store.suffix}")

    options = PaperOptions(
        area=choices.area.name,
        out=Path(f"{choices.area.slug}-capital-paper.docx"),
        issued=today,
        scenarios=() if choices.scenario == BASELINE else (work_requests.typed_name(choices.scenario),),
        candidates=own(CANDIDATES, choices.candidates, "schemes"),
        unit_costs=own(UNIT_COSTS, choices.prices, "unit-costs"),
        capacity=own(REGISTERS, choices.register, "capacity"),
        own_count=None
        if results.counts_used(choices).counts is None
        else own(COUNTS, choices.counts, "counts"),
        budget=choices.budget,
        sure=choices.sure / 100,
        reform_chance=choices.reform / 100,
    )
    return work_requests.job_inputs(choices), command(options), today


def _compare_arguments(choices: Choices, today: date) -> tuple[Any, ...]:
    return (
        work_requests.job_inputs(choices, choices.compare),
        work_requests.short_names(choices.compare),
        choices.year,
    )


def _compare_controls(choices: Choices) -> None:
    controls.compare(choices, scenario_draft.listed(choices))
    controls.year(choices, "January in the preview")


def _tidy_arguments(choices: Choices, today: date) -> tuple[Any, ...]:
    return (work_requests.job_inputs(choices, (choices.scenario,)),)


RETURNS: tuple[ReportItem, ...] = (
    ReportItem(
        "capital",
        "Capital programme paper",
        "For cabinet and directors, in Word: need, options, a recommended programme, money, risks and how it was "
        "made. Tried in other "
        "futures too; about twenty pages, a minute or two.",
        "Write the paper",
        report_jobs.paper,
        _capital_arguments,
        _capital_controls,
    ),
    ReportItem(
        "comparison",
        "Scenarios side by side",
        "For analysts, as Parquet and CSV: every January and measure of up to four scenarios, with differences "
        "taken future by future.",
        "Set scenarios side by side",
        report_jobs.comparison,
        _compare_arguments,
        _compare_controls,
    ),
    ReportItem(
        "tables",
        "Every table, tidy",
        "For finance and analysts: one Excel workbook with a summary, years across and lines down, and CSV files, a figure a "
        "row: plans, places, who is short, settings, balance and details of cost.",
        "Make the tables",
        report_jobs.tidy,
        _tidy_arguments,
        lambda choices: None,
    ),
)
"""Every report there is."""
