"""Signing in through a real browser, with a provider of our own: as a planner, as a viewer and as a stranger."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed; it comes with the dev extra")

from playwright.sync_api import Browser, Page, expect

from data.sign_in import allow_list
from scenarios.store import Store
from scenarios.store.address import VARIABLE as STORE
from tests.browser.identity import CLIENT, SECRET, Provider, provider
from tests.browser.serving import PATIENCE, behind_proxy, free_port, refusals, serve
from tests.browser.test_browser import WIDTHS, settled, violations, visit

pytestmark = pytest.mark.browser

PLANNER, VIEWER, STRANGER, UNVERIFIED = (
    "jo@council.gov.uk", "pat@council.gov.uk", "sam@elsewhere.gov.uk", "new@council.gov.uk",
)  # fmt: skip

PEOPLE: dict[str, dict[str, object]] = {
    PLANNER: {"email": PLANNER, "name": "Jo Smith", "email_verified": True},
    VIEWER: {"email": VIEWER, "name": "Pat Lee"},
    STRANGER: {"email": STRANGER, "name": "Jo Smith", "email_verified": True},
    UNVERIFIED: {"email": PLANNER, "name": "Jo Smith", "email_verified": False},
}

LIST = f"""
contact = "send.data@council.gov.uk"
[[allow]]
domain = "council.gov.uk"
role = "viewer"
[[allow]]
email = "{PLANNER}"
role = "planner"
"""


SignIn = Callable[..., Page]


@pytest.fixture(scope="module")
def idp() -> Iterator[Provider]:
    with provider(PEOPLE) as found:
        yield found


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shared") / "scenarios.sqlite"


@pytest.fixture(scope="module")
def guarded(
    chromium: str, idp: Provider, store: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Start the app with sign-in, its settings outside the folder of the project, and return its address."""
    folder = tmp_path_factory.mktemp("settings")
    port = free_port()
    (folder / "people.toml").write_text(LIST, encoding="utf-8")
    (folder / "secrets.toml").write_text(
        f"""[auth]
redirect_uri = "http://127.0.0.1:{port}/oauth2callback"
cookie_secret = "{"a secret for tests only " * 2}"
client_id = "{CLIENT}"
client_secret = "{SECRET}"
server_metadata_url = "{idp.issuer}/.well-known/openid-configuration"
""",
        encoding="utf-8",
    )
    settings = {allow_list.VARIABLE: str(folder / "people.toml"), STORE: str(store)}
    options = ("--secrets.files", str(folder / "secrets.toml"))
    with serve(tmp_path_factory.mktemp("server"), port, *options, **settings) as address:
        yield address


@pytest.fixture
def fresh(browser: Browser) -> Iterator[Page]:
    """Return a window without cookies."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE * 1000)
    window = context.new_page()
    against = refusals(window)
    yield window
    context.close()
    assert against == []


@pytest.fixture
def sign_in(fresh: Page, guarded: str) -> SignIn:
    """Return a function that signs somebody in as a person would who opens an address."""

    def signed(email: str, path: str = "") -> Page:
        fresh.goto(f"{guarded}/{path}")
        fresh.get_by_role("button", name="Sign in").click()
        who = [*PEOPLE].index(email)
        fresh.get_by_role("link").nth(who).click()
        return fresh

    return signed


@pytest.mark.parametrize("width", WIDTHS)
def test_before_signing_in_every_address_shows_a_way_in_and_nothing_else(
    fresh: Page, guarded: str, width: int, artefacts: Path
) -> None:
    fresh.set_viewport_size({"width": width, "height": 900})
    fresh.goto(f"{guarded}/data?area=E09000002")
    expect(fresh.get_by_role("heading", level=1)).to_have_text("Sign in")
    expect(fresh.get_by_role("button", name="Sign in")).to_be_visible()
    expect(fresh).to_have_title("Sign in - SEND Place Planner")
    assert fresh.locator("html").get_attribute("lang") == "en"
    assert violations(fresh) == []
    expect(fresh.get_by_role("combobox")).to_have_count(0)
    expect(fresh.get_by_text("Barking")).to_have_count(0)
    assert fresh.evaluate("document.documentElement.scrollWidth") <= width
    fresh.keyboard.press("Tab")
    expect(fresh.get_by_role("link", name="Skip to the content")).to_have_count(1)
    fresh.screenshot(path=artefacts / f"sign-in-{width}.png")


def test_a_planner_signs_in_saves_under_their_own_name_and_signs_out(
    sign_in: SignIn, guarded: str, idp: Provider, store: Path, artefacts: Path
) -> None:
    page = sign_in(PLANNER)
    settled(page)
    assert idp.issued[-1] == PLANNER
    expect(page.get_by_text("Signed in as Jo Smith")).to_be_visible()
    assert violations(page) == []
    page.screenshot(path=artefacts / "signed-in.png")
    visit(page, guarded, "scenarios", "?scenario=low-births")
    page.get_by_role("button", name="Duplicate this one").click()
    expect(page.get_by_text("Not saved yet.")).to_be_visible()
    settled(page)
    expect(page.get_by_label("Your name, for the history")).to_have_count(0)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text(re.compile("Saved: low-births-copy version 1"))).to_be_visible()
    assert Store.open(store).latest("low-births-copy").saved_by == f"Jo Smith ({PLANNER})"
    # The cookie goes with the visit to this address, a moment after the page is shut.
    with page.expect_response(re.compile("/auth/logout")):
        page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.goto(f"{guarded}/scenarios?scenario=low-births-copy@1")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_a_link_shows_what_it_showed_once_somebody_signed_in(sign_in: SignIn) -> None:
    page = sign_in(VIEWER, "demand?area=E09000002&phase=primary")
    expect(page).to_have_url(re.compile(r"/demand\?area=E09000002&phase=primary$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("How many plans, and why")
    settled(page)
    expect(page.get_by_role("combobox", name=re.compile("Local authority"))).to_have_value(
        "Barking and Dagenham"
    )
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("EHC plans and specialist places")


def test_a_viewer_may_change_a_scenario_and_not_save_it(
    sign_in: SignIn, guarded: str, store: Path, artefacts: Path
) -> None:
    page = sign_in(VIEWER)
    settled(page)
    before = len(Store.open(store).entries())
    visit(page, guarded, "scenarios", "?scenario=low-births")
    page.get_by_role("button", name="Duplicate this one").click()
    expect(page.get_by_text("Not saved yet.")).to_be_visible()
    settled(page)
    expect(page.get_by_text("which may not save scenarios")).to_be_visible()
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    expect(page.get_by_role("button", name="Download as a file, for the command line")).to_be_enabled()
    assert violations(page) == []
    page.screenshot(path=artefacts / "viewer.png")
    assert len(Store.open(store).entries()) == before


@pytest.mark.parametrize(("who", "why"), [(STRANGER, "not on the list"), (UNVERIFIED, "has not verified")])
def test_a_stranger_is_refused_on_every_page_and_can_sign_out(
    sign_in: SignIn, guarded: str, who: str, why: str, artefacts: Path
) -> None:
    page = sign_in(who)
    expect(page.get_by_role("heading", level=1)).to_have_text("You cannot use this planner")
    expect(page.get_by_text(why)).to_be_visible()
    assert violations(page) == []
    page.screenshot(path=artefacts / "stranger.png")
    page.goto(f"{guarded}/scenarios?scenario=low-births")
    expect(page.get_by_text(why)).to_be_visible()
    expect(page.get_by_role("button")).to_have_text(["Sign out"])
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_without_sign_in_a_request_through_a_proxy_shows_only_what_to_set_up(
    browser: Browser, served: str
) -> None:
    context = browser.new_context()
    try:
        with behind_proxy(served, "X-Forwarded-For: 10.1.1.1") as address:
            shut(context.new_page(), address)
    finally:
        context.close()


def test_another_s_name_for_this_computer_opens_nothing(browser: Browser, chromium: str, served: str) -> None:
    # As when a page elsewhere points its own name at this computer, to read what is on it.
    tricked = browser.browser_type.launch(
        executable_path=chromium,
        args=["--no-sandbox", "--host-resolver-rules=MAP elsewhere.example 127.0.0.1"],
    )
    try:
        page = tricked.new_page()
        answer = page.goto(served.replace("127.0.0.1", "elsewhere.example"))
        assert answer is not None
        assert answer.status == 400
        expect(page.get_by_text("The planner is not known by this name")).to_be_visible()
    finally:
        tricked.close()


def shut(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "This planner is for one person on one computer"
    )
    expect(page.get_by_role("button")).to_have_count(0)
    assert violations(page) == []
