"""Files of candidate schemes (``candidates.csv``): read and check them, and write a template.

Invariant: a file is read whole or not at all, and every problem in it is reported at once, by spreadsheet row and column; what
is written reads back unchanged. Blank cells of `OPTIONAL` columns stand for shipped benchmarks and are named in
``Candidate.assumed``. A text cell never reaches a spreadsheet as a formula.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from data import tables
from data.capital.benchmarks import benchmark, location_factor
from data.capital.candidates import BASES, CONFIDENCES, KINDS, Candidate, Kind
from data.council_files.column_mapping import ColumnMapping
from data.council_files.council_table import CheckedFile, CouncilTable, read_council_table
from data.council_files.council_words import parse_needs, parse_word
from data.council_files.file_kinds import UNANSWERED, FileKind, ages_of_range, last_age_of_leavers
from data.council_files.formulas import guarded
from data.council_files.problems import SHOWN, Problem, report
from data.council_files.set_aside import NOTHING_ASIDE, SetAside
from data.council_files.spreadsheet import (
    AUTHORITY,
    CellError,
    Remark,
    Understood,
    parse_authority,
    parse_cells,
    parse_code,
    plain,
    remarks_in_words,
    write_whole,
)
from data.council_files.whose_rows import whose_rows
from data.council_files.written_ages import parse_age_or_year_group
from data.council_files.written_amounts import amount, no_number, with_point
from data.council_files.written_dates import pair_of_years, parse_academic_year
from data.errors import CapitalError, OutputError
from data.formatting import quoted
from data.registers.register import PHASINGS, SLIPPAGE, academic_year, first_year
from data.vocabulary import ALL, NEED_CODES

COLUMNS: tuple[str, ...] = (
    "id", "title", "kind", "places", "age_low", "age_high", "needs", "opens", "decided", "lead_years", "phasing",
    "chance_delivered", "chance_on_time", "typical_delay_years", "capital_low", "capital_high", "price_year",
    "location_factor", "optimism_bias", "grant_share", "borrow_years", "borrow_rate", "running_cost", "one_of", "urn",
    "community", "latitude", "longitude", "basis", "confidence", "source", "note",
)  # fmt: skip
"""Columns of a file of candidates, in order."""

NEEDED: tuple[str, ...] = (
    "id", "title", "kind", "places", "age_low", "age_high", "needs", "basis", "confidence", "source",
)  # fmt: skip
"""Columns whose cells must not be blank; ``opens`` may be blank where ``decided`` is given."""

_BLANK = dict.fromkeys(NEEDED, "Every scheme needs it. Fill it in.")

OPTIONAL: tuple[str, ...] = tuple(c for c in COLUMNS if c not in NEEDED)
"""Columns a file may leave out, and whose cells may be blank."""

FOLDER = tables.REFERENCE / "capital" / "candidates"
"""Files of candidates we ship, named by the DfE number of the authority."""

TOTAL_COST = "capital_total"
"""Column that a council's file may have instead of a cost per place: pounds for the whole scheme."""

SUFFIXES: tuple[str, ...] = (".csv", ".xlsx")
"""Kinds of file that are read; templates are CSV."""

MAX_ROWS = 200
"""Candidates in one file."""

MAX_BYTES = 5_000_000
"""Largest file of candidates that is opened, in bytes (5 MB)."""

_NUMBER = re.compile(r"(\d{1,9}|\d{1,3}(,\d{3}){1,2})(\.\d{1,12})?", re.ASCII)
_SIGNED = re.compile(r"-?\d{1,3}(\.\d{1,12})?", re.ASCII)
_WHOLE = ("places", "age_low", "age_high", "lead_years", "borrow_years", "urn")
_POUNDS = ("capital_low", "capital_high", "running_cost")
_PER_CENT = ("chance_delivered", "chance_on_time", "optimism_bias", "grant_share", "borrow_rate")


@dataclass(frozen=True)
class Candidates:
    """Candidate schemes read from a file.

    Parameters
    ----------
    rows
        In the order of the file.
    origin
        Name of the file.
    remarks
        How cells in other words than the template's were read, and which rows were left out, for people.
    aside
        Columns of the council's own that have no meaning here.
    """

    rows: tuple[Candidate, ...]
    origin: str
    remarks: tuple[str, ...] = ()
    aside: SetAside = NOTHING_ASIDE


def _choice(what: str, allowed: Mapping[str, str]) -> Callable[[str], str]:
    spellings = {plain(label): code for code, label in allowed.items()} | {plain(c): c for c in allowed}
    return lambda cell: parse_code(cell, spellings, what, allowed)


def _number(cell: str) -> float | Understood:
    text = cell.replace("£", "").replace(" ", "").removesuffix("%")
    if text.startswith(("-", "\u2212", "(")):
        raise CellError(f"{quoted(cell)} is below 0. Costs, chances and places are 0 or more. Correct it.")
    if _NUMBER.fullmatch(text) is not None:
        return float(text.replace(",", ""))
    written = amount(cell)
    if written is None:
        raise CellError(
            f"{quoted(cell)} is not a number. Write figures, such as 45000 or 45,000, without words or ranges."
            + no_number(cell),
            with_point(cell),
        )
    about, also = (", estimated", (("basis", "estimated"),)) if written.estimated else ("", ())
    return Understood(written.number, f"{quoted(cell)} was read as {written.number:,.10g}{about}", also)


def _whole(cell: str) -> int | Understood:
    read = _number(cell)
    number = read.value if isinstance(read, Understood) else read
    if not number.is_integer():
        raise CellError(f"{quoted(cell)} is not a whole number. Round it.")
    return replace(read, value=int(number)) if isinstance(read, Understood) else int(number)


def _degrees(cell: str) -> float:
    if _SIGNED.fullmatch(cell) is None:
        raise CellError(f"{quoted(cell)} is not a number of degrees. Write one such as 51.5763 or -0.0712.")
    return float(cell)


def _needs(cell: str) -> tuple[str, ...] | Understood:
    read = parse_needs(cell)
    codes, remark = (read.value, read.remark) if isinstance(read, Understood) else (read, "")
    needs = NEED_CODES if codes == ALL else tuple(codes.split(";"))
    return Understood(needs, remark) if remark else needs


def _september(cell: str) -> int | Understood:
    """Return the year in whose September places are first counted: the next one for an opening after January."""
    read = parse_academic_year(cell)
    text = read.value if isinstance(read, Understood) else read
    year = first_year(text)
    assert year is not None  # it was read as an academic year
    if not isinstance(read, Understood):
        return year
    month = dict(read.also).get("opens_in")
    if month is not None and f"{year + 1}-01" < month <= f"{year + 1}-08":
        later = academic_year(year + 2)
        return Understood(
            year + 1,
            f"{quoted(cell)} is after the January of {text}, so it was read as {later}, whose January is the first counted",
        )
    return Understood(year, read.remark)


def _price_year(cell: str) -> str:
    begins = pair_of_years(cell)
    return cell.replace("/", "-") if begins is None else f"{begins}-{(begins + 1) % 100:02d}"


def _each_place(cell: str) -> dict[str, str]:
    """Return both ends of the cost of one place from a single cost."""
    return {"capital_low": cell, "capital_high": cell}


def _kind(cell: str) -> str | Understood:
    try:
        return _choice("kind of scheme", {str(code): label for code, label in KINDS.items()})(cell)
    except CellError:
        return parse_word("kind", cell, "kind of scheme", tuple(KINDS))


_PARSERS: dict[str, Callable[[str], object]] = {
    **dict.fromkeys(("id", "title", "one_of", "community", "source", "note"), str),
    **dict.fromkeys(_WHOLE, _whole),
    **dict.fromkeys((*_POUNDS, *_PER_CENT, "typical_delay_years", "location_factor"), _number),
    **dict.fromkeys(("latitude", "longitude"), _degrees),
    TOTAL_COST: _number,
    AUTHORITY: parse_authority,
    "age_low": parse_age_or_year_group,
    "age_high": parse_age_or_year_group,
    "kind": _kind,
    "needs": _needs,
    "opens": _september,
    "decided": _september,
    "phasing": lambda cell: parse_word("phasing", cell, "phasing", PHASINGS),
    "price_year": _price_year,
    "basis": lambda cell: parse_word("basis", cell, "basis", BASES),
    "confidence": lambda cell: parse_word("confidence", cell, "confidence", CONFIDENCES),
}

SCHEME_FILE = FileKind(
    code="schemes",
    name="a file of schemes",
    columns=(*COLUMNS, TOTAL_COST, AUTHORITY),
    parsers=_PARSERS,
    needed=NEEDED,
    values={
        "title": UNANSWERED,
        "kind": UNANSWERED,
        "age_low": UNANSWERED,
        "age_high": UNANSWERED,
        "needs": UNANSWERED,
        "opens": UNANSWERED,
        "price_year": UNANSWERED,
        "basis": "council",
        "confidence": "medium",
        "source": "the file",
    },
    choices={
        "kind": tuple(KINDS),
        "age_low": ("an age at 31 August, such as 4 for Reception",),
        "age_high": ("an age at 31 August, such as 10 for Year 6",),
        "needs": (f"need codes joined by ;, or {ALL}",),
        "opens": ("an academic year like 2028/29",),
        "price_year": ("the financial year of the pounds, like 2025-26",),
        "basis": BASES,
        "confidence": CONFIDENCES,
    },
    words={"kind": "kind", "needs": "needs", "phasing": "phasing"},
    converters={
        "age_range": partial(ages_of_range, school_range=True),
        "leaving_age": last_age_of_leavers,
        "cost_per_place": _each_place,
        "capital_cost": lambda cell: {TOTAL_COST: cell},
    },
    gives={
        "age_range": ("age_low", "age_high"),
        "leaving_age": ("age_high",),
        "cost_per_place": ("capital_low", "capital_high"),
        "capital_cost": (TOTAL_COST,),
    },
    amount="places",
    title="title",
    refuse=CapitalError,
    nothing="no candidates were read",
    pounds=(*_POUNDS, "capital_cost", "cost_per_place", TOTAL_COST),
    asked_with={"price_year": (*_POUNDS, TOTAL_COST)},
    check_command="sendplan schemes check {area} {file}",
    sheets=("Schemes",),
)
"""Files of schemes, for the reader of council files."""


def shipped(la_code: int) -> Candidates | None:
    """Return the candidate schemes shipped for an authority; None if there are none."""
    path = FOLDER / f"{la_code}.csv"
    if not path.is_file():
        return None
    return replace(read_candidates(path, la_code), origin=f"{path.name}, which comes with the planner")


def read_candidates(path: str | Path, la_code: int, *, mapping: ColumnMapping | None = None) -> Candidates:
    """Read and check a file of candidate schemes, CSV or .xlsx, in the template or with columns of the council's own.

    Rows are numbered as in the spreadsheet.

    Parameters
    ----------
    path
        The file.
    la_code
        Authority that would build them: blank location factors are its own.
    mapping
        What a person confirmed of a table that is not in the template; None to use the one remembered for the authority.

    Raises
    ------
    CapitalError
        The file cannot be read, a cell cannot be used, or a scheme is given twice; nothing is read in part.
    """
    path = Path(path)
    checked = check_candidates(path, la_code, mapping)
    if checked.problems:
        result = "no candidates were read from it and nothing was written"
        raise CapitalError(report(path.name, checked.problems, result, "CSV UTF-8 or .xlsx"))
    remarks = (*checked.table.notes, *remarks_in_words(checked.remarks))
    return Candidates(
        tuple(checked.rows.values()), path.name, remarks, checked.table.set_aside(list(checked.rows))
    )


def check_candidates(path: Path, la_code: int, mapping: ColumnMapping | None = None) -> CheckedFile:
    """Return a file of schemes with every problem in it, row by row.

    Raises
    ------
    CapitalError
        The file as a whole cannot be read.
    """
    _check_file(path)
    table = read_council_table(path, SCHEME_FILE, la_code, mapping)
    if not table.body:
        raise CapitalError(
            f"'{path.name}' holds no candidate, so there is nothing to appraise. Add a row for each scheme under the header "
            f"{', '.join(NEEDED)}, opens."
        )
    if len(table.body) > MAX_ROWS:
        raise CapitalError(
            f"'{path.name}' has {len(table.body):,} rows; at most {MAX_ROWS} candidates are appraised at a time. It was not "
            "read. Keep the schemes that are serious options."
        )
    if not table.mapped:
        _check_header(path.name, table.header)
    whose = whose_rows(path.name, SCHEME_FILE, table, la_code)
    problems: list[Problem] = list(whose.own.problems)
    broken = {int(p.row) for p in problems}
    remarks: list[Remark] = []
    rows: dict[int, Candidate] = {}
    for number, cells in whose.own.body:
        header, filled = _with_id(table, cells)
        candidate, wrong = _candidate(number, header, filled, la_code, remarks)
        problems += wrong
        if candidate is not None and not wrong and int(number) not in broken:
            rows[number] = candidate
    problems += _repeated(rows)
    return CheckedFile(table, rows, tuple(problems), la_code, tuple(remarks))


def _with_id(table: CouncilTable, cells: list[str]) -> tuple[list[str], list[str]]:
    """Return the columns and cells of a row, with a short name made from its title or reference in a council's own."""
    header = list(table.header)
    if not table.mapped:
        return header, cells
    own = dict(zip(header, cells, strict=True))
    made = (
        re.sub(r"[^a-z0-9]+", "-", (own.get("id") or own.get("title") or "").casefold())
        .strip("-")[:60]
        .strip("-")
    )
    own["id"] = made
    return list(own), list(own.values())


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise CapitalError(
            f"There is no file '{path}', so no candidates were read. Check the spelling of the path, or write a file to start "
            "from with --template."
        )
    if path.suffix.lower() not in SUFFIXES:
        raise CapitalError(
            f"'{path.name}' is not a .csv file or .xlsx workbook and other kinds are not read. In the spreadsheet choose "
            f"Save as, "
            "CSV UTF-8."
        )
    try:
        fits = path.stat().st_size <= MAX_BYTES
        with path.open("rb"):
            pass
    except OSError as error:
        raise CapitalError(
            f"'{path.name}' cannot be opened ({error.strerror}), so no candidates were read. Close it in other programs and "
            "check that you may read it."
        ) from None
    if not fits:
        raise CapitalError(
            f"'{path.name}' is larger than {MAX_BYTES // 1_000_000} MB, so it was not opened. A file of candidates has one row a "
            "scheme. Check that it is the right file."
        )


def _check_header(where: str, names: Sequence[str]) -> None:
    parts = []
    if missing := [c for c in NEEDED if c not in names]:
        parts.append(f"column(s) missing: {', '.join(missing)}")
    if not {"opens", "decided"} & set(names):
        parts.append("neither column 'opens' nor 'decided' is there")
    if unknown := [c for c in names if c not in (*COLUMNS, TOTAL_COST, AUTHORITY)]:
        parts.append(f"column(s) unknown: {', '.join(quoted(c) for c in unknown[:SHOWN])}")
    if repeated := sorted({c for c in names if names.count(c) > 1 and c in COLUMNS}):
        parts.append(f"column(s) given twice: {', '.join(repeated)}")
    if parts:
        raise CapitalError(
            f"'{where}', row 1: {'; '.join(parts)}. Schemes cannot be told apart without them and nothing was read. Needed are "
            f"{', '.join(NEEDED)} and opens or decided; a file may also have {', '.join((*OPTIONAL, TOTAL_COST))}."
        )


def _candidate(
    number: int, header: Sequence[str], cells: Sequence[str], la_code: int, remarks: list[Remark]
) -> tuple[Candidate | None, list[Problem]]:
    """Return the candidate scheme of one row, or None and every problem in the row."""
    values, problems = parse_cells(number, header, cells, _PARSERS, _BLANK, remarks)
    values.pop(AUTHORITY, None)
    if problems:
        return None, problems
    try:
        return Candidate.model_validate(_completed(values, la_code)), []
    except CellError as error:
        return None, [Problem(number, "opens", str(error))]
    except ValidationError as error:
        return None, [_problem(number, detail) for detail in error.errors()]


def _completed(values: dict[str, Any], la_code: int) -> dict[str, Any]:
    """Return the values of a row with its blanks filled from the benchmarks of its kind of scheme."""
    kind: Kind = values["kind"]
    usual_of_kind = benchmark(kind)
    slips = SLIPPAGE["agreed", values["confidence"]]
    lead = values.get("lead_years", usual_of_kind.lead_years)
    opens = _opening(values.get("opens"), values.pop("decided", None), lead, "lead_years" in values)
    _share_total_cost(values)
    # A cost of the council's own is of its own place: only a benchmark is moved.
    own_cost = "capital_low" in values or "capital_high" in values
    if own_cost and not {"capital_low", "capital_high"} <= set(values):
        given = "capital_low" if "capital_low" in values else "capital_high"
        values["capital_low"] = values["capital_high"] = values[given]
    if own_cost and "price_year" not in values:
        raise CellError(
            "a cost is given but not its price_year, so it cannot be compared with others. Write the financial year of the "
            "pounds in the column 'price_year', like 2025-26."
        )
    usual: dict[str, Any] = {
        "opens": opens,
        "lead_years": lead,
        "phasing": PHASINGS[1] if usual_of_kind.by_year_group else PHASINGS[0],
        "chance_delivered": slips.delivered,
        "chance_on_time": slips.on_time,
        "typical_delay_years": slips.delay,
        "capital_low": usual_of_kind.capital_low,
        "capital_high": usual_of_kind.capital_high,
        "price_year": usual_of_kind.price_year,
        "location_factor": 1.0 if own_cost else round(location_factor(la_code) / usual_of_kind.location, 3),
        "optimism_bias": usual_of_kind.optimism_bias,
        "grant_share": usual_of_kind.grant_share,
        "borrow_years": usual_of_kind.borrow_years,
        "borrow_rate": usual_of_kind.borrow_rate,
    }
    filled_in = tuple(
        c for c in usual if c not in values and c != "opens" and not (own_cost and c == "location_factor")
    )
    return {**usual, **values, "opens": opens, "assumed": filled_in}


def _share_total_cost(values: dict[str, Any]) -> None:
    """Put the cost of one place where the cost of the whole scheme is given."""
    total = values.pop(TOTAL_COST, None)
    if total is None:
        return
    if "capital_low" in values or "capital_high" in values:
        raise CellError(
            "the cost of a place and that of the whole scheme are both given. Leave one of them blank."
        )
    values["capital_low"] = values["capital_high"] = total / max(1, values["places"])


def _opening(opens: int | None, decided: int | None, lead: int, lead_given: bool) -> int:
    if opens is None and decided is None:
        raise CellError("is blank, and so is 'decided'. Write the academic year of opening, like 2028/29.")
    if opens is None:
        assert decided is not None  # one of the two is given
        return decided + lead
    if decided is not None and lead_given and decided + lead != opens:
        raise CellError(
            f"{academic_year(opens + 1)} is not {lead} years after the decision in {academic_year(decided + 1)}. Correct opens, "
            "decided or lead_years, or leave one of them blank."
        )
    return opens


def _problem(number: int, detail: Any) -> Problem:
    column = str(detail["loc"][0]) if detail["loc"] else "capital_low"
    kind, context = detail["type"], detail.get("ctx", {})
    given = quoted(str(detail["input"])) if detail["loc"] else ""
    if kind == "value_error":
        text = str(context["error"])
        named = text.split(" ", 1)[0]
        return Problem(number, named if named in COLUMNS else column, text)
    limits = {"greater_than_equal": ("below", "ge"), "less_than_equal": ("above", "le")}
    if kind in limits:
        word, key = limits[kind]
        return Problem(
            number,
            column,
            f"{given} is {word} {context[key]:,.10g}, the limit. Look for a slip, and correct it.",
        )
    return Problem(number, column, f"{given}: {detail['msg']}. Correct it.")


def _repeated(rows: Mapping[int, Candidate]) -> list[Problem]:
    """Return a problem for each scheme given twice: same id, or same title under another id."""
    problems, ids, titles = [], dict[str, int](), dict[str, int]()
    for number, row in rows.items():
        if row.id in ids:
            problems.append(
                Problem(
                    number,
                    "id",
                    f"'{row.id}' is row {ids[row.id]} too, so places would count twice. Delete one.",
                )
            )
        elif row.title.casefold() in titles:
            problems.append(
                Problem(
                    number, "title",
                    f"{quoted(row.title)} is row {titles[row.title.casefold()]} too. Delete one, or say how they differ.",
                )
            )  # fmt: skip
        ids.setdefault(row.id, number)
        titles.setdefault(row.title.casefold(), number)
    return problems


def to_csv(candidates: Sequence[Candidate], aside: SetAside = NOTHING_ASIDE) -> str:
    """Return candidate schemes as CSV text that reads back unchanged, with what is kept aside of them.

    Values filled in from benchmarks are left blank.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    names, beside = aside.beside((*COLUMNS, TOTAL_COST, AUTHORITY), len(candidates))
    writer.writerow([*COLUMNS, *names])
    for candidate, more in zip(candidates, beside, strict=True):
        cells = ["" if c in candidate.assumed else guarded(_cell(candidate, c)) for c in COLUMNS]
        writer.writerow([*cells, *more])
    return out.getvalue()


def _cell(candidate: Candidate, column: str) -> str:
    if column == "decided":
        return ""
    value = getattr(candidate, column)
    if column == "opens":
        return academic_year(int(value) + 1)
    if column == "needs":
        return ALL if value == NEED_CODES else ";".join(value)
    if value is None or (column == "running_cost" and value == 0):
        return ""
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() else f"{value:.12f}".rstrip("0")
    return str(value)


def write_template(
    candidates: Sequence[Candidate], path: str | Path, aside: SetAside = NOTHING_ASIDE
) -> None:
    """Write candidate schemes to a CSV file for editing, whole or not at all, with a byte order mark for spreadsheets.

    Raises
    ------
    OutputError
        The file cannot be written; a file already there is left as it was.
    """
    path = Path(path)
    if path.suffix.lower() != ".csv":
        raise OutputError(
            f"Candidates cannot be written to '{path}': they are .csv files. Give the file this ending."
        )
    write_whole(path, to_csv(candidates, aside).encode("utf-8-sig"), "The file of candidates")
