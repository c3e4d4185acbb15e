"""Charts of places wanted against places available, for one phase and provision."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from forecast.presentation import words
from forecast.presentation.published_figures import PLACED, WANT, in_table
from forecast.presentation.summary import RunOut
from forecast.ui.components.chart_cache import once
from forecast.ui.components.charts.figure import (
    CHILDREN,
    GREY,
    JANUARY_TOOLTIP,
    NAVY,
    PLUM,
    Figure,
    count_axis,
    interval_tooltip,
    make_figure,
    with_dates,
    year_axis,
)

PLACES_KEY = (
    "Dashed line and shading: want a place, middle and 80 % interval. Dotted line: placed, middle. Solid stepped "
    "line: places there are. "
    "Diamond: placed now."
)

CLOSE = 0.12
"""Two line ends nearer than this share of the axis would write their names over each other."""


@once
def places(places: pd.DataFrame, run_out: RunOut, area: str) -> Figure:
    """Return a chart of places wanted against places available, for one phase and provision.

    Parameters
    ----------
    places
        From `forecast.ui.views.places.places_frame`.
    run_out
        When the places run out; its phase and provision are drawn.
    area
        Name of the authority.
    """
    rows = places[
        (places["phase"] == run_out.phase) & (places["provision"] == run_out.provision)
    ].sort_values("january")
    ahead = rows[rows["q50"].notna()]
    now, first, last = rows[rows["placed"].notna()], ahead.iloc[0], ahead.iloc[-1]
    kind = (
        f"{words.PHASE_LABELS[run_out.phase].lower()} places in {words.SHORT_PROVISIONS[run_out.provision]}"
    )
    description = f"Line chart of {kind} in {area}. "
    if len(now):
        counted = now.iloc[0]
        description += f"{counted['placed']:,.0f} residents placed in January {counted['january']}. "
    wanted = [in_table("specialist_wanted", end) for end in (first, last)]
    description += (
        f"Want a place: {wanted[0]} in January {first['january']}, {wanted[1]} in "
        f"{last['january']}, with 80 % intervals. Placed: {last['filled']:,.0f} in {last['january']}. Places: "
        f"{first['places']:,.0f} "
        f"in {first['january']}, {last['places']:,.0f} in {last['january']}."
    )
    x, unit = year_axis(rows), CHILDREN
    rows, ahead, now = with_dates(rows), with_dates(ahead), with_dates(now)
    band = alt.Chart(ahead).mark_area(color=NAVY, opacity=0.22)
    band = band.encode(x=x, y=count_axis("q10", unit), y2="q90:Q")
    wanted = alt.Chart(ahead).mark_line(color=NAVY, strokeWidth=2, strokeDash=[6, 4])
    wanted = wanted.encode(x=x, y=count_axis("q50", unit), tooltip=interval_tooltip(WANT))
    filled = alt.Chart(ahead).mark_line(color=GREY, strokeWidth=2, strokeDash=[2, 3])
    filled = filled.encode(
        x=x,
        y=count_axis("filled", unit),
        tooltip=[JANUARY_TOOLTIP, alt.Tooltip("filled:Q", title=f"{PLACED}, middle", format=",.0f")],
    )
    # Places of an academic year hold until the next, hence the steps.
    there = alt.Chart(rows[rows["places"].notna()]).mark_line(
        color=PLUM, strokeWidth=3, interpolate="step-after"
    )
    there = there.encode(
        x=x,
        y=count_axis("places", unit),
        tooltip=[JANUARY_TOOLTIP, alt.Tooltip("places:Q", title="Places", format=",.0f")],
    )
    placed = alt.Chart(now).mark_point(color=GREY, shape="diamond", filled=True, size=90, opacity=1)
    placed = placed.encode(
        x=x,
        y=count_axis("placed", unit),
        tooltip=[JANUARY_TOOLTIP, alt.Tooltip("placed:Q", title=f"{PLACED} now", format=",.0f")],
    )
    # Names sit above the ends of their lines; where the ends are close the lower name goes below its line.
    close = abs(last["q50"] - last["places"]) < CLOSE * max(rows["q90"].max(), rows["places"].max())
    higher = last["q50"] >= last["places"]
    layers = band + there + filled + wanted + placed
    layers += _name(last, "q50", WANT, NAVY, below=close and not higher)
    layers += _name(last, "places", "Places", PLUM, below=close and higher)
    at = ahead[ahead["january"] == run_out.january]
    enough = bool((at["q50"] <= at["places"]).any())
    return make_figure(places_title(run_out, enough=enough), PLACES_KEY, description, layers, 280)


def _name(last: pd.Series, column: str, says: str, colour: str, *, below: bool) -> alt.Chart:
    """Return the name of a line as a mark at its end."""
    end = pd.DataFrame({"january": [int(last["january"])], "value": [float(last[column])]})
    side: dict[str, Any] = {"dy": 6, "baseline": "top"} if below else {"dy": -5, "baseline": "bottom"}
    text = alt.Chart(with_dates(end)).mark_text(
        text=says, color=colour, align="right", fontSize=13, fontWeight="bold", **side
    )
    named: alt.Chart = text.encode(x=alt.X("date:T"), y="value:Q")
    return named


def places_title(run_out: RunOut, *, enough: bool = False) -> str:
    """Return the title of a chart of places; ``enough`` says that places suffice, though for other ages or needs."""
    kind = words.SHORT_PROVISIONS[run_out.provision]
    kind = kind[0].upper() + kind[1:]
    if run_out.january is None:
        return f"{kind}: {'could' if run_out.probability >= words.COULD_RUN_OUT else 'not likely to'} run out"
    some = ", for some ages or needs" if enough else ""
    return f"{kind}: {'short from' if run_out.from_start else 'run out by'} January {run_out.january}{some}"
