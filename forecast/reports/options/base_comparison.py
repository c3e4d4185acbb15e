"""The comparison of each special school option with specialist bases, in words and a table.

Invariant: figures are over the draws in which the option would seat a child.
"""

from __future__ import annotations

import pandas as pd

from data.capital.candidates import SPECIAL
from forecast.capital.schemes import BaseComparison, Case
from forecast.presentation import describe, wording
from forecast.presentation.capital_tables import NOBODY, chance_all_in_bases, seats_any
from forecast.presentation.published_figures import shown
from forecast.presentation.summary import LIKELY
from forecast.reports.document import DocumentTable
from forecast.reports.options.schemes import FEW_NAMED, counted_where, titles_of


def base_table(case: Case) -> DocumentTable:
    """Return every special school option compared with bases, in the draws in which it would seat a child, as a table."""
    titles = titles_of(case)
    rows = []
    for test in case.base_comparisons:
        some = seats_any(test)
        rows.append(
            {
                "Special school option": titles[test.special],
                "Nearest base option": _nearest(test, titles),
                "Children it would seat": counted_where("seats", test.children, some, NOBODY),
                "As many as bases suit": counted_where("seats", test.suited, some, NOBODY),
                "Base places open to them": counted_where("empty", test.base_places, some, NOBODY),
                "Chance bases could do it all": shown("p_enough", chance_all_in_bases(test)),
            }
        )
    return DocumentTable(
        pd.DataFrame(rows),
        f"Could a base do it: each special school option against bases, January {case.base_comparisons[0].january}",
        words=("Nearest base option",),
        widths=(4.2, 4.4, 2.2, 2.2, 2.2, 1.8),
        note=f"In the futures in which the option is open and would seat a child. {wording.MIDDLES_IN_BRACKETS} As many "
        "as bases suit: if children of their phase and need were split between bases and special schools as "
        "England's are today. It is a share of children, not a judgement of any child, and as England has few bases "
        "today it understates what they could do. Base places: of the base options here, after children who want a "
        "base have one.",
    )


def base_lines(case: Case) -> list[str]:
    """Return sentences on the comparison with bases, one an option; for many options, one for all that bases cannot replace."""
    titles = titles_of(case)
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
        elif chance_all_in_bases(test) >= LIKELY:
            lines.append(
                f"{title}: bases could probably do it instead; that all the children could be met in bases is "
                f"{wording.likelihood(chance_all_in_bases(test))}. Build bases first unless there is a reason not to."
            )
        elif len(case.base_comparisons) > FEW_NAMED:
            short_of += 1
        else:
            middle = float(describe.percentiles(test.in_bases.where(some).dropna("draw"), (0.5,))[0])
            lines.append(
                f"{title}: {wording.tenths(middle)} of the children could be met in bases; that all of them could is "
                f"{wording.likelihood(chance_all_in_bases(test))}. On today's pattern bases alone would not do."
            )
    if short_of:
        which = "each of the" if short_of == len(case.base_comparisons) else "each of the other"
        lines.append(
            f"For {which} {short_of} special school options it is likelier than not, on today's pattern, that bases "
            "alone would not do; the table says how many children they would suit."
        )
    return lines


def _nearest(test: BaseComparison, titles: dict[str, str]) -> str:
    if test.nearest is None:
        return "none serves the same ages and needs"
    how = {
        "distance": "" if test.distance_km is None else f" ({test.distance_km:.1f} km)",
        "community": " (same community)",
        "none": " (site not known)",
    }[test.near_by]
    return titles[test.nearest] + how


def special_chosen(case: Case) -> list[BaseComparison]:
    """Return the comparisons of the special school options in the programme."""
    chosen = {c.candidate.id for c in case.programme.choices if c.candidate.kind in SPECIAL}
    return [t for t in case.base_comparisons if t.special in chosen]
