"""Placements: paths of one authority and how they follow what it and England have."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from data.vocabulary import AGES, NEED_CODES, PROVISION_CODES
from models.inference import Diagnostics
from models.moves import STAGES, FittedMoves, StageFlows, prior_moves
from models.placement import LARGEST_TILT, Paths
from tests.moves_worlds import england, world

DRAWS = 4
SHAPE = (len(AGES), len(NEED_CODES), len(PROVISION_CODES))
SPECIAL, MAINSTREAM, SUPPORT_BASE = (
    PROVISION_CODES.index(p) for p in ("state_special", "mainstream", "support_base")
)


@pytest.fixture(scope="module")
def fitted() -> FittedMoves:
    """Return moves as the prior has them: nothing is sampled."""
    flows = world(areas=6, seed=2).flows
    evidence = StageFlows.of(flows)
    moved = np.repeat(prior_moves(*england(evidence))[None], 3, axis=0)
    posterior = xr.Dataset(
        {
            "moves": (("draw", "stage", "group", "group_to"), moved),
            "ending": (("provision",), evidence.ending),
            "choice": (("age", "provision"), evidence.choice),
            "choice_tilt": (("area", "provision"), evidence.choice_tilt),
            "choice_weight": (("area", "provision"), evidence.choice_weight),
        },
        coords={"area": list(flows.areas), "provision": list(PROVISION_CODES)},
    )
    return FittedMoves.restored(posterior, Diagnostics(1.0, 1e3, 1e3, 0, 1.0, "unit"))


def table(seed: int, size: float) -> np.ndarray:
    return np.random.default_rng(seed).gamma(5, size / 5, SHAPE)


def paths(fitted: FittedMoves, own: np.ndarray, england: np.ndarray) -> Paths:
    return Paths.of(fitted, fitted.areas[0], own, england, DRAWS, np.random.default_rng(1))


def test_movers_and_new_plans_all_arrive_somewhere(fitted: FittedMoves) -> None:
    found = paths(fitted, table(1, 2), table(2, 500))
    assert found.kept.shape == (DRAWS, len(STAGES), len(PROVISION_CODES))
    assert ((found.kept >= 0) & (found.kept <= 1)).all()
    arrive = found.goes.sum(axis=3)
    np.testing.assert_allclose(np.delete(arrive, SUPPORT_BASE, axis=2), 1.0)
    assert not arrive[:, :, SUPPORT_BASE].any(), "nobody is recorded in a support base"
    np.testing.assert_allclose(found.choice.sum(axis=3), 1.0)
    assert (found.goes >= 0).all()
    assert (found.need_tilt >= 1 / LARGEST_TILT).all()
    assert (found.need_tilt <= LARGEST_TILT).all()


def test_movers_leave_the_group_they_were_in(fitted: FittedMoves) -> None:
    goes = paths(fitted, table(1, 2), table(2, 500)).goes
    independent = PROVISION_CODES.index("independent_mainstream")
    assert goes[:, :, MAINSTREAM, MAINSTREAM].max() == 0
    assert goes[:, :, MAINSTREAM, independent].max() == 0


def test_movers_go_where_the_authority_has_provision(fitted: FittedMoves) -> None:
    england, usual = table(2, 500), table(1, 2)
    without = usual.copy()
    without[..., SPECIAL] = 0.0
    to_special = [
        paths(fitted, own, england).goes[..., MAINSTREAM, SPECIAL].mean() for own in (without, usual)
    ]
    assert to_special[0] < 0.5 * to_special[1]


def test_a_need_goes_where_it_is_taught(fitted: FittedMoves) -> None:
    england = table(2, 500)
    severe = NEED_CODES.index("SLD")
    england[:, severe, SPECIAL] *= 5
    found = paths(fitted, table(1, 2), england)
    assert (found.need_tilt[:, severe, SPECIAL] > 1).all()
    choice = found.choice[:, AGES.index(6), :, SPECIAL].mean(axis=0)
    assert choice[severe] == choice.max()


def test_the_same_seed_gives_the_same_paths(fitted: FittedMoves) -> None:
    one, again = (paths(fitted, table(1, 2), table(2, 500)) for _ in range(2))
    np.testing.assert_array_equal(one.choice, again.choice)
    np.testing.assert_array_equal(one.goes, again.goes)
