"""The guard of the web server: what is answered, what is passed on, and what every answer tells the browser."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from typing import Any

import pytest
import streamlit as st
from starlette.types import Message, Receive, Scope, Send
from streamlit import config

from forecast.ui.frame import scripts, server
from forecast.ui.frame.server import HEADERS, RequestGuard

HERE = "127.0.0.1:8501"
COUNCIL = "planner.council.gov.uk"
COOKIES = [b"_streamlit_user=x; Path=/; HttpOnly", b"_streamlit_xsrf=y; Path=/; Secure"]


async def behind(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer as Streamlit would, with two cookies."""
    headers = [(b"set-cookie", cookie) for cookie in COOKIES]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"passed on"})


def answer(path: str = "/", kind: str = "http", **headers: str) -> tuple[int, list[tuple[str, str]], str]:
    """Return status, headers and text of the answer to a request."""
    scope: dict[str, Any] = {
        "type": kind,
        "method": "GET",
        "path": path,
        "extensions": {"websocket.http.response": {}},
        "headers": [(k.encode(), v.encode("latin-1")) for k, v in headers.items()],
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(RequestGuard(behind)(scope, receive, send))
    body = b"".join(m.get("body", b"") for m in sent)
    found = [(k.decode(), v.decode("latin-1")) for k, v in sent[0]["headers"]]
    return sent[0]["status"], found, body.decode()


@pytest.fixture
def options(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return settings of the server that differ from those of the project."""
    changed: dict[str, Any] = {}
    monkeypatch.setattr(st, "get_option", lambda name: changed.get(name, config.get_option(name)))
    return changed


@pytest.mark.parametrize(
    "path", ["/", "/data", "/static/js/index.js", "/_stcore/health", "/media/x.csv", "/auth/login"]
)
def test_what_pages_need_is_passed_on_with_every_header(path: str) -> None:
    status, headers, body = answer(path, host=HERE)
    assert (status, body) == (200, "passed on")
    told = {k.lower(): v for k, v in headers}
    assert {k.lower(): v for k, v in HEADERS.items()}.items() <= told.items()
    assert "frame-ancestors 'none'" in told["content-security-policy"]
    assert "img-src 'self' data:;" in told["content-security-policy"]
    assert "strict-transport-security" not in told


@pytest.mark.parametrize(
    "path",
    [
        "/_stcore/metrics", "/_stcore/metrics/", "/_stcore/agent/mcp", "/_stcore/agent/openapi.json",
        "/_stcore/script-health-check", "/_stcore/", "/_stcore/healthy",
    ],
)  # fmt: skip
def test_streamlit_s_other_addresses_are_shut(path: str) -> None:
    status, headers, body = answer(path, host=HERE)
    assert (status, body) == (404, "There is nothing here.")
    assert "content-security-policy" in {k.lower() for k, _ in headers}


def test_they_are_shut_below_another_path_too(options: dict[str, Any]) -> None:
    options["server.baseUrlPath"] = "/send/"
    assert answer("/send/_stcore/metrics", host=HERE)[0] == 404
    assert answer("/send/_stcore/health", host=HERE)[0] == 200


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost@evil.example",
        "evil.example#localhost",
        "[::1",
        "localhost:x",
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_another_name_of_this_computer_is_refused_in_words(host: str, kind: str) -> None:
    status, _, body = answer(kind=kind, host=host)
    assert status == 400
    assert "docs/sign-in.md" in body


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9999", "http://[", ""])
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_a_page_of_another_site_is_refused(origin: str, kind: str) -> None:
    assert answer("/_stcore/stream", kind, host=HERE, origin=origin)[0] == 403


def test_a_page_of_ours_is_not_refused() -> None:
    assert answer("/_stcore/stream", host=HERE, origin=f"http://{HERE}")[0] == 200


def test_the_name_it_is_known_by_is_the_one_set_or_the_one_people_come_back_to(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert answer(host=COUNCIL)[0] == 400
    monkeypatch.setattr(server, "_redirect_uri", lambda: f"https://{COUNCIL}/oauth2callback")
    assert answer(host=COUNCIL)[0] == 200
    options["server.allowedHosts"] = ["*.council.gov.uk"]
    assert answer(host="other.council.gov.uk")[0] == 200
    assert answer(host="council.gov.uk")[0] == 400
    assert answer(host=HERE)[0] == 400


def test_cookies_that_leave_this_computer_do_so_over_tls_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_redirect_uri", lambda: f"https://{COUNCIL}/oauth2callback")
    _, headers, _ = answer(host=COUNCIL)
    cookies = [v for k, v in headers if k.lower() == "set-cookie"]
    assert cookies == [f"{COOKIES[0].decode()}; Secure", COOKIES[1].decode()]
    assert ("strict-transport-security", server.TLS_ONLY) in headers
    _, headers, _ = answer(host=HERE)
    assert [v.encode() for k, v in headers if k.lower() == "set-cookie"] == COOKIES


def test_only_scripts_that_are_known_run_inside_a_page() -> None:
    known = server.inline_scripts()
    assert set(scripts.SCRIPTS) < set(known)
    rules = dict(rule.split(" ", 1) for rule in server.policy(known).split("; "))
    wanted = {base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in known}
    assert set(rules["script-src"].split()) == {"'self'", *(f"'sha256-{one}'" for one in wanted)}
    assert rules["default-src"] == "'none'"
