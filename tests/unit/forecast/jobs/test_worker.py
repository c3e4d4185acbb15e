"""Long work: it ends, it tells, it stops when asked, and it never makes the one who asked wait."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from data.errors import OptionError
from forecast.jobs.worker import State, Worker
from tests import jobs

PATIENCE = 60.0


def until(path: Path) -> None:
    end = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < end, f"{path.name} never came"
        time.sleep(0.02)


def test_work_that_is_done_has_its_result_and_its_last_step() -> None:
    worker = Worker()
    ticket = worker.submit(jobs.counts, 3)
    found = worker.wait(ticket, PATIENCE)
    assert (found.state, found.done, found.total, found.says) == (State.DONE, 3, 3, "step 3")
    assert worker.result(ticket) == 3


def test_asking_returns_at_once_and_the_same_work_is_one_job(tmp_path: Path) -> None:
    worker = Worker()
    mark, go = tmp_path / "mark", tmp_path / "go"
    began = time.monotonic()
    first = worker.submit(jobs.waits, str(mark), str(go))
    assert time.monotonic() - began < 1.0
    assert worker.submit(jobs.waits, str(mark), str(go)) == first
    with pytest.raises(OptionError, match="has no result"):
        worker.result(first)
    go.touch()
    assert worker.wait(first, PATIENCE).state is State.DONE
    assert worker.submit(jobs.waits, str(mark), str(go)) != first


def test_work_stops_when_asked_and_its_process_is_gone(tmp_path: Path) -> None:
    worker = Worker()
    mark = tmp_path / "mark"
    ticket = worker.submit(jobs.waits, str(mark), str(tmp_path / "never"))
    until(mark)
    worker.cancel(ticket)
    assert worker.wait(ticket, PATIENCE).state is State.CANCELLED
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text(encoding="utf-8")), 0)


def test_work_waits_its_turn_and_can_be_stopped_while_it_waits(tmp_path: Path) -> None:
    worker = Worker(at_once=1)
    mark, go = tmp_path / "mark", tmp_path / "go"
    first = worker.submit(jobs.waits, str(mark), str(go))
    until(mark)
    second, third = worker.submit(jobs.counts, 2), worker.submit(jobs.counts, 4)
    assert worker.progress(second).state is State.WAITING
    worker.cancel(second)
    assert worker.wait(second, PATIENCE).state is State.CANCELLED
    go.touch()
    assert worker.wait(first, PATIENCE).state is State.DONE
    assert worker.wait(third, PATIENCE).state is State.DONE


def test_bad_input_fails_in_its_own_words() -> None:
    worker = Worker()
    found = worker.wait(worker.submit(jobs.refuses), PATIENCE)
    assert (found.state, found.says) == (State.FAILED, "Row 3 has no places. Fill it in.")


def test_a_mistake_fails_with_a_reference_and_no_detail() -> None:
    worker = Worker()
    found = worker.wait(worker.submit(jobs.breaks), PATIENCE)
    assert found.state is State.FAILED
    assert "Reference" in found.says
    assert "secret" not in found.says


def test_a_library_that_is_not_installed_is_named() -> None:
    worker = Worker()
    found = worker.wait(worker.submit(jobs.needs_a_library), PATIENCE)
    assert found.state is State.FAILED
    assert "needs the library pymc" in found.says


def test_a_process_that_dies_is_told_and_the_next_job_runs() -> None:
    worker = Worker()
    found = worker.wait(worker.submit(jobs.dies), PATIENCE)
    assert found.state is State.FAILED
    assert "exit code 9" in found.says
    assert worker.wait(worker.submit(jobs.counts, 1), PATIENCE).state is State.DONE


def test_a_ticket_that_is_not_known_is_said_plainly() -> None:
    with pytest.raises(OptionError, match="Start it again"):
        Worker().progress("none")


def test_work_that_ended_is_found_by_what_was_asked_and_other_work_is_not() -> None:
    worker = Worker()
    assert worker.find(jobs.counts, 3) is None
    ticket = worker.submit(jobs.counts, 3)
    worker.wait(ticket, PATIENCE)
    assert worker.find(jobs.counts, 3) == ticket
    assert worker.find(jobs.counts, 4) is None
    assert worker.find(jobs.refuses) is None
