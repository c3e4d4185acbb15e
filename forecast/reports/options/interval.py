"""The middle and 80 % interval of draws of a scheme.

Invariant: draws are summed before they come here; infinite draws stay in their order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr

from forecast.presentation import wording
from forecast.presentation.describe import percentiles


@dataclass(frozen=True)
class Middle:
    """The middle and 80 % interval of a quantity."""

    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, draws: xr.DataArray) -> Middle:
        """Return the 10th, 50th and 90th percentile of draws, dims ``(draw,)``; infinite draws keep their order."""
        values = draws.to_numpy()
        # Between a finite and an infinite draw there is nothing to interpolate.
        method: Literal["linear", "inverted_cdf"] = "linear" if np.isfinite(values).all() else "inverted_cdf"
        return cls(*map(float, percentiles(values, method=method)))

    def counted(self) -> str:
        """Return a number of children or places as text."""
        return wording.count_interval(self.low, self.middle, self.high)

    def priced(self) -> str:
        """Return pounds for a sentence."""
        return wording.pounds_interval(self.low, self.middle, self.high)

    def in_table(self) -> str:
        """Return pounds for a table."""
        return wording.table_pounds_interval(self.low, self.middle, self.high)
