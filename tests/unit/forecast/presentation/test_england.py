"""England beside published forecasts: what is read, what is said where they agree and where they do not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from data import tables
from data.errors import TableError
from forecast.presentation import england
from forecast.runs.baseline import ForecastInputs


def forecast(middle: float, width: float) -> pd.DataFrame:
    januaries = range(2027, 2042)
    return pd.DataFrame({"q10": middle - width, "q50": middle, "q90": middle + width}, index=list(januaries))


def test_only_forecasts_of_all_plans_are_read() -> None:
    others = england.national()
    assert others["number"].tolist() == [str(n + 1) for n in range(len(others))]
    assert {(2033, 1_000_000.0), (2029, 840_000.0), (2040, 920_000.0), (2040, 1_100_000.0)} <= set(
        zip(others["january"], others["plans"], strict=True)
    )
    assert others["plans"].min() > 500_000


def test_a_forecast_without_a_year_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = tables.read("published_forecasts").assign(forecast_period="soon")
    monkeypatch.setattr(tables, "read", lambda name: rows)
    with pytest.raises(TableError, match="names no year"):
        england.national()


def test_words_say_whether_others_lie_inside() -> None:
    others = england.national()
    assert "holds all of them" in england.sentence(forecast(960_000, 300_000), others)
    assert "can hardly both be right" in england.sentence(forecast(1_600_000, 100_000), others)
    assert "Some lie outside" in england.sentence(forecast(1_000_000, 50_000), others)
    alone = england.sentence(forecast(1_000_000, 50_000).loc[[2027]], others)
    assert alone.endswith("EHC plans in England in January 2027.")
    assert "not shown" in england.table(forecast(1_000_000, 50_000).loc[[2027]], others)["Ours"].tolist()


def test_percentiles_are_of_sums_within_draws() -> None:
    draws = xr.DataArray(
        np.arange(11.0)[:, None] * np.ones((1, 2)),
        dims=("draw", "january"),
        coords={"draw": range(11), "january": [2027, 2028]},
    )
    assert england.ahead(draws).loc[2028].tolist() == pytest.approx([1, 5, 9])


def test_england_starts_near_what_is_published_and_its_range_widens(inputs: ForecastInputs) -> None:
    draws = inputs.england(draws=200)
    assert draws.dims == ("draw", "january")
    ahead = england.ahead(draws)
    last = england.published().iloc[-1]
    assert last < ahead["q50"].iloc[0] < 1.2 * last
    width = np.log(ahead["q90"] / ahead["q10"])
    assert width.iloc[-1] > width.iloc[0]
    shorter = inputs.england(draws=200, years=3)
    assert shorter.equals(draws.isel(january=slice(0, 3)))
