"""Children set against places: which demand is used, who is short, and where they go."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import xarray as xr

from data.errors import OptionError
from data.registers import starting_register
from data.registers.register import Register, frame
from data.vocabulary import AGES, NEED_GROUP_CODES, PHASE_CODES, SPECIALIST_PROVISIONS
from forecast.core.outcome import Placements, Shortfall
from forecast.places.capacity import LARGEST_WANTED, Demand, apply_factor, latent_factor, match, sum_by_group
from models.base import Floats
from models.latent_demand import AreaLatent
from tests.made_placements import JANUARIES, ORIGIN, cells, made, turned_away

DRAWS = 3
CELLS = ("draw", "january", "provision", "phase", "need_group")


@pytest.fixture(scope="module")
def register() -> Register:
    return starting_register.shipped(317)


@pytest.fixture(scope="module")
def placements() -> Placements:
    return made(cells(1, DRAWS))


def matched(
    placements: Placements, register: Register, blend: float = 1.0, latent: AreaLatent | None = None
) -> Shortfall:
    return match(placements, register, latent, ORIGIN, np.random.default_rng(1), Demand(blend=blend))


@pytest.fixture(scope="module")
def found(placements: Placements, register: Register) -> Shortfall:
    return matched(placements, register, latent=turned_away())


def test_every_cell_is_told_by_phase_need_group_and_provision(found: Shortfall) -> None:
    for values in (found.wanted, found.observed, found.latent, found.short):
        assert values.dims == CELLS
        assert values["phase"].to_numpy().tolist() == list(PHASE_CODES)
        assert values["need_group"].to_numpy().tolist() == list(NEED_GROUP_CODES)
        assert values["provision"].to_numpy().tolist() == list(SPECIALIST_PROVISIONS)
        assert values["january"].to_numpy().tolist() == list(JANUARIES)


def up(placements: Placements, latent: AreaLatent, blend: float) -> Floats:
    factor = latent_factor(latent, blend, placements.wanted.sizes["draw"])
    return apply_factor(placements.wanted.to_numpy(), factor, placements.plans.to_numpy())


def test_nothing_of_latent_demand_is_observed_demand(placements: Placements, register: Register) -> None:
    found = matched(placements, register, 0.0, turned_away())
    xr.testing.assert_identical(found.wanted, found.observed)
    assert found.blend == 0
    assert (found.latent.sum() > found.observed.sum()).all()


def test_all_of_latent_demand_is_latent_demand(found: Shortfall) -> None:
    xr.testing.assert_identical(found.wanted, found.latent)
    assert found.blend == 1


def test_between_observed_and_latent_wanted_places_only_rise(placements: Placements) -> None:
    steps = [up(placements, turned_away(), b) for b in (0.0, 0.25, 0.5, 0.75, 1.0)]
    for less, more in pairwise(steps):
        assert (more >= less - 1e-4).all()
    assert steps[0].sum() < steps[2].sum() < steps[4].sum()


def test_latent_demand_is_never_below_observed(found: Shortfall) -> None:
    assert (found.latent >= found.observed - 1e-4).all()


def test_some_children_never_want_a_special_place() -> None:
    """However many were turned away, no more want a place than there are children who might."""
    placements = made(cells(2, DRAWS))
    wanted = up(placements, turned_away(part=50.0), 1.0)
    children = placements.plans.to_numpy()
    observed = placements.wanted.to_numpy().sum(axis=2)
    assert (wanted.sum(axis=2) <= np.maximum(LARGEST_WANTED * children, observed) + 1e-4).all()
    assert (wanted.sum(axis=2) > observed + 1).any()


def test_who_is_turned_away_is_raised_where_they_were(placements: Placements) -> None:
    latent = turned_away()
    only = latent.turned_away.where(latent.turned_away["phase"] == "primary", 0.0)
    more = up(placements, replace(latent, turned_away=only), 0.5)
    changed = np.abs(more - placements.wanted.to_numpy()).sum(axis=(0, 1, 2, 4)) > 1e-6
    assert [a for a, c in zip(AGES, changed, strict=True) if c] == list(range(4, 11))


def test_children_are_placed_or_sent_somewhere(found: Shortfall) -> None:
    np.testing.assert_allclose(found.overflow.sum("destination"), found.short, rtol=1e-5, atol=1e-4)
    kind = np.array([[u.provision == p for u in found.units] for p in SPECIALIST_PROVISIONS], dtype=float)
    filled = np.einsum("djuhg,pu->djphg", found.unit_filled.to_numpy(), kind)
    np.testing.assert_allclose(filled, found.wanted - found.short, rtol=1e-4, atol=1e-3)
    assert (found.short >= 0).all()


def test_units_hold_no_more_than_their_places(found: Shortfall) -> None:
    filled = found.unit_filled.sum(("phase", "need_group"))
    assert (filled + found.unit_free <= found.unit_places + 1e-3).all()
    assert (found.unit_free >= 0).all()
    assert len(found.units) == found.unit_places.sizes["unit"]


def test_free_places_are_open_to_every_group_they_admit(found: Shortfall) -> None:
    by_group = found.open_to.sum("need_group")
    used = (found.wanted - found.short).mean("draw").sum("need_group")
    assert (by_group >= used.transpose(*by_group.dims) - 1e-3).all()


def test_without_places_everyone_is_short(placements: Placements, register: Register) -> None:
    empty = replace(register, rows=register.rows.iloc[:0])
    found = matched(placements, empty, latent=turned_away())
    np.testing.assert_allclose(found.short, found.wanted)
    assert found.units == ()
    assert float(found.places.sum()) == float(found.places_now.sum()) == 0
    assert float(found.unseated.sum()) == pytest.approx(float(placements.start.sum()))
    assert set(found.overflow["destination"].to_numpy()) >= {"inmss", "eotas", "waiting"}
    np.testing.assert_allclose(found.overflow.sum("destination"), found.short, rtol=1e-5, atol=1e-4)


def test_an_authority_whose_latent_demand_is_unknown_is_shown_observed_demand(
    placements: Placements, register: Register
) -> None:
    found = matched(placements, register)
    xr.testing.assert_identical(found.wanted, found.observed)
    xr.testing.assert_identical(found.latent, found.observed)
    assert found.blend == 0


def test_more_places_never_raise_the_shortfall(placements: Placements, register: Register) -> None:
    rows = register.rows.assign(places=register.rows["places"] * 2)
    base, more = (
        matched(placements, r, latent=turned_away()).short.sum(("phase", "need_group"))
        for r in (register, replace(register, rows=rows))
    )
    assert (more <= base + 1e-3).all()
    assert more.sum() < base.sum() - 1


def test_a_proposed_scheme_counts_only_where_asked_for(placements: Placements) -> None:
    row = {
        "setting": "Oak", "provision": "state_special", "needs": "ASD", "age_low": 4, "age_high": 10, "places": 500,
        "from_academic_year": "2025/26", "located": "local", "status": "proposed", "basis": "council",
        "confidence": "high", "source": "council records", "chance_delivered": 100.0, "chance_on_time": 100.0,
    }  # fmt: skip
    scheme = Register(317, frame([row]), "made")
    without, found = (
        match(placements, scheme, None, ORIGIN, np.random.default_rng(1), Demand(statuses=statuses))
        for statuses in (("open", "agreed"), ("open", "agreed", "proposed"))
    )
    assert float(without.unit_places.sum()) == 0
    assert (found.unit_places == 500).all()
    autism = found.wanted.sel(provision="state_special", phase="primary", need_group="autism")
    np.testing.assert_allclose(found.unit_filled.sum(("unit", "phase", "need_group")), autism, rtol=1e-4)


def test_the_same_seed_gives_the_same_shortfall(placements: Placements, register: Register) -> None:
    one, again = (matched(placements, register, latent=turned_away()) for _ in range(2))
    xr.testing.assert_identical(one.short, again.short)
    xr.testing.assert_identical(one.overflow, again.overflow)


@pytest.mark.parametrize("blend", [-0.1, 1.1, float("nan")])
def test_demand_beyond_latent_is_refused(blend: float) -> None:
    with pytest.raises(OptionError, match=r"runs from 0 \(today.*Choose a value"):
        Demand(blend=blend)


def test_ages_and_needs_are_grouped_once() -> None:
    children = np.random.default_rng(1).gamma(1, 1, (2, len(AGES), 13))
    np.testing.assert_allclose(sum_by_group(children).sum(axis=(1, 2)), children.sum(axis=(1, 2)), rtol=1e-6)
