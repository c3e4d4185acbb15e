"""Primary needs as the returns publish them: those of `data.vocabulary.NEEDS`, and Down syndrome.

Invariant: a need that a return did not collect yet is absent from it, never nil.
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
