"""The frame of every page: access, heading, menu, errors in place and footer.

Invariants: who may not see a page sees why, and nothing of it; an error that bad input caused is shown with what to do about it;
any other is shown as a reference number that finds its traceback in the server's log, and never as a traceback.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from importlib.metadata import version

import streamlit as st

from data.errors import PlannerError
from data.sign_in.people import Person, Right
from forecast.presentation.top_lines import old_forecast
from forecast.ui.frame import controls, scripts, signing, tour
from forecast.ui.frame.access_rules import Closed
from forecast.ui.frame.callbacks import reference_text, show_failed
from forecast.ui.frame.choices import BASELINE, Choices
from forecast.ui.frame.registry import PAGES, PageEntry
from forecast.ui.frame.text import literal

log = logging.getLogger("forecast.ui")

PRODUCT = "SEND Place Planner"

LICENCE = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"
ATTRIBUTION = (
    f"Contains public sector information licensed under the [Open Government Licence v3.0]({LICENCE}): Department for "
    "Education and Office for National Statistics, Crown copyright."
)
"""The statement the licence asks for, shown on every page."""

READING_WIDTH = 800
"""Width of running text in pixels; longer lines are hard to follow."""

CONTENT = "content"
"""Where the link past the menu leads."""

DIMS_AFTER = "1.5s"
"""When figures about to be replaced grow dim. A fade before that draws the whole page sixty times a second, half of what a change
costs the reader's computer."""
_FOCUSED = ":has(:is(input, textarea):focus-visible)"
_HOLDERS = (
    '[data-testid="stSelectbox"] [role="group"]', '[data-testid="stMultiSelect"] [role="group"]',
    '[data-testid="stNumberInputContainer"]', '[data-testid="stTextInputRootElement"]',
    '[data-testid="stTextAreaRootElement"]', '[data-testid="stCheckbox"] label',
)  # fmt: skip
# A field is cut off by what holds it, and a ring around it with it, so the holder has the ring.
_FIELDS = ", ".join(f"{holder}{_FOCUSED}" for holder in _HOLDERS)
_INSIDE = ", ".join(f"{holder} :is(input, textarea):focus-visible" for holder in _HOLDERS)

_FRAME = f"""<style>
.skip {{ position: absolute; left: -999px; }}
.skip:focus {{ position: fixed; left: 1rem; top: 0.5rem; z-index: 999999; background: #ffdd00; color: #0b0c0c; padding: 0.5rem
1rem;
  outline: 3px solid #0b0c0c; }}
#{CONTENT}:focus {{ outline: none; }}
a:focus-visible, button:focus-visible, summary:focus-visible, input:focus-visible, [role="region"]:focus-visible,
[tabindex="0"]:focus-visible, {_FIELDS} {{ outline: 3px solid #0b0c0c !important; outline-offset: 2px;
  box-shadow: 0 0 0 3px #ffdd00 !important; }}
[role="region"]:focus-visible {{ outline-offset: -3px !important; }}
{_INSIDE} {{ outline: none !important; box-shadow: none !important; }}
[data-testid="stMain"] {{ scroll-padding-block: 4rem; }}
[data-testid="stMainBlockContainer"] {{ padding-top: 2.5rem; }}
[data-testid="stMetricValue"] {{ font-variant-numeric: tabular-nums; }}
[class*="st-key-tour"] a, [class*="st-key-invitation"] a {{ padding-left: 0; }}
[class*="st-key-tour"] a *, [class*="st-key-invitation"] a * {{ text-decoration: underline; text-underline-offset: 0.15em;
  white-space: normal !important; overflow: visible !important; }}
[data-testid="stElementContainer"][data-stale="true"] {{ transition: opacity 0s linear {DIMS_AFTER} !important; }}
[data-testid="stExpander"] summary {{ opacity: 1 !important; transition: none !important; }}
[data-testid="stExpander"] details {{ border-color: #b1b4b6 !important; transition: none !important; }}
@media (max-width: 640px) {{ h1 {{ font-size: 1.75rem !important; }} h2 {{ font-size: 1.375rem !important; }}
  h3 {{ font-size: 1.125rem !important; }} }}
@media (prefers-reduced-motion: reduce) {{ * {{ animation: none !important; transition: none !important; }} }}
</style><a class="skip" href="#{CONTENT}">Skip to the content</a>"""


def pages() -> list[tuple[PageEntry, st.Page]]:
    """Return every page of the registry as a Streamlit page."""
    return [
        (e, st.Page(e.script, title=e.title, url_path=e.path or "overview", default=not e.path))
        for e in PAGES
    ]


def admits() -> bool:
    """Return whether the visitor may see the page; if not, show why."""
    with errors_in_place():
        visitor = signing.visitor()
        if isinstance(visitor, Person):
            return True
        _shut(visitor)
    return False


def _shut(closed: Closed) -> None:
    """Show why the visitor sees no page, and what to do."""
    st.html(_FRAME)
    st.set_page_config(page_title=f"{closed.heading} - {PRODUCT}")
    st.markdown(PRODUCT)
    _content(closed.heading)
    say(literal(closed.words))
    with st.container(horizontal=True):
        if closed.sign_in:
            st.html(scripts.element(scripts.LEAVE), unsafe_allow_javascript=True)
            st.button("Sign in", key="sign-in", type="primary", on_click=st.login)
        if closed.sign_out:
            st.button("Sign out", key="sign-out", on_click=st.logout)


def _content(heading: str) -> None:
    """Show the heading of a page, the target of the link that skips the menu."""
    st.html(f'<div id="{CONTENT}" tabindex="-1"></div>')
    st.title(literal(heading), anchor=False)


def _signed_in() -> None:
    """Show who is signed in, and a link to sign out."""
    if signing.is_set_up():
        st.html(scripts.element(scripts.RETURN), unsafe_allow_javascript=True)
        who = signing.person()
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(f"Signed in as {who.signature}, {who.role.value}", width="content")
            st.button("Sign out", key="sign-out", on_click=st.logout)


def frame(entry: PageEntry, menu: list[tuple[PageEntry, st.Page]]) -> Choices:
    """Show the top of a page (skip link, menu, heading and authority), and return the choices."""
    st.html(_FRAME)
    choices, problems = controls.choices_and_problems()
    st.set_page_config(page_title=f"{entry.title}, {choices.area.name} - {PRODUCT}")
    with st.container(horizontal=True, gap="small"):
        for _, page in menu:
            st.page_link(page, query_params=controls.address(choices))
    st.markdown(PRODUCT)
    _signed_in()
    _content(entry.heading)
    controls.area(choices)
    for problem in problems:
        st.warning(literal(problem))
    if old := old_forecast(date.today()):
        st.warning(literal(old))
    show_failed()
    tour.guide(entry, choices)
    return choices


def scenario_banner(choices: Choices) -> None:
    """Show a banner if a scenario is shown."""
    if choices.scenario != BASELINE:
        from forecast.runs.scenario_names import find_scenario

        title = find_scenario(choices.scenario).as_written.title
        st.info(
            f"You are looking at the scenario '{literal(title)}', not the forecast: what follows if its levers come true."
        )
        if st.button("Back to the forecast"):
            controls.choose("scenario", BASELINE)
            st.rerun()


def keep_button(right: Right, key: str) -> bool:
    """Show the button that stores the council's own file, or why the visitor may not; return whether it was pressed."""
    why = signing.why_not(right)
    if why:
        st.info(literal(f"{why} Until then it can be tried and downloaded here, not kept."))
    pressed: bool = st.button("Keep as a new version and use it", type="primary", key=key, disabled=bool(why))
    return pressed


KEPT = "kept-told"
"""Where the session holds what to say once, after a file was kept and the page made again."""


def note_kept(message: str) -> None:
    """Remember a message on what was stored, to show when the page runs again."""
    st.session_state[KEPT] = message


def say_kept(of: str) -> None:
    """Show the remembered message on what was stored, if it is of this kind."""
    if st.session_state.get(KEPT, "").startswith(of):
        st.success(literal(st.session_state.pop(KEPT)))


def say(markdown: str) -> None:
    """Show text as Markdown."""
    st.markdown(markdown, width=READING_WIDTH)


class EndOfPage(Exception):  # noqa: N818 - no error
    """Raised to end a page early; the footer still follows, which `st.stop` would prevent."""


@contextmanager
def errors_in_place() -> Iterator[None]:
    """Show an error in place of the rest of the page: bad input in words, anything else as a reference."""
    try:
        yield
    except EndOfPage:
        return
    except PlannerError as error:
        st.error(literal(str(error)))
    except Exception:
        st.error(reference_text("on this page"))


def footer() -> None:
    """Show the footer: what the figures are, and their sources."""
    st.divider()
    say(
        f"A forecast, not an outturn, and not an official statistic. {ATTRIBUTION} "
        f"{PRODUCT} {version('send-place-planner')}."
    )
