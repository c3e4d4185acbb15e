"""Schemes in a paper: what each would do and cost alone, whether a base could do it, what to build together, and regret.

Draws of `forecast.capital.schemes.Case` become numbers here, after sums within a draw: the middle with its 80 % interval, and
chances. Pounds are real, of the case's base year. Nothing is chosen here: the programme is the case's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import xarray as xr

from data import capital_benchmarks
from data.candidates import SPECIAL, Candidate, Kind
from data.vocabulary import ALL, NEED_CODES, NEEDS
from forecast.capital.schemes import Appraisal, BaseComparison, Case, Programme, Regret
from forecast.core.outcome import ONE_CHILD
from forecast.presentation import words
from forecast.presentation.summary import LIKELY
from forecast.reports import charts
from forecast.reports.document import DocumentTable, Paper, Picture
from forecast.reports.wording import (
    chance,
    count_between,
    in_ten,
    listed,
    pounds,
    pounds_between,
    years,
)

FIRM: tuple[str, ...] = ("published", "council")
"""Bases of a scheme's figures that are not our own estimate or assumption."""

NO_GAP = 0.001
"""Distance from the best that can be, as a share, which is none that matters."""

KIND_NAMES: dict[Kind, str] = {
    "base": "base",
    "satellite": "satellite",
    "special_expansion": "expansion",
    "new_special": "new school",
    "post16_centre": "post-16 centre",
}
"""Kinds of scheme in a narrow column."""

KIND_PHRASES: dict[Kind, tuple[str, str]] = {
    "base": ("specialist base", "specialist bases"),
    "satellite": ("satellite of a special school", "satellites of special schools"),
    "special_expansion": ("expansion of a special school", "expansions of special schools"),
    "new_special": ("new special school", "new special schools"),
    "post16_centre": ("post-16 centre", "post-16 centres"),
}
"""Kinds of scheme in a sentence: one, several."""

COLUMN_NAMES: dict[str, str] = {
    "lead_years": "time to build",
    "phasing": "how places open",
    "chance_delivered": "chance it is built",
    "chance_on_time": "chance it is on time",
    "typical_delay_years": "delay if late",
    "capital_low": "low cost of a place",
    "capital_high": "high cost of a place",
    "price_year": "year of prices",
    "location_factor": "location",
    "optimism_bias": "optimism",
    "grant_share": "share met by grant",
    "borrow_years": "years of borrowing",
    "borrow_rate": "rate of borrowing",
}
"""Columns of a file of schemes, in words."""

HALF = 0.5
"""Share of a scheme's places which, left empty, makes it one to look at again."""

FEW_NAMED = 4
"""Schemes that a sentence names one by one; of more it says the kinds."""

ASSUMED = "assumed"
"""Basis of a scheme that nobody has proposed."""

DRAWN = 12
"""Schemes in the chart of value; the table has them all."""

NOT_GIVEN = (
    "No schemes were given for this paper, so it says what is needed and not what to build. Write the schemes in a "
    "file (see 'sendplan capital --template') and run the report again."
)
"""What is said where there is no appraisal."""


@dataclass(frozen=True)
class Middle:
    """Draws as a middle and an 80 % interval."""

    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, draws: xr.DataArray) -> Middle:
        """Return the 10th, 50th and 90th percentile of draws, dims ``(draw,)``; infinite draws stay in their order."""
        values = draws.to_numpy()
        # Between a finite and an infinite draw there is nothing to interpolate.
        method: Literal["linear", "inverted_cdf"] = "linear" if np.isfinite(values).all() else "inverted_cdf"
        low, middle, high = np.quantile(values, (0.1, 0.5, 0.9), method=method)
        return cls(float(low), float(middle), float(high))

    def counted(self) -> str:
        """Return a number of children or places."""
        return count_between(self.low, self.middle, self.high)

    def priced(self, *, short: bool = False) -> str:
        """Return pounds."""
        return pounds_between(self.low, self.middle, self.high, short=short)


def unplaced_before(case: Case) -> xr.DataArray:
    """Return children without any specialist place when nothing is built, dims ``(draw, january)``.

    Fewer than are without the place they want: some of those have a free place of another specialist kind.
    """
    return case.short.sum(("provision", "phase", "need_group"))


def for_whom(candidate: Candidate) -> str:
    """Return "ages 4 to 10, ASD and SLCN"."""
    needs = "all needs" if _every_need(candidate) else listed(candidate.needs)
    return f"ages {candidate.age_low} to {candidate.age_high}, {needs}"


def worth(npv: xr.DataArray) -> float:
    """Return the chance that savings are worth more than costs."""
    return float((npv > 0).mean())


def built(one: Appraisal) -> xr.DataArray:
    """Return the draws in which a scheme is ever delivered, dims ``(draw,)``."""
    return (one.capital.sum("financial_year") > 0) | (one.places.isel(january=-1) > 0)


def payback(one: Appraisal) -> str:
    """Return when a scheme that is delivered has paid for itself: "7 years (5 to 12)", or that it does not."""
    drawn = one.payback.where(built(one)).dropna("draw")
    if drawn.sizes["draw"] == 0:
        return "never built"
    told = Middle.of(drawn)
    if not np.isfinite(told.middle):
        return "not paid back"
    low = "under 1" if told.low < 1 else str(round(told.low))
    if not np.isfinite(told.high):
        return f"{years(told.middle)} (from {low}, or never)"
    high = round(told.high)
    if str(high) == low:
        return years(told.middle)
    return years(told.middle) if told.high < 1 else f"{years(told.middle)} ({low} to {high})"


def considered(case: Case) -> DocumentTable:
    """Return the schemes that were looked at."""
    rows = []
    for one in case.appraisals:
        c = one.candidate
        rows.append(
            {
                "Scheme": c.title,
                "Kind": KIND_NAMES[c.kind],
                "For": for_whom(c),
                "Places": f"{c.places:,}",
                "Opens": f"Sept {c.opens}",
                "Chance it is built": in_ten(float(built(one).mean())),
                "Capital cost": Middle.of(one.cost).priced(short=True),
                "Figures": c.basis,
            }
        )
    return DocumentTable(
        pd.DataFrame(rows),
        "Schemes looked at",
        words=("Kind", "For", "Opens", "Figures"),
        widths=(4.0, 1.8, 2.5, 1.4, 1.4, 1.5, 2.7, 1.7),
        note="Capital cost: the whole scheme, whoever pays, with location and an addition for optimism, in "
        f"{case.base_year} prices. In brackets: 80 % interval. Opens: if on time. Figures: where they come from; "
        f"assumed means that nobody has proposed the scheme. {_key(case)}",
    )


def alone(case: Case) -> DocumentTable:
    """Return what each scheme would do if it alone were built, in the draws in which it is."""
    rows = []
    for one in case.appraisals:
        there = built(one)
        open_ = one.places.sel(january=case.january) > 0
        rows.append(
            {
                "Scheme": one.candidate.title,
                "Children seated": _counted(one.seats.sel(january=case.january), open_),
                "Places empty": _counted(one.empty.sel(january=case.january), open_),
                "Net present value": _priced(one.npv, there),
                "Chance it saves": _chance(one.npv > 0, there),
                "Payback": payback(one),
            }
        )
    return DocumentTable(
        pd.DataFrame(rows),
        f"What each scheme would do if it alone is built: January {case.january}, and value over its life",
        words=("Payback",),
        widths=(3.7, 2.4, 1.9, 3.8, 2.2, 3.0),
        note="In the futures in which the scheme is built, and for children and places open by January "
        f"{case.january}. In brackets: 80 % interval. Net present value: savings less all costs, in {case.base_year} "
        "prices, later years counting for less (Green Book); a minus is a cost. Payback: from opening, later years "
        f"not counting for less. Savings are counted for {case.horizon.years_after} years after the forecast, while "
        "the places last.",
    )


def _key(case: Case) -> str:
    """Return what the codes of needs in a table of schemes mean; nothing where there are none."""
    used = {n for a in case.appraisals if not _every_need(a.candidate) for n in a.candidate.needs}
    said = [f"{code} {NEEDS[code].lower()}" for code in NEED_CODES if code in used]
    return f"Needs: {'; '.join(said)}." if said else ""


def _every_need(candidate: Candidate) -> bool:
    return set(candidate.needs) >= set(NEED_CODES)


def _counted(draws: xr.DataArray, kept: xr.DataArray, none: str = "not open then") -> str:
    """Return a number of children or places in some draws."""
    left = draws.where(kept).dropna("draw")
    return none if left.sizes["draw"] == 0 else Middle.of(left).counted()


def _priced(draws: xr.DataArray, kept: xr.DataArray) -> str:
    """Return pounds in some draws."""
    left = draws.where(kept).dropna("draw")
    return "never built" if left.sizes["draw"] == 0 else Middle.of(left).priced(short=True)


def _chance(happens: xr.DataArray, kept: xr.DataArray) -> str:
    """Return the chance of something in some draws."""
    return "never built" if not bool(kept.any()) else in_ten(float(happens.where(kept).mean()))


def value_chart(case: Case) -> Picture:
    """Return net present value of each scheme if it is built, most first."""
    told = [
        (a.candidate.title, Middle.of(a.npv.where(built(a)).dropna("draw")))
        for a in case.appraisals
        if bool(built(a).any())
    ]
    rows = [
        charts.Range(title, m.low, m.middle, m.high)
        for title, m in sorted(told, key=lambda t: -t[1].middle)[:DRAWN]
    ]
    best = rows[0]
    some = (
        ""
        if len(rows) == len(case.appraisals)
        else f" The {len(rows)} of most value are drawn; the table has all."
    )
    return charts.ranges(
        rows,
        unit=f"Net present value, {case.base_year} prices",
        title=f"Net present value of each scheme if it alone is built: most for {best.name}, "
        f"{pounds_between(best.low, best.middle, best.high)}",
        key=f"Points: middle of the forecast. {charts.WHISKER_KEY} Right of the line the scheme saves more than it costs.{some}",
        description="Points with whiskers. Net present value: "
        + "; ".join(f"{r.name}, {pounds_between(r.low, r.middle, r.high)}" for r in rows)
        + ".",
        pounds=True,
    )


def base_table(case: Case) -> DocumentTable:
    """Return every special school option against bases, in the draws in which it would seat a child."""
    titles = _titles(case)
    rows = []
    for test in case.base_comparisons:
        some = seats_any(test)
        rows.append(
            {
                "Special school option": titles[test.special],
                "Nearest base option": _nearest(test, titles),
                "Children it would seat": _counted(test.children, some, "nobody then"),
                "As many as bases suit": _counted(test.suited, some, "nobody then"),
                "Base places open to them": _counted(test.base_places, some, "nobody then"),
                "Chance bases could do it all": in_ten(test.chance_all),
            }
        )
    return DocumentTable(
        pd.DataFrame(rows),
        f"Could a base do it: each special school option against bases, January {case.base_comparisons[0].january}",
        words=("Nearest base option",),
        widths=(4.2, 4.4, 2.2, 2.2, 2.2, 1.8),
        note="In the futures in which the option is open and would seat a child. In brackets: 80 % interval. As many "
        "as bases suit: if children of their phase and need were split between bases and special schools as "
        "England's are today. It is a share of children, not a judgement of any child, and as England has few bases "
        "today it understates what they could do. Base places: of the base options here, after children who want a "
        "base have one.",
    )


def seats_any(test: BaseComparison) -> xr.DataArray:
    """Return the draws in which a special school option would seat a child, dims ``(draw,)``."""
    return test.in_bases.notnull()


def base_lines(case: Case) -> list[str]:
    """Return what the test against bases finds, a sentence an option; of many, one for all that bases cannot do."""
    titles = _titles(case)
    lines, short_of = [], 0
    for test in case.base_comparisons:
        title, some = titles[test.special], seats_any(test)
        if test.nearest is None:
            lines.append(
                f"{title}: no base option serves the same ages and needs, so none was tested against it."
            )
        elif not bool(some.any()):
            lines.append(
                f"{title}: it would seat nobody by January {test.january}, so there was nothing to test."
            )
        elif test.chance_all >= LIKELY:
            lines.append(
                f"{title}: bases could probably do it instead; that all the children could be met in bases is "
                f"{chance(test.chance_all)}. Build bases first unless there is a reason not to."
            )
        elif len(case.base_comparisons) > FEW_NAMED:
            short_of += 1
        else:
            part = Middle.of(test.in_bases.where(some).dropna("draw"))
            lines.append(
                f"{title}: {_tenths(part.middle)} of the children could be met in bases; that all of them could is "
                f"{chance(test.chance_all)}. On today's pattern bases alone would not do."
            )
    if short_of:
        which = "each of the" if short_of == len(case.base_comparisons) else "each of the other"
        lines.append(
            f"For {which} {short_of} special school options it is likelier than not, on today's pattern, that bases "
            "alone would not do; the table says how many children they would suit."
        )
    return lines


def chosen_table(case: Case) -> DocumentTable:
    """Return the schemes of the programme."""
    by_id = {a.candidate.id: a for a in case.appraisals}
    rows = []
    for choice in case.programme.choices:
        c, one = choice.candidate, by_id[choice.candidate.id]
        rows.append(
            {
                "Scheme": c.title,
                "Places": f"{c.places:,}",
                "Opens": f"Sept {choice.opens}",
                "Chance it opens, and on time": f"{in_ten(c.chance_delivered / 100)}; then {in_ten(c.chance_on_time / 100)}",
                "Capital cost": Middle.of(one.cost).priced(short=True),
                "Met by grant": f"{c.grant_share:.0f} %",
                "Yearly cost of borrowing": Middle.of(one.debt_charge).priced(short=True),
            }
        )
    return DocumentTable(
        pd.DataFrame(rows),
        "The recommended programme",
        words=("Opens",),
        widths=(4.4, 1.4, 1.5, 2.1, 3.2, 1.4, 3.0),
        note=f"In brackets: 80 % interval. Capital cost in {case.base_year} prices; the yearly cost of borrowing is "
        "in pounds of the day.",
    )


def effect_table(case: Case) -> DocumentTable:
    """Return children without a specialist place, with and without the programme, and its empty places."""
    before = unplaced_before(case)
    found = case.programme
    januaries = [int(j) for j in found.unplaced["january"].to_numpy()]
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
                    "Without one, nothing built": Middle.of(before.sel(january=j)).counted(),
                    "Without one, programme built": Middle.of(found.unplaced.sel(january=j)).counted(),
                    "Places of the programme": Middle.of(found.places.sel(january=j)).counted(),
                    "Of those, empty": Middle.of(found.empty.sel(january=j)).counted(),
                }
                for j in shown
            ]
        ),
        "Children without any specialist place, with and without the programme",
        widths=(1.6, 3.9, 4.0, 4.0, 3.5),
        note="In brackets: 80 % interval. Places open late, or not at all, as often as is judged likely. Those who "
        "still go without are of ages or needs that the programme does not serve, or come after it is full. Children "
        "with a free place of another specialist kind are not counted, so numbers are lower than those without the "
        "place they want.",
    )


def effect_chart(case: Case) -> Picture:
    """Return children without a specialist place, with and without the programme."""
    before, found = unplaced_before(case), case.programme
    januaries = [int(j) for j in found.unplaced["january"].to_numpy()]
    lines = []
    for name, draws in (("Nothing built", before), ("Programme", found.unplaced)):
        told = [Middle.of(draws.sel(january=j)) for j in januaries]
        lines.append(
            charts.Line(
                name, tuple(t.middle for t in told), tuple(t.low for t in told), tuple(t.high for t in told)
            )
        )
    at = januaries.index(case.january)
    ends = [words.rounded(line.middle[at]) for line in lines]
    return charts.over_years(
        [charts.ChartPanel("Without a place", tuple(str(j) for j in januaries), tuple(lines))],
        unit="Children and young people",
        along="January",
        title=f"Children without any specialist place in January {case.january}: {ends[0]} if nothing is built, "
        f"{ends[1]} with the programme",
        key=f"Dots: nothing built beyond what is agreed. Squares: the recommended programme. {charts.BAND_KEY}",
        description=f"Line chart of children without any specialist place each January. In January {case.january}: "
        f"{ends[0]} if nothing is built and {ends[1]} with the programme, middle of the forecast.",
    )


def regret_table(found: Regret) -> DocumentTable:
    """Return the regret of each programme in each scenario."""
    scenarios = [str(s) for s in found.regret["scenario"].to_numpy()]
    rows = []
    for name in found.programmes:
        own = found.regret.sel(programme=name)
        worst = float(own.max())
        rows.append(
            {"Programme chosen for": name}
            | {s: _regret(float(own.sel(scenario=s)), worst) for s in scenarios}
            | {"Most it could be": _regret(worst, worst)}
        )
    return DocumentTable(
        pd.DataFrame(rows),
        "Regret: how much worse each programme is than the best one in each future",
        widths=(3.6, *([2.6] * (len(scenarios) + 1))),
        note="On average over draws. Nothing means that no other programme here is better in that future. A "
        "programme that places fewer children may have a small regret: read it beside the next table.",
    )


def regret_unplaced_table(case: Case, found: Regret) -> DocumentTable:
    """Return children each programme would leave without a place, and the chance of enough places, in each scenario."""
    scenarios = [str(s) for s in found.unplaced["scenario"].to_numpy()]
    one = len({frozenset(_ids(p)) for p in found.programmes.values()}) == 1
    rows = [
        {"Programme chosen for": "every future" if one else name}
        | {
            s: f"{words.rounded(float(found.unplaced.sel(programme=name, scenario=s)))}; "
            f"{in_ten(float(found.p_sufficient.sel(programme=name, scenario=s)))}"
            for s in scenarios
        }
        for name in (list(found.programmes)[:1] if one else found.programmes)
    ]
    return DocumentTable(
        pd.DataFrame(rows),
        f"Children without any specialist place in January {case.january}, on average, and the chance of enough "
        "places, in each future",
        widths=(3.6, *([3.0] * len(scenarios))),
    )


def regret_line(case: Case, found: Regret) -> str:
    """Return which programme is safest across scenarios, and whether it is the recommended one."""
    ids = _ids(case.programme)
    safe, best = found.programmes[found.robust], found.programmes[found.best_on_average]
    futures = listed([f"'{s}'" for s in found.regret["scenario"].to_numpy()])
    worst = float(found.regret.sel(programme=found.robust).max())
    begun = f"The choice was made anew for each of these futures, and each programme tried in all of them: {futures}. "
    if all(_ids(p) == ids for p in found.programmes.values()):
        return (
            begun + "The same programme was chosen in every one, so there is nothing to regret between them."
        )
    if _ids(safe) == ids:
        said = (
            f"In pounds the recommended programme is also the safest: at worst it is {_regret(worst, worst)} behind "
            "the best choice."
        )
    else:
        more = float(
            (
                found.unplaced.sel(programme=found.robust) - found.unplaced.sel(programme=case.programme.name)
            ).mean()
        )
        said = (
            f"In pounds the safest, with the smallest regret at worst ({_regret(worst, worst)}), is that chosen for "
            f"'{found.robust}': {builds(safe)}. It is not the recommended one: on average over the futures it leaves "
            f"{words.rounded(abs(more))} {'more' if more >= 0 else 'fewer'} children without a specialist place."
        )
    same = (
        " It is also the best on average."
        if _ids(best) == _ids(safe)
        else f" The best on average is that for '{found.best_on_average}'."
    )
    return begun + said + same


def proposed(programme: Programme) -> list[Candidate]:
    """Return the schemes that somebody has proposed."""
    return [c.candidate for c in programme.choices if c.candidate.basis != ASSUMED]


def assumed(programme: Programme) -> list[Candidate]:
    """Return the schemes that nobody has proposed: they are in the list to see what would help."""
    return [c.candidate for c in programme.choices if c.candidate.basis == ASSUMED]


def builds(programme: Programme) -> str:
    """Return what a programme builds, in words."""
    return named([c.candidate for c in programme.choices]) or "nothing"


def named(schemes: Sequence[Candidate]) -> str:
    """Return a few schemes by their titles, many by how many there are of each kind."""
    if len(schemes) <= FEW_NAMED:
        titles = [f"'{c.title}'" for c in schemes]
        return listed(titles)
    kinds = [c.kind for c in schemes]
    return f"{len(schemes)} schemes ({listed([_plural(kinds.count(k), k) for k in dict.fromkeys(kinds)])})"


def _plural(count: int, kind: Kind) -> str:
    """Return "2 satellites of special schools"."""
    one, many = KIND_PHRASES[kind]
    return f"{count} {one if count == 1 else many}"


def recommended_is_safe(case: Case) -> bool | None:
    """Return whether the recommended programme is also the safest across scenarios; None where only one was tried."""
    return (
        None
        if case.regret is None
        else _ids(case.regret.programmes[case.regret.robust]) == _ids(case.programme)
    )


def enough_line(case: Case) -> str:
    """Return how likely the programme is to be enough, and whether the aim asked for can be met."""
    found, asked = case.programme, case.programme.asked
    spare = f"at most {100 * asked.tolerance:.0f} in 100 children who want one going without"
    said = f"Enough places in January {case.january} ({spare}) is {chance(found.p_sufficient)} with the programme."
    if asked.minimum <= 0:
        return said
    want = words.chances(asked.minimum)
    if found.met:
        return f"{said} That meets the aim of at least {want}."
    return (
        f"{said} The aim was at least {want}, and no choice of these schemes within the budget reaches it: the most "
        f"that any of them reaches is {words.chances(found.p_reachable)}."
    )


def cost_line(case: Case) -> str:
    """Return what the programme costs, and what it is worth."""
    found = case.programme
    cost, npv = Middle.of(found.cost), Middle.of(found.npv)
    budget = "" if found.budget is None else f", against a budget of {pounds(found.budget)}"
    said = f"The programme costs {cost.priced()} to build in {case.base_year} prices{budget}."
    chosen = {c.candidate.id for c in found.choices}
    charge = _sum([a.debt_charge for a in case.appraisals if a.candidate.id in chosen])
    if charge is not None and float(charge.max()) > 0:
        said += f" Borrowing what grant does not meet would cost {Middle.of(charge).priced()} a year."
    if npv.middle >= 0:
        said += (
            f" Over its life it is worth {npv.priced()} more than it costs; that it saves at all is "
            f"{chance(worth(found.npv))}."
        )
    else:
        turned = Middle(-npv.high, -npv.middle, -npv.low)
        said += (
            f" Over its life it costs {turned.priced()} more than it saves: what it buys is places, not savings. That "
            f"it saves is {chance(worth(found.npv))}."
        )
    return said


def write_options(paper: Paper, case: Case | None, why_none: str = "") -> None:
    """Write the section on schemes, one by one, and the test against bases; where there are none, why."""
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
    newly = max((_unmet(a, case.january) for a in case.appraisals), key=lambda t: t[1].middle)
    if newly[1].middle >= ONE_CHILD:
        paper.paragraph(
            "Some of the children seated would otherwise wait, or be out of education. Of all the schemes, "
            f"'{newly[0]}' would seat most such children: {newly[1].counted()} in January {case.january}. Their "
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


def _unmet(one: Appraisal, january: int) -> tuple[str, Middle]:
    """Return a scheme and the children whose need it newly meets, where it is open."""
    left = one.newly_met.sel(january=january).where(one.places.sel(january=january) > 0).dropna("draw")
    return one.candidate.title, Middle(0.0, 0.0, 0.0) if left.sizes["draw"] == 0 else Middle.of(left)


def write_programme(paper: Paper, case: Case | None) -> None:
    """Write the section on the programme and how it does in other futures."""
    paper.heading("Programme")
    if case is None:
        paper.paragraph(NOT_GIVEN)
        return
    found = case.programme
    paper.heading("What to build", 2)
    if not found.choices:
        paper.paragraph(f"None of these schemes is in the best programme: {_aim(found)}. {enough_line(case)}")
    else:
        paper.paragraph(
            f"Of all choices of these schemes{_within(found)}, this one is best: {_aim(found)}. {_searched(found)}"
        )
        paper.table(chosen_table(case))
        paper.paragraph(cost_line(case))
        paper.heading("What it would do", 2)
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
    if len({frozenset(_ids(p)) for p in case.regret.programmes.values()}) > 1:
        paper.table(regret_table(case.regret))
    paper.table(regret_unplaced_table(case, case.regret))


def _write_check(paper: Paper, case: Case) -> None:
    """Write what the whole forecast says with the programme in it, where it was run."""
    if case.engine_unplaced is None:
        return
    again = Middle.of(case.engine_unplaced.sel(january=case.january))
    quick = Middle.of(case.programme.unplaced.sel(january=case.january))
    paper.paragraph(
        f"As a check the whole forecast was run again with the programme in it: {again.counted()} children would be "
        f"without any specialist place in January {case.january}, against {quick.counted()} above."
    )


def value_table(case: Case, other: Programme) -> DocumentTable:
    """Return the recommended programme beside the one of most value."""
    pair = (case.programme, other)

    def line(what: str, of: Callable[[Programme], str]) -> dict[str, str]:
        return {"": what} | dict(zip(("Recommended", "Most value"), map(of, pair), strict=True))

    rows = [
        line("Schemes", lambda p: str(len(p.choices))),
        line("Places when full", lambda p: f"{sum(c.candidate.places for c in p.choices):,}"),
        line("Capital cost", lambda p: Middle.of(p.cost).priced(short=True)),
        line("Net present value", lambda p: Middle.of(p.npv).priced(short=True)),
        line("Chance it saves", lambda p: in_ten(worth(p.npv))),
        line(
            f"Children without any specialist place, January {case.january}",
            lambda p: Middle.of(p.unplaced.sel(january=case.january)).counted(),
        ),
        line(
            f"Places empty, January {case.january}",
            lambda p: Middle.of(p.empty.sel(january=case.january)).counted(),
        ),
        line("Chance of enough places", lambda p: in_ten(p.p_sufficient)),
    ]
    return DocumentTable(
        pd.DataFrame(rows).rename(columns={"": "Measure"}),
        "The recommended programme beside the one of most value",
        widths=(6.0, 5.0, 5.0),
        note="In brackets: 80 % interval.",
    )


def value_line(case: Case, other: Programme) -> str:
    """Return what would be built if value in pounds alone counted, and what that changes."""
    ours, theirs = (Middle.of(p.npv) for p in (case.programme, other))
    more = case.programme.unplaced.sel(january=case.january) - other.unplaced.sel(january=case.january)
    extra = Middle.of(-more)
    return (
        f"If value in pounds alone counted, the choice would be {builds(other)}: worth {pounds(theirs.middle)} rather "
        f"than {pounds(ours.middle)} in the middle of the forecast, with {words.rounded(max(extra.middle, 0.0))} more "
        f"children left without a specialist place in January {case.january}."
    )


def assumptions(case: Case) -> tuple[DocumentTable, ...]:
    """Return what is assumed of each scheme, and where that comes from."""
    rows = []
    for one in case.appraisals:
        c = one.candidate
        rows.append(
            {
                "Scheme": c.title,
                "Cost of a place": f"{pounds(c.capital_low)} to {pounds(c.capital_high)}, {c.price_year} prices",
                "Location": f"x {c.location_factor:.2f}",
                "Optimism": f"+ {c.optimism_bias:.0f} %",
                "Borrowing": f"{c.borrow_years} years at {c.borrow_rate:g} %",
                "Where from": c.source,
            }
        )
    every = [a.candidate for a in case.appraisals]
    columns = dict.fromkeys(column for c in every for column in c.assumed)
    typical = listed(
        [
            f"{COLUMN_NAMES.get(n, n.replace('_', ' '))} ({sum(n in c.assumed for c in every)})"
            for n in columns
        ]
    )
    own = DocumentTable(
        pd.DataFrame(rows),
        "Assumptions of the schemes",
        words=("Cost of a place", "Location", "Optimism", "Borrowing", "Where from"),
        widths=(3.3, 3.1, 1.8, 1.9, 2.0, 4.9),
        note="Cost of a place is before location and the addition for optimism: an 80 % interval."
        + (
            f" Typical values stand in where the file is blank, for so many of {len(every)} schemes: {typical}."
            if typical
            else ""
        ),
    )
    kinds = dict.fromkeys(c.kind for c in every if "capital_low" in c.assumed)
    return (own, typical_costs(tuple(kinds))) if kinds else (own,)


def typical_costs(kinds: Sequence[Kind]) -> DocumentTable:
    """Return the typical cost of a place of some kinds of scheme, and where it comes from."""
    f = capital_benchmarks.rows()
    costs = {str(r["kind"]): r for r in f[f["parameter"] == capital_benchmarks.COST].to_dict("records")}
    rows = []
    for kind in kinds:
        cost = costs.get(kind) or costs[ALL]
        rows.append(
            {
                "Kind": KIND_NAMES[kind],
                "Cost of a place": f"{pounds(float(cost['low']))} to {pounds(float(cost['high']))}, {cost['price_year']} prices",
                "Basis": f"{cost['basis']}, {cost['confidence']} confidence",
                "Where from": str(cost["source"]),
            }
        )
    return DocumentTable(
        pd.DataFrame(rows),
        "Typical costs of a place, used where a scheme has none of its own",
        words=("Cost of a place", "Basis", "Where from"),
        widths=(2.2, 3.8, 2.8, 8.2),
    )


def _aim(found: Programme) -> str:
    return {
        "net present value": "it is worth most"
        + (
            " of those that give enough places as surely as was asked"
            if found.asked.minimum > 0 and found.met
            else ""
        ),
        "chance of enough places": "none gives enough places as surely as was asked, and this one comes nearest",
        "children placed": "none gives enough places as surely as was asked, and this one places most children at a price "
        "worth paying",
    }[found.aim]


def _searched(found: Programme) -> str:
    """Return how good the choice is known to be, and on how many draws it was made."""
    sure = (
        "No other choice is better"
        if found.gap <= NO_GAP
        else f"The search was stopped: another choice could be better by up to {100 * found.gap:.1f} %"
    )
    return f"{sure}, judged on {found.draws_used:,} possible futures."


def _within(found: Programme) -> str:
    return "" if found.budget is None else f" within the budget of {pounds(found.budget)}"


def _regret(value: float, size: float) -> str:
    """Return a regret; small ones are nothing."""
    shown = pounds(max(value, 0.0), size=size, short=True)
    return "nothing" if shown == "£0" else shown


def _nearest(test: BaseComparison, titles: dict[str, str]) -> str:
    if test.nearest is None:
        return "none serves the same ages and needs"
    how = {
        "distance": "" if test.distance_km is None else f" ({test.distance_km:.1f} km)",
        "community": " (same community)",
        "none": " (site not known)",
    }[test.near_by]
    return titles[test.nearest] + how


def _tenths(share: float) -> str:
    """Return a share in words: "about 4 in 10"."""
    tenths = round(10 * share)
    return "fewer than 1 in 10" if tenths == 0 else "nearly all" if tenths == 10 else f"about {tenths} in 10"


def _titles(case: Case) -> dict[str, str]:
    return {a.candidate.id: a.candidate.title for a in case.appraisals}


def _ids(programme: Programme) -> set[tuple[str, int]]:
    return {(c.candidate.id, c.opens) for c in programme.choices}


def _sum(parts: list[xr.DataArray]) -> xr.DataArray | None:
    return sum(parts[1:], parts[0]) if parts else None


def doubtful(case: Case) -> list[str]:
    """Return the schemes of the programme to look at again, each with why: mostly empty, or what bases could probably do."""
    chosen = {c.candidate.id for c in case.programme.choices}
    replaced = {t.special for t in special_chosen(case) if t.chance_all >= LIKELY}
    lines = []
    for one in case.appraisals:
        c = one.candidate
        if c.id not in chosen:
            continue
        empty = (
            one.empty.sel(january=case.january).where(one.places.sel(january=case.january) > 0).dropna("draw")
        )
        why = []
        if empty.sizes["draw"] and float(empty.median()) >= HALF * c.places:
            why.append(f"{Middle.of(empty).counted()} of {c.places:,} places would stand empty")
        if c.id in replaced:
            why.append("bases could probably do its work")
        if why:
            lines.append(f"'{c.title}' ({listed(why)})")
    return lines


def special_chosen(case: Case) -> list[BaseComparison]:
    """Return the tests of special school options in the programme."""
    chosen = {c.candidate.id for c in case.programme.choices if c.candidate.kind in SPECIAL}
    return [t for t in case.base_comparisons if t.special in chosen]
