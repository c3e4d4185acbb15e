"""Simulate kinds of provision from known parameters, fit, and see that intervals hold the truth and the future."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.inference import FULL, Sampling
from models.provision_totals import KIND_CODES, FittedProvision, ProvisionTotals
from tests.provision_worlds import FUTURE, ORIGIN, RECORDED, TRUTH, World, world

BRIEF = Sampling(draws=300, tune=300, chains=2, target_accept=0.8)

Fit = tuple[World, FittedProvision]


def fit(model: ProvisionTotals, areas: int, seed: int) -> Fit:
    made = world(areas=areas, seed=seed)
    return made, model.fit(made.history, rng=np.random.default_rng(seed))


@pytest.fixture(scope="module")
def brief(brief_provision: ProvisionTotals) -> Fit:
    return fit(replace(brief_provision, sampling=BRIEF), 80, 1)


def held(fitted: FittedProvision) -> np.ndarray:
    """Return whether the 90 % interval of each parameter holds the truth."""
    parts = []
    for name, truth in TRUTH.items():
        low, high = np.quantile(fitted.posterior[name].to_numpy(), [0.05, 0.95], axis=0)
        parts.append(np.atleast_1d((low <= truth) & (truth <= high)))
    return np.concatenate(parts)


def futures_held(found: Fit, level: float) -> np.ndarray:
    """Return whether central intervals hold the simulated kinds after the origin, dims (kind, area, january)."""
    made, fitted = found
    later = list(range(ORIGIN + 1, ORIGIN + 1 + FUTURE))
    given = made.whole.stock.sel(january=later).expand_dims(draw=range(400))
    told = fitted.kinds(given, np.random.default_rng(1)).sel(kind=list(KIND_CODES))
    low, high = told.quantile([(1 - level) / 2, (1 + level) / 2], dim="draw").transpose(
        "quantile", "kind", ...
    )
    truth = made.whole.placements.sel(provision=list(RECORDED), january=later)
    came = truth.transpose("provision", "area", "january").to_numpy()
    return np.asarray((low.to_numpy() <= came) & (came <= high.to_numpy()))


def test_known_parameters_lie_in_their_intervals(brief: Fit) -> None:
    assert held(brief[1]).mean() >= 0.75


def test_what_each_kind_follows_is_told_apart(brief: Fit) -> None:
    """Special schools follow growth less than independent ones, and the errors of each kind have their own size."""
    _, fitted = brief
    follows = fitted.posterior["follows"].to_numpy()
    assert (follows[:, 0] < follows[:, 1]).all()
    size = fitted.posterior["size"].mean("draw").to_numpy()
    np.testing.assert_allclose(size, TRUTH["size"], rtol=0.2)
    np.testing.assert_allclose(follows.mean(axis=0), TRUTH["follows"], atol=0.15)


def test_the_simulated_future_lies_in_the_forecast(brief: Fit) -> None:
    assert 0.70 <= futures_held(brief, 0.8).mean() <= 0.92


@pytest.mark.slow
def test_a_full_fit_passes_its_gate_and_holds_truth_and_future() -> None:
    """Four worlds, one compiled model."""
    model = ProvisionTotals(FULL)
    found = [fit(model, 150, seed) for seed in range(11, 15)]
    assert all(fitted.diagnostics.passed for _, fitted in found)
    assert 0.80 <= np.concatenate([held(fitted) for _, fitted in found]).mean() <= 0.98
    assert 0.74 <= np.mean([futures_held(f, 0.8).mean() for f in found]) <= 0.88
