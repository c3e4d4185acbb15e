"""Updates that kill themselves at a stage, each in a child process of its own: ``killed_updates.py RELEASE FOLDER``.

Prints each stage with the signal that ended its child. Not a test itself: `test_update` looks at what is left.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from data.ingest.release_file import open_release
from data.ingest.release_sources import read_sources
from forecast.updating import update as update_module
from forecast.updating.update import Installation, Request, UpdateStage, update
from tests.installations import copied, lay_over_once, steps


def killed_at(stage: UpdateStage, release: Path, folder: Path) -> None:
    def reached(now: UpdateStage) -> None:
        if now is stage:
            os.kill(os.getpid(), signal.SIGKILL)

    update(Request(read_sources().readable(), release), steps(on_stage=reached), copied(folder / stage.name))


def overlaid(release: Path) -> None:
    """Lay the release over the tables once, for all children."""
    opened = open_release(release, "EHC plans")
    lay_over_once(opened.release, opened.january, Installation().table)
    update_module.lay_over = lay_over_once
    # What the checks say is not what is tested here.
    update_module._wrong = lambda data: []


if __name__ == "__main__":
    overlaid(Path(sys.argv[1]))
    for one in UpdateStage:
        child = os.fork()
        if not child:
            killed_at(one, Path(sys.argv[1]), Path(sys.argv[2]))
            os._exit(1)
        _, status = os.waitpid(child, 0)
        print(one.name, os.WTERMSIG(status), flush=True)
