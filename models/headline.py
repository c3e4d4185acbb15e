"""The product's own forecast: totals by `regional_growth`, age bands scaled to them in every draw.

Equation, draw by draw: plans[band] = total * b[band] / sum_b b[band], with ``total`` and ``b`` joint draws of the
pooled rule. Totals keep the accuracy and interval of the rule; bands add up to them exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from data.history import History
from data.vocabulary import ALL, BAND_CODES
from models.base import FittedModel, Model, SampleForecast
from models.baselines import GrowthRule, regional_growth


@dataclass(frozen=True)
class FittedRaked:
    """A fitted base model whose bands will be scaled to its totals."""

    name: str
    base: FittedModel
    origin: int

    def forecast(self, januaries: Sequence[int], areas: Sequence[int] | None = None) -> SampleForecast:
        """Forecast Januaries after the origin with bands that add up to the total in every draw."""
        inner = self.base.forecast(januaries, areas)

        def sample(count: int, rng: np.random.Generator) -> xr.DataArray:
            return rake(inner.draws(count, rng))

        return SampleForecast(self.name, self.origin, sample)


@dataclass(frozen=True)
class Raked:
    """A model whose band draws are scaled to its total draws."""

    name: str
    base: Model

    def fit(self, history: History, *, rng: np.random.Generator) -> FittedRaked:
        """Fit the base model."""
        return FittedRaked(self.name, self.base.fit(history, rng=rng), history.origin)


def rake(draws: xr.DataArray) -> xr.DataArray:
    """Scale band draws so that they add up to the total draw.

    Parameters
    ----------
    draws
        dims ``(draw, area, series, january)`` with ``series`` holding the total and some bands. Without all five
        bands (before they were published) only the total is returned.
    """
    total = draws.sel(series=[ALL])
    if not set(BAND_CODES) <= set(draws["series"].to_numpy().tolist()):
        return total
    bands = draws.sel(series=list(BAND_CODES))
    weight = bands / bands.sum("series")
    return xr.concat([total, weight * total.isel(series=0, drop=True)], dim="series", join="exact").transpose(
        *draws.dims
    )


HEADLINE = Raked("headline", GrowthRule("regional_growth", regional_growth))
"""What ``sendplan forecast`` and the app show."""
