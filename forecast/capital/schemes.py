"""Results of the options appraisal: what each candidate scheme does and costs, which to choose, and why not a base.

    costs = child_costs.of(FinanceModel.of(base.outcome).model)
    options = AppraisalOptions(budget=20e6)
    case = capital_case.make(base, candidates, costs, inputs.placement_models.england, options)

Equations, draw by draw, in real pounds of the base year:

    saved = cost of where the children would otherwise be taught - cost of the new places - running cost
    net present value = sum over financial years of discount x (saved - capital)
    empty places = places open - children seated

Capital is the whole cost, whoever pays; what the authority itself borrows is said apart. The Green Book's discount rates are in
`forecast.core.discounting`, seating in `forecast.capital.seats`, the choice in `forecast.capital.programme`. Types only hold
draws; what a person reads is made from them by `forecast.presentation.capital_tables`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import xarray as xr

from data.capital.candidates import Candidate
from forecast.core import defaults
from forecast.core.outcome import Outcome

Aim = Literal["net present value", "chance of enough places", "children placed"]
"""What a programme makes as large as it can: value, or where the minimum chance cannot be met the chance, or children placed."""


NearBy = Literal["distance", "community", "none"]
"""How the nearest base option was told."""


@dataclass(frozen=True, eq=False)
class UnitCosts:
    """The costs of children that the appraisal needs from the cost model.

    Parameters
    ----------
    per_child
        Nominal pounds a year for one child taught in a provision, dims ``(draw, financial_year, item, provision, phase,
        need_group)``; items as `data.prices.price_book.ITEMS`, ``send_transport`` already times the share of pupils who travel.
    deflator
        Factor that brings nominal pounds of a year to pounds of ``base_year``, dims ``(draw, financial_year)``.
    base_year
        Financial year of real pounds, and year 0 of discounting, such as 2025-26.
    """

    per_child: xr.DataArray
    deflator: xr.DataArray
    base_year: str


@dataclass(frozen=True)
class Horizon:
    """The period over which costs and savings are counted.

    Parameters
    ----------
    years_after
        Years after the forecast in which seats and savings stay as in its last year, while the places last. 0: the forecast only.
    """

    years_after: int = 20


@dataclass(frozen=True, eq=False)
class Appraisal:
    """What one candidate costs and saves if it alone is built.

    Pounds are real, of the base year. Years run from the base year to the end of the appraisal.

    Parameters
    ----------
    candidate
        The scheme.
    places, seats
        Places open, and children seated who would be without a specialist place, dims ``(draw, january)``.
    newly_met
        Of those seated, children whose need would have been unmet (waiting, or not in education), same dims: seating them
        costs more, which is a benefit in sufficiency and not in pounds.
    unplaced
        Children of the authority still without a specialist place, same dims.
    education_saved, transport_saved
        Cost avoided less cost of the new places, high needs block and home to school transport, dims ``(draw,
        financial_year)``; minus where the new place costs more.
    running
        Running cost beyond what is paid for pupils, same dims.
    capital
        Capital spent with location factor and optimism bias, same dims; 0 in draws in which it is never delivered.
    cost
        Capital of the scheme if it is delivered, dims ``(draw,)``: what a budget must hold.
    npv
        Net present value over the whole appraisal, dims ``(draw,)``.
    npv_forecast
        The same without the years after the forecast.
    payback
        Years from opening until savings have repaid the capital, not discounted, dims ``(draw,)``; infinite where they do
        not within the appraisal.
    debt_charge
        Yearly cost of borrowing what grant does not meet, nominal pounds a year, dims ``(draw,)``.
    """

    candidate: Candidate
    places: xr.DataArray
    seats: xr.DataArray
    newly_met: xr.DataArray
    unplaced: xr.DataArray
    education_saved: xr.DataArray
    transport_saved: xr.DataArray
    running: xr.DataArray
    capital: xr.DataArray
    cost: xr.DataArray
    npv: xr.DataArray
    npv_forecast: xr.DataArray
    payback: xr.DataArray
    debt_charge: xr.DataArray

    @property
    def empty(self) -> xr.DataArray:
        """Places left empty (stranded), dims ``(draw, january)``."""
        return (self.places - self.seats).clip(min=0.0)


@dataclass(frozen=True, eq=False)
class BaseComparison:
    """A special school option compared with the nearest base option.

    Parameters
    ----------
    special
        Id of the special school option.
    nearest
        Id of the nearest base option that shares a need and a phase with it; None where there is none.
    distance_km
        Straight line; None where a site is not known.
    near_by
        How nearness was told: ``distance``, ``community``, or ``none`` (any base option).
    january
        When the two are compared.
    children
        Children the special school option would seat, dims ``(draw,)``.
    suited
        Of those, as many as would be in bases if children of their phase and need group were split between bases and special
        schools as England's are today, dims ``(draw,)``.
    base_places
        Places in base options open to them, after children who want a base are seated, dims ``(draw,)``.
    in_bases
        Part of the children that could be met in bases: min(suited, base_places) / children, dims ``(draw,)``; NaN in draws in
        which the option seats nobody.
    all_in_bases
        1 in draws in which every child it would seat could be met in bases, 0 in others, dims ``(draw,)``; NaN in draws in which
        the option seats nobody.
    """

    special: str
    nearest: str | None
    distance_km: float | None
    near_by: NearBy
    january: int
    children: xr.DataArray
    suited: xr.DataArray
    base_places: xr.DataArray
    in_bases: xr.DataArray
    all_in_bases: xr.DataArray


@dataclass(frozen=True)
class Sufficiency:
    """The definition of enough places, and the chance of it that is asked for.

    Parameters
    ----------
    minimum
        Chance asked for, 0 to 1; 0 asks for nothing.
    january
        January in which places must be enough; None for the first by which every candidate is due to be open.
    provisions, phases, need_groups
        Whose places; empty means all.
    tolerance
        Share of the children who want a place that may be without one.
    """

    minimum: float = defaults.SURE
    january: int | None = None
    provisions: tuple[str, ...] = ()
    phases: tuple[str, ...] = ()
    need_groups: tuple[str, ...] = ()
    tolerance: float = 0.02


@dataclass(frozen=True)
class Choice:
    """A candidate in a programme, with its opening year.

    Parameters
    ----------
    candidate
        The scheme, as it was entered.
    opens
        Calendar year in whose September the programme opens it if on time.
    """

    candidate: Candidate
    opens: int


@dataclass(frozen=True, eq=False)
class Programme:
    """Candidate schemes chosen to be built together, with the results of building them.

    Parameters
    ----------
    name
        Title, such as that of the scenario it was chosen for.
    choices
        What is built, in the order of the candidates.
    budget
        Pounds of the base year; None for no limit.
    sufficiency
        What counts as enough.
    aim
        What was made as large as possible.
    met
        True where the minimum chance was reached within the budget.
    p_reachable
        Largest chance of enough places that any programme within the budget has, over the draws the choice was made on.
    p_sufficient
        Chance of enough places with this programme, over all draws.
    cost
        Capital, whole schemes delivered, dims ``(draw,)``; its mean is held to the budget.
    npv
        Net present value, dims ``(draw,)``; children are seated in full.
    places, seats, unplaced
        Dims ``(draw, january)``.
    value, bound, gap
        What was made as large as possible (the objective), the most it can be, and the distance as a share of the value.
    draws_used
        Draws the choice was made on.
    seconds
        Time the choice took.
    """

    name: str
    choices: tuple[Choice, ...]
    budget: float | None
    sufficiency: Sufficiency
    aim: Aim
    met: bool
    p_reachable: float
    p_sufficient: float
    cost: xr.DataArray
    npv: xr.DataArray
    places: xr.DataArray
    seats: xr.DataArray
    unplaced: xr.DataArray
    value: float
    bound: float
    gap: float
    draws_used: int
    seconds: float

    @property
    def empty(self) -> xr.DataArray:
        """Places left empty, dims ``(draw, january)``."""
        return (self.places - self.seats).clip(min=0.0)


@dataclass(frozen=True, eq=False)
class Regret:
    """Programmes, each chosen for one scenario, with their results under every scenario.

    Parameters
    ----------
    programmes
        By name, in order.
    npv, p_sufficient
        Mean net present value and chance of enough places, dims ``(programme, scenario)``.
    unplaced
        Children without any specialist place in the January asked about, dims ``(draw, programme, scenario)``.
    regret
        Best mean net present value in the scenario less that of the programme, same dims, 0 or more. Programmes that place fewer
        children may have a small regret: read it beside ``unplaced``.
    robust
        Programme whose largest regret is smallest.
    best_on_average
        Programme whose mean net present value over scenarios, equally weighted, is largest.
    """

    programmes: dict[str, Programme]
    npv: xr.DataArray
    unplaced: xr.DataArray
    p_sufficient: xr.DataArray
    regret: xr.DataArray
    robust: str
    best_on_average: str


@dataclass(frozen=True, eq=False)
class Case:
    """The whole options appraisal of one authority.

    Parameters
    ----------
    la_code, origin, seed, scenario
        Whose, from which January, with which seed, and the scenario's title (None for the baseline).
    candidates_from
        Name of the file, or how the candidates were derived.
    generic
        True where no one proposed the candidates: they were derived from the shortfall.
    base_year, horizon
        Of the pounds, and how long they are counted.
    january
        January asked about.
    wanted, short
        Children who want a place, and those without any specialist place, without any candidate, dims ``(draw, january,
        provision, phase, need_group)``.
    short_before
        Children short of a place of the kind they want, without any candidate, dims ``(draw, january)``: what all outputs call
        short. More than are without any specialist place.
    appraisals
        Every candidate built alone, in the order of the file.
    base_comparisons
        Every special school option against a base.
    programme
        The choice for this scenario.
    best_value
        The choice if no minimum chance were asked for: the largest net present value within the budget. None where that is the
        programme itself.
    regret
        Several scenarios; None where one was asked for.
    engine_unplaced
        Children without any specialist place when the whole forecast is run again with the programme as a scenario, dims
        ``(draw, january)``: a check of the seating used here. None where nothing is built.
    notes
        What a reader must know, a sentence each.
    built
        The whole forecast run again with the programme, for what follows from it, such as who is short and the balance; None
        where nothing is built.
    """

    la_code: int
    origin: int
    seed: int
    scenario: str | None
    candidates_from: str
    generic: bool
    base_year: str
    horizon: Horizon
    january: int
    wanted: xr.DataArray
    short: xr.DataArray
    short_before: xr.DataArray
    appraisals: tuple[Appraisal, ...]
    base_comparisons: tuple[BaseComparison, ...]
    programme: Programme
    best_value: Programme | None
    regret: Regret | None
    engine_unplaced: xr.DataArray | None
    notes: tuple[str, ...]
    built: Outcome | None = None

    @property
    def short_after(self) -> xr.DataArray:
        """Children short of a place of the kind they want, with the programme, dims ``(draw, january)``."""
        if self.built is None:
            return self.short_before
        return self.built.shortfall.short.sum(("provision", "phase", "need_group"))
