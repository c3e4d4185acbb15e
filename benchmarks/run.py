"""Time the main steps against the yardstick. Compare ratios, not seconds."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.yardstick import Yardstick, shortest
from data import areas, panels
from forecast.presentation import summary
from forecast.runs.baseline import Road
from forecast.validation import backtest
from models.baselines import BASELINES
from models.pipeline_ridge import PipelineRidge


def main() -> None:
    yardstick = Yardstick.measure()
    road = Road.prepare()
    redbridge = areas.by_code(317)
    outcome = road.baseline(redbridge).outcome
    series = panels.load("series")
    steps: dict[str, Callable[[], object]] = {
        "read and assemble the history": lambda: panels.load("current"),
        "prepare for all authorities": Road.prepare,
        "one authority, 500 draws, 10 years": lambda: road.baseline(redbridge).outcome,
        "summarise it": lambda: (summary.plans_long(outcome), summary.shortfall_long(outcome)),
        "back-test the growth rules and the ridge, one origin": lambda: backtest.backtest(
            series, [*BASELINES, PipelineRidge()], [2024], 5
        ),
    }
    for name, work in steps.items():
        yardstick.report(name, shortest(work))


if __name__ == "__main__":
    main()
