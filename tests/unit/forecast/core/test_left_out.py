"""A library that a plain installation leaves out is named, with how to install it, and no traceback."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from forecast.core import left_out

ROOT = Path(__file__).resolve().parents[4]
LINE = "import sys; sys.modules.update(dict.fromkeys({0})); sys.argv = ['sendplan', *{1}]; from forecast.cli import main; main()"


def test_the_libraries_are_those_of_the_extra_and_one_that_comes_with_them() -> None:
    about = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extra = {Requirement(line).name for line in about["optional-dependencies"]["rebuild"]}
    assert set(left_out.LEFT_OUT) == extra | {"pytensor"}


@pytest.mark.parametrize(
    "error",
    [
        ModuleNotFoundError("No module named 'pymc'", name="pymc"),
        # A worker's error comes back without its name; geopandas says it in words.
        ModuleNotFoundError("No module named 'pymc'"),
        ImportError("The 'read_file' function requires the 'pyogrio' or 'fiona' package"),
    ],
)
def test_a_library_left_out_is_named_with_the_way_to_it(error: ImportError) -> None:
    message = left_out.message_for(error)
    assert message is not None
    assert "make tools" in message
    assert "pymc" in message or "pyogrio" in message


def test_another_missing_module_is_no_matter_of_what_was_left_out() -> None:
    assert left_out.message_for(ModuleNotFoundError("No module named 'numpy'", name="numpy")) is None
    assert left_out.message_for(ModuleNotFoundError("No module named 'pymcx'", name="pymcx")) is None


def test_the_command_line_says_it_and_ends_with_two(tmp_path: Path) -> None:
    arguments = ["forecast", "Redbridge", "--model", "arima", "--out", str(tmp_path / "out")]
    done = subprocess.run(
        [sys.executable, "-c", LINE.format(["statsmodels"], arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "needs the library statsmodels" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
