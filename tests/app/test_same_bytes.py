"""The command line, the app and a notebook give the same bytes for one seed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from data import areas
from forecast.core import defaults
from forecast.core.table_files import csv_bytes
from forecast.presentation import summary
from forecast.presentation.record import RunTables
from forecast.runs.baseline import ForecastInputs
from forecast.ui.components import results
from forecast.ui.frame import choices
from forecast.ui.views import downloads
from tests.command_line import sendplan

DRAWS, SEED = 100, 7


def parquet(frame: pd.DataFrame, path: Path) -> bytes:
    frame.to_parquet(path, index=False)
    return path.read_bytes()


def test_the_command_line_the_app_and_a_notebook_give_the_same_bytes(
    inputs: ForecastInputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(defaults, "DRAWS", DRAWS)
    monkeypatch.setattr(defaults, "SEED", SEED)
    ended = sendplan(
        "forecast", "Redbridge", "--draws", str(DRAWS), "--seed", str(SEED), "--out", str(tmp_path / "cli")
    )
    assert ended.code == 0, ended.err

    asked, problems = choices.read({"area": "E09000026"})
    assert not problems
    shown = results.outcome_of(asked)
    app, downloaded = RunTables(shown), downloads.files(shown, inputs.history)

    # As notebooks/00_first_look.py does.
    outcome = inputs.baseline(areas.by_code(317), years=defaults.YEARS, draws=DRAWS, seed=SEED).outcome
    notebook = {"plans": summary.plans_long(outcome), "shortfall": summary.shortfall_long(outcome)}

    for name in ("plans", "shortfall", "flows", "process"):
        written = (tmp_path / "cli" / f"{name}.parquet").read_bytes()
        assert parquet(getattr(app, name), tmp_path / "app.parquet") == written, name
        if name in notebook:
            assert parquet(notebook[name], tmp_path / "notebook.parquet") == written, name
        table = pd.read_parquet(tmp_path / "cli" / f"{name}.parquet")
        assert downloaded[f"{name}.csv"] == csv_bytes(table), name
    assert downloaded["summary.md"] == (tmp_path / "cli" / "summary.md").read_bytes()

    other = inputs.baseline(areas.by_code(317), draws=DRAWS, seed=SEED + 1).outcome
    assert parquet(summary.plans_long(other), tmp_path / "other.parquet") != parquet(
        notebook["plans"], tmp_path / "again.parquet"
    )
