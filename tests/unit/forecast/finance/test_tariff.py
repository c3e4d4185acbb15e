"""What a child costs, by hand: prices, growth, levers, ceilings, travellers, and a ledger that replaces a few of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import xarray as xr

from data.financial_year import FinancialYear
from data.prices.inflation import draw_normals
from data.prices.price_book import PriceBook
from data.vocabulary import AGES, NEED_CODES, NEED_GROUP_CODES, PHASE_CODES, PROVISION_CODES
from forecast.finance.tariff import (
    PER_CHILD,
    SHAPE,
    FeeVariation,
    Newness,
    Pricing,
    Tariff,
    per_child,
    tariffs,
)
from models.base import Array
from scenarios.effects import How, MoneyChange, MoneyEffects
from tests.made_prices import book, row, skewed

DRAWS = 2
YEARS = tuple(FinancialYear(y) for y in range(2025, 2028))
JANUARIES = (2026, 2027, 2028)
ALWAYS = (1.0, 1.0, 1.0)
NOBODY_NEW = Newness(np.ones((DRAWS, 4, len(AGES)), dtype=np.float32), 2025)


def plans(counts: dict[tuple[int, str], float]) -> xr.DataArray:
    """Return plans by age and need: what is given, and nobody else."""
    values = np.zeros((len(AGES), len(NEED_CODES)))
    for (age, need), number in counts.items():
        values[AGES.index(age), NEED_CODES.index(need)] = number
    return xr.DataArray(values, dims=("age", "need"), coords={"age": list(AGES), "need": list(NEED_CODES)})


EVERYONE = plans({(age, need): 10.0 for age in AGES for need in NEED_CODES})


def lever(
    item: str,
    size: float,
    how: How = "multiply",
    weight: Sequence[float] = ALWAYS,
    provisions: tuple[str, ...] = (),
    needs: tuple[str, ...] = (),
) -> MoneyChange:
    return MoneyChange(item, how, np.full(DRAWS, size), np.array(weight), provisions, needs)


def priced(
    prices: PriceBook,
    *changes: MoneyChange,
    known: xr.DataArray = EVERYONE,
    newness: Newness = NOBODY_NEW,
    luck: FeeVariation | None = None,
) -> dict[str, Tariff]:
    drawn = prices.draws(DRAWS, np.random.default_rng(1), until=YEARS[-1].label)
    levers = MoneyEffects.of(changes, JANUARIES)
    return tariffs(Pricing(prices, drawn, YEARS, newness, levers, luck), known)


def of(found: Tariff, provision: str, phase: str = "secondary", group: str = "autism") -> list[float]:
    """Return pounds a child of one cell in each year, in the first draw."""
    cell = (PHASE_CODES.index(phase), NEED_GROUP_CODES.index(group), PROVISION_CODES.index(provision))
    return [float(v) for v in found.per_child()[0, :, *cell]]


def test_a_price_holds_in_its_provision_and_nowhere_else() -> None:
    found = priced(book(row("inmss_fee", 20_000, "inmss")))
    assert of(found["inmss_fee"], "inmss") == pytest.approx([20_000] * 3)
    for item in PER_CHILD:
        for provision in PROVISION_CODES:
            if (item, provision) != ("inmss_fee", "inmss"):
                assert of(found[item], provision) == [0.0] * 3, (item, provision)


def test_prices_grow_from_their_own_year() -> None:
    grown = priced(book(row("top_up", 10_000, "mainstream", price_year="2024-25", inflator="gdp_deflator")))
    drawn = book(row("top_up", 1, "mainstream", inflator="gdp_deflator")).draws(
        DRAWS, np.random.default_rng(1), until=YEARS[-1].label
    )
    rates = drawn.growth.sel(financial_year=["2025-26", "2026-27", "2027-28"]).to_numpy()[0, 0]
    assert of(grown["top_up"], "mainstream") == pytest.approx(list(10_000 * np.cumprod(1 + rates)))


def test_a_ledgers_need_group_and_ages_replace_the_price_of_those_children_only() -> None:
    """Of the autistic secondary pupils known, 30 are 11 and 10 are 15: a row for ages 11 to 13 pays three in four."""
    known = plans({(11, "ASD"): 30.0, (15, "ASD"): 10.0, (12, "SEMH"): 5.0})
    ledger = row(
        "top_up", 18_000, "mainstream",
        need_group="autism", age_low=11, age_high=13, level="council", basis="council",
    )  # fmt: skip
    found = priced(book(row("top_up", 10_000, "mainstream"), ledger), known=known)["top_up"]
    assert of(found, "mainstream") == pytest.approx([0.75 * 18_000 + 0.25 * 10_000] * 3, rel=1e-5)
    assert of(found, "mainstream", group="semh") == pytest.approx([10_000] * 3)
    assert of(found, "mainstream", phase="primary") == pytest.approx([10_000] * 3)


def test_a_child_with_transport_costs_a_journey_times_the_share_who_travel() -> None:
    kinds = (("under_5_miles", 4_000, 0.5), ("5_to_10_miles", 8_000, 0.3), ("over_10_miles", 12_000, 0.2))
    journeys = [row("send_transport", price, kind=kind, share=share) for kind, price, share in kinds]
    prices = book(*journeys, row("send_travellers", 0.7, "state_special"))
    found = priced(prices)["send_transport"]
    # 0.5 x 4,000 + 0.3 x 8,000 + 0.2 x 12,000 = 6,800; seven in ten travel
    assert of(found, "state_special") == pytest.approx([4_760] * 3)
    assert of(found, "inmss") == [0.0] * 3
    fewer = priced(prices, lever("send_travellers", 0.5, weight=(0, 1, 1)))["send_transport"]
    assert of(fewer, "state_special") == pytest.approx([4_760, 2_380, 2_380])
    all_travel = priced(prices, lever("send_travellers", 9.0))["send_transport"]
    assert of(all_travel, "state_special") == pytest.approx([6_800] * 3)
    dearer = priced(prices, lever("send_transport", 100.0, "add"))["send_transport"]
    assert of(dearer, "state_special") == pytest.approx([4_830] * 3)


class TestLevers:
    def test_growth_first_then_the_price_itself(self) -> None:
        """10,000 in 2025-26; growth set to 10 % from 2026-27; then 5 % dearer and GBP 100 more."""
        prices = book(row("top_up", 10_000, "mainstream"))
        found = priced(
            prices,
            lever("top_up", 100.0, "add"),
            lever("inflation", 0.1, "set", (0, 1, 1)),
            lever("top_up", 1.05),
        )["top_up"]
        assert of(found, "mainstream") == pytest.approx([10_600, 11_650, 12_805])

    def test_a_lever_for_some_needs_and_provisions_leaves_the_others(self) -> None:
        """Autism and communication share no group, so one cell is reached and the other is not."""
        prices = book(row("top_up", 10_000, "mainstream"), row("top_up", 12_000, "state_special"))
        found = priced(prices, lever("top_up", 1.5, provisions=("mainstream",), needs=("ASD",)))["top_up"]
        assert of(found, "mainstream") == pytest.approx([15_000] * 3)
        assert of(found, "mainstream", group="communication") == pytest.approx([10_000] * 3)
        assert of(found, "state_special") == pytest.approx([12_000] * 3)

    def test_a_lever_for_one_need_of_a_group_reaches_its_part_of_the_cell(self) -> None:
        known = plans({(12, "MLD"): 30.0, (12, "SPLD"): 10.0})
        found = priced(
            book(row("top_up", 10_000, "mainstream")), lever("top_up", 2.0, needs=("SPLD",)), known=known
        )["top_up"]
        assert of(found, "mainstream", group="learning") == pytest.approx([12_500] * 3, rel=1e-5)

    def test_a_lever_on_another_item_does_nothing(self) -> None:
        prices = book(row("top_up", 10_000, "mainstream"))
        for item in ("inmss_fee", "grant", "hnb_growth", "place_funding", "inmss_price_cap"):
            found = priced(prices, lever(item, 0.5, "add"))["top_up"]
            assert np.array_equal(found.prices, priced(prices)["top_up"].prices)


class TestCeilings:
    def test_a_fee_without_spread_is_held_to_the_ceiling(self) -> None:
        prices = book(row("inmss_fee", 70_000, "inmss"))
        found = priced(prices, lever("inmss_price_cap", 50_000, "set", (0, 0.5, 1)))["inmss_fee"]
        assert of(found, "inmss") == pytest.approx([70_000, 60_000, 50_000])

    def test_a_ceiling_above_a_single_fee_changes_nothing(self) -> None:
        prices = book(row("inmss_fee", 40_000, "inmss"))
        found = priced(prices, lever("inmss_price_cap", 50_000, "set"))["inmss_fee"]
        assert of(found, "inmss") == [40_000.0] * 3

    def test_of_fees_that_differ_a_ceiling_takes_off_the_dear_end(self) -> None:
        prices, spread = book(skewed(60_000, 0.7)), 0.7
        found = priced(prices, lever("inmss_price_cap", 60_000, "set"))["inmss_fee"]
        fees = 60_000 * np.exp(spread * np.random.default_rng(3).standard_normal(200_000) - spread**2 / 2)
        assert of(found, "inmss")[0] == pytest.approx(np.minimum(fees, 60_000).mean(), rel=0.005)

    def test_a_ceiling_on_new_placements_spares_those_made_before(self) -> None:
        """Ten in INMSS at 11 in January 2026; ten at 12 and ten newcomers at 11 in 2027: half are new by then."""
        by_age = np.zeros((DRAWS, 4, len(AGES)), dtype=np.float32)
        for january, age, number in ((0, 10, 10), (1, 11, 10), (2, 12, 10), (2, 11, 10), (3, 12, 10)):
            by_age[:, january, AGES.index(age)] = number
        found = priced(
            book(row("inmss_fee", 70_000, "inmss")),
            lever("inmss_price_cap_new", 50_000, "set", (0, 1, 1)),
            newness=Newness(by_age, 2025),
        )["inmss_fee"]
        # From April 2026: of the 20 in January 2027 half were there in January 2026; by 2028 only newcomers are left.
        assert of(found, "inmss") == pytest.approx([70_000, 60_000, 50_000])

    @pytest.mark.parametrize("spread", [0.0, 0.7])
    def test_several_ceilings_act_as_the_lowest_whatever_their_order(self, spread: float) -> None:
        prices = book(skewed(60_000, spread) if spread else row("inmss_fee", 60_000, "inmss"))
        low, high = (lever("inmss_price_cap", size, "set") for size in (45_000, 55_000))
        alone = of(priced(prices, low)["inmss_fee"], "inmss")
        for several in ((low, low), (low, high), (high, low)):
            assert of(priced(prices, *several)["inmss_fee"], "inmss") == pytest.approx(alone), several

    def test_a_lower_ceiling_for_new_placements_acts_on_top_of_one_for_all(self) -> None:
        everyone, new = (
            lever("inmss_price_cap", 50_000, "set"), lever("inmss_price_cap_new", 40_000, "set"),
        )  # fmt: skip
        by_age = np.zeros((DRAWS, 4, len(AGES)), dtype=np.float32)
        by_age[:, 0, AGES.index(10)], by_age[:, 1, AGES.index(11)] = 10, 10
        by_age[:, 1:, AGES.index(5)] = 10
        prices = book(row("inmss_fee", 70_000, "inmss"))
        for order in ((everyone, new), (new, everyone)):
            found = of(priced(prices, *order, newness=Newness(by_age, 2025))["inmss_fee"], "inmss")
            assert found[0] == pytest.approx(45_000)

    def test_free_places_stay_free_without_a_warning(self, recwarn: pytest.WarningsRecorder) -> None:
        prices = book(row("inmss_fee", 0, "inmss"))
        found = priced(prices, lever("inmss_price_cap", 50_000, "set"))["inmss_fee"]
        assert of(found, "inmss") == [0.0] * 3
        assert not recwarn.list


def test_kinds_of_fee_count_by_their_shares_and_each_meets_the_ceiling() -> None:
    prices = book(
        row("inmss_fee", 50_000, "inmss", kind="day", share=0.8),
        row("inmss_fee", 200_000, "inmss", kind="residential_52", share=0.2),
    )
    assert of(priced(prices)["inmss_fee"], "inmss") == pytest.approx([80_000] * 3)
    held = priced(prices, lever("inmss_price_cap", 100_000, "set"))["inmss_fee"]
    assert of(held, "inmss") == pytest.approx([60_000] * 3)


def test_weights_of_a_cell_add_up_to_one_where_an_item_is_paid() -> None:
    prices = book(
        row("top_up", 10_000, "mainstream"),
        row("top_up", 9_000, "mainstream", need_group="semh", age_low=8, age_high=12, level="council"),
        row("sen_support", 1_000),
    )
    found = priced(prices, lever("top_up", 1.1, needs=("SPLD", "HI")))
    for item, paid in (("top_up", ("mainstream",)), ("sen_support", PROVISION_CODES)):
        sums = found[item].weights.sum(axis=1).reshape(SHAPE)
        there = np.isin(PROVISION_CODES, paid)
        np.testing.assert_allclose(sums, np.broadcast_to(there, SHAPE), atol=1e-6)


def test_prices_by_child_are_labelled() -> None:
    found = per_child(priced(book(row("inmss_fee", 20_000, "inmss"))), YEARS)
    assert dict(found.sizes) == {
        "draw": DRAWS, "financial_year": 3, "item": len(PER_CHILD), "phase": 4, "need_group": 7, "provision": 15,
    }  # fmt: skip
    fees: Array = found.sel(item="inmss_fee", provision="inmss").to_numpy()
    assert np.allclose(fees, 20_000)


class TestLuckOfSingleFees:
    @staticmethod
    def luck(children: float) -> FeeVariation:
        """Return luck with so many children in each cell of INMSS, and nobody elsewhere."""
        there = np.zeros((DRAWS, len(YEARS), *SHAPE))
        there[..., PROVISION_CODES.index("inmss")] = children
        return FeeVariation(7, there.reshape(DRAWS, len(YEARS), -1))

    def test_by_hand(self) -> None:
        """28 cells of half a child are 14 placements: s^2 = ln(1 + (exp(0.49) - 1) / 14)."""
        found = priced(book(skewed(60_000, 0.7)), luck=self.luck(0.5))["inmss_fee"]
        variance = np.log(1 + (np.exp(0.49) - 1) / 14)
        z = draw_normals(7, "fees inmss_fee All", DRAWS)[0]
        wanted = 60_000 * np.exp(np.sqrt(variance) * z - variance / 2)
        assert of(found, "inmss") == pytest.approx([wanted] * 3)

    def test_fees_that_do_not_differ_have_none(self) -> None:
        found = priced(book(row("inmss_fee", 60_000, "inmss")), luck=self.luck(0.1))["inmss_fee"]
        assert of(found, "inmss") == [60_000.0] * 3

    def test_its_mean_is_one_and_it_matters_less_for_many(self) -> None:
        one, many = (
            FeeVariation(3, np.full((40_000, 1, 1), n)).factors("inmss_fee", "All", 0.7, np.ones(1))
            for n in (1.0, 100.0)
        )
        assert one.mean() == pytest.approx(1, abs=0.02)
        assert many.mean() == pytest.approx(1, abs=0.002)
        # The spread of one fee is the spread of fees; that of the mean of a hundred is a tenth of it.
        assert many.std() == pytest.approx(one.std() / 10, rel=0.05)

    def test_a_lever_that_divides_placements_makes_none_of_them_luckier(self) -> None:
        """Of two halves each would be less sure than the whole; but they are the same placements."""
        prices = book(skewed(60_000, 0.7))
        divided = priced(prices, lever("inmss_fee", 1.0, needs=("ASD", "SEMH")), luck=self.luck(0.3))[
            "inmss_fee"
        ]
        assert len(divided.classes) == 2
        whole = priced(prices, luck=self.luck(0.3))["inmss_fee"]
        np.testing.assert_allclose(divided.per_child(), whole.per_child(), rtol=1e-12)

    def test_no_average_fee_is_above_a_ceiling(self) -> None:
        """However dear the placements happen to be."""
        for ceiling in (20_000.0, 60_000.0, 90_000.0):
            found = priced(
                book(skewed(60_000, 0.7)), lever("inmss_price_cap", ceiling, "set"), luck=self.luck(0.01)
            )["inmss_fee"]
            assert (found.prices <= ceiling).all()
            assert (
                found.prices <= priced(book(skewed(60_000, 0.7)), luck=self.luck(0.01))["inmss_fee"].prices
            ).all()


class TestNewness:
    def test_nobody_is_new_before_a_year_begins_and_all_are_once_they_have_aged_out(self) -> None:
        by_age = np.zeros((1, 4, len(AGES)), dtype=np.float32)
        by_age[:, 0, -1] = 5  # aged 25, gone by the next January
        by_age[:, 1:, 0] = 5
        found = Newness(by_age, 2025).since(YEARS[0], YEARS)
        assert found.tolist() == [[1.0, 1.0, 1.0]]
        assert Newness(by_age, 2025).since(YEARS[2], YEARS).tolist() == [[0.0, 0.0, 1.0]]

    def test_where_nobody_is_placed_nobody_is_new(self) -> None:
        nobody = Newness(np.zeros((1, 4, len(AGES)), dtype=np.float32), 2025)
        assert nobody.since(YEARS[0], YEARS).tolist() == [[0.0, 0.0, 0.0]]
