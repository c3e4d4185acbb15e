"""Kinds of provision: what is read from the returns, what is handed back, and forecasts that start from there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from data.errors import AreaError, OptionError
from data.panels import history_tables
from data.panels.history import History
from data.vocabulary import ALL, PROVISION_CODES
from forecast.demand.stored_fit import STORED_DRAWS, thinned
from models.provision_totals import (
    KIND_CODES,
    KIND_LABELS,
    KINDS,
    NAME,
    REST,
    FittedProvision,
    ProvisionTotals,
    PublishedKinds,
    observations,
    weighted_median,
)
from tests.histories import corrupted_after, history
from tests.provision_worlds import known_fit

SEED = 7


@pytest.fixture(scope="module")
def past() -> History:
    return history(areas=20)


@pytest.fixture(scope="module")
def fitted(brief_provision: ProvisionTotals, past: History) -> FittedProvision:
    return brief_provision.fit(past, rng=np.random.default_rng(SEED))


def plans(found: FittedProvision, past: History, years: int = 5, draws: int = 60) -> xr.DataArray:
    """Return totals that grow by about 8 % a year, with ages as they are."""
    rng = np.random.default_rng(SEED)
    steps = 0.08 + 0.03 * rng.standard_normal((draws, len(found.areas), years))
    now = past.stock.sel(january=past.origin, drop=True).transpose("area", "series").to_numpy()
    return xr.DataArray(
        now[None, :, :, None] * np.exp(steps.cumsum(axis=2))[:, :, None],
        dims=("draw", "area", "series", "january"),
        coords={
            "draw": range(draws),
            "area": list(found.areas),
            "series": past.stock["series"].to_numpy(),
            "january": range(found.origin + 1, found.origin + 1 + years),
        },
    )


def with_placements(past: History, placements: xr.DataArray) -> History:
    return replace(past, placements=placements)


def test_every_kind_has_a_label_and_its_provisions_exist() -> None:
    assert list(KIND_LABELS) == [*KIND_CODES, REST]
    parts = [p for provisions in KINDS.values() for p in provisions]
    assert len(parts) == len(set(parts))
    assert set(parts) < set(PROVISION_CODES)
    assert "training_provider" in KINDS["post16"]
    assert "itemised only from 2023" in KIND_LABELS["post16"]


def test_redbridge_kinds_are_as_published() -> None:
    series = history_tables.load("series")
    published = PublishedKinds.of(series)
    row = series.areas.index(317)
    found = dict(zip(KIND_CODES, published.plans[row, :, -1], strict=True))
    placed = series.placements.sel(area=317, january=series.origin)
    assert (found["state_special"], found["inmss"], found["specialist_base"]) == pytest.approx(
        (840, 69, 55), rel=0.01
    )
    assert found["post16"] == pytest.approx(
        float(placed.sel(provision=list(KINDS["post16"])).sum()), rel=0.01
    )


def test_the_same_seed_gives_the_same_fit(
    brief_provision: ProvisionTotals, past: History, fitted: FittedProvision
) -> None:
    afresh = replace(brief_provision, memory=brief_provision.memory.with_compiled())
    again = afresh.fit(past, rng=np.random.default_rng(SEED))
    xr.testing.assert_equal(again.posterior, fitted.posterior)
    assert brief_provision.fit(past, rng=np.random.default_rng(1)) is fitted
    assert brief_provision.name == NAME


def test_kinds_start_from_the_last_published_ones(past: History, fitted: FittedProvision) -> None:
    found = fitted.kinds(plans(fitted, past), np.random.default_rng(SEED)).sel(january=past.origin + 1)
    change = np.log(found.sel(kind=list(KIND_CODES)).median("draw") / fitted.plans)
    assert float(abs(change).max()) < 0.4


def test_what_a_return_left_unrecorded_is_handed_back(past: History) -> None:
    """A third of an area's settings not filled in one year is no third of its places."""
    spoilt = past.placements.copy(deep=True)
    area = past.areas[3]
    last = spoilt.sel(area=area, january=past.origin)
    lost = last.drop_sel(provision="not_recorded") / 3
    spoilt.loc[{"area": area, "january": past.origin, "provision": lost["provision"]}] -= lost
    spoilt.loc[{"area": area, "january": past.origin, "provision": "not_recorded"}] += lost.sum()
    clean, other = PublishedKinds.of(past).plans, PublishedKinds.of(with_placements(past, spoilt)).plans
    np.testing.assert_allclose(other[3, :, -1], clean[3, :, -1], rtol=0.03)
    np.testing.assert_array_equal(np.delete(other, 3, axis=0), np.delete(clean, 3, axis=0))


def test_an_areas_usual_not_recorded_is_left_alone(past: History) -> None:
    placed = past.placements.sel(january=past.origin)
    published = PublishedKinds.of(past)
    raw = placed.sel(provision="state_special").to_numpy()
    np.testing.assert_allclose(published.plans[:, 0, -1], raw, rtol=0.01)


def test_an_unusable_return_is_the_last_known_share_of_the_last_known_total(past: History) -> None:
    placed, stock = past.placements.copy(deep=True), past.stock.copy(deep=True)
    first, second = past.areas[:2]
    placed.loc[{"area": [first, second], "january": past.origin}] = np.nan
    stock.loc[{"area": second, "january": past.origin}] = np.nan
    published = PublishedKinds.of(replace(past, placements=placed, stock=stock))
    before = PublishedKinds.of(past.until(past.origin - 1)).plans[:2, :, -1]
    totals = past.stock.sel(series=ALL)
    grown = float(
        totals.sel(area=first, january=past.origin) / totals.sel(area=first, january=past.origin - 1)
    )
    np.testing.assert_allclose(published.plans[:2, :, -1], before * np.array([[grown], [1.0]]), rtol=0.01)
    assert not published.seen[:2, -1].any()
    assert published.seen[2:, -1].all()


def test_an_area_without_a_kind_can_open_one_and_stays_small(past: History) -> None:
    placed = past.placements.copy(deep=True)
    placed.loc[{"area": past.areas[0], "provision": "specialist_base"}] = 0.0
    empty = with_placements(past, placed)
    found = known_fit(empty).kinds(plans(known_fit(empty), past, draws=200), np.random.default_rng(SEED))
    bases = found.sel(area=past.areas[0], kind="specialist_base")
    assert np.isfinite(found).all()
    assert float(bases.min()) >= 0
    assert float(bases.isel(january=-1).quantile(0.9)) > 0
    assert float(bases.isel(january=-1).median()) < 0.02 * float(known_fit(empty).total[0])


def test_an_area_outside_pooled_estimates_teaches_nothing(past: History) -> None:
    """Its figures may be anything: what is fitted stays the same."""
    pooled = past.pooled.copy(deep=True)
    pooled[0] = False
    placed = past.placements.copy(deep=True)
    placed[0] = placed[0] * np.linspace(0.1, 1, placed.sizes["january"])
    quiet = observations(PublishedKinds.of(replace(past, pooled=pooled)))
    loud = observations(PublishedKinds.of(replace(past, pooled=pooled, placements=placed)))
    for name, values in quiet.items():
        np.testing.assert_array_equal(values, loud[name])


def test_nothing_after_the_origin_is_seen(past: History) -> None:
    for origin in (2019, 2022, 2024):
        one, two = past.until(origin), corrupted_after(past, origin).until(origin)
        clean, spoilt = observations(PublishedKinds.of(one)), observations(PublishedKinds.of(two))
        for name, values in clean.items():
            np.testing.assert_array_equal(values, spoilt[name])


def test_the_change_into_person_level_returns_is_not_englands(past: History) -> None:
    """A jump of every area in January 2023 moves no row of England's."""
    placed = past.placements.copy(deep=True)
    jump = placed["january"] >= 2023
    placed = placed.where(~(jump & (placed["provision"] == "inmss")), 1.5 * placed)
    before, after = (observations(PublishedKinds.of(h)) for h in (past, with_placements(past, placed)))
    of_inmss = before["england_kind"] == KIND_CODES.index("inmss")
    np.testing.assert_allclose(
        after["england_change"][of_inmss], before["england_change"][of_inmss], atol=0.01
    )


@pytest.mark.parametrize("origin", [2013, 2018, 2020])
def test_early_origins_have_no_gaps(past: History, origin: int) -> None:
    early = past.until(origin)
    assert all(np.isfinite(v).all() for v in observations(PublishedKinds.of(early)).values())
    fit = known_fit(early)
    found = fit.kinds(plans(fit, early).fillna(0.0), np.random.default_rng(SEED))
    assert np.isfinite(found).all()


def test_every_draw_is_small_enough_to_ship(fitted: FittedProvision) -> None:
    stored = thinned(fitted.posterior)
    each = sum(v.nbytes for v in stored.data_vars.values()) / stored.sizes["draw"]
    assert each * STORED_DRAWS < 500_000
    restored = replace(fitted, posterior=stored)
    assert restored.posterior.sizes["draw"] <= STORED_DRAWS


def test_plans_must_run_on_from_the_origin_and_be_of_known_areas(
    past: History, fitted: FittedProvision
) -> None:
    asked, rng = plans(fitted, past), np.random.default_rng(SEED)
    with pytest.raises(OptionError, match="year by year"):
        fitted.kinds(asked.isel(january=slice(1, None)), rng)
    with pytest.raises(AreaError, match="999"):
        fitted.kinds(asked.assign_coords(area=[999, *fitted.areas[1:]]), rng)


def test_a_weighted_median_is_where_half_the_weight_is_reached() -> None:
    values = np.array([[1.0], [5.0], [3.0]])
    assert weighted_median(values, np.array([[1.0], [1.0], [1.0]]))[0] == 3
    assert weighted_median(values, np.array([[1.0], [9.0], [1.0]]))[0] == 5
    assert weighted_median(values[:0], values[:0])[0] == 0


def test_a_small_forecast_is_what_it_was(past: History) -> None:
    """Golden: known parameters, two areas, two years. A change here is a change of the model."""
    fit = known_fit(past)
    asked = plans(fit, past, years=2, draws=200).sel(area=list(past.areas[:2]))
    found = fit.kinds(asked, np.random.default_rng(SEED)).median("draw").isel(january=-1)
    golden = [
        [2831.09225988, 555.34109516, 424.87785865, 1154.79940409, 5524.28075557],
        [2755.23300451, 611.41334074, 354.78061139, 1390.26899025, 6428.12169562],
    ]
    np.testing.assert_allclose(found, golden, rtol=1e-6)
