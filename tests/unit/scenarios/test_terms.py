"""Sizes, times and selectors: each has one form, and what reaches nothing is refused."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from data.vocabulary import AGES, NEED_CODES
from scenarios.effects import Frame
from scenarios.terms import Dates, Interval, OfAges, OfSettings, People, Size, When

WHEN: TypeAdapter[Any] = TypeAdapter(When)
SIZE: TypeAdapter[Any] = TypeAdapter(Size)
FRAME = Frame(la_code=317, origin=2025, years=6, draws=3)


@pytest.mark.parametrize(
    "text", [2027, "2027", " 2027.. ", "2027..", {"from": 2027}, {"from": 2027, "ramp": 1}]
)
def test_a_bare_year_means_from_then_on(text: object) -> None:
    assert WHEN.validate_python(text) == Dates(first=2027)


def test_a_range_is_bounded_both_ends_included() -> None:
    dates = WHEN.validate_python("2027..2029")
    # Calendar year y is counted in January y + 1: Januaries 2026 to 2031 count 2025 to 2030.
    assert dates.weights(FRAME).tolist() == [0, 0, 1, 1, 1, 0]


def test_a_ramp_reaches_full_effect_after_its_years_and_stays_there() -> None:
    dates = WHEN.validate_python({"from": 2026, "ramp": 4})
    assert dates.weights(FRAME).tolist() == [0, 0.25, 0.5, 0.75, 1, 1]


@pytest.mark.parametrize("text", [2027, "2027..2030", {"from": 2027, "until": 2031, "ramp": 3}])
def test_dates_are_written_as_they_are_read(text: object) -> None:
    assert WHEN.dump_python(WHEN.validate_python(text)) == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2030..2027", "reversed"),
        (1999, "outside 2010 to 2060"),
        ("2027..2061", "outside 2010 to 2060"),
        ("next year", "not a time"),
        (True, "not a time"),
        (2027.5, "not a time"),
        ("٢٠٢٧", "not a time"),
        ({"from": 2027, "until": 2028, "ramp": 5}, "not complete by 2028"),
        ({"from": 2027, "ramp": 0}, "greater than or equal to 1"),
        ({"from": "2027"}, "integer"),
        ({"until": 2027}, "Field required"),
    ],
)
def test_times_that_mean_nothing_are_refused(text: object, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        WHEN.validate_python(text)


def test_a_size_is_a_number_or_an_interval() -> None:
    assert SIZE.validate_python(2) == 2.0
    assert SIZE.validate_python({"low": 1, "high": 2}) == Interval(low=1, high=2)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ({"low": 2, "high": 1}, "reversed"),
        ({"low": 1}, "required"),
        ({"low": 1, "high": 2, "mid": 1.5}, "not permitted"),
        ("1.2", "not a number"),
        (True, "not a number"),
        (float("nan"), "not a usable size"),
        (float("inf"), "not a usable size"),
        (10**400, "not a usable size"),
    ],
)
def test_sizes_that_mean_nothing_are_refused(text: object, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        SIZE.validate_python(text)


@pytest.mark.parametrize(
    ("given", "ages"),
    [
        (7, [7]),
        ("5-7", [5, 6, 7]),
        ("5 to 7", [5, 6, 7]),
        ([19, 25], [19, 25]),
        (["19-21", 6, 6], [6, 19, 20, 21]),
        ("0-3", [2, 3]),
        (["16"], [16]),
    ],
)
def test_ages_are_single_or_runs_and_those_under_3_are_age_2(given: object, ages: list[int]) -> None:
    mask = OfAges.model_validate({"ages": given}).mask()
    assert [a for a, row in zip(AGES, mask, strict=True) if row.all()] == ages
    assert [a for a, row in zip(AGES, mask, strict=True) if row.any()] == ages


def test_ages_and_phases_both_hold() -> None:
    assert OfAges.model_validate({"ages": "9-13", "phases": "secondary"}).chosen_ages == (11, 12, 13)


def test_needs_may_be_written_by_code_or_label_in_any_case() -> None:
    who = People.model_validate({"needs": ["autism", "semh", "Severe learning difficulty"]})
    assert who.needs == ("ASD", "SEMH", "SLD")
    assert who.mask().sum() == 3 * len(AGES)


def test_nothing_named_is_everyone() -> None:
    assert People().mask().all()
    assert People().mask().shape == (len(AGES), len(NEED_CODES))


def test_authorities_have_one_name_however_they_are_written() -> None:
    names = {
        People.model_validate({"areas": a}).areas
        for a in ("Redbridge", 317, "E09000026", ["london borough of redbridge"])
    }
    assert names == {("Redbridge",)}
    assert People(areas=("Redbridge",)).codes == (317,)


@pytest.mark.parametrize(
    ("model", "given", "says"),
    [
        (People, {"needs": ["AUTSM"]}, "'AUTSM' is not a need"),
        (People, {"needs": []}, "leave it out"),
        (People, {"ages": "10-5"}, "Write 5-10"),
        (People, {"ages": "20-30"}, "older than 25"),
        (People, {"ages": "young"}, "not an age"),
        (People, {"ages": [True]}, "not an age"),
        (People, {"ages": "12-14", "phases": "primary"}, "reaches nobody"),
        (People, {"phases": "juniors"}, "not a phase"),
        (People, {"areas": "Redbrige"}, "Did you mean Redbridge"),
        (People, {"areas": "all"}, "leaving it out"),
        (OfSettings, {"provisions": "special"}, "not a provision"),
        (OfSettings, {"needs": ["ASD"]}, "not permitted"),
    ],
)
def test_selectors_that_reach_nobody_or_nothing_known_are_refused(
    model: Any, given: dict[str, Any], says: str
) -> None:
    with pytest.raises(ValidationError, match=says):
        model.model_validate(given)


def test_parts_of_a_scenario_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        People().ages = (5,)
