"""Downloads: no cell of text is ever a formula, and no number is ever changed."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.areas import by_code
from data.register_file import read_register
from forecast.longform import COLUMNS
from forecast.summary import SHORTFALL_COLUMNS
from forecast.ui import exports
from forecast.ui.views import AreaView

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "'=1", '=HYPERLINK("http://a.b")')


def reopened(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("cell", FORMULAS)
def test_text_that_looks_like_a_formula_is_guarded(cell: str) -> None:
    rows = reopened(exports.to_csv(pd.DataFrame({"setting": [cell], "places": [-5]})))
    assert rows == [["setting", "places"], [f"'{cell}", "-5"]]


def test_headings_are_guarded_and_ordinary_text_is_not() -> None:
    rows = reopened(exports.to_csv(pd.DataFrame({"=cmd": ["Under 5", "O'Neill", "a = b"]})))
    assert rows == [["'=cmd"], ["Under 5"], ["O'Neill"], ["a = b"]]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_numbers_stay_the_same_numbers(numbers: list[float]) -> None:
    rows = reopened(exports.to_csv(pd.DataFrame({"value": numbers})))
    assert [float(r[0]) for r in rows[1:]] == numbers


def test_missing_text_stays_empty() -> None:
    assert reopened(exports.to_csv(pd.DataFrame({"a": ["x", None], "b": [1, 2]})))[2] == ["", "2"]


def test_downloads_of_an_authority_hold_the_contract(redbridge: AreaView) -> None:
    assert list(redbridge.files) == [
        "plans.csv",
        "shortfall.csv",
        "summary.md",
        "run.json",
        "capacity-redbridge.csv",
    ]
    plans = pd.read_csv(io.BytesIO(redbridge.files["plans.csv"]), encoding="utf-8-sig")
    shortfall = pd.read_csv(io.BytesIO(redbridge.files["shortfall.csv"]), encoding="utf-8-sig")
    assert tuple(plans.columns) == COLUMNS
    assert tuple(shortfall.columns) == SHORTFALL_COLUMNS
    assert set(plans["target"]) == set(range(2026, 2036))
    assert "Redbridge had 3,391 EHC plans" in redbridge.files["summary.md"].decode()
    run = json.loads(redbridge.files["run.json"])
    assert run["arguments"]["years"] == 10
    assert run["draws"] == run["arguments"]["draws"]


def test_the_register_download_can_be_read_back(redbridge: AreaView, tmp_path: Path) -> None:
    path = tmp_path / "capacity.csv"
    path.write_bytes(redbridge.files["capacity-redbridge.csv"])
    assert len(read_register(path, la_code=by_code(317).la_code).rows) > 20
