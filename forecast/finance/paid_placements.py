"""Placements as they are paid for: the forecast of placements, limited to the places there are.

`Placements.by_need` says where children go if the future is like the past, and special schools grew in the past. The register
says which places there are. A budget needs both, cell by cell (phase and need group), in every draw and January:

    seated[p] = wanted[p] - short[p] + sent to p from full provisions + unseated[p]       specialist provisions p
    paid[p]   = seated[p]
    paid[o]   = forecast[o] + (sum of forecast[p] - sum of seated[p]) x share[o]          all other provisions o

where ``unseated`` are places that the register lacks although children sit in them today, no more than are short. Children beyond
the places go where the preference order says, to schools elsewhere, INMSS or other; children for whom places are opened come from
there, as far as they are there. So a forecast without new places pays for independent placements, and new places save them.

A register that is an estimate says what is there today and nothing of what is to come, so it holds nobody back: then only what a
scenario changes in seats counts,

    paid[p] = forecast[p] + seated[p] - seated[p] in the baseline,    no less than nobody and no more than all

Invariants, in every draw and January: provisions add up to plans in every phase and need group; nothing is negative.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from data.provisions import destination
from data.vocabulary import (
    AGES,
    NEED_GROUP_CODES,
    PHASE_CODES,
    PHASES,
    PROVISION_CODES,
    SPECIALIST_PROVISIONS,
)
from forecast.core.outcome import Outcome, Placements, Shortfall
from forecast.core.parallel import run_in_parts
from forecast.places.capacity import OF_GROUP
from models.base import Floats

_SPECIALIST = [PROVISION_CODES.index(p) for p in SPECIALIST_PROVISIONS]
_OTHERS = [i for i in range(len(PROVISION_CODES)) if i not in _SPECIALIST]
_STATE_SPECIAL = SPECIALIST_PROVISIONS.index("state_special")
_TOP_AGES = [AGES.index(p.high) for p in PHASES]
_FIRST_AGES = [AGES.index(max(p.low, AGES[0])) for p in PHASES]
_NEWCOMERS, _LEAVERS = PHASE_CODES.index("early_years"), PHASE_CODES.index("post16")


@dataclass(frozen=True, eq=False)
class PaidPlacements:
    """Children by the provision in which they are paid for.

    Parameters
    ----------
    stock
        Each January from the origin, dims ``(draw, january, phase, need_group, provision)``.
    september
        The part of the change in the year to each January that happens on 1 September, same dims; minus where people leave.
    elsewhere
        Of those in state special schools, the ones sent to schools of other authorities beyond the places in the register,
        dims ``(draw, january)``; 0 at the origin.
    """

    stock: xr.DataArray
    september: xr.DataArray
    elsewhere: xr.DataArray


def paid_placements(outcome: Outcome, reference: Floats | None = None) -> PaidPlacements:
    """Return children by the provision in which they are paid for; the module gives the rule.

    Parameters
    ----------
    outcome
        The baseline or a scenario.
    reference
        What `seated_children` says of the baseline, where its register is an estimate; None: children are held to the register.
    """
    placements, shortfall, leavers = outcome.placements, outcome.shortfall, outcome.plans.flows["leavers"]
    cells = ("draw", "january", "phase", "need_group", "provision")
    januaries = [outcome.plans.origin, *(int(j) for j in placements.future["january"].to_numpy())]
    draws = placements.future.sizes["draw"]
    shape = (draws, len(januaries), len(PHASE_CODES), len(NEED_GROUP_CODES), len(PROVISION_CODES))
    stock, september = np.empty(shape, dtype=np.float32), np.zeros(shape, dtype=np.float32)
    elsewhere = np.zeros(shape[:2], dtype=np.float32)

    def limit(some: slice) -> None:
        forecast = _grouped(placements, some)
        seats = seated_children(shortfall, some)
        if reference is not None:
            seats = _add_within_children(forecast[:, 1:], seats - reference[some])
        stock[some, 0] = forecast[:, 0]
        stock[some, 1:], elsewhere[some, 1:] = _limit_to_places(forecast[:, 1:], seats, shortfall)
        # New places open, and pupils for whom there are none are placed elsewhere, when the school year begins.
        september[some, 1:] = np.diff(stock[some] - forecast, axis=1)
        september[some] += _september(placements, forecast, leavers, some)

    run_in_parts(draws, limit)
    coords: dict[str, list[object]] = {
        "january": [*januaries], "phase": [*PHASE_CODES], "need_group": [*NEED_GROUP_CODES], "provision": [*PROVISION_CODES],
    }  # fmt: skip
    return PaidPlacements(
        stock=xr.DataArray(stock, dims=cells, coords=coords),
        september=xr.DataArray(september, dims=cells, coords=coords),
        elsewhere=xr.DataArray(elsewhere, dims=("draw", "january"), coords={"january": januaries}),
    )


def _grouped(placements: Placements, some: slice) -> Floats:
    """Return forecast placements by need group from the origin on, dims ``(draw, january, phase, need_group, provision)``."""
    by_need = placements.by_need.transpose("draw", "january", "phase", "provision", "need").to_numpy()
    ahead = by_need[some] @ OF_GROUP
    opening = placements.opening.transpose("draw", "age", "provision", "need").to_numpy()[some] @ OF_GROUP
    first = np.stack(
        [opening[:, low : high + 1].sum(axis=1) for low, high in zip(_FIRST_AGES, _TOP_AGES, strict=True)],
        axis=1,
    )
    forecast = np.concatenate([first[:, None], ahead], axis=1, dtype=np.float32)
    return np.asarray(np.moveaxis(forecast, 3, 4))


def seated_children(shortfall: Shortfall, some: slice = slice(None)) -> Floats:
    """Return children in specialist places, dims ``(draw, january, phase, need_group, specialist provision)``, in some draws."""
    order = ("draw", "january", "phase", "need_group", "provision")
    wanted, short = (x.transpose(*order).to_numpy()[some] for x in (shortfall.wanted, shortfall.short))
    names = [str(d) for d in shortfall.overflow["destination"].to_numpy()]
    sent = shortfall.overflow.transpose(*order, "destination")
    children = np.maximum(wanted - short, 0.0)  # single precision leaves a few less than nobody
    for to, provision in enumerate(SPECIALIST_PROVISIONS):
        if provision in names:
            taken = sent.sel(destination=provision).to_numpy()[some]
            children[..., to] += taken.sum(axis=-1)
            short = short - taken
    beyond = shortfall.unseated.transpose("phase", "need_group", "provision").to_numpy()
    return np.asarray(children + np.minimum(beyond, np.maximum(short, 0.0)))


def _add_within_children(forecast: Floats, more: Floats) -> Floats:
    """Return the forecast's specialist places plus a change, at least 0 and together at most all children."""
    seats = np.maximum(forecast[..., _SPECIALIST] + more, 0.0)
    total, children = seats.sum(axis=-1, keepdims=True), forecast.sum(axis=-1, keepdims=True)
    return np.asarray(
        seats * np.minimum(1.0, np.divide(children, total, out=np.ones_like(total), where=total > 0))
    )


def _limit_to_places(forecast: Floats, seats: Floats, shortfall: Shortfall) -> tuple[Floats, Floats]:
    """Return placements limited to the places there are, and children sent to special schools elsewhere.

    Parameters
    ----------
    forecast
        Dims ``(draw, january, phase, need_group, provision)``.
    seats
        Children in specialist places, dims ``(draw, january, phase, need_group, specialist provision)``.
    """
    beyond = forecast[..., _SPECIALIST] - seats
    going, coming = _ends(shortfall, np.maximum(beyond, 0.0)), _ends(shortfall, np.maximum(-beyond, 0.0))
    net = beyond.sum(axis=-1)
    more, fewer = np.maximum(net, 0.0), np.maximum(-net, 0.0)
    limited = forecast.copy()
    limited[..., _SPECIALIST] = seats
    gained = more[..., None] * going
    elsewhere = gained[..., -1]
    limited[..., _OTHERS] += gained[..., :-1]
    limited[..., _SPECIALIST[_STATE_SPECIAL]] += elsewhere
    there = limited[..., _OTHERS]
    # Nobody can be fetched back from a school elsewhere whom the forecast did not send there.
    known = coming[..., :-1]
    total = known.sum(axis=-1, keepdims=True)
    wanted = np.divide(known, total, out=np.zeros_like(known), where=total > 0) * fewer[..., None]
    fetched = np.minimum(there, wanted)
    left = there - fetched
    rest = fewer - fetched.sum(axis=-1)
    sums = left.sum(axis=-1)
    part = np.minimum(np.divide(rest, sums, out=np.zeros_like(rest), where=sums > 0), 1.0)
    limited[..., _OTHERS] = left * (1 - part[..., None])
    return limited, elsewhere.sum(axis=(2, 3))


def _ends(shortfall: Shortfall, weight: Floats) -> Floats:
    """Return the share of a cell's children who go to each other provision and, last, to special schools elsewhere.

    Parameters
    ----------
    weight
        How much each specialist provision counts, dims ``(draw, january, phase, need_group, specialist)``; where all are nil
        state special schools count alone.
    """
    names = [str(d) for d in shortfall.ends["destination"].to_numpy()]
    ends = shortfall.ends.transpose("phase", "need_group", "provision", "destination").to_numpy()
    to = np.zeros((*ends.shape[:3], len(_OTHERS) + 1), dtype=np.float32)
    for position, name in enumerate(names):
        if name in SPECIALIST_PROVISIONS:
            continue
        if name == "state_special_elsewhere":
            to[..., -1] += ends[..., position]
            continue
        for phase, code in enumerate(PHASE_CODES):
            provision = destination(name).paid_as(code)
            to[phase, ..., _OTHERS.index(PROVISION_CODES.index(provision))] += ends[phase, ..., position]
    total = weight.sum(axis=-1, keepdims=True)
    share = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
    share[..., _STATE_SPECIAL] += total[..., 0] <= 0
    return np.asarray(np.einsum("djhgp,hgpo->djhgo", share, to, optimize=True), dtype=np.float32)


def _september(placements: Placements, forecast: Floats, leavers: xr.DataArray, some: slice) -> Floats:
    """Return the change of each cell on 1 September: children who begin a phase less those who end one.

    Plans that end after 16 end with the school year. Children who begin a phase are those of its first age, with the need groups
    of the phase; early years settings are joined all year round.
    """
    ages = placements.future.transpose("draw", "january", "age", "provision").to_numpy()[some]
    first = placements.opening.transpose("draw", "age", "provision", "need").to_numpy()[some].sum(axis=3)
    before = np.concatenate([first[:, None], ages[:, :-1]], axis=1, dtype=np.float32)
    total = forecast.sum(axis=3, keepdims=True)
    groups = np.divide(forecast, total, out=np.zeros_like(forecast), where=total > 0)
    begins = ages[:, :, _FIRST_AGES][:, :, :, None] * groups[:, 1:]
    ends = before[:, :, _TOP_AGES][:, :, :, None] * groups[:, :-1]
    begins[:, :, _NEWCOMERS] = 0.0
    gone = leavers.transpose("draw", "january", "age", "need").to_numpy()[some, :, _FIRST_AGES[_LEAVERS] :]
    gone = gone.sum(axis=2) @ OF_GROUP
    stock = forecast[:, :-1, _LEAVERS]
    everyone = stock.sum(axis=3, keepdims=True)
    ends[:, :, _LEAVERS] = gone[..., None] * np.divide(
        stock, everyone, out=np.zeros_like(stock), where=everyone > 0
    )
    change = np.zeros_like(forecast)
    change[:, 1:] = begins - ends
    return change
