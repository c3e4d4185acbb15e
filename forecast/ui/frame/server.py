"""The guard of the web server: which requests are answered, what every answer tells the browser, and the browser opened at start.

Invariants: a request is passed on only if it names a host of ours, comes from no other site's page and asks for an address that
the pages need; every answer has the headers in `HEADERS` and a content security policy that lets the browser load from this
server alone; a cookie leaves this computer only over TLS; nothing here asks another host anything.
"""

from __future__ import annotations

import base64
import hashlib
import re
import threading
import webbrowser
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from forecast.ui.frame import access_rules
from forecast.ui.frame.scripts import SCRIPTS

HEADERS: dict[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
"""Headers of every answer, beside the content security policy (OWASP Secure Headers Project)."""

TLS_ONLY = "max-age=31536000"
"""Strict-Transport-Security (RFC 6797) of answers that leave this computer: a year."""

CORE = "/_stcore/"
"""Where Streamlit's own addresses begin."""

NEEDED_OF_CORE = frozenset({"health", "host-config", "stream", "upload_file"})
"""Streamlit's own addresses that pages need. Others, as its metrics and its interface for programs, stay shut."""


def middleware() -> list[Middleware]:
    """Return what stands before Streamlit, for `streamlit.App`."""
    return [Middleware(RequestGuard)]


class RequestGuard:
    """Answers what it must and passes on the rest, with headers added.

    Parameters
    ----------
    app
        What stands behind it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._hosts = access_rules.hosts(
            st.get_option("server.allowedHosts"), st.get_option("server.address"), _redirect_uri()
        )
        self._base = _base()
        self._policy = policy(inline_scripts())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or pass it on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "")

        async def with_headers(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                self._add(MutableHeaders(raw=message["headers"]), here=access_rules.names_us(f"//{host}"))
            await send(message)

        refused = self._refusal(scope["path"], host, headers.getlist("origin"))
        await (self._app if refused is None else refused)(scope, receive, with_headers)

    def _refusal(self, path: str, host: str, origins: list[str]) -> PlainTextResponse | None:
        """Return the answer to a request that is not passed on; None if it is."""
        if not access_rules.is_ours(host, self._hosts):
            return PlainTextResponse(access_rules.wrong_host(), 400)
        if any(access_rules.origin_host(origin) != host.lower() for origin in origins):
            # Streamlit would look up this machine's outside address on the internet to compare it.
            return PlainTextResponse("Another site's page asked for this. Open the planner itself.", 403)
        inner = path.removeprefix(self._base)
        if inner.startswith(CORE) and inner.split("/")[2] not in NEEDED_OF_CORE:
            return PlainTextResponse("There is nothing here.", 404)
        return None

    def _add(self, headers: MutableHeaders, *, here: bool) -> None:
        """Add what every answer tells the browser; `here` where it does not leave this computer."""
        headers.update(HEADERS)
        headers["Content-Security-Policy"] = self._policy
        if here:
            return
        headers["Strict-Transport-Security"] = TLS_ONLY
        cookies = headers.getlist("set-cookie")
        del headers["set-cookie"]
        for cookie in cookies:
            secure = "secure" in (part.strip().lower() for part in cookie.split(";"))
            headers.append("set-cookie", cookie if secure else f"{cookie}; Secure")


def policy(scripts: Iterable[str]) -> str:
    """Return the content security policy (W3C CSP Level 3) of every answer.

    Styles inside a page stay allowed: Streamlit writes its own there. Fonts and pictures may be part of the page (``data:``).

    Parameters
    ----------
    scripts
        Texts of the scripts that stand inside a page; no other is run there.
    """
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(s.encode('utf-8')).digest()).decode('ascii')}'"
        for s in scripts
    )
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' {hashes}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "manifest-src 'self'",
            "worker-src 'self' blob:",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def inline_scripts() -> list[str]:
    """Return the texts of the scripts inside our pages: those of Streamlit's own first page, and ours."""
    first = Path(st.__file__).with_name("static").joinpath("index.html").read_text(encoding="utf-8")
    return [*re.findall(r"<script>(.*?)</script>", first, re.DOTALL), *SCRIPTS]


@asynccontextmanager
async def opened(_: st.App) -> AsyncIterator[None]:
    """Say where the planner is once it listens, and open it in the browser of whoever sits here."""
    listens_on = st.get_option("server.address")
    host = "localhost" if access_rules.is_every_address(listens_on) else listens_on
    scheme = "https" if st.get_option("server.sslCertFile") else "http"
    url = f"{scheme}://{host}:{st.get_option('server.port')}{_base()}/"
    print(f"The planner is open at {url}. To stop it, press Ctrl and C.", flush=True)
    if not st.get_option("server.headless"):
        # A browser for the terminal would not give the server back.
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
    yield


def _base() -> str:
    """Return what stands before every path; blank for nothing."""
    inside = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{inside}" if inside else ""


def _redirect_uri() -> str | None:
    """Return the address people come back to from signing in; None where sign-in is not set up or cannot be read."""
    if not st.secrets.load_if_toml_exists():
        return None
    settings = st.secrets.get("auth")
    address = settings.get("redirect_uri") if settings is not None else None
    return address if isinstance(address, str) else None
