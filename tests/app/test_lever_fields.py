"""The form of a lever: every field of every kind is there, and what people type is what is meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from data import areas
from forecast.runs import scenario_run
from forecast.runs.baseline import ForecastInputs
from forecast.ui.views import lever_fields
from forecast.ui.views.lever_fields import Values, controls, new_lever
from scenarios import reading
from scenarios.effects import Frame
from scenarios.lever import LeverContext
from scenarios.levers import KINDS, MONEY_ITEMS
from scenarios.scenario import Scenario
from scenarios.schemes import ALLOWED, NEEDED
from scenarios.terms import Dates, Interval

ASKED = LeverContext(Frame(317, 2026, 10, 100), 1, 0.6, 20_000.0)


def made(said: Values) -> Scenario:
    """Return a scenario of one lever."""
    return reading.from_values({"id": "a", "title": "A", "levers": [said]}, "test")


def leaves(model: type[BaseModel]) -> Iterator[str]:
    """Return the fields of a model and of the models within it that hold a value."""
    for name, info in model.model_fields.items():
        inner = [c for c in _models(info.annotation) if c not in (Dates, Interval)]
        if inner:
            for one in inner:
                yield from leaves(one)
        elif name != "kind":
            yield info.alias or name


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for part in get_args(annotation) for m in _models(part)]


def test_every_kind_can_be_added_and_has_a_label() -> None:
    assert list(lever_fields.KIND_LABELS) == list(KINDS)
    assert set(lever_fields.STARTS) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_a_kind_is_in_its_form(kind: str) -> None:
    said = [new_lever(kind, [])]
    if kind == "scheme":
        said = [{**said[0], "action": action} for action in NEEDED]
        said.append({k: v for k, v in said[0].items() if k != "places"} | {"places_per_1000_aged_11_15": 8})
    found = {str(c.path[-1]) for one in said for c in controls(one)}
    assert found == set(leaves(KINDS[kind]))


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_lever_is_one_that_runs_and_changes_something(kind: str) -> None:
    lever = made(new_lever(kind, [])).levers[0]
    effects = lever.effects(ASKED)
    assert kind == "scheme" or effects != type(effects)()


@pytest.mark.parametrize("kind", sorted(lever_fields.MONEY_ONLY))
def test_kinds_that_change_pounds_only_have_an_item_of_money(kind: str) -> None:
    assert made(new_lever(kind, [])).levers[0].code in MONEY_ITEMS  # type: ignore[union-attr]


def test_two_new_levers_of_a_kind_have_names_of_their_own() -> None:
    first = new_lever("requests", [])
    assert [first["id"], new_lever("requests", [first])["id"]] == ["requests", "requests-2"]


@pytest.mark.parametrize("action", NEEDED)
def test_a_scheme_that_changes_its_action_is_still_a_lever(action: str) -> None:
    said = new_lever("scheme", []) | {"urn": 123456, "phasing": "by_year_group"}
    lever_fields.choose(said, ("action",), action)
    assert made(said).levers[0].action == action  # type: ignore[union-attr]
    shown = {str(c.path[0]) for c in controls(said)}
    assert not shown - {
        *ALLOWED[action],
        "action",
        "setting",
        "when",
        "who",
        "why",
        "evidence",
        "owner",
        "status",
        "id",
    }  # type: ignore[index]
    lever_fields.choose(said, ("action",), "open")
    made(said)


@pytest.mark.parametrize(
    ("kind", "said", "typed", "size"),
    [
        ("requests", {}, 20.0, 1.2), ("joiners", {}, -10.0, 0.9), ("timeliness", {}, 80.0, 0.8),
        ("refusal", {"how": "set"}, 25.0, 0.25), ("refusal", {"how": "add"}, 5.0, 0.05), ("inflation", {}, 3.0, 0.03),
        ("imports", {}, -5.0, -5.0), ("price_cap", {}, 60_000.0, 60_000.0), ("income", {"item": "hnb_growth"}, 2.5, 0.025),
        ("income", {"item": "block_transfer"}, 0.5, 0.005), ("income", {"item": "override_ends"}, 50.0, 0.5),
        ("unit_cost", {"item": "top_up", "how": "set"}, 9_000.0, 9_000.0), ("housing", {}, 80.0, 0.8),
    ],
)  # fmt: skip
def test_people_type_per_cent_and_pounds(kind: str, said: Values, typed: float, size: float) -> None:
    unit = lever_fields.unit_of({"kind": kind, **said}, "change")
    assert unit.size(typed) == size
    assert unit.typed(size) == typed


def test_places_are_whole() -> None:
    unit = lever_fields.unit_of({"kind": "scheme"}, "places")
    assert unit.size(20.4) == 20
    assert isinstance(unit.size(20.0), int)


def test_another_item_begins_from_a_size_of_its_own_unit() -> None:
    said = new_lever("income", [])
    for item in ("hnb_growth", "block_transfer", "override_ends", "grant"):
        lever_fields.choose(said, ("item",), item)
        made(said)
    said = new_lever("unit_cost", []) | {"how": "multiply", "change": 0.9}
    lever_fields.choose(said, ("how",), "set")
    assert said["change"] == lever_fields.POUNDS.start
    lever_fields.choose(said, ("item",), "top_up")
    assert said["change"] == lever_fields.POUNDS.start


def test_ways_of_changing_money_are_those_its_item_allows() -> None:
    how = next(c for c in controls(new_lever("income", []) | {"item": "grant"}) if c.path == ("how",))
    assert list(how.options) == ["add"]


def test_what_is_left_blank_is_left_out() -> None:
    said = new_lever("requests", [])
    lever_fields.put(said, ("who", "needs"), ["ASD"])
    assert said["who"] == {"needs": ["ASD"]}
    lever_fields.put(said, ("who", "needs"), [])
    assert "who" not in said


def test_another_site_of_homes_makes_a_lever() -> None:
    said = new_lever("housing", [])
    lever_fields.add_site(said)
    lever_fields.put(said, ("sites", 1, "yields", "primary"), 0.2)
    lever = made(said).levers[0]
    assert [s.homes for s in lever.sites] == [500, 100]  # type: ignore[union-attr]
    assert len([c for c in controls(said) if c.path[:2] == ("sites", 1)]) == 8


@pytest.mark.parametrize(
    ("text", "run", "said"),
    [
        ("5-10, 16", False, ["5-10", 16]),
        ("", False, []),
        ("11-15", True, "11-15"),
        ("", True, None),
        ("7", True, "7"),
    ],
)
def test_ages_are_typed_as_they_are_written(text: str, run: bool, said: object) -> None:
    assert lever_fields.parse_ages(text, run=run) == said
    assert lever_fields.ages_text(said) == text


def test_every_scenario_we_ship_can_be_put_through_its_forms_unchanged() -> None:
    for scenario in reading.library().values():
        for lever, said in zip(scenario.levers, reading.to_values(scenario)["levers"], strict=True):
            for control in controls(said):
                if control.takes == "size":
                    held, unit = (
                        lever_fields.value_at(said, control.path),
                        lever_fields.unit_of(said, str(control.path[-1])),
                    )
                    for end in (
                        held.values() if isinstance(held, dict) else [held] if held is not None else []
                    ):
                        assert unit.size(unit.typed(end)) == pytest.approx(end, rel=1e-12)
            assert reading.from_values({"id": "a", "title": "A", "levers": [said]}, "x").levers[0] == lever


def test_a_lever_of_every_kind_runs_for_redbridge(inputs: ForecastInputs) -> None:

    base = inputs.baseline(areas.by_code(317), draws=100)
    held: list[Values] = []
    for kind in KINDS:
        held.append(new_lever(kind, held))
    scenario = reading.from_values({"id": "all", "title": "All", "levers": held}, "test")
    outcome = scenario_run.rerun(base, scenario)
    assert outcome.money
    assert float(outcome.plans.future.sum()) != float(base.outcome.plans.future.sum())
