"""Capital in a real browser: a programme is chosen while the page stays usable, and what it shows is accessible."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_browser import WIDTHS, settled, unfold, violations, visit

pytestmark = pytest.mark.browser


def test_a_programme_is_chosen_and_all_that_it_shows_is_accessible(
    page: Page, served: str, artefacts: Path
) -> None:
    visit(page, served, "capital", "?budget=5000000")
    page.get_by_role("button", name="Appraise and choose").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    assert violations(page) == []
    expect(page.get_by_role("heading", name="Each scheme alone")).to_be_visible()
    settled(page)
    unfold(page)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        settled(page)
        assert violations(page) == []
        wide = page.evaluate(
            "[document.documentElement, document.querySelector('[data-testid=stMain]')].map(e => e.scrollWidth)"
        )
        assert max(wide) <= width
        for chart in page.get_by_test_id("stVegaLiteChart").all():
            expect(chart).to_have_attribute("aria-label", re.compile("chart of|Present values of"))
        page.screenshot(path=artefacts / f"capital-programme-{width}.png")
    # Asked again by somebody else, the same question is answered at once.
    other = page.context.browser.new_page()  # type: ignore[union-attr]
    try:
        visit(other, served, "capital", "?budget=5000000")
        expect(other.get_by_role("heading", name="Each scheme alone")).to_be_visible()
        expect(other.get_by_role("button", name="Appraise and choose")).to_have_count(0)
    finally:
        other.close()
