"""How the needs of an authority's new plans differ from England's, now and in the years to come.

With England's mix p[a, k] of needs k at age a, the new plans of authority i in year y have the mix

    mix[i, a, k, y] = p[a, k] exp(d[i, k, y]) w[i, band(a), k], made to add up to 1 at every age
    d[i, k, y] = lasting[i, k] + passing[i, k, y] + swing[k] e[i, k, y]
    passing[i, k, y + 1] = persistence passing[i, k, y] + fresh,    passing ~ Normal(0, (1 - share[k]) s[i, k]^2)
    lasting[i, k] ~ Normal(-s[i, k]^2 / 2, share[k] s[i, k]^2),     s[i, k] = spread[k], or WIDER times that for one in ten
    w ~ Gamma with mean 1 and standard deviation BAND_SPREAD

So a difference that is new goes, half of it in five years or so; one year's coding (``swing``) is not there the year after; and
what lasts is learnt from three sources at once: new plans of the two latest years, and plans of children who joined before. On
average England stays England: factors exp(d) have mean 1.

Sources are logs of counts over those expected at England's mix, seen with the noise of counts. All of it is Gaussian given the
law's parameters, so an authority's state is drawn exactly (`NeedLaw.today`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from models.base import Array

Tensor = Any
"""A symbolic variable of a model, or an array."""

SOURCES: tuple[str, ...] = ("year before", "latest year", "older plans")
"""What tells of an authority's needs: new plans of two calendar years, and plans that started before them."""

WIDER, WIDE_CHANCE = 2.5, 0.1
"""Some authorities hardly use a need, or use it for much: this many times the spread, in this share of authorities and needs.
The likelihood of January 2026 prefers it to one spread for all by 54 in log density; 5 % at 3 and 20 % at 2 come close."""

KEPT = 0.85
"""Plans that started in a year per plan that started in the year after: England's years in place, January 2025."""

BAND_SPREAD = 0.3
"""Standard deviation of the factor of an age band beyond the authority's own: what bands' new plans of 2024 do not share, 0.2 to
0.5 by need. New plans of 2025 are told as well with any value from 0.3 to 0.6; with a smaller one fewer leaps of a year stand."""

NATIONAL_CHANGE = 0.05
"""Standard deviation of a year's change in England's log share of a need. From 2024 to 2025: 0.01 to 0.09 for common needs."""

YEARS_AHEAD = 15
"""Years for which a path is drawn, whatever the horizon, so that the horizon changes nothing before it."""

NOT_KNOWN = 1e6
"""Variance of a source that says nothing."""


@dataclass(frozen=True, eq=False)
class Deviations:
    """How the needs of authorities differ from England's by each source.

    Parameters
    ----------
    log
        Log of plans over those expected at England's mix, dims ``(source, area, need)``, sources as `SOURCES`.
    variance
        Of the noise of counts in it, same dims; `NOT_KNOWN` where nothing was returned.
    """

    log: Array
    variance: Array

    @classmethod
    def of(cls, new: Array, stock: Array) -> Deviations:
        """Return the deviations of counts.

        Parameters
        ----------
        new
            New plans of the year before and of the latest year, dims ``(2, area, band, need)``; zero where not returned.
        stock
            Plans after the latest year, dims ``(area, age, need)``; NaN for an authority whose needs are not known.
        """
        expected = _expected(new)
        new_plans = new.sum(axis=2)
        known = ~np.isnan(stock).any(axis=(1, 2))
        plans_held = np.nan_to_num(stock)
        older = np.maximum(plans_held.sum(axis=1) - new_plans.sum(axis=0), 0.0)
        older_expected = np.maximum(_expected(plans_held[None])[0] - expected.sum(axis=0), 0.0)
        older_expected[~known] = 0.0
        plans = np.concatenate([new_plans, older[None]])
        at_england = np.concatenate([expected, older_expected[None]])
        # Half a plan more on both sides: a need nobody has is rare there, not impossible.
        return cls(
            log=np.log((plans + 0.5) / (at_england + 0.5)),
            variance=np.where(at_england > 0, 1 / (plans + 0.5), NOT_KNOWN),
        )


def _expected(counts: Array) -> Array:
    """Return plans by need expected at England's mix of each group, dims (source, area, need) of (source, area, group, need)."""
    england = counts.sum(axis=1)
    share = england / np.maximum(england.sum(axis=2, keepdims=True), 1e-9)
    return np.asarray(np.einsum("sig,sgk->sik", counts.sum(axis=3), share))


def _correlations(persistence: Tensor) -> tuple[tuple[Tensor, ...], ...]:
    """Return the correlations of the passing part between sources, 3 by 3, the last being an average over earlier years."""
    weighted = (1 - KEPT) / (1 - KEPT * persistence)
    before, latest = persistence * weighted, persistence**2 * weighted
    own = (1 - KEPT) / (1 + KEPT) * (1 + KEPT * persistence) / (1 - KEPT * persistence)
    one = 1.0
    return ((one, persistence, before), (persistence, one, latest), (before, latest, own))


_WIDER = np.array([1.0, WIDER])[:, None, None]


def _log_density(deviations: Deviations, law: tuple[Tensor, Tensor, Tensor, Tensor], log: Any) -> Tensor:
    """Return the log density of all sources up to a constant, for the usual and the wide spread, dims (2, area, need).

    Written out for three sources, one given the earlier: a symbolic Cholesky factor of many small matrices would be slow.
    """
    spread, share, swing, persistence = law
    size = (_WIDER * spread) ** 2
    like = _correlations(persistence)
    c = [[size * (share + (1 - share) * like[r][s]) for s in range(3)] for r in range(3)]
    noise = [deviations.variance[s] + swing**2 for s in range(3)]
    gap = [deviations.log[s] + (c[s][s] + swing**2) / 2 for s in range(3)]
    first = c[0][0] + noise[0]
    second = c[1][1] + noise[1] - c[0][1] ** 2 / first
    cross = c[1][2] - c[0][1] * c[0][2] / first
    third = c[2][2] + noise[2] - c[0][2] ** 2 / first - cross**2 / second
    e_second = gap[1] - c[0][1] / first * gap[0]
    e_third = gap[2] - c[0][2] / first * gap[0] - cross / second * e_second
    misfit = gap[0] ** 2 / first + e_second**2 / second + e_third**2 / third
    return -0.5 * (log(first * second * third) + misfit)


def build_law(deviations: Deviations) -> Any:
    """Return the model of how authorities' needs differ from England's, and for how long."""
    import pymc as pm
    import pytensor.tensor as pt

    needs = deviations.log.shape[2]
    with pm.Model() as model:
        spread = pm.LogNormal("spread", np.log(0.5), 0.6, shape=needs)
        share = pm.Beta("share", 2, 3, shape=needs)
        swing = pm.LogNormal("swing", np.log(0.12), 0.6, shape=needs)
        persistence = pm.Beta("persistence", 26, 4)
        law = (spread, share, swing, persistence)
        seen = _log_density(deviations, law, pt.log)
        pm.Potential(
            "sources", pt.logaddexp(np.log(1 - WIDE_CHANCE) + seen[0], np.log(WIDE_CHANCE) + seen[1]).sum()
        )
    return model


@dataclass(frozen=True, eq=False)
class NeedState:
    """Where an authority's needs stand in the latest year, dims ``(draw, need)``.

    Parameters
    ----------
    lasting, passing
        Parts of the log factor on England's shares.
    spread
        The spread that the authority's need has.
    """

    lasting: Array
    passing: Array
    spread: Array

    @property
    def latest(self) -> Array:
        """Log factor in the latest year, without its swing."""
        return self.lasting + self.passing


@dataclass(frozen=True, eq=False)
class NeedLaw:
    """Draws of the law's parameters.

    Parameters
    ----------
    spread, share, swing
        Dims ``(draw, need)``.
    persistence
        Dims ``(draw,)``.
    """

    spread: Array
    share: Array
    swing: Array
    persistence: Array

    def today(self, log: Array, variance: Array, rng: np.random.Generator) -> NeedState:
        """Draw where an authority stands, given its sources, dims ``(source, need)``."""
        law = (self.spread, self.share, self.swing, self.persistence[:, None])
        usual, wide = _log_density(Deviations(log, variance), law, np.log)
        chance = 1 / (1 + np.exp(np.clip(usual - wide, -500, 500)) * (1 - WIDE_CHANCE) / WIDE_CHANCE)
        spread = np.where(rng.random(chance.shape) < chance, WIDER, 1.0) * self.spread
        mean, root = self._given(log, variance, spread)
        state = mean + np.einsum("dkrs,dks->dkr", root, rng.standard_normal(mean.shape))
        return NeedState(state[..., 0], state[..., 1], spread)

    def _given(self, log: Array, variance: Array, spread: Array) -> tuple[Array, Array]:
        """Return mean and root of the covariance of (lasting, passing) given the sources, for known spreads."""
        pairs = [np.asarray(v) for row in _correlations(self.persistence) for v in row]
        like = np.stack(np.broadcast_arrays(*pairs), axis=-1).reshape(-1, 1, 3, 3)
        size, share = (spread**2)[..., None], self.share[..., None]
        signal = (size * share)[..., None] + (size * (1 - share))[..., None] * like
        swing = (self.swing**2)[..., None]
        noise = variance.T + swing
        gap = log.T + (np.einsum("dkss->dks", signal) + swing) / 2
        lasting = np.broadcast_to(size * share, gap.shape)
        shared = np.stack([lasting, size * (1 - share) * like[:, :, 1]], axis=2)
        gain = np.swapaxes(
            np.linalg.solve(signal + noise[..., None] * np.eye(3), np.swapaxes(shared, 2, 3)), 2, 3
        )
        mean = np.einsum("dkrs,dks->dkr", gain, gap)
        mean[..., 0] -= size[..., 0] / 2
        before = np.stack([size[..., 0] * share[..., 0], size[..., 0] * (1 - share[..., 0])], axis=2)
        left = before[..., None] * np.eye(2) - np.einsum("dkrs,dkts->dkrt", gain, shared)
        return mean, np.linalg.cholesky(left + 1e-12 * np.eye(2))

    def ahead(self, state: NeedState, rng: np.random.Generator) -> Array:
        """Draw the log factors of the years to come over that of the latest, dims ``(draw, ahead, need)``.

        `YEARS_AHEAD` of them, with England's own change in it.
        """
        persistence = self.persistence[:, None]
        fresh = state.spread * np.sqrt((1 - self.share) * (1 - persistence**2))
        passing, national = state.passing, np.zeros_like(state.passing)
        path = []
        for _ in range(YEARS_AHEAD):
            moved, swung, common = rng.standard_normal((3, *passing.shape))
            passing = persistence * passing + fresh * moved
            national = national + NATIONAL_CHANGE * common
            swing = self.swing * swung - self.swing**2 / 2
            path.append(passing - state.passing + swing + national)
        return np.stack(path, axis=1)


def band_factors(expected: Array, joined: Array, rng: np.random.Generator) -> Array:
    """Draw factors of age bands beyond an authority's own, dims ``(draw, band, need)``.

    Parameters
    ----------
    expected
        Joiners expected at the authority's own mix, dims ``(draw, band, need)``.
    joined
        Joiners of the latest year, dims ``(band, need)``.
    """
    shape = BAND_SPREAD**-2
    return np.asarray(rng.standard_gamma(shape + joined, expected.shape) / (shape + expected))
