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
from data.registers.register import ESTIMATED, Register, academic_year, frame, phase_shares, places_by_phase
from data.vocabulary import ALL, PHASES, SPECIALIST_PROVISIONS

NET_JANUARY = 2026
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
    plans_placement: pd.DataFrame,
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
    plans_age_placement, plans_placement
        Tables of resident plan holders by placement, with and without their ages.
    """
    people = residents(plans_age_placement, plans_placement, la_code)
    local = [
        *_special_schools(establishments, import_export, la_code, people),
        *_bases(funded_places, la_code, people),
    ]
    return Register(la_code, frame([*local, *net_use(frame(local), people)]), ESTIMATED, trusted=True)


def residents(plans_age_placement: pd.DataFrame, plans_placement: pd.DataFrame, la_code: int) -> Residents:
    """Return an authority's residents in specialist places at the latest January it returned.

    Where their ages are of an earlier January than their number, the ages of then are brought to the number of now, provision
    by provision, to whole residents.
    """
    aged, january = _latest_specialist(plans_age_placement, la_code)
    counted, latest = _latest_specialist(plans_placement, la_code)
    if not len(aged):
        return Residents(NET_JANUARY, {})
    summed = aged.groupby(["provision", "age"], observed=True)["plans"].sum().reset_index()
    then = {(row["provision"], row["age"]): int(row["plans"]) for row in summed.to_dict("records")}
    if latest <= january:
        return Residents(january, then)
    totals = counted.groupby("provision", observed=True)["plans"].sum()
    now: dict[tuple[str, int], int] = {}
    for provision in SPECIALIST_PROVISIONS:
        ages = _latest_ages(plans_age_placement, la_code, provision)
        if ages:
            shares = _whole_shares(int(totals.get(provision, 0)), list(ages.values()))
            now |= {(provision, age): n for age, n in zip(ages, shares, strict=True)}
    return Residents(latest, now)


def _latest_ages(plans_age_placement: pd.DataFrame, la_code: int, provision: str) -> dict[int, int]:
    """Return plans by age in a provision at the latest January an authority had any there; England's if it never had."""
    rows = plans_age_placement.query("provision == @provision and january <= @NET_JANUARY and plans > 0")
    own = rows.query("la_code == @la_code")
    known = own if len(own) else rows
    latest = known[known["january"] == known["january"].max()]
    counts = latest.groupby("age")["plans"].sum()
    return {int(age): int(n) for age, n in counts.items()}


def _latest_specialist(plans: pd.DataFrame, la_code: int) -> tuple[pd.DataFrame, int]:
    """Return an authority's rows of specialist placements at the latest January it returned, and that January."""
    mine = plans.query("la_code == @la_code and january <= @NET_JANUARY")
    returned = mine.groupby("january")["plans"].agg(lambda cells: bool(cells.notna().all()))
    if not returned.any():
        return mine.iloc[:0], NET_JANUARY
    january = int(returned.index[returned.to_numpy()].max())
    return mine[(mine["january"] == january) & mine["provision"].isin(SPECIALIST_PROVISIONS)], january


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
                year = academic_year(NET_JANUARY)
                name = f"{_NET_NAMES[provision]} (net use, January {people.january})"
                setting = _Setting(name, provision, located="elsewhere", year=year)
                evidence = _Evidence(
                    f"SEN2 January {people.january} (DfE) less the local places of this register",
                    f"{living} residents less {living - net} local places in {year}. Held constant; not in the authority's "
                    "control.",
                )
                rows.append(_estimate(setting, phase.low, phase.high, net, evidence))
    return rows


def _local(register: Register) -> dict[tuple[str, str], float]:
    """Return the number of open local places in January `NET_JANUARY`, by provision and phase."""
    places = places_by_phase(register, [NET_JANUARY], statuses=("open",)).query("located == 'local'")
    return {(row["provision"], row["phase"]): row["places"] for row in places.to_dict("records")}


def _rounded(number: float) -> int:
    """Return the nearest whole number, halves upwards."""
    return int(np.floor(number + 0.5))


@dataclass(frozen=True)
class _Evidence:
    """What an estimated row of the register rests on.

    Parameters
    ----------
    source, note
        Where its number comes from, and what to know of it.
    confidence
        How sure it is: ``low`` or ``medium``.
    roll, funded
        Published pupils on roll and funded places behind it; None where it is from neither.
    """

    source: str
    note: str
    confidence: str = "low"
    roll: int | None = None
    funded: int | None = None


@dataclass(frozen=True)
class _Setting:
    """A school, base or group of them, as a row of the register names it.

    Parameters
    ----------
    name, provision
        Its name and the code of its provision.
    urn
        Its number in the register of schools; None for a group or a base.
    located
        ``local``, or ``elsewhere`` for places in other authorities.
    year
        Academic year from which its places count.
    """

    name: str
    provision: str
    urn: int | None = None
    located: str = "local"
    year: str = "2023/24"


def _estimate(setting: _Setting, low: int, high: int, places: int, evidence: _Evidence) -> dict[str, Any]:
    """Return one open register row for ages ``low`` to ``high``, with basis ``estimated`` and the published figures behind it."""
    roll = evidence.roll
    return {
        "setting": setting.name, "urn": setting.urn, "provision": setting.provision, "needs": ALL,
        "age_low": low, "age_high": high, "from_academic_year": setting.year, "to_academic_year": None,
        "places": places, "located": setting.located,
        "roll": roll, "roll_january": None if roll is None else ROLL_JANUARY, "funded_places": evidence.funded,
        "status": "open", "basis": ESTIMATED, "confidence": evidence.confidence, "source": evidence.source,
        "note": evidence.note,
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
            evidence = (
                _Evidence(
                    "DfE key stage 4 school information 2023/24: roll",
                    _ROLL_NOTE,
                    confidence="medium",
                    roll=n,
                )
                if known
                else _Evidence(dsg, _NO_ROLL_NOTE)
            )
            setting = _Setting(school["label"], "state_special", school["urn"])
            rows.append(_estimate(setting, low, high, n, evidence))
    # The located count may hold independent schools, so anonymous places never exceed what residents use.
    used = people.count("state_special", 0, 25)
    named = sum(shares) + int(schools["roll"].sum())
    unnamed = min(rest - sum(shares), max(0, used - named)) if people.counts else rest - sum(shares)
    if unnamed:
        setting = _Setting("Special schools not listed by name", "state_special")
        evidence = _Evidence(
            dsg,
            "Special-school pupils located in the authority beyond the schools listed, no more than residents use. Replace "
            "with the schools you know.",
        )
        parts = _by_phase(unnamed, 3, 18, "state_special", people)
        rows += [_estimate(setting, low, high, n, evidence) for low, high, n in parts]
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
                evidence = _Evidence(
                    f"DSG {latest} high needs deductions: places funded from autumn",
                    "Funded places; not all may be filled by resident plan holders.",
                    confidence="medium",
                    funded=n,
                )
                setting = _Setting(f"Specialist bases in mainstream academies ({stage})", "specialist_base")
                rows.append(_estimate(setting, a, b, n, evidence))
    offered = _local(Register(la_code, frame(rows), ESTIMATED, trusted=True))
    for phase in PHASES:
        living = people.count("specialist_base", phase.low, phase.high)
        beyond = living - _rounded(offered["specialist_base", phase.code])
        if beyond > 0:
            setting = _Setting("Specialist bases in maintained schools", "specialist_base")
            evidence = _Evidence(
                f"SEN2 January {people.january} (DfE) less funded academy places",
                f"{living} residents in bases less {living - beyond} funded academy places.",
            )
            rows.append(_estimate(setting, phase.low, min(phase.high, 18), beyond, evidence))
    return rows
