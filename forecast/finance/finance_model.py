"""The finance model: from an authority's forecast to costs, income and high needs balance, for a baseline and its scenarios.

    base = shared_inputs().baseline(area)
    finance = FinanceModel.of(base.outcome)
    mitigated = finance.money(rerun(base, scenario))

Where the council has said how far a year is overspent, costs are scaled so that the baseline meets it
(`forecast.finance.cost_model`).

Invariants: a baseline and its scenarios share prices, growth, opening balance and scale, draw by draw, so their difference is
what the levers do; nothing here summarises.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from data.councils import OVERSPEND, CouncilFigure, council_figures
from data.errors import OptionError
from data.prices.price_book import PriceBook
from data.prices.starting_books import for_area
from forecast.core.outcome import Outcome
from forecast.finance.balance import (
    REGIMES,
    Balance,
    Opening,
    StabilityGrant,
    balance,
    opening_balance,
)
from forecast.finance.cost_model import Anchor, CostModel, Costs
from forecast.finance.funding_policy import Range
from forecast.finance.income import HighNeedsIncome, IncomePlan, growth_options, income

MONITORING = 0.02
"""How far a council's own forecast of a year's overspend may be out, as a share of income (80 % interval, either way): our
assumption; Redbridge's moved by 5 % of income between July and month 7 of 2025-26."""

_STREAMS = 3


@dataclass(frozen=True)
class MoneyPlan:
    """Assumptions of a finance officer: growth of income, regime, grant, opening balance, overspend and transfers.

    Parameters
    ----------
    growth
        Growth of the high needs block after the announced years: a name of `forecast.finance.income.growth_options`.
    regime
        Who bears deficits after the override: a name of `forecast.finance.balance.REGIMES`.
    grant
        How likely the plan for the stability grant is approved, 0 to 1.
    as_modelled
        True: costs are not scaled to what the council has said.
    opening
        Balance at 31 March before the first year in pounds, a deficit minus; None: as far as it is known.
    overspend
        What the council expects the first year to cost more than its income, pounds, give or take `MONITORING` of its income;
        None: what a council has said that we ship.
    block_transfer
        Share of the schools block moved to high needs in years ahead, 0 to 1.
    disapplied
        True where the Secretary of State has agreed to more than the limit.
    allocations
        The council's own high needs allocations before deductions, pounds, by financial year.

    Raises
    ------
    OptionError
        The growth or the regime has no such name.
    """

    growth: str = "gdp_deflator"
    regime: str = "authority_bears"
    grant: float = 1.0
    as_modelled: bool = False
    opening: float | None = None
    overspend: float | None = None
    block_transfer: float = 0.0
    disapplied: bool = False
    allocations: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.regime not in REGIMES:
            raise OptionError(
                f"'{self.regime}' is not a funding regime. Who bears a deficit after the override is not decided; write one of "
                f"{', '.join(REGIMES)}."
            )


@dataclass(frozen=True, eq=False)
class Money:
    """Costs, income and balance of one outcome, in pounds.

    Parameters
    ----------
    outcome
        The baseline or a scenario.
    costs, income, balance
        See their classes.
    """

    outcome: Outcome
    costs: Costs
    income: HighNeedsIncome
    balance: Balance

    @property
    def in_year(self) -> xr.DataArray:
        """High needs income less cost of each year in pounds, dims ``(draw, financial_year)``."""
        return self.balance.in_year


@dataclass(frozen=True, eq=False)
class FinanceModel:
    """The inputs of costs, income and balance that an authority's baseline and scenarios share.

    Parameters
    ----------
    model
        Prices and scale.
    income_plan, plan
        What is assumed.
    opening
        Balance at the start.
    seed
        Same seed, same random numbers.
    """

    model: CostModel
    income_plan: IncomePlan
    plan: MoneyPlan
    opening: Opening
    seed: int

    @classmethod
    def of(
        cls, baseline: Outcome, *, plan: MoneyPlan | None = None, book: PriceBook | None = None
    ) -> FinanceModel:
        """Return the finance model of an authority's baseline: prices, income plan and scale.

        Parameters
        ----------
        baseline
            Without levers.
        plan
            What is assumed; the usual where None.
        book
            The authority's prices; those shipped where None.

        Raises
        ------
        OptionError
            The growth has no such name.
        HistoryError
            The authority has no published income or opening balance.
        """
        assumed = plan or MoneyPlan()
        la_code = baseline.area.la_code
        options = growth_options(la_code)
        if assumed.growth not in options:
            raise OptionError(
                f"'{assumed.growth}' is not a way the high needs block may grow. Write one of {', '.join(options)}."
            )
        model = CostModel.prepare(baseline, book or for_area(la_code), seed=baseline.seed)
        before = model.years[0].after(-1)
        known = opening_balance(la_code, before, model.policy)
        if assumed.opening is not None:
            known = Opening(before, Range.of(assumed.opening), "council", "Given with the run")
        income_plan = IncomePlan(
            growth=options[assumed.growth],
            block_transfer=Range.of(assumed.block_transfer),
            disapplied=assumed.disapplied,
            allocations=assumed.allocations,
        )
        finance = cls(model, income_plan, assumed, known, baseline.seed)
        total = finance.income(baseline, before=True).total
        stated = [f for f in council_figures(la_code, OVERSPEND) if f.year in (before, *model.years)]
        anchor = _anchor(stated[-1]) if stated else None
        if assumed.overspend is not None:
            half = MONITORING * float(total.sel(financial_year=model.years[0].label).mean())
            between = Range(assumed.overspend - half, assumed.overspend + half)
            anchor = Anchor(model.years[0], between, "council", "Given with the run")
        if assumed.as_modelled or anchor is None:
            return finance
        scaled = model.anchored(baseline, total, anchor, np.random.default_rng(finance._stream(2)))
        return cls(scaled, finance.income_plan, assumed, known, baseline.seed)

    def _stream(self, which: int) -> np.random.SeedSequence:
        return np.random.SeedSequence([self.seed, self.model.la_code, 7]).spawn(_STREAMS)[which]

    def costs(self, outcome: Outcome) -> Costs:
        """Return the costs in pounds of the baseline or one of its scenarios."""
        return self.model.costs(outcome)

    def income(self, outcome: Outcome, *, before: bool = False) -> HighNeedsIncome:
        """Return the income in pounds of the baseline or one of its scenarios, if asked from the year ``before`` the first."""
        years = self.model.years
        return income(
            self.model.la_code,
            (years[0].after(-1), *years) if before else years,
            self.income_plan,
            draws=outcome.plans.future.sizes["draw"],
            rng=np.random.default_rng(self._stream(0)),
            levers=outcome.money,
            policy=self.model.policy,
        )

    def money(self, outcome: Outcome, regime: str | None = None, grant: float | None = None) -> Money:
        """Return costs, income and balance in pounds of the baseline or one of its scenarios.

        Parameters
        ----------
        outcome
            One of the baseline's runs.
        regime, grant
            Other than the plan's.
        """
        costs, received = self.costs(outcome), self.income(outcome)
        return Money(outcome, costs, received, self.closing(outcome, costs, received, regime, grant))

    def closing(
        self,
        outcome: Outcome,
        costs: Costs,
        received: HighNeedsIncome,
        regime: str | None = None,
        grant: float | None = None,
    ) -> Balance:
        """Return the balance in pounds of costs and income, under another regime or chance of the grant if given."""
        return balance(
            costs.high_needs,
            received,
            self.opening,
            rng=np.random.default_rng(self._stream(1)),
            regime=REGIMES[regime or self.plan.regime],
            grant=StabilityGrant(approved=self.plan.grant if grant is None else grant),
            levers=outcome.money,
            policy=self.model.policy,
        )


def _anchor(stated: CouncilFigure) -> Anchor:
    """Return a council's stated overspend in the form to which costs are scaled."""
    return Anchor(stated.year, Range(stated.low_gbp, stated.high_gbp), stated.basis, stated.source)
