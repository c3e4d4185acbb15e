"""Exact pounds, lists and quoted cells as text, for messages of every room; rounded pounds are `forecast.presentation.wording`'s.

Invariant: a sum that a person typed or a source published is repeated to the whole pound, never rounded to look like an estimate.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable


def exact_pounds(value: float) -> str:
    """Return a sum of money to the whole pound: "£454,600", "-£12,500".

    Raises
    ------
    ValueError
        The value is not a number, or is infinite.
    """
    if not math.isfinite(value):
        raise ValueError(f"{value} is not a sum of money. Give a number of pounds.")
    whole = round(value)
    return f"{'-' if whole < 0 else ''}£{abs(whole):,}"


def listed(items: Iterable[object]) -> str:
    """Return items as a phrase: "a", "a and b", "a, b and c"; nothing where there are none."""
    *first, last = [str(item) for item in items] or [""]
    return f"{', '.join(first)} and {last}" if first else last


def find_control_character(text: str) -> str | None:
    """Return the first character that no file of text can show, tabs and ends of lines apart; None if there is none.

    Such are control characters (Unicode category Cc), which Excel refuses, and halves of characters (Cs), which no UTF-8 holds.
    """
    return next((c for c in text if unicodedata.category(c) in ("Cc", "Cs") and c not in "\t\r\n"), None)


def describe_control_character(text: str) -> str | None:
    """Return what is wrong with text that no file can show, after the words that say which text; None if nothing is."""
    odd = find_control_character(text)
    return None if odd is None else f"holds the character U+{ord(odd):04X}, which cannot be shown. Delete it."


def quoted(cell: str) -> str:
    """Return a cell shortened and cleaned, to be quoted in a message."""
    clean = "".join(c if c.isprintable() else " " for c in cell)
    return f"'{clean[:40]}...'" if len(clean) > 40 else f"'{clean}'"
