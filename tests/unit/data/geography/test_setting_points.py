"""Settings on the map: found by URN, what cannot be placed is reported, and distances between points."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import Point

from data import tables
from data.errors import RegisterError
from data.geography import setting_points
from data.geography.maps import METRES, SCHOOL_DEGREES, authority

REDBRIDGE = 317
HATTON, LITTLE_HEATH = 102881, 102878


def rows(*settings: tuple[str, int | None, str]) -> pd.DataFrame:
    frame = pd.DataFrame(settings, columns=["setting", "urn", "located"])
    return frame.assign(provision="state_special").astype({"urn": "Int64"})


class TestSettings:
    def test_school_points_agree_with_their_grid_references(self) -> None:
        sampled = tables.read("resourced_provision_schools").set_index("urn")
        points = (
            tables.read("establishment_points").set_index("urn").loc[lambda f: f.index.isin(sampled.index)]
        )
        grid = gpd.GeoSeries.from_xy(points["lon"], points["lat"], crs=SCHOOL_DEGREES).to_crs(METRES)
        sampled = sampled.loc[points.index]
        off = np.hypot(grid.x.to_numpy() - sampled["easting"], grid.y.to_numpy() - sampled["northing"])
        assert np.median(off) < 1.0

    def test_settings_are_found_by_urn(self) -> None:
        layer = setting_points.settings(
            rows(("Hatton", HATTON, "local"), ("Heath", LITTLE_HEATH, "local")), REDBRIDGE
        )
        assert layer.notes == ()
        assert layer.frame.crs == METRES
        outline = authority(REDBRIDGE).frame.geometry.iloc[0]
        assert (layer.frame.distance(outline) < 1000).all()

    def test_one_row_per_setting_and_provision(self) -> None:
        repeated = rows(("Hatton", HATTON, "local"), ("Hatton", HATTON, "local"))
        assert len(setting_points.settings(repeated, REDBRIDGE).frame) == 1

    def test_what_cannot_be_placed_is_reported_and_the_rest_kept(self) -> None:
        layer = setting_points.settings(
            rows(
                ("Hatton", HATTON, "local"),
                ("No number", None, "local"),
                ("Schools elsewhere", None, "elsewhere"),
                ("Typing slip", 999999, "local"),
                ("Aldgate", 100000, "local"),
                ("Far", 136273, "local"),
            ),
            REDBRIDGE,
            own_points={"Far": (50.7, -3.5)},
        )
        assert {n.what: n.kind for n in layer.notes} == {
            "No number": "no_urn",
            "Schools elsewhere": "no_urn",
            "Typing slip": "urn_not_found",
            "Far": "far_away",
        }
        assert layer.frame["setting"].tolist() == ["Hatton", "Aldgate"]

    @pytest.mark.parametrize(
        ("point", "kind", "said"),
        [
            ((float("nan"), 0.1), "no_point", "is blank"),
            ((0.0, 0.0), "outside_great_britain", "outside Great Britain"),
            ((0.08, 51.57), "outside_great_britain", "look swapped"),
        ],
    )
    def test_impossible_points(self, point: tuple[float, float], kind: str, said: str) -> None:
        layer = setting_points.settings(rows(("New", None, "local")), REDBRIDGE, own_points={"New": point})
        assert layer.frame.empty
        assert layer.notes[0].kind == kind
        assert said in layer.notes[0].why

    def test_schools_of_others_may_be_far_away(self) -> None:
        layer = setting_points.settings(
            rows(("Far", None, "elsewhere")), REDBRIDGE, own_points={"Far": (50.7, -3.5)}
        )
        assert (len(layer.frame), layer.notes) == (1, ())

    def test_two_urns_are_reported_and_the_last_used(self) -> None:
        layer = setting_points.settings(rows(("A", HATTON, "local"), ("A", LITTLE_HEATH, "local")), REDBRIDGE)
        assert layer.frame["urn"].tolist() == [LITTLE_HEATH]
        assert [n.kind for n in layer.notes] == ["two_urns"]

    def test_a_point_for_an_unknown_setting_is_refused(self) -> None:
        with pytest.raises(RegisterError, match="Haton"):
            setting_points.settings(
                rows(("Hatton", HATTON, "local")), REDBRIDGE, own_points={"Haton": (51.6, 0.1)}
            )

    def test_special_schools_nearby_flag_whose_they_are(self) -> None:
        layer = setting_points.special_schools_nearby(REDBRIDGE, 8.0, without=[HATTON])
        assert HATTON not in set(layer.frame["urn"])
        assert set(layer.frame["located"]) == {"local", "elsewhere"}
        assert (layer.frame["located"] == "local").equals(layer.frame["la_code"] == REDBRIDGE)
        assert [n.kind for n in layer.notes] == ["no_roll"]


def test_distances_need_a_coordinate_system() -> None:
    with pytest.raises(ValueError, match="coordinate system"):
        setting_points.distances_km(gpd.GeoSeries([Point(0, 0)]), gpd.GeoSeries([Point(0, 0)], crs=METRES))


def test_a_known_distance() -> None:
    a = gpd.GeoSeries([Point(540000, 190000)], crs=METRES)
    b = gpd.GeoSeries([Point(543000, 194000)], crs=METRES)
    assert setting_points.distances_km(a, b).tolist() == [[5.0]]
