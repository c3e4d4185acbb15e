"""Authorities: the right ones, at the right time, under every code and spelling."""

from __future__ import annotations

import pandas as pd
import pytest

from data.errors import SourceError
from data.ingest import areas
from data.ingest.reading import Release


@pytest.fixture(scope="module")
def built(releases):
    return areas.areas(Release(releases)).set_index("la_code")


def test_153_current_authorities_and_five_ended_ones(built):
    assert built["is_current"].sum() == 153
    assert sorted(built.index[~built["is_current"]]) == [835, 836, 837, 909, 928]


def test_redbridge(built):
    row = built.loc[317]
    assert (row["name"], row["gss_code"], row["inner_outer"]) == ("Redbridge", "E09000026", "Outer London")


@pytest.mark.parametrize(
    ("la_code", "first", "last"), [(835, 2010, 2019), (928, 2010, 2021), (909, 2010, 2023), (943, 2024, None)]
)
def test_lifetimes_follow_the_reorganisations(built, la_code, first, last):
    row = built.loc[la_code]
    assert row["first_january"] == first
    assert pd.isna(row["last_january"]) if last is None else row["last_january"] == last


def test_a_recode_changes_the_code_not_the_area(releases):
    codes = areas.area_gss(Release(releases))
    buckinghamshire = codes[codes["la_code"] == 825].sort_values("first_january")
    assert buckinghamshire["gss_code"].tolist() == ["E10000002", "E06000060"]
    assert buckinghamshire["last_january"].iloc[0] == 2020


def test_an_unknown_gss_code_stops_the_build():
    rows = pd.DataFrame(
        {"la_code": [317, 317], "january": [2024, 2025], "new_la_code": ["E09000026", "E09999999"]}
    )
    with pytest.raises(SourceError, match="E09999999"):
        areas._codes(rows)


def test_history_names_only_authorities_that_exist(built):
    history = areas.history()
    assert set(history["predecessor_la_code"]) <= set(built.index)
    assert set(history["successor_la_code"]) <= set(built.index)


def test_every_ended_authority_has_successors_and_long_series():
    history = areas.history()
    for code in areas.ENDED:
        rows = history[history["predecessor_la_code"] == code]
        assert len(rows), code
        assert rows["kind"].isin(["merge", "split"]).all()
    assert set(history.loc[history["successor_la_code"].isin([838, 839]), "long_series_code"]) == {835}


def test_names_resolve_by_official_name_alias_and_local_meaning():
    names = pd.Series(["Redbridge", "Durham", "Dorset"], name="la")
    codes = areas.resolve_names(names, {"Redbridge": 317, "Dorset": 838}, "file.csv", special={"Dorset": 835})
    assert codes.tolist() == [317, 840, 835]


def test_an_unknown_name_is_named_in_the_error():
    with pytest.raises(SourceError, match=r"file\.csv.*'Redbrigde'"):
        areas.resolve_names(pd.Series(["Redbrigde"], name="la"), {"Redbridge": 317}, "file.csv")
