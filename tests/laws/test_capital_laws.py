"""Laws of the options appraisal: seats, present values, and the choice against brute force."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from benchmarks.capital_worlds import candidate, cell, made, random_candidates, random_short
from forecast.capital.appraisal import AppraisalInputs, appraisal
from forecast.capital.programme import Sample, choose, evaluate, flags, sample, value
from forecast.capital.schemes import Sufficiency
from forecast.capital.seats import _groups
from forecast.core.discounting import factors
from models.base import Array

DRAWS = 6
ASKS = (0.0, 0.5, 1.0)
quick = settings(max_examples=15, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
seeds = st.integers(0, 10_000)


def worlds(seed: int, count: int = 5) -> AppraisalInputs:
    rng = np.random.default_rng(seed)
    return made(random_candidates(rng, count), random_short(rng, DRAWS))


def most_worth(one: AppraisalInputs, draw: int, january: int, built: Array, worth: Array) -> float:
    """Return the largest worth of seats by a transport problem over single groups of children."""
    groups, admits = _groups([o.candidate for o in one.options], one.children, one.choices, one.rules)
    missing = one.children.left.to_numpy()[draw, january]
    supply = (groups[:, january] * missing).sum(axis=(1, 2, 3))
    count, options = admits.shape
    flow = [(g, o) for g in range(count) for o in range(options) if admits[g, o]]
    rows = np.zeros((count + options, len(flow)))
    for at, (g, o) in enumerate(flow):
        rows[g, at] = rows[count + o, at] = 1.0
    most = np.concatenate([supply, built * one.seats.places[draw, january]])
    return -float(linprog([-worth[o] for _, o in flow], A_ub=rows, b_ub=most, bounds=(0, None)).fun)


@quick
@given(seeds)
def test_seats_are_those_of_a_transport_problem(seed: int) -> None:
    one = worlds(seed)
    rng = np.random.default_rng(seed)
    built = rng.integers(0, 2, len(one.options)).astype(float)
    worth = rng.uniform(1, 10, len(one.options))
    order = sorted(range(len(built)), key=lambda o: -worth[o])
    seats = one.seats.filled(built, order)
    for draw, january in product(range(2), range(3)):
        assert seats[draw, january] @ worth == pytest.approx(
            most_worth(one, draw, january, built, worth), abs=1e-6
        )


@quick
@given(seeds)
def test_seats_fit_places_and_children(seed: int) -> None:
    one = worlds(seed)
    everything = np.ones(len(one.options))
    seats = one.seats.filled(everything, range(len(everything)))
    assert (seats >= 0).all()
    assert (seats <= one.seats.places + 1e-6).all()
    assert (seats.sum(axis=2) <= one.seats.total + 1e-6).all()
    fewer = everything.copy()
    fewer[0] = 0
    assert (one.seats.filled(fewer, range(len(fewer))).sum(axis=2) <= seats.sum(axis=2) + 1e-6).all()


@quick
@given(seeds)
def test_one_option_in_a_programme_is_worth_its_appraisal(seed: int) -> None:
    one = worlds(seed, 3)
    problem = sample(one, Sufficiency(minimum=0.0), DRAWS)
    for option in range(3):
        alone = np.eye(3)[option]
        found = appraisal(one, option)
        assert value(problem, alone) * 1e6 == pytest.approx(float(found.npv.mean()), rel=1e-6, abs=1.0)
        assert one.net(one.seats.filled(alone, [option]), alone) == pytest.approx(
            found.npv.to_numpy(), rel=1e-6, abs=1.0
        )


def best_by_trying(one: AppraisalInputs, problem: Sample, asked: Sufficiency, budget: float) -> float | None:
    """Return the largest value of any programme that is allowed."""
    allowed = []
    for chosen in product((0.0, 1.0), repeat=len(one.options)):
        built = np.array(chosen)
        if built @ problem.cost * 1e6 <= budget and problem.target.met(built).mean() >= asked.minimum - 1e-9:
            allowed.append(value(problem, built) * 1e6)
    return max(allowed) if allowed else None


@quick
@given(seeds, st.sampled_from(ASKS))
def test_the_choice_is_that_of_trying_every_programme(seed: int, minimum: float) -> None:
    one = worlds(seed)
    problem = sample(one, Sufficiency(), DRAWS)
    # A tolerance at which some programmes have enough places in some draws.
    asked = Sufficiency(
        minimum=minimum, tolerance=0.35, phases=("primary",), need_groups=("autism", "communication")
    )
    problem = sample(one, asked, DRAWS)
    budget = float(problem.cost.min() + 0.5 * (problem.cost.sum() - problem.cost.min())) * 1e6
    found = choose(one, asked, budget, draws=DRAWS, gap=1e-7)
    best = best_by_trying(one, problem, asked, budget)
    assert found.met == (best is not None)
    if best is not None:
        assert found.value == pytest.approx(best, rel=1e-5, abs=50.0)
    assert found.bound >= found.value - 1e-3
    assert float(found.cost.mean()) <= budget + 1.0


@quick
@given(seeds)
def test_the_chance_that_can_be_reached_is_that_of_trying_every_programme(seed: int) -> None:
    one = worlds(seed)
    asked = Sufficiency(minimum=1.0, tolerance=0.3, phases=("primary", "secondary"), need_groups=("autism",))
    problem = sample(one, asked, DRAWS)
    budget = float(problem.cost.max() + 0.2 * problem.cost.sum()) * 1e6
    reachable = max(
        float(problem.target.met(np.array(chosen)).mean())
        for chosen in product((0.0, 1.0), repeat=len(one.options))
        if np.array(chosen) @ problem.cost * 1e6 <= budget
    )
    assert choose(one, asked, budget, draws=DRAWS).p_reachable == pytest.approx(reachable)


@quick
@given(seeds)
def test_more_budget_is_never_worth_less(seed: int) -> None:
    one = worlds(seed)
    cost = sample(one, Sufficiency(), DRAWS).cost * 1e6
    asked = Sufficiency(minimum=0.0)
    values = [
        choose(one, asked, float(cost.min() + part * cost.sum()), draws=DRAWS, gap=1e-7).value
        for part in (0.0, 0.4, 1.0)
    ]
    assert values[0] <= values[1] + 50
    assert values[1] <= values[2] + 50


@quick
@given(seeds)
def test_the_order_of_candidates_changes_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    candidates, short = random_candidates(rng, 5), random_short(rng, DRAWS)
    there, back = made(candidates, short), made(candidates[::-1], short)
    budget = float(there.cost.mean(axis=1).sum() * 0.6 + there.cost.mean(axis=1).min())
    asked = Sufficiency(minimum=0.0)
    one, other = (choose(w, asked, budget, draws=DRAWS, gap=1e-7) for w in (there, back))
    assert one.value == pytest.approx(other.value, rel=1e-6, abs=50)
    for candidate_at in range(5):
        forth, again = appraisal(there, candidate_at), appraisal(back, 4 - candidate_at)
        assert forth.npv.to_numpy() == pytest.approx(again.npv.to_numpy())


@quick
@given(seeds)
def test_enough_places_are_told_alike_by_rows_and_by_seating(seed: int) -> None:
    one = worlds(seed)
    asked = Sufficiency(minimum=0.5, tolerance=0.3)
    whole = np.ones(len(one.options))
    seen = evaluate(one, whole, asked, name="", budget=None, aim="net present value", met=True, reachable=1.0)
    left = seen.unplaced.isel(january=-1).to_numpy()
    spare = np.maximum(
        1.0, 0.3 * one.wanted.isel(january=-1).sum(("provision", "phase", "need_group")).to_numpy()
    )
    assert seen.p_sufficient == pytest.approx(float((left <= spare).mean()))
    assert (flags(one, seen.choices) == whole).all()


@given(st.integers(1, 100))
def test_discount_factors_begin_at_one_and_fall(years: int) -> None:
    found = factors(years)
    assert found[0] == 1
    assert (np.diff(found) < 0).all()


def test_a_scheme_no_child_needs_stands_empty_and_never_pays_back() -> None:
    one = made([candidate()], cell())
    found = appraisal(one, 0)
    assert (found.seats == 0).all()
    assert (found.empty == found.places).all()
    assert float(found.places.max()) == 20
    assert np.isinf(found.payback).all()
    assert (found.npv < 0).all()
