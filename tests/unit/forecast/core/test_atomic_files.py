"""Results appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import OutputError
from forecast.core.atomic_files import check_folder, write_all


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
