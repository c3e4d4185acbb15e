"""Functions that several views share: frames of past and forecast, numbers as text, and sources of figures.

Invariant: every number comes from `forecast.presentation.summary`, `forecast.presentation.place_tables`,
`forecast.presentation.compare` or `forecast.presentation.words`, so a page cannot disagree with the files or the terminal.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import dropwhile

import numpy as np
import pandas as pd

from data.vocabulary import NEED_GROUPS, NEEDS
from forecast.core.outcome import Outcome
from forecast.presentation import summary, wording
from forecast.presentation.published_figures import in_table

PUBLISHED = "Published"
ESTIMATED = "Estimated from the former authority"
WORKED_OUT = "Worked out from the last needs published"
MISSING = "Not published"
FORECAST = "Forecast"

GROUP_OF_NEED: dict[str, str] = {need: g.code for g in NEED_GROUPS for need in g.needs}
"""Need code to the group of needs that shares its places."""

RESIDENTS = "Office for National Statistics, residents by single age, estimates and projections"
REGISTER = "capacity register"


@dataclass(frozen=True, slots=True)
class Source:
    """The source of a figure, shown in an expander beside it.

    Parameters
    ----------
    unit
        What is counted.
    dates
        When it is of.
    interval
        How sure it is.
    source
        Who published it, or what it was worked out from.
    estimated
        What of it is estimated rather than known; blank where nothing is.
    """

    unit: str
    dates: str
    interval: str
    source: str
    estimated: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure with its interval and trend.

    Parameters
    ----------
    label, value
        What it is, and the figure as text.
    interval
        Its 80 % interval in words.
    trend
        How it compares with today, in words.
    source
        Where it comes from.
    terms
        Words of the glossary that explain it.
    """

    label: str
    value: str
    interval: str
    trend: str
    source: Source
    terms: tuple[str, ...]


def plans_frame(outcome: Outcome, long: pd.DataFrame) -> pd.DataFrame:
    """Return plans each January, past and forecast: january, kind, q10, q50, q90 (equal where published, NaN where not)."""
    total, estimated = outcome.history_total, outcome.spliced
    known = zip(total["january"].to_numpy(), total.to_numpy(), estimated.to_numpy(), strict=True)
    # Nothing is said of the years before an authority's first figure.
    rows = [
        (int(j), MISSING if np.isnan(v) else ESTIMATED if e else PUBLISHED, v, v, v)
        for j, v, e in dropwhile(lambda row: np.isnan(row[1]), known)
    ]
    past = pd.DataFrame(rows, columns=["january", "kind", "q10", "q50", "q90"])
    return pd.concat([past, future(summary.interval(long))], ignore_index=True).astype({"january": "int64"})


def future(ahead: pd.DataFrame) -> pd.DataFrame:
    """Return q10, q50 and q90, indexed by January, as forecast rows of `plans_frame`."""
    return pd.DataFrame(
        {"january": ahead.index, "kind": FORECAST, **{q: list(ahead[q]) for q in ("q10", "q50", "q90")}}
    )


def in_words(frame: pd.DataFrame, what: str, when: str = "January") -> pd.DataFrame:
    """Return `plans_frame` as text."""

    def cell(row: pd.Series) -> str:
        if row["kind"] == MISSING:
            return "not published"
        return in_table("plans", row) if row["kind"] == FORECAST else wording.whole(row["q50"])

    return pd.DataFrame(
        {what: [cell(r) for _, r in frame.iterrows()], "Basis": list(frame["kind"])},
        index=pd.Index(frame["january"], name=when),
    )


def labelled(part: pd.DataFrame) -> pd.DataFrame:
    """Return a table with need codes replaced by their names."""
    return part.rename(columns=NEEDS)


def tidy(frame: pd.DataFrame, last: int) -> pd.DataFrame:
    """Return the rows of `plans_frame` up to a January."""
    return frame[frame["january"] <= last].reset_index(drop=True)
