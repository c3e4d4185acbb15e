"""How plans were made up: ages in stocks and flows on one footing, gaps never read as zeros."""

from __future__ import annotations

import numpy as np
import pytest

from data import tables
from data.panels import composition_tables
from data.panels.composition import Composition
from data.panels.estimated_cells import fit_margins
from data.vocabulary import AGES, PROVISION_CODES

PARTIAL_RETURNS = [204, 316, 856, 874, 921, 936]
"""Authorities without single ages or needs, or with a partial return, in one of the years compared."""


@pytest.fixture(scope="module")
def made_of() -> Composition:
    return composition_tables.load()


@pytest.mark.parametrize("year", [2024, 2025])
def test_joiners_explain_the_change_in_stock_age_by_age(year: int) -> None:
    """A child counted at age a in a January was a - 1 in the January before, or joined in between."""
    rows = tables.read("plans_age")
    rows = rows[~rows["la_code"].isin(PARTIAL_RETURNS)]
    stock = rows.groupby(["january", "age"])["plans"].sum().unstack("january")
    whole = composition_tables.joiners(year).drop_sel(area=PARTIAL_RETURNS)
    joiners = whole.sum(("area", "need")).to_series()
    hazard = composition_tables.leaver_hazard(year).to_series()
    for age in range(4, 16):
        stayed = stock.loc[age - 1, year] * (1 - hazard[age - 1])
        assert joiners[age] == pytest.approx(float(stock.loc[age, year + 1] - stayed), rel=0.13), age


def test_joiners_keep_their_number_when_ages_move(made_of: Composition) -> None:
    published = tables.read("new_plans_age_need")
    known = published[published["need"] != "UNKNOWN"]
    redbridge = known.loc[known["la_code"] == 317, "plans"].sum()
    assert float(composition_tables.joiners(2024).sel(area=317).sum()) == pytest.approx(
        float(redbridge), rel=0.01
    )
    # Down syndrome, 2 of 684, is in "other".
    assert made_of.joiners.sel(area=317).sum("age").sel(
        need=["ASD", "SLCN", "OTH"]
    ).to_numpy() == pytest.approx([321, 194, 11], abs=0.5)
    assert (made_of.joiners.fillna(0) >= 0).all()


def test_new_plans_of_the_year_before_are_there_and_those_of_an_unpublished_year_unknown(
    made_of: Composition,
) -> None:
    assert made_of.joiners_before.sizes == made_of.joiners.sizes
    published = tables.read("new_plans_need")
    mine = published[(published["la_code"] == 317) & (published["year"] == 2024)].set_index("need")["plans"]
    own = made_of.joiners_before.sel(area=317).sum("age").to_series()
    for need in ("ASD", "SLCN", "OTH"):
        assert own[need] == pytest.approx(float(mine[need]), rel=0.02, abs=1), need
    first = int(tables.read("new_plans_age_need")["year"].min())
    before = composition_tables.joiners(first - 1)
    assert before.sizes == made_of.joiners.sizes
    assert before.isnull().all()


def test_needs_of_the_latest_january_are_aged_on_to_its_published_ages(made_of: Composition) -> None:
    assert (made_of.january, made_of.need_january) == (2026, 2025)
    ages = tables.read("plans_age")
    mine = ages[(ages["la_code"] == 317) & (ages["january"] == 2026)].set_index("age")["plans"].astype(float)
    own = made_of.stock.sel(area=317)
    np.testing.assert_allclose(own.sum("need"), mine.loc[list(AGES)])
    needs = tables.read("plans_need")
    before = (
        needs[(needs["la_code"] == 317) & (needs["january"] == 2025)].set_index("need")["plans"].astype(float)
    )
    change = own.sum("age").to_series() - before
    assert change["ASD"] > change["SLCN"] > 0, "321 new plans had autism, 194 speech and language"
    assert abs(change["HI"]) < 10


def test_an_authority_whose_new_plans_have_no_needs_keeps_englands_for_them(made_of: Composition) -> None:
    # Brighton and Hove returned all 445 new plans without a need.
    assert made_of.joiners.sel(area=846).isnull().all()
    assert made_of.stock.sel(area=846).notnull().all()
    assert float(made_of.stock.sel(area=846).sum()) == pytest.approx(3193)


def test_an_authority_without_the_latest_return_keeps_its_plans_of_the_january_before(
    made_of: Composition,
) -> None:
    # Isle of Wight: 1,799 plans in January 2025, no figure of January 2026.
    assert float(made_of.stock.sel(area=921).sum()) == pytest.approx(1799)


def test_placements_by_age_are_published_or_fitted_to_published_margins(made_of: Composition) -> None:
    own = made_of.age_provision.sel(area=317)
    assert float(own.sel(provision="state_special", age=slice(16, 25)).sum()) == 156, (
        "published for Redbridge"
    )
    totals = tables.read("plans_placement")
    for la_code in (316, 350, 926):
        mine = totals[(totals["la_code"] == la_code) & (totals["january"] == 2026)]
        published = mine.groupby("provision", observed=True)["plans"].sum().astype(float)
        fitted = made_of.age_provision.sel(area=la_code).sum("age").to_series()
        np.testing.assert_allclose(fitted.loc[published.index], published, atol=1.0)


def test_placements_fitted_to_margins_are_near_those_published_for_redbridge() -> None:
    """What fitting January 2025 to the margins of January 2026 gets wrong, where the truth is known: 20 at 16 and over."""
    placements = tables.read("plans_age_placement")
    grid = composition_tables.PROVISION_GRID
    before = composition_tables.cube(composition_tables.at(placements, 2025), [317], grid)
    truth = composition_tables.cube(composition_tables.at(placements, 2026), [317], grid)
    fitted = fit_margins(
        before.to_numpy() + 0.01, truth.sum("provision").to_numpy(), truth.sum("age").to_numpy()
    )
    special = PROVISION_CODES.index("state_special")
    post16 = [AGES.index(a) for a in range(16, 26)]
    assert fitted[0, post16, special].sum() == pytest.approx(156, abs=25)
    assert np.abs(fitted - truth.to_numpy()).sum() / 2 < 0.1 * 3830


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
    assert int(made_of.placement_january.sel(area=317)) == 2026
    assert int(made_of.placement_january.sel(area=921)) == 2025, "Isle of Wight returned no January 2026"
    for la_code in (
        316,
        873,
        812,
        921,
    ):  # Newham, Cambridgeshire, North East Lincolnshire: no needs by placement in 2025
        assert made_of.need_provision.sel(area=la_code).isnull().all()
    assert made_of.age_provision.notnull().all()


def test_grids_are_whole(made_of: Composition) -> None:
    assert made_of.stock.sizes == {"area": 153, "age": len(AGES), "need": 13}
    assert float(made_of.stock.sel(area=317).sum()) == pytest.approx(3830)
    assert np.isfinite(made_of.leaver_hazard).all()
