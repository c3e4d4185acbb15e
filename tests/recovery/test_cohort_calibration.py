"""Simulation-based calibration of the flows of plans: over the priors, ranks of truths among posterior draws are uniform.

Parameters are drawn from the priors of joiners, leavers and needs; what is published is simulated from them with the equations
of `models.cohort`, both written out here a second time, for twelve authorities; the model as built is sampled on it. If prior,
likelihood and sampler agree, a truth is equally likely to have any rank among its posterior draws (Talts et al. 2018,
arXiv:1804.06788).

The builders write data into the model as constants. Two models built on different evidence have the same graph, so the constants
in which their likelihoods differ are the data: `Exchange` compiles a model once with those left open, and reads their values
from a model built, not compiled, on each new evidence.

One thing is held where the builders would take it from the evidence, because no simulation is exact otherwise: the centres of the
hazards' priors, which are England's observed hazards.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pytensor
import pytest
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.traversal import ancestors, io_toposort
from scipy.stats import chisquare

from data.vocabulary import AGES, BAND_CODES, band_of
from models.base import Array
from models.cohort import (
    HAZARD_YEAR,
    TRANSFER_SPREAD,
    _rough_posterior,
    build_joiners,
    build_leavers,
    build_needs,
)
from models.cohort_evidence import HAZARD_GROUPS, MIXED_AGES, PERSON_LEVEL_YEAR, RECORDED, CohortEvidence
from models.cohort_needs import Deviations
from models.inference import Sampling, compile_model

Values = Mapping[str, Array]
"""One draw of every parameter, or many with a leading dimension, by name."""

Quantities = Mapping[str, Callable[[Values], Array]]
"""Scalars ranked, as functions of parameters with any leading dimensions."""

SHORT = Sampling(draws=250, tune=300, chains=2, target_accept=0.9)
LONG = Sampling(draws=500, tune=500, chains=2, target_accept=0.9)

KEPT = 39
"""Posterior draws compared with each truth, thinned so that they are close to independent."""

BINS = 10
AREAS, BANDS, GROUPS, NEEDS = 12, len(BAND_CODES), len(HAZARD_GROUPS), len(RECORDED)
YEARS = tuple(range(2016, 2025))
LATER = np.array(YEARS) >= PERSON_LEVEL_YEAR
HAZARD_AGES = np.arange(HAZARD_GROUPS[0][0], HAZARD_GROUPS[-1][1] + 1)
GROUP = np.searchsorted([low for low, _ in HAZARD_GROUPS[1:]], HAZARD_AGES, side="right")
SEVENTEEN = int(np.flatnonzero(HAZARD_AGES == 17)[0])
MIXED_BAND = np.array([BAND_CODES.index(band_of(a)) for a in MIXED_AGES])
START = np.array([-4.5, -2.2, -0.9])
"""Centres of the priors of logit hazards."""


def _panel() -> CohortEvidence:
    """Return evidence with the exposures of every simulation; what it says happened is made up."""
    rng = np.random.default_rng(12)
    size = rng.lognormal(0, 0.5, AREAS)
    expected = (
        size[:, None, None] * np.array([60, 80, 50, 20, 8])[:, None] * rng.uniform(0.8, 1.2, len(YEARS))
    )
    new = np.rint(expected)
    new[rng.random((AREAS, 1, len(YEARS))).repeat(BANDS, axis=1) < 0.05] = np.nan
    profile = np.interp(AGES, [2, 5, 10, 15, 17, 20, 25], [4, 40, 70, 70, 55, 30, 5])
    held = np.rint(size[:, None, None] * profile[:, None] * rng.uniform(0.9, 1.1, (AREAS, len(AGES), 2)))
    ages = np.array(AGES)
    tops = [*(high for _, high in HAZARD_GROUPS[:-1]), AGES[-1]]
    exposed = np.stack(
        [held[:, (low <= ages) & (ages <= top)].sum(axis=1) for (low, _), top in zip(HAZARD_GROUPS, tops, strict=True)],
        axis=1,
    )  # fmt: skip
    joined = np.interp(MIXED_AGES, [2, 4, 10, 16, 20], [10, 30, 20, 10, 15])
    needs = np.rint(
        size[:, None, None] * joined[:, None] * rng.dirichlet(np.full(NEEDS, 2.0), len(MIXED_AGES))
    )
    empty = np.zeros(0)
    return CohortEvidence(
        areas=tuple(range(201, 201 + AREAS)),
        years=YEARS,
        new=new,
        expected=expected,
        rate=empty,
        rate_error=empty,
        gone=np.rint(exposed / 10),
        exposed=exposed,
        plans_before=held,
        shape=START[GROUP],
        shape_error=rng.uniform(0.06, 0.15, len(GROUP)),
        residual=np.zeros((AREAS, 2)),
        transfer_rate=empty,
        needs=needs,
        deviations=Deviations(np.zeros((3, AREAS, NEEDS)), np.ones((3, AREAS, NEEDS))),
        residents=empty,
        reasons=empty,
        reason_names=(),
    )


PANEL = _panel()


class Exchange:
    """A compiled model that is sampled on the data of other models with the same graph.

    Parameters
    ----------
    model
        The model compiled, which is changed: what differs from ``other`` in its likelihood is left open.
    other
        The model of other evidence; a comparison of the two says what is data.
    held
        Values that stay as they are in ``model`` though they differ.
    """

    def __init__(self, model: Any, other: Any, held: Sequence[Array] = ()) -> None:
        mine, others = _constants(model), _constants(other)
        self.places, self.fixed = [], {}
        for k, (a, b) in enumerate(zip(mine, others, strict=True)):
            if np.array_equal(a.data, b.data):
                self.fixed[k] = a.data
            elif not any(np.array_equal(a.data, v) for v in held):
                self.places.append(k)
        now: dict[Variable, Variable] = {mine[k]: self._open(f"data_{k}", mine[k].data) for k in self.places}
        likelihood = _likelihood(model)
        for node in io_toposort(model.free_RVs, likelihood):
            # Made anew, not cloned, as clones would keep the lengths of the panel's data.
            inputs = [now.get(v, v) for v in node.inputs]
            if inputs != node.inputs:
                now.update(zip(node.outputs, node.op.make_node(*inputs).outputs, strict=True))
        renewed = [now.get(v, v) for v in likelihood]
        potentials, observed = renewed[: len(model.potentials)], renewed[len(model.potentials) :]
        for before, after in zip(model.potentials, potentials, strict=True):
            after.name = before.name
        model.potentials = potentials
        model.rvs_to_values.update(zip(model.observed_RVs, observed, strict=True))
        model.values_to_rvs = {value: rv for rv, value in model.rvs_to_values.items()}
        self.compiled = compile_model(model)

    @staticmethod
    def _open(name: str, value: npt.NDArray[Any]) -> Variable:
        # Lengths may differ, as cells without a count are passed over; what broadcasts has to stay so.
        return pytensor.shared(value, name=name, shape=tuple(1 if n == 1 else None for n in value.shape))

    def sample(self, model: Any, rng: np.random.Generator, sampling: Sampling) -> dict[str, Array]:
        """Return posterior draws given the data of a model."""
        constants = _constants(model)
        assert all(np.array_equal(constants[k].data, v) for k, v in self.fixed.items())
        data = {f"data_{k}": constants[k].data for k in self.places}
        posterior, _ = self.compiled.sample(data, rng, sampling)
        return {str(n): a.to_numpy() for n, a in posterior.data_vars.items()}


def _likelihood(model: Any) -> list[Variable]:
    """Return what holds a model's data: its potentials and what it says was observed."""
    return [*model.potentials, *(model.rvs_to_values[v] for v in model.observed_RVs)]


def _constants(model: Any) -> list[Constant[Any]]:
    """Return the constants of a model's likelihood, in an order that depends on nothing but the form of its graph."""
    found = ancestors(_likelihood(model), blockers=model.free_RVs)
    return [v for v in found if isinstance(v, Constant) and isinstance(v.data, np.ndarray)]


class Calibration(ABC):
    """Priors, simulator and compiled model of one kind of flow."""

    quantities: ClassVar[Quantities]
    build: Callable[[CohortEvidence], Any]

    def __init__(self) -> None:
        other = self.simulated(self.prior(np.random.default_rng(1)), np.random.default_rng(2))
        self.exchange = Exchange(self.build(PANEL), self.build(other), self.held())

    @abstractmethod
    def prior(self, rng: np.random.Generator) -> dict[str, Array]:
        """Return a draw from the priors."""

    @abstractmethod
    def simulated(self, v: Values, rng: np.random.Generator) -> CohortEvidence:
        """Return evidence simulated from parameters."""

    def held(self) -> Sequence[Array]:
        """Return values that stay those of the panel."""
        return ()

    def described(self, draws: dict[str, Array], evidence: CohortEvidence) -> dict[str, Array]:
        """Return posterior draws in the terms of the prior."""
        return draws

    def ranks(self, simulations: int, seed: int, sampling: Sampling) -> npt.NDArray[np.int64]:
        """Return ranks of truths among kept posterior draws, 0 to `KEPT`, dims (simulation, quantity)."""
        found = []
        for k in range(simulations):
            rng = np.random.default_rng([seed, k])
            truth = self.prior(rng)
            evidence = self.simulated(truth, rng)
            posterior = self.exchange.sample(self.build(evidence), rng, sampling)
            chosen = np.linspace(0, len(next(iter(posterior.values()))) - 1, KEPT).round().astype(int)
            draws = self.described({n: a[chosen] for n, a in posterior.items()}, evidence)
            found.append([int((q(draws) < q(truth)).sum()) for q in self.quantities.values()])
        return np.array(found)


class Joiners(Calibration):
    """New plans by authority, band and year."""

    build = staticmethod(build_joiners)
    quantities: ClassVar[Quantities] = {
        "middle": lambda v: v["middle"][..., 0],
        "spread": lambda v: v["spread"][..., 1],
        "step": lambda v: v["step"][..., 1],
        "change": lambda v: v["change"][..., 2],
        "earlier level of an area": lambda v: v["earlier"][..., 0, 2],
        "later level of an area": lambda v: (
            v["earlier"][..., 0, 1] + v["step"][..., 1] + v["change"][..., 1] * v["changed"][..., 0, 1]
        ),
        "first year of path": lambda v: Joiners.path(v)[..., 0, 2],
        "last year of path": lambda v: Joiners.path(v)[..., -1, 0],
        "wander": lambda v: v["wander"][..., 3],
        "noise": lambda v: v["noise"][..., 0],
        "noise of a small band": lambda v: v["noise"][..., 4],
    }

    @staticmethod
    def path(v: Values) -> Array:
        """Return the walks within eras, dims (..., year, band)."""
        parts = []
        for name in ("earlier_steps", "later_steps"):
            steps = v[name]
            walk = np.concatenate([np.zeros_like(steps[..., :1, :]), steps.cumsum(axis=-2)], axis=-2)
            parts.append(walk - walk.mean(axis=-2, keepdims=True))
        return np.concatenate(parts, axis=-2)

    def prior(self, rng: np.random.Generator) -> dict[str, Array]:
        middle = rng.normal(0, 0.5, BANDS)
        spread = rng.lognormal(np.log(0.3), 0.5, BANDS)
        wander = rng.lognormal(np.log(0.1), 0.5, BANDS)
        return {
            "middle": middle,
            "spread": spread,
            "step": rng.normal(0, 0.5, BANDS),
            "change": rng.lognormal(np.log(0.2), 0.5, BANDS),
            "earlier": rng.normal(middle, spread, (AREAS, BANDS)),
            "changed": rng.standard_normal((AREAS, BANDS)),
            "wander": wander,
            "earlier_steps": rng.normal(0, wander, ((~LATER).sum() - 1, BANDS)),
            "later_steps": rng.normal(0, wander, (LATER.sum() - 1, BANDS)),
            "noise": rng.lognormal(np.log(0.25), 0.4, BANDS),
        }

    def simulated(self, v: Values, rng: np.random.Generator) -> CohortEvidence:
        later = v["earlier"] + v["step"] + v["change"] * v["changed"]
        level = np.where(LATER, later[:, :, None], v["earlier"][:, :, None])
        mean = PANEL.expected * np.exp(level + self.path(v).T)
        alpha = v["noise"][:, None] ** -2
        new = rng.poisson(mean * rng.gamma(alpha, 1 / alpha, mean.shape)).astype(float)
        return replace(PANEL, new=np.where(np.isnan(PANEL.new), np.nan, new))


class Leavers(Calibration):
    """Leavers by authority and age group, and net transfers."""

    build = staticmethod(build_leavers)
    quantities: ClassVar[Quantities] = {
        "gentle": lambda v: v["gentle"],
        "hazard at 17 over its group's": lambda v: Leavers.shape(v)[..., SEVENTEEN],
        "national": lambda v: v["national"][..., 1],
        "middle": lambda v: v["middle"][..., 0],
        "middle of the oldest": lambda v: v["middle"][..., 2],
        "spread": lambda v: v["spread"][..., 1],
        "level of an area, young": lambda v: v["young_level"][..., 0, 0],
        "level of an area, older": lambda v: v["middle"][..., 1] + v["spread"][..., 1] * v["older_level"][..., 0, 0],
        "year_effect": lambda v: v["year_effect"][..., 1, 0],
        "scatter": lambda v: v["scatter"][..., 2],
        "transfer_mean": lambda v: v["transfer_mean"][..., 1],
        "transfer_spread": lambda v: v["transfer_spread"],
        "transfers of an area": lambda v: v["transfer_spread"] * v["transfer_deviation"][..., 0],
        "transfer_noise": lambda v: v["transfer_noise"],
    }  # fmt: skip

    @staticmethod
    def shape(v: Values) -> Array:
        """Return logit hazards over their group's mean, dims (..., age)."""
        steps = np.concatenate([v["gentle"][..., None] * v["young_steps"], v["older_steps"]], axis=-1)
        walk = np.concatenate([np.zeros_like(steps[..., :1]), steps.cumsum(axis=-1)], axis=-1)
        for group in range(GROUPS):
            own = group == GROUP
            walk[..., own] -= walk[..., own].mean(axis=-1, keepdims=True)
        return walk

    def prior(self, rng: np.random.Generator) -> dict[str, Array]:
        young = int((GROUP == 0).sum()) - 1
        middle, spread = rng.normal(START, 1.0), rng.lognormal(np.log(0.4), 0.5, GROUPS)
        return {
            "gentle": np.array(rng.lognormal(np.log(0.2), 0.5)),
            "young_steps": rng.standard_normal(young),
            "older_steps": 0.8 * rng.standard_t(4, len(GROUP) - 1 - young),
            "national": rng.normal(START, 1.0),
            "middle": middle,
            "spread": spread,
            "young_level": rng.normal(middle[0], spread[0], (AREAS, 1)),
            "older_level": rng.standard_normal((AREAS, GROUPS - 1)),
            "year_effect": rng.normal(0, HAZARD_YEAR, (GROUPS, 2)),
            "scatter": rng.lognormal(np.log(0.1), 0.7, GROUPS),
            "transfer_mean": rng.normal(0, 0.03, 2),
            "transfer_spread": np.array(rng.lognormal(np.log(TRANSFER_SPREAD), 0.4)),
            "transfer_deviation": rng.standard_normal(AREAS),
            "transfer_noise": np.array(rng.lognormal(np.log(0.015), 0.5)),
        }

    def simulated(self, v: Values, rng: np.random.Generator) -> CohortEvidence:
        shape = self.shape(v)
        level = np.concatenate(
            [v["young_level"], v["middle"][1:] + v["spread"][1:] * v["older_level"]], axis=1
        )
        logit = level[:, GROUP, None] + v["year_effect"][GROUP] + shape[:, None]
        leaving = PANEL.plans_before[:, : len(GROUP)] / (1 + np.exp(-logit))
        mean = np.stack([leaving[:, group == GROUP].sum(axis=1) for group in range(GROUPS)], axis=1)
        # At 25 all plans end.
        mean[:, -1] += PANEL.plans_before[:, -1]
        share = np.clip(mean / PANEL.exposed, 1e-6, 1 - 1e-6)
        strength = v["scatter"][:, None] ** -2
        gone = rng.binomial(PANEL.exposed.astype(int), rng.beta(share * strength, (1 - share) * strength))
        noise = v["transfer_noise"] * rng.standard_t(4, (AREAS, 2))
        return replace(
            PANEL,
            gone=gone.astype(float),
            shape=rng.normal(v["national"][GROUP] + shape, PANEL.shape_error),
            residual=v["transfer_mean"] + (v["transfer_spread"] * v["transfer_deviation"])[:, None] + noise,
        )


class Needs(Calibration):
    """Needs of England's joiners by age."""

    build = staticmethod(build_needs)
    quantities: ClassVar[Quantities] = {
        "bend": lambda v: v["bend"],
        "log odds at the first age": lambda v: v["logit"][..., 2, 0],
        "log odds at 5": lambda v: v["logit"][..., 0, MIXED_AGES.index(5)],
        "log odds at the last age": lambda v: v["logit"][..., 5, -1],
        "log odds over ages": lambda v: v["logit"][..., 8, :].mean(axis=-1),
        "share of a need at 10": lambda v: Needs.mix(v)[..., 1, MIXED_AGES.index(10)],
        "share of the first need at 16": lambda v: Needs.mix(v)[..., 0, MIXED_AGES.index(16)],
    }

    @staticmethod
    def mix(v: Values) -> Array:
        """Return England's mix, dims (..., need, age)."""
        odds = np.exp(np.concatenate([np.zeros_like(v["logit"][..., :1, :]), v["logit"]], axis=-2))
        mix: Array = odds / odds.sum(axis=-2, keepdims=True)
        return mix

    def prior(self, rng: np.random.Generator) -> dict[str, Array]:
        bend = rng.lognormal(np.log(0.3), 0.5)
        first = rng.normal(-2, 2, (NEEDS - 1, 1))
        steps = rng.normal(0, bend, (NEEDS - 1, len(MIXED_AGES) - 1))
        return {
            "bend": np.array(bend),
            "logit": np.concatenate([first, steps], axis=1).cumsum(axis=1),
        }

    def simulated(self, v: Values, rng: np.random.Generator) -> CohortEvidence:
        joined = PANEL.needs.sum(axis=2).astype(int)
        return replace(PANEL, needs=rng.multinomial(joined, self.mix(v).T).astype(float))

    def described(self, draws: dict[str, Array], evidence: CohortEvidence) -> dict[str, Array]:
        centre, spread = _rough_posterior(evidence.needs.sum(axis=0))
        return {**draws, "logit": centre + np.einsum("kab,dkb->dka", spread, draws["unit"])}


def _name(kind: type[Calibration]) -> str:
    return kind.__name__.lower()


@pytest.fixture(scope="module")
def calibration(request: pytest.FixtureRequest) -> Calibration:
    made: Calibration = request.param()
    return made


# Compiling takes most of the time: the quick check is of the one model whose every density is written by hand.
@pytest.mark.parametrize("calibration", [Needs], indirect=True, ids=_name)
def test_ranks_are_not_degenerate(calibration: Calibration) -> None:
    """A dozen simulations catch a parameter that is never learnt in the right place: wrong sign, wrong scale."""
    ranks = calibration.ranks(12, seed=5, sampling=SHORT) / KEPT
    for name, own in zip(calibration.quantities, ranks.T, strict=True):
        assert 0.2 < own.mean() < 0.8, name
        assert own.std() > 0.12, name
        assert np.isin(own, [0.0, 1.0]).mean() < 0.4, name


@pytest.mark.slow
@pytest.mark.parametrize("calibration", [Joiners, Leavers, Needs], indirect=True, ids=_name)
def test_ranks_are_uniform(calibration: Calibration) -> None:
    simulations = 200
    ranks = calibration.ranks(simulations, seed=7, sampling=LONG)
    edges = np.arange(BINS + 1) * (KEPT + 1) / BINS - 0.5
    uniform_sd = np.sqrt(((KEPT + 1) ** 2 - 1) / 12) / KEPT
    print(f"\n{simulations} simulations; a uniform rank has mean 0.50 and sd {uniform_sd:.2f}")
    print(f"{'quantity':30} {'p':>7} {'mean':>6} {'sd':>6}")
    p = {}
    for name, own in zip(calibration.quantities, ranks.T, strict=True):
        p[name] = float(chisquare(np.histogram(own, edges)[0]).pvalue)
        print(f"{name:30} {p[name]:7.3f} {own.mean() / KEPT:6.2f} {own.std() / KEPT:6.2f}")
    assert min(p.values()) * len(p) > 0.001, p
