"""Drawn sizes: the ends of an interval are its 10th and 90th percentile, and luck belongs to the lever's id."""

from __future__ import annotations

import numpy as np
import pytest

from scenarios.sampling import Scale, draw_uniforms, quantile

TENTHS = np.array([0.1, 0.5, 0.9])


@pytest.mark.parametrize(
    ("low", "high", "scale", "middle"),
    [
        (0.8, 1.25, "factor", 1.0),
        (0.0, 2.0, "factor", 1.0),
        (0.2, 0.8, "share", 0.5),
        # Odds of 0.1 and 0.5: the middle has the geometric mean of odds 1/9 and 1, 1/3.
        (0.1, 0.5, "share", 0.25),
        (0.0, 0.4, "share", 0.2),
        (0.6, 1.0, "share", 0.8),
        (0.0, 1.0, "share", 0.5),
        (-30.0, 10.0, "amount", -10.0),
        (-0.1, 0.1, "difference", 0.0),
        (0.0, 20.0, "positive", 10.0),
    ],
)
def test_ends_are_the_10th_and_90th_percentile(low: float, high: float, scale: Scale, middle: float) -> None:
    assert quantile(low, high, scale, TENTHS) == pytest.approx([low, middle, high])


def test_shares_and_factors_stay_within_their_bounds() -> None:
    anywhere = draw_uniforms("x", 1, 20_000)
    for low, high in ((0.0, 0.3), (0.1, 0.9), (0.7, 1.0), (0.0, 1.0)):
        shares = quantile(low, high, "share", anywhere)
        assert shares.min() >= 0
        assert shares.max() <= 1
    assert quantile(0.0, 3.0, "factor", anywhere).min() == 0


def test_a_certain_size_is_the_same_in_every_draw() -> None:
    assert quantile(1.2, 1.2, "factor", TENTHS).tolist() == [1.2] * 3


def test_drawn_quantiles_match_in_a_long_run() -> None:
    values = quantile(1.1, 1.6, "factor", draw_uniforms("surge", 7, 50_000))
    assert np.quantile(values, [0.1, 0.9]) == pytest.approx([1.1, 1.6], rel=0.01)


def test_luck_depends_on_id_and_seed_only_and_fewer_draws_are_the_first_of_more() -> None:
    assert draw_uniforms("a", 1, 5).tolist() == draw_uniforms("a", 1, 50)[:5].tolist()
    assert draw_uniforms("a", 1, 5).tolist() != draw_uniforms("b", 1, 5).tolist()
    assert draw_uniforms("a", 1, 5).tolist() != draw_uniforms("a", 2, 5).tolist()
