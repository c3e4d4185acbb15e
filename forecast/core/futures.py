"""Three futures of joining: what each draw becomes, by its joining rate eight to ten years ahead against the next two years.

Equation, draw by draw, with C the lifetime chance of a plan at the joining rates of the year to a January
(`models.cohort_flow.lifetime_chance`) and T the origin:

    rate_t = -log(1 - C_t)
    change = mean(rate_{T+8}, rate_{T+9}, rate_{T+10}) / median over draws of mean(rate_{T+1}, rate_{T+2})

A draw rises where the change is above `RISES_ABOVE`, falls where it is below `FALLS_BELOW`, and levels off between. Invariant:
every draw has one future, whatever number of years is forecast, because the chance of every January is always drawn; so the
shares of the three add up to 1. All draws are set against one rate of the next two years, their median: against its own, a draw
that happens to begin low would count as rising, and be one of fewer plans.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from data.errors import DrawsError

RISES, LEVELS_OFF, FALLS = "rises", "levels_off", "falls"

FUTURES: tuple[str, ...] = (RISES, LEVELS_OFF, FALLS)
"""The three futures, in the order in which they are shown."""

FROM_YEARS: tuple[int, ...] = (1, 2)
"""Years ahead that a later rate is set against."""

TO_YEARS: tuple[int, ...] = (8, 9, 10)
"""Years ahead that say what a draw becomes."""

RISES_ABOVE, FALLS_BELOW = 1.25, 0.85
"""Changes of the rate above which it goes on rising, and below which it falls."""

MOST_CHANCE = 1 - 1e-9
"""Chances are taken to be at most this, so that every rate is a number."""


def joining_rate(chance: xr.DataArray) -> xr.DataArray:
    """Return the sum over ages of the yearly rates at which those without a plan join, from lifetime chances (0 to 1)."""
    return chance.copy(data=-np.log1p(-chance.clip(max=MOST_CHANCE).to_numpy()))


def change_of_rate(chance: xr.DataArray, origin: int) -> xr.DataArray:
    """Return the joining rate of `TO_YEARS` over the median of that of `FROM_YEARS`, dims ``(draw,)``.

    Parameters
    ----------
    chance
        Lifetime chance of a plan at the joining rates of the year to each January, dims ``(draw, january)``.
    origin
        Last January seen.

    Raises
    ------
    DrawsError
        A January that is needed was not drawn.
    """
    needed = [origin + years for years in (*FROM_YEARS, *TO_YEARS)]
    drawn = chance["january"].to_numpy().tolist()
    if missing := [january for january in needed if january not in drawn]:
        raise DrawsError(
            f"Futures of joining need Januaries {needed[0]} to {needed[-1]}, but {missing[0]} was not drawn. Give the chances "
            "of every January, which a forecast always draws."
        )
    rate = joining_rate(chance)
    before, after = (
        rate.sel(january=[origin + years for years in some]).mean("january")
        for some in (FROM_YEARS, TO_YEARS)
    )
    return after / before.median("draw").clip(min=1 - MOST_CHANCE)


def future_of_draws(chance: xr.DataArray, origin: int) -> xr.DataArray:
    """Return which of `FUTURES` each draw becomes, dims ``(draw,)``; arguments and errors as in `change_of_rate`."""
    change = change_of_rate(chance, origin)
    named = np.where(change > RISES_ABOVE, RISES, np.where(change < FALLS_BELOW, FALLS, LEVELS_OFF))
    return change.copy(data=named)
