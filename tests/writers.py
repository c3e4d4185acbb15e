"""Writers of files that go on for ever, for tests that kill them; a module of its own, so that their processes start quickly."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path

from data.council_files.kept_files import REGISTERS
from data.council_files.spreadsheet import write_whole
from data.sign_in.people import this_computer
from scenarios.store import bundle
from tests.stores import FACTS

LONG = 20_000
"""Times that a file repeats its number, so that writing it takes a while."""

REDBRIDGE = 317
JO = this_computer("Jo")


def text_of(number: int) -> str:
    return f"{number};" * LONG


def whole(path: Path) -> bool:
    """Return whether a file holds one number throughout."""
    text = path.read_text(encoding="utf-8")
    return text == text_of(int(text.partition(";")[0]))


def write_for_ever(folder: str, says: Connection) -> None:
    for number in count():
        write_whole(Path(folder) / "whole.csv", text_of(number).encode(), "The file")
        says.send(number)


def keep_for_ever(folder: str, says: Connection) -> None:
    os.environ[REGISTERS.variable] = folder
    for number in count(REGISTERS.latest(REDBRIDGE)):
        REGISTERS.keep(JO, REDBRIDGE, number, lambda path, n=number: path.write_text(text_of(n)))
        says.send(number)


def export_for_ever(folder: str, says: Connection) -> None:
    for number in count():
        export(Path(folder) / "export.jsonl", number)
        says.send(number)


def export(path: Path, number: int) -> None:
    runs = [{"run_id": f"{number}-{n}", "facts": str(FACTS) * 20} for n in range(20)]
    bundle.write(path, [], runs, exported_at=datetime(2026, 11, 30, tzinfo=UTC), log_head=(number, "0" * 64))
