"""Time the road to places for one authority, and the memory it takes: target 2 seconds warm, and 10 minutes for all authorities.

``sendplan places all`` is timed by itself; what is timed here is a sample of authorities, small and large, in this process.
"""

from __future__ import annotations

import resource

from benchmarks.yardstick import Yardstick, shortest
from data import areas
from forecast.presentation import places_report
from forecast.runs.baseline import ForecastInputs

SAMPLE: tuple[int, ...] = (317, 420, 886)
"""Redbridge; the Isles of Scilly, the smallest; Kent, the largest."""


def main() -> None:
    yardstick = Yardstick.measure()
    inputs = ForecastInputs.prepare()
    for code in SAMPLE:
        area = areas.by_code(code)
        yardstick.report(
            f"plans, places and matching: {area.name}",
            shortest(lambda area=area: inputs.baseline(area).outcome),
        )
    outcome = inputs.baseline(areas.by_code(317)).outcome
    yardstick.report("tables of places", shortest(lambda: places_report.PlacesTables.of(outcome)))
    print(f"{'largest memory':55s} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:8.2f} GB")


if __name__ == "__main__":
    main()
