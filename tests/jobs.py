"""Jobs for the tests of the worker: at the top of a module, because they run in a process of their own."""

from __future__ import annotations

import os
import time
from pathlib import Path

from data.errors import RegisterError
from forecast.jobs.worker import Report


def counts(report: Report, total: int) -> int:
    """Count to a number and return it."""
    for done in range(1, total + 1):
        report(done, total, f"step {done}")
    return total


def waits(report: Report, mark: str, until: str) -> str:
    """Leave a mark, then wait until a file is there."""
    Path(mark).write_text(str(os.getpid()), encoding="utf-8")
    report(1, 2, "waiting")
    while not Path(until).exists():
        time.sleep(0.02)
    return "seen"


def refuses(report: Report) -> None:
    """Fail as bad input does."""
    raise RegisterError("Row 3 has no places. Fill it in.")


def breaks(report: Report) -> None:
    """Fail as a mistake in the code does."""
    raise ZeroDivisionError("a secret detail")


def needs_a_library(report: Report) -> None:
    """Fail as a job does where a library is not installed."""
    raise ModuleNotFoundError("No module named 'pymc'", name="pymc")


def dies(report: Report) -> None:
    """End without a word, as when the computer is short of memory."""
    os._exit(9)


def length_of(path: Path) -> tuple[int, str, int]:
    """Return the length and name of a file, and the process that read it."""
    return len(path.read_bytes()), path.name, os.getpid()


def never_reads(path: Path, mark: str) -> None:
    """Leave a mark, and do not end."""
    Path(mark).write_text(str(os.getpid()), encoding="utf-8")
    while True:
        pass


def fills_memory(path: Path) -> int:
    """Take ever more memory."""
    taken: list[bytes] = []
    while True:
        taken.append(bytes(10_000_000))


def falls(path: Path) -> None:
    """End this process without a word."""
    os._exit(9)


def refuses_file(path: Path) -> None:
    """Refuse a file in words."""
    raise RegisterError(f"'{path.name}' holds nothing.")


def errs(path: Path) -> None:
    """Fail as a mistake of ours does."""
    raise KeyError("a mistake")
