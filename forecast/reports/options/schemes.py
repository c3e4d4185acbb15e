"""Single schemes: what each would do, cost and be worth if it alone were built.

Pounds are real, of the case's base year. A figure of a scheme is over the draws in which the scheme is built.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from data.capital.candidates import SCHEME_KINDS, Candidate, Kind
from data.formatting import listed
from data.vocabulary import NEED_CODES, NEEDS
from forecast.capital.schemes import Appraisal, Case
from forecast.presentation import describe, wording
from forecast.presentation.capital_tables import NEVER_BUILT, NOT_OPEN, built, payback_percentiles
from forecast.presentation.published_figures import FIGURES, shown
from forecast.reports import charts
from forecast.reports.document import DocumentTable, Picture
from forecast.reports.options.interval import Spread

FIRM: tuple[str, ...] = ("published", "council")
"""Bases of a scheme's figures that are not our own estimate or assumption."""

FEW_NAMED = 4
"""Schemes that a sentence names one by one; of more it says the kinds."""

ASSUMED = "assumed"
"""Basis of a scheme that nobody has proposed."""

DRAWN = 12
"""Schemes in the chart of value; the table has them all."""


def for_whom(candidate: Candidate) -> str:
    """Return whom a scheme admits in words, such as "ages 4 to 10, ASD and SLCN"."""
    needs = "all needs" if _every_need(candidate) else listed(candidate.needs)
    return f"ages {candidate.age_low} to {candidate.age_high}, {needs}"


def worth(npv: xr.DataArray) -> float:
    """Return the chance that a scheme's savings are worth more than its costs."""
    return float(describe.chance(npv > 0))


def payback(one: Appraisal) -> str:
    """Return the time to payback of a delivered scheme in words, such as "7 years (5 to 12)", or that there is none."""
    drawn = describe.known(one.payback.where(built(one)))
    if not len(drawn):
        return NEVER_BUILT
    low, middle, high = payback_percentiles(drawn).values()
    if not np.isfinite(middle):
        return "not paid back"
    begin = "under 1" if low < 1 else str(round(low))
    if not np.isfinite(high):
        return f"{wording.years(middle)} (from {begin}, or never)"
    end = str(round(high))
    return (
        wording.years(middle) if high < 1 or end == begin else f"{wording.years(middle)} ({begin} to {end})"
    )


def considered(case: Case) -> DocumentTable:
    """Return the schemes that were considered, as a table."""
    rows = []
    for one in case.appraisals:
        c = one.candidate
        rows.append(
            {
                "Scheme": c.title,
                "Kind": SCHEME_KINDS[c.kind].short_label,
                "For": for_whom(c),
                "Places": f"{c.places:,}",
                "Opens": f"Sept {c.opens}",
                FIGURES["p_built"].label: shown("p_built", c.chance_delivered / 100),
                FIGURES["build_cost"].label: Spread.of("build_cost", one.cost).in_table(),
                "Figures": c.basis,
            }
        )
    return DocumentTable(
        pd.DataFrame(rows),
        "Schemes looked at",
        words=("Kind", "For", "Opens", "Figures"),
        widths=(4.0, 1.8, 2.5, 1.4, 1.4, 1.5, 2.7, 1.7),
        note="Capital cost: the whole scheme, whoever pays, with location and an addition for optimism, in "
        f"{case.base_year} prices. {wording.IN_BRACKETS} Opens: if on time. Figures: where they come from; "
        f"assumed means that nobody has proposed the scheme. {_key(case)}",
    )


def alone(case: Case) -> DocumentTable:
    """Return the effects of each scheme if it alone were built, in the draws in which it is delivered, as a table."""
    rows = []
    for one in case.appraisals:
        there = built(one)
        open_ = one.places.sel(january=case.january) > 0
        rows.append(
            {
                "Scheme": one.candidate.title,
                "Children seated": counted_where("seats", one.seats.sel(january=case.january), open_),
                "Places empty": counted_where("empty", one.empty.sel(january=case.january), open_),
                FIGURES["npv"].label: counted_where("npv", one.npv, there, none=NEVER_BUILT),
                FIGURES["p_saves"].label: _chance(one.npv > 0, there),
                "Payback": payback(one),
            }
        )
    return DocumentTable(
        pd.DataFrame(rows),
        f"What each scheme would do if it alone is built: January {case.january}, and value over its life",
        words=("Payback",),
        widths=(3.7, 2.4, 1.9, 3.8, 2.2, 3.0),
        note="In the futures in which the scheme is built, and for children and places open by January "
        f"{case.january}. {wording.IN_BRACKETS} Net present value: savings less all costs, in {case.base_year} "
        "prices, later years counting for less (Green Book); a minus is a cost. Payback: from opening, later years "
        f"not counting for less. Savings are counted for {case.horizon.years_after} years after the forecast, while "
        "the places last.",
    )


def _key(case: Case) -> str:
    """Return the meaning of the need codes in a table of schemes; blank if there are none."""
    used = {n for a in case.appraisals if not _every_need(a.candidate) for n in a.candidate.needs}
    meanings = [f"{code} {NEEDS[code].lower()}" for code in NEED_CODES if code in used]
    return f"Needs: {'; '.join(meanings)}." if meanings else ""


def _every_need(candidate: Candidate) -> bool:
    return set(candidate.needs) >= set(NEED_CODES)


def counted_where(code: str, draws: xr.DataArray, kept: xr.DataArray, none: str = NOT_OPEN) -> str:
    """Return a published figure as text, in some draws."""
    left = draws.where(kept).dropna("draw")
    return none if left.sizes["draw"] == 0 else Spread.of(code, left).in_table()


def _chance(happens: xr.DataArray, kept: xr.DataArray) -> str:
    """Return the chance of an event as text, in some draws."""
    return NEVER_BUILT if not bool(kept.any()) else shown("p_saves", float(describe.chance(happens[kept])))


def value_chart(case: Case) -> Picture:
    """Return the net present value of each scheme if it is built, highest first, as a chart."""
    averages = [
        (a.candidate.title, Spread.of("npv", a.npv.where(built(a)).dropna("draw")))
        for a in case.appraisals
        if bool(built(a).any())
    ]
    drawn = sorted(averages, key=lambda t: -t[1].mean)[:DRAWN]
    rows = [charts.LabelledInterval(title, m.low, m.mean, m.high) for title, m in drawn]
    best, worth_most = drawn[0]
    some = (
        ""
        if len(rows) == len(case.appraisals)
        else f" The {len(rows)} of most value are drawn; the table has all."
    )
    return charts.ranges(
        rows,
        unit=f"Net present value, {case.base_year} prices",
        title=f"Net present value of each scheme if it alone is built: most for {best}, {worth_most.in_sentence()}",
        key=f"Points: average. {charts.WHISKER_KEY} Right of the line the scheme saves more than it costs.{some}",
        description="Points with whiskers. Net present value: "
        + "; ".join(f"{title}, {m.in_sentence()}" for title, m in drawn)
        + ".",
        pounds=True,
    )


def named(schemes: Sequence[Candidate]) -> str:
    """Return a few schemes by their titles, or many by their number of each kind."""
    if len(schemes) <= FEW_NAMED:
        titles = [f"'{c.title}'" for c in schemes]
        return listed(titles)
    kinds = [c.kind for c in schemes]
    return f"{len(schemes)} schemes ({listed([_plural(kinds.count(k), k) for k in dict.fromkeys(kinds)])})"


def _plural(count: int, kind: Kind) -> str:
    """Return a number of schemes of a kind in words, such as "2 satellites of special schools"."""
    one, many = SCHEME_KINDS[kind].one, SCHEME_KINDS[kind].several
    return f"{count} {one if count == 1 else many}"


def titles_of(case: Case) -> dict[str, str]:
    """Return the title of each scheme by its id."""
    return {a.candidate.id: a.candidate.title for a in case.appraisals}
