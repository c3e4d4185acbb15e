"""How plans were made up: ages in stocks and flows on one footing, gaps never read as zeros."""

from __future__ import annotations

import numpy as np
import pytest

from data import tables
from data.panels import composition_tables
from data.panels.composition import Composition
from data.vocabulary import AGES


@pytest.fixture(scope="module")
def made_of() -> Composition:
    return composition_tables.load()


def test_joiners_explain_the_change_in_stock_age_by_age(made_of: Composition) -> None:
    """A child counted at age a in January 2025 was a - 1 in January 2024, or joined in between."""
    stock = tables.read("plans_age").groupby(["january", "age"])["plans"].sum().unstack("january")
    joiners = made_of.joiners.sum(("area", "need")).to_series()
    hazard = made_of.leaver_hazard.to_series()
    for age in range(4, 16):
        stayed = stock.loc[age - 1, 2024] * (1 - hazard[age - 1])
        assert joiners[age] == pytest.approx(float(stock.loc[age, 2025] - stayed), rel=0.12), age


def test_joiners_keep_their_number_when_ages_move(made_of: Composition) -> None:
    published = tables.read("new_plans_age_need")
    known = published[published["need"] != "UNKNOWN"]
    redbridge = known.loc[known["la_code"] == 317, "plans"].sum()
    assert float(made_of.joiners.sel(area=317).sum()) == pytest.approx(float(redbridge), rel=0.01)
    assert (made_of.joiners.fillna(0) >= 0).all()


def test_most_young_people_leave_after_18_and_few_children_do(made_of: Composition) -> None:
    hazard = made_of.leaver_hazard.to_series()
    assert hazard.between(0, 1).all()
    assert hazard[range(5, 14)].max() < 0.04
    assert hazard[range(18, 26)].min() > 0.2


@pytest.mark.parametrize("la_code", [316, 936])
def test_an_authority_that_did_not_return_needs_is_unknown_throughout(
    made_of: Composition, la_code: int
) -> None:
    assert made_of.stock.sel(area=la_code).isnull().all()


def test_placements_come_from_the_latest_january_returned(made_of: Composition) -> None:
    assert int(made_of.placement_january.sel(area=317)) == 2025
    for la_code in (316, 873, 812):  # Newham, Cambridgeshire, North East Lincolnshire
        assert int(made_of.placement_january.sel(area=la_code)) == 2024
        assert made_of.need_provision.sel(area=la_code).isnull().all()
    assert made_of.age_provision.notnull().all()


def test_grids_are_whole(made_of: Composition) -> None:
    assert made_of.stock.sizes == {"area": 153, "age": len(AGES), "need": 13}
    assert float(made_of.stock.sel(area=317).sum()) == 3391
    assert np.isfinite(made_of.leaver_hazard).all()
