"""Charts of pounds and of schemes, each with a title, key and description.

Invariant: that of `forecast.ui.components.charts.figure`; amounts are in millions of pounds on the axes,
and a deficit is below nought.
"""

from __future__ import annotations

from textwrap import wrap
from typing import Any

import altair as alt
import pandas as pd

from forecast.presentation import wording
from forecast.presentation.published_figures import in_sentence, spoken
from forecast.ui.components.chart_cache import once
from forecast.ui.components.charts.figure import (
    AXIS_STYLE,
    GREY,
    LEGEND_STYLE,
    NAVY,
    PLUM,
    Figure,
    make_figure,
    with_dates,
    year_axis,
)
from forecast.ui.components.charts.waterfall import WATERFALL_KEY
from forecast.ui.views.money import cells, label_of

MILLION = 1e6

LINES_KEY = (
    "Lines: average. Shading: 80 % interval. Lines differ by dash and colour; the key is below the chart."
)
LINE_KEY = "Line: average. Shading: 80 % interval."
BARS_KEY = "Bars: average. Lines across: 80 % interval. Diamonds: the first year."
VALUES_KEY = (
    "Circles: in the programme. Diamonds: not in it. Each at the average; lines across: 80 % interval. Left of the upright "
    "line a scheme costs more than it saves."
)

SOLID: list[int] = [1, 0]
DASHES: tuple[list[int], ...] = ([6, 4], SOLID, [2, 3], [10, 3, 2, 3])
COLOURS: tuple[str, ...] = (NAVY, PLUM, "#6F777B", GREY)

KEY_WIDTH = 30
"""Characters of a line of the key: a narrow screen holds no more."""

LABEL_WIDTH = 22
"""Characters of a line of a bar's name."""

_POUNDS = "£ million"


@once
def lines(
    frame: pd.DataFrame,
    by: str,
    *,
    title: str,
    description: str,
    axis: str,
    unit: str = _POUNDS,
    scale: float = MILLION,
    centre: str = "mean",
) -> Figure:
    """Return a chart of figures and 80 % intervals over years, for at most four series.

    Parameters
    ----------
    frame
        january, the column ``centre``, q10, q90 and the column ``by``.
    by
        Column that tells series apart.
    title, description
        The finding, and what the chart shows for people who cannot see it.
    axis
        What a year stands for.
    unit, scale
        Of the values: they are divided by ``scale``.
    centre
        Column of the figures: ``mean`` for pounds, which are averages, ``q50`` for counts, which are middles.
    """
    shown = frame.assign(**{c: frame[c] / scale for c in (centre, "q10", "q90")})
    shown[by] = ["|".join(wrap(str(name), KEY_WIDTH)) for name in shown[by]]
    names = list(dict.fromkeys(shown[by]))
    alone = len(names) == 1
    x = year_axis(shown, axis)
    # One line needs no key: the title says what it is.
    key = (
        None
        if alone
        else alt.Legend(
            **LEGEND_STYLE,
            orient="bottom",
            title=None,
            columns=1,
            labelLimit=420,
            labelExpr="split(datum.label, '|')",
            symbolSize=400,
        )
    )
    dashes = [SOLID] if alone else list(DASHES[: len(names)])
    colour = alt.Color(
        f"{by}:N", scale=alt.Scale(domain=names, range=list(COLOURS[: len(names)])), legend=key
    )
    dash = alt.StrokeDash(f"{by}:N", scale=alt.Scale(domain=names, range=dashes), legend=key)
    number = alt.Axis(format=",.0f", tickCount=6, **AXIS_STYLE)
    dated = with_dates(shown)
    # A shade for each series, so that the key of the lines is the only one.
    bands = [
        alt.Chart(dated[dated[by] == name])
        .mark_area(opacity=0.18, color=shade)
        .encode(x=x, y=alt.Y("q10:Q", title=unit, axis=number), y2="q90:Q")
        for name, shade in zip(names, COLOURS, strict=False)
    ]
    middle = alt.Chart(dated).mark_line(strokeWidth=2.5)
    middle = middle.encode(
        x=x,
        y=alt.Y(f"{centre}:Q", title=unit, axis=number),
        color=colour,
        strokeDash=dash,
        tooltip=[
            alt.Tooltip("january:Q", title=axis, format="d"),
            alt.Tooltip(f"{by}:N", title="What"),
            alt.Tooltip(
                f"{centre}:Q", title=f"{'Average' if centre == 'mean' else 'Middle'}, {unit}", format=",.1f"
            ),
            alt.Tooltip("q10:Q", title="80 % interval from", format=",.1f"),
            alt.Tooltip("q90:Q", title="to", format=",.1f"),
        ],
    )
    nought = (
        alt.Chart(pd.DataFrame({"nought": [0]}))
        .mark_rule(color="#0b0c0c", strokeWidth=1)
        .encode(y="nought:Q")
    )
    layers = alt.LayerChart(layer=[*bands, nought, middle])
    return make_figure(title, LINE_KEY if alone else LINES_KEY, description, layers, 280 if alone else 340)


@once
def balance(frame: pd.DataFrame, area: str, override: int) -> Figure:
    """Return a chart of balances at 31 March: january, who, mean, q10, q90."""
    names = list(dict.fromkeys(frame["who"]))
    values = []
    for who in names:
        own = frame[frame["who"] == who].set_index("january")
        values.append(
            f"{who}: "
            + "; ".join(
                f"{in_sentence('closing', cells(own.loc[j]))} in {j}"
                for j in (override, own.index.max())
                if j in own.index
            )
        )
    shown = frame[frame["who"] == names[-1]].set_index("january")
    at = override if override in shown.index else int(shown.index.max())
    better = shown["mean"] - frame[frame["who"] == names[0]].set_index("january")["mean"]
    if len(names) > 1 and abs(float(better[at])) < wording.NEGLIGIBLE:
        # A scenario that has done nothing by then may do something later.
        at = int(shown.index.max())
    value = float(shown.loc[at, "mean"])
    title = (
        f"A {'deficit' if value < 0 else 'surplus'} of about {spoken('closing', abs(value))} at 31 March {at}"
    )
    if len(names) > 1:
        title += f", {_better(float(better[at]))}"
    description = f"Line chart of the high needs balance of {area} at 31 March, with 80 % intervals. {'. '.join(values)}."
    return lines(frame, "who", title=title, description=description, axis="31 March")


def _better(pounds: float) -> str:
    if abs(pounds) < wording.NEGLIGIBLE:
        return "the same as without the scenario"
    return f"{spoken('closing', abs(pounds))} {'better' if pounds > 0 else 'worse'} than without the scenario"


@once
def flows(frame: pd.DataFrame, area: str, january: int) -> Figure:
    """Return a chart of cost and income by financial year: january, what, mean, q10, q90."""
    at = frame[frame["january"] == january].set_index("what")
    gap = float(at["mean"]["cost"]) - float(at["mean"]["income"])
    title = f"Cost is {spoken('in_year_balance', abs(gap))} {'above' if gap >= 0 else 'below'} income in {label_of(january)}"
    values = "; ".join(f"{what} {in_sentence(what, cells(at.loc[what]))}" for what in ("cost", "income"))
    description = f"Line chart of high needs cost and income of {area} by financial year. {label_of(january)}: {values}."
    shown = frame.assign(what=frame["what"].map({"cost": "Cost", "income": "Income"}))
    return lines(shown, "what", title=title, description=description, axis="Financial year to March")


@once
def cost_lines(frame: pd.DataFrame, area: str, january: int, first: int) -> Figure:
    """Return a chart of the largest lines of cost in a year: label, mean, q10, q90, before."""
    top = frame.iloc[0]
    largest = inside(str(top["label"]))
    title = f"The largest line is {largest}: {spoken('cost', float(top['mean']))} in {label_of(january)}"
    values = "; ".join(f"{r['label']} {in_sentence('cost', r)}" for r in frame.to_dict("records"))
    description = (
        f"Bar chart of the largest lines of high needs cost of {area} in {label_of(january)}: {values}."
    )
    columns = {c: frame[c] / MILLION for c in ("mean", "q10", "q90", "before")}
    shown = frame.assign(label=_wrapped(frame["label"]), **columns)
    y = _names(shown)
    bars = alt.Chart(shown).mark_bar(color="#6990B5", height=18)
    bars = bars.encode(
        y=y,
        x=alt.X("mean:Q", title=_POUNDS, axis=alt.Axis(format=",.0f", tickCount=5, **AXIS_STYLE)),
        tooltip=[
            alt.Tooltip("mean:Q", title=f"{label_of(january)}, {_POUNDS}", format=",.1f"),
            alt.Tooltip("before:Q", title=f"{label_of(first)}, {_POUNDS}", format=",.1f"),
        ],
    )
    across = alt.Chart(shown).mark_rule(color="#0b0c0c", strokeWidth=2).encode(y=y, x="q10:Q", x2="q90:Q")
    begin = alt.Chart(shown).mark_point(shape="diamond", filled=True, color=PLUM, size=80, opacity=1)
    layers = bars + across + begin.encode(y=y, x="before:Q")
    return make_figure(
        title, f"{BARS_KEY[:-1]}, {label_of(first)}.", description, layers, 62 * len(shown) + 40
    )


@once
def why(steps: pd.DataFrame, area: str, january: int, first: int) -> Figure:
    """Return a chart of why cost differs between two years, from `forecast.ui.views.money.steps`."""
    parts = steps[steps["kind"] != "total"]
    grown = float(steps.iloc[-1]["end"] - steps.iloc[0]["end"])
    most = parts.iloc[int((parts["change"] * (1 if grown >= 0 else -1)).to_numpy().argmax())]
    side = "more" if grown >= 0 else "less"
    title = (
        f"{spoken('cost', abs(grown))} {side} in {label_of(january)} than in {label_of(first)}, "
        f"most from {str(most['label']).lower()}"
    )
    changes = "; ".join(
        f"{r['label']} {spoken('cost', float(r['change']), signed=True)}" for r in parts.to_dict("records")
    )
    description = f"Waterfall chart of high needs cost of {area} from {label_of(first)} to {label_of(january)}: {changes}."
    shown = steps.assign(
        label=_wrapped(steps["label"]),
        **{c: steps[c] / MILLION for c in ("start", "end", "low", "high", "change")},
    )
    y = _names(shown)
    colour = alt.Color(
        "kind:N",
        scale=alt.Scale(domain=["total", "more", "fewer"], range=[NAVY, PLUM, "#6F777B"]),
        legend=None,
    )
    bars = alt.Chart(shown).mark_bar(height=20)
    bars = bars.encode(
        y=y,
        x=alt.X("start:Q", title=_POUNDS, axis=alt.Axis(format=",.0f", tickCount=5, **AXIS_STYLE)),
        x2="end:Q",
        color=colour,
        tooltip=[alt.Tooltip("change:Q", title=_POUNDS, format="+,.1f")],
    )
    spreads = alt.Chart(shown[shown["kind"] != "total"]).mark_rule(color="#0b0c0c", strokeWidth=2)
    key = WATERFALL_KEY.replace("add plans", "add cost").replace("take plans away", "take cost away")
    return make_figure(
        title, key, description, bars + spreads.encode(y=y, x="low:Q", x2="high:Q"), 60 * len(shown) + 20
    )


@once
def present_values(frame: pd.DataFrame, title: str, area: str, base_year: str) -> Figure:
    """Return a chart of the present value of schemes, each built alone: title, chosen, npv_mean, npv_q10, npv_q90.

    A scheme that is built in no draw has none, and is left out.
    """
    frame = frame.dropna(subset=["npv_mean"])
    rows = [
        {"mean": r["npv_mean"], "q10": r["npv_q10"], "q90": r["npv_q90"], "title": r["title"]}
        for r in frame.to_dict("records")
    ]
    values = "; ".join(f"{r['title']} {in_sentence('npv', r)}" for r in rows)
    description = f"Present values of schemes of {area}, each built alone, pounds of {base_year}: {values}."
    frame = frame.sort_values("npv_mean", ascending=False)
    shown = frame.assign(
        label=_wrapped(frame["title"]), **{c: frame[f"npv_{c}"] / MILLION for c in ("mean", "q10", "q90")}
    )
    y = _names(shown)
    across = alt.Chart(shown).mark_rule(color=NAVY, strokeWidth=3, opacity=0.6)
    across = across.encode(
        y=y,
        x=alt.X(
            "q10:Q",
            title=f"{_POUNDS} of {base_year}",
            axis=alt.Axis(format=",.0f", tickCount=5, **AXIS_STYLE),
        ),
        x2="q90:Q",
    )
    kinds = ["In the programme", "Not in it"]
    # Colour and shape say the same, so they need the same key: one without would hide the other's.
    key = alt.Legend(**LEGEND_STYLE, orient="bottom", title=None, columns=1, labelLimit=300, symbolSize=120)
    points = alt.Chart(shown).mark_point(filled=True, size=90, opacity=1)
    points = points.encode(
        y=y,
        x="mean:Q",
        shape=alt.Shape("chosen:N", scale=alt.Scale(domain=kinds, range=["circle", "diamond"]), legend=key),
        color=alt.Color("chosen:N", scale=alt.Scale(domain=kinds, range=[NAVY, PLUM]), legend=key),
        tooltip=[
            alt.Tooltip("title:N", title="Scheme"),
            alt.Tooltip("mean:Q", title=_POUNDS, format="+,.1f"),
        ],
    )
    nought = (
        alt.Chart(pd.DataFrame({"nought": [0]}))
        .mark_rule(color="#0b0c0c", strokeWidth=2)
        .encode(x="nought:Q")
    )
    return make_figure(title, VALUES_KEY, description, nought + across + points, 56 * len(shown) + 90)


def inside(label: str) -> str:
    """Return a label as written within a sentence: without a colon, and with a capital only if it is an abbreviation."""
    words = label.replace(": ", ", ")
    return words if words[1:2].isupper() else words[:1].lower() + words[1:]


def _wrapped(labels: pd.Series) -> list[str]:
    return ["|".join(wrap(str(text), LABEL_WIDTH)) for text in labels]


def _names(shown: pd.DataFrame) -> alt.Y:
    axis: dict[str, Any] = {
        "labelExpr": "split(datum.label, '|')", "labelLimit": 170, "labelOverlap": False, "labelPadding": 6,
    }  # fmt: skip
    return alt.Y("label:N", sort=shown["label"].tolist(), title=None, axis=alt.Axis(**axis, **AXIS_STYLE))
