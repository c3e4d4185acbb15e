"""Read the composition of plans at the latest January from the published tables.

Rules that put ages on one footing, and that fill what is not published yet, are those of `data.panels.composition`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from data import tables
from data.panels import history_tables, leaver_tables
from data.panels.composition import OLDEST_FLOW_AGE, Composition
from data.panels.estimated_cells import fit_margins, with_england
from data.published_needs import DOWN_SYNDROME
from data.vocabulary import AGES, NEED_CODES, PROVISION_CODES

MOST_NOT_RECORDED = 0.5
"""Share of a year's new plans without a recorded need above which the rest say nothing about an authority's needs."""

Grid = dict[str, tuple[object, ...]]
"""Dimension to all its codes."""

AGE_GRID: Grid = {"age": AGES}
NEED_GRID: Grid = {"age": AGES, "need": NEED_CODES}
PROVISION_GRID: Grid = {"age": AGES, "provision": PROVISION_CODES}


def load() -> Composition:
    """Read the latest composition of the current authorities' plans from the published tables."""
    areas = _current_areas()
    ages = tables.read("plans_age")
    january = int(ages["january"].max())
    published = _with_other(tables.read("plans_age_need"))
    need_january = int(published["january"].max())
    stock = cube(at(published, need_january), areas, NEED_GRID)
    hazard = leaver_hazard(january - 1)
    for later in range(need_january + 1, january + 1):
        stock = _aged_on(
            stock, joiners(later - 1), leaver_hazard(later - 1), cube(at(ages, later), areas, AGE_GRID)
        )
    by_age, placement_january = _age_provision(january, areas)
    return Composition(
        january=january,
        need_january=need_january,
        stock=stock,
        joiners=joiners(january - 1),
        joiners_before=joiners(january - 2),
        leaver_hazard=hazard,
        age_provision=by_age,
        placement_january=placement_january,
        need_provision=_need_provision(january, stock, by_age.where(placement_january == january)),
    )


def joiners(year: int) -> xr.DataArray:
    """Return new plans of a calendar year with a recorded need, by age at the January after, dims ``(area, age, need)``.

    Rule ``crossings_from_margins`` where their ages and needs are not published together; NaN throughout for a year before the
    first of which needs are published.
    """
    areas = _current_areas()
    table = _with_other(tables.read("new_plans_age_need"))
    if year < int(table["year"].min()):
        return _not_published(areas)
    latest = min(year, int(table["year"].max()))
    counted = cube(table[table["year"] == latest], areas, NEED_GRID)
    oldest_plans = cube(
        at(tables.read("plans_age_need"), int(tables.read("plans_age_need")["january"].max())),
        areas,
        NEED_GRID,
    )
    england_age = oldest_plans.sum(("area", "need"))
    recorded = counted.where(counted["need"] != "UNKNOWN", 0.0)
    crossed = _a_year_older(_spread_oldest(recorded, england_age), oldest_plans)
    return crossed if latest == year else _from_margins(crossed, year, england_age)


def _not_published(areas: list[int]) -> xr.DataArray:
    """Return plans by age and need of which nothing is known."""
    coords: Grid = {"area": tuple(areas), **NEED_GRID}
    return xr.DataArray(np.nan, coords={d: list(v) for d, v in coords.items()}, dims=tuple(coords))


def _from_margins(crossed: xr.DataArray, year: int, england_age: xr.DataArray) -> xr.DataArray:
    """Return new plans of a year by age and need from both margins and the crossing of an earlier year."""
    areas = crossed["area"].to_numpy().tolist()
    needs = _with_other(tables.read("new_plans_need"))
    by_need = cube(needs[needs["year"] == year], areas, {"need": NEED_CODES})
    unknown = by_need.sel(need="UNKNOWN", drop=True)
    by_need = by_need.where(by_need["need"] != "UNKNOWN", 0.0)
    usable = unknown <= MOST_NOT_RECORDED * (by_need.sum("need") + unknown)
    counted = history_tables.new_plans_by_age().reindex(area=areas).sel(year=year, drop=True)
    rows = _spread_oldest(counted.reindex(age=list(AGES)), england_age).transpose("area", "age")
    rows = rows / rows.sum("age", skipna=False) * by_need.sum("need", skipna=False)
    fitted = fit_margins(
        with_england(crossed.to_numpy()),
        rows.to_numpy(),
        by_need.where(usable).transpose("area", "need").to_numpy(),
    )
    return crossed.copy(data=fitted)


def _aged_on(
    stock: xr.DataArray, joined: xr.DataArray, hazard: xr.DataArray, ages: xr.DataArray
) -> xr.DataArray:
    """Return plans by age and need a year later (rule ``needs_aged_on``), dims ``(area, age, need)``.

    Where the new plans of an authority say nothing about its needs, England's stand for them. An authority whose ages of the year
    after are not published keeps the plans of the January before.
    """
    england = joined.sum("area")
    mix = england / england.sum("need")
    # Those who joined and stayed: all plans of an age less those who were there a year before.
    stayed = (stock * (1 - hazard)).shift(age=1, fill_value=0.0)
    own = joined.sum("need", skipna=False)
    new = joined.where(own.notnull(), (ages - stayed.sum("need")).clip(min=0.0) * mix)
    older = (stayed + new.fillna(0.0)).where(stock.notnull().all(("age", "need")))
    total = older.sum("need", skipna=False)
    worked_out = older.where(total != 0, older + 1e-9 * mix)
    scaled = worked_out * (ages / worked_out.sum("need", skipna=False))
    return scaled.where(ages.notnull().all("age"), stock).transpose("area", "age", "need")


def _age_provision(january: int, areas: list[int]) -> tuple[xr.DataArray, xr.DataArray]:
    """Return plans by age and provision, and the January they are of; rule ``crossings_from_margins``."""
    placements = tables.read("plans_age_placement")
    published = cube(at(placements, january), areas, PROVISION_GRID)
    earlier = january - 1
    a_year_before = cube(at(placements, earlier), areas, PROVISION_GRID)
    before = a_year_before.where(
        a_year_before.notnull(), cube(at(placements, earlier - 1), areas, PROVISION_GRID)
    )
    totals = cube(at(tables.read("plans_placement"), january), areas, {"provision": PROVISION_CODES})
    ages = cube(at(tables.read("plans_age"), january), areas, AGE_GRID)
    fitted = before.copy(
        data=fit_margins(with_england(before.to_numpy()), ages.to_numpy(), totals.to_numpy())
    )
    known = published.notnull().all(("age", "provision"))
    now = published.where(known, fitted)
    returned = now.notnull().all(("age", "provision"))
    of_earlier = a_year_before.notnull().all(("age", "provision")).astype(int) + earlier - 1
    return now.where(returned, before), of_earlier.where(~returned, january)


def _need_provision(january: int, stock: xr.DataArray, by_age: xr.DataArray) -> xr.DataArray:
    """Return plans by need and provision at a January, dims ``(area, need, provision)``; rule ``crossings_from_margins``.

    Parameters
    ----------
    january
        That January.
    stock
        Plans by age and need then.
    by_age
        Plans by age and provision then, NaN where an authority's are of another January.
    """
    areas = stock["area"].to_numpy().tolist()
    rows = _with_other(tables.read("plans_placement_need"))
    latest = int(rows["january"].max())
    crossed = cube(at(rows, latest), areas, {"need": NEED_CODES, "provision": PROVISION_CODES})
    whole = by_age.notnull().all(("age", "provision"))
    if latest == january:
        return crossed.where(whole)
    # Placements by need of an authority whose placements by age were not returned then are mostly "not recorded".
    placements = cube(at(tables.read("plans_age_placement"), latest), areas, PROVISION_GRID)
    usable = crossed.notnull().all(("need", "provision")) & placements.notnull().all(("age", "provision"))
    fitted = fit_margins(
        with_england(crossed.where(usable).to_numpy()),
        stock.sum("age", skipna=False).transpose("area", "need").to_numpy(),
        by_age.sum("age", skipna=False).transpose("area", "provision").to_numpy(),
    )
    return crossed.copy(data=fitted).where(whole & usable)


def _current_areas() -> list[int]:
    areas = tables.read("areas")
    return sorted(int(a) for a in areas.loc[areas["is_current"], "la_code"])


def _with_other(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with Down syndrome counted in "other" (rule ``down_syndrome_in_other``)."""
    if not (rows["need"] == DOWN_SYNDROME).any():
        return rows
    keys = [c for c in rows.columns if c not in ("plans", "marker", "quality")]
    moved = rows.assign(need=rows["need"].replace(DOWN_SYNDROME, "OTH"))
    grouped = moved.groupby(keys, dropna=False)["plans"]
    # One that is not published leaves the sum unknown.
    sums = grouped.sum().mask(grouped.count() < grouped.size())
    return sums.reset_index()


def at(rows: pd.DataFrame, january: int) -> pd.DataFrame:
    """Return the rows of one January."""
    return rows[rows["january"] == january]


def cube(rows: pd.DataFrame, areas: list[int], grid: Grid) -> xr.DataArray:
    """Return plans summed onto the full grid; NaN for an authority with an unpublished row or none at all."""
    keys = ["la_code", *grid]
    usable = rows.groupby("la_code")["plans"].agg(lambda v: bool(v.notna().all()))
    summed = rows.groupby(keys)["plans"].sum().astype("float64")
    array: xr.DataArray = summed.to_xarray().rename({"la_code": "area"})
    array = array.reindex({"area": areas, **{k: list(v) for k, v in grid.items()}}).fillna(0.0)
    known = xr.DataArray([bool(usable.get(a, False)) for a in areas], dims="area", coords={"area": areas})
    return array.where(known & (array.sum(list(grid)) > 0))


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


def leaver_hazard(year: int) -> xr.DataArray:
    """Return England's ceased plans of a calendar year per plan in the January before, by age in that January.

    Transfers between authorities are left out: they leave one authority's plans, not England's. See rule
    ``leavers_a_year_older``.
    """
    ceased = leaver_tables.load().sel(year=year).drop_sel(reason="transfer").sum("reason", skipna=False)
    stock = cube(at(tables.read("plans_age"), year), ceased["area"].to_numpy().tolist(), AGE_GRID)
    both = ceased.notnull().all("age") & stock.notnull().all("age")
    leavers = ceased.where(both).sum("area").to_series()
    plans_before = stock.where(both).sum("area").to_series()
    oldest = plans_before[plans_before.index + 1 >= OLDEST_FLOW_AGE].sum()
    hazard = [
        leavers.get(min(a + 1, OLDEST_FLOW_AGE), 0)
        / (oldest if a + 1 >= OLDEST_FLOW_AGE else plans_before[a])
        for a in AGES
    ]
    return xr.DataArray(hazard, dims="age", coords={"age": list(AGES)}).astype("float64").clip(0, 1)
