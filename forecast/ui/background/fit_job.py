"""Fitting every model again, as a job for `forecast.jobs.worker`.

Invariant: a fit that fails replaces nothing; one that passes is used by every page from then on.
"""

from __future__ import annotations

from data.sign_in.people import Person, Right, require
from forecast.demand import stored_fit
from forecast.jobs.worker import Report


def fit_again(report: Report, key: str, who: Person) -> str:
    """Fit every model to the current data, store the result for forecasts, and return a sentence on the outcome.

    Parameters
    ----------
    report
        Called before each part.
    key
        `forecast.demand.stored_fit.key` of data and models: the same work need not be done twice.
    who
        Who asks: every reader's figures follow from it.

    Raises
    ------
    NotAllowedError
        Their role does not allow it.
    """
    require(who, Right.FIT)
    begun: list[str] = []
    total = stored_fit.steps()

    def on_step(what: str) -> None:
        begun.append(what)
        report(min(len(begun), total) - 1, total, f"Fitting {what}")

    fit = stored_fit.make(on_step, side_by_side=False)
    stored_fit.write(fit)
    if not fit.passed:
        names = ", ".join(name for name, diagnostics in fit.diagnostics.items() if not diagnostics.passed)
        return f"FAILED: {names} did not pass. The result is kept for diagnosis; what was in use before is unchanged."
    return f"Passed in {fit.seconds:,.0f} seconds. Every page uses it from now on."
