"""Places headed by a date, and openings in words: read where one year is meant, asked where it could be two, and always said."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.council_files.council_table import propose
from data.council_files.header_row import doubtful_year, year_heading
from data.errors import PlannerError
from data.registers.register import academic_year
from data.registers.register_file import REGISTER_FILE
from data.tables import newest_january
from tests.unit.data.council_files.test_tables_as_sent import HEAD, OAK, checked, rows, text

START = "School,Type,Need,Age range,Status"
ROW = "Oak,Special school,ASD,4-11,Open"
NEWEST = academic_year(newest_january())


@pytest.mark.parametrize(
    ("heading", "year"),
    [("Jan 2025", "2024/25"), ("January 2025", "2024/25"), ("Places at Jan 2025", "2024/25"), ("2025-01-01", "2024/25"),
     ("Sept 2026", "2026/27"), ("Oct 2025", "2025/26"), ("Places (Sept 2026)", "2026/27"), ("2025/26", "2025/26"),
     ("AY 2025/26", "2025/26"), ("2025/26 AY", "2025/26"), ("01/09/2026", "2026/27")],
)  # fmt: skip
def test_one_column_of_places_at_a_date_is_read_and_said(tmp_path: Path, heading: str, year: str) -> None:
    read = checked(text(tmp_path, f"{START},{heading}\n{ROW},60\n"))
    assert rows(read, "from_academic_year", "places", "to_academic_year") == [(year, 60, None)]
    assert year in heading or any(f"read as the places of {year} and later" in n for n in read.table.notes)


@pytest.mark.parametrize(
    "heading", ["Jan 2025", "2025", "Sept 2026", "2025/26", "April 2025", "Places 2025/26"]
)
def test_one_column_of_places_beside_an_opening_leaves_the_opening_as_it_is(
    tmp_path: Path, heading: str
) -> None:
    read = checked(text(tmp_path, f"{START},Opening date,{heading}\n{ROW},September 2027,60\n"))
    assert rows(read, "from_academic_year", "places") == [("2027/28", 60)]
    assert any("read as the places of each row" in n for n in read.table.notes)


@pytest.mark.parametrize("heading", ["2025", "April 2025", "FY 2024/25"])
def test_a_year_that_could_be_either_of_two_is_asked(tmp_path: Path, heading: str) -> None:
    path = text(tmp_path, f"{START},{heading}\n{ROW},60\n")
    pair = doubtful_year(heading)
    assert pair is not None
    with pytest.raises(PlannerError, match=rf"{heading}.*places of {pair[0]}.*or places of {pair[1]}"):
        checked(path)
    for year in pair:
        assert rows(checked(path, **{heading: f"places of {year}"}), "from_academic_year") == [(year,)]


def test_columns_of_several_dates_are_the_places_of_each_year(tmp_path: Path) -> None:
    path = text(tmp_path, f"{START},Jan 2025,Sept 2025,Sept 2026\n{ROW},20,30,30\n")
    found = rows(checked(path), "from_academic_year", "to_academic_year", "places")
    assert found == [("2024/25", "2024/25", 20), ("2025/26", None, 30)]
    both = text(tmp_path, f"{START},Sept 2025,Jan 2026\n{ROW},20,30\n")
    with pytest.raises(PlannerError, match="2 question"):
        checked(both)
    bare = text(tmp_path, "School,2025,2026\nOak,20,30\n")
    proposal = propose(bare, REGISTER_FILE)
    assert proposal is not None
    assert {"2025", "2026"} <= {one.theirs for one in proposal.mapping.questions}


def test_a_column_at_a_date_beside_one_of_places_is_asked_or_left(tmp_path: Path) -> None:
    with pytest.raises(PlannerError, match="'Places Sept 2026': could be places"):
        checked(text(tmp_path, f"{START},Opening date,Places,Places Sept 2026\n{ROW},Sept 2024,60,70\n"))
    read = checked(text(tmp_path, f"{START},Opening date,Places,Jan 2025\n{ROW},Sept 2024,60,55\n"))
    assert rows(read, "places") == [(60,)]
    assert read.table.aside_names == ("Jan 2025",)


def test_dates_that_may_be_rolls_are_asked(tmp_path: Path) -> None:
    path = text(tmp_path, f"{START},Opening date,Capacity,Jan 2025,Jan 2026\n{ROW},Sept 2020,60,55,58\n")
    with pytest.raises(PlannerError, match="'Jan 2025': places at that date, or pupils"):
        checked(path)
    assert rows(checked(path, **{"Jan 2025": "aside", "Jan 2026": "aside"}), "places") == [(60,)]
    years = {"Jan 2025": "places of 2024/25", "Jan 2026": "places of 2025/26"}
    with pytest.raises(PlannerError, match="both 'Capacity' for places and 'Jan 2025'"):
        checked(path, **years)
    assert rows(checked(path, **years, Capacity="aside"), "places") == [(55,), (58,)]


def test_places_before_the_opening_that_a_row_states_are_a_problem(tmp_path: Path) -> None:
    read = checked(text(tmp_path, f"{START},Opening date,2024/25,2025/26\n{ROW},September 2025,60,60\n"))
    assert ["before the opening" in p.text for p in read.problems] == [True]
    read = checked(text(tmp_path, f"{START},Opening date,2023/24,2024/25\n{ROW},Existing,60,70\n"))
    assert rows(read, "from_academic_year", "places") == [("2023/24", 60), ("2024/25", 70)]


@pytest.mark.parametrize(
    ("word", "year"),
    [("Existing", NEWEST), ("Open", NEWEST), ("Already open", NEWEST), ("Currently open", NEWEST), ("Pre 2020", "2019/20"),
     ("pre-2020", "2019/20"), ("Before September 2018", "2017/18"), ("Prior to 2019/20", "2018/19")],
)  # fmt: skip
def test_openings_in_words_are_read_as_what_they_mean(tmp_path: Path, word: str, year: str) -> None:
    read = checked(text(tmp_path, HEAD + OAK.replace("September 2024", word)))
    assert rows(read, "from_academic_year", "status") == [(year, "open")]
    assert any("read as open by the academic year" in r.text for r in read.remarks)


@pytest.mark.parametrize("word", ["TBC", "tbc", "To be confirmed", "Pre 2040", "Planned", "Soon"])
def test_openings_that_say_no_year_are_asked_and_never_picked(tmp_path: Path, word: str) -> None:
    sent = (
        HEAD
        + OAK
        + OAK.replace("Oak", "Elm").replace("September 2024", word)
        + OAK.replace("Oak", "Fir").replace("2024", "2023")
    )
    (problem,) = checked(text(tmp_path, sent)).problems
    assert (problem.row, problem.column, problem.fix) == (3, "from_academic_year", ())


def test_an_opening_that_says_open_contradicts_a_status_that_says_not(tmp_path: Path) -> None:
    sent = HEAD + OAK.replace("September 2024,Open", "Existing,Proposed")
    (problem,) = checked(text(tmp_path, sent)).problems
    assert problem.fix == (("status", "open"),)


def test_rows_of_days_are_not_taken_for_the_header(tmp_path: Path) -> None:
    days = "2024-09-01,2025-01-01,2024-10-01"
    sent = f"School,Places,Visited,Signed,Reviewed\nOak,60,{days}\nElm,12,{days}\n"
    proposal = propose(text(tmp_path, sent), REGISTER_FILE)
    assert proposal is not None
    assert proposal.names == ("School", "Places", "Visited", "Signed", "Reviewed")


@pytest.mark.parametrize("heading", ["School", "Town", "In 2 years", "Pupils Jan 2025", "Note", "20250"])
def test_other_headings_are_no_year(heading: str) -> None:
    assert (year_heading(heading), doubtful_year(heading)) == (None, None)
