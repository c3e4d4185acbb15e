"""One home for place rates: changing it changes balance and appraisal alike, by year; a council's own file goes before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data import tables
from data.errors import TableError
from data.financial_year import FinancialYear
from data.prices.ledger import COLUMNS, read_ledger
from data.prices.place_rates import FILE, ITEM, place_rate
from data.prices.price_book import PriceBook
from data.prices.starting_books import england, for_area
from data.vocabulary import ALL
from forecast.core.outcome import Outcome
from forecast.finance.cost_model import CostModel
from scenarios.effects import MoneyChange
from tests.made_outcomes import DRAWS, REDBRIDGE, SCHOOL, outcome
from tests.reference_files import edited_reference, forget

Change = Callable[[pd.DataFrame], pd.DataFrame]
Edit = Callable[[Change], None]

TOWN = outcome({(12, "ASD", "state_special"): 40.0}, places=[SCHOOL])
"""Sixty special school places, in 2025-26 and 2026-27, some of them filled."""


@pytest.fixture
def edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Edit]:
    """Return what edits the file of place rates for one test."""
    yield lambda change: edited_reference(tmp_path, monkeypatch, FILE, change)
    monkeypatch.undo()
    forget()


def paid(book: PriceBook, town: Outcome = TOWN) -> tuple[list[float], list[float]]:
    """Return what a special school place costs in the balance and in the appraisal, pounds by financial year, in any draw."""
    model = CostModel.prepare(TOWN, book, seed=1)
    places = model.costs(town).places
    balance = places.rates.sel(place_kind="special_pre16").transpose("draw", "financial_year").to_numpy()
    child = model.per_child(town).sel(
        item=ITEM, provision="state_special", phase="secondary", need_group="autism"
    )
    appraisal = child.transpose("draw", "financial_year").to_numpy()
    for values in (balance, appraisal):
        np.testing.assert_allclose(values, values[:1].repeat(len(values), axis=0), rtol=1e-9)
    return [round(float(v), 3) for v in balance[0]], [round(float(v), 3) for v in appraisal[0]]


def special(frame: pd.DataFrame, rate: float) -> pd.DataFrame:
    return frame.assign(rate=frame["rate"].mask(frame["provision"] == "state_special", rate))


def later(frame: pd.DataFrame, provision: str, rate: float, year: str) -> pd.DataFrame:
    """Return the file with announced rates for the places of a provision from a year on."""
    rows = frame[(frame["provision"] == provision) & frame["last_paid"].notna()]
    coming = rows.assign(
        rate=rate, from_financial_year=year, last_paid=None, basis="announced", source="Made up"
    )
    return pd.concat([frame, coming], ignore_index=True)


def test_shipped_rates_are_those_that_reproduce_the_published_deductions() -> None:
    rules = tables.read("place_funding_rules").set_index("place_type")["place_gbp"]
    year = FinancialYear(2023)
    for rule, key in (
        ("special academy, pre-16", ("state_special", 10, ALL)),
        ("special academy, post-16", ("state_special", 17, ALL)),
        (
            "mainstream academy SEN unit / resourced provision, pre-16, lower rate",
            ("specialist_base", 10, "filled"),
        ),
        (
            "mainstream academy SEN unit / resourced provision, pre-16, higher rate",
            ("specialist_base", 10, "empty"),
        ),
        ("AP academy or free school, pre-16 AP places", ("ap", 13, ALL)),
        ("mainstream academy, post-16 SEN places", ("mainstream", 17, ALL)),
        ("FE and independent learning provider", ("general_fe", 17, ALL)),
    ):
        assert place_rate(*key, year) == rules[rule], rule
    assert set(tables.read_checked_reference(FILE)["rate"]) == set(rules)


def test_the_rate_is_written_nowhere_else() -> None:
    prices = pd.read_csv(tables.REFERENCE / "prices" / "england.csv")
    assert ITEM not in set(prices["item"])


def test_changing_the_home_changes_balance_and_appraisal_alike(edit: Edit) -> None:
    assert paid(england()) == ([10_000, 10_000], [10_000, 10_000])
    edit(lambda frame: special(frame, 12_500))
    assert paid(england()) == paid(for_area(302)) == ([12_500, 12_500], [12_500, 12_500])


def test_a_later_rate_takes_over_from_its_year_in_both(edit: Edit) -> None:
    edit(lambda frame: later(frame, "state_special", 11_000, "2026-27"))
    assert paid(england()) == ([10_000, 11_000], [10_000, 11_000])
    assert place_rate("state_special", 10, ALL, FinancialYear(2025)) == 10_000
    assert place_rate("state_special", 10, ALL, FinancialYear(2030)) == 11_000


def test_rates_may_change_two_years_running_and_by_more_than_prices_do(edit: Edit) -> None:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        return later(later(frame, "state_special", 18_000, "2025-26"), "state_special", 4_000, "2026-27")

    edit(change)
    assert paid(england()) == ([18_000, 4_000], [18_000, 4_000])


@pytest.mark.parametrize(
    ("lever", "found"),
    [
        (MoneyChange("inflation", "add", np.full(DRAWS, 0.05), np.ones(2), (), ()), [10_000, 10_000]),
        (
            MoneyChange("place_funding", "multiply", np.full(DRAWS, 1.2), np.array([0.0, 1.0]), (), ()),
            [10_000, 12_000],
        ),
    ],
)
def test_levers_move_both_alike(lever: MoneyChange, found: list[float]) -> None:
    """Rates are set, so growth of prices leaves them; a lever on place funding does not."""
    town = outcome({(12, "ASD", "state_special"): 40.0}, places=[SCHOOL], money=(lever,))
    assert paid(england(), town) == (found, found)


def test_a_councils_own_file_goes_before_it_in_both(tmp_path: Path, edit: Edit) -> None:
    own = {
        "item": ITEM, "provision": "state_special", "need_group": ALL, "age_low": "2", "age_high": "25", "price": "14,000",
        "low": "14000", "high": "14000", "price_year": "2025-26", "s251_line": "1.0.2", "dsg_block": "high_needs",
        "basis": "council", "confidence": "high", "source": "Schools Forum",
    }  # fmt: skip
    path = tmp_path / "unit_costs.csv"
    pd.DataFrame([own]).reindex(columns=[*COLUMNS]).to_csv(path, index=False)
    edit(lambda frame: later(frame, "state_special", 11_000, "2026-27"))
    rows = read_ledger(path, england().inflation, REDBRIDGE).rows
    assert paid(england().with_rows(rows)) == ([14_000, 14_000], [14_000, 14_000])


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda frame: frame.assign(last_paid=None), "a rate that has been paid"),
        (lambda frame: frame.assign(from_financial_year="2024-25"), "a rate from 2020-21 on"),
        (
            lambda frame: frame.assign(occupancy=["half", *frame["occupancy"][1:]]),
            "row 2 column 'occupancy': 'half'",
        ),
        (lambda frame: frame.assign(rate=0), "row 2 column 'rate'"),
        (lambda frame: pd.concat([frame, frame.iloc[:1]]), "state_special|row"),
    ],
)
def test_rates_that_break_the_rules_are_refused(edit: Edit, change: Change, what: str) -> None:
    edit(change)
    with pytest.raises(TableError, match=what):
        england()


def test_places_without_a_rate_are_named() -> None:
    with pytest.raises(TableError, match=r"No place of inmss at age 10 \(All\) has a rate in 2025-26"):
        place_rate("inmss", 10, ALL, FinancialYear(2025))
