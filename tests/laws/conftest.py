"""Models and a forecast that laws share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from forecast.demand.members import Models
from forecast.runs.baseline import Baseline
from models.inference import Sampling
from models.memory import Memory

BRIEF = Sampling(draws=100, tune=150, chains=1, target_accept=0.8)
"""Too short to trust and long enough to move: laws hold for any draws."""


@pytest.fixture(scope="session")
def brief_models(compiled: Memory) -> Callable[[], Models]:
    """Return a maker of models that forget every fit but share what was compiled."""

    def make() -> Models:
        return Models(compiled.with_compiled(), sampling=BRIEF, rehearsal=BRIEF)

    return make


@pytest.fixture(scope="session")
def baseline(baseline_of: Callable[..., Baseline]) -> Baseline:
    """Return Redbridge's baseline: few draws, and years enough for a review, a scheme and a lock to matter."""
    return baseline_of(317, years=7, draws=100)
