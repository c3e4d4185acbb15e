"""Forecasts that pages share: made once, and nobody can change them."""

from __future__ import annotations

import numpy as np
import pytest

from data import areas
from data.registers import starting_register
from data.registers.kept_registers import fingerprint
from data.registers.register import Register
from forecast.core.outcome import Outcome
from forecast.core.sealing import seal
from forecast.runs.baseline import ForecastInputs
from forecast.runs.scenario_run import rerun
from forecast.ui.components import results
from forecast.ui.components.results import key_of
from forecast.ui.frame import choices
from scenarios import reading


def test_shared_draws_cannot_be_written_to_and_scenarios_still_run(inputs: ForecastInputs) -> None:
    base = inputs.baseline(areas.by_code(317), draws=100)
    before = base.outcome.plans.future.to_numpy().copy()
    seal(base)
    with pytest.raises(ValueError, match="read-only"):
        base.outcome.plans.future.to_numpy()[0] = 0.0
    with pytest.raises(ValueError, match="read-only"):
        base.outcome.plans.flows["joiners"].to_numpy()[0] = 0.0
    changed = rerun(base, reading.find("reform-2030"))
    assert isinstance(changed, Outcome)
    assert not np.array_equal(changed.plans.future.to_numpy(), before)
    np.testing.assert_array_equal(base.outcome.plans.future.to_numpy(), before)


def test_another_register_is_another_forecast_and_the_same_rows_are_not() -> None:
    asked, _ = choices.read({})
    shipped = starting_register.shipped(317)
    again = Register(317, shipped.rows.copy(), "another name")
    fewer = Register(317, shipped.rows.iloc[:-1], "fewer")
    assert key_of(asked, fingerprint(again)) == key_of(asked, fingerprint(shipped))
    assert key_of(asked, fingerprint(fewer)) != key_of(asked, fingerprint(shipped))


def test_what_is_kept_in_memory_is_bounded() -> None:
    assert results.MOST_BASELINES <= 8
    assert results._baseline._info.max_entries == results.MOST_BASELINES
    assert results._view._info.max_entries == results.MOST_VIEWS
