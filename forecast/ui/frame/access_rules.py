"""The rules of access to the planner, without Streamlit.

Invariants: without sign-in only a browser on this very computer is let in; with it only somebody on the list of people, with an
address that the provider does not call unverified, who signed in today; whatever cannot be told keeps the door shut.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from data.sign_in.allow_list import AllowList, address
from data.sign_in.people import Person

GUIDE = "docs/sign-in.md"
"""Where setting up sign-in is told."""

LASTS = timedelta(hours=12)
"""How long signing in lasts: a working day. Streamlit's own cookie lasts 30 days, whatever becomes of the account."""

AHEAD = timedelta(minutes=10)
"""How far the clock of a provider may be ahead of ours."""

SHORTEST_SECRET = 32
"""Fewest characters of the secret that signs the cookie: whoever guesses it can be anybody."""

LONGEST_NAME = 100
"""Most characters of a name; providers let people type their own."""

NEEDED: tuple[str, ...] = (
    "redirect_uri",
    "cookie_secret",
    "client_id",
    "client_secret",
    "server_metadata_url",
)
"""What sign-in cannot do without, as Streamlit calls it."""

MANY_TENANTS: tuple[str, ...] = ("common", "organizations", "consumers")
"""Microsoft's addresses that let in accounts of any organisation, whose administrators may give them any e-mail address."""

FORWARDED: tuple[str, ...] = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
"""Headers that a proxy adds; a browser on this computer sends none."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The reason why a visitor sees no page, and what to do.

    Parameters
    ----------
    heading, words
        What they see instead.
    sign_in, sign_out
        Which button helps them.
    """

    heading: str
    words: str
    sign_in: bool = False
    sign_out: bool = False


def is_loopback(host: str | None) -> bool:
    """Return whether a host name or address is this computer."""
    if host is None:
        return False
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_every_address(listens_on: str | None) -> bool:
    """Return whether a server listens on every address of its computer."""
    try:
        return listens_on is None or ipaddress.ip_address(listens_on).is_unspecified
    except ValueError:
        return False


def only_here(listens_on: str | None, headers: Mapping[str, str]) -> bool:
    """Return whether the pages can be reached from this computer only.

    The address that is listened on is not enough: a proxy on this computer, or a name that an outsider's page points at this
    computer, reaches it too. Both show in the headers.

    Parameters
    ----------
    listens_on
        Address the server listens on; None for all there are.
    headers
        Of the request, names in any case. None at all, as in tests, is no browser from elsewhere: every browser names the host.
    """
    by_name = {name.lower(): value for name, value in headers.items()}
    if not is_loopback(listens_on) or any(name in by_name for name in FORWARDED):
        return False
    if not by_name:
        return True
    origin = by_name.get("origin")
    return names_us(f"//{by_name.get('host', '')}") and (origin is None or names_us(origin))


def names_us(url: str) -> bool:
    """Return whether an address leads to this computer; ``//host`` for a host alone."""
    return is_loopback(_host(url))


def _host(url: str) -> str | None:
    """Return the host of an address, in lower case and without a dot at its end; None if there is none."""
    try:
        parts = urlsplit(url)
        # Reading the port checks it.
        return None if parts.port == 0 or parts.hostname is None else parts.hostname.rstrip(".")
    except ValueError:
        return None


def hosts(allowed: Sequence[str], listens_on: str | None, redirect_uri: str | None) -> tuple[str, ...]:
    """Return the hosts by whose names the planner may be asked.

    Parameters
    ----------
    allowed
        Hosts that whoever runs it has set; ``*.`` before a domain stands for every host in it, ``*`` alone for any.
    listens_on
        Address the server listens on; None for all there are.
    redirect_uri
        Address people come back to from signing in; None where sign-in is not set up.
    """
    if allowed:
        return tuple(host.strip().lower().rstrip(".") for host in allowed)
    ours = (_host(f"//{listens_on}" if listens_on else ""), _host(redirect_uri or ""))
    return ("localhost", "127.0.0.1", "::1", *(host for host in ours if host is not None))


def is_ours(host: str, allowed: Iterable[str]) -> bool:
    """Return whether the ``Host`` of a request is one of `hosts`.

    A page of another site whose name was made to lead to this computer (DNS rebinding) is told by its name.
    """
    name = _host(f"//{host}")
    if name is None or re.search(r"[/@?#\\\s]", host):
        return False
    return any(
        one == "*" or name == one or (one.startswith("*.") and name.endswith(one[1:])) for one in allowed
    )


def origin_host(origin: str) -> str | None:
    """Return host and port of an ``Origin``, as ``Host`` has them; None if it is none, as of a page without an address."""
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None


def not_from_here() -> Closed:
    """Return the message to a visitor from another computer if sign-in is not set up."""
    return Closed(
        "This planner is for one person on one computer",
        "Sign-in is not set up, so the planner opens only in a browser on the computer it runs on, at http://localhost or "
        'http://127.0.0.1, with server.address = "127.0.0.1" in .streamlit/config.toml. To open it to others, whoever runs it '
        f"sets up sign-in: {GUIDE} says how.",
    )


def wrong_host() -> str:
    """Return the answer to a request by a name that is not the planner's."""
    return (
        "The planner is not known by this name. It opens at http://localhost or http://127.0.0.1 on the computer it runs on and, "
        f"where sign-in is set up, at the address of redirect_uri ({GUIDE}). For another name, whoever runs it puts it into "
        "allowedHosts under [server] in .streamlit/config.toml."
    )


def problems(auth: Mapping[str, object]) -> list[str]:
    """Return problems of the sign-in settings in words; secrets are not repeated."""
    wrong = [f"{name} is missing" for name in NEEDED if not str(auth.get(name) or "").strip()]
    if wrong:
        return wrong
    if len(str(auth["cookie_secret"])) < SHORTEST_SECRET:
        wrong.append(f"cookie_secret has fewer than {SHORTEST_SECRET} characters, so it could be guessed")
    back = _split(str(auth["redirect_uri"]))
    if not _is_safe(back) or not back[2].endswith("/oauth2callback"):
        wrong.append(
            "redirect_uri is not the planner's own https address with /oauth2callback at its end (http only at localhost)"
        )
    provider = _split(str(auth["server_metadata_url"]))
    if not _is_safe(provider):
        wrong.append("server_metadata_url is not an https address")
    if (
        provider[1] == "login.microsoftonline.com"
        and provider[2].strip("/").split("/")[0].lower() in MANY_TENANTS
    ):
        wrong.append(
            "server_metadata_url lets in accounts of every organisation; put your own tenant's number in the place of "
            f"{', '.join(MANY_TENANTS[:-1])} or {MANY_TENANTS[-1]}"
        )
    return wrong


def _split(url: str) -> tuple[str, str, str]:
    """Return scheme, host and path of an address; blank if there are none."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname or "", parts.path
    except ValueError:
        return "", "", ""


def _is_safe(url: tuple[str, str, str]) -> bool:
    return bool(url[1]) and (url[0] == "https" or (url[0] == "http" and is_loopback(url[1])))


def visitor(claims: Mapping[str, object], people: AllowList, now: datetime) -> Person | Closed:
    """Return the person who signed in, or why they see no page.

    Parameters
    ----------
    claims
        What the provider says of them (OpenID Connect Core 1.0, section 5.1), with Streamlit's ``is_logged_in``.
    people
        Who may.
    now
        The time.
    """
    if claims.get("is_logged_in") is not True:
        return sign_in()
    if not _is_fresh(claims.get("iat"), now):
        return Closed(
            "Sign in again",
            f"You signed in more than {LASTS.total_seconds() / 3600:.0f} hours ago. What you saved is kept.",
            sign_in=True,
            sign_out=True,
        )
    whom = people.contact or "whoever runs the planner"
    email = address(str(claims.get("email") or ""))
    if email is None:
        return _refused(
            f"Your account has no e-mail address that the planner can read. Ask {whom}: {GUIDE} says what to set."
        )
    # Some providers leave it out, Microsoft among them; whoever says it is not verified is believed.
    verified = claims.get("email_verified", True)
    if verified is not True and verified != "true":
        return _refused(
            f"Your provider has not verified your address {email}. Verify it there, then sign in again."
        )
    role = people.role_of(email)
    if role is None:
        return _refused(
            f"You signed in as {email}, which is not on the list of people who may use it. Ask {whom} to add you."
        )
    return Person(_name(claims.get("name")) or email.partition("@")[0], email, role)


def sign_in() -> Closed:
    """Return the message to a visitor who has not signed in."""
    return Closed(
        "Sign in",
        "The planner is open to people whom your council has named.",
        sign_in=True,
    )


def _refused(words: str) -> Closed:
    return Closed("You cannot use this planner", words, sign_out=True)


def _is_fresh(issued: object, now: datetime) -> bool:
    if isinstance(issued, bool) or not isinstance(issued, int | float):
        return False
    try:
        age = now - datetime.fromtimestamp(issued, UTC)
    except (OverflowError, OSError, ValueError):
        return False
    return -AHEAD <= age <= LASTS


def _name(claim: object) -> str:
    """Return a name on one line, without characters that cannot be shown, as the store keeps names."""
    text = claim if isinstance(claim, str) else ""
    shown = "".join(" " if unicodedata.category(c).startswith(("C", "Z")) else c for c in text)
    return " ".join(shown.split())[:LONGEST_NAME]
