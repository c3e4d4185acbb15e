"""Synthetic histories with known truth, for tests that need no published data."""

from __future__ import annotations

import numpy as np
import xarray as xr

from data.panels.history import FIRST_PROJECTION_ORIGIN, FLOWS, RESIDENTS_DELAY, SERIES, History
from data.vocabulary import AGES, BAND_CODES, PROVISION_CODES

AGE_SHARE = np.concatenate(
    [[0.01, 0.01, 0.02], np.full(6, 0.31 / 6), np.full(5, 0.074), np.full(4, 0.0525), np.full(6, 0.07 / 6)]
)
"""Plans at single ages 2 to 25 as a share of all, in step with `BAND_SHARE`."""

FLOW_SHARE = (0.2, 0.05, 0.16, 0.15, 0.04, 0.15, 0.08)
"""Flows of `FLOWS` a year as a share of plans."""

PROVISION_SHARE = {
    "mainstream": 0.45,
    "state_special": 0.3,
    "general_fe": 0.1,
    "inmss": 0.06,
    "specialist_base": 0.05,
    "specialist_post16": 0.02,
    "not_recorded": 0.02,
}
"""Plans by provision as a share of all."""

BAND_SHARE = np.array([0.04, 0.31, 0.37, 0.21, 0.07])
FIRST, LAST = 2010, 2025


def history(
    areas: int = 40,
    growth: float = 0.09,
    noise: float = 0.04,
    seed: int = 1,
    last: int = LAST,
) -> History:
    """Return a history whose log totals are a random walk with common drift ``growth`` and area noise ``noise``."""
    rng = np.random.default_rng(seed)
    years = last - FIRST + 1
    start = rng.lognormal(7.5, 0.6, size=areas)
    walk = np.cumsum(growth + noise * rng.standard_normal((areas, years)), axis=1)
    total = np.round(start[:, None] * np.exp(walk - walk[:, :1]))
    split = rng.dirichlet(200 * BAND_SHARE, size=areas)
    bands = total[:, None, :] * split[:, :, None]
    codes = list(range(301, 301 + areas))
    januaries = list(range(FIRST, last + 1))
    stock = xr.DataArray(
        np.concatenate([total[:, None, :], bands], axis=1),
        dims=("area", "series", "january"),
        coords={"area": codes, "series": list(SERIES), "january": januaries},
    )
    stock = stock.where(~((stock["series"] == BAND_CODES[-1]) & (stock["january"] < 2016)))
    flows = xr.Dataset(
        {
            name: (("area", "year"), share * total[:, :-1] * rng.lognormal(0, 0.1, (areas, years - 1)))
            for name, share in zip(FLOWS, FLOW_SHARE, strict=True)
        },
        coords={"area": codes, "year": januaries[:-1]},
    )
    ages = list(range(26))
    mid_years = list(range(min(2019, last - RESIDENTS_DELAY), last))
    residents = xr.DataArray(
        np.broadcast_to(start[:, None, None], (areas, len(mid_years), len(ages)))
        * rng.uniform(0.8, 1.2, (1, 1, 26)),
        dims=("area", "mid_year", "age"),
        coords={"area": codes, "mid_year": mid_years, "age": ages},
    )
    new_plans_by_band = xr.DataArray(
        0.15 * bands[:, :, 1:],
        dims=("area", "series", "year"),
        coords={"area": codes, "series": list(BAND_CODES), "year": januaries[:-1]},
    )
    by_age = xr.DataArray(
        total[:, None, -2:] * AGE_SHARE[None, :, None],
        dims=("area", "age", "january"),
        coords={"area": codes, "age": list(AGES), "january": januaries[-2:]},
    )
    flow_ages = [a for a in AGES if a <= 20]
    new_plans_by_age = (
        (0.15 * by_age.sel(age=flow_ages)).rename(january="year").assign_coords(year=[last - 2, last - 1])
    )
    leavers = (
        (0.06 * by_age.sel(age=flow_ages[:-1]))
        .rename(january="year")
        .assign_coords(year=[last - 2, last - 1])
    )
    leavers_by_age = leavers.expand_dims(reason=["needs_met", "transfer"], axis=2) / 2
    # A generator of their own, so that the rest of a made-up history is what it was before placements were held.
    places = np.random.default_rng([seed, 1])
    mix = [PROVISION_SHARE.get(code, 0.0) for code in PROVISION_CODES]
    weight = np.array(mix) * places.lognormal(0, 0.2, (areas, 1, len(mix)))
    weight = weight * places.lognormal(0, 0.03, (areas, years, len(mix)))
    placements = xr.DataArray(
        (total[:, :, None] * weight / weight.sum(axis=2, keepdims=True)).transpose(0, 2, 1),
        dims=("area", "provision", "january"),
        coords={"area": codes, "provision": list(PROVISION_CODES), "january": januaries},
    )
    projection = residents.isel(mid_year=[-1] * 16).assign_coords(mid_year=list(range(last, last + 16)))
    return History(
        origin=last,
        stock=stock,
        flows=flows,
        pooled=xr.DataArray(np.ones(areas, dtype=bool), dims="area", coords={"area": codes}),
        spliced=xr.zeros_like(stock.isel(series=0, drop=True), dtype=bool),
        region=xr.DataArray([f"Region {i % 4}" for i in range(areas)], dims="area", coords={"area": codes}),
        residents=residents,
        new_plans_by_band=new_plans_by_band,
        stock_by_age=by_age,
        new_plans_by_age=new_plans_by_age,
        leavers_by_age=leavers_by_age,
        projection=projection,
        placements=placements,
    )


def corrupted_after(whole: History, origin: int, seed: int = 9) -> History:
    """Return a history in which every figure after the origin is replaced by nonsense."""
    rng = np.random.default_rng(seed)
    junk = xr.DataArray(
        rng.uniform(1, 99_999, whole.stock.shape), dims=whole.stock.dims, coords=whole.stock.coords
    )

    def junk_like(v: xr.DataArray) -> xr.DataArray:
        return xr.DataArray(rng.uniform(1, 99_999, v.shape), dims=v.dims, coords=v.coords)

    def spoilt(v: xr.DataArray, time: str, last: int) -> xr.DataArray:
        return v.where(v[time] <= last, junk_like(v))

    flow_junk = whole.flows.map(junk_like)
    return History(
        origin=whole.origin,
        stock=whole.stock.where(whole.stock["january"] <= origin, junk),
        flows=whole.flows.where(whole.flows["year"] <= origin - 1, flow_junk),
        pooled=whole.pooled,
        spliced=whole.spliced,
        region=whole.region,
        residents=spoilt(whole.residents, "mid_year", origin - RESIDENTS_DELAY),
        new_plans_by_band=spoilt(whole.new_plans_by_band, "year", origin - 1),
        stock_by_age=spoilt(whole.stock_by_age, "january", origin),
        new_plans_by_age=spoilt(whole.new_plans_by_age, "year", origin - 1),
        leavers_by_age=spoilt(whole.leavers_by_age, "year", origin - 1),
        projection=whole.projection + 77_777.0 if origin < FIRST_PROJECTION_ORIGIN else whole.projection,
        placements=spoilt(whole.placements, "january", origin),
    )
