"""Population: totals equal ONS, and the change of basis is marked once."""

from __future__ import annotations

import pandas as pd
import pytest

from data.ingest import population
from data.ingest.reading import Release


@pytest.fixture(scope="module")
def built(releases):
    return population.population(Release(releases))


def test_england_under_18_equals_ons_in_2022(built):
    rows = built[(built["mid_year"] == 2022) & (built["age"] < 18)]
    assert rows["population"].sum() == pytest.approx(11_885_789, abs=1)


def test_every_authority_year_and_age_is_there_once(built):
    assert len(built) == 153 * 22 * 26
    assert not built.duplicated(["la_code", "mid_year", "age"]).any()


def test_only_london_boroughs_break_and_only_in_2022(built):
    broken = built[built["basis_break"]]
    assert set(broken["mid_year"]) == {2022}
    assert broken["la_code"].nunique() == 32
    assert 201 not in set(broken["la_code"])
    assert len(broken) == 32 * 26


def test_ageing_bases_are_one_chain():
    frame = pd.DataFrame(
        {
            "la_code": 840,
            "age": 5,
            "mid_year": [2020, 2021, 2024],
            "basis": [
                "ons_mye_single_age_0_17_scaled",
                "cohort_aged_0_17_scaled_to_ons_total",
                "cohort_aged",
            ],
        }
    )
    assert not population.basis_breaks(frame).any()


def test_break_is_found_whatever_the_row_order():
    frame = pd.DataFrame({"la_code": 317, "age": 5, "mid_year": [2023, 2021, 2022]})
    frame["basis"] = [population.PROJECTION, "cohort_aged_0_17_scaled_to_ons_total", population.PROJECTION]
    assert population.basis_breaks(frame).tolist() == [False, False, True]


def test_redbridge_error_is_the_published_one(releases):
    error = population.population_projection_error(Release(releases))
    row = error[(error["la_code"] == 317) & (error["mid_year"] == 2028) & (error["age_band"] == "0-4")]
    assert row["difference_pct"].tolist() == [10.2]


def test_plain_ageing_is_null_for_the_group_it_was_not_run_for(releases):
    error = population.population_projection_error(Release(releases))
    assert error.loc[error["la_code"].isna(), "plain_ageing"].isna().all()
