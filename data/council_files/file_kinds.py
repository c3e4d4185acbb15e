"""What the reader of council files needs to know of a kind of file: its columns, what each cell may say, and what must be asked.

Invariant: a column that a file does not have is filled only with a value that the user has confirmed.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from data.council_files.council_words import FOLDER, bare
from data.council_files.spreadsheet import CellError
from data.council_files.written_ages import is_year_group, parse_age_or_year_group, range_in_date, run_of_ages
from data.errors import PlannerError
from data.formatting import quoted

ASIDE = "aside"
"""What stands for one of our columns where a column of the council's is kept aside, untouched."""

UNANSWERED = "?"
"""What stands where the user must answer."""

PLACES_OF_YEAR = "places of "
"""Beginning of the meaning of a column that holds the places of one year: "places of 2026/27", or "places of +1"."""

FIRST_YEAR = "first_year"
"""Value that says which academic year "year of opening" is, in a table of places by years since opening."""

MEANINGS: dict[str, str] = {
    "leaving_age": "age at which pupils leave: 11 is the end of Year 6, age_high 10. Write age_high if it is at 31 August",
    "age_range": "a school's range: 4-11 is Reception to Year 6, ages 4 to 10. Write ages_at_31_august if both are so",
    "gias_type": "code of the type of establishment in Get Information about Schools",
    "capital_cost": "cost of the whole scheme, shared by its places. Write cost_per_place if it is that",
    "cost_per_place": "cost of one place. Write capital_cost if it is that of the whole scheme",
}
"""What is meant by a column that the template does not have, and what else it may be."""

AGES_IN_YEAR: frozenset[str] = frozenset({"10", "15", "17"})
"""Ages at 31 August of the last year groups of phases: where they stand as upper ages, pupils do not leave at them."""

Converter = Callable[[str], Mapping[str, str]]
"""Cells of the template, by column, from a cell of a column that the template does not have."""


@dataclass(frozen=True)
class FileKind:
    """A kind of file that councils fill in.

    Parameters
    ----------
    code
        Its name in the table of headings, and in the folder of mappings.
    name
        What messages call one, such as "a register".
    columns
        Columns of the template, in order.
    parsers
        Function for each column that reads a cell or raises a `CellError`.
    needed
        Columns whose cells must not be blank.
    values
        Needed columns that one value for the whole file can stand in for, with the value that is proposed; `UNANSWERED` where
        none is likely.
    choices
        Codes of closed lists, by column, to be named where an answer is wanted.
    words
        Columns whose words may have several meanings, with their column in the table of words.
    converters
        Columns that councils have and the template has not, with the function that reads a cell of each.
    gives
        Columns of the template that each of them fills.
    amount
        Column of the number that the rows are about: a row without it is a heading, a note or blank.
    title
        Column of the name of a row, in which the word "Total" stands.
    by_year
        Whether a column may hold the number of one year.
    totals
        Whether a row with a total is one of its rows, and not left out.
    of_file
        What must be known of a file as a whole and no column states, with the value that is proposed.
    sheets
        Names of the sheets that it may have in a workbook of ours.
    pounds
        Columns that hold sums of money, whose heading may say that they are in thousands or millions.
    asked_with
        Values that are needed only where one of some columns is there, with those columns.
    check_command
        The command that checks one and has its columns confirmed; {file} and {area} stand for those.
    refuse
        Makes the error of a file that cannot be read from words.
    nothing
        What therefore did not happen.
    """

    code: str
    name: str
    columns: tuple[str, ...]
    parsers: Mapping[str, Callable[[str], object]]
    needed: tuple[str, ...]
    values: Mapping[str, str]
    choices: Mapping[str, Sequence[str]]
    words: Mapping[str, str]
    converters: Mapping[str, Converter]
    gives: Mapping[str, tuple[str, ...]]
    amount: str
    title: str
    refuse: Callable[[str], PlannerError]
    nothing: str
    check_command: str
    by_year: bool = False
    totals: bool = False
    pounds: tuple[str, ...] = ()
    asked_with: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    of_file: Mapping[str, str] = field(default_factory=dict)
    sheets: tuple[str, ...] = field(default=())

    def values_needed(self, covered: Collection[str]) -> tuple[str, ...]:
        """Return the columns that a table which has some must have too, or have one value for every row."""
        return tuple(
            c
            for c in self.values
            if c not in self.asked_with or any(one in covered for one in self.asked_with[c])
        )

    @property
    def targets(self) -> tuple[str, ...]:
        """Every meaning that a column of the council's may have, years of places apart."""
        return (*self.columns, *self.converters)


@cache
def headings(kind: str) -> Mapping[str, tuple[str, ...]]:
    """Return the columns that each heading may stand for in a kind of file; headings as `bare` has them."""
    table: dict[str, list[str]] = {}
    with (FOLDER / "headings.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["kind"] == kind:
                table.setdefault(row["heading"], []).append(row["column"])
    return {heading: tuple(columns) for heading, columns in table.items()}


_SIZE = re.compile(
    r"[\s,\-\u2013]*[(\[]?\s*(?:in\s+)?(?:(?:£|gbp)\s*'?(?P<sign>000'?s?|k|m|mn|million)|(?P<word>'?000'?s|thousands?|millions?)(?:\s+of\s+pounds)?"
    r"(?:\s*£)?)\s*[)\]]?\s*$",
    re.I,
)


def heading_without_size(heading: str) -> tuple[str, str]:
    """Return a heading without what it says of the size of its sums, and that size: "k", "m", or blank where it says none."""
    match = _SIZE.search(heading)
    if match is None or not heading[: match.start()].strip():
        return heading, ""
    size = (match["sign"] or match["word"]).strip("'").casefold()
    return heading[: match.start()].strip(), "m" if size.startswith("m") else "k"


def in_full(cell: str, size: str) -> str:
    """Return a cell of a column in thousands or millions with its size, unless it says one itself or is no plain number."""
    return f"{cell}{size}" if size and re.fullmatch(r"£?\s*-?[\d,]+(?:\.\d+)?", cell) else cell


def columns_of_heading(kind: FileKind, heading: str) -> tuple[str, ...]:
    """Return the columns of a kind of file that a heading may stand for: its own name first."""
    words = bare(heading)
    own = tuple(c for c in kind.columns if bare(c) == words)
    without, size = heading_without_size(heading)
    if size and kind.pounds and not own:
        return tuple(c for c in columns_of_heading(kind, without) if c in kind.pounds)
    # Sheets of one file share their table of headings: "counts-plans" has that of "counts".
    table = headings(kind.code.partition("-")[0])
    return own or tuple(c for c in table.get(words, ()) if c in kind.targets)


def ages_of_range(cell: str, *, school_range: bool) -> dict[str, str]:
    """Return the cells age_low and age_high of a range of ages, year groups or a stage.

    Parameters
    ----------
    cell
        What was written.
    school_range
        Whether plain numbers are a school's age range, whose end is the age at which pupils leave.

    Raises
    ------
    CellError
        It is none, or a date that was a range of ages.
    """
    before = range_in_date(cell)
    run = run_of_ages(before or cell, school_range=school_range)
    if before is not None:
        fix = {} if run is None else {"age_low": str(run[0]), "age_high": str(run[1])}
        raise CellError(
            f"{quoted(cell)} is a date: a spreadsheet turned the ages '{before}' into it. Format the column as text and write "
            "the ages again.", fix
        )  # fmt: skip
    if run is None:
        raise CellError(
            f"{quoted(cell)} is not a range of ages. Write ages like 4-11, year groups like R-Y6, or a stage such as primary."
        )
    return {"age_low": str(run[0]), "age_high": str(run[1])}


def last_age_of_leavers(cell: str) -> dict[str, str]:
    """Return the cell age_high of the age at which pupils leave: 11 is the end of Year 6, which is age 10 at 31 August.

    Raises
    ------
    CellError
        It is no age.
    """
    single = parse_age_or_year_group(cell)
    return {"age_high": str(single if is_year_group(cell) else single - 1)}
