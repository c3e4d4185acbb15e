"""Placements are carried on as the model says, to the last bit: a scenario that changes nothing must give the baseline."""

from __future__ import annotations

import numpy as np
import pytest

from data.vocabulary import AGES, NEED_CODES, PHASES, PROVISION_CODES, SPECIALIST_PROVISIONS
from forecast.demand.placement import KIND_OF, PlacementArrays
from forecast.demand.placement_kernels import Carrier, review, scale
from models import placement as model
from models.base import Array, Floats
from models.moves import STAGES

DRAWS, JANUARIES = 4, 3
AGE, NEED, PROVISION = len(AGES), len(NEED_CODES), len(PROVISION_CODES)


def some(seed: int, *shape: int) -> Array:
    """Return positive numbers, some of them 0."""
    rng = np.random.default_rng(seed)
    return np.asarray(rng.gamma(0.4, 2.0, shape) * (rng.random(shape) > 0.2))


def paths() -> model.Paths:
    """Return made-up paths; nobody of the first need comes to any provision."""
    rng = np.random.default_rng(3)
    tilt = rng.uniform(0.2, 5, (AGE, NEED, PROVISION))
    tilt[:, 0] = 0.0
    return model.Paths(
        kept=rng.random((DRAWS, len(STAGES), PROVISION)),
        goes=rng.dirichlet(np.ones(PROVISION), (DRAWS, len(STAGES), PROVISION)),
        need_tilt=tilt,
        ending=rng.uniform(0.5, 2, PROVISION),
        choice=rng.dirichlet(np.ones(PROVISION), (DRAWS, AGE, NEED)),
    ).single()


@pytest.fixture
def held() -> Floats:
    return some(1, DRAWS, AGE, NEED, PROVISION).astype(np.float32)


def test_a_year_is_that_of_the_model_and_a_second_one_too(held: Floats) -> None:
    carrier = Carrier.of(paths())
    mine, models = held, held
    for t in range(2):
        leavers, joiners, plans = (some(10 * t + i, DRAWS, AGE, NEED) for i in range(3))
        left = model.end_plans(models, leavers, paths().ending)
        older, new = model.place_next_year(left, joiners, plans, paths())
        models = model.scale_to_plans(older + new, plans)
        going = carrier.remaining(mine, leavers)
        np.testing.assert_array_equal(going, left)
        mine = np.add(*carrier.settled(going, joiners, plans))
        scale(mine, plans)
        np.testing.assert_array_equal(mine, models)


def test_counts_are_sums_of_what_the_model_fits_to_totals(held: Floats) -> None:
    moved = some(5, DRAWS, JANUARIES, AGE, NEED, PROVISION).astype(np.float32)
    factors = np.random.default_rng(6).uniform(0.5, 2, (DRAWS, JANUARIES, KIND_OF.max() + 1))
    single = factors.astype(np.float32)
    fitted = model.to_totals(moved, single, KIND_OF)
    taught = PlacementArrays.empty(DRAWS, JANUARIES)
    for january in range(JANUARIES):
        at = slice(january, january + 1)
        taught.write(slice(0, DRAWS), at, moved[:, at], single[:, at])
    np.testing.assert_allclose(taught.future, fitted.sum(axis=3), rtol=1e-5, atol=1e-6)
    for position, phase in enumerate(PHASES):
        of_phase = fitted[:, :, [phase.low <= a <= phase.high for a in AGES]].sum(axis=2)
        np.testing.assert_allclose(taught.by_need[:, :, position], of_phase, rtol=1e-5, atol=1e-6)
    for position, provision in enumerate(SPECIALIST_PROVISIONS):
        np.testing.assert_array_equal(
            taught.wanted[:, :, position], moved[..., PROVISION_CODES.index(provision)]
        )


def test_a_review_ends_a_share_of_the_plans_reviewed_and_spares_those_locked(held: Floats) -> None:
    share = np.array([0.0, 0.25, 0.5, 1.0])
    who = np.zeros((AGE, NEED), dtype=bool)
    who[5, 2] = True
    special = PROVISION_CODES.index("state_special")
    protected = np.array([special], dtype=np.intp)
    locked = np.full((1, 1, 1, 1), 0.5, dtype=np.float32)
    open_to_all, with_lock = held.copy(), held.copy()
    review(open_to_all, share, who, None, protected)
    review(with_lock, share, who, locked, protected)
    expected = held.copy()
    expected[:, 5, 2] *= (1 - share.astype(np.float32))[:, None]
    np.testing.assert_allclose(open_to_all, expected, rtol=1e-6)
    expected[:, 5, 2, special] = held[:, 5, 2, special] * (1 - share / 2)
    np.testing.assert_allclose(with_lock, expected, rtol=1e-6)
