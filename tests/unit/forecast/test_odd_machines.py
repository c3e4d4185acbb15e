"""Machines that are not as ours: full disks, folders of others, wrong clocks, other locales and line endings, odd paths, no home.

Each ends in the right result, or in one message, exit code 2, and every file as it was.
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from data import drafts
from data.registers import starting_register
from data.registers.register_file import read_register, to_csv
from data.sign_in.people import this_computer
from forecast.core import atomic_files
from scenarios import reading
from scenarios.store import Store
from tests.command_line import sendplan
from tests.stores import draft

ROOT = Path(__file__).resolve().parents[3]
FORECAST = ("forecast", "Redbridge", "--draws", "100", "--years", "2")
ODD = "ñ ö 学校 & co"
"""A folder's name with spaces and letters that no one code page has."""


def left_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the files of a small forecast, made where nothing is odd."""
    folder = tmp_path_factory.mktemp("usual") / "run"
    ended = sendplan(*FORECAST, "--out", str(folder))
    assert ended.code == 0, ended.err
    return left_in(folder)


WAYS = {
    errno.ENOSPC: "make room on the disk",
    errno.EROFS: "ask for permission",
    errno.EACCES: "ask for permission",
}
"""What stops a write (a full disk, a disk for reading only, another's folder) and what the user is told to do."""


@pytest.mark.parametrize("number", WAYS)
@pytest.mark.parametrize("step", ["fsync", "replace"], ids=["while it is written", "while it is placed"])
def test_a_write_that_is_stopped_is_a_message_and_leaves_what_was_there(
    number: int, step: str, usual: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    for name in usual:
        (tmp_path / name).write_text("before")
    register, scenario = tmp_path / "register.csv", tmp_path / "mine.yaml"
    monkeypatch.setattr(os, step, stopped)
    for arguments in (
        ("capacity", "template", "Redbridge", "--out", str(register)),
        ("scenario", "write", "reform-2030", str(scenario)),
        *([(*FORECAST, "--out", str(tmp_path))] if number == errno.ENOSPC else []),
    ):
        code, _, err = sendplan(*arguments)
        assert (code, err.count("\n")) == (2, 1), err
        assert os.strerror(number) in err
    assert WAYS[number] in err
    assert left_in(tmp_path) == dict.fromkeys(usual, b"before")
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]


@pytest.mark.skipif(os.name != "posix", reason="mode bits are of POSIX systems")
@pytest.mark.skipif(os.name == "posix" and os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to_is_a_message(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        code, _, err = sendplan(*FORECAST, "--out", str(tmp_path / "run"))
    finally:
        tmp_path.chmod(0o700)
    assert (code, err.count("\n")) == (2, 1), err
    assert "Permission denied" in err


@pytest.mark.parametrize("year", [1980, 2099])
def test_a_wrong_clock_removes_no_draft_at_work(
    year: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work = tmp_path / f"{drafts.PREFIX}0123abcd"
    at_work.mkdir()
    (at_work / "plans.parquet").write_text("half")
    monkeypatch.setattr(time, "time", lambda: datetime(year, 1, 1, tzinfo=UTC).timestamp())
    atomic_files.write_one(tmp_path / "a.txt", lambda path: path.write_text("a") and None)
    assert (at_work / "plans.parquet").read_text() == "half"


def test_versions_kept_under_wrong_clocks_stay_in_the_order_they_were_kept(tmp_path: Path) -> None:
    clocks = (2026, 1980, 2099, 2026)
    who = this_computer("Jo")
    for number, year in enumerate(clocks):
        store = Store.open(
            tmp_path / "scenarios.sqlite", clock=lambda year=year: datetime(year, 1, 1, tzinfo=UTC)
        )
        store.save(draft(note=f"note {number}"), expected_version=number, who=who)
    assert [one.version for one in sorted(store.versions("two-bases"), key=lambda v: v.version)] == [
        1,
        2,
        3,
        4,
    ]
    assert store.latest("two-bases").version == 4
    assert "note 3" in store.latest("two-bases").body
    assert store.verify_log() is None


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_line_endings_change_nothing(ending: str, tmp_path: Path) -> None:
    shipped = starting_register.shipped(317)
    file = tmp_path / "register.csv"
    file.write_bytes(to_csv(shipped).replace("\r\n", "\n").replace("\n", ending).encode())
    assert read_register(file, la_code=317).rows.equals(shipped.rows)
    library = ROOT / "scenarios" / "library" / "reform-2030.yaml"
    text = library.read_text(encoding="utf-8")
    copy = tmp_path / library.name
    copy.write_bytes(text.replace("\n", ending).encode())
    assert reading.read(copy).key == reading.read(library).key


def test_a_path_with_spaces_and_letters_of_any_script_changes_nothing(
    usual: dict[str, bytes], tmp_path: Path
) -> None:
    folder = tmp_path / ODD
    assert sendplan(*FORECAST, "--out", str(folder / "run")).code == 0
    assert left_in(folder / "run") == usual
    register = folder / "register.xlsx"
    assert sendplan("capacity", "template", "Redbridge", "--out", str(register)).code == 0
    assert sendplan("capacity", "check", str(register)).code == 0


PROGRAM = """
import sys
from forecast import cli
for arguments in ({forecast}, {check}, {odd}):
    sys.argv = ["sendplan", *arguments]
    try:
        cli.main()
    except SystemExit as stop:
        print("ended with", stop.code)
    else:
        print("ended with 0")
"""


def test_no_home_and_a_terminal_of_another_code_page_change_nothing(
    usual: dict[str, bytes], tmp_path: Path
) -> None:
    register = tmp_path / "register.csv"
    named = starting_register.shipped(317).rows.copy()
    register.write_text(
        to_csv(starting_register.shipped(317)).replace(str(named["setting"].iloc[0]), "学校"),
        encoding="utf-8",
    )
    run = tmp_path / "run"
    odd = tmp_path / ODD / "run"
    program = PROGRAM.format(
        forecast=[*FORECAST, "--out", str(run)],
        check=["capacity", "check", str(register)],
        # As the interpreter gives letters that the locale lacks.
        odd=[*FORECAST, "--out", os.fsencode(odd).decode("ascii", "surrogateescape")],
    )
    away = {"HOME", "XDG_CACHE_HOME", "SENDPLAN_CACHE", "LANG", "PYTHONUTF8"}
    odd_settings = {
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONIOENCODING": "cp1252",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={name: value for name, value in os.environ.items() if name not in away} | odd_settings,
        cwd=tmp_path,
        capture_output=True,
        timeout=120,
        check=False,
    )
    said, wrong = done.stdout.decode("cp1252"), done.stderr.decode("cp1252")
    assert [line for line in said.splitlines() if line.startswith("ended")] == [
        "ended with 0",
        "ended with 0",
        "ended with 2",
    ], wrong
    assert "Traceback" not in wrong
    assert "PYTHONUTF8=1" in wrong
    assert left_in(run) == usual
    assert not odd.exists()
