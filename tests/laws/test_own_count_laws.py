"""Laws of a forecast given the council's own count."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from data import tables
from data.areas import by_code
from data.counts.own_counts import OwnCounts, PlansCount
from data.errors import CountError
from data.vocabulary import BAND_CODES, NEED_CODES
from forecast.core.outcome import Outcome
from forecast.demand.own_count import LastPublished, given_bands, given_total, raked, uses_bands
from forecast.runs.baseline import ForecastInputs

REDBRIDGE, KENT, ISLE_OF_WIGHT = 317, 886, 921
DAY = date(2026, 9, 30)
KNOWN = LastPublished(2026, 3830.0)


def walk(draws: int = 300, years: int = 5, seed: int = 1) -> xr.DataArray:
    rng = np.random.default_rng(seed)
    logs = math.log(3830) + np.cumsum(0.1 + 0.04 * rng.standard_normal((draws, years)), axis=1)
    return xr.DataArray(np.exp(logs), dims=("draw", "january"), coords={"january": 2027 + np.arange(years)})


def moved(total: int, day: date = DAY, error: float | None = None) -> xr.DataArray:
    count = PlansCount(day=day, total=total)
    return given_total(walk(), KNOWN, count, np.random.default_rng(0), error)


def forecast(inputs: ForecastInputs, la_code: int, **plans: object) -> Outcome:
    counts = OwnCounts(
        la_code=la_code, plans=PlansCount.model_validate({"day": DAY} | plans), origin="mine.csv"
    )
    return inputs.baseline(by_code(la_code), years=5, draws=200, counts=counts).outcome


def total_of(outcome: Outcome) -> xr.DataArray:
    return outcome.plans.future.sum(("age", "need")).transpose("draw", "january")


@settings(max_examples=40)
@given(
    st.integers(3000, 6000), st.integers(1, 1500),
    st.dates(date(2026, 1, 16), date(2027, 12, 31)),
)  # fmt: skip
def test_more_plans_counted_never_lower_a_draw_of_the_total(total: int, more: int, day: date) -> None:
    # The error of a larger count is a little smaller, so the same error is drawn for both.
    low, high = moved(total, day, 0.0003), moved(total + more, day, 0.0003)
    assert bool((high >= low * (1 - 1e-12)).all())


def test_a_count_where_the_middle_is_moves_little_and_narrows() -> None:
    before = np.log(walk().to_numpy())
    part = (DAY - date(2026, 1, 15)).days / 371
    middle = round(math.exp((1 - part) * math.log(3830) + part * before[:, 0].mean()))
    after = np.log(moved(middle).to_numpy())
    assert after.mean(axis=0) == pytest.approx(before.mean(axis=0), abs=0.002)
    assert after[:, 0].std() < 0.75 * before[:, 0].std()
    assert (after.std(axis=0) < before.std(axis=0)).all()


def test_a_huge_error_of_the_count_moves_nothing() -> None:
    assert moved(9000, error=1e9).to_numpy() == pytest.approx(walk().to_numpy(), rel=1e-3)


def test_a_count_just_after_january_says_next_to_nothing() -> None:
    assert moved(3800, date(2026, 1, 17)).to_numpy() == pytest.approx(walk().to_numpy(), rel=0.005)


def test_no_error_and_the_day_of_the_next_january_give_the_count_itself() -> None:
    given_day = given_total(
        walk(), KNOWN, PlansCount(day=date(2027, 1, 20), total=4444), np.random.default_rng(0), 0.0
    )
    assert given_day.sel(january=2027).to_numpy() == pytest.approx(4444, rel=2e-3)


@settings(max_examples=20)
@given(st.lists(st.integers(0, 3000), min_size=5, max_size=5).filter(any))
def test_bands_given_a_count_add_up_to_the_same_totals(counted: list[int]) -> None:
    rng = np.random.default_rng(2)
    shares = rng.dirichlet((5, 45, 33, 20, 7), size=(50, 4))
    bands = xr.DataArray(
        4000 * shares, dims=("draw", "january", "series"),
        coords={"series": list(BAND_CODES), "january": [2027, 2028, 2029, 2030]},
    )  # fmt: skip
    count = PlansCount(day=DAY, total=sum(counted), bands=dict(zip(BAND_CODES, counted, strict=True)))
    after = given_bands(bands, count, np.full(5, 0.2), rng)
    assert after.dims == bands.dims
    assert bool((after > 0).all())
    assert after.sum("series").to_numpy() == pytest.approx(bands.sum("series").to_numpy())


@settings(max_examples=20)
@given(st.lists(st.integers(0, 2000), min_size=13, max_size=13).filter(any), st.floats(0.01, 1.0))
def test_raked_needs_keep_the_plans_of_every_age(counted: list[int], spread: float) -> None:
    stock = xr.DataArray(
        np.random.default_rng(3).gamma(1.0, 10.0, (24, 13)), dims=("age", "need"),
        coords={"age": list(range(2, 26)), "need": list(NEED_CODES)},
    )  # fmt: skip
    needs = dict(zip(NEED_CODES, counted, strict=True))
    after = raked(stock, needs, spread)
    assert after.sum("need").to_numpy() == pytest.approx(stock.sum("need").to_numpy(), rel=1e-6)
    before, now, want = (
        x / x.sum()
        for x in (stock.sum("age").to_numpy(), after.sum("age").to_numpy(), np.array(counted) + 0.5)
    )
    assert np.abs(now - want).sum() <= np.abs(before - want).sum() + 1e-3


@pytest.mark.parametrize(
    ("day", "used"),
    [(date(2026, 3, 31), False), (date(2026, 8, 31), False), (DAY, True), (date(2027, 1, 10), True)],
)
def test_bands_are_used_once_they_have_the_ages_of_the_next_return(day: date, used: bool) -> None:
    bands = dict.fromkeys(BAND_CODES, 10)
    assert uses_bands(PlansCount(day=day, total=50, bands=bands)) is used


# A whole forecast


@pytest.fixture(scope="module")
def without(inputs: ForecastInputs) -> Outcome:
    return inputs.baseline(by_code(REDBRIDGE), years=5, draws=200).outcome


def test_a_forecast_given_a_count_moves_towards_it_and_adds_up(
    inputs: ForecastInputs, without: Outcome
) -> None:
    bands = dict(zip(BAND_CODES, (200, 1750, 1330, 790, 240), strict=True))
    outcome = forecast(inputs, REDBRIDGE, total=4310, bands=bands)
    used = outcome.own_count
    assert used is not None
    before, after = total_of(without), total_of(outcome)
    for said, came in ((used.before, before), (used.after, after)):
        # In a draw in a thousand more plans are drawn than there are residents to hold them.
        same = np.isclose(said.isel(january=slice(0, 5)).to_numpy(), came.to_numpy(), rtol=1e-6)
        assert same.mean() > 0.99
    assert bool((after.median("draw") > before.median("draw")).all())
    assert float(after.isel(january=0).std()) < 0.8 * float(before.isel(january=0).std())
    assert float(outcome.plans.known.sum()) == pytest.approx(float(without.plans.known.sum()))
    placed = outcome.placements.future.sum(("age", "provision")).transpose("draw", "january")
    assert placed.to_numpy() == pytest.approx(after.to_numpy(), rel=1e-4)


def test_needs_counted_move_the_opening_mix_and_no_total(inputs: ForecastInputs, without: Outcome) -> None:
    start = without.plans.known.sum("age")
    counted = {code: int(4310 * float(start.sel(need=code)) / float(start.sum())) for code in NEED_CODES}
    counted |= {"ASD": counted["ASD"] + 300, "SLCN": counted["SLCN"] - 300}
    outcome = forecast(inputs, REDBRIDGE, total=4310, needs=counted)
    plain = forecast(inputs, REDBRIDGE, total=4310)
    known = outcome.plans.known
    assert float(known.sel(need="ASD").sum()) > float(start.sel(need="ASD")) + 20
    assert known.sum("need").to_numpy() == pytest.approx(without.plans.known.sum("need").to_numpy(), rel=1e-6)
    assert total_of(outcome).to_numpy() == pytest.approx(total_of(plain).to_numpy(), rel=1e-6)
    assert outcome.plans.estimated_mix is without.plans.estimated_mix


def test_only_that_authority_moves_and_nothing_published_is_written(
    inputs: ForecastInputs, without: Outcome
) -> None:
    folder = Path(tables.path_of("plans_total")).parent
    stamps = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    kent = inputs.baseline(by_code(KENT), years=5, draws=200).outcome
    composition = inputs.composition.stock.copy(deep=True)
    forecast(inputs, REDBRIDGE, total=4310, needs=dict.fromkeys(NEED_CODES, 330))
    again = inputs.baseline(by_code(KENT), years=5, draws=200).outcome
    assert total_of(again).identical(total_of(kent))
    assert total_of(inputs.baseline(by_code(REDBRIDGE), years=5, draws=200).outcome).identical(
        total_of(without)
    )
    assert inputs.composition.stock.identical(composition)
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == stamps


def test_an_authority_without_its_latest_return_is_counted_from_the_one_before(
    inputs: ForecastInputs,
) -> None:
    outcome = forecast(inputs, ISLE_OF_WIGHT, total=2400)
    used = outcome.own_count
    assert used is not None
    assert outcome.plans.known_january < outcome.plans.origin
    assert float(used.after.isel(january=0).std()) < float(used.before.isel(january=0).std())


def test_a_count_the_forecast_starts_after_is_refused(inputs: ForecastInputs) -> None:
    with pytest.raises(CountError, match="not after the return of January 2026"):
        forecast(inputs, REDBRIDGE, day=date(2025, 9, 30), total=4000)
