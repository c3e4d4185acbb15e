"""Locations of settings: their points by URN, special schools nearby, and straight-line distances between points.

Invariant: every point a layer of this module holds is in metres (`data.geography.maps.METRES`); a setting that could not be put
on the map is in its ``notes`` with why, never silently dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from data import tables
from data.errors import RegisterError
from data.geography.maps import DEGREES, METRES, SCHOOL_DEGREES, Layer, Note, authority, listed, points_at

GREAT_BRITAIN: tuple[float, float, float, float] = (-8.7, 49.8, 1.8, 60.9)
"""West, south, east, north of Great Britain with the Isles of Scilly, in degrees."""

FARTHEST_LOCAL_KM = 50.0
"""A local setting farther than this from its authority's outline has a wrong point or a wrong URN."""

SPECIAL_KINDS: tuple[str, ...] = (
    "state_special", "state_special_or_ap", "non_maintained_special", "independent_special",
)  # fmt: skip
"""Kinds of establishment that may be special schools; alternative provision alone is left out."""


def distances_km(a: gpd.GeoSeries, b: gpd.GeoSeries) -> npt.NDArray[np.float64]:
    """Return straight-line distances in kilometres between points, dims (a, b).

    Points in another coordinate system are projected to `METRES` first.

    Raises
    ------
    ValueError
        A series has no coordinate system.
    """
    if a.crs is None or b.crs is None:
        raise ValueError("points need a coordinate system before distances between them mean anything")
    a, b = a.to_crs(METRES), b.to_crs(METRES)
    dx = a.x.to_numpy()[:, None] - b.x.to_numpy()[None, :]
    dy = a.y.to_numpy()[:, None] - b.y.to_numpy()[None, :]
    return np.asarray(np.hypot(dx, dy) / 1000.0, dtype=np.float64)


@cache
def _known_points() -> pd.DataFrame:
    """Return WGS84 latitude and longitude of every establishment with a known URN, indexed by URN; first source wins."""
    frames = []
    for name in ("establishment_points", "specialist_establishments"):
        table = tables.read(name)
        frames.append((table["urn"], points_at(table["lat"], table["lon"], SCHOOL_DEGREES)))
    sampled = tables.read("resourced_provision_schools")
    frames.append(
        (sampled["urn"], gpd.GeoSeries.from_xy(sampled["easting"], sampled["northing"], crs=METRES))
    )
    degrees = [(urn, points.to_crs(DEGREES)) for urn, points in frames]
    return (
        pd.concat(
            [
                pd.DataFrame({"urn": urn.to_numpy(), "lat": p.y.to_numpy(), "lon": p.x.to_numpy()})
                for urn, p in degrees
            ]
        )
        .drop_duplicates("urn")
        .set_index("urn")
    )


def settings(
    rows: pd.DataFrame, la_code: int | None, own_points: Mapping[str, tuple[float, float]] | None = None
) -> Layer:
    """Return the settings of a capacity register as points on the map, located by their URN.

    Parameters
    ----------
    rows
        Rows of a register (`data.registers.register.Register.rows`): setting, provision, urn, located.
    la_code
        Whose register it is; None where not known, and then no local setting is too far away.
    own_points
        Latitude and longitude by name of setting, for a school without a URN yet; they take precedence.

    Returns
    -------
    Layer
        setting, provision, urn (Int64), located, geometry: one row per setting and provision with a point. Every other one is
        in ``notes``: no URN, a URN not known, no point, a point outside Great Britain, or a local setting more than
        `FARTHEST_LOCAL_KM` from the authority.

    Raises
    ------
    RegisterError
        ``own_points`` names a setting the register does not have.
    """
    own = own_points or {}
    strangers = [name for name in own if name not in set(rows["setting"])]
    if strangers:
        raise RegisterError(
            f"A point is given for {listed(strangers)}, but the register has no setting of that name, so it would be "
            "lost. Spell the name as in the column 'setting'."
        )
    home = None if la_code is None else authority(la_code).frame.geometry.iloc[0]
    kept: list[tuple[str, str, int | None, str, float, float]] = []
    notes: list[Note] = []
    for _, group in rows.groupby(["setting", "provision"], sort=False):
        setting, provision = str(group["setting"].iloc[0]), str(group["provision"].iloc[0])
        urns = [int(u) for u in group["urn"].dropna().unique()]
        located = str(group["located"].iloc[-1])
        if len(urns) > 1:
            notes.append(
                Note("two_urns", setting, f"it has URNs {listed([str(u) for u in urns])}; the last is used.")
            )
        urn = urns[-1] if urns else None
        point = _find_point(setting, urn, located, own)
        if isinstance(point, Note):
            notes.append(point)
            continue
        kept.append((setting, provision, urn, located, *point))
    lat, lon = pd.Series([k[4] for k in kept]), pd.Series([k[5] for k in kept])
    frame = gpd.GeoDataFrame(
        pd.DataFrame([k[:4] for k in kept], columns=["setting", "provision", "urn", "located"]).astype(
            {"setting": "str", "provision": "str", "urn": "Int64", "located": "str"}
        ),
        geometry=points_at(lat, lon, DEGREES).to_crs(METRES),
    )
    if home is not None and len(frame):
        away = frame.geometry.distance(home) / 1000.0
        far = (frame["located"] == "local") & (away > FARTHEST_LOCAL_KM)
        notes += [
            Note(
                "far_away",
                str(row.setting),
                f"URN {row.urn} is {away[row.Index]:.0f} km from the authority although its places are local. It is left off "
                "the map: correct the URN or point, or set 'located' to elsewhere.",
            )
            for row in frame[far].itertuples()
        ]
        frame = frame[~far].reset_index(drop=True)
    return Layer(frame, tuple(notes))


def _find_point(
    setting: str, urn: int | None, located: str, own: Mapping[str, tuple[float, float]]
) -> tuple[float, float] | Note:
    """Return the latitude and longitude of a setting, or a note on why it has none."""
    if setting in own:
        lat, lon = own[setting]
        whence = "the point given for it"
    else:
        if urn is None:
            why = (
                "it stands for several schools of other authorities, so it has no place on the map."
                if located == "elsewhere"
                else "it has no URN, so it is left off the map. Add the URN, or a latitude and longitude."
            )
            return Note("no_urn", setting, why)
        known = _known_points()
        if urn not in known.index:
            return Note(
                "urn_not_found",
                setting,
                f"no establishment we know has URN {urn}, so it is left off the map. Check the number on Get Information "
                "about Schools; a school that became an academy has a new one.",
            )
        point = known.loc[urn, ["lat", "lon"]].to_numpy(dtype=np.float64)
        lat, lon = float(point[0]), float(point[1])
        whence = f"the published point of URN {urn}"
    if not (np.isfinite(lat) and np.isfinite(lon)):
        return Note(
            "no_point",
            setting,
            f"{whence} is blank, so it is left off the map. Give its latitude and longitude.",
        )
    west, south, east, north = GREAT_BRITAIN
    if not (south <= lat <= north and west <= lon <= east):
        swapped = south <= lon <= north and west <= lat <= east
        hint = (
            "Latitude and longitude look swapped."
            if swapped
            else "Give its latitude and longitude in degrees."
        )
        return Note(
            "outside_great_britain",
            setting,
            f"{whence} (latitude {lat:.4f}, longitude {lon:.4f}) is outside Great Britain, so it is left off the map. {hint}",
        )
    return lat, lon


def special_schools_nearby(la_code: int, within_km: float, without: Sequence[int] = ()) -> Layer:
    """Return open special schools in or near an authority that are not in its register.

    Pupils on roll (2023/24) are not places, and needs are not published: both say how big a school is, not whether it
    has room.

    Parameters
    ----------
    la_code
        DfE number.
    within_km
        Straight-line distance from the authority's outline.
    without
        URNs to leave out: those of the register.

    Returns
    -------
    Layer
        setting (name and URN), urn, kind, kind_inferred, la_code, age_low, age_high, roll (null where not published), located
        (``local`` or ``elsewhere``), geometry; notes list schools whose roll is not published.
    """
    frame = tables.read("specialist_establishments")
    frame = frame[
        frame["open_2026"]
        & frame["kind"].isin(SPECIAL_KINDS)
        & frame["lat"].notna()
        & ~frame["urn"].isin(list(without))
    ].reset_index(drop=True)
    home = authority(la_code).frame.geometry.iloc[0]
    points = gpd.GeoDataFrame(
        frame, geometry=points_at(frame["lat"], frame["lon"], SCHOOL_DEGREES).to_crs(METRES)
    )
    points = points[points.distance(home) <= 1000.0 * within_km].reset_index(drop=True)
    points["setting"] = points["name"] + " (" + points["urn"].astype("str") + ")"
    points["located"] = np.where(points["la_code"] == la_code, "local", "elsewhere")
    columns = [
        "setting", "urn", "kind", "type_inferred", "la_code", "age_low", "age_high", "roll", "located", "geometry",
    ]  # fmt: skip
    chosen = points[columns].rename(columns={"type_inferred": "kind_inferred"})
    unsized = chosen.loc[chosen["roll"].isna(), "setting"].tolist()
    if not unsized:
        return Layer(chosen)
    why = f"pupils are not published for {len(unsized)} of {len(chosen)}, which add none: {listed(unsized)}."
    return Layer(chosen, (Note("no_roll", "Special schools nearby", why),))
