"""Averages of a scheme or programme with their 80 % interval, as a paper says them.

Invariant: draws are summed before they come here. The average is what ``sendplan capital``, ``sendplan money`` and the pages
say of pounds and of schemes, because averages of parts add up; plans, and children who want a place, have a middle.
"""

from __future__ import annotations

from dataclasses import dataclass

import xarray as xr

from forecast.presentation import describe, wording


@dataclass(frozen=True)
class Average:
    """The average and the 80 % interval of a quantity."""

    low: float
    mean: float
    high: float

    @classmethod
    def of(cls, draws: xr.DataArray) -> Average:
        """Return the mean and the 10th and 90th percentile of draws, dims ``(draw,)``."""
        numbers = describe.single(draws, (0.1, 0.9))
        return cls(numbers["q10"], numbers["mean"], numbers["q90"])

    def counted(self) -> str:
        """Return a number of children or places as text."""
        return wording.count_interval(self.low, self.mean, self.high)

    def priced(self) -> str:
        """Return pounds for a sentence."""
        return wording.pounds_interval(self.low, self.mean, self.high)

    def in_table(self) -> str:
        """Return pounds for a table."""
        return wording.table_pounds_interval(self.low, self.mean, self.high)
