"""From a demand forecast to `Plans` by single age and need.

Equation, draw by draw: plans[january, age, need] = band[january, band(age)] * share[january, age, need | band].
Bands come from the demand model and already add up to its total; shares add up to 1 within a band; so ages and
needs add up to the total in every draw.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from data.composition import Composition
from data.vocabulary import AGE_BANDS, AGES, BAND_CODES, NEED_CODES
from forecast.outcome import Plans
from models import mix
from models.base import Array


def simulate(
    bands: xr.DataArray,
    band_stock: xr.DataArray,
    composition: Composition,
    la_code: int,
    *,
    model: str,
    origin: int,
    rng: np.random.Generator,
) -> Plans:
    """Return plans by age and need for one authority.

    Parameters
    ----------
    bands
        Draws of plans by age band, dims ``(draw, series, january)``, ``series`` being the five bands.
    band_stock
        Last published plans by band, dims ``(series,)`` with its ``january``; used where age or need was not returned.
    composition
        How plans were made up at the latest January.
    la_code
        DfE number of the authority.
    model, origin
        Labels carried to the result.
    rng
        Source of randomness for the mix.
    """
    januaries: Sequence[int] = bands["january"].to_numpy().tolist()
    england = composition.stock.sum("area").to_numpy()
    stock, estimated = known_stock(composition, la_code, band_stock)
    joiners = composition.joiners.sel(area=la_code).to_numpy()
    if np.isnan(joiners).any():
        joiners = composition.joiners.sum("area").to_numpy() * (stock.sum() / england.sum())
    share = mix.share_draws(
        stock,
        joiners,
        composition.leaver_hazard.to_numpy(),
        england,
        [j - origin for j in januaries],
        bands.sizes["draw"],
        rng,
    )
    totals = bands.sel(series=list(BAND_CODES)).transpose("draw", "january", "series").to_numpy()
    future = np.empty_like(share)
    for column, rows in enumerate(mix.band_rows()):
        future[:, :, rows, :] = share[:, :, rows, :] * totals[:, :, column, None, None]
    coords = {"age": list(AGES), "need": list(NEED_CODES)}
    return Plans(
        model=model,
        origin=origin,
        known_january=int(band_stock["january"]),
        known=xr.DataArray(stock, dims=("age", "need"), coords=coords),
        estimated_mix=estimated,
        future=xr.DataArray(
            future,
            dims=("draw", "january", "age", "need"),
            coords={"draw": bands["draw"], "january": januaries, **coords},
            name="plans",
        ),
    )


def known_stock(composition: Composition, la_code: int, band_stock: xr.DataArray) -> tuple[Array, bool]:
    """Return (plans by age and need, estimated?) of an authority at the latest January.

    Published figures are returned as they are. Where needs were not published, England's mix by age is applied to the
    authority's single ages; where those were not either, to its last published age bands.
    """
    own = composition.stock.sel(area=la_code).to_numpy()
    if not np.isnan(own).any():
        return own, False
    england = composition.stock.sum("area").to_numpy()
    ages = composition.age_provision.sel(area=la_code).sum("provision").to_numpy()
    if ages.any() and int(composition.placement_january.sel(area=la_code)) == composition.january:
        return ages[:, None] * england / england.sum(axis=1, keepdims=True), True
    share = mix.band_shares(england)
    bands = band_stock.sel(series=[b.code for b in AGE_BANDS]).to_numpy()
    estimate = np.zeros_like(share)
    for column, rows in enumerate(mix.band_rows()):
        estimate[rows] = share[rows] * bands[column]
    return estimate, True
