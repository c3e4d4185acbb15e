"""Time a change of one lever, warm, at 1,000 draws and 12 years for one authority, its cost, and the memory they take.

Target: a change of a lever runs again in 1 second (aim 0.3) on 2 cores, in at most 1.5 GB. Compare ratios, not seconds.
"""

from __future__ import annotations

import resource

from benchmarks.yardstick import Yardstick, shortest
from data import areas
from forecast.finance.finance_model import FinanceModel
from forecast.presentation import compare
from forecast.runs import scenario_run
from forecast.runs.baseline import ForecastInputs
from scenarios import reading

DRAWS, YEARS = 1000, 12


def main() -> None:
    yardstick = Yardstick.measure()
    inputs = ForecastInputs.prepare()
    redbridge = areas.by_code(317)
    yardstick.report(
        "baseline, 1,000 draws, 12 years",
        shortest(lambda: inputs.baseline(redbridge, years=YEARS, draws=DRAWS)),
    )
    base = inputs.baseline(redbridge, years=YEARS, draws=DRAWS)
    library = reading.library()
    chosen = ("pre-reform-surge", "reform-2030", "return-from-inmss", "redbridge-schemes", "flat-funding")
    for name in chosen:
        yardstick.report(
            f"again with {name}", shortest(lambda name=name: scenario_run.rerun(base, library[name]))
        )
    surge = scenario_run.rerun(base, library["pre-reform-surge"])
    finance = FinanceModel.of(base.outcome)
    yardstick.report("what a scenario costs", shortest(lambda: finance.costs(surge)))
    yardstick.report(
        "compare two scenarios, cost too",
        shortest(lambda: compare.compared({"a": base.outcome, "b": surge}, finance)),
    )
    print(f"{'largest memory':55s} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:8.2f} GB")


if __name__ == "__main__":
    main()
