"""From `Placements` and a capacity register to `Shortfall`: who finds a specialist place, who does not, and where they go.

Draw by draw: children who want a place (`Placements.wanted`, raised towards latent demand as far as ``blend`` says) are matched
to the units of the register (`forecast.allocation`), whose places are drawn with the slippage of schemes (`forecast.supply`):

    wanted[blend] = observed x (1 + blend (latent / observed today - 1))
    short = wanted - placed

Children without a place follow an editable preference order. Everything keeps phase, need group and provision; nothing here
summarises.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import xarray as xr

from data.errors import OptionError
from data.register import Register, places_by_phase
from data.vocabulary import (
    AGES,
    ALL,
    NEED_CODES,
    NEED_GROUP_CODES,
    NEED_GROUPS,
    PHASE_CODES,
    PHASES,
    SPECIALIST_PROVISIONS,
)
from forecast.admission import Places
from forecast.allocation import allocate, shortfall
from forecast.outcome import Placements, Shortfall
from forecast.preference_order import Rules, default_rules
from forecast.supply import Supply, supply
from models.base import Array, Floats
from models.latent_demand import AreaLatent

LARGEST_WANTED = 0.98
"""Part of the children of an age and need that can want a specialist place: some never do."""

OF_GROUP = np.array([[n in g.needs for g in NEED_GROUPS] for n in NEED_CODES], dtype=np.float32)
"""Membership of needs in need groups, dims (need, need_group)."""

OF_PHASE = np.array([[p.low <= a <= p.high for p in PHASES] for a in AGES], dtype=np.float32)
"""Membership of ages in phases, dims (age, phase)."""


@dataclass(frozen=True)
class Demand:
    """Which demand is set against places, and where those go who find none.

    Parameters
    ----------
    blend
        0: children want what today's choices, made under today's supply, lead to. 1: latent demand. Between: so much of the gap.
    rules
        Preference order of children without a place.
    statuses
        Rows of the register that count.

    Raises
    ------
    OptionError
        ``blend`` is not between 0 and 1.
    """

    blend: float = 1.0
    rules: Rules = field(default_factory=default_rules)
    statuses: tuple[str, ...] = ("open", "agreed")

    def __post_init__(self) -> None:
        if not 0 <= self.blend <= 1:
            raise OptionError(
                f"Demand was asked for at {self.blend}, but it runs from 0 (observed: today's choices under today's supply) to 1 "
                "(latent: with those thought to be turned away). Choose a value in that range."
            )


def match(
    placements: Placements,
    register: Register,
    latent: AreaLatent | None,
    origin: int,
    rng: np.random.Generator,
    demand: Demand | None = None,
) -> Shortfall:
    """Match children to places, January by January.

    January y is compared with the places of academic year (y - 1)/y.

    Parameters
    ----------
    placements
        Who wants a specialist place.
    register
        Which places there are.
    latent
        Children turned away today; None where they cannot be told, then demand is as observed.
    origin
        Latest January with published placements: children placed there are seated first.
    rng
        Source of randomness for slippage and shares of the preference order.
    demand
        Which demand, which rows of the register and which preference order; the usual ones where None.
    """
    asked = demand or Demand()
    supply_rng, share_rng = rng.spawn(2)
    draws = placements.wanted.sizes["draw"]
    januaries = [int(j) for j in placements.wanted["january"].to_numpy()]
    found = supply(register, [origin, *januaries], draws, supply_rng, statuses=asked.statuses)
    observed = placements.wanted.transpose("draw", "january", "provision", "age", "need").to_numpy()
    at_latent = raised(observed, latent, 1.0, placements)
    wanted = raised(observed, latent, asked.blend, placements)
    allocation = allocate(
        wanted.astype(float),
        placements.start.transpose("provision", "age", "need").to_numpy().astype(float),
        units(found, slice(1, None)),
        asked.rules,
        opening=opening(found),
        shares=asked.rules.share_draws(draws, share_rng),
    )
    names = found.places["unit"].to_numpy()
    dims: dict[str, list[object]] = {
        "draw": list(range(draws)), "january": [*januaries], "phase": [*PHASE_CODES],
        "need_group": [*NEED_GROUP_CODES], "provision": [*SPECIALIST_PROVISIONS],
        "destination": [*allocation.destinations], "unit": [*names],
    }  # fmt: skip

    def labelled(values: Floats, *named: str) -> xr.DataArray:
        return xr.DataArray(values.astype(np.float32), dims=named, coords={d: dims[d] for d in named})

    cells = ("draw", "january", "provision", "phase", "need_group")
    by_phase = found.by_phase().mean("draw").sel(january=januaries)
    group_filled = labelled(allocation.filled, "draw", "january", "unit", "phase", "need_group")
    return Shortfall(
        blend=asked.blend if latent is not None else 0.0,
        wanted=labelled(grouped(wanted), *cells),
        observed=labelled(grouped(observed), *cells),
        latent=labelled(grouped(at_latent), *cells),
        short=labelled(shortfall(allocation), *cells),
        overflow=labelled(
            allocation.cause, "draw", "january", "provision", "destination", "phase", "need_group"
        ),
        units=found.units,
        unit_places=labelled(found.places.to_numpy()[:, 1:], "draw", "january", "unit"),
        unit_filled=group_filled,
        unit_free=labelled(allocation.free, "draw", "january", "unit"),
        open_to=_open_to(found, group_filled, allocation.free),
        places=by_phase.sum("located"),
        local_places=by_phase.sel(located="local", drop=True),
        placed_now=_by_phase(placements.known.sel(provision=list(SPECIALIST_PROVISIONS))),
        places_now=_register_places(register, origin),
        unseated=float(allocation.unseated_at_start.sum()),
    )


def raised(observed: Floats, latent: AreaLatent | None, blend: float, placements: Placements) -> Floats:
    """Return wanted places between observed (0) and latent (1) demand, no more than there are children.

    Dims as ``observed``: ``(draw, january, provision, age, need)``.
    """
    if latent is None or blend == 0:
        return observed
    factor = np.ones((observed.shape[0], len(SPECIALIST_PROVISIONS), len(PHASES), len(NEED_GROUPS)))
    uplift = latent.uplift(blend).transpose("draw", "provision", "phase", "need_group")
    for position, provision in enumerate(SPECIALIST_PROVISIONS):
        if provision in uplift["provision"].to_numpy():
            factor[:, position] = uplift.sel(provision=provision).to_numpy()
    cell = np.einsum("dphg,ah,ng->dpan", factor, OF_PHASE, OF_GROUP, optimize=True).astype(np.float32)
    gain = observed * (cell[:, None] - 1)
    children = placements.plans.transpose("draw", "january", "age", "need").to_numpy()
    room = np.maximum(LARGEST_WANTED * children - observed.sum(axis=2), 0.0)
    fits = np.minimum(1.0, room / np.maximum(gain.sum(axis=2), 1e-9))
    wanted: Floats = observed + gain * fits[:, :, None]
    return wanted


def grouped(children: Floats) -> Floats:
    """Return children by phase and need group, from dims (..., age, need) to (..., phase, need_group)."""
    found: Floats = OF_PHASE.T @ (children @ OF_GROUP)
    return found


def units(found: Supply, januaries: slice) -> Places:
    """Return the supply of some Januaries as the allocation takes it."""
    return Places(
        units=tuple(u.name for u in found.units),
        provision=tuple(u.provision for u in found.units),
        located=tuple(u.located for u in found.units),
        community=tuple(u.community or "" for u in found.units),
        places=found.places.to_numpy()[:, januaries],
        admits_age=found.admits_age.to_numpy()[:, januaries],
        admits_need=found.admits_need.to_numpy()[januaries],
    )


def opening(found: Supply) -> Places:
    """Return the supply of the first January in its first draw: what is open today has not slipped."""
    first = units(found, slice(0, 1))
    return Places(
        first.units, first.provision, first.located, first.community,
        first.places[:1], first.admits_age[:1], first.admits_need,
    )  # fmt: skip


def _open_to(found: Supply, filled: xr.DataArray, free: Array) -> xr.DataArray:
    """Return expected places a phase and need group has: those its children fill and free ones that would admit them.

    Dims ``(january, phase, need_group, provision)``, "All" phases first. A free place counts for every phase and need group
    that it admits, so these do not add up over them.
    """
    ages = found.admits_age.to_numpy()[:, 1:].astype(np.float32)
    phases = np.concatenate([np.ones((len(AGES), 1), dtype=np.float32), OF_PHASE], axis=1)
    could = np.einsum("dju,djuh->juh", free, np.einsum("djua,ah->djuh", ages, phases) > 0, optimize=True)
    admits_group = (found.admits_need.to_numpy()[1:].astype(np.float32) @ OF_GROUP) > 0
    held = filled.mean("draw").transpose("january", "unit", "phase", "need_group").to_numpy()
    held = np.concatenate([held.sum(axis=2, keepdims=True), held], axis=2)
    open_now = held + could[..., None] / len(free) * admits_group[:, :, None, :]
    kind = np.array([[u.provision == p for p in SPECIALIST_PROVISIONS] for u in found.units], dtype=float)
    kind = kind.reshape(len(found.units), len(SPECIALIST_PROVISIONS))
    return xr.DataArray(
        np.einsum("juhg,up->jhgp", open_now, kind),
        dims=("january", "phase", "need_group", "provision"),
        coords={
            "january": filled["january"].to_numpy(),
            "phase": [ALL, *PHASE_CODES],
            "need_group": list(NEED_GROUP_CODES),
            "provision": list(SPECIALIST_PROVISIONS),
        },
    )


def _by_phase(values: xr.DataArray) -> xr.DataArray:
    """Return values summed from single ages to phases, dims (phase, provision)."""
    parts = [values.sel(age=list(p.ages)).sum("age") for p in PHASES]
    summed: xr.DataArray = xr.concat(
        parts, dim=xr.DataArray(list(PHASE_CODES), dims="phase", name="phase"), join="exact"
    )
    return summed.transpose("phase", "provision")


def _register_places(register: Register, january: int) -> xr.DataArray:
    """Return the places in the register at one January, dims (phase, provision)."""
    frame = places_by_phase(register, [january])
    grid = pd.MultiIndex.from_product([PHASE_CODES, SPECIALIST_PROVISIONS], names=["phase", "provision"])
    summed = frame.groupby(["phase", "provision"])["places"].sum().reindex(grid, fill_value=0.0)
    return xr.DataArray(
        summed.to_numpy(dtype=float).reshape(len(PHASE_CODES), -1),
        dims=("phase", "provision"),
        coords={"phase": list(PHASE_CODES), "provision": list(SPECIALIST_PROVISIONS)},
    )
