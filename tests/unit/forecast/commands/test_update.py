"""``sendplan data update``: what it prints, what it asks and leaves, in a copy of the installation with the fit stubbed."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from data.ingest.release_sources import VARIABLE
from forecast.core import disk_cache
from forecast.updating import update as update_module
from forecast.updating.update import Installation, Steps
from tests.command_line import sendplan
from tests.installations import copied, january_in_use, lay_over_once, stubbed_fit, tree
from tests.release_2027 import NAME, write_release
from tests.release_server import ReleaseServer, serving


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_release(tmp_path_factory.mktemp("release") / NAME)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """Return a copy of the installation, which the command takes for its own."""
    own = copied(tmp_path / "planner")
    monkeypatch.setattr(update_module, "Installation", lambda: own)
    monkeypatch.setattr(update_module, "lay_over", lay_over_once)
    monkeypatch.setattr(update_module, "_wrong", lambda data: [])
    monkeypatch.setattr(
        update_module,
        "Steps",
        lambda **given: Steps(
            **{**given, "fit": stubbed_fit, "record": lambda *_: ("Scored.",), "audit": lambda _: None}
        ),
    )
    monkeypatch.setenv(disk_cache.VARIABLE, str(tmp_path / "cache"))
    return own


@pytest.fixture
def server(release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ReleaseServer]:
    with serving(ReleaseServer(release.read_bytes())) as running:
        monkeypatch.setenv(VARIABLE, str(running.sources(tmp_path)))
        yield running


def test_a_release_is_shown_before_it_is_used_and_what_is_left_to_do_after(
    here: Installation, release: Path
) -> None:
    ended = sendplan("data", "update", "--from", str(release), "--yes")
    assert (ended.code, ended.err.strip()) == (0, "")
    for part in (
        "It is whole, and not older than the one in use.", "What moved most, to January 2027", "Barking and Dagenham", "+50.1%",
        "Out of line, kept as published and marked: Barking and Dagenham", "Models are fitted.", "Scored.",
        "In use: January 2027, before January 2026", "sendplan earlier-forecasts --origins 2026",
    ):  # fmt: skip
        assert part in ended.out, part
    assert january_in_use(here) == 2027
    again = sendplan("data", "update", "--from", str(release), "--yes")
    assert "This is the release in use, January 2027" in again.out


def test_the_newest_release_is_fetched_where_none_is_given(here: Installation, server: ReleaseServer) -> None:
    ended = sendplan("data", "update", "--yes")
    assert (ended.code, ended.err.strip()) == (0, "")
    assert january_in_use(here) == 2027


def test_looking_touches_nothing(
    here: Installation, server: ReleaseServer, release: Path, tmp_path: Path
) -> None:
    before = tree(tmp_path)
    ended = sendplan("data", "update", "--check")
    assert ended.code == 0
    assert "In use: January 2026 (release: June 2026)." in ended.out
    assert "NEWER: January 2027, published 2027-06-10" in ended.out
    by_hand = sendplan("data", "update", "--check", "--from", str(release))
    assert f"{release}: January 2027, in the layout of 2026: NEWER." in by_hand.out
    assert tree(tmp_path) == before
    assert not (here.data / ".update.lock").exists()


def test_nothing_newer_is_said_and_nothing_fetched(
    here: Installation, server: ReleaseServer, tmp_path: Path
) -> None:
    server.year = "2025"
    before = tree(tmp_path)
    ended = sendplan("data", "update", "--yes")
    assert (
        "Nothing newer: in use is January 2026 (release: June 2026), and the newest is January 2025."
        in ended.out
    )
    assert tree(tmp_path) == before


@pytest.mark.parametrize("options", [("--check",), ("--yes",)])
def test_no_network_is_said_with_what_is_in_use(
    here: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    monkeypatch.setenv(VARIABLE, str(ReleaseServer(b"", base="http://127.0.0.1:1").sources(tmp_path)))
    ended = sendplan("data", "update", *options)
    assert ended.code == 2
    assert "There is no network, or none that leads to 127.0.0.1" in ended.err
    assert "January 2026" in ended.out + ended.err
    assert january_in_use(here) == 2026


@pytest.mark.parametrize(
    ("answer", "words"),
    [("", "Nobody answered whether to use the release"), ("n\n", "January 2027 was not switched to")],
)
def test_without_a_yes_nothing_is_used(
    here: Installation, release: Path, monkeypatch: pytest.MonkeyPatch, answer: str, words: str
) -> None:
    monkeypatch.setattr("sys.stdin", StringIO(answer))
    ended = sendplan("data", "update", "--from", str(release))
    assert ended.code == 2
    assert words in ended.err
    assert "January 2026 (release: June 2026)" in ended.err
    assert january_in_use(here) == 2026


def test_contradictions_are_not_agreed_to_unasked(
    here: Installation, release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        update_module, "_wrong", lambda data: ["plans_age, single ages sum to total: 1 differs"]
    )
    ended = sendplan("data", "update", "--from", str(release), "--yes")
    assert ended.code == 2
    assert "WRONG: plans_age, single ages sum to total: 1 differs" in ended.out
    assert "contradict each other in 1 place(s)" in ended.err
    assert january_in_use(here) == 2026


def test_ctrl_c_leaves_what_was_in_use_and_says_so(
    here: Installation, release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(root: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(update_module, "Steps", lambda **given: Steps(**{**given, "fit": stopped}))
    ended = sendplan("data", "update", "--from", str(release), "--yes")
    assert ended.code == 130
    assert "The update was stopped. In use is January 2026 (release: June 2026)." in ended.out
    assert january_in_use(here) == 2026


def test_a_command_finishes_a_switch_that_was_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    settled: list[bool] = []
    monkeypatch.setattr("data.tables.settle", lambda: settled.append(True))
    assert sendplan("data", "--help").code == 0
    assert settled == [True]
