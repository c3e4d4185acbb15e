"""A corrected copy of a council's file: proposed fixes that a person accepted, in the template's columns, beside the original.

A CSV file gives a CSV file. A workbook gives a workbook: the corrected table on a sheet of the template's name, the values of its
other sheets, and a sheet of what was changed.

Invariants: the original is never written to; a fix that its column cannot hold, such as places below 0, is refused and nothing
is written; columns kept aside are in the copy unchanged. What is left to a person is marked: a last column says it, and in a
workbook the cells are yellow.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from data.council_files.council_table import CouncilTable
from data.council_files.file_kinds import FileKind
from data.council_files.formulas import guarded
from data.council_files.problems import LEAVE_OUT, TO_CORRECT, Problem, without_answered
from data.council_files.spreadsheet import UNREAD, CellError, is_of_extra_cells, plain, write_whole
from data.errors import PlannerError
from data.formatting import quoted

CORRECTED = ".corrected"
"""What the name of a corrected copy has before its ending."""

CHANGED = "What was changed"
"""Sheet of a corrected workbook that lists what was changed."""


@dataclass(frozen=True, slots=True)
class Correction:
    """A file with accepted fixes.

    Parameters
    ----------
    rows
        Cells of the copy, header first.
    accepted
        Problems whose fix is in it.
    left
        Problems that are not mended.
    without
        Rows that were taken out, as in the file.
    sheet
        Name of the sheet that it is written to in a workbook.
    marked
        (Row, column) in the copy of each cell that is left to a person, both from 1.
    """

    rows: tuple[tuple[str, ...], ...]
    accepted: tuple[Problem, ...]
    left: tuple[Problem, ...]
    without: tuple[str, ...]
    sheet: str
    marked: frozenset[tuple[int, int]] = frozenset()

    @property
    def text(self) -> str:
        """The copy as CSV text."""
        out = io.StringIO(newline="")
        csv.writer(out, lineterminator="\r\n").writerows(self.rows)
        return out.getvalue()


def accept(problems: Sequence[Problem], rows: Collection[str] | None) -> tuple[Problem, ...]:
    """Return the problems whose fix is accepted: those in the given rows, or all that have one where none is given."""
    return tuple(p for p in problems if p.fix and (rows is None or p.is_in(rows)))


def typed_fix(where: str, kind: FileKind, table: CouncilTable, problem: Problem, cell: str) -> Problem:
    """Return a problem with what a person types in place of its cell, instead of what was proposed.

    Parameters
    ----------
    where
        Name of the file.
    kind
        What it is.
    table
        Its rows, as rows of the template.
    problem
        The problem.
    cell
        What was typed: as in the file, or `LEAVE_OUT`.

    Raises
    ------
    PlannerError
        It is not what the column can hold, or the cell is not one of the table's; of the kind of the file.
    """
    if plain(cell) == LEAVE_OUT:
        return replace(problem, fix=(("", LEAVE_OUT),))
    there = any(int(number) == int(problem.row) for number, _ in table.body)
    column = problem.column
    if (
        not there
        or (column not in kind.parsers and column not in table.converted)
        or is_of_extra_cells(problem)
    ):
        raise kind.refuse(
            f"{quoted(cell)} cannot be typed for row {problem.row} of '{where}', column {quoted(column)}: it is no single cell "
            "of the table. Correct the row in the spreadsheet, and put the file in again."
        )
    fix = {column: cell}
    if column in table.converted:
        try:
            fix = dict(kind.converters[table.converted[column]](cell))
        except CellError as error:
            raise kind.refuse(
                f"{quoted(cell)} cannot be used for row {problem.row} of '{where}', column {quoted(column)}: {error} Nothing was "
                "changed."
            ) from None
    mended = replace(problem, fix=tuple(fix.items()))
    for name, written in mended.fix:
        _check_fix(where, kind, mended, name, written)
    return mended


def correct(
    where: str,
    kind: FileKind,
    table: CouncilTable,
    problems: Sequence[Problem],
    accepted: Sequence[Problem],
    without: Collection[str] = (),
) -> Correction:
    """Return a file with accepted fixes.

    Parameters
    ----------
    where
        Name of the file.
    kind
        What it is.
    table
        Its rows, as rows of the template.
    problems
        Every problem of it.
    accepted
        Those whose fix is accepted.
    without
        Rows that a person takes out for now, so that their places are not counted.

    Raises
    ------
    PlannerError
        A fix is not what its column can hold; of the kind of the file.
    """
    fixes: dict[tuple[int, str], str] = {}
    gone = {*without, *(f"{p.row}" for p in accepted if p.leaves_out)}
    for problem in accepted:
        if problem.leaves_out:
            continue
        for column, cell in problem.fix:
            _check_fix(where, kind, problem, column, cell)
            fixes[int(problem.row), column] = cell
    left = tuple(
        p
        for p in without_answered(problems)
        if not any(p.is_same(one) for one in accepted) and f"{p.row}" not in gone
    )
    by_row: dict[int, list[Problem]] = {}
    for problem in left:
        by_row.setdefault(int(problem.row), []).append(problem)
    more = [c for c in kind.columns if c not in table.header and any(column == c for _, column in fixes)]
    names = [
        n if plain(n).replace(" ", "_") not in kind.columns else f"{n} (council)" for n in table.aside_names
    ]
    header = (*table.header, *more)
    marks = (TO_CORRECT,) if by_row else ()
    rows: list[tuple[str, ...]] = [(*header, *(guarded(n) for n in names), *marks)]
    marked: set[tuple[int, int]] = set()
    for number, cells in table.body:
        if f"{number}" in gone:
            continue
        own = {c: "" if cell == UNREAD else cell for c, cell in zip(table.header, cells, strict=False)}
        own |= {column: cell for (row, column), cell in fixes.items() if row == int(number)}
        filled = [guarded(own.get(c, "")) for c in header]
        wrong = by_row.get(int(number), [])
        remark = (guarded(" ".join(f"{p.column}: {p.text}" for p in wrong)),) if marks else ()
        # A row whose cells are not sure stays one that is refused.
        beyond = ("?",) if any(is_of_extra_cells(p) for p in wrong) else ()
        rows.append(
            (*filled, *(guarded(c) for c in table.aside.get(number, ("",) * len(names))), *remark, *beyond)
        )
        wanted = {
            c for p in wrong for c in kind.gives.get(table.converted.get(p.column, p.column), (p.column,))
        }
        marked |= {(len(rows), at) for at, c in enumerate(header, start=1) if c in wanted}
    return Correction(
        tuple(rows), tuple(accepted), left, tuple(sorted(without)), kind.sheets[0], frozenset(marked)
    )


def _check_fix(where: str, kind: FileKind, problem: Problem, column: str, cell: str) -> None:
    try:
        if column not in kind.parsers:
            raise CellError(f"there is no column {quoted(column)}")
        kind.parsers[column](cell)
    except CellError as error:
        raise kind.refuse(
            f"The fix of row {problem.row} of '{where}', {column} {quoted(cell)}, cannot be used: {error} Nothing was changed."
        ) from None


def copy_name(name: str) -> str:
    """Return the name of the corrected copy of a file: of the same kind, CSV or workbook."""
    path = Path(name)
    return f"{path.stem}{CORRECTED}{'.xlsx' if _is_workbook(path) else '.csv'}"


def beside(path: Path) -> Path:
    """Return the path of the corrected copy of a file."""
    return path.with_name(copy_name(path.name))


def _is_workbook(path: Path) -> bool:
    return path.suffix.lower() == ".xlsx"


def copy_content(
    path: Path, corrections: Sequence[Correction], refuse: Callable[[str], PlannerError]
) -> bytes:
    """Return a corrected copy, to be written: CSV of a CSV file, which has one table, and a workbook of a workbook.

    Parameters
    ----------
    path
        The original.
    corrections
        The table, or each sheet of a file that has several.
    refuse
        Makes the error of a workbook whose other sheets cannot be read: the copy says then that it is without them.
    """
    if not _is_workbook(path):
        return corrections[0].text.encode("utf-8-sig")
    # Imported when needed: it is slow to load and many files are CSV.
    from data.council_files.corrected_workbook import to_workbook

    return to_workbook(path, corrections, CHANGED, refuse)


def write_copy(content: bytes, path: Path) -> None:
    """Write a corrected copy, whole or not at all.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    write_whole(path, content, "The corrected copy")
