"""Files of the council's own counts: one template, one reader.

A workbook (.xlsx) has the sheet Plans and, where the council wants, the sheets Waiting, Not in school and Staff; a CSV file has
plans alone. Each sheet of `SHEETS` says its columns, and what is written reads back unchanged.

Invariant: a file is read whole or not at all, and every problem in it is reported at once, by sheet, row and column. A text cell
never reaches a spreadsheet as a formula.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from data.areas import by_code
from data.council_files.council_words import bare, parse_needs, parse_word
from data.council_files.file_kinds import headings
from data.council_files.formulas import guarded, unguarded
from data.council_files.left_out_rows import is_total
from data.council_files.problems import Problem, report
from data.council_files.spreadsheet import (
    CellError,
    Understood,
    column_names,
    csv_rows,
    name_of,
    parse_authority,
    parse_cells,
    parse_code,
    plain,
    write_whole,
)
from data.council_files.written_dates import day
from data.counts.own_counts import (
    NOT_IN_SCHOOL,
    STAFF,
    NotInSchoolCount,
    OwnCounts,
    PlansCount,
    StaffCount,
    WaitingCount,
    census_day,
    disagreements,
    in_words,
    newest_january,
)
from data.errors import CountError, OutputError
from data.formatting import listed, quoted
from data.vocabulary import AGE_BANDS, ALL, NEEDS, PHASES, PROVISIONS

SUFFIXES: tuple[str, ...] = (".csv", ".xlsx")
"""Kinds of file."""

MAX_BYTES = 5_000_000
"""Largest file of counts that is opened, in bytes (5 MB)."""

MAX_ROWS = 1_000
"""Rows of one sheet."""

PLANS = "Plans"
"""Sheet of plans; the only one that must be there, and what a CSV file holds."""

AUTHORITY, DAY, TOTAL, BAND, NEED, PLACEMENT = "authority", "date", "total", "age band", "need", "placement"
REQUESTS, ASSESSMENTS, CEASED = "requests open", "assessments open", "ceased since January"

BANDS: dict[str, str] = {b.code: f"{b.low} to {b.high}" for b in AGE_BANDS}
"""Age bands as a file writes them: spreadsheets take 5-10 for a day in October."""

WHATS: dict[str, str] = {
    AUTHORITY: "DfE number of the authority, three digits",
    DAY: "Day the plans were counted, like 2026-09-30",
    TOTAL: "EHC plans that the council maintained that day",
    BAND: "By age at 31 August before that day (all five, or none)",
    NEED: "By primary need, one for each plan (all, or none)",
    PLACEMENT: "By where the plan holder is taught (those you know)",
    REQUESTS: "Requests for an assessment without a decision that day",
    ASSESSMENTS: "Assessments agreed, without an outcome that day",
    CEASED: "Plans that ceased since the last January return",
}
"""Rows of the sheet of plans: what is counted, with what to write."""

OTHER_WORDS: dict[str, str] = {
    **dict.fromkeys(
        ("la", "local authority", "la code", "council", "dfe number", "authority code"), AUTHORITY
    ),
    **dict.fromkeys(("as at", "date counted", "snapshot date", "count date", "day", "as at date"), DAY),
    **dict.fromkeys(
        ("total plans", "plans", "ehc plans", "ehcps", "total ehcps", "all plans", "number of plans"), TOTAL
    ),
    **dict.fromkeys(("age", "age group", "ages"), BAND),
    **dict.fromkeys(("primary need", "type of need", "sen need"), NEED),
    **dict.fromkeys(
        ("provision", "provision type", "setting type", "type of placement", "placement type"), PLACEMENT
    ),
}
"""What councils call the rows of the sheet of plans, in plain lower case."""

Lines = Sequence[tuple[int, list[str]]]
"""(Row number, trimmed cells) of each row that is not blank."""

TITLES = 15
"""Rows in which the header of a sheet is looked for, under titles."""

CODES: dict[str, dict[str, str]] = {BAND: {v: v for v in BANDS.values()}, NEED: NEEDS, PLACEMENT: PROVISIONS}
"""Counts that have a code: codes as a file writes them, with labels."""

SHEETS: dict[str, tuple[str, ...]] = {
    PLANS: ("what", "code", "value", "note"),
    "Waiting": ("date", "need", "phase", "children", "definition"),
    "Not in school": ("date", "state", "need", "phase", "children", "definition"),
    "Staff": ("date", "role", "posts_fte", "vacant_fte", "note"),
}
"""Sheets of a workbook and their columns."""

GUIDANCE: dict[str, str] = {
    "what": "What is counted. Leave the words as they are; leave value blank where you do not know.",
    "code": "The age band, need or placement that the row counts.",
    "value": "A whole number; of the first two rows, the authority's number and the date.",
    "note": "Anything a colleague should know. Not used.",
    "date": "Day counted, like 2026-09-30.",
    "need": f"Primary need ({', '.join(NEEDS)}), or {ALL}.",
    "phase": f"Phase by age at 31 August ({', '.join(p.code for p in PHASES)}), or {ALL}.",
    "children": "How many, a whole number.",
    "definition": "Who counts, in your words: the same words every time, so that counts can be compared.",
    "state": f"One of {', '.join(NOT_IN_SCHOOL)}.",
    "role": f"One of {', '.join(STAFF)}.",
    "posts_fte": "Posts there are, full-time equivalent.",
    "vacant_fte": "Of them, posts that nobody fills.",
}
"""What to write in each column."""

_NOTHING = "nothing was read from it and the forecast was not changed"
_WHOLE = re.compile(r"\d{1,5}|\d{1,3}(,\d{3}){1,2}", re.ASCII)
_FTE = re.compile(r"\d{1,4}(\.\d{1,4})?", re.ASCII)
_SPELLINGS = {
    BAND: {
        plain(s): b.code for b in AGE_BANDS for s in (b.code, BANDS[b.code], b.label, f"ages {BANDS[b.code]}")
    },
    NEED: {plain(s): code for code, label in NEEDS.items() for s in (code, label)},
    PLACEMENT: {plain(s): code for code, label in PROVISIONS.items() for s in (code, label)},
}


@dataclass(frozen=True)
class OnDay:
    """The clock and the release that a file is checked against.

    Parameters
    ----------
    today
        No count is of a later day.
    january
        Newest January with published plans; None to accept a count of an earlier day, as of a version kept before a release.
    """

    today: date
    january: int | None

    @classmethod
    def now(cls, today: date) -> OnDay:
        """Return the check of a file that is put in today."""
        return cls(today, newest_january())


def read_counts(path: str | Path, la_code: int, at: OnDay) -> OwnCounts:
    """Read and check a file of counts: CSV (plans alone) or .xlsx.

    Parameters
    ----------
    path
        The file.
    la_code
        Whose counts they should be.
    at
        Today, and the newest January published.

    Raises
    ------
    CountError
        The file cannot be read, any cell cannot be used, or it is another authority's; nothing is read in part.
    """
    path = Path(path)
    sheets = _sheets(path)
    plans, problems = _plans(sheets[PLANS], path.name, la_code, at)
    rows: dict[str, list[Any]] = {}
    for name, make in _ROWS.items():
        rows[name], wrong = _listed(name, sheets.get(name, []), path.name, make, at.today)
        problems += wrong
    if problems:
        raise CountError(report(path.name, problems, _NOTHING))
    assert plans is not None  # without a problem there is one
    return OwnCounts(
        la_code=la_code,
        plans=plans,
        waiting=tuple(rows["Waiting"]),
        not_in_school=tuple(rows["Not in school"]),
        staff=tuple(rows["Staff"]),
        origin=path.name,
    )


def _sheets(path: Path) -> dict[str, list[tuple[int, list[str]]]]:
    """Return the rows of each sheet that are not blank, cells trimmed; a CSV file is the sheet of plans."""
    if not path.is_file():
        raise CountError(
            f"There is no file '{path}', so the forecast was not changed. Check the spelling of the path, or write a template "
            "with 'sendplan counts template'."
        )
    if path.suffix.lower() not in SUFFIXES:
        raise CountError(
            f"'{path.name}' is not a .csv file or .xlsx workbook and other kinds are not read. In the spreadsheet choose Save "
            "as, Excel workbook (.xlsx), or CSV UTF-8 for plans alone, and give that file."
        )
    try:
        raw = path.read_bytes() if path.stat().st_size <= MAX_BYTES else None
    except OSError as error:
        raise CountError(
            f"'{path.name}' cannot be opened ({error.strerror}), so {_NOTHING}. Close it in other programs and check that you "
            "may read it."
        ) from None
    if raw is None:
        raise CountError(
            f"'{path.name}' is larger than {MAX_BYTES // 1_000_000} MB, so it was not opened. A file of counts has some dozen "
            "rows and no children's names. Check that it is the right file."
        )
    if path.suffix.lower() == ".xlsx":
        # Imported when needed: it is slow to load and many files are CSV.
        from data.council_files.workbook import WorkbookWords, read_sheets

        words = WorkbookWords(CountError, "a file of counts", _NOTHING, "counts, not children")
        sheets = read_sheets(path, list(SHEETS), words)
    else:
        sheets = {PLANS: csv_rows(raw, path.name, "letters", CountError)}
    filled = {
        name: [
            (n, trimmed) for n, cells in rows if any(trimmed := [unguarded(c.strip()).strip() for c in cells])
        ]
        for name, rows in sheets.items()
    }
    if not filled.get(PLANS):
        raise CountError(
            f"'{path.name}' has no rows on the sheet {PLANS}, so there is no count of plans to use. Start from the template of "
            "'sendplan counts template'."
        )
    for name, rows in filled.items():
        if len(rows) > MAX_ROWS:
            raise CountError(
                f"Sheet '{name}' of '{path.name}' has {len(rows):,} rows; at most {MAX_ROWS:,} are read. It was not read. Check "
                "that it holds counts, not children."
            )
    return filled


def _below_titles(name: str, lines: Lines) -> tuple[list[str], Lines]:
    """Return the header of a sheet, in the template's names, and the rows below it: the first row that names every column.

    A heading in other words counts where it can stand for one column of the sheet only. Without such a row it is the first.
    """
    needed = {c for c in SHEETS[name] if c not in ("note", "vacant_fte")}
    for at, (_, cells) in enumerate(lines[:TITLES]):
        names = [_column(name, c) for c in column_names(cells)]
        if needed <= set(names) and len(set(names)) == len(names):
            return names, lines[at + 1 :]
    return list(lines[0][1]), lines[1:]


def _column(sheet: str, heading: str) -> str:
    own = bare(heading)
    columns = SHEETS[sheet]
    if own in {bare(c) for c in columns}:
        return next(c for c in columns if bare(c) == own)
    named = [c for c in headings("counts").get(own, ()) if c in columns]
    return named[0] if len(named) == 1 else heading


def _header(name: str, where: str, cells: Sequence[str]) -> list[str]:
    """Return the column names of a sheet, or raise an error if they are not those it should have."""
    names = column_names(cells)
    expected = SHEETS[name]
    missing = [c for c in expected if c not in names and c != "note"]
    unknown = [c for c in names if c not in expected]
    repeated = sorted({c for c in names if names.count(c) > 1})
    parts = [
        f"column(s) {what}: {', '.join(quoted(c) for c in columns[:5])}"
        for what, columns in (("missing", missing), ("unknown", unknown), ("given twice", repeated))
        if columns
    ]
    if parts:
        raise CountError(
            f"'{where}', sheet {name}, row 1: {'; '.join(parts)}, so {_NOTHING}. The columns are {', '.join(expected)}. Copy "
            "your figures into the template of 'sendplan counts template'."
        )
    return names


def _plans(lines: Lines, where: str, la_code: int, at: OnDay) -> tuple[PlansCount | None, list[Problem]]:
    """Return the count of plans, or None and every problem of its sheet."""
    first, body = _below_titles(PLANS, lines)
    header = _header(PLANS, where, first)
    parsers: dict[str, Callable[[str], object]] = {"what": _what, "code": str, "value": str, "note": str}
    problems: list[Problem] = []
    values: dict[tuple[str, str], Any] = {}
    rows: dict[tuple[str, str], int] = {}
    blank: dict[str, int] = {}
    for number, cells in body:
        row, wrong = parse_cells(
            number, header, cells, parsers, {"what": f"Write one of {', '.join(WHATS)}."}
        )
        problems += _on_sheet(PLANS, wrong)
        what, written = row.get("what"), row.get("value", "")
        if wrong or what is None:
            continue
        if not written:
            blank[what] = number
            continue
        try:
            code = _code_of(what, row.get("code", ""))
        except CellError as error:
            problems.append(Problem(number, "code", str(error), PLANS))
            continue
        if (what, code) in values:
            text = (
                f"{what} {code}".strip()
                + f" is row {rows[what, code]} too, so it is unclear which counts. Delete one."
            )
            problems.append(Problem(number, "what", text, PLANS))
            continue
        rows[what, code] = number
        try:
            values[what, code] = _VALUES.get(what, _whole)(written)
        except CellError as error:
            problems.append(Problem(number, "value", str(error), PLANS))
    problems += _absent(rows, blank, lines[-1][0]) + _out_of_place(values, rows, la_code, at)
    if any(p.sheet == PLANS for p in problems):
        return None, problems
    parts = {what: {c: v for (w, c), v in values.items() if w == what} for what in CODES}
    total, ceased = values[TOTAL, ""], values.get((CEASED, ""))
    for what, code, why in disagreements(total, parts[BAND], parts[NEED], parts[PLACEMENT], ceased):
        key = (CEASED if what == "ceased" else what, code)
        problems.append(Problem(rows.get(key, rows[TOTAL, ""]), "value", why, PLANS))
    if problems:
        return None, problems
    return PlansCount(
        day=values[DAY, ""],
        total=total,
        bands=parts[BAND],
        needs=parts[NEED],
        placements=parts[PLACEMENT],
        requests_open=values.get((REQUESTS, "")),
        assessments_open=values.get((ASSESSMENTS, "")),
        ceased=ceased,
    ), []


def _on_sheet(name: str, problems: Sequence[Problem]) -> list[Problem]:
    return [Problem(p.row, p.column, p.text, name) for p in problems]


def _code_of(what: str, cell: str) -> str:
    if what not in CODES:
        if cell:
            raise CellError(f"{quoted(cell)} has no place in the row '{what}'. Clear the cell.")
        return ""
    if not cell:
        raise CellError(f"is blank. Write which {what} the row counts: {', '.join(CODES[what])}.")
    if what == BAND or plain(cell) in _SPELLINGS[what]:
        return parse_code(cell, _SPELLINGS[what], what, CODES[what])
    return _one_need(cell) if what == NEED else str(_value(parse_word("provision", cell, what, CODES[what])))


def _value(read: object) -> object:
    return read.value if isinstance(read, Understood) else read


def _one_need(cell: str) -> str:
    """Return the one primary need that a cell names, or All; an area of several needs is no primary need."""
    codes = str(_value(parse_needs(cell)))
    if ";" in codes:
        raise CellError(
            f"{quoted(cell)} is several needs ({codes}); each plan has one primary need. Write a row for each."
        )
    return codes


def _absent(rows: Mapping[tuple[str, str], int], blank: Mapping[str, int], last: int) -> list[Problem]:
    """Return a problem for each row of the sheet of plans that must be there and is not."""
    return [
        Problem(
            blank.get(what, last),
            "value",
            f"the row '{what}' is blank or missing. {WHATS[what]}: write it.",
            PLANS,
        )
        for what in (AUTHORITY, DAY, TOTAL)
        if (what, "") not in rows
    ]


def _out_of_place(
    values: Mapping[tuple[str, str], Any], rows: Mapping[tuple[str, str], int], la_code: int, at: OnDay
) -> list[Problem]:
    """Return a problem if the count is another authority's, or of a day that cannot be used."""
    problems = []
    owner, day = values.get((AUTHORITY, "")), values.get((DAY, ""))
    if owner not in (None, la_code):
        text = (
            f"'{owner}' is {name_of(owner)}, but the count was given for {name_of(la_code)}: it would move the forecast of the "
            f"wrong council. Give the count of {name_of(la_code)}, or forecast {name_of(owner)}."
        )
        problems.append(Problem(rows[AUTHORITY, ""], "value", text, PLANS))
    if day is not None and day > at.today:
        text = (
            f"{in_words(day)} is in the future (today is {in_words(at.today)}), so nobody can have counted plans then. Write the "
            "day on which they were counted."
        )
        problems.append(Problem(rows[DAY, ""], "value", text, PLANS))
    elif day is not None and at.january is not None and day <= census_day(at.january):
        text = (
            f"{in_words(day)} is not after the newest published return, of {in_words(census_day(at.january))}, which the "
            "forecast starts from, so the count would be of no use. Count plans on a later day."
        )
        problems.append(Problem(rows[DAY, ""], "value", text, PLANS))
    if values.get((TOTAL, "")) == 0:
        problems.append(
            Problem(rows[TOTAL, ""], "value", "there are no plans in it. Write how many there are.", PLANS)
        )
    return problems


def _listed(
    name: str,
    lines: list[tuple[int, list[str]]],
    where: str,
    make: Callable[[Mapping[str, Any]], Any],
    today: date,
) -> tuple[list[Any], list[Problem]]:
    """Return the rows of a further sheet, and every problem in it."""
    if not lines:
        return [], []
    first, body = _below_titles(name, lines)
    header = _header(name, where, first)
    needed = {c: f"Write it. {GUIDANCE[c]}" for c in SHEETS[name] if c not in ("note", "vacant_fte")}
    counted: list[Any] = []
    problems: list[Problem] = []
    keys: dict[tuple[Any, ...], int] = {}
    for number, cells in body:
        if is_total(cells, 0):
            continue
        values, wrong = parse_cells(number, header, cells, _PARSERS, needed)
        if not wrong and values["date"] > today:
            wrong = [
                Problem(
                    number, "date", f"{in_words(values['date'])} is in the future. Write the day counted."
                )
            ]
        if not wrong and values.get("vacant_fte", 0) > values.get("posts_fte", 0):
            wrong = [
                Problem(number, "vacant_fte", "more posts are vacant than there are. Correct one of them.")
            ]
        key = tuple(values.get(c) for c in ("date", "state", "role", "need", "phase", "definition"))
        if not wrong and key in keys:
            wrong = [Problem(number, "date", f"row {keys[key]} counts the same. Delete one, or add them up.")]
        keys.setdefault(key, number)
        problems += _on_sheet(name, wrong)
        if not wrong:
            counted.append(make(values))
    return counted, problems


_ROWS: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "Waiting": lambda v: WaitingCount(
        day=v["date"], need=v["need"], phase=v["phase"], children=v["children"], definition=v["definition"]
    ),
    "Not in school": lambda v: NotInSchoolCount(
        day=v["date"], state=v["state"], need=v["need"], phase=v["phase"], children=v["children"],
        definition=v["definition"],
    ),
    "Staff": lambda v: StaffCount(
        day=v["date"], role=v["role"], posts=v["posts_fte"], vacant=v.get("vacant_fte", 0.0), note=v.get("note", "")
    ),
}  # fmt: skip


def _what(cell: str) -> str:
    return parse_code(cell, {plain(w): w for w in WHATS} | OTHER_WORDS, "row of the template", WHATS)


def _is_formula(cell: str) -> bool:
    return cell.startswith("=")


def _whole(cell: str) -> int:
    if _is_formula(cell):
        raise CellError(
            f"{quoted(cell)} is a formula, which is not worked out here. Type the number it gives."
        )
    if cell.startswith(("-", "\u2212", "(")):
        raise CellError(
            f"{quoted(cell)} is below 0, which no count is. Correct it; leave it blank if not known."
        )
    cell = re.sub(r"(?<=\d)\.0+$", "", cell)
    if _WHOLE.fullmatch(cell) is None:
        part = re.fullmatch(r"[\d,]+\.\d+", cell, re.ASCII) is not None
        why = "is not a whole number: plans and people are counted" if part else "is not a number"
        raise CellError(f"{quoted(cell)} {why}. Write figures, such as 4310; leave it blank if not known.")
    return int(cell.replace(",", ""))


def _fte(cell: str) -> float:
    if _FTE.fullmatch(cell) is None:
        raise CellError(f"{quoted(cell)} is not a number of posts from 0 up. Write figures, such as 12.5.")
    return float(cell)


def _date(cell: str) -> date:
    exact = day(cell)
    if exact is not None:
        return exact
    raise CellError(f"{quoted(cell)} is not a date. Write it like 2026-09-30.")


def _among(what: str, allowed: Mapping[str, str]) -> Callable[[str], str]:
    spellings = {plain(label): code for code, label in allowed.items()} | {plain(c): c for c in allowed}
    return lambda cell: parse_code(cell, spellings, what, allowed)


_VALUES: dict[str, Callable[[str], Any]] = {AUTHORITY: parse_authority, DAY: _date}
_PARSERS: dict[str, Callable[[str], object]] = {
    "date": _date,
    "need": _one_need,
    "phase": _among("phase", {**{p.code: p.label for p in PHASES}, ALL: "All"}),
    "state": _among("state", NOT_IN_SCHOOL),
    "role": _among("role", STAFF),
    "children": _whole,
    "posts_fte": _fte,
    "vacant_fte": _fte,
    "definition": str,
    "note": str,
}


def plans_rows(la_code: int, plans: PlansCount | None = None) -> list[list[str]]:
    """Return the rows of the sheet of plans, header first: a template where there is no count."""
    known: dict[tuple[str, str], str] = {(AUTHORITY, ""): str(la_code)}
    if plans is not None:
        known |= {(DAY, ""): plans.day.isoformat(), (TOTAL, ""): str(plans.total)}
        for what, part in ((BAND, plans.bands), (NEED, plans.needs), (PLACEMENT, plans.placements)):
            known |= {(what, BANDS.get(code, code)): str(number) for code, number in part.items()}
        for what, number in (
            (REQUESTS, plans.requests_open), (ASSESSMENTS, plans.assessments_open), (CEASED, plans.ceased),
        ):  # fmt: skip
            known |= {} if number is None else {(what, ""): str(number)}
    rows = [list(SHEETS[PLANS])]
    for what, meaning in WHATS.items():
        labels = CODES.get(what, {"": ""})
        for place, (code, label) in enumerate(labels.items()):
            note = label if code != label and label else ""
            note = f"{meaning}. {note}".strip() if place == 0 else note
            rows.append([what, code, known.get((what, code), ""), guarded(note)])
    return rows


def sheet_rows(counts: OwnCounts) -> dict[str, list[list[str]]]:
    """Return the rows of every sheet, header first, that `read_counts` reads back unchanged."""
    rows = {PLANS: plans_rows(counts.la_code, counts.plans)}
    rows["Waiting"] = [
        [w.day.isoformat(), w.need, w.phase, str(w.children), guarded(w.definition)] for w in counts.waiting
    ]
    rows["Not in school"] = [
        [n.day.isoformat(), n.state, n.need, n.phase, str(n.children), guarded(n.definition)]
        for n in counts.not_in_school
    ]
    rows["Staff"] = [
        [s.day.isoformat(), s.role, f"{s.posts:g}", f"{s.vacant:g}", guarded(s.note)] for s in counts.staff
    ]
    return {name: body if name == PLANS else [list(SHEETS[name]), *body] for name, body in rows.items()}


def to_csv(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as CSV text."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue()


def write_template(la_code: int, path: str | Path) -> None:
    """Write a file to fill in, whole or not at all: CSV for plans alone, .xlsx with every sheet and guidance.

    Raises
    ------
    OutputError
        The file cannot be written; a file already there is left as it was.
    """
    blank = {name: [list(columns)] for name, columns in SHEETS.items()}
    _write({**blank, PLANS: plans_rows(by_code(la_code).la_code)}, Path(path))


def write_counts(counts: OwnCounts, path: str | Path) -> None:
    """Write counts to a file that `read_counts` reads back unchanged; a CSV file holds the plans alone.

    Raises
    ------
    OutputError
        The file cannot be written; a file already there is left as it was.
    """
    _write(sheet_rows(counts), Path(path))


def _write(rows: Mapping[str, Sequence[Sequence[str]]], path: Path) -> None:
    if path.suffix.lower() not in SUFFIXES:
        raise OutputError(
            f"Counts cannot be written to '{path}': they are .xlsx workbooks, or .csv files of plans alone. Give the file one of "
            "these endings."
        )
    if path.suffix.lower() == ".xlsx":
        from data.counts.counts_workbook import to_workbook

        content = to_workbook(rows)
    else:
        content = to_csv(rows[PLANS]).encode("utf-8-sig")
    write_whole(path, content, "The file of counts")


def what_is_in(counts: OwnCounts) -> list[str]:
    """Return in words what a file of counts holds, one sentence for each part."""
    plans = counts.plans
    parts = [
        name
        for name, there in (
            ("age band", plans.bands), ("primary need", plans.needs), ("placement", plans.placements),
        )
        if there
    ]  # fmt: skip
    by = f", by {listed(parts)}" if parts else ""
    sentences = [f"{plans.total:,} EHC plans on {in_words(plans.day)}{by}."]
    besides = [
        f"{number:,} {label}"
        for number, label in (
            (plans.requests_open, "requests open"), (plans.assessments_open, "assessments open"),
            (plans.ceased, "plans ceased since January"),
        ) if number is not None
    ]  # fmt: skip
    if besides:
        sentences.append(f"Besides: {listed(besides)}.")
    for label, number in (
        ("children waiting for a place", sum(w.children for w in counts.waiting)),
        ("children and young people not in school", sum(n.children for n in counts.not_in_school)),
    ):
        if number:
            sentences.append(f"{number:,} {label}: kept, and not used by the forecast yet.")
    if counts.staff:
        posts = sum(s.posts for s in counts.staff)
        sentences.append(
            f"{posts:g} posts of staff, full-time equivalent: kept, and not used by the forecast yet."
        )
    return sentences
