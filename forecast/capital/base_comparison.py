"""Comparison of every special school option with the nearest base option: the chance that bases could meet the need.

Of the children a special school option would seat, alone, in one January:

    suited     = sum over phase and need group of children x England's share of bases among bases and special schools
    base room  = places of base options that share a phase and a need with it, less seats of children who want a base
    in bases   = min(suited, base room) / children

England's share is that of plan holders of the phase and need group at the latest January. It says where such children are
taught today, not where they could be: places in bases are few, so it understates what bases could do if they were built and
staffed for it, and a child's own needs decide. Base room counts base options as if all of them were built.

Invariant: in bases lies between 0 and 1 in every draw in which the option would seat a child, and is NaN in others.
"""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import xarray as xr

from data.capital.candidates import SPECIAL, Candidate
from data.geography.maps import DEGREES
from data.geography.setting_points import distances_km
from data.vocabulary import PROVISION_CODES, SPECIALIST_PROVISIONS
from forecast.capital.appraisal import AppraisalInputs
from forecast.capital.schemes import BaseComparison, NearBy
from forecast.capital.seats import seating
from forecast.places.capacity import OF_GROUP, OF_PHASE
from models.base import Array

WHOLE = 0.5
"""Fewer children than this are none: neither seated nor left over."""


def base_share(england: Array) -> Array:
    """Return England's share of bases among bases and state special schools, dims ``(phase, need_group)``.

    Parameters
    ----------
    england
        Plans of England, dims ``(age, need, provision)`` in the vocabulary's order (`forecast.demand.placement.PlacementModels`).
    """
    cells = np.einsum("anp,ah,ng->phg", england, OF_PHASE, OF_GROUP, optimize=True)
    bases, special = (cells[PROVISION_CODES.index(p)] for p in ("specialist_base", "state_special"))
    return np.asarray(np.divide(bases, bases + special, out=np.zeros(bases.shape), where=bases + special > 0))


def base_comparisons(one: AppraisalInputs, january: int, share: Array) -> tuple[BaseComparison, ...]:
    """Return the comparison of every special school option with a base, in the order of the options.

    Parameters
    ----------
    one
        Options in one reading of the future, each candidate once.
    january
        When they are compared.
    share
        As `base_share`.
    """
    at = one.januaries.index(january)
    return tuple(
        _test(one, o, at, share) for o, option in enumerate(one.options) if option.candidate.kind in SPECIAL
    )


def _test(one: AppraisalInputs, special: int, at: int, share: Array) -> BaseComparison:
    candidate = one.options[special].candidate
    bases = [
        o
        for o, option in enumerate(one.options)
        if option.candidate.kind == "base" and _alike(candidate, option.candidate)
    ]
    nearest, distance, near_by = _nearest(candidate, [one.options[o].candidate for o in bases])
    children = one.seats.alone(special)[:, at]
    admitted = one.seats.admitted[special][:, at].sum(axis=1)
    whole = admitted.sum(axis=(1, 2))
    suited = children * (admitted * share).sum(axis=(1, 2)) / np.where(whole > 0, whole, 1.0)
    room = _room(one, bases, at)
    met = np.minimum(suited, room)
    some = children >= WHOLE
    part = np.where(some, met / np.where(some, children, 1.0), np.nan)

    def drawn(values: Array) -> xr.DataArray:
        return xr.DataArray(values, dims="draw", coords={"draw": list(range(one.draws))})

    return BaseComparison(
        special=candidate.id,
        nearest=nearest,
        distance_km=distance,
        near_by=near_by,
        january=one.januaries[at],
        children=drawn(children),
        suited=drawn(suited),
        base_places=drawn(room),
        in_bases=drawn(part),
        all_in_bases=drawn(np.where(some, children - met < WHOLE, np.nan)),
    )


def _alike(a: Candidate, b: Candidate) -> bool:
    return bool(set(a.phases) & set(b.phases) and set(a.needs) & set(b.needs))


def _room(one: AppraisalInputs, bases: Sequence[int], at: int) -> Array:
    """Return places of base options left after children who want a base are seated, dims ``(draw,)``."""
    if not bases:
        return np.zeros(one.draws)
    places = one.seats.places[:, [at]][:, :, list(bases)]
    cells = one.wanted.isel(draw=0, january=0, drop=True)
    wants = one.children.at(
        one.januaries[at], xr.ones_like(cells).where(cells["provision"] == SPECIALIST_PROVISIONS[1], 0.0)
    )
    who = seating(
        [one.options[o].candidate for o in bases], places, wants, one.choices.isel(january=[at]), one.rules
    )
    taken = who.filled(np.ones(len(bases)), range(len(bases)))
    return np.asarray((places - taken)[:, 0].sum(axis=1))


def _nearest(special: Candidate, bases: Sequence[Candidate]) -> tuple[str | None, float | None, NearBy]:
    """Return the nearest base: by distance if sites are known, else of the same community, else the first by name."""
    if not bases:
        return None, None, "none"
    ordered = sorted(bases, key=lambda c: c.id)
    sited = [c for c in ordered if c.latitude is not None]
    if special.latitude is not None and sited:
        away = distances_km(_points([special]), _points(sited))[0]
        return sited[int(away.argmin())].id, float(away.min()), "distance"
    if special.community is not None:
        same = [c for c in ordered if c.community == special.community]
        if same:
            return same[0].id, None, "community"
    return ordered[0].id, None, "none"


def _points(candidates: Sequence[Candidate]) -> gpd.GeoSeries:
    return gpd.GeoSeries.from_xy(
        [c.longitude for c in candidates], [c.latitude for c in candidates], crs=DEGREES
    )
