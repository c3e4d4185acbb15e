"""Phrases shared by messages and descriptions of scenarios: near matches, lists and sizes in words.

Invariant: what a user wrote is quoted short and clean (`data.formatting.quoted`), never in full.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rapidfuzz import fuzz, process

MOST_LISTED = 16
"""Choices listed in one message; a longer list would hide what is wrong."""


def suggestion(text: str, choices: Iterable[str]) -> str:
    """Return a sentence with near matches of ``text``, or else all the choices."""
    options = list(choices)
    names = {o.casefold(): o for o in options}
    close = process.extract(text[:100].casefold(), list(names), scorer=fuzz.ratio, limit=3, score_cutoff=60)
    if close:
        return f"Did you mean {' or '.join(names[match[0]] for match in close)}?"
    if not options:
        return "There is nothing to choose from."
    more = f" and {len(options) - MOST_LISTED} more" if len(options) > MOST_LISTED else ""
    return f"Write one of: {', '.join(options[:MOST_LISTED])}{more}."


def joined(items: Sequence[str], word: str = "and") -> str:
    """Return items as a phrase: 'a', 'a and b', 'a, b and c'."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {word} {items[-1]}"


def lowered(label: str) -> str:
    """Return a label as written within a sentence: its first letter small, abbreviations unchanged."""
    return label[:1].lower() + label[1:]


def amount(value: float) -> str:
    """Return a number with thousands separators and no trailing zeros."""
    return f"{value:,.3f}".rstrip("0").rstrip(".")


def per_cent(share: float) -> str:
    """Return a share (0 to 1) as text in per cent, such as '12.5 %'."""
    return f"{amount(round(share * 100, 1))} %"


def more_or_fewer(low: float, high: float) -> str:
    """Return the effect of a factor between ``low`` and ``high`` in words, such as '10 % to 30 % more'."""
    if low == high:
        return "no change" if low == 1 else f"{per_cent(abs(low - 1))} {_side(low)}"
    if low >= 1 or high <= 1:
        ends = sorted(abs(end - 1) for end in (low, high))
        return f"{per_cent(ends[0])} to {per_cent(ends[1])} {_side(low if low < 1 else high)}"
    return f"between {per_cent(1 - low)} fewer and {per_cent(high - 1)} more"


def _side(factor: float) -> str:
    return "more" if factor > 1 else "fewer"
