"""Rows written down by hand: two files may hold parts of one row, and are refused where they differ."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from data.errors import SourceError
from data.ingest.reading import Release
from data.ingest.transcription import Transcription, WrittenPart

MEMBER = "data/caseload.csv"
AREA = {
    "period": "time_period",
    "level": "geographic_level",
    "la_code": "old_la_code",
    "region_code": "region_code",
}
COLUMNS = ("plans", "special", "college")
LIST = Transcription(
    folder="written",
    files={
        MEMBER: (
            WrittenPart(part="totals.csv", period="202526", topic="All EHC plans"),
            WrittenPart(part="ages.csv", period="202526", topic="Age"),
            WrittenPart(
                part="one_authority.csv", period="202526", topic="Age", code="code", label="age",
                total_label="All", total_topic="All EHC plans",
            ),
        )
    },
)  # fmt: skip

TOTALS = "old_la_code,plans\n317,30\n318,12\n"
AGES = "old_la_code,breakdown,plans\n317,age 10,20\n317,age 11,10\n318,age 10,12\n"
ONE_AUTHORITY = "code,age,plans,special\n0,All,900,90\n0,age 10,500,60\n317,All,30,5\n317,age 10,20,4\n"


def read(folder: Path, one_authority: str = ONE_AUTHORITY, ages: str = AGES) -> pd.DataFrame:
    """Return what was written down, by authority and label."""
    (folder / "written").mkdir()
    for name, text in (("totals", TOTALS), ("ages", ages), ("one_authority", one_authority)):
        (folder / "written" / f"{name}.csv").write_text(text, encoding="utf-8")
    rows = LIST.read(Release(folder), MEMBER, AREA, COLUMNS)
    return rows.set_index(["old_la_code", "breakdown_topic", "breakdown"]).sort_index()


def test_two_parts_of_a_row_give_one_row_with_the_columns_of_both(tmp_path: Path) -> None:
    rows = read(tmp_path)
    assert rows.index.is_unique
    assert rows[list(COLUMNS)].agg(list, axis=1).to_dict() == {
        ("0", "Age", "age 10"): ["500", "60", "x"],
        ("0", "All EHC plans", "All"): ["900", "90", "x"],
        ("317", "Age", "age 10"): ["20", "4", "x"],
        ("317", "Age", "age 11"): ["10", "x", "x"],
        ("317", "All EHC plans", "All EHC plans"): ["30", "x", "x"],
        ("318", "Age", "age 10"): ["12", "x", "x"],
        ("318", "All EHC plans", "All EHC plans"): ["12", "x", "x"],
    }


def test_england_is_a_level_of_its_own(tmp_path: Path) -> None:
    level = read(tmp_path)["geographic_level"]
    assert (level.xs("0") == "National").all()
    assert (level.drop("0") == "Local authority").all()


def test_two_parts_that_differ_are_refused_with_the_row(tmp_path: Path) -> None:
    with pytest.raises(
        SourceError,
        match=r"Two files of written have different figures for the same row of data/caseload\.csv "
        r"\(.*Local authority, 317, .*Age, age 10\).*nothing was built.*Read the row again",
    ):
        read(tmp_path, ONE_AUTHORITY.replace("317,age 10,20,4", "317,age 10,21,4"))


def test_a_part_that_holds_a_row_twice_is_one_row_if_both_agree(tmp_path: Path) -> None:
    rows = read(tmp_path, ages=AGES + "318,age 10,12\n")
    assert rows.index.is_unique
    assert rows.loc[("318", "Age", "age 10"), "plans"] == "12"


def test_a_part_that_is_not_there_is_named(tmp_path: Path) -> None:
    read(tmp_path)
    (tmp_path / "written" / "ages.csv").unlink()
    with pytest.raises(SourceError, match=r"written/ages\.csv"):
        LIST.read(Release(tmp_path), MEMBER, AREA, COLUMNS)
