"""Schemas of places and settings: funded places, establishments, and what Redbridge has published about its own.

Invariant: roll, capacity, published places and funded places are four different things and keep four
different names.
"""

from __future__ import annotations

import pandera.pandas as pa

from data.schemas.base import Table, count, january, la_code, measure, schema, text

PROVIDER_GROUPS: tuple[str, ...] = (
    "mainstream_academy", "special_academy", "special_free_school", "ap_academy",
    "academy_16_19", "fe_ilp", "hospital_academy",
)  # fmt: skip
"""Institutions whose high needs places DfE funds directly."""

PLACE_TYPES: tuple[str, ...] = (
    "pre16_sen", "pre16_sen_6000", "pre16_sen_10000", "post16_sen", "pre16_ap", "fe_ilp", "hospital",
)  # fmt: skip
"""Kinds of funded place; 6000 and 10000 are the rates in pounds a year."""

PARTS: tuple[str, ...] = ("april_to_summer", "autumn_to_march")
"""The two parts of a financial year, one of each academic year."""

KINDS: tuple[str, ...] = (
    "state_special", "independent_special", "non_maintained_special", "ap", "state_special_or_ap",
)  # fmt: skip
"""Kinds of specialist establishment; the last is a state school whose kind the releases do not settle."""


def financial_year() -> pa.Column:
    """Return the financial year column, written 2023-24 (April to March)."""
    return pa.Column(
        "str", pa.Check.str_matches(r"^20\d{2}-\d{2}$"), description="Financial year, April to March"
    )


def urn(*, nullable: bool = False) -> pa.Column:
    """Return the unique reference number of an establishment."""
    kind = "Int64" if nullable else "int64"
    check = pa.Check.in_range(100000, 999999)
    return pa.Column(kind, check, nullable=nullable, description="Unique reference number")


def _lat() -> pa.Column:
    return pa.Column(
        "float64",
        pa.Check.in_range(49, 61),
        nullable=True,
        description="Latitude, OSGB36, although the source calls it WGS84",
    )


def _lon() -> pa.Column:
    return pa.Column(
        "float64",
        pa.Check.in_range(-9, 3),
        nullable=True,
        description="Longitude, OSGB36, although the source calls it WGS84",
    )


def _age_limit(description: str) -> pa.Column:
    return pa.Column("Int64", pa.Check.in_range(0, 26), nullable=True, description=description)


TABLES: tuple[Table, ...] = (
    Table(
        "funded_places",
        "High needs places DfE funds directly (academies, free schools, colleges), by authority where "
        "registered; the two parts of a year are never added: weight by months or use one.",
        schema(
            {
                "la_code": la_code(),
                "financial_year": financial_year(),
                "provider_group": text("Kind of institution", isin=PROVIDER_GROUPS),
                "place_type": text("Kind of place", isin=PLACE_TYPES),
                "part": text("Part of the financial year", isin=PARTS),
                "months": pa.Column("int64", pa.Check.isin([4, 5, 7, 8]), description="Months in that part"),
                "places": measure("Funded places, may be fractions", minimum=0),
            },
            ["la_code", "financial_year", "provider_group", "place_type", "part"],
        ),
        period="financial_year",
    ),
    Table(
        "special_pupils_import_export",
        "Pupils in special schools and the import/export adjustment of the high needs block, by financial "
        "year.",
        schema(
            {
                "la_code": la_code(),
                "financial_year": financial_year(),
                "special_school_pupils": measure(
                    "Pupils in special schools and academies in the area", minimum=0
                ),
                "import_export_adjustment_gbp": measure(
                    "GBP 6,000 a net import; negative for a net exporter"
                ),
                "net_imports": measure("Pupils taught here less residents taught elsewhere"),
                "additional_special_free_schools_gbp": measure(
                    "Extra funding for special free schools", minimum=0
                ),
                "total_high_needs_block_gbp": measure("High needs block before deductions", minimum=0),
                "basis": text("Census behind the adjustment, as published"),
            },
            ["la_code", "financial_year"],
        ),
        period="financial_year",
    ),
    Table(
        "specialist_establishments",
        "Special schools, pupil referral units and other specialist establishments, 2018 to January 2026.",
        schema(
            {
                "urn": urn(),
                "laestab": pa.Column("Int64", nullable=True, description="DfE establishment number"),
                "name": text("Name"),
                "la_code": la_code(),
                "type": text("Type as published or inferred"),
                "kind": text("Our kind", isin=KINDS),
                "type_inferred": pa.Column("bool", description="Kind read from a name or by exclusion"),
                "age_low": _age_limit("Youngest age admitted"),
                "age_high": _age_limit("Oldest age admitted"),
                "roll": count("Pupils of all ages on roll, 2023/24; not places"),
                "lat": _lat(),
                "lon": _lon(),
                "open_2026": pa.Column("bool", description="Open on 30 January 2026"),
            },
            ["urn"],
        ),
    ),
    Table(
        "establishment_points",
        "Every open establishment with a map point, 30 January 2026; no establishment type in the source.",
        schema(
            {
                "urn": urn(),
                "name": text("Name"),
                "phase": text("Phase as published"),
                "lat": _lat(),
                "lon": _lon(),
                "la_code": pa.Column(
                    "Int64", nullable=True, description="Authority by point; null outside all"
                ),
            },
            ["urn"],
        ),
    ),
    Table(
        "resourced_provision_schools",
        "A sample of mainstream schools (mostly secondary) with capacity and self-reported resourced "
        "provision, 2026; a sample, not a count of all schools.",
        schema(
            {
                "urn": urn(),
                "la_code": la_code(),
                "name": text("Name"),
                "phase": text("Phase as published"),
                "type": text("Type of establishment"),
                "status": text("Open, closed ...", nullable=True),
                "capacity": count("Whole-school capacity; not specialist places"),
                "pupils": count("Pupils on roll, whole school"),
                "provision": text(
                    "What the school says it has; null where it does not say",
                    nullable=True,
                    isin=["none", "resourced_provision", "sen_unit", "both"],
                ),
                "rp_on_roll": count("Pupils in the provision, implausible figures capped"),
                "rp_on_roll_published": count("Pupils in the provision, as published"),
                "age_low": _age_limit("Youngest age admitted"),
                "age_high": _age_limit("Oldest age admitted"),
                "easting": pa.Column("int64", description="Metres, British National Grid"),
                "northing": pa.Column("int64", description="Metres, British National Grid"),
                "read_on": text("Date of the extract"),
            },
            ["urn"],
        ),
    ),
    Table(
        "redbridge_settings",
        "Redbridge special schools and alternative provision: published places, roll and DfE-funded places "
        "side by side.",
        schema(
            {
                "urn": urn(),
                "name": text("Name"),
                "category": text("Category"),
                "phase": text("Phase", nullable=True),
                "age_low": _age_limit("Youngest age admitted"),
                "age_high": _age_limit("Oldest age admitted"),
                "needs": text("Needs as described", nullable=True),
                "published_places": count("Places stated by the council or the school"),
                "places_as_of": text("When", nullable=True),
                "places_source": text("Where it was read", nullable=True),
                "roll": count("Pupils on roll, whole school"),
                "roll_as_of": text("When", nullable=True),
                "roll_source": text("Where it was read", nullable=True),
                "funded_places_pre16": count("Places DfE funds, pre-16"),
                "funded_places_post16": count("Places DfE funds, post-16"),
                "funded_as_of": text("When", nullable=True),
                "lat": _lat(),
                "lon": _lon(),
                "note": text("Note", nullable=True),
            },
            ["urn"],
        ),
    ),
    Table(
        "redbridge_resourced_provision",
        "Resourced provision in named Redbridge schools; the primary list is incomplete.",
        schema(
            {
                "urn": urn(),
                "school": text("School"),
                "need": text("Needs as described", nullable=True),
                "year_groups": text("Year groups", nullable=True),
                "places_planned": count("Places planned or commissioned at capacity"),
                "opened": text("Opened", nullable=True),
                "full_by": text("Full by", nullable=True),
                "places_source": text("Where it was read", nullable=True),
                "on_roll_2026": count("Pupils in the provision, self-reported 2026"),
                "note": text("Note", nullable=True),
            },
            ["urn"],
        ),
    ),
    Table(
        "redbridge_planned_changes",
        "Consulted, agreed or opened changes of places in Redbridge; status says which, delivery is often "
        "unverified.",
        schema(
            {
                "school": text("School"),
                "urn": urn(nullable=True),
                "place_change": pa.Column("Int64", nullable=True, description="Places gained"),
                "resulting_total": count("Places afterwards"),
                "effective": text("When, as stated", nullable=True),
                "status": text("How certain"),
                "source": text("Where it was read"),
                "note": text("Note", nullable=True),
            },
            ["school", "effective", "status"],
        ),
    ),
    Table(
        "redbridge_age_placement",
        "Redbridge plans by single age and broad setting, January 2024 and 2025: a check on the national "
        "tables.",
        schema(
            {
                "january": january(),
                "age": pa.Column("int64", pa.Check.in_range(2, 25), description="Age; 2 is under 3"),
                "plans": count("All plans"),
                "mainstream": count("Mainstream schools"),
                "special": count("Special schools, all kinds"),
                "ap": count("Alternative provision"),
                "further_education": count("Further education"),
                "elsewhere": count("Educated elsewhere"),
                "early_years": count("Non-maintained early years"),
                "not_recorded": count("Placement unknown"),
            },
            ["january", "age"],
        ),
        period="january",
    ),
    Table(
        "special_free_schools_approved",
        "Special free schools approved in wave 4 (March 2024), by the authority that applied.",
        schema(
            {
                "la_code": la_code(),
                "places": count("Proposed full-time equivalent places"),
                "age_low": _age_limit("Youngest age"),
                "age_high": _age_limit("Oldest age"),
                "designation": text("Needs, as published"),
                "wave": text("Wave"),
                "source": text("Where it was read"),
            },
            ["la_code", "designation"],
        ),
    ),
)
