"""The capital cost of a place: press and consultation figures, and DfE's cost of a mainstream place.

Invariant: cash prices of their own date, never indexed here.

Rules
-----
``ranges_only``
    Benchmarks differ in scope, so they are shown as ranges and never averaged into a rate.
``mainstream_is_not_special``
    The DfE figure is a national cost times a regional factor for mainstream schools: no special schools,
    units, land or local projects. England's row is dropped (number 0).
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from data.ingest.reading import Release, numbers

BENCHMARKS = "capital/capital_cost_benchmarks.csv"
MAINSTREAM = "capital/mainstream_cost_per_place_by_la.csv"

ENGLAND = "0"
"""LANumber of the England row."""

COST_COLUMNS: dict[str, tuple[str, str]] = {
    "CPP_P_NS": ("primary", "new_school"),
    "CPP_P_EP": ("primary", "permanent_expansion"),
    "CPP_P_ET": ("primary", "temporary_expansion"),
    "CPP_S_NS": ("secondary", "new_school"),
    "CPP_S_EP": ("secondary", "permanent_expansion"),
    "CPP_S_ET": ("secondary", "temporary_expansion"),
}
"""Scorecard column to phase and kind of project."""


def capital_cost_benchmarks(release: Release) -> pd.DataFrame:
    """Return published capital costs per place, one row for each source."""
    columns = [
        "item", "basis", "places", "total_cost_gbp", "cost_per_place_gbp", "price_date", "source", "url",
        "kind",
    ]  # fmt: skip
    raw = release.csv(BENCHMARKS, columns=columns)
    frame = raw.assign(mainstream=raw["kind"] == "mainstream")
    for column in ("places", "total_cost_gbp", "cost_per_place_gbp"):
        frame[column] = numbers(raw[column].where(raw[column] != "", "-"), BENCHMARKS)[0]
    order = [
        "item", "basis", "places", "total_cost_gbp", "cost_per_place_gbp", "price_date", "kind", "mainstream",
        "source", "url",
    ]  # fmt: skip
    return frame[order]


def mainstream_cost_per_place(release: Release) -> pd.DataFrame:
    """Return the cost of a mainstream place by authority, academic year, phase and kind of project."""
    labels = ["Year", "geographic_level", "Region", "LANumber", "new_la_code", "LA_name"]
    raw = release.csv(MAINSTREAM, columns=[*labels, *COST_COLUMNS])
    raw = raw[raw["LANumber"] != ENGLAND]
    parts = []
    for column, (phase, project) in COST_COLUMNS.items():
        parts.append(
            pd.DataFrame(
                {
                    "la_code": raw["LANumber"].astype("int64"),
                    "academic_year": raw["Year"],
                    "phase": phase,
                    "project": project,
                    "cost_per_place_gbp": numbers(raw[column], MAINSTREAM)[0],
                }
            )
        )
    frame = pd.concat(parts, ignore_index=True)
    return frame.sort_values(["la_code", "academic_year", "phase", "project"], ignore_index=True)


BUILDERS: dict[str, Callable[[Release], pd.DataFrame]] = {
    "capital_cost_benchmarks": capital_cost_benchmarks,
    "mainstream_cost_per_place": mainstream_cost_per_place,
}
