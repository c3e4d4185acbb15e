"""Time what a person waits for, in a real browser: first paint of each page, cold and warm, and a change of a choice.

    python -m benchmarks.app_latency --people 10 --changes 10

Cold is a server that was just started; warm is one that has made the page before. Painted means that the heading is there;
complete, that the footer is and nothing is still being made. Times depend on the machine and on who else uses it.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from data.kept_files import REGISTERS
from forecast.ui.registry import PAGES

ROOT = Path(__file__).resolve().parents[1]
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
PATIENCE = 120_000


@contextmanager
def server() -> Iterator[str]:
    """Start the app on a free port and yield its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as registers:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "streamlit",
                "run",
                "app.py",
                "--server.port",
                str(port),
                "--server.headless",
                "true",
            ],
            cwd=ROOT,
            env=os.environ | {REGISTERS.variable: registers},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            while True:
                try:
                    with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):
                        break
                except OSError:
                    time.sleep(0.05)
            yield address
        finally:
            process.terminate()
            process.wait(20)


def opened(page: Page, address: str) -> tuple[float, float]:
    """Open a page and return seconds until it is painted and until it is complete."""
    began = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.get_by_role("heading", level=1).wait_for()
    painted = time.perf_counter() - began
    complete(page)
    return painted, time.perf_counter() - began


def complete(page: Page) -> None:
    """Wait until a page is made."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    page.get_by_text("A forecast, not an outturn").wait_for()


def window(browser: object) -> Page:
    page: Page = browser.new_page(viewport={"width": 1280, "height": 900})  # type: ignore[attr-defined]
    page.set_default_timeout(PATIENCE)
    return page


def changed(page: Page, label: str, to: str, shows: str) -> float:
    """Choose something with the keyboard and return seconds until what follows from it is on the page and the page at rest."""
    page.get_by_role("combobox", name=re.compile(label)).click()
    # Long lists hold only what is in sight.
    page.keyboard.type(to)
    option = page.get_by_role("option", name=to, exact=True)
    option.wait_for()
    began = time.perf_counter()
    option.click()
    page.get_by_text(re.compile(shows)).first.wait_for()
    complete(page)
    return time.perf_counter() - began


def told(name: str, seconds: list[float]) -> None:
    """Print median and 95th percentile."""
    ordered = sorted(seconds)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
    print(
        f"{name:58s} median {statistics.median(ordered):5.2f} s   p95 {p95:5.2f} s   n {len(ordered)}",
        flush=True,
    )


def person(address: str, chromium: str, changes: int, found: list[float]) -> None:
    """Open the first page and change the year over and over, as one of several people at once."""
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=chromium, args=FLAGS)
        page = window(browser)
        opened(page, address)
        for step in range(changes):
            year = 2027 + step % 4
            found.append(changed(page, "In January", str(year), f"New plans in {year - 1}"))
        browser.close()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--people", type=int, default=10, help="how many use it at once; 0 leaves that out")
    options.add_argument("--changes", type=int, default=10, help="changes of a choice a person makes")
    asked = options.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Chromium is not installed; on Debian: apt-get install chromium fonts-liberation")
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=chromium, args=FLAGS)
        # The browser's own start is no wait for the app.
        window(browser).close()
        with server() as address:
            page = window(browser)
            painted, whole = opened(page, address)
            print(f"cold server, first page: painted {painted:.2f} s, complete {whole:.2f} s", flush=True)
            page.close()
            for entry in PAGES:
                page = window(browser)
                first = opened(page, f"{address}/{entry.path}")[1]
                page.close()
                paints, wholes = [], []
                for _ in range(3):
                    page = window(browser)
                    painted, whole = opened(page, f"{address}/{entry.path}")
                    paints.append(painted)
                    wholes.append(whole)
                    page.close()
                print(f"{entry.title}: made for the first time, complete {first:.2f} s", flush=True)
                told(f"{entry.title}, warm: painted", paints)
                told(f"{entry.title}, warm: complete", wholes)
            page = window(browser)
            opened(page, address)
            years = [2027 + step % 4 for step in range(asked.changes)]
            told(
                "change of the year",
                [changed(page, "In January", str(y), f"New plans in {y - 1}") for y in years],
            )
            names = ["Kent", "Barnet", "Harrow", "Luton", "Essex"]
            told(
                "change of the authority, new to the server",
                [changed(page, "Local authority", n, f"{n} had ") for n in names],
            )
            again = ["Luton", "Harrow", "Essex"]
            told(
                "change of the authority, seen before",
                [changed(page, "Local authority", n, f"{n} had ") for n in again],
            )
            page.close()
            browser.close()
            if asked.people:
                found: list[float] = []
                crowd = [
                    threading.Thread(target=person, args=(address, chromium, asked.changes, found))
                    for _ in range(asked.people)
                ]
                for one in crowd:
                    one.start()
                for one in crowd:
                    one.join()
                told(f"change of the year, {asked.people} people at once", found)


if __name__ == "__main__":
    main()
