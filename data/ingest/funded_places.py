"""High needs places funded directly by DfE, and special-school pupils who cross authority borders.

Invariant: a place count belongs to one part of one financial year. The two parts describe the same places in
two academic years.

Rules
-----
``parts_are_not_added``
    April to summer and autumn to March are two counts of one stock. Both are kept with their ``months``; the
    year's average is `year_average`, never the sum.
``england_is_a_sum``
    The England row is dropped after checking that it equals the authorities' sum.
``where_registered``
    A place counts where the institution is registered, not where the pupil lives: Redbridge has no college
    places because its college is registered in Tower Hamlets. Maintained special schools, maintained
    resourced provision, non-maintained and independent schools are not in the file.
``six_thousand_a_net_import``
    The adjustment is GBP 6,000 a net import; the published implied count must agree.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from data.errors import SourceError
from data.formatting import exact_pounds
from data.ingest.reading import Release, numbers

PLACES = "places/dsg_high_needs_funded_places_by_la_2020-21_to_2023-24.parquet"
IMPORT_EXPORT = "places/dsg_special_pupils_import_export_by_la_2020-21_to_2023-24.csv"

MAINSTREAM_ACADEMIES = "Mainstream academies (special educational needs (SEN) units and resourced provision)"
"""The longest published provider group."""

PROVIDERS: dict[str, str] = {
    MAINSTREAM_ACADEMIES: "mainstream_academy",
    "Special academies": "special_academy",
    "Special free schools": "special_free_school",
    "Alternative provision (AP) academies and free schools": "ap_academy",
    "16-19 academies and free schools": "academy_16_19",
    "Further education (FE) and independent learning provider (ILP)": "fe_ilp",
    "Hospital Academies": "hospital_academy",
}
"""Published provider group to ours."""

PLACE_TYPE_CODES: dict[str, str] = {
    "pre-16 sen places funded at £6,000": "pre16_sen_6000",
    "pre-16 sen places funded at £10,000": "pre16_sen_10000",
    "pre-16 sen places": "pre16_sen",
    "post-16 sen places": "post16_sen",
    "pre-16 alternative provision (ap) places": "pre16_ap",
    "pre-16 ap places": "pre16_ap",
    "fe and ilp": "fe_ilp",
    "hospital academies funding": "hospital",
}
"""Published place type, in lower case because the releases vary it, to ours."""

PART_CODES: dict[str, str] = {
    "summer_term_start_of_FY": "april_to_summer",
    "autumn_start_of_AY": "autumn_to_march",
}

GBP_PER_NET_IMPORT = 6000
"""High needs block adjustment for each net imported pupil, pounds a year."""

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def coded(values: pd.Series, codes: dict[str, str], where: str) -> pd.Series:
    """Return each published label as a code; raise an error for an unknown label."""
    result = values.map(codes)
    if result.isna().any():
        raise SourceError(
            f"{where}, column '{values.name}': '{values[result.isna()].iloc[0]}' is not a label we know. "
            "Its figures would be lost, so nothing was built. Add the label to data/ingest/funded_places.py."
        )
    return result.astype("str")


def months_in(period: str) -> int:
    """Return the months of a period such as "April 2023 to August 2023", both ends included."""
    (first, first_year), (last, last_year) = (end.split() for end in period.split(" to "))
    return 12 * (int(last_year) - int(first_year)) + _MONTHS.index(last) - _MONTHS.index(first) + 1


def year_average(places: pd.DataFrame) -> pd.Series:
    """Return places averaged over the twelve months of each financial year (rule ``parts_are_not_added``)."""
    key = ["la_code", "financial_year", "provider_group", "place_type"]
    weighted = places["places"] * places["months"] / 12
    return weighted.groupby([places[k] for k in key]).sum().rename("places")


def funded_places(release: Release) -> pd.DataFrame:
    """Return directly funded places by authority, financial year, provider, place type and part."""
    columns = [
        "financial_year", "dfe_la_code", "la_name", "provider_group", "place_type", "period", "part",
        "places",
    ]  # fmt: skip
    raw = release.parquet(PLACES, columns=columns)
    frame = pd.DataFrame(
        {
            "dfe_la_code": raw["dfe_la_code"],
            "financial_year": raw["financial_year"],
            "provider_group": coded(raw["provider_group"], PROVIDERS, PLACES),
            "place_type": coded(raw["place_type"].str.lower(), PLACE_TYPE_CODES, PLACES),
            "part": coded(raw["part"], PART_CODES, PLACES),
            "months": raw["period"].map(months_in).astype("int64"),
            "places": numbers(raw["places"], PLACES)[0],
        }
    )
    frame = without_england(frame).astype({"dfe_la_code": "int64"}).rename(columns={"dfe_la_code": "la_code"})
    return frame.sort_values(list(frame.columns[:5]), ignore_index=True)


def without_england(frame: pd.DataFrame) -> pd.DataFrame:
    """Check that England's row is the sum of the authorities', and return the authorities only (rule ``england_is_a_sum``)."""
    england = frame["dfe_la_code"] == "ENGLAND"
    key = ["financial_year", "provider_group", "place_type", "part"]
    published = frame[england].set_index(key)["places"]
    summed = frame[~england].groupby(key)["places"].sum().reindex(published.index)
    gap = (published - summed).abs().max()
    if not gap < 1:
        raise SourceError(
            f"{PLACES}: the England row differs from the sum of authorities by up to {gap:.1f} places. A "
            "row is missing or doubled, so nothing was built. Restore the published file."
        )
    return frame[~england]


def special_pupils_import_export(release: Release) -> pd.DataFrame:
    """Return special-school pupils and net imports by authority and financial year."""
    columns = {
        "pupils_in_special_schools_and_academies": "special_school_pupils",
        "import_export_adjustment_gbp": "import_export_adjustment_gbp",
        "net_imports_implied_at_6000": "net_imports",
        "additional_funding_special_free_schools_gbp": "additional_special_free_schools_gbp",
        "total_high_needs_block_gbp": "total_high_needs_block_gbp",
    }
    labels = ["financial_year", "dfe_la_code", "la_name", "import_export_basis"]
    raw = release.csv(IMPORT_EXPORT, columns=[*labels, *columns])
    frame = pd.DataFrame(
        {"la_code": raw["dfe_la_code"].astype("int64"), "financial_year": raw["financial_year"]}
    )
    for published, ours in columns.items():
        frame[ours] = numbers(raw[published], IMPORT_EXPORT)[0]
    frame["basis"] = raw["import_export_basis"]
    implied = frame["import_export_adjustment_gbp"] / GBP_PER_NET_IMPORT
    if (implied - frame["net_imports"]).abs().max() > 0.05:
        raise SourceError(
            f"{IMPORT_EXPORT}: the adjustment is not {exact_pounds(GBP_PER_NET_IMPORT)} a net import in every row. "
            "Net imports would be wrong, so nothing was built. Check the rate in the technical note."
        )
    return frame.sort_values(["la_code", "financial_year"], ignore_index=True)


BUILDERS: dict[str, Callable[[Release], pd.DataFrame]] = {
    "funded_places": funded_places,
    "special_pupils_import_export": special_pupils_import_export,
}
