"""A release laid over the tables in use: its rows replace those of the same authority and year, and nothing else moves."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from data import tables
from data.errors import SourceError
from data.ingest import plausibility
from data.ingest.build import validated
from data.ingest.laid_over import with_origins
from data.ingest.layout import OneRelease, layout
from data.ingest.overlay import BUILDERS, OLD_RETURNS, Leap, Overlay, laid_over, lay_over, leaps_of
from data.ingest.reading import Origin
from data.ingest.release_file import open_release
from data.ingest.sen2_flows import BUILDERS as FLOWS
from data.ingest.sen2_plans import BUILDERS as PLANS
from data.ingest.sen2_process import BUILDERS as PROCESS
from data.schemas import TABLES
from tests.release_2027 import LEAPS, NAME, write_release

REDBRIDGE, WIGHT = 317, 921


@pytest.fixture(scope="module")
def overlay(tmp_path_factory: pytest.TempPathFactory) -> Overlay:
    opened = open_release(write_release(tmp_path_factory.mktemp("release") / NAME), "EHC plans")
    return lay_over(opened.release, opened.january, tables.read)


def test_every_table_that_releases_speak_of_is_laid_over() -> None:
    assert set(BUILDERS) | OLD_RETURNS == {*PLANS, *FLOWS, *PROCESS}


def test_the_release_of_2025_laid_over_tables_made_from_it_changes_nothing(releases: Path) -> None:
    file = layout("2025").file
    over = lay_over(
        OneRelease(releases, layout=layout("2025").model_copy(update={"file": file})), 2025, tables.read
    )
    assert not over.tables
    assert not over.restated
    assert over.not_given == {"new_plans": 1}, "the Isles of Scilly have no row for 2019 in it"
    assert over.leaps == (Leap(342, 1595, 2179),), "the one that the build has listed by hand"


def test_a_new_january_is_added_and_every_row_of_before_stays(overlay: Overlay) -> None:
    assert set(overlay.tables) == set(BUILDERS)
    assert not overlay.restated
    for name, frame in overlay.tables.items():
        before = tables.read(name)
        validated(TABLES[name], frame)
        key = list(TABLES[name].schema.unique or ())
        both = before.merge(frame, on=key, how="left", suffixes=("", "_now"), indicator=True)
        assert (both["_merge"] == "both").all(), name
        for column in set(before.columns) - set(key):
            pd.testing.assert_series_equal(
                both[column], both[f"{column}_now"], check_names=False, obj=f"{name}.{column}"
            )
        assert len(frame) - len(before) == overlay.new_rows[name], name


def test_the_new_january_is_what_the_release_says(overlay: Overlay) -> None:
    total = overlay.tables["plans_total"].query("january == 2027").set_index("la_code")
    ages = overlay.tables["plans_age"].query("january == 2027")
    assert (ages.groupby("la_code")["plans"].sum(min_count=1).dropna() == total["plans"].dropna()).all()
    assert pd.isna(total.loc[WIGHT, "plans"])
    assert total.loc[REDBRIDGE, "plans"] > 3_830
    assert set(overlay.tables["requests"].query("year == 2026")["release"]) == {"2027"}


def test_rows_stand_in_the_order_of_the_build(overlay: Overlay) -> None:
    for name in ("plans_age_band", "requests", "plans_placement"):
        frame = overlay.tables[name].reset_index(drop=True)
        before = tables.read(name).reset_index(drop=True)
        kept = frame.merge(before[list(TABLES[name].schema.unique or ())], how="inner")
        pd.testing.assert_frame_equal(kept, before)


def test_a_total_that_leaps_is_named_and_marked_in_every_table_of_its_january(overlay: Overlay) -> None:
    assert [leap.la_code for leap in overlay.leaps] == [LEAPS]
    for name in ("plans_total", "plans_age", "plans_placement"):
        rows = overlay.tables[name]
        assert set(rows.loc[rows["quality"] == "out_of_line"].query("january == 2027")["la_code"]) == {
            LEAPS
        }, name


def test_leaps_are_rises_and_falls_of_councils_that_are_not_tiny() -> None:
    before = pd.DataFrame({"la_code": [1, 2, 3, 4], "january": 2026, "plans": [1000, 1000, 1000, 100]})
    new = pd.DataFrame({"la_code": [1, 2, 3, 4], "january": 2027, "plans": [1340, 1360, 790, 190]})
    assert leaps_of(new, before, 2027) == (Leap(2, 1000, 1360), Leap(3, 1000, 790))


def small(rows: list[tuple[int, int, str, int | None]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["la_code", "january", "weeks", "plans"]).astype({"plans": "Int64"})
    return frame.assign(marker=frame["plans"].isna().map({True: "x", False: None}).astype("str"))


def test_restated_groups_are_replaced_whole_and_named() -> None:
    before = small([(1, 2025, "52", 5), (1, 2025, "38-51", 7), (2, 2025, "52", 1)])
    new = small([(1, 2025, "52", 6), (2, 2025, "52", 1)])
    whole, replaced, kept = laid_over("residential_placements", before, new)
    assert whole[["la_code", "weeks", "plans"]].to_numpy().tolist() == [[1, "52", 6], [2, "52", 1]], (
        "a nil row does not stay"
    )
    assert replaced is not None
    assert replaced.to_dict("records") == [{"la_code": 1, "january": 2025}]
    assert kept == 0


def test_figures_that_a_release_no_longer_gives_stay() -> None:
    before = small([(1, 2025, "52", 5)])
    whole, replaced, kept = laid_over("residential_placements", before, small([(1, 2025, "52", None)]))
    assert replaced is None
    assert kept == 1
    pd.testing.assert_frame_equal(whole, before)


def test_an_authority_that_is_not_known_is_refused(tmp_path: Path) -> None:
    def merged(member: str, frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(old_la_code=frame["old_la_code"].replace("936", "944"))

    opened = open_release(write_release(tmp_path / NAME, merged), "EHC plans")
    with pytest.raises(SourceError, match=r"not known here, with DfE number 944.*nothing was changed"):
        lay_over(opened.release, opened.january, tables.read)


def test_a_release_of_few_authorities_is_refused(tmp_path: Path) -> None:
    def london(member: str, frame: pd.DataFrame) -> pd.DataFrame:
        return frame.loc[frame["old_la_code"].eq("") | frame["old_la_code"].str.match("[23]")]

    opened = open_release(write_release(tmp_path / NAME, london), "EHC plans")
    with pytest.raises(SourceError, match=r"for \d+ of 153 authorities, so it is not whole"):
        lay_over(opened.release, opened.january, tables.read)


def test_findings_name_what_moved_most_and_what_is_out_of_line(overlay: Overlay) -> None:
    names = tables.read("areas").set_index("la_code")["name"]
    found = plausibility.findings(overlay, tables.read("plans_total"), 2026, names, ["england: no"])
    first = found.moved.iloc[0]
    assert first.to_dict() == {
        "Authority": "Barking and Dagenham",
        "January 2026": "3,297",
        "January 2027": "4,948",
        "Change": "+50.1%",
    }
    text = " ".join(found.sentences)
    assert "Out of line, kept as published and marked: Barking and Dagenham (3,297 to 4,948, +50%)." in text
    assert found.wrong == ("england: no",)


def test_origins_name_the_release_and_the_rows_of_now() -> None:
    listing = pd.DataFrame(
        {"table": ["a", "a", "b"], "publisher": "DfE", "release": "r", "date": "d", "licence": "l", "input": ["x", "y", "x"],
         "sha256": "0", "build_version": "1", "rows": ["3", "3", "4"]}
    )  # fmt: skip
    new = Origin("DfE", "r 2027", "June 2027", "OGL", "z", "1")
    listed = with_origins(listing, {"a": 9}, new)
    assert listed[["table", "input", "rows"]].to_numpy().tolist() == [
        ["a", "x", "9"],
        ["a", "y", "9"],
        ["a", "z", "9"],
        ["b", "x", "4"],
    ]
    assert len(with_origins(listed, {"a": 10}, new)) == 4, (
        "an earlier version of the same release is replaced"
    )
