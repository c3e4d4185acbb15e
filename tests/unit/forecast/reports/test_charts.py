"""Charts for paper: small, legible, the same each time, and refused when they would mislead."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
from PIL import Image

from forecast.reports import charts
from forecast.reports.charts import ChartPanel, LabelledInterval, Line
from forecast.reports.document import Picture

YEARS = tuple(str(y) for y in range(2026, 2036))
LIMIT = 300_000
"""Bytes a picture may have."""


def lines(count: int, panels: int = 1, shift: float = 0.0) -> Picture:
    def one(n: int) -> Line:
        middle = tuple(100.0 * (n + 1) + 10.0 * y + shift for y in range(len(YEARS)))
        return Line(f"Line {n}", middle, tuple(v - 20 for v in middle), tuple(v + 30 for v in middle))

    return charts.over_years(
        [ChartPanel(f"Panel {p}", YEARS, tuple(one(n) for n in range(count))) for p in range(panels)],
        unit="Children",
        along="January",
        title="A title",
        key="A key",
        description="A description",
    )


@pytest.mark.parametrize(("count", "panels"), [(1, 1), (4, 1), (2, 4), (2, 3)])
def test_a_picture_is_sharp_and_small(count: int, panels: int) -> None:
    png = lines(count, panels).png
    picture = Image.open(io.BytesIO(png))
    assert len(png) < LIMIT
    assert round(picture.info["dpi"][0]) == charts.DPI
    assert "Software" not in picture.info


def test_the_same_numbers_give_the_same_picture_and_others_do_not() -> None:
    assert lines(2).png == lines(2).png
    assert lines(2).png != lines(2, shift=5.0).png


def test_lines_differ_without_colour() -> None:
    looks = charts._LOOKS
    assert (
        len({str(dash) for _, dash, _ in looks})
        == len({marker for _, _, marker in looks})
        == charts.MOST_SERIES
    )


def test_more_than_four_series_are_refused() -> None:
    with pytest.raises(ValueError, match="one to 4"):
        lines(5)


def test_five_panels_are_refused() -> None:
    with pytest.raises(ValueError, match="one to four panels"):
        lines(1, panels=5)


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_a_value_that_is_no_number_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="not numbers"):
        lines(1, shift=wrong)
    with pytest.raises(ValueError, match="rows of numbers"):
        charts.ranges([LabelledInterval("A", 0.0, wrong, 2.0)], unit="", title="T", key="", description="")


def test_a_line_must_have_a_value_a_year() -> None:
    with pytest.raises(ValueError, match="one value a year"):
        charts.over_years(
            [ChartPanel("P", YEARS, (Line("L", (1.0,)),))],
            unit="",
            along="",
            title="",
            key="",
            description="",
        )


def test_names_of_lines_that_end_together_do_not_overlap() -> None:
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    same = (Line("With", (1.0, 5.0)), Line("Without", (1.0, 5.0)), Line("Third", (1.0, 5.1)))
    charts._lines(axes, ChartPanel("P", ("2026", "2027"), same), pounds=False)
    heights = sorted(t.get_position()[1] for t in axes.texts)
    low, high = axes.get_ylim()
    assert (np.diff(heights) >= 0.08 * (high - low)).all()
