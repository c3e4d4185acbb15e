"""The recommended programme: what it builds, costs and does, beside the programme of largest value.

Nothing is chosen here: the programme is the case's own. Pounds are real, of the case's base year.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import xarray as xr

from data.capital.candidates import Candidate
from data.formatting import exact_pounds, listed
from forecast.capital.schemes import Case, Programme
from forecast.presentation import wording
from forecast.presentation.capital_tables import chance_all_in_bases
from forecast.presentation.published_figures import FIGURES, averaged, shown
from forecast.presentation.summary import LIKELY
from forecast.reports import charts
from forecast.reports.document import DocumentTable, Picture
from forecast.reports.options.base_comparison import special_chosen
from forecast.reports.options.interval import Spread
from forecast.reports.options.schemes import ASSUMED, named, worth

NO_GAP = 0.001
"""Distance from the best that can be, as a share, which is none that matters."""

HALF = 0.5
"""Share of a scheme's places which, left empty, makes it one to look at again."""


def unplaced_before(case: Case) -> xr.DataArray:
    """Return children without any specialist place if nothing is built, dims ``(draw, january)``.

    Fewer than are without the place they want: some of those have a free place of another specialist kind.
    """
    return case.short.sum(("provision", "phase", "need_group"))


def short_line(case: Case) -> str:
    """Return a sentence on the children short without and with the programme."""
    before, after = (
        Spread.of("shortfall", a.sel(january=case.january)).in_table()
        for a in (case.short_before, case.short_after)
    )
    return (
        f"In January {case.january} it would bring the number of children short of a specialist place from {before} to "
        f"{after}."
    )


def chosen_table(case: Case) -> DocumentTable:
    """Return the schemes of the programme as a table."""
    by_id = {a.candidate.id: a for a in case.appraisals}
    rows = []
    for choice in case.programme.choices:
        c, one = choice.candidate, by_id[choice.candidate.id]
        rows.append(
            {
                "Scheme": c.title,
                "Places": f"{c.places:,}",
                "Opens": f"Sept {choice.opens}",
                "Chance it opens, and on time": f"{wording.per_cent(c.chance_delivered / 100)}; "
                f"then {wording.per_cent(c.chance_on_time / 100)}",
                FIGURES["build_cost"].label: Spread.of("build_cost", one.cost).in_table(),
                "Met by grant": wording.per_cent(c.grant_share / 100),
                FIGURES["debt_charge"].label: Spread.of("debt_charge", one.debt_charge).in_table(),
            }
        )
    return DocumentTable(
        pd.DataFrame(rows),
        "The recommended programme",
        words=("Opens",),
        widths=(4.4, 1.4, 1.5, 2.1, 3.2, 1.4, 3.0),
        note=f"{wording.IN_BRACKETS} Capital cost in {case.base_year} prices; the yearly cost of borrowing is "
        "in pounds of the day.",
    )


def effect_table(case: Case) -> DocumentTable:
    """Return children short, with and without the programme, and its empty places, as a table."""
    programme = case.programme
    januaries = [int(j) for j in programme.unplaced["january"].to_numpy()]
    shown = sorted(
        {
            j
            for j in (case.origin + 1, case.origin + 3, case.origin + 5, case.january, januaries[-1])
            if j in januaries
        }
    )
    return DocumentTable(
        pd.DataFrame(
            [
                {
                    "January": str(j),
                    "Short, nothing built": Spread.of(
                        "shortfall", case.short_before.sel(january=j)
                    ).in_table(),
                    "Short, programme built": Spread.of(
                        "shortfall", case.short_after.sel(january=j)
                    ).in_table(),
                    averaged("Places of the programme"): Spread.of(
                        "places", programme.places.sel(january=j)
                    ).in_table(),
                    "Of those, empty": Spread.of("empty", programme.empty.sel(january=j)).in_table(),
                }
                for j in shown
            ]
        ),
        "Children short of a specialist place, with and without the programme",
        widths=(1.6, 3.9, 4.0, 4.0, 3.5),
        note=f"{wording.MIDDLES_IN_BRACKETS} Places open late, or not at all, as often as is judged likely. Those who "
        "are still short are of ages or needs that the programme does not serve, or come after it is full.",
    )


def effect_chart(case: Case) -> Picture:
    """Return children short, with and without the programme, as a chart."""
    januaries = [int(j) for j in case.short_before["january"].to_numpy()]
    lines = []
    for name, draws in (("Nothing built", case.short_before), ("Programme", case.short_after)):
        spreads = [Spread.of("shortfall", draws.sel(january=j)) for j in januaries]
        lines.append(
            charts.Line(
                name,
                tuple(t.middle for t in spreads),
                tuple(t.low for t in spreads),
                tuple(t.high for t in spreads),
            )
        )
    at = januaries.index(case.january)
    ends = [shown("shortfall", line.middle[at]) for line in lines]
    return charts.over_years(
        [charts.ChartPanel("Short of a specialist place", tuple(str(j) for j in januaries), tuple(lines))],
        unit="Children and young people",
        along="January",
        title=f"Children short of a specialist place in January {case.january}: {ends[0]} if nothing is built, "
        f"{ends[1]} with the programme",
        key=f"Dots: nothing built beyond what is agreed. Squares: the recommended programme. {charts.BAND_KEY}",
        description=f"Line chart of children short of a specialist place each January. In January {case.january}: "
        f"{ends[0]} if nothing is built and {ends[1]} with the programme.",
    )


def proposed(programme: Programme) -> list[Candidate]:
    """Return the schemes of a programme that somebody has proposed."""
    return [c.candidate for c in programme.choices if c.candidate.basis != ASSUMED]


def assumed(programme: Programme) -> list[Candidate]:
    """Return the schemes of a programme that nobody has proposed: model schemes."""
    return [c.candidate for c in programme.choices if c.candidate.basis == ASSUMED]


def builds(programme: Programme) -> str:
    """Return the schemes that a programme builds, in words."""
    return named([c.candidate for c in programme.choices]) or "nothing"


def enough_line(case: Case) -> str:
    """Return a sentence on the chance that the programme is enough, and whether the required chance can be met."""
    programme, sufficiency = case.programme, case.programme.sufficiency
    spare = f"at most {wording.hundredths(sufficiency.tolerance)} children who want one going without"
    sure = wording.likelihood(programme.p_sufficient)
    line = f"Enough places in January {case.january} ({spare}) is {sure} with the programme."
    if sufficiency.minimum <= 0:
        return line
    want = wording.per_cent(sufficiency.minimum)
    if programme.met:
        return f"{line} That meets the aim of a chance of at least {want}."
    return (
        f"{line} The aim was a chance of at least {want}, and no choice of these schemes within the budget reaches it: "
        f"the most that any of them reaches is {wording.chances(programme.p_reachable)}."
    )


def cost_line(case: Case) -> str:
    """Return a sentence on the programme's cost and its value."""
    programme = case.programme
    cost, npv = Spread.of("build_cost", programme.cost), Spread.of("npv", programme.npv)
    budget = "" if programme.budget is None else f", against a budget of {exact_pounds(programme.budget)}"
    line = f"The programme costs {cost.in_sentence()} on average to build in {case.base_year} prices{budget}."
    chosen = {c.candidate.id for c in programme.choices}
    charge = _sum([a.debt_charge for a in case.appraisals if a.candidate.id in chosen])
    if charge is not None and float(charge.max()) > 0:
        line += f" Borrowing what grant does not meet would cost {Spread.of('debt_charge', charge).in_sentence()} a year."
    if npv.mean >= 0:
        line += (
            f" Over its life it is worth {npv.in_sentence()} more than it costs on average; that it saves at all is "
            f"{wording.likelihood(worth(programme.npv))}."
        )
    else:
        turned = npv.turned
        line += (
            f" Over its life it costs {turned.in_sentence()} more than it saves on average: what it buys is places, not savings. "
            f"That it saves is {wording.likelihood(worth(programme.npv))}."
        )
    return line


def value_table(case: Case, other: Programme) -> DocumentTable:
    """Return the recommended programme beside the one of largest value, as a table."""
    pair = (case.programme, other)

    def line(what: str, of: Callable[[Programme], str]) -> dict[str, str]:
        return {"": what} | dict(zip(("Recommended", "Most value"), map(of, pair), strict=True))

    rows = [
        line("Schemes", lambda p: str(len(p.choices))),
        line("Places when full", lambda p: f"{sum(c.candidate.places for c in p.choices):,}"),
        line(FIGURES["build_cost"].label, lambda p: Spread.of("build_cost", p.cost).in_table()),
        line(FIGURES["npv"].label, lambda p: Spread.of("npv", p.npv).in_table()),
        line(FIGURES["p_saves"].label, lambda p: shown("p_saves", worth(p.npv))),
        line(
            f"Children without any specialist place, January {case.january}",
            lambda p: Spread.of("without_any", p.unplaced.sel(january=case.january)).in_table(),
        ),
        line(
            f"Places empty, January {case.january}",
            lambda p: Spread.of("empty", p.empty.sel(january=case.january)).in_table(),
        ),
        line(FIGURES["p_enough"].label, lambda p: shown("p_enough", p.p_sufficient)),
    ]
    return DocumentTable(
        pd.DataFrame(rows).rename(columns={"": "Measure"}),
        "The recommended programme beside the one of most value",
        widths=(6.0, 5.0, 5.0),
        note=wording.IN_BRACKETS,
    )


def value_line(case: Case, other: Programme) -> str:
    """Return sentences on what would be built for value in pounds alone, and the difference."""
    ours, theirs = (Spread.of("npv", p.npv) for p in (case.programme, other))
    more = case.programme.unplaced.sel(january=case.january) - other.unplaced.sel(january=case.january)
    extra = Spread.of("without_any", -more)
    return (
        f"If value in pounds alone counted, the choice would be {builds(other)}: worth {theirs.alone()} rather "
        f"than {ours.alone()} on average, with {shown('without_any', max(extra.middle, 0.0))} more "
        f"children left without any specialist place in January {case.january}."
    )


def aim_line(programme: Programme) -> str:
    """Return a sentence on the aim for which this programme was chosen."""
    return {
        "net present value": "it is worth most"
        + (
            " of those that give enough places as surely as was asked"
            if programme.sufficiency.minimum > 0 and programme.met
            else ""
        ),
        "chance of enough places": "none gives enough places as surely as was asked, and this one comes nearest",
        "children placed": "none gives enough places as surely as was asked, and this one places most children at a price "
        "worth paying",
    }[programme.aim]


def search_line(programme: Programme) -> str:
    """Return a sentence on how near to the best the programme is, and on how many draws it was chosen."""
    sure = (
        "No other choice is better"
        if programme.gap <= NO_GAP
        else f"The search was stopped: another choice could be better by up to {wording.per_cent(programme.gap, 1)}"
    )
    return f"{sure}, judged on {programme.draws_used:,} possible futures."


def within_budget(programme: Programme) -> str:
    """Return " within the budget of £20 million"; blank if no budget was given."""
    return "" if programme.budget is None else f" within the budget of {exact_pounds(programme.budget)}"


def openings(programme: Programme) -> set[tuple[str, int]]:
    """Return the id and opening year of each scheme that a programme builds."""
    return {(c.candidate.id, c.opens) for c in programme.choices}


def _sum(parts: list[xr.DataArray]) -> xr.DataArray | None:
    return sum(parts[1:], parts[0]) if parts else None


def doubtful(case: Case) -> list[str]:
    """Return the schemes of the programme to review, each with the reason: mostly empty, or probably replaceable by bases."""
    chosen = {c.candidate.id for c in case.programme.choices}
    replaced = {t.special for t in special_chosen(case) if chance_all_in_bases(t) >= LIKELY}
    lines = []
    for one in case.appraisals:
        c = one.candidate
        if c.id not in chosen:
            continue
        empty = (
            one.empty.sel(january=case.january).where(one.places.sel(january=case.january) > 0).dropna("draw")
        )
        why = []
        if empty.sizes["draw"] and Spread.of("empty", empty).middle >= HALF * c.places:
            why.append(f"{Spread.of('empty', empty).in_table()} of {c.places:,} places would stand empty")
        if c.id in replaced:
            why.append("bases could probably do its work")
        if why:
            lines.append(f"'{c.title}' ({listed(why)})")
    return lines
