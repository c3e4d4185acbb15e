"""The inputs of a long-running job, in a form that can be sent to another process and compared.

Invariant: equal questions have equal answers, and those of the command line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from data.areas import by_code
from data.counts.own_counts import OwnCounts
from data.errors import HistoryError
from data.registers.register import Register
from data.registers.register_file import read_register
from forecast.core import defaults
from forecast.finance.finance_model import FinanceModel
from forecast.jobs.worker import Report
from forecast.runs.baseline import Baseline, ForecastInputs
from forecast.ui.views import council_files
from scenarios.scenario import Scenario


@dataclass(frozen=True)
class JobInputs:
    """The inputs of a job on an authority's forecast and schemes.

    Parameters
    ----------
    la_code, draws, seed
        As in `forecast.runs.baseline.ForecastInputs.run`.
    register, prices, candidates
        Text of the council's own files; None for what comes with the planner.
    budget
        Pounds of the base year; None for no limit.
    sure
        Chance of enough places asked for, 0 to 1.
    futures
        Scenarios by title, the one appraised first.
    reform_chance
        Chance of the reform, 0 to 1: a future shown beside the forecast.
    counts
        The council's own counts as JSON; None for the forecast without.
    """

    la_code: int
    draws: int
    seed: int
    register: str | None
    prices: str | None
    candidates: str | None
    budget: float | None
    sure: float
    futures: tuple[tuple[str, Scenario], ...]
    reform_chance: float = defaults.REFORM_CHANCE
    counts: str | None = None


def register_of(text: str | None, la_code: int) -> Register | None:
    """Return the register in a text; None for the register shipped with the planner."""
    if text is None:
        return None
    return council_files.from_text(
        text.encode(), "register.csv", lambda path: read_register(path, la_code=la_code)
    )


def steps(report: Report, total: int) -> Callable[[str, float], None]:
    """Return a function that reports stages of about ``total``: a new stage begins when its description changes."""
    begun: list[str] = []

    def tell(what: str, done: float) -> None:
        if not begun or begun[-1] != what:
            begun.append(what)
            report(min(len(begun), total), total, what)

    return tell


def base_of(job_inputs: JobInputs, inputs: ForecastInputs) -> Baseline:
    """Return the baseline that a job is about."""
    register = register_of(job_inputs.register, job_inputs.la_code)
    return inputs.baseline(
        by_code(job_inputs.la_code),
        draws=job_inputs.draws,
        seed=job_inputs.seed,
        register=register,
        counts=None if job_inputs.counts is None else OwnCounts.model_validate_json(job_inputs.counts),
    )


def finance_of(job_inputs: JobInputs, base: Baseline) -> FinanceModel | None:
    """Return the finance model of an authority; None if its income or spending is not published."""
    try:
        return FinanceModel.of(base.outcome, book=council_files.book(job_inputs.la_code, job_inputs.prices))
    except HistoryError:
        return None
