"""Backlogs: plans stand in the years in which they were due, and a January that is published at the end stays as it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data.panels import backlogs, history_tables
from data.panels.history import History
from data.vocabulary import ALL, BAND_CODES
from models.pipeline_ridge import PipelineRidge
from tests.histories import history as made_history

LATE = 0.4
"""Share of a year's plans that come a year late in a made backlog."""


@pytest.fixture(scope="module")
def current() -> History:
    return history_tables.load("current")


@pytest.fixture(scope="module")
def steady() -> History:
    """A panel whose requests and new plans are the same share of plans in every year."""
    made = made_history(areas=60, noise=0.02, last=2025)
    flows = made.flows.copy(deep=True)
    plans = made.stock.sel(series=ALL, drop=True).rename(january="year")
    before = plans.assign_coords(year=plans["year"]).sel(year=flows["year"])
    for name, share in (("requests", 0.2), ("refused", 0.05), ("new_plans", 0.15)):
        # Flows of areas that grow by a tenth a year would not count as flat, so the last three years are held level.
        level = (share * before).where(before["year"] <= 2022, share * before.sel(year=2022))
        flows[name] = level.transpose("area", "year")
    return replace(made, flows=flows)


def with_backlog(history: History, areas: list[int], year: int = 2024) -> tuple[History, dict[int, float]]:
    """Return a history in which part of the plans of ``year`` - 1 came in ``year``, and how many by area."""
    stock, flows = history.stock.copy(deep=True), history.flows.copy(deep=True)
    late = {}
    for area in areas:
        here = {"area": area}
        late[area] = LATE * float(history.flows["new_plans"].sel(area=area, year=year - 1))
        flows["new_plans"].loc[{**here, "year": year - 1}] -= late[area]
        flows["new_plans"].loc[{**here, "year": year}] += late[area]
        share = history.stock.sel(area=area, january=year, series=list(BAND_CODES))
        stock.loc[{**here, "january": year, "series": ALL}] -= late[area]
        stock.loc[{**here, "january": year, "series": list(BAND_CODES)}] -= late[area] * (share / share.sum())
    return replace(history, stock=stock, flows=flows), late


def test_the_eleven_backlogs_of_2025_are_those_of_the_returns(current: History) -> None:
    cleared = {b.area for b in backlogs.find(current) if b.years[-1] == 2025}
    assert cleared == {309, 316, 317, 344, 821, 871, 879, 888, 896, 919, 935}


def test_redbridge_caught_up_with_plans_due_in_the_two_years_before(current: History) -> None:
    (latest,) = [b for b in backlogs.find(current) if b.area == 317 and b.years[-1] == 2025]
    assert latest.new_plans == (218.0, 362.0, 684.0)
    assert latest.requests == (524.0, 694.0, 698.0)
    assert sum(latest.due) == pytest.approx(sum(latest.new_plans))
    assert latest.caught_up == pytest.approx(684 - 1264 * 698 / 1916)


def test_spreading_moves_plans_between_years_and_loses_none(current: History) -> None:
    spread = backlogs.spread(current)
    new, was = (h.flows["new_plans"].sel(area=317, year=slice(2023, 2025)) for h in (spread, current))
    assert float(new.sum()) == pytest.approx(float(was.sum()))
    stock, published = (h.stock.sel(area=317) for h in (spread, current))
    np.testing.assert_allclose(stock.sel(january=[2023, 2026]), published.sel(january=[2023, 2026]))
    risen = (stock - published).sel(january=[2024, 2025], series=ALL)
    due = 1264 * np.array([524, 694]) / 1916
    np.testing.assert_allclose(risen, np.cumsum(due - [218, 362]))
    for january in (2024, 2025):
        bands = stock.sel(january=january, series=list(BAND_CODES)).sum()
        assert float(bands) == pytest.approx(float(stock.sel(january=january, series=ALL)))


def test_a_backlog_is_not_seen_before_it_is_cleared(current: History) -> None:
    assert all(b.years[-1] <= 2023 for b in backlogs.find(current.until(2024)))
    earlier = backlogs.spread(current.until(2025)).stock.sel(area=317, january=2025)
    np.testing.assert_array_equal(earlier, current.stock.sel(area=317, january=2025))


def test_a_made_backlog_is_put_back_where_it_was_due(steady: History) -> None:
    areas = list(steady.areas[::6])
    late_history, late = with_backlog(steady, areas)
    back = backlogs.spread(late_history)
    assert {b.area for b in backlogs.find(late_history)} == set(areas)
    for area in areas:
        missing = steady.stock.sel(area=area, series=ALL, january=2024) - back.stock.sel(
            area=area, series=ALL, january=2024
        )
        assert abs(float(missing)) < 0.05 * late[area]


def test_forecasts_two_years_on_move_by_less_than_a_quarter_of_a_made_backlog(steady: History) -> None:
    areas = list(steady.areas[::6])
    late_history, late = with_backlog(steady, areas)

    def middle(history: History) -> np.ndarray:
        fitted = PipelineRidge().fit(history, rng=np.random.default_rng(1))
        quantiles = fitted.forecast([2027], areas).quantiles([0.5])
        return quantiles.sel(series=ALL, january=2027, quantile=0.5).to_numpy()

    moved = np.abs(middle(late_history) - middle(steady)) / np.array(list(late.values()))
    assert moved.max() < 0.25


def test_few_plans_or_more_or_fewer_requests_are_no_backlog(steady: History) -> None:
    area = steady.areas[0]
    flows = steady.flows.copy(deep=True)
    flows["new_plans"].loc[{"area": area, "year": [2023, 2024]}] = [10.0, 15.0]
    assert not backlogs.find(replace(steady, flows=flows))
    flows["new_plans"].loc[{"area": area, "year": [2023, 2024]}] = [100.0, 160.0]
    flows["requests"].loc[{"area": area, "year": [2023, 2024]}] = [200.0, 230.0]
    assert not backlogs.find(replace(steady, flows=flows))
    flows["requests"].loc[{"area": area, "year": 2024}] = 170.0
    assert not backlogs.find(replace(steady, flows=flows)), "fewer were asked for"
    flows["requests"].loc[{"area": area, "year": 2024}] = 205.0
    assert [b.area for b in backlogs.find(replace(steady, flows=flows))] == [area]
