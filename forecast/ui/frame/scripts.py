"""The scripts that stand inside our pages: every one there is, as the browser is told to run these and no other."""

from __future__ import annotations

_LEFT = "sendplan-left"
"""Where a window holds the address it was at before signing in: providers lead back to the first page only."""

LEAVE = f"sessionStorage.setItem('{_LEFT}', location.href)"
"""Notes the address of the window."""

RETURN = f"""(() => {{ const left = sessionStorage.getItem('{_LEFT}'); sessionStorage.removeItem('{_LEFT}');
  if (left && left !== location.href) location.replace(left); }})()"""
"""Leads the window back to the address noted."""

SCRIPTS: tuple[str, ...] = (LEAVE, RETURN)


def element(script: str) -> str:
    """Return a script as an element of a page."""
    return f"<script>{script}</script>"
