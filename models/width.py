"""How much wider than its members the ensemble is: regional growth, a fall in the last year, and calm or stormy years.

With D[p] the distance of log quantile p from the median of an area at horizon h, and s[h] = (D[.9] - D[.1]) / (N[.9] - N[.1]):

    D'[p] = D[p] sqrt(1 + (r^2 S[h] + f l s[1]^2) / s[h]^2) t_v[p] / N[p],    N normal and t_v Student-t quantiles
    S[h] = sum_{k <= h} a[k]^2,    a[k] = 1 + .9 + ... + .9^(k-1)

* r: yearly steps of a region's growth away from England's, shared by its areas and lasting as bends of the national path do.
  The members know nothing of them: in the growth model's draws areas of a region have no more in common than others.
* l: after a fall in plans (f = 1) the last figure itself is in doubt, by l one-year variances and as much at every horizon.
* v: the errors of all areas at one origin share a scale, sqrt(v / chi2_v), for some years are calm and some are not. So tails
  widen more than the middle.

Medians do not move. r and l are learnt from past forecasts: what errors of a region have in common beyond those of England, and
what squared errors after a fall exceed others at the same origin by. Both are drawn towards values known from forecasts of
January 2022 and before (docs/experiments.md), which stand where there is no past. v is such a value alone: past forecasts that
weights were learnt from are all about equally good, and say nothing of the spread between origins that were not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtrit

from data.panels.history import History
from data.shrinkage import weight_of
from data.vocabulary import ALL
from models.base import Array

USUAL_STEP = 0.006
"""Yearly step of a region's growth: 0.0055 from origins 2013 on, 0.0064 from 2016 on, targets to January 2022."""

LASTING = 0.9
"""Share of a step that is left a year later, as of the national path (prior mean of its persistence in `models.growth`)."""

USUAL_DOUBT = 0.2
"""Excess of squared one-year errors after a fall over others at the same origin: 0.19 (standard error 0.14) in 171 forecasts of
January 2014 to 2022."""

FREEDOM = 20.0
"""Degrees of freedom of the shared scale, v: the log of the scale has a variance of about 1 / 2v, and the log size of one-year
errors at origins 2013 to 2021, each with weights learnt before it, a standard deviation of 0.16, sampling taken off."""

TRUST = 4.0
"""Past origins at which what they say is believed half-way."""

LARGEST_ERROR = 3.0
"""Standardised errors are cut here when sizes are learnt, so that one odd return decides nothing."""

SMALLEST_SPREAD = 1e-6
"""Spread of a forecast that is certain."""


@dataclass(frozen=True)
class PastErrors:
    """Errors of the ensemble's past forecasts, one element for each cell.

    Parameters
    ----------
    origin, horizon
        January it was made from, and years ahead.
    region
        Region of the area.
    fell
        Whether the area's plans fell in the year before the origin.
    error
        Outcome less median, log scale.
    spread
        Standard deviation that the forecast stated, log scale.
    """

    origin: npt.NDArray[np.int64]
    horizon: npt.NDArray[np.int64]
    region: npt.NDArray[np.str_]
    fell: npt.NDArray[np.bool_]
    error: Array
    spread: Array


@dataclass(frozen=True)
class Sizes:
    """Sizes of what widens a forecast.

    Parameters
    ----------
    step
        Yearly step of a region's growth, r.
    doubt
        Variance added after a fall, in one-year variances, l.
    """

    step: float
    doubt: float


def learn(past: PastErrors) -> Sizes:
    """Return the sizes that past forecasts show, drawn towards the usual ones."""
    unit = np.clip(past.error / past.spread, -LARGEST_ERROR, LARGEST_ERROR)
    near = past.horizon == 1
    return Sizes(step=_step(past), doubt=_doubt(unit[near], past.origin[near], past.fell[near]))


def _doubt(unit: Array, origin: npt.NDArray[np.int64], fell: npt.NDArray[np.bool_]) -> float:
    """Return by how much squared errors after a fall exceed others at the same origin.

    Never below the usual: a few falls that did no harm are no reason to promise more.
    """
    excess: list[float] = []
    origins = np.unique(origin[fell])
    for o in origins:
        here = origin == o
        usual = float((unit[here & ~fell] ** 2).mean()) if (here & ~fell).any() else 1.0
        excess += (unit[here & fell] ** 2 / max(usual, SMALLEST_SPREAD) - 1).tolist()
    believed = weight_of(len(origins), TRUST)
    shown = float(np.mean(excess)) if excess else 0.0
    return max(USUAL_DOUBT, believed * shown + (1 - believed) * USUAL_DOUBT)


def _step(past: PastErrors) -> float:
    """Return the yearly step of a region's growth: least squares of what regions share on S[h], by how well each is known."""
    above = below = 0.0
    used = set()
    for o, h in {(int(o), int(h)) for o, h in zip(past.origin, past.horizon, strict=True)}:
        here = (past.origin == o) & (past.horizon == h)
        limit = LARGEST_ERROR * past.spread[here]
        error = past.error[here]
        in_common = beyond_england(np.clip(error - np.median(error), -limit, limit), past.region[here])
        if in_common is None:
            continue
        grown, known = float(walk(h)[-1, -1]), float((past.spread[here] ** 2).mean()) ** -2
        above, below = above + grown * in_common * known, below + grown**2 * known
        used.add(o)
    believed = weight_of(len(used), TRUST)
    shown = above / below if used else 0.0
    return float(np.sqrt(max(0.0, believed * shown + (1 - believed) * USUAL_STEP**2)))


def beyond_england(error: Array, region: npt.NDArray[np.str_]) -> float | None:
    """Return the covariance of errors of one region less that of errors of two, or None where either has no pair.

    Parameters
    ----------
    error
        One for each area.
    region
        Its region.
    """
    _, group = np.unique(region, return_inverse=True)
    count, total = np.bincount(group), np.bincount(group, error)
    inside = float((count * (count - 1)).sum())
    across = len(error) * (len(error) - 1) - inside
    if not inside or not across:
        return None
    squares = float((error**2).sum())
    same = float((total**2).sum()) - squares
    other = float(error.sum()) ** 2 - squares - same
    return same / inside - other / across


def walk(years: int) -> Array:
    """Return the covariance of a region's path over years 1 to ``years`` for steps of one a year, dims (january, january)."""
    effect = np.cumsum(LASTING ** np.arange(years))
    # Row h holds the effect of the step of each year up to h.
    lag = np.subtract.outer(np.arange(years), np.arange(years))
    reach = np.where(lag >= 0, effect[np.maximum(lag, 0)], 0.0)
    return np.asarray(reach @ reach.T)


def spread(distances: Array, levels: Array) -> Array:
    """Return the standard deviation of a normal with the same 80 % interval, dims (...), from dims (..., level)."""
    low, high = (int(np.argmin(np.abs(levels - p))) for p in (0.1, 0.9))
    width = (distances[..., high] - distances[..., low]) / (ndtri(0.9) - ndtri(0.1))
    return np.maximum(width, SMALLEST_SPREAD)


def tail(levels: Array) -> Array:
    """Return how much further than normal quantiles those of the shared scale lie, dims (level): 1 or more, most at the ends."""
    normal, middle = ndtri(levels), np.isclose(levels, 0.5)
    ratio = stdtrit(FREEDOM, levels) / np.where(middle, 1.0, normal)
    return np.where(middle, 1.0, ratio)


def widen(quantiles: Array, levels: Array, fell: npt.NDArray[np.bool_], sizes: Sizes) -> tuple[Array, Array]:
    """Return widened log quantiles, and the share of variance that areas of one region have in common.

    Parameters
    ----------
    quantiles
        Of every January from the first after the origin on, dims (area, january, level).
    levels
        Quantile levels, symmetric about 1/2, which is one of them.
    fell
        Whether the area's plans fell in the last year, dims (area,).
    sizes
        What is added.

    Returns
    -------
    Log quantiles with the same medians, dims (area, january, level), and the share, mean over areas, dims (january,).
    """
    middle = quantiles[..., [len(levels) // 2]]
    distances = quantiles - middle
    variance = spread(distances, levels) ** 2
    regional = np.broadcast_to(sizes.step**2 * np.diag(walk(quantiles.shape[1])), variance.shape)
    doubted = np.where(fell[:, None], sizes.doubt * variance[:, [0]], 0.0)
    whole = variance + regional + doubted
    wider = np.sqrt(whole / variance)[..., None] * tail(levels)
    return middle + distances * wider, (regional / whole).mean(axis=0)


def fell_last_year(history: History) -> npt.NDArray[np.bool_]:
    """Return whether each area published fewer plans in the last January than in the one before, dims (area,)."""
    plans = history.stock.sel(series=ALL).transpose("area", "january").to_numpy()
    return np.asarray(plans[:, -1] < plans[:, -2])
