"""Shrinkage by hand: an estimate lies between the authority's own figure and its group's, nearer its own the more is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.shrinkage import own_weight, shrunk_ratio, shrunk_share, weight_of

variances = st.floats(1e-6, 1e6)


def test_a_group_worth_k_observations() -> None:
    """Noise three times as wide as authorities differ: the group's figure is worth 9 observations."""
    assert own_weight(1, 1.0, 9.0) == pytest.approx(1 / 10)
    assert own_weight(9, 1.0, 9.0) == pytest.approx(1 / 2)
    assert own_weight(0, 1.0, 9.0) == 0


def test_years_that_are_alike_count_for_themselves() -> None:
    assert own_weight(3, 1.0, 0.0) == 1
    assert own_weight(3, 0.0, 1.0) == 0
    assert own_weight(2, 0.5, 0.5) == pytest.approx(2 * 0.5 / (1 + 0.5))


def test_arrays_are_weighed_one_by_one() -> None:
    assert own_weight(1, np.ones(2), np.array([1.0, 3.0])) == pytest.approx([0.5, 0.25])


@given(st.integers(0, 50), variances, variances)
def test_weight_is_n_over_n_plus_k_and_grows_with_n(n: int, between: float, within: float) -> None:
    weight = own_weight(n, between, within)
    assert weight == pytest.approx(n / (n + within / between))
    assert 0 <= weight <= own_weight(n + 1, between, within) <= 1 + 1e-12


@given(st.floats(0, 1e4), st.floats(0.1, 1e4), st.floats(0.1, 1e4))
def test_a_ratio_is_pulled_towards_one_by_the_same_weight(seen: float, expected: float, worth: float) -> None:
    weight = own_weight(1, expected, worth)
    assert shrunk_ratio(seen, expected, worth) == pytest.approx(1 + weight * (seen / expected - 1))


def test_a_group_worth_observations_of_its_own() -> None:
    assert weight_of(1, 9.0) == own_weight(1, 1.0, 9.0)
    assert weight_of(0, 9.0) == 0


@given(st.floats(0, 1), st.floats(0.1, 1e4), st.floats(0, 1), st.floats(0.1, 1e4))
def test_a_share_is_pulled_towards_the_groups_by_the_same_weight(
    own: float, whole: float, group: float, worth: float
) -> None:
    weight = weight_of(whole, worth)
    assert shrunk_share(own * whole, whole, group, worth) == pytest.approx(group + weight * (own - group))


def test_a_floor_keeps_what_nobody_has_from_nothing() -> None:
    assert shrunk_share(0.0, 10.0, 0.0, 5.0, floor=1e-9) > 0
    assert shrunk_ratio(0.0, 0.0, 0.0, floor=1e-9) == 0
