"""A corrected copy of a council's file: proposed fixes that a person accepted, in the template's columns, beside the original.

Invariants: the original is never written to; a fix that its column cannot hold, such as places below 0, is refused and nothing
is written; columns kept aside are in the copy unchanged.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from data.council_files.council_table import CouncilTable
from data.council_files.file_kinds import FileKind
from data.council_files.formulas import guarded
from data.council_files.problems import Problem, without_answered
from data.council_files.spreadsheet import UNREAD, CellError, plain, write_whole
from data.formatting import quoted

ENDING = ".corrected.csv"
"""Ending of a corrected copy."""


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
    """

    rows: tuple[tuple[str, ...], ...]
    accepted: tuple[Problem, ...]
    left: tuple[Problem, ...]

    @property
    def text(self) -> str:
        """The copy as CSV text."""
        out = io.StringIO(newline="")
        csv.writer(out, lineterminator="\r\n").writerows(self.rows)
        return out.getvalue()


def accept(problems: Sequence[Problem], rows: Collection[str] | None) -> tuple[Problem, ...]:
    """Return the problems whose fix is accepted: those in the given rows, or all that have one where none is given."""
    return tuple(p for p in problems if p.fix and (rows is None or f"{p.row}" in rows))


def with_fix(problem: Problem, column: str, cell: str) -> Problem:
    """Return a problem with what a person writes instead of the proposed fix."""
    return replace(problem, fix=(*((c, t) for c, t in problem.fix if c != column), (column, cell)))


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
    for problem in accepted:
        for column, cell in problem.fix:
            _check_fix(where, kind, problem, column, cell)
            fixes[int(problem.row), column] = cell
    more = [c for c in kind.columns if c not in table.header and any(column == c for _, column in fixes)]
    names = [
        n if plain(n).replace(" ", "_") not in kind.columns else f"{n} (council)" for n in table.aside_names
    ]
    rows: list[tuple[str, ...]] = [(*table.header, *more, *(guarded(n) for n in names))]
    for number, cells in table.body:
        if f"{number}" in without:
            continue
        own = {c: "" if cell == UNREAD else cell for c, cell in zip(table.header, cells, strict=False)}
        own |= {column: cell for (row, column), cell in fixes.items() if row == int(number)}
        filled = [guarded(own.get(c, "")) for c in (*table.header, *more)]
        rows.append((*filled, *(guarded(c) for c in table.aside.get(number, ("",) * len(names)))))
    left = tuple(p for p in without_answered(problems) if p not in accepted and f"{p.row}" not in without)
    return Correction(tuple(rows), tuple(accepted), left)


def _check_fix(where: str, kind: FileKind, problem: Problem, column: str, cell: str) -> None:
    try:
        if column not in kind.parsers:
            raise CellError(f"there is no column {quoted(column)}")
        kind.parsers[column](cell)
    except CellError as error:
        raise kind.refuse(
            f"The fix of row {problem.row} of '{where}', {column} {quoted(cell)}, cannot be used: {error} Nothing was changed."
        ) from None


def beside(path: Path) -> Path:
    """Return the path of the corrected copy of a file."""
    return path.with_name(path.stem + ENDING)


def write_copy(correction: Correction, path: Path) -> None:
    """Write a corrected copy, whole or not at all.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    write_whole(path, correction.text.encode("utf-8-sig"), "The corrected copy")
