"""Charts of scenarios: contributions of levers, widths of their intervals, and scenarios side by side.

Invariant: values are in the unit of the measure; pounds are drawn in millions and chances in per cent.
"""

from __future__ import annotations

from textwrap import fill, wrap

import altair as alt
import pandas as pd

from forecast.presentation import compare, published_figures
from forecast.ui.components.chart_cache import once
from forecast.ui.components.charts.figure import (
    AXIS_STYLE,
    CHILDREN,
    GREY,
    JANUARY_TOOLTIP,
    LEGEND_STYLE,
    NAVY,
    PLUM,
    Figure,
    make_figure,
    with_dates,
    year_axis,
)
from forecast.ui.components.charts.waterfall import LABEL_WIDTH, WATERFALL_KEY, step_bars

TORNADO_KEY = (
    "Bars run from the figure with the lever at the low end of its range (dot) to that at the high end. Line down: with every "
    "range as it is. The axis does not begin at nought."
)


@once
def contributions(steps: pd.DataFrame, code: str, area: str, scenario: str, when: str) -> Figure:
    """Return a chart of the contribution of each lever of a scenario to a measure.

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
    changes = "; ".join(
        f"{r['label']} {published_figures.spoken(code, r['change'], signed=True)}"
        for r in parts.to_dict("records")
    )
    what = compare.LABELLED[code]
    title = f"Most comes from {most['label']}: {published_figures.spoken(code, float(most['change']), signed=True)}"
    description = (
        f"Waterfall chart of {scenario} in {area}, {when}. {what}: from "
        f"{published_figures.spoken(code, float(steps.iloc[0]['end']))} in the forecast to "
        f"{published_figures.spoken(code, float(steps.iloc[-1]['end']))} with it "
        f"({published_figures.spoken(code, away, signed=True)}), "
        f"averages with 80 % intervals: {changes}."
    )
    unit, factor = _unit(code)
    scaled = steps.assign(**{c: factor * steps[c] for c in ("start", "end", "low", "high", "change")})
    key = WATERFALL_KEY.replace("add plans", "add").replace("take plans away", "take away")
    return step_bars(scaled, unit, title, key, description, zero=False)


def _unit(code: str) -> tuple[str, float]:
    """Return the axis title of a measure of scenarios, and the factor on its values."""
    if code in compare.POUNDS:
        return "£ million", 1e-6
    if code == "p_shortfall":
        return "Chance, per cent", 100.0
    return ("EHC plans" if code in ("plans", "joiners", "leavers") else CHILDREN), 1.0


@once
def tornado(widths: pd.DataFrame, code: str, area: str, when: str) -> Figure:
    """Return a chart of levers' intervals, widest first; rows are those of `forecast.presentation.seek.tornado`."""
    unit, factor = _unit(code)
    first = widths.iloc[0]
    title = (
        f"Find out most about {first['lever']}: it moves the figure by "
        f"{published_figures.spoken(code, float(first['width']))}"
    )
    values = "; ".join(
        f"{r['lever']} {published_figures.spoken(code, r['at_low'])} at its low end, "
        f"{published_figures.spoken(code, r['at_high'])} at its high end"
        for r in widths.to_dict("records")
    )
    description = f"Bar chart of what each lever's range means for {compare.LABELLED[code].lower()} in {area}, {when}: {values}."
    shown = widths.assign(label=["|".join(wrap(text, LABEL_WIDTH)) for text in widths["lever"]])
    shown = shown.assign(**{c: factor * shown[c] for c in ("at_low", "at_high", "middle")})
    y = alt.Y(
        "label:N",
        sort=shown["label"].tolist(),
        title=None,
        axis=alt.Axis(labelExpr="split(datum.label, '|')", labelLimit=170, **AXIS_STYLE),
    )
    bars = alt.Chart(shown).mark_bar(height=18, color=NAVY)
    bars = bars.encode(
        y=y,
        x=alt.X(
            "at_low:Q",
            title=unit,
            scale=alt.Scale(zero=False),
            axis=alt.Axis(format=",.6~g", tickCount=5, **AXIS_STYLE),
        ),
        x2="at_high:Q",
        tooltip=[alt.Tooltip("lever:N", title="Lever"), alt.Tooltip("at_low:Q"), alt.Tooltip("at_high:Q")],
    )
    low = alt.Chart(shown).mark_point(shape="circle", filled=True, opacity=1, color=PLUM, size=90)
    middle = alt.Chart(shown.head(1)).mark_rule(color="#0b0c0c", strokeWidth=2).encode(x="middle:Q")
    return make_figure(
        title, TORNADO_KEY, description, bars + low.encode(y=y, x="at_low:Q") + middle, 68 * len(shown) + 40
    )


@once
def beside(frame: pd.DataFrame, code: str, area: str, title: str) -> Figure:
    """Return a chart of at most four scenarios each January: scenario, january, centre, q10, q90.

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
    dated = with_dates(frame.assign(**{c: factor * frame[c] for c in ("centre", "q10", "q90")}))
    dated["scenario"] = dated["scenario"].replace(dict(zip(titles, names, strict=True)))
    last = int(frame["january"].max())
    at = frame[frame["january"] == last].set_index("scenario")["centre"]
    values = "; ".join(f"{title} {published_figures.spoken(code, float(at[title]))}" for title in titles)
    description = (
        f"Line chart of {compare.LABELLED[code]} in {area} each January to {last}. January {last}: {values}."
    )
    colours = alt.Scale(domain=names, range=[GREY, NAVY, PLUM, "#6F777B"][: len(names)])
    dashes = alt.Scale(domain=names, range=[[6, 4], [1, 0], [2, 3], [10, 3, 2, 3]][: len(names)])
    x = year_axis(frame)
    scale = alt.Scale(zero=code in ("shortfall", "p_shortfall"))
    y_axis = alt.Axis(format=",.6~g", tickCount=6, **AXIS_STYLE)
    y = alt.Y("centre:Q", title=unit, scale=scale, axis=y_axis)
    lines = alt.Chart(dated).mark_line(strokeWidth=2.5)
    lines = lines.encode(
        x=x,
        y=y,
        color=alt.Color(
            "scenario:N",
            scale=colours,
            legend=alt.Legend(
                **LEGEND_STYLE,
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
            JANUARY_TOOLTIP,
            alt.Tooltip("scenario:N", title="Which"),
            alt.Tooltip("centre:Q", title=compare.LABELLED[code], format=",.4~g"),
        ],
    )
    layers = [lines]
    key = "Lines differ by dash and colour; the key is below."
    if len(names) == 2 and code != "p_shortfall":
        band = alt.Chart(dated[dated["scenario"] == names[-1]]).mark_area(color=NAVY, opacity=0.18)
        layers.insert(0, band.encode(x=x, y=alt.Y("q10:Q", title=unit, scale=scale, axis=y_axis), y2="q90:Q"))
        key += f" Shading: 80 % interval of {titles[-1]}."
    if code in compare.POUNDS:
        key += " A January stands for the financial year that it is in."
    return make_figure(
        title,
        key,
        description,
        alt.LayerChart(layer=layers),
        340 + 20 * sum(name.count("\n") + 1 for name in names),
    )
