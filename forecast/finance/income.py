"""Income of the high needs block by financial year: published allocations, then draws of later ones.

    block(y) = core(y) + unit x net imports(y),    core(y) = core(y - 1) (1 + growth(y))

all before deductions for places that DfE pays itself, so costs set against it must hold those places too. Growth of a year is

* England's, for years announced or estimated in the funding policy but not published by authority (2024-25 and 2025-26: the
  authority's own difference from England is drawn, shrunk towards none; 2026-27: rolled forward, the same for all);
* a growth option after that: flat, the GDP deflator, or the authority's last published growth; drawn once for the whole run.

A transfer from the schools block is a share of that block, which grows by its own draw. Growth is a share: 0.03 is 3 %.

Invariants: random numbers are drawn before any option is read, so two runs with one seed differ by their options only; every
figure has a basis; the lines add up to the income in every draw; nothing here summarises.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import xarray as xr

from data import tables
from data.areas import by_code
from data.errors import HistoryError, OptionError
from data.financial_year import FinancialYear
from data.shrinkage import own_weight
from forecast.core.financial_year import financial_year, labels, with_levers
from forecast.finance.funding_policy import FundingPolicy, Range, funding_policy
from models.base import Array
from scenarios.effects import UNCHANGED, MoneyEffects
from scenarios.sampling import Z90

BASES: tuple[str, ...] = ("published", "council", "announced", "estimated", "assumed")
"""How a figure is known, surest first: published by DfE; given by the council; announced growth on one of those; worked out from
England's growth; assumed by an option, a lever or by holding the latest figure."""

LINES: Mapping[str, str] = {
    "high_needs_core": "High needs block before the import and export adjustment",
    "import_export": "Import and export adjustment",
    "block_transfer": "Transfer from the schools block",
    "other_grants": "Other grants for high needs",
}
"""Lines of income, pounds a year."""

BLOCK_OF: Mapping[str, str] = {
    "high_needs_core": "high_needs", "import_export": "high_needs", "block_transfer": "schools", "other_grants": "none",
}  # fmt: skip
"""Block of the dedicated schools grant each line comes from; ``none`` for grants outside it."""

LIKELY_BEYOND = 0.8
"""A transfer is refused where this percentile of its draws is above the limit; rarer draws are held at it."""

SHRUNK_YEARS = 3
"""Latest years whose differences from England's growth say what is usual for an authority."""


_EDGE = 2.0**-53


@dataclass(frozen=True)
class Growth:
    """A growth option for years after the announced ones.

    Parameters
    ----------
    name
        ``flat``, ``gdp_deflator``, ``last_growth``, or a planner's own name.
    yearly
        Growth a year, a share, as an 80 % interval.
    source
        Where it comes from.
    """

    name: str
    yearly: Range
    source: str

    def __post_init__(self) -> None:
        self.yearly.within(-0.2, 0.5, f"Yearly growth of the high needs block '{self.name}'")


@dataclass(frozen=True)
class IncomePlan:
    """Assumptions about income: growth, transfers, allocations and net imports.

    Parameters
    ----------
    growth
        Growth of the block after the announced years.
    block_transfer
        Share of the schools block moved to high needs in years ahead of the published ones; at most the limit of the policy.
    disapplied
        True where the Secretary of State has agreed to more than the limit.
    net_imports
        Pupils imported less exported, dims ``(draw, financial_year)`` or ``(financial_year,)``; None: the latest published.
    allocations
        The council's own allocations before deductions, pounds, by financial year (``2025-26``); they replace ours.
    schools_blocks
        The council's own schools blocks before recoupment, pounds, by financial year; they replace ours.
    """

    growth: Growth
    block_transfer: Range = field(default_factory=lambda: Range.of(0.0))
    disapplied: bool = False
    net_imports: xr.DataArray | None = None
    allocations: Mapping[str, float] = field(default_factory=dict)
    schools_blocks: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.block_transfer.within(0.0, 1.0, "The block transfer, a share of the schools block,")
        for what, given in (("allocation", self.allocations), ("schools block", self.schools_blocks)):
            for label, value in given.items():
                financial_year(label)
                if not (np.isfinite(value) and value > 0):
                    raise OptionError(
                        f"The {what} of {label} is {value}. Income cannot be forecast from it. Write pounds above 0."
                    )


@dataclass(frozen=True, eq=False)
class HighNeedsIncome:
    """High needs income of one authority in pounds, by draw, financial year and line.

    Parameters
    ----------
    la_code
        DfE number.
    lines
        Pounds, dims ``(draw, financial_year, line)``, lines of `LINES`.
    schools_block
        Schools block before recoupment, pounds, dims ``(draw, financial_year)``.
    basis
        How each figure is known, dims ``(financial_year, line)``, one of `BASES`.
    """

    la_code: int
    lines: xr.DataArray
    schools_block: xr.DataArray
    basis: xr.DataArray

    @property
    def total(self) -> xr.DataArray:
        """Income of each year in pounds, dims ``(draw, financial_year)``."""
        return self.lines.sum("line")


@dataclass(frozen=True, eq=False)
class _RandomNumbers:
    """Random numbers of a run, all drawn before an option is read; dims ``(draw,)`` or ``(draw, year)``."""

    growth: Array
    schools: Array
    transfer: Array
    local: Array
    national: Array
    yearly: Array

    @classmethod
    def draw(cls, draws: int, years: int, rng: np.random.Generator) -> _RandomNumbers:
        growth, schools, transfer = np.clip(rng.random((3, draws)), _EDGE, 1 - _EDGE)
        local = rng.standard_normal(draws)
        national, yearly = np.empty((draws, years)), np.empty((draws, years))
        for i in range(years):
            national[:, i] = np.clip(rng.random(draws), _EDGE, 1 - _EDGE)
            yearly[:, i] = rng.standard_normal(draws)
        return cls(growth, schools, transfer, local, national, yearly)


@dataclass(frozen=True, slots=True)
class LocalGrowth:
    """Difference of an authority's growth from England's, in logs: the part that lasts and the part of single years.

    Parameters
    ----------
    mean, lasting_sd
        Its usual difference, shrunk towards none, and how surely that is known.
    yearly_sd
        Spread of single years around it.
    years
        Published years it rests on.
    """

    mean: float
    lasting_sd: float
    yearly_sd: float
    years: int


def allocation_history(la_code: int) -> pd.DataFrame:
    """Return the published allocations of a current authority in pounds, by financial year.

    Returns
    -------
    pd.DataFrame
        Columns la_code, financial_year, allocation_gbp (high needs block before deductions), import_export_gbp (NaN in 2019-20,
        not published), schools_block_gbp (before recoupment) and basis (``published``); in order of year.

    Raises
    ------
    AreaError
        No authority of today has that number.
    HistoryError
        Nothing is published for it.
    """
    area = by_code(la_code)
    rows = tables.read("dsg_allocations").query("la_code == @la_code")
    wide = rows.pivot_table("before_recoupment_gbp", "financial_year", "block", aggfunc="first")
    if wide.empty:
        raise HistoryError(
            f"{area.name} ({la_code}) has no published allocation of the dedicated schools grant (2019-20 to 2023-24). Its "
            "income and balance cannot be forecast without one. Its plans and places are forecast all the same; for pounds, "
            "choose another authority."
        )
    adjusted = tables.read("hnb_components").query("la_code == @la_code").set_index("financial_year")
    return pd.DataFrame(
        {
            "la_code": la_code,
            "financial_year": wide.index,
            "allocation_gbp": wide["high_needs"].to_numpy(),
            "import_export_gbp": adjusted["import_export_adjustment_gbp"].reindex(wide.index).to_numpy(),
            "schools_block_gbp": wide["schools"].to_numpy(),
            "basis": "published",
        }
    )


def growth_options(la_code: int, policy: FundingPolicy | None = None) -> dict[str, Growth]:
    """Return the growth options by name: ``flat``, ``gdp_deflator`` and ``last_growth``.

    The last growth is the authority's between its two latest published years, give or take the spread of single years between
    authorities; an authority with one published year has England's.
    """
    rules = policy or funding_policy()
    own = allocation_history(la_code)
    local = local_growth(la_code)
    if len(own) > 1:
        before, latest = own["allocation_gbp"].to_numpy(dtype=float)[-2:]
        last, whose = float(latest / before - 1), f"own growth of {own['financial_year'].iloc[-1]}"
    else:
        last, whose = float(np.expm1(_logs()[1].to_numpy()[-1])), "England's latest growth; own not published"
    half = Z90 * local.yearly_sd
    return {
        "flat": Growth("flat", Range.of(0.0), "No growth in cash"),
        "gdp_deflator": Growth("gdp_deflator", rules.gdp_deflator, "Funding policy: gdp_deflator"),
        "last_growth": Growth("last_growth", Range(last - half, last + half), f"DSG allocations: {whose}"),
    }


def local_growth(la_code: int, until: FinancialYear | None = None) -> LocalGrowth:
    """Return the difference of an authority's high needs growth from England's, shrunk towards zero.

    Differences of log growth in the latest `SHRUNK_YEARS` years are a lasting part and a part of the year; their shares are the
    mean correlation between years over all authorities. With k years of its own, correlation r, spread s and the weight of
    `data.shrinkage`, the lasting part is

        weight x own mean,    give or take s sqrt(r (1 - weight))

    Parameters
    ----------
    la_code
        DfE number.
    until
        Latest financial year to look at; None: the latest published.
    """
    growth, england = _logs()
    seen = [c for c in growth.columns if until is None or str(c) <= until.label]
    away = growth.sub(england, axis=1)[seen].iloc[:, -SHRUNK_YEARS:]
    between = away.dropna().corr().to_numpy()
    alike = float(np.clip(between[np.triu_indices_from(between, 1)].mean(), 0.0, 1.0))
    spread = float(away.std().mean())
    own = away.reindex([la_code]).to_numpy(dtype=float)[0]
    own = own[np.isfinite(own)]
    k = len(own)
    weight = own_weight(k, alike, 1 - alike)
    return LocalGrowth(
        mean=weight * float(own.mean()) if k else 0.0,
        lasting_sd=spread * float(np.sqrt(alike * (1 - weight))),
        yearly_sd=spread * float(np.sqrt(1 - alike)),
        years=k,
    )


def _logs() -> tuple[pd.DataFrame, pd.Series]:
    """Return log growth of the high needs block by authority and year, and England's from authorities published throughout."""
    rows = tables.read("dsg_allocations").query("block == 'high_needs'")
    wide = rows.pivot_table("before_recoupment_gbp", "la_code", "financial_year", aggfunc="first")
    logs = pd.DataFrame(np.log(wide.to_numpy()), index=wide.index, columns=wide.columns)
    england = pd.Series(np.log(wide.dropna().sum().to_numpy()), index=wide.columns)
    return logs.diff(axis=1).iloc[:, 1:], england.diff().iloc[1:]


def income(
    la_code: int,
    years: Sequence[FinancialYear],
    plan: IncomePlan,
    *,
    draws: int,
    rng: np.random.Generator,
    levers: MoneyEffects = UNCHANGED,
    policy: FundingPolicy | None = None,
) -> HighNeedsIncome:
    """Return draws of high needs income in pounds, by financial year and line.

    Parameters
    ----------
    la_code
        DfE number of an authority of today.
    years
        Financial years in a row; published ones have the published figure in every draw.
    plan
        What is assumed or known.
    draws
        Number of draws.
    rng
        Source of random numbers; the same for scenarios to be compared.
    levers
        A scenario's changes of money: ``block_growth`` acts on years neither published nor given by the council,
        ``block_transfer`` on years not published, ``grants`` on all.
    policy
        Rules; None: those shipped.

    Raises
    ------
    AreaError, HistoryError
        See `allocation_history`.
    OptionError
        Years have gaps or begin before the published ones, a transfer is above the limit, net imports lack a year or draws, or a
        policy growth is missing for a year before one that has it.
    """
    rules = policy or funding_policy()
    history = allocation_history(la_code).dropna(subset="import_export_gbp").reset_index(drop=True)
    past = {financial_year(str(y)): i for i, y in enumerate(history["financial_year"])}
    path = _years_to_work(years, past)
    last = max(past)
    ahead = [y for y in path if y > last]
    numbers = _RandomNumbers.draw(draws, len(ahead), rng)
    growth, known = _growth(la_code, ahead, plan, numbers, rules)
    growth = with_levers(growth, levers.block_growth, years=ahead, januaries=levers.januaries, least=-1.0)
    imports = _imports(plan, path, years, history, past, rules, draws)
    given = {financial_year(label): value for label, value in plan.allocations.items()}
    core, basis = np.empty((draws, len(path))), np.empty((len(path), len(LINES)), dtype="<U9")
    basis[:] = "assumed"
    for i, year in enumerate(path):
        if year in given:
            core[:, i], basis[i, 0] = given[year] - imports[:, i], "council"
        elif year in past:
            published = float(history["allocation_gbp"].iloc[past[year]])
            core[:, i], basis[i, 0] = published - imports[:, i], "published"
        else:
            at = ahead.index(year)
            lever = any(
                w > 0
                for c in levers.block_growth
                for j, w in zip(levers.januaries, c.weight, strict=True)
                if j == year.january
            )
            core[:, i] = core[:, i - 1] * (1 + growth[:, at])
            basis[i, 0] = _weakest(str(basis[i - 1, 0]), "assumed" if lever else known[at])
        if year in past:
            basis[i, 1] = "published"
    schools = _schools(plan, path, history, past, numbers, rules)
    transfer = np.zeros(core.shape)
    transfer[:, len(path) - len(ahead) :] = _transfer(plan, ahead, numbers, levers, rules)
    grants = with_levers(
        np.zeros(core.shape),
        levers.grants,
        years=path,
        januaries=levers.januaries,
        least=-np.inf,
    )
    coords = {"financial_year": labels(path)}
    by_line = coords | {"line": list(LINES)}
    lines = np.stack([core, imports, transfer * schools, grants], axis=-1)
    wanted = {"financial_year": labels(years)}
    return HighNeedsIncome(
        la_code=la_code,
        lines=xr.DataArray(lines, dims=("draw", "financial_year", "line"), coords=by_line).sel(wanted),
        schools_block=xr.DataArray(schools, dims=("draw", "financial_year"), coords=coords).sel(wanted),
        basis=xr.DataArray(basis, dims=("financial_year", "line"), coords=by_line).sel(wanted),
    )


def _years_to_work(years: Sequence[FinancialYear], past: Mapping[FinancialYear, int]) -> list[FinancialYear]:
    """Return the years to work through: from the latest published year, or the first requested if that is earlier."""
    run = list(years)
    if not run or run != [run[0].after(i) for i in range(len(run))]:
        raise OptionError(
            f"Income needs financial years in a row; here are {', '.join(labels(run)) or 'none'}. Add those missing."
        )
    if run[0] < min(past):
        raise OptionError(
            f"Income is asked for from {run[0].label}, but the authority's allocations are published from {min(past).label} "
            "with their import and export adjustment. Begin there or later."
        )
    first = min(run[0], max(past))
    return [FinancialYear(y) for y in range(first.begins, run[-1].begins + 1)]


def _weakest(*known: str) -> str:
    """Return the least certain of several bases; a figure is as certain as its least certain input."""
    return max(known, key=BASES.index)


def _growth(
    la_code: int,
    ahead: Sequence[FinancialYear],
    plan: IncomePlan,
    numbers: _RandomNumbers,
    rules: FundingPolicy,
) -> tuple[Array, list[str]]:
    """Return yearly growth as shares, dims ``(draw, financial_year)``, and the basis of each year's growth."""
    local = local_growth(la_code)
    own = local.mean + local.lasting_sd * numbers.local
    later = plan.growth.yearly.draw(numbers.growth)
    growth, known = np.empty((len(numbers.growth), len(ahead))), []
    for i, year in enumerate(ahead):
        england = rules.growth.get(year)
        if england is None:
            if any(y in rules.growth for y in ahead[i:]):
                raise OptionError(
                    f"The funding policy says how high needs blocks grow in a later year but not in {year.label}. Income after "
                    f"the gap cannot be forecast. Add hnb_growth_{year.label}."
                )
            growth[:, i] = later
            known.append("assumed")
        elif england.low == england.high:
            growth[:, i] = england.low
            known.append("announced")
        else:
            national = np.log1p(england.draw(numbers.national[:, i]))
            growth[:, i] = np.expm1(national + own + local.yearly_sd * numbers.yearly[:, i])
            known.append("estimated")
    return growth, known


def _imports(
    plan: IncomePlan,
    path: Sequence[FinancialYear],
    years: Sequence[FinancialYear],
    history: pd.DataFrame,
    past: Mapping[FinancialYear, int],
    rules: FundingPolicy,
    draws: int,
) -> Array:
    """Return the import and export adjustment in pounds, dims ``(draw, financial_year)``; the latest published one is kept."""
    published = history["import_export_gbp"].to_numpy(dtype=float)
    latest = np.array([published[past.get(y, len(published) - 1)] for y in path])
    pounds = np.tile(latest, (draws, 1))
    if plan.net_imports is None:
        return pounds
    net = plan.net_imports
    stray = set(net.dims) - {"draw", "financial_year"}
    if stray or "financial_year" not in net.dims:
        raise OptionError(
            f"Net imports have dims {net.dims}. Give them by financial year, with or without draws."
        )
    named = {str(y) for y in net["financial_year"].to_numpy()}
    absent = [y.label for y in years if y not in past and y.label not in named]
    if absent or not bool(np.isfinite(net).all()):
        raise OptionError(
            f"Net imports lack {', '.join(absent) or 'some values'}. The import and export adjustment cannot be worked out. "
            "Write pupils imported less exported for every year ahead, minus for a net exporter."
        )
    if "draw" in net.dims and net.sizes["draw"] != draws:
        raise OptionError(
            f"Net imports have {net.sizes['draw']} draws, the forecast {draws}. Give as many, or none."
        )
    for i, year in enumerate(path):
        if year not in past and year.label in named:
            pounds[:, i] = rules.import_export_unit * net.sel(financial_year=year.label).to_numpy()
    return pounds


def _schools(
    plan: IncomePlan,
    path: Sequence[FinancialYear],
    history: pd.DataFrame,
    past: Mapping[FinancialYear, int],
    numbers: _RandomNumbers,
    rules: FundingPolicy,
) -> Array:
    """Return the schools block before recoupment in pounds, dims ``(draw, financial_year)``."""
    given = {financial_year(label): value for label, value in plan.schools_blocks.items()}
    growth = rules.schools_block_growth.draw(numbers.schools)
    pounds = np.empty((len(growth), len(path)))
    for i, year in enumerate(path):
        if year in given:
            pounds[:, i] = given[year]
        elif year in past:
            pounds[:, i] = float(history["schools_block_gbp"].iloc[past[year]])
        else:
            pounds[:, i] = pounds[:, i - 1] * (1 + growth)
    return pounds


def _transfer(
    plan: IncomePlan,
    ahead: Sequence[FinancialYear],
    numbers: _RandomNumbers,
    levers: MoneyEffects,
    rules: FundingPolicy,
) -> Array:
    """Return the share of the schools block moved to high needs, dims ``(draw, financial_year)``, at most the legal limit."""
    usual = np.tile(plan.block_transfer.draw(numbers.transfer, "share")[:, None], (1, len(ahead)))
    shares = with_levers(usual, levers.block_transfer, years=ahead, januaries=levers.januaries, most=1.0)
    if plan.disapplied or not ahead:
        return shares
    limit = rules.block_transfer_limit
    highest = np.quantile(shares, LIKELY_BEYOND, axis=0)
    over = [y.label for y, share in zip(ahead, highest, strict=True) if share > limit + 1e-12]
    if over or plan.block_transfer.high > limit:
        most = max(float(highest.max()), plan.block_transfer.high if not over else 0.0)
        raise OptionError(
            f"A transfer of {most:.2%} of the schools block is asked for in {', '.join(over) or 'every year'}; the Schools "
            f"Forum may agree to {limit:.1%} at most. Lower it, or say that the Secretary of State has agreed (disapplied)."
        )
    return np.minimum(shares, limit)
