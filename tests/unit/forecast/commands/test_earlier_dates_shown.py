"""What is dated before the first forecast year is shown where it matters, and is never a reason to refuse the whole.

Files of January 2025 are moved so that what they date 2025 is the last published year of whichever tables are at hand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from data.registers.register import Register, academic_year, records
from data.registers.register import frame as register_rows
from forecast.presentation import words
from forecast.runs import scenario_run
from forecast.runs.baseline import Baseline
from scenarios import reading
from tests.command_line import printed, sendplan
from tests.saved import MADE

BRIEF = ("--years", "5", "--draws", "100")


@pytest.fixture(scope="module")
def base(baseline_of: Callable[..., Baseline]) -> Baseline:
    return baseline_of(317)


@pytest.fixture
def overdue(base: Baseline, tmp_path: Path) -> Path:
    """Return the scenario of 2025 with all its years moved so that 2025 is the last published one."""
    past = base.outcome.plans.origin - 1
    text = (MADE / "scenarios" / "our-2025.yaml").read_text(encoding="utf-8")
    for year in (2027, 2026, 2025) if past > 2025 else (2025, 2026, 2027):
        text = text.replace(str(year), str(past + year - 2025))
    # What the register plans for 2026 slips by the years that are left; that year is not an earlier one.
    path = tmp_path / "overdue.yaml"
    path.write_text(
        text.replace(f"when: {past + 1}\n    why: The building", "when: 2027\n    why: The building"),
        encoding="utf-8",
    )
    return path


def test_comparisons_list_every_earlier_date_once(overdue: Path, base: Baseline) -> None:
    past = base.outcome.plans.origin - 1
    shown = " ".join(
        printed("scenario", "compare", "Redbridge", "baseline", str(overdue), *BRIEF, "--no-record").split()
    )
    for lever in ("refuse-more", "on-time", "one-year-surge", "early-years", "base-2025", "dearer-inmss"):
        name = lever.replace("2025", str(past))
        assert shown.count(f"Earlier date in our-{past}: Lever '{name}'") == 1
    assert (
        f"'one-year-surge' ends in {past}, before the first forecast year {past + 1}: nothing is left to change."
        in shown
    )
    assert "It may be counted twice." in shown


def test_explaining_lists_them_and_runs_each_lever(overdue: Path) -> None:
    shown = printed("scenario", "explain", "Redbridge", str(overdue), *BRIEF)
    assert "Earlier date in our-" in shown
    assert "no change" in shown.split("one-year-surge")[2].splitlines()[0]


def test_showing_lists_them_without_an_authority(overdue: Path) -> None:
    assert "Earlier date: Lever 'refuse-more'" in printed("scenario", "show", str(overdue))


def test_money_lists_them(overdue: Path, tmp_path: Path) -> None:
    shown = printed(
        "money", "Redbridge", "--scenario", str(overdue), *BRIEF, "--out", str(tmp_path / "money")
    )
    assert "Lever 'dearer-inmss' starts in" in shown


def test_a_lever_in_full_force_before_changes_what_one_from_the_first_year_does(base: Baseline) -> None:
    past = base.outcome.plans.origin - 1
    of = {
        year: reading.parse(
            f"id: a\ntitle: a\nlevers:\n  - {{kind: refusal, when: {year}, change: 0.4, why: why}}\n", "a"
        )
        for year in (past - 3, past + 1)
    }
    before, first = (scenario_run.rerun(base, scenario) for scenario in of.values())
    assert before.plans.future.equals(first.plans.future)
    assert not before.plans.future.equals(base.outcome.plans.future)


def test_openings_of_the_register_that_are_overdue_are_said_with_what_is_estimated(base: Baseline) -> None:
    outcome = base.outcome
    past = outcome.plans.origin - 1
    assert not [line for line in words.estimates(outcome) if "Late School" in line]
    late = records(outcome.register.rows)[0] | {
        "setting": "Late School", "urn": None, "from_academic_year": academic_year(past + 1), "status": "agreed", "roll": None,
        "roll_january": None,
    }  # fmt: skip
    register = Register(317, register_rows([*records(outcome.register.rows), late]), "test")
    (line,) = [one for one in words.estimates(replace(outcome, register=register)) if "Late School" in one]
    assert line.startswith(
        f"Setting 'Late School' was to open in September {past}, before the first forecast year {past + 1}"
    )
    assert line.endswith("If it has opened, mark it open in the register.")


def test_schemes_that_are_overdue_are_left_out_and_said_and_the_others_are_appraised(
    base: Baseline, tmp_path: Path
) -> None:
    past = base.outcome.plans.origin - 1
    text = (MADE / "candidates" / "redbridge" / "0001.csv").read_text(encoding="utf-8")
    schemes = tmp_path / "schemes.csv"
    schemes.write_text(
        text.replace("2026/27", academic_year(past + 3)).replace("2025/26", academic_year(past + 1)),
        encoding="utf-8",
    )
    shown = printed(
        "capital", "Redbridge", "--candidates", str(schemes), "--years", "8", "--draws", "100", "--out", str(tmp_path / "out")
    )  # fmt: skip
    assert f"Scheme 'base-mill-lane' was to open in September {past}" in " ".join(shown.split())
    options = (tmp_path / "out" / "options.csv").read_text(encoding="utf-8-sig")
    assert "base-mill-lane" not in options
    assert "base-primary-asd-north" in options


def test_a_list_of_overdue_schemes_alone_is_refused_in_words(base: Baseline, tmp_path: Path) -> None:
    past = base.outcome.plans.origin - 1
    head, *rows = (MADE / "candidates" / "redbridge" / "0001.csv").read_text(encoding="utf-8").splitlines()
    overdue = [row.replace("2025/26", academic_year(past + 1)) for row in rows if "base-mill-lane" in row]
    schemes = tmp_path / "schemes.csv"
    schemes.write_text("\n".join([head, *overdue]), encoding="utf-8")
    ended = sendplan("capital", "Redbridge", "--candidates", str(schemes), "--years", "8", "--draws", "100")
    assert ended.code == 2
    assert "were to open before the first forecast year" in ended.err
