"""The page of scenarios in a real browser; building and sharing one is a journey of its own (`test_journeys`)."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.serving import settled
from tests.browser.test_browser import WIDTHS, unfold, violations, visit

pytestmark = pytest.mark.browser


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


def test_what_each_lever_contributes_comes_while_the_page_stays_usable(page: Page, served: str) -> None:
    visit(page, served, "scenarios", "?scenario=low-births")
    page.get_by_role("button", name=re.compile("Work out what each lever contributes")).click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile("Most comes from"))).to_be_visible()
    settled(page)
    unfold(page)
    assert violations(page) == []
