"""Drafts take their place whole, and those of killed writers do not stay."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from data.drafts import PREFIX, STALE, write_in_place


def test_a_file_that_must_stay_stays(tmp_path: Path) -> None:
    write_in_place(tmp_path / "a.csv", lambda path: path.write_text("old"), new=True)
    with pytest.raises(FileExistsError):
        write_in_place(tmp_path / "a.csv", lambda path: path.write_text("new"), new=True)
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"a.csv": "old"}


def test_a_draft_has_the_ending_of_its_file_and_is_on_disk_before_it_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    sync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (done.append("on disk"), sync(handle)))
    monkeypatch.setattr(os, "replace", lambda old, new: (done.append(Path(old).suffix), replace(old, new)))
    write_in_place(tmp_path / "a.XLSX", lambda path: path.write_text("new"))
    assert done[:2] == ["on disk", ".xlsx"]


def test_drafts_of_killed_writers_are_removed_after_a_day_and_nothing_else_is(tmp_path: Path) -> None:
    old, young, notes = (
        tmp_path / name for name in (f"{PREFIX}0123abcd.csv", f"{PREFIX}4567abcd.csv", ".draft-notes")
    )
    for path, age in ((old, STALE + 60), (young, STALE - 60), (notes, STALE + 60)):
        path.write_text("half")
        os.utime(path, (time.time() - age,) * 2)
    write_in_place(tmp_path / "a.csv", lambda path: path.write_text("whole"))
    assert {p.name for p in tmp_path.iterdir()} == {young.name, notes.name, "a.csv"}
