"""What widens the ensemble: its sizes learnt from errors made by hand, and its effect on quantiles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm, t

from data.panels.history import History
from models import width
from models.ensemble import LEVELS
from models.width import PastErrors, Sizes
from tests.histories import corrupted_after, history

YEARS = 6
NOTHING = Sizes(step=0.0, doubt=0.0)
REGIONS = np.array([f"Region {i % 9}" for i in range(90)])
MIDDLE = len(LEVELS) // 2


def quantiles(areas: int = 8) -> np.ndarray:
    """Return log quantiles of skewed forecasts that grow wider, dims (area, january, level)."""
    rng = np.random.default_rng(4)
    spread = rng.uniform(0.03, 0.08, areas)[:, None] * np.arange(1, YEARS + 1) ** 0.7
    normal = norm.ppf(LEVELS)
    return 7 + spread[..., None] * np.where(normal > 0, 1.3, 0.9) * normal


def distances_of_all(values: np.ndarray) -> np.ndarray:
    return values - values[..., [MIDDLE]]


def distances(values: np.ndarray) -> np.ndarray:
    """Return distances from the median, without the median's own."""
    return np.delete(values - values[..., [MIDDLE]], MIDDLE, axis=-1)


def past(
    step: float = 0.0, fallen: float = 1.0, origins: int = 40, seed: int = 0, spread: float = 0.05
) -> PastErrors:
    """Return errors of forecasts of five years from each origin, with regional steps and larger errors after a fall."""
    rng = np.random.default_rng(seed)
    areas, horizons = len(REGIONS), np.arange(1, 6)
    _, group = np.unique(REGIONS, return_inverse=True)
    size = spread * horizons**0.7
    parts = []
    for origin in range(origins):
        fell = rng.random(areas) < 0.1
        growth = np.zeros((9, 5))
        for year in range(5):
            shock = step * rng.standard_normal(9)
            growth[:, year:] += shock[:, None] * width.LASTING ** np.arange(5 - year)
        error = (
            size * rng.standard_normal((areas, 5))
            + growth.cumsum(axis=1)[group]
            + 0.03 * rng.standard_normal()
        )
        error[fell, 0] *= fallen
        parts.append((np.full((areas, 5), origin), np.tile(horizons, (areas, 1)), error, fell))
    origin, horizon, error = (np.concatenate([p[i] for p in parts]).ravel() for i in range(3))
    return PastErrors(
        origin=origin,
        horizon=horizon,
        region=np.tile(np.repeat(REGIONS, 5), origins),
        fell=np.repeat(np.concatenate([p[3] for p in parts]), 5),
        error=error,
        spread=size[horizon - 1],
    )


def no_past() -> PastErrors:
    whole = past(origins=1)
    return PastErrors(**{name: values[:0] for name, values in whole.__dict__.items()})


NO_FALL = np.zeros(8, dtype=bool)


@pytest.mark.parametrize("sizes", [NOTHING, Sizes(step=0.02, doubt=2.0)])
def test_medians_do_not_move_and_quantiles_rise(sizes: Sizes) -> None:
    before = quantiles()
    after, _ = width.widen(before, LEVELS, ~NO_FALL, sizes)
    np.testing.assert_array_equal(after[..., MIDDLE], before[..., MIDDLE])
    assert (np.diff(after, axis=-1) > 0).all()
    assert (np.abs(distances(after)) > np.abs(distances(before))).all()


def test_the_shared_scale_widens_tails_more_than_the_middle() -> None:
    ratio = distances(width.widen(quantiles(), LEVELS, NO_FALL, NOTHING)[0]) / distances(quantiles())
    upper = ratio[..., MIDDLE:]
    assert (np.diff(upper, axis=-1) > 0).all()
    np.testing.assert_allclose(ratio, ratio[..., ::-1])
    assert upper.min() > 1
    assert upper.max() < 1.2


def test_a_normal_forecast_becomes_students() -> None:
    normal = np.broadcast_to(norm.ppf(LEVELS), (2, 3, len(LEVELS)))
    widened, _ = width.widen(normal, LEVELS, NO_FALL[:2], NOTHING)
    np.testing.assert_allclose(
        widened, np.broadcast_to(t.ppf(LEVELS, width.FREEDOM), widened.shape), atol=1e-9
    )


def test_regional_steps_add_their_variance_and_are_the_share_in_common() -> None:
    sizes = Sizes(step=0.01, doubt=0.0)
    before = width.spread(distances_of_all(quantiles()), LEVELS)
    plain = width.spread(distances_of_all(width.widen(quantiles(), LEVELS, NO_FALL, NOTHING)[0]), LEVELS)
    widened, share = width.widen(quantiles(), LEVELS, NO_FALL, sizes)
    after = width.spread(distances_of_all(widened), LEVELS)
    added = 0.01**2 * np.diag(width.walk(YEARS))
    np.testing.assert_allclose((after / plain) ** 2, 1 + added / before**2)
    np.testing.assert_allclose(share, (added / (added + before**2)).mean(axis=0))
    assert (np.diff(share) > 0).all()


def test_a_fall_puts_the_level_in_doubt_by_as_much_at_every_horizon() -> None:
    fell = NO_FALL.copy()
    fell[[2, 5]] = True
    plain = width.spread(distances_of_all(width.widen(quantiles(), LEVELS, NO_FALL, NOTHING)[0]), LEVELS)
    widened, _ = width.widen(quantiles(), LEVELS, fell, Sizes(step=0.0, doubt=0.5))
    after = width.spread(distances_of_all(widened), LEVELS)
    before = width.spread(distances_of_all(quantiles()), LEVELS)
    added = ((after / plain) ** 2 - 1) * before**2
    np.testing.assert_allclose(added[fell], np.repeat(0.5 * before[fell][:, [0]] ** 2, YEARS, axis=1))
    np.testing.assert_allclose(added[~fell], 0, atol=1e-15)


def test_an_area_is_widened_the_same_whatever_others_are_there() -> None:
    fell = np.arange(8) % 2 == 0
    sizes = Sizes(step=0.01, doubt=0.5)
    together, _ = width.widen(quantiles(), LEVELS, fell, sizes)
    alone, _ = width.widen(quantiles()[[4]], LEVELS, fell[[4]], sizes)
    np.testing.assert_array_equal(together[[4]], alone)


def test_the_walk_is_that_of_steps_that_fade() -> None:
    rng = np.random.default_rng(0)
    growth, level, paths = np.zeros(100_000), np.zeros(100_000), []
    for _ in range(4):
        growth = width.LASTING * growth + rng.standard_normal(len(growth))
        level = level + growth
        paths.append(level)
    np.testing.assert_allclose(width.walk(4), np.cov(np.stack(paths)), rtol=0.03)


def test_what_a_region_has_in_common_is_a_mean_over_pairs() -> None:
    rng = np.random.default_rng(2)
    error, region = rng.standard_normal(12), np.array(["a"] * 5 + ["b"] * 6 + ["c"])
    pairs = [(i, j) for i in range(12) for j in range(12) if i != j]
    same = np.mean([error[i] * error[j] for i, j in pairs if region[i] == region[j]])
    other = np.mean([error[i] * error[j] for i, j in pairs if region[i] != region[j]])
    assert width.beyond_england(error, region) == pytest.approx(same - other)


@pytest.mark.parametrize("region", [["a"] * 4, ["a", "b", "c", "d"]])
def test_one_region_or_one_area_in_each_says_nothing_of_regions(region: list[str]) -> None:
    assert width.beyond_england(np.ones(4), np.array(region)) is None


def test_sizes_are_those_that_errors_were_made_with() -> None:
    whole = past(step=0.02, fallen=1.5)
    sizes = width.learn(replace(whole, spread=2 * whole.spread))  # so wide that no error is cut
    assert sizes.step == pytest.approx(0.02, rel=0.15)
    assert sizes.doubt == pytest.approx(1.5**2 - 1, rel=0.15)


def test_errors_without_regions_make_the_step_small_and_harmless_falls_leave_the_usual_doubt() -> None:
    sizes = width.learn(past(fallen=0.5))
    assert sizes.step < width.USUAL_STEP
    assert sizes.doubt == width.USUAL_DOUBT


def test_few_origins_are_believed_less_than_many() -> None:
    few, many = (width.learn(past(step=0.03, fallen=2.0, origins=n)) for n in (2, 40))
    assert width.USUAL_STEP < few.step < many.step
    assert width.USUAL_DOUBT < few.doubt < many.doubt


def test_without_a_past_the_usual_sizes_stand() -> None:
    assert width.learn(no_past()) == Sizes(step=width.USUAL_STEP, doubt=width.USUAL_DOUBT)


def test_an_error_of_england_is_no_error_of_its_regions() -> None:
    whole = past(step=0.01)
    moved = replace(whole, error=whole.error + 0.02 * whole.horizon)
    assert width.learn(moved).step == pytest.approx(width.learn(whole).step, rel=0.05)


def test_one_odd_return_decides_nothing() -> None:
    whole = past(origins=6)
    odd = replace(whole, error=whole.error.copy())
    odd.error[int(np.argmax(whole.fell & (whole.horizon == 1)))] = 40.0
    plain, with_odd = width.learn(whole), width.learn(odd)
    assert with_odd.step == pytest.approx(plain.step, abs=0.002)
    assert with_odd.doubt == pytest.approx(plain.doubt, abs=0.1)


def test_a_fall_is_one_of_published_totals_in_the_last_year() -> None:
    whole = history(areas=4)
    stock = whole.stock.copy(deep=True)
    stock[0, 0, -1] = stock[0, 0, -2] - 1
    stock[1, 0, -2] = stock[1, 0, -3] - 1
    stock[2, 0, -1] = np.nan
    stock[3, 1:, -1] = 0
    changed = replace(whole, stock=stock)
    np.testing.assert_array_equal(width.fell_last_year(changed), [True, False, False, False])
    np.testing.assert_array_equal(width.fell_last_year(changed.until(2024))[1], True)


def test_falls_are_known_without_later_figures(synthetic: History) -> None:
    later = corrupted_after(synthetic, 2020).until(2020)
    np.testing.assert_array_equal(width.fell_last_year(synthetic.until(2020)), width.fell_last_year(later))
