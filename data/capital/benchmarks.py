"""Capital benchmarks: the cost, lead time and other values used where a candidate scheme leaves them blank, each with its source.

Invariant: every kind of scheme has every parameter of `PARAMETERS` once, its own or that of ``All``; costs per place have an
80 % interval, a price year and the location factor of where they come from.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import pandas as pd
import pandera.pandas as pa

from data import tables
from data.capital.candidates import KINDS
from data.errors import TableError
from data.prices.inflation import starting_year
from data.vocabulary import ALL

FILE = "capital/benchmarks"
"""The file, under ``data/reference`` and without its ending."""

COST = "capital_per_place"
"""Parameter with an interval."""

PARAMETERS: tuple[str, ...] = (
    COST, "optimism_bias", "lead_years", "borrow_years", "borrow_rate", "grant_share", "by_year_group",
)  # fmt: skip
"""What the file says of every kind of scheme."""

NEW_PRIMARY = "Mainstream Primary new school - England"
"""Published benchmark without location, against which an authority's own gives its location factor."""

ROWS = pa.DataFrameSchema(
    {
        "kind": pa.Column("str", pa.Check.isin((ALL, *KINDS))),
        "parameter": pa.Column("str", pa.Check.isin(PARAMETERS)),
        "value": pa.Column("float64", pa.Check.ge(0), nullable=True),
        "low": pa.Column("float64", pa.Check.gt(0), nullable=True),
        "high": pa.Column("float64", pa.Check.gt(0), nullable=True),
        "price_year": pa.Column("str", pa.Check(lambda s: s.map(starting_year).notna()), nullable=True),
        "location": pa.Column("float64", pa.Check.in_range(0.5, 2), nullable=True),
        "basis": pa.Column("str", pa.Check.isin(["published", "derived", "assumed"])),
        "confidence": pa.Column("str", pa.Check.isin(["high", "medium", "low"])),
        "source": pa.Column("str"),
        "note": pa.Column("str", nullable=True),
    },
    checks=[
        pa.Check(lambda f: ~(f["low"] > f["high"]), error="low <= high"),
        pa.Check(
            lambda f: (f["parameter"] != COST) | f[["low", "high", "price_year", "location"]].notna().all(axis=1),
            error="a cost has low, high, price_year and location",
        ),
        pa.Check(lambda f: (f["parameter"] == COST) | f["value"].notna(), error="others have a value"),
    ],
    strict=True,
    ordered=True,
    unique=["kind", "parameter"],
)  # fmt: skip
"""What the rows of the file must be."""


@dataclass(frozen=True)
class Benchmark:
    """The values used for the blanks of one kind of scheme.

    Parameters
    ----------
    capital_low, capital_high, price_year, location
        Cost of a place as an 80 % interval, pounds of a financial year, and the location factor of where it was built.
    optimism_bias, borrow_rate, grant_share
        Per cent.
    lead_years, borrow_years
        Years.
    by_year_group
        True where it opens one year group a year.
    source, confidence
        Of the cost of a place.
    """

    capital_low: float
    capital_high: float
    price_year: str
    location: float
    optimism_bias: float
    borrow_rate: float
    grant_share: float
    lead_years: int
    borrow_years: int
    by_year_group: bool
    source: str
    confidence: str


@cache
def rows() -> pd.DataFrame:
    """Return the shipped benchmarks as a table with the columns of `ROWS`.

    Raises
    ------
    TableError
        The file is absent or breaks its schema.
    """
    path = tables.REFERENCE / f"{FILE}.csv"
    try:
        return ROWS.validate(
            pd.read_csv(path).astype(dict.fromkeys(("value", "low", "high", "location"), "float64"))
        )
    except (OSError, KeyError, ValueError, pa.errors.SchemaError) as error:
        raise TableError(
            f"The benchmarks of capital costs in {path} cannot be used ({error}). Candidates with blank cells cannot be costed "
            "without them. Restore the file from the repository, or correct the row named."
        ) from None


@cache
def benchmark(kind: str) -> Benchmark:
    """Return the benchmark values of a kind of scheme.

    Raises
    ------
    TableError
        A parameter is missing.
    """
    by_parameter = {
        parameter: row
        for whose in (ALL, kind)
        for parameter, row in rows()[rows()["kind"] == whose].set_index("parameter").iterrows()
    }
    missing = [p for p in PARAMETERS if p not in by_parameter]
    if missing:
        raise TableError(
            f"The benchmarks of capital costs have no {missing[0]} for '{kind}'. Add the row to data/reference/{FILE}.csv."
        )
    cost, value = by_parameter[COST], {p: float(by_parameter[p]["value"]) for p in PARAMETERS if p != COST}
    return Benchmark(
        capital_low=float(cost["low"]), capital_high=float(cost["high"]), price_year=str(cost["price_year"]),
        location=float(cost["location"]), optimism_bias=value["optimism_bias"], borrow_rate=value["borrow_rate"],
        grant_share=value["grant_share"], lead_years=round(value["lead_years"]),
        borrow_years=round(value["borrow_years"]), by_year_group=value["by_year_group"] > 0,
        source=str(cost["source"]), confidence=str(cost["confidence"]),
    )  # fmt: skip


@cache
def location_factor(la_code: int) -> float:
    """Return the ratio of building costs in an authority to England's, from published costs of a new primary place.

    1 where the authority has none. Source: DfE, LA school places scorecards 2024/25.
    """
    england = tables.read("capital_cost_benchmarks").set_index("item")["cost_per_place_gbp"]
    own = tables.read("mainstream_cost_per_place")
    own = own[(own["la_code"] == la_code) & (own["phase"] == "primary") & (own["project"] == "new_school")]
    if own.empty or NEW_PRIMARY not in england.index:
        return 1.0
    latest = own.sort_values("academic_year")["cost_per_place_gbp"].iloc[-1]
    return round(float(latest) / float(england[NEW_PRIMARY]), 3)
