"""Schemas of the hand-kept files in ``data/reference`` that have one: name under that folder, without its ending, to table.

Invariant: `data.tables.read_checked_reference` returns a file only if it passes its schema here.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pandera.pandas as pa

from data.provisions import DESTINATIONS_FILE, PROVISIONS_FILE
from data.schemas.base import Table, january, la_code, provision, schema, text
from data.vocabulary import PROVISION_CODES

COUNCIL_FIGURES: tuple[str, ...] = ("balance_at_31_march", "overspend")
"""What a council may have said of a financial year: the high needs balance at its end (a deficit is minus), or what it costs the
high needs block more than its income (plus)."""

COUNCIL_BASES: tuple[str, ...] = ("council", "to verify")
"""How a council's figure is known: read in its own paper, or from a summary of a Schools Forum paper, still to be checked."""

PLACES: tuple[str, ...] = ("provision", "age_low", "age_high", "occupancy")
"""What tells one kind of place from another in the file of place rates."""

FIRST_YEAR = "2020-21"
"""Financial year by which every kind of place must have a rate: growth of prices is known from it on."""

FINANCIAL_YEAR = r"20\d\d-\d\d"
"""How a financial year is written: 2025-26."""

YEAR_AND_MONTH = r"20\d\d-(0[1-9]|1[0-2])"
"""How a month is written: 2025-07."""


def matching(pattern: str, description: str, *, nullable: bool = False) -> pa.Column:
    """Return a text column whose cells all match a regular expression."""
    return pa.Column(
        "str", pa.Check.str_matches(f"^(?:{pattern})$"), nullable=nullable, description=description
    )


def yes_no(description: str) -> pa.Column:
    """Return a column of yes or no."""
    return text(description, isin=("yes", "no"))


def census(description: str) -> pa.Column:
    """Return a column of Januaries that may be blank."""
    return pa.Column(
        "Int64", pa.Check.in_range(2010, 2100), nullable=True, coerce=True, description=description
    )


def ordered(low: str, high: str) -> pa.Check:
    """Return a check that one column is never above another."""
    return pa.Check(lambda frame: frame[low] <= frame[high], error=f"{low} <= {high}")


def of_each(key: tuple[str, ...], column: str, holds: Callable[[pd.Series], bool], error: str) -> pa.Check:
    """Return a check that what holds of a column holds in every group of rows with the same key."""
    return pa.Check(lambda frame: frame.groupby(list(key))[column].transform(holds).astype(bool), error=error)


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
        Table(
            "finance/place_rates",
            "What a high needs place is paid in England, from a financial year on: the one home of the rates. A later row of the "
            "same places takes over from its year.",
            with_checks(
                schema(
                    {
                        "provision": provision(),
                        "age_low": pa.Column("int64", pa.Check.in_range(0, 25), description="Youngest age at 31 August"),
                        "age_high": pa.Column("int64", pa.Check.in_range(0, 25), description="Oldest age"),
                        "occupancy": text("`All`, or `filled` and `empty` where it matters", isin=("All", "filled", "empty")),
                        "from_financial_year": matching(FINANCIAL_YEAR, "First financial year; the oldest is 2020-21 or before"),
                        "rate": pa.Column("float64", pa.Check.gt(0), coerce=True, description="Pounds a place and year"),
                        "unit": text("Unit of the rate", isin=("GBP a place and financial year",)),
                        "last_paid": matching(
                            FINANCIAL_YEAR, "Latest year whose published allocations paid it; blank if announced", nullable=True
                        ),
                        "basis": text("How it is known", isin=("published", "announced", "assumed")),
                        "confidence": text("How sure", isin=("high", "medium", "low")),
                        "source": text("Where it was read"),
                        "note": text("What to beware of", nullable=True),
                    },
                    [*PLACES, "from_financial_year"],
                ),
                ordered("age_low", "age_high"),
                of_each(
                    PLACES, "from_financial_year", lambda years: bool(years.min() <= FIRST_YEAR), f"a rate from {FIRST_YEAR} on"
                ),
                of_each(PLACES, "last_paid", lambda years: bool(years.notna().any()), "a rate that has been paid"),
            ),
            period="from_financial_year",
        ),
        Table(
            "words/headings",
            "Headings that councils and Get Information about Schools give to columns, by kind of file, and the column of ours "
            "that each may stand for. A heading is a proposal, which a person confirms.",
            schema(
                {
                    "kind": text("Kind of file", isin=("register", "prices", "schemes", "counts")),
                    "column": text("Column of the template, or what it is worked out from, such as `age_range`"),
                    "heading": matching(r"[^A-Z]+", "Heading in lower case, without punctuation"),
                },
                ["kind", "column", "heading"],
            ),
        ),
        Table(
            "words/words",
            "Words that councils, Get Information about Schools and cabinet papers use in the cells of a file, and our codes. A "
            "word with several meanings is never given one of them: the choices are named.",
            schema(
                {
                    "column": text("Column that the word stands in"),
                    "word": matching(r"[^A-Z]+", "Word in lower case, without punctuation; `and` for `&`"),
                    "codes": text("Our code; needs joined by `;`. Where it has several meanings, all of them joined by `|`"),
                    "choose": yes_no("Whether it has several meanings"),
                    "say": yes_no("Whether to say how it was read, since it is an older or a wider word"),
                    "note": text("What to say of it", nullable=True),
                },
                ["column", "word"],
            ),
        ),
        Table(
            PROVISIONS_FILE,
            "What a provision is: one row for each, and one more from each January in which a fact changes.",
            with_checks(
                schema(
                    {
                        "provision": provision(),
                        "label": text("Name, as in the vocabulary"),
                        "short_label": text("Name that fits in a sentence", nullable=True),
                        "heading": text("Name over a narrow column", nullable=True),
                        "from_january": census("First January of the row; blank for ever before"),
                        "to_january": census("Last January of the row; blank if it holds today"),
                        "specialist": pa.Column(
                            "Int64", pa.Check.ge(1), nullable=True, coerce=True,
                            description="Position among the provisions whose places an authority commissions and plans",
                        ),
                        "place_payer": text(
                            "Who pays for a place", isin=("authority or dfe", "dfe", "dfe or none", "none")
                        ),
                        "place_rate": text(
                            "Which places are paid by the place: `all`, or `post16` only", isin=("all", "post16"), nullable=True
                        ),
                        "placement_item": text("Item of the price book that pays for a child there", nullable=True),
                        "s251_outturn": text("Lines of published spending, joined by `;`", nullable=True),
                        "counted_with": text("Provision in whose published counts its children are", nullable=True),
                        "where_known": yes_no("Whether it says where a child is taught"),
                        "takes_overflow": yes_no("Whether it takes children without a state specialist place"),
                        "interns": yes_no("Whether supported interns are on its roll"),
                        "scap": text("Category in the school capacity survey", nullable=True),
                        "lsrp": pa.Column(
                            "Int64", pa.Check.in_range(1, 14), nullable=True, coerce=True,
                            description="Row of table 6 of the Local SEND Reform Plan; to be confirmed",
                        ),
                        "dsg_plan": text("Category in the DSG management plan; to be confirmed", nullable=True),
                        "elsewhere_label": text("Such places of other authorities in an estimated register", nullable=True),
                        "also_called": text("What planners call it in files, joined by `;`", nullable=True),
                        "note": text("What to beware of", nullable=True),
                    },
                    ["provision", "from_january"],
                ),
                of_each(("provision",), "to_january", lambda ends: int(ends.isna().sum()) == 1, "one row that holds today"),
            ),
        ),
        Table(
            DESTINATIONS_FILE,
            "Where a child without the specialist place they want can go, and the provision whose cost they have there.",
            schema(
                {
                    "destination": text("Code in a preference order"),
                    "label": text("Name for people"),
                    "provision": provision(),
                    "early_years_provision": pa.Column(
                        "str", pa.Check.isin(PROVISION_CODES), nullable=True, description="Its early years provision, if another"
                    ),
                    "need_met": yes_no("Whether the child's need is met there"),
                    "appraised": yes_no("Whether an options appraisal counts that cost as saved when the child is placed"),
                    "note": text("What to beware of", nullable=True),
                },
                ["destination"],
            ),
        ),
    )
}  # fmt: skip
"""Hand-kept tables with a schema, by name."""
