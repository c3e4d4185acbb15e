"""The whole options appraisal of an authority, from a forecast and candidate schemes (`forecast.capital.schemes.Case`).

    costs = child_costs.of(FinanceModel.of(base.outcome).model)
    options = AppraisalOptions(budget=20e6)
    case = capital_case.make(base, candidates, costs, inputs.placement_models.england, options)

Every scenario has the same candidates, random numbers and January asked about, so that programmes can be compared.

Invariant: with one scenario and no regret, nothing depends on which others exist; nothing the caller holds is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import xarray as xr

from data.capital.candidates import Candidate
from data.errors import CapitalError
from forecast.capital import candidate_schemes
from forecast.capital.appraisal import AppraisalInputs, Option, appraisal, prepare_inputs
from forecast.capital.base_comparison import base_comparisons, base_share
from forecast.capital.programme import USUAL_DRAWS, USUAL_SECONDS, Tell, choose, evaluate, flags
from forecast.capital.schemes import Case, Horizon, Programme, Regret, Sufficiency, UnitCosts
from forecast.capital.seats import lacking
from forecast.core.outcome import Outcome
from forecast.places.capacity import Demand
from forecast.places.preference_order import Rules
from forecast.runs.baseline import Baseline
from forecast.runs.scenario_run import earlier_dates, rerun
from models.base import Array
from scenarios.earlier_dates import EarlierDate, of_schemes
from scenarios.reading import resolve
from scenarios.scenario import Scenario

FUTURES: tuple[str, ...] = ("baseline", "pre-reform-surge", "reform-2030", "low-births")
"""Scenarios of the library in which a programme is tried where a reader names fewer than two."""


@dataclass(frozen=True)
class AppraisalOptions:
    """What is asked of an options appraisal.

    Parameters
    ----------
    budget
        Capital, pounds of the base year; None for no limit.
    sufficiency
        What counts as enough places, and the chance of it.
    scenarios
        Readings of the future by name, the first the one appraised; the baseline where there are none. With several, regret is
        shown.
    defer
        Years by which a programme may open a candidate later than entered, 0 among them.
    horizon
        How long costs and savings are counted.
    candidates_from
        Name of the file of candidates.
    draws, seconds
        As in `forecast.capital.programme.choose`.
    """

    budget: float | None = None
    sufficiency: Sufficiency = field(default_factory=Sufficiency)
    scenarios: Mapping[str, Scenario] = field(default_factory=dict)
    defer: tuple[int, ...] = (0,)
    horizon: Horizon = field(default_factory=Horizon)
    candidates_from: str = ""
    draws: int = USUAL_DRAWS
    seconds: float = USUAL_SECONDS


def make(
    base: Baseline,
    candidates: Sequence[Candidate],
    costs: Callable[[Outcome], UnitCosts],
    england: Array,
    options: AppraisalOptions,
    tell: Tell = lambda what, done: None,
) -> Case:
    """Return the options appraisal of one authority.

    Parameters
    ----------
    base
        The forecast, and what scenarios start from.
    candidates
        What might be built; derived from the shortfall where there are none.
    costs
        From a forecast to what children cost in it.
    england
        Plans of England, dims ``(age, need, provision)``, for the comparison with bases.
    options
        Budget, sufficiency, scenarios and how long costs and savings are counted.
    tell
        As in `forecast.capital.programme.choose`.

    Raises
    ------
    CapitalError
        Candidates, budget or what is asked cannot be used.
    """
    outcomes = {name: rerun(base, scenario) for name, scenario in options.scenarios.items()} or {
        "Baseline": base.outcome
    }
    first, outcome = next(iter(outcomes.items()))
    generic = not candidates
    first_january = base.outcome.plans.origin + 1
    overdue = of_schemes(candidates, first_january)
    left_out = {one.name for one in overdue}
    schemes = (
        candidate_schemes.derive_candidates(outcome)
        if generic
        else tuple(c for c in candidates if c.id not in left_out)
    )
    if overdue and not schemes:
        raise CapitalError(
            f"All {len(candidates)} candidates of {outcome.area.name} were to open before the first forecast year, "
            f"{first_january - 1}, so there is none to choose. Put places that are open in the capacity register, and give "
            f"candidates an opening from September {first_january - 1}."
        )
    if not schemes:
        raise CapitalError(
            f"There are no candidates for {outcome.area.name}, and its forecast shortfall is too small to derive any from. Give "
            "candidates of your own with --candidates."
        )
    rules = _rules(base)
    span, budget, draws = options.horizon, options.budget, options.draws
    own = tuple(Option(c, c.opens) for c in schemes)
    openings = _options(schemes, options.defer, int(outcome.shortfall.short["january"].to_numpy()[-1]))
    wanted = _with_january(options.sufficiency, own, outcome)
    assert wanted.january is not None  # filled in just above
    tell("Appraising each scheme", 0.0)
    as_entered = prepare_inputs(own, outcome, costs(outcome), rules, span)
    inputs_of: dict[str, AppraisalInputs] = {}
    programmes: dict[str, Programme] = {}
    for name, one in outcomes.items():
        inputs_of[name] = (
            as_entered
            if one is outcome and openings == own
            else prepare_inputs(openings, one, costs(one), rules, span)
        )
        programmes[name] = choose(
            inputs_of[name],
            wanted,
            budget,
            name=name,
            draws=draws,
            seconds=options.seconds / len(outcomes),
            tell=tell,
        )
    programme = programmes[first]
    best_value = None
    if programme.aim != "net present value" or wanted.minimum > 0:
        tell("The largest net present value", 0.0)
        free = replace(wanted, minimum=0.0)
        best_value = choose(
            inputs_of[first],
            free,
            budget,
            name="Largest net present value",
            draws=draws,
            seconds=options.seconds / 2,
            tell=tell,
        )
        if best_value.choices == programme.choices:
            best_value = None
    again = None
    if programme.choices:
        tell("Running the forecast with the programme", 1.0)
        again = _rerun_with(base, programme, options.scenarios.get(first))
    return Case(
        la_code=outcome.area.la_code,
        origin=outcome.plans.origin,
        seed=outcome.seed,
        scenario=outcome.scenario,
        candidates_from=options.candidates_from if not generic else "derived from the forecast shortfall",
        generic=generic,
        base_year=costs(outcome).base_year,
        horizon=span,
        january=wanted.january,
        wanted=outcome.shortfall.wanted,
        short=as_entered.children.left,
        short_before=outcome.shortfall.short.sum(("provision", "phase", "need_group")),
        appraisals=tuple(appraisal(as_entered, o) for o in range(len(own))),
        base_comparisons=base_comparisons(as_entered, wanted.january, base_share(england)),
        programme=programme,
        best_value=best_value,
        regret=regret(programmes, inputs_of, wanted) if len(outcomes) > 1 else None,
        engine_unplaced=None
        if again is None
        else lacking(again.shortfall).left.sum(("provision", "phase", "need_group")),
        built=again,
        notes=(*_notes(generic, schemes, span), *_earlier(base, overdue, options.scenarios)),
    )


def regret(
    programmes: Mapping[str, Programme], inputs_of: Mapping[str, AppraisalInputs], sufficiency: Sufficiency
) -> Regret:
    """Return the results of each programme under every scenario, and the most robust programme.

    Parameters
    ----------
    programmes
        Chosen for each scenario, by its name.
    inputs_of
        Inputs of the appraisal by scenario, all with the same options.
    sufficiency
        What counts as enough places.
    """
    names = list(programmes)
    seen = {
        (p, s): evaluate(
            one, flags(one, programmes[p].choices), sufficiency, name=p, budget=programmes[p].budget, aim=programmes[p].aim,
            met=programmes[p].met, reachable=programmes[p].p_reachable,
        )
        for p in names for s, one in inputs_of.items()
    }  # fmt: skip

    def table(of: Callable[[Programme], float]) -> xr.DataArray:
        return xr.DataArray(
            [[of(seen[p, s]) for s in inputs_of] for p in names],
            dims=("programme", "scenario"),
            coords={"programme": names, "scenario": list(inputs_of)},
        )

    january = sufficiency.january
    npv = table(lambda p: float(p.npv.mean()))
    lost = npv.max("programme") - npv
    return Regret(
        programmes=dict(programmes),
        npv=npv,
        unplaced=xr.concat(
            [
                xr.concat([_at(seen[p, s].unplaced, january) for s in inputs_of], "scenario", join="exact")
                for p in names
            ],
            "programme",
            join="exact",
        ).assign_coords(programme=names, scenario=list(inputs_of)),
        p_sufficient=table(lambda p: p.p_sufficient),
        regret=lost.transpose("programme", "scenario"),
        robust=names[int(lost.transpose("programme", "scenario").max("scenario").to_numpy().argmin())],
        best_on_average=names[int(npv.mean("scenario").to_numpy().argmax())],
    )


def _at(unplaced: xr.DataArray, january: int | None) -> xr.DataArray:
    """Return children in the January asked about, or in the last, dims ``(draw,)``."""
    return (
        unplaced.isel(january=-1, drop=True) if january is None else unplaced.sel(january=january, drop=True)
    )


def _rules(base: Baseline) -> Rules:
    return (base.capacity_plan.demand or Demand()).rules


def _options(schemes: Sequence[Candidate], defer: Sequence[int], last: int) -> tuple[Option, ...]:
    """Return every candidate in every year it may open, leaving out those deferred beyond the forecast."""
    if 0 not in defer or any(d < 0 for d in defer):
        raise CapitalError(
            f"Candidates may be opened {', '.join(str(d) for d in defer)} years later than entered, but 0 must be among the "
            "choices and none may be below it. Write for example 0 2 4."
        )
    return tuple(
        Option(c, c.opens + d) for c in schemes for d in sorted(set(defer)) if d == 0 or c.opens + d < last
    )


def _with_january(sufficiency: Sufficiency, options: Sequence[Option], outcome: Outcome) -> Sufficiency:
    """Return the sufficiency asked for with a January: if none is given, the first by which all candidates are due to be open."""
    if sufficiency.january is not None:
        return sufficiency
    last = int(outcome.shortfall.short["january"].to_numpy()[-1])
    due = min(max(o.opens for o in options) + 1, last)
    return replace(sufficiency, january=due)


def _rerun_with(base: Baseline, programme: Programme, scenario: Scenario | None) -> Outcome:
    """Return the outcome of the whole forecast run again with the programme."""
    flat = None if scenario is None else resolve(scenario)
    built = candidate_schemes.as_scenario(programme.choices, base.outcome.area.name, flat)
    return rerun(base, built)


def _earlier(
    base: Baseline, overdue: Sequence[EarlierDate], scenarios: Mapping[str, Scenario]
) -> tuple[str, ...]:
    """Return notes on schemes and levers that are dated before the first forecast year."""
    levers = [f"{name}: {one.sentence}" for name, s in scenarios.items() for one in earlier_dates(base, s)]
    return (*(one.sentence for one in overdue), *levers)


def _notes(generic: bool, schemes: Sequence[Candidate], span: Horizon) -> tuple[str, ...]:
    notes = []
    if generic:
        notes.append(
            "Nobody proposed these candidates: they were derived from the forecast shortfall, with benchmark costs. Replace them "
            "with schemes of your own."
        )
    assumed = sum(c.basis == "assumed" for c in schemes)
    if assumed and not generic:
        notes.append(
            f"{assumed} of {len(schemes)} candidates are assumptions, not proposals: the file says which."
        )
    filled = sum("capital_low" in c.assumed for c in schemes)
    if filled:
        notes.append(
            f"{filled} of {len(schemes)} candidates have a benchmark for the cost of a place, not a cost of their own."
        )
    notes.append(
        f"After the forecast, seats and savings are held as in its last year for {span.years_after} years, while the places "
        "last: an assumption, and the net present value within the forecast is shown beside it."
    )
    notes.append(
        "Benefits to children, families and the general fund other than transport are not in pounds. Seating a child whose need "
        "was unmet costs more and counts as a cost here."
    )
    return tuple(notes)
