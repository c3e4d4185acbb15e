"""Appraisal of candidate schemes under one scenario, draw by draw: capital, places, seats filled, and pounds saved.

For a child seated in January y (academic year (y - 1)/y), in real pounds of the base year:

    saved each = cost where the child would otherwise be taught - cost of the new place without place funding
    saved = seats x saved each - places open x place funding

Place funding is paid for every place, filled or empty: a place left empty is a cost and no saving. Where children would otherwise
be taught is the overflow of those short of the place they want, who are seated in its proportions: none is picked because
seating them saves most. An academic year falls 7/12 in the financial year in which it begins and 5/12 in the next.

=======================  ===================================================================================================
destination              costed as
=======================  ===================================================================================================
state_special_elsewhere  a state special school place, place funding included: it stands in for what the import and export
                         adjustment and the other authority's charges come to, so seating the child at home saves nothing here
waiting                  a mainstream school (an early years setting before school age), need unmet
neet                     nothing
others                   the provision of that name; children in a specialist place of another kind are not seated again
=======================  ===================================================================================================

Invariants: an option that is never delivered costs and saves nothing; seats, and so savings, are never counted before opening
nor after the life of the places.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from data.capital.candidates import Candidate
from data.errors import CapitalError, PriceError
from data.prices import starting_books
from data.prices.inflation import require_starting_year, year_name
from data.provisions import destination, destinations
from data.vocabulary import NEED_GROUP_CODES, PHASE_CODES, SPECIALIST_PROVISIONS
from forecast.capital.schemes import Appraisal, Horizon, UnitCosts
from forecast.capital.seats import Lacking, Seating, lacking, seating
from forecast.core.discounting import factors
from forecast.core.outcome import Outcome
from forecast.places.preference_order import Rules
from forecast.places.supply import NEVER, delays
from models.base import Array
from scenarios.sampling import draw_uniforms, quantile

AUTUMN = 7 / 12
"""Part of an academic year in the financial year in which it begins."""

PLACE, TRANSPORT = "place_funding", "send_transport"
"""Items told apart from the other costs of a child."""

TAUGHT_AS: dict[str, str] = {"post16_centre": "state_special"}
"""Provision whose cost a child in a new place has, where it is not that of the place: a centre the authority builds is paid by
place funding and top-up, not by the fee of an independent institution. Our assumption."""

_FUNDS = ("education", "transport")


@dataclass(frozen=True)
class Option:
    """A candidate scheme with the year in which it would open.

    Parameters
    ----------
    candidate
        The scheme.
    opens
        Calendar year in whose September it opens if on time.
    """

    candidate: Candidate
    opens: int


@dataclass(frozen=True, eq=False)
class AppraisalInputs:
    """The inputs of an appraisal: candidate schemes with opening years, and the forecast of one scenario.

    Parameters
    ----------
    options
        In order.
    januaries
        Of the forecast.
    years
        Calendar years in which the financial years of the appraisal begin.
    discount
        Factors of these years, dims ``(year,)``.
    seats
        Who could sit where.
    saved_each
        Saved for a child seated, dims ``(option, draw, january, fund)`` with funds education and transport.
    unmet_share
        Part of the children an option admits whose need would be unmet, dims ``(option, draw, january)``.
    place_funding
        Of one place a year, dims ``(option, draw, january)``.
    alive
        Part of each academic year of the appraisal in which an option's places last, dims ``(option, draw, year)``: 0 or 1.
    capital, running
        Dims ``(option, draw, year)``, by financial year.
    cost
        Capital if delivered, dims ``(option, draw)``.
    opening
        Calendar year of opening, `NEVER` where it is not delivered, dims ``(option, draw)``.
    children
        Children to seat.
    wanted
        Dims ``(draw, january, provision, phase, need_group)``.
    choices
        Who wants a place, dims ``(draw, january, provision, age, need)``.
    rules
        The preference order.
    """

    options: tuple[Option, ...]
    januaries: tuple[int, ...]
    years: tuple[int, ...]
    discount: Array
    seats: Seating
    saved_each: Array
    unmet_share: Array
    place_funding: Array
    alive: Array
    capital: Array
    running: Array
    cost: Array
    opening: Array
    children: Lacking
    wanted: xr.DataArray
    choices: xr.DataArray
    rules: Rules

    @property
    def draws(self) -> int:
        """Number of draws."""
        return int(self.cost.shape[1])

    @property
    def weights(self) -> Array:
        """Present value of a pound in each January while an option's places last, dims ``(option, draw, january)``.

        That of the last January holds for the years after the forecast too.
        """
        by_academic = AUTUMN * self.discount[:-1] + (1 - AUTUMN) * self.discount[1:]
        by_year = self.alive * by_academic
        n = len(self.januaries)
        weights = by_year[:, :, :n].copy()
        weights[:, :, n - 1] += by_year[:, :, n:].sum(axis=2)
        return np.asarray(weights)

    @property
    def per_seat(self) -> Array:
        """Present value in pounds of seating one child in each January, dims ``(option, draw, january)``."""
        return np.asarray(self.weights * self.saved_each.sum(axis=3))

    @property
    def standing(self) -> Array:
        """Present value in pounds of an option's costs that do not depend on pupils, dims ``(option, draw)``, at least 0."""
        places = np.moveaxis(self.seats.places, 2, 0)
        funding = (self.weights * self.place_funding * places).sum(axis=2)
        return np.asarray(funding + (self.capital + self.running) @ self.discount)

    def net(self, seats: Array, built: Array) -> Array:
        """Return the net present value in pounds of the options built, dims ``(draw,)``.

        Parameters
        ----------
        seats
            Filled by each option, dims ``(draw, january, option)``.
        built
            1 where built, dims ``(option,)``.
        """
        return np.asarray(
            np.einsum("odj,djo->d", self.per_seat, seats, optimize=True)
            - np.asarray(built, dtype=float) @ self.standing
        )


def prepare_inputs(
    options: Sequence[Option],
    outcome: Outcome,
    costs: UnitCosts,
    rules: Rules,
    horizon: Horizon | None = None,
) -> AppraisalInputs:
    """Return the inputs of an appraisal: options under the forecast of one scenario.

    Parameters
    ----------
    options
        What might be built.
    outcome
        The forecast without any of them.
    costs
        What children cost where they are taught.
    rules
        The preference order that the outcome was made with.
    horizon
        How long costs and savings are counted.

    Raises
    ------
    CapitalError
        An option opens after the forecast, a price year is out of range, or the costs are of other draws, years or places.
    """
    span = horizon or Horizon()
    shortfall = outcome.shortfall
    januaries = tuple(int(j) for j in shortfall.short["january"].to_numpy())
    origin, draws = januaries[0] - 1, shortfall.short.sizes["draw"]
    _open_in_time(options, januaries)
    base = require_starting_year(costs.base_year, "the base year")
    if base > origin:
        raise CapitalError(
            f"The base year {costs.base_year} begins after the first year of the forecast ({year_name(origin)}), so earlier "
            f"costs could not be discounted. Give costs in pounds of {year_name(origin)} or earlier."
        )
    years = tuple(range(origin, januaries[-1] + span.years_after + 1))
    discount = factors(years[-1] - base + 1)[origin - base :]
    opening = np.array([_opening(o, outcome.seed, draws) for o in options]).reshape(len(options), draws)
    places = np.stack(
        [_places(o.candidate, at, januaries) for o, at in zip(options, opening, strict=True)], axis=-1
    )
    choices = outcome.placements.wanted
    children = lacking(shortfall)
    who = seating([o.candidate for o in options], places, children, choices, rules)
    each, unmet, funding = _each(options, who, outcome, _real(costs, januaries, draws))
    cost = np.array([_cost(o.candidate, outcome.seed, draws, base) for o in options]).reshape(
        len(options), draws
    )
    return AppraisalInputs(
        options=tuple(options),
        januaries=januaries,
        years=years,
        discount=discount,
        seats=who,
        saved_each=each,
        unmet_share=unmet,
        place_funding=funding,
        alive=np.array([_alive(o.candidate, at, years) for o, at in zip(options, opening, strict=True)]),
        capital=np.array(
            [_spent(o.candidate, c, at, years) for o, c, at in zip(options, cost, opening, strict=True)]
        ),
        running=np.array(
            [_running(o.candidate, at, years, base) for o, at in zip(options, opening, strict=True)]
        ),
        cost=cost,
        opening=opening,
        children=children,
        wanted=shortfall.wanted,
        choices=choices,
        rules=rules,
    )


def appraisal(one: AppraisalInputs, option: int) -> Appraisal:
    """Return what one option costs and saves if it alone is built."""
    candidate = one.options[option].candidate
    seats, places = one.seats.alone(option), one.seats.places[:, :, option]
    saved = seats[..., None] * one.saved_each[option]
    saved[..., 0] -= places * one.place_funding[option]
    flows = np.stack(
        [_by_year(saved[..., f], one.alive[option], len(one.januaries)) for f in range(len(_FUNDS))]
    )
    net = flows.sum(axis=0) - one.running[option] - one.capital[option]
    inside = len(one.januaries) + 1
    forecast_only = np.stack(
        [
            _by_year(saved[..., f], one.alive[option] * _forecast(one), len(one.januaries))
            for f in range(len(_FUNDS))
        ]
    ).sum(axis=0)
    within = np.arange(len(one.years)) < inside
    short = one.seats.total

    def by(values: Array, dim: str) -> xr.DataArray:
        labels = list(one.januaries) if dim == "january" else [year_name(y) for y in one.years]
        return xr.DataArray(values, dims=("draw", dim), coords={"draw": list(range(one.draws)), dim: labels})

    def drawn(values: Array) -> xr.DataArray:
        return xr.DataArray(values, dims="draw", coords={"draw": list(range(one.draws))})

    return Appraisal(
        candidate=candidate,
        places=by(places, "january"),
        seats=by(seats, "january"),
        newly_met=by(seats * one.unmet_share[option], "january"),
        unplaced=by(short - seats, "january"),
        education_saved=by(flows[0], "financial_year"),
        transport_saved=by(flows[1], "financial_year"),
        running=by(one.running[option], "financial_year"),
        capital=by(one.capital[option], "financial_year"),
        cost=drawn(one.cost[option]),
        npv=drawn(net @ one.discount),
        npv_forecast=drawn(
            (forecast_only - (one.running[option] + one.capital[option]) * within) @ one.discount
        ),
        payback=drawn(payback(net, one.capital[option], one.opening[option], one.years)),
        debt_charge=drawn(one.cost[option] * (1 - candidate.grant_share / 100) * annuity(candidate)),
    )


def annuity(candidate: Candidate) -> float:
    """Return the yearly repayment of one pound borrowed, with interest, over the life of the places."""
    rate, years = candidate.borrow_rate / 100, candidate.borrow_years
    return 1 / years if rate == 0 else rate / (1 - (1 + rate) ** -years)


def payback(net: Array, capital: Array, opening: Array, years: Sequence[int]) -> Array:
    """Return the years from opening until savings have repaid all spending, dims ``(draw,)``.

    Infinite where they do not within the years given; NaN where it is never delivered. Within a year flows are even.

    Parameters
    ----------
    net
        Flows less capital, dims ``(draw, year)``.
    capital
        Capital, same dims.
    opening
        Calendar year of opening, dims ``(draw,)``.
    years
        Calendar years in which the financial years begin.
    """
    total = net.cumsum(axis=1)
    after = (np.asarray(years)[None] >= opening[:, None]) & (total >= 0) & (net > 0)
    repaid_after = np.full(len(net), np.inf)
    reached = after.any(axis=1)
    at = after.argmax(axis=1)
    rows = np.arange(len(net))
    part = 1 - total[rows, at] / np.where(net[rows, at] > 0, net[rows, at], 1.0)
    when = np.asarray(years)[at] - opening + np.clip(part, 0.0, 1.0)
    repaid_after[reached] = when[reached]
    repaid_after[(opening >= NEVER) | (capital.sum(axis=1) <= 0)] = np.nan
    return repaid_after


def _forecast(one: AppraisalInputs) -> Array:
    """Return 1 for academic years of the forecast and 0 for later ones, dims ``(year,)``."""
    return (np.arange(one.alive.shape[2]) < len(one.januaries)).astype(float)


def _by_year(by_january: Array, alive: Array, januaries: int) -> Array:
    """Return yearly flows by financial year, from flows by academic year; the last one continues while the places last."""
    by_academic = np.concatenate(
        [by_january, np.repeat(by_january[:, -1:], alive.shape[1] - januaries, axis=1)], axis=1
    )
    by_academic = by_academic * alive
    by_financial = np.zeros((len(by_academic), by_academic.shape[1] + 1))
    by_financial[:, :-1] += AUTUMN * by_academic
    by_financial[:, 1:] += (1 - AUTUMN) * by_academic
    return by_financial


def _open_in_time(options: Sequence[Option], januaries: Sequence[int]) -> None:
    late = [o for o in options if o.opens >= januaries[-1]]
    if late:
        first = late[0]
        raise CapitalError(
            f"Candidate '{first.candidate.id}' opens in September {first.opens} (lead time {first.candidate.lead_years} years), "
            f"after the last January of the forecast ({januaries[-1]}), so it would never be seen to do anything. Choose an "
            "earlier year, a shorter lead time, or forecast more --years."
        )
    early = [o for o in options if o.opens < januaries[0] - 1]
    if early:
        raise CapitalError(
            f"Candidate '{early[0].candidate.id}' opens in September {early[0].opens}, but the figures already run to January "
            f"{januaries[0] - 1}. Put places that are open in the capacity register, and give candidates a year from "
            f"{januaries[0] - 1}."
        )


def _opening(option: Option, seed: int, draws: int) -> Array:
    """Return the calendar year of opening, dims ``(draw,)``; `NEVER` where the scheme is not delivered."""
    c = option.candidate
    uniform = [draw_uniforms(f"{c.id} {what}", seed, draws) for what in ("delivered", "on time", "delay")]
    late = np.where(uniform[1] * 100 < c.chance_on_time, 0, delays(uniform[2], c.typical_delay_years))
    return np.where(uniform[0] * 100 < c.chance_delivered, option.opens + late, NEVER)


def _places(candidate: Candidate, opening: Array, januaries: Sequence[int]) -> Array:
    """Return the places open, dims ``(draw, january)``."""
    since = np.asarray(januaries)[None] - 1 - opening[:, None]
    groups = candidate.age_high - candidate.age_low + 1
    share = np.ones(since.shape)
    if candidate.phasing == "by_year_group":
        share = np.minimum(since + 1, groups) / groups
    return np.where((since >= 0) & (since < candidate.borrow_years), candidate.places * share, 0.0)


def _alive(candidate: Candidate, opening: Array, years: Sequence[int]) -> Array:
    """Return 1 for academic years (by the calendar year of their September) in which places last, dims ``(draw, year)``."""
    since = np.asarray(years[:-1])[None] - opening[:, None]
    return ((since >= 0) & (since < candidate.borrow_years)).astype(float)


def _cost(candidate: Candidate, seed: int, draws: int, base: int) -> Array:
    """Return the capital cost in pounds of the base year if the scheme is delivered, dims ``(draw,)``."""
    each = quantile(
        candidate.capital_low,
        candidate.capital_high,
        "factor",
        draw_uniforms(f"{candidate.id} cost", seed, draws),
    )
    grown = candidate.location_factor * (1 + candidate.optimism_bias / 100) * _index(candidate, base)
    return np.asarray(each * candidate.places * grown)


def _index(candidate: Candidate, base: int) -> float:
    """Return prices of the base year over those of the candidate's price year, by the central GDP deflator."""
    begins = require_starting_year(candidate.price_year, "the cost")
    low, high = min(begins, base), max(begins, base)
    try:
        growth = starting_books.inflation().middles("gdp_deflator", list(range(low + 1, high + 1)))["growth"]
    except PriceError as error:
        raise CapitalError(
            f"The cost of candidate '{candidate.id}' is in prices of {candidate.price_year}. {error}"
        ) from None
    index = float(np.prod(1 + growth.to_numpy()))
    return index if base >= begins else 1 / index


def _spent(candidate: Candidate, cost: Array, opening: Array, years: Sequence[int]) -> Array:
    """Return capital in pounds by financial year, dims ``(draw, year)``, spread evenly over the lead time up to opening."""
    lead = max(candidate.lead_years, 1)
    from_opening = np.asarray(years)[None] - opening[:, None]
    share = ((from_opening > -lead) & (from_opening <= 0)) / lead
    # What would be spent before the first year is spent in it, so that a short run-up never hides a cost.
    before = np.clip(lead - 1 - (opening - years[0]), 0, lead) / lead
    share[:, 0] += np.where(opening < NEVER, before, 0.0)
    return np.asarray(cost[:, None] * share)


def _running(candidate: Candidate, opening: Array, years: Sequence[int], base: int) -> Array:
    """Return running costs in pounds by financial year, dims ``(draw, year)``."""
    alive = _alive(candidate, opening, years) * candidate.running_cost * _index(candidate, base)
    return _by_year(alive, np.ones(alive.shape), alive.shape[1])


@dataclass(frozen=True, eq=False)
class _Real:
    """Real pounds for one child, dims ``(draw, january, provision, phase, need_group)``, by fund, with place funding apart."""

    provisions: tuple[str, ...]
    education: Array
    transport: Array
    place: Array

    def of(self, provision: str) -> tuple[Array, Array, Array]:
        """Return education, transport and place funding of a provision in pounds, dims ``(draw, january, phase, need_group)``."""
        at = self.provisions.index(provision)
        return self.education[:, :, at], self.transport[:, :, at], self.place[:, :, at]


def _real(costs: UnitCosts, januaries: Sequence[int], draws: int) -> _Real:
    wanted = [year_name(y - 1) for y in januaries]
    per, deflator = costs.per_child, costs.deflator
    known = set(per["financial_year"].to_numpy().tolist()) & set(
        deflator["financial_year"].to_numpy().tolist()
    )
    if missing := [y for y in wanted if y not in known]:
        raise CapitalError(
            f"Costs for one child are not known for {missing[0]}, so savings of that year cannot be told. Cost the years from "
            f"{wanted[0]} to {wanted[-1]}."
        )
    if per.sizes["draw"] != draws or deflator.sizes["draw"] != draws:
        raise CapitalError(
            f"The costs have {per.sizes['draw']} draws and the forecast {draws}, so they cannot be set against each other. Draw "
            "as many prices as the forecast has draws."
        )
    paid_as = {code for d in destinations() if d.appraised for code in (d.provision, d.early_years_provision)}
    needed = paid_as | set(SPECIALIST_PROVISIONS)
    if absent := needed - set(per["provision"].to_numpy().tolist()):
        raise CapitalError(
            f"The costs say nothing of '{min(absent)}', where children are taught. Cost every provision."
        )
    real = per.sel(financial_year=wanted) * deflator.sel(financial_year=wanted)
    real = real.sel(phase=list(PHASE_CODES), need_group=list(NEED_GROUP_CODES)).transpose(
        "item", "draw", "financial_year", "provision", "phase", "need_group"
    )
    items = real["item"].to_numpy().tolist()
    values = real.to_numpy()

    def of(named_items: Sequence[str]) -> Array:
        return np.asarray(values[[items.index(i) for i in named_items if i in items]].sum(axis=0))

    return _Real(
        tuple(real["provision"].to_numpy().tolist()),
        of([i for i in items if i not in (PLACE, TRANSPORT)]),
        of([TRANSPORT]),
        of([PLACE]),
    )


def _each(
    options: Sequence[Option], who: Seating, outcome: Outcome, real: _Real
) -> tuple[Array, Array, Array]:
    """Return the saving per child, the share of children with unmet need, and funding per place; see `AppraisalInputs`."""
    overflow = outcome.shortfall.overflow.transpose(
        "destination", "draw", "january", "provision", "phase", "need_group"
    )
    # Whoever has a specialist place, though not of the kind wanted, is not among those to seat.
    elsewhere = [d for d in overflow["destination"].to_numpy().tolist() if d not in SPECIALIST_PROVISIONS]
    overflow = overflow.sel(destination=elsewhere)
    goes = overflow.to_numpy().astype(float)
    everyone = np.maximum(goes.sum(axis=0), 1e-9)
    shape = everyone.shape
    education, transport, unmet = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    early = PHASE_CODES.index("early_years")
    for code, children in zip(overflow["destination"].to_numpy().tolist(), goes, strict=True):
        share = children / everyone
        end = destination(code)
        if not end.need_met:
            unmet += share
        if not end.appraised:
            continue
        taught, carried, place = (part.copy() for part in real.of(end.provision))
        for part, other in zip((taught, carried, place), real.of(end.early_years_provision), strict=True):
            part[:, :, early] = other[:, :, early]
        education += share * (taught + place)[:, :, None]
        transport += share * carried[:, :, None]
    each, waiting, funding = [], [], []
    for o, option in enumerate(options):
        children = who.admitted[o]
        whole = children.sum(axis=(2, 3, 4))
        divisor = np.where(whole > 0, whole, 1.0)
        taught, carried, place = real.of(TAUGHT_AS.get(option.candidate.kind, option.candidate.provision))
        saved = (education - taught[:, :, None], transport - carried[:, :, None])
        each.append(np.stack([(children * s).sum(axis=(2, 3, 4)) / divisor for s in saved], axis=-1))
        waiting.append((children * unmet).sum(axis=(2, 3, 4)) / divisor)
        usual = children.sum(axis=2).mean(axis=0) + _served(option.candidate)
        funding.append((place * usual).sum(axis=(2, 3)) / usual.sum(axis=(1, 2)))
    return np.array(each), np.array(waiting), np.array(funding)


def _served(candidate: Candidate) -> Array:
    """Return a very small weight on the phases a scheme serves, dims ``(phase, need_group)``, used where no child needs it."""
    trace = np.zeros((len(PHASE_CODES), len(NEED_GROUP_CODES)))
    trace[[PHASE_CODES.index(p) for p in candidate.phases]] = 1e-6
    return trace
