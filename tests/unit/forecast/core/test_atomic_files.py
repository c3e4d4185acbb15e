"""Results appear whole or not at all."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from data.drafts import PREFIX, STALE
from data.errors import OutputError
from forecast.core.atomic_files import check_folder, write_all

ROOT = Path(__file__).resolve().parents[4]


def test_files_are_written_together(tmp_path: Path) -> None:
    made = write_all(
        tmp_path / "new", {"a.txt": lambda p: p.write_text("a"), "b.txt": lambda p: p.write_text("b")}
    )
    assert [p.read_text() for p in made] == ["a", "b"]
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == ["a.txt", "b.txt"]


def test_a_failure_leaves_the_old_files_and_no_litter(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old")

    def fails(path: Path) -> None:
        path.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="No space left on device"):
        write_all(tmp_path, {"a.txt": lambda p: p.write_text("new"), "b.txt": fails})
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(OutputError, match=r"cannot be written to .*taken.*Choose another folder"):
        check_folder(tmp_path / "taken")


def test_a_folder_in_the_place_of_a_file_leaves_every_file_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old")
    (tmp_path / "b.txt").mkdir()
    with pytest.raises(OutputError, match=r"there is a folder named b\.txt.*Everything there is as it was"):
        write_all(tmp_path, {name: lambda p: p.write_text("new") for name in ("a.txt", "b.txt", "c.txt")})
    assert (tmp_path / "a.txt").read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.txt", "b.txt"]


@pytest.mark.parametrize("refused", ["a.txt", "b.txt", "c.txt"])
def test_files_that_took_their_places_are_put_back_if_a_later_one_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(f"old {name}")
    replace = os.replace

    def once_refused(source: Path, target: Path) -> None:
        if Path(target) == tmp_path / refused and Path(source).read_text() == "new":
            raise PermissionError(13, "Permission denied")
        replace(source, target)

    monkeypatch.setattr(os, "replace", once_refused)
    with pytest.raises(OutputError, match="Permission denied"):
        write_all(tmp_path, {name: lambda p: p.write_text("new") for name in ("a.txt", "b.txt", "c.txt")})
    left = {p.name: p.read_text() for p in tmp_path.iterdir()}
    assert left == {"a.txt": "old a.txt", "b.txt": "old b.txt"}


@pytest.mark.parametrize("moves", range(9))
def test_a_kill_between_two_moves_leaves_no_record_of_a_mixture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moves: int
) -> None:
    names = ("a.txt", "b.txt", "run.json")
    write_all(tmp_path, {name: lambda p: p.write_text("old") for name in names})
    replace, left = os.replace, iter(range(moves))

    def until_killed(source: Path, target: Path) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(os, "replace", until_killed)
    with suppress(KeyboardInterrupt):
        write_all(tmp_path, {name: lambda p: p.write_text("new") for name in names})
    texts = {p.name: p.read_text() for p in tmp_path.iterdir() if p.is_file()}
    if "run.json" in texts:
        assert texts == dict.fromkeys(names, texts["run.json"])


def test_a_draft_of_a_killed_process_is_removed_once_it_is_stale(tmp_path: Path) -> None:
    for name, age in (("killed01", STALE + 60), ("at_work1", 60)):
        folder = tmp_path / f"{PREFIX}{name}"
        folder.mkdir()
        (folder / "plans.parquet").write_text("half")
        os.utime(folder, (time.time() - age,) * 2)
    write_all(tmp_path, {"a.txt": lambda p: p.write_text("a")})
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"{PREFIX}at_work1", "a.txt"]


PROGRAM = """
import sys
from pathlib import Path
from forecast.core.atomic_files import write_all
for run in range(1_000_000):
    text = str(run) * 2_000
    write_all(Path(sys.argv[1]), {name: lambda p: p.write_text(text) for name in "abcdefgh"})
"""


def test_twenty_kills_leave_no_file_half_written_and_the_next_write_is_whole(tmp_path: Path) -> None:
    rng = random.Random(5)
    for _ in range(20):
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path)], cwd=ROOT)
        while not (tmp_path / "h").exists():
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.05))
        process.kill()
        process.wait()
        for name in "abcdefgh":
            if (tmp_path / name).exists():
                text = (tmp_path / name).read_text()
                assert text == text[: len(text) // 2_000] * 2_000
                (tmp_path / name).unlink()
    write_all(tmp_path, {name: lambda p: p.write_text("whole") for name in "abcdefgh"})
    assert {(tmp_path / name).read_text() for name in "abcdefgh"} == {"whole"}
