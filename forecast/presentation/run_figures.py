"""The published figures of one run: the totals of an authority in each January, as `forecast.presentation.published_figures`.

    placed = want a specialist place - short         in every draw
    empty  = free places of all settings, summed     in every draw

Pounds are of the financial year that holds the January.

Invariant: figures of an outcome that are compared between scenarios come from `forecast.presentation.compare`, so a page of one
run and a comparison cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from forecast.core.outcome import Outcome
from forecast.presentation import compare, describe
from forecast.presentation.published_figures import FIGURES, PublishedFigure, PublishedRun

if TYPE_CHECKING:
    from forecast.finance.finance_model import Money

_CELLS = ("provision", "phase", "need_group")


@dataclass(frozen=True)
class RunFigures:
    """The figures of one run.

    Parameters
    ----------
    run
        What they are of.
    figures
        Code and January to figure.
    """

    run: PublishedRun
    figures: Mapping[tuple[str, int], PublishedFigure]

    @classmethod
    def of(cls, outcome: Outcome, money: Money | None = None) -> RunFigures:
        """Return the figures of a run; pounds only where its costs, income and balance are given."""
        run = PublishedRun.of(outcome)
        shortfall = outcome.shortfall
        draws = compare.measured(outcome)
        draws |= {
            "placed": draws["specialist_wanted"] - draws["shortfall"],
            "places": _yearly(shortfall.places.sum(("provision", "phase")), draws["plans"]),
            "empty": _yearly(shortfall.unit_free.sum("unit"), draws["plans"]),
        }
        if money is not None:
            cost, income = money.costs.high_needs, money.income.total
            pounds = {
                "cost": cost,
                "income": income,
                "in_year_balance": income - cost,
                "closing": money.balance.closing,
                "p_deficit": money.balance.in_deficit.astype(float),
            }
            draws |= {
                code: values.transpose(describe.DRAW, "financial_year").to_numpy()
                for code, values in pounds.items()
            }
        januaries = [int(j) for j in outcome.plans.future["january"].to_numpy()]
        figures: dict[tuple[str, int], PublishedFigure] = {}
        for code in (c for c in FIGURES if c in draws):
            numbers = describe.describe(draws[code], axis=0)
            for at, january in enumerate(januaries):
                low, centre, high = (float(numbers[n][at]) for n in ("q10", FIGURES[code].centre, "q90"))
                figures[code, january] = PublishedFigure(FIGURES[code], january, low, centre, high, run)
        return cls(run, figures)

    def __iter__(self) -> Iterator[PublishedFigure]:
        """Return every figure, by code and then by January."""
        return iter(self.figures.values())

    def at(self, code: str, january: int) -> PublishedFigure:
        """Return one figure of a January.

        Raises
        ------
        KeyError
            The run has no such figure or does not reach the January.
        """
        return self.figures[code, january]

    def has(self, code: str) -> bool:
        """Return whether the run has a figure; pounds are missing where no finance model was given."""
        return any(code == name for name, _ in self.figures)

    @property
    def januaries(self) -> tuple[int, ...]:
        """Januaries with figures."""
        return tuple(sorted({january for _, january in self.figures}))

    def table(self) -> pd.DataFrame:
        """Return figures as data, unrounded: figure, name, unit, date, january, low, centre, high."""
        return pd.DataFrame(
            [
                {
                    "figure": one.definition.code, "name": one.definition.label, "unit": one.definition.unit,
                    "date": one.date, "january": one.january, "low": one.low, "centre": one.centre, "high": one.high,
                }
                for one in self
            ]
        )  # fmt: skip


def _yearly(values: xr.DataArray, like: describe.Values) -> describe.Values:
    """Return values of each January as draws; what does not differ between draws is repeated."""
    if describe.DRAW in values.dims:
        return np.asarray(values.transpose(describe.DRAW, "january").to_numpy(), dtype=float)
    return np.broadcast_to(values.to_numpy().astype(float), like.shape)
