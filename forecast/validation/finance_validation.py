"""The cost model against real spending in 2021-22: each authority's spending is hidden and predicted from all others.

For authority i and a line of spending

    predicted = plans x price(-i)        actual = outturn + places of the line that DfE pays itself (`dsg_deductions`)

with plans the average stock of the financial year from January 2021 and 2022 (`forecast.core.financial_year.year_average`), and
price(-i) worked out with i's outturn and budget hidden. Budgets hold academy places and outturns do not: hence the deductions.
Rules for the price:

* ``region``: what the price book says of an authority without figures of its own;
* ``england``: the middle authority's price;
* ``average``: pounds over plans of all others, that is, caseload times average unit cost: the simple method councils use;
* ``rate``: for places only, the published rate of one for every plan in that provision.

Three intervals, none of which knows i's answer:

* ``price``: how unsure the price is, as the price book shows it: authorities truly differ by tau, regions by omega;
* ``spending``: the same and what a return adds, noise a + f / n and a chance c of a figure wrong by a factor of e or so:
  a mixture of two normals in logs, so with heavy tails (`data.prices.implied_prices` for the symbols);
* ``others``: from the other authorities' actual / predicted, quantiles of these as they are. Nothing is assumed of their shape,
  and a line that many do not use has 0 in it.

Invariants: hiding is complete (an authority's prediction does not change with its own spending); parts of the total add up to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
import xarray as xr
from scipy.optimize import brentq
from scipy.special import ndtr

from data import tables
from data.areas import by_code
from data.councils import councils_with_figures
from data.financial_year import FinancialYear
from data.prices.implied_prices import shrink
from data.prices.inflation import Z90
from data.prices.place_rates import place_rate
from data.prices.starting_books import IMPLIED, Implied, evidence, region_of
from data.provisions import facts_of, recorded_with
from data.vocabulary import ALL
from forecast.core.financial_year import year_average
from forecast.finance import other_high_needs
from models.base import Array

YEAR = FinancialYear(2021)
"""The year checked: the only one published by line."""

RULES: tuple[str, ...] = ("region", "england", "average")
"""Rules for the price of what has one; see the module."""

PLACE_RULES: tuple[str, ...] = ("rate", "average")
"""Rules for places."""

INTERVALS: tuple[str, ...] = ("price", "spending", "others")
"""Ways to make an interval; see the module."""

LEVELS: tuple[float, ...] = (0.8, 0.95)
"""Probabilities an interval states."""

GROUPS: tuple[str, ...] = ("England", "Outer London")
"""Groups of authorities scored; councils that have stated figures of their own (`data.councils`) are scored alone as well."""

TOTAL = "total"
"""Line of all high needs spending."""


@dataclass(frozen=True, slots=True)
class SpendingLine:
    """A line of spending, and the plans that should drive it.

    Parameters
    ----------
    label
        For people.
    provisions
        Provisions whose plans drive it; none: all plans.
    outturn
        Lines of the published outturn.
    deducted
        Provider group and place type of places DfE pays itself, of `dsg_deductions`.
    place
        Provision, an age and occupancy of the place each plan is taken to have, where its rate is published; else None: a price
        is worked out.
    """

    label: str
    provisions: tuple[str, ...]
    outturn: tuple[str, ...]
    deducted: tuple[tuple[str, str], ...] = ()
    place: tuple[str, int, str] | None = None

    @property
    def rate(self) -> float | None:
        """Pounds a plan in the year checked where the rate is published, else None."""
        return None if self.place is None else place_rate(*self.place, YEAR)


_SPECIAL = (
    ("special_academy", "pre16_sen"),
    ("special_academy", "post16_sen"),
    ("special_free_school", "pre16_sen"),
    ("special_free_school", "post16_sen"),
    ("ap_academy", "pre16_sen"),
)
_AP = (
    ("ap_academy", "pre16_ap"),
    ("ap_academy", "post16_sen"),
    ("mainstream_academy", "pre16_ap"),
    ("special_academy", "pre16_ap"),
    ("special_free_school", "pre16_ap"),
)


def _paid_for(label: str, code: str) -> SpendingLine:
    """Return the line of what is paid for children in a provision, and in those recorded with it."""
    return SpendingLine(label, recorded_with(code), facts_of(code).s251_outturn)


LINES: dict[str, SpendingLine] = {
    "top_up_special": _paid_for("Top-up: state special", "state_special"),
    "top_up_mainstream": _paid_for("Top-up: mainstream and bases", "mainstream"),
    "top_up_early_years": SpendingLine("Top-up: early years settings", (), facts_of("early_years").s251_outturn),
    "top_up_college": _paid_for("Top-up: colleges", "general_fe"),
    "inmss": _paid_for("INMSS fees", "inmss"),
    "specialist_post16": _paid_for("Specialist post-16 fees", "specialist_post16"),
    "sen_support": SpendingLine("SEN support services", (), ("sen_support_and_inclusion",)),
    "therapies": SpendingLine("Therapies and equipment", (), ("therapies_health",)),
    "places_special": SpendingLine("Places: state special", ("state_special",), ("place_special",), _SPECIAL,
        ("state_special", 10, ALL),
    ),
    "places_base": SpendingLine(
        "Places: bases", ("specialist_base",), ("place_primary", "place_secondary"),
        (("mainstream_academy", "pre16_sen_6000"), ("mainstream_academy", "pre16_sen_10000")),
        ("specialist_base", 10, "filled"),
    ),
    "places_ap": SpendingLine(
        "Places: alternative provision", ("ap",), ("place_pru_ap",), _AP, ("ap", 13, ALL),
    ),
    "places_post16": SpendingLine(
        "Places: post-16, colleges and sixth forms", ("general_fe",), ("place_post_school",),
        (("fe_ilp", "fe_ilp"), ("mainstream_academy", "post16_sen"), ("academy_16_19", "post16_sen")),
        ("general_fe", 17, ALL),
    ),
}  # fmt: skip
"""Lines checked, by code."""

_IMPLIED: dict[str, Implied] = {
    "top_up_special": next(i for i in IMPLIED if i.provision == "state_special"),
    "top_up_mainstream": next(i for i in IMPLIED if i.provision == "mainstream"),
    "top_up_early_years": Implied("top_up", "early_years", facts_of("early_years").s251_outturn, None),
    "top_up_college": next(i for i in IMPLIED if i.provision == "general_fe"),
    "inmss": next(i for i in IMPLIED if i.provision == "inmss"),
    "specialist_post16": next(i for i in IMPLIED if i.provision == "specialist_post16"),
    "sen_support": next(i for i in IMPLIED if i.item == "sen_support"),
    "therapies": Implied("therapies_equipment", "All", ("therapies_health",), None),
}
"""How the price of a line is worked out."""

COLUMNS: tuple[str, ...] = (
    "la_code", "region", "line", "rule", "interval", "plans", "predicted_gbp", "actual_gbp",
    "low_80_gbp", "high_80_gbp", "low_95_gbp", "high_95_gbp",
)  # fmt: skip
"""Columns of predictions."""


def actual(line: SpendingLine) -> pd.Series:
    """Return authorities' spending on a line in 2021-22, including places that DfE pays directly, in pounds by la_code."""
    published = tables.read("s251_high_needs_2021_22").query("side == 'outturn'")
    chosen = published[published["line"].isin(line.outturn)]
    spent = chosen.groupby("la_code")["value_gbp"].sum().astype("float64")
    taken = tables.read("dsg_deductions").query("financial_year == @YEAR.label")
    kinds = pd.MultiIndex.from_frame(taken[["provider_group", "place_type"]])
    deducted = taken[kinds.isin(line.deducted)].groupby("la_code")["deduction_gbp"].sum()
    return spent.add(deducted.reindex(spent.index).fillna(0.0))


@cache
def average_plans() -> pd.DataFrame:
    """Return average plans over 2021-22 by la_code and provision (and ``All``), for authorities with both Januaries."""
    placed = tables.read("plans_placement")
    placed = placed[placed["january"].isin([YEAR.begins, YEAR.january])]
    wide = placed.pivot_table("plans", "la_code", ["january", "provision"], aggfunc="sum", fill_value=0)
    both = placed.groupby("la_code")["january"].nunique() == 2
    whole = placed[placed["plans"].isna()]["la_code"]
    wide = wide[both.reindex(wide.index) & ~wide.index.isin(whole)].astype("float64")
    provisions = sorted(placed["provision"].unique())
    januaries = [YEAR.begins, YEAR.january]
    table = wide.reindex(columns=pd.MultiIndex.from_product([januaries, provisions]), fill_value=0.0)
    stock = xr.DataArray(
        table.to_numpy().reshape(len(table), 2, len(provisions)),
        dims=("la_code", "january", "provision"),
        coords={"la_code": [int(c) for c in table.index], "january": januaries, "provision": provisions},
    )
    average = year_average(stock).isel(financial_year=0)
    plans = pd.DataFrame(average.to_numpy(), index=table.index, columns=provisions)
    return plans.assign(All=plans.sum(axis=1))


def plans_of(line: SpendingLine) -> pd.Series:
    """Return the average plans over 2021-22 that drive a line of spending, by la_code."""
    return average_plans()[list(line.provisions) or ["All"]].sum(axis=1)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """An authority's price predicted from all others, in natural logs.

    Parameters
    ----------
    centre
        Log of the price by rule.
    price_sd
        Spread of true prices around it by rule.
    noise
        (a, f) of the variance of one sound figure.
    miscoded
        Chance that a figure is miscoded.
    """

    centre: dict[str, float]
    price_sd: dict[str, float]
    noise: tuple[float, float]
    miscoded: float

    def half_width(self, rule: str, interval: str, level: float, plans: float) -> float:
        """Return half the width of an interval of a line, in logs."""
        sd = self.price_sd[rule]
        if interval == "price":
            return _reach(level, sd, sd, 0.0)
        sound = float(np.hypot(sd, np.sqrt(self.noise[0] + self.noise[1] / plans)))
        return _reach(level, sound, float(np.hypot(sound, 1.0)), self.miscoded)


def _reach(level: float, sd: float, wide: float, chance: float) -> float:
    """Return the distance from 0 within which a mixture of two normals lies with a given probability."""

    def beyond(x: float) -> float:
        return float((1 - chance) * (2 * ndtr(x / sd) - 1) + chance * (2 * ndtr(x / wide) - 1)) - level

    return float(brentq(beyond, 0.0, 20 * wide))


def held_out(figures: pd.DataFrame, la_code: int) -> HeldOut:
    """Return an authority's price predicted with its own spending hidden.

    Parameters
    ----------
    figures
        Evidence as `data.prices.starting_books.evidence` gives it.
    la_code
        DfE number of one of its rows.
    """
    own = figures["la_code"] == la_code
    hidden = figures.assign(**{c: figures[c].astype("float64").mask(own) for c in ("implied", "budgeted")})
    fitted = shrink(hidden)
    mine = fitted.authorities.loc[fitted.authorities["la_code"] == la_code].iloc[0]
    others = hidden[hidden["implied"] > 0]
    average = float((others["implied"] * others["plans"]).sum() / others["plans"].sum())
    apart = float(np.hypot(fitted.between, fitted.between_regions))
    return HeldOut(
        {"region": float(np.log(mine["price"])), "england": float(np.log(fitted.england)), "average": float(np.log(average))},
        {"region": float(np.log(mine["high"] / mine["price"])) / Z90, "england": apart, "average": apart},
        fitted.noise,
        fitted.miscoded,
    )  # fmt: skip


def check_lines(
    codes: Sequence[int] | None = None, on_step: Callable[[str], None] = lambda _: None
) -> pd.DataFrame:
    """Return predictions of every line of spending beside actual spending.

    Parameters
    ----------
    codes
        DfE numbers to predict; None: all with spending and plans. Intervals of ``others`` are of those predicted.
    on_step
        Called with the label of each line when it is done.

    Returns
    -------
    pd.DataFrame
        Columns as `COLUMNS`.
    """
    parts = []
    for code, line in LINES.items():
        spent, plans = actual(line), plans_of(line)
        chosen = [int(c) for c in spent.index if c in plans.index and (codes is None or c in codes)]
        if code in _IMPLIED:
            figures = evidence(_IMPLIED[code])
            rows = [_priced(code, la, held_out(figures, la), plans[la], spent[la]) for la in chosen]
            predictions = pd.concat(rows, ignore_index=True)
        else:
            predictions = _places(code, float(line.rate or 0.0), plans[chosen], spent[chosen])
        parts.append(predictions)
        on_step(line.label)
    return with_others(_with_region(pd.concat(parts, ignore_index=True)))


def _priced(code: str, la_code: int, price: HeldOut, plans: float, spent: float) -> pd.DataFrame:
    """Return the rows of one authority and line, for every rule and interval."""
    rows = []
    for rule in RULES:
        predicted = plans * float(np.exp(price.centre[rule]))
        for interval in INTERVALS:
            row = {
                "la_code": la_code, "line": code, "rule": rule, "interval": interval, "plans": plans,
                "predicted_gbp": predicted, "actual_gbp": spent,
            }  # fmt: skip
            if interval != "others" and plans > 0:
                for level in LEVELS:
                    factor = float(np.exp(price.half_width(rule, interval, level, plans)))
                    row[f"low_{level * 100:.0f}_gbp"] = predicted / factor
                    row[f"high_{level * 100:.0f}_gbp"] = predicted * factor
            rows.append(row)
    return pd.DataFrame(rows)


def _places(code: str, rate: float, plans: pd.Series, spent: pd.Series) -> pd.DataFrame:
    """Return the rows of a line of places: at the published rate, and at the average cost per plan of all other authorities."""
    others = (spent.sum() - spent) / (plans.sum() - plans)
    prices = {"rate": pd.Series(rate, index=plans.index), "average": others}
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "la_code": [int(c) for c in plans.index], "line": code, "rule": rule, "interval": "others",
                    "plans": plans.to_numpy(), "predicted_gbp": (plans * prices[rule]).to_numpy(),
                    "actual_gbp": spent.to_numpy(),
                }
            )
            for rule in PLACE_RULES
        ],
        ignore_index=True,
    )  # fmt: skip


def _with_region(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with their region, in the columns of `COLUMNS`."""
    regions = tables.read("areas").set_index("la_code")["region"]
    return rows.assign(region=[region_of(int(c), str(regions[c])) for c in rows["la_code"]]).reindex(
        columns=list(COLUMNS)
    )


def with_others(rows: pd.DataFrame) -> pd.DataFrame:
    """Return predictions with ``others`` intervals, from the other authorities' ratios of actual to predicted spending."""
    filled = rows.copy()
    for _, group in rows[rows["interval"] == "others"].groupby(["line", "rule"]):
        usable = group[group["predicted_gbp"] > 0]
        ratio = (usable["actual_gbp"] / usable["predicted_gbp"]).to_numpy(dtype=float)
        for i, at in enumerate(usable.index):
            rest = np.delete(ratio, i)
            for level in LEVELS:
                ends = conformal(rest, level) * float(usable["predicted_gbp"].iloc[i])
                filled.loc[at, [f"low_{level * 100:.0f}_gbp", f"high_{level * 100:.0f}_gbp"]] = ends
    return filled


def conformal(ratios: Array, level: float) -> Array:
    """Return the interval that contains one more exchangeable ratio with at least the given probability.

    The k-th smallest and largest with k = floor((n + 1) (1 - level) / 2): distribution-free. With too few ratios for the level
    the smallest and largest.
    """
    ordered = np.sort(ratios)
    k = max(1, int(np.floor((len(ordered) + 1) * (1 - level) / 2 + 1e-9)))
    return np.array([ordered[k - 1], ordered[-k]])


def check_totals(lines: pd.DataFrame, rule: str = "region") -> pd.DataFrame:
    """Return predicted and actual high needs spending by authority, columns as `COLUMNS`, line ``total``.

    Lines of `check_lines`, with what others have for a plan for places, and for the rest what others spend on each resident
    aged 2 to 18 (`forecast.finance.other_high_needs`). Authorities without a prediction of every line are left out.
    """
    # Alternative provision is predicted by residents below: most who use it have no plan.
    mine = lines[(lines["interval"] == "others") & (lines["line"] != "places_ap")]
    mine = mine[mine["rule"] == np.where(mine["line"].isin(list(_IMPLIED)), rule, "average")]
    driven = mine.groupby("la_code")[["predicted_gbp", "actual_gbp"]].sum()
    driven = driven[mine.groupby("la_code").size() == len(LINES) - 1]
    summed = driven + rest_by_residents().reindex(driven.index)
    rows = pd.DataFrame(
        {
            "la_code": [int(c) for c in summed.index],
            "line": TOTAL,
            "rule": rule,
            "interval": "others",
            "plans": average_plans().loc[summed.index, "All"].to_numpy(),
            "predicted_gbp": summed["predicted_gbp"].to_numpy(),
            "actual_gbp": summed["actual_gbp"].to_numpy(),
        }
    )
    return with_others(_with_region(rows))


def rest_by_residents() -> pd.DataFrame:
    """Return predicted and actual spending in pounds, by la_code, outside `LINES` but with alternative provision places."""
    gross = other_high_needs.gross("outturn").drop(columns=list(other_high_needs.PER_PLAN))
    heads = other_high_needs.residents(tuple(gross.index))
    spent = gross.to_numpy().sum(axis=1)
    per_head = (spent.sum() - spent) / (heads.sum() - heads)
    return pd.DataFrame({"predicted_gbp": per_head * heads, "actual_gbp": spent})


def sum_lines(lines: pd.DataFrame, codes: Sequence[str], name: str) -> pd.DataFrame:
    """Return predictions of the sum of several lines, which does not depend on the line that authorities book to.

    Parameters
    ----------
    lines
        As `check_lines` returns them.
    codes
        Lines to add up.
    name
        What the sum is called.
    """
    chosen = lines[(lines["interval"] == "others") & lines["line"].isin(list(codes))]
    summed = chosen.groupby(["la_code", "rule"], as_index=False)[
        ["plans", "predicted_gbp", "actual_gbp"]
    ].sum()
    return with_others(_with_region(summed.assign(line=name, interval="others")))


def scores(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return accuracy scores of predictions, by line, rule, interval and area.

    Returns
    -------
    pd.DataFrame
        Columns line, rule, interval, area (one of `areas`), authorities; nil (of them, with nothing recorded:
        a way of coding); mape, median_ape, wape (of those with something recorded, per cent); bias (all predicted over all
        spent, less 1, per cent); coverage_80, coverage_95 (per cent of those with something recorded; of all for ``others``,
        which knows that lines are left at 0); width_80 (median of high less low over predicted, per cent).
    """
    known = predictions[(predictions["predicted_gbp"] > 0) | (predictions["actual_gbp"] > 0)]
    rows = []
    for (line, rule, interval), group in known.groupby(["line", "rule", "interval"], sort=False):
        for area in areas():
            own = _of(group, area)
            labels = {"line": line, "rule": rule, "interval": interval, "area": area}
            rows.append({**labels, **_score(own, nil_counts=interval == "others")})
    return pd.DataFrame(rows)


def areas() -> dict[str, int | None]:
    """Return the names of the scored areas, with the DfE number of those that are one council."""
    alone = {by_code(la_code).name: la_code for la_code in councils_with_figures()}
    return dict.fromkeys(GROUPS) | alone


def _of(rows: pd.DataFrame, area: str) -> pd.DataFrame:
    """Return the rows of one of `areas`."""
    if area == "England":
        return rows
    la_code = areas()[area]
    return rows[rows["region"] == area] if la_code is None else rows[rows["la_code"] == la_code]


def _score(rows: pd.DataFrame, *, nil_counts: bool) -> dict[str, float]:
    """Return the accuracy scores of some authorities on one line."""
    recorded = rows[rows["actual_gbp"] > 0]
    spent, error = recorded["actual_gbp"], (recorded["predicted_gbp"] - recorded["actual_gbp"]).abs()
    ranged = (rows if nil_counts else recorded).query("predicted_gbp > 0")
    coverage = {
        f"coverage_{p}": 100 * float(ranged["actual_gbp"].between(ranged[f"low_{p}_gbp"], ranged[f"high_{p}_gbp"]).mean())
        for p in ("80", "95")
    }  # fmt: skip
    everything = float(rows["actual_gbp"].sum())
    width = (ranged["high_80_gbp"] - ranged["low_80_gbp"]) / ranged["predicted_gbp"]
    return {
        "authorities": len(rows),
        "nil": len(rows) - len(recorded),
        "mape": 100 * float((error / spent).mean()),
        "median_ape": 100 * float((error / spent).median()),
        "wape": 100 * float(error.sum() / spent.sum()) if len(recorded) else float("nan"),
        "bias": 100 * (float(rows["predicted_gbp"].sum()) / everything - 1) if everything else float("nan"),
        **coverage,
        "width_80": 100 * float(width.median()),
    }
