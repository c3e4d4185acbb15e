"""What every test may share, made once in a process: raw releases, prepared inputs, forecasts, compiled models.

What is shared cannot be changed: arrays of inputs and forecasts are read-only, and a compiled model holds no data.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from threadpoolctl import threadpool_limits

from tests.groups import longest_first, scheduler

# Fixtures import what they make, so that a run of a few tests does not load the whole product.
if TYPE_CHECKING:
    from data.panels.history import History
    from forecast.runs.baseline import Baseline, ForecastInputs
    from models.inference import Compiled
    from models.memory import Memory
    from models.provision_totals import ProvisionTotals

RELEASES = Path(__file__).resolve().parents[2] / "shared" / "data"

# As in the command line: threads for small matrices starve when several test processes share the machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
threadpool_limits(limits=1, user_api="blas")


# An example may take as long as it takes: a limit of time fails where other work shares the machine.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Hand out tests by what they share, where pytest-xdist is there."""
    return scheduler(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where several processes share a run, begin with long groups of tests, so that none is left with one at the end."""
    if hasattr(config, "workerinput"):
        items[:] = longest_first(items)


def pytest_collection_finish() -> None:
    """Leave what was imported out of the search for rubbish: compiling a model makes much, and would search it all each time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(scope="session")
def releases() -> Path:
    """Return the folder of raw official releases; skip where it is absent."""
    if not (RELEASES / "SOURCES.csv").is_file():
        pytest.skip(
            "the raw official releases are not beside the project; only their built tables are shipped"
        )
    return RELEASES


@pytest.fixture(scope="session")
def inputs() -> ForecastInputs:
    """Return the inputs that forecasts of all authorities share."""
    from forecast.runs.baseline import shared_inputs

    return shared_inputs()


@pytest.fixture(scope="session")
def baseline_of(inputs: ForecastInputs) -> Callable[..., Baseline]:
    """Return a function of an authority's code, years and draws that gives its forecast, made once."""
    from data import areas
    from forecast.core import defaults
    from forecast.core.sealing import seal

    @cache
    def baseline(la_code: int, years: int = defaults.YEARS, draws: int = defaults.DRAWS) -> Baseline:
        made = inputs.baseline(areas.by_code(la_code), years=years, draws=draws)
        seal(made)
        return made

    return baseline


@pytest.fixture(scope="session")
def compiled() -> Memory:
    """Return a memory of compiled models: compiling takes most of the time, and they hold no data."""
    from models.memory import Memory

    return Memory()


@pytest.fixture(scope="session")
def brief_provision(compiled: Memory) -> ProvisionTotals:
    """Return the model of kinds of provision, sampled too briefly to trust."""
    from models.inference import Sampling
    from models.provision_totals import ProvisionTotals

    brief = Sampling(draws=150, tune=250, chains=1, target_accept=0.8)
    return ProvisionTotals(brief, memory=compiled.with_compiled())


@pytest.fixture(scope="session")
def compiled_moves() -> Compiled:
    """Return the compiled model of moves; all it knows of an England is in its data."""
    from models import moves
    from models.inference import compile_model
    from tests.moves_worlds import world

    return compile_model(moves.build(moves.StageFlows.of(world(areas=20, seed=1).flows)))


@pytest.fixture(scope="session")
def synthetic() -> History:
    """Return a history of 40 made-up areas with known growth."""
    from tests.histories import history

    return history()
