"""Schools: kinds, inferred types, missing rolls, the cap and what a blank means."""

from __future__ import annotations

import pandas as pd
import pytest

from data.ingest import schools
from data.ingest.reading import Release


@pytest.fixture(scope="module")
def specialist(releases):
    return schools.specialist_establishments(Release(releases)).set_index("urn")


@pytest.fixture(scope="module")
def sample(releases):
    return schools.resourced_provision_schools(Release(releases)).set_index("urn")


def test_inferred_types_are_flagged(specialist):
    assert len(specialist) == 1965
    assert specialist["type_inferred"].sum() == 432
    assert set(specialist.loc[specialist["type_inferred"], "kind"]) == {"ap", "state_special_or_ap"}
    assert not specialist.loc[~specialist["type_inferred"], "kind"].isin(["ap", "state_special_or_ap"]).any()


def test_missing_rolls_are_null(specialist):
    assert specialist["roll"].isna().sum() == 548 + 15  # blank, and "z"
    assert specialist.loc[102878, "roll"] == 213  # Little Heath, on 195 stated places


def test_61_are_closed(specialist):
    assert (~specialist["open_2026"]).sum() == 61


def test_open_cumbrian_schools_take_the_authority_of_their_point():
    code = schools.successor(
        pd.Series([909, 909, 317]), pd.Series(["E06000063", "", "E06000063"]), {"E06000063": 942}
    )
    assert code.tolist() == [942, 909, 317]


def test_no_open_school_is_left_in_cumbria(specialist):
    assert specialist.loc[specialist["la_code"] == 909, "open_2026"].sum() == 0


def test_cap_on_resourced_provision(sample):
    assert sample["rp_on_roll_published"].max() == 1872
    assert sample["rp_on_roll"].max() == schools.RP_ON_ROLL_CAP
    below = sample["rp_on_roll_published"] <= schools.RP_ON_ROLL_CAP
    assert (sample.loc[below, "rp_on_roll"] == sample.loc[below, "rp_on_roll_published"]).all()


def test_capping_leaves_nulls_alone():
    assert schools.capped(pd.Series([5, None, 1872], dtype="Int64")).tolist() == [5, pd.NA, 100]


def test_a_blank_provision_is_unknown_and_not_applicable_is_none(sample):
    assert (sample["provision"] == "none").sum() == 344
    assert sample["provision"].isna().sum() == 2000


def test_capacity_is_the_whole_school(sample):
    assert sample.loc[102849, "capacity"] == 1182  # Caterham High, 35 in its provision
    assert sample.loc[102849, "rp_on_roll"] == 35


def test_points_outside_england_have_no_authority(releases):
    points = schools.establishment_points(Release(releases))
    assert len(points) == 26509
    assert points["la_code"].isna().sum() == 992


def test_free_schools_reach_their_authority(releases):
    frame = schools.special_free_schools_approved(Release(releases)).set_index("la_code")
    assert frame.loc[861, "places"] == 54  # "Stoke on Trent"
    assert frame["places"].sum() == 2245


def test_ages_of_a_range():
    result = schools.ages(pd.Series(["11 to 19", ""]))
    assert result["age_low"].tolist() == [11, pd.NA]
