"""Place funding reproduces what DfE deducted from high needs blocks, 2020-21 to 2023-24, authority by authority."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from data import tables
from data.financial_year import FinancialYear
from data.prices.place_rates import place_rate
from data.registers.register import academic_year
from data.schemas.places import PARTS
from forecast.finance.place_funding import KIND_OF, KINDS, paid_places

TOLERANCE = 5.0
"""Pounds within which a published deduction counts as reproduced: it is published in whole pounds, split over providers."""


def deductions_check() -> pd.DataFrame:
    """Return every published deduction for places beside what the published places come to at the rates.

    Returns
    -------
    pd.DataFrame
        Columns la_code, financial_year, provider_group, place_type, computed_gbp, published_gbp, difference_gbp and outcome:
        ``reproduced`` (within `TOLERANCE`), ``differs``, or ``no_places`` where no places are published (hospital education).
        Rows without places and without a deduction are left out.
    """
    key = ["la_code", "financial_year", "provider_group", "place_type"]
    places = tables.read("funded_places")
    parts = []
    for (label, group, kind), rows in places.groupby(["financial_year", "provider_group", "place_type"]):
        year = FinancialYear(int(str(label)[:4]))
        wide = rows.pivot_table("places", "la_code", "part", aggfunc="first")[list(PARTS)]
        counts = xr.DataArray(
            wide.to_numpy()[:, None, :],
            dims=("la_code", "place_kind", "academic_year"),
            coords={
                "la_code": wide.index.to_numpy(),
                "place_kind": [KIND_OF[(str(group), str(kind))]],
                "academic_year": [academic_year(year.begins), academic_year(year.january)],
            },
        )
        rate = place_rate(*KINDS[KIND_OF[str(group), str(kind)]].priced_as, year)
        pounds = rate * paid_places(counts).isel(place_kind=0, financial_year=0)
        parts.append(
            pd.DataFrame(
                {
                    "la_code": wide.index,
                    "financial_year": label,
                    "provider_group": group,
                    "place_type": kind,
                    "computed_gbp": pounds.to_numpy(),
                }
            )
        )
    both = pd.concat(parts, ignore_index=True).merge(
        tables.read("dsg_deductions").rename(columns={"deduction_gbp": "published_gbp"}),
        on=key,
        how="outer",
        validate="one_to_one",
    )
    both["published_gbp"] = both["published_gbp"].fillna(0.0)
    both["difference_gbp"] = both["computed_gbp"] - both["published_gbp"]
    near = both["difference_gbp"].abs() <= TOLERANCE
    both["outcome"] = np.where(
        both["computed_gbp"].isna(), "no_places", np.where(near, "reproduced", "differs")
    )
    wanted = both["computed_gbp"].isna() | (both["computed_gbp"] != 0) | (both["published_gbp"] != 0)
    return both[wanted].sort_values(key, ignore_index=True)


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
