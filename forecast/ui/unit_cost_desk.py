"""The council's own unit costs on a page: the version used, the prices in use to correct, and putting a file in.

Invariant: those of `forecast.ui.file_desk`.
"""

from __future__ import annotations

from data.kept_files import UNIT_COSTS
from data.price_file import to_csv
from forecast.ui import components, council_files, file_desk, results
from forecast.ui.choices import Choices
from forecast.ui.shell import say

DESK = file_desk.Desk(
    "prices",
    UNIT_COSTS,
    "Unit costs",
    "The prices that come with the planner are used",
    council_files.PRICE_KEY,
    council_files.price_name,
)


def show(choices: Choices) -> None:
    """Show the version of unit costs in use, a file of the prices to correct, and a way to put one in."""
    area = choices.area
    file_desk.picker(DESK, choices, results.version_of(UNIT_COSTS, choices, choices.prices))
    book = results.book_of(choices)
    components.download(
        "Prices in use, to correct (CSV)",
        to_csv(book.in_use(), area.la_code).encode("utf-8-sig"),
        f"unit-costs-{area.slug}.csv",
    )
    say("Correct what you know in a spreadsheet, delete the rows you do not, and put the file in here.")
    file_desk.upload(
        DESK,
        choices,
        council_files.price_rows(book),
        lambda text, file: council_files.price_rows(council_files.book(area.la_code, text, file)),
    )
