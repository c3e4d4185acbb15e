"""How forecasts far from an authority's own growth did: made before the January was published, set against what came.

For each authority of the last January scored (`forecast.validation.unseen_january`), own growth g is the yearly growth of its
plans over `RECORD_YEARS` to the January before. A forecast is far from it where its growth of that one year differs from g by
more than `FAR`. Missed is the mean of the size of the error over what was published: of the forecast, or of (1 + g) times the
January before.

Invariant: the forecasts were made before the January was published; growth is of published totals.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
import xarray as xr

from data.panels import history_tables
from data.vocabulary import ALL
from forecast.core.outcome import RECORD_YEARS
from forecast.validation import unseen_january
from models.headline import HEADLINE

FAR = 0.03
"""Growth a year that differs by more than this, 3 points, is far from an authority's own."""


@dataclass(frozen=True)
class Departures:
    """How forecasts far from own growth did in one January.

    Parameters
    ----------
    january
        That was forecast.
    scored, far
        Authorities scored, and those of them whose forecast was far from their own growth.
    missed, own_missed
        Mean size of the error of the forecast in those, and of own growth gone on, as a share of what was published.
    """

    january: int
    scored: int
    far: int
    missed: float
    own_missed: float


def departures(scores: pd.DataFrame, totals: xr.DataArray) -> Departures | None:
    """Return how forecasts far from own growth did in the last January scored; None where none was scored.

    Parameters
    ----------
    scores
        Of one model, columns of `forecast.validation.unseen_january.COLUMNS`.
    totals
        Published plans, dims ``(area, january)``.
    """
    rows = scores[scores["target"] == scores["target"].max()].set_index("la_code")
    rows = rows[rows.index.isin(totals["area"].to_numpy())]
    if rows.empty:
        return None
    origin = int(rows["origin"].iloc[0])
    before = totals.sel(area=rows.index.to_numpy(), january=origin - RECORD_YEARS).to_numpy()
    own = (rows["before"] / before) ** (1 / RECORD_YEARS) - 1
    rows, own = rows[own.notna()], own[own.notna()]
    far = (rows["median"] / rows["before"] - 1 - own).abs() > FAR
    if not far.any():
        return None
    some = rows[far]
    gone_on = some["before"] * (1 + own[far])
    return Departures(
        january=int(some["target"].iloc[0]),
        scored=len(rows),
        far=int(far.sum()),
        missed=float(np.abs(some["median"] / some["actual"] - 1).mean()),
        own_missed=float(np.abs(gone_on / some["actual"] - 1).mean()),
    )


@cache
def shipped_departures() -> Departures | None:
    """Return how forecasts far from own growth did, from the shipped scores and tables."""
    scores = unseen_january.read_scores()
    totals = history_tables.load("current").stock.sel(series=ALL, drop=True)
    return departures(scores[scores["model"] == HEADLINE], totals)
