"""Boundaries: valid outlines in WGS84, each tied to its authority."""

from __future__ import annotations

import geopandas as gpd
import pytest

from data.ingest import boundaries
from data.ingest.reading import Release

OUTLINES = [name for name in boundaries.BUILDERS if name.startswith("boundary_")]


@pytest.mark.parametrize("name", OUTLINES)
def test_outlines_are_valid_and_in_wgs84(releases, name):
    outlines = boundaries.BUILDERS[name](Release(releases))
    assert outlines.crs.to_epsg() == 4326
    assert outlines.is_valid.all()
    assert outlines.geom_type.isin(["Polygon", "MultiPolygon"]).all()


def test_153_authorities_and_old_codes_of_barnsley_and_sheffield(releases):
    outlines = boundaries.boundary_authority(Release(releases)).set_index("la_code")
    assert len(outlines) == 153
    assert outlines.loc[[370, 373], "gss_code"].tolist() == ["E08000016", "E08000019"]


def test_every_district_has_its_authority(releases):
    districts = boundaries.boundary_district(Release(releases))
    assert districts["la_code"].nunique() == 153
    assert districts.set_index("district_code").loc["E07000008", "la_code"] == 873  # Cambridge


def test_a_bow_tie_is_mended_to_polygons():
    bow = gpd.GeoDataFrame(geometry=gpd.GeoSeries.from_wkt(["POLYGON((0 0, 1 1, 1 0, 0 1, 0 0))"], crs=4326))
    mended = boundaries.valid(bow)
    assert mended.is_valid.all()
    assert mended.geometry.set_crs(None, allow_override=True).area.iloc[0] == pytest.approx(0.5)


def test_a_spike_leaves_no_line_behind():
    spike = "POLYGON((0 0, 1 0, 1 1, 0 1, 0 0), (0.2 0.2, 0.8 0.2, 0.2 0.2, 0.2 0.2))"
    collection = "GEOMETRYCOLLECTION(POLYGON((0 0, 1 0, 1 1, 0 1, 0 0)), LINESTRING(1 1, 2 2))"
    frame = gpd.GeoDataFrame(geometry=gpd.GeoSeries.from_wkt([spike, collection], crs=4326))
    mended = boundaries.valid(frame)
    assert mended.geom_type.str.endswith("Polygon").all()
    assert mended.geometry.set_crs(None, allow_override=True).area.tolist() == pytest.approx([1.0, 1.0])


def test_redbridge_small_areas_are_in_the_lookup(releases):
    own = boundaries.boundary_lsoa_redbridge(Release(releases))
    lookup = boundaries.lookup_lsoa(Release(releases)).set_index("lsoa_code")
    assert lookup.loc[own["lsoa_code"], "ward_code"].tolist() == own["ward_code"].tolist()


def test_abolished_districts_are_in_the_lookup(releases):
    lookup = boundaries.lookup_district_authority(Release(releases)).set_index("district_code")["la_code"]
    assert len(lookup) == 320
    assert lookup["E07000026"] == 942  # Allerdale
