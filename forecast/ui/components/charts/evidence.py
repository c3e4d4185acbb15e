"""Charts of the track record: earlier forecasts against outcomes, and how often outcomes lay within the interval."""

from __future__ import annotations

import altair as alt
import pandas as pd

from forecast.presentation import wording
from forecast.ui.components.chart_cache import once
from forecast.ui.components.charts.figure import (
    AXIS_STYLE,
    LEGEND_STYLE,
    NAVY,
    PLUM,
    Figure,
    level_axis,
    make_figure,
    with_dates,
    year_axis,
)

RECORD_KEY = (
    "Black line: published plans. Symbols: middle of each earlier forecast, with its 80 % interval; "
    "the shape says when it was made."
)

COVERAGE_KEY = "Bars: share of outcomes inside the 80 % interval. Line: where 80 % would be."


@once
def record(frame: pd.DataFrame, area: str) -> Figure:
    """Return a chart of earlier forecasts of an authority against outcomes.

    Parameters
    ----------
    frame
        `forecast.validation.track_record.TOTALS_COLUMNS` of one authority.
    area
        Its name.
    """
    inside = int(((frame["low_80"] <= frame["actual"]) & (frame["actual"] <= frame["high_80"])).sum())
    title = f"{inside} of {len(frame)} earlier forecasts held the plans that came"
    description = (
        f"Chart of {len(frame)} earlier forecasts of EHC plans in {area} against the plans published: {inside} of them fell "
        "inside their 80 % interval."
    )
    # Forecasts of one January stand side by side, the earliest first.
    side = frame["origin"] - frame["origin"].min()
    shown = frame.assign(
        date=pd.to_datetime(frame["target"].astype(str) + "-01-01")
        + pd.to_timedelta(35 * side - 52, unit="D"),
        made="From January " + frame["origin"].astype(str),
    )
    actual = frame.drop_duplicates("target").rename(columns={"target": "january"})
    x = year_axis(actual)
    line = alt.Chart(with_dates(actual)).mark_line(
        color="#0b0c0c", strokeWidth=2, point=alt.OverlayMarkDef(color="#0b0c0c")
    )
    line = line.encode(x=x, y=level_axis("actual"))
    spread = alt.Chart(shown).mark_rule(color=NAVY, strokeWidth=3, opacity=0.55)
    spread = spread.encode(x=alt.X("date:T"), y=level_axis("low_80"), y2="high_80:Q")
    middle = alt.Chart(shown).mark_point(color=NAVY, filled=True, size=70, opacity=1)
    middle = middle.encode(
        x=alt.X("date:T"),
        y=level_axis("median"),
        shape=alt.Shape(
            "made:N",
            scale=alt.Scale(range=["circle", "square", "triangle-up", "diamond", "cross"]),
            legend=alt.Legend(**LEGEND_STYLE, orient="bottom", title=None, columns=1, labelLimit=300),
        ),
        tooltip=[
            alt.Tooltip("made:N", title="Made"),
            alt.Tooltip("target:Q", title="Of January", format="d"),
            alt.Tooltip("median:Q", title="Middle", format=",.0f"),
            alt.Tooltip("low_80:Q", title="80 % interval from", format=",.0f"),
            alt.Tooltip("high_80:Q", title="to", format=",.0f"),
            alt.Tooltip("actual:Q", title="Published", format=",.0f"),
        ],
    )
    return make_figure(title, RECORD_KEY, description, spread + line + middle, 400)


@once
def coverage(frame: pd.DataFrame) -> Figure:
    """Return a chart of the share of outcomes inside the 80 % interval: ahead (text), share (0 to 100), count."""
    worst = frame.iloc[int((frame["share"] - 80).abs().to_numpy().argmax())]
    values = "; ".join(f"{r['ahead']} {wording.per_cent(r['share'] / 100)}" for r in frame.to_dict("records"))
    low, high = frame["share"].min(), frame["share"].max()
    title = f"Intervals held {wording.whole(low)} to {wording.per_cent(high / 100)} of outcomes; 80 % would be right"
    description = (
        f"Bar chart of the share of outcomes inside the 80 % interval by years ahead: {values}. "
        f"Farthest from 80: {worst['ahead']}."
    )
    x = alt.X(
        "share:Q",
        title="Share of outcomes inside, %",
        scale=alt.Scale(domain=[0, 100]),
        axis=alt.Axis(tickCount=5, **AXIS_STYLE),
    )
    y = alt.Y(
        "ahead:N", title=None, sort=frame["ahead"].tolist(), axis=alt.Axis(labelLimit=160, **AXIS_STYLE)
    )
    bars = alt.Chart(frame).mark_bar(color=NAVY, height=16)
    bars = bars.encode(
        x=x, y=y, tooltip=[alt.Tooltip("ahead:N", title="Ahead"), alt.Tooltip("share:Q", format=".1f")]
    )
    rule = alt.Chart(pd.DataFrame({"share": [80]})).mark_rule(color=PLUM, strokeWidth=3).encode(x="share:Q")
    return make_figure(title, COVERAGE_KEY, description, bars + rule, 40 * len(frame) + 40)
