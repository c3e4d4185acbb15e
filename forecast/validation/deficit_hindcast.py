"""Hindcasts of high needs balances from earlier Januaries, to compare with those published since.

At an origin O the Januaries up to O are known, and the accounts of the financial year that holds January O, as far as published
(to 2021-22). The cost of that base year B is what the accounts imply, income less the change in the published balance, in three
parts with their drivers: state special schools (spending published by year; plans there), independent and non-maintained (the
same) and the rest (all plans). With N the average stock of a financial year and g the price growth expected then,

    cost(y) = sum over parts  part(B) N(y) / N(B) (1 + g)^(y - B)        in_year(y) = income(y) - cost(y)

Income is the published one while there is one; it is not what is tested. Plans after O come from a demand model given nothing
later, split as in January O. ``baseline`` is caseload times average cost as councils do it: each provision grows as in its last
five years, state special is full today, and what it cannot take goes to independent schools at their cost.

Invariants: a forecast from O does not change with plans, prices or accounts after O; only `score` summarises.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
import xarray as xr

from data import tables
from data.errors import AreaError, HistoryError
from data.financial_year import FinancialYear
from data.panels.history import History
from data.prices.starting_books import inflation
from data.vocabulary import ALL
from forecast.core import defaults
from forecast.core.financial_year import year_average
from forecast.finance.funding_policy import Range
from forecast.finance.income import IncomePlan, growth_options, income
from models.base import Array, Model

ORIGINS: tuple[int, ...] = (2021, 2022, 2023)
"""Last Januaries seen."""

EXPECTED_GROWTH = Range(0.0, 0.04)
"""Yearly growth of prices as expected before 2022, 80 %: the usual 2 %, give or take 2. Our assumption; no forecast of that day
is among the published tables."""

LAST_ACCOUNTS = FinancialYear(2021)
"""Latest year whose closing balance is published for every authority."""

LAST_YEAR = FinancialYear(2025)
"""Last year forecast: the last with a balance to compare with, a council's own or England's."""

KNOWN: tuple[str, ...] = ("nothing_later", "plans", "plans_and_prices")
"""What a forecast is given of the years after its origin, to tell what each was worth."""

_PARTS = {"state_special": "state", "inmss": "independent_or_non_maintained", ALL: "rest"}


@dataclass(frozen=True, eq=False)
class Hindcast:
    """High needs balances of one authority, forecast from one origin.

    Parameters
    ----------
    la_code, origin, known, base
        DfE number, last January seen, one of `KNOWN`, and the year whose accounts cost is built on.
    opening
        Balance at the end of the base year, pounds.
    income
        Pounds by year, dims ``(draw, financial_year)``.
    cost
        Same dims.
    baseline
        Cost by caseload times average cost, dims ``(financial_year,)``.
    """

    la_code: int
    origin: int
    known: str
    base: FinancialYear
    opening: float
    income: xr.DataArray
    cost: xr.DataArray
    baseline: xr.DataArray

    @property
    def in_year(self) -> xr.DataArray:
        """Income less cost of each year in pounds, dims ``(draw, financial_year)``."""
        return self.income - self.cost

    @property
    def closing(self) -> xr.DataArray:
        """Balance at 31 March in pounds, dims ``(draw, financial_year)``."""
        return self.opening + self.in_year.cumsum("financial_year")


def base_year(origin: int) -> FinancialYear:
    """Return the last financial year with accounts when a forecast is made from a January."""
    return min(FinancialYear(origin - 1), LAST_ACCOUNTS)


@cache
def _money() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return high needs income, the whole grant and the closing balance, in pounds, la_code by financial year."""
    rows = tables.read("dsg_allocations")
    high = rows[rows["block"] == "high_needs"].pivot_table(
        "before_recoupment_gbp", "la_code", "financial_year"
    )
    grant = rows.pivot_table("before_recoupment_gbp", "la_code", "financial_year", aggfunc="sum")
    published = tables.read("dsg_balance_pct").query("level == 'authority'").dropna(subset="la_code")
    pct = published.pivot_table("balance_pct", "la_code", "financial_year")
    pct.index = pct.index.astype("int64")
    return high, grant, pct / 100 * grant.reindex(index=pct.index, columns=pct.columns)


def accounts(la_code: int, year: FinancialYear) -> tuple[float, float]:
    """Return the in-year balance and the closing balance of a published year, in pounds.

    Raises
    ------
    HistoryError
        They are not published.
    """
    closing = _money()[2].reindex([la_code]).iloc[0]
    now, before = closing.reindex([year.label, year.after(-1).label]).to_numpy(dtype=float)
    if not np.isfinite(now - before):
        raise HistoryError(
            f"Authority {la_code} has no published balance at the end of {year.label} and of the year before, so its cost is "
            "not known from its accounts. Choose another authority or year."
        )
    return float(now - before), float(now)


def hindcast(
    la_code: int,
    origin: int,
    stock: xr.DataArray,
    seen: History,
    *,
    growth: Sequence[float] | None = None,
    known: str = KNOWN[0],
    seed: int = 0,
) -> Hindcast:
    """Return the high needs balances of an authority forecast from an origin.

    Parameters
    ----------
    la_code
        DfE number, an area of the history.
    origin
        Last January seen.
    stock
        All plans after the origin, dims ``(draw, january)``, from the January after it.
    seen
        History up to the origin.
    growth
        Growth of prices in each year after the base year, as it turned out; None: as expected then.
    known
        One of `KNOWN`: what of later years was given.
    seed
        Of price growth and of income not published.

    Raises
    ------
    HistoryError
        Balances, income or plans by provision of the base year are not published.
    """
    base = base_year(origin)
    change, opening = accounts(la_code, base)
    received = _money()[0].reindex(index=[la_code], columns=[base.label]).to_numpy(dtype=float)[0, 0]
    earlier = seen.stock.sel(area=la_code, series=ALL)
    first = min(base.begins, origin - 5)
    placed = seen.placements.sel(area=la_code, january=slice(first, origin))
    stocked = earlier.sel(january=slice(base.begins, origin)).to_numpy()
    if not (
        np.isfinite(stocked).all() and bool(np.isfinite(placed.sel(january=slice(base.begins, None))).all())
    ):
        raise HistoryError(
            f"Authority {la_code} has no usable plans by provision from January {base.begins} to {origin}."
        )
    total = float(received) - change
    parts = _base_parts(la_code, base, total)
    last_january = int(stock["january"][-1])
    years = [FinancialYear(y) for y in range(base.begins + 1, last_january)]
    share = placed.sel(january=origin) / float(earlier.sel(january=origin))
    paths = {}
    for part in parts:
        before = (
            stocked
            if part == ALL
            else placed.sel(provision=part, january=slice(base.begins, None)).to_numpy()
        )
        ahead = stock.to_numpy() * (1.0 if part == ALL else float(share.sel(provision=part)))
        paths[part] = np.concatenate([np.tile(before, (len(ahead), 1)), ahead], axis=1)
    draws = stock.sizes["draw"]
    rng = np.random.default_rng([seed, origin, la_code])
    expected = EXPECTED_GROWTH.draw(np.clip(rng.random(draws), 2.0**-53, None))
    steps = np.arange(len(years) + 1)
    if growth is None:
        prices = (1 + expected[:, None]) ** steps
    else:
        prices = np.cumprod(1 + np.array([0.0, *growth[: len(years)]]))[None, :]
    cost = sum(pounds * _relative(paths[p], base.begins) for p, pounds in parts.items()) * prices
    trend = (
        _baseline(parts, placed, base, last_january)
        * (1 + sum((EXPECTED_GROWTH.low, EXPECTED_GROWTH.high)) / 2) ** steps
    )
    labels = [y.label for y in years]
    coords = {"financial_year": labels}
    plan = IncomePlan(growth_options(la_code)["flat"])
    coming = income(la_code, years, plan, draws=draws, rng=rng)
    return Hindcast(
        la_code, origin, known, base, opening,
        coming.total,
        xr.DataArray(cost[:, 1:], dims=("draw", "financial_year"), coords=coords),
        xr.DataArray(trend[1:], dims="financial_year", coords=coords),
    )  # fmt: skip


def _base_parts(la_code: int, base: FinancialYear, total: float) -> dict[str, float]:
    """Return the cost of the base year in pounds, by the provision that drives it."""
    rows = tables.read("specialist_spend_per_head")
    own = rows[(rows["la_code"] == la_code) & (rows["financial_year"] == base.label)]
    spent = own.set_index("category")["spend_gbp"].astype("float64")
    parts = {p: float(spent.get(c, 0.0)) for p, c in _PARTS.items() if c != "rest"}
    parts[ALL] = total - sum(parts.values())
    if parts[ALL] < 0:
        raise HistoryError(
            f"Authority {la_code} spent more on specialist schools than its accounts of {base.label} hold."
        )
    return parts


def _relative(path: Array, first: int) -> Array:
    """Return average plans of each financial year relative to the first, dims ``(draw, financial_year)``."""
    januaries = list(range(first, first + path.shape[1]))
    stock = xr.DataArray(path, dims=("draw", "january"), coords={"january": januaries})
    average = year_average(stock).to_numpy()
    start = average[:, :1]
    return np.asarray(np.divide(average, start, out=np.ones_like(average), where=start > 0))


def _baseline(parts: dict[str, float], placed: xr.DataArray, base: FinancialYear, last_january: int) -> Array:
    """Return cost by year in pounds at base-year prices: provisions on their five-year trend, special schools full."""
    usable = placed.dropna("january")
    januaries = usable["january"].to_numpy()
    origin, span = int(januaries[-1]), int(januaries[-1] - januaries[0])
    now, then = usable.isel(january=-1), usable.isel(january=0)
    growth = {
        p: (float(now.sel(provision=p)) / max(float(then.sel(provision=p)), 1.0)) ** (1 / span)
        for p in ("state_special", "inmss")
    }
    growth[ALL] = float(now.sum() / then.sum()) ** (1 / span)
    ahead = np.arange(1, last_january - origin + 1)
    start = {p: float(now.sum() if p == ALL else now.sel(provision=p)) for p in parts}
    path = {p: start[p] * growth[p] ** ahead for p in parts}
    full = start["state_special"]
    path["inmss"] = path["inmss"] + np.maximum(path["state_special"] - full, 0.0)
    path["state_special"] = np.minimum(path["state_special"], full)
    whole = usable.sel(january=slice(base.begins, None))
    before = {p: (whole.sum("provision") if p == ALL else whole.sel(provision=p)).to_numpy() for p in parts}
    costs = [
        parts[p] * _relative(np.concatenate([before[p], path[p]])[None, :], base.begins)[0] for p in parts
    ]
    return np.asarray(sum(costs))


def forecast_stocks(history: History, origin: int, model: Model, draws: int, seed: int = 0) -> xr.DataArray:
    """Return forecasts of all plans after an origin, dims ``(draw, area, january)``, from a model fitted to earlier data only."""
    targets = list(range(origin + 1, LAST_YEAR.january + 1))
    rng = np.random.default_rng([seed, origin])
    fitted = model.fit(history.until(origin), rng=rng)
    return fitted.forecast(targets).draws(draws, rng).sel(series=ALL)


def hindcasts_as_known(
    la_code: int,
    history: History,
    model: Model,
    origins: Sequence[int] = ORIGINS,
    draws: int = defaults.DRAWS,
) -> tuple[Hindcast, ...]:
    """Return an authority's hindcasts from each origin: with figures known then, with later plans, and with later prices too.

    What is known runs to the last January of the history; prices are the shipped growth of the GDP deflator.
    """
    hindcasts = []
    for origin in origins:
        seen = history.until(origin)
        hindcasts.append(
            hindcast(la_code, origin, forecast_stocks(history, origin, model, draws).sel(area=la_code), seen)
        )
        later = history.stock.sel(area=la_code, series=ALL, january=slice(origin + 1, None))
        known_stock = later.expand_dims(draw=draws).transpose("draw", "january")
        base = base_year(origin)
        years = range(base.begins + 1, history.origin)
        growth = inflation().middles("gdp_deflator", years)["growth"].tolist()
        hindcasts.append(hindcast(la_code, origin, known_stock, seen, known=KNOWN[1]))
        hindcasts.append(hindcast(la_code, origin, known_stock, seen, known=KNOWN[2], growth=growth))
    return tuple(hindcasts)


def hindcast_all(history: History, model: Model, draws: int = defaults.DRAWS) -> tuple[Hindcast, ...]:
    """Return hindcasts of every authority with suitable accounts, from the first of `ORIGINS`."""
    origin = ORIGINS[0]
    seen, ahead = history.until(origin), forecast_stocks(history, origin, model, draws)
    hindcasts = []
    for la_code in history.areas:
        try:
            hindcasts.append(hindcast(la_code, origin, ahead.sel(area=la_code), seen))
        except (AreaError, HistoryError):
            continue  # no accounts or plans of its own in those years: the score says how many there are
    return tuple(hindcasts)


def score(hindcasts: Sequence[Hindcast]) -> pd.DataFrame:
    """Return errors of hindcast in-year balances in the last published year, in percentage points of the whole grant.

    Returns
    -------
    pd.DataFrame
        One row a rule (``ours``, ``baseline``, ``same_as_last_year``, ``nil``): authorities, mae, median_error, reach_80 (80 in
        100 errors are smaller), bias, correlation (of ranks), coverage_80 (per cent, ours only).
    """
    rows = []
    for one in hindcasts:
        if one.base >= LAST_ACCOUNTS:
            continue
        truth, _ = accounts(one.la_code, LAST_ACCOUNTS)
        before, _ = accounts(one.la_code, one.base)
        drawn = one.in_year.sel(financial_year=LAST_ACCOUNTS.label)
        at = {"financial_year": LAST_ACCOUNTS.label}
        low, middle, high = (float(drawn.quantile(q)) for q in (0.1, 0.5, 0.9))
        baseline = float(one.income.median("draw").sel(at) - one.baseline.sel(at))
        grant = float(_money()[1][LAST_ACCOUNTS.label].to_numpy()[_money()[1].index == one.la_code][0]) / 100
        figures = {"ours": middle, "baseline": baseline, "same_as_last_year": before, "nil": 0.0}
        rows.append(
            {
                "truth": truth / grant,
                "held": low <= truth <= high,
                **{k: v / grant for k, v in figures.items()},
            }
        )
    table = pd.DataFrame(rows)
    out = []
    for rule in ("ours", "baseline", "same_as_last_year", "nil"):
        error = table[rule] - table["truth"]
        like = table[rule].corr(table["truth"], method="spearman") if rule != "nil" else np.nan
        out.append(
            {
                "rule": rule,
                "authorities": len(table),
                "mae": float(error.abs().mean()),
                "median_error": float(error.abs().median()),
                "reach_80": float(error.abs().quantile(0.8)),
                "bias": float(error.mean()),
                "correlation": float(like),
                "coverage_80": 100 * float(table["held"].mean()) if rule == "ours" else float("nan"),
            }
        )
    return pd.DataFrame(out)
