"""A register while it is edited: nothing typed is lost, and what cannot be used is said row by row."""

from __future__ import annotations

import pandas as pd
import pytest

from data.errors import RegisterError
from data.registers import starting_register
from data.registers.differences import diff
from data.registers.register import COLUMNS
from forecast.ui.views import register_draft
from forecast.ui.views.register_draft import changes, checked, editable, written

SHIPPED = starting_register.shipped(317)


def test_a_draft_that_nobody_touched_is_the_register() -> None:
    again = checked(written(editable(SHIPPED)), "draft.csv", 317)
    assert again.rows.equals(SHIPPED.rows)
    assert diff(SHIPPED, again).empty


def test_rows_are_numbered_as_in_messages() -> None:
    frame = editable(SHIPPED)
    assert frame.index[0] == register_draft.FIRST_ROW == 2
    frame.loc[5, "places"] = "many"
    with pytest.raises(RegisterError, match="Row 5"):
        checked(written(frame), "your edits.csv", 317)


def test_a_new_row_with_blanks_is_a_problem_and_an_empty_one_is_not() -> None:
    frame = editable(SHIPPED)
    empty = pd.concat([frame, pd.DataFrame([[None] * len(COLUMNS)], columns=list(COLUMNS))])
    assert checked(written(empty), "x.csv", 317).rows.equals(SHIPPED.rows)
    half = pd.concat([frame, pd.DataFrame([{"setting": "New school"}])])
    with pytest.raises(RegisterError, match="is blank"):
        checked(written(half), "x.csv", 317)


def test_a_draft_that_cannot_be_used_can_still_be_downloaded_whole() -> None:
    frame = editable(SHIPPED)
    frame.loc[2, ["places", "note"]] = ["many", "=1+1"]
    content = written(frame).decode("utf-8-sig")
    assert ",many," in content
    assert "'=1+1" in content, "no cell may reach a spreadsheet as a formula"


def test_changes_are_told_a_row_each() -> None:
    frame = editable(SHIPPED)
    frame.loc[2, "places"] = "200"
    told = changes(diff(SHIPPED, checked(written(frame), "x.csv", 317)))
    assert told.to_numpy().tolist() == [["Changed", "Hatton School", "places from 191 to 200"]]
    fewer = changes(diff(SHIPPED, checked(written(editable(SHIPPED).iloc[1:]), "x.csv", 317)))
    assert fewer["What"].tolist() == ["Removed"]
