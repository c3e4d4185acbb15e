"""Text on pages: text from elsewhere is shown literally, never as markup."""

from __future__ import annotations

import re

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~$]|:(?=\S))")

_ADDRESS = re.compile(r"(https?|ftp|mailto|xmpp|www(?=\\?\.)|@(?=\S))", re.IGNORECASE)
"""Beginning of what is taken for an address: a scheme, ``www``, or the middle of an e-mail address."""

_JOINER = "\u2060"


def plain(text: str) -> str:
    """Return text that Markdown shows literally."""
    return _MARKUP.sub(r"\\\1", text)


def literal(text: str) -> str:
    """Return text that Markdown shows literally and makes no link of, for what somebody else may have written.

    Web and e-mail addresses become links wherever they stand in Markdown; an invisible word joiner inside stops that.
    """
    return _ADDRESS.sub(f"\\1{_JOINER}", plain(text))


def bullets(lines: tuple[str, ...]) -> str:
    """Return sentences as a Markdown list."""
    return "\n".join(f"- {plain(line)}" for line in lines)
