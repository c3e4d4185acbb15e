"""What is recalled equals what would be made again."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

import numpy as np
import pytest
import xarray as xr

from data.panels.history import History
from models.baselines import BASELINES, FittedRule
from models.memory import Memory, Remembered, fingerprint


@dataclass
class Counting:
    """A model that counts its fits and keeps a number drawn from the generator it was given."""

    name: str = "counting"
    drawn: list[float] = field(default_factory=list)

    def fit(self, history: History, *, rng: np.random.Generator) -> FittedRule:
        self.drawn.append(float(rng.random()))
        return BASELINES[0].fit(history, rng=rng)


def test_a_thing_is_made_once_for_each_key() -> None:
    memory, made = Memory(), []
    for key in ("a", "b", "a"):
        memory.recall(key, lambda key=key: made.append(key))
    assert made == ["a", "b"]


def test_nothing_is_remembered_between_memories() -> None:
    assert Memory().recall("a", lambda: 1) == 1
    assert Memory().recall("a", lambda: 2) == 2


def test_a_remembered_model_is_fitted_once_for_each_history(synthetic: History) -> None:
    model = Counting()
    remembered = Remembered(model, Memory())
    first = remembered.fit(synthetic, rng=np.random.default_rng(1))
    again = remembered.fit(replace(synthetic), rng=np.random.default_rng(2))
    earlier = remembered.fit(synthetic.until(2020), rng=np.random.default_rng(1))
    assert first is again
    assert earlier is not first
    assert len(model.drawn) == 2
    assert remembered.name == "counting"


def test_a_remembered_fit_does_not_depend_on_who_asked_first(synthetic: History) -> None:
    one, other = Counting(), Counting()
    Remembered(one, Memory()).fit(synthetic, rng=np.random.default_rng(1))
    memory = Memory()
    Remembered(other, memory).fit(synthetic.until(2021), rng=np.random.default_rng(5))
    Remembered(other, memory).fit(synthetic, rng=np.random.default_rng(2))
    assert one.drawn == other.drawn[1:]


def test_models_do_not_share_fits(synthetic: History) -> None:
    memory = Memory()
    one, other = Counting("one"), Counting("other")
    for model in (one, other):
        Remembered(model, memory).fit(synthetic, rng=np.random.default_rng(1))
    assert len(one.drawn) == len(other.drawn) == 1


def test_equal_histories_have_equal_fingerprints(synthetic: History) -> None:
    assert fingerprint(synthetic) == fingerprint(replace(synthetic, stock=synthetic.stock.copy(deep=True)))
    assert fingerprint(synthetic) != fingerprint(synthetic.until(2024))


def _changed(values: xr.DataArray) -> xr.DataArray:
    """Return values of which only the last differs."""
    changed = values.copy(deep=True)
    raw = changed.to_numpy().copy()
    last = raw.reshape(-1)
    if raw.dtype.kind == "b":
        last[-1] = not last[-1]
    elif raw.dtype.kind == "f":
        last[-1] = 1.0 if np.isnan(last[-1]) else last[-1] + 1e-9 * max(abs(last[-1]), 1.0)
    else:
        last[-1] = "Elsewhere"[: raw.dtype.itemsize // 4]
    return changed.copy(data=raw)


@pytest.mark.parametrize("name", [f.name for f in fields(History) if f.name not in {"origin", "flows"}])
def test_any_change_to_an_array_changes_the_fingerprint(synthetic: History, name: str) -> None:
    changed = replace(synthetic, **{name: _changed(getattr(synthetic, name))})
    assert fingerprint(changed) != fingerprint(synthetic)


def test_any_change_to_a_flow_changes_the_fingerprint(synthetic: History) -> None:
    seen = {fingerprint(synthetic)}
    for name in synthetic.flows.data_vars:
        changed = synthetic.flows.assign({name: _changed(synthetic.flows[name])})
        seen.add(fingerprint(replace(synthetic, flows=changed)))
    assert len(seen) == len(synthetic.flows.data_vars) + 1


def test_other_areas_have_another_fingerprint(synthetic: History) -> None:
    codes = [a + 1000 for a in synthetic.areas]
    moved = replace(synthetic, stock=synthetic.stock.assign_coords(area=codes))
    assert fingerprint(moved) != fingerprint(synthetic)
