"""Three futures a director can name, the reform beside them, and where today's rates would lead: numbers and words.

Each draw of a forecast is one of three futures by its joining rate (`forecast.core.futures`); a path is the middle and 80 %
interval of plans in all within the draws of one. The reform is a fourth, named future, at a chance the reader sets. Invariants:
the shares of the three add up to 1; the reform is in no range, share or headline of the forecast; no range is given for fewer
than `FEW_DRAWS` draws.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from forecast.core import defaults
from forecast.core.futures import (
    FALLS,
    FALLS_BELOW,
    FROM_YEARS,
    FUTURES,
    LEVELS_OFF,
    RISES,
    RISES_ABOVE,
    TO_YEARS,
    future_of_draws,
)
from forecast.core.outcome import Outcome
from forecast.presentation import wording
from forecast.presentation.describe import cells, chance
from forecast.presentation.published_figures import in_table, shown

TODAYS_RATES, REFORM = "todays_rates", "reform"

LABELS: Mapping[str, str] = {
    RISES: "Joining goes on rising",
    LEVELS_OFF: "Joining levels off",
    FALLS: "Joining falls",
    TODAYS_RATES: "If today's joining rates held",
    REFORM: "If the reform becomes law",
}
"""What each path is called wherever people read it."""

_DOES: Mapping[str, str] = {RISES: "goes on rising", LEVELS_OFF: "levels off", FALLS: "falls"}
"""What joining does in each future."""

FEW_DRAWS = 20
"""With fewer draws than this a future has a middle but no range."""

TESTED_YEARS = 5
"""Years ahead for which forecasts of authorities have been scored; beyond, the width of a range is judgement."""

WHY_REFORM_CHANCE = (
    "the Education for All Bill was announced on 13 May 2026 and has not been introduced, reassessment of plans from September "
    "2029 is a proposal, and nobody has published how many plans would end"
)
"""Why the chance of the reform is even (`forecast.core.defaults.REFORM_CHANCE`) unless a reader says otherwise."""

REGIMES = "statements growing to 2001, statements falling to 2009, and plans since the reform of 2014"
"""What England has seen since 1991: the regimes behind the width of a range beyond `TESTED_YEARS`."""


@dataclass(frozen=True)
class Futures:
    """The three futures of a run, with the paths beside them.

    Parameters
    ----------
    origin, last
        The last January published, and the last forecast.
    shares
        Future to its share of the draws, 0 to 1; they add up to 1.
    draws
        Future to its number of draws.
    paths
        which (a key of `LABELS`), january, q10, q50, q90, in plans; q10 and q90 are NaN where no range is given. A future
        without a draw has no rows.
    reform_chance
        Chance of the reform that the reader set, 0 to 1.
    """

    origin: int
    last: int
    shares: Mapping[str, float]
    draws: Mapping[str, int]
    paths: pd.DataFrame
    reform_chance: float

    @classmethod
    def of(cls, outcome: Outcome, reform_chance: float = defaults.REFORM_CHANCE) -> Futures:
        """Return the futures of a forecast, or of a scenario, whose draws are those of the forecast.

        Raises
        ------
        ValueError
            The chance of the reform is not from 0 to 1.
        """
        if not 0 <= reform_chance <= 1:
            raise ValueError(f"{reform_chance} is not a chance of the reform. Give a share from 0 to 1.")
        plans = outcome.plans
        total = plans.future.sum(("age", "need"))
        future = future_of_draws(plans.chance, plans.origin)
        paths = [_path(total.sel(draw=(future == one).to_numpy()), one) for one in FUTURES]
        # A reference and no forecast: it has a middle only.
        reference = _path(plans.at_todays_rates.sel(january=total["january"]), TODAYS_RATES)
        paths.append(reference.assign(q10=np.nan, q90=np.nan))
        if outcome.reform is not None:
            paths.append(_path(outcome.reform, REFORM))
        return cls(
            origin=plans.origin,
            last=int(total["january"][-1]),
            shares={one: float(chance(future == one)) for one in FUTURES},
            draws={one: int((future == one).sum()) for one in FUTURES},
            paths=pd.concat(paths, ignore_index=True),
            reform_chance=reform_chance,
        )

    @property
    def chances(self) -> dict[str, str]:
        """Future to its chance in words; the tenths of the three add up."""
        return dict(
            zip(FUTURES, wording.chances_together([self.shares[one] for one in FUTURES]), strict=True)
        )

    @property
    def has_reform(self) -> bool:
        """Whether the reform was run."""
        return bool((self.paths["which"] == REFORM).any())

    def at(self, which: str, january: int) -> dict[str, float] | None:
        """Return q10, q50 and q90 of a path in a January; None if no draw becomes it."""
        rows = self.paths[(self.paths["which"] == which) & (self.paths["january"] == january)]
        if rows.empty:
            return None
        return {name: float(rows.iloc[0][name]) for name in ("q10", "q50", "q90")}

    def in_words(self, which: str, january: int) -> str:
        """Return the plans of a path in a January: "9,610 (8,210 to 11,600)"; without the range where it has none."""
        row = self.at(which, january)
        if row is None:
            return "none"
        return shown("plans", row["q50"]) if np.isnan(row["q10"]) else in_table("plans", row)

    def middle(self, which: str, january: int) -> str:
        """Return the middle of a path in a January: "9,610"."""
        row = self.at(which, january)
        return "none" if row is None else shown("plans", row["q50"])

    def plans_in_words(self, which: str, january: int) -> str:
        """Return the plans of a path in a January for a sentence: "9,610 plans in January 2036 (8,210 to 11,600)"."""
        row = self.at(which, january)
        number = f"{self.middle(which, january)} plans in January {january}"
        if row is None or np.isnan(row["q10"]):
            return number
        return f"{number} ({wording.count_range(row['q10'], row['q90'])})"

    def names(self) -> dict[str, str]:
        """Return each path with its chance, as the key of a chart has it."""
        names = {one: f"{_DOES[one].capitalize()}: {self.chances[one]}" for one in FUTURES if self.draws[one]}
        names[TODAYS_RATES] = LABELS[TODAYS_RATES]
        if self.has_reform:
            names[REFORM] = f"The reform: {wording.chances(self.reform_chance)}"
        return names


def _path(total: xr.DataArray, which: str) -> pd.DataFrame:
    """Return a path from draws of plans in all, dims ``(draw, january)``; columns as `Futures.paths`."""
    count = total.sizes["draw"]
    if not count:
        return pd.DataFrame(columns=["which", "january", "q10", "q50", "q90"])
    frame = cells(total, ("january",)).assign(which=which)
    if count < FEW_DRAWS:
        frame[["q10", "q90"]] = np.nan
    return frame[["which", "january", "q10", "q50", "q90"]].astype({"january": "int64"})


def headline(futures: Futures) -> str:
    """Return one sentence on the three futures, fit to be read aloud."""
    shown = [one for one in FUTURES if futures.draws[one]]
    parts = [
        f"{futures.middle(one, futures.last)} if {'it' if n else 'joining'} {_DOES[one]} ({futures.chances[one]})"
        for n, one in enumerate(shown)
    ]
    return f"Plans in January {futures.last}: {', '.join(parts)}."


def finding(futures: Futures, january: int) -> str:
    """Return the likeliest future with its chance and its plans in a January, as the title of a chart."""
    likeliest = max(FUTURES, key=lambda one: futures.shares[one])
    plans = futures.middle(likeliest, january)
    return f"Joining {_DOES[likeliest]}, {futures.chances[likeliest]}: about {plans} plans by {january}"


def lines(futures: Futures) -> list[str]:
    """Return a sentence or two on each future, the rates of today and the reform."""
    written = [_future_line(futures, one) for one in FUTURES]
    written.append(
        f"{LABELS[TODAYS_RATES]}, and leaving rates with them: {futures.middle(TODAYS_RATES, futures.last)} plans in January "
        f"{futures.last}. A reference, not a forecast."
    )
    if futures.has_reform:
        written.append(reform_line(futures))
    return written


def _future_line(futures: Futures, one: str) -> str:
    begun = f"{LABELS[one]}, {futures.chances[one]}"
    if not futures.draws[one]:
        return f"{begun}: none of {sum(futures.draws.values())} possible futures, so no number can be given."
    few = (
        f" {futures.draws[one]} possible futures are too few for a range."
        if futures.draws[one] < FEW_DRAWS
        else ""
    )
    return f"{begun}: {futures.plans_in_words(one, futures.last)}.{few}"


def reform_line(futures: Futures) -> str:
    """Return sentences on the reform, its chance and why, and what the other chances then mean."""
    given = wording.chances(futures.reform_chance)
    why = (
        f"We put that at {given}: {WHY_REFORM_CHANCE}. Set another if you judge otherwise."
        if futures.reform_chance == defaults.REFORM_CHANCE
        else f"You put that at {given}."
    )
    return (
        f"{LABELS[REFORM]}: {futures.plans_in_words(REFORM, futures.last)}, at the sizes of the shipped scenario "
        f"{defaults.REFORM}. {why} The chances of the three futures are those without the reform, and no other figure here "
        "counts it."
    )


def how_tagged(futures: Futures) -> str:
    """Return a sentence on what makes a draw one future or another."""
    (first, last), (before, until) = (
        (futures.origin + years[0] - 1, futures.origin + years[-1] - 1) for years in (TO_YEARS, FROM_YEARS)
    )
    return (
        f"The joining rate is new plans a year for every 1,000 residents without one. It goes on rising where it is more than "
        f"{wording.per_cent(RISES_ABOVE - 1)} higher in {first} to {last} than in {before} and {until}, falls where it is more "
        f"than {wording.per_cent(1 - FALLS_BELOW)} lower, and levels off between."
    )


def judgement(futures: Futures) -> str:
    """Return a sentence on what the width of a range rests on beyond the years tested; blank if none is shown."""
    if futures.last <= futures.origin + TESTED_YEARS:
        return ""
    return (
        f"Beyond January {futures.origin + TESTED_YEARS} the width of a range is judgement, informed by three regimes: "
        f"{REGIMES}."
    )


def table(futures: Futures) -> pd.DataFrame:
    """Return every path as text: one row for each January, one column for each path."""
    januaries = [int(j) for j in sorted(futures.paths["january"].unique())]
    columns = {LABELS[which]: [futures.in_words(which, j) for j in januaries] for which in futures.names()}
    return pd.DataFrame(columns, index=pd.Index(januaries, name="January"))
