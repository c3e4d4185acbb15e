"""Comparison of scenarios, and the contribution of each lever.

Every scenario uses the draws of the first, so a difference is taken within a draw and then summarised
(`forecast.presentation.describe`).

Waterfall: with B the baseline and e[i] the effect of lever i alone, in every draw and January

    scenario = B + sum_i e[i] + interaction

where the interaction is what the levers do together beyond what each does alone. The bars add up exactly, draw by draw.
Printed, each bar is the step between two rounded levels, so whole numbers add up too and none is out by more than one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from data.errors import OptionError
from data.formatting import exact_pounds
from data.provisions import facts_of
from data.vocabulary import ALL, SPECIALIST_PROVISIONS
from forecast.core.outcome import ONE_CHILD, Outcome
from forecast.presentation import describe, published_figures, wording
from forecast.presentation.published_figures import FIGURES
from forecast.presentation.summary import LIKELY
from models.base import Array

if TYPE_CHECKING:
    from forecast.finance.finance_model import FinanceModel

MEASURES: Mapping[str, str] = {
    code: FIGURES[code].label
    for code in ("plans", "joiners", "leavers", "specialist_wanted", "shortfall", "p_shortfall", "cost")
}
"""What scenarios are compared on: code to label. January y stands for the financial year that it is in."""

POUNDS: Mapping[str, str] = {code: FIGURES[code].label for code in ("cost", "in_year_balance")}
"""Measures in pounds; they need the authority's prices and income (`forecast.finance.finance_model.FinanceModel`)."""

LABELLED: Mapping[str, str] = {**MEASURES, **POUNDS}
"""All that can be explained and sought: code to label."""

COLUMNS: Mapping[str, str] = {
    "scenario": "str", "la_code": "int64", "year": "int64", "measure": "str",
    "mean": "float64", "q10": "float64", "q50": "float64", "q90": "float64",
    "diff_mean": "float64", "diff_q10": "float64", "diff_q50": "float64", "diff_q90": "float64",
}  # fmt: skip
"""Columns of a comparison and their types, a public contract (docs/schema.md)."""

HEADINGS: Mapping[str, str] = {ALL: "All specialist places"} | {
    p: facts_of(p).heading for p in SPECIALIST_PROVISIONS
}
"""Specialist provisions, and all of them, as headings of narrow columns."""

INTERACTION = "acting together"
"""The bar of what levers do together beyond what each does alone; no lever's id has a space."""

AVERAGE = "Average"
"""Heading of the bars: averages, because bars have to add up to the change and middles do not."""

LABELS: Mapping[str, str] = {
    "baseline": "Baseline",
    INTERACTION: "Together, beyond each alone",
    "scenario": "Scenario",
}
"""The bars that are no lever's, for people."""

Draws = Mapping[str, Array]
"""Measure to draws, dims ``(draw, january)``."""


def measure(
    outcome: Outcome, name: str, provision: str | None = None, finance: FinanceModel | None = None
) -> Array:
    """Return the draws of one measure, dims ``(draw, january)``.

    ``p_shortfall`` is 1 in a draw and January in which a child or more is short, 0 in others: its mean is the chance.

    Parameters
    ----------
    outcome
        A run.
    name
        A code of `LABELLED`.
    provision
        Specialist provision whose places are measured; all of them where None.
    finance
        The authority's prices and income, for `POUNDS`.

    Raises
    ------
    OptionError
        Pounds are asked for without prices.
    """
    if name in POUNDS:
        if finance is None:
            raise OptionError(
                f"'{name}' is in pounds, but no prices were given. Prepare them with forecast.FinanceModel.of."
            )
        costs = finance.costs(outcome).high_needs
        pounds = costs if name == "cost" else finance.income(outcome).total - costs
        # The first financial year is the one that holds the first January.
        return np.asarray(pounds.transpose("draw", "financial_year").to_numpy(), dtype=float)
    cells = ("provision", "phase", "need_group")
    selected = slice(None) if provision is None else [provision]
    if name == "plans":
        values = outcome.plans.future.sum(("age", "need"))
    elif name in ("joiners", "leavers"):
        values = outcome.plans.flows[name].sum(("age", "need"))
    elif name == "specialist_wanted":
        values = outcome.shortfall.wanted.sel(provision=selected).sum(cells)
    else:
        short = outcome.shortfall.short.sel(provision=selected).sum(cells)
        values = short if name == "shortfall" else short >= ONE_CHILD
    return np.asarray(values.transpose("draw", "january").to_numpy(), dtype=float)


def measured(
    outcome: Outcome, provision: str | None = None, finance: FinanceModel | None = None
) -> dict[str, Array]:
    """Return the draws of each of `MEASURES`, dims ``(draw, january)``; cost only if prices are given.

    Parameters
    ----------
    outcome, provision, finance
        As in `measure`.
    """
    names = [n for n in MEASURES if finance is not None or n not in POUNDS]
    return {name: measure(outcome, name, provision, finance) for name in names}


def compared(outcomes: Mapping[str, Outcome], finance: FinanceModel | None = None) -> pd.DataFrame:
    """Return scenarios side by side with differences from the first, draw by draw; columns `COLUMNS`.

    Parameters
    ----------
    outcomes
        Scenario id to outcome, of one authority and the same draws.
    finance
        Prices and income of its baseline; None: cost is left out.
    """
    first = next(iter(outcomes.values()))
    januaries = [int(j) for j in first.plans.future["january"].to_numpy()]
    draws_of = {name: measured(outcome, finance=finance) for name, outcome in outcomes.items()}
    return tabulate_measured(draws_of, first.area.la_code, januaries)


def tabulate_measured(draws_of: Mapping[str, Draws], la_code: int, januaries: Sequence[int]) -> pd.DataFrame:
    """Return the table of `compared` from draws that were measured before.

    Parameters
    ----------
    draws_of
        Scenario id to `measured`, on the same draws.
    la_code, januaries
        Whose, and when.
    """
    base = next(iter(draws_of.values()))
    frames = []
    for name, measures in draws_of.items():
        for code, draws in measures.items():
            differences = describe.describe(draws - base[code], axis=0)
            numbers = describe.describe(draws, axis=0) | {f"diff_{k}": v for k, v in differences.items()}
            rows = {"scenario": name, "la_code": la_code, "year": januaries, "measure": code, **numbers}
            frames.append(pd.DataFrame(rows))
    return pd.concat(frames, ignore_index=True)[list(COLUMNS)].astype(dict(COLUMNS))


def first_shortfalls(outcomes: Mapping[str, Outcome]) -> pd.DataFrame:
    """Return, by scenario and provision, the first January in which a shortfall is at least as likely as not, with its spread.

    Columns: scenario, provision (all together first), january (0 for none), q10 and q90 of the first January with a shortfall in
    a draw (0 for none), and ``p_none``, the chance that there is none in any January.
    """
    rows = []
    for name, outcome in outcomes.items():
        years = outcome.plans.future["january"].to_numpy().astype(int)
        for provision in HEADINGS:
            falls = measure(outcome, "p_shortfall", None if provision == ALL else provision) > 0
            likely = describe.chance(falls, axis=0) >= LIKELY
            # A year after the last stands for "none".
            short = np.asarray(falls.any(axis=1))
            first = np.where(short, years[falls.argmax(axis=1)], years[-1] + 1)
            low, high = map(int, describe.percentiles(first, (0.1, 0.9), method="inverted_cdf"))
            rows.append(
                {
                    "scenario": name,
                    "provision": provision,
                    "january": int(years[likely.argmax()]) if likely.any() else 0,
                    "q10": low if low <= years[-1] else 0,
                    "q90": high if high <= years[-1] else 0,
                    "p_none": float(describe.chance(~short)),
                }
            )
    return pd.DataFrame(rows)


@dataclass(frozen=True, eq=False)
class Waterfall:
    """The contribution of each lever to one measure in one January.

    Parameters
    ----------
    measure, january
        A code of `LABELLED`, and when.
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
        """Return the bars as a table: bar, mean, q10, q50, q90; the means add up."""
        # Pairs, because a lever may be called baseline or scenario too.
        parts = [("baseline", self.baseline), *self.bars.items(), ("scenario", self.scenario)]
        return pd.DataFrame([{"bar": name, **describe.describe(draws)} for name, draws in parts])


def waterfall(
    name: str,
    january: int,
    baseline: Outcome,
    alone: Mapping[str, Outcome],
    together: Outcome,
    finance: FinanceModel | None = None,
) -> Waterfall:
    """Return the contribution of each lever to one measure in one January.

    Parameters
    ----------
    name, january
        A code of `LABELLED`, and when.
    baseline
        Without levers.
    alone
        Lever to the outcome of it alone.
    together
        With all of them.
    finance
        Prices and income, for `POUNDS`.
    """
    at = baseline.plans.future["january"].to_numpy().tolist().index(january)
    start, end = (measure(o, name, finance=finance)[:, at] for o in (baseline, together))
    bars = {lever: measure(outcome, name, finance=finance)[:, at] - start for lever, outcome in alone.items()}
    bars[INTERACTION] = end - start - sum(bars.values(), start=np.zeros_like(start))
    return Waterfall(name, january, start, end, bars)


def main_figures(outcome: Outcome, finance: FinanceModel | None = None) -> dict[str, dict[str, float]]:
    """Return the mean of each measure in the last January, for the history of runs; cost only if prices are given."""
    january = str(int(outcome.plans.future["january"].to_numpy()[-1]))
    return {
        january: {
            name: round(float(describe.mean(draws[:, -1])), 4)
            for name, draws in measured(outcome, finance=finance).items()
        }
    }


def side_by_side(table: pd.DataFrame, january: int) -> pd.DataFrame:
    """Return one January of a comparison as text: one row for each measure, one column for each scenario."""
    return _wide(table, january, "", signed=False)


def differences(table: pd.DataFrame, january: int) -> pd.DataFrame:
    """Return differences from the first scenario in one January as text, without the first scenario."""
    first = table["scenario"].iloc[0]
    others = table[table["scenario"] != first]
    return _wide(others, january, "diff_", signed=True)


def first_shortfall_text(outcomes: Mapping[str, Outcome]) -> pd.DataFrame:
    """Return `first_shortfalls` as text: one row a scenario, one column a provision, "2028 (2027 to 2031)" in a cell."""
    shortfalls = first_shortfalls(outcomes)
    lines = []
    for name, own in shortfalls.groupby("scenario", sort=False):
        line = {"Scenario": str(name)}
        for row in own.to_dict("records"):
            first, low, high = (str(row[n] or "none") for n in ("january", "q10", "q90"))
            line[HEADINGS[row["provision"]]] = first if first == low == high else f"{first} ({low} to {high})"
        lines.append(line)
    return pd.DataFrame(lines)


def short_by_kind(outcomes: Mapping[str, Outcome], january: int) -> pd.DataFrame:
    """Return children without the place they want in one January as text: one row a scenario, one column a provision."""
    lines = []
    for name, outcome in outcomes.items():
        at = outcome.plans.future["january"].to_numpy().tolist().index(january)
        line = {"Scenario": name}
        for provision, label in HEADINGS.items():
            draws = measure(outcome, "shortfall", None if provision == ALL else provision)[:, at]
            line[label] = published_figures.in_table("shortfall", describe.single(draws))
        lines.append(line)
    return pd.DataFrame(lines)


def waterfall_text(bars: Waterfall) -> pd.DataFrame:
    """Return a waterfall as text; the module says how it is rounded."""
    table = bars.table()
    chance = bars.measure == "p_shortfall"
    unit = 100 if chance else 1 / wording.TENTH_OF_MILLION if bars.measure in POUNDS else 1
    # The sixth decimal is far below a child and above what adding up in another order leaves behind.
    reached = np.rint(np.round(unit * table["mean"].to_numpy()[:-1].cumsum(), 6)).astype(int)
    means = [reached[0], *np.diff(reached), reached[-1]]
    last = len(means) - 1
    rows = []
    for position, (row, mean) in enumerate(zip(table.to_dict("records"), means, strict=True)):
        step = 0 < position < last
        label = LABELS.get(row["bar"], row["bar"]) if position in (0, last - 1, last) else row["bar"]
        line = {"Bar": label, AVERAGE: part(bars.measure, mean / unit, signed=step)}
        # A future either has a shortfall or has none, so a chance has no range.
        if not chance:
            line["80 % of futures"] = _ends(bars.measure, row["q10"], row["q90"], signed=step)
        if step and _is_nothing(row):
            line |= dict.fromkeys(list(line)[1:], "") | {AVERAGE: wording.NO_CHANGE}
        rows.append(line)
    return pd.DataFrame(rows)


def typed(measure: str, value: float) -> str:
    """Return a value of a measure that a person typed, as exact as it was typed."""
    if measure in POUNDS:
        return exact_pounds(value)
    return f"{100 * value:.10g} %" if measure == "p_shortfall" else f"{value:,.10g}"


def part(measure: str, value: float, *, signed: bool = False) -> str:
    """Return a value for a table in which values are added or compared: as in any table, but with counts to the whole number."""
    counted = measure not in POUNDS and measure != "p_shortfall"
    return (
        wording.whole(value, signed=signed)
        if counted
        else published_figures.shown(measure, value, signed=signed)
    )


def _ends(measure: str, low: float, high: float, *, signed: bool) -> str:
    if measure in POUNDS:
        return wording.table_pounds_range(low, high, signed=signed)
    return " to ".join(wording.whole(end, signed=signed) for end in (low, high))


def _wide(table: pd.DataFrame, january: int, prefix: str, *, signed: bool) -> pd.DataFrame:
    rows = table[table["year"] == january]
    lines = []
    for measure, label in MEASURES.items():
        if measure not in rows["measure"].to_numpy():
            continue
        line = {"Measure": label}
        for row in rows[rows["measure"] == measure].to_dict("records"):
            nothing = signed and _is_nothing(row, prefix)
            line[str(row["scenario"])] = (
                wording.NO_CHANGE
                if nothing
                else published_figures.in_table(measure, row, prefix, signed=signed)
            )
        lines.append(line)
    return pd.DataFrame(lines)


def _is_nothing(numbers: Mapping[Any, Any], prefix: str = "") -> bool:
    return all(numbers[f"{prefix}{n}"] == 0 for n in ("mean", "q10", "q90"))
