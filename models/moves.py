"""Model of moves between kinds of provision from one January to the next, by stage of schooling, pooled over authorities.

For authority i, stage s (`STAGES`, by age at the first January) and provision q, with stay[i, s, p] the plans of the first
January that did not end and new[i, s, q] the new plans placed in q:

    after[i, s, q] ~ Student-t(8, sum_p stay[i, s, p] M[s, p, q] + new[i, s, q], scatter[s] sd[i, s, q])
    M[s, p, .] = softmax(log(prior[s, p, .]) + width z[s, p, .]),    z ~ Normal(0, 1),    scatter ~ LogNormal(0, 0.5)
    prior[s, p, .] = kept[s] on p and the rest where England's arrivals were,    sd^2 = 1.5 mu + (0.1 mu)^2

Who moved where is not published; how authorities differ in what they had and what they have a year later tells it (ecological
regression, Goodman 1953; the prior keeps it from reading chance as moves). M belongs to England. Leavers are shared between
provisions of an age by relative chances of a plan ending that reproduce England's ended plans by provision; new plans by
England's choice at the age, tilted to the authority's own.

=====  =============================================  ==========================================================
prior  value                                          reason
=====  =============================================  ==========================================================
kept   `STAGES`; 0.2 for "not recorded"; no more      children stay where they are but at phase transfers
       than there are a year later
width  1.0 in log odds                                a factor of three either way
=====  =============================================  ==========================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from data.panels.placement_flow import PlacementFlows
from data.shrinkage import shrunk_ratio
from data.vocabulary import AGES, PROVISION_CODES
from models.base import Array
from models.inference import Diagnostics, Sampling, compile_model

NAME = "moves"


@dataclass(frozen=True, slots=True)
class Stage:
    """A range of ages with the same move probabilities; ``kept`` is the prior chance to stay in a provision."""

    code: str
    low: int
    high: int
    kept: float


STAGES: tuple[Stage, ...] = (
    Stage("age_2", 2, 2, 0.9),
    Stage("into_reception", 3, 3, 0.5),
    Stage("after_reception", 4, 4, 0.7),
    Stage("primary", 5, 9, 0.97),
    Stage("into_secondary", 10, 10, 0.6),
    Stage("secondary", 11, 14, 0.97),
    Stage("after_year_11", 15, 15, 0.3),
    Stage("year_12", 16, 16, 0.6),
    Stage("year_13", 17, 17, 0.5),
    Stage("age_18", 18, 18, 0.5),
    Stage("age_19_on", 19, 24, 0.8),
)
"""Stages by age at the first January. Reception is age 4, Year 11 age 15."""

STAGE_CODES: tuple[str, ...] = tuple(s.code for s in STAGES)
STAGE_OF_AGE = np.array(
    [next((k for k, s in enumerate(STAGES) if s.low <= a <= s.high), len(STAGES) - 1) for a in AGES]
)
"""Index of the stage of each of `AGES`; at the oldest age all plans end, so its stage is never used."""

MERGED: dict[str, str] = {"independent_mainstream": "mainstream", "training_provider": "general_fe"}
"""Small provisions that move with a larger one; they are told apart again by what there is of each."""

GROUPS: tuple[str, ...] = tuple(p for p in PROVISION_CODES if p not in MERGED and p != "support_base")
"""Provisions of the model. Support bases are in no return up to January 2025."""

IN_GROUP = np.array([[MERGED.get(p, p) == g for g in GROUPS] for p in PROVISION_CODES], dtype=float)
"""Membership of provisions in groups, dims (provision, group)."""

_NOT_RECORDED = GROUPS.index("not_recorded")

STILL_NOT_RECORDED = 0.2
"""Chance that a setting not recorded in one January is not recorded in the next either."""

MOST_KEPT = 0.95
"""Prior part of a provision's plans that can have been there a year before, where most seem to have come from elsewhere."""

ANY_ARRIVALS = 0.02
"""Part of a provision's plans that may have arrived even where fewer are there than stayed or are new."""

WIDTH = 1.0
"""Prior standard deviation of a move's log odds."""

TAIL = 8.0
FEWEST_ORIGIN, FEWEST_DESTINATION = 300, 100
"""Plans in England below which a provision's moves are those of the prior: nothing could be learnt from them."""

CHOICE_PRIOR = 5.0
"""New plans' worth of England's choice added to an authority's own before its tilt is taken."""

SAMPLING = Sampling(draws=1200, tune=600, chains=4, target_accept=0.9)
"""A little longer than usual: the worst of so many moves has to pass."""

KEPT_DRAWS = 400
"""Posterior draws kept."""

ROUNDS = 200
"""Rounds of proportional fitting; margins agree to well under a plan by then."""


@dataclass(frozen=True)
class StageFlows:
    """Flows grouped by stage.

    Parameters
    ----------
    stays, after, new
        Plans that did not end, plans a year later and new plans, dims ``(area, stage, group)``.
    ending
        Relative chance of a plan ending by provision, dims ``(provision,)``; mainstream is 1.
    choice
        England's choice of provision by new plans, dims ``(age, provision)``, rows adding to 1.
    choice_tilt
        An authority's new plans in each provision per plan England's choice gives, dims ``(area, provision)``.
    choice_weight
        New plans behind that tilt, dims ``(area, provision)``.
    """

    stays: Array
    after: Array
    new: Array
    ending: Array
    choice: Array
    choice_tilt: Array
    choice_weight: Array

    @classmethod
    def of(cls, flows: PlacementFlows) -> StageFlows:
        """Return flows grouped by stage."""
        ending = _relative_ending(flows)
        gone = _shared_leavers(flows.before, ending, flows.leavers)
        choice = _choice(flows)
        expected = np.einsum("ia,ap->ip", flows.joiners, choice)
        scaled = flows.new / np.maximum(flows.new.sum(axis=1, keepdims=True), 1.0)
        own = scaled * expected.sum(axis=1, keepdims=True)
        tilt = shrunk_ratio(own, expected, CHOICE_PRIOR)
        placed = choice[None] * tilt[:, None, :]
        placed *= flows.joiners[:, :, None] / np.maximum(placed.sum(axis=2, keepdims=True), 1e-12)
        return cls(
            stays=_by_stage(flows.before - gone, shift=0) @ IN_GROUP,
            after=_by_stage(flows.after, shift=1) @ IN_GROUP,
            new=_by_stage(placed, shift=1) @ IN_GROUP,
            ending=ending,
            choice=choice,
            choice_tilt=tilt,
            choice_weight=flows.new + CHOICE_PRIOR,
        )


def _by_stage(values: Array, *, shift: int) -> Array:
    """Return values summed over the ages of each stage, ``shift`` years later, dims (area, stage, provision)."""
    first = AGES[0]
    return np.stack(
        [values[:, s.low + shift - first : s.high + shift - first + 1].sum(axis=1) for s in STAGES], axis=1
    )


def _shared_leavers(before: Array, ending: Array, leavers: Array) -> Array:
    """Return leavers by provision: those of each age are divided in proportion to plans and relative chances."""
    weight = before * ending
    shared = weight / np.maximum(weight.sum(axis=2, keepdims=True), 1e-9) * leavers[:, :, None]
    capped: Array = np.minimum(shared, before)
    return capped


def _relative_ending(flows: PlacementFlows) -> Array:
    """Return the relative chances of a plan ending that reproduce England's ended plans by provision."""
    ending = np.ones(len(PROVISION_CODES))
    # The tables count slightly different children: the total of leavers by age stands.
    target = flows.ended * flows.leavers.sum() / flows.ended.sum()
    for _ in range(ROUNDS):
        shared = _shared_leavers(flows.before, ending, flows.leavers).sum(axis=(0, 1))
        ending = ending * (target + 1.0) / (shared + 1.0)
        ending = ending / ending[PROVISION_CODES.index("mainstream")]
    return ending


def _choice(flows: PlacementFlows) -> Array:
    """Return England's new plans by age and provision: plans of the age, scaled to new plans by provision."""
    by_age, by_provision = flows.joiners.sum(axis=0), flows.new.sum(axis=0)
    plans = flows.after.sum(axis=0)
    # Half a plan lets a provision nobody of an age is in stay possible, but only just.
    table = (plans + 0.5 * (by_provision > 0)) / (plans.sum(axis=1, keepdims=True) + 1.0)
    table *= by_age[:, None]
    by_provision = by_provision * by_age.sum() / by_provision.sum()
    for _ in range(ROUNDS):
        table *= by_provision / np.maximum(table.sum(axis=0), 1e-12)
        table *= (by_age / np.maximum(table.sum(axis=1), 1e-12))[:, None]
    return np.asarray(table / np.maximum(table.sum(axis=1, keepdims=True), 1e-12))


def prior_moves(stays: Array, after: Array, new: Array) -> Array:
    """Return prior move probabilities, dims (stage, group, group), from England's continuing, later and new plans.

    All have dims (stage, group). No more children can stay in a provision than it has a year later; those who move go where
    more children are than stayed or are new, and a few where any are.
    """
    kept = np.repeat(np.array([s.kept for s in STAGES])[:, None], len(GROUPS), axis=1)
    kept[:, _NOT_RECORDED] = STILL_NOT_RECORDED
    kept = np.minimum(kept, MOST_KEPT * (after + 0.1) / (stays + 0.1))
    arrived = np.maximum(after - kept * stays - new, 0.0) + ANY_ARRIVALS * after + 0.1
    spread = arrived / arrived.sum(axis=1, keepdims=True)
    return np.asarray((1 - kept)[:, :, None] * spread[:, None, :] + kept[:, :, None] * np.eye(len(GROUPS)))


def observations(evidence: StageFlows, stage: int) -> dict[str, npt.NDArray[Any]]:
    """Return the values of the model's data containers for one stage."""
    stays, after, new = evidence.stays[:, stage], evidence.after[:, stage], evidence.new[:, stage]
    # Moves between authorities and misreported stocks are spread as the others are.
    whole = after.sum(axis=1, keepdims=True) / np.maximum((stays + new).sum(axis=1, keepdims=True), 1.0)
    england = (x.sum(axis=0) for x in (evidence.stays, evidence.after, evidence.new))
    prior = prior_moves(*england)[stage]
    expected = whole * (stays @ prior + new)
    learnt = (stays.sum(axis=0) > FEWEST_ORIGIN)[:, None] & (after.sum(axis=0) > FEWEST_DESTINATION)
    # Settings left blank one January are filled in the next, wherever the children are: nothing about moves. Nor are those
    # newly left blank.
    learnt[_NOT_RECORDED], learnt[:, _NOT_RECORDED] = False, False
    return {
        "stays": whole * stays,
        "new": whole * new,
        "after": after,
        "deviation": np.sqrt(1.5 * (expected + 1) + (0.1 * expected) ** 2),
        "log_odds": _log_odds(prior),
        "width": WIDTH * (learnt & ~np.eye(len(GROUPS), dtype=bool)),
    }


def _log_odds(prior: Array) -> Array:
    """Return log odds of each move against staying."""
    return np.asarray(np.log(prior) - np.log(np.diagonal(prior))[:, None])


def build(evidence: StageFlows) -> Any:
    """Return the PyMC model of one stage; its data containers hold `observations`."""
    import pymc as pm
    import pytensor.tensor as pt

    with pm.Model() as model:
        at = {name: pm.Data(name, value) for name, value in observations(evidence, 0).items()}
        unit = pm.Normal("unit", 0, 1, shape=(len(GROUPS), len(GROUPS)))
        moves = pm.math.softmax(at["log_odds"] + at["width"] * unit, axis=1)
        scatter = pm.LogNormal("scatter", 0, 0.5)
        expected = pt.dot(at["stays"], moves) + at["new"]
        pm.StudentT("taught", nu=TAIL, mu=expected, sigma=scatter * at["deviation"], observed=at["after"])
    return model


@dataclass(frozen=True)
class FittedMoves:
    """Posterior draws of moves, with each authority's differences.

    Parameters
    ----------
    areas
        DfE numbers the tilts are known for.
    posterior
        ``moves`` (draw, stage, group, group_to); ``ending`` (provision); ``choice`` (age, provision); ``choice_tilt`` and
        ``choice_weight`` (area, provision).
    diagnostics
        The worst of the stages; seconds are their sum.
    """

    areas: tuple[int, ...]
    posterior: xr.Dataset
    diagnostics: Diagnostics

    @classmethod
    def restored(cls, posterior: xr.Dataset, diagnostics: Diagnostics) -> FittedMoves:
        """Return the fitted model of a stored posterior."""
        return cls(tuple(int(a) for a in posterior["area"].to_numpy()), posterior, diagnostics)

    def moves(self, draws: int, rng: np.random.Generator) -> Array:
        """Return draws of moves, dims (draw, stage, group, group)."""
        size = self.posterior.sizes["draw"]
        chosen = rng.choice(size, draws, replace=draws > size)
        return np.asarray(self.posterior["moves"].to_numpy()[chosen], dtype=float)

    @property
    def ending(self) -> Array:
        """Relative chance of a plan ending, dims (provision,)."""
        return np.asarray(self.posterior["ending"].to_numpy(), dtype=float)

    def choice(self, la_code: int, draws: int, rng: np.random.Generator) -> Array:
        """Return where an authority's new plans are placed, dims (draw, age, provision), rows adding to 1.

        England's choice by age, tilted as the authority's new plans of the last years were; the fewer they were, the less
        certain. An authority without a return chooses as England does, as uncertain as one with few new plans.
        """
        england = np.asarray(self.posterior["choice"].to_numpy(), dtype=float)
        if la_code in self.areas:
            tilt = self.posterior["choice_tilt"].sel(area=la_code).to_numpy().astype(float)
            weight = self.posterior["choice_weight"].sel(area=la_code).to_numpy().astype(float)
        else:
            tilt, weight = np.ones(len(PROVISION_CODES)), np.full(len(PROVISION_CODES), CHOICE_PRIOR)
        drawn = tilt * rng.gamma(weight, size=(draws, len(weight))) / weight
        tilted = england * drawn[:, None, :]
        return np.asarray(tilted / np.maximum(tilted.sum(axis=2, keepdims=True), 1e-12))


@dataclass(frozen=True)
class Moves:
    """The model of moves, with its sampling settings."""

    sampling: Sampling = SAMPLING
    name: str = NAME

    def fit(self, flows: PlacementFlows, *, rng: np.random.Generator) -> FittedMoves:
        """Sample the posterior, stage by stage with one compiled model."""
        evidence = StageFlows.of(flows)
        compiled = compile_model(build(evidence))
        posteriors, checks = [], []
        for stage in range(len(STAGES)):
            data = observations(evidence, stage)
            posterior, diagnostics = compiled.sample(data, rng, self.sampling)
            rows = rng.permutation(posterior.sizes["draw"])[:KEPT_DRAWS]
            logits = data["log_odds"] + data["width"] * posterior["unit"].to_numpy()[rows]
            chance = np.exp(logits - logits.max(axis=2, keepdims=True))
            posteriors.append(chance / chance.sum(axis=2, keepdims=True))
            checks.append(diagnostics)
        posterior = xr.Dataset(
            {
                "moves": (("draw", "stage", "group", "group_to"), np.stack(posteriors, axis=1).astype("float32")),
                "ending": (("provision",), evidence.ending),
                "choice": (("age", "provision"), evidence.choice),
                "choice_tilt": (("area", "provision"), evidence.choice_tilt.astype("float32")),
                "choice_weight": (("area", "provision"), evidence.choice_weight.astype("float32")),
            },
            coords={
                "stage": list(STAGE_CODES), "group": list(GROUPS), "group_to": list(GROUPS),
                "provision": list(PROVISION_CODES), "age": list(AGES), "area": list(flows.areas),
            },
        )  # fmt: skip
        return FittedMoves(flows.areas, posterior, Diagnostics.worst_of(checks))
