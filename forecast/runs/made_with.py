"""What is made now is made with: the latest published January and the stored fit."""

from __future__ import annotations

from data import tables
from data.made_with import SHORT, MadeWith
from forecast.demand import stored_fit


def made_now() -> MadeWith:
    """Return the latest January with published plans and the short key of the stored fit."""
    return MadeWith(int(tables.read("plans_total")["january"].max()), stored_fit.key()[:SHORT])
