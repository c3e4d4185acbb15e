"""Registers inferred from national tables: worked by hand on a small authority, then on official figures."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from data import tables
from data.ingest.funded_places import funded_places, special_pupils_import_export
from data.ingest.reading import Release
from data.ingest.schools import specialist_establishments
from data.registers.estimated_register import default_register, residents
from data.registers.register import places_by_phase
from data.registers.register_file import read_register, to_csv
from data.vocabulary import SPECIALIST_PROVISIONS


def a_small_authority(la_code: int = 999) -> dict[str, pd.DataFrame]:
    """Return the tables of an authority with two open state special schools and ten academy base places."""
    shared = {"la_code": la_code, "kind": "state_special", "open_2026": True}
    schools = pd.DataFrame(
        [
            {**shared, "urn": 100001, "name": "Ash", "age_low": 11, "age_high": 19, "roll": 60},
            {**shared, "urn": 100002, "name": "Birch", "age_low": 3, "age_high": 11, "roll": None},
            {**shared, "urn": 100003, "name": "Shut", "age_low": 3, "age_high": 11, "roll": 90,
             "open_2026": False},
            {**shared, "urn": 100004, "name": "Fee", "age_low": 3, "age_high": 11, "roll": 90,
             "kind": "independent_special"},
        ]
    ).astype({"age_low": "Int64", "age_high": "Int64", "roll": "Int64"})  # fmt: skip
    funded = pd.DataFrame(
        [
            (la_code, "2022-23", "mainstream_academy", "pre16_sen_6000", "autumn_to_march", 99.0),
            (la_code, "2023-24", "mainstream_academy", "pre16_sen_6000", "april_to_summer", 99.0),
            (la_code, "2023-24", "mainstream_academy", "pre16_sen_6000", "autumn_to_march", 7.0),
            (la_code, "2023-24", "mainstream_academy", "pre16_sen_10000", "autumn_to_march", 3.0),
            (la_code, "2023-24", "mainstream_academy", "pre16_ap", "autumn_to_march", 50.0),
            (la_code, "2023-24", "special_academy", "pre16_sen", "autumn_to_march", 50.0),
        ],
        columns=["la_code", "financial_year", "provider_group", "place_type", "part", "places"],
    )
    located = pd.DataFrame(
        {
            "la_code": la_code,
            "financial_year": ["2022-23", "2023-24"],
            "special_school_pupils": [500.0, 100.5],
        }
    )
    plans = pd.DataFrame(
        [
            (3, "state_special", 1), (5, "state_special", 40), (12, "state_special", 50),
            (17, "state_special", 20), (6, "specialist_base", 14), (18, "specialist_post16", 6),
            (9, "mainstream", 400),
        ],
        columns=["age", "provision", "plans"],
    ).assign(la_code=la_code, january=2026)  # fmt: skip
    plans["plans"] = plans["plans"].astype("Int64")
    return {
        "establishments": schools,
        "funded_places": funded,
        "import_export": located,
        "plans_age_placement": plans,
        "plans_placement": of_all_ages(plans),
    }


def of_all_ages(plans: pd.DataFrame) -> pd.DataFrame:
    """Return plans by provision alone; null where an age is."""
    keys = ["la_code", "january", "provision"]
    return plans.groupby(keys, as_index=False)["plans"].agg(lambda cells: cells.sum(skipna=False))


def test_an_estimated_register_worked_by_hand() -> None:
    rows = default_register(999, **a_small_authority()).rows
    assert (rows["basis"] == "estimated").all()
    columns = ["setting", "age_low", "age_high", "places", "located"]
    assert rows[columns].to_records(index=False).tolist() == [
        # Ash: a roll of 60 over ages 11 to 18, where 50 and 20 residents live.
        ("Ash", 11, 15, 43, "local"),
        ("Ash", 16, 18, 17, "local"),
        # Birch: the 100.5 pupils located less Ash's 60; 1 in 41 residents of its ages is under 4.
        ("Birch", 3, 3, 1, "local"),
        ("Birch", 4, 10, 40, "local"),
        # Every located pupil is in a school by name; 14 residents in bases less 10 funded academy places.
        ("Specialist bases in mainstream academies (pre-16)", 4, 10, 10, "local"),
        ("Specialist bases in maintained schools", 4, 10, 4, "local"),
        ("Other authorities' special schools (net use, January 2026)", 11, 15, 7, "elsewhere"),
        ("Other authorities' special schools (net use, January 2026)", 16, 25, 3, "elsewhere"),
        ("Specialist post-16 institutions elsewhere (net use, January 2026)", 16, 25, 6, "elsewhere"),
    ]


def test_local_and_elsewhere_cover_residents_where_there_is_no_spare() -> None:
    authority = a_small_authority()
    places = places_by_phase(default_register(999, **authority), [2026])
    people = residents(authority["plans_age_placement"], authority["plans_placement"], 999)
    total = places[places["provision"] == "state_special"]["places"].sum()
    assert total == people.count("state_special", 0, 25)


def test_pupils_in_no_listed_school_get_a_row_no_larger_than_residents_use() -> None:
    authority = a_small_authority()
    authority["establishments"]["roll"] = pd.array([60, 20, 90, 90], dtype="Int64")
    rows = default_register(999, **authority).rows
    unnamed = rows[rows["setting"] == "Special schools not listed by name"]
    assert unnamed["places"].sum() == 21, "100.5 located less 80 on roll, and residents use 111"
    authority["plans_age_placement"].loc[:3, "plans"] = 21
    authority["plans_placement"] = of_all_ages(authority["plans_age_placement"])
    rows = default_register(999, **authority).rows
    unnamed = rows[rows["setting"] == "Special schools not listed by name"]
    assert unnamed["places"].sum() == 4, "residents use 84, 80 of them in the schools on the list"


def test_schools_with_one_name_are_told_apart() -> None:
    authority = a_small_authority()
    authority["establishments"]["name"] = "Ash"
    names = set(default_register(999, **authority).rows["setting"])
    assert {"Ash (URN 100001)", "Ash (URN 100002)"} <= names


def test_an_authority_without_a_return_has_no_net_rows() -> None:
    authority = a_small_authority()
    authority["plans_age_placement"]["plans"] = pd.array([None] * 7, dtype="Int64")
    authority["plans_placement"] = of_all_ages(authority["plans_age_placement"])
    rows = default_register(999, **authority).rows
    assert (rows["located"] == "local").all()
    assert rows.loc[rows["setting"].isin(["Ash", "Birch"]), "places"].sum() == 101


def test_an_authority_with_nothing_has_an_empty_register() -> None:
    register = default_register(998, **a_small_authority())
    assert register.rows.empty
    assert (places_by_phase(register, [2026])["places"] == 0).all()


def counted(january: int, **plans: int | None) -> pd.DataFrame:
    """Return plans of the small authority by provision at a January."""
    return pd.DataFrame({"la_code": 999, "january": january, "provision": list(plans)}).assign(
        plans=pd.array(list(plans.values()), dtype="Int64")
    )


@pytest.fixture
def a_year_ago() -> pd.DataFrame:
    """Return plans of the small authority by age, as they were in January 2025."""
    return a_small_authority()["plans_age_placement"].assign(january=2025)


def test_ages_of_an_earlier_january_are_brought_to_the_numbers_of_now(a_year_ago: pd.DataFrame) -> None:
    now = counted(2026, state_special=125, specialist_base=9, specialist_post16=0, mainstream=500)
    people = residents(a_year_ago, now, 999)
    assert people.january == 2026
    assert people.counts == {
        # 125 in proportion to 1, 40, 50 and 20 of 111: 1.13, 45.05, 56.31 and 22.52; the half left over goes to age 17.
        ("state_special", 3): 1, ("state_special", 5): 45, ("state_special", 12): 56, ("state_special", 17): 23,
        ("specialist_base", 6): 9, ("specialist_post16", 18): 0,
    }  # fmt: skip


def test_ages_of_the_latest_january_are_used_as_they_are(a_year_ago: pd.DataFrame) -> None:
    ages = pd.concat([a_year_ago, a_year_ago.assign(january=2026, plans=a_year_ago["plans"] + 1)])
    people = residents(ages, of_all_ages(ages), 999)
    assert people.january == 2026
    assert people.count("state_special", 0, 25) == 111 + 4
    assert people.counts["state_special", 12] == 51


def test_numbers_that_were_not_returned_leave_ages_and_numbers_of_the_january_before(
    a_year_ago: pd.DataFrame,
) -> None:
    """The Isle of Wight of January 2026; one provision left out is a return that cannot be read as a whole."""
    for missing in (
        {"state_special": None, "specialist_base": None},
        {"state_special": 125, "specialist_base": None},
    ):
        totals = pd.concat([of_all_ages(a_year_ago), counted(2026, **missing)])
        people = residents(a_year_ago, totals, 999)
        assert people.january == 2025
        assert people.count("state_special", 0, 25) == 111


def test_residents_in_a_provision_in_which_nobody_was_a_year_ago_have_the_ages_of_before(
    a_year_ago: pd.DataFrame,
) -> None:
    """Four authorities counted nobody in bases in January 2025, and as many as ever in 2024 and 2026."""
    none_in_bases = a_year_ago[a_year_ago["provision"] != "specialist_base"]
    ages = pd.concat([a_year_ago.assign(january=2024), none_in_bases])
    people = residents(ages, counted(2026, state_special=111, specialist_base=30), 999)
    assert people.count("state_special", 0, 25) == 111
    assert {key: n for key, n in people.counts.items() if key[0] == "specialist_base"} == {
        ("specialist_base", 6): 30
    }


def test_net_use_says_of_which_january_and_how_many(a_year_ago: pd.DataFrame) -> None:
    authority = a_small_authority() | {"plans_age_placement": a_year_ago}
    authority["plans_placement"] = counted(2026, state_special=125, specialist_base=9, specialist_post16=4)
    rows = default_register(999, **authority).rows
    elsewhere = rows[rows["located"] == "elsewhere"].set_index(["provision", "age_low"])
    # Ash splits its 60 places between 56 and 23 residents (42.5 and 17.5: the first takes the half), so 13 and 6 are left.
    assert elsewhere["places"].to_dict() == {
        ("state_special", 4): 5, ("state_special", 11): 13, ("state_special", 16): 6, ("specialist_post16", 16): 4,
    }  # fmt: skip
    assert elsewhere["source"].str.startswith("SEN2 January 2026 (DfE)").all()
    assert (elsewhere["from_academic_year"] == "2025/26").all()


def test_defaults_on_official_figures_round_trip(releases: Path, tmp_path: Path) -> None:
    if not (tables.PUBLISHED / "plans_age_placement.parquet").exists():
        pytest.skip("the table plans_age_placement is not built")
    release = Release(releases)
    official = {
        "establishments": specialist_establishments(release),
        "funded_places": funded_places(release),
        "import_export": special_pupils_import_export(release),
        "plans_age_placement": tables.read("plans_age_placement"),
        "plans_placement": tables.read("plans_placement"),
    }
    people = residents(official["plans_age_placement"], official["plans_placement"], 317)
    assert people.count("state_special", 0, 25) == 840
    assert people.count("state_special", 16, 25) == 156
    assert people.count("specialist_base", 0, 25) == 55
    assert people.count("specialist_post16", 0, 25) == 17
    redbridge = default_register(317, **official).rows
    hatton = redbridge[redbridge["setting"].str.startswith("Hatton")]
    assert hatton["places"].sum() == 195, "657 pupils located less 462 on published rolls"
    assert redbridge.query("setting.str.contains('academies')")["places"].sum() == 85
    for la_code in (202, 316, 330, 812, 873, 886):
        register = default_register(la_code, **official)
        path = tmp_path / f"{la_code}.csv"
        path.write_text(to_csv(register), "utf-8", newline="")
        pd.testing.assert_frame_equal(read_register(path, la_code).rows, register.rows)


def test_residents_of_every_authority_are_as_many_as_published() -> None:
    ages, totals = tables.read("plans_age_placement"), tables.read("plans_placement")
    specialist = totals[totals["provision"].isin(SPECIALIST_PROVISIONS)]
    published = specialist.groupby(["la_code", "january", "provision"], observed=True)["plans"].sum()
    current = totals.loc[totals["january"] == 2026, "la_code"].unique()
    assert len(current) == 153
    januaries = {}
    for la_code in current:
        people = residents(ages, totals, la_code)
        januaries[la_code] = people.january
        counted_here = {p: people.count(p, 0, 25) for p in SPECIALIST_PROVISIONS}
        assert counted_here == published[la_code, people.january].to_dict(), la_code
    assert [code for code, january in januaries.items() if january != 2026] == [921], (
        "the Isle of Wight returned none"
    )
