"""No January depends on how many are asked for, and no draw leaves what there are residents for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from data.vocabulary import ALL, BAND_CODES
from forecast.core import defaults
from forecast.runs.baseline import Baseline
from models.cohort_flow import BANDS_FOLLOWED, HIGHEST_CHANCE, MAX_INDEX

REDBRIDGE, KENT, LEEDS = 317, 886, 383
SHORT, LONG, DRAWS = 4, 8, 100

BaselineOf = Callable[..., Baseline]


@pytest.fixture(scope="module")
def two(baseline_of: BaselineOf) -> tuple[Baseline, Baseline]:
    short, long = (baseline_of(REDBRIDGE, years=years, draws=DRAWS) for years in (SHORT, LONG))
    return short, long


def same(one: xr.DataArray, other: xr.DataArray) -> None:
    for name in ("january", "year"):
        if name in other.dims:
            other = other.sel({name: one[name]})
    np.testing.assert_array_equal(one.to_numpy(), other.transpose(*one.dims).to_numpy())


def test_plans_flows_and_requests_are_the_same(two: tuple[Baseline, Baseline]) -> None:
    short, long = (b.outcome.plans for b in two)
    same(short.future, long.future)
    for name in short.flows.data_vars:
        same(short.flows[name], long.flows[name])
    for name in short.process.data_vars:
        same(short.process[name], long.process[name])
    same(short.residents, long.residents)


def test_placements_places_and_shortfall_are_the_same(two: tuple[Baseline, Baseline]) -> None:
    short, long = (b.outcome for b in two)
    for name in ("future", "by_need", "wanted"):
        same(getattr(short.placements, name), getattr(long.placements, name))
    for name in ("wanted", "short", "overflow", "unit_places", "unit_filled", "places"):
        same(getattr(short.shortfall, name), getattr(long.shortfall, name))


def test_the_chance_and_todays_rates_are_known_for_every_year_drawn(two: tuple[Baseline, Baseline]) -> None:
    short, long = (b.outcome.plans for b in two)
    for name in ("chance", "at_todays_rates"):
        assert getattr(short, name).sizes["january"] == defaults.MOST_YEARS
        xr.testing.assert_identical(getattr(short, name), getattr(long, name))


@pytest.mark.parametrize("la_code", [REDBRIDGE, KENT, LEEDS])
def test_to_the_last_january_nobody_holds_two_plans(la_code: int, baseline_of: BaselineOf) -> None:
    plans = baseline_of(la_code, years=defaults.MOST_YEARS, draws=DRAWS).outcome.plans
    ages = plans.future.sum("need").transpose("draw", "january", "age")
    people = plans.residents.transpose("draw", "january", "age")
    assert (ages.to_numpy() <= people.to_numpy() * (1 + 1e-9)).all()
    assert float(plans.chance.max()) <= HIGHEST_CHANCE + 1e-9
    bands = plans.by_band()
    share = bands.sel(series="11-15") / people.sel(age=slice(11, 15)).sum("age")
    assert float(share.median("draw").max()) <= 0.25


@pytest.mark.parametrize("la_code", [REDBRIDGE, KENT, LEEDS])
def test_under_16_the_index_is_hardly_ever_at_its_limit(la_code: int, baseline_of: BaselineOf) -> None:
    plans = baseline_of(la_code, years=defaults.MOST_YEARS, draws=DRAWS).outcome.plans
    index = plans.flows["index"].sel(series=["0-4", "5-10", "11-15"])
    limit = (index > MAX_INDEX * (1 - 1e-6)) | (index < (1 + 1e-6) / MAX_INDEX)
    assert float(limit.mean()) < 0.05
    later = index.isel(january=slice(BANDS_FOLLOWED, None)).transpose("series", ...).to_numpy()
    assert np.all(later == later[:1])


def test_bands_of_plans_add_up_to_the_total(two: tuple[Baseline, Baseline]) -> None:
    plans = two[0].outcome.plans
    bands = plans.by_band()
    np.testing.assert_allclose(bands.sel(series=list(BAND_CODES)).sum("series"), bands.sel(series=ALL))
    np.testing.assert_allclose(
        bands.sel(series=ALL), plans.future.sum(["age", "need"]).transpose("draw", "january")
    )
    cut = plans.first(2)
    assert cut.future.sizes["january"] == cut.process.sizes["year"] == 2
    assert cut.chance.sizes == plans.chance.sizes
