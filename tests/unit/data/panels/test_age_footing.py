"""Ages of flows on the footing of stocks: nobody is lost, and the evidence for the shares is in the published tables."""

from __future__ import annotations

import numpy as np
import pytest

from data import tables
from data.panels import composition_tables, history_tables
from data.panels.age_footing import (
    FOOTING_AGES,
    published_age_matrix,
    stock_age_profile,
    stock_age_shares,
)
from data.panels.history_tables import COUNTED_OLDER, COUNTED_YOUNGER
from data.vocabulary import AGES

WITHOUT_AGES = [204, 316, 856, 874, 921]
"""Authorities without single ages, or with a partial return, at one of the Januaries compared."""


@pytest.mark.parametrize("shift", [(0.2, 0.0), (0.0, 0.38), (0.1, 0.2)])
def test_everybody_is_counted_at_one_age(shift: tuple[float, float]) -> None:
    for at_two in (True, False):
        np.testing.assert_allclose(published_age_matrix(*shift, at_two=at_two).sum(axis=0), 1.0)


@pytest.mark.parametrize("shift", [(0.2, 0.0), (0.0, 0.38)])
def test_a_profile_is_found_again(shift: tuple[float, float]) -> None:
    truth = np.array(
        [500.0, 4000, 18000, 9000, 8000, 7500, 7000, 7400, 9900, 8800, 4500, 5600, 6000, 5200, 3500, 1200]
    )
    truth = np.concatenate([truth, [530.0, 220.0, *[20.0] * 6]])
    kernel = published_age_matrix(*shift, at_two=False)
    np.testing.assert_allclose(stock_age_profile(kernel @ truth, kernel), truth, rtol=1e-3)
    shares = stock_age_shares(truth, kernel)
    np.testing.assert_allclose(shares.sum("stock_age"), 1.0)
    moved = (kernel @ truth) @ shares.to_numpy()
    np.testing.assert_allclose(moved[:-1], truth[: len(FOOTING_AGES) - 1], rtol=1e-6)


@pytest.mark.parametrize(("year", "shift"), [(2024, (0.0, COUNTED_OLDER)), (2025, (COUNTED_YOUNGER, 0.0))])
def test_ages_of_new_plans_are_those_that_explain_the_change_in_stock(
    year: int, shift: tuple[float, float]
) -> None:
    """England's plans of an age less those who stayed are the new plans of that age; moved as told, the return prints them."""
    stock = tables.read("plans_age")
    stock = (
        stock[~stock["la_code"].isin(WITHOUT_AGES)].groupby(["january", "age"])["plans"].sum().astype(float)
    )
    hazard = composition_tables.leaver_hazard(year).to_series()
    rows = tables.read("new_plans_age")
    rows = rows[(rows["year"] == year) & ~rows["la_code"].isin(WITHOUT_AGES)]
    published = rows.groupby("age")["plans"].sum().astype(float)
    ages = range(3, 18)
    joined = np.array([stock[year + 1, a] - stock[year, a - 1] * (1 - hazard[a - 1]) for a in ages])

    def misfit(younger: float, older: float) -> float:
        expected = (1 - younger - older) * joined[1:-1] + younger * joined[2:] + older * joined[:-2]
        seen = published.loc[list(ages)[1:-1]].to_numpy()
        return float(((np.sqrt(expected) - np.sqrt(seen)) ** 2).sum())

    assert misfit(*shift) < misfit(0.0, 0.0) / 5
    assert misfit(*shift) < misfit(*shift[::-1]) / 10


def test_new_plans_keep_their_number_when_ages_move() -> None:
    moved = history_tables.new_plans_by_age()
    rows = tables.read("new_plans_age")
    for year in (2024, 2025):
        published = rows[(rows["la_code"] == 317) & (rows["year"] == year)]["plans"].sum()
        assert float(moved.sel(area=317, year=year).sum()) == pytest.approx(float(published))
    assert set(moved["age"].to_numpy().tolist()) <= set(AGES)
