"""Fits that several recovery tests read."""

from __future__ import annotations

import numpy as np
import pytest

from models.growth import BayesGrowth, FittedGrowth
from models.inference import FULL, Sampling
from tests.growth_worlds import World, world

BRIEF = Sampling(draws=400, tune=400, chains=2, target_accept=0.9)


@pytest.fixture(scope="session")
def small_worlds() -> list[tuple[World, FittedGrowth]]:
    """Return two worlds of 50 areas and brief fits, of one compiled model."""
    return _fits(BayesGrowth(BRIEF), 50, (1, 2))


@pytest.fixture(scope="session")
def large_world() -> list[tuple[World, FittedGrowth]]:
    """Return one world of as many areas as England has and a fit long enough to be used."""
    return _fits(BayesGrowth(FULL), 150, (1,))


def _fits(model: BayesGrowth, areas: int, seeds: tuple[int, ...]) -> list[tuple[World, FittedGrowth]]:
    made = [world(areas=areas, seed=seed) for seed in seeds]
    return [(w, model.fit(w.history, rng=np.random.default_rng(s))) for w, s in zip(made, seeds, strict=True)]
