"""Figures of a scheme or programme with their 80 % interval, as a paper says them.

Invariant: draws are summed before they come here. What is told of them, the middle or the average, and how it is rounded, is that
of the published figure they are of (`forecast.presentation.published_figures`): what ``sendplan capital``, ``sendplan money`` and
the pages say too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import xarray as xr

from forecast.presentation import describe, published_figures


@dataclass(frozen=True)
class Spread:
    """The middle, the average and the 80 % interval of a published figure, by its code."""

    code: str
    low: float
    middle: float
    mean: float
    high: float

    @classmethod
    def of(cls, code: str, draws: xr.DataArray) -> Spread:
        """Return the 10th, 50th and 90th percentile and the mean of a figure's draws, dims ``(draw,)``."""
        numbers = describe.single(draws)
        return cls(code, numbers["q10"], numbers["q50"], numbers["mean"], numbers["q90"])

    @property
    def turned(self) -> Spread:
        """The same with the sign changed, as a loss is told of a gain below nought."""
        return replace(self, low=-self.high, middle=-self.middle, mean=-self.mean, high=-self.low)

    @property
    def row(self) -> dict[str, float]:
        """Its numbers by the names of columns."""
        return {"q10": self.low, "q50": self.middle, "mean": self.mean, "q90": self.high}

    def in_table(self) -> str:
        """Return the figure with its range for a table."""
        return published_figures.in_table(self.code, self.row)

    def in_sentence(self) -> str:
        """Return the figure with its range for a sentence."""
        return published_figures.in_sentence(self.code, self.row)

    def alone(self) -> str:
        """Return the figure for a sentence without the range, rounded as beside it."""
        return published_figures.alone(self.code, self.row)
