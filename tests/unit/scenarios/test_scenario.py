"""Scenarios in a frame: ids, hashes, effects in order, and notes for the reader."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from data.errors import ScenarioError
from scenarios.applying import effects, notes
from scenarios.effects import Effects, Frame
from scenarios.scenario import Scenario, canonical

FRAME = Frame(la_code=317, origin=2025, years=5, draws=50)


def scenario(*levers: dict[str, Any], **said: Any) -> Scenario:
    full = [{"kind": "joiners", "when": 2027, "change": 1.1, "why": "x"} | lever for lever in levers]
    return Scenario.model_validate({"id": "a", "title": "A", "levers": full} | said)


def test_levers_without_an_id_are_numbered_in_their_order() -> None:
    made = scenario({}, {"id": "joiners-2"}, {}, {"kind": "refusal", "change": 0.2}, {})
    assert [lever.id for lever in made.levers] == [
        "joiners",
        "joiners-2",
        "joiners-3",
        "refusal",
        "joiners-4",
    ]


def test_no_levers_no_effects() -> None:
    nothing = effects(scenario(), FRAME, seed=1)
    assert all(getattr(nothing, f.name) == () for f in fields(Effects))
    assert not nothing.on_plans
    assert not nothing.on_placements


def test_effects_are_in_the_order_of_the_levers() -> None:
    made = scenario({"change": 1.1}, {"change": 1.2}, {"kind": "requests", "change": 1.3})
    result = effects(made, FRAME, seed=1)
    assert [c.size[0] for c in result.joiner_rate] == [1.1, 1.2]
    assert [c.size[0] for c in result.requests] == [1.3]


def test_a_lever_is_drawn_alike_in_every_scenario_and_place() -> None:
    drawn = {"id": "same", "change": {"low": 0.8, "high": 1.2}}
    one = effects(scenario(drawn), FRAME, seed=3).joiner_rate[0].size
    two = (
        effects(scenario({"change": {"low": 1, "high": 2}}, drawn, id="b"), FRAME, seed=3).joiner_rate[1].size
    )
    assert np.array_equal(one, two)
    assert not np.array_equal(one, effects(scenario(drawn), FRAME, seed=4).joiner_rate[0].size)


def test_a_scenario_for_other_authorities_is_refused() -> None:
    with pytest.raises(ScenarioError, match=r"written for Barnet, so it says nothing about Redbridge"):
        effects(scenario(areas=["Barnet"]), FRAME, seed=1)
    assert effects(scenario({}, areas=[317]), FRAME, seed=1).joiner_rate


def test_a_scenario_with_a_base_not_read_in_is_refused() -> None:
    with pytest.raises(ScenarioError, match="has not been read in"):
        effects(scenario(based_on="b"), FRAME, seed=1)


def test_notes_name_the_levers_that_do_nothing_here() -> None:
    made = scenario({}, {"when": 2040}, {"who": {"areas": "Barnet"}}, {"kind": "timeliness", "change": 0.9})
    said = notes(made, FRAME)
    assert len(said) == 3
    assert "'joiners-2' does nothing in this run" in said[0]
    assert "'joiners-3' does nothing here" in said[1]
    assert "50% was assumed" in said[2]


def test_the_key_changes_with_anything_said() -> None:
    plain = scenario({})
    assert len(plain.key) == 64
    assert plain.key == scenario({}).key
    assert (
        len({plain.key, scenario({}, title="B").key, scenario({"owner": "me"}).key, scenario({}, {}).key})
        == 4
    )
    assert Scenario.model_validate_json(canonical(plain)) == plain


def test_a_scenario_cannot_be_changed() -> None:
    made = scenario({})
    with pytest.raises(ValidationError):
        made.title = "B"
    with pytest.raises(ValidationError):
        made.levers[0].why = "another"
    assert isinstance(hash(made), int)
