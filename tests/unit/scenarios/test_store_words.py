"""History as text: who saved what, when and why, and what was run of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from scenarios.store import Run, Version
from scenarios.store.words import history, listing, moment
from tests.stores import facts_of

FIRST = Version(
    "two-bases", 1, "Two bases", "{}", "a" * 64, "Jo", datetime(2026, 3, 5, 9, 7, tzinfo=UTC), "For the forum"
)
SECOND = replace(
    FIRST,
    version=2,
    title="Two bases in the east",
    key="b" * 64,
    saved_at=datetime(2026, 11, 22, 16, 30, tzinfo=UTC),
    comment="",
    release_january=2026,
    model_key="abcdef012345",
)
RUN = Run("r-1", facts_of("two-bases", 1, "a" * 64), "{}", "Sam", datetime(2026, 3, 6, 10, 0, tzinfo=UTC))
LATER = replace(
    RUN,
    run_id="r-2",
    run_at=datetime(2026, 3, 7, 10, 0, tzinfo=UTC),
    facts=replace(RUN.facts, draws=1, years=1),
)


def test_a_moment_is_in_utc_and_says_so() -> None:
    summer = datetime(2026, 7, 1, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    assert moment(summer) == "30 June 2026 at 23:30 UTC"


def test_history_has_the_latest_first_with_runs_under_their_version() -> None:
    assert history([FIRST, SECOND], [RUN, LATER]) == (
        "Two bases in the east (two-bases): 2 versions, 2 runs; the latest first\n"
        "\n"
        "Version 2, saved by Jo on 22 November 2026 at 16:30 UTC\n"
        "  hash bbbbbbbbbbbb, made on January 2026 with model abcdef012345\n"
        "\n"
        "Version 1, saved by Jo on 5 March 2026 at 09:07 UTC: For the forum\n"
        "  hash aaaaaaaaaaaa, made on January 2025 or an earlier release, which did not write down the model\n"
        "  then called 'Two bases'\n"
        "  Run by Sam on 7 March 2026 at 10:00 UTC: authority 317, 1 year, data dddddddddddd, "
        "model eeeeeeeeeeee, program 0.1.0, run r-2\n"
        "  Run by Sam on 6 March 2026 at 10:00 UTC: authority 317, 10 years, data dddddddddddd, "
        "model eeeeeeeeeeee, program 0.1.0, run r-1"
    )


def test_runs_of_no_version_stand_at_the_end() -> None:
    unsaved = replace(RUN, facts=replace(RUN.facts, version=None), run_id="r-3")
    said = history([FIRST], [RUN, unsaved]).split("\n")
    assert said[-2] == "Runs of this name as a file or the library has it, not as a version here"
    assert said[-1].endswith("run r-3")
    assert sum("Run by" in line for line in said) == 2


def test_one_of_each_is_not_plural() -> None:
    assert history([FIRST], [RUN]).startswith("Two bases (two-bases): 1 version, 1 run; ")


def test_the_list_lines_up_and_an_empty_one_says_so() -> None:
    other = replace(SECOND, scenario_id="b", version=12)
    assert listing([FIRST, other]) == (
        "two-bases  version   1  Two bases (saved by Jo on 5 March 2026 at 09:07 UTC)\n"
        "b          version  12  Two bases in the east (saved by Jo on 22 November 2026 at 16:30 UTC)"
    )
    assert listing([]) == "No scenario has been saved yet."
