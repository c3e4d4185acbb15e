"""The page Money: high needs cost, income and balance by financial year, why cost changes, regimes, and prices.

Invariant: every number comes from `forecast.presentation.money_tables` or `forecast.presentation.money_report`, in nominal
pounds, so the page says what ``sendplan money`` says.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from data.formatting import exact_pounds
from data.prices.price_book import ITEMS
from forecast.core.table_files import csv_bytes
from forecast.finance.attribution import CAUSES, attribution
from forecast.finance.cost_model import HIGH_NEEDS
from forecast.finance.finance_model import Money
from forecast.presentation import money_report, money_tables, wording
from forecast.presentation.money_report import CAUSE_LABELS, MoneyTables, Ways
from forecast.presentation.money_tables import attribution_table
from forecast.presentation.published_figures import averaged, in_table, shown
from forecast.ui.views import council_files
from forecast.ui.views.common import Measure, Source

S251 = "Department for Education: S251 outturn 2021-22, DSG allocations 2019-20 to 2023-24; the prices in use, below"

ESTIMATED = "income after 2023-24, the opening balance where it is not published, and prices marked estimated or assumed"
"""What stands behind every figure that nobody has published."""

WITHOUT = "Without further action"
"""The forecast, where a scenario is set beside it."""

ON_PAGE = Ways(
    register="on the page Data",
    prices="below",
    unscaled=" The command line can leave that out (--as-modelled).",
    growth="",
    where="in the table of prices below",
)
"""How a reader of the page gives what the notes ask for."""

MOST_LINES = 8
"""Lines of cost in the chart; all are in the table."""

_GROWTHS = {
    "'gdp_deflator'": "growth with the GDP deflator",
    "'flat'": "no growth",
    "'last_growth'": "growth as lately",
}


@dataclass(frozen=True)
class MoneyView:
    """The content of the page Money.

    Parameters
    ----------
    headline
        The sentence a finance director can say aloud.
    scenario
        Title of the scenario; None for the forecast.
    measures
        January to the four figures of the financial year it is in.
    balance
        Balance at 31 March: january (the year of that March), who, mean, q10, q90.
    flows
        Cost and income by financial year: january (as above), what, mean, q10, q90.
    by_year
        Cost, income, in year, balance, chance, as text.
    deficit
        Chance of a deficit: a row with and without the grant, and the scenario; a column a 31 March.
    lines
        Every line: january, line, label, s251, block, mean, q10, q90.
    why
        January to why cost differs from the first year: `forecast.presentation.money_tables.attribution_table`.
    regimes
        Regimes as text.
    override
        The 31 March on which the override ends.
    difference, why_scenario
        What the scenario changes, as text; None without one.
    prices
        Prices in use, as text.
    notes
        What a reader should know.
    """

    headline: str
    scenario: str | None
    measures: Mapping[int, tuple[Measure, ...]]
    balance: pd.DataFrame
    flows: pd.DataFrame
    by_year: pd.DataFrame
    deficit: pd.DataFrame
    lines: pd.DataFrame
    why: Mapping[int, pd.DataFrame]
    regimes: pd.DataFrame
    override: int
    difference: pd.DataFrame | None
    why_scenario: Mapping[int, pd.DataFrame]
    prices: pd.DataFrame
    notes: tuple[str, ...]


def march(year: str) -> int:
    """Return the calendar year of the 31 March in a financial year such as "2025-26"."""
    return int(year[:4]) + 1


def label_of(january: int) -> str:
    """Return the name of the financial year that contains a January."""
    return f"{january - 1}-{january % 100:02d}"


def cells(row: Any) -> dict[str, Any]:
    """Return a row of a frame as a dictionary by column."""
    return {str(name): value for name, value in row.items()}


def money(run: MoneyTables) -> MoneyView:
    """Return the content of the page for a run."""
    tables = {WITHOUT: run.unmitigated or run.shown}
    scenario = run.shown.outcome.scenario
    if run.unmitigated is not None and scenario is not None:
        tables[scenario] = run.shown
    frames = {
        who: run.balance if one is run.shown else money_tables.balance_table(one)
        for who, one in tables.items()
    }
    years = run.shown.costs.years
    shown = frames[scenario] if scenario in frames else frames[WITHOUT]
    why = {
        march(y.label): attribution_table(attribution(run.shown.costs, run.shown.costs, years[0], y))
        for y in years[1:]
    }
    ours: dict[int, pd.DataFrame] = {}
    if run.unmitigated is not None:
        ours = {
            march(y.label): attribution_table(attribution(run.unmitigated.costs, run.shown.costs, y))
            for y in years
        }
    override = run.shown.balance.override_ends.label
    at = [y for y in (override, *(label_of(j) for j in (2030, 2035))) if y in run.years]
    return MoneyView(
        headline=money_report.headline(run),
        scenario=scenario if run.unmitigated is not None else None,
        measures=_measures(run, shown),
        balance=pd.concat(
            [_line(t, "cumulative", "closing").assign(who=w) for w, t in frames.items()], ignore_index=True
        ),
        flows=pd.concat(
            [_line(shown, kind, "total").assign(what=kind) for kind in ("cost", "income")], ignore_index=True
        ),
        by_year=money_report.balance_by_year(run),
        deficit=_deficit(run, tables),
        lines=_lines(run.shown, shown),
        why=why,
        regimes=money_report.regimes_text(run.regimes, list(dict.fromkeys(at))),
        override=march(override),
        difference=money_report.difference_text(run),
        why_scenario=ours,
        prices=_prices(run),
        notes=tuple(_plainly(line) for line in money_report.notes(run, ON_PAGE)),
    )


def _plainly(line: str) -> str:
    for code, words in _GROWTHS.items():
        line = line.replace(code, words)
    return line


def _line(table: pd.DataFrame, kind: str, line: str) -> pd.DataFrame:
    rows = table[(table["kind"] == kind) & (table["line"] == line)]
    return pd.DataFrame(
        {
            "january": [march(y) for y in rows["financial_year"]],
            **{c: list(rows[c]) for c in ("mean", "q10", "q90")},
        }
    )


def _measures(run: MoneyTables, table: pd.DataFrame) -> dict[int, tuple[Measure, ...]]:
    """Return cost, income, overspend and balance of each year."""
    by_key = table.set_index(["kind", "line", "financial_year"])
    rows = {key: cells(row) for key, row in by_key.iterrows()}
    p = money_tables.chance_of_deficit(run.shown.balance)
    first = run.years[0]
    sure = f"80 % interval: about {wording.MOST_FUTURES} should fall inside. The figure is the average, so that lines add up"
    forecast = f"Forecast from January {run.shown.outcome.plans.origin}"
    measures: dict[int, tuple[Measure, ...]] = {}
    for year in run.years:
        cost, income, in_year, closing = (
            rows[kind, line, year]
            for kind, line in (
                ("cost", "total"), ("income", "total"), ("balance", "in_year"), ("cumulative", "closing"),
            )
        )  # fmt: skip
        source = Source("Pounds of the year", f"Financial year {year}. {forecast}", sure, S251, ESTIMATED)
        grown = cost["mean"] / rows["cost", "total", first]["mean"] - 1
        over = in_year["mean"] < 0
        measures[march(year)] = (
            Measure(
                "High needs cost, average", shown("cost", cost["mean"]), _range(cost),
                f"{wording.growth(grown)} since {first}" if year != first else f"The first year, {first}", source,
                ("High needs block",),
            ),
            Measure(
                "Income, average", shown("income", income["mean"]), _range(income), "The grant before deductions for places",
                source, ("High needs block",),
            ),
            Measure(
                f"{'Overspent' if over else 'Underspent'} in the year, average", shown("in_year_balance", abs(in_year["mean"])),
                _range(in_year, flip=over), f"{wording.per_cent(abs(in_year['mean']) / income['mean'])} of income", source, (),
            ),
            Measure(
                f"{'Deficit' if closing['mean'] < 0 else 'Surplus'} at 31 March {march(year)}, average",
                shown("closing", abs(closing["mean"])), _range(closing, flip=closing["mean"] < 0),
                f"Chance of a deficit: {wording.chances(float(p.sel(financial_year=year)))}", source,
                ("Deficit", "Statutory override"),
            ),
        )  # fmt: skip
    return measures


def _range(row: Mapping[Any, Any], *, flip: bool = False) -> str:
    low, high = (-row["q90"], -row["q10"]) if flip else (row["q10"], row["q90"])
    return f"80 % interval {wording.table_pounds_range(low, high)}"


def _deficit(run: MoneyTables, tables: Mapping[str, Money]) -> pd.DataFrame:
    rows = {}
    for who, one in tables.items():
        for paid, words in ((1.0, "grant paid"), (0.0, "grant not paid")):
            balance = run.finance.closing(one.outcome, one.costs, one.income, None, paid)
            rows[f"{'With the scenario' if who != WITHOUT else who}, {words}"] = (
                money_tables.chance_of_deficit(balance).to_numpy()
            )
    frame = pd.DataFrame(rows, index=[march(y) for y in run.years]).T
    frame.index.name = "Balance at 31 March"
    return frame


def _lines(shown: Money, table: pd.DataFrame) -> pd.DataFrame:
    """Return every line of cost and its totals, by year."""
    labels = {line.code: line.label for line in shown.costs.lines} | {
        "total": "All high needs", "total_general_fund": "Transport (general fund)",
    }  # fmt: skip
    rows = table[table["kind"] == "cost"]
    return pd.DataFrame(
        {
            "january": [march(y) for y in rows["financial_year"]],
            "line": list(rows["line"]),
            "label": [labels[code] for code in rows["line"]],
            "s251": list(rows["s251"]),
            "block": list(rows["dsg_block"]),
            **{c: list(rows[c]) for c in ("mean", "q10", "q90")},
        }
    )


def largest(view: MoneyView, january: int) -> pd.DataFrame:
    """Return the largest high needs lines of one year, with the cost of the first year as ``before``."""
    own = view.lines[(view.lines["block"] == HIGH_NEEDS) & (view.lines["line"] != "total")]
    first = own[own["january"] == own["january"].min()].set_index("line")["mean"]
    at = own[own["january"] == january].sort_values("mean", ascending=False).head(MOST_LINES)
    return at.assign(before=[float(first[code]) for code in at["line"]]).reset_index(drop=True)


def lines_text(view: MoneyView, january: int) -> pd.DataFrame:
    """Return every line in the first year and in one other as text, largest first."""
    wide = view.lines.sort_values("mean", ascending=False)
    totals = ("total", "total_general_fund")
    at = wide[wide["january"] == january]
    at = pd.concat([at[~at["line"].isin(totals)], *(at[at["line"] == t] for t in totals)])
    first = int(view.lines["january"].min())
    before = wide[wide["january"] == first].set_index("line")
    return pd.DataFrame(
        {
            "Line": list(at["label"]),
            "S251 line": [code.replace(";", ", ") for code in at["s251"]],
            "Paid from": ["General fund" if b != HIGH_NEEDS else "High needs block" for b in at["block"]],
            averaged(label_of(first)): [in_table("cost", cells(before.loc[code])) for code in at["line"]],
        }
        | (
            {averaged(label_of(january)): [in_table("cost", cells(r)) for r in at.to_dict("records")]}
            if january != first
            else {}
        )
    )


def steps(view: MoneyView, january: int) -> pd.DataFrame:
    """Return why cost differs from the first year as bars: label, start, end, low, high, kind, change; in pounds."""
    table = view.why[january].set_index(["part", "cause"])
    cost = view.flows[view.flows["what"] == "cost"].set_index("january")["mean"]
    first = int(cost.index.min())
    at = float(cost[first])
    rows = [_total(first, at)]
    for cause in CAUSES:
        row = cells(table.loc[("All", cause)])
        end = at + float(row["mean"])
        rows.append(
            {
                "label": CAUSE_LABELS[cause], "start": at, "end": end, "low": at + float(row["q10"]),
                "high": at + float(row["q90"]),
                "kind": "more" if row["mean"] >= 0 else "fewer", "change": float(row["mean"]),
            }
        )  # fmt: skip
        at = end
    rows.append(_total(january, float(cost[january])))
    return pd.DataFrame(rows)


def _total(january: int, cost: float) -> dict[str, Any]:
    return {
        "label": f"Cost in {label_of(january)}", "start": 0.0, "end": cost, "low": cost, "high": cost, "kind": "total",
        "change": cost,
    }  # fmt: skip


def _prices(run: MoneyTables) -> pd.DataFrame:
    """Return the prices in use as text, highest of an item first."""
    table = money_tables.prices_table(run.finance)
    place = [list(ITEMS).index(item) for item in table["item"]]
    table = table.assign(place=place).sort_values(["place", "price"], ascending=[True, False], kind="stable")
    means = [str(c) for c in table.columns if str(c).startswith("mean_")]
    rows = []
    for row in table.to_dict("records"):
        share = ITEMS[str(row["item"])].unit == "share"
        named = council_files.price_name(pd.Series({str(k): v for k, v in row.items()}))
        line = {"Price of": named, "For one": "share of pupils" if share else str(row["unit"])}
        line["As given"] = _given(row, share=share)
        line["Price year"] = str(row["price_year"])
        for name in means:
            year = name.removeprefix("mean_")
            line[f"In {year}"] = _amount(
                {"mean": row[name], "q10": row[f"q10_{year}"], "q90": row[f"q90_{year}"]}, share=share
            )
        line["Basis"] = f"{str(row['basis']).capitalize()}, {row['confidence']} confidence"
        line["Source"] = str(row["source"])
        rows.append(line)
    return pd.DataFrame(rows)


def _given(row: Mapping[Any, Any], *, share: bool) -> str:
    return _amount({"mean": row["price"], "q10": row["low"], "q90": row["high"]}, share=share)


def _amount(row: Mapping[str, Any], *, share: bool) -> str:
    def one(value: float) -> str:
        return wording.per_cent(value) if share else exact_pounds(value)

    middle, low, high = (one(float(row[n])) for n in ("mean", "q10", "q90"))
    return middle if low == middle == high else f"{middle} ({low} to {high})"


def balance_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Return balances at 31 March as text, one column for each case."""
    wide = {
        averaged(str(who)): [in_table("closing", cells(r)) for r in rows.to_dict("records")]
        for who, rows in frame.groupby("who", sort=False)
    }
    return pd.DataFrame(wide, index=pd.Index(sorted(set(frame["january"])), name="31 March"))


def flows_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Return cost and income as text, one row for each financial year."""
    wide = {
        averaged(str(what).capitalize()): [in_table(str(what), cells(r)) for r in rows.to_dict("records")]
        for what, rows in frame.groupby("what", sort=False)
    }
    years = [label_of(j) for j in sorted(set(frame["january"]))]
    return pd.DataFrame(wide, index=pd.Index(years, name="Financial year"))


def files(run: MoneyTables) -> dict[str, bytes]:
    """Return every file that ``sendplan money`` writes by name, and the details of cost as CSV too."""
    outcome = run.shown.outcome
    arguments = {
        "area": outcome.area.name, "scenario": outcome.scenario, "regime": run.finance.plan.regime,
        "grant": run.finance.plan.grant, "growth": run.finance.plan.growth, "capacity": outcome.register.origin,
        "seed": outcome.seed, "draws": outcome.plans.future.sizes["draw"],
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        written = money_report.write(run, Path(folder), arguments)
        files = {path.name: path.read_bytes() for path in written}
    return files | {"cost_detail.csv": csv_bytes(money_tables.detail_table(run.shown.costs))}
