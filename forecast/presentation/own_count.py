"""The council's own count in words: that a forecast uses it, of which day, and by how much it moves the forecast.

Invariant: what is said to be moved is the difference of the same draws without and with the count; a count that moves nothing of
a kind (placements, bands counted before September) is said to move nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from data.counts.own_counts import in_words
from data.formatting import listed
from data.vocabulary import NEEDS, PROVISIONS
from forecast.core.outcome import CountUsed, Outcome
from forecast.demand.own_count import CountDay
from forecast.presentation import wording
from forecast.presentation.describe import percentiles

FAR_AHEAD = 5
"""Years ahead of the second January that is said to move; the first is the next."""

MOST_PLACEMENTS = 6
"""Placements said beside the forecast, largest first."""


def sentences(outcome: Outcome) -> list[str]:
    """Return sentences on the count a forecast uses: what it moves, and what should be looked at; none without a count."""
    used = outcome.own_count
    if used is None:
        return []
    lines = [_moves(used, outcome.area.name, outcome.plans.origin)]
    lines += doubts(used)
    lines += _bands(used)
    lines += _needs(used)
    lines += _placements(used, outcome)
    return lines


def _moves(used: CountUsed, name: str, origin: int) -> str:
    plans = used.counts.plans
    parts = [
        f"January {january} from {_at(used.before, january)} to {_at(used.after, january)}"
        for january in (origin + 1, origin + FAR_AHEAD)
    ]
    return (
        f"{name}'s own count of {plans.total:,} plans on {in_words(plans.day)} moves {listed(parts)}: middle, and "
        f"{wording.RANGE_OF_FUTURES}. It moves no other authority and no published figure."
    )


def _at(total: xr.DataArray, january: int) -> str:
    low, middle, high = percentiles(total.sel(january=january))
    return wording.count_interval(float(low), float(middle), float(high))


def doubts(used: CountUsed) -> list[str]:
    """Return sentences on what should be checked before a count is relied on; none where nothing stands out."""
    plans, lines = used.counts.plans, []
    if not used.low <= plans.total <= used.high:
        side = "more" if plans.total > used.high else "fewer"
        lines.append(
            f"Check the count: {plans.total:,} plans are far {side} than the forecast without it has for that day "
            f"({wording.count_range(used.low, used.high)} in 999 of 1,000 futures). Likely reasons are the unit (requests, new "
            "plans or plans ever issued, in place of plans maintained that day) or the definition (children at school here, in "
            "place of plans that this council maintains). If the count is right, use it and say why plans changed."
        )
    if plans.ceased is not None and plans.total + plans.ceased < used.published:
        lines.append(
            f"Check the count: with the {plans.ceased:,} plans that ceased since January it makes "
            f"{plans.total + plans.ceased:,}, fewer than the {wording.whole(used.published)} of the last return, which new plans "
            "can only add to. Plans that moved to another authority may be left out of those that ceased."
        )
    return lines


def _bands(used: CountUsed) -> list[str]:
    if not used.counts.plans.bands:
        return []
    if used.bands_used:
        return ["Its age bands move those of the forecast; they add up to its total in every future."]
    return [
        "Its age bands move nothing: until 31 August they are the ages of the last return, and say little of the next. Count "
        "again from September on."
    ]


def _needs(used: CountUsed) -> list[str]:
    if used.needs_before is None or used.needs_after is None:
        return []
    before, after = (needs / needs.sum() for needs in (used.needs_before, used.needs_after))
    moved = after - before
    first = str(moved["need"].to_numpy()[int(np.abs(moved.to_numpy()).argmax())])
    return [
        "Its needs move the mix that the forecast starts from, most for "
        f"{NEEDS[first][0].lower()}{NEEDS[first][1:]}: from {wording.per_cent(float(before.sel(need=first)), 1)} to "
        f"{wording.per_cent(float(after.sel(need=first)), 1)} of plans."
    ]


def placements_beside(outcome: Outcome) -> list[tuple[str, int, float | None]]:
    """Return provision, plans counted and plans the forecast has on that day (None where it has none), largest count first."""
    used = outcome.own_count
    if used is None:
        return []
    day = CountDay.of(used.counts.plans)
    placements, next_january = outcome.placements, day.january + 1
    future = placements.future.sum("age")
    reached = next_january in future["january"].to_numpy()
    rows: list[tuple[str, int, float | None]] = []
    for code, number in sorted(used.counts.plans.placements.items(), key=lambda item: -item[1]):
        there = None
        if reached:
            start = float(placements.known.sel(provision=code).sum())
            if day.january in future["january"].to_numpy():
                start = float(percentiles(future.sel(january=day.january, provision=code))[1])
            end = float(percentiles(future.sel(january=next_january, provision=code))[1])
            there = (1 - day.part) * start + day.part * end
        rows.append((code, number, there))
    return rows


def _placements(used: CountUsed, outcome: Outcome) -> list[str]:
    rows = placements_beside(outcome)
    if not rows:
        return []
    shown = [
        f"{PROVISIONS[code].lower()} {number:,}"
        + ("" if there is None else f" (forecast {wording.whole(there)})")
        for code, number, there in rows[:MOST_PLACEMENTS]
    ]
    return [
        f"Its placements move nothing: where children are taught starts from the published return, not from a count. Counted: "
        f"{listed(shown)}."
    ]


def record(outcome: Outcome) -> dict[str, Any] | None:
    """Return the count of a run for its record, without a time: origin, hash, day, total and what it moved; None without one."""
    used = outcome.own_count
    if used is None:
        return None
    origin = outcome.plans.origin
    return {
        "origin": used.counts.origin,
        "sha256": used.fingerprint,
        "date": used.counts.plans.day.isoformat(),
        "plans": used.counts.plans.total,
        "expected_low_999": round(used.low, 1),
        "expected_high_999": round(used.high, 1),
        "age_bands_used": used.bands_used,
        "needs_used": used.needs_after is not None,
        "moved": {
            str(january): {
                name: [round(float(q), 1) for q in percentiles(total.sel(january=january))]
                for name, total in (("without", used.before), ("with", used.after))
            }
            for january in (origin + 1, origin + FAR_AHEAD)
        },
    }
