"""More requests never lower, and more refusals never raise, the plans expected a year later.

One area's figures move England's median and spread of that indicator a little, so its own unit moves too: forecasts may give
way by `ROUNDING`, a twentieth of a per cent.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from data.panels.history import History
from models import pipeline_ridge
from models.growth import GrowthPanel, simulate
from tests.growth_worlds import World, world

AREAS = 30
ROUNDING = 5e-4
SIGN = {"requests": 1.0, "refused": -1.0}

SOMEWHERE = {
    "seed": st.integers(0, 3),
    "origin": st.sampled_from([2019, 2022, 2025]),
    "row": st.integers(0, AREAS - 1),
    "factor": st.floats(1.001, 4.0),
    "flow": st.sampled_from(sorted(SIGN)),
}


@cache
def made(seed: int) -> World:
    return world(areas=AREAS, seed=seed, futures=1)


def raised(history: History, row: int, flow: str, factor: float) -> History:
    """Return a history in which one area reported more of a flow in its last year, up to every request being refused."""
    at = {"area": history.areas[row], "year": history.origin - 1}
    values = history.flows[flow].copy()
    most = np.inf if flow == "requests" else float(history.flows["requests"].sel(at))
    values.loc[at] = min(factor * float(values.sel(at)), max(most, float(values.sel(at))))
    return replace(history, flows=history.flows.assign({flow: values}))


def posterior(world: World, draws: int = 100) -> xr.Dataset:
    """Return draws around a world's truth whose effects have the model's signs but any size."""
    rng = np.random.default_rng(0)
    around = world.posterior(draws)
    signed = np.abs(rng.normal(0, 0.02, around["signed_effect"].shape))
    free = rng.normal(0, 0.02, around["free_effect"].shape)
    return around.assign(
        signed_effect=around["signed_effect"].copy(data=signed),
        free_effect=around["free_effect"].copy(data=free),
    )


def expected(world: World, history: History) -> np.ndarray:
    """Return the growth model's expected plans next January, dims (area,), with the same luck every time."""
    rows = np.arange(AREAS)
    logs = simulate(GrowthPanel.of(history), posterior(world), 1, 100, np.random.default_rng(1), rows)
    return np.asarray(np.expm1(logs[:, :, 0]).mean(axis=0))


@settings(max_examples=60, derandomize=True)
@given(**SOMEWHERE)
def test_the_ridge_never_answers_against_the_sign(
    seed: int, origin: int, row: int, factor: float, flow: str
) -> None:
    history = made(seed).history.until(origin)
    before = pipeline_ridge.medians(history, 1)[row, 0]
    after = pipeline_ridge.medians(raised(history, row, flow, factor), 1)[row, 0]
    assert SIGN[flow] * np.log(after / before) >= -ROUNDING


@settings(max_examples=60, derandomize=True)
@given(**SOMEWHERE)
def test_the_growth_model_never_answers_against_the_sign(
    seed: int, origin: int, row: int, factor: float, flow: str
) -> None:
    history = made(seed).history.until(origin)
    before = expected(made(seed), history)[row]
    after = expected(made(seed), raised(history, row, flow, factor))[row]
    assert SIGN[flow] * np.log(after / before) >= -ROUNDING


@pytest.mark.parametrize("flow", sorted(SIGN))
def test_a_large_rise_does_move_the_forecast(flow: str) -> None:
    """The laws have teeth: where the figure is published and believable, half as much again is answered."""
    history = made(0).history
    moved = []
    for row in range(0, AREAS, 5):
        changed = raised(history, row, flow, 1.5)
        ridge = pipeline_ridge.medians(changed, 1)[row, 0] / pipeline_ridge.medians(history, 1)[row, 0]
        growth = expected(made(0), changed)[row] / expected(made(0), history)[row]
        moved.append(SIGN[flow] * np.log([ridge, growth]))
    assert (np.max(moved, axis=0) > 1e-3).all()
