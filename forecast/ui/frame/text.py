"""Text on pages: text from elsewhere is shown literally, never as markup."""

from __future__ import annotations

import re

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~$]|:(?=\S))")

_ADDRESS = re.compile(r"(https?|ftp|mailto|xmpp|www(?=\\?\.)|@(?=\S))", re.IGNORECASE)
"""Beginning of what is taken for an address: a scheme, ``www``, or the middle of an e-mail address."""

_JOINER = "\u2060"


def literal(text: str) -> str:
    """Return text that Markdown shows as it is: no mark-up, and no link.

    Web and e-mail addresses become links wherever they stand in Markdown; an invisible word joiner inside stops that.
    """
    return _ADDRESS.sub(f"\\1{_JOINER}", _MARKUP.sub(r"\\\1", text))


def bullets(lines: tuple[str, ...]) -> str:
    """Return sentences as a Markdown list."""
    return "\n".join(f"- {literal(line)}" for line in lines)
