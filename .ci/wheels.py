"""Ask the registry whether every locked package has a wheel for each system and Python that is supported: ``make wheels``.

Nothing is installed. The answer counts files by their names and the hashes in the locks.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

LOCKS = ("constraints.txt", "constraints-dev.txt")
PYTHONS = ("3.11", "3.12", "3.13")
SYSTEMS = {
    "Linux, x86-64": "x86_64-unknown-linux-gnu",
    "Linux, ARM": "aarch64-unknown-linux-gnu",
    "Windows, x86-64": "x86_64-pc-windows-msvc",
    "macOS 14, Apple silicon": "aarch64-apple-darwin",
}


def main() -> int:
    """Print one line for each lock, system and Python; return 1 if one has no wheel for something."""
    uv = str(Path(sys.executable).with_name("uv"))
    failed = False
    for lock in LOCKS:
        for system, platform in SYSTEMS.items():
            for python in PYTHONS:
                command = [
                    uv,
                    "pip",
                    "install",
                    "--dry-run",
                    "--require-hashes",
                    "--no-deps",
                    "--target",
                    "out/none",
                ]
                command += ["--python-version", python, "--python-platform", platform, "--requirement", lock]
                done = subprocess.run(
                    command,
                    capture_output=True,
                    text=True,
                    check=False,
                    env=os.environ | {"MACOSX_DEPLOYMENT_TARGET": "14.0"},
                )
                said = [line.strip() for line in done.stderr.splitlines()]
                failed |= done.returncode != 0
                result = next((line for line in said if line.startswith("Would install")), " ".join(said))
                print(f"{lock:20} {system:24} Python {python}: {result}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
