"""Whatever a scenario says, its one canonical form says it again: what is kept, or run with another size, can be read back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.vocabulary import NEED_CODES, SPECIALIST_PROVISIONS
from scenarios.reading import library, parse, resolve, to_yaml
from scenarios.scenario import Scenario, canonical
from tests.laws.test_scenario_grammar_laws import interval, levers, some, times, words

CHANCES: dict[str, st.SearchStrategy[Any]] = {
    "confidence": st.sampled_from(["high", "medium", "low"]),
    "chance_delivered": st.floats(0, 100),
    "chance_on_time": st.floats(0, 100),
    "typical_delay_years": st.floats(1, 5),
}
MAY_SAY: dict[str, tuple[str, ...]] = {
    "open": ("needs", "located", "urn", "phasing", *CHANCES),
    "expand": ("provision", "needs", "ages", "phasing", *CHANCES),
    "redesignate": ("provision", "ages", *CHANCES),
    "close": ("provision",),
    "slip": ("provision", *CHANCES),
    "confirm": ("when", "provision", *CHANCES),
}
SAID: dict[str, st.SearchStrategy[Any]] = {
    "provision": st.sampled_from(SPECIALIST_PROVISIONS),
    "needs": some(NEED_CODES),
    "ages": st.sampled_from(["4-10", "11-15", "16-25"]),
    "located": st.sampled_from(["local", "elsewhere"]),
    "urn": st.integers(100_000, 999_999),
    "phasing": st.sampled_from(["all", "by_year_group"]),
    "when": st.integers(2025, 2040),
    **CHANCES,
}
IDLE: dict[str, str] = {"located": "local", "phasing": "all", "confidence": "low"}
"""Defaults: they say nothing, so they may stand in a scheme of any action."""


@st.composite
def schemes(draw: st.DrawFn) -> dict[str, Any]:
    """Return a scheme of any action, with some of what it may say and defaults written out or not."""
    action = draw(st.sampled_from(list(MAY_SAY)))
    lever: dict[str, Any] = {
        "kind": "scheme",
        "why": draw(words),
        "action": action,
        "setting": draw(words),
        **draw(st.sampled_from([{}, IDLE])),
    }
    if action != "confirm":
        lever["when"] = draw(SAID["when"])
    if action == "open":
        lever |= {"provision": draw(SAID["provision"]), "ages": draw(SAID["ages"])}
    if action == "redesignate":
        lever["needs"] = draw(SAID["needs"])
    if action in ("open", "expand"):
        whole = st.integers(0, 300)
        sizes = st.one_of(whole, st.tuples(whole, whole).map(lambda p: {"low": min(p), "high": max(p)}))
        kind = draw(st.sampled_from(["places", "places_per_1000_aged_11_15"]))
        lever[kind] = draw(sizes)
    for name in draw(st.lists(st.sampled_from(MAY_SAY[action]), unique=True)):
        lever[name] = draw(SAID[name])
    return lever


housing = st.fixed_dictionaries(
    {
        "kind": st.just("housing"),
        "why": words,
        "sites": st.lists(
            st.fixed_dictionaries(
                {"name": words, "homes": st.integers(1, 900), "built": st.sampled_from([2027, "2027..2031"]),
                 "tenure": st.sampled_from(["social", "market"])},
                optional={"yields": st.just({"primary": 0.2})},
            ),
            min_size=1,
            max_size=2,
        ),
    },
    optional={"change": interval(st.floats(0, 2)), "with_plan": interval(st.floats(0, 2))},
)  # fmt: skip
births = st.fixed_dictionaries(
    {"kind": st.just("births"), "why": words, "when": times(), "change": interval(st.floats(0, 2))}
)

scenarios = st.builds(
    lambda listed, more: Scenario.model_validate({"id": "any", "title": "Any", "levers": listed} | more),
    st.lists(st.one_of(schemes(), levers, housing, births), min_size=1, max_size=4),
    st.sampled_from([{}, {"based_on": "other"}, {"areas": ["Redbridge"], "policy_date": "2026-03-13"}]),
)


@settings(max_examples=600, suppress_health_check=[HealthCheck.too_slow])
@given(scenarios)
def test_the_canonical_form_says_the_same_when_read_again(scenario: Scenario) -> None:
    again = Scenario.model_validate(json.loads(canonical(scenario)))
    assert again == scenario
    assert again.key == scenario.key
    assert parse(to_yaml(scenario), "again.yaml") == scenario


@pytest.mark.parametrize("name", list(library()))
def test_every_scenario_we_ship_says_the_same_when_read_again(name: str) -> None:
    for scenario in (library()[name], resolve(name)):
        again = Scenario.model_validate(json.loads(canonical(scenario)))
        assert again == scenario
        assert again.key == scenario.key
