"""A figure (a chart with title, key and description), and the axes, colours and years that all charts share.

Invariant: nothing is told by colour alone (lines differ by dash, points by shape, zones by a number), years are the first of
January, there is one scale a side and no chart holds more than four series. Titles are text above the chart, because text
wraps on a narrow screen and a chart's own title does not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import altair as alt
import pandas as pd

NAVY, TEAL, PLUM, ORANGE, GREY = "#12436D", "#28A197", "#801650", "#F46A25", "#3D3D3D"
"""Colours of the Government Analysis Function for categories; teal and orange are for marks only, never for words."""

AXIS_STYLE: dict[str, Any] = {
    "labelFontSize": 13,
    "titleFontSize": 13,
    "labelColor": GREY,
    "titleColor": GREY,
}

LEGEND_STYLE: dict[str, Any] = {
    "labelColor": GREY,
    "titleColor": GREY,
    "titleFontSize": 13,
    "labelFontSize": 13,
}

CHILDREN = "Children and young people"
"""Title of an axis of counts of people."""

JANUARY_TOOLTIP = alt.Tooltip("january:Q", title="January", format="d")


@dataclass(frozen=True)
class Figure:
    """A chart with its title, key and description.

    Parameters
    ----------
    title
        The finding, ten words or so.
    key
        How to read the marks.
    description
        What the chart shows, for people who cannot see it.
    chart
        The chart; its description is the same text.
    name
        Told apart from every other figure, so that what was made of it is known again.
    """

    title: str
    key: str
    description: str
    chart: alt.LayerChart
    name: str = field(default_factory=lambda: uuid4().hex, compare=False, repr=False)


def with_dates(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with a column ``date``, the first of January of each year."""
    return frame.assign(date=pd.to_datetime(frame["january"].astype("int64").astype("str") + "-01-01"))


def year_axis(frame: pd.DataFrame, title: str = "January") -> alt.X:
    """Return the axis of years of a frame with the column ``january``; ``title`` says what a year means."""
    low, high = int(frame["january"].min()), int(frame["january"].max())
    # Half a year of room keeps the first and last points whole. UTC, so that no reader's clock moves a January into December.
    ends = [
        alt.DateTime(year=low - 1, month=7, date=1, utc=True),
        alt.DateTime(year=high, month=7, date=1, utc=True),
    ]
    return alt.X(
        "date:T",
        title=title,
        scale=alt.Scale(type="utc", domain=ends, nice=False),
        axis=alt.Axis(
            format="%Y",
            tickCount={"interval": "year", "step": 1},
            grid=False,
            labelOverlap=True,
            **AXIS_STYLE,
        ),
    )


def count_axis(column: str, title: str) -> alt.Y:
    """Return an axis of children, plans or places that begins at 0."""
    return alt.Y(
        f"{column}:Q",
        title=title,
        scale=alt.Scale(zero=True),
        axis=alt.Axis(format=",.0f", tickMinStep=1, tickCount=6, **AXIS_STYLE),
    )


def level_axis(column: str, title: str = "EHC plans") -> alt.Y:
    """Return an axis of plans that need not begin at 0, because differences matter here."""
    return alt.Y(
        f"{column}:Q",
        title=title,
        scale=alt.Scale(zero=False),
        axis=alt.Axis(format=",.0f", tickCount=6, **AXIS_STYLE),
    )


def interval_tooltip(what: str) -> list[alt.Tooltip]:
    """Return the tooltip of a forecast point: its January, middle and 80 % interval."""
    return [
        JANUARY_TOOLTIP,
        alt.Tooltip("q50:Q", title=f"{what}, middle", format=",.0f"),
        alt.Tooltip("q10:Q", title="80 % interval from", format=",.0f"),
        alt.Tooltip("q90:Q", title="to", format=",.0f"),
    ]


def make_figure(title: str, key: str, description: str, layers: alt.LayerChart, height: int) -> Figure:
    """Return layers as a figure whose chart includes its description, ``height`` in pixels."""
    chart = layers.properties(height=height, description=description)
    return Figure(title, key, description, chart)
