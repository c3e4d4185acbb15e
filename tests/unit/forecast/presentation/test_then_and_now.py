"""Parts of a difference add up to it, as numbers and as shown; what is not known is said not to be."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.presentation.then_and_now import (
    OF_TOTAL,
    PARTS,
    ThenAndNow,
    attributed,
    brought_to_draws,
    table_text,
)

JANUARIES = [2026, 2027, 2028]
COUNT = st.floats(0, 20_000, allow_nan=False)


def frame(values: list[float], measure: str = "plans", januaries: list[int] = JANUARIES) -> pd.DataFrame:
    return pd.DataFrame({measure: values}, index=pd.Index(januaries, name="january"))


def number(text: str) -> int:
    return int(re.sub("[^0-9-]", "", text.replace("\u2212", "-")))


@st.composite
def some_figures(draw: st.DrawFn) -> ThenAndNow:
    """Return figures of three Januaries then, two of them still forecast now and one published."""
    three, two = (st.lists(COUNT, min_size=n, max_size=n) for n in (3, 2))
    return ThenAndNow(
        then=frame(draw(three)),
        now=frame(draw(two), januaries=[2027, 2028]),
        baseline_then=frame(draw(three)),
        baseline_now=frame(draw(two), januaries=[2027, 2028]),
        present_on_then=frame(draw(three))["plans"],
        published=pd.Series([draw(COUNT)], index=[2026]),
    )


@given(some_figures())
def test_data_model_and_scenario_add_up_to_the_difference(figures: ThenAndNow) -> None:
    rows = attributed(figures)
    parts = rows[list(OF_TOTAL)].sum(axis=1, skipna=False)
    np.testing.assert_allclose(parts, rows["now"] - rows["then"], atol=1e-8)
    np.testing.assert_allclose(rows["difference"], rows["now"] - rows["then"], atol=1e-8)


@given(some_figures())
def test_parts_as_shown_add_up_to_the_difference_as_shown(figures: ThenAndNow) -> None:
    for row in table_text(attributed(figures), "plans").to_dict("records"):
        shown = sum(number(row[PARTS[part]]) for part in OF_TOTAL)
        assert shown == number(row["Difference"]) == number(row["Now"]) - number(row["Then"])


def made(**changed: object) -> ThenAndNow:
    """Return a scenario of 100 plans more then and 80 more now, on a baseline that grew by 30, 10 of them the models'."""
    base_then, base_now = [1_000.0, 1_100.0, 1_200.0], [1_030.0, 1_130.0, 1_230.0]
    whole = {
        "then": frame([v + 100 for v in base_then]),
        "now": frame([v + 80 for v in base_now]),
        "baseline_then": frame(base_then),
        "baseline_now": frame(base_now),
        "present_on_then": frame([v + 10 for v in base_then])["plans"],
        "published": pd.Series(dtype=float),
    }
    return ThenAndNow(**(whole | changed))  # type: ignore[arg-type]


def test_each_part_is_what_it_says() -> None:
    rows = attributed(made())
    assert rows["model"].tolist() == [10.0] * 3
    assert rows["data"].tolist() == [20.0] * 3
    assert rows["scenario"].tolist() == [-20.0] * 3
    assert rows["difference"].tolist() == [10.0] * 3


def test_an_unchanged_result_differs_by_nothing_in_every_part() -> None:
    same = made(
        now=made().then,
        baseline_now=made().baseline_then,
        present_on_then=made().baseline_then["plans"],
    )
    assert (attributed(same)[["difference", *OF_TOTAL]] == 0).all(axis=None)


def test_without_a_forecast_by_the_present_models_data_and_model_stand_together() -> None:
    rows = attributed(made(present_on_then=pd.Series(dtype=float)))
    assert rows["data_and_model"].tolist() == [30.0] * 3
    assert rows[["data", "model"]].isna().all(axis=None)
    assert list(table_text(rows, "plans").columns) == [
        "January", "Then", "Now", "Difference", "Data and model", "Scenario",
    ]  # fmt: skip


def test_without_the_baseline_of_then_only_the_difference_is_shown() -> None:
    rows = attributed(made(baseline_then=pd.DataFrame(), present_on_then=pd.Series(dtype=float)))
    assert list(table_text(rows, "plans").columns) == ["January", "Then", "Now", "Difference"]
    assert rows["difference"].tolist() == [10.0] * 3


def test_in_a_published_january_the_result_of_now_is_what_was_published() -> None:
    rows = attributed(
        made(
            now=frame([1_210.0, 1_310.0], januaries=[2027, 2028]),
            baseline_now=frame([1_130.0, 1_230.0], januaries=[2027, 2028]),
            published=pd.Series([1_050.0], index=[2026]),
        )
    )
    first = rows.iloc[0]
    assert bool(first["published"])
    assert (first["now"], first["data"], first["model"], first["scenario"]) == (1_050.0, 40.0, 10.0, -100.0)
    assert table_text(rows, "plans")["January"].tolist() == ["2026 (published)", "2027", "2028"]


def test_a_january_that_is_not_made_now_keeps_its_figure_of_then() -> None:
    rows = attributed(
        made(now=frame([1_110.0], januaries=[2026]), baseline_now=frame([1_030.0], januaries=[2026]))
    )
    shown = table_text(rows, "plans")
    assert shown["Then"].tolist() == ["1,100", "1,200", "1,300"]
    assert shown["Now"].tolist() == ["1,110", "not made now", "not made now"]
    assert shown["Difference"].tolist() == ["+10", "", ""]


@pytest.mark.parametrize("origin", [2024, 2025])
def test_middles_are_brought_to_the_draws_by_years_ahead(origin: int) -> None:
    drawn, exact = pd.Series([99.0, 202.0], [1, 2]), pd.Series([100.0, 200.0], [1, 2])
    middles = pd.Series([1_000.0, 1_000.0, 1_000.0], [origin + 1, origin + 2, origin + 3])
    assert brought_to_draws(middles, origin, drawn, exact).round(6).tolist() == [990.0, 1010.0, 1000.0]
