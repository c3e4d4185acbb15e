"""Leading indicators, worked by hand on synthetic histories."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
import xarray as xr

from data.panels.backlogs import find, spread
from data.panels.history import History
from models.indicators import (
    DERIVED,
    GROWTH_UNIT,
    LARGEST_DEVIATION,
    MEASURED,
    NATIONAL,
    measure,
    own_growth_units,
    robust_spread,
)
from tests.growth_worlds import world
from tests.histories import corrupted_after

REQUESTS, REFUSALS = MEASURED.index("requests"), MEASURED.index("refusals")


def with_flow(history: History, name: str, values: xr.DataArray) -> History:
    return replace(history, flows=history.flows.assign({name: values}))


@pytest.fixture
def steady(synthetic: History) -> History:
    """Return a history whose new plans rise as plans do, so that no year can be read as a backlog that was cleared."""
    plans = synthetic.stock.sel(series="All", drop=True).isel(january=slice(0, -1))
    made = with_flow(synthetic, "new_plans", synthetic.flows["new_plans"].copy(data=0.16 * plans.to_numpy()))
    assert not find(made)
    return made


def test_dims(synthetic: History) -> None:
    x = measure(synthetic)
    areas, januaries, years = 40, 16, 15
    assert x.januaries == januaries
    assert x.first == 2010
    assert x.logs.shape == x.prevalence.shape == (areas, januaries)
    assert x.growth.shape == x.known.shape == x.growth_deviation.shape == (areas, years)
    assert x.deviation.shape == x.measured.shape == (areas, januaries, len(MEASURED))
    assert x.national.shape == (januaries, len(MEASURED))
    assert x.covariates(5).shape == (areas, len(MEASURED) + len(DERIVED))
    assert x.national_level(5).shape == (len(NATIONAL),)
    assert x.lag.tolist() == [0] * areas


def test_the_median_area_deviates_by_nothing_and_the_spread_is_one(synthetic: History) -> None:
    x = measure(synthetic)
    np.testing.assert_allclose(np.median(x.deviation[:, 1:], axis=0), 0, atol=1e-12)
    spread = np.array([[robust_spread(v) for v in january.T] for january in x.deviation.swapaxes(0, 1)[1:]])
    np.testing.assert_allclose(np.median(spread, axis=0), 1, rtol=1e-9)
    assert np.abs(x.deviation).max() <= LARGEST_DEVIATION


def test_requests_are_the_log_of_requests_per_plan_held(steady: History) -> None:
    plans = steady.stock.sel(series="All").to_numpy()[:, 1:]
    rate = np.log((steady.flows["requests"].to_numpy() + 1) / (plans + 1))
    apart = rate - np.median(rate, axis=0)
    told = measure(steady).deviation[:, 1:, REQUESTS]
    inside = np.abs(told) < LARGEST_DEVIATION
    ratio = apart[inside] / told[inside]
    np.testing.assert_allclose(ratio[np.abs(apart[inside]) > 1e-9], np.median(ratio))


def test_plans_of_a_backlog_are_measured_where_they_were_due(steady: History) -> None:
    late = steady.flows["new_plans"].copy()
    late.loc[{"area": 305, "year": [2021, 2022]}] *= np.array([0.5, 1.7])
    requests = steady.flows["requests"].copy()
    requests.loc[{"area": 305, "year": 2022}] = requests.sel(area=305, year=2021)
    behind = replace(steady, flows=steady.flows.assign(new_plans=late, requests=requests))
    assert [(b.area, b.years[-1]) for b in find(behind)] == [(305, 2022)]
    one, due = measure(behind), measure(spread(behind))
    assert not find(spread(behind))
    for f in fields(one):
        np.testing.assert_array_equal(getattr(one, f.name), getattr(due, f.name), err_msg=f.name)
    plain = measure(steady)
    row, new = steady.areas.index(305), MEASURED.index("new_plans")
    column = 2022 + 1 - one.first
    assert one.logs[row, column] == plain.logs[row, column], "the January after is as published"
    assert one.logs[row, column - 1] > plain.logs[row, column - 1]
    assert abs(one.deviation[row, column, new]) < LARGEST_DEVIATION


def test_what_was_not_published_deviates_by_nothing(synthetic: History) -> None:
    requests = synthetic.flows["requests"].copy()
    requests[3, 9] = np.nan
    x = measure(with_flow(synthetic, "requests", requests))
    assert x.deviation[3, 10, REQUESTS] == 0.0
    assert not x.measured[3, 10, REQUESTS]
    assert not x.measured[:, 0].any(), "no flow precedes the first January"
    assert x.measured.sum() == 40 * 15 * len(MEASURED) - 2, "refusals per request need requests"


def test_an_indicator_never_published_says_nothing(synthetic: History) -> None:
    x = measure(with_flow(synthetic, "requests", synthetic.flows["requests"] * np.nan))
    assert not x.measured[:, :, REQUESTS].any()
    assert not x.deviation[:, :, REQUESTS].any()
    assert np.isnan(x.national[:, REQUESTS]).all()
    np.testing.assert_array_equal(x.national_level(8), 0.0)


def test_what_moves_every_area_moves_the_national_path_only(steady: History) -> None:
    before = measure(steady)
    requests = steady.flows["requests"]
    more = xr.where(requests["year"] == 2020, 1.3 * (requests + 1) - 1, requests).transpose("area", "year")
    after = measure(with_flow(steady, "requests", more))
    np.testing.assert_allclose(after.deviation[:, :, REQUESTS], before.deviation[:, :, REQUESTS], atol=1e-9)
    step = (after.national - before.national)[1:, REQUESTS]
    column = 2020 + 1 - 2010 - 1
    others = np.delete(step, column)
    np.testing.assert_allclose(others, others[0])
    rate = np.log((requests.to_numpy() + 1) / (steady.stock.sel(series="All").to_numpy()[:, 1:] + 1))
    unit = np.median([robust_spread(v) for v in rate.T])
    assert step[column] - others[0] == pytest.approx(np.log(1.3) / unit)


def test_the_national_path_is_centred(synthetic: History) -> None:
    np.testing.assert_allclose(np.nanmean(measure(synthetic).national, axis=0), 0, atol=1e-9)


def test_areas_outside_the_pool_do_not_move_england(synthetic: History) -> None:
    pooled = synthetic.pooled.copy()
    pooled[0] = False
    apart = replace(synthetic, pooled=pooled)
    requests = synthetic.flows["requests"].copy()
    requests[0] *= 20
    one, other = measure(apart), measure(with_flow(apart, "requests", requests))
    np.testing.assert_allclose(one.deviation[1:], other.deviation[1:])
    np.testing.assert_allclose(one.national, other.national)
    assert (other.deviation[0, 1:, REQUESTS] == LARGEST_DEVIATION).mean() > 0.9


def test_more_refusals_than_requests_is_held_at_the_edge(synthetic: History) -> None:
    x = measure(with_flow(synthetic, "refused", synthetic.flows["refused"] * 50))
    assert np.isfinite(x.deviation).all()
    assert np.isfinite(x.national[1:]).all()


def test_a_missing_total_is_carried_forward_and_its_growth_unknown(synthetic: History) -> None:
    stock = synthetic.stock.copy()
    stock[2, 0, [7, -2, -1]] = np.nan
    stock[4, 0, :3] = np.nan
    x = measure(replace(synthetic, stock=stock))
    assert x.lag[2] == 2
    assert x.lag[4] == 0
    assert x.logs[2, 7] == x.logs[2, 6]
    assert x.logs[2, -1] == x.logs[2, -3]
    assert (x.logs[4, :3] == x.logs[4, 3]).all()
    assert x.known[2].tolist() == [True] * 6 + [False, False] + [True] * 5 + [False, False]
    assert not x.growth_deviation[~x.known].any()
    assert np.isfinite(x.logs).all()


def test_growth_deviations_are_from_the_median_of_published_growth(synthetic: History) -> None:
    x = measure(synthetic)
    np.testing.assert_allclose(np.median(x.growth_deviation, axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(x.growth, np.diff(x.logs, axis=1))


def test_own_growth_is_the_mean_of_three_years_before(synthetic: History) -> None:
    x = measure(synthetic)
    np.testing.assert_array_equal(x.own_growth(0), 0.0)
    np.testing.assert_allclose(x.own_growth(1), own_growth_units(x.growth_deviation[:, 0]))
    np.testing.assert_allclose(x.own_growth(9), own_growth_units(x.growth_deviation[:, 6:9].mean(axis=1)))
    np.testing.assert_allclose(own_growth_units(np.array([0.05, 9.0, -9.0])), [1.0, 3.0, -3.0])
    assert GROWTH_UNIT == 0.05


def test_prevalence_is_plans_per_child(synthetic: History) -> None:
    twice = synthetic.residents.copy()
    twice[0] *= 2
    x, y = measure(synthetic), measure(replace(synthetic, residents=twice))
    steps = (x.prevalence[0] * x.prevalence_unit - y.prevalence[0] * y.prevalence_unit)[-3:]
    held = np.abs([x.prevalence[0], y.prevalence[0]]).max() >= LARGEST_DEVIATION
    assert held or steps == pytest.approx([np.log(2)] * 3, abs=0.15)
    adults = synthetic.residents.copy()
    adults.loc[{"age": slice(18, None)}] *= 7
    np.testing.assert_array_equal(measure(replace(synthetic, residents=adults)).prevalence, x.prevalence)


def test_without_residents_prevalence_says_nothing(synthetic: History) -> None:
    x = measure(replace(synthetic, residents=synthetic.residents.isel(mid_year=slice(0))))
    assert not x.prevalence.any()
    assert x.prevalence_unit == 1.0


@pytest.mark.parametrize("origin", [2014, 2019, 2023])
def test_nothing_after_the_origin_enters(synthetic: History, origin: int) -> None:
    clean = measure(synthetic.until(origin))
    spoilt = measure(corrupted_after(synthetic, origin).until(origin))
    for f in fields(clean):
        np.testing.assert_array_equal(getattr(clean, f.name), getattr(spoilt, f.name), err_msg=f.name)


def test_a_simulated_world_is_measured_as_it_was_made() -> None:
    """But for Januaries that read as those of a backlog, which are measured where plans were due."""
    made = world(areas=60, seed=2, futures=1)
    x = measure(made.history)
    moved = np.zeros(x.logs.shape, dtype=bool)
    for one in find(made.history):
        moved[made.history.areas.index(one.area), np.array(one.years) + 1 - x.first] = True
    assert moved.mean() < 0.1
    for k, name in enumerate(MEASURED):
        assert x.measured[:, :, k].mean() > 0.5, name
        seen = x.measured[:, :, k] & ~moved
        assert np.corrcoef(x.deviation[:, :, k][seen], made.indicators[:, :, k][seen])[0, 1] > 0.99, name
        assert not seen[:, : 2016 + 1 - 2010].any() or name in {"new_plans", "timeliness"}
