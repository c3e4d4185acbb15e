"""The page Scenarios: comparisons with the forecast, for one January and over the years, in figures and words.

Invariant: every figure is `forecast.presentation.compare`'s, so the page says what ``sendplan scenario compare`` does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from data.financial_year import FinancialYear
from forecast.presentation import compare, published_figures, wording
from forecast.ui.frame.choices import BASELINE
from models.base import Array

FORECAST_COLUMN = "The forecast"
SCENARIO_COLUMN = "This scenario"
DIFFERENCE_COLUMN = "Difference"

_SPOKEN: Mapping[str, tuple[str, str]] = {
    "plans": ("EHC plan", "EHC plans"),
    "shortfall": ("child short of a specialist place", "children short of a specialist place"),
}
"""Measures that the sentence names, one and several."""

_COUNTED: Mapping[str, str] = {
    "plans": "EHC plans",
    "specialist_wanted": "children who want a specialist place",
    "shortfall": "children short of a specialist place",
}
"""Measures that are counts, as a chart's finding names them."""


@dataclass(frozen=True)
class Beside:
    """Scenarios compared with the forecast or with each other.

    Parameters
    ----------
    table
        `forecast.presentation.compare.compared`: every January, measure and scenario; the first is what differences are from.
    names
        Name in the table to title, in order.
    """

    table: pd.DataFrame
    names: Mapping[str, str]


def beside(
    measured: Mapping[str, Mapping[str, Array]],
    titles: Mapping[str, str],
    la_code: int,
    januaries: Sequence[int],
) -> Beside:
    """Return scenarios side by side.

    Parameters
    ----------
    measured
        Name to `forecast.presentation.compare.measured`, the first being what differences are from.
    titles
        Name to title.
    la_code, januaries
        Whose, and when.
    """
    return Beside(
        compare.tabulate_measured(measured, la_code, januaries), {name: titles[name] for name in measured}
    )


def against_forecast(comparison: Beside, january: int) -> pd.DataFrame:
    """Return one January as text: measure; difference, scenario and forecast, each with its 80 % interval."""
    scenario = list(comparison.names)[-1]
    levels = compare.side_by_side(comparison.table, january).set_index("Measure")
    away = compare.differences(comparison.table, january).set_index("Measure")
    shown = pd.DataFrame(
        {
            DIFFERENCE_COLUMN: away[scenario] if scenario != BASELINE else wording.NO_CHANGE,
            SCENARIO_COLUMN: levels[scenario],
            FORECAST_COLUMN: levels[BASELINE],
        }
    )
    return shown.rename_axis("Measure")


def side_by_side(comparison: Beside, january: int) -> pd.DataFrame:
    """Return one January as text: one row for each measure, one column for each scenario, headed by its title."""
    return (
        compare.side_by_side(comparison.table, january)
        .rename(columns=dict(comparison.names))
        .set_index("Measure")
    )


def differences(comparison: Beside, january: int) -> pd.DataFrame:
    """Return differences from the first scenario in one January as text, without the first."""
    return (
        compare.differences(comparison.table, january)
        .rename(columns=dict(comparison.names))
        .set_index("Measure")
    )


def sentence(comparison: Beside, area: str, january: int) -> str:
    """Return a sentence on the effects of a scenario, fit to be read aloud."""
    scenario = list(comparison.names)[-1]
    rows = comparison.table[
        (comparison.table["scenario"] == scenario) & (comparison.table["year"] == january)
    ].set_index("measure")
    parts = [
        _spoken(code, _row(comparison, scenario, code, january), *names) for code, names in _SPOKEN.items()
    ]
    pounds = (
        f"; and {_pounds(_row(comparison, scenario, 'cost', january), january)}"
        if "cost" in rows.index
        else ""
    )
    if (rows[["diff_q10", "diff_q90", "diff_mean"]] == 0).all(axis=None):
        return f"In January {january} {area} would be as in the forecast: no lever acts by then on plans, places or pounds."
    return f"In January {january}, against the forecast, {area} would have {parts[0]} and {parts[1]}{pounds}."


def _spoken(code: str, row: Mapping[str, Any], one: str, many: str) -> str:
    low, high = (float(row[name]) for name in ("diff_q10", "diff_q90"))
    centre = published_figures.value(code, row, "diff_")
    if not round(centre):
        return f"about as many {many}"
    crosses = low < 0 < high
    ends = (low, high) if crosses else sorted((abs(low), abs(high)))
    shown = " to ".join(published_figures.shown(code, end, signed=crosses) for end in ends)
    number = published_figures.shown(code, abs(centre))
    return f"{number} {'more' if centre > 0 else 'fewer'} {one if number == '1' else many} (80 % interval {shown})"


def _pounds(row: Mapping[str, Any], january: int) -> str:
    year = FinancialYear(january - 1).label
    low, high = (float(row[name]) for name in ("diff_q10", "diff_q90"))
    average = published_figures.value("cost", row, "diff_")
    if abs(average) < wording.NEGLIGIBLE:
        return f"high needs would cost about as much in {year}"
    crosses = low < 0 < high
    ends = (low, high) if crosses else sorted((abs(low), abs(high)))
    shown = " to ".join(published_figures.spoken("cost", end, *ends, average, signed=crosses) for end in ends)
    cost = f"{published_figures.spoken('cost', abs(average), *ends)} {'more' if average > 0 else 'less'}"
    return f"high needs would cost {cost} in {year} on average (80 % interval {shown})"


def lines(comparison: Beside, measure: str, last: int) -> pd.DataFrame:
    """Return one measure each January up to the last: scenario (title), january, centre, q10, q90."""
    rows = comparison.table[(comparison.table["measure"] == measure) & (comparison.table["year"] <= last)]
    shown = rows.assign(scenario=[comparison.names[n] for n in rows["scenario"]]).rename(
        columns={"year": "january", published_figures.FIGURES[measure].centre: "centre"}
    )
    return shown[["scenario", "january", "centre", "q10", "q90"]].reset_index(drop=True)


def lines_in_words(frame: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return `lines` as text: one row for each January, one column for each scenario."""
    column = published_figures.FIGURES[measure].centre
    cells = [
        published_figures.in_table(measure, row)
        for row in frame.rename(columns={"centre": column}).to_dict("records")
    ]
    wide = frame.assign(cell=cells).set_index(["january", "scenario"])["cell"].unstack()  # noqa: PD010 - one cell each
    return wide[list(dict.fromkeys(frame["scenario"]))].rename_axis(index="January", columns=None)


def steps(table: pd.DataFrame) -> pd.DataFrame:
    """Return a waterfall as bars: label, start, end, low, high (80 % interval of the end of the bar), kind, change.

    Parameters
    ----------
    table
        `forecast.presentation.compare.Waterfall.table`.
    """
    rows, level = [], 0.0
    last = len(table) - 1
    for position, row in enumerate(table.to_dict("records")):
        mean = float(row["mean"])
        if position in (0, last):
            rows.append(
                (compare.LABELS[row["bar"]], 0.0, mean, float(row["q10"]), float(row["q90"]), "total", mean)
            )
            level = mean
            continue
        label = compare.LABELS.get(row["bar"], row["bar"])
        kind = "more" if mean >= 0 else "fewer"
        rows.append(
            (label, level, level + mean, level + float(row["q10"]), level + float(row["q90"]), kind, mean)
        )
        level += mean
    return pd.DataFrame(rows, columns=["label", "start", "end", "low", "high", "kind", "change"])


def finding(comparison: Beside, measure: str, january: int) -> str:
    """Return the finding of a chart of a scenario compared with the forecast."""
    scenario = list(comparison.names)[-1]
    row = _row(comparison, scenario, measure, january)
    away = published_figures.value(measure, row, "diff_")
    when = f"January {january}" if measure not in compare.POUNDS else FinancialYear(january - 1).label
    if _is_nothing(measure, away):
        return f"As in the forecast to {when}"
    step = published_figures.spoken(measure, abs(away), signed=measure == "p_shortfall").removeprefix("+")
    if measure in compare.POUNDS:
        return f"{step} {'more' if away > 0 else 'less'} high needs cost in {when}"
    if measure == "p_shortfall":
        return f"Chance of a shortfall {step} {'higher' if away > 0 else 'lower'} by {when}"
    return f"{step} {'more' if away > 0 else 'fewer'} {_COUNTED[measure]} by {when}"


def finding_of_many(comparison: Beside, measure: str, january: int) -> str:
    """Return the finding of a chart of several scenarios: the highest and the lowest."""
    figures = {
        title: published_figures.value(measure, _row(comparison, name, measure, january))
        for name, title in comparison.names.items()
    }
    high, low = max(figures, key=figures.__getitem__), min(figures, key=figures.__getitem__)
    if published_figures.spoken(measure, figures[high]) == published_figures.spoken(measure, figures[low]):
        return f"All alike by January {january}: {published_figures.spoken(measure, figures[high])}"
    ends = [f"{published_figures.spoken(measure, figures[title])} ({title})" for title in (low, high)]
    return f"{compare.MEASURES[measure]}, by January {january}: from {' to '.join(ends)}"


def _is_nothing(measure: str, change: float) -> bool:
    """Return whether a change is too small to be told."""
    if measure in compare.POUNDS:
        return abs(change) < wording.NEGLIGIBLE
    return not round(100 * change if measure == "p_shortfall" else change)


def has(comparison: Beside, measure: str) -> bool:
    """Return whether a measure is among the figures; pounds are missing if an authority's income is not published."""
    return measure in set(comparison.table["measure"])


def centre(comparison: Beside, measure: str, january: int) -> float:
    """Return a measure in the last of the scenarios; 0 if it was not measured."""
    if not has(comparison, measure):
        return 0.0
    return published_figures.value(measure, _row(comparison, list(comparison.names)[-1], measure, january))


def _row(comparison: Beside, scenario: str, measure: str, january: int) -> dict[str, Any]:
    table = comparison.table
    at = (table["scenario"] == scenario) & (table["measure"] == measure) & (table["year"] == january)
    return {str(name): value for name, value in table[at].to_dict("records")[0].items()}
