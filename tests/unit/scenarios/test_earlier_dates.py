"""What is dated before the first forecast year is listed, all of it and nothing else, with what becomes of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.capital.candidate_file import read_candidates
from data.registers.register import Register, records
from data.registers.register import frame as register_rows
from data.registers.register_file import read_register
from scenarios import reading
from scenarios.applying import effects
from scenarios.earlier_dates import TWICE, EarlierDate, of_register, of_scenario, of_schemes
from scenarios.effects import Frame
from scenarios.scenario import Scenario
from tests.saved import MADE

OURS = reading.read(MADE / "scenarios" / "our-2025.yaml")


@pytest.fixture(scope="module")
def register() -> Register:
    return read_register(MADE / "registers" / "redbridge" / "0001.csv", la_code=317)


def listed(first: int, register: Register | None = None) -> dict[str, EarlierDate]:
    return {one.name: one for one in of_scenario(OURS, first, la_code=317, register=register)}


def test_on_its_own_release_nothing_of_it_is_earlier(register: Register) -> None:
    assert listed(2026, register) == {}
    assert of_register(register, 2026) == ()


def test_on_the_next_release_everything_of_2025_is_listed_with_its_fate(register: Register) -> None:
    said = {name: one.sentence for name, one in listed(2027, register).items()}
    assert set(said) == {
        "refuse-more", "on-time", "one-year-surge", "early-years", "base-2025", "dearer-inmss",
    }  # fmt: skip
    assert said["refuse-more"].startswith(
        "Lever 'refuse-more' starts in 2025, before the first forecast year 2026: counts in full from January 2027."
    )
    assert "starts from the share of plans on time in 2025" in said["on-time"]
    assert "counts in full from January 2027" in said["on-time"]
    assert said["on-time"].endswith(TWICE)
    assert said["one-year-surge"] == (
        "Lever 'one-year-surge' ends in 2025, before the first forecast year 2026: nothing is left to change."
    )
    assert "counts in full from January 2027, to January 2027" in said["early-years"]
    assert said["early-years"].endswith(TWICE)
    assert "is dated September 2025" in said["base-2025"]
    assert "its places are added from January 2027" in said["base-2025"]


def test_a_ramp_that_is_partly_over_says_how_much_counts_and_when_all_does() -> None:
    recovery = reading.read(MADE / "scenarios" / "recovery-2025.yaml")
    (dates,) = recovery.levers[0].times
    assert (dates.first, dates.ramp) == (2025, 2)
    surge = {"kind": "requests", "why": "why", "change": 1.2, "when": {"from": 2025, "ramp": 4}}
    ramped = Scenario.model_validate({"id": "a", "title": "a", "levers": [surge]})
    (one,) = of_scenario(ramped, 2027)
    assert "50 % of its effect counts in January 2027, and all of it from January 2029" in one.fate


def test_a_base_that_the_register_has_by_now_is_not_added_again(register: Register) -> None:
    opened = {**records(register.rows)[0], "setting": "Mill Lane base", "provision": "specialist_base"}
    now = Register(317, register_rows([*records(register.rows), opened]), "now")
    one = listed(2027, now)["base-2025"]
    assert one.fate.endswith("the register has these places, so nothing is left to change")
    assert not one.acts


def test_openings_of_a_register_are_listed_until_they_are_marked_open() -> None:
    kept = read_register(MADE / "registers" / "redbridge" / "0002.csv", la_code=317)
    by_name = {one.name: one for one in of_register(kept, 2027)}
    assert "Mill Lane base" in by_name
    assert (
        "was to open in September 2025, before the first forecast year 2026" in by_name["Mill Lane base"].fate
    )
    assert by_name["Mill Lane base"].acts
    ended = [one for one in of_register(kept, 2027) if not one.acts]
    assert [one.name for one in ended] == ["Hatton School (Park Avenue)"]
    assert ended[0].fate.endswith("this row of it ends with 2025/26: from 2026/27 another row of it counts")
    alone = [row for row in records(kept.rows) if row["from_academic_year"] != "2026/27"]
    (last,) = [one for one in of_register(Register(317, register_rows(alone), "made"), 2027) if not one.acts]
    assert last.fate.endswith("it counts in no January forecast")


def test_schemes_that_were_to_open_before_are_listed() -> None:
    schemes = read_candidates(MADE / "candidates" / "redbridge" / "0001.csv", 317).rows
    assert of_schemes(schemes, 2026) == ()
    assert [one.name for one in of_schemes(schemes, 2027)] == ["base-mill-lane"]
    assert [one.name for one in of_schemes(schemes, 2028)] == ["base-mill-lane", "base-next-year"]


def test_homes_finished_before_bring_nobody_and_the_others_do() -> None:
    site = {"name": "Mill Lane", "homes": 100, "built": "2025..2028", "tenure": "social"}
    homes = Scenario.model_validate(
        {"id": "a", "title": "a", "levers": [{"kind": "housing", "why": "why", "sites": [site]}]}
    )
    (one,) = of_scenario(homes, 2027)
    assert "only homes finished from 2026 bring people" in one.fate
    (arrivals,) = effects(homes, Frame(317, 2026, 5, 3), 1).arrivals
    new = arrivals.new.sum(axis=(0, 2)) / 3
    assert np.count_nonzero(new) == 3
    (over,) = of_scenario(homes, 2031)
    assert not over.acts


def test_protection_by_a_place_of_a_published_january_says_who_is_protected() -> None:
    reform = reading.resolve("reform-2030")
    (one,) = [e for e in of_scenario(reform, 2033) if e.name == "review-moderate-needs"]
    assert "all who hold one in January 2032 are protected" in one.warning


@given(
    first=st.integers(2015, 2040),
    length=st.integers(0, 12) | st.none(),
    january=st.integers(2016, 2045),
)
def test_listed_is_what_began_before_and_it_acts_exactly_where_it_has_effects(
    first: int, length: int | None, january: int
) -> None:
    when: object = first if length is None else f"{first}..{first + length}"
    lever = {"kind": "requests", "why": "why", "change": 1.2, "when": when}
    scenario = Scenario.model_validate({"id": "a", "title": "a", "levers": [lever]})
    found_dates = of_scenario(scenario, january)
    assert len(found_dates) == (first < january - 1)
    for one in found_dates:
        assert one.acts == bool(effects(scenario, Frame(317, january - 1, 1, 2), 1).requests)


def test_every_scenario_of_then_can_be_listed_at_every_january() -> None:
    for path in sorted(Path(MADE / "scenarios").glob("*.yaml")):
        flat = reading.resolve(reading.read(path))
        for january in range(2026, 2050):
            names = [one.name for one in of_scenario(flat, january)]
            assert names == [
                lever.name for lever in flat.levers if any(d.first < january - 1 for d in lever.times)
            ]
