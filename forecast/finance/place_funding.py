"""From high needs places by academic year to pounds by financial year, at the published rates.

A place is paid at its rate (GBP 10,000 or 6,000 a year), on the old academic year's count for the first months of the financial
year and on the new one's for the rest:

    pounds = rate (months_old / 12 places_old + months_new / 12 places_new)

with 5 and 7 months before age 16, 4 and 8 after. Rates and months come from the published table ``place_funding_rules``.

Who pays (maintained schools through the authority's budget; academies and colleges by DfE, taken off the high needs block) does
not change the amount: give places a dimension for it and it is kept. Independent schools have no place funding. What the
published places lack: hospital education, which is paid as a sum and not by the place; maintained schools' places; the years
after 2023-24.

Invariants: linear in places, so parts add up to the whole in every draw; nothing here summarises.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import xarray as xr

from data import tables
from data.errors import OptionError, TableError
from data.financial_year import FinancialYear
from data.register import academic_year
from forecast.core.financial_year import labels, with_levers
from models.base import Array
from scenarios.effects import MoneyChange

S251_LINE = "1.0.2"
"""Line of the S251 return that place funding of maintained schools stands in."""

DSG_BLOCK = "high_needs"
"""Block of the dedicated schools grant that pays it."""

_RULES: Mapping[str, tuple[str, str]] = {
    "special_pre16": ("special academy, pre-16", "state_special"),
    "special_post16": ("special academy, post-16", "state_special"),
    "base_pre16_filled": (
        "mainstream academy SEN unit / resourced provision, pre-16, lower rate",
        "specialist_base",
    ),
    "base_pre16_vacant": (
        "mainstream academy SEN unit / resourced provision, pre-16, higher rate",
        "specialist_base",
    ),
    "ap_pre16": ("AP academy or free school, pre-16 AP places", "ap"),
    "ap_post16": ("mainstream academy, post-16 SEN places", "ap"),
    "mainstream_post16": ("mainstream academy, post-16 SEN places", "mainstream"),
    "college_post16": ("FE and independent learning provider", "general_fe"),
}
"""Kind of place to the published rule it follows and the provision it is in.

Post-16 places in alternative provision have no row of their own: the deductions of 2020-21 to 2023-24 pay them GBP 6,000, like
those in mainstream schools, and not 10,000.
"""

PLACE_KINDS: tuple[str, ...] = tuple(_RULES)
"""Kinds of funded place."""

KIND_OF: Mapping[tuple[str, str], str] = {
    ("special_academy", "pre16_sen"): "special_pre16",
    ("special_academy", "post16_sen"): "special_post16",
    ("special_academy", "pre16_ap"): "ap_pre16",
    ("special_free_school", "pre16_sen"): "special_pre16",
    ("special_free_school", "post16_sen"): "special_post16",
    ("special_free_school", "pre16_ap"): "ap_pre16",
    ("mainstream_academy", "pre16_sen_6000"): "base_pre16_filled",
    ("mainstream_academy", "pre16_sen_10000"): "base_pre16_vacant",
    ("mainstream_academy", "post16_sen"): "mainstream_post16",
    ("mainstream_academy", "pre16_ap"): "ap_pre16",
    ("ap_academy", "pre16_ap"): "ap_pre16",
    ("ap_academy", "pre16_sen"): "special_pre16",
    ("ap_academy", "post16_sen"): "ap_post16",
    ("academy_16_19", "post16_sen"): "mainstream_post16",
    ("fe_ilp", "fe_ilp"): "college_post16",
}
"""Kind of place by provider group and place type as published."""


@dataclass(frozen=True, slots=True)
class PlaceKind:
    """A kind of funded place and what it is paid.

    Parameters
    ----------
    code
        One of `PLACE_KINDS`.
    provision
        Code of the provision it is in.
    rate_gbp
        Pounds a place and year.
    months_old, months_new
        Months paid on the count of the academic year that ends, and of the one that begins; together 12.
    source
        The published rule.
    """

    code: str
    provision: str
    rate_gbp: float
    months_old: int
    months_new: int
    source: str


@cache
def place_kinds() -> Mapping[str, PlaceKind]:
    """Return the kinds of place by code, from ``place_funding_rules``.

    Raises
    ------
    TableError
        A rule is missing or its months are not a year.
    """
    rules = {str(r["place_type"]): r for r in tables.read("place_funding_rules").to_dict("records")}
    found = {}
    for code, (name, provision) in _RULES.items():
        if name not in rules:
            raise TableError(
                f"The published table 'place_funding_rules' has no row '{name}'. Places of the kind {code} cannot be paid for. "
                "Restore the file from the repository."
            )
        rule = rules[name]
        old, new = int(rule["months_old_academic_year"]), int(rule["months_new_academic_year"])
        if old + new != 12:
            raise TableError(
                f"The published table 'place_funding_rules' pays '{name}' for {old} and {new} months, which is not a year. "
                "Restore the file from the repository."
            )
        found[code] = PlaceKind(code, provision, float(rule["place_gbp"]), old, new, name)
    return found


def place_rates(
    years: Sequence[FinancialYear],
    changes: Sequence[MoneyChange] = (),
    januaries: Sequence[int] = (),
    draws: int = 1,
    own: Mapping[str, Array] | None = None,
) -> xr.DataArray:
    """Return the rate of a place after levers on it, pounds a year, dims ``(draw, place_kind, financial_year)``.

    Parameters
    ----------
    years
        Financial years.
    changes
        A scenario's changes of money; those of other items are passed over. A place has no need of its own, so a lever for some
        needs only is refused.
    januaries
        Januaries of the changes' weights.
    draws
        Number of draws; 1 where no lever acts and nothing is drawn.
    own
        What the council pays instead of the published rate, by kind of place, dims ``(draw, financial_year)``.

    Raises
    ------
    OptionError
        A lever on place funding is for some needs, or has another number of draws.
    """
    levers = [c for c in changes if c.item == "place_funding"]
    if any(c.needs for c in levers):
        raise OptionError(
            "A lever on place funding is for some needs, but a place is paid the same whatever the need. Leave needs out, or use "
            "a lever on top-up."
        )
    base = np.ones((draws, len(years)))
    parts = [
        with_levers(
            base * (own or {}).get(kind.code, np.full((1, 1), kind.rate_gbp)),
            [c for c in levers if not c.provisions or kind.provision in c.provisions],
            years=years,
            januaries=januaries,
        )
        for kind in place_kinds().values()
    ]
    return xr.DataArray(
        np.stack(parts, axis=1),
        dims=("draw", "place_kind", "financial_year"),
        coords={"place_kind": list(PLACE_KINDS), "financial_year": labels(years)},
    )


def funded_years(places: xr.DataArray) -> tuple[FinancialYear, ...]:
    """Return the financial years that places by academic year can pay for: those with both of their academic years.

    Raises
    ------
    OptionError
        There are fewer than two academic years, or gaps between them.
    """
    names = [str(y) for y in places["academic_year"].to_numpy()]
    begins = [int(y[:4]) if y[:4].isdigit() else 0 for y in names]
    run = list(range(begins[0], begins[0] + len(begins))) if begins else []
    if len(begins) < 2 or [academic_year(y + 1) for y in run] != names:
        raise OptionError(
            f"Place funding needs two or more academic years in a row, written 2025/26; here are {', '.join(names) or 'none'}. "
            "A financial year is paid on the counts of two academic years. Add those missing."
        )
    return tuple(FinancialYear(y) for y in begins[1:])


def place_funding(places: xr.DataArray, rates: xr.DataArray | None = None) -> xr.DataArray:
    """Return place funding in pounds by financial year.

    Parameters
    ----------
    places
        Funded places, dims with ``place_kind`` (codes of `PLACE_KINDS`) and ``academic_year`` (``2025/26``, consecutive); any
        others, such as ``draw`` or who pays, are kept.
    rates
        Pounds a place and year, dims ``place_kind`` and ``financial_year``, with or without ``draw`` (`place_rates`); None: as
        published, the same in every year.

    Returns
    -------
    xr.DataArray
        Pounds; ``academic_year`` becomes ``financial_year``.

    Raises
    ------
    OptionError
        Places are missing or negative, of an unknown kind, or of years that do not follow on; or rates lack a kind or year.
    """
    lacking = [d for d in ("place_kind", "academic_year") if d not in places.dims]
    if lacking:
        raise OptionError(f"Places have no dimension {' or '.join(lacking)}, only {places.dims}. Add it.")
    codes = [str(k) for k in places["place_kind"].to_numpy()]
    unknown = sorted(set(codes) - set(PLACE_KINDS))
    if unknown:
        raise OptionError(
            f"There is no rate for places of the kind {', '.join(unknown)}. Kinds are {', '.join(PLACE_KINDS)}."
        )
    wrong = int((places.isnull() | (places < 0)).sum())
    if wrong:
        raise OptionError(
            f"{wrong} numbers of places are missing or negative, so they cannot be paid for. Write 0 where there are none."
        )
    years = funded_years(places)
    kinds = [place_kinds()[c] for c in codes]
    if rates is None:
        rates = place_rates(years).isel(draw=0)
    absent = sorted(set(codes) - {str(k) for k in rates["place_kind"].to_numpy()}) + sorted(
        set(labels(years)) - {str(y) for y in rates["financial_year"].to_numpy()}
    )
    if absent:
        raise OptionError(
            f"There is no rate for {', '.join(absent)}. Give one for every kind of place and financial year."
        )
    if "draw" in rates.dims and rates.sizes["draw"] == 1:
        rates = rates.isel(draw=0)
    if "draw" in rates.dims and "draw" in places.dims and rates.sizes["draw"] != places.sizes["draw"]:
        raise OptionError(
            f"Rates have {rates.sizes['draw']} draws, places {places.sizes['draw']}. Give as many, or one rate for all."
        )
    rate = rates.sel(place_kind=codes, financial_year=labels(years))
    old, new = (
        part.rename(academic_year="financial_year").assign_coords(financial_year=labels(years))
        for part in (places.isel(academic_year=slice(None, -1)), places.isel(academic_year=slice(1, None)))
    )
    share = xr.DataArray([k.months_old / 12 for k in kinds], dims="place_kind", coords={"place_kind": codes})
    pounds = rate * (old * share + new * (1 - share))
    dims = ["financial_year" if d == "academic_year" else d for d in places.dims]
    return pounds.transpose(*(["draw"] if "draw" not in dims and "draw" in pounds.dims else []), *dims)
