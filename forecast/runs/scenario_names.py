"""Names of scenarios: which scenario a name means, in the library, a file or the store.

A scenario is named by its id in the library or in the store, by its id there and a version (``our-plan@3``), by its file, or by
the text of one that nobody has kept yet (`scenarios.unsaved`). The library comes first. What a scenario is based on is looked
for beside its file, then in the library, then in the store.

Invariants: looking makes no store; a name that comes from an address (`find_scenario`) never reads a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data.errors import ScenarioError
from data.formatting import quoted
from scenarios import reading, unsaved
from scenarios.keeping import scenario_of
from scenarios.scenario import Scenario
from scenarios.store import Store, Version
from scenarios.store.address import address_of
from scenarios.wording import suggestion

AT = "@"
"""Between the id of a kept scenario and its version."""


@dataclass(frozen=True)
class NamedScenario:
    """A scenario found by its name.

    Parameters
    ----------
    as_written
        As its file or the store has it.
    flat
        With what it is based on read in: what is run.
    kept
        The version it was read from; None for a file, the library or one that is not kept.
    began
        Version that work which is not kept yet began from, 0 for a new scenario; None for all others.
    """

    as_written: Scenario
    flat: Scenario
    kept: Version | None = None
    began: int | None = None


def find_scenario_or_file(ref: str, store: str | None) -> NamedScenario:
    """Return the scenario of a name on the command line: from the library, else a file, else the store.

    Raises
    ------
    ScenarioError
        There is none of that name, or it is not one that can be run.
    """
    path = Path(ref)
    is_file = path.is_file() or ref.lower().endswith(reading.ENDINGS)
    if ref in reading.library() or not is_file:
        return find_scenario(ref, store)
    scenario = reading.read(path)
    folder = path.parent

    def base(name: str) -> Scenario:
        if any((folder / f"{name}{e}").is_file() for e in reading.ENDINGS):
            return reading.find(name, folder)
        return _base(name, store)

    return NamedScenario(scenario, reading.resolve(scenario, base))


def find_scenario(ref: str, store: str | None = None) -> NamedScenario:
    """Return the scenario of an id, a stored version, or a text of `scenarios.unsaved`.

    Raises
    ------
    ScenarioError
        There is none of that name, or it is not one that can be run.
    StoreError
        The store has no such version.
    """
    if ref.startswith(unsaved.MARK):
        work = unsaved.unpack(ref)
        return NamedScenario(work.scenario, _flat(work.scenario, store), began=work.began)
    if ref in reading.library():
        scenario = reading.library()[ref]
        return NamedScenario(scenario, _flat(scenario, store))
    scenario_id, at, number = ref.partition(AT)
    opened = open_if_there(store)
    if opened is None or (at and not number.isdecimal()):
        raise _unknown(ref, store)
    if at:
        kept = opened.get(scenario_id, int(number[:9]))
    else:
        newest = latest(scenario_id, store)
        if newest is None:
            raise _unknown(ref, store)
        kept = newest
    scenario = scenario_of(kept)
    return NamedScenario(scenario, _flat(scenario, store), kept)


def ref_of(version: Version) -> str:
    """Return the name of a stored version, such as ``our-plan@3``."""
    return f"{version.scenario_id}{AT}{version.version}"


def labels(scenarios: Sequence[NamedScenario]) -> tuple[str, ...]:
    """Return names of scenarios for showing them side by side: the id, with the version if two ids are equal.

    Two that nobody kept may still be called alike.
    """
    ids = [each.flat.id for each in scenarios]
    return tuple(
        each.flat.id if each.kept is None or ids.count(each.flat.id) == 1 else ref_of(each.kept)
        for each in scenarios
    )


def open_if_there(store: str | None) -> Store | None:
    """Return the store if it exists, without creating one; None otherwise."""
    where = address_of(store)
    return None if where.is_file and not Path(str(where.url.database)).exists() else Store.open(store)


def latest(scenario_id: str, store: str | None) -> Version | None:
    """Return the latest version of a scenario in the store; None if it is not there."""
    opened = open_if_there(store)
    kept = () if opened is None else opened.scenarios()
    return next((v for v in kept if v.scenario_id == scenario_id), None)


def _flat(scenario: Scenario, store: str | None) -> Scenario:
    return reading.resolve(scenario, lambda name: _base(name, store))


def _base(name: str, store: str | None) -> Scenario:
    version = None if name in reading.library() else latest(name, store)
    if version is not None:
        return scenario_of(version)
    if name not in reading.library():
        raise _unknown(name, store)
    return reading.library()[name]


def _unknown(ref: str, store: str | None) -> ScenarioError:
    opened = open_if_there(store)
    known = [*reading.library(), *(v.scenario_id for v in (opened.scenarios() if opened else ()))]
    return ScenarioError(
        f"{quoted(ref)} is not a scenario that we know. {suggestion(ref, known)} For one of your own give its file, such as "
        "my-scenario.yaml, or save it here first."
    )
