"""Save scenarios to a store and read them back; the store itself holds text and does not know levers.

Invariant: `scenario_of(store.save(draft_of(scenario), ...)) == scenario`.

The key of a version is the hash of the text that was saved, not of the scenario read from it: when a later release gives
scenarios another field, the second changes and the first does not. So a run of a version is recorded with the version's key.
"""

from __future__ import annotations

import hashlib
import json

from data.errors import ScenarioError, StoreError
from data.made_with import UNWRITTEN, MadeWith
from data.sign_in.people import Person
from scenarios.reading import from_values, library
from scenarios.scenario import Scenario, canonical
from scenarios.store import Draft, Store, Version


def make_draft(scenario: Scenario, made_with: MadeWith = UNWRITTEN) -> Draft:
    """Return a scenario as a draft that a store can save, with what it was made with.

    One that is based on another keeps only what it says itself; resolve it first to keep what it meant on the day.
    """
    return Draft(scenario.id, scenario.title, canonical(scenario), scenario.key, made_with)


def check_own_id(scenario: Scenario) -> None:
    """Raise an error if a scenario has the id of a different scenario in the library.

    Raises
    ------
    ScenarioError
        It does.
    """
    shipped = library().get(scenario.id)
    if shipped is not None and shipped != scenario:
        raise ScenarioError(
            f"The library has another scenario '{scenario.id}', which that name would always run instead of yours, so yours was "
            f"not kept. Give it an id of its own, and write based_on: {scenario.id} if it builds on that."
        )


def keep(
    store: Store,
    scenario: Scenario,
    *,
    expected_version: int,
    who: Person,
    comment: str = "",
    made_with: MadeWith = UNWRITTEN,
) -> Version:
    """Save a scenario as its next version and return that; if nothing changed, return the latest version.

    Parameters
    ----------
    store
        Where it is kept.
    scenario
        What is kept.
    expected_version, who, comment
        As for `scenarios.store.Store.save`.
    made_with
        The release and models it was worked out with; pages and commands always say it.

    Raises
    ------
    NotAllowedError
        Their role does not allow it. Nothing is saved.
    ConflictError
        Someone has saved another version since. Nothing is saved.
    ScenarioError
        It goes by the name of another one of the library.
    StoreError
        A part cannot be kept, or the store cannot be written to. Nothing is saved.
    """
    check_own_id(scenario)
    return store.save(
        make_draft(scenario, made_with), expected_version=expected_version, who=who, comment=comment
    )


def scenario_of(version: Version) -> Scenario:
    """Return the scenario of a saved version.

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
    scenario = from_values(json.loads(version.body), version.subject)
    if (scenario.id, scenario.title) != (version.scenario_id, version.title):
        raise StoreError(
            f"{version.subject} ('{version.title}') holds another scenario: {scenario.id} ('{scenario.title}'). "
            "Nothing was saved. Save that one under its own id and title."
        )
    return scenario
