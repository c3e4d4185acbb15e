"""The public record: every table a reader needs, from scores alone."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from data.errors import TableError
from data.panels import history_tables
from data.panels.history import History
from forecast.demand.members import Models, all_names
from forecast.validation import backtest, track_record
from models.baselines import BASELINES
from models.headline import HEADLINE
from models.memory import Memory


@pytest.fixture(scope="module")
def history() -> History:
    return history_tables.load("series")


@pytest.fixture(scope="module")
def scores(history: History) -> pd.DataFrame:
    """Return scores of the growth rule, and of another in the place of the headline."""
    table = backtest.backtest(history, [BASELINES[3], BASELINES[2]], list(track_record.REPORTING_ORIGINS), 4)
    renamed = table.replace({"model": {"national_growth": HEADLINE}})
    return backtest.score(renamed, history)


def test_the_page_has_every_table(scores: pd.DataFrame, history: History) -> None:
    page = track_record.markdown(scores, history)
    for title in (
        "Totals, by years ahead",
        "by age band",
        "by origin, region, size and last year",
        "missed most",
        "falls short",
    ):
        assert title in page
    for label in (
        "January 2023",
        "London",
        "smallest quarter",
        "largest quarter",
        "20-25",
        "plans fell",
        "After a fall",
    ):
        assert label in page
    assert "nan" not in page


def test_ten_worst_are_ten_authorities_with_a_reason(scores: pd.DataFrame, history: History) -> None:
    page = track_record.markdown(scores, history)
    section = page.split("missed most")[1].split("## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
    assert len(rows) == 10
    assert len({row.split("|")[1] for row in rows}) == 10
    assert all("Growth went from" in row for row in rows)


def test_what_happened_names_a_return_out_of_line(history: History) -> None:
    told = track_record.describe_change(history, 342, 2024, 2025)
    assert "The return of January 2025 is out of line (+37 % in a year)" in told


def test_a_partial_run_is_not_the_record(scores: pd.DataFrame) -> None:
    assert track_record.is_complete(scores, track_record.REPORTING_ORIGINS)
    assert not track_record.is_complete(scores, [2023, 2024])
    assert not track_record.is_complete(scores[scores["model"] != HEADLINE], track_record.REPORTING_ORIGINS)


def test_every_name_gives_a_model() -> None:
    models = Models(Memory())
    assert all_names()[0] == HEADLINE
    assert [models.scored(name).name for name in all_names()] == list(all_names())


def test_page_and_totals_are_written_together(scores: pd.DataFrame, history: History, tmp_path: Path) -> None:
    page, table = tmp_path / "page.md", tmp_path / "totals.csv"
    assert track_record.write_record(scores, history, page, table) == page
    found = track_record.read_totals(table)
    assert tuple(found.columns) == track_record.TOTALS_COLUMNS
    assert (found["low_80"] <= found["high_80"]).all()
    inside = (found["low_80"] <= found["actual"]) & (found["actual"] <= found["high_80"])
    assert f"{100 * inside.mean():.1f}" in page.read_text(encoding="utf-8")


def test_a_missing_table_of_totals_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="sendplan backtest"):
        track_record.read_totals(tmp_path / "none.csv")
