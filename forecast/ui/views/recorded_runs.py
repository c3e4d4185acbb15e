"""The page Scenarios: a run recorded on an earlier release or with other models, beside the figures of now.

Invariant: what was recorded is shown as the history of the store has it; nothing is made again to look like it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from data.made_with import MadeWith
from forecast.presentation import compare
from forecast.runs.scenario_names import NamedScenario
from forecast.ui.views.scenarios import Beside
from scenarios.store import Run
from scenarios.store.words import moment

NOT_FORECAST = "published by now"
"""What stands for a figure of now in a January that is not forecast any more."""


@dataclass(frozen=True)
class RecordedRun:
    """One recorded run beside the figures of now.

    Parameters
    ----------
    table
        Measure (index), recorded, now and difference, as text.
    january
        The January that was recorded.
    words
        Who ran what, when, and with what.
    others
        Earlier runs of the same that are not shown.
    """

    table: pd.DataFrame
    january: int
    words: str
    others: int


def release_words(chosen: NamedScenario, now: MadeWith) -> str:
    """Return a sentence on the release a kept scenario was made on; blank for one of now, or that nobody kept."""
    if chosen.kept is None or chosen.kept.made_with == now:
        return ""
    made = chosen.kept.made_with
    again = f"The figures here are made with January {now.january} and model {now.model}."
    return f"Version {chosen.kept.version} was {made.words()}. {again}"


def earlier_runs(runs: Sequence[Run], chosen: NamedScenario, la_code: int, now: MadeWith) -> tuple[Run, ...]:
    """Return the recorded runs of an opened scenario in an authority that were made with anything but what is used now.

    Parameters
    ----------
    runs
        Of the scenario's id.
    chosen
        The opened scenario; of a kept one the runs of its version count, of any other those of its name.
    la_code
        Authority.
    now
        What is used now.

    Returns
    -------
    tuple
        The latest first.
    """
    version = None if chosen.kept is None else chosen.kept.version
    same = [
        run
        for run in runs
        if run.facts.la_code == la_code and run.facts.version == version and run.facts.made_with != now
    ]
    return tuple(sorted(same, key=lambda run: run.run_at, reverse=True))


def beside_now(runs: Sequence[Run], comparison: Beside, origin: int) -> RecordedRun | None:
    """Return the latest of some recorded runs beside the figures of now; None if there is none with figures.

    Parameters
    ----------
    runs
        The latest first.
    comparison
        The figures of now; the scenario is the last in it.
    origin
        Latest January with published plans.
    """
    for position, run in enumerate(runs):
        figures = _figures(run)
        if figures is None:
            continue
        january, values = figures
        means = _means(comparison, january)
        gone = NOT_FORECAST if january <= origin else "not forecast"
        rows = [
            {
                "Measure": compare.MEASURES[code],
                "Recorded then": compare.part(code, value),
                "Now": compare.part(code, means[code]) if code in means else gone,
                "Difference": compare.part(code, means[code] - value, signed=True) if code in means else "",
            }
            for code, value in values.items()
        ]
        facts = run.facts
        who = f"Run by {run.run_by} on {moment(run.run_at)}"
        words = f"{who}, {facts.made_with.words()}: {facts.draws:,} possible futures."
        return RecordedRun(pd.DataFrame(rows).set_index("Measure"), january, words, len(runs) - position - 1)
    return None


def _figures(run: Run) -> tuple[int, dict[str, float]] | None:
    """Return the January and the figures that a run recorded; None where it recorded none that can be shown."""
    summary: Mapping[str, object] = json.loads(run.summary)
    for january, figures in summary.items():
        if january.isdecimal() and isinstance(figures, dict):
            values = {
                code: float(figures[code]) for code in compare.MEASURES if _is_number(figures.get(code))
            }
            if values:
                return int(january), values
    return None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _means(comparison: Beside, january: int) -> dict[str, float]:
    table = comparison.table
    of = table[(table["scenario"] == list(comparison.names)[-1]) & (table["year"] == january)]
    return {str(row["measure"]): float(row["mean"]) for row in of.to_dict("records")}
