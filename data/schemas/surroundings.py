"""Schemas of tables about authorities: areas, population, neighbours, indicators, boundaries and lookups.

Invariant: `la_code` is the join key everywhere. A GSS code is a label that can change while the area does
not.
"""

from __future__ import annotations

import pandera.pandas as pa

from data.schemas.base import Table, january, la_code, marker, measure, schema, text
from data.vocabulary import BAND_CODES, POPULATION_BASES

REGIONS: tuple[str, ...] = (
    "East Midlands", "East of England", "London", "North East", "North West",
    "South East", "South West", "West Midlands", "Yorkshire and The Humber",
)  # fmt: skip
"""The nine English regions, as DfE prints them."""


def _gss(description: str = "ONS nine-character code") -> pa.Column:
    return pa.Column("str", pa.Check.str_matches(r"^E\d{8}$"), description=description)


def _last_january() -> pa.Column:
    return pa.Column("Int64", pa.Check.in_range(2010, 2100), nullable=True,
                     description="Last January with this code; null while in force")  # fmt: skip


def _geometry() -> pa.Column:
    return pa.Column("geometry", description="Polygon in longitude and latitude (WGS84)")


def _year(description: str) -> pa.Column:
    return pa.Column("int64", pa.Check.in_range(2010, 2100), description=description)


TABLES: tuple[Table, ...] = (
    Table(
        "areas",
        "An authority that has returned EHC plans: name, region and the Januaries it existed, ended ones "
        "included.",
        schema(
            {
                "la_code": la_code(),
                "gss_code": _gss("ONS code in force, or the last one"),
                "name": text("Official name"),
                "region": text("Region", isin=REGIONS),
                "inner_outer": text(
                    "Half of London; null outside", nullable=True, isin=["Inner London", "Outer London"]
                ),
                "first_january": january(),
                "last_january": _last_january(),
                "is_current": pa.Column("bool", description="Still an education authority"),
            },
            ["la_code"],
        ),
    ),
    Table(
        "area_gss",
        "Every ONS code an authority has had, with the Januaries it was in force; one area may have several.",
        schema(
            {
                "la_code": la_code(),
                "gss_code": _gss(),
                "first_january": january(),
                "last_january": _last_january(),
            },
            ["gss_code"],
        ),
    ),
    Table(
        "population",
        "Residents by single age at mid-year (30 June), the ONS estimate of mid-2023, estimates derived before it, and "
        "residents aged on from it to 2040, people.",
        schema(
            {
                "la_code": la_code(),
                "mid_year": _year("Mid-year (30 June)"),
                "age": pa.Column("int64", pa.Check.in_range(0, 25), description="Age last birthday"),
                "population": measure("Residents", minimum=0),
                "basis": text("How the cell was made", isin=tuple(POPULATION_BASES)),
                "basis_break": pa.Column(
                    "bool",
                    description="First year on the base after the 2021 Census: read no growth across it",
                ),
            },
            ["la_code", "mid_year", "age"],
        ),
        period="mid_year",
    ),
    Table(
        "population_first_published",
        "Residents by single age at mid-year (30 June) as ONS first published them, before the 2021 Census rebase: what "
        "a forecast made then could know.",
        schema(
            {
                "la_code": la_code(),
                "mid_year": _year("Mid-year (30 June)"),
                "age": pa.Column("int64", pa.Check.in_range(0, 25), description="Age last birthday"),
                "population": measure("Residents", minimum=0),
            },
            ["la_code", "mid_year", "age"],
        ),
        period="mid_year",
    ),
    Table(
        "population_projection_error",
        "How far residents aged on from a mid-year miss, by age band: against the ONS estimate of mid-2023, and in London "
        "against the growth that the ONS 2022-based projection has from mid-2023. From 18, misses from a base before the Census "
        "hold the miss of the base.",
        schema(
            {
                "compared_with": text(
                    "What it is compared with",
                    isin=("ons_mye_mid2023", "ons_snpp_2022_based_migration_category_variant"),
                ),
                "method": text(
                    "How residents were aged on",
                    isin=("adopted", "own_ratios", "plain_ageing", "ons_projection"),
                ),
                "base_mid_year": _year("Mid-year aged on from"),
                "mid_year": _year("Mid-year (30 June) compared"),
                "base_after_census": pa.Column(
                    "bool", description="Whether the base year is right by the 2021 Census at all ages"
                ),
                "age_band": text("Ages last birthday", isin=(*BAND_CODES, "0-25")),
                "authorities": pa.Column("int64", pa.Check.gt(0), description="Authorities compared"),
                "mean_absolute_pct": measure(
                    "Mean over authorities of the size of the error, per cent", minimum=0
                ),
                "median_absolute_pct": measure("Median of the size of the error, per cent", minimum=0),
                "p80_absolute_pct": measure("80th percentile of the size of the error, per cent", minimum=0),
                "p90_absolute_pct": measure("90th percentile of the size of the error, per cent", minimum=0),
                "rms_log_a_year": measure(
                    "Root mean square of the error in logarithms for each year ahead; of a band, beyond that of all ages",
                    minimum=0,
                ),
                "mean_pct": measure("Mean error over authorities, per cent; positive is too many"),
                "together_pct": measure("Error of all authorities together, per cent"),
            },
            ["compared_with", "method", "base_mid_year", "mid_year", "base_after_census", "age_band"],
        ),
        period="mid_year",
    ),
    Table(
        "statistical_neighbours",
        "The ten authorities most like each one (children's services statistical neighbours), closest first.",
        schema(
            {
                "la_code": la_code(),
                "rank": pa.Column("int64", pa.Check.in_range(1, 10), description="1 is closest"),
                "neighbour_la_code": la_code(),
            },
            ["la_code", "rank"],
        ),
    ),
    Table(
        "lait_indicators",
        "SEND indicators of the DfE local authority interactive tool, value as published, by authority and "
        "England.",
        schema(
            {
                "measure_code": text("Short name in the tool; the join key"),
                "measure": text("Name of the measure"),
                "level": text("Authority or England", isin=["authority", "england"]),
                "la_code": pa.Column(
                    "Int64",
                    pa.Check.in_range(200, 999),
                    nullable=True,
                    description="DfE number; null for England",
                ),
                "period": text("Year as published; '2023-24' is a financial year"),
                "period_end": _year("Calendar year in which the period ends"),
                "value": measure("Value in the measure's own unit"),
                "marker": marker(),
            },
            ["measure_code", "level", "la_code", "period"],
        ),
        period="period_end",
    ),
    Table(
        "boundary_authority",
        "Education authorities, ultra-generalised outline (2023): for maps, not for point-in-polygon near "
        "an edge.",
        schema(
            {"la_code": la_code(), "gss_code": _gss(), "name": text("Name"), "geometry": _geometry()},
            ["la_code"],
        ),
        geo=True,
    ),
    Table(
        "boundary_district",
        "Lower-tier districts, ultra-generalised outline (2024).",
        schema(
            {
                "district_code": _gss(),
                "district_name": text("Name"),
                "la_code": la_code(),
                "geometry": _geometry(),
            },
            ["district_code"],
        ),
        geo=True,
    ),
    Table(
        "boundary_ward_london",
        "London wards (2022), simplified.",
        schema(
            {
                "ward_code": _gss(),
                "ward_name": text("Name"),
                "la_code": la_code(),
                "geometry": _geometry(),
            },
            ["ward_code"],
        ),
        geo=True,
    ),
    Table(
        "boundary_lsoa_redbridge",
        "Redbridge lower super output areas (2021).",
        schema(
            {
                "lsoa_code": _gss(),
                "lsoa_name": text("Name"),
                "msoa_code": _gss(),
                "msoa_name": text("Name"),
                "ward_code": _gss(),
                "ward_name": text("Ward, 2024 codes"),
                "la_code": la_code(),
                "geometry": _geometry(),
            },
            ["lsoa_code"],
        ),
        geo=True,
    ),
    Table(
        "boundary_lsoa_london",
        "London lower super output areas (2021), simplified.",
        schema({"lsoa_code": _gss(), "la_code": la_code(), "geometry": _geometry()}, ["lsoa_code"]),
        geo=True,
    ),
    Table(
        "boundary_msoa_london",
        "London middle super output areas (2021), simplified apart from wards: the edges do not nest.",
        schema(
            {"msoa_code": _gss(), "msoa_name": text("Name"), "la_code": la_code(), "geometry": _geometry()},
            ["msoa_code"],
        ),
        geo=True,
    ),
    Table(
        "boundary_msoa_redbridge",
        "Redbridge middle super output areas (2021).",
        schema(
            {"msoa_code": _gss(), "msoa_name": text("Name"), "la_code": la_code(), "geometry": _geometry()},
            ["msoa_code"],
        ),
        geo=True,
    ),
    Table(
        "lookup_lsoa",
        "Lower super output area (2021) to middle area, ward (2024) and district (2024), England.",
        schema(
            {
                "lsoa_code": _gss(),
                "msoa_code": _gss(),
                "ward_code": _gss(),
                "ward_name": text("Name"),
                "district_code": _gss(),
                "district_name": text("Name"),
            },
            ["lsoa_code"],
        ),
    ),
    Table(
        "lookup_district_authority",
        "Lower-tier district, abolished ones included, to education authority.",
        schema({"district_code": _gss(), "la_code": la_code()}, ["district_code"]),
    ),
)
