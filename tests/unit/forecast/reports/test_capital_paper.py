"""Making the capital paper: what it supposes, what to type to make it again, and what it says where there are no schemes."""

from __future__ import annotations

import io
import os
import shlex
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import docx
import pytest

from data.errors import CapitalError, OptionError
from data.prices.price_book import PriceBook
from data.prices.starting_books import for_area
from forecast.capital import capital_case
from forecast.reports.capital_paper import (
    FUTURES,
    CapitalPaper,
    PaperOptions,
    PaperRequest,
    command,
    futures,
    make,
)
from forecast.runs.baseline import Baseline, ForecastInputs
from scenarios import reading

SCILLY = 420
USUAL = PaperOptions("Redbridge", Path("paper.docx"), date(2025, 7, 1))


def test_the_usual_futures_are_tried_where_none_or_one_is_named() -> None:
    assert [s.id for s in futures((), reading.find).values()] == list(FUTURES)
    assert [s.id for s in futures(("reform-2030",), reading.find).values()] == [
        "reform-2030", "baseline", "pre-reform-surge", "low-births",
    ]  # fmt: skip
    assert [s.id for s in futures(("low-births", "reform-2030"), reading.find).values()] == [
        "low-births",
        "reform-2030",
    ]


def test_futures_are_known_by_their_titles() -> None:
    assert list(futures((), reading.find)) == [reading.find(f).title for f in FUTURES]


def test_a_future_named_twice_is_refused() -> None:
    with pytest.raises(OptionError, match="'Fewer births' is named twice"):
        futures(("low-births", "low-births"), reading.find)


def test_what_is_usual_is_left_out_of_what_to_type() -> None:
    assert command(USUAL) == "sendplan report capital Redbridge --date 2025-07-01 --out paper.docx"


def test_what_to_type_has_every_choice_without_folders_and_quotes_names() -> None:
    options = PaperOptions(
        area="Kingston upon Hull", out=Path("papers/paper.docx"), issued=date(2025, 7, 1),
        scenarios=("/somewhere/ours.yaml", "low-births"), candidates=Path("/somewhere/schemes.csv"),
        unit_costs=Path("/somewhere/costs.csv"), capacity=Path("/somewhere/places.csv"), budget=4e6, sure=0.9, years=6,
        draws=100, seed=3, author="A Person",
    )  # fmt: skip
    typed = command(options)
    assert shlex.split(typed) == [
        "sendplan", "report", "capital", "Kingston upon Hull", "--scenario", "ours.yaml", "--scenario", "low-births",
        "--candidates", "schemes.csv", "--unit-costs", "costs.csv", "--budget", "4000000", "--p-sufficient", "0.9", "--capacity",
        "places.csv", "--years", "6", "--draws", "100", "--seed", "3", "--author", "A Person", "--date", "2025-07-01", "--out",
        "paper.docx",
    ]  # fmt: skip


@pytest.fixture(scope="module")
def scilly(baseline_of: Callable[..., Baseline]) -> Baseline:
    """Return an authority whose shortfall is too small for a scheme and whose income is not published."""
    return baseline_of(SCILLY, years=5, draws=100)


ASKED = PaperRequest(None, None, 0.8, futures((), reading.find), "sendplan report capital", date(2025, 7, 1))


def test_where_nobody_gave_schemes_and_none_are_needed_the_paper_is_made_and_says_why(
    inputs: ForecastInputs, scilly: Baseline
) -> None:
    stages: list[str] = []
    found = make(scilly, inputs, ASKED, lambda what, done: stages.append(what))
    assert isinstance(found, CapitalPaper)
    assert found.why
    assert "Isles of Scilly" in found.title
    assert found.recommendation
    assert found.paper.as_bytes()
    assert stages[-1] == "Writing"


def test_a_budget_that_cannot_be_used_is_an_error_and_no_paper(
    inputs: ForecastInputs, scilly: Baseline
) -> None:
    with pytest.raises(CapitalError):
        make(scilly, inputs, replace(ASKED, budget=5e6), lambda what, done: None)


def test_papers_on_other_prices_have_another_fingerprint(inputs: ForecastInputs, scilly: Baseline) -> None:
    def fingerprint(asked: PaperRequest) -> str:
        document = docx.Document(
            io.BytesIO(make(scilly, inputs, asked, lambda what, done: None).paper.as_bytes())
        )
        cells = (cell.text for table in document.tables for row in table.rows for cell in row.cells)
        return next(text for text in cells if text.startswith("SHA-256"))

    ours = for_area(SCILLY)
    rows = ours.rows.copy()
    rows[["price", "low", "high", "median"]] *= 1 + (rows["item"] == "inmss_fee").to_numpy()[:, None]
    dear = PriceBook(rows, ours.inflation)
    assert fingerprint(ASKED) == fingerprint(replace(ASKED, book=ours))
    assert fingerprint(ASKED) != fingerprint(replace(ASKED, book=dear))


def test_what_the_solver_prints_is_kept_out(
    inputs: ForecastInputs,
    scilly: Baseline,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def prints(*_: object, **__: object) -> None:
        # Compiled code writes past Python's own output.
        os.write(1, b"Running HiGHS")
        raise CapitalError("Nothing to choose from.")

    monkeypatch.setattr(capital_case, "make", prints)
    capfd.readouterr()
    with pytest.raises(CapitalError, match="Nothing to choose from"):
        make(scilly, inputs, replace(ASKED, budget=5e6), lambda what, done: None)
    assert capfd.readouterr().out == ""
