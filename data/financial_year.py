"""Financial years (April to March): their names, and the January that falls in each.

Invariant: a name such as ``2026-27`` and the year it stands for say each other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAME = re.compile(r"(20\d\d)-(\d\d)", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class FinancialYear:
    """A financial year, from 1 April ``begins`` to 31 March of the calendar year after.

    Parameters
    ----------
    begins
        Calendar year of its April.
    """

    begins: int

    @classmethod
    def named(cls, name: str) -> FinancialYear | None:
        """Return the financial year with a name such as ``2026-27``; None if the text is not such a name."""
        match = _NAME.fullmatch(name)
        if match is None or (int(match[1]) + 1) % 100 != int(match[2]):
            return None
        return cls(int(match[1]))

    @property
    def label(self) -> str:
        """Its name: ``2026-27``."""
        return f"{self.begins}-{(self.begins + 1) % 100:02d}"

    @property
    def january(self) -> int:
        """Calendar year of the January within it; a lever's weight for that January is its weight in this year."""
        return self.begins + 1

    def after(self, years: int = 1) -> FinancialYear:
        """Return the financial year a number of years later (earlier if ``years`` is negative)."""
        return FinancialYear(self.begins + years)
