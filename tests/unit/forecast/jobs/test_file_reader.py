"""Files are read within limits: whatever happens in the child, the one who asks gets an answer and the next file is read."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from data.errors import BusyError, RegisterError, UploadError
from forecast.jobs import memory_limit
from forecast.jobs.file_reader import AT_ONCE, MEMORY, SECONDS, FileReader
from tests import jobs


@pytest.fixture(scope="module")
def reader() -> Iterator[FileReader]:
    """Return a reader whose children are the same for every test of this module."""
    made = FileReader()
    yield made
    made.close()


def until(path: Path) -> None:
    end = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < end, f"{path.name} never came"
        time.sleep(0.01)


def test_the_limits_are_those_that_are_promised() -> None:
    assert (SECONDS, MEMORY, AT_ONCE) == (30, 10**9, 2)


def test_a_file_is_read_in_another_process_that_stays_for_the_next(reader: FileReader) -> None:
    size, name, process = reader.read("jo", b"abc", "x.csv", jobs.length_of)
    assert (size, name) == (3, "x.csv")
    assert process != os.getpid()
    assert reader.read("jo", b"abcd", "y.csv", jobs.length_of) == (4, "y.csv", process)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/x.csv", "x.csv"),
        ("a\x00b:c.xlsx", "a_b_c.xlsx"),
        ("", "file"),
        ("..", "file"),
        (f"{'long' * 100}.csv", f"{('long' * 100)[:76]}.csv"),
    ],
)
def test_any_name_is_one_that_can_be_written(reader: FileReader, name: str, safe: str) -> None:
    assert reader.read("jo", b"", name, jobs.length_of)[1] == safe


def test_what_the_function_refuses_is_refused_in_its_words(reader: FileReader) -> None:
    with pytest.raises(RegisterError, match=r"^'x\.csv' holds nothing\.$"):
        reader.read("jo", b"", "x.csv", jobs.refuses_file)


def test_a_mistake_of_ours_is_an_error_with_the_place_of_it(reader: FileReader) -> None:
    with pytest.raises(RuntimeError, match=r"(?s)could not be read.*in errs.*a mistake"):
        reader.read("jo", b"", "x.csv", jobs.errs)


def test_a_file_that_takes_too_long_is_refused_and_its_process_is_gone(tmp_path: Path) -> None:
    reader = FileReader(seconds=1.5)
    mark = tmp_path / "mark"
    began = time.monotonic()
    with pytest.raises(
        UploadError,
        match=r"^'x\.xlsx' took more than 1\.5 seconds to read, so nothing was read from it\. Copy the rows into the template",
    ):
        reader.read("jo", b"", "x.xlsx", jobs.never_reads, str(mark))
    assert time.monotonic() - began < 10
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text(encoding="utf-8")), 0)


def test_a_file_that_needs_too_much_memory_is_refused_and_the_next_one_is_read() -> None:
    reader = FileReader(memory=300_000_000)
    with pytest.raises(
        UploadError, match=r"^'x\.csv' needs more than 0\.3 GB of memory to read, so nothing was"
    ):
        reader.read("jo", b"", "x.csv", jobs.fills_memory)
    assert reader.read("jo", b"abc", "x.csv", jobs.length_of)[0] == 3
    reader.close()


def test_a_process_that_falls_is_said_to_have_stopped(reader: FileReader) -> None:
    with pytest.raises(
        UploadError, match=r"^'x\.csv' stopped the program that reads it \(exit code 9\), so nothing"
    ):
        reader.read("jo", b"", "x.csv", jobs.falls)


def test_one_person_has_one_file_read_at_a_time_and_all_together_two(tmp_path: Path) -> None:
    reader = FileReader(seconds=3)
    told: list[str] = []

    def read(whose: str) -> None:
        try:
            reader.read(whose, b"", "x.csv", jobs.never_reads, str(tmp_path / whose))
        except UploadError as error:
            told.append(str(error))

    threads = [threading.Thread(target=read, args=(whose,)) for whose in ("jo", "sam")]
    for thread in threads:
        thread.start()
    for whose in ("jo", "sam"):
        until(tmp_path / whose)
    with pytest.raises(BusyError, match="another file of yours is being read"):
        reader.read("jo", b"", "y.csv", jobs.length_of)
    began = time.monotonic()
    # The third person waits for a turn, and has it once one of the others is stopped.
    size, _, _ = reader.read("al", b"abc", "y.csv", jobs.length_of)
    assert (size, time.monotonic() - began > 0.1) == (3, True)
    for thread in threads:
        thread.join(60)
    assert len(told) == 2
    reader.close()


def test_who_waits_too_long_for_a_turn_is_told(tmp_path: Path) -> None:
    reader = FileReader(seconds=2, at_once=1)
    reader._turn.acquire()
    with pytest.raises(
        BusyError, match=r"files of other people are being read\. Put it in again in a minute"
    ):
        reader.read("jo", b"", "x.csv", jobs.length_of)


def test_where_the_system_sets_no_limit_a_process_that_passes_it_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended: list[int] = []
    used = iter([100, 100, 150, 151])
    monkeypatch.setattr(memory_limit, "memory_used", lambda: next(used))
    monkeypatch.setattr(memory_limit.os, "_exit", ended.append)
    memory_limit._watch(50)
    assert ended == [memory_limit.EXIT_CODE]


def test_the_memory_a_process_uses_is_known_where_the_system_says() -> None:
    assert 10**7 < memory_limit.memory_used() < 10**11
