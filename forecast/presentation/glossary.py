"""Terms of the field, each explained to a newcomer in one sentence, for tooltips and the glossary.

Invariant: every term is explained once, here.
"""

from __future__ import annotations

from forecast.presentation import wording

TERMS: dict[str, str] = {
    "80 % interval": f"A range that {wording.OUTCOMES_INSIDE}, as long as the law stays as it is.",
    "Age": "Whole years at 31 August before the January, so Reception is 4 and Year 6 is 10.",
    "Base case": "What is expected if the law stays as it is and no scheme beyond those agreed is built.",
    "Chance of shortfall": "Share of the forecast's futures in which at least one child is short of a specialist place.",
    "Cost to build": "The whole cost of building a scheme or programme, whoever pays, in prices of one year.",
    "Deficit": "More spent than came in, added up over the years and carried over at 31 March.",
    "EHC plan": "Education, health and care plan: a legal document for a child or young person of 0 to 25, "
    "kept by the authority.",
    "Empty": "Places that nobody fills, because no child who wants one is of their ages and needs.",
    "Enough places": "No more children without any specialist place than the few in 100 that were allowed for.",
    "EOTAS": "Education otherwise than at school, arranged by the authority.",
    "Estimated": "Worked out by the planner from national tables because nobody has published or entered the figure.",
    "Full": "A setting is full where fewer than one of its places is free.",
    "High needs block": "The part of the dedicated schools grant that pays for children and young people with special needs.",
    "INMSS": "Independent and non-maintained special schools.",
    "January": "Plans are counted once a year, in January; 2030 means January 2030, in academic year 2029/30.",
    "Joining rate": "New plans a year for every 1,000 residents who have none.",
    "Lifetime chance": "Of 100 children, how many would have a plan at some time if every age joined as in one year.",
    "New plans": "EHC plans issued for the first time in a calendar year.",
    "Payback": "Years from opening until what is saved has paid for what was spent, later years not counting for less.",
    "Phase": "Early years, primary, secondary or post-16, by age at 31 August.",
    "Phase transfer": "The move to the next phase, such as from Year 6 to Year 7, when a plan must name a new school.",
    "Placed": "Children who want a specialist place and get one of the kind they want.",
    "Places": "Specialist places open or agreed for the academic year, in the authority and, held constant, elsewhere.",
    "Present value": "What a scheme saves less what it costs over its life, in pounds of one year; later years count for less, "
    "as in the Treasury's Green Book.",
    "Primary need": "The one need recorded first in a plan, such as autism.",
    "Pupils": "Children in the places of a setting, those who wanted another kind of place and took a free one here included.",
    "Rate per 1,000": "EHC plans for every 1,000 residents aged 0 to 25.",
    "Register of places": "The list of settings with specialist places: for which ages and needs, how many, from when.",
    "Residents": "Children are counted where they live, places where they are; pupils from elsewhere are allowed for.",
    "Run out": "Places run out in the first January in which one child or more is at least as likely as not to be short.",
    "Scenario": "The forecast made again with levers, such as more requests or a new school, and the same chances otherwise.",
    "Scheme": "Places that somebody may build: a school, a base, an expansion; it may open late, or not at all.",
    "SEN2": "The yearly return of EHC plans to the Department for Education, counted in January.",
    "Short": "Children who want a specialist place of a kind, and whose age and need no free place of that kind admits.",
    "Specialist base": "Places for specialist teaching in a mainstream school: an SEN unit or resourced provision.",
    "Stability grant": "A grant that pays most of the eligible deficit at 31 March 2026 if the authority's plan is approved.",
    "State special school": "A special school paid for by the state: maintained, academy or free school.",
    "Statistical neighbour": "One of the ten authorities most like this one, as children's services compare themselves.",
    "Statutory override": "A rule, to 31 March 2028, that keeps high needs deficits apart from the council's own reserves.",
    "Three futures": "The forecast by what becomes of the joining rate: it goes on rising, levels off or falls.",
    "Turned away": "Children thought to have no specialist place today because there is none; inferred, not counted.",
    "Waiting": "Children whom the council counts as waiting for a specialist place on a day.",
    "Want a specialist place": "Children who would be in a specialist place if places grew with today's choices, with those "
    "turned away today.",
    "What another future costs": "What a programme is worth less, if another future comes than the one it was chosen for, than "
    "the best one for that future.",
    "Without any specialist place": "Children who are short and have no free place of another specialist kind either: what a "
    "programme is chosen on, because a place in another kind of school is still a place.",
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
