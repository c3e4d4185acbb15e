"""Money, chances and lists as a councillor reads them: rounded, with a unit, and never surer than they are.

Invariant: rounding is by size, so no figure looks more exact than an estimate can be; a minus is a word in a sentence and a sign
in a table.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

LIKELIHOODS: tuple[tuple[float, str], ...] = (
    (0.05, "a remote chance"),
    (0.225, "very unlikely"),
    (0.375, "unlikely"),
    (0.525, "about as likely as not"),
    (0.775, "likely"),
    (0.95, "very likely"),
    (1.0, "almost certain"),
)
"""Words for a chance up to each number, after the scale that UK government analysts use, without its gaps."""

_MILLION = 1e6


def rounded(value: float) -> str:
    """Return a count rounded for reading: whole below 1,000, to the nearest 10 below 10,000, then to 100."""
    step = 1 if value < 1000 else 10 if value < 10_000 else 100
    return f"{round(value / step) * step:,.0f}"


def with_interval(row: Mapping[Hashable, Any], prefix: str = "") -> str:
    """Return "4,900 (4,400 to 5,500)" from a row with q10, q50, q90."""
    low, middle, high = (rounded(row[f"{prefix}{q}"]) for q in ("q10", "q50", "q90"))
    return f"{middle} ({low} to {high})"


def chances(probability: float) -> str:
    """Return a probability as chances in 10, never rounded to certainty."""
    if probability < 0.05:
        return "under 1 chance in 10"
    if probability > 0.95:
        return "more than 9 chances in 10"
    tenths = max(1, min(9, round(10 * probability)))
    return f"{tenths} {'chance' if tenths == 1 else 'chances'} in 10"


def likelihood(chance: float) -> str:
    """Return a probability in words only, such as "very likely"."""
    return next(word for top, word in LIKELIHOODS if chance <= top)


def chance(probability: float) -> str:
    """Return a chance in words and numbers: "very likely (9 chances in 10)"."""
    return f"{likelihood(probability)} ({chances(probability)})"


def in_ten(probability: float) -> str:
    """Return a chance for a table: "9 in 10", "under 1 in 10", "over 9 in 10"."""
    words = chances(probability).replace("more than", "over")
    return words.replace(" chances in 10", " in 10").replace(" chance in 10", " in 10")


def step(largest: float) -> float:
    """Return the unit to which pounds of a given size are rounded."""
    size = abs(largest)
    if size < 10_000:
        return 100.0
    if size < 100_000:
        return 1_000.0
    if size < _MILLION:
        return 10_000.0
    return 100_000.0 if size < 10 * _MILLION else _MILLION


def pounds(value: float, *, size: float | None = None, short: bool = False) -> str:
    """Return pounds: "£1.2 million", "£340,000", "minus £0.4 million".

    Parameters
    ----------
    value
        Pounds.
    size
        Rounded as a sum of this size would be, so that the ends of a range look alike; the value's own where None.
    short
        For a table: "£1.2m", "-£0.4m".
    """
    if not math.isfinite(value):
        raise ValueError(f"{value} is not an amount of money.")
    largest = max(abs(value), abs(size or 0.0))
    by = step(largest)
    # £999,999 is said as a million, and rounded like one.
    largest = round(largest / by) * by
    by = step(largest)
    shown = round(value / by) * by
    if shown == 0:
        return "£0"
    sign = ("-" if short else "minus ") if shown < 0 else ""
    if largest < _MILLION:
        return f"{sign}£{abs(shown):,.0f}"
    places = 1 if by < _MILLION else 0
    return f"{sign}£{abs(shown) / _MILLION:,.{places}f}{'m' if short else ' million'}"


def pounds_between(low: float, middle: float, high: float, *, short: bool = False) -> str:
    """Return "£1.2 million (£0.8 million to £1.9 million)", all rounded alike; one sum where rounding leaves one."""
    size = max(abs(low), abs(middle), abs(high))
    at, from_, to = (pounds(v, size=size, short=short) for v in (middle, low, high))
    return at if from_ == to else f"{at} ({from_} to {to})"


def count_between(low: float, middle: float, high: float) -> str:
    """Return "63 (41 to 90)": a number of children or places with its 80 % interval; one number where rounding leaves one."""
    if rounded(low) == rounded(high):
        return rounded(middle)
    return with_interval({"q10": low, "q50": middle, "q90": high})


def years(value: float) -> str:
    """Return a length of time: "7 years"."""
    whole = round(value)
    return "under 1 year" if value < 1 else f"{whole} {'year' if whole == 1 else 'years'}"


def listed(items: Sequence[str]) -> str:
    """Return "a, b and c"."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""


def sentence(text: str) -> str:
    """Return text that begins with a capital letter and ends with a stop."""
    begun = text[:1].upper() + text[1:]
    return begun if begun.endswith((".", "?", "!")) else f"{begun}."
