"""What changed between two registers: rows are followed through edits, places are compared year by year."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from data.errors import RegisterError
from data.registers.differences import diff
from data.registers.register import Register, frame

ROW: dict[str, Any] = {
    "setting": "Oak School", "urn": 123456, "provision": "state_special", "needs": "ASD;SLD", "age_low": 4,
    "age_high": 10, "from_academic_year": "2024/25", "places": 70, "located": "local", "status": "open",
    "basis": "council", "confidence": "high", "source": "council records",
}  # fmt: skip


def register(*changes: dict[str, Any], la_code: int | None = 317) -> Register:
    return Register(la_code, frame({**ROW, **change} for change in changes), "made")


def test_an_edited_row_is_changed_cell_by_cell() -> None:
    found = diff(register({}), register({"places": 80, "note": "two classrooms", "max_occupancy": 95.0}))
    assert (len(found.added), len(found.removed)) == (0, 0)
    (row,) = found.changed
    assert (row.setting, row.row) == ("Oak School", 2)
    assert row.cells == (("places", "70", "80"), ("max_occupancy", "", "95"), ("note", "", "two classrooms"))


def test_rows_of_one_setting_are_matched_by_what_they_share_most() -> None:
    old = register({"to_academic_year": "2025/26"}, {"from_academic_year": "2026/27", "places": 90})
    new = register(
        {"to_academic_year": "2026/27"},
        {"from_academic_year": "2027/28", "places": 90},
        {"setting": "Elm", "places": 10, "provision": "specialist_base", "age_low": 11, "age_high": 15},
    )
    found = diff(old, new)
    assert found.added["setting"].tolist() == ["Elm"]
    assert [c.cells for c in found.changed] == [
        (("to_academic_year", "2025/26", "2026/27"),),
        (("from_academic_year", "2026/27", "2027/28"),),
    ]
    moved = found.moved.drop(columns=["before", "after"]).to_records(index=False).tolist()
    assert ("2026/27", "state_special", "primary", -20.0) in moved
    assert found.sentence() == (
        "1 row added, 2 rows changed. Counted places: +10 Specialist base (SEN unit or resourced provision), secondary, "
        "2024/25 to 2028/29; -20 State-funded special school, primary, 2026/27."
    )


def test_places_are_compared_with_explicit_zeros() -> None:
    places = diff(register({}), register({"setting": "Elm"})).places
    assert list(places.columns) == ["academic_year", "provision", "phase", "before", "after", "change"]
    assert len(places) == 2 * 3 * 4, "2024/25 and the year after"
    assert (places["change"] == 0).all()


def test_a_note_alone_moves_no_places() -> None:
    found = diff(register({}), register({"note": "checked"}))
    assert found.sentence() == "1 row changed. Counted places stay the same in every year."
    assert found.moved.empty


def test_the_order_of_rows_does_not_matter() -> None:
    one = register({}, {"setting": "Elm"})
    other = replace(one, rows=one.rows.iloc[::-1])
    assert diff(one, other).empty
    assert diff(one, other).sentence() == "The two registers hold the same rows."


def test_registers_of_two_authorities_are_not_compared() -> None:
    with pytest.raises(RegisterError, match=r"authority 317 .* of 886"):
        diff(register({}), register({}, la_code=886))
    assert diff(register({}), register({}, la_code=None)).empty


def test_many_changes_are_counted_rather_than_listed() -> None:
    sizes = {f"20{y}/{y + 1}": y for y in range(25, 37)}
    old = [{"from_academic_year": y, "to_academic_year": y} for y in sizes]
    new = [{**row, "places": 70 + sizes[row["from_academic_year"]]} for row in old]
    sentence = diff(register(*old), register(*new)).sentence()
    assert sentence.startswith("12 rows changed. Counted places: +25 State-funded")
    assert sentence.endswith("; and 4 more.")
    assert isinstance(diff(register(*old), register(*new)).places, pd.DataFrame)
