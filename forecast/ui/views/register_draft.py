"""A register being edited: cells as text, checked as a file is, and always downloadable, finished or not.

Invariants: what a person typed is never changed by a check; a draft that cannot be used says every problem at once; no cell of
a file reaches a spreadsheet as a formula.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from data.council_files.formulas import guarded, unguarded
from data.council_files.spreadsheet import AUTHORITY
from data.registers.differences import RegisterDiff
from data.registers.register import COLUMNS, Register
from data.registers.register_file import cells, read_register

FIRST_ROW = 2
"""Number of the first row below the header, as in a spreadsheet and in every message."""


def editable(register: Register) -> pd.DataFrame:
    """Return a register as text, columns `COLUMNS` and those kept aside, with rows numbered as in a spreadsheet."""
    header, *rows = cells(register)
    names = [unguarded(name) for name in header]
    frame = (
        pd.DataFrame(rows, columns=names, dtype="str").drop(columns=AUTHORITY, errors="ignore").map(unguarded)
    )
    frame.index = pd.RangeIndex(FIRST_ROW, FIRST_ROW + len(frame), name="Row")
    return frame


def written(draft: pd.DataFrame) -> bytes:
    """Return a draft as a CSV file, without rows that are blank throughout."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    header = [*COLUMNS, *(column for column in draft.columns if column not in COLUMNS)]
    writer.writerow([guarded(column) for column in header])
    filled = draft.reindex(columns=header).fillna("").astype("str")
    for row in filled.itertuples(index=False):
        if any(cell.strip() for cell in row):
            writer.writerow([guarded(cell) for cell in row])
    return out.getvalue().encode("utf-8-sig")


def checked(content: bytes, name: str, la_code: int) -> Register:
    """Return the register in a file or draft, or raise an error that lists all problems.

    Parameters
    ----------
    content
        The file.
    name
        What to call it in messages; its ending says whether it is CSV or .xlsx.
    la_code
        Whose it should be.

    Raises
    ------
    RegisterError
        It cannot be used; every problem is listed.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(name).name
        path.write_bytes(content)
        return read_register(path, la_code=la_code)


def changes(difference: RegisterDiff) -> pd.DataFrame:
    """Return the differences between two registers in words, one row for each change."""
    rows = [("Added", r["setting"], _row_in_words(r)) for r in difference.added.to_dict("records")]
    rows += [("Removed", r["setting"], _row_in_words(r)) for r in difference.removed.to_dict("records")]
    rows += [
        (
            "Changed", changed.setting,
            "; ".join(f"{column} from {before or 'blank'} to {after or 'blank'}" for column, before, after in changed.cells),
        )
        for changed in difference.changed
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["What", "Setting", "Change"])


def _row_in_words(row: Mapping[Any, Any]) -> str:
    ages = f"ages {row['age_low']} to {row['age_high']}"
    return f"{row['places']} places, {ages}, from {row['from_academic_year']}, {row['status']}"
