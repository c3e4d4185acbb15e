"""Objects that travel along the road: Plans, Placements, Shortfall and the Outcome that holds them.

Invariants, in every draw: needs and ages of `Plans` add up to the total, and a year's stock is the stock before less leavers
plus joiners and transfers; provisions of `Placements` add up to `Plans`; a shortfall is never negative. Nothing here summarises.
"""

from __future__ import annotations

from dataclasses import dataclass

import xarray as xr

from data.areas import Area
from data.register import Register


@dataclass(frozen=True)
class Plans:
    """EHC plans of one authority each January.

    Parameters
    ----------
    model, origin
        Demand model and the last January it saw.
    known_january
        January of ``known``: the latest, or an earlier one where the latest return is missing or incomplete.
    known
        Stock at that January, dims ``(age, need)``; adds up to the published total.
    estimated_mix
        True where the authority's own age or need figures were not published and England's mix stands in.
    future
        dims ``(draw, january, age, need)``, plans (real numbers: an expectation within each draw).
    flows
        ``joiners``, ``leavers`` and ``transfers`` in the year to each January, dims ``(draw, january, age, need)``; the joiner
        ``index`` and what was ``spread_to_leavers``, dims ``(draw, january, series)``; the ``opening`` stock, dims
        ``(age, need)``; changes of recorded need, ``recoded`` (`models.cohort_flow.advance`).
    reason_share
        Reasons of those who leave other than by moving to another authority, dims ``(draw, band, reason)``.
    residents
        Residents joiners come from, dims ``(draw, january, age)``.
    process
        Requests and assessments by calendar year, dims ``(draw, year, age)`` (`models.pipeline`).
    """

    model: str
    origin: int
    known_january: int
    known: xr.DataArray
    estimated_mix: bool
    future: xr.DataArray
    flows: xr.Dataset
    reason_share: xr.DataArray
    residents: xr.DataArray
    process: xr.Dataset


@dataclass(frozen=True)
class Placements:
    """Where plan holders are taught, under the latest placement mix.

    Parameters
    ----------
    known_january
        January of ``known``: the latest, or the one before where the latest was not returned.
    known
        dims ``(age, provision)``, published stock; all provisions.
    future
        dims ``(draw, january, age, provision)``, all provisions; adds up to `Plans` summed over needs.
    estimated_mix
        True where the authority's own placements by need were not published and England's pattern of needs stands in.
    """

    known_january: int
    known: xr.DataArray
    future: xr.DataArray
    estimated_mix: bool


@dataclass(frozen=True)
class Shortfall:
    """Specialist places wanted against places there are, by phase and provision.

    Parameters
    ----------
    wanted
        dims ``(draw, january, phase, provision)``, children and young people.
    places
        dims ``(january, phase, provision)``: local places and the places residents now use elsewhere.
    local_places
        Same dims: places in the authority only.
    short
        dims ``(draw, january, phase, provision)``: max(0, wanted - places).
    placed_now, places_now
        Residents placed (published, `Placements.known_january`) and places at the latest January, dims ``(phase, provision)``.
    """

    wanted: xr.DataArray
    places: xr.DataArray
    local_places: xr.DataArray
    short: xr.DataArray
    placed_now: xr.DataArray
    places_now: xr.DataArray


@dataclass(frozen=True)
class Outcome:
    """One authority's run: what came out and what went in.

    Parameters
    ----------
    area, seed
        Whose run it is, and the seed of its draws.
    population
        Residents aged 0 to 25 by mid-year, estimated or projected, dims ``(mid_year,)``.
    history_total, history_bands
        Plans as published, NaN where not, dims ``(january,)`` and ``(series, january)``.
    timeliness
        Latest calendar year and share of new plans issued within 20 weeks; None where not published.
    out_of_line
        Januaries whose published total leaps from the year before.
    spliced
        Januaries before the authority existed, dims ``(january,)``.
    plans, placements, register, shortfall
        The stations of the road.
    """

    area: Area
    seed: int
    population: xr.DataArray
    history_total: xr.DataArray
    history_bands: xr.DataArray
    timeliness: tuple[int, float] | None
    out_of_line: tuple[int, ...]
    spliced: xr.DataArray
    plans: Plans
    placements: Placements
    register: Register
    shortfall: Shortfall
