"""Draws of a lever's size: how an 80 % interval becomes a number in every draw.

Equation, with u the uniform number of a lever in a draw, z = Phi^-1(u) and z90 = Phi^-1(0.9) = 1.2816:

    amounts and differences v = (low + high) / 2 + z / z90 (high - low) / 2
    factors, low > 0        the same for log v: log-normal
    shares, 0 < low, high < 1   the same for logit v: logit-normal
    factors and shares that touch their bound (0, or 0 or 1)   as amounts, then held within the bounds

so low and high are the 10th and 90th percentile exactly: a normal whose 10th percentile is 0 and which is held at 0 keeps it.

Invariants: u depends on the seed and on the lever's id only, so the same lever in two scenarios, at another place in the list or
with another interval, is drawn with the same luck, and fewer draws are the first of more. A higher ``high`` never lowers a draw
whose u is 0.1 or more, a higher ``low`` never lowers one whose u is 0.9 or less, and both moved alike (added to, or multiplied
on the log scale) move every draw the same way. Beyond those percentiles a narrower interval has a nearer tail, as it must.
"""

from __future__ import annotations

import hashlib
from typing import Literal

import numpy as np
from scipy.special import expit, logit, ndtri

from scenarios.effects import Array

Scale = Literal["factor", "share", "difference", "amount", "positive"]
"""What a size is: a factor (0 or more), a share (0 to 1), a difference of shares, an amount, or an amount of 0 or more."""

Z90 = float(ndtri(0.9))
"""90th percentile of the standard normal."""

_EDGE = 2.0**-53


def draw_uniforms(lever: str, seed: int, draws: int) -> Array:
    """Draw the uniform random numbers of a lever, dims ``(draw,)``, strictly between 0 and 1.

    Parameters
    ----------
    lever
        Its id.
    seed
        Of the run, 0 or more.
    draws
        Number of draws.
    """
    name = hashlib.sha256(lever.encode()).digest()
    words = [int.from_bytes(name[i : i + 4], "little") for i in range(0, len(name), 4)]
    uniform = np.random.default_rng([seed, *words]).random(draws)
    return np.clip(uniform, _EDGE, 1 - _EDGE)


def quantile(low: float, high: float, scale: Scale, uniform: Array) -> Array:
    """Return the values of an 80 % interval at the given probabilities.

    Parameters
    ----------
    low, high
        10th and 90th percentile; equal where the size is certain.
    scale
        See `Scale`.
    uniform
        Probabilities, strictly between 0 and 1.
    """
    if low == high:
        return np.full(uniform.shape, low)
    if scale == "factor" and low > 0:
        return np.asarray(np.exp(_normal(np.log(low), np.log(high), uniform)))
    if scale == "share" and low > 0 and high < 1:
        return np.asarray(expit(_normal(float(logit(low)), float(logit(high)), uniform)))
    least = -np.inf if scale in ("amount", "difference") else 0.0
    most = 1.0 if scale == "share" else np.inf
    return np.clip(_normal(low, high, uniform), least, most)


def _normal(low: float, high: float, uniform: Array) -> Array:
    """Return values at the given probabilities of a normal distribution, from its 10th and 90th percentile."""
    return np.asarray((low + high) / 2 + ndtri(uniform) / Z90 * (high - low) / 2)
