"""The capital programme report: a Word paper for a cabinet decision, from a run, an appraisal and a balance.

    paper = capital_paper(Content(need, case, balance, made), about)

Invariant: a pure function. Every figure comes from what it is given, every recommendation from a stated rule, and the same
content and date give the same file. What was not given is said to be missing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.formatting import listed
from forecast.capital.schemes import Case
from forecast.core.outcome import ONE_CHILD
from forecast.finance.balance import Comparison
from forecast.presentation import capital_tables, describe, wording, words
from forecast.presentation.capital_tables import chance_all_in_bases
from forecast.presentation.money_tables import chance_of_deficit
from forecast.presentation.published_figures import in_table, spoken
from forecast.presentation.summary import LIKELY
from forecast.reports import background, money, sufficiency
from forecast.reports.background import Made
from forecast.reports.document import About, DocumentTable, Paper
from forecast.reports.options import assumptions, base_comparison, programme, regret, schemes, sections
from forecast.reports.options.interval import Spread
from forecast.reports.options.schemes import FIRM
from forecast.reports.sufficiency import Need

SURE = 0.8
"""Chance from which on a programme's value, or its being enough, supports high confidence."""

MANY_EMPTY = 0.1
"""Share of a programme's places which, left empty, a reader should be warned of."""


@dataclass(frozen=True)
class Content:
    """The inputs of a capital programme report.

    Parameters
    ----------
    need
        The run.
    case
        Schemes and programme; None where none were given.
    balance
        High needs balance without and with the programme; None where cost was not forecast.
    made
        How the paper was made.
    why_no_case
        Why there are no schemes, where something is known of it.
    """

    need: Need
    case: Case | None
    balance: Comparison | None
    made: Made
    why_no_case: str = ""


@dataclass(frozen=True)
class Confidence:
    """The confidence in a recommendation.

    Parameters
    ----------
    level
        "high", "medium" or "low".
    reasons
        Why, a sentence each.
    """

    level: str
    reasons: tuple[str, ...]


def capital_paper(content: Content, about: About) -> Paper:
    """Return the capital programme report as a Word paper."""
    need, case = content.need, content.case
    paper = Paper(about)
    paper.title(_facts(content, about))
    paper.contents()
    paper.page_break()
    _summary(paper, content)
    sufficiency.write(paper, need)
    sections.write_options(paper, case, content.why_no_case)
    sections.write_programme(paper, case)
    money.write(paper, content.balance)
    paper.heading("Risks")
    paper.table(risks(content))
    background.write(paper, need, content.made, () if case is None else assumptions.assumptions(case))
    return paper


def title_of(need: Need) -> tuple[str, str]:
    """Return the title of a report and its subtitle."""
    scenario = need.outcome.scenario
    under = f"Need, options and a recommended programme to January {need.last}"
    return (
        f"{need.name}: specialist places capital programme",
        under if scenario is None else f"{under}, in the scenario '{scenario}'",
    )


def recommendation(content: Content) -> str:
    """Return the recommendation: the chosen programme, as a decision or, for model schemes, as a brief."""
    need, case = content.need, content.case
    if case is None:
        return (
            f"Note the gap, and ask officers to bring schemes for {_gaps(need)}. This paper has no schemes to choose "
            "from, so it recommends none."
        )
    chosen_programme = case.programme
    if not chosen_programme.choices:
        return (
            "Do not commit to any of these schemes on this evidence. None belongs to the best programme; ask "
            f"officers for others that serve {_gaps(need)}."
        )
    places = sum(c.candidate.places for c in chosen_programme.choices)
    cost = Spread.of("build_cost", chosen_programme.cost)
    size = f"{places:,} places when full, at {cost.in_sentence()} on average in {case.base_year} prices"
    what = f"{programme.builds(chosen_programme)}: {size}"
    proposed, assumed = programme.proposed(chosen_programme), programme.assumed(chosen_programme)
    if case.generic:
        return (
            f"Agree to work up real schemes of this kind and size: {what}. The schemes are models made from the "
            "shortfall, so this is a brief for feasibility work and not a decision to build."
        )
    if not proposed:
        return (
            f"Agree to work up real schemes of this kind and size: {what}. Nobody has proposed them yet, so this is a "
            "brief for feasibility work and not a decision to build."
        )
    if assumed:
        return (
            f"Take forward {schemes.named(proposed)}, and work up real schemes like these, which nobody has proposed "
            f"yet: {schemes.named(assumed)}. Together: {size}. Decide to build each when its site and full costs are "
            "known."
        )
    return f"Agree to build {what}, subject to feasibility and full costs for each scheme."


def confidence(content: Content) -> Confidence | None:
    """Return the confidence in the recommendation; None if no programme is recommended.

    High: the programme is worth its cost, or is enough as asked, in 8 draws of 10 or more; it is the safest in other futures; and
    no scheme's figures are our own estimates or assumptions. Low: most of its places are of schemes that nobody has proposed, or
    the programme is both likelier than not to cost more than it saves and likelier than not to be too little. Medium otherwise.
    """
    case = content.case
    if case is None or not case.programme.choices:
        return None
    chosen_programme = case.programme
    saves, enough = schemes.worth(chosen_programme.npv), chosen_programme.p_sufficient
    safe = regret.recommended_is_safe(case)
    places = sum(c.candidate.places for c in chosen_programme.choices)
    unproposed = sum(
        c.candidate.places
        for c in chosen_programme.choices
        if case.generic or c.candidate.basis == schemes.ASSUMED
    )
    soft = [
        c.candidate.title
        for c in chosen_programme.choices
        if c.candidate.basis not in FIRM or c.candidate.assumed
    ]
    reasons = [
        f"That it saves more than it costs is {wording.likelihood(saves)}.",
        f"That it gives enough places by January {case.january} is {wording.likelihood(enough)}.",
        {
            None: "It was not tried in other futures.",
            True: "In pounds it is also the safest choice in the other futures tried.",
            False: "In pounds another programme is safer in the other futures tried.",
        }[safe],
        f"The figures of {len(soft)} of its {len(chosen_programme.choices)} schemes are in part our own estimates or assumptions."
        if soft
        else "The figures of its schemes come from publications or the council.",
    ]
    if unproposed > 0:
        reasons.append(
            f"Schemes that nobody has proposed yet make up {unproposed:,} of its {places:,} places."
        )
    if enough < LIKELY:
        reasons.append("It is a step and not the whole answer: more places will be needed.")
    if unproposed > places / 2 or (saves < LIKELY and enough < LIKELY):
        level = "low"
    elif max(saves, enough) >= SURE and safe and not soft:
        level = "high"
    else:
        level = "medium"
    return Confidence(level, tuple(reasons))


def minds(content: Content) -> list[str]:
    """Return sentences on what would change the recommendation, from the figures of the run and the appraisal."""
    need, case = content.need, content.case
    lines = []
    if case is not None and case.programme.choices:
        chosen_programme = case.programme
        npv, cost = Spread.of("npv", chosen_programme.npv), Spread.of("build_cost", chosen_programme.cost)
        if npv.mean > 0 and cost.mean > 0:
            more = 100 * npv.mean / cost.mean
            lines.append(
                f"Building costs: if building cost {_tens(more)} % more than we expect, the programme "
                "would no longer save money."
                if more <= 200
                else "Building costs: even at three times what we expect the programme would still save money."
            )
        elif npv.mean <= 0:
            lines.append(
                f"Value: savings would have to be worth {npv.turned.alone()} more over its life before the programme "
                "paid for itself."
            )
        tests = sorted(base_comparison.special_chosen(case), key=lambda t: -chance_all_in_bases(t))
        if tests:
            title = next(a.candidate.title for a in case.appraisals if a.candidate.id == tests[0].special)
            p = chance_all_in_bases(tests[0])
            lines.append(
                "Bases: of the special school options in the programme, bases could most easily do the work of "
                f"'{title}'; that they could do all of it is {wording.likelihood(p)}."
                if len(tests) > 1
                else f"Bases: that bases could do all the work of '{title}' is {wording.likelihood(p)}."
            )
        if regret.recommended_is_safe(case) is False and case.regret is not None:
            lines.append(
                f"The future: over the futures tried, the programme for '{case.regret.robust}' is safer in pounds: "
                f"{programme.builds(case.regret.programmes[case.regret.robust])}."
            )
    away = need.outcome.shortfall.latent - need.outcome.shortfall.observed
    extra = describe.single(away.sel(january=need.lead).sum(("provision", "phase", "need_group")))
    if need.outcome.shortfall.blend > 0 and extra["q50"] >= ONE_CHILD:
        lines.append(
            f"Hidden demand: {in_table('turned_away', extra)} of the children who would want a place in January {need.lead} are "
            "thought to be turned away today. They are inferred, not counted. If they are not there, the gap is "
            "smaller by about as many."
        )
    soft = _estimated(need)
    if soft:
        lines.append(
            f"The list of places: {soft}. The council's own register would replace them and could move the gap either way."
        )
    lines.append(
        "The law: proposals to reform special educational needs are not law and not in the forecast. If they pass, "
        "fewer children may need a specialist place, and later ones most of all."
        if need.outcome.scenario is None
        else f"The scenario: this paper supposes '{need.outcome.scenario}'. If it does not come about, read the paper "
        "of the base case."
    )
    return lines


def risks(content: Content) -> DocumentTable:
    """Return the risks as a table: what this run shows of each, and what to do."""
    need, case, balance = content.need, content.case, content.balance
    cell = need.cell(need.lead)
    rows = [
        (
            "Nothing is built",
            f"{need.total_text('shortfall', need.lead)} children short of a specialist place in January {need.lead}; that "
            f"one or more is, is {wording.likelihood(float(cell['p_shortfall']))}.",
            "Decide in time: a school takes years to open.",
        )
    ]
    if case is not None and case.programme.choices:
        chosen = case.programme
        empty, places = (x.sel(january=case.january) for x in (chosen.empty, chosen.places))
        many = float(describe.chance((empty >= MANY_EMPTY * places) & (empty >= ONE_CHILD)))
        on_time = float(
            np.prod([c.candidate.chance_delivered * c.candidate.chance_on_time / 1e4 for c in chosen.choices])
        )
        cost = Spread.of("build_cost", chosen.cost)
        rows += [
            (
                "Too few children come",
                f"That a tenth or more of the places are empty in January {case.january} is {wording.likelihood(many)}.",
                "Open in stages; admit a wider range of needs; lease before building.",
            ),
            (
                "Too many children come",
                f"That places are still too few in January {case.january} is {wording.likelihood(1 - chosen.p_sufficient)}.",
                "Keep a second stage ready; look at the forecast again each January.",
            ),
            (
                "Schemes open late or not at all",
                f"That {'both' if len(chosen.choices) == 2 else f'all {len(chosen.choices)}'} open, and on time, is "
                f"{wording.likelihood(on_time)}."
                if len(chosen.choices) > 1
                else f"That it opens, and on time, is {wording.likelihood(on_time)}.",
                "Plan temporary places for the first year; report dates each quarter.",
            ),
            (
                "Building costs more",
                f"{cost.in_sentence()}: {wording.UPPER_TAIL} than {spoken('build_cost', cost.high, cost.low, cost.mean)}.",
                "Full costs and a contract price before the decision to build.",
            ),
            (
                "Savings do not come",
                f"That it costs more than it saves is {wording.likelihood(1 - schemes.worth(chosen.npv))}.",
                "Track each new pupil: where they would have gone, and at what fee.",
            ),
        ]
    if balance is not None:
        deficit = float(chance_of_deficit(balance.mitigated).isel(financial_year=-1))
        year = str(balance.mitigated.closing["financial_year"].to_numpy()[-1])
        rows.append(
            (
                "The deficit stays",
                f"A high needs deficit at the end of {year}, with the programme, is {wording.likelihood(deficit)}.",
                "Do not count savings twice; agree the plan with Schools Forum.",
            )
        )
    soft = _estimated(need)
    if soft:
        rows.append(
            (
                "The figures are wrong",
                wording.sentence(soft),
                "Give the council's own register of places and run the report again.",
            )
        )
    rows += [
        (
            "The law changes",
            "Not in the forecast: proposals are not law.",
            "Run the report with a reform scenario (--scenario) before the decision.",
        ),
        (
            "Staff cannot be found",
            "Not modelled. Places without teachers and therapists are not places.",
            "Ask schools and the NHS for a staffing plan with each scheme.",
        ),
    ]
    return DocumentTable(
        pd.DataFrame(rows, columns=["Risk", "What this paper says of it", "What to do"]),
        "Risks",
        words=("What this paper says of it", "What to do"),
        widths=(3.2, 7.6, 6.2),
        note="What to do: for discussion; officers should name an owner and a date for each.",
    )


def _facts(content: Content, about: About) -> list[tuple[str, str]]:
    decision = (
        "To note the gap and ask for schemes"
        if content.case is None
        else "To note the options"
        if not content.case.programme.choices
        else "To agree work on real schemes"
        if content.case.generic or not programme.proposed(content.case.programme)
        else "To agree a capital programme in principle"
        if programme.assumed(content.case.programme)
        else "To agree a capital programme"
    )
    return [
        ("Decision asked for", decision),
        ("Prepared by", about.author),
        ("Date", f"{about.issued.day} {about.issued:%B %Y}"),
        ("Data to", about.data_date),
        (
            "Status",
            "Draft for officers to check. A forecast, not an outturn: ranges say how far it may be out.",
        ),
    ]


def _summary(paper: Paper, content: Content) -> None:
    need, case = content.need, content.case
    paper.heading("Summary")
    for line in need.top:
        paper.paragraph(line)
    paper.paragraph(sufficiency.problem(need), "The problem.")
    paper.inset(recommendation(content), "Recommendation.")
    if case is not None and case.best_value is not None:
        paper.paragraph(programme.value_line(case, case.best_value), "The other choice.")
    again = [] if case is None else programme.doubtful(case)
    if again:
        paper.paragraph(f"{listed(again)}.", "Look at these again first:")
    if case is not None and case.programme.choices:
        paper.paragraph(programme.cost_line(case), "What it costs.")
        paper.paragraph(
            f"{programme.short_line(case)} {programme.enough_line(case)}",
            "What it does.",
        )
    elif case is None:
        paper.paragraph("Not known until there are schemes.", "What it costs.")
    if content.balance is not None:
        paper.paragraph(money.headline(content.balance), "High needs balance.")
    sure = confidence(content)
    if sure is None:
        cell = need.cell(need.lead)
        paper.paragraph(
            f"We are sure of the gap before we are sure of its size: a shortfall in January {need.lead} is "
            f"{wording.likelihood(float(cell['p_shortfall']))}, of {need.total_text('shortfall', need.lead)} children.",
            "How sure we are.",
        )
    else:
        paper.paragraph(
            f"Our confidence that this is worth doing is {sure.level}. {' '.join(sure.reasons)}",
            "How sure we are.",
        )
    paper.paragraph("", "What would change our mind:")
    paper.bullets(
        [(first + ":", rest.strip()) for line in minds(content) for first, rest in [line.split(":", 1)]]
    )
    if case is not None:
        paper.heading("Limits of these figures", 2)
        paper.bullets([wording.sentence(n) for n in capital_tables.notes(case)])


def _gaps(need: Need) -> str:
    """Return the largest shortfalls in words."""
    return listed([sufficiency.places_in(*kind) for kind in need.widest()[:3]]) or "any gap that opens"


def _estimated(need: Need) -> str:
    """Return a sentence on which places are estimates; blank if none are."""
    estimated = words.estimated_places(need.outcome)
    return f"{listed(estimated)} are estimates" if estimated else ""


def _tens(per_cent: float) -> str:
    return f"{max(round(per_cent / 10) * 10, 1):.0f}"
