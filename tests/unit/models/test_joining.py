"""The law of joining and the hand-over to it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import xarray as xr

from data.errors import OptionError
from data.panels.history import History
from data.vocabulary import AGES, ALL
from models.base import Array
from models.cohort_flow import HIGHEST_CHANCE
from models.joining import (
    FIRST_HANDED_OVER,
    LAST_HANDED_OVER,
    Chances,
    FittedHandOver,
    draw_chances,
    hand_over,
    weight_of_law,
)
from models.joining_evidence import MOMENTUM_YEARS, JoiningOpening, Rise, plans_reaching, rates_without_plan
from tests.histories import corrupted_after, history

YEARS, DRAWS = 15, 300


@pytest.fixture(scope="module")
def past() -> History:
    made = history(areas=12)
    # About seven plans per hundred residents, as in England.
    return replace(made, residents=made.residents * 3, projection=made.projection * 3)


@pytest.fixture(scope="module")
def opening(past: History) -> JoiningOpening:
    return JoiningOpening.of(past, YEARS)


def chances(rise: Rise, count: int = DRAWS, seed: int = 1) -> Chances:
    return draw_chances(rise, YEARS, count, np.random.default_rng(seed))


@dataclass(frozen=True)
class Straight:
    """Totals that grow by a tenth a year, some draws faster than others, in all areas together."""

    areas: tuple[int, ...]
    start: Array
    model: str = "straight"
    origin: int = 2025

    def draws_with_england(self, count: int, rng: np.random.Generator) -> tuple[xr.DataArray, xr.DataArray]:
        score = rng.standard_normal(count)
        years = np.arange(1, YEARS + 1)
        growth = (0.1 + 0.02 * score)[:, None, None, None] * years
        plans = self.start[None, :, None, None] * np.exp(growth)
        januaries = (self.origin + years).tolist()
        coords = {"draw": range(count), "area": list(self.areas), "series": [ALL], "january": januaries}
        standing = xr.DataArray(
            np.repeat(score[:, None], YEARS, 1), dims=("draw", "january"), coords={"january": januaries}
        )
        return xr.DataArray(plans, dims=("draw", "area", "series", "january"), coords=coords), standing

    def draws(self, count: int, rng: np.random.Generator) -> xr.DataArray:
        return self.draws_with_england(count, rng)[0]

    def quantiles(self, probabilities: list[float]) -> xr.DataArray:
        drawn = self.draws(2000, np.random.default_rng(0))
        return drawn.quantile(list(probabilities), dim="draw").transpose(
            "area", "series", "january", "quantile"
        )

    def forecast(self, januaries: list[int], areas: list[int] | None = None) -> Straight:
        wanted = self.areas if areas is None else tuple(areas)
        return replace(self, areas=wanted, start=self.start[[self.areas.index(a) for a in wanted]])


@pytest.fixture(scope="module")
def fitted(past: History, opening: JoiningOpening) -> FittedHandOver:
    return FittedHandOver.of(past, Straight(past.areas, opening.stock.sum(axis=1)), YEARS)


def test_a_chance_stays_under_its_ceiling_and_ceilings_leave_room() -> None:
    for today in (0.02, 0.15, 0.4, 0.58):
        drawn = chances(Rise(today, 0.1))
        assert (drawn.ceiling <= HIGHEST_CHANCE).all()
        for own in (None, 0.5 * today, 1.5 * today, 0.7):
            assert (drawn.chance(own) <= drawn.ceiling[:, None] * (1 + 1e-12)).all()
            assert (drawn.chance(own) > 0).all()


def test_a_higher_chance_today_is_never_a_lower_one_later() -> None:
    drawn = chances(Rise(0.15, 0.1))
    assert (np.diff([drawn.chance(own).mean() for own in (0.05, 0.1, 0.15, 0.2, 0.3)]) >= 0).all()


def test_momentum_carries_on_and_fades() -> None:
    middle = np.median(chances(Rise(0.1, 0.1), 4000).chance(), axis=0)
    steps = np.diff(np.log(np.concatenate([[0.1], middle])))
    assert steps[0] == pytest.approx(0.08, abs=0.02)
    assert steps[-1] < steps[4] < steps[0]
    assert np.median(chances(Rise(0.1, -0.1), 4000).chance(), axis=0)[3] < 0.1


def test_a_longer_horizon_leaves_earlier_years_as_they_are() -> None:
    short, long = (draw_chances(Rise(0.15, 0.1), n, 50, np.random.default_rng(3)) for n in (4, 15))
    np.testing.assert_array_equal(short.chance(), long.chance()[:, :4])


def test_the_rise_is_that_of_the_last_years() -> None:
    steady = 0.1 * 1.05 ** np.arange(10)
    assert Rise.of(steady).growth == pytest.approx(np.log(1.05))
    assert Rise.of(steady).chance == steady[-1]
    bent = np.concatenate([np.full(6, 0.05), 0.05 * 1.2 ** np.arange(1, MOMENTUM_YEARS + 1)])
    assert Rise.of(bent).growth == pytest.approx(np.log(1.2))
    assert Rise.of(np.array([0.1])).growth == 0


def test_the_hand_over_begins_after_the_third_year_and_ends_in_the_eighth() -> None:
    weight = weight_of_law(np.arange(1, 16))
    assert (weight[:FIRST_HANDED_OVER] == 0).all()
    assert (weight[LAST_HANDED_OVER - 1 :] == 1).all()
    assert (np.diff(weight) >= 0).all()


def test_first_years_are_the_models_own_to_the_last_bit(fitted: FittedHandOver) -> None:
    every = list(range(2026, 2041))
    given = fitted.totals.forecast(every).draws(DRAWS, np.random.default_rng(5))
    drawn = fitted.forecast(every).draws(DRAWS, np.random.default_rng(5))
    early = slice(0, FIRST_HANDED_OVER)
    np.testing.assert_allclose(drawn.isel(january=early), given.isel(january=early), rtol=1e-12)
    assert (drawn.isel(january=-1) < given.isel(january=-1)).mean() > 0.9


def test_no_january_depends_on_how_many_are_asked_for(fitted: FittedHandOver) -> None:
    short, long = (
        fitted.forecast(list(range(2026, last))).draws(60, np.random.default_rng(5)) for last in (2031, 2041)
    )
    xr.testing.assert_identical(short, long.sel(january=short["january"]))
    with pytest.raises(OptionError, match="2041"):
        fitted.forecast([2041])


def test_an_area_does_not_depend_on_the_others_asked_for(fitted: FittedHandOver) -> None:
    area = fitted.opening.areas[3]
    alone, together = (
        fitted.forecast([2040], areas).draws(60, np.random.default_rng(5)).sel(area=area)
        for areas in ([area], list(fitted.opening.areas))
    )
    np.testing.assert_array_equal(alone, together)


def test_draws_that_grow_fast_at_first_join_more_later(fitted: FittedHandOver) -> None:
    drawn = (
        fitted.forecast([2028, 2029, 2034]).draws(400, np.random.default_rng(5)).sum("area").isel(series=0)
    )
    early, late = np.log(drawn.sel(january=2028)), np.log(drawn.sel(january=2034) / drawn.sel(january=2029))
    assert np.corrcoef(early, late)[0, 1] > 0.2


def test_quantiles_are_the_models_own_first_and_those_of_draws_later(fitted: FittedHandOver) -> None:
    levels = [0.1, 0.5, 0.9]
    told = fitted.forecast(list(range(2026, 2041))).quantiles(levels)
    own = fitted.totals.forecast(list(range(2026, 2041))).quantiles(levels)
    np.testing.assert_array_equal(told.sel(january=[2026, 2028]), own.sel(january=[2026, 2028]))
    drawn = fitted.forecast([2040]).draws(2000, np.random.default_rng(9)).quantile(levels, dim="draw")
    np.testing.assert_allclose(told.sel(january=[2040]), drawn.transpose(*told.dims), rtol=0.1)
    assert (told.diff("quantile") >= 0).all()
    xr.testing.assert_identical(fitted.forecast([2026]).quantiles(levels), own.sel(january=[2026]))


def test_plans_stay_under_residents_however_fast_totals_grow(past: History, opening: JoiningOpening) -> None:
    logs = np.log(opening.stock.sum(axis=1))[None, :, None] + 0.3 * np.arange(1, YEARS + 1) * np.ones(
        (20, 1, 1)
    )
    high = replace(chances(opening.rise, 20), shift=np.full((20, YEARS), 50.0))
    path = np.exp(hand_over(logs, high, opening, 1))
    people = opening.residents[:, 1:].sum(axis=2)
    assert (path[:, :, LAST_HANDED_OVER:] <= people[None, :, LAST_HANDED_OVER:]).all()


def test_with_rates_as_they_are_the_law_is_the_flow_of_those_rates(opening: JoiningOpening) -> None:
    """England at today's rates, walked here a second time."""
    england = opening.england
    still = Chances(np.full(1, 0.5), np.zeros((1, YEARS)), opening.rise.chance)
    grown = np.log(england.stock.sum()) + 0.1 * np.arange(1, YEARS + 1)
    path = hand_over(grown[None, None], still, england, None)[0, 0]
    plans, people = england.stock[0], england.residents[0]
    rate = rates_without_plan(plans, england.joined[0], england.survival, people[0])
    for year in range(YEARS):
        held = plans_reaching(plans, england.survival)
        joined = (people[year + 1] - held) * -np.expm1(-rate)
        if year >= LAST_HANDED_OVER - 1:
            expected = np.log((held + joined).sum() / plans.sum())
            assert path[year] - path[year - 1] == pytest.approx(expected, abs=1e-9)
        plans = held + joined * (np.exp(path[year]) - held.sum()) / joined.sum()


def test_new_plans_are_those_of_the_last_year_and_ages_those_of_the_origin(
    past: History, opening: JoiningOpening
) -> None:
    last = past.new_plans_by_band.sel(year=past.origin - 1)
    assert opening.joined.sum() == pytest.approx(float(last.sum()), rel=1e-6)
    np.testing.assert_allclose(opening.stock.sum(axis=1), past.actual(past.origin).sel(series=ALL))
    assert opening.survival[-1] == 0
    assert ((opening.survival >= 0) & (opening.survival <= 1.02)).all()
    assert opening.joined.shape == (len(past.areas), len(AGES))


@pytest.mark.parametrize("origin", [2016, 2019, 2022, 2024])
def test_nothing_after_an_origin_is_looked_at(origin: int, past: History) -> None:
    one, other = (JoiningOpening.of(h.until(origin), YEARS) for h in (past, corrupted_after(past, origin)))
    for name in ("stock", "joined", "survival", "residents"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert one.rise == other.rise
    assert np.isfinite(one.stock).all()
    assert np.isfinite(one.joined).all()


def test_england_has_a_path_of_its_own(fitted: FittedHandOver) -> None:
    growth = fitted.national_growth
    assert growth[:FIRST_HANDED_OVER] == pytest.approx(0.1, abs=0.01)
    assert growth[-1] < growth[0]
