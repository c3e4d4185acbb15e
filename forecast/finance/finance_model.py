"""From an authority's forecast to its high needs balance: cost, income and who bears what is left, for a baseline and scenarios.

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
from data.price_books import for_area
from data.prices import PriceBook
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
    """What a finance officer assumes.

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
    """Pounds of one outcome.

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
        """High needs income less cost, dims ``(draw, financial_year)``."""
        return self.balance.in_year


@dataclass(frozen=True, eq=False)
class FinanceModel:
    """What the money of one authority's baseline and scenarios shares.

    Parameters
    ----------
    model
        Prices and scale.
    income_plan, plan
        What is assumed.
    opening
        Balance at the start.
    seed
        Same seed, same luck.
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
        """Prepare prices, income and scale for an authority's baseline.

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
        asked = plan or MoneyPlan()
        la_code = baseline.area.la_code
        options = growth_options(la_code)
        if asked.growth not in options:
            raise OptionError(
                f"'{asked.growth}' is not a way the high needs block may grow. Write one of {', '.join(options)}."
            )
        model = CostModel.prepare(baseline, book or for_area(la_code), seed=baseline.seed)
        before = model.years[0].after(-1)
        known = opening_balance(la_code, before, model.policy)
        if asked.opening is not None:
            known = Opening(before, Range.of(asked.opening), "council", "Given with the run")
        income_plan = IncomePlan(
            growth=options[asked.growth],
            block_transfer=Range.of(asked.block_transfer),
            disapplied=asked.disapplied,
            allocations=asked.allocations,
        )
        finance = cls(model, income_plan, asked, known, baseline.seed)
        total = finance.income(baseline).total
        stated = [f for f in council_figures(la_code, OVERSPEND) if f.year in model.years]
        anchor = _anchor(stated[-1]) if stated else None
        if asked.overspend is not None:
            half = MONITORING * float(total.isel(financial_year=0).mean())
            between = Range(asked.overspend - half, asked.overspend + half)
            anchor = Anchor(model.years[0], between, "council", "Given with the run")
        if asked.as_modelled or anchor is None:
            return finance
        scaled = model.anchored(baseline, total, anchor, np.random.default_rng(finance._stream(2)))
        return cls(scaled, finance.income_plan, asked, known, baseline.seed)

    def _stream(self, which: int) -> np.random.SeedSequence:
        return np.random.SeedSequence([self.seed, self.model.la_code, 7]).spawn(_STREAMS)[which]

    def costs(self, outcome: Outcome) -> Costs:
        """Return the cost of the baseline or a scenario of it."""
        return self.model.costs(outcome)

    def income(self, outcome: Outcome) -> HighNeedsIncome:
        """Return the income of the baseline or a scenario of it."""
        return income(
            self.model.la_code,
            self.model.years,
            self.income_plan,
            draws=outcome.plans.future.sizes["draw"],
            rng=np.random.default_rng(self._stream(0)),
            levers=outcome.money,
            policy=self.model.policy,
        )

    def money(self, outcome: Outcome, regime: str | None = None, grant: float | None = None) -> Money:
        """Return cost, income and balance of the baseline or a scenario of it.

        Parameters
        ----------
        outcome
            One of the baseline's runs.
        regime, grant
            Other than the plan's.
        """
        costs, told = self.costs(outcome), self.income(outcome)
        return Money(outcome, costs, told, self.closing(outcome, costs, told, regime, grant))

    def closing(
        self,
        outcome: Outcome,
        costs: Costs,
        told: HighNeedsIncome,
        regime: str | None = None,
        grant: float | None = None,
    ) -> Balance:
        """Return the balance of cost and income, under another regime or chance of the grant where given."""
        return balance(
            costs.high_needs,
            told,
            self.opening,
            rng=np.random.default_rng(self._stream(1)),
            regime=REGIMES[regime or self.plan.regime],
            grant=StabilityGrant(approved=self.plan.grant if grant is None else grant),
            levers=outcome.money,
            policy=self.model.policy,
        )


def _anchor(stated: CouncilFigure) -> Anchor:
    """Return the overspend that a council has stated, for costs to be scaled to."""
    return Anchor(stated.year, Range(stated.low_gbp, stated.high_gbp), stated.basis, stated.source)
