"""What a kept thing was made with: the January the published tables ended at, and the version of the fitted models.

What was kept before this was written down says neither: it was made on January 2025 or earlier (`LAST_UNWRITTEN`). Invariant:
`MadeWith.of_text(made.text) == made`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LAST_UNWRITTEN = 2025
"""Last published January of the releases that did not write down what a kept thing was made with."""

SHORT = 12
"""Digits of the key of a fit that are kept and shown."""

_TEXT = re.compile(r"January (\d{4}), model ([0-9a-f]{1,64})", re.ASCII)


@dataclass(frozen=True, slots=True)
class MadeWith:
    """The release and the models that something was made with.

    Parameters
    ----------
    january
        Last January with published plans; None where it was not written down.
    model
        First digits of the key of the stored fit; blank where it was not written down.
    """

    january: int | None = None
    model: str = ""

    @classmethod
    def of_text(cls, text: str) -> MadeWith:
        """Return what a text of `text` says; nothing known where it says something else."""
        match = _TEXT.fullmatch(text.strip())
        return cls() if match is None else cls(int(match[1]), match[2])

    @property
    def text(self) -> str:
        """One line for a file; blank where nothing was written down."""
        return (
            f"January {self.january}, model {self.model}" if self.january is not None and self.model else ""
        )

    @property
    def latest_january(self) -> int:
        """The January it was made on, or the last it can have been made on."""
        return LAST_UNWRITTEN if self.january is None else self.january

    def is_earlier(self, january: int) -> bool:
        """Return whether it was made on a release before that of a January."""
        return self.latest_january < january

    def words(self) -> str:
        """Return in words what it was made with: 'made on January 2026 with model de14c99b418d'."""
        model = f" with model {self.model}" if self.model else ""
        if self.january is None:
            unwritten = model or ", which did not write down the model"
            return f"made on January {LAST_UNWRITTEN} or an earlier release{unwritten}"
        return f"made on January {self.january}{model}"


UNWRITTEN = MadeWith()
"""Made on `LAST_UNWRITTEN` or earlier, by a release that did not write it down."""
