"""Outlines and zones on the map: what is right, what is mended and what is reported."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import LineString, Point, Polygon

from data.errors import AreaError, TableError
from data.geography import maps

REDBRIDGE, ESSEX, CORNWALL, LEEDS = 317, 881, 908, 383


def weights(codes: list[str], *, children: float | None = None, need: float | None = None) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "area_code": codes,
            "children": np.nan if children is None else children,
            "relative_need": np.nan if need is None else need,
            "source": "a test",
        }
    ).astype({"children": "float64", "relative_need": "float64"})


class TestOutlines:
    def test_everything_is_valid_and_in_metres(self) -> None:
        for layer in (
            maps.authority(REDBRIDGE),
            maps.neighbours(REDBRIDGE),
            maps.wards(REDBRIDGE),
            maps.lsoas(REDBRIDGE),
            maps.middle_areas(REDBRIDGE),
            maps.districts(ESSEX),
        ):
            assert layer.frame.crs == maps.METRES
            assert layer.frame.geometry.is_valid.all()

    def test_redbridge_has_22_wards_of_the_published_area(self) -> None:
        wards = maps.wards(REDBRIDGE).frame
        assert len(wards) == 22
        assert wards.area.sum() / 1e6 == pytest.approx(56.4, abs=1.0)

    def test_neighbours_of_redbridge(self) -> None:
        assert maps.neighbours(REDBRIDGE).frame["name"].tolist() == [
            "Barking and Dagenham", "Essex", "Havering", "Newham", "Waltham Forest",
        ]  # fmt: skip

    def test_an_island_has_no_neighbours(self) -> None:
        assert maps.neighbours(921).frame.empty

    def test_border_wards_follow_their_lower_areas_and_say_so(self) -> None:
        camden = maps.wards(202)
        assert "King's Cross" in set(camden.frame["ward_name"])
        assert [n.kind for n in camden.notes] == ["other_authority"]

    def test_wards_outside_london_say_what_to_use(self) -> None:
        with pytest.raises(AreaError, match="London only, so Essex"):
            maps.wards(ESSEX)

    def test_a_crossed_outline_is_mended_and_reported(self) -> None:
        bowtie = Polygon([(0, 0), (1000, 1000), (1000, 0), (0, 1000)])
        layer = maps.repair(gpd.GeoDataFrame(geometry=[bowtie], crs=maps.METRES), ["Bow"])
        assert layer.frame.geometry.is_valid.all()
        assert layer.frame.area.iloc[0] == pytest.approx(500_000)
        assert [n.kind for n in layer.notes] == ["mended"]
        assert "Bow" in str(layer.notes[0])

    def test_mending_leaves_no_stray_lines(self) -> None:
        tailed = Polygon([(0, 0), (10, 0), (10, 10), (20, 10), (10, 10), (0, 10)])
        layer = maps.repair(gpd.GeoDataFrame(geometry=[tailed], crs=maps.METRES), ["Tail"])
        assert layer.frame.geometry.iloc[0].geom_type in ("Polygon", "MultiPolygon")

    @pytest.mark.parametrize("shape", [None, Polygon(), Polygon([(0, 0), (1, 1), (0, 0)])])
    def test_an_outline_without_area_stops(self, shape: Polygon | None) -> None:
        with pytest.raises(TableError, match="Gone is missing or has no area"):
            maps.repair(gpd.GeoDataFrame(geometry=[shape], crs=maps.METRES), ["Gone"])

    def test_outlines_need_a_coordinate_system(self) -> None:
        with pytest.raises(TableError, match="no coordinate system"):
            maps.repair(gpd.GeoDataFrame(geometry=[Point(0, 0).buffer(1)]), ["A"])


class TestZones:
    def test_a_borough_is_its_wards(self) -> None:
        zones = maps.zones(REDBRIDGE)
        assert (zones.kind, len(zones.frame), len(zones.points)) == ("ward", 22, 164)
        assert zones.frame["lower_areas"].sum() == 164
        assert "counts once" in zones.basis

    @pytest.mark.parametrize(
        ("kind", "number"), [("msoa", 33), ("lsoa", 164), ("district", 1), ("authority", 1)]
    )
    def test_other_zones_of_a_borough(self, kind: maps.ZoneKind, number: int) -> None:
        zones = maps.zones(REDBRIDGE, kind)
        assert len(zones.frame) == number
        assert zones.frame["share"].sum() == pytest.approx(1)

    def test_a_county_is_its_districts_with_children_at_primary_schools(self) -> None:
        zones = maps.zones(ESSEX)
        assert (zones.kind, len(zones.frame)) == ("district", 12)
        assert len(zones.points) > 300
        assert "primary schools" in zones.basis

    def test_a_unitary_authority_is_one_zone_with_many_points(self) -> None:
        zones = maps.zones(LEEDS)
        assert (zones.kind, len(zones.frame)) == ("authority", 1)
        assert len(zones.points) > 100

    def test_wards_without_a_lower_area_have_no_share_and_say_so(self) -> None:
        zones = maps.zones(201)
        assert "no_lower_area" in {n.kind for n in zones.notes}
        assert set(zones.points["zone_code"]) == set(zones.frame["zone_code"])

    def test_points_lie_in_or_beside_their_zone(self) -> None:
        for la_code in (REDBRIDGE, ESSEX):
            zones = maps.zones(la_code)
            outline = zones.frame.set_index("zone_code").geometry.loc[zones.points["zone_code"]]
            assert (zones.points.distance(outline.reset_index(drop=True)) < 5_000).all()


class TestWeights:
    def test_children_and_relative_need_multiply(self) -> None:
        plain = maps.zones(REDBRIDGE)
        codes = plain.frame["zone_code"].tolist()
        table = weights(codes, children=100.0, need=1.0)
        table.loc[0, ["children", "relative_need"]] = [300.0, 2.0]
        zones = maps.zones(REDBRIDGE, weights=table)
        assert zones.frame["share"].iloc[0] == pytest.approx(600 / (600 + 21 * 100))
        assert zones.points["share"].sum() == pytest.approx(1)
        assert "relative need from deprivation (a test)" in zones.basis

    def test_lower_areas_add_up_to_wards(self) -> None:
        codes = maps.lsoas(REDBRIDGE).frame["lsoa_code"].tolist()
        table = weights(codes, children=10.0)
        zones = maps.zones(REDBRIDGE, weights=table)
        np.testing.assert_allclose(zones.frame["share"], maps.zones(REDBRIDGE).frame["share"])
        assert "children living there (a test)" in zones.basis

    def test_rows_of_other_authorities_are_noted(self) -> None:
        codes = maps.zones(REDBRIDGE).frame["zone_code"].tolist()
        zones = maps.zones(REDBRIDGE, weights=weights([*codes, "E05009288"], need=1.5))
        assert [str(n) for n in zones.notes] == ["Table of weights: 1 rows are for other areas."]

    def test_missing_areas_are_listed(self) -> None:
        codes = maps.zones(REDBRIDGE).frame["zone_code"].tolist()
        with pytest.raises(TableError, match=f"lacks 1 of the 22 areas of Redbridge: {codes[3]}"):
            maps.zones(REDBRIDGE, weights=weights(codes[:3] + codes[4:], children=1.0))

    def test_a_table_of_another_authority_is_refused(self) -> None:
        codes = maps.zones(ESSEX).frame["zone_code"].tolist()
        with pytest.raises(TableError, match="no area of Redbridge"):
            maps.zones(REDBRIDGE, weights=weights(codes, children=1.0))

    def test_no_children_at_all_is_refused(self) -> None:
        codes = maps.zones(REDBRIDGE).frame["zone_code"].tolist()
        with pytest.raises(TableError, match="no children at all"):
            maps.zones(REDBRIDGE, weights=weights(codes, children=0.0))

    def test_a_file_is_read(self, tmp_path: Path) -> None:
        path = tmp_path / "weights.csv"
        path.write_text(
            "﻿area_code,children,relative_need,source\nE05011234, 1200 ,,Census\n", encoding="utf-8"
        )
        frame = maps.read_weights(path)
        assert frame["children"].tolist() == [1200.0]
        assert frame["relative_need"].isna().all()

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ("area_code,children,source\nE05011234,1,x\n", "no column 'relative_need'"),
            ("area_code,children,relative_need,source\nE05011234,many,,x\n", "row 2, column 'children': 'many'"),
            ("area_code,children,relative_need,source\nE05011234,-1,,x\n", "row 2, column 'children'"),
            ("area_code,children,relative_need,source\nIlford,1,,x\n", "row 2, column 'area_code': 'Ilford'"),
            ("area_code,children,relative_need,source\nE05011234,1,,\n", "row 2, column 'source'"),
            ("area_code,children,relative_need,source\nE05011234,1,,x\nE05011234,1,,x\n", "row 3, column 'area_code'"),
            ("area_code,children,relative_need,source\nE05011234,1,,x\nE05011235,,,x\n", "blank in 1 rows, the first is row 3"),
            ("area_code,children,relative_need,source\n", "no rows"),
            ("", "cannot be read"),
        ],
    )  # fmt: skip
    def test_bad_cells_are_named(self, tmp_path: Path, body: str, said: str) -> None:
        path = tmp_path / "weights.csv"
        path.write_text(body, encoding="utf-8")
        with pytest.raises(TableError, match=said):
            maps.read_weights(path)

    def test_a_missing_file_is_said_plainly(self, tmp_path: Path) -> None:
        with pytest.raises(TableError, match=r"'none\.csv' cannot be read"):
            maps.read_weights(tmp_path / "none.csv")


def test_lines_are_not_outlines() -> None:
    with pytest.raises(TableError, match="no area"):
        maps.repair(gpd.GeoDataFrame(geometry=[LineString([(0, 0), (1, 1)])], crs=maps.METRES), ["Line"])
