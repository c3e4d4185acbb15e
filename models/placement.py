"""Placements: plans by age, need and provision today, and how they change from January to January.

**Today.** Three two-way tables are published per authority (age x need, age x provision, need x provision), not the three-way
table. Iterative proportional fitting starts from England's fitted table and scales it until it agrees with the
authority's three margins. The result assumes no three-way pattern beyond England's.

share[p | age, need] = (x[age, need, p] + k q[p | age, need]) / (x[age, need, .] + k) with k = `PRIOR_PLANS` and q England's
share, tilted by how much more or less the authority uses each provision than England would for the same children: a
cell the authority lacks today is filled in its own way, not England's. Draws are Dirichlet with the same counts: small
cells are uncertain, large ones are not.

**Later** (`advance`), draw by draw, from one January to the next: plans end, children stay where they are or move
(`models.moves`), new plans choose:

    x[a+1, n, q] = sum_p (x[a, n, p] - ended[a, n, p]) M[stage(a), p, q] + joiners[a+1, n] choice[a+1, n, q]

then every age and need is scaled to `Plans`, which adds net transfers and changes of recorded need in proportion. Movers go where
the authority has provision and where children of their need are taught: M's destinations are tilted by both. Joiners choose
as the authority's new plans of the last years did, tilted by need alike.

**To totals** (`kind_factors`, `to_totals`): x[a, n, q] f[kind(q)] g[a, n], the factors found by proportional fitting so that
ages and needs add up to `Plans` exactly and kinds of provision to their own forecast (`models.provision_totals`) as nearly as the
cells allow.

Shares and choices are those of today's supply: they are *filled* places and understate wanted ones (`models.latent_demand`).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from data.shrinkage import shrunk_ratio
from data.vocabulary import AGES, PROVISION_CODES
from models.base import Array, Floats, shares_of
from models.moves import GROUPS, IN_GROUP, STAGE_OF_AGE, STAGES, FittedMoves

PRIOR_PLANS = 0.25
"""Plans' worth of England's tilted placement share added to each age and need."""

ITERATIONS = 60
"""Rounds of proportional fitting; the margins agree to well under a plan by then."""

USE_PRIOR = 20.0
"""Plans' worth of England's use of a provision added to an authority's own before its movers are tilted to it."""

LARGEST_TILT = 10.0
"""Tilts by need and by use are held within this factor: a rare need in a rare provision is a handful of children."""

ROUNDS = 8
"""Rounds of proportional fitting in `kind_factors`; kinds agree to a fraction of a per cent by then."""

NOBODY = 1e-12
"""Children below which an age and need is empty."""

ONES = np.ones(len(PROVISION_CODES), dtype=np.float32)
"""Adds up provisions; a product is several times faster than a sum over so short an axis."""


def fit_three_way(
    seed: Array, age_need: Array, age_provision: Array, need_provision: Array | None = None
) -> Array:
    """Return counts by age, need and provision that agree with three margins.

    Parameters
    ----------
    seed
        Starting pattern, dims (age, need, provision), non-negative.
    age_need, age_provision, need_provision
        Published plans. Their totals may differ; each is first scaled to the total of ``age_need``. Without the last, the
        pattern of needs comes from the seed.

    Returns
    -------
    Array
        dims (age, need, provision); the age x need margin holds exactly, the others as nearly as they agree.
    """
    total = age_need.sum()
    by_age = age_provision * (total / age_provision.sum())
    by_need = None if need_provision is None else need_provision * (total / need_provision.sum())
    table = seed + 1e-9
    for _ in range(ITERATIONS):
        if by_need is not None:
            table = table * _ratio(by_need, table.sum(axis=0))[None, :, :]
        table = table * _ratio(by_age, table.sum(axis=1))[:, None, :]
        table = table * _ratio(age_need, table.sum(axis=2))[:, :, None]
    return table


def shares(table: Array, england: Array) -> tuple[Array, Array]:
    """Return placement shares (age, need, provision) and the number of plans behind them (age, need).

    Parameters
    ----------
    table
        The authority's fitted plans, or zeros where it published none: England's shares are returned.
    england
        England's fitted table; where it is empty the share of all ages of that need is used.
    """
    by_need = england.sum(axis=0, keepdims=True) + 1e-12
    smooth = england + by_need / by_need.sum(axis=2, keepdims=True)
    national = smooth / smooth.sum(axis=2, keepdims=True)
    expected = (table.sum(axis=2)[:, :, None] * national).sum(axis=(0, 1))
    tilted = national * np.where(
        expected > 0, table.sum(axis=(0, 1)) / np.where(expected > 0, expected, 1), 1.0
    )
    usable = tilted.sum(axis=2, keepdims=True)
    prior = np.where(usable > 0, tilted / np.where(usable > 0, usable, 1), national)
    weight = table + PRIOR_PLANS * prior
    strength = weight.sum(axis=2)
    return weight / strength[:, :, None], strength


def share_draws(share: Array, strength: Array, draws: int, rng: np.random.Generator) -> Array:
    """Return Dirichlet draws of placement shares, dims (draw, age, need, provision), each summing to 1."""
    gamma = rng.gamma(np.maximum(share * strength[:, :, None], 1e-6), size=(draws, *share.shape))
    total = gamma.sum(axis=-1, keepdims=True)
    np.divide(gamma, total, out=gamma, where=total > 0)
    np.copyto(gamma, share, where=total <= 0)
    return gamma


@dataclass(frozen=True)
class Paths:
    """Yearly transitions of one authority's placements, in every draw.

    Parameters
    ----------
    kept
        Chance that a child whose plan goes on stays in the provision, dims ``(draw, stage, provision)``.
    goes
        Where those who do not stay go, dims ``(draw, stage, provision, provision_to)``, rows adding to 1.
    need_tilt
        How much more a need goes to a provision than all needs do, dims ``(age, need, provision)``.
    ending
        Relative chance of a plan ending, dims ``(provision,)``.
    choice
        Where new plans are placed, dims ``(draw, age, need, provision)``, adding to 1 over provisions.
    """

    kept: Array
    goes: Array
    need_tilt: Array
    ending: Array
    choice: Array

    def single(self) -> Paths:
        """Return the transitions in single precision, in which placements are computed."""
        return Paths(*(getattr(self, f.name).astype(np.float32) for f in fields(self)))

    def some(self, draws: slice) -> Paths:
        """Return the transitions in a subset of draws."""
        return Paths(self.kept[draws], self.goes[draws], self.need_tilt, self.ending, self.choice[draws])

    @classmethod
    def of(
        cls,
        fitted: FittedMoves,
        la_code: int,
        own: Array,
        england: Array,
        draws: int,
        rng: np.random.Generator,
    ) -> Paths:
        """Return the transitions of an authority.

        Parameters
        ----------
        fitted
            Moves of England and choices of authorities.
        la_code
            DfE number of the authority.
        own, england
            Plans by age, need and provision of the authority and of England, dims ``(age, need, provision)``.
        draws
            Number of draws.
        rng
            Source of randomness.
        """
        moves = fitted.moves(draws, rng)
        later = _stage_members(shift=1)
        here, there = later @ own.sum(axis=1), later @ england.sum(axis=1)
        # What England would use for as many children of these ages and needs.
        per_child = england / np.maximum(england.sum(axis=2, keepdims=True), 1e-9)
        expected = later @ (own.sum(axis=2)[:, :, None] * per_child).sum(axis=1)
        use = _clipped_tilt(shrunk_ratio(here, expected, USE_PRIOR * shares_of(there, axis=-1), floor=1e-9))
        # Within a merged group plans are told apart by what the authority has of each.
        own_mix = here + 0.5 * shares_of(there, axis=-1)
        within = own_mix / np.maximum((own_mix @ IN_GROUP) @ IN_GROUP.T, 1e-9)
        spread = (moves @ IN_GROUP.T) * within[:, None, :]
        spread = np.einsum("pg,dsgq->dspq", IN_GROUP, spread, optimize=True)
        own_group = np.arange(len(GROUPS))
        kept = moves[:, :, own_group, own_group] @ IN_GROUP.T
        same = (IN_GROUP @ IN_GROUP.T) > 0
        goes = np.where(same, 0.0, spread) * use[:, None, :]
        goes /= np.maximum(goes.sum(axis=3, keepdims=True), 1e-12)
        tilt = _need_tilt(england)
        choice = fitted.choice(la_code, draws, rng)[:, :, None, :] * tilt
        choice /= np.maximum(choice.sum(axis=3, keepdims=True), 1e-12)
        return cls(kept=kept, goes=goes, need_tilt=tilt, ending=fitted.ending, choice=choice)


def _stage_members(*, shift: int) -> Array:
    """Return membership of ages in stages ``shift`` years later, dims (stage, age)."""
    ages = np.array(AGES) - shift
    return np.array([(ages >= s.low) & (ages <= s.high) for s in STAGES], dtype=float)


def _clipped_tilt(ratio: Array) -> Array:
    clipped: Array = np.clip(ratio, 1 / LARGEST_TILT, LARGEST_TILT)
    return clipped


def _need_tilt(england: Array) -> Array:
    """Return how much more frequent a need is in a provision than all needs of the age, dims (age, need, provision)."""
    prior = shares_of(england.sum(axis=(0, 1)), axis=-1)
    all_needs = shares_of(england.sum(axis=1) + prior, axis=-1)[:, None, :]
    by_need = shares_of(england + USE_PRIOR * all_needs, axis=-1)
    return _clipped_tilt(by_need / np.maximum(all_needs, 1e-9))


def end_plans(placed: Floats, leavers: Array, ending: Array) -> Floats:
    """Return continuing plans by provision after some end, dims of ``placed``.

    Parameters
    ----------
    placed
        Plans in January, dims ``(draw, age, need, provision)``.
    leavers
        Plans of each age and need that end in the year, dims ``(draw, age, need)``.
    ending
        Relative chance of a plan ending, dims ``(provision,)``.
    """
    chance = ending.astype(np.float32)
    share = leavers.astype(np.float32) / np.maximum(placed @ chance, np.float32(1e-12))
    left = placed * (1 - np.minimum(share[..., None] * chance, 1))
    return np.asarray(left, dtype=np.float32)


def place_next_year(left: Floats, joiners: Array, plans: Array, paths: Paths) -> tuple[Floats, Floats]:
    """Return continuing plans by provision a year later, and new plans by provision, before scaling to all plans.

    Parameters
    ----------
    left
        Plans that go on, by age in the January before, dims ``(draw, age, need, provision)``.
    joiners, plans
        New plans, and all plans, in the January, dims ``(draw, age, need)``.
    paths
        How placements change, in single precision.

    Returns
    -------
    tuple[Floats, Floats]
        Both dims ``(draw, age, need, provision)``, by age in the January. Children of an age and need nobody had before are
        placed as new plans are.
    """
    stage = STAGE_OF_AGE[:-1]
    going = left[:, :-1]
    stay = going * paths.kept[:, stage][:, :, None, :]
    leave = going - stay
    arrive = (leave @ paths.goes[:, stage]) * paths.need_tilt[1:]
    arrive *= _divide(leave @ ONES, arrive @ ONES)[..., None]
    older = np.zeros_like(left)
    np.add(stay, arrive, out=older[:, 1:])
    arriving = np.where(older @ ONES + joiners > NOBODY, joiners, plans)
    return older, paths.choice * arriving[..., None].astype(np.float32)


def scale_to_plans(placed: Floats, plans: Array) -> Floats:
    """Return placements scaled to add up to plans at every age and need, dims ``(draw, age, need, provision)``."""
    factor = plans.astype(np.float32) / np.maximum(placed @ ONES, np.float32(NOBODY**2))
    return np.asarray(placed * factor[..., None])


def advance(start: Array, leavers: Array, joiners: Array, plans: Array, paths: Paths) -> Floats:
    """Return placements each January, dims (draw, january, age, need, provision).

    Parameters
    ----------
    start
        Placements at the January before the first, dims ``(draw, age, need, provision)``.
    leavers
        Plans that end in the year to each January by age in the January before, dims ``(draw, january, age, need)``.
    joiners, plans
        New plans, and all plans, at each January, same dims. Provisions add up to ``plans``.
    paths
        How placements change.
    """
    placed = start.astype(np.float32)
    single = paths.single()
    out = np.empty((plans.shape[0], plans.shape[1], *start.shape[1:]), dtype=np.float32)
    for t in range(plans.shape[1]):
        left = end_plans(placed, leavers[:, t], paths.ending)
        older, new = place_next_year(left, joiners[:, t], plans[:, t], single)
        placed = scale_to_plans(older + new, plans[:, t])
        out[:, t] = placed
    return out


def kind_factors(placements: Floats, kinds: Array, kind_of: npt.NDArray[np.int64]) -> Floats:
    """Return factors on kinds of provision that make placements add up to a forecast of kinds, dims (draw, january, kind).

    Parameters
    ----------
    placements
        dims ``(draw, january, age, need, provision)``.
    kinds
        Plans by kind of provision, dims ``(draw, january, kind)``; kinds add up to all plans.
    kind_of
        Index of the kind of each provision, dims ``(provision,)``.
    """
    draws, januaries, ages, needs, _ = placements.shape
    by_kind = (placements @ members(kind_of, kinds.shape[2])).reshape(draws, januaries, ages * needs, -1)
    # Kinds are few: adding them one by one is many times faster than a sum over so short an axis.
    plans = by_kind[..., 0].copy()
    for kind in range(1, by_kind.shape[3]):
        plans += by_kind[..., kind]
    target = kinds.astype(np.float32)
    factor = np.ones(kinds.shape, dtype=np.float32)
    for _ in range(ROUNDS):
        row = _divide(plans, (by_kind @ factor[..., None])[..., 0])
        sums = (row[:, :, None, :] @ by_kind)[:, :, 0] * factor
        factor *= np.where(sums > 0, _divide(target, sums), 1.0)
    return np.asarray(factor)


def to_totals(placements: Floats, factors: Floats, kind_of: npt.NDArray[np.int64]) -> Floats:
    """Return placements after `kind_factors`, with ages and needs unchanged, dims of ``placements``.

    Parameters
    ----------
    placements
        dims ``(draw, january, age, need, provision)``.
    factors
        dims ``(draw, january, kind)``.
    kind_of
        Index of the kind of each provision, dims ``(provision,)``.
    """
    by_provision = (factors @ members(kind_of, factors.shape[2]).T)[:, :, None, None, :]
    row = _divide(placements @ ONES, (placements @ by_provision[..., 0, :, None])[..., 0])
    fitted: Floats = placements * by_provision
    fitted *= row[..., None]
    return fitted


def members(kind_of: npt.NDArray[np.int64], kinds: int) -> Floats:
    """Return membership of provisions in kinds, dims (provision, kind)."""
    member: Floats = (kind_of[:, None] == np.arange(kinds)).astype(np.float32)
    return member


def _divide(part: Floats, whole: Floats) -> Floats:
    """Return part / whole; 0 where the whole is 0."""
    share: Floats = part / np.where(whole > 0, whole, np.inf)
    return share


def _ratio(target: Array, current: Array) -> Array:
    return np.where(current > 0, target / np.where(current > 0, current, 1), 0.0)
