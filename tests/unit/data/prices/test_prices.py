"""The price book says what holds for whom, draws what it is unsure of, and brings prices to another year."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from data import tables
from data.errors import PriceError
from data.financial_year import FinancialYear
from data.prices.inflation import PriceGrowth, starting_year, year_name
from data.prices.price_book import (
    ITEMS,
    S251_LINES,
    PriceBook,
    as_rows,
    lines_of,
    records_of,
    replacements,
)
from data.prices.starting_books import england, for_area, inflation
from forecast.finance.tariff import in_years
from scenarios.money_levers import MONEY_ITEMS
from tests.made_prices import holding

ROW: dict[str, object] = {
    "item": "top_up", "provision": "state_special", "need_group": "All", "age_low": 2, "age_high": 25, "kind": "All",
    "price": 10_000.0, "low": 8_000.0, "high": 15_000.0, "median": None, "share": 1.0, "price_year": "2021-22",
    "inflator": "ten", "s251_line": "1.2.1", "dsg_block": "high_needs", "basis": "council", "confidence": "high",
    "source": "made up", "note": None, "level": "england",
}  # fmt: skip

GROWTH = {"from_financial_year": "2020-21", "basis": "assumed", "confidence": "low", "source": "made up"}


def growing(**rates: tuple[float, float, float]) -> PriceGrowth:
    rows = [{"inflator": k, **GROWTH, "growth": g, "low": lo, "high": hi} for k, (g, lo, hi) in rates.items()]
    return PriceGrowth(
        pd.DataFrame(rows)[
            ["inflator", "from_financial_year", "growth", "low", "high", "basis", "confidence", "source"]
        ]
    )


TEN = growing(ten=(0.1, 0.1, 0.1))


def book(*changes: dict[str, object], inflation: PriceGrowth = TEN) -> PriceBook:
    return PriceBook(as_rows({**ROW, **change} for change in changes), inflation)


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def test_a_financial_year_is_two_years_that_follow_on() -> None:
    assert starting_year("2026-27") == 2026
    assert starting_year("2099-00") is None
    assert starting_year("2026-28") is None
    assert starting_year("2026/27") is None
    assert year_name(2029) == "2029-30"


def test_draws_average_the_price_and_spread_as_its_interval_does() -> None:
    levels = book({}).draws(40_000, rng(), until="2021-22").levels.to_numpy()[:, 0]
    assert levels.mean() == pytest.approx(10_000, rel=0.01)
    low, middle, high = np.quantile(levels, [0.1, 0.5, 0.9])
    assert [low / middle, high / middle] == pytest.approx([0.8, 1.5], rel=0.01)
    # Skewed upwards, so the middle draw is below the mean and the ends lie a little below those stated.
    assert 7_000 < low < 8_000
    assert 13_000 < high < 15_000


def test_a_narrow_interval_is_drawn_as_it_is_stated() -> None:
    levels = book({"low": 9_800.0, "high": 10_200.0}).draws(40_000, rng(), until="2021-22").levels.to_numpy()
    assert np.quantile(levels, [0.1, 0.9]) == pytest.approx([9_800, 10_200], rel=0.001)


def test_a_certain_price_does_not_vary_and_a_free_one_costs_nothing() -> None:
    drawn = book(
        {"low": 10_000.0, "high": 10_000.0},
        {"provision": "mainstream", "price": 0.0, "low": 0.0, "high": 0.0},
    ).draws(50, rng(), until="2021-22")
    assert (drawn.levels.to_numpy() == [10_000.0, 0.0]).all()


def test_prices_grow_forward_and_shrink_back_by_the_same_rate() -> None:
    drawn = book({"low": 10_000.0, "high": 10_000.0, "price_year": "2022-23"}).draws(
        3, rng(), until="2025-26"
    )
    found = in_years(drawn, 0, [FinancialYear(y) for y in (2021, 2022, 2024)])
    assert found == pytest.approx(np.tile([10_000 / 1.1, 10_000, 12_100], (3, 1)))


def test_prices_are_drawn_up_to_a_financial_year() -> None:
    with pytest.raises(PriceError, match="'2026' is not a financial year"):
        book({}).draws(3, rng(), until="2026")


def test_growth_is_uncertain_and_a_fast_draw_is_fast_in_every_year() -> None:
    growth = growing(ten=(0.03, 0.01, 0.06)).draws([2024, 2025], 40_000, 1).to_numpy()[:, 0]
    assert np.quantile(growth[:, 0], [0.1, 0.5, 0.9]) == pytest.approx([0.01, 0.03, 0.06], abs=0.001)
    assert (growth[:, 0] == growth[:, 1]).all()


def test_a_scenario_may_put_other_growth_in() -> None:
    drawn = book({"low": 10_000.0, "high": 10_000.0}).draws(3, rng(), until="2023-24")
    flat = replace(drawn, growth=drawn.growth * 0)
    assert in_years(flat, 0, [FinancialYear(2023)]) == pytest.approx(10_000)


def test_growth_before_the_first_year_known_is_refused() -> None:
    with pytest.raises(PriceError, match=r"2018-19.*begins with 2020-21"):
        TEN.middles("ten", [2018])
    with pytest.raises(PriceError, match="begins with 2020-21"):
        book({"price_year": "2018-19"})
    with pytest.raises(PriceError, match="'eleven' is not an inflator"):
        book({"inflator": "eleven"})


def test_the_most_particular_price_of_the_strongest_level_holds() -> None:
    prices = book(
        {"price": 10_000.0, "provision": "All"},
        {"price": 11_000.0},
        {"price": 12_000.0, "need_group": "autism"},
        {"price": 9_000.0, "level": "authority", "age_low": 4, "age_high": 10},
        {"price": 14_000.0, "level": "council", "need_group": "semh", "age_low": 4, "age_high": 10},
    )
    held = {
        (provision, need, age): holding(prices, "top_up", provision, need, age)[0].price
        for provision, need, age in [
            ("mainstream", "ASD", 5), ("state_special", "SLD", 15), ("state_special", "ASD", 15),
            ("state_special", "ASD", 5), ("state_special", "SEMH", 5), ("state_special", "SEMH", 11),
        ]
    }  # fmt: skip
    assert list(held.values()) == [10_000, 11_000, 12_000, 9_000, 14_000, 11_000]


def test_nothing_holds_where_no_price_is_given() -> None:
    assert holding(book({}), "top_up", "mainstream", "ASD", 5) == []
    with pytest.raises(PriceError, match="'lunch' is not an item"):
        book({}).rows_in_force("lunch")


def test_one_price_for_all_kinds_takes_the_place_of_every_kind() -> None:
    fee = {"item": "inmss_fee", "provision": "inmss", "s251_line": "1.2.3"}
    prices = book(
        {**fee, "kind": "day", "share": 0.9},
        {**fee, "kind": "residential_52", "share": 0.1},
        {**fee, "level": "council", "age_high": 10, "price": 9_999.0},
    )
    assert [p.kind for p in holding(prices, "inmss_fee", "inmss", "ASD", 12)] == ["day", "residential_52"]
    assert [p.price for p in holding(prices, "inmss_fee", "inmss", "ASD", 10)] == [9_999]
    said = replacements(prices, "council")
    assert [r.extent for r in said] == ["part", "part"]
    assert "£9,999 of 2021-22 replaces in part £10,000" in str(said[0])


def test_what_a_ledger_replaces_is_said_and_the_same_price_replaces_nothing() -> None:
    own = {**ROW, "level": "council", "price": 11_000.0}
    said = replacements(book({}, own), "council")
    assert [(r.extent, r.old.price, r.new.price) for r in said] == [("whole", 10_000, 11_000)]
    assert replacements(book({}, {"level": "council"}), "council") == ()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"price": -1.0}, "greater_than_or_equal_to"),
        ({"low": 11_000.0}, "low <= price <= high"),
        ({"low": 0.0}, "low <= price <= high"),
        ({"median": 12_000.0}, "median <= price"),
        ({"kind": "day"}, "the kind is one of the item's"),
        ({"s251_line": "1.0.2"}, "the S251 line is one of the item's"),
        ({"dsg_block": "general_fund"}, "line and block agree"),
        ({"age_low": 20, "age_high": 10}, "age_low <= age_high"),
        ({"price_year": "2021"}, "is like '2021-22'"),
    ],
)
def test_rows_that_make_no_sense_are_refused(change: dict[str, object], why: str) -> None:
    with pytest.raises(PriceError, match=why):
        book(change)


def test_two_prices_for_the_same_pupils_are_refused() -> None:
    with pytest.raises(PriceError, match="Two prices hold for the same pupils"):
        book({"age_high": 10}, {"age_low": 10, "price": 9_000.0})


def test_kinds_that_do_not_sum_to_one_are_refused() -> None:
    fee = {"item": "inmss_fee", "provision": "inmss", "s251_line": "1.2.3"}
    with pytest.raises(PriceError, match=r"sum to 0\.9, not 1"):
        book({**fee, "kind": "day", "share": 0.8}, {**fee, "kind": "residential_52", "share": 0.1})


def test_lines_are_those_of_the_published_map() -> None:
    published = tables.read("s251_line_map")["s251_line"].str.split(" + ", regex=False).explode()
    assert set(published) == set(S251_LINES)
    assert {line for item in ITEMS.values() for line in item.lines} <= set(S251_LINES)


def test_items_a_lever_may_change_have_the_codes_of_the_levers() -> None:
    extra = {"sen_support", "therapies_equipment"}
    assert set(ITEMS) - extra <= set(MONEY_ITEMS)


def test_every_shipped_price_has_a_source() -> None:
    assert all(p.source for p in england().prices)


def average(counts: pd.Series) -> float:
    """Return the average of April 2021 to March 2022: 8.5 months on the way from January 2021 to January 2022 and beyond."""
    return float(counts[2021] + 8.5 / 12 * (counts[2022] - counts[2021]))


def test_shipped_prices_are_the_arithmetic_they_claim_to_be() -> None:
    spending = tables.read("s251_high_needs_2021_22").groupby(["side", "line"])["value_gbp"].sum()
    totals = tables.read("plans_total").groupby("january")["plans"].sum()
    plans = average(totals)
    by_name = {(p.item, p.provision): p.price for p in england().prices if p.kind == "All"}
    assert by_name["sen_support", "All"] == pytest.approx(
        spending["outturn", "sen_support_and_inclusion"] / plans, abs=1
    )
    assert by_name["therapies_equipment", "All"] == pytest.approx(
        spending["outturn", "therapies_health"] / plans, abs=1
    )
    places = spending["budget", "place_pru_ap"] / 10_000
    assert by_name["top_up", "ap"] == pytest.approx(spending["outturn", "topup_state_pru_ap"] / places, abs=1)
    settings = tables.read("plans_placement")
    held = settings.groupby(["provision", "january"])["plans"].sum()
    for provision, line in (
        ("early_years", "topup_state_early_years"), ("state_special", "topup_state_special"),
        ("general_fe", "topup_state_post_school"),
    ):  # fmt: skip
        found = spending["outturn", line] / average(held[provision])
        assert by_name["top_up", provision] == pytest.approx(found, rel=0.003)
    schools = average(held["mainstream"] + held["specialist_base"])
    state = spending["outturn", "topup_state_primary"] + spending["outturn", "topup_state_secondary"]
    assert by_name["top_up", "mainstream"] == pytest.approx(state / schools, rel=0.003)
    private = spending["outturn", "topup_nonmaint_post_school"] / average(held["specialist_post16"])
    assert by_name["post16_fee", "specialist_post16"] == pytest.approx(private, rel=0.003)


def test_inmss_kinds_average_the_published_cost_and_are_as_skewed_as_the_published_sample() -> None:
    prices = england()
    kinds = holding(prices, "inmss_fee", "inmss", "ASD", 12)
    spent = tables.read("s251_high_needs_2021_22").query(
        "side == 'outturn' and line == 'topup_nonmaint_special'"
    )
    held = tables.read("plans_placement").query("provision == 'inmss'").groupby("january")["plans"].sum()
    cost = float(spent["value_gbp"].sum()) / average(held)
    assert sum(p.price * p.share for p in kinds) == pytest.approx(cost, rel=0.003)
    luck = rng()
    kind = luck.choice(len(kinds), size=200_000, p=[p.share for p in kinds])
    mean, spread = np.array([p.price for p in kinds])[kind], np.array([p.log_spread for p in kinds])[kind]
    single = mean * np.exp(spread * luck.standard_normal(200_000) - spread**2 / 2)
    assert single.mean() == pytest.approx(cost, rel=0.012)
    assert np.median(single) / single.mean() == pytest.approx(50_000 / 70_353, rel=0.01)


def test_residential_shares_are_those_of_january_2025() -> None:
    weeks = tables.read("residential_placements").query("january == 2025").groupby("weeks")["plans"].sum()
    settings = tables.read("plans_placement").query("january == 2025").groupby("provision")["plans"].sum()
    placements = settings["inmss"] + settings["specialist_post16"]
    shares = {p.kind: p.share for p in holding(england(), "inmss_fee", "inmss", "ASD", 12)}
    assert shares["residential_38"] == pytest.approx(weeks["38-51"] / placements, abs=5e-5)
    assert shares["residential_52"] == pytest.approx(weeks["52"] / placements, abs=6e-5)


def test_distance_bands_average_the_published_cost_of_a_traveller() -> None:
    bands = holding(england(), "send_transport", "state_special", "SLD", 8)
    assert [p.kind for p in bands] == ["under_5_miles", "5_to_10_miles", "over_10_miles"]
    assert sum(p.price * p.share for p in bands) == pytest.approx(8_116, abs=1)
    assert {p.dsg_block for p in bands} == {"general_fund"}


def test_transport_is_booked_by_age() -> None:
    lines = [
        holding(england(), "send_transport", "inmss", "ASD", age)[0].s251_line for age in (15, 16, 18, 19)
    ]
    assert lines == ["2.1.4", "2.1.6", "2.1.6", "2.1.7"]


def test_place_funding_does_not_grow_and_the_inmss_fee_follows_the_published_answers() -> None:
    rates = inflation()
    assert (rates.middles("none", range(2021, 2031)) == 0).all(axis=None)
    grown = 57_000 * np.prod(1 + rates.middles("inmss_fee", [2022, 2023, 2024])["growth"])
    assert grown == pytest.approx(64_000, rel=0.002)
    assert rates.middles("gdp_deflator", [2026])["growth"].item() == 0.0223


def test_a_share_never_exceeds_one() -> None:
    prices = england()
    travellers = [i for i, p in enumerate(prices.prices) if p.item == "send_travellers"]
    levels = prices.draws(5_000, rng(), until="2026-27").levels.to_numpy()[:, travellers]
    assert levels.max() <= 1
    assert levels.min() > 0


def test_replacing_one_price_changes_the_draws_of_no_other() -> None:
    shared, more = england(), for_area(317)
    a, b = (book_.draws(20, rng(), until="2026-27") for book_ in (shared, more))
    for row in range(len(shared.prices)):
        years = [FinancialYear(b.begins[row]), FinancialYear(2026)]
        assert (in_years(a, row, years) == in_years(b, row, years)).all()


def test_every_row_of_an_authoritys_book_has_a_line_a_block_and_a_basis() -> None:
    rows = for_area(317).rows
    assert (
        not rows[["s251_line", "dsg_block", "basis", "confidence", "source", "price_year"]]
        .isna()
        .any(axis=None)
    )
    assert {line for cell in rows["s251_line"] for line in lines_of(cell)} <= set(S251_LINES)


def test_rows_in_use_are_split_where_another_price_holds() -> None:
    prices = book({}, {"level": "council", "age_low": 5, "age_high": 10, "price": 9_000.0})
    used = [(r["age_low"], r["age_high"], r["price"]) for r in records_of(prices.in_use())]
    assert used == [(2, 4, 10_000), (11, 25, 10_000), (5, 10, 9_000)]
