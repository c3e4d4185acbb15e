"""A running app and a real browser; both are skipped, with the reason, where Chromium is not installed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed; it comes with the dev extra")

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.serving import CHROMIUM_FLAGS, PATIENCE, chromium_path, free_port, refusals, serve


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the browser to drive."""
    path = chromium_path()
    if path is None:
        pytest.skip("Chromium is not installed; on Debian: apt-get install chromium fonts-liberation")
    return path


@pytest.fixture(scope="session")
def served(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the app as a person would on a new machine, and return its address."""
    with serve(tmp_path_factory.mktemp("server"), free_port()) as address:
        yield address


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """Return one browser for all tests."""
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as player:
        running = player.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Return a fresh window of 1280 by 900; nothing that a page of ours does may be against the security policy."""
    window = browser.new_page(viewport={"width": 1280, "height": 900})
    window.set_default_timeout(PATIENCE * 1000)
    against = refusals(window)
    yield window
    window.close()
    assert against == []


@pytest.fixture
def window_of(browser: Browser) -> Iterator[Callable[[str], Page]]:
    """Return a function that opens a window of a reader in some time zone."""
    opened = []

    def window(zone: str) -> Page:
        found = browser.new_page(viewport={"width": 1280, "height": 900}, timezone_id=zone)
        found.set_default_timeout(PATIENCE * 1000)
        opened.append(found)
        return found

    yield window
    for one in opened:
        one.close()


@pytest.fixture(scope="session")
def artefacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of screenshots; SENDPLAN_SCREENS keeps them somewhere that lasts."""
    folder = Path(os.environ.get("SENDPLAN_SCREENS") or tmp_path_factory.mktemp("screens"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
