"""Versions of the council's own counts, stored on this computer (see `data.council_files.kept_files`).

Invariant: counts are kept for the authority they say they are of, and for no other.
"""

from __future__ import annotations

import hashlib
from datetime import date

from data.areas import by_code
from data.council_files.kept_files import COUNTS, KeptFile
from data.counts.counts_file import OnDay, read_counts, sheet_rows, to_csv, write_counts
from data.counts.own_counts import OwnCounts
from data.errors import CountError
from data.made_with import UNWRITTEN, MadeWith
from data.sign_in.people import Person


def read(kept: KeptFile) -> OwnCounts:
    """Read the counts of a stored version; of whatever day they are.

    Raises
    ------
    CountError
        The file was changed by another program and cannot be used.
    """
    return read_counts(kept.path, kept.la_code, OnDay(date.max, None))


def keep(
    who: Person, counts: OwnCounts, la_code: int, after: int, made_with: MadeWith = UNWRITTEN
) -> KeptFile:
    """Store counts as the version after the one that was the latest.

    Parameters
    ----------
    who
        Who keeps them.
    counts
        What to keep.
    la_code
        Whose they are.
    after
        The latest version when the file was put in; 0 where there was none.
    made_with
        The release and models in use.

    Raises
    ------
    NotAllowedError
        Their role does not allow it.
    ConflictError
        Somebody kept a version since.
    CountError
        They are another authority's.
    OutputError
        The folder cannot be written to.
    """
    if counts.la_code != la_code:
        raise CountError(
            f"The counts '{counts.origin}' are not {by_code(la_code).name}'s, so they were not kept for it. Choose the authority "
            "they are for."
        )
    return COUNTS.keep(who, la_code, after, lambda path: write_counts(counts, path), made_with)


def fingerprint(counts: OwnCounts) -> str:
    """Return the SHA-256 of what counts say: equal counts have equal fingerprints, whatever their origin."""
    text = "".join(f"{name}\n{to_csv(rows)}" for name, rows in sheet_rows(counts).items())
    return hashlib.sha256(text.encode()).hexdigest()
