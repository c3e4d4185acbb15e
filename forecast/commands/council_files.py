"""What commands that read a council's file share: its mapping to confirm or to say, its problems row by row, a corrected copy.

Invariant: nothing is written over; a mapping that waits to be looked at, and a corrected copy, are new files beside the original.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from data.errors import OptionError
from forecast.commands.options import check_may_write
from forecast.commands.output import say, show

if TYPE_CHECKING:
    from rich.console import Console

    from data.council_files.column_mapping import ColumnMapping
    from data.council_files.column_proposals import Proposal
    from data.council_files.corrected_copy import Correction
    from data.council_files.council_table import CheckedFile, CouncilTable
    from data.council_files.file_kinds import FileKind
    from data.council_files.problems import Problem

MappingFile = Annotated[
    Path | None,
    typer.Option(
        "--mapping",
        help="What the columns of a table that is not in the template mean; 'check' writes one beside the table to be looked at.",
    ),
]
"""A confirmed mapping."""

Fix = Annotated[
    bool,
    typer.Option(
        "--fix",
        help="Write a corrected copy beside the file, with the proposed fixes; what is left is marked for you to type.",
    ),
]
"""Whether to write a corrected copy."""

Accept = Annotated[
    str | None,
    typer.Option(
        help="With --fix: rows whose fix is accepted, such as 3,5,12 (Waiting:3 on a further sheet); all where left out."
    ),
]
"""Which fixes are accepted."""

LeaveOut = Annotated[
    str | None,
    typer.Option(
        help="With --fix: rows taken out of the copy for now, such as 4,7; their places are then not counted."
    ),
]
"""Rows taken out of a corrected copy."""


@dataclass(frozen=True, slots=True)
class CopyWanted:
    """What a corrected copy should hold.

    Parameters
    ----------
    wanted
        Whether one should be written at all.
    accepted
        Rows whose fix is accepted, as typed; None for all.
    left_out
        Rows taken out, as typed.
    """

    wanted: bool
    accepted: str | None
    left_out: str | None


def _rows(typed: str | None) -> set[str]:
    return {part.strip() for part in (typed or "").split(",") if part.strip()}


def confirmed_mapping(
    path: Path, kind: FileKind, mapping: Path | None, la_code: int | None, screen: Console
) -> ColumnMapping | None:
    """Return the mapping of a file that is not in the template; None where none is needed, or one is remembered.

    Where nobody has confirmed one, it is proposed: printed, and written beside the file.

    Raises
    ------
    PlannerError
        A mapping is needed and was not given; of the kind of the file.
    """
    from data.council_files.column_mapping import read_mapping, remembered
    from data.council_files.council_table import propose

    if mapping is not None:
        check_mapping_is_there(mapping)
        return read_mapping(mapping, kind)
    proposal = propose(path, kind)
    if proposal is None or (la_code is not None and remembered(kind, la_code, proposal.names) is not None):
        return None
    ask_to_confirm(path, kind, proposal, screen)


def check_mapping_is_there(mapping: Path) -> None:
    """Raise an `OptionError` unless there is such a file."""
    if not mapping.is_file():
        raise OptionError(f"There is no mapping '{mapping}'. Leave --mapping out to have one proposed.")


def ask_to_confirm(path: Path, kind: FileKind, proposal: Proposal, screen: Console) -> NoReturn:
    """Print what the columns of a table would be read as, write it beside the file, and ask for it to be looked at.

    Raises
    ------
    PlannerError
        Always: nobody has confirmed it yet; of the kind of the file.
    """
    import pandas as pd

    from data.council_files import column_mapping

    lines = [
        {"Theirs": one.theirs, "Ours": one.ours, "For example": one.samples, "Note": one.note}
        for one in proposal.mapping.lines
    ]
    show(screen, pd.DataFrame(lines), f"What the columns of {path.name} would be read as", index=False)
    to = column_mapping.beside(path)
    there = to.exists()
    if not there:
        column_mapping.write_mapping(proposal.mapping, to)
    questions = len(proposal.mapping.questions)
    raise kind.refuse(
        f"'{path.name}' is not in the template, so somebody must say what its columns hold; {kind.nothing} yet. "
        f"{'There is a mapping already in' if there else 'What we would read is in'} {to}"
        + (f", with {questions} question(s), marked ?, for you to answer" if questions else "")
        + f". Look at it, correct the column 'ours', and run the command again with --mapping {to}"
    )


def keep_mapping(
    table: CouncilTable, kind: FileKind, mapping: ColumnMapping | None, la_code: int | None, screen: Console
) -> None:
    """Remember a mapping that was used for an authority's file."""
    if mapping is None or la_code is None or not table.mapped:
        return
    from data.council_files.column_mapping import remember

    path = remember(mapping, kind, la_code, table.names)
    say(screen, f"The mapping is remembered for the next file with these headings: {path}")


def refuse(
    path: Path,
    sheets: Mapping[str, CheckedFile],
    kinds: Mapping[str, FileKind],
    copy: CopyWanted,
    result: str,
    screen: Console,
) -> NoReturn:
    """Print the problems of a file row by row, write a corrected copy where it is wanted, and refuse the file.

    Parameters
    ----------
    path
        The file.
    sheets
        Its table after the check, or each of its sheets, by name.
    kinds
        The kind of each.
    copy
        Whether a copy is wanted, and what it should hold.
    result
        What therefore happened, as the end of a sentence.
    screen
        Where to say so.

    Raises
    ------
    PlannerError
        Always; of the kind of the file.
    """
    from data.council_files.problems import report

    problems = [problem for sheet in sheets.values() for problem in sheet.problems]
    _show_problems(screen, problems)
    if copy.wanted:
        _write_corrected(path, sheets, kinds, copy, screen)
    raise next(iter(kinds.values())).refuse(report(path.name, problems, result))


def _show_problems(screen: Console, problems: Sequence[Problem]) -> None:
    """Print problems row by row, each with its proposed fix, where there are more than a message lists."""
    import pandas as pd

    from data.council_files.problems import SHOWN, without_answered

    if len(without_answered(problems)) <= SHOWN:
        return
    lines = [
        {"Row": f"{p.row}", "Column": p.column, "Problem": p.text, "Proposed": p.fix_in_words or "-"}
        for p in sorted(without_answered(problems), key=lambda p: p.row)
    ]
    show(screen, pd.DataFrame(lines), "Problems, and what would mend them", index=False)


def _write_corrected(
    path: Path,
    sheets: Mapping[str, CheckedFile],
    kinds: Mapping[str, FileKind],
    wanted: CopyWanted,
    screen: Console,
) -> None:
    """Write a corrected copy beside a file, and say what is in it and what is left; arguments are those of `refuse`."""
    from data.council_files.corrected_copy import accept, beside, copy_content, correct, write_copy
    from data.council_files.problems import TO_CORRECT

    chosen = None if wanted.accepted is None else _rows(wanted.accepted)
    corrections: list[Correction] = []
    for place, (name, checked) in enumerate(sheets.items()):
        without = _of_sheet(_rows(wanted.left_out), name, first=place == 0)
        rows = None if chosen is None else _of_sheet(chosen, name, first=place == 0)
        accepted = tuple(p for p in accept(checked.problems, rows) if f"{p.row}" not in without)
        corrections.append(
            correct(path.name, kinds[name], checked.table, checked.problems, accepted, without)
        )
    to = beside(path)
    check_may_write(to, False, "another name for it")
    write_copy(copy_content(path, corrections, next(iter(kinds.values())).refuse), to)
    say(screen, f"Corrected copy: {to}. The original was not changed.")
    for one in corrections:
        where = f"Sheet '{one.sheet}', row" if len(corrections) > 1 else "Row"
        for problem in one.accepted:
            say(screen, f"- {where} {problem.row}: {problem.fix_in_words}")
        for row in one.without:
            say(screen, f"- {where} {row} is left out for now: nothing of it is counted.")
    left = sum(len(one.left) for one in corrections)
    if left:
        say(
            screen,
            f"{left} problem(s) are left for you: the column '{TO_CORRECT}' of the copy says what each needs"
            + (", and the cells are yellow" if to.suffix == ".xlsx" else "")
            + ". Type in the cells, save the copy, and give it instead. That column is not read.",
        )


def _of_sheet(rows: set[str], name: str, *, first: bool) -> set[str]:
    """Return the rows that are of a sheet: 'Waiting:3' is of Waiting, and 3 of the first sheet."""
    of_name = {r.partition(":")[2].strip() for r in rows if r.partition(":")[0].casefold() == name.casefold()}
    return of_name | ({r for r in rows if ":" not in r} if first else set())
