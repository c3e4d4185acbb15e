"""Downloads: no cell of text is ever a formula, and no number is ever changed."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.areas import Area, by_code
from data.errors import RegisterError
from data.registers.register_file import read_register
from forecast.core.defaults import DRAWS, SEED
from forecast.core.outcome import Outcome
from forecast.core.quantile_table import COLUMNS
from forecast.core.table_files import csv_bytes
from forecast.presentation.summary import SHORTFALL_COLUMNS
from forecast.runs.baseline import Baseline, ForecastInputs
from forecast.ui.background.national_job import every_authority, zipped
from forecast.ui.views.downloads import files

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "'=1", '=HYPERLINK("http://a.b")')


def reopened(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("cell", FORMULAS)
def test_text_that_looks_like_a_formula_is_guarded(cell: str) -> None:
    rows = reopened(csv_bytes(pd.DataFrame({"setting": [cell], "places": [-5]})))
    assert rows == [["setting", "places"], [f"'{cell}", "-5"]]


def test_headings_are_guarded_and_ordinary_text_is_not() -> None:
    rows = reopened(csv_bytes(pd.DataFrame({"=cmd": ["Under 5", "O'Neill", "a = b"]})))
    assert rows == [["'=cmd"], ["Under 5"], ["O'Neill"], ["a = b"]]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_numbers_stay_the_same_numbers(numbers: list[float]) -> None:
    rows = reopened(csv_bytes(pd.DataFrame({"value": numbers})))
    assert [float(r[0]) for r in rows[1:]] == numbers


def test_missing_text_stays_empty() -> None:
    assert reopened(csv_bytes(pd.DataFrame({"a": ["x", None], "b": [1, 2]})))[2] == ["", "2"]


@pytest.fixture(scope="module")
def held(redbridge: Outcome, inputs: ForecastInputs) -> dict[str, bytes]:
    return files(redbridge, inputs.history)


def test_downloads_of_an_authority_hold_the_contract(held: dict[str, bytes]) -> None:
    assert {
        "plans.csv",
        "shortfall.csv",
        "settings.csv",
        "summary.md",
        "run.json",
        "capacity-redbridge.csv",
    } <= set(held)
    plans = pd.read_csv(io.BytesIO(held["plans.csv"]), encoding="utf-8-sig")
    shortfall = pd.read_csv(io.BytesIO(held["shortfall.csv"]), encoding="utf-8-sig")
    assert tuple(plans.columns) == COLUMNS
    assert tuple(shortfall.columns) == SHORTFALL_COLUMNS
    assert set(plans["target"]) == set(range(2027, 2037))
    assert "Redbridge had 3,830 EHC plans" in held["summary.md"].decode()
    run = json.loads(held["run.json"])
    assert run["arguments"]["years"] == 10
    assert run["draws"] == run["arguments"]["draws"]


def test_the_register_download_can_be_read_back(held: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "capacity.csv"
    path.write_bytes(held["capacity-redbridge.csv"])
    assert len(read_register(path, la_code=by_code(317).la_code).rows) > 20


def test_a_zip_holds_every_file_and_is_the_same_twice(held: dict[str, bytes]) -> None:
    content = zipped(held)
    assert content == zipped(held)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {n: archive.read(n) for n in archive.namelist()} == held


def test_one_authority_that_fails_does_not_lose_the_others(
    redbridge: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    baseline = ForecastInputs.baseline

    def fails(self: ForecastInputs, area: Area, **options: Any) -> Baseline:
        if area.la_code == 316:
            raise RegisterError("The register cannot be used.")
        return baseline(self, area, **options)

    monkeypatch.setattr(ForecastInputs, "baseline", fails)
    steps: list[tuple[int, int, str]] = []
    content = every_authority(lambda *step: steps.append(step), DRAWS, SEED, (316, 317))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        found = {n: pd.read_csv(archive.open(n), encoding="utf-8-sig") for n in archive.namelist()}
    assert found["not-forecast.csv"]["name"].tolist() == ["Newham"]
    assert steps[-1][:2] == (2, 2)
    own = found["plans.csv"]
    middle = own[
        (own["target"] == 2030)
        & (own["age_band"] == "All")
        & (own["need"] == "All")
        & (own["quantile"] == 0.5)
    ]
    assert middle["value"].iloc[0] == pytest.approx(
        float(redbridge.plans.future.sel(january=2030).sum(("age", "need")).median())
    )
