"""Sheets of counts as tables that councils fill in: their columns, what each cell may say, and what must be asked.

A sheet of the template is read as it stands, and so is one whose headings can each stand for one of its columns only. Any other
table of plans, of children waiting or not in school, or of staff needs a mapping that a person confirms.

Invariant: a row of plans by need, by age or by placement counts what its column says, and a total is one of the rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial

from data.council_files.council_words import bare, parse_needs, parse_word
from data.council_files.file_kinds import UNANSWERED, Converter, FileKind, headings
from data.council_files.header_row import HeaderRow, Lines
from data.council_files.left_out_rows import is_total
from data.council_files.spreadsheet import (
    AUTHORITY as LA_CODE,
)
from data.council_files.spreadsheet import (
    CellError,
    Understood,
    column_names,
    parse_authority,
    parse_code,
    plain,
)
from data.council_files.written_ages import range_in_date
from data.council_files.written_amounts import amount
from data.council_files.written_dates import day
from data.counts.own_counts import NOT_IN_SCHOOL, STAFF
from data.errors import CountError
from data.formatting import quoted
from data.vocabulary import AGE_BANDS, ALL, NEEDS, PHASES, PROVISIONS

NOTHING = "nothing was read from it and the forecast was not changed"
"""What follows from a file that cannot be used."""

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

CODES: dict[str, dict[str, str]] = {BAND: {v: v for v in BANDS.values()}, NEED: NEEDS, PLACEMENT: PROVISIONS}
"""Counts that have a code: codes as a file writes them, with labels."""

SHEETS: dict[str, tuple[str, ...]] = {
    PLANS: ("what", "code", "value", "note"),
    "Waiting": ("date", "need", "phase", "children", "definition"),
    "Not in school": ("date", "state", "need", "phase", "children", "definition"),
    "Staff": ("date", "role", "posts_fte", "vacant_fte", "note"),
}
"""Sheets of a workbook and their columns."""

OPTIONAL: tuple[str, ...] = ("note", "vacant_fte")
"""Columns whose cells may be blank."""

TITLES = 15
"""Rows in which a header in other words is looked for, under titles."""

_WHOLE = re.compile(r"\d{1,5}|\d{1,3}(,\d{3}){1,2}", re.ASCII)
_FTE = re.compile(r"\d{1,4}(\.\d{1,4})?", re.ASCII)
_SPELLINGS = {
    BAND: {
        plain(s): b.code for b in AGE_BANDS for s in (b.code, BANDS[b.code], b.label, f"ages {BANDS[b.code]}")
    },
    NEED: {plain(s): code for code, label in NEEDS.items() for s in (code, label)},
    PLACEMENT: {plain(s): code for code, label in PROVISIONS.items() for s in (code, label)},
}


def value_of(read: object) -> object:
    """Return what a cell means, whether it was in the template's words or others."""
    return read.value if isinstance(read, Understood) else read


def code_of(what: str, cell: str) -> str:
    """Return the code that a row of plans counts; blank for a count that has none.

    Raises
    ------
    CellError
        It has none and should, has one and should not, or it is not known.
    """
    if what not in CODES:
        if cell:
            raise CellError(f"{quoted(cell)} has no place in the row '{what}'. Clear the cell.")
        return ""
    if not cell:
        raise CellError(f"is blank. Write which {what} the row counts: {', '.join(CODES[what])}.")
    if what == BAND:
        return _band(cell)
    if plain(cell) in _SPELLINGS[what]:
        return parse_code(cell, _SPELLINGS[what], what, CODES[what])
    return one_need(cell) if what == NEED else str(value_of(parse_word("provision", cell, what, CODES[what])))


def _band(cell: str) -> str:
    """Return the code of the age band that a cell names; a date that was one is named with it."""
    before = range_in_date(cell)
    code = None if before is None else _SPELLINGS[BAND].get(plain(before))
    if before is not None:
        fix = {} if code is None else {"what": BAND, "code": BANDS[code]}
        raise CellError(
            f"{quoted(cell)} is a date: a spreadsheet turned the ages '{before}' into it. Format the column as text and write "
            "the ages again.",
            fix,
        )
    return parse_code(cell, _SPELLINGS[BAND], "band of ages", CODES[BAND])


def one_need(cell: str) -> str:
    """Return the one primary need that a cell names, or All; an area of several needs is no primary need.

    Raises
    ------
    CellError
        It names several, or none.
    """
    codes = str(value_of(parse_needs(cell)))
    if ";" in codes:
        raise CellError(
            f"{quoted(cell)} is several needs ({codes}); each plan has one primary need. Write a row for each."
        )
    return codes


def _what(cell: str) -> str:
    return parse_code(cell, {plain(w): w for w in WHATS} | OTHER_WORDS, "row of the template", WHATS)


def _whole(cell: str) -> int | Understood:
    if cell.startswith("="):
        raise CellError(
            f"{quoted(cell)} is a formula, which is not worked out here. Type the number it gives."
        )
    if cell.startswith(("-", "\u2212", "(")):
        raise CellError(
            f"{quoted(cell)} is below 0, which no count is. Correct it; leave it blank if not known."
        )
    text = re.sub(r"(?<=\d)\.0+$", "", cell)
    if _WHOLE.fullmatch(text) is not None:
        return int(text.replace(",", ""))
    written = None if re.search("[%£]", cell) else amount(cell)
    if written is not None and written.number.is_integer() and written.number < 100_000:
        about = ", although it is about so many" if written.estimated else ""
        return Understood(int(written.number), f"{quoted(cell)} was read as {written.number:,.0f}{about}")
    part = written is not None or re.fullmatch(r"[\d,]+\.\d+", cell, re.ASCII) is not None
    why = "is not a whole number: plans and people are counted" if part else "is not a number"
    raise CellError(f"{quoted(cell)} {why}. Write figures, such as 4310; leave it blank if not known.")


def _fte(cell: str) -> float | Understood:
    if _FTE.fullmatch(cell) is not None:
        return float(cell)
    written = None if re.search("[%£]", cell) else amount(cell)
    if written is None or written.number > 9_999:
        raise CellError(f"{quoted(cell)} is not a number of posts from 0 up. Write figures, such as 12.5.")
    return Understood(written.number, f"{quoted(cell)} was read as {written.number:g}")


def written_day(cell: str) -> date:
    """Return the day in a cell.

    Raises
    ------
    CellError
        It is none.
    """
    exact = day(cell)
    if exact is not None:
        return exact
    raise CellError(f"{quoted(cell)} is not a date. Write it like 2026-09-30.")


def _among(what: str, allowed: Mapping[str, str]) -> Callable[[str], str]:
    spellings = {plain(label): code for code, label in allowed.items()} | {plain(c): c for c in allowed}
    return lambda cell: parse_code(cell, spellings, what, allowed)


def number_of(what: str, cell: str) -> object:
    """Return the value of a row of plans: a day, an authority, or a whole number.

    Raises
    ------
    CellError
        It is none.
    """
    readers: dict[str, Callable[[str], object]] = {AUTHORITY: parse_authority, DAY: written_day}
    return readers.get(what, _whole)(cell)


def _value(cell: str) -> str:
    """Return the cell of a row of plans as it is: what it must hold depends on the row, but none is below 0."""
    if cell.startswith(("-", "\u2212", "(")):
        _whole(cell)
    return cell


def _of_group(what: str, cell: str) -> dict[str, str]:
    """Return the cells what and code of a row of plans by need, age or placement; a total counts all of them."""
    if is_total([cell], 0) or bare(cell) in ("all", "all plans"):
        return {"what": TOTAL, "code": ""}
    code = code_of(what, cell)
    return {"what": what, "code": BANDS.get(code, code)}


PARSERS: dict[str, Callable[[str], object]] = {
    "what": _what,
    "code": str,
    "value": _value,
    "date": written_day,
    "need": one_need,
    "phase": _among("phase", {**{p.code: p.label for p in PHASES}, ALL: "All"}),
    "state": _among("state", NOT_IN_SCHOOL),
    "role": _among("role", STAFF),
    "children": _whole,
    "posts_fte": _fte,
    "vacant_fte": _fte,
    "definition": str,
    "note": str,
    LA_CODE: parse_authority,
}
"""Function for each column that reads a cell; the value of a row of plans is read by what the row counts."""


def _of_tables(cell: str) -> dict[str, str]:
    """Return the cells what and code of a row of tables that were put together, such as "need: ASD"."""
    what, _, group = cell.partition(": ")
    if what not in GROUPS.values():
        return _of_group(NEED, cell) if is_total([cell], 0) else {"what": _what(cell), "code": group}
    return _of_group(what, group)


GROUPS: dict[str, str] = {"primary_need": NEED, "age_band": BAND, "placement": PLACEMENT}
"""Columns of a table of plans by need, age or placement, and what its rows count by."""

COUNTED = "Counted by (tables put together)"
"""Heading of the column that tables of plans get which are put together."""

_CONVERTERS: dict[str, Converter] = {
    **{column: partial(_of_group, what) for column, what in GROUPS.items()},
    "counted_by": _of_tables,
}


def _kind(sheet: str) -> FileKind:
    plans = sheet == PLANS
    columns = (*SHEETS[sheet], LA_CODE)
    proposed = {"date": UNANSWERED, "need": ALL, "phase": ALL, "state": UNANSWERED, "role": UNANSWERED,
             "definition": UNANSWERED}  # fmt: skip
    return FileKind(
        code=f"counts-{plain(sheet).replace(' ', '-')}",
        name=f"a count for the sheet {sheet}",
        columns=columns,
        parsers={c: PARSERS[c] for c in columns},
        needed=("what", "value") if plans else tuple(c for c in SHEETS[sheet] if c not in OPTIONAL),
        values={"what": UNANSWERED} if plans else {c: proposed[c] for c in columns if c in proposed},
        choices={
            "what": tuple(WHATS),
            "date": ("the day counted, like 2026-09-30",),
            "need": (*NEEDS, ALL),
            "phase": (*(p.code for p in PHASES), ALL),
            "state": tuple(NOT_IN_SCHOOL),
            "role": tuple(STAFF),
            "definition": ("who counts, in your words",),
        },
        words={} if plans else {c: "needs" for c in columns if c == "need"},
        converters=_CONVERTERS if plans else {},
        gives=dict.fromkeys(_CONVERTERS, ("what", "code")) if plans else {},
        amount={PLANS: "value", "Staff": "posts_fte"}.get(sheet, "children"),
        title={PLANS: "what", "Staff": "role"}.get(sheet, "need"),
        refuse=CountError,
        nothing=NOTHING,
        check_command="sendplan counts check {area} {file}",
        totals=plans,
        of_file={DAY: UNANSWERED, TOTAL: ""} if plans else {},
        sheets=(sheet,),
    )


COUNT_KINDS: dict[str, FileKind] = {sheet: _kind(sheet) for sheet in SHEETS}
"""Kind of table of each sheet, for the reader of council files."""


def kind_of(code: str) -> FileKind:
    """Return the kind of table of a sheet by its code."""
    return next(kind for kind in COUNT_KINDS.values() if kind.code == code)


def in_other_words(sheet: str, lines: Lines) -> tuple[list[str], HeaderRow] | None:
    """Return the header of a sheet in the template's names, where one row has a heading for every column that it needs.

    A heading in other words counts where it can stand for one column of the sheet only; None where no row is such a header.
    """
    needed = {c for c in SHEETS[sheet] if c not in OPTIONAL}
    for at, (number, cells) in enumerate(lines[:TITLES]):
        names = [_column(sheet, c) for c in cells[: len(column_names(cells))]]
        if needed <= set(names) and len(set(names)) == len(names):
            return names, HeaderRow(tuple(names), at + 1, (number,), len(needed))
    return None


def _column(sheet: str, heading: str) -> str:
    own = bare(heading)
    columns: Sequence[str] = SHEETS[sheet]
    if own in {bare(c) for c in columns}:
        return next(c for c in columns if bare(c) == own)
    named = [c for c in headings("counts").get(own, ()) if c in columns]
    return named[0] if len(named) == 1 else heading
