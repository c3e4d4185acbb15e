"""Rows of a council's table that are no data: totals, headings between rows, remarks and repeated headers.

Invariant: a row that is left out is named with its reason; a total that does not add up is said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from data.council_files.council_words import bare
from data.council_files.spreadsheet import CellError
from data.council_files.written_amounts import amount
from data.formatting import quoted

_TOTAL = re.compile(
    r"(?:grand |sub ?|overall |running |combined )?totals?(?: .*)?|.* (?:sub)? ?totals?|overall|sum|all schools|all provisions?",
    re.I,
)
MOST_WORDS = 3
"""Different cells with words that a total may have: what it is of, and perhaps a kind or a remark."""

REMARK = re.compile(
    r"(?:\*|†|‡|notes?\b|source\b|nb\b|n\.b\.|key\b|please note|figures?\b|as at\b|last updated|prepared by)",
    re.I,
)


def is_total(row: Sequence[str], title: int) -> bool:
    """Return whether a row is a total, by its name or, where that is blank, its first cell.

    A row with more words than a total has is one of data, such as that of a school named Total Learning Academy.
    """
    named = row[title] if title < len(row) else ""
    first = named or next((c for c in row if c), "")
    words = {c.casefold() for c in row if any(letter.isalpha() for letter in c)}
    return len(words) <= MOST_WORDS and bool(_TOTAL.fullmatch(first.strip(" :")))


def number_in(row: Sequence[str], at: int | None) -> float:
    """Return the number in a cell of a row; 0 where it holds none."""
    if at is None or at >= len(row):
        return 0.0
    try:
        read = amount(row[at])
    except CellError:
        return 0.0
    return 0.0 if read is None else read.number


def total_note(
    number: int, row: Sequence[str], at: int | None, total: float, since: float | None = None
) -> str:
    """Return in words that a row is a total and was left out, and where it differs from the sum of the rows above.

    Parameters
    ----------
    number, row, at
        The row, and the column of its number.
    total
        Sum of all rows above it.
    since
        Sum of the rows since the last total: it may be of them alone.
    """
    stated = number_in(row, at)
    note = f"Row {number} is a total ({quoted(next(c for c in row if c))}) and was left out"
    if stated and abs(stated - total) > 0.5 and (since is None or abs(stated - since) > 0.5):
        return f"{note}; it says {stated:,.10g}, but the rows above it add up to {total:,.10g}. Check them."
    return f"{note}."


def why_left_out(
    number: int,
    cells: Sequence[str],
    names: Sequence[str],
    title: int,
    amounts: Sequence[int],
    total: float,
    since: float,
    *,
    totals: bool = False,
) -> str:
    """Return in words why a row is not one of data; blank where it is. Totals are data where ``totals`` says so."""
    filled = [c for c in cells if c]
    first = filled[0]
    if [bare(c) for c in cells[: len(names)]] == [bare(n) for n in names]:
        return f"Row {number} repeats the header and was left out."
    if is_total(cells, title) and not totals:
        return total_note(number, cells, amounts[0] if amounts else None, total, since)
    alone = len(filled) == 1 and not any(letter.isdigit() for letter in first)
    if any(cells[a] for a in amounts) and not alone:
        # A heading that is merged across the table repeats its words in every cell.
        return (
            ""
            if len(set(filled)) > 1 or len(filled) == 1
            else f"Row {number} is a heading and was left out: {quoted(first)}."
        )
    if len(filled) <= 2 or REMARK.match(first):
        what = "a remark" if REMARK.match(first) or len(first) > 60 else "a heading"
        return f"Row {number} is {what} without figures and was left out: {quoted(first)}."
    return ""
