"""A made-up appraisal and balance for one run: enough to write a paper from, with figures that are easy to check."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr

from data.capital.candidates import Candidate, Kind
from forecast.capital.schemes import (
    Appraisal,
    BaseComparison,
    Case,
    Choice,
    Horizon,
    Programme,
    Regret,
    Sufficiency,
)
from forecast.core.financial_year import FinancialYear
from forecast.core.outcome import Outcome
from forecast.finance.balance import Balance, Comparison

YEARS = ["2026-27", "2027-28", "2028-29", "2029-30", "2030-31"]
FUTURES = ["Baseline", "Reform from 2030", "More requests first"]


def candidate(name: str, kind: Kind = "base", places: int = 20, basis: str = "published") -> Candidate:
    """Return a scheme."""
    return Candidate.model_validate(
        {
            "id": name, "title": name.replace("-", " ").capitalize(), "kind": kind, "places": places, "age_low": 4,
            "age_high": 10, "needs": ("ASD", "SLCN"), "opens": 2028, "lead_years": 2, "phasing": "all",
            "chance_delivered": 90, "chance_on_time": 60, "typical_delay_years": 1.5, "capital_low": 30_000,
            "capital_high": 50_000, "price_year": "2025-26", "location_factor": 1.21, "optimism_bias": 24,
            "grant_share": 60, "borrow_years": 30, "borrow_rate": 5.0, "basis": basis, "confidence": "medium",
            "source": "assumption: made up for a test",
        }
    )  # fmt: skip


def appraisal(
    one: Candidate, outcome: Outcome, npv: float, january: int, rng: np.random.Generator
) -> Appraisal:
    """Return an appraisal whose net present value has a middle of about ``npv`` pounds."""
    short = outcome.shortfall.short.sum(("provision", "phase", "need_group"))
    draws, januaries = short.sizes["draw"], short["january"].to_numpy().tolist()
    open_ = xr.DataArray(
        [float(one.places) * (j > one.opens) for j in januaries],
        dims="january",
        coords={"january": januaries},
    )
    places = (open_ + 0.0 * short).transpose("draw", "january")
    taken = xr.DataArray(rng.uniform(0.6, 1.0, draws), dims="draw")
    seats = np.minimum(places * taken, short).transpose("draw", "january")
    money = xr.DataArray(
        rng.normal(1e5, 2e4, (draws, len(YEARS))),
        dims=("draw", "financial_year"),
        coords={"financial_year": YEARS},
    )
    cost = xr.DataArray(one.places * 60_000 * rng.uniform(0.8, 1.3, draws), dims="draw")
    return Appraisal(
        candidate=one, places=places, seats=seats, newly_met=0.1 * seats, unplaced=short - seats, education_saved=money,
        transport_saved=0.1 * money, running=0 * money, capital=money, cost=cost,
        npv=xr.DataArray(rng.normal(npv, abs(npv) / 2, draws), dims="draw"),
        npv_forecast=xr.DataArray(rng.normal(npv / 3, abs(npv) / 2, draws), dims="draw"),
        payback=xr.DataArray(np.where(rng.random(draws) < (0.2 if npv > 0 else 1.0), np.inf, 9.0 + 0 * short[:, 0]), dims="draw"),
        debt_charge=0.03 * cost,
    )  # fmt: skip


def case(outcome: Outcome, *, generic: bool = False, many_futures: bool = True) -> Case:
    """Return an appraisal of four schemes, of which two are chosen."""
    rng = np.random.default_rng(7)
    origin = outcome.plans.origin
    january = min(origin + 5, int(outcome.shortfall.short["january"][-1]))
    schemes = (
        candidate("primary-base"),
        candidate("north-secondary-base", places=30),
        candidate("hill-school-expansion", "special_expansion", 70),
        candidate("new-special-school", "new_special", 150, "assumed"),
    )
    values = (1.4e6, 2.6e6, 9.1e6, -3.2e6)
    found = tuple(appraisal(s, outcome, v, january, rng) for s, v in zip(schemes, values, strict=True))
    programme = _programme("Baseline", (found[1], found[2]), outcome)
    other = _programme("Reform from 2030", (found[1],), outcome)
    last = _programme("More requests first", (found[1], found[2], found[3]), outcome)
    programmes = {p.name: p for p in (programme, other, last)}
    npv = np.array([[9.0, 3.0, 12.0], [4.0, 5.0, 6.0], [8.0, -2.0, 14.0]]) * 1e6
    grid = {"programme": list(programmes), "scenario": FUTURES}
    regret = Regret(
        programmes=programmes,
        npv=xr.DataArray(npv, dims=("programme", "scenario"), coords=grid),
        unplaced=xr.DataArray(
            np.broadcast_to(600.0 - npv / 1e5, (outcome.shortfall.short.sizes["draw"], 3, 3)),
            dims=("draw", "programme", "scenario"), coords=grid,
        ),
        p_sufficient=xr.DataArray(np.full((3, 3), 0.1), dims=("programme", "scenario"), coords=grid),
        regret=xr.DataArray(npv.max(axis=0) - npv, dims=("programme", "scenario"), coords=grid),
        robust="Baseline",
        best_on_average="Baseline",
    )  # fmt: skip
    short = outcome.shortfall.short.sum(("provision", "phase", "need_group"))
    draws = outcome.shortfall.short.sizes["draw"]
    children = found[2].seats.sel(january=january, drop=True)
    tests = tuple(
        BaseComparison(
            special=a.candidate.id, nearest="north-secondary-base" if n == 0 else None, distance_km=2.34 if n == 0 else None,
            near_by="distance" if n == 0 else "none", january=january, children=children, suited=0.6 * children,
            base_places=xr.DataArray(np.full(draws, 30.0), dims="draw"), in_bases=0 * children + 0.5,
            all_in_bases=in_share_of_draws(draws, 0.12),
        )
        for n, a in enumerate(found[2:])
    )  # fmt: skip
    return Case(
        la_code=outcome.area.la_code, origin=origin, seed=outcome.seed, scenario=None, candidates_from="candidates.csv",
        generic=generic, base_year="2025-26", horizon=Horizon(), january=january, wanted=outcome.shortfall.wanted,
        short=outcome.shortfall.short, short_before=short, built=_built(programme, outcome),
        appraisals=found, base_comparisons=tests, programme=programme,
        best_value=_programme("Baseline", (found[2],), outcome),
        regret=regret if many_futures else None, engine_unplaced=programme.unplaced + 3.0,
        notes=("Made up for a test",),
    )  # fmt: skip


def _built(programme: Programme, outcome: Outcome) -> Outcome:
    """Return the outcome with the programme: every cell has the share of its children short that the programme leaves."""
    short = outcome.shortfall.short
    left = programme.unplaced / short.sum(("provision", "phase", "need_group")).clip(min=1.0)
    return replace(
        outcome,
        shortfall=replace(outcome.shortfall, short=(short * left).transpose(*short.dims).astype(short.dtype)),
    )


def in_share_of_draws(draws: int, share: float) -> xr.DataArray:
    """Return 1 in a share of draws and 0 in the others, dims ``(draw,)``."""
    return xr.DataArray(np.where(np.arange(draws) < round(share * draws), 1.0, 0.0), dims="draw")


def _programme(name: str, chosen: tuple[Appraisal, ...], outcome: Outcome) -> Programme:
    short = outcome.shortfall.short.sum(("provision", "phase", "need_group"))
    places, seats = sum(a.places for a in chosen), sum(a.seats for a in chosen)
    assert isinstance(places, xr.DataArray)
    assert isinstance(seats, xr.DataArray)
    cost, npv = sum(a.cost for a in chosen), sum(a.npv for a in chosen)
    assert isinstance(cost, xr.DataArray)
    assert isinstance(npv, xr.DataArray)
    return Programme(
        name=name, choices=tuple(Choice(a.candidate, a.candidate.opens) for a in chosen), budget=20e6, sufficiency=Sufficiency(),
        aim="chance of enough places", met=False, p_reachable=0.2, p_sufficient=0.16, cost=cost, npv=npv, places=places,
        seats=seats, unplaced=(short - seats).clip(min=0.0), value=1.0, bound=1.0, gap=0.0, draws_used=100, seconds=1.0,
    )  # fmt: skip


def nothing(of: Case) -> Case:
    """Return the case with an empty programme."""
    chosen = of.programme
    return replace(
        of,
        built=None,
        engine_unplaced=None,
        programme=replace(
            chosen,
            choices=(),
            cost=0 * chosen.cost,
            npv=0 * chosen.npv,
            places=0 * chosen.places,
            seats=0 * chosen.seats,
        ),
    )


def balance(outcome: Outcome) -> Comparison:
    """Return a balance that the programme makes better from the third year on."""
    rng = np.random.default_rng(11)
    draws = outcome.shortfall.short.sizes["draw"]
    opening = xr.DataArray(np.full(draws, -9e6), dims="draw")
    income = _yearly(np.full((draws, len(YEARS)), 70e6))
    cost = _yearly(75e6 + rng.normal(0, 2e6, (draws, 1)) + np.arange(len(YEARS)) * 2e6)
    saved = _yearly(np.tile([0.0, 0.0, 1e6, 2e6, 3e6], (draws, 1)) * rng.uniform(0.5, 1.5, (draws, 1)))
    return Comparison(
        _balance(outcome, opening, income, cost), _balance(outcome, opening, income, cost - saved)
    )


def _balance(outcome: Outcome, opening: xr.DataArray, income: xr.DataArray, cost: xr.DataArray) -> Balance:
    return Balance(
        la_code=outcome.area.la_code, opening=opening, opening_basis="to verify", income=income, cost=cost,
        stability_grant=0 * income, met_by_centre=0 * income, closing=opening + (income - cost).cumsum("financial_year"),
        override_ends=FinancialYear(2027), regime="share",
    )  # fmt: skip


def _yearly(values: np.ndarray) -> xr.DataArray:
    return xr.DataArray(values, dims=("draw", "financial_year"), coords={"financial_year": YEARS})
