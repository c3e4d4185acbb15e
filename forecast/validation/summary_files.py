"""Small tables of scores that stand in the repository and are drawn on by pages: written whole, read only in their own form.

Invariant: a table that is read has the columns that its writer gives it.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from data.errors import SourceError
from forecast.core.atomic_files import write_one


def write_summary(table: pd.DataFrame, path: Path) -> Path:
    """Write a summary of scores, whole or not at all.

    Raises
    ------
    OutputError
        It could not be written; what was there stays.
    """
    return write_one(path, lambda draft: table.to_csv(draft, index=False, lineterminator="\n"))


def read_summary(path: Path, columns: tuple[str, ...], what: str, command: str) -> pd.DataFrame:
    """Return a summary of scores; no row where there is none yet.

    Parameters
    ----------
    path
        Its file.
    columns
        Its columns.
    what, command
        What it is a summary of, and the command that writes it, for the message.

    Raises
    ------
    SourceError
        The columns are not those of the summary.
    """
    if not path.exists():
        return pd.DataFrame(columns=list(columns))
    table = pd.read_csv(path, keep_default_na=False)
    if tuple(table.columns) != columns:
        raise SourceError(
            f"{path} is not the summary of {what} it should be: its columns are not {', '.join(columns)}. Put it back as it was, "
            f"or write it again with '{command}'."
        )
    return table
