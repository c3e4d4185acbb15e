"""Scenarios in and out of a store, which itself keeps text and knows no lever.

Invariant: `scenario_of(store.save(draft_of(scenario), ...)) == scenario`.

The key of a version is the hash of the text that was saved, not of the scenario read from it: when a later release gives
scenarios another field, the second changes and the first does not. So a run of a version is recorded with the version's key.
"""

from __future__ import annotations

import hashlib
import json

from data.errors import StoreError
from scenarios.reading import checked
from scenarios.scenario import Scenario, canonical
from scenarios.store import Draft, Version


def draft_of(scenario: Scenario) -> Draft:
    """Return a scenario as a store takes it.

    One that is based on another keeps only what it says itself; resolve it first to keep what it meant on the day.
    """
    return Draft(scenario.id, scenario.title, canonical(scenario), scenario.key)


def scenario_of(version: Version) -> Scenario:
    """Return the scenario of a version.

    Raises
    ------
    StoreError
        Its text has another hash, id or title than the version.
    ScenarioError
        Its text is not a scenario this release can run.
    """
    if hashlib.sha256(version.body.encode()).hexdigest() != version.key:
        raise StoreError(
            f"{version.subject} does not have the hash it was saved with, so it was changed from outside this program. "
            "Nothing was saved. Put back a copy of the store or of the export."
        )
    scenario = checked(json.loads(version.body), version.subject)
    if (scenario.id, scenario.title) != (version.scenario_id, version.title):
        raise StoreError(
            f"{version.subject} ('{version.title}') holds another scenario: {scenario.id} ('{scenario.title}'). "
            "Nothing was saved. Save that one under its own id and title."
        )
    return scenario
