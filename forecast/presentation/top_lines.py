"""What stands at the top of every output: that a forecast is old, and what the council's own count moves.

Invariant: whether a forecast is old depends on its origin, the newest January published and the day given, and on nothing else:
nobody reads a clock here.
"""

from __future__ import annotations

from datetime import date

from data.errors import FitError
from data.tables import newest_january
from forecast.core.outcome import Outcome
from forecast.demand import stored_fit
from forecast.presentation import own_count


def old_origin(origin: int, newest: int, today: date) -> str:
    """Return a sentence on a forecast that starts from an old January; blank where it does not.

    Parameters
    ----------
    origin
        January the forecast starts from.
    newest
        Newest January whose returns are published and in use.
    today
        The day it is read.
    """
    if origin < newest:
        return (
            f"Old forecast: it starts from January {origin}, but returns of January {newest} are in use. Fit the models again "
            "with 'sendplan fit' before you rely on it."
        )
    if today >= date(origin + 1, 2, 1):
        months = 12 * (today.year - origin) + today.month - 1
        return (
            f"Old forecast: it starts from January {origin}, {months} months ago. A newer return may be published: "
            "bring it in, or put in the council's own count of plans, before you rely on it."
        )
    return ""


def old_forecast(today: date) -> str:
    """Return the sentence of `old_origin` on the stored fit; blank where there is none, which is said elsewhere."""
    try:
        origin = int(stored_fit.manifest()["origin"])
    except FitError:
        return ""
    return old_origin(origin, newest_january(), today)


def top_lines(outcome: Outcome, today: date) -> list[str]:
    """Return the sentences at the top of an output: an old origin, then the council's own count; none where neither applies."""
    old = old_origin(outcome.plans.origin, newest_january(), today)
    return [*([old] if old else []), *own_count.sentences(outcome)]
