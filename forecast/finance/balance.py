"""High needs balance by financial year: income less cost, carried forward, with the stability grant and the statutory override.

    in_year(y) = income(y) - cost(y)
    closing(y) = closing(y - 1) + in_year(y) + grant(y) + met_by_centre(y)

A deficit is minus. Income and cost are before deductions, so both hold the places DfE pays itself. The stability grant pays a
share of the eligible deficit at one date, if the authority's plan is approved. Until the statutory override ends a deficit is
kept off the authority's reserves; from the year after, the funding regime says which part of new in-year deficits and of the
deficit carried over the authority bears, and the rest is met by the centre. Dates and shares come from the funding policy.

Invariants: the equations hold in every draw; two balances compared are on the same random numbers; nothing here summarises.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from data import tables
from data.areas import by_code
from data.councils import BALANCE, council_figures
from data.errors import HistoryError, OptionError
from data.financial_year import FinancialYear
from data.shrinkage import own_weight
from forecast.core.financial_year import financial_year, with_levers
from forecast.finance.funding_policy import FundingPolicy, Range, funding_policy
from forecast.finance.income import HighNeedsIncome
from models.base import Array, Floats
from scenarios.effects import UNCHANGED, MoneyEffects
from scenarios.sampling import Z90

PENNY = 0.005
"""Pounds below which a balance is nil."""

CERTAIN = Range.of(1.0)
"""All of it, for certain."""

_EDGE = 2.0**-53
_LATEST_PUBLISHED = FinancialYear(2021)
_LATEST_GRANT = FinancialYear(2023)


@dataclass(frozen=True)
class Opening:
    """The balance that a forecast starts from, in pounds; a deficit is negative.

    Parameters
    ----------
    at
        Financial year at whose end, 31 March, it stands.
    balance
        80 % interval.
    basis
        ``published``, ``council``, ``to verify`` or ``estimated``.
    source
        Where it comes from.
    """

    at: FinancialYear
    balance: Range
    basis: str
    source: str


@dataclass(frozen=True)
class StabilityGrant:
    """The High Needs Stability Grant; its share, deficit date and payment year are in the funding policy.

    Parameters
    ----------
    approved
        How likely the authority's plan is approved: 1 yes, 0 no.
    eligible
        Part of the deficit that counts, a share: overspends outside high needs do not, and the lowest figure is taken where
        accounts differ.
    """

    approved: float = 1.0
    eligible: Range = CERTAIN

    def __post_init__(self) -> None:
        Range.of(self.approved).within(0.0, 1.0, "The chance that the plan is approved")
        self.eligible.within(0.0, 1.0, "The eligible part of the deficit")


@dataclass(frozen=True)
class Regime:
    """Who bears deficits after the statutory override ends; the law has not decided, so results show each.

    Parameters
    ----------
    name
        ``authority_bears``, ``centre_bears``, ``share``, or a planner's own name.
    in_year
        Part of each in-year deficit after the override that the authority bears, a share.
    carried
        Part of the deficit carried over the end of the override that the authority bears, a share.
    """

    name: str
    in_year: Range
    carried: Range

    def __post_init__(self) -> None:
        self.in_year.within(0.0, 1.0, "The authority's part of in-year deficits")
        self.carried.within(0.0, 1.0, "The authority's part of the deficit carried over")


REGIMES: dict[str, Regime] = {
    r.name: r
    for r in (
        Regime("authority_bears", Range.of(1.0), Range.of(1.0)),
        Regime("centre_bears", Range.of(0.0), Range.of(1.0)),
        Regime("share", Range(0.25, 0.75), Range.of(1.0)),
    )
}
"""Funding regimes after the override. The November 2025 Budget says that cost is met centrally from 2028-29 and promises nothing
for the deficit carried over, so that stays with the authority in all three; the interval of ``share`` is our assumption."""


@dataclass(frozen=True, eq=False)
class Balance:
    """The high needs balance of one authority, draw by draw.

    Parameters
    ----------
    la_code
        DfE number.
    opening
        Balance at the start, pounds, dims ``(draw,)``.
    opening_basis
        How it is known.
    income, cost
        Pounds, dims ``(draw, financial_year)``.
    stability_grant, met_by_centre
        Pounds received, at least 0, same dims.
    closing
        Balance at 31 March, same dims.
    override_ends
        Last year in which the override keeps a deficit off reserves.
    regime
        Name of the funding regime.
    """

    la_code: int
    opening: xr.DataArray
    opening_basis: str
    income: xr.DataArray
    cost: xr.DataArray
    stability_grant: xr.DataArray
    met_by_centre: xr.DataArray
    closing: xr.DataArray
    override_ends: FinancialYear
    regime: str

    @property
    def in_year(self) -> xr.DataArray:
        """Income less cost of each year in pounds, dims ``(draw, financial_year)``."""
        return self.income - self.cost

    @property
    def unprotected(self) -> xr.DataArray:
        """Deficit at 31 March against the authority's reserves, in pounds; 0 while the override lasts, dims as `closing`."""
        years = [financial_year(str(y)) for y in self.closing["financial_year"].to_numpy()]
        after = xr.DataArray(
            [y > self.override_ends for y in years],
            dims="financial_year",
            coords={"financial_year": self.closing["financial_year"]},
        )
        return (-self.closing).clip(min=0.0).where(after, 0.0)

    @property
    def overspent(self) -> xr.DataArray:
        """Whether a year's cost is above its income, dims ``(draw, financial_year)``."""
        return self.in_year < -PENNY

    @property
    def in_deficit(self) -> xr.DataArray:
        """Whether there is a deficit at 31 March, dims ``(draw, financial_year)``."""
        return self.closing < -PENNY


@dataclass(frozen=True, eq=False)
class Comparison:
    """The difference that mitigation makes: the same draws with and without it.

    Parameters
    ----------
    unmitigated, mitigated
        Balances on the same random numbers.
    """

    unmitigated: Balance
    mitigated: Balance

    def __post_init__(self) -> None:
        one, other = self.unmitigated, self.mitigated
        if one.la_code != other.la_code or one.closing.shape != other.closing.shape:
            raise OptionError(
                f"Two balances are compared that do not match: {one.la_code} with {one.closing.shape} draws and years, "
                f"{other.la_code} with {other.closing.shape}. Forecast both for one authority, with as many draws and years."
            )
        if list(one.closing["financial_year"].to_numpy()) != list(other.closing["financial_year"].to_numpy()):
            raise OptionError(
                "Two balances of different financial years are compared. Forecast both for the same."
            )
        if not np.array_equal(one.opening.to_numpy(), other.opening.to_numpy()):
            raise OptionError(
                "Two balances are compared that open differently in the same draw, so luck and not mitigation would differ. Use "
                "one seed and one opening balance."
            )

    @property
    def better_by(self) -> xr.DataArray:
        """Improvement of the balance at 31 March in pounds, dims ``(draw, financial_year)``."""
        return self.mitigated.closing - self.unmitigated.closing


def opening_balance(la_code: int, at: FinancialYear, policy: FundingPolicy | None = None) -> Opening:
    """Return the balance in pounds that an authority opens with, stated or estimated.

    It is the council's own figure where there is one (`data.councils`), else to 31 March 2022 the published per cent of the
    year's grant, whole grant and not high needs alone. Otherwise it is estimated: England's deficit grows evenly from March
    2022 to the National Audit Office's figure, the authority's difference from England goes on as far as such differences have
    lasted, and both are in per cent of the latest published grant.

    Raises
    ------
    AreaError
        No authority of today has that number.
    HistoryError
        No balance or grant is published for it, or the date is later than can be estimated.
    """
    area = by_code(la_code)
    rules = policy or funding_policy()
    by_year = _grants()
    balances = tables.read("dsg_balance_pct").query("level == 'authority'")
    wide = balances.pivot_table("balance_pct", "la_code", "financial_year", aggfunc="first")
    own = wide.reindex([la_code]).iloc[0]
    for stated in council_figures(la_code, BALANCE):
        if stated.year == at:
            return Opening(at, Range(stated.low_gbp, stated.high_gbp), stated.basis, stated.source)
    fix = "Give the balance in the council's accounts."
    if at <= _LATEST_PUBLISHED:
        if pd.isna(own.get(at.label, np.nan)) or (la_code, at.label) not in by_year:
            raise HistoryError(f"{area.name} has no published balance at 31 March {at.begins + 1}. {fix}")
        value = float(own[at.label]) / 100 * by_year[la_code, at.label]
        return Opening(at, Range.of(value), "published", "DSG cumulative balance, per cent of the grant")
    if at > rules.england_deficit_at:
        raise HistoryError(
            f"A balance at 31 March {at.begins + 1} cannot be estimated: the latest national figure is for 31 March "
            f"{rules.england_deficit_at.begins + 1}. {fix}"
        )
    latest = _LATEST_GRANT.label
    if (la_code, latest) not in by_year:
        raise HistoryError(
            f"{area.name} has no published grant in {latest}, so its opening balance cannot be estimated. {fix}"
        )
    mean, sd = _estimated(wide, own, sum(v for (_, year), v in by_year.items() if year == latest), at, rules)
    grant = by_year[la_code, latest]
    low, high = ((mean + sign * Z90 * sd) / 100 * grant for sign in (-1, 1))
    return Opening(at, Range(low, high), "estimated", "Balance at 31 March 2022, carried on with England's")


def _grants() -> dict[tuple[int, str], float]:
    """Return the whole grant before recoupment in pounds, by authority and financial year."""
    rows = tables.read("dsg_allocations")
    keys = zip(rows["la_code"], rows["financial_year"], rows["before_recoupment_gbp"], strict=True)
    grants: dict[tuple[int, str], float] = {}
    for la_code, year, value in keys:
        grants[int(la_code), str(year)] = grants.get((int(la_code), str(year)), 0.0) + float(value)
    return grants


def _estimated(
    wide: pd.DataFrame, own: pd.Series, grant: float, at: FinancialYear, rules: FundingPolicy
) -> tuple[float, float]:
    """Return the mean and spread of a balance after the latest published one, as a percentage of the grant.

    Yearly changes of the difference from England have a lasting part, by the correlation of one year's with the next's
    (`data.shrinkage`). An authority without a balance of
    its own starts from England's, with the spread of authorities around it.
    """
    england = (
        tables.read("dsg_balance_pct").query("level == 'england'").set_index("financial_year")["balance_pct"]
    )
    away = wide.sub(england, axis=1).diff(axis=1).iloc[:, 1:]
    alike = float(np.clip(away.dropna().corr().to_numpy()[0, 1], 0.0, 1.0))
    spread = float(away.std().mean())
    moves = own.sub(england).diff().iloc[1:].dropna()
    k = len(moves)
    weight = own_weight(k, alike, 1 - alike)
    lasting = weight * float(moves.mean()) if k else 0.0
    years = at.begins - _LATEST_PUBLISHED.begins
    part = years / (rules.england_deficit_at.begins - _LATEST_PUBLISHED.begins)
    deficit = rules.england_deficit
    now, then = float(england[_LATEST_PUBLISHED.label]), -50 * (deficit.low + deficit.high) / grant
    national_sd = 50 * (deficit.high - deficit.low) / grant / Z90
    level, unknown = float(own.get(_LATEST_PUBLISHED.label, np.nan)), 0.0
    if np.isnan(level):
        level, unknown = now, float(wide[_LATEST_PUBLISHED.label].std())
    mean = level + part * (then - now) + years * lasting
    variance = (
        unknown**2
        + years**2 * spread**2 * alike * (1 - weight)
        + years * spread**2 * (1 - alike)
        + (part * national_sd) ** 2
    )
    return mean, float(np.sqrt(variance))


def balance(
    cost: xr.DataArray,
    income: HighNeedsIncome,
    opening: Opening,
    *,
    rng: np.random.Generator,
    regime: Regime,
    grant: StabilityGrant | None = None,
    levers: MoneyEffects = UNCHANGED,
    policy: FundingPolicy | None = None,
) -> Balance:
    """Return the balance of income and cost in pounds by financial year, draw by draw.

    Parameters
    ----------
    cost
        Cost to the high needs block in pounds, before deductions and without the general fund's; dims ``(draw,
        financial_year)``, years and draws as in ``income``.
    income
        See `forecast.finance.income.income`.
    opening
        Balance at the end of the year before the first.
    rng
        Source of random numbers; the same for balances to be compared.
    regime
        One of `REGIMES`, or a planner's own.
    grant
        The stability grant; None: none is paid.
    levers
        A scenario's changes of money: ``deficit_borne`` sets the authority's part of in-year deficits, and of the deficit carried
        over in the first year.
    policy
        Rules; None: those shipped.

    Raises
    ------
    OptionError
        Years or draws of cost and income differ, a cost is missing or negative, or the opening is of another date.
    """
    rules = policy or funding_policy()
    spent = _align_years(cost, income)
    total = income.total.to_numpy()
    years = [financial_year(str(y)) for y in income.lines["financial_year"].to_numpy()]
    if opening.at.after() != years[0]:
        raise OptionError(
            f"The balance opens at the end of {opening.at.label}, but the first year is {years[0].label}. Years "
            f"between would be lost. Give the balance at the end of {years[0].after(-1).label}."
        )
    uniforms = np.clip(rng.random((5, total.shape[0])), _EDGE, 1 - _EDGE)
    start = opening.balance.draw(uniforms[0])
    helped = StabilityGrant(approved=0.0) if grant is None else grant
    paid_share = (
        rules.grant_share * helped.eligible.draw(uniforms[1], "share") * (uniforms[2] < helped.approved)
    )
    new, old = (
        with_levers(
            np.tile(part.draw(uniform, "share")[:, None], (1, len(years))),
            levers.deficit_borne,
            years=years,
            januaries=levers.januaries,
            most=1.0,
        )
        for part, uniform in ((regime.in_year, uniforms[3]), (regime.carried, uniforms[4]))
    )
    in_year = total - spent
    grants, centre, closing = np.zeros_like(in_year), np.zeros_like(in_year), np.empty_like(in_year)
    before = start
    eligible = np.maximum(-start, 0.0) if opening.at == rules.grant_balance_at else np.zeros_like(start)
    for i, year in enumerate(years):
        if year == rules.grant_paid_in:
            grants[:, i] = paid_share * eligible
        if year > rules.override_ends:
            centre[:, i] = (1 - new[:, i]) * np.maximum(-in_year[:, i], 0.0)
        if year == rules.override_ends.after():
            centre[:, i] += (1 - old[:, i]) * np.maximum(-before, 0.0)
        before = before + in_year[:, i] + grants[:, i] + centre[:, i]
        closing[:, i] = before
        if year == rules.grant_balance_at:
            eligible = np.maximum(-before, 0.0)
    shaped = _shaped(income)
    return Balance(
        la_code=income.la_code,
        opening=xr.DataArray(start, dims="draw"),
        opening_basis=opening.basis,
        income=shaped(total),
        cost=shaped(spent),
        stability_grant=shaped(grants),
        met_by_centre=shaped(centre),
        closing=shaped(closing),
        override_ends=rules.override_ends,
        regime=regime.name,
    )


def _shaped(income: HighNeedsIncome) -> Callable[[Floats], xr.DataArray]:
    years = income.lines["financial_year"].to_numpy()
    return lambda values: xr.DataArray(
        values, dims=("draw", "financial_year"), coords={"financial_year": years}
    )


def _align_years(cost: xr.DataArray, income: HighNeedsIncome) -> Array:
    """Return cost in pounds in the order of income's years, dims ``(draw, financial_year)``."""
    if set(cost.dims) != {"draw", "financial_year"}:
        raise OptionError(
            f"Cost has dims {cost.dims}. Sum its lines within each draw, to draw and financial_year."
        )
    theirs = [str(y) for y in income.lines["financial_year"].to_numpy()]
    ours = [str(y) for y in cost["financial_year"].to_numpy()]
    if sorted(ours) != sorted(theirs) or cost.sizes["draw"] != income.lines.sizes["draw"]:
        raise OptionError(
            f"Cost is of {', '.join(ours)} in {cost.sizes['draw']} draws, income of {', '.join(theirs)} in "
            f"{income.lines.sizes['draw']}. A balance needs both in the same. Forecast them alike."
        )
    wrong = int((~np.isfinite(cost) | (cost < 0)).sum())
    if wrong:
        raise OptionError(
            f"{wrong} costs are missing or negative. A balance would be wrong. Write income as income, and 0 where nothing is "
            "spent."
        )
    return np.asarray(
        cost.transpose("draw", "financial_year").sel(financial_year=theirs).to_numpy(), dtype=float
    )


def pence(gbp: Floats | float) -> npt.NDArray[np.int64]:
    """Return pounds as whole pence, halves to even, so that shown totals can be summed exactly.

    Raises
    ------
    OptionError
        An amount is not a number.
    """
    amount = np.asarray(gbp, dtype=float)
    if not np.isfinite(amount).all():
        raise OptionError(
            "An amount of money is not a number, so it cannot be shown. Correct the figures it came from."
        )
    return np.asarray(np.rint(amount * 100), dtype=np.int64)
