"""Plans and placements under a scenario: the baseline's years again, with its random numbers and the scenario's levers.

The baseline solved, in every draw, January and age band, for the joiner index and for what leavers had to meet
(`models.cohort_flow.advance`), and for the factors that bring kinds of provision to their forecast
(`forecast.demand.placement`). A scenario keeps them and moves rates, so totals follow from levers, not from chance:

    joined[a, n]  = without_plan'[a] (1 - exp(-index[band(a)] rate[a])) mix'[a, n] F[a] m[a, n]
    m[y, a] = (s'/s) ((1 - l) u[y, a] + l (1 - c[y-1]) u[y-1, a-1] + c[y] l u[y, a] A[y+1, a+1] / A[y, a])
    u = f (1 - r') / (1 - r)

with F factors on joiners, f on requests, r the share refused, s the share of assessments that end in a plan, A the baseline's
assessments, l the share that runs into the next year and c the part of those that ends sooner (`scenarios.effects.Effects`).
Assessments brought forward are missing a year later: nobody is assessed twice.

Levers that only move children between provisions leave the very plans of the baseline.

A review at the end of a phase ends plans of those it reaches; the plans come out of the provisions it does not protect. So each
January of plans is followed by its placements before the next is begun.

Invariants, as of the baseline: stock = stock before - leavers + joiners + transfers at every age and need (changes of recorded
need add up to 0 over needs); provisions add up to plans; nothing is negative. Levers that leave every quantity as it was give
the baseline's plans.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from data.vocabulary import AGES, NEED_CODES, PROVISION_CODES
from forecast.core.outcome import Placements, Plans
from forecast.core.parallel import run_in_parts
from forecast.demand.placement import CELLS, PlacementArrays, Transitions
from forecast.demand.placement_kernels import Carrier, review, scale
from models.base import Array, Floats, shares_of
from models.cohort_flow import (
    BAND_OF_AGE,
    Flows,
    Leaving,
    Rates,
    Year,
    joiners_of,
    pass_year,
    reaching_age,
    without_plan,
)
from models.moves import STAGE_OF_AGE
from models.placement import ONES, Paths
from scenarios.effects import FIRST_AGES, Effects, Move, Review, apply_changes

PIPELINE: tuple[str, ...] = ("refused", "withdrawn", "accepted", "assessments", "new_plans")
"""What the baseline's process is rebuilt from."""

PROCESS: tuple[str, ...] = (
    "requests", "refused", "withdrawn", "accepted", "assessments", "assessments_without_plan", "new_plans",
)  # fmt: skip
"""What it is rebuilt as."""

FLOWS: tuple[str, ...] = ("stock", "joiners", "leavers", "transfers", "recoded")
"""Plans, and the flows that make them."""

DRAWS_AT_A_TIME = 50
"""Draws projected at a time: what a January needs of so many stays in the processor's cache."""

LARGEST_SHARE = 0.95
"""No lever refuses more than this share of requests or leaves more than this share of assessments without a plan."""

_AT_TRANSFER = np.isin(AGES, FIRST_AGES)


def replay(
    plans: Plans,
    placements: Placements,
    flows: Flows,
    transitions: Transitions,
    delay: float,
    effects: Effects,
) -> tuple[Plans, Placements]:
    """Return plans and placements with effects on the flows; unchanged where no effect acts on them.

    Parameters
    ----------
    plans, placements
        The baseline's.
    flows, transitions
        Rates and placements' paths behind them, draw by draw.
    delay
        Share of requests whose assessment ends in the next calendar year.
    effects
        What the levers do.
    """
    if not effects.on_placements:
        return plans, placements
    base = _BaselineArrays.of(plans)
    arrays = PlacementArrays.empty(base.draws, base.januaries)
    if not effects.on_plans:
        run_in_parts(
            base.draws, lambda some: _replay_moves(base, transitions, effects, arrays, some), DRAWS_AT_A_TIME
        )
        return plans, arrays.of(placements, plans.future)
    rates, scenario_plans = Rates.of(flows), _PlanArrays.empty(base.draws, base.januaries)

    def project(some: slice) -> None:
        part = _Part.of(
            base.some(some), rates.some(some), transitions.paths.some(some), effects.some(some), delay
        )
        state = part.opening(transitions.start[some])
        for t in range(base.januaries):
            state = part.next_january(t, state)
            scenario_plans.write_year(some, t, state)
            arrays.write(some, slice(t, t + 1), state.placed[:, None], transitions.factors[some, t : t + 1])
        scenario_plans.write_inputs(some, part)

    run_in_parts(base.draws, project, DRAWS_AT_A_TIME)
    after = scenario_plans.of(plans)
    return after, arrays.of(placements, after.future)


def _replay_moves(
    base: _BaselineArrays, transitions: Transitions, effects: Effects, arrays: PlacementArrays, some: slice
) -> None:
    """Write the placements of some draws under levers that only move children between provisions."""
    moves, base = effects.some(some).moves, base.some(some)
    carrier, placed = Carrier.of(transitions.paths.some(some)), transitions.start[some]
    for t in range(base.januaries):
        stock = base.stock[:, t]
        going = carrier.remaining(placed, base.leavers[:, t])
        placed = _placed(*carrier.settled(going, base.joiners[:, t], stock), moves, t)
        scale(placed, stock)
        arrays.write(some, slice(t, t + 1), placed[:, None], transitions.factors[some, t : t + 1])


@dataclass(frozen=True, eq=False)
class _January:
    """Plans in one January, and how the year before led to them.

    Parameters
    ----------
    stock
        Plans, dims ``(draw, age, need)``.
    placed
        Where they are taught, dims ``(draw, age, need, provision)``; adds up to the stock.
    protection
        Who is protected from reviews.
    joiners, leavers, transfers, recoded
        Flows of the year, dims ``(draw, age, need)``; None at the origin.
    """

    stock: Array
    placed: Floats
    protection: _Protection
    joiners: Array | None = None
    leavers: Array | None = None
    transfers: Array | None = None
    recoded: Array | None = None


@dataclass(frozen=True, eq=False)
class _Part:
    """A scenario in some draws: all that its years are made from, and the chain that makes one.

    Parameters
    ----------
    base, rates, effects
        The baseline's arrays and rates, and what the levers do, in these draws.
    residents
        After levers on them, dims ``(draw, january, age)``.
    need_weight
        What levers multiply needs of joiners by, dims ``(draw, january, age, need)``; lengths of 1 stand for all. None where no
        lever does.
    hazard
        Yearly chance that a plan ends, after levers, same dims.
    pipeline
        Requests and assessments after levers.
    brought
        Plans that people moving in bring, dims ``(draw, january, age, need)``; None if nobody moves.
    carrier
        Carries placements forward a year.
    """

    base: _BaselineArrays
    rates: Rates
    effects: Effects
    residents: Array
    need_weight: Array | None
    hazard: Array
    pipeline: _ScenarioProcess
    brought: Array | None
    carrier: Carrier

    @classmethod
    def of(cls, base: _BaselineArrays, rates: Rates, paths: Paths, effects: Effects, delay: float) -> _Part:
        """Return the inputs of every year with the levers acting on them."""
        return cls(
            base=base,
            rates=rates,
            effects=effects,
            residents=_residents(base, effects),
            need_weight=_need_weight(effects),
            hazard=_hazard(rates, base, effects),
            pipeline=_ScenarioProcess.of(base, effects, delay),
            brought=_plans_brought(base, effects),
            carrier=Carrier.of(paths),
        )

    def opening(self, placed: Floats) -> _January:
        """Return the January of the origin, with placements ``placed``."""
        stock = np.broadcast_to(self.base.opening, (len(self.rates.hazard), *self.base.opening.shape))
        return _January(stock, placed, _Protection.of(self.effects.reviews, self.base.calendar[0] - 1))

    def next_january(self, t: int, before: _January) -> _January:
        """Return the January at position ``t`` after the one before: every adjustment of a scenario, in the order it acts."""
        leaving = self.leaving(t)
        joined = self.joiners(t, reaching_age(before.stock, leaving))
        going = self.carrier.remaining(before.placed, before.stock * leaving.leaves)
        leaving = self.after_reviews(t, going, leaving, before.protection)
        year = self.with_plans_brought(t, pass_year(before.stock, leaving, joined, self.rates))
        older, new = self.carrier.settled(going, joined, year.stock)
        settled = older + new
        protection = before.protection.later(
            before.placed, going, settled, self.carrier.paths, self.base.calendar[t]
        )
        placed = _placed(older, new, self.effects.moves, t) if self.effects.moves else settled
        scale(placed, year.stock)
        return _January(year.stock, placed, protection, joined, year.leavers, year.transfers, year.recoded)

    def joiners(self, t: int, reaching: Array) -> Array:
        """Return new plans of a year: residents without one, rate, the baseline's index, needs and pipeline.

        Parameters
        ----------
        t
            Position of the January.
        reaching
            Plans of those who reach each age before anybody joins, dims ``(draw, age)``.

        Returns
        -------
        Array
            Dims ``(draw, age, need)``.
        """
        without = without_plan(self.residents[:, t], reaching)
        joined = joiners_of(without, self.base.rate, self.base.index[:, t])
        mix = self.rates.mix(t, self.base.index[:, t])
        if self.need_weight is not None:
            mix = shares_of(mix * _at(self.need_weight, t), axis=-1)
        return np.asarray(mix * joined[:, :, None] * _at(self.pipeline.joiners, t))

    def leaving(self, t: int) -> Leaving:
        """Return the shares of plans that end, transfer or go on in a year, at the scenario's hazard as calibrated."""
        return Leaving.of(self.rates, _at(self.hazard, t), self.base.kept[:, t], self.base.sent[:, t])

    def after_reviews(self, t: int, going: Floats, leaving: Leaving, protection: _Protection) -> Leaving:
        """Return ``leaving`` with the plans that end at a review, and take those out of ``going`` in place."""
        if not any(r.weight[t] for r in self.effects.reviews):
            return leaving
        ended = _reviewed(going, self.effects.reviews, protection, t)
        return replace(
            leaving, leaves=leaving.leaves + leaving.stays * ended, stays=leaving.stays * (1 - ended)
        )

    def with_plans_brought(self, t: int, year: Year) -> Year:
        """Return a year with the plans of people who move in or out; no more leave than there are."""
        if self.brought is None:
            return year
        came = np.maximum(self.brought[:, t], -year.stock)
        return replace(year, stock=year.stock + came, transfers=year.transfers + came)


@dataclass(frozen=True, eq=False)
class _PlanArrays:
    """Arrays of a scenario's `Plans`, filled part by part of the draws.

    Parameters
    ----------
    flows
        What `FLOWS` names, dims ``(draw, january, age, need)``.
    residents
        Dims ``(draw, january, age)``.
    process
        What `PROCESS` names, dims ``(draw, year, age)``.
    """

    flows: Mapping[str, Array]
    residents: Array
    process: Mapping[str, Array]

    @classmethod
    def empty(cls, draws: int, januaries: int) -> _PlanArrays:
        """Return empty arrays for a number of draws and Januaries."""
        by_age = (draws, januaries, len(AGES))
        return cls(
            flows={name: np.empty((*by_age, len(NEED_CODES))) for name in FLOWS},
            residents=np.empty(by_age),
            process={name: np.empty(by_age) for name in PROCESS},
        )

    def write_year(self, some: slice, t: int, state: _January) -> None:
        """Write the plans of a January and the flows of the year before it, in some draws."""
        for name in FLOWS:
            self.flows[name][some, t] = getattr(state, name)

    def write_inputs(self, some: slice, part: _Part) -> None:
        """Write the residents and the pipeline behind the plans of some draws, once all their years are written."""
        self.residents[some] = part.residents
        new_plans = self.flows["joiners"][some].sum(axis=3)
        for name, value in part.pipeline.process(new_plans, part.residents).items():
            self.process[name][some] = value

    def of(self, baseline: Plans) -> Plans:
        """Return the arrays as `Plans`, with what a scenario does not change taken from the baseline."""
        by_age = ("draw", "year", "age")
        return replace(
            baseline,
            future=baseline.future.transpose(*CELLS).copy(data=self.flows["stock"]),
            flows=baseline.flows.assign({n: (CELLS, v) for n, v in self.flows.items() if n != "stock"}),
            residents=baseline.residents.transpose("draw", "january", "age").copy(data=self.residents),
            process=baseline.process.transpose(*by_age).assign(
                {n: (by_age, v) for n, v in self.process.items()}
            ),
        )


@dataclass(frozen=True, eq=False)
class _BaselineArrays:
    """The baseline's inputs of plans, as arrays.

    Parameters
    ----------
    calendar
        Januaries forecast.
    opening
        Plans at the origin, dims ``(age, need)``.
    residents
        Dims ``(draw, january, age)``.
    stock, joiners, leavers
        Plans, new plans and plans that end, dims ``(draw, january, age, need)``.
    rate
        Today's joining rate among residents without a plan, dims ``(draw, age)``.
    index, kept, sent
        The calibration of the baseline, dims ``(draw, january, band)``.
    reasons
        Shares of reasons of leavers by their names, dims ``(draw, band)``.
    process
        What `PIPELINE` names, dims ``(draw, year, age)``.
    """

    calendar: tuple[int, ...]
    opening: Array
    residents: Array
    stock: Array
    joiners: Array
    leavers: Array
    rate: Array
    index: Array
    kept: Array
    sent: Array
    reasons: Mapping[str, Array]
    process: Mapping[str, Array]

    @classmethod
    def of(cls, plans: Plans) -> _BaselineArrays:
        """Return the arrays of the baseline's plans."""
        share = plans.reason_share.transpose("reason", "draw", "band")
        solved = [
            plans.flows[n].transpose("draw", "january", "series").to_numpy()
            for n in ("index", "kept", "sent")
        ]
        return cls(
            calendar=tuple(int(j) for j in plans.future["january"].to_numpy()),
            opening=plans.flows["opening"].transpose("age", "need").to_numpy(),
            residents=plans.residents.transpose("draw", "january", "age").to_numpy(),
            stock=plans.future.transpose(*CELLS).to_numpy(),
            joiners=plans.flows["joiners"].transpose(*CELLS).to_numpy(),
            leavers=plans.flows["leavers"].transpose(*CELLS).to_numpy(),
            rate=plans.flows["rate"].transpose("draw", "age").to_numpy(),
            index=solved[0],
            kept=solved[1],
            sent=solved[2],
            reasons={str(r): share.sel(reason=r).to_numpy() for r in share["reason"].to_numpy()},
            process={n: plans.process[n].transpose("draw", "year", "age").to_numpy() for n in PIPELINE},
        )

    @property
    def draws(self) -> int:
        """Number of draws."""
        return len(self.stock)

    @property
    def januaries(self) -> int:
        """Number of Januaries."""
        return len(self.calendar)

    def some(self, draws: slice) -> _BaselineArrays:
        """Return the arrays in a subset of draws."""
        return replace(
            self,
            residents=self.residents[draws],
            stock=self.stock[draws],
            joiners=self.joiners[draws],
            leavers=self.leavers[draws],
            rate=self.rate[draws],
            index=self.index[draws],
            kept=self.kept[draws],
            sent=self.sent[draws],
            reasons={n: v[draws] for n, v in self.reasons.items()},
            process={n: v[draws] for n, v in self.process.items()},
        )


def _at(values: Array, t: int) -> Array:
    """Return values in one January; an array with one January applies to all."""
    return values[:, min(t, values.shape[1] - 1)]


def _residents(before: _BaselineArrays, effects: Effects) -> Array:
    """Return residents after effects, dims (draw, january, age), at least 0."""
    people = apply_changes(before.residents, effects.residents)
    for arrivals in effects.arrivals:
        people = people + arrivals.people
    return np.maximum(people, 0.0)


def _need_weight(effects: Effects) -> Array | None:
    """Return what effects multiply needs of joiners by, dims (draw, january, age, need); None if nothing."""
    if not effects.joiner_need:
        return None
    return apply_changes(np.ones((1, 1, len(AGES), len(NEED_CODES))), effects.joiner_need)


def _plans_brought(before: _BaselineArrays, effects: Effects) -> Array | None:
    """Return plans that people moving in bring, or moving out take along, dims (draw, january, age, need); None if nobody moves.

    Newcomers hold plans as residents of their age do in the baseline, times how likely the lever says they are to.
    """
    if not effects.arrivals:
        return None
    residents = before.residents
    new = sum((a.new * a.with_plan[:, None, None] for a in effects.arrivals), start=np.zeros_like(residents))
    share = np.divide(new, residents, out=np.zeros_like(residents), where=residents > 0)
    return np.asarray(before.stock * share[..., None])


def _hazard(rates: Rates, before: _BaselineArrays, effects: Effects) -> Array:
    """Return the yearly chance that a plan ends, dims (draw, january, age, need); need has length 1 if it makes no difference."""
    whole = [c for c in effects.leaver_hazard if not c.reasons]
    hazard = apply_changes(rates.hazard[:, None], whole, most=1.0)
    hazard = hazard if hazard.ndim == 4 else hazard[..., None]
    for change in effects.leaver_hazard:
        if change.reasons:
            share = np.sum([before.reasons[r] for r in change.reasons], axis=0)[:, BAND_OF_AGE]
            factor = change.size[:, None, None, None] ** change.weight[None, :, None, None] - 1
            hazard = np.clip(hazard * (1 + factor * share[:, None, :, None] * change.who), 0.0, 1.0)
    if effects.leaver_hazard:
        hazard = hazard.copy()
        hazard[:, :, -1] = 1.0
    return hazard


@dataclass(frozen=True, eq=False)
class _ScenarioProcess:
    """Requests, refusals and assessments under a scenario's levers.

    Parameters
    ----------
    before
        The baseline.
    joiners
        Factor on joiners, dims ``(draw, january, age, need)``; lengths of 1 stand for all.
    requested, others
        Factors, over all needs, on accepted requests and on joiners other than by the pipeline, dims ``(draw, january, age)``.
    refusal, ending
        Share of requests refused, and of assessments ending in a plan, same dims.
    delay
        Share of requests whose assessment ends in the next year.
    """

    before: _BaselineArrays
    joiners: Array
    requested: Array
    others: Array
    refusal: Array
    ending: Array
    delay: float

    @classmethod
    def of(cls, before: _BaselineArrays, effects: Effects, delay: float) -> _ScenarioProcess:
        """Return the effects of levers on requests, refusals and assessments."""
        at = before.process
        refused = _share(at["refused"], at["refused"] + at["accepted"])
        ended = _share(at["new_plans"], at["assessments"])
        refusal = _with_needs(apply_changes(refused, effects.refusal, most=LARGEST_SHARE))
        ending = _with_needs(apply_changes(ended, effects.plan_share, least=1 - LARGEST_SHARE, most=1.0))
        one = np.ones((1, 1, len(AGES)))
        requested = _with_needs(apply_changes(one, effects.requests))
        if effects.refusal:
            requested = requested * _share(1 - refusal, (1 - refused)[..., None])
        through = _with_needs(one)
        if effects.requests or effects.refusal or effects.sooner:
            full = np.broadcast_to(requested, (*at["new_plans"].shape, requested.shape[3]))
            part = _with_needs(apply_changes(0 * one, effects.sooner, most=1.0))
            part = np.broadcast_to(part, (*at["new_plans"].shape, part.shape[3]))
            following = _share(_next_year(at["assessments"]), at["assessments"])[..., None]
            through = (1 - delay) * full + delay * _from_the_year_before(full * (1 - part))
            through = through + delay * part * full * following
        if effects.plan_share:
            through = through * _share(ending, ended[..., None])
        others = _with_needs(apply_changes(one, effects.joiner_rate))
        return cls(
            before=before,
            joiners=through * others,
            requested=_over_needs(requested, before.joiners),
            others=_over_needs(others, before.joiners),
            refusal=_over_needs(refusal, before.joiners),
            ending=_over_needs(ending, before.joiners),
            delay=delay,
        )

    def process(self, new_plans: Array, people: Array) -> dict[str, Array]:
        """Return the figures named in `PROCESS` behind the scenario's new plans, dims (draw, year, age).

        Requests follow levers on requests and refusals; and residents and factors on joiners, through the assessments that
        these lead to. Assessments brought forward are not requests.
        """
        base = self.before.process
        before = base["assessments"]
        beyond = before * self.others * _share(people, self.before.residents)
        now = (1 - self.delay) * beyond + self.delay * _next_year(beyond)
        was = (1 - self.delay) * before + self.delay * _next_year(before)
        accepted = base["accepted"] * _share(now, was) * self.requested
        refused = accepted * self.refusal / (1 - self.refusal)
        withdrawn = (accepted + refused) * _share(base["withdrawn"], base["accepted"] + base["refused"])
        assessments = new_plans / np.maximum(self.ending, 1 - LARGEST_SHARE)
        return {
            "requests": refused + withdrawn + accepted,
            "refused": refused,
            "withdrawn": withdrawn,
            "accepted": accepted,
            "assessments": assessments,
            "assessments_without_plan": assessments - new_plans,
            "new_plans": new_plans,
        }


def _share(part: Array, whole: Array) -> Array:
    """Return part / whole; 0 where the whole is 0."""
    part = np.broadcast_to(part, np.broadcast_shapes(part.shape, whole.shape))
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)


def _with_needs(values: Array) -> Array:
    """Return values with a dimension of needs, of length 1 if they have none."""
    return values if values.ndim == 4 else values[..., None]


def _over_needs(values: Array, joiners: Array) -> Array:
    """Return values averaged over needs, weighted by the needs of joiners, dims (draw, january, age)."""
    if values.shape[3] == 1:
        return values[..., 0]
    mix = _share(joiners, joiners.sum(axis=3, keepdims=True))
    return np.asarray((values * mix).sum(axis=3))


def _from_the_year_before(values: Array) -> Array:
    """Return factors of the year before at one age younger, dims (draw, january, age, need); 1 before the first year."""
    earlier = np.concatenate([np.ones_like(values[:, :1]), values[:, :-1]], axis=1)
    # "2 and under" also feeds itself.
    return np.concatenate([earlier[:, :, :1], earlier[:, :, :-1]], axis=2)


def _next_year(values: Array) -> Array:
    """Return values of the next year at one age older, dims (draw, year, age); the last year stands for the year after it."""
    later = np.concatenate([values[:, 1:], values[:, -1:]], axis=1)
    return np.concatenate([later[:, :, 1:], np.zeros_like(later[:, :, :1])], axis=2)


@dataclass(frozen=True, eq=False)
class _Protection:
    """The pupils whom a review protects because of the place they had in a given January.

    Parameters
    ----------
    shares
        For each review, the share of the plans held at an age and need, in each of its protected provisions, that it protects,
        dims ``(draw, age, need, protected)``, broadcast; None before the January that decides.
    reviews
        The reviews.
    """

    shares: tuple[Floats | None, ...]
    reviews: tuple[Review, ...]

    @classmethod
    def of(cls, reviews: tuple[Review, ...], origin: int) -> _Protection:
        """Return the protected shares at the origin."""
        everyone = np.ones((1, 1, 1, 1), dtype=np.float32)
        return cls(
            tuple(
                everyone if r.protected_from is None or r.protected_from <= origin else None for r in reviews
            ),
            reviews,
        )

    def later(self, where: Floats, going: Floats, placed: Floats, paths: Paths, january: int) -> _Protection:
        """Return the protected shares a January later: pupils who stay in the provision keep theirs, newcomers have none."""
        shares: list[Floats | None] = []
        for one, share in zip(self.reviews, self.shares, strict=True):
            if one.protected_from is None or share is None:
                decided = one.protected_from == january
                shares.append(np.ones((1, 1, 1, 1), dtype=np.float32) if decided else share)
                continue
            positions = [PROVISION_CODES.index(p) for p in one.protected]
            stay = going[:, :-1][..., positions] * share[:, : -1 if share.shape[1] > 1 else None]
            stay = stay * paths.kept[:, STAGE_OF_AGE[:-1]][:, :, None, positions]
            now = placed[..., positions]
            locked = np.zeros_like(now)
            np.divide(stay, now[:, 1:], out=locked[:, 1:], where=now[:, 1:] > 0)
            shares.append(np.minimum(locked, 1.0))
        return _Protection(tuple(shares), self.reviews)


def _reviewed(going: Floats, reviews: tuple[Review, ...], protection: _Protection, t: int) -> Array:
    """End reviewed plans in place, and return the share of continuing plans that ended, dims (draw, age, need)."""
    before = going @ ONES
    for one, protected in zip(reviews, protection.shares, strict=True):
        if one.weight[t]:
            positions = np.array([PROVISION_CODES.index(p) for p in one.protected], dtype=np.intp)
            review(going, one.share * one.weight[t], one.who, protected, positions)
    after = going @ ONES
    return np.asarray(1 - np.divide(after, before, out=np.ones_like(after), where=before > 0), dtype=float)


def _placed(older: Floats, new: Floats, moves: tuple[Move, ...], t: int) -> Floats:
    """Return all children by provision after moves, not yet scaled to plans, dims (draw, age, need, provision)."""
    for each in moves:
        _moved(older, new, each, t)
    return older + new


def _moved(older: Floats, new: Floats, move: Move, t: int) -> None:
    """Move the children that a lever reaches from its source to its target provision, in place."""
    if not move.weight[t]:
        return
    source, target = PROVISION_CODES.index(move.source), PROVISION_CODES.index(move.target)
    who = move.who & _AT_TRANSFER[:, None] if move.moment == "phase_transfer" else move.who
    share = ((move.share * move.weight[t])[:, None, None] * who).astype(np.float32)
    for children in (new,) if move.moment == "joining" else (older,):
        going = children[..., source] * share
        children[..., source] -= going
        children[..., target] += going
