"""Laws of the store, for any texts, any order of saves, any edit and any cut."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.errors import ConflictError, OptionError, StoreError
from data.sign_in.people import this_computer
from scenarios.store import Draft, Store, Version
from scenarios.store.bundle import FORMAT
from tests.stores import content, draft, facts_of, tamper, ticking

FEW = settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
"""Every example makes a file."""

LINES = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=40).filter(
    str.strip
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | LINES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(LINES, inner, max_size=3),
    max_leaves=8,
)
DRAFTS = st.builds(
    lambda name, title, values, key: Draft(name, title, json.dumps(values, ensure_ascii=False), key),
    LINES,
    LINES,
    st.dictionaries(LINES, VALUES, max_size=4),
    LINES,
)
SAVES = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c"]), st.integers(0, 3), st.integers(0, 4), st.sampled_from(["Jo", "Sam"])
    ),
    max_size=12,
)
"""Which scenario, which text, which version it began from, and who."""


@FEW
@given(one=DRAFTS, who=LINES, comment=LINES | st.just(""))
def test_any_text_comes_back_and_survives_an_export(one: Draft, who: str, comment: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / "a.sqlite")
        version = store.save(one, expected_version=0, who=this_computer(who), comment=comment)
        assert version.body == one.body
        assert store.scenarios() == (version,)
        store.export_all(Path(folder) / "export.jsonl")
        other = Store.open(Path(folder) / "b.sqlite")
        other.import_all(Path(folder) / "export.jsonl", who=this_computer("Al"))
        assert other.versions(one.scenario_id) == (version,)
        assert (store.verify_log(), other.verify_log()) == (None, None)


@FEW
@given(saves=SAVES)
def test_the_store_does_what_a_list_would(saves: list[tuple[str, int, int, str]]) -> None:
    """Whatever is saved in whatever order: versions are added at the end or refused, and never anything else."""
    model: dict[str, list[Version]] = {}
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / "a.sqlite", ticking())
        for name, text, began, who in saves:
            one, kept = draft(name, f"text {text}"), model.setdefault(name, [])
            before = content(store)
            if kept and kept[-1].body == one.body:
                assert store.save(one, expected_version=began, who=this_computer(who)) == kept[-1]
                assert content(store) == before
            elif began != len(kept):
                with pytest.raises(ConflictError):
                    store.save(one, expected_version=began, who=this_computer(who))
                assert content(store) == before
            else:
                kept.append(store.save(one, expected_version=began, who=this_computer(who)))
                assert (kept[-1].version, kept[-1].saved_by) == (began + 1, who)
        for name, kept in model.items():
            if kept:
                assert list(store.versions(name)) == kept
        assert len(store.entries()) == sum(len(kept) for kept in model.values())
        assert store.verify_log() is None


TEXT_COLUMNS = (
    ("scenario_version", "scenario_id"), ("scenario_version", "title"), ("scenario_version", "body"),
    ("scenario_version", "comment"), ("run", "summary"), ("run", "run_by"), ("log", "who"), ("log", "hash"),
)  # fmt: skip


@FEW
@given(
    where=st.sampled_from(TEXT_COLUMNS),
    row=st.integers(0, 2),
    at=st.integers(0, 500),
    to=st.sampled_from("xyÉ0"),
)
def test_one_changed_character_is_found(where: tuple[str, str], row: int, at: int, to: str) -> None:
    table, column = where
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / "a.sqlite", ticking())
        for number in range(3):
            kept = store.save(
                draft(note=f"text {number}"),
                expected_version=number,
                who=this_computer("Jo"),
                comment="Because",
            )
            store.record_run(
                facts_of(kept.scenario_id, kept.version, kept.key),
                {"short": number},
                who=this_computer("Sam"),
            )
        place = f"rowid = (SELECT rowid FROM {table} ORDER BY rowid LIMIT 1 OFFSET {row})"
        with store.engine.connect() as connection:
            old = connection.exec_driver_sql(f"SELECT {column} FROM {table} WHERE {place}").scalar_one()
        new = old[: at % len(old)] + to + old[at % len(old) + 1 :]
        tamper(store, f"UPDATE {table} SET {column} = '{new}' WHERE {place}")
        found = store.verify_log()
        assert (found is None) == (new == old)


@FEW
@given(data=st.data())
def test_an_export_with_any_byte_changed_is_refused_whole(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / "a.sqlite", ticking())
        kept = store.save(draft(), expected_version=0, who=this_computer("Jo"))
        store.record_run(facts_of(kept.scenario_id, 1, kept.key), {}, who=this_computer("Sam"))
        path = Path(folder) / "export.jsonl"
        store.export_all(path)
        whole = path.read_bytes()
        at = data.draw(st.integers(0, len(whole) - 1))
        path.write_bytes(whole[:at] + bytes([whole[at] ^ data.draw(st.integers(1, 255))]) + whole[at + 1 :])
        other = Store.open(Path(folder) / "b.sqlite")
        with pytest.raises(StoreError, match="Nothing was saved"):
            other.import_all(path, who=this_computer("Al"))
        assert content(other) == ([], (), ())


@FEW
@given(
    held=st.binary(max_size=300)
    | st.builds(
        lambda rest: json.dumps({"format": FORMAT, **rest}).encode() + b"\n", st.dictionaries(LINES, VALUES)
    )
)
def test_any_bytes_are_imported_whole_or_refused_in_words(held: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.jsonl"
        path.write_bytes(held)
        store = Store.open(Path(folder) / "a.sqlite")
        with pytest.raises(StoreError, match="Nothing was saved"):
            store.import_all(path, who=this_computer("Al"))
        assert content(store) == ([], (), ())


@FEW
@given(title=st.text(max_size=20), who=st.text(max_size=20), body=st.text(max_size=60))
def test_any_words_are_kept_or_refused_in_words(title: str, who: str, body: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / "a.sqlite")
        try:
            kept = store.save(
                replace(draft(), title=title, body=body), expected_version=0, who=this_computer(who)
            )
        except (StoreError, OptionError):
            assert content(store) == ([], (), ())
        else:
            assert store.get("two-bases") == kept
