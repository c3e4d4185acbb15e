"""Laws of the map: distances, shares, reach and journeys, for any map."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point

from data.areas import current
from data.geography import maps as geography
from data.geography.maps import DEGREES, METRES, Layer, Zones
from data.geography.setting_points import distances_km
from data.geography.setting_points import settings as on_map
from data.registers import starting_register
from data.registers.register import in_force
from data.vocabulary import PHASE_CODES
from forecast.places.geography import demand_by_zone, journeys, offers, places_per_child, within_reach

# On the grid and in Great Britain: beyond it a projection library may pick another datum shift for the way back.
COORDINATE = st.tuples(st.floats(100_000, 600_000), st.floats(20_000, 650_000))
SPOT = st.tuples(st.floats(530_000, 560_000), st.floats(175_000, 205_000))
GROUPS = {"autism": ("ASD",), "semh": ("SEMH",)}


def points(spots: list[tuple[float, float]]) -> gpd.GeoSeries:
    return gpd.GeoSeries([Point(*s) for s in spots], crs=METRES)


@st.composite
def maps(draw: st.DrawFn) -> tuple[Zones, Layer, pd.DataFrame]:
    """Return zones, settings and register rows on a made-up map the size of a borough and its neighbours."""
    homes = draw(st.lists(SPOT, min_size=1, max_size=12))
    sites = draw(st.lists(SPOT, min_size=1, max_size=6))
    weights = np.array(draw(st.lists(st.floats(0.01, 1), min_size=len(homes), max_size=len(homes))))
    share = weights / weights.sum()
    codes = [f"Z{i % 3}" for i in range(len(homes))]
    zone_share = pd.Series(share).groupby(codes).sum()
    spots = gpd.GeoDataFrame({"zone_code": codes, "share": share}, geometry=points(homes))
    frame = gpd.GeoDataFrame(
        {
            "zone_code": zone_share.index,
            "zone_name": zone_share.index,
            "lower_areas": 1,
            "share": zone_share.to_numpy(),
        },
        geometry=[Point(0, 0).buffer(1) for _ in zone_share],
        crs=METRES,
    )
    names = [f"School {i}" for i in range(len(sites))]
    located = [draw(st.sampled_from(["local", "elsewhere"])) for _ in names]
    layer = Layer(
        gpd.GeoDataFrame(
            {"setting": names, "provision": "state_special", "located": located}, geometry=points(sites)
        )
    )
    rows = pd.DataFrame(
        {
            "setting": names,
            "provision": "state_special",
            "needs": [draw(st.sampled_from(["All", "ASD", "SEMH", "ASD;SEMH"])) for _ in names],
            "age_low": [draw(st.integers(2, 11)) for _ in names],
            "age_high": [draw(st.integers(11, 19)) for _ in names],
            "places": [draw(st.integers(0, 300)) for _ in names],
        }
    )
    return Zones(317, "ward", frame, spots, "Made up."), layer, rows


@given(st.lists(COORDINATE, min_size=1, max_size=8))
def test_distances_are_symmetric_not_negative_and_nil_to_oneself(spots: list[tuple[float, float]]) -> None:
    here = points(spots)
    d = distances_km(here, here)
    np.testing.assert_allclose(d, d.T)
    assert (d >= 0).all()
    assert (np.diag(d) == 0).all()
    assert (d[:, None, :] <= d[:, :, None] + d[None, :, :] + 1e-9).all()


@given(st.lists(COORDINATE, min_size=1, max_size=8))
def test_distances_survive_degrees_and_back(spots: list[tuple[float, float]]) -> None:
    here = points(spots)
    np.testing.assert_allclose(distances_km(here.to_crs(DEGREES), here), distances_km(here, here), atol=1e-4)


@pytest.mark.parametrize("la_code", [a.la_code for a in current()])
def test_every_authority_shares_out_all_its_demand(la_code: int) -> None:
    zones = geography.zones(la_code)
    assert zones.frame["share"].sum() == pytest.approx(1, abs=1e-12)
    assert (zones.frame["share"] >= 0).all()
    by_zone = zones.points.groupby("zone_code")["share"].sum().reindex(zones.frame["zone_code"])
    np.testing.assert_allclose(by_zone, zones.frame["share"], atol=1e-12)
    assert zones.frame.crs == zones.points.crs == METRES


@given(maps(), st.integers(0, 2**32 - 1))
def test_zones_add_up_to_the_authority_in_every_draw(
    made: tuple[Zones, Layer, pd.DataFrame], seed: int
) -> None:
    total = xr.DataArray(
        np.random.default_rng(seed).gamma(2, 100, (5, 4, 3)), dims=("draw", "phase", "need_group")
    )
    demand = demand_by_zone(total, made[0])
    np.testing.assert_allclose(demand.values().sum("zone"), total, rtol=1e-12)
    parts = sum(demand.of(zone) for zone in made[0].frame["zone_code"])
    np.testing.assert_allclose(parts, total, rtol=1e-12)


@given(maps())
def test_farther_reach_never_holds_fewer_places(made: tuple[Zones, Layer, pd.DataFrame]) -> None:
    zones, layer, rows = made
    offered = offers(rows, GROUPS)
    reach = within_reach(zones, layer, offered)
    assert (reach.places.diff("within_km") >= -1e-9).all()
    assert (reach.nothing.diff("within_km") <= 1e-9).all()
    assert ((reach.nothing >= -1e-9) & (reach.nothing <= 1 + 1e-9)).all()
    everything = (
        within_reach(zones, layer, offered, [1e6]).places.sel(need_group="All").sum(["located", "phase"])
    )
    np.testing.assert_allclose(everything, rows["places"].sum())
    groups = reach.places.sel(need_group=[g for g in GROUPS if g in reach.places["need_group"]])
    assert (groups <= reach.places.sel(need_group="All", drop=True) + 1e-9).all()


@given(maps(), st.floats(1, 50))
def test_journeys_conserve_pupils(made: tuple[Zones, Layer, pd.DataFrame], decay_km: float) -> None:
    zones, layer, rows = made
    own = offers(rows, GROUPS).query("need_group != 'All'").rename(columns={"places": "pupils"})
    result = journeys(zones, layer, own, decay_km)
    assert (result.pupils >= 0).all()
    by_setting = own.groupby("setting")["pupils"].sum().reindex(layer.frame["setting"], fill_value=0.0)
    np.testing.assert_allclose(result.pupils.sum(["phase", "need_group", "zone"]), by_setting, atol=1e-6)
    homes = result.pupils.sum(["phase", "need_group", "setting"])
    # A balance over many decays of distance is slow; homes may miss their shares by a little, settings never.
    total = float(own["pupils"].sum())
    np.testing.assert_allclose(homes, zones.frame["share"] * total, atol=1e-4 + 0.01 * total)
    table = result.distances.set_index("phase")
    assert table.loc[list(PHASE_CODES), "pupils"].sum() == pytest.approx(table.loc["All", "pupils"])
    if len(own) and own["pupils"].sum() > 0:
        row = table.loc["All"]
        assert 0 <= row["median_km"] <= row["p80_km"] <= row["p95_km"]
        assert -1e-9 <= row["beyond_8km"] <= 1 + 1e-9


@given(maps())
def test_pupils_travel_no_farther_when_distance_matters_more(made: tuple[Zones, Layer, pd.DataFrame]) -> None:
    zones, layer, rows = made
    own = offers(rows, {"autism": ("ASD",)}).query("need_group != 'All'").rename(columns={"places": "pupils"})
    means = [journeys(zones, layer, own, d).distances["mean_km"].iloc[-1] for d in (2.0, 5.0, 50.0)]
    if not np.isnan(means[0]):
        assert means[0] <= means[1] + 1e-6
        assert means[1] <= means[2] + 1e-6


@pytest.mark.parametrize("within_km", [3.0, 5.0, 200.0])
@pytest.mark.parametrize("code", [317, 886])
def test_places_shared_with_all_who_live_near_add_up_to_those_anyone_can_reach(
    code: int, within_km: float
) -> None:
    zones = geography.zones(code)
    rows = in_force(starting_register.shipped(code), 2026, statuses=("open", "agreed"))
    rows = rows[rows["located"] == "local"]
    here = on_map(rows, code)
    near = distances_km(zones.points.geometry, here.frame.drop_duplicates("setting").geometry) <= within_km
    reached = here.frame.drop_duplicates("setting")["setting"][near.any(axis=0)]
    each = places_per_child(zones, here, rows, 1_000.0, within_km)
    children = (
        1_000.0 * zones.frame.set_index("zone_code")["share"].loc[each["zone"].to_numpy().tolist()].to_numpy()
    )
    places = rows[rows["setting"].isin(reached)]["places"].sum()
    assert float((each * children).sum()) == pytest.approx(float(places))
    if within_km == 200.0:
        # Where everyone reaches everything, everyone shares alike.
        assert each.to_numpy() == pytest.approx(float(places) / 1_000.0)
