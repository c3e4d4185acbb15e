"""Read the data behind latent demand from the published tables; see `data.panels.specialist_use`."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from data import tables
from data.panels import composition_tables
from data.panels.specialist_use import SIGNS, SpecialistUse
from data.vocabulary import SMALLEST_AUTHORITIES

GROWTH_FROM = 2019
"""January from which growth is measured, or the first one of a newer authority."""


def load() -> SpecialistUse:
    """Read the data behind latent demand from the published tables."""
    composition = composition_tables.load()
    areas = composition.stock["area"].to_numpy().tolist()
    signs = pd.DataFrame({"growth": _growth(composition.january), "net_exports": _net_exports()})
    sound = _reported(composition.january).reindex(areas, fill_value=False)
    sound &= ~sound.index.isin(SMALLEST_AUTHORITIES)
    return SpecialistUse(
        composition=composition,
        signs=xr.DataArray(
            signs.reindex(areas)[list(SIGNS)].to_numpy(dtype=float),
            dims=("area", "sign"),
            coords={"area": areas, "sign": list(SIGNS)},
        ),
        sound=xr.DataArray(sound.to_numpy(dtype=bool), dims="area", coords={"area": areas}),
    )


def _growth(january: int) -> pd.Series:
    """Return yearly log growth of plans up to a January, by authority with two published totals or more."""
    frame = _totals().loc[GROWTH_FROM:january]
    plans = frame.to_numpy(dtype=float, na_value=np.nan)
    plans[plans <= 0] = np.nan
    first = np.argmax(~np.isnan(plans), axis=0)
    years = (len(plans) - 1 - first).astype(float)
    years[years == 0] = np.nan
    change = np.log(plans[-1]) - np.log(plans[first, np.arange(plans.shape[1])])
    return pd.Series(change / years, index=frame.columns)


def _net_exports() -> pd.Series:
    """Return net exports of special pupils per plan at the latest year published."""
    rows = tables.read("special_pupils_import_export")
    latest = rows[rows["financial_year"] == rows["financial_year"].max()].set_index("la_code")
    january = int(str(latest["financial_year"].iloc[0])[:4])
    exports: pd.Series = -latest["net_imports"] / _totals().loc[january]
    return exports


def _totals() -> pd.DataFrame:
    """Return plans with one row a January and one column an authority."""
    return tables.read("plans_total").pivot_table(index="january", columns="la_code", values="plans")


def _reported(january: int) -> pd.Series:
    """Return whether an authority's return of a January, and its latest of placements by need, can be used."""
    totals = tables.read("plans_total")
    needs = tables.read("plans_placement_need")
    returns = [totals[totals["january"] == january], needs[needs["january"] == needs["january"].max()]]
    good = [rows["quality"].eq("reported").groupby(rows["la_code"]).all() for rows in returns]
    both: pd.Series = pd.concat(good, axis=1).eq(True).all(axis=1)
    return both
