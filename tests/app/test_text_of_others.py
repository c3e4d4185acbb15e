"""What somebody else wrote is shown as text: no picture, link or markup of it reaches the page."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from forecast.ui.frame.text import literal

MARKDOWN = MarkdownIt("commonmark").enable("table").enable("strikethrough")

# As micromark's extension for GitHub's Markdown takes them (remark-gfm, which Streamlit uses).
ADDRESS = re.compile(r"https?://|www\.|\S@[-\w]", re.IGNORECASE)

HOSTILE = (
    "![x](http://evil.example/a.png)",
    "[Open](https://evil.example)",
    "<img src=http://evil.example/a.png>",
    "<http://evil.example>",
    "http://evil.example/a",
    "HTTPS://EVIL.EXAMPLE",
    "www.evil.example",
    "somebody@evil.example",
    "[x]: http://evil.example\n\n[x]",
    "![x][y]\n\n[y]: http://evil.example/a.png",
    "<script>fetch('http://evil.example')</script>",
    "`code` $x$ :red[y] :material/home: ~~gone~~ # head",
)


def shown(text: str) -> tuple[str, set[str]]:
    """Return what a reader of the Markdown sees, and the kinds of mark-up in it."""
    tokens = [inner for token in MARKDOWN.parse(literal(text)) for inner in (token, *(token.children or ()))]
    kinds = {t.type for t in tokens} - {
        "paragraph_open",
        "paragraph_close",
        "inline",
        "text",
        "text_special",
        "softbreak",
    }
    return "".join(t.content for t in tokens if t.type in ("text", "text_special")), kinds


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_and_does_nothing(text: str) -> None:
    seen, kinds = shown(text)
    assert not kinds
    assert not ADDRESS.search(seen)
    assert seen.replace("\u2060", "").split() == text.split() or "\n" in text


@given(
    st.text(alphabet=st.characters(categories=("L", "N", "P", "S"), include_characters=" "), max_size=60).map(
        str.strip
    )
)
def test_no_line_becomes_a_picture_a_link_or_html(text: str) -> None:
    _, kinds = shown(f"Title {text}")
    assert not kinds & {"image", "link_open", "html_inline", "html_block", "code_inline"}
