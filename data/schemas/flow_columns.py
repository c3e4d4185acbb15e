"""Columns in which flows are published, by release, and the code that each has in our tables.

Invariant: the codes are all that the tables of `data.schemas.flows` may hold; ingest reads the columns by them.
"""

from __future__ import annotations

from data.vocabulary import ALL

REQUESTS: dict[str, str] = {
    "requests_received_in_year": "received",
    "requests_rya": "received_ry",
    "requests_decided_to_assess": "to_assess",
    "requests_decided_not_to_assess": "refused",
    "requests_decision_not_made": "pending",
    "requests_withdrawn": "withdrawn",
}
"""Request columns of the 2025 release; ``received_ry`` are children in relevant youth accommodation."""

ASSESSMENTS: dict[str, str] = {
    "assess_in_year": "assess_in_year",
    "assess_issued": "issued",
    "assess_not_issued": "not_issued",
    "assess_not_made": "pending",
    "assess_withdrawn": "withdrawn",
}
"""Assessment columns of the 2025 release; ``assess_in_year`` (2022 on) counts all four outcomes."""

TIMELINESS: dict[str, str] = {
    "plans_issued_den": "issued",
    "plans_issued_within_20_weeks": "within_20_weeks",
    "plans_issued_den_ex": "issued_excl_exceptions",
    "plans_issued_20_weeks_ex": "within_20_weeks_excl_exceptions",
    "plans_issued_gt20weeks_ltYear": "over_20_weeks_to_1_year",
    "plans_issued_gt20weeks_ltYear_ex": "over_20_weeks_to_1_year_excl_exceptions",
    "plans_issued_gt_1_year": "over_1_year",
    "plans_issued_gt_1_year_ex": "over_1_year_excl_exceptions",
}
"""Timeliness columns of the 2025 release; the last four (how long the late ones took) from 2023."""

REASONS: dict[str, str] = {
    "total_ceased": ALL,
    "max_age": "max_age",
    "needs_met": "needs_met",
    "he": "higher_education",
    "employ": "employment",
    "transfer": "transfer",
    "no_engage": "disengaged",
    "moved_outside_eng": "moved_outside_england",
    "deceased": "deceased",
    "not_rec": "not_recorded",
    "other": "other",
}
"""Why a plan ceased; ``transfer`` is to another authority, where the plan goes on."""

DISCONTINUED: dict[str, str] = {
    "DisleaEHC": "transfer",
    "DismetEHC": "needs_met",
    "DisleftEHC": "left_school",
    "DisothEHC": "other",
    "MtosiEHC": "mainstream_to_special",
    "SitomEHC": "special_to_mainstream",
    "MtoParEHC": "mainstream_to_home",
    "SitoParEHC": "special_to_home",
}
"""Discontinued plans of the 2022 release, compulsory school age; the last four are moves, not ends."""

WORK_BASED: dict[str, str] = {
    "open_supp_intern": "supported_internship",
    "open_apprentice": "apprenticeship",
    "open_trainee": "traineeship",
}
"""Kinds of work-based placement open in January."""

RESIDENTIAL: dict[str, str] = {"Res_3851": "38-51", "Res_52": "52"}
"""Weeks a year of residential placements."""
