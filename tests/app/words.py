"""What a page of the app says, as one text to look in."""

from __future__ import annotations

from html import unescape

from streamlit.testing.v1 import AppTest


def text(app: AppTest) -> str:
    """Return all text and tables of a page; a figure and its interval are one run of text, as they are read."""
    said = "\n".join([*(m.value for m in app.markdown), *(h.proto.body for h in app.get("html"))])
    return unescape(said.replace("<span>", "").replace("</span>", ""))
