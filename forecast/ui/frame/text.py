"""Text on pages: text from elsewhere is shown literally, never as markup."""

from __future__ import annotations

import re

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~$]|:(?=\S))")


def plain(text: str) -> str:
    """Return text that Markdown shows literally."""
    return _MARKUP.sub(r"\\\1", text)


def bullets(lines: tuple[str, ...]) -> str:
    """Return sentences as a Markdown list."""
    return "\n".join(f"- {plain(line)}" for line in lines)
