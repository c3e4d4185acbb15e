"""One run as an Excel workbook that an accountant can use: years across, lines down, names instead of codes.

Each sheet has four lines on what it is (title, run, release of data, how to read it), a head of names that are unique, and then a
line for each quantity with a column for each year. Heads and names of lines are frozen, and the head has filters. Lines that are
nought in every year are left out, and the sheet says so. The first sheet holds the published figures of the run as pages and
papers print them (`forecast.presentation.run_figures`); the other sheets hold the tables of the CSV files, unrounded under
formats that show sensible decimals.

Invariant: no cell is a formula and no cells are merged (`forecast.core.xlsx_sheets`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.vocabulary import NEEDS, PROVISIONS
from forecast.core.xlsx_sheets import BOLD, BOLD_RIGHT, PLAIN, WRAPPED, SheetRow, XlsxSheet, xlsx_bytes
from forecast.finance.income import LINES as INCOME_LINES
from forecast.places.preference_order import DESTINATIONS
from forecast.presentation import published_figures, words
from forecast.presentation.places_report import GROUP_LABELS
from forecast.presentation.published_figures import CHANCE, EMPTY, PLACED, SHORT, WANT
from forecast.presentation.run_figures import RunFigures

Tell = Callable[[str, float], None]
"""Is told what is being written, and the share done, 0 to 1."""

COUNT, POUNDS = "#,##0", '"£"#,##0;-"£"#,##0'
SHARE = '[>0.99]"over 99 %";[<0.01]"under 1 %";0 %'
TENTHS = "#,##0.0"
"""Formats of cells; a chance is never shown as 100 %."""

HEAD = 6
"""Row of the names of columns: the rows above say what the sheet is."""

WIDEST, NARROWEST, YEAR_WIDTH = 36, 10, 15
"""Widths of columns, in characters; a longer name goes on in a second line."""

NOUGHT: Mapping[str, float] = {COUNT: 0.5, POUNDS: 0.5, TENTHS: 0.05, SHARE: 0.005}
"""By format, how far from nought a number must be to be shown as anything else; a line that never is, is left out."""

FROM, MIDDLE, AVERAGE, TO = "80 % interval from", "Middle", "Average", "80 % interval to"

TOTALS: Mapping[str, str] = {
    "closing": "Balance at 31 March", "opening": "Balance at 1 April", "in_year": "Income less cost in the year",
    "total": "Total", "total_general_fund": "Total of the general fund (transport)", "stability_grant": "Stability grant",
    "met_by_centre": "Met by central government", "unprotected": "Deficit that no override keeps apart",
}  # fmt: skip
"""Lines of a balance that are no line of cost or income; they come before those."""

KINDS: Mapping[str, str] = {
    "cumulative": "Carried over",
    "balance": "In the year",
    "income": "Income",
    "cost": "Cost",
}
"""Parts of the sheet of the balance: what it comes to, then what it is made of."""

_WORDS: Mapping[str, str] = {
    "observed": "At today's choices", "latent": "With those turned away", "used": "As in this run",
    "local": "In the authority", "elsewhere": "Elsewhere", "transfers": "Net moves from other authorities",
    "accepted": "Requests accepted", "withdrawn": "Requests withdrawn", "refused": "Requests refused",
    "assessments_without_plan": "Assessments that end without a plan", "joiners": "New plans", "leavers": "Plans that ended",
    "not_recorded": "Not recorded", "max_age": "Reached the age limit",
}  # fmt: skip
"""Codes whose name is not the code with its underscores taken out."""


@dataclass(frozen=True)
class SheetPlan:
    """The layout of a sheet made from one table.

    Parameters
    ----------
    name, title
        Of the sheet; the name has at most 31 characters.
    year
        Column of the table that goes across.
    labels
        Column of the table to its heading and the names of its codes.
    figures
        Column of the table to name, format and unit: the lines of each quantity.
    across
        What a year stands for.
    """

    name: str
    title: str
    year: str
    labels: Mapping[str, tuple[str, Mapping[str, str]]]
    figures: Mapping[str, tuple[str, str, str]]
    across: str = "each January"


_BAND = ("Age", words.BAND_LABELS)
_PHASE = ("Phase", {"All": "All phases"} | words.PHASE_LABELS)
_GROUP = ("Need", GROUP_LABELS)
_KIND = ("Kind of place", {"All": "All specialist places"} | PROVISIONS)


def _spread(unit: str) -> Mapping[str, tuple[str, str, str]]:
    return {"q50": (MIDDLE, COUNT, unit), "q10": (FROM, COUNT, unit), "q90": (TO, COUNT, unit)}


_IN_POUNDS = {
    "mean": (AVERAGE, POUNDS, "Pounds"),
    "q10": (FROM, POUNDS, "Pounds"),
    "q90": (TO, POUNDS, "Pounds"),
}
_YEARS = "each calendar year"

PLANS: Mapping[str, SheetPlan] = {
    "plans": SheetPlan(
        "EHC plans", "EHC plans by age and main need", "target",
        {"age_band": _BAND, "need": ("Need", {"All": "All needs"} | NEEDS)}, _spread("EHC plans"),
    ),
    "flows": SheetPlan(
        "New and ended plans", "New plans, plans that ended, and moves", "year",
        {"flow": ("What", {}), "reason": ("Reason", {"All": "All reasons"}), "age_band": _BAND},
        _spread("EHC plans"), _YEARS,
    ),
    "process": SheetPlan(
        "Requests", "Requests, assessments and new plans", "year",
        {"measure": ("What", {}), "age_band": _BAND}, _spread("Children"), _YEARS,
    ),
    "shortfall": SheetPlan(
        "Places", "Specialist places, who wants them, and who is short", "year",
        {"phase": _PHASE, "need_group": _GROUP, "provision": _KIND},
        {
            "places": ("Places, average", COUNT, "Places"), "wanted_q50": (WANT, COUNT, "Children"),
            "wanted_q10": (f"{WANT}, from", COUNT, "Children"), "wanted_q90": (f"{WANT}, to", COUNT, "Children"),
            "filled_q50": (PLACED, COUNT, "Children"), "shortfall_q50": (SHORT, COUNT, "Children"),
            "shortfall_q10": (f"{SHORT}, from", COUNT, "Children"), "shortfall_q90": (f"{SHORT}, to", COUNT, "Children"),
            "p_shortfall": (CHANCE, SHARE, "Chance"),
        },
    ),
    "demand": SheetPlan(
        "Who wants a place", "Who wants a specialist place, by what is counted", "year",
        {"demand": ("Counted", {}), "phase": _PHASE, "need_group": _GROUP, "provision": _KIND},
        _spread("Children"),
    ),
    "overflow": SheetPlan(
        "Where short children go", "Where children who are short go", "year",
        {"phase": _PHASE, "need_group": _GROUP, "provision": ("Wanted", _KIND[1]), "destination": ("Goes to", DESTINATIONS)},
        _spread("Children"),
    ),
    "settings": SheetPlan(
        "Settings", "Settings: places, pupils, and the chance of being full", "year",
        {"setting": ("Setting", {}), "provision": _KIND, "located": ("Where", {})},
        {
            "places": ("Places, average", COUNT, "Places"), "filled_mean": ("Pupils who wanted them, average", COUNT, "Children"),
            "free_mean": (f"{EMPTY}, average", COUNT, "Places"), "p_full": ("Chance of being full", SHARE, "Chance"),
        },
    ),
    "placements": SheetPlan(
        "Where plans are taught", "Plan holders by where they are taught", "year",
        {"age_band": _BAND, "provision": ("Where", PROVISIONS)}, _spread("EHC plans"),
    ),
    "places_to_add": SheetPlan(
        "Places to add", "Fewest places with which nobody is short, 80 % sure; lines do not add up", "year",
        {"phase": _PHASE, "need_group": _GROUP, "provision": _KIND}, {"places_to_add": ("Places to add", COUNT, "Places")},
    ),
    "balance": SheetPlan(
        "Balance", "High needs cost, income and balance", "financial_year",
        {"kind": ("Kind", KINDS), "line": ("Line", {**TOTALS, **INCOME_LINES}), "s251": ("Section 251 lines", {})}, _IN_POUNDS,
        "each financial year",
    ),
    "cost_detail": SheetPlan(
        "Cost in detail", "Cost by line, place, phase and need", "financial_year",
        {
            "line": ("Line", {}), "provision": ("Where", {"All": "All"} | PROVISIONS), "phase": _PHASE, "need_group": _GROUP,
        },
        {
            "children_mean": ("Children, average", TENTHS, "Children"),
            "per_child_mean": ("Cost a child, average", POUNDS, "Pounds a child"), **_IN_POUNDS,
        },
        "each financial year",
    ),
}  # fmt: skip
"""Table of the files to its sheet."""


def workbook(
    figures: RunFigures,
    tables: Mapping[str, pd.DataFrame],
    about: Mapping[str, str],
    made: date,
    lines: Mapping[str, str] | None = None,
    tell: Tell = lambda what, done: None,
) -> bytes:
    """Return a run as a workbook.

    Parameters
    ----------
    figures
        Its published figures, for the first sheet.
    tables
        Tables of the run by the name of their file; those without a plan in `PLANS` are left out.
    about
        What a reader must know of the run, for the last sheet.
    made
        The day the workbook is made.
    lines
        Names of lines of cost by code.
    tell
        Is told of every sheet.
    """
    above, planned = _above(figures, made), {name: PLANS[name] for name in tables if name in PLANS}
    tell("Writing the summary", 0.0)
    sheets = [_summary(figures, above)]
    for done, (name, plan) in enumerate(planned.items(), start=1):
        tell(f"Writing the sheet {plan.name}", done / (len(planned) + 2))
        sheets.append(_of_table(_named(plan, lines or {}), tables[name], above, figures.run.authority))
    tell("Packing the workbook", (len(planned) + 1) / (len(planned) + 2))
    return xlsx_bytes([*sheets, _about(about, above)])


def _named(plan: SheetPlan, lines: Mapping[str, str]) -> SheetPlan:
    """Return a plan whose lines of cost have their names."""
    if "line" not in plan.labels:
        return plan
    heading, names = plan.labels["line"]
    return SheetPlan(
        plan.name,
        plan.title,
        plan.year,
        {**plan.labels, "line": (heading, {**names, **lines})},
        plan.figures,
        plan.across,
    )


@dataclass(frozen=True)
class _Lines:
    """The lines of a sheet below its head: names on the left, a number for each year, and the format of the numbers."""

    heads: Sequence[str]
    years: Sequence[str]
    rows: Sequence[SheetRow]


def _above(figures: RunFigures, made: date) -> tuple[str, str]:
    """Return what every sheet says of the run, its data and its date."""
    return (
        f"Run: {figures.run.line}",
        f"Data: {figures.run.release}. Made on {made.day} {made:%B %Y}. A forecast, not an outturn.",
    )


def _laid_out(name: str, title: str, above: Sequence[str], lines: _Lines) -> XlsxSheet:
    """Return a sheet with its title, what every sheet says, how to read it, a head, and lines."""
    heads, years = lines.heads, lines.years
    widths = [
        min(max([len(head) + 3, NARROWEST, *(len(row.texts[at]) + 2 for row in lines.rows)]), WIDEST)
        for at, head in enumerate(heads)
    ]
    rows = [
        SheetRow(row.texts, WRAPPED, row.numbers, row.number_style) if _is_wide(row) else row
        for row in lines.rows
    ]
    top = [SheetRow([title], BOLD), *(SheetRow([text]) for text in above), SheetRow([])]
    assert len(top) == HEAD - 1
    head = SheetRow(heads, BOLD, years, BOLD_RIGHT)
    return XlsxSheet(name, [*top, head, *rows], [*widths, *[YEAR_WIDTH] * len(years)], HEAD, len(heads))


def _is_wide(row: SheetRow) -> bool:
    """Return whether a name of a row is longer than a column is wide."""
    return any(len(text) > WIDEST - 2 for text in row.texts)


def _summary(figures: RunFigures, above: Sequence[str]) -> XlsxSheet:
    """Return the published figures as they are printed, years across."""
    januaries = figures.januaries
    rows = []
    for code in dict.fromkeys(one.definition.code for one in figures):
        ones = [figures.at(code, january) for january in januaries]
        what = ones[0].definition
        labels = [what.name, what.unit.capitalize(), _OF[what.dated]]
        if what.unit == "chance":
            rows.append(SheetRow([*labels, "Chance"], PLAIN, [one.centre for one in ones], SHARE))
            continue
        form = POUNDS if what.unit == "pounds" else COUNT
        # What does not differ between futures, such as places that are there, has no range.
        alone = all(one.low == one.high for one in ones)
        for name, values in (
            (AVERAGE if what.why_average else MIDDLE, [one.centre for one in ones]),
            *(() if alone else ((FROM, [one.low for one in ones]), (TO, [one.high for one in ones]))),
        ):
            rounded = [published_figures.rounded(code, value) for value in values]
            rows.append(SheetRow([*labels, name], PLAIN, rounded, form))
    note = (
        "Rounded as on pages and in papers. Middle: as likely to be more as to be less. Averages stand where parts have to add "
        "up, which middles do not."
    )
    lines = _Lines(["Figure", "Unit", "Of", "Value"], [f"January {j}" for j in januaries], rows)
    return _laid_out("Summary", f"{figures.run.authority}: figures of the run", [*above, note], lines)


def _of_table(plan: SheetPlan, frame: pd.DataFrame, above: Sequence[str], authority: str) -> XlsxSheet:
    """Return a table with its years across."""
    keys = list(plan.labels)
    if "quantile" in frame:
        frame = _across_quantiles(frame, [*keys, plan.year])
    years = sorted(frame[plan.year].unique().tolist())
    known = [column for column in plan.figures if column in frame]
    line, of_line = pd.factorize(pd.MultiIndex.from_frame(frame[keys]))
    column = pd.Index(years).get_indexer(frame[plan.year])
    values = np.full((len(of_line), len(known), len(years)), np.nan)
    for at, name in enumerate(known):
        values[line, at, column] = frame[name].to_numpy(dtype=float)
    forms = [plan.figures[name] for name in known]
    least = np.array([NOUGHT[form] for _, form, _ in forms])
    some = (np.abs(np.nan_to_num(values)) >= least[:, None]).any(axis=(1, 2))
    codes = [plan.labels[key][1] for key in keys]
    order = _order(of_line.tolist(), codes)
    order = order[some[order]]
    rows = []
    for labels, numbers in zip(of_line[order].tolist(), values[order].tolist(), strict=True):
        texts = [_name(code, names) for code, names in zip(labels, codes, strict=True)]
        rows += [
            SheetRow([*texts, unit, figure], PLAIN, own, form)
            for (figure, form, unit), own in zip(forms, numbers, strict=True)
        ]
    left = int((~some).sum())
    note = f"A column for {plan.across}. Shown rounded; cells hold the figures of the CSV files." + (
        f" Left out, as nought in every year: {left:,}." if left else ""
    )
    lines = _Lines(
        [*(plan.labels[key][0] for key in keys), "Unit", "Value"], [str(year) for year in years], rows
    )
    return _laid_out(plan.name, f"{authority}: {plan.title}", [*above, note], lines)


def _order(lines: Sequence[tuple[object, ...]], codes: Sequence[Mapping[str, str]]) -> npt.NDArray[np.intp]:
    """Return lines in the order of the names of their codes, totals first; codes without a list come as they stand."""
    ranks = []
    for at, names in enumerate(codes):
        place = {code: number for number, code in enumerate(names)}
        ranks.append([place.get(str(line[at]), len(place)) for line in lines])
    return np.lexsort(np.array([list(range(len(lines))), *reversed(ranks)]))


def _about(about: Mapping[str, str], above: Sequence[str]) -> XlsxSheet:
    """Return what a reader must know, a line each."""
    rows = [SheetRow([name], BOLD, [value], WRAPPED) for name, value in about.items()]
    return XlsxSheet(
        "About",
        [SheetRow(["About this workbook"], BOLD), *(SheetRow([text]) for text in above), SheetRow([]), *rows],
        (30, 110),
    )


_OF: Mapping[str, str] = {
    "January": "the January", "calendar year": "the calendar year before the January",
    "financial year": "the financial year that holds the January", "life": "the whole life",
}  # fmt: skip


def _name(code: object, names: Mapping[str, str]) -> str:
    """Return the name of a code: its own, or the code as words."""
    text = str(code)
    if text in names:
        return names[text]
    if text in _WORDS:
        return _WORDS[text]
    # Codes are written in small letters with underscores, and lines of section 251 with semicolons; names of settings are not.
    return text.replace("_", " ").replace(";", "; ").capitalize() if text == text.lower() else text


def _across_quantiles(frame: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Return a table of percentiles, one a row, as one with a column for each of the 10th, 50th and 90th."""
    parts = [
        frame[frame["quantile"] == level].set_index(list(keys))["value"].rename(name)
        for level, name in ((0.1, "q10"), (0.5, "q50"), (0.9, "q90"))
    ]
    return pd.concat(parts, axis=1).reset_index()
