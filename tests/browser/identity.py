"""A small OpenID Connect provider of our own: discovery, authorize, token and keys, as OpenID Connect Core 1.0 has them.

It asks no password: the page to sign in is one link a person, so that a test clicks whom it wants to be.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "planner", "client-secret"


class Provider(ThreadingHTTPServer):
    """A provider that listens on this computer and knows some people."""

    daemon_threads = True

    def __init__(self, people: dict[str, dict[str, object]]) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.people = people
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self.codes: dict[str, dict[str, str]] = {}
        self.issued: list[str] = []

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def token(self, email: str, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": email,
            "iat": now,
            "exp": now + 600,
            "nonce": nonce,
        }
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims | self.people[email], self.key)


class Answer(BaseHTTPRequestHandler):
    """One request."""

    server: Provider

    def log_message(self, *_: object) -> None:
        """Say nothing at the terminal."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        issuer = self.server.issuer
        if url.path == "/.well-known/openid-configuration":
            self._json(
                {
                    "issuer": issuer,
                    "authorization_endpoint": f"{issuer}/authorize",
                    "token_endpoint": f"{issuer}/token",
                    "jwks_uri": f"{issuer}/keys",
                    "response_types_supported": ["code"],
                    "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": ["RS256"],
                    "code_challenge_methods_supported": ["S256"],
                }
            )
        elif url.path == "/keys":
            self._json({"keys": [self.server.key.as_dict(private=False)]})
        elif url.path == "/authorize":
            assert asked["client_id"] == CLIENT
            assert asked["code_challenge_method"] == "S256"
            links = "".join(
                f'<p><a href="/chosen?{urlencode(asked | {"whom": email})}">{email}</a></p>'
                for email in self.server.people
            )
            self._send(200, "text/html", f'<html lang="en"><title>Sign in</title>{links}</html>')
        elif url.path == "/chosen":
            code = secrets.token_urlsafe()
            self.server.codes[code] = asked
            self.send_response(302)
            back = urlencode({"code": code, "state": asked["state"]})
            self.send_header("Location", f"{asked['redirect_uri']}?{back}")
            self.end_headers()
        else:
            self._send(404, "text/plain", "not here")

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        given = base64.b64decode(self.headers.get("Authorization", "").removeprefix("Basic ")).decode()
        # A code is good once, for whoever asked for it.
        asked = self.server.codes.pop(form["code"][0], None)
        proof = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"][0].encode()).digest()).decode()
        if asked is None or given != f"{CLIENT}:{SECRET}" or proof.rstrip("=") != asked["code_challenge"]:
            self._send(400, "application/json", '{"error": "invalid_grant"}')
            return
        self.server.issued.append(asked["whom"])
        token = self.server.token(asked["whom"], asked["nonce"])
        self._json({"access_token": secrets.token_urlsafe(), "token_type": "Bearer", "id_token": token})

    def _json(self, content: object) -> None:
        self._send(200, "application/json", json.dumps(content))

    def _send(self, status: int, kind: str, text: str) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def provider(people: dict[str, dict[str, object]]) -> Iterator[Provider]:
    """Run a provider."""
    running = Provider(people)
    thread = Thread(target=running.serve_forever, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        running.shutdown()
        running.server_close()
        thread.join(timeout=10)
