"""Every page runs, shows real figures, follows its address and says what went wrong."""

from __future__ import annotations

import logging
import re
import runpy
from pathlib import Path

import pytest

from data.errors import FitError, TableError
from data.registers import kept_registers, starting_register
from data.registers.register import Register
from data.sign_in.people import this_computer
from forecast.ui.components import results
from forecast.ui.frame.registry import PAGES, PageEntry
from forecast.ui.frame.shell import PRODUCT
from tests.app.pages import APP, KENT, REDBRIDGE, SCILLY, choice_of, keep_button, open_page, put_in, text

OVERVIEW, DEMAND, PLACES, MAP, SCENARIOS, MONEY, CAPITAL, EVIDENCE, DATA, REPORTS = (e.path for e in PAGES)


@pytest.mark.parametrize("entry", PAGES, ids=lambda e: e.title)
@pytest.mark.parametrize(
    "area", [REDBRIDGE, KENT, "E09000025", SCILLY], ids=["Redbridge", "Kent", "Newham", "Scilly"]
)
def test_every_page_runs_for_large_small_and_incomplete_authorities(entry: PageEntry, area: str) -> None:
    app = open_page(entry.path, area=area)
    assert not app.exception
    assert [e.value for e in app.error] == []
    assert [t.value for t in app.title] == [entry.heading]
    assert "A forecast, not an outturn" in text(app)
    assert len(app.header) >= 1


def test_the_app_itself_is_short() -> None:
    assert len(APP.read_text(encoding="utf-8").splitlines()) < 60


def test_a_process_of_long_work_that_imports_the_app_makes_no_page() -> None:
    assert "page" not in runpy.run_path(str(APP), run_name="__mp_main__")


def test_pages_have_addresses_of_their_own_and_one_is_first() -> None:
    assert len({e.path for e in PAGES}) == len(PAGES)
    assert [e.path for e in PAGES].count("") == 1
    assert all(Path(e.script).is_file() for e in PAGES)
    # Streamlit would run them without the frame and its rule of access.
    assert not (APP.parent / "pages").exists()


def test_overview_shows_redbridge_with_its_published_plans() -> None:
    app = open_page()
    assert "Redbridge had 3,830 EHC plans in January 2026" in text(app)
    assert app.selectbox(key="choose-area").value == REDBRIDGE
    assert len(app.selectbox(key="choose-area").options) == 153
    assert [m.label for m in app.metric] == [
        "EHC plans", "New plans in 2030", "Want a specialist place", "Short of a specialist place",
    ]  # fmt: skip
    assert "<caption>EHC plans in Redbridge each January" in text(app)


def test_every_chart_has_a_table_a_download_and_a_source_in_one_place() -> None:
    for page in (OVERVIEW, DEMAND, PLACES, MAP, EVIDENCE):
        app = open_page(page)
        charts = len(app.get("vega_lite_chart"))
        folds = [e for e in app.expander if e.label.startswith("Table, download and source: ")]
        assert charts == len(folds) >= 1
        assert len({e.label for e in folds}) == len(folds)
        for fold in folds:
            assert len(fold.get("html")) == 1
            assert len(fold.get("download_button")) == 1
            assert any(m.value.startswith("Unit: ") and "Source: " in m.value for m in fold.markdown)


def test_choosing_another_authority_changes_the_figures_and_the_address() -> None:
    app = open_page()
    app.selectbox(key="choose-area").select(KENT).run()
    assert "Kent had 21,742 EHC plans in January 2026" in text(app)
    assert "Redbridge had" not in text(app)
    assert choice_of(app, "area") == KENT


@pytest.mark.parametrize("said", [KENT, "Kent", "886"])
def test_a_link_opens_the_authority_it_names(said: str) -> None:
    app = open_page(area=said)
    assert "Kent had 21,742" in text(app)
    # The address stays as it was sent: writing it again would break the browser's Back.
    assert choice_of(app, "area") == said


def test_a_link_to_nowhere_falls_back_to_redbridge_and_says_so() -> None:
    app = open_page(area="Atlantis", year="1066")
    assert len(app.warning) == 2
    assert "is not an English local authority" in app.warning[0].value
    assert "Showing Redbridge" in app.warning[0].value
    assert "Redbridge had 3,830" in text(app)


def test_a_link_to_an_abolished_authority_names_its_successors() -> None:
    assert "Cumberland" in open_page(area="Cumbria").warning[0].value


def test_markup_in_an_address_is_shown_and_not_obeyed() -> None:
    app = open_page(area="[x](http://a.b) **b**")
    # With a word joiner in the address, of which no link is made.
    assert r"\[x\](http" + "\u2060" + r"\://a.b) \*\*b\*\*" in app.warning[0].value


def test_a_year_is_chosen_and_a_default_leaves_the_address() -> None:
    app = open_page()
    before = app.metric[0].value
    app.selectbox(key="choose-year").select("2028").run()
    assert app.metric[0].value != before
    assert choice_of(app, "year") == "2028"
    app.selectbox(key="choose-year").select("2031").run()
    assert choice_of(app, "year") is None
    assert app.metric[0].value == before


def test_what_one_page_was_asked_is_in_the_links_to_the_others() -> None:
    app = open_page(DEMAND, area=KENT, phase="primary", need="ASD", horizon="5")
    links = [
        link.proto.page_link if hasattr(link.proto, "page_link") else link.proto
        for link in app.get("page_link")
    ]
    assert len(links) == len(PAGES)
    for link in links:
        for part in ("area=E10000016", "phase=primary", "need=ASD", "horizon=5"):
            assert part in link.query_string


def test_demand_by_phase_and_need_says_whose_plans_they_are() -> None:
    app = open_page(DEMAND, phase="primary", need="ASD")
    assert app.subheader[0].value.startswith("EHC plans (autistic spectrum disorder, primary)")
    assert "so there is no line of earlier years" in text(app)


def test_a_need_nobody_has_gives_a_sentence_and_no_chart() -> None:
    app = open_page(DEMAND, area=SCILLY, need="MSI")
    assert "Nobody in Isles of Scilly has a plan of this kind" in text(app)


def test_places_of_a_phase_show_that_phase_and_keep_one_that_is_not_there() -> None:
    app = open_page(PLACES, phase="primary", need="ASD", horizon="3")
    assert "Places are shared by groups of needs, so this is autism." in text(app)
    strip = next(h.proto.body for h in app.get("html") if "Chance that at least one child" in h.proto.body)
    assert "Primary: state special schools" in strip
    assert "Secondary: " not in strip
    assert '<th scope="col" class="chance">2029</th>' in strip
    assert '<th scope="col" class="chance">2030</th>' not in strip
    scilly = open_page(PLACES, area=SCILLY, phase="early_years")
    assert not scilly.error
    assert scilly.selectbox(key="choose-phase").value == "early_years"


def test_the_map_shows_what_is_asked_and_a_table_that_says_the_same() -> None:
    app = open_page(MAP, layer="pressure", phase="secondary")
    assert "children for each place near" in app.subheader[0].value
    assert "Children for each place near" in text(app)


def test_a_scenario_of_the_address_is_shown_as_one() -> None:
    app = open_page(scenario="reform-2030")
    assert "You are looking at the scenario" in app.info[0].value
    assert "This is the scenario" in text(app)
    app.button[0].click().run()
    assert not app.info
    assert choice_of(app, "scenario") is None


def test_evidence_shows_record_fit_decisions_glossary_and_accessibility() -> None:
    app = open_page(EVIDENCE)
    assert [h.value for h in app.header] == [
        "How earlier forecasts did", "Forecast against what was returned", "England, beside what others have forecast",
        "Whether the models' fit passed", "Quality of the data",
        "Assumptions and decisions", "Method", "Glossary", "Accessibility statement",
    ]  # fmt: skip
    assert "of 15 earlier forecasts held the plans that came" in text(app)


def test_a_fit_that_failed_shows_why_and_no_chart(monkeypatch: pytest.MonkeyPatch) -> None:
    def failed(*_: object) -> None:
        raise FitError(
            "The fitted result did not pass its convergence gate, so it is not shown as a forecast."
        )

    monkeypatch.setattr(results, "outcome_of", failed)
    results._view.clear()
    app = open_page(DEMAND)
    assert "did not pass its convergence gate" in app.error[0].value
    assert not app.get("vega_lite_chart")
    assert "A forecast, not an outturn" in text(app)


def test_an_error_of_ours_is_shown_in_place_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise TableError("The published table 'plans_total' is not there. Restore it.")

    monkeypatch.setattr(results, "view", broken)
    app = open_page()
    assert [e.value for e in app.error] == [r"The published table 'plans\_total' is not there. Restore it."]


def test_a_mistake_shows_a_reference_that_finds_its_traceback_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a secret detail")

    monkeypatch.setattr(results, "view", broken)
    with caplog.at_level(logging.ERROR, logger="forecast.ui"):
        app = open_page()
    shown = app.error[0].value
    reference = re.search(r"reference: ([0-9A-F]{8})", shown)
    assert reference is not None
    assert "secret" not in shown
    assert not app.exception
    found = [r for r in caplog.records if reference[1] in r.getMessage()]
    assert found[0].exc_info is not None
    assert "a secret detail" in str(found[0].exc_info[1])


def test_the_product_is_named_once_on_every_page() -> None:
    assert [m.value for m in open_page(DATA).markdown].count(PRODUCT) == 1


def test_a_kept_register_is_used_by_every_page_and_an_older_one_by_its_address() -> None:
    shipped = starting_register.shipped(317)
    doubled = shipped.rows.assign(places=2 * shipped.rows["places"])
    kept_registers.keep(this_computer("Jo"), Register(317, doubled, "doubled"), 317, 0)
    latest, ours = open_page(PLACES), open_page(PLACES, register="0")
    assert latest.selectbox(key="choose-register").value == "1"
    assert ours.selectbox(key="choose-register").value == "0"
    assert text(latest) != text(ours)


def test_a_link_to_a_register_that_is_not_here_says_so() -> None:
    assert "There is no version 7" in open_page(PLACES, register="7").error[0].value


def test_a_broken_register_is_refused_with_every_problem_and_a_mended_one_is_kept() -> None:
    good = (Path(starting_register.SHIPPED) / "redbridge.csv").read_bytes().decode("utf-8-sig")
    app = open_page(DATA)
    broken = good.replace(",191,local,", ",many,local,").replace("state_special", "state_spesial", 1)
    put_in(app, broken)
    assert "2 problems" in app.error[0].value
    assert "Row 2" in app.error[0].value
    assert kept_registers.versions(317) == ()
    mended = open_page(DATA)
    put_in(mended, good.replace(",191,local,", ",200,local,"))
    assert not mended.error
    assert "What would change" in text(mended)
    assert any("Not kept yet" in w.value for w in mended.warning)
    keep_button(mended).click().run()
    assert [s.value for s in mended.success] == [
        "Register of places: kept as version 1, which every page uses from now on."
    ]
    assert [k.version for k in kept_registers.versions(317)] == [1]
    assert kept_registers.read(kept_registers.find(317, 1)).rows["places"].iloc[0] == 200
    assert open_page(PLACES).selectbox(key="choose-register").value == "1"
