"""Published tables are read only as they were built: altered, cut short, missing and half-upgraded ones are refused in words."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from data import tables
from data.errors import TableError

NAME = "dsg_allocations"


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the published tables, read instead of the shipped ones."""
    folder = tmp_path / "published"
    shutil.copytree(tables.PUBLISHED, folder)
    monkeypatch.setattr(tables, "PUBLISHED", folder)
    return folder


def altered(path: Path) -> None:
    frame = pd.read_parquet(path)
    frame.iloc[::-1].to_parquet(path, index=False)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:1000])


def of_another_version(path: Path) -> None:
    shutil.copy(path.with_name("areas.parquet"), path)


def test_every_shipped_table_is_as_it_was_built() -> None:
    recorded = tables.published_hashes()
    assert set(recorded) == {p.name for p in tables.PUBLISHED.glob("*.parquet")}
    for file, digest in recorded.items():
        assert hashlib.sha256((tables.PUBLISHED / file).read_bytes()).hexdigest() == digest, file


def test_tables_of_another_release_are_not_read_beside_those_of_the_first(copied: Path) -> None:
    assert tables.content_of(NAME).getvalue()
    frame = pd.read_parquet(copied / "areas.parquet")
    frame.iloc[::-1].to_parquet(copied / "areas.parquet", index=False)
    tables.write_hashes(copied, copied / tables.HASHES)
    with pytest.raises(TableError, match=r"brought up to date while this was running.*run the command again"):
        tables.content_of(NAME)
    with pytest.raises(TableError, match=r"start the planner again"):
        tables.check_release()


@pytest.mark.parametrize("spoil", [altered, cut, of_another_version])
def test_a_table_that_is_not_the_one_built_is_refused(copied: Path, spoil: Callable[[Path], None]) -> None:
    assert tables.content_of(NAME).getvalue()
    spoil(copied / f"{NAME}.parquet")
    with pytest.raises(TableError, match=rf"'{NAME}' in .* is not the one that was built.*Restore"):
        tables.content_of(NAME)
    assert tables.content_of("areas").getvalue()


@pytest.mark.parametrize("text", [None, "", "abc  areas.parquet\n", "\xe9"])
def test_without_its_hashes_no_table_is_used(copied: Path, text: str | None) -> None:
    listing = copied / tables.HASHES
    listing.unlink() if text is None else listing.write_text(text, encoding="latin-1")
    with pytest.raises(TableError, match="missing or damaged"):
        tables.content_of(NAME)


def test_a_table_that_nobody_may_read_is_said_to_be(copied: Path) -> None:
    path = copied / f"{NAME}.parquet"
    path.unlink()
    path.mkdir()
    with pytest.raises(TableError, match=r"cannot be read from .*permission"):
        tables.content_of(NAME)


def test_hashes_are_read_as_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "one.parquet").write_bytes(b"one")
    (tmp_path / "two.parquet").write_bytes(b"two")
    tables.write_hashes(tmp_path, tmp_path / tables.HASHES)
    assert tables.published_hashes(tmp_path) == {
        "one.parquet": hashlib.sha256(b"one").hexdigest(),
        "two.parquet": hashlib.sha256(b"two").hexdigest(),
    }
