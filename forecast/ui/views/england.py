"""England on the page Evidence: the sum of the authorities beside national forecasts that others have published."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import xarray as xr

from forecast.core import defaults
from forecast.presentation import england as numbers
from forecast.presentation import wording
from forecast.ui.views.common import PUBLISHED, future


@dataclass(frozen=True)
class EnglandView:
    """England, past and forecast, beside others' forecasts.

    Parameters
    ----------
    plans
        january, kind, q10, q50, q90.
    dots
        `forecast.presentation.england.national`.
    table
        Others' forecasts beside ours, as text.
    title, sentence
        The finding, and how far they are apart.
    origin
        The last January published.
    """

    plans: pd.DataFrame
    dots: pd.DataFrame
    table: pd.DataFrame
    title: str
    sentence: str
    origin: int


def england(draws: xr.DataArray, origin: int) -> EnglandView:
    """Return the view from joint draws of England's plans, dims ``(draw, january)``."""
    known, ahead, others = numbers.published(), numbers.ahead(draws), numbers.national()
    past = pd.DataFrame(
        {"january": known.index, "kind": PUBLISHED, **{q: known.to_numpy() for q in ("q10", "q50", "q90")}}
    )
    # The last January of the usual forecast.
    middle = ahead.iloc[min(defaults.YEARS, len(ahead)) - 1]
    return EnglandView(
        plans=pd.concat([past, future(ahead)], ignore_index=True).astype({"january": "int64"}),
        dots=others,
        table=numbers.table(ahead, others),
        title=f"England: {wording.millions(known.iloc[-1])} plans in {known.index[-1]}, about "
        f"{wording.millions(middle['q50'])} by {middle.name}",
        sentence=numbers.sentence(ahead, others),
        origin=origin,
    )
