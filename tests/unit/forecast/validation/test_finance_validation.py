"""Checking cost against real spending: what is hidden stays hidden, deductions are added, intervals are what they say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from data import tables
from data.prices.starting_books import IMPLIED, evidence
from forecast.validation import finance_validation

REDBRIDGE = 317


@pytest.fixture(scope="module")
def lines() -> pd.DataFrame:
    return finance_validation.check_lines([REDBRIDGE, 301, 302, 303, 304, 305])


def test_deductions_are_added_to_the_outturn() -> None:
    spent = finance_validation.actual(finance_validation.LINES["places_special"])
    assert float(spent[REDBRIDGE]) == pytest.approx(4_628_333.33 + 240_000 + 1_275_000)


def test_every_published_line_is_predicted_once() -> None:
    from forecast.finance import other_high_needs

    published = tables.read("s251_high_needs_2021_22").query("not is_total")["line"].unique()
    checked = [name for line in finance_validation.LINES.values() for name in line.outturn]
    rest = [
        name
        for code, line in other_high_needs.LINES.items()
        if code not in other_high_needs.PER_PLAN and code != "ap_places"
        for name in line.outturn
    ]
    assert sorted(checked + rest) == sorted(published)


def test_plans_are_the_average_of_the_financial_year() -> None:
    placed = tables.read("plans_placement").query("la_code == @REDBRIDGE and provision == 'inmss'")
    january = placed.groupby("january")["plans"].sum()
    before, after = float(january[2021]), float(january[2022])
    found = float(finance_validation.plans_of(finance_validation.LINES["inmss"])[REDBRIDGE])
    assert found == pytest.approx(before + (after - before) * 8.5 / 12)


def test_an_authoritys_own_spending_does_not_move_its_prediction() -> None:
    figures = evidence(IMPLIED[0])
    own = figures["la_code"] == REDBRIDGE
    changed = figures.assign(
        implied=figures["implied"].mask(own, 1.0), budgeted=figures["budgeted"].mask(own, 9e5)
    )
    before, after = (finance_validation.held_out(f, REDBRIDGE) for f in (figures, changed))
    assert before.centre == after.centre
    assert before.price_sd == after.price_sd


def test_another_authoritys_spending_does_move_it() -> None:
    figures = evidence(IMPLIED[0])
    changed = figures.assign(implied=figures["implied"].mask(figures["la_code"] == 301, 1000.0))
    assert (
        finance_validation.held_out(figures, REDBRIDGE).centre
        != finance_validation.held_out(changed, REDBRIDGE).centre
    )


def test_what_a_return_adds_widens_the_interval() -> None:
    price = finance_validation.HeldOut({"region": 9.0}, {"region": 0.2}, (0.01, 1.0), 0.05)
    widths = [
        price.half_width("region", i, level, 200) for i in ("price", "spending") for level in (0.8, 0.95)
    ]
    assert widths[0] == pytest.approx(0.2 * 1.28155, rel=1e-4)
    assert widths[2] > widths[0]
    assert widths[3] / widths[2] > widths[1] / widths[0]


def test_a_mixed_interval_holds_what_it_says() -> None:
    price = finance_validation.HeldOut({"region": 0.0}, {"region": 0.3}, (0.02, 0.0), 0.1)
    rng = np.random.default_rng(5)
    sd = np.where(rng.random(200_000) < 0.1, np.sqrt(1 + 0.09 + 0.02), np.sqrt(0.09 + 0.02))
    for level in finance_validation.LEVELS:
        reach = price.half_width("region", "spending", level, 100)
        assert float((np.abs(rng.normal(0, sd)) <= reach).mean()) == pytest.approx(level, abs=0.005)


@pytest.mark.parametrize("level", finance_validation.LEVELS)
def test_intervals_from_others_hold_at_least_what_they_say(level: float) -> None:
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(400):
        ratios = rng.lognormal(0, rng.choice([0.2, 1.0], 100))
        low, high = finance_validation.conformal(ratios[1:], level)
        held += low <= ratios[0] <= high
    assert held / 400 >= level - 3 * np.sqrt(level * (1 - level) / 400)


def test_lines_added_up_are_their_sum(lines: pd.DataFrame) -> None:
    names = ["top_up_college", "specialist_post16"]
    both = finance_validation.sum_lines(lines, names, "post16")
    one = both[(both["la_code"] == REDBRIDGE) & (both["rule"] == "region")].iloc[0]
    parts = lines[
        (lines["la_code"] == REDBRIDGE) & (lines["rule"] == "region") & (lines["interval"] == "others")
        & lines["line"].isin(names)
    ]  # fmt: skip
    assert one["predicted_gbp"] == pytest.approx(parts["predicted_gbp"].sum())
    assert one["actual_gbp"] == pytest.approx(2_995_281.92)


def test_the_total_is_all_of_outturn_and_deductions(lines: pd.DataFrame) -> None:
    total = finance_validation.check_totals(lines).set_index("la_code").loc[REDBRIDGE]
    published = tables.read("s251_high_needs_2021_22").query(
        "la_code == @REDBRIDGE and side == 'outturn' and not is_total"
    )
    sign = published["line"].str.endswith("_income").map({True: -1, False: 1})
    taken = tables.read("dsg_deductions").query("la_code == @REDBRIDGE and financial_year == '2021-22'")
    expected = float((published["value_gbp"] * sign).sum() + taken["deduction_gbp"].sum())
    assert total["actual_gbp"] == pytest.approx(expected)
    assert total["predicted_gbp"] == pytest.approx(expected, rel=0.25)


def test_scores_of_made_predictions_are_right() -> None:
    rows = pd.DataFrame(
        {
            "la_code": [1, 2, 3], "region": "Outer London", "line": "x", "rule": "region", "interval": "price", "plans": 1.0,
            "predicted_gbp": [110.0, 80.0, 10.0], "actual_gbp": [100.0, 100.0, 0.0], "low_80_gbp": [90.0, 70.0, 5.0],
            "high_80_gbp": [120.0, 90.0, 20.0], "low_95_gbp": [50.0, 50.0, 1.0], "high_95_gbp": [200.0, 200.0, 50.0],
        }
    )  # fmt: skip
    found = finance_validation.scores(rows).set_index("area").loc["England"]
    assert (found["authorities"], found["nil"]) == (3, 1)
    assert found["mape"] == pytest.approx(15.0)
    assert found["bias"] == pytest.approx(0.0)
    assert (found["coverage_80"], found["coverage_95"]) == (50.0, 100.0)
    with_nil = finance_validation.scores(rows.assign(interval="others")).set_index("area").loc["England"]
    assert with_nil["coverage_80"] == pytest.approx(100 / 3)
