"""The mix of plans by single age and need within each age band, and how it may drift.

Crude and stated as such: published stock by age and need exists for one January, so the drift of the mix cannot be
measured. Two bounds are computed and every draw takes a point between them:

* *static*: each age keeps the need mix it has now;
* *ageing*: children carry their need up the ages. Counts follow
  n[a, k, h] = n[a - 1, k, h - 1] (1 - hazard[a - 1]) + joiners[a, k].

share[d] = (1 - w[d]) static + w[d] ageing within each band, w ~ Uniform(0, 1), times Gamma noise that gives
the sampling error of the authority's own counts. Shares within a band sum to 1 in every draw.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from data.vocabulary import AGE_BANDS, AGES
from models.base import Array

PRIOR_PLANS = 20.0
"""Plans' worth of England's mix added to each band, so that a need an authority lacks today is not ruled out."""


def ageing_counts(stock: Array, joiners: Array, hazard: Array, years: int) -> Array:
    """Return counts as children age and yearly joiners arrive, dims (years + 1, age, need).

    Parameters
    ----------
    stock, joiners
        Plans now and new plans a year, dims (age, need); ages ascending by one year.
    hazard
        Share of plans at each age that cease within a year, dims (age,).
    """
    counts = [stock]
    for _ in range(years):
        stayed = counts[-1] * (1 - hazard)[:, None]
        # Nobody ages into the youngest row: it is refilled by joiners alone.
        moved = np.vstack([np.zeros((1, stock.shape[1])), stayed[:-1]])
        counts.append(moved + joiners)
    return np.stack(counts)


def band_shares(counts: Array) -> Array:
    """Return counts as shares of their age band, same dims (..., age, need); an empty band is uniform."""
    shares = np.empty_like(counts)
    for rows in band_rows():
        part = counts[..., rows, :]
        total = part.sum(axis=(-2, -1), keepdims=True)
        even = 1 / (part.shape[-2] * part.shape[-1])
        shares[..., rows, :] = np.where(total > 0, part / np.where(total > 0, total, 1), even)
    return shares


def share_draws(
    stock: Array,
    joiners: Array,
    hazard: Array,
    england: Array,
    horizons: Sequence[int],
    draws: int,
    rng: np.random.Generator,
) -> Array:
    """Return draws of shares within band, dims (draw, horizon, age, need).

    Parameters
    ----------
    stock, joiners, england
        The authority's plans, its yearly new plans and England's plans, dims (age, need).
    hazard
        Leaver hazard by age, dims (age,).
    horizons
        Years ahead, at least 1.
    draws
        Number of draws.
    rng
        Source of randomness.
    """
    prior = np.zeros_like(stock)
    national = band_shares(england)
    for rows in band_rows():
        prior[rows] = PRIOR_PLANS * national[rows]
    static = band_shares(stock + prior)
    ageing = band_shares(ageing_counts(stock + prior, joiners, hazard, max(horizons)))[list(horizons)]
    drift = rng.random((draws, 1, 1, 1))
    centre = (1 - drift) * static + drift * ageing
    strength = stock + prior + 1e-9
    noise = rng.gamma(strength, 1.0, size=(draws, *stock.shape)) / strength
    return band_shares(centre * noise[:, None])


def band_rows() -> tuple[list[int], ...]:
    """Return, band by band, the rows of the age axis that belong to it."""
    return tuple([i for i, a in enumerate(AGES) if b.low <= a <= b.high] for b in AGE_BANDS)
