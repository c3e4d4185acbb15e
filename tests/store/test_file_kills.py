"""Writers of files killed in the middle, 20 times each: at the path stands an old or a new file, whole, and the next write works.

Saves of scenarios are killed in `tests.store.test_processes`, files of a run in `tests/unit/forecast/core/test_atomic_files.py`.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest

from data.council_files.kept_files import REGISTERS
from data.drafts import PREFIX
from scenarios.store import Store, bundle
from tests.stores import draft
from tests.writers import JO, REDBRIDGE, export_for_ever, keep_for_ever, whole, write_for_ever

KILLS = 20

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.writers", "data.areas", "pandas", "pyarrow.parquet"])


def check_written(folder: Path) -> None:
    assert whole(folder / "whole.csv")


def check_kept(folder: Path) -> None:
    versions = REGISTERS.versions(REDBRIDGE)
    assert [one.version for one in versions] == list(range(1, len(versions) + 1))
    assert whole(versions[-1].path)
    assert {one.who for one in versions} <= {JO.signature, ""}


def check_exported(folder: Path) -> None:
    lines = (folder / "export.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    assert len(lines) == 22
    assert bundle._hash("".join(lines[:-1])) in lines[-1]


@pytest.mark.parametrize(
    ("write", "check"),
    [(write_for_ever, check_written), (keep_for_ever, check_kept), (export_for_ever, check_exported)],
    ids=["write_whole", "keep", "export"],
)
def test_twenty_kills_leave_whole_files_and_the_next_write_works(
    write: Callable[[str, Connection], None],
    check: Callable[[Path], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(REGISTERS.variable, str(tmp_path))
    rng = np.random.default_rng(20261130)
    for _ in range(KILLS):
        hears, says = PROCESSES.Pipe(duplex=False)
        writer = PROCESSES.Process(target=write, args=(str(tmp_path), says), daemon=True)
        writer.start()
        says.close()
        assert hears.poll(120), "nothing was written in two minutes"
        time.sleep(float(rng.uniform(0, 0.02)))
        writer.kill()
        writer.join(60)
        assert writer.exitcode == -9
        check(tmp_path)
    # What was cut off are drafts, which nothing reads.
    left = {path.name for path in tmp_path.rglob("*.*") if not path.name.startswith(PREFIX)}
    assert all(name.endswith((".csv", ".jsonl", ".by.txt")) for name in left)


def test_an_export_that_was_not_cut_off_can_be_read(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "store.sqlite")
    store.save(draft(), expected_version=0, who=JO)
    store.export_all(tmp_path / "export.jsonl")
    assert len(bundle.read(tmp_path / "export.jsonl").versions) == 1
