"""The hindcasts of five to fifteen years: what laws know, how cells are scored, and what the page says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.errors import SourceError
from forecast.validation import long_hindcast, track_record
from forecast.validation.long_hindcast import (
    COLUMNS,
    HANDED_OVER,
    LAWS,
    TODAYS,
    ScoredPart,
    authority_cells,
    authority_part,
    cells_of,
    growth_law,
    markdown,
    read_summary,
    summary,
    write,
)
from forecast.validation.long_series import LongSeries, fill
from models.base import Array
from models.baselines import BASELINES
from models.joining import FIRST_HANDED_OVER
from tests.histories import history

GROWING = {january: 150_000 * 1.03 ** (january - 1991) for january in range(1991, 2013)}
NEW = {year: 0.15 * GROWING[year] for year in range(1991, 2012)}


@pytest.fixture(scope="module")
def series() -> LongSeries:
    return fill(GROWING, NEW, "even_logs")


def drawn(law: str, series: LongSeries, years: int = 15, seed: int = 1) -> Array:
    return LAWS[law](series, years, np.random.default_rng(seed))


@pytest.mark.parametrize("law", LAWS)
def test_a_law_knows_its_series_and_nothing_else(law: str, series: LongSeries) -> None:
    again = fill({**GROWING, 2011: 9e9, 2012: 1.0}, NEW, "even_logs")
    np.testing.assert_array_equal(drawn(law, series.until(2009)), drawn(law, again.until(2009)))
    assert not np.array_equal(drawn(law, series.until(2009)), drawn(law, series.until(2008)))
    assert np.isfinite(drawn(law, series)).all()


def test_steady_growth_goes_on_for_a_while_under_every_law_but_that_of_rates_held(series: LongSeries) -> None:
    for law in LAWS:
        growth = np.median(drawn(law, series)[:, 0]) - series.logs[-1]
        assert 0.0 < growth < 0.06, law


def test_nobody_knew_of_plans_before_2014(series: LongSeries) -> None:
    long_run = np.median(np.diff(growth_law(series.until(2010), 15, np.random.default_rng(1)), axis=1)[:, -1])
    assert long_run < 0.035, "the long run of statements, not of plans"


def test_the_first_years_of_the_hand_over_are_those_of_growth(series: LongSeries) -> None:
    grows, handed = drawn(TODAYS, series), drawn(HANDED_OVER, series)
    np.testing.assert_allclose(
        np.sort(grows[:, :FIRST_HANDED_OVER], axis=0), np.sort(handed[:, :FIRST_HANDED_OVER], axis=0)
    )
    assert not np.allclose(np.sort(grows[:, 8]), np.sort(handed[:, 8]))


def test_scores_are_those_of_the_quantiles() -> None:
    rows = [
        ("a", 2000, 1, 0.02, 0.1, 1.0, 1.0, 0.3), ("a", 2001, 2, 0.04, -0.3, 0.0, 1.0, 0.5),
        ("b", 2000, 1, 0.01, 0.2, 1.0, 1.0, 0.2), ("b", 2001, 2, 0.02, 0.2, 1.0, 1.0, 0.2),
    ]  # fmt: skip
    cells = pd.DataFrame(rows, columns=["law", "origin", "ahead", *long_hindcast.SCORES])
    table = summary([ScoredPart("made", "", cells, "a", ((1, 2),))])
    assert tuple(table.columns) == COLUMNS
    own, other = (table.set_index("law").loc[law] for law in ("a", "b"))
    assert (own["ratio"], other["ratio"]) == (1.0, 0.5)
    assert (own["bias"], own["held_80"], own["held_95"]) == (-10.0, 50.0, 100.0)
    assert own["width_80"] == pytest.approx(0.4)
    assert own["log_crps"] == pytest.approx(3.0)
    assert set(cells_of([ScoredPart("made", "x", cells, "a")])["gaps"]) == {"x"}


def test_a_forecast_that_is_certain_and_right_scores_nothing() -> None:
    score, error, *held, width = long_hindcast._scores(np.full(39, 3.0), 3.0)
    assert (score, error, width) == (0, 0, 0)
    assert held == [1.0, 1.0]


def test_authorities_are_scored_from_every_origin() -> None:
    made = history(areas=6)
    rule = next(m for m in BASELINES if m.name == "regional_growth")
    ensemble = track_of(made)
    cells = authority_cells(made, ensemble, rule, origins=(2018, 2021))
    assert set(cells["law"]) == {HANDED_OVER, ensemble.name, rule.name}
    assert cells.groupby("origin")["ahead"].max().to_dict() == {2018: 7, 2021: 4}
    table = summary([authority_part(cells, rule.name)])
    assert (table.loc[table["law"] == rule.name, "ratio"] == 1).all()


def track_of(made):  # type: ignore[no-untyped-def]
    """Return an ensemble of two quick members."""
    from models.ensemble import Ensemble

    quick = tuple(m for m in BASELINES if m.name in ("regional_growth", "national_growth"))
    assert made.origin == 2025
    return Ensemble("ensemble", quick, quick, quick[0].name)


def test_the_page_holds_the_section_once_and_in_its_place(tmp_path: Path) -> None:
    page, table = tmp_path / "page.md", tmp_path / "long.csv"
    page.write_text(f"# Record\n\n## Totals\n\nx\n\n{track_record.NEXT_HEADING}\n\ny\n", encoding="utf-8")
    rows = summary([authority_part(some_cells(), "rule")])
    for _ in range(2):
        track_record.write_long(rows, page, table)
    text = page.read_text(encoding="utf-8")
    assert text.count(long_hindcast.HEADING) == 1
    assert text.index("## Totals") < text.index(long_hindcast.HEADING) < text.index(track_record.NEXT_HEADING)
    assert text.endswith("y\n")
    pd.testing.assert_frame_equal(read_summary(table), rows, check_dtype=False)


def some_cells() -> pd.DataFrame:
    rows = [(law, 2016, h, 0.1, 0.0, 1.0, 1.0, 0.2) for law in ("rule", HANDED_OVER) for h in range(1, 10)]
    return pd.DataFrame(rows, columns=["law", "origin", "ahead", *long_hindcast.SCORES])


def test_the_section_says_what_it_cannot_show() -> None:
    text = markdown(summary([authority_part(some_cells(), "rule")]))
    for words in ("three regimes", "overlap", "filled in three ways", "chosen", "judgement"):
        assert words in text, words
    assert "| 8 to 9 | handed over | 2 |" in text


def test_a_table_of_other_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(SourceError, match="backtest --long"):
        read_summary(path)
    assert read_summary(tmp_path / "none.csv").empty
    assert write(summary([authority_part(some_cells(), "rule")]), path).exists()
    assert len(read_summary(path))
