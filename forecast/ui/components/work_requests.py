"""From the choices of a page to the inputs of a long-running job: files as text, scenarios as they read today.

Invariant: what is asked is all that the work knows, so it cannot change while the work goes on.
"""

from __future__ import annotations

from collections.abc import Sequence

from data.council_files.kept_files import CANDIDATES, REGISTERS, UNIT_COSTS, FileStore
from forecast.capital.capital_case import FUTURES
from forecast.core import defaults
from forecast.runs.scenario_names import find_scenario, labels
from forecast.ui.background.job_inputs import JobInputs
from forecast.ui.components import results
from forecast.ui.frame.choices import SHIPPED, Choices
from forecast.ui.views import scenario_draft


def text_used(file_store: FileStore, choices: Choices, version: int) -> str | None:
    """Return the text of a version of the council's own file; None if the shipped one is used."""
    return None if version == SHIPPED else results.text_of(file_store, choices, version)


def job_inputs(choices: Choices, scenarios: Sequence[str] | None = None) -> JobInputs:
    """Return the inputs of a job for the choices of a page.

    Parameters
    ----------
    choices
        What is chosen.
    scenarios
        Names of scenarios, the one appraised first; the chosen one and the usual futures where None.
    """
    versions = {REGISTERS: choices.register, UNIT_COSTS: choices.prices, CANDIDATES: choices.candidates}
    register, prices, candidates = (
        text_used(file_store, choices, results.version_of(file_store, choices, version))
        for file_store, version in versions.items()
    )
    counts = results.counts_used(choices).counts
    names = dict.fromkeys((choices.scenario, *FUTURES)) if scenarios is None else scenarios
    scenarios_named = [find_scenario(name) for name in names]
    titles = scenario_draft.make_distinct([scenario_draft.title_of(c) for c in scenarios_named])
    return JobInputs(
        la_code=choices.area.la_code,
        draws=defaults.DRAWS,
        seed=defaults.SEED,
        register=register,
        prices=prices,
        candidates=candidates,
        budget=None if choices.budget is None else float(choices.budget),
        sure=choices.sure / 100,
        reform_chance=choices.reform / 100,
        counts=None if counts is None else counts.model_dump_json(),
        futures=tuple(zip(titles, (c.flat for c in scenarios_named), strict=True)),
    )


def short_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return distinct names of scenarios for files, as on the command line."""
    return scenario_draft.make_distinct(labels([find_scenario(name) for name in names]))


def typed_name(name: str) -> str:
    """Return the text to type for a scenario on a command line; for an unsaved one, the name of its downloaded file."""
    return f"{find_scenario(name).as_written.id}.yaml" if scenario_draft.is_unsaved(name) else name
