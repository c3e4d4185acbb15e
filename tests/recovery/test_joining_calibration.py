"""Calibration of the law of joining: over worlds made by its own equations, outcomes have any rank among its draws.

A world draws its ceiling, persistence, breaks and drift from the priors and walks twelve years by the equations of
`models.joining`, written out here a second time. The law then sees what it sees of England: the chances of the years to the
origin. It does not know the world's ceiling, momentum or persistence, so this tests the priors' rules for them (the room above
today's chance, momentum from four years' growth) as much as the recursion (Talts et al. 2018, arXiv:1804.06788).
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import expit, logit
from scipy.stats import chisquare

from models import joining
from models.cohort_flow import HIGHEST_CHANCE
from models.joining import draw_chances
from models.joining_evidence import Rise

Array = npt.NDArray[np.float64]

WORLDS, PAST, AHEAD, DRAWS = 400, 12, 15, 500
BINS = 8


def path(rng: np.random.Generator) -> Array:
    """Return the chances of one world, the years to the origin and those after it."""
    ceiling = 0.0
    while not 0.12 < ceiling < HIGHEST_CHANCE:
        ceiling = np.exp(joining.CEILING + joining.CEILING_SPREAD * rng.standard_normal())
    kept, breaking = rng.beta(*joining.PERSISTENCE), rng.beta(*joining.BREAKS)
    drift = joining.DRIFT + joining.DRIFT_SPREAD * rng.standard_normal()
    u = logit(rng.uniform(0.2, 0.6))
    room = 1 - expit(u)
    b = rng.normal(drift, joining.MOMENTUM_ERROR) / room
    chances = []
    for _ in range(PAST + AHEAD):
        u = u + b + joining.LEVEL_SHOCK * rng.standard_t(joining.SHOCK_TAIL)
        b = kept * b + (1 - kept) * drift / room + joining.MOMENTUM_SHOCK * rng.standard_t(joining.SHOCK_TAIL)
        if rng.random() < breaking:
            b += joining.BREAK * rng.standard_normal()
        chances.append(ceiling * expit(u))
    return np.array(chances)


@cache
def ranks() -> Array:
    """Return the share of the law's draws below what came, dims (world, year ahead)."""
    rng = np.random.default_rng(18)
    out = []
    for _ in range(WORLDS):
        world = path(rng)
        drawn = draw_chances(Rise.of(world[:PAST]), AHEAD, DRAWS, rng).chance()
        out.append((drawn < world[PAST:]).mean(axis=0))
    return np.array(out)


@pytest.mark.parametrize("ahead", [1, 5, 10, 15])
def test_outcomes_are_as_often_inside_as_intervals_say(ahead: int) -> None:
    inside = np.abs(ranks()[:, ahead - 1] - 0.5)
    assert 0.72 <= (inside <= 0.4).mean() <= 0.90
    assert 0.90 <= (inside <= 0.475).mean() <= 0.99


@pytest.mark.parametrize("ahead", [5, 10, 15])
def test_outcomes_lie_on_neither_side_of_the_middle_more(ahead: int) -> None:
    assert 0.38 <= (ranks()[:, ahead - 1] < 0.5).mean() <= 0.62


def test_a_law_with_other_shocks_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check has teeth: with a third of the shocks, outcomes pile up outside."""
    rng = np.random.default_rng(18)
    worlds = [path(rng) for _ in range(WORLDS)]
    for name in ("LEVEL_SHOCK", "MOMENTUM_SHOCK", "MOMENTUM_ERROR", "BREAK", "CEILING_SPREAD"):
        monkeypatch.setattr(joining, name, getattr(joining, name) / 3)
    narrow = [
        (draw_chances(Rise.of(w[:PAST]), AHEAD, DRAWS, rng).chance() < w[PAST:]).mean(axis=0) for w in worlds
    ]
    counts = np.histogram(np.array(narrow)[:, 4], BINS, (0, 1))[0]
    assert chisquare(counts).pvalue < 1e-6
