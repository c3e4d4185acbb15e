"""Which tests run in one process, and in which order, when several processes share a run.

Files of a group share something that is dear to make (a server and a browser, pages that were made, a compiled model), so one
process runs them all; any other file is a group of its own. Groups are handed out longest first, so that processes end together.
Times change only how long a run takes, never what it says: see ``docs/testing.md`` for how to measure.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

TOGETHER: dict[str, tuple[str, ...]] = {
    "browser": ("tests/browser/",),
    "pages": ("tests/app/",),
    "databases": ("tests/store/",),
    "growth, shares and kinds": (
        "tests/laws/test_adding_up.py",
        "tests/laws/test_no_look_ahead.py",
        "tests/unit/models/test_provision_totals.py",
        "tests/unit/forecast/validation/test_provision_backtest.py",
        "tests/unit/models/test_band_shares.py",
    ),
    "moves": ("tests/unit/models/test_moves.py", "tests/recovery/test_moves_recovery.py"),
}
"""Name of a group to the beginnings of its files' paths."""

SECONDS: dict[str, int] = {
    "tests/browser/": 350,
    "tests/app/": 240,
    "tests/store/": 60,
    "tests/laws/test_adding_up.py": 45,
    "tests/unit/models/test_cohort.py": 55,
    "tests/laws/test_no_look_ahead.py": 40,
    "tests/recovery/test_growth_calibration.py": 40,
    "tests/recovery/test_cohort_calibration.py": 40,
    "tests/recovery/test_growth_recovery.py": 35,
    "tests/unit/notebooks/": 30,
    "tests/laws/test_scenario_grammar_laws.py": 25,
    "tests/unit/forecast/test_odd_machines.py": 10,
    "tests/laws/test_register_laws.py": 25,
    "tests/recovery/test_need_law_recovery.py": 40,
    "tests/recovery/test_cohort_recovery.py": 20,
    "tests/recovery/test_latent_demand_recovery.py": 20,
    "tests/laws/test_supply_laws.py": 20,
    "tests/unit/data/council_files/test_council_tables.py": 6,
    "tests/unit/data/council_files/test_messy_files.py": 5,
    "tests/unit/forecast/test_cli.py": 20,
    "tests/unit/forecast/commands/test_scenario.py": 20,
    "tests/unit/forecast/reports/test_capital_report.py": 15,
    "tests/unit/forecast/commands/test_report.py": 12,
    "tests/unit/forecast/commands/test_then_and_now.py": 12,
    "tests/unit/forecast/commands/test_earlier_dates_shown.py": 15,
    "tests/unit/forecast/commands/test_forecasts.py": 12,
    "tests/unit/forecast/commands/test_capital.py": 12,
    "tests/unit/forecast/commands/test_counts.py": 35,
    "tests/unit/forecast/commands/test_own_tables_checked.py": 8,
    "tests/unit/forecast/validation/test_own_count_backtest.py": 12,
    "tests/laws/test_own_count_laws.py": 25,
    "tests/recovery/test_own_count_recovery.py": 5,
    "tests/unit/forecast/commands/test_money_check.py": 10,
    "tests/laws/test_cost_laws.py": 15,
    "tests/laws/test_fuzzed_files.py": 15,
    "tests/unit/forecast/jobs/": 8,
    "tests/unit/forecast/updating/": 60,
    "tests/unit/forecast/commands/test_update.py": 25,
    "tests/unit/data/ingest/test_overlay.py": 20,
    "tests/unit/data/ingest/test_release_file.py": 8,
    "tests/unit/data/ingest/test_release_2026.py": 8,
    "tests/laws/test_geography_laws.py": 15,
    "tests/laws/test_capital_laws.py": 15,
    "tests/laws/test_money_laws.py": 12,
    "tests/laws/test_scenario_laws.py": 10,
    "tests/unit/data/test_checks.py": 10,
    "tests/unit/data/prices/test_prices_implied.py": 8,
    "tests/unit/data/registers/test_registers.py": 8,
    "tests/unit/models/test_moves.py": 8,
    "tests/recovery/test_moves_recovery.py": 5,
    "tests/unit/forecast/test_start.py": 5,
}
"""Seconds of one quiet core for files and folders of files that take five or more by themselves."""

USUAL = 1
"""Seconds of any other file."""


def group_of(nodeid: str) -> str:
    """Return the group of a test: the name of one in `TOGETHER`, else its file."""
    file = nodeid.split("::", 1)[0]
    return next((name for name, paths in TOGETHER.items() if file.startswith(paths)), file)


def seconds_of(file: str) -> int:
    """Return about how many seconds a file of tests takes by itself."""
    return next((seconds for path, seconds in SECONDS.items() if file.startswith(path)), USUAL)


def seconds_of_group(group: str) -> int:
    """Return about how many seconds a group takes: one in `TOGETHER`, or a file."""
    if group in TOGETHER:
        return sum(seconds for path, seconds in SECONDS.items() if path.startswith(TOGETHER[group]))
    return seconds_of(group)


def longest_first(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Return tests with those of long groups first; those of equal groups stay in their order."""
    return sorted(items, key=lambda item: -seconds_of_group(group_of(item.nodeid)))


def scheduler(config: pytest.Config, log: Any) -> Any:
    """Return a scheduler of pytest-xdist that gives whole groups to processes, in the order of the tests."""
    from xdist.scheduler import LoadScopeScheduling

    class ByGroup(LoadScopeScheduling):
        """Hands out groups."""

        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    config.option.loadscopereorder = False
    return ByGroup(config, log)
