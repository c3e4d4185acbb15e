"""The long table of a forecast file: one row for each model, area, origin, January, age band, need and quantile.

A public contract (docs/schema.md): back-tests and runs write the same columns and the same 39 levels.
"""

from __future__ import annotations

import pandas as pd
import xarray as xr

from data.vocabulary import ALL

PROBABILITIES: tuple[float, ...] = tuple(round(0.025 * i, 3) for i in range(1, 40))
"""Quantile levels of every forecast file."""

COLUMNS: tuple[str, ...] = ("model", "la_code", "origin", "target", "age_band", "need", "quantile", "value")
"""Columns of every forecast file."""


def long_table(quantiles: xr.DataArray, model: str, origin: int) -> pd.DataFrame:
    """Return quantiles, dims ``(area, series, january, quantile)``, as rows with the columns `COLUMNS`."""
    stacked = quantiles.transpose("area", "january", "series", "quantile")
    index = pd.MultiIndex.from_product(
        [stacked[d].to_numpy() for d in stacked.dims], names=["la_code", "target", "age_band", "quantile"]
    )
    frame = pd.DataFrame({"value": stacked.to_numpy().ravel()}, index=index).reset_index()
    frame["model"], frame["origin"], frame["need"] = model, origin, ALL
    frame["quantile"] = frame["quantile"].round(3)
    whole = {"la_code": "int64", "origin": "int64", "target": "int64"}
    return frame.astype(whole)[list(COLUMNS)].dropna(subset="value", ignore_index=True)
