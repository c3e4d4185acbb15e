"""Placement categories of the published returns, and the provision type that each belongs to.

Invariant: every category belongs to exactly one provision of `data.vocabulary.PROVISIONS`; sums and subtotals of the
releases are not categories.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PlacementCategory:
    """A published placement category and the provision type it belongs to.

    Parameters
    ----------
    code
        Ours.
    label
        For people.
    provision
        Code in `data.vocabulary.PROVISIONS`.
    """

    code: str
    label: str
    provision: str


PLACEMENTS: tuple[PlacementCategory, ...] = (
    PlacementCategory("nm_early_years", "Non-maintained early years", "early_years"),
    PlacementCategory("mainstream_la_maintained", "Mainstream: maintained", "mainstream"),
    PlacementCategory(
        "mainstream_la_maintained_resourced_provision",
        "Mainstream: maintained, resourced provision",
        "specialist_base",
    ),
    PlacementCategory(
        "mainstream_la_maintained_senunit", "Mainstream: maintained, SEN unit", "specialist_base"
    ),
    PlacementCategory("mainstream_academy", "Mainstream: academy", "mainstream"),
    PlacementCategory(
        "mainstream_academy_resourced_provision",
        "Mainstream: academy, resourced provision",
        "specialist_base",
    ),
    PlacementCategory("mainstream_academy_senunit", "Mainstream: academy, SEN unit", "specialist_base"),
    PlacementCategory("mainstream_free_school", "Mainstream: free school", "mainstream"),
    PlacementCategory(
        "mainstream_free_school_resourced_provision",
        "Mainstream: free school, resourced provision",
        "specialist_base",
    ),
    PlacementCategory(
        "mainstream_free_school_senunit", "Mainstream: free school, SEN unit", "specialist_base"
    ),
    PlacementCategory("mainstream_independent", "Mainstream: independent", "independent_mainstream"),
    PlacementCategory("special_la_maintained", "Special: maintained", "state_special"),
    PlacementCategory("special_academy_free", "Special: academy or free school", "state_special"),
    PlacementCategory("special_academy", "Special - Academy", "state_special"),
    PlacementCategory("special_free_school", "Special - Free school", "state_special"),
    PlacementCategory("hospital_school", "Hospital School", "state_special"),
    PlacementCategory("special_independent", "Special: independent", "inmss"),
    PlacementCategory("special_non_maintained", "Special: non-maintained", "inmss"),
    PlacementCategory("ap_pru_academy", "Alternative provision academy", "ap"),
    PlacementCategory("ap_pru_free_school", "Alternative provision free school", "ap"),
    PlacementCategory("ap_pru_la_maintained", "Pupil referral unit", "ap"),
    PlacementCategory(
        "general_fe_tertiary_colleges", "Further education, tertiary and sixth-form colleges", "general_fe"
    ),
    PlacementCategory("general_fe_he", "General FE and tertiary colleges/HE", "general_fe"),
    PlacementCategory("other_fe", "Other FE", "general_fe"),
    PlacementCategory("sixth_form_college", "Sixth form college", "general_fe"),
    PlacementCategory(
        "specialist_post_16_institutions", "Specialist post-16 institution", "specialist_post16"
    ),
    PlacementCategory(
        "independent_specialist_providers", "Independent specialist providers", "specialist_post16"
    ),
    PlacementCategory("ukrlp_provider", "Registered post-16 training provider (UKRLP)", "training_provider"),
    PlacementCategory("elective_home_education", "Elective home education", "ehe"),
    PlacementCategory("other_arrangements_la", "Other arrangements by the authority", "eotas"),
    PlacementCategory("other_arrangements_parents", "Other arrangements by parents", "eotas"),
    PlacementCategory("online_provider", "Online provider", "eotas"),
    PlacementCategory("w_settings", "Welsh setting", "eotas"),
    PlacementCategory("other_schools", "Other school", "eotas"),
    PlacementCategory("other_placement_settings", "Other placement setting", "eotas"),
    PlacementCategory("ed_elsewhere_not_itemised", "Educated elsewhere, not itemised", "eotas"),
    PlacementCategory("neet", "Not in education, employment or training", "neet"),
    PlacementCategory("neet_ntci", "Not in education: notice to cease issued", "neet"),
    PlacementCategory("neet_other", "Not in education: other ages", "neet"),
    PlacementCategory("neet_other_csa", "Not in education: compulsory school age", "neet"),
    PlacementCategory("await_prov_2022", "Awaiting provision", "not_recorded"),
    PlacementCategory(
        "await_above_csa_in_education",
        "Awaiting provision - above compulsory school age and in education",
        "not_recorded",
    ),
    PlacementCategory(
        "await_above_csa_not_in_education",
        "Awaiting provision - above compulsory school age and not in education",
        "not_recorded",
    ),
    PlacementCategory(
        "await_below_csa_in_education",
        "Awaiting provision - below compulsory school age and in education",
        "not_recorded",
    ),
    PlacementCategory(
        "await_below_csa_not_in_education",
        "Awaiting provision - below compulsory school age and not in education",
        "not_recorded",
    ),
    PlacementCategory(
        "await_csa_in_education",
        "Awaiting provision - compulsory school age and in education",
        "not_recorded",
    ),
    PlacementCategory(
        "await_csa_not_in_education",
        "Awaiting provision - compulsory school age and not in education",
        "not_recorded",
    ),
    PlacementCategory("perm_ex_2022", "Permanently excluded", "not_recorded"),
    PlacementCategory("placement_unknown", "Placement not recorded", "not_recorded"),
    PlacementCategory("unexplained", "In the total but in no published placement", "not_recorded"),
)
"""Every published placement category; what a release calls it is in its layout file (``data/ingest/sen2_layouts``).

Choices that are ours: hospital schools are state special schools; arrangements by the authority or parents,
online, Welsh, other schools and other settings are "education other than at school"; children awaiting
provision or permanently excluded are "not recorded", and so is a remainder of the total that no category
explains. "NEET" is the general category, the three others itemise notice to cease, other ages and
compulsory school age; the four add up and none contains another.
"""

PLACEMENT_CODES: tuple[str, ...] = tuple(p.code for p in PLACEMENTS)
PROVISION_OF: dict[str, str] = {p.code: p.provision for p in PLACEMENTS}
"""Placement code to provision code."""
