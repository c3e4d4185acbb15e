"""Long-running work on a scenario: each lever's contribution, and the size of a lever that meets a goal.

Invariant: the figures are those of ``sendplan scenario explain`` and ``seek`` with the same register, prices, draws and seed.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from forecast.core.outcome import Outcome
from forecast.jobs.worker import Report
from forecast.presentation import compare, seek
from forecast.runs import scenario_run
from forecast.runs.baseline import ForecastInputs
from forecast.ui.background.job_inputs import JobInputs, base_of, finance_of

MEASURES: tuple[str, ...] = ("plans", "shortfall", "cost")
"""What is explained; cost only where the authority's income and spending are published."""


@dataclass(frozen=True)
class Explained:
    """The contribution of each lever.

    Parameters
    ----------
    bars
        Measure to `forecast.presentation.compare.Waterfall.table`.
    texts
        Measure to `forecast.presentation.compare.waterfall_text`.
    widths
        Measure to `forecast.presentation.seek.tornado`, lever by lever; no rows where no lever has a range.
    widths_texts
        The same as text.
    """

    bars: dict[str, pd.DataFrame]
    texts: dict[str, pd.DataFrame]
    widths: dict[str, pd.DataFrame]
    widths_texts: dict[str, pd.DataFrame]


def explained(report: Report, job_inputs: JobInputs, january: int) -> Explained:
    """Return the contribution of each lever of a scenario to plans, children short and pounds in one January."""
    steps = 4
    report(0, steps, "Making the forecast")
    base = base_of(job_inputs, ForecastInputs.prepare())
    finance = finance_of(job_inputs, base)
    _, scenario = job_inputs.futures[0]
    report(1, steps, "All levers together")
    together = scenario_run.rerun(base, scenario)
    report(2, steps, "Each lever alone")
    alone = scenario_run.run_each_alone(base, scenario)
    report(3, steps, "Each range at its ends")
    spans = scenario_run.run_at_ends(base, scenario)
    report(4, steps, "Adding up")
    bars, texts, widths, widths_texts = {}, {}, {}, {}
    for name in MEASURES:
        if name in compare.POUNDS and finance is None:
            continue
        waterfall = compare.waterfall(name, january, base.outcome, alone, together, finance)
        bars[name], texts[name] = waterfall.table(), compare.waterfall_text(waterfall)
        point = seek.Point(name, january)
        widths[name] = seek.tornado(point, spans, together, finance)
        widths_texts[name] = seek.tornado_text(point, widths[name])
    return Explained(bars, texts, widths, widths_texts)


@dataclass(frozen=True)
class Sought:
    """The lever, range and goal of a search.

    Parameters
    ----------
    lever
        Short name of the lever whose size is looked for.
    low, high
        Sizes to search between, from the low one.
    measure, january, provision
        As for `forecast.presentation.seek.Point`.
    bound
        Whether the value is the most or the least that will do.
    value
        In the unit of the measure; a chance is 0 to 1.
    """

    lever: str
    low: float
    high: float
    measure: str
    january: int
    provision: str | None
    bound: seek.Bound
    value: float

    @property
    def goal(self) -> seek.Goal:
        """The goal of the search.

        Raises
        ------
        OptionError
            It cannot be a goal.
        """
        return seek.Goal(seek.Point(self.measure, self.january, self.provision), self.bound, self.value)


def sought(report: Report, job_inputs: JobInputs, search: Sought) -> str:
    """Return in words the size of a lever that meets a goal."""
    report(0, seek.MOST_RUNS, "Making the forecast")
    base = base_of(job_inputs, ForecastInputs.prepare())
    finance = finance_of(job_inputs, base)
    _, scenario = job_inputs.futures[0]
    runs = 0

    def tried(size: float) -> Outcome:
        nonlocal runs
        runs += 1
        report(runs, seek.MOST_RUNS, f"Trying {search.lever} at {size:,.4g}")
        return scenario_run.rerun(base, scenario_run.with_size(scenario, search.lever, size))

    answer = seek.seek(
        tried,
        search.goal,
        search.low,
        search.high,
        whole=scenario_run.is_whole(scenario, search.lever),
        finance=finance,
    )
    return answer.words(search.goal, search.lever)
