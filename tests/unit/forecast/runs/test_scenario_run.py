"""Where levers meet the road: frames, sizes, order of changes of places, and levers taken one at a time."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from data.errors import ScenarioError
from forecast.core.outcome import Unit
from forecast.places.capacity import CapacityPlan, match_plan
from forecast.places.supply import Supply
from forecast.presentation.compare import measured
from forecast.runs import scenario_run
from forecast.runs.baseline import Baseline, matching_generator
from scenarios.effects import PlaceChange
from scenarios.reading import find, resolve
from scenarios.scenario import Scenario

YEARS, DRAWS = 5, 100


@pytest.fixture(scope="module")
def base(baseline_of: Callable[..., Baseline]) -> Baseline:
    """Return Redbridge's baseline."""
    return baseline_of(317, years=YEARS, draws=DRAWS)


def scenario(*levers: dict[str, Any]) -> Scenario:
    usual = {"why": "x", "when": 2027}
    return Scenario.model_validate(
        {"id": "made-up", "title": "Made up", "levers": [usual | lever for lever in levers]}
    )


SURGE: dict[str, Any] = {"kind": "requests", "id": "surge", "change": {"low": 1.1, "high": 1.4}}
NEW_BASES: dict[str, Any] = {
    "kind": "scheme", "id": "new-bases", "action": "open", "setting": "New bases", "provision": "specialist_base",
    "ages": "4-15", "places": 12, "chance_delivered": 100, "chance_on_time": 100,
}  # fmt: skip
FULLER: dict[str, Any] = {
    "kind": "occupancy", "id": "fuller", "change": 1.5, "when": 2028, "who": {"settings": ["New bases"]},
}  # fmt: skip


def test_the_frame_is_that_of_the_run(base: Baseline) -> None:
    frame = scenario_run.lever_frame(base)
    assert (frame.la_code, frame.origin, frame.years, frame.draws) == (317, 2026, YEARS, DRAWS)
    assert frame.januaries == tuple(base.outcome.plans.future["january"].to_numpy())


def test_what_levers_ask_of_an_authority_is_known_or_said_to_be_unknown(base: Baseline) -> None:
    known = scenario_run.lever_figures(base)
    share, residents = known["issued_in_twenty_weeks"], known["residents_11_15"]
    assert base.outcome.timeliness is not None
    assert share == base.outcome.timeliness[1]
    assert residents is not None
    people = base.outcome.plans.residents.isel(january=0).mean("draw")
    assert residents == pytest.approx(sum(people.sel(age=a).item() for a in range(11, 16)))
    assert 15_000 < residents < 40_000
    untold = replace(base, outcome=replace(base.outcome, timeliness=None))
    assert scenario_run.lever_figures(untold)["issued_in_twenty_weeks"] is None


def test_a_scenario_may_be_given_with_its_base_read_in_or_not(base: Baseline) -> None:
    lever = SURGE | {"id": "own", "when": 2027, "why": "x"}
    built = Scenario.model_validate(
        {"id": "own", "title": "Own", "based_on": "pre-reform-surge", "levers": [lever]}
    )
    one, other = (scenario_run.rerun(base, s) for s in (built, resolve(built)))
    np.testing.assert_array_equal(one.plans.future, other.plans.future)
    assert len(resolve(built).levers) == 2


def test_the_baseline_of_the_library_is_the_baseline(base: Baseline) -> None:
    outcome = scenario_run.rerun(base, find("baseline"))
    assert outcome.plans is base.outcome.plans
    assert outcome.shortfall is base.outcome.shortfall
    assert outcome.register is base.outcome.register


@pytest.mark.parametrize(
    ("lever", "field", "ends"),
    [
        (SURGE, "change", (1.1, 1.4)),
        (SURGE | {"change": 1.2}, "change", (1.2, 1.2)),
        (NEW_BASES, "places", (12, 12)),
        (NEW_BASES | {"places": {"low": 8, "high": 16}}, "places", (8, 16)),
        (NEW_BASES | {"places": None, "places_per_1000_aged_11_15": 7}, "places_per_1000_aged_11_15", (7, 7)),
        ({"kind": "scheme", "action": "close", "setting": "Hatton School"}, None, (0, 0)),
    ],
    ids=["interval", "number", "places", "places-interval", "per-1000", "none"],
)
def test_the_size_of_a_lever(lever: dict[str, Any], field: str | None, ends: tuple[float, float]) -> None:
    made = scenario(lever).levers[0]
    assert scenario_run.size_field(made) == field
    assert scenario_run.size_interval(made) == ends


def test_another_size_changes_one_lever_and_nothing_else() -> None:
    before = scenario(SURGE, NEW_BASES, FULLER)
    after = scenario_run.with_size(before, "new-bases", 30)
    assert [lever.name for lever in after.levers] == ["surge", "new-bases", "fuller"]
    assert (after.levers[0], after.levers[2]) == (before.levers[0], before.levers[2])
    assert after.levers[1] == before.levers[1].model_copy(update={"places": 30.0})
    assert scenario_run.with_size(before, "surge", 1.25).levers[0].change == 1.25  # type: ignore[union-attr]
    assert (scenario_run.is_whole(before, "new-bases"), scenario_run.is_whole(before, "surge")) == (
        True,
        False,
    )


@pytest.mark.parametrize(
    "name", ["reform-2030", "inclusion-bases", "local-post-16-offer", "return-from-inmss"]
)
def test_every_lever_of_the_library_can_have_the_size_it_has(name: str) -> None:
    flat = resolve(name)
    for lever in flat.levers:
        low, high = scenario_run.size_interval(lever)
        for size in (low, high):
            other = scenario_run.with_size(flat, lever.name, size)
            changed = [one.name for one, was in zip(other.levers, flat.levers, strict=True) if one != was]
            assert changed == ([] if low == high else [lever.name])


@pytest.mark.parametrize(
    ("name", "lever", "size", "says"),
    [
        ("reform-2030", "more-joy", 1, r"no lever 'more-joy'.*Its levers are fewer-new-plans, "),
        ("baseline", "any", 1, "Its levers are none"),
        ("redbridge-schemes", "little-heath-70", 20, "says no number of places"),
        ("reform-2030", "fewer-new-plans", 12, r"fewer-new-plans at 12.*a factor of 0 to 10"),
    ],
)
def test_a_size_that_a_lever_cannot_have_is_refused(name: str, lever: str, size: float, says: str) -> None:
    with pytest.raises(ScenarioError, match=says):
        scenario_run.with_size(find(name), lever, size)


def test_a_lever_that_needs_another_does_nothing_alone(base: Baseline) -> None:
    pair = scenario(SURGE, NEW_BASES, FULLER)
    alone = scenario_run.run_each_alone(base, pair)
    assert list(alone) == ["surge", "new-bases", "fuller"]
    assert alone["fuller"] is base.outcome
    assert alone["new-bases"].plans is base.outcome.plans
    assert alone["new-bases"].shortfall.short.sum() < base.outcome.shortfall.short.sum()
    np.testing.assert_array_equal(
        alone["surge"].plans.future, scenario_run.rerun(base, scenario(SURGE)).plans.future
    )
    together = scenario_run.rerun(base, pair).shortfall
    wider = scenario_run.rerun(base, scenario(NEW_BASES)).shortfall
    added = (together.unit_places - wider.unit_places).sum("unit").mean("draw").to_numpy()
    # Opens in September 2027; half as many again fit in from calendar year 2028, counted in January 2029.
    np.testing.assert_allclose(added, [0, 0, 6, 6, 6], atol=1e-4)


def test_only_levers_with_an_interval_are_run_at_its_ends(base: Baseline) -> None:
    made = scenario(
        SURGE, NEW_BASES | {"places": {"low": 8.4, "high": 16}}, {"kind": "leavers", "change": 1.1}
    )
    ends = scenario_run.run_at_ends(base, made)
    assert list(ends) == ["surge", "new-bases"]
    plans = [measured(o)["plans"][:, -1].mean() for o in ends["surge"]]
    assert plans[0] < plans[1]
    places = [o.shortfall.unit_places.sum("unit").isel(january=-1).mean().item() for o in ends["new-bases"]]
    assert places[1] - places[0] == pytest.approx(16 - 8, abs=1e-3)


def test_remarks_name_levers_that_change_pounds_only(base: Baseline) -> None:
    income, prices = scenario_run.lever_notes(base, find("flat-funding"))
    assert "'no-growth' changes high needs income and the balance, and no plans or places" in income
    assert "'prices' changes high needs cost and transport, and no plans or places" in prices
    assert scenario_run.lever_notes(base, find("baseline")) == ()


UNITS: tuple[tuple[str, str, str, float], ...] = (
    ("Ash School", "state_special", "local", 100.0),
    ("Beech Base", "specialist_base", "local", 20.0),
    ("Cedar School", "state_special", "elsewhere", 30.0),
)


def offered(draws: int = 2, januaries: int = 3) -> Supply:
    """Return three units whose places never change; the first January is the origin."""
    units = tuple(
        Unit(name, name, None, provision, located, None, 4, 15, "made up", "high", "open")
        for name, provision, located, _ in UNITS
    )
    places = np.broadcast_to([u[3] for u in UNITS], (draws, januaries, len(UNITS))).copy()
    dims = ("draw", "january", "unit")
    nothing = xr.DataArray(np.zeros(0), dims="none")
    return Supply(units, xr.DataArray(places, dims=dims), *[nothing] * 5)


def change(how: str, size: float, weight: tuple[float, float] = (1, 1), **said: Any) -> PlaceChange:
    usual: dict[str, Any] = {"settings": (), "provisions": (), "located": "local"} | said
    return PlaceChange(how, np.array([size, size]), np.array(weight), **usual)  # type: ignore[arg-type]


def after(*changes: PlaceChange) -> list[list[float]]:
    """Return the places of each January and unit, the same in every draw."""
    supply = offered()
    for act in scenario_run.place_changes(changes):
        supply = act(supply)
    np.testing.assert_array_equal(supply.places[0], supply.places[1])
    return [[float(v) for v in row] for row in supply.places[0].to_numpy()]


NOW = [100.0, 20.0, 30.0]


@pytest.mark.parametrize(
    ("changes", "last"),
    [
        ([change("multiply", 1.5)], [150, 30, 30]),
        ([change("multiply", 1.5, located=None)], [150, 30, 45]),
        ([change("add", 12)], [110, 22, 30]),
        ([change("add", 12, settings=("beech base",))], [100, 32, 30]),
        ([change("add", 12, provisions=("state_special",))], [112, 20, 30]),
        ([change("add", -500)], [0, 0, 30]),
        ([change("set", 7, provisions=("specialist_base",))], [100, 7, 30]),
        ([change("multiply", 2, settings=("Elm School",))], NOW),
    ],
)
def test_a_change_of_places_reaches_its_units_and_never_the_january_that_has_been(
    changes: list[PlaceChange], last: list[float]
) -> None:
    found = after(*changes)
    assert found[0] == NOW
    assert found[2] == pytest.approx(last)


def test_places_are_set_then_multiplied_then_added_to_however_they_are_listed() -> None:
    kinds = [
        change("add", 10, provisions=("specialist_base",)),
        change("multiply", 2, provisions=("specialist_base",)),
        change("set", 50, provisions=("specialist_base",)),
    ]
    for order in itertools.permutations(kinds):
        assert after(*order)[2] == [100, 110, 30]


def test_a_change_of_places_on_a_ramp_comes_in_part() -> None:
    found = after(change("add", 12, (0.5, 1), settings=("Beech Base",)))
    assert [row[1] for row in found] == [20, 26, 32]


def test_a_change_of_places_leaves_the_supply_given_as_it_was() -> None:
    before = offered()
    (act,) = scenario_run.place_changes([change("multiply", 3)])
    assert act(before).places.sum() > before.places.sum()
    np.testing.assert_array_equal(before.places, offered().places)


def test_levers_that_only_move_children_leave_the_plans_themselves(base: Baseline) -> None:
    outcome = scenario_run.rerun(base, find("return-from-inmss"))
    assert outcome.plans is base.outcome.plans
    assert not outcome.placements.future.equals(base.outcome.placements.future)
    by_age = outcome.placements.future.sum("provision")
    np.testing.assert_allclose(by_age, outcome.plans.future.sum("need"), rtol=1e-4, atol=1e-2)


def test_the_same_places_worked_out_anew_seat_the_same_children(base: Baseline) -> None:
    before = base.outcome
    about = scenario_run.lever_frame(base)
    luck = matching_generator(before.seed, about.la_code)
    anew = CapacityPlan.of(
        before.register, about.origin, about.januaries, about.draws, luck, base.capacity_plan.demand
    )
    assert not anew.admissions
    found = match_plan(before.placements, anew, base.latent)
    for name in ("short", "overflow", "unit_filled", "unit_free", "open_to", "places"):
        xr.testing.assert_identical(getattr(found, name), getattr(before.shortfall, name))
