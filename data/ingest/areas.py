"""Authorities: names, when they existed and every ONS code they have carried, from the EHC plan releases.

Invariant: an authority is its three-digit DfE number. ONS codes and spellings are translated here, once, and
an unknown one stops the build.

Rules
-----
``recodes_are_known``
    An authority that appears with more than one ONS code must have a ``recode`` row in
    ``data/reference/area_history.csv``; releases disagree about the dates (the 2025 release prints the old
    Buckinghamshire code again for 2024 and 2025), so the dates come from that file, not from the releases.
``one_name``
    Spellings that other releases use are listed in `ALIASES`; nothing is matched approximately.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from data.errors import SourceError
from data.ingest.reading import Release

SEN2_2022 = "sen2/education-health-and-care-plans_2022.zip"
SEN2_2025 = "sen2/education-health-and-care-plans_2025.zip"
DISTRICTS = "population/lookup_ltla_to_education_la.csv"
POPULATION = "population/population_0_25_by_la.parquet"
HISTORY = Path(__file__).parents[1] / "reference" / "area_history.csv"

ENDED: tuple[int, ...] = (835, 836, 837, 909, 928)
"""Authorities that no longer exist: old Dorset, Poole, Bournemouth, Cumbria, Northamptonshire."""

ALIASES: dict[str, int] = {
    "Bedford Borough": 822,
    "Bournemouth": 837,
    "Bournemouth (Pre LG)": 837,
    "Bournemouth, Christchurch & Poole": 839,
    "Bournemouth Christchurch and Poole": 839,
    "Bristol City of": 801,
    "Cumbria": 909,
    "Dorset (New, LA code 838)": 838,
    "Dorset (Pre LG)": 835,
    "Durham": 840,
    "Herefordshire": 884,
    "Kingston Upon Hull, City of": 810,
    "Kingston upon Hull City of": 810,
    "Northamptonshire": 928,
    "Poole": 836,
    "Poole (Pre LG)": 836,
    "St Helens": 342,
    "Stoke on Trent": 861,
}
"""Spellings other than the official one, each to the authority it means."""


def history() -> pd.DataFrame:
    """Return the hand-kept list of mergers, splits and recodes, one row for each predecessor and successor."""
    return pd.read_csv(HISTORY, dtype={"effective": "str", "note": "str"})


def current_names(release: Release) -> dict[str, int]:
    """Return the official name of each current authority with its DfE number."""
    lookup = release.csv(
        DISTRICTS, columns=["ltla_code", "ons_code_education_la", "dfe_la_code", "dfe_la_name"]
    )
    return {str(n): int(c) for n, c in zip(lookup["dfe_la_name"], lookup["dfe_la_code"], strict=True)}


def authority_of_gss(release: Release) -> dict[str, int]:
    """Return the DfE number of each ONS code a current authority has had."""
    lookup = release.csv(
        DISTRICTS, columns=["ltla_code", "ons_code_education_la", "dfe_la_code", "dfe_la_name"]
    )
    codes = {
        str(g): int(c) for g, c in zip(lookup["ons_code_education_la"], lookup["dfe_la_code"], strict=True)
    }
    recodes = history().query("kind == 'recode'")
    return codes | dict(zip(recodes["predecessor_gss_code"], recodes["predecessor_la_code"], strict=True))


def resolve_names(
    names: pd.Series, known: Mapping[str, int], where: str, *, special: Mapping[str, int] | None = None
) -> pd.Series:
    """Return the DfE number of each name (rule ``one_name``).

    Parameters
    ----------
    names
        Names as published.
    known
        Official names, from `current_names`.
    where
        File name for messages.
    special
        What a name means in this file alone; it wins over the others.

    Raises
    ------
    SourceError
        A name is neither official nor a listed spelling.
    """
    meaning = {**known, **ALIASES, **(special or {})}
    codes = names.map(meaning)
    if codes.isna().any():
        unknown = sorted(names[codes.isna()].unique())
        raise SourceError(
            f"{where}, column '{names.name}': no authority is called {', '.join(map(repr, unknown))}. Its "
            "figures would be lost, so nothing was built. Add the spelling to ALIASES in "
            "data/ingest/areas.py with its DfE number."
        )
    return codes.astype("int64")


def _sen2_rows(release: Release) -> pd.DataFrame:
    """Return every (authority, January) of both EHC plan releases with its code, name and region."""
    older = release.csv(SEN2_2022, member="data/sen2_age_caseload.csv")
    newer = release.csv(SEN2_2025, member="data/caseload.csv")
    older["january"] = older["time_period"].astype("int64")
    newer["january"] = (newer["time_period"].str[:2] + newer["time_period"].str[4:]).astype("int64")
    columns = ["geographic_level", "january", "old_la_code", "new_la_code", "la_name", "region_name"]
    rows = pd.concat([older[columns], newer[columns]], ignore_index=True).drop_duplicates()
    rows = rows[rows["geographic_level"] == "Local authority"]
    return rows.assign(la_code=rows["old_la_code"].astype("int64"))


def _codes(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the ONS codes of each authority, oldest first (rule ``recodes_are_known``)."""
    changes = history().query("kind == 'recode'").to_dict("records")
    recodes = {int(change["predecessor_la_code"]): change for change in changes}
    codes: list[tuple[int, str, int, int | None]] = []
    for la_code in sorted(rows["la_code"].unique().tolist()):
        own = rows[rows["la_code"] == la_code]
        seen = own["new_la_code"].unique().tolist()
        first = int(own["january"].min())
        last = int(own["january"].max()) if la_code in ENDED else None
        chain: list[tuple[str, int, int | None]] = [(str(seen[0]), first, last)]
        if la_code in recodes:
            change = recodes[la_code]
            start = int(change["first_january"])
            chain = [
                (str(change["predecessor_gss_code"]), first, start - 1),
                (str(change["successor_gss_code"]), start, last),
            ]
        strange = sorted(set(seen) - {gss for gss, _, _ in chain})
        if strange:
            raise SourceError(
                f"The EHC plan releases give authority {la_code} the ONS code(s) {', '.join(strange)}, which "
                "data/reference/area_history.csv does not know. Joins by ONS code would lose it, so nothing "
                "was built. Add a 'recode' row with both codes and the first January of the new one."
            )
        codes += [(la_code, *entry) for entry in chain]
    frame = pd.DataFrame(codes, columns=["la_code", "gss_code", "first_january", "last_january"])
    return frame.astype({"last_january": "Int64", "first_january": "int64"})


def area_gss(release: Release) -> pd.DataFrame:
    """Return every ONS code an authority has had."""
    return _codes(_sen2_rows(release)).sort_values(["la_code", "first_january"], ignore_index=True)


def areas(release: Release) -> pd.DataFrame:
    """Return the authorities, current and ended, from the EHC plan releases."""
    rows = _sen2_rows(release)
    latest = _codes(rows).groupby("la_code")["gss_code"].last()
    spans = rows.groupby("la_code").agg(
        name=("la_name", "last"),
        region=("region_name", "last"),
        first_january=("january", "min"),
        last_january=("january", "max"),
    )
    people = release.parquet(POPULATION)[["dfe_la_code", "region"]].drop_duplicates()
    london = people[people["region"].isin(["Inner London", "Outer London"])]
    halves = london.set_index(london["dfe_la_code"].astype("int64"))["region"]
    frame = spans.assign(gss_code=latest, inner_outer=halves.reindex(spans.index)).reset_index()
    frame["is_current"] = ~frame["la_code"].isin(ENDED)
    frame["last_january"] = frame["last_january"].astype("Int64").mask(frame["is_current"])
    columns = ["la_code", "gss_code", "name", "region", "inner_outer"]
    columns += ["first_january", "last_january", "is_current"]
    return frame[columns].astype({"inner_outer": "str"})


BUILDERS: dict[str, Callable[[Release], pd.DataFrame]] = {"areas": areas, "area_gss": area_gss}
