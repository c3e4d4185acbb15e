"""Ages, year groups and age ranges as schools and councils write them.

    age at 31 August = national curriculum year + 4

Invariant: an age is at 31 August, so "Year 6" is 10; a school's age range 4-11 ends with Year 6, so as ages at 31 August it is
4 to 10, and it is taken as such only where somebody says that a column holds ranges of that kind.
"""

from __future__ import annotations

import re
from datetime import date, datetime

from data.council_files.spreadsheet import CellError
from data.formatting import quoted

MOST = 25
"""Oldest age of a child or young person with a plan."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEAR_WORD = r"(?:national\s+curriculum\s+year|n\.?c\.?\s?years?|ncy|years?|yrs?|y)\.?(?:\s*groups?)?\s*"
_RECEPTION = r"(?:r|rec|recep|reception|yr\s?r|year\s?r|foundation\s+2|f2)"
_NURSERY = r"(?:n|nur|nursery|foundation\s+1|f1)"
_ONE = re.compile(
    rf"(?:(?P<reception>{_RECEPTION})|(?P<nursery>{_NURSERY})|{_YEAR_WORD}(?P<year>1[0-4]|\d)"
    r"|(?:ages?|aged)?\s*(?P<age>\d{1,2})(?:\.0+)?\s*(?:years?(?:\s+old)?|yrs?|y\.?o\.?)?)(?:\s+classe?s?)?",
    re.I,
)
_BETWEEN = re.compile(r"\s*(?:-|\u2013|—|\bto\b|\band\b|&|\+|\bthrough\b|/)\s*", re.I)
_BOTH = re.compile(r"\band\b|&|\+", re.I)
"""Joins two groups and says nothing of those between them, so that they must follow each other."""

_STAGES: dict[str, tuple[int, int]] = {
    "eyfs": (3, 4), "ey": (3, 4), "early years": (3, 4),
    "ks1": (5, 6), "ks2": (7, 10), "ks3": (11, 13), "ks4": (14, 15), "ks5": (16, 18),
    "primary": (4, 10), "infant": (4, 6), "junior": (7, 10), "secondary": (11, 15), "sixth form": (16, 18), "6th form": (16, 18),
}  # fmt: skip
"""Stages with ages at 31 August: their first and last."""


def age(cell: str) -> int | None:
    """Return the age at 31 August that a cell means, from an age, a year group, R or N; None where it means none."""
    match = _ONE.fullmatch(cell.strip())
    if match is None:
        return None
    if match["reception"]:
        return 4
    if match["nursery"]:
        return 3
    if match["year"]:
        return int(match["year"]) + 4
    number = int(match["age"])
    return number if number <= MOST else None


def is_year_group(cell: str) -> bool:
    """Return whether a cell names a year group, so that it says an age at 31 August."""
    match = _ONE.fullmatch(cell.strip())
    return match is not None and match["age"] is None


def run_of_ages(cell: str, *, school_range: bool) -> tuple[int, int] | None:
    """Return the first and last age at 31 August of a stage, run of year groups or range of ages; None where it is none.

    Parameters
    ----------
    cell
        What was written.
    school_range
        Whether plain numbers are a school's age range, whose end is the age at which pupils leave.
    """
    text = re.sub(r"\s*\((?:years?|yrs?|y|ages?)?[^()]*\)", "", cell.strip()) or cell.strip()
    if (stage := _stage(text)) is not None:
        return stage
    parts = [p for p in _BETWEEN.split(text) if p]
    if len(parts) == 2 and (begin := _stage(parts[0])) is not None:
        # "KS1 & 2", "Key Stages 3-4": the word stands for both.
        of_both = (
            f"ks{parts[1]}" if re.fullmatch(r"\d", parts[1]) and "k" in parts[0].casefold() else parts[1]
        )
        end = _stage(of_both)
        if end is None or end < begin or (_BOTH.search(text) and end[0] > begin[1] + 1):
            return None
        return begin[0], end[1]
    if len(parts) == 1:
        single = age(text)
        return (single, single) if single is not None and is_year_group(text) else None
    if len(parts) != 2:
        return None
    first, last = parts
    grouped = is_year_group(first) or is_year_group(last)
    if grouped:
        # "Y7-11" and "Years 7 to 11": the word stands for both.
        first, last = (p if not re.fullmatch(r"\d{1,2}", p) else f"Y{p}" for p in (first, last))
    low, high = age(first), age(last)
    if low is None or high is None:
        return None
    if school_range and not grouped:
        high -= 1
    apart = grouped and _BOTH.search(text) is not None and high > low + 1
    return (low, high) if low <= high and not apart else None


def _stage(text: str) -> tuple[int, int] | None:
    """Return the first and last age at 31 August of one stage; None where it is none."""
    stage = re.sub(r"\s+", " ", text.casefold().strip())
    stage = re.sub(r"^(?:key stages?|kss?) ?(?=\d)", "ks", stage)
    return _STAGES.get(re.sub(r"\s*(?:phase|schools?|pupils?|ages?)$", "", stage))


def range_in_date(cell: str) -> str | None:
    """Return the range of ages, such as "4-11", that a spreadsheet turned into this date; None where it is no such date."""
    text = cell.strip()
    short = re.fullmatch(r"(\d{1,2})[-\s/ ]([A-Za-z]{3,9})", text) or re.fullmatch(
        r"([A-Za-z]{3,9})[-\s/ ](\d{1,2})", text
    )
    if short:
        # 4-11 becomes 04-Nov, and 11-16, which is no day, November 2016.
        first, second = (
            ((m := p[:3].casefold()) in _MONTHS and str(_MONTHS.index(m) + 1)) or p for p in short.groups()
        )
        if first.isdigit() and second.isdigit() and int(first) <= MOST and int(second) <= MOST:
            return f"{int(first)}-{int(second)}"
        return None
    for pattern in ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%d/%m/%Y", "%d-%b-%Y", "%d-%b-%y"):
        try:
            day = datetime.strptime(text, pattern).date()
        except ValueError:
            continue
        return _range_of_day(day)
    return None


def _range_of_day(day: date) -> str | None:
    short = day.year % 100
    if day.day == 1 and day.month < short <= MOST:
        return f"{day.month}-{short}"
    return f"{day.day}-{day.month}" if day.day < day.month else None


def parse_age_or_year_group(cell: str) -> int:
    """Return the age at 31 August in a cell of one age: a number, a year group, R or N.

    Raises
    ------
    CellError
        It is none: it holds two ages, or is a date that was a range of ages.
    """
    single = age(cell)
    if single is not None:
        return single
    before = range_in_date(cell)
    written = before or cell
    run = run_of_ages(written, school_range=True)
    if run is not None:
        low, high = run
        date_words = f"a date: a spreadsheet turned the ages '{before}' into it" if before else "two ages"
        raise CellError(
            f"{quoted(cell)} is {date_words}. Write the youngest age in age_low and the oldest in age_high, both at 31 August; "
            f"for {written}, as schools say it, {low} and {high}."
            + (" Format the column as text first." if before else ""),
            {"age_low": str(low), "age_high": str(high)},
        )
    raise CellError(
        f"{quoted(cell)} is not an age. Write a whole number from 0 to 25 (age at 31 August), or a year group such as R or Y6."
    )
