"""A scenario comes back from a store as it went in."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from data.errors import PlannerError, ScenarioError, StoreError
from data.sign_in.people import this_computer
from scenarios.keeping import make_draft, scenario_of
from scenarios.reading import library
from scenarios.scenario import Scenario
from scenarios.store import Imported, Store, Version
from tests.stores import draft


def test_every_scenario_we_ship_comes_back_equal_and_with_its_key(store: Store) -> None:
    for scenario in library().values():
        version = store.save(make_draft(scenario), expected_version=0, who=this_computer("Jo"))
        assert scenario_of(version) == scenario
        assert scenario_of(store.get(scenario.id)) == scenario
        assert version.key == scenario.key
    assert len(store.scenarios()) == len(library())


def test_a_scenario_with_the_longest_title_is_kept(store: Store) -> None:
    longest = next(made for length in range(2000, 0, -1) if (made := _made("é" * length)) is not None)
    assert (
        scenario_of(store.save(make_draft(longest), expected_version=0, who=this_computer("Jo"))) == longest
    )


def _made(title: str) -> Scenario | None:
    try:
        return Scenario(id="long", title=title)
    except ValueError:
        return None


def kept(body: str, **changes: object) -> Version:
    key = hashlib.sha256(body.encode()).hexdigest()
    version = Version("two-bases", 1, "Two bases", body, key, "Jo", datetime(2026, 11, 22, tzinfo=UTC), "")
    return replace(version, **changes)  # type: ignore[arg-type]


BODY = '{"id":"two-bases","title":"Two bases"}'


def test_a_short_text_is_a_scenario_too() -> None:
    assert scenario_of(kept(BODY)) == Scenario(id="two-bases", title="Two bases")


@pytest.mark.parametrize(
    ("version", "error", "words"),
    [
        (kept(BODY, key="0" * 64), StoreError, "does not have the hash it was saved with"),
        (
            kept(BODY, title="Other"),
            StoreError,
            r"\('Other'\) holds another scenario: two-bases \('Two bases'\)",
        ),
        (kept(BODY, scenario_id="other"), StoreError, "holds another scenario: two-bases"),
        (kept('{"id":"two-bases","title":"Two bases","levels":[]}'), ScenarioError, "two-bases version 1"),
    ],
)
def test_a_version_that_is_no_scenario_of_ours_is_said(
    version: Version, error: type[PlannerError], words: str
) -> None:
    with pytest.raises(error, match=words):
        scenario_of(version)


def test_an_import_may_ask_for_scenarios_this_release_can_run(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "from.sqlite")
    store.save(make_draft(next(iter(library().values()))), expected_version=0, who=this_computer("Jo"))
    store.export_all(tmp_path / "good.jsonl")
    store.save(draft(), expected_version=0, who=this_computer("Jo"))
    store.export_all(tmp_path / "bad.jsonl")
    other = Store.open(tmp_path / "to.sqlite")
    assert other.import_all(tmp_path / "good.jsonl", who=this_computer("Al"), check=scenario_of) == Imported(
        1, 0, 0
    )
    with pytest.raises(ScenarioError, match="two-bases version 1"):
        other.import_all(tmp_path / "bad.jsonl", who=this_computer("Al"), check=scenario_of)
    assert len(other.entries()) == 1
