"""Time fitting every authority: with nothing compiled before, and again with what the first fit compiled on disk.

Each fit is a run of ``sendplan fit`` of its own, so everything counts: loading, compiling, sampling, stacking and writing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.yardstick import Yardstick


def main() -> None:
    yardstick = Yardstick.measure()
    with tempfile.TemporaryDirectory() as folder:
        # PyTensor keeps compiled functions here, so an empty folder is a machine that never fitted anything.
        flags = f"base_compiledir={Path(folder) / 'compiled'}"
        command = [
            sys.executable,
            "-m",
            "forecast.cli",
            "fit",
            "--all",
            "--out",
            str(Path(folder) / "fitted"),
        ]
        for name in ("nothing compiled before", "again, compiled functions on disk"):
            start = time.perf_counter()
            subprocess.run(command, check=True, env=os.environ | {"PYTENSOR_FLAGS": flags})
            yardstick.report(f"fit every authority: {name}", time.perf_counter() - start)


if __name__ == "__main__":
    main()
