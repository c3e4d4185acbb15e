"""Text that a spreadsheet must not run: cells of files people open are guarded on writing, restored on reading.

Invariant: a guarded cell never starts a formula, and ``unguarded(guarded(cell)) == cell`` for every cell.
"""

from __future__ import annotations

import re

_RISKY = re.compile(r"[\s']*[=+\-@\t\r\n]")
_GUARDED = re.compile(r"'[\s']*[=+\-@\t\r\n]")


def guarded(cell: str) -> str:
    """Return a text cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if _RISKY.match(cell) else cell


def unguarded(cell: str) -> str:
    """Return a cell as it was before `guarded`."""
    return cell[1:] if _GUARDED.match(cell) else cell
