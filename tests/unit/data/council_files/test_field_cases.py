"""The small files from the field behave as their README says; skipped where they are not at hand."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from data.council_files.column_mapping import ColumnMapping
from data.council_files.council_table import propose
from data.council_files.council_words import parse_needs, parse_word
from data.council_files.spreadsheet import CellError, Understood
from data.council_files.written_ages import parse_age_or_year_group
from data.council_files.written_dates import parse_academic_year
from data.errors import RegisterError
from data.registers.register import STATUSES, counted_by_year, in_force, places_by_phase
from data.registers.register_file import REGISTER_FILE, check_register_file, read_register, to_csv
from data.vocabulary import NEED_CODES, PROVISION_CODES

CASES = Path(__file__).resolve().parents[5] / "shared" / "cases"

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not at hand")


def proposed(path: Path) -> ColumnMapping:
    proposal = propose(path, REGISTER_FILE)
    assert proposal is not None
    return proposal.mapping


def counted(path: Path, mapping: ColumnMapping | None = None) -> dict[str, int]:
    table = counted_by_year(read_register(path, mapping=mapping))
    return dict(zip(table["academic_year"], table["open"] + table["agreed"], strict=True))


def test_a_committee_table_is_proposed_a_mapping_and_loads_once_it_is_answered(tmp_path: Path) -> None:
    path = CASES / "01-raw-council-table" / "raw.csv"
    mapping = proposed(path)
    assert mapping.of("column") == {
        "School name": "setting", "Number of places": "places", "SEND need type": "needs", "Due to open": "from_academic_year",
    }  # fmt: skip
    assert {one.theirs for one in mapping.questions} == {"provision", "age_low", "age_high", "status"}
    with pytest.raises(RegisterError, match="not in the template"):
        read_register(path)
    answers = {"provision": "specialist_base", "age_low": "4", "age_high": "10", "status": "agreed"}
    problems = check_register_file(path, None, mapping.answered(answers)).problems
    assert {(p.row, p.column) for p in problems} == {(4, "places"), (4, "from_academic_year")}
    clear = tmp_path / "raw.csv"
    clear.write_text(
        path.read_text("utf-8").replace("21 to 40", "21").replace("(C&I),\n", "(C&I),2023/24\n"), "utf-8"
    )
    assert counted(clear, proposed(clear).answered(answers)) == {"2023/24": 21, "2026/27": 65}


def test_a_cabinet_decision_in_the_councils_words_loads() -> None:
    register = read_register(CASES / "02-cabinet-decision-table" / "decision.csv")
    assert len(register.rows) == 6
    assert set(register.rows["provision"]) == {"specialist_base"}
    assert set(register.rows["needs"]) == {"ASD;SLCN", "ASD;SEMH"}
    assert "opens in January 2025" in register.rows["note"].tolist()
    assert any("an area of need" in remark for remark in register.remarks)


def test_phasing_gives_the_places_of_each_year() -> None:
    expected = [24, 52, 72, 108, 120]
    folder = CASES / "03-free-school-phasing"
    for name in ("as-rows.csv", "one-name.csv"):
        assert list(counted(folder / name).values()) == expected
    mapping = proposed(folder / "spec.csv").answered(
        {
            "setting": "New school", "provision": "state_special", "needs": "ASD;SLD;PMLD", "status": "agreed",
            "first_year": "2027/28",
        }
    )  # fmt: skip
    by_year = counted(folder / "spec.csv", mapping)
    assert [by_year[f"{year}/{year - 1999}"] for year in range(2027, 2031)] == expected[:4]
    assert max(by_year.values()) == 120
    remarks = read_register(folder / "spec.csv", mapping=mapping).remarks
    assert any("Row 9 is a total" in remark for remark in remarks)
    assert any("Row 2 has no places" in remark for remark in remarks)


@pytest.mark.parametrize("name", ["cp1252", "mac", "utf16", "utf8bom", "semicolon"])
def test_encodings_and_separators_are_read(name: str) -> None:
    row = read_register(CASES / "04-cp1252-names" / f"{name}.csv").rows.loc[0]
    assert row["setting"] == "Fierté Special School \u2013 North"
    assert (row["needs"], row["places"]) == ("ASD;SLD", 100)
    assert "Council\u2019s" in row["source"]


def test_ages_that_became_dates_are_named_with_the_range_they_were() -> None:
    with pytest.raises(RegisterError, match=r"Row 2, column 'age_low'.*turned the ages '4-11' into it"):
        read_register(CASES / "05-ages-as-dates" / "dates.csv")


def test_a_unit_that_opens_after_the_census_is_not_counted_that_january(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    text = (CASES / "06-mid-year-opening" / "m.csv").read_text("utf-8")
    header, row = text.splitlines()
    path.write_text(f"{header},opens_in\n{row},April 2026\n", "utf-8")
    register = read_register(path)
    assert register.rows.loc[0, "opens_in"] == "2026-04"
    assert len(in_force(register, 2026)) == 0
    assert places_by_phase(register, [2026, 2027]).groupby("january")["places"].sum().tolist() == [0, 12]


def test_rows_that_are_not_counted_are_said_by_kind() -> None:
    first, *kinds = read_register(CASES / "08-silent-not-counted" / "a.csv").not_counted
    assert first == "3 rows, 240 places, are kept and not counted:"
    assert kinds == [
        "Independent or non-maintained special school (INMSS): 1 row, 200 places",
        "Support base: 1 row, 20 places",
        "Specialist places that are only proposed: 1 row, 20 places",
    ]


def test_whole_numbers_with_decimals_are_read_as_whole() -> None:
    row = read_register(CASES / "10-number-formats" / "floats.csv").rows.loc[0]
    assert (row["urn"], row["places"], row["age_low"], row["age_high"]) == (109385, 100, 4, 10)


def test_a_register_of_places_taken_by_others_reads_back_equal(tmp_path: Path) -> None:
    register = read_register(CASES / "12-importers-free-seats" / "bristol-taken.csv")
    path = tmp_path / "again.csv"
    path.write_text(to_csv(register), "utf-8", newline="")
    assert read_register(path).rows.equals(register.rows)


def meaning(column: str, word: str) -> str:
    readers = {
        "provision": lambda w: parse_word("provision", w, "provision", PROVISION_CODES),
        "needs": parse_needs,
        "status": lambda w: parse_word("status", w, "status", STATUSES),
        "academic_year": parse_academic_year,
        "age_low": parse_age_or_year_group,
        "age_high": parse_age_or_year_group,
        "places": REGISTER_FILE.parsers["places"],
        "urn": REGISTER_FILE.parsers["urn"],
    }
    try:
        read = readers[column](word)
    except CellError as error:
        return "ASK" if "several meanings" in str(error) else str(error)
    if isinstance(read, Understood):
        return f"{read.value} (say so)" if read.remark else f"{read.value}"
    return f"{read}"


def test_every_word_means_what_the_table_says() -> None:
    with (CASES / "words.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            right, said = row["right_value"], meaning(row["column"], row["word"])
            if right.startswith("ASK"):
                assert said == "ASK", row
            elif right.startswith("DS "):
                assert said == "OTH (say so)", "a register has Down syndrome under other, and says so"
            else:
                code = right.removesuffix(" (say so)")
                ordered = ";".join(n for n in NEED_CODES if n in code.split(";")) if ";" in code else code
                assert said.removesuffix(" (say so)") == ordered, row
                assert "(say so)" in said or "(say so)" not in right, row
