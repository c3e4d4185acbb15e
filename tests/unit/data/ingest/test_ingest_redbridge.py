"""Redbridge: no total among the schools, and ages that agree with the national release."""

from __future__ import annotations

import pandas as pd
import pytest

from data.errors import SourceError
from data.ingest import redbridge
from data.ingest.reading import Release


def test_the_academies_total_is_not_a_school(releases):
    frame = redbridge.redbridge_resourced_provision(Release(releases))
    assert len(frame) == 9
    assert frame["places_planned"].sum() == 109
    assert not frame["school"].str.contains("ALL").any()


def test_a_file_without_the_total_row_is_an_error():
    with pytest.raises(SourceError, match="ALL mainstream academies"):
        redbridge.without_total(pd.DataFrame({"school": ["Beal High School"], "urn": ["140575"]}))


def test_single_ages_sum_to_the_published_stock(releases):
    frame = redbridge.redbridge_age_placement(Release(releases))
    assert frame.groupby("january")["plans"].sum().to_dict() == {2024: 3168, 2025: 3391}


def test_under_three_is_two():
    assert redbridge.single_age(pd.Series(["under 3", "age 3"])).tolist() == [2, 3]


def test_places_roll_and_funding_stay_apart(releases):
    settings = redbridge.redbridge_settings(Release(releases)).set_index("urn")
    little_heath, newbridge = settings.loc[102878], settings.loc[144875]
    assert (little_heath["published_places"], little_heath["roll"]) == (195, 213)
    assert pd.isna(little_heath["funded_places_pre16"])
    assert pd.isna(newbridge["published_places"])
    assert (newbridge["funded_places_pre16"], newbridge["roll"]) == (145, 175)


def test_planned_changes_keep_their_status(releases):
    changes = redbridge.redbridge_planned_changes(Release(releases))
    hatton = changes[changes["urn"] == 102881]
    assert hatton["place_change"].tolist() == [42, 59]
    assert changes["status"].notna().all()
