"""Codes of what flows count: measures, reasons and kinds.

Invariant: these are all that the tables of `data.schemas.flows` may hold; the layout of a release says by which columns they are
published (`data/ingest/sen2_layouts`).
"""

from __future__ import annotations

from data.vocabulary import ALL

REQUESTS: tuple[str, ...] = (
    "received",
    "received_ry",
    "to_assess",
    "refused",
    "pending",
    "withdrawn",
)
"""Requests; ``received_ry`` are children in relevant youth accommodation."""

ASSESSMENTS: tuple[str, ...] = (
    "assess_in_year",
    "issued",
    "not_issued",
    "pending",
    "withdrawn",
)
"""Assessments; ``assess_in_year`` (2022 on) counts all four outcomes."""

TIMELINESS: tuple[str, ...] = (
    "issued",
    "within_20_weeks",
    "issued_excl_exceptions",
    "within_20_weeks_excl_exceptions",
    "over_20_weeks_to_1_year",
    "over_20_weeks_to_1_year_excl_exceptions",
    "over_1_year",
    "over_1_year_excl_exceptions",
)
"""Plans issued, and how many in time; the last four (how long the late ones took) from 2023."""

REASONS: tuple[str, ...] = (
    ALL,
    "max_age",
    "needs_met",
    "higher_education",
    "employment",
    "transfer",
    "disengaged",
    "moved_outside_england",
    "deceased",
    "not_recorded",
    "other",
)
"""Why a plan ceased; ``transfer`` is to another authority, where the plan goes on."""

DISCONTINUED: tuple[str, ...] = (
    "transfer",
    "needs_met",
    "left_school",
    "other",
    "mainstream_to_special",
    "special_to_mainstream",
    "mainstream_to_home",
    "special_to_home",
)
"""Discontinued plans to calendar 2021, compulsory school age; the last four are moves, not ends."""

WORK_BASED: tuple[str, ...] = (
    "supported_internship",
    "apprenticeship",
    "traineeship",
)
"""Kinds of work-based placement open in January."""

RESIDENTIAL: tuple[str, ...] = (
    "38-51",
    "52",
)
"""Weeks a year of residential placements."""
