"""Funded places: two parts of one stock, England checked, imports at six thousand pounds."""

from __future__ import annotations

import pandas as pd
import pytest

from data.errors import SourceError
from data.ingest import funded_places
from data.ingest.reading import Release


@pytest.fixture(scope="module")
def built(releases):
    return funded_places.funded_places(Release(releases))


def _own(frame, **labels):
    rows = frame[(frame["la_code"] == 317) & (frame["financial_year"] == "2023-24")]
    for column, value in labels.items():
        rows = rows[rows[column] == value]
    return rows


def test_redbridge_special_academy(built):
    rows = _own(built, provider_group="special_academy", place_type="pre16_sen").set_index("part")
    assert rows["places"].to_dict() == {"april_to_summer": 130, "autumn_to_march": 145}
    assert rows["months"].to_dict() == {"april_to_summer": 5, "autumn_to_march": 7}


def test_parts_are_averaged_never_added(built):
    average = funded_places.year_average(
        _own(built, provider_group="special_academy", place_type="pre16_sen")
    )
    assert average.tolist() == [pytest.approx((130 * 5 + 145 * 7) / 12)]


def test_months_of_every_year_make_twelve(built):
    months = built.groupby(["la_code", "financial_year", "provider_group", "place_type"])["months"].sum()
    assert (months == 12).all()


def test_redbridge_has_no_college_places_because_its_college_is_registered_elsewhere(built):
    assert _own(built, provider_group="fe_ilp")["places"].sum() == 0


def test_months_of_a_period():
    assert funded_places.months_in("September 2023 to March 2024") == 7
    assert funded_places.months_in("April 2023 to July 2023") == 4


def test_england_must_be_the_sum():
    frame = pd.DataFrame(
        {
            "dfe_la_code": ["ENGLAND", "317", "318"],
            "financial_year": "2023-24",
            "provider_group": "special_academy",
            "place_type": "pre16_sen",
            "part": "april_to_summer",
            "places": [30.0, 10.0, 20.0],
        }
    )
    assert funded_places.without_england(frame)["dfe_la_code"].tolist() == ["317", "318"]
    with pytest.raises(SourceError, match="England row differs"):
        funded_places.without_england(frame.assign(places=[31.0, 10.0, 20.0]))


def test_an_unknown_label_is_an_error():
    with pytest.raises(SourceError, match="Sky schools"):
        funded_places.coded(
            pd.Series(["Sky schools"], name="provider_group"), funded_places.PROVIDERS, "file"
        )


def test_redbridge_is_a_net_exporter(releases):
    frame = funded_places.special_pupils_import_export(Release(releases))
    own = frame[frame["la_code"] == 317].set_index("financial_year")["net_imports"]
    assert own.to_dict() == {"2020-21": -292, "2021-22": -310, "2022-23": -274, "2023-24": -306.5}
    assert not frame["la_code"].isin([201, 420]).any()
