"""LAIT indicators: values as published, regions out, finance years named, nothing too late."""

from __future__ import annotations

import pandas as pd
import pytest

from data.errors import SourceError
from data.ingest import lait
from data.ingest.reading import Release


@pytest.fixture(scope="module")
def built(releases):
    return lait.lait_indicators(Release(releases))


def test_redbridge_january_stock(built):
    own = built[(built["measure_code"] == "SEN_CASES_JAN") & (built["la_code"] == 317)]
    assert own.set_index("period")["value"].to_dict()["2025"] == 3391


def test_england_stays_and_regions_go(built):
    assert set(built["level"]) == {"authority", "england"}
    assert built["la_code"].dropna().max() < 970
    assert built.loc[built["level"] == "england", "la_code"].isna().all()


def test_missing_values_keep_their_marker(built):
    missing = built["value"].isna()
    assert set(built.loc[missing, "marker"]) == {"-"}
    assert built.loc[~missing, "marker"].isna().all()


def test_2025_is_for_january_measures_and_finance_only(built):
    late = built[(built["period_end"] == 2025) & ~built["period"].str.contains("-")]
    assert set(late["measure_code"]) <= lait.JANUARY_MEASURES


def test_finance_years_lose_their_suffix():
    result = lait.periods(pd.Series(["2023-24 (OT)", "2023"]))
    assert result["period"].tolist() == ["2023-24", "2023"]
    assert result["period_end"].tolist() == [2024, 2023]


def test_an_unknown_year_is_an_error():
    with pytest.raises(SourceError, match="autumn 2023"):
        lait.periods(pd.Series(["autumn 2023"]))


def test_a_measure_without_values_is_dropped():
    frame = pd.DataFrame({"measure_code": ["A", "A", "B"], "value": [1.0, None, None]})
    assert lait.without_empty_measures(frame)["measure_code"].tolist() == ["A", "A"]


def test_region_numbers_are_dropped():
    frame = pd.DataFrame({"la_code": [317, 970, 987]})
    assert lait.without_regions(frame)["la_code"].tolist() == [317, 970]


def test_a_later_measure_stops_the_build(releases, tmp_path):
    raw = pd.read_parquet(releases / lait.LAIT).head(1)
    raw["Short Desc"], raw["Years"] = "SEN_INIT_REQ", "2025"
    (tmp_path / "lait").mkdir()
    raw.to_parquet(tmp_path / lait.LAIT)
    with pytest.raises(SourceError, match="SEN_INIT_REQ"):
        lait.lait_indicators(Release(tmp_path))
