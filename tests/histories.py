"""Synthetic histories with known truth, for tests that need no published data."""

from __future__ import annotations

import numpy as np
import xarray as xr

from data.history import FLOWS, SERIES, History
from data.vocabulary import BAND_CODES

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
        dict.fromkeys(FLOWS, (("area", "year"), 0.2 * total[:, :-1])),
        coords={"area": codes, "year": januaries[:-1]},
    )
    return History(
        origin=last,
        stock=stock,
        flows=flows,
        pooled=xr.DataArray(np.ones(areas, dtype=bool), dims="area", coords={"area": codes}),
        spliced=xr.zeros_like(stock.isel(series=0, drop=True), dtype=bool),
    )


def corrupted_after(whole: History, origin: int, seed: int = 9) -> History:
    """Return a history in which every figure after the origin is replaced by nonsense."""
    rng = np.random.default_rng(seed)
    junk = xr.DataArray(
        rng.uniform(1, 99_999, whole.stock.shape), dims=whole.stock.dims, coords=whole.stock.coords
    )
    flow_junk = whole.flows.map(
        lambda v: xr.DataArray(rng.uniform(1, 99_999, v.shape), dims=v.dims, coords=v.coords)
    )
    return History(
        origin=whole.origin,
        stock=whole.stock.where(whole.stock["january"] <= origin, junk),
        flows=whole.flows.where(whole.flows["year"] <= origin - 1, flow_junk),
        pooled=whole.pooled,
        spliced=whole.spliced,
    )
