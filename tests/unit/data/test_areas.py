"""Authorities found by any of their names."""

from __future__ import annotations

import pytest

from data import areas
from data.errors import AreaError


@pytest.mark.parametrize(
    "text",
    ["Redbridge", "redbridge", " REDBRIDGE ", "E09000026", "e09000026", "317", "London Borough of Redbridge"],
)
def test_redbridge_by_any_name(text: str) -> None:
    (found,) = areas.resolve(text)
    assert (found.la_code, found.gss_code, found.name) == (317, "E09000026", "Redbridge")
    assert found.region == "London"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Kent", 886),
        ("St Helens", 342),
        ("St. Helens", 342),
        ("BCP", 839),
        ("Bournemouth, Christchurch and Poole", 839),
        ("Durham", 840),
        ("County Durham", 840),
        ("Dorset", 838),
        ("Hammersmith & Fulham", 205),
        ("Bristol", 801),
        ("City of London", 201),
        ("Isles of Scilly", 420),
        ("E10000002", 825),  # Buckinghamshire before it became a unitary
        ("E08000020", 390),  # Gateshead before 2013
        ("Kingston upon Hull, City of", 810),
        ("Newcastle upon Tyne", 391),
        ("Southend-on-Sea", 882),
    ],
)
def test_names_people_type(text: str, code: int) -> None:
    assert areas.resolve(text)[0].la_code == code


def test_all_is_every_authority_once() -> None:
    every = areas.resolve("all")
    assert len(every) == len({a.la_code for a in every}) == len({a.slug for a in every}) == 153


def test_every_authority_is_found_by_each_of_its_keys() -> None:
    for area in areas.current():
        for key in (area.name, area.gss_code, str(area.la_code)):
            assert areas.resolve(key) == (area,), key


def test_a_misspelling_gets_suggestions() -> None:
    with pytest.raises(AreaError, match=r"'Redbrige' is not .* Did you mean Redbridge"):
        areas.resolve("Redbrige")


@pytest.mark.parametrize("text", ["999", "E09999999", "", "Atlantis"])
def test_nonsense_says_what_to_type(text: str) -> None:
    with pytest.raises(
        LookupError, match=r"Give a name \(Redbridge\), a GSS code \(E09000026\) or a DfE number \(317\)"
    ):
        areas.resolve(text)


@pytest.mark.parametrize("text", ["Northamptonshire", "928", "E10000021"])
def test_an_abolished_authority_names_its_successors(text: str) -> None:
    with pytest.raises(AreaError, match=r"North Northamptonshire \(940\) and West Northamptonshire \(941\)"):
        areas.resolve(text)
