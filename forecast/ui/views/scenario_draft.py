"""A scenario being edited: how editing begins, its name in an address, and comparisons, without Streamlit.

Invariant: work on a scenario that we ship, or on a kept one, never changes it: it goes by a name of its own, or becomes the next
version of the one it began from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from forecast.runs import scenario_names
from forecast.runs.scenario_names import NamedScenario
from forecast.ui.frame.choices import BASELINE, Choices
from forecast.ui.views.lever_fields import Values
from scenarios import keeping, reading
from scenarios.scenario import Scenario
from scenarios.unsaved import MARK, Unsaved, pack

OWN = "my-"
"""Before the id of a scenario of ours that somebody began to change."""

EMPTY: Values = {"id": "my-scenario", "title": "My scenario", "levers": []}
"""What an empty scenario says."""


@dataclass(frozen=True)
class ScenarioDraft:
    """A scenario being edited, as plain values.

    Parameters
    ----------
    content
        What it says, what it is based on read in.
    began
        Version of the store that it began from; 0 for a new scenario.
    """

    content: Values
    began: int


def begin_draft(chosen: NamedScenario) -> ScenarioDraft:
    """Return an editable copy of an opened scenario."""
    values = reading.to_values(chosen.flat)
    if chosen.began is not None:
        return ScenarioDraft(values, chosen.began)
    if chosen.kept is not None:
        return ScenarioDraft(values, chosen.kept.version)
    return ScenarioDraft(
        values | {"id": f"{OWN}{values['id']}"[:80], "title": f"{values['title']} (changed)"}, 0
    )


def duplicate(chosen: NamedScenario) -> ScenarioDraft:
    """Return an editable copy of a scenario under a new id."""
    values = reading.to_values(chosen.flat)
    return ScenarioDraft(
        values | {"id": f"{values['id'][:75]}-copy", "title": f"Copy of {values['title']}"[:400]}, 0
    )


def scenario_of(work: ScenarioDraft) -> Scenario:
    """Return the scenario that is being edited, checked.

    Raises
    ------
    ScenarioError
        It does not say one yet; all problems are listed.
    """
    return reading.from_values(work.content, "Your scenario")


def name_of(work: ScenarioDraft, store: str | None = None) -> str:
    """Return the name of an edited scenario in an address: of the stored version with the same content, or the content itself.

    Raises
    ------
    ScenarioError
        It does not say a scenario yet, or is too long for an address.
    """
    scenario = scenario_of(work)
    if work.began:
        kept = scenario_names.find_scenario(f"{scenario.id}{scenario_names.AT}{work.began}", store).kept
        if kept is not None and keeping.scenario_of(kept) == scenario:
            return scenario_names.ref_of(kept)
    return pack(Unsaved(scenario, work.began))


def renamed(work: ScenarioDraft, scenario_id: str) -> ScenarioDraft:
    """Return an edited scenario under another id: a new scenario, because versions belong to an id."""
    return work if scenario_id == work.content["id"] else ScenarioDraft(work.content | {"id": scenario_id}, 0)


def titles(chosen: NamedScenario | None, name: str, store: str | None = None) -> Mapping[str, str]:
    """Return every scenario that can be opened, name to title, always including the one that is open."""
    by_name = {BASELINE: "The forecast, without a scenario"}
    opened = scenario_names.open_if_there(store)
    for kept in opened.scenarios() if opened else ():
        by_name[scenario_names.ref_of(kept)] = f"{kept.title} (yours, version {kept.version})"
    by_name |= {ref: s.title for ref, s in reading.library().items() if ref != BASELINE}
    if chosen is not None and name not in by_name:
        by_name[name] = title_of(chosen)
    return by_name


def listed(choices: Choices) -> Mapping[str, str]:
    """Return every scenario that can be chosen from a list; see `titles`."""
    chosen = None if choices.scenario == BASELINE else scenario_names.find_scenario(choices.scenario)
    return titles(chosen, choices.scenario)


def title_of(chosen: NamedScenario) -> str:
    """Return the title of a scenario, with its version or that it is not saved."""
    if chosen.kept is not None:
        return f"{chosen.as_written.title} (yours, version {chosen.kept.version})"
    return f"{chosen.as_written.title} (not saved)" if chosen.began is not None else chosen.as_written.title


def make_distinct(titles: Sequence[str]) -> tuple[str, ...]:
    """Return titles, with a number added where one is repeated."""
    distinct: list[str] = []
    for position, title in enumerate(titles):
        same = titles[:position].count(title)
        distinct.append(f"{title} [{same + 1}]" if same else title)
    return tuple(distinct)


def is_unsaved(name: str) -> bool:
    """Return whether a name in an address is an unsaved scenario."""
    return name.startswith(MARK)
