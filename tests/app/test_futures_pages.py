"""The three futures on Overview, Demand and Scenarios: shown, following the address, and the numbers of the terminal."""

from __future__ import annotations

import pandas as pd
import pytest

from forecast.core.outcome import Outcome
from forecast.presentation import futures as named
from forecast.presentation.futures import LABELS, REFORM, Futures
from forecast.runs import scenario_run
from forecast.runs.baseline import Baseline
from forecast.ui.components import results
from forecast.ui.components.charts import futures as charts
from forecast.ui.frame.choices import REFORM as REFORM_CHANCES
from forecast.ui.views import england as england_view
from forecast.ui.views import futures as view
from forecast.ui.views.common import plans_frame, tidy
from tests.app.pages import KENT, choice_of, choices_of, open_page, text


@pytest.mark.parametrize("page", ["", "demand"])
def test_overview_and_demand_show_the_three_futures_and_what_bounds_them(page: str) -> None:
    app = open_page(page)
    assert not app.exception
    futures = results.futures_of(choices_of())
    assert named.finding(futures, 2036) in [s.value for s in app.subheader]
    assert named.headline(futures) in [e.label for e in app.expander]
    shown = text(app)
    for line in named.lines(futures):
        assert line in shown
    assert named.judgement(futures) in shown
    assert "plans grew by" in shown
    assert "goes on much as in recent years" not in shown


def test_the_chance_of_the_reform_is_in_the_address_and_moves_no_other_figure() -> None:
    app = open_page()
    before = [m.value for m in app.metric]
    app.selectbox(key="choose-reform").select("20").run()
    assert choice_of(app, "reform") == "20"
    assert "You put that at 2 chances in 10." in text(app)
    assert [m.value for m in app.metric] == before
    app.selectbox(key="choose-reform").select("50").run()
    assert choice_of(app, "reform") is None
    assert "We put that at 5 chances in 10" in text(app)
    assert all(0 < chance < 100 for chance in REFORM_CHANCES)


def test_a_chance_that_cannot_be_set_is_said() -> None:
    app = open_page(reform="100")
    assert "is not a chance of the reform that can be set" in text(app) + " ".join(
        w.value for w in app.warning
    )


def test_plans_of_one_need_have_no_futures_of_their_own() -> None:
    app = open_page("demand", need="ASD")
    assert not any("Joining" in s.value for s in app.subheader)
    assert any("autistic spectrum disorder" in s.value for s in app.subheader)


def test_demand_gives_joining_year_by_year() -> None:
    app = open_page("demand", area=KENT)
    (fold,) = [e for e in app.expander if e.label.startswith("Joining, year by year")]
    assert "Lifetime chance of a plan" in fold.get("html")[0].proto.body


def test_a_scenario_is_shown_in_each_future_with_differences_draw_by_draw() -> None:
    app = open_page("scenarios", scenario="reform-2030")
    assert "With this scenario, in each of the three futures" in [h.value for h in app.header]
    shown = text(app)
    assert "EHC plans in Redbridge in each future, January 2031" in shown
    assert "A draw is the same future with the scenario as without it" in shown
    assert not any(
        LABELS[REFORM] in line for line in named.lines(results.futures_of(choices_of(scenario="reform-2030")))
    )


def test_evidence_sets_kept_forecasts_against_what_was_returned() -> None:
    app = open_page("evidence")
    assert not app.exception
    assert "Forecast against what was returned" in [h.value for h in app.header]
    shown = text(app)
    for sentence in results.audit_of(choices_of())[0].sentences:
        assert sentence in shown
    assert "lay inside the 80 % interval of the forecast made from January" in shown


def test_evidence_shows_england_beside_published_forecasts() -> None:
    app = open_page("evidence")
    assert "England, beside what others have forecast" in [h.value for h in app.header]
    assert "CCN / Isos Partnership" in text(app)


def test_a_scenario_that_moves_no_plans_says_so(redbridge: Outcome) -> None:
    table = view.beside_forecast(redbridge, redbridge, 2031)
    assert set(table["Difference"]) == {"no change"}
    assert set(table.index) <= {LABELS[one] for one in named.FUTURES}


def test_the_chart_has_every_path_its_fan_and_grey_ground_beyond_the_years_tested(redbridge: Outcome) -> None:
    futures = Futures.of(redbridge)
    plans = plans_frame(redbridge, view.summary.plans_long(redbridge))
    figure = charts.three_futures(
        plans, view.paths(futures, 2036), "Redbridge", named.finding(futures, 2036), 2026
    )
    marks = [layer.mark.type for layer in figure.chart.layer]
    assert marks == ["rect", "text", "area", "line", "point", "line"]
    assert "Grey ground" in figure.key
    for name in futures.names().values():
        assert name in figure.description
    short = charts.three_futures(
        tidy(plans, 2029), view.paths(futures, 2029), "Redbridge", named.finding(futures, 2029), 2026
    )
    assert [layer.mark.type for layer in short.chart.layer] == ["area", "line", "point", "line"]
    assert "Grey ground" not in short.key


def test_the_table_of_the_chart_has_each_future_beside_the_forecast(redbridge: Outcome) -> None:
    futures = Futures.of(redbridge)
    plans = plans_frame(redbridge, view.summary.plans_long(redbridge))
    table = view.table(plans, futures)
    assert table.loc[2026, LABELS["rises"]] == ""
    assert table.loc[2036, LABELS["rises"]] == futures.in_words("rises", 2036)


def test_with_few_draws_a_difference_has_no_range(redbridge: Outcome) -> None:
    assert view.interval(pd.Series([1.0, 2.0, 3.0]).to_numpy(), signed=True).startswith("+2 (too few futures")


def test_england_counts_and_dots(inputs: object) -> None:
    shown = results.england_of()
    assert isinstance(shown, england_view.EnglandView)
    figure = charts.england(shown.plans, shown.dots, shown.title, shown.origin)
    assert "Mime" in figure.description
    assert len(shown.dots) == len(shown.table)


def test_the_app_and_the_terminal_have_the_same_reform(redbridge: Outcome) -> None:
    shown = results.outcome_of(choices_of())
    assert shown.reform is not None
    base: Baseline = results.baseline_of(choices_of())
    assert scenario_run.reform_plans(base).equals(shown.reform)
