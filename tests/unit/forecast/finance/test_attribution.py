"""Why cost changes, by hand: more children, other places and needs, dearer prices; to the penny."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data.errors import OptionError
from data.financial_year import FinancialYear
from data.prices.price_book import GENERAL_FUND
from forecast.core.outcome import Outcome
from forecast.finance.attribution import CAUSES, PARTS, Attribution, attribution
from scenarios.effects import MoneyChange
from tests.made_outcomes import DRAWS, SCHOOL, outcome
from tests.made_prices import book, row
from tests.unit.forecast.finance.test_cost_model import YEARS, cost, model

PRICES = book(row("inmss_fee", 50_000, "inmss"), row("top_up", 10_000, "mainstream"))
FIRST, LAST = YEARS
BOTH = {(12, "ASD", "inmss"): 10.0, (12, "ASD", "mainstream"): 30.0}


def dearer(factor: float) -> MoneyChange:
    return MoneyChange("inmss_fee", "multiply", np.full(DRAWS, factor), np.array([1.0, 1.0]), (), ())


def why(before: Outcome, after: Outcome) -> Attribution:
    """Return why the second of two outcomes costs another sum in the last year."""
    return attribution(cost(PRICES, before), cost(PRICES, after), LAST)


def pounds(found: Attribution, part: str) -> dict[str, float]:
    """Return the causes of a part in pounds, in the first draw, without those that are nil."""
    values = {c: getattr(found, c)[0, list(PARTS).index(part)] / 100 for c in CAUSES}
    return {c: float(v) for c, v in values.items() if v != 0}


def test_nothing_differs_from_itself() -> None:
    found = why(outcome(BOTH), outcome(BOTH))
    for cause in CAUSES:
        assert not getattr(found, cause).any()
    assert found.before.sum() == DRAWS * (500_000 + 300_000) * 100


def test_twice_the_children_in_the_same_places_is_volume() -> None:
    found = why(outcome(BOTH), outcome({k: 2 * n for k, n in BOTH.items()}))
    assert pounds(found, "inmss") == {"volume": 500_000}
    assert pounds(found, "mainstream") == {"volume": 300_000}


def test_the_same_children_in_other_places_is_mix() -> None:
    """Four who would be in INMSS are in mainstream: 4 x 50,000 less, 4 x 10,000 more."""
    found = why(outcome(BOTH), outcome({(12, "ASD", "inmss"): 6.0, (12, "ASD", "mainstream"): 34.0}))
    assert pounds(found, "inmss") == {"mix": -200_000}
    assert pounds(found, "mainstream") == {"mix": 40_000}


def test_the_same_children_at_another_price_is_price() -> None:
    found = why(outcome(BOTH), outcome(BOTH, money=(dearer(1.2),)))
    assert pounds(found, "inmss") == {"price": 100_000}
    assert pounds(found, "mainstream") == {}


def test_all_three_at_once_are_taken_in_order() -> None:
    """40 children become 50 (volume 1/4 of each part); 10 INMSS become 20, and 20 % dearer."""
    after = outcome({(12, "ASD", "inmss"): 20.0, (12, "ASD", "mainstream"): 30.0}, money=(dearer(1.2),))
    found = why(outcome(BOTH), after)
    assert pounds(found, "inmss") == {"volume": 125_000, "mix": 7.5 * 50_000, "price": 20 * 10_000}
    assert pounds(found, "mainstream") == {"volume": 75_000, "mix": -75_000}


def test_places_that_stay_while_children_grow_are_volume_and_less_of_the_mix() -> None:
    before, after = (outcome({(12, "ASD", "inmss"): n}, places=[SCHOOL]) for n in (10.0, 15.0))
    assert pounds(why(before, after), "places") == {"volume": 300_000, "mix": -300_000}


def test_between_two_years_of_one_cost() -> None:
    ten, twenty = ({(12, "ASD", "inmss"): n} for n in (10.0, 20.0))
    costs = cost(PRICES, outcome(ten, ten, twenty))
    found = attribution(costs, costs, FIRST, LAST)
    own = costs.high_needs.to_numpy()
    assert ((found.after - found.before).sum(axis=1) / 100).tolist() == pytest.approx(own[:, 1] - own[:, 0])


def test_what_the_general_fund_or_another_block_pays_is_left_out_though_its_item_is_not() -> None:
    """A ledger may charge some journeys to the grant and leave the others with the general fund."""
    ledger = {"level": "council", "basis": "council"}
    prices = book(
        row("send_transport", 8_000, dsg_block=GENERAL_FUND),
        row("send_transport", 9_000, need_group="semh", s251_line="1.4.11", dsg_block="high_needs", **ledger),
        row("send_travellers", 1.0, "inmss"),
        row("top_up", 5_000, "inmss"),
        row("top_up", 4_000, "inmss", need_group="semh", dsg_block="schools", **ledger),
    )
    costs = cost(prices, outcome({(12, "ASD", "inmss"): 10.0, (12, "SEMH", "inmss"): 2.0}))
    found = attribution(costs, costs, FIRST)
    assert costs.high_needs.to_numpy() == pytest.approx(10 * 5_000 + 2 * 9_000)
    assert found.before.sum(axis=1).tolist() == [6_800_000] * DRAWS


def test_where_there_were_no_children_growth_is_all_mix() -> None:
    found = why(outcome({}), outcome(BOTH))
    assert pounds(found, "inmss") == {"mix": 500_000}
    assert not found.before.any()


class TestRefusals:
    def test_another_authority_or_other_draws(self) -> None:
        costs = cost(PRICES, outcome(BOTH))
        fewer = replace(costs, pounds=costs.pounds.isel(draw=[0]))
        for other in (replace(costs, la_code=301), fewer):
            with pytest.raises(OptionError, match="cannot be compared draw by draw"):
                attribution(costs, other, FIRST)

    def test_a_year_not_forecast(self) -> None:
        costs = model(PRICES).costs(outcome(BOTH))
        with pytest.raises(
            OptionError, match="2031-32 was asked for, but it is forecast for 2025-26 to 2026-27"
        ):
            attribution(costs, costs, FIRST, FinancialYear(2031))
