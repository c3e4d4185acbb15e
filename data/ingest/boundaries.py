"""Outlines for maps and the look-ups between small areas, districts and authorities.

Invariant: every outline is a valid polygon in WGS84 (longitude, latitude); distances are for the reader to
project.

Rules
-----
``outlines_are_valid``
    Simplified outlines may touch themselves; such a one is mended, keeping its polygons only.
``do_not_nest``
    Wards and middle areas were simplified separately: their edges cross. Points are placed by ward or lower
    area, never by the ultra-generalised authority outline.
``old_gss_in_boundaries``
    Boundary files carry Barnsley E08000016 and Sheffield E08000019; we join on the DfE number instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd

from data.errors import SourceError
from data.ingest.areas import DISTRICTS, authority_of_gss
from data.ingest.reading import Release, strict_columns

if TYPE_CHECKING:
    import geopandas as gpd

AUTHORITIES = "boundaries/england_education_la_ctyua2023_buc.geojson"
DISTRICT_OUTLINES = "boundaries/england_lad2024_buc.geojson"
WARDS = "boundaries/london_wards2022.geojson"
LSOA_LONDON = "boundaries/london_lsoa2021.geojson"
MSOA_LONDON = "boundaries/london_msoa2021.geojson"
LSOA_REDBRIDGE = "boundaries/redbridge_lsoa2021.geojson"
MSOA_REDBRIDGE = "boundaries/redbridge_msoa2021.geojson"
LOOKUP_LSOA = "boundaries/lookup_lsoa21_msoa21_ward24_ltla24_england.parquet"

WGS84 = "EPSG:4326"


def valid(outlines: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return outlines repaired into valid polygons in WGS84 (rule ``outlines_are_valid``)."""
    mended = outlines.geometry.make_valid()
    scraps = mended.geom_type.eq("GeometryCollection")
    if scraps.any():
        parts = mended[scraps].explode()
        polygons = parts[parts.geom_type.str.endswith("Polygon")]
        mended[scraps] = polygons.groupby(level=0).agg(lambda shapes: shapes.union_all())
    return outlines.set_geometry(mended).to_crs(WGS84)


def _outlines(
    release: Release, relative: str, names: dict[str, str], gss: str | None = None
) -> gpd.GeoDataFrame:
    """Return a GeoJSON file with renamed columns and the authority of each ONS code in column ``gss``."""
    import geopandas as gpd

    raw = gpd.read_file(release.path(relative))
    strict_columns(raw, [*names, "geometry"], relative)
    frame = raw.rename(columns=names)
    if gss is not None:
        codes = frame[gss].map(authority_of_gss(release))
        if codes.isna().any():
            raise SourceError(
                f"{relative}: no authority has the ONS code '{frame[gss][codes.isna()].iloc[0]}'. Its "
                "outline would be lost, so nothing was built. Add the code to "
                "data/reference/area_history.csv."
            )
        frame["la_code"] = codes
    frame["la_code"] = frame["la_code"].astype("int64")
    return valid(frame)


def boundary_authority(release: Release) -> gpd.GeoDataFrame:
    """Return the outline of each education authority."""
    names = {
        "ons_code": "gss_code", "ons_name": "ons_name", "dfe_la_code": "la_code",
        "dfe_la_name": "name", "dfe_region": "region",
    }  # fmt: skip
    frame = _outlines(release, AUTHORITIES, names)
    return frame[["la_code", "gss_code", "name", "geometry"]].sort_values("la_code", ignore_index=True)


def boundary_district(release: Release) -> gpd.GeoDataFrame:
    """Return the outline of each lower-tier district."""
    names = {
        "ltla24_code": "district_code", "ltla24_name": "district_name",
        "utla23_code": "utla", "utla23_name": "utla_name",
    }  # fmt: skip
    frame = _outlines(release, DISTRICT_OUTLINES, names, gss="utla")
    return frame[["district_code", "district_name", "la_code", "geometry"]]


def boundary_ward_london(release: Release) -> gpd.GeoDataFrame:
    """Return the outline of each London ward (2022)."""
    names = {
        "ward22_name": "ward_name", "ward22_code": "ward_code", "ltla24_code": "district", "ltla24_name":
        "name",
    }  # fmt: skip
    return _outlines(release, WARDS, names, gss="district")[["ward_code", "ward_name", "la_code", "geometry"]]


def boundary_lsoa_london(release: Release) -> gpd.GeoDataFrame:
    """Return the outline of each London lower super output area."""
    names = {"lsoa21_code": "lsoa_code", "ltla24_code": "district"}
    return _outlines(release, LSOA_LONDON, names, gss="district")[["lsoa_code", "la_code", "geometry"]]


def boundary_msoa_london(release: Release) -> gpd.GeoDataFrame:
    """Return the outline of each London middle super output area."""
    return _msoa(release, MSOA_LONDON)


def boundary_msoa_redbridge(release: Release) -> gpd.GeoDataFrame:
    """Return the outline of each Redbridge middle super output area."""
    return _msoa(release, MSOA_REDBRIDGE)


def _msoa(release: Release, relative: str) -> gpd.GeoDataFrame:
    names = {
        "msoa21_name": "msoa_name", "msoa21_code": "msoa_code", "ltla24_code": "district", "ltla24_name":
        "name",
    }  # fmt: skip
    return _outlines(release, relative, names, gss="district")[
        ["msoa_code", "msoa_name", "la_code", "geometry"]
    ]


def boundary_lsoa_redbridge(release: Release) -> gpd.GeoDataFrame:
    """Return the outline of each Redbridge lower super output area, with its middle area and ward."""
    names = {
        "lsoa21_code": "lsoa_code", "lsoa21_name": "lsoa_name", "msoa21_code": "msoa_code", "msoa21_name":
        "msoa_name",
        "ward24_code": "ward_code", "ward24_name": "ward_name", "ltla24_code": "district",
    }  # fmt: skip
    frame = _outlines(release, LSOA_REDBRIDGE, names, gss="district")
    columns = [
        "lsoa_code",
        "lsoa_name",
        "msoa_code",
        "msoa_name",
        "ward_code",
        "ward_name",
        "la_code",
        "geometry",
    ]
    return frame[columns]


def lookup_lsoa(release: Release) -> pd.DataFrame:
    """Return the middle area, ward and district of each English lower super output area."""
    names = {
        "lsoa21_code": "lsoa_code", "lsoa21_name": "lsoa_name", "msoa21_code": "msoa_code", "msoa21_name":
        "msoa_name",
        "ward24_code": "ward_code", "ward24_name": "ward_name",
        "ltla24_code": "district_code", "ltla24_name": "district_name",
    }  # fmt: skip
    frame = release.parquet(LOOKUP_LSOA, columns=list(names)).rename(columns=names)
    columns = ["lsoa_code", "msoa_code", "ward_code", "ward_name", "district_code", "district_name"]
    return frame[columns].sort_values("lsoa_code", ignore_index=True)


def lookup_district_authority(release: Release) -> pd.DataFrame:
    """Return the authority of each district, those abolished since mid-2019 included."""
    raw = release.csv(DISTRICTS, columns=["ltla_code", "ons_code_education_la", "dfe_la_code", "dfe_la_name"])
    frame = pd.DataFrame({"district_code": raw["ltla_code"], "la_code": raw["dfe_la_code"].astype("int64")})
    return frame.sort_values("district_code", ignore_index=True)


BUILDERS: dict[str, Callable[[Release], pd.DataFrame]] = {
    "boundary_authority": boundary_authority,
    "boundary_district": boundary_district,
    "boundary_ward_london": boundary_ward_london,
    "boundary_lsoa_redbridge": boundary_lsoa_redbridge,
    "boundary_lsoa_london": boundary_lsoa_london,
    "boundary_msoa_london": boundary_msoa_london,
    "boundary_msoa_redbridge": boundary_msoa_redbridge,
    "lookup_lsoa": lookup_lsoa,
    "lookup_district_authority": lookup_district_authority,
}
