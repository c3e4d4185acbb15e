"""Simulate areas with known growth and noise, forecast, and see that intervals hold what they promise."""

from __future__ import annotations

import numpy as np

from models import placement
from models.baselines import BASELINES
from tests.histories import history

REGIONAL = BASELINES[3]


def test_regional_growth_covers_a_random_walk_and_finds_its_drift() -> None:
    held, centre = [], []
    for seed in range(8):
        whole = history(areas=60, growth=0.08, noise=0.05, seed=seed)
        told = (
            REGIONAL.fit(whole.until(2022), rng=np.random.default_rng(0))
            .forecast([2023])
            .quantiles([0.1, 0.5, 0.9])
        )
        actual = whole.actual(2023).sel(series="All")
        low, mid, high = (told.sel(series="All", january=2023, quantile=q) for q in (0.1, 0.5, 0.9))
        held.append(float(((low <= actual) & (actual <= high)).mean()))
        centre.append(float(np.log(mid / whole.actual(2022).sel(series="All")).mean()))
    assert 0.74 <= np.mean(held) <= 0.86
    assert abs(np.mean(centre) - 0.08) < 0.01


def test_fitting_recovers_a_placement_table_without_three_way_pattern() -> None:
    rng = np.random.default_rng(5)
    a, n, p = 24, 13, 15
    age_need = rng.gamma(1.0, 1.0, (a, n, 1))
    age_place = rng.gamma(0.5, 1.0, (a, 1, p))
    need_place = rng.gamma(0.5, 1.0, (1, n, p))
    truth = age_need * age_place * need_place
    truth *= 5000 / truth.sum()
    fitted = placement.fit_three_way(np.ones_like(truth), truth.sum(2), truth.sum(1), truth.sum(0))
    assert np.abs(fitted - truth).sum() / truth.sum() < 0.01
