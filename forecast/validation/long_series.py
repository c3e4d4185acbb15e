"""England's long series: statements from 1991, then EHC plans to the latest January, with the gaps filled in three ways.

Only published totals are facts: every other January is a guess between its neighbours, made evenly in logs, evenly in plans or on
a smooth curve in logs, and named as what it is. A guess knows the next published total: a forecast from such a January knows a
little of what came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.interpolate import PchipInterpolator

from data import tables
from data.errors import SourceError
from data.panels.history import History
from data.vocabulary import ALL
from models.base import Array

TABLE = tables.REFERENCE / "evidence" / "england_statements.csv"
"""Statements of special educational needs before the collection of today begins, as told to Parliament."""

COLUMNS: tuple[str, ...] = ("measure", "year", "value", "source", "note")
STATEMENTS, NEW_STATEMENTS = "statements", "new_statements"

WAYS: Mapping[str, str] = MappingProxyType(
    {
        "even_logs": "evenly in logs",
        "even_plans": "evenly in plans",
        "smooth": "on a smooth curve in logs",
    }
)
"""Ways in which Januaries between published totals are filled."""


@dataclass(frozen=True, eq=False)
class LongSeries:
    """England's plans and new plans, with gaps filled one way.

    Parameters
    ----------
    first
        First January.
    logs
        Log of plans, one a January.
    published
        Whether each is a published total.
    ended
        Share of the plans held in January that are no longer held a year later, one a calendar year from ``first``; known where
        new plans were published, in between on a line, outside as nearest.
    """

    first: int
    logs: Array
    published: npt.NDArray[np.bool_]
    ended: Array

    @property
    def last(self) -> int:
        """Last January."""
        return self.first + len(self.logs) - 1

    def new_plans(self) -> Array:
        """Return new plans by calendar year: what makes each total follow from the one before."""
        plans = np.exp(self.logs)
        return np.asarray(np.maximum(plans[1:] - plans[:-1] * (1 - self.ended), 1.0))

    def until(self, january: int) -> LongSeries:
        """Return the series up to an earlier January."""
        count = january - self.first + 1
        return LongSeries(self.first, self.logs[:count], self.published[:count], self.ended[: count - 1])


def read(path: Path = TABLE) -> pd.DataFrame:
    """Return the table of statements.

    Raises
    ------
    SourceError
        A column is missing, a year occurs twice, or a figure has no source.
    """
    table = pd.read_csv(path)
    wrong = tuple(table.columns) != COLUMNS
    if not wrong:
        wrong = bool(
            table.duplicated(["measure", "year"]).any()
            or not table["measure"].isin([STATEMENTS, NEW_STATEMENTS]).all()
            or (table["value"].notna() & table["source"].isna()).any()
            or (table["value"] <= 0).any()
        )
    if wrong:
        raise SourceError(
            f"{path} is not the table of statements it should be: columns {', '.join(COLUMNS)}, each year of a measure once, "
            "every figure above 0 with its source, gaps left blank. Put it back as it was."
        )
    return table


def known_totals(history: History, table: pd.DataFrame) -> dict[int, float]:
    """Return England's published totals by January: statements of the table, then plans of the history."""
    published = table[(table["measure"] == STATEMENTS) & table["value"].notna()]
    plans = history.stock.sel(series=ALL).sum("area").to_series()
    return {int(y): float(v) for y, v in zip(published["year"], published["value"], strict=True)} | {
        int(str(j)): float(v) for j, v in plans.items()
    }


def known_new_plans(history: History, table: pd.DataFrame) -> dict[int, float]:
    """Return England's published new statements and plans by calendar year."""
    published = table[(table["measure"] == NEW_STATEMENTS) & table["value"].notna()]
    flows = history.flows["new_plans"].sum("area", min_count=1).to_series().dropna()
    return {int(y): float(v) for y, v in zip(published["year"], published["value"], strict=True)} | {
        int(str(y)): float(v) for y, v in flows.items()
    }


def fill(totals: Mapping[int, float], new_plans: Mapping[int, float], way: str) -> LongSeries:
    """Return the series of every January from the first published total to the last.

    Parameters
    ----------
    totals
        Published totals by January.
    new_plans
        Published new plans by calendar year.
    way
        One of `WAYS`.
    """
    known = np.array(sorted(totals))
    januaries = np.arange(known[0], known[-1] + 1)
    values = np.array([totals[int(j)] for j in known])
    ways: dict[str, Callable[[], Array]] = {
        "even_logs": lambda: np.interp(januaries, known, np.log(values)),
        "even_plans": lambda: np.log(np.interp(januaries, known, values)),
        "smooth": lambda: np.asarray(PchipInterpolator(known, np.log(values))(januaries)),
    }
    logs = ways[way]()
    plans = np.exp(logs)
    years = [y for y in sorted(new_plans) if known[0] <= y < known[-1]]
    at = np.array(years) - known[0]
    left = 1 - (plans[at + 1] - np.array([new_plans[y] for y in years])) / plans[at]
    ended = np.interp(januaries[:-1], years, left)
    return LongSeries(int(known[0]), np.asarray(logs), np.isin(januaries, known), np.asarray(ended))
