"""The log shows every change from outside, and says where."""

from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import text

from data.errors import StoreError
from data.sign_in.people import this_computer
from scenarios.store import Break, Draft, Store
from scenarios.store.rows import row_hash, time_text
from tests.stores import draft, facts_of, tamper


@pytest.fixture
def filled(store: Store) -> Store:
    """Return a store with four entries: a version, its run, and two versions more."""
    kept = store.save(draft(), expected_version=0, who=this_computer("Jo"))
    store.record_run(facts_of("two-bases", 1, kept.key), {"short": 41}, who=this_computer("Sam"))
    store.save(draft(note="second"), expected_version=1, who=this_computer("Sam"))
    store.save(draft(note="third"), expected_version=2, who=this_computer("Jo"))
    return store


def test_an_untouched_log_holds(filled: Store) -> None:
    assert filled.verify_log() is None


def test_an_empty_log_holds(store: Store) -> None:
    assert store.verify_log() is None


COLUMNS = {
    "scenario_version": ("title", "body", "key", "saved_by", "saved_at", "comment"),
    "run": ("scenario_key", "data_hash", "model_hash", "app_version", "summary", "run_by", "run_at"),
    "log": ("at", "who", "what", "body_hash", "previous_hash", "hash"),
}


@pytest.mark.parametrize(
    ("table", "column"), [(table, one) for table, many in COLUMNS.items() for one in many]
)
def test_a_changed_text_is_found(filled: Store, table: str, column: str) -> None:
    at = {"scenario_version": "version = 2", "run": "version = 1", "log": "seq = 3"}[table]
    tamper(filled, f"UPDATE {table} SET {column} = 'something else' WHERE {at}")
    found = filled.verify_log()
    assert found is not None
    assert found.seq == {"scenario_version": 3, "run": 2, "log": 3}[table]


@pytest.mark.parametrize("column", ["seed", "draws", "years", "la_code"])
def test_a_changed_number_of_a_run_is_found(filled: Store, column: str) -> None:
    tamper(filled, f"UPDATE run SET {column} = {column} + 1")
    found = filled.verify_log()
    assert found is not None
    assert found.seq == 2
    assert "was changed after it was saved (entry 2 of the log)" in found.why


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM log WHERE seq = 2", Break(2, "Entry 2 of the log is missing: the one after 1 is 3.")),
        (
            "DELETE FROM scenario_version WHERE version = 2",
            Break(3, "Entry 3 of the log announces two-bases version 2, which is no longer there."),
        ),
        (
            "DELETE FROM log WHERE seq = 4",
            Break(
                None,
                "two-bases version 3 is in the store but not in the log: it was not saved by this program.",
            ),
        ),
        (
            "INSERT INTO scenario_version SELECT 'mine', 1, title, body, key, saved_by, saved_at, comment, release_january, "
            "model_key FROM scenario_version WHERE version = 1",
            Break(
                None, "mine version 1 is in the store but not in the log: it was not saved by this program."
            ),
        ),
    ],
)
def test_rows_and_entries_removed_or_added_are_found(filled: Store, statement: str, said: Break) -> None:
    tamper(filled, statement)
    assert filled.verify_log() == said


def test_an_entry_written_anew_with_its_hash_is_found_by_the_next(filled: Store) -> None:
    entry = filled.entries()[2]
    row = {**entry.__dict__, "at": time_text(entry.at), "who": "Someone else"}
    del row["hash"]
    tamper(filled, f"UPDATE log SET who = 'Someone else', hash = '{row_hash(row)}' WHERE seq = 3")
    said = "Entry 4 of the log (two-bases version 3) does not follow from the entry before it."
    assert filled.verify_log() == Break(4, said)


def test_entries_that_changed_places_are_found(filled: Store) -> None:
    tamper(
        filled,
        "UPDATE log SET seq = 99 WHERE seq = 1",
        "UPDATE log SET seq = 1 WHERE seq = 2",
        "UPDATE log SET seq = 2 WHERE seq = 99",
    )
    found = filled.verify_log()
    assert found is not None
    assert found.seq == 1


@pytest.mark.parametrize("where", ["file"], indirect=True)
def test_a_value_of_another_kind_is_found_and_does_not_stop_the_check(filled: Store) -> None:
    tamper(filled, "UPDATE scenario_version SET title = x'00ff' WHERE version = 2")
    found = filled.verify_log()
    assert found is not None
    assert found.seq == 3


def test_a_time_that_cannot_be_read_is_an_error_in_words(filled: Store) -> None:
    tamper(filled, "UPDATE scenario_version SET saved_at = 'yesterday' WHERE version = 3")
    with pytest.raises(StoreError, match=r"saved_at is 'yesterday'.* changed from outside"):
        filled.latest("two-bases")


def test_the_hashes_are_those_of_the_rule_in_a_file_and_on_a_server(store: Store) -> None:
    store.save(Draft("café", "Two bases", "{}", "k"), expected_version=0, who=this_computer("Jo"))
    row = (
        '{"body":"{}","comment":"","key":"k","saved_at":"2026-11-22T09:30:00.000000+00:00","saved_by":"Jo",'
        '"scenario_id":"café","title":"Two bases","version":1}'
    )
    body_hash = hashlib.sha256(row.encode()).hexdigest()
    entry = (
        f'{{"at":"2026-11-22T09:30:00.000000+00:00","body_hash":"{body_hash}","previous_hash":"{"0" * 64}","seq":1,'
        '"subject":"café version 1","what":"save","who":"Jo"}'
    )
    (first,) = store.entries()
    assert (first.body_hash, first.hash) == (body_hash, hashlib.sha256(entry.encode()).hexdigest())


def test_reading_leaves_the_log_alone(filled: Store) -> None:
    filled.scenarios(), filled.runs(), filled.versions("two-bases"), filled.verify_log()
    with filled.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM log")).scalar_one() == 4
