"""What a provision is, told once: agrees with the vocabulary, with prices and place rates, may be dated, and is cheap to read."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from data import provisions, tables
from data.errors import TableError
from data.panels import specialist_use
from data.prices.place_rates import place_rates
from data.prices.starting_books import england
from data.vocabulary import ALL, PHASE_CODES, PROVISION_CODES, PROVISIONS, SPECIALIST_PROVISIONS
from tests.reference_files import edited_reference, forget


@pytest.fixture
def edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a copy of the table that is read instead of the shipped one."""
    shutil.copytree(provisions.FOLDER, tmp_path / "provisions")
    monkeypatch.setattr(provisions, "FOLDER", tmp_path / "provisions")
    provisions.provisions.cache_clear()
    yield tmp_path / "provisions" / "provisions.csv"
    monkeypatch.undo()
    provisions.provisions.cache_clear()


def test_codes_labels_and_order_are_those_of_the_vocabulary() -> None:
    assert {p.code: p.label for p in provisions.provisions()} == PROVISIONS
    assert tuple(p.code for p in provisions.provisions()) == PROVISION_CODES
    assert provisions.specialist() == SPECIALIST_PROVISIONS


def test_children_turned_away_are_looked_for_where_the_table_says() -> None:
    assert provisions.takes_overflow() == specialist_use.OVERFLOW
    by_place = set(provisions.paid_by_place())
    assert tuple(p for p in provisions.specialist() if p in by_place) == specialist_use.STATE_SPECIALIST


def test_every_provision_that_needs_a_place_rate_has_one_and_no_other() -> None:
    ages: dict[str, set[int]] = {}
    for provision, low, high, _ in place_rates():
        ages.setdefault(provision, set()).update(range(max(low, 2), high + 1))
    for p in provisions.provisions():
        needed = {"all": set(range(2, 26)), "post16": set(range(16, 26)), "": set()}[p.place_rate]
        assert ages.get(p.code, set()) == needed, p.code


def test_every_provision_is_paid_for_by_the_item_the_table_says() -> None:
    items = {p.placement_item for p in provisions.provisions() if p.placement_item}
    priced = {(p.item, p.provision) for p in england().prices if p.item in items}
    assert priced == {(p.placement_item, p.code) for p in provisions.provisions() if p.placement_item}


def test_lines_of_spending_are_published_ones() -> None:
    published = set(tables.read("s251_high_needs_2021_22")["line"])
    assert {line for p in provisions.provisions() for line in p.s251_outturn} <= published
    assert provisions.recorded_with("mainstream") == ("mainstream", "specialist_base")
    assert provisions.recorded_with("support_base") == ("support_base",)


def test_names_of_files_belong_to_one_provision() -> None:
    names = [name for p in provisions.provisions() for name in p.also_called]
    assert len(names) == len(set(names))
    assert provisions.spellings()["pupil referral unit"] == "ap"


def test_specialist_provisions_have_names_for_sentences_and_columns() -> None:
    for code in SPECIALIST_PROVISIONS:
        facts = provisions.facts_of(code)
        assert facts.short_label
        assert facts.heading
        assert facts.elsewhere_label


def test_destinations_are_paid_as_provisions_and_specialist_ones_come_first() -> None:
    codes = tuple(d.code for d in provisions.destinations())
    assert codes[: len(SPECIALIST_PROVISIONS)] == SPECIALIST_PROVISIONS
    for end in provisions.destinations():
        assert {end.paid_as(phase) for phase in PHASE_CODES} <= set(PROVISION_CODES)
    assert [d.code for d in provisions.destinations() if not d.need_met] == ["waiting", "neet"]


def test_a_fact_may_change_from_a_january_on(edited: Path) -> None:
    with edited.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    at = next(i for i, row in enumerate(rows) if row["provision"] == "support_base")
    rows[at : at + 1] = [
        rows[at] | {"to_january": "2026"},
        rows[at] | {"from_january": "2027", "counted_with": ""},
    ]
    with edited.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    assert provisions.counted_elsewhere() == {}
    for january, counted_with in ((2010, "mainstream"), (2026, "mainstream"), (2027, ""), (2040, "")):
        found = provisions.provisions(january)
        assert tuple(p.code for p in found) == PROVISION_CODES
        assert next(p for p in found if p.code == "support_base").counted_with == counted_with


def test_a_row_that_breaks_the_rules_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edited_reference(
        tmp_path,
        monkeypatch,
        provisions.PROVISIONS_FILE,
        lambda f: f.assign(interns=["perhaps", *f["interns"][1:]]),
    )
    with pytest.raises(TableError, match="row 2 column 'interns': 'perhaps'"):
        tables.read_checked_reference(provisions.PROVISIONS_FILE)
    monkeypatch.undo()
    forget()


def test_asking_for_a_fact_loads_no_library() -> None:
    asked = (
        "import sys; from data.provisions import paid_by_place; paid_by_place(); "
        "print([m for m in ('numpy', 'pandas', 'pandera', 'xarray') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_no_provision_is_called_all() -> None:
    assert ALL not in PROVISION_CODES
