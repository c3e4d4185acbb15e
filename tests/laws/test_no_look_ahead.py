"""No model may know what came after its origin: corrupt the future, forecasts must not move by a bit."""

from __future__ import annotations

import numpy as np
import pytest

from data.history import History
from forecast.run import models
from models.base import Model
from tests.histories import corrupted_after

ORIGIN = 2021
TARGETS = [2022, 2024, 2026]


def _forecast(model: Model, history: History) -> np.ndarray:
    fitted = model.fit(history.until(ORIGIN), rng=np.random.default_rng(3))
    forecast = fitted.forecast(TARGETS)
    quantiles = forecast.quantiles([0.1, 0.5, 0.9]).to_numpy()
    draws = forecast.draws(100, np.random.default_rng(4)).to_numpy()
    return np.concatenate([quantiles.ravel(), draws.ravel()])


@pytest.mark.parametrize("model", models().values(), ids=lambda m: m.name)
def test_forecasts_are_identical_when_the_future_is_corrupted(model: Model, synthetic: History) -> None:
    clean = _forecast(model, synthetic)
    assert np.isfinite(clean).all()
    np.testing.assert_array_equal(clean, _forecast(model, corrupted_after(synthetic, ORIGIN)))


@pytest.mark.parametrize(
    "model", [m for m in models().values() if m.name != "last_value"], ids=lambda m: m.name
)
def test_the_leak_test_can_fail(model: Model, synthetic: History) -> None:
    """Corrupting from the origin itself does move forecasts, so the test above has teeth."""
    moved = _forecast(model, corrupted_after(synthetic, ORIGIN - 1))
    assert not np.array_equal(_forecast(model, synthetic), moved)


def test_history_holds_nothing_after_its_origin(synthetic: History) -> None:
    past = synthetic.until(ORIGIN)
    assert int(past.stock["january"].max()) == ORIGIN
    assert int(past.spliced["january"].max()) == ORIGIN
    # Flows of calendar year 2020 are published with the January 2021 stock; those of 2021 are not out yet.
    assert int(past.flows["year"].max()) == ORIGIN - 1


def test_an_origin_after_the_data_is_refused(synthetic: History) -> None:
    with pytest.raises(ValueError, match="runs from January 2010 to January 2025"):
        synthetic.until(2026)
