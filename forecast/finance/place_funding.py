"""High needs places by academic year as pounds by financial year, at the rates of the price book.

A place is paid at its rate, on the old academic year's count for the first months of the financial year and on the new one's for
the rest:

    pounds = rate (months_old / 12 places_old + months_new / 12 places_new)

with 5 and 7 months before age 16, 4 and 8 after, as in the published table ``place_funding_rules``. Places that open within an
academic year are paid for from that month on. Rates are those of the price
book: England's (`data.prices.place_rates`, dated) unless the council has its own.

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
from typing import cast

import numpy as np
import xarray as xr

from data import tables
from data.errors import OptionError, PriceError, TableError
from data.financial_year import FinancialYear
from data.prices.place_rates import ITEM
from data.prices.price_book import LEVELS, Level, PriceBook, PriceDraws
from data.registers.register import academic_year
from data.vocabulary import ALL
from forecast.core.financial_year import labels, with_levers
from forecast.finance.tariff import in_years
from models.base import Array
from scenarios.effects import UNCHANGED, MoneyEffects

AUTUMN_MONTHS = 7
"""Months from September to March."""


@dataclass(frozen=True, slots=True)
class PlaceKind:
    """A kind of funded place.

    Parameters
    ----------
    provision
        Code of the provision it is in, and in whose line of cost it stands.
    priced_as
        Provision, an age and the occupancy by which its rate is found in the price book.
    rule
        The row of ``place_funding_rules`` that says for which months it is paid.
    """

    provision: str
    priced_as: tuple[str, int, str]
    rule: str


KINDS: Mapping[str, PlaceKind] = {
    "special_pre16": PlaceKind("state_special", ("state_special", 10, ALL), "special academy, pre-16"),
    "special_post16": PlaceKind("state_special", ("state_special", 17, ALL), "special academy, post-16"),
    "base_pre16_filled": PlaceKind(
        "specialist_base",
        ("specialist_base", 10, "filled"),
        "mainstream academy SEN unit / resourced provision, pre-16, lower rate",
    ),
    "base_pre16_vacant": PlaceKind(
        "specialist_base",
        ("specialist_base", 10, "empty"),
        "mainstream academy SEN unit / resourced provision, pre-16, higher rate",
    ),
    "mainstream_post16": PlaceKind(
        "mainstream", ("mainstream", 17, ALL), "mainstream academy, post-16 SEN places"
    ),
    "college_post16": PlaceKind(
        "general_fe", ("general_fe", 17, ALL), "FE and independent learning provider"
    ),
    "ap_pre16": PlaceKind("ap", ("ap", 13, ALL), "AP academy or free school, pre-16 AP places"),
    "ap_post16": PlaceKind("ap", ("mainstream", 17, ALL), "mainstream academy, post-16 SEN places"),
}
"""Kinds of funded place by code.

Post-16 places in alternative provision have no rate of their own: the deductions of 2020-21 to 2023-24 pay them like those in
mainstream schools, and not like those before 16.
"""

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


PARTS: tuple[str, str] = ("from_april", "to_march")
"""Parts of an academic year by the financial year that pays them: its last months are in the next one."""


def open_share(late_months: Array, part: str, months: int) -> Array:
    """Return the share of a part of an academic year in which places are open, 0 to 1.

    Parameters
    ----------
    late_months
        Months from September before they open, 0 to 11.
    part
        One of `PARTS`.
    months
        Months of the academic year after March by the rule that pays them: 5 (it begins in September), or 4 (in August).
    """
    if part == PARTS[0]:
        closed = np.clip(late_months - AUTUMN_MONTHS, 0, months)
        return np.asarray(1 - closed / months)
    begins_earlier = 12 - months - AUTUMN_MONTHS  # an academic year paid from August has one month more
    closed = np.where(late_months > 0, np.minimum(late_months, AUTUMN_MONTHS) + begins_earlier, 0)
    return np.asarray(1 - closed / (12 - months))


@cache
def months_old() -> Mapping[str, int]:
    """Return, by kind of place, the months of a financial year paid on the count of the academic year that ends in it.

    Raises
    ------
    TableError
        A rule is missing or its months are not a year.
    """
    rules = {str(r["place_type"]): r for r in tables.read("place_funding_rules").to_dict("records")}
    months = {}
    for code, kind in KINDS.items():
        if kind.rule not in rules:
            raise TableError(
                f"The published table 'place_funding_rules' has no row '{kind.rule}'. Places of the kind {code} cannot be paid "
                "for. Restore the file from the repository."
            )
        rule = rules[kind.rule]
        old, new = int(rule["months_old_academic_year"]), int(rule["months_new_academic_year"])
        if old + new != 12:
            raise TableError(
                f"The published table 'place_funding_rules' pays '{kind.rule}' for {old} and {new} months, which is not a year. "
                "Restore the file from the repository."
            )
        months[code] = old
    return months


def rates_in_book(book: PriceBook, drawn: PriceDraws, years: Sequence[FinancialYear]) -> dict[str, Array]:
    """Return the rate of each kind of place in the price book in pounds a year, dims ``(draw, financial_year)``.

    Raises
    ------
    PriceError
        The book has no price for a kind of place.
    """
    return {code: in_years(drawn, _row(book, code), years) for code in KINDS}


def _row(book: PriceBook, code: str) -> int:
    """Return the row of the book that prices a kind of place: the strongest level, its own provision, and the last of these."""
    provision, age, occupancy = KINDS[code].priced_as

    def rank(at: int) -> tuple[int, bool, int]:
        price = book.prices[at]
        return LEVELS.index(cast("Level", price.level)), price.provision == provision, at

    fitting = [
        at
        for at, p in enumerate(book.prices)
        if p.item == ITEM
        and p.provision in (provision, ALL)
        and p.age_low <= age <= p.age_high
        and p.kind in (occupancy, ALL)
    ]
    if not fitting:
        raise PriceError(
            f"The price book has no {ITEM} of {provision} at age {age} ({occupancy}), so places of the kind {code} cannot be "
            "paid for. Restore data/reference/finance/place_rates.csv from the repository."
        )
    return max(fitting, key=rank)


def rates_with_levers(
    base: Mapping[str, Array],
    years: Sequence[FinancialYear],
    levers: MoneyEffects = UNCHANGED,
) -> xr.DataArray:
    """Return the rate of a place after levers in pounds a year, dims ``(draw, place_kind, financial_year)``.

    Parameters
    ----------
    base
        Rates before levers by kind of place (`rates_in_book`).
    years
        Financial years.
    levers
        A scenario's changes of money. A place has no need of its own, so a lever on its rate for some needs only is refused.

    Raises
    ------
    OptionError
        A lever on place funding is for some needs, or has another number of draws.
    """
    on_rates = levers.on_price(ITEM)
    if any(c.needs for c in on_rates):
        raise OptionError(
            "A lever on place funding is for some needs, but a place is paid the same whatever the need. Leave needs out, or use "
            "a lever on top-up."
        )
    parts = [
        with_levers(
            rate,
            [c for c in on_rates if not c.provisions or KINDS[code].provision in c.provisions],
            years=years,
            januaries=levers.januaries,
        )
        for code, rate in base.items()
    ]
    return xr.DataArray(
        np.stack(parts, axis=1),
        dims=("draw", "place_kind", "financial_year"),
        coords={"place_kind": list(base), "financial_year": labels(years)},
    )


def funded_years(places: xr.DataArray) -> tuple[FinancialYear, ...]:
    """Return the financial years for which both academic years of the places are given.

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


def paid_places(places: xr.DataArray) -> xr.DataArray:
    """Return places weighted by the part of each financial year for which they are paid; times rates they give pounds.

    Parameters
    ----------
    places
        Funded places, dims with ``place_kind`` (codes of `KINDS`) and ``academic_year`` (``2025/26``, consecutive); any others,
        such as ``draw`` or who pays, are kept. Where they differ within an academic year, ``part`` (`PARTS`) holds the average
        of each part.

    Returns
    -------
    xr.DataArray
        Places of a whole year; ``academic_year`` becomes ``financial_year``.

    Raises
    ------
    OptionError
        Places are missing or negative, of an unknown kind, or of years that do not follow on.
    """
    lacking = [d for d in ("place_kind", "academic_year") if d not in places.dims]
    if lacking:
        raise OptionError(f"Places have no dimension {' or '.join(lacking)}, only {places.dims}. Add it.")
    codes = [str(k) for k in places["place_kind"].to_numpy()]
    unknown = sorted(set(codes) - set(KINDS))
    if unknown:
        raise OptionError(
            f"There is no rate for places of the kind {', '.join(unknown)}. Kinds are {', '.join(KINDS)}."
        )
    wrong = int((places.isnull() | (places < 0)).sum())
    if wrong:
        raise OptionError(
            f"{wrong} numbers of places are missing or negative, so they cannot be paid for. Write 0 where there are none."
        )
    years = funded_years(places)
    old, new = (
        part.rename(academic_year="financial_year").assign_coords(financial_year=labels(years))
        for part in (
            _part(places, PARTS[0]).isel(academic_year=slice(None, -1)),
            _part(places, PARTS[1]).isel(academic_year=slice(1, None)),
        )
    )
    share = xr.DataArray(
        [months_old()[c] / 12 for c in codes], dims="place_kind", coords={"place_kind": codes}
    )
    dims = ["financial_year" if d == "academic_year" else d for d in places.dims if d != "part"]
    paid: xr.DataArray = (old * share + new * (1 - share)).transpose(*dims)
    return paid


def _part(places: xr.DataArray, part: str) -> xr.DataArray:
    return places.sel(part=part, drop=True) if "part" in places.dims else places
