"""The cache on disk: what is returned never depends on it, and nothing stale or damaged is read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from forecast.core import disk_cache, sources
from forecast.core.disk_cache import VARIABLE, cached
from forecast.core.sources import Sources

NUMBERS = np.arange(1000.0) / 3


class Maker:
    """Makes a result, and counts how often."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> tuple[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
        self.times += 1
        return "made", NUMBERS


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project of one table and two modules, with an empty cache."""
    root = tmp_path / "project"
    for name, text in (
        ("data/table.csv", "a"),
        ("models/start.py", "from models import other\n"),
        ("models/other.py", "VALUE = 1\n"),
        ("models/late.py", ""),
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    monkeypatch.setattr(sources, "ROOT", root)
    monkeypatch.setattr(disk_cache, "ROOT", root)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    return root


SOURCES = Sources(("data/table.csv",), ("models.start",))


def ask(make: Maker) -> None:
    """Ask for the result, which must be right."""
    text, numbers = cached("numbers", SOURCES, make)
    assert text == "made"
    np.testing.assert_array_equal(numbers, NUMBERS)


def the_file() -> Path:
    where = disk_cache.folder()
    assert where is not None
    (path,) = where.iterdir()
    return path


def test_a_result_is_made_once(project: Path) -> None:
    make = Maker()
    for _ in range(3):
        ask(make)
    assert make.times == 1


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("data/table.csv", "b"),
        ("models/other.py", "VALUE = 2\n"),
        ("models/other.py", "from models import late\n"),
        ("models/start.py", ""),
    ],
)
def test_a_result_is_made_again_when_what_it_is_made_from_changes(
    project: Path, file: str, text: str
) -> None:
    make = Maker()
    ask(make)
    before = (project / file).read_text()
    (project / file).write_text(text)
    ask(make)
    assert make.times == 2
    ask(make)
    assert make.times == 2
    (project / file).write_text(before)
    ask(make)
    assert make.times == 3, "only the latest is kept"


def test_a_file_lost_counts_as_changed(project: Path) -> None:
    make = Maker()
    ask(make)
    (project / "data/table.csv").unlink()
    ask(make)
    assert make.times == 2


def test_what_is_altered_while_a_result_is_made_makes_it_stale(project: Path) -> None:
    def make() -> str:
        (project / "data/table.csv").write_text("altered meanwhile")
        return "made from the table before"

    cached("numbers", SOURCES, make)
    assert cached("numbers", SOURCES, lambda: "made again") == "made again"


def test_other_libraries_make_it_again(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make = Maker()
    ask(make)
    monkeypatch.setattr(disk_cache, "LIBRARIES", disk_cache.LIBRARIES | {"numpy": "99"})
    ask(make)
    assert make.times == 2


def flipped(where: Callable[[int], int]) -> Callable[[bytes], bytes]:
    """Return a way to damage a file: one bit of the byte at a place."""

    def damage(content: bytes) -> bytes:
        at = where(len(content))
        return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]

    return damage


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: b"{}",
        lambda content: content[:20],
        lambda content: content[: len(content) // 2],
        lambda content: content[:-1],
        lambda content: content + b"x",
        lambda content: content[:16] + b"[]" + b" " * 1000,
        lambda content: content.replace(b'"libraries"', b'"libraries_"'),
        flipped(lambda size: 0),
        flipped(lambda size: 9),
        flipped(lambda size: 30),
        flipped(lambda size: size // 2),
        flipped(lambda size: size - 1),
    ],
)
def test_a_damaged_result_is_made_again(project: Path, damage: Callable[[bytes], bytes]) -> None:
    make = Maker()
    ask(make)
    path = the_file()
    path.write_bytes(damage(path.read_bytes()))
    ask(make)
    assert make.times == 2
    ask(make)
    assert make.times == 2


def test_the_folder_may_be_deleted(project: Path) -> None:
    make = Maker()
    ask(make)
    the_file().unlink()
    ask(make)
    assert make.times == 2


def test_where_nothing_can_be_written_nothing_is_cached(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "taken").write_text("a file")
    make = Maker()
    for named in (str(tmp_path / "taken"), ""):
        monkeypatch.setenv(VARIABLE, named)
        ask(make)
        ask(make)
    assert make.times == 4
    assert (tmp_path / "taken").read_text() == "a file"


def test_the_folder_is_the_users_own_unless_another_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert disk_cache.folder() == tmp_path / "send-place-planner"
    monkeypatch.setenv(VARIABLE, str(tmp_path / "other"))
    assert disk_cache.folder() == tmp_path / "other"


def test_results_of_installations_long_gone_are_deleted(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "other-result").write_text("left alone")
    for number in range(disk_cache.MOST_INSTALLATIONS + 2):
        monkeypatch.setattr(disk_cache, "ROOT", tmp_path / str(number))
        ask(Maker())
        os.utime(disk_cache._path("numbers"), ns=(number, number))
    kept = sorted(path.name for path in cache.iterdir())
    assert len(kept) == disk_cache.MOST_INSTALLATIONS + 1
    assert "other-result" in kept
    again = Maker()
    ask(again)
    assert again.times == 0, "the latest is among those kept"


def test_two_installations_do_not_share_a_file(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = Maker()
    ask(make)
    path = the_file()
    monkeypatch.setattr(disk_cache, "ROOT", tmp_path / "elsewhere")
    assert disk_cache._path("numbers") != path
