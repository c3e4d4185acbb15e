"""Columns of a council's own table that have no meaning here: kept as they are, and written out again with the rows.

Invariant: no cell of them is read, changed or lost.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SetAside:
    """Columns that are kept aside.

    Parameters
    ----------
    names
        Their headings.
    cells
        Cells of each row of the template, in order.
    """

    names: tuple[str, ...] = ()
    cells: tuple[tuple[str, ...], ...] = ()


NOTHING_ASIDE = SetAside()
"""No column is kept aside."""
