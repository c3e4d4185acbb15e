"""The newest release of each source beside what is in use, from a server on this computer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from data.errors import SourceError, UpdateError
from data.ingest.release_sources import FILE, VARIABLE, read_sources
from data.tables import SOURCES
from forecast.updating.download import Fetcher, NoNetworkError
from forecast.updating.newest import InUse, _year, look, newest_of
from tests.release_server import ReleaseServer, serving

IN_USE = InUse.of(SOURCES)


@pytest.fixture
def server() -> Iterator[ReleaseServer]:
    with serving(ReleaseServer(b"zip")) as running:
        yield running


def words(server: ReleaseServer, folder: Path) -> list[str]:
    configured = read_sources(server.sources(folder))
    return [outcome.words(IN_USE) for outcome in look(configured, Fetcher(configured.fetching))]


def test_what_is_in_use_is_what_the_list_of_origins_says() -> None:
    assert IN_USE.january == 2026
    assert IN_USE.words() == "January 2026 (release: June 2026)"


def test_a_list_of_origins_that_names_no_release_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UpdateError, match=r"does not say which EHC plan release.*Restore the file"):
        InUse.of(tmp_path / "SOURCES.csv")


def test_a_newer_release_is_said_and_where_there_is_no_address_that_is_said(
    server: ReleaseServer, tmp_path: Path
) -> None:
    assert words(server, tmp_path) == [
        "NEWER: January 2027, published 2027-06-10. Run 'sendplan data update' to use it.",
        "there is no address to ask for its newest release; look at https://example.org/dsg.",
    ]
    assert server.asked == ["/publications/education-health-and-care-plans/latest"], "nothing is fetched"


def test_the_release_in_use_is_not_newer(server: ReleaseServer, tmp_path: Path) -> None:
    server.year = "2026"
    assert words(server, tmp_path)[0].startswith(
        "January 2026, published 2027-06-10 is the newest, and in use is January 2026"
    )


def test_the_address_the_hash_and_the_size_come_from_the_index(server: ReleaseServer, tmp_path: Path) -> None:
    configured = read_sources(server.sources(tmp_path))
    newest = newest_of(configured.readable(), Fetcher(configured.fetching))
    assert newest.address == f"{server.base}/releases/abc-1/files"
    assert (newest.year, newest.expected.bytes, len(newest.expected.sha256 or "")) == (2027, 3, 64)


@pytest.mark.parametrize(
    "index", [{}, [], {"id": "x"}, {"id": "x", "yearTitle": "soon"}, {"yearTitle": "2027"}]
)
def test_an_index_that_says_something_else_is_refused_in_words(
    server: ReleaseServer, tmp_path: Path, index: object
) -> None:
    server.index = index or b"[]"
    assert "could not be asked" in words(server, tmp_path)[0]
    assert "[sources.fields]" in words(server, tmp_path)[0]


def test_no_network_ends_the_search_at_once(tmp_path: Path) -> None:
    configured = read_sources(ReleaseServer(b"", base="http://127.0.0.1:1").sources(tmp_path))
    with pytest.raises(NoNetworkError, match="There is no network"):
        look(configured, Fetcher(configured.fetching, lambda _: None))


@pytest.mark.parametrize(
    ("text", "year"),
    [("2027", 2027), ("Reporting year 2027", 2027), ("Academic year 2024/25", 2025), ("2024-25", 2025), ("202425", 2025), ("", 0),
     ("x", 0)],
)  # fmt: skip
def test_years_of_releases(text: str, year: int) -> None:
    assert _year(text) == year


def test_every_shipped_source_says_what_it_is_and_where_people_find_it() -> None:
    shipped = read_sources(FILE)
    assert shipped.readable().publication == "education-health-and-care-plans"
    assert len({source.name for source in shipped.sources}) == len(shipped.sources)
    for source in shipped.sources:
        assert source.page.startswith("https://"), source.name
        assert bool(source.index) == (source.fields is not None), source.name
        assert set(source.feeds) <= {path.stem for path in SOURCES.parent.glob("published/*.parquet")}, (
            source.name
        )


def test_no_address_is_in_code() -> None:
    root = SOURCES.parent.parent
    modules = [
        *(root / "forecast" / "updating").glob("*.py"),
        *(root / "data" / "ingest").glob("release_*.py"),
    ]
    assert len(modules) > 6
    assert not [
        path.name for path in modules if "http://" in path.read_text() or "https://" in path.read_text()
    ]


def test_another_configuration_is_named_by_a_variable(
    server: ReleaseServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(server.sources(tmp_path)))
    assert len(read_sources().sources) == 2
    monkeypatch.setenv(VARIABLE, str(tmp_path / "none.toml"))
    with pytest.raises(SourceError, match=r"none\.toml cannot be read.*SENDPLAN_SOURCES"):
        read_sources()


@pytest.mark.parametrize(
    ("text", "words"), [("a = [", "cannot be used"), ("a = 1", "Extra inputs"), ("", "fetching")]
)
def test_a_configuration_that_cannot_be_used_is_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "sources.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SourceError, match=rf"cannot be used[\s\S]*{words}|{words}"):
        read_sources(path)


def test_a_configuration_without_a_readable_source_is_refused(server: ReleaseServer, tmp_path: Path) -> None:
    path = server.sources(tmp_path)
    path.write_text(path.read_text().replace('reader = "sen2"\n', ""))
    with pytest.raises(SourceError, match="names none with 'reader'"):
        read_sources(path).readable()
