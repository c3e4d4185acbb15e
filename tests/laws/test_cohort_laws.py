"""The cohort flow conserves plans, adds up to age bands and never goes negative, whatever it is given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from data.vocabulary import AGES, BAND_CODES, NEED_CODES, band_of
from models.cohort_flow import MAX_INDEX, TERMS, Flows, advance, explain, recoding

DRAWS = 4
BANDS = xr.DataArray([band_of(a) for a in AGES], dims="age", coords={"age": list(AGES)}, name="series")


@dataclass(frozen=True)
class World:
    """Everything a flow needs, made up."""

    stock: xr.DataArray
    flows: Flows
    residents: xr.DataArray
    bands: xr.DataArray

    def run(self) -> xr.Dataset:
        return advance(self.stock, self.flows, self.residents, self.bands)


def world(
    seed: int,
    *,
    januaries: int = 3,
    hazard: float = 0.2,
    joiners: float = 0.02,
    growth: float = 1.05,
    mobility: float = 0.05,
    empty: float = 0.2,
) -> World:
    rng = np.random.default_rng(seed)
    need_dims = (len(AGES), len(NEED_CODES))
    stock = rng.gamma(0.5, 20.0, need_dims) * (rng.random(need_dims) > empty)
    years = list(range(2026, 2026 + januaries))
    draw = {"draw": list(range(DRAWS))}
    age = {"age": list(AGES)}
    leave = np.clip(hazard * rng.uniform(0, 2, (DRAWS, len(AGES))), 0, 1)
    leave[:, -1] = 1
    mix = rng.dirichlet(np.full(len(NEED_CODES), 0.5), (DRAWS, len(AGES)))
    shift = 0.05 * rng.standard_normal(mix.shape)
    rates = xr.Dataset(
        {
            "joiner_rate": (("draw", "age"), joiners * rng.gamma(1.0, 1.0, (DRAWS, len(AGES)))),
            "hazard": (("draw", "age"), leave),
            "transfer_rate": (("draw", "age"), mobility * rng.standard_normal((DRAWS, len(AGES)))),
            "need_mix": (("draw", "age", "need"), mix),
            "recoding": (("draw", "age", "need"), shift - shift.mean(axis=2, keepdims=True)),
        },
        coords={**draw, **age, "need": list(NEED_CODES)},
    )
    opening = stock.sum(axis=1) @ np.equal.outer(BANDS.to_numpy(), list(BAND_CODES))
    path = opening[None, None] * growth ** np.arange(1, januaries + 1)[None, :, None]
    return World(
        xr.DataArray(stock, dims=("age", "need"), coords={**age, "need": list(NEED_CODES)}),
        Flows(rates),
        xr.DataArray(
            rng.uniform(100, 2000, (DRAWS, januaries, len(AGES))),
            dims=("draw", "january", "age"),
            coords={**draw, "january": years, **age},
        ),
        xr.DataArray(
            path * rng.lognormal(0, 0.3, (DRAWS, januaries, len(BAND_CODES))),
            dims=("draw", "january", "series"),
            coords={**draw, "january": years, "series": list(BAND_CODES)},
        ),
    )


seeds = st.integers(0, 10_000)
worlds = st.builds(
    world,
    seeds,
    januaries=st.integers(1, 4),
    hazard=st.sampled_from([0.0, 0.01, 0.3, 1.0]),
    joiners=st.sampled_from([0.0, 0.0001, 0.02, 0.5]),
    growth=st.sampled_from([0.0, 0.3, 0.9, 1.05, 3.0]),
    mobility=st.sampled_from([0.0, 0.05, 1.0]),
    empty=st.sampled_from([0.0, 0.5, 1.0]),
)
FLOWS = ("stock", "joiners", "leavers", "transfers", "recoded")


def by_band(values: xr.DataArray) -> xr.DataArray:
    return values.sum("need").groupby(BANDS).sum().sel(series=list(BAND_CODES))


@given(worlds)
@settings(max_examples=60)
def test_every_plan_is_accounted_for_in_every_draw(made: World) -> None:
    plans = made.run()
    stock, joiners, leavers, transfers, recoded = (plans[n].to_numpy() for n in FLOWS)
    opening = np.broadcast_to(made.stock.to_numpy(), (DRAWS, 1, len(AGES), len(NEED_CODES)))
    before = np.concatenate([opening, stock[:, :-1]], axis=1)
    moved = np.zeros_like(before)
    moved[:, :, 1:] = (before - leavers)[:, :, :-1]
    np.testing.assert_allclose(stock, moved + joiners + transfers + recoded, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(recoded.sum(axis=-1), 0, atol=1e-9 * max(float(stock.max(initial=0)), 1.0))
    np.testing.assert_allclose(leavers[:, :, -1], before[:, :, -1])
    assert np.all(stock[:, :, 0] == joiners[:, :, 0])


@given(worlds)
@settings(max_examples=60)
def test_ages_add_up_to_the_bands_in_every_draw(made: World) -> None:
    found = by_band(made.run()["stock"]).transpose("draw", "january", "series").to_numpy()
    np.testing.assert_allclose(found, made.bands.to_numpy(), rtol=1e-9, atol=1e-8)


@given(worlds)
@settings(max_examples=60)
def test_nothing_is_negative_and_nobody_moves_away_twice(made: World) -> None:
    plans = made.run()
    for name in ("stock", "joiners", "leavers", "index"):
        assert (plans[name] >= 0).all(), name
    before = plans["stock"].shift(january=1).fillna(plans["opening"]).shift(age=1, fill_value=0.0)
    assert (plans["transfers"] >= -before - 1e-9).all()


@given(worlds)
@settings(max_examples=60)
def test_the_parts_of_a_change_add_up_to_it(made: World) -> None:
    plans = made.run()
    parts = explain(plans, made.residents)
    assert parts["term"].to_numpy().tolist() == list(TERMS)
    change = plans["stock"].sum(("age", "need")) - plans["opening"].sum()
    scale = float(plans["stock"].sum(("age", "need")).max() + plans["opening"].sum())
    np.testing.assert_allclose(parts.sum("term").to_numpy(), change.to_numpy(), atol=1e-9 * max(scale, 1.0))


@given(worlds)
@settings(max_examples=60)
def test_leavers_only_step_in_where_the_index_is_at_its_limit(made: World) -> None:
    plans = made.run()
    index, spread = plans["index"].to_numpy(), plans["spread_to_leavers"].to_numpy()
    inside = (index > 1 / MAX_INDEX * (1 + 1e-9)) & (index < MAX_INDEX * (1 - 1e-9))
    assert np.all(spread[inside] == 0)
    assert np.all(spread[index > MAX_INDEX * (1 + 1e-9)] <= 0)
    assert np.all(spread[index < 1 / MAX_INDEX * (1 - 1e-9)] >= 0)


@given(seeds, st.floats(1.0, 2.0))
@settings(max_examples=30)
def test_a_higher_target_never_brings_fewer_joiners(seed: int, more: float) -> None:
    made = world(seed, januaries=1)
    higher = World(made.stock, made.flows, made.residents, made.bands * more)
    low, high = (by_band(w.run()["joiners"]) for w in (made, higher))
    assert (high >= low * (1 - 1e-12)).all()


@given(seeds)
@settings(max_examples=30)
def test_a_flow_that_meets_its_own_bands_is_left_alone(seed: int) -> None:
    made = world(seed)
    plans = made.run()
    free = World(made.stock, made.flows, made.residents, by_band(plans["stock"]))
    np.testing.assert_allclose(free.run()["index"], plans["index"], rtol=1e-6)


@given(seeds)
@settings(max_examples=20)
def test_without_joiners_wanted_or_leavers_plans_only_grow_older(seed: int) -> None:
    made = world(seed, januaries=1, hazard=0.0, joiners=0.0, mobility=0.0)
    older = made.stock.sum("need").shift(age=1, fill_value=0.0)
    target = older.groupby(BANDS).sum().sel(series=list(BAND_CODES))
    still = World(made.stock, made.flows, made.residents, xr.zeros_like(made.bands) + target)
    plans = still.run()
    expected = made.stock.shift(age=1, fill_value=0.0).to_numpy()
    kept = (plans["stock"] - plans["recoded"]).isel(january=0).to_numpy()[0]
    np.testing.assert_allclose(kept, expected, atol=1e-6)
    assert float(plans["joiners"].sum()) < 1e-6


def test_explain_tells_more_residents_from_a_higher_rate() -> None:
    made = world(3, januaries=2)
    same = xr.ones_like(made.residents) * 1000.0
    plans = advance(made.stock, made.flows, same, made.bands)
    parts = explain(plans, same)
    assert float(abs(parts.sel(term="population")).max()) == 0
    np.testing.assert_allclose(
        parts.sel(term="joiner_rate"), plans["joiners"].sum(("age", "need")).cumsum("january")
    )
    # In the first year the stock is the opening stock, so ageing has not begun.
    np.testing.assert_allclose(parts.sel(term="ageing").isel(january=0), 0, atol=1e-9)


def test_recoding_in_full_keeps_a_stationary_stock_as_it_is() -> None:
    """If children joined each year as they do now, the gap across ages is all recoding and the mix must not move."""
    rng = np.random.default_rng(3)
    mix = rng.dirichlet(np.ones(len(NEED_CODES)), len(AGES))
    stock, joined = 100 * mix, 20 * rng.dirichlet(np.ones(len(NEED_CODES)), len(AGES))
    hazard = np.r_[np.full(len(AGES) - 1, 0.2), 1.0]
    cells = {"age": list(AGES), "need": list(NEED_CODES)}
    opening = xr.DataArray(stock, dims=("age", "need"), coords=cells)
    arriving = xr.DataArray(joined, dims=("age", "need"), coords=cells)
    leaving = xr.DataArray(hazard, dims="age", coords={"age": list(AGES)})
    gap = recoding(opening, arriving, leaving)
    np.testing.assert_allclose(gap.sum("need"), 0, atol=1e-12)
    aged = stock[:-1] * (1 - hazard[:-1, None]) + joined[1:]
    shares = aged / aged.sum(axis=1, keepdims=True) + gap.to_numpy()[1:]
    np.testing.assert_allclose(shares, mix[1:], atol=1e-12)
