"""Registers, unit costs and schemes kept on January 2025 open unchanged, and what is kept now says what it was kept on."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.capital.candidate_file import read_candidates
from data.council_files.kept_files import CANDIDATES, REGISTERS, UNIT_COSTS
from data.made_with import UNWRITTEN, MadeWith
from data.prices.ledger import read_ledger
from data.prices.starting_books import inflation
from data.registers import kept_registers
from data.sign_in.people import this_computer
from tests.saved import copy_of

NOW = MadeWith(2026, "abcdef012345")


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for store, name in ((REGISTERS, "registers"), (UNIT_COSTS, "unit-costs"), (CANDIDATES, "candidates")):
        monkeypatch.setenv(store.variable, str(copy_of(name, tmp_path)))


def test_every_version_opens_with_every_row() -> None:
    first, second = kept_registers.versions(317)
    assert (first.who, second.who) == ("Ann Planner", "Ben Planner")
    added = set(kept_registers.read(second).rows["setting"]) - set(kept_registers.read(first).rows["setting"])
    assert added == {"Mill Lane base"}
    (costs,) = UNIT_COSTS.versions(317)
    assert {p.price for p in read_ledger(costs.path, inflation(), 317).prices} == {61000.0}
    (schemes,) = CANDIDATES.versions(317)
    opens = {c.id: c.opens for c in read_candidates(schemes.path, 317).rows}
    assert opens["base-mill-lane"] == 2025
    assert opens["base-next-year"] == 2026


def test_they_are_said_to_be_of_january_2025_or_earlier() -> None:
    for kept in (*kept_registers.versions(317), *UNIT_COSTS.versions(317), *CANDIDATES.versions(317)):
        assert kept.made_with == UNWRITTEN
        assert "(January 2025 or earlier)" in kept.description


def test_the_next_version_says_what_it_was_kept_on() -> None:
    register = kept_registers.read(kept_registers.find(317, 2))
    kept = kept_registers.keep(this_computer("Ann"), register, 317, 2, NOW)
    assert kept.made_with == NOW
    assert "(January 2026)" in kept.description
    assert [k.made_with for k in kept_registers.versions(317)] == [UNWRITTEN, UNWRITTEN, NOW]


@pytest.mark.parametrize("text", ["", "January 26", "January 2026, model", "January 2026, model XYZ", "\x00"])
def test_a_note_that_cannot_be_read_is_no_note(text: str) -> None:
    assert MadeWith.of_text(text) == UNWRITTEN


def test_a_note_reads_back() -> None:
    assert MadeWith.of_text(NOW.text) == NOW
    assert UNWRITTEN.text == ""
