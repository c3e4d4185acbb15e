"""Time the main steps against a fixed piece of work done in the same run.

The yardstick is sorting four million random numbers. ``make bench`` prints seconds on this machine and the ratio to the
yardstick; compare ratios, not seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from data import areas, panels
from forecast import evaluate, summary
from forecast.run import Road
from models.baselines import BASELINES
from models.pipeline_ridge import PipelineRidge

REPEATS = 3


def seconds(work: Callable[[], object]) -> float:
    """Return the shortest of a few timings."""
    best = float("inf")
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def main() -> None:
    numbers = np.random.default_rng(0).random(4_000_000)
    yardstick = seconds(lambda: np.sort(numbers))
    road = Road.prepare()
    redbridge = areas.by_code(317)
    outcome = road.run(redbridge)
    series = panels.load("series")
    steps: dict[str, Callable[[], object]] = {
        "read and assemble the history": lambda: panels.load("current"),
        "prepare for all authorities": Road.prepare,
        "one authority, 500 draws, 10 years": lambda: road.run(redbridge),
        "summarise it": lambda: (summary.plans_long(outcome), summary.shortfall_long(outcome)),
        "back-test the growth rules and the ridge, one origin": lambda: evaluate.backtest(
            series, [*BASELINES, PipelineRidge()], [2024], 5
        ),
    }
    print(f"{'yardstick: sort 4 million numbers':45s} {yardstick:8.2f} s")
    for name, work in steps.items():
        took = seconds(work)
        print(f"{name:45s} {took:8.2f} s {took / yardstick:8.1f} x")


if __name__ == "__main__":
    main()
