"""Made-up placements, for tests of places that need neither published tables nor a fit."""

from __future__ import annotations

import numpy as np
import xarray as xr

from data.vocabulary import (
    AGES,
    NEED_CODES,
    NEED_GROUP_CODES,
    PHASE_CODES,
    PHASES,
    PROVISION_CODES,
    SPECIALIST_PROVISIONS,
)
from forecast.core.outcome import Placements
from models.base import Array
from models.latent_demand import AreaLatent

ORIGIN = 2025
JANUARIES = (2026, 2027)
SPECIALIST = [PROVISION_CODES.index(p) for p in SPECIALIST_PROVISIONS]


def cells(seed: int, draws: int = 3, januaries: int = len(JANUARIES)) -> Array:
    """Return children by draw, January, age, need and provision."""
    shape = (draws, januaries, len(AGES), len(NEED_CODES), len(PROVISION_CODES))
    return np.random.default_rng(seed).gamma(0.3, 3.0, shape)


def made(children: Array, wanted: Array | None = None) -> Placements:
    """Return placements of children with dims (draw, january, age, need, provision).

    ``wanted``, dims (draw, january, provision, age, need), is by default who is in a specialist place. The same children
    were there at the origin, in expectation, a year younger.
    """
    draws, januaries = children.shape[:2]
    time = {"draw": range(draws), "january": [ORIGIN + 1 + t for t in range(januaries)]}
    placed = np.moveaxis(children[..., SPECIALIST], -1, 2)
    start = np.zeros(placed.shape[2:])
    start[:, :-1] = placed[:, 0].mean(axis=0)[:, 1:]
    opening = np.zeros((draws, *children.shape[2:]))
    opening[:, :-1] = children[:, 0, 1:]
    phases = np.stack(
        [children[:, :, [p.low <= a <= p.high for a in AGES]].sum(axis=2) for p in PHASES], axis=2
    )

    def labelled(values: Array, **dims: tuple[object, ...]) -> xr.DataArray:
        names = tuple(time if values.ndim == 2 + len(dims) else ()) + tuple(dims)
        coords = {k: list(v) for k, v in {**time, **dims}.items() if k in names}
        return xr.DataArray(values, dims=names, coords=coords)

    by_need = {"phase": PHASE_CODES, "need": NEED_CODES, "provision": PROVISION_CODES}
    specialist = {"provision": SPECIALIST_PROVISIONS, "age": AGES, "need": NEED_CODES}
    future = labelled(children.sum(axis=3), age=AGES, provision=PROVISION_CODES)
    return Placements(
        known_january=ORIGIN,
        known=future.isel(draw=0, january=0, drop=True),
        future=future,
        by_need=labelled(phases, **by_need),
        wanted=labelled(placed if wanted is None else wanted, **specialist),
        start=labelled(start, **specialist),
        opening=xr.DataArray(
            opening,
            dims=("draw", "age", "need", "provision"),
            coords={"age": list(AGES), "need": list(NEED_CODES), "provision": list(PROVISION_CODES)},
        ),
        plans=labelled(children.sum(axis=4), age=AGES, need=NEED_CODES),
        estimated_mix=False,
    )


def turned_away(draws: int = 3, part: float = 0.2) -> AreaLatent:
    """Return latent demand in which every well-used place has ``part`` of a child waiting for it, more in later draws."""
    provisions = [p for p in SPECIALIST_PROVISIONS if p != "specialist_post16"]
    coords = {"phase": list(PHASE_CODES), "need_group": list(NEED_GROUP_CODES), "provision": provisions}
    filled = xr.DataArray(np.full([len(c) for c in coords.values()], 50.0), dims=tuple(coords), coords=coords)
    grows = xr.DataArray(part * np.arange(1, draws + 1), dims="draw", coords={"draw": range(draws)})
    shown = xr.DataArray(np.full(draws, 0.7), dims="draw", coords={"draw": range(draws)})
    return AreaLatent(filled, grows * filled, shown, borrowed=False)
