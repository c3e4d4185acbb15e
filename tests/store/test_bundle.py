"""Exports: everything comes back, nothing is overwritten, and a file that is not whole changes nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from data.errors import ConflictError, ScenarioError, StoreError
from data.sign_in.people import this_computer
from scenarios.store import Imported, Store, Version, bundle
from scenarios.store.bundle import FORMAT
from scenarios.store.rows import row_hash
from tests.stores import FACTS, content, draft, facts_of, tamper, ticking


def filled(where: str | Path) -> Store:
    store = Store.open(where, ticking())
    kept = store.save(
        draft(note="£2m \u2028 Łódź"),
        expected_version=0,
        who=this_computer("Jo Ó'Neill"),
        comment="First try",
    )
    store.save(draft(note="second"), expected_version=1, who=this_computer("Sam"))
    store.save(draft("another"), expected_version=0, who=this_computer("Jo"))
    store.record_run(facts_of("two-bases", 1, kept.key), {"short": 41.5}, who=this_computer("Sam"))
    store.record_run(replace(FACTS, scenario_id="reform-2030"), {}, who=this_computer("Sam"))
    return store


def kept_rows(store: Store) -> tuple[object, object]:
    return content(store)[:2]


def test_all_of_a_store_comes_back_in_another(where: str, tmp_path: Path) -> None:
    store = filled(tmp_path / "from.sqlite")
    store.export_all(tmp_path / "export.jsonl")
    other = Store.open(where)
    assert other.import_all(tmp_path / "export.jsonl", who=this_computer("Al")) == Imported(3, 2, 0)
    assert kept_rows(other) == kept_rows(store)
    assert {(one.who, one.what) for one in other.entries()} == {
        ("Al", "import version"),
        ("Al", "import run"),
    }
    assert other.verify_log() is None


def test_importing_again_adds_nothing(where: str, tmp_path: Path) -> None:
    store = filled(where)
    store.export_all(tmp_path / "export.jsonl")
    before = content(store)
    assert store.import_all(tmp_path / "export.jsonl", who=this_computer("Al")) == Imported(0, 0, 5)
    assert content(store) == before


def test_a_store_that_is_behind_is_brought_up(where: str, tmp_path: Path) -> None:
    store = filled(tmp_path / "from.sqlite")
    store.export_all(tmp_path / "early.jsonl")
    other = Store.open(where)
    other.import_all(tmp_path / "early.jsonl", who=this_computer("Al"))
    store.save(draft(note="third"), expected_version=2, who=this_computer("Jo"))
    store.export_all(tmp_path / "late.jsonl")
    assert other.import_all(tmp_path / "late.jsonl", who=this_computer("Al")) == Imported(1, 0, 5)
    assert kept_rows(other) == kept_rows(store)
    assert other.save(draft(note="fourth"), expected_version=3, who=this_computer("Al")).version == 4


def test_two_exports_of_one_store_differ_only_in_their_time(tmp_path: Path) -> None:
    store = filled(tmp_path / "from.sqlite")
    for name in ("a", "b"):
        store.export_all(tmp_path / name)
    a, b = ((tmp_path / name).read_text().split("\n") for name in ("a", "b"))
    assert a[1:-2] == b[1:-2]
    assert json.loads(a[0])["log_hash"] == store.entries()[-1].hash


def test_conflicts_are_listed_and_nothing_is_imported(where: str, tmp_path: Path) -> None:
    store = filled(tmp_path / "from.sqlite")
    store.save(draft("new"), expected_version=0, who=this_computer("Jo"))
    store.export_all(tmp_path / "export.jsonl")
    other = Store.open(where)
    other.save(draft(note="quite another"), expected_version=0, who=this_computer("Al"))
    before = content(other)
    with pytest.raises(ConflictError) as raised:
        other.import_all(tmp_path / "export.jsonl", who=this_computer("Al"))
    said = str(raised.value)
    assert "two-bases version 1 is another in the store" in said
    assert "another version" not in said
    assert "Nothing was saved, and nothing the store holds was changed." in said
    assert content(other) == before


def test_many_conflicts_are_counted() -> None:
    said = bundle.describe_conflicts(Path("export.jsonl"), [f"conflict {number}" for number in range(1, 9)])
    assert "conflict 5; and 3 more." in said
    assert "conflict 6" not in said


Change = Callable[[list[dict[str, Any]]], object]
"""A change of the lines of an export, in place."""


def rewritten(path: Path, change: Change) -> None:
    """Change an export and make all its hashes true again, as someone who knows the layout could."""
    lines = [json.loads(line) for line in path.read_text().rstrip("\n").split("\n")]
    change(lines)
    for line in lines[1:-1]:
        if isinstance(line.get("row"), dict):
            line["hash"] = row_hash(line["row"])
    body = "".join(json.dumps(line, ensure_ascii=False, sort_keys=True) + "\n" for line in lines[:-1])
    last = {**lines[-1], "hash": bundle._hash(body)}
    last["versions"] = sum(line.get("kind") == "version" for line in lines)
    last["runs"] = sum(line.get("kind") == "run" for line in lines)
    path.write_text(body + json.dumps(last) + "\n")


def set_row(number: int, **values: object) -> Change:
    return lambda lines: lines[number]["row"].update(values)


REWRITINGS: dict[str, tuple[Change, str]] = {
    "another layout": (lambda lines: lines[0].update(format_version=3), "is an export of layout 3"),
    "another format": (lambda lines: lines[0].update(format="other"), "is not an export of scenarios"),
    "another kind of row": (lambda lines: lines[1].update(kind="other"), "line 2 is neither a version nor a run"),
    "no row": (lambda lines: lines[1].update(row=[]), "line 2 does not have the hash it gives"),
    "a field too many": (set_row(1, more=1), "line 2 lacks a field or has one too many"),
    "a field too many in a run": (set_row(4, more=1), "line 5 lacks a field or has one too many"),
    "a field too few": (lambda lines: lines[1]["row"].pop("key"), "line 2 lacks a field"),
    "a time in words": (set_row(1, saved_at="yesterday"), "Line 2 of .*saved_at is 'yesterday'"),
    "a time in another zone": (set_row(1, saved_at="2026-11-22T10:30:00.000000+01:00"), "line 2 lacks a field"),
    "a version of text": (set_row(1, version="1"), "Line 2 of .* not a whole number"),
    "a version 0": (set_row(1, version=0), "Line 2 of .* not a whole number from 1"),
    "a body that is no JSON": (set_row(1, body="levers:"), "Line 2 of .* is not JSON"),
    "a bell in a body": (set_row(1, body=r'{"note": "\u0007"}'), r"Line 2 of .* holds the character U\+0007"),
    "a title that moves the cursor": (set_row(1, title="\x1b[2J"), "Line 2 of .* cannot be shown"),
    "a seed of text": (set_row(4, seed="1"), "Line 5 of .* The seed of the run is '1'"),
    "an id of a run that is a number": (set_row(4, run_id=7), "Line 5 of .* The id of a run is not text"),
    "a gap": (lambda lines: lines.pop(2), "two-bases version 2 is there, but not version 1"),
    "a run of nothing": (set_row(4, scenario_id="nothing"), "is of nothing version 1, which is in neither"),
    "a version twice": (lambda lines: lines.insert(1, {**lines[1], "row": {**lines[1]["row"], "title": "B"}}),
                        "another version 1 is another in the store"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "words"), REWRITINGS.values(), ids=REWRITINGS)
def test_an_export_that_was_rewritten_changes_nothing(tmp_path: Path, change: Change, words: str) -> None:
    filled(tmp_path / "from.sqlite").export_all(tmp_path / "export.jsonl")
    rewritten(tmp_path / "export.jsonl", change)
    store = Store.open(tmp_path / "to.sqlite")
    store.save(draft("held"), expected_version=0, who=this_computer("Al"))
    before = content(store)
    with pytest.raises(StoreError, match=words) as raised:
        store.import_all(tmp_path / "export.jsonl", who=this_computer("Al"))
    assert "Nothing was saved" in str(raised.value)
    assert content(store) == before


def test_a_row_must_have_the_hash_its_line_gives(tmp_path: Path) -> None:
    path = tmp_path / "export.jsonl"
    filled(tmp_path / "from.sqlite").export_all(path)
    lines = path.read_text().rstrip("\n").split("\n")
    second = json.loads(lines[1])
    lines[1] = json.dumps({**second, "hash": "0" * 64})
    body = "".join(f"{line}\n" for line in lines[:-1])
    path.write_text(body + json.dumps({**json.loads(lines[-1]), "hash": bundle._hash(body)}) + "\n")
    with pytest.raises(StoreError, match="line 2 does not have the hash it gives"):
        Store.open(tmp_path / "to.sqlite").import_all(path, who=this_computer("Al"))


@pytest.mark.parametrize("kind", ["versions", "runs"])
def test_an_end_that_counts_otherwise_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "export.jsonl"
    filled(tmp_path / "from.sqlite").export_all(path)
    lines = path.read_text().rstrip("\n").split("\n")
    last = json.loads(lines[-1])
    path.write_text("\n".join([*lines[:-1], json.dumps({**last, kind: last[kind] + 1})]) + "\n")
    with pytest.raises(StoreError, match="does not hold as many versions and runs as its end says"):
        Store.open(tmp_path / "to.sqlite").import_all(path, who=this_computer("Al"))


def test_a_rewriting_that_changes_nothing_is_imported(tmp_path: Path) -> None:
    """The test above fails for its changes, and not for how it rewrites."""
    filled(tmp_path / "from.sqlite").export_all(tmp_path / "export.jsonl")
    rewritten(tmp_path / "export.jsonl", lambda lines: None)
    assert Store.open(tmp_path / "to.sqlite").import_all(
        tmp_path / "export.jsonl", who=this_computer("Al")
    ) == Imported(3, 2, 0)


def test_an_export_cut_anywhere_changes_nothing(tmp_path: Path) -> None:
    filled(tmp_path / "from.sqlite").export_all(tmp_path / "export.jsonl")
    whole = (tmp_path / "export.jsonl").read_bytes()
    store = Store.open(tmp_path / "to.sqlite")
    for end in range(0, len(whole), 37):
        (tmp_path / "cut.jsonl").write_bytes(whole[:end])
        with pytest.raises(StoreError, match="Nothing was saved"):
            store.import_all(tmp_path / "cut.jsonl", who=this_computer("Al"))
    (tmp_path / "cut.jsonl").write_bytes(whole[:-1])
    with pytest.raises(StoreError, match="its end is missing"):
        store.import_all(tmp_path / "cut.jsonl", who=this_computer("Al"))
    assert content(store) == ([], (), ())


def test_an_export_edited_by_hand_changes_nothing(tmp_path: Path) -> None:
    filled(tmp_path / "from.sqlite").export_all(tmp_path / "export.jsonl")
    text = (tmp_path / "export.jsonl").read_text()
    (tmp_path / "export.jsonl").write_text(text.replace("41.5", "14.5"))
    assert text.count("41.5") == 1
    store = Store.open(tmp_path / "to.sqlite")
    with pytest.raises(StoreError, match="was changed after it was written"):
        store.import_all(tmp_path / "export.jsonl", who=this_computer("Al"))
    assert content(store) == ([], (), ())


@pytest.mark.parametrize(
    "held",
    [b"", b"\n", b"id: two-bases\n", b"[]\n", b"[" * 100_000 + b"\n", b"\xff\xfe\x00", b"{}\n", b'{"format": null}\n'],
    ids=lambda held: repr(held[:12]),
)  # fmt: skip
def test_a_file_of_another_kind_is_said(tmp_path: Path, held: bytes) -> None:
    (tmp_path / "export.jsonl").write_bytes(held)
    store = Store.open(tmp_path / "to.sqlite")
    with pytest.raises(
        StoreError, match=r"(not an export of scenarios|its end is missing).* Nothing was saved"
    ):
        store.import_all(tmp_path / "export.jsonl", who=this_computer("Al"))
    assert content(store) == ([], (), ())


def test_a_file_of_only_a_first_line_has_no_end(tmp_path: Path) -> None:
    (tmp_path / "export.jsonl").write_text(json.dumps({"format": FORMAT, "format_version": 1}) + "\n")
    with pytest.raises(StoreError, match="its end is missing"):
        Store.open(tmp_path / "to.sqlite").import_all(tmp_path / "export.jsonl", who=this_computer("Al"))


def test_a_file_that_is_not_there_or_too_large_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = filled(tmp_path / "from.sqlite")
    with pytest.raises(StoreError, match=r"cannot be read \(No such file or directory\)"):
        store.import_all(tmp_path / "nothing.jsonl", who=this_computer("Al"))
    with pytest.raises(StoreError, match="cannot be read"):
        store.import_all(tmp_path, who=this_computer("Al"))
    store.export_all(tmp_path / "export.jsonl")
    monkeypatch.setattr(bundle, "MOST_BYTES", 1000)
    with pytest.raises(StoreError, match="is larger than"):
        store.import_all(tmp_path / "export.jsonl", who=this_computer("Al"))


def test_a_check_of_the_caller_may_refuse_a_version(tmp_path: Path) -> None:
    filled(tmp_path / "from.sqlite").export_all(tmp_path / "export.jsonl")
    store = Store.open(tmp_path / "to.sqlite")

    def refuse(version: Version) -> None:
        if version.version == 2:
            raise ScenarioError("no such lever")

    with pytest.raises(ScenarioError, match="no such lever"):
        store.import_all(tmp_path / "export.jsonl", who=this_computer("Al"), check=refuse)
    assert content(store) == ([], (), ())


def test_an_export_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = filled(tmp_path / "from.sqlite")
    path = tmp_path / "export.jsonl"
    path.write_text("the old one")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(StoreError, match=r"cannot be written to .* \(No space left on device\)"):
        store.export_all(path)
    assert path.read_text() == "the old one"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["export.jsonl", "from.sqlite"]


def test_a_store_changed_from_outside_is_not_exported(store: Store, tmp_path: Path) -> None:
    store.save(draft(), expected_version=0, who=this_computer("Jo"))
    tamper(store, "UPDATE scenario_version SET title = 'Mine'")
    with pytest.raises(
        StoreError, match=r"was not exported, .* two-bases version 1 was changed after it was saved"
    ):
        store.export_all(tmp_path / "export.jsonl")
    assert not (tmp_path / "export.jsonl").exists()
