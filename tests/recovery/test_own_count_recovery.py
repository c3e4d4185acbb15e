"""Draws given a count against the exact conditional distribution, where that is known: totals whose logs are Gaussian."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest
import xarray as xr

from data.counts.own_counts import PlansCount
from data.vocabulary import BAND_CODES
from forecast.demand.own_count import (
    BAND_DEFINITION,
    BAND_YEAR,
    CountDay,
    LastPublished,
    expected,
    given_bands,
    given_total,
)

ORIGIN, YEARS, DRAWS = 2026, 6, 20_000
KNOWN = LastPublished(ORIGIN, 3830.0)
MEAN = math.log(3830) + 0.1 * np.arange(1, YEARS + 1)
STEPS = np.arange(1, YEARS + 1)
COVARIANCE = 0.04**2 * np.minimum.outer(STEPS, STEPS) + 0.02**2 * np.outer(STEPS, STEPS)
"""Growth with a step of its own each year and a drift of its own: later years are known by the first, and not wholly."""


def draws() -> xr.DataArray:
    logs = np.random.default_rng(1).multivariate_normal(MEAN, COVARIANCE, DRAWS)
    # Of exactly that mean and covariance, so that nothing is left to chance but the count's own error.
    logs = logs - logs.mean(axis=0)
    logs = (
        logs @ np.linalg.inv(np.linalg.cholesky(logs.T @ logs / DRAWS)).T @ np.linalg.cholesky(COVARIANCE).T
    )
    return xr.DataArray(np.exp(MEAN + logs), dims=("draw", "january"), coords={"january": ORIGIN + STEPS})


@pytest.mark.parametrize(
    "day", [date(2026, 3, 31), date(2026, 9, 30), date(2026, 12, 31), date(2027, 6, 30), date(2028, 1, 19)]
)
@pytest.mark.parametrize("total", [4000, 4600])
def test_mean_and_covariance_are_those_of_exact_conditioning(day: date, total: int) -> None:
    count = PlansCount(day=day, total=total)
    measure = CountDay.of(count).measure([ORIGIN, *(ORIGIN + STEPS)], total)
    weights = measure.weights[1:]
    variance = weights @ COVARIANCE @ weights + measure.error
    gain = COVARIANCE @ weights / variance
    middle = measure.weights[0] * math.log(KNOWN.total) + weights @ MEAN
    mean = MEAN + gain * (math.log(total) - middle)
    covariance = COVARIANCE - np.outer(gain, gain) * variance
    given = np.log(given_total(draws(), KNOWN, count, np.random.default_rng(2)).to_numpy())
    assert given.mean(axis=0) == pytest.approx(mean, abs=1e-9)
    assert np.cov(given.T, bias=True) == pytest.approx(covariance, rel=0.02, abs=4e-5)
    said = expected(draws(), KNOWN, count)
    assert (said.middle, said.spread) == pytest.approx((middle, math.sqrt(variance)))


def test_a_true_count_is_recovered_as_often_as_the_interval_says() -> None:
    """Worlds drawn from the law, each counted with the error assumed: the 80 % interval holds 80 % of next Januaries."""
    rng = np.random.default_rng(3)
    prior = draws().isel(draw=slice(0, 2000))
    inside, missed, without = 0, [], []
    worlds = 600
    for _ in range(worlds):
        truth = rng.multivariate_normal(MEAN, COVARIANCE)
        day = date(2026, int(rng.integers(3, 13)), 28)
        measure = CountDay.of(PlansCount(day=day, total=4000)).measure([ORIGIN, *(ORIGIN + STEPS)], 4000)
        path = measure.weights[0] * math.log(KNOWN.total) + measure.weights[1:] @ truth
        count = PlansCount(
            day=day, total=round(math.exp(path + math.sqrt(measure.error) * rng.standard_normal()))
        )
        given = np.log(given_total(prior, KNOWN, count, rng).to_numpy()[:, 0])
        low, middle, high = np.quantile(given, (0.1, 0.5, 0.9))
        inside += low <= truth[0] <= high
        missed.append(abs(middle - truth[0]))
        without.append(abs(MEAN[0] - truth[0]))
    assert 0.75 < inside / worlds < 0.85
    assert np.mean(missed) < 0.8 * np.mean(without)


def test_bands_follow_the_exact_update_where_one_share_is_known_in_truth() -> None:
    """Two of five bands trade places in the draws; the count says where between, and the draws go as far as its error lets."""
    rng = np.random.default_rng(4)
    base = np.log([200.0, 1700.0, 1300.0, 760.0, 260.0])
    pattern = np.array([0.0, 1.0, -1.0, 0.0, 0.0]) / math.sqrt(2)
    size = rng.standard_normal(DRAWS)
    size = 0.05 * (size - size.mean()) / size.std()
    plans = np.exp(base + size[:, None] * pattern)
    bands = xr.DataArray(
        plans[:, :, None], dims=("draw", "series", "january"),
        coords={"series": list(BAND_CODES), "january": [ORIGIN + 1]},
    )  # fmt: skip
    counted = np.round(np.exp(base + 0.06 * pattern)).astype(int)
    count = PlansCount(
        day=date(2026, 12, 31), total=int(counted.sum()),
        bands=dict(zip(BAND_CODES, (int(n) for n in counted), strict=True)),
    )  # fmt: skip
    given = given_bands(bands, count, np.zeros(5), np.random.default_rng(5)).isel(january=0)
    part = CountDay.of(count).part
    error = BAND_DEFINITION**2 + (1 - part) * BAND_YEAR**2 + 1 / (counted + 1)
    # One number is unknown: its size. A count of two bands with their errors measures it.
    precision = 1 / 0.05**2 + (pattern**2 / error).sum()
    middle = (pattern * 0.06 * pattern / error).sum() / precision
    logs = np.log(given.transpose("draw", "series").to_numpy())
    apart = (logs[:, 1] - logs[:, 2] - (base[1] - base[2])) / math.sqrt(2)
    assert apart.mean() == pytest.approx(middle, abs=0.002)
    assert apart.std() == pytest.approx(1 / math.sqrt(precision), rel=0.05)
