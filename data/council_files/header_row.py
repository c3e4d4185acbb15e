"""The row of a council's table that names its columns, under titles, merged heads and notes.

Invariant: where two rows could both be it, neither is taken.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from data.council_files.council_words import bare
from data.council_files.file_kinds import FileKind, columns_of_heading
from data.council_files.written_dates import day, month, pair_of_years, written_year

LOOKED_AT = 60
"""Rows, blank ones apart, in which the header is looked for."""

LEAST = 2
"""Least headings that a header must have in common with ours."""

RIVAL = 0.6
"""Share of the best row's headings from which on another row could be the header too."""

Lines = Sequence[tuple[int, list[str]]]
"""(Row number, trimmed cells) of each row that is not blank."""


@dataclass(frozen=True, slots=True)
class HeaderRow:
    """The header of a table.

    Parameters
    ----------
    names
        Heading of each column, all different; a blank one is named by its letter.
    first
        Position among the lines at which the data begin.
    rows
        Numbers of the rows that hold it: one, or two under merged heads.
    known
        How many headings may stand for one of our columns.
    """

    names: tuple[str, ...]
    first: int
    rows: tuple[int, ...]
    known: int


_OF_PLACES = re.compile(
    r"\b(?:number of|no\.? of|total|places|capacity|commissioned|planned|agreed|funded|available|from|in|as at|as of|at|on|for"
    r"|census|academic year|sept(?:ember)? of)\b|(?<=\d) ay$",
    re.I,
)
_FINANCIAL = re.compile(r"\b(?:financial year|fy)\b", re.I)


class TwoHeadersError(ValueError):
    """Two rows could both be the header; says which."""


def year_heading(heading: str) -> str | None:
    """Return the year that a heading of a column of places names: "2026/27", "+1" or "+0"; None if it names none."""
    text = _year_in(heading)
    first = None if _FINANCIAL.search(text) else pair_of_years(text)
    if first is not None:
        return written_year(first)
    if re.fullmatch(r"\+\s?\d{1,2}", text):
        return "+" + re.sub(r"\D", "", text)
    if bare(text) in ("year of opening", "opening year", "year 0", "on opening"):
        return "+0"
    at = _month_in(text)
    if at is None or 1 < at[1] < 9:
        return None
    return written_year(at[0] if at[1] >= 9 else at[0] - 1)


def doubtful_year(heading: str) -> tuple[str, str] | None:
    """Return the two years that a heading of a column of places may mean: "2026", "April 2026" or a financial year.

    Places change in September and are counted in January: those of April may have opened after that January or not.
    """
    text = _year_in(heading)
    at = _month_in(text)
    if re.fullmatch(r"20\d\d", text):
        first = int(text)
    elif at is not None and 1 < at[1] < 9:
        first = at[0]
    else:
        financial = pair_of_years(text) if _FINANCIAL.search(text) else None
        if financial is None:
            return None
        first = financial
    return written_year(first - 1), written_year(first)


def names_a_month(heading: str) -> bool:
    """Return whether a heading of a column of places names a month or a day."""
    return _month_in(_year_in(heading)) is not None


def _year_in(heading: str) -> str:
    """Return what a heading says besides that it is of places."""
    return " ".join(_OF_PLACES.sub(" ", heading).split()).strip(" :()-\u2013,")


def _month_in(text: str) -> tuple[int, int] | None:
    exact = day(text)
    return month(text) if exact is None else (exact.year, exact.month)


def _is_year(cell: str, *, beside: bool) -> bool:
    """Return whether a cell of a row names a year of places; days, years and most months do so beside a heading alone.

    In a row of data they are as likely when something opened or was agreed.
    """
    if not cell or (year_heading(cell) is None and doubtful_year(cell) is None):
        return False
    text = _year_in(cell)
    at = _month_in(text)
    plainly = year_heading(cell) is not None and (at is None or (at[1] == 9 and day(text) is None))
    return beside or plainly


def _meanings(kind: FileKind, cells: Sequence[str]) -> list[tuple[str, ...]]:
    meanings = [columns_of_heading(kind, c) if c else () for c in cells]
    if kind.by_year:
        years = [_is_year(c, beside=any(meanings)) for c in cells]
        if sum(years) >= 2:
            meanings = [("by year",) if y else m for m, y in zip(meanings, years, strict=True)]
    return meanings


def _count(kind: FileKind, cells: Sequence[str]) -> int:
    meanings = _meanings(kind, cells)
    return len({m for m in meanings if m and m != ("by year",)}) + sum(m == ("by year",) for m in meanings)


def find_header(kind: FileKind, lines: Lines) -> HeaderRow | None:
    """Return the header of a table; None where no row has `LEAST` headings like ours.

    Raises
    ------
    TwoHeadersError
        Two rows could both be it.
    """
    if lines and _is_whole(kind, lines[0][1]):
        return _header(kind, lines[0][1], 1, (lines[0][0],))
    looked_at = list(lines[:LOOKED_AT])
    counts = [_count(kind, cells) for _, cells in looked_at]
    best = max(counts, default=0)
    pair = _best_pair(kind, looked_at, best)
    if pair is not None:
        at, names = pair
        rows = (looked_at[at][0], looked_at[at + 1][0])
        return _header(kind, names, at + 2, rows)
    if best < LEAST:
        return None
    at = counts.index(best)
    _refuse_rivals(kind, looked_at, counts, at)
    return _header(kind, looked_at[at][1], at + 1, (looked_at[at][0],))


def _is_whole(kind: FileKind, cells: Sequence[str]) -> bool:
    """Return whether a row is the template's header, with every column that must be there."""
    names = {bare(c) for c in cells}
    return all(bare(c) in names for c in kind.needed)


def _best_pair(
    kind: FileKind, lines: list[tuple[int, list[str]]], single: int
) -> tuple[int, list[str]] | None:
    """Return where a head of two rows begins, and its headings; None where no two rows name more columns than one row does."""
    best: tuple[int, int, list[str]] | None = None
    for at in range(len(lines) - 1):
        upper, lower = lines[at], lines[at + 1]
        if lower[0] != upper[0] + 1:
            continue
        names = _joined(kind, upper[1], lower[1])
        count = _count(kind, names)
        if count >= LEAST and count > single and (best is None or count > best[0]):
            best = (count, at, names)
    return None if best is None else (best[1], best[2])


def _joined(kind: FileKind, upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    wide = max(len(upper), len(lower))
    above = [*upper, *[""] * (wide - len(upper))]
    below = [*lower, *[""] * (wide - len(lower))]
    names: list[str] = []
    group = ""
    for top, bottom in zip(above, below, strict=True):
        group = top or (group if bottom else "")
        both = f"{group} {bottom}".strip()
        if not bottom or not group or columns_of_heading(kind, both) or (kind.by_year and year_heading(both)):
            names.append(both)
        elif not top or group == top:
            names.append(bottom if not top and columns_of_heading(kind, bottom) else both)
        else:
            names.append(both)
    return names


def _refuse_rivals(kind: FileKind, lines: Lines, counts: Sequence[int], at: int) -> None:
    chosen = [bare(c) for c in lines[at][1]]
    columns = {m[0] for m in _meanings(kind, lines[at][1]) if m}
    for other, count in enumerate(counts):
        if other == at or count < max(LEAST, RIVAL * counts[at]):
            continue
        if [bare(c) for c in lines[other][1]] == chosen:
            continue
        shared = columns & {m[0] for m in _meanings(kind, lines[other][1]) if m}
        if len(shared) >= LEAST:
            raise TwoHeadersError(f"rows {lines[min(at, other)][0]} and {lines[max(at, other)][0]}")


def _letters(place: int) -> str:
    # Columns without a heading are few; the library of workbooks takes a while to load.
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(place))


def _header(kind: FileKind, cells: Sequence[str], first: int, rows: tuple[int, ...]) -> HeaderRow:
    names: list[str] = []
    trimmed = list(cells)
    while trimmed and not trimmed[-1]:
        trimmed.pop()
    for place, cell in enumerate(trimmed, start=1):
        name = " ".join(cell.split()) or f"column {_letters(place)}"
        again = name
        copies = 1
        while again.casefold() in {n.casefold() for n in names}:
            copies += 1
            again = f"{name} ({copies})"
        names.append(again)
    return HeaderRow(tuple(names), first, rows, _count(kind, cells))
