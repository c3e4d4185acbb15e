"""Places in Redbridge as published by the council and its schools, and a local extract to check against.

Invariant: each row keeps its source address; nothing here is an official statistic except where it says so.

Rules
-----
``total_is_not_a_school``
    The last row of resourced provision is the DSG total of all mainstream academies, which the named
    academies are part of. It is dropped; `funded_places` holds the same figure.
``under_three_is_two``
    The youngest row, "under 3", becomes age 2, as in every stock table.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from data.errors import SourceError
from data.ingest.reading import Release
from data.ingest.schools import counts

LA_CODE = 317
"""DfE number of the authority whose own sources are read here."""

SETTINGS = "redbridge/redbridge_specialist_settings.csv"
RESOURCED = "redbridge/redbridge_resourced_provision.csv"
CHANGES = "redbridge/redbridge_planned_changes.csv"
AGES = "redbridge/redbridge_ehc_single_age_by_setting_jan2024_jan2025.csv"


def blank_as_null(frame: pd.DataFrame) -> pd.DataFrame:
    """Return text cells with blanks as nulls."""
    return frame.mask(frame == "")


def without_total(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the named schools only (rule ``total_is_not_a_school``)."""
    total = frame["school"].str.startswith("ALL ")
    if total.sum() != 1 or frame["urn"][~total].eq("").any():
        raise SourceError(
            f"{RESOURCED}: expected one row 'ALL mainstream academies' without a URN and schools with one. "
            "A total counted as a school would double its places, so nothing was built. Check the file."
        )
    return frame[~total]


def single_age(labels: pd.Series) -> pd.Series:
    """Return the age of labels such as "age 7" (rule ``under_three_is_two``)."""
    return labels.replace("under 3", "age 2").str.removeprefix("age ").astype("int64")


def redbridge_settings(release: Release) -> pd.DataFrame:
    """Return Redbridge special schools and alternative provision."""
    columns = [
        "urn", "name", "category", "phase", "age_low", "age_high", "needs", "published_places",
        "places_as_of",
        "places_source", "roll", "roll_as_of", "roll_source", "dfe_funded_places_pre16",
        "dfe_funded_places_post16",
        "funded_as_of", "lat", "lon", "note",
    ]  # fmt: skip
    raw = release.csv(SETTINGS, columns=columns)
    frame = blank_as_null(raw).assign(urn=raw["urn"].astype("int64"))
    for column in ("lat", "lon"):
        frame[column] = frame[column].astype("float64")
    whole = [
        "age_low",
        "age_high",
        "published_places",
        "roll",
        "dfe_funded_places_pre16",
        "dfe_funded_places_post16",
    ]
    for column in whole:
        frame[column] = counts(raw[column], SETTINGS)
    frame = frame[columns].rename(columns=lambda name: name.removeprefix("dfe_"))
    return frame.sort_values("urn", ignore_index=True)


def redbridge_resourced_provision(release: Release) -> pd.DataFrame:
    """Return resourced provision in named Redbridge schools."""
    columns = [
        "urn", "school", "need", "year_groups", "planned_or_commissioned_places", "opened", "full_by",
        "places_source", "gias_rp_on_roll_2026", "note",
    ]  # fmt: skip
    raw = without_total(release.csv(RESOURCED, columns=columns))
    frame = blank_as_null(raw).assign(
        urn=raw["urn"].astype("int64"),
        planned_or_commissioned_places=counts(raw["planned_or_commissioned_places"], RESOURCED),
        gias_rp_on_roll_2026=counts(raw["gias_rp_on_roll_2026"], RESOURCED),
    )
    names = {"planned_or_commissioned_places": "places_planned", "gias_rp_on_roll_2026": "on_roll_2026"}
    return frame[columns].rename(columns=names).sort_values("urn", ignore_index=True)


def redbridge_planned_changes(release: Release) -> pd.DataFrame:
    """Return changes of places in Redbridge that were consulted on, agreed or opened."""
    columns = ["school", "urn", "place_change", "resulting_total", "effective", "status", "source", "note"]
    raw = release.csv(CHANGES, columns=columns)
    whole = {name: counts(raw[name], CHANGES) for name in ("urn", "place_change", "resulting_total")}
    return blank_as_null(raw).assign(**whole)[columns]


def redbridge_age_placement(release: Release) -> pd.DataFrame:
    """Return Redbridge plans by single age and broad setting."""
    names = {
        "ehcplans": "plans", "mainstream_total": "mainstream", "special_total": "special",
        "ap_pru_total": "ap",
        "fe_total": "further_education", "ed_elsewhere": "elsewhere", "nm_early_years": "early_years",
        "placement_unknown": "not_recorded",
    }  # fmt: skip
    raw = release.csv(AGES, columns=["january", "age", *names])
    frame = pd.DataFrame({"january": raw["january"].astype("int64"), "age": single_age(raw["age"])})
    for published, ours in names.items():
        frame[ours] = counts(raw[published], AGES)
    return frame.sort_values(["january", "age"], ignore_index=True)


BUILDERS: dict[str, Callable[[Release], pd.DataFrame]] = {
    "redbridge_settings": redbridge_settings,
    "redbridge_resourced_provision": redbridge_resourced_provision,
    "redbridge_planned_changes": redbridge_planned_changes,
    "redbridge_age_placement": redbridge_age_placement,
}
