"""Weights, stretch and copula of the ensemble, from forecasts made by hand and from cheap members."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
import xarray as xr
from scipy.stats import norm

from data.panels.history import History
from models.base import Forecast, Model
from models.baselines import BASELINES
from models.ensemble import (
    LEVELS,
    LONGEST_SCORED,
    SCORED_LEVELS,
    STACKING_ORIGINS,
    Ensemble,
    EnsembleForecast,
    PastForecasts,
    Tabulated,
    combine,
    copula,
    crps,
    past_errors,
    past_origins,
    recalibrate,
    stack,
)
from models.width import Sizes
from tests.histories import corrupted_after, history

MEMBERS: tuple[Model, ...] = BASELINES[1:]
CHEAP = Ensemble("ensemble", MEMBERS, MEMBERS, "regional_growth")


def cells(
    centres: list[float], spreads: list[float], horizons: int = 5, origins: int = 6
) -> dict[int, PastForecasts]:
    """Return forecasts by members with a bias and a spread, of outcomes that are standard normal around 7."""
    rng = np.random.default_rng(0)
    made = {}
    for h in range(1, horizons + 1):
        actual = 7 + rng.standard_normal(400)
        quantiles = np.stack(
            [7 + c + s * norm.ppf(SCORED_LEVELS) for c, s in zip(centres, spreads, strict=True)]
        )
        made[h] = PastForecasts(
            quantiles=np.broadcast_to(quantiles, (400, *quantiles.shape)),
            actual=actual,
            origins=origins,
            origin=np.arange(400) % origins,
            region=np.array([f"Region {i % 9}" for i in range(400)]),
            fell=np.arange(400) % 7 == 0,
        )
    return made


def test_weights_of_every_horizon_add_up_to_one() -> None:
    weights = stack(cells([0.0, 0.5, -0.2], [1.0, 1.5, 0.7]), 3)
    assert weights.shape == (LONGEST_SCORED, 3)
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(axis=1), 1)


def test_the_best_member_gets_nearly_all_when_the_others_are_bad() -> None:
    weights = stack(cells([0.0, 3.0, 4.0], [1.0, 1.0, 3.0]), 3)
    assert weights[:, 0].min() > 0.95


def test_opposite_errors_are_averaged_away() -> None:
    weights = stack(cells([-1.0, 1.0], [1.0, 1.0]), 2)
    np.testing.assert_allclose(weights, 0.5, atol=0.1)


def test_a_horizon_that_cannot_be_scored_follows_its_neighbour() -> None:
    weights = stack(cells([0.0, 3.0], [1.0, 1.0], horizons=2), 2)
    np.testing.assert_allclose(weights[2:], weights[[1]].repeat(3, axis=0), atol=0.02)


def test_without_a_past_weights_are_equal_and_nothing_is_stretched() -> None:
    np.testing.assert_array_equal(stack({}, 4), 0.25)
    assert recalibrate({}, np.full((LONGEST_SCORED, 4), 0.25)) == 1.0


def test_intervals_that_were_too_narrow_are_stretched_and_none_is_drawn_in() -> None:
    alone = np.ones((LONGEST_SCORED, 1))
    assert recalibrate(cells([0.0], [0.5]), alone) > 1.3
    assert recalibrate(cells([0.0], [2.0]), alone) == 1.0
    assert recalibrate(cells([0.0], [1.0]), alone) == pytest.approx(1, abs=0.06)


def test_the_stretch_is_trusted_more_with_more_origins() -> None:
    alone = np.ones((LONGEST_SCORED, 1))
    few, many = (recalibrate(cells([0.0], [0.5], origins=n), alone) for n in (1, 6))
    assert 1 < few < many < 2


def test_the_score_is_smallest_for_the_truth_and_is_nought_when_certain() -> None:
    told = {s: crps(c[1].quantiles[:, 0], c[1].actual) for s in (0.5, 1.0, 2.0) for c in [cells([0.0], [s])]}
    assert told[1.0] < min(told[0.5], told[2.0])
    exact = np.repeat(np.array([[3.0], [8.0]]), len(SCORED_LEVELS), axis=1)
    assert crps(exact, np.array([3.0, 8.0])) == 0.0
    # An error of one whatever the level costs its mean over levels, about a half on each side.
    assert crps(exact + 1, np.array([3.0, 8.0])) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("stretch", [0.6, 1.0, 1.8])
def test_combined_quantiles_rise_with_the_level(stretch: float) -> None:
    rng = np.random.default_rng(3)
    quantiles = np.sort(rng.standard_normal((30, 4, len(LEVELS))), axis=-1)
    weights = rng.dirichlet(np.ones(4), size=30)
    combined = combine(quantiles, weights, stretch)
    assert (np.diff(combined, axis=-1) >= 0).all()
    middle = len(LEVELS) // 2
    assert LEVELS[middle] == 0.5
    np.testing.assert_allclose(combined[:, middle], (quantiles[:, :, middle] * weights).sum(axis=1))


def test_one_member_with_all_the_weight_is_returned_as_it_is() -> None:
    quantiles = np.sort(np.random.default_rng(3).standard_normal((5, 3, len(LEVELS))), axis=-1)
    np.testing.assert_allclose(combine(quantiles, np.array([0.0, 1.0, 0.0]), 1.0), quantiles[:, 1])


def test_past_errors_are_of_the_combined_forecasts() -> None:
    made = cells([0.0, 0.5], [1.0, 2.0], horizons=2)
    weights = np.array([[1.0, 0.0], [0.5, 0.5]])
    errors = past_errors(made, weights, 1.2)
    assert {len(values) for values in errors.__dict__.values()} == {800}
    near = errors.horizon == 1
    np.testing.assert_allclose(errors.error[near], made[1].actual - 7)
    np.testing.assert_allclose(errors.error[~near], made[2].actual - 7.25)
    np.testing.assert_allclose(errors.spread, np.where(near, 1.2, 1.8), rtol=1e-6)
    np.testing.assert_array_equal(errors.fell[near], made[1].fell)


def test_without_past_forecasts_there_are_no_past_errors() -> None:
    assert len(past_errors({}, np.full((LONGEST_SCORED, 1), 1.0), 1.0).error) == 0


def test_perfectly_dependent_areas_share_everything() -> None:
    luck = np.random.default_rng(0).standard_normal((2000, 1, 3)).cumsum(axis=2)
    shared, own = copula(np.exp(luck * np.linspace(0.5, 2, 20)[None, :, None]))
    np.testing.assert_allclose(np.diag(shared), 1, atol=1e-3)
    np.testing.assert_allclose(own, 0, atol=1e-3)
    np.testing.assert_allclose(shared[0, 2], 1 / np.sqrt(3), atol=0.06)


def test_independent_areas_share_nothing() -> None:
    shared, own = copula(np.random.default_rng(0).standard_normal((2000, 40, 3)).cumsum(axis=2))
    assert np.diag(shared).max() < 0.01
    np.testing.assert_allclose(np.diag(shared + own), 1)
    np.testing.assert_allclose(own[0, 1], np.sqrt(1 / 2), atol=0.05)


def test_part_dependence_is_found() -> None:
    rng = np.random.default_rng(0)
    shared, _ = copula(0.6 * rng.standard_normal((4000, 1, 2)) + 0.8 * rng.standard_normal((4000, 50, 2)))
    np.testing.assert_allclose(np.diag(shared), 0.36, atol=0.03)


def test_one_area_is_not_split() -> None:
    shared, own = copula(np.random.default_rng(0).standard_normal((500, 1, 2)))
    assert np.isfinite(shared).all()
    np.testing.assert_allclose(np.diag(shared + own), 1)


@pytest.fixture(scope="module")
def told() -> EnsembleForecast:
    return CHEAP.fit(history(), rng=np.random.default_rng(0)).forecast([2026, 2028, 2030, 2033])


def test_draws_have_the_margins_of_the_quantiles(told: EnsembleForecast) -> None:
    levels = [0.05, 0.25, 0.5, 0.75, 0.95]
    by_level = told.quantiles(levels)
    assert by_level.dims == ("area", "series", "january", "quantile")
    draws = told.draws(4000, np.random.default_rng(1))
    assert draws.dims == ("draw", "area", "series", "january")
    found = draws.quantile(levels, "draw").transpose("area", "series", "january", "quantile")
    width = np.log(by_level.sel(quantile=0.95)) - np.log(by_level.sel(quantile=0.05))
    apart = np.abs(np.log(found) - np.log(by_level)) / width
    assert float(apart.max()) < 0.06
    assert float(apart.mean()) < 0.012


def test_draws_follow_the_copula(told: EnsembleForecast) -> None:
    draws = np.log(told.draws(4000, np.random.default_rng(1)).sel(series="All"))
    early, late = draws.sel(january=2026).to_numpy(), draws.sel(january=2028).to_numpy()
    whole = told.shared + told.regional + told.own
    np.testing.assert_allclose(np.diag(whole), 1)
    over_time = [np.corrcoef(early[:, a], late[:, a])[0, 1] for a in range(40)]
    assert np.mean(over_time) == pytest.approx(whole[0, 1], abs=0.06)
    same, other = correlations(told, late)
    assert other == pytest.approx(told.shared[1, 1], abs=0.05)
    assert same - other == pytest.approx(told.regional[1, 1], abs=0.03)


def correlations(made: EnsembleForecast, draws: np.ndarray) -> tuple[float, float]:
    """Return the mean correlation of areas of one region, and of two, from draws with dims (draw, area)."""
    region = made.region.to_numpy()
    pairs = np.corrcoef(draws.T)[np.triu_indices(len(region), 1)]
    alike = (region[:, None] == region)[np.triu_indices(len(region), 1)]
    return float(pairs[alike].mean()), float(pairs[~alike].mean())


def test_areas_of_a_region_move_together(told: EnsembleForecast) -> None:
    half = 0.5 * np.eye(4)
    regional = replace(told, shared=0 * half, regional=half, own=half)
    draws = np.log(regional.draws(3000, np.random.default_rng(1)).sel(series="All", january=2028).to_numpy())
    same, other = correlations(regional, draws)
    assert same == pytest.approx(0.5, abs=0.05)
    assert other == pytest.approx(0, abs=0.03)


def test_calm_and_stormy_years_are_shared(told: EnsembleForecast) -> None:
    # Areas that share nothing but the scale are uncorrelated, and far out together.
    apart = replace(told, shared=np.zeros((4, 4)), regional=np.zeros((4, 4)), own=np.eye(4))
    draws = np.log(apart.draws(6000, np.random.default_rng(1)).sel(series="All", january=2028).to_numpy())
    median = np.log(apart.quantiles([0.5]).sel(series="All", january=2028).to_numpy())[:, 0]
    size = np.abs(draws - median).mean(axis=1)
    assert abs(np.corrcoef(draws.T)[np.triu_indices(40, 1)].mean()) < 0.01
    # The mean of 40 sizes would vary by .12 by chance alone.
    by_chance = np.sqrt((np.pi / 2 - 1) / 40)
    assert np.std(size) / size.mean() > 1.4 * by_chance


@pytest.mark.parametrize("some", [[305], [305, 302], [302, 317, 305]])
def test_draws_of_an_area_do_not_depend_on_the_others(told: EnsembleForecast, some: list[int]) -> None:
    cut = Tabulated(told).forecast([2026, 2028, 2030, 2033], some)
    draws = cut.draws(50, np.random.default_rng(7))
    whole = told.draws(50, np.random.default_rng(7))
    np.testing.assert_array_equal(draws, whole.sel(area=some))
    assert not np.array_equal(whole.sel(area=305), whole.sel(area=302))


def test_draws_of_a_january_do_not_depend_on_later_ones(told: EnsembleForecast) -> None:
    cut = Tabulated(told).forecast([2026, 2028]).draws(50, np.random.default_rng(7))
    whole = told.draws(50, np.random.default_rng(7))
    np.testing.assert_allclose(cut, whole.sel(january=[2026, 2028]), rtol=1e-6)


def test_only_width_differs_from_the_members(told: EnsembleForecast) -> None:
    made = CHEAP.fit(history(), rng=np.random.default_rng(0))
    plain = replace(made, sizes=Sizes(step=0.0, doubt=0.0)).forecast([2026, 2028, 2030, 2033])
    xr.testing.assert_equal(plain.quantiles([0.5]), told.quantiles([0.5]))
    assert (told.quantiles([0.9]) >= plain.quantiles([0.9])).all()
    np.testing.assert_allclose(plain.regional, 0)


def test_an_area_whose_plans_fell_is_less_certain_next_year() -> None:
    whole = history()
    fell = replace(CHEAP.fit(whole, rng=np.random.default_rng(0)), sizes=Sizes(step=0.0, doubt=0.5))
    marked = fell.fell.copy()
    marked[0] = True
    assert not fell.fell[0]
    before, after = (
        np.log(f.forecast([2026]).quantiles([0.1, 0.5, 0.9]).sel(series="All", january=2026).to_numpy())
        for f in (fell, replace(fell, fell=marked))
    )
    wider = (after[:, 2] - after[:, 0]) / (before[:, 2] - before[:, 0])
    assert wider[0] == pytest.approx(np.sqrt(1.5), rel=0.01)
    np.testing.assert_array_equal(wider[1:], 1)
    np.testing.assert_array_equal(after[:, 1], before[:, 1])


def test_spread_keeps_growing_beyond_the_last_scored_horizon(told: EnsembleForecast) -> None:
    q = np.log(told.quantiles([0.1, 0.9]))
    width = (q.sel(quantile=0.9) - q.sel(quantile=0.1)).mean(["area", "series"]).to_numpy()
    assert (np.diff(width) > 0).all()


def test_quantiles_rise_with_the_level(told: EnsembleForecast) -> None:
    assert (told.quantiles([0.001, 0.03, 0.5, 0.6, 0.999]).diff("quantile") > 0).all()


def test_some_areas_have_the_margins_of_all(told: EnsembleForecast) -> None:
    some = [305, 302]
    alone = CHEAP.fit(history(), rng=np.random.default_rng(0)).forecast([2026, 2028, 2030, 2033], some)
    xr.testing.assert_equal(alone.quantiles([0.1, 0.5]), told.quantiles([0.1, 0.5]).sel(area=some))


def test_past_origins_are_the_latest_before_the_origin() -> None:
    whole = history(areas=5)
    assert past_origins(whole) == list(range(2025 - STACKING_ORIGINS, 2025))
    assert past_origins(whole.until(2019)) == [2017, 2018]
    # Without an origin at which requests were known, earlier ones must do.
    assert past_origins(whole.until(2016)) == [2013, 2014, 2015]
    assert past_origins(whole.until(2013)) == []
    for origin in range(2012, 2026):
        assert all(o < origin for o in past_origins(whole.until(origin)))


@dataclass
class Watched:
    """A member that notes the origins and targets it is asked for."""

    inner: Model
    seen: list[tuple[int, int]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.inner.name

    def fit(self, history: History, *, rng: np.random.Generator) -> Watched:
        self._fitted, self._origin = self.inner.fit(history, rng=rng), int(history.stock["january"].max())
        return self

    def forecast(self, januaries: list[int], areas: list[int] | None = None) -> Forecast:
        self.seen += [(self._origin, j) for j in januaries]
        return self._fitted.forecast(januaries, areas)


def test_members_rehearse_on_past_origins_and_targets_up_to_the_origin(synthetic: History) -> None:
    watched = Watched(MEMBERS[2])
    said: list[str] = []
    Ensemble("e", MEMBERS[2:], (watched,), "regional_growth", said.append).fit(
        synthetic.until(2022), rng=np.random.default_rng(0)
    )
    assert {o for o, _ in watched.seen} == {2017, 2018, 2019, 2020, 2021}
    assert all(o < j <= min(2022, o + LONGEST_SCORED) for o, j in watched.seen)
    assert said[0] == "regional_growth to January 2017"
    assert said[-1] == "regional_growth to January 2022"


@pytest.mark.parametrize("origin", [2014, 2018, 2021])
def test_an_ensemble_sees_no_future(synthetic: History, origin: int) -> None:
    def forecast(whole: History) -> np.ndarray:
        made = CHEAP.fit(whole.until(origin), rng=np.random.default_rng(0))
        ahead = made.forecast([origin + 1, origin + 4])
        draws = ahead.draws(20, np.random.default_rng(1)).to_numpy()
        quantiles = ahead.quantiles([0.1, 0.9]).to_numpy()
        sizes = np.array([made.stretch, made.sizes.step, made.sizes.doubt])
        return np.concatenate(
            [v.ravel() for v in (made.weights, sizes, made.fell.to_numpy(), quantiles, draws)]
        )

    clean = forecast(synthetic)
    assert np.isfinite(clean).all()
    np.testing.assert_array_equal(clean, forecast(corrupted_after(synthetic, origin)))
    if origin > 2014:
        assert not np.array_equal(clean, forecast(corrupted_after(synthetic, origin - 1)))


def test_a_missing_outcome_is_not_scored(synthetic: History) -> None:
    stock = synthetic.stock.copy()
    stock[3, 0, -2:] = np.nan
    gap = History(**{**synthetic.__dict__, "stock": stock})
    made = CHEAP.fit(gap, rng=np.random.default_rng(0))
    assert np.isfinite(made.weights).all()
    assert np.isfinite(made.forecast([2026]).quantiles([0.1, 0.9])).all()
