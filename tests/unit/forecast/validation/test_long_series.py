"""England's long series: facts stay facts, and gaps are guesses that know their neighbours only."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.errors import SourceError
from data.panels import history_tables
from forecast.validation.long_series import (
    COLUMNS,
    TABLE,
    WAYS,
    fill,
    known_new_plans,
    known_totals,
    read,
)

TOTALS = {1991: 100.0, 1995: 200.0, 1996: 210.0, 1999: 180.0, 2000: 190.0}
NEW = {1995: 40.0, 1999: 30.0}


@pytest.mark.parametrize("way", WAYS)
def test_published_totals_are_kept_and_gaps_lie_between_them(way: str) -> None:
    series = fill(TOTALS, NEW, way)
    assert series.first == 1991
    assert series.last == 2000
    for january, plans in TOTALS.items():
        assert np.exp(series.logs[january - 1991]) == pytest.approx(plans)
    assert series.published.sum() == len(TOTALS)
    between = np.exp(series.logs[1:4])
    assert (np.diff(between) > 0).all()
    assert between.min() > 100
    assert between.max() < 200


@pytest.mark.parametrize("way", WAYS)
def test_each_total_follows_from_the_one_before(way: str) -> None:
    series = fill(TOTALS, NEW, way)
    plans = np.exp(series.logs)
    np.testing.assert_allclose(plans[:-1] * (1 - series.ended) + series.new_plans(), plans[1:])
    assert series.new_plans()[1995 - 1991] == pytest.approx(40)
    assert series.new_plans()[1999 - 1991] == pytest.approx(30)


@pytest.mark.parametrize("way", WAYS)
def test_a_series_to_an_earlier_january_knows_no_published_total_after_the_next(way: str) -> None:
    later = {**TOTALS, 1999: 500.0, 2000: 20.0}
    one, other = (fill(t, {1995: 40.0}, way).until(1995) for t in (TOTALS, later))
    if way == "smooth":
        # A smooth curve bends towards the total after next: said on the page.
        np.testing.assert_allclose(one.logs, other.logs, atol=0.05)
    else:
        np.testing.assert_array_equal(one.logs, other.logs)
    np.testing.assert_allclose(one.ended, other.ended, atol=0.05)


def test_the_table_holds_what_was_told_to_parliament_and_says_where_the_gaps_are() -> None:
    table = read()
    statements = table[table["measure"] == "statements"].set_index("year")
    assert statements.index.tolist() == list(range(1991, 2010))
    assert statements["value"].dropna().to_dict() == {
        1991: 153_228,
        1997: 234_629,
        2001: 258_200,
        2005: 242_580,
    }
    assert statements.loc[statements["value"].isna(), "note"].str.contains("gap").all()
    new = table[(table["measure"] == "new_statements") & table["value"].notna()].set_index("year")["value"]
    assert new.to_dict() == {1997: 35_650, 2006: 22_600}
    history = history_tables.load("current")
    totals, plans = known_totals(history, table), known_new_plans(history, table)
    assert min(totals) == 1991
    assert max(totals) == history.origin
    assert {1997, 2006, 2009, history.origin - 1} <= set(plans)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda t: t.rename(columns={"value": "plans"}),
        lambda t: pd.concat([t, t.iloc[:1]]),
        lambda t: t.assign(source=None),
        lambda t: t.assign(measure="pupils"),
        lambda t: t.assign(value=-1.0),
    ],
)
def test_a_spoilt_table_is_refused(spoil, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / TABLE.name
    spoil(pd.read_csv(TABLE)).to_csv(path, index=False)
    with pytest.raises(SourceError, match=COLUMNS[0]):
        read(path)
