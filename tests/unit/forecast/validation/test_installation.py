"""``sendplan doctor`` on good, altered, cut short and half-upgraded installations."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from data import tables
from data.council_files.kept_files import REGISTERS
from forecast.demand import stored_fit
from forecast.validation import installation
from tests.command_line import sendplan


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with copies of the tables and the fit, looked at instead of the shipped ones."""
    shutil.copytree(tables.PUBLISHED, tmp_path / "published")
    shutil.copytree(stored_fit.FOLDER, tmp_path / "fitted")
    monkeypatch.setattr(tables, "PUBLISHED", tmp_path / "published")
    monkeypatch.setattr(stored_fit.manifest, "__defaults__", (tmp_path / "fitted",))
    monkeypatch.setenv(REGISTERS.variable, str(tmp_path / "registers"))
    monkeypatch.setenv("SENDPLAN_STORE", str(tmp_path / "scenarios.sqlite"))
    return tmp_path


def problems() -> list[str]:
    return [f"{one.what}: {one.message}" for one in installation.examine() if not one.passed]


def test_a_good_installation_has_no_problem(installed: Path) -> None:
    code, out, _ = sendplan("doctor")
    assert (code, "PROBLEM" in out) == (0, False), out
    assert "0 with a problem" in out
    assert not (installed / "scenarios.sqlite").exists()


def alter_weights(folder: Path) -> None:
    path = folder / "fitted" / stored_fit.MANIFEST
    about = json.loads(path.read_text())
    path.write_text(json.dumps(about | {"stretch": 2.0}, indent=2) + "\n")


def cut_manifest(folder: Path) -> None:
    path = folder / "fitted" / stored_fit.MANIFEST
    path.write_text(path.read_text()[:500])


def cut_fit(folder: Path) -> None:
    path = folder / "fitted" / "moves.nc"
    path.write_bytes(path.read_bytes()[:1000])


def lose_fit(folder: Path) -> None:
    (folder / "fitted" / "moves.nc").unlink()


def cut_table(folder: Path) -> None:
    path = folder / "published" / "areas.parquet"
    path.write_bytes(path.read_bytes()[:1000])


def lose_hashes(folder: Path) -> None:
    (folder / "published" / tables.HASHES).unlink()


def empty_register(folder: Path) -> None:
    path = folder / "registers" / "redbridge" / "0001.csv"
    path.parent.mkdir(parents=True)
    path.write_text("")


def leave_draft(folder: Path) -> None:
    path = folder / "registers" / "redbridge" / ".draft-12345678.csv"
    path.parent.mkdir(parents=True)
    path.write_text("la_code\n")


def spoil_store(folder: Path) -> None:
    (folder / "scenarios.sqlite").write_bytes(b"no database")


@pytest.mark.parametrize(
    ("spoil", "what", "words"),
    [
        (alter_weights, "Stored fit", "was altered or damaged"),
        (cut_manifest, "Stored fit", "was altered or damaged"),
        (cut_fit, "Stored fit", "moves.nc is not the file that was fitted"),
        (lose_fit, "Stored fit", "moves.nc is not the file that was fitted"),
        (cut_table, "Published tables", "'areas' in"),
        (lose_hashes, "Published tables", "missing or damaged"),
        (empty_register, "Council's files", "0001.csv"),
        (leave_draft, "Council's files", "cut off"),
        (spoil_store, "Scenario store", ""),
    ],
)
def test_what_is_wrong_is_said_and_how_to_mend_it(
    installed: Path, spoil: Callable[[Path], None], what: str, words: str
) -> None:
    spoil(installed)
    code, out, err = sendplan("doctor")
    assert (code, err) == (2, "")
    assert "1 with a problem" in out
    (problem,) = problems()
    assert problem.startswith(f"{what}: ")
    assert words in problem


def test_libraries_of_another_version_are_named(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    version = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "0.1" if name == "pandas" else version(name))
    (problem,) = problems()
    assert problem.startswith("Libraries: pandas is 0.1 and ")


def test_a_check_that_fails_in_a_way_nobody_thought_of_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation.disk_cache, "folder", lambda: 1 / 0)
    (problem,) = problems()
    assert problem.startswith("Cache: It cannot be looked at (ZeroDivisionError")
