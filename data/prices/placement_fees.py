"""The distribution of fees of single placements, in which a few very dear placements raise the average.

Placements are of several kinds (day, 38-week and 52-week residential). Within a kind, fees are log-normal with the mean m of
the kind and the log-spread s that its mean and median imply, s = sqrt(2 ln(mean / median)). Expected fee under a ceiling c:

    E[min(fee, c)] = m Phi((ln c - mu - s^2) / s) + c (1 - Phi((ln c - mu) / s)),   mu = ln m - s^2 / 2

Invariant: a ceiling never raises the mean fee, and a higher ceiling never lowers it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

Array = npt.NDArray[np.float64]

LEAST_SPREAD = 1e-6
"""Log-spread below which all fees of a kind are taken as the same."""


def mean_under_ceiling(mean: Array, log_spread: float, ceiling: float | Array) -> Array:
    """Return the mean fee of one kind of placement where no fee may exceed a ceiling, pounds a year, dims as ``mean``.

    Parameters
    ----------
    mean
        Mean fee without a ceiling.
    log_spread
        Standard deviation of the log of single fees; 0 where all fees are the same.
    ceiling
        Above 0: one number, or one for each mean.
    """
    top = np.broadcast_to(np.asarray(ceiling, dtype=float), mean.shape)
    if log_spread <= LEAST_SPREAD:
        return np.asarray(np.minimum(mean, top))
    with np.errstate(divide="ignore"):  # a free place is infinitely far below any ceiling
        distance = (np.log(top) - np.log(mean) + log_spread**2 / 2) / log_spread
    return np.asarray(mean * ndtr(distance - log_spread) + top * ndtr(-distance))
