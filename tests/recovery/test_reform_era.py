"""The national path before the growth of the EHC-plan era: the model must allow for a bend it has not seen."""

from __future__ import annotations

import numpy as np
import pytest

from data.panels import history_tables
from data.panels.history import History
from data.vocabulary import ALL
from models.growth import BayesGrowth
from models.inference import REHEARSAL
from models.memory import Memory

ORIGINS = (2014, 2015, 2016)
YEARS = 5


@pytest.fixture(scope="module")
def series() -> History:
    return history_tables.load("series")


@pytest.mark.slow
def test_the_reform_is_not_missed_from_every_origin(series: History) -> None:
    """Growth rules were a quarter to a third too low five years on from January 2014 and 2015."""
    model = BayesGrowth(sampling=REHEARSAL, memory=Memory())
    held, told = [], []
    for origin in ORIGINS:
        fitted = model.fit(series.until(origin), rng=np.random.default_rng(origin))
        draws = fitted.forecast([origin + YEARS]).draws(1000, np.random.default_rng(1)).sel(series=ALL)
        actual = series.actual(origin + YEARS).sel(series=ALL)
        ratio = (draws.where(actual.notnull()).sum("area") / actual.sum("area")).isel(january=0)
        low, middle, high = ratio.quantile([0.025, 0.5, 0.975], "draw").to_numpy()
        held.append(low <= 1 <= high)
        told.append(f"January {origin}: {low:.2f} to {high:.2f}, median {middle:.2f} of the plans there were")
    print("\n".join(told))
    assert any(held), told
