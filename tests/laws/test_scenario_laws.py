"""Scenarios keep the laws of the baseline: nothing is lost, nothing is negative, and no lever acts where it does not reach."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.vocabulary import AGES, NEED_CODES, PROVISION_CODES
from forecast.core.outcome import Outcome
from forecast.finance.finance_model import FinanceModel
from forecast.presentation.compare import INTERACTION, LABELLED, POUNDS, compared, measured, waterfall
from forecast.runs.baseline import Baseline
from forecast.runs.scenario_run import run_effects
from models.base import Array
from scenarios.effects import Arrivals, Change, Effects, Flags, Move, PlaceChange, Review, everyone

YEARS, DRAWS = 7, 100
FULL = np.ones(YEARS)
ONE = np.ones(DRAWS)
FIELDS = ("requests", "joiner_rate", "joiner_need", "leaver_hazard", "residents")
BRIEFLY = settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])


def change(size: float, how: str = "multiply", weight: Array = FULL, who: Flags | None = None) -> Change:
    mask = everyone() if who is None else who
    return Change(how, size * ONE, weight, mask)  # type: ignore[arg-type]


def ages(*chosen: int) -> Flags:
    return np.isin(AGES, chosen)[:, None] & np.ones(len(NEED_CODES), dtype=bool)


def autistic() -> Flags:
    return np.ones(len(AGES), dtype=bool)[:, None] & np.equal(NEED_CODES, "ASD")


def later(first: int) -> Array:
    """Return weights that are 1 from a position on."""
    return (np.arange(YEARS) >= first).astype(float)


def review(
    share: float, protected: tuple[str, ...] = (), held_in: int | None = None, first: int = 2
) -> Review:
    return Review(share * ONE, later(first), ages(6, 10, 15, 18), protected, held_in)


def plans(outcome: Outcome) -> Array:
    return np.asarray(outcome.plans.future.to_numpy())


def stock_and_flows(outcome: Outcome) -> tuple[Array, Array]:
    """Return stocks by age reached, and what the flows make of the stock before."""
    flows = outcome.plans.flows
    at = {
        n: flows[n].transpose("draw", "january", "age", "need").to_numpy()
        for n in ("joiners", "leavers", "transfers", "recoded")
    }
    opening = np.broadcast_to(flows["opening"].to_numpy(), at["joiners"][:, :1].shape)
    stock = np.concatenate([opening, plans(outcome)], axis=1)
    made = at["joiners"] + at["transfers"] + at["recoded"]
    made[:, :, 1:] += (stock[:, :-1] - at["leavers"])[:, :, :-1]
    return stock[:, 1:], made


@st.composite
def some_effects(draw: st.DrawFn) -> Effects:
    """Return a few levers of any kind."""
    sizes = st.floats(0.3, 2.5)
    first = st.integers(0, YEARS - 1)
    found: dict[str, tuple[Change, ...]] = {}
    for name in FIELDS:
        if draw(st.booleans()):
            who = draw(st.sampled_from([None, ages(*range(5, 11)), ages(16, 17, 18)]))
            found[name] = (change(draw(sizes), weight=later(draw(first)), who=who),)
    if draw(st.booleans()):
        found["refusal"] = (change(draw(st.floats(0, 0.95)), "set"),)
    if draw(st.booleans()):
        found["sooner"] = (change(draw(st.floats(0, 1)), "set", later(draw(first))),)
    reviews = (review(draw(st.floats(0, 1)), ("state_special",), 2029),) if draw(st.booleans()) else ()
    share = draw(st.floats(0, 1))
    moves = (Move("inmss", "specialist_base", share * ONE, FULL, everyone(), "any_year"),)
    people = np.zeros((DRAWS, YEARS, len(AGES)))
    people[:, 2:] = draw(st.floats(-300, 300))
    new = np.diff(people, axis=1, prepend=0)
    arrivals = (Arrivals(people, new, ONE),) if draw(st.booleans()) else ()
    return Effects(**found, reviews=reviews, moves=moves, arrivals=arrivals)  # type: ignore[arg-type]


@BRIEFLY
@given(effects=some_effects())
def test_every_plan_is_accounted_for_and_taught_somewhere(baseline: Baseline, effects: Effects) -> None:
    outcome = run_effects(baseline, effects)
    stock, made = stock_and_flows(outcome)
    np.testing.assert_allclose(made, stock, atol=1e-8)
    assert (stock >= -1e-9).all()
    by_age = outcome.placements.future.sum("provision").to_numpy()
    np.testing.assert_allclose(by_age, stock.sum(axis=3), rtol=1e-4, atol=1e-2)
    assert (outcome.placements.future.to_numpy() >= 0).all()
    for measure, draws in measured(outcome).items():
        assert np.isfinite(draws).all(), measure
        assert (draws >= 0).all(), measure
    over = outcome.shortfall.overflow.sum("destination")
    np.testing.assert_allclose(over, outcome.shortfall.short, rtol=1e-4, atol=1e-3)


def test_no_lever_is_the_baseline_itself(baseline: Baseline) -> None:
    outcome = run_effects(baseline, Effects())
    before = baseline.outcome
    assert outcome.plans is before.plans
    assert outcome.placements is before.placements
    assert outcome.shortfall is before.shortfall


@pytest.mark.parametrize("name", FIELDS)
def test_a_lever_that_multiplies_by_one_changes_nothing(baseline: Baseline, name: str) -> None:
    outcome = run_effects(baseline, Effects(**{name: (change(1.0),)}))  # type: ignore[arg-type]
    # Needs are scaled to add up to 1 again, so the last digits differ there.
    exact = name != "joiner_need"
    np.testing.assert_allclose(plans(outcome), plans(baseline.outcome), rtol=0 if exact else 1e-9)
    for station, field in (("placements", "future"), ("shortfall", "short")):
        found, before = (getattr(getattr(o, station), field) for o in (outcome, baseline.outcome))
        np.testing.assert_allclose(found, before, rtol=0 if exact else 1e-4, atol=0 if exact else 1e-2)
    for step in outcome.plans.process.data_vars:
        np.testing.assert_allclose(
            outcome.plans.process[step], baseline.outcome.plans.process[step], rtol=1e-9, atol=1e-9
        )


@pytest.mark.parametrize("name", FIELDS)
def test_a_lever_does_nothing_before_its_year(baseline: Baseline, name: str) -> None:
    who = autistic() if name == "joiner_need" else None
    outcome = run_effects(baseline, Effects(**{name: (change(1.7, weight=later(3), who=who),)}))  # type: ignore[arg-type]
    np.testing.assert_allclose(plans(outcome)[:, :3], plans(baseline.outcome)[:, :3], rtol=1e-9)
    assert not np.allclose(plans(outcome)[:, 3], plans(baseline.outcome)[:, 3], rtol=1e-3)


@pytest.mark.parametrize(
    ("name", "sign"), [("requests", 1), ("joiner_rate", 1), ("residents", 1), ("leaver_hazard", -1)]
)
def test_more_of_a_flow_moves_plans_one_way_in_every_draw(baseline: Baseline, name: str, sign: int) -> None:
    totals = [
        plans(run_effects(baseline, Effects(**{name: (change(size),)}))).sum(axis=(2, 3))  # type: ignore[arg-type]
        for size in (0.6, 0.9, 1.0, 1.3)
    ]
    for less, more in itertools.pairwise(totals):
        assert (sign * (more - less) >= -1e-9).all()
        assert (sign * (more - less) > 0).any()


def test_refusing_more_means_fewer_plans_and_the_same_requests(baseline: Baseline) -> None:
    most = run_effects(baseline, Effects(refusal=(change(0.6, "set"),)))
    least = run_effects(baseline, Effects(refusal=(change(0.05, "set"),)))
    assert (plans(most).sum(axis=(2, 3)) < plans(least).sum(axis=(2, 3))).all()
    np.testing.assert_allclose(most.plans.process["requests"], least.plans.process["requests"], rtol=1e-9)
    process = most.plans.process
    share = process["refused"] / (process["refused"] + process["accepted"])
    np.testing.assert_allclose(share.to_numpy()[process["accepted"].to_numpy() > 0], 0.6, rtol=1e-9)


def test_assessments_brought_forward_are_brought_forward_once(baseline: Baseline) -> None:
    """A backlog cleared brings one year's plans early; it does not make more children."""
    sooner = run_effects(baseline, Effects(sooner=(change(0.5, "set"),)))
    joined = [measured(o)["joiners"] for o in (baseline.outcome, sooner)]
    gain = joined[1] - joined[0]
    assert (gain[:, 0] > 0).all()
    assert np.abs(gain[:, 2:]).mean() < 0.35 * gain[:, 0].mean()


def test_a_change_of_need_mix_changes_no_number(baseline: Baseline) -> None:
    outcome = run_effects(baseline, Effects(joiner_need=(change(2.0, who=autistic()),)))
    np.testing.assert_allclose(plans(outcome).sum(axis=3), plans(baseline.outcome).sum(axis=3), rtol=1e-9)
    position = NEED_CODES.index("ASD")
    assert (
        plans(outcome)[:, -1, :, position].sum(axis=1)
        > plans(baseline.outcome)[:, -1, :, position].sum(axis=1)
    ).all()


def test_reviews_end_plans_and_protected_pupils_keep_theirs(baseline: Baseline) -> None:
    def special(outcome: Outcome) -> Array:
        return np.asarray(outcome.placements.wanted.sel(provision="state_special").sum(("age", "need")))

    unprotected, protected, everywhere, none = (
        run_effects(baseline, Effects(reviews=(review(share, provisions),)))
        for share, provisions in ((0.5, ()), (0.5, ("state_special",)), (0.5, PROVISION_CODES), (0.0, ()))
    )
    for same in (everywhere, none):
        np.testing.assert_allclose(plans(same), plans(baseline.outcome), rtol=1e-5, atol=1e-6)
    total = [plans(o).sum(axis=(2, 3))[:, 2:] for o in (unprotected, protected, baseline.outcome)]
    assert (total[0] < total[1]).all()
    assert (total[1] < total[2]).all()
    held = [special(o)[:, 2:] for o in (unprotected, protected, baseline.outcome)]
    # Who would have moved to a special school after the review may have no plan by then, protected or not.
    assert (held[0] < held[1]).all()
    assert (held[1] <= held[2] + 1e-3).all()
    assert (held[2] - held[1]).mean() < 0.5 * (held[2] - held[0]).mean()


def test_protection_of_places_held_wears_off_for_newcomers(baseline: Baseline) -> None:
    early = baseline.outcome.plans.origin + 1
    kept = {
        held: plans(run_effects(baseline, Effects(reviews=(review(0.5, ("state_special",), held),)))).sum(
            axis=(2, 3)
        )
        for held in (None, early)
    }
    nobody = plans(run_effects(baseline, Effects(reviews=(review(0.5),)))).sum(axis=(2, 3))
    assert (kept[early] <= kept[None] + 1e-6).all()
    assert (kept[early] >= nobody - 1e-6).all()
    assert (kept[early][:, -1] < kept[None][:, -1]).any()


def test_a_move_keeps_every_child(baseline: Baseline) -> None:
    move = Move("inmss", "state_special", 0.5 * ONE, FULL, everyone(), "phase_transfer")
    outcome = run_effects(baseline, Effects(moves=(move,)))
    np.testing.assert_array_equal(plans(outcome), plans(baseline.outcome))
    before, after = (
        o.placements.future.sum(("age",)).mean("draw").isel(january=-1) for o in (baseline.outcome, outcome)
    )
    assert float(after.sel(provision="inmss")) < float(before.sel(provision="inmss"))
    assert float(after.sel(provision="state_special")) > float(before.sel(provision="state_special"))
    assert float(after.sum()) == pytest.approx(float(before.sum()), rel=1e-5)


def test_more_places_never_mean_more_children_short(baseline: Baseline) -> None:
    short = [
        run_effects(baseline, Effects(places=(PlaceChange("multiply", size * ONE, FULL, (), (), None),)))
        .shortfall.short.sum(("provision", "phase", "need_group"))
        .to_numpy()
        for size in (0.8, 1.0, 1.2)
    ]
    assert (short[0] >= short[1] - 1e-3).all()
    assert (short[1] >= short[2] - 1e-3).all()
    assert short[0].sum() > short[2].sum()


def test_places_added_are_places_there_are(baseline: Baseline) -> None:
    change = PlaceChange("add", 30 * ONE, later(1), (), ("state_special",), "local")
    before, after = (
        o.shortfall.unit_places.sum("unit").mean("draw").to_numpy()
        for o in (baseline.outcome, run_effects(baseline, Effects(places=(change,))))
    )
    np.testing.assert_allclose(after - before, 30 * later(1), atol=0.01)


def test_levers_that_multiply_may_be_listed_in_any_order(baseline: Baseline) -> None:
    pair = (change(1.4), change(0.7, weight=later(2), who=ages(*range(5, 11))))
    one, other = (run_effects(baseline, Effects(requests=order)) for order in (pair, pair[::-1]))
    np.testing.assert_allclose(plans(one), plans(other), rtol=1e-12)


def test_nothing_the_caller_holds_is_changed(baseline: Baseline) -> None:
    before = baseline.outcome
    kept = {
        "plans": before.plans.future.copy(deep=True),
        "wanted": before.placements.wanted.copy(deep=True),
        "short": before.shortfall.short.copy(deep=True),
        "start": xr.DataArray(baseline.transitions.start.copy()),
    }
    run_effects(
        baseline,
        Effects(
            requests=(change(2.0),),
            reviews=(review(0.4),),
            places=(PlaceChange("multiply", 2 * ONE, FULL, (), (), None),),
        ),
    )
    xr.testing.assert_identical(before.plans.future, kept["plans"])
    xr.testing.assert_identical(before.placements.wanted, kept["wanted"])
    xr.testing.assert_identical(before.shortfall.short, kept["short"])
    np.testing.assert_array_equal(baseline.transitions.start, kept["start"])


@pytest.mark.parametrize("measure", LABELLED)
def test_bars_of_a_waterfall_add_up_in_every_draw(baseline: Baseline, measure: str) -> None:
    surge, cut = Effects(requests=(change(1.5),)), Effects(leaver_hazard=(change(1.5),))
    together = Effects(requests=surge.requests, leaver_hazard=cut.leaver_hazard)
    alone = {"surge": run_effects(baseline, surge), "cut": run_effects(baseline, cut)}
    finance = FinanceModel.of(baseline.outcome) if measure in POUNDS else None
    found = waterfall(measure, 2030, baseline.outcome, alone, run_effects(baseline, together), finance)
    # A hundred million pounds leave behind a hundred-thousandth of a pound in adding up, and far below a penny.
    rtol, atol = (0, 1e-5) if measure in POUNDS else (1e-7, 1e-9)
    np.testing.assert_allclose(
        found.baseline + sum(found.bars.values()), found.scenario, rtol=rtol, atol=atol
    )
    # A child is short in every future, with or without levers.
    assert measure == "p_shortfall" or abs(found.scenario - found.baseline).max() > 0
    assert list(found.bars) == ["surge", "cut", INTERACTION]


def test_differences_are_taken_within_a_draw(baseline: Baseline) -> None:
    """The spread of a difference is far smaller than the spread of either scenario: luck is shared."""
    surge = run_effects(baseline, Effects(requests=(change(1.1),)))
    table = compared({"baseline": baseline.outcome, "surge": surge}).set_index(
        ["scenario", "measure", "year"]
    )
    row = table.xs(("surge", "plans", 2031))
    assert row["diff_q90"] - row["diff_q10"] < 0.5 * (row["q90"] - row["q10"])
    assert (table.loc["baseline"].filter(like="diff_") == 0).all().all()
    assert row["diff_mean"] == pytest.approx(
        row["mean"] - table.xs(("baseline", "plans", 2031))["mean"], rel=1e-9
    )


def test_children_taught_in_support_bases_stay_there(baseline: Baseline) -> None:
    """Support bases are in no return: without a rule of their own their pupils would be spread over all provisions."""
    move = Move("mainstream", "support_base", 0.5 * ONE, later(1) - later(2), ages(11), "phase_transfer")
    outcome = run_effects(baseline, Effects(moves=(move,)))
    gain = (outcome.placements.future - baseline.outcome.placements.future).mean("draw")
    taught = gain.sel(provision="support_base")
    moved = baseline.outcome.plans.origin + 2
    first, later_on = (float(taught.sel(january=moved + n, age=11 + n)) for n in (0, 2))
    assert later_on > 0.75 * first > 0
    lost = float(gain.sel(provision=["inmss", "eotas", "state_special"], january=moved + 2).sum())
    assert abs(lost) < 0.05 * later_on
