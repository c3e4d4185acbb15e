"""Sign-in with Streamlit: who visits the page, and what those see who may not.

Invariants: nobody is anybody by what they typed, once sign-in is set up; the list of people is read anew each time, so who is
taken off it can do nothing more; where settings cannot be read the planner is shut.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import streamlit as st

from data.errors import NotAllowedError, OptionError, PeopleError
from data.sign_in import allow_list, people
from data.sign_in.people import Person, Right
from forecast.ui.frame import access_rules
from forecast.ui.frame.access_rules import Closed

log = logging.getLogger("forecast.ui")


def is_set_up() -> bool:
    """Return whether sign-in is set up."""
    return _settings() is not None


def visitor() -> Person | Closed:
    """Return the person who visits the page, or why they see none."""
    auth = _settings()
    if auth is None:
        if not access_rules.only_here(st.get_option("server.address"), st.context.headers):
            return access_rules.not_from_here()
        return _nobody_named()
    wrong = access_rules.problems(auth)
    if wrong:
        return _shut(f"The settings of sign-in cannot be used: {'; '.join(wrong)}.")
    try:
        listed = allow_list.read(allow_list.path())
    except PeopleError as error:
        return _shut(str(error))
    return access_rules.visitor(st.user.to_dict(), listed, datetime.now(UTC))


def person(typed: str | None = None) -> Person:
    """Return the person who acts.

    Parameters
    ----------
    typed
        What they call themselves, where nobody signs in.

    Raises
    ------
    NotAllowedError
        They see no page.
    """
    visitor_found = visitor()
    if isinstance(visitor_found, Closed):
        raise NotAllowedError(f"{visitor_found.heading}: {visitor_found.words} Nothing was kept.")
    return visitor_found if typed is None or is_set_up() else replace(visitor_found, name=typed)


def why_not(right: Right) -> str:
    """Return why the visitor may not take an action; blank if they may."""
    return people.why_not(person(), right)


def _nobody_named() -> Person:
    """Return the one person of this computer; without a name if the computer does not know its user."""
    try:
        return people.this_computer()
    except OptionError:
        return people.this_computer("")


def _settings() -> Mapping[str, object] | None:
    """Return the settings of sign-in; None if there are none, empty if they cannot be read."""
    if st.secrets.load_if_toml_exists():
        return st.secrets.get("auth")
    # Streamlit says no secrets both where there is no file and where it cannot be read: the second must not open the door.
    return {} if any(Path(one).exists() for one in st.get_option("secrets.files")) else None


def _shut(why: str) -> Closed:
    """Return what everybody sees if sign-in is set up wrongly; the reason goes to the log only."""
    reference = secrets.token_hex(4).upper()
    log.error("reference %s: sign-in is set up wrong, so nobody can sign in. %s", reference, why)
    return Closed(
        "Nobody can sign in",
        "Sign-in is set up, but not completely, so the planner is shut for everybody. Whoever runs it finds what is wrong in the "
        f"server's log under the reference {reference}; {access_rules.GUIDE} says how to set it up.",
    )
