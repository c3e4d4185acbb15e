"""Time what a person waits for, in a real browser: first paint of each page, cold and warm, a change of a choice and of a lever.

    python -m benchmarks.app_latency --people 10 --changes 10

Cold is a server that was just started; warm is one that has made the page before. Painted means that the heading is there;
complete, that the footer is and nothing is still being made. A change is timed until what follows from it is on the page and the
page is at rest. Times depend on the machine and on who else uses it, so processor seconds of the server and of the browser are
printed beside them (Linux). People at once are windows of one browser on the same machine, so what their windows draw takes from
the cores that the server has. They change something again at once; ``--pause`` has them look for a while, as people do.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from data.council_files.kept_files import CANDIDATES, COUNTS, REGISTERS, UNIT_COSTS
from forecast.ui.frame.registry import PAGES
from forecast.ui.views.scenario_draft import SAMPLE
from scenarios.store.address import VARIABLE as STORE

ROOT = Path(__file__).resolve().parents[1]
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
PATIENCE = 180_000

LEVER = re.compile("aged 11 to 15, to$")
"""The number of the sample scenario that is changed: the high end of places for every 1,000 residents."""

SIZES = [20 + 0.5 * step for step in range(120)]
"""Sizes it is changed to; each new to the server."""

RESTS = "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
WHOLE = f"{RESTS} && document.body.textContent.includes('A forecast, not an outturn')"
LINK = "document.querySelector('[data-testid=stCode]')?.textContent"
"""The link to share, at the foot of the page: new with every size, where two sizes may have one sentence."""


@dataclass(frozen=True)
class Served:
    """A running app: its address, the process, and seconds from its start until it answered."""

    address: str
    pid: int
    ready: float


@contextmanager
def server() -> Iterator[Served]:
    """Start the app on a free port, with nothing kept."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    options = ["--server.port", str(port), "--server.headless", "true"]
    with tempfile.TemporaryDirectory() as kept:
        folders = {s.variable: f"{kept}/{s.variable}" for s in (REGISTERS, UNIT_COSTS, CANDIDATES, COUNTS)}
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", *options],
            cwd=ROOT,
            env=os.environ | folders | {STORE: f"{kept}/scenarios.sqlite"},
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
            yield Served(address, process.pid, time.perf_counter() - began)
        finally:
            process.terminate()
            process.wait(20)


@dataclass
class Work:
    """Processor seconds that the server and the browser took since the last look; nothing where /proc is not there."""

    server: int
    seen: tuple[float, float] = field(default=(0.0, 0.0))

    def since(self) -> str:
        """Return what both took since the last look, in words."""
        before, self.seen = self.seen, self._now()
        return f"server {self.seen[0] - before[0]:6.2f} s, browser {self.seen[1] - before[1]:6.2f} s of processor"

    def _now(self) -> tuple[float, float]:
        if not Path("/proc/self/task").is_dir():
            return 0.0, 0.0
        own = _tree(self.server)
        return sum(map(_used, own)), sum(map(_used, _tree(os.getpid()) - own - {os.getpid()}))


def _tree(root: int) -> set[int]:
    """Return a process and all it started."""
    found, todo = set(), [root]
    while todo:
        pid = todo.pop()
        found.add(pid)
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                todo += [int(child) for child in children.read_text().split()]
            except OSError:
                continue
    return found


def _used(pid: int) -> float:
    """Return the processor seconds of a process; none where it has ended."""
    try:
        values = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(values[11]) + int(values[12])) / os.sysconf("SC_CLK_TCK")


async def window(browser: Browser) -> Page:
    page = await browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(PATIENCE)
    return page


async def holds(page: Page, what: str) -> None:
    """Wait until an expression is true in the page; looked at when the page changes, so waiting costs next to nothing."""
    await page.evaluate(
        f"""() => new Promise(done => {{
            const held = () => {{ if ({what}) {{ watch.disconnect(); done(); }} }};
            const watch = new MutationObserver(held);
            watch.observe(document, {{subtree: true, childList: true, characterData: true, attributes: true}});
            held();
        }})"""
    )


async def opened(page: Page, address: str) -> tuple[float, float]:
    """Open a page and return seconds until it is painted and until it is complete."""
    began = time.perf_counter()
    await page.goto(address, wait_until="commit")
    await holds(page, "document.querySelector('h1')?.textContent")
    painted = time.perf_counter() - began
    await holds(page, WHOLE)
    return painted, time.perf_counter() - began


async def chosen(page: Page, label: str, to: str, shows: str) -> float:
    """Choose something with the keyboard and return seconds until what follows from it is on the page and the page at rest."""
    await page.get_by_role("combobox", name=re.compile(label)).click()
    # Long lists hold only what is in sight.
    await page.keyboard.type(to)
    option = page.get_by_role("option", name=to, exact=True)
    await option.wait_for()
    began = time.perf_counter()
    await option.click()
    await holds(page, f"document.body.textContent.includes({json.dumps(shows)}) && {WHOLE}")
    return time.perf_counter() - began


async def year(page: Page, step: int) -> float:
    """Choose another year on the first page."""
    to = 2027 + step % 4
    return await chosen(page, "In January", str(to), f"New plans in {to - 1}")


async def lever(page: Page, size: float) -> float:
    """Give the lever of the open scenario another size and return seconds until the page that follows from it is whole."""
    number = page.get_by_role("spinbutton", name=LEVER)
    before = json.dumps(await page.evaluate(LINK))
    await number.fill(f"{size:g}")
    began = time.perf_counter()
    await number.press("Enter")
    await holds(page, f"{LINK} !== {before} && {WHOLE}")
    return time.perf_counter() - began


async def crowd(
    browser: Browser,
    address: str,
    people: int,
    changes: int,
    pause: float,
    change: Callable[[Page, int, int], Awaitable[float]],
    work: Work,
) -> tuple[list[float], str]:
    """Return the seconds of every change of several people at once, and the work it took."""
    pages = [await window(browser) for _ in range(people)]
    for page in pages:
        await opened(page, address)
    work.since()
    luck = random.Random(0)

    async def one(who: int, page: Page) -> list[float]:
        found = []
        for step in range(changes):
            await asyncio.sleep(luck.uniform(0.5, 1.5) * pause)
            found.append(await change(page, who, step))
        return found

    times = await asyncio.gather(*(one(who, page) for who, page in enumerate(pages)))
    took = work.since()
    for page in pages:
        await page.close()
    return [t for each in times for t in each], took


def told(name: str, seconds: list[float], work: str = "") -> None:
    """Print median and 95th percentile."""
    ordered = sorted(seconds)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
    print(
        f"{name:52s} median {statistics.median(ordered):5.2f} s   p95 {p95:5.2f} s   n {len(ordered):3d}   {work}",
        flush=True,
    )


async def first_paints(browser: Browser, address: str, work: Work, times: int) -> None:
    """Time each page, made for the first time and warm."""
    every: list[float] = []
    for entry in PAGES:
        page = await window(browser)
        first = (await opened(page, f"{address}/{entry.path}"))[1]
        await page.close()
        paints, wholes = [], []
        work.since()
        for _ in range(times):
            page = await window(browser)
            painted, whole = await opened(page, f"{address}/{entry.path}")
            paints.append(painted)
            wholes.append(whole)
            await page.close()
        took = work.since()
        print(f"{entry.title}: made for the first time, complete {first:.2f} s", flush=True)
        told(f"{entry.title}, warm: painted", paints)
        told(f"{entry.title}, warm: complete", wholes, took)
        every += paints
    told("every page, warm: painted", every)


async def measure(asked: argparse.Namespace, chromium: str) -> None:
    async with async_playwright() as player:
        browser = await player.chromium.launch(executable_path=chromium, args=FLAGS)
        # The browser's own start is no wait for the app.
        await (await window(browser)).close()
        with server() as served:
            address, work = served.address, Work(served.pid)
            work.since()
            page = await window(browser)
            painted, whole = await opened(page, address)
            print(
                f"cold server: answers after {served.ready:.2f} s; first page painted {painted:.2f} s later, complete "
                f"{whole:.2f} s later; {work.since()}",
                flush=True,
            )
            await page.close()
            if asked.pages:
                await first_paints(browser, address, work, asked.pages)
            page = await window(browser)
            await opened(page, address)
            await year(page, 3)
            work.since()
            told("change of the year", [await year(page, s) for s in range(asked.changes)], work.since())
            if asked.pages:
                names = ["Kent", "Barnet", "Harrow", "Luton", "Essex"]
                new = [await chosen(page, "Local authority", n, f"{n} had ") for n in names]
                told("change of the authority, new to the server", new, work.since())
                again = [
                    await chosen(page, "Local authority", n, f"{n} had ")
                    for n in ("Luton", "Harrow", "Essex")
                ]
                told("change of the authority, seen before", again, work.since())
            await page.close()
            scenario = f"{address}/scenarios?scenario={SAMPLE}&measure=shortfall"
            page = await window(browser)
            await opened(page, scenario)
            sizes = iter(random.Random(1).sample(SIZES, len(SIZES)))
            await lever(page, next(sizes))
            work.since()
            alone = [await lever(page, next(sizes)) for _ in range(asked.changes)]
            told("change of a lever, 500 draws", alone, work.since())
            await page.close()
            if asked.people:
                n = asked.people
                found, took = await crowd(
                    browser, address, n, asked.changes, asked.pause, lambda p, who, step: year(p, who + step), work
                )  # fmt: skip
                told(f"change of the year, {n} people at once", found, took)
                mine = {
                    who: random.Random(2 + who).sample([s + 0.04 * (who + 1) for s in SIZES], len(SIZES))
                    for who in range(n)
                }
                found, took = await crowd(
                    browser, scenario, n, asked.changes, asked.pause, lambda p, who, step: lever(p, mine[who][step]), work
                )  # fmt: skip
                told(f"change of a lever, {n} people at once", found, took)
        await browser.close()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--people", type=int, default=10, help="how many use it at once; 0 leaves that out")
    options.add_argument("--changes", type=int, default=10, help="changes a person makes")
    options.add_argument(
        "--pages", type=int, default=3, help="times each page is opened warm; 0 leaves that out"
    )
    options.add_argument(
        "--pause", type=float, default=0.0, help="seconds people look before the next change, on average"
    )
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Chromium is not installed; on Debian: apt-get install chromium fonts-liberation")
    asyncio.run(measure(options.parse_args(), chromium))


if __name__ == "__main__":
    main()
