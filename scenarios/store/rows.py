"""Rows of a store: versions of scenarios, runs and log entries, each with the hash that identifies it.

The hash of a row is the SHA-256 of its canonical JSON: keys in order, no spaces, UTF-8. It covers every column but
one of `ADDED` that is empty, as in every row of the releases before it: so those keep their hashes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from data.errors import StoreError
from data.made_with import SHORT, UNWRITTEN, MadeWith

ADDED: tuple[str, ...] = ("release_january", "model_key")
"""Columns that later releases added; empty in rows of earlier ones."""


@dataclass(frozen=True)
class Draft:
    """A scenario to be saved.

    Parameters
    ----------
    scenario_id
        Short name, the same for all its versions.
    title
        For people.
    body
        The scenario as a JSON object, kept and given back to the letter.
    key
        Hash of the scenario by its own rule; a run is tied to it.
    made_with
        The release and models it was made with.
    """

    scenario_id: str
    title: str
    body: str
    key: str
    made_with: MadeWith = UNWRITTEN


@dataclass(frozen=True)
class Version:
    """One saved version of a scenario; versions count from 1, and times are in UTC."""

    scenario_id: str
    version: int
    title: str
    body: str
    key: str
    saved_by: str
    saved_at: datetime
    comment: str
    release_january: int | None = None
    model_key: str | None = None

    @property
    def made_with(self) -> MadeWith:
        """The release and models it was saved on."""
        return MadeWith(self.release_january, self.model_key or "")

    @property
    def subject(self) -> str:
        """Name of the version in the log."""
        return version_subject(self.scenario_id, self.version)

    def row(self) -> dict[str, Any]:
        """Return the database row of the version."""
        return {**self.__dict__, "saved_at": time_text(self.saved_at)}

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Version:
        """Return the version in a database row."""
        return cls(**{**row, "saved_at": _time(row, "saved_at")})


@dataclass(frozen=True)
class RunFacts:
    """The inputs of a run: with the same facts anybody gets the same figures.

    Parameters
    ----------
    scenario_id, version
        What was run; the version is None where it was run as a file or the library has it and not as the store does, and
        both are where it has no id either.
    scenario_key
        Hash of the scenario.
    data_hash, model_hash
        Hashes of the published tables and of the fitted model.
    seed
        Of the random numbers; 0 to 2^63 - 1.
    draws, years
        How many draws, and how many Januaries ahead.
    la_code
        DfE number of the authority.
    app_version
        Release of this program.
    release_january
        Last January with published plans; None where an earlier release did not write it down.
    """

    scenario_id: str | None
    version: int | None
    scenario_key: str
    data_hash: str
    model_hash: str
    seed: int
    draws: int
    years: int
    la_code: int
    app_version: str
    release_january: int | None = None

    @property
    def made_with(self) -> MadeWith:
        """The release and models it was run with."""
        return MadeWith(self.release_january, self.model_hash[:SHORT])


@dataclass(frozen=True)
class Run:
    """A recorded run: its facts, its main figures as a JSON object, who ran it, and when (UTC)."""

    run_id: str
    facts: RunFacts
    summary: str
    run_by: str
    run_at: datetime

    @property
    def subject(self) -> str:
        """Name of the run in the log."""
        return run_subject(self.run_id)

    def row(self) -> dict[str, Any]:
        """Return the database row of the run."""
        return {
            "run_id": self.run_id,
            **self.facts.__dict__,
            "summary": self.summary,
            "run_by": self.run_by,
            "run_at": time_text(self.run_at),
        }

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Run:
        """Return the run in a database row."""
        facts = RunFacts(
            **{name: row[name] for name in RunFacts.__dataclass_fields__ if name in row or name not in ADDED}
        )
        return cls(row["run_id"], facts, row["summary"], row["run_by"], _time(row, "run_at"))


@dataclass(frozen=True)
class LogEntry:
    """One entry of the log; `scenarios.store.log` says what its hashes prove."""

    seq: int
    at: datetime
    who: str
    what: str
    subject: str
    body_hash: str
    previous_hash: str
    hash: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> LogEntry:
        """Return the log entry in a database row."""
        return cls(**{**row, "at": _time(row, "at")})


def version_subject(scenario_id: object, version: object) -> str:
    """Return the name of a version in the log."""
    return f"{scenario_id} version {version}"


def run_subject(run_id: object) -> str:
    """Return the name of a run in the log."""
    return f"run {run_id}"


def canonical(row: Mapping[str, Any]) -> str:
    """Return a row as JSON with sorted keys, so that equal rows give equal text.

    A value no JSON can hold, which only tampering puts there, is written as Python shows it, so that it still hashes.
    """
    return json.dumps(dict(row), sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=repr)


def as_hashed(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row without the columns of `ADDED` that are empty."""
    return {name: value for name, value in row.items() if value is not None or name not in ADDED}


def row_hash(row: Mapping[str, Any]) -> str:
    """Return the hash of a row, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(as_hashed(row)).encode("utf-8", "backslashreplace")).hexdigest()


def time_text(moment: datetime) -> str:
    """Return a time as stored in rows: UTC, to the microsecond."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _time(row: Mapping[str, Any], column: str) -> datetime:
    try:
        moment = datetime.fromisoformat(row[column])
        return moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise StoreError(
            f"A row holds a time that cannot be read ({column} is {row[column]!r}): it was changed from outside this "
            "program. Nothing was saved. Put back a copy of the store or of the export."
        ) from None
