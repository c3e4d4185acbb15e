"""Flows of placements: complete arrays, sound returns only, and nobody leaves who was not there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from data import tables
from data.errors import TableError
from data.panels import composition_tables, history_tables, placement_flow_tables
from data.panels.composition import Composition
from data.panels.history import History
from data.panels.placement_flow import PlacementFlows
from data.vocabulary import AGES, PROVISION_CODES


@pytest.fixture(scope="module")
def history() -> History:
    return history_tables.load("current")


@pytest.fixture(scope="module")
def composition() -> Composition:
    return composition_tables.load()


@pytest.fixture(scope="module")
def flows(history: History, composition: Composition) -> PlacementFlows:
    return placement_flow_tables.load(history, composition)


def test_every_array_is_complete(flows: PlacementFlows) -> None:
    areas, cells = len(flows.areas), (len(AGES), len(PROVISION_CODES))
    assert flows.before.shape == flows.after.shape == (areas, *cells)
    assert flows.joiners.shape == flows.leavers.shape == (areas, len(AGES))
    assert flows.new.shape == (areas, len(PROVISION_CODES))
    assert flows.ended.shape == (len(PROVISION_CODES),)
    for values in (flows.before, flows.after, flows.joiners, flows.leavers, flows.new, flows.ended):
        assert np.isfinite(values).all()
        assert (values >= 0).all()


def test_most_authorities_are_held_and_those_without_a_sound_return_are_not(flows: PlacementFlows) -> None:
    assert flows.january == 2025
    assert 130 <= len(flows.areas) <= 153
    assert 317 in flows.areas
    assert 316 not in flows.areas, "Newham returned no placements in January 2025"
    assert 342 not in flows.areas, "its return of January 2025 is out of line"
    assert list(flows.areas) == sorted(set(flows.areas))


def test_stocks_are_the_published_ones(flows: PlacementFlows) -> None:
    stock = tables.read("plans_age_placement")
    own = stock[(stock["la_code"] == 317) & (stock["january"] == 2025)]
    redbridge = flows.areas.index(317)
    assert flows.after[redbridge].sum() == own["plans"].sum() == 3391
    special = own[own["provision"] == "state_special"]["plans"].sum()
    assert flows.after[redbridge, :, PROVISION_CODES.index("state_special")].sum() == special


def test_nobody_leaves_who_was_not_there(flows: PlacementFlows) -> None:
    assert (flows.leavers <= flows.before.sum(axis=2) + 1e-9).all()


def test_new_plans_of_three_years_outnumber_those_of_one(flows: PlacementFlows) -> None:
    one, three = flows.joiners.sum(), flows.new.sum()
    assert 2 * one < three < 4 * one


def test_children_ended_are_about_those_who_left(flows: PlacementFlows) -> None:
    assert flows.ended.sum() == pytest.approx(flows.leavers.sum(), rel=0.15)


def test_without_a_sound_return_the_release_to_add_is_told(
    history: History, composition: Composition, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = tables.read

    def spoilt(name: str) -> pd.DataFrame:
        rows = read(name)
        return rows.assign(quality="out_of_line") if name == "plans_age_placement" else rows

    monkeypatch.setattr(tables, "read", spoilt)
    with pytest.raises(TableError, match=r"January 2024 and January 2025.*sendplan data build"):
        placement_flow_tables.load(history, composition)
