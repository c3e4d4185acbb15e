"""Fixtures of the page tests: forecasts of two real authorities and one that was split off; registers kept apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from data.council_files.kept_files import CANDIDATES, COUNTS, REGISTERS, UNIT_COSTS
from forecast.core.outcome import Outcome
from forecast.runs.baseline import Baseline
from scenarios.store import address


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep files of a test where no other test and no person sees them."""
    for file_store, name in (
        (REGISTERS, "registers"),
        (UNIT_COSTS, "unit-costs"),
        (CANDIDATES, "candidates"),
        (COUNTS, "counts"),
    ):
        monkeypatch.setenv(file_store.variable, str(tmp_path / name))
    monkeypatch.setenv(address.VARIABLE, str(tmp_path / "scenarios.sqlite"))
    return tmp_path / "registers"


@pytest.fixture(scope="session")
def redbridge(baseline_of: Callable[..., Baseline]) -> Outcome:
    """Return an authority with every return and a capacity register of its own."""
    return baseline_of(317).outcome


@pytest.fixture(scope="session")
def newham(baseline_of: Callable[..., Baseline]) -> Outcome:
    """Return an authority whose return of a year before the latest is incomplete."""
    return baseline_of(316).outcome


@pytest.fixture(scope="session")
def isle_of_wight(baseline_of: Callable[..., Baseline]) -> Outcome:
    """Return an authority whose latest return is missing."""
    return baseline_of(921).outcome


@pytest.fixture(scope="session")
def cumberland(baseline_of: Callable[..., Baseline]) -> Outcome:
    """Return an authority that began in 2023."""
    return baseline_of(942).outcome
