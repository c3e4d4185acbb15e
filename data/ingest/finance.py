"""Finance tables: dedicated schools grant, high needs spending, unit costs and policy events.

Invariant: pounds in cash terms; a figure keeps the side (budget, outturn), stage (before, after) and version
it has.

Rules
-----
``later_version_wins``
    The summary workbook and the file of 20 July 2024 disagree on the 2023-24 high needs block (Redbridge
    62,632,087 and 62,578,386). The later total is used for every authority; after recoupment is that total
    less the later direct-funding deductions.
``components_change``
    Components not published in a year are blank: null, not zero.
``deductions_add_up``
    The published total of each authority and year must equal its lines; it is then dropped. Places in that
    file repeat `funded_places` and hospital funding by part repeats its own total: only deductions in pounds
    are kept.
``deficit_is_negative``
    The balance column is kept; "deficit" is the same figure with the opposite sign and is dropped.
``s251_reorganised``
    Rows 835, 836 and 837 are empty and dropped. Northamptonshire (928) has no spending but carries the plan
    counts that 940 and 941 lack, and a population that repeats theirs: its counts are kept, its population is
    made null.
``northamptonshire_halved``
    The derived unit costs of 940 and 941 divide by half of one January (they had no January 2021), so plans
    are doubled and costs halved; 928 has plans but no costs and is dropped with 835, 836 and 837.
``dorset_in_spend``
    In spend per head "Dorset" is the old county (835): it has figures for 2018-19 only and the population of
    the old county. The new Dorset (838) is not in the file.
``not_yet_or_no_longer``
    Years in which an authority did not exist are blank or zero in spend per head: dropped, not zero.
``verify``
    A status or note that begins "verify", or a machine-written source, sets `to_verify`.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from data.errors import SourceError
from data.financial_year import FinancialYear
from data.formatting import exact_pounds
from data.ingest.areas import current_names, resolve_names
from data.ingest.funded_places import PLACE_TYPE_CODES, PROVIDERS, coded
from data.ingest.reading import Release, numbers
from data.ingest.redbridge import LA_CODE as REDBRIDGE
from data.ingest.redbridge import blank_as_null
from data.prices.place_rates import place_rate
from data.schemas.finance import BLOCKS
from data.vocabulary import ALL

ALLOCATIONS = "finance/dsg_allocations_by_la_2019-20_to_2023-24.csv"
COMPONENTS = "finance/dsg_high_needs_block_components_by_la_2020-21_to_2023-24.csv"
DEDUCTIONS = "finance/dsg_high_needs_deductions_places_and_gbp_by_la_2020-21_to_2023-24.parquet"
BALANCE = "finance/dsg_cumulative_balance_pct_by_la.csv"
S251 = "finance/s251_high_needs_budget_outturn_2021-22_by_la.csv"
IMPLIED = "finance/DERIVED_implied_unit_costs_2021-22_by_la.csv"
UNIT_COSTS = "finance/unit_costs_published.csv"
SPEND = "finance/specialist_spend_per_head_by_la.csv"
WEEKLY = "finance/lait_sen_weekly_unit_cost_by_la.csv"
PLACE_RULES = "finance/place_funding_rules.csv"
LINE_MAP = "finance/s251_high_needs_line_map.csv"
POLICY = "finance/policy_parameters_timeline.csv"
LSRP = "finance/lsrp_return_tables.csv"
FORECASTS = "benchmarks/published_forecasts_vs_actuals_to_jan2025.csv"
FACTS = "redbridge/redbridge_finance_facts.csv"

LATER_YEAR = "2023-24"
"""Financial year with two versions of the high needs block (rule ``later_version_wins``)."""

LATER_VERSION = "2024-07-20"
"""Date of the version that is used."""

S251_EMPTY: tuple[int, ...] = (835, 836, 837)
"""Old Dorset, Poole and Bournemouth: rows without a figure (rule ``s251_reorganised``)."""

HALVED: tuple[int, ...] = (940, 941)
"""Authorities whose derived plan counts are half of the real ones (rule ``northamptonshire_halved``)."""

_TOTAL = "Total deduction to high needs block for direct funding of places (£s)"
_COMPONENT_NAMES: dict[str, str] = {
    "nff_excl_basic_entitlement_and_import_export_gbp": "nff_excl_basic_entitlement_and_import_export_gbp",
    "basic_entitlement_unit_aca_gbp": "basic_entitlement_unit_gbp",
    "special_school_pupils": "special_school_pupils",
    "import_export_adjustment_gbp": "import_export_adjustment_gbp",
    "additional_special_free_schools_gbp": "additional_special_free_schools_gbp",
    "hn_elements_in_floor_and_gains_gbp": "hn_elements_in_floor_and_gains_gbp",
    "hospital_ed_ap_tpg_supplementary_gbp": "hospital_ap_supplementary_gbp",
    "hnnff_historical_proxy_floor_gbp": "historical_proxy_floor_gbp",
    "additional_high_needs_allocation_gbp": "additional_high_needs_allocation_gbp",
    "total_hnb_before_deductions_gbp": "total_before_deductions_gbp",
}
_S251_CONTEXT: dict[str, str] = {
    "pop_2_18_mid2021proj": "residents_2_18",
    "ehcp_total": "plans",
    "ehcp_mainstream": "plans_mainstream",
    "ehcp_rp_or_unit": "plans_specialist_base",
    "ehcp_state_special": "plans_state_special",
    "ehcp_nmss_or_independent": "plans_inmss",
    "ehcp_hospital_or_ap": "plans_hospital_or_ap",
    "ehcp_post16": "plans_post16",
    "ehcp_other": "plans_other",
}
_IMPLIED_PLANS: dict[str, str] = {
    "state_special": "plans_state_special",
    "inmss_special": "plans_inmss",
    "mainstream_independent": "plans_independent_mainstream",
    "mainstream_state": "plans_mainstream",
    "pru_ap": "plans_ap",
    "fe": "plans_further_education",
    "spi": "plans_specialist_post16",
}
_IMPLIED_COSTS: dict[str, str] = {
    "topup_per_state_special_ehcp": "state_special_topup_gbp",
    "state_special_incl_10k_place": "state_special_with_place_gbp",
    "nonmaint_special_spend_per_inmss_ehcp": "inmss_gbp",
    "mainstream_state_topup_per_ehcp": "mainstream_topup_gbp",
    "post_school_state_topup_per_fe_ehcp": "further_education_topup_gbp",
    "nonmaint_post_school_per_spi_ehcp": "specialist_post16_gbp",
}


def _number(values: pd.Series, where: str) -> pd.Series:
    """Return numbers, null where blank."""
    return numbers(values.where(values != "", "-"), where)[0]


def _authorities(raw: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of authorities with an integer ``la_code``, without England."""
    kept = raw[raw["old_la_code"] != "ENGLAND"]
    return kept.assign(la_code=kept["old_la_code"].astype("int64"))


def later_high_needs(allocations: pd.DataFrame, later: pd.Series, deducted: pd.Series) -> pd.DataFrame:
    """Return allocations with the later version of the 2023-24 high needs block (rule ``later_version_wins``).

    Parameters
    ----------
    allocations
        Columns of the ``dsg_allocations`` table.
    later
        Later total before deductions of `LATER_YEAR`, pounds, indexed by ``la_code``.
    deducted
        Later direct-funding deduction of the same year, pounds, indexed by ``la_code``; absent means nil.

    Raises
    ------
    SourceError
        An authority has an allocation but no later total.
    """
    rows = (allocations["financial_year"] == LATER_YEAR) & (allocations["block"] == "high_needs")
    codes = allocations.loc[rows, "la_code"]
    missing = sorted(set(codes) - set(later.index))
    if missing:
        raise SourceError(
            f"{COMPONENTS} has no {LATER_YEAR} total for {', '.join(map(str, missing))}, which "
            f"{ALLOCATIONS} lists. Two versions would be mixed, so nothing was built. Restore the published "
            "file."
        )
    before = codes.map(later)
    after = before - codes.map(deducted).fillna(0)
    result = allocations.copy()
    result.loc[rows, "before_recoupment_gbp"] = before
    result.loc[rows, "after_recoupment_gbp"] = after
    result.loc[rows, "version"] = LATER_VERSION
    return result


def dsg_allocations(release: Release) -> pd.DataFrame:
    """Return the grant by authority, financial year and block."""
    stages = ("before_recoupment_gbp", "after_recoupment_gbp")
    columns = [
        f"{name}_{stage}" for stage in stages for name in (*(f"{b}_block" for b in BLOCKS), "total_dsg")
    ]
    raw = _authorities(
        release.csv(ALLOCATIONS, columns=["financial_year", "old_la_code", "la_name", *columns])
    )
    parts = []
    for block in BLOCKS:
        part = raw[["la_code", "financial_year"]].assign(block=block)
        for stage in stages:
            part[stage] = _number(raw[f"{block}_block_{stage}"], ALLOCATIONS)
        parts.append(part)
    frame = pd.concat(parts, ignore_index=True).assign(version="summary")
    components = hnb_components(release)
    later = components[components["financial_year"] == LATER_YEAR]
    deductions = dsg_deductions(release)
    deducted = (
        deductions[deductions["financial_year"] == LATER_YEAR].groupby("la_code")["deduction_gbp"].sum()
    )
    frame = later_high_needs(frame, later.set_index("la_code")["total_before_deductions_gbp"], deducted)
    return frame.sort_values(["la_code", "financial_year", "block"], ignore_index=True)


def hnb_components(release: Release) -> pd.DataFrame:
    """Return the components of the high needs block (rule ``components_change``)."""
    raw = release.csv(COMPONENTS, columns=["financial_year", "old_la_code", "la_name", *_COMPONENT_NAMES])
    raw = _authorities(raw)
    frame = raw[["la_code", "financial_year"]].copy()
    for published, ours in _COMPONENT_NAMES.items():
        frame[ours] = _number(raw[published], COMPONENTS)
    return frame.sort_values(["la_code", "financial_year"], ignore_index=True)


def lines_without_total(frame: pd.DataFrame) -> pd.DataFrame:
    """Check that deduction lines add up to their total, and return the lines only (rule ``deductions_add_up``).

    Parameters
    ----------
    frame
        Columns ``la_code``, ``financial_year``, ``provider_group`` (as published), ``deduction_gbp``.
    """
    total = frame["provider_group"] == _TOTAL
    key = ["la_code", "financial_year"]
    published = frame[total].set_index(key)["deduction_gbp"]
    summed = frame[~total].groupby(key)["deduction_gbp"].sum().reindex(published.index, fill_value=0)
    gap = (published - summed).abs()
    if (gap > 1).any():
        worst = gap.sort_values().reset_index().iloc[-1]
        raise SourceError(
            f"{DEDUCTIONS}: the lines of authority {worst['la_code']} in {worst['financial_year']} miss its "
            f"total by {exact_pounds(gap.max())}. A line is missing or doubled, so nothing was built. Restore "
            "the published file."
        )
    return frame[~total]


def dsg_deductions(release: Release) -> pd.DataFrame:
    """Return deductions in pounds by authority, financial year, provider and place type."""
    columns = [
        "financial_year", "old_la_code", "la_name", "provider_group", "place_type", "period_or_measure",
        "value",
    ]  # fmt: skip
    raw = _authorities(release.parquet(DEDUCTIONS, columns=columns))
    pounds = raw["period_or_measure"].str.contains("(£s)", regex=False) | (raw["provider_group"] == _TOTAL)
    raw = raw[pounds]
    frame = raw[["la_code", "financial_year", "provider_group", "place_type"]].assign(
        deduction_gbp=_number(raw["value"], DEDUCTIONS)
    )
    frame = lines_without_total(frame)
    frame = frame.assign(
        provider_group=coded(frame["provider_group"], PROVIDERS, DEDUCTIONS),
        place_type=coded(frame["place_type"].str.lower(), PLACE_TYPE_CODES, DEDUCTIONS),
    )
    return frame.sort_values(list(frame.columns[:4]), ignore_index=True)


def dsg_balance_pct(release: Release) -> pd.DataFrame:
    """Return the cumulative balance as a percentage of grant, deficits negative (rule ``deficit_is_negative``)."""
    balance = "DSG cumulative balance as a % of the total income"
    columns = [
        "time_period",
        "geographic_level",
        "region_name",
        "la_name",
        "deficit",
        balance,
        "financial_year",
    ]
    raw = release.csv(BALANCE, columns=columns)
    level = raw["geographic_level"].map(
        {"National": "england", "Regional": "region", "Local authority": "authority"}
    )
    authority = level == "authority"
    codes = resolve_names(raw.loc[authority, "la_name"], current_names(release), BALANCE)
    frame = pd.DataFrame(
        {
            "level": level.astype("str"),
            "area": raw["la_name"].where(authority, raw["region_name"]),
            "la_code": codes.reindex(raw.index).astype("Int64"),
            "financial_year": raw["financial_year"],
            "balance_pct": _number(raw[balance], BALANCE),
        }
    )
    return frame.sort_values(["level", "area", "financial_year"], ignore_index=True)


def _s251(release: Release) -> pd.DataFrame:
    raw = _authorities(release.csv(S251))
    empty = raw["la_code"].isin(S251_EMPTY)
    money = [c for c in raw.columns if c.startswith(("budget_2021_22_", "outturn_2021_22_"))]
    if (raw.loc[empty, money] != "").any(axis=None):
        raise SourceError(
            f"{S251}: authority 835, 836 or 837 has a figure; they ended before 2021-22. The rows may be "
            "misplaced, so nothing was built. Compare with the published workbook."
        )
    return raw[~empty]


def s251_high_needs_2021_22(release: Release) -> pd.DataFrame:
    """Return high needs budget and outturn by line; lines an authority left blank are not in the table."""
    raw = _s251(release)
    parts = []
    for side in ("budget", "outturn"):
        prefix = f"{side}_2021_22_"
        lines = raw[["la_code", *(c for c in raw.columns if c.startswith(prefix))]]
        part = lines.melt(id_vars="la_code", var_name="line", value_name="published")
        parts.append(part.assign(side=side, line=part["line"].str.removeprefix(prefix)))
    frame = pd.concat(parts, ignore_index=True)
    frame["value_gbp"] = _number(frame["published"], S251)
    frame["is_total"] = frame["line"].str.contains("_total")
    frame = frame.dropna(subset="value_gbp")[["la_code", "side", "line", "is_total", "value_gbp"]]
    return frame.sort_values(["la_code", "side", "line"], ignore_index=True)


def s251_context(release: Release) -> pd.DataFrame:
    """Return plan counts and residents beside the S251 lines (rule ``s251_reorganised``)."""
    raw = _s251(release)
    frame = raw[["la_code"]].copy()
    for published, ours in _S251_CONTEXT.items():
        frame[ours] = _number(raw[published], S251)
    successors = frame["la_code"].isin(HALVED).sum() == len(HALVED)
    frame["residents_2_18"] = frame["residents_2_18"].mask((frame["la_code"] == 928) & successors)
    return frame.sort_values("la_code", ignore_index=True)


def one_january(frame: pd.DataFrame) -> pd.DataFrame:
    """Return unit costs with those of 940 and 941 per plan of their only January (rule ``northamptonshire_halved``)."""
    rows = frame["la_code"].isin(HALVED)
    result = frame.copy()
    plans = list(_IMPLIED_PLANS.values())
    costs = [c for c in _IMPLIED_COSTS.values() if c != "state_special_with_place_gbp"]
    result.loc[rows, plans] = frame.loc[rows, plans] * 2
    result.loc[rows, costs] = frame.loc[rows, costs] / 2
    # The place is paid for each pupil, so it is added after halving the top-up, not halved with it.
    place = place_rate("state_special", age=10, occupancy=ALL, year=FinancialYear(2021))
    result.loc[rows, "state_special_with_place_gbp"] = result.loc[rows, "state_special_topup_gbp"] + place
    return result


def implied_unit_costs(release: Release) -> pd.DataFrame:
    """Return estimated costs per plan by placement; authorities without any cost are not in the table."""
    columns = ["region", "old_la_code", "la_name", *_IMPLIED_PLANS, *_IMPLIED_COSTS]
    raw = _authorities(release.csv(IMPLIED, columns=columns))
    frame = raw[["la_code"]].copy()
    for published, ours in (_IMPLIED_PLANS | _IMPLIED_COSTS).items():
        frame[ours] = _number(raw[published], IMPLIED)
    frame = frame.dropna(subset=list(_IMPLIED_COSTS.values()), how="all")
    return one_january(frame).sort_values("la_code", ignore_index=True)


def needs_checking(*texts: pd.Series) -> pd.Series:
    """Return True for rows whose text says that the figure must be checked (rule ``verify``)."""
    flags = [t.str.contains(r"^verify|machine-written", regex=True) for t in texts]
    return pd.concat(flags, axis=1).any(axis=1)


def unit_costs_published(release: Release) -> pd.DataFrame:
    """Return published unit costs, one source each."""
    columns = [
        "placement_or_item", "value_gbp", "per", "period", "geography", "basis", "source_type", "source",
        "url",
        "confidence_note",
    ]  # fmt: skip
    raw = release.csv(UNIT_COSTS, columns=columns)
    frame = blank_as_null(raw).assign(
        value_gbp=_number(raw["value_gbp"], UNIT_COSTS),
        to_verify=needs_checking(raw["confidence_note"], raw["source"]),
    )
    frame = frame[[*columns, "to_verify"]]
    return frame.rename(columns={"placement_or_item": "item", "confidence_note": "note"})


def specialist_spend_per_head(release: Release) -> pd.DataFrame:
    """Return specialist spend per resident aged 2 to 18 (rule ``dorset_in_spend``)."""
    columns = ["la_name", "category", "year", "Spend per head", "pop_est", "total_spend", "region"]
    raw = release.csv(SPEND, columns=columns)
    frame = pd.DataFrame(
        {
            "la_code": resolve_names(raw["la_name"], current_names(release), SPEND, special={"Dorset": 835}),
            "financial_year": raw["year"],
            "category": raw["category"].str.lower().str.replace("or non-m", "or_non_m").str.replace(" ", "_"),
            "residents_2_18": _number(raw["pop_est"], SPEND),
            "spend_gbp": _number(raw["total_spend"], SPEND),
            "spend_per_head_gbp": _number(raw["Spend per head"], SPEND),
        }
    )
    return existing(frame).sort_values(["la_code", "financial_year", "category"], ignore_index=True)


def existing(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the years in which an authority existed: those with any spending (rule ``not_yet_or_no_longer``)."""
    spent = frame.groupby(["la_code", "financial_year"])["spend_gbp"].transform("sum")
    return frame[spent > 0]


def weekly_unit_cost(release: Release) -> pd.DataFrame:
    """Return the weekly cost of SEN services by authority (and England) and financial year."""
    columns = ["Short Desc", "Data item", "Years", "LA and Regions", "Values", "LA Number", "Region"]
    raw = release.csv(WEEKLY, columns=columns)
    cost, marker = numbers(raw["Values"], WEEKLY)
    number = raw["LA Number"].astype("float64").astype("Int64")
    england = number == 970
    frame = pd.DataFrame(
        {
            "level": england.map({True: "england", False: "authority"}).astype("str"),
            "la_code": number.mask(england),
            "financial_year": raw["Years"].str.removesuffix(" (OT)"),
            "cost_gbp": cost,
            "marker": marker,
        }
    )
    frame = frame[~number.between(980, 999)]
    return frame.sort_values(["level", "la_code", "financial_year"], ignore_index=True)


def months_of_split(split: pd.Series) -> pd.DataFrame:
    """Return the months paid at the old and at the new academic year's rate, from text such as "5/12 + 7/12"."""
    twelfths = split.str.extract(r"^(\d)/12\D.*?(\d)/12").astype("int64")
    twelfths.columns = pd.Index(["months_old_academic_year", "months_new_academic_year"])
    return twelfths


def place_funding_rules(release: Release) -> pd.DataFrame:
    """Return funding per place by year, with the months that fall into each financial year."""
    columns = [
        "place_type",
        "gbp_per_place_per_year",
        "financial_year_split",
        "la_years_reproduced_within_gbp_5",
    ]
    raw = release.csv(PLACE_RULES, columns=columns)
    return pd.DataFrame(
        {
            "place_type": raw["place_type"],
            "place_gbp": _number(raw["gbp_per_place_per_year"], PLACE_RULES),
            **months_of_split(raw["financial_year_split"]),
            "la_years_reproduced": raw["la_years_reproduced_within_gbp_5"].astype("int64"),
        }
    )


def s251_line_map(release: Release) -> pd.DataFrame:
    """Return S251 lines with the spending category of each."""
    raw = release.csv(LINE_MAP, columns=["s251_line", "fbit_field", "meaning", "phase_split"])
    return raw.rename(columns={"fbit_field": "category_field"})


def policy_parameters(release: Release) -> pd.DataFrame:
    """Return dated policy events."""
    return release.csv(POLICY, columns=["date", "event", "parameter", "source", "url"])


def lsrp_tables(release: Release) -> pd.DataFrame:
    """Return the tables of the Local SEND Reform Plan return."""
    return release.csv(LSRP, columns=["table", "title", "rows", "columns", "evidence"])


def leading_number(cells: pd.Series) -> pd.Series:
    """Return the number at the start of a cell such as "840000 (almost)" or "+220000 additional pupils"."""
    return cells.str.extract(r"^\+?(\d+(?:\.\d+)?)", expand=False).astype("float64")


def published_forecasts(release: Release) -> pd.DataFrame:
    """Return forecasts published by others, with outcomes where known."""
    columns = [
        "publisher", "published", "area", "measure", "base_period", "base_value", "forecast_period",
        "forecast_value", "forecast_note", "actual_value", "actual_source", "source_url", "evidence",
    ]  # fmt: skip
    raw = release.csv(FORECASTS, columns=columns)
    frame = blank_as_null(raw)
    frame["base_as_published"] = frame["base_value"]
    frame["forecast_as_published"] = frame["forecast_value"]
    frame["base_value"] = leading_number(raw["base_value"])
    frame["forecast_value"] = leading_number(raw["forecast_value"])
    frame["actual_value"] = _number(raw["actual_value"], FORECASTS)
    frame["is_increase"] = raw["forecast_value"].str.startswith("+")
    frame["la_code"] = (
        raw["area"].str.extract(r"\((\d{3})\)$", expand=False).astype("float64").astype("Int64")
    )
    frame["la_code"] = frame["la_code"].mask(raw["area"] == "Redbridge", REDBRIDGE)
    order = [
        "publisher", "published", "area", "la_code", "measure", "base_period", "base_value",
        "base_as_published",
        "forecast_period", "forecast_value", "forecast_as_published", "is_increase", "forecast_note",
        "actual_value", "actual_source", "source_url", "evidence",
    ]  # fmt: skip
    return frame[order]


def redbridge_finance_facts(release: Release) -> pd.DataFrame:
    """Return finance facts about Redbridge; those that must be checked are flagged (rule ``verify``)."""
    columns = ["fact", "value", "period", "source", "status"]
    raw = release.csv(FACTS, columns=columns)
    number = pd.to_numeric(raw["value"], errors="coerce").astype("float64")
    frame = raw.assign(value_number=number, to_verify=needs_checking(raw["status"], raw["source"]))
    return frame[["fact", "value", "value_number", "period", "source", "status", "to_verify"]]


BUILDERS: dict[str, Callable[[Release], pd.DataFrame]] = {
    "dsg_allocations": dsg_allocations,
    "hnb_components": hnb_components,
    "dsg_deductions": dsg_deductions,
    "dsg_balance_pct": dsg_balance_pct,
    "s251_high_needs_2021_22": s251_high_needs_2021_22,
    "s251_context": s251_context,
    "implied_unit_costs": implied_unit_costs,
    "unit_costs_published": unit_costs_published,
    "specialist_spend_per_head": specialist_spend_per_head,
    "weekly_unit_cost": weekly_unit_cost,
    "place_funding_rules": place_funding_rules,
    "s251_line_map": s251_line_map,
    "policy_parameters": policy_parameters,
    "lsrp_tables": lsrp_tables,
    "published_forecasts": published_forecasts,
    "redbridge_finance_facts": redbridge_finance_facts,
}
