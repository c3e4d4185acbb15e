"""Plans that ceased, by age on the day and reason, for every year that single ages are published.

Rule ``reasons_of_ages``: a year whose reasons are published for all ages together, and whose ages for all reasons together, is
filled from both by proportional fitting, starting from the latest year before that has the crossing
(`data.panels.estimated_cells`).
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from data import tables
from data.panels.estimated_cells import fit_margins, with_england
from data.vocabulary import ALL


def load() -> xr.DataArray:
    """Read ceased plans, dims ``(area, year, age, reason)``, age on the day; NaN where an authority returned none.

    The ages are those published, the oldest row being all ages from it up; "age unknown" is left out. Reasons are those of
    the returns without their total.
    """
    rows = tables.read("ceased_plans_age")
    rows = rows[rows["age"] >= 0]
    series = rows.set_index(["la_code", "year", "age", "reason"])["plans"].astype("float64")
    by_age: xr.DataArray = series.to_xarray().rename(la_code="area")
    known = by_age.drop_sel(reason=ALL)
    # Ages without a row are nil for every reason, so a year without the crossing holds nothing but those.
    crossed = known.sum(("area", "age", "reason")) > 0
    totals = tables.read("ceased_plans").set_index(["la_code", "year", "reason"])["plans"].astype("float64")
    reasons = totals.to_xarray().rename(la_code="area").reindex(area=known["area"], reason=known["reason"])
    filled = known.transpose("area", "year", "age", "reason").copy()
    whole = known["year"].to_numpy()[crossed.to_numpy()]
    for year in known["year"].to_numpy()[~crossed.to_numpy()]:
        # Nothing later than the year may tell what it was like.
        before = known.sel(year=whole[whole < year].max())
        seed = with_england(before.transpose("area", "age", "reason").to_numpy())
        ages = by_age.sel(year=year, reason=ALL).transpose("area", "age").to_numpy()
        of_all = reasons.sel(year=year)
        # A reason that no authority has a figure for was not collected that year.
        of_all = of_all.where(of_all.notnull().any("area"), 0.0).transpose("area", "reason")
        filled.loc[{"year": year}] = fit_margins(seed, ages, of_all.to_numpy())
    return filled.assign_coords(age=filled["age"].astype(np.int64))
