"""`Backlog`: plans issued in a year although due in the years before, and a history in which they stand where they were due.

When assessments fall behind, plans come late: few in one year, many in the next, with as many requests as ever. Read as it
stands the year that caught up looks like new demand. The rule, for calendar year y:

    new[y] >= 1.4 new[y-1],    0.89 <= requests[y] / requests[y-1] < 1.1,    new[y] - new[y-1] >= 3 sqrt(new[y-1])

Then the new plans of y and of the two years before are shared out as the requests of these years were, keeping their sum:

    due[u] = sum(new) requests[u] / sum(requests),    stock of January u + 1 rises by the plans due until u and not issued

The stock of the January after y stays as published: the plans exist, they only were due earlier. Where the year before last has
no figures the other two share.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import xarray as xr

from data.panels.history import History
from data.vocabulary import ALL, BAND_CODES

LEAST_JUMP = 1.4
"""New plans over those of the year before from which a year may have caught up."""

MOST_REQUESTS = 1.1
"""Requests over those of the year before below which they do not account for the jump."""

LEAST_REQUESTS = 0.89
"""Requests over those of the year before from which they are level. Where they fell further, as in 2020, the two years differ in
more than in what was issued; reading those as backlogs made forecasts from 2021 worse (docs/experiments.md)."""

CHANCE = 3.0
"""Square roots of the new plans of the year before that a jump must exceed, so that few plans do not jump by chance."""

YEARS_BEFORE = 2
"""Calendar years before the jump in which plans may have been due."""

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Backlog:
    """A backlog of one authority that was cleared.

    Parameters
    ----------
    area
        DfE number.
    years
        Consecutive calendar years, the last being the one that caught up.
    new_plans, requests
        New plans and requests of those years.
    """

    area: int
    years: tuple[int, ...]
    new_plans: tuple[float, ...]
    requests: tuple[float, ...]

    @property
    def due(self) -> tuple[float, ...]:
        """New plans of each year had they come as requests did; they add up to those issued."""
        issued, requested = sum(self.new_plans), sum(self.requests)
        return tuple(issued * r / requested for r in self.requests)

    @property
    def caught_up(self) -> float:
        """Plans issued in the last year that were due before it."""
        return self.new_plans[-1] - self.due[-1]


def find(history: History) -> tuple[Backlog, ...]:
    """Return every backlog that was cleared in the years of a history, by area and year."""
    flows = history.flows.transpose("area", "year")
    new, requests = flows["new_plans"].to_numpy(), flows["requests"].to_numpy()
    years = flows["year"].to_numpy().astype(int)
    with np.errstate(divide="ignore", invalid="ignore"):
        jumped = new[:, 1:] >= LEAST_JUMP * new[:, :-1]
        level = (requests[:, 1:] >= LEAST_REQUESTS * requests[:, :-1]) & (
            requests[:, 1:] < MOST_REQUESTS * requests[:, :-1]
        )
        by_chance = new[:, 1:] - new[:, :-1] < CHANCE * np.sqrt(new[:, :-1])
        known = np.isfinite(requests[:, 1:]) & np.isfinite(requests[:, :-1]) & (requests[:, :-1] > 0)
    cleared = []
    for row, column in zip(*np.nonzero(jumped & known & level & ~by_chance), strict=True):
        last = int(column) + 1
        first = max(last - YEARS_BEFORE, 0)
        while not (np.isfinite(new[row, first]) and np.isfinite(requests[row, first])):
            first += 1
        one = Backlog(
            area=history.areas[row],
            years=tuple(int(y) for y in years[first : last + 1]),
            new_plans=tuple(new[row, first : last + 1].tolist()),
            requests=tuple(requests[row, first : last + 1].tolist()),
        )
        if one.caught_up > 0:
            cleared.append(one)
    return tuple(cleared)


def spread(history: History) -> History:
    """Return a history in which plans of backlogs stand in the years in which they were due.

    Totals and age bands of January, and new plans of the year, are changed; the January after a backlog was cleared, and what is
    not published, are not. Timeliness stays as published: in simulated backlogs that moved forecasts least (docs/experiments.md).
    """
    cleared = find(history)
    if not cleared:
        return history
    stock, flows = history.stock.copy(deep=True), history.flows.copy(deep=True)
    for one in cleared:
        here = {"area": one.area}
        shares = _band_shares(history, one)
        due_before = 0.0
        for year, issued, due in zip(one.years, one.new_plans, one.due, strict=True):
            flows["new_plans"].loc[{**here, "year": year}] += due - issued
            due_before += due - issued
            if year < one.years[-1]:
                stock.loc[{**here, "january": year + 1, "series": ALL}] += due_before
                stock.loc[{**here, "january": year + 1, "series": list(BAND_CODES)}] += due_before * shares
    return replace(history, stock=stock, flows=flows)


def _band_shares(history: History, one: Backlog) -> Array:
    """Return the shares of age bands among the new plans of the year that caught up; those of plans where not published."""
    new = history.new_plans_by_band.sel(area=one.area)
    if one.years[-1] in new["year"] and new.sel(year=one.years[-1]).notnull().all():
        bands = new.sel(year=one.years[-1], series=list(BAND_CODES))
    else:
        bands = history.stock.sel(area=one.area, january=one.years[-1] + 1, series=list(BAND_CODES))
    counts: xr.DataArray = bands.fillna(0.0)
    shares: Array = (counts / max(float(counts.sum()), 1.0)).to_numpy()
    return shares
