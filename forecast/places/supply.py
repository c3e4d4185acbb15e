"""The places residents may take, in every draw, from a capacity `Register`: the supply side of the allocation.

Equation, for a unit in a draw and January, with the row of the register that is in force there:

    places = max(0, places of the row x max_occupancy - taken_by_others) x share of its year groups open

A *unit* is a chain of rows of one setting that follow on in time (`data.registers.register.find_chains`), so a step in places,
ages or designation keeps the unit and its pupils. Which row is in force differs by draw, because schemes slip:

- Three uniform numbers a setting say whether its scheme is delivered, whether on time, and otherwise how many years late
  (geometric, at least one). They are compared with the chances in the register, so a better chance never harms a draw.
- All rows of a setting share the numbers, and a later step of a scheme is never earlier than the step before it, nor
  delivered without it.
- Until a step opens the row before it goes on, as it does where a step is not counted because of its status. What is to
  close closes when the register says.

The numbers depend on the generator's state and the name of the setting only, not on what else is in the register: two
registers that differ in one row share every other draw (common random numbers).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from data.errors import RegisterError
from data.registers.register import (
    LOCATIONS,
    STATUSES,
    Record,
    Register,
    find_chains,
    first_year,
    months_open,
    needs_of,
    opens_after_census,
    records,
    with_defaults,
)
from data.vocabulary import AGES, NEED_CODES, PHASE_CODES, PHASES, SPECIALIST_PROVISIONS
from forecast.core.arrays import Floats
from forecast.core.outcome import Unit

MONTHS = 12
"""Months of a year."""

NEVER = 10_000
"""Academic year in which a step that is not delivered opens."""


@dataclass(frozen=True, slots=True, eq=False)
class Supply:
    """Places that residents may take, by draw, January and unit.

    Parameters
    ----------
    units
        In the order of the register; the coordinate ``unit`` holds their names.
    places
        Places in each unit, dims ``(draw, january, unit)``, 0 or more; January y belongs to academic year (y-1)/y.
    year_groups
        Year groups of the unit that are open, by the age that stands for them, dims ``(draw, january, unit, age)``: 0 or
        1, but up to 3 at age 2, which stands for all under 3.
    admits_need
        Needs admitted, dims ``(january, unit, need)``: those of the row that the register puts there. Where a change of
        designation slips, its needs do not.
    commissioned
        Places open in each unit by the end of the academic year, whoever takes them and however full they may be, dims
        ``(draw, january, unit)``: those that are paid for by the place.
    opened_late
        Of them, those that open after September: they are not paid for in the months before, dims as ``commissioned``; below 0
        where the unit becomes smaller.
    late_months
        Months of the academic year, from September, before they open, 0 to 11, dims as ``commissioned``.
    """

    units: tuple[Unit, ...]
    places: xr.DataArray
    year_groups: xr.DataArray
    admits_need: xr.DataArray
    commissioned: xr.DataArray
    opened_late: xr.DataArray
    late_months: xr.DataArray

    @property
    def admits_age(self) -> xr.DataArray:
        """Whether a unit is open and admits an age, dims ``(draw, january, unit, age)``."""
        return self.year_groups > 0

    def by_phase(self) -> xr.DataArray:
        """Return places by phase and provision, dims ``(draw, january, phase, provision, located)``.

        A unit's places are shared evenly between its open year groups: an estimate, as in `places_by_phase`. Sums over
        phases equal sums over units.
        """
        open_groups = self.year_groups.to_numpy()
        groups = np.stack(
            [
                open_groups[..., AGES.index(p.ages[0]) : AGES.index(p.ages[-1]) + 1].sum(axis=-1)
                for p in PHASES
            ],
            axis=-1,
        )
        total = groups.sum(axis=-1)
        shared = groups * (self.places.to_numpy() / np.where(total > 0, total, 1))[..., None]
        of = [
            [(u.provision, u.located) == (p, place) for p in SPECIALIST_PROVISIONS for place in LOCATIONS]
            for u in self.units
        ]
        kinds = np.array(of, dtype=float).reshape(
            len(self.units), len(SPECIALIST_PROVISIONS) * len(LOCATIONS)
        )
        summed = np.swapaxes(shared, 2, 3) @ kinds
        return xr.DataArray(
            summed.reshape(*summed.shape[:3], len(SPECIALIST_PROVISIONS), len(LOCATIONS)),
            dims=("draw", "january", "phase", "provision", "located"),
            coords={
                "draw": self.places["draw"],
                "january": self.places["january"],
                "phase": list(PHASE_CODES),
                "provision": list(SPECIALIST_PROVISIONS),
                "located": list(LOCATIONS),
            },
        )


def supply(
    register: Register,
    januaries: Sequence[int],
    draws: int,
    rng: np.random.Generator,
    *,
    statuses: Sequence[str] = ("open", "agreed"),
) -> Supply:
    """Return the places residents may take in the specialist units of a register.

    Parameters
    ----------
    register
        The register; blank cells stand for what `data.registers.register.with_defaults` says.
    januaries
        In order. Units that close before the first are left out.
    draws
        Number of draws.
    rng
        Gives one key, however large the register is; the same state gives the same draws.
    statuses
        Which rows count. A unit none of whose rows counts is left out.

    Raises
    ------
    RegisterError
        A status is not one of `STATUSES`, or no January or draw is asked for.
    """
    unknown = [s for s in statuses if s not in STATUSES]
    if unknown or not januaries or draws < 1:
        what = (
            f"'{unknown[0]}' is not a status of a register row"
            if unknown
            else "no January or no draw was asked for"
        )
        raise RegisterError(
            f"{what[0].upper()}{what[1:]}, so it is unclear which places to count. Use the statuses "
            f"{', '.join(STATUSES)}, at least one January and at least one draw."
        )
    key = rng.integers(2**32, size=4, dtype=np.uint64)
    numbered = dict(enumerate(records(with_defaults(register.rows))))
    chains = [
        [numbered[n] for n in sorted(c, key=lambda n: _begins(numbered[n]))] for c in find_chains(numbered)
    ]
    counted = [
        chain
        for chain in chains
        if chain[0]["provision"] in SPECIALIST_PROVISIONS
        and any(row["status"] in statuses for row in chain)
        and _ends(chain) >= januaries[0] - 1
    ]
    places, commissioned, opened_late, late_months = np.zeros((4, draws, len(januaries), len(counted)))
    groups = np.zeros((*places.shape, len(AGES)), dtype=np.int8)
    needs = np.zeros((len(januaries), len(counted), len(NEED_CODES)), dtype=bool)
    for u, chain in enumerate(counted):
        begins = _opening_years(chain, statuses, _setting_uniforms(key, chain[0]["setting"], draws))
        running = sum(january - 1 <= _ends(chain) for january in januaries)
        years = [january - 1 for january in januaries[:running]]
        _fill_years(
            chain, begins, years, places[:, :running, u], commissioned[:, :running, u], groups[:, :running, u]
        )
        for j, january in enumerate(januaries):
            if j < running:
                of_year = commissioned[:, j, u], opened_late[:, j, u], late_months[:, j, u]
                _open_late(chain, begins, january - 1, *of_year)
            planned = _planned_row(chain, statuses, january - 1)
            needs[j, u] = [code in needs_of(planned) for code in NEED_CODES]
    units = _units(counted, statuses, januaries[0])
    coords = {
        "draw": np.arange(draws), "january": list(januaries), "unit": np.array([u.name for u in units], dtype=str),
        "age": list(AGES), "need": list(NEED_CODES),
    }  # fmt: skip

    def labelled(values: npt.NDArray[np.generic], *dims: str) -> xr.DataArray:
        return xr.DataArray(values, dims=dims, coords={d: coords[d] for d in dims})

    return Supply(
        units=units,
        places=labelled(places, "draw", "january", "unit"),
        year_groups=labelled(groups, "draw", "january", "unit", "age"),
        admits_need=labelled(needs, "january", "unit", "need"),
        commissioned=labelled(commissioned, "draw", "january", "unit"),
        opened_late=labelled(opened_late, "draw", "january", "unit"),
        late_months=labelled(late_months, "draw", "january", "unit"),
    )


def _begins(row: Record) -> int:
    """Return the calendar year in whose September a row begins."""
    year = first_year(row["from_academic_year"])
    assert year is not None  # the register was checked
    return year


def _ends(chain: Sequence[Record]) -> int:
    """Return the first calendar year of a unit's last academic year; `NEVER` if it has no end."""
    last = chain[-1]["to_academic_year"]
    year = None if last is None else first_year(last)
    return NEVER if year is None else year


def _setting_uniforms(key: npt.NDArray[np.uint64], setting: str, draws: int) -> Floats:
    """Draw the three uniform random numbers of a setting, dims (3, draw)."""
    name = hashlib.sha256(setting.casefold().encode()).digest()[:16]
    words = [int.from_bytes(name[i : i + 4], "little") for i in range(0, 16, 4)]
    return np.random.default_rng([*(int(k) for k in key), *words]).random((draws, 3)).T


def _opening_years(
    chain: Sequence[Record], statuses: Sequence[str], uniforms: Floats
) -> npt.NDArray[np.int64]:
    """Return the academic year in which each row of a unit begins, dims (row, draw); `NEVER` if it is not delivered."""
    begins = np.full((len(chain), uniforms.shape[1]), NEVER, dtype=np.int64)
    chance, late = 100.0, np.zeros(uniforms.shape[1], dtype=np.int64)
    for i, row in enumerate(chain):
        if row["status"] not in statuses:
            continue
        delay = np.where(
            uniforms[1] * 100 < row["chance_on_time"], 0, delays(uniforms[2], row["typical_delay_years"])
        )
        if row["status"] == "open":
            likely, delayed = float(row["chance_delivered"]), delay
        else:
            chance = likely = min(chance, float(row["chance_delivered"]))
            late = delayed = np.maximum(late, delay)
        # Places that open after the January count of their first year are counted from the next.
        counted_from = _begins(row) + opens_after_census(row, _begins(row) + 1)
        begins[i] = np.where(uniforms[0] * 100 < likely, counted_from + delayed, NEVER)
    return begins


def delays(uniform: Floats, mean: float) -> npt.NDArray[np.int64]:
    """Return whole years of delay, geometric from 1 with a given mean, by inversion: a higher mean never shortens one."""
    if mean <= 1:
        return np.ones(len(uniform), dtype=np.int64)
    years = np.ceil(np.log1p(-uniform) / np.log1p(-1.0 / mean))
    return np.asarray(np.maximum(years, 1), dtype=np.int64)


def _fill_years(
    chain: Sequence[Record],
    begins: npt.NDArray[np.int64],
    years: Sequence[int],
    places: Floats,
    commissioned: Floats,
    groups: npt.NDArray[np.int8],
) -> None:
    """Fill in the places and year groups of one unit in academic years, dims (draw, year[, age])."""
    reached = begins[:, :, None] <= np.array(years)
    latest = np.where(reached.any(axis=0), len(chain) - 1 - reached[::-1].argmax(axis=0), -1)
    for i, row in enumerate(chain):
        here = latest == i
        if not here.any():
            continue
        ages = int(row["age_high"] - row["age_low"]) + 1
        opened = np.where(here, ages, 0)
        if row["phasing"] == "by_year_group":
            opened = np.where(here, np.minimum(ages, np.array(years) - begins[i][:, None] + 1), 0)
        usable = max(
            0.0, float(row["places"]) * float(row["max_occupancy"]) / 100 - float(row["taken_by_others"])
        )
        np.copyto(places, usable * opened / ages, where=here)
        np.copyto(commissioned, float(row["places"]) * opened / ages, where=here)
        for offset in range(ages):
            slot = AGES.index(max(AGES[0], int(row["age_low"]) + offset))
            groups[..., slot] += opened > offset


def _open_late(
    chain: Sequence[Record],
    begins: npt.NDArray[np.int64],
    year: int,
    commissioned: Floats,
    opened_late: Floats,
    late_months: Floats,
) -> None:
    """Fill in which places of an academic year open after September, and how many months they are then not there.

    Those that open after the January count are commissioned that year and not counted in that January.
    """
    for i, row in enumerate(chain):
        if months_open(row) == MONTHS:
            continue
        uncounted = opens_after_census(row, _begins(row) + 1)
        here = np.flatnonzero(begins[i] - uncounted == year)
        if not len(here):
            continue
        ages = int(row["age_high"] - row["age_low"]) + 1
        first = float(row["places"]) / (ages if row["phasing"] == "by_year_group" else 1)
        earlier = np.zeros(len(begins[i]))
        if i:
            blank = np.zeros_like(earlier), np.zeros((len(earlier), len(AGES)), dtype=np.int8)
            _fill_years(chain[:i], begins[:i], [year], blank[0][:, None], earlier[:, None], blank[1][:, None])
        commissioned[here] = first
        opened_late[here] = first - earlier[here]
        late_months[here] = MONTHS - months_open(row)


def _planned_row(chain: Sequence[Record], statuses: Sequence[str], year: int) -> Record:
    """Return the counted row that the register plans for an academic year: the latest begun, else the first to come."""
    counted = [row for row in chain if row["status"] in statuses]
    begun = [row for row in counted if _begins(row) <= year]
    return begun[-1] if begun else counted[0]


def _units(chains: Sequence[Sequence[Record]], statuses: Sequence[str], january: int) -> tuple[Unit, ...]:
    now = [_planned_row(chain, statuses, january - 1) for chain in chains]
    ages = [(min(r["age_low"] for r in chain), max(r["age_high"] for r in chain)) for chain in chains]
    return tuple(
        Unit(
            name=name, setting=row["setting"], urn=row["urn"], provision=row["provision"], located=row["located"],
            community=row["community"], age_low=int(low), age_high=int(high), source=row["source"],
            confidence=row["confidence"], status=row["status"],
        )
        for name, row, (low, high) in zip(_unit_names(now, ages), now, ages, strict=True)
    )  # fmt: skip


def _unit_names(rows: Sequence[Record], ages: Sequence[tuple[int, int]]) -> list[str]:
    """Return a distinct name for each unit: its setting, with ages, provision or needs added where needed."""
    forms = [
        [row["setting"] for row in rows],
        [f"{row['setting']}, ages {low} to {high}" for row, (low, high) in zip(rows, ages, strict=True)],
    ]
    forms.append([f"{name}, {row['provision']}" for name, row in zip(forms[1], rows, strict=True)])
    forms.append([f"{name}, {row['needs']}" for name, row in zip(forms[2], rows, strict=True)])
    forms.append([f"{name}, {row['from_academic_year']}" for name, row in zip(forms[3], rows, strict=True)])
    forms.append(
        [
            f"{name}, {row['located']}, {i + 1}"
            for i, (name, row) in enumerate(zip(forms[4], rows, strict=True))
        ]
    )
    names = []
    for i in range(len(rows)):
        distinct = (form[i] for form in forms if [n.casefold() for n in form].count(form[i].casefold()) == 1)
        names.append(next(distinct))
    return names
