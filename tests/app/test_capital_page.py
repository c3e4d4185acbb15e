"""The page Capital: schemes put in and kept, a programme that is the command line's, and plain words where there is none."""

from __future__ import annotations

import io
import os
import re
import runpy
import time
import zipfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from data import areas
from data.capital.candidate_file import shipped, to_csv
from data.council_files.kept_files import CANDIDATES
from data.errors import CapitalError
from data.sign_in.people import this_computer
from data.vocabulary import PROVISION_CODES
from forecast.capital import capital_case, child_costs
from forecast.core.defaults import SEED
from forecast.core.outcome import Outcome
from forecast.jobs.worker import State, Worker
from forecast.presentation import capital_tables, wording
from forecast.runs.baseline import ForecastInputs
from forecast.ui.background import capital_job
from forecast.ui.background.capital_job import appraise
from forecast.ui.background.job_inputs import JobInputs
from forecast.ui.background.national_job import zipped
from forecast.ui.components import results, work_requests
from forecast.ui.components.charts import money as money_charts
from forecast.ui.frame import shell
from forecast.ui.views import capital, council_files
from forecast.ui.views.capital import CapitalView
from scenarios import reading
from tests import made_case
from tests.app.pages import APP, SCILLY, Finished, choices_of, keep_button, open_page, put_in, text
from tests.command_line import printed

opened = partial(open_page, "capital")
REDBRIDGE, CITY = 317, 201


def schemes(count: int = 3) -> str:
    """Return the text of a file of the first schemes shipped for Redbridge."""
    held = shipped(REDBRIDGE)
    assert held is not None
    return to_csv(held.rows[:count])


@pytest.fixture(scope="module")
def view(redbridge: Outcome) -> CapitalView:
    """Return the page of a made-up appraisal."""
    return capital.capital(made_case.case(redbridge), redbridge)


# Before a programme is asked for


def test_schemes_are_listed_with_what_is_assumed_and_what_codes_stand_for() -> None:
    app = opened()
    assert not app.error
    page = text(app)
    assert "14 schemes with 745 places might be built. 13 are assumptions, not proposals" in page
    assert "Little Heath School to 265 places" in page
    assert "ASD is autistic spectrum disorder" in page
    assert "SEMH is social, emotional and mental health" in page
    assert [h.value for h in app.header] == ["Schemes that might be built", "Choose a programme"]
    assert [b.label for b in app.button] == ["Appraise and choose"]


def test_where_nobody_put_in_schemes_they_are_derived_and_said_to_be() -> None:
    page = text(opened("E10000016"))
    assert "derived from the forecast shortfall, with benchmark costs. Nobody proposed them" in page


def test_where_there_is_nothing_to_build_there_is_nothing_to_choose() -> None:
    app = opened(SCILLY)
    assert not app.error
    assert "too small to derive any from. Put in your own." in text(app)
    assert not app.button
    assert "A forecast, not an outturn" in text(app)


def test_a_budget_is_typed_in_millions_and_kept_in_the_address_in_pounds() -> None:
    app = opened()
    app.number_input(key="choose-budget").set_value(7.5).run()
    assert app.query_params["budget"] in ("7500000", ["7500000"])
    app.number_input(key="choose-budget").set_value(None).run()
    assert "budget" not in app.query_params


# The question


def test_the_same_question_is_equal_however_often_it_is_asked_and_another_is_not() -> None:
    address = {"budget": "5000000", "scenario": "reform-2030"}
    first, again = (
        work_requests.job_inputs(choices_of(**address)),
        work_requests.job_inputs(choices_of(**address)),
    )
    assert first == again
    assert first is not again
    # As the command line reads a budget, so that files have it as the same kind of number.
    assert isinstance(first.budget, float)
    assert work_requests.job_inputs(choices_of(budget="6000000", scenario="reform-2030")) != first
    assert work_requests.job_inputs(choices_of(budget="5000000")) != first
    CANDIDATES.keep(
        this_computer("Jo"), REDBRIDGE, 0, lambda path: path.write_text(schemes(), encoding="utf-8")
    )
    assert work_requests.job_inputs(choices_of(**address)) != first


def test_the_chosen_scenario_is_appraised_first_and_none_is_tried_twice() -> None:
    futures = work_requests.job_inputs(choices_of(scenario="reform-2030")).futures
    assert [s.id for _, s in futures] == ["reform-2030", "baseline", "pre-reform-surge", "low-births"]
    assert len({t for t, _ in futures}) == 4


# The job


@pytest.fixture(scope="module")
def small() -> JobInputs:
    """Return a question that is answered quickly."""
    futures = tuple((name, reading.find(name)) for name in ("baseline", "low-births"))
    return JobInputs(REDBRIDGE, 100, SEED, None, None, schemes(), 4e6, 0.8, futures)


def test_the_programme_is_that_of_the_command_line(small: JobInputs, tmp_path: Path) -> None:
    steps: list[tuple[int, int, str]] = []
    found = appraise(lambda done, total, says: steps.append((done, total, says)), small)
    assert [done for done, _, _ in steps] == list(range(1, len(steps) + 1))
    assert {total for _, total, _ in steps} == {18}
    assert len(steps) <= 18
    (tmp_path / "schemes.csv").write_text(schemes(), encoding="utf-8")
    words = [
        "capital", "Redbridge", "--draws", "100", "--candidates", str(tmp_path / "schemes.csv"), "--budget", "4000000",
        "--scenario", "baseline", "--scenario", "low-births", "--out", str(tmp_path / "out"),
    ]  # fmt: skip
    printed(*words)
    for name in ("options", "by_january", "base_tests", "programmes", "other_futures"):
        ours = pd.read_parquet(io.BytesIO(found.files[f"{name}.parquet"]))
        pd.testing.assert_frame_equal(ours, pd.read_parquet(tmp_path / "out" / f"{name}.parquet"), obj=name)
    programme = pd.read_parquet(tmp_path / "out" / "programmes.parquet").iloc[0]
    builds = [i for i in programme["schemes"].split(";") if i]
    assert len(found.programme) == len(builds)
    ends = (programme[f"cost_{name}"] for name in ("q10", "q90"))
    assert f"about {wording.pounds(programme['cost_mean'], *ends)}" in found.headline
    yearly = pd.read_parquet(tmp_path / "out" / "by_january.parquet").set_index(["what", "january"])
    short = yearly.loc[("programme", programme["january"]), "short_q50"]
    assert f"{wording.count(short)} children would be short" in found.headline


def test_what_the_solver_prints_does_not_reach_the_server(
    small: JobInputs, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def prints(*_: object, **__: object) -> None:
        # Compiled code writes past Python's own output.
        os.write(1, b"Running HiGHS")
        raise CapitalError("Nothing to choose from.")

    base = SimpleNamespace(outcome=None)
    monkeypatch.setattr(
        capital_job.ForecastInputs,
        "prepare",
        lambda: SimpleNamespace(placement_models=SimpleNamespace(england=None)),
    )
    monkeypatch.setattr(capital_job, "base_of", lambda asked, inputs: base)
    monkeypatch.setattr(child_costs, "prepare_costs", lambda outcome, book: (None, None))
    monkeypatch.setattr(capital_case, "make", prints)
    capfd.readouterr()
    with pytest.raises(CapitalError, match="Nothing to choose from"):
        appraise(lambda *_: None, small)
    assert capfd.readouterr().out == ""


def test_the_job_can_be_stopped_and_leaves_no_process(small: JobInputs) -> None:
    worker = Worker()
    ticket = worker.submit(appraise, small)
    until = time.monotonic() + 120
    while worker.progress(ticket).state is State.WAITING or worker.progress(ticket).says == "Starting":
        assert time.monotonic() < until
        time.sleep(0.05)
    process = worker._tasks[ticket].process
    assert process is not None
    worker.cancel(ticket)
    while not worker.progress(ticket).ended:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert worker.progress(ticket).state is State.CANCELLED
    assert not process.is_alive()


def test_costs_are_as_modelled_where_income_is_not_published(inputs: ForecastInputs) -> None:
    outcome = inputs.baseline(areas.by_code(CITY), years=3, draws=100).outcome
    costs, finance = child_costs.prepare_costs(outcome)
    assert finance is None
    assert float(costs(outcome).per_child.min()) >= 0


def test_a_process_of_the_worker_that_imports_the_app_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def shown() -> None:
        raise AssertionError("a page was shown")

    monkeypatch.setattr(shell, "pages", shown)
    with pytest.raises(AssertionError):
        runpy.run_path(str(APP), run_name="__main__")
    runpy.run_path(str(APP), run_name="__mp_main__")


# A finished programme


def test_a_finished_programme_is_shown_with_its_charts_tables_and_files(
    view: CapitalView, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = Finished({appraise: view})
    monkeypatch.setattr(results, "worker", lambda: done)
    app = opened(scenario="reform-2030", budget="5000000")
    assert not app.error
    page = text(app)
    assert done.asked == {
        appraise: (work_requests.job_inputs(choices_of(scenario="reform-2030", budget="5000000")),)
    }
    assert "Done in 3 seconds." in page
    # What was answered is not asked for again.
    assert "Appraise and choose" not in [b.label for b in app.button]
    assert view.headline in page
    assert [h.value for h in app.header] == [
        "Schemes that might be built", "Choose a programme", "What the programme does", "Each scheme alone", "Why not a base?",
        "If another future comes",
    ]  # fmt: skip
    folds = [e for e in app.expander if e.label.startswith("Table, download and source: ")]
    assert len(app.get("vega_lite_chart")) == len(folds) == 2
    for fold in folds:
        assert len(fold.get("html")) == 1
        assert len(fold.get("download_button")) == 1
        assert any(m.value.startswith("Unit: ") and "Source: " in m.value for m in fold.markdown)
    for caption in (
        "What the programme builds",
        "Special school options of Redbridge against bases",
        "What each future costs each programme",
    ):
        assert caption in page
    assert "You are looking at the scenario" in app.info[0].value


def test_schemes_are_called_by_their_titles_and_per_cent_is_written_one_way(view: CapitalView) -> None:
    tables = (
        view.options_text,
        view.programme,
        view.programmes,
        view.base_comparisons,
        view.regret,
        view.regret_children,
    )
    shown = "\n".join(
        [view.headline, *view.sentences, *view.notes, *(t.to_csv(index=False) for t in tables if len(t))]
    )  # fmt: skip
    assert "Hill school expansion" in shown
    for code in ("hill-school-expansion", "new-special-school", *(c for c in PROVISION_CODES if "_" in c)):
        assert code not in shown
    assert not re.search(r"\d%", shown)
    assert "Baseline" not in shown
    assert "Costs in the forecast, average" in view.regret.columns
    assert view.regret.iloc[0, 0] == "The forecast"


def test_titles_with_commas_are_parted_by_semicolons() -> None:
    titles = {"a-1": "Base, north", "a-2": "Base, south", "a": "School"}
    assert (
        capital.by_title("from a-1, a-2, a, with 3", titles)
        == "from Base, north; Base, south; School, with 3"
    )
    assert capital.by_title("the a-10 road", titles) == "the a-10 road"


def test_out_of_reach_is_said_in_the_headline(view: CapitalView) -> None:
    assert (
        "Enough places, 80 % sure, are out of reach: the best chance of a programme is 2 chances in 10."
        in view.headline
    )


def test_an_empty_programme_says_that_nothing_is_worth_it(redbridge: Outcome) -> None:
    found = capital.capital(made_case.nothing(made_case.case(redbridge)), redbridge)
    assert found.headline.endswith("the programme builds nothing: no scheme is worth its cost.")
    assert len(found.programme) == 0


def test_without_other_futures_there_is_no_regret(redbridge: Outcome) -> None:
    found = capital.capital(made_case.case(redbridge, many_futures=False), redbridge)
    assert len(found.regret) == len(found.regret_children) == 0


def test_figures_of_tables_are_those_of_the_command_line(redbridge: Outcome, view: CapitalView) -> None:
    case = made_case.case(redbridge)
    pd.testing.assert_frame_equal(view.options.drop(columns="chosen"), capital_tables.options(case))
    assert list(view.options["chosen"]) == [
        capital.NOT_IN_IT,
        capital.IN_IT,
        capital.IN_IT,
        capital.NOT_IN_IT,
    ]
    yearly = capital_tables.by_january(case).set_index(["what", "january"])
    for row in view.effect.to_dict("records"):
        what = {capital.NONE_BUILT: "none", capital.BUILT: "programme"}[row["what"]]
        assert row["q50"] == yearly.loc[(what, row["january"]), "short_q50"]
    with zipfile.ZipFile(io.BytesIO(zipped(dict(view.files)))) as held:
        assert set(held.namelist()) == set(view.files) >= {"options.parquet", "capital.md", "run.json"}


def test_the_chart_of_schemes_has_a_key_of_shape_and_colour_and_the_most_worth_first(
    view: CapitalView,
) -> None:
    figure = money_charts.present_values(view.options, "T", "Redbridge", view.base_year)
    drawn = figure.chart.to_dict()
    points = next(layer for layer in drawn["layer"] if "shape" in layer["encoding"])
    assert points["encoding"]["shape"]["legend"] == points["encoding"]["color"]["legend"] != {}
    assert points["encoding"]["shape"]["legend"] is not None
    assert "Circles: in the programme. Diamonds: not in it." in figure.key
    order = points["encoding"]["y"]["sort"]
    assert order[0] == "Hill school expansion"
    assert order[-1] == "New special school"


def test_a_best_value_that_is_worth_no_more_is_not_called_the_largest(redbridge: Outcome) -> None:
    case = made_case.case(redbridge)
    assert case.best_value is not None
    said = " ".join(capital_tables.sentences(case))
    assert "no programme would be clearly worth more" in said
    better = replace(case, best_value=replace(case.best_value, npv=case.programme.npv + 1e6))
    assert "the largest net present value would be" in " ".join(capital_tables.sentences(better))


# The council's own schemes


def test_a_broken_file_of_schemes_is_refused_with_every_problem_and_a_mended_one_is_kept() -> None:
    app = opened()
    good = schemes()
    places = shipped(REDBRIDGE).rows[0].places  # type: ignore[union-attr]
    broken = good.replace(f",{places},", ",many,", 1).replace(",base,", ",bass,", 1)
    put_in(app, broken)
    assert "2 problems" in app.error[0].value
    assert CANDIDATES.versions(REDBRIDGE) == ()
    app = opened()
    put_in(app, good.replace(f",{places},", ",75,", 1))
    assert not app.error
    page = text(app)
    assert f"places from {places} to 75" in page
    assert page.count("Taken out") == 11
    assert any("Not kept yet" in w.value for w in app.warning)
    keep_button(app).click().run()
    assert [k.version for k in CANDIDATES.versions(REDBRIDGE)] == [1]
    assert "3 schemes with" in text(opened())
    assert "14 schemes with 745 places" in text(opened(candidates="0"))
    kept = work_requests.job_inputs(choices_of()).candidates
    assert kept is not None
    read_back = council_files.candidates(REDBRIDGE, kept)
    assert read_back is not None
    assert read_back.rows[0].places == 75


def test_of_two_who_put_in_schemes_the_second_is_told() -> None:
    app = opened()
    put_in(app, schemes(2))
    theirs = CANDIDATES.keep(
        this_computer("Jo"), REDBRIDGE, 0, lambda path: path.write_text(schemes(4), encoding="utf-8")
    )
    before = theirs.path.read_bytes()
    keep_button(app).click().run()
    assert "was kept by somebody else while you edited" in app.error[0].value
    assert theirs.path.read_bytes() == before


def test_a_version_of_schemes_that_is_not_here_says_so() -> None:
    assert "There is no version 4 of Redbridge's own list of schemes" in opened(candidates="4").error[0].value


def test_a_budget_that_cannot_be_used_says_so_and_is_left_out() -> None:
    app = opened(budget="12")
    assert "is not a budget" in app.warning[0].value
    assert "Showing no budget limit" in app.warning[0].value
