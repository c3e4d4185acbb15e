"""Candidate schemes as levers, for a forecast with them, and candidates derived for an authority that has proposed none.

Invariants: a candidate's lever opens a setting of its own, so places in the register are never counted twice; derived candidates
depend on the shortfall only, and say that nobody proposed them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from data.capital.benchmarks import benchmark, location_factor
from data.capital.candidates import KINDS, Candidate, Kind
from data.registers.register import PHASINGS, SLIPPAGE
from data.vocabulary import NEED_CODES, NEED_GROUPS, PHASES, AgeRange, NeedGroup
from forecast.capital.schemes import Choice
from forecast.core.outcome import Outcome
from scenarios.scenario import Scenario
from scenarios.schemes import Scheme

FEWEST_SHORT = 8.0
"""Children short of a place, on average, below which no candidate is derived."""

AHEAD = 5
"""Years after the origin at which the shortfall is looked at: beyond five no forecast has been scored."""

SIZES: dict[Kind, tuple[int, int]] = {
    "base": (8, 28), "special_expansion": (16, 70), "new_special": (80, 180), "post16_centre": (20, 80),
}  # fmt: skip
"""Smallest and largest derived candidate of a kind, in places: our assumption, of the order of those in Redbridge's register."""

SOURCE = "Assumption: derived from the authority's forecast shortfall; nobody has proposed it"


def as_scheme(choice: Choice) -> Scheme:
    """Return the lever that opens a candidate's places."""
    c = choice.candidate
    values = {
        "id": c.id,
        "action": "open",
        "setting": f"{c.title} (candidate)",
        "when": choice.opens,
        "provision": c.provision,
        "ages": f"{c.age_low}-{c.age_high}",
        "places": c.places,
        "urn": c.urn,
        "phasing": c.phasing,
        "confidence": c.confidence,
        "chance_delivered": c.chance_delivered,
        "chance_on_time": c.chance_on_time,
        "typical_delay_years": c.typical_delay_years,
        "why": f"Candidate of the capital programme: {c.source}"[:400],
        "status": "proposed",
    }
    if set(c.needs) != set(NEED_CODES):
        values["needs"] = list(c.needs)
    return Scheme.model_validate(values)


def as_scenario(choices: Sequence[Choice], area: str, based_on: Scenario | None = None) -> Scenario:
    """Return a scenario that builds some candidates in an authority, on top of another scenario if one is given."""
    own = tuple(as_scheme(choice) for choice in choices)
    return Scenario(
        id="capital-programme",
        title="Capital programme",
        areas=(area,),
        levers=((*based_on.levers, *own) if based_on is not None else own),
    )


def derive_candidates(outcome: Outcome) -> tuple[Candidate, ...]:
    """Return candidates for an authority's largest shortfalls: bases, special school places and post-16 centres.

    For each phase of school age and need group with enough children short, a base for those who want or accept one and an
    expansion of a special school; a new special school for the largest group; post-16 centres. Costs are benchmarks.
    """
    january = outcome.plans.origin + AHEAD
    known = outcome.shortfall.short["january"].to_numpy().tolist()
    at = january if january in known else known[-1]
    short = outcome.shortfall.short.sel(january=at).mean("draw")
    year = outcome.plans.origin + 1
    last = known[-1] - 1
    candidates: list[Candidate] = []
    for phase in PHASES[1:3]:
        for group in NEED_GROUPS:
            cell = short.sel(phase=phase.code, need_group=group.code)
            special = float(cell.sel(provision="state_special"))
            base = float(cell.sel(provision="specialist_base")) + 0.25 * special
            if base >= FEWEST_SHORT:
                candidates.append(_derive_candidate("base", outcome, phase, group, base, year, last))
            if special >= 2 * FEWEST_SHORT:
                candidates.append(
                    _derive_candidate("special_expansion", outcome, phase, group, 0.75 * special, year, last)
                )
    by_group = short.sel(provision="state_special", phase=[p.code for p in PHASES[1:3]]).sum("phase")
    largest = NEED_GROUPS[int(by_group.to_numpy().argmax())]
    if float(by_group.max()) >= SIZES["new_special"][0]:
        both = AgeRange("school", "School age", PHASES[1].low, PHASES[2].high)
        candidates.append(
            _derive_candidate("new_special", outcome, both, largest, float(by_group.max()), year, last)
        )
    later = float(short.sel(phase=PHASES[3].code, provision="specialist_post16").sum())
    if later >= FEWEST_SHORT:
        everyone = NeedGroup("all", "all needs", NEED_CODES)
        candidates.append(_derive_candidate("post16_centre", outcome, PHASES[3], everyone, later, year, last))
    return tuple(candidates)


def _derive_candidate(
    kind: Kind, outcome: Outcome, phase: AgeRange, group: NeedGroup, short: float, year: int, last: int
) -> Candidate:
    """Return one derived candidate, no larger than its kind usually is and than the shortfall."""
    low, high = SIZES[kind]
    usual = benchmark(kind)
    slips = SLIPPAGE["agreed", "low"]
    ages = phase.high - phase.low + 1
    places = int(np.clip(short, low, high))
    if kind == "base":
        places = max(ages, places // ages * ages)  # the same number in each year group
    return Candidate(
        id=f"{kind.replace('_', '-')}-{phase.code.replace('_', '-')}-{group.code.replace('_', '-')}",
        title=f"{KINDS[kind]}: {phase.label.lower()}, {group.label[0].lower()}{group.label[1:]}",
        kind=kind,
        places=places,
        age_low=phase.low,
        age_high=phase.high,
        needs=group.needs,
        opens=min(year + usual.lead_years, last),
        lead_years=usual.lead_years,
        phasing=PHASINGS[1] if usual.by_year_group else PHASINGS[0],
        chance_delivered=slips.delivered,
        chance_on_time=slips.on_time,
        typical_delay_years=slips.delay,
        capital_low=usual.capital_low,
        capital_high=usual.capital_high,
        price_year=usual.price_year,
        location_factor=round(location_factor(outcome.area.la_code) / usual.location, 3),
        optimism_bias=usual.optimism_bias,
        grant_share=usual.grant_share,
        borrow_years=usual.borrow_years,
        borrow_rate=usual.borrow_rate,
        basis="assumed",
        confidence="low",
        source=SOURCE,
        assumed=(
            "lead_years", "phasing", "chance_delivered", "chance_on_time", "typical_delay_years", "capital_low",
            "capital_high", "price_year", "location_factor", "optimism_bias", "grant_share", "borrow_years", "borrow_rate",
        ),
    )  # fmt: skip
