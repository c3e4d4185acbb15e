"""Downloads: tables as CSV whose cells no spreadsheet runs as formulas.

Invariant: text cells and headings that a spreadsheet would take for a formula start with an
apostrophe; numbers stay numbers, to the last digit.
"""

from __future__ import annotations

import pandas as pd

from data.council_files.formulas import guarded


def to_csv(frame: pd.DataFrame) -> bytes:
    """Return a frame as CSV bytes, UTF-8 with a byte order mark so that spreadsheets show accents.

    The index is left out.
    """
    safe = frame.rename(columns=lambda name: guarded(str(name)))
    for name in safe.columns[[not pd.api.types.is_numeric_dtype(t) for t in safe.dtypes]]:
        safe[name] = safe[name].map(lambda cell: guarded(cell) if isinstance(cell, str) else cell)
    return safe.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")
