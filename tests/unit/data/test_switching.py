"""A switch of many files is whole, whatever cuts it off: killed at every step, a file that cannot move, two at once."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from data import switching
from data.errors import TableError, UpdateError

NAMES = ("data/published/a.parquet", "data/published/b.parquet", "data/SOURCES.csv", "data/new/layout.toml")
OLD = {
    "data/published/a.parquet": "a old",
    "data/published/b.parquet": "b old",
    "data/SOURCES.csv": "from old",
}
NEW = {name: f"{name} new" for name in NAMES}

KILLED = """
import os, signal, sys
from pathlib import Path
from data import drafts, switching
from tests.unit.data.test_switching import NAMES, staged

root, stage = Path(sys.argv[1]), sys.argv[2]

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def before_the_journal(*_):
    die()

with switching.locked(root):
    folder = staged(root)
    if stage == "staged":
        die()
    if stage == "journal":
        switching._write_journal = before_the_journal
    if stage == "followed":
        switching._follow = die
    if stage == "ended":
        switching._end = die
    if stage == "removed":
        switching.shutil.rmtree = die
    switching.switch(root, folder, NAMES, lambda n, of: die() if stage == str(n) else None)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in OLD.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def staged(root: Path) -> Path:
    folder = switching.begin(root)
    for name, text in NEW.items():
        path = folder / switching.NEW / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def there(root: Path) -> dict[str, str]:
    files = (p for p in sorted(root.rglob("*")) if p.is_file() and p.name != switching.LOCK)
    return {p.relative_to(root).as_posix(): p.read_text(encoding="utf-8") for p in files}


def test_files_take_their_places_and_nothing_is_left(root: Path) -> None:
    told: list[tuple[int, int]] = []
    with switching.locked(root):
        switching.switch(root, staged(root), NAMES, lambda number, of: told.append((number, of)))
    assert there(root) == NEW
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert not list((root / "data").glob(f"{switching.STAGING}*"))


@pytest.mark.parametrize(
    ("stage", "after"),
    [
        ("staged", OLD),
        ("journal", OLD),
        *((stage, NEW) for stage in ("followed", "1", "2", "3", "4", "ended", "removed")),
    ],
)
def test_a_process_killed_at_any_step_leaves_one_release_whole(
    root: Path, stage: str, after: dict[str, str]
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(root), stage],
        check=False,
        capture_output=True,
        text=True,
        cwd=Path.cwd(),
    )
    assert done.returncode == -9, done.stderr
    switching.settle(root)
    mine = {name: text for name, text in there(root).items() if switching.STAGING not in name}
    assert mine == after
    assert not (root / "data" / switching.JOURNAL).exists()
    with switching.locked(root):
        folder = switching.begin(root)
    assert [path.name for path in (root / "data").glob(f"{switching.STAGING}*")] == [folder.name], (
        "old ones are removed"
    )


def test_a_switch_that_is_cut_off_is_finished_once_by_whoever_reads_first(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, switching.locked(root):
        folder = staged(root)
        patch.setattr(switching, "_follow", lambda *_: None)
        switching.switch(root, folder, NAMES)
    os.replace(folder / switching.NEW / NAMES[0], root / NAMES[0])
    switching.settle(root)
    assert there(root) == NEW
    switching.settle(root)
    assert there(root) == NEW


@pytest.mark.parametrize("at", range(4))
def test_where_a_file_cannot_take_its_place_all_are_put_back(
    root: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    replace = os.replace

    def refuse(source: Path, target: Path) -> None:
        if switching.NEW in Path(source).parts and Path(target) == root / NAMES[at]:
            raise OSError(errno.EACCES, "used by another process")
        replace(source, target)

    monkeypatch.setattr(switching.os, "replace", refuse)
    with switching.locked(root), pytest.raises(OSError, match="another process"):
        switching.switch(root, staged(root), NAMES)
    assert there(root) == OLD


def test_no_room_for_the_copies_changes_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(switching.shutil, "copy2", full)
    with switching.locked(root), pytest.raises(OSError, match="No space"):
        switching.switch(root, staged(root), NAMES)
    assert {name: text for name, text in there(root).items() if name in OLD} == OLD
    assert not (root / "data" / switching.JOURNAL).exists()


def test_a_second_update_is_refused_while_the_first_runs(root: Path) -> None:
    with switching.locked(root):
        other = "import sys; from pathlib import Path; from data import switching\nwith switching.locked(Path(sys.argv[1])): pass"
        done = subprocess.run(
            [sys.executable, "-c", other, str(root)], check=False, capture_output=True, text=True
        )
        assert "Another update" in done.stderr
        assert done.returncode == 1
    with switching.locked(root):
        pass


def test_a_folder_that_cannot_be_written_to_is_refused_in_words(tmp_path: Path) -> None:
    with (
        pytest.raises(UpdateError, match=r"cannot be written to.*Nothing was changed"),
        switching.locked(tmp_path / "no"),
    ):
        pass


def test_a_damaged_journal_is_refused_in_words(root: Path) -> None:
    (root / "data" / switching.JOURNAL).write_text("{", encoding="utf-8")
    with pytest.raises(TableError, match=r"is damaged.*Restore the folder"):
        switching.settle(root)


def test_a_new_file_that_is_gone_is_not_passed_over(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch, switching.locked(root):
        folder = staged(root)
        patch.setattr(switching, "_follow", lambda *_: None)
        switching.switch(root, folder, NAMES)
    (folder / switching.NEW / NAMES[1]).unlink()
    with pytest.raises(TableError, match=r"b\.parquet should have been replaced.*the new file is gone"):
        switching.settle(root)


def test_ctrl_c_in_the_middle_ends_with_the_new_release(root: Path) -> None:
    def press(number: int, of: int) -> None:
        raise KeyboardInterrupt

    with switching.locked(root), pytest.raises(KeyboardInterrupt):
        switching.switch(root, staged(root), NAMES, press)
    assert there(root) == NEW


def test_without_a_switch_settling_looks_and_does_nothing(root: Path) -> None:
    before = hashlib.sha256(repr(there(root)).encode()).hexdigest()
    switching.settle(root)
    assert hashlib.sha256(repr(there(root)).encode()).hexdigest() == before
    assert not (root / "data" / switching.LOCK).exists()
