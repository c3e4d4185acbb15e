"""From `Placements` and a capacity register to `Shortfall`, by phase and provision.

Equation, draw by draw: short = max(0, wanted - places) in each January, phase and provision. Nothing stands in for
anything else: a free base place does not shorten the special school queue, nor a primary place the secondary one.
Totals over phases or provisions are sums of ``short``, so they count children without a place of the kind wanted.

Wanted is what today's placement mix implies. Today's mix is capped by today's places, so it is a lower bound.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from data.register import Register, places_by_phase
from data.vocabulary import PHASE_CODES, PHASES, SPECIALIST_PROVISIONS
from forecast.outcome import Placements, Shortfall


def by_phase(values: xr.DataArray) -> xr.DataArray:
    """Return values summed from single ages to phases (dimension ``age`` becomes ``phase``)."""
    parts = [values.sel(age=list(p.ages)).sum("age") for p in PHASES]
    return xr.concat(parts, dim=xr.DataArray(list(PHASE_CODES), dims="phase", name="phase"), join="exact")


def compare(placements: Placements, register: Register, origin: int) -> Shortfall:
    """Set wanted places against the register, January by January.

    January y is compared with the places of academic year (y - 1)/y, open and agreed schemes. ``origin`` is the latest
    January with published placements.
    """
    specialist = placements.future.sel(provision=list(SPECIALIST_PROVISIONS))
    wanted = by_phase(specialist).transpose("draw", "january", "phase", "provision")
    januaries = [int(j) for j in wanted["january"].to_numpy()]
    frame = places_by_phase(register, januaries)
    places = _grid(frame, januaries)
    local = _grid(frame[frame["located"] == "local"], januaries)
    short = xr.DataArray(np.maximum(wanted - places, 0.0)).transpose("draw", "january", "phase", "provision")
    known = placements.known.sel(provision=list(SPECIALIST_PROVISIONS))
    return Shortfall(
        wanted=wanted,
        places=places,
        local_places=local,
        short=short,
        placed_now=by_phase(known).transpose("phase", "provision"),
        places_now=_grid(places_by_phase(register, [origin]), [origin]).isel(january=0, drop=True),
    )


def _grid(frame: pd.DataFrame, januaries: list[int]) -> xr.DataArray:
    """Return places on the full grid, zero where the register has none, dims (january, phase, provision)."""
    coords: dict[str, list[Any]] = {
        "january": januaries,
        "phase": list(PHASE_CODES),
        "provision": list(SPECIALIST_PROVISIONS),
    }
    grid = pd.MultiIndex.from_product(list(coords.values()), names=list(coords))
    summed = frame.groupby(list(coords))["places"].sum().reindex(grid, fill_value=0.0)
    shape = tuple(len(values) for values in coords.values())
    return xr.DataArray(summed.to_numpy(dtype=float).reshape(shape), dims=tuple(coords), coords=coords)
