"""Latent demand: an uplift of 1 or more, a blend, a split over phases and provisions, and every child counted once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr

from data.errors import AreaError, HistoryError, OptionError
from data.panels.specialist_use_tables import load
from data.vocabulary import NEED_GROUP_CODES, PHASE_CODES, PROVISION_CODES
from models.inference import Diagnostics
from models.latent_demand import (
    FEWEST_PLANS,
    GROUPS,
    GroupCells,
    Latent,
    Prior,
    Tables,
    observations,
    rationing,
)

DRAWS = 50
TIGHT, SLACK, SILENT = 1, 2, 3


def placed() -> npt.NDArray[np.float64]:
    """Return plans of one area, dims (phase, need group, provision)."""
    table = np.zeros((len(PHASE_CODES), GROUPS, len(PROVISION_CODES)))
    for provision, plans in {
        "mainstream": 100,
        "state_special": 40,
        "specialist_base": 10,
        "inmss": 8,
        "eotas": 2,
    }.items():
        table[:, :, PROVISION_CODES.index(provision)] = plans
    return table


@pytest.fixture
def latent() -> Latent:
    areas = [TIGHT, SLACK, SILENT]
    coords = {
        "area": areas,
        "phase": list(PHASE_CODES),
        "need_group": list(NEED_GROUP_CODES),
        "provision": list(PROVISION_CODES),
    }
    plans = np.stack([placed(), placed(), np.zeros_like(placed())])
    table = xr.DataArray(plans, dims=tuple(coords), coords=coords)
    ration = np.zeros((DRAWS, len(areas), GROUPS))
    ration[:, 0] = np.log(1.1)
    return Latent(
        tables=Tables(table, table),
        rationing=xr.DataArray(
            ration,
            dims=("draw", "area", "need_group"),
            coords={"draw": np.arange(DRAWS), "area": areas, "need_group": list(NEED_GROUP_CODES)},
        ),
        shown=xr.DataArray(np.full(DRAWS, 0.7), dims="draw"),
        borrowed=(SLACK,),
        diagnostics=Diagnostics(1.0, 1000.0, 1000.0, 0, 1.0, "none"),
    )


def test_a_slack_area_has_an_uplift_of_one(latent: Latent) -> None:
    uplift = latent.uplift(SLACK, DRAWS, np.random.default_rng(1))
    assert uplift.dims == ("draw", "phase", "need_group", "provision")
    np.testing.assert_array_equal(uplift, 1.0)


def test_a_tight_area_turns_away_what_its_rationing_says(latent: Latent) -> None:
    found = latent.of_area(TIGHT, DRAWS, np.random.default_rng(1))
    by_group = found.turned_away.sum(("phase", "provision"))
    np.testing.assert_allclose(by_group, 0.1 * 4 * 50)
    assert float(found.turned_away.min()) >= 0
    np.testing.assert_array_equal(found.turned_away.sel(phase="early_years"), 0)


def test_wanted_is_filled_plus_those_turned_away(latent: Latent) -> None:
    found = latent.of_area(TIGHT, DRAWS, np.random.default_rng(1))
    xr.testing.assert_allclose(
        (found.uplift() * found.filled - found.filled).transpose(*found.turned_away.dims), found.turned_away
    )


def test_the_blend_runs_from_observed_to_latent(latent: Latent) -> None:
    found = latent.of_area(TIGHT, DRAWS, np.random.default_rng(1))
    np.testing.assert_array_equal(found.uplift(0.0), 1.0)
    xr.testing.assert_allclose(found.uplift(0.5) - 1, 0.5 * (found.uplift(1.0) - 1))
    with pytest.raises(OptionError, match="between 0"):
        found.uplift(1.2)


def test_more_draws_than_kept_repeat_them(latent: Latent) -> None:
    assert latent.uplift(TIGHT, 3 * DRAWS, np.random.default_rng(1)).sizes["draw"] == 3 * DRAWS


def test_same_seed_same_draws(latent: Latent) -> None:
    first, second = (latent.uplift(TIGHT, 20, np.random.default_rng(4)) for _ in range(2))
    xr.testing.assert_identical(first, second)


def test_provisions_without_children_are_left_alone(latent: Latent) -> None:
    latent.tables.placed.loc[{"provision": "specialist_base", "phase": "primary"}] = 0.0
    found = latent.of_area(TIGHT, DRAWS, np.random.default_rng(1))
    np.testing.assert_array_equal(found.turned_away.sel(provision="specialist_base", phase="primary"), 0)
    np.testing.assert_array_equal(found.uplift().sel(provision="specialist_base", phase="primary"), 1)


def test_nobody_is_turned_away_who_is_not_taught_elsewhere(latent: Latent) -> None:
    for provision in ("mainstream", "inmss", "eotas"):
        latent.tables.placed.loc[{"provision": provision}] = 0.25
    found = latent.of_area(TIGHT, DRAWS, np.random.default_rng(1))
    assert float(found.turned_away.sum("provision").max()) <= 0.75 + 1e-9


def test_borrowed_rationing_is_said(latent: Latent) -> None:
    rng = np.random.default_rng(1)
    assert latent.of_area(SLACK, 5, rng).borrowed
    assert not latent.of_area(TIGHT, 5, rng).borrowed


def test_unknown_and_silent_areas_are_refused_in_words(latent: Latent) -> None:
    with pytest.raises(AreaError, match="Authority 999"):
        latent.uplift(999, 5, np.random.default_rng(1))
    with pytest.raises(HistoryError, match="published no placements by age"):
        latent.uplift(SILENT, 5, np.random.default_rng(1))


def test_fewer_places_used_never_mean_less_rationing() -> None:
    posterior = xr.Dataset(
        {
            "tightness": ("draw", [0.0]),
            "pressure": (("draw", "sign"), [[0.02, 0.02]]),
            "tightness_spread": ("draw", [0.1]),
            "tightness_unit": (("draw", "area"), [[0.3, 0.3]]),
            "tightness_need": (("draw", "group"), np.zeros((1, GROUPS))),
            "capped": ("draw", [0.3]),
        }
    )
    found = rationing(posterior, np.zeros((2, 2)), np.array([[-0.5] * GROUPS, [0.5] * GROUPS]))
    assert found.shape == (1, 2, GROUPS)
    assert (found >= 0).all()
    assert (found[0, 0] > found[0, 1]).all()


def test_cells_are_measured_from_the_mean_of_areas() -> None:
    cells = GroupCells(
        filled=np.array([50.0, 200.0]),
        expected=np.array([100.0, 100.0]),
        overflow=np.array([10.0, 10.0]),
        expected_overflow=np.array([10.0, 10.0]),
        mix=np.zeros(2),
        signs=np.zeros((2, 2)),
        area=np.array([0, 1]),
        group=np.array([0, 0]),
    )
    assert cells.away.sum() == pytest.approx(0)
    assert cells.away[0] < 0 < cells.away[1]
    assert cells.specialist_per_overflow[0] == pytest.approx(10)


def test_impossible_beliefs_are_refused() -> None:
    with pytest.raises(OptionError, match="between 0 and 1"):
        Prior(shown=1.0)


def test_published_returns_give_cells_of_nearly_every_authority() -> None:
    use = load()
    tables = Tables.of(use.composition)
    cells = observations(use, tables)
    assert len(cells.signs) >= 140
    assert set(cells.group.tolist()) == set(range(GROUPS))
    # England's standard places all children as they are placed, so over all areas the two agree.
    assert cells.filled.sum() == pytest.approx(cells.expected.sum(), rel=0.02)
    assert cells.overflow.sum() == pytest.approx(cells.expected_overflow.sum(), rel=0.05)
    plans = tables.placed.sum(("phase", "provision")).to_numpy()
    assert len(cells.filled) <= (plans >= FEWEST_PLANS).sum()


def test_an_empty_release_is_refused_in_words() -> None:
    use = load()
    none = use.sound.copy(data=np.zeros(use.sound.shape, dtype=bool))
    with pytest.raises(HistoryError, match="sound returns"):
        observations(type(use)(use.composition, use.signs, none), Tables.of(use.composition))
