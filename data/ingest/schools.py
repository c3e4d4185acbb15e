"""Specialist establishments, locations of all open establishments, and a sample of mainstream schools.

Invariant: a roll is pupils, a capacity is a building, a place is commissioned; these tables hold the first
two only.

Rules
-----
``kind_of_type``
    Each published type has one kind (`KIND_OF_TYPE`). 432 of 1,965 types were inferred from GIAS by
    exclusion; where even that leaves special school or alternative provision open, the kind says so.
``cumbria_was_split``
    Rows from the 2018-20 tables carry Cumbria (909). An open school takes the successor its map point lies
    in; a closed one keeps 909.
``roll_may_be_missing``
    Blank and ``z`` rolls are null, never zero.
``rp_on_roll_is_capped``
    Self-reported pupils in resourced provision reach 1,872. Figures above `RP_ON_ROLL_CAP` are capped; the
    published figure stays beside it.
``blank_is_not_none``
    "Not applicable" means the school has no provision; a blank means it does not say.
``points_near_an_edge``
    The points file has an authority by generalised outline only, so a school near a border may be given its
    neighbour (The Aldgate School is put in Tower Hamlets, not the City). Other tables carry the true number.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from data.errors import SourceError
from data.ingest.areas import authority_of_gss, current_names, resolve_names
from data.ingest.reading import Release, numbers

SPECIALIST = "schools/specialist_establishments_england.csv"
POINTS = "schools/gias_open_establishments_points_2026-01-30.parquet"
SAMPLE = "schools/gias_mainstream_sample_with_resourced_provision_2026.parquet"
FREE_SCHOOLS = "schools/special_free_schools_wave4_approved.csv"

RP_ON_ROLL_CAP = 100
"""Most pupils believed for one school's resourced provision; the published 98th percentile is 83."""

KIND_OF_TYPE: dict[str, str] = {
    "Community special school": "state_special",
    "Foundation special school": "state_special",
    "Converter academies - special school": "state_special",
    "Sponsored academies - special school": "state_special",
    "Free schools - special school": "state_special",
    "Independent special schools": "independent_special",
    "Other independent special school": "independent_special",
    "Non-maintained special school": "non_maintained_special",
    "Non-maintained special schools": "non_maintained_special",
    "Not classified - state-funded, phase n/a (name suggests AP/PRU/hospital)": "ap",
    "Not classified - state-funded, phase n/a (special OR AP/PRU)": "state_special_or_ap",
}
"""Published or inferred type to our kind (rule ``kind_of_type``)."""

PROVISION_OF_LABEL: dict[str, str] = {
    "Not applicable": "none",
    "Resourced provision": "resourced_provision",
    "SEN unit": "sen_unit",
    "Resourced provision and SEN unit": "both",
}
"""What a school reports in GIAS to our word; a blank has none (rule ``blank_is_not_none``)."""


def ages(ranges: pd.Series) -> pd.DataFrame:
    """Return ``age_low`` and ``age_high`` of ranges such as "11 to 19"; blank gives null."""
    return ranges.str.extract(r"^(?P<age_low>\d+) to (?P<age_high>\d+)$").astype("float64").astype("Int64")


def counts(values: pd.Series, where: str) -> pd.Series:
    """Return whole numbers, null where blank or a published symbol (rule ``roll_may_be_missing``)."""
    return numbers(values.where(values != "", "-"), where, whole=True)[0]


def capped(on_roll: pd.Series) -> pd.Series:
    """Return pupils in resourced provision, with implausible figures reduced (rule ``rp_on_roll_is_capped``)."""
    return on_roll.clip(upper=RP_ON_ROLL_CAP)


def successor(la_code: pd.Series, gss: pd.Series, of_gss: dict[str, int]) -> pd.Series:
    """Return the current authority of Cumbrian schools that have a point (rule ``cumbria_was_split``)."""
    placed = gss.map(of_gss)
    return la_code.mask((la_code == 909) & placed.notna(), placed).astype("int64")


def _degrees(values: pd.Series) -> pd.Series:
    return pd.to_numeric(values.where(values != ""))


def specialist_establishments(release: Release) -> pd.DataFrame:
    """Return special schools and alternative provision, with the confidence in the kind of each."""
    columns = [
        "urn", "laestab", "name", "dfe_la_code", "ons_la_code", "la_name", "type", "age_range",
        "roll_all_ages_2023_24", "ks4_pupils_2023_24", "address", "source_of_type", "lat", "lon",
        "gias_name_2026", "open_in_gias_2026_01",
    ]  # fmt: skip
    raw = release.csv(SPECIALIST, columns=columns)
    kind = raw["type"].map(KIND_OF_TYPE)
    if kind.isna().any():
        raise SourceError(
            f"{SPECIALIST}: type '{raw['type'][kind.isna()].iloc[0]}' has no kind. Its schools would be "
            "lost, so nothing was built. Add it to KIND_OF_TYPE in data/ingest/schools.py."
        )
    frame = pd.DataFrame(
        {
            "urn": raw["urn"].astype("int64"),
            "laestab": counts(raw["laestab"], SPECIALIST),
            "name": raw["name"],
            "la_code": successor(
                raw["dfe_la_code"].astype("int64"), raw["ons_la_code"], authority_of_gss(release)
            ),
            "type": raw["type"],
            "kind": kind.astype("str"),
            "type_inferred": raw["source_of_type"].str.startswith("INFERRED"),
            **ages(raw["age_range"]),
            "roll": counts(raw["roll_all_ages_2023_24"], SPECIALIST),
            "lat": _degrees(raw["lat"]),
            "lon": _degrees(raw["lon"]),
            "open_2026": raw["open_in_gias_2026_01"] == "True",
        }
    )
    return frame.sort_values("urn", ignore_index=True)


def establishment_points(release: Release) -> pd.DataFrame:
    """Return the location of every open establishment, with the authority it lies in."""
    columns = ["urn", "name", "gias_phase", "lat", "lon", "ons_la_code_spatial", "la_name_spatial"]
    raw = release.parquet(POINTS, columns=columns)
    frame = pd.DataFrame(
        {
            "urn": raw["urn"].astype("int64"),
            "name": raw["name"],
            "phase": raw["gias_phase"],
            "lat": _degrees(raw["lat"]),
            "lon": _degrees(raw["lon"]),
            "la_code": raw["ons_la_code_spatial"].map(authority_of_gss(release)).astype("Int64"),
        }
    )
    return frame.sort_values("urn", ignore_index=True)


def resourced_provision_schools(release: Release) -> pd.DataFrame:
    """Return the sample of mainstream schools with capacity and resourced provision."""
    columns = [
        "URN", "LACode", "LAName", "EstablishmentName", "EstablishmentStatus", "PhaseOfEducation",
        "TypeOfEstablishment", "SchoolCapacity", "NumberOfPupils", "TypeOfResourcedProvision",
        "ResourcedProvisionOnRoll", "AgeLow", "AgeHigh", "Postcode", "Easting", "Northing",
        "repo_commit_date",
    ]  # fmt: skip
    raw = release.parquet(SAMPLE, columns=columns)
    on_roll = counts(raw["ResourcedProvisionOnRoll"], SAMPLE)
    frame = pd.DataFrame(
        {
            "urn": raw["URN"].astype("int64"),
            "la_code": raw["LACode"].astype("int64"),
            "name": raw["EstablishmentName"],
            "phase": raw["PhaseOfEducation"],
            "type": raw["TypeOfEstablishment"],
            "status": raw["EstablishmentStatus"].where(raw["EstablishmentStatus"] != ""),
            "capacity": counts(raw["SchoolCapacity"], SAMPLE),
            "pupils": counts(raw["NumberOfPupils"], SAMPLE),
            "provision": raw["TypeOfResourcedProvision"].map(PROVISION_OF_LABEL).astype("str"),
            "rp_on_roll": capped(on_roll),
            "rp_on_roll_published": on_roll,
            "age_low": counts(raw["AgeLow"], SAMPLE),
            "age_high": counts(raw["AgeHigh"], SAMPLE),
            "easting": raw["Easting"].astype("int64"),
            "northing": raw["Northing"].astype("int64"),
            "read_on": raw["repo_commit_date"],
        }
    )
    return frame.sort_values("urn", ignore_index=True)


def special_free_schools_approved(release: Release) -> pd.DataFrame:
    """Return special free schools approved in wave 4, by authority."""
    raw = release.csv(
        FREE_SCHOOLS,
        columns=["local_authority", "proposed_fte_places", "age_range", "designation", "wave", "source"],
    )
    frame = pd.DataFrame(
        {
            "la_code": resolve_names(raw["local_authority"], current_names(release), FREE_SCHOOLS),
            "places": counts(raw["proposed_fte_places"], FREE_SCHOOLS),
            **ages(raw["age_range"]),
            "designation": raw["designation"],
            "wave": raw["wave"],
            "source": raw["source"],
        }
    )
    return frame.sort_values("la_code", ignore_index=True)


BUILDERS: dict[str, Callable[[Release], pd.DataFrame]] = {
    "specialist_establishments": specialist_establishments,
    "establishment_points": establishment_points,
    "resourced_provision_schools": resourced_provision_schools,
    "special_free_schools_approved": special_free_schools_approved,
}
