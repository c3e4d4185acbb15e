"""Tables and text as files: the one writer of CSV that leaves the planner, and of Parquet with what its numbers are.

Invariant: text cells and headings that a spreadsheet would take for a formula start with an apostrophe; numbers stay numbers, to
the last digit.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from pandas.api.types import is_numeric_dtype

from data.council_files.formulas import guarded


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """Return a frame as CSV bytes, UTF-8 with a byte order mark so that spreadsheets show accents.

    The index is left out.
    """
    safe = frame.rename(columns=lambda name: guarded(str(name)))
    for name in safe.columns[[not is_numeric_dtype(t) for t in safe.dtypes]]:
        safe[name] = safe[name].map(lambda cell: guarded(cell) if isinstance(cell, str) else cell)
    return safe.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame as `csv_bytes` gives it."""
    path.write_bytes(csv_bytes(frame))


def write_parquet(frame: pd.DataFrame, about: Mapping[str, str], path: Path) -> None:
    """Write a frame to Parquet with metadata on what its numbers are."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(frame, preserve_index=False)
    metadata = {k.encode(): v.encode() for k, v in about.items()}
    pq.write_table(table.replace_schema_metadata({**(table.schema.metadata or {}), **metadata}), path)


def write_text(text: str, path: Path) -> None:
    """Write text as UTF-8, with the same bytes on every system."""
    path.write_text(text, encoding="utf-8", newline="\n")
