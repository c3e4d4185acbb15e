"""Scenario runs: run the baseline's years again with a scenario's levers on flows, placements and places.

    base = shared_inputs().baseline(area)
    outcome = rerun(base, scenarios.reading.find("reform-2030"))

Invariants: stations a scenario does not reach keep the baseline's very objects, so the empty scenario is the baseline to the
last byte; every station reached uses the baseline's random numbers; nothing the caller holds is changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import xarray as xr

from data.errors import ScenarioError
from data.registers.register import Register
from forecast.core import defaults
from forecast.core.outcome import Outcome
from forecast.demand.scenario_projection import replay
from forecast.places.capacity import CapacityPlan, match_plan
from forecast.places.supply import Supply
from forecast.runs.baseline import Baseline, matching_generator
from models.base import Array
from scenarios.applying import apply_schemes, effects, notes, without_superseded
from scenarios.earlier_dates import EarlierDate, of_scenario
from scenarios.effects import UNCHANGED, Effects, Frame, MoneyEffects, PlaceChange, in_order
from scenarios.levers import Lever
from scenarios.reading import find, from_values, resolve
from scenarios.scenario import Scenario, canonical
from scenarios.schemes import Scheme
from scenarios.terms import ends


def rerun(base: Baseline, scenario: Scenario) -> Outcome:
    """Return the outcome of a scenario; the baseline's own outcome if it has no levers.

    Parameters
    ----------
    base
        Where the scenario starts from.
    scenario
        What changes; what it is based on is read from the library.

    Raises
    ------
    ScenarioError
        It is for other authorities, or a lever cannot act on this baseline.
    """
    flat = resolve(scenario)
    about = lever_frame(base)
    figures = lever_figures(base)
    acting = without_superseded(flat, base.outcome.register, about)
    register = apply_schemes(base.outcome.register, acting, about, residents_11_15=figures["residents_11_15"])
    outcome = run_effects(base, effects(acting, about, base.outcome.seed, **figures), register)
    return replace(outcome, scenario=flat.title, reform=None) if flat.levers else outcome


def with_reform(base: Baseline) -> Baseline:
    """Return a baseline whose outcome holds the plans of the reform too; nothing else of it changes."""
    return replace(base, outcome=replace(base.outcome, reform=reform_plans(base)))


def reform_plans(base: Baseline) -> xr.DataArray:
    """Return plans in all if `defaults.REFORM` becomes law, dims ``(draw, january)``; no child is matched to a place for it."""
    flat = resolve(find(defaults.REFORM))
    about, before = lever_frame(base), base.outcome
    does = effects(
        without_superseded(flat, before.register, about), about, before.seed, **lever_figures(base)
    )
    plans, _ = replay(before.plans, before.placements, base.flows, base.transitions, base.delay, does)
    total: xr.DataArray = plans.future.sum(("age", "need"))
    return total.transpose("draw", "january")


def lever_frame(base: Baseline) -> Frame:
    """Return the authority, Januaries and draws of a baseline, for which levers' effects are worked out."""
    future = base.outcome.plans.future
    return Frame(
        la_code=base.outcome.area.la_code,
        origin=base.outcome.plans.origin,
        years=future.sizes["january"],
        draws=future.sizes["draw"],
    )


def lever_figures(base: Baseline) -> dict[str, float | None]:
    """Return the figures of the authority that levers need: ``issued_in_twenty_weeks`` (0 to 1) and ``residents_11_15``."""
    timeliness = base.outcome.timeliness
    residents = base.outcome.plans.residents.isel(january=0).sel(age=list(range(11, 16)))
    return {
        "issued_in_twenty_weeks": None if timeliness is None else timeliness[1],
        "residents_11_15": float(residents.sum("age").mean("draw")),
    }


def lever_notes(base: Baseline, scenario: Scenario) -> tuple[str, ...]:
    """Return notes on a scenario's levers in this authority for the reader of the result, one sentence each."""
    return notes(resolve(scenario), lever_frame(base), seed=base.outcome.seed, **lever_figures(base))


def earlier_dates(base: Baseline, scenario: Scenario) -> tuple[EarlierDate, ...]:
    """Return what of a scenario is dated before the first forecast year of a baseline, with what becomes of it."""
    return of_scenario(
        resolve(scenario),
        base.outcome.plans.origin + 1,
        la_code=base.outcome.area.la_code,
        register=base.outcome.register,
    )


def run_each_alone(base: Baseline, scenario: Scenario) -> dict[str, Outcome]:
    """Return the outcome of each lever of a scenario by itself, by the lever's id.

    A lever that only works together with another, such as more pupils for a setting which another lever opens, does nothing
    alone: all it does is interaction.
    """
    flat = resolve(scenario)
    outcomes = {}
    for lever in flat.levers:
        try:
            outcomes[lever.name] = rerun(base, flat.model_copy(update={"levers": (lever,)}))
        except ScenarioError:
            outcomes[lever.name] = base.outcome
    return outcomes


def run_at_ends(base: Baseline, scenario: Scenario) -> dict[str, tuple[Outcome, Outcome]]:
    """Return, by lever id, the outcomes with the lever at the low and at the high end of its interval, if it has one."""
    flat = resolve(scenario)
    outcomes = {}
    for lever in flat.levers:
        low, high = size_interval(lever)
        if low != high:
            outcomes[lever.name] = (
                rerun(base, with_size(flat, lever.name, low)),
                rerun(base, with_size(flat, lever.name, high)),
            )
    return outcomes


def size_interval(lever: Lever) -> tuple[float, float]:
    """Return the low and high end of a lever's size: equal for a number, (0, 0) for a lever without a size."""
    field = size_field(lever)
    return (0.0, 0.0) if field is None else ends(getattr(lever, field))


def size_field(lever: Lever) -> str | None:
    """Return the name of the field with a lever's size; None for a scheme without a number of places."""
    if not isinstance(lever, Scheme):
        return "change"
    if lever.places is not None:
        return "places"
    return None if lever.given_size is None else "places_per_1000_aged_11_15"


def is_whole(scenario: Scenario, lever_id: str) -> bool:
    """Return whether a lever's size is a whole number, as numbers of places are.

    Raises
    ------
    ScenarioError
        The scenario has no lever with a size of that id.
    """
    return _sized(resolve(scenario), lever_id)[1] == "places"


def with_size(scenario: Scenario, lever_id: str, size: float) -> Scenario:
    """Return a resolved scenario with another size of one lever; places are rounded to whole numbers.

    Raises
    ------
    ScenarioError
        It has no lever with a size of that id, or the lever cannot have that size.
    """
    flat = resolve(scenario)
    position, field = _sized(flat, lever_id)
    values = json.loads(canonical(flat))
    values["levers"][position][field] = round(size) if field == "places" else size
    return from_values(values, f"{flat.id}, {lever_id} at {size:g}")


def _sized(flat: Scenario, lever_id: str) -> tuple[int, str]:
    """Return the position of a lever in a scenario, and the name of the field with its size."""
    names = [lever.name for lever in flat.levers]
    if lever_id not in names:
        raise ScenarioError(
            f"Scenario '{flat.id}' has no lever '{lever_id}', so there is nothing to change. Its levers are "
            f"{', '.join(names) or 'none'}."
        )
    position = names.index(lever_id)
    field = size_field(flat.levers[position])
    if field is None:
        sized = [lever.name for lever in flat.levers if size_field(lever) is not None]
        raise ScenarioError(
            f"Lever '{lever_id}' of scenario '{flat.id}' says no number of places, so no other number can be tried: the capacity "
            f"register says how many there are. Levers with a size here: {', '.join(sized) or 'none'}. To find out how many "
            "places it takes, write a scheme that opens or expands a setting."
        )
    return position, field


def run_effects(base: Baseline, does: Effects, register: Register | None = None) -> Outcome:
    """Return the outcome of the baseline under given effects and a given register.

    Parameters
    ----------
    base
        Where the scenario starts from.
    does
        What the levers do, in the frame of the baseline.
    register
        The register with the scenario's schemes; the baseline's where None.
    """
    before = base.outcome
    plans, placements = replay(
        before.plans, before.placements, base.flows, base.transitions, base.delay, does
    )
    used = before.register if register is None else register
    same = used is before.register and not does.places
    shortfall = before.shortfall
    if not same or placements is not before.placements:
        capacity_plan = base.capacity_plan if same else _capacity_plan(base, used, does.places)
        shortfall = match_plan(placements, capacity_plan, base.latent)
    money = MoneyEffects.of(does.money, lever_frame(base).januaries) if does.money else UNCHANGED
    return replace(
        before, plans=plans, placements=placements, register=used, shortfall=shortfall, money=money
    )


def _capacity_plan(base: Baseline, register: Register, changes: Sequence[PlaceChange]) -> CapacityPlan:
    """Return the capacity plan of another register or of changed places, drawn with the baseline's generator."""
    about = lever_frame(base)
    generator = matching_generator(base.outcome.seed, about.la_code)
    return CapacityPlan.of(
        register,
        about.origin,
        about.januaries,
        about.draws,
        generator,
        base.capacity_plan.demand,
        place_changes(changes),
    )


def place_changes(changes: Sequence[PlaceChange]) -> list[Callable[[Supply], Supply]]:
    """Return changes of places as functions on a supply: values first, then factors, then additions."""
    return [partial(_changed, change) for change in in_order(changes)]


def _changed(change: PlaceChange, supply: Supply) -> Supply:
    """Return a supply after one change of places; its first January, before the forecast, is unchanged."""
    names = {name.casefold() for name in change.settings}
    reached = [
        u
        for u, unit in enumerate(supply.units)
        if (not names or unit.setting.casefold() in names)
        and (not change.provisions or unit.provision in change.provisions)
        and change.located in (None, unit.located)
    ]
    if not reached:
        return supply
    places = supply.places.transpose("draw", "january", "unit").to_numpy().copy()
    before: Array = places[:, 1:, reached]
    size, weight = change.size[:, None, None], change.weight[None, :, None]
    if change.how == "set":
        after = before + weight * (size - before)
    elif change.how == "multiply":
        after = before * size**weight
    else:
        total = before.sum(axis=2, keepdims=True)
        part = np.divide(before, total, out=np.zeros_like(before), where=total > 0)
        after = before + weight * size * part
    places[:, 1:, reached] = np.maximum(after, 0.0)
    return replace(supply, places=supply.places.transpose("draw", "january", "unit").copy(data=places))
