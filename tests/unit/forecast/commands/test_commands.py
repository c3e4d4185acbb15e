"""What the commands share: help that comes at once."""

from __future__ import annotations

import subprocess
import sys


def test_help_comes_at_once_because_jobs_are_imported_when_asked_for() -> None:
    heavy = ("pymc", "pytensor", "scipy", "statsmodels", "streamlit", "xarray")
    asked = f"import sys, forecast.cli; print([name for name in {heavy} if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
