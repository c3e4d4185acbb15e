"""Terms of the field, each explained to a newcomer in one sentence, for tooltips and the glossary.

Invariant: every term is explained once, here.
"""

from __future__ import annotations

from forecast.presentation import wording

TERMS: dict[str, str] = {
    "80 % interval": f"A range that {wording.OUTCOMES_INSIDE}, as long as the law stays as it is.",
    "Age": "Whole years at 31 August before the January, so Reception is 4 and Year 6 is 10.",
    "Chance of shortfall": "Share of the forecast's futures in which at least one child is without the "
    "specialist place they want.",
    "Deficit": "More spent than came in, added up over the years and carried over at 31 March.",
    "EHC plan": "Education, health and care plan: a legal document for a child or young person of 0 to 25, "
    "kept by the authority.",
    "EOTAS": "Education otherwise than at school, arranged by the authority.",
    "Estimated": "Worked out by the planner from national tables because nobody has published or entered the figure.",
    "Filled": "Children who would get a place of the kind they want.",
    "High needs block": "The part of the dedicated schools grant that pays for children and young people with special needs.",
    "INMSS": "Independent and non-maintained special schools.",
    "January": "Plans are counted once a year, in January; 2030 means January 2030, in academic year 2029/30.",
    "Joining rate": "New plans a year for every 1,000 residents who have none.",
    "Latent demand": "Children thought to be turned away today because there is no place; inferred, not counted.",
    "Lifetime chance": "Of 100 children, how many would have a plan at some time if every age joined as in one year.",
    "New plans": "EHC plans issued for the first time in a calendar year.",
    "Phase": "Early years, primary, secondary or post-16, by age at 31 August.",
    "Phase transfer": "The move to the next phase, such as from Year 6 to Year 7, when a plan must name a new school.",
    "Places": "Specialist places open or agreed for the academic year, in the authority and, held constant, elsewhere.",
    "Primary need": "The one need recorded first in a plan, such as autism.",
    "Present value": "What a scheme saves less what it costs over its life, in pounds of one year; later years count for less.",
    "Rate per 1,000": "EHC plans for every 1,000 residents aged 0 to 25.",
    "Register of places": "The list of settings with specialist places: for which ages and needs, how many, from when.",
    "Regret": "What a programme loses, if another future comes than the one it was chosen for, against the best for that future.",
    "Run out": "Places run out in the first January in which a shortfall of a child or more is at least as likely as not.",
    "Scenario": "The forecast made again with levers, such as more requests or a new school, and the same chances otherwise.",
    "SEN2": "The yearly return of EHC plans to the Department for Education, counted in January.",
    "Specialist base": "Places for specialist teaching in a mainstream school: an SEN unit or resourced provision.",
    "Statistical neighbour": "One of the ten authorities most like this one, as children's services compare themselves.",
    "Stability grant": "A grant that pays most of the eligible deficit at 31 March 2026 if the authority's plan is approved.",
    "State special school": "A special school paid for by the state: maintained, academy or free school.",
    "Statutory override": "A rule, to 31 March 2028, that keeps high needs deficits apart from the council's own reserves.",
    "Three futures": "The draws of the forecast by what becomes of the joining rate: it goes on rising, levels off or falls.",
    "Wanted": "Children who would be in a specialist place if places grew with today's choices, with those turned away today.",
}
"""Term to what it means, in alphabetical order."""


def meaning(*terms: str) -> str:
    """Return the meaning of some terms, one a line, for a tooltip.

    Raises
    ------
    KeyError
        A term is not explained.
    """
    return "\n\n".join(f"**{term}**: {TERMS[term]}" for term in terms)
