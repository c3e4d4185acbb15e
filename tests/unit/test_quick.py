"""Tests of what changed: nearest first, in time, and nothing that imports a change is passed over without a word."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests import groups, quick

IMPORTS = {
    "forecast.a": {"data.x"},
    "forecast.b": {"forecast.a"},
    "tests.unit.test_near": {"data.x"},
    "tests.unit.test_far": {"forecast.b"},
    "tests.helper": {"forecast.a"},
    "tests.laws.test_helped": {"tests.helper", "tests.helper.made"},
    "tests.unit.test_other": {"data.y"},
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a folder with the test files of `IMPORTS`."""
    for module in IMPORTS:
        if module.startswith("tests."):
            path = tmp_path / f"{module.replace('.', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("", encoding="utf-8")
    return tmp_path


def test_importers_are_as_far_as_the_imports_between() -> None:
    assert quick.distances(["data.x"], IMPORTS) == {
        "data.x": 0, "forecast.a": 1, "tests.unit.test_near": 1, "forecast.b": 2, "tests.helper": 2,
        "tests.unit.test_far": 3, "tests.laws.test_helped": 3,
    }  # fmt: skip


def test_the_nearest_run_first_and_what_imports_no_change_is_not_chosen(tree: Path) -> None:
    near, helped, far = "tests/unit/test_near.py", "tests/laws/test_helped.py", "tests/unit/test_far.py"
    assert quick.chosen(["data/x.py"], IMPORTS, tree) == [near, helped, far]
    assert quick.chosen([far, "data/x.py"], IMPORTS, tree)[0] == far
    assert quick.chosen(["docs/page.md"], IMPORTS, tree) == []
    assert set(quick.chosen(["tests/unit/conftest.py"], IMPORTS, tree)) == {
        near,
        far,
        "tests/unit/test_other.py",
    }


def test_files_that_would_not_end_in_time_are_left_out_by_name() -> None:
    long = "tests/unit/models/test_cohort.py"
    files = ["tests/unit/a.py", long, "tests/unit/b.py"]
    assert quick.in_time(files, 5) == (["tests/unit/a.py", "tests/unit/b.py"], [long])
    assert quick.in_time(files, 1000) == (files, [])


def test_what_changed_is_what_differs_and_what_is_new(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=A", "-c", "user.email=a@b.c", *words],
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )

    git("init", "-b", "main")
    for name in ("kept.py", "edited.py", "taken.py"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    git("add", ".")
    git("commit", "-m", "first")
    git("checkout", "-b", "work")
    (tmp_path / "edited.py").write_text("other", encoding="utf-8")
    git("commit", "-am", "second")
    (tmp_path / "taken.py").unlink()
    (tmp_path / "new.py").write_text("new", encoding="utf-8")
    assert quick.changed_files(root=tmp_path) == ["edited.py", "new.py", "taken.py"]
    assert quick.changed_files("HEAD", tmp_path) == ["new.py", "taken.py"]


def test_a_commit_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="knows no commit 'mian'"):
        quick.changed_files("mian", tmp_path)


def test_a_file_with_no_time_left_is_skipped_whole_and_one_begun_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Item:
        def __init__(self, nodeid: str) -> None:
            self.nodeid = nodeid

    now = 0.0
    monkeypatch.setattr(quick.time, "monotonic", lambda: now)
    clock = quick.Clock(start=0.0, limit=10.0)
    clock.pytest_runtest_setup(Item("tests/unit/a.py::test_1"))
    now = 11.0
    clock.pytest_runtest_setup(Item("tests/unit/a.py::test_2"))
    with pytest.raises(pytest.skip.Exception):
        clock.pytest_runtest_setup(Item("tests/unit/b.py::test_1"))
    assert (clock.begun, clock.skipped) == ({"tests/unit/a.py"}, {"tests/unit/b.py"})


def test_the_product_is_read_with_its_tests() -> None:
    imports = quick.imports_of_product() | quick.imports_of_tests()
    assert "tests/unit/data/registers/test_register.py" in quick.chosen(
        ["data/registers/register.py"], imports
    )
    assert (
        quick.distances(["data.registers.register"], imports)["tests.unit.data.registers.test_register"] == 1
    )


def test_groups_and_times_are_of_files_there_are() -> None:
    paths = [*(p for group in groups.TOGETHER.values() for p in group), *groups.SECONDS]
    assert [p for p in paths if not (quick.ROOT / p).exists()] == []


def test_a_group_is_one_unit_and_a_file_by_itself_another() -> None:
    assert groups.group_of("tests/app/test_pages.py::test_a[x::y]") == "pages"
    assert groups.group_of("tests/unit/a.py::Test::test_b") == "tests/unit/a.py"
    assert groups.seconds_of_group("moves") == sum(
        groups.seconds_of(f) for f in groups.TOGETHER["moves"]
    )  # fmt: skip
    assert groups.seconds_of_group("tests/unit/a.py") == groups.USUAL
