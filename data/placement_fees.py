"""The distribution of fees of single placements, in which a few very dear placements raise the average.

Placements are of several kinds (day, 38-week and 52-week residential). Within a kind, fees are log-normal with the mean m of
the kind and the log-spread s that its mean and median imply, s = sqrt(2 ln(mean / median)). Expected fee under a ceiling c:

    E[min(fee, c)] = m Phi((ln c - mu - s^2) / s) + c (1 - Phi((ln c - mu) / s)),   mu = ln m - s^2 / 2

Invariant: the mean over all kinds is the price; a ceiling never raises it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

Array = npt.NDArray[np.float64]

LEAST_SPREAD = 1e-6
"""Log-spread below which all fees of a kind are taken as the same."""


@dataclass(frozen=True, eq=False)
class PlacementFees:
    """The distribution of the yearly fee of one placement, in pounds.

    Parameters
    ----------
    kinds
        Kinds of placement.
    shares
        Share of placements of each kind, dims ``(kind,)``; they sum to 1.
    means
        Mean fee of each kind, dims ``(draw, kind)``.
    log_spreads
        Standard deviation of log fees within a kind, dims ``(kind,)``; 0 where all fees are the same.
    """

    kinds: tuple[str, ...]
    shares: Array
    means: Array
    log_spreads: Array

    def expected(self) -> Array:
        """Return the mean fee in pounds a year, dims ``(draw,)``."""
        return np.asarray(self.means @ self.shares)

    def capped(self, ceiling: float | Array) -> Array:
        """Return the mean fee in pounds a year if no fee may exceed a ceiling, dims ``(draw,)``.

        Parameters
        ----------
        ceiling
            £ a year, above 0: one, or one a draw.
        """
        top = np.broadcast_to(np.asarray(ceiling, dtype=float), self.means.shape[:1])[:, None]
        s = np.where(self.log_spreads > LEAST_SPREAD, self.log_spreads, 1.0)
        with np.errstate(divide="ignore"):  # a free place is infinitely far below any ceiling
            distance = (np.log(top) - np.log(self.means) + s**2 / 2) / s
        skewed = self.means * ndtr(distance - s) + top * ndtr(-distance)
        return np.asarray(
            np.where(self.log_spreads > LEAST_SPREAD, skewed, np.minimum(self.means, top)) @ self.shares
        )

    def sample(self, placements: int, rng: np.random.Generator) -> Array:
        """Draw fees of single placements in pounds a year, dims ``(draw, placement)``, drawing the kind of each first."""
        draws = self.means.shape[0]
        kind = rng.choice(len(self.kinds), size=(draws, placements), p=self.shares)
        mean, s = np.take_along_axis(self.means, kind, axis=1), self.log_spreads[kind]
        return np.asarray(mean * np.exp(s * rng.standard_normal((draws, placements)) - s**2 / 2))
