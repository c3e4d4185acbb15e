"""The cohort flow conserves plans, adds up to age bands and never goes negative, whatever it is given."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from data.vocabulary import AGES, BAND_CODES, NEED_CODES, band_of
from models.cohort_flow import (
    BANDS_FOLLOWED,
    HIGHEST_CHANCE,
    MAX_INDEX,
    TERMS,
    Flows,
    Rates,
    advance,
    explain,
    lifetime_chance,
    own_recoding,
    recoding,
)

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
    joiners: float = 0.0004,
    growth: float = 1.05,
    mobility: float = 0.05,
    empty: float = 0.2,
    crowd: float = 50.0,
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
    shift = 0.3 * rng.standard_normal(mix.shape)
    rates = xr.Dataset(
        {
            "joiner_rate": (("draw", "age"), joiners * rng.gamma(1.0, 1.0, (DRAWS, len(AGES)))),
            "hazard": (("draw", "age"), leave),
            "transfer_rate": (("draw", "age"), mobility * rng.standard_normal((DRAWS, len(AGES)))),
            "need_mix": (("draw", "age", "need"), mix),
            "need_path": (("draw", "ahead", "need"), rng.standard_normal((DRAWS, 3, len(NEED_CODES)))),
            "follows_index": (("draw", "need"), rng.uniform(0, 1, (DRAWS, len(NEED_CODES)))),
            "recoding": (("draw", "age", "need"), shift),
        },
        coords={**draw, **age, "need": list(NEED_CODES)},
    )
    opening = stock.sum(axis=1) @ np.equal.outer(BANDS.to_numpy(), list(BAND_CODES))
    path = opening[None, None] * growth ** np.arange(1, januaries + 1)[None, :, None]
    return World(
        xr.DataArray(stock, dims=("age", "need"), coords={**age, "need": list(NEED_CODES)}),
        Flows(rates),
        xr.DataArray(
            crowd * rng.uniform(100, 2000, (DRAWS, januaries, len(AGES))),
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
    joiners=st.sampled_from([0.0, 0.00001, 0.0004, 0.01]),
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
def test_ages_add_up_to_the_bands_at_first_and_to_their_sum_always(made: World) -> None:
    plans = made.run()
    actual = by_band(plans["stock"]).transpose("draw", "january", "series").to_numpy()
    wanted = made.bands.to_numpy()
    before = np.concatenate(
        [np.full((DRAWS, 1), float(made.stock.sum())), actual.sum(axis=2)[:, :-1]], axis=1
    )
    people = made.residents.sum("age").transpose("draw", "january").to_numpy()
    # In a year no more join than at the highest chance: at even rates 1 in 27 of those without a plan.
    free = wanted.sum(axis=2) - 0.5 * before < 0.01 * people
    close = {"rtol": 1e-8, "atol": 1e-7}
    np.testing.assert_allclose(actual.sum(axis=2)[free], wanted.sum(axis=2)[free], **close)
    assert (actual.sum(axis=2) <= wanted.sum(axis=2) * (1 + 1e-8) + 1e-7).all()
    np.testing.assert_allclose(actual[:, 0][free[:, 0]], wanted[:, 0][free[:, 0]], **close)


@given(worlds)
@settings(max_examples=60)
def test_no_chance_passes_the_highest(made: World) -> None:
    assert float(lifetime_chance(made.run()).max()) <= HIGHEST_CHANCE * (1 + 1e-6)


@given(seeds, st.sampled_from([0.05, 0.5]), st.sampled_from([1.05, 2.0, 5.0]))
@settings(max_examples=40)
def test_plans_never_outnumber_residents_whatever_the_total(seed: int, crowd: float, growth: float) -> None:
    made = world(seed, januaries=8, growth=growth, crowd=crowd, mobility=0.0, hazard=0.3)
    people = (
        made.residents.isel(january=[0])
        .assign_coords(january=[2026])
        .reindex(january=made.bands["january"], method="ffill")
    )
    fixed = World(made.stock * 0.01, made.flows, people, made.bands)
    plans = fixed.run()["stock"].sum("need").transpose("draw", "january", "age").to_numpy()
    # People of one age are those of the age before a year on only if their number is: here the youngest limits the rest.
    most = np.maximum.accumulate(people.transpose("draw", "january", "age").to_numpy(), axis=2)
    assert (plans <= most * (1 + 1e-9)).all()


@given(seeds)
@settings(max_examples=20)
def test_once_bands_are_handed_over_every_age_has_one_index(seed: int) -> None:
    made = world(seed, januaries=BANDS_FOLLOWED + 3)
    index = made.run()["index"].transpose("january", "draw", "series").to_numpy()
    later = index[BANDS_FOLLOWED:]
    assert np.all(later == later[:, :, :1])
    assert not np.all(index[0] == index[0][:, :1])


@given(seeds)
@settings(max_examples=20)
def test_the_first_years_do_not_depend_on_how_many_are_walked(seed: int) -> None:
    made = world(seed, januaries=9)
    short = World(
        made.stock, made.flows, made.residents.isel(january=slice(0, 4)), made.bands.isel(january=slice(0, 4))
    )
    xr.testing.assert_identical(short.run(), made.run().isel(january=slice(0, 4)))


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
def test_a_higher_target_never_lowers_the_index_or_sends_more_away(seed: int, more: float) -> None:
    made = world(seed, januaries=1)
    low, high = made.run(), World(made.stock, made.flows, made.residents, made.bands * more).run()
    assert (high["index"] >= low["index"] * (1 - 1e-9)).all()
    assert (high["spread_to_leavers"] <= low["spread_to_leavers"] + 1e-9).all()


@given(seeds)
@settings(max_examples=30)
def test_a_flow_of_one_index_that_meets_its_own_bands_is_left_alone(seed: int) -> None:
    made = world(seed, januaries=BANDS_FOLLOWED + 4)
    plans = made.run()
    cut = slice(BANDS_FOLLOWED, None)
    # From a January on which bands follow from flows, their own sum gives the same flows again.
    total = by_band(plans["stock"])
    even = World(made.stock, made.flows, made.residents, total)
    later = World(
        made.stock,
        made.flows,
        made.residents,
        made.bands.where(made.bands["january"] < 2026 + BANDS_FOLLOWED, total),
    )
    np.testing.assert_allclose(later.run()["index"][:, cut], plans["index"][:, cut], rtol=1e-6)
    np.testing.assert_allclose(even.run()["index"][:, :1], plans["index"][:, :1], rtol=1e-6)


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
    assert float(plans["joiners"].sum()) < 1e-5


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
    mix = rng.dirichlet(np.full(len(NEED_CODES), 5.0), len(AGES))
    stock, joined = 1e6 * mix, 2e5 * rng.dirichlet(np.full(len(NEED_CODES), 5.0), len(AGES))
    hazard = np.r_[np.full(len(AGES) - 1, 0.2), 1.0]
    cells = {"age": list(AGES), "need": list(NEED_CODES)}
    opening = xr.DataArray(stock, dims=("age", "need"), coords=cells)
    arriving = xr.DataArray(joined, dims=("age", "need"), coords=cells)
    leaving = xr.DataArray(hazard, dims="age", coords={"age": list(AGES)})
    gap = recoding(opening, arriving, leaving).to_numpy()
    assert (gap[0] == 0).all()
    aged = stock[:-1] * (1 - hazard[:-1, None]) + joined[1:]
    shares = aged * np.exp(gap[1:])
    np.testing.assert_allclose(shares / shares.sum(axis=1, keepdims=True), mix[1:], atol=1e-4)


@given(seeds)
@settings(max_examples=30)
def test_an_authority_like_england_has_no_recoding_of_its_own(seed: int) -> None:
    rng = np.random.default_rng(seed)
    stock = rng.gamma(1.0, 2000.0, (len(AGES), len(NEED_CODES)))
    joined = rng.gamma(1.0, 400.0, stock.shape)
    hazard = np.r_[np.full(len(AGES) - 1, 0.1), 1.0]
    cells = {"age": list(AGES), "need": list(NEED_CODES)}
    england = recoding(
        xr.DataArray(stock, dims=("age", "need"), coords=cells),
        xr.DataArray(joined, dims=("age", "need"), coords=cells),
        xr.DataArray(hazard, dims="age", coords={"age": list(AGES)}),
    ).to_numpy()
    same = own_recoding(stock / 100, joined / 100, hazard, england)
    np.testing.assert_allclose(same, 0, atol=0.03)
    # Where new plans have a need that plans have not, some are recorded otherwise later; and the other way round.
    tilted = joined / 100
    tilted[:, 0] *= 5
    assert own_recoding(stock / 100, tilted, hazard, england)[0] < same[0]


@given(worlds)
@settings(max_examples=60)
def test_recoding_never_brings_a_need_that_nobody_has(made: World) -> None:
    plans = made.run()
    before = (plans["stock"] - plans["recoded"]).to_numpy()
    recoded = plans["recoded"].to_numpy()
    none = np.isclose(before, 0, atol=1e-12)
    np.testing.assert_allclose(recoded[none], 0, atol=1e-9)


@given(seeds, st.integers(0, 20), st.floats(0.3, 3.9), st.floats(1.01, 1.5))
@settings(max_examples=60)
def test_needs_of_joiners_add_up_and_tied_ones_follow_the_index_less(
    seed: int, t: int, index: float, more: float
) -> None:
    rates = Rates.of(world(seed).flows)
    follows = np.ones((DRAWS, len(NEED_CODES)))
    follows[:, :3] = 0.25
    rates = replace(rates, follows_index=follows)
    low, high = (np.full((DRAWS, len(BAND_CODES)), i) for i in (index, min(index * more, MAX_INDEX)))
    mixes = [rates.mix(t, i) for i in (low, high)]
    for mix in mixes:
        np.testing.assert_allclose(mix.sum(axis=2), 1)
        assert (mix >= 0).all()
    joined = [m * i[0, 0] for m, i in zip(mixes, (low, high), strict=True)]
    assert (mixes[1][..., :3] <= mixes[0][..., :3] * (1 + 1e-12)).all(), "their share falls as more join"
    assert (joined[1][..., :3] >= joined[0][..., :3] * (1 - 1e-12)).all(), "their number does not"


@given(seeds)
@settings(max_examples=20)
def test_without_a_path_and_at_todays_rate_needs_are_todays(seed: int) -> None:
    rates = Rates.of(world(seed).flows)
    still = replace(rates, need_path=np.zeros_like(rates.need_path))
    mix = still.mix(0, np.ones((DRAWS, len(BAND_CODES))))
    np.testing.assert_allclose(mix, rates.need_mix, atol=1e-12)
