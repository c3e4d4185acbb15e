"""A running app and a real browser; both are skipped, with the reason, where Chromium is not installed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed; it comes with the dev extra")

from playwright.sync_api import Browser, Page, expect, sync_playwright

from data.kept_files import CANDIDATES, REGISTERS, UNIT_COSTS
from scenarios.store.address import VARIABLE as STORE

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120
"""Seconds to wait for anything on a busy machine."""


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the browser to drive."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("Chromium is not installed; on Debian: apt-get install chromium fonts-liberation")
    return path


@pytest.fixture(scope="session")
def served(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the app as a person would on a new machine, and return its address.

    The home folder is empty and a browser is to be opened, so a question at the terminal would show as a time-out.
    """
    port = free_port()
    log = tmp_path_factory.mktemp("server") / "log.txt"
    settings = {
        "HOME": str(tmp_path_factory.mktemp("home")),
        "BROWSER": "true",
        STORE: str(tmp_path_factory.mktemp("store") / "scenarios.sqlite"),
    } | {s.variable: str(tmp_path_factory.mktemp("kept")) for s in (REGISTERS, UNIT_COSTS, CANDIDATES)}
    options = ["--server.port", str(port), "--server.headless", "false"]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", *options],
            cwd=ROOT,
            env=os.environ | settings,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            for _ in range(PATIENCE * 5):
                if process.poll() is not None:
                    pytest.fail(f"the app stopped: {log.read_text()}")
                try:
                    with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1) as answer:
                        if answer.status == 200:
                            break
                except OSError:
                    time.sleep(0.2)
            else:
                pytest.fail(f"the app did not start in {PATIENCE} s: {log.read_text()}")
            yield address
        finally:
            process.terminate()
            process.wait(timeout=20)


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """Return one browser for all tests."""
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as player:
        running = player.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Return a fresh window of 1280 by 900."""
    window = browser.new_page(viewport={"width": 1280, "height": 900})
    window.set_default_timeout(PATIENCE * 1000)
    yield window
    window.close()


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
