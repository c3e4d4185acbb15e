"""The appraisal of schemes and choice of a programme, as a job for `forecast.jobs.worker`.

Invariant: the answer is that of ``sendplan capital`` to the same question.
"""

from __future__ import annotations

from data.areas import by_code
from forecast.capital import capital_case, child_costs
from forecast.capital.schemes import Sufficiency
from forecast.core.parallel import silence_solver
from forecast.jobs.worker import Report
from forecast.runs.baseline import ForecastInputs
from forecast.ui.background.job_inputs import JobInputs, base_of, steps
from forecast.ui.views import council_files
from forecast.ui.views.capital import CapitalView, capital


def appraise(report: Report, job_inputs: JobInputs) -> CapitalView:
    """Return the appraisal, the programme and what a page shows of them.

    Raises
    ------
    CapitalError
        Schemes or budget cannot be used, or there are none to choose from.
    """
    # Each choice has three stages or four, and one is made for every future and one for value.
    tell = steps(report, 10 + 4 * len(job_inputs.futures))
    tell("Reading the stored fit", 0.0)
    inputs = ForecastInputs.prepare()
    tell(f"Forecasting {by_code(job_inputs.la_code).name}", 0.0)
    base = base_of(job_inputs, inputs)
    tell("Costing", 0.0)
    costs, _ = child_costs.prepare_costs(
        base.outcome, council_files.book(job_inputs.la_code, job_inputs.prices)
    )
    schemes = council_files.candidates(job_inputs.la_code, job_inputs.candidates)
    with silence_solver():
        case = capital_case.make(
            base,
            () if schemes is None else schemes.rows,
            costs,
            inputs.placement_models.england,
            capital_case.AppraisalOptions(
                budget=job_inputs.budget,
                sufficiency=Sufficiency(minimum=job_inputs.sure),
                scenarios=dict(job_inputs.futures),
                candidates_from="" if schemes is None else schemes.origin,
            ),
            tell,
        )
    return capital(case, base.outcome)
