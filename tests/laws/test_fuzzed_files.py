"""No file that somebody gives us ends in a traceback, hangs or fills the memory: it is read, or refused in words.

A sample of what ``python -m tests.fuzzed_files`` tries.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from data.errors import PlannerError
from forecast.jobs.file_reader import FileReader
from tests.fuzzed_files import READERS, attacks, damaged, tried, valid

EACH = 30
"""Damaged files of each kind."""


@pytest.fixture(scope="module")
def reader() -> Iterator[FileReader]:
    """Return a reader of files with the limits of uploads."""
    made = FileReader()
    yield made
    made.close()


@pytest.mark.parametrize("kind", READERS)
def test_a_valid_file_can_be_read(kind: str, reader: FileReader) -> None:
    for content in valid(kind):
        assert tried(reader, kind, "valid", content).end == "read"


@pytest.mark.parametrize("kind", READERS)
def test_a_damaged_file_is_read_or_refused_in_words(kind: str, tmp_path: Path) -> None:
    ending, read, arguments = READERS[kind]
    path = tmp_path / f"file{ending}"
    refused: list[str] = []
    for number in range(EACH):
        path.write_bytes(damaged(kind, number))
        try:
            read(path, *arguments)
        except PlannerError as error:
            refused.append(str(error))
    assert len(refused) > EACH / 3
    assert max(map(len, refused)) < 6_000


def test_known_attacks_are_refused_within_the_limits(reader: FileReader) -> None:
    for kind, what, content in attacks(large=False):
        found = tried(reader, kind, what, content)
        assert found.end in ("read", "refused"), f"{kind}, {what}: {found.end}. {found.says}"
        assert found.seconds < 20
