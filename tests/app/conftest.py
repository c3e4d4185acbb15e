"""Fixtures of the page tests: forecasts of two real authorities and one that was split off; registers kept apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from data import areas
from data.kept_files import CANDIDATES, REGISTERS, UNIT_COSTS
from forecast.core.outcome import Outcome
from forecast.runs.baseline import ForecastInputs
from scenarios.store import address


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep files of a test where no other test and no person sees them."""
    for file_store, name in (
        (REGISTERS, "registers"),
        (UNIT_COSTS, "unit-costs"),
        (CANDIDATES, "candidates"),
    ):
        monkeypatch.setenv(file_store.variable, str(tmp_path / name))
    monkeypatch.setenv(address.VARIABLE, str(tmp_path / "scenarios.sqlite"))
    return tmp_path / "registers"


@pytest.fixture(scope="session")
def inputs() -> ForecastInputs:
    """Return what all authorities share."""
    return ForecastInputs.prepare()


@pytest.fixture(scope="session")
def redbridge(inputs: ForecastInputs) -> Outcome:
    """Return an authority with every return and a capacity register of its own."""
    return inputs.baseline(areas.by_code(317)).outcome


@pytest.fixture(scope="session")
def newham(inputs: ForecastInputs) -> Outcome:
    """Return an authority whose latest return is incomplete."""
    return inputs.baseline(areas.by_code(316)).outcome


@pytest.fixture(scope="session")
def cumberland(inputs: ForecastInputs) -> Outcome:
    """Return an authority that began in 2023."""
    return inputs.baseline(areas.by_code(942)).outcome
