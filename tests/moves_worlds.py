"""Authorities whose plan holders moved between provisions by known chances, with the truth attached.

Every child is drawn: who leaves, who stays, who moves where, who joins. Authorities differ from England's chances at random, so
counts are more scattered than chance alone would have them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.panels.placement_flow import NEW_YEARS, PlacementFlows
from data.vocabulary import AGES, PROVISION_CODES
from models.base import Array
from models.moves import GROUPS, IN_GROUP, STAGE_OF_AGE, STAGES, STILL_NOT_RECORDED, StageFlows

JANUARY = 2025

USES: tuple[tuple[int, dict[str, float]], ...] = (
    (3, {"early_years": 50, "mainstream": 34, "state_special": 12, "specialist_base": 2, "not_recorded": 2}),
    (10, {"early_years": 1, "mainstream": 54, "state_special": 30, "specialist_base": 6, "inmss": 4, "ehe": 1, "eotas": 2,
          "not_recorded": 2}),
    (15, {"mainstream": 43, "state_special": 35, "specialist_base": 6, "inmss": 8, "ap": 2, "ehe": 2, "eotas": 2,
          "not_recorded": 2}),
    (18, {"general_fe": 38, "state_special": 23, "mainstream": 14, "specialist_base": 1, "specialist_post16": 5,
          "training_provider": 4, "inmss": 4, "neet": 7, "eotas": 2, "not_recorded": 2}),
    (25, {"general_fe": 44, "state_special": 3, "mainstream": 2, "specialist_post16": 11, "training_provider": 4, "inmss": 3,
          "neet": 26, "eotas": 3, "not_recorded": 4}),
)  # fmt: skip
"""Oldest age, and where plan holders up to that age are, in parts of a hundred."""

LEAVES = ((15, 0.02), (18, 0.14), (25, 0.25))
"""Oldest age, and share of plans of that age that end in a year; at the last age those left grow too old unseen."""

JOINS = ((3, 0.4), (10, 0.12), (15, 0.08), (25, 0.02))
"""Oldest age, and new plans of that age as a share of plans."""

ENDS = {"general_fe": 1.5, "neet": 2.5, "specialist_post16": 0.8, "state_special": 0.7}
"""Relative chance of a plan ending; 1 elsewhere."""

SCATTER = 250.0
"""Plans' worth of England's chances in an authority's own: fewer scatter them more."""


@dataclass(frozen=True)
class World:
    """Flows of made-up authorities, and what made them.

    Parameters
    ----------
    flows
        What would have been published.
    moves
        England's chances to move, dims ``(stage, group, group)``.
    """

    flows: PlacementFlows
    moves: Array


def world(areas: int = 20, seed: int = 1, size: float = 120.0) -> World:
    """Return authorities with about ``size`` plans at each age."""
    rng = np.random.default_rng([seed, 3])
    uses = _by_age(USES)
    ends = np.array([ENDS.get(p, 1.0) for p in PROVISION_CODES])
    moves = _truth(rng, uses)
    held = size * rng.lognormal(0, 0.6, (areas, 1)) * np.where(np.array(AGES) < 4, 0.3, 1.0)
    mix = rng.gamma(25 * uses, 1.0, (areas, *uses.shape))
    mix = mix / mix.sum(axis=2, keepdims=True)
    before = rng.poisson(held[:, :, None] * mix).astype(float)
    relative = ends * np.array([_at(LEAVES, a) for a in AGES])[:, None]
    chance = np.clip(relative / (mix * ends).sum(axis=2).mean(axis=0)[:, None], 0, 1)
    gone = rng.binomial(before.astype(int), chance)
    after = np.zeros_like(before)
    provisions = _to_provisions(moves, uses)
    for i in range(areas):
        # Chances of an authority's own, one set a stage.
        own = rng.gamma(np.maximum(SCATTER * provisions, 1e-9))
        own = own / np.maximum(own.sum(axis=2, keepdims=True), 1e-12)
        for a in range(len(AGES) - 1):
            stays = (before[i, a] - gone[i, a]).astype(int)
            after[i, a + 1] = rng.multinomial(stays, own[STAGE_OF_AGE[a]]).sum(axis=0)
    # New plans go where England's plans of their age are, as far as their authority does.
    held_later = after.sum(axis=0) / np.maximum(after.sum(axis=(0, 2))[:, None], 1)
    held_later[0] = uses[0]
    choice = held_later * rng.lognormal(0, 0.3, (areas, 1, len(PROVISION_CODES)))
    choice = choice / choice.sum(axis=2, keepdims=True)
    new = rng.poisson((held * [_at(JOINS, a) for a in AGES])[:, :, None] * choice)
    after += new
    earlier = rng.poisson((NEW_YEARS - 1) * new.sum(axis=1))
    return World(
        PlacementFlows(
            areas=tuple(range(301, 301 + areas)),
            january=JANUARY,
            before=before,
            after=after,
            joiners=new.sum(axis=2).astype(float),
            leavers=gone.sum(axis=2).astype(float),
            new=(new.sum(axis=1) + earlier).astype(float),
            ended=gone.sum(axis=(0, 1)).astype(float),
        ),
        moves,
    )


def _truth(rng: np.random.Generator, uses: Array) -> Array:
    """Return chances to move: most stay, the others go where children of the next age are, give or take a half."""
    moves = np.empty((len(STAGES), len(GROUPS), len(GROUPS)))
    for s, stage in enumerate(STAGES):
        next_ages = [AGES.index(a + 1) for a in range(stage.low, stage.high + 1)]
        spread = uses[next_ages].mean(axis=0) @ IN_GROUP
        kept = np.full(len(GROUPS), stage.kept)
        kept[GROUPS.index("not_recorded")] = STILL_NOT_RECORDED
        table = (1 - kept)[:, None] * spread / spread.sum() + np.diag(kept)
        tilt = 0.5 * rng.standard_normal(table.shape)
        # Who fills in a blank return says nothing of moves, and the model does not learn from it.
        tilt[GROUPS.index("not_recorded")] = 0.0
        # Nobody stays in a provision that nobody of the next age is in.
        tilted = table * np.exp(tilt) * (spread > 0)
        moves[s] = tilted / tilted.sum(axis=1, keepdims=True)
    return moves


def _to_provisions(moves: Array, uses: Array) -> Array:
    """Return moves between provisions, dims (stage, provision, provision): within a group as plans of the age are."""
    within = np.stack(
        [uses[[AGES.index(a + 1) for a in range(s.low, s.high + 1)]].mean(axis=0) for s in STAGES]
    )
    share = within / np.maximum((within @ IN_GROUP) @ IN_GROUP.T, 1e-12)
    return np.asarray(IN_GROUP @ moves @ IN_GROUP.T * share[:, None, :])


def _by_age(table: tuple[tuple[int, dict[str, float]], ...]) -> Array:
    rows = [next(row for oldest, row in table if age <= oldest) for age in AGES]
    counts = np.array([[row.get(p, 0.0) for p in PROVISION_CODES] for row in rows])
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))


def _at(table: tuple[tuple[int, float], ...], age: int) -> float:
    return next(value for oldest, value in table if age <= oldest)


def england(evidence: StageFlows) -> tuple[Array, Array, Array]:
    """Return England's plans that went on, a year later and new, dims (stage, group): what the prior is made of."""
    return evidence.stays.sum(axis=0), evidence.after.sum(axis=0), evidence.new.sum(axis=0)
