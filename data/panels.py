"""Panels: published tables assembled into a `History`.

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
from data.history import FLOWS, SERIES, History
from data.vocabulary import ALL, BAND_CODES, SMALLEST_AUTHORITIES

Panel = Literal["series", "current"]

FIRST_JANUARY_20_25 = 2016
"""Plans at ages 20 to 25 were first collected in 2015, when almost none existed; usable from 2016."""


def load(panel: Panel = "current") -> History:
    """Read the published tables into a history with the latest origin.

    Parameters
    ----------
    panel
        ``"current"`` for today's 153 authorities, ``"series"`` for the 148 long series of the back-tests.
    """
    stock = xr.concat([_totals(), _bands()], dim="series", join="exact").sel(series=list(SERIES))
    stock = stock.transpose("area", "series", "january")
    flows = _flows()
    members = _members(panel)
    grouped = _grouped(stock, members)
    spliced = xr.zeros_like(grouped.isel(series=0, drop=True), dtype=bool)
    if panel == "current":
        grouped, spliced = _splice(grouped, _grouped(stock, _members("series", keep_tiny=True)))
    pooled = xr.DataArray(
        [a not in SMALLEST_AUTHORITIES for a in grouped["area"].to_numpy()],
        dims="area",
        coords={"area": grouped["area"]},
    )
    return History(
        origin=int(stock["january"][-1]),
        stock=grouped,
        flows=_grouped(flows.to_array("flow"), members).to_dataset("flow"),
        pooled=pooled,
        spliced=spliced,
    )


def population() -> xr.DataArray:
    """Return residents aged 0 to 25 by mid-year, estimated or projected, dims ``(area, mid_year)``."""
    rows = tables.read("population").groupby(["la_code", "mid_year"])["population"].sum()
    residents: xr.DataArray = rows.to_xarray().rename({"la_code": "area"})
    return residents


def out_of_line(la_code: int) -> tuple[int, ...]:
    """Return the Januaries whose total is kept though it leaps from the year before."""
    totals = tables.read("plans_total")
    mine = totals[(totals["la_code"] == la_code) & (totals["quality"] == "out_of_line")]
    return tuple(int(j) for j in mine["january"])


def issued_in_twenty_weeks(la_code: int) -> tuple[int, float] | None:
    """Return (latest calendar year, share of new plans issued within 20 weeks), None where not published.

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
    """Return area -> the DfE numbers whose figures add up to it."""
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
    """Return DfE number -> the long series it belongs to, for areas that were split or merged."""
    history = tables.read_reference("area_history")
    moved = history[history["kind"] != "recode"]
    pairs = pd.concat(
        [
            moved[["predecessor_la_code", "long_series_code"]].set_axis(["la_code", "series"], axis=1),
            moved[["successor_la_code", "long_series_code"]].set_axis(["la_code", "series"], axis=1),
        ]
    ).drop_duplicates()
    return {int(a): int(s) for a, s in zip(pairs["la_code"], pairs["series"], strict=True)}


def _grouped(values: xr.DataArray, members: dict[int, tuple[int, ...]]) -> xr.DataArray:
    """Add up the parts of each area, January by January; NaN if a part that reported then has no figure.

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


def _splice(stock: xr.DataArray, series: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
    """Fill Januaries before an authority existed with its long series times its first share."""
    unit_of = long_series()
    spliced = xr.zeros_like(stock.isel(series=0, drop=True), dtype=bool)
    for code in stock["area"].to_numpy():
        if int(code) not in unit_of:
            continue
        own = stock.sel(area=code)
        first = int(own["january"][int(own.sel(series=ALL).notnull().argmax("january"))])
        whole = series.sel(area=unit_of[int(code)])
        share = own.sel(january=first) / whole.sel(january=first)
        # A band first published after the split uses the total's share.
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
    """Return a frame as floats on the full grid of its keys; absent and unpublished cells are NaN."""
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


def _flows() -> xr.Dataset:
    def all_ages(name: str, measure: str) -> pd.DataFrame:
        frame = tables.read(name)
        return frame[frame["age"].isna() & (frame["measure"] == measure)]

    cubes = {
        "requests": _cube(all_ages("requests", "received"), ["la_code", "year"], "value"),
        "refused": _cube(all_ages("requests", "refused"), ["la_code", "year"], "value"),
        "assessments": _cube(all_ages("assessments", "completed"), ["la_code", "year"], "value"),
        "new_plans": _cube(tables.read("new_plans"), ["la_code", "year"], "new_plans"),
    }
    aligned = xr.align(*cubes.values(), join="outer")
    return xr.Dataset(dict(zip(FLOWS, aligned, strict=True)))
