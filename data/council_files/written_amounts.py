"""Numbers and sums of money as people write them: ``1,200``, ``100.0``, ``£1.2m``, ``c. 190``, ``12 places``.

Invariant: a number is read only where one number is meant; a range, a sum of parts or a word is refused, never rounded into one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from data.council_files.spreadsheet import CellError
from data.formatting import quoted

_SIZES = {
    "": 1.0, "k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "million": 1e6, "bn": 1e9, "billion": 1e9,
}  # fmt: skip
_ABOUT = re.compile(
    r"(?:c\.?|ca\.?|circa|approx\.?|approximately|about|around|roughly|est\.?|estimated|~|≈)\s*", re.I
)
_ABOUT_AFTER = re.compile(r"\s*\(?(?:est\.?|estimated|approx\.?|approximately|provisional)\)?", re.I)
_UNIT = (
    r"(?:fte|f\.t\.e\.|places?|pupils?|children|plans?|learners?|students?|schemes?|years?|per\s+(?:annum|year|place|pupil|child)"
    r"|p\.?\s?a\.?|pounds?|gbp|%|per\s?cent)"
)
_NUMBER = re.compile(
    rf"£?\s*(?P<digits>\d{{1,3}}(?:[,\u00a0\u202f]\d{{3}})+|\d{{1,12}})(?P<part>\.\d{{1,15}})?\s*"
    rf"(?P<size>k|thousand|mn?|million|bn|billion)?(?:\s*{_UNIT})*",
    re.I | re.ASCII,
)
_RANGE = re.compile(
    r"£?\s*[\d,.]+\s*[mk]?\s*(?:-|\u2013|—|to|/|or|and|then)\s*£?\s*[\d,.]+\s*[mk]?(?:\s*places?)?", re.I
)
_NONE = {"nil", "none", "zero"}


_NOT_KNOWN = re.compile(
    r"n\s*/?\s*a|not (?:applicable|known|available|yet known|confirmed)|unknown|t\.?b\.?[cad]\.?"
    r"|to be (?:confirmed|agreed|decided)|[-\u2013\u2014?.]+|\u2026",
    re.I,
)
_DECIMAL_COMMA = re.compile(r"£?\s*\d+(?:\.\d{3})*,(?:\d{1,2}|\d{4,})\s*(?:k|mn?|bn)?", re.I)


def is_not_known(cell: str) -> bool:
    """Return whether a cell says in words or a dash that there is no number, or that nobody knows it yet."""
    return _NOT_KNOWN.fullmatch(cell.strip()) is not None


def no_number(cell: str) -> str:
    """Return what stands in the way of reading a number from a cell, as the end of a sentence; blank where it is only a word."""
    if is_not_known(cell):
        return " It may mean none or not known: write the number, 0 if there are none, or take the row out for now."
    return " Its comma looks like a decimal comma: write a point." if with_point(cell) else ""


def with_point(cell: str) -> dict[str, str]:
    """Return the fix of a cell whose number has a decimal comma, for the column itself; none where it has not."""
    if _DECIMAL_COMMA.fullmatch(cell.strip()) is None:
        return {}
    return {"": cell.strip().replace(".", "").replace(",", ".")}


@dataclass(frozen=True, slots=True)
class Amount:
    """A number as somebody wrote it.

    Parameters
    ----------
    number
        What it is, 0 or more.
    estimated
        Whether they wrote that it is about so much.
    """

    number: float
    estimated: bool = False


def amount(cell: str) -> Amount | None:
    """Return the number that a cell means; None where it does not mean one number.

    Raises
    ------
    CellError
        It is a range.
    """
    text = cell.strip().rstrip("*†‡").strip()
    if text.casefold() in _NONE:
        return Amount(0.0)
    estimated = False
    if (before := _ABOUT.match(text)) and before.end() < len(text):
        text, estimated = text[before.end() :], True
    if (after := re.search(rf"{_ABOUT_AFTER.pattern}$", text, re.I)) and after.start() > 0:
        text, estimated = text[: after.start()], True
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        if _RANGE.fullmatch(text.strip()):
            first, last = (re.sub(r"[^\d.]", "", t) for t in re.findall(r"[\d,.]+", text)[:2])
            raise CellError(
                f"{quoted(cell)} is two numbers. Write {first} or {last}; where it grows from one to the other, write a row for "
                "each run of years."
            )
        return None
    whole = re.sub(r"\D", "", match["digits"])
    number = float(whole + (match["part"] or "")) * _SIZES[(match["size"] or "").casefold()]
    return Amount(round(number, 9), estimated)
