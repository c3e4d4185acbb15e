"""The results of a run: `Plans`, `Placements`, `Shortfall`, and the `Outcome` that holds them.

Invariants, in every draw: needs and ages of `Plans` add up to the total, and a year's stock is the stock before less leavers
plus joiners and transfers; provisions of `Placements` add up to `Plans`; a shortfall is never negative. Nothing here summarises.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from data.areas import Area
from data.counts.own_counts import OwnCounts
from data.panels.backlogs import Backlog
from data.registers.register import Register
from data.vocabulary import AGE_BANDS, AGES, ALL, BAND_CODES
from scenarios.effects import UNCHANGED, MoneyEffects

ONE_CHILD = 1.0
"""Smallest gap, in children, that counts as a shortfall."""

RECORD_YEARS = 5
"""Years of an authority's own growth that a forecast is set beside."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A setting, or a part of one, whose pupils stay together when its size or designation changes.

    Parameters
    ----------
    name
        Unlike any other unit's: the setting, with its ages where a setting has several units.
    setting, urn, provision, located, community, source, confidence, status
        Of the row in force in the first January asked for, or of the first row to come.
    age_low, age_high
        Youngest and oldest age of any of its rows.
    """

    name: str
    setting: str
    urn: int | None
    provision: str
    located: str
    community: str | None
    age_low: int
    age_high: int
    source: str
    confidence: str
    status: str


@dataclass(frozen=True)
class Plans:
    """EHC plans of one authority each January, by draw, age and need.

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
    need_january
        January whose needs are published; those of a later ``known_january`` are worked out from it (`data.panels.composition`).
    future
        dims ``(draw, january, age, need)``, plans (real numbers: an expectation within each draw).
    flows
        ``joiners``, ``leavers`` and ``transfers`` in the year to each January, dims ``(draw, january, age, need)``; the joiner
        ``index`` and what was ``spread_to_leavers``, dims ``(draw, january, series)``; today's joining ``rate``, dims
        ``(draw, age)``; the ``opening`` stock, dims ``(age, need)``; changes of recorded need, ``recoded``
        (`models.cohort_flow.advance`).
    reason_share
        Reasons of those who leave other than by moving to another authority, dims ``(draw, band, reason)``.
    residents
        Residents joiners come from, dims ``(draw, january, age)``.
    process
        Requests and assessments by calendar year, dims ``(draw, year, age)`` (`models.pipeline`).
    chance
        Lifetime chance of a plan at the joining rates of the year to each January, of the baseline and of every January drawn
        however few are forecast, dims ``(draw, january)`` (`models.cohort_flow.lifetime_chance`).
    at_todays_rates
        Plans in all were today's joining and leaving rates to hold, of every January drawn, dims ``(draw, january)``: a
        reference.
    """

    model: str
    origin: int
    known_january: int
    known: xr.DataArray
    estimated_mix: bool
    need_january: int
    future: xr.DataArray
    flows: xr.Dataset
    reason_share: xr.DataArray
    residents: xr.DataArray
    process: xr.Dataset
    chance: xr.DataArray
    at_todays_rates: xr.DataArray

    def by_band(self) -> xr.DataArray:
        """Return plans in all and by age band, dims ``(draw, series, january)``, series as `data.panels.history.SERIES`."""
        ages = self.future.sum("need").transpose("draw", "january", "age")
        values = ages.to_numpy()
        bands = [values[..., [AGES.index(a) for a in band.ages]].sum(axis=-1) for band in AGE_BANDS]
        return xr.DataArray(
            np.stack([values.sum(axis=-1), *bands], axis=1),
            dims=("draw", "series", "january"),
            coords={"draw": ages["draw"], "series": [ALL, *BAND_CODES], "january": ages["january"]},
        )

    def first(self, years: int) -> Plans:
        """Return the plans of the first Januaries, with the flows, residents and process behind them; all of `chance`."""
        kept = slice(0, years)
        return replace(
            self,
            future=self.future.isel(january=kept),
            flows=self.flows.isel(january=kept),
            residents=self.residents.isel(january=kept),
            process=self.process.isel(year=kept),
        )


@dataclass(frozen=True)
class Placements:
    """Plan holders by the provision in which they are taught.

    Parameters
    ----------
    known_january
        January of ``known``: the latest, or the one before where the latest was not returned.
    known
        dims ``(age, provision)``, published stock; all provisions.
    future
        dims ``(draw, january, age, provision)``, all provisions; adds up to `Plans` summed over needs.
    by_need
        The same by phase and need, dims ``(draw, january, phase, need, provision)``.
    wanted
        Children who would be in a specialist place if places grew with today's choices, dims ``(draw, january, provision, age,
        need)``.
    start
        Children in specialist places at the origin, dims ``(provision, age, need)``.
    opening
        Where all were taught at the origin, dims ``(draw, age, need, provision)``; adds up to the opening stock.
    plans
        Plans, dims ``(draw, january, age, need)``.
    estimated_mix
        True where the authority's own placements by need were not published and England's pattern of needs stands in.
    """

    known_january: int
    known: xr.DataArray
    future: xr.DataArray
    by_need: xr.DataArray
    wanted: xr.DataArray
    start: xr.DataArray
    opening: xr.DataArray
    plans: xr.DataArray
    estimated_mix: bool


@dataclass(frozen=True)
class Shortfall:
    """Specialist places wanted, places available, children without the place they want, and where they go instead.

    Parameters
    ----------
    blend
        Demand used: 0 observed, 1 latent.
    wanted, observed, latent
        Children who want a place: as used, at today's choices, and with those thought to be turned away; dims ``(draw, january,
        provision, phase, need_group)``.
    short
        Children without a place of the kind they want, same dims, at least 0.
    overflow
        Where those children go, dims ``(draw, january, provision, destination, phase, need_group)``; adds up to ``short``.
    units
        Settings, or parts of them, in the order of the dimension ``unit``.
    unit_places, unit_free
        Places of each unit, and those left, dims ``(draw, january, unit)``.
    unit_commissioned
        Places open in each unit by the end of the academic year, whoever takes them, dims ``(draw, january, unit)``; Januaries
        from the origin.
    unit_opened_late, unit_late_months
        Of them, those that open after September, and the months of the academic year before they do; same dims.
    unit_filled
        Places taken by children who wanted them, dims ``(draw, january, unit, phase, need_group)``.
    open_to
        Expected places a phase and need group fills or could fill, dims ``(january, phase, need_group, provision)``, "All" phases
        first: a free place counts for every phase and group it admits.
    places, local_places
        Expected places in all and in the authority, dims ``(january, phase, provision)``.
    placed_now, places_now
        Residents placed (published, `Placements.known_january`) and places at the latest January, dims ``(phase, provision)``.
    unseated
        Children placed at the origin for whom the register has no place: they count as new entrants; dims ``(provision, phase,
        need_group)``.
    ends
        Where a child without a place ends when no specialist place is free, expected shares, dims ``(provision, destination,
        phase, need_group)``; they add up to 1 over destinations.
    """

    blend: float
    wanted: xr.DataArray
    observed: xr.DataArray
    latent: xr.DataArray
    short: xr.DataArray
    overflow: xr.DataArray
    units: tuple[Unit, ...]
    unit_places: xr.DataArray
    unit_commissioned: xr.DataArray
    unit_opened_late: xr.DataArray
    unit_late_months: xr.DataArray
    unit_free: xr.DataArray
    unit_filled: xr.DataArray
    open_to: xr.DataArray
    places: xr.DataArray
    local_places: xr.DataArray
    placed_now: xr.DataArray
    places_now: xr.DataArray
    unseated: xr.DataArray
    ends: xr.DataArray


@dataclass(frozen=True)
class RecentYears:
    """The last years of an authority and of England, which a forecast is set beside.

    Parameters
    ----------
    requests, refused
        Requests for an assessment, and those refused, by calendar year; NaN where not published, dims ``(year,)``.
    england_growth
        England's yearly growth of plans over `RECORD_YEARS` to the origin, of the authorities with both totals; 0.1 for 10 %.
    england_ahead
        England's yearly growth over as many years ahead, in the middle of the forecast; None where the model has no forecast of
        England.
    """

    requests: xr.DataArray
    refused: xr.DataArray
    england_growth: float
    england_ahead: float | None


@dataclass(frozen=True)
class CountUsed:
    """The council's own count that a forecast agrees with, and what it moved.

    Parameters
    ----------
    counts
        The file of counts.
    fingerprint
        SHA-256 of what it says.
    before, after
        Plans in all without and with the count, of every January drawn, dims ``(draw, january)``.
    low, high
        Plans between which the forecast without the count has the count in 999 of 1,000 futures.
    published
        Plans at the last January published.
    needs_before, needs_after
        Needs of the opening stock without and with the count, dims ``(need,)``; None where it gives none.
    bands_used
        Whether its age bands move the forecast.
    """

    counts: OwnCounts
    fingerprint: str
    before: xr.DataArray
    after: xr.DataArray
    low: float
    high: float
    published: float
    needs_before: xr.DataArray | None
    needs_after: xr.DataArray | None
    bands_used: bool


@dataclass(frozen=True)
class Outcome:
    """The results of one run for one authority, with the inputs it was made from.

    Parameters
    ----------
    area, seed
        Whose run it is, and the seed of its draws.
    history_total, history_bands
        Plans as published, NaN where not, dims ``(january,)`` and ``(series, january)``.
    timeliness
        Latest calendar year and share of new plans issued within 20 weeks; None where not published.
    out_of_line
        Januaries whose published total leaps from the year before.
    backlogs
        Years in which the authority issued plans that were due before.
    spliced
        Januaries before the authority existed, dims ``(january,)``.
    plans, placements, register, shortfall
        The results of each stage.
    scenario
        Title of the scenario that was run; None for the baseline.
    money
        What the scenario's levers change in prices and income (`forecast.finance.finance_model`).
    recent
        The last years of the authority and of England; None where they were not read.
    reform
        Plans in all if the reform becomes law as `forecast.core.defaults.REFORM` has it, dims ``(draw, january)``: a future
        beside the forecast, never in it. None in a scenario, and where it was not run.
    own_count
        The council's own count that the forecast agrees with; None where none was given.
    """

    area: Area
    seed: int
    history_total: xr.DataArray
    history_bands: xr.DataArray
    timeliness: tuple[int, float] | None
    out_of_line: tuple[int, ...]
    spliced: xr.DataArray
    plans: Plans
    placements: Placements
    register: Register
    shortfall: Shortfall
    backlogs: tuple[Backlog, ...] = ()
    scenario: str | None = None
    money: MoneyEffects = UNCHANGED
    recent: RecentYears | None = None
    reform: xr.DataArray | None = None
    own_count: CountUsed | None = None
