"""The choice of candidates to build: a mixed-integer programme over draws, with a budget and a minimum chance of enough places.

Over draws d and Januaries t, with x the options built, places p, and filled(x) as in `forecast.capital.seats`:

    maximise   sum over t of w(option, t) x mean over d of seats(option, d, t; x)  -  standing cost of x
    subject to mean capital of x <= budget,   options of one candidate (or one site) at most once
               share of draws with enough places >= minimum

w is the present value of seating one child, averaged over draws by the seats the option fills alone, so that a programme of one
option is worth exactly the mean of its appraisal. Where w is below 0 the cost counts as if other options took no child from it:
places are never left empty to save money.

Seats filled are a minimum of linear functions of x in every draw, so the value is concave where it depends on how options share
children, and each trial programme gives a linear bound on it: the master problem (HiGHS) is solved again with that bound added
until bound and value meet (Benders' decomposition; each January has its own). A draw has enough places if for every union U of
groups the places of options that reach beyond U are at least the shortage outside U less what may remain; those rows are added
when a trial programme breaks them.

Where the minimum cannot be met within the budget, the largest chance that can be is asked for instead, and where that is 0 the
programme places as many children as the budget allows, at no more than `DEAREST_SEAT` of capital for each child it adds.

Invariants: a larger budget never lowers the value; the order of options changes nothing; the bound is never below the value.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from data.errors import CapitalError
from data.formatting import exact_pounds
from data.vocabulary import NEED_GROUP_CODES, PHASE_CODES, SPECIALIST_PROVISIONS
from forecast.capital.appraisal import AppraisalInputs
from forecast.capital.schemes import Aim, Choice, Programme, Sufficiency
from forecast.capital.seats import Seating, seating
from forecast.core.arrays import Flags
from forecast.core.outcome import ONE_CHILD
from models.base import Array

MOST_ROUNDS = 400
"""Times the master problem is solved at most."""

MOST_PARTS = 40
"""Times it is solved at most with parts of schemes allowed, first."""

USUAL_GAP = 0.005
"""Distance of bound and value, as a share of the value, at which the search stops."""

USUAL_DRAWS = 100
"""Draws on which the choice is made; it is judged on all."""

USUAL_SECONDS = 50.0
"""Longest search, seconds."""

DEAREST_SEAT = 500_000.0
"""Capital, pounds for a child seated, above which a scheme is not built for the sake of seats alone: our judgement, well above
the dearest benchmark of a place, so that it leaves out only schemes that would stand mostly empty."""

_MILLION = 1e6
_SLACK = 1e-6

Tell = Callable[[str, float], None]
"""Told of progress: what is being done, and how far it is, 0 to 1."""


@dataclass(frozen=True, eq=False)
class Target:
    """The condition of enough places, draw by draw.

    Parameters
    ----------
    seats
        Seating of the children asked about, in the January asked about.
    spare
        Children who may be without a place, dims ``(draw,)``.
    """

    seats: Seating
    spare: Array

    def met(self, built: Array) -> Flags:
        """Return whether a programme has enough places, dims ``(draw,)``."""
        left = self.seats.total[:, 0] - self.seats.filled(built, range(len(built)))[:, 0].sum(axis=1)
        return np.asarray(left <= self.spare + _SLACK)

    def some(self, draws: slice) -> Target:
        """Return the target in a subset of draws."""
        return Target(self.seats.some(draws), self.spare[draws])


def target(one: AppraisalInputs, sufficiency: Sufficiency) -> Target:
    """Return the condition of enough places for given options and children.

    Children outside the selection do not compete for places in it.

    Raises
    ------
    CapitalError
        The January or a name is not known.
    """
    january = one.januaries[-1] if sufficiency.january is None else sufficiency.january
    if january not in one.januaries:
        raise CapitalError(
            f"Enough places were asked for in January {january}, outside the forecast ({one.januaries[0]} to "
            f"{one.januaries[-1]}). Ask for one of those, or forecast more --years."
        )
    if not 0 <= sufficiency.minimum <= 1 or not 0 <= sufficiency.tolerance < 1:
        raise CapitalError(
            f"The chance asked for is {sufficiency.minimum:g} with {sufficiency.tolerance:g} of children left out; "
            "both are shares from 0 to 1. Write 0.8 for 80 %."
        )
    chosen = {
        "provision": sufficiency.provisions,
        "phase": sufficiency.phases,
        "need_group": sufficiency.need_groups,
    }
    known = {"provision": SPECIALIST_PROVISIONS, "phase": PHASE_CODES, "need_group": NEED_GROUP_CODES}
    for dim, names in chosen.items():
        if strange := [n for n in names if n not in known[dim]]:
            raise CapitalError(f"'{strange[0]}' is no {dim} we know. Write one of {', '.join(known[dim])}.")
    inside = xr.ones_like(one.children.left.isel(draw=0, january=0, drop=True))
    for dim, names in chosen.items():
        if names:
            inside = inside.where(inside[dim].isin(list(names)), 0.0)
    at = one.januaries.index(january)
    asking = (one.wanted.isel(january=at) * inside).sum(("provision", "phase", "need_group")).to_numpy()
    who = seating(
        [o.candidate for o in one.options],
        one.seats.places[:, [at]],
        one.children.at(january, inside),
        one.choices.isel(january=[at]),
        one.rules,
    )
    # Strictly less than a whole child is no shortfall, as everywhere in the forecast.
    return Target(who, np.maximum(ONE_CHILD - 2 * _SLACK, sufficiency.tolerance * asking))


@dataclass(frozen=True, eq=False)
class Sample:
    """The optimisation problem on a subset of draws.

    Parameters
    ----------
    seats, target
        On these draws.
    worth
        Present value of a seat of each option in each January, £ million, dims ``(january, option)``.
    standing
        Mean present value of what an option costs whoever sits in it, £ million, dims ``(option,)``.
    cost
        Mean capital over all draws, £ million, dims ``(option,)``.
    apart
        Sets of options of which at most one may be built.
    names
        Of options, to settle ties: id and year.
    """

    seats: Seating
    target: Target
    worth: Array
    standing: Array
    cost: Array
    apart: tuple[tuple[int, ...], ...]
    names: tuple[str, ...]

    def order(self, january: int) -> list[int]:
        """Return options by the value of a seat in them, highest first."""
        worth = self.worth[january]
        return sorted(range(len(worth)), key=lambda o: (-worth[o], self.names[o]))

    def seats_alone(self) -> Array:
        """Return the mean seats each option fills if it alone is built, dims ``(january, option)``."""
        return np.stack([self.seats.alone(o).mean(axis=0) for o in range(len(self.names))], axis=1)


def sample(one: AppraisalInputs, sufficiency: Sufficiency, draws: int) -> Sample:
    """Return the optimisation problem on the first draws."""
    some = slice(0, min(draws, one.draws))
    seats = one.seats.some(some)
    alone = np.stack([seats.alone(o) for o in range(len(one.options))])
    mean = alone.mean(axis=1)
    worth = (one.per_seat[:, some] * alone).mean(axis=1) / np.where(mean > 0, mean, 1.0)
    names = tuple(f"{o.candidate.id} {o.opens}" for o in one.options)
    same: dict[str, list[int]] = {}
    for at, option in enumerate(one.options):
        same.setdefault(f"id {option.candidate.id}", []).append(at)
        if option.candidate.one_of is not None:
            same.setdefault(f"site {option.candidate.one_of}", []).append(at)
    return Sample(
        seats=seats,
        target=target(one, sufficiency).some(some),
        worth=worth.T / _MILLION,
        standing=one.standing[:, some].mean(axis=1) / _MILLION,
        cost=one.cost.mean(axis=1) / _MILLION,
        apart=tuple(tuple(members) for members in same.values() if len(members) > 1),
        names=names,
    )


def value(problem: Sample, built: Array) -> float:
    """Return the mean present value of a programme on the sample, in £ million."""
    alone = problem.seats_alone()
    total = -float(problem.standing @ built)
    for t in range(problem.worth.shape[0]):
        total += _shared(problem, np.maximum(problem.worth, 0.0), t, built)
        total += float((np.minimum(problem.worth[t], 0.0) * alone[t]) @ built)
    return total


def _shared(problem: Sample, weights: Array, january: int, built: Array) -> float:
    seats = problem.seats.some(januaries=slice(january, january + 1)).filled(built, problem.order(january))
    return float(seats[:, 0].mean(axis=0) @ weights[january])


def _tight_bound(problem: Sample, weights: Array, january: int, built: Array) -> tuple[float, Array]:
    """Return a linear bound on the value of seats in one January, tight at a programme: constant, and slope by option."""
    worth, places = weights[january], problem.seats.places[:, january]
    draws = np.arange(len(places))
    constant, slope = 0.0, np.zeros(len(worth))
    for part in problem.seats.parts:
        order = [o for o in problem.order(january) if o in part.options]
        beyond = part.within[:, january].copy()
        reach = np.zeros((*beyond.shape, len(worth)))
        for position, option in enumerate(order):
            outside = places[:, [option]] * part.reach_beyond[:, option]
            reach[:, :, option] = outside
            beyond += built[option] * outside
            step = worth[option] - (worth[order[position + 1]] if position + 1 < len(order) else 0.0)
            if step <= 0:
                continue
            tight = beyond.argmin(axis=1)
            constant += step * float(part.within[draws, january, tight].mean())
            slope += step * reach[draws, tight].mean(axis=0)
    return constant, slope


@dataclass(frozen=True)
class _Best:
    built: Array
    value: float
    bound: float


class _Master:
    """The master problem of the search: options, a value bound for each January, and draws with enough places."""

    def __init__(self, problem: Sample, weights: Array, budget: float | None, gap: float) -> None:
        self.problem, self.weights, self.gap = problem, weights, gap
        self.options, self.januaries = len(problem.names), problem.worth.shape[0]
        self.draws = len(problem.target.spare)
        self.size = self.options + self.januaries + self.draws
        self.rows: list[tuple[Array, float]] = []
        for members in problem.apart:
            self._at_most(dict.fromkeys(members, 1.0), 1.0)
        if budget is not None:
            self._at_most(dict(enumerate(problem.cost)), budget)
        whole = np.ones(self.options)
        self.possible: Flags = problem.target.met(whole)
        self.bind(np.zeros(self.options))
        self.bind(whole)

    def _at_most(self, terms: dict[int, float], most: float) -> None:
        row = np.zeros(self.size)
        for at, coefficient in terms.items():
            row[at] = coefficient
        self.rows.append((row, most))

    def bind(self, built: Array) -> None:
        """Add the bounds that are tight at a programme."""
        for t in range(self.januaries):
            constant, slope = _tight_bound(self.problem, self.weights, t, built)
            terms = {o: -s for o, s in enumerate(slope)} | {self.options + t: 1.0}
            self._at_most(terms, constant)

    def enough(self, built: Array, claimed: Flags) -> bool:
        """Add constraints for draws wrongly claimed to have enough places; return True if there is no such draw."""
        seats, spare = self.problem.target.seats, self.problem.target.spare
        needed = seats.total[:, 0] - spare
        draws = np.arange(len(needed))
        short, reach = np.zeros(len(needed)), np.zeros((len(needed), self.options))
        for part in seats.parts:
            # The union that holds the seats of the part down most, in each draw.
            beyond = seats.places[:, 0][:, None, :] * part.reach_beyond[None]
            worst = (part.within[:, 0] + beyond @ built).argmin(axis=1)
            short += part.within[draws, 0, worst]
            reach += beyond[draws, worst]
        broken = np.flatnonzero(claimed & (needed - short - reach @ built > _SLACK))
        for d in broken:
            # places beyond the unions >= (shortage outside them - what may remain) z
            terms = {o: -r for o, r in enumerate(reach[d])}
            self._at_most(terms | {self.options + self.januaries + d: float(needed[d] - short[d])}, 0.0)
        return not len(broken)

    def at_least(self, share: float) -> None:
        """Require enough places in a share of draws."""
        first = self.options + self.januaries
        count = np.ceil(share * self.draws - _SLACK)
        self._at_most({first + d: -1.0 for d in range(self.draws)}, -float(count))

    def solve(self, objective: Array, seconds: float, *, whole: bool = True) -> tuple[Array, float] | None:
        """Return the best point and a bound on the objective; None if nothing is feasible.

        Parameters
        ----------
        objective
            To be made as large as possible.
        seconds
            Longest time.
        whole
            False to allow parts of schemes: quicker, and a bound all the same.
        """
        upper = np.concatenate(
            [np.ones(self.options), np.full(self.januaries, np.inf), self.possible.astype(float)]
        )
        lower = np.concatenate([np.zeros(self.options), np.full(self.januaries, -1e6), np.zeros(self.draws)])
        integral = np.concatenate([np.ones(self.options), np.zeros(self.januaries), np.ones(self.draws)])
        matrix = csr_array(np.stack([row for row, _ in self.rows])) if self.rows else None
        result = milp(
            -objective,
            integrality=integral if whole else np.zeros(self.size),
            bounds=Bounds(lower, upper),
            constraints=None
            if matrix is None
            else LinearConstraint(matrix, -np.inf, np.array([most for _, most in self.rows])),
            options={"time_limit": max(seconds, 1.0), "mip_rel_gap": self.gap / 2},
        )
        if result.x is None:
            return None
        return np.asarray(result.x), -float(result.mip_dual_bound if whole else result.fun)


def _search(
    master: _Master,
    objective: Array,
    worth: Callable[[Array], float],
    allowed: Callable[[Array], bool],
    until: float,
    gap: float,
    tell: Tell,
) -> _Best | None:
    """Return the best programme, its value and a bound on it; None if nothing is feasible."""
    best: _Best | None = None
    bound = np.inf
    last = np.inf
    for _ in range(MOST_PARTS):
        # Bounds that are tight where parts of schemes are allowed are found quickly and spare whole searches.
        relaxed = master.solve(objective, until - time.monotonic(), whole=False)
        if (
            relaxed is None
            or last - relaxed[1] <= gap / 10 * max(abs(relaxed[1]), 1e-6)
            or time.monotonic() > until
        ):
            break
        last = relaxed[1]
        master.bind(relaxed[0][: master.options])
    for _ in range(MOST_ROUNDS):
        left = until - time.monotonic()
        if left <= 0 and best is not None:
            break
        solved = master.solve(objective, left)
        if solved is None:
            return best
        point, bound_now = solved
        bound = min(bound, bound_now)
        built = np.round(point[: master.options])
        claimed = point[master.options + master.januaries :] > 0.5
        master.enough(built, claimed)
        if allowed(built):
            reached = worth(built)
            if best is None or reached > best.value:
                best = _Best(built, reached, bound)
        if best is not None:
            best = replace(best, bound=max(bound, best.value))
            distance = (best.bound - best.value) / max(abs(best.value), 1e-9)
            tell("Looking for a better choice", 1 / (1 + max(distance - gap, 0.0)))
            if best.bound - best.value <= gap * max(abs(best.value), 1e-6):
                break
        master.bind(built)
    return best


def choose(
    one: AppraisalInputs,
    sufficiency: Sufficiency,
    budget: float | None = None,
    *,
    name: str = "",
    draws: int = USUAL_DRAWS,
    gap: float = USUAL_GAP,
    seconds: float = USUAL_SECONDS,
    tell: Tell = lambda what, done: None,
) -> Programme:
    """Return the best programme within a budget.

    Parameters
    ----------
    one
        Options in one reading of the future.
    sufficiency
        What counts as enough places, and the chance of it.
    budget
        Capital, pounds of the base year; None for no limit.
    name
        Title of the programme.
    draws
        Draws the choice is made on, the first of all draws.
    gap
        Distance of bound and value, as a share of the value, at which to stop.
    seconds
        When to stop in any case; the gap then says how far the value may be from the best.
    tell
        Told of progress.

    Raises
    ------
    CapitalError
        There is no option, or the budget is below every scheme.
    """
    started = time.monotonic()
    problem = sample(one, sufficiency, draws)
    _affordable(one, problem, budget)
    most = None if budget is None else budget / _MILLION
    tell("Setting up the choice", 0.0)
    until = started + seconds
    reachable, required = 1.0, sufficiency.minimum
    aim: Aim = "net present value"
    if sufficiency.minimum > 0:
        reachable = _largest_chance(problem, most, until, tell)
        if reachable < sufficiency.minimum - _SLACK:
            required = reachable
            aim = "chance of enough places" if reachable > 0 else "children placed"
    best = _best(problem, aim, required, most, until, gap, tell)
    tell("Judging the choice", 1.0)
    programme = evaluate(
        one,
        best.built,
        sufficiency,
        name=name,
        budget=budget,
        aim=aim,
        met=aim == "net present value",
        reachable=reachable,
    )
    scale = 1.0 if aim == "children placed" else _MILLION
    return replace(
        programme,
        value=best.value * scale,
        bound=best.bound * scale,
        gap=(best.bound - best.value) / max(abs(best.value), 1e-9) if best.bound > best.value else 0.0,
        draws_used=len(problem.target.spare),
        seconds=time.monotonic() - started,
    )


def _affordable(one: AppraisalInputs, problem: Sample, budget: float | None) -> None:
    if not one.options:
        raise CapitalError("There is no candidate to choose from. Add candidates to the file.")
    if budget is None:
        return
    if not np.isfinite(budget) or budget < 0:
        raise CapitalError(
            f"The budget is {budget:,.0f} pounds; it cannot be below 0. Write pounds, such as 20000000."
        )
    cheapest = int(problem.cost.argmin())
    if budget < problem.cost[cheapest] * _MILLION:
        raise CapitalError(
            f"The budget of {exact_pounds(budget)} is below the cost of every candidate: the cheapest, "
            f"'{one.options[cheapest].candidate.id}', is expected to cost {exact_pounds(problem.cost[cheapest] * _MILLION)} with "
            "location and optimism bias. Nothing was chosen. Raise the budget, or add smaller candidates."
        )


def _largest_chance(problem: Sample, budget: float | None, until: float, tell: Tell) -> float:
    """Return the largest share of draws with enough places that a budget allows."""
    weights = np.zeros(problem.worth.shape)
    master = _Master(problem, weights, budget, USUAL_GAP / 10)
    if not master.possible.any():
        return 0.0
    objective = np.zeros(master.size)
    objective[master.options + master.januaries :] = 1 / master.draws
    # All draws are claimed at first, so that the rows that matter are there from the start.
    master.enough(np.zeros(master.options), master.possible)
    best = 0.0
    for _ in range(MOST_ROUNDS):
        solved = master.solve(objective, until - time.monotonic())
        if solved is None:
            break
        built = np.round(solved[0][: master.options])
        claimed = solved[0][master.options + master.januaries :] > 0.5
        best = max(best, float(problem.target.met(built).mean()))
        tell("The largest chance that can be reached", min(best / max(solved[1], 1e-9), 1.0))
        if master.enough(built, claimed) or best >= solved[1] - _SLACK or time.monotonic() > until:
            break
    return best


def _best(
    problem: Sample, aim: Aim, required: float, budget: float | None, until: float, gap: float, tell: Tell
) -> _Best:
    alone = problem.seats_alone()
    if aim == "children placed":
        # In the January asked about, whose seating is the target's. Each `DEAREST_SEAT` of capital has to seat a child.
        counted = replace(
            problem,
            seats=problem.target.seats,
            worth=np.ones((1, len(problem.names))),
            standing=problem.cost * _MILLION / DEAREST_SEAT,
        )
        linear, weights = -counted.standing, counted.worth
        problem_used = counted
    else:
        linear = -problem.standing + (np.minimum(problem.worth, 0.0) * alone).sum(axis=0)
        weights, problem_used = np.maximum(problem.worth, 0.0), problem
    master = _Master(problem_used, weights, budget, gap)
    if aim != "children placed" and required > 0:
        master.enough(np.zeros(master.options), master.possible)
        master.at_least(required)
    objective = np.concatenate([linear, np.ones(master.januaries), np.zeros(master.draws)])

    def allowed(built: Array) -> bool:
        return aim == "children placed" or float(problem.target.met(built).mean()) >= required - _SLACK

    best = _search(master, objective, lambda built: value(problem_used, built), allowed, until, gap, tell)
    if best is None:
        raise CapitalError(
            "No programme within the budget was found in the time allowed. Ask for a lower chance of enough places, or allow "
            "more time."
        )
    return best


def evaluate(
    one: AppraisalInputs,
    built: Array,
    sufficiency: Sufficiency,
    *,
    name: str,
    budget: float | None,
    aim: Aim,
    met: bool,
    reachable: float,
) -> Programme:
    """Return a programme evaluated on all draws, with children seated in full.

    Parameters
    ----------
    built
        1 where an option is built, dims ``(option,)``.
    one, sufficiency, name, budget, aim, met, reachable
        As in `Programme`.
    """
    worth = one.per_seat.mean(axis=(1, 2))
    order = sorted(
        range(len(built)), key=lambda o: (-worth[o], one.options[o].candidate.id, one.options[o].opens)
    )
    seats = one.seats.filled(built, order)
    everyone = {"draw": list(range(one.draws)), "january": list(one.januaries)}

    def drawn(values: Array) -> xr.DataArray:
        return xr.DataArray(values, dims="draw", coords={"draw": everyone["draw"]})

    def by_january(values: Array) -> xr.DataArray:
        return xr.DataArray(values, dims=("draw", "january"), coords=everyone)

    return Programme(
        name=name,
        choices=tuple(
            Choice(o.candidate, o.opens) for o, b in zip(one.options, built, strict=True) if b > 0.5
        ),
        budget=budget,
        sufficiency=sufficiency,
        aim=aim,
        met=met,
        p_reachable=reachable,
        p_sufficient=float(target(one, sufficiency).met(built).mean()),
        cost=drawn(np.asarray(built @ one.cost)),
        npv=drawn(one.net(seats, built)),
        places=by_january(one.seats.places @ built),
        seats=by_january(seats.sum(axis=2)),
        unplaced=by_january(one.seats.total - seats.sum(axis=2)),
        value=0.0,
        bound=0.0,
        gap=0.0,
        draws_used=0,
        seconds=0.0,
    )


def flags(one: AppraisalInputs, choices: Sequence[Choice]) -> Array:
    """Return 1 for each option that a programme builds, 0 otherwise, dims ``(option,)``."""
    chosen = {(c.candidate.id, c.opens) for c in choices}
    return np.array([float((o.candidate.id, o.opens) in chosen) for o in one.options])
