"""`Memory`: a cache of fits and compiled models that several steps of one job share.

Invariant: what is recalled equals what would be made again, because the key names everything it depends on. A memory
belongs to one job (a back-test, a fit) and is handed to those who share it; nothing is remembered between jobs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import xarray as xr

from data.panels.history import History
from models.base import FittedModel, Model
from models.inference import Diagnostics, Sampling, compile_model

Made = TypeVar("Made")

Data = dict[str, npt.NDArray[Any]]
"""Values of a model's data containers, by name."""

FIT_SEED = 20250131
"""Seed of remembered fits; with the origin it decides their randomness, so a fit does not depend on who asked first."""


@dataclass(frozen=True)
class Memory:
    """A cache of results, each made once, by key.

    Parameters
    ----------
    compiled
        Compiled models, by key. They hold no data, so jobs may share them.
    """

    compiled: dict[Hashable, Any] = field(default_factory=dict, repr=False, compare=False)
    _kept: dict[Hashable, Any] = field(default_factory=dict, repr=False, compare=False)

    def compile(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return the compiled result of a key, compiling it if needed."""
        if key not in self.compiled:
            self.compiled[key] = make()
        made: Made = self.compiled[key]
        return made

    def recall(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return the result of a key, making it if needed."""
        if key not in self._kept:
            self._kept[key] = make()
        made: Made = self._kept[key]
        return made

    def sampled(
        self,
        name: str,
        history: History,
        sampling: Sampling,
        rng: np.random.Generator,
        *,
        observe: Callable[[History], Data],
        build: Callable[[Data], Any],
        finish: Callable[[History, xr.Dataset, Diagnostics], Made],
    ) -> Made:
        """Return the fit of a sampled model to a history: compiled once, and sampled once for each history.

        Parameters
        ----------
        name
            Of the model.
        history
            What it sees.
        sampling
            How long to sample.
        rng
            Source of the sampler's seed, at the first fit.
        observe
            Measures a history: values of the model's data containers, by name.
        build
            Makes the PyMC model for data of that shape.
        finish
            Makes the fitted model of a history, a posterior and its diagnostics.
        """

        def fit() -> Made:
            data = observe(history)
            compiled = self.compile(name, lambda: compile_model(build(data)))
            return finish(history, *compiled.sample(data, rng, sampling))

        return self.recall((name, sampling, fingerprint(history)), fit)

    def with_compiled(self) -> Memory:
        """Return a memory without fits that shares what was compiled."""
        return Memory(compiled=self.compiled)


@dataclass(frozen=True)
class Remembered:
    """A model whose fits are cached in a memory."""

    model: Model
    memory: Memory

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.model.name

    def fit(self, history: History, *, rng: np.random.Generator) -> FittedModel:
        """Return the fit to this history, made once; its randomness is keyed by the origin, not by ``rng``."""
        seed = np.random.default_rng([FIT_SEED, history.origin])
        return self.memory.recall(
            (self.model.name, fingerprint(history)), lambda: self.model.fit(history, rng=seed)
        )


def fingerprint(history: History) -> str:
    """Return a hash of all data in a history that a model can use."""
    digest = hashlib.sha256(str(history.origin).encode())
    for part in fields(history):
        value = getattr(history, part.name)
        arrays = value.data_vars.values() if isinstance(value, xr.Dataset) else [value]
        for array in arrays:
            if isinstance(array, xr.DataArray):
                for values in (array, *array.coords.values()):
                    digest.update(f"{values.name} {values.dims} {values.shape}".encode())
                    digest.update(_bytes(values.to_numpy()))
    return digest.hexdigest()


def _bytes(values: npt.NDArray[Any]) -> bytes:
    """Return the content of an array as bytes, independent of its memory layout."""
    if values.dtype.kind in "OTU":
        return " ".join(map(str, values.ravel())).encode()
    return np.ascontiguousarray(values).tobytes()
