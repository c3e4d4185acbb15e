"""A kept scenario of an earlier release is opened with what it was made with, its earlier dates, and its recorded figures."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from data.made_with import MadeWith
from forecast.presentation import compare
from forecast.runs.made_with import made_now
from forecast.runs.scenario_names import NamedScenario, find_scenario
from forecast.ui.views.recorded_runs import beside_now, earlier_runs, release_words
from forecast.ui.views.scenarios import Beside
from scenarios.store import Run, Store, address
from tests.app.pages import open_page, text
from tests.saved import copy_of

LATER = MadeWith(2026, "abcdef012345")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    path = copy_of("store.sqlite", tmp_path)
    monkeypatch.setenv(address.VARIABLE, str(path))
    return Store.open(path)


@pytest.fixture
def chosen(store: Store) -> NamedScenario:
    return find_scenario("our-2025@2")


@pytest.fixture
def runs(store: Store, chosen: NamedScenario) -> tuple[Run, ...]:
    return earlier_runs(store.runs("our-2025"), chosen, 317, LATER)


def of_now(means: dict[str, float], january: int) -> Beside:
    rows = [
        {"scenario": name, "year": january, "measure": code, "mean": mean}
        for name in ("baseline", "ours")
        for code, mean in means.items()
    ]
    return Beside(pd.DataFrame(rows), {"baseline": "The forecast", "ours": "Ours"})


def test_only_runs_of_the_version_in_the_authority_made_with_something_else_count(
    store: Store, chosen: NamedScenario, runs: tuple[Run, ...]
) -> None:
    (one,) = runs
    assert (one.facts.version, one.facts.la_code) == (2, 317)
    assert earlier_runs(store.runs("our-2025"), chosen, 301, LATER) == ()
    same = replace(one, facts=replace(one.facts, release_january=2026, model_hash=LATER.model + "0" * 52))
    assert earlier_runs([same], chosen, 317, LATER) == ()


def test_recorded_figures_stand_beside_those_of_now_and_differ_by_the_difference(
    runs: tuple[Run, ...],
) -> None:
    ((january, recorded),) = json.loads(runs[0].summary).items()
    now = {code: value + 10 for code, value in recorded.items() if code != "p_shortfall"}
    one = beside_now(runs, of_now(now, int(january)), 2026)
    assert one is not None
    assert (one.january, one.others) == (2029, 0)
    row = one.table.loc[compare.MEASURES["plans"]]
    assert row["Recorded then"] == compare.part("plans", recorded["plans"])
    assert row["Now"] == compare.part("plans", recorded["plans"] + 10)
    assert row["Difference"] == "+10"
    assert one.table.loc[compare.MEASURES["p_shortfall"], "Now"] == "not forecast"
    assert "Ann Planner" in one.words
    assert "made on January 2025 or an earlier release with model de14c99b418d" in one.words


def test_a_january_that_is_published_by_now_keeps_its_recorded_figure(runs: tuple[Run, ...]) -> None:
    one = beside_now(runs, of_now({"plans": 1.0}, 2031), 2029)
    assert one is not None
    assert set(one.table["Now"]) == {"published by now"}
    assert set(one.table["Difference"]) == {""}


def test_a_run_that_recorded_no_figures_is_passed_over(runs: tuple[Run, ...]) -> None:
    empty = replace(runs[0], summary='{"later": {}, "2029": {"plans": "many"}}')
    assert beside_now([empty], of_now({"plans": 1.0}, 2029), 2025) is None
    one = beside_now([empty, runs[0]], of_now({"plans": 1.0}, 2029), 2025)
    assert one is not None


def test_the_release_of_a_kept_version_is_told_until_it_is_that_of_now(chosen: NamedScenario) -> None:
    assert release_words(chosen, LATER).startswith("Version 2 was made on January 2025 or an earlier release")
    assert chosen.kept is not None
    of_later = replace(chosen, kept=replace(chosen.kept, release_january=2026, model_key=LATER.model))
    assert release_words(of_later, LATER) == ""
    assert release_words(find_scenario("low-births"), LATER) == ""


@pytest.mark.usefixtures("store")
def test_the_page_shows_release_and_recorded_figures() -> None:
    page = open_page("scenarios", scenario="our-2025@2", made=str(made_now().january))
    shown = text(page) + " ".join(i.value for i in page.info)
    assert "Version 2 was made on January 2025 or an earlier release" in shown
    assert "Recorded then" in shown
    assert "sendplan then-and-now" in shown
