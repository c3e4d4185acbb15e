"""The council's own unit costs on a page: the version used, the prices in use for correction, and an upload.

Invariant: those of `forecast.ui.editors.kept_file_editor`.
"""

from __future__ import annotations

from data.council_files.kept_files import UNIT_COSTS
from forecast.ui.components import elements, results, work_requests
from forecast.ui.editors import kept_file_editor
from forecast.ui.frame.choices import Choices
from forecast.ui.frame.shell import say
from forecast.ui.views import council_files

EDITOR = kept_file_editor.KeptFileEditor(
    "prices",
    UNIT_COSTS,
    "Unit costs",
    "The prices that come with the planner are used",
    council_files.PRICE_KEY,
    council_files.price_name,
)


def show(choices: Choices) -> None:
    """Show the version of unit costs in use, a download of the prices for correction, and an upload."""
    area = choices.area
    used = results.version_of(UNIT_COSTS, choices, choices.prices)
    kept_file_editor.picker(EDITOR, choices, used)
    own = work_requests.text_used(UNIT_COSTS, choices, used)
    book = results.book_of(choices)
    elements.download(
        "Prices in use, to correct (CSV)",
        lambda: council_files.prices_to_correct(area.la_code, own).encode("utf-8-sig"),
        f"unit-costs-{area.slug}.csv",
    )
    say("Correct what you know in a spreadsheet, delete the rows you do not, and put the file in here.")
    kept_file_editor.upload(
        EDITOR,
        choices,
        council_files.price_rows(book),
        "prices",
    )
