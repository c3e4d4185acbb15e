"""Charts: what they draw and what they say, without a browser."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from data import areas
from data.panels.history import History
from data.vocabulary import ALL
from forecast.core.outcome import Outcome
from forecast.presentation import words
from forecast.presentation.summary import RunOut
from forecast.runs.baseline import ForecastInputs
from forecast.ui.components.charts import demand as demand_charts
from forecast.ui.components.charts import evidence as evidence_charts
from forecast.ui.components.charts import map as map_charts
from forecast.ui.components.charts import places as place_charts
from forecast.ui.components.charts import waterfall
from forecast.ui.components.charts.figure import GREY, NAVY, PLUM
from forecast.ui.views import area_map, demand, evidence, places
from forecast.ui.views.common import ESTIMATED, FORECAST, MISSING, PUBLISHED, WORKED_OUT


def made_up(kinds: dict[int, tuple[str, float, float, float]]) -> pd.DataFrame:
    rows = [(j, *values) for j, values in kinds.items()]
    return pd.DataFrame(rows, columns=["january", "kind", "q10", "q50", "q90"])


GROWING = made_up(
    {
        2023: (PUBLISHED, 90.0, 90.0, 90.0),
        2024: (MISSING, float("nan"), float("nan"), float("nan")),
        2025: (PUBLISHED, 100.0, 100.0, 100.0),
        2026: (FORECAST, 105.0, 110.0, 115.0),
        2027: (FORECAST, 108.0, 120.0, 140.0),
    }
)

PLACES = pd.DataFrame(
    {
        "phase": "primary",
        "provision": "state_special",
        "january": [2025, 2026, 2027],
        "placed": [50.0, None, None],
        "places": [60.0, 60.0, 70.0],
        "q10": [None, 55.0, 58.0],
        "q50": [None, 61.0, 72.0],
        "q90": [None, 66.0, 90.0],
        "filled": [None, 60.0, 69.0],
    }
)


def values(layer: dict[str, Any], spec: dict[str, Any]) -> list[dict[str, Any]]:
    return spec["datasets"][layer.get("data", spec.get("data"))["name"]]


def layers(spec: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the layers of a chart by mark."""
    found: dict[str, list[dict[str, Any]]] = {}
    for layer in spec["layer"]:
        found.setdefault(layer["mark"]["type"], []).append(layer)
    return found


def test_plans_chart_draws_history_and_forecast_that_meet() -> None:
    spec = demand_charts.plans(GROWING, "Testshire").chart.to_dict()
    drawn = layers(spec)
    points = values(drawn["point"][0], spec)
    assert [(p["january"], p["q50"]) for p in points] == [(2023, 90), (2025, 100)]
    band = values(drawn["area"][0], spec)
    assert [(b["january"], b["q10"], b["q90"]) for b in band] == [
        (2025, 100, 100),
        (2026, 105, 115),
        (2027, 108, 140),
    ]
    history = [v for line in drawn["line"] for v in values(line, spec) if v["january"] == 2024]
    assert [v["q50"] for v in history] == [None], "a missing January must stay a gap"


def test_plans_chart_title_is_the_finding_and_description_holds_the_figures() -> None:
    figure = demand_charts.plans(GROWING, "Testshire")
    assert figure.title == "EHC plans likely to grow to about 120 by 2027"
    assert figure.chart.to_dict()["description"] == figure.description
    for part in ("Testshire", "90 in 2023", "100 in 2025", "120 (108 to 140) in 2027", "No figure for 2024"):
        assert part in figure.description


@pytest.mark.parametrize(
    ("low", "high", "says"),
    [
        (101, 140, "likely to grow to about"),
        (60, 99, "likely to fall to about"),
        (60, 140, "may grow or fall"),
    ],
)
def test_plans_chart_claims_no_more_than_the_interval(low: float, high: float, says: str) -> None:
    frame = GROWING.copy()
    frame.loc[frame["january"] == 2027, ["q10", "q90"]] = [low, high]
    assert says in demand_charts.plans(frame, "Testshire").title


def test_estimated_januaries_differ_by_shape_and_the_key_says_so() -> None:
    frame = GROWING.copy()
    frame.loc[frame["january"] == 2023, "kind"] = ESTIMATED
    figure = demand_charts.plans(frame, "Testshire")
    shape = layers(figure.chart.to_dict())["point"][0]["encoding"]["shape"]["scale"]
    assert shape["domain"][0] == PUBLISHED
    assert set(shape["domain"][1:]) == {ESTIMATED, WORKED_OUT}
    assert shape["range"] == ["circle", "triangle-up", "triangle-up"]
    assert demand_charts.TRIANGLES[ESTIMATED] in figure.key
    assert demand_charts.TRIANGLES[WORKED_OUT] not in figure.key


def test_a_chart_says_which_januaries_are_not_as_published() -> None:
    frame = GROWING.copy()
    frame.loc[frame["january"] == 2025, "kind"] = WORKED_OUT
    figure = demand_charts.plans(frame, "Testshire")
    drawn = layers(figure.chart.to_dict())["point"][0]
    spec = figure.chart.to_dict()
    assert [(p["january"], p["kind"]) for p in values(drawn, spec)][-1] == (2025, WORKED_OUT)
    assert demand_charts.TRIANGLES[WORKED_OUT] in figure.key
    assert demand_charts.TRIANGLES[ESTIMATED] not in figure.key
    plain = demand_charts.plans(GROWING, "Testshire").key
    assert not any(text in plain for text in demand_charts.TRIANGLES.values())


def test_places_chart_draws_wanted_places_and_residents_placed() -> None:
    figure = place_charts.places(
        PLACES, RunOut("primary", "state_special", 2027, 0.6, 5.0, False), "Testshire"
    )
    spec = figure.chart.to_dict()
    drawn = layers(spec)
    stepped = next(line for line in drawn["line"] if line["mark"].get("interpolate") == "step-after")
    assert [(v["january"], v["places"]) for v in values(stepped, spec)] == [
        (2025, 60),
        (2026, 60),
        (2027, 70),
    ]
    assert [(v["january"], v["q50"]) for v in values(drawn["area"][0], spec)] == [(2026, 61), (2027, 72)]
    assert [(v["january"], v["placed"]) for v in values(drawn["point"][0], spec)] == [(2025, 50)]
    # 72 wanted and 70 places end too close together for both names to stand above.
    assert {layer["mark"]["text"]: layer["mark"]["baseline"] for layer in drawn["text"]} == {
        "Want a place": "bottom",
        "Places": "top",
    }
    assert figure.title == "State special schools: run out by January 2027"
    for part in ("50 residents placed in January 2025", "61 (55 to 66) in January 2026", "70 in 2027"):
        assert part in figure.description


@pytest.mark.parametrize(
    ("january", "from_start", "probability", "says"),
    [
        (2026, True, 0.9, "short from January 2026"),
        (2030, False, 0.6, "run out by January 2030"),
        (None, False, 0.1, "not likely to run out"),
        (None, False, 0.48, "could run out"),
    ],
)
def test_places_title_says_what_the_sentence_says(
    january: int | None, from_start: bool, probability: float, says: str
) -> None:
    found = RunOut("primary", "specialist_base", january, probability, 2.0, from_start)
    assert place_charts.places_title(found) == f"Specialist bases: {says}"
    if january is None:
        assert says in words.run_out_sentence(found)


def test_a_shortfall_among_enough_places_is_said_to_be_of_some_ages_or_needs() -> None:
    frame = PLACES.assign(places=[60.0, 80.0, 80.0])
    figure = place_charts.places(frame, RunOut("primary", "state_special", 2026, 0.6, 5.0, True), "Testshire")
    assert figure.title == "State special schools: short from January 2026, for some ages or needs"


def test_years_are_the_first_of_january_whatever_the_clock_of_the_reader() -> None:
    for figure in (
        demand_charts.plans(GROWING, "T"),
        place_charts.places(PLACES, RunOut("primary", "state_special", None, 0.1, 0.0, False), "T"),
    ):
        for layer in figure.chart.to_dict()["layer"]:
            if layer["mark"]["type"] != "text":
                x = layer["encoding"]["x"]
                assert (x["axis"]["format"], x["scale"]["type"]) == ("%Y", "utc")
        dates = {row["date"] for rows in figure.chart.to_dict()["datasets"].values() for row in rows}
        assert dates <= {f"{year}-01-01T00:00:00" for year in range(2023, 2028)}


def test_lines_that_share_a_chart_differ_by_more_than_colour() -> None:
    spec = place_charts.places(
        PLACES, RunOut("primary", "state_special", None, 0.1, 0.0, False), "T"
    ).chart.to_dict()
    dashes = [str(line["mark"].get("strokeDash")) for line in layers(spec)["line"]]
    assert len(dashes) == len(set(dashes)) == 3


def contrast(colour: str) -> float:
    """Return the WCAG contrast of a colour with white."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


@pytest.mark.parametrize("colour", [GREY, NAVY, PLUM])
def test_colours_that_draw_lines_and_words_are_readable(colour: str) -> None:
    assert contrast(colour) >= 4.5


def test_a_waterfall_has_lines_that_fit_and_bars_that_meet() -> None:
    bars = demand.steps(
        pd.DataFrame(
            {
                "label": ["New plans, at today's number of residents", "Plans ending", "Change in plans"],
                "mean": [50.0, -20.0, 30.0], "q10": [40.0, -30.0, 20.0], "q90": [60.0, -10.0, 40.0],
            }
        ), 100.0, 2025, 2030,
    )  # fmt: skip
    figure = demand_charts.waterfall(bars, "Testshire", 2025, 2030)
    assert figure.title == "About 30 more plans by 2030, and what makes them up"
    spec = figure.chart.to_dict()
    drawn = values(layers(spec)["bar"][0], spec)
    assert [(b["start"], b["end"]) for b in drawn] == [(0, 100), (100, 150), (150, 130), (0, 130)]
    assert max(len(part) for b in drawn for part in b["label"].split("|")) <= waterfall.LABEL_WIDTH
    assert "Plans ending -20" in figure.description


def test_rates_compare_no_more_than_four_and_name_the_side() -> None:
    frame = pd.DataFrame(
        [
            (j, who, rate + j - 2024)
            for j in (2024, 2025)
            for who, rate in {"A": 20.0, "N": 30.0, "R": 31.0, "England": 40.0}.items()
        ],
        columns=["january", "who", "rate"],
    )
    figure = demand_charts.rates(frame, "A")
    assert figure.title == "A is below England: 21.0 plans for every 1,000 residents"
    encoding = figure.chart.to_dict()["layer"][0]["encoding"]
    assert encoding["strokeDash"]["scale"]["domain"] == ["A", "N", "R", "England"]
    assert len({str(d) for d in encoding["strokeDash"]["scale"]["range"]}) == 4


def test_the_record_title_counts_what_was_held() -> None:
    own = evidence.load_record(areas.by_code(317)).own
    figure = evidence_charts.record(own, "Redbridge")
    inside = (own["low_80"] <= own["actual"]) & (own["actual"] <= own["high_80"])
    # January 2021 to 2025, each to January 2026.
    assert len(own) == 5 + 4 + 3 + 2 + 1
    assert figure.title == f"{inside.sum()} of 15 earlier forecasts held the plans that came"


def test_coverage_says_the_range_found() -> None:
    by_ahead = evidence.load_record(areas.by_code(317)).by_ahead
    low, high = by_ahead["share"].min(), by_ahead["share"].max()
    assert 70 < low < 80 < high < 90
    figure = evidence_charts.coverage(by_ahead)
    assert figure.title == f"Intervals held {low:.0f} to {high:.0f} % of outcomes; 80 % would be right"


def test_a_map_writes_its_numbers_marks_kinds_by_shape_and_asks_no_host(
    redbridge: Outcome, inputs: ForecastInputs
) -> None:
    view = area_map.area_map(redbridge, inputs.history)
    shapes = area_map.shown(view, "demand", ALL, 2030)
    figure = map_charts.zones(
        shapes, view.around, view.settings, what="Wanted", title="T", description="Map of Redbridge"
    )
    spec = figure.chart.to_dict()
    assert spec["projection"] == {"type": "identity", "reflectY": True}
    assert "url" not in str(spec).replace("$schema", "")
    drawn = layers(spec)
    assert len(values(drawn["text"][0], spec)) == 22
    scale = drawn["point"][0]["encoding"]["shape"]["scale"]
    assert scale["range"] == [map_charts.SHAPES_OF_KINDS[k] for k in scale["domain"]]
    assert "Diamonds: state special schools; squares: specialist bases." in figure.key


def test_every_chart_of_an_authority_is_described(
    redbridge: Outcome, newham: Outcome, isle_of_wight: Outcome, cumberland: Outcome, inputs: ForecastInputs
) -> None:
    history: History = inputs.history
    for outcome in (redbridge, newham, isle_of_wight, cumberland):
        name = outcome.area.name
        wanted, held = demand.demand(outcome, history), places.places(outcome, history)
        frame = places.places_frame(held, ALL, 2036)
        figures = [
            demand_charts.plans(wanted.plans, name),
            demand_charts.rates(wanted.rates, name),
            *(
                demand_charts.flow(rows, demand.PIPELINE[step][1], name)
                for step, rows in wanted.pipeline.items()
            ),
            *(
                demand_charts.plans(wanted.frame(p, n), name, "x")
                for p, n in (("primary", "ASD"), ("post16", ALL))
            ),
            *(place_charts.places(frame, r, name) for r in held.run_outs),
        ]
        assert len(figures) > 6
        for figure in figures:
            assert figure.chart.to_dict()["description"] == figure.description
            assert len(figure.title.split()) <= 16
