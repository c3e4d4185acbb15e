"""Made-up outcomes, for tests of cost: children where a test puts them, and a register of a few settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from data.areas import by_code
from data.registers.register import Register, frame
from data.vocabulary import AGES, NEED_CODES, PROVISION_CODES
from forecast.core.outcome import Outcome, Plans
from forecast.places.capacity import match
from models.base import Array
from scenarios.effects import MoneyChange, MoneyEffects
from tests.made_placements import JANUARIES, ORIGIN, SPECIALIST, made

DRAWS = 2
REDBRIDGE = 317

Where = Mapping[tuple[int, str, str], float]
"""Children by age, need and provision."""

SCHOOL: dict[str, Any] = {
    "setting": "Oak", "provision": "state_special", "needs": "All", "age_low": 4, "age_high": 10,
    "from_academic_year": "2024/25", "places": 60, "located": "local", "status": "open", "basis": "council",
    "confidence": "high", "source": "council records",
    "chance_delivered": 100.0, "chance_on_time": 100.0,
}  # fmt: skip
"""A special school that is there for certain."""

NO_SCHOOL = {**SCHOOL, "places": 0}


def children(where: Where) -> Array:
    """Return children by age, need and provision."""
    found = np.zeros((len(AGES), len(NEED_CODES), len(PROVISION_CODES)))
    for (age, need, provision), number in where.items():
        found[AGES.index(age), NEED_CODES.index(need), PROVISION_CODES.index(provision)] += number
    return found


def register(*rows: Mapping[str, Any]) -> Register:
    """Return a register of these rows alone; blank cells are those of `SCHOOL`."""
    return Register(REDBRIDGE, frame({**SCHOOL, **row} for row in rows or (NO_SCHOOL,)), "made")


def outcome(
    first: Where,
    *later: Where,
    places: Iterable[Mapping[str, Any]] = (),
    wanted: Where | None = None,
    leavers: Where | None = None,
    money: tuple[MoneyChange, ...] = (),
) -> Outcome:
    """Return an outcome in which children are somewhere at the origin, and somewhere at each January after it.

    Parameters
    ----------
    first, later
        Where they are; the last one given holds for all Januaries after it.
    places
        Rows of the register; no places where left out.
    wanted
        Who wants a specialist place in every January; who is in one, where None.
    leavers
        Whose plans end each year (the provision is not used); nobody's where None.
    money
        Levers on prices.
    """
    path = [*later, *[(later or (first,))[-1]] * len(JANUARIES)][: len(JANUARIES)]
    future = np.broadcast_to(
        np.stack([children(w) for w in path]), (DRAWS, len(path), *children(first).shape)
    )
    opening = children(first)
    asked = None
    if wanted is not None:
        shape = (DRAWS, len(path), len(SPECIALIST), len(AGES), len(NEED_CODES))
        asked = np.broadcast_to(np.moveaxis(children(wanted)[..., SPECIALIST], -1, 0), shape).copy()
    placements = made(future.copy(), asked)
    placements = replace(
        placements,
        opening=placements.opening.copy(data=np.broadcast_to(opening, placements.opening.shape).copy()),
        start=placements.start.copy(data=np.moveaxis(opening[..., SPECIALIST], -1, 0)),
    )
    known = placements.opening.isel(draw=0).sum("provision")
    ending = placements.plans * 0 + (0.0 if leavers is None else children(leavers).sum(axis=-1))
    used = register(*places)
    empty = xr.DataArray(np.zeros(0), dims="none")
    return Outcome(
        area=by_code(REDBRIDGE), seed=1, history_total=empty, history_bands=empty,
        timeliness=None, out_of_line=(), spliced=empty,
        plans=Plans(
            model="made", origin=ORIGIN, known_january=ORIGIN, known=known, estimated_mix=False,
            need_january=ORIGIN, future=placements.plans, flows=xr.Dataset({"leavers": ending}), reason_share=empty,
            residents=empty, process=xr.Dataset(), chance=empty, at_todays_rates=empty,
        ),
        placements=placements,
        register=used,
        shortfall=match(placements, used, None, ORIGIN, np.random.default_rng(1)),
        money=MoneyEffects.of(money, JANUARIES),
    )  # fmt: skip
