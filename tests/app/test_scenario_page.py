"""The page Scenarios: levers by form, figures that are the command line's, nothing lost and nothing overwritten."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from data import areas
from data.errors import OptionError
from data.sign_in.people import this_computer
from forecast.core.defaults import SEED
from forecast.core.outcome import Outcome
from forecast.presentation import compare, wording
from forecast.runs import scenario_run
from forecast.runs.baseline import ForecastInputs
from forecast.ui.background import scenario_jobs
from forecast.ui.background.job_inputs import JobInputs
from forecast.ui.components import results
from forecast.ui.frame.choices import origin, read, years
from forecast.ui.views import scenarios
from scenarios import reading
from scenarios.keeping import keep, scenario_of
from scenarios.scenario import Scenario
from scenarios.store import Store
from scenarios.unsaved import Unsaved, pack, unpack
from tests.app.pages import choice_of, open_page, text
from tests.command_line import printed

opened = partial(open_page, "scenarios")


def under_work(app: AppTest) -> Scenario:
    """Return the scenario in the address."""
    return unpack(choice_of(app, "scenario") or "").scenario


def surge(size: float = 1.2, began: int = 0, **said: object) -> Scenario:
    """Return a scenario of one lever."""
    lever = {"kind": "requests", "id": "more", "when": 2027, "change": size, "why": "A test."}
    return reading.from_values({"id": "ours", "title": "Ours", "levers": [lever], **said}, "test")


def test_without_a_scenario_the_sample_is_one_click_away() -> None:
    app = opened()
    assert "No scenario is open" in [h.value for h in app.header]
    app.button(key="open-sample").click().run()
    assert not app.error
    assert choice_of(app, "scenario") == "inclusion-bases"
    assert "fewer children short of a specialist place" in text(app)
    assert "high needs would cost" in text(app)


def test_changing_a_lever_of_ours_makes_it_yours_and_repaints() -> None:
    app = opened(scenario="pre-reform-surge")
    before = text(app)
    app.number_input(key="lever-0-requests-change-high").set_value(60.0).run()
    assert not app.error
    scenario = under_work(app)
    assert scenario.id == "my-pre-reform-surge"
    assert scenario.levers[0].change.high == 1.6  # type: ignore[union-attr]
    assert any("Not saved yet" in w.value for w in app.warning)
    assert text(app) != before
    assert reading.library()["pre-reform-surge"].levers[0].change.high != 1.6  # type: ignore[union-attr]


def test_a_range_dates_whom_why_and_evidence_are_set_by_form() -> None:
    app = opened(scenario=pack(Unsaved(surge())))
    app.checkbox(key="lever-0-requests-change-range").check().run()
    app.selectbox(key="lever-0-requests-when-until").select(2030).run()
    app.number_input(key="lever-0-requests-when-ramp").set_value(2).run()
    app.multiselect(key="lever-0-requests-who-needs").select("ASD").run()
    app.text_input(key="lever-0-requests-who-ages").set_value("5-10, 16").run()
    app.text_area(key="lever-0-requests-why").set_value("Nurseries say so.").run()
    app.text_area(key="lever-0-requests-evidence").set_value("A survey\nA letter").run()
    app.text_input(key="lever-0-requests-owner").set_value("Head of SEND").run()
    app.selectbox(key="lever-0-requests-status").select("proposed").run()
    assert not app.error
    lever = under_work(app).model_dump(mode="json")["levers"][0]
    assert lever["change"] == {"low": 1.1, "high": 1.3}
    assert lever["when"] == {"from": 2027, "until": 2030, "ramp": 2}
    assert lever["who"] == {"needs": ["ASD"], "ages": ["5-10", 16]}
    assert (lever["why"], lever["evidence"]) == ("Nurseries say so.", ["A survey", "A letter"])
    assert (lever["owner"], lever["status"]) == ("Head of SEND", "proposed")
    assert "Nurseries say so." in text(app)


def test_levers_are_added_and_removed() -> None:
    app = opened()
    app.button(key="open-empty").click().run()
    assert "no levers yet" in text(app)
    app.selectbox(key="new-kind").select("scheme").run()
    app.button(key="add-lever").click().run()
    assert [lever.kind for lever in under_work(app).levers] == ["scheme"]
    app.selectbox(key="lever-0-scheme-action").select("close").run()
    # The setting of the new school is not in the register, so there is nothing to close.
    assert "New specialist base" in app.error[0].value
    app.selectbox(key="lever-0-scheme-setting").select("Hatton School (Park Avenue)").run()
    assert not app.error
    app.button(key="remove-lever").click().run()
    assert under_work(app).levers == ()


def test_a_change_that_makes_no_scenario_stays_with_what_is_wrong_and_can_be_undone() -> None:
    start = pack(Unsaved(surge()))
    app = opened(scenario=start)
    before = text(app)
    app.text_input(key="lever-0-requests-who-ages").set_value("5 to ten").run()
    assert "is not an age or a run of ages" in app.error[0].value
    assert choice_of(app, "scenario") == start
    assert app.text_input(key="lever-0-requests-who-ages").value == "5 to ten"
    assert app.button(key="save-scenario").disabled
    assert before.count("80 % interval") == text(app).count("80 % interval")
    app.button(key="undo-change").click().run()
    assert not app.error
    assert app.text_input(key="lever-0-requests-who-ages").value == ""


def test_a_lever_that_cannot_act_here_leaves_the_form_to_mend_it() -> None:
    app = opened(scenario=pack(Unsaved(surge(areas=["Kent"]))))
    assert "Kent" in app.error[0].value
    assert app.number_input(key="lever-0-requests-change-one").value == 20.0


def test_saving_makes_versions_and_an_old_one_can_be_opened() -> None:
    app = opened(scenario=pack(Unsaved(surge())))
    app.text_input(key="saver").set_value("Ann")
    app.text_input(key="comment").set_value("First go")
    app.button(key="save-scenario").click().run()
    assert "Saved: ours version 1" in app.success[0].value
    assert choice_of(app, "scenario") == "ours@1"
    app.number_input(key="lever-0-requests-change-one").set_value(30.0).run()
    app.text_input(key="saver").set_value("Ann")
    app.button(key="save-scenario").click().run()
    assert choice_of(app, "scenario") == "ours@2"
    assert "First go" in text(app)
    app.selectbox(key="pick-version").select("ours@1")
    app.button(key="open-version").click().run()
    assert choice_of(app, "scenario") == "ours@1"
    assert app.number_input(key="lever-0-requests-change-one").value == 20.0


def test_of_two_editors_the_second_is_told_and_loses_nothing() -> None:
    keep(Store.open(), surge(), expected_version=0, who=this_computer("Ann"))
    app = opened(scenario="ours@1")
    app.number_input(key="lever-0-requests-change-one").set_value(30.0).run()
    keep(Store.open(), surge(1.5), expected_version=1, who=this_computer("Bob"))
    app.text_input(key="saver").set_value("Ann")
    app.button(key="save-scenario").click().run()
    assert "was changed by Bob" in app.error[0].value
    assert under_work(app).levers[0].change == 1.3  # type: ignore[union-attr]
    assert scenario_of(Store.open().latest("ours")).levers[0].change == 1.5  # type: ignore[union-attr]
    app.button(key="duplicate").click().run()
    app.text_input(key="saver").set_value("Ann")
    app.button(key="save-scenario").click().run()
    assert choice_of(app, "scenario") == "ours-copy@1"


def test_a_name_of_the_library_is_not_taken() -> None:
    app = opened(scenario=pack(Unsaved(surge().model_copy(update={"id": "low-births"}))))
    app.text_input(key="saver").set_value("Ann")
    app.button(key="save-scenario").click().run()
    assert "The library has another scenario" in app.error[0].value


def test_nobody_in_particular_cannot_save() -> None:
    app = opened(scenario=pack(Unsaved(surge())))
    app.text_input(key="saver").set_value("")
    app.button(key="save-scenario").click().run()
    assert "Nothing was saved" in app.error[0].value


def test_a_link_that_was_cut_says_so_and_the_page_stands() -> None:
    app = opened(scenario=pack(Unsaved(surge()))[:-20])
    assert "was cut or changed" in app.warning[0].value
    assert not app.error


def test_work_that_is_not_saved_is_shown_by_the_other_pages_too() -> None:
    app = open_page(scenario=pack(Unsaved(surge(1.5))))
    assert "You are looking at the scenario 'Ours'" in app.info[0].value
    assert not app.error


def test_up_to_four_are_set_side_by_side() -> None:
    app = opened(scenario=pack(Unsaved(surge())))
    app.button(key="compare-this").click().run()
    assert choice_of(app, "compare").startswith("baseline,~")
    app.toggle(key="show-compare").set_value(True).run()
    assert "difference from 'The forecast'" in text(app)
    app.number_input(key="lever-0-requests-change-one").set_value(30.0).run()
    # What is beside the forecast follows the work.
    assert choice_of(app, "compare") == f"baseline,{choice_of(app, 'scenario')}"
    app.multiselect(key="choose-compare").set_value(
        [choice_of(app, "scenario"), "baseline", "low-births", "reform-2030"]
    ).run()
    assert not app.error
    assert "difference from 'Ours (not saved)'" in text(app)
    assert "Fewer births" in text(app)


@pytest.fixture(scope="module")
def surge_run(inputs: ForecastInputs) -> tuple[Outcome, Outcome]:
    """Return Redbridge's forecast and a scenario of it."""
    base = inputs.baseline(areas.by_code(317))
    return base.outcome, scenario_run.rerun(base, surge())


def test_the_page_says_the_numbers_of_the_command_line(tmp_path: Path) -> None:
    path, out = tmp_path / "ours.yaml", tmp_path / "c.parquet"
    path.write_text(reading.to_yaml(surge()), encoding="utf-8")
    words = ["scenario", "compare", "Redbridge", "baseline", str(path)]
    printed(*words, "--year", str(origin() + 5), "--no-record", "--out", str(out))
    choices, problems = read({"scenario": pack(Unsaved(surge())), "made": str(origin())})
    assert problems == ()
    names = ("baseline", "ours")
    found = {
        n: results.measured_of(read({} if n == "baseline" else {"scenario": choices.scenario})[0])
        for n in names
    }
    januaries = list(years())
    ours = scenarios.beside(found, {n: n for n in names}, 317, januaries)
    theirs = pd.read_parquet(out)
    pd.testing.assert_frame_equal(ours.table, theirs, check_exact=True)
    shown = scenarios.against_forecast(
        scenarios.beside(found, {"baseline": "F", "ours": "S"}, 317, januaries), origin() + 5
    )
    page = text(opened(scenario=choices.scenario))
    for cell in [*shown[scenarios.SCENARIO_COLUMN], *shown[scenarios.DIFFERENCE_COLUMN]]:
        assert f">{cell}</td>" in page


def test_what_a_lever_contributes_and_what_meets_a_goal_come_from_the_background(
    inputs: ForecastInputs,
) -> None:
    base = inputs.baseline(areas.by_code(317), draws=100)
    scenario = reading.from_values(
        {
            "id": "two", "title": "Two",
            "levers": [
                {"kind": "requests", "id": "more", "when": 2027, "change": {"low": 1.1, "high": 1.4}, "why": "A test."},
                {"kind": "joiners", "id": "fewer", "when": 2027, "change": 0.9, "why": "A test."},
            ],
        },
        "test",
    )  # fmt: skip
    asked = JobInputs(317, 100, SEED, None, None, None, None, 0.0, ((scenario.title, scenario),))
    steps: list[str] = []
    found = scenario_jobs.explained(lambda done, total, says: steps.append(says), asked, 2032)
    assert len(steps) == 5
    together = scenario_run.rerun(base, scenario)
    plans = compare.measure(together, "plans")[:, years().index(2032)].mean()
    bars = found.bars["plans"].set_index("bar")["mean"]
    assert bars["scenario"] == pytest.approx(plans)
    assert bars.iloc[:-1].sum() == pytest.approx(plans)
    assert list(found.widths["plans"]["lever"]) == ["more"]
    drawn = scenarios.steps(found.bars["plans"])
    assert drawn.iloc[-2]["end"] == pytest.approx(drawn.iloc[-1]["end"])
    goal = scenario_jobs.Sought("fewer", 1.0, 0.2, "plans", 2032, None, "at_most", 6_000.0)
    said = scenario_jobs.sought(lambda *_: None, asked, goal)
    assert "'fewer' at 0." in said
    with pytest.raises(OptionError):
        scenario_jobs.Sought("fewer", 1.0, 0.2, "p_shortfall", 2032, None, "at_most", 6_000.0).goal  # noqa: B018


def test_the_sentence_says_the_difference_and_its_range(surge_run: tuple[Outcome, Outcome]) -> None:
    base, more = surge_run
    measured = {
        n: {m: compare.measure(o, m) for m in compare.MEASURES if m != "cost"}
        for n, o in (("baseline", base), ("s", more))
    }
    for each in measured.values():
        each["cost"] = 1e6 * each["plans"]
    titles, januaries = {"baseline": "F", "s": "S"}, list(years())
    found = scenarios.beside(measured, titles, 317, januaries)
    said = scenarios.sentence(found, "Redbridge", 2032)
    at = januaries.index(2032)
    away = compare.measure(more, "plans")[:, at] - compare.measure(base, "plans")[:, at]
    assert f"{wording.count(float(np.median(away)))} more EHC plans (80 % interval" in said
    assert "more in 2031-32" in said
    assert scenarios.finding(found, "plans", januaries[-1]).endswith(
        f"more EHC plans by January {januaries[-1]}"
    )
    same = scenarios.beside(dict.fromkeys(titles, measured["baseline"]), titles, 317, januaries)
    assert "as in the forecast" in scenarios.sentence(same, "Redbridge", 2032)
    assert scenarios.finding(same, "plans", januaries[-1]) == f"As in the forecast to January {januaries[-1]}"
