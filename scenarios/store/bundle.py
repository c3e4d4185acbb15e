"""Exports of a store: every version and run in one text file, for a backup or a move to another store.

One JSON object a line. The first says what the file is; then versions, then runs, each with the hash of its row; the
last counts them and holds the hash of all lines before it, so a file cut short or edited is refused whole.

Invariant: reading an export changes nothing, and importing one never changes what a store holds already.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from data.drafts import write_in_place
from data.errors import StoreError
from scenarios.store import checks
from scenarios.store.rows import Draft, Run, Version, as_hashed, row_hash, time_text

FORMAT = "sendplan scenarios"
"""What the first line calls the file."""

FORMAT_VERSION = 2
"""Layout of the lines as written: the second may say what a row was made with."""

READABLE: tuple[int, ...] = (1, FORMAT_VERSION)
"""Layouts that can be read."""

MOST_BYTES = 200_000_000
"""Largest export read, so that a wrong file does not fill the memory; a version takes a few thousand bytes."""

SHOWN = 5
"""Conflicts listed before the rest are counted."""


@dataclass(frozen=True)
class Imported:
    """The result of an import: how many versions and runs were added, and how many rows were already there."""

    versions: int
    runs: int
    already: int


@dataclass(frozen=True)
class ExportContents:
    """The contents of an export file: versions in order of id and number, and runs."""

    versions: tuple[Version, ...]
    runs: tuple[Run, ...]


@dataclass(frozen=True)
class Plan:
    """The plan of an import: rows to add, how many are already there, and conflicts that prevent it."""

    versions: tuple[Version, ...]
    runs: tuple[Run, ...]
    already: int
    conflicts: tuple[str, ...]


def write(
    path: Path,
    versions: Sequence[Mapping[str, Any]],
    runs: Sequence[Mapping[str, Any]],
    *,
    exported_at: datetime,
    log_head: tuple[int, str],
) -> None:
    """Write every version and run to an export file, whole or not at all.

    Parameters
    ----------
    path
        The file; replaced if it is there.
    versions, runs
        Rows.
    exported_at
        When.
    log_head
        Number and hash of the last entry of the log, by which a log rewritten later can be told.

    Raises
    ------
    StoreError
        The file cannot be written; one that was there is as it was.
    """
    first = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "exported_at": time_text(exported_at),
        "log_entries": log_head[0],
        "log_hash": log_head[1],
    }
    lines = [_line(first)]
    lines += [_line({"kind": "version", "hash": row_hash(row), "row": as_hashed(row)}) for row in versions]
    lines += [_line({"kind": "run", "hash": row_hash(row), "row": as_hashed(row)}) for row in runs]
    body = "".join(lines)
    last = {"kind": "end", "versions": len(versions), "runs": len(runs), "hash": _hash(body)}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_in_place(
            path, lambda draft: draft.write_text(body + _line(last), encoding="utf-8", newline="\n")
        )
    except (OSError, ValueError) as error:
        raise StoreError(
            f"The export cannot be written to {path} ({getattr(error, 'strerror', None) or error}). Nothing was left "
            "half-written. Choose a file in a folder you may write to."
        ) from None


def read(path: Path) -> ExportContents:
    """Read an export file and check all of it.

    Raises
    ------
    StoreError
        The file cannot be read, is not an export, is of a newer layout, was cut short or was edited.
    """
    text = _text(path)
    if not text.endswith("\n"):
        raise _damaged(path, "its end is missing")
    # Not splitlines(): a comment may hold characters that it takes for the end of a line.
    lines = text[:-1].split("\n")
    _check_first(path, _parsed(path, lines, 0))
    last = _parsed(path, lines, len(lines) - 1)
    if last.get("kind") != "end":
        raise _damaged(path, "its end is missing")
    if last.get("hash") != _hash("".join(f"{line}\n" for line in lines[:-1])):
        raise _damaged(path, "it was changed after it was written")
    versions: list[Version] = []
    runs: list[Run] = []
    for number in range(1, len(lines) - 1):
        line = _parsed(path, lines, number)
        row = line.get("row")
        if not isinstance(row, dict) or line.get("hash") != row_hash(row):
            raise _damaged(path, f"line {number + 1} does not have the hash it gives")
        kind = line.get("kind")
        if kind not in {"version", "run"}:
            raise _damaged(path, f"line {number + 1} is neither a version nor a run")
        try:
            if kind == "version":
                versions.append(_version(row))
            else:
                runs.append(_run(row))
        except (TypeError, KeyError):
            raise _damaged(path, f"line {number + 1} lacks a field or has one too many") from None
        except StoreError as error:
            raise StoreError(f"Line {number + 1} of {path} cannot be imported. {error}") from None
    if (last.get("versions"), last.get("runs")) != (len(versions), len(runs)):
        raise _damaged(path, "it does not hold as many versions and runs as its end says")
    return ExportContents(
        tuple(sorted(versions, key=lambda one: (one.scenario_id, one.version))), tuple(runs)
    )


def compare(
    contents: ExportContents,
    stored: Mapping[tuple[str, int], str],
    last: Mapping[str, int],
    runs: Mapping[str, str],
) -> Plan:
    """Compare an export with a store and return what an import would add.

    Parameters
    ----------
    contents
        What the file holds.
    stored
        Hash of each version the store holds, by id and number.
    last
        Number of the latest version of each scenario the store holds.
    runs
        Hash of each run the store holds, by its id.
    """
    known = dict(stored)
    latest = dict(last)
    new: list[Version] = []
    conflicts: list[str] = []
    already = 0
    for version in contents.versions:
        place, own = (version.scenario_id, version.version), row_hash(version.row())
        if known.get(place) == own:
            already += 1
        elif place in known:
            conflicts.append(f"{version.subject} is another in the store")
        elif version.version != latest.get(version.scenario_id, 0) + 1:
            conflicts.append(f"{version.subject} is there, but not version {version.version - 1} before it")
        else:
            known[place] = own
            latest[version.scenario_id] = version.version
            new.append(version)
    new_runs: list[Run] = []
    recorded = dict(runs)
    for run in contents.runs:
        facts, own = run.facts, row_hash(run.row())
        if recorded.get(run.run_id) == own:
            already += 1
        elif run.run_id in recorded:
            conflicts.append(f"{run.subject} is another in the store")
        elif facts.version is not None and (facts.scenario_id, facts.version) not in known:
            conflicts.append(
                f"{run.subject} is of {facts.scenario_id} version {facts.version}, which is in neither"
            )
        else:
            recorded[run.run_id] = own
            new_runs.append(run)
    return Plan(tuple(new), tuple(new_runs), already, tuple(conflicts))


def describe_conflicts(path: Path, conflicts: Sequence[str]) -> str:
    """Return the error message for an import that conflicts with the store."""
    more = f"; and {len(conflicts) - SHOWN} more" if len(conflicts) > SHOWN else ""
    return (
        f"{path} was not imported: {'; '.join(conflicts[:SHOWN])}{more}. Nothing was saved, and nothing the store holds "
        "was changed. Import it into a new store, given with --store, and save what you need from there under another id."
    )


def _version(row: dict[str, Any]) -> Version:
    version = Version.of(row)
    checks.check_draft(
        Draft(version.scenario_id, version.title, version.body, version.key, version.made_with)
    )
    checks.check_whole_number(
        f"The version of '{version.scenario_id}'", version.version, 1, checks.LARGEST_COUNT
    )
    checks.check_line("The name of who saved it", version.saved_by)
    checks.check_line("The comment", version.comment, checks.COMMENT, empty=True)
    _check_same(version.row(), row)
    return version


def _run(row: dict[str, Any]) -> Run:
    run = Run.of(row)
    checks.check_line("The id of a run", run.run_id)
    checks.check_facts(run.facts)
    checks.check_json_object("The figures of the run", run.summary)
    checks.check_line("The name of who ran it", run.run_by)
    _check_same(run.row(), row)
    return run


def _check_same(ours: dict[str, Any], row: dict[str, Any]) -> None:
    """Raise an error if a row would be stored differently from how it is written, such as a time in another zone."""
    if as_hashed(ours) != row:
        raise KeyError


def _check_first(path: Path, first: dict[str, Any]) -> None:
    if first.get("format") != FORMAT:
        raise StoreError(
            f"{path} is not an export of scenarios: its first line does not say so. Nothing was saved. Give a file that "
            "'sendplan scenario export' wrote."
        )
    if first.get("format_version") not in READABLE:
        raise StoreError(
            f"{path} is an export of layout {first.get('format_version')!r}; this release reads layouts up to {FORMAT_VERSION}. "
            "Nothing was saved. Update the program, or export again with this release."
        )


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise StoreError(
                f"{path} is larger than {MOST_BYTES // 1_000_000} MB, the most an export may be. Nothing was saved. Check "
                "that it is the file you meant."
            )
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise StoreError(
            f"{path} cannot be read ({error.strerror or error}). Nothing was saved. Check the name of the file."
        ) from None
    except ValueError as error:
        raise StoreError(
            f"{path} is not an export of scenarios: it is not text ({error}). Nothing was saved. Give a file that "
            "'sendplan scenario export' wrote."
        ) from None


def _parsed(path: Path, lines: Sequence[str], number: int) -> dict[str, Any]:
    try:
        parsed = json.loads(lines[number])
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        if number == 0:
            _check_first(path, {})
        raise _damaged(path, f"line {number + 1} is not a JSON object")
    return parsed


def _damaged(path: Path, why: str) -> StoreError:
    return StoreError(
        f"{path} is damaged: {why}. Nothing was saved. Get the file again from whoever exported it, or export again."
    )


def _line(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True) + "\n"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
