"""Time whole commands, loading included: this checkout against another, run in turn. Compare ratios, not seconds.

``python -m benchmarks.start ../before`` gives, for each command, the median of the ratios of paired runs, of time that passes and
of time the processor works (which a busy machine disturbs less). Both use the libraries of this Python. Without another checkout,
times are set against the yardstick.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.yardstick import Yardstick

HERE = Path(__file__).resolve().parents[1]
PAIRS = 7

ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
"""As on a user's computer, where modules are compiled once."""

COMMANDS: dict[str, tuple[str, ...]] = {
    "sendplan --help": ("--help",),
    "sendplan forecast Redbridge": ("forecast", "Redbridge", "--out", "{out}"),
    "sendplan forecast Redbridge, the longest": ("forecast", "Redbridge", "--years", "15", "--out", "{out}"),
}


@dataclass(frozen=True)
class Cost:
    """Seconds that passed, and seconds that processors worked."""

    wall: float
    cpu: float


def run(checkout: Path, arguments: tuple[str, ...], out: str) -> Cost:
    """Run a command of a checkout in a process of its own."""
    command = [sys.executable, "-m", "forecast.cli", *(a.format(out=out) for a in arguments)]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        command,
        check=True,
        cwd=checkout,
        env=ENVIRONMENT | {"PYTHONPATH": str(checkout)},
        stdout=subprocess.DEVNULL,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(time.perf_counter() - start, cpu)


def main() -> None:
    yardstick = Yardstick.measure()
    other = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory() as out:
        for name, arguments in COMMANDS.items():
            for checkout in filter(None, (HERE, other)):
                run(checkout, arguments, out)  # compiled code and the cache are on disk from then on
            pairs = [
                (run(HERE, arguments, out), None if other is None else run(other, arguments, out))
                for _ in range(PAIRS)
            ]
            yardstick.report(name, median(here.wall for here, _ in pairs))
            compared = [(here, there) for here, there in pairs if there is not None]
            if compared:
                wall = median(here.wall / there.wall for here, there in compared)
                cpu = median(here.cpu / there.cpu for here, there in compared)
                print(f"{'':20s}against {other}: {wall:.2f} of its time, {cpu:.2f} of its work", flush=True)


if __name__ == "__main__":
    main()
