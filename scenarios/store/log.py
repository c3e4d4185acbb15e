"""The log of a store: one entry for each stored row, chained by hashes so that later tampering shows.

    hash = SHA-256 of the canonical JSON of {seq, at, who, what, subject, body_hash, previous_hash}

``body_hash`` is the hash of the row the entry announces, and ``previous_hash`` the hash of the entry before (64 zeros
for the first). So whoever edits, removes or reorders rows or entries must write the whole log anew from there on.

What it cannot show: rows removed from the end together with their entries, or a log rewritten whole by someone who may
write to the database. An export holds the hash of the last entry at its time; keep exports elsewhere and compare.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from scenarios.store.rows import row_hash, run_subject, time_text, version_subject
from scenarios.store.tables import LOG, RUN, SCENARIO_VERSION, rows

START = "0" * 64
"""The hash before the first entry."""


@dataclass(frozen=True)
class Break:
    """The first place where the log and the store disagree.

    Parameters
    ----------
    seq
        Number of the entry; None where a row has no entry at all.
    why
        A sentence for people.
    """

    seq: int | None
    why: str


def append(
    connection: Connection, moment: datetime, who: str, what: str, subject: str, body_hash: str
) -> None:
    """Add a log entry for a row, in the transaction that adds the row."""
    seq, previous = head(connection)
    entry: dict[str, Any] = {
        "seq": seq + 1,
        "at": time_text(moment),
        "who": who,
        "what": what,
        "subject": subject,
        "body_hash": body_hash,
        "previous_hash": previous,
    }
    connection.execute(insert(LOG).values(**entry, hash=row_hash(entry)))


def head(connection: Connection) -> tuple[int, str]:
    """Return the number and the hash of the last entry; 0 and zeros for an empty log."""
    row = connection.execute(select(LOG.c.seq, LOG.c.hash).order_by(LOG.c.seq.desc()).limit(1)).first()
    return (row.seq, row.hash) if row else (0, START)


def first_break(connection: Connection) -> Break | None:
    """Return the first place where the log and the store disagree; None if they agree.

    Rows are hashed as the database gives them, so that a value which is no longer of its kind is found too.
    """
    unseen = _row_hashes(connection)
    previous, due = START, 1
    for entry in rows(connection, select(LOG).order_by(LOG.c.seq)):
        kept_hash = entry.pop("hash")
        seq, subject = entry["seq"], entry["subject"]
        if seq != due:
            return Break(due, f"Entry {due} of the log is missing: the one after {due - 1} is {seq}.")
        if entry["previous_hash"] != previous:
            return Break(seq, f"Entry {seq} of the log ({subject}) does not follow from the entry before it.")
        if row_hash(entry) != kept_hash:
            return Break(seq, f"Entry {seq} of the log ({subject}) was changed after it was written.")
        if subject not in unseen:
            return Break(seq, f"Entry {seq} of the log announces {subject}, which is no longer there.")
        if unseen.pop(subject) != entry["body_hash"]:
            return Break(seq, f"{subject} was changed after it was saved (entry {seq} of the log).")
        previous, due = kept_hash, due + 1
    if unseen:
        return Break(
            None, f"{min(unseen)} is in the store but not in the log: it was not saved by this program."
        )
    return None


def _row_hashes(connection: Connection) -> dict[str, str]:
    """Return the hash of every stored row, by the row's name in the log."""
    versions = {
        version_subject(row["scenario_id"], row["version"]): row_hash(row)
        for row in rows(connection, select(SCENARIO_VERSION))
    }
    return versions | {run_subject(row["run_id"]): row_hash(row) for row in rows(connection, select(RUN))}
