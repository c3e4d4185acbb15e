"""Own growth beside the growth forecast: both by hand, what is known besides, and how such cases went, from the scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from forecast.core.outcome import Outcome, RecentYears
from forecast.presentation import own_record
from forecast.presentation.own_record import OwnRecord
from forecast.runs.baseline import Baseline
from forecast.validation.own_growth import Departures, departures, shipped_departures

CASES = Departures(january=2026, scored=149, far=50, missed=0.04, own_missed=0.056)


@pytest.fixture
def redbridge(baseline_of: Callable[..., Baseline]) -> Outcome:
    """Return a real outcome to change."""
    return baseline_of(317, years=10, draws=100).outcome


def recent(requests: list[float], refused: list[float]) -> RecentYears:
    years = {"year": [2023 + n for n in range(len(requests))]}
    return RecentYears(
        xr.DataArray(requests, dims="year", coords=years),
        xr.DataArray(refused, dims="year", coords=years),
        england_growth=0.108,
        england_ahead=0.1,
    )


def with_total(outcome: Outcome, january: int, value: float) -> Outcome:
    total = outcome.history_total.copy(deep=True)
    total.loc[{"january": january}] = value
    return replace(outcome, history_total=total)


def test_growth_is_measured_over_five_years_of_published_totals_and_of_middles(redbridge: Outcome) -> None:
    record = OwnRecord.of(redbridge)
    assert record is not None
    now = float(redbridge.plans.known.sum())
    before = float(redbridge.history_total.sel(january=2021))
    middle = float(redbridge.plans.future.sel(january=2031).sum(("age", "need")).median())
    assert (record.first, record.latest, record.last) == (2021, 2026, 2031)
    assert record.own == pytest.approx((now / before) ** 0.2 - 1)
    assert record.ahead == pytest.approx((middle / now) ** 0.2 - 1)


def test_near_its_own_growth_one_sentence_is_enough(redbridge: Outcome) -> None:
    record = OwnRecord.of(redbridge)
    assert record is not None
    now = float(redbridge.plans.known.sum())
    near = with_total(redbridge, 2021, now / (1 + record.ahead - 0.02) ** 5)
    (line,) = own_record.sentences(near)
    assert "2.0 points more." in line


def test_a_fall_in_the_last_year_is_said(redbridge: Outcome) -> None:
    record = OwnRecord.of(redbridge)
    assert record is not None
    near = with_total(redbridge, 2021, float(redbridge.plans.known.sum()) / (1 + record.ahead) ** 5)
    before = float(redbridge.plans.known.sum()) / 0.97
    (_, fall) = own_record.sentences(with_total(near, 2025, before))
    assert "Plans fell in the year to January 2026" in fall
    assert "wider than after growth" in fall


def test_far_from_it_what_is_known_besides_and_how_such_cases_went_are_said(redbridge: Outcome) -> None:
    far = replace(
        with_total(redbridge, 2021, float(redbridge.plans.known.sum()) / 1.02**5),
        recent=recent([100, 200, 300], [10, 20, 60]),
    )
    first, besides, cases = own_record.sentences(far)
    assert "grew by 2.0 % a year from January 2021 to January 2026" in first
    assert "requests for an assessment were 300 in 2025 after 200 in 2024 (+50 %)" in besides
    assert "20 % of requests were refused in 2025, 10 % in 2024" in besides
    assert "cleared a backlog" in besides
    assert "growth slower than England's is drawn towards England's" in besides
    assert cases == own_record.such_cases(shipped_departures())  # type: ignore[arg-type]


def test_nothing_is_said_of_what_is_not_published_or_too_small(redbridge: Outcome) -> None:
    far = with_total(redbridge, 2021, float(redbridge.plans.known.sum()) / 1.02**5)
    gaps = own_record.sentences(
        replace(far, recent=recent([100, np.nan, 300], [10, 20, np.nan]), backlogs=())
    )[1]
    assert "requests" not in gaps
    small = own_record.sentences(replace(far, recent=recent([3, 5, 9], [1, 1, 2]), backlogs=()))[1]
    assert "requests" not in small
    assert "England's plans grew by 10.8 % a year over 5 years" in small


def test_an_authority_with_too_few_januaries_has_no_record(redbridge: Outcome) -> None:
    total = redbridge.history_total.where(redbridge.history_total["january"] >= 2025)
    (line,) = own_record.sentences(replace(redbridge, history_total=total))
    assert "too few published Januaries" in line


def test_such_cases_by_hand() -> None:
    totals = xr.DataArray(
        [[100.0, 200.0], [100.0, 161.051]],
        dims=("area", "january"),
        coords={"area": [1, 2], "january": [2020, 2025]},
    )
    rows = {
        # Own growth 14.9 % a year and forecast 10 %: far. Own growth 10 % and forecast 11 %: near.
        "la_code": [1, 2], "origin": 2025, "target": 2026, "before": [200.0, 161.051], "median": [220.0, 178.8],
        "actual": [222.0, 170.0],
    }  # fmt: skip
    found = departures(pd.DataFrame(rows), totals)
    assert found is not None
    assert (found.january, found.scored, found.far) == (2026, 2, 1)
    assert found.missed == pytest.approx(2 / 222)
    assert found.own_missed == pytest.approx(abs(200 * 2**0.2 / 222 - 1))
    assert departures(pd.DataFrame(rows).iloc[:0], totals) is None


def test_what_is_shipped_says_which_was_nearer() -> None:
    found = shipped_departures()
    assert found is not None
    assert found.january == 2026
    assert found.far < found.scored
    assert found.missed < found.own_missed
    line = own_record.such_cases(CASES)
    assert "in the 50 of 149 authorities" in line
    assert (
        "missed by 4.0 % on average and own growth would have missed by 5.6 %: the forecast was nearer"
        in line
    )
    other = own_record.such_cases(replace(CASES, missed=0.07))
    assert "own growth was nearer" in other
