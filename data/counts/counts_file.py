"""Files of the council's own counts: one template, one reader.

A workbook (.xlsx) has the sheet Plans and, where the council wants, the sheets Waiting, Not in school and Staff; a CSV file has
plans alone. Each sheet of `SHEETS` says its columns, and what is written reads back unchanged.

Invariant: a file is read whole or not at all, and every problem in it is reported at once, by sheet, row and column. A text cell
never reaches a spreadsheet as a formula.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from data.areas import by_code
from data.council_files.column_mapping import ColumnMapping, remembered
from data.council_files.column_proposals import Proposal, proposal_of, still_remembered
from data.council_files.council_table import (
    CheckedFile,
    CouncilTable,
    header_of,
    is_template,
    sheet_of,
    table_of_lines,
    trimmed,
    unread_tables,
    with_hidden,
)
from data.council_files.council_words import bare
from data.council_files.file_kinds import FileKind, columns_of_heading
from data.council_files.formulas import guarded
from data.council_files.header_row import HeaderRow, Lines
from data.council_files.problems import Problem, report
from data.council_files.set_aside import NOTHING_ASIDE, SetAside
from data.council_files.spreadsheet import (
    CellError,
    Remark,
    Understood,
    column_names,
    csv_rows,
    name_of,
    parse_cells,
    remarks_in_words,
    write_whole,
)
from data.council_files.whose_rows import whose_rows
from data.counts.count_tables import (
    ASSESSMENTS,
    AUTHORITY,
    BAND,
    BANDS,
    CEASED,
    CODES,
    COUNT_KINDS,
    DAY,
    NEED,
    NOTHING,
    OPTIONAL,
    PLACEMENT,
    PLANS,
    REQUESTS,
    SHEETS,
    TOTAL,
    WHATS,
    code_of,
    in_other_words,
    kind_of,
    number_of,
    value_of,
)
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
)
from data.counts.stacked_counts import put_together
from data.errors import CountError, OutputError
from data.formatting import listed, quoted
from data.tables import newest_january
from data.vocabulary import ALL, NEEDS, PHASES

SUFFIXES: tuple[str, ...] = (".csv", ".xlsx")
"""Kinds of file."""

MAX_BYTES = 5_000_000
"""Largest file of counts that is opened, in bytes (5 MB)."""

MAX_ROWS = 1_000
"""Rows of one sheet."""

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


@dataclass(frozen=True)
class CheckedCounts:
    """A file of counts after its check.

    Parameters
    ----------
    sheets
        Each sheet that it has, after its check.
    counts
        What it holds; None where there is a problem.
    remarks
        How it was read, and which rows were left out, for people.
    """

    sheets: Mapping[str, CheckedFile]
    counts: OwnCounts | None
    remarks: tuple[str, ...]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every problem of every sheet."""
        return tuple(p for sheet in self.sheets.values() for p in sheet.problems)


def read_counts(path: str | Path, la_code: int, at: OnDay, mapping: ColumnMapping | None = None) -> OwnCounts:
    """Read and check a file of counts: CSV (plans alone) or .xlsx.

    Parameters
    ----------
    path
        The file.
    la_code
        Whose counts they should be.
    at
        Today, and the newest January published.
    mapping
        What a person confirmed of a sheet that is not in the template; of others, what is remembered for the authority.

    Raises
    ------
    CountError
        The file cannot be read, any cell cannot be used, or it is another authority's; nothing is read in part.
    """
    path = Path(path)
    checked = check_counts(path, la_code, at, mapping)
    if checked.counts is None:
        raise CountError(report(path.name, checked.problems, NOTHING))
    return checked.counts


def check_counts(path: Path, la_code: int, at: OnDay, mapping: ColumnMapping | None = None) -> CheckedCounts:
    """Return a file of counts with every problem in it, sheet by sheet and row by row.

    Raises
    ------
    CountError
        The file as a whole cannot be read, or nobody has said yet what the columns of a sheet hold.
    """
    sheets, called, notes = _sheets(path)
    tables = {
        name: with_hidden(
            path, called[name], _table(name, lines, path.name, la_code, mapping), of_book=name == PLANS
        )
        for name, lines in sheets.items()
        if lines
    }
    plans, checked_plans = _plans(path.name, tables[PLANS], la_code, at)
    checked = {PLANS: checked_plans}
    rows: dict[str, list[Any]] = {name: [] for name in _ROWS}
    for name, make in _ROWS.items():
        if name in tables:
            rows[name], checked[name] = _listed(path.name, name, tables[name], make, la_code, at.today)
    remarks = notes + tuple(
        f"Sheet '{name}': {remark[0].lower() + remark[1:]}" if len(checked) > 1 else remark
        for name, one in checked.items()
        for remark in (*one.table.notes, *remarks_in_words(one.remarks))
    )
    if plans is None or any(one.problems for one in checked.values()):
        return CheckedCounts(checked, None, remarks)
    counts = OwnCounts(
        la_code=la_code,
        plans=plans,
        waiting=tuple(rows["Waiting"]),
        not_in_school=tuple(rows["Not in school"]),
        staff=tuple(rows["Staff"]),
        origin=path.name,
        aside={
            name: _named_apart(
                COUNT_KINDS[name], _plans_aside(one) if name == PLANS else one.table.set_aside(list(one.rows))
            )
            for name, one in checked.items()
            if one.table.aside_names
        },
    )
    return CheckedCounts(checked, counts, remarks)


def propose_counts(path: Path, la_code: int, mapping: ColumnMapping | None = None) -> Proposal | None:
    """Return what the planner would take the columns of the first sheet for that nobody has said yet; None if there is none.

    Raises
    ------
    CountError
        The file cannot be read.
    """
    for proposal in own_tables(path):
        kind = kind_of(proposal.kind_code)
        given = mapping is not None and set(mapping.of("column")) <= set(proposal.names)
        if not given and still_remembered(kind, la_code, proposal) is None:
            return proposal
    return None


def own_tables(path: Path) -> list[Proposal]:
    """Return what the planner would take the columns of each sheet for that is not in the template.

    Raises
    ------
    CountError
        The file cannot be read.
    """
    proposals = []
    for name, lines in _sheets(path)[0].items():
        if not lines or in_other_words(name, lines) is not None:
            continue
        header = header_of(COUNT_KINDS[name], lines, f"{path.name}, sheet {name}")
        if header is not None and not _is_ours(name, header):
            proposals.append(proposal_of(path.name, COUNT_KINDS[name], lines, header))
    return proposals


def _is_of(mapping: ColumnMapping, header: HeaderRow) -> bool:
    """Return whether a mapping is that of a table: all columns that it names are there."""
    return set(mapping.of("column")) <= set(header.names)


def _table(name: str, lines: Lines, where: str, la_code: int, mapping: ColumnMapping | None) -> CouncilTable:
    """Return the rows of a sheet as rows of the template."""
    kind = COUNT_KINDS[name]
    worded = in_other_words(name, lines)
    if worded is not None:
        header_of(kind, lines, f"{where}, sheet {name}")  # refuses two rows that could both be it
        names, header = worded
        _refuse_header(name, where, names, lines[header.first - 1][0])
        number = lines[header.first - 1][0]
        titled = [*lines[: header.first - 1], (number, names), *lines[header.first :]]
        return table_of_lines(where, kind, titled, header, la_code, None)
    header_row = header_of(kind, lines, f"{where}, sheet {name}")
    if header_row is None or _is_ours(name, header_row):
        at = 0 if header_row is None else header_row.first - 1
        _refuse_header(name, where, column_names(lines[at][1]), lines[at][0])
    # A mapping of none of its columns is another sheet's, and refused where this sheet needs one.
    fits = header_row is not None and mapping is not None and _is_of(mapping, header_row)
    known = header_row is not None and remembered(kind, la_code, header_row.names) is not None
    given = mapping if fits or (name == PLANS and not known) else None
    table = table_of_lines(where, kind, lines, header_row, la_code, given)
    return _with_the_file(table, la_code) if name == PLANS and table.mapped else table


def _with_the_file(table: CouncilTable, la_code: int) -> CouncilTable:
    """Return a council's own table of plans with rows for whose it is, its day and its total, as a person wrote them.

    It need not say whose it is: it was given for one authority.
    """
    if "code" not in table.header:
        # As in a list of totals: its corrected copy must have every column of the template.
        body = tuple((number, [*cells, ""]) for number, cells in table.body)
        table = replace(table, header=(*table.header, "code"), body=body)
    words = [dict(zip(table.header, cells, strict=True)).get("what", "") for _, cells in table.body]
    stated = {what for word in words if (what := _row_named(word)) is not None}
    cells_of_file = {AUTHORITY: str(la_code), **table.of_file}
    after = int(table.body[-1][0]) + 1 if table.body else 1
    more = [what for what, written in cells_of_file.items() if written and what not in stated]
    rows = [
        (number, [{"what": what, "value": cells_of_file[what]}.get(c, "") for c in table.header])
        for number, what in enumerate(more, start=after)
    ]
    aside = {number: ("",) * len(table.aside_names) for number, _ in rows}
    # Before the others: a row that names no authority is that of the row above it.
    return replace(table, body=(*rows, *table.body), aside={**table.aside, **aside})


def _row_named(word: str) -> object:
    """Return the row of the template that a word stands for; None if for none."""
    try:
        return COUNT_KINDS[PLANS].parsers["what"](word)
    except CellError:
        return None


def _is_ours(name: str, header: HeaderRow) -> bool:
    """Return whether a header is that of a sheet of the template, whatever is missing or added."""
    kind = COUNT_KINDS[name]
    days = [n for n in header.names if "date" in columns_of_heading(kind, n)]
    if len(days) > 1:
        return False  # which of them is the day counted is asked
    return is_template(kind, header) or (name == PLANS and "what" in {bare(n) for n in header.names})


def _refuse_header(name: str, where: str, names: Sequence[str], row: int) -> None:
    """Refuse a header of the template that lacks a column, or has one that it should not have."""
    expected = SHEETS[name]
    missing = [c for c in expected if c not in names and c not in OPTIONAL]
    unknown = [c for c in names if c not in expected] if missing else []
    repeated = sorted({c for c in names if names.count(c) > 1})
    parts = [
        f"column(s) {what}: {', '.join(quoted(c) for c in columns[:5])}"
        for what, columns in (("missing", missing), ("unknown", unknown), ("given twice", repeated))
        if columns
    ]
    if parts:
        raise CountError(
            f"'{where}', sheet {name}, row {row}: {'; '.join(parts)}, so {NOTHING}. The columns are {', '.join(expected)}. Copy "
            "your figures into the template of 'sendplan counts template'."
        )


def _sheets(path: Path) -> tuple[dict[str, list[tuple[int, list[str]]]], dict[str, str], tuple[str, ...]]:
    """Return the rows of each sheet that are not blank, cells trimmed, the name of each in the workbook, and which are not read.

    A CSV file is the sheet of plans, of which the name is blank.
    """
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
            f"'{path.name}' cannot be opened ({error.strerror}), so {NOTHING}. Close it in other programs and check that you "
            "may read it."
        ) from None
    if raw is None:
        raise CountError(
            f"'{path.name}' is larger than {MAX_BYTES // 1_000_000} MB, so it was not opened. A file of counts has some dozen "
            "rows and no children's names. Check that it is the right file."
        )
    notes: tuple[str, ...] = ()
    if path.suffix.lower() == ".xlsx":
        # Imported when needed: it is slow to load and many files are CSV.
        from data.council_files.workbook import WorkbookWords, read_all_sheets

        words = WorkbookWords(CountError, "a file of counts", NOTHING, "counts, not children")
        sheets = {name: trimmed(rows) for name, rows in read_all_sheets(path, list(SHEETS), words).items()}
        called = {name: name for name in sheets}
        if PLANS not in sheets and not set(sheets) & set(SHEETS):
            # No sheet of ours: the one with a table of plans.
            name, _ = sheet_of(COUNT_KINDS[PLANS], sheets, path.name)
            notes = unread_tables(COUNT_KINDS[PLANS], sheets, name, path.name)
            sheets, called = {PLANS: sheets.get(name, [])}, {PLANS: name}
    else:
        sheets, called = {PLANS: trimmed(csv_rows(raw, path.name, "letters", CountError))}, {PLANS: ""}
    if not sheets.get(PLANS):
        raise CountError(
            f"'{path.name}' has no rows on the sheet {PLANS}, so there is no count of plans to use. Start from the template of "
            "'sendplan counts template'."
        )
    for name, rows in sheets.items():
        if len(rows) > MAX_ROWS:
            raise CountError(
                f"Sheet '{name}' of '{path.name}' has {len(rows):,} rows; at most {MAX_ROWS:,} are read. It was not read. Check "
                "that it holds counts, not children."
            )
    if in_other_words(PLANS, sheets[PLANS]) is None:
        sheets[PLANS] = list(put_together(sheets[PLANS]))
    return {name: sheets[name] for name in SHEETS if name in sheets}, called, notes


def _plans(where: str, table: CouncilTable, la_code: int, at: OnDay) -> tuple[PlansCount | None, CheckedFile]:
    """Return the count of plans, or None, and the sheet of plans after its check."""
    whose = whose_rows(f"{where}, sheet {PLANS}", COUNT_KINDS[PLANS], table, la_code)
    problems: list[Problem] = _on_sheet(PLANS, whose.own.problems)
    values: dict[tuple[str, str], Any] = {}
    rows: dict[tuple[str, str], int] = {}
    blank: dict[str, int] = {}
    unfilled: dict[tuple[str, str], int] = {}
    remarks: list[Remark] = []
    parsers = COUNT_KINDS[PLANS].parsers
    for number, cells in whose.own.body:
        row, wrong = parse_cells(
            number, table.header, cells, parsers, {"what": f"Write one of {', '.join(WHATS)}."}, remarks
        )
        problems += _on_sheet(PLANS, wrong)
        what, written = row.get("what"), row.get("value", "")
        if wrong or what is None:
            rows |= {} if what is None else {(what, row.get("code", "")): number}
            continue
        if not written:
            blank[what] = number
            with suppress(CellError):
                unfilled.setdefault((what, code_of(what, row.get("code", ""))), number)
            continue
        try:
            code = code_of(what, row.get("code", ""))
        except CellError as error:
            fix = tuple((to or "code", text) for to, text in error.fix.items())
            problems.append(Problem(number, "code", str(error), PLANS, fix))
            continue
        try:
            read = number_of(what, written)
        except CellError as error:
            fix = tuple((to or "value", text) for to, text in error.fix.items())
            problems.append(Problem(number, "value", str(error), PLANS, fix))
            rows.setdefault((what, code), number)
            continue
        if (what, code) in rows:
            # A table by need and one by placement below it may each state the same total.
            if table.mapped and what == TOTAL and values.get((what, code)) == value_of(read):
                if any(table.aside.get(number, ())):
                    remarks.append(
                        Remark(number, "what", "the total again; its cells kept aside are not kept")
                    )
                continue
            text = (
                f"{what} {code}".strip()
                + f" is row {rows[what, code]} too, so it is unclear which counts. Delete one."
            )
            problems.append(Problem(number, "what", text, PLANS))
            continue
        if isinstance(read, Understood) and read.remark:
            remarks.append(Remark(number, "value", read.remark))
        rows[what, code] = number
        values[what, code] = value_of(read)
    after = int(table.body[-1][0]) + 1 if table.body else 1
    problems += _absent(rows, blank, after) + _out_of_place(values, rows, la_code, at)
    if not any(p.sheet == PLANS for p in problems):
        parts = {what: {c: v for (w, c), v in values.items() if w == what} for what in CODES}
        total, ceased = values[TOTAL, ""], values.get((CEASED, ""))
        for what, code, why in disagreements(total, parts[BAND], parts[NEED], parts[PLACEMENT], ceased):
            key = (CEASED if what == "ceased" else what, code)
            problems.append(Problem(rows.get(key, rows[TOTAL, ""]), "value", why, PLANS))
    named = {number: key for key, number in {**unfilled, **rows}.items()}
    checked = CheckedFile(table, named, tuple(problems), la_code, tuple(remarks))
    if problems:
        return None, checked
    return PlansCount(
        day=values[DAY, ""],
        total=total,
        bands=parts[BAND],
        needs=parts[NEED],
        placements=parts[PLACEMENT],
        requests_open=values.get((REQUESTS, "")),
        assessments_open=values.get((ASSESSMENTS, "")),
        ceased=ceased,
    ), checked


def _named_apart(kind: FileKind, aside: SetAside) -> SetAside:
    """Return columns kept aside under names that no column of ours goes by, or they would be taken for it when read back."""
    names = (f"{n} (council)" if columns_of_heading(kind, n) else n for n in aside.names)
    return replace(aside, names=tuple(names))


def _plans_aside(checked: CheckedFile) -> SetAside:
    """Return what is kept aside of the sheet of plans: cells for each row of the template, blank for those that it has not."""
    table = checked.table
    by_key = {key: table.aside.get(number, ()) for number, key in checked.rows.items()}
    blank = ("",) * len(table.aside_names)
    return SetAside(table.aside_names, tuple(by_key.get(key) or blank for key in template_keys()))


def template_keys() -> list[tuple[str, str]]:
    """Return what each row of the sheet of plans counts, with its code, in the order of the template."""
    codes = {label: code for code, label in BANDS.items()}
    return [(what, codes.get(c, c)) for what in WHATS for c in CODES.get(what, {"": ""})]


def _on_sheet(name: str, problems: Sequence[Problem]) -> list[Problem]:
    return [replace(p, sheet=name) for p in problems]


def _absent(rows: Mapping[tuple[str, str], int], blank: Mapping[str, int], after: int) -> list[Problem]:
    """Return a problem for each row of the sheet of plans that must be there and is not."""
    return [
        Problem(
            blank.get(what, after),
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
    where: str,
    name: str,
    table: CouncilTable,
    make: Callable[[Mapping[str, Any]], Any],
    la_code: int,
    today: date,
) -> tuple[list[Any], CheckedFile]:
    """Return the rows of a further sheet, and the sheet after its check."""
    needed = {c: f"Write it. {GUIDANCE[c]}" for c in COUNT_KINDS[name].needed}
    counted: dict[int, Any] = {}
    whose = whose_rows(f"{where}, sheet {name}", COUNT_KINDS[name], table, la_code)
    problems: list[Problem] = _on_sheet(name, whose.own.problems)
    broken = {int(p.row) for p in problems}
    remarks: list[Remark] = []
    keys: dict[tuple[Any, ...], int] = {}
    for number, cells in whose.own.body:
        values, wrong = parse_cells(number, table.header, cells, COUNT_KINDS[name].parsers, needed, remarks)
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
        if not wrong and int(number) not in broken:
            counted[number] = make(values)
    checked = CheckedFile(table, counted, tuple(problems), None, tuple(remarks))
    return list(counted.values()), checked


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
    rows = {name: body if name == PLANS else [list(SHEETS[name]), *body] for name, body in rows.items()}
    return {
        name: _with_aside(body, COUNT_KINDS[name], counts.aside.get(name, NOTHING_ASIDE))
        for name, body in rows.items()
    }


def _with_aside(rows: Sequence[list[str]], kind: FileKind, aside: SetAside) -> list[list[str]]:
    """Return rows, header first, with the columns that are kept aside beside them."""
    names, beside = aside.beside(kind.columns, len(rows) - 1)
    return [[*row, *more] for row, more in zip(rows, [names, *beside], strict=True)]


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
