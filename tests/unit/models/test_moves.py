"""Moves between provisions: priors, evidence, choices, and a brief fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from data.vocabulary import AGES, PROVISION_CODES
from models import moves
from models.inference import Compiled, Diagnostics, Sampling
from models.moves import (
    GROUPS,
    IN_GROUP,
    MOST_KEPT,
    STAGE_OF_AGE,
    STAGES,
    STILL_NOT_RECORDED,
    WIDTH,
    FittedMoves,
    Moves,
    StageFlows,
    observations,
    prior_moves,
)
from tests.moves_worlds import ENDS, World, england, world

BRIEF = Sampling(draws=40, tune=60, chains=1, target_accept=0.8)
NOT_RECORDED = GROUPS.index("not_recorded")
NOBODY = 999


@pytest.fixture(scope="module")
def known() -> World:
    return world(areas=20, seed=1)


@pytest.fixture(scope="module")
def evidence(known: World) -> StageFlows:
    return StageFlows.of(known.flows)


@pytest.fixture(scope="module")
def fits(known: World, compiled_moves: Compiled) -> Iterator[tuple[FittedMoves, FittedMoves]]:
    """Return two fits with the same seed; compiling takes most of the time, so they share it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(moves, "compile_model", lambda _: compiled_moves)
        one, other = (Moves(BRIEF).fit(known.flows, rng=np.random.default_rng(1)) for _ in range(2))
        yield one, other


@pytest.fixture(scope="module")
def fitted(fits: tuple[FittedMoves, FittedMoves]) -> FittedMoves:
    return fits[0]


def test_every_age_has_the_stage_that_holds_it() -> None:
    for age, stage in zip(AGES[:-1], STAGE_OF_AGE, strict=False):
        assert STAGES[stage].low <= age <= STAGES[stage].high


def test_every_provision_but_support_bases_is_in_one_group() -> None:
    members = dict(zip(PROVISION_CODES, IN_GROUP.sum(axis=1), strict=True))
    assert members.pop("support_base") == 0
    assert set(members.values()) == {1.0}


def test_prior_moves_add_up_to_one_and_most_children_stay(evidence: StageFlows) -> None:
    prior = prior_moves(*england(evidence))
    assert prior.shape == (len(STAGES), len(GROUPS), len(GROUPS))
    np.testing.assert_allclose(prior.sum(axis=2), 1.0)
    assert (prior > 0).all()
    for stage, table in zip(STAGES, prior, strict=True):
        at = STAGES.index(stage)
        held = evidence.stays.sum(axis=0)[at], evidence.after.sum(axis=0)[at]
        most = MOST_KEPT * (held[1] + 0.1) / (held[0] + 0.1)
        stay = np.delete(np.diagonal(table) - np.minimum(stage.kept, most), NOT_RECORDED)
        assert (stay >= -1e-12).all()
        assert table[NOT_RECORDED, NOT_RECORDED] >= STILL_NOT_RECORDED


def test_evidence_counts_every_child_once(known: World, evidence: StageFlows) -> None:
    flows = known.flows
    # Those of the oldest age grow too old; nobody of the youngest was there before.
    assert evidence.after.sum() == pytest.approx(flows.after[:, 1:].sum())
    assert evidence.new.sum() == pytest.approx(flows.joiners[:, 1:].sum())
    stayed = flows.before.sum(axis=2) - flows.leavers
    assert evidence.stays.sum() == pytest.approx(stayed[:, :-1].sum(), rel=1e-3)
    assert (evidence.stays >= 0).all()


def test_relative_chances_of_ending_reproduce_englands_ended_plans(
    known: World, evidence: StageFlows
) -> None:
    flows = known.flows
    weight = flows.before * evidence.ending
    shared = weight / weight.sum(axis=2, keepdims=True) * flows.leavers[:, :, None]
    ended = np.minimum(shared, flows.before).sum(axis=(0, 1))
    np.testing.assert_allclose(ended, flows.ended, rtol=0.02, atol=2)
    assert evidence.ending[PROVISION_CODES.index("mainstream")] == 1.0


def test_relative_chances_of_ending_are_those_that_made_the_world(evidence: StageFlows) -> None:
    for provision in ("general_fe", "neet", "state_special"):
        found = evidence.ending[PROVISION_CODES.index(provision)]
        assert found == pytest.approx(ENDS[provision], rel=0.2), provision


def test_choices_add_up_to_one_and_follow_new_plans(known: World, evidence: StageFlows) -> None:
    np.testing.assert_allclose(evidence.choice.sum(axis=1), 1.0)
    chosen = known.flows.joiners.sum(axis=0) @ evidence.choice
    usual = known.flows.new.sum(axis=0) / known.flows.new.sum()
    np.testing.assert_allclose(chosen / chosen.sum(), usual, atol=0.005)


def test_observations_have_one_row_an_authority_and_learn_nothing_from_blank_returns(
    known: World, evidence: StageFlows
) -> None:
    areas, groups = len(known.flows.areas), len(GROUPS)
    for stage in range(len(STAGES)):
        found = observations(evidence, stage)
        assert {found[n].shape for n in ("stays", "new", "after", "deviation")} == {(areas, groups)}
        assert {found[n].shape for n in ("log_odds", "width")} == {(groups, groups)}
        assert (found["deviation"] > 0).all()
        assert (found["width"][NOT_RECORDED] == 0).all()
        assert (np.diagonal(found["width"]) == 0).all(), "moves are told against staying"
        assert set(np.unique(found["width"])) <= {0.0, WIDTH}
        np.testing.assert_allclose(np.diagonal(found["log_odds"]), 0.0)
        total = (found["stays"] + found["new"]).sum(axis=1)
        np.testing.assert_allclose(total, found["after"].sum(axis=1), atol=1e-6)


def test_fitted_moves_add_up_to_one(fitted: FittedMoves) -> None:
    drawn = fitted.moves(60, np.random.default_rng(1))
    assert drawn.shape == (60, len(STAGES), len(GROUPS), len(GROUPS))
    np.testing.assert_allclose(drawn.sum(axis=3), 1.0, atol=1e-5)
    assert (drawn >= 0).all()


def test_moves_of_blank_returns_stay_those_of_the_prior(fitted: FittedMoves, evidence: StageFlows) -> None:
    drawn = fitted.moves(10, np.random.default_rng(1))[:, :, NOT_RECORDED]
    prior = prior_moves(*england(evidence))[:, NOT_RECORDED]
    np.testing.assert_allclose(drawn, np.broadcast_to(prior, drawn.shape), rtol=1e-4, atol=1e-6)


def test_the_same_seed_gives_the_same_fit(fits: tuple[FittedMoves, FittedMoves]) -> None:
    fitted, again = fits
    xr.testing.assert_identical(again.posterior, fitted.posterior)
    one, other = (f.moves(5, np.random.default_rng(2)) for f in (fitted, again))
    np.testing.assert_array_equal(one, other)


def test_a_stored_fit_is_restored_whole(fitted: FittedMoves) -> None:
    good = Diagnostics(1.0, 1e3, 1e3, 0, 1.0, "unit")
    again = FittedMoves.restored(fitted.posterior, good)
    assert again.areas == fitted.areas
    np.testing.assert_array_equal(again.ending, fitted.ending)


def test_choices_of_an_authority_lean_to_its_own_new_plans(fitted: FittedMoves, known: World) -> None:
    special = PROVISION_CODES.index("state_special")
    own = known.flows.new[:, special] / known.flows.new.sum(axis=1)
    most, least = (known.flows.areas[i] for i in (own.argmax(), own.argmin()))
    drawn = [fitted.choice(a, 200, np.random.default_rng(1)) for a in (most, least)]
    for choice in drawn:
        assert choice.shape == (200, len(AGES), len(PROVISION_CODES))
        np.testing.assert_allclose(choice.sum(axis=2), 1.0)
    at_six = [c[:, AGES.index(6), special].mean() for c in drawn]
    assert at_six[0] > at_six[1]


def test_an_authority_without_a_return_chooses_as_england_does_but_less_surely(fitted: FittedMoves) -> None:
    assert NOBODY not in fitted.areas
    choice = fitted.choice(NOBODY, 2000, np.random.default_rng(1))
    np.testing.assert_allclose(choice.sum(axis=2), 1.0)
    england = fitted.posterior["choice"].to_numpy()
    np.testing.assert_allclose(choice.mean(axis=0)[4:9], england[4:9], atol=0.04)
    known_area = fitted.choice(fitted.areas[0], 2000, np.random.default_rng(1))
    mainstream = (slice(None), AGES.index(6), PROVISION_CODES.index("mainstream"))
    assert choice[mainstream].std() > known_area[mainstream].std()


def test_a_stage_nobody_is_in_keeps_its_prior(known: World) -> None:
    flows = known.flows
    empty = replace(
        flows, before=np.where(np.array(AGES)[:, None] == 17, 0.0, flows.before), leavers=flows.leavers.copy()
    )
    empty.leavers[:, AGES.index(17)] = 0.0
    found = observations(StageFlows.of(empty), moves.STAGE_CODES.index("year_13"))
    assert (found["width"] == 0).all()
    assert np.isfinite(found["log_odds"]).all()
