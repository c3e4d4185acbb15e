"""Charts: functions from finished frames to Altair charts, each with a finding for a title and a description.

Invariant: nothing is told by colour alone (lines differ by dash, points by shape), years are whole Januaries
and no chart holds more than four series. Titles are text above the chart, because text wraps on a narrow
screen and a chart's own title does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd

from forecast import words
from forecast.summary import RunOut
from forecast.ui.views import ESTIMATED, FORECAST, MISSING, PUBLISHED, interval, listed

NAVY, PLUM, GREY = "#12436D", "#801650", "#3D3D3D"
"""Colours of the Government Analysis Function that read well on white, as lines and as words."""

PLANS_KEY = (
    "Round points: published each January. Dashed line: middle of the forecast. Shading: 80 % interval."
)
SPLICED_KEY = "Triangles: estimated from the former authority."
PLACES_KEY = (
    "Dashed line and shading: wanted, middle and 80 % interval. Solid stepped line: places there are. "
    "Diamond: residents placed now."
)

CLOSE = 0.12
"""Two line ends nearer than this share of the axis would write their names over each other."""

_AXIS: dict[str, Any] = {"labelFontSize": 13, "titleFontSize": 13, "labelColor": GREY, "titleColor": GREY}
_UNIT = "Children and young people"
_JANUARY = alt.Tooltip("january:Q", title="January", format="d")


@dataclass(frozen=True)
class Figure:
    """A chart with the words it needs.

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
    """

    title: str
    key: str
    description: str
    chart: alt.LayerChart


def plans(plans: pd.DataFrame, area: str) -> Figure:
    """Return EHC plans each January, past and forecast, from `forecast.ui.views.plans_frame`."""
    past = plans[plans["kind"].isin([PUBLISHED, ESTIMATED])]
    ahead = plans[plans["kind"] == FORECAST]
    latest, first = past.iloc[-1], past.iloc[0]
    mid, last = ahead.iloc[min(4, len(ahead) - 1)], ahead.iloc[-1]
    title = (
        f"EHC plans {_direction(float(latest['q50']), mid)} {words.rounded(mid['q50'])} by {mid['january']}"
    )
    description = (
        f"Line chart of EHC plans in {area} each January: {first['q50']:,.0f} in {first['january']}, "
        f"{latest['q50']:,.0f} in {latest['january']}; forecast {interval(mid)} in {mid['january']} "
        f"and {interval(last)} in {last['january']}, with 80 % intervals."
    )
    missing = plans.loc[plans["kind"] == MISSING, "january"]
    if len(missing):
        description += f" No figure for {listed(missing)}."
    # The forecast starts at the last published point, so that the two do not look unconnected.
    joined = pd.concat([past.tail(1), ahead])
    x = _years(plans)
    band = alt.Chart(joined).mark_area(color=NAVY, opacity=0.22)
    band = band.encode(x=x, y=_count("q10", "EHC plans"), y2="q90:Q")
    middle = alt.Chart(joined).mark_line(color=NAVY, strokeWidth=2, strokeDash=[6, 4])
    middle = middle.encode(x=x, y=_count("q50", "EHC plans"), tooltip=_tooltip("EHC plans"))
    # Gaps stay gaps: a missing January is a null value in the line.
    history = alt.Chart(plans[plans["kind"] != FORECAST]).mark_line(color=GREY, strokeWidth=2)
    history = history.encode(x=x, y=_count("q50", "EHC plans"))
    points = (
        alt.Chart(past)
        .mark_point(color=GREY, filled=True, opacity=1, size=45)
        .encode(
            x=x,
            y=_count("q50", "EHC plans"),
            shape=alt.Shape(
                "kind:N",
                scale=alt.Scale(domain=[PUBLISHED, ESTIMATED], range=["circle", "triangle-up"]),
                legend=None,
            ),
            tooltip=[
                _JANUARY,
                alt.Tooltip("q50:Q", title="EHC plans", format=",.0f"),
                alt.Tooltip("kind:N", title="Basis"),
            ],
        )
    )
    key = f"{PLANS_KEY} {SPLICED_KEY}" if (past["kind"] == ESTIMATED).any() else PLANS_KEY
    return _figure(title, key, description, band + middle + history + points, 340)


def places(places: pd.DataFrame, found: RunOut, area: str) -> Figure:
    """Return places wanted against places there are, for one phase and provision.

    Parameters
    ----------
    places
        From `forecast.ui.views.places_frame`.
    found
        When the places run out; its phase and provision are drawn.
    area
        Name of the authority.
    """
    rows = places[(places["phase"] == found.phase) & (places["provision"] == found.provision)].sort_values(
        "january"
    )
    now, ahead = rows[rows["placed"].notna()], rows[rows["q50"].notna()]
    counted, first, last = now.iloc[0], ahead.iloc[0], ahead.iloc[-1]
    kind = f"{words.PHASE_LABELS[found.phase].lower()} places in {words.SHORT_PROVISIONS[found.provision]}"
    description = (
        f"Line chart of {kind} in {area}. {counted['placed']:,.0f} residents placed in January "
        f"{counted['january']}. Wanted: {interval(first)} in January {first['january']}, {interval(last)} in "
        f"{last['january']}, with 80 % intervals. Places: {first['places']:,.0f} in {first['january']}, "
        f"{last['places']:,.0f} in {last['january']}."
    )
    x, unit = _years(rows), _UNIT
    band = alt.Chart(ahead).mark_area(color=NAVY, opacity=0.22)
    band = band.encode(x=x, y=_count("q10", unit), y2="q90:Q")
    wanted = alt.Chart(ahead).mark_line(color=NAVY, strokeWidth=2, strokeDash=[6, 4])
    wanted = wanted.encode(x=x, y=_count("q50", unit), tooltip=_tooltip("Wanted"))
    # Places of an academic year hold until the next, hence the steps.
    there = alt.Chart(rows).mark_line(color=PLUM, strokeWidth=3, interpolate="step-after")
    there = there.encode(
        x=x,
        y=_count("places", unit),
        tooltip=[_JANUARY, alt.Tooltip("places:Q", title="Places", format=",.0f")],
    )
    placed = alt.Chart(now).mark_point(color=GREY, shape="diamond", filled=True, size=90, opacity=1)
    placed = placed.encode(
        x=x,
        y=_count("placed", unit),
        tooltip=[_JANUARY, alt.Tooltip("placed:Q", title="Residents placed", format=",.0f")],
    )
    # Names sit above the ends of their lines; where the ends are close the lower name goes below its line.
    close = abs(last["q50"] - last["places"]) < CLOSE * max(rows["q90"].max(), rows["places"].max())
    higher = last["q50"] >= last["places"]
    layers = band + there + wanted + placed
    layers += _name(last, "q50", "Wanted", NAVY, below=close and not higher)
    layers += _name(last, "places", "Places", PLUM, below=close and higher)
    return _figure(places_title(found), PLACES_KEY, description, layers, 280)


def _name(last: pd.Series, column: str, says: str, colour: str, *, below: bool) -> alt.Chart:
    """Return the name of a line, at its end."""
    text = alt.Chart(pd.DataFrame({"january": [int(last["january"])], "value": [float(last[column])]}))
    side: dict[str, Any] = {"dy": 6, "baseline": "top"} if below else {"dy": -5, "baseline": "bottom"}
    text = text.mark_text(text=says, color=colour, align="right", fontSize=13, fontWeight="bold", **side)
    named: alt.Chart = text.encode(x="january:Q", y="value:Q")
    return named


def places_title(found: RunOut) -> str:
    """Return what a chart of places finds."""
    kind = words.SHORT_PROVISIONS[found.provision]
    kind = kind[0].upper() + kind[1:]
    if found.january is None:
        return f"{kind}: {'could' if found.probability >= words.COULD_RUN_OUT else 'not likely to'} run out"
    return f"{kind}: {'short from' if found.from_start else 'run out by'} January {found.january}"


def _direction(now: float, later: pd.Series) -> str:
    """Return what the 80 % interval allows to be said about growth."""
    if later["q10"] > now:
        return "likely to grow to about"
    return "likely to fall to about" if later["q90"] < now else "may grow or fall: about"


def _years(frame: pd.DataFrame) -> alt.X:
    low, high = int(frame["january"].min()), int(frame["january"].max())
    # Half a year of room keeps the first and last points whole.
    return alt.X(
        "january:Q",
        title="January",
        scale=alt.Scale(domain=[low - 0.5, high + 0.5], nice=False),
        axis=alt.Axis(format="d", tickMinStep=1, grid=False, labelOverlap=True, **_AXIS),
    )


def _count(column: str, title: str) -> alt.Y:
    return alt.Y(
        f"{column}:Q",
        title=title,
        scale=alt.Scale(zero=True),
        axis=alt.Axis(format=",.0f", tickMinStep=1, tickCount=6, **_AXIS),
    )


def _tooltip(what: str) -> list[alt.Tooltip]:
    return [
        _JANUARY,
        alt.Tooltip("q50:Q", title=f"{what}, middle", format=",.0f"),
        alt.Tooltip("q10:Q", title="80 % interval from", format=",.0f"),
        alt.Tooltip("q90:Q", title="to", format=",.0f"),
    ]


def _figure(title: str, key: str, description: str, layers: alt.LayerChart, height: int) -> Figure:
    chart = layers.properties(height=height, description=description)
    return Figure(title, key, description, chart)
