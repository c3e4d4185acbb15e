"""Read the flows of placements up to the latest January from the published tables.

Which authorities are held, and on what ages, is said in `data.panels.placement_flow`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from data import tables
from data.errors import TableError
from data.panels import composition_tables
from data.panels.composition import Composition
from data.panels.history import History
from data.panels.placement_flow import NEW_YEARS, Array, PlacementFlows
from data.vocabulary import AGES, PROVISION_CODES


def load(history: History, composition: Composition) -> PlacementFlows:
    """Read the flows of placements up to the latest January that has them, and choices up to the composition's.

    Raises
    ------
    TableError
        No authority returned placements by age at both Januaries.
    """
    stock = tables.read("plans_age_placement")
    january = _latest_pair(stock)
    stock = stock[stock["january"].isin([january - 1, january])]
    sound = stock.groupby("la_code").agg(
        januaries=("january", "nunique"),
        whole=("plans", lambda v: bool(v.notna().all())),
        in_line=("quality", lambda v: bool((v == "reported").all())),
    )
    joiners = (
        composition.joiners if january == composition.january else composition_tables.joiners(january - 1)
    )
    joined = joiners.sum("need", skipna=False).transpose("area", "age")
    leavers = history.leavers_by_age.sel(year=january - 1)
    left = leavers.sel(reason=[r for r in leavers["reason"].to_numpy().tolist() if r != "transfer"])
    ended_by_age = left.sum("reason", skipna=False).transpose("area", "age")
    known = (joined.notnull().all("age") & ended_by_age.notnull().all("age")).to_series()
    usable = sound.index[(sound["januaries"] == 2) & sound["whole"] & sound["in_line"]]
    areas = [a for a in usable.tolist() if bool(known.get(a, False))]
    if not areas:
        raise TableError(
            f"No authority returned placements by age for both January {january - 1} and January {january}, so moves between "
            "settings cannot be estimated. Add the releases that hold them with 'sendplan data build'."
        )
    before = _cube(stock[stock["january"] == january - 1], areas)
    return PlacementFlows(
        areas=tuple(areas),
        january=january,
        before=before,
        after=_cube(stock[stock["january"] == january], areas),
        joiners=joined.sel(area=areas).to_numpy(),
        leavers=_spread_oldest(ended_by_age.sel(area=areas).to_numpy(), before.sum(axis=2)),
        new=_new(areas, composition.january),
        ended=_ended(january - 1),
    )


def _latest_pair(stock: pd.DataFrame) -> int:
    """Return the latest January for which most authorities returned placements by age, then and a year before."""
    returned = stock.loc[stock["plans"].notna()].groupby("january")["la_code"].nunique()
    most = returned.index[returned > returned.max() / 2]
    pairs = [int(j) for j in most if j - 1 in most]
    return max(pairs, default=int(stock["january"].max()))


def _cube(rows: pd.DataFrame, areas: list[int]) -> Array:
    grid: Mapping[str, list[object]] = {"area": [*areas], "age": [*AGES], "provision": [*PROVISION_CODES]}
    summed = rows.groupby(["la_code", "age", "provision"])["plans"].sum().astype("float64")
    array = summed.to_xarray().rename({"la_code": "area"}).reindex(grid).fillna(0.0)
    values: Array = array.transpose("area", "age", "provision").to_numpy()
    return values


def _spread_oldest(ended: Array, plans: Array) -> Array:
    """Return ended plans at every age of `AGES`; the oldest row is divided as plans are, at most all plans."""
    oldest = ended.shape[1] - 1
    share = plans[:, oldest:] / np.maximum(plans[:, oldest:].sum(axis=1, keepdims=True), 1.0)
    whole = np.concatenate([ended[:, :oldest], ended[:, [oldest]] * share], axis=1)
    capped: Array = np.minimum(whole, plans)
    return capped


def _new(areas: list[int], january: int) -> Array:
    rows = tables.read("new_plans_placement")
    rows = rows[rows["year"].between(january - NEW_YEARS, january - 1)]
    summed = rows.groupby(["la_code", "provision"])["plans"].sum().astype("float64")
    grid = pd.MultiIndex.from_product([areas, PROVISION_CODES])
    return np.asarray(summed.reindex(grid).fillna(0.0).to_numpy(), dtype=float).reshape(len(areas), -1)


def _ended(year: int) -> Array:
    rows = tables.read("ceased_plans_placement")
    rows = rows[(rows["year"] == year) & ~rows["reason"].isin(["All", "transfer"])]
    summed = rows.groupby("provision")["plans"].sum().astype("float64")
    return np.asarray(summed.reindex(list(PROVISION_CODES)).fillna(0.0).to_numpy(), dtype=float)
