"""A tour of the pages in about two minutes: for each page, whom it is for and what to look at.

Invariants: every page of the menu has one step, in the order of the menu; whether the tour is taken is in the address only, so
it can be left on any page, sent to somebody else, and needs nothing kept. A scenario that the reader opened is never put away.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from forecast.presentation import wording
from forecast.ui.frame import choices as chosen
from forecast.ui.frame import controls
from forecast.ui.frame.callbacks import callback
from forecast.ui.frame.choices import BASELINE, LEFT, SAMPLE, TAKEN, Choices
from forecast.ui.frame.registry import PAGES, PageEntry
from forecast.ui.frame.text import literal

READING_WIDTH = 800
"""Width of running text in pixels, as on every page."""

BEST_SHOWN = "shortfall"
"""Of all that the sample changes, children without a place show best what a scenario is for."""


@dataclass(frozen=True, slots=True)
class TourStep:
    """The tour's text on one page.

    Parameters
    ----------
    whom
        Who the page is for.
    look
        What to look at first.
    sample
        Whether it is best shown with the sample scenario.
    """

    whom: str
    look: str
    sample: bool = False


STEPS: dict[str, TourStep] = {
    "Overview": TourStep(
        "directors, councillors and anyone who has one minute",
        f"The sentence at the head can be said aloud. Every figure has a range that {wording.OUTCOMES_INSIDE}. "
        "'When places run out' and 'What is estimated' say what to worry about, and how far to trust it.",
    ),
    "Demand": TourStep(
        "place planners and analysts",
        "The chart of plans goes back to 2010 and forward ten years. 'Why plans change' splits the growth; 'Compared with "
        "others' ranks the authority. Below every chart are its table, a download and where it comes from.",
    ),
    "Places": TourStep(
        "place planners and commissioners",
        "'When does it run out?' is a strip of years: the darker a year, the surer a shortfall. Read a row from the left to find "
        "its first bad year. Settings, and the register that places are counted from, are further down.",
    ),
    "Map": TourStep(
        "whoever decides where places should be",
        "Change what is shown from demand to pressure: where more children live than there are places within reach.",
    ),
    "Scenarios": TourStep(
        "planners, and whoever asks 'what if?'",
        "A sample is open: a base in every secondary school. Change a size under 'Levers' and 'Against the forecast' follows. "
        "Nothing is kept until you save it, and the link at the foot shows the same to whoever opens it.",
        sample=True,
    ),
    "Money": TourStep(
        "accountants and finance officers",
        "'Balance at 31 March' sets the sample scenario beside the forecast without it. Put in the council's own prices where "
        "you know better; the balance can be downloaded at the foot of the page.",
        sample=True,
    ),
    "Capital": TourStep(
        "capital officers",
        "The table lists schemes that might be built. Put in your own, give a budget, and choose a programme: each scheme "
        "has its present value. It takes a minute or so in the background, so leave it for later.",
    ),
    "Evidence": TourStep(
        "anyone who must defend a figure",
        "How close earlier forecasts came, for this authority too; what is assumed and why; what each word means.",
    ),
    "Data": TourStep(
        "whoever keeps the council's lists",
        "The register of places is probably estimated. Put in the council's own, and every page uses it. All tables "
        "can be downloaded here.",
    ),
    "Reports": TourStep(
        "whoever writes the paper",
        "Papers and workbooks made from the same figures, to read here first and to download. This is the last step.",
    ),
}
"""Title of a page to its step."""


def ask(choices: Choices, entry: PageEntry) -> dict[str, str]:
    """Return the query of a link to a page on the tour."""
    step = STEPS[entry.title]
    # Work of the reader's own stays where it is; only the sample comes and goes.
    own = choices.scenario not in (BASELINE, SAMPLE)
    wanted = replace(choices, tour=TAKEN)
    if step.sample and not own:
        wanted = replace(wanted, scenario=SAMPLE, measure=BEST_SHOWN)
    elif not own:
        wanted = replace(wanted, scenario=BASELINE, measure=chosen.MEASURES[0])
    return controls.address(wanted)


def left(choices: Choices) -> dict[str, str]:
    """Return the query that leaves the tour and closes the sample scenario it opened."""
    wanted = replace(choices, tour=LEFT)
    if choices.scenario == SAMPLE:
        wanted = replace(wanted, scenario=BASELINE, measure=chosen.MEASURES[0])
    return controls.address(wanted)


def guide(entry: PageEntry, choices: Choices) -> None:
    """Show the step of a page if the tour is on, with links to the next step and out."""
    if choices.tour != TAKEN:
        return
    number = PAGES.index(entry)
    step = STEPS[entry.title]
    with st.container(border=True, key="tour"):
        _say(
            f"**Tour, step {number + 1} of {len(PAGES)}: {literal(entry.title)}.** For {literal(step.whom)}.\n\n"
            f"{literal(step.look)}"
        )
        with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
            if number + 1 < len(PAGES):
                following = PAGES[number + 1]
                _link(following, f"Next: {following.title}", ask(choices, following))
            if number:
                before = PAGES[number - 1]
                _link(before, f"Back: {before.title}", ask(choices, before))
            st.button("Leave the tour", key="leave-tour", on_click=_go, args=(left(choices),))


def invitation(choices: Choices) -> None:
    """Show an invitation for newcomers: the tour with a link to each step, and the sample scenario."""
    scenarios = next(e for e in PAGES if STEPS[e.title].sample)
    with st.container(horizontal=True, gap="medium", vertical_alignment="center", key="invitation"):
        if choices.tour != TAKEN:
            st.button(
                "Take the two-minute tour", key="take-tour", on_click=_go, args=(ask(choices, PAGES[0]),)
            )
        _link(
            scenarios,
            "See a sample scenario",
            controls.address(replace(choices, scenario=SAMPLE, measure=BEST_SHOWN)),
        )
    with st.expander("New here? What this planner does, and what each page is for"):
        _say(
            "It forecasts EHC plans and specialist places, and says when places run out, for whom and at what cost. Choose your "
            "authority above. Everything you choose is in the address of the page, so a link you send shows the same. "
            "The steps of the tour:"
        )
        for number, entry in enumerate(PAGES, start=1):
            step = STEPS[entry.title]
            with st.container(gap=None, key=f"tour-step-{number}"):
                _link(entry, f"{number}. {entry.title}: {entry.heading}", ask(choices, entry))
                _say(f"For {literal(step.whom)}. {literal(step.look)}")


@callback
def _go(query: dict[str, str]) -> None:
    st.query_params.from_dict(query)


def _link(entry: PageEntry, label: str, query: dict[str, str]) -> None:
    st.page_link(entry.script, label=label, query_params=query)


def _say(markdown: str) -> None:
    st.markdown(markdown, width=READING_WIDTH)
