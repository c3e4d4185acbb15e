"""Histories of scenarios as plain text for the command line, with times in UTC."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from scenarios.store.rows import Run, RunFacts, Version

SHORT = 12
"""Digits of a hash shown to people; the whole hash is in the store and in exports."""


def moment(when: datetime) -> str:
    """Return a time in words: '22 November 2026 at 09:30 UTC'."""
    utc = when.astimezone(UTC)
    return f"{utc.day} {utc:%B %Y} at {utc:%H:%M} UTC"


def listing(versions: Sequence[Version]) -> str:
    """Return a list of the latest version of each scenario, one a line, or a sentence if there is none."""
    if not versions:
        return "No scenario has been saved yet."
    wide = max(len(one.scenario_id) for one in versions)
    return "\n".join(
        f"{one.scenario_id:<{wide}}  version {one.version:>3}  {one.title} "
        f"(saved by {one.saved_by} on {moment(one.saved_at)})"
        for one in versions
    )


def history(versions: Sequence[Version], runs: Sequence[Run]) -> str:
    """Return the history of one scenario: each version, newest first, with its runs below it.

    Parameters
    ----------
    versions
        All versions of one scenario; at least one.
    runs
        Its runs, of any version.
    """
    ordered = sorted(versions, key=lambda one: one.version, reverse=True)
    newest = ordered[0]
    lines = [
        f"{newest.title} ({newest.scenario_id}): {_count(len(ordered), 'version')}, {_count(len(runs), 'run')}; "
        "the latest first",
    ]
    for one in ordered:
        comment = f": {one.comment}" if one.comment else ""
        lines += ["", f"Version {one.version}, saved by {one.saved_by} on {moment(one.saved_at)}{comment}"]
        lines.append(f"  hash {one.key[:SHORT]}, {one.made_with.words()}")
        if one.title != newest.title:
            lines.append(f"  then called '{one.title}'")
        own = [run for run in runs if run.facts.version == one.version]
        lines += [f"  {run_line(run)}" for run in sorted(own, key=lambda run: run.run_at, reverse=True)]
    unsaved = [run for run in runs if run.facts.version is None]
    if unsaved:
        lines += ["", "Runs of this name as a file or the library has it, not as a version here"]
        lines += [f"  {run_line(run)}" for run in sorted(unsaved, key=lambda run: run.run_at, reverse=True)]
    return "\n".join(lines)


def run_line(run: Run) -> str:
    """Return one run as a line of text; how many draws and which seed it had is in the store, with its id."""
    facts = run.facts
    return (
        f"Run by {run.run_by} on {moment(run.run_at)}: authority {facts.la_code}, {_count(facts.years, 'year')}, "
        f"data {facts.data_hash[:SHORT]}, {_release(facts)}"
        f"model {facts.model_hash[:SHORT]}, program {facts.app_version}, run {run.run_id}"
    )


def _release(facts: RunFacts) -> str:
    return "" if facts.release_january is None else f"January {facts.release_january}, "


def _count(number: int, of: str) -> str:
    return f"{number:,} {of}" if number == 1 else f"{number:,} {of}s"
