"""A worker ends with the command that started it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]

PROGRAM = """
import os, threading, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from forecast.core.parallel import set_up_process

def work(path):
    for _ in range(20):
        set_up_process()
    assert sum(t.name == "end with parent" for t in threading.enumerate()) == 1
    open(path, "w").write(str(os.getpid()))
    time.sleep(600)

if __name__ == "__main__":
    import sys
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as workers:
        workers.submit(work, sys.argv[1]).result()
"""


def lives(process: Path) -> bool:
    """Return whether a process goes on: it is there, and more than an entry that nobody has asked after."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="whether a process lives is looked up in /proc")
def test_a_command_that_is_killed_leaves_no_worker_behind(tmp_path: Path) -> None:
    program, told = tmp_path / "program.py", tmp_path / "pid"
    program.write_text(PROGRAM)
    command = subprocess.Popen(
        [sys.executable, str(program), str(told)], env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    try:
        deadline = time.monotonic() + 60
        while not told.exists() or not told.read_text():
            assert command.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        worker = Path("/proc") / told.read_text()
        assert lives(worker)
    finally:
        command.kill()
        command.wait()
    while lives(worker):
        assert time.monotonic() < deadline
        time.sleep(0.05)
