"""Balances by hand: carried forward, stability grant, override, funding regimes, comparison and whole pence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from data import tables
from data.areas import current
from data.errors import HistoryError, OptionError
from data.financial_year import FinancialYear
from forecast.core.financial_year import labels
from forecast.finance.balance import (
    REGIMES,
    Balance,
    Comparison,
    Opening,
    Regime,
    StabilityGrant,
    balance,
    opening_balance,
    pence,
)
from forecast.finance.funding_policy import Range
from forecast.finance.income import LINES, Growth, HighNeedsIncome, IncomePlan, income
from scenarios.effects import MoneyChange, MoneyEffects

YEARS = tuple(FinancialYear(y) for y in range(2025, 2030))
JANUARIES = (2026, 2027, 2028, 2029, 2030)
CERTAIN = Opening(FinancialYear(2024), Range.of(-1e6), "council", "accounts")


def made(total: float = 100e6, draws: int = 4) -> HighNeedsIncome:
    """Return an income of the same pounds in every year and draw."""
    shape = (draws, len(YEARS), len(LINES))
    values = np.zeros(shape)
    values[..., 0] = total
    coords = {"financial_year": labels(YEARS), "line": list(LINES)}
    return HighNeedsIncome(
        la_code=317,
        lines=xr.DataArray(values, dims=("draw", "financial_year", "line"), coords=coords),
        schools_block=xr.DataArray(
            np.full(shape[:2], 300e6),
            dims=("draw", "financial_year"),
            coords={"financial_year": labels(YEARS)},
        ),
        basis=xr.DataArray(np.full(shape[1:], "assumed"), dims=("financial_year", "line"), coords=coords),
    )


def spent(values: list[float], draws: int = 4) -> xr.DataArray:
    return xr.DataArray(
        np.tile(values, (draws, 1)), dims=("draw", "financial_year"), coords={"financial_year": labels(YEARS)}
    )


COST = spent([109e6, 104e6, 106e6, 108e6, 95e6])


def settled(
    regime: Regime = REGIMES["authority_bears"],
    grant: StabilityGrant | None = None,
    cost: xr.DataArray = COST,
    opening: Opening = CERTAIN,
    changes: tuple[MoneyChange, ...] = (),
    draws: int = 4,
) -> Balance:
    return balance(
        cost, made(draws=draws), opening, rng=np.random.default_rng(3), regime=regime, grant=grant,
        levers=MoneyEffects.of(changes, JANUARIES),
    )  # fmt: skip


def first(values: xr.DataArray) -> list[float]:
    return [float(v) for v in values.isel(draw=0)]


class TestCarriedForward:
    def test_by_hand(self) -> None:
        found = settled()
        assert first(found.in_year) == [-9e6, -4e6, -6e6, -8e6, 5e6]
        assert first(found.closing) == [-10e6, -14e6, -20e6, -28e6, -23e6]
        assert first(found.overspent) == [1, 1, 1, 1, 0]
        assert first(found.in_deficit) == [1, 1, 1, 1, 1]

    def test_years_in_another_order_are_matched_by_name(self) -> None:
        turned = COST.isel(financial_year=slice(None, None, -1)).transpose()
        assert settled(cost=turned).closing.equals(settled().closing)


class TestStabilityGrant:
    def test_nine_tenths_of_the_deficit_at_31_march_2026_is_paid_the_year_after(self) -> None:
        found = settled(grant=StabilityGrant())
        assert first(found.stability_grant) == pytest.approx([0, 9e6, 0, 0, 0])
        assert first(found.closing)[1] == pytest.approx(-10e6 - 4e6 + 9e6)

    def test_a_surplus_earns_none(self) -> None:
        found = settled(grant=StabilityGrant(), cost=spent([95e6] * 5))
        assert not found.stability_grant.any()

    def test_a_run_that_opens_at_that_date_is_paid_on_its_opening(self) -> None:
        years = YEARS[1:]
        late = made().lines.sel(financial_year=labels(years))
        money = replace(made(), lines=late)
        opening = Opening(FinancialYear(2025), Range.of(-7e6), "council", "accounts")
        found = balance(
            COST.sel(financial_year=labels(years)), money, opening, rng=np.random.default_rng(1),
            regime=REGIMES["authority_bears"], grant=StabilityGrant(),
        )  # fmt: skip
        assert first(found.stability_grant) == pytest.approx([6.3e6, 0, 0, 0])

    def test_without_an_approved_plan_nothing_is_paid(self) -> None:
        assert not settled(grant=StabilityGrant(approved=0.0)).stability_grant.any()
        assert settled().closing.equals(settled(grant=StabilityGrant(approved=0.0)).closing)

    def test_a_chance_of_approval_is_the_share_of_draws_paid(self) -> None:
        found = settled(
            grant=StabilityGrant(approved=0.3),
            cost=spent([109e6, 104e6, 106e6, 108e6, 95e6], 4000),
            draws=4000,
        )
        paid = found.stability_grant.sel(financial_year="2026-27") > 0
        assert float(paid.mean()) == pytest.approx(0.3, abs=0.03)

    def test_only_the_eligible_part_counts(self) -> None:
        found = settled(grant=StabilityGrant(eligible=Range.of(0.5)))
        assert first(found.stability_grant)[1] == pytest.approx(4.5e6)

    @pytest.mark.parametrize("chance", [-0.1, 1.1, float("nan")])
    def test_a_chance_is_between_0_and_1(self, chance: float) -> None:
        with pytest.raises(OptionError):
            StabilityGrant(approved=chance)


class TestOverrideAndRegimes:
    def test_a_deficit_stands_against_reserves_only_once_the_override_has_ended(self) -> None:
        assert first(settled().unprotected) == [0, 0, 0, 28e6, 23e6]

    def test_the_centre_meets_new_deficits_from_2028_29_and_takes_no_surplus(self) -> None:
        found = settled(REGIMES["centre_bears"])
        assert first(found.met_by_centre) == [0, 0, 0, 8e6, 0]
        assert first(found.closing) == [-10e6, -14e6, -20e6, -20e6, -15e6]

    def test_a_share_lies_between(self) -> None:
        closing = {name: settled(r).closing.sel(financial_year="2028-29") for name, r in REGIMES.items()}
        assert bool((closing["authority_bears"] < closing["share"]).all())
        assert bool((closing["share"] < closing["centre_bears"]).all())

    def test_the_deficit_carried_over_may_be_shared_too(self) -> None:
        found = settled(Regime("both", Range.of(1.0), Range.of(0.25)))
        assert first(found.met_by_centre) == pytest.approx([0, 0, 0, 15e6, 0])

    def test_the_lever_says_what_the_authority_carries(self) -> None:
        weight = np.array([0.0, 0.0, 0.0, 1.0, 1.0])
        lever = MoneyChange("override_ends", "set", np.full(4, 0.5), weight, (), ())
        found = settled(changes=(lever,))
        assert first(found.met_by_centre) == pytest.approx([0, 0, 0, 4e6 + 10e6, 0])

    def test_levers_on_income_are_passed_over_here(self) -> None:
        lever = MoneyChange("grant", "add", np.full(4, 1e6), np.ones(5), (), ())
        assert settled(changes=(lever,)).closing.equals(settled().closing)

    def test_a_part_is_a_share(self) -> None:
        with pytest.raises(OptionError, match="authority's part of in-year deficits"):
            Regime("slip", Range.of(25.0), Range.of(1.0))


class TestOpening:
    def test_redbridge_has_its_forums_figures_to_verify(self) -> None:
        march_2025, march_2026 = (opening_balance(317, FinancialYear(y)) for y in (2024, 2025))
        assert (march_2025.balance, march_2025.basis) == (Range.of(-747_000.0), "to verify")
        assert (march_2026.balance.low, march_2026.balance.high) == (-11_700_000, -7_890_000)

    def test_published_balances_are_per_cent_of_the_grant(self) -> None:
        found = opening_balance(317, FinancialYear(2021))
        assert found.basis == "published"
        assert found.balance.low == pytest.approx(0.0055 * 340_269_976, rel=0.001)

    def test_estimates_of_all_authorities_come_to_the_national_figure(self) -> None:
        middles, lacking = [], []
        for area in current():
            try:
                found = opening_balance(area.la_code, FinancialYear(2025)).balance
                middles.append((found.low + found.high) / 2)
            except HistoryError:
                lacking.append(area.name)
        assert lacking == ["City of London", "Isles of Scilly"]
        assert sum(middles) == pytest.approx(-4.6e9, rel=0.03)

    def test_a_balance_that_worsened_faster_than_englands_is_expected_to_go_on(self) -> None:
        shares = tables.read("dsg_balance_pct").query(
            "level == 'authority' and la_code in (330, 317, 301, 305, 314)"
        )
        wide = shares.pivot_table("balance_pct", "la_code", "financial_year")
        grants = tables.read("dsg_allocations").query("financial_year == '2023-24'")
        grant = grants.groupby("la_code")["before_recoupment_gbp"].sum()
        trend = (wide["2021-22"] - wide["2019-20"]).to_numpy()
        moved = []
        for la_code, own in zip(wide.index, wide["2021-22"], strict=True):
            found = opening_balance(int(la_code), FinancialYear(2023)).balance
            moved.append(50 * (found.low + found.high) / grant[la_code] - own)
        assert len(moved) >= 4
        assert float(np.corrcoef(trend, moved)[0, 1]) > 0.999

    def test_an_estimate_widens_with_time(self) -> None:
        near, far = (opening_balance(301, FinancialYear(y)).balance for y in (2022, 2025))
        assert 0 < near.high - near.low < far.high - far.low

    def test_an_authority_without_a_balance_of_its_own_is_less_sure(self) -> None:
        def width(la_code: int) -> float:
            found = opening_balance(la_code, FinancialYear(2025)).balance
            grant = income(
                la_code, (FinancialYear(2023),), IncomePlan(Growth("flat", Range.of(0.0), "")),
                draws=1, rng=np.random.default_rng(1),
            ).total.item()  # fmt: skip
            return (found.high - found.low) / float(grant)

        assert width(942) > 1.1 * width(840)

    def test_dates_beyond_the_national_figure_are_refused(self) -> None:
        with pytest.raises(HistoryError, match=r"31 March 2027 cannot be estimated.*council's accounts"):
            opening_balance(301, FinancialYear(2026))

    def test_another_date_than_the_first_year_is_refused(self) -> None:
        with pytest.raises(OptionError, match=r"first year is 2025-26.*end of 2024-25"):
            settled(opening=replace(CERTAIN, at=FinancialYear(2023)))


class TestComparison:
    def test_what_acting_saves(self) -> None:
        less = COST - xr.DataArray(
            [0, 2e6, 4e6, 30e6, 30e6], dims="financial_year", coords={"financial_year": labels(YEARS)}
        )
        found = Comparison(settled(), settled(cost=less))
        assert first(found.better_by) == [0, 2e6, 6e6, 36e6, 66e6]

    def test_another_opening_is_refused(self) -> None:
        with pytest.raises(OptionError, match="open differently"):
            Comparison(settled(), settled(opening=replace(CERTAIN, balance=Range.of(0.0))))

    def test_other_draws_are_refused(self) -> None:
        with pytest.raises(OptionError, match="do not match"):
            Comparison(settled(), settled(cost=spent([1e6] * 5, 2), draws=2))


class TestRefused:
    @pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
    def test_costs_negative_or_missing(self, value: float) -> None:
        with pytest.raises(OptionError, match="4 costs are missing or negative"):
            settled(cost=spent([value, 1e6, 1e6, 1e6, 1e6]))

    def test_other_years_or_draws_than_income(self) -> None:
        with pytest.raises(OptionError, match="A balance needs both in the same"):
            settled(cost=COST.isel(financial_year=slice(0, 3)))
        with pytest.raises(OptionError, match="in 2 draws"):
            settled(cost=spent([1e6] * 5, 2))

    def test_costs_by_line(self) -> None:
        with pytest.raises(OptionError, match="Sum its lines within each draw"):
            settled(cost=COST.expand_dims(line=["top_up"]))


class TestPence:
    def test_halves_go_to_even(self) -> None:
        assert pence(np.array([0.125, 0.375, -0.125, 1.0])).tolist() == [12, 38, -12, 100]

    def test_no_number_is_refused(self) -> None:
        with pytest.raises(OptionError, match="not a number"):
            pence(float("nan"))
