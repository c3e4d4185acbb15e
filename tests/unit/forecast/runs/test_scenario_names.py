"""What the name of a scenario means, on the command line and in an address."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import ScenarioError, StoreError
from data.sign_in.people import this_computer
from forecast.runs.scenario_names import find_scenario, find_scenario_or_file, ref_of
from scenarios import reading
from scenarios.keeping import keep
from scenarios.scenario import Scenario
from scenarios.store import Store
from scenarios.unsaved import Unsaved, pack


@pytest.fixture
def store(tmp_path: Path) -> str:
    """Return a store with two versions of one scenario, and one that is based on it."""
    where = str(tmp_path / "s.sqlite")
    held = Store.open(where)
    surge = reading.find("pre-reform-surge")
    first = surge.model_copy(update={"id": "ours", "title": "First"})
    keep(held, first, expected_version=0, who=this_computer("Ann"))
    keep(held, first.model_copy(update={"title": "Second"}), expected_version=1, who=this_computer("Ann"))
    keep(
        held,
        Scenario(id="built", title="Built on it", based_on="ours"),
        expected_version=0,
        who=this_computer("Ann"),
    )
    return where


def test_the_library_comes_first(store: str) -> None:
    assert find_scenario("low-births", store).as_written == reading.find("low-births")


def test_an_id_is_the_latest_version_and_a_number_is_that_one(store: str) -> None:
    assert find_scenario("ours", store).as_written.title == "Second"
    found = find_scenario("ours@1", store)
    assert found.as_written.title == "First"
    assert found.kept is not None
    assert ref_of(found.kept) == "ours@1"
    assert find_scenario_or_file("ours@1", store).as_written == found.as_written


def test_what_it_is_based_on_is_read_from_the_store(store: str) -> None:
    assert [lever.kind for lever in find_scenario("built", store).flat.levers] == ["requests"]


def test_a_scenario_nobody_kept_says_what_it_began_from(store: str) -> None:
    scenario = reading.find("low-births")
    found = find_scenario(pack(Unsaved(scenario, 2)), store)
    assert (found.as_written, found.began, found.kept) == (scenario, 2, None)


def test_a_version_that_is_not_there_is_told(store: str) -> None:
    with pytest.raises(StoreError, match="no version 9"):
        find_scenario("ours@9", store)


@pytest.mark.parametrize("ref", ["nothing", "ours@", "ours@x", "ours@-1"])
def test_a_name_nobody_knows_is_told(store: str, ref: str) -> None:
    with pytest.raises(ScenarioError, match="is not a scenario that we know"):
        find_scenario(ref, store)


def test_a_name_from_an_address_reads_no_file_and_one_of_the_command_line_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        reading.to_yaml(reading.find("low-births").model_copy(update={"id": "mine"})), encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    assert find_scenario_or_file("mine.yaml", "none.sqlite").as_written.id == "mine"
    for ref in ("mine.yaml", str(path)):
        with pytest.raises(ScenarioError, match="is not a scenario that we know"):
            find_scenario(ref, "none.sqlite")
    assert not (tmp_path / "none.sqlite").exists()
