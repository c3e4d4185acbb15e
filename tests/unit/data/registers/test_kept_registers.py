"""The council's own registers: versions are kept whole, never changed, and never lost to a second editor."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from data.errors import ConflictError, OutputError, RegisterError
from data.registers import kept_registers, starting_register
from data.registers.kept_registers import fingerprint, keep, read, versions
from data.registers.register import Register
from data.sign_in.people import this_computer

REDBRIDGE, NEWHAM = 317, 316


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(kept_registers.VARIABLE, str(tmp_path / "kept"))
    return tmp_path / "kept"


@pytest.fixture
def register() -> Register:
    return starting_register.shipped(REDBRIDGE)


def test_nothing_is_there_before_anything_is_kept(folder: Path) -> None:
    assert versions(REDBRIDGE) == ()
    assert not folder.exists()


def test_versions_are_numbered_and_read_back_equal(register: Register) -> None:
    first = keep(this_computer("Jo"), register, REDBRIDGE, 0)
    fewer = Register(REDBRIDGE, register.rows.iloc[:-1], "fewer")
    second = keep(this_computer("Jo"), fewer, REDBRIDGE, 1)
    assert [k.version for k in versions(REDBRIDGE)] == [first.version, second.version] == [1, 2]
    assert read(first).rows.equals(register.rows)
    assert read(second).rows.equals(fewer.rows)
    assert versions(NEWHAM) == ()


def test_the_second_of_two_editors_is_told_and_the_first_keeps_what_they_have(register: Register) -> None:
    first = keep(this_computer("Jo"), register, REDBRIDGE, 0)
    before = first.path.read_bytes()
    with pytest.raises(ConflictError, match="kept by somebody else while you edited"):
        keep(this_computer("Jo"), Register(REDBRIDGE, register.rows.iloc[:-1], "other"), REDBRIDGE, 0)
    assert first.path.read_bytes() == before
    assert {p.name for p in first.path.parent.iterdir()} == {"0001.csv", "0001.by.txt"}


def test_of_many_at_once_exactly_one_is_kept(register: Register) -> None:
    def attempt(_: int) -> bool:
        try:
            keep(this_computer("Jo"), register, REDBRIDGE, 0)
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(16))) == 1


def test_a_register_of_another_authority_is_refused(register: Register) -> None:
    with pytest.raises(RegisterError, match="is not Newham's"):
        keep(this_computer("Jo"), register, NEWHAM, 0)
    assert versions(NEWHAM) == ()


def test_a_version_that_is_not_there_says_which_are(register: Register) -> None:
    with pytest.raises(RegisterError, match="holds no version"):
        kept_registers.find(REDBRIDGE, 3)
    keep(this_computer("Jo"), register, REDBRIDGE, 0)
    with pytest.raises(RegisterError, match="versions 1 to 1"):
        kept_registers.find(REDBRIDGE, 3)


def test_a_folder_that_cannot_be_made_changes_nothing(register: Register, folder: Path) -> None:
    folder.write_text("a file where the folder would be")
    with pytest.raises(OutputError, match="Nothing was changed"):
        keep(this_computer("Jo"), register, REDBRIDGE, 0)


def test_other_files_in_the_folder_are_no_versions(register: Register) -> None:
    kept = keep(this_computer("Jo"), register, REDBRIDGE, 0)
    kept.path.with_name("notes.csv").write_text("x")
    kept.path.with_name(".draft-1234.csv").write_text("x")
    assert len(versions(REDBRIDGE)) == 1


def test_equal_registers_have_one_fingerprint_and_others_another(register: Register) -> None:
    again = Register(REDBRIDGE, register.rows.copy(), "another name")
    assert fingerprint(again) == fingerprint(register)
    assert fingerprint(Register(REDBRIDGE, register.rows.iloc[:-1], "x")) != fingerprint(register)
