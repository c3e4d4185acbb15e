"""The shipped funding policy and what a broken one is told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from data import tables
from data.errors import OptionError, TableError
from data.financial_year import FinancialYear
from forecast.finance.funding_policy import POLICY_FILE, Range, funding_policy, parse_policy


@pytest.fixture
def rows() -> pd.DataFrame:
    return tables.read_reference(POLICY_FILE).astype({"value": object, "low": object})


def with_value(rows: pd.DataFrame, parameter: str, column: str, value: object) -> pd.DataFrame:
    changed = rows.copy()
    own = changed["parameter"] == parameter
    changed[column] = pd.Series(
        [value if mine else was for mine, was in zip(own, changed[column], strict=True)],
        index=changed.index,
        dtype=object,
    )
    return changed


def test_dates_and_shares_are_those_announced() -> None:
    policy = funding_policy()
    assert policy.override_ends == FinancialYear(2027)
    assert (policy.grant_balance_at, policy.grant_paid_in) == (FinancialYear(2025), FinancialYear(2026))
    assert (policy.grant_share, policy.import_export_unit, policy.block_transfer_limit) == (0.9, 6000, 0.005)
    assert policy.growth[FinancialYear(2026)] == Range.of(0.0)
    assert policy.basis[FinancialYear(2024)] == "estimated"


def test_growth_of_2024_25_is_what_its_neighbours_leave() -> None:
    grown = funding_policy().growth[FinancialYear(2024)]
    allocations = tables.read("dsg_allocations").query(
        "block == 'high_needs' and financial_year == '2023-24'"
    )
    england = allocations["before_recoupment_gbp"].sum()
    assert grown.low == pytest.approx(11.5e9 / 1.11 / england - 1, abs=0.001)
    assert grown.high == pytest.approx(12.0e9 / 1.11 / england - 1, abs=0.001)


@pytest.mark.parametrize(
    ("parameter", "column", "value", "told"),
    [
        ("grant_share", "value", "most", r"says 'most' for grant_share.*Write a number"),
        ("grant_share", "value", "1.9", "A share runs from 0 to 1"),
        ("grant_share", "value", None, "no value for grant_share"),
        ("gdp_deflator", "low", "0.03", "outside its interval"),
        ("gdp_deflator", "low", None, "no low for gdp_deflator"),
        ("gdp_deflator", "basis", "guess", r"the basis 'guess'.*in force, announced"),
        ("grant_share", "parameter", "grant_part", r"mean nothing here: grant_part"),
    ],
)
def test_a_broken_row_is_named(
    rows: pd.DataFrame, parameter: str, column: str, value: object, told: str
) -> None:
    with pytest.raises(TableError, match=told):
        parse_policy(with_value(rows, parameter, column, value))


def test_a_date_that_is_no_financial_year(rows: pd.DataFrame) -> None:
    with pytest.raises(OptionError, match="Write 2026-27"):
        parse_policy(with_value(rows, "override_ends", "value", "31 March 2028"))


def test_missing_and_repeated_rows_and_columns(rows: pd.DataFrame) -> None:
    with pytest.raises(TableError, match="does not say override_ends"):
        parse_policy(rows[rows["parameter"] != "override_ends"])
    with pytest.raises(TableError, match="grant_share more than once"):
        parse_policy(pd.concat([rows, rows[rows["parameter"] == "grant_share"]]))
    with pytest.raises(TableError, match="no column source"):
        parse_policy(rows.drop(columns="source"))


def test_an_interval_is_its_tenth_and_ninetieth_percentile() -> None:
    found = Range(2.0, 4.0).draw(np.array([0.1, 0.5, 0.9]))
    assert found == pytest.approx([2.0, 3.0, 4.0])
    assert Range.of(5.0).draw(np.array([0.3])).tolist() == [5.0]


@pytest.mark.parametrize("ends", [(2.0, 1.0), (float("nan"), 1.0), (0.0, float("inf"))])
def test_an_interval_needs_two_numbers_in_order(ends: tuple[float, float]) -> None:
    with pytest.raises(OptionError, match="Write"):
        Range(*ends)
