"""Fetching a release: slow, cut off, refused, altered, too large, no room, no network; what was fetched is kept."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from data.errors import OutputError, UpdateError
from data.ingest.release_sources import Fetching
from forecast.updating.download import ExpectedFile, Fetcher, NoNetworkError
from tests.release_server import ReleaseServer, serving

CONTENT = bytes(range(256)) * 2000
LIMITS = Fetching(connect_seconds=2, read_seconds=0.5, tries=4, first_wait_seconds=1, most_megabytes=5)


@pytest.fixture
def server() -> Iterator[ReleaseServer]:
    with serving(ReleaseServer(CONTENT)) as running:
        yield running


class Fetched:
    """A fetcher with its waits and progress written down."""

    def __init__(self, folder: Path, limits: Fetching = LIMITS) -> None:
        self.waits: list[float] = []
        self.told: list[tuple[int, int | None]] = []
        self.target = folder / "release.zip"
        self.fetcher = Fetcher(limits, self.waits.append)

    def get(self, server: ReleaseServer, expected: ExpectedFile | None = None) -> bytes:
        whole = expected or ExpectedFile(hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))
        path = self.fetcher.file(
            f"{server.base}/releases/a/files",
            self.target,
            whole,
            lambda there, of: self.told.append((there, of)),
        )
        return path.read_bytes()


@pytest.fixture
def fetched(tmp_path: Path) -> Fetched:
    return Fetched(tmp_path / "kept")


def left(fetched: Fetched) -> list[str]:
    return sorted(path.name for path in fetched.target.parent.iterdir())


def test_a_file_comes_with_its_progress_and_leaves_no_part(server: ReleaseServer, fetched: Fetched) -> None:
    assert fetched.get(server) == CONTENT
    assert fetched.told[-1] == (len(CONTENT), len(CONTENT))
    assert left(fetched) == ["release.zip"]
    assert not fetched.waits


def test_a_file_cut_off_twice_is_gone_on_with_from_where_it_broke_off(
    server: ReleaseServer, fetched: Fetched
) -> None:
    server.faults = ["cut", "cut"]
    assert fetched.get(server) == CONTENT
    half = len(CONTENT) // 2
    assert server.asked[1:] == [f"bytes={half}-", f"bytes={half + half // 2}-"], (
        "from the last byte that came"
    )
    assert fetched.waits == [1, 2]


def test_another_run_goes_on_where_the_last_one_gave_up(server: ReleaseServer, fetched: Fetched) -> None:
    server.faults = ["cut", "500", "500", "500"]
    with pytest.raises(UpdateError, match=r"answered 500.*at the last of 4 tries"):
        fetched.get(server)
    assert left(fetched) == ["release.zip.part", "release.zip.part.json"]
    assert fetched.get(server) == CONTENT
    assert server.asked[-1] == f"bytes={len(CONTENT) // 2}-"


def test_all_of_a_file_that_is_there_is_not_fetched_again(server: ReleaseServer, fetched: Fetched) -> None:
    fetched.get(server)
    fetched.target.replace(fetched.target.with_name("release.zip.part"))
    (fetched.target.parent / "release.zip.part.json").write_text(
        f'{{"address": "{server.base}/releases/a/files", "version": "\\"v1\\""}}', encoding="utf-8"
    )
    assert fetched.get(server) == CONTENT


@pytest.mark.parametrize("ranges", [True, False])
def test_where_it_cannot_be_gone_on_with_it_begins_anew(
    server: ReleaseServer, fetched: Fetched, ranges: bool
) -> None:
    server.faults, server.ranges = ["cut", "changed"], ranges
    assert fetched.get(server) == CONTENT


def test_a_server_that_is_slow_is_left_and_tried_again(server: ReleaseServer, fetched: Fetched) -> None:
    server.faults = ["slow"]
    assert fetched.get(server) == CONTENT
    assert fetched.waits == [1]


def test_faults_of_the_server_are_tried_again_and_then_said(server: ReleaseServer, fetched: Fetched) -> None:
    server.faults = ["500"] * 2
    assert fetched.get(server) == CONTENT
    server.faults = ["500"] * 9
    with pytest.raises(UpdateError, match=r"the server answered 500 .*Nothing was changed.*--from FILE"):
        fetched.get(server)
    assert fetched.waits == [1, 2, 1, 2, 4]


def test_what_is_not_there_is_not_tried_again(server: ReleaseServer, fetched: Fetched) -> None:
    server.faults = ["404"]
    with pytest.raises(UpdateError, match=r"answered 404.*Correct the address"):
        fetched.get(server)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        (ExpectedFile("0" * 64), "its SHA-256 is .* and should be 000000000000"),
        (ExpectedFile(None, 3), "should have 3"),
    ],
)
def test_another_file_than_the_index_describes_is_thrown_away(
    server: ReleaseServer, fetched: Fetched, expected: ExpectedFile, words: str
) -> None:
    with pytest.raises(
        UpdateError, match=rf"is not the file that its index describes: .*{words}.*Nothing|{words}"
    ):
        fetched.get(server, expected)
    assert left(fetched) == []


def test_more_than_is_taken_is_refused(server: ReleaseServer, tmp_path: Path) -> None:
    small = Fetched(tmp_path, LIMITS.model_copy(update={"most_megabytes": 0.1}))
    with pytest.raises(UpdateError, match=r"more than 0 MB|most_megabytes"):
        small.get(server)


def test_a_full_disk_is_said_in_words(
    server: ReleaseServer, fetched: Fetched, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open

    def full(self: Path, mode: str = "r", *rest: object, **others: object) -> object:
        if self.name.endswith(".part") and "b" in mode and mode != "rb":
            raise OSError(errno.ENOSPC, "No space left on device")
        return opened(self, mode, *rest, **others)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(OutputError, match=r"No space left.*as they were. Make room on the disk"):
        fetched.get(server)


def test_no_network_is_said_after_two_tries(fetched: Fetched) -> None:
    nobody = ReleaseServer(b"", base="http://127.0.0.1:1")
    with pytest.raises(NoNetworkError, match=r"There is no network.*HTTPS_PROXY.*--from FILE"):
        fetched.get(nobody)
    assert fetched.waits == [1]


def test_an_index_that_is_a_page_for_people_is_refused(server: ReleaseServer, fetched: Fetched) -> None:
    server.index = b"<html>"
    with pytest.raises(UpdateError, match=r"did not answer with a list of releases.*Correct 'index'"):
        fetched.fetcher.answer(f"{server.base}/publications/x/latest")
