"""Appraisals worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.capital_worlds import candidate, cell, made
from data.errors import CapitalError, OptionError
from data.vocabulary import NEED_GROUP_CODES, NEED_GROUPS, PHASE_CODES
from forecast.capital.appraisal import annuity, appraisal, payback
from forecast.capital.base_comparison import base_comparisons
from forecast.capital.programme import choose, target
from forecast.capital.schemes import Sufficiency
from forecast.core.discounting import factors
from forecast.places.supply import NEVER

PRIMARY, AUTISM = PHASE_CODES.index("primary"), NEED_GROUP_CODES.index("autism")
SPECIAL, BASE = 0, 1


def special(**changes: object) -> object:
    return candidate(**{"id": "special", "title": "A special", "kind": "satellite", "places": 30, **changes})


def test_green_book_factors() -> None:
    found = factors(41)
    assert found[1] == pytest.approx(1 / 1.035)
    assert found[30] == pytest.approx(1.035**-30)
    assert found[31] == pytest.approx(1.035**-30 / 1.03)
    with pytest.raises(OptionError, match="126"):
        factors(200)


def test_present_value_of_a_base_by_hand() -> None:
    short = cell(2, 3)
    short[:, :, BASE, PRIMARY, AUTISM] = 10.0
    found = appraisal(made([candidate()], short), 0)
    # A base wanted: 60 % would go to INMSS, 40 % wait in mainstream; 20 places are funded for 10 children.
    each = 0.6 * (65_000 + 4_000) + 0.4 * (9_000 + 4_000) - (9_000 + 4_000)
    yearly = 10 * each - 20 * 6_000
    # Opens in September 2026: Januaries 2027 and 2028, of which 5/12 falls in the year after.
    flows = np.array([0, 7 / 12, 1.0, 5 / 12]) * yearly - np.array([0, 400_000, 0, 0])
    assert found.npv.to_numpy() == pytest.approx(flows @ factors(4))
    assert found.seats.sel(january=[2026, 2027]).to_numpy().tolist() == [[0, 10]] * 2
    assert found.empty.sel(january=2028).to_numpy() == pytest.approx(10)
    assert found.newly_met.sel(january=2028).to_numpy() == pytest.approx(4)
    assert found.transport_saved.to_numpy() == pytest.approx(0)
    assert found.debt_charge.to_numpy() == pytest.approx(400_000 * 0.05 / (1 - 1.05**-25))


def test_years_after_the_forecast_are_held_while_the_places_last() -> None:
    short = cell(1, 3)
    short[:, :, BASE, PRIMARY, AUTISM] = 20.0
    known = appraisal(made([candidate()], short, years_after=0), 0)
    longer = appraisal(made([candidate()], short, years_after=10), 0)
    worn = appraisal(made([candidate(borrow_years=2)], short, years_after=10), 0)
    assert float(longer.npv[0]) > float(known.npv[0])
    assert float(longer.npv_forecast[0]) == pytest.approx(float(known.npv[0]))
    assert float(worn.npv[0]) == pytest.approx(float(known.npv[0]))


def test_a_base_takes_those_who_accept_one_instead_of_a_special_school() -> None:
    short = cell(1, 3)
    short[:, :, SPECIAL, PRIMARY, AUTISM] = 40.0
    found = appraisal(made([candidate()], short), 0)
    assert found.seats.sel(january=2028).to_numpy() == pytest.approx(10.0)  # a quarter accept


def test_a_scheme_that_is_never_delivered_costs_and_saves_nothing() -> None:
    short = cell(1, 3)
    short[:, :, BASE, PRIMARY, AUTISM] = 10.0
    found = appraisal(made([candidate(chance_delivered=0.0)], short), 0)
    assert float(found.npv[0]) == 0
    assert np.isnan(found.payback).all()
    assert float(found.cost[0]) == pytest.approx(400_000)


def test_cost_has_location_optimism_and_prices_of_the_base_year() -> None:
    plain = made([candidate()], cell()).cost[0]
    dear = made([candidate(location_factor=1.2, optimism_bias=50.0)], cell()).cost[0]
    older = made([candidate(price_year="2024-25")], cell()).cost[0]
    assert dear == pytest.approx(plain * 1.8)
    assert older == pytest.approx(plain * 1.027)


def test_payback_counts_from_opening() -> None:
    years = [2025, 2026, 2027, 2028]
    net = np.array([[-100.0, 40, 40, 40], [-100, 40, 40, 10], [0, 0, 0, 0]])
    capital = np.array([[100.0, 0, 0, 0], [100, 0, 0, 0], [0, 0, 0, 0]])
    found = payback(net, capital, np.array([2026.0, 2026, NEVER]), years)
    assert found[0] == pytest.approx(2.5)
    assert np.isinf(found[1])
    assert np.isnan(found[2])


def test_interest_free_borrowing_is_repaid_evenly() -> None:
    assert annuity(candidate(borrow_rate=0.0, borrow_years=20)) == pytest.approx(0.05)


def test_a_scheme_that_opens_after_the_forecast_is_refused() -> None:
    with pytest.raises(CapitalError, match=r"lead time 9 years.*after the last January"):
        made([candidate(opens=2034, lead_years=9)], cell())


def test_a_price_year_before_known_growth_is_refused() -> None:
    with pytest.raises(CapitalError, match="2010-11"):
        made([candidate(price_year="2010-11")], cell())


def test_a_budget_below_every_scheme_is_refused_with_the_cheapest() -> None:
    one = made(
        [candidate(), candidate(id="dear", title="Dear", capital_low=90_000, capital_high=90_000)], cell()
    )
    with pytest.raises(CapitalError, match="cheapest, 'base', is expected to cost £400,000"):
        choose(one, Sufficiency(), 100_000)


def test_a_january_outside_the_forecast_is_refused() -> None:
    with pytest.raises(CapitalError, match="January 2050"):
        target(made([candidate()], cell()), Sufficiency(january=2050))


def test_where_enough_is_out_of_reach_as_many_children_as_can_are_placed() -> None:
    short = cell(3, 3)
    short[:, :, SPECIAL, PRIMARY, AUTISM] = 500.0
    one = made([candidate(), special(capital_low=1_000, capital_high=1_000)], short)  # type: ignore[list-item]
    found = choose(one, Sufficiency(minimum=0.8), 420_000)
    assert not found.met
    assert found.p_reachable == 0
    assert found.aim == "children placed"
    assert [c.candidate.id for c in found.choices] == ["special"]  # 30 seats for little, against 20


def test_many_schemes_that_do_not_compete_are_seated_each_by_itself() -> None:
    short = cell(2, 3)
    short[:, :, BASE] = 7.0
    schemes = [
        candidate(id=f"{phase}-{i}", title=f"{phase} {i}", age_low=low, age_high=high, needs=group.needs)
        for phase, low, high in (
            ("early", 0, 3),
            ("primary", 4, 10),
            ("secondary", 11, 15),
            ("later", 16, 25),
        )
        for i, group in enumerate(NEED_GROUPS)
    ]
    one = made(schemes, short)
    assert len(one.seats.parts) == len(schemes) == 28
    seats = one.seats.filled(np.ones(28), range(28))
    assert seats[:, 2] == pytest.approx(7.0)


def test_two_uses_of_one_site_are_never_both_built() -> None:
    short = cell(2, 3)
    short[:, :, BASE, PRIMARY, AUTISM] = 200.0
    both = [candidate(one_of="site"), candidate(id="other", title="Other", places=25, one_of="site")]
    assert [c.candidate.id for c in choose(made(both, short, 10), Sufficiency(minimum=0.0)).choices] == [
        "other"
    ]


def test_why_not_a_base_counts_places_left_by_those_who_want_one() -> None:
    short = cell(2, 3)
    short[:, :, SPECIAL, PRIMARY, AUTISM] = 30.0
    short[:, :, BASE, PRIMARY, AUTISM] = 15.0
    share = np.zeros((len(PHASE_CODES), len(NEED_GROUP_CODES)))
    share[PRIMARY, AUTISM] = 0.5
    (found,) = base_comparisons(made([candidate(), special()], short), 2028, share)  # type: ignore[list-item]
    assert found.nearest == "base"
    assert found.suited.to_numpy() == pytest.approx(15.0)
    assert found.base_places.to_numpy() == pytest.approx(5.0)
    assert found.in_bases.to_numpy() == pytest.approx(5 / 30)
    assert found.all_in_bases.to_numpy().tolist() == [0.0] * found.all_in_bases.size


def test_the_nearest_base_is_told_by_distance_then_by_community() -> None:
    near = candidate(id="z-near", title="Near", latitude=51.57, longitude=0.07)
    far = candidate(id="a-far", title="Far", latitude=51.9, longitude=0.07, community="West")
    share = np.zeros((len(PHASE_CODES), len(NEED_GROUP_CODES)))
    (sited,) = base_comparisons(
        made([far, near, special(latitude=51.58, longitude=0.07)], cell()), 2028, share
    )  # type: ignore[list-item]
    assert (sited.nearest, sited.near_by) == ("z-near", "distance")
    assert sited.distance_km == pytest.approx(1.11, abs=0.01)
    (same,) = base_comparisons(made([near, far, special(community="West")], cell()), 2028, share)  # type: ignore[list-item]
    assert (same.nearest, same.near_by, same.distance_km) == ("a-far", "community", None)
