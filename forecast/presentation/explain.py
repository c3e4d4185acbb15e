"""Why plans change: the change to a January divided into population, joiner rate, leaver rate, transfers and ageing.

Equation, draw by draw: plans[January] - plans[origin] = sum of `models.cohort_flow.TERMS`. Terms are defined there.
Summaries here are of draws of each term; their medians need not add up, their means do.
"""

from __future__ import annotations

import pandas as pd
import xarray as xr

from data.errors import OptionError
from forecast.core.outcome import Plans
from forecast.presentation import describe
from models import cohort_flow

TERM_LABELS: dict[str, str] = {
    "population": "More or fewer residents",
    "joiner_rate": "New plans, at today's number of residents",
    "leaver_rate": "Plans ending, among as many plans as today",
    "ageing": "Plans ending because plans have become more and older",
    "transfers": "Moves in, less moves out, and what returns leave unexplained",
}
"""What each term is called where people read it."""

CHANGE = "change"


def terms(plans: Plans, january: int) -> xr.DataArray:
    """Return draws of each part of the change in plans from the origin to a January, dims ``(draw, term)``.

    Raises
    ------
    OptionError
        The January is not forecast.
    """
    januaries = plans.future["january"].to_numpy().tolist()
    if january not in januaries:
        raise OptionError(
            f"January {january} is not among those forecast ({januaries[0]} to {januaries[-1]}). Choose one of them, or "
            "forecast more years with --years."
        )
    whole = xr.merge([plans.flows, plans.future.rename("stock")], join="exact")
    split: xr.DataArray = cohort_flow.explain(whole, plans.residents).sel(january=january, drop=True)
    return split.sel(term=list(TERM_LABELS))


def table(plans: Plans, january: int) -> pd.DataFrame:
    """Return the mean and 80 % interval of each part and of the whole change, in plans.

    Columns: term, label, mean, q10, q90. The last row is the change; means of terms add up to its mean.
    """
    split = terms(plans, january)
    whole = split.sum("term").expand_dims(term=[CHANGE])
    both = xr.concat([split, whole], dim="term", join="exact")
    mean, low, high = describe.describe(both, (0.1, 0.9)).values()
    return pd.DataFrame(
        {
            "term": both["term"].to_numpy(),
            "label": [TERM_LABELS.get(str(t), "Change in plans") for t in both["term"].to_numpy()],
            "mean": mean.to_numpy(),
            "q10": low.to_numpy(),
            "q90": high.to_numpy(),
        }
    )
