"""Time the main steps against the yardstick. Compare ratios, not seconds."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.yardstick import Yardstick, shortest
from data import areas
from data.panels import history_tables
from forecast.presentation import summary
from forecast.runs.baseline import ForecastInputs
from forecast.validation import backtest
from models.baselines import BASELINES
from models.pipeline_ridge import PipelineRidge


def main() -> None:
    yardstick = Yardstick.measure()
    inputs = ForecastInputs.prepare()
    redbridge = areas.by_code(317)
    outcome = inputs.baseline(redbridge).outcome
    series = history_tables.load("series")
    steps: dict[str, Callable[[], object]] = {
        "read and assemble the history": lambda: history_tables.load("current"),
        "prepare for all authorities": ForecastInputs.prepare,
        "one authority, 500 draws, 10 years": lambda: inputs.baseline(redbridge).outcome,
        "summarise it": lambda: (summary.plans_long(outcome), summary.shortfall_long(outcome)),
        "back-test the growth rules and the ridge, one origin": lambda: backtest.backtest(
            series, [*BASELINES, PipelineRidge()], [2024], 5
        ),
    }
    for name, work in steps.items():
        yardstick.report(name, shortest(work))


if __name__ == "__main__":
    main()
