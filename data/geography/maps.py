"""Maps of authorities: outlines, small areas, and zones with their share of demand, in metres on the British National Grid.

Invariant: every geometry this module returns is valid, not empty and in EPSG:27700, so plain differences of coordinates are
metres (to about 2 m from WGS84 without the Ordnance Survey grid file, and 0.04 % of a length); what had to be mended or could
not be put on the map is in ``notes``, never silently dropped.

What is published here and what is not
--------------------------------------
* Outlines of wards, middle and lower areas: London only. Of districts and authorities: England, ultra-generalised.
* Children by ward or lower area: **not published here**. Each lower super output area (LSOA) counts once: the Office for
  National Statistics draws them alike, with 1,000 to 3,000 residents each.
* Deprivation by small area: **not published here**. It is used only where a table of weights is given (`read_weights`).
* Outside London the lower areas have no outline, so children are put where the state primary schools are.

How good the stand-ins are
--------------------------
* Lower areas for children: against residents aged 0 to 25 by district (Office for National Statistics, mid-2020) in 21 counties
  of 164 districts, shares are off by 8 % on average, 18 % in one district of ten and 34 % at worst (Oxford).
* Primary schools for lower areas: over 32 London boroughs the median straight-line journey differs by 4 % on average.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pandera.pandas as pa

from data import tables
from data.areas import by_code
from data.errors import AreaError, TableError

METRES = "EPSG:27700"
"""British National Grid: eastings and northings in metres."""

DEGREES = "EPSG:4326"
"""WGS84 longitude and latitude, for maps on a screen."""

SCHOOL_DEGREES = "EPSG:4277"
"""What latitudes and longitudes of schools in the published tables are: OSGB36, although their source calls them WGS84.

Read so, they agree with the eastings and northings of the same 2,872 schools to 4 cm; read as WGS84 they are 111 m off.
"""

COASTAL_KM = 5.0
"""A school this near an outline belongs to it although the simplified coast leaves it in the sea."""

SHOWN = 10
"""Rows listed in one message; the rest are counted."""

NoteKind = Literal[
    "mended", "other_authority", "no_urn", "two_urns", "urn_not_found", "no_point", "outside_great_britain",
    "far_away", "no_lower_area", "no_primary_school", "rows_not_used", "no_roll",
]  # fmt: skip
ZoneKind = Literal["ward", "msoa", "lsoa", "district", "authority"]

WEIGHT_COLUMNS: tuple[str, ...] = ("area_code", "children", "relative_need", "source")
"""Columns of a table of weights, in order."""

WEIGHTS = pa.DataFrameSchema(
    {
        "area_code": pa.Column(
            "str", pa.Check.str_matches(r"^E\d{8}$"), unique=True, description="ONS nine-character code"
        ),
        "children": pa.Column(
            "float64",
            pa.Check.ge(0),
            nullable=True,
            description="Children and young people living there; blank in every row if not known",
        ),
        "relative_need": pa.Column(
            "float64",
            pa.Check.gt(0),
            nullable=True,
            description="Plans a child there is expected to hold, against 1 in the average area, from deprivation; "
            "blank in every row if not known",
        ),
        "source": pa.Column(
            "str", pa.Check(lambda s: s.str.strip() != "", error="says where the figures come from")
        ),
    },
    strict=True,
    ordered=True,
)
"""Weights of small areas an authority supplies: one row per lower area, or per zone that demand is shared between."""


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that a reader of the map must know: which feature it concerns, and why."""

    kind: NoteKind
    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """Shapes or points in metres, with notes on what was repaired or left off the map.

    Parameters
    ----------
    frame
        GeoDataFrame in `METRES`.
    notes
        What a reader must know about it.
    """

    frame: gpd.GeoDataFrame
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Zones:
    """Parts of an authority with their shares of its demand, and the points where children are taken to live.

    Parameters
    ----------
    la_code
        DfE number of the authority.
    kind
        What a zone is.
    frame
        zone_code, zone_name, lower_areas (count), share (of the authority's demand; sums to 1), geometry (outline).
    points
        zone_code, share (of the authority's demand; sums to each zone's), geometry (point).
    basis
        How the shares were made, for people to read.
    notes
        What a reader must know.
    """

    la_code: int
    kind: ZoneKind
    frame: gpd.GeoDataFrame
    points: gpd.GeoDataFrame
    basis: str
    notes: tuple[Note, ...] = ()


def repair(outlines: gpd.GeoDataFrame, names: Sequence[str]) -> Layer:
    """Return outlines as valid polygons in metres, with a note on each that had to be repaired.

    Parameters
    ----------
    outlines
        Frame with a coordinate system.
    names
        What to call each row in a note.

    Raises
    ------
    TableError
        There is no coordinate system, or an outline is missing, empty or has no area left after mending.
    """
    if outlines.crs is None:
        raise TableError(
            "Outlines have no coordinate system, so distances would mean nothing. Save the file with one, "
            "such as EPSG:27700 (British National Grid) or EPSG:4326 (longitude and latitude)."
        )
    frame = outlines.reset_index(drop=True)
    lost = frame.geometry.is_empty | ~frame.geom_type.isin(["Polygon", "MultiPolygon"])
    broken = ~lost & ~frame.geometry.is_valid
    notes: tuple[Note, ...] = ()
    if broken.any():
        shapes = frame.geometry.copy()
        shapes[broken] = shapes[broken].make_valid().map(_polygons_of)
        lost |= shapes.is_empty
        frame = frame.set_geometry(shapes)
        notes = tuple(
            Note(
                "mended",
                names[int(i)],
                "its outline crossed itself and was mended; its area may differ a little.",
            )
            for i in np.flatnonzero(broken & ~lost)
        )
    if lost.any():
        raise TableError(
            f"The outline of {listed([names[int(i)] for i in np.flatnonzero(lost)])} is missing or has no area, so its "
            "children would vanish from the map. Restore the boundary file from the repository."
        )
    return Layer(frame.to_crs(METRES), notes)


def _polygons_of(shape: object) -> object:
    """Return only the polygons of a repaired shape; a repair can leave lines and points."""
    parts = gpd.GeoSeries([shape]).explode(ignore_index=True)
    return parts[parts.geom_type == "Polygon"].union_all()


def listed(items: Sequence[str]) -> str:
    """Return the first `SHOWN` items as text joined by commas, and how many more there are."""
    more = f" and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return ", ".join(str(i) for i in items[:SHOWN]) + more


def points_at(lat: pd.Series, lon: pd.Series, crs: str) -> gpd.GeoSeries:
    """Return points from latitudes and longitudes in degrees of a coordinate system."""
    return gpd.GeoSeries.from_xy(lon.to_numpy(dtype=float), lat.to_numpy(dtype=float), crs=crs)


@cache
def _outlines(table: str, code_column: str) -> Layer:
    frame = gpd.read_parquet(tables.content_of(table))
    return repair(frame, frame[code_column].tolist())


def _part(layer: Layer, chosen: pd.Series, code_column: str) -> Layer:
    """Return selected rows of a layer, with the notes about them."""
    frame = layer.frame[chosen].reset_index(drop=True)
    names = set(frame[code_column])
    return Layer(frame, tuple(n for n in layer.notes if n.what in names))


@cache
def _lower_areas() -> pd.DataFrame:
    """Return each lower area with its middle area, ward, district and authority."""
    return tables.read("lookup_lsoa").merge(
        tables.read("lookup_district_authority"), on="district_code", validate="many_to_one"
    )


def authority(la_code: int) -> Layer:
    """Return the outline of one authority (ultra-generalised): la_code, gss_code, name, geometry.

    Raises
    ------
    AreaError
        No authority of today has that DfE number.
    """
    by_code(la_code)
    layer = _outlines("boundary_authority", "name")
    return _part(layer, layer.frame["la_code"] == la_code, "name")


def neighbours(la_code: int) -> Layer:
    """Return the outlines of the authorities that border an authority, by name; none for an island.

    Authorities across a river are neighbours where the border runs along it.
    """
    own = authority(la_code).frame.geometry.iloc[0]
    layer = _outlines("boundary_authority", "name")
    # Simplified edges are shared to the millimetre before reprojection, not always after it.
    touching = (layer.frame.distance(own) <= 1.0) & (layer.frame["la_code"] != la_code)
    bordering = _part(layer, touching, "name")
    return Layer(bordering.frame.sort_values("name", ignore_index=True), bordering.notes)


@cache
def _wards() -> Layer:
    """Return London's wards, each with the authority that its lower areas belong to.

    The outline table places a few border wards by point in a neighbouring borough; the look-up of lower areas decides.
    """
    layer = _outlines("boundary_ward_london", "ward_code")
    lookup = _lower_areas().drop_duplicates("ward_code").set_index("ward_code")["la_code"]
    frame = layer.frame
    decided = frame["ward_code"].map(lookup).fillna(frame["la_code"]).astype("int64")
    moved = frame[decided != frame["la_code"]]
    notes = tuple(
        Note(
            "other_authority",
            str(code),
            f"the outline of {name} is filed under authority {old}, its lower areas under {new}; the latter is used.",
        )
        for code, name, old, new in zip(
            moved["ward_code"], moved["ward_name"], moved["la_code"], decided[moved.index], strict=True
        )
    )
    return Layer(frame.assign(la_code=decided), (*layer.notes, *notes))


def wards(la_code: int) -> Layer:
    """Return the wards of a London borough (2022): ward_code, ward_name, la_code, geometry.

    Raises
    ------
    AreaError
        The authority is unknown, or is not in London.
    """
    layer = _wards()
    return _of_london(layer, la_code, "ward_code", "Ward")


def middle_areas(la_code: int) -> Layer:
    """Return the middle super output areas of a London borough (2021): msoa_code, msoa_name, la_code, geometry.

    Raises
    ------
    AreaError
        The authority is unknown, or is not in London.
    """
    return _of_london(_outlines("boundary_msoa_london", "msoa_code"), la_code, "msoa_code", "Middle-area")


def lsoas(la_code: int) -> Layer:
    """Return the lower super output areas of a London borough (2021): lsoa_code, la_code, geometry.

    Raises
    ------
    AreaError
        The authority is unknown, or is not in London.
    """
    return _of_london(_outlines("boundary_lsoa_london", "lsoa_code"), la_code, "lsoa_code", "Lower-area")


def _of_london(layer: Layer, la_code: int, code_column: str, kind: str) -> Layer:
    area = by_code(la_code)
    chosen = layer.frame["la_code"] == la_code
    if not chosen.any():
        raise AreaError(
            f"{kind} outlines are published here for London only, so {area.name} ({la_code}) cannot be drawn by them. "
            "Use zones(), which falls back on districts or the whole authority."
        )
    return _part(layer, chosen, code_column)


def districts(la_code: int) -> Layer:
    """Return the lower-tier districts of an authority (2024): district_code, district_name, la_code, geometry.

    A unitary authority or borough is one district.
    """
    by_code(la_code)
    layer = _outlines("boundary_district", "district_code")
    return _part(layer, layer.frame["la_code"] == la_code, "district_code")


@cache
def _primary_schools() -> gpd.GeoDataFrame:
    """Return open state primary schools as points with their authority; a point at sea gets the nearest authority."""
    frame = tables.read("establishment_points")
    frame = frame[frame["phase"].isin(["Primary", "All-through", "Middle deemed primary"])]
    frame = frame[frame["lat"].notna() & frame["lon"].notna()].reset_index(drop=True)
    points = points_at(frame["lat"], frame["lon"], SCHOOL_DEGREES).to_crs(METRES)
    schools = gpd.GeoDataFrame(frame[["urn", "la_code"]], geometry=points)
    at_sea = schools["la_code"].isna()
    if at_sea.any():
        layer = _outlines("boundary_authority", "name").frame[["la_code", "geometry"]]
        nearest = gpd.sjoin_nearest(
            schools.loc[at_sea, ["urn", "geometry"]], layer, max_distance=1000 * COASTAL_KM
        ).drop_duplicates("urn")
        schools.loc[nearest.index, "la_code"] = nearest["la_code"].astype("Int64")
    return schools[schools["la_code"].notna()].astype({"la_code": "int64"}).reset_index(drop=True)


def zones(la_code: int, kind: ZoneKind | None = None, weights: pd.DataFrame | None = None) -> Zones:
    """Divide an authority into zones, each with a share of its demand.

    Share of a zone = its children x relative need, over the sum of both. Without ``weights`` every lower area counts once and
    relative need is 1: see the head of this module for what is not published.

    Parameters
    ----------
    la_code
        DfE number.
    kind
        What a zone is; None for wards in London, districts in a county with several, otherwise the whole authority.
    weights
        Table as `WEIGHTS`, from `read_weights`, by lower area or by zone.

    Raises
    ------
    AreaError
        The authority is unknown, or has no outlines of that kind.
    TableError
        The weights do not cover the authority.
    """
    area = by_code(la_code)
    lower = _lower_areas()
    lower = lower[lower["la_code"] == la_code]
    if kind is None:
        kind = _usual_kind(area.region, la_code)
    layer, code, name = _zone_layer(la_code, kind)
    lookup_code = {"ward": "ward_code", "msoa": "msoa_code", "lsoa": "lsoa_code", "district": "district_code"}
    owner = (
        lower[lookup_code[kind]].astype("str")
        if kind in lookup_code
        else pd.Series(layer.frame[code].iloc[0], index=lower.index)
    )
    members = pd.DataFrame({"lsoa_code": lower["lsoa_code"], "zone_code": owner}).reset_index(drop=True)
    frame = layer.frame.rename(columns={code: "zone_code"})
    frame["zone_name"] = layer.frame[name]
    members["weight"], basis, notes = _member_weights(
        members, frame["zone_code"].tolist(), area.name, weights
    )
    counts = members.groupby("zone_code").size()
    sums = members.groupby("zone_code")["weight"].sum()
    frame["lower_areas"] = frame["zone_code"].map(counts).fillna(0).astype("int64")
    frame["share"] = frame["zone_code"].map(sums).fillna(0.0) / members["weight"].sum()
    frame = frame[["zone_code", "zone_name", "lower_areas", "share", "geometry"]]
    empty = frame[frame["lower_areas"] == 0]
    notes = (*layer.notes, *notes)
    if len(empty):
        bare = listed(empty["zone_name"].tolist())
        why = f"no lower area lies mainly in {bare}, so no demand is put there."
        notes = (*notes, Note("no_lower_area", area.name, why))
    points, where, more = _demand_points(la_code, area.region, members, frame)
    return Zones(la_code, kind, frame, points, f"{basis} {where}", (*notes, *more))


def _usual_kind(region: str, la_code: int) -> ZoneKind:
    if region == "London":
        return "ward"
    return "district" if len(districts(la_code).frame) > 1 else "authority"


def _zone_layer(la_code: int, kind: ZoneKind) -> tuple[Layer, str, str]:
    """Return the outlines of one kind of zone, and the names of their code and name columns."""
    if kind == "ward":
        return wards(la_code), "ward_code", "ward_name"
    if kind == "msoa":
        return middle_areas(la_code), "msoa_code", "msoa_name"
    if kind == "lsoa":
        return lsoas(la_code), "lsoa_code", "lsoa_code"
    if kind == "district":
        return districts(la_code), "district_code", "district_name"
    return authority(la_code), "gss_code", "name"


def _member_weights(
    members: pd.DataFrame, zone_codes: Sequence[str], area_name: str, weights: pd.DataFrame | None
) -> tuple[npt.NDArray[np.float64], str, tuple[Note, ...]]:
    """Return a demand weight for each lower area, a description of the weights, and notes."""
    if weights is None:
        basis = (
            "Children by small area and deprivation are not in the published tables: each lower super output area "
            "(1,000 to 3,000 residents) counts once."
        )
        return np.ones(len(members)), basis, ()
    table = checked_weights(weights, "the table of weights").set_index("area_code")
    used = set(table.index)
    by_lower = bool(used & set(members["lsoa_code"]))
    key = members["lsoa_code"] if by_lower else members["zone_code"]
    wanted = list(dict.fromkeys(key)) if by_lower else list(zone_codes)
    missing = [c for c in wanted if c not in used]
    if len(missing) == len(wanted):
        raise TableError(
            f"The table of weights has no area of {area_name}: its first code is {table.index[0]}, while "
            f"{area_name} has codes like {wanted[0]}. Check that it is for the right authority and kind of area."
        )
    if missing:
        raise TableError(
            f"The table of weights lacks {len(missing)} of the {len(wanted)} areas of {area_name}: "
            f"{listed(missing)}. Their children would be given no demand. Add a row for each, 0 where none live."
        )
    rows = table.loc[key]
    count = 1 if by_lower else key.map(key.value_counts()).to_numpy(dtype=float)
    children = rows["children"].to_numpy(dtype=float) / count
    children = np.where(np.isnan(children), 1.0, children)
    relative = rows["relative_need"].fillna(1.0).to_numpy(dtype=float)
    weight = children * relative
    if not weight.sum() > 0:
        raise TableError(
            f"The table of weights gives {area_name} no children at all, so its demand has nowhere to go. "
            "Fill in the column 'children', or leave it blank in every row."
        )
    sources = listed(list(dict.fromkeys(table.loc[wanted, "source"])))
    parts = [
        "children living there"
        if table["children"].notna().all()
        else "lower super output areas, each counted once",
        *(["relative need from deprivation"] if table["relative_need"].notna().all() else []),
    ]
    basis = f"By {' and '.join(parts)} ({sources})."
    extra = len(used - set(wanted))
    notes = (
        (Note("rows_not_used", "Table of weights", f"{extra} rows are for other areas."),) if extra else ()
    )
    return weight, basis, notes


def _demand_points(
    la_code: int, region: str, members: pd.DataFrame, frame: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame, str, tuple[Note, ...]]:
    """Return points that carry each zone's share of demand: lower areas in London, state primary schools elsewhere."""
    share = frame.set_index("zone_code")["share"]
    if region == "London":
        places = lsoas(la_code).frame.set_index("lsoa_code").geometry.representative_point()
        points = gpd.GeoDataFrame(
            {
                "zone_code": members["zone_code"].to_numpy(),
                "share": (members["weight"] / members["weight"].sum()).to_numpy(),
            },
            geometry=places.loc[members["lsoa_code"]].to_numpy(),
            crs=METRES,
        )
        where = "Children are placed at the middle of their lower area."
    else:
        schools = _primary_schools()
        schools = schools[schools["la_code"] == la_code].reset_index(drop=True)
        joined = gpd.sjoin_nearest(schools[["urn", "geometry"]], frame[["zone_code", "geometry"]])
        joined = joined.drop_duplicates("urn")
        number = joined["zone_code"].map(joined["zone_code"].value_counts())
        points = gpd.GeoDataFrame(
            {
                "zone_code": joined["zone_code"].to_numpy(),
                "share": (joined["zone_code"].map(share) / number).to_numpy(dtype=float),
            },
            geometry=joined.geometry.to_numpy(),
            crs=METRES,
        )
        where = "Children are placed at the state primary schools of their zone, equally."
    bare = frame[~frame["zone_code"].isin(points["zone_code"])]
    if len(bare):
        middles = gpd.GeoDataFrame(
            {"zone_code": bare["zone_code"].to_numpy(), "share": bare["share"].to_numpy(dtype=float)},
            geometry=bare.geometry.representative_point().to_numpy(),
            crs=METRES,
        )
        points = pd.concat([points, middles], ignore_index=True)
    notes = tuple(
        Note(
            "no_primary_school",
            str(z),
            "it has no state primary school, so its children are put in its middle.",
        )
        for z in (bare["zone_name"] if region != "London" else ())
    )
    return points, where, notes


def read_weights(path: Path) -> pd.DataFrame:
    """Read a table of weights of small areas from CSV.

    Columns area_code, children, relative_need, source (`WEIGHTS`). Codes are ONS codes of lower areas (E01...) or of the
    zones used; ``children`` or ``relative_need`` may be blank, but then in every row.

    Raises
    ------
    TableError
        The file cannot be read or a cell breaks `WEIGHTS`; every problem is listed by spreadsheet row.
    """
    try:
        raw = pd.read_csv(path, dtype="str", encoding="utf-8-sig", skipinitialspace=True)
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise TableError(
            f"The table of weights '{path.name}' cannot be read ({error}). No weights were used. Save it as CSV UTF-8 "
            f"with the columns {', '.join(WEIGHT_COLUMNS)}."
        ) from None
    raw.columns = raw.columns.str.strip()
    absent = [c for c in WEIGHT_COLUMNS if c not in raw.columns]
    if absent:
        raise TableError(
            f"The table of weights '{path.name}' has no column '{absent[0]}'. No weights were used. Its first row must "
            f"be {', '.join(WEIGHT_COLUMNS)}."
        )
    frame = raw[list(WEIGHT_COLUMNS)].apply(lambda column: column.str.strip())
    problems: list[str] = []
    for column in ("children", "relative_need"):
        numbers = pd.to_numeric(frame[column], errors="coerce")
        problems += [
            f"row {i + 2}, column '{column}': '{frame[column].iloc[i]}' is not a number"
            for i in np.flatnonzero(numbers.isna() & frame[column].notna() & (frame[column] != ""))
        ]
        frame[column] = numbers.astype("float64")
    if problems:
        raise TableError(
            f"The table of weights '{path.name}' was not used: {listed(problems)}. Type plain numbers, without commas."
        )
    return checked_weights(frame, f"the table of weights '{path.name}'")


def checked_weights(weights: pd.DataFrame, where: str) -> pd.DataFrame:
    """Check a table of weights against `WEIGHTS`; ``children`` and ``relative_need`` must each be full or wholly blank.

    Raises
    ------
    TableError
        They do not; every problem is listed by spreadsheet row.
    """
    frame = weights.reset_index(drop=True).fillna({"source": ""})
    try:
        frame = WEIGHTS.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = [
            f"column '{c.column}': {c.check}"
            if pd.isna(c.index)
            else f"row {int(c.index) + 2}, column '{c.column}': {c.failure_case!r} ({c.check})"
            for c in error.failure_cases.itertuples()
        ]
        raise TableError(
            f"In {where}: {listed(cases)}. No weights were used. Correct the rows (row 1 is the header)."
        ) from None
    if frame.empty:
        raise TableError(f"In {where}: there are no rows. No weights were used. Add one row per area.")
    for column in ("children", "relative_need"):
        blank = frame[column].isna()
        if blank.any() and not blank.all():
            raise TableError(
                f"In {where}: column '{column}' is blank in {int(blank.sum())} rows, the first is row "
                f"{int(np.flatnonzero(blank)[0]) + 2}. A blank is not nought, so no weights were used. Fill in every "
                "row or none."
            )
    return frame
