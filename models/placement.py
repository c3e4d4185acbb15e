"""The latest placement mix: where plan holders of each age and need are taught, estimated from published margins.

Three two-way tables are published per authority (age x need, age x provision, need x provision), not the three-way
table. Iterative proportional fitting starts from England's fitted table and scales it until it agrees with the
authority's three margins. The result assumes no three-way pattern beyond England's.

share[p | age, need] = (x[age, need, p] + k q[p | age, need]) / (x[age, need, .] + k) with k = `PRIOR_PLANS` and q England's
share, tilted by how much more or less the authority uses each provision than England would for the same children: a
cell the authority lacks today is filled in its own way, not England's. Draws are Dirichlet with the same counts: small
cells are uncertain, large ones are not.

These are *filled* places: today's shares are capped by today's capacity, so they understate wanted places.
"""

from __future__ import annotations

import numpy as np

from models.base import Array

PRIOR_PLANS = 0.25
"""Plans' worth of England's tilted placement share added to each age and need."""

ITERATIONS = 60
"""Rounds of proportional fitting; the margins agree to well under a plan by then."""


def fit_three_way(
    seed: Array, age_need: Array, age_provision: Array, need_provision: Array | None = None
) -> Array:
    """Return counts by age, need and provision that agree with three margins.

    Parameters
    ----------
    seed
        Starting pattern, dims (age, need, provision), non-negative.
    age_need, age_provision, need_provision
        Published plans. Their totals may differ; each is first scaled to the total of ``age_need``. Without the last, the
        pattern of needs comes from the seed.

    Returns
    -------
    Array
        dims (age, need, provision); the age x need margin holds exactly, the others as nearly as they agree.
    """
    total = age_need.sum()
    by_age = age_provision * (total / age_provision.sum())
    by_need = None if need_provision is None else need_provision * (total / need_provision.sum())
    table = seed + 1e-9
    for _ in range(ITERATIONS):
        if by_need is not None:
            table = table * _ratio(by_need, table.sum(axis=0))[None, :, :]
        table = table * _ratio(by_age, table.sum(axis=1))[:, None, :]
        table = table * _ratio(age_need, table.sum(axis=2))[:, :, None]
    return table


def shares(table: Array, england: Array) -> tuple[Array, Array]:
    """Return (placement shares, plans behind them): dims (age, need, provision) and (age, need).

    Parameters
    ----------
    table
        The authority's fitted plans, or zeros where it published none: England's shares are returned.
    england
        England's fitted table; where it is empty the share of all ages of that need is used.
    """
    by_need = england.sum(axis=0, keepdims=True) + 1e-12
    smooth = england + by_need / by_need.sum(axis=2, keepdims=True)
    national = smooth / smooth.sum(axis=2, keepdims=True)
    expected = (table.sum(axis=2)[:, :, None] * national).sum(axis=(0, 1))
    tilted = national * np.where(
        expected > 0, table.sum(axis=(0, 1)) / np.where(expected > 0, expected, 1), 1.0
    )
    usable = tilted.sum(axis=2, keepdims=True)
    prior = np.where(usable > 0, tilted / np.where(usable > 0, usable, 1), national)
    weight = table + PRIOR_PLANS * prior
    strength = weight.sum(axis=2)
    return weight / strength[:, :, None], strength


def share_draws(share: Array, strength: Array, draws: int, rng: np.random.Generator) -> Array:
    """Return Dirichlet draws of placement shares, dims (draw, age, need, provision), each summing to 1."""
    gamma = rng.gamma(np.maximum(share * strength[:, :, None], 1e-6), size=(draws, *share.shape))
    total = gamma.sum(axis=-1, keepdims=True)
    return np.where(total > 0, gamma / np.where(total > 0, total, 1), share)


def _ratio(target: Array, current: Array) -> Array:
    return np.where(current > 0, target / np.where(current > 0, current, 1), 0.0)
