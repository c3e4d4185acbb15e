"""Charts of plans: past and forecast, flows of a year, plans for every 1,000 residents, and why plans change.

Invariant: the forecast starts at the last published point, and a year that was not published is a gap.
"""

from __future__ import annotations

import altair as alt
import pandas as pd

from data.formatting import listed
from forecast.presentation import wording
from forecast.presentation.published_figures import in_table, shown
from forecast.ui.components.chart_cache import once
from forecast.ui.components.charts.figure import (
    GREY,
    JANUARY_TOOLTIP,
    LEGEND_STYLE,
    NAVY,
    PLUM,
    Figure,
    count_axis,
    interval_tooltip,
    level_axis,
    make_figure,
    with_dates,
    year_axis,
)
from forecast.ui.components.charts.waterfall import WATERFALL_KEY, step_bars
from forecast.ui.views.common import ESTIMATED, FORECAST, MISSING, PUBLISHED, WORKED_OUT

PLANS_KEY = (
    "Round points: published each January. Dashed line: middle of the forecast. Shading: 80 % interval."
)

YEAR_KEY = "Round points: published. Dashed line: middle of the forecast. Shading: 80 % interval."

PAST = (PUBLISHED, ESTIMATED, WORKED_OUT)
"""Kinds of figures before the forecast; all but the first are drawn as triangles."""

TRIANGLES: dict[str, str] = {
    ESTIMATED: "Triangles: estimated from the former authority.",
    WORKED_OUT: "Triangle: worked out from the last January whose needs are published.",
}
"""Key to the triangles of a chart, by kind."""

RATES_KEY = "Lines differ by dash and colour; the key is below. Published figures, no forecast."


@once
def plans(plans: pd.DataFrame, area: str, of_whom: str = "") -> Figure:
    """Return a chart of EHC plans each January, past and forecast, from `forecast.ui.views.common.plans_frame`.

    Parameters
    ----------
    plans
        january, kind, q10, q50, q90.
    area
        Name of the authority.
    of_whom
        Which plans, such as "autism, primary"; all of them where blank.
    """
    what = f"EHC plans ({of_whom})" if of_whom else "EHC plans"
    ahead = plans[plans["kind"] == FORECAST]
    latest = plans[plans["kind"].isin(PAST)].iloc[-1]
    mid = ahead.iloc[min(4, len(ahead) - 1)]
    title = f"{what} {_direction(float(latest['q50']), mid)} {shown('plans', mid['q50'])} by {mid['january']}"
    key = " ".join([PLANS_KEY, *(text for kind, text in TRIANGLES.items() if (plans["kind"] == kind).any())])
    return _fan(plans, what, f"in {area} each January", title, key, 320)


@once
def flow(flow: pd.DataFrame, what: str, area: str) -> Figure:
    """Return a chart of a flow by calendar year, past and forecast: january (the year), kind, q10, q50, q90."""
    ahead = flow[flow["kind"] == FORECAST]
    latest = flow[flow["kind"] == PUBLISHED].iloc[-1]
    mid = ahead.iloc[min(4, len(ahead) - 1)]
    title = (
        f"{what} {_direction(float(latest['q50']), mid)} {shown('joiners', mid['q50'])} in {mid['january']}"
    )
    return _fan(flow, what, f"in {area} each calendar year", title, YEAR_KEY, 240, axis="Calendar year")


def _fan(
    frame: pd.DataFrame, what: str, where: str, title: str, key: str, height: int, axis: str = "January"
) -> Figure:
    past = frame[frame["kind"].isin(PAST)]
    ahead = frame[frame["kind"] == FORECAST]
    latest, first, last = past.iloc[-1], past.iloc[0], ahead.iloc[-1]
    mid = ahead.iloc[min(4, len(ahead) - 1)]
    begin = "" if len(past) == 1 else f"{first['q50']:,.0f} in {first['january']}, "
    description = (
        f"Line chart of {what} {where}: {begin}"
        f"{latest['q50']:,.0f} in {latest['january']}; forecast {in_table('plans', mid)} in {mid['january']} "
        f"and {in_table('plans', last)} in {last['january']}, with 80 % intervals."
    )
    missing = frame.loc[frame["kind"] == MISSING, "january"]
    if len(missing):
        description += f" No figure for {listed(missing)}."
    # The forecast starts at the last published point, so that the two do not look unconnected.
    joined = with_dates(pd.concat([past.tail(1), ahead]))
    x = year_axis(frame, axis)
    band = alt.Chart(joined).mark_area(color=NAVY, opacity=0.22)
    band = band.encode(x=x, y=count_axis("q10", what), y2="q90:Q")
    middle = alt.Chart(joined).mark_line(color=NAVY, strokeWidth=2, strokeDash=[6, 4])
    middle = middle.encode(x=x, y=count_axis("q50", what), tooltip=interval_tooltip(what))
    # Gaps stay gaps: a missing January is a null value in the line.
    history = alt.Chart(with_dates(frame[frame["kind"] != FORECAST])).mark_line(color=GREY, strokeWidth=2)
    history = history.encode(x=x, y=count_axis("q50", what))
    points = (
        alt.Chart(with_dates(past))
        .mark_point(color=GREY, filled=True, opacity=1, size=45)
        .encode(
            x=x,
            y=count_axis("q50", what),
            shape=alt.Shape(
                "kind:N",
                scale=alt.Scale(domain=list(PAST), range=["circle", "triangle-up", "triangle-up"]),
                legend=None,
            ),
            tooltip=[
                JANUARY_TOOLTIP,
                alt.Tooltip("q50:Q", title=what, format=",.0f"),
                alt.Tooltip("kind:N", title="Basis"),
            ],
        )
    )
    return make_figure(title, key, description, band + middle + history + points, height)


@once
def waterfall(steps: pd.DataFrame, area: str, first: int, last: int) -> Figure:
    """Return a chart of why plans change between two Januaries.

    Parameters
    ----------
    steps
        label, start, end, low, high (80 % interval of the end of the bar), kind ("total", "more", "fewer"), change; the
        totals are first and last.
    area, first, last
        Whose, and the Januaries.
    """
    parts = steps[steps["kind"] != "total"]
    most = parts.iloc[int(parts["change"].abs().to_numpy().argmax())]
    grown = float(steps.iloc[-1]["end"] - steps.iloc[0]["end"])
    # The two largest parts are what would happen anyway, so the title tells their balance.
    title = f"About {shown('plans', abs(grown))} {'more' if grown >= 0 else 'fewer'} plans by {last}, and what makes them up"
    changes = "; ".join(
        f"{r['label']} {wording.count_change(float(r['change']))}" for r in parts.to_dict("records")
    )
    description = (
        f"Waterfall chart of EHC plans in {area} from {steps.iloc[0]['end']:,.0f} in January {first} to "
        f"{steps.iloc[-1]['end']:,.0f} in January {last}, means with 80 % intervals: {changes}. Largest part: {most['label']}."
    )
    return step_bars(steps, "EHC plans", title, WATERFALL_KEY, description)


@once
def rates(frame: pd.DataFrame, area: str) -> Figure:
    """Return a chart of plans per 1,000 residents: january, who, rate; the authority is the first of at most four."""
    names = list(dict.fromkeys(frame["who"]))
    # The last January of the authority's own: others may have returned a later one.
    last = int(frame.loc[frame["who"] == names[0], "january"].max())
    at = frame[frame["january"] == last].set_index("who")["rate"]
    england = float(at[names[-1]])
    own = float(at[names[0]])
    side = "above" if own > 1.02 * england else "below" if own < 0.98 * england else "close to"
    title = f"{area} is {side} {names[-1]}: {own:.1f} plans for every 1,000 residents"
    values = "; ".join(f"{who} {float(at[who]):.1f}" for who in names if who in at.index)
    description = (
        f"Line chart of EHC plans for every 1,000 residents aged 0 to 25, each January to {last}. "
        f"January {last}: {values}."
    )
    dated = with_dates(frame)
    x = year_axis(frame)
    scale = alt.Scale(domain=names, range=[NAVY, PLUM, "#6F777B", GREY][: len(names)])
    dash = alt.Scale(domain=names, range=[[1, 0], [8, 4], [2, 3], [10, 3, 2, 3]][: len(names)])
    lines = alt.Chart(dated).mark_line(strokeWidth=2.5)
    lines = lines.encode(
        x=x,
        y=level_axis("rate", "Plans per 1,000 residents"),
        color=alt.Color(
            "who:N",
            scale=scale,
            legend=alt.Legend(
                **LEGEND_STYLE, orient="bottom", title=None, columns=1, labelLimit=400, symbolSize=400
            ),
        ),
        strokeDash=alt.StrokeDash("who:N", scale=dash),
        tooltip=[
            JANUARY_TOOLTIP,
            alt.Tooltip("who:N", title="Whose"),
            alt.Tooltip("rate:Q", format=".1f", title="Rate"),
        ],
    )
    return make_figure(title, RATES_KEY, description, alt.LayerChart(layer=[lines]), 420)


def _direction(now: float, later: pd.Series) -> str:
    """Return what the 80 % interval allows to be said about growth."""
    if later["q10"] > now:
        return "likely to grow to about"
    return "likely to fall to about" if later["q90"] < now else "may grow or fall: about"
