"""The map of an authority: wanted places, places within reach and shortfalls, as shapes and as a table.

Every figure by zone is an apportionment of the authority's total, not a count of children living there, and every distance is a
straight line (`forecast.places.geography`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from data.geography import maps, setting_points
from data.panels.history import History
from data.registers.register import in_force
from data.vocabulary import ALL, PHASE_CODES, SPECIALIST_PROVISIONS
from forecast.core.outcome import Outcome
from forecast.places import geography
from forecast.places.allocation import GROUPED
from forecast.presentation import describe, wording, words
from forecast.presentation.published_figures import WANT, averaged
from forecast.presentation.published_figures import shown as shown_figure

REACH_KM = 5.0
"""Distance at which places count as near: about three miles, the statutory walking distance from age 8."""

KINDS: dict[str, str] = {
    "ward": "wards", "district": "districts", "authority": "the whole authority", "msoa": "middle areas", "lsoa": "lower areas"
}  # fmt: skip


@dataclass(frozen=True)
class Layered:
    """A quantity that the map can show.

    Parameters
    ----------
    label, legend
        In the picker, and beside the colours.
    decimals
        Of its numbers.
    column
        Of `MapView.zones`.
    """

    label: str
    legend: str
    decimals: int
    column: str


LAYERS: Mapping[str, Layered] = {
    "demand": Layered("Specialist places wanted", "Specialist places wanted", 0, "wanted"),
    "reach": Layered(
        f"Places within {REACH_KM:g} km",
        f"Places in the authority within {REACH_KM:g} km of the average child",
        0,
        "reach",
    ),
    "pressure": Layered(
        "Pressure: children for each place near",
        f"Children who want a place for each within {REACH_KM:g} km",
        1,
        "pressure",
    ),
}
"""What the map can show."""


@dataclass(frozen=True)
class MapView:
    """The content of the map page.

    Parameters
    ----------
    kind
        What a zone is, in words.
    shapes
        zone_code, zone_name, share, geometry in metres.
    zones
        zone_code, phase ("All" too), january, wanted, reach, pressure (NaN where nobody is in reach).
    around
        name, geometry: the authorities that share a border.
    settings
        setting, provision, places, geometry: settings on the map at the first January forecast.
    notes
        What a reader must know.
    """

    kind: str
    shapes: gpd.GeoDataFrame
    zones: pd.DataFrame
    around: gpd.GeoDataFrame
    settings: gpd.GeoDataFrame
    notes: tuple[str, ...]


def area_map(outcome: Outcome, history: History) -> MapView:
    """Return the map of a run."""
    code = outcome.area.la_code
    zones = maps.zones(code)
    wanted = describe.mean(outcome.shortfall.wanted.sum(("provision", "need_group")))
    shared = geography.demand_by_zone(wanted, zones)
    rows: list[pd.DataFrame] = []
    notes = [shared.label]
    placed = None
    for january in wanted["january"].to_numpy().tolist():
        open_then = in_force(outcome.register, january, statuses=("open", "agreed"))
        open_then = open_then[open_then["provision"].isin(SPECIALIST_PROVISIONS)]
        here = setting_points.settings(open_then, code)
        placed = placed or (open_then, here)
        offers = geography.offers(open_then[open_then["located"] == "local"], GROUPED)
        reach = geography.within_reach(zones, here, offers, [REACH_KM])
        near = reach.places.sel(located="local", within_km=REACH_KM, need_group=ALL)
        for phase in (ALL, *PHASE_CODES):
            children = (
                wanted.sel(january=january) if phase == ALL else wanted.sel(january=january, phase=[phase])
            )
            own = offers[offers["need_group"] == ALL]
            own = own if phase == ALL else own[own["phase"] == phase]
            each = geography.places_per_child(zones, here, own, float(children.sum()), REACH_KM)
            share = zones.frame.set_index("zone_code")["share"]
            rows.append(
                pd.DataFrame(
                    {
                        "zone_code": share.index,
                        "phase": phase,
                        "january": january,
                        "wanted": float(children.sum()) * share.to_numpy(),
                        "reach": (near.sum("phase") if phase == ALL else near.sel(phase=phase))
                        .sel(zone=share.index.tolist())
                        .to_numpy(),
                        # Without a place near there is no number of children for each.
                        "pressure": (1 / each.where(each > 0)).sel(zone=share.index.tolist()).to_numpy(),
                    }
                )
            )
    assert placed is not None
    open_now, layer = placed
    notes += [f"{n.what}: {n.why}" for n in (*zones.notes, *layer.notes)]
    return MapView(
        kind=KINDS[zones.kind],
        shapes=zones.frame[["zone_code", "zone_name", "share", "geometry"]],
        zones=pd.concat(rows, ignore_index=True),
        around=maps.neighbours(code).frame[["name", "geometry"]],
        settings=_settings(open_now, layer.frame),
        notes=tuple(dict.fromkeys(notes)),
    )


def _settings(rows: pd.DataFrame, points: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the settings on the map with their places."""
    total = rows.groupby(["setting", "provision"])["places"].sum()
    keys = zip(points["setting"], points["provision"], strict=True)
    named = points.assign(
        places=[float(total.get(key, 0.0)) for key in keys],
        provision=[words.SHORT_PROVISIONS[p].capitalize() for p in points["provision"]],
    )
    return named[["setting", "provision", "located", "places", "geometry"]].reset_index(drop=True)


def shown(view: MapView, layer: str, phase: str, january: int) -> gpd.GeoDataFrame:
    """Return the shapes with the ``value`` of one layer; 0 for zones without one."""
    rows = view.zones[(view.zones["phase"] == phase) & (view.zones["january"] == january)].set_index(
        "zone_code"
    )
    values = rows[LAYERS[layer].column].reindex(view.shapes["zone_code"]).to_numpy()
    return view.shapes.assign(value=values)


def table(view: MapView, phase: str, january: int) -> pd.DataFrame:
    """Return every layer by zone as text, most wanted places first."""
    rows = view.zones[(view.zones["phase"] == phase) & (view.zones["january"] == january)]
    names = view.shapes.set_index("zone_code")["zone_name"]
    ordered = rows.assign(name=rows["zone_code"].map(names)).sort_values(
        ["wanted", "name"], ascending=[False, True]
    )
    return pd.DataFrame(
        {
            "Area": list(ordered["name"]),
            averaged(WANT): [shown_figure("specialist_wanted", v) for v in ordered["wanted"]],
            averaged(f"Places within {REACH_KM:g} km"): [shown_figure("places", v) for v in ordered["reach"]],
            "Children for each place near": [
                "no place near" if pd.isna(v) else f"{v:.1f}" for v in ordered["pressure"]
            ],
        }
    )


def finding(view: MapView, layer: str, phase: str, january: int) -> str:
    """Return the finding of the map, as a title."""
    frame = shown(view, layer, phase, january)
    known = frame.dropna(subset="value")
    if known.empty:
        return f"No place of this phase within {REACH_KM:g} km of anyone"
    top = known.loc[known["value"].idxmax()]
    if len(frame) == 1:
        return f"{top['zone_name']}: {top['value']:,.{LAYERS[layer].decimals}f}"
    if layer == "pressure":
        return f"{top['zone_name']} has most children for each place near: {top['value']:.1f}"
    least = known.loc[known["value"].idxmin()]
    what = "most places wanted" if layer == "demand" else "most places near"
    most = f"{top['zone_name']} has {what}, about {wording.count(top['value'])}"
    return f"{most}; {least['zone_name']} fewest, {wording.count(least['value'])}"
