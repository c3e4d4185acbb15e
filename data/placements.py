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
        Ours; the column name of the 2025 release where there is one.
    label
        For people.
    provision
        Code in `data.vocabulary.PROVISIONS`.
    label_2022
        ``establishment_type`` in the 2022 release, if it has the category.
    labels_2025
        ``breakdown`` labels of "Type of placement" in the 2025 release (spelling differs by file).
    column_2025
        Whether the 2025 release has a column of this name in ``caseload.csv`` and ``newplans.csv``.
    """

    code: str
    label: str
    provision: str
    label_2022: str | None = None
    labels_2025: tuple[str, ...] = ()
    column_2025: bool = True


def _aggregate_only(code: str, label: str, provision: str) -> PlacementCategory:
    return PlacementCategory(code, label, provision, label_2022=label, column_2025=False)


_ELSEWHERE = "Educated elsewhere - "

PLACEMENTS: tuple[PlacementCategory, ...] = (
    PlacementCategory(
        "nm_early_years", "Non-maintained early years", "early_years",
        "Non-maintained early years", ("Non-maintained early years",),
    ),
    PlacementCategory(
        "mainstream_la_maintained", "Mainstream: maintained", "mainstream",
        "Mainstream - LA maintained", ("Mainstream - LA maintained",),
    ),
    PlacementCategory(
        "mainstream_la_maintained_resourced_provision", "Mainstream: maintained, resourced provision",
        "specialist_base", "Mainstream - LA maintained - Resourced provision",
        ("Mainstream - LA maintained (resourced provision)",),
    ),
    PlacementCategory(
        "mainstream_la_maintained_senunit", "Mainstream: maintained, SEN unit", "specialist_base",
        "Mainstream - LA maintained - SEN unit", ("Mainstream - LA maintained (SEN unit)",),
    ),
    PlacementCategory(
        "mainstream_academy", "Mainstream: academy", "mainstream",
        "Mainstream - Academy", ("Mainstream - academy",),
    ),
    PlacementCategory(
        "mainstream_academy_resourced_provision", "Mainstream: academy, resourced provision",
        "specialist_base", "Mainstream - Academy - Resourced Provision",
        ("Mainstream - academy (resourced provision)",),
    ),
    PlacementCategory(
        "mainstream_academy_senunit", "Mainstream: academy, SEN unit", "specialist_base",
        "Mainstream - Academy - SEN unit", ("Mainstream - academy (SEN unit)",),
    ),
    PlacementCategory(
        "mainstream_free_school", "Mainstream: free school", "mainstream",
        "Mainstream - Free school", ("Mainstream - free school",),
    ),
    PlacementCategory(
        "mainstream_free_school_resourced_provision", "Mainstream: free school, resourced provision",
        "specialist_base", "Mainstream - Free school - Resourced provision",
        ("Mainstream - free school (resourced provision)",),
    ),
    PlacementCategory(
        "mainstream_free_school_senunit", "Mainstream: free school, SEN unit", "specialist_base",
        "Mainstream - Free school - SEN unit", ("Mainstream - free school (SEN unit)",),
    ),
    PlacementCategory(
        "mainstream_independent", "Mainstream: independent", "independent_mainstream",
        "Mainstream - Independent", ("Mainstream - independent",),
    ),
    PlacementCategory(
        "special_la_maintained", "Special: maintained", "state_special",
        "Special - LA maintained", ("Special - LA maintained",),
    ),
    PlacementCategory(
        "special_academy_free", "Special: academy or free school", "state_special",
        "Special - Academy/free", ("Special - Academy/free schools", "Special - academy/free school"),
    ),
    _aggregate_only("special_academy", "Special - Academy", "state_special"),
    _aggregate_only("special_free_school", "Special - Free school", "state_special"),
    _aggregate_only("hospital_school", "Hospital School", "state_special"),
    PlacementCategory(
        "special_independent", "Special: independent", "inmss",
        "Special - Independent", ("Special - independent",),
    ),
    PlacementCategory(
        "special_non_maintained", "Special: non-maintained", "inmss",
        "Special - Non-maintained", ("Special - non-maintained",),
    ),
    PlacementCategory(
        "ap_pru_academy", "Alternative provision academy", "ap", "AP/PRU - Academy", ("AP/PRU - academy",),
    ),
    PlacementCategory(
        "ap_pru_free_school", "Alternative provision free school", "ap",
        "AP/PRU - Free school", ("AP/PRU - free school",),
    ),
    PlacementCategory(
        "ap_pru_la_maintained", "Pupil referral unit", "ap",
        "AP/PRU - LA maintained", ("AP/PRU - LA maintained",),
    ),
    PlacementCategory(
        "general_fe_tertiary_colleges", "Further education, tertiary and sixth-form colleges", "general_fe",
        None, ("FE - general FE and tertiary colleges",),
    ),
    _aggregate_only("general_fe_he", "General FE and tertiary colleges/HE", "general_fe"),
    _aggregate_only("other_fe", "Other FE", "general_fe"),
    _aggregate_only("sixth_form_college", "Sixth form college", "general_fe"),
    PlacementCategory(
        "specialist_post_16_institutions", "Specialist post-16 institution", "specialist_post16",
        "Specialist post-16 institutions", ("FE - specialist post-16 institutions",),
    ),
    _aggregate_only(
        "independent_specialist_providers", "Independent specialist providers", "specialist_post16",
    ),
    PlacementCategory(
        "ukrlp_provider", "Registered post-16 training provider (UKRLP)", "training_provider",
        None, ("FE - UKRLP provider",),
    ),
    PlacementCategory(
        "elective_home_education", "Elective home education", "ehe",
        "Elective home education", (f"{_ELSEWHERE}elective home education",),
    ),
    PlacementCategory(
        "other_arrangements_la", "Other arrangements by the authority", "eotas",
        "Other arrangements by local authority", (f"{_ELSEWHERE}other arrangements by LA",),
    ),
    PlacementCategory(
        "other_arrangements_parents", "Other arrangements by parents", "eotas",
        "Other arrangements by parents", (f"{_ELSEWHERE}other arrangements by parents",),
    ),
    PlacementCategory("online_provider", "Online provider", "eotas", None, (f"{_ELSEWHERE}online provider",)),
    PlacementCategory("w_settings", "Welsh setting", "eotas", None, (f"{_ELSEWHERE}Welsh establishment",)),
    PlacementCategory(
        "other_schools", "Other school", "eotas", None, (f"{_ELSEWHERE}other schools and establishments",),
    ),
    PlacementCategory(
        "other_placement_settings", "Other placement setting", "eotas",
        "Other", (f"{_ELSEWHERE}other placement settings",),
    ),
    PlacementCategory(
        "ed_elsewhere_not_itemised", "Educated elsewhere, not itemised", "eotas", column_2025=False,
    ),
    PlacementCategory("neet", "Not in education, employment or training", "neet", "NEET", (f"{_ELSEWHERE}NEET",)),
    PlacementCategory(
        "neet_ntci", "Not in education: notice to cease issued", "neet",
        None, (f"{_ELSEWHERE}not in education or training (notice to cease issued)",),
    ),
    PlacementCategory(
        "neet_other", "Not in education: other ages", "neet",
        None, (f"{_ELSEWHERE}not in education or training (other)",),
    ),
    PlacementCategory(
        "neet_other_csa", "Not in education: compulsory school age", "neet",
        None, (f"{_ELSEWHERE}not in education or training (compulsory school age)",),
    ),
    PlacementCategory("await_prov_2022", "Awaiting provision", "not_recorded", "Awaiting provision - total"),
    _aggregate_only(
        "await_above_csa_in_education",
        "Awaiting provision - above compulsory school age and in education", "not_recorded",
    ),
    _aggregate_only(
        "await_above_csa_not_in_education",
        "Awaiting provision - above compulsory school age and not in education", "not_recorded",
    ),
    _aggregate_only(
        "await_below_csa_in_education",
        "Awaiting provision - below compulsory school age and in education", "not_recorded",
    ),
    _aggregate_only(
        "await_below_csa_not_in_education",
        "Awaiting provision - below compulsory school age and not in education", "not_recorded",
    ),
    _aggregate_only(
        "await_csa_in_education",
        "Awaiting provision - compulsory school age and in education", "not_recorded",
    ),
    _aggregate_only(
        "await_csa_not_in_education",
        "Awaiting provision - compulsory school age and not in education", "not_recorded",
    ),
    PlacementCategory("perm_ex_2022", "Permanently excluded", "not_recorded", "Permanently excluded"),
    PlacementCategory(
        "placement_unknown", "Placement not recorded", "not_recorded", None, ("Placement not recorded",),
    ),
    PlacementCategory("unexplained", "In the total but in no published placement", "not_recorded", column_2025=False),
)  # fmt: skip
"""Every published placement category.

Choices that are ours: hospital schools are state special schools; arrangements by the authority or parents,
online, Welsh, other schools and other settings are "education other than at school"; children awaiting
provision or permanently excluded are "not recorded", and so is a remainder of the total that no category
explains. "NEET" is the general category, the three others itemise notice to cease, other ages and
compulsory school age; the four add up and none contains another.
"""

PLACEMENT_CODES: tuple[str, ...] = tuple(p.code for p in PLACEMENTS)
PROVISION_OF: dict[str, str] = {p.code: p.provision for p in PLACEMENTS}
"""Placement code to provision code."""
