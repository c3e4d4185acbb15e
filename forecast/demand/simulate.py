"""From a demand forecast to `Plans` by single age and need: children age, join, leave and transfer, year by year.

Invariant, draw by draw: stock[a+1, t+1] = stock[a, t] - leavers + joiners + transfers at every need; ages add up to the age
bands of the demand model and so to its total (`models.cohort_flow`). The process ahead of the plan is projected from the same
joiners (`models.pipeline`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from data.panels.composition import Composition
from data.panels.history import History
from data.vocabulary import AGE_BANDS, AGES, BAND_CODES, NEED_CODES
from forecast.core.outcome import Plans
from models.base import Array
from models.cohort_flow import Flows, advance, at_todays_rates, lifetime_chance
from models.pipeline import FittedPipeline


@dataclass(frozen=True, eq=False)
class AreaDraws:
    """Draws of one authority's plans by age band, of the flows behind them and of its residents.

    Parameters
    ----------
    bands
        Plans by age band, dims ``(draw, series, january)``, ``series`` being the five bands and Januaries consecutive from the
        one after the origin.
    flows
        Rates at which children join, leave and transfer.
    residents
        Residents, dims ``(draw, january, age)`` (`models.cohort_flow.exposure_draws`).
    """

    bands: xr.DataArray
    flows: Flows
    residents: xr.DataArray


def simulate(
    draws: AreaDraws,
    history: History,
    composition: Composition,
    pipeline: FittedPipeline,
    la_code: int,
    *,
    model: str,
    rng: np.random.Generator,
) -> Plans:
    """Return plans of one authority by age and need, with the flows that make them.

    Parameters
    ----------
    draws
        Draws of the authority's plans by age band, flows and residents.
    history
        History with the origin of the forecast.
    composition
        How plans were made up at the latest January.
    pipeline
        Fitted process ahead of the plan.
    la_code
        DfE number of the authority.
    model
        Name of the demand model.
    rng
        Source of randomness for the process ahead of the plan.
    """
    known = history.latest(la_code)
    stock, estimated = known_stock(composition, la_code, known)
    targets = draws.bands.sel(series=list(BAND_CODES))
    opening = _project_to_origin(stock, history.origin - int(known["january"]), targets)
    moved = advance(opening, draws.flows, draws.residents, targets)
    joiners = moved["joiners"].sum("need").rename(january="year")
    # New plans of a calendar year are those counted for the first time in the January after it.
    process = pipeline.project(joiners.assign_coords(year=joiners["year"] - 1), la_code, rng)
    return Plans(
        model=model,
        origin=history.origin,
        known_january=int(known["january"]),
        known=stock,
        estimated_mix=estimated,
        need_january=composition.need_january,
        future=moved["stock"].rename("plans"),
        flows=moved.drop_vars("stock"),
        reason_share=draws.flows.rates["reason_share"],
        residents=draws.residents,
        process=process,
        chance=lifetime_chance(moved),
        at_todays_rates=at_todays_rates(opening, draws.flows, draws.residents),
    )


def known_stock(
    composition: Composition, la_code: int, band_stock: xr.DataArray
) -> tuple[xr.DataArray, bool]:
    """Return an authority's plans by age and need at the latest January, and whether they are estimated.

    Published figures are returned as they are. Where needs were not published, England's mix by age is applied to the
    authority's single ages; where those were not either, to its last published age bands.

    Parameters
    ----------
    composition
        How plans were made up at the latest January.
    la_code
        DfE number of the authority.
    band_stock
        Last published plans by band, dims ``(series,)`` or more.
    """
    own = composition.stock.sel(area=la_code, drop=True)
    if not own.isnull().any():
        return own, False
    england = composition.stock.sum("area").to_numpy()
    ages = composition.age_provision.sel(area=la_code).sum("provision").to_numpy()
    if ages.any() and int(composition.placement_january.sel(area=la_code)) == composition.january:
        estimate: Array = ages[:, None] * england / england.sum(axis=1, keepdims=True)
    else:
        estimate = np.zeros_like(england)
        for band in AGE_BANDS:
            rows = [AGES.index(a) for a in band.ages]
            estimate[rows] = float(band_stock.sel(series=band.code)) * england[rows] / england[rows].sum()
    return xr.DataArray(
        estimate, dims=("age", "need"), coords={"age": list(AGES), "need": list(NEED_CODES)}
    ), True


def _project_to_origin(stock: xr.DataArray, years: int, bands: xr.DataArray) -> xr.DataArray:
    """Return plans at the origin, grown from an earlier January towards the first forecast.

    Each band grows evenly in logs from its last published figure to the median of its first forecast.
    """
    if years == 0:
        return stock
    first = bands.isel(january=0).median("draw")
    parts = []
    for band in AGE_BANDS:
        part = stock.sel(age=list(band.ages))
        ratio = float(first.sel(series=band.code)) / max(float(part.sum()), 1.0)
        parts.append(part * ratio ** (years / (years + 1)))
    brought: xr.DataArray = xr.concat(parts, dim="age", join="exact")
    return brought
