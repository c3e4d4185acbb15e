"""What the commands share: help that comes at once, and usual values that are those of the jobs."""

from __future__ import annotations

import subprocess
import sys

from forecast.commands import options
from forecast.runs import baseline


def test_help_comes_at_once_because_jobs_are_imported_when_asked_for() -> None:
    heavy = ("pymc", "pytensor", "scipy", "statsmodels", "streamlit", "xarray")
    asked = f"import sys, forecast.cli; print([name for name in {heavy} if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_the_usual_seed_is_that_of_the_app() -> None:
    assert options.USUAL_SEED == baseline.DEFAULT_SEED
