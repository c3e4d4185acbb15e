"""Whether an installation is whole: its libraries, its tables, the stored fit, and where it keeps things.

Invariant: every check ends in a finding, whatever state the installation is in. Looking changes nothing, except that opening
a scenario store brings its tables up to date, as any use of it does.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from zipfile import is_zipfile

from data import tables
from data.council_files.kept_files import CANDIDATES, COUNTS, REGISTERS, UNIT_COSTS
from data.errors import PlannerError, StoreError
from forecast.core import disk_cache
from forecast.demand import stored_fit
from forecast.validation import audit

PACKAGE = "send-place-planner"

OLDEST_PYTHON = (3, 11)

MOST_NAMED = 5
"""Most files named in one finding; the rest are counted."""


@dataclass(frozen=True)
class Finding:
    """The outcome of one check.

    Parameters
    ----------
    what
        What was looked at.
    passed
        Whether it is as it should be.
    message
        What was found: if it did not pass, what is wrong, why it matters and how to mend it.
    """

    what: str
    passed: bool
    message: str


def examine() -> tuple[Finding, ...]:
    """Return the findings of every check, in the order in which to mend them."""
    checks: tuple[tuple[str, Callable[[], Iterator[Finding]]], ...] = (
        ("Python", _python),
        ("Libraries", _libraries),
        ("Published tables", _published),
        ("Hand-kept files", _reference),
        ("Stored fit", _fit),
        ("Audit", _audit),
        ("Council's files", _kept),
        ("Scenario store", _store),
        ("Cache", _cache),
    )
    return tuple(finding for what, check in checks for finding in _safely(what, check))


def _safely(what: str, check: Callable[[], Iterator[Finding]]) -> tuple[Finding, ...]:
    """Return the findings of a check, or the error that ended it as one."""
    try:
        return tuple(check())
    except PlannerError as error:
        return (Finding(what, False, str(error)),)
    # An installation can be broken in ways nobody thought of; that is what this is for.
    except Exception as error:
        return (Finding(what, False, f"It cannot be looked at ({type(error).__name__}: {error})."),)


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    needed = ".".join(map(str, OLDEST_PYTHON))
    if sys.version_info < OLDEST_PYTHON:
        yield Finding(
            "Python",
            False,
            f"This is {version}, and the planner needs {needed} or later. Install it, then install again.",
        )
    else:
        yield Finding("Python", True, version)


def _libraries() -> Iterator[Finding]:
    from packaging.requirements import Requirement

    try:
        every = [Requirement(line) for line in metadata.requires(PACKAGE) or []]
    except metadata.PackageNotFoundError:
        yield Finding(
            "Libraries",
            False,
            f"{PACKAGE} is not installed in this Python, so it is not known which it needs. Run 'make forecast'.",
        )
        return
    wanted = [one for one in every if one.marker is None or one.marker.evaluate({"extra": ""})]
    wrong = []
    for one in wanted:
        try:
            there = metadata.version(one.name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{one.name} is missing")
            continue
        if not one.specifier.contains(there, prereleases=True):
            wrong.append(f"{one.name} is {there} and {one.specifier} is needed")
    if wrong:
        yield Finding(
            "Libraries",
            False,
            f"{_some(wrong)}. Figures may differ from those of a whole installation. Remove the folder .venv and run 'make "
            "forecast', which installs them again.",
        )
    else:
        yield Finding("Libraries", True, f"{len(wanted)} as {PACKAGE} {metadata.version(PACKAGE)} needs them")


def _published() -> Iterator[Finding]:
    recorded = tables.published_hashes()
    wrong = []
    for file in recorded:
        try:
            tables.content_of(Path(file).stem)
        except PlannerError as error:
            wrong.append((file, str(error)))
    for _, message in wrong[:MOST_NAMED]:
        yield Finding("Published tables", False, message)
    if len(wrong) > MOST_NAMED:
        yield Finding(
            "Published tables", False, f"{len(wrong) - MOST_NAMED} more tables are not those that were built."
        )
    if not wrong:
        yield Finding("Published tables", True, f"{len(recorded)} as they were built")


def _reference() -> Iterator[Finding]:
    from data.schemas.reference import REFERENCE_TABLES

    for name in REFERENCE_TABLES:
        try:
            tables.read_checked_reference(name)
        except PlannerError as error:
            yield Finding("Hand-kept files", False, str(error))
            return
    yield Finding("Hand-kept files", True, f"{len(REFERENCE_TABLES)} meet their schemas")


def _fit() -> Iterator[Finding]:
    about = stored_fit.manifest()
    yield Finding(
        "Stored fit",
        True,
        f"{len(about['models'])} models, fitted to January {about['origin']} and the tables at hand",
    )


def _audit() -> Iterator[Finding]:
    files = audit.altered()
    if files:
        yield Finding(
            "Audit",
            False,
            f"{len(files)} kept forecasts or entries are not as they were written ({', '.join(files[:MOST_NAMED])}), and an "
            "audit that was edited proves nothing. Restore them from the repository.",
        )
        return
    yield Finding(
        "Audit",
        True,
        f"{len(audit.forecasts())} kept forecasts and {len(audit.entries())} entries are as they were written",
    )


def _is_whole(path: Path) -> bool:
    """Return whether a kept file can be read: a workbook as an archive, any other as text that is not blank."""
    return is_zipfile(path) if path.suffix == ".xlsx" else bool(path.read_text(encoding="utf-8-sig").strip())


def _kept() -> Iterator[Finding]:
    versions, broken, drafts = 0, [], []
    for store in (REGISTERS, UNIT_COSTS, CANDIDATES, COUNTS):
        for path in sorted(store.root.glob("*/*")) if store.root.is_dir() else ():
            if path.name.startswith("."):
                drafts.append(str(path))
            elif path.suffix == store.suffix:
                versions += 1
                try:
                    whole = _is_whole(path)
                except (OSError, UnicodeDecodeError):
                    whole = False
                broken += [] if whole else [str(path)]
    if broken:
        yield Finding(
            "Council's files",
            False,
            f"{_some(broken)}: empty or not readable, so what it held cannot be shown. Put back a copy.",
        )
    if drafts:
        yield Finding(
            "Council's files",
            False,
            f"{_some(drafts)}: left by a save that was cut off. Nothing reads it, and it may be deleted.",
        )
    if not broken and not drafts:
        yield Finding("Council's files", True, f"{versions} kept versions can be read")


def _store() -> Iterator[Finding]:
    from scenarios.store.address import address_of
    from scenarios.store.store import Store

    address = address_of(None)
    if address.is_file and not Path(str(address.url.database)).exists():
        yield Finding("Scenario store", True, "none yet")
        return
    broken = Store.open().verify_log()
    if broken is not None:
        raise StoreError(
            f"The scenario store {address.shown} was changed from outside: {broken.why} Put back a copy of the store, or import "
            "your last export into a new one."
        )
    yield Finding("Scenario store", True, f"{address.shown} agrees with its log")


def _cache() -> Iterator[Finding]:
    folder = disk_cache.folder()
    if folder is None or not folder.is_dir():
        yield Finding("Cache", True, "none yet, or switched off")
        return
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        yield Finding(
            "Cache",
            False,
            f"{folder} cannot be written to ({error.strerror or error}), so every command prepares its inputs again. Ask for "
            f"permission, or set {disk_cache.VARIABLE} to another folder.",
        )
        return
    yield Finding("Cache", True, str(folder))


def _some(items: list[str]) -> str:
    more = f" and {len(items) - MOST_NAMED} more" if len(items) > MOST_NAMED else ""
    return ", ".join(items[:MOST_NAMED]) + more
