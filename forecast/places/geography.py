"""Demand and places on the map: places each zone needs, places within reach, and distances pupils travel.

Equations
---------
``demand[..., zone] = total[..., ] * share[zone]``
    An apportionment, not a count: no zone's children were counted. It adds up to the authority in every draw.
``within reach[d, zone] = mean over the zone's children of the places in settings no farther than d``
    The average child of a zone, not its middle: the middle of a county is near no one. So what is within 8 km is never less
    than what is within 5 km. A place counts for every need group it admits: need groups are not to be added.
``pupils[point, setting] = a[point] * b[setting] * exp(-distance / decay)``
    A gravity model of journeys, solved so that every setting has exactly its pupils and every point its share of them.
``per child[zone] = mean over the zone's children of sum over settings within d of places[setting] / children within d of it``
    Places a child finds once those who live as near share them: two-step floating catchment areas (Luo and Wang, 2003). Summed
    over children it is the places of all settings that anyone can reach, so no place is counted twice.

Every distance is a straight line; journeys by road are longer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from data.geography.maps import Layer, Zones
from data.geography.setting_points import distances_km
from data.registers.register import phase_shares
from data.vocabulary import ALL, PHASE_CODES

APPORTIONMENT = "An apportionment of the authority's total, not a count of children living there."
"""Goes beside every figure of demand by zone."""

ESTIMATE = "An estimate: straight-line distance, with pupils spread over settings by a gravity model; no home address was used."
"""Goes beside every figure of journeys."""

REACH_KM: tuple[float, ...] = (3.0, 5.0, 8.0)
"""Distances asked about: about the statutory walking distances (2 miles under 8 years, 3 miles from 8), and 5 miles."""

LONG_KM = 8.0
"""A straight-line journey beyond this is long."""

DECAY_KM = 5.0
"""Length over which the pull of a setting falls by a factor e. An assumption: no published journeys to fit it to."""

SHORTEST_DECAY_KM = 0.5
"""Below this the gravity model is the nearest-setting rule, and does not settle."""

NOT_KNOWN = "not_known"
"""Need group of places whose needs are not published."""

FARTHEST_DECAYS = 50.0
"""Detours beyond this many decays count alike: the pull stays a number, and a balance always exists."""

TOLERANCE = 1e-9
"""Largest share of a cell's pupils by which any point may miss its target."""

STEPS = 5_000
"""Most rounds of balancing."""


@dataclass(frozen=True, eq=False)
class ZoneDemand:
    """An authority's demand divided between its zones: an apportionment, not a count.

    Parameters
    ----------
    total
        Demand of the authority, any dims (draw, january, phase, need_group ...).
    zones
        The zones and their shares.
    label
        What a reader must be told beside every figure.
    """

    total: xr.DataArray
    zones: Zones
    label: str

    def shares(self) -> xr.DataArray:
        """Return the share of demand of each zone, dims (zone,); shares sum to 1."""
        frame = self.zones.frame
        return xr.DataArray(
            frame["share"].to_numpy(dtype=float),
            dims="zone",
            coords={
                "zone": frame["zone_code"].to_numpy(dtype=str),
                "zone_name": ("zone", frame["zone_name"].to_numpy(dtype=str)),
            },
        )

    def values(self) -> xr.DataArray:
        """Return demand by zone, with ``zone`` as last dimension; zones sum to ``total`` in every cell."""
        return self.total * self.shares()

    def of(self, zone_code: str) -> xr.DataArray:
        """Return the demand of one zone, dims of ``total``.

        Raises
        ------
        KeyError
            No zone has that code.
        """
        return self.total * self.shares().sel(zone=zone_code, drop=True)


@dataclass(frozen=True, eq=False)
class Reach:
    """Places within a straight-line distance of the children of each zone.

    Parameters
    ----------
    places
        dims (located, within_km, zone, phase, need_group): places within reach of the zone's average child, in settings of the
        authority (``local``) and of others (``elsewhere``), kept apart because it does not control the latter.
    nothing
        dims (located, within_km, zone): share of the zone's children with no setting in reach.
    off_map
        Settings that offer places but have no point: their places are in no figure.
    """

    places: xr.DataArray
    nothing: xr.DataArray
    off_map: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Journeys:
    """Estimated journeys of specialist pupils to their settings.

    Parameters
    ----------
    pupils
        dims (phase, need_group, zone, setting); sums over zones to the pupils of each setting.
    distances
        One row per phase and one for ``All``: phase, pupils, median_km, p80_km, p95_km, mean_km, beyond_8km (share),
        off_map (pupils in settings without a point, in no distance).
    decay_km
        Decay of the gravity model.
    label
        What a reader must be told beside every figure.
    """

    pupils: xr.DataArray
    distances: pd.DataFrame
    decay_km: float
    label: str


def demand_by_zone(total: xr.DataArray, zones: Zones) -> ZoneDemand:
    """Divide an authority's demand between its zones.

    Parameters
    ----------
    total
        Plans or wanted places, any dims but ``zone``; never negative.
    zones
        From `data.geography.maps.zones`.

    Raises
    ------
    ValueError
        ``total`` has a dimension ``zone`` already, or is negative or missing somewhere.
    """
    if "zone" in total.dims:
        raise ValueError("demand is shared between zones already: pass the authority's total")
    if not bool((total >= 0).all()):
        raise ValueError("demand has negative or missing values: it cannot be shared between zones")
    return ZoneDemand(total, zones, f"{APPORTIONMENT} {zones.basis}")


def offers(rows: pd.DataFrame, need_groups: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Return the places that settings offer, by phase and need group.

    A row whose ages span several phases is shared between them by the number of year groups in each. A place counts in full
    for every need group of which it admits any need, and once in ``All``.

    Parameters
    ----------
    rows
        Rows of a register in force in one January (`data.registers.register.in_force`): setting, provision, needs, age_low,
        age_high, places. ``places`` may be replaced by free places.
    need_groups
        Need group to its need codes.

    Returns
    -------
    pandas.DataFrame
        setting, provision, phase, need_group, places.
    """
    records = []
    for row in rows.to_dict("records"):
        needs = None if row["needs"] == ALL else set(row["needs"].split(";"))
        admitted = [g for g, codes in need_groups.items() if needs is None or needs & set(codes)]
        for phase, share in phase_shares(int(row["age_low"]), int(row["age_high"])):
            records += [
                (row["setting"], row["provision"], phase.code, group, row["places"] * share)
                for group in (*admitted, ALL)
            ]
    return _offer_frame(records)


def offers_of_schools(schools: Layer) -> pd.DataFrame:
    """Return pupils on roll of schools outside the register in the form of `offers`, with need group `NOT_KNOWN`.

    Parameters
    ----------
    schools
        From `data.geography.setting_points.special_schools_nearby`. Schools without a published roll or ages add nothing.
    """
    frame = schools.frame
    sized = frame[frame["roll"].notna() & frame["age_low"].notna() & frame["age_high"].notna()]
    # A published age range may end at 11 or 19, the birthday reached in the last year; ages here are at 31 August.
    records = [
        (row.setting, row.kind, phase.code, group, float(row.roll) * share)
        for row in sized.itertuples()
        for phase, share in phase_shares(int(row.age_low), max(int(row.age_low), int(row.age_high) - 1))
        for group in (NOT_KNOWN, ALL)
    ]
    return _offer_frame(records)


def _offer_frame(records: Sequence[tuple[str, str, str, str, float]]) -> pd.DataFrame:
    columns = ["setting", "provision", "phase", "need_group", "places"]
    frame = pd.DataFrame(records, columns=columns).astype(
        {"setting": "str", "provision": "str", "phase": "str", "need_group": "str", "places": "float64"}
    )
    return frame.groupby(columns[:-1], sort=False)["places"].sum().reset_index()


def within_reach(
    zones: Zones, settings: Layer, offers: pd.DataFrame, within_km: Iterable[float] = REACH_KM
) -> Reach:
    """Return places within straight-line distances of the children of each zone.

    Parameters
    ----------
    zones
        From `data.geography.maps.zones`.
    settings
        Points with ``setting`` and ``located``, from `data.geography.setting_points.settings` or `special_schools_nearby`.
    offers
        setting, phase, need_group, places: all places, or free ones.
    within_km
        Distances in kilometres.
    """
    radii = sorted(set(within_km))
    points = _one_point_each(settings)
    placed, off_map = _on_map(offers, points)
    groups = list(dict.fromkeys([*offers["need_group"], ALL]))
    located = ["local", "elsewhere"]
    grid = _grid(placed, points["setting"].tolist(), groups, "places")
    offering = grid.sum(axis=(1, 2)) > 0
    near = distances_km(zones.points.geometry, points.geometry)
    reached = near[None] <= np.asarray(radii)[:, None, None]
    mine = np.stack([((points["located"] == where).to_numpy() & offering) for where in located])
    chosen = reached[None] & mine[:, None, None, :]
    average = _average_child(zones)
    coords = {"located": located, "within_km": radii, "zone": zones.frame["zone_code"].to_numpy(dtype=str)}
    return Reach(
        places=xr.DataArray(
            np.tensordot(np.einsum("zp,ldps->ldzs", average, chosen.astype(float)), grid, axes=(3, 0)),
            dims=(*coords, "phase", "need_group"),
            coords={**coords, "phase": list(PHASE_CODES), "need_group": groups},
        ),
        nothing=xr.DataArray(
            np.einsum("zp,ldp->ldz", average, (~chosen.any(axis=3)).astype(float)),
            dims=tuple(coords),
            coords=coords,
        ),
        off_map=off_map,
    )


def places_per_child(
    zones: Zones, settings: Layer, places: pd.DataFrame, children: float, within_km: float
) -> xr.DataArray:
    """Return places within reach of each child who wants one, shared with all children near them, dims (zone,).

    Parameters
    ----------
    zones
        From `data.geography.maps.zones`.
    settings
        Points with ``setting``.
    places
        setting, places: a row a setting; settings without a point are left out.
    children
        Children of the authority who want a place, spread as ``zones`` says.
    within_km
        Straight-line distance in kilometres.

    Returns
    -------
    xarray.DataArray
        Places a child; 1 means one for each. NaN where no child wants one.
    """
    points = _one_point_each(settings)
    offered = (
        points["setting"].map(places.groupby("setting")["places"].sum()).fillna(0.0).to_numpy(dtype=float)
    )
    near = (distances_km(zones.points.geometry, points.geometry) <= within_km).astype(float)
    living = children * zones.points["share"].to_numpy(dtype=float)
    wanting = near.T @ living
    each = np.divide(offered, wanting, out=np.zeros_like(offered), where=wanting > 0)
    per_child = _average_child(zones) @ (near @ each) if children > 0 else np.full(len(zones.frame), np.nan)
    return xr.DataArray(per_child, dims="zone", coords={"zone": zones.frame["zone_code"].to_numpy(dtype=str)})


def _average_child(zones: Zones) -> npt.NDArray[np.float64]:
    """Return the weight of each point in the average over its zone's children, dims (zone, point); rows sum to 1."""
    member = _membership(zones, zones.points)
    weights = member * zones.points["share"].to_numpy(dtype=float)
    # Where no demand is expected, every point counts alike.
    weights = np.where(weights.sum(axis=1, keepdims=True) > 0, weights, member)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float64)


def _membership(zones: Zones, points: gpd.GeoDataFrame) -> npt.NDArray[np.float64]:
    """Return 1 where a point belongs to a zone, dims (zone, point)."""
    codes = zones.frame["zone_code"].to_numpy(dtype=str)
    return np.asarray(points["zone_code"].to_numpy(dtype=str)[None, :] == codes[:, None], dtype=np.float64)


def _one_point_each(settings: Layer) -> gpd.GeoDataFrame:
    """Return one point for each setting, shared by its provisions."""
    return settings.frame.drop_duplicates("setting").reset_index(drop=True)


def _on_map(frame: pd.DataFrame, points: gpd.GeoDataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    known = frame["setting"].isin(points["setting"])
    return frame[known], tuple(dict.fromkeys(frame.loc[~known, "setting"]))


def _grid(
    frame: pd.DataFrame, settings: Sequence[str], groups: Sequence[str], value: str
) -> npt.NDArray[np.float64]:
    """Return a column on the full grid (setting, phase, need_group), with zeros for missing rows."""
    index = pd.MultiIndex.from_product([settings, PHASE_CODES, groups])
    summed = frame.groupby(["setting", "phase", "need_group"])[value].sum().reindex(index, fill_value=0.0)
    return summed.to_numpy(dtype=np.float64).reshape(len(settings), len(PHASE_CODES), len(groups))


def journeys(zones: Zones, settings: Layer, filled: pd.DataFrame, decay_km: float = DECAY_KM) -> Journeys:
    """Estimate how far specialist pupils travel, given the number in each setting.

    Pupils of every phase and need group are taken to live where the authority's demand does (``zones.points``). Who goes where
    is a doubly constrained gravity model: settings keep exactly their pupils, points their shares to `TOLERANCE` where
    `STEPS` rounds reach it. A longer ``decay_km`` means homes matter less; short ones come near to
    everyone in the nearest setting with room.

    Parameters
    ----------
    zones
        From `data.geography.maps.zones`.
    settings
        From `data.geography.setting_points.settings`.
    filled
        setting, phase, need_group, pupils: resident pupils by setting (real numbers). ``All`` must not be among the groups.
    decay_km
        Decay of the gravity model, at least `SHORTEST_DECAY_KM`.

    Raises
    ------
    ValueError
        Pupils are negative or missing, a group is ``All``, or the decay is too short.
    """
    if not decay_km >= SHORTEST_DECAY_KM:
        raise ValueError(f"decay_km is {decay_km}; use {SHORTEST_DECAY_KM} km or more")
    if not (filled["pupils"] >= 0).all():
        raise ValueError("pupils by setting has negative or missing values")
    if (filled["need_group"] == ALL).any():
        raise ValueError(f"pupils by setting holds the group '{ALL}': pupils would be counted twice")
    points = _one_point_each(settings)
    placed, _ = _on_map(filled, points)
    groups = list(dict.fromkeys(filled["need_group"]))
    grid = _grid(placed, points["setting"].tolist(), groups, "pupils")
    cells = grid.reshape(len(points), len(PHASE_CODES) * len(groups)).T
    homes = zones.points[zones.points["share"] > 0]
    distance = distances_km(homes.geometry, points.geometry)
    flows = _balanced(homes["share"].to_numpy(dtype=float), cells, distance, decay_km)
    by_phase = flows.reshape(len(PHASE_CODES), len(groups), *distance.shape)
    codes = zones.frame["zone_code"].to_numpy(dtype=str)
    pupils = xr.DataArray(
        np.einsum("zp,agps->agzs", _membership(zones, homes), by_phase),
        dims=("phase", "need_group", "zone", "setting"),
        coords={
            "phase": list(PHASE_CODES),
            "need_group": groups,
            "zone": codes,
            "setting": points["setting"].to_numpy(dtype=str),
        },
    )
    missing = filled[~filled["setting"].isin(placed["setting"])].groupby("phase")["pupils"].sum()
    weights = by_phase.sum(axis=1)
    rows = [
        _distribution(phase, distance, weights[i], float(missing.get(phase, 0.0)))
        for i, phase in enumerate(PHASE_CODES)
    ]
    rows.append(_distribution(ALL, distance, weights.sum(axis=0), float(missing.sum())))
    label = f"{ESTIMATE} Pull of a setting falls by a factor e every {decay_km:g} km (assumed). {zones.basis}"
    if missing.sum() > 0:
        label += (
            f" {missing.sum():,.0f} pupils are in settings without a point, many of them in other authorities, and in no "
            "distance: the true share of long journeys is higher."
        )
    return Journeys(pupils, pd.DataFrame(rows), decay_km, label)


def _balanced(
    shares: npt.NDArray[np.float64],
    cells: npt.NDArray[np.float64],
    distance: npt.NDArray[np.float64],
    decay_km: float,
) -> npt.NDArray[np.float64]:
    """Return pupils by (cell, point, setting): sums over points and settings match ``cells`` and ``shares``."""
    totals = cells.sum(axis=1)
    flows = np.zeros((len(cells), *distance.shape))
    live = totals > 0
    if not live.any():
        return flows
    # Taking the least off each row and column changes no balanced flow and keeps exp() from vanishing.
    slack = distance - distance.min(axis=1, keepdims=True)
    slack = slack - slack.min(axis=0, keepdims=True)
    pull = np.exp(-np.minimum(slack / decay_km, FARTHEST_DECAYS))
    columns = cells[live] / totals[live, None]
    b = np.ones_like(columns)
    # Where homes and settings are many decays apart a balance is slow: settings stay exact, homes as near as it gets.
    for _ in range(STEPS):
        a = shares / (b @ pull.T)
        b = columns / (a @ pull)
        if np.abs(a * (b @ pull.T) - shares).max() <= TOLERANCE:
            break
    flows[live] = totals[live, None, None] * a[:, :, None] * b[:, None, :] * pull
    return flows


def _distribution(
    phase: str, distance: npt.NDArray[np.float64], weights: npt.NDArray[np.float64], off_map: float
) -> dict[str, str | float]:
    pupils = float(weights.sum())
    known = pupils > 0
    median, p80, p95 = (
        np.quantile(distance, (0.5, 0.8, 0.95), weights=weights, method="inverted_cdf")
        if known
        else (np.nan, np.nan, np.nan)
    )
    return {
        "phase": phase,
        "pupils": pupils,
        "median_km": median,
        "p80_km": p80,
        "p95_km": p95,
        "mean_km": float((distance * weights).sum() / pupils) if known else np.nan,
        "beyond_8km": float(weights[distance > LONG_KM].sum() / pupils) if known else np.nan,
        "off_map": off_map,
    }


def nearest_with_room(
    settings: Layer,
    free: pd.DataFrame,
    setting: str,
    phase: str,
    need_group: str,
    *,
    at_least: float = 1.0,
    count: int = 5,
) -> pd.DataFrame:
    """Return the nearest settings with free places for a child whose own setting is full.

    Parameters
    ----------
    settings
        Points, from `data.geography.setting_points.settings`.
    free
        setting, phase, need_group, places: free places (`offers` of rows whose places are the free ones).
    setting
        The full setting, never in the answer.
    phase, need_group
        What the child needs.
    at_least
        Free places that count as room.
    count
        Most settings to return.

    Returns
    -------
    pandas.DataFrame
        setting, located, distance_km, places; nearest first. Empty where none has room.

    Raises
    ------
    KeyError
        The setting has no point on the map, or the phase is not one of `PHASE_CODES`.
    """
    points = _one_point_each(settings)
    if phase not in PHASE_CODES:
        raise KeyError(f"'{phase}' is not a phase; use {', '.join(PHASE_CODES)}")
    here = points[points["setting"] == setting]
    if here.empty:
        raise KeyError(f"'{setting}' has no point on the map, so distances from it are not known")
    fits = free[(free["phase"] == phase) & (free["need_group"] == need_group)]
    room = fits.groupby("setting")["places"].sum()
    candidates = points[(points["setting"] != setting) & points["setting"].isin(room.index[room >= at_least])]
    frame = pd.DataFrame(
        {
            "setting": candidates["setting"].to_numpy(dtype=str),
            "located": candidates["located"].to_numpy(dtype=str),
            "distance_km": distances_km(here.geometry, candidates.geometry)[0],
            "places": room.reindex(candidates["setting"]).to_numpy(dtype=float),
        }
    )
    return frame.sort_values(["distance_km", "setting"], ignore_index=True).head(count)
