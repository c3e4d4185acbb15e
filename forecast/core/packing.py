"""Frozen dataclasses of arrays as one block of bytes, and back.

Invariant: what is unpacked equals what was packed to the last bit, with the same types of numbers, names and coordinates and the
same order in memory (an array with gaps between its numbers comes back without them), and one object wherever one object was.
Nothing in a block is run: it names dataclasses of this project, and they are made from their fields. What could not come back
equal is refused when it is packed.

A block is the length of its description (8 bytes), the description (JSON), and the arrays, each beginning at a multiple of 64.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from forecast.core.sources import PACKAGES

ALIGNED = 64
"""Arrays begin at multiples of this, as fast instructions like them."""

PLAIN: tuple[type, ...] = (type(None), bool, int, float, str)
"""Types that the description holds as they are."""

Bytes = npt.NDArray[np.uint8]


def pack(value: object) -> bytes:
    """Return a value as bytes: plain values, tuples, arrays and dataclasses of this project, and what is made of them.

    Raises
    ------
    TypeError
        Part of it is something else, or would not come back equal.
    """
    packer = _Packer()
    described = json.dumps(packer.describe(value)).encode()
    head = len(described).to_bytes(8, "little") + described
    return b"".join([head, bytes(-len(head) % ALIGNED), *packer.blocks])


def unpack(block: Bytes) -> Any:
    """Return the value that `pack` was given; its arrays share the memory of the block, and are read-only if the block is.

    Parameters
    ----------
    block
        The bytes.
    """
    size = int.from_bytes(block[:8].tobytes(), "little")
    described = json.loads(block[8 : 8 + size].tobytes())
    start = 8 + size
    return _Unpacker(block[start + -start % ALIGNED :]).make(described)


class _Packer:
    """Describes values, and lays their arrays one after the other."""

    def __init__(self) -> None:
        self.blocks: list[bytes] = []
        self._end = 0
        self._seen: dict[int, tuple[int, object]] = {}

    def describe(self, value: Any) -> Any:
        if type(value) in PLAIN:
            return value
        if type(value) is tuple:
            return {"tuple": [self.describe(part) for part in value]}
        if isinstance(value, (np.bool_, np.number)):
            return {"number": value.item(), "type": value.dtype.str}
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, xr.DataArray):
            parts = {"name": value.name, "dims": value.dims, "values": self._array(value.to_numpy())}
            return {"labelled": parts | self._labels(value)}
        if isinstance(value, xr.Dataset):
            return {"dataset": {"values": self._variables(value.data_vars)} | self._labels(value)}
        if is_dataclass(value) and not isinstance(value, type):
            return self._dataclass(value)
        raise TypeError(f"{type(value).__qualname__} cannot be packed: it may not come back equal.")

    def _dataclass(self, value: Any) -> dict[str, Any]:
        kind = type(value)
        if id(value) in self._seen:
            return {"again": self._seen[id(value)][0]}
        if kind.__module__.split(".")[0] not in PACKAGES:
            raise TypeError(
                f"{kind.__qualname__} is not a dataclass of this project, so it cannot be packed."
            )
        parts = {part.name: self.describe(getattr(value, part.name)) for part in fields(value)}
        # Kept, so that no other object can have its identity meanwhile.
        self._seen[id(value)] = len(self._seen), value
        return {"module": kind.__module__, "class": kind.__qualname__, "fields": parts}

    def _labels(self, value: xr.DataArray | xr.Dataset) -> dict[str, Any]:
        attributes = {name: self.describe(attribute) for name, attribute in value.attrs.items()}
        return {"coords": self._variables(value.coords), "attributes": attributes}

    def _variables(self, variables: Any) -> list[list[Any]]:
        if any(variable.attrs for variable in variables.values()):
            raise TypeError("Attributes of a coordinate or of a part of a dataset cannot be packed.")
        return [
            [name, variable.dims, self._array(variable.to_numpy())] for name, variable in variables.items()
        ]

    def _array(self, array: npt.NDArray[Any]) -> dict[str, Any]:
        if array.dtype == object:
            texts = array.ravel().tolist()
            if not all(type(text) is str for text in texts):
                raise TypeError("An array of objects that are not all text cannot be packed.")
            return {"texts": texts, "shape": array.shape}
        axes = sorted(range(array.ndim), key=lambda axis: -array.strides[axis])
        block = np.ascontiguousarray(array.transpose(axes)).tobytes()
        start = self._end
        self.blocks += [block, bytes(-len(block) % ALIGNED)]
        self._end += len(block) + len(self.blocks[-1])
        return {"at": start, "type": array.dtype.str, "shape": array.shape, "axes": axes}


class _Unpacker:
    """Makes values from their description and the block of arrays."""

    def __init__(self, block: Bytes) -> None:
        self._block = block
        self._made: list[object] = []

    def make(self, described: Any) -> Any:
        if not isinstance(described, dict):
            return described
        if "tuple" in described:
            return tuple(self.make(part) for part in described["tuple"])
        if "again" in described:
            return self._made[described["again"]]
        if "number" in described:
            return np.dtype(described["type"]).type(described["number"])
        if "labelled" in described:
            parts = described["labelled"]
            coords, attributes = self._labels(parts)
            return xr.DataArray(
                self._array(parts["values"]), coords, parts["dims"], parts["name"], attributes
            )
        if "dataset" in described:
            parts = described["dataset"]
            return xr.Dataset(dict(self._variables(parts["values"])), *self._labels(parts))
        if "class" in described:
            return self._dataclass(described)
        return self._array(described)

    def _dataclass(self, described: dict[str, Any]) -> object:
        if described["module"].split(".")[0] not in PACKAGES:
            raise TypeError(f"{described['module']} is not a module of this project.")
        kind: Callable[..., object] = getattr(import_module(described["module"]), described["class"])
        if not is_dataclass(kind):
            raise TypeError(f"{described['class']} is not a dataclass.")
        self._made.append(kind(**{name: self.make(part) for name, part in described["fields"].items()}))
        return self._made[-1]

    def _labels(self, described: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        attributes = {name: self.make(attribute) for name, attribute in described["attributes"].items()}
        return dict(self._variables(described["coords"])), attributes

    def _variables(
        self, described: list[list[Any]]
    ) -> Iterator[tuple[str, tuple[list[str], npt.NDArray[Any]]]]:
        for name, dims, array in described:
            yield name, (dims, self._array(array))

    def _array(self, described: dict[str, Any]) -> npt.NDArray[Any]:
        shape = tuple(described["shape"])
        if "texts" in described:
            return np.array(described["texts"], dtype=object).reshape(shape)
        axes, kind = described["axes"], np.dtype(described["type"])
        stored = [shape[axis] for axis in axes]
        size = int(np.prod(stored)) * kind.itemsize
        flat: npt.NDArray[Any] = self._block[described["at"] : described["at"] + size].view(kind)
        return flat.reshape(stored).transpose(np.argsort(axes))
