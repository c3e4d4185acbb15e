"""Apply a scenario to one authority: effects of its levers, its schemes in the register, and notes for the reader.

Equation: the effects of a scenario are those of its levers, one after another in the order listed; `scenarios.effects` says in
which cases the order matters.

Invariants: no levers, no effects, and the register given; the same scenario, frame and seed give the same effects.
"""

from __future__ import annotations

from dataclasses import fields

from data.areas import resolve
from data.errors import ScenarioError
from data.formatting import quoted
from data.registers.register import Register, records
from scenarios.effects import Effects, Frame
from scenarios.lever import LeverContext
from scenarios.place_levers import Exports, Imports, Occupancy
from scenarios.scenario import Scenario
from scenarios.schemes import Scheme, superseded, with_schemes
from scenarios.terms import area_name
from scenarios.wording import joined, suggestion


def effects(
    scenario: Scenario,
    frame: Frame,
    seed: int,
    *,
    issued_in_twenty_weeks: float | None = None,
    residents_11_15: float | None = None,
) -> Effects:
    """Return the effects of a scenario's levers on plans, placements, places and money, in the order listed.

    Parameters
    ----------
    scenario
        Flat: what it is based on has been read in (`scenarios.reading.resolve`).
    frame
        Authority, origin, Januaries and draws.
    seed
        Of the run, 0 or more; sizes given as intervals are drawn with it.
    issued_in_twenty_weeks
        Share of new plans issued within 20 weeks at the origin, 0 to 1, where known.
    residents_11_15
        Residents aged 11 to 15 at the origin, where known.

    Raises
    ------
    ScenarioError
        It is for other authorities, is based on another scenario, or a lever cannot act in the frame.
    """
    _checked(scenario, frame)
    context = LeverContext(frame, seed, issued_in_twenty_weeks, residents_11_15)
    parts = [lever.effects(context) for lever in scenario.levers]
    return Effects(
        **{
            field.name: tuple(one for part in parts for one in getattr(part, field.name))
            for field in fields(Effects)
        }
    )


def without_superseded(scenario: Scenario, register: Register, frame: Frame) -> Scenario:
    """Return a scenario without the schemes of published years that the register has carried out; the same if there are none.

    Parameters
    ----------
    scenario, frame
        As in `effects`.
    register
        Of the authority of the frame.
    """
    rows = records(register.rows)
    left = tuple(
        lever
        for lever in scenario.levers
        if not (isinstance(lever, Scheme) and lever.reaches(frame.la_code) and superseded(lever, rows, frame))
    )
    return scenario if len(left) == len(scenario.levers) else scenario.model_copy(update={"levers": left})


def notes(
    scenario: Scenario,
    frame: Frame,
    *,
    seed: int = 0,
    issued_in_twenty_weeks: float | None = None,
    residents_11_15: float | None = None,
) -> tuple[str, ...]:
    """Return notes for the reader, one sentence each: levers that do nothing here, and what was assumed.

    Parameters
    ----------
    scenario, frame, seed, issued_in_twenty_weeks, residents_11_15
        As in `effects`.
    """
    _checked(scenario, frame)
    context = LeverContext(frame, seed, issued_in_twenty_weeks, residents_11_15)
    return tuple(note for lever in scenario.levers for note in lever.notes(context))


def apply_schemes(
    register: Register, scenario: Scenario, frame: Frame, *, residents_11_15: float | None = None
) -> Register:
    """Return a capacity register after the schemes of a scenario, in the order listed; unchanged if it has none.

    Parameters
    ----------
    register
        Of the authority of the frame; not changed.
    scenario, frame, residents_11_15
        As in `effects`.

    Raises
    ------
    ScenarioError
        A scheme cannot be carried out on this register, or a lever names a setting or provision that the register does not have
        once they are.
    """
    _checked(scenario, frame)
    schemes = [lever for lever in scenario.levers if isinstance(lever, Scheme)]
    result = with_schemes(register, schemes, frame, residents_11_15=residents_11_15, named=scenario.id)
    settings = {name.casefold(): name for name in result.rows["setting"]}
    for lever in scenario.levers:
        if not isinstance(lever, Occupancy | Imports | Exports) or not lever.reaches(frame.la_code):
            continue
        unknown = [name for name in lever.who.settings if name.casefold() not in settings]
        if unknown:
            raise ScenarioError(
                f"Lever '{lever.name}' names the setting {quoted(unknown[0])}, which is not in the capacity register of "
                f"{area_name(frame.la_code)}, so it would do nothing. {suggestion(unknown[0], settings.values())}"
            )
    return result


def _checked(scenario: Scenario, frame: Frame) -> None:
    if scenario.based_on is not None:
        raise ScenarioError(
            f"Scenario '{scenario.id}' is based on '{scenario.based_on}', which has not been read in, so its levers are not all "
            "known. Open it with scenarios.reading.resolve."
        )
    if scenario.areas and frame.la_code not in [resolve(name)[0].la_code for name in scenario.areas]:
        raise ScenarioError(
            f"Scenario '{scenario.id}' is written for {joined(scenario.areas)}, so it says nothing about "
            f"{area_name(frame.la_code)}. Choose another scenario, or copy it and change its areas."
        )
