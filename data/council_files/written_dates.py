"""Academic years, financial years, months and days as people write them.

    academic year 2026/27 = 1 September 2026 to 31 August 2027, and holds the census of January 2027

Invariant: day comes before month, as in this country; a year alone is not an academic year, since it may be either of two.
"""

from __future__ import annotations

import re
from datetime import date

from data.council_files.spreadsheet import CellError, Understood
from data.formatting import quoted

_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_SHORT = {name[:3]: number for number, name in enumerate(_MONTHS, start=1)} | {"sept": 9}
_NAMES = {name: number for number, name in enumerate(_MONTHS, start=1)} | _SHORT
_WORD = r"[A-Za-z]{3,9}\.?"
_DAY_NAME = re.compile(r"^(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?,?\s+", re.I)
_TWO_YEARS = re.compile(
    r"(?:(?:academic|school|financial)\s+year|ay|fy|sy)?\s*(?P<first>20\d\d|\d\d)\s*(?:/|-|\u2013|—|\\|\bto\b)\s*(?P<last>20\d\d|\d{1,2})",
    re.I,
)
TERMS: dict[str, int] = {"autumn": 9, "spring": 1, "summer": 4, "easter": 4}
"""First month of each term."""


def pair_of_years(cell: str) -> int | None:
    """Return the year in which an academic or financial year begins, from any way to write both its years."""
    match = _TWO_YEARS.fullmatch(cell.strip())
    if match is None:
        return None
    first = int(match["first"]) if len(match["first"]) == 4 else 2000 + int(match["first"])
    last = match["last"]
    expected = str(first + 1)
    return first if expected.endswith(last) and 2000 <= first <= 2099 else None


def month(cell: str) -> tuple[int, int] | None:
    """Return the year and month that a cell means, such as "September 2026", "Sep-26" or 2026-09; None if it means none."""
    text = cell.strip()
    if match := re.fullmatch(r"(20\d\d)-(\d\d)", text):
        return _checked_month(int(match[1]), int(match[2]))
    if match := re.fullmatch(r"(\d{1,2})[/.](20\d\d)", text):
        return _checked_month(int(match[2]), int(match[1]))
    if match := re.fullmatch(rf"(?:from\s+|in\s+)?({_WORD})[\s\-/,']*(20\d\d|\d\d)", text, re.I):
        number = _NAMES.get(match[1].rstrip(".").casefold())
        return None if number is None else (_full_year(match[2]), number)
    if match := re.fullmatch(r"(20\d\d)\s+([A-Za-z]{3,9})", text):
        number = _NAMES.get(match[2].casefold())
        return None if number is None else (int(match[1]), number)
    return None


def day(cell: str) -> date | None:
    """Return the day that a cell means, in any usual order with the day before the month; None if it means none."""
    text = _DAY_NAME.sub("", cell.strip())
    text = re.sub(r"(?<=\d)(?:st|nd|rd|th)\b", "", text, flags=re.I).replace(" of ", " ")
    text = re.sub(r"[ T]00:00:00(?:\.0+)?$", "", text)
    if match := re.fullmatch(r"(20\d\d)[-/](\d{1,2})[-/](\d{1,2})", text):
        return _checked_day(int(match[1]), int(match[2]), int(match[3]))
    if match := re.fullmatch(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](20\d\d|\d\d)", text):
        return _checked_day(_full_year(match[3]), int(match[2]), int(match[1]))
    if match := re.fullmatch(rf"(\d{{1,2}})[\s\-/]+({_WORD})[\s\-/,]+(20\d\d|\d\d)", text):
        return _checked_day(
            _full_year(match[3]), _NAMES.get(match[2].rstrip(".").casefold(), 0), int(match[1])
        )
    if match := re.fullmatch(rf"({_WORD})\s+(\d{{1,2}}),?\s+(20\d\d)", text):
        return _checked_day(int(match[3]), _NAMES.get(match[1].rstrip(".").casefold(), 0), int(match[2]))
    return None


def _full_year(text: str) -> int:
    return int(text) if len(text) == 4 else 2000 + int(text)


def _checked_month(year: int, number: int) -> tuple[int, int] | None:
    return (year, number) if 1 <= number <= 12 else None


def _checked_day(year: int, number: int, of_month: int) -> date | None:
    try:
        return date(year, number, of_month)
    except ValueError:
        return None


def iso_date(cell: str) -> str | None:
    """Return a day, month or year in ISO form at the precision given; None if the cell means none."""
    if (exact := day(cell)) is not None:
        return exact.isoformat()
    if (at := month(cell)) is not None:
        return f"{at[0]}-{at[1]:02d}"
    return cell.strip() if re.fullmatch(r"20\d\d", cell.strip()) else None


def written_year(first: int) -> str:
    """Return an academic year by the year in which it begins: 2026 gives '2026/27'."""
    return f"{first}/{(first + 1) % 100:02d}"


def parse_academic_year(cell: str, *, last: bool = False) -> str | Understood:
    """Return the academic year in a cell: both years, a month, a day or a term.

    Parameters
    ----------
    cell
        What was written.
    last
        Whether it is the year in which something ends, so that August belongs to the year that it closes.

    Raises
    ------
    CellError
        It is none, or could be either of two; a likely year is proposed.
    """
    start = pair_of_years(cell)
    if start is not None:
        return written_year(start)
    exact = day(cell)
    at = (exact.year, exact.month) if exact is not None else month(cell)
    term = re.fullmatch(r"(autumn|spring|summer|easter)(?:\s+term)?\s+(20\d\d)", cell.strip(), re.I)
    if term:
        at = int(term[2]), TERMS[term[1].casefold()]
    if at is not None:
        return _year_of_month(cell, *at, last=last)
    text = re.sub(r"\.0+$", "", cell.strip())
    if re.fullmatch(r"20\d\d", text):
        year = int(text)
        likely = written_year(year - 1 if last else year)
        raise CellError(
            f"{quoted(cell)} is not an academic year: it could be {written_year(year - 1)} or {written_year(year)}. Write "
            f"it like "
            f"'{likely}'.",
            {"": likely},
        )
    begin = re.match(r"20\d\d", cell, re.ASCII)
    example = written_year(int(begin[0])) if begin else "2024/25"
    raise CellError(
        f"{quoted(cell)} is not an academic year. Write it like '{example}'.",
        {"": example} if begin and not last else None,
    )


def _year_of_month(cell: str, year: int, number: int, *, last: bool) -> Understood:
    if last:
        if number > 8:
            raise CellError(
                f"{quoted(cell)} is at the start of a year, so it could end {written_year(year - 1)} or go on through "
                f"{written_year(year)}. Write the last academic year.",
                {"": written_year(year - 1)},
            )
        text = written_year(year - 1)
        return Understood(text, f"{quoted(cell)} was read as the academic year {text}")
    if number == 8:
        raise CellError(
            f"{quoted(cell)} is the last month of {written_year(year - 1)}. Write '{written_year(year)}' if places open in "
            "September.",
            {"": written_year(year)},
        )
    text = written_year(year if number > 8 else year - 1)
    also = () if number == 9 else (("opens_in", f"{year}-{number:02d}"),)
    return Understood(text, f"{quoted(cell)} was read as the academic year {text}", also)
