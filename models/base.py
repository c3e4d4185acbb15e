"""The protocol of demand models: fit to a history, forecast Januaries, and give quantiles and draws.

Equation of the contract: ``model.fit(history, rng=rng).forecast(januaries)`` describes the number of EHC
plans y[area, series, january] where ``series`` is ``"All"`` or an age band. A forecast answers two
questions and both come from the same distribution:

* ``quantiles(p)``: marginal quantiles of each cell, exact where the model allows;
* ``draws(n, rng)``: joint draws over Januaries, equal in their margins to the quantiles.

A model sees only its `History`; nothing later than ``history.origin`` is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import xarray as xr

from data.panels.history import History

Array = npt.NDArray[np.float64]

Floats = npt.NDArray[np.floating[Any]]
"""Real numbers of either precision: large arrays of draws are kept in single precision."""

QUANTILE_DRAWS = 1000
"""Draws behind the quantiles of a `SampleForecast`."""


def shares_of(counts: Array, axis: int) -> Array:
    """Return counts as shares that add up to 1 along an axis; all 0 where there is nothing to share."""
    total = counts.sum(axis=axis, keepdims=True)
    return np.asarray(counts / np.where(total > 0, total, 1))


class Forecast(Protocol):
    """A distribution of plans over areas, series and Januaries."""

    @property
    def model(self) -> str:
        """Name of the model."""

    @property
    def origin(self) -> int:
        """Last January the model saw."""

    def quantiles(self, probabilities: Sequence[float]) -> xr.DataArray:
        """Return quantiles in plans, dims ``(area, series, january, quantile)``."""

    def draws(self, count: int, rng: np.random.Generator) -> xr.DataArray:
        """Return draws in plans, dims ``(draw, area, series, january)``."""


class FittedModel(Protocol):
    """A model that has been fitted to a history."""

    def forecast(self, januaries: Sequence[int], areas: Sequence[int] | None = None) -> Forecast:
        """Forecast Januaries after the origin, for some areas or all."""


class Model(Protocol):
    """A demand model."""

    @property
    def name(self) -> str:
        """Short name, as printed in the track record."""

    def fit(self, history: History, *, rng: np.random.Generator) -> FittedModel:
        """Fit to a history and return the fitted model; neither argument is changed."""


@dataclass(frozen=True)
class QuantileForecast:
    """A forecast given by the quantile function of each cell.

    Quantile p of a cell is exp(log(f + 1) + s sign(p - 1/2) Q(|2p - 1|)) - 1, never below 0, with f the median, s
    the scale and Q the quantile function of the series' absolute scaled errors.

    Draws follow a Gaussian copula. Over Januaries its correlation between horizons h < k is sqrt(h / k), that of
    a random walk: a forecast that is high next year stays high the year after. Between the total and each band it
    is ``sqrt(shared)``. Uniforms are stratified within each cell, so the margins of n draws match the quantiles to
    about 1/n.

    Parameters
    ----------
    model, origin
        Name of the model and the last January it saw.
    median
        Point forecast in plans, dims ``(area, series, january)``.
    scale
        Spread on log(plans + 1), same dims; grows with the horizon.
    errors
        Series -> absolute scaled errors of past forecasts, ascending, dimensionless.
    shared
        Share of a band's latent variance that it has in common with the total, 0 to 1.
    """

    model: str
    origin: int
    median: xr.DataArray
    scale: xr.DataArray
    errors: Mapping[str, Array]
    shared: float = 0.0

    def quantiles(self, probabilities: Sequence[float]) -> xr.DataArray:
        """Return marginal quantiles in plans, dims ``(area, series, january, quantile)``."""
        p = np.asarray(probabilities, dtype=float)
        signed = np.stack(
            [self._signed(s, p) for s in self.median["series"].to_numpy()]
        )  # (series, quantile)
        values = self._plans(signed[None, :, None, :])
        coords = {**self.median.coords, "quantile": p}
        return xr.DataArray(values, dims=(*self.median.dims, "quantile"), coords=coords, name="plans")

    def draws(self, count: int, rng: np.random.Generator) -> xr.DataArray:
        """Return joint draws in plans, dims ``(draw, area, series, january)``."""
        horizon = (self.median["january"] - self.origin).to_numpy().astype(float)
        walk = np.sqrt(np.minimum.outer(horizon, horizon) / np.maximum.outer(horizon, horizon))
        factor = np.linalg.cholesky(walk + 1e-10 * np.eye(len(horizon)))
        latent = rng.standard_normal((*self.median.shape, count))
        latent[:, 1:] = np.sqrt(1 - self.shared) * latent[:, 1:] + np.sqrt(self.shared) * latent[:, :1]
        latent = np.einsum("hk,askd->ashd", factor, latent)
        rank = latent.argsort(axis=-1).argsort(axis=-1)
        uniform = (rank + rng.random(latent.shape)) / count
        signed = np.stack(
            [self._signed(s, uniform[:, k]) for k, s in enumerate(self.median["series"].to_numpy())], axis=1
        )
        return xr.DataArray(
            self._plans(signed),
            dims=(*self.median.dims, "draw"),
            coords={**self.median.coords, "draw": np.arange(count)},
            name="plans",
        ).transpose("draw", ...)

    def _signed(self, series: str, p: Array) -> Array:
        """Return signed scaled errors of one series at probabilities ``p``."""
        errors = self.errors[series]
        return np.asarray(
            np.sign(p - 0.5) * np.interp(np.abs(2 * p - 1), np.linspace(0, 1, len(errors)), errors)
        )

    def _plans(self, signed: Array) -> Array:
        """Return plans from signed scaled errors with a free last axis."""
        centre = np.log1p(self.median.to_numpy())[..., None]
        return np.asarray(np.maximum(np.expm1(centre + self.scale.to_numpy()[..., None] * signed), 0.0))


@dataclass(frozen=True)
class SampleForecast:
    """A forecast given by joint draws.

    Parameters
    ----------
    model, origin
        Name of the model and the last January it saw.
    sample
        Function (count, rng) -> draws in plans, dims ``(draw, area, series, january)``.
    """

    model: str
    origin: int
    sample: Callable[[int, np.random.Generator], xr.DataArray]

    def quantiles(self, probabilities: Sequence[float]) -> xr.DataArray:
        """Return quantiles of a fixed sample of `QUANTILE_DRAWS`, dims ``(area, series, january, quantile)``."""
        draws = self.draws(QUANTILE_DRAWS, np.random.default_rng(self.origin))
        return draws.quantile(list(probabilities), dim="draw").transpose(..., "quantile")

    def draws(self, count: int, rng: np.random.Generator) -> xr.DataArray:
        """Return joint draws in plans, dims ``(draw, area, series, january)``."""
        return self.sample(count, rng)
