"""Scenarios in a real browser: a planner builds one and shares it, and whoever opens the link sees the same."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.serving import settled
from tests.browser.test_browser import WIDTHS, unfold, violations, visit

pytestmark = pytest.mark.browser


def figures(page: Page) -> str:
    """Return the table of the scenario against the forecast."""
    return page.get_by_role("region", name=re.compile("January 2030: mean, and the range")).first.inner_text()


@pytest.mark.parametrize("width", WIDTHS)
def test_an_open_scenario_is_accessible_and_reflows(
    page: Page, served: str, width: int, artefacts: Path
) -> None:
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(urlsplit(request.url).hostname or ""))
    page.set_viewport_size({"width": width, "height": 900})
    visit(page, served, "scenarios", "?scenario=inclusion-bases&measure=shortfall")
    expect(page.get_by_role("heading", name="Against the forecast")).to_be_visible()
    unfold(page)
    assert violations(page) == []
    wide = page.evaluate(
        "[document.documentElement, document.querySelector('[data-testid=stMain]')].map(e => e.scrollWidth)"
    )
    assert max(wide) <= width
    assert asked - {""} == {"127.0.0.1"}
    page.screenshot(path=artefacts / f"scenario-{width}.png")


def test_a_planner_builds_a_scenario_and_shares_it(page: Page, served: str, artefacts: Path) -> None:
    visit(page, served, "scenarios")
    page.get_by_role("button", name="Open the sample scenario").click()
    expect(page.get_by_role("heading", name="An inclusion base in every secondary school")).to_be_visible()
    settled(page)
    before = figures(page)
    most = page.get_by_role("spinbutton", name=re.compile("aged 11 to 15, to")).first
    most.fill("40")
    most.press("Enter")
    expect(page.get_by_text("Not saved yet.")).to_be_visible()
    settled(page)
    changed = figures(page)
    assert changed != before
    link = page.get_by_test_id("stCode").inner_text().strip()
    assert "scenario=~" in link or "scenario=%7E" in link
    fresh = page.context.browser.new_page()  # type: ignore[union-attr]
    try:
        fresh.goto(link)
        settled(fresh)
        assert figures(fresh) == changed
    finally:
        fresh.close()
    page.go_back()
    expect(page.get_by_text("Not saved yet.")).to_have_count(0)
    settled(page)
    assert figures(page) == before
    page.go_forward()
    expect(page.get_by_text("Not saved yet.")).to_be_visible()
    page.get_by_label("Your name, for the history").fill("A planner")
    page.get_by_label("Your name, for the history").press("Enter")
    settled(page)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text(re.compile("Saved: my-inclusion-bases version 1"))).to_be_visible()
    expect(page).to_have_url(re.compile("scenario=my-inclusion-bases(@|%40)1"))
    settled(page)
    assert figures(page) == changed
    page.screenshot(path=artefacts / "scenario-saved.png")


def test_what_each_lever_contributes_comes_while_the_page_stays_usable(page: Page, served: str) -> None:
    visit(page, served, "scenarios", "?scenario=low-births")
    page.get_by_role("button", name=re.compile("Work out what each lever contributes")).click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile("Most comes from"))).to_be_visible()
    settled(page)
    unfold(page)
    assert violations(page) == []
