"""From `Placements` and a capacity register to `Shortfall`: who finds a specialist place, who does not, and where they go.

Draw by draw: children who want a place (`Placements.wanted`, raised towards latent demand as far as ``blend`` says) are matched
to the units of the register (`forecast.allocation`), whose places are drawn with the slippage of schemes (`forecast.supply`):

    wanted[blend] = observed x (1 + blend (latent / observed today - 1))
    short = wanted - placed

Children without a place follow an editable preference order. Everything keeps phase, need group and provision; nothing here
summarises.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
from forecast.allocation import allocate
from forecast.outcome import Placements, Shortfall
from forecast.preference_order import Rules, default_rules
from forecast.processes import in_parts
from forecast.supply import Supply, supply
from models.base import Array, Floats
from models.latent_demand import AreaLatent

SEATED_AT_A_TIME = 250
"""Draws matched at a time."""

SCARCE = 1e-6
"""Children added to every age and need so that a share of nobody is still a share."""

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
    changes: Sequence[Callable[[Supply], Supply]] = (),
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
    changes
        Changes of the places drawn, such as a scenario's, in order.
    """
    asked = demand or Demand()
    supply_rng, share_rng = rng.spawn(2)
    draws = placements.wanted.sizes["draw"]
    januaries = [int(j) for j in placements.wanted["january"].to_numpy()]
    found = supply(register, [origin, *januaries], draws, supply_rng, statuses=asked.statuses)
    for change in changes:
        found = change(found)
    seats, first = units(found, slice(1, None)), opening(found)
    shares = asked.rules.share_draws(draws, share_rng)
    start = placements.start.transpose("provision", "age", "need").to_numpy().astype(float)
    choices = placements.wanted.transpose("draw", "january", "provision", "age", "need").to_numpy()
    children = placements.plans.transpose("draw", "january", "age", "need").to_numpy()
    uplift = {blend: latent_factor(latent, blend, draws) for blend in {1.0, asked.blend}}
    dims: dict[str, list[object]] = {
        "draw": list(range(draws)), "january": [*januaries], "phase": [*PHASE_CODES],
        "need_group": [*NEED_GROUP_CODES], "provision": [*SPECIALIST_PROVISIONS],
        "destination": [*asked.rules.destinations], "unit": [*found.places["unit"].to_numpy()],
    }  # fmt: skip

    def empty(*named: str) -> xr.DataArray:
        shape = tuple(len(dims[d]) for d in named)
        return xr.DataArray(np.zeros(shape, dtype=np.float32), dims=named, coords={d: dims[d] for d in named})

    cells = ("draw", "january", "provision", "phase", "need_group")
    wanted, observed, at_latent, short = (empty(*cells) for _ in range(4))
    overflow = empty("draw", "january", "provision", "destination", "phase", "need_group")
    filled = empty("draw", "january", "unit", "phase", "need_group")
    free = empty("draw", "january", "unit")
    unseated: list[Array] = []

    def seat(some: slice) -> None:
        raised_to = {b: raised(choices[some], f[some], children[some]) for b, f in uplift.items()}
        asking = raised_to[asked.blend]
        allocation = allocate(
            asking.astype(float),
            start,
            seats.some(some),
            asked.rules,
            opening=first,
            shares=shares[some],
            by_age_and_need=False,
        )
        observed[some], wanted[some] = grouped(choices[some]), grouped(asking)
        at_latent[some] = grouped(raised_to[1.0])
        short[some], overflow[some] = allocation.short, allocation.cause
        filled[some], free[some] = allocation.filled, allocation.free
        unseated.append(allocation.unseated_at_start)

    in_parts(draws, seat, SEATED_AT_A_TIME)
    by_phase = found.by_phase().mean("draw").sel(january=januaries)
    return Shortfall(
        blend=asked.blend if latent is not None else 0.0,
        wanted=wanted,
        observed=observed,
        latent=at_latent,
        short=short,
        overflow=overflow,
        units=found.units,
        unit_places=empty("draw", "january", "unit") + found.places.to_numpy()[:, 1:].astype(np.float32),
        unit_filled=filled,
        unit_free=free,
        open_to=_open_to(found, filled, free.to_numpy()),
        places=by_phase.sum("located"),
        local_places=by_phase.sel(located="local", drop=True),
        placed_now=_by_phase(placements.known.sel(provision=list(SPECIALIST_PROVISIONS))),
        places_now=_register_places(register, origin),
        unseated=xr.DataArray(
            grouped(unseated[0]),
            dims=("provision", "phase", "need_group"),
            coords={d: dims[d] for d in ("provision", "phase", "need_group")},
        ),
        ends=_ends(asked.rules, start),
    )


def latent_factor(latent: AreaLatent | None, blend: float, draws: int) -> Floats:
    """Return wanted over observed places at a blend of 0 to 1, dims ``(draw, provision, phase, need_group)``; at least 1."""
    factor = np.ones((draws, len(SPECIALIST_PROVISIONS), len(PHASES), len(NEED_GROUPS)), dtype=np.float32)
    if latent is not None and blend > 0:
        uplift = latent.uplift(blend).transpose("draw", "provision", "phase", "need_group")
        for position, provision in enumerate(SPECIALIST_PROVISIONS):
            if provision in uplift["provision"].to_numpy():
                factor[:, position] = uplift.sel(provision=provision).to_numpy()
    return factor


def raised(observed: Floats, factor: Floats, children: Array) -> Floats:
    """Return wanted places at a factor on today's, no more than there are children; dims as ``observed``.

    Parameters
    ----------
    observed
        Dims ``(draw, january, provision, age, need)``.
    factor
        1 or more, dims ``(draw, provision, phase, need_group)``.
    children
        Plans, dims ``(draw, january, age, need)``.
    """
    if (factor == 1).all():
        return observed
    cell = OF_PHASE @ (factor @ OF_GROUP.T)
    gain = observed * (cell[:, None] - 1)
    room = np.maximum(LARGEST_WANTED * children.astype(np.float32) - observed.sum(axis=2), 0.0)
    gain *= np.minimum(1.0, room / np.maximum(gain.sum(axis=2), 1e-9))[:, :, None]
    gain += observed
    return gain


def grouped(children: Floats) -> Floats:
    """Return children by phase and need group, from dims (..., age, need) to (..., phase, need_group)."""
    found: Floats = OF_PHASE.T @ (children @ OF_GROUP)
    return found


def _ends(rules: Rules, start: Array) -> xr.DataArray:
    """Return where children end when no place is free, dims ``(provision, destination, phase, need_group)``.

    Ages and needs of a cell count by the children in the provision today; all alike where nobody is.
    """
    wanting = start[:, None] + SCARCE
    found = grouped(rules.end_shares() * wanting) / grouped(wanting)
    return xr.DataArray(
        found,
        dims=("provision", "destination", "phase", "need_group"),
        coords={
            "provision": list(SPECIALIST_PROVISIONS),
            "destination": list(rules.destinations),
            "phase": list(PHASE_CODES),
            "need_group": list(NEED_GROUP_CODES),
        },
    )


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
