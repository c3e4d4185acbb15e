"""Packing: what comes back equals what went in, and what could not is refused."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import xarray as xr

from data.panels.composition import Composition
from forecast.core.packing import ALIGNED, pack, unpack
from forecast.demand.placement import PlacementModels
from models.inference import Diagnostics


def through(value: object) -> Any:
    return unpack(np.frombuffer(bytearray(pack(value)), dtype=np.uint8))


@dataclass(frozen=True)
class Foreign:
    number: int


CUBE = np.arange(24.0).reshape(2, 3, 4) / 7


@pytest.mark.parametrize(
    "array",
    [
        CUBE,
        CUBE.astype("float32"),
        np.asfortranarray(CUBE),
        CUBE.transpose(1, 2, 0),
        CUBE[:, ::2, 1:3],
        CUBE[::-1],
        np.broadcast_to(CUBE[0], (5, 3, 4)),
        np.array([np.nan, -0.0, np.inf, 5e-324]),
        np.array([True, False]),
        np.array(["Kent", "Redbridge"]),
        np.array(["Kent", ""], dtype=object),
        np.array(3.5),
        np.empty((0, 4)),
        np.array([2**62], dtype="int64"),
    ],
    ids=str,
)
def test_an_array_comes_back_to_the_bit_in_its_order_in_memory(array: np.ndarray[Any, Any]) -> None:
    found = through(array)
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    assert found.tolist() == array.tolist() or found.tobytes() == array.tobytes()
    assert found.tobytes() == array.tobytes() or array.dtype == object
    wide = [axis for axis in range(array.ndim) if array.shape[axis] > 1]
    orders = [sorted(wide, key=lambda axis, a=a: -a.strides[axis]) for a in (array, found)]
    assert orders[0] == orders[1]


def test_arrays_begin_at_aligned_places_and_can_be_written_to() -> None:
    found = through((np.ones(3, dtype="float32"), np.ones(5)))
    starts = [part.__array_interface__["data"][0] for part in found]
    assert (starts[1] - starts[0]) % ALIGNED == 0
    assert all(part.flags.aligned and part.flags.writeable for part in found)


def test_labelled_arrays_and_datasets_come_back_with_their_labels() -> None:
    array = xr.DataArray(
        CUBE,
        coords={
            "area": [201, 202],
            "need": ["ASD", "SEMH", "PMLD"],
            "band": xr.Variable("area", ["low", "high"]),
            "january": 2025,
        },
        dims=("area", "need", "year"),
        name="plans",
        attrs={"unit": "plans", "january": np.int64(2025), "sure": True},
    )
    data = xr.Dataset({"plans": array.drop_attrs(), "rate": ("area", np.array([0.1, 0.2], dtype="float32"))})
    data.attrs["origin"] = np.float32(0.1)
    for held in (array, data):
        found = through(held)
        xr.testing.assert_identical(found, held)
        assert list(found.coords) == list(held.coords)
        assert {n: c.dtype for n, c in found.coords.items()} == {n: c.dtype for n, c in held.coords.items()}
        assert set(found.indexes) == set(held.indexes)
    assert type(through(data).attrs["origin"]) is np.float32
    assert through(array).name == "plans"


def test_plain_values_come_back_with_their_types() -> None:
    values = (1, 1.0, 0.1 + 0.2, True, None, "é", (), ("a", (2,)), float("inf"))
    found = through(values)
    assert found == values
    assert [type(part) for part in found] == [type(part) for part in values]
    assert np.isnan(through(float("nan")))


def test_one_object_comes_back_as_one_object() -> None:
    array = xr.DataArray(CUBE)
    made_of = Composition(2026, 2025, array, array, array, array, array, array, array)
    checks = Diagnostics(1.0, 400.0, 401.5, 0, 2.5, "area")
    placement_models = PlacementModels(made_of, CUBE, checks, made_of)  # type: ignore[arg-type]
    found = through((placement_models, made_of, checks))
    assert found[0].composition is found[0].totals is found[1]
    assert found[0].moves is found[2]
    assert found[2] == checks
    xr.testing.assert_identical(found[1].joiners, array)


@pytest.mark.parametrize(
    "value",
    [
        [1],
        {"a": 1},
        Foreign(1),
        Diagnostics,
        np.array([1, "a"], dtype=object),
        xr.DataArray([1.0], coords={"a": xr.Variable("a", [1], attrs={"unit": "years"})}, dims="a"),
        b"bytes",
        1j,
    ],
    ids=str,
)
def test_what_could_not_come_back_equal_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="packed"):
        pack((1, value))


@pytest.mark.parametrize(
    ("module", "name"), [("subprocess", "Popen"), ("data.areas", "resolve"), ("database", "Area")]
)
def test_a_block_cannot_name_anything_but_dataclasses_of_this_project(module: str, name: str) -> None:
    described = json.dumps({"module": module, "class": name, "fields": {}}).encode()
    block = len(described).to_bytes(8, "little") + described
    with pytest.raises(TypeError, match="is not a"):
        unpack(np.frombuffer(block, dtype=np.uint8))
