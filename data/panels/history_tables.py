"""Panels: read published tables into a `History`.

``series``
    148 long series. Areas that were split or merged are added together for all years (Bournemouth, Poole and
    Dorset; Northamptonshire; Cumbria), because a sum of parts is comparable through a reorganisation. City of
    London and Isles of Scilly are left out: they hold fewer than 30 plans. Back-tests use this panel.
``current``
    The 153 authorities of today. Years before an authority existed are the old area's figures times its
    share at its first January: an estimate, flagged in ``History.spliced``.
"""

from __future__ import annotations

from typing import Literal

import pandas as pd
import xarray as xr

from data import tables
from data.panels import leaver_tables
from data.panels.age_footing import published_age_matrix, stock_age_profile, stock_age_shares
from data.panels.history import FLOWS, SERIES, History
from data.vocabulary import (
    AGE_BANDS,
    ALL,
    BAND_CODES,
    POPULATION_BASES,
    PROVISION_CODES,
    SMALLEST_AUTHORITIES,
)

Panel = Literal["series", "current"]

LAST_YEAR_PENDING = 2021
"""Assessments under way at the end of the year: later returns count something else under the same name."""

PROJECTED_BASES: tuple[str, ...] = tuple(b for b, kind in POPULATION_BASES.items() if kind == "projection")
"""Bases of the population table that are projections, whatever year they are for."""

FIRST_YEAR_OF_AGE_AT_START = 2025
"""First calendar year whose new plans are published by age on the day the plan started."""

COUNTED_OLDER = 0.38
"""Share of new plans counted, to 2024, at a year more than the age at 31 August before the following January. Fitted to England's
change in stock plus leavers at ages 3 to 15, 2024: the sum of squared root differences is 45, without it 1,019."""

COUNTED_YOUNGER = 0.20
"""Share counted, from 2025, at a year less. Fitted likewise, 2025: 27, without it 411."""

FIRST_JANUARY_20_25 = 2016
"""Plans at ages 20 to 25 were first collected in 2015, when almost none existed; usable from 2016."""


def load(panel: Panel = "current") -> History:
    """Read the published tables into a history with the latest origin.

    Parameters
    ----------
    panel
        ``"current"`` for today's 153 authorities, ``"series"`` for the 148 long series of the back-tests.
    """
    # Placements go through the same sums and splices as totals, as further series.
    stock = xr.concat([_totals(), _bands(), _placements()], dim="series", join="exact")
    stock = stock.sel(series=[*SERIES, *PROVISION_CODES]).transpose("area", "series", "january")
    flows = _flows()
    members = _members(panel)
    grouped = _sum_members(stock, members)
    spliced = xr.zeros_like(grouped.isel(series=0, drop=True), dtype=bool)
    if panel == "current":
        grouped, spliced = _splice(grouped, _sum_members(stock, _members("series", keep_tiny=True)))
    pooled = xr.DataArray(
        [a not in SMALLEST_AUTHORITIES for a in grouped["area"].to_numpy()],
        dims="area",
        coords={"area": grouped["area"]},
    )
    return History(
        origin=int(stock["january"][-1]),
        stock=grouped.sel(series=list(SERIES)),
        flows=_sum_members(flows.to_array("flow"), members).to_dataset("flow"),
        pooled=pooled,
        spliced=spliced,
        region=_regions(list(members)),
        new_plans_by_band=_sum_members(_new_plans_by_band(), members).rename(age_band="series"),
        stock_by_age=_sum_members(
            _cube(tables.read("plans_age"), ["la_code", "january", "age"], "plans"), members
        ),
        new_plans_by_age=_sum_members(new_plans_by_age(), members),
        leavers_by_age=_sum_members(_leavers_by_age(), members),
        residents=_residents(members, estimates=True),
        projection=_residents(members, estimates=False),
        placements=grouped.sel(series=list(PROVISION_CODES)).rename(series="provision").rename("placements"),
    )


def population() -> xr.DataArray:
    """Return residents aged 0 to 25 at each mid-year, estimated or projected, dims ``(area, mid_year)``."""
    rows = tables.read("population").groupby(["la_code", "mid_year"])["population"].sum()
    residents: xr.DataArray = rows.to_xarray().rename({"la_code": "area"})
    return residents


def out_of_line(la_code: int) -> tuple[int, ...]:
    """Return the Januaries whose total is kept although it differs sharply from the year before."""
    totals = tables.read("plans_total")
    mine = totals[(totals["la_code"] == la_code) & (totals["quality"] == "out_of_line")]
    return tuple(int(j) for j in mine["january"])


def issued_in_twenty_weeks(la_code: int) -> tuple[int, float] | None:
    """Return the latest calendar year and its share of plans issued within 20 weeks; None if not published.

    Exceptions allowed by regulation are left out.
    """
    rows = tables.read("timeliness")
    mine = (
        rows[rows["la_code"] == la_code]
        .pivot_table(index="year", columns="measure", values="value", aggfunc="first")
        .astype("float64")
    )
    share = (mine["within_20_weeks_excl_exceptions"] / mine["issued_excl_exceptions"]).dropna()
    return (int(share.index[-1]), float(share.iloc[-1])) if len(share) else None


def _members(panel: Panel, *, keep_tiny: bool = False) -> dict[int, tuple[int, ...]]:
    """Return, by area, the DfE numbers whose figures add up to it."""
    areas = tables.read("areas")
    if panel == "current":
        return {int(a): (int(a),) for a in sorted(areas.loc[areas["is_current"], "la_code"])}
    unit = {int(a): int(a) for a in areas["la_code"]} | long_series()
    members: dict[int, tuple[int, ...]] = {}
    for code, series in unit.items():
        if keep_tiny or code not in SMALLEST_AUTHORITIES:
            members[series] = (*members.get(series, ()), code)
    return {unit_code: tuple(sorted(members[unit_code])) for unit_code in sorted(members)}


def long_series() -> dict[int, int]:
    """Return the number of the long series that each split or merged area belongs to, by DfE number."""
    history = tables.read_reference("area_history")
    moved = history[history["kind"] != "recode"]
    pairs = pd.concat(
        [
            moved[["predecessor_la_code", "long_series_code"]].set_axis(["la_code", "series"], axis=1),
            moved[["successor_la_code", "long_series_code"]].set_axis(["la_code", "series"], axis=1),
        ]
    ).drop_duplicates()
    return {int(a): int(s) for a, s in zip(pairs["la_code"], pairs["series"], strict=True)}


def _sum_members(values: xr.DataArray, members: dict[int, tuple[int, ...]]) -> xr.DataArray:
    """Return the sum of each area's parts by January; NaN if a part that reported then has no figure.

    A part counts in a January only while it existed, so old and new codes of one area never double.
    """
    time = "january" if "january" in values.dims else "year"
    offset = 0 if time == "january" else 1  # flows of calendar year y are returned in January y + 1
    codes = sorted({code for parts in members.values() for code in parts})
    lifespan = tables.read("areas").set_index("la_code").loc[codes]
    first = lifespan["first_january"].to_numpy(dtype=int)[:, None]
    last = lifespan["last_january"].fillna(9999).to_numpy(dtype=int)[:, None]
    periods = values[time].to_numpy() + offset
    alive = xr.DataArray((first <= periods) & (periods <= last), dims=("area", time)).assign_coords(
        area=codes
    )
    belongs = xr.DataArray(
        [[code in parts for code in codes] for parts in members.values()],
        dims=("unit", "area"),
        coords={"unit": list(members), "area": codes},
    ).astype(float)
    counted = values.reindex(area=codes).where(alive, 0.0)
    total = xr.dot(belongs, counted.fillna(0.0), dim="area")
    missing = xr.dot(belongs, counted.isnull().astype(float), dim="area") > 0
    existed = xr.dot(belongs, alive.astype(float), dim="area") > 0
    grouped: xr.DataArray = total.where(existed & ~missing).rename({"unit": "area"}).transpose("area", ...)
    return grouped


def new_plans_by_age() -> xr.DataArray:
    """Return new plans by single age at 31 August before the following January, dims ``(area, age, year)``.

    To 2024 the table counts age near the end of the calendar year, from 2025 on the day the plan started, so some are counted
    older there and some younger (`COUNTED_OLDER`, `COUNTED_YOUNGER`); `data.panels.age_footing` moves them.
    """
    counted = _cube(tables.read("new_plans_age"), ["la_code", "year", "age"], "plans")
    moved = []
    for year in counted["year"].to_numpy():
        at_start = year >= FIRST_YEAR_OF_AGE_AT_START
        younger, older = (COUNTED_YOUNGER, 0.0) if at_start else (0.0, COUNTED_OLDER)
        kernel = published_age_matrix(younger, older, at_two=False)
        of_year = counted.sel(year=year)
        shares = stock_age_shares(stock_age_profile(of_year.sum("area").to_numpy(), kernel), kernel)
        moved.append((of_year.fillna(0.0) @ shares).where(of_year.notnull().all("age")))
    both = xr.concat(moved, dim=counted["year"]).rename(stock_age="age")
    return both.transpose("area", "age", "year")


def _new_plans_by_band() -> xr.DataArray:
    """Return new plans by age band: published bands, then bands of single ages."""
    bands = _cube(tables.read("new_plans_age_band"), ["la_code", "year", "age_band"], "plans")
    ages = new_plans_by_age()
    later = xr.concat(
        [
            ages.sel(age=slice(b.low, b.high)).sum("age", skipna=False).expand_dims(age_band=[b.code])
            for b in AGE_BANDS
        ],
        dim="age_band",
    )
    published = bands.reindex(area=ages["area"]).sel(age_band=list(BAND_CODES))
    both = xr.concat([published, later], dim="year", join="exact")
    return both.transpose("area", "age_band", "year")


def _leavers_by_age() -> xr.DataArray:
    """Return ceased plans by reason and single age at 31 August before the January in which they were last counted.

    The table counts age on the day, most often a year more (data/panels/composition.py).
    """
    counted = leaver_tables.load()
    youngest = counted.isel(age=[0, 1]).sum("age", skipna=False)
    moved = counted.assign_coords(age=counted["age"] - 1).isel(age=slice(1, None))
    moved = moved.where(moved["age"] != counted["age"][0], youngest)
    return moved.transpose("area", "age", "reason", "year")


def _regions(members: list[int]) -> xr.DataArray:
    """Return the region of each area, dims ``(area,)``."""
    region = tables.read("areas").set_index("la_code")["region"]
    return xr.DataArray([str(region[a]) for a in members], dims="area", coords={"area": members})


def _residents(members: dict[int, tuple[int, ...]], *, estimates: bool) -> xr.DataArray:
    """Return residents by single age, dims ``(area, mid_year, age)``.

    Estimates are as first published where we hold that, and leave out every figure that comes from a projection, even
    for years now past: a forecast made then could not know it.
    """
    rows = tables.read("population")
    if estimates:
        first = tables.read("population_first_published")
        later = ~rows["basis"].isin(PROJECTED_BASES) & (rows["mid_year"] > first["mid_year"].max())
        rows = pd.concat([first, rows.loc[later, first.columns]])
    unit = {code: area for area, parts in members.items() for code in parts}
    rows = rows.assign(la_code=rows["la_code"].map(unit)).dropna(subset="la_code")
    counts = rows.groupby(["la_code", "mid_year", "age"])["population"].sum(min_count=1)
    residents: xr.DataArray = counts.to_xarray().rename({"la_code": "area"})
    return residents.reindex(area=list(members)).transpose("area", "mid_year", "age")


def _splice(stock: xr.DataArray, series: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
    """Fill Januaries before an authority existed with its long series times its share in the first year."""
    unit_of = long_series()
    spliced = xr.zeros_like(stock.isel(series=0, drop=True), dtype=bool)
    for code in stock["area"].to_numpy():
        if int(code) not in unit_of:
            continue
        own = stock.sel(area=code)
        first = int(own["january"][int(own.sel(series=ALL).notnull().argmax("january"))])
        whole = series.sel(area=unit_of[int(code)])
        share = own.sel(january=first) / whole.sel(january=first)
        # A band first published after the split, and a provision nobody was at, use the total's share.
        share = share.fillna(share.sel(series=ALL))
        before = stock["january"] < first
        old = (
            (whole * share)
            .drop_vars(["area", "january"], errors="ignore")
            .assign_coords(january=whole["january"])
        )
        stock = stock.where(~((stock["area"] == code) & before), old).transpose("area", "series", "january")
        spliced = spliced | ((spliced["area"] == code) & before)
    return stock, spliced


def _cube(frame: pd.DataFrame, keys: list[str], value: str) -> xr.DataArray:
    """Return a table as an array of floats on the full grid of its keys; NaN in absent and unpublished cells."""
    series = frame.set_index(keys)[value].astype("float64")
    array: xr.DataArray = series.to_xarray()
    return array.rename({"la_code": "area"})


def _totals() -> xr.DataArray:
    cube = _cube(tables.read("plans_total"), ["la_code", "january"], "plans")
    return cube.expand_dims(series=[ALL])


def _bands() -> xr.DataArray:
    cube = _cube(tables.read("plans_age_band"), ["la_code", "january", "age_band"], "plans")
    cube = cube.rename({"age_band": "series"})
    unusable = (cube["series"] == BAND_CODES[-1]) & (cube["january"] < FIRST_JANUARY_20_25)
    return cube.where(~unusable)


def _placements() -> xr.DataArray:
    """Return plans by provision: all NaN for an area with a withheld category, 0 where one was not itemised."""
    rows = tables.read("plans_placement")
    keys = ["la_code", "january"]
    counted = rows.groupby([*keys, "provision"])[["plans"]].sum().reset_index()
    whole = rows.assign(plans=rows["plans"].notna()).groupby(keys)[["plans"]].all().reset_index()
    cube = _cube(counted, [*keys, "provision"], "plans").reindex(provision=list(PROVISION_CODES))
    return cube.fillna(0.0).where(_cube(whole, keys, "plans") == 1).rename(provision="series")


def _flows() -> xr.Dataset:
    def all_ages(name: str, measure: str) -> pd.DataFrame:
        frame = tables.read(name)
        return frame[frame["age"].isna() & (frame["measure"] == measure)]

    pending = all_ages("assessments", "pending")
    timeliness = tables.read("timeliness")
    key = ["la_code", "year"]
    cubes = {
        "requests": _cube(all_ages("requests", "received"), key, "value"),
        "refused": _cube(all_ages("requests", "refused"), key, "value"),
        "assessments": _cube(all_ages("assessments", "completed"), key, "value"),
        "new_plans": _cube(tables.read("new_plans"), key, "new_plans"),
        "pending": _cube(pending[pending["year"] <= LAST_YEAR_PENDING], key, "value"),
        "issued": _cube(timeliness[timeliness["measure"] == "issued"], key, "value"),
        "issued_in_20_weeks": _cube(timeliness[timeliness["measure"] == "within_20_weeks"], key, "value"),
    }
    aligned = xr.align(*cubes.values(), join="outer")
    return xr.Dataset(dict(zip(FLOWS, aligned, strict=True)))
