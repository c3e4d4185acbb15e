"""Protection against spreadsheet formulas: text cells are guarded when a file is written and restored when it is read.

Invariant: a guarded cell never starts a formula, and ``unguarded(guarded(cell)) == cell`` for every cell.
"""

from __future__ import annotations

import re

_RISKY = re.compile(r"[\s']*[=+\-@\t\r\n]")
_GUARDED = re.compile(r"'[\s']*[=+\-@\t\r\n]")


def guarded(cell: str) -> str:
    """Return a text cell with an apostrophe in front if a spreadsheet would run it as a formula."""
    return f"'{cell}" if _RISKY.match(cell) else cell


def unguarded(cell: str) -> str:
    """Return a text cell without the apostrophe that `guarded` put in front."""
    return cell[1:] if _GUARDED.match(cell) else cell
