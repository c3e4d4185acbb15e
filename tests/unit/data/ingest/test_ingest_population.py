"""Population: estimates are ONS's, residents are aged on from mid-2023, errors are measured on what was held out."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest

from data.errors import SourceError
from data.ingest import population
from data.ingest.areas import POPULATION
from data.ingest.reading import Release
from data.vocabulary import AGE_BANDS, POPULATION_BASES, SMALLEST_AUTHORITIES
from models.cohort_flow import COMMON_RESIDENTS_ERROR, RESIDENTS_ERROR

REDBRIDGE = 317


@pytest.fixture(scope="module")
def built(releases):
    return population.population(Release(releases))


@pytest.fixture(scope="module")
def error(releases):
    return population.population_projection_error(Release(releases))


@pytest.mark.parametrize(("mid_year", "published"), [(2022, 11_885_789), (2023, 11_998_646)])
def test_england_under_18_equals_ons(built, mid_year, published):
    rows = built[(built["mid_year"] == mid_year) & (built["age"] < 18)]
    assert rows["population"].sum() == pytest.approx(published, abs=1)


def test_every_authority_year_and_age_is_there_once(built):
    assert len(built) == 153 * 22 * 26
    assert not built.duplicated(["la_code", "mid_year", "age"]).any()
    assert (built["population"] > 0).all()


def test_mid_2023_is_the_estimate(built, releases):
    raw = pd.read_parquet(releases / population.ESTIMATE)
    wanted = raw.sort_values(["dfe_la_code", "age"])["population"].tolist()
    rows = built[built["mid_year"] == 2023]
    assert rows["population"].tolist() == wanted
    assert set(rows["basis"]) == {population.ESTIMATED}


def test_nothing_before_mid_2023_knows_mid_2023(built, releases):
    derived = pd.read_parquet(releases / POPULATION).rename(columns={"dfe_la_code": "la_code"})
    derived = derived[derived["mid_year"] < 2023].astype({"la_code": "int64"})
    keys = ["la_code", "mid_year", "age"]
    both = built[built["mid_year"] < 2023].merge(derived, on=keys, how="outer", suffixes=("", "_derived"))
    assert (both["population"] == both["population_derived"]).all()
    assert (both["basis"] == both["basis_derived"]).all()


def test_children_of_london_grow_as_ons_projects(built, releases):
    raw = pd.read_csv(releases / population.LONDON)
    projected = raw[raw["code"] == "E09000026"].set_index("age")
    redbridge = built[built["la_code"] == REDBRIDGE]
    mine = redbridge.pivot_table(index="age", columns="mid_year", values="population")
    for age, ahead in ((7, 5), (17, 3), (15, 15)):
        wanted = projected.loc[age, str(2023 + ahead)] / projected.loc[age - ahead, "2023"]
        assert mine.loc[age, 2023 + ahead] / mine.loc[age - ahead, 2023] == pytest.approx(wanted, rel=1e-4)
    births = projected.loc[0, "2030"] / projected.loc[0, "2023"]
    assert mine.loc[0, 2030] / mine.loc[0, 2023] == pytest.approx(births, rel=1e-4)


def test_births_stay_outside_london(built):
    newborns = built[(built["la_code"] == 840) & (built["age"] == 0) & (built["mid_year"] >= 2023)]
    assert set(newborns["population"]) == {float(newborns["population"].iloc[0])}


def test_a_university_town_keeps_its_students(built):
    coventry = built[built["la_code"] == 331]
    students = coventry[coventry["age"].between(19, 21)].groupby("mid_year")["population"].sum()
    children = coventry[coventry["age"].between(9, 11) & (coventry["mid_year"] == 2023)]["population"].sum()
    assert students[2033] >= students[2023]
    assert students[2033] > 1.5 * children


def test_no_authority_jumps_when_it_is_first_aged_on(built):
    larger = built[~built["la_code"].isin(SMALLEST_AUTHORITIES)]
    total = larger.groupby(["mid_year", "la_code"])["population"].sum()
    assert (total.loc[2024] / total.loc[2023] - 1).abs().max() < 0.025


def test_the_base_breaks_once_in_london_in_2022_elsewhere_in_2023(built):
    broken = built[built["basis_break"]]
    assert not broken.duplicated(["la_code", "age"]).any()
    assert len(broken) == 153 * 26
    london = broken[broken["mid_year"] == 2022]
    assert london["la_code"].nunique() == 32
    assert 201 not in set(london["la_code"])
    assert set(broken["mid_year"]) == {2022, 2023}


def test_derived_bases_are_one_chain():
    frame = pd.DataFrame(
        {
            "la_code": 840,
            "age": 5,
            "mid_year": [2020, 2021, 2023],
            "basis": [
                "ons_mye_single_age_0_17_scaled",
                "cohort_aged_0_17_scaled_to_ons_total",
                "ons_mye_mid2023",
            ],
        }
    )
    assert population.basis_breaks(frame).tolist() == [False, False, True]


def test_break_is_found_whatever_the_row_order():
    frame = pd.DataFrame({"la_code": 317, "age": 5, "mid_year": [2023, 2021, 2022]})
    frame["basis"] = [population.ESTIMATED, "cohort_aged_0_17_scaled_to_ons_total", population.PROJECTION]
    assert population.basis_breaks(frame).tolist() == [False, False, True]


def test_every_basis_is_an_estimate_or_a_projection(built):
    assert set(built["basis"]) == set(POPULATION_BASES)
    later = built.loc[built["mid_year"] > 2023, "basis"]
    assert {POPULATION_BASES[b] for b in later.unique()} == {"projection"}
    assert POPULATION_BASES[population.PROJECTION] == "projection"


def test_an_authority_that_is_not_the_sum_of_its_districts_stops_the_build(releases, tmp_path):
    for file in (population.ESTIMATE, population.ESTIMATE_BY_DISTRICT, population.DISTRICTS):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(releases / file, tmp_path / file)
    districts = pd.read_parquet(tmp_path / population.ESTIMATE_BY_DISTRICT)
    districts.loc[districts["ltla_code"] == "E09000026", "population"] += 1
    districts.to_parquet(tmp_path / population.ESTIMATE_BY_DISTRICT)
    with pytest.raises(SourceError, match=r"1 authorities \(first 317\) are not the sum of their districts"):
        population._estimate(Release(tmp_path))


def held_out(error, base, method="adopted", *, after_census=True):
    rows = error[
        (error["base_mid_year"] == base)
        & (error["method"] == method)
        & (error["mid_year"] == 2023)
        & (error["base_after_census"] == after_census)
    ]
    return rows.set_index("age_band")["mean_absolute_pct"]


@pytest.mark.parametrize("base", [2019, 2020])
def test_ageing_on_misses_mid_2023_by_less_than_if_nobody_moved(error, base):
    assert (held_out(error, base) < held_out(error, base, "plain_ageing")).all()


@pytest.mark.parametrize("base", [2019, 2020])
def test_the_census_explains_a_third_or_more_of_the_error_at_20_to_25(error, base):
    assert held_out(error, base)["20-25"] < 0.67 * held_out(error, base, after_census=False)["20-25"]


def test_in_london_the_projection_misses_less_under_18_and_more_from_18(error):
    ours, ons = held_out(error, 2022), held_out(error, 2022, "ons_projection")
    children = ["0-4", "5-10", "11-15"]
    assert (ons[children] < ours[children]).all()
    assert (ons[["16-19", "20-25"]] > ours[["16-19", "20-25"]]).all()


def test_the_error_of_a_small_case_is_that_by_hand():
    made, truth = pd.DataFrame({"0-25": [110.0, 95.0]}), pd.DataFrame({"0-25": [100.0, 100.0]})
    row = population._Comparison("a", "b", 2020, 2023, True).errors(made, truth)[0]
    assert row["mean_absolute_pct"] == pytest.approx(7.5)
    assert row["mean_pct"] == pytest.approx(2.5)
    assert row["together_pct"] == pytest.approx(2.5)
    assert row["rms_log_a_year"] == pytest.approx(np.sqrt((np.log(1.1) ** 2 + np.log(0.95) ** 2) / 2) / 3)


def test_the_spread_of_exposure_is_the_measured_error(error):
    rows = error[
        (error["method"] == "adopted")
        & error["base_after_census"]
        & (error["base_mid_year"] != 2022)
        & (error["mid_year"] - error["base_mid_year"] <= 12)
    ]
    squares = (rows["rms_log_a_year"] ** 2 * rows["authorities"]).groupby(rows["age_band"]).sum()
    measured = np.sqrt(squares / rows.groupby("age_band")["authorities"].sum()).round(3)
    assert measured["0-25"] == COMMON_RESIDENTS_ERROR
    assert {b.code: measured[b.code] for b in AGE_BANDS} == RESIDENTS_ERROR
