"""One number everywhere: the outputs of one run are walked, and a figure with two values fails with both places named.

Read are what commands print, ``summary.md``, every page, the workbook, the capital paper and the CSV files, all of one authority,
seed and number of draws. Tables are read by the names of their columns and lines, and sentences by what they say; each reading is
a figure, a date, a kind of place and a value. Values of files of data are rounded as tables print them, to be compared.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from html import unescape
from pathlib import Path
from typing import NamedTuple

import docx
import lxml.html
import openpyxl
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from data.vocabulary import PHASES
from forecast.commands import output
from forecast.core import defaults
from forecast.presentation import wording
from forecast.ui.background import capital_job, report_jobs
from forecast.ui.components import results, work_requests
from forecast.ui.frame.registry import PAGES
from tests.app.pages import Finished, choices_of, open_page, text
from tests.command_line import printed

DRAWS, YEAR = 100, 2030
DAY = date(2026, 11, 30)
ALL_KINDS = "all kinds of place"

NAMES: Mapping[str, str] = {
    "EHC plans": "plans", "All ages": "plans",
    "New EHC plans in the year": "joiners", "EHC plans that ended in the year": "leavers",
    "Specialist places": "places", "Places": "places",
    "Want a specialist place": "specialist_wanted", "Want a place": "specialist_wanted", "Wanted": "specialist_wanted",
    "Children who want a specialist place": "specialist_wanted",
    "Placed": "placed", "Filled": "placed",
    "Short of a specialist place": "shortfall", "Short": "shortfall", "Short on average": "shortfall",
    "Short, on average": "shortfall", "Without the place they want": "shortfall", "Short, nothing built": "shortfall",
    "Children without the specialist place they want": "shortfall", "Nothing built": "shortfall",
    "Without one, nothing built": "shortfall",
    "Chance that anyone is short": "p_shortfall", "Chance of shortfall": "p_shortfall", "Chance of a shortfall": "p_shortfall",
    "Chance that at least one child is without the specialist place they want": "p_shortfall",
    "Empty places": "empty",
    "High needs cost in the financial year to March": "cost", "Cost": "cost", "High needs cost": "cost",
    "In year": "in_year_balance", "High needs income less cost in the financial year to March": "in_year_balance",
    "Balance at 31 March": "closing", "High needs balance at the end of the financial year": "closing",
    "Without the programme": "closing",
    "High needs income in the financial year to March": "income", "Income": "income",
    "Chance of a deficit": "p_deficit", "Add to be 80 % sure": "places_to_add", "Places to add to be 80 % sure": "places_to_add",
}  # fmt: skip
"""What outputs call a figure, now or before, to its code."""

POUNDS = {"cost", "income", "in_year_balance", "closing"}

OF_A_FINANCIAL_YEAR = {*POUNDS, "p_deficit"}

LINE_HEADS = (
    "Setting", "Where they go", "Line", "Part", "After the override", "Scheme", "Zone", "Programme chosen for",
    "Special school option", "Main need", "Need",
)  # fmt: skip
"""Heads of a first column that names lines: each of its figures is one of its own."""

LINE_NAMES: Mapping[str, str] = {
    "Payback, years": "Payback", "Empty": "Places empty", "Seats": "Children seated", "Children it would seat": "Children",
    "As many as bases suit": "In bases at England's split", "Base places open to them": "Base places free",
    "Chance bases could do it all": "Chance that all are",
}  # fmt: skip
"""Heads of figures of lines that another output calls otherwise."""

OF_A_LIFE = ("Net present value", "Chance that it saves", "Payback", "Cost to build")
"""Figures of lines that are of no year."""

KINDS: Mapping[str, str] = {
    "state special schools": "special", "state-funded special school": "special", "specialist bases": "base",
    "specialist base (sen unit or resourced provision)": "base", "specialist post-16 institutions": "post-16",
    "specialist post-16 institution": "post-16", "specialist post-16": "post-16", "all specialist places": ALL_KINDS,
}  # fmt: skip

PHASE_NAMES = {p.label.lower() for p in PHASES}

NO_MEANING = re.compile(r"no change|not published|no places|", re.IGNORECASE)


class FigureReading(NamedTuple):
    """A value of a figure with where it was read."""

    figure: str
    when: str
    kind: str
    value: str
    place: str


@dataclass(frozen=True)
class ReadTable:
    """A table as text: its caption, heads and rows."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class RunOutput:
    """What one output says: prose as one text, tables, and figures beside their names."""

    name: str
    prose: str
    tables: tuple[ReadTable, ...] = ()
    named: tuple[FigureReading, ...] = ()


# What an output says, as readings


def number(cell: str) -> str:
    """Return the figure of a cell without its range; blank where there is none."""
    found = re.match(r"\s*((?:over |under )?[-+]?£?-?[\d,.]+(?:m|bn)?(?: %)?)", cell)
    return "" if found is None or NO_MEANING.fullmatch(cell.strip()) else found[1].strip()


def code_of(head: str) -> tuple[str, str]:
    """Return the code of a head and the year that it names; blank where it is no figure."""
    year = re.search(r", (?:January )?(\d{4})$", head)
    name = head[: year.start()] if year else head
    return NAMES.get(name.removesuffix(", average").strip(), ""), year[1] if year else ""


def kind_of(phase: str, provision: str) -> str:
    """Return a phase and kind of place as one key."""
    phase, provision = phase.strip().lower(), KINDS.get(provision.strip().lower(), provision.strip().lower())
    every = phase in ("", "all phases")
    return (
        ALL_KINDS
        if every and provision in ("", ALL_KINDS)
        else f"{'all phases' if every else phase}: {provision}"
    )


def of_tables(output_: RunOutput) -> Iterator[FigureReading]:
    """Yield the figures of the tables of an output."""
    for table in output_.tables:
        heads = [h.strip() for h in table.heads]
        # What the page Scenarios shows besides comparisons is of the scenario, which is another run.
        if "page Scenarios" in output_.name and "Measure" not in heads:
            continue
        if "Measure" in heads:
            yield from _of_measures(table, heads, output_.name)
            continue
        columns = [(at, *code_of(head)) for at, head in enumerate(heads)]
        columns = [(at, code, year) for at, code, year in columns if code]
        dated = next((year for _, _, year in columns if year), "") or _year_in(table.caption)
        dates = next((heads.index(h) for h in ("January", "Financial year") if h in heads), None)
        if not columns or (dates is None and not dated) or not _of_all_needs(table, heads):
            continue
        scope = _scope(table.caption)
        for row in table.rows:
            when = row[dates].strip() if dates is not None else dated
            kind = _kind_in(heads, row) or scope
            if kind is None or not re.match(r"\d{4}", when):
                continue
            for at, code, year in columns:
                if number(row[at]) and " placed" not in row[at]:
                    yield FigureReading(
                        code, year or when, kind, number(row[at]), f"{output_.name}, table '{table.caption}'"
                    )


def of_lines(output_: RunOutput) -> Iterator[FigureReading]:
    """Yield the figures of tables with a name in front of each line: settings, lines of cost, schemes, needs."""
    for table in output_.tables:
        heads = [h.strip() for h in table.heads]
        # A register and prices are put in; what the page Scenarios shows is of another run.
        put_in = "Academic years" in heads
        if heads[0] not in LINE_HEADS or put_in or "page Scenarios" in output_.name:
            continue
        change = re.search(r"from (\d{4}-\d\d to \d{4}-\d\d)$", table.caption)
        keys = [
            at
            for at, head in enumerate(heads)
            if at == 0 or head in ("Phase", "Provision", "Phase and kind of place", "Stability grant")
        ]
        for at, head in enumerate(heads):
            plain = head.removesuffix(", average")
            year = re.search(r"(\d{4}(?:-\d\d)?)$", plain)
            name = plain[: year.start()].rstrip(" ,") if year else plain
            for row in table.rows if at not in keys else ():
                # A cell with words, such as a kind or a source, is no figure.
                if number(row[at]) and re.match(r"[-+£\d]|over |under ", row[at].strip()):
                    label = ": ".join(row[key].strip().casefold() for key in keys)
                    called = LINE_NAMES.get(name, name)
                    dated = year[1] if year else change[1] if change else _year_in(table.caption)
                    yield FigureReading(
                        f"{called} of {heads[0].lower()} {label}",
                        "life" if called in OF_A_LIFE else dated,
                        "",
                        number(row[at]),
                        f"{output_.name}, table '{table.caption}'",
                    )


def _of_measures(table: ReadTable, heads: Sequence[str], place: str) -> Iterator[FigureReading]:
    """Yield the figures of a comparison: the column of the forecast, in the January of its caption."""
    column = next((heads.index(h) for h in ("The forecast", "baseline") if h in heads), None)
    when = _year_in(table.caption)
    if column is None or not when or "difference" in table.caption.lower():
        return
    for row in table.rows:
        code, _ = code_of(row[heads.index("Measure")])
        if code and number(row[column]):
            at = f"{int(when) - 1}-{int(when) % 100:02d}" if code in OF_A_FINANCIAL_YEAR else when
            yield FigureReading(code, at, ALL_KINDS, number(row[column]), f"{place}, table '{table.caption}'")


def _year_in(caption: str) -> str:
    found = re.search(r"January (\d{4})", caption)
    return found[1] if found else ""


def _of_all_needs(table: ReadTable, heads: Sequence[str]) -> bool:
    """Return whether a table is of all needs, and of numbers and not of shares, lines or changes."""
    others = {
        "Area",
        "Need",
        "Main need",
        "First January",
        "What",
        "Line",
        "Setting",
        "Zone",
        "Programme",
        "Scheme",
        "Destination",
    }
    return not others & set(heads) and "each future" not in table.caption


def _scope(caption: str) -> str | None:
    """Return the kind of place that a caption names, all of them where it names none; None where it is another authority's."""
    found = re.match(r"([A-Z][a-z0-9 -]+), ([a-z0-9 -]+), all needs$", caption)
    if found and found[1].lower() in PHASE_NAMES:
        return kind_of(found[1], found[2])
    return ALL_KINDS


def _kind_in(heads: Sequence[str], row: Sequence[str]) -> str:
    """Return the kind of place of a row, from its columns; blank where no column says it."""
    cells = dict(zip(heads, row, strict=False))
    both = cells.get("Phase and kind of place", "")
    if ": " in both:
        return kind_of(*both.split(": ", 1))
    provision = cells.get("Provision") or cells.get("Kind of place") or ""
    return kind_of(cells.get("Phase", ""), provision) if provision else ""


SENTENCES: tuple[tuple[str, str, str], ...] = (
    ("plans", r"By January (?P<when>\d{4}) we expect (?P<value>[\d,]+)", ""),
    ("plans", r"We expect (?P<value>[\d,]+) \([^)]*\) by January (?P<when>\d{4})", ""),
    (
        "shortfall",
        r"(?P<phase>Early years|Primary|Secondary|Post-16) places in (?P<kind>[a-z0-9 -]+?) run out (?:by|in) January "
        r"(?P<when>\d{4})(?:, the first year forecast)?: [^:.]{1,40}, with (?P<value>[\d,]+) (?:child|children|young \w+) short",
        "",
    ),
    (
        "shortfall",
        r"In January (?P<when>\d{4}),? (?:about )?(?P<value>[\d,]+) (?:\([^)]*\) )?children would (?:be short of a specialist "
        r"place|have no specialist place) without it",
        "",
    ),
    (
        "shortfall",
        r"In January (?P<when>\d{4}),? (?:about )?[\d,]+ children would be (?:short of|without) a specialist place, instead of "
        r"(?P<value>[\d,]+)",
        "",
    ),
    (
        "shortfall",
        r"In January (?P<when>\d{4}) it would bring the number of children (?:short of a|without any) specialist place from "
        r"(?P<value>[\d,]+)",
        "",
    ),
    (
        "shortfall with the programme",
        r"In January (?P<when>\d{4}),? (?:about )?(?P<value>[\d,]+) children would be (?:short of|without) a specialist place, "
        r"instead of",
        "",
    ),
    (
        "shortfall with the programme",
        r"without it and (?P<value>[\d,]+) \([^)]*\) with it; about",
        "capital",
    ),
    (
        "shortfall with the programme",
        r"specialist place from [\d,]+ \([^)]*\) to (?P<value>[\d,]+) \(",
        "capital",
    ),
    ("shortfall", r"(?P<value>[\d,]+) \([^)]*\) would be short of a specialist place", "lead"),
    ("specialist_wanted", r"By then (?P<value>[\d,]+) \([^)]*\) children and young people would want a specialist place", "lead"),
    ("npv in a sentence", r"net present value is (?P<value>£[\d.,]+(?:m|bn)?)", "life"),
    ("npv in a sentence", r"Over its life it is worth (?P<value>£[\d.,]+(?:m|bn)?)", "life"),
    ("npv in a sentence", r"rather than (?P<value>£[\d.,]+(?:m|bn)?) on average, with", "life"),
    ("cost to build in a sentence", r"places for about (?P<value>£[\d.,]+(?:m|bn)?)", "life"),
    ("cost to build in a sentence", r"(?:It costs|The programme costs) (?P<value>£[\d.,]+(?:m|bn)?) \(", "life"),
)  # fmt: skip
"""Figure, pattern of the sentence that says it, and when it is of where the sentence does not say: a year below or a word."""


def of_sentences(output_: RunOutput, whens: Mapping[str, str]) -> Iterator[FigureReading]:
    """Yield the figures of the sentences of an output."""
    prose = re.sub(r"\s+", " ", output_.prose)
    for figure, pattern, usual in SENTENCES:
        for found in re.finditer(pattern, prose):
            groups = found.groupdict()
            kind = kind_of(groups["phase"], groups["kind"]) if "phase" in groups else ALL_KINDS
            when = groups.get("when") or whens.get(usual, usual)
            yield FigureReading(
                figure, when, kind, found["value"].strip(","), f"{output_.name}, '{found[0][:90]}'"
            )


def readings(outputs: Iterable[RunOutput], whens: Mapping[str, str]) -> list[FigureReading]:
    """Return every figure that outputs show."""
    return [
        reading
        for one in outputs
        for reading in (*one.named, *of_tables(one), *of_lines(one), *of_sentences(one, whens))
    ]


def conflicts(read: Iterable[FigureReading]) -> list[str]:
    """Return a line on every figure with more than one value, with the places of each."""
    places: dict[tuple[str, str, str], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for one in read:
        places[one[:3]][one.value].append(one.place)
    return [
        f"{' / '.join(key)}: "
        + "; ".join(f"{value} in {at[0]} (and {len(at) - 1} more)" for value, at in values.items())
        for key, values in places.items()
        if len(values) > 1
    ]


# Outputs of one run


def of_terminal(name: str, printed_: str) -> RunOutput:
    """Return what a command printed."""
    tables, prose, title, rows, heads = [], [], "", [], ()
    lines = printed_.splitlines()
    for at, line in enumerate(lines):
        if line.startswith("┏"):
            title, rows = lines[at - 1].strip(), []
        elif line.startswith("┃"):
            heads = tuple(cell.strip() for cell in line.strip("┃").split("┃"))
        elif line.startswith("│"):
            rows.append(tuple(cell.strip() for cell in line.strip("│").split("│")))
        elif line.startswith("└"):
            tables.append(ReadTable(title, heads, tuple(rows)))
        else:
            prose.append(line)
    return RunOutput(name, "\n".join(prose), tuple(tables))


def of_markdown(name: str, page: str) -> RunOutput:
    """Return a page in Markdown."""
    tables, prose, rows, title = [], [], [], ""
    for line in [*page.splitlines(), ""]:
        if line.startswith("|"):
            rows.append(tuple(cell.strip() for cell in line.strip("|").split("|")))
            continue
        if rows:
            tables.append(ReadTable(title, rows[0], tuple(rows[2:])))
            rows = []
        title = line.strip("# ") if line.startswith("#") else title
        prose.append(line)
    return RunOutput(name, "\n".join(prose), tuple(tables))


def of_page(name: str, app: AppTest) -> RunOutput:
    """Return a page of the app."""
    assert not app.error, [e.value for e in app.error]
    tables = []
    for markup in app.get("html"):
        for found in lxml.html.fromstring(f"<div>{markup.proto.body}</div>").iter("table"):
            caption = " ".join(c.text_content() for c in found.iter("caption"))
            rows = [tuple(cell.text_content() for cell in row) for row in found.iter("tr")]
            tables.append(ReadTable(caption.strip(), rows[0], tuple(rows[1:])))
    named = []
    year = re.search(r"year=(\d{4})", name)
    for metric in app.metric:
        label = metric.label.removesuffix(", average")
        code = "joiners" if label.startswith("New plans in ") else NAMES.get(label, "")
        if code and year:
            when = f"{int(year[1]) - 1}-{int(year[1]) % 100:02d}" if code in OF_A_FINANCIAL_YEAR else year[1]
            named.append(
                FigureReading(code, when, ALL_KINDS, metric.value, f"{name}, figure '{metric.label}'")
            )
    prose = "\n".join([*(s.value for s in app.subheader), re.sub(r"<[^>]+>", " ", unescape(text(app)))])
    return RunOutput(name, prose, tuple(tables), tuple(named))


def of_word(name: str, content: bytes) -> RunOutput:
    """Return a Word document; the caption of a table is the paragraph before it."""
    document = docx.Document(io.BytesIO(content))
    tables, before = [], ""
    for part in document.iter_inner_content():
        if isinstance(part, docx.text.paragraph.Paragraph):
            before = part.text or before
            continue
        rows = [tuple(cell.text for cell in row.cells) for row in part.rows]
        tables.append(ReadTable(before, rows[0], tuple(rows[1:])))
    return RunOutput(name, "\n".join(p.text for p in document.paragraphs), tuple(tables))


def of_workbook(name: str, content: bytes) -> RunOutput:
    """Return a workbook: the figures of its summary, and the lines of all needs of its places."""
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    named = []
    for sheet, labels in (("Summary", 4), ("Places", 5)):
        if sheet not in book.sheetnames:
            continue
        rows = [row for row in book[sheet].iter_rows(values_only=True) if row]
        top = next(at for at, row in enumerate(rows) if "Value" in row)
        heads = [str(head) for head in rows[top]]
        for row in rows[top + 1 :]:
            if sheet == "Summary":
                code, kind, of_figure = (
                    code_of(str(row[0]))[0],
                    ALL_KINDS,
                    row[3] in ("Middle", "Average", "Chance"),
                )
            else:
                code, kind = code_of(str(row[4]))[0], kind_of(str(row[0]), str(row[2]))
                of_figure = row[1] == "All needs"
            for head, value in zip(heads[labels:], row[labels:], strict=False):
                if code and of_figure and value is not None:
                    named.append(
                        _of_number(
                            code,
                            head.removeprefix("January "),
                            kind,
                            float(str(value)),
                            f"{name}, sheet {sheet}",
                        )
                    )
    return RunOutput(name, "", (), tuple(named))


def of_csv(name: str, frame: pd.DataFrame) -> RunOutput:
    """Return the figures of a CSV file of the run."""
    named = []
    if {"figure", "centre"} <= set(frame):
        for row in frame.to_dict("records"):
            if row["figure"] in {*NAMES.values()}:
                named.append(_of_number(row["figure"], str(row["january"]), ALL_KINDS, row["centre"], name))
    elif "wanted_q50" in frame:
        columns = {
            "wanted_q50": "specialist_wanted",
            "filled_q50": "placed",
            "places": "places",
            "p_shortfall": "p_shortfall",
        }
        columns |= (
            {"shortfall_q50": "shortfall"} if "shortfall_q50" in frame else {"shortfall_mean": "shortfall"}
        )
        codes = {"All": "", "state_special": "state special schools", "specialist_base": "specialist bases",
                 "specialist_post16": "specialist post-16 institutions"}  # fmt: skip
        phases = {p.code: p.label for p in PHASES} | {"All": ""}
        for row in frame[frame["need_group"] == "All"].to_dict("records"):
            kind = kind_of(phases[row["phase"]], codes[row["provision"]])
            named += [
                _of_number(code, str(row["year"]), kind, row[column], name)
                for column, code in columns.items()
            ]
    return RunOutput(name, "", (), tuple(named))


def _of_number(code: str, when: str, kind: str, value: float, place: str) -> FigureReading:
    """Return an unrounded value as tables print it."""
    if code in OF_A_FINANCIAL_YEAR:
        when = when if "-" in when else f"{int(when) - 1}-{int(when) % 100:02d}"
    if code in POUNDS:
        return FigureReading(code, when, kind, wording.table_pounds(value), place)
    shown = wording.table_chance(value) if code.startswith("p_") else wording.count(value)
    return FigureReading(code, when, kind, shown, place)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[RunOutput]]:
    """Return every output of one run of Redbridge, with what is shipped for it."""
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(defaults, "DRAWS", DRAWS)
        # Cells that wrap would be read as several rows.
        patch.setattr(output, "WIDTH", 500)
        yield [*commands(folder), *pages(patch), *downloads()]


def commands(folder: Path) -> Iterator[RunOutput]:
    """Yield what commands print, and the pages they write."""
    usual = ("Redbridge", "--draws", str(DRAWS))
    asked: dict[str, Sequence[str]] = {
        "sendplan forecast": ("forecast", *usual, "--out", str(folder / "f")),
        "sendplan places": ("places", *usual, "--out", str(folder / "p")),
        "sendplan money": ("money", *usual, "--out", str(folder / "m")),
        "sendplan capital": (
            "capital", *usual, "--out", str(folder / "c"),
        ),
    }  # fmt: skip
    for name, words in asked.items():
        yield of_terminal(name, printed(*words))
    compare = (
        "scenario",
        "compare",
        "Redbridge",
        "baseline",
        "low-births",
        "--year",
        str(YEAR),
        "--no-record",
        "--draws",
    )
    said = printed(*compare, str(DRAWS))
    # The title of the first table does not name the January, which stands above it.
    yield of_terminal(
        "sendplan scenario compare", said.replace("Middle figures", f"January {YEAR}: Middle figures", 1)
    )
    for name, file in (("summary.md", "f/summary.md"), ("places.md", "p/places.md"), ("money.md", "m/money.md"),
                       ("capital.md", "c/capital.md")):  # fmt: skip
        yield of_markdown(name, (folder / file).read_text(encoding="utf-8"))
    yield of_csv(
        "shortfall.parquet of sendplan forecast", pd.read_parquet(folder / "f" / "shortfall.parquet")
    )


def pages(patch: pytest.MonkeyPatch) -> Iterator[RunOutput]:
    """Yield every page of the app, and the first in two Januaries."""
    view = capital_job.appraise(lambda *_: None, work_requests.job_inputs(choices_of()))
    patch.setattr(results, "worker", partial(Finished, {capital_job.appraise: view}))
    for entry in PAGES:
        address = {"year": str(YEAR)} | ({"scenario": "low-births"} if entry.path == "scenarios" else {})
        yield of_page(f"page {entry.title} (year={YEAR})", open_page(entry.path, **address))
    yield of_page("page Overview (year=2027)", open_page("", year="2027"))


def downloads() -> Iterator[RunOutput]:
    """Yield the workbook, the CSV files and the paper, made as the page Reports makes them."""
    inputs = work_requests.job_inputs(choices_of())
    tidied = report_jobs.tidy(lambda *_: None, work_requests.job_inputs(choices_of(), ("baseline",)))
    workbook, archive = tidied.files.values()
    yield of_workbook("workbook", workbook)
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        for name in packed.namelist():
            yield of_csv(name, pd.read_csv(io.BytesIO(packed.read(name)), encoding="utf-8-sig"))
    (paper,) = report_jobs.paper(lambda *_: None, inputs, "sendplan report capital", DAY).files.values()
    yield of_word("capital paper", paper)


WHENS = {"lead": "2031", "capital": "2030", "life": "life"}
"""When figures are of whose sentence does not say it: the January a paper leads with, and the one the schemes are judged in."""

FIGURES_COMPARED = 1500
"""At least so many figures stand in several outputs; fewer would mean that the walk has lost its way."""


def test_no_figure_has_two_values(outputs: list[RunOutput]) -> None:
    read = readings(outputs, WHENS)
    places: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for one in read:
        places[one[:3]].add(one.place.split(",")[0])
    shared = {key for key, at in places.items() if len(at) > 1}
    walked = {one.place.split(",")[0] for one in read}
    print(
        f"{len(read)} readings of {len(places)} figures, {len(shared)} of them in several of {len(walked)} outputs"
    )
    wrong = conflicts(read)
    assert not wrong, f"{len(wrong)} figures have two values:\n" + "\n".join(wrong)
    assert len(shared) >= FIGURES_COMPARED
    assert {
        "sendplan forecast",
        "sendplan capital",
        "summary.md",
        "workbook",
        "capital paper",
        "figures.csv",
    } <= walked
    assert ("shortfall", str(YEAR), ALL_KINDS) in shared
    print(sorted(one.place for one in read if one[:3] == ("shortfall", str(YEAR), ALL_KINDS)))


def test_a_second_value_is_named_with_both_places() -> None:
    one = FigureReading("shortfall", "2030", ALL_KINDS, "751", "page Overview, figure 'Short'")
    (line,) = conflicts([one, one._replace(value="765", place="page Scenarios, table 'January 2030'")])
    assert "751 in page Overview" in line
    assert "765 in page Scenarios" in line
    assert not conflicts([one, one, one._replace(when="2031", value="765")])


def test_a_changed_figure_of_an_output_is_seen(outputs: list[RunOutput]) -> None:
    """Change the children short on one page by one, and the walk must fail there: it reads, and does not merely pass."""
    page = next(o for o in outputs if o.name.startswith("page Overview (year=2030"))
    wrong = [
        r._replace(value=wording.count(float(r.value.replace(",", "")) + 1)) if r.figure == "shortfall" else r
        for r in page.named
    ]
    changed = [RunOutput(o.name, o.prose, o.tables, tuple(wrong)) if o is page else o for o in outputs]
    (line,) = conflicts(readings(changed, WHENS))
    assert "page Overview" in line


WORDS_LEFT_OUT = re.compile(
    r"\b(binds? first|futures drawn|regrets?|latent|R-hat|almost certain|every future|draws|seed)\b|"
    r"(?<!\d)100 % (sure|likely|chance)",
    re.I,
)
"""Words of the method, which stay in the docs and on the page Evidence, and chances that nothing can have."""

NO_CHANCE = ("0 %", "100 %")
"""What no cell under a heading with the word "chance" may say."""

METHOD = ("page Evidence",)


def test_no_output_speaks_of_the_method(outputs: list[RunOutput]) -> None:
    found: dict[str, list[str]] = {}
    for one in outputs:
        if one.name.startswith(METHOD):
            continue
        cells = (cell for table in one.tables for row in (table.heads, *table.rows) for cell in row)
        for said in (one.prose, *(table.caption for table in one.tables), *cells):
            hits = [said[max(m.start() - 40, 0) : m.end() + 20] for m in WORDS_LEFT_OUT.finditer(said)]
            found.setdefault(one.name, []).extend(hits)
        for table in one.tables:
            for row in table.rows:
                found[one.name] += [
                    f"{head}: {cell}"
                    for head, cell in zip(table.heads, row, strict=False)
                    if "chance" in head.casefold() and cell in NO_CHANCE
                ]
    assert not {name: at for name, at in found.items() if at}
