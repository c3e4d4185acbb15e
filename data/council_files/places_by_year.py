"""Tables with a column of places for each year: a row of the template for each run of years with the same places.

    a run of years that goes on to the last column has no end; years without places give no row

Invariant: a blank cell after places is never taken for a number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from data.council_files.file_kinds import FileKind
from data.council_files.spreadsheet import MAX_LINES, CellError
from data.council_files.written_amounts import amount
from data.council_files.written_dates import pair_of_years, written_year


class PartOfRow(int):
    """Number of a row of a file that gives several rows of the template, one for each run of years; shown with the year."""

    year: str

    def __new__(cls, row: int, part: int, year: str) -> PartOfRow:
        """Return a number that no other part has."""
        number = super().__new__(cls, row + part * (MAX_LINES + 1))
        number.year = year
        return number

    @property
    def row(self) -> int:
        """Row of the file."""
        return int(self) % (MAX_LINES + 1)

    def __str__(self) -> str:
        return f"{self.row} (from {self.year})"

    def __format__(self, spec: str) -> str:
        return str(self)

    def __reduce__(self) -> tuple[object, ...]:
        return PartOfRow, (self.row, int(self) // (MAX_LINES + 1), self.year)


def rows_by_year(
    number: int, kind: FileKind, cells: Mapping[str, str], first_year: str
) -> list[tuple[int, dict[str, str]]]:
    """Return the cells that the years of one row give, for each run of years with the same places.

    Parameters
    ----------
    number
        Row of the file.
    kind
        What the file is.
    cells
        Cells by year: "2026/27", or "+1" for years since the first.
    first_year
        Academic year of "+0", where years are counted.

    Raises
    ------
    CellError
        A year is blank after one that is not.
    """
    start = pair_of_years(first_year) or 0
    steps = sorted(
        (start + int(year[1:]) if year[0] == "+" else pair_of_years(year) or 0, cell)
        for year, cell in cells.items()
    )
    _check_blanks([cell for _, cell in steps])
    begins = [year for at, (year, cell) in enumerate(steps) if at == 0 or steps[at - 1][1] != cell]
    by_year = dict(steps)
    rows: list[tuple[int, dict[str, str]]] = []
    for part, year in enumerate(begins, start=1):
        if _is_none(by_year[year]):
            continue
        name = written_year(year)
        last = "" if part == len(begins) else written_year(begins[part] - 1)
        row = {"from_academic_year": name, "to_academic_year": last, kind.amount: by_year[year]}
        rows.append((PartOfRow(number, part, name), row))
    return rows


def _is_none(cell: str) -> bool:
    if not cell:
        return True
    try:
        read = amount(cell)
    except CellError:
        return False
    return read is not None and read.number == 0


def _check_blanks(cells: Sequence[str]) -> None:
    filled = [at for at, cell in enumerate(cells) if cell]
    if filled and len(filled) < len(cells) - filled[0]:
        raise CellError(
            "has places in some years and blanks in later ones: a blank could mean none or the same. Write the number of every "
            "year, 0 where there are none."
        )
