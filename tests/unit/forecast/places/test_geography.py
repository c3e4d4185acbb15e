"""Demand by zone, places within reach, journeys and the next setting with room, on a map small enough to check by hand."""

from __future__ import annotations

import time

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from shapely.geometry import Point

from data.geography import maps, setting_points
from data.geography.maps import METRES, Layer, Zones
from forecast.places.geography import (
    NOT_KNOWN,
    demand_by_zone,
    journeys,
    nearest_with_room,
    offers,
    offers_of_schools,
    within_reach,
)

GROUPS = {"autism": ("ASD",), "learning": ("MLD", "SPLD"), "other": ("OTH",)}


@pytest.fixture
def line() -> Zones:
    """Return two zones on a line: West lives at 0 and 2 km, East at 20 km with half the demand."""
    points = gpd.GeoDataFrame(
        {"zone_code": ["W", "W", "E"], "share": [0.25, 0.25, 0.5]},
        geometry=[Point(0, 0), Point(2000, 0), Point(20000, 0)],
        crs=METRES,
    )
    frame = gpd.GeoDataFrame(
        {"zone_code": ["W", "E"], "zone_name": ["West", "East"], "lower_areas": [2, 1], "share": [0.5, 0.5]},
        geometry=[Point(1000, 0).buffer(3000), Point(20000, 0).buffer(3000)],
        crs=METRES,
    )
    return Zones(317, "ward", frame, points, "By hand.")


@pytest.fixture
def schools() -> Layer:
    """Return three settings: at 0 km, 6 km and, in another authority, 20 km."""
    return Layer(
        gpd.GeoDataFrame(
            {
                "setting": ["Near", "Mid", "Far"],
                "provision": "state_special",
                "located": ["local", "local", "elsewhere"],
            },
            geometry=[Point(0, 0), Point(6000, 0), Point(20000, 0)],
            crs=METRES,
        )
    )


def register_rows(*rows: tuple[str, str, int, int, int]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["setting", "needs", "age_low", "age_high", "places"])
    return frame.assign(provision="state_special")


def test_demand_is_shared_and_labelled(line: Zones) -> None:
    total = xr.DataArray([[10.0, 20.0], [30.0, 40.0]], dims=("draw", "phase"))
    demand = demand_by_zone(total, line)
    assert demand.values().dims == ("draw", "phase", "zone")
    np.testing.assert_allclose(demand.values().sum("zone"), total)
    np.testing.assert_allclose(demand.of("E"), total / 2)
    assert "not a count" in demand.label
    assert "By hand." in demand.label


def test_demand_already_by_zone_or_negative_is_refused(line: Zones) -> None:
    with pytest.raises(ValueError, match="already"):
        demand_by_zone(xr.DataArray([1.0], dims="zone"), line)
    for bad in (-1.0, np.nan):
        with pytest.raises(ValueError, match="negative or missing"):
            demand_by_zone(xr.DataArray([bad], dims="draw"), line)


def test_an_unknown_zone_is_refused(line: Zones) -> None:
    with pytest.raises(KeyError):
        demand_by_zone(xr.DataArray([1.0], dims="draw"), line).of("N")


def test_offers_split_phases_and_repeat_over_needs() -> None:
    frame = offers(register_rows(("A", "ASD;MLD", 9, 12, 40), ("B", "All", 4, 10, 7)), GROUPS)
    got = frame.set_index(["setting", "phase", "need_group"])["places"].to_dict()
    assert got[("A", "primary", "autism")] == 20
    assert got[("A", "secondary", "learning")] == 20
    assert got[("A", "primary", "All")] == 20
    assert ("A", "primary", "other") not in got
    assert got[("B", "primary", "other")] == 7
    assert frame.loc[frame["need_group"] == "All", "places"].sum() == 47


def test_reach_of_the_average_child(line: Zones, schools: Layer) -> None:
    frame = offers(
        register_rows(
            ("Near", "ASD", 4, 10, 10),
            ("Mid", "All", 4, 10, 20),
            ("Far", "All", 4, 10, 30),
            ("Lost", "All", 4, 10, 5),
        ),
        GROUPS,
    )
    reach = within_reach(line, schools, frame)
    local = reach.places.sel(located="local", phase="primary", need_group="All")
    # Within 3 km both homes of West reach Near; within 5 km the one at 2 km also reaches Mid; within 8 km both do.
    assert local.sel(zone="W").to_numpy().tolist() == [10, 20, 30]
    assert local.sel(zone="E").to_numpy().tolist() == [0, 0, 0]
    assert (
        reach.places.sel(located="elsewhere", zone="E", within_km=3, phase="primary", need_group="autism")
        == 30
    )
    assert (
        reach.places.sel(located="local", zone="W", within_km=8, phase="primary", need_group="learning") == 20
    )
    assert reach.nothing.sel(located="local").to_numpy().tolist() == [[0, 1], [0, 1], [0, 1]]
    assert reach.off_map == ("Lost",)


def test_settings_without_places_are_nothing_in_reach(line: Zones, schools: Layer) -> None:
    frame = offers(register_rows(("Near", "ASD", 4, 10, 0)), GROUPS)
    assert (within_reach(line, schools, frame).nothing == 1).all()


def test_nothing_offered_gives_zeros(line: Zones, schools: Layer) -> None:
    reach = within_reach(line, schools, offers(register_rows(), GROUPS))
    assert float(reach.places.sel(need_group="All").sum()) == 0


def test_schools_outside_the_register_count_by_roll() -> None:
    layer = Layer(
        gpd.GeoDataFrame(
            {"setting": ["Big", "Unknown"], "kind": "state_special", "roll": pd.array([80, None], dtype="Int64"),
             "age_low": pd.array([4, 4], dtype="Int64"), "age_high": pd.array([11, 11], dtype="Int64")},
            geometry=[Point(0, 0), Point(1, 1)],
            crs=METRES,
        )
    )  # fmt: skip
    frame = offers_of_schools(layer)
    assert frame.to_dict("records") == [
        {
            "setting": "Big",
            "provision": "state_special",
            "phase": "primary",
            "need_group": group,
            "places": 80.0,
        }
        for group in (NOT_KNOWN, "All")
    ]


def filled(*rows: tuple[str, str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["setting", "phase", "need_group", "pupils"])


def test_with_short_decay_everyone_goes_to_the_nearest_with_room(line: Zones, schools: Layer) -> None:
    result = journeys(
        line,
        schools,
        filled(("Near", "primary", "autism", 10.0), ("Far", "primary", "autism", 10.0)),
        decay_km=0.5,
    )
    pupils = result.pupils.sel(phase="primary", need_group="autism")
    assert float(pupils.sel(zone="W", setting="Near")) == pytest.approx(10, abs=1e-6)
    assert float(pupils.sel(zone="E", setting="Far")) == pytest.approx(10, abs=1e-6)
    everyone = result.distances.set_index("phase").loc["All"]
    assert everyone["median_km"] == 0
    assert everyone["p80_km"] == pytest.approx(2)
    assert everyone["beyond_8km"] == pytest.approx(0, abs=1e-6)


def test_without_choice_by_distance_the_mean_is_that_of_all_pairs(line: Zones, schools: Layer) -> None:
    result = journeys(line, schools, filled(("Near", "post16", "other", 4.0)), decay_km=1e6)
    row = result.distances.set_index("phase").loc["post16"]
    assert row["mean_km"] == pytest.approx(0.25 * 2 + 0.5 * 20)
    assert row["beyond_8km"] == pytest.approx(0.5)


def test_pupils_without_a_point_are_said(line: Zones, schools: Layer) -> None:
    result = journeys(
        line,
        schools,
        filled(("Near", "primary", "autism", 3.0), ("Others' schools", "secondary", "autism", 7.0)),
    )
    rows = result.distances.set_index("phase")
    assert rows.loc["secondary", "off_map"] == 7
    assert rows.loc["All", ["pupils", "off_map"]].tolist() == [pytest.approx(3), 7]
    assert np.isnan(rows.loc["secondary", "median_km"])
    assert "7 pupils" in result.label


def test_nobody_on_the_map(line: Zones, schools: Layer) -> None:
    empty = Layer(schools.frame.iloc[:0])
    result = journeys(line, empty, filled(("Near", "primary", "autism", 3.0)))
    assert result.distances["pupils"].sum() == 0
    assert result.distances["off_map"].iloc[-1] == 3


@pytest.mark.parametrize(
    ("rows", "decay", "said"),
    [
        ((("Near", "primary", "autism", -1.0),), 5.0, "negative"),
        ((("Near", "primary", "autism", float("nan")),), 5.0, "missing"),
        ((("Near", "primary", "All", 1.0),), 5.0, "twice"),
        ((("Near", "primary", "autism", 1.0),), 0.0, "0.5 km or more"),
    ],
)
def test_bad_pupils_are_refused(
    line: Zones, schools: Layer, rows: tuple[tuple[str, str, str, float], ...], decay: float, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        journeys(line, schools, filled(*rows), decay_km=decay)


def test_next_settings_with_room_come_nearest_first(schools: Layer) -> None:
    free = offers(
        register_rows(("Near", "All", 4, 10, 9), ("Mid", "All", 4, 10, 2), ("Far", "ASD", 4, 10, 1)), GROUPS
    )
    found = nearest_with_room(schools, free, "Near", "primary", "autism")
    assert found["setting"].tolist() == ["Mid", "Far"]
    assert found["distance_km"].tolist() == [6.0, 20.0]
    assert found["located"].tolist() == ["local", "elsewhere"]
    assert nearest_with_room(schools, free, "Near", "primary", "autism", at_least=2.0)[
        "setting"
    ].tolist() == ["Mid"]
    assert nearest_with_room(schools, free, "Near", "primary", "learning")["setting"].tolist() == ["Mid"]
    assert nearest_with_room(schools, free, "Near", "post16", "autism").empty


def test_next_settings_need_a_point_and_a_phase(schools: Layer) -> None:
    free = offers(register_rows(("Near", "All", 4, 10, 9)), GROUPS)
    with pytest.raises(KeyError, match="no point on the map"):
        nearest_with_room(schools, free, "Lost", "primary", "autism")
    with pytest.raises(KeyError, match="not a phase"):
        nearest_with_room(schools, free, "Near", "Primary", "autism")


def test_a_borough_is_quick_once_its_tables_are_read() -> None:
    rows = register_rows(("Hatton", "ASD;SLCN", 3, 10, 191), ("Heath", "ASD", 11, 18, 195)).assign(
        urn=pd.array([102881, 102878], dtype="Int64"), located="local"
    )

    def everything() -> float:
        start = time.perf_counter()
        zones = maps.zones(317)
        settings = setting_points.settings(rows, 317)
        offered = offers(rows, GROUPS)
        within_reach(zones, settings, offered)
        own = offered[offered["need_group"] == "autism"].rename(columns={"places": "pupils"})
        journeys(zones, settings, own)
        return time.perf_counter() - start

    everything()
    assert min(everything() for _ in range(3)) < 0.5
