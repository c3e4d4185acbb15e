"""Inputs of forecasts from the cache: the same to the bit, and never instead of a fit that is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xarray as xr

from data import areas, tables
from data.errors import FitError
from forecast.core import disk_cache
from forecast.core.sources import imported
from forecast.demand import stored_fit
from forecast.runs import baseline
from forecast.runs.baseline import ForecastInputs


@pytest.fixture(scope="module")
def made() -> ForecastInputs:
    """Return the inputs as they are made, never packed."""
    return ForecastInputs._prepared("headline")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(disk_cache.VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_forecast_is_the_same_with_and_without_the_cache(
    made: ForecastInputs, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ForecastInputs, "_prepared", lambda _: made)
    first = ForecastInputs.prepare()
    assert len(list(cache.iterdir())) == 1
    monkeypatch.setattr(ForecastInputs, "_prepared", lambda _: pytest.fail("the cache was not read"))
    second = ForecastInputs.prepare()
    for area in (areas.by_code(317), areas.by_code(420)):
        runs = [i.baseline(area, years=4, draws=100).outcome for i in (made, first, second)]
        for other in runs[1:]:
            xr.testing.assert_identical(other.plans.future, runs[0].plans.future)
            xr.testing.assert_identical(other.placements.future, runs[0].placements.future)
            xr.testing.assert_identical(other.history_bands, runs[0].history_bands)
            xr.testing.assert_identical(other.shortfall.short, runs[0].shortfall.short)


def test_a_fit_that_is_refused_is_refused_though_inputs_are_cached(
    made: ForecastInputs, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ForecastInputs, "_prepared", lambda _: made)
    ForecastInputs.prepare()

    def refused() -> dict[str, Any]:
        raise FitError("stale")

    monkeypatch.setattr(stored_fit, "manifest", refused)
    with pytest.raises(FitError, match="stale"):
        ForecastInputs.prepare()


def test_a_model_fitted_on_demand_is_not_cached(cache: Path) -> None:
    assert ForecastInputs.prepare("regional_growth").model == "regional_growth"
    assert not cache.exists()


def test_every_table_read_is_among_the_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    read: set[str] = set()

    def noting(reader: Callable[[str], Any], where: str) -> Callable[[str], Any]:
        def note(name: str) -> Any:
            read.add(where.format(name))
            return reader(name)

        return note

    monkeypatch.setattr(tables, "read", noting(tables.read, "data/published/{}.parquet"))
    monkeypatch.setattr(tables, "read_reference", noting(tables.read_reference, "data/reference/{}.csv"))
    ForecastInputs._prepared("headline")
    assert read
    assert read <= set(baseline.SOURCES.files)


def test_modules_behind_the_inputs_are_among_the_sources() -> None:
    files = set(imported(baseline.SOURCES.modules)) | set(baseline.SOURCES.files)
    for path in (
        "data/panels/process.py",
        "models/pipeline.py",
        "models/placement.py",
        "data/tables.py",
        "data/fitted/cohort.nc",
    ):
        assert path in files
