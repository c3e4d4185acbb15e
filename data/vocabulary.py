"""The field's closed lists: needs, ages, age bands, phases, provisions, markers.

Every list is ordered as planners print it and every code is stable: files and tests rely on them.

Ages are whole years at 31 August before the January census (the start of the academic year), so
national curriculum year = age - 4: age 4 is Reception, 10 is Year 6, 15 is Year 11. The release of January
2026 says so; those of January 2024 and 2025 do not, but their settings do: colleges hold 0.2 % of plans at
age 15 and 37 to 39 % at age 16, as in 2026.
"""

from __future__ import annotations

from dataclasses import dataclass

SMALLEST_AUTHORITIES: tuple[int, ...] = (201, 420)
"""City of London and Isles of Scilly: under 30 plans each, left out of many releases and of every pooled estimate; their
derived population is unreliable."""

AGES: tuple[int, ...] = tuple(range(2, 26))
"""Single years of age in stocks; 2 stands for "under 3"."""


@dataclass(frozen=True, slots=True)
class AgeRange:
    """A named run of ages, both ends included."""

    code: str
    label: str
    low: int
    high: int

    @property
    def ages(self) -> tuple[int, ...]:
        """Single ages of the range, as ages occur in counts of plans."""
        return tuple(a for a in AGES if self.low <= a <= self.high)


AGE_BANDS: tuple[AgeRange, ...] = (
    AgeRange("0-4", "Under 5", 0, 4),
    AgeRange("5-10", "Age 5 to 10", 5, 10),
    AgeRange("11-15", "Age 11 to 15", 11, 15),
    AgeRange("16-19", "Age 16 to 19", 16, 19),
    AgeRange("20-25", "Age 20 to 25", 20, 25),
)
"""The five published bands (DfE, Education, health and care plans)."""

POPULATION_BASES: dict[str, str] = {
    "ons_mye_single_age_0_17_scaled": "estimate",
    "cohort_aged_0_17_scaled_to_ons_total": "estimate",
    "ons_snpp_2022_based_migration_category_variant": "projection",
    "ons_mye_mid2023": "estimate",
    "aged_on_from_mid2023": "projection",
    "aged_on_from_mid2023_under_18_as_ons_2022_based": "projection",
}
"""How a number of residents was made, and whether that is an estimate or a projection. Whatever rests on the ONS projection is
one, for years now past too: it was published later than estimates of those years."""

PHASES: tuple[AgeRange, ...] = (
    AgeRange("early_years", "Early years", 0, 3),
    AgeRange("primary", "Primary", 4, 10),
    AgeRange("secondary", "Secondary", 11, 15),
    AgeRange("post16", "Post-16", 16, 25),
)
"""Phases by age at 31 August: Reception to Year 6 is primary, Years 7 to 11 secondary."""

BAND_CODES: tuple[str, ...] = tuple(b.code for b in AGE_BANDS)
PHASE_CODES: tuple[str, ...] = tuple(p.code for p in PHASES)
ALL = "All"
"""The code for a total over a dimension."""

PHASE_OF_AGE: tuple[str, ...] = tuple(
    next(phase.code for phase in PHASES if age in phase.ages) for age in AGES
)
"""Phase of each of `AGES`."""


def band_of(age: int) -> str:
    """Return the age band code of one age in years."""
    return next(b.code for b in AGE_BANDS if b.low <= age <= b.high)


NEEDS: dict[str, str] = {
    "ASD": "Autistic spectrum disorder",
    "SLCN": "Speech, language and communications needs",
    "SEMH": "Social, emotional and mental health",
    "MLD": "Moderate learning difficulty",
    "SLD": "Severe learning difficulty",
    "PMLD": "Profound and multiple learning difficulty",
    "SPLD": "Specific learning difficulty",
    "PD": "Physical disability",
    "HI": "Hearing impairment",
    "VI": "Visual impairment",
    "MSI": "Multi-sensory impairment",
    "OTH": "Other difficulty or disability",
    "UNKNOWN": "Need not recorded",
}
"""Primary need, one per plan: code to label. Down syndrome, a need of its own from January 2026 (`data.published_needs`), is in
"other", so that no trend is read across the change."""

NEED_CODES: tuple[str, ...] = tuple(NEEDS)


@dataclass(frozen=True, slots=True)
class NeedGroup:
    """Primary needs that share places, such as "autism places" in planners' terms."""

    code: str
    label: str
    needs: tuple[str, ...]


NEED_GROUPS: tuple[NeedGroup, ...] = (
    NeedGroup("autism", "Autism", ("ASD",)),
    NeedGroup("communication", "Speech, language and communication", ("SLCN",)),
    NeedGroup("semh", "Social, emotional and mental health", ("SEMH",)),
    NeedGroup("learning", "Moderate and specific learning difficulties", ("MLD", "SPLD")),
    NeedGroup("severe_learning", "Severe and profound learning difficulties", ("SLD", "PMLD")),
    NeedGroup("physical_sensory", "Physical and sensory", ("PD", "HI", "VI", "MSI")),
    NeedGroup("other", "Other or not recorded", ("OTH", "UNKNOWN")),
)
"""Groups of needs for places; every need is in exactly one."""

NEED_GROUP_CODES: tuple[str, ...] = tuple(g.code for g in NEED_GROUPS)

PROVISIONS: dict[str, str] = {
    "early_years": "Early years setting",
    "mainstream": "Mainstream school",
    "support_base": "Support base",
    "specialist_base": "Specialist base (SEN unit or resourced provision)",
    "state_special": "State-funded special school",
    "inmss": "Independent or non-maintained special school (INMSS)",
    "independent_mainstream": "Independent mainstream school",
    "ap": "Alternative provision",
    "general_fe": "Further education or sixth-form college",
    "specialist_post16": "Specialist post-16 institution",
    "training_provider": "Other post-16 training provider",
    "ehe": "Elective home education",
    "eotas": "Education other than at school and other arrangements",
    "neet": "Not in education, employment or training",
    "not_recorded": "Awaiting placement or not recorded",
}
"""Where a plan holder is taught: our provision code to label. Closed list; every plan has exactly one.

Support bases are school-funded and not in any return up to January 2025, so their published stock is nil.
"""

PROVISION_CODES: tuple[str, ...] = tuple(PROVISIONS)

SPECIALIST_PROVISIONS: tuple[str, ...] = ("state_special", "specialist_base", "specialist_post16")
"""Provisions whose places an authority commissions and plans: what "specialist places" means here."""

MARKERS: dict[str, str] = {
    "x": "not available",
    "z": "not applicable",
    "c": "confidential",
    "low": "rounds to nil",
    "u": "low reliability",
    "-": "missing",
}
"""Published symbols that stand where a number would: symbol to meaning."""
