"""Requests and assessments: gaps never read as zeros, ages on the stock's footing, nothing lost on the way."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from data import tables
from data.errors import HistoryError
from data.panels import composition_tables, process
from data.panels.age_footing import published_age_matrix, stock_age_shares
from data.panels.process import (
    ASSESSED_YOUNGER,
    PROCESS_AGES,
    REQUESTED_YOUNGER,
    STATUTORY_DELAY,
    Process,
    ages_at_request,
)
from data.vocabulary import AGES

HACKNEY, LEICESTER, ISLE_OF_WIGHT, REDBRIDGE = 204, 856, 921, 317


@pytest.fixture(scope="module")
def returned() -> Process:
    return process.load()


@pytest.fixture(scope="module")
def england_plans() -> np.ndarray:
    return composition_tables.joiners(2024).sum(("area", "need")).to_numpy()


def test_grids_are_whole(returned: Process) -> None:
    assert returned.by_age.sizes == {"area": 153, "year": 3, "age": 19}
    assert returned.by_age["age"].to_numpy().tolist() == list(PROCESS_AGES)
    assert returned.totals["year"].to_numpy().tolist() == list(range(2014, 2026))
    assert returned.last_year == 2025
    assert returned.delay == STATUTORY_DELAY


NOT_RETURNED = [
    (HACKNEY, 2023), (LEICESTER, 2023), (LEICESTER, 2025), (ISLE_OF_WIGHT, 2023), (ISLE_OF_WIGHT, 2024), (ISLE_OF_WIGHT, 2025),
]  # fmt: skip
"""Authorities and years without a usable return."""

ASSESSMENTS = ("completed", "issued", "not_issued")


@pytest.mark.parametrize(("la_code", "year"), NOT_RETURNED)
def test_a_year_not_returned_is_unknown_throughout(returned: Process, la_code: int, year: int) -> None:
    for frame in (returned.by_age, returned.totals):
        here = frame.sel(area=la_code, year=year).to_array()
        assert here.isnull().all()


def test_every_other_year_is_known_at_every_age(returned: Process) -> None:
    for name in returned.by_age:
        missing = returned.by_age[name].isnull()
        # Assessments of 2025 are not at hand by authority.
        years = [2023, 2024] if name in ASSESSMENTS else [2023, 2024, 2025]
        expected = sum(year in years for _, year in NOT_RETURNED)
        of_years = missing.sel(year=years)
        assert int(of_years.any("age").sum()) == int(of_years.all("age").sum()) == expected, name
    assert returned.by_age["completed"].sel(year=2025).isnull().all()


def test_outcomes_of_a_year_without_ages_have_both_margins(returned: Process) -> None:
    here = returned.by_age.sel(area=REDBRIDGE, year=2025)
    published = tables.read("requests")
    published = published[(published["la_code"] == REDBRIDGE) & (published["year"] == 2025)]
    of_all = published[published["age"].isna()].set_index("measure")["value"]
    assert float(here["refused"].sum()) == pytest.approx(float(of_all["refused"]), abs=0.5)
    assert float(here["received"].sum()) == pytest.approx(698.0)


def test_ages_add_up_to_published_totals(returned: Process) -> None:
    by_child = returned.totals.sel(year=returned.by_age["year"])
    for name in returned.by_age:
        xr.testing.assert_allclose(returned.by_age[name].sum("age", skipna=False), by_child[name])
    assert float(returned.totals["received"].sel(area=REDBRIDGE, year=2024)) == 694
    assert float(by_child["received"].sum("area").sel(year=2024)) == 154_415


def test_outcomes_add_up_to_what_they_are_outcomes_of(returned: Process) -> None:
    for frame in (returned.by_age, returned.totals.sel(year=slice(2023, None))):
        outcomes = frame["accepted"] + frame["refused"] + frame["withdrawn"] + frame["undecided"]
        xr.testing.assert_allclose(outcomes, frame["received"])
        xr.testing.assert_allclose(frame["issued"] + frame["not_issued"], frame["completed"])
        assert all(bool((frame[name].fillna(0) >= 0).all()) for name in frame)


def test_refusals_are_of_requests_received_and_then_of_requests_decided(returned: Process) -> None:
    here = returned.totals.sel(area=REDBRIDGE)
    assert float(returned.decided.sel(area=REDBRIDGE, year=2022)) == float(here["received"].sel(year=2022))
    decided = here[["accepted", "refused", "withdrawn"]].to_array().sum("variable")
    assert float(returned.decided.sel(area=REDBRIDGE, year=2024)) == float(decided.sel(year=2024))


def test_measures_collected_later_are_unknown_before(returned: Process) -> None:
    before = returned.totals.sel(year=slice(None, 2022))
    assert before["withdrawn"].isnull().all()
    assert before["accepted"].isnull().all()
    assert before["received"].sel(year=2015).isnull().all()
    assert before["received"].sel(year=2016).notnull().any()


def test_published_ages_are_those_of_new_plans_counted_younger(england_plans: np.ndarray) -> None:
    """The evidence for the footing: England's plans, moved as the rules say, are the published profiles."""
    requests, assessments = tables.read("requests"), tables.read("assessments")

    def published(rows, measure: str) -> np.ndarray:
        chosen = rows[(rows["measure"] == measure) & (rows["year"] == 2024) & (rows["age"] >= 2)]
        return chosen.groupby("age")["value"].sum().to_numpy(dtype=float)

    def misfit(profile: np.ndarray, younger: float, seen: np.ndarray) -> float:
        expected = published_age_matrix(younger) @ profile
        gaps = np.sqrt(expected * seen.sum() / expected.sum()) - np.sqrt(seen)
        return float((gaps[1:] ** 2).sum())

    issued = published(assessments, "issued")
    ending = issued / published(assessments, "completed")
    accepted = published(requests, "to_assess") * ending
    assert misfit(england_plans, ASSESSED_YOUNGER, issued) < misfit(england_plans, 0.0, issued) / 20
    earlier = ages_at_request(england_plans)
    fitted = misfit(earlier, REQUESTED_YOUNGER, accepted)
    assert fitted < misfit(earlier, 0.0, accepted) / 3
    assert fitted < misfit(earlier, 1.0, accepted) / 3


def test_assessments_on_the_stocks_footing_have_the_ages_of_new_plans(
    returned: Process, england_plans: np.ndarray
) -> None:
    issued = returned.by_age["issued"].sum("area").sel(year=2024).to_series()
    plans = dict(zip(AGES, england_plans, strict=True))
    scale = issued.sum() / england_plans.sum()
    for age in range(4, 18):
        assert issued[age] == pytest.approx(scale * plans[age], rel=0.12), age


def test_requests_move_by_half_a_year_and_assessments_by_three_quarters(returned: Process) -> None:
    for name, table, measure, by in (
        ("received", "requests", "received", REQUESTED_YOUNGER),
        ("completed", "assessments", "completed", ASSESSED_YOUNGER),
    ):
        rows = tables.read(table)
        rows = rows[(rows["measure"] == measure) & (rows["year"] == 2024) & (rows["age"] >= 2)]
        counts = rows.groupby("age")["value"].sum()
        before = np.average(counts.index.to_numpy(dtype=float), weights=counts.to_numpy(dtype=float))
        moved = returned.by_age[name].sum("area").sel(year=2024)
        assert float((moved * moved["age"]).sum() / moved.sum()) - before == pytest.approx(by, abs=0.08), name


def test_sharing_out_loses_nobody(england_plans: np.ndarray) -> None:
    shared = stock_age_shares(england_plans, published_age_matrix(0.4))
    np.testing.assert_allclose(shared.sum("stock_age"), 1.0)
    # Nobody becomes younger, or more than a year older.
    by = shared["stock_age"] - shared["age"]
    assert (shared.where((by < 0) | (by > 1), 0.0) == 0).all()
    np.testing.assert_allclose(published_age_matrix(0.4).sum(axis=0), 1.0)
    assert ages_at_request(england_plans).sum() == pytest.approx(england_plans.sum())


def test_earlier_knowledge_has_no_later_year(returned: Process) -> None:
    earlier = returned.until(2023)
    assert earlier.last_year == 2023
    assert earlier.by_age["year"].to_numpy().tolist() == [2023]
    with pytest.raises(HistoryError, match="2022 is before"):
        returned.until(2022)
