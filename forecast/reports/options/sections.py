"""The sections of a report on options and on the programme."""

from __future__ import annotations

from forecast.capital.schemes import Appraisal, Case
from forecast.core.outcome import ONE_CHILD
from forecast.reports.document import Paper
from forecast.reports.options.base_comparison import base_lines, base_table
from forecast.reports.options.interval import Spread
from forecast.reports.options.programme import (
    aim_line,
    chosen_table,
    cost_line,
    effect_chart,
    effect_table,
    enough_line,
    openings,
    search_line,
    short_line,
    unplaced_before,
    value_line,
    value_table,
    within_budget,
)
from forecast.reports.options.regret import regret_line, regret_table, regret_unplaced_table
from forecast.reports.options.schemes import alone, considered, value_chart

NOT_GIVEN = (
    "No schemes were given for this paper, so it says what is needed and not what to build. Write the schemes in a "
    "file (see 'sendplan capital --template') and run the report again."
)
"""What is said where there is no appraisal."""


def write_options(paper: Paper, case: Case | None, why_none: str = "") -> None:
    """Write the section on single schemes and the comparison with bases, or why there are no schemes."""
    paper.heading("Options")
    if case is None:
        paper.paragraph(NOT_GIVEN)
        if why_none:
            paper.paragraph(
                f"Model schemes were tried, made from the shortfall, and could not be appraised. {why_none}"
            )
        return
    if case.generic:
        paper.inset(
            "Nobody has proposed these schemes. They were made up from the shortfall and typical costs, to show the "
            "size of what is needed. Replace them with real ones before a decision to build.",
            "Model schemes.",
        )
    if not case.generic:
        paper.paragraph(f"The schemes come from the file {case.candidates_from}.")
    paper.paragraph("Each scheme is looked at as if it alone were built.")
    paper.heading("The schemes", 2)
    paper.table(considered(case))
    paper.heading("What each would do", 2)
    paper.table(alone(case))
    newly = max((_unmet(a, case.january) for a in case.appraisals), key=lambda t: t[1].mean)
    if newly[1].mean >= ONE_CHILD:
        paper.paragraph(
            "Some of the children seated would otherwise wait, or be out of education. Of all the schemes, "
            f"'{newly[0]}' would seat most such children: {newly[1].in_table()} in January {case.january}. Their "
            "places cost more and save nothing. That counts against the value in pounds, and it is a reason to build "
            "them."
        )
    paper.picture(value_chart(case))
    paper.heading("Could a base do it instead", 2)
    if not case.base_comparisons:
        paper.paragraph(
            "None of the schemes is a special school option, so there is nothing to set against a base."
        )
        return
    paper.paragraph(
        "Government expects a council to show why need cannot be met in specialist bases before special schools "
        "grow. Each special school option is set against the base options here."
    )
    paper.table(base_table(case))
    paper.bullets(base_lines(case))


def _unmet(one: Appraisal, january: int) -> tuple[str, Spread]:
    """Return a scheme's title and the number of children whose unmet need it meets, where it is open."""
    left = one.newly_met.sel(january=january).where(one.places.sel(january=january) > 0).dropna("draw")
    none = Spread("without_any", 0.0, 0.0, 0.0, 0.0)
    return one.candidate.title, none if left.sizes["draw"] == 0 else Spread.of("without_any", left)


def write_programme(paper: Paper, case: Case | None) -> None:
    """Write the section on the programme and its results under other scenarios."""
    paper.heading("Programme")
    if case is None:
        paper.paragraph(NOT_GIVEN)
        return
    programme = case.programme
    paper.heading("What to build", 2)
    if not programme.choices:
        paper.paragraph(
            f"None of these schemes is in the best programme: {aim_line(programme)}. {enough_line(case)}"
        )
    else:
        paper.paragraph(
            f"Of all choices of these schemes{within_budget(programme)}, this one is best: {aim_line(programme)}. "
            f"{search_line(programme)}"
        )
        paper.table(chosen_table(case))
        paper.paragraph(cost_line(case))
        paper.heading("What it would do", 2)
        paper.paragraph(short_line(case))
        paper.picture(effect_chart(case))
        paper.table(effect_table(case))
        paper.paragraph(enough_line(case))
        _write_check(paper, case)
    if case.best_value is not None:
        paper.heading("If value alone counted", 2)
        paper.paragraph(value_line(case, case.best_value))
        paper.table(value_table(case, case.best_value))
    paper.heading("In other futures", 2)
    if case.regret is None:
        paper.paragraph(
            "The programme was chosen for one future only, so this paper does not say how it would do in others."
        )
        return
    paper.paragraph(regret_line(case, case.regret))
    if len({frozenset(openings(p)) for p in case.regret.programmes.values()}) > 1:
        paper.table(regret_table(case.regret))
    paper.table(regret_unplaced_table(case, case.regret))


def _write_check(paper: Paper, case: Case) -> None:
    """Write the results of the whole forecast with the programme, if it was run."""
    if case.engine_unplaced is None:
        return
    again = Spread.of("without_any", case.engine_unplaced.sel(january=case.january))
    quick = Spread.of("without_any", case.programme.unplaced.sel(january=case.january))
    before = Spread.of("without_any", unplaced_before(case).sel(january=case.january))
    paper.paragraph(
        "Some who are short have a free place of another specialist kind. The programme was chosen on the others: "
        f"{before.in_table()} children would be without any specialist place in January {case.january} if nothing is built, and "
        f"{quick.in_table()} with the programme. As a check the whole forecast was run again with the programme in it: "
        f"{again.in_table()}. Who is short, above, is counted in that run."
    )
