"""Made-up forecasts and candidate schemes, for benchmarks and tests of the options appraisal; no published tables, no fit."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import xarray as xr

from data.capital.candidates import Candidate
from data.prices.inflation import year_name
from data.prices.price_book import ITEMS
from data.vocabulary import (
    AGES,
    NEED_CODES,
    NEED_GROUP_CODES,
    PHASE_CODES,
    PROVISION_CODES,
    SPECIALIST_PROVISIONS,
)
from forecast.capital.appraisal import AppraisalInputs, Option, prepare_inputs
from forecast.capital.schemes import Horizon, UnitCosts
from forecast.core.outcome import Outcome
from forecast.places.capacity import OF_GROUP, OF_PHASE
from forecast.places.preference_order import default_rules
from models.base import Array

ORIGIN, SEED = 2025, 11

FEW_DRAWS = 2
"""Draws that are enough to see that each has numbers of its own."""

PRICES: dict[str, float] = {
    "mainstream": 9_000.0, "early_years": 8_000.0, "specialist_base": 9_000.0, "state_special": 20_000.0,
    "inmss": 65_000.0, "eotas": 30_000.0, "general_fe": 12_000.0, "specialist_post16": 40_000.0,
}  # fmt: skip
"""Pounds a year for a child, place funding and transport apart."""

PLACE: dict[str, float] = {"specialist_base": 6_000.0, "state_special": 10_000.0}
"""Place funding."""

CARRIED = 4_000.0
"""Transport of every child."""


def candidate(**changes: Any) -> Candidate:
    """Return a base that is certain to open on time, with some fields changed."""
    said: dict[str, Any] = {
        "id": "base", "title": "A base", "kind": "base", "places": 20, "age_low": 4, "age_high": 10, "needs": ("ASD",),
        "opens": 2026, "lead_years": 1, "phasing": "all", "chance_delivered": 100.0, "chance_on_time": 100.0,
        "typical_delay_years": 1.0, "capital_low": 20_000.0, "capital_high": 20_000.0, "price_year": "2025-26",
        "location_factor": 1.0, "optimism_bias": 0.0, "grant_share": 0.0, "borrow_years": 25, "borrow_rate": 5.0,
        "basis": "assumed", "confidence": "low", "source": "test",
    }  # fmt: skip
    return Candidate.model_validate(said | changes)


def wanted(januaries: Sequence[int], draws: int) -> xr.DataArray:
    """Return who wants a place: one child of every age and need for every provision."""
    shape = (draws, len(januaries), len(SPECIALIST_PROVISIONS), len(AGES), len(NEED_CODES))
    coords = {
        "draw": list(range(draws)), "january": list(januaries), "provision": list(SPECIALIST_PROVISIONS),
        "age": list(AGES), "need": list(NEED_CODES),
    }  # fmt: skip
    return xr.DataArray(np.ones(shape), dims=tuple(coords), coords=coords)


def outcome(short: Array, inmss: float = 0.6) -> Outcome:
    """Return what the appraisal reads of a forecast.

    Parameters
    ----------
    short
        Children short, dims (draw, january, provision, phase, need_group).
    inmss
        Part of them who go to INMSS; the others wait.
    """
    draws, count = short.shape[:2]
    januaries = [ORIGIN + 1 + t for t in range(count)]
    coords = {
        "draw": list(range(draws)), "january": januaries, "provision": list(SPECIALIST_PROVISIONS),
        "phase": list(PHASE_CODES), "need_group": list(NEED_GROUP_CODES),
    }  # fmt: skip
    missing = xr.DataArray(short, dims=tuple(coords), coords=coords)
    overflow = xr.concat(
        [inmss * missing, (1 - inmss) * missing], dim="destination", join="exact"
    ).assign_coords(destination=["inmss", "waiting"])
    choices = wanted(januaries, draws)
    cells = np.einsum("djpan,ah,ng->djphg", choices.to_numpy(), OF_PHASE, OF_GROUP)
    shortfall = SimpleNamespace(short=missing, overflow=overflow, wanted=missing.copy(data=cells + short))
    found = SimpleNamespace(shortfall=shortfall, seed=SEED, placements=SimpleNamespace(wanted=choices))
    return cast("Outcome", found)


def cell(draws: int = FEW_DRAWS, januaries: int = 3) -> Array:
    """Return no child short, dims (draw, january, provision, phase, need_group)."""
    return np.zeros((draws, januaries, len(SPECIALIST_PROVISIONS), len(PHASE_CODES), len(NEED_GROUP_CODES)))


def costs(draws: int, januaries: int, prices: dict[str, float] | None = None) -> UnitCosts:
    """Return `PRICES` in every year and draw, without inflation."""
    years = [year_name(ORIGIN + t) for t in range(januaries)]
    items = [item for item in ITEMS if item != "send_travellers"]
    shape = (draws, januaries, len(items), len(PROVISION_CODES), len(PHASE_CODES), len(NEED_GROUP_CODES))
    values = np.zeros(shape)
    for provision, price in (prices or PRICES).items():
        values[:, :, items.index("top_up"), PROVISION_CODES.index(provision)] = price
    for provision, price in PLACE.items():
        values[:, :, items.index("place_funding"), PROVISION_CODES.index(provision)] = price
    values[:, :, items.index("send_transport")] = CARRIED
    coords = {
        "draw": list(range(draws)), "financial_year": years, "item": items, "provision": list(PROVISION_CODES),
        "phase": list(PHASE_CODES), "need_group": list(NEED_GROUP_CODES),
    }  # fmt: skip
    return UnitCosts(
        per_child=xr.DataArray(values, dims=tuple(coords), coords=coords),
        deflator=xr.DataArray(
            np.ones((draws, januaries)),
            dims=("draw", "financial_year"),
            coords={"draw": list(range(draws)), "financial_year": years},
        ),
        base_year=year_name(ORIGIN),
    )


def made(candidates: Sequence[Candidate], short: Array, years_after: int = 0) -> AppraisalInputs:
    """Return candidates, opened as entered, in a made-up forecast."""
    return prepare_inputs(
        [Option(c, c.opens) for c in candidates],
        outcome(short),
        costs(*short.shape[:2]),
        default_rules(),
        Horizon(years_after),
    )


KINDS_OF_SCHOOL = (
    {"kind": "base", "age_low": 4, "age_high": 10, "needs": ("ASD",)},
    {"kind": "base", "age_low": 4, "age_high": 7, "needs": ("ASD", "SLCN")},
    {"kind": "satellite", "age_low": 4, "age_high": 15, "needs": ("ASD",)},
    {"kind": "new_special", "age_low": 4, "age_high": 18, "needs": ("ASD", "SEMH", "SLCN")},
    {"kind": "special_expansion", "age_low": 11, "age_high": 15, "needs": ("SEMH",)},
    {"kind": "post16_centre", "age_low": 16, "age_high": 25, "needs": ("ASD", "MLD")},
)  # fmt: skip
"""Kinds of scheme that overlap in every way: wholly, in part, not at all."""


def random_candidates(rng: np.random.Generator, count: int) -> list[Candidate]:
    """Return schemes of random kind, size, cost and year."""
    found = []
    for i in range(count):
        kind = KINDS_OF_SCHOOL[int(rng.integers(len(KINDS_OF_SCHOOL)))]
        cost = float(rng.integers(5, 120) * 1_000)
        found.append(
            candidate(
                id=f"scheme-{i}", title=f"Scheme {i}", places=int(rng.integers(5, 60)), capital_low=cost,
                capital_high=cost * 1.3, opens=int(rng.integers(2025, 2027)),
                chance_delivered=float(rng.integers(50, 101)), **kind,
            )
        )  # fmt: skip
    return found


def random_short(rng: np.random.Generator, draws: int, januaries: int = 3) -> Array:
    """Return children short, most of them in a few cells."""
    short = cell(draws, januaries)
    for provision, phase, group in (
        (0, 1, 0),
        (0, 2, 0),
        (0, 1, 1),
        (0, 2, 2),
        (1, 1, 0),
        (1, 1, 1),
        (2, 3, 0),
        (0, 3, 0),
    ):
        short[:, :, provision, phase, group] = rng.gamma(2.0, 12.0, (draws, januaries))
    return short
