"""Schemas of the hand-kept files in ``data/reference`` that have one: name under that folder, without its ending, to table.

Invariant: `data.tables.read_checked_reference` returns a file only if it passes its schema here.
"""

from __future__ import annotations

import pandera.pandas as pa

from data.schemas.base import Table, january, la_code, schema, text

COUNCIL_FIGURES: tuple[str, ...] = ("balance_at_31_march", "overspend")
"""What a council may have said of a financial year: the high needs balance at its end (a deficit is minus), or what it costs the
high needs block more than its income (plus)."""

COUNCIL_BASES: tuple[str, ...] = ("council", "to verify")
"""How a council's figure is known: read in its own paper, or from a summary of a Schools Forum paper, still to be checked."""

FINANCIAL_YEAR = r"20\d\d-\d\d"
"""How a financial year is written: 2025-26."""

YEAR_AND_MONTH = r"20\d\d-(0[1-9]|1[0-2])"
"""How a month is written: 2025-07."""


def matching(pattern: str, description: str, *, nullable: bool = False) -> pa.Column:
    """Return a text column whose cells all match a regular expression."""
    return pa.Column(
        "str", pa.Check.str_matches(f"^(?:{pattern})$"), nullable=nullable, description=description
    )


def ordered(low: str, high: str) -> pa.Check:
    """Return a check that one column is never above another."""
    return pa.Check(lambda frame: frame[low] <= frame[high], error=f"{low} <= {high}")


def with_checks(table: pa.DataFrameSchema, *checks: pa.Check) -> pa.DataFrameSchema:
    """Return a schema with checks of whole rows."""
    table.checks = list(checks)
    return table


REFERENCE_TABLES: dict[str, Table] = {
    t.name: t
    for t in (
        Table(
            "councils/finance",
            "What a council has said of its high needs balance or of a year's overspend, an 80 % interval in pounds. A council "
            "with a row starts from that balance; its costs are scaled to that overspend.",
            with_checks(
                schema(
                    {
                        "la_code": la_code(),
                        "figure": text("`balance_at_31_march` (a deficit is minus) or `overspend`", isin=COUNCIL_FIGURES),
                        "financial_year": matching(FINANCIAL_YEAR, "Financial year it is said of"),
                        "low_gbp": pa.Column("float64", coerce=True, description="Low end of the 80 % interval, pounds"),
                        "high_gbp": pa.Column("float64", coerce=True, description="High end; equal to the low end if certain"),
                        "stated_in": matching(YEAR_AND_MONTH, "Month in which the council said it, 2025-07"),
                        "basis": text("`council`, or `to verify` in the paper itself", isin=COUNCIL_BASES),
                        "source": text("Paper it was read in"),
                        "note": text("How the interval was worked out, and what to beware of", nullable=True),
                    },
                    ["la_code", "figure", "financial_year"],
                ),
                ordered("low_gbp", "high_gbp"),
            ),
            period="financial_year",
        ),
        Table(
            "councils/plans",
            "EHC plans of a council in a January, read from the release by eye: what the built tables must hold.",
            schema(
                {
                    "la_code": la_code(),
                    "january": january(),
                    "plans": pa.Column("int64", pa.Check.ge(0), description="EHC plans"),
                    "source": text("Release it was read in"),
                },
                ["la_code", "january"],
            ),
            period="january",
        ),
    )
}  # fmt: skip
"""Hand-kept tables with a schema, by name."""
