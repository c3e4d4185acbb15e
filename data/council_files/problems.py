"""Problems in a file that a council filled in: each by row and column, and how many are listed in one message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SHOWN = 10
"""Problems listed in one message; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem in one cell of a file, by spreadsheet row and column, and by sheet where the file has several."""

    row: int
    column: str
    text: str
    sheet: str = ""

    def __str__(self) -> str:
        sheet = f"Sheet '{self.sheet}', row" if self.sheet else "Row"
        return f"{sheet} {self.row}, column '{self.column}': {self.text}"


def report(
    where: str,
    problems: Sequence[Problem],
    result: str = "no places were read from it",
    kinds: str = "CSV UTF-8 or .xlsx",
) -> str:
    """Return one paragraph on all problems of a file, listing the first `SHOWN`.

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
    ordered = sorted(problems, key=lambda p: p.row)
    listed = " ".join(str(p) for p in ordered[:SHOWN])
    more = f" ... and {len(ordered) - SHOWN} more." if len(ordered) > SHOWN else ""
    count = "1 problem" if len(ordered) == 1 else f"{len(ordered)} problems"
    return (
        f"'{where}' has {count}, so {result}. {listed}{more} Correct the rows in the spreadsheet (row 1 is the header), save it "
        f"as {kinds} and try again."
    )
