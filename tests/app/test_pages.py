"""Every page runs, shows real figures and follows its address."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data.errors import TableError
from forecast.ui import shell

APP = str(Path(__file__).resolve().parents[2] / "app.py")
SOURCES = "forecast/ui/sources.py"
REDBRIDGE, KENT = "E09000026", "E10000016"


def opened(**address: str) -> AppTest:
    """Return the app opened at an address."""
    app = AppTest.from_file(APP, default_timeout=60)
    for name, value in address.items():
        app.query_params[name] = value
    return app.run()


def text(app: AppTest) -> str:
    """Return all running text of a page."""
    return "\n".join(m.value for m in app.markdown)


def tables(app: AppTest) -> str:
    """Return the markup of all tables of a page."""
    return "\n".join(h.proto.body for h in app.get("html"))


def address(app: AppTest) -> str:
    """Return the authority the address names."""
    value = app.query_params["area"]
    return value if isinstance(value, str) else value[0]


def test_overview_shows_redbridge_with_its_published_plans() -> None:
    app = opened()
    assert not app.exception
    assert "Redbridge had 3,391 EHC plans in January 2025" in text(app)
    assert app.selectbox(key="authority").value == REDBRIDGE
    assert len(app.selectbox(key="authority").options) == 153
    assert [h.value for h in app.header] == [
        "How many plans",
        "Places against demand",
        "What is estimated rather than known",
        "Download",
    ]
    assert "<caption><span>EHC plans in Redbridge each January" in tables(app)
    assert not app.error


def test_overview_shows_ages_and_needs_that_end_at_the_published_january() -> None:
    shown = tables(opened())
    for label in ("Under 5", "Age 20 to 25", "Autistic spectrum disorder", "Need not recorded"):
        assert f">{label}</th>" in shown
    assert '<th scope="row">2025</th><td class="number">3,391</td>' in shown


def test_choosing_another_authority_changes_the_figures_and_the_address() -> None:
    app = opened()
    app.selectbox(key="authority").select(KENT).run()
    assert not app.exception
    assert "Kent had 20,635 EHC plans in January 2025" in text(app)
    assert "Redbridge had" not in text(app)
    assert address(app) == KENT


@pytest.mark.parametrize("asked", [KENT, "Kent", "886"])
def test_a_link_opens_the_authority_it_names(asked: str) -> None:
    app = opened(area=asked)
    assert not app.exception
    assert "Kent had 20,635" in text(app)
    assert app.selectbox(key="authority").value == KENT
    # The address stays as it was sent: writing it again would break the browser's Back.
    assert address(app) == asked


@pytest.mark.parametrize(
    ("asked", "says"),
    [("Atlantis", "is not an English local authority"), ("all", "one authority"), ("", "is not an English")],
)
def test_a_link_to_nowhere_falls_back_to_redbridge_and_says_so(asked: str, says: str) -> None:
    app = opened(area=asked)
    assert not app.exception
    assert len(app.warning) == 1
    assert says in app.warning[0].value
    assert "Showing Redbridge" in app.warning[0].value
    assert "Redbridge had 3,391" in text(app)


def test_a_link_to_an_abolished_authority_names_its_successors() -> None:
    app = opened(area="Cumbria")
    assert "Cumberland" in app.warning[0].value
    assert "Redbridge had 3,391" in text(app)


def test_markup_in_an_address_is_shown_and_not_obeyed() -> None:
    app = opened(area="[x](http://a.b) **b**")
    assert r"\[x\](http\://a.b) \*\*b\*\*" in app.warning[0].value


def test_choosing_a_phase_changes_the_charts() -> None:
    app = opened()
    before = [s.value for s in app.subheader]
    assert app.radio(key="phase").value == "secondary"
    app.radio(key="phase").set_value("primary").run()
    assert not app.exception
    assert [s.value for s in app.subheader] != before
    assert "Primary places against demand in Redbridge" in tables(app)


def test_a_phase_an_authority_does_not_have_is_not_offered() -> None:
    app = opened()
    app.radio(key="phase").set_value("early_years").run()
    app.selectbox(key="authority").select("E06000053").run()
    assert not app.exception
    assert app.radio(key="phase").options == ["Primary", "Secondary", "Post-16"]


def test_sources_keep_the_authority_and_show_register_tables_and_licence() -> None:
    app = opened(area=KENT)
    app.switch_page(SOURCES)
    app.query_params["area"] = KENT
    app.run()
    assert not app.exception
    assert not app.error
    assert app.selectbox(key="authority").value == KENT
    assert address(app) == KENT
    shown = tables(app)
    assert '<th scope="row">plans_total</th>' in shown
    assert "EHC plans and statements maintained by an authority each January." in shown
    assert "Settings in Kent in January 2025" in shown
    assert "Open Government Licence v3.0" in text(app)


def test_sources_show_redbridge_settings_with_basis_and_source() -> None:
    app = opened()
    app.switch_page(SOURCES).run()
    shown = tables(app)
    assert '<th scope="row">Hatton School</th>' in shown
    assert ">Published, high</td>" in shown
    assert '<a href="https://engage.redbridge.gov.uk/hatton-and-little-heath-schools">' in shown


def test_an_error_of_ours_is_shown_in_place_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: int) -> None:
        raise TableError("The published table 'plans_total' is not there. Restore it.")

    monkeypatch.setattr(shell, "view_of", broken)
    app = opened()
    assert not app.exception
    assert [e.value for e in app.error] == [r"The published table 'plans\_total' is not there. Restore it."]
    assert "A forecast, not an outturn" in text(app)
