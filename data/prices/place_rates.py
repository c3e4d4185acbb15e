"""Place rates: what a high needs place is paid a year in England, by provision, age and occupancy, dated.

One home: ``data/reference/finance/place_rates.csv``. `data.prices.starting_books.england` puts the rates into the price book,
where balance and appraisal read them, so a council's own file of unit costs replaces them in both. A new rate is a new row: it
takes the place of the older row of the same places from its financial year on.

Invariant: a rate holds from its financial year until that of the next row of the same places, and does not grow in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from data import tables
from data.errors import TableError
from data.financial_year import FinancialYear

FILE = "finance/place_rates"
"""The file, under ``data/reference`` and without its ending."""

ITEM, S251_LINE, DSG_BLOCK = "place_funding", "1.0.2", "high_needs"
"""Item of the price book, line of the S251 return and block of the grant that places are paid from."""

EMPTY = "empty"
"""Occupancy of places that no pupil fills: their rate is no pupil's price."""

CONSTANT = "none"
"""Inflator of a rate that stays as it is."""

STEPPED = "rule"
"""Basis of growth that is a step from one dated rate to the next."""

Places = tuple[str, int, int, str]
"""Provision, youngest and oldest age, and occupancy (``All``, ``filled`` or ``empty``) of places that are paid alike."""


@dataclass(frozen=True, slots=True)
class PlaceRate:
    """A rate for places of one kind, from a financial year on.

    Parameters
    ----------
    places
        What it is paid for.
    year
        First financial year.
    pounds
        Pounds a place and financial year.
    last_paid
        Latest financial year in which published allocations paid it; None for a rate announced or assumed.
    basis, confidence, source, note
        How it is known.
    """

    places: Places
    year: FinancialYear
    pounds: float
    last_paid: FinancialYear | None
    basis: str
    confidence: str
    source: str
    note: str | None


def place_rates() -> dict[Places, tuple[PlaceRate, ...]]:
    """Return the rates of each kind of place, oldest first.

    Raises
    ------
    TableError
        The file of rates is missing or breaks its schema.
    """
    series: dict[Places, list[PlaceRate]] = {}
    for row in (
        tables.read_checked_reference(FILE)
        .sort_values("from_financial_year", kind="stable")
        .to_dict("records")
    ):
        places = (str(row["provision"]), int(row["age_low"]), int(row["age_high"]), str(row["occupancy"]))
        series.setdefault(places, []).append(
            PlaceRate(
                places,
                _year(row["from_financial_year"]),
                float(row["rate"]),
                None if pd.isna(row["last_paid"]) else _year(row["last_paid"]),
                str(row["basis"]),
                str(row["confidence"]),
                str(row["source"]),
                None if pd.isna(row["note"]) else str(row["note"]),
            )
        )
    return {places: tuple(rates) for places, rates in series.items()}


def _year(label: object) -> FinancialYear:
    return FinancialYear(int(str(label)[:4]))


def place_rate(provision: str, age: int, occupancy: str, year: FinancialYear) -> float:
    """Return the rate in force in a financial year, pounds a place.

    Raises
    ------
    TableError
        No place of that provision, age and occupancy has a rate.
    """
    for (code, low, high, kind), rates in place_rates().items():
        if (code, kind) == (provision, occupancy) and low <= age <= high and rates[0].year <= year:
            return next(r.pounds for r in reversed(rates) if r.year <= year)
    raise TableError(
        f"No place of {provision} at age {age} ({occupancy}) has a rate in {year.label}, so it cannot be paid for. Add a row to "
        f"{FILE}.csv in {tables.REFERENCE}."
    )


def _inflator(rates: tuple[PlaceRate, ...]) -> str:
    """Return the inflator of a kind of place: one of its own if its rate changes, else `CONSTANT`."""
    return "_".join(map(str, ("place_rate", *rates[0].places))).lower() if len(rates) > 1 else CONSTANT


def price_rows() -> list[dict[str, object]]:
    """Return England's rows of the price book for places: the rate last paid, in pounds of the year it was last paid in."""
    records: list[dict[str, object]] = []
    for (provision, low, high, occupancy), rates in place_rates().items():
        paid = next(r for r in reversed(rates) if r.last_paid is not None)
        assert paid.last_paid is not None
        records.append(
            {
                "item": ITEM, "provision": provision, "need_group": "All", "age_low": low, "age_high": high, "kind": occupancy,
                "price": paid.pounds, "low": paid.pounds, "high": paid.pounds, "median": None,
                "share": float(occupancy != EMPTY), "price_year": paid.last_paid.label, "inflator": _inflator(rates),
                "s251_line": S251_LINE, "dsg_block": DSG_BLOCK, "basis": paid.basis, "confidence": paid.confidence,
                "source": paid.source, "note": paid.note,
            }
        )  # fmt: skip
    return records


def growth_rows() -> list[dict[str, object]]:
    """Return the steps of rates that change, as rows of `data.prices.inflation.ROWS`; none while every rate stays as it is."""
    records: list[dict[str, object]] = []
    for rates in place_rates().values():
        steps = {rates[0].year: 0.0}
        for before, after in pairwise(rates):
            steps[after.year] = after.pounds / before.pounds - 1
            steps.setdefault(after.year.after(), 0.0)
        if len(rates) > 1:
            records += [
                {
                    "inflator": _inflator(rates), "from_financial_year": year.label, "growth": step, "low": step, "high": step,
                    "basis": STEPPED, "confidence": rates[-1].confidence, "source": rates[-1].source,
                }
                for year, step in sorted(steps.items())
            ]  # fmt: skip
    return records
