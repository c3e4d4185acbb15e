"""Ages of flows moved to the footing of stocks: age at 31 August before the January that the flow leads to.

A return of a flow counts age on a day of its own. With K[a, c] the share of children of stock age c whom it counts at age a, and
x the children by stock age, it publishes K x. Moving all by a fixed share would blur the steps at school entry and transfer, so
each published age is shared out by Bayes' rule:

    P(c | a) = K[a, c] x[c] / sum_c' K[a, c'] x[c']
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr

from data.vocabulary import AGES

FOOTING_AGES: tuple[int, ...] = tuple(range(2, 21))
"""Ages of flows: 2 is 2 and under, 20 is 20 and over."""

Array = npt.NDArray[np.float64]


def published_age_matrix(younger: float, older: float = 0.0, *, at_two: bool = True) -> Array:
    """Return the share of children of each stock age (column, ``AGES``) counted at each published age (row, `FOOTING_AGES`).

    Parameters
    ----------
    younger, older
        Share counted at one year less, and at one year more, than their stock age.
    at_two
        Whether children of 3 are counted younger too; few plans start so early that a flow of plans shows it.
    """
    kernel = (1 - younger - older) * np.eye(len(AGES))
    kernel += younger * np.eye(len(AGES), k=1) + older * np.eye(len(AGES), k=-1)
    # Nobody is counted beyond either end.
    kernel[0, 0] = 1.0 - older
    kernel[-1, -1] = 1.0 - younger
    if not at_two:
        kernel[1, 1], kernel[0, 1] = kernel[1, 1] + kernel[0, 1], 0.0
    oldest = len(FOOTING_AGES) - 1
    return np.vstack([kernel[:oldest], kernel[oldest:].sum(axis=0)])


def stock_age_shares(profile: Array, kernel: Array) -> xr.DataArray:
    """Return P(stock age | published age) by Bayes' rule, dims ``(age, stock_age)``; rows add up to 1.

    Parameters
    ----------
    profile
        Children by stock age, ``AGES``, up to a factor.
    kernel
        Result of `published_age_matrix`.
    """
    joint = kernel * profile
    oldest = len(FOOTING_AGES) - 1
    joint = np.column_stack([joint[:, :oldest], joint[:, oldest:].sum(axis=1)])
    return xr.DataArray(
        joint / joint.sum(axis=1, keepdims=True),
        dims=("age", "stock_age"),
        coords={"age": list(FOOTING_AGES), "stock_age": list(FOOTING_AGES)},
    )


def stock_age_profile(published: Array, kernel: Array) -> Array:
    """Return the children by stock age, ``AGES``, whom a published profile counts: K x = published, x >= 0, least squares.

    Ages from the oldest row of flows up share it evenly: their own profile is not published.

    Parameters
    ----------
    published
        Children by published age, `FOOTING_AGES`.
    kernel
        Result of `published_age_matrix`.
    """
    # Imported when needed: a forecast from what is cached reads no flows.
    from scipy.optimize import nnls

    oldest = len(FOOTING_AGES) - 1
    together = np.column_stack([kernel[:, :oldest], kernel[:, oldest:].mean(axis=1)])
    solved, _ = nnls(together, published)
    spread: Array = np.full(len(AGES) - oldest, solved[oldest] / (len(AGES) - oldest))
    return np.concatenate([solved[:oldest], spread])
