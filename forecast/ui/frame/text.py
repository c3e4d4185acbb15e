"""Small rules of wording for pages: text that is not ours is shown as it is, never as markup."""

from __future__ import annotations

import re

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~$]|:(?=\S))")


def plain(text: str) -> str:
    """Return text that Markdown shows letter for letter."""
    return _MARKUP.sub(r"\\\1", text)


def bullets(lines: tuple[str, ...]) -> str:
    """Return sentences as a Markdown list."""
    return "\n".join(f"- {plain(line)}" for line in lines)
