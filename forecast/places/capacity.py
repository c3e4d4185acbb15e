"""Match children to places: from `Placements` and a capacity register to `Shortfall`.

Draw by draw: children who want a place (`Placements.wanted`, raised towards latent demand as far as ``blend`` says) are matched
to the units of the register (`forecast.places.allocation`), whose places are drawn with the slippage of schemes
(`forecast.places.supply`):

    wanted[blend] = observed x (1 + blend (latent / observed today - 1))
    short = wanted - placed

Children without a place follow an editable preference order. Everything keeps phase, need group and provision; nothing here
summarises.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import xarray as xr

from data.errors import OptionError
from data.registers.register import Register, phase_places
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
from forecast.core.arrays import Flags
from forecast.core.outcome import Placements, Shortfall
from forecast.core.parallel import run_in_parts
from forecast.places.admission import OpenPlaces
from forecast.places.allocation import Admission, allocate
from forecast.places.preference_order import Rules, default_rules
from forecast.places.supply import Supply, supply
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
    """Options of the matching: how much latent demand counts, the preference order, and the register rows that count.

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
                f"Demand was asked for at {self.blend}, but it runs from 0 (today's choices under today's supply) to 1 "
                "(with those thought to be turned away today). Choose a value in that range."
            )


@dataclass(frozen=True, eq=False)
class CapacityPlan:
    """The places of a register in every draw and January and whom they admit: the inputs of the matching besides the children.

    Parameters
    ----------
    supply
        Places of the origin and of every January after it.
    demand
        Which rows of the register and which preference order; how much demand is for the children to say.
    shares
        Share of each step of the preference order, dims ``(draw, step)``.
    admitting
        Whether a unit admits anybody of a phase, dims ``(draw, january, unit, phase)``, "All" phases first.
    expected
        Expected places, dims ``(january, phase, provision, located)``.
    places_now
        Places in the register at the origin, dims ``(phase, provision)``.
    admissions
        Whom units admit, for each part of the draws; empty if that is worked out while children are matched.
    """

    supply: Supply
    demand: Demand
    shares: Array
    admitting: Flags
    expected: xr.DataArray
    places_now: xr.DataArray
    admissions: tuple[Admission, ...] = ()

    @classmethod
    def of(
        cls,
        register: Register,
        origin: int,
        januaries: Sequence[int],
        draws: int,
        rng: np.random.Generator,
        demand: Demand | None = None,
        changes: Sequence[Callable[[Supply], Supply]] = (),
    ) -> CapacityPlan:
        """Return the capacity plan of a register; the arguments are those of `match`."""
        options = demand or Demand()
        supply_rng, share_rng = rng.spawn(2)
        places = supply(register, [origin, *januaries], draws, supply_rng, statuses=options.statuses)
        for change in changes:
            places = change(places)
        ages = places.admits_age.to_numpy()[:, 1:]
        by_phase = [ages[..., OF_PHASE[:, h] > 0].any(axis=3) for h in range(len(PHASES))]
        return cls(
            supply=places,
            demand=options,
            shares=options.rules.share_draws(draws, share_rng),
            admitting=np.stack([ages.any(axis=3), *by_phase], axis=3),
            expected=places.by_phase().mean("draw").sel(january=[*januaries]),
            places_now=_register_places(register, origin),
        )

    @property
    def draws(self) -> int:
        """Number of draws."""
        return self.supply.places.sizes["draw"]

    def with_admissions(self) -> CapacityPlan:
        """Return the capacity plan with its gates worked out, for repeated matching."""
        parts = range(0, self.draws, SEATED_AT_A_TIME)
        admissions = tuple(self.admission(slice(p, min(p + SEATED_AT_A_TIME, self.draws))) for p in parts)
        return replace(self, admissions=admissions)

    def admission(self, some: slice) -> Admission:
        """Return the gates of one part of the draws."""
        if self.admissions:
            part = int(some.start) // SEATED_AT_A_TIME
            return self.admissions[part]
        return Admission.of(open_places(self.supply, slice(1, None)).some(some), opening_places(self.supply))


def match(
    placements: Placements,
    register: Register,
    latent: AreaLatent | None,
    origin: int,
    rng: np.random.Generator,
    demand: Demand | None = None,
) -> Shortfall:
    """Match children to the places of a register, January by January, and return the shortfall.

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
    januaries = [int(j) for j in placements.wanted["january"].to_numpy()]
    draws = placements.wanted.sizes["draw"]
    return match_plan(placements, CapacityPlan.of(register, origin, januaries, draws, rng, demand), latent)


def match_plan(placements: Placements, capacity_plan: CapacityPlan, latent: AreaLatent | None) -> Shortfall:
    """Match children to the places of a capacity plan, January by January, and return the shortfall.

    Parameters
    ----------
    placements
        Who wants a specialist place; the draws and Januaries of the plan.
    capacity_plan
        Which places there are.
    latent
        Children turned away today; None where they cannot be told, then demand is as observed.
    """
    options, offered, draws = capacity_plan.demand, capacity_plan.supply, capacity_plan.draws
    start = placements.start.transpose("provision", "age", "need").to_numpy().astype(float)
    choices = placements.wanted.transpose("draw", "january", "provision", "age", "need").to_numpy()
    children = placements.plans.transpose("draw", "january", "age", "need").to_numpy()
    uplift = {blend: latent_factor(latent, blend, draws) for blend in {1.0, options.blend}}
    dims: dict[str, list[object]] = {
        "draw": list(range(draws)), "january": placements.wanted["january"].to_numpy().tolist(),
        "phase": [*PHASE_CODES], "need_group": [*NEED_GROUP_CODES], "provision": [*SPECIALIST_PROVISIONS],
        "destination": [*options.rules.destinations], "unit": [*offered.places["unit"].to_numpy()],
    }  # fmt: skip

    def empty(*named: str) -> Floats:
        return np.empty(tuple(len(dims[d]) for d in named), dtype=np.float32)

    def labelled(values: Floats, *named: str) -> xr.DataArray:
        return xr.DataArray(values, dims=named, coords={d: dims[d] for d in named})

    cells = ("draw", "january", "provision", "phase", "need_group")
    to = ("draw", "january", "provision", "destination", "phase", "need_group")
    at_unit, in_unit = ("draw", "january", "unit"), ("draw", "january", "unit", "phase", "need_group")
    wanted, observed, at_latent, short = (empty(*cells) for _ in range(4))
    overflow, filled, free = empty(*to), empty(*in_unit), empty(*at_unit)
    unseated: list[Array] = []

    def seat(some: slice) -> None:
        raised_to = {b: apply_factor(choices[some], f[some], children[some]) for b, f in uplift.items()}
        allocation = allocate(
            raised_to[options.blend],
            start,
            capacity_plan.admission(some),
            options.rules,
            shares=capacity_plan.shares[some],
            by_age_and_need=False,
        )
        by_group = {b: sum_by_group(r) for b, r in raised_to.items()}
        observed[some], wanted[some] = sum_by_group(choices[some]), by_group[options.blend]
        at_latent[some] = by_group[1.0]
        short[some], overflow[some] = allocation.short, allocation.cause
        filled[some], free[some] = allocation.filled, allocation.free
        unseated.append(allocation.unseated_at_start)

    run_in_parts(draws, seat, SEATED_AT_A_TIME)
    return Shortfall(
        blend=options.blend if latent is not None else 0.0,
        wanted=labelled(wanted, *cells),
        observed=labelled(observed, *cells),
        latent=labelled(at_latent, *cells),
        short=labelled(short, *cells),
        overflow=labelled(overflow, *to),
        units=offered.units,
        unit_places=labelled(offered.places.to_numpy()[:, 1:].astype(np.float32), *at_unit),
        unit_commissioned=offered.commissioned.astype(np.float32),
        unit_opened_late=offered.opened_late.astype(np.float32),
        unit_late_months=offered.late_months.astype(np.float32),
        unit_filled=labelled(filled, *in_unit),
        unit_free=labelled(free, *at_unit),
        open_to=_open_to(capacity_plan, filled, free),
        places=capacity_plan.expected.sum("located"),
        local_places=capacity_plan.expected.sel(located="local", drop=True),
        placed_now=_by_phase(placements.known.sel(provision=list(SPECIALIST_PROVISIONS))),
        places_now=capacity_plan.places_now,
        unseated=labelled(sum_by_group(unseated[0]), "provision", "phase", "need_group"),
        ends=_ends(options.rules, start),
    )


def latent_factor(latent: AreaLatent | None, blend: float, draws: int) -> Floats:
    """Return wanted over observed places, at least 1, dims ``(draw, provision, phase, need_group)``, at a blend of 0 to 1."""
    factor = np.ones((draws, len(SPECIALIST_PROVISIONS), len(PHASES), len(NEED_GROUPS)), dtype=np.float32)
    if latent is not None and blend > 0:
        uplift = latent.uplift(blend).transpose("draw", "provision", "phase", "need_group")
        for position, provision in enumerate(SPECIALIST_PROVISIONS):
            if provision in uplift["provision"].to_numpy():
                factor[:, position] = uplift.sel(provision=provision).to_numpy()
    return factor


def apply_factor(observed: Floats, factor: Floats, children: Array) -> Floats:
    """Return wanted places: observed ones times a factor, at most as many as there are children; dims as ``observed``.

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


def sum_by_group(children: Floats) -> Floats:
    """Return children summed from dims (..., age, need) to (..., phase, need_group)."""
    summed: Floats = OF_PHASE.T @ (children @ OF_GROUP)
    return summed


def _ends(rules: Rules, start: Array) -> xr.DataArray:
    """Return the share of children sent to each destination when no place is free, by provision, phase and need group.

    Ages and needs of a cell count by the children in the provision today; all alike where nobody is.
    """
    wanting = start[:, None] + SCARCE
    shares = sum_by_group(rules.end_shares() * wanting) / sum_by_group(wanting)
    return xr.DataArray(
        shares,
        dims=("provision", "destination", "phase", "need_group"),
        coords={
            "provision": list(SPECIALIST_PROVISIONS),
            "destination": list(rules.destinations),
            "phase": list(PHASE_CODES),
            "need_group": list(NEED_GROUP_CODES),
        },
    )


def open_places(offered: Supply, januaries: slice) -> OpenPlaces:
    """Return the units of a supply in some Januaries, as input of the allocation."""
    return OpenPlaces(
        units=tuple(u.name for u in offered.units),
        provision=tuple(u.provision for u in offered.units),
        located=tuple(u.located for u in offered.units),
        community=tuple(u.community or "" for u in offered.units),
        places=offered.places.to_numpy()[:, januaries],
        admits_age=offered.admits_age.to_numpy()[:, januaries],
        admits_need=offered.admits_need.to_numpy()[januaries],
    )


def opening_places(offered: Supply) -> OpenPlaces:
    """Return the units of a supply in its first January and first draw: places open today have no slippage."""
    first = open_places(offered, slice(0, 1))
    return OpenPlaces(
        first.units, first.provision, first.located, first.community,
        first.places[:1], first.admits_age[:1], first.admits_need,
    )  # fmt: skip


def _open_to(capacity_plan: CapacityPlan, filled: Floats, free: Floats) -> xr.DataArray:
    """Return the expected number of places open to each phase and need group: those it fills, and free ones that admit it.

    Dims ``(january, phase, need_group, provision)``, "All" phases first. A free place counts for every phase and need group
    that it admits, so these do not add up over them.
    """
    offered = capacity_plan.supply
    could = np.einsum("dju,djuh->juh", free, capacity_plan.admitting, optimize=True)
    admits_group = (offered.admits_need.to_numpy()[1:].astype(np.float32) @ OF_GROUP) > 0
    occupied = filled.mean(axis=0)
    occupied = np.concatenate([occupied.sum(axis=2, keepdims=True), occupied], axis=2)
    open_now = occupied + could[..., None] / len(free) * admits_group[:, :, None, :]
    kind = np.array([[u.provision == p for p in SPECIALIST_PROVISIONS] for u in offered.units], dtype=float)
    kind = kind.reshape(len(offered.units), len(SPECIALIST_PROVISIONS))
    return xr.DataArray(
        np.einsum("juhg,up->jhgp", open_now, kind),
        dims=("january", "phase", "need_group", "provision"),
        coords={
            "january": capacity_plan.expected["january"].to_numpy(),
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
    places = np.zeros((len(PHASE_CODES), len(SPECIALIST_PROVISIONS)))
    for provision, phase, _, number in phase_places(register, january):
        places[PHASE_CODES.index(phase), SPECIALIST_PROVISIONS.index(provision)] += number
    return xr.DataArray(
        places,
        dims=("phase", "provision"),
        coords={"phase": list(PHASE_CODES), "provision": list(SPECIALIST_PROVISIONS)},
    )
