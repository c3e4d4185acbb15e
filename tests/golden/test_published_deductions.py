"""Place funding reproduces what DfE deducted from high needs blocks, 2020-21 to 2023-24, authority by authority."""

from __future__ import annotations

import pandas as pd
import pytest

from data import tables
from forecast.finance.place_funding import TOLERANCE, deductions_check


@pytest.fixture(scope="module")
def checked() -> pd.DataFrame:
    return deductions_check()


def test_every_deduction_for_places_is_reproduced_within_five_pounds(checked: pd.DataFrame) -> None:
    counts = checked["outcome"].value_counts().to_dict()
    assert counts == {"reproduced": 3595, "no_places": 63}
    assert checked["difference_gbp"].abs().max() <= TOLERANCE
    key = ["la_code", "financial_year"]
    assert checked[checked["outcome"] == "differs"][key].drop_duplicates().empty
    assert checked[key].drop_duplicates().shape[0] == 600


def test_nothing_published_is_left_out(checked: pd.DataFrame) -> None:
    published = tables.read("dsg_deductions")
    assert checked["published_gbp"].sum() == pytest.approx(published["deduction_gbp"].sum())
    assert (checked["published_gbp"] > 0).sum() == len(published)


def test_what_has_no_places_is_hospital_education_only(checked: pd.DataFrame) -> None:
    lacking = checked[checked["outcome"] == "no_places"]
    assert set(lacking["provider_group"]) == {"hospital_academy"}
    assert lacking["published_gbp"].sum() == pytest.approx(67_765_124, abs=1)


def test_redbridge_in_2023_24(checked: pd.DataFrame) -> None:
    own = checked[(checked["la_code"] == 317) & (checked["financial_year"] == "2023-24")]
    assert own["computed_gbp"].sum() == pytest.approx(2_854_168, abs=5)
