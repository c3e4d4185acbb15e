"""Assumptions about each scheme, and their sources."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from data.capital import benchmarks
from data.capital.candidates import SCHEME_KINDS, Kind
from data.formatting import exact_pounds, listed
from data.vocabulary import ALL
from forecast.capital.schemes import Case
from forecast.presentation import wording
from forecast.reports.document import DocumentTable

COLUMN_NAMES: dict[str, str] = {
    "lead_years": "time to build",
    "phasing": "how places open",
    "chance_delivered": "chance it is built",
    "chance_on_time": "chance it is on time",
    "typical_delay_years": "delay if late",
    "capital_low": "low cost of a place",
    "capital_high": "high cost of a place",
    "price_year": "year of prices",
    "location_factor": "location",
    "optimism_bias": "optimism",
    "grant_share": "share met by grant",
    "borrow_years": "years of borrowing",
    "borrow_rate": "rate of borrowing",
}
"""Columns of a file of schemes, in words."""


def assumptions(case: Case) -> tuple[DocumentTable, ...]:
    """Return the assumptions about each scheme, with their sources, as tables."""
    rows = []
    for one in case.appraisals:
        c = one.candidate
        rows.append(
            {
                "Scheme": c.title,
                "Cost of a place": f"{exact_pounds(c.capital_low)} to {exact_pounds(c.capital_high)}, {c.price_year} prices",
                "Location": f"x {c.location_factor:.2f}",
                "Optimism": wording.growth(c.optimism_bias / 100),
                "Borrowing": f"{c.borrow_years} years at {c.borrow_rate:g} %",
                "Where from": c.source,
            }
        )
    every = [a.candidate for a in case.appraisals]
    columns = dict.fromkeys(column for c in every for column in c.assumed)
    typical = listed(
        [
            f"{COLUMN_NAMES.get(n, n.replace('_', ' '))} ({sum(n in c.assumed for c in every)})"
            for n in columns
        ]
    )
    own = DocumentTable(
        pd.DataFrame(rows),
        "Assumptions of the schemes",
        words=("Cost of a place", "Location", "Optimism", "Borrowing", "Where from"),
        widths=(3.3, 3.1, 1.8, 1.9, 2.0, 4.9),
        note="Cost of a place is before location and the addition for optimism: an 80 % interval."
        + (
            f" Typical values stand in where the file is blank, for so many of {len(every)} schemes: {typical}."
            if typical
            else ""
        ),
    )
    kinds = dict.fromkeys(c.kind for c in every if "capital_low" in c.assumed)
    return (own, typical_costs(tuple(kinds))) if kinds else (own,)


def typical_costs(kinds: Sequence[Kind]) -> DocumentTable:
    """Return the typical cost of a place for some kinds of scheme, with its source, as a table."""
    f = benchmarks.rows()
    costs = {str(r["kind"]): r for r in f[f["parameter"] == benchmarks.COST].to_dict("records")}
    rows = []
    for kind in kinds:
        cost = costs.get(kind) or costs[ALL]
        rows.append(
            {
                "Kind": SCHEME_KINDS[kind].short_label,
                "Cost of a place": f"{exact_pounds(float(cost['low']))} to {exact_pounds(float(cost['high']))}, "
                f"{cost['price_year']} prices",
                "Basis": f"{cost['basis']}, {cost['confidence']} confidence",
                "Where from": str(cost["source"]),
            }
        )
    return DocumentTable(
        pd.DataFrame(rows),
        "Typical costs of a place, used where a scheme has none of its own",
        words=("Cost of a place", "Basis", "Where from"),
        widths=(2.2, 3.8, 2.8, 8.2),
    )
