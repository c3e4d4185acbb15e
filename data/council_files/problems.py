"""Problems in a file that a council filled in: each by row and column, and how many are listed in one message."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

LEAVE_OUT = "leave out"
"""What stands for the meaning of a word, or for the fix of a row, where the row is not to be read."""

TO_CORRECT = "what to correct"
"""Column of a corrected copy that says what is left to a person; it is never read."""

SHOWN = 10
"""Problems listed in one message; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem in one cell of a file, by spreadsheet row and column, and by sheet where the file has several.

    Parameters
    ----------
    row, column, text, sheet
        Where, and what is wrong.
    fix
        (Column, what to write) of the cells that would mend it, or `LEAVE_OUT`, to be accepted by a person; none where no
        answer is likely.
    """

    row: int
    column: str
    text: str
    sheet: str = ""
    fix: tuple[tuple[str, str], ...] = ()

    @property
    def fix_in_words(self) -> str:
        """What would be written where; blank where nothing is proposed."""
        if self.leaves_out:
            return "leave the row out"
        return ", ".join(f"{column} {cell}" for column, cell in self.fix)

    @property
    def leaves_out(self) -> bool:
        """Whether its fix is that the row is not read."""
        return any(cell == LEAVE_OUT for _, cell in self.fix)

    def is_same(self, other: Problem) -> bool:
        """Return whether another is this problem, whatever is written to mend it."""
        return replace(other, fix=self.fix) == self

    def is_in(self, rows: Collection[str]) -> bool:
        """Return whether its row is among rows as people name them: "3", or "Waiting:3" for a row of a further sheet."""
        return f"{self.row}" in rows or f"{self.sheet}:{self.row}".casefold() in {r.casefold() for r in rows}

    def __str__(self) -> str:
        sheet = f"Sheet '{self.sheet}', row" if self.sheet else "Row"
        return f"{sheet} {self.row}, column '{self.column}': {self.text}"


def without_answered(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """Return problems without those of a blank cell that the fix of another problem in its row would fill."""
    filled = {(int(p.row), column) for p in problems for column, _ in p.fix if column != p.column}
    return tuple(p for p in problems if p.fix or (int(p.row), p.column) not in filled)


def report(
    where: str,
    problems: Sequence[Problem],
    result: str = "no places were read from it",
    kinds: str = "CSV UTF-8 or .xlsx",
) -> str:
    """Return what is wrong with a file: a sentence, then the first `SHOWN` problems, one a line, and what to do.

    Parameters
    ----------
    where
        Name of the file.
    problems
        At least one.
    result
        What therefore happened, as the end of a sentence.
    kinds
        Kinds of file that can be read.
    """
    ordered = sorted(without_answered(problems), key=lambda p: p.row)
    listed = "\n".join(f"{p} Proposed: {p.fix_in_words}." if p.fix else str(p) for p in ordered[:SHOWN])
    more = f"\n... and {len(ordered) - SHOWN} more." if len(ordered) > SHOWN else ""
    count = "1 problem" if len(ordered) == 1 else f"{len(ordered)} problems"
    return (
        f"'{where}' has {count}, so {result}.\n{listed}{more}\nCorrect the rows in the spreadsheet (rows are numbered as there), "
        f"save it "
        f"as {kinds} and try again."
    )
