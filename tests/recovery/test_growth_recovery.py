"""Simulate a world from known parameters, fit the growth model, and see that intervals hold the truth and the future."""

from __future__ import annotations

import numpy as np
import pytest

from models.growth import FittedGrowth
from models.indicators import MEASURED
from tests.growth_worlds import FUTURE, ORIGIN, World

GROUPS: dict[str, tuple[str, ...]] = {
    "path": ("path",),
    "effects": ("signed_effect", "free_effect"),
    "response": ("response",),
    "noise": ("noise", "year_noise", "tail", "indicator_noise", "path_noise", "year_spread"),
    "long run": ("long_run_statements", "long_run_plans", "persistence", "shock", "path_persistence"),
}
"""Parameters whose intervals are counted together."""

Fit = tuple[World, FittedGrowth]


def levels(v: dict[str, np.ndarray], member: np.ndarray) -> np.ndarray:
    """Return each area's level, the only part of regions and areas that a forecast sees."""
    region = v["region_spread"][..., None] * v["region"]
    return np.asarray(region[..., member] + v["area_spread"][..., None] * v["area"])


def inside(draws: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return whether 90 % intervals of draws, first axis, hold the truth."""
    low, high = np.quantile(draws, [0.05, 0.95], axis=0)
    return np.asarray((low <= truth) & (truth <= high))


def coverage(fits: list[Fit]) -> dict[str, np.ndarray]:
    """Return by group whether 90 % intervals hold each true value."""
    held: dict[str, list[np.ndarray]] = {group: [] for group in (*GROUPS, "levels")}
    for world, fitted in fits:
        draws = {str(n): v.to_numpy() for n, v in fitted.posterior.data_vars.items()}
        for group, names in GROUPS.items():
            for name in names:
                truth = world.truth[name]
                # Years after the origin are place-holders.
                own = draws[name][:, : len(truth)] if truth.ndim else draws[name]
                held[group].append(inside(own, truth).ravel())
        member = fitted.panel.region
        held["levels"].append(inside(levels(draws, member), levels(world.truth, member)))
    return {group: np.concatenate(parts) for group, parts in held.items()}


def futures_held(fit: Fit) -> np.ndarray:
    """Return whether 90 % intervals hold the totals of each future, dims (future, area, january)."""
    world, fitted = fit
    told = fitted.forecast([ORIGIN + h for h in range(1, FUTURE + 1)])
    low, high = told.quantiles([0.05, 0.95]).sel(series="All").transpose("quantile", ...).to_numpy()
    return np.asarray((low <= world.future) & (world.future <= high))


def assert_recovered(fits: list[Fit]) -> None:
    held = coverage(fits)
    told = {group: f"{h.mean():.2f} of {h.size}" for group, h in held.items()}
    print("\n90 % intervals held:", told)
    assert np.concatenate([h for group, h in held.items() if group != "levels"]).mean() >= 0.85, told
    # A handful of effects share one posterior, so their count is less certain than that of all parameters.
    for group in ("path", "response", "levels"):
        assert held[group].mean() >= 0.8, told


def assert_futures_held(fits: list[Fit]) -> None:
    """Hold future totals, in areas whose last January is missing too, by intervals narrow enough to be of use."""
    held = np.concatenate([futures_held(fit) for fit in fits])
    print("\n90 % intervals of totals held, by years ahead:", held.mean(axis=(0, 1)).round(3))
    assert 0.85 <= held.mean() <= 0.97
    absent = np.concatenate([futures_held(f)[:, f[1].panel.indicators.lag > 0].ravel() for f in fits])
    print("in areas without a last January:", absent.mean().round(3))
    assert absent.size > 0
    assert absent.mean() >= 0.75


def test_parameters_are_recovered(small_worlds: list[Fit]) -> None:
    assert_recovered(small_worlds)


def test_futures_are_held(small_worlds: list[Fit]) -> None:
    assert_futures_held(small_worlds)


def test_signs_hold_in_every_draw_and_truths_stand_out(small_worlds: list[Fit]) -> None:
    for world, fitted in small_worlds:
        effects = fitted.posterior["signed_effect"].to_numpy()
        assert (effects >= 0).all()
        persists = fitted.posterior["response"].to_numpy()[:, range(len(MEASURED)), range(len(MEASURED))]
        np.testing.assert_allclose(persists.mean(axis=0), np.diag(world.truth["response"]), atol=0.15)


def test_a_fit_repeats_to_the_bit(small_worlds: list[Fit]) -> None:
    """Forecasts of one fit do not depend on what was asked before."""
    _, fitted = small_worlds[0]
    told = fitted.forecast([ORIGIN + 1])
    first = told.quantiles([0.1, 0.9])
    told.draws(7, np.random.default_rng(0))
    np.testing.assert_array_equal(first, told.quantiles([0.1, 0.9]))


@pytest.mark.slow
def test_parameters_of_as_many_areas_as_england_are_recovered(large_world: list[Fit]) -> None:
    assert_recovered(large_world)


@pytest.mark.slow
def test_futures_of_as_many_areas_as_england_are_held(large_world: list[Fit]) -> None:
    assert_futures_held(large_world)


@pytest.mark.slow
def test_a_full_fit_passes_the_gate(large_world: list[Fit]) -> None:
    _, fitted = large_world[0]
    print("\n" + fitted.diagnostics.sentence())
    assert fitted.diagnostics.passed, fitted.diagnostics.sentence()
