"""Charts drawn once: known again where all is equal, drawn anew where anything differs, shown whole every time."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest

from forecast.ui.components.chart_cache import once
from tests.app.pages import open_page

FRAME = pd.DataFrame({"january": [2026, 2027], "mean": [1.0, 2.0], "who": ["a", "b"]})
SHAPES = gpd.GeoDataFrame({"zone": ["a", "b"]}, geometry=gpd.points_from_xy([0, 1], [0, 1]), crs=27700)


@once
def figure(frame: pd.DataFrame, area: str, shapes: gpd.GeoDataFrame | None = None) -> object:
    return object()


def test_equal_frames_and_words_give_the_same_figure() -> None:
    assert figure(FRAME, "Testshire") is figure(FRAME.copy(), "Testshire")
    assert figure(FRAME, "Testshire", SHAPES) is figure(FRAME.copy(), "Testshire", SHAPES.copy())


@pytest.mark.parametrize(
    "frame",
    [
        FRAME.assign(mean=[1.0, 2.0000000001]),
        FRAME.assign(mean=[1.0, float("nan")]),
        FRAME.assign(january=[2026.0, 2027.0]),
        FRAME.rename(columns={"who": "whose"}),
        FRAME.iloc[::-1],
        FRAME.iloc[:1],
        FRAME[["january", "who", "mean"]],
    ],
    ids=["a value", "a gap", "a type", "a name", "the order", "a row", "the columns"],
)
def test_another_frame_is_another_figure(frame: pd.DataFrame) -> None:
    assert figure(frame, "Testshire") is not figure(FRAME, "Testshire")


def test_other_words_or_outlines_are_another_figure() -> None:
    assert figure(FRAME, "Testshire") is not figure(FRAME, "Elsewhere")
    moved = SHAPES.set_geometry(gpd.points_from_xy([0, 1], [0, 2], crs=27700))
    assert figure(FRAME, "Testshire", moved) is not figure(FRAME, "Testshire", SHAPES)
    renamed = SHAPES.assign(zone=["a", "c"])
    assert figure(FRAME, "Testshire", renamed) is not figure(FRAME, "Testshire", SHAPES)


def test_a_page_shows_its_charts_whole_when_it_is_made_again() -> None:
    app = open_page("demand")
    first = [chart.proto.SerializeToString() for chart in app.get("vega_lite_chart")]
    app.run()
    again = [chart.proto.SerializeToString() for chart in app.get("vega_lite_chart")]
    other = open_page("demand", phase="primary")
    assert len(first) == 6
    assert again == first
    assert [c.proto.SerializeToString() for c in other.get("vega_lite_chart")] != first
