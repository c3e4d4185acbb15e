"""The gate a fit must pass, and sampling of a model small enough to know by heart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pymc as pm
import pytest
import xarray as xr

from models.inference import Compiled, Diagnostics, Sampling, compile_model, diagnose

GOOD = Diagnostics(r_hat=1.005, ess_bulk=900.0, ess_tail=700.0, divergences=0, seconds=3.0, worst="noise")


def test_a_good_fit_passes() -> None:
    assert GOOD.passed
    assert GOOD.sentence().startswith("passed: R-hat 1.005")


@pytest.mark.parametrize(
    "spoilt",
    [
        {"r_hat": 1.011},
        {"ess_bulk": 399.0},
        {"ess_tail": 399.0},
        {"divergences": 1},
        {"r_hat": np.nan},
        {"ess_bulk": np.nan},
        {"ess_tail": np.nan},
    ],
    ids=str,
)
def test_each_flaw_fails_the_gate(spoilt: dict[str, float]) -> None:
    assert not replace(GOOD, **spoilt).passed
    assert replace(GOOD, **spoilt).sentence().startswith("FAILED")


def _chains(**values: np.ndarray) -> xr.Dataset:
    return xr.Dataset(
        {n: (("chain", "draw", f"{n}_dim")[: v.ndim], v) for n, v in values.items()},
        coords={"chain": range(4), "draw": range(1000)},
    )


def test_independent_draws_pass_and_a_wandering_chain_is_named() -> None:
    rng = np.random.default_rng(0)
    fine = rng.standard_normal((4, 1000, 3))
    assert diagnose(_chains(fine=fine), 0, 1.0).passed
    wandering = rng.standard_normal((4, 1000))
    wandering[2] += 3
    found = diagnose(_chains(fine=fine, wandering=wandering), 0, 1.0)
    assert found.worst == "wandering"
    assert not found.passed


def test_one_bad_element_of_an_array_is_enough() -> None:
    values = np.random.default_rng(0).standard_normal((4, 1000, 3))
    values[0, :, 1] += 3
    assert not diagnose(_chains(values=values), 0, 1.0).passed


def test_a_parameter_that_never_moves_fails() -> None:
    """Its R-hat cannot be computed, and what cannot be computed is no pass."""
    rng = np.random.default_rng(0)
    found = diagnose(_chains(fine=rng.standard_normal((4, 1000)), stuck=np.ones((4, 1000))), 0, 1.0)
    assert not found.passed


def test_divergences_are_passed_on() -> None:
    fine = np.random.default_rng(0).standard_normal((4, 1000))
    assert diagnose(_chains(fine=fine), 2, 1.0).divergences == 2


@pytest.fixture(scope="module")
def mean_of_three() -> Compiled:
    with pm.Model() as model:
        seen = pm.Data("seen", np.zeros(3))
        mean = pm.Normal("mean", 0, 10, shape=2)
        pm.Normal("value", mean[0] + mean[1] - mean[1], 1, observed=seen)
    return compile_model(model)


BRIEF = Sampling(draws=300, tune=300, chains=2, target_accept=0.8)


def test_draws_are_flat_and_of_free_parameters_only(mean_of_three: Compiled) -> None:
    posterior, found = mean_of_three.sample({"seen": np.zeros(3)}, np.random.default_rng(1), BRIEF)
    assert posterior.sizes["draw"] == 600
    assert list(posterior.data_vars) == ["mean"]
    assert posterior["mean"].dims[0] == "draw"
    assert posterior["mean"].shape == (600, 2)
    assert found.divergences == 0
    assert found.seconds > 0


def test_data_are_exchanged_without_compiling_again(mean_of_three: Compiled) -> None:
    rng = np.random.default_rng(2)
    for centre, count in ((0.0, 3), (7.0, 3), (-4.0, 300)):
        posterior, _ = mean_of_three.sample({"seen": np.full(count, centre)}, rng, BRIEF)
        first = posterior["mean"].to_numpy()[:, 0]
        assert first.mean() == pytest.approx(centre, abs=0.25)
        assert first.std() == pytest.approx(1 / np.sqrt(count), rel=0.25)


def test_the_same_generator_gives_the_same_draws(mean_of_three: Compiled) -> None:
    one, other = (
        mean_of_three.sample({"seen": np.zeros(3)}, np.random.default_rng(3), BRIEF)[0] for _ in range(2)
    )
    np.testing.assert_array_equal(one["mean"], other["mean"])
