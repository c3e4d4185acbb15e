"""The high needs balance in a report: with and without the programme, on the same draws.

Figures are those of `forecast.presentation.money_tables.balance_rows`, which finance officers get as a table, rounded for
people. A deficit is minus.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from forecast.finance.balance import Balance, Comparison
from forecast.presentation import describe, wording
from forecast.presentation.funding_regimes import REGIME_WORDS
from forecast.presentation.money_report import change_in_table, deficit_or_surplus
from forecast.presentation.money_tables import balance_rows, chance_of_deficit
from forecast.presentation.published_figures import averaged, in_table, shown, spoken
from forecast.reports import charts
from forecast.reports.document import DocumentTable, Paper, Picture
from forecast.reports.options.interval import Spread

NOT_YET = (
    "A forecast of high needs cost and income was not given for this paper, so it does not say what the programme "
    "does to the high needs balance. The savings in the options are those of the schemes alone. Ask the finance "
    "officer for the balance with and without the programme before a decision that relies on it."
)
"""What is said where no balance is given."""

TESTED = 5
"""Years ahead for which forecasts of plans have been tested."""

OPENINGS: dict[str, str] = {
    "published": "as published",
    "council": "from the council's own accounts",
    "to verify": "from a summary of a Schools Forum paper, to be checked by the finance officer",
    "estimated": "an estimate, to be replaced by the council's own figure",
}
"""How an opening balance is known, by its basis."""


def headline(comparison: Comparison) -> str:
    """Return sentences on the programme's effect on the balance, in the last tested year and in the last year."""
    years = _years(comparison.unmitigated)
    tested = min(TESTED, len(years)) - 1
    deficit, before = (
        float(chance_of_deficit(b).isel(financial_year=tested))
        for b in (comparison.mitigated, comparison.unmitigated)
    )
    later = "" if tested == len(years) - 1 else f" By the end of {years[-1]} it is {_better(comparison, -1)}."
    without, with_it = wording.likelihood(before), wording.likelihood(deficit)
    return (
        f"At the end of {years[tested]} the high needs balance with the programme is expected to be "
        f"{_better(comparison, tested)}. A deficit then is {without} without the programme and {with_it} with it.{later}"
        + (" Years more than five ahead have not been tested against what happened." if later else "")
    )


def _better(comparison: Comparison, at: int) -> str:
    better = Spread.of("closing", comparison.better_by.isel(financial_year=at))
    if better.mean >= 0:
        return f"better than without it by {better.in_sentence()}"
    worse = better.turned
    return (
        f"worse than without it by {worse.in_sentence()}, because children who had no place get "
        "one and it has to be paid for"
    )


def balance_table(comparison: Comparison) -> DocumentTable:
    """Return the balance at 31 March of each year, with and without the programme, as a table."""
    rows = []
    without, with_ = _closing(comparison.unmitigated), _closing(comparison.mitigated)
    for year in _years(comparison.unmitigated):
        rows.append(
            {
                "Financial year": year,
                averaged("Without the programme"): in_table("closing", without[year]),
                averaged("With it"): in_table("closing", with_[year]),
                averaged("Better by"): change_in_table(
                    "closing", describe.single(comparison.better_by.sel(financial_year=year))
                ),
                "Chance of a deficit with it": shown("p_deficit", float(with_[year]["p_deficit"])),
            }
        )
    return DocumentTable(
        pd.DataFrame(rows),
        "High needs balance at 31 March, with and without the programme",
        widths=(1.6, 4.2, 4.2, 3.9, 2.0),
        note=f"{wording.IN_BRACKETS} A minus is a deficit. Prices of the year. Better by: taken within each possible "
        "future, so averages are the difference of the two columns and ranges are not.",
    )


def balance_chart(comparison: Comparison) -> Picture:
    """Return the balance at 31 March of each year, with and without the programme, as a chart."""
    years = _years(comparison.unmitigated)
    lines = []
    for name, one in (("Without", comparison.unmitigated), ("With", comparison.mitigated)):
        rows = _closing(one)
        low, mean, high = (tuple(float(rows[y][name]) for y in years) for name in ("q10", "mean", "q90"))
        lines.append(charts.Line(name, mean, low, high))
    last = years[-1]
    without, with_ = (line.middle[-1] for line in lines)
    # The change is told and not both balances: two rounded sums side by side would give another change.
    change = f"{spoken('closing', abs(with_ - without))} {'better' if with_ >= without else 'worse'}"
    ends = f"{deficit_or_surplus(without)} without the programme, {change} with it"
    return charts.over_years(
        [charts.ChartPanel("Balance", years, tuple(lines))],
        unit="Balance at 31 March",
        along="Financial year",
        title=f"High needs balance at the end of {last}: {ends}",
        key=f"Dots: without the programme. Squares: with it. {charts.BAND_KEY} Below the line is a deficit.",
        description=f"Line chart of the high needs balance at 31 March from {years[0]} to {last}. At the end of "
        f"{last}: {ends}, on average.",
        pounds=True,
    )


def write(paper: Paper, comparison: Comparison | None) -> None:
    """Write the section on money; if no balance is given, write that there is none."""
    paper.heading("High needs balance")
    if comparison is None:
        paper.paragraph(NOT_YET)
        return
    paper.paragraph(headline(comparison))
    paper.picture(balance_chart(comparison))
    paper.table(balance_table(comparison))
    one = comparison.unmitigated
    known = REGIME_WORDS.get(one.regime)
    regime = f"the regime '{one.regime}'" if known is None else known.meaning
    opening = OPENINGS.get(one.opening_basis, one.opening_basis)
    paper.paragraph(
        f"The opening balance is {opening}. The rule that keeps deficits off the council's reserves ends with "
        f"{one.override_ends.label}. Here {regime}; that is not settled in law."
    )


def _years(one: Balance) -> tuple[str, ...]:
    return tuple(str(y) for y in one.closing["financial_year"].to_numpy())


def _closing(one: Balance) -> dict[str, dict[str, Any]]:
    rows = balance_rows(one)
    rows = rows[rows["line"] == "closing"]
    rows = rows.assign(mean=rows["mean_pence"] / 100).rename(columns={"q10_gbp": "q10", "q90_gbp": "q90"})
    return {str(r["financial_year"]): {str(k): v for k, v in r.items()} for r in rows.to_dict("records")}
