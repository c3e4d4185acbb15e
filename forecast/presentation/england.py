"""England as the sum of the authorities, beside national forecasts that others have published: numbers and words.

Invariant: published totals are England's own as released; a forecast is a sum within each draw, then summarised. What others have
forecast is read from ``published_forecasts``, and only forecasts of all EHC plans are set beside it.
"""

from __future__ import annotations

import re

import pandas as pd
import xarray as xr

from data import tables
from data.errors import TableError
from forecast.presentation import wording
from forecast.presentation.describe import cells

PLANS = "plans"
"""Name of the measure of EHC plans in ``england_totals``."""

ALL_PLANS: tuple[str, ...] = ("EHC plans (all ages)", "EHC plans cohort")
"""Measures of ``published_forecasts`` that count all EHC plans, and so can be set beside ours."""

AS_REPORTED = "as reported; the page was read in part"
"""Note on a forecast whose source has not been read whole."""

_YEAR = re.compile(r"20\d\d")


def published() -> pd.Series:
    """Return England's published plans by January."""
    totals = tables.read("england_totals")
    return totals[totals["measure"] == PLANS].set_index("year")["value"].astype(float).sort_index()


def national() -> pd.DataFrame:
    """Return national forecasts of others: number (as text, from 1), january, plans, publisher, published, note, evidence.

    Raises
    ------
    TableError
        A forecast does not say which year it is for.
    """
    rows = tables.read("published_forecasts")
    rows = rows[(rows["area"] == "England") & rows["measure"].isin(ALL_PLANS) & ~rows["is_increase"]]
    years = [_YEAR.search(str(period)) for period in rows["forecast_period"]]
    if wrong := [p for p, y in zip(rows["forecast_period"], years, strict=True) if y is None]:
        raise TableError(
            f"published_forecasts has the period '{wrong[0]}', which names no year, so the forecast cannot be drawn. Write a "
            "year, such as 2033."
        )
    frame = pd.DataFrame(
        {
            "january": [int(y.group()) for y in years if y is not None],
            "plans": rows["forecast_value"].to_numpy(dtype=float),
            "publisher": rows["publisher"].to_numpy(),
            "published": rows["published"].to_numpy(),
            "note": rows["forecast_note"].fillna("").to_numpy(),
            "evidence": [AS_REPORTED if "in part" in str(e) else str(e) for e in rows["evidence"]],
        }
    ).sort_values(["january", "plans"], ignore_index=True)
    frame.insert(0, "number", [str(n) for n in range(1, len(frame) + 1)])
    return frame


def ahead(draws: xr.DataArray) -> pd.DataFrame:
    """Return England's forecast, q10, q50 and q90 indexed by January, from joint draws, dims ``(draw, january)``."""
    return cells(draws, ("january",)).set_index("january")[["q10", "q50", "q90"]]


def sentence(forecast: pd.DataFrame, others: pd.DataFrame) -> str:
    """Return sentences on England's forecast and how far those of others are from it, in the Januaries that both have."""
    last = int(forecast.index[-1])
    both = others[others["january"].isin(forecast.index)]
    begun = f"The authorities' forecasts add up to {_millions(forecast, last)} EHC plans in England in January {last}."
    if both.empty:
        return begun
    parts = [
        f"{row['publisher']}, about {wording.millions(row['plans'])} in {row['january']}, where ours is "
        f"{_millions(forecast, int(row['january']))}"
        for row in both.to_dict("records")
    ]
    inside = [
        forecast.loc[r["january"], "q10"] <= r["plans"] <= forecast.loc[r["january"], "q90"]
        for r in both.to_dict("records")
    ]
    verdict = (
        "Ours holds all of them in its 80 % interval."
        if all(inside)
        else "They were made from earlier figures and on other assumptions, and lie outside our 80 % interval: "
        "theirs and ours can hardly both be right."
        if not any(inside)
        else "Some lie outside our 80 % interval."
    )
    return f"{begun} Others have said: {'; '.join(parts)}. {verdict}"


def table(forecast: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """Return national forecasts of others beside ours of the same January, as text; a row a forecast."""
    rows = others.to_dict("records")
    return pd.DataFrame(
        {
            "Published by": [f"{r['publisher']} ({r['published']})" for r in rows],
            "January": [str(r["january"]) for r in rows],
            "Their forecast": [wording.millions(r["plans"]) for r in rows],
            "Ours": [
                _millions(forecast, int(r["january"])) if r["january"] in forecast.index else "not shown"
                for r in rows
            ],
            "Note": ["; ".join(part for part in (r["note"], r["evidence"]) if part) for r in rows],
        },
        index=pd.Index([r["number"] for r in rows], name="Number"),
    )


def _millions(forecast: pd.DataFrame, january: int) -> str:
    low, middle, high = (float(forecast.loc[january, name]) for name in ("q10", "q50", "q90"))  # type: ignore[arg-type]
    return f"{wording.millions(middle)} ({wording.millions_range(low, high)})"
