"""Charts of the three futures: the fan behind, their paths, today's rates and the reform; and England beside published forecasts.

Invariants: lines differ by dash and colour and are named, with their chances, in the key; years beyond those tested have a grey
ground and say that their width is judgement. These charts may hold more than four lines: futures are read one at a time.
"""

from __future__ import annotations

from textwrap import fill

import altair as alt
import pandas as pd

from forecast.core.futures import FALLS, LEVELS_OFF, RISES
from forecast.presentation import wording
from forecast.presentation.futures import REFORM, TESTED_YEARS, TODAYS_RATES
from forecast.presentation.published_figures import in_table, shown
from forecast.ui.components.chart_cache import once
from forecast.ui.components.charts.figure import (
    GREY,
    JANUARY_TOOLTIP,
    LEGEND_STYLE,
    NAVY,
    ORANGE,
    PLUM,
    TEAL,
    Figure,
    count_axis,
    interval_tooltip,
    make_figure,
    with_dates,
    year_axis,
)
from forecast.ui.views.common import FORECAST, PUBLISHED

COLOURS = {RISES: PLUM, LEVELS_OFF: NAVY, FALLS: TEAL, TODAYS_RATES: GREY, REFORM: ORANGE}
DASHES = {RISES: [1, 0], LEVELS_OFF: [10, 4], FALLS: [3, 3], TODAYS_RATES: [1, 4], REFORM: [10, 3, 2, 3]}
"""How each path is drawn."""

GROUND = "#F1F4F7"
"""Ground of the years in which the width of a range is judgement."""

FUTURES_KEY = (
    "Points: published each January. Shading: 80 % interval of the forecast. Lines: middle of each future of joining, named "
    "below; they differ by dash and colour."
)
GROUND_KEY = "Grey ground: years in which the width is judgement."

ENGLAND_KEY = (
    "Line: England's published plans, then the middle of the forecast (dashed), which is the sum of all authorities. Shading: "
    "its 80 % interval. Diamonds: national forecasts that others have published, numbered as in the table."
)


@once
def three_futures(plans: pd.DataFrame, paths: pd.DataFrame, area: str, title: str, origin: int) -> Figure:
    """Return a chart of plans with the paths of the three futures, today's rates and the reform.

    Parameters
    ----------
    plans
        `forecast.ui.views.common.plans_frame`, up to the last January shown.
    paths
        `forecast.ui.views.futures.paths`, up to the same January.
    area, title
        Name of the authority, and the finding.
    origin
        The last January published by all.
    """
    past, ahead = plans[plans["kind"] != FORECAST], plans[plans["kind"] == FORECAST]
    latest, last = past.dropna(subset="q50").iloc[-1], int(ahead["january"].max())
    ends = paths[paths["january"] == last].set_index("which")
    values = "; ".join(f"{row['name']}, {shown('plans', row['q50'])}" for _, row in ends.iterrows())
    description = (
        f"Line chart of EHC plans in {area} each January: {latest['q50']:,.0f} in {latest['january']}; forecast "
        f"{in_table('plans', ahead.iloc[-1])} in {last}, with an 80 % interval. Paths in {last}: {values}."
    )
    x = year_axis(plans)
    layers = [
        *_ground(plans, origin, last),
        _fan(latest, ahead, x),
        *_published(plans, x),
        _paths(latest, paths, x),
    ]
    beyond = f" {GROUND_KEY}" if last > origin + TESTED_YEARS else ""
    return make_figure(title, FUTURES_KEY + beyond, description, alt.LayerChart(layer=layers), 560)


def _ground(plans: pd.DataFrame, origin: int, last: int) -> list[alt.Chart]:
    """Return the grey ground of years beyond those tested; none where none is shown."""
    first = origin + TESTED_YEARS
    if last <= first:
        return []
    ends = with_dates(pd.DataFrame({"january": [first, last]}))["date"]
    span = pd.DataFrame({"date": [ends[0]], "until": [ends[1] + pd.DateOffset(months=6)]})
    ground = alt.Chart(span).mark_rect(color=GROUND, opacity=1).encode(x=year_axis(plans), x2="until:T")
    # Ends where the ground does, so that it is whole on a narrow screen too.
    end = span[["until"]].set_axis(["date"], axis=1)
    label = alt.Chart(end).mark_text(
        text="judgement", align="right", baseline="top", dx=-2, dy=4, color=GREY, fontSize=12
    )
    return [ground, label.encode(x=year_axis(plans), y=alt.value(0))]


def _fan(latest: pd.Series, ahead: pd.DataFrame, x: alt.X) -> alt.Chart:
    """Return the 80 % interval of the whole forecast, from the last published point."""
    joined = with_dates(pd.concat([latest.to_frame().T, ahead]).infer_objects())
    band: alt.Chart = alt.Chart(joined).mark_area(color=NAVY, opacity=0.16)
    tooltip = interval_tooltip("EHC plans")
    encoded: alt.Chart = band.encode(x=x, y=count_axis("q10", "EHC plans"), y2="q90:Q", tooltip=tooltip)
    return encoded


def _published(plans: pd.DataFrame, x: alt.X) -> list[alt.Chart]:
    """Return the published line and its points; gaps stay gaps."""
    past = with_dates(plans[plans["kind"] != FORECAST])
    line = (
        alt.Chart(past).mark_line(color=GREY, strokeWidth=2.5).encode(x=x, y=count_axis("q50", "EHC plans"))
    )
    points = alt.Chart(past.dropna(subset="q50")).mark_point(color=GREY, filled=True, opacity=1, size=30)
    tooltip = [
        JANUARY_TOOLTIP,
        alt.Tooltip("q50:Q", title="EHC plans", format=",.0f"),
        alt.Tooltip("kind:N", title="Basis"),
    ]
    return [line, points.encode(x=x, y=count_axis("q50", "EHC plans"), tooltip=tooltip)]


def _paths(latest: pd.Series, paths: pd.DataFrame, x: alt.X) -> alt.Chart:
    """Return the lines of the futures, each from the last published point, with the key below."""
    names = dict(zip(paths["which"], paths["name"], strict=True))
    start = pd.DataFrame(
        [
            {"january": latest["january"], "which": w, "name": n, "q50": latest["q50"]}
            for w, n in names.items()
        ]
    )
    lines = with_dates(pd.concat([start, paths], ignore_index=True))
    # A name that is wider than a narrow screen would be cut in the key.
    wrapped = {name: fill(name, 32) for name in names.values()}
    lines["name"] = lines["name"].replace(wrapped)
    domain = [wrapped[name] for name in names.values()]
    legend = alt.Legend(
        **LEGEND_STYLE,
        orient="bottom",
        title=None,
        columns=1,
        labelLimit=260,
        labelExpr="split(datum.label, '\\n')",
        symbolSize=400,
    )
    colours = alt.Scale(domain=domain, range=[COLOURS[which] for which in names])
    dashes = alt.Scale(domain=domain, range=[DASHES[which] for which in names])
    drawn: alt.Chart = alt.Chart(lines).mark_line(strokeWidth=2.5)
    encoded: alt.Chart = drawn.encode(
        x=x,
        y=count_axis("q50", "EHC plans"),
        color=alt.Color("name:N", scale=colours, legend=legend),
        strokeDash=alt.StrokeDash("name:N", scale=dashes),
        tooltip=[
            JANUARY_TOOLTIP,
            alt.Tooltip("name:N", title="Future"),
            alt.Tooltip("q50:Q", title="Middle", format=",.0f"),
            alt.Tooltip("q10:Q", title="80 % interval from", format=",.0f"),
            alt.Tooltip("q90:Q", title="to", format=",.0f"),
        ],
    )
    return encoded


@once
def england(plans: pd.DataFrame, dots: pd.DataFrame, title: str, origin: int) -> Figure:
    """Return a chart of England's plans, past and forecast, beside national forecasts that others have published.

    Parameters
    ----------
    plans
        january, kind, q10, q50, q90: sums of the authorities.
    dots
        january, plans, number, publisher: `forecast.presentation.published_forecasts.national`.
    title
        The finding.
    origin
        The last January published.
    """
    past, ahead = plans[plans["kind"] == PUBLISHED], plans[plans["kind"] == FORECAST]
    latest, last = past.iloc[-1], int(ahead["january"].max())
    others = "; ".join(
        f"{row['publisher']}, {wording.count(row['plans'])} in {row['january']}"
        for row in dots.to_dict("records")
    )
    description = (
        f"Line chart of EHC plans in England each January: {latest['q50']:,.0f} in {latest['january']}; forecast "
        f"{in_table('plans', ahead.iloc[-1])} in {last}. Forecasts of others: {others}."
    )
    x = year_axis(plans)
    middle = alt.Chart(with_dates(pd.concat([past.tail(1), ahead]))).mark_line(
        color=NAVY, strokeWidth=2, strokeDash=[6, 4]
    )
    middle = middle.encode(x=x, y=count_axis("q50", "EHC plans"), tooltip=interval_tooltip("EHC plans"))
    dated = with_dates(dots)
    marks = alt.Chart(dated).mark_point(shape="diamond", filled=True, opacity=1, size=110, color=PLUM)
    tooltip = [
        JANUARY_TOOLTIP,
        alt.Tooltip("publisher:N", title="Published by"),
        alt.Tooltip("plans:Q", title="Plans", format=",.0f"),
    ]
    numbers = alt.Chart(dated).mark_text(dx=11, fontSize=13, fontWeight="bold", color=PLUM, align="left")
    layers = [
        *_ground(plans, origin, last),
        _fan(latest, ahead, x),
        *_published(past, x),
        middle,
        marks.encode(x=x, y=count_axis("plans", "EHC plans"), tooltip=tooltip),
        numbers.encode(x=x, y=count_axis("plans", "EHC plans"), text="number:N"),
    ]
    return make_figure(title, f"{ENGLAND_KEY} {GROUND_KEY}", description, alt.LayerChart(layer=layers), 420)
