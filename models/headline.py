"""Totals of any model with age bands that add up to them; with the ensemble's totals this is the product's own forecast.

Equation, draw by draw: plans[band, t] = total[t] * share[band, t], sum_b share = 1. Totals keep the accuracy and interval of
their model; shares come from `models.band_shares`, which follows children up the ages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from data.panels.history import History
from data.vocabulary import ALL
from models.band_shares import BandShares, FittedShares
from models.base import QUANTILE_DRAWS, Array, FittedModel, Forecast, Model
from models.joining import FittedHandOver

HEADLINE = "headline"
"""Name of the forecast that ``sendplan forecast`` and the app show."""


@dataclass(frozen=True)
class BandedForecast:
    """Totals and the age bands that add up to them in every draw.

    Parameters
    ----------
    model, origin
        Name and last January seen.
    totals
        Forecast of totals for every January from the origin to the last one wanted.
    shares
        Fitted shares.
    januaries
        Januaries wanted.
    national_growth
        Yearly log growth of England's total that age bands are measured against; None where the model gives none: that of the
        last year.
    """

    model: str
    origin: int
    totals: Forecast
    shares: FittedShares
    januaries: tuple[int, ...]
    national_growth: Array | None = None

    def draws(self, count: int, rng: np.random.Generator) -> xr.DataArray:
        """Return joint draws in plans, dims ``(draw, area, series, january)``."""
        total = self.totals.draws(count, rng).sel(series=[ALL])
        bands = self.shares.bands(total.isel(series=0, drop=True), rng, self.national_growth)
        both = xr.concat([total, bands.transpose(*total.dims)], dim="series", join="exact")
        return both.sel(january=list(self.januaries)).rename("plans")

    def quantiles(self, probabilities: Sequence[float]) -> xr.DataArray:
        """Return marginal quantiles, dims ``(area, series, january, quantile)``: exact for totals, of draws for bands."""
        draws = self.draws(QUANTILE_DRAWS, np.random.default_rng(self.origin))
        bands = (
            draws.drop_sel(series=ALL).quantile(list(probabilities), dim="draw").transpose(..., "quantile")
        )
        total = self.totals.quantiles(probabilities).sel(january=list(self.januaries), series=[ALL])
        return xr.concat([total, bands], dim="series", join="exact")


@dataclass(frozen=True)
class FittedBanded:
    """A fitted model of totals with fitted age-band shares.

    Parameters
    ----------
    name, origin
        Name, and the last January seen.
    totals, shares
        What was fitted.
    longest
        Years ahead that are always drawn.
    """

    name: str
    origin: int
    totals: FittedModel
    shares: FittedShares
    longest: int

    def forecast(self, januaries: Sequence[int], areas: Sequence[int] | None = None) -> BandedForecast:
        """Forecast Januaries after the origin."""
        # Shares move year by year, so the years between are needed too, and those after, so that no January depends on the last.
        last = max(self.origin + self.longest, max(januaries))
        every = list(range(self.origin + 1, last + 1))
        inner = self.totals.forecast(every, areas)
        growth = self.totals.national_growth if isinstance(self.totals, FittedHandOver) else None
        return BandedForecast(self.name, self.origin, inner, self.shares, tuple(januaries), growth)


@dataclass(frozen=True)
class Banded:
    """A model of totals with age bands from the share model.

    Parameters
    ----------
    name
        Name of the forecast.
    totals, shares
        The models.
    longest
        Years ahead that are always drawn.
    """

    name: str
    totals: Model
    shares: BandShares
    longest: int

    def fit(self, history: History, *, rng: np.random.Generator) -> FittedBanded:
        """Fit totals and shares."""
        totals, shares = self.totals.fit(history, rng=rng), self.shares.fit(history, rng=rng)
        return FittedBanded(self.name, history.origin, totals, shares, self.longest)
