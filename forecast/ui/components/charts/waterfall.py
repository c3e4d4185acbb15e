"""Waterfall charts: bars that each begin where the one before ends, for plans, scenarios and cost.

Invariant: the parts add up from the first total to the last.
"""

from __future__ import annotations

from textwrap import wrap

import altair as alt
import pandas as pd

from forecast.ui.components.charts.figure import (
    AXIS_STYLE,
    NAVY,
    PLUM,
    Figure,
    make_figure,
)

WATERFALL_KEY = (
    "Bars begin where the one before ends. Dark bars are totals, plum bars add plans, grey bars take plans "
    "away. Lines across: 80 % "
    "interval of each part."
)

LABEL_WIDTH = 21
"""Characters of a line of a bar's name."""


def step_bars(
    steps: pd.DataFrame, axis: str, title: str, key: str, description: str, *, zero: bool = True
) -> Figure:
    """Return a waterfall chart: label, start, end, low, high, kind ("total", "more", "fewer") and change of each bar.

    Where ``zero`` is False the axis begins near the parts, because they are small beside the totals.
    """
    # Long names take several lines, so that bars keep their room on a narrow screen.
    steps = steps.assign(label=["|".join(wrap(text, LABEL_WIDTH)) for text in steps["label"]])
    parts = steps[steps["kind"] != "total"]
    order = steps["label"].tolist()
    y = alt.Y(
        "label:N",
        sort=order,
        title=None,
        axis=alt.Axis(labelExpr="split(datum.label, '|')", labelLimit=170, **AXIS_STYLE),
    )
    colour = alt.Color(
        "kind:N",
        scale=alt.Scale(domain=["total", "more", "fewer"], range=[NAVY, PLUM, "#6F777B"]),
        legend=None,
    )
    scale = alt.Scale(zero=True)
    if not zero and len(parts):
        # Levers move little of a large total, so the axis begins near it: bars of totals are cut, and the key says so.
        reach = pd.concat([steps["end"], parts["start"], parts["low"], parts["high"]])
        room = 0.15 * (reach.max() - reach.min()) or 1.0
        low = max(0.0, reach.min() - room) if reach.min() >= 0 else reach.min() - room
        scale = alt.Scale(domain=[low, reach.max() + room], nice=True, zero=False)
        steps = steps.assign(start=steps["start"].where(steps["kind"] != "total", low))
        key = f"{key} The axis does not begin at nought."
    bars = alt.Chart(steps).mark_bar(height=18, clip=True)
    bars = bars.encode(
        y=y,
        x=alt.X(
            "start:Q",
            title=axis,
            scale=scale,
            axis=alt.Axis(format=",.6~g" if not zero else ",.0f", tickCount=5, **AXIS_STYLE),
        ),
        x2="end:Q",
        color=colour,
        tooltip=[
            alt.Tooltip("label:N", title="Part"),
            alt.Tooltip("change:Q", title=axis, format="+,.0f" if zero else "+,.4~g"),
        ],
    )
    spread = (
        alt.Chart(parts)
        .mark_rule(color="#0b0c0c", strokeWidth=2, clip=True)
        .encode(y=y, x="low:Q", x2="high:Q")
    )
    return make_figure(title, key, description, bars + spread, 68 * len(steps))
