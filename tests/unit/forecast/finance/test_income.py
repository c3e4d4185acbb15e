"""High needs income: history, growth options, levers, transfers, imports and how each figure is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from scipy.special import ndtri

from data import tables
from data.areas import current
from data.errors import AreaError, HistoryError, OptionError
from data.financial_year import FinancialYear
from forecast.core.financial_year import labels
from forecast.finance.funding_policy import Range, funding_policy
from forecast.finance.income import (
    Growth,
    HighNeedsIncome,
    IncomePlan,
    allocation_history,
    growth_options,
    income,
    local_growth,
)
from scenarios.effects import How, MoneyChange, MoneyEffects

YEARS = tuple(FinancialYear(y) for y in range(2023, 2031))
AHEAD = tuple(FinancialYear(y) for y in range(2026, 2031))
JANUARIES = tuple(range(2026, 2032))
FLAT = Growth("flat", Range.of(0.0), "")
THREE = Growth("three", Range.of(0.03), "")


def draw(
    plan: IncomePlan, years: tuple[FinancialYear, ...] = YEARS, *changes: MoneyChange, draws: int = 300
) -> HighNeedsIncome:
    return income(
        317,
        years,
        plan,
        draws=draws,
        rng=np.random.default_rng(5),
        levers=MoneyEffects.of(changes, JANUARIES),
    )


def lever(item: str, how: How, size: float, *, first: int, draws: int = 300) -> MoneyChange:
    weight = np.array([float(j >= first) for j in JANUARIES])
    return MoneyChange(item, how, np.full(draws, size), weight, (), ())


class TestHistory:
    def test_redbridge(self) -> None:
        found = allocation_history(317).set_index("financial_year")
        assert found["allocation_gbp"].round().to_dict() == {
            "2019-20": 42_788_307, "2020-21": 46_794_063, "2021-22": 51_038_777, "2022-23": 57_539_079, "2023-24": 62_578_386,
        }  # fmt: skip
        assert found.loc["2023-24", "import_export_gbp"] == -1_839_000
        assert found["import_export_gbp"].isna().tolist() == [True, False, False, False, False]
        assert set(found["basis"]) == {"published"}

    def test_blocks_and_their_components_are_one_figure(self) -> None:
        both = tables.read("hnb_components").merge(
            tables.read("dsg_allocations").query("block == 'high_needs'"), on=["la_code", "financial_year"]
        )
        assert len(both) == 600
        assert np.allclose(both["total_before_deductions_gbp"], both["before_recoupment_gbp"], atol=1)

    def test_an_authority_without_allocations_is_told_so(self) -> None:
        with pytest.raises(HistoryError, match="Isles of Scilly"):
            allocation_history(420)
        with pytest.raises(AreaError):
            allocation_history(999)

    def test_every_other_authority_of_today_has_an_income(self) -> None:
        lacking = []
        for area in current():
            try:
                plan = IncomePlan(growth_options(area.la_code)["last_growth"])
                found = income(area.la_code, AHEAD, plan, draws=5, rng=np.random.default_rng(1))
                assert bool((found.total > 0).all())
            except HistoryError:
                lacking.append(area.name)
        assert lacking == ["City of London", "Isles of Scilly"]


class TestLocalGrowth:
    def test_half_way_to_england(self) -> None:
        found = local_growth(317)
        assert found.years == 3
        # Redbridge grew 2.6, 0.8 and 1.8 log points less than England; about two thirds of the mean is kept.
        assert found.mean == pytest.approx(-0.0120, abs=0.0005)

    def test_an_authority_without_years_of_its_own_has_englands_and_is_less_sure(self) -> None:
        new = local_growth(943)
        assert (new.years, new.mean) == (0, 0.0)
        assert new.lasting_sd > local_growth(317).lasting_sd

    def test_held_out_growth_falls_in_its_interval_as_often_as_it_should(self) -> None:
        rows = tables.read("dsg_allocations").query("block == 'high_needs'")
        wide = rows.pivot_table("before_recoupment_gbp", "la_code", "financial_year")
        whole = wide.dropna()
        england = np.log(whole["2023-24"].sum() / whole["2022-23"].sum())
        inside = []
        for la_code in whole.index:
            known = local_growth(int(la_code), FinancialYear(2022))
            assert known.years == 3
            sd = np.hypot(known.lasting_sd, known.yearly_sd)
            actual = np.log(whole.loc[la_code, "2023-24"] / whole.loc[la_code, "2022-23"]) - england
            inside.append(abs(actual - known.mean) <= ndtri(0.9) * sd)
        assert 0.75 <= np.mean(inside) <= 0.97

    def test_a_year_held_out_is_not_looked_at(self) -> None:
        assert local_growth(317, FinancialYear(2022)) != local_growth(317)
        assert local_growth(317, FinancialYear(2023)) == local_growth(317)


class TestGrowth:
    def test_options(self) -> None:
        found = growth_options(317)
        assert set(found) == {"flat", "gdp_deflator", "last_growth"}
        assert found["flat"].yearly == Range.of(0.0)
        last = found["last_growth"].yearly
        assert (last.low + last.high) / 2 == pytest.approx(62_578_386 / 57_539_079 - 1)
        assert found["gdp_deflator"].yearly == funding_policy().gdp_deflator

    def test_an_authority_with_one_year_is_given_englands(self) -> None:
        found = growth_options(942)["last_growth"]
        assert "England's" in found.source
        assert (found.yearly.low + found.yearly.high) / 2 == pytest.approx(0.107, abs=0.002)

    def test_published_years_are_certain_and_2026_27_is_rolled_forward(self) -> None:
        total = draw(IncomePlan(THREE)).total
        assert np.allclose(total.sel(financial_year="2023-24"), 62_578_386)
        assert np.allclose(total.sel(financial_year="2026-27"), total.sel(financial_year="2025-26"))

    def test_an_option_is_growth_of_the_block_before_imports(self) -> None:
        core = draw(IncomePlan(THREE)).lines.sel(line="high_needs_core")
        for before, after in (("2026-27", "2027-28"), ("2029-30", "2030-31")):
            assert np.allclose(core.sel(financial_year=after), 1.03 * core.sel(financial_year=before))

    def test_an_interval_is_drawn_once_for_the_run(self) -> None:
        wide = Growth("wide", Range(0.0, 0.06), "")
        core = draw(IncomePlan(wide), draws=4000).lines.sel(line="high_needs_core")
        one = (core.sel(financial_year="2028-29") / core.sel(financial_year="2027-28")).to_numpy() - 1
        other = (core.sel(financial_year="2030-31") / core.sel(financial_year="2029-30")).to_numpy() - 1
        assert np.allclose(one, other)
        assert np.quantile(one, (0.1, 0.9)) == pytest.approx([0.0, 0.06], abs=0.004)

    def test_growth_beyond_belief_is_refused(self) -> None:
        with pytest.raises(OptionError, match=r"outside -0\.2 to 0\.5"):
            Growth("slip", Range.of(3.0), "")

    def test_the_lever_sets_growth_from_its_year_and_wins_over_the_announced(self) -> None:
        base, moved = (
            draw(IncomePlan(FLAT)),
            draw(IncomePlan(FLAT), YEARS, lever("hnb_growth", "set", 0.05, first=2027)),
        )
        core, after = (i.lines.sel(line="high_needs_core") for i in (base, moved))
        assert np.array_equal(core.sel(financial_year="2025-26"), after.sel(financial_year="2025-26"))
        assert np.allclose(after.sel(financial_year="2026-27"), 1.05 * core.sel(financial_year="2026-27"))
        assert np.allclose(after.sel(financial_year="2027-28"), 1.05**2 * core.sel(financial_year="2027-28"))
        assert str(moved.basis.sel(financial_year="2026-27", line="high_needs_core").item()) == "assumed"

    def test_a_gap_in_the_policy_is_named(self) -> None:
        policy = funding_policy()
        gap = replace(policy, growth={y: g for y, g in policy.growth.items() if y != FinancialYear(2025)})
        with pytest.raises(OptionError, match=r"Add hnb_growth_2025-26"):
            income(317, AHEAD, IncomePlan(FLAT), draws=3, rng=np.random.default_rng(1), policy=gap)


class TestKnown:
    def test_basis_of_each_figure(self) -> None:
        basis = draw(IncomePlan(THREE)).basis
        core = [str(b) for b in basis.sel(line="high_needs_core").to_numpy()]
        assert core == ["published", "estimated", "estimated", "estimated", *["assumed"] * 4]
        assert str(basis.sel(financial_year="2024-25", line="import_export").item()) == "assumed"

    def test_the_councils_own_allocation_replaces_ours_and_what_follows(self) -> None:
        plan = IncomePlan(THREE, allocations={"2025-26": 70e6})
        found = draw(plan)
        assert np.allclose(found.total.sel(financial_year="2025-26"), 70e6)
        assert np.allclose(found.total.sel(financial_year="2026-27"), 70e6)
        core = [str(b) for b in found.basis.sel(line="high_needs_core").to_numpy()]
        assert core[:5] == ["published", "estimated", "council", "announced", "assumed"]

    @pytest.mark.parametrize("value", [0.0, -1.0, float("nan")])
    def test_an_allocation_must_be_pounds(self, value: float) -> None:
        with pytest.raises(OptionError, match="Write pounds above 0"):
            IncomePlan(FLAT, allocations={"2025-26": value})

    def test_years_before_the_published_and_gaps_are_refused(self) -> None:
        with pytest.raises(OptionError, match="published from 2020-21"):
            draw(IncomePlan(FLAT), tuple(FinancialYear(y) for y in range(2019, 2027)))
        with pytest.raises(OptionError, match="years in a row"):
            draw(IncomePlan(FLAT), (FinancialYear(2026), FinancialYear(2028)))


class TestImports:
    def test_the_latest_published_is_held(self) -> None:
        found = draw(IncomePlan(THREE)).lines.sel(line="import_export")
        assert (found == -1_839_000).all()

    def test_each_net_import_is_6000(self) -> None:
        net = xr.DataArray(
            [-300.0, -290.0, -280.0, -270.0, 10.0],
            dims="financial_year",
            coords={"financial_year": labels(AHEAD)},
        )
        base, found = draw(IncomePlan(THREE), AHEAD), draw(IncomePlan(THREE, net_imports=net), AHEAD)
        adjusted = found.lines.sel(line="import_export")
        assert np.allclose(adjusted.isel(draw=0), 6000 * net)
        assert np.allclose(found.lines.sel(line="high_needs_core"), base.lines.sel(line="high_needs_core"))

    def test_a_year_without_net_imports_is_named(self) -> None:
        net = xr.DataArray([1.0], dims="financial_year", coords={"financial_year": ["2026-27"]})
        with pytest.raises(OptionError, match="lack 2027-28"):
            draw(IncomePlan(THREE, net_imports=net), AHEAD)

    def test_net_imports_of_other_draws_are_refused(self) -> None:
        net = xr.DataArray(
            np.zeros((2, 5)), dims=("draw", "financial_year"), coords={"financial_year": labels(AHEAD)}
        )
        with pytest.raises(OptionError, match="2 draws, the forecast 300"):
            draw(IncomePlan(THREE, net_imports=net), AHEAD)


class TestTransfer:
    def test_a_share_of_the_schools_block_from_the_first_year_ahead(self) -> None:
        found = draw(IncomePlan(FLAT, block_transfer=Range.of(0.005)))
        moved = found.lines.sel(line="block_transfer")
        assert (moved.sel(financial_year="2023-24") == 0).all()
        later = {"financial_year": labels(YEARS[1:])}
        assert np.allclose(moved.sel(later), 0.005 * found.schools_block.sel(later))

    def test_the_councils_schools_block_is_used(self) -> None:
        plan = IncomePlan(FLAT, block_transfer=Range.of(0.004), schools_blocks={"2026-27": 300e6})
        moved = draw(plan, AHEAD).lines.sel(line="block_transfer", financial_year="2026-27")
        assert np.allclose(moved, 1.2e6)

    @pytest.mark.parametrize("share", [Range.of(0.0051), Range(0.001, 0.006)])
    def test_more_than_half_a_per_cent_is_refused(self, share: Range) -> None:
        with pytest.raises(OptionError, match=r"Schools Forum may agree to 0.5% at most"):
            draw(IncomePlan(FLAT, block_transfer=share))

    def test_a_lever_above_the_limit_is_refused_and_named_by_year(self) -> None:
        with pytest.raises(OptionError, match=r"1.00% of the schools block is asked for in 2027-28, 2028-29"):
            draw(IncomePlan(FLAT), YEARS, lever("block_transfer", "set", 0.01, first=2028))

    def test_more_is_allowed_once_the_secretary_of_state_agrees(self) -> None:
        plan = IncomePlan(FLAT, block_transfer=Range.of(0.01), disapplied=True)
        assert (draw(plan, AHEAD).lines.sel(line="block_transfer") > 0).all()

    def test_an_interval_up_to_the_limit_never_passes_it(self) -> None:
        found = draw(IncomePlan(FLAT, block_transfer=Range(0.001, 0.005)), AHEAD, draws=2000)
        share = found.lines.sel(line="block_transfer") / found.schools_block
        assert float(share.max()) == pytest.approx(0.005)
        assert float(share.quantile(0.1)) == pytest.approx(0.001, abs=0.0002)


def test_a_grant_lever_adds_its_pounds() -> None:
    found = draw(IncomePlan(FLAT), AHEAD, lever("grant", "add", 250_000.0, first=2028))
    assert found.lines.sel(line="other_grants").isel(draw=0).to_numpy().tolist() == [0.0, *[250_000.0] * 4]


def test_levers_on_prices_are_passed_over() -> None:
    same = draw(IncomePlan(THREE), AHEAD, lever("inmss_fee", "multiply", 2.0, first=2026))
    assert same.lines.equals(draw(IncomePlan(THREE), AHEAD).lines)
