"""Cost keeps its laws over Redbridge's forecast: nobody is paid for twice or lost, pounds add up, levers act where they reach."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import fields, replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.prices.price_book import GENERAL_FUND
from data.vocabulary import NEED_CODES, NEED_GROUPS, PROVISION_CODES, SPECIALIST_PROVISIONS
from forecast.core.outcome import Outcome
from forecast.finance.attribution import attribution
from forecast.finance.cost_model import HIGH_NEEDS, SCALE_BOUNDS, CostLine, Costs
from forecast.finance.finance_model import FinanceModel, MoneyPlan
from forecast.finance.paid_placements import PaidPlacements, paid_placements
from forecast.runs.baseline import Baseline
from forecast.runs.scenario_run import rerun, run_effects
from models.base import Array
from scenarios.effects import Effects, How, MoneyChange, PlaceChange
from scenarios.money_levers import MONEY_ITEMS
from scenarios.reading import find

YEARS, DRAWS = 7, 100
FULL = np.ones(YEARS)
ONE = np.ones(DRAWS)
BRIEFLY = settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
LIBRARY = (
    "inclusion-bases", "local-post-16-offer", "low-births", "pre-reform-surge", "redbridge-schemes", "reform-2030",
    "return-from-inmss", "flat-funding",
)  # fmt: skip
PRICES = (
    "top_up", "inmss_fee", "independent_mainstream_fee", "post16_fee", "other_package", "send_transport", "place_funding",
)  # fmt: skip
INCOMES = ("hnb_growth", "block_transfer", "grant", "override_ends")
CELLS = ("draw", "financial_year", "phase", "need_group", "provision")

first = st.integers(0, YEARS - 1)
some_needs = st.lists(st.sampled_from(NEED_CODES), max_size=4, unique=True).map(tuple)
some_provisions = st.lists(st.sampled_from(PROVISION_CODES), max_size=4, unique=True).map(tuple)


def later(start: int) -> Array:
    """Return weights that are 1 from a position on."""
    return (np.arange(YEARS) >= start).astype(float)


def lever(
    item: str,
    size: float,
    how: How = "multiply",
    weight: Array = FULL,
    provisions: tuple[str, ...] = (),
    needs: tuple[str, ...] = (),
) -> MoneyChange:
    return MoneyChange(item, how, size * ONE, weight, provisions, needs)


def ceiling(size: float, *, new: bool = False, weight: Array = FULL) -> MoneyChange:
    return lever("inmss_price_cap_new" if new else "inmss_price_cap", size, "set", weight)


@st.composite
def some_money(draw: st.DrawFn) -> tuple[MoneyChange, ...]:
    """Return a few levers on prices of any kind."""
    found = []
    for _ in range(draw(st.integers(1, 4))):
        item = draw(st.sampled_from((*PRICES, "send_travellers", "inflation", "cap", "cap_new")))
        weight = later(draw(first)) * draw(st.sampled_from((0.3, 1.0)))
        if item.startswith("cap"):
            found.append(ceiling(draw(st.floats(5e3, 2e5)), new=item == "cap_new", weight=weight))
        elif item == "inflation":
            found.append(
                lever(item, draw(st.floats(-0.1, 0.2)), draw(st.sampled_from(("set", "add"))), weight)
            )
        else:
            needs = () if item == "place_funding" else draw(some_needs)
            size = draw(st.floats(0.2, 3.0))
            found.append(lever(item, size, "multiply", weight, draw(some_provisions), needs))
    return tuple(found)


def with_money(baseline: Baseline, *changes: MoneyChange) -> Outcome:
    return run_effects(baseline, Effects(money=changes))


def with_places(baseline: Baseline, factor: float) -> Outcome:
    change = PlaceChange("multiply", factor * ONE, FULL, (), (), None)
    return run_effects(baseline, Effects(places=(change,)))


@pytest.fixture(scope="module")
def finance(baseline: Baseline) -> FinanceModel:
    """Return the finance model with costs as modelled, so that a ceiling is in the pounds of the price book."""
    return FinanceModel.of(baseline.outcome, plan=MoneyPlan(as_modelled=True))


@pytest.fixture(scope="module")
def anchored(baseline: Baseline) -> FinanceModel:
    return FinanceModel.of(baseline.outcome)


@pytest.fixture(scope="module")
def before(baseline: Baseline, finance: FinanceModel) -> Costs:
    return finance.costs(baseline.outcome)


@pytest.fixture(scope="module")
def scenarios(baseline: Baseline) -> dict[str, Outcome]:
    """Return the outcomes of the shipped scenarios."""
    return {name: rerun(baseline, find(name)) for name in LIBRARY}


def all_paid_for(outcome: Outcome) -> PaidPlacements:
    """Check that everyone with a plan is paid for somewhere, once, and return where."""
    paid = paid_placements(outcome)
    own = outcome.placements.by_need.transpose("draw", "january", "phase", "need", "provision").to_numpy()
    of_group = np.array([[n in g.needs for g in NEED_GROUPS] for n in NEED_CODES], dtype=float)
    plans = own.astype(float).sum(axis=4) @ of_group
    stock = paid.stock.isel(january=slice(1, None)).to_numpy().astype(float).sum(axis=4)
    np.testing.assert_allclose(stock, plans, rtol=1e-4, atol=1e-3)
    assert (paid.stock >= 0).all()
    assert (paid.elsewhere >= 0).all()
    assert np.isfinite(paid.september).all()
    opening = outcome.placements.opening.sum(("age", "need", "provision"))
    np.testing.assert_allclose(
        paid.stock.isel(january=0).sum(("phase", "need_group", "provision")), opening, rtol=1e-4
    )
    return paid


def whole(found: Costs) -> None:
    """Check that lines add up to what each payer pays, and children's lines to children times prices."""
    assert np.isfinite(found.pounds).all()
    assert np.isfinite(found.children).all()
    np.testing.assert_allclose(found.high_needs + found.general_fund, found.pounds.sum("line"), rtol=1e-12)
    heads = found.children.transpose(*CELLS).to_numpy().astype(float)
    paid_by_place = sum(
        found.pounds.sel(line=one.code).to_numpy()
        for one in found.lines
        if one.code.startswith(("place_funding", "places_elsewhere", "other_"))
        and one.code != "other_package"
    )
    by_child = sum((t.per_child() * heads).sum(axis=(2, 3, 4)) for t in found.tariffs.values())
    np.testing.assert_allclose(by_child + paid_by_place, found.pounds.sum("line"), rtol=1e-10)


class TestWhoIsPaidFor:
    def test_in_the_baseline(self, baseline: Baseline) -> None:
        paid = all_paid_for(baseline.outcome)
        assert not paid.elsewhere.isel(january=0).any()

    @pytest.mark.parametrize("name", LIBRARY)
    def test_in_the_shipped_scenarios(self, scenarios: dict[str, Outcome], name: str) -> None:
        all_paid_for(scenarios[name])

    @BRIEFLY
    @given(factor=st.floats(0, 4))
    def test_whatever_the_places(self, baseline: Baseline, factor: float) -> None:
        all_paid_for(with_places(baseline, factor))

    def test_more_places_never_mean_more_children_in_inmss_or_elsewhere(self, baseline: Baseline) -> None:
        found = [paid_placements(with_places(baseline, f)) for f in (0.5, 0.9, 1.0, 1.1, 1.5)]
        inmss = [p.stock.sel(provision="inmss").sum(("phase", "need_group")).to_numpy() for p in found]
        for fewer, more in itertools.pairwise(inmss):
            assert (more <= fewer + 1e-3).all()
        assert (inmss[-1][:, -1] < inmss[0][:, -1]).all()
        assert (found[-1].elsewhere <= found[0].elsewhere + 1e-3).all()

    def test_without_places_those_of_today_stay_and_the_others_go_where_the_order_ends(
        self, baseline: Baseline
    ) -> None:
        """Only those for whom the register never had a place stay: it cannot take away what it did not know of."""
        outcome = with_places(baseline, 0.0)
        paid, short = paid_placements(outcome), outcome.shortfall
        np.testing.assert_allclose(short.short, short.wanted, rtol=1e-4, atol=1e-3)
        kept = short.wanted.where(short.wanted < short.unseated, short.unseated).sum(("phase", "need_group"))
        for provision in SPECIALIST_PROVISIONS:
            own = (
                paid.stock.sel(provision=provision).isel(january=slice(1, None)).sum(("phase", "need_group"))
            )
            sent = paid.elsewhere.isel(january=slice(1, None)) if provision == "state_special" else 0
            np.testing.assert_allclose(own - sent, kept.sel(provision=provision), rtol=1e-3, atol=1e-2)


class TestAddingUp:
    def test_in_the_baseline(self, before: Costs) -> None:
        whole(before)

    @BRIEFLY
    @given(changes=some_money())
    def test_under_levers_on_prices(
        self, baseline: Baseline, finance: FinanceModel, changes: tuple[MoneyChange, ...]
    ) -> None:
        found = finance.costs(with_money(baseline, *changes))
        whole(found)
        assert (found.high_needs > 0).all()

    @pytest.mark.parametrize("name", LIBRARY)
    def test_in_the_shipped_scenarios(
        self, finance: FinanceModel, scenarios: dict[str, Outcome], name: str
    ) -> None:
        whole(finance.costs(scenarios[name]))

    def test_every_line_is_booked(self, before: Costs) -> None:
        assert len({one.code for one in before.lines}) == len(before.lines)
        for one in before.lines:
            general = one.s251.startswith("2.")
            assert one.dsg_block == (GENERAL_FUND if general else HIGH_NEEDS), one

    def test_children_of_the_year_lie_between_the_counts_or_near(
        self, baseline: Baseline, before: Costs
    ) -> None:
        stock = paid_placements(baseline.outcome).stock.sum(("phase", "need_group", "provision")).to_numpy()
        average = before.children.sum(("phase", "need_group", "provision")).to_numpy()
        ends = np.stack([stock[:, :-1], stock[:, 1:]])
        assert (average > 0.97 * ends.min(axis=0)).all()
        assert (average < 1.06 * ends.max(axis=0)).all()


class TestAttribution:
    @settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(pair=st.tuples(first, first))
    def test_between_any_two_years_to_the_penny(self, before: Costs, pair: tuple[int, int]) -> None:
        one, other = (before.years[i] for i in pair)
        self.reconciles(before, before, one.label, other.label)

    @pytest.mark.parametrize("name", LIBRARY)
    def test_between_baseline_and_scenario(
        self, finance: FinanceModel, before: Costs, scenarios: dict[str, Outcome], name: str
    ) -> None:
        self.reconciles(before, finance.costs(scenarios[name]), "2031-32", "2031-32")

    @staticmethod
    def reconciles(one: Costs, other: Costs, old: str, new: str) -> None:
        years = {y.label: y for y in one.years}
        found = attribution(one, other, years[old], years[new])
        assert found.volume.dtype == np.int64
        assert (found.before + found.volume + found.mix + found.price == found.after).all()
        for part, costs, year in ((found.before, one, old), (found.after, other, new)):
            own = costs.high_needs.sel(financial_year=year).to_numpy() * 100
            # Each part is rounded to the penny once, so their sum is within half a penny a part.
            assert (np.abs(part.sum(axis=1) - own) <= part.shape[1] / 2 + 1).all()


class TestNothingChanges:
    def test_without_levers(self, baseline: Baseline, finance: FinanceModel, before: Costs) -> None:
        again = finance.costs(run_effects(baseline, Effects()))
        assert again.pounds.identical(before.pounds)
        assert finance.costs(rerun(baseline, find("baseline"))).pounds.identical(before.pounds)

    @pytest.mark.parametrize("item", [*PRICES, "send_travellers"])
    def test_times_one(self, baseline: Baseline, finance: FinanceModel, before: Costs, item: str) -> None:
        found = finance.costs(with_money(baseline, lever(item, 1.0)))
        assert found.pounds.identical(before.pounds)

    @pytest.mark.parametrize("item", [i for i in (*PRICES, "send_travellers") if i != "place_funding"])
    def test_times_one_for_some_needs(
        self, baseline: Baseline, finance: FinanceModel, before: Costs, item: str
    ) -> None:
        """Sums are taken in another order then, so the last digits may differ."""
        found = finance.costs(with_money(baseline, lever(item, 1.0, needs=("ASD", "MLD"))))
        np.testing.assert_allclose(found.pounds, before.pounds, rtol=1e-12, atol=1e-6)

    @pytest.mark.parametrize("item", [*PRICES, "inflation"])
    def test_plus_nothing(self, baseline: Baseline, finance: FinanceModel, before: Costs, item: str) -> None:
        found = finance.costs(with_money(baseline, lever(item, 0.0, "add")))
        np.testing.assert_allclose(found.pounds, before.pounds, rtol=1e-12, atol=1e-6)

    def test_a_ceiling_above_every_fee(
        self, baseline: Baseline, finance: FinanceModel, before: Costs
    ) -> None:
        found = finance.costs(with_money(baseline, ceiling(1e12), ceiling(1e12, new=True)))
        np.testing.assert_allclose(found.pounds, before.pounds, rtol=1e-9, atol=1e-6)

    @pytest.mark.parametrize("item", INCOMES)
    def test_in_cost_by_a_lever_on_income(
        self, baseline: Baseline, finance: FinanceModel, before: Costs, item: str
    ) -> None:
        size = {"hnb_growth": 0.1, "block_transfer": 0.004, "grant": 5e6, "override_ends": 0.3}[item]
        outcome = with_money(baseline, lever(item, size, MONEY_ITEMS[item].hows[0], later(3)))
        assert finance.costs(outcome).pounds.identical(before.pounds)
        one, other = finance.money(baseline.outcome), finance.money(outcome)
        moved = not np.allclose(other.balance.closing, one.balance.closing)
        # The end of the override changes who bears a deficit, not what comes in.
        assert moved
        assert other.income.total.equals(one.income.total) == (item == "override_ends")

    def test_in_what_the_caller_holds(self, baseline: Baseline, finance: FinanceModel) -> None:
        held = [baseline.outcome.placements, baseline.outcome.shortfall, finance.model, finance.model.drawn]
        arrays = list(all_arrays(held))
        kept = [a.copy(deep=True) for a in arrays]
        finance.money(
            with_money(baseline, lever("top_up", 2.0), lever("inflation", 0.1, "set"), ceiling(3e4))
        )
        finance.money(with_places(baseline, 1.5))
        for array, copy in zip(arrays, kept, strict=True):
            assert array.identical(copy)


def all_arrays(held: list[object]) -> Iterator[xr.DataArray]:
    for thing in held:
        for field in fields(thing):  # type: ignore[arg-type]
            value = getattr(thing, field.name)
            if isinstance(value, xr.DataArray):
                yield value


def changed(found: Costs, before: Costs) -> set[str]:
    """Return codes of the lines in which something is paid otherwise."""
    dims = ("draw", "financial_year", "line")
    away = np.abs((found.pounds - before.pounds).transpose(*dims).to_numpy()).max(axis=(0, 1))
    return {line.code for line, x in zip(before.lines, away, strict=True) if x > 0.01}


class TestLevers:
    @BRIEFLY
    @given(factor=st.floats(0.1, 5), item=st.sampled_from(PRICES), start=first)
    def test_a_factor_scales_its_lines_from_its_year_on_and_no_other(
        self, baseline: Baseline, finance: FinanceModel, before: Costs, factor: float, item: str, start: int
    ) -> None:
        found = finance.costs(with_money(baseline, lever(item, factor, weight=later(start))))
        for one in before.lines:
            own, old = (c.pounds.sel(line=one.code).to_numpy() for c in (found, before))
            mine = one.code.startswith(item)
            np.testing.assert_allclose(
                own, old * (np.where(later(start), factor, 1) if mine else 1), rtol=1e-9
            )

    @BRIEFLY
    @given(factor=st.floats(1.2, 3), needs=some_needs.filter(bool), provisions=some_provisions)
    def test_a_lever_for_some_needs_and_provisions_moves_no_other_price(
        self,
        baseline: Baseline,
        finance: FinanceModel,
        before: Costs,
        factor: float,
        needs: tuple[str, ...],
        provisions: tuple[str, ...],
    ) -> None:
        change = lever("top_up", factor, needs=needs, provisions=provisions)
        found = finance.costs(with_money(baseline, change))
        ratio = found.tariffs["top_up"].per_child() / np.maximum(before.tariffs["top_up"].per_child(), 1e-9)
        groups = [bool(set(g.needs) & set(needs)) for g in NEED_GROUPS]
        wholly = [set(g.needs) <= set(needs) for g in NEED_GROUPS]
        here = [not provisions or p in provisions for p in PROVISION_CODES]
        paid = before.tariffs["top_up"].per_child()[0, 0] > 0
        for g in range(len(NEED_GROUPS)):
            for p in range(len(PROVISION_CODES)):
                for phase in range(4):
                    if not paid[phase, g, p]:
                        continue
                    cell = ratio[:, :, phase, g, p]
                    if not (groups[g] and here[p]):
                        np.testing.assert_allclose(cell, 1, rtol=1e-9)
                    elif wholly[g]:
                        np.testing.assert_allclose(cell, factor, rtol=1e-9)
                    else:
                        assert ((cell >= 1 - 1e-9) & (cell <= factor + 1e-9)).all()
        assert changed(found, before) <= {f"top_up_{p}" for p in (provisions or PROVISION_CODES)}

    def test_dearer_prices_from_one_year_leave_the_years_before(
        self, baseline: Baseline, finance: FinanceModel, before: Costs
    ) -> None:
        found = finance.costs(with_money(baseline, lever("inflation", 0.05, "add", later(3))))
        early = {"financial_year": slice(0, 3)}
        assert found.pounds.isel(early).identical(before.pounds.isel(early))
        assert (found.high_needs.isel(financial_year=3) > before.high_needs.isel(financial_year=3)).all()

    def test_growth_one_point_higher_compounds(
        self, baseline: Baseline, finance: FinanceModel, before: Costs
    ) -> None:
        """Mainstream top-ups are one price that grows: in the k-th year it has grown k times faster by a little."""
        found = finance.costs(with_money(baseline, lever("inflation", 0.01, "add")))
        at = next(c.row for c in before.tariffs["top_up"].classes if c.provision == "mainstream")
        growth = finance.model.drawn.growth.isel(price=at).sel(financial_year=[y.label for y in before.years])
        wanted = np.cumprod((1.01 + growth) / (1 + growth), axis=1)
        line = "top_up_mainstream"
        np.testing.assert_allclose(
            found.pounds.sel(line=line) / before.pounds.sel(line=line), wanted, rtol=1e-9
        )

    @BRIEFLY
    @given(st.data())
    def test_levers_that_multiply_may_be_listed_in_any_order(
        self, baseline: Baseline, finance: FinanceModel, data: st.DataObject
    ) -> None:
        some = data.draw(st.lists(some_money(), min_size=1, max_size=2)).copy()
        changes = [c for part in some for c in part if c.how == "multiply" or "cap" in c.item]
        mixed = data.draw(st.permutations(changes))
        one, other = (finance.costs(with_money(baseline, *order)) for order in (changes, mixed))
        np.testing.assert_allclose(one.pounds, other.pounds, rtol=1e-9, atol=1e-6)


class TestPlacesThatArePaidFor:
    @pytest.mark.parametrize("factor", [0.5, 1.2])
    def test_who_uses_them_and_how_full_they_are_does_not_change_what_special_schools_are_paid(
        self, baseline: Baseline, finance: FinanceModel, before: Costs, factor: float
    ) -> None:
        found = finance.costs(with_places(baseline, factor))
        line = "place_funding_state_special"
        assert found.pounds.sel(line=line).identical(before.pounds.sel(line=line))

    def test_places_opened_are_paid_for_filled_or_not(
        self, finance: FinanceModel, before: Costs, scenarios: dict[str, Outcome]
    ) -> None:
        lines = ["place_funding_state_special", "place_funding_specialist_base"]
        found = finance.costs(scenarios["redbridge-schemes"]).pounds.sel(line=lines[0])
        assert (found >= before.pounds.sel(line=lines[0]) - 0.01).all()
        bases = finance.costs(scenarios["inclusion-bases"]).pounds.sel(line=lines[1])
        assert float((bases - before.pounds.sel(line=lines[1])).isel(financial_year=-1).mean()) > 100_000


class TestCeilings:
    @BRIEFLY
    @given(low=st.floats(3e3, 3e5), more=st.floats(0, 1e5), start=first, part=st.floats(0.1, 1))
    def test_never_raise_cost_and_the_lower_the_less(
        self,
        baseline: Baseline,
        finance: FinanceModel,
        before: Costs,
        low: float,
        more: float,
        start: int,
        part: float,
    ) -> None:
        weight = part * later(start)
        tight, loose, new = (
            finance.costs(with_money(baseline, change)).pounds.sel(line="inmss_fee")
            for change in (
                ceiling(low, weight=weight),
                ceiling(low + more, weight=weight),
                ceiling(low, new=True, weight=weight),
            )
        )
        none = before.pounds.sel(line="inmss_fee")
        assert (tight <= loose * (1 + 1e-12)).all()
        assert (loose <= none * (1 + 1e-12)).all()
        assert (tight <= new * (1 + 1e-12)).all()
        assert (new <= none * (1 + 1e-12)).all()

    @pytest.mark.parametrize("size", [15_000.0, 45_000.0, 70_000.0])
    def test_no_average_fee_is_above_one(
        self, baseline: Baseline, finance: FinanceModel, size: float
    ) -> None:
        found = finance.costs(with_money(baseline, ceiling(size)))
        fees = found.tariffs["inmss_fee"].prices
        assert (fees <= size * (1 + 1e-12)).all()
        assert changed(found, finance.costs(baseline.outcome)) == {"inmss_fee"}


class TestAnchor:
    def test_the_baseline_meets_it_in_every_draw(self, baseline: Baseline, anchored: FinanceModel) -> None:
        model = anchored.model
        assert model.anchor is not None
        # The council's figure is of the year before the first: no balance holds it, the ledger of that year does.
        assert model.anchor.year == model.years[0].after(-1)
        year = model.anchor.year.label
        cost = model.costs_before(baseline.outcome).high_needs.sel(financial_year=year)
        income = anchored.income(baseline.outcome, before=True).total.sel(financial_year=year)
        inside = (model.scale > SCALE_BOUNDS[0]) & (model.scale < SCALE_BOUNDS[1])
        assert inside.mean() > 0.95
        deficit = (cost - income).to_numpy()[inside]
        # The draws of an 80 % interval: a tenth lies below it and a tenth above, and most are near.
        low, high = model.anchor.deficit.low, model.anchor.deficit.high
        assert np.mean((deficit >= low) & (deficit <= high)) == pytest.approx(0.8, abs=0.12)
        assert ((deficit > low - 3 * (high - low)) & (deficit < high + 3 * (high - low))).all()

    def test_it_scales_what_the_block_pays_and_nothing_else(
        self, baseline: Baseline, finance: FinanceModel, anchored: FinanceModel, before: Costs
    ) -> None:
        found = anchored.costs(baseline.outcome)
        scale = anchored.model.scale[:, None]
        fixed = before.at_known_rates
        assert found.at_known_rates.equals(fixed)
        np.testing.assert_allclose(found.high_needs, (before.high_needs - fixed) * scale + fixed, rtol=1e-10)
        assert found.general_fund.equals(before.general_fund)
        whole(found)

    def test_a_scenario_is_scaled_as_the_baseline_is(
        self, finance: FinanceModel, anchored: FinanceModel, scenarios: dict[str, Outcome]
    ) -> None:
        outcome = scenarios["return-from-inmss"]
        plain, scaled = (p.costs(outcome) for p in (finance, anchored))
        fixed = plain.at_known_rates
        expected = (plain.high_needs - fixed) * anchored.model.scale[:, None] + fixed
        np.testing.assert_allclose(scaled.high_needs, expected, rtol=1e-10)


class TestLuck:
    def test_same_seed_same_bytes(self, baseline: Baseline, anchored: FinanceModel) -> None:
        again = FinanceModel.of(baseline.outcome)
        one, other = (p.money(baseline.outcome) for p in (anchored, again))
        assert one.costs.pounds.identical(other.costs.pounds)
        assert one.balance.closing.identical(other.balance.closing)

    def test_another_seed_other_prices(self, baseline: Baseline, before: Costs) -> None:
        other = replace(baseline.outcome, seed=baseline.outcome.seed + 1)
        finance = FinanceModel.of(other, plan=MoneyPlan(as_modelled=True))
        found = finance.costs(other)
        assert not np.allclose(found.pounds.sel(line="inmss_fee"), before.pounds.sel(line="inmss_fee"))
        assert found.children.identical(before.children)

    def test_a_lever_does_not_stir_the_luck_of_other_lines(
        self, baseline: Baseline, finance: FinanceModel, before: Costs
    ) -> None:
        found = finance.costs(with_money(baseline, lever("inmss_fee", 1.3, needs=("ASD",))))
        rest = [one.code for one in before.lines if one.code != "inmss_fee"]
        assert found.pounds.sel(line=rest).identical(before.pounds.sel(line=rest))


def test_lines_are_the_same_in_every_scenario(
    finance: FinanceModel, before: Costs, scenarios: dict[str, Outcome]
) -> None:
    found: set[tuple[CostLine, ...]] = {finance.costs(outcome).lines for outcome in scenarios.values()}
    assert found == {before.lines}
