"""The capacity register estimated from national tables, for an authority that has given none.

Invariant: every row says that it is an estimate, and the same tables give the same rows. Local places come from school
rolls and funded places; places residents already use elsewhere are what is left of residents placed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from data.provisions import provisions
from data.register import ESTIMATED, Register, academic_year, frame, phase_shares, places_by_phase
from data.vocabulary import ALL, PHASES, SPECIALIST_PROVISIONS

NET_JANUARY = 2025
"""Latest January of published placements; its academic year's places are compared with residents."""

ROLL_JANUARY = 2024
"""January of the published rolls (school information of 2023/24)."""

_ROLL_NOTE = "Roll of 2023/24 taken as places; split between phases by the ages of residents."
_NO_ROLL_NOTE = "No published roll: a share of the special-school pupils who are in no school with a roll."

TYPICAL_SPECIAL_SCHOOL = 200
"""Most places given by estimate to one school without a published roll.

Three quarters of the 749 state special schools with a published roll have 204 pupils or fewer (DfE, key
stage 4 school information 2023/24).
"""

_NET_NAMES: dict[str, str] = {p.code: p.elsewhere_label for p in provisions() if p.elsewhere_label}


@dataclass(frozen=True)
class Residents:
    """An authority's residents in specialist places, by provision and age.

    Parameters
    ----------
    january
        The latest January, up to `NET_JANUARY`, whose placements the authority returned.
    counts
        Plans by (provision, age); empty if none was returned.
    """

    january: int
    counts: Mapping[tuple[str, int], int]

    def count(self, provision: str, low: int, high: int) -> int:
        """Return the number of residents in a provision at ages ``low`` to ``high``."""
        return sum(n for (p, age), n in self.counts.items() if p == provision and low <= age <= high)


def default_register(
    la_code: int,
    *,
    establishments: pd.DataFrame,
    funded_places: pd.DataFrame,
    import_export: pd.DataFrame,
    plans_age_placement: pd.DataFrame,
) -> Register:
    """Return a capacity register estimated from national tables; every row has basis ``estimated``.

    State special schools take their roll as places; those without a published roll share what is left of the
    special pupils located in the authority, and what then remains is a row of its own, no larger than
    residents use. Bases are the funded places of mainstream academies, plus maintained bases where more
    residents are in bases than that. Places used elsewhere come from `net_use`. Schools are split into phases
    by the ages of the authority's residents in state special schools.

    Parameters
    ----------
    la_code
        DfE number of the authority.
    establishments
        Table ``specialist_establishments``.
    funded_places
        Table ``funded_places``: autumn of the latest year.
    import_export
        Table ``special_pupils_import_export``: the latest year.
    plans_age_placement
        Table ``plans_age_placement``: resident plan holders.
    """
    people = residents(plans_age_placement, la_code)
    local = [
        *_special_schools(establishments, import_export, la_code, people),
        *_bases(funded_places, la_code, people),
    ]
    return Register(la_code, frame([*local, *net_use(frame(local), people)]), ESTIMATED, trusted=True)


def residents(plans_age_placement: pd.DataFrame, la_code: int) -> Residents:
    """Return an authority's residents in specialist places at the latest January it returned."""
    mine = plans_age_placement.query("la_code == @la_code and january <= @NET_JANUARY")
    returned = mine.groupby("january")["plans"].agg(lambda plans: bool(plans.notna().all()))
    if not returned.any():
        return Residents(NET_JANUARY, {})
    january = int(returned.index[returned.to_numpy()].max())
    known = mine[(mine["january"] == january) & mine["provision"].isin(SPECIALIST_PROVISIONS)]
    counts = known.groupby(["provision", "age"], observed=True)["plans"].sum().reset_index()
    return Residents(
        january, {(row["provision"], row["age"]): int(row["plans"]) for row in counts.to_dict("records")}
    )


def net_use(local: pd.DataFrame, people: Residents) -> list[dict[str, Any]]:
    """Return rows for residents' places beyond the local ones, by provision and phase.

    For each provision and phase: residents in that provision in the latest January returned minus the open local
    places of that academic year, where positive. A negative difference gives no row: those places are spare
    or used by other authorities' children, which the published figures cannot tell apart.
    """
    offered = _local(Register(None, local, ESTIMATED, trusted=True))
    rows = []
    for provision in SPECIALIST_PROVISIONS:
        for phase in PHASES:
            living = people.count(provision, phase.low, phase.high)
            net = _rounded(living - offered[provision, phase.code])
            if net > 0:
                rows.append(_estimate(
                    f"{_NET_NAMES[provision]} (net use, January {people.january})", provision, phase.low, phase.high, net,
                    source=f"SEN2 January {people.january} (DfE) less the local places of this register",
                    note=f"{living} residents less {living - net} local places in "
                    f"{academic_year(NET_JANUARY)}. Held constant; not in the authority's control.",
                    year=academic_year(NET_JANUARY), located="elsewhere", confidence="low",
                ))  # fmt: skip
    return rows


def _local(register: Register) -> dict[tuple[str, str], float]:
    """Return the number of open local places in January `NET_JANUARY`, by provision and phase."""
    places = places_by_phase(register, [NET_JANUARY], statuses=("open",)).query("located == 'local'")
    return {(row["provision"], row["phase"]): row["places"] for row in places.to_dict("records")}


def _rounded(number: float) -> int:
    """Return the nearest whole number, halves upwards."""
    return int(np.floor(number + 0.5))


def _estimate(
    setting: str, provision: str, low: int, high: int, places: int, *, source: str, note: str,
    year: str = "2023/24", located: str = "local", confidence: str = "low", urn: int | None = None,
    roll: int | None = None, funded: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Return one open register row with basis ``estimated``; published figures behind the estimate keep their own columns."""
    return {
        "setting": setting, "urn": urn, "provision": provision, "needs": ALL,
        "age_low": low, "age_high": high, "from_academic_year": year, "to_academic_year": None,
        "places": places, "located": located,
        "roll": roll, "roll_january": None if roll is None else ROLL_JANUARY, "funded_places": funded,
        "status": "open", "basis": ESTIMATED, "confidence": confidence, "source": source, "note": note,
    }  # fmt: skip


def _whole_shares(total: int, weights: Sequence[float]) -> list[int]:
    """Divide a whole number in proportion to weights, into whole numbers with the same sum (largest remainder first)."""
    exact = total * np.asarray(weights, dtype=float) / sum(weights)
    shares = np.floor(exact).astype(int)
    first = np.argsort(-(exact - shares), kind="stable")[: total - int(shares.sum())]
    shares[first] += 1
    return [int(s) for s in shares]


def _by_phase(
    places: int, low: int, high: int, provision: str, people: Residents
) -> list[tuple[int, int, int]]:
    """Divide places into (age low, age high, places) by phase, in proportion to residents of those ages.

    Falls back on the number of year groups where no resident of those ages is in the provision.
    """
    runs = [(max(low, p.low), min(high, p.high)) for p, _ in phase_shares(low, high)]
    weights: list[float] = [people.count(provision, a, b) for a, b in runs]
    if not any(weights):
        weights = [b - a + 1 for a, b in runs]
    shares = _whole_shares(places, weights)
    return [(a, b, n) for (a, b), n in zip(runs, shares, strict=True) if n] or [(low, high, 0)]


def _special_schools(
    establishments: pd.DataFrame, import_export: pd.DataFrame, la_code: int, people: Residents
) -> list[dict[str, Any]]:
    """Return rows for an authority's open state special schools, and for pupils located in it who are in none of them."""
    schools = establishments.query("la_code == @la_code and kind == 'state_special' and open_2026")
    schools = schools.sort_values("urn").assign(
        low=schools["age_low"].fillna(PHASES[1].low).astype(int).clip(0, 25),
        # A school "to 19" teaches pupils who turn 19 in the year: 18 at 31 August.
        high=(schools["age_high"].fillna(19).astype(int) - 1).clip(0, 25),
    )
    schools["high"] = schools[["low", "high"]].max(axis=1)
    schools["label"] = schools["name"].str.strip()
    twins = schools["label"].str.casefold().duplicated(keep=False)
    numbered = schools["label"] + " (URN " + schools["urn"].astype(str) + ")"
    schools["label"] = schools["label"].mask(twins, numbered)

    located = import_export.query("la_code == @la_code").dropna(subset=["special_school_pupils"])
    latest = located.sort_values("financial_year").tail(1)
    pupils = float(latest["special_school_pupils"].sum())
    rest = _rounded(max(0.0, pupils - float(schools["roll"].sum())))
    unknown = schools[schools["roll"].isna()]
    year_groups = list(unknown["high"] - unknown["low"] + 1)
    known_rest = min(rest, TYPICAL_SPECIAL_SCHOOL * len(unknown))
    shares = _whole_shares(known_rest, year_groups) if year_groups else []
    shared = {int(urn): n for urn, n in zip(unknown["urn"], shares, strict=True)}

    rows = []
    dsg = f"DSG {''.join(latest['financial_year'])}: special-school pupils located in the authority"
    for school in schools.to_dict("records"):
        known = school["urn"] not in shared
        places = int(school["roll"]) if known else shared[school["urn"]]
        for low, high, n in _by_phase(places, school["low"], school["high"], "state_special", people):
            rows.append(_estimate(
                school["label"], "state_special", low, high, n, urn=school["urn"],
                source="DfE key stage 4 school information 2023/24: roll" if known else dsg,
                note=_ROLL_NOTE if known else _NO_ROLL_NOTE, confidence="medium" if known else "low",
                roll=n if known else None,
            ))  # fmt: skip
    # The located count may hold independent schools, so anonymous places never exceed what residents use.
    used = people.count("state_special", 0, 25)
    named = sum(shares) + int(schools["roll"].sum())
    unnamed = min(rest - sum(shares), max(0, used - named)) if people.counts else rest - sum(shares)
    if unnamed:
        for low, high, n in _by_phase(unnamed, 3, 18, "state_special", people):
            rows.append(_estimate(
                "Special schools not listed by name", "state_special", low, high, n, source=dsg,
                note="Special-school pupils located in the authority beyond the schools listed, no more than "
                "residents use. Replace with the schools you know.",
            ))  # fmt: skip
    return rows


def _bases(funded_places: pd.DataFrame, la_code: int, people: Residents) -> list[dict[str, Any]]:
    """Return rows for funded bases of mainstream academies, and for maintained bases that hold the remaining residents."""
    funded = funded_places.query(
        "la_code == @la_code and provider_group == 'mainstream_academy' and part == 'autumn_to_march'"
    )
    latest = funded["financial_year"].max() if len(funded) else ""
    funded = funded[funded["financial_year"] == latest]
    academy = {
        "pre-16": (PHASES[1].low, 15, ["pre16_sen", "pre16_sen_6000", "pre16_sen_10000"]),
        "post-16": (16, 18, ["post16_sen"]),
    }
    rows = []
    for stage, (low, high, types) in academy.items():
        places = _rounded(float(funded.loc[funded["place_type"].isin(types), "places"].sum()))
        if places:
            for a, b, n in _by_phase(places, low, high, "specialist_base", people):
                rows.append(_estimate(
                    f"Specialist bases in mainstream academies ({stage})", "specialist_base", a, b, n,
                    source=f"DSG {latest} high needs deductions: places funded from autumn",
                    note="Funded places; not all may be filled by resident plan holders.",
                    confidence="medium", funded=n,
                ))  # fmt: skip
    offered = _local(Register(la_code, frame(rows), ESTIMATED, trusted=True))
    for phase in PHASES:
        living = people.count("specialist_base", phase.low, phase.high)
        beyond = living - _rounded(offered["specialist_base", phase.code])
        if beyond > 0:
            rows.append(_estimate(
                "Specialist bases in maintained schools", "specialist_base",
                phase.low, min(phase.high, 18), beyond,
                source=f"SEN2 January {people.january} (DfE) less funded academy places",
                note=f"{living} residents in bases less {living - beyond} funded academy places.",
            ))  # fmt: skip
    return rows
