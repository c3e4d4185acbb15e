"""From cost and income to a balance: what is shared, what is asked for, and what is refused; on made-up children."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data.areas import by_code
from data.errors import OptionError
from data.financial_year import FinancialYear
from data.prices.inflation import Z90
from data.prices.price_book import PriceBook
from forecast.core.outcome import Outcome
from forecast.finance.balance import REGIMES
from forecast.finance.finance_model import FinanceModel, MoneyPlan
from scenarios.effects import MoneyChange
from tests.made_outcomes import DRAWS, SCHOOL, outcome
from tests.made_prices import book, row

TOWN = {(12, "ASD", "inmss"): 600.0, (8, "SLCN", "mainstream"): 3000.0}
PRICES = book(
    row("inmss_fee", 60_000, "inmss"),
    row("top_up", 9_000, "mainstream", level="authority", inflator="gdp_deflator", price_year="2024-25"),
    row("send_transport", 8_000), row("send_travellers", 0.7, "inmss"),
)  # fmt: skip


def town(*money: MoneyChange) -> Outcome:
    return outcome(TOWN, places=[SCHOOL], money=money)


def finance(
    plan: MoneyPlan | None = None, prices: PriceBook = PRICES, who: Outcome | None = None
) -> FinanceModel:
    return FinanceModel.of(who or town(), plan=plan, book=prices)


def grant(size: float) -> MoneyChange:
    return MoneyChange("grant", "add", np.full(DRAWS, size), np.array([0.0, 1.0]), (), ())


def test_what_is_left_is_income_less_the_cost_to_the_block() -> None:
    found = finance().money(town())
    assert np.allclose(found.in_year, found.income.total - found.costs.high_needs)
    assert np.allclose(found.balance.cost, found.costs.high_needs)
    assert (found.costs.general_fund > 0).all()
    assert found.outcome.placements.by_need.sizes["draw"] == found.in_year.sizes["draw"]


def test_the_baseline_costs_what_the_council_has_said() -> None:
    """Redbridge's figure for 2025-26 is an interval: each draw is held to a value in it."""
    asked = finance()
    anchor = asked.model.anchor
    assert anchor is not None
    assert anchor.year == FinancialYear(2025)
    inside = (asked.model.scale > 0.61) & (asked.model.scale < 1.66)
    assert inside.all()
    deficit = -asked.money(town()).in_year.sel(financial_year="2025-26").to_numpy()
    half = (anchor.deficit.high - anchor.deficit.low) / 2 / Z90
    middle = (anchor.deficit.high + anchor.deficit.low) / 2
    assert (np.abs(deficit - middle) < 5 * half).all()


def test_as_modelled_nothing_is_scaled() -> None:
    plain = finance(MoneyPlan(as_modelled=True))
    assert plain.model.anchor is None
    assert (plain.model.scale == 1).all()


def test_an_authority_that_has_said_nothing_is_not_scaled() -> None:
    elsewhere = replace(town(), area=by_code(302))
    found = finance(who=elsewhere)
    assert found.model.anchor is None
    assert found.money(elsewhere).balance.la_code == 302


def test_a_lever_on_income_moves_the_balance_by_itself_only() -> None:
    shared = finance()
    before, after = shared.money(town()), shared.money(town(grant(1e6)))
    assert after.costs.pounds.equals(before.costs.pounds)
    assert np.allclose(after.in_year - before.in_year, [[0, 1e6]] * DRAWS)
    assert after.balance.opening.equals(before.balance.opening)


def test_an_opening_balance_given_is_the_one_used() -> None:
    found = finance(MoneyPlan(opening=-2.5e6)).money(town()).balance
    assert found.opening.to_numpy().tolist() == [-2.5e6] * DRAWS
    assert found.opening_basis == "council"


def test_regime_and_grant_may_be_asked_for_again_without_another_forecast() -> None:
    shared = finance(MoneyPlan(grant=0.0))
    one = shared.money(town())
    assert not one.balance.stability_grant.any()
    other = shared.closing(one.outcome, one.costs, one.income, "centre_bears", 1.0)
    assert other.regime == "centre_bears"
    assert shared.money(town(), "centre_bears", 1.0).balance.closing.equals(other.closing)
    assert set(REGIMES) > {"centre_bears"}


def test_prices_in_the_economy_rise_alike_for_placements_and_other_spending() -> None:
    """A draw in which the deflator is high has dear top-ups and dear hospital education, not one of the two."""
    model = finance(MoneyPlan(as_modelled=True)).model
    deflator = model.deflator.to_numpy()[:, 1]
    growth = model.drawn.growth.sel(financial_year="2026-27").isel(price=1).to_numpy()
    np.testing.assert_allclose(deflator, 1 + growth, rtol=1e-12)
    other = model.other.sel(line="hospital").to_numpy()
    people = other[:, 1] / other[:, 0] / deflator
    np.testing.assert_allclose(people, people[0], rtol=1e-12)


def test_same_seed_same_pounds_and_another_seed_others() -> None:
    one, again = (finance().money(town()) for _ in range(2))
    assert one.costs.pounds.equals(again.costs.pounds)
    assert one.balance.closing.equals(again.balance.closing)
    other = finance(who=replace(town(), seed=2)).money(town())
    assert not other.costs.pounds.equals(one.costs.pounds)


def test_what_is_not_known_is_refused() -> None:
    with pytest.raises(OptionError, match="'nobody' is not a funding regime"):
        MoneyPlan(regime="nobody")
    with pytest.raises(OptionError, match="'double' is not a way the high needs block may grow"):
        finance(MoneyPlan(growth="double"))
    with pytest.raises(OptionError):
        finance(MoneyPlan(grant=1.5)).money(town())
