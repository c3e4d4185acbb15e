"""Longer texts of the pages: the method in short, and the accessibility statement.

Invariant: the statement claims only what the tests check, and says what nobody has checked.
"""

from __future__ import annotations

from forecast.core import defaults
from forecast.presentation.futures import REGIMES

METHOD: tuple[str, ...] = (
    "Totals: six models of every authority's plans together, weighed by how well they did on earlier years, "
    "and widened where their ranges were too narrow: for what authorities of a region share, after a fall in plans, and because "
    "some years are stormier than others.",
    "Ages and needs: children are followed up the ages, year by year, with those who join and leave; the "
    "parts add up to the total in "
    f"every one of {defaults.DRAWS} futures.",
    "Placement: where plan holders of each age and need are taught is fitted to three published tables.",
    "Wanted places: today's choices, with an estimate of the children turned away today because there is no place.",
    "Places: wanted places are matched to the settings of the register that admit their age and need. A "
    "shortfall is a child without a "
    "place of the kind they want.",
    "The 80 % interval runs from the 10th to the 90th percentile of the futures. A change of law or policy is not in "
    "it: the reform is a future of its own beside it, and scenarios are for the rest.",
    "Beyond three years totals move over to a law of joining that cannot pass a ceiling; beyond five years the width is "
    f"judgement, informed by three regimes: {REGIMES}.",
    "The same data, register and seed give the same numbers, here and on the command line.",
)
"""How the forecast is made, a step a line."""

ACCESSIBILITY: tuple[str, ...] = (
    "This planner aims to meet the Web Content Accessibility Guidelines 2.2 at level AA.",
    "Tested with the planner's own tests: no violation found by axe on any page at 1280 and 320 pixels, every control reached by "
    "keyboard, no sideways scrolling of the page at 320 pixels, a table beside every chart and map, nothing "
    "told by colour alone.",
    "Known shortcomings: the editor of the register of places is a grid drawn by Streamlit that screen "
    "readers read poorly. The same "
    "can be done without it: download the register, edit it in a spreadsheet, and put it in on the page Data.",
    "Known shortcomings: a control waits until the page has been made again, which takes a second or two when "
    "the authority changes.",
    "Not yet tested by people who use a screen reader, and not audited by anyone outside the project. Tell "
    "whoever runs this planner "
    "about anything you cannot use.",
)
"""What is known about who can use the pages."""
