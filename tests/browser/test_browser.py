"""The app in a real browser: what only a browser can tell."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from forecast.ui.frame.choices import origin
from forecast.ui.frame.registry import PAGES, PageEntry
from tests.browser.serving import settled, wait_until

pytestmark = pytest.mark.browser

WCAG = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
"""The legal level: WCAG 2.2 AA and what it includes."""

WIDTHS = (1280, 320)


def visit(page: Page, served: str, path: str = "", query: str = "") -> None:
    """Open a page and wait until all of it is there."""
    page.goto(f"{served}/{path}{query}")
    settled(page)


def unfold(page: Page) -> None:
    """Open every expander, so that what they hold is checked too."""
    page.evaluate("document.querySelectorAll('details:not([open]) > summary').forEach(s => s.click())")
    expect(page.locator("details:not([open])")).to_have_count(0)
    expect(page.get_by_test_id("stExpanderDetails").last).to_be_visible()
    # An expander grows to its height, and a field half uncovered is too small to hit. What spins never ends.
    wait_until(
        page,
        "document.getAnimations().every(a => a.playState !== 'running' || a.effect.getComputedTiming().endTime === Infinity)",
    )
    tables = page.get_by_role("table")
    # A page may have none before something is asked for.
    if tables.count():
        expect(tables.last).to_be_visible()


def violations(page: Page) -> list[tuple[str, list[str]]]:
    """Return what axe finds."""
    found = Axe().run(page, options=WCAG).response["violations"]
    return [(v["id"], [n["html"][:160] for n in v["nodes"]][:3]) for v in found]


@pytest.mark.parametrize("entry", PAGES, ids=lambda e: e.title)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_is_accessible_reflows_and_asks_no_other_host(
    page: Page, served: str, entry: PageEntry, width: int
) -> None:
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(urlsplit(request.url).hostname or ""))
    page.on("websocket", lambda socket: asked.add(urlsplit(socket.url).hostname or ""))
    page.set_viewport_size({"width": width, "height": 900})
    visit(page, served, entry.path)
    expect(page).to_have_title(f"{entry.title}, Redbridge - SEND Place Planner")
    assert page.locator("html").get_attribute("lang") == "en"
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    unfold(page)
    assert violations(page) == []
    wide = page.evaluate(
        "[document.documentElement, document.querySelector('[data-testid=stMain]')].map(e => e.scrollWidth)"
    )
    assert max(wide) <= width
    for chart in page.get_by_test_id("stVegaLiteChart").all():
        expect(chart).to_have_attribute(
            "aria-label", re.compile("(chart|Chart|Map) of .*(Redbridge|England)|Bar chart of")
        )
    assert asked - {""} == {"127.0.0.1"}


def test_a_warning_and_the_editor_of_the_register_are_accessible(page: Page, served: str) -> None:
    visit(page, served, "places", "?area=Atlantis")
    expect(page.get_by_text("is not an English local authority")).to_be_visible()
    page.get_by_text("Edit the register here").click()
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    settled(page)
    assert violations(page) == []


def test_choices_survive_keyboard_reload_other_pages_and_back(page: Page, served: str) -> None:
    visit(page, served)
    page.get_by_role("combobox", name=re.compile("Local authority")).focus()
    page.keyboard.type("Kent")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Kent had 21,742 EHC plans")).to_be_visible()
    expect(page).to_have_url(re.compile(r"area=E10000016"))
    page.get_by_role("link", name="Demand").click()
    expect(page.get_by_role("heading", name="Why plans change")).to_be_visible()
    page.get_by_role("combobox", name=re.compile("Phase")).focus()
    page.keyboard.type("Primary")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=re.compile(r"EHC plans \(primary\)"))).to_be_visible()
    expect(page).to_have_url(re.compile(r"/demand\?.*phase=primary"))
    page.reload()
    expect(page.get_by_role("heading", name=re.compile(r"EHC plans \(primary\)"))).to_be_visible()
    page.get_by_role("link", name="Places").click()
    expect(page.get_by_role("heading", name="When does it run out?")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/places\?.*phase=primary"))
    expect(page).to_have_url(re.compile(r"area=E10000016"))
    page.go_back()
    expect(page.get_by_role("heading", name=re.compile(r"EHC plans \(primary\)"))).to_be_visible()


def test_the_first_tab_leads_past_the_menu_and_the_next_ones_in_order(page: Page, served: str) -> None:
    visit(page, served)
    # The page itself takes focus once, to be scrolled; its text is everything on it.
    name = "e => e.tagName == 'MAIN' ? 'page' : (e.getAttribute('aria-label') || e.innerText)"
    reached: list[str] = []
    for _ in range(18):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(f"({name})(document.activeElement)"))
    wanted = ["Skip to the content", *(e.title for e in PAGES), "Local authority", "New here?", "In January"]
    places = [next((i for i, label in enumerate(reached) if w in label), -1) for w in wanted]
    assert -1 not in places, reached
    assert places == sorted(places), reached
    skip = page.get_by_role("link", name="Skip to the content")
    skip.focus()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert "Local authority" in page.evaluate(f"({name})(document.activeElement)")


def test_what_has_focus_has_a_visible_outline(page: Page, served: str) -> None:
    visit(page, served)
    link = page.get_by_role("link", name="Demand")
    link.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    assert link.evaluate("e => parseFloat(getComputedStyle(e).outlineWidth)") >= 2


def test_wide_tables_can_be_scrolled_by_keyboard(page: Page, served: str) -> None:
    page.set_viewport_size({"width": 320, "height": 700})
    visit(page, served, "places")
    region = page.get_by_role("region", name=re.compile("Chance that at least one child"))
    region.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    wait_until(page, "e => e.scrollLeft > 0", region.element_handle())


def test_long_work_shows_progress_and_stops_when_asked(page: Page, served: str) -> None:
    visit(page, served, "data")
    page.get_by_role("button", name="Forecast every authority").click()
    expect(page.get_by_text(re.compile(r"\d+ of 153: "))).to_be_visible()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text(re.compile("Cancelled"))).to_be_visible()


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Auckland"])
def test_a_january_is_in_its_year_whatever_the_clock_of_the_reader(
    window_of: Callable[[str], Page], served: str, zone: str
) -> None:
    page = window_of(zone)
    visit(page, served, "demand", "?horizon=3")
    chart = page.get_by_test_id("stVegaLiteChart").first
    labels = chart.evaluate("e => [...e.querySelectorAll('svg text')].map(t => t.textContent)")
    if not labels:
        pytest.skip("charts are drawn on a canvas here")
    years = [label for label in labels if re.fullmatch(r"20\d\d", label)]
    assert years[0] == "2010"
    assert str(origin() + 3) in years
    assert str(origin() + 4) not in years


def test_a_download_is_the_whole_table(page: Page, served: str, tmp_path: Path) -> None:
    visit(page, served, "data")
    page.get_by_text("Single files", exact=True).click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="shortfall.csv").click()
    assert waiting.value.suggested_filename == "redbridge-shortfall.csv"
    path = tmp_path / "shortfall.csv"
    waiting.value.save_as(path)
    assert path.read_text(encoding="utf-8-sig").startswith("la_code,year,phase")
