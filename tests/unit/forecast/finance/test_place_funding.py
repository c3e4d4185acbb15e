"""Place funding by hand: rates, months, levers on rates, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from data.errors import OptionError, PriceError
from data.financial_year import FinancialYear
from data.prices.place_rates import ITEM
from data.prices.price_book import PriceBook, as_rows
from data.prices.starting_books import england, inflation
from forecast.finance.place_funding import (
    KIND_OF,
    KINDS,
    PARTS,
    months_old,
    open_share,
    paid_places,
    rates_in_book,
    rates_with_levers,
)
from models.base import Array
from scenarios.effects import MoneyChange, MoneyEffects
from tests.made_prices import row

YEARS = tuple(FinancialYear(y) for y in range(2026, 2028))
JANUARIES = (2027, 2028)


def places(values: dict[str, list[float]]) -> xr.DataArray:
    names = ["2025/26", "2026/27", "2027/28"][: len(next(iter(values.values())))]
    return xr.DataArray(
        list(values.values()),
        dims=("place_kind", "academic_year"),
        coords={"place_kind": list(values), "academic_year": names},
    ).astype(float)


def rates(draws: int = 1) -> dict[str, Array]:
    """Return England's rates, by kind of place."""
    book = england()
    return rates_in_book(book, book.draws(draws, np.random.default_rng(1), until=YEARS[-1].label), YEARS)


def pounds(counts: xr.DataArray) -> xr.DataArray:
    """Return what places come to at England's rates."""
    return paid_places(counts) * rates_with_levers(rates(), YEARS).isel(draw=0)


def lever(size: list[float], *, provisions: tuple[str, ...] = (), needs: tuple[str, ...] = ()) -> MoneyChange:
    return MoneyChange("place_funding", "multiply", np.array(size), np.array([0.0, 1.0]), provisions, needs)


def test_rates_and_months_are_those_published() -> None:
    found = {code: (rate.tolist(), months_old()[code]) for code, rate in rates().items()}
    assert found == {
        "special_pre16": ([[10_000, 10_000]], 5),
        "special_post16": ([[10_000, 10_000]], 4),
        "base_pre16_filled": ([[6_000, 6_000]], 5),
        "base_pre16_vacant": ([[10_000, 10_000]], 5),
        "ap_pre16": ([[10_000, 10_000]], 5),
        "ap_post16": ([[6_000, 6_000]], 4),
        "mainstream_post16": ([[6_000, 6_000]], 4),
        "college_post16": ([[6_000, 6_000]], 4),
    }
    assert set(KIND_OF.values()) == set(KINDS)


def test_a_year_is_paid_on_two_academic_years() -> None:
    found = pounds(places({"special_pre16": [120.0, 132.0, 132.0], "college_post16": [30.0, 60.0, 90.0]}))
    assert found.sel(place_kind="special_pre16").to_numpy() == pytest.approx([1_270_000, 1_320_000])
    assert found.sel(place_kind="college_post16").to_numpy() == pytest.approx([300_000, 480_000])
    assert list(found["financial_year"].to_numpy()) == ["2026-27", "2027-28"]


def test_a_vacant_base_place_costs_4000_more() -> None:
    found = pounds(places({"base_pre16_filled": [1.0, 1.0], "base_pre16_vacant": [1.0, 1.0]}))
    assert found.to_numpy().ravel().tolist() == [6_000, 10_000]


def test_other_dims_are_kept() -> None:
    payer = places({"ap_pre16": [10.0, 12.0]}).expand_dims(payer=["authority", "dfe"], draw=3)
    assert paid_places(payer).dims == ("payer", "draw", "place_kind", "financial_year")


def levers(*changes: MoneyChange) -> MoneyEffects:
    return MoneyEffects.of(changes, JANUARIES)


class TestRates:
    def test_a_lever_reaches_its_provision_from_its_year(self) -> None:
        found = rates_with_levers(rates(2), YEARS, levers(lever([1.1, 1.2], provisions=("state_special",))))
        assert found.dims == ("draw", "place_kind", "financial_year")
        assert found.sel(place_kind="special_pre16").to_numpy() == pytest.approx(
            np.array([[10_000, 11_000], [10_000, 12_000]])
        )
        assert (found.sel(place_kind="ap_pre16") == 10_000).all()

    def test_levers_on_other_items_are_passed_over(self) -> None:
        other = MoneyChange("top_up", "multiply", np.array([2.0]), np.array([1.0, 1.0]), (), ())
        plain = rates_with_levers(rates(), YEARS)
        assert rates_with_levers(rates(), YEARS, levers(other)).equals(plain)

    def test_a_lever_for_a_need_is_refused(self) -> None:
        with pytest.raises(OptionError, match="whatever the need"):
            rates_with_levers(rates(), YEARS, levers(lever([1.1], needs=("ASD",))))

    def test_a_council_may_pay_one_occupancy_otherwise(self) -> None:
        own = row(ITEM, 8_000, "specialist_base", kind="filled", age_high=15, level="council")
        book = england().with_rows(as_rows([own]))
        found = rates_in_book(book, book.draws(1, np.random.default_rng(1), until="2027-28"), YEARS)
        assert [found[code].tolist() for code in ("base_pre16_filled", "base_pre16_vacant")] == [
            [[8_000, 8_000]], [[10_000, 10_000]]
        ]  # fmt: skip

    def test_a_book_without_places_is_refused(self) -> None:
        book = PriceBook(as_rows([row("top_up", 9_000, "mainstream")]), inflation())
        with pytest.raises(PriceError, match="no place_funding of state_special at age 10"):
            rates_in_book(book, book.draws(1, np.random.default_rng(1), until="2027-28"), YEARS)


class TestRefused:
    @pytest.mark.parametrize("value", [-1.0, float("nan")])
    def test_places_negative_or_missing(self, value: float) -> None:
        with pytest.raises(OptionError, match="1 numbers of places are missing or negative"):
            paid_places(places({"ap_pre16": [1.0, value]}))

    def test_unknown_kind(self) -> None:
        with pytest.raises(OptionError, match=r"kind private.*special_pre16"):
            paid_places(places({"private": [1.0, 1.0]}))

    def test_one_academic_year(self) -> None:
        with pytest.raises(OptionError, match="two academic years"):
            paid_places(places({"ap_pre16": [1.0]}))

    @pytest.mark.parametrize("names", [["2025/26", "2027/28"], ["2025-26", "2026-27"], ["one", "two"]])
    def test_academic_years_that_do_not_follow_on(self, names: list[str]) -> None:
        with pytest.raises(OptionError, match="in a row"):
            paid_places(places({"ap_pre16": [1.0, 1.0]}).assign_coords(academic_year=names))

    def test_lacking_dimension(self) -> None:
        with pytest.raises(OptionError, match="no dimension place_kind"):
            paid_places(places({"ap_pre16": [1.0, 1.0]}).isel(place_kind=0))


@pytest.mark.parametrize("late", range(12))
@pytest.mark.parametrize("after_march", [4, 5])
def test_places_are_paid_for_the_months_of_the_financial_year_in_which_they_are_open(
    late: int, after_march: int
) -> None:
    to_march = float(open_share(np.array(float(late)), "to_march", after_march)) * (12 - after_march)
    from_april = float(open_share(np.array(float(late)), "from_april", after_march)) * after_march
    full = 12 - after_march
    assert to_march == pytest.approx(full if late == 0 else max(0, 7 - late))
    assert from_april == pytest.approx(after_march - min(max(0, late - 7), after_march))


def test_a_place_that_opens_in_october_is_paid_for_six_months_of_its_first_financial_year() -> None:
    opened = np.array([[0.0, 12.0, 12.0]])
    late = np.array([[0.0, 1.0, 0.0]])
    counts = xr.DataArray(
        np.stack([opened * open_share(late, part, 5) for part in PARTS])[:, :, None],
        dims=("part", "draw", "place_kind", "academic_year"),
        coords={
            "part": list(PARTS), "place_kind": ["special_pre16"], "academic_year": ["2025/26", "2026/27", "2027/28"],
        },
    )  # fmt: skip
    assert paid_places(counts).to_numpy().ravel().tolist() == [6.0, 12.0]
