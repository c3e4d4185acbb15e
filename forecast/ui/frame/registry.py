"""The pages of the planner in menu order; a new page is added here only.

To add a page: write ``forecast/ui/pages/NAME.py`` (a plain script: read the choices, ask `forecast.ui.components.results` for a
view, show it with `forecast.ui.components.elements`) and add an `PageEntry` here. Menu, address, title and the tests of every
page follow from it.

Invariant: every entry has its own address, and exactly one is the first page.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "pages"
"""Where the scripts are.

Streamlit runs what is in a folder of this name beside its first script at an address of its own, without our frame and its rule
of access; so that script, ``planner.py``, is in another folder.
"""


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
        Its script, in ``forecast/ui/pages``.
    """

    title: str
    heading: str
    path: str
    file: str

    @property
    def script(self) -> str:
        """The whole path of its script."""
        return str(FOLDER / self.file)


PAGES: tuple[PageEntry, ...] = (
    PageEntry("Overview", "EHC plans and specialist places", "", "overview.py"),
    PageEntry("Demand", "How many plans, and why", "demand", "demand.py"),
    PageEntry("Places", "Places against demand", "places", "places.py"),
    PageEntry("Map", "Where children and places are", "map", "map.py"),
    PageEntry("Scenarios", "What if: scenarios", "scenarios", "scenarios.py"),
    PageEntry("Money", "High needs cost, income and balance", "money", "money.py"),
    PageEntry("Capital", "Which places to build", "capital", "capital.py"),
    PageEntry("Evidence", "How far to trust the forecast", "evidence", "evidence.py"),
    PageEntry("Data", "Sources, uploads and downloads", "data", "data.py"),
    PageEntry("Reports", "Reports to download", "reports", "reports.py"),
)
"""Every page there is."""
