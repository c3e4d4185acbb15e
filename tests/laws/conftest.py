"""Compiled models shared by the laws of one test process: compiling takes most of the time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from forecast.members import Models
from models.inference import Sampling
from models.memory import Memory

BRIEF = Sampling(draws=100, tune=150, chains=1, target_accept=0.8)
"""Too short to trust and long enough to move: laws hold for any draws."""


@pytest.fixture(scope="session")
def brief_models() -> Callable[[], Models]:
    """Return a maker of models that forget every fit but share what was compiled."""
    shared = Memory()

    def make() -> Models:
        return Models(shared.with_compiled(), sampling=BRIEF, rehearsal=BRIEF)

    return make
