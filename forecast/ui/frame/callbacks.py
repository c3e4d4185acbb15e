"""What a widget calls when it is used: an error in it is shown as one on a page is, never as a box of Streamlit's.

Invariant: every function given to ``on_click`` or ``on_change`` is a `callback` (a test looks).
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import streamlit as st

from data.errors import PlannerError
from forecast.ui.frame.text import literal

log = logging.getLogger(__name__)

_FAILED = "callback-failed"
"""Where the session holds the error of a callback until the page that follows shows it."""

Given = ParamSpec("Given")


def reference_text(where: str) -> str:
    """Log the error being handled under a new reference, and return words with it for who uses the page.

    Parameters
    ----------
    where
        What went wrong, within a sentence: "on this page".
    """
    reference = secrets.token_hex(4).upper()
    log.exception("reference %s", reference)
    return (
        f"Something went wrong {where} that is not your doing. Nothing you kept is lost. Reload the page; if it happens again, "
        f"tell whoever runs the planner this reference: {reference}."
    )


def callback(function: Callable[Given, object]) -> Callable[Given, None]:
    """Return a function for a widget to call, whose error the page that follows shows."""

    @wraps(function)
    def called(*args: Given.args, **kwargs: Given.kwargs) -> None:
        try:
            function(*args, **kwargs)
        except PlannerError as error:
            st.session_state[_FAILED] = str(error)
        except Exception:
            st.session_state[_FAILED] = reference_text("with what you just did")

    return called


def show_failed() -> None:
    """Show the error of the callback that ran before this page, once."""
    if _FAILED in st.session_state:
        st.error(literal(st.session_state.pop(_FAILED)))
