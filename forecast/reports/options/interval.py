"""Figures of a scheme or programme with their 80 % interval, as a paper says them.

Invariant: draws are summed before they come here. Counts are middles and pounds are averages, as
`forecast.presentation.published_figures` says: what ``sendplan capital``, ``sendplan money`` and the pages say too.
"""

from __future__ import annotations

from dataclasses import dataclass

import xarray as xr

from forecast.presentation import describe, wording


@dataclass(frozen=True)
class Spread:
    """The middle, the average and the 80 % interval of a quantity."""

    low: float
    middle: float
    mean: float
    high: float

    @classmethod
    def of(cls, draws: xr.DataArray) -> Spread:
        """Return the 10th, 50th and 90th percentile and the mean of draws, dims ``(draw,)``."""
        numbers = describe.single(draws)
        return cls(numbers["q10"], numbers["q50"], numbers["mean"], numbers["q90"])

    @property
    def turned(self) -> Spread:
        """The same with the sign changed, as a loss is told of a gain below nought."""
        return Spread(-self.high, -self.middle, -self.mean, -self.low)

    def counted(self) -> str:
        """Return a number of children or places as text."""
        return wording.count_interval(self.low, self.middle, self.high)

    def priced(self) -> str:
        """Return pounds for a sentence, on average."""
        return wording.pounds_interval(self.low, self.mean, self.high)

    def priced_alone(self) -> str:
        """Return pounds for a sentence without the range, on average, rounded as beside it."""
        return wording.pounds(self.mean, self.low, self.high)

    def in_table(self) -> str:
        """Return pounds for a table, on average."""
        return wording.table_pounds_interval(self.low, self.mean, self.high)
