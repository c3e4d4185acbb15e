"""Cost by hand: what children, places and services come to in a year, whose line it is and who pays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from data.financial_year import FinancialYear
from data.prices.price_book import GENERAL_FUND, PriceBook
from data.vocabulary import PROVISION_CODES, PROVISIONS
from forecast.core.financial_year import labels
from forecast.core.outcome import Outcome
from forecast.finance import cost_model
from forecast.finance.cost_model import (
    ELSEWHERE,
    HIGH_NEEDS,
    SCALE_BOUNDS,
    Anchor,
    CostModel,
    Costs,
    child_line,
)
from forecast.finance.funding_policy import Range, funding_policy
from scenarios.effects import MoneyChange
from tests.made_outcomes import DRAWS, REDBRIDGE, SCHOOL, outcome
from tests.made_prices import book, row

YEARS = tuple(FinancialYear(y) for y in range(2025, 2027))
FEES = book(row("inmss_fee", 20_000, "inmss"))
TEN = {(12, "ASD", "inmss"): 10.0}


def by_year(values: xr.DataArray) -> list[float]:
    """Return values by financial year, the same in every draw."""
    array = values.transpose("draw", "financial_year").to_numpy()
    assert (array == array[:1]).all()
    return [float(v) for v in array[0]]


def model(prices: PriceBook, other: Mapping[str, float] | None = None, root: int = 1) -> CostModel:
    """Return a cost model of known prices; ``other`` is spending that plans do not drive, pounds a year by line."""
    told = dict(other or {})
    shape = (DRAWS, len(YEARS), len(told))
    return CostModel(
        la_code=REDBRIDGE,
        years=YEARS,
        book=prices,
        drawn=prices.draws(DRAWS, np.random.default_rng(root), until=YEARS[-1].label),
        other=xr.DataArray(
            np.broadcast_to(list(told.values()), shape).astype(float),
            dims=("draw", "financial_year", "line"),
            coords={"financial_year": labels(YEARS), "line": list(told)},
        ),
        other_before=xr.DataArray(
            np.broadcast_to(list(told.values()), (shape[0], 1, shape[2])).astype(float),
            dims=("draw", "financial_year", "line"),
            coords={"financial_year": [YEARS[0].after(-1).label], "line": list(told)},
        ),
        root=root,
        policy=funding_policy(),
        deflator=xr.DataArray(
            np.ones(shape[:2]), dims=("draw", "financial_year"), coords={"financial_year": labels(YEARS)}
        ),
        scale=np.ones(DRAWS),
    )


def cost(prices: PriceBook, result: Outcome, other: Mapping[str, float] | None = None) -> Costs:
    return model(prices, other).costs(result)


def line(found: Costs, code: str) -> list[float]:
    return by_year(found.pounds.sel(line=code))


def paid(found: Costs) -> dict[str, list[float]]:
    """Return the lines in which something is paid."""
    rows = {c: line(found, c) for c in (str(c) for c in found.pounds["line"].to_numpy())}
    return {code: values for code, values in rows.items() if any(values)}


class TestChildren:
    def test_ten_placements_for_two_whole_years(self) -> None:
        found = cost(FEES, outcome(TEN))
        assert paid(found) == {"inmss_fee": [pytest.approx(200_000)] * 2}
        assert by_year(found.high_needs) == pytest.approx([200_000] * 2)
        assert by_year(found.general_fund) == [0.0, 0.0]

    def test_a_placement_made_in_the_year_is_paid_for_the_part_of_it(self) -> None:
        """Ten in January 2025, fourteen a year later, joining evenly: on average 10 + 4 x 8.5/12 in the year between."""
        more = {(12, "ASD", "inmss"): 14.0}
        further = {(12, "ASD", "inmss"): 18.0}
        found = cost(FEES, outcome(TEN, more, further))
        assert line(found, "inmss_fee")[0] == pytest.approx(20_000 * (10 + 4 * 8.5 / 12), rel=1e-5)

    def test_young_people_and_children_are_paid_by_the_prices_of_their_ages(self) -> None:
        prices = book(
            row("inmss_fee", 20_000, "inmss", age_high=15), row("inmss_fee", 50_000, "inmss", age_low=16)
        )
        both = {(12, "ASD", "inmss"): 10.0, (17, "ASD", "inmss"): 2.0}
        assert line(cost(prices, outcome(both)), "inmss_fee") == pytest.approx([300_000] * 2)

    def test_those_at_home_or_nowhere_cost_what_every_plan_costs_and_no_more(self) -> None:
        prices = book(
            row("sen_support", 1_000), row("top_up", 9_000, "mainstream"), row("other_package", 30_000, "eotas"),
            row("send_transport", 8_000), row("send_travellers", 0.5, "mainstream"),
        )  # fmt: skip
        for provision in ("ehe", "neet", "not_recorded", "support_base"):
            found = paid(cost(prices, outcome({(17, "SEMH", provision): 3.0})))
            assert found == {"sen_support": [pytest.approx(3_000)] * 2}, provision

    def test_transport_is_the_general_funds_by_age_and_no_cost_of_the_block(self) -> None:
        by_age = [
            row("send_transport", 8_000, age_low=low, age_high=high, s251_line=s251, dsg_block=GENERAL_FUND)
            for low, high, s251 in ((2, 15, "2.1.4"), (16, 18, "2.1.6"), (19, 25, "2.1.7"))
        ]
        prices = book(*by_age, row("send_travellers", 0.5, "state_special"))
        pupils = {(8, "ASD", "state_special"): 10.0, (17, "SLD", "state_special"): 4.0}
        found = cost(prices, outcome(pupils, places=[{**SCHOOL, "places": 20, "age_high": 18}]))
        assert line(found, "send_transport_under_16") == pytest.approx([40_000] * 2)
        assert line(found, "send_transport_16_to_18") == pytest.approx([16_000] * 2, rel=1e-5)
        assert by_year(found.general_fund) == pytest.approx([56_000] * 2, rel=1e-5)
        assert by_year(found.high_needs) == pytest.approx([200_000] * 2)  # the school's places


class TestPlaces:
    def test_special_places_are_paid_five_months_of_the_old_year_and_seven_of_the_new(self) -> None:
        steps = [
            {"places": 60, "to_academic_year": "2024/25"}, {"places": 72, "from_academic_year": "2025/26"},
        ]  # fmt: skip
        found = cost(FEES, outcome({}, places=steps))
        assert paid(found) == {
            "place_funding_state_special": [pytest.approx(670_000), pytest.approx(720_000)]
        }

    def test_after_16_it_is_four_and_eight_months(self) -> None:
        """Ages 12 to 19: half of the places are for those of 16 and over."""
        wide = {"age_low": 12, "age_high": 19}
        steps = [
            {**wide, "places": 60, "to_academic_year": "2024/25"},
            {**wide, "places": 72, "from_academic_year": "2025/26"},
        ]
        found = cost(FEES, outcome({}, places=steps))
        early, late = 30 * 5 / 12 + 36 * 7 / 12, 30 * 4 / 12 + 36 * 8 / 12
        assert line(found, "place_funding_state_special")[0] == pytest.approx(10_000 * (early + late))

    def test_an_empty_base_place_is_paid_ten_thousand_and_a_filled_one_six(self) -> None:
        base = {"provision": "specialist_base", "places": 10}
        four = {(7, "ASD", "specialist_base"): 4.0}
        found = cost(FEES, outcome(four, places=[base]))
        assert line(found, "place_funding_specialist_base") == pytest.approx([4 * 6_000 + 6 * 10_000] * 2)
        nobody = cost(FEES, outcome({}, places=[base]))
        assert line(nobody, "place_funding_specialist_base") == pytest.approx([100_000] * 2)

    def test_a_place_is_paid_for_whoever_takes_it_and_if_it_is_to_stay_spare(self) -> None:
        """Of 60 places others take 12 and one in ten stays spare: residents may have 42, all 60 are paid for."""
        busy = {"taken_by_others": 12, "max_occupancy": 90.0}
        found = cost(FEES, outcome({}, places=[busy]))
        assert line(found, "place_funding_state_special") == pytest.approx([600_000] * 2)
        base = {"provision": "specialist_base", "places": 10, "taken_by_others": 3}
        found = cost(FEES, outcome({}, places=[base]))
        assert line(found, "place_funding_specialist_base") == pytest.approx([3 * 6_000 + 7 * 10_000] * 2)

    def test_places_elsewhere_are_not_paid_by_the_place(self) -> None:
        assert paid(cost(FEES, outcome({}, places=[{"places": 40, "located": "elsewhere"}]))) == {}

    def test_alternative_provision_is_paid_by_the_pupil_with_a_plan(self) -> None:
        found = cost(FEES, outcome({(14, "SEMH", "ap"): 3.0}))
        assert paid(found) == {"place_funding_ap": [pytest.approx(30_000)] * 2}

    def test_sixth_forms_follow_the_young_people_there(self) -> None:
        few, many = ({(17, "ASD", "mainstream"): n} for n in (10.0, 20.0))
        before = line(cost(FEES, outcome(few)), "place_funding_mainstream")
        after = line(cost(FEES, outcome(few, many)), "place_funding_mainstream")
        assert before[0] == before[1] > 0
        assert after == pytest.approx([before[0] * (4 / 12 + 2 * 8 / 12), before[0] * 2])

    def test_more_residents_in_places_others_fund_cost_the_unit_and_those_of_today_nothing(self) -> None:
        """Two more young people in colleges from January 2026: for 2025-26 8.5 months' worth, less what is not yet to grow."""
        ten, twelve = ({(17, "ASD", "general_fe"): n} for n in (10.0, 12.0))
        assert line(cost(FEES, outcome(ten)), ELSEWHERE) == pytest.approx([0, 0])
        found = cost(FEES, outcome(ten, twelve))
        average = 2 * (2.5 + 137.75 / 24) / 12
        assert line(found, ELSEWHERE) == pytest.approx([6_000 * average, 12_000], rel=1e-5)

    def test_a_child_for_whom_the_register_has_no_place_may_be_sent_elsewhere(self) -> None:
        """Of ten without a place one goes to another authority's special school: a top-up, and the unit from September on."""
        prices = book(row("top_up", 20_000, "state_special"))
        found = cost(prices, outcome({}, {(7, "ASD", "state_special"): 10.0}))
        assert line(found, "top_up_state_special")[1] == pytest.approx(20_000, rel=1e-5)
        assert line(found, ELSEWHERE)[1] == pytest.approx(6_000, rel=1e-5)
        assert line(found, "place_funding_state_special") == [0.0, 0.0]


class TestLines:
    def test_every_line_has_its_return_and_block_and_a_code_of_its_own(self) -> None:
        ledger = {"level": "council", "basis": "council"}
        prices = book(
            row("top_up", 10_000, "mainstream"),
            row("top_up", 15_000, "mainstream", need_group="autism", s251_line="1.2.3", **ledger),
            row("sen_support", 1_000, s251_line="1.2.5"),
            row("sen_support", 900, need_group="semh", s251_line="1.2.9", **ledger),
        )
        pupils = {(7, "ASD", "mainstream"): 2.0, (7, "SEMH", "mainstream"): 3.0}
        found = cost(prices, outcome(pupils), {"hospital": 5_000.0})
        codes = [one.code for one in found.lines]
        assert len(set(codes)) == len(codes)
        assert list(found.pounds["line"].to_numpy()) == codes
        booked = {one.s251: line(found, one.code)[0] for one in found.lines if line(found, one.code)[0]}
        assert booked == pytest.approx(
            {"1.2.1": 30_000, "1.2.3": 30_000, "1.2.5": 2_000, "1.2.9": 2_700, "1.2.6": 5_000}
        )
        assert len({one.label for one in found.lines}) == len(found.lines)

    def test_a_ledger_row_that_another_block_pays_is_no_cost_of_high_needs(self) -> None:
        early = row("top_up", 5_000, "early_years", dsg_block="early_years")
        prices = book(row("inmss_fee", 20_000, "inmss"), early)
        found = cost(prices, outcome({**TEN, (2, "ASD", "early_years"): 4.0}))
        assert line(found, "top_up_early_years") == pytest.approx([20_000] * 2)
        assert by_year(found.high_needs) == pytest.approx([200_000] * 2)
        assert by_year(found.general_fund) == [0.0, 0.0]

    def test_other_spending_stands_in_its_own_lines_and_income_lowers_cost(self) -> None:
        found = cost(FEES, outcome(TEN), {"hospital": 40_000.0, "income_state": -15_000.0})
        assert line(found, "other_hospital") == pytest.approx([40_000] * 2)
        assert by_year(found.high_needs) == pytest.approx([225_000] * 2)

    def test_an_item_that_other_spending_holds_is_not_charged_by_plan_too(self) -> None:
        prices = book(row("sen_support", 1_000))
        assert paid(cost(prices, outcome(TEN), {"sen_support": 70_000.0})) == {
            "other_sen_support": [pytest.approx(70_000)] * 2
        }

    @pytest.mark.parametrize(
        ("s251", "ages"), [("2.1.4", "under 16"), ("2.1.7", "19 to 25"), ("1.4.11", "All")]
    )
    def test_transport_stands_by_age_as_in_the_return(self, s251: str, ages: str) -> None:
        assert child_line("send_transport", "inmss", s251, GENERAL_FUND).label.endswith(ages)


class TestAnchor:
    PRICES = book(
        row("inmss_fee", 20_000, "inmss"), row("send_transport", 8_000), row("send_travellers", 0.5, "inmss"),
    )  # fmt: skip

    @staticmethod
    def anchored(start: CostModel, income: float, deficit: float) -> CostModel:
        told = xr.DataArray(
            np.full((DRAWS, 2), income),
            dims=("draw", "financial_year"),
            coords={"financial_year": labels(YEARS)},
        )
        anchor = Anchor(YEARS[1], Range.of(deficit), "council", "made up")
        return start.anchored(outcome(TEN), told, anchor, np.random.default_rng(1))

    def test_high_needs_lines_are_scaled_to_what_the_council_says_and_transport_is_not(self) -> None:
        """Modelled at 200,000 a year for children and 50,000 besides; the council says 180,000 and 45,000 over: 225,000."""
        scaled = self.anchored(model(self.PRICES, {"hospital": 50_000.0}), 180_000, 45_000)
        assert scaled.scale == pytest.approx([0.9] * DRAWS)
        found = scaled.costs(outcome(TEN))
        assert by_year(found.high_needs) == pytest.approx([225_000] * 2)
        assert line(found, "inmss_fee") == pytest.approx([180_000] * 2)
        assert line(found, "other_hospital") == pytest.approx([45_000] * 2)
        assert by_year(found.general_fund) == pytest.approx([40_000] * 2)

    @pytest.mark.parametrize(("income", "scale"), [(1_000.0, SCALE_BOUNDS[0]), (9e6, SCALE_BOUNDS[1])])
    def test_it_stops_where_the_two_do_not_speak_of_the_same(self, income: float, scale: float) -> None:
        assert self.anchored(model(self.PRICES), income, 0).scale == pytest.approx([scale] * DRAWS)

    def test_places_and_the_unit_are_paid_at_their_known_rates(self) -> None:
        result = outcome(
            {(17, "ASD", "general_fe"): 10.0}, {(17, "ASD", "general_fe"): 12.0}, places=[SCHOOL]
        )
        plain, scaled = model(FEES), replace(model(FEES), scale=np.full(DRAWS, 1.5))
        for code in ("place_funding_state_special", ELSEWHERE):
            assert line(scaled.costs(result), code) == pytest.approx(line(plain.costs(result), code))

    def test_the_year_before_is_the_published_children_of_then_at_the_prices_of_then(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Five children in INMSS a January before, ten at the origin: 8.54 on average from April to March, at 20,000 each."""
        half = xr.DataArray(
            np.full(len(PROVISIONS), 0.5), dims="provision", coords={"provision": list(PROVISIONS)}
        )
        monkeypatch.setattr(cost_model, "_a_year_before", lambda *_: half)
        before = model(self.PRICES, {"hospital": 50_000.0}).costs_before(outcome(TEN))
        children = 5 + 5 * (2.5 / 12 + 137.75 / 288 + 6.25 / 288)
        assert line(before, "inmss_fee") == pytest.approx([20_000 * children], rel=1e-5)
        assert line(before, "other_hospital") == [50_000.0]
        assert before.years == (YEARS[0].after(-1),)

    def test_a_figure_of_the_year_before_scales_every_year(self, monkeypatch: pytest.MonkeyPatch) -> None:
        ones = xr.DataArray(
            np.ones(len(PROVISIONS)), dims="provision", coords={"provision": list(PROVISIONS)}
        )
        monkeypatch.setattr(cost_model, "_a_year_before", lambda *_: ones)
        start = model(self.PRICES)
        before = YEARS[0].after(-1)
        told = xr.DataArray(
            np.full((DRAWS, 3), 120_000.0),
            dims=("draw", "financial_year"),
            coords={"financial_year": labels((before, *YEARS))},
        )
        anchor = Anchor(before, Range.of(40_000.0), "council", "made up")
        scaled = start.anchored(outcome(TEN), told, anchor, np.random.default_rng(1))
        assert scaled.scale == pytest.approx([0.8] * DRAWS), "160,000 stated, 200,000 modelled"
        assert by_year(scaled.costs(outcome(TEN)).high_needs) == pytest.approx([160_000] * 2)

    def test_provisions_that_were_published_empty_follow_all_plans(self) -> None:
        ratio = cost_model._a_year_before(REDBRIDGE, 2026)
        assert float(ratio.sel(provision="state_special")) == pytest.approx(751 / 840)
        assert float(ratio.sel(provision="support_base")) == pytest.approx(3391 / 3830)
        assert (cost_model._a_year_before(921, 2026) == 1).all(), "Isle of Wight returned no January 2026"

    def test_a_second_figure_takes_the_place_of_the_first(self) -> None:
        once = self.anchored(model(self.PRICES), 100_000, 60_000)
        again = self.anchored(once, 100_000, 80_000)
        assert once.scale == pytest.approx([0.8] * DRAWS)
        assert by_year(again.costs(outcome(TEN)).high_needs) == pytest.approx([180_000] * 2)


class TestLevers:
    @staticmethod
    def lever(item: str, size: float, how: str = "multiply", **reach: tuple[str, ...]) -> MoneyChange:
        both = {"provisions": (), "needs": ()} | reach
        return MoneyChange(item, how, np.full(DRAWS, size), np.array([0.0, 1.0]), **both)  # type: ignore[arg-type]

    def test_a_price_lever_acts_from_its_year(self) -> None:
        found = cost(FEES, outcome(TEN, money=(self.lever("inmss_fee", 1.25),)))
        assert line(found, "inmss_fee") == pytest.approx([200_000, 250_000])

    def test_a_lever_on_place_funding_reaches_places_and_no_child(self) -> None:
        lever = self.lever("place_funding", 1.1)
        found = cost(FEES, outcome(TEN, places=[SCHOOL], money=(lever,)))
        assert line(found, "place_funding_state_special") == pytest.approx([600_000, 660_000])
        assert line(found, "inmss_fee") == pytest.approx([200_000] * 2)

    def test_levers_on_income_are_no_cost(self) -> None:
        before = cost(FEES, outcome(TEN)).pounds
        for item in ("hnb_growth", "block_transfer", "grant", "override_ends"):
            assert cost(FEES, outcome(TEN, money=(self.lever(item, 0.3, "add"),))).pounds.equals(before)


def test_what_a_child_costs_times_children_is_the_lines(  # names of provisions only: no price is left out
) -> None:
    prices = book(row("top_up", 9_000), row("sen_support", 1_000), row("send_transport", 5_000),
                  row("send_travellers", 0.2, "mainstream"))  # fmt: skip
    spread = {(age, "MLD", p): 1.0 for p in PROVISION_CODES for age in (3, 7, 12, 18)}
    found = cost(prices, outcome(spread, places=[{**SCHOOL, "places": 0}]))
    each = sum(t.per_child() for t in found.tariffs.values())
    heads = found.children.transpose("draw", "financial_year", "phase", "need_group", "provision").to_numpy()
    children = (each * heads).sum(axis=(2, 3, 4))
    codes = [c for c in paid(found) if c.startswith(("top_up", "sen_support", "send_transport"))]
    np.testing.assert_allclose(found.pounds.sel(line=codes).sum("line"), children, rtol=1e-9)
    assert {one.dsg_block for one in found.lines} == {HIGH_NEEDS, GENERAL_FUND}
