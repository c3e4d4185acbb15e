"""What is dated before the first forecast year, and what becomes of it: levers of a scenario, openings of a register, schemes.

A scenario, register or list of schemes made on an earlier release may name years that are published by now. Calendar year y is
counted in January y + 1, so with F the first January forecast, a date before F - 1 is an earlier one. A lever keeps its dates: in
January j >= F it has the weight its dates give the year j - 1, whatever was published meanwhile.

Invariant: everything with an earlier date is listed, once and in its order, with what becomes of it; nothing else is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data.registers.register import SLIPPAGE, Register, academic_year, first_year, records
from scenarios.effects import Frame
from scenarios.lever import LeverBase
from scenarios.money_levers import Income, Inflation, PriceCap, Transport, UnitCost
from scenarios.people_levers import Births, Housing
from scenarios.place_levers import Exports, Imports, Occupancy
from scenarios.plan_levers import PlanShare, Reassessment, Refusal, Timeliness
from scenarios.scenario import Scenario
from scenarios.schemes import Scheme, superseded
from scenarios.terms import Dates
from scenarios.wording import per_cent

if TYPE_CHECKING:
    # Its checks of tables are dear to load, and a forecast needs none of them.
    from data.capital.candidates import Candidate

_AHEAD = 30
"""Januaries ahead within which everybody born before the first is counted, or too old to be."""

TWICE = "It may be counted twice."
"""What a reader is warned of where the published figures hold some of the effect already."""

MONEY = (UnitCost, Inflation, PriceCap, Transport, Income)
"""Levers on pounds."""

ON_PLACES = (Occupancy, Imports, Exports)
"""Levers on places of the register."""


@dataclass(frozen=True, slots=True)
class EarlierDate:
    """One thing that is dated before the first forecast year.

    Parameters
    ----------
    name
        Of the lever, setting or scheme.
    kind
        What it is: "Lever", "Setting" or "Scheme".
    fate
        What becomes of it, without a full stop.
    warning
        What a reader should mind; blank where there is nothing.
    acts
        Whether it still changes anything.
    """

    name: str
    kind: str
    fate: str
    warning: str = ""
    acts: bool = True

    @property
    def sentence(self) -> str:
        """All of it as sentences."""
        return f"{self.kind} '{self.name}' {self.fate}.{f' {self.warning}' if self.warning else ''}"


def of_scenario(
    scenario: Scenario, first_january: int, *, la_code: int | None = None, register: Register | None = None
) -> tuple[EarlierDate, ...]:
    """Return the levers of a scenario with a date before the first forecast year.

    Parameters
    ----------
    scenario
        Flat: what it is based on has been read in.
    first_january
        First January forecast.
    la_code
        Levers that do not reach this authority are left out; None for all.
    register
        The register the schemes act on, which may have their places already; None where it is not known.
    """
    listed = []
    for lever in scenario.levers:
        if la_code is not None and not lever.reaches(la_code):
            continue
        one = _of_lever(lever, first_january, register)
        if one is not None:
            listed.append(one)
    return tuple(listed)


def of_register(register: Register, first_january: int) -> tuple[EarlierDate, ...]:
    """Return the rows of a register that were to open before the first forecast year and are not said to be open."""
    listed = []
    rows = records(register.rows)
    for row in rows:
        opens = first_year(row["from_academic_year"])
        if row["status"] == "open" or opens is None or opens >= first_january - 1:
            continue
        due = f"was to open in September {opens}, before the first forecast year {first_january - 1}"
        ends = None if row["to_academic_year"] is None else first_year(row["to_academic_year"])
        if ends is not None and ends < first_january - 1:
            fate = f"{due}, and this row of it ends with {row['to_academic_year']}: {_afterwards(row, rows)}"
            listed.append(EarlierDate(row["setting"], "Setting", fate, acts=False))
        elif row["status"] == "proposed":
            fate = f"{due}, and is still proposed: it is not counted"
            listed.append(EarlierDate(row["setting"], "Setting", fate, _MARK_OPEN, acts=False))
        else:
            usual = SLIPPAGE[row["status"], row["confidence"]].delivered
            chance = usual if row["chance_delivered"] is None else row["chance_delivered"]
            fate = (
                f"{due}: it counts from January {first_january} in the futures in which it has opened by then, and is ever "
                f"delivered in {per_cent(chance / 100)} of them"
            )
            listed.append(EarlierDate(row["setting"], "Setting", fate, _MARK_OPEN))
    return tuple(listed)


def _afterwards(row: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    """Return what a row that has ended gives way to: the next row of the same places, or none."""
    following = [
        str(other["from_academic_year"])
        for other in rows
        if (other["setting"], other["provision"]) == (row["setting"], row["provision"])
        and other["from_academic_year"] is not None
        and other["from_academic_year"] > row["to_academic_year"]
    ]
    if following:
        return f"from {min(following)} another row of it counts"
    return "it counts in no January forecast"


_MARK_OPEN = "If it has opened, mark it open in the register."


def of_schemes(candidates: Sequence[Candidate], first_january: int) -> tuple[EarlierDate, ...]:
    """Return the candidate schemes that were to open before the first forecast year: they cannot be chosen any more."""
    return tuple(
        EarlierDate(
            c.id,
            "Scheme",
            f"was to open in September {c.opens}, before the first forecast year {first_january - 1}: it is left out of the "
            "appraisal, since it cannot be chosen for then any more",
            f"If it was built, put its places in the capacity register; if not, give it an opening from {first_january - 1}.",
            acts=False,
        )
        for c in candidates
        if c.opens < first_january - 1
    )


def _of_lever(lever: LeverBase, first: int, register: Register | None) -> EarlierDate | None:
    if isinstance(lever, Scheme):
        return _of_scheme(lever, first, register)
    if isinstance(lever, Housing):
        return _of_homes(lever, first)
    if all(dates.first >= first - 1 for dates in lever.times):
        return None
    (dates,) = lever.times
    start = f"starts in {dates.first}, before the first forecast year {first - 1}"
    if lever.is_over(Frame(la_code=0, origin=first - 1, years=_AHEAD, draws=1)):
        fate = f"ends in {dates.until}, before the first forecast year {first - 1}: nothing is left to change"
        return EarlierDate(lever.name, "Lever", fate, acts=False)
    if isinstance(lever, Births):
        return EarlierDate(
            lever.name,
            "Lever",
            f"{start}: it counts for everybody born in its years, from January {first} on",
            f"Children who are already counted in January {first - 1} may be changed in the figures too. {TWICE}",
        )
    return EarlierDate(lever.name, "Lever", f"{start}: {_weight(dates, first)}", _warning(lever, first))


def _weight(dates: Dates, first: int) -> str:
    """Return in words how much of its effect a lever has from the first January on, and until when."""
    weight = dates.weight_in(first - 1)
    end = "" if dates.until is None else f", to January {dates.until + 1}"
    if weight == 1:
        return f"counts in full from January {first}{end}"
    full = f"all of it from January {dates.first + dates.ramp}"
    return f"{per_cent(weight)} of its effect counts in January {first}, and {full}{end}"


def _warning(lever: LeverBase, first: int) -> str:
    published = (
        f"What it did by January {first - 1} is in the published figures that the forecast starts from."
    )
    if isinstance(lever, Timeliness):
        return (
            f"It starts from the share of plans on time in {first - 2}, so only what is left of the way counts; but plans that "
            f"came sooner are in the figures of January {first - 1} already. {TWICE}"
        )
    if isinstance(lever, Reassessment):
        kept = (
            f" Who held a protected place in January {lever.protects_held_in} cannot be told any more, so all who hold one in "
            f"January {first - 1} are protected."
            if lever.protects_held_in is not None and lever.protects_held_in < first - 1
            else ""
        )
        return f"{published} {TWICE}{kept}"
    if isinstance(lever, Refusal | PlanShare) and lever.how == "set":
        return f"{published} The share is set, not added to, so in itself it is not counted twice."
    if isinstance(lever, MONEY):
        return (
            "What it changed before is in the prices and income that are published or put in since, if they were. "
            + TWICE
        )
    if isinstance(lever, ON_PLACES):
        return f"If the register was brought up to date since, it has the change. {TWICE}"
    return f"{published} {TWICE}"


def _of_homes(lever: Housing, first: int) -> EarlierDate | None:
    years = [year for site in lever.sites for year in site.years]
    left = [year for year in years if year >= first - 1]
    if len(left) == len(years):
        return None
    start = f"has homes finished in {min(years)}, before the first forecast year {first - 1}"
    if not left:
        return EarlierDate(
            lever.name, "Lever", f"{start}, and none later: nothing is left to change", acts=False
        )
    return EarlierDate(
        lever.name,
        "Lever",
        f"{start}: only homes finished from {first - 1} bring people",
        f"Who moved in before is taken to be among the residents of January {first - 1}.",
    )


def _of_scheme(lever: Scheme, first: int, register: Register | None) -> EarlierDate | None:
    frame = Frame(la_code=0, origin=first - 1, years=1, draws=1)
    why = "" if register is None else superseded(lever, records(register.rows), frame)
    if lever.when is None:
        fate = f"takes its date from the register: {why}, so nothing is left to change"
        return EarlierDate(lever.name, "Lever", fate, acts=False) if why else None
    if lever.when.first >= first - 1:
        return None
    due = f"is dated September {lever.when.first}, before the first forecast year {first - 1}"
    if why:
        return EarlierDate(lever.name, "Lever", f"{due}: {why}, so nothing is left to change", acts=False)
    if lever.is_over(frame):
        assert lever.when.until is not None  # else it would not be over
        fate = (
            f"{due}, and its places end with {academic_year(lever.when.until + 1)}: nothing is left to change"
        )
        return EarlierDate(lever.name, "Lever", fate, acts=False)
    unless = "" if register is not None else " unless the register has it"
    fate = {
        "open": f"its places are added from January {first}, in the futures in which it has opened by then{unless}",
        "expand": f"its places are added from January {first}, in the futures in which it has opened by then{unless}",
        "redesignate": f"the setting has its new designation from January {first}",
        "close": f"the setting's places do not count from January {first}",
        "slip": f"what the register plans there opens then and counts from January {first}{unless}",
        "confirm": f"what the register plans there counts from January {first}{unless}",
    }[lever.action]
    warning = (
        "If the register has these places under another name, or in the places of the setting, they are counted twice."
        if lever.action in ("open", "expand")
        else ""
    )
    return EarlierDate(lever.name, "Lever", f"{due}: {fate}", warning)
