"""A table of a council's own, read as rows of the template: its header, its rows and what is kept aside.

A file in the template is read as it stands. Any other table needs a mapping (`data.council_files.column_mapping`) that a person
has confirmed; without one it is refused, and `propose` says what the planner would take each column for.

Invariants: every row of the file is read, or named as left out (blank rows apart); a column without a meaning is kept aside
unchanged; no cell that could mean two things is read as one of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz, process

from data.council_files.column_mapping import ColumnMapping, check_mapping
from data.council_files.column_proposals import FITS, Proposal, fit, proposal_of, still_remembered
from data.council_files.council_words import bare
from data.council_files.file_kinds import (
    ASIDE,
    FIRST_YEAR,
    PLACES_OF_YEAR,
    FileKind,
    columns_of_heading,
    heading_without_size,
    in_full,
)
from data.council_files.formulas import unguarded
from data.council_files.header_row import (
    HeaderRow,
    Lines,
    TwoHeadersError,
    doubtful_year,
    find_header,
    year_heading,
)
from data.council_files.left_out_rows import REMARK, is_total, number_in, total_note, why_left_out
from data.council_files.places_by_year import rows_by_year
from data.council_files.problems import LEAVE_OUT, TO_CORRECT, Problem
from data.council_files.set_aside import NOTHING_ASIDE, SetAside
from data.council_files.spreadsheet import (
    AUTHORITY,
    MAX_LINES,
    UNREAD,
    CellError,
    Remark,
    Understood,
    csv_rows,
    find_extra_cells,
)
from data.council_files.whose_rows import refuse_title_of_another
from data.council_files.written_dates import parse_academic_year
from data.formatting import listed, quoted

OF_TEMPLATE = 0.6
"""Share of the columns that must be there from which on a header is taken for the template's with faults."""

ALIKE = 75
"""Least likeness, per cent, of a heading to an absent one of ours for it to be a misspelling."""


SHOWN_HIDDEN = 8
"""Hidden rows, columns or sheets that a sentence names."""

_INVISIBLE = re.compile("[\ufeff\u200b\u200c\u200d\u2060\u00ad]")
"""Characters without width, which files that were put together from several have in the middle."""

_SPACES = dict.fromkeys(map(ord, "\u00a0\u2007\u202f\u2009"), " ")
"""Spaces of other widths, which cannot be told from a space."""


Found = tuple[list[tuple[int, list[str]]], HeaderRow | None]
"""Rows that are not blank, and the header of the table in them."""


@dataclass(frozen=True, slots=True)
class CouncilTable:
    """Rows of a file as rows of the template.

    Parameters
    ----------
    header
        Columns of ours.
    body
        (Row number, cells) of each row, under the header.
    aside
        Cells of the columns that are kept aside, by row number.
    aside_names
        Their headings.
    notes
        What was left out, and how the file was read, for people.
    problems
        Problems found while columns were put together; their rows are in ``body`` too.
    names
        Headings of the file.
    mapped
        Whether a mapping was used.
    of_file
        What the mapping says of the file as a whole.
    converted
        Headings of the file that are no column of ours but give some, with that meaning, such as a range of ages.
    """

    header: tuple[str, ...]
    body: tuple[tuple[int, list[str]], ...]
    aside: Mapping[int, tuple[str, ...]]
    aside_names: tuple[str, ...]
    notes: tuple[str, ...]
    problems: tuple[Problem, ...]
    names: tuple[str, ...]
    mapped: bool
    of_file: Mapping[str, str] = field(default_factory=dict)
    converted: Mapping[str, str] = field(default_factory=dict)

    def set_aside(self, rows: Sequence[int]) -> SetAside:
        """Return what is kept aside of the given rows."""
        if not self.aside_names:
            return NOTHING_ASIDE
        return SetAside(self.aside_names, tuple(self.aside[row] for row in rows))


@dataclass(frozen=True)
class CheckedFile:
    """A file after its check.

    Parameters
    ----------
    table
        Its rows as rows of the template.
    rows
        Values of each row without a problem of its own, by row number.
    problems
        Every problem.
    owner
        DfE number of the authority, where it is known.
    remarks
        How cells in other words were read.
    """

    table: CouncilTable
    rows: Mapping[int, Any]
    problems: tuple[Problem, ...]
    owner: int | None
    remarks: tuple[Remark, ...]


def trimmed(rows: Sequence[tuple[int, Sequence[str]]]) -> list[tuple[int, list[str]]]:
    """Return the rows that are not blank, with cells trimmed."""
    lines = []
    for number, cells in rows:
        row = [unguarded(c.strip()).strip() for c in cells]
        if any(row):
            lines.append((number, row))
    return lines


def _plainly(kind: FileKind, lines: Sequence[tuple[int, list[str]]], where: str) -> Found:
    """Return the rows of a table and its header; of one that is not in the template without characters that cannot be seen.

    What the planner wrote itself is read as it stands, to the last character.
    """
    header = header_of(kind, lines, where)
    if header is not None and is_template(kind, header):
        return list(lines), header
    plain_lines = trimmed(
        [(n, [_INVISIBLE.sub("", c).translate(_SPACES) for c in cells]) for n, cells in lines]
    )
    return plain_lines, header_of(kind, plain_lines, where)


def table_lines(
    path: Path, kind: FileKind
) -> tuple[list[tuple[int, list[str]]], HeaderRow | None, str, tuple[str, ...]]:
    """Return the rows of a file that are not blank, the header of its table, None where no row is like one, its sheet, and notes.

    A note says which other sheets have such a table.

    Of a workbook, the sheet of the template if it is there, else the one sheet with a table of this kind.

    Raises
    ------
    PlannerError
        The file cannot be read, or two rows or two sheets could both be it; of the kind of the file.
    """
    if path.suffix.lower() != ".xlsx":
        lines = trimmed(csv_rows(path.read_bytes(), path.name, "names", kind.refuse))
        return *_plainly(kind, lines, path.name), "", ()
    # Imported when needed: it is slow to load and many files are CSV.
    from data.council_files.workbook import WorkbookWords, read_all_sheets

    words = WorkbookWords(kind.refuse, kind.name, kind.nothing, "settings or totals, not children")
    sheets = {name: trimmed(rows) for name, rows in read_all_sheets(path, kind.sheets, words).items()}
    name, header = sheet_of(kind, sheets, path.name)
    if header is None:
        return sheets.get(name, []), None, name, ()
    notes = unread_tables(kind, sheets, name, path.name)
    return *_plainly(kind, sheets[name], f"{path.name}, sheet {name}"), name, notes


def unread_tables(kind: FileKind, sheets: Mapping[str, Lines], chosen: str, where: str) -> tuple[str, ...]:
    """Return a sentence on the sheets with a table of a kind that are not the one that is read; none where there are none."""
    others = [
        n
        for n, lines in sheets.items()
        if n != chosen and lines and header_of(kind, lines, where) is not None
    ]
    if not others:
        return ()
    return (
        f"Not read, since one sheet is: sheet(s) {listed(quoted(n) for n in others)}, with a table like it. Put the tables on "
        "one sheet if they count too.",
    )


def sheet_of(kind: FileKind, sheets: Mapping[str, Lines], where: str) -> tuple[str, HeaderRow | None]:
    """Return the one sheet with a table of a kind, and the header of that; a blank name where every sheet is blank.

    Raises
    ------
    PlannerError
        Two sheets, or two rows of one, could both be it; of the kind of the file.
    """
    headers = {
        name: header_of(kind, lines, f"{where}, sheet {name}") for name, lines in sheets.items() if lines
    }
    if not headers:
        return "", None
    known = sorted(headers, key=lambda n: -(headers[n].known if headers[n] else 0))  # type: ignore[union-attr]
    first = headers[known[0]]
    second = headers[known[1]] if len(known) > 1 else None
    if first and second and second.known >= first.known and second.known > 2:
        raise kind.refuse(
            f"'{where}' has two sheets that could both be {kind.name}, {quoted(known[0])} and {quoted(known[1])}, so "
            f"{kind.nothing}. Save the sheet that you mean as a file of its own."
        )
    return known[0], first


def header_of(kind: FileKind, lines: Lines, where: str) -> HeaderRow | None:
    """Return the header of a table; None where no row is like one.

    Raises
    ------
    PlannerError
        Two rows could both be it; of the kind of the file.
    """
    try:
        header = find_header(kind, lines)
    except TwoHeadersError as rows:
        raise kind.refuse(
            f"'{where}': {rows} could both be the header, so it is unclear what the columns hold and {kind.nothing}. Keep one "
            "table with one header row in the file, and try again."
        ) from None
    _refuse_side_by_side(kind, header, where)
    return header


def _refuse_side_by_side(kind: FileKind, header: HeaderRow | None, where: str) -> None:
    """Refuse two tables beside each other: after a blank column, headings come again that were there before it."""
    names = () if header is None else header.names
    blank = next((at for at, name in enumerate(names) if name.startswith("column ")), len(names))
    before = {bare(name) for name in names[:blank]}
    again = [n for n in names[blank:] if re.search(r" \(\d\)$", n) and bare(n[:-4]) in before]
    if len(again) >= 2:
        raise kind.refuse(
            f"'{where}' has two tables beside each other: after a blank column, {listed(quoted(n[:-4]) for n in again)} come "
            f"again. It would be unclear which rows belong together, so {kind.nothing}. Put one below the other under one "
            "header, or save each as a file of its own."
        )


def is_template(kind: FileKind, header: HeaderRow) -> bool:
    """Return whether a header is that of the template, whatever is missing or added: it is then read as it stands."""
    names = {bare(name) for name in header.names}
    there = sum(bare(column) in names for column in kind.needed)
    return len(header.rows) == 1 and there >= OF_TEMPLATE * len(kind.needed)


def read_council_table(
    path: Path, kind: FileKind, la_code: int | None = None, mapping: ColumnMapping | None = None
) -> CouncilTable:
    """Return the rows of a file as rows of the template.

    Parameters
    ----------
    path
        The file, CSV or .xlsx.
    kind
        What it should be.
    la_code
        Whose it is: the mapping remembered for them is used; None where that is not known.
    mapping
        What a person confirmed of its columns.

    Raises
    ------
    PlannerError
        It cannot be read, or nobody has said yet what its columns mean; of the kind of the file.
    """
    lines, header, sheet, notes = table_lines(path, kind)
    if header is None and sheet:
        _refuse_hidden_table(path, sheet, kind)
    table = table_of_lines(path.name, kind, lines, header, la_code, mapping)
    return with_hidden(path, sheet, replace(table, notes=(*table.notes, *notes)))


def _refuse_hidden_table(path: Path, sheet: str, kind: FileKind) -> None:
    """Refuse a workbook without a table on a sheet that is seen, where the table may be on one that is hidden."""
    from data.council_files.workbook import hidden_parts

    hidden = [quoted(name) for name in hidden_parts(path, sheet).sheets]
    if hidden:
        raise kind.refuse(
            f"'{path.name}' has no table like {kind.name} on a sheet that can be seen, so {kind.nothing}. Hidden sheets are not "
            f"read: {listed(hidden[:SHOWN_HIDDEN])}{_more(hidden)}. Unhide the one that holds it, and try again."
        )


def with_hidden(path: Path, sheet: str, table: CouncilTable, *, of_book: bool = True) -> CouncilTable:
    """Return a table with what is said of hidden rows and columns, which are read, and hidden sheets, which are not.

    A filter, or a column that is folded away, is not in what a person sees, and is in the file. Of a file of several sheets, one
    speaks of the whole book.
    """
    if not sheet:
        return table
    from data.council_files.workbook import hidden_parts

    hidden = hidden_parts(path, sheet)
    read = {int(number) % (MAX_LINES + 1) for number, _ in table.body}
    rows = [f"{row}" for row in hidden.rows if row in read]
    columns = [quoted(table.names[at - 1]) for at in hidden.columns if 0 < at <= len(table.names)]
    notes = []
    if rows:
        shown = listed(rows[:SHOWN_HIDDEN]) + _more(rows)
        notes.append(
            f"Hidden in the sheet, by a filter or by hand, and read all the same: row(s) {shown}. Delete them if they do not "
            "count."
        )
    if columns:
        shown = listed(columns[:SHOWN_HIDDEN]) + _more(columns)
        notes.append(
            f"Hidden in the sheet, and read or kept aside like the others, since they are in the file: column(s) {shown}. Delete "
            "them if they do not count."
        )
    if hidden.sheets and of_book:
        sheets = [quoted(name) for name in hidden.sheets]
        notes.append(
            f"Hidden in the workbook, and not read, since they may be earlier tables: sheet(s) "
            f"{listed(sheets[:SHOWN_HIDDEN])}{_more(sheets)}. Unhide them if they count."
        )
    return replace(table, notes=(*table.notes, *notes))


def _more(hidden: Sequence[str]) -> str:
    return f" and {len(hidden) - SHOWN_HIDDEN} more" if len(hidden) > SHOWN_HIDDEN else ""


def table_of_lines(
    where: str,
    kind: FileKind,
    lines: Lines,
    header: HeaderRow | None,
    la_code: int | None,
    mapping: ColumnMapping | None,
) -> CouncilTable:
    """Return the rows of a sheet as rows of the template: `read_council_table` of lines that are read already.

    Raises
    ------
    PlannerError
        As `read_council_table`.
    """
    if header is not None:
        above = [cell for _, cells in lines[: header.first - 1] for cell in cells if cell]
        refuse_title_of_another(where, kind, above, la_code)
    if header is None or (mapping is None and is_template(kind, header)):
        return _as_it_stands(kind, lines, header)
    known = mapping
    if known is None:
        proposal = proposal_of(where, kind, lines, header)
        known = None if la_code is None else still_remembered(kind, la_code, proposal)
    if known is None:
        shown = "; ".join(
            f"{quoted(one.theirs)} -> {one.ours}" for one in proposal.mapping.lines if one.line == "column"
        )
        raise kind.refuse(
            f"'{where}' is not in the template, so it must first be clear what its columns hold and {kind.nothing}. We would "
            f"read {shown}. Run '{kind.check_command.format(file=where, area=la_code or 'AREA')}', which writes this as a table "
            "beside the file, look at it, and give it there with --mapping; in the app, put the file in on the page Data."
        )
    return _mapped(kind, lines, header, check_mapping(known, kind, header.names, where))


def propose(path: Path, kind: FileKind) -> Proposal | None:
    """Return what the planner would take the columns of a file for; None if it is in the template or has no header.

    Raises
    ------
    PlannerError
        The file cannot be read; of the kind of the file.
    """
    lines, header, _, _ = table_lines(path, kind)
    if header is None or is_template(kind, header):
        return None
    return proposal_of(path.name, kind, lines, header)


def _as_it_stands(kind: FileKind, lines: Lines, header: HeaderRow | None) -> CouncilTable:
    """Return a file in the template: its own columns, and its rows without totals and remarks."""
    if not lines:
        return CouncilTable((), (), {}, (), (), (), (), False)
    first = 1 if header is None else header.first
    lines = _without_marks(lines, first)
    cells = lines[first - 1][1]
    names = list(cells)
    while names and not names[-1]:
        names.pop()
    plain_names = [
        re.sub(r"[\s\-]+", "_", n.casefold()) if bare(n) in {bare(c) for c in kind.columns} else n.casefold()
        for n in names
    ]
    at_owner = _naming_authority(kind, names, plain_names, lines[first:])
    if at_owner is not None:
        plain_names[at_owner] = AUTHORITY
    title = plain_names.index(kind.title) if kind.title in plain_names else 0
    body = []
    notes: list[str] = []
    at_amount = plain_names.index(kind.amount) if kind.amount in plain_names else None
    total = since = 0.0
    ours, aside_names = _extra_columns(kind, names, plain_names)
    aside: dict[int, tuple[str, ...]] = {}
    for number, row in lines[first:]:
        if [bare(c) for c in row if c] == [bare(n) for n in names]:
            notes.append(f"Row {number} repeats the header and was left out.")
            continue
        if is_total(row, title) and not kind.totals:
            notes.append(total_note(number, row, at_amount, total, since))
            since = 0.0
            continue
        if sum(bool(c) for c in row) == 1 and REMARK.match(next(c for c in row if c)):
            notes.append(f"Row {number} is a remark and was left out: {quoted(next(c for c in row if c))}.")
            continue
        counted = number_in(row, at_amount)
        total, since = total + counted, since + counted
        if not aside_names:
            body.append((number, row))
            continue
        if len(row) > len(names) and any(row[len(names) :]):
            body.append((number, [*(row[n] for n in ours), *row[len(names) :]]))
            aside[number] = tuple("" for _ in aside_names)
            continue
        cells = [*row, *[""] * (len(names) - len(row))]
        body.append((number, [cells[n] for n in ours]))
        aside[number] = tuple(c for n, c in enumerate(cells[: len(names)]) if n not in ours)
    if aside_names:
        notes.append(
            f"Kept aside unchanged, since they are not columns of the template: {listed(quoted(n) for n in aside_names)}."
        )
    header_names = tuple(plain_names[n] for n in ours) if aside_names else tuple(plain_names)
    return CouncilTable(header_names, tuple(body), aside, aside_names, tuple(notes), (), tuple(names), False)


def _without_marks(lines: Lines, first: int) -> Lines:
    """Return the rows of a corrected copy without its column of what is left to correct, which is for people."""
    marks = [at for at, cell in enumerate(lines[first - 1][1]) if bare(cell) == TO_CORRECT]
    if not marks:
        return lines
    return [
        line if number < first - 1 else (line[0], [c for at, c in enumerate(line[1]) if at not in marks])
        for number, line in enumerate(lines)
    ]


def _naming_authority(
    kind: FileKind, names: Sequence[str], plain_names: Sequence[str], lines: Lines
) -> int | None:
    """Return the place of a column beside those of the template whose heading and cells say whose each row is; None if none."""
    if AUTHORITY in plain_names or AUTHORITY not in kind.columns:
        return None
    for at, name in enumerate(names):
        cells = list(dict.fromkeys(row[at] for _, row in lines if at < len(row) and row[at]))
        if cells and AUTHORITY in columns_of_heading(kind, name) and fit(kind, AUTHORITY, cells) >= FITS:
            return at
    return None


def _extra_columns(
    kind: FileKind, names: Sequence[str], plain_names: Sequence[str]
) -> tuple[list[int], tuple[str, ...]]:
    """Return the places of our columns, and the headings of columns to keep aside.

    Where a column of ours is missing, or one is written much like an absent one of ours, nothing is kept aside: the header is
    then
    refused with the names of both.
    """
    extra = [n for n, name in enumerate(plain_names) if name not in kind.columns]
    absent = [c for c in kind.columns if c not in plain_names]
    alike = any(
        process.extractOne(plain_names[n][:60], absent, scorer=fuzz.ratio, score_cutoff=ALIKE) for n in extra
    )
    if not extra or alike or any(c in kind.needed for c in absent) or any(not names[n] for n in extra):
        return list(range(len(names))), ()
    if len({names[n].casefold() for n in extra}) < len(extra):
        return list(range(len(names))), ()
    return [n for n in range(len(names)) if n not in extra], tuple(names[n] for n in extra)


def _mapped(kind: FileKind, lines: Lines, header: HeaderRow, mapping: ColumnMapping) -> CouncilTable:
    """Return a table of a council's own as rows of the template."""
    columns, values = mapping.of("column"), mapping.of("value")
    words = {tuple(theirs.split(": ", 1)): ours for theirs, ours in mapping.of("word").items()}
    names = header.names
    at = {name: place for place, name in enumerate(names)}
    aside_names = tuple(n for n in names if columns.get(n, ASIDE) == ASIDE)
    yearly = {
        n: columns[n].removeprefix(PLACES_OF_YEAR)
        for n in names
        if columns.get(n, "").startswith(PLACES_OF_YEAR)
    }
    direct = {n: columns[n] for n in names if n not in yearly and columns.get(n, ASIDE) != ASIDE}
    notes = [mapping.origin + " was used."] if mapping.origin else []
    notes += _notes_on_years(kind, yearly, direct)
    problems: list[Problem] = []
    body: list[tuple[int, dict[str, str]]] = []
    aside: dict[int, tuple[str, ...]] = {}
    title = next((at[n] for n, ours in direct.items() if ours == kind.title), 0)
    amounts = [at[n] for n in (*yearly, *(n for n, ours in direct.items() if ours == kind.amount))]
    total, since, above = 0.0, 0.0, ""
    section: dict[str, tuple[str, str]] = {}
    for number, row in lines[header.first :]:
        cells = [*row, *[""] * (len(names) - len(row))]
        note = why_left_out(number, cells, names, title, amounts, total, since, totals=kind.totals)
        if note:
            since = 0.0 if is_total(cells, title) else since
            section |= _section(kind, cells, direct)
            notes.append(note)
            continue
        beyond = find_extra_cells(number, names, cells)
        if beyond is not None:
            # The comma of 62,500 may have made two cells of it, and then none of them is what it was.
            problems.append(beyond)
            cells = cells[: len(names)]
        read, wrong = _row(number, cells, kind, direct, at)
        unread = [v for c, v in read.items() if words.get((c, v)) == LEAVE_OUT]
        if unread:
            notes.append(
                f"Row {number} was left out, as the mapping says of {quoted(unread[0])}: nothing of it is counted."
            )
            total += number_in(cells, amounts[0] if amounts else None)
            continue
        read = {c: words.get((c, v), v) for c, v in read.items()}
        read |= {c: v for c, v in values.items() if c in kind.columns and not read.get(c)}
        wrong += _against_section(number, kind, section, read)
        if any(ours == kind.title for ours in direct.values()):
            if not read.get(kind.title) and above:
                read[kind.title] = above
                wrong.append(
                    Problem(
                        number, kind.title,
                        f"is blank, perhaps under a merged cell. Write the name; the row above has {quoted(above)}.",
                        fix=((kind.title, above),),
                    )
                )  # fmt: skip
            above = read.get(kind.title, "") or above
        problems += wrong
        parts, blank = _parts(number, cells, kind, yearly, at, values)
        problems += blank
        problems += _before_opening(number, kind, read, parts)
        if yearly and not parts:
            notes.append(
                f"Row {number} has no places in any year and was left out: {quoted(next(c for c in cells if c))}."
            )
        for key, more in parts:
            body.append((key, {**read, **more}))
            aside[key] = tuple(cells[at[n]] for n in aside_names)
        counted = number_in(cells, amounts[0] if amounts else None)
        total, since = total + counted, since + counted
    ours = [c for c in kind.columns if any(c in row for _, row in body)]
    rows = tuple((number, [row.get(c, "") for c in ours]) for number, row in body)
    of_file = {name: values.get(name, "") for name in kind.of_file}
    converted = {name: ours for name, ours in direct.items() if ours in kind.converters}
    return CouncilTable(
        tuple(ours), rows, aside, aside_names, tuple(notes), tuple(problems), names, True, of_file, converted
    )


def _notes_on_years(kind: FileKind, yearly: Mapping[str, str], direct: Mapping[str, str]) -> list[str]:
    """Return how columns of places were read whose heading is a date."""
    notes = [
        f"Column {quoted(name)} was read as the places of {year}"
        + ("." if len(yearly) > 1 else " and later.")
        for name, year in yearly.items()
        if year not in name
    ]
    return notes + [
        f"Column {quoted(name)} was read as the places of each row, from its opening on."
        for name, ours in direct.items()
        if kind.by_year and ours == kind.amount and (year_heading(name) or doubtful_year(name))
    ]


def _section(kind: FileKind, cells: Sequence[str], direct: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return what a heading between rows says of a column that the table does not have: its words and the code they mean."""
    texts = {c for c in cells if c}
    meanings: dict[str, tuple[str, str]] = {}
    for column in kind.words if len(texts) == 1 else ():
        if column in direct.values() or column not in kind.columns:
            continue
        (text,) = texts
        with suppress(CellError):
            meaning = kind.parsers[column](text)
            meanings[column] = (text, str(meaning.value if isinstance(meaning, Understood) else meaning))
    return meanings


def _against_section(
    number: int, kind: FileKind, section: Mapping[str, tuple[str, str]], read: Mapping[str, str]
) -> list[Problem]:
    """Return a problem where the heading above a row says something else than the one value for every row."""
    problems = []
    for column, (text, code) in section.items():
        if read.get(column, "") != code:
            value = f"every row has {quoted(read[column])}" if read.get(column) else "it is blank"
            text = f"the heading above the row says {quoted(text)}, which is {code}, and {value}. Write which it is."
            problems.append(Problem(number, column, text, fix=((column, code),)))
    return problems


def _row(
    number: int, cells: Sequence[str], kind: FileKind, direct: Mapping[str, str], at: Mapping[str, int]
) -> tuple[dict[str, str], list[Problem]]:
    read: dict[str, str] = {}
    problems: list[Problem] = []
    later: list[tuple[str, str]] = []
    for name, ours in direct.items():
        cell = _sized(kind, name, ours, cells[at[name]])
        if ours in kind.columns:
            read[ours] = cell
        else:
            later.append((name, ours))
            read |= dict.fromkeys((c for c in kind.gives.get(ours, ()) if c not in read), "")
    for name, ours in later:
        cell = _sized(kind, name, ours, cells[at[name]])
        if not cell:
            continue
        try:
            given = kind.converters[ours](cell)
        except CellError as error:
            # The cells that it would give stay blank, and are named by their own column below if nothing fills them.
            problems.append(Problem(number, name, str(error), fix=tuple(error.fix.items())))
            read |= dict.fromkeys(kind.gives.get(ours, ()), UNREAD)
            continue
        read |= {c: v for c, v in given.items() if not read.get(c)}
    return read, problems


def _sized(kind: FileKind, heading: str, ours: str, cell: str) -> str:
    return in_full(cell, heading_without_size(heading)[1]) if ours in kind.pounds else cell


def _before_opening(
    number: int, kind: FileKind, read: Mapping[str, str], parts: Sequence[tuple[int, Mapping[str, str]]]
) -> list[Problem]:
    """Return a problem where a column of years has places in a year before the opening that the row states."""
    years = [
        more["from_academic_year"] for _, more in parts if more.get("from_academic_year", UNREAD) != UNREAD
    ]
    try:
        stated = parse_academic_year(read["from_academic_year"]) if years else ""
    except (CellError, KeyError):
        return []  # the columns of years say from when there are places
    opening = str(stated.value if isinstance(stated, Understood) else stated)
    if not opening or opening <= years[0]:
        return []
    text = f"there are places in {years[0]}, before the opening, {quoted(read['from_academic_year'])}. Correct one of them."
    return [Problem(number, "from_academic_year", text)]


def _parts(
    number: int,
    cells: Sequence[str],
    kind: FileKind,
    yearly: Mapping[str, str],
    at: Mapping[str, int],
    values: Mapping[str, str],
) -> tuple[list[tuple[int, dict[str, str]]], list[Problem]]:
    """Return the rows of the template that a row gives, with what differs between them, and a problem of its years."""
    if not yearly:
        return [(number, {})], []
    by_year = {year: cells[at[name]] for name, year in yearly.items()}
    try:
        return rows_by_year(number, kind, by_year, values.get(FIRST_YEAR, "")), []
    except CellError as error:
        first = next(iter(yearly))
        unread = dict.fromkeys(("from_academic_year", kind.amount), UNREAD)
        return [(number, unread)], [Problem(number, first, str(error))]
