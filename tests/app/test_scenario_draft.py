"""Work on a scenario: it never changes what it began from, and knows when it says the same again."""

from __future__ import annotations

import pytest

from data.errors import ScenarioError
from data.sign_in.people import this_computer
from forecast.runs.scenario_names import find_scenario, ref_of
from forecast.ui.frame.choices import BASELINE, SAMPLE
from forecast.ui.views import scenario_draft
from forecast.ui.views.scenario_draft import (
    EMPTY,
    ScenarioDraft,
    begin_draft,
    duplicate,
    is_unsaved,
    name_of,
    renamed,
    titles,
)
from scenarios import reading
from scenarios.keeping import keep
from scenarios.store import Store
from scenarios.unsaved import unpack


def test_the_sample_is_one_we_ship() -> None:
    assert SAMPLE in reading.library()


def test_an_empty_scenario_can_be_worked_on() -> None:
    assert is_unsaved(name_of(ScenarioDraft(EMPTY, 0)))


def test_work_on_one_of_ours_goes_by_a_name_of_its_own() -> None:
    work = begin_draft(find_scenario("reform-2030"))
    assert (work.content["id"], work.began) == ("my-reform-2030", 0)
    assert work.content["id"] not in reading.library()
    assert unpack(name_of(work)).scenario.levers == reading.resolve("reform-2030").levers


def test_work_on_one_based_on_another_has_all_its_levers() -> None:
    assert "based_on" not in begin_draft(find_scenario("reform-2030-late")).content
    assert len(begin_draft(find_scenario("reform-2030-late")).content["levers"]) == len(
        reading.resolve("reform-2030-late").levers
    )


def test_work_on_a_kept_version_says_which_and_undoing_a_change_is_that_version_again() -> None:
    kept = keep(
        Store.open(),
        reading.find("low-births").model_copy(update={"id": "ours"}),
        expected_version=0,
        who=this_computer("Ann"),
    )
    work = begin_draft(find_scenario("ours"))
    assert work.began == 1
    assert name_of(work) == ref_of(kept) == "ours@1"
    changed = ScenarioDraft(work.content | {"title": "Other"}, 1)
    assert is_unsaved(name_of(changed))
    assert begin_draft(find_scenario(name_of(changed))) == changed


def test_a_copy_and_another_id_are_new_scenarios() -> None:
    keep(
        Store.open(),
        reading.find("low-births").model_copy(update={"id": "ours"}),
        expected_version=0,
        who=this_computer("Ann"),
    )
    assert duplicate(find_scenario("ours")).content["id"] == "ours-copy"
    assert duplicate(find_scenario("ours")).began == 0
    work = begin_draft(find_scenario("ours"))
    assert renamed(work, "ours") == work
    assert renamed(work, "theirs").began == 0


def test_work_that_says_no_scenario_is_refused_with_what_is_wrong() -> None:
    work = ScenarioDraft(
        EMPTY | {"levers": [{"kind": "requests", "when": 2027, "change": 99, "why": "x"}]}, 0
    )
    with pytest.raises(ScenarioError, match="out of range"):
        name_of(work)


def test_what_can_be_opened_is_the_forecast_what_was_kept_and_the_library() -> None:
    keep(
        Store.open(),
        reading.find("low-births").model_copy(update={"id": "ours"}),
        expected_version=0,
        who=this_computer("Ann"),
    )
    found = titles(None, BASELINE)
    assert next(iter(found)) == BASELINE
    assert "version 1" in found["ours@1"]
    assert set(reading.library()) - {BASELINE} <= set(found)
    unsaved = name_of(ScenarioDraft(EMPTY, 0))
    assert titles(find_scenario(unsaved), unsaved)[unsaved] == "My scenario (not saved)"
    assert scenario_draft.title_of(find_scenario("low-births")) == "Fewer births"
