"""Which tests run in one process, and in which order, when several processes share a run.

Files of a group share something that is dear to make (a server and a browser, pages that were made, a compiled model), so one
process runs them all; any other file is a group of its own. Groups are handed out in the order given here, longest first, so that
processes end together. The order changes only how long a run takes, never what it says; ``--durations`` measures it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

GROUPS: dict[str, tuple[str, ...]] = {
    "browser": ("tests/browser/",),
    "pages": ("tests/app/",),
    "growth and kinds compiled once": (
        "tests/laws/test_adding_up.py",
        "tests/laws/test_no_look_ahead.py",
        "tests/unit/models/test_provision_totals.py",
        "tests/unit/forecast/validation/test_provision_backtest.py",
        "tests/unit/models/test_band_shares.py",
    ),
    "growth calibration": ("tests/recovery/test_growth_calibration.py",),
    "cohort": ("tests/unit/models/test_cohort.py",),
    "cohort calibration": ("tests/recovery/test_cohort_calibration.py",),
    "growth recovery": ("tests/recovery/test_growth_recovery.py",),
    "registers": ("tests/laws/test_register_laws.py",),
    "supply": ("tests/laws/test_supply_laws.py",),
    "commands": ("tests/unit/forecast/test_cli.py",),
    "scenario grammar": ("tests/laws/test_scenario_grammar_laws.py",),
    "moves compiled once": ("tests/unit/models/test_moves.py", "tests/recovery/test_moves_recovery.py"),
    "cohort recovery": ("tests/recovery/test_cohort_recovery.py",),
    "latent demand": ("tests/recovery/test_latent_demand_recovery.py",),
    "scenario commands": ("tests/unit/forecast/commands/test_scenario.py",),
    "capital papers": ("tests/unit/forecast/reports/",),
    "databases": ("tests/store/",),
}
"""Name of a group to the beginnings of its files' paths, longest group first."""

_PLACE = {name: place for place, name in enumerate(GROUPS)}


def group_of(nodeid: str) -> str:
    """Return the group of a test: the name of one in `GROUPS`, else its file."""
    file = nodeid.split("::", 1)[0]
    return next((name for name, paths in GROUPS.items() if file.startswith(paths)), file)


def in_order(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Return tests with those of `GROUPS` first; otherwise in the order they were found."""
    return sorted(items, key=lambda item: _PLACE.get(group_of(item.nodeid), len(_PLACE)))


def scheduler(config: pytest.Config, log: Any) -> Any:
    """Return a scheduler of pytest-xdist that gives whole groups to processes, in the order of the tests."""
    from xdist.scheduler import LoadScopeScheduling

    class ByGroup(LoadScopeScheduling):
        """Hands out groups."""

        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    config.option.loadscopereorder = False
    return ByGroup(config, log)
