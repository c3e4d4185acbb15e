"""The finance officer's guide, docs/finance.md, and the pages of pounds in docs/schema.md say what the code does."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import pytest
import typer

from data.financial_year import FinancialYear
from data.prices.place_rates import place_rate
from data.vocabulary import ALL
from forecast.cli import app
from forecast.finance.attribution import CAUSES, PARTS
from forecast.finance.balance import REGIMES
from forecast.finance.cost_model import SCALE_BOUNDS, CostLine
from forecast.finance.finance_model import FinanceModel, Money
from forecast.finance.funding_policy import funding_policy
from forecast.finance.income import LINES as INCOME_LINES
from forecast.finance.place_funding import months_old
from forecast.presentation import money_tables
from forecast.presentation.record import markdown_table
from forecast.runs.baseline import Baseline

DOCS = Path(__file__).parents[4] / "docs"
GUIDE = (DOCS / "finance.md").read_text(encoding="utf-8")
SCHEMA = (DOCS / "schema.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def finance(baseline_of: Callable[..., Baseline]) -> FinanceModel:
    """Return Redbridge's prices and income."""
    return FinanceModel.of(baseline_of(317, years=5, draws=100).outcome)


@pytest.fixture(scope="module")
def money(finance: FinanceModel, baseline_of: Callable[..., Baseline]) -> Money:
    """Return the money of Redbridge's baseline."""
    return finance.money(baseline_of(317, years=5, draws=100).outcome)


def table_of(lines: Sequence[CostLine]) -> str:
    """Return the guide's table of cost lines."""
    rows = [
        {"Line": f"`{line.code}`", "What": line.label, "S251": line.s251, "Paid by": line.dsg_block}
        for line in lines
    ]
    return markdown_table(pd.DataFrame(rows), index=False)


def columns(name: str) -> list[str]:
    """Return the columns that the schema page gives a file."""
    part = SCHEMA.partition(f"\n`{name}`")[2].partition("\n| Column |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| ([A-Za-z_, 0-9]+) \|", part, flags=re.MULTILINE)
    return [column for row in rows for column in row.split(", ")]


def test_the_table_of_cost_lines_is_that_of_the_code(money: Money) -> None:
    said = table_of(money.costs.lines)
    assert said in GUIDE, f"docs/finance.md should hold this table:\n{said}"


def test_the_schema_page_names_the_columns_of_each_file_of_pounds(
    finance: FinanceModel, money: Money
) -> None:
    assert (
        columns("balance.parquet")
        == list(money_tables.COLUMNS)
        == list(money_tables.balance_table(money).columns)
    )
    assert columns("cost_detail.parquet") == list(money_tables.DETAIL_COLUMNS)
    assert columns("regimes.parquet") == list(money_tables.regimes_table(finance, money).columns)
    assert columns("difference.parquet") == list(money_tables.difference_table(money, money).columns)
    prices = money_tables.prices_table(finance)
    dated = {re.sub(r"\d{4}-\d\d$", "YEAR", c) for c in prices.columns}
    assert set(columns("prices.csv")) <= dated


def test_the_schema_page_names_the_codes_in_files_of_pounds(money: Money) -> None:
    table = money_tables.balance_table(money)
    told = SCHEMA.partition("\n`balance.parquet`")[2].partition("## Objects that travel")[0]
    named = set(re.findall(r"`(\w+)`", told))
    assert set(table["kind"]) <= named
    assert set(table["dsg_block"]) <= named
    assert set(table.loc[table["kind"].isin(("balance", "cumulative")), "line"]) <= named
    assert set(CAUSES) <= named
    assert set(REGIMES) <= named
    assert set(PARTS) - {str(p) for p in money.costs.children["provision"].to_numpy()} <= named


def test_the_guide_gives_the_rules_in_the_files() -> None:
    policy, year = funding_policy(), FinancialYear(2025)
    special, filled, empty = (
        place_rate(provision, 10, occupancy, year)
        for provision, occupancy in (
            ("state_special", ALL),
            ("specialist_base", "filled"),
            ("specialist_base", "empty"),
        )
    )
    words = " ".join(GUIDE.split())
    assert f"£{special:,.0f} a place and year" in words
    assert f"£{filled:,.0f} filled, £{empty:,.0f} empty" in words
    for kind, said in (
        ("special_pre16", "5/12 on the old academic year's number, 7/12"),
        ("special_post16", "4/12 and 8/12"),
    ):
        months = re.findall(r"(\d)/12", said)
        assert [int(m) for m in months] == [months_old()[kind], 12 - months_old()[kind]]
        assert said in words
    assert (
        f"{policy.grant_share:.0%}".replace("%", " %") + " of the deficit at 31 March 2026, paid in 2026-27"
        in words
    )
    assert (policy.grant_balance_at.label, policy.grant_paid_in.label) == ("2025-26", "2026-27")
    assert f"to 31 March {policy.override_ends.begins + 1}" in words
    assert f"£{policy.import_export_unit:,.0f} for each net imported pupil" in words
    assert f"up to {100 * policy.block_transfer_limit:.1f} % of the schools block" in words
    assert f"held between {SCALE_BOUNDS[0]:g} and {SCALE_BOUNDS[1]:g}" in words
    assert re.findall(r"^\| `(\w+)` \| the", GUIDE, flags=re.MULTILINE) == list(REGIMES)
    for year, interval in policy.growth.items():
        assert year.label in words
        if interval.low != interval.high:
            assert f"({100 * interval.low:g} to {100 * interval.high:g})" in words


@pytest.mark.parametrize("line", re.findall(r"^sendplan .*$", GUIDE, flags=re.MULTILINE))
def test_every_command_of_the_guide_is_one_the_program_takes(line: str) -> None:
    name, *rest = shlex.split(line, comments=True)[1:]
    group = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    command = group[name]
    if hasattr(command, "commands"):
        name, *rest = rest
        command = command.commands[name]
    assert command.make_context(name, rest).params


def test_income_lines_of_the_contract_are_written_as_income(money: Money) -> None:
    table = money_tables.balance_table(money)
    assert set(table.loc[table["kind"] == "income", "line"]) == {*INCOME_LINES, "total"}
