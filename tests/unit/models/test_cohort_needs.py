"""The law of needs: what sources say, the state drawn from them, and the years to come."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from models.cohort_needs import (
    KEPT,
    NOT_KNOWN,
    SOURCES,
    WIDE_CHANCE,
    WIDER,
    YEARS_AHEAD,
    Deviations,
    NeedLaw,
    NeedState,
    _correlations,
    band_factors,
)

SPREAD, SHARE, SWING, PERSISTENCE = 0.6, 0.3, 0.2, 0.88


def law(draws: int, needs: int = 2, *, share: float = SHARE, swing: float = SWING) -> NeedLaw:
    whole = np.ones((draws, needs))
    return NeedLaw(SPREAD * whole, share * whole, swing * whole, np.full(draws, PERSISTENCE))


def sources(*logs: float, variance: float = 0.02) -> tuple[np.ndarray, np.ndarray]:
    log = np.array(logs)[:, None] * np.ones(2)
    return log, np.full(log.shape, variance)


def counts() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    new = rng.poisson(20.0, (2, 6, 5, 3)).astype(float)
    stock = rng.poisson(60.0, (6, 24, 3)).astype(float)
    return new, stock


def test_authorities_like_england_do_not_differ() -> None:
    new, stock = np.full((2, 4, 5, 3), 20.0), np.full((4, 24, 3), 60.0)
    found = Deviations.of(new, stock)
    assert found.log.shape == found.variance.shape == (len(SOURCES), 4, 3)
    np.testing.assert_allclose(found.log, 0, atol=1e-12)


def test_older_plans_are_those_that_did_not_start_in_the_two_years() -> None:
    new, stock = counts()
    found = Deviations.of(new, stock)
    older = stock.sum(axis=1) - new.sum(axis=(0, 2))
    np.testing.assert_allclose(found.variance[2], 1 / (older + 0.5))
    fewer = stock.copy()
    fewer[0, :, 1] /= 4
    assert Deviations.of(new, fewer).log[2, 0, 1] < found.log[2, 0, 1] - 1


def test_what_was_not_returned_says_nothing() -> None:
    new, stock = counts()
    new[1, 2], stock[3] = 0.0, np.nan
    found = Deviations.of(new, stock)
    assert (found.variance[1, 2] == NOT_KNOWN).all()
    assert (found.variance[2, 3] == NOT_KNOWN).all()
    assert np.isfinite(found.log).all()
    assert (found.variance[:, 0] < 1).all()


def test_older_plans_are_an_average_over_the_years_before() -> None:
    """Against the sums over a century of years written out."""
    age = np.arange(200)
    weight = (1 - KEPT) * KEPT**age
    like = _correlations(PERSISTENCE)
    assert float(like[1][2]) == pytest.approx((weight * PERSISTENCE ** (age + 2)).sum())
    assert float(like[0][2]) == pytest.approx((weight * PERSISTENCE ** (age + 1)).sum())
    both = weight[:, None] * weight * PERSISTENCE ** np.abs(age[:, None] - age)
    assert float(like[2][2]) == pytest.approx(both.sum(), rel=1e-6)


def test_the_state_drawn_is_that_of_the_joint_normal() -> None:
    """Mean and spread of draws are those of two normals conditioned by hand, weighted by how well each explains the sources."""
    log, variance = sources(0.4, 0.9, -0.5)
    state = law(60_000).today(log, variance, np.random.default_rng(1))
    like = np.array([[float(v) for v in row] for row in _correlations(PERSISTENCE)])
    means, chances = [], []
    for wider, chance in ((1.0, 1 - WIDE_CHANCE), (WIDER, WIDE_CHANCE)):
        size = (wider * SPREAD) ** 2
        signal = size * (SHARE + (1 - SHARE) * like)
        seen = signal + (variance[0, 0] + SWING**2) * np.eye(3)
        centre = -(np.diag(signal) + SWING**2) / 2
        shared = size * np.stack([np.full(3, SHARE), (1 - SHARE) * like[1]])
        means.append([-size / 2, 0] + shared @ np.linalg.solve(seen, log[:, 0] - centre))
        chances.append(chance * multivariate_normal(centre, seen).pdf(log[:, 0]))
    weight = np.array(chances) / np.sum(chances)
    expected = weight @ np.array(means)
    assert state.lasting[:, 0].mean() == pytest.approx(expected[0], abs=0.01)
    assert state.passing[:, 0].mean() == pytest.approx(expected[1], abs=0.01)
    assert (state.spread[:, 0] > SPREAD).mean() == pytest.approx(weight[1], abs=0.01)


def test_an_authority_without_returns_is_england_on_average() -> None:
    log, variance = sources(0.0, 0.0, 0.0, variance=NOT_KNOWN)
    made = law(200_000)
    state = made.today(log, variance, np.random.default_rng(2))
    usual = state.spread[:, 0] == SPREAD
    assert np.exp(state.latest[usual, 0]).mean() == pytest.approx(1, abs=0.02)
    assert state.latest[usual, 0].std() == pytest.approx(SPREAD, rel=0.02)
    assert (~usual).mean() == pytest.approx(WIDE_CHANCE, abs=0.01)


def test_one_years_leap_is_believed_less_than_two_and_less_where_coding_swings() -> None:
    rng = np.random.default_rng(3)
    once, twice, known = (
        law(4000).today(*sources(*logs), rng).latest.mean()
        for logs in ((0.0, 1.2, 0.0), (1.2, 1.2, 0.0), (1.2, 1.2, 1.2))
    )
    assert once < twice < known < 1.2
    swinging = law(4000, swing=0.6).today(*sources(0.0, 1.2, 0.0), rng).latest.mean()
    assert swinging < once


def test_what_is_passing_goes_and_what_lasts_stays() -> None:
    draws = 40_000
    whole = np.ones((draws, 2))
    state = NeedState(lasting=-0.5 * whole, passing=1.0 * whole, spread=SPREAD * whole)
    path = law(draws, swing=1e-9).ahead(state, np.random.default_rng(5))
    assert path.shape == (draws, YEARS_AHEAD, 2)
    middle = np.median(path[..., 0], axis=0)
    np.testing.assert_allclose(middle, PERSISTENCE ** np.arange(1, YEARS_AHEAD + 1) - 1, atol=0.03)
    spread = path[..., 0].std(axis=0)
    assert (np.diff(spread) > 0).all()


def test_a_swing_does_not_add_up_over_years() -> None:
    draws = 20_000
    whole = np.ones((draws, 1))
    state = NeedState(lasting=0 * whole, passing=0 * whole, spread=1e-9 * whole)
    swings = law(draws, 1, swing=0.5).ahead(state, np.random.default_rng(6))
    calm = law(draws, 1, swing=1e-9).ahead(state, np.random.default_rng(6))
    extra = (swings - calm)[..., 0]
    np.testing.assert_allclose(extra.std(axis=0), 0.5, rtol=0.03)
    np.testing.assert_allclose(np.exp(extra).mean(axis=0), 1, atol=0.03)


def test_factors_of_bands_follow_joiners_where_there_are_any() -> None:
    expected = np.full((20_000, 2, 2), 50.0)
    joined = np.array([[50.0, 100.0], [50.0, 0.0]])
    found = band_factors(expected, joined, np.random.default_rng(7)).mean(axis=0)
    assert found[0, 0] == pytest.approx(1, abs=0.01)
    assert 1.5 < found[0, 1] < 2
    assert 0 < found[1, 1] < 0.3
    nobody = band_factors(0 * expected, 0 * joined, np.random.default_rng(7))
    assert nobody.mean() == pytest.approx(1, abs=0.02)
