"""What single councils have said of their own high needs money, by ``la_code``: data/reference/councils/finance.csv.

A council with a row in that file starts from its own balance, or has its costs scaled to its own forecast of a year's overspend;
one without is estimated. No council is named in the code.

Invariant: a council has at most one figure of a kind for a financial year.
"""

from __future__ import annotations

from dataclasses import dataclass

from data import tables
from data.financial_year import FinancialYear

FILE = "councils/finance"
"""The file, under ``data/reference`` and without its ending."""

BALANCE, OVERSPEND = "balance_at_31_march", "overspend"
"""Figures: the high needs balance at the end of a year (a deficit is minus), and cost above income in a year (plus)."""


@dataclass(frozen=True, slots=True)
class CouncilFigure:
    """A figure that a council has stated for a financial year.

    Parameters
    ----------
    la_code
        DfE number of the council.
    figure
        `BALANCE` or `OVERSPEND`.
    year
        Financial year it is stated for.
    low_gbp, high_gbp
        80 % interval in pounds; both alike where the figure is certain.
    basis, source
        How it is known, and the paper it was read in.
    """

    la_code: int
    figure: str
    year: FinancialYear
    low_gbp: float
    high_gbp: float
    basis: str
    source: str


def council_figures(la_code: int, figure: str) -> tuple[CouncilFigure, ...]:
    """Return the figures of one kind that a council has stated, by financial year, earliest first; empty if there are none.

    Raises
    ------
    TableError
        The file of councils' figures is missing or breaks its schema.
    """
    rows = tables.read_checked_reference(FILE)
    own = rows[(rows["la_code"] == la_code) & (rows["figure"] == figure)]
    return tuple(
        CouncilFigure(
            la_code,
            figure,
            FinancialYear(int(str(row["financial_year"])[:4])),
            float(row["low_gbp"]),
            float(row["high_gbp"]),
            str(row["basis"]),
            str(row["source"]),
        )
        for row in own.sort_values("financial_year").to_dict("records")
    )


def councils_with_figures() -> tuple[int, ...]:
    """Return the DfE numbers of councils that have stated any figure, in the order of the file."""
    return tuple(int(code) for code in tables.read_checked_reference(FILE)["la_code"].unique())
