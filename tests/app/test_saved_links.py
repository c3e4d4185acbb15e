"""Links made on January 2025 open on it and on later tables: what they name is kept, and they say what they were made on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from forecast.ui.frame import choices
from forecast.ui.frame.choices import PARAMETERS
from scenarios import reading
from scenarios.store import address
from scenarios.unsaved import unpack
from tests.app.pages import open_page, text
from tests.saved import MADE, copy_of

LINKS: list[dict[str, dict[str, str]]] = json.loads((MADE / "links.json").read_text(encoding="utf-8"))
DATED = [link["address"] for link in LINKS if set(link["address"]) & set(choices.DATED)]


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(address.VARIABLE, str(copy_of("store.sqlite", tmp_path)))


@pytest.fixture
def next_release(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choices, "origin", lambda: 2026)


@pytest.mark.parametrize("link", [link["address"] for link in LINKS], ids=str)
def test_what_a_link_names_is_what_is_shown(link: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choices, "origin", lambda: 2025)
    shown, problems = choices.read(link)
    assert not problems
    assert choices.write(shown) == link


@pytest.mark.usefixtures("next_release")
@pytest.mark.parametrize("link", DATED, ids=str)
def test_on_the_next_release_a_dated_link_says_so_and_keeps_all_but_a_january_that_is_past(
    link: dict[str, str],
) -> None:
    shown, problems = choices.read(link)
    past = {"year"} if link.get("year") == "2026" else set()
    if set(link) & set(choices.DATED) - past:
        assert problems[0].startswith("This link was made on January 2025 or earlier.")
        assert "run to January 2026" in problems[0]
        problems = problems[1:]
    assert len(problems) == len(past)
    for name in set(link) - past:
        assert PARAMETERS[name].write(getattr(shown, name)) == link[name]
    if past:
        assert "January 2026 is not forecast: the figures are published to January 2026" in problems[0]
        assert shown.year == 2031


@pytest.mark.usefixtures("next_release")
def test_a_link_without_dates_and_a_link_of_now_say_nothing() -> None:
    assert choices.read({"area": "E09000026", "phase": "secondary"})[1] == ()
    assert choices.read({"area": "E09000026", "year": "2030", "made": "2026"})[1] == ()


def test_a_link_of_a_later_release_says_so() -> None:
    later = choices.origin() + 1
    _, problems = choices.read({"year": str(later + 1), "made": str(later)})
    assert problems == (
        f"This link was made on January {later}, a later release than this one (January {choices.origin()}), so its figures "
        "were others. Update the planner to see them.",
    )


def test_an_unsaved_scenario_of_a_link_is_the_scenario_of_then() -> None:
    ours = reading.read(MADE / "scenarios" / "our-2025.yaml")
    unsaved = [link["scenario"] for link in DATED if link.get("scenario", "").startswith("~")]
    assert [(unpack(name).scenario, unpack(name).began) for name in unsaved] == [(ours, 0), (ours, 2)]


@pytest.mark.usefixtures("next_release")
def test_what_is_chosen_now_makes_it_a_link_of_now() -> None:
    app = open_page("demand", year="2030")
    assert "This link was made on January 2025 or earlier" in " ".join(w.value for w in app.warning)
    app.selectbox(key="choose-year").set_value("2029").run()
    assert not [w for w in app.warning if "This link" in w.value]
    assert text(app)
