"""High needs spending that plans do not drive: hospital education, alternative provision, early years, income from others.

Its base is an authority's own spending of 2021-22, the last year published by line. For a group g of lines, with G the outturn
and the places DfE pays itself (`dsg_deductions`), and C what the price book charges to the same lines for pupils with a plan,

    pounds = G max(0, 1 - C / sum of G over the group)

so what is costed by plan is not counted again. An authority without figures of its own has, per resident aged 2 to 18, what
England spends; a part of an abolished one has its share of that one's. Later years follow prices and residents:

    pounds(y) = pounds x growth of the GDP deflator since 2021-22 x residents aged 2 to 18 (y) / the same (2021)

Draws of the base: a known outturn is as noisy as other authorities' budgets and outturns of the line disagree (the log of one
over the other, less its median, over the square root of 2, drawn from among them); an unknown one is that of an authority
drawn at random, all lines together, since spending that is not in one line is in another. No distribution is assumed, so a line
that many leave at 0 is drawn at 0 as often.

Invariants: an authority is never its own evidence where its figures are held out; the mean over all possibilities is the
pounds, line by line, so what is drawn adds up to what is stated; a known line that is 0 is 0 in every draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
import xarray as xr

from data import tables
from data.areas import by_code
from data.errors import OptionError
from data.financial_year import FinancialYear
from data.prices.inflation import draw_root
from data.prices.price_book import PriceBook
from data.prices.starting_books import ESTIMATE_YEAR, england, inflation, source_code
from forecast.core.financial_year import labels
from models.base import Array

PER_PLAN: tuple[str, ...] = ("sen_support", "therapies_equipment")
"""Items that the price book has for each plan, and that this module has as lines too: cost them once."""

BASES: tuple[str, ...] = ("own", "predecessor", "per_head")
"""Own outturn; the share of an abolished authority's; England's spending per resident."""

YEAR = FinancialYear(2021)
"""Year of the spending."""

AGES = (2, 18)
"""Ages of the residents that spending is set against, both included."""

RECODED = 1.0
"""Largest log noise of a line: an authority further out than a factor of e has booked the money to another line."""

DSG_BLOCK = "high_needs"
"""Block of the dedicated schools grant that pays all of it."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of spending: the source of its pounds, and the group from which the cost of plans is subtracted."""

    label: str
    s251: str
    outturn: tuple[str, ...]
    deducted: tuple[str, ...] = ()
    group: str = ""
    sign: int = 1


_TOP_UP = "1.2.1;1.2.2;1.2.4;1.2.11"

LINES: dict[str, _Line] = {
    "hospital": _Line("Hospital education", "1.2.6", ("hospital_education",), ("hospital",)),
    "ap_places": _Line(
        "Alternative provision: places", "1.0.2", ("place_pru_ap",), ("pre16_ap",), "alternative_provision"
    ),
    "ap_top_up": _Line(
        "Alternative provision: top-up", _TOP_UP, ("topup_state_pru_ap",), (), "alternative_provision"
    ),
    "ap_independent": _Line(
        "Alternative provision: independent", "1.2.3", ("topup_nonmaint_pru_ap",), (), "alternative_provision"
    ),
    "ap_services": _Line(
        "Alternative provision: services", "1.2.7", ("alternative_provision_services",), (), "alternative_provision"
    ),
    "early_years_places": _Line("Early years: places", "1.0.2", ("place_early_years",)),
    "early_years_independent": _Line("Early years: independent", "1.2.3", ("topup_nonmaint_early_years",)),
    "independent_schools": _Line(
        "Independent schools, primary and secondary", "1.2.3",
        ("topup_nonmaint_primary", "topup_nonmaint_secondary"), (), "independent_mainstream",
    ),
    "income_state": _Line("Income from others: state schools", _TOP_UP, ("topup_state_income",), sign=-1),
    "income_independent": _Line("Income from others: independent schools", "1.2.3", ("topup_nonmaint_income",), sign=-1),
    "sen_support": _Line("SEN support services and inclusion", "1.2.5;1.2.8;1.2.9", ("sen_support_and_inclusion",)),
    "therapies_equipment": _Line("Therapies and other health", "1.2.13", ("therapies_health",)),
}  # fmt: skip
"""Lines by code. Top-up in state early years settings is priced by plans there, SEN transport charged to the grant
(1.4.11) is not published by authority, and places and top-up of every other kind follow plans or places."""

_CHARGED: dict[str, tuple[tuple[str, str], ...]] = {
    "alternative_provision": (("top_up", "ap"), ("place_funding", "ap"), ("other_package", "eotas")),
    "independent_mainstream": (("independent_mainstream_fee", "independent_mainstream"),),
}
"""Items and provisions of the price book that pay for pupils with a plan from a group's lines."""


@dataclass(frozen=True, slots=True)
class OtherLine:
    """Spending on one line that plans do not drive, in pounds of 2021-22.

    Parameters
    ----------
    line
        Code in `LINES`.
    label
        For people.
    s251_line
        Lines of the S251 return it is booked to, joined by ``;``.
    dsg_block
        ``high_needs``.
    pounds
        Mean pounds of the year; minus for income.
    basis
        One of `BASES`.
    price_year
        Financial year of the pounds.
    """

    line: str
    label: str
    s251_line: str
    dsg_block: str
    pounds: float
    basis: str
    price_year: str


@dataclass(frozen=True, eq=False)
class OtherHighNeeds:
    """An authority's high needs spending that plans do not drive.

    Parameters
    ----------
    la_code
        DfE number.
    lines
        One for each line, in the order of `LINES`.
    possible
        Equally likely pounds of each line, dims ``(possibility, line)``.
    together
        True where a possibility is one authority's and must be drawn with all its lines.
    """

    la_code: int
    lines: tuple[OtherLine, ...]
    possible: xr.DataArray
    together: bool

    @property
    def total(self) -> float:
        """Sum of all lines in pounds of 2021-22."""
        return sum(line.pounds for line in self.lines)

    def draws(self, draws: int, rng: np.random.Generator) -> xr.DataArray:
        """Return draws of spending in pounds of 2021-22, dims ``(draw, line)``."""
        table = self.possible.to_numpy()
        shape = (draws, 1) if self.together else (draws, table.shape[1])
        chosen = np.broadcast_to(rng.integers(len(table), size=shape), (draws, table.shape[1]))
        return xr.DataArray(
            np.take_along_axis(table, chosen, axis=0),
            dims=("draw", "line"),
            coords={"line": self.possible["line"]},
        )


def other_high_needs(
    la_code: int, per_plan: Sequence[str] = PER_PLAN, *, held_out: bool = False
) -> OtherHighNeeds:
    """Return high needs spending of 2021-22 that plans do not drive, in pounds by line.

    Parameters
    ----------
    la_code
        DfE number of an authority of today.
    per_plan
        Which of `PER_PLAN` are costed by plan already, and so are left out here.
    held_out
        True: as if the authority's own spending were not known.

    Raises
    ------
    AreaError
        No authority of today has that number.
    OptionError
        ``per_plan`` names another item.
    """
    by_code(la_code)
    if stray := sorted(set(per_plan) - set(PER_PLAN)):
        raise OptionError(
            f"{', '.join(stray)} has no line of its own here, so it cannot be left out. Name {' or '.join(PER_PLAN)}."
        )
    codes = [code for code in LINES if code not in per_plan]
    spent, planned = spending("outturn")[codes], spending("budget")[codes]
    source = source_code(la_code, set(spent.index))
    heads = residents().get(la_code, 0.0)
    if source is None or held_out:
        others = spent.drop(index=la_code, errors="ignore")
        per_head = others.div(residents(tuple(others.index)), axis=0)
        pounds = others.sum() / residents(tuple(others.index)).sum() * heads
        # Small authorities spend otherwise than large ones; the mean of the draws is what the pounds say.
        table, basis = (per_head * (pounds / per_head.mean())).to_numpy(), "per_head"
    else:
        part = 1.0 if source == la_code else heads / _heads_of(source)
        pounds, basis = spent.loc[source] * part, "own" if source == la_code else "predecessor"
        table = _noise(spent, planned, source) * pounds.to_numpy()
    return OtherHighNeeds(
        la_code,
        tuple(
            OtherLine(
                code, LINES[code].label, LINES[code].s251, DSG_BLOCK, float(pounds[code]), basis, ESTIMATE_YEAR,
            )
            for code in codes
        ),
        xr.DataArray(table, dims=("possibility", "line"), coords={"line": codes}),
        basis == "per_head",
    )  # fmt: skip


def project_spending(
    base: xr.DataArray, la_code: int, years: Sequence[FinancialYear], rng: np.random.Generator
) -> xr.DataArray:
    """Return spending in pounds of later years: prices by the GDP deflator, numbers by residents aged 2 to 18.

    Parameters
    ----------
    base
        Pounds of 2021-22, dims ``(draw, line)``.
    la_code
        DfE number.
    years
        Financial years from 2021-22 on.
    rng
        One number is taken from it.

    Returns
    -------
    xr.DataArray
        Dims ``(draw, financial_year, line)``.

    Raises
    ------
    OptionError
        A year is before 2021-22, or the population is not projected as far.
    """
    if early := [y.label for y in years if y < YEAR]:
        raise OptionError(
            f"Spending cannot be carried to {', '.join(early)}: it begins with {YEAR.label}. Ask for later years."
        )
    last = max(y.begins for y in years)
    run = list(range(YEAR.begins + 1, last + 1))
    growth = (
        inflation().draws(run, base.sizes["draw"], draw_root(rng)).sel(inflator="gdp_deflator").to_numpy()
    )
    level = np.concatenate([np.ones((base.sizes["draw"], 1)), np.cumprod(1 + growth, axis=1)], axis=1)
    index = children_index(la_code, years)
    factors = xr.DataArray(
        level[:, [y.begins - YEAR.begins for y in years]],
        dims=("draw", "financial_year"),
        coords={"financial_year": labels(years)},
    )
    return (base * factors * index).transpose("draw", "financial_year", "line")


def children_index(la_code: int, years: Sequence[FinancialYear]) -> xr.DataArray:
    """Return residents aged 2 to 18 at the middle of financial years over those of 2021, dims ``(financial_year,)``.

    Raises
    ------
    OptionError
        The population of a year is not known or projected.
    """
    people = _population()
    counts = [float(people.get((la_code, y.begins), np.nan)) for y in (YEAR, *years)]
    if missing := [y.label for y, n in zip(years, counts[1:], strict=True) if not n > 0]:
        raise OptionError(
            f"Residents of authority {la_code} are not known for {', '.join(missing)}. Ask for years from 2019-20 to 2040-41."
        )
    return xr.DataArray(
        np.array(counts[1:]) / counts[0], dims="financial_year", coords={"financial_year": labels(years)}
    )


@cache
def _population() -> pd.Series:
    """Return residents of `AGES` by authority and mid-year."""
    people = tables.read("population")
    chosen = people[people["age"].between(*AGES)]
    return chosen.groupby(["la_code", "mid_year"])["population"].sum()


def residents(codes: tuple[int, ...] | None = None) -> pd.Series:
    """Return residents aged 2 to 18 at mid-2021 by authority; an abolished authority has those of its parts."""
    now = _population().xs(YEAR.begins, level="mid_year")
    if codes is None:
        return now
    return pd.Series({c: float(now[c]) if c in now.index else _heads_of(c) for c in codes})


def _heads_of(la_code: int) -> float:
    """Return residents aged 2 to 18 at mid-2021 of a current or abolished authority."""
    now = residents()
    if la_code in now.index:
        return float(now[la_code])
    history = tables.read_reference("area_history")
    parts = history.loc[history["predecessor_la_code"] == la_code, "successor_la_code"]
    return float(now.reindex(parts).sum())


@cache
def gross(side: str) -> pd.DataFrame:
    """Return spending in pounds of 2021-22 by authority (rows) and line (columns), including what plans pay for.

    Parameters
    ----------
    side
        ``outturn``, to which places that DfE pays itself are added, or ``budget``, which holds them.
    """
    published = tables.read("s251_high_needs_2021_22").query("side == @side")
    wide = published.pivot_table("value_gbp", "la_code", "line", aggfunc="sum")
    taken = tables.read("dsg_deductions").query("financial_year == @YEAR.label")
    deducted = taken.pivot_table("deduction_gbp", "la_code", "place_type", aggfunc="sum")
    deducted = deducted.reindex(wide.index).fillna(0.0)
    pounds = pd.DataFrame(
        {
            code: line.sign * wide[list(line.outturn)].sum(axis=1)
            # The budget's line of hospital education leaves out hospital academies: DfE pays them the same on both sides.
            + (deducted[list(line.deducted)].sum(axis=1) if side == "outturn" or code == "hospital" else 0.0)
            for code, line in LINES.items()
        }
    )
    return pounds.astype("float64") + 0.0  # no minus nil


@cache
def spending(side: str) -> pd.DataFrame:
    """Return `gross` less what the price book charges to the same lines for pupils with a plan; at least 0."""
    pounds = gross(side).copy()
    for group, priced in _CHARGED.items():
        members = [code for code, line in LINES.items() if line.group == group]
        charged = pd.Series(0.0, index=pounds.index)
        for item, provision in priced:
            charged += _plans(provision).reindex(pounds.index).fillna(0.0) * _price(item, provision)
        total = pounds[members].sum(axis=1)
        left = (1 - charged / total.where(total > 0)).clip(lower=0.0).fillna(0.0)
        pounds[members] = pounds[members].mul(left, axis=0)
    return pounds


@cache
def _plans(provision: str) -> pd.Series:
    """Return the mean of plans in January 2021 and 2022 in a provision, by authority."""
    placed = tables.read("plans_placement")
    chosen = placed[placed["january"].isin([YEAR.begins, YEAR.january]) & (placed["provision"] == provision)]
    by_january = chosen.groupby(["la_code", "january"])["plans"].sum().astype("float64")
    return by_january.groupby("la_code").mean()


@cache
def _price(item: str, provision: str) -> float:
    """Return England's price of an item in pounds of 2021-22, averaged over its kinds."""
    book: PriceBook = england()
    total = 0.0
    for price in book.prices:
        if price.item == item and price.provision == provision:
            begins = int(price.price_year[:4])
            later = range(YEAR.begins + 1, begins + 1)
            grown = (
                book.inflation.middles(price.inflator, later)["growth"].to_numpy() if later else np.zeros(1)
            )
            total += price.price * price.share / float(np.prod(1 + grown))
    return total


def _noise(spent: pd.DataFrame, planned: pd.DataFrame, source: int) -> Array:
    """Return equally likely factors on a known outturn by line, with mean 1, dims ``(possibility, line)``."""
    others, budgets = spent.drop(index=source), planned.drop(index=source)
    ratio = (budgets / others.where(others != 0)).to_numpy(dtype=float)
    at = (np.arange(len(others)) + 0.5) / len(others)
    columns = []
    for row in ratio.T:
        # Authorities with one side at 0 say nothing of the size of noise: the others stand for them.
        logs = np.log(row[np.isfinite(row) & (row > 0)])
        centred = np.clip((logs - np.median(logs)) / np.sqrt(2), -RECODED, RECODED)
        factors = np.quantile(np.exp(centred), at)
        columns.append(factors / factors.mean())
    return np.stack(columns, axis=1)
