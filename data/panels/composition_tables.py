"""Read the composition of plans at the latest January from the published tables.

Rules that put ages on one footing are those of `data.panels.composition`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from data import tables
from data.panels.composition import OLDEST_FLOW_AGE, Composition
from data.vocabulary import AGES, NEED_CODES, PROVISION_CODES


def load() -> Composition:
    """Read the latest composition of the current authorities' plans from the published tables."""
    areas = tables.read("areas")
    current = sorted(int(a) for a in areas.loc[areas["is_current"], "la_code"])
    stock_rows = tables.read("plans_age_need")
    january = int(stock_rows["january"].max())
    stock = _cube(stock_rows, "plans", current, age=AGES, need=NEED_CODES)
    england_age = stock.sum(("area", "need"))
    joiners = _cube(tables.read("new_plans_age_need"), "plans", current, age=AGES, need=NEED_CODES)
    placements = tables.read("plans_age_placement")
    by_age = _cube(_at(placements, january), "plans", current, age=AGES, provision=PROVISION_CODES)
    before = _cube(_at(placements, january - 1), "plans", current, age=AGES, provision=PROVISION_CODES)
    returned = by_age.notnull().all(("age", "provision"))
    by_need = _cube(
        tables.read("plans_placement_need"), "plans", current, need=NEED_CODES, provision=PROVISION_CODES
    )
    return Composition(
        january=january,
        stock=stock,
        joiners=_a_year_older(
            _spread_oldest(joiners.where(joiners["need"] != "UNKNOWN", 0.0), england_age), stock
        ),
        leaver_hazard=_leaver_hazard(january - 1),
        age_provision=by_age.where(returned, before),
        placement_january=returned.astype(int) + january - 1,
        need_provision=by_need.where(returned),
    )


def _at(rows: pd.DataFrame, january: int) -> pd.DataFrame:
    return rows[rows["january"] == january]


def _cube(rows: pd.DataFrame, value: str, areas: list[int], **dims: tuple[object, ...]) -> xr.DataArray:
    """Return rows summed onto the full grid; NaN for an authority with an unpublished row or none at all."""
    keys = ["la_code", *dims]
    usable = rows.groupby("la_code")[value].agg(lambda v: bool(v.notna().all()))
    summed = rows.groupby(keys)[value].sum().astype("float64")
    array: xr.DataArray = summed.to_xarray().rename({"la_code": "area"})
    array = array.reindex({"area": areas, **{k: list(v) for k, v in dims.items()}}).fillna(0.0)
    known = xr.DataArray([bool(usable.get(a, False)) for a in areas], dims="area", coords={"area": areas})
    return array.where(known & (array.sum(list(dims)) > 0))


def _spread_oldest(flow: xr.DataArray, stock_by_age: xr.DataArray) -> xr.DataArray:
    """Divide the "20 and over" row of a flow between ages 20 to 25, in proportion to England's plans."""
    oldest = [a for a in AGES if a >= OLDEST_FLOW_AGE]
    weight = stock_by_age.sel(age=oldest) / stock_by_age.sel(age=oldest).sum()
    spread = (flow.sel(age=OLDEST_FLOW_AGE, drop=True) * weight).reindex(age=list(AGES)).transpose(*flow.dims)
    return flow.where(flow["age"] < OLDEST_FLOW_AGE, spread)


def _a_year_older(joiners: xr.DataArray, stock: xr.DataArray) -> xr.DataArray:
    """Move joiners up one year of age: rule ``joiners_a_year_younger``.

    The youngest row ("2 and under") stays steady: joiners who replace its stock remain in it, the rest turn 3.
    """
    youngest, second = AGES[0], AGES[1]
    moved = joiners.shift(age=1, fill_value=0.0)
    steady = np.minimum(stock.sel(age=youngest, drop=True).fillna(0.0), joiners.sel(age=youngest, drop=True))
    moved = moved.where(moved["age"] != youngest, steady)
    return moved.where(moved["age"] != second, moved - steady).transpose(*joiners.dims)


def _leaver_hazard(year: int) -> xr.DataArray:
    """Return England's ceased plans of a calendar year per plan in the January before, by age in that January.

    Transfers between authorities are left out: they leave one authority's plans, not England's. See rule
    ``leavers_a_year_older``.
    """
    ceased = tables.read("ceased_plans_age")
    ceased = ceased[(ceased["year"] == year) & (ceased["reason"] != "All") & (ceased["reason"] != "transfer")]
    stock = tables.read("plans_age")
    stock = stock[stock["january"] == year]
    both = set(ceased["la_code"]) & set(stock.loc[stock["plans"].notna(), "la_code"])
    leavers = ceased[ceased["la_code"].isin(both)].groupby("age")["plans"].sum()
    plans_before = stock[stock["la_code"].isin(both)].groupby("age")["plans"].sum()
    oldest = plans_before[plans_before.index + 1 >= OLDEST_FLOW_AGE].sum()
    hazard = [
        leavers.get(min(a + 1, OLDEST_FLOW_AGE), 0)
        / (oldest if a + 1 >= OLDEST_FLOW_AGE else plans_before[a])
        for a in AGES
    ]
    return xr.DataArray(hazard, dims="age", coords={"age": list(AGES)}).astype("float64").clip(0, 1)
