"""Previews of reports on a page: the blocks of a report, in order."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from forecast.reports.preview import Block, Grid, Heading, Image
from forecast.ui.components import elements
from forecast.ui.frame.shell import say
from forecast.ui.frame.text import literal

WIDE = 700
"""Pixels of a picture at most."""


def show(blocks: Sequence[Block], of: str) -> None:
    """Show a preview of a report; ``of`` names it where a table has no name."""
    for number, block in enumerate(blocks, start=1):
        match block:
            case Heading(text, level):
                st.markdown(f"{'#' * min(level + 2, 6)} {literal(text)}")
            case Grid(frame, caption):
                elements.table(frame, caption if caption != "Table" else f"{of}, table {number}")
            case Image(content, alt):
                st.image(content, width=WIDE, alt=alt)
            case _:
                say(f"- {literal(block.text)}" if block.item else literal(block.text))
