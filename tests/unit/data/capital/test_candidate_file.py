"""Files of candidate schemes: what is read, what is refused and why, and what is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.capital import candidate_file
from data.capital.benchmarks import PARAMETERS, benchmark, location_factor, rows
from data.capital.candidate_file import read_candidates, to_csv, write_template
from data.capital.candidates import KINDS
from data.errors import CapitalError, OutputError
from data.vocabulary import ALL, NEED_CODES

HEADER = "id,title,kind,places,age_low,age_high,needs,opens,capital_low,capital_high,price_year,basis,confidence,source"
GOOD = "base-one,Base one,base,28,4,10,ASD;SLCN,2028/29,20000,30000,2025-26,council,high,Cabinet paper"


def written(folder: Path, *lines: str, header: str = HEADER) -> Path:
    path = folder / "candidates.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def test_a_row_is_read_and_blanks_are_benchmarks_by_name(tmp_path: Path) -> None:
    (found,) = read_candidates(written(tmp_path, GOOD), 317).rows
    assert (found.opens, found.places, found.capital_high) == (2028, 28, 30_000)
    assert found.needs == ("ASD", "SLCN")
    assert found.location_factor == 1.0  # a cost of its own is not moved
    assert found.optimism_bias == benchmark("base").optimism_bias
    assert "optimism_bias" in found.assumed
    assert "capital_low" not in found.assumed


def test_a_benchmark_cost_is_moved_to_the_authority(tmp_path: Path) -> None:
    line = "b,B,base,28,4,10,All,2028/29,,,,assumed,low,Assumption"
    (found,) = read_candidates(written(tmp_path, line), 886).rows
    assert found.needs == NEED_CODES
    assert found.location_factor == pytest.approx(
        location_factor(886) / benchmark("base").location, abs=0.001
    )
    assert {"capital_low", "capital_high", "price_year", "location_factor"} <= set(found.assumed)


def test_opening_follows_from_decision_and_lead_time(tmp_path: Path) -> None:
    header = HEADER.replace("opens", "decided,lead_years")
    line = GOOD.replace("2028/29", "2026/27,3")
    assert read_candidates(written(tmp_path, line, header=header), 317).rows[0].opens == 2029


@pytest.mark.parametrize(
    ("old", "new", "column", "says"),
    [
        ("20000", "-20000", "capital_low", "below 0"),
        ("20000", "about right", "capital_low", "not a number"),
        ("20000", "40000", "capital_low", "above capital_high"),
        ("30000", "9000000", "capital_high", "above 2,000,000"),
        (",28,", ",0,", "places", "below 1"),
        (",28,", ",2.5,", "places", "whole number"),
        (",4,10,", ",10,4,", "age_high", "below age_low"),
        ("ASD;SLCN", "ASD;XYZ", "needs", "not a need"),
        ("2028/29", "2028", "opens", "academic year"),
        ("2028/29", "2009/10", "opens", "below 2,010"),
        ("2028/29", "", "opens", "is blank"),
        ("base,28", "bases of ours,28", "kind", "not a kind of scheme"),
        ("2025-26", "2025", "price_year", "not a financial year"),
        ("2025-26", "", "opens", "price_year"),
        ("Cabinet paper", "", "source", "is blank"),
        ("base-one", "Base One!", "id", "hyphens"),
    ],
)  # fmt: skip
def test_a_bad_cell_is_named_by_row_and_column(
    tmp_path: Path, old: str, new: str, column: str, says: str
) -> None:
    with pytest.raises(CapitalError, match="Row 2") as error:
        read_candidates(written(tmp_path, GOOD.replace(old, new)), 317)
    assert f"column '{column}'" in str(error.value)
    assert says in str(error.value)
    assert "no candidates were read" in str(error.value)


def test_every_problem_is_reported_at_once(tmp_path: Path) -> None:
    second = GOOD.replace("base-one", "two").replace("Base one", "Two").replace(",28,", ",many,")
    with pytest.raises(CapitalError, match="2 problems") as error:
        read_candidates(written(tmp_path, GOOD.replace("20000", "-1"), second), 317)
    assert "Row 2, column 'capital_low'" in str(error.value)
    assert "Row 3, column 'places'" in str(error.value)


def test_a_scheme_given_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CapitalError, match="'base-one' is row 2 too"):
        read_candidates(written(tmp_path, GOOD, GOOD), 317)
    with pytest.raises(CapitalError, match="'Base one' is row 2 too"):
        read_candidates(written(tmp_path, GOOD, GOOD.replace("base-one", "other")), 317)


def test_columns_are_checked(tmp_path: Path) -> None:
    with pytest.raises(CapitalError, match=r"missing: source; .*unknown: 'colour'"):
        read_candidates(written(tmp_path, GOOD, header=HEADER.replace("source", "colour")), 317)
    with pytest.raises(CapitalError, match="15 cells for 14 columns"):
        read_candidates(written(tmp_path, GOOD + ",more"), 317)


def test_a_file_that_is_not_there_or_not_csv_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CapitalError, match="no file"):
        read_candidates(tmp_path / "none.csv", 317)
    other = tmp_path / "a.ods"
    other.write_bytes(b"PK")
    with pytest.raises(CapitalError, match=r"not a \.csv"):
        read_candidates(other, 317)
    with pytest.raises(CapitalError, match="holds no candidate"):
        read_candidates(written(tmp_path), 317)
    latin = tmp_path / "latin.csv"
    latin.write_bytes(HEADER.encode() + b"\n\xf3\n")
    with pytest.raises(CapitalError, match="UTF-8"):
        read_candidates(latin, 317)


def test_redbridge_has_candidates_each_with_a_source_or_marked_as_an_assumption() -> None:
    found = candidate_file.shipped(317)
    assert found is not None
    assert len(found.rows) >= 12
    assert all(c.source.startswith("http") or c.source.startswith("Assumption") for c in found.rows)
    assert {c.kind for c in found.rows} == set(KINDS)
    assert candidate_file.shipped(886) is None


def test_what_is_written_reads_back_unchanged(tmp_path: Path) -> None:
    found = candidate_file.shipped(317)
    assert found is not None
    path = tmp_path / "copy.csv"
    write_template(found.rows, path)
    assert read_candidates(path, 317).rows == found.rows
    own = read_candidates(written(tmp_path, GOOD), 317).rows
    path.write_text(to_csv(own), encoding="utf-8")
    assert read_candidates(path, 317).rows == own


def test_text_never_reaches_a_spreadsheet_as_a_formula(tmp_path: Path) -> None:
    own = read_candidates(written(tmp_path, GOOD.replace("Cabinet paper", "'=1+1")), 317).rows
    assert own[0].source == "=1+1"
    assert ",=1+1" not in to_csv(own)


def test_a_template_that_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    rows_ = read_candidates(written(tmp_path, GOOD), 317).rows
    with pytest.raises(OutputError, match="nothing there was changed"):
        write_template(rows_, tmp_path / "absent" / "c.csv")
    with pytest.raises(OutputError, match=r"\.csv"):
        write_template(rows_, tmp_path / "c.txt")
    assert [p.name for p in tmp_path.iterdir()] == ["candidates.csv"]


def test_every_kind_has_every_benchmark_with_a_source() -> None:
    frame = rows()
    for kind in KINDS:
        known = set(frame[frame["kind"].isin([kind, ALL])]["parameter"])
        assert known == set(PARAMETERS)
        assert benchmark(kind).capital_low < benchmark(kind).capital_high
    assert frame["source"].str.len().gt(5).all()


def test_location_factors_are_outer_londons_for_redbridge() -> None:
    assert location_factor(317) == pytest.approx(1.21, abs=0.001)
    assert 0.8 < location_factor(330) < 1.1
