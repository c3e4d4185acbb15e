"""``sendplan money`` and ``sendplan unit-costs``: what they print and write, and how they refuse bad input."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from data.prices.price_book import FUNDS, S251_LINES
from forecast.finance.finance_model import FinanceModel
from forecast.presentation.money_tables import COLUMNS, CUMULATIVE, KINDS
from forecast.runs.baseline import Baseline
from tests.command_line import printed, sendplan

BRIEF = ("--years", "5", "--draws", "100")
YEARS = ["2026-27", "2027-28", "2028-29", "2029-30", "2030-31"]
FIRST, LAST = YEARS[0], YEARS[-1]


def run(*arguments: str) -> str:
    return printed("money", *arguments, *BRIEF)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Run the job once for Redbridge with a scenario; many tests read its output."""
    folder = tmp_path_factory.mktemp("money")
    return run("Redbridge", "--scenario", "return-from-inmss", "--out", str(folder)), folder


@pytest.fixture(scope="module")
def balance(told: tuple[str, Path]) -> pd.DataFrame:
    return pd.read_parquet(told[1] / "balance.parquet")


def test_it_writes_every_file_and_no_litter(told: tuple[str, Path]) -> None:
    tables = (
        "balance", "cost_detail", "attribution", "regimes", "unmitigated_balance", "difference", "scenario_attribution",
    )  # fmt: skip
    assert sorted(p.name for p in told[1].iterdir()) == sorted(
        [*(f"{name}.parquet" for name in tables), "balance.csv", "prices.csv", "money.md", "run.json"]
    )
    record = json.loads((told[1] / "run.json").read_text(encoding="utf-8"))
    assert record["pounds"]["scenario"] == "Return from INMSS"
    assert record["arguments"]["scenario"] == "return-from-inmss"


def test_the_balance_has_exactly_the_columns_promised(balance: pd.DataFrame, told: tuple[str, Path]) -> None:
    assert dict(balance.dtypes.astype(str).replace({"object": "str", "string": "str"})) == dict(COLUMNS)
    assert list(balance) == list(COLUMNS)
    assert balance["financial_year"].unique().tolist() == YEARS
    assert set(balance["kind"]) == set(KINDS)
    assert not balance.isna().any().any()
    assert not balance.duplicated(["financial_year", "kind", "line"]).any()
    by_csv = pd.read_csv(told[1] / "balance.csv", keep_default_na=False)
    np.testing.assert_allclose(by_csv["mean"], balance["mean"])


def test_files_say_what_their_numbers_are(told: tuple[str, Path]) -> None:
    for name in ("balance", "cost_detail", "difference"):
        about = pq.read_schema(told[1] / f"{name}.parquet").metadata
        assert about[b"units"] == b"pounds"
        assert about[b"price_base"].startswith(b"nominal")
        assert about[b"authority"] == b"Redbridge"


def test_every_cost_line_has_an_s251_code_and_a_block(balance: pd.DataFrame) -> None:
    cost = balance[(balance["kind"] == "cost") & ~balance["line"].str.startswith("total")]
    assert {code for cell in cost["s251"] for code in cell.split(";")} <= set(S251_LINES)
    assert set(cost["dsg_block"]) == {"high_needs", "general_fund"} <= set(FUNDS)
    general = cost[cost["dsg_block"] == "general_fund"]
    assert set(general["line"]) == {f"send_transport_{a}" for a in ("under_16", "16_to_18", "19_to_25")}


def test_lines_add_up_to_the_penny_and_one_years_balance_opens_the_next(balance: pd.DataFrame) -> None:
    pennies = balance.assign(mean=(balance["mean"] * 100).round().astype("int64"))
    before = None
    for year in YEARS:
        own = pennies[pennies["financial_year"] == year]
        by = {kind: rows.set_index("line")["mean"] for kind, rows in own.groupby("kind")}
        blocks = own[own["kind"] == "cost"].set_index("line")["dsg_block"]
        single = by["cost"].drop(["total", "total_general_fund"])
        high_needs = single[blocks[single.index] == "high_needs"].sum()
        assert high_needs == by["cost"]["total"]
        assert single.sum() - high_needs == by["cost"]["total_general_fund"]
        assert by["income"].drop("total").sum() == by["income"]["total"]
        assert by["balance"]["in_year"] == by["income"]["total"] - by["cost"]["total"]
        assert by["cumulative"]["closing"] == by["cumulative"]["opening"] + by["balance"].sum()
        assert set(by["cumulative"].index) == set(CUMULATIVE)
        if before is not None:
            assert by["cumulative"]["opening"] == before
        before = by["cumulative"]["closing"]


def test_the_year_before_is_what_the_council_has_said(
    baseline_of: Callable[..., Baseline], told: tuple[str, Path]
) -> None:
    """Month 7: a deficit of £8.953 million in 2025-26, £5.143 million in July."""
    outcome = baseline_of(317, years=len(YEARS), draws=100).outcome
    finance = FinanceModel.of(outcome)
    before = finance.model.costs_before(outcome).high_needs
    left = finance.income(outcome, before=True).total.sel(financial_year="2025-26") - before
    assert float(left.mean()) == pytest.approx(-8.953e6, abs=0.4e6)
    first = float(finance.costs(outcome).high_needs.sel(financial_year=FIRST).mean())
    written = pd.read_parquet(told[1] / "unmitigated_balance.parquet").query("kind == 'cost'")
    cost = written.set_index(["line", "financial_year"])["mean"]
    assert cost["total", FIRST] == pytest.approx(first, rel=1e-6)
    assert 1 < first / float(before.mean()) < 1.2, "a year on, no jump"
    assert "so that 2025-26 comes to what the council has said" in " ".join(told[0].split())
    assert "month 7" in told[0]


def test_a_council_may_say_what_its_first_year_costs(tmp_path: Path) -> None:
    said = run("Kent", "--overspend", "43700000", "--out", str(tmp_path / "kent"))
    found = pd.read_parquet(tmp_path / "kent" / "balance.parquet").set_index(["line", "financial_year"])
    assert found.loc[("in_year", FIRST), "mean"] == pytest.approx(-43.7e6, abs=1.5e6)
    assert "Given with the run" in said


def test_an_allocation_and_a_block_transfer_of_the_councils_own_are_income(tmp_path: Path) -> None:
    run(
        "Redbridge",
        "--allocation",
        f"{FIRST}=80,000,000",
        "--block-transfer",
        "0.005",
        "--out",
        str(tmp_path / "own"),
    )
    found = pd.read_parquet(tmp_path / "own" / "balance.parquet").query("kind == 'income'")
    income = found.set_index(["line", "financial_year"])
    total = income.loc[("high_needs_core", FIRST), "mean"] + income.loc[("import_export", FIRST), "mean"]
    assert total == pytest.approx(80e6)
    assert income.loc[("block_transfer", FIRST), "mean"] > 1e6


def test_cost_detail_comes_to_the_lines(balance: pd.DataFrame, told: tuple[str, Path]) -> None:
    detail = pd.read_parquet(told[1] / "cost_detail.parquet")
    assert set(detail["financial_year"]) == set(YEARS)
    whole = detail.groupby("financial_year")["mean"].sum()
    totals = balance[(balance["kind"] == "cost") & balance["line"].str.startswith("total")]
    expected = totals.groupby("financial_year")["mean"].sum()
    np.testing.assert_allclose(whole[YEARS], expected[YEARS], rtol=1e-5)
    fees = detail[detail["item"] == "inmss_fee"]
    np.testing.assert_allclose(fees["children_mean"] * fees["per_child_mean"], fees["mean"], rtol=0.2)


def test_why_cost_changes_adds_up(told: tuple[str, Path]) -> None:
    why = pd.read_parquet(told[1] / "attribution.parquet").pivot_table("mean", "part", "cause")
    np.testing.assert_allclose(why[["volume", "mix", "price"]].sum(axis=1), why["change"], atol=0.01)
    parts = why.drop(index="All")
    np.testing.assert_allclose(parts.sum(), why.loc["All"], atol=0.01)


def test_why_a_scenario_costs_less_adds_up_to_the_difference(told: tuple[str, Path]) -> None:
    why = (
        pd.read_parquet(told[1] / "scenario_attribution.parquet")
        .query("part == 'All'")
        .set_index("cause")["mean"]
    )
    difference = pd.read_parquet(told[1] / "difference.parquet").set_index(["line", "financial_year"])["mean"]
    assert why[["volume", "mix", "price"]].sum() == pytest.approx(why["change"], abs=0.02)
    assert why["change"] == pytest.approx(difference["cost", LAST], abs=1.0)
    assert abs(why["volume"]) < 1, "returning pupils hold as many plans"
    assert why["mix"] < 0
    assert f"Why it costs more or less in {LAST}" in told[0]


def test_a_scenario_is_set_against_the_baseline(told: tuple[str, Path]) -> None:
    text, folder = told
    difference = pd.read_parquet(folder / "difference.parquet").set_index(["line", "financial_year"])
    ours, theirs = (
        pd.read_parquet(folder / f"{name}.parquet")
        .query("line == 'closing'")
        .set_index("financial_year")["mean"]
        for name in ("balance", "unmitigated_balance")
    )
    better = difference.loc["closing"]["mean"]
    np.testing.assert_allclose(better, ours - theirs, atol=1.0)
    assert better[LAST] > 0
    assert "What the scenario changes" in text
    assert "no change" in text


def test_the_grant_and_the_regime_are_shown_both_ways(told: tuple[str, Path]) -> None:
    table = pd.read_parquet(told[1] / "regimes.parquet")
    regimes = table.set_index(["regime", "grant", "financial_year"]).sort_index()
    paid, not_paid = (regimes.loc[("authority_bears", g, "2027-28"), "mean"] for g in ("paid", "not paid"))
    assert paid > not_paid
    centre = regimes.loc[("centre_bears", "paid")]["mean"]
    assert centre["2029-30"] == pytest.approx(centre["2027-28"])


def test_a_ledger_replaces_prices_and_is_named(tmp_path: Path) -> None:
    ledger = tmp_path / "unit_costs.csv"
    ledger.write_text(
        "item,provision,need_group,age_low,age_high,price,price_year,s251_line,dsg_block,basis,confidence,source\n"
        "inmss_fee,inmss,All,2,25,90000,2024-25,1.2.3,high_needs,council,high,Placement ledger\n",
        encoding="utf-8",
    )
    plain, dear = tmp_path / "plain", tmp_path / "dear"
    run("Redbridge", "--as-modelled", "--out", str(plain))
    said = run("Redbridge", "--as-modelled", "--unit-costs", str(ledger), "--out", str(dear))
    fees = [
        pd.read_parquet(f / "balance.parquet").query("line == 'inmss_fee'")["mean"].sum()
        for f in (plain, dear)
    ]
    assert fees[1] > 1.2 * fees[0]
    assert "Ledger: inmss_fee" in " ".join(said.split())
    assert "as modelled" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("all",), "Money is one authority's"),
        (("Redbridge", "--growth", "double"), "not a way the high needs block may grow"),
        (("Redbridge", "--regime", "nobody"), "not a funding regime"),
        (("Redbridge", "--grant", "2"), "The chance that the plan is approved"),
        (("Redbridge", "--scenario", "no-such"), "no-such"),
        (("Redbridge", "--unit-costs", "nowhere.csv"), "nowhere.csv"),
        (("City of London",), "no published"),
        (("Redbridge", "--allocation", "2026-27"), "cannot be read"),
        (("Redbridge", "--allocation", "2026-27=1", "--allocation", "2026-27=2"), "twice"),
        (("Redbridge", "--block-transfer", "0.02"), "Schools Forum"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(
    arguments: tuple[str, ...],
    message: str,
    tmp_path: Path,
) -> None:
    code, _, said = sendplan("money", *arguments, *BRIEF, "--out", str(tmp_path / "new"))
    assert code == 2
    assert message in " ".join(said.split())
    assert not list((tmp_path / "new").glob("*"))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("inmss_fee,inmss,All,2,25,-5,2024-25,1.2.3,high_needs,council,high,x", "Row 2, column 'price'"),
        ("inmss_fee,inmss,All,2,25,lots,2024-25,1.2.3,high_needs,council,high,x", "Row 2, column 'price'"),
        ("inmss_fee,inmss,All,2,25,50000,,1.2.3,high_needs,council,high,x", "price_year"),
        ("inmss_fee,inmss,All,2,25,50000,2024-25,9.9.9,high_needs,council,high,x", "9.9.9"),
        (
            "inmss_fee,inmss,All,2,25,50000,2024-25,1.2.3,high_needs,council,high,x\n"
            "inmss_fee,inmss,All,2,25,60000,2024-25,1.2.3,high_needs,council,high,x",
            "repeats row 2",
        ),
    ],
)
def test_a_broken_ledger_is_refused_with_its_row(
    row: str,
    message: str,
    tmp_path: Path,
) -> None:
    path = tmp_path / "unit_costs.csv"
    header = "item,provision,need_group,age_low,age_high,price,price_year,s251_line,dsg_block,basis,confidence,source"
    path.write_text(f"{header}\n{row}\n", encoding="utf-8")
    code, _, said = sendplan("unit-costs", "check", "Redbridge", str(path))
    assert code == 2
    assert message in said


def test_the_template_holds_the_prices_in_use(tmp_path: Path) -> None:
    path = tmp_path / "unit_costs.csv"
    code, said, _ = sendplan("unit-costs", "template", "Redbridge", str(path))
    assert code == 0
    assert "unit_costs.csv" in "".join(said.split())
    code, said, _ = sendplan("unit-costs", "check", "Redbridge", str(path))
    assert code == 0
    assert "0 prices replaced" in " ".join(said.split())
    text = path.read_bytes()
    code, _, said = sendplan("unit-costs", "template", "Redbridge", str(path))
    assert code == 2
    assert "left alone" in said
    assert path.read_bytes() == text
