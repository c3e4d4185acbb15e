"""Settings of a process that forecasts or fits: one thread for small matrices, parallel parts of draws, no solver output."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache

PART = 100
"""Draws worked on at a time."""


def set_up_process() -> None:
    """Set up this process; called first by the command line and by the processes it starts."""
    end_with_parent()
    # Sampling runs compiled code of its own and needs no BLAS from PyTensor.
    warnings.filterwarnings("ignore", message="PyTensor could not link to a BLAS")
    # Matrices here are small: threads for each cost more than they bring, and on a busy machine ten times as much.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # for a library that is loaded later
    if "numpy" in sys.modules:
        from threadpoolctl import threadpool_limits

        threadpool_limits(limits=1, user_api="blas")


@cache
def end_with_parent() -> None:
    """Let this process end when the one that started it does, so a killed command leaves no worker; later calls do nothing."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, name="end with parent", daemon=True).start()


def run_in_parts(count: int, job: Callable[[slice], None], size: int = PART) -> None:
    """Run a function on each part of the draws, in parallel threads; numpy and compiled code release the interpreter lock.

    A part's arrays stay in the processor's cache, and parts are the same on every machine, so results do not depend on
    how many of them run at once. The first error is raised once all have ended.
    """
    parts = [slice(first, min(first + size, count)) for first in range(0, count, size)]
    with ThreadPoolExecutor(max_workers=min(len(parts), os.cpu_count() or 1)) as pool:
        for _ in pool.map(job, parts):
            pass


@contextmanager
def silence_solver() -> Iterator[None]:
    """Suppress what the solver's compiled code prints, so that it does not enter the results."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
