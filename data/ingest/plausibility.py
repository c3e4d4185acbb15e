"""Whether a new release can be true, set against the tables in use: what moved most, what is out of line, what was restated.

Invariant: nothing is judged by the size of a change alone: leaps are named and marked (`data.ingest.overlay`), and only figures
that contradict each other are counted as wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from data.ingest.overlay import Overlay
from data.vocabulary import SMALLEST_AUTHORITIES

MOST_NAMED = 8
"""Authorities named of those that moved most, and cells of those that were restated."""


@dataclass(frozen=True)
class ReleaseFindings:
    """What a new release says, against the tables in use.

    Parameters
    ----------
    january, before
        Its January, and the one in use.
    moved
        Authorities whose totals moved most, columns ``Authority``, the two Januaries and ``Change``: text for people.
    sentences
        What else is worth knowing, one finding each.
    wrong
        Figures that contradict each other, or are not there; empty in a release that can be used without asking.
    """

    january: int
    before: int
    moved: pd.DataFrame
    sentences: tuple[str, ...]
    wrong: tuple[str, ...]


def findings(
    overlay: Overlay, totals: pd.DataFrame, before: int, names: pd.Series, wrong: Sequence[str]
) -> ReleaseFindings:
    """Return what a release says against the tables in use.

    Parameters
    ----------
    overlay
        The tables with the release laid over them.
    totals
        Table ``plans_total`` in use.
    before
        January in use.
    names
        Name of each authority, by DfE number.
    wrong
        What checks of the tables have against them.
    """
    january = overlay.january
    new = overlay.tables.get("plans_total", totals)
    earlier = _plans(totals, before) if january > before else _plans(totals, january)
    now = _plans(new, january)
    both = pd.DataFrame({"before": earlier, "now": now}).dropna()
    both = both.loc[~both.index.isin(SMALLEST_AUTHORITIES)]
    share = both["now"] / both["before"] - 1
    most = share.abs().sort_values(ascending=False).index[:MOST_NAMED]
    first = f"January {before}" if january > before else f"January {january} before"
    moved = pd.DataFrame(
        {
            "Authority": [names[code] for code in most],
            first: [f"{plans:,.0f}" for plans in both.loc[most, "before"]],
            f"January {january}": [f"{plans:,.0f}" for plans in both.loc[most, "now"]],
            "Change": [f"{share[code]:+.1%}" for code in most],
        }
    )
    change = both["now"].sum() / both["before"].sum() - 1
    sentences = [
        f"Together the {len(both)} authorities with a total in both have {both['now'].sum():,.0f} plans after "
        f"{both['before'].sum():,.0f}: {change:+.1%}.",
    ]
    lost = sorted(set(earlier.dropna().index) - set(now.dropna().index))
    if lost:
        sentences.append(f"No total of January {january}: {_listed([names[code] for code in lost])}.")
    if overlay.leaps:
        leaps = [
            f"{names[leap.la_code]} ({leap.before:,} to {leap.now:,}, {leap.share:+.0%})"
            for leap in overlay.leaps
        ]
        sentences.append(
            f"Out of line, kept as published and marked: {_listed(leaps)}. Where a return is known to be partial, it is "
            "listed in data/ingest/sen2_plans.py, and its figures are then left out."
        )
    for one in overlay.restated[:MOST_NAMED]:
        sentences.append(f"Restated in '{one.table}': {one.groups:,} of earlier years, first {one.first}.")
    if len(overlay.restated) > MOST_NAMED:
        sentences.append(f"Restated in {len(overlay.restated) - MOST_NAMED} more tables.")
    if overlay.not_given:
        kept = [f"'{name}' {count:,}" for name, count in overlay.not_given.items()]
        sentences.append(f"No longer given, and kept as they were: {', '.join(kept)}.")
    empty = [name for name, rows in overlay.new_rows.items() if not rows]
    if empty:
        sentences.append(f"Not in this release: {_listed(empty)}.")
    return ReleaseFindings(january, before, moved, tuple(sentences), tuple(wrong))


def _plans(totals: pd.DataFrame, january: int) -> pd.Series:
    return totals.loc[totals["january"] == january].set_index("la_code")["plans"].astype("float64")


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
