"""The results of a money run in sentences and tables, for the terminal, ``money.md`` and the app; and its files.

Every number comes from `forecast.presentation.money_tables`, in nominal pounds with its financial year and 80 % interval.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data.formatting import exact_pounds
from data.prices.ledger import to_csv
from data.prices.price_book import ITEMS, replacements
from forecast.core.atomic_files import Writer, write_all
from forecast.core.table_files import csv_bytes, write_csv, write_parquet, write_text
from forecast.finance.attribution import CAUSES, PARTS, attribution
from forecast.finance.balance import REGIMES
from forecast.finance.cost_model import HIGH_NEEDS, SCALE_BOUNDS
from forecast.finance.finance_model import FinanceModel, Money
from forecast.finance.funding_policy import Range
from forecast.finance.income import LINES as INCOME_LINES
from forecast.presentation import describe, money_tables, wording
from forecast.presentation.funding_regimes import REGIME_WORDS
from forecast.presentation.published_figures import FIGURES, averaged, in_sentence, in_table, shown, spoken
from forecast.presentation.record import PRODUCT, markdown_table, provenance, record_money_inputs
from forecast.presentation.top_lines import top_lines

Show = Callable[[pd.DataFrame, str], None]

CAUSE_LABELS: Mapping[str, str] = {
    "volume": "More children",
    "mix": "Who and where they are",
    "price": "Dearer places and services",
    "change": "In all",
}

SHOWN_LINES = 12
"""Lines of cost printed; all are in the files."""

SHOWN_PARTS = 7
"""Parts of a change of cost printed."""


@dataclass(frozen=True, eq=False)
class MoneyTables:
    """A money run in the form that is shown: the scenario or baseline, and the finance model behind it.

    Parameters
    ----------
    finance
        What was assumed.
    shown
        The run asked for: the scenario, or the baseline.
    unmitigated
        The baseline, where a scenario was asked for.
    today
        As in `forecast.presentation.record.RunTables`.
    """

    finance: FinanceModel
    shown: Money
    unmitigated: Money | None = None
    today: date | None = None

    @property
    def top_lines(self) -> list[str]:
        """Sentences that stand first: an old forecast, the council's own count."""
        outcome = self.shown.outcome
        return top_lines(outcome, self.today or date(outcome.plans.origin, 1, 1))

    @cached_property
    def balance(self) -> pd.DataFrame:
        """``balance.parquet``."""
        return money_tables.balance_table(self.shown)

    @cached_property
    def unmitigated_balance(self) -> pd.DataFrame | None:
        """``unmitigated_balance.parquet``; None without a scenario."""
        return None if self.unmitigated is None else money_tables.balance_table(self.unmitigated)

    @cached_property
    def difference(self) -> pd.DataFrame | None:
        """``difference.parquet``; None without a scenario."""
        return (
            None if self.unmitigated is None else money_tables.difference_table(self.unmitigated, self.shown)
        )

    @cached_property
    def regimes(self) -> pd.DataFrame:
        """``regimes.parquet``."""
        return money_tables.regimes_table(self.finance, self.shown)

    @cached_property
    def attribution(self) -> pd.DataFrame:
        """``attribution.parquet``: why cost changes from the first year to the fifth (or the last, if earlier)."""
        years = self.shown.costs.years
        parts = attribution(self.shown.costs, self.shown.costs, years[0], years[min(4, len(years) - 1)])
        return money_tables.attribution_table(parts)

    @cached_property
    def scenario_attribution(self) -> pd.DataFrame | None:
        """``scenario_attribution.parquet``: why a scenario costs more or less in the same year; None without a scenario."""
        if self.unmitigated is None:
            return None
        years = self.shown.costs.years
        parts = attribution(self.unmitigated.costs, self.shown.costs, years[min(4, len(years) - 1)])
        return money_tables.attribution_table(parts)

    @cached_property
    def sections(self) -> dict[str, pd.DataFrame]:
        """Every table that is printed, by its title."""
        return _sections(self)

    @property
    def name(self) -> str:
        """Name of the authority."""
        return self.shown.outcome.area.name

    @property
    def years(self) -> list[str]:
        """Names of the financial years."""
        return [y.label for y in self.shown.costs.years]


def deficit_or_surplus(pounds: float, *beside: float) -> str:
    """Return a balance in words: "a deficit of £54m"; it is rounded as the largest of the sums beside it."""
    return f"a {'deficit' if pounds < 0 else 'surplus'} of {spoken('closing', abs(pounds), *beside)}"


def balance_in_sentence(row: Mapping[str, Any]) -> str:
    """Return a balance and its range in words: "a deficit of £54m (£41m to £67m)"; a range over nought names both sides."""
    low, mean, high = (float(row[name]) for name in ("q10", "mean", "q90"))
    if low < 0 < high:
        ends = f"{deficit_or_surplus(low, high)} to {deficit_or_surplus(high, low)}"
        return f"{deficit_or_surplus(mean, low, high)} ({ends})"
    if mean < 0:
        return f"a deficit of {in_sentence('closing', _turned(row))}"
    return f"a surplus of {in_sentence('closing', row)}"


def _turned(row: Mapping[str, Any]) -> dict[str, float]:
    """Return a row with its sign changed, as a deficit is told of a balance below nought."""
    return {"q10": -float(row["q90"]), "mean": -float(row["mean"]), "q90": -float(row["q10"])}


def headline(tables: MoneyTables) -> str:
    """Return one sentence on the balance, fit to be read aloud."""
    table = tables.balance
    years = tables.years
    year = years[min(1, len(years) - 1)]
    ends = tables.shown.balance.override_ends.label
    cost, over = (_row(table, kind, line, year) for kind, line in (("cost", "total"), ("balance", "in_year")))
    # The gap is told and not income as well: rounded sums side by side would give another gap.
    text = (
        f"{tables.name} can expect high needs to cost {in_sentence('cost', cost)} on average in {year}, {over_or_under(over)} "
        "its income."
    )
    if ends in years:
        closing = _row(table, "cumulative", "closing", ends)
        p = float(money_tables.chance_of_deficit(tables.shown.balance).sel(financial_year=ends))
        text += (
            f" By 31 March {int(ends[:4]) + 1}, when the statutory override ends, the balance would be "
            f"{balance_in_sentence(closing)}; a deficit is {wording.likelihood(p)}."
        )
    return text


def over_or_under(row: Mapping[str, Any]) -> str:
    """Return a balance of income less cost as cost against income: "£20m (£16m to £25m) more than"."""
    low, mean, high = (float(row[name]) for name in ("q10", "mean", "q90"))
    if low < 0 < high:
        more, less = spoken("in_year_balance", -low, high), spoken("in_year_balance", high, low)
        middle = spoken("in_year_balance", abs(mean), low, high)
        return f"{middle} {'more' if mean < 0 else 'less'} ({more} more to {less} less) than"
    if mean < 0:
        return f"{in_sentence('in_year_balance', _turned(row))} more than"
    return f"{in_sentence('in_year_balance', row)} less than"


def _row(table: pd.DataFrame, kind: str, line: str, year: str) -> dict[str, Any]:
    chosen = table[(table["kind"] == kind) & (table["line"] == line) & (table["financial_year"] == year)]
    return dict(chosen.iloc[0])


def balance_by_year(tables: MoneyTables) -> pd.DataFrame:
    """Return cost, income, in-year balance, grant and balance at 31 March as text, one row for each year."""
    table = tables.balance
    p = money_tables.chance_of_deficit(tables.shown.balance)
    rows = []
    for year in tables.years:
        columns = {
            averaged(label): in_table(code, _row(table, kind, line, year))
            for label, code, kind, line in (
                ("Cost", "cost", "cost", "total"),
                ("Income", "income", "income", "total"),
                ("In year", "in_year_balance", "balance", "in_year"),
                ("Balance at 31 March", "closing", "cumulative", "closing"),
            )
        }
        grant = _row(table, "balance", "stability_grant", year)["mean"]
        centre = _row(table, "balance", "met_by_centre", year)["mean"]
        rows.append(
            {"Financial year": year}
            | columns
            | {
                averaged("Grant and centre"): ""
                if grant + centre == 0
                else shown("stability_grant", grant + centre, signed=True),
                FIGURES["p_deficit"].heading: shown("p_deficit", float(p.sel(financial_year=year))),
            }
        )
    return pd.DataFrame(rows)


def lines_table(tables: MoneyTables) -> pd.DataFrame:
    """Return the largest lines of high needs cost, the rest, and the total, in three years, as text."""
    table = tables.balance
    cost = table[table["kind"] == "cost"]
    labels = {line.code: line for line in tables.shown.costs.lines}
    years = [
        tables.years[i] for i in sorted({0, min(1, len(tables.years) - 1), min(4, len(tables.years) - 1)})
    ]
    wide = cost.pivot_table("mean", "line", "financial_year", sort=False)
    own = [c for c in wide.index if c in labels and labels[c].dsg_block == HIGH_NEEDS]
    ranked = wide.loc[own].sort_values(years[-1], ascending=False)
    top, rest = ranked.head(SHOWN_LINES), ranked.iloc[SHOWN_LINES:]
    rows = [
        {"Line": labels[str(code)].label, "S251": labels[str(code)].s251}
        | {averaged(y): in_table("cost", _row(cost, "cost", str(code), y)) for y in years}
        for code in top.index
    ]
    rows.append(
        {"Line": "All other high needs lines", "S251": ""}
        | {averaged(y): shown("cost", float(rest[y].sum())) for y in years}
    )
    for line, label in (("total", "High needs"), ("total_general_fund", "Transport (general fund)")):
        rows.append(
            {"Line": label, "S251": ""}
            | {averaged(y): in_table("cost", _row(cost, "cost", line, y)) for y in years}
        )
    return pd.DataFrame(rows)


def why_table(table: pd.DataFrame, most: int | None = SHOWN_PARTS) -> pd.DataFrame:
    """Return the parts of the change in cost as text, largest change first, without parts that do not change.

    Parameters
    ----------
    table
        `forecast.presentation.money_tables.attribution_table`.
    most
        Parts shown at most; all of them where None.
    """
    cells = table.set_index(["part", "cause"])
    size = table[table["cause"] == "change"].set_index("part")["mean"].abs()
    parts = size[size >= wording.NEGLIGIBLE].drop("All", errors="ignore").sort_values(ascending=False)
    rows = []
    for part in ["All", *parts.index[:most]]:
        line = {"Part": "All high needs" if part == "All" else PARTS[str(part)]}
        line |= {
            averaged(CAUSE_LABELS[cause]): shown("cost", float(cells.loc[(part, cause), "mean"]), signed=True)
            for cause in CAUSES
        }
        change = {str(name): value for name, value in cells.loc[(part, "change")].items()}
        rows.append(line | {averaged(CAUSE_LABELS["change"]): in_table("cost", change, signed=True)})
    return pd.DataFrame(rows)


def regimes_text(table: pd.DataFrame, years: Sequence[str]) -> pd.DataFrame:
    """Return the balance at 31 March under each regime, with and without the grant, as text."""
    rows = []
    for regime in REGIMES:
        for grant in ("paid", "not paid"):
            own = table[(table["regime"] == regime) & (table["grant"] == grant)].set_index("financial_year")
            rows.append(
                {"After the override": REGIME_WORDS[regime].label, "Stability grant": grant}
                | {
                    averaged(f"31 March {int(y[:4]) + 1}"): in_table("closing", dict(own.loc[y]))
                    for y in years
                }
            )
    return pd.DataFrame(rows)


def difference_text(tables: MoneyTables) -> pd.DataFrame | None:
    """Return the changes a scenario makes as text, one row for each year, small ones left out; None without a scenario."""
    if tables.difference is None or tables.unmitigated_balance is None:
        return None
    ends = [
        table.query("line == 'closing'").set_index("financial_year")["mean"]
        for table in (tables.unmitigated_balance, tables.balance)
    ]
    rows = []
    for year, own in tables.difference.groupby("financial_year", sort=False):
        by_line = {str(row["line"]): {str(k): v for k, v in row.items()} for row in own.to_dict("records")}
        cost = by_line["cost"]
        rows.append(
            {
                "Financial year": year,
                averaged("High needs cost"): change_in_table("cost", cost),
                averaged("Transport"): change_in_table("cost", by_line["general_fund"]),
                FIGURES["p_saves"].heading: "" if _is_nothing(cost) else shown("p_saves", cost["p_saves"]),
                averaged("Balance at 31 March without it"): shown("closing", float(ends[0][year])),
                averaged("With it"): shown("closing", float(ends[1][year])),
                averaged("Better by"): change_in_table("closing", by_line["closing"]),
            }
        )
    return pd.DataFrame(rows)


def change_in_table(code: str, row: Mapping[str, Any]) -> str:
    """Return a change of a sum with its sign and 80 % interval for a table; negligible ones are "no change"."""
    return wording.NO_CHANGE if _is_nothing(row) else in_table(code, row, signed=True)


def _is_nothing(row: Mapping[str, Any]) -> bool:
    return all(abs(float(row[n])) < wording.NEGLIGIBLE for n in ("mean", "q10", "q90"))


@dataclass(frozen=True, slots=True)
class Ways:
    """Ends of sentences in the notes, which say how a reader can give the values that the notes ask for.

    Parameters
    ----------
    register, prices
        The council's own places and prices.
    unscaled, growth
        Other assumptions: sentences, blank where there is no way.
    where
        Where each price is shown.
    """

    register: str
    prices: str
    unscaled: str
    growth: str
    where: str


TYPED = Ways(
    register="with --capacity",
    prices="with --unit-costs",
    unscaled=" Add --as-modelled to leave that out.",
    growth=" Choose another with --growth.",
    where="in prices.csv",
)
"""On the command line."""


def notes(tables: MoneyTables, ways: Ways = TYPED) -> list[str]:
    """Return sentences that a reader should know before using the figures."""
    finance, model = tables.finance, tables.finance.model
    lines = [
        "Amounts are pounds of each financial year. Cost is before deductions for places that DfE pays itself, and so is "
        "income. Ranges hold 80 % of futures; averages add up, ranges do not.",
        "Children are where the forecast puts them as far as there are places; beyond the places in the register they are paid "
        "for where the preference order sends them, above all in INMSS."
        if model.reference is None
        else "The register of places is an estimate, so places are taken to grow as they did in the past. If no more are built, "
        "more children will be in INMSS and cost is higher: give the council's own register "
        + ways.register
        + ".",
    ]
    if model.anchor is not None:
        low, middle, high = describe.percentiles(model.scale)
        anchor = model.anchor
        lines.append(
            f"Costs other than of places are multiplied by {middle:.2f} ({low:.2f} to {high:.2f}), so that {anchor.year.label} "
            f"comes to what the council has said: a deficit in the year of "
            f"{wording.pounds_range(anchor.deficit.low, anchor.deficit.high)} ({anchor.source}; {anchor.basis}).{ways.unscaled}"
        )
        at_bounds = float(describe.chance(np.isin(model.scale, SCALE_BOUNDS)))
        if at_bounds > 0:
            lines.append(
                f"In {wording.per_cent(at_bounds)} of possible futures the council's figure is too far from ours to be met: "
                "check both."
            )
    else:
        lines.append(
            "Costs are as modelled from prices of 2021-22 and later: nothing the council has said of its spending since is in "
            f"them. Give its own prices {ways.prices}."
        )
    opened = finance.opening
    lines.append(
        f"The balance opens at {_stated(opened.balance)} on 31 March {opened.at.begins + 1} ({opened.basis}; {opened.source})."
    )
    lines.append(
        f"Income: published to 2023-24, estimated for 2024-25 and 2025-26, rolled forward in 2026-27, then "
        f"'{finance.income_plan.growth.name}' ({_per_year(finance)} a year).{ways.growth}"
    )
    ends = model.policy.override_ends.begins + 1
    taken = REGIME_WORDS[finance.plan.regime].label.lower()
    counted = {0.0: "not paid", 1.0: "paid"}.get(
        finance.plan.grant, f"{wording.per_cent(finance.plan.grant)} likely"
    )
    lines.append(
        f"The stability grant pays {wording.per_cent(model.policy.grant_share)} of the eligible deficit at 31 March "
        f"{model.policy.grant_balance_at.begins + 1} only if the authority's plan is approved; it is counted as {counted}. Who "
        f"bears deficits after 31 March {ends} is not decided: the balance takes '{taken}'."
    )
    weak = sorted({ITEMS[p.item].label for p in model.book.prices if p.confidence == "low"})
    lines.append(
        f"Prices we are least sure of: {'; '.join(weak)}. Each price, its source and its year is {ways.where}."
    )
    used = sorted({p.level for p in model.book.prices})
    if "council" in used:
        lines += [f"Ledger: {r}" for r in replacements(model.book, "council")]
    return lines


def _per_year(finance: FinanceModel) -> str:
    yearly = finance.income_plan.growth.yearly
    if yearly.low == yearly.high:
        return wording.per_cent(yearly.low, 1)
    return f"{wording.per_cent(yearly.low, 1)} to {wording.per_cent(yearly.high, 1)}"


def _stated(balance: Range) -> str:
    """Return an opening balance: to the pound as it was stated, rounded where it is a range and so an estimate."""
    if balance.low == balance.high:
        return exact_pounds(balance.low)
    return wording.pounds_interval(balance.low, (balance.low + balance.high) / 2, balance.high)


def _sections(tables: MoneyTables) -> dict[str, pd.DataFrame]:
    """Return every table that is printed, by title."""
    years = tables.years
    last = years[min(4, len(years) - 1)]
    override = tables.shown.balance.override_ends.label
    at = [y for y in dict.fromkeys((years[min(1, len(years) - 1)], override, last)) if y in years]
    what = (
        "Scenario: " + tables.shown.outcome.scenario
        if tables.shown.outcome.scenario
        else "Without further action"
    )
    by_title = {
        f"{what}: high needs by financial year": balance_by_year(tables),
        "Largest lines of cost": lines_table(tables),
        f"Why high needs cost changes from {years[0]} to {last}": why_table(tables.attribution),
        "Who bears a deficit after the override: balance at 31 March": regimes_text(tables.regimes, at),
    }
    changes, why = difference_text(tables), tables.scenario_attribution
    if changes is not None and why is not None:
        by_title = {
            "What the scenario changes, future by future": changes,
            f"Why it costs more or less in {last}": why_table(why),
        } | by_title
    return by_title


def print_report(tables: MoneyTables, show: Show, say: Callable[[str], None]) -> None:
    """Print the results for one authority."""
    for line in tables.top_lines:
        say(line)
    say(headline(tables))
    for title, frame in tables.sections.items():
        show(frame, title)
    for line in notes(tables):
        say(f"- {line}")


def page(tables: MoneyTables) -> str:
    """Return the results as a Markdown page."""
    top = [line for sentence in tables.top_lines for line in (sentence, "")]
    lines = [f"# {tables.name}: high needs money", "", *top, headline(tables), ""]
    for title, frame in tables.sections.items():
        lines += [f"## {title}", "", markdown_table(frame, index=False), ""]
    lines += ["## Read this first", "", *[f"- {x}" for x in notes(tables)], ""]
    lines += [
        "Sources: Department for Education, DSG allocations, S251 2021-22, Education, health and care plans. Open Government "
        f"Licence v3.0. {PRODUCT}. A forecast, not an outturn.",
        "",
    ]
    return "\n".join(lines)


def write(tables: MoneyTables, folder: Path, arguments: Mapping[str, Any]) -> list[Path]:
    """Write the files of a run into a folder, all or none.

    Raises
    ------
    OutputError
        The folder cannot be written to.
    """
    about = {
        **money_tables.FACTS,
        "authority": tables.name,
        "scenario": tables.shown.outcome.scenario or "baseline",
    }
    frames: dict[str, pd.DataFrame | None] = {
        "balance": tables.balance,
        "cost_detail": money_tables.detail_table(tables.shown.costs),
        "attribution": tables.attribution,
        "regimes": tables.regimes,
        "unmitigated_balance": tables.unmitigated_balance,
        "scenario_attribution": tables.scenario_attribution,
        "difference": tables.difference,
    }
    record = provenance(tables.shown.outcome, arguments) | {"pounds": about, "income": dict(INCOME_LINES)}
    record["inputs"] |= record_money_inputs()
    record["price_book"] = hashlib.sha256(to_csv(tables.finance.model.book.rows).encode()).hexdigest()
    record["growth_of_prices"] = hashlib.sha256(
        csv_bytes(tables.finance.model.book.inflation.rows)
    ).hexdigest()
    record["funding_policy"] = hashlib.sha256(repr(tables.finance.model.policy).encode()).hexdigest()
    writers: dict[str, Writer] = {
        f"{name}.parquet": partial(write_parquet, frame, about)
        for name, frame in frames.items()
        if frame is not None
    }
    prices = money_tables.prices_table(tables.finance)
    writers |= {
        "balance.csv": partial(write_csv, tables.balance),
        "prices.csv": partial(write_csv, prices),
        "money.md": partial(write_text, page(tables)),
        "run.json": partial(write_text, json.dumps(record, indent=2, ensure_ascii=False) + "\n"),
    }
    return write_all(folder, writers)
