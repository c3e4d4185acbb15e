"""A server of releases on this computer, for tests: an index and a file, with faults of a network when they are wanted."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SOURCES = """
[fetching]
connect_seconds = 2
read_seconds = {read_seconds}
tries = {tries}
first_wait_seconds = 0
most_megabytes = {most}

[[sources]]
name = "sen2"
title = "Education, health and care plans (SEN2 return)"
publisher = "DfE"
licence = "OGL v3.0"
publication = "education-health-and-care-plans"
page = "https://example.org/page"
index = "{base}/publications/{{publication}}/latest"
download = "{base}/releases/{{id}}/files"
holds = "zip of CSV files"
reader = "sen2"

[sources.fields]
id = "id"
year = "yearTitle"
published = "published"
sha256 = "file.sha256"
bytes = "file.bytes"

[[sources]]
name = "dsg"
title = "Dedicated schools grant"
publisher = "DfE"
licence = "OGL v3.0"
publication = "dsg"
page = "https://example.org/dsg"
index = ""
download = ""
holds = "workbook"
"""


@dataclass
class ReleaseServer:
    """What is served, and how badly.

    Parameters
    ----------
    content
        Bytes of the release.
    year
        Year the index says it is of.
    faults
        What happens to each request for the release, in order: ``"500"``, ``"404"``, ``"cut"`` (half of what is left, then the
        connection ends), ``"slow"`` (nothing for longer than anybody waits), ``"changed"`` (another version from now on).
    sha256
        Hash the index gives; that of the content if left out.
    ranges
        Whether a part of the file may be asked for.
    index
        What the index answers, where it is not what it should be.
    """

    content: bytes
    year: str = "2027"
    faults: list[str] = field(default_factory=list)
    sha256: str | None = None
    ranges: bool = True
    index: Any = None
    base: str = ""
    asked: list[str] = field(default_factory=list)
    version: int = 1

    def answer(self) -> Any:
        about = {
            "sha256": self.sha256 or hashlib.sha256(self.content).hexdigest(),
            "bytes": len(self.content),
        }
        return {"id": "abc-1", "yearTitle": self.year, "published": "2027-06-10T08:30:00Z", "file": about}

    def sources(self, folder: Path, *, tries: int = 4, read_seconds: float = 5, most: float = 50) -> Path:
        """Write a configuration of sources that points here, and return its path."""
        path = folder / "sources.toml"
        path.write_text(
            SOURCES.format(base=self.base, tries=tries, read_seconds=read_seconds, most=most),
            encoding="utf-8",
        )
        return path


@contextmanager
def serving(server: ReleaseServer) -> Iterator[ReleaseServer]:
    """Let a server run."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            server.asked.append(self.headers.get("Range") or self.path)
            if self.path.startswith("/publications/"):
                body = (
                    server.index
                    if isinstance(server.index, bytes)
                    else json.dumps(server.index or server.answer()).encode()
                )
                self.send(200, body)
                return
            fault = server.faults.pop(0) if server.faults else ""
            if fault in ("404", "500"):
                self.send(int(fault), b"no")
                return
            if fault == "slow":
                time.sleep(1.5)
                self.close_connection = True
                return
            if fault == "changed":
                server.version += 1
            self.file(cut=fault == "cut")

        def file(self, *, cut: bool) -> None:
            tag, wanted = f'"v{server.version}"', self.headers.get("Range")
            start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
            goes_on = bool(wanted) and server.ranges and self.headers.get("If-Range") == tag
            if goes_on and start >= len(server.content):
                self.send(416, b"", {"Content-Range": f"bytes */{len(server.content)}"})
                return
            body = server.content[start if goes_on else 0 :]
            self.send_response(206 if goes_on else 200)
            self.send_header("ETag", tag)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if cut else body)
            if cut:
                self.wfile.flush()
                self.close_connection = True

        def send(self, code: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(code)
            for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Say nothing of clients that went away, which is what is tested."""

    with Quiet(("127.0.0.1", 0), Handler) as http:
        server.base = f"http://127.0.0.1:{http.server_address[1]}"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()
