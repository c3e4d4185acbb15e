"""The council's own files: who may keep which, and who kept what."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from data.council_files import kept_files
from data.council_files.kept_files import CANDIDATES, COUNTS, REGISTERS, UNIT_COSTS, FileStore
from data.errors import CountError, NotAllowedError
from data.registers import kept_registers, starting_register
from data.sign_in.people import Person, Role

REDBRIDGE = 317

MAY = {
    REGISTERS: {"planner", "admin"},
    UNIT_COSTS: {"finance", "admin"},
    CANDIDATES: {"planner", "finance", "admin"},
    COUNTS: {"planner", "admin"},
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for file_store in MAY:
        monkeypatch.setenv(file_store.variable, str(tmp_path / "kept" / file_store.default.name))
    return tmp_path / "kept"


def person(role: Role) -> Person:
    return Person("Pat Lee", "pat@council.gov.uk", role)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("file_store", MAY, ids=lambda s: s.what)
def test_a_file_store_is_written_by_the_roles_it_is_for_and_by_no_other(
    file_store: FileStore, role: Role, folder: Path
) -> None:
    written: list[Path] = []

    def write(path: Path) -> None:
        written.append(path)
        path.write_text("x", encoding="utf-8")

    if role.value in MAY[file_store]:
        assert file_store.keep(person(role), REDBRIDGE, 0, write).version == 1
    else:
        with pytest.raises(NotAllowedError, match=f"has the role {role.value}"):
            file_store.keep(person(role), REDBRIDGE, 0, write)
        assert written == []
        assert not folder.exists()


def test_a_viewer_keeps_no_register(folder: Path) -> None:
    with pytest.raises(NotAllowedError):
        kept_registers.keep(person(Role.VIEWER), starting_register.shipped(REDBRIDGE), REDBRIDGE, 0)
    assert not folder.exists()


def test_every_file_store_there_is_says_who_may_write_it() -> None:
    assert {one for one in vars(kept_files).values() if isinstance(one, FileStore)} == set(MAY)


@pytest.mark.parametrize("owner", [FileStore, kept_registers], ids=["kept_files", "kept_registers"])
def test_whatever_writes_takes_the_person_and_whatever_takes_none_writes_nothing(owner: object) -> None:
    public = {n: f for n, f in inspect.getmembers(owner, inspect.isfunction) if not n.startswith("_")}
    ours = {
        n: f
        for n, f in public.items()
        if f.__module__ in ("data.council_files.kept_files", "data.registers.kept_registers")
    }
    takes = {n for n, f in ours.items() if "who" in inspect.signature(f).parameters}
    assert takes == ({"keep", "delete"} if owner is FileStore else {"keep"})
    for name, function in ours.items():
        writes = any(
            w in inspect.getsource(function)
            for w in (".keep(", "write(", "os.link", "mkdir", "unlink", "open(")
        )
        assert writes is (name in takes), name


def test_who_kept_a_version_is_written_beside_it() -> None:
    kept = REGISTERS.keep(person(Role.PLANNER), REDBRIDGE, 0, lambda path: path.write_text("x"))
    assert kept.who == "Pat Lee (pat@council.gov.uk)"
    assert kept.description.endswith("UTC by Pat Lee (pat@council.gov.uk)")
    kept.path.with_suffix(".by.txt").unlink()
    assert REGISTERS.find(REDBRIDGE, 1).description.endswith("UTC")


@pytest.mark.parametrize("role", Role)
def test_a_version_is_deleted_by_those_who_may_keep_one_and_its_number_is_not_given_again(role: Role) -> None:
    for text in ("one", "two"):
        COUNTS.keep(
            person(Role.PLANNER), REDBRIDGE, int(text == "two"), lambda path, t=text: path.write_text(t)
        )
    if role.value not in MAY[COUNTS]:
        with pytest.raises(NotAllowedError):
            COUNTS.delete(person(role), REDBRIDGE, 2)
        assert COUNTS.latest(REDBRIDGE) == 2
        return
    COUNTS.delete(person(role), REDBRIDGE, 2)
    assert [k.version for k in COUNTS.versions(REDBRIDGE)] == [1]
    with pytest.raises(
        CountError, match=r"Version 2 of Redbridge's own file of counts was deleted \(.* by Pat Lee"
    ):
        COUNTS.find(REDBRIDGE, 2)
    assert COUNTS.keep(person(role), REDBRIDGE, 1, lambda path: path.write_text("three")).version == 3
