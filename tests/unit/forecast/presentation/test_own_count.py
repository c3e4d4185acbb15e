"""The council's own count in words, and what stands at the top of every output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
import xarray as xr

from data.counts.own_counts import OwnCounts, PlansCount
from data.vocabulary import BAND_CODES, NEED_CODES
from forecast.core.outcome import CountUsed, Outcome
from forecast.presentation import own_count, record
from forecast.presentation.top_lines import old_forecast, old_origin, top_lines
from forecast.runs.baseline import Baseline

DAY = date(2026, 9, 30)
JANUARIES = [2027, 2031]


def draws(*middles: float) -> xr.DataArray:
    """Return draws whose percentiles at 10, 50 and 90 are a tenth below, at, and a tenth above given middles."""
    return xr.DataArray(
        np.linspace(0.875, 1.125, 101)[:, None] * np.array(middles),
        dims=("draw", "january"),
        coords={"january": JANUARIES},
    )


def used(**plans: object) -> CountUsed:
    count = PlansCount.model_validate({"day": DAY, "total": 4310} | plans)
    return CountUsed(
        counts=OwnCounts(la_code=317, plans=count, origin="mine.xlsx"),
        fingerprint="abc",
        before=draws(4200, 6700),
        after=draws(4400, 7000),
        low=3600.0,
        high=4600.0,
        published=3830.0,
        needs_before=None,
        needs_after=None,
        bands_used=False,
    )


@pytest.fixture
def redbridge(baseline_of: Callable[..., Baseline]) -> Outcome:
    """Return a real outcome to change."""
    return baseline_of(317, years=10, draws=100).outcome


def said(outcome: Outcome, count: CountUsed) -> list[str]:
    return own_count.sentences(replace(outcome, own_count=count))


def test_without_a_count_nothing_is_said(redbridge: Outcome) -> None:
    assert own_count.sentences(redbridge) == []
    assert own_count.record(redbridge) is None
    assert own_count.placements_beside(redbridge) == []


def test_the_sentence_says_the_count_its_day_and_what_it_moves(redbridge: Outcome) -> None:
    (line,) = said(redbridge, used())
    assert line.startswith(
        "Redbridge's own count of 4,310 plans on 30 September 2026 moves January 2027 from 4,200 (3,780 to 4,620) to 4,400 "
        "(3,960 to 4,840) and January 2031 from 6,700 (6,030 to 7,370) to 7,000 (6,300 to 7,700)"
    )
    assert line.endswith("It moves no other authority and no published figure.")


def test_a_count_far_from_the_forecast_asks_for_a_check_and_says_of_what(redbridge: Outcome) -> None:
    (doubt,) = own_count.doubts(used(total=700))
    assert "700 plans are far fewer than the forecast without it has for that day (3,600 to 4,600" in doubt
    assert "the unit (requests" in doubt
    assert "the definition" in doubt
    assert "far more" in said(redbridge, used(total=9000))[1]
    assert own_count.doubts(used()) == []


def test_plans_and_plans_ceased_that_are_fewer_than_in_january_are_asked_about() -> None:
    (doubt,) = own_count.doubts(used(total=3700, ceased=100))
    assert "it makes 3,800, fewer than the 3,830 of the last return" in doubt
    assert own_count.doubts(used(total=3700, ceased=130)) == []


def test_bands_that_move_nothing_are_said_to(redbridge: Outcome) -> None:
    bands = dict.fromkeys(BAND_CODES, 862)
    assert "Its age bands move nothing" in said(redbridge, used(bands=bands))[1]
    moved = replace(used(bands=bands), bands_used=True)
    assert said(redbridge, moved)[1].startswith("Its age bands move those of the forecast")


def test_the_need_that_moves_most_is_named(redbridge: Outcome) -> None:
    before = xr.DataArray(np.full(13, 100.0), dims="need", coords={"need": list(NEED_CODES)})
    after = before.copy(deep=True)
    after.loc[{"need": "ASD"}] = 165.0
    line = said(redbridge, replace(used(), needs_before=before, needs_after=after))[1]
    assert "most for autistic spectrum disorder: from 7.7 % to 12.1 % of plans" in line


def test_placements_stand_beside_the_forecast_of_that_day_and_move_nothing(redbridge: Outcome) -> None:
    outcome = replace(redbridge, own_count=used(placements={"state_special": 900, "mainstream": 2100}))
    rows = own_count.placements_beside(outcome)
    assert [(code, number) for code, number, _ in rows] == [("mainstream", 2100), ("state_special", 900)]
    special = rows[1][2]
    assert special is not None
    start = float(outcome.placements.known.sel(provision="state_special").sum())
    end = float(
        outcome.placements.future.sel(january=2027, provision="state_special").sum("age").median("draw")
    )
    assert min(start, end) <= special <= max(start, end)
    line = own_count.sentences(outcome)[1]
    assert line.startswith(
        "Its placements move nothing: where children are taught starts from the published return"
    )
    assert f"state-funded special school 900 (forecast {special:,.0f})" in line


def test_the_record_of_a_run_holds_the_count_and_what_it_moved(redbridge: Outcome) -> None:
    facts = record.provenance(replace(redbridge, own_count=used()), {})["own_count"]
    assert (facts["origin"], facts["sha256"], facts["date"], facts["plans"]) == (
        "mine.xlsx", "abc", "2026-09-30", 4310,
    )  # fmt: skip
    assert facts["moved"]["2027"] == {"without": [3780.0, 4200.0, 4620.0], "with": [3960.0, 4400.0, 4840.0]}
    assert record.provenance(redbridge, {})["own_count"] is None


# An old forecast


@pytest.mark.parametrize(
    ("today", "words"),
    [
        (date(2026, 11, 30), ""),
        (date(2027, 1, 31), ""),
        (
            date(2027, 2, 1),
            "Old forecast: it starts from January 2026, 13 months ago. A newer return may be published",
        ),
        (date(2028, 3, 1), "26 months ago"),
    ],
)
def test_a_forecast_is_old_a_year_after_its_january(today: date, words: str) -> None:
    sentence = old_origin(2026, 2026, today)
    assert words in sentence
    assert bool(sentence) is bool(words)


def test_a_forecast_from_before_the_newest_return_in_use_is_old_at_once() -> None:
    sentence = old_origin(2025, 2026, date(2026, 2, 1))
    assert "it starts from January 2025, but returns of January 2026 are in use" in sentence
    assert "sendplan fit" in sentence


def test_an_old_forecast_and_the_count_stand_first_in_the_summary(redbridge: Outcome) -> None:
    outcome = replace(redbridge, own_count=used())
    later = date(2027, 6, 1)
    first, second = top_lines(outcome, later)
    assert first == old_forecast(later) == old_origin(2026, 2026, later)
    page = record.markdown(record.RunTables(outcome, today=later))
    assert page.index(first) < page.index(second) < page.index("Redbridge had")
    assert top_lines(redbridge, date(2026, 11, 30)) == []
    assert "Old forecast" not in record.markdown(record.RunTables(outcome))
