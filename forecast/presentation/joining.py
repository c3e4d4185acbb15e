"""Joining in numbers and words: new plans a year for every 1,000 residents without one, and the lifetime chance of a plan.

Equations, draw by draw, for the year to a January and ages a, with joiners J and residents without a plan before anybody joins W
(`models.cohort_flow`):

    rate    1,000 sum_a J_a / sum_a W_a
    chance  1 - prod_a (1 - J_a / W_a): a child's chance of a plan by 25 if every age joined as in that year

For a forecast the chance is `forecast.core.outcome.Plans.chance`; it is worked out from the flows so that a scenario has its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from data.vocabulary import AGES
from forecast.core.outcome import Outcome, Plans
from forecast.presentation import wording
from forecast.presentation.describe import cells, single

RATE = f"New plans a year for every 1,000 residents aged {AGES[0]} to {AGES[-1]} without one"
CHANCE = f"Lifetime chance of a plan, in 100, by age {AGES[-1]}"
"""Columns of the table of joining."""

TODAY = "today's rates"

MOST_JOINING = 1 - 1e-12
"""Share of those without a plan who join in a year, at most, so that its logarithm is a number."""

NOTE = (
    "Lifetime chance: of 100 children, how many would have a plan at some time if every age joined as in that year. Plans are "
    "fewer at any one time, because plans end. Ranges are 80 % intervals."
)
"""What a reader of the table must know."""


@dataclass(frozen=True)
class Joining:
    """Draws of joining in the year to each January, and at today's rates.

    Parameters
    ----------
    rate
        New plans a year for every 1,000 residents without one, dims ``(draw, january)``.
    chance
        Lifetime chance of a plan, 0 to 1, same dims.
    rate_today, chance_today
        The same at today's joining rates, dims ``(draw,)``.
    """

    rate: xr.DataArray
    chance: xr.DataArray
    rate_today: xr.DataArray
    chance_today: xr.DataArray

    @classmethod
    def of(cls, plans: Plans) -> Joining:
        """Return the joining of a forecast or scenario."""
        joiners = plans.flows["joiners"].sum("need")
        without = (plans.residents - plans.future.sum("need") + joiners).clip(min=joiners)
        today = plans.flows["rate"]
        part = (joiners / without.clip(min=1 - MOST_JOINING)).clip(max=MOST_JOINING)
        first = without.isel(january=0)
        return cls(
            rate=1000 * joiners.sum("age") / without.sum("age"),
            chance=_chance_of(part.copy(data=np.log1p(-part.to_numpy())).sum("age")),
            rate_today=1000 * (first * -np.expm1(-today)).sum("age") / first.sum("age"),
            chance_today=_chance_of(-today.sum("age")),
        )

    def table(self) -> pd.DataFrame:
        """Return joining as text: today's rates, then the year to each January."""
        rows = {
            TODAY: (f"{single(self.rate_today)['q50']:.1f}", f"{100 * single(self.chance_today)['q50']:.0f}")
        }
        both = (cells(self.rate, ("january",)), cells(100 * self.chance, ("january",)))
        for rate, chance in zip(*(f.to_dict("records") for f in both), strict=True):
            rows[str(rate["january"])] = (
                f"{rate['q50']:.1f} ({rate['q10']:.1f} to {rate['q90']:.1f})",
                f"{chance['q50']:.0f} ({chance['q10']:.0f} to {chance['q90']:.0f})",
            )
        return pd.DataFrame.from_dict(rows, orient="index", columns=[RATE, CHANCE]).rename_axis(
            "Year to January"
        )


def _chance_of(log_without: xr.DataArray) -> xr.DataArray:
    """Return 1 less a share of which the log is given."""
    return log_without.copy(data=-np.expm1(log_without.to_numpy()))


def sentence(outcome: Outcome) -> str:
    """Return sentences on joining today and in the last January forecast, fit to be read aloud."""
    joining = Joining.of(outcome.plans)
    last = int(joining.rate["january"][-1])
    rate, chance = (single(draws.sel(january=last)) for draws in (joining.rate, joining.chance))
    today, chance_today = (single(draws)["q50"] for draws in (joining.rate_today, joining.chance_today))
    ceiling = (
        " How high it can go is not known: the ceiling is drawn from what other countries have reached, and is judgement."
        if outcome.scenario is None
        else ""
    )
    return (
        f"At today's joining rates {wording.hundredths(chance_today)} children in {outcome.area.name} would have a plan at some "
        f"time by {AGES[-1]}; at those of the year to January {last} it would be {wording.hundredths(chance['q50'])} "
        f"({100 * chance['q10']:.0f} to {wording.hundredths(chance['q90'])}). That is {rate['q50']:.1f} new plans a year for "
        f"every 1,000 residents without one, against {today:.1f} today.{ceiling}"
    )
