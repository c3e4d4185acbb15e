"""Shrinkage: how far a figure of one authority, known from few observations, is pulled towards the figure of its group.

With n observations of an authority, each as noisy as the variance w about its true value, and true values that differ by the
variance b between authorities,

    weight = n b / (n b + w) = n / (n + k),    k = w / b
    estimate = group + weight (own - group),   left unknown: b (1 - weight)

where k is the number of observations that the group's figure is worth. Yearly figures with correlation r between years have
b = r and w = 1 - r, in units of their variance. For counts against what the group's rate makes expect, the same pull is
(seen + k) / (expected + k); for the share that a part is of a whole, (part + k group's share) / (whole + k).

Invariant: an estimate lies between the authority's own figure and the group's.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

Number = TypeVar("Number", float, npt.NDArray[np.float64])


def own_weight(observations: int, between: Number, within: Number) -> Number:
    """Return the weight of an authority's own figure, 0 to 1.

    Parameters
    ----------
    observations
        How many observations its own figure is the mean of; none: the weight is 0.
    between
        Variance of true values between authorities.
    within
        Variance of one observation about its authority's true value; not nil together with ``between``.
    """
    return observations * between / (between + within + (observations - 1) * between)


def weight_of(observations: float, worth: float) -> float:
    """Return the weight of an authority's own figure, 0 to 1, by how many observations the group's figure is worth.

    Parameters
    ----------
    observations
        How many observations its own figure is the mean of.
    worth
        How many the group's figure is worth, above 0.
    """
    return observations / (observations + worth)


def shrunk_ratio(seen: Number, expected: Number, worth: float | Number, *, floor: float = 0.0) -> Number:
    """Return an authority's count over what its group's rate makes expect, pulled towards 1.

    Parameters
    ----------
    seen, expected
        The count, and what the group's rate would give.
    worth
        Count that the group's rate is worth, above 0 unless ``floor`` is.
    floor
        Added to what is divided by, where nothing may be expected and ``worth`` may be 0.
    """
    return (seen + worth) / (expected + worth + floor)


def shrunk_share(
    part: Number, whole: Number, group: float | Number, worth: float, *, floor: float = 0.0
) -> Number:
    """Return the share that a part is of a whole at an authority, pulled towards the group's share.

    Parameters
    ----------
    part, whole
        Counts of the authority.
    group
        The group's share.
    worth
        Count that the group's share is worth, above 0.
    floor
        Added to the part, so that a share whose logarithm is taken is never 0.
    """
    return (part + worth * group + floor) / (whole + worth)
