"""Residents by single age for every authority: estimates and projections, their measured error, and first published estimates.

Invariant: one row an authority, mid-year and age 0 to 25; people, not rounded.

Rules
-----
``projection_is_another_basis``
    The three ageing bases are one chain without a step. The 32 London boroughs leave it in mid-2022 for the
    ONS 2022-based projection; their ages 18 to 25 step up by about a tenth there. `basis_break` marks that
    first year: it is a change of source, so no growth is read across it.
``unreliable_small``
    City of London and Isles of Scilly use their region's ageing ratios; they are kept, because leaving them
    out would break England totals, but `data.vocabulary.SMALLEST_AUTHORITIES` names them.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from data.ingest.areas import DISTRICTS, POPULATION
from data.ingest.reading import Release, numbers

FIRST_PUBLISHED: dict[int, tuple[str, str]] = {
    2019: ("population/ons_mye_mid2019_single_age_ltla.parquet", "ltla20_code"),
    2020: ("population/ons_mye_mid2020_single_age_ltla.parquet", "ltla21_code"),
}
"""Mid-year -> (ONS estimate as first published, its column of district codes)."""

ERROR = "population/validation_cohort_aged_v_ons_projection.csv"

PROJECTION = "ons_snpp_2022_based_migration_category_variant"
"""The one basis that is not part of the ageing chain."""

_ERROR_AREAS: dict[str, int] = {"Redbridge": 317, "County Durham": 840}


def basis_breaks(frame: pd.DataFrame) -> pd.Series:
    """Return True where a figure is the first of its authority and age after a change of basis.

    Parameters
    ----------
    frame
        Columns ``la_code``, ``age``, ``mid_year``, ``basis`` (rule ``projection_is_another_basis``).
    """
    ordered = frame.sort_values(["la_code", "age", "mid_year"])
    projected = ordered["basis"].eq(PROJECTION)
    before = projected.groupby([ordered["la_code"], ordered["age"]]).shift()
    return (before.notna() & (projected != before)).reindex(frame.index)


def population(release: Release) -> pd.DataFrame:
    """Return residents by authority, mid-year 2019 to 2040 and single age."""
    columns = [
        "dfe_la_code", "ons_code", "la_name", "region", "mid_year", "age",
        "population", "population_plain_ageing", "basis",
    ]  # fmt: skip
    raw = release.parquet(POPULATION, columns=columns)
    frame = raw.rename(columns={"dfe_la_code": "la_code"}).drop(columns=["ons_code", "la_name", "region"])
    frame = frame.astype({"la_code": "int64", "mid_year": "int64", "age": "int64"})
    frame["basis_break"] = basis_breaks(frame)
    return frame.sort_values(["la_code", "mid_year", "age"], ignore_index=True)


def population_first_published(release: Release) -> pd.DataFrame:
    """Return residents by single age as ONS first published them, before the rebase to the 2021 Census."""
    ages = [str(age) for age in range(26)]
    lookup = release.csv(
        DISTRICTS, columns=["ltla_code", "ons_code_education_la", "dfe_la_code", "dfe_la_name"]
    )
    code = lookup.set_index("ltla_code")["dfe_la_code"].astype("int64")
    parts = []
    for mid_year, (file, district) in FIRST_PUBLISHED.items():
        name = district.replace("_code", "_name")
        everyone = [str(age) for age in range(90)]
        raw = release.parquet(file, columns=[district, name, "total_population", *everyone, "90+"])
        english = raw[raw[district].isin(code.index)]
        counts = english[ages].astype("float64").groupby(english[district].map(code)).sum()
        long = (
            counts.rename_axis("la_code")
            .reset_index()
            .melt("la_code", var_name="age", value_name="population")
        )
        parts.append(long.assign(mid_year=mid_year, age=long["age"].astype("int64")))
    frame = pd.concat(parts)[["la_code", "mid_year", "age", "population"]]
    return frame.sort_values(["la_code", "mid_year", "age"], ignore_index=True)


def population_projection_error(release: Release) -> pd.DataFrame:
    """Return the error of the ageing method against ONS, where both are published."""
    names = {
        "ons_2022_based": "ons_2022_based",
        "cohort_aged": "cohort_aged",
        "pct_difference": "difference_pct",
        "plain_ageing": "plain_ageing",
        "pct_difference_plain_ageing": "plain_ageing_difference_pct",
    }
    raw = release.csv(ERROR, columns=["area", "mid_year", "age_band", *names])
    frame = raw[["area"]].assign(
        la_code=raw["area"].map(_ERROR_AREAS).astype("Int64"),
        mid_year=raw["mid_year"].astype("int64"),
        age_band=raw["age_band"],
    )
    for published, ours in names.items():
        # Plain ageing was not run for the group of London boroughs: those cells are empty, not symbols.
        given = raw[published].where(raw[published] != "", "-")
        frame[ours] = numbers(given, ERROR)[0]
    return frame


BUILDERS: dict[str, Callable[[Release], pd.DataFrame]] = {
    "population": population,
    "population_first_published": population_first_published,
    "population_projection_error": population_projection_error,
}
