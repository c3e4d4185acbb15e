"""Simulation-based calibration of the growth model: over the prior, ranks of truths among posterior draws are uniform.

Parameters are drawn from the model's priors; growth and indicators are simulated from them with the equations of
`models.growth`, written out here a second time, on a fixed panel's covariates; the compiled model is sampled on them. If
prior, likelihood and sampler agree, a truth is equally likely to have any rank among its posterior draws (Talts et al.
2018, arXiv:1804.06788).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import pymc as pm
import pytest
from scipy.stats import chisquare

from models.growth import COVARIATES, INDICATOR_TAIL, GrowthPanel, build, observations
from models.indicators import MEASURED
from models.inference import Compiled, Sampling, compile_model
from tests.histories import history

Values = Mapping[str, npt.NDArray[np.float64]]
"""One draw of every parameter, by name."""

SHORT = Sampling(draws=250, tune=300, chains=2, target_accept=0.9)
LONG = Sampling(draws=1200, tune=500, chains=2, target_accept=0.9)
"""Fifteen areas say little on the long-run level; its draws need this long to be worth forty independent ones."""

KEPT = 39
"""Posterior draws compared with each truth, thinned so that they are close to independent."""

BINS = 10
LAST_JANUARY = 2022

QUANTITIES: dict[str, Callable[[Values], npt.NDArray[np.float64]]] = {
    "long_run_statements": lambda v: v["long_run_statements"],
    "long_run_plans": lambda v: v["long_run_plans"],
    "persistence": lambda v: v["persistence"],
    "shock": lambda v: v["shock"],
    "first year of path": lambda v: v["path"][..., 0],
    "last year of path": lambda v: v["path"][..., LAST_JANUARY - 1 - 2010],
    "effect of requests": lambda v: v["signed_effect"][..., 0],
    "effect of refusals": lambda v: v["signed_effect"][..., 1],
    "effect of own growth": lambda v: v["free_effect"][..., -1],
    "region_spread": lambda v: v["region_spread"],
    "area_spread": lambda v: v["area_spread"],
    "level of an area": lambda v: v["region_spread"] * v["region"][..., 0] + v["area_spread"] * v["area"][..., 0],
    "noise": lambda v: v["noise"],
    "year_spread": lambda v: v["year_spread"],
    "noise of a year": lambda v: v["year_noise"][..., 3],
    "tail": lambda v: v["tail"],
    "requests to requests": lambda v: v["response"][..., 0, 0],
    "growth to new plans": lambda v: v["response"][..., len(COVARIATES), MEASURED.index("new_plans")],
    "noise of requests": lambda v: v["indicator_noise"][..., 0],
    "path_persistence": lambda v: v["path_persistence"],
    "path_noise": lambda v: v["path_noise"],
}  # fmt: skip
"""Scalars ranked, as functions of parameters with any leading dimensions."""


class Calibration:
    """The compiled model of a small fixed panel, its priors and its simulator."""

    def __init__(self) -> None:
        self.panel = GrowthPanel.of(history(areas=15, last=LAST_JANUARY))
        self.fixed = observations(self.panel)
        self.model = build(self.panel)
        self.compiled: Compiled = compile_model(self.model)

    def priors(self, count: int, seed: int) -> list[Values]:
        """Return draws from the priors."""
        rvs = self.model.free_RVs
        drawn = pm.draw(rvs, draws=count, random_seed=seed)
        return [{rv.name: values[s] for rv, values in zip(rvs, drawn, strict=True)} for s in range(count)]

    def data(self, v: Values, rng: np.random.Generator) -> dict[str, npt.NDArray[np.generic]]:
        """Return data simulated from parameters, with the panel's own covariates."""
        at = self.fixed
        effect = np.concatenate([[v["signed_effect"][0], -v["signed_effect"][1]], v["free_effect"]])
        level = v["region_spread"] * v["region"][self.panel.region] + v["area_spread"] * v["area"]
        year = at["growth_year"]
        growth = v["path"][year] + level[at["growth_area"]] + at["growth_covariates"] @ effect
        spread = v["noise"] * np.exp(v["year_noise"][year]) * at["growth_size"]
        growth = growth + spread * rng.standard_t(v["tail"] + 1, len(growth))
        kind = at["indicator_kind"]
        indicator = np.einsum("nk,kn->n", at["indicator_drivers"], v["response"][:, kind])
        indicator = indicator + v["indicator_noise"][kind] * rng.standard_t(INDICATOR_TAIL, len(kind))
        before = at["path_before"]
        national = v["path_persistence"] * before + v["path_noise"] * rng.standard_normal(before.shape)
        return {**at, "growth_observed": growth, "indicator_observed": indicator, "path_observed": national}

    def ranks(self, simulations: int, seed: int, sampling: Sampling) -> npt.NDArray[np.int64]:
        """Return ranks of truths among kept posterior draws, 0 to `KEPT`, dims (simulation, quantity)."""
        found = []
        for k, truth in enumerate(self.priors(simulations, seed)):
            rng = np.random.default_rng([seed, k])
            posterior, _ = self.compiled.sample(self.data(truth, rng), rng, sampling)
            kept = np.linspace(0, posterior.sizes["draw"] - 1, KEPT).round().astype(int)
            draws = {str(n): a.to_numpy()[kept] for n, a in posterior.data_vars.items()}
            found.append([int((q(draws) < q(truth)).sum()) for q in QUANTITIES.values()])
        return np.array(found)


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    return Calibration()


def test_ranks_are_not_degenerate(calibration: Calibration) -> None:
    """A dozen simulations catch a parameter that is never learnt in the right place: wrong sign, wrong scale."""
    ranks = calibration.ranks(12, seed=5, sampling=SHORT) / KEPT
    for name, own in zip(QUANTITIES, ranks.T, strict=True):
        assert 0.2 < own.mean() < 0.8, name
        assert own.std() > 0.12, name
        assert np.isin(own, [0.0, 1.0]).mean() < 0.4, name


@pytest.mark.slow
def test_ranks_are_uniform(calibration: Calibration) -> None:
    simulations = 200
    ranks = calibration.ranks(simulations, seed=7, sampling=LONG)
    edges = np.arange(BINS + 1) * (KEPT + 1) / BINS - 0.5
    uniform_sd = np.sqrt(((KEPT + 1) ** 2 - 1) / 12) / KEPT
    print(f"\n{simulations} simulations; a uniform rank has mean 0.50 and sd {uniform_sd:.2f}")
    print(f"{'quantity':24} {'p':>7} {'mean':>6} {'sd':>6}")
    p = {}
    for name, own in zip(QUANTITIES, ranks.T, strict=True):
        p[name] = float(chisquare(np.histogram(own, edges)[0]).pvalue)
        print(f"{name:24} {p[name]:7.3f} {own.mean() / KEPT:6.2f} {own.std() / KEPT:6.2f}")
    assert min(p.values()) * len(p) > 0.001, p
