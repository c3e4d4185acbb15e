"""Place funding by hand: rates, months, levers on rates, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from data.errors import OptionError
from data.financial_year import FinancialYear
from forecast.finance.place_funding import (
    KIND_OF,
    PLACE_KINDS,
    place_funding,
    place_kinds,
    place_rates,
)
from scenarios.effects import MoneyChange

YEARS = tuple(FinancialYear(y) for y in range(2026, 2028))
JANUARIES = (2027, 2028)


def places(values: dict[str, list[float]]) -> xr.DataArray:
    names = ["2025/26", "2026/27", "2027/28"][: len(next(iter(values.values())))]
    return xr.DataArray(
        list(values.values()),
        dims=("place_kind", "academic_year"),
        coords={"place_kind": list(values), "academic_year": names},
    ).astype(float)


def lever(size: list[float], *, provisions: tuple[str, ...] = (), needs: tuple[str, ...] = ()) -> MoneyChange:
    return MoneyChange("place_funding", "multiply", np.array(size), np.array([0.0, 1.0]), provisions, needs)


def test_rates_and_months_are_those_published() -> None:
    found = {k.code: (k.rate_gbp, k.months_old, k.months_new) for k in place_kinds().values()}
    assert found == {
        "special_pre16": (10_000, 5, 7),
        "special_post16": (10_000, 4, 8),
        "base_pre16_filled": (6_000, 5, 7),
        "base_pre16_vacant": (10_000, 5, 7),
        "ap_pre16": (10_000, 5, 7),
        "ap_post16": (6_000, 4, 8),
        "mainstream_post16": (6_000, 4, 8),
        "college_post16": (6_000, 4, 8),
    }
    assert set(KIND_OF.values()) == set(PLACE_KINDS)


def test_a_year_is_paid_on_two_academic_years() -> None:
    found = place_funding(
        places({"special_pre16": [120.0, 132.0, 132.0], "college_post16": [30.0, 60.0, 90.0]})
    )
    assert found.sel(place_kind="special_pre16").to_numpy() == pytest.approx([1_270_000, 1_320_000])
    assert found.sel(place_kind="college_post16").to_numpy() == pytest.approx([300_000, 480_000])
    assert list(found["financial_year"].to_numpy()) == ["2026-27", "2027-28"]


def test_a_vacant_base_place_costs_4000_more() -> None:
    found = place_funding(places({"base_pre16_filled": [1.0, 1.0], "base_pre16_vacant": [1.0, 1.0]}))
    assert found.to_numpy().ravel().tolist() == [6_000, 10_000]


def test_other_dims_are_kept() -> None:
    payer = places({"ap_pre16": [10.0, 12.0]}).expand_dims(payer=["authority", "dfe"], draw=3)
    assert place_funding(payer).dims == ("payer", "draw", "place_kind", "financial_year")


class TestRates:
    def test_a_lever_reaches_its_provision_from_its_year(self) -> None:
        rates = place_rates(YEARS, [lever([1.1, 1.2], provisions=("state_special",))], JANUARIES, draws=2)
        found = place_funding(places({"special_pre16": [1.0, 1.0, 1.0], "ap_pre16": [1.0, 1.0, 1.0]}), rates)
        assert found.dims == ("draw", "place_kind", "financial_year")
        assert found.sel(place_kind="special_pre16").to_numpy() == pytest.approx(
            np.array([[10_000, 11_000], [10_000, 12_000]])
        )
        assert (found.sel(place_kind="ap_pre16") == 10_000).all()

    def test_levers_on_other_items_are_passed_over(self) -> None:
        other = MoneyChange("top_up", "multiply", np.array([2.0]), np.array([1.0, 1.0]), (), ())
        assert place_rates(YEARS, [other], JANUARIES).equals(place_rates(YEARS))

    def test_a_lever_for_a_need_is_refused(self) -> None:
        with pytest.raises(OptionError, match="whatever the need"):
            place_rates(YEARS, [lever([1.1], needs=("ASD",))], JANUARIES)

    def test_a_rate_for_every_year_is_needed(self) -> None:
        with pytest.raises(OptionError, match="no rate for 2027-28"):
            place_funding(places({"ap_pre16": [1.0, 1.0, 1.0]}), place_rates(YEARS[:1]))

    def test_draws_of_rates_and_places_must_agree(self) -> None:
        rates = place_rates(YEARS, draws=2)
        with pytest.raises(OptionError, match="Rates have 2 draws, places 3"):
            place_funding(places({"ap_pre16": [1.0, 1.0, 1.0]}).expand_dims(draw=3), rates)


class TestRefused:
    @pytest.mark.parametrize("value", [-1.0, float("nan")])
    def test_places_negative_or_missing(self, value: float) -> None:
        with pytest.raises(OptionError, match="1 numbers of places are missing or negative"):
            place_funding(places({"ap_pre16": [1.0, value]}))

    def test_unknown_kind(self) -> None:
        with pytest.raises(OptionError, match=r"kind private.*special_pre16"):
            place_funding(places({"private": [1.0, 1.0]}))

    def test_one_academic_year(self) -> None:
        with pytest.raises(OptionError, match="two academic years"):
            place_funding(places({"ap_pre16": [1.0]}))

    @pytest.mark.parametrize("names", [["2025/26", "2027/28"], ["2025-26", "2026-27"], ["one", "two"]])
    def test_academic_years_that_do_not_follow_on(self, names: list[str]) -> None:
        with pytest.raises(OptionError, match="in a row"):
            place_funding(places({"ap_pre16": [1.0, 1.0]}).assign_coords(academic_year=names))

    def test_lacking_dimension(self) -> None:
        with pytest.raises(OptionError, match="no dimension place_kind"):
            place_funding(places({"ap_pre16": [1.0, 1.0]}).isel(place_kind=0))
