"""The cost of a child by provision for the options appraisal, from the prices of the cost model.

The same draws of prices, luck of fees and scale as in the money forecast, so that a programme's saving and the balance agree.
"""

from __future__ import annotations

from collections.abc import Callable

from data.errors import HistoryError
from data.prices.price_book import PriceBook
from data.prices.starting_books import for_area
from forecast.capital.schemes import UnitCosts
from forecast.core.outcome import Outcome
from forecast.finance.cost_model import CostModel
from forecast.finance.finance_model import FinanceModel


def prepare_costs(
    baseline: Outcome, book: PriceBook | None = None
) -> tuple[Callable[[Outcome], UnitCosts], FinanceModel | None]:
    """Return a function for the costs of children, and the finance model; None for the latter if income is not published.

    Parameters
    ----------
    baseline
        Without levers.
    book
        The authority's prices; those shipped where None.
    """
    used = book or for_area(baseline.area.la_code)
    try:
        finance = FinanceModel.of(baseline, book=used)
    except HistoryError:
        return costs_from(CostModel.prepare(baseline, used, seed=baseline.seed)), None
    return costs_from(finance.model), finance


def costs_from(model: CostModel) -> Callable[[Outcome], UnitCosts]:
    """Return a function from an outcome to the cost of a child in every provision and financial year, in pounds.

    Parameters
    ----------
    model
        The cost model of the authority's baseline.
    """

    def costs_of(outcome: Outcome) -> UnitCosts:
        return UnitCosts(
            per_child=model.per_child(outcome),
            deflator=1 / model.deflator,
            base_year=model.years[0].label,
        )

    return costs_of
