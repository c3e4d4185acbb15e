"""Starting and stopping the app as a person would, for tests and for the makers of pictures."""

from __future__ import annotations

import os
import re
import shutil
import socket
import socketserver
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from playwright.sync_api import Page, expect

from data.council_files.kept_files import CANDIDATES, COUNTS, REGISTERS, UNIT_COSTS
from scenarios.store.address import VARIABLE as STORE

ROOT = Path(__file__).resolve().parents[2]

PATIENCE = 120
"""Seconds to wait for anything on a busy machine."""

CHROMIUM_FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]

LAST = "A forecast, not an outturn"
"""Words of the footer, which show that a page is complete."""


def chromium_path() -> str | None:
    """Return the browser to drive; None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def behind_proxy(address: str, header: str) -> Iterator[str]:
    """Yield an address at which another is served through a proxy, which adds a header to every request, a websocket's too.

    A browser's own extra headers are not sent with a websocket by every version of it. Each answer ends its connection.
    """
    host, port = address.removeprefix("http://").split(":")

    def pump(taken: socket.socket, given: socket.socket) -> None:
        with suppress(OSError):
            while block := taken.recv(65536):
                given.sendall(block)
        with suppress(OSError):
            given.shutdown(socket.SHUT_WR)

    class Passed(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            head = b""
            while b"\r\n\r\n" not in head:
                if not (block := self.request.recv(65536)):
                    return
                head += block
            first, rest = head.split(b"\r\n", 1)
            rest = rest.replace(b"Connection: keep-alive", b"Connection: close", 1)
            with socket.create_connection((host, int(port))) as server:
                server.sendall(first + b"\r\n" + header.encode() + b"\r\n" + rest)
                threading.Thread(target=pump, args=(self.request, server), daemon=True).start()
                pump(server, self.request)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Passed) as proxy:
        proxy.daemon_threads = True
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{proxy.server_address[1]}"
        finally:
            proxy.shutdown()


@contextmanager
def serve(folder: Path, port: int, *options: str, **more: str) -> Iterator[str]:
    """Run the app on a port, with home, store and kept files in a folder, and yield its address.

    A browser is to be opened and nobody is at the terminal, so a question there would show as a time-out.

    Parameters
    ----------
    folder, port
        Where it keeps things, and where it listens.
    options
        Of ``streamlit run``.
    more
        Environment variables.
    """
    log = folder / "log.txt"
    settings = {"HOME": str(folder / "home"), "BROWSER": "true", STORE: str(folder / "scenarios.sqlite")}
    kept = {s.variable: folder / s.variable.lower() for s in (REGISTERS, UNIT_COSTS, CANDIDATES, COUNTS)}
    for one in (folder / "home", *kept.values()):
        one.mkdir(exist_ok=True)
    settings |= {variable: str(path) for variable, path in kept.items()}
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port), "--server.headless", "false",
             *options],
            cwd=ROOT,
            env=os.environ | settings | more,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            address = f"http://127.0.0.1:{port}"
            for _ in range(PATIENCE * 5):
                if process.poll() is not None:
                    raise RuntimeError(f"the app stopped: {log.read_text()}")
                try:
                    with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1) as answer:
                        if answer.status == 200:
                            break
                except OSError:
                    time.sleep(0.2)
            else:
                raise RuntimeError(f"the app did not start in {PATIENCE} s: {log.read_text()}")
            yield address
        finally:
            process.terminate()
            process.wait(timeout=20)


def refusals(page: Page) -> list[str]:
    """Return a list that grows by what the browser says it did not do because of the content security policy."""
    said: list[str] = []
    page.on("console", lambda m: said.append(m.text) if "Content Security Policy" in m.text else None)
    return said


def wait_until(page: Page, true: str, of: object = None, seconds: float = PATIENCE) -> None:
    """Wait until an expression, or a function of something, is true in the page.

    Playwright's own waiting makes code from text inside the page, which the content security policy forbids.

    Raises
    ------
    TimeoutError
        It did not become true.
    """
    until = time.monotonic() + seconds
    while not page.evaluate(true, of):
        if time.monotonic() > until:
            raise TimeoutError(true)
        page.wait_for_timeout(50)


def settled(page: Page) -> None:
    """Wait until the page is complete."""
    # While a page is made again its old foot may stand beside the new one for a moment.
    expect(page.get_by_text(LAST)).to_have_count(1)
    expect(page.get_by_text(LAST)).to_be_visible()
    # Parts of the page are loaded on their own and come after the text on a busy machine.
    expect(page.get_by_role("combobox", name=re.compile("Local authority"))).to_be_visible()
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    expect(page.get_by_test_id("stSpinner")).to_have_count(0)
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
