"""Figures that councils have stated: any council is anchored by a row, and a row that breaks the rules is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data import tables
from data.areas import by_code
from data.councils import BALANCE, FILE, OVERSPEND, council_figures, councils_with_figures
from data.errors import TableError
from data.financial_year import FinancialYear
from data.schemas.reference import REFERENCE_TABLES
from forecast.finance.balance import opening_balance
from forecast.finance.finance_model import FinanceModel
from forecast.finance.funding_policy import Range
from tests.made_outcomes import SCHOOL, outcome
from tests.made_prices import book, row
from tests.reference_files import edited_reference, forget

BARNET = 302
Edit = Callable[[Callable[[pd.DataFrame], pd.DataFrame]], None]


@pytest.fixture
def edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Edit]:
    """Return what edits the file of councils' figures for one test."""
    yield lambda change: edited_reference(tmp_path, monkeypatch, FILE, change)
    monkeypatch.undo()
    forget()


def added(frame: pd.DataFrame, **values: object) -> pd.DataFrame:
    """Return the file with one more row, another council's."""
    usual = {
        "la_code": BARNET, "figure": OVERSPEND, "financial_year": "2025-26", "low_gbp": 2e6, "high_gbp": 2e6,
        "stated_in": "2026-01", "basis": "council", "source": "Made up", "note": None,
    }  # fmt: skip
    return pd.concat([frame, pd.DataFrame([usual | values])], ignore_index=True)


def test_shipped_figures_are_those_of_the_published_facts() -> None:
    """The Schools Forum's figures, and half of what its forecast moved between July and month 7."""
    facts = tables.read("redbridge_finance_facts").set_index(["fact", "period"])["value_number"]
    july, month_7 = (
        facts["HNB in-year deficit forecast", f"2025-26 ({when})"] for when in ("Jul 2025", "month 7")
    )
    half = (month_7 - july) / 2
    (overspend,) = council_figures(317, OVERSPEND)
    assert (overspend.low_gbp, overspend.high_gbp) == (month_7 - half, month_7 + half)
    march_2025, march_2026 = council_figures(317, BALANCE)
    assert march_2025.low_gbp == march_2025.high_gbp == -facts["HNB cumulative deficit", "31 Mar 2025"]
    deficit = facts["HNB cumulative deficit forecast", "31 Mar 2026 (month 7)"]
    assert (march_2026.low_gbp, march_2026.high_gbp) == (-deficit - half, -deficit + half)


def test_a_council_without_a_row_has_said_nothing() -> None:
    assert council_figures(BARNET, OVERSPEND) == council_figures(BARNET, BALANCE) == ()
    assert BARNET not in councils_with_figures()


def test_a_row_for_another_council_anchors_it(edit: Edit) -> None:
    elsewhere = replace(outcome({(12, "ASD", "inmss"): 2000.0}, places=[SCHOOL]), area=by_code(BARNET))
    prices = book(row("inmss_fee", 60_000, "inmss"))
    assert FinanceModel.of(elsewhere, book=prices).model.anchor is None
    edit(added)
    finance = FinanceModel.of(elsewhere, book=prices)
    assert finance.model.anchor is not None
    inside = (finance.model.scale > 0.61) & (finance.model.scale < 1.66)
    assert inside.any()
    overspend = -finance.money(elsewhere).in_year.sel(financial_year="2025-26").to_numpy()
    np.testing.assert_allclose(overspend[inside], 2e6, rtol=1e-6)


def test_the_latest_of_the_forecast_years_is_the_anchor(edit: Edit) -> None:
    one = outcome({(12, "ASD", "inmss"): 600.0}, places=[SCHOOL])
    edit(
        lambda frame: added(
            added(frame, la_code=317, financial_year="2026-27"), la_code=317, financial_year="2040-41"
        )
    )
    anchor = FinanceModel.of(one, book=book(row("inmss_fee", 60_000, "inmss"))).model.anchor
    assert anchor is not None
    assert (anchor.year, anchor.deficit) == (FinancialYear(2026), Range.of(2e6))


def test_a_row_for_another_council_opens_its_balance(edit: Edit) -> None:
    assert opening_balance(BARNET, FinancialYear(2024)).basis == "estimated"
    edit(lambda frame: added(frame, figure=BALANCE, financial_year="2024-25", low_gbp=-3e6, high_gbp=-1e6))
    opening = opening_balance(BARNET, FinancialYear(2024))
    assert (opening.balance, opening.basis, opening.source) == (Range(-3e6, -1e6), "council", "Made up")
    assert councils_with_figures() == (317, BARNET)


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"low_gbp": 3e6}, "low_gbp <= high_gbp"),
        ({"financial_year": "2025"}, "row 5 column 'financial_year': '2025'"),
        ({"figure": "deficit"}, "row 5 column 'figure': 'deficit'"),
        ({"basis": "hearsay"}, "row 5 column 'basis': 'hearsay'"),
        ({"stated_in": "January"}, "row 5 column 'stated_in': 'January'"),
        ({"la_code": 317}, "row 4"),
    ],
)
def test_a_row_that_breaks_the_rules_is_named(edit: Edit, values: dict[str, object], what: str) -> None:
    edit(lambda frame: added(frame, **values))
    with pytest.raises(TableError, match=what):
        council_figures(317, OVERSPEND)


def test_every_file_with_a_schema_is_shipped_and_passes() -> None:
    for name in REFERENCE_TABLES:
        assert len(tables.read_checked_reference(name))


def test_no_council_is_named_in_the_code_that_forecasts() -> None:
    """The app's default authority is, and readers of releases may be of one council's own source."""
    root = tables.DATA_DIR.parent
    naming = {
        str(path.relative_to(root))
        for room in ("data", "forecast", "scenarios", "models")
        for path in (root / room).rglob("*.py")
        if path.parent.name != "ingest"
        and any(word in path.read_text(encoding="utf-8") for word in ("= 317", "== 317", "REDBRIDGE = "))
    }
    assert naming <= {"forecast/ui/frame/choices.py"}
