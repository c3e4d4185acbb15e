"""Balances forecast from earlier Januaries beside those published since, as a table.

Percentiles are those of draws (`forecast.presentation.describe`) and do not add up.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecast.core.financial_year import financial_year
from forecast.finance.balance import opening_balance
from forecast.presentation import describe
from forecast.validation.deficit_hindcast import Hindcast


def hindcast_table(hindcasts: Sequence[Hindcast]) -> pd.DataFrame:
    """Return forecast and published balances by origin and financial year, in pounds.

    Returns
    -------
    pd.DataFrame
        Columns la_code, origin, known, financial_year, in_year and closing (each with _q10_gbp, _q50_gbp, _q90_gbp),
        baseline_closing_gbp and published_closing_gbp (null where none is).
    """
    parts = []
    for one in hindcasts:
        years = [str(y) for y in one.cost["financial_year"].to_numpy()]
        columns = {
            f"{what}_{describe.column(level)}_gbp": values.to_numpy()
            for what, draws in (("in_year", one.in_year), ("closing", one.closing))
            for level, values in zip(describe.INTERVAL, describe.percentiles(draws), strict=True)
        }
        (income,) = describe.percentiles(one.income, (0.5,))
        parts.append(
            pd.DataFrame(
                {
                    "la_code": one.la_code, "origin": one.origin, "known": one.known, "financial_year": years, **columns,
                    "baseline_closing_gbp": one.opening + np.cumsum((income - one.baseline).to_numpy()),
                    "published_closing_gbp": [_published(one.la_code, year) for year in years],
                }
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _published(la_code: int, label: str) -> float:
    """Return the balance published or reported for the end of a year, in pounds; NaN if there is none."""
    opening = opening_balance(la_code, financial_year(label))
    return float("nan") if opening.basis == "estimated" else (opening.balance.low + opening.balance.high) / 2
