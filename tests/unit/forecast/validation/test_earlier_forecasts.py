"""What was forecast from earlier Januaries is kept whole, and the present models are refitted to nothing later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from data import areas
from data.errors import OptionError, SourceError
from data.panels import history_tables
from data.panels.history import History
from data.vocabulary import ALL
from forecast.core import defaults
from forecast.demand import stored_fit
from forecast.demand.members import Models
from forecast.validation import earlier_forecasts
from forecast.validation.earlier_forecasts import COLUMNS, REFITTED, SHIPPED
from models.memory import Memory


@pytest.fixture(scope="module")
def history() -> History:
    return history_tables.load("current")


@dataclass
class Straight:
    """A model of totals that adds ten plans a year in every draw, and notes the history it was fitted to."""

    fitted_to: list[History] = field(default_factory=list)
    stock: xr.DataArray | None = None
    origin: int = 0

    def fit(self, history: History, *, rng: np.random.Generator) -> Straight:
        self.fitted_to.append(history)
        self.origin = history.origin
        self.stock = history.stock.sel(series=[ALL], january=history.origin, drop=True).fillna(0)
        return self

    def forecast(self, januaries: Sequence[int], areas: Sequence[int] | None = None) -> Straight:
        self.januaries = list(januaries)
        return self

    model = "straight"

    def draws_with_england(self, count: int, rng: np.random.Generator) -> tuple[xr.DataArray, xr.DataArray]:
        draws = self.quantiles([0.5]).isel(quantile=0, drop=True).expand_dims(draw=range(count))
        return draws, xr.zeros_like(draws.isel(area=0, series=0, drop=True))

    def quantiles(self, levels: Sequence[float]) -> xr.DataArray:
        ahead = xr.DataArray(
            [10.0 * (j - self.origin) for j in self.januaries],
            coords={"january": self.januaries},
            dims="january",
        )
        spread = xr.DataArray(list(levels), coords={"quantile": list(levels)}, dims="quantile")
        assert self.stock is not None
        return (
            (self.stock + ahead + spread).transpose("area", "series", "january", "quantile").rename("plans")
        )


def test_the_forecast_as_shipped_is_there_for_every_authority_and_usual_year() -> None:
    table = earlier_forecasts.read()
    shipped = table[(table["origin"] == 2025) & (table["made_by"] == SHIPPED)]
    assert sorted(shipped["january"].unique()) == list(range(2026, 2026 + defaults.YEARS))
    assert len(shipped) == 153 * defaults.YEARS
    assert set(shipped["la_code"]) == {area.la_code for area in areas.current()}


def test_rows_of_the_stored_fit_are_its_percentiles(history: History) -> None:
    headline = stored_fit.load(history).headline(history)
    rows = earlier_forecasts.tabulate(headline, history.origin, SHIPPED)
    assert tuple(rows.columns) == COLUMNS
    last = history.origin + defaults.YEARS
    own = rows[(rows["la_code"] == 317) & (rows["january"] == last)].iloc[0]
    expected = headline.forecast([last]).quantiles([0.1, 0.5, 0.9]).sel(area=317).to_numpy().ravel()
    assert own[["p10", "p50", "p90"]].tolist() == pytest.approx(expected.tolist(), abs=0.06)
    table = earlier_forecasts.read()
    same = table[(table["origin"] == history.origin) & (table["made_by"] == SHIPPED)]
    if len(same):
        pd.testing.assert_frame_equal(same.reset_index(drop=True), rows.reset_index(drop=True), atol=0.11)


def test_the_present_models_see_nothing_later(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Straight()
    monkeypatch.setattr(Models, "ensemble", lambda self: model)
    rows = earlier_forecasts.refit(history, 2023, Models(Memory()))
    (seen,) = model.fitted_to
    assert seen.origin == int(seen.stock["january"].max()) == 2023
    assert int(seen.flows["year"].max()) < 2023
    assert set(rows["made_by"]) == {REFITTED}
    assert (rows["january"].min(), rows["january"].max()) == (2024, 2023 + defaults.YEARS)
    stock = float(history.stock.sel(area=317, series=ALL, january=2023))
    own = earlier_forecasts.totals(rows, 2023, REFITTED, 317)
    assert own.loc[2024] == pytest.approx(stock + 10.5)


def test_an_origin_after_the_figures_is_refused(history: History) -> None:
    with pytest.raises(OptionError, match="out of range"):
        earlier_forecasts.refit(history, history.origin + 1, Models(Memory()))


def rows_of(origin: int, made_by: str, middle: float) -> pd.DataFrame:
    return pd.DataFrame(
        [[origin, made_by, 317, origin + 1, middle - 1, middle, middle + 1]], columns=list(COLUMNS)
    )


def test_new_rows_take_the_place_of_those_of_the_same_origin_and_maker_only() -> None:
    known = pd.concat([rows_of(2025, SHIPPED, 10), rows_of(2025, REFITTED, 20), rows_of(2024, REFITTED, 30)])
    both = earlier_forecasts.together(known, rows_of(2025, REFITTED, 25))
    assert len(both) == 3
    assert earlier_forecasts.totals(both, 2025, SHIPPED, 317).tolist() == [10]
    assert earlier_forecasts.totals(both, 2025, REFITTED, 317).tolist() == [25]
    assert earlier_forecasts.totals(both, 2024, REFITTED, 317).tolist() == [30]
    assert earlier_forecasts.totals(both, 2023, REFITTED, 317).empty


@pytest.mark.parametrize(
    "table",
    [
        rows_of(2025, "nobody", 10),
        rows_of(2025, SHIPPED, 10).assign(p90=0),
        rows_of(2025, SHIPPED, 10).drop(columns="p10"),
        pd.concat([rows_of(2025, SHIPPED, 10)] * 2),
    ],
    ids=["another maker", "percentiles out of order", "a column missing", "a cell twice"],
)
def test_a_table_that_was_changed_by_hand_is_refused(table: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "earlier.csv"
    table.to_csv(path, index=False)
    with pytest.raises(SourceError, match="is not the table of earlier forecasts"):
        earlier_forecasts.read(path)


def test_no_table_is_no_rows(tmp_path: Path) -> None:
    assert earlier_forecasts.read(tmp_path / "none.csv").empty
