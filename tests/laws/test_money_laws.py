"""Whatever the money: averages, place funding and balances add up, more income never hurts, and luck is shared."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from data.financial_year import FinancialYear
from forecast.core.financial_year import labels, year_average
from forecast.finance.balance import REGIMES, Balance, Opening, StabilityGrant, balance
from forecast.finance.funding_policy import Range
from forecast.finance.income import Growth, IncomePlan, income
from forecast.finance.place_funding import KINDS, paid_places
from forecast.presentation.money_tables import balance_rows
from scenarios.effects import MoneyChange, MoneyEffects

YEARS = tuple(FinancialYear(y) for y in range(2026, 2031))
JANUARIES = tuple(y.january for y in YEARS)
DRAWS = 12

people = st.floats(0, 5000)
money = st.floats(20e6, 200e6)
costs = arrays(float, (DRAWS, len(YEARS)), elements=money)
shares = st.floats(0, 1)


def stock(values: np.ndarray) -> xr.DataArray:
    return xr.DataArray(
        values, dims=("draw", "january", "part"), coords={"january": range(2026, 2026 + values.shape[1])}
    )


def forecast(
    spent: np.ndarray,
    growth: float = 0.02,
    *,
    regime: str = "share",
    approved: float = 0.5,
    opening: float = -5e6,
    seed: int = 1,
    changes: tuple[MoneyChange, ...] = (),
) -> Balance:
    plan = IncomePlan(Growth("own", Range(growth - 0.01, growth + 0.01), ""))
    found = income(
        317,
        YEARS,
        plan,
        draws=DRAWS,
        rng=np.random.default_rng(seed),
        levers=MoneyEffects.of(changes, JANUARIES),
    )
    cost = xr.DataArray(spent, dims=("draw", "financial_year"), coords={"financial_year": labels(YEARS)})
    return balance(
        cost, found, Opening(FinancialYear(2025), Range(opening - 1e6, opening + 1e6), "council", ""),
        rng=np.random.default_rng(seed + 1), regime=REGIMES[regime], grant=StabilityGrant(approved),
    )  # fmt: skip


class TestAverages:
    @given(st.floats(0, 1e4), st.floats(-500, 500), st.integers(2, 8))
    def test_any_line_is_reproduced(self, level: float, step: float, count: int) -> None:
        line = xr.DataArray(
            level + step * np.arange(count), dims="january", coords={"january": range(2026, 2026 + count)}
        )
        wanted = level + step * (np.arange(count - 1) + 8.5 / 12)
        assert np.allclose(year_average(line), wanted, rtol=1e-9, atol=1e-6)

    @given(arrays(float, (3, 5, 4), elements=people), arrays(float, (3, 5, 4), elements=st.floats(-500, 500)))
    def test_parts_add_up_to_the_whole(self, values: np.ndarray, step: np.ndarray) -> None:
        parts, september = stock(values), stock(step)
        whole = year_average(parts.sum("part"), september.sum("part"))
        assert np.allclose(year_average(parts, september).sum("part"), whole, atol=1e-6)

    @given(arrays(float, (2, 6, 2), elements=people), people)
    def test_years_before_a_change_do_not_move(self, values: np.ndarray, later: float) -> None:
        changed = values.copy()
        changed[:, -1] = later
        one, other = year_average(stock(values)), year_average(stock(changed))
        assert one.isel(financial_year=slice(0, 3)).equals(other.isel(financial_year=slice(0, 3)))

    @given(arrays(float, (2, 4, 1), elements=people))
    def test_a_step_in_september_is_place_fundings_rule(self, values: np.ndarray) -> None:
        january = stock(values)
        step = january.diff("january", label="upper").reindex(january=january["january"], fill_value=0.0)
        found = year_average(january, step).to_numpy()[:, :, 0]
        assert np.allclose(found, 5 / 12 * values[:, :-1, 0] + 7 / 12 * values[:, 1:, 0], atol=1e-6)


def places(values: np.ndarray) -> xr.DataArray:
    return xr.DataArray(
        values, dims=("draw", "place_kind", "academic_year"),
        coords={"place_kind": list(KINDS), "academic_year": ["2025/26", "2026/27", "2027/28"]},
    )  # fmt: skip


class TestPaidPlaces:
    some = arrays(float, (2, len(KINDS), 3), elements=st.floats(0, 3000))

    @given(some, some)
    def test_places_together_are_the_places_apart(self, one: np.ndarray, other: np.ndarray) -> None:
        together = paid_places(places(one + other))
        assert np.allclose(together, paid_places(places(one)) + paid_places(places(other)), atol=1e-7)

    @given(some, st.floats(0, 500))
    def test_more_places_are_never_fewer_paid(self, values: np.ndarray, more: float) -> None:
        assert bool((paid_places(places(values + more)) >= paid_places(places(values)) - 1e-9).all())

    @given(st.floats(0, 3000))
    def test_places_that_do_not_change_are_paid_for_a_whole_year(self, count: float) -> None:
        found = paid_places(places(np.full((1, len(KINDS), 3), count)))
        assert np.allclose(found, count)


class TestBalance:
    @settings(max_examples=30)
    @given(costs, st.sampled_from(list(REGIMES)), shares, st.floats(-40e6, 20e6))
    def test_what_comes_in_and_goes_out_is_what_is_carried(
        self, spent: np.ndarray, regime: str, approved: float, opening: float
    ) -> None:
        found = forecast(spent, regime=regime, approved=approved, opening=opening)
        moved = found.in_year + found.stability_grant + found.met_by_centre
        before = np.column_stack([found.opening, found.closing.to_numpy()[:, :-1]])
        assert np.allclose(found.closing, before + moved.to_numpy(), atol=1e-4)
        assert float(found.stability_grant.min()) >= 0
        assert float(found.met_by_centre.min()) >= 0
        assert not found.met_by_centre.sel(financial_year=["2026-27", "2027-28"]).any()
        assert not found.unprotected.sel(financial_year=["2026-27", "2027-28"]).any()
        assert bool((found.stability_grant <= 0.9 * np.maximum(-found.opening, 0) + 1e-6).all())

    @settings(max_examples=20)
    @given(costs, shares)
    def test_shown_totals_reconcile_to_the_penny(self, spent: np.ndarray, approved: float) -> None:
        rows = balance_rows(forecast(spent, approved=approved))
        wide = rows.pivot_table("mean_pence", "financial_year", "line")
        parts = (
            wide["opening"] + wide["income"] - wide["cost"] + wide["stability_grant"] + wide["met_by_centre"]
        )
        assert (parts == wide["closing"]).all()

    @settings(max_examples=20)
    @given(costs, arrays(float, (DRAWS, len(YEARS)), elements=st.floats(0, 30e6)))
    def test_spending_less_never_worsens_a_year_before_relief(
        self, spent: np.ndarray, less: np.ndarray
    ) -> None:
        one, other = forecast(spent + less), forecast(spent)
        assert bool((other.in_year >= one.in_year - 1e-6).all())
        assert not bool((other.overspent & ~one.overspent).any())
        assert bool((other.closing >= one.closing - 1e-4).all())

    @settings(max_examples=20)
    @given(costs)
    def test_the_more_the_centre_bears_the_better_for_the_authority(self, spent: np.ndarray) -> None:
        bears, share, centre = (
            forecast(spent, regime=r).closing for r in ("authority_bears", "share", "centre_bears")
        )
        assert bool((bears <= share + 1e-6).all())
        assert bool((share <= centre + 1e-6).all())

    @settings(max_examples=20)
    @given(costs, st.floats(-0.05, 0.1), st.floats(0, 0.1))
    def test_more_growth_never_lowers_income(self, spent: np.ndarray, growth: float, more: float) -> None:
        low, high = forecast(spent, growth), forecast(spent, growth + more)
        assert bool((high.income >= low.income - 1e-3).all())
        assert high.income.sel(financial_year="2026-27").equals(low.income.sel(financial_year="2026-27"))


class TestLuck:
    def test_same_seed_same_balance(self) -> None:
        spent = np.full((DRAWS, len(YEARS)), 80e6)
        assert forecast(spent).closing.equals(forecast(spent).closing)
        assert not forecast(spent).closing.equals(forecast(spent, seed=9).closing)

    def test_options_and_levers_do_not_stir_the_luck_of_anything_else(self) -> None:
        spent = np.full((DRAWS, len(YEARS)), 80e6)
        lever = MoneyChange("grant", "add", np.full(DRAWS, 1e6), np.ones(len(YEARS)), (), ())
        base, moved = forecast(spent), forecast(spent, changes=(lever,))
        assert moved.opening.equals(base.opening)
        assert np.allclose(moved.income - base.income, 1e6)
        assert moved.stability_grant.equals(base.stability_grant)

    def test_a_longer_horizon_begins_alike(self) -> None:
        plan = IncomePlan(Growth("own", Range(0.01, 0.03), ""))
        short, long = (
            income(
                317,
                [FinancialYear(y) for y in range(2024, last + 1)],
                plan,
                draws=DRAWS,
                rng=np.random.default_rng(2),
            )
            for last in (2025, 2033)
        )
        both = ["2024-25", "2025-26"]
        assert long.total.sel(financial_year=both).equals(short.total)

    @pytest.mark.parametrize("approved", [0.2, 0.9])
    def test_who_is_approved_at_a_small_chance_is_approved_at_a_larger_one(self, approved: float) -> None:
        spent = np.full((DRAWS, len(YEARS)), 80e6)
        paid, more = (
            forecast(spent, approved=a).stability_grant > 0 for a in (approved, min(approved + 0.1, 1))
        )
        assert bool((more | ~paid).all())
