"""The tour: a step for every page, the sample opened and put away, the reader's own scenario left alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forecast.ui.frame import choices, tour
from forecast.ui.frame.choices import BASELINE, LEFT, SAMPLE, TAKEN, Choices
from forecast.ui.frame.registry import PAGES, PageEntry
from tests.app.pages import choice_of, open_page, text


def barnet(scenario: str = BASELINE) -> Choices:
    address = {"area": "E09000003", "scenario": scenario, "year": "2032", "made": str(choices.origin())}
    return choices.read(address)[0]


def test_every_page_has_a_step_and_no_step_is_of_another_page() -> None:
    assert list(tour.STEPS) == [e.title for e in PAGES]


@pytest.mark.parametrize("entry", PAGES, ids=lambda e: e.title)
@pytest.mark.parametrize("before", [BASELINE, SAMPLE])
def test_a_link_of_the_tour_opens_the_sample_where_it_is_shown_best_and_keeps_other_choices(
    entry: PageEntry, before: str
) -> None:
    found, problems = choices.read(tour.ask(barnet(before), entry))
    assert problems == ()
    assert found.tour == TAKEN
    assert found.scenario == (SAMPLE if entry.title in ("Scenarios", "Money") else BASELINE)
    assert replace(found, tour=LEFT, scenario=before, measure=barnet().measure) == barnet(before)


@pytest.mark.parametrize("entry", PAGES, ids=lambda e: e.title)
def test_a_scenario_the_reader_opened_is_never_put_away(entry: PageEntry) -> None:
    own = barnet("low-births")
    assert choices.read(tour.ask(own, entry))[0] == replace(own, tour=TAKEN)
    assert choices.read(tour.left(replace(own, tour=TAKEN)))[0] == own


def test_who_leaves_the_tour_has_the_forecast_again_and_nothing_of_the_tour_in_the_address() -> None:
    on_money = choices.read(tour.ask(barnet(), next(e for e in PAGES if e.title == "Money")))[0]
    made = str(choices.origin())
    assert tour.left(on_money) == {"area": "E09000003", "year": "2032", "made": made}


def test_the_first_page_offers_the_tour_and_the_address_takes_and_leaves_it() -> None:
    app = open_page()
    assert "Tour, step" not in text(app)
    app.button(key="take-tour").click().run()
    assert choice_of(app, "tour") == TAKEN
    assert f"Tour, step 1 of {len(PAGES)}: Overview." in text(app)
    app.button(key="leave-tour").click().run()
    assert choice_of(app, "tour") is None
    assert "Tour, step" not in text(app)
