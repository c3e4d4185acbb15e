"""What every page shares: which authority is shown, cached work, errors in place and the footer.

Invariants: the address of a page names its authority (``?area=E09000026``), so a link opens what its sender
saw; cached values are shared by everybody who has the app open and are never changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version

import pandas as pd
import streamlit as st
from streamlit.navigation.page import StreamlitPage

from data import areas
from data.areas import Area
from data.errors import AreaError, PlannerError
from forecast.run import Road
from forecast.ui import catalogue, tables, views
from forecast.ui.text import plain

PRODUCT = "SEND Place Planner"
PARAMETER = "area"
"""Name in the address; its value is anything `data.areas.resolve` knows."""

DEFAULT_AREA = "E09000026"
"""Redbridge, the first authority to use the planner."""

LICENCE = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"
ATTRIBUTION = (
    f"Contains public sector information licensed under the [Open Government Licence v3.0]({LICENCE}): Department for "
    "Education and Office for National Statistics, Crown copyright."
)
"""The statement the licence asks for, shown on every page."""

READING_WIDTH = 800
"""Width of running text in pixels; longer lines are hard to follow."""

_PICKER = "authority"


def heading(title: str) -> None:
    """Show the name of the product and the title of the page."""
    st.markdown(PRODUCT)
    st.title(title, anchor=False)


def say(markdown: str) -> None:
    """Show running text."""
    st.markdown(markdown, width=READING_WIDTH)


def show_table(table: pd.DataFrame, caption: str) -> None:
    """Show a table of finished text."""
    st.html(tables.html(table, caption))


def navigation(pages: Sequence[StreamlitPage]) -> None:
    """Show links to the pages, each with the authority in its address.

    Streamlit's own menu drops the query of an address, so a page would forget its authority.
    """
    gss, _ = area_asked(st.query_params.get(PARAMETER, DEFAULT_AREA))
    with st.container(horizontal=True):
        for page in pages:
            st.page_link(page, query_params={PARAMETER: gss})


def choose_area() -> Area:
    """Show the picker of authorities and return the one chosen.

    The address decides and only the picker writes it, so that reload, Back and links all show what the address says.
    """
    by_gss = {a.gss_code: a for a in areas.current()}
    gss, problem = area_asked(st.query_params.get(PARAMETER, DEFAULT_AREA))
    st.session_state[_PICKER] = gss
    st.selectbox(
        "Local authority",
        list(by_gss),
        format_func=lambda code: by_gss[code].name,
        key=_PICKER,
        on_change=_follow_picker,
        width=READING_WIDTH // 2,
    )
    if problem is not None:
        st.warning(f"{plain(problem)} Showing {plain(by_gss[gss].name)}.")
    st.set_page_config(page_title=f"{by_gss[gss].name} - {PRODUCT}")
    return by_gss[gss]


def area_asked(text: str) -> tuple[str, str | None]:
    """Return the GSS code an address asks for, or the default and the reason why not."""
    try:
        found = areas.resolve(text)
    except AreaError as error:
        return DEFAULT_AREA, str(error)
    if len(found) > 1:
        return DEFAULT_AREA, "A page shows one authority, but the address asks for all of them."
    return found[0].gss_code, None


def _follow_picker() -> None:
    st.query_params[PARAMETER] = st.session_state[_PICKER]


@st.cache_resource(show_spinner=False)
def road() -> Road:
    """Return what all authorities share; made once, read only."""
    return Road.prepare()


@st.cache_data(max_entries=32, show_spinner=False)
def view_of(la_code: int) -> views.AreaView:
    """Return the finished figures of one authority."""
    return views.of_road(road(), areas.by_code(la_code))


@st.cache_data(max_entries=1, show_spinner=False)
def published_tables() -> catalogue.Catalogue:
    """Return the list of published tables."""
    return catalogue.load()


@contextmanager
def errors_in_place() -> Iterator[None]:
    """Show an error that bad input caused where the page would have gone on, with what to do about it."""
    try:
        yield
    except PlannerError as error:
        st.error(plain(str(error)))


def footer() -> None:
    """Say what the figures are and whose."""
    st.divider()
    say(
        f"A forecast, not an outturn, and not an official statistic. {ATTRIBUTION} "
        f"{PRODUCT} {version('send-place-planner')}."
    )
