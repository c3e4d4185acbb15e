"""Columns of a council's own table that have no meaning here: kept as they are, and written out again with the rows.

Invariant: no cell of them is read, changed or lost.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from data.council_files.council_words import bare
from data.council_files.formulas import guarded


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

    def beside(self, columns: Collection[str], rows: int) -> tuple[list[str], list[list[str]]]:
        """Return headings and cells to be written beside the columns of a template, row by row.

        Rows that were changed since they were read, so that their number is another, have no cells of these columns.

        Parameters
        ----------
        columns
            Columns of the template, whose names no heading takes.
        rows
            How many rows are written.
        """
        if not self.names or len(self.cells) != rows:
            return [], [[] for _ in range(rows)]
        ours = {bare(column) for column in columns}
        names = [name if bare(name) not in ours else f"{name} (council)" for name in self.names]
        return [guarded(n) for n in names], [[guarded(cell) for cell in cells] for cells in self.cells]


NOTHING_ASIDE = SetAside()
"""No column is kept aside."""
