"""Saving, finding and recording: versions are added and never overwritten, on both kinds of database."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from data.errors import ConflictError, PlannerError, StoreError
from data.sign_in.people import Person, Role, this_computer
from scenarios.store import Draft, RunFacts, Store
from scenarios.store.checks import BODY
from tests.stores import FACTS, content, draft, facts_of


def test_what_is_saved_comes_back_to_the_letter(store: Store) -> None:
    body = '{ "id":"two-bases", "note": "£2.5m  Café Łódź 中 \\t \\n", "size": 1.50 }'
    kept = store.save(
        Draft("two-bases", "Two bases", body, "k" * 64),
        expected_version=0,
        who=this_computer("Jo Ó'Neill"),
        comment="Why",
    )
    assert store.get("two-bases", 1) == kept
    assert (kept.version, kept.body, kept.saved_by, kept.comment) == (1, body, "Jo Ó'Neill", "Why")
    assert kept.saved_at == datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def test_each_change_is_a_version_and_earlier_ones_stay(store: Store) -> None:
    for number in range(4):
        store.save(draft(note=f"change {number}"), expected_version=number, who=this_computer("Jo"))
    versions = store.versions("two-bases")
    assert [one.version for one in versions] == [1, 2, 3, 4]
    assert [one.body for one in versions] == [draft(note=f"change {number}").body for number in range(4)]
    assert store.latest("two-bases") == versions[-1] == store.get("two-bases")
    assert store.get("two-bases", 2) == versions[1]


def test_the_list_has_the_latest_of_each(store: Store) -> None:
    for name in ("b", "B", "a-2", "a"):
        store.save(draft(name), expected_version=0, who=this_computer("Jo"))
    store.save(draft("b", "changed"), expected_version=1, who=this_computer("Jo"))
    assert [(one.scenario_id, one.version) for one in store.scenarios()] == [
        ("B", 1),
        ("a", 1),
        ("a-2", 1),
        ("b", 2),
    ]


def test_saving_the_same_again_adds_nothing(store: Store) -> None:
    first = store.save(draft(), expected_version=0, who=this_computer("Jo"))
    before = content(store)
    assert store.save(draft(), expected_version=1, who=this_computer("Sam")) == first
    assert store.save(draft(), expected_version=0, who=this_computer("Sam")) == first
    assert content(store) == before


def test_another_title_is_another_version(store: Store) -> None:
    store.save(draft(), expected_version=0, who=this_computer("Jo"))
    renamed = replace(draft(), title="Two bases in the east")
    assert store.save(renamed, expected_version=1, who=this_computer("Jo")).version == 2


def test_going_back_to_an_earlier_text_is_a_version_of_its_own(store: Store) -> None:
    store.save(draft(note="first"), expected_version=0, who=this_computer("Jo"))
    store.save(draft(note="second"), expected_version=1, who=this_computer("Jo"))
    assert store.save(draft(note="first"), expected_version=2, who=this_computer("Jo")).version == 3


def test_whoever_saves_second_is_told_who_was_first(store: Store) -> None:
    store.save(draft(note="first"), expected_version=0, who=this_computer("Jo"))
    store.save(draft(note="Jo's change"), expected_version=1, who=this_computer("Jo"))
    before = content(store)
    with pytest.raises(ConflictError) as raised:
        store.save(draft(note="Sam's change"), expected_version=1, who=this_computer("Sam"))
    assert str(raised.value) == (
        "'two-bases' was changed by Jo on 22 November 2026 at 09:31 UTC (version 2) since you opened version 1. "
        "Nothing was saved. Open version 2, make your change there and save again."
    )
    assert content(store) == before


@pytest.mark.parametrize(
    ("expected", "words"),
    [(0, "There is already a scenario 'two-bases'"), (7, "The work began from version 7 of 'two-bases'")],
)
def test_other_conflicts_are_told_apart(store: Store, expected: int, words: str) -> None:
    store.save(draft(), expected_version=0, who=this_computer("Jo"))
    before = content(store)
    with pytest.raises(ConflictError, match=words):
        store.save(draft(note="other"), expected_version=expected, who=this_computer("Sam"))
    assert content(store) == before


def test_a_scenario_of_another_store_is_not_begun_at_version_3(store: Store) -> None:
    with pytest.raises(ConflictError, match="is not in this store, but the work began from its version 3"):
        store.save(draft(), expected_version=3, who=this_computer("Sam"))
    assert store.scenarios() == ()


def test_a_conflict_is_an_error_of_the_store_and_of_the_planner() -> None:
    assert issubclass(ConflictError, StoreError)
    assert issubclass(StoreError, PlannerError)


def test_a_scenario_that_is_not_there_is_said_with_near_names(store: Store) -> None:
    store.save(draft("two-bases"), expected_version=0, who=this_computer("Jo"))
    for ask in (store.get, store.latest, store.versions):
        with pytest.raises(StoreError, match=r"no scenario 'two-base' in .* Did you mean two-bases"):
            ask("two-base")
    with pytest.raises(StoreError, match=r"no version 2 of 'two-bases' in .*: it has versions 1 to 1"):
        store.get("two-bases", 2)
    with pytest.raises(StoreError, match="no version 0"):
        store.get("two-bases", 0)


def test_a_run_keeps_what_it_was_made_of(store: Store) -> None:
    kept = store.save(draft(), expected_version=0, who=this_computer("Jo"))
    facts = facts_of("two-bases", 1, kept.key)
    run = store.record_run(facts, {"short in 2030": 41.5, "note": "£"}, who=this_computer("Sam"))
    unsaved = store.record_run(FACTS, {}, who=this_computer("Sam"))
    assert store.runs("two-bases") == (run,)
    assert store.runs() == (run, unsaved)
    assert (run.facts, run.summary, run.run_by) == (facts, '{"short in 2030": 41.5, "note": "£"}', "Sam")
    assert uuid.UUID(run.run_id).version == 4
    assert store.runs("nothing") == ()


def test_a_run_of_the_library_is_found_by_its_name(store: Store) -> None:
    run = store.record_run(replace(FACTS, scenario_id="reform-2030"), {}, who=this_computer("Sam"))
    assert store.runs("reform-2030") == (run,)
    assert store.scenarios() == ()


def test_a_run_of_another_text_is_not_tied_to_a_version(store: Store) -> None:
    store.save(draft(), expected_version=0, who=this_computer("Jo"))
    before = content(store)
    with pytest.raises(StoreError, match="two-bases version 1 has hash"):
        store.record_run(facts_of("two-bases", 1, "0" * 64), {}, who=this_computer("Sam"))
    with pytest.raises(StoreError, match="no version 2"):
        store.record_run(facts_of("two-bases", 2, "0" * 64), {}, who=this_computer("Sam"))
    assert content(store) == before


BAD_DRAFTS = {
    "no id": replace(draft(), scenario_id=" "),
    "a title of two lines": replace(draft(), title="Two\nbases"),
    "half a character": replace(draft(), title="Two \ud800 bases"),
    "NUL": replace(draft(), scenario_id="two\x00bases"),
    "a long title": replace(draft(), title="x" * 401),
    "no key": replace(draft(), key=""),
    "not JSON": replace(draft(), body="id: two-bases"),
    "cut short": replace(draft(), body=draft().body[:-1]),
    "a list": replace(draft(), body="[]"),
    "not a number": replace(draft(), body='{"size": NaN}'),
    "endless": replace(draft(), body='{"size": -Infinity}'),
    "too deep": replace(draft(), body='{"a":' + "[" * 200_000 + "]" * 200_000 + "}"),
    "too long": replace(draft(), body='{"a":"' + "x" * BODY + '"}'),
    "half a character in the body": replace(draft(), body='{"a":"\ud800"}'),
    "a bell in the body": replace(draft(), body=r'{"levers": [{"note": "\u0007"}]}'),
    "an escape in a key of the body": replace(draft(), body=r'{"\u001b[2J": 1}'),
    "not text": replace(draft(), body=b"{}"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("bad", BAD_DRAFTS.values(), ids=BAD_DRAFTS)
def test_a_draft_that_cannot_be_kept_leaves_the_store_as_it_was(store: Store, bad: Draft) -> None:
    store.save(draft("another"), expected_version=0, who=this_computer("Jo"))
    before = content(store)
    with pytest.raises(StoreError, match=r"Nothing was saved\. "):
        store.save(bad, expected_version=0, who=this_computer("Jo"))
    assert content(store) == before


@pytest.mark.parametrize(
    "change",
    [{"who": ""}, {"who": "Jo\x1b[31m"}, {"comment": "one\ntwo"}, {"comment": "one\u2028two"},
     {"comment": "x" * 2001}, {"expected_version": -1}, {"expected_version": True}],
    ids=str,
)  # fmt: skip
def test_a_save_that_says_nonsense_leaves_the_store_as_it_was(
    store: Store, change: dict[str, object]
) -> None:
    said = {"expected_version": 0, "who": "Jo", **change}
    with pytest.raises(StoreError, match=r"Nothing was saved\. "):
        store.save(draft(), **(said | {"who": Person(str(said["who"]), "", Role.ADMIN)}))  # type: ignore[arg-type]
    assert content(store) == ([], (), ())


@pytest.mark.parametrize(
    "bad",
    [replace(FACTS, seed=2**63), replace(FACTS, seed=-1), replace(FACTS, draws=0), replace(FACTS, years=2**31),
     replace(FACTS, la_code=True), replace(FACTS, data_hash=""), replace(FACTS, scenario_id="two\nbases"),
     replace(FACTS, version=1)],
    ids=str,
)  # fmt: skip
def test_a_run_that_cannot_be_kept_leaves_the_store_as_it_was(store: Store, bad: RunFacts) -> None:
    with pytest.raises(StoreError, match=r"Nothing was saved\. "):
        store.record_run(bad, {}, who=this_computer("Jo"))
    assert content(store) == ([], (), ())


@pytest.mark.parametrize(
    "figures",
    [{"short": float("nan")}, {"short": object()}, {"a": "\ud800"}, {"a": ["\x07"]}],
    ids=["nan", "object", "surrogate", "bell"],
)
def test_figures_that_json_cannot_hold_are_refused(store: Store, figures: dict[str, object]) -> None:
    with pytest.raises(StoreError, match=r"Nothing was saved\. "):
        store.record_run(FACTS, figures, who=this_computer("Jo"))
    assert store.runs() == ()


def test_the_largest_numbers_are_kept(store: Store) -> None:
    facts = replace(FACTS, seed=2**63 - 1, draws=2**31 - 1)
    assert store.record_run(facts, {}, who=this_computer("Jo")) == store.runs()[0]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE scenario_version SET title = 'Mine'",
        "DELETE FROM scenario_version",
        "UPDATE run SET seed = 2",
        "DELETE FROM run",
        "UPDATE log SET who = 'Nobody'",
        "DELETE FROM log",
    ],
)
def test_the_database_itself_refuses_to_change_what_is_kept(store: Store, statement: str) -> None:
    kept = store.save(draft(), expected_version=0, who=this_computer("Jo"))
    store.record_run(facts_of("two-bases", 1, kept.key), {}, who=this_computer("Jo"))
    before = content(store)
    with (
        pytest.raises(DatabaseError, match="rows of a scenario store are never changed or deleted"),
        store.engine.begin() as connection,
    ):
        connection.execute(text(statement))
    assert content(store) == before


@pytest.mark.parametrize("where", ["file"], indirect=True)
def test_a_file_refuses_to_replace_a_row(store: Store) -> None:
    store.save(draft(), expected_version=0, who=this_computer("Jo"))
    with (
        pytest.raises(DatabaseError, match="never changed or deleted"),
        store.engine.begin() as connection,
    ):
        connection.execute(text("INSERT OR REPLACE INTO scenario_version SELECT * FROM scenario_version"))


@pytest.mark.parametrize("where", ["server"], indirect=True)
def test_a_server_refuses_to_empty_a_table(store: Store) -> None:
    with (
        pytest.raises(DatabaseError, match="never changed or deleted"),
        store.engine.begin() as connection,
    ):
        connection.execute(text("TRUNCATE log"))


def test_the_log_follows_what_was_done(store: Store) -> None:
    kept = store.save(draft(), expected_version=0, who=this_computer("Jo"))
    run = store.record_run(facts_of("two-bases", 1, kept.key), {}, who=this_computer("Sam"))
    first, second = store.entries()
    assert (first.seq, first.who, first.what, first.subject) == (1, "Jo", "save", "two-bases version 1")
    assert (second.seq, second.who, second.what, second.subject) == (2, "Sam", "run", f"run {run.run_id}")
    assert second.previous_hash == first.hash
    assert store.verify_log() is None


def test_an_error_in_the_middle_of_a_save_takes_all_of_it_back(where: str) -> None:
    def broken() -> datetime:
        raise KeyboardInterrupt

    Store.open(where).save(draft("another"), expected_version=0, who=this_computer("Jo"))
    before = content(Store.open(where))
    with pytest.raises(KeyboardInterrupt):
        Store.open(where, broken).save(draft(), expected_version=0, who=this_computer("Jo"))
    assert content(Store.open(where)) == before
    assert Store.open(where).save(draft(), expected_version=0, who=this_computer("Jo")).version == 1
