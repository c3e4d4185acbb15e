"""Answers to planners: chances, places to add, causes and settings, told from one run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from data import areas
from data.registers import starting_register
from data.vocabulary import ALL, NEED_GROUP_CODES, PHASE_CODES, SPECIALIST_PROVISIONS
from forecast.core.defaults import SURE
from forecast.core.outcome import ONE_CHILD, Outcome
from forecast.presentation import place_tables, summary
from forecast.presentation.place_tables import CELL, NEVER
from forecast.runs.baseline import Baseline, ForecastInputs

KEYS = [*CELL]
YEARS = [2027, 2028, 2029, 2030]


@pytest.fixture(scope="module")
def outcome(baseline_of: Callable[..., Baseline]) -> Outcome:
    return baseline_of(317, years=len(YEARS), draws=150).outcome


@pytest.fixture(scope="module")
def shortfall(outcome: Outcome) -> pd.DataFrame:
    return summary.shortfall_long(outcome)


def cells(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of single cells: none for "All"."""
    return frame[(frame[KEYS] != ALL).all(axis=1)]


def test_the_file_of_shortfalls_is_the_contract(shortfall: pd.DataFrame) -> None:
    assert ",".join(shortfall.columns) == (
        "la_code,year,phase,need_group,provision,places,wanted_q10,wanted_q50,wanted_q90,filled_q50,shortfall_mean,"
        "shortfall_q10,shortfall_q50,shortfall_q90,p_shortfall"
    )
    assert shortfall["phase"].unique().tolist() == ["All", "early_years", "primary", "secondary", "post16"]
    assert shortfall["need_group"].unique().tolist() == [ALL, *NEED_GROUP_CODES]
    assert shortfall["provision"].unique().tolist() == [ALL, *SPECIALIST_PROVISIONS]
    assert not shortfall.duplicated(["year", *KEYS]).any()
    assert len(shortfall) == len(YEARS) * 5 * (len(NEED_GROUP_CODES) + 1) * (len(SPECIALIST_PROVISIONS) + 1)
    assert not shortfall.isna().any(axis=None)


def test_shortfalls_are_in_order_and_never_negative(shortfall: pd.DataFrame) -> None:
    assert (shortfall["wanted_q10"] <= shortfall["wanted_q50"]).all()
    assert (shortfall["wanted_q50"] <= shortfall["wanted_q90"]).all()
    assert (shortfall[["places", "filled_q50", "shortfall_mean", "shortfall_q90"]] >= -1e-3).all(axis=None)
    assert shortfall["p_shortfall"].between(0, 1).all()


def test_places_of_all_needs_are_those_of_the_register(shortfall: pd.DataFrame, outcome: Outcome) -> None:
    rows = summary.all_needs(shortfall)
    whole = rows[(rows["phase"] == ALL) & (rows["provision"] == ALL)].set_index("year")["places"]
    np.testing.assert_allclose(whole, outcome.shortfall.places.sum(("phase", "provision")), rtol=1e-5)


def test_observed_latent_and_used_demand_stand_side_by_side(outcome: Outcome) -> None:
    told = place_tables.demand_long(outcome)
    assert sorted(told["demand"].unique()) == ["latent", "observed", "used"]
    wide = told.pivot_table(index=["year", *KEYS], columns="demand", values="mean")
    assert (wide["latent"] >= wide["observed"] - 0.01).all()
    np.testing.assert_allclose(wide["used"], wide["latent"])
    assert (told["q10"] <= told["q90"]).all()


def test_overflow_adds_up_to_the_shortfall(outcome: Outcome, shortfall: pd.DataFrame) -> None:
    told = place_tables.overflow_long(outcome)
    went = told.groupby(["year", *KEYS])["mean"].sum()
    short = shortfall.set_index(["year", *KEYS])["shortfall_mean"]
    np.testing.assert_allclose(went.reindex(short.index), short, rtol=1e-4, atol=1e-3)
    assert set(told["destination"]) == set(outcome.shortfall.overflow["destination"].to_numpy())


def test_chances_of_the_first_january_add_up_to_one(outcome: Outcome) -> None:
    told = place_tables.first_years(outcome)
    np.testing.assert_allclose(told.groupby(KEYS)["chance"].sum(), 1.0)
    assert set(told["january"]) == {NEVER, *YEARS}
    assert (told["chance"] >= 0).all()


def test_the_first_january_is_as_likely_as_its_shortfall(outcome: Outcome, shortfall: pd.DataFrame) -> None:
    told = place_tables.first_years(outcome)
    first = told[told["january"] == YEARS[0]].set_index(KEYS)["chance"]
    p = shortfall[shortfall["year"] == YEARS[0]].set_index(KEYS)["p_shortfall"]
    np.testing.assert_allclose(first, p.reindex(first.index))


def test_first_likely_january_and_never(shortfall: pd.DataFrame) -> None:
    told = place_tables.first_likely(shortfall).set_index(KEYS)["january"].to_dict()
    assert len(told) == len(shortfall.groupby(KEYS))
    for cell, rows in shortfall.groupby(KEYS):
        likely = rows.loc[rows["p_shortfall"] >= 0.5, "year"]
        assert told[cell] == (likely.min() if len(likely) else NEVER)


@pytest.mark.parametrize("sure", [0.5, SURE, 0.95])
def test_places_to_add_make_every_cell_safe_and_are_the_fewest(outcome: Outcome, sure: float) -> None:
    told = cells(place_tables.places_to_add(outcome, sure)).set_index(["year", *KEYS])["places_to_add"]
    short = outcome.shortfall.short.transpose("draw", "january", *CELL)
    add = told.to_xarray().rename(year="january").reindex_like(short.isel(draw=0, drop=True))
    safe = (short - add < ONE_CHILD).mean("draw")
    assert (safe >= sure).all()
    fewer = (short - (add - 1) < ONE_CHILD).mean("draw")
    assert (fewer.where(add > 0, 0.0) < sure).all(), "one place fewer would not do"
    assert (told >= 0).all()


def test_more_certainty_never_asks_for_fewer_places(outcome: Outcome) -> None:
    less, more = (place_tables.places_to_add(outcome, sure)["places_to_add"] for sure in (0.5, 0.9))
    assert (more >= less).all()


def test_what_binds_is_told_soonest_first(shortfall: pd.DataFrame) -> None:
    told = place_tables.binding(shortfall)
    assert told["january"].is_monotonic_increasing
    assert (told["p_shortfall"] >= 0.5).all()
    assert not (told[KEYS] == ALL).any(axis=None)
    assert not told.duplicated(KEYS).any()
    expected = place_tables.first_likely(cells(shortfall))
    assert len(told) == int((expected["january"] != NEVER).sum())


def test_causes_of_overflow_are_all_of_it_largest_first(outcome: Outcome) -> None:
    asked = ["inmss", "eotas"]
    told = place_tables.causes(outcome, asked)
    assert set(told["destination"]) == set(asked)
    sent = outcome.shortfall.overflow.sel(destination=asked).mean("draw").sum()
    assert told["mean"].sum() == pytest.approx(float(sent), rel=1e-4)
    for _, rows in told.groupby("year"):
        assert rows["mean"].is_monotonic_decreasing


def test_settings_hold_no_more_than_their_places(outcome: Outcome) -> None:
    told = place_tables.settings_long(outcome)
    assert tuple(told.columns) == place_tables.SETTING_COLUMNS
    assert len(told) == len(outcome.shortfall.units) * len(YEARS)
    assert (told["filled_mean"] + told["free_mean"] <= told["places"] + 1e-3).all()
    assert (told["places_q10"] <= told["places_q90"]).all()
    assert told["p_full"].between(0, 1).all()
    assert (told.loc[told["places"] == 0, "p_full"] == 0).all()


def test_a_register_without_settings_gives_an_empty_table_with_its_columns(inputs: ForecastInputs) -> None:
    register = starting_register.shipped(317)
    bare = inputs.baseline(
        areas.by_code(317), years=1, draws=100, register=replace(register, rows=register.rows.iloc[:0])
    ).outcome
    told = place_tables.settings_long(bare)
    assert (len(told), tuple(told.columns)) == (0, place_tables.SETTING_COLUMNS)


def test_placements_by_band_and_provision_add_up_to_plans(outcome: Outcome) -> None:
    told = place_tables.placements_long(outcome)
    whole = told[told["age_band"] == ALL].groupby("year")["mean"].sum()
    plans = outcome.plans.future.sum(("age", "need")).mean("draw")
    np.testing.assert_allclose(whole, plans, rtol=1e-4)
    parts = told[told["age_band"] != ALL].groupby("year")["mean"].sum()
    np.testing.assert_allclose(parts, whole, rtol=1e-4)


def test_post_16_ages_add_up_and_interns_are_a_part(outcome: Outcome) -> None:
    told = place_tables.post16_long(outcome)
    assert told["ages"].unique().tolist() == ["16-18", "19-25"]
    interns = told["provision"] == "supported_internship"
    whole = told[~interns].groupby("year")["mean"].sum()
    plans = outcome.plans.future.sel(age=slice(16, 25)).sum(("age", "need")).mean("draw")
    np.testing.assert_allclose(whole, plans, rtol=1e-4)
    hosts = (
        told[told["provision"].isin(place_tables.INTERN_PROVISIONS)].groupby(["year", "ages"])["mean"].sum()
    )
    assert (told[interns].set_index(["year", "ages"])["mean"] <= hosts).all()
    assert (told[interns]["mean"] >= 0).all()


@pytest.mark.parametrize("la_code", [317, 886, 420])
def test_the_share_of_interns_is_a_share(baseline_of: Callable[..., Baseline], la_code: int) -> None:
    run = baseline_of(la_code, years=1, draws=100).outcome
    share = place_tables.intern_share(run.area.la_code)
    assert share.dims == ("age",)
    assert ((share >= 0) & (share <= 1)).all()
    assert (share.sel(age=slice(2, 14)) == 0).all()
    assert float(share.max()) > 0


def test_every_phase_is_told_for_every_authority_without_latent_demand(
    baseline_of: Callable[..., Baseline],
) -> None:
    """Newham and Surrey published no placements in January 2025: demand is as observed, and nothing is missing."""
    for la_code in (316, 936):
        run = baseline_of(la_code, years=1, draws=100).outcome
        assert run.shortfall.blend == 0
        told = place_tables.demand_long(run).pivot_table(
            index=["year", *KEYS], columns="demand", values="mean"
        )
        np.testing.assert_allclose(told["latent"], told["observed"])
        assert set(summary.shortfall_long(run)["phase"]) == {ALL, *PHASE_CODES}
