"""Costs, income and balances in pounds as tables.

Amounts are nominal pounds. Means are rounded to whole pence line by line, and totals and balances are added up from those
pence, so a table adds up as printed; percentiles are those of draws and do not add up.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from data.prices.price_book import GENERAL_FUND
from data.vocabulary import ALL
from forecast.finance.attribution import CAUSES, PARTS, Attribution
from forecast.finance.balance import REGIMES, Balance, pence
from forecast.finance.cost_model import HIGH_NEEDS, Costs
from forecast.finance.finance_model import FinanceModel, Money
from forecast.finance.income import BASES, BLOCK_OF, HighNeedsIncome
from forecast.finance.tariff import in_years
from forecast.presentation import describe
from models.base import Array

COLUMNS: Mapping[str, str] = {
    "la_code": "int64", "financial_year": "str", "line": "str", "s251": "str", "dsg_block": "str", "kind": "str",
    "mean": "float64", "q10": "float64", "q50": "float64", "q90": "float64",
}  # fmt: skip
"""Columns of ``balance.parquet`` and their types, a public contract (docs/schema.md)."""

KINDS: tuple[str, ...] = ("cost", "income", "balance", "cumulative")
"""Kinds of line: what is spent, what comes in, what changes the balance, and the balance itself at a year's ends."""

TOTAL = "total"
"""Line of all high needs cost, or all income."""

CUMULATIVE: tuple[str, ...] = ("opening", "closing", "unprotected")
"""Lines of a balance that stand at a date."""

FACTS: Mapping[str, str] = {
    "units": "pounds",
    "price_base": "nominal: pounds of each financial year",
    "interval": "q10 to q90 hold 80 % of futures",
    "sign": "a deficit is minus",
    "statement": "A forecast, not an outturn.",
}
"""What every file of pounds says of itself."""

DETAIL_COLUMNS: tuple[str, ...] = (
    "la_code", "financial_year", "line", "item", "s251", "dsg_block", "provision", "phase", "need_group", "children_mean",
    "per_child_mean", "mean", "q10", "q50", "q90",
)  # fmt: skip
"""Columns of ``cost_detail.parquet``."""

BALANCE_COLUMNS: tuple[str, ...] = (
    "la_code", "financial_year", "line", "dsg_block", "s251_line", "mean_pence", "q10_gbp", "q50_gbp", "q90_gbp",
    "p_deficit",
)  # fmt: skip
"""Columns of `balance_rows`."""

ROWS: tuple[str, ...] = (
    "opening",
    "income",
    "cost",
    "in_year",
    "stability_grant",
    "met_by_centre",
    "closing",
    "unprotected",
)
"""Lines of a balance; opening + in_year + stability_grant + met_by_centre = closing, and in_year = income - cost."""

INCOME_COLUMNS: tuple[str, ...] = (
    "la_code", "financial_year", "line", "dsg_block", "basis", "mean_pence", "q10_gbp", "q50_gbp", "q90_gbp",
)  # fmt: skip
"""Columns of `income_rows`."""

CARRIED_LINE = "1.9.3"
"""Line of the S251 return for the dedicated schools grant carried forward."""

_OUTSIDE = ("stability_grant", "met_by_centre", "unprotected")


def balance_table(money: Money) -> pd.DataFrame:
    """Return ``balance.parquet``: cost and income lines, balance and cumulative balance by year, columns `COLUMNS`.

    High needs cost lines and income lines have a line ``total``; the general fund's have ``total_general_fund`` and are no part
    of the balance.
    """
    cost = _cost_rows(money.costs)
    income = income_rows(money.income).rename(columns={"mean_pence": "pence"})
    income["s251"], income["kind"] = "", "income"
    years = [y.label for y in money.costs.years]

    def totals(rows: pd.DataFrame) -> Array:
        whole = rows[rows["line"] == TOTAL].set_index("financial_year")["pence"]
        return np.asarray(whole.reindex(years).to_numpy())

    balance = balance_rows(
        money.balance, income_pence=totals(income).astype(np.int64), cost_pence=totals(cost).astype(np.int64)
    ).rename(columns={"mean_pence": "pence", "s251_line": "s251"})
    balance = balance[~balance["line"].isin(("income", "cost"))]
    balance["kind"] = np.where(balance["line"].isin(CUMULATIVE), "cumulative", "balance")
    every = pd.concat(
        [cost, *(f.rename(columns={f"q{n}_gbp": f"q{n}" for n in (10, 50, 90)}) for f in (income, balance))],
        ignore_index=True,
    )
    every["mean"] = every["pence"] / 100
    order = pd.DataFrame(
        {"year": every["financial_year"].map(years.index), "kind": every["kind"].map(KINDS.index)}
    )
    sorted_rows = every.iloc[np.lexsort((order["kind"], order["year"]))]
    return sorted_rows[list(COLUMNS)].astype(dict(COLUMNS)).reset_index(drop=True)


def _cost_rows(costs: Costs) -> pd.DataFrame:
    """Return cost lines and their totals, with means in whole pence."""
    draws = costs.pounds.transpose("line", "draw", "financial_year").to_numpy()
    general = np.array([line.dsg_block == GENERAL_FUND for line in costs.lines])
    means = pence(describe.mean(draws, axis=1))
    entries = [
        (line.code, line.s251, line.dsg_block, own, mean)
        for line, own, mean in zip(costs.lines, draws, means, strict=True)
    ]
    for name, block, which in (
        (TOTAL, HIGH_NEEDS, ~general),
        ("total_general_fund", GENERAL_FUND, general),
    ):
        entries.append((name, "", block, draws[which].sum(axis=0), means[which].sum(axis=0)))
    frames = []
    for code, s251, block, own, mean in entries:
        q10, q50, q90 = describe.percentiles(own, axis=0)
        frames.append(
            pd.DataFrame(
                {
                    "la_code": costs.la_code,
                    "financial_year": [y.label for y in costs.years],
                    "line": code,
                    "s251": s251,
                    "dsg_block": block,
                    "kind": "cost",
                    "pence": mean,
                    "q10": q10,
                    "q50": q50,
                    "q90": q90,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def chance_of_deficit(balance: Balance) -> xr.DataArray:
    """Return the chance of a deficit at 31 March, 0 to 1, dims ``(financial_year,)``."""
    return describe.chance(balance.in_deficit)


def income_rows(income: HighNeedsIncome) -> pd.DataFrame:
    """Return income as a table, one row for each year and line with a last line ``total``, columns `INCOME_COLUMNS`.

    ``mean_pence`` of the total is the sum of its lines; its basis is that of the least certain line that is not nil.
    """
    rows = []
    lines = [str(line) for line in income.lines["line"].to_numpy()]
    for year in income.lines["financial_year"].to_numpy():
        own = income.lines.sel(financial_year=year).transpose("draw", "line").to_numpy()
        bases = [str(b) for b in income.basis.sel(financial_year=year).to_numpy()]
        whole = pence(describe.mean(own, axis=0))
        best_known = max((b for b, values in zip(bases, own.T, strict=True) if values.any()), key=BASES.index)
        for name, block, basis, mean, draws in zip(
            [*lines, "total"],
            [*(BLOCK_OF[line] for line in lines), "all"],
            [*bases, best_known],
            [*whole, whole.sum()],
            [*own.T, own.sum(axis=1)],
            strict=True,
        ):
            levels = describe.percentiles(draws)
            rows.append((income.la_code, str(year), name, block, basis, int(mean), *map(float, levels)))
    return pd.DataFrame(rows, columns=list(INCOME_COLUMNS))


def balance_rows(
    balance: Balance,
    *,
    income_pence: npt.NDArray[np.int64] | None = None,
    cost_pence: npt.NDArray[np.int64] | None = None,
) -> pd.DataFrame:
    """Return a balance as a table, one row for each year and line, columns `BALANCE_COLUMNS`.

    Parameters
    ----------
    balance
        The balance.
    income_pence, cost_pence
        Mean income and cost by year as shown elsewhere, such as the sums of lines rounded one by one; None: rounded here.

    ``mean_pence`` is the mean of draws in whole pence: flows are rounded once and totals are added up from them, so opening,
    in-year balance, grant and centre come to the closing balance exactly and each closing opens the next year. ``unprotected`` is
    no part of a total and is rounded by itself. Percentiles, in pounds, are those of draws, which do not add up. ``p_deficit`` is
    the probability that the line is a deficit, for ``in_year`` and ``closing``; NaN elsewhere.
    """
    years = [str(y) for y in balance.closing["financial_year"].to_numpy()]
    draws = {
        "opening": np.column_stack([balance.opening.to_numpy(), balance.closing.to_numpy()[:, :-1]]),
        "income": balance.income.to_numpy(),
        "cost": balance.cost.to_numpy(),
        "in_year": balance.in_year.to_numpy(),
        "stability_grant": balance.stability_grant.to_numpy(),
        "met_by_centre": balance.met_by_centre.to_numpy(),
        "closing": balance.closing.to_numpy(),
        "unprotected": balance.unprotected.to_numpy(),
    }
    whole = {name: pence(describe.mean(values, axis=0)) for name, values in draws.items()}
    whole["income"] = whole["income"] if income_pence is None else income_pence
    whole["cost"] = whole["cost"] if cost_pence is None else cost_pence
    whole["in_year"] = whole["income"] - whole["cost"]
    moved = whole["in_year"] + whole["stability_grant"] + whole["met_by_centre"]
    whole["closing"] = whole["opening"][0] + np.cumsum(moved)
    whole["opening"] = np.concatenate([whole["opening"][:1], whole["closing"][:-1]])
    chances = {
        "in_year": describe.chance(balance.overspent).to_numpy(),
        "closing": chance_of_deficit(balance).to_numpy(),
    }
    rows = []
    for name in ROWS:
        low, median, high = describe.percentiles(draws[name], axis=0)
        rows.append(
            pd.DataFrame(
                {
                    "la_code": balance.la_code,
                    "financial_year": years,
                    "line": name,
                    "dsg_block": "none" if name in _OUTSIDE else "high_needs",
                    "s251_line": CARRIED_LINE if name in ("opening", "closing") else "",
                    "mean_pence": whole[name],
                    "q10_gbp": low,
                    "q50_gbp": median,
                    "q90_gbp": high,
                    "p_deficit": chances.get(name, np.full(len(years), np.nan)),
                }
            )
        )
    table = pd.concat(rows, ignore_index=True)[list(BALANCE_COLUMNS)]
    order = table["financial_year"].map(years.index)
    return table.iloc[np.argsort(order.to_numpy(), kind="stable")].reset_index(drop=True)


def attribution_table(parts: Attribution) -> pd.DataFrame:
    """Return the parts of a difference in cost, in pounds: columns part, cause, mean, q10, q50, q90.

    "All" parts come first, and cause ``change`` is the sum of causes. Means are of pence of the draws, so they add up;
    percentiles do not.
    """
    rows = []
    whole = {name: getattr(parts, name) for name in CAUSES} | {"change": parts.after - parts.before}
    for position in range(-1, len(PARTS)):
        code = "All" if position < 0 else list(PARTS)[position]
        for cause, values in whole.items():
            own = (values.sum(axis=1) if position < 0 else values[:, position]) / 100
            rows.append({"part": code, "cause": cause, **describe.single(own)})
    return pd.DataFrame(rows)


def detail_table(costs: Costs) -> pd.DataFrame:
    """Return ``cost_detail.parquet``: cost by item, provision, phase, need group and year, columns `DETAIL_COLUMNS`.

    Rows of an item in a cell that several S251 lines share have the sum, with the lines joined by ``;``. Cells where nobody is
    paid for are left out. Places paid by the place, places others fund and spending that plans do not drive have no cells:
    their rows have ``All``.
    """
    dims = ("phase", "need_group", "provision")
    heads = costs.children.transpose("draw", "financial_year", *dims).to_numpy()
    names = [costs.children[d].to_numpy() for d in dims]
    years = [y.label for y in costs.years]
    frames = []
    for item, tariff in costs.tariffs.items():
        each = tariff.per_child()
        pounds = heads * each
        lines = {
            provision: tuple(dict.fromkeys(c.s251 for c in tariff.classes if c.provision == provision))
            for provision in {c.provision for c in tariff.classes}
        }
        blocks = {c.provision: c.dsg_block for c in tariff.classes}
        index = pd.MultiIndex.from_product([years, *names], names=["financial_year", *dims])
        frame = pd.DataFrame(
            {
                "children_mean": describe.mean(heads, axis=0).ravel(),
                "per_child_mean": describe.mean(each, axis=0).ravel(),
                **{name: numbers.ravel() for name, numbers in describe.describe(pounds, axis=0).items()},
            },
            index=index,
        ).reset_index()
        frame = frame[frame["mean"] > 0]
        frame["item"] = item
        frame["s251"] = [";".join(lines[p]) for p in frame["provision"]]
        frame["dsg_block"] = [blocks[p] for p in frame["provision"]]
        frame["line"] = [f"{item}_{p}" if item == "top_up" else item for p in frame["provision"]]
        frames.append(frame)
    shown = {line for f in frames for line in f["line"]}
    rest = [
        line for line in costs.lines if line.code not in shown and not line.code.startswith("send_transport")
    ]
    for line in rest:
        own = costs.pounds.sel(line=line.code).to_numpy()
        frames.append(
            pd.DataFrame(
                {
                    "financial_year": years, "line": line.code, "item": "", "s251": line.s251, "dsg_block": line.dsg_block,
                    "provision": ALL, "phase": ALL, "need_group": ALL, "children_mean": np.nan, "per_child_mean": np.nan,
                    **describe.describe(own, axis=0),
                }
            )
        )  # fmt: skip
    return pd.concat(frames, ignore_index=True).assign(la_code=costs.la_code)[list(DETAIL_COLUMNS)]


def regimes_table(finance: FinanceModel, money: Money) -> pd.DataFrame:
    """Return the balance at 31 March under every regime, with and without the stability grant.

    Columns regime, grant (``paid`` or ``not paid``), financial_year, mean, q10, q50, q90, p_deficit.
    """
    frames = []
    for regime in REGIMES:
        for grant, approved in (("paid", 1.0), ("not paid", 0.0)):
            balance = finance.closing(money.outcome, money.costs, money.income, regime, approved)
            frames.append(
                pd.DataFrame(
                    {
                        "regime": regime,
                        "grant": grant,
                        "financial_year": [y.label for y in money.costs.years],
                        **describe.describe(balance.closing.to_numpy(), axis=0),
                        "p_deficit": chance_of_deficit(balance).to_numpy(),
                    }
                )
            )
    return pd.concat(frames, ignore_index=True)


def difference_table(unmitigated: Money, mitigated: Money) -> pd.DataFrame:
    """Return the changes a scenario makes, draw by draw: columns financial_year, line, mean, q10, q50, q90, p_saves.

    Lines are ``cost`` (high needs, minus where the scenario saves), ``general_fund`` and ``closing`` (plus where it is better);
    ``p_saves`` is the chance that the scenario is the better one.
    """
    pairs = {
        "cost": mitigated.costs.high_needs - unmitigated.costs.high_needs,
        "general_fund": mitigated.costs.general_fund - unmitigated.costs.general_fund,
        "closing": mitigated.balance.closing - unmitigated.balance.closing,
    }
    frames = []
    for line, values in pairs.items():
        draws = values.transpose("draw", "financial_year").to_numpy()
        better = draws > 0 if line == "closing" else draws < 0
        frames.append(
            pd.DataFrame(
                {
                    "financial_year": [y.label for y in mitigated.costs.years],
                    "line": line,
                    **describe.describe(draws, axis=0),
                    "p_saves": describe.chance(better, axis=0),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def prices_table(finance: FinanceModel) -> pd.DataFrame:
    """Return the prices in use: as in the book, and in pounds of the first and fifth year before scaling, mean and 80 %."""
    book, drawn, years = finance.model.book, finance.model.drawn, finance.model.years
    used = sorted({
        int(i) for item in dict.fromkeys(p.item for p in book.prices)
        for i in np.unique(book.rows_in_force(item).to_numpy()) if i >= 0
    })  # fmt: skip
    shown = [years[0], years[min(4, len(years) - 1)]]
    rows = []
    for at in used:
        price = book.prices[at]
        row: dict[str, object] = {
            name: getattr(price, name)
            for name in (
                "item", "provision", "need_group", "age_low", "age_high", "kind", "share", "price", "low", "high", "price_year",
                "inflator", "s251_line", "dsg_block", "basis", "confidence", "level", "source",
            )
        }  # fmt: skip
        row["unit"] = price.unit
        for year, draws in zip(shown, in_years(drawn, at, shown).T, strict=True):
            numbers = describe.single(draws, (0.1, 0.9))
            row |= {f"{name}_{year.label}": value for name, value in numbers.items()}
        rows.append(row)
    return pd.DataFrame(rows)
