"""Charts for reports: from finished numbers to a PNG with key and description, drawn without a browser or a network.

Invariants: nothing is told by colour alone (lines differ by dash and marker, and are named where they end), so a print in black
and white says as much; at most `MOST_SERIES` series and one axis a panel; shading and whiskers are 80 % intervals and the key
says so; the same numbers give the same bytes.
"""

from __future__ import annotations

import io
import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from forecast.presentation import wording
from forecast.reports.document import WIDTH_CM, Picture

NAVY, PLUM, TEAL, GREY = "#12436D", "#801650", "#28A197", "#3D3D3D"
"""Colours of the Government Analysis Function, in the order they are used."""

MOST_SERIES = 4
"""More series than this cannot be told apart."""

DPI = 300
BAND_KEY = f"Shading: {wording.INTERVAL}."
WHISKER_KEY = f"Whiskers: {wording.INTERVAL}."

_INCH = 2.54
_STYLE: Any = {
    "font.family": "DejaVu Sans", "font.size": 8.5, "axes.edgecolor": GREY, "axes.labelcolor": GREY,
    "text.color": GREY, "xtick.color": GREY, "ytick.color": GREY, "axes.spines.top": False, "axes.spines.right": False,
    "axes.grid": True, "grid.color": "#D5DADF", "grid.linewidth": 0.6, "axes.axisbelow": True, "svg.hashsalt": "report",
}  # fmt: skip
_LOOKS: tuple[tuple[str, Any, str], ...] = (
    (NAVY, (0, (5, 3)), "o"),
    (PLUM, "solid", "s"),
    (TEAL, (0, (1, 1.5)), "^"),
    (GREY, (0, (6, 2, 1, 2)), "D"),
)


@dataclass(frozen=True)
class Line:
    """One series over years.

    Parameters
    ----------
    name
        What it is called, written where it ends.
    middle
        Values, one a year.
    low, high
        80 % interval; none where empty.
    steps
        Whether a value holds until the next, as places of an academic year do.
    """

    name: str
    middle: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    steps: bool = False


@dataclass(frozen=True)
class ChartPanel:
    """One panel of a chart.

    Parameters
    ----------
    title
        What it is of.
    years
        Labels along the axis, in order.
    lines
        At most `MOST_SERIES`.
    """

    title: str
    years: tuple[str, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class LabelledInterval:
    """A number with its 80 % interval, and a label."""

    name: str
    low: float
    middle: float
    high: float


def over_years(
    panels: Sequence[ChartPanel],
    *,
    unit: str,
    along: str,
    title: str,
    key: str,
    description: str,
    pounds: bool = False,
) -> Picture:
    """Return a chart of lines over years, in one panel or several side by side.

    Parameters
    ----------
    panels
        One, or up to four in rows of two.
    unit
        What the upright axis counts.
    along
        What the years are: "January", "Financial year".
    title, key, description
        See `forecast.reports.document.Picture`.
    pounds
        Whether values are pounds, which may be negative and are labelled in millions.

    Raises
    ------
    ValueError
        Too many panels or series, or a value that is not a number.
    """
    if not 1 <= len(panels) <= 4:
        raise ValueError(f"A figure has one to four panels, not {len(panels)}.")
    for panel in panels:
        _check(panel)
    columns = 1 if len(panels) == 1 else 2
    rows = math.ceil(len(panels) / columns)
    height = 8.2 if columns == 1 else 5.0 * rows
    with rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH_CM / _INCH, height / _INCH), layout="constrained")
        for number, panel in enumerate(panels):
            axes = figure.add_subplot(rows, columns, number + 1)
            _lines(axes, panel, pounds=pounds)
            if len(panels) > 1:
                axes.set_title(
                    textwrap.fill(panel.title, 40), fontsize=9, fontweight="bold", loc="left", color=GREY
                )
            if number % columns == 0:
                axes.set_ylabel(unit)
            if number >= len(panels) - columns:
                axes.set_xlabel(along)
        return Picture(_png(figure), title, key, description)


def ranges(
    rows: Sequence[LabelledInterval],
    *,
    unit: str,
    title: str,
    key: str,
    description: str,
    pounds: bool = False,
) -> Picture:
    """Return a chart with a point and its whiskers for each row, in the order given, first on top.

    Raises
    ------
    ValueError
        There are no rows, or a value is not a number.
    """
    if not rows or not all(math.isfinite(v) for r in rows for v in (r.low, r.middle, r.high)):
        raise ValueError(f"The chart '{title}' needs rows of numbers.")
    with rc_context(_STYLE):
        names = [textwrap.fill(r.name, 44) for r in rows]
        # Room for the longest name, so that no two touch.
        height = 2.1 + len(rows) * max(0.85, 0.3 + 0.4 * max(n.count("\n") + 1 for n in names))
        figure = Figure(figsize=(WIDTH_CM / _INCH, height / _INCH), layout="constrained")
        axes = figure.add_subplot()
        places = [-n for n in range(len(rows))]
        middle = [r.middle for r in rows]
        out = [[r.middle - r.low for r in rows], [r.high - r.middle for r in rows]]
        axes.errorbar(
            middle,
            places,
            xerr=out,
            fmt="o",
            color=NAVY,
            ecolor=NAVY,
            elinewidth=1.6,
            capsize=4,
            markersize=6,
        )
        if min(r.low for r in rows) < 0:
            axes.axvline(0, color=GREY, linewidth=1.1)
        else:
            axes.set_xlim(left=0)
        axes.set_yticks(places, names)
        axes.set_ylim(-len(rows) + 0.4, 0.6)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel(unit)
        axes.xaxis.set_major_formatter(FuncFormatter(_pounds if pounds else _count))
        return Picture(_png(figure), title, key, description)


def _check(panel: ChartPanel) -> None:
    if not 1 <= len(panel.lines) <= MOST_SERIES:
        raise ValueError(
            f"'{panel.title}' has {len(panel.lines)} series: a chart holds one to {MOST_SERIES}."
        )
    for line in panel.lines:
        values = (*line.middle, *line.low, *line.high)
        if len(line.middle) != len(panel.years) or not {len(line.low), len(line.high)} <= {
            0,
            len(panel.years),
        }:
            raise ValueError(f"'{line.name}' in '{panel.title}' has not one value a year.")
        if not all(math.isfinite(v) for v in values):
            raise ValueError(f"'{line.name}' in '{panel.title}' has values that are not numbers.")


def _lines(axes: Axes, panel: ChartPanel, *, pounds: bool) -> None:
    x = range(len(panel.years))
    for line, (colour, dash, marker) in zip(panel.lines, _LOOKS, strict=False):
        if line.low:
            axes.fill_between(x, line.low, line.high, color=colour, alpha=0.16, linewidth=0)
        if line.steps:
            axes.step(x, line.middle, where="post", color=colour, linewidth=2.0)
        else:
            axes.plot(
                x, line.middle, color=colour, linestyle=dash, linewidth=1.7, marker=marker, markersize=3.2
            )
    every = [v for line in panel.lines for v in (*line.middle, *line.low, *line.high)]
    top, bottom = max(every), min(every)
    if bottom >= 0:
        axes.set_ylim(0, max(top * 1.08, 1.0))
    else:
        axes.axhline(0, color=GREY, linewidth=1.1)
    _names(axes, panel)
    # Every other label where they would touch.
    step = 1 if len(panel.years) <= 6 else 2
    shown = [n for n in x if (len(panel.years) - 1 - n) % step == 0]
    axes.set_xticks(shown, [panel.years[n] for n in shown])
    axes.grid(axis="x", visible=False)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=not pounds))
    axes.yaxis.set_major_formatter(FuncFormatter(_pounds if pounds else _count))


def _names(axes: Axes, panel: ChartPanel) -> None:
    """Write the name of each line beyond its end, moved apart if two ends are close."""
    low, high = axes.get_ylim()
    room = 0.085 * (high - low)
    placed: list[float] = []
    last = len(panel.years) - 1
    ends = sorted(zip(panel.lines, _LOOKS, strict=False), key=lambda e: e[0].middle[-1])
    for line, (colour, _, _) in ends:
        at = max([line.middle[-1], *(p + room for p in placed)])
        placed.append(at)
        axes.text(
            last + 0.12 + 0.01 * last,
            at,
            line.name,
            color=colour,
            fontweight="bold",
            fontsize=8,
            va="center",
            ha="left",
        )
    longest = max(len(line.name) for line in panel.lines)
    axes.set_xlim(-0.3, last + 0.4 + last * 0.024 * longest)


def _count(value: float, _: object = None) -> str:
    return wording.whole(value)


def _pounds(value: float, _: object = None) -> str:
    return wording.axis_pounds(value)


def _png(figure: Figure) -> bytes:
    out = io.BytesIO()
    FigureCanvasAgg(figure)
    # No software name in the file: a new release of the library is not a new picture.
    figure.savefig(out, format="png", dpi=DPI, metadata={"Software": None})
    return out.getvalue()
