"""Primary needs as the returns publish them, and the need that each is counted under here.

Invariant: every published need is counted under exactly one of `data.vocabulary.NEEDS`; a need that a return did not collect
yet is absent from it, never nil.
"""

from __future__ import annotations

from data.vocabulary import NEEDS

DOWN_SYNDROME = "DS"
"""Down syndrome: a need of its own from January 2026 and in new plans of 2025. It was inside "other" before: no trend is read
across."""

PUBLISHED_NEEDS: dict[str, str] = {
    **{code: label for code, label in NEEDS.items() if code not in ("OTH", "UNKNOWN")},
    DOWN_SYNDROME: "Down syndrome",
    **{code: NEEDS[code] for code in ("OTH", "UNKNOWN")},
}
"""Need of a return: code to label."""

PUBLISHED_NEED_CODES: tuple[str, ...] = tuple(PUBLISHED_NEEDS)

NEED_OF: dict[str, str] = {code: code for code in NEEDS} | {DOWN_SYNDROME: "OTH"}
"""Published need to the need it is counted under: Down syndrome stays with "other" until two Januaries of it are published."""
