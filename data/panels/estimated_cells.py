"""Cells of a two-way table estimated from its margins, where a return gives only these.

A release may print plans by age and plans by provision, and their crossing later or never. Proportional fitting scales an earlier
table of the same authority until both margins hold:

    x[i, r, c] = seed[i, r, c] f[i, r] g[i, c],    sum_c x = rows[i, r],    sum_r x = columns[i, c]

What the result adds to its margins is the pattern of the earlier table and nothing else.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

OTHERS_PLANS = 2.0
"""Plans' worth of England's pattern added to an authority's own earlier table: a cell that was empty need not stay so."""

ROUNDS = 100
"""Rounds of proportional fitting; the margins agree to well under a plan by then."""


def with_england(own: Array) -> Array:
    """Return earlier tables with `OTHERS_PLANS` of England's pattern added to each.

    Parameters
    ----------
    own
        Dims ``(area, row, column)``; an area that is NaN has England's pattern alone.
    """
    england = np.nansum(own, axis=0)
    pattern = england / max(float(england.sum()), 1.0)
    return np.asarray(np.nan_to_num(own) + OTHERS_PLANS * pattern)


def fit_margins(seed: Array, rows: Array, columns: Array) -> Array:
    """Return tables with the pattern of ``seed`` and the given margins, dims ``(area, row, column)``.

    Parameters
    ----------
    seed
        Non-negative, dims ``(area, row, column)``.
    rows, columns
        Dims ``(area, row)`` and ``(area, column)``. Where their totals differ columns are scaled to that of rows, which hold
        exactly. An area with a NaN margin is NaN throughout.
    """
    total = rows.sum(axis=1, keepdims=True)
    wanted = _divide(columns, columns.sum(axis=1, keepdims=True)) * total
    # A margin that the earlier table cannot fill is filled evenly rather than lost.
    table = seed + 1e-6
    for _ in range(ROUNDS):
        table = table * _divide(wanted, table.sum(axis=1))[:, None, :]
        table = table * _divide(rows, table.sum(axis=2))[:, :, None]
    return np.asarray(table)


def _divide(part: Array, whole: Array) -> Array:
    """Return part / whole; 0 where the whole is 0, NaN where it is not known."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(whole == 0, 0.0, part / whole)
