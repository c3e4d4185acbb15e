"""The app in a real browser: what only a browser can tell."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

WCAG = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
"""The legal level: WCAG 2.2 AA and what it includes."""

PAGES = {"": "Download", "sources": "Licence"}
"""Path of each page and its last heading, which shows when the page is complete."""

WIDTHS = (1280, 320)


def visit(page: Page, served: str, path: str = "", query: str = "") -> None:
    """Open a page and wait until all of it is there."""
    page.goto(f"{served}/{path}{query}")
    expect(page.get_by_role("heading", name=PAGES[path], exact=True)).to_be_visible()
    # Parts of the page are loaded on their own and come after the text on a busy machine.
    expect(page.get_by_role("combobox", name=re.compile("Local authority"))).to_be_visible()
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    expect(page.get_by_test_id("stSpinner")).to_have_count(0)
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


def unfold(page: Page) -> None:
    """Open every expander, so that what they hold is checked too."""
    for fold in page.locator("details").all():
        if fold.get_attribute("open") is None:
            fold.locator("summary").click()
    expect(page.locator("details:not([open])")).to_have_count(0)
    expect(page.get_by_role("table").last).to_be_visible()


def test_overview_opens_with_the_headline(page: Page, served: str) -> None:
    visit(page, served)
    expect(page.get_by_text("Redbridge had 3,391 EHC plans in January 2025")).to_be_visible()
    expect(page).to_have_title("Redbridge - SEND Place Planner")
    assert page.locator("html").get_attribute("lang") == "en"
    expect(page.get_by_role("heading", level=1)).to_have_count(1)


def test_authority_can_be_chosen_by_keyboard_and_survives_reload_and_back(page: Page, served: str) -> None:
    visit(page, served)
    picker = page.get_by_role("combobox", name=re.compile("Local authority"))
    picker.focus()
    page.keyboard.type("Kent")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Kent had 20,635 EHC plans")).to_be_visible()
    expect(page).to_have_url(re.compile(r"area=E10000016"))
    page.reload()
    expect(page.get_by_text("Kent had 20,635 EHC plans")).to_be_visible()
    page.get_by_role("link", name="Data and sources").click()
    expect(page.get_by_role("heading", name="Kent: what to know about the data")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/sources\?area=E10000016"))
    page.go_back()
    expect(page.get_by_text("Kent had 20,635 EHC plans")).to_be_visible()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("width", WIDTHS)
def test_no_accessibility_violation(page: Page, served: str, path: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    visit(page, served, path)
    unfold(page)
    found = Axe().run(page, options=WCAG).response["violations"]
    assert [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found] == []


def test_no_accessibility_violation_in_a_warning(page: Page, served: str) -> None:
    visit(page, served, query="?area=Atlantis")
    expect(page.get_by_text("is not an English local authority")).to_be_visible()
    assert [v["id"] for v in Axe().run(page, options=WCAG).response["violations"]] == []


@pytest.mark.parametrize("path", PAGES)
def test_no_sideways_scrolling_at_320_pixels(page: Page, served: str, path: str) -> None:
    page.set_viewport_size({"width": 320, "height": 700})
    visit(page, served, path)
    unfold(page)
    widths = page.evaluate(
        "[document.documentElement, document.querySelector('[data-testid=stMain]')].map(e => e.scrollWidth)"
    )
    assert max(widths) <= 320


def test_every_chart_has_a_description(page: Page, served: str) -> None:
    visit(page, served)
    charts = page.get_by_test_id("stVegaLiteChart")
    expect(charts.first).to_be_visible()
    assert charts.count() >= 2
    for chart in charts.all():
        expect(chart).to_have_attribute("aria-label", re.compile("^Line chart of .* with 80 % intervals"))


def test_wide_tables_can_be_scrolled_by_keyboard(page: Page, served: str) -> None:
    page.set_viewport_size({"width": 320, "height": 700})
    visit(page, served)
    page.get_by_text("Plans by age", exact=True).click()
    region = page.get_by_role("region", name=re.compile("EHC plans in Redbridge by age"))
    region.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("e => e.scrollLeft > 0", arg=region.element_handle())


def test_tab_key_reaches_navigation_then_picker_then_content(page: Page, served: str) -> None:
    visit(page, served)
    # The page itself takes focus once, to be scrolled; its text is everything on it.
    name = "e => e.tagName == 'MAIN' ? 'page' : (e.getAttribute('aria-label') || e.innerText)"
    reached: list[str] = []
    for _ in range(16):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(f"({name})(document.activeElement)"))
    wanted = ["Overview", "Data and sources", "Local authority", "Figures behind this chart", "Plans by age"]
    places = [next((i for i, label in enumerate(reached) if w in label), -1) for w in wanted]
    assert -1 not in places, reached
    assert places == sorted(places), reached


def test_a_download_is_the_whole_table(page: Page, served: str, tmp_path: Path) -> None:
    visit(page, served)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Places against demand (CSV)").click()
    assert waiting.value.suggested_filename == "redbridge-shortfall.csv"
    path = tmp_path / "shortfall.csv"
    waiting.value.save_as(path)
    assert path.read_text(encoding="utf-8-sig").startswith("la_code,year,phase")


def test_only_this_machine_is_contacted(page: Page, served: str) -> None:
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(urlsplit(request.url).hostname or ""))
    page.on("websocket", lambda socket: asked.add(urlsplit(socket.url).hostname or ""))
    for path in PAGES:
        visit(page, served, path)
        unfold(page)
    assert asked - {""} == {"127.0.0.1"}
