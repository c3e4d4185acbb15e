"""The pages of the planner in menu order; a new page is added here only.

To add a page: write ``forecast/ui/pages/NAME.py`` (a plain script: read the choices, ask `forecast.ui.components.results` for a
view, show it with `forecast.ui.components.elements`) and add an `PageEntry` here. Menu, address, title and the tests of every
page follow from it.

Invariant: every entry has its own address, and exactly one is the first page.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PageEntry:
    """One page of the planner.

    Parameters
    ----------
    title
        In the menu, and with the authority in the title of the window.
    heading
        At the head of the page.
    path
        Its address; "" for the first page.
    file
        Its script, from the folder of ``app.py``.
    """

    title: str
    heading: str
    path: str
    file: str


PAGES: tuple[PageEntry, ...] = (
    PageEntry("Overview", "EHC plans and specialist places", "", "forecast/ui/pages/overview.py"),
    PageEntry("Demand", "How many plans, and why", "demand", "forecast/ui/pages/demand.py"),
    PageEntry("Places", "Places against demand", "places", "forecast/ui/pages/places.py"),
    PageEntry("Map", "Where children and places are", "map", "forecast/ui/pages/map.py"),
    PageEntry("Scenarios", "What if: scenarios", "scenarios", "forecast/ui/pages/scenarios.py"),
    PageEntry("Money", "High needs cost, income and balance", "money", "forecast/ui/pages/money.py"),
    PageEntry("Capital", "Which places to build", "capital", "forecast/ui/pages/capital.py"),
    PageEntry("Evidence", "How far to trust the forecast", "evidence", "forecast/ui/pages/evidence.py"),
    PageEntry("Data", "Sources, uploads and downloads", "data", "forecast/ui/pages/data.py"),
    PageEntry("Reports", "Reports to download", "reports", "forecast/ui/pages/reports.py"),
)
"""Every page there is."""
