"""Evidence, exposure and flows of the cohort model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from data.errors import HistoryError
from data.panels.composition import Composition
from data.panels.history import History
from data.vocabulary import AGES, BAND_CODES, NEED_CODES, PROVISION_CODES, band_of
from models.cohort import CohortModel, FittedCohort
from models.cohort_evidence import CohortEvidence, stock_at
from models.cohort_flow import Flows, advance, explain, exposure, exposure_draws
from models.inference import Sampling
from tests.histories import corrupted_after
from tests.histories import history as made_up

SHORT = Sampling(draws=100, tune=200, chains=2, target_accept=0.8)


def composed(history: History) -> Composition:
    """Return a composition in which every need is as common at every age."""
    latest = history.stock_by_age.isel(january=-1, drop=True)
    share = xr.DataArray(
        [*np.full(len(NEED_CODES) - 1, 1 / (len(NEED_CODES) - 1)), 0.0],
        dims="need",
        coords={"need": list(NEED_CODES)},
    )
    stock = (latest * share).transpose("area", "age", "need")
    kinds = xr.DataArray(
        np.full(len(PROVISION_CODES), 1 / len(PROVISION_CODES)),
        dims="provision",
        coords={"provision": list(PROVISION_CODES)},
    )
    return Composition(
        january=history.origin,
        need_january=history.origin,
        stock=stock,
        joiners=0.15 * stock,
        joiners_before=0.14 * stock,
        leaver_hazard=latest.isel(area=0, drop=True) * 0,
        age_provision=latest * kinds,
        placement_january=xr.full_like(latest.isel(age=0, drop=True), history.origin, dtype=int),
        need_provision=stock.sum("age") * kinds,
    )


@pytest.fixture(scope="module")
def panel() -> History:
    return made_up(areas=8, seed=3)


@pytest.fixture(scope="module")
def fitted(panel: History) -> FittedCohort:
    return CohortModel(SHORT).fit(panel, composed(panel), rng=np.random.default_rng(1))


def residents_of(history: History, mid_year: int) -> xr.DataArray:
    return history.residents.sel(mid_year=mid_year, drop=True)


def test_exposure_is_the_estimate_where_there_is_one_and_the_first_before_it(panel: History) -> None:
    found = exposure(panel, [2012, 2019, 2022])
    xr.testing.assert_allclose(found.sel(mid_year=2022, drop=True), residents_of(panel, 2022))
    xr.testing.assert_allclose(found.sel(mid_year=2012, drop=True), residents_of(panel, 2019))


def test_exposure_ages_a_year_at_a_time_where_nothing_is_projected(panel: History) -> None:
    alone = replace(panel, projection=panel.projection.isel(mid_year=slice(0)))
    last = int(panel.residents["mid_year"][-1])
    found = exposure(alone, [last + 3]).isel(mid_year=0)
    known = residents_of(panel, last)
    for age, source in ((0, 0), (2, 0), (3, 0), (4, 1), (25, 22)):
        np.testing.assert_allclose(found.sel(age=age), known.sel(age=source))


def test_exposure_takes_the_projection_after_the_last_estimate_only(panel: History) -> None:
    doubled = replace(panel, projection=2 * panel.projection.assign_coords(mid_year=np.arange(2019, 2035)))
    last = int(panel.residents["mid_year"][-1])
    found = exposure(doubled, [last, last + 1])
    np.testing.assert_allclose(found.isel(mid_year=0), residents_of(panel, last))
    np.testing.assert_allclose(found.isel(mid_year=1), 2 * residents_of(panel, last))


def test_exposure_of_an_area_with_a_gap_takes_its_own_nearest_year(panel: History) -> None:
    holed = replace(
        panel,
        residents=panel.residents.where(
            (panel.residents["area"] != 301) | (panel.residents["mid_year"] != 2021)
        ),
    )
    found = exposure(holed, [2021]).sel(area=301).isel(mid_year=0)
    np.testing.assert_allclose(found, residents_of(panel, 2020).sel(area=301))


def test_exposure_fills_a_gap_from_the_projection_where_one_is_held(panel: History) -> None:
    gap = (panel.residents["area"] == 301) & (panel.residents["mid_year"] == 2021)
    projection = 2 * panel.projection.assign_coords(mid_year=np.arange(2019, 2035))
    holed = replace(panel, residents=panel.residents.where(~gap), projection=projection)
    found = exposure(holed, [2020, 2021]).sel(area=301)
    np.testing.assert_allclose(found.sel(mid_year=2021), projection.sel(area=301, mid_year=2021))
    np.testing.assert_allclose(found.sel(mid_year=2020), residents_of(panel, 2020).sel(area=301))


def test_exposure_does_not_look_past_the_origin(panel: History) -> None:
    origin = 2023
    years = [2015, 2021, 2030]
    xr.testing.assert_identical(
        exposure(panel.until(origin), years), exposure(corrupted_after(panel, origin).until(origin), years)
    )


def test_exposure_without_any_residents_says_which_areas(panel: History) -> None:
    without = replace(
        panel,
        residents=panel.residents.where(panel.residents["area"] != 303),
        projection=panel.projection.where(panel.projection["area"] != 303),
    )
    with pytest.raises(HistoryError, match=r"1 areas \(303\)"):
        exposure(without, [2024])


def test_exposure_draws_spread_with_years_ahead_around_the_exposure(panel: History) -> None:
    draws = exposure_draws(panel, 302, [2025, 2030, 2035], 4000, np.random.default_rng(1))
    assert draws.dims == ("draw", "january", "age")
    spread = np.log(draws).std("draw")
    assert float(spread.sel(january=2025).max()) < 1e-9
    assert bool((spread.sel(january=2035) > spread.sel(january=2030)).all())
    assert float(spread.sel(january=2035, age=22)) > float(spread.sel(january=2035, age=8))
    middle = exposure(panel, [2034]).sel(area=302, age=list(AGES)).isel(mid_year=0)
    np.testing.assert_allclose(draws.median("draw").sel(january=2035), middle, rtol=0.05)


def test_single_ages_of_a_january_without_them_come_from_bands(panel: History) -> None:
    found = stock_at(panel, 2020)
    bands = found.groupby(xr.DataArray([band_of(a) for a in AGES], dims="age", name="series")).sum()
    np.testing.assert_allclose(
        bands.sel(series=list(BAND_CODES)).transpose("area", "series"),
        panel.stock.sel(january=2020, series=list(BAND_CODES)),
    )
    np.testing.assert_allclose(
        stock_at(panel, 2025), panel.stock_by_age.sel(january=2025).transpose("area", "age")
    )


def test_evidence_uses_leavers_of_19_and_over_against_plans_of_19_and_over(panel: History) -> None:
    found = CohortEvidence.of(panel, composed(panel))
    held = panel.stock_by_age.sel(january=2024)
    np.testing.assert_allclose(found.exposed[:, 2, -1], held.sel(age=slice(19, 25)).sum("age"))
    gone = panel.leavers_by_age.sel(reason="needs_met", year=2024)
    np.testing.assert_allclose(found.gone[:, 2, -1], gone.sel(age=19))
    np.testing.assert_allclose(found.gone[:, 1, -1], gone.sel(age=slice(16, 18)).sum("age"))
    assert found.reason_names == ("needs_met",)


def test_an_authority_that_returned_nothing_still_has_evidence(panel: History) -> None:
    composition = composed(panel)
    silent = replace(composition, joiners=composition.joiners.where(composition.joiners["area"] != 304))
    found = CohortEvidence.of(panel, silent)
    assert found.needs[panel.areas.index(304)].sum() == 0
    assert np.isfinite(found.rate).all()
    assert np.isfinite(found.expected).all()


def test_flows_are_not_fitted_to_an_origin_without_a_composition(panel: History) -> None:
    with pytest.raises(HistoryError, match="January 2025"):
        CohortEvidence.of(panel.until(2024), composed(panel))


def test_flows_have_the_dims_they_promise(fitted: FittedCohort) -> None:
    flows = fitted.flows([303, 301], 50, np.random.default_rng(2))
    rates = flows.rates
    assert rates["joiner_rate"].dims == ("draw", "area", "age")
    assert rates["need_mix"].dims == ("draw", "area", "age", "need")
    assert rates["need_path"].dims == ("draw", "area", "ahead", "need")
    assert rates["follows_index"].dims == ("draw", "need")
    assert rates["recoding"].dims == ("draw", "area", "age", "need")
    assert rates["reason_share"].dims == ("draw", "band", "reason")
    assert rates["area"].to_numpy().tolist() == [303, 301]
    assert rates.sizes["draw"] == 50
    assert bool((rates["joiner_rate"] > 0).all())
    assert bool(((rates["hazard"] > 0) & (rates["hazard"] <= 1)).all())
    assert bool((rates["hazard"].sel(age=25) == 1).all())
    assert bool((rates["transfer_rate"].sel(age=25) == 0).all())
    np.testing.assert_allclose(rates["need_mix"].sum("need"), 1)
    assert float(rates["need_mix"].sel(need="UNKNOWN").max()) == 0
    np.testing.assert_allclose(rates["reason_share"].sum("reason"), 1, rtol=1e-5)
    assert isinstance(flows.of(301), Flows)


def test_the_same_seed_gives_the_same_flows(fitted: FittedCohort) -> None:
    first, again = (fitted.flows([301], 20, np.random.default_rng(5)).rates for _ in range(2))
    xr.testing.assert_identical(first, again)


def test_fitted_flows_follow_the_country_they_were_fitted_to(fitted: FittedCohort, panel: History) -> None:
    rates = fitted.flows(panel.areas, 200, np.random.default_rng(3)).rates
    known = panel.stock_by_age.sel(january=2024)
    gone = panel.leavers_by_age.sel(reason="needs_met").sum(("area", "year"))
    held = known.sum("area")
    assert float(rates["hazard"].sel(age=16).median()) == pytest.approx(
        float(gone.sel(age=16) / held.sel(age=16) / 2), rel=0.5
    )
    joined = (rates["joiner_rate"] * exposure(panel, [2024]).isel(mid_year=0)).sum("age").median("draw").sum()
    assert float(joined) == pytest.approx(0.15 * float(panel.stock_by_age.sel(january=2025).sum()), rel=0.15)


def test_fitted_flows_carry_an_authority_forward(fitted: FittedCohort, panel: History) -> None:
    rng = np.random.default_rng(4)
    januaries = [2026, 2027, 2028]
    composition = composed(panel)
    flows = fitted.flows([302], 100, rng).of(302)
    residents = exposure_draws(panel, 302, januaries, 100, rng)
    stock = composition.stock.sel(area=302, drop=True)
    bands = panel.stock.sel(area=302, january=2025, series=list(BAND_CODES), drop=True)
    target = bands * xr.DataArray(
        rng.lognormal(0.02, 0.01, (100, 3)),
        dims=("draw", "january"),
        coords={"draw": range(100), "january": januaries},
    )
    plans = advance(stock, flows, residents, target)
    np.testing.assert_allclose(plans["stock"].sum(("age", "need")), target.sum("series"))
    np.testing.assert_allclose(
        explain(plans, residents).sum("term"), target.sum("series") - float(stock.sum()), rtol=1e-9
    )


def test_januaries_must_follow_each_other_and_targets_be_whole(fitted: FittedCohort, panel: History) -> None:
    rng = np.random.default_rng(4)
    flows = fitted.flows([302], 2, rng).of(302)
    residents = exposure_draws(panel, 302, [2026, 2028], 2, rng)
    stock = composed(panel).stock.sel(area=302, drop=True)
    target = xr.DataArray(
        np.full((2, 2, 5), 10.0),
        dims=("draw", "january", "series"),
        coords={"draw": [0, 1], "january": [2026, 2028], "series": list(BAND_CODES)},
    )
    with pytest.raises(ValueError, match="a year at a time"):
        advance(stock, flows, residents, target)
    with pytest.raises(ValueError, match="negative or missing"):
        advance(stock, flows, residents, target.isel(january=[0]) * -1)
