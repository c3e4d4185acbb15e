"""Pictures of every page for the documentation: ``make screens`` writes docs/screens/PAGE-WIDTH.png.

Invariant: a picture is taken of a complete page and is smaller than `MOST_BYTES`; pages are cut off where they are longer than
somebody looks at.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from forecast.ui.frame.choices import SAMPLE, origin
from forecast.ui.frame.registry import PAGES, PageEntry
from tests.browser.serving import (
    CHROMIUM_FLAGS,
    PATIENCE,
    ROOT,
    chromium_path,
    free_port,
    serve,
    settled,
    wait_until,
)

FOLDER = ROOT / "docs" / "screens"

HEIGHTS = {1280: 2400, 320: 3600}
"""Most pixels of a picture from top to bottom, by width."""

MOST_BYTES = 300_000

COLOURS = (128, 64, 32, 16)
"""Colours of a picture: fewer where it would be too large."""

QUERIES = {
    "Scenarios": f"?scenario={SAMPLE}&measure=shortfall&made={origin()}",
    "Money": f"?scenario={SAMPLE}&made={origin()}",
    "Capital": "?budget=20000000",
}
"""What pages that begin empty are asked, so that there is something to see."""

LONG_WORK = {"Capital": "Appraise and choose"}
"""Pages whose work is started first, and the button that does."""

LONGEST_WORK = 900
"""Seconds to wait for it."""


def stem(entry: PageEntry) -> str:
    """Return the name of a page in the names of its pictures."""
    return entry.title.lower()


def take(page: Page, address: str, entry: PageEntry, width: int) -> bytes:
    """Return a picture of a page as PNG."""
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{address}/{entry.path}{QUERIES.get(entry.title, '')}")
    settled(page)
    if entry.title in LONG_WORK:
        button = page.get_by_role("button", name=LONG_WORK[entry.title])
        done = page.get_by_text("Done in ")
        expect(button.or_(done)).to_be_visible()
        if button.is_visible():
            button.click()
        expect(done).to_be_visible(timeout=1000 * LONGEST_WORK)
        settled(page)
    # The page scrolls inside a frame, so the window is made as tall as what the frame holds.
    tall = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": width, "height": min(int(tall), HEIGHTS[width])})
    page.evaluate("document.fonts.ready")
    wait_until(
        page,
        "[...document.querySelectorAll('[data-testid=stVegaLiteChart]')].every(e => e.querySelector('canvas, svg'))",
    )
    page.evaluate("document.querySelector('[data-testid=stMain]').scrollTo(0, 0)")
    # Charts follow a new width after a moment.
    page.wait_for_timeout(1000)
    settled(page)
    return page.screenshot(animations="disabled")


def small(picture: bytes) -> bytes:
    """Return a picture with as many colours as fit.

    Raises
    ------
    ValueError
        It is too large with the fewest.
    """
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    for colours in COLOURS:
        found = io.BytesIO()
        image.quantize(colours, dither=Image.Dither.NONE).save(found, "PNG", optimize=True)
        if found.tell() < MOST_BYTES:
            return found.getvalue()
    raise ValueError(f"larger than {MOST_BYTES:,} bytes even with {COLOURS[-1]} colours")


def every(browser: Browser, address: str, titles: list[str]) -> None:
    """Write the pictures of some pages; all where none is named."""
    page = browser.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    for entry in (e for e in PAGES if not titles or e.title in titles):
        for width in HEIGHTS:
            path = FOLDER / f"{stem(entry)}-{width}.png"
            path.write_bytes(small(take(page, address, entry, width)))
            print(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes", flush=True)


def main() -> None:
    """Start the app on an empty store and take the pictures."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("pages", nargs="*", help="titles of pages; all where left out")
    titles = parser.parse_args().pages
    path = chromium_path()
    if path is None:
        sys.exit("Chromium is not installed; on Debian: apt-get install chromium fonts-liberation")
    FOLDER.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=PATIENCE * 1000)
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder), free_port()) as address,
        sync_playwright() as player,
    ):
        browser = player.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        every(browser, address, titles)
        browser.close()


if __name__ == "__main__":
    main()
