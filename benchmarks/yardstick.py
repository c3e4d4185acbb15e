"""A fixed piece of work, so that times on different machines and days can be compared as ratios within one run.

The yardstick is sorting four million random numbers.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

REPEATS = 3


def shortest(work: Callable[[], object]) -> float:
    """Return the shortest of a few timings, seconds."""
    return min(_once(work) for _ in range(REPEATS))


def _once(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@dataclass(frozen=True)
class Yardstick:
    """Seconds the fixed piece of work takes here and now."""

    seconds: float

    @classmethod
    def measure(cls) -> Yardstick:
        """Sort the numbers, and say how long it took."""
        numbers = np.random.default_rng(0).random(4_000_000)
        found = cls(shortest(lambda: np.sort(numbers)))
        print(f"{'yardstick: sort 4 million numbers':55s} {found.seconds:8.2f} s")
        return found

    def report(self, name: str, seconds: float) -> None:
        """Print a time in seconds and as a ratio."""
        print(f"{name:55s} {seconds:8.2f} s {seconds / self.seconds:8.1f} x", flush=True)
