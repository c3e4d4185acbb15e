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


def dies(report: Report) -> None:
    """End without a word, as when the computer is short of memory."""
    os._exit(9)
