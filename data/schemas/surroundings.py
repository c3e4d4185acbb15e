"""Schemas of tables about authorities: areas, population, neighbours, indicators, boundaries and lookups.

Invariant: `la_code` is the join key everywhere. A GSS code is a label that can change while the area does
not.
"""

from __future__ import annotations

import pandera.pandas as pa

from data.schemas.base import Table, january, la_code, marker, measure, schema, text

REGIONS: tuple[str, ...] = (
    "East Midlands", "East of England", "London", "North East", "North West",
    "South East", "South West", "West Midlands", "Yorkshire and The Humber",
)  # fmt: skip
"""The nine English regions, as DfE prints them."""

POPULATION_BASES: tuple[str, ...] = (
    "ons_mye_single_age_0_17_scaled",
    "cohort_aged_0_17_scaled_to_ons_total",
    "cohort_aged",
    "ons_snpp_2022_based_migration_category_variant",
)
"""How a population cell was made, in the words of the derived table."""


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
        "Residents by single age at mid-year (30 June), estimates to 2023 and projection to 2040, people.",
        schema(
            {
                "la_code": la_code(),
                "mid_year": _year("Mid-year (30 June)"),
                "age": pa.Column("int64", pa.Check.in_range(0, 25), description="Age last birthday"),
                "population": measure("Residents, adopted version", minimum=0),
                "population_plain_ageing": measure("Residents if nobody under 18 moved", minimum=0),
                "basis": text("How the cell was made", isin=POPULATION_BASES),
                "basis_break": pa.Column(
                    "bool", description="First year on another basis: read no growth across it"
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
        "How far ageing cohorts fall from the ONS 2022-based projection where both exist, per cent at "
        "mid-year.",
        schema(
            {
                "area": text("Area or group of areas"),
                "la_code": pa.Column("Int64", nullable=True, description="DfE number; null for a group"),
                "mid_year": _year("Mid-year (30 June)"),
                "age_band": text("Ages last birthday"),
                "ons_2022_based": measure("Residents, ONS projection", minimum=0),
                "cohort_aged": measure("Residents, ageing method", minimum=0),
                "difference_pct": measure("Method against ONS, per cent"),
                "plain_ageing": measure("Residents, plain ageing", minimum=0),
                "plain_ageing_difference_pct": measure("Plain ageing against ONS, per cent"),
            },
            ["area", "mid_year", "age_band"],
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
