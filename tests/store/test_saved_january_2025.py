"""A store and an export made while the tables ended at January 2025 open, lose nothing, and say what they were made on."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from data.made_with import UNWRITTEN, MadeWith
from data.sign_in.people import this_computer
from scenarios.keeping import keep, scenario_of
from scenarios.store import Store
from scenarios.store.rows import as_hashed
from tests.saved import MADE, copy_of

KEYS = {
    ("our-2025", 1): "6e8f5a9561f0",
    ("our-2025", 2): "489a0ff9c823",
}
"""First digits of the keys, as the release of then printed them."""


def rows_of(path: Path, table: str) -> list[dict[str, object]]:
    # Immutable: reading must not leave a file beside the one that is kept.
    with sqlite3.connect(f"file:{path}?immutable=1", uri=True) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]


@pytest.fixture
def opened(tmp_path: Path) -> Store:
    return Store.open(copy_of("store.sqlite", tmp_path))


def test_every_row_is_as_it_was_and_the_log_is_whole(opened: Store) -> None:
    for table in ("scenario_version", "run", "log"):
        before = rows_of(MADE / "store.sqlite", table)
        assert before
        assert [as_hashed(row) for row in rows_of(Path(opened.address.shown), table)] == before
    assert opened.verify_log() is None


def test_versions_keep_their_keys_and_can_be_read_as_scenarios(opened: Store) -> None:
    keys = {}
    for latest in opened.scenarios():
        for version in opened.versions(latest.scenario_id):
            assert scenario_of(version).id == version.scenario_id
            keys[version.scenario_id, version.version] = version.key[:12]
    assert keys.items() >= KEYS.items()
    assert set(keys) == {("our-2025", 1), ("our-2025", 2), ("recovery-2025", 1), ("reform-later", 1)}


def test_what_was_not_written_down_is_said_to_be_of_january_2025_or_earlier(opened: Store) -> None:
    version = opened.get("our-2025", 1)
    assert version.made_with == UNWRITTEN
    assert version.made_with.words().startswith("made on January 2025 or an earlier release")
    assert version.made_with.is_earlier(2026)
    (run,) = [one for one in opened.runs("our-2025") if one.facts.version == 2]
    assert run.facts.release_january is None
    assert run.facts.made_with.model == run.facts.model_hash[:12]


def test_the_next_version_says_what_it_was_made_with(opened: Store) -> None:
    scenario = scenario_of(opened.get("our-2025")).model_copy(update={"title": "Ours again"})
    now = MadeWith(2026, "abcdef012345")
    kept = keep(opened, scenario, expected_version=2, who=this_computer("Ann"), made_with=now)
    assert kept.made_with == now
    assert opened.get("our-2025", 3).made_with == now
    assert opened.get("our-2025", 2).made_with == UNWRITTEN
    assert opened.verify_log() is None


def test_an_emptied_release_is_found_by_the_log(opened: Store) -> None:
    scenario = scenario_of(opened.get("our-2025")).model_copy(update={"title": "Ours again"})
    keep(opened, scenario, expected_version=2, who=this_computer("Ann"), made_with=MadeWith(2026, "ab"))
    with sqlite3.connect(opened.address.shown) as connection:
        connection.execute("DROP TRIGGER scenario_version_no_update")
        connection.execute("UPDATE scenario_version SET release_january = NULL")
    broken = opened.verify_log()
    assert broken is not None
    assert "our-2025 version 3 was changed" in broken.why


def test_the_export_comes_into_a_new_store_whole_and_into_its_own_as_nothing_new(
    opened: Store, tmp_path: Path
) -> None:
    again = opened.import_all(MADE / "bundle.jsonl", who=this_computer("Ann"), check=scenario_of)
    assert (again.versions, again.runs) == (0, 0)
    lines = (MADE / "bundle.jsonl").read_text(encoding="utf-8").splitlines()
    other = Store.open(tmp_path / "other.sqlite")
    new = other.import_all(MADE / "bundle.jsonl", who=this_computer("Ann"), check=scenario_of)
    assert new.versions + new.runs == again.already == len(lines) - 2
    assert other.scenarios() == opened.scenarios()
    assert other.runs() == opened.runs()


def test_an_export_of_now_holds_the_rows_of_then_with_the_hashes_of_then(
    opened: Store, tmp_path: Path
) -> None:
    opened.export_all(tmp_path / "now.jsonl")
    before, after = (
        [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()][1:-1]
        for path in (MADE / "bundle.jsonl", tmp_path / "now.jsonl")
    )
    assert after == before
