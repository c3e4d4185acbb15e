"""What a command loads before it answers: a process of its own, asked which heavy libraries are in it at the end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from forecast.core import disk_cache

ROOT = Path(__file__).resolve().parents[3]

NOT_FOR_A_FORECAST: frozenset[str] = frozenset(
    {
        "pymc", "pytensor", "nutpie", "arviz", "statsmodels", "sqlalchemy", "alembic", "pandera", "hypothesis", "geopandas",
        "streamlit", "altair", "matplotlib", "docx", "openpyxl", "scoringrules",
    }
)  # fmt: skip
"""Libraries for fitting, stores, checks of tables, maps, pages and papers."""

ONLY_TO_PREPARE: frozenset[str] = frozenset({"h5netcdf", "scipy.stats", "scipy.optimize"})
"""Libraries for reading a stored fit and for estimating from returns."""

NOT_FOR_HELP: frozenset[str] = NOT_FOR_A_FORECAST | {
    "numpy", "pandas", "xarray", "scipy", "numba", "pyarrow", "rapidfuzz", "yaml",
}  # fmt: skip

PROGRAM = """
import json, sys
from forecast.cli import main
try:
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
parts = {"scipy.stats", "scipy.optimize"} & set(sys.modules)
print(json.dumps(sorted(parts | {name.split(".")[0] for name in sys.modules})))
"""


def loaded(*arguments: str) -> set[str]:
    """Run a command in a process of its own, and return the libraries in it afterwards."""
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return set(json.loads(told.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "arguments", [("--help",), ("forecast", "--help"), ("scenario", "--help")], ids=" ".join
)
def test_help_loads_no_library_for_numbers(arguments: tuple[str, ...]) -> None:
    found = loaded(*arguments)
    assert "typer" in found
    assert not found & NOT_FOR_HELP


def test_a_forecast_loads_nothing_for_fitting_checking_or_showing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(disk_cache.VARIABLE, str(tmp_path / "cache"))
    arguments = ("forecast", "Redbridge", "--years", "1", "--draws", "100", "--out", str(tmp_path / "out"))
    found = loaded(*arguments)
    assert {"numpy", "pandas", "xarray"} <= found
    assert not found & NOT_FOR_A_FORECAST
    # Once inputs are cached, stored fits are not even opened, and nothing is estimated from returns.
    assert found >= ONLY_TO_PREPARE
    assert not loaded(*arguments) & ONLY_TO_PREPARE
