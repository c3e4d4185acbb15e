"""Maps of zones shaded by a value, with settings and the authorities around, drawn without map tiles.

Invariant: outlines are in whole metres, and each zone's number is written on it where there is room.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import geopandas as gpd
import pandas as pd

from data.vocabulary import SPECIALIST_PROVISIONS
from forecast.presentation import words
from forecast.ui.components.chart_cache import once
from forecast.ui.components.charts.figure import (
    LEGEND_STYLE,
    PLUM,
    Figure,
    make_figure,
)

SHADES: tuple[str, ...] = ("#E6EDF3", "#B4C8DA", "#6990B5", "#2B6299", "#12436D")
"""Colours of the Government Analysis Function for sizes, light to dark, with a first shade that is told from the page."""

SHAPES_OF_KINDS: dict[str, str] = {
    words.SHORT_PROVISIONS[code].capitalize(): shape
    for code, shape in zip(SPECIALIST_PROVISIONS, ("diamond", "square", "triangle-up"), strict=True)
}
"""Kind of setting to its mark on a map."""

LABELLED = 60
"""Most zones whose numbers are written on a map."""


@once
def zones(
    shapes: gpd.GeoDataFrame,
    around: gpd.GeoDataFrame,
    settings: gpd.GeoDataFrame,
    *,
    what: str,
    title: str,
    description: str,
    decimals: int = 0,
) -> Figure:
    """Return a map of zones shaded by a value, with settings and the neighbouring authorities.

    Parameters
    ----------
    shapes
        zone_name, value, geometry in metres.
    around
        name, geometry in metres: drawn as context.
    settings
        setting, provision, places, geometry (points in metres).
    what
        Name of the value, for the legend.
    title, description
        What it finds, and for people who cannot see it.
    decimals
        Of the numbers on the map.
    """
    fmt = f",.{decimals}f"
    west, south, east, north = shapes.total_bounds
    room = 0.06 * max(east - west, north - south)
    near = around.clip((west - room, south - room, east + room, north + room))
    context = alt.Chart(_shapes(near, ["name"])).mark_geoshape(
        aria=False, fill="#F3F2F1", stroke="#B1B4B6", strokeWidth=1
    )
    filled = alt.Chart(_shapes(shapes, ["zone_name", "value"])).mark_geoshape(
        aria=False, stroke="#FFFFFF", strokeWidth=1.2
    )
    filled = filled.encode(
        color=alt.Color(
            "properties.value:Q",
            scale=alt.Scale(type="quantize", range=list(SHADES), nice=True),
            legend=alt.Legend(
                **LEGEND_STYLE,
                title=what, orient="bottom", direction="horizontal", format=fmt,
                titleLimit=280, gradientLength=240, type="gradient",
            ),
        ),
        tooltip=[
            alt.Tooltip("properties.zone_name:N", title="Area"),
            alt.Tooltip("properties.value:Q", title=what, format=fmt),
        ],
    )  # fmt: skip
    layers = [context, filled]
    if len(settings):
        spots = pd.DataFrame(
            {
                "x": settings.geometry.x, "y": settings.geometry.y, "setting": settings["setting"],
                "provision": settings["provision"], "places": settings["places"],
            }
        )  # fmt: skip
        marks = alt.Chart(spots).mark_point(
            filled=True, opacity=1, size=80, stroke="#FFFFFF", strokeWidth=1.2
        )
        kinds = kinds_shown(settings)
        layers.append(
            marks.encode(
                longitude="x:Q",
                latitude="y:Q",
                shape=alt.Shape(
                    "provision:N",
                    scale=alt.Scale(domain=kinds, range=[SHAPES_OF_KINDS[k] for k in kinds]),
                    legend=None,
                ),
                color=alt.value(PLUM),
                tooltip=[
                    alt.Tooltip("setting:N", title="Setting"),
                    alt.Tooltip("provision:N", title="Kind"),
                    alt.Tooltip("places:Q", title="Places", format=",.0f"),
                ],
            )
        )
    if 1 < len(shapes) <= LABELLED:
        middles = shapes.geometry.representative_point()
        spots = pd.DataFrame({"x": middles.x, "y": middles.y, "value": shapes["value"]})
        for halo in (True, False):
            mark: dict[str, Any] = (
                {"stroke": "#FFFFFF", "strokeWidth": 3, "strokeOpacity": 0.9} if halo else {}
            )
            text = alt.Chart(spots).mark_text(fontSize=12, fontWeight="bold", color="#0b0c0c", **mark)
            layers.append(text.encode(longitude="x:Q", latitude="y:Q", text=alt.Text("value:Q", format=fmt)))
    chart = (
        alt.layer(*layers)
        .project(type="identity", reflectY=True)
        .resolve_scale(color="independent", shape="independent")
    )
    marked = "; ".join(
        f"{SHAPES_OF_KINDS[k].removesuffix('-up')}s: {k.lower()}" for k in kinds_shown(settings)
    )
    key = (
        "Darker is more; the number is written on each area. Grey: authorities around. "
        f"{marked[:1].upper()}{marked[1:]}{'. ' if marked else ''}No map tiles, no address of any child."
    )
    return make_figure(title, key, description, chart, 520)


def kinds_shown(settings: gpd.GeoDataFrame) -> list[str]:
    """Return the kinds of setting on a map, in the order of the vocabulary."""
    return [kind for kind in SHAPES_OF_KINDS if kind in set(settings["provision"])]


def _shapes(frame: gpd.GeoDataFrame, columns: Sequence[str]) -> alt.InlineData:
    """Return outlines as inline GeoJSON in whole metres."""
    slim = gpd.GeoDataFrame(frame[[*columns, "geometry"]], geometry="geometry", crs=None)
    slim = slim.set_geometry(slim.geometry.set_precision(1.0))
    return alt.InlineData(values=slim.__geo_interface__["features"])
