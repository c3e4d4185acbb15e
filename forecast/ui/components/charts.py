"""Charts: functions from finished frames to Altair charts, each with a finding for a title and a description.

Invariant: nothing is told by colour alone (lines differ by dash, points by shape, zones by a number), years are the first of
January, there is one scale a side and no chart holds more than four series. Titles are text above the chart, because text
wraps on a narrow screen and a chart's own title does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from textwrap import fill, wrap
from typing import Any
from uuid import uuid4

import altair as alt
import geopandas as gpd
import pandas as pd

from data.vocabulary import SPECIALIST_PROVISIONS
from forecast.presentation import compare, words
from forecast.presentation.summary import RunOut
from forecast.ui.components.chart_cache import once
from forecast.ui.views.common import ESTIMATED, FORECAST, MISSING, PUBLISHED, interval, listed, signed

NAVY, TEAL, PLUM, ORANGE, GREY = "#12436D", "#28A197", "#801650", "#F46A25", "#3D3D3D"
"""Colours of the Government Analysis Function for categories; teal and orange are for marks only, never for words."""

SHADES: tuple[str, ...] = ("#E6EDF3", "#B4C8DA", "#6990B5", "#2B6299", "#12436D")
"""Colours of the Government Analysis Function for sizes, light to dark, with a first shade that is told from the page."""

PLANS_KEY = (
    "Round points: published each January. Dashed line: middle of the forecast. Shading: 80 % interval."
)
YEAR_KEY = "Round points: published. Dashed line: middle of the forecast. Shading: 80 % interval."
SPLICED_KEY = "Triangles: estimated from the former authority."
PLACES_KEY = (
    "Dashed line and shading: wanted, middle and 80 % interval. Dotted line: filled, middle. Solid stepped "
    "line: places there are. "
    "Diamond: residents placed now."
)
WATERFALL_KEY = (
    "Bars begin where the one before ends. Dark bars are totals, plum bars add plans, grey bars take plans "
    "away. Lines across: 80 % "
    "interval of each part."
)
TORNADO_KEY = (
    "Bars run from the mean with the lever at the low end of its range (dot) to the mean at the high end. Line down: mean with "
    "every range drawn. The axis does not begin at nought."
)
RATES_KEY = "Lines differ by dash and colour; the key is below. Published figures, no forecast."
RECORD_KEY = (
    "Black line: published plans. Symbols: middle of each earlier forecast, with its 80 % interval; "
    "the shape says when it was made."
)
COVERAGE_KEY = "Bars: share of outcomes inside the 80 % interval. Line: where 80 % would be."

CLOSE = 0.12
"""Two line ends nearer than this share of the axis would write their names over each other."""

LABEL_WIDTH = 21
"""Characters of a line of a bar's name."""

SHAPES_OF_KINDS: dict[str, str] = {
    words.SHORT_PROVISIONS[code].capitalize(): shape
    for code, shape in zip(SPECIALIST_PROVISIONS, ("diamond", "square", "triangle-up"), strict=True)
}
"""Kind of setting to its mark on a map."""

LABELLED = 60
"""Most zones whose numbers are written on a map."""

_AXIS: dict[str, Any] = {"labelFontSize": 13, "titleFontSize": 13, "labelColor": GREY, "titleColor": GREY}
_LEGEND: dict[str, Any] = {"labelColor": GREY, "titleColor": GREY, "titleFontSize": 13, "labelFontSize": 13}
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
    name
        Told apart from every other figure, so that what was made of it is known again.
    """

    title: str
    key: str
    description: str
    chart: alt.LayerChart
    name: str = field(default_factory=lambda: uuid4().hex, compare=False, repr=False)


@once
def plans(plans: pd.DataFrame, area: str, of_whom: str = "") -> Figure:
    """Return EHC plans each January, past and forecast, from `forecast.ui.views.common.plans_frame`.

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
    latest = plans[plans["kind"].isin([PUBLISHED, ESTIMATED])].iloc[-1]
    mid = ahead.iloc[min(4, len(ahead) - 1)]
    title = f"{what} {_direction(float(latest['q50']), mid)} {words.rounded(mid['q50'])} by {mid['january']}"
    estimated = (plans["kind"] == ESTIMATED).any()
    key = f"{PLANS_KEY} {SPLICED_KEY}" if estimated else PLANS_KEY
    return _fan(plans, what, f"in {area} each January", title, key, 320)


@once
def flow(flow: pd.DataFrame, what: str, area: str) -> Figure:
    """Return a flow of calendar years, past and forecast: january (the year), kind, q10, q50, q90."""
    ahead = flow[flow["kind"] == FORECAST]
    latest = flow[flow["kind"] == PUBLISHED].iloc[-1]
    mid = ahead.iloc[min(4, len(ahead) - 1)]
    title = f"{what} {_direction(float(latest['q50']), mid)} {words.rounded(mid['q50'])} in {mid['january']}"
    return _fan(flow, what, f"in {area} each calendar year", title, YEAR_KEY, 240, axis="Calendar year")


def _fan(
    frame: pd.DataFrame, what: str, where: str, title: str, key: str, height: int, axis: str = "January"
) -> Figure:
    past = frame[frame["kind"].isin([PUBLISHED, ESTIMATED])]
    ahead = frame[frame["kind"] == FORECAST]
    latest, first, last = past.iloc[-1], past.iloc[0], ahead.iloc[-1]
    mid = ahead.iloc[min(4, len(ahead) - 1)]
    begin = "" if len(past) == 1 else f"{first['q50']:,.0f} in {first['january']}, "
    description = (
        f"Line chart of {what} {where}: {begin}"
        f"{latest['q50']:,.0f} in {latest['january']}; forecast {interval(mid)} in {mid['january']} "
        f"and {interval(last)} in {last['january']}, with 80 % intervals."
    )
    missing = frame.loc[frame["kind"] == MISSING, "january"]
    if len(missing):
        description += f" No figure for {listed(missing)}."
    # The forecast starts at the last published point, so that the two do not look unconnected.
    joined = _dated(pd.concat([past.tail(1), ahead]))
    x = _years(frame, axis)
    band = alt.Chart(joined).mark_area(color=NAVY, opacity=0.22)
    band = band.encode(x=x, y=_count("q10", what), y2="q90:Q")
    middle = alt.Chart(joined).mark_line(color=NAVY, strokeWidth=2, strokeDash=[6, 4])
    middle = middle.encode(x=x, y=_count("q50", what), tooltip=_tooltip(what))
    # Gaps stay gaps: a missing January is a null value in the line.
    history = alt.Chart(_dated(frame[frame["kind"] != FORECAST])).mark_line(color=GREY, strokeWidth=2)
    history = history.encode(x=x, y=_count("q50", what))
    points = (
        alt.Chart(_dated(past))
        .mark_point(color=GREY, filled=True, opacity=1, size=45)
        .encode(
            x=x,
            y=_count("q50", what),
            shape=alt.Shape(
                "kind:N",
                scale=alt.Scale(domain=[PUBLISHED, ESTIMATED], range=["circle", "triangle-up"]),
                legend=None,
            ),
            tooltip=[
                _JANUARY,
                alt.Tooltip("q50:Q", title=what, format=",.0f"),
                alt.Tooltip("kind:N", title="Basis"),
            ],
        )
    )
    return _figure(title, key, description, band + middle + history + points, height)


@once
def places(places: pd.DataFrame, found: RunOut, area: str) -> Figure:
    """Return places wanted against places there are, for one phase and provision.

    Parameters
    ----------
    places
        From `forecast.ui.views.places.places_frame`.
    found
        When the places run out; its phase and provision are drawn.
    area
        Name of the authority.
    """
    rows = places[(places["phase"] == found.phase) & (places["provision"] == found.provision)].sort_values(
        "january"
    )
    ahead = rows[rows["q50"].notna()]
    now, first, last = rows[rows["placed"].notna()], ahead.iloc[0], ahead.iloc[-1]
    kind = f"{words.PHASE_LABELS[found.phase].lower()} places in {words.SHORT_PROVISIONS[found.provision]}"
    description = f"Line chart of {kind} in {area}. "
    if len(now):
        counted = now.iloc[0]
        description += f"{counted['placed']:,.0f} residents placed in January {counted['january']}. "
    description += (
        f"Wanted: {interval(first)} in January {first['january']}, {interval(last)} in "
        f"{last['january']}, with 80 % intervals. Filled: {last['filled']:,.0f} in {last['january']}. Places: "
        f"{first['places']:,.0f} "
        f"in {first['january']}, {last['places']:,.0f} in {last['january']}."
    )
    x, unit = _years(rows), _UNIT
    rows, ahead, now = _dated(rows), _dated(ahead), _dated(now)
    band = alt.Chart(ahead).mark_area(color=NAVY, opacity=0.22)
    band = band.encode(x=x, y=_count("q10", unit), y2="q90:Q")
    wanted = alt.Chart(ahead).mark_line(color=NAVY, strokeWidth=2, strokeDash=[6, 4])
    wanted = wanted.encode(x=x, y=_count("q50", unit), tooltip=_tooltip("Wanted"))
    filled = alt.Chart(ahead).mark_line(color=GREY, strokeWidth=2, strokeDash=[2, 3])
    filled = filled.encode(
        x=x,
        y=_count("filled", unit),
        tooltip=[_JANUARY, alt.Tooltip("filled:Q", title="Filled, middle", format=",.0f")],
    )
    # Places of an academic year hold until the next, hence the steps.
    there = alt.Chart(rows[rows["places"].notna()]).mark_line(
        color=PLUM, strokeWidth=3, interpolate="step-after"
    )
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
    layers = band + there + filled + wanted + placed
    layers += _name(last, "q50", "Wanted", NAVY, below=close and not higher)
    layers += _name(last, "places", "Places", PLUM, below=close and higher)
    at = ahead[ahead["january"] == found.january]
    enough = bool((at["q50"] <= at["places"]).any())
    return _figure(places_title(found, enough=enough), PLACES_KEY, description, layers, 280)


def _name(last: pd.Series, column: str, says: str, colour: str, *, below: bool) -> alt.Chart:
    """Return the name of a line, at its end."""
    end = pd.DataFrame({"january": [int(last["january"])], "value": [float(last[column])]})
    side: dict[str, Any] = {"dy": 6, "baseline": "top"} if below else {"dy": -5, "baseline": "bottom"}
    text = alt.Chart(_dated(end)).mark_text(
        text=says, color=colour, align="right", fontSize=13, fontWeight="bold", **side
    )
    named: alt.Chart = text.encode(x=alt.X("date:T"), y="value:Q")
    return named


def places_title(found: RunOut, *, enough: bool = False) -> str:
    """Return what a chart of places finds; ``enough`` says that places are as many as wanted, for other ages or needs."""
    kind = words.SHORT_PROVISIONS[found.provision]
    kind = kind[0].upper() + kind[1:]
    if found.january is None:
        return f"{kind}: {'could' if found.probability >= words.COULD_RUN_OUT else 'not likely to'} run out"
    some = ", for some ages or needs" if enough else ""
    return f"{kind}: {'short from' if found.from_start else 'run out by'} January {found.january}{some}"


@once
def waterfall(steps: pd.DataFrame, area: str, first: int, last: int) -> Figure:
    """Return why plans change between two Januaries.

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
    title = f"About {words.rounded(abs(grown))} {'more' if grown >= 0 else 'fewer'} plans by {last}, and what makes them up"
    told = "; ".join(f"{r['label']} {signed(float(r['change']))}" for r in parts.to_dict("records"))
    description = (
        f"Waterfall chart of EHC plans in {area} from {steps.iloc[0]['end']:,.0f} in January {first} to "
        f"{steps.iloc[-1]['end']:,.0f} in January {last}, means with 80 % intervals: {told}. Largest part: {most['label']}."
    )
    return _steps(steps, "EHC plans", title, WATERFALL_KEY, description)


@once
def contributions(steps: pd.DataFrame, code: str, area: str, scenario: str, when: str) -> Figure:
    """Return what each lever of a scenario contributes to a measure.

    Parameters
    ----------
    steps
        As for `waterfall`, in the unit of the measure, from `forecast.ui.views.scenarios.steps`.
    code
        Of the measure: a key of `forecast.presentation.compare.LABELLED`.
    area, scenario, when
        Whose, title of the scenario, and the January or financial year.
    """
    parts = steps[steps["kind"] != "total"]
    away = float(steps.iloc[-1]["end"] - steps.iloc[0]["end"])
    most = parts.iloc[int(parts["change"].abs().to_numpy().argmax())]
    told = "; ".join(
        f"{r['label']} {compare.shown(code, r['change'], signed=True)}" for r in parts.to_dict("records")
    )
    what = compare.LABELLED[code]
    title = f"Most comes from {most['label']}: {compare.shown(code, float(most['change']), signed=True)}"
    description = (
        f"Waterfall chart of {scenario} in {area}, {when}. {what}: from "
        f"{compare.shown(code, float(steps.iloc[0]['end']))} in the forecast to "
        f"{compare.shown(code, float(steps.iloc[-1]['end']))} with it ({compare.shown(code, away, signed=True)}), means with "
        f"80 % intervals: {told}."
    )
    unit, factor = _unit(code)
    scaled = steps.assign(**{c: factor * steps[c] for c in ("start", "end", "low", "high", "change")})
    key = WATERFALL_KEY.replace("add plans", "add").replace("take plans away", "take away")
    return _steps(scaled, unit, title, key, description, zero=False)


def _unit(code: str) -> tuple[str, float]:
    """Return the title of the axis of a measure of scenarios, and what its values are multiplied by."""
    if code in compare.POUNDS:
        return "£ million", 1e-6
    if code == "p_shortfall":
        return "Chance, per cent", 100.0
    return ("EHC plans" if code in ("plans", "joiners", "leavers") else _UNIT), 1.0


def _steps(
    steps: pd.DataFrame, axis: str, title: str, key: str, description: str, *, zero: bool = True
) -> Figure:
    # Long names take several lines, so that bars keep their room on a narrow screen.
    steps = steps.assign(label=["|".join(wrap(text, LABEL_WIDTH)) for text in steps["label"]])
    parts = steps[steps["kind"] != "total"]
    order = steps["label"].tolist()
    y = alt.Y(
        "label:N",
        sort=order,
        title=None,
        axis=alt.Axis(labelExpr="split(datum.label, '|')", labelLimit=170, **_AXIS),
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
            axis=alt.Axis(format=",.6~g" if not zero else ",.0f", tickCount=5, **_AXIS),
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
    return _figure(title, key, description, bars + spread, 68 * len(steps))


@once
def tornado(widths: pd.DataFrame, code: str, area: str, when: str) -> Figure:
    """Return whose interval matters most, widest first; rows are those of `forecast.presentation.seek.tornado`."""
    unit, factor = _unit(code)
    first = widths.iloc[0]
    title = f"Find out most about {first['lever']}: it moves the mean by {compare.shown(code, float(first['width']))}"
    told = "; ".join(
        f"{r['lever']} {compare.shown(code, r['at_low'])} at its low end, {compare.shown(code, r['at_high'])} at its high end"
        for r in widths.to_dict("records")
    )
    description = f"Bar chart of what each lever's range means for {compare.LABELLED[code].lower()} in {area}, {when}: {told}."
    shown = widths.assign(label=["|".join(wrap(text, LABEL_WIDTH)) for text in widths["lever"]])
    shown = shown.assign(**{c: factor * shown[c] for c in ("at_low", "at_high", "middle")})
    y = alt.Y(
        "label:N",
        sort=shown["label"].tolist(),
        title=None,
        axis=alt.Axis(labelExpr="split(datum.label, '|')", labelLimit=170, **_AXIS),
    )
    bars = alt.Chart(shown).mark_bar(height=18, color=NAVY)
    bars = bars.encode(
        y=y,
        x=alt.X(
            "at_low:Q",
            title=unit,
            scale=alt.Scale(zero=False),
            axis=alt.Axis(format=",.6~g", tickCount=5, **_AXIS),
        ),
        x2="at_high:Q",
        tooltip=[alt.Tooltip("lever:N", title="Lever"), alt.Tooltip("at_low:Q"), alt.Tooltip("at_high:Q")],
    )
    low = alt.Chart(shown).mark_point(shape="circle", filled=True, opacity=1, color=PLUM, size=90)
    middle = alt.Chart(shown.head(1)).mark_rule(color="#0b0c0c", strokeWidth=2).encode(x="middle:Q")
    return _figure(
        title, TORNADO_KEY, description, bars + low.encode(y=y, x="at_low:Q") + middle, 68 * len(shown) + 40
    )


@once
def beside(frame: pd.DataFrame, code: str, area: str, title: str) -> Figure:
    """Return scenarios against each other each January: scenario, january, mean, q10, q90; at most four.

    The 80 % interval of the last is shaded where there are two, and none where there are more: shadings hide each other.

    Parameters
    ----------
    frame
        `forecast.ui.views.scenarios.lines`.
    code
        Of the measure.
    area, title
        Whose, and the finding.
    """
    titles = list(dict.fromkeys(frame["scenario"]))
    # A title that is wider than a narrow screen would be cut in the key.
    names = [fill(title, 30) for title in titles]
    unit, factor = _unit(code)
    dated = _dated(frame.assign(**{c: factor * frame[c] for c in ("mean", "q10", "q90")}))
    dated["scenario"] = dated["scenario"].replace(dict(zip(titles, names, strict=True)))
    last = int(frame["january"].max())
    at = frame[frame["january"] == last].set_index("scenario")["mean"]
    told = "; ".join(f"{title} {compare.shown(code, float(at[title]))}" for title in titles)
    description = (
        f"Line chart of {compare.LABELLED[code]} in {area} each January to {last}. January {last}: {told}."
    )
    colours = alt.Scale(domain=names, range=[GREY, NAVY, PLUM, "#6F777B"][: len(names)])
    dashes = alt.Scale(domain=names, range=[[6, 4], [1, 0], [2, 3], [10, 3, 2, 3]][: len(names)])
    x = _years(frame)
    scale = alt.Scale(zero=code in ("shortfall", "p_shortfall"))
    y_axis = alt.Axis(format=",.6~g", tickCount=6, **_AXIS)
    y = alt.Y("mean:Q", title=unit, scale=scale, axis=y_axis)
    lines = alt.Chart(dated).mark_line(strokeWidth=2.5)
    lines = lines.encode(
        x=x,
        y=y,
        color=alt.Color(
            "scenario:N",
            scale=colours,
            legend=alt.Legend(
                **_LEGEND,
                orient="bottom",
                title=None,
                columns=1,
                labelLimit=240,
                labelExpr="split(datum.label, '\\n')",
                symbolSize=400,
            ),
        ),
        strokeDash=alt.StrokeDash("scenario:N", scale=dashes),
        tooltip=[
            _JANUARY,
            alt.Tooltip("scenario:N", title="Which"),
            alt.Tooltip("mean:Q", title="Mean", format=",.4~g"),
        ],
    )
    layers = [lines]
    key = "Lines are means and differ by dash and colour; the key is below."
    if len(names) == 2 and code != "p_shortfall":
        band = alt.Chart(dated[dated["scenario"] == names[-1]]).mark_area(color=NAVY, opacity=0.18)
        layers.insert(0, band.encode(x=x, y=alt.Y("q10:Q", title=unit, scale=scale, axis=y_axis), y2="q90:Q"))
        key += f" Shading: 80 % interval of {titles[-1]}."
    if code in compare.POUNDS:
        key += " A January stands for the financial year that it is in."
    return _figure(
        title,
        key,
        description,
        alt.LayerChart(layer=layers),
        340 + 20 * sum(name.count("\n") + 1 for name in names),
    )


@once
def rates(frame: pd.DataFrame, area: str) -> Figure:
    """Return plans for every 1,000 residents against others: january, who, rate; the authority is the first of at most four."""
    names = list(dict.fromkeys(frame["who"]))
    # The last January of the authority's own: others may have returned a later one.
    last = int(frame.loc[frame["who"] == names[0], "january"].max())
    at = frame[frame["january"] == last].set_index("who")["rate"]
    england = float(at[names[-1]])
    own = float(at[names[0]])
    side = "above" if own > 1.02 * england else "below" if own < 0.98 * england else "close to"
    title = f"{area} is {side} {names[-1]}: {own:.1f} plans for every 1,000 residents"
    told = "; ".join(f"{who} {float(at[who]):.1f}" for who in names if who in at.index)
    description = (
        f"Line chart of EHC plans for every 1,000 residents aged 0 to 25, each January to {last}. "
        f"January {last}: {told}."
    )
    dated = _dated(frame)
    x = _years(frame)
    scale = alt.Scale(domain=names, range=[NAVY, PLUM, "#6F777B", GREY][: len(names)])
    dash = alt.Scale(domain=names, range=[[1, 0], [8, 4], [2, 3], [10, 3, 2, 3]][: len(names)])
    lines = alt.Chart(dated).mark_line(strokeWidth=2.5)
    lines = lines.encode(
        x=x,
        y=_level("rate", "Plans per 1,000 residents"),
        color=alt.Color(
            "who:N",
            scale=scale,
            legend=alt.Legend(
                **_LEGEND, orient="bottom", title=None, columns=1, labelLimit=400, symbolSize=400
            ),
        ),
        strokeDash=alt.StrokeDash("who:N", scale=dash),
        tooltip=[
            _JANUARY,
            alt.Tooltip("who:N", title="Whose"),
            alt.Tooltip("rate:Q", format=".1f", title="Rate"),
        ],
    )
    return _figure(title, RATES_KEY, description, alt.LayerChart(layer=[lines]), 420)


@once
def record(frame: pd.DataFrame, area: str) -> Figure:
    """Return what earlier forecasts said of an authority against what happened.

    Parameters
    ----------
    frame
        `forecast.validation.track_record.TOTALS_COLUMNS` of one authority.
    area
        Its name.
    """
    held = int(((frame["low_80"] <= frame["actual"]) & (frame["actual"] <= frame["high_80"])).sum())
    title = f"{held} of {len(frame)} earlier forecasts held the plans that came"
    description = (
        f"Chart of {len(frame)} earlier forecasts of EHC plans in {area} against the plans published: {held} of them fell inside "
        "their 80 % interval."
    )
    # Forecasts of one January stand side by side, the earliest first.
    side = frame["origin"] - frame["origin"].min()
    shown = frame.assign(
        date=pd.to_datetime(frame["target"].astype(str) + "-01-01")
        + pd.to_timedelta(35 * side - 52, unit="D"),
        made="From January " + frame["origin"].astype(str),
    )
    actual = frame.drop_duplicates("target").rename(columns={"target": "january"})
    x = _years(actual)
    line = alt.Chart(_dated(actual)).mark_line(
        color="#0b0c0c", strokeWidth=2, point=alt.OverlayMarkDef(color="#0b0c0c")
    )
    line = line.encode(x=x, y=_level("actual"))
    spread = alt.Chart(shown).mark_rule(color=NAVY, strokeWidth=3, opacity=0.55)
    spread = spread.encode(x=alt.X("date:T"), y=_level("low_80"), y2="high_80:Q")
    middle = alt.Chart(shown).mark_point(color=NAVY, filled=True, size=70, opacity=1)
    middle = middle.encode(
        x=alt.X("date:T"),
        y=_level("median"),
        shape=alt.Shape(
            "made:N",
            scale=alt.Scale(range=["circle", "square", "triangle-up", "diamond"]),
            legend=alt.Legend(**_LEGEND, orient="bottom", title=None, columns=1, labelLimit=300),
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
    return _figure(title, RECORD_KEY, description, spread + line + middle, 400)


@once
def coverage(frame: pd.DataFrame) -> Figure:
    """Return the share of outcomes inside the 80 % interval by years ahead: ahead (text), share (0 to 100), count."""
    worst = frame.iloc[int((frame["share"] - 80).abs().to_numpy().argmax())]
    told = "; ".join(f"{r['ahead']} {r['share']:.0f} %" for r in frame.to_dict("records"))
    title = f"Intervals held {frame['share'].min():.0f} to {frame['share'].max():.0f} % of outcomes; 80 % would be right"
    description = (
        f"Bar chart of the share of outcomes inside the 80 % interval by years ahead: {told}. "
        f"Farthest from 80: {worst['ahead']}."
    )
    x = alt.X(
        "share:Q",
        title="Share of outcomes inside, %",
        scale=alt.Scale(domain=[0, 100]),
        axis=alt.Axis(tickCount=5, **_AXIS),
    )
    y = alt.Y("ahead:N", title=None, sort=frame["ahead"].tolist(), axis=alt.Axis(labelLimit=160, **_AXIS))
    bars = alt.Chart(frame).mark_bar(color=NAVY, height=16)
    bars = bars.encode(
        x=x, y=y, tooltip=[alt.Tooltip("ahead:N", title="Ahead"), alt.Tooltip("share:Q", format=".1f")]
    )
    rule = alt.Chart(pd.DataFrame({"share": [80]})).mark_rule(color=PLUM, strokeWidth=3).encode(x="share:Q")
    return _figure(title, COVERAGE_KEY, description, bars + rule, 40 * len(frame) + 40)


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
    """Return a map of zones shaded by a value, with settings and the authorities around.

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
                **_LEGEND,
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
    return _figure(title, key, description, chart, 520)


def kinds_shown(settings: gpd.GeoDataFrame) -> list[str]:
    """Return the kinds of setting on a map, in the order of the vocabulary."""
    return [kind for kind in SHAPES_OF_KINDS if kind in set(settings["provision"])]


def _shapes(frame: gpd.GeoDataFrame, columns: Sequence[str]) -> alt.InlineData:
    """Return outlines as inline GeoJSON in whole metres."""
    slim = gpd.GeoDataFrame(frame[[*columns, "geometry"]], geometry="geometry", crs=None)
    slim = slim.set_geometry(slim.geometry.set_precision(1.0))
    return alt.InlineData(values=slim.__geo_interface__["features"])


def _direction(now: float, later: pd.Series) -> str:
    """Return what the 80 % interval allows to be said about growth."""
    if later["q10"] > now:
        return "likely to grow to about"
    return "likely to fall to about" if later["q90"] < now else "may grow or fall: about"


def _dated(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with the first of January of each year as ``date``."""
    return frame.assign(date=pd.to_datetime(frame["january"].astype("int64").astype("str") + "-01-01"))


def _years(frame: pd.DataFrame, title: str = "January") -> alt.X:
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
            format="%Y", tickCount={"interval": "year", "step": 1}, grid=False, labelOverlap=True, **_AXIS
        ),
    )


def _count(column: str, title: str) -> alt.Y:
    return alt.Y(
        f"{column}:Q",
        title=title,
        scale=alt.Scale(zero=True),
        axis=alt.Axis(format=",.0f", tickMinStep=1, tickCount=6, **_AXIS),
    )


def _level(column: str, title: str = "EHC plans") -> alt.Y:
    """Return an axis of plans that need not begin at nought, because differences matter here."""
    return alt.Y(
        f"{column}:Q",
        title=title,
        scale=alt.Scale(zero=False),
        axis=alt.Axis(format=",.0f", tickCount=6, **_AXIS),
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
