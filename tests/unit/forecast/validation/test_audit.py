"""Kept forecasts are never written again, an error splits into parts that add up to it, and the first entry is as returned."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import SourceError
from data.panels import history_tables
from data.panels.history import History
from data.vocabulary import ALL, BAND_CODES
from forecast.runs.baseline import Baseline
from forecast.validation import audit
from forecast.validation.audit import BANDS, ENDED, NEW, PLANS, PROVISIONS, RESIDENTS, Kept

KEPT = Kept(2024, "abcd1234", "2024-09-01")


@pytest.fixture(scope="module")
def history() -> History:
    return history_tables.load("current")


@pytest.fixture
def redbridge(baseline_of: Callable[..., Baseline]) -> pd.DataFrame:
    """Return what is kept of a real forecast."""
    return audit.tabulate(baseline_of(317, years=10, draws=100).outcome)


def shifted(rows: pd.DataFrame, origin: int) -> pd.DataFrame:
    """Return rows as if they had been made from another January."""
    return rows.assign(january=rows["january"] - int(rows["january"].min()) + origin + 1)


def test_what_is_kept_adds_up_and_follows_the_stock(redbridge: pd.DataFrame, history: History) -> None:
    assert tuple(redbridge.columns) == audit.KEPT_COLUMNS
    assert redbridge["january"].nunique() == audit.JANUARIES
    mean = redbridge.pivot_table(index="january", columns=["measure", "item"], values="mean")
    total = mean[(PLANS, ALL)]
    for measure in (BANDS, PROVISIONS):
        own = mean.loc[:, [column for column in mean.columns if column[0] == measure]]
        np.testing.assert_allclose(own.to_numpy().sum(axis=1), total, rtol=1e-6)
    before = total.shift().fillna(float(history.stock.sel(area=317, series=ALL, january=history.origin)))
    np.testing.assert_allclose(total, before + mean[(NEW, ALL)] - mean[(ENDED, ALL)], rtol=1e-9)
    levels = redbridge[list(audit.LEVELS)].to_numpy()
    assert (np.diff(levels, axis=1) >= 0).all()


def test_a_kept_forecast_is_never_written_again(redbridge: pd.DataFrame, tmp_path: Path) -> None:
    assert audit.keep(redbridge, KEPT, tmp_path)
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert not audit.keep(redbridge.assign(p50=0.0), KEPT, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == files
    assert audit.forecasts(tmp_path) == [KEPT]
    assert audit.keep(redbridge, Kept(2024, "ffff0000", "2024-10-01"), tmp_path)
    assert len(audit.forecasts(tmp_path)) == 2


def test_an_entry_is_written_once_for_each_january_published(
    redbridge: pd.DataFrame, history: History, tmp_path: Path
) -> None:
    audit.keep(shifted(redbridge, 2024), KEPT, tmp_path)
    written = audit.write_entries(history, "2026-11-30", tmp_path)
    assert [january for _, january in audit.entries(tmp_path)] == list(range(2025, history.origin + 1))
    content = [path.read_bytes() for path in written]
    assert audit.write_entries(history, "2027-11-30", tmp_path) == []
    assert [path.read_bytes() for path in written] == content
    entry = audit.read_entry(KEPT, 2025, tmp_path)
    own = entry.set_index(["measure", "item"])["actual"]
    assert own[(PLANS, ALL)] == float(history.stock.sel(area=317, series=ALL, january=2025))
    assert own[(NEW, ALL)] == float(history.flows["new_plans"].sel(area=317, year=2024))
    assert sum(own[(BANDS, band)] for band in BAND_CODES) == own[(PLANS, ALL)]


def test_what_was_edited_is_refused_and_named(
    redbridge: pd.DataFrame, history: History, tmp_path: Path
) -> None:
    audit.keep(shifted(redbridge, 2024), KEPT, tmp_path)
    first, *_ = audit.write_entries(history, "2026-11-30", tmp_path)
    assert audit.altered(tmp_path) == []
    first.write_text(first.read_text().replace("True", "False"))
    assert audit.altered(tmp_path) == [first.name]
    with pytest.raises(SourceError, match="edited proves nothing"):
        audit.read_entry(KEPT, 2025, tmp_path)


def test_a_file_without_what_describes_it_is_not_there(redbridge: pd.DataFrame, tmp_path: Path) -> None:
    audit.keep(redbridge, KEPT, tmp_path)
    (tmp_path / f"{KEPT.stem}.parquet{audit.ABOUT}").unlink()
    assert audit.forecasts(tmp_path) == []
    assert audit.keep(redbridge, KEPT, tmp_path)


def flows(then: dict[str, list[float]], value: str) -> pd.DataFrame:
    """Return rows of one authority, a figure a January from 2025."""
    return pd.DataFrame(
        [
            {
                "la_code": 317,
                "measure": measure,
                "item": ALL,
                "january": 2025 + k,
                value: number,
                "p50": number,
            }
            for measure, numbers in then.items()
            for k, number in enumerate(numbers)
        ]
    )


def test_an_error_splits_into_start_residents_joining_and_ending() -> None:
    # From 1,000: 200 join, 50 end. It began from 1,010; residents were 10 % more; 230 joined and 60 ended.
    then = flows({PLANS: [1150.0], NEW: [200.0], ENDED: [50.0], RESIDENTS: [10_000.0]}, "mean")
    now = flows({PLANS: [1180.0], NEW: [230.0], ENDED: [60.0], RESIDENTS: [11_000.0]}, "actual")
    own = audit.parts(then, now, 2025)[317]
    assert (own.corrected, own.residents, own.joining, own.ending, own.rounding) == pytest.approx(
        (10, 20, 10, -10, 0)
    )
    assert own.total == pytest.approx(30)


years = st.lists(
    st.tuples(st.floats(1, 500), st.floats(0, 300), st.floats(1e3, 1e5)), min_size=1, max_size=audit.JANUARIES
)


@given(years, st.data())
@settings(max_examples=60)
def test_parts_add_up_to_the_error_over_any_years(
    then: list[tuple[float, float, float]], data: st.DataObject
) -> None:
    now = [data.draw(st.tuples(st.floats(1, 500), st.floats(0, 300), st.floats(1e3, 1e5))) for _ in then]

    def path(start: float, each: list[tuple[float, float, float]]) -> dict[str, list[float]]:
        new, ended, people = (list(column) for column in zip(*each, strict=True))
        plans = list(start + np.cumsum(np.array(new) - np.array(ended)))
        return {PLANS: plans, NEW: new, ENDED: ended, RESIDENTS: people}

    start_then, start_now = data.draw(st.floats(500, 5000)), data.draw(st.floats(500, 5000))
    last = 2024 + len(then)
    mine, theirs = path(start_then, then), path(start_now, now)
    own = audit.parts(flows(mine, "mean"), flows(theirs, "actual"), last)[317]
    assert own.total == pytest.approx(theirs[PLANS][-1] - mine[PLANS][-1], abs=1e-6)


def test_without_a_year_of_a_flow_nothing_is_said_of_why() -> None:
    then = flows({PLANS: [100, 110], NEW: [20, 20], ENDED: [10, 10], RESIDENTS: [1e4, 1e4]}, "mean")
    now = flows({PLANS: [100, 120], NEW: [20, np.nan], ENDED: [10, np.nan], RESIDENTS: [1e4, 1e4]}, "actual")
    assert audit.parts(then, now.dropna(subset="actual"), 2026) == {}


def test_the_first_entry_is_january_2026_from_january_2025(history: History) -> None:
    kept, january = audit.entries()[0]
    assert (kept.origin, january) == (2025, 2026)
    assert audit.altered() == []
    entry = audit.read_entry(kept, january)
    assert entry["la_code"].nunique() >= 148
    total = entry[(entry["measure"] == PLANS) & (entry["la_code"] == 317)].iloc[0]
    assert total["actual"] == 3830
    assert bool(total["in_80"]) == (total["p10"] <= 3830 <= total["p90"])


def test_what_is_shipped_is_todays_forecast_kept(history: History) -> None:
    newest = audit.forecasts()[-1]
    assert newest.origin == history.origin
    rows = audit.read(newest)
    assert set(rows["la_code"]) == set(history.stock["area"].to_numpy().tolist())


def test_scores_leave_out_what_nobody_has() -> None:
    entry = pd.DataFrame(
        [
            (202, PLANS, ALL, 90.0, 100.0, 110.0, 105.0, True, True),
            (203, PLANS, ALL, 90.0, 100.0, 110.0, 145.0, False, False),
            (201, PLANS, ALL, 9.0, 10.0, 11.0, 500.0, False, False),
            (202, PROVISIONS, "ap", 0.0, 0.0, 0.0, 0.0, True, True),
        ],
        columns=["la_code", "measure", "item", "p10", "p50", "p90", "actual", "in_80", "in_95"],
    )
    (row,) = audit.scores(entry).to_dict("records")
    assert (row["areas"], row["in_80"]) == (2, 0.5)
    assert row["missed"] == pytest.approx(50 / 250)
    assert row["too_low"] == pytest.approx(50 / 250)
