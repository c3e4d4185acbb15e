"""Checks: the shipped tables pass; a broken one fails by name and never crashes the rest."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest

from data import checks
from data.schemas import TABLES
from data.tables import PUBLISHED, SOURCES


@pytest.fixture(scope="module")
def shipped():
    return checks.check()


@pytest.fixture
def copied(tmp_path):
    """Return a copy of the published folder that a test may spoil."""
    shutil.copytree(PUBLISHED, tmp_path / "published")
    shutil.copy(SOURCES, tmp_path / "SOURCES.csv")
    return tmp_path


def failed(folder):
    return {
        (r.table, r.name): r.message
        for r in checks.check(folder / "published", folder / "SOURCES.csv")
        if r.passed is False
    }


def spoil(folder, name, change):
    path = folder / "published" / f"{name}.parquet"
    change(pd.read_parquet(path)).to_parquet(path, index=False)


def test_shipped_tables_pass_every_check(shipped):
    assert [r for r in shipped if r.passed is False] == []


def test_every_table_is_checked_for_presence_schema_and_source(shipped):
    done = {(r.table, r.name) for r in shipped}
    for name in TABLES:
        assert {(name, "present"), (name, "schema"), (name, "source")} <= done


def test_the_2023_difference_is_information_not_failure(shipped):
    known = [r for r in shipped if r.name == "age bands sum to total" and r.passed is None]
    assert len(known) == 1
    assert "authority 380, January 2023" in known[0].message


def test_a_missing_table_fails_and_the_others_are_still_checked(copied):
    (copied / "published" / "plans_total.parquet").unlink()
    problems = failed(copied)
    assert ("plans_total", "present") in problems
    assert ("plans_total", "totals read by eye") in problems
    assert ("population", "England aged 0 to 17") not in problems


def test_a_damaged_file_fails(copied):
    (copied / "published" / "areas.parquet").write_bytes(b"not parquet")
    assert "cannot be read" in failed(copied)["areas", "present"]


def test_an_empty_folder_fails_everywhere_without_raising(tmp_path):
    results = checks.check(tmp_path, tmp_path / "SOURCES.csv")
    assert {r.table for r in results if r.name == "present" and r.passed is False} == set(TABLES)
    lines = checks.summarise(results, tmp_path, tmp_path / "SOURCES.csv")
    assert all(line.failed for line in lines)


def test_a_missing_column_fails_its_schema_and_its_comparison(copied):
    spoil(copied, "population", lambda f: f.drop(columns="population"))
    problems = failed(copied)
    assert "population" in problems["population", "schema"]
    assert ("population", "England aged 0 to 17") in problems


def test_a_missing_origin_fails(copied):
    (copied / "SOURCES.csv").write_text("table,publisher,input,sha256,rows\n", encoding="utf-8")
    assert ("areas", "source") in failed(copied)


def test_a_changed_row_count_fails(copied):
    spoil(copied, "statistical_neighbours", lambda f: f.iloc[:-1])
    problems = failed(copied)
    assert "1529" in problems["statistical_neighbours", "source"].replace(",", "")
    assert ("statistical_neighbours", "ten neighbours") in problems


def test_a_stock_after_the_last_january_fails(copied):
    spoil(copied, "plans_total", lambda f: f.assign(january=f["january"].replace(2026, 2027)))
    assert ("plans_total", "period") in failed(copied)


def test_a_missing_authority_fails_coverage(copied):
    spoil(copied, "population", lambda f: f[f["la_code"] != 317])
    assert "lacks 317" in failed(copied)["population", "coverage"]


def test_a_missing_january_fails_coverage(copied):
    spoil(copied, "plans_total", lambda f: f[(f["la_code"] != 317) | (f["january"] != 2019)])
    assert "317 2019" in failed(copied)["plans_total", "coverage"]


def test_one_child_too_many_fails_the_sum(copied):
    def add_one(frame):
        frame.loc[
            (frame["la_code"] == 317) & (frame["january"] == 2020) & (frame["age_band"] == "5-10"), "plans"
        ] += 1
        return frame

    spoil(copied, "plans_age_band", add_one)
    assert "authority 317, January 2020" in failed(copied)["plans_total", "age bands sum to total"]


def test_a_wrong_redbridge_total_fails(copied):
    def change(frame):
        frame.loc[(frame["la_code"] == 317) & (frame["january"] == 2025), "plans"] = 3390
        return frame

    spoil(copied, "plans_total", change)
    assert "3,391" in failed(copied)["plans_total", "totals read by eye"]


def test_redbridge_s_ages_are_compared_where_the_council_s_extract_has_them(shipped, copied):
    (result,) = [r for r in shipped if r.name == "Redbridge ages"]
    assert (result.passed, result.message) == (True, "48 ages compared with the local extract, 0 differ")

    def change(frame):
        frame.loc[(frame["la_code"] == 317) & (frame["january"] == 2025) & (frame["age"] == 10), "plans"] += 1
        return frame

    spoil(copied, "plans_age", change)
    assert (
        failed(copied)["plans_age", "Redbridge ages"] == "48 ages compared with the local extract, 1 differ"
    )


def _national(plans, published):
    frame = pd.DataFrame({"la_code": [1, 2], "january": 2025, "plans": pd.Series(plans, dtype="Int64")})
    england = pd.DataFrame(
        {"measure": ["plans"], "year": [2025], "value": pd.Series([published], dtype="Int64")}
    )
    return list(checks.national_sums(frame, england, "plans", "plans"))


@pytest.mark.parametrize(("published", "passed"), [(2000, True), (2004, True), (2005, False)])
def test_national_tolerance(published, passed):
    assert _national([1000, 1000], published)[0][0] is passed


def test_national_sum_with_a_gap_is_information():
    outcome = _national([1000, None], 2000)
    assert [passed for passed, _ in outcome] == [None]
    assert "1 authorities" in outcome[0][1]


def test_periods_end_in_the_later_year():
    frame = pd.DataFrame({"financial_year": ["2023-24", "2025-26"]})
    assert checks.last_year("x", "financial_year", frame, 2026).tolist() == [-1, 1]
    assert checks.last_year("x", "year", pd.DataFrame({"year": [2025, 2026]}), 2026).tolist() == [0, 1]
    totals = pd.DataFrame({"measure": ["plans", "new_plans"], "year": [2026, 2026]})
    assert checks.last_year("england_totals", "year", totals, 2026).tolist() == [0, 1]


def test_the_last_january_is_that_of_the_newest_release_named_among_the_sources():
    listing = pd.read_csv(SOURCES, dtype="str", keep_default_na=False)
    assert checks.last_january(listing) == 2026
    later = listing.assign(release=listing["release"].str.replace("year 2026", "year 2027"))
    assert checks.last_january(later) == 2027
    assert checks.last_january(listing.iloc[:0]) == 0


def test_summary_of_a_table(shipped):
    lines = {line.table: line for line in checks.summarise(shipped)}
    plans = lines["plans_total"]
    assert (plans.areas, plans.first_period, plans.last_period, plans.failed) == (158, "2010", "2026", 0)
    assert lines["areas"].first_period == ""
    assert plans.source == "DfE"


def test_size_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(checks, "SIZE_LIMIT", 3)
    (tmp_path / "a.parquet").write_bytes(b"1234")
    assert checks._size(tmp_path).passed is False
