"""Pages for each role: who may not see them sees why, and who may not keep something is told and is refused by the store."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from data.prices.ledger import to_csv
from data.prices.starting_books import for_area
from data.registers import kept_registers, starting_register
from data.sign_in import allow_list
from forecast.ui.editors.scenario_editor import SAVER
from forecast.ui.frame import signing
from forecast.ui.frame.registry import PAGES, PageEntry
from forecast.ui.frame.text import literal
from scenarios import reading
from scenarios.store import Store
from scenarios.unsaved import Unsaved, pack
from tests.app.pages import keep_button, open_page, put_in, text

AUTH = {
    "redirect_uri": "http://localhost:8501/oauth2callback",
    "cookie_secret": "s" * 40,
    "client_id": "planner",
    "client_secret": "secret",
    "server_metadata_url": "https://idp.council.gov.uk/.well-known/openid-configuration",
}

LIST = """
contact = "send.data@council.gov.uk"
[[allow]]
domain = "council.gov.uk"
role = "viewer"
[[allow]]
email = "planner@council.gov.uk"
role = "planner"
[[allow]]
email = "finance@council.gov.uk"
role = "finance"
[[allow]]
email = "admin@council.gov.uk"
role = "admin"
"""

WORK = pack(
    Unsaved(
        reading.from_values(
            {
                "id": "ours",
                "title": "Ours",
                "levers": [{"kind": "requests", "id": "more", "when": 2027, "change": 1.2, "why": "A test."}],
            },
            "test",
        )
    )
)


@pytest.fixture
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the list of people, which a test may change."""
    path = tmp_path / "people.toml"
    path.write_text(LIST, encoding="utf-8")
    monkeypatch.setenv(allow_list.VARIABLE, str(path))
    return path


def signed_in(email: str, **claims: object) -> dict[str, object]:
    """Return what the provider says of somebody who has just signed in."""
    name = email.partition("@")[0].capitalize()
    return {"is_logged_in": True, "iat": time.time(), "email": email, "name": name} | claims


def opened(user: dict[str, object] | None, page: str = "", auth: object = AUTH, **address: str) -> AppTest:
    """Return a page as somebody sees it, where sign-in is set up."""
    return open_page(page, user=user or {"is_logged_in": False}, secrets={"auth": auth}, **address)


def shut(app: AppTest) -> str:
    """Check that a page shows nothing but why, and return that."""
    assert not app.exception
    assert len(app.title) == 1
    for kind in (
        app.header,
        app.selectbox,
        app.metric,
        app.dataframe,
        app.text_input,
        app.error,
        app.get("page_link"),
    ):
        assert len(kind) == 0
    for kind in ("vega_lite_chart", "download_button", "file_uploader"):
        assert not app.get(kind)
    assert "Skip to the content" in text(app)
    assert "Redbridge" not in text(app)
    return "\n".join(m.value for m in app.markdown).replace("\\", "")


@pytest.mark.parametrize("entry", PAGES, ids=lambda e: e.title)
def test_nobody_sees_a_page_before_signing_in(people: Path, entry: PageEntry) -> None:
    app = opened(None, entry.path)
    assert app.title[0].value == "Sign in"
    assert "people whom your council has named" in shut(app)
    assert [b.key for b in app.button] == ["sign-in"]


@pytest.mark.parametrize("page", ["", "data"])
def test_a_stranger_is_refused_and_can_sign_out(people: Path, page: str) -> None:
    app = opened(signed_in("jo@elsewhere.gov.uk"), page)
    assert literal("jo@elsewhere.gov.uk, which is not on the list") in shut(app)
    assert [b.key for b in app.button] == ["sign-out"]
    app.button(key="sign-out").click().run()
    assert app.title[0].value == "Sign in"
    shut(app)


def test_yesterday_s_signing_in_is_over(people: Path) -> None:
    app = opened(signed_in("planner@council.gov.uk", iat=time.time() - 13 * 3600))
    shut(app)
    assert app.title[0].value == "Sign in again"


def test_who_is_signed_in_is_named_with_their_role_and_can_sign_out(people: Path) -> None:
    app = opened(signed_in("Planner@council.gov.uk"))
    assert [t.value for t in app.text] == ["Signed in as Planner (planner@council.gov.uk), planner"]
    assert "A forecast, not an outturn" in text(app)
    app.button(key="sign-out").click().run()
    shut(app)


@pytest.mark.parametrize("entry", PAGES, ids=lambda e: e.title)
def test_a_viewer_sees_every_page(people: Path, entry: PageEntry) -> None:
    app = opened(signed_in("pat@council.gov.uk"), entry.path)
    assert not app.exception
    assert [e.value for e in app.error] == []
    assert [t.value for t in app.title] == [entry.heading]


@pytest.mark.parametrize(
    ("who", "may"), [("pat", False), ("planner", True), ("finance", True), ("admin", True)]
)
def test_a_scenario_is_saved_by_who_may_under_the_address_they_signed_in_with(
    people: Path, who: str, may: bool
) -> None:
    email = f"{who}@council.gov.uk"
    app = opened(signed_in(email), "scenarios", scenario=WORK)
    assert not [t for t in app.text_input if t.key == "saver"]
    assert app.button(key="save-scenario").disabled is not may
    if not may:
        assert any("has the role viewer, which may not save scenarios" in i.value for i in app.info)
        return
    # A name typed before, or put there by hand, counts for nothing.
    app.session_state[SAVER] = "Somebody Else"
    app.button(key="save-scenario").click().run()
    assert "Saved: ours version 1" in app.success[0].value
    assert Store.open().latest("ours").saved_by == f"{who.capitalize()} ({email})"


def test_the_store_refuses_where_a_page_forgot_to(people: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing, "why_not", lambda _: "")
    app = opened(signed_in("pat@council.gov.uk"), "scenarios", scenario=WORK)
    assert not app.button(key="save-scenario").disabled
    app.button(key="save-scenario").click().run()
    assert "which may not save scenarios" in app.error[0].value
    assert Store.open().scenarios() == ()


def test_who_is_taken_off_the_list_can_save_nothing_more(people: Path) -> None:
    app = opened(signed_in("planner@council.gov.uk"), "scenarios", scenario=WORK)
    people.write_text('[[allow]]\nemail = "admin@council.gov.uk"\nrole = "admin"\n', encoding="utf-8")
    app.button(key="save-scenario").click().run()
    assert "not on the list" in shut(app)
    assert Store.open().scenarios() == ()


@pytest.mark.parametrize(
    ("who", "may"), [("pat", False), ("planner", True), ("finance", False), ("admin", True)]
)
def test_a_register_is_kept_by_who_may_and_only_tried_by_others(people: Path, who: str, may: bool) -> None:
    good = (Path(starting_register.SHIPPED) / "redbridge.csv").read_bytes().decode("utf-8-sig")
    app = opened(signed_in(f"{who}@council.gov.uk"), "data")
    put_in(app, good.replace(",191,local,", ",200,local,"))
    assert "What would change" in text(app)
    button = keep_button(app)
    assert button.disabled is not may
    if may:
        button.click().run()
        assert kept_registers.find(317, 1).who == f"{who.capitalize()} ({who}@council.gov.uk)"
    else:
        assert any("may not keep registers of places" in i.value for i in app.info)
        assert kept_registers.versions(317) == ()


@pytest.mark.parametrize(("who", "may"), [("pat", False), ("planner", False), ("finance", True)])
def test_unit_costs_are_kept_by_finance_and_not_by_planners(people: Path, who: str, may: bool) -> None:
    app = opened(signed_in(f"{who}@council.gov.uk"), "money")
    header, row, *_ = to_csv(for_area(317).in_use(), 317).removeprefix("\ufeff").splitlines(keepends=True)
    dearer = row.replace(",10000,10000,10000,", ",11000,11000,11000,")
    assert dearer != row
    put_in(app, header + dearer)
    assert not app.error
    button = keep_button(app)
    assert button.disabled is not may


@pytest.mark.parametrize(
    ("auth", "words"),
    [
        ({}, "shut for everybody"),
        (AUTH | {"cookie_secret": "short"}, "shut for everybody"),
        ({k: v for k, v in AUTH.items() if k != "client_id"}, "shut for everybody"),
    ],
    ids=["empty", "weak", "incomplete"],
)
def test_sign_in_that_is_half_set_up_lets_nobody_in(
    people: Path, auth: dict[str, str], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = opened(signed_in("admin@council.gov.uk"), auth=auth)
    assert words in shut(app)
    assert len(app.button) == 0
    assert "settings of sign-in cannot be used" in caplog.text


def test_without_a_list_or_with_a_broken_one_nobody_is_let_in(
    people: Path, caplog: pytest.LogCaptureFixture
) -> None:
    people.write_text(LIST + '[[allow]]\nemail = "someone@council.gov.uk"\nrole = "boss"\n', encoding="utf-8")
    assert "shut for everybody" in shut(opened(signed_in("admin@council.gov.uk")))
    people.unlink()
    found = shut(opened(signed_in("admin@council.gov.uk")))
    assert "shut for everybody" in found
    assert str(people) not in found
    assert "There is no list of people" in caplog.text


def test_secrets_that_cannot_be_read_do_not_open_the_door(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "secrets.toml"
    broken.write_text("[auth", encoding="utf-8")
    ask = st.get_option
    monkeypatch.setattr(
        st, "get_option", lambda name: [str(broken)] if name == "secrets.files" else ask(name)
    )
    app = open_page()
    assert "shut for everybody" in shut(app)


@pytest.mark.parametrize("entry", PAGES, ids=lambda e: e.title)
def test_without_sign_in_a_server_that_others_can_reach_shows_only_what_to_set_up(
    monkeypatch: pytest.MonkeyPatch, entry: PageEntry
) -> None:
    ask = st.get_option
    monkeypatch.setattr(st, "get_option", lambda name: "0.0.0.0" if name == "server.address" else ask(name))
    app = open_page(entry.path)
    assert "docs/sign-in.md" in shut(app)
    assert len(app.button) == 0


def test_without_sign_in_on_this_computer_nothing_is_asked_and_the_name_is_typed() -> None:
    app = open_page()
    assert "Signed in" not in text(app)
    assert not [b for b in app.button if b.key in ("sign-in", "sign-out")]
