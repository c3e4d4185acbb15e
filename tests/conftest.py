"""What every test may share: where the raw releases are, and quiet, deterministic runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from threadpoolctl import threadpool_limits

from data.history import History
from models.inference import Sampling
from models.provision_totals import ProvisionTotals
from tests.histories import history as made_up

RELEASES = Path(__file__).resolve().parents[2] / "shared" / "data"


# As in the command line: threads for small matrices starve when several test processes share the machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
threadpool_limits(limits=1, user_api="blas")


@pytest.fixture(scope="session")
def releases() -> Path:
    """Return the folder of raw official releases; skip where it is absent."""
    if not (RELEASES / "SOURCES.csv").is_file():
        pytest.skip(
            "the raw official releases are not beside the project; only their built tables are shipped"
        )
    return RELEASES


@pytest.fixture(scope="session")
def brief_provision() -> ProvisionTotals:
    """Return the model of kinds of provision, sampled too briefly to trust and compiled once for every test of a process."""
    return ProvisionTotals(Sampling(draws=150, tune=250, chains=1, target_accept=0.8))


@pytest.fixture(scope="session")
def synthetic() -> History:
    """Return a history of 40 made-up areas with known growth."""
    return made_up()
