"""Scenarios side by side, and what each lever contributed: like `forecast.summary`, draws become numbers here, and only here.

Every scenario uses the draws of the first, so a difference is taken within a draw and then summarised.

Waterfall: with B the baseline and e[i] the effect of lever i alone, in every draw and January

    scenario = B + sum_i e[i] + interaction

where the interaction is what the levers do together beyond what each does alone. The bars add up exactly, draw by draw.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.outcome import Outcome
from forecast.summary import LIKELY, ONE_CHILD
from models.base import Array

MEASURES: Mapping[str, str] = {
    "plans": "EHC plans",
    "joiners": "New EHC plans in the year",
    "leavers": "EHC plans that ended in the year",
    "specialist_wanted": "Children who want a specialist place",
    "shortfall": "Children without the specialist place they want",
    "p_shortfall": "Chance that at least one child is without the specialist place they want",
}
"""What scenarios are compared on: code to label."""

COLUMNS: tuple[str, ...] = (
    "scenario", "la_code", "year", "measure", "mean", "q10", "q50", "q90", "diff_mean", "diff_q10", "diff_q50", "diff_q90",
)  # fmt: skip
"""Columns of a comparison, a public contract (docs/schema.md)."""

INTERACTION = "interaction"
"""The bar of what levers do together beyond what each does alone."""

Draws = Mapping[str, Array]
"""Measure to draws, dims ``(draw, january)``."""


def measured(outcome: Outcome, provision: str | None = None) -> dict[str, Array]:
    """Return the draws of each of `MEASURES`, dims ``(draw, january)``.

    ``p_shortfall`` is 1 in a draw and January in which a child or more is short, 0 in others: its mean is the chance.

    Parameters
    ----------
    outcome
        A run.
    provision
        Specialist provision whose places are measured; all of them where None.
    """
    flows = outcome.plans.flows
    asked = slice(None) if provision is None else [provision]
    short = outcome.shortfall.short.sel(provision=asked).sum(("provision", "phase", "need_group"))
    found = {
        "plans": outcome.plans.future.sum(("age", "need")),
        "joiners": flows["joiners"].sum(("age", "need")),
        "leavers": flows["leavers"].sum(("age", "need")),
        "specialist_wanted": outcome.shortfall.wanted.sel(provision=asked).sum(
            ("provision", "phase", "need_group")
        ),
        "shortfall": short,
        "p_shortfall": short >= ONE_CHILD,
    }
    return {name: found[name].transpose("draw", "january").to_numpy().astype(float) for name in MEASURES}


def compared(outcomes: Mapping[str, Outcome]) -> pd.DataFrame:
    """Return scenarios side by side: columns `COLUMNS`, differences against the first, draw by draw.

    Parameters
    ----------
    outcomes
        Scenario id to outcome, of one authority and the same draws.
    """
    first = next(iter(outcomes.values()))
    januaries = first.plans.future["january"].to_numpy()
    base = measured(first)
    frames = []
    for name, outcome in outcomes.items():
        for measure, draws in measured(outcome).items():
            told = _told(draws) | {f"diff_{k}": v for k, v in _told(draws - base[measure]).items()}
            frames.append(
                pd.DataFrame(
                    {
                        "scenario": name,
                        "la_code": first.area.la_code,
                        "year": januaries,
                        "measure": measure,
                        **told,
                    }
                )
            )
    return pd.concat(frames, ignore_index=True).astype({"year": "int64"})[list(COLUMNS)]


def first_shortfalls(outcomes: Mapping[str, Outcome]) -> pd.DataFrame:
    """Return, for each scenario, the first January in which a shortfall is at least as likely as not, and its spread.

    Columns: scenario, january (0 for none), q10 and q90 of the first January with a shortfall in a draw (0 for none), and
    ``p_none``, the chance that there is none in any January.
    """
    rows = []
    for name, outcome in outcomes.items():
        years = outcome.plans.future["january"].to_numpy().astype(int)
        falls = measured(outcome)["p_shortfall"] > 0
        likely = falls.mean(axis=0) >= LIKELY
        # A year after the last stands for "none".
        first = np.where(falls.any(axis=1), years[falls.argmax(axis=1)], years[-1] + 1)
        low, high = (int(q) for q in np.quantile(first, (0.1, 0.9), method="inverted_cdf"))
        rows.append(
            {
                "scenario": name,
                "january": int(years[likely.argmax()]) if likely.any() else 0,
                "q10": low if low <= years[-1] else 0,
                "q90": high if high <= years[-1] else 0,
                "p_none": float((~falls.any(axis=1)).mean()),
            }
        )
    return pd.DataFrame(rows)


@dataclass(frozen=True, eq=False)
class Waterfall:
    """What each lever contributed to one measure in one January.

    Parameters
    ----------
    measure, january
        A code of `MEASURES`, and when.
    baseline, scenario
        Draws, dims ``(draw,)``.
    bars
        Name of the lever, and `INTERACTION`, to draws: baseline plus bars is the scenario in every draw.
    """

    measure: str
    january: int
    baseline: Array
    scenario: Array
    bars: Mapping[str, Array]

    def table(self) -> pd.DataFrame:
        """Return the bars as numbers: bar, mean, q10, q50, q90; the means add up."""
        parts = {"baseline": self.baseline, **self.bars, "scenario": self.scenario}
        return pd.DataFrame([{"bar": name, **_told(draws)} for name, draws in parts.items()])


def waterfall(
    measure: str, january: int, baseline: Outcome, alone: Mapping[str, Outcome], together: Outcome
) -> Waterfall:
    """Return what each lever contributed.

    Parameters
    ----------
    measure, january
        A code of `MEASURES`, and when.
    baseline
        Without levers.
    alone
        Lever to the outcome of it alone.
    together
        With all of them.
    """
    at = baseline.plans.future["january"].to_numpy().tolist().index(january)
    start, end = (measured(o)[measure][:, at] for o in (baseline, together))
    bars = {name: measured(outcome)[measure][:, at] - start for name, outcome in alone.items()}
    bars[INTERACTION] = end - start - sum(bars.values(), start=np.zeros_like(start))
    return Waterfall(measure, january, start, end, bars)


def main_figures(outcome: Outcome) -> dict[str, dict[str, float]]:
    """Return the means of each measure in the last January, for the history of runs."""
    january = str(int(outcome.plans.future["january"].to_numpy()[-1]))
    return {
        january: {name: round(float(draws[:, -1].mean()), 4) for name, draws in measured(outcome).items()}
    }


def side_by_side(table: pd.DataFrame, january: int) -> pd.DataFrame:
    """Return one January of a comparison as text: a row a measure, a column a scenario."""
    return _wide(table, january, "mean", "q10", "q90", signed=False)


def differences(table: pd.DataFrame, january: int) -> pd.DataFrame:
    """Return the differences from the first scenario in one January as text, without the first itself."""
    first = table["scenario"].iloc[0]
    others = table[table["scenario"] != first]
    return _wide(others, january, "diff_mean", "diff_q10", "diff_q90", signed=True)


def first_shortfall_text(outcomes: Mapping[str, Outcome]) -> pd.DataFrame:
    """Return `first_shortfalls` as text."""
    found = first_shortfalls(outcomes)
    none = "none"
    return pd.DataFrame(
        {
            "Scenario": found["scenario"],
            "At least as likely as not": [str(j) if j else none for j in found["january"]],
            "80 % of futures": [
                f"{low or none} to {high or none}"
                for low, high in zip(found["q10"], found["q90"], strict=True)
            ],
            "Chance of none": [f"{p:.0%}" for p in found["p_none"]],
        }
    )


def waterfall_text(found: Waterfall) -> pd.DataFrame:
    """Return a waterfall as text."""
    rows = []
    for row in found.table().to_dict("records"):
        signed = row["bar"] not in ("baseline", "scenario")
        mean, low, high = (shown(found.measure, row[n], signed=signed) for n in ("mean", "q10", "q90"))
        rows.append({"Bar": row["bar"], "Mean": mean, "80 % of futures": f"{low} to {high}"})
    return pd.DataFrame(rows)


def shown(measure: str, value: float, *, signed: bool = False) -> str:
    """Return a value of a measure for people."""
    sign = "+" if signed else ""
    if measure == "p_shortfall":
        return f"{100 * value:{sign}.0f} points" if signed else f"{value:.0%}"
    # Minus nothing is nothing.
    return f"{round(value) + 0:{sign},.0f}"


def _wide(
    table: pd.DataFrame, january: int, middle: str, low: str, high: str, *, signed: bool
) -> pd.DataFrame:
    rows = table[table["year"] == january]
    lines = []
    for measure, label in MEASURES.items():
        line = {"Measure": label}
        for row in rows[rows["measure"] == measure].to_dict("records"):
            text = shown(measure, row[middle], signed=signed)
            # A future either has a shortfall or has none, so a chance has no interval.
            if measure != "p_shortfall":
                text += f" ({shown(measure, row[low], signed=signed)} to {shown(measure, row[high], signed=signed)})"
            line[str(row["scenario"])] = text
        lines.append(line)
    return pd.DataFrame(lines)


def _told(draws: Array) -> dict[str, Array]:
    """Return mean and 10th, 50th and 90th percentile over draws, the first axis."""
    q10, q50, q90 = np.quantile(draws, (0.1, 0.5, 0.9), axis=0)
    return {"mean": draws.mean(axis=0), "q10": q10, "q50": q50, "q90": q90}
