"""An authority's own growth, the growth forecast, what the forecast knows besides, and how such cases went.

Equations: own growth is the yearly growth of published plans over `RECORD_YEARS` to the last January; growth forecast that of the
middle of the forecast over as many years ahead. They are far apart from `FAR` on (`forecast.validation.own_growth`).

Invariant: what is said to bear on the difference is published or drawn, and is in the model; no cause is given.
"""

from __future__ import annotations

from dataclasses import dataclass

import xarray as xr

from forecast.core.outcome import RECORD_YEARS, Outcome, RecentYears
from forecast.presentation import wording
from forecast.presentation.describe import single
from forecast.validation.own_growth import FAR, Departures, shipped_departures

FEW_REQUESTS = 50
"""With fewer requests in a year than this, one child changes what they say."""

LEAST_YEARS = 2
"""Years of published growth below which an authority has no record of its own."""


@dataclass(frozen=True)
class OwnRecord:
    """Own growth and the growth forecast.

    Parameters
    ----------
    first, latest, last
        Januaries: that growth is measured from, the latest published, and to which it is forecast.
    own, ahead
        Yearly growth published and forecast; 0.1 for 10 %.
    """

    first: int
    latest: int
    last: int
    own: float
    ahead: float

    @classmethod
    def of(cls, outcome: Outcome) -> OwnRecord | None:
        """Return the record of an authority; None where too few Januaries were published."""
        latest, now = outcome.plans.known_january, float(outcome.plans.known.sum())
        past = outcome.history_total.dropna("january")
        past = past.sel(january=(past["january"] >= latest - RECORD_YEARS) & (past["january"] < latest))
        if not past.sizes["january"] or now <= 0:
            return None
        first, before = int(past["january"][0]), float(past[0])
        if latest - first < LEAST_YEARS or before <= 0:
            return None
        future = outcome.plans.future
        last = min(outcome.plans.origin + RECORD_YEARS, int(future["january"][-1]))
        middle = single(future.sel(january=last).sum(("age", "need")))["q50"]
        return cls(
            first=first,
            latest=latest,
            last=last,
            own=(now / before) ** (1 / (latest - first)) - 1,
            ahead=max(middle / now, 0.0) ** (1 / (last - latest)) - 1,
        )

    @property
    def far(self) -> bool:
        """Whether the forecast is far from the authority's own growth."""
        return abs(self.ahead - self.own) > FAR


def sentences(outcome: Outcome) -> list[str]:
    """Return sentences on own growth, growth forecast and, where they are far apart, what is known besides and how such went."""
    record = OwnRecord.of(outcome)
    name = outcome.area.name
    if record is None:
        return [f"{name} has too few published Januaries to set the forecast beside growth of its own."]
    apart = round(100 * (record.ahead - record.own), 1)
    written = [
        f"{name}'s plans grew by {_rate(record.own)} a year from January {record.first} to January {record.latest}; the forecast "
        f"is {_rate(record.ahead)} a year to January {record.last}, {_apart(apart)}."
    ]
    fall = _last_growth(outcome, record)
    if fall is not None and fall < 0:
        written.append(
            f"Plans fell in the year to January {record.latest}. After a fall the next January has been hard to forecast, so the "
            "range is wider than after growth, and may still be too narrow."
        )
    if not record.far:
        return written
    besides = _besides(outcome, record)
    if besides:
        written.append(f"What the forecast knows besides that record: {'; '.join(besides)}.")
    cases = shipped_departures()
    return [*written, such_cases(cases)] if cases is not None else written


def such_cases(cases: Departures) -> str:
    """Return a sentence on how forecasts far from own growth did in a January that they had not seen."""
    better = "the forecast was nearer" if cases.missed < cases.own_missed else "own growth was nearer"
    return (
        f"How such cases went: for January {cases.january}, in the {cases.far} of {cases.scored} authorities where the forecast "
        f"made a year before was more than {round(100 * FAR)} points from their own growth, it missed by "
        f"{wording.per_cent(cases.missed, 1)} on average and own growth would have missed by "
        f"{wording.per_cent(cases.own_missed, 1)}: {better}. Further ahead such cases have not been scored apart."
    )


def _rate(growth: float) -> str:
    return wording.per_cent(growth, 1)


def _apart(points: float) -> str:
    if not points:
        return "the same"
    number = f"{abs(points):.1f} {'point' if abs(points) == 1 else 'points'}"
    return f"{number} {'more' if points > 0 else 'less'}"


def _last_growth(outcome: Outcome, record: OwnRecord) -> float | None:
    """Return how plans grew in the last year published; None where the January before was not."""
    total = outcome.history_total.dropna("january")
    years = total["january"].to_numpy()
    if record.latest - 1 not in years or record.latest not in years:
        return None
    before, now = (float(total.sel(january=january)) for january in (record.latest - 1, record.latest))
    return now / before - 1 if before > 0 else None


def _besides(outcome: Outcome, record: OwnRecord) -> list[str]:
    """Return what bears on a forecast besides own growth: last year, requests, refusals, backlog, England."""
    parts = []
    growth = _last_growth(outcome, record)
    if growth is not None:
        parts.append(f"plans {'grew' if growth >= 0 else 'fell'} by {_rate(abs(growth))} in the last year")
    recent = outcome.recent
    if recent is not None:
        parts += [*_requests(recent), *_refusals(recent)]
    backlogs = [b for b in outcome.backlogs if b.years[-1] >= outcome.plans.origin - 1]
    parts += [
        f"about {wording.count(b.caught_up)} new plans of {b.years[-1]} cleared a backlog and are counted in the years in which "
        "they were due"
        for b in backlogs
    ]
    if recent is not None:
        parts += _england(recent, record)
    return parts


def _last_two(series: xr.DataArray) -> tuple[int, float, float] | None:
    """Return the last published year, its figure and that of the year before; None where one is missing."""
    known = series.dropna("year")
    if known.sizes["year"] < 2 or int(known["year"][-1]) - int(known["year"][-2]) != 1:
        return None
    return int(known["year"][-1]), float(known[-1]), float(known[-2])


def _requests(recent: RecentYears) -> list[str]:
    last = _last_two(recent.requests)
    if last is None or last[2] < FEW_REQUESTS:
        return []
    year, now, before = last
    return [
        f"requests for an assessment were {wording.whole(now)} in {year} after {wording.whole(before)} in {year - 1} "
        f"({wording.growth(now / before - 1)})"
    ]


def _refusals(recent: RecentYears) -> list[str]:
    last = _last_two(recent.refused / recent.requests.where(recent.requests >= FEW_REQUESTS))
    if last is None:
        return []
    year, now, before = last
    return [
        f"{wording.per_cent(now)} of requests were refused in {year}, {wording.per_cent(before)} in {year - 1}"
    ]


def _england(recent: RecentYears, record: OwnRecord) -> list[str]:
    parts = [f"England's plans grew by {_rate(recent.england_growth)} a year over {RECORD_YEARS} years"]
    if recent.england_ahead is not None:
        parts[0] += f" and are forecast to grow by {_rate(recent.england_ahead)}"
        between = (record.own - recent.england_growth) * (record.ahead - record.own) < 0
        if between:
            side = "faster" if record.own > recent.england_growth else "slower"
            parts.append(
                f"growth {side} than England's is drawn towards England's, as such differences have shrunk before"
            )
    return parts
