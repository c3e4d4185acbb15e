"""The council's own files of every kind: versions are kept whole, never changed, and never lost to a second editor."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from data.council_files.kept_files import CANDIDATES, COUNTS, REGISTERS, UNIT_COSTS, FileStore
from data.errors import CapitalError, ConflictError, CountError, OutputError, PriceError, RegisterError
from data.sign_in.people import this_computer

REDBRIDGE, NEWHAM = 317, 316
JO = this_computer("Jo")
SHELVES = (REGISTERS, UNIT_COSTS, CANDIDATES, COUNTS)


@pytest.fixture(params=SHELVES, ids=["registers", "unit-costs", "candidates", "counts"])
def file_store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileStore:
    """Return a kind of file, kept in an empty folder."""
    found: FileStore = request.param
    monkeypatch.setenv(found.variable, str(tmp_path / "kept"))
    return found


def keep(file_store: FileStore, text: str, after: int, la_code: int = REDBRIDGE) -> Path:
    """Keep a text and return where it is."""
    return file_store.keep(JO, la_code, after, lambda path: path.write_text(text, encoding="utf-8")).path


def test_kinds_are_kept_apart() -> None:
    assert len({s.variable for s in SHELVES}) == len({s.default for s in SHELVES}) == len(SHELVES)


def test_nothing_is_there_before_anything_is_kept(file_store: FileStore) -> None:
    assert file_store.versions(REDBRIDGE) == ()
    assert file_store.latest(REDBRIDGE) == 0
    assert not file_store.folder_of(REDBRIDGE).exists()


def test_versions_are_numbered_from_one_and_an_earlier_one_stays(file_store: FileStore) -> None:
    first, second = keep(file_store, "one", 0), keep(file_store, "two", 1)
    assert [k.version for k in file_store.versions(REDBRIDGE)] == [1, 2]
    assert file_store.latest(REDBRIDGE) == 2
    assert (first.read_text(), second.read_text()) == ("one", "two")
    assert file_store.find(REDBRIDGE, 1).path == first


def test_authorities_have_folders_of_their_own(file_store: FileStore) -> None:
    keep(file_store, "ours", 0)
    assert file_store.versions(NEWHAM) == ()
    assert keep(file_store, "theirs", 0, NEWHAM).parent != file_store.folder_of(REDBRIDGE)


def test_the_second_of_two_editors_is_told_what_to_do_and_the_first_keeps_theirs(
    file_store: FileStore,
) -> None:
    first = keep(file_store, "first", 0)
    with pytest.raises(ConflictError) as told:
        keep(file_store, "second", 0)
    assert f"Version 1 of Redbridge's {file_store.what} was kept by somebody else" in str(told.value)
    assert "Download your edits" in str(told.value)
    assert first.read_text() == "first"
    assert [p.name for p in first.parent.glob(f"*{file_store.suffix}")] == [f"0001{file_store.suffix}"]


def test_of_many_at_once_exactly_one_is_kept(file_store: FileStore) -> None:
    def attempt(number: int) -> bool:
        try:
            keep(file_store, str(number), 0)
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(16))) == 1
    assert [p.name for p in file_store.folder_of(REDBRIDGE).glob(f"*{file_store.suffix}")] == [
        f"0001{file_store.suffix}"
    ]


@pytest.mark.parametrize(
    ("shelf_", "kind", "lost"),
    [
        (REGISTERS, RegisterError, "places could not be counted"),
        (UNIT_COSTS, PriceError, "pounds could not be worked out"),
        (CANDIDATES, CapitalError, "schemes could not be appraised"),
        (COUNTS, CountError, "the forecast could not be made"),
    ],
    ids=["registers", "unit-costs", "candidates", "counts"],
)
def test_a_version_that_is_not_there_says_what_is_and_what_is_lost(
    shelf_: FileStore, kind: type[Exception], lost: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(shelf_.variable, str(tmp_path))
    with pytest.raises(kind, match=f"holds no version, so {lost}"):
        shelf_.find(REDBRIDGE, 3)
    keep(shelf_, "one", 0)
    with pytest.raises(kind, match=r"There is no version 3 of Redbridge's own .* holds versions 1 to 1"):
        shelf_.find(REDBRIDGE, 3)


def test_a_file_that_cannot_be_written_whole_leaves_nothing(file_store: FileStore) -> None:
    def half(path: Path) -> None:
        path.write_text("half", encoding="utf-8")
        raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match=r"No space left on device.*Nothing was changed"):
        file_store.keep(JO, REDBRIDGE, 0, half)
    assert list(file_store.folder_of(REDBRIDGE).iterdir()) == []


def test_a_folder_that_cannot_be_made_says_where_else_to_keep_it(
    file_store: FileStore, tmp_path: Path
) -> None:
    (tmp_path / "kept").write_text("a file where the folder would be", encoding="utf-8")
    with pytest.raises(OutputError, match=f"set {file_store.variable} to a folder you may write to"):
        keep(file_store, "one", 0)


def test_other_files_in_the_folder_are_no_versions(file_store: FileStore) -> None:
    folder = keep(file_store, "one", 0).parent
    end = file_store.suffix
    for name in (f"notes{end}", f".draft-1234{end}", f"00002{end}", f"0002{end}.bak", "0002.txt"):
        (folder / name).write_text("x", encoding="utf-8")
    assert [k.version for k in file_store.versions(REDBRIDGE)] == [1]


def test_two_kinds_in_one_folder_are_refused_because_one_would_be_read_as_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for one in (REGISTERS, CANDIDATES):
        monkeypatch.setenv(one.variable, str(tmp_path))
    for one, other in ((REGISTERS, CANDIDATES), (CANDIDATES, REGISTERS)):
        with pytest.raises(OutputError, match=f"{one.variable} and {other.variable} both name the folder"):
            one.versions(REDBRIDGE)
    assert UNIT_COSTS.versions(REDBRIDGE) == ()
