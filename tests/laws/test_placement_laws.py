"""Placements: every plan is somewhere, nobody is nowhere twice, and totals hold, whatever the numbers."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from data.vocabulary import AGES, NEED_CODES, PROVISION_CODES
from models.base import Array, Floats
from models.moves import STAGES
from models.placement import Paths, advance, kind_factors, to_totals

DRAWS, JANUARIES = 2, 3
AGE, NEED, PROVISION = len(AGES), len(NEED_CODES), len(PROVISION_CODES)
KIND_OF = np.arange(PROVISION) % 5
SEEDS = st.integers(0, 2**32 - 1)


def shares(rng: np.random.Generator, *shape: int) -> Array:
    return np.asarray(rng.dirichlet(np.full(shape[-1], 0.5), size=shape[:-1]))


def paths(rng: np.random.Generator, kept: float | None = None) -> Paths:
    stays = rng.random((DRAWS, len(STAGES), PROVISION))
    return Paths(
        kept=stays if kept is None else np.full_like(stays, kept),
        goes=shares(rng, DRAWS, len(STAGES), PROVISION, PROVISION),
        need_tilt=rng.uniform(0.1, 10, (AGE, NEED, PROVISION)),
        ending=rng.uniform(0, 3, PROVISION),
        choice=shares(rng, DRAWS, AGE, NEED, PROVISION),
    )


def counts(rng: np.random.Generator, *shape: int) -> Array:
    """Return children of whom many cells have none."""
    return np.asarray(rng.gamma(0.4, 5, shape) * (rng.random(shape) < 0.7))


def to_kinds(placed: Floats, kinds: Array) -> Floats:
    return to_totals(placed, kind_factors(placed, kinds, KIND_OF), KIND_OF)


@settings(max_examples=25)
@given(seed=SEEDS)
def test_provisions_add_up_to_plans_at_every_age_and_need(seed: int) -> None:
    rng = np.random.default_rng(seed)
    leavers, joiners, plans = (counts(rng, DRAWS, JANUARIES, AGE, NEED) for _ in range(3))
    placed = advance(counts(rng, DRAWS, AGE, NEED, PROVISION), leavers, joiners, plans, paths(rng))
    assert placed.shape == (DRAWS, JANUARIES, AGE, NEED, PROVISION)
    np.testing.assert_allclose(placed.sum(axis=4), plans, rtol=1e-5, atol=1e-5)
    assert (placed >= 0).all()
    assert np.isfinite(placed).all()


@settings(max_examples=25)
@given(seed=SEEDS)
def test_where_nobody_moves_leaves_or_joins_all_are_a_year_older(seed: int) -> None:
    rng = np.random.default_rng(seed)
    start = counts(rng, DRAWS, AGE, NEED, PROVISION)
    later = [start]
    for _ in range(JANUARIES):
        older = np.zeros_like(start)
        older[:, 1:] = later[-1][:, :-1]
        later.append(older)
    expected = np.stack(later[1:], axis=1)
    none = np.zeros((DRAWS, JANUARIES, AGE, NEED))
    placed = advance(start, none, none, expected.sum(axis=4), paths(rng, kept=1.0))
    np.testing.assert_allclose(placed, expected, rtol=1e-4, atol=1e-4)


@settings(max_examples=25)
@given(seed=SEEDS)
def test_plans_that_end_come_out_of_every_provision_alike_where_chances_are_equal(seed: int) -> None:
    rng = np.random.default_rng(seed)
    start = counts(rng, DRAWS, AGE, NEED, PROVISION) + 1.0
    usual = paths(rng, kept=1.0)
    equal = Paths(usual.kept, usual.goes, usual.need_tilt, np.ones(PROVISION), usual.choice)
    held = start.sum(axis=3)
    half = np.zeros((DRAWS, 1, AGE, NEED))
    half[:, 0] = held / 2
    left = np.zeros_like(half)
    left[:, 0, 1:] = held[:, :-1] / 2
    placed = advance(start, half, np.zeros_like(half), left, equal)
    np.testing.assert_allclose(placed[:, 0, 1:], start[:, :-1] / 2, rtol=1e-4, atol=1e-4)


@settings(max_examples=25)
@given(seed=SEEDS)
def test_totals_of_kinds_are_met_and_ages_and_needs_stay(seed: int) -> None:
    rng = np.random.default_rng(seed)
    placed = (rng.gamma(2, 3, (DRAWS, JANUARIES, AGE, NEED, PROVISION)) + 0.01).astype(np.float32)
    member = np.eye(5)[KIND_OF]
    now = placed.sum(axis=(2, 3)) @ member
    asked = now * rng.uniform(0.6, 1.6, now.shape)
    asked *= now.sum(axis=2, keepdims=True) / asked.sum(axis=2, keepdims=True)
    fitted = to_kinds(placed, asked)
    np.testing.assert_allclose(fitted.sum(axis=4), placed.sum(axis=4), rtol=1e-5)
    np.testing.assert_allclose(fitted.sum(axis=(2, 3)) @ member, asked, rtol=0.01)
    assert (fitted >= 0).all()


@settings(max_examples=25)
@given(seed=SEEDS)
def test_what_cannot_be_met_never_loses_a_child(seed: int) -> None:
    """A kind nobody could be in stays empty, and its children stay in what there is."""
    rng = np.random.default_rng(seed)
    placed = counts(rng, DRAWS, JANUARIES, AGE, NEED, PROVISION).astype(np.float32)
    placed[..., KIND_OF == 2] = 0.0
    plans = placed.sum(axis=(2, 3, 4))
    fitted = to_kinds(placed, shares(rng, DRAWS, JANUARIES, 5) * plans[..., None])
    np.testing.assert_allclose(fitted.sum(axis=4), placed.sum(axis=4), rtol=1e-5, atol=1e-5)
    assert (fitted[..., KIND_OF == 2] == 0).all()


@settings(max_examples=25)
@given(seed=SEEDS)
def test_totals_that_hold_already_change_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    placed = counts(rng, DRAWS, JANUARIES, AGE, NEED, PROVISION).astype(np.float32)
    fitted = to_kinds(placed, placed.sum(axis=(2, 3)) @ np.eye(5)[KIND_OF])
    np.testing.assert_allclose(fitted, placed, rtol=1e-4, atol=1e-5)
