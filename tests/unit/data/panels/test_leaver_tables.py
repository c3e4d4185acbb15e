"""Plans that ceased by age and reason: published crossings as they are, later ones from both margins."""

from __future__ import annotations

import numpy as np

from data import tables
from data.panels import leaver_tables


def test_a_published_crossing_is_kept() -> None:
    rows = tables.read("ceased_plans_age")
    mine = rows[
        (rows["la_code"] == 317)
        & (rows["year"] == 2024)
        & (rows["reason"] == "transfer")
        & (rows["age"] >= 0)
    ]
    kept = leaver_tables.load().sel(area=317, year=2024, reason="transfer").to_series()
    assert kept.loc[mine["age"].to_list()].to_list() == mine["plans"].astype(float).to_list()


def test_the_year_without_a_crossing_has_both_margins() -> None:
    filled = leaver_tables.load().sel(area=317, year=2025)
    ages, reasons = tables.read("ceased_plans_age"), tables.read("ceased_plans")
    by_age = ages[
        (ages["la_code"] == 317) & (ages["year"] == 2025) & (ages["reason"] == "All") & (ages["age"] >= 0)
    ]
    np.testing.assert_allclose(filled.sum("reason"), by_age["plans"].astype(float))
    by_reason = reasons[(reasons["la_code"] == 317) & (reasons["year"] == 2025)].set_index("reason")["plans"]
    transfers = float(filled.sel(reason="transfer").sum())
    assert abs(transfers - 273 * 500 / float(by_reason["All"])) < 1.0


def test_an_authority_that_returned_none_is_unknown() -> None:
    for la_code in (856, 921):  # Leicester, Isle of Wight
        assert leaver_tables.load().sel(area=la_code, year=2025).isnull().all()
