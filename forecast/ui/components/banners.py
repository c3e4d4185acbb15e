"""What stands at the top of a page: that a scenario is shown, and what the council's own count moves.

Invariant: the words are those of the command line and the papers (`forecast.presentation.own_count`).
"""

from __future__ import annotations

import streamlit as st

from forecast.ui.components import results
from forecast.ui.frame import shell
from forecast.ui.frame.choices import Choices
from forecast.ui.frame.text import bullets, literal


def show(choices: Choices) -> None:
    """Show a banner if a scenario is shown, and one if the council's own count is used or too old to be."""
    shell.scenario_banner(choices)
    own_count(choices)


def own_count(choices: Choices) -> None:
    """Show what the council's own count moves, or why a kept one is not used; nothing where there is none."""
    words = results.count_words(choices)
    if words.note:
        st.info(literal(words.note))
    if not words.moves:
        return
    st.info(literal(words.moves))
    for doubt in words.doubts:
        st.warning(literal(doubt))
    if words.rest:
        with st.expander("What else the count does"):
            shell.say(bullets(words.rest))
