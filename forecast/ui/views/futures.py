"""The three futures on a page: the lines of a chart, the same as text, and a scenario's futures beside the forecast's."""

from __future__ import annotations

import pandas as pd

from forecast.core.futures import FUTURES, future_of_draws
from forecast.core.outcome import Outcome
from forecast.presentation import futures as named
from forecast.presentation import summary, wording
from forecast.presentation.describe import single
from forecast.presentation.futures import FEW_DRAWS, LABELS, Futures
from forecast.presentation.published_figures import in_table, shown
from forecast.ui.views.common import in_words, plans_frame
from models.base import Array

NO_RANGE = "too few futures"


def paths(futures: Futures, last: int) -> pd.DataFrame:
    """Return the paths up to a January as the lines of a chart: january, which, name (with its chance), q10, q50, q90."""
    names = futures.names()
    rows = futures.paths[futures.paths["january"] <= last]
    return rows.assign(name=[names[which] for which in rows["which"]])[
        ["january", "which", "name", "q10", "q50", "q90"]
    ].reset_index(drop=True)


def table(plans: pd.DataFrame, futures: Futures) -> pd.DataFrame:
    """Return plans each January, past and forecast, with each future beside them, as text.

    Parameters
    ----------
    plans
        `forecast.ui.views.common.plans_frame`, up to the last January shown.
    futures
        Of the same run.
    """
    beside: pd.DataFrame = in_words(plans, "EHC plans").join(named.table(futures)).fillna("")
    return beside.rename_axis("January")


def plans_of(outcome: Outcome) -> pd.DataFrame:
    """Return plans of a run each January, past and forecast: `forecast.ui.views.common.plans_frame`."""
    return plans_frame(outcome, summary.plans_long(outcome))


def beside_forecast(scenario: Outcome, forecast: Outcome, january: int) -> pd.DataFrame:
    """Return plans of a scenario and of the forecast in each future in one January, and the difference draw by draw, as text.

    A draw is the same future in both: that of the forecast.
    """
    of_draws = future_of_draws(forecast.plans.chance, forecast.plans.origin)
    with_it, without = (
        run.plans.future.sel(january=january).sum(("age", "need")) for run in (scenario, forecast)
    )
    rows = {}
    for one in FUTURES:
        chosen = (of_draws == one).to_numpy()
        if not chosen.any():
            continue
        rows[LABELS[one]] = {
            name: interval(draws.sel(draw=chosen).to_numpy(), signed=name == "Difference")
            for name, draws in (
                ("Difference", with_it - without),
                ("This scenario", with_it),
                ("The forecast", without),
            )
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("Future")


def interval(draws: Array, *, signed: bool) -> str:
    """Return draws of plans as text with their range, or without where they are too few; signed as a difference is."""
    row = single(draws)
    if signed and not draws.any():
        return wording.NO_CHANGE
    if len(draws) < FEW_DRAWS:
        return f"{shown('plans', row['q50'], signed=signed)} ({NO_RANGE} for a range)"
    return in_table("plans", row, signed=signed)
