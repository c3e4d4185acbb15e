"""Schemas of finance tables: authorities' income and spending, and costs per place or pupil, in pounds, cash terms.

Invariant: a column of money ends in ``_gbp``; budget and outturn, before and after deductions, are never one
column.
"""

from __future__ import annotations

import pandera.pandas as pa

from data.schemas.base import Table, la_code, measure, schema, text
from data.schemas.places import PLACE_TYPES, PROVIDER_GROUPS, financial_year

BLOCKS: tuple[str, ...] = ("schools", "central_school_services", "high_needs", "early_years")
"""Blocks of the dedicated schools grant."""


def _la_or_england() -> pa.Column:
    return pa.Column(
        "Int64",
        pa.Check.in_range(200, 999),
        nullable=True,
        description="DfE number; null where not one authority",
    )


TABLES: tuple[Table, ...] = (
    Table(
        "dsg_allocations",
        "Dedicated schools grant by block and financial year, before and after recoupment, GBP.",
        schema(
            {
                "la_code": la_code(),
                "financial_year": financial_year(),
                "block": text("Block of the grant", isin=BLOCKS),
                "before_recoupment_gbp": measure(
                    "Allocation before academy recoupment and direct funding", minimum=0
                ),
                "after_recoupment_gbp": measure("Paid to the authority", minimum=0),
                "version": text("Published version", isin=["summary", "2024-07-20"]),
            },
            ["la_code", "financial_year", "block"],
        ),
        period="financial_year",
    ),
    Table(
        "hnb_components",
        "What the high needs block is made of, by financial year, GBP; components differ from year to year.",
        schema(
            {
                "la_code": la_code(),
                "financial_year": financial_year(),
                "nff_excl_basic_entitlement_and_import_export_gbp": measure(
                    "Formula, 2020-21 only", minimum=0
                ),
                "basic_entitlement_unit_gbp": measure(
                    "Basic entitlement for one special school pupil", minimum=0
                ),
                "special_school_pupils": measure("Pupils in special schools", minimum=0),
                "import_export_adjustment_gbp": measure("Negative for a net exporter"),
                "additional_special_free_schools_gbp": measure("Extra for special free schools", minimum=0),
                "hn_elements_in_floor_and_gains_gbp": measure("From 2021-22", minimum=0),
                "hospital_ap_supplementary_gbp": measure(
                    "Hospital education, AP teachers' grants; from 2021-22"
                ),
                "historical_proxy_floor_gbp": measure("From 2022-23", minimum=0),
                "additional_high_needs_allocation_gbp": measure("From 2022-23", minimum=0),
                "total_before_deductions_gbp": measure("High needs block before deductions", minimum=0),
            },
            ["la_code", "financial_year"],
        ),
        period="financial_year",
    ),
    Table(
        "dsg_deductions",
        "What DfE takes off the high needs block to fund places directly, by financial year, GBP.",
        schema(
            {
                "la_code": la_code(),
                "financial_year": financial_year(),
                "provider_group": text("Kind of institution", isin=PROVIDER_GROUPS),
                "place_type": text("Kind of place", isin=PLACE_TYPES),
                "deduction_gbp": measure("Deducted in the year"),
            },
            ["la_code", "financial_year", "provider_group", "place_type"],
        ),
        period="financial_year",
    ),
    Table(
        "dsg_balance_pct",
        "Cumulative grant balance at the end of the financial year, per cent of that year's grant; a "
        "deficit is minus.",
        schema(
            {
                "level": text("Authority, region or England", isin=["authority", "region", "england"]),
                "area": text("Name as published"),
                "la_code": _la_or_england(),
                "financial_year": financial_year(),
                "balance_pct": measure("Per cent of grant income, deficit negative"),
            },
            ["level", "area", "financial_year"],
        ),
        period="financial_year",
    ),
    Table(
        "s251_high_needs_2021_22",
        "Planned and actual high needs spending by line, 2021-22, GBP. The budget includes academy places, "
        "the outturn excludes them: add dsg_deductions before comparing.",
        schema(
            {
                "la_code": la_code(),
                "side": text("Plan or actual", isin=["budget", "outturn"]),
                "line": text("Line of the return"),
                "is_total": pa.Column("bool", description="Sum of other lines: do not add it to them"),
                "value_gbp": measure("Pounds"),
            },
            ["la_code", "side", "line"],
        ),
    ),
    Table(
        "s251_context",
        "Plans by setting (January 2021) and residents aged 2 to 18 (2018-based projection to mid-2021) "
        "beside S251.",
        schema(
            {
                "la_code": la_code(),
                "residents_2_18": measure("Residents aged 2 to 18", minimum=0),
                "plans": measure("All plans, January 2021", minimum=0),
                "plans_mainstream": measure("Mainstream", minimum=0),
                "plans_specialist_base": measure("Resourced provision or SEN unit", minimum=0),
                "plans_state_special": measure("State-funded special", minimum=0),
                "plans_inmss": measure("Non-maintained special or independent", minimum=0),
                "plans_hospital_or_ap": measure("Hospital school or alternative provision", minimum=0),
                "plans_post16": measure("Post-16", minimum=0),
                "plans_other": measure("Elsewhere", minimum=0),
            },
            ["la_code"],
        ),
    ),
    Table(
        "implied_unit_costs",
        "Outturn 2021-22 over mean plans of January 2021 and 2022, GBP a plan: priors only, they include "
        "pupils without plans and authorities code differently.",
        schema(
            {
                "la_code": la_code(),
                "plans_state_special": measure("Mean plans", minimum=0),
                "plans_inmss": measure("Mean plans", minimum=0),
                "plans_independent_mainstream": measure("Mean plans", minimum=0),
                "plans_mainstream": measure("Mean plans", minimum=0),
                "plans_ap": measure("Mean plans", minimum=0),
                "plans_further_education": measure("Mean plans", minimum=0),
                "plans_specialist_post16": measure("Mean plans", minimum=0),
                "state_special_topup_gbp": measure("Top-up for a plan in a state special school"),
                "state_special_with_place_gbp": measure("The same with the GBP 10,000 place"),
                "inmss_gbp": measure("Non-maintained and independent spend for such a plan"),
                "mainstream_topup_gbp": measure("Top-up for a plan in a mainstream school"),
                "further_education_topup_gbp": measure("Post-school top-up for a college plan"),
                "specialist_post16_gbp": measure("Non-maintained post-school spend for such a plan"),
            },
            ["la_code"],
        ),
    ),
    Table(
        "unit_costs_published",
        "Published unit costs, GBP, one source each; pages were read in part, so open the page before "
        "citing.",
        schema(
            {
                "item": text("What was costed"),
                "value_gbp": measure("Pounds", minimum=0),
                "per": text("Per what"),
                "period": text("Year or date, as stated"),
                "geography": text("Area"),
                "basis": text("How it was worked out", nullable=True),
                "source_type": text("Official, press ..."),
                "source": text("Source"),
                "url": text("Address"),
                "note": text("Note", nullable=True),
                "to_verify": pa.Column("bool", description="From a machine-written summary: check the paper"),
            },
            ["item", "period", "geography", "source"],
        ),
    ),
    Table(
        "specialist_spend_per_head",
        "Spend on state and non-state specialist provision per resident aged 2 to 18, by financial year, "
        "GBP.",
        schema(
            {
                "la_code": la_code(),
                "financial_year": financial_year(),
                "category": text("Who provides", isin=["state", "independent_or_non_maintained", "total"]),
                "residents_2_18": measure("Residents aged 2 to 18", minimum=0),
                "spend_gbp": measure("Outturn"),
                "spend_per_head_gbp": measure("Outturn for each resident aged 2 to 18"),
            },
            ["la_code", "financial_year", "category"],
        ),
        period="financial_year",
    ),
    Table(
        "weekly_unit_cost",
        "SEN services outturn per week and child (support, direct payments, transport, administration), "
        "GBP, rounded to 5.",
        schema(
            {
                "level": text("Authority or England", isin=["authority", "england"]),
                "la_code": _la_or_england(),
                "financial_year": financial_year(),
                "cost_gbp": measure("Pounds a week"),
                "marker": text("Published symbol", nullable=True),
            },
            ["level", "la_code", "financial_year"],
        ),
        period="financial_year",
    ),
    Table(
        "place_funding_rules",
        "What DfE pays for a high needs place in a year, GBP, and how an academic year falls into financial "
        "years.",
        schema(
            {
                "place_type": text("Kind of place, as published"),
                "place_gbp": measure("Pounds a place and year", minimum=0),
                "months_old_academic_year": pa.Column(
                    "int64", pa.Check.isin([4, 5]), description="Months from April paid on the old count"
                ),
                "months_new_academic_year": pa.Column(
                    "int64", pa.Check.isin([7, 8]), description="Months to March paid on the new count"
                ),
                "la_years_reproduced": pa.Column(
                    "int64", description="Authority-years reproduced within GBP 5"
                ),
            },
            ["place_type"],
        ),
    ),
    Table(
        "s251_line_map",
        "Lines of the S251 return and the DfE category each feeds.",
        schema(
            {
                "s251_line": text("Line or lines"),
                "category_field": text("Field in the benchmarking service"),
                "meaning": text("Meaning"),
                "phase_split": text("Whether split by phase"),
            },
            ["s251_line"],
        ),
    ),
    Table(
        "policy_parameters",
        "Dated policy events and what each changes in a forecast; several are press reports.",
        schema(
            {
                "date": text("Date or period, as stated"),
                "event": text("Event"),
                "parameter": text("What it changes"),
                "source": text("Source"),
                "url": text("Address"),
            },
            ["date", "event"],
        ),
    ),
    Table(
        "lsrp_tables",
        "Tables of the Local SEND Reform Plan return, as far as known.",
        schema(
            {
                "table": text("Number"),
                "title": text("Title"),
                "rows": text("Rows"),
                "columns": text("Columns"),
                "evidence": text("How it is known"),
            },
            ["table"],
        ),
    ),
    Table(
        "capital_cost_benchmarks",
        "Capital cost of a place from press and consultations, GBP at the stated date, not indexed: ranges "
        "only.",
        schema(
            {
                "item": text("What was built or planned"),
                "basis": text("How the figure came about"),
                "places": measure("Places", minimum=0),
                "total_cost_gbp": measure("Scheme cost", minimum=0),
                "cost_per_place_gbp": measure("Cost of one place", minimum=0),
                "price_date": text("Price date, as stated"),
                "kind": text("Kind of place, as stated"),
                "mainstream": pa.Column("bool", description="Mainstream place, for comparison only"),
                "source": text("Source"),
                "url": text("Address"),
            },
            ["item"],
        ),
    ),
    Table(
        "mainstream_cost_per_place",
        "Cost of a mainstream place by academic year, GBP: a national cost times a regional factor, no "
        "local projects, no special schools.",
        schema(
            {
                "la_code": la_code(),
                "academic_year": text("Academic year, 2024/25"),
                "phase": text("Phase", isin=["primary", "secondary"]),
                "project": text(
                    "Kind of project", isin=["new_school", "permanent_expansion", "temporary_expansion"]
                ),
                "cost_per_place_gbp": measure("Pounds a place", minimum=0),
            },
            ["la_code", "academic_year", "phase", "project"],
        ),
        period="academic_year",
    ),
    Table(
        "published_forecasts",
        "Forecasts others have published, with the outcome where known to January 2025; open the page "
        "before citing.",
        schema(
            {
                "publisher": text("Who"),
                "published": text("When"),
                "area": text("Area as stated"),
                "la_code": _la_or_england(),
                "measure": text("What was forecast"),
                "base_period": text("Base period", nullable=True),
                "base_value": measure("Base figure"),
                "base_as_published": text("Base figure as printed", nullable=True),
                "forecast_period": text("Forecast period"),
                "forecast_value": measure("Forecast figure"),
                "forecast_as_published": text("Forecast figure as printed"),
                "is_increase": pa.Column("bool", description="The figure is an increase on the base"),
                "forecast_note": text("Note", nullable=True),
                "actual_value": measure("Outcome"),
                "actual_source": text("Where the outcome was read", nullable=True),
                "source_url": text("Address"),
                "evidence": text("How far the page was read"),
            },
            ["publisher", "area", "measure", "forecast_period", "forecast_as_published"],
        ),
    ),
    Table(
        "redbridge_finance_facts",
        "Redbridge high needs finance facts; those to verify come from machine-written summaries of council "
        "papers.",
        schema(
            {
                "fact": text("Fact"),
                "value": text("As printed"),
                "value_number": measure("The figure, where it is one number"),
                "period": text("Period"),
                "source": text("Source"),
                "status": text("Status, as noted"),
                "to_verify": pa.Column("bool", description="Check against the council's paper before use"),
            },
            ["fact", "period", "source"],
        ),
    ),
)
