"""Layouts of releases as data: what is read, and what is said of a file that is not as its layout says."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from data.errors import SourceError
from data.ingest import layout as layouts
from data.ingest.layout import FOLDER, Layout, layout
from data.ingest.reading import Release
from data.placements import PLACEMENT_CODES
from data.published_needs import PUBLISHED_NEED_CODES
from data.schemas import flow_codes
from data.vocabulary import BAND_CODES

RELEASES = sorted(path.stem for path in FOLDER.glob("*.toml") if not path.stem.endswith("transcription"))

CASELOAD = """time_period,geographic_level,old_la_code,region_code,breakdown_topic,breakdown,ehcplans,ehcplans_pc
202425,Local authority,317,E12000007,All EHC plans,All EHC plans,"3,391",100
202425,Local authority,317,E12000007,Age,under 3,12,1
202425,Local authority,317,E12000007,Age,AGE 10,300,9
202425,Local authority,317,E12000007,Age,All ages,312,10
202425,Local authority,317,E12000007,Sex,Male,x,x
2024,National,,,All EHC plans,All EHC plans,z,100
"""

LAYOUT = Layout.model_validate(
    {
        "release": "2099",
        "file": "sen2/2099.zip",
        "area": {
            "period": "time_period",
            "level": "geographic_level",
            "la_code": "old_la_code",
            "region_code": "region_code",
        },
        "labels": {"ages": {"under 3": "2", "age {3..25}": "{}", "All ages": ""}},
        "files": {
            "caseload": {
                "member": "data/caseload.csv",
                "period": "january",
                "columns": {"plans": "ehcplans"},
                "left_out": ["ehcplans_pc"],
                "topics": {"all": "All EHC plans", "age": "Age"},
                "labels": {"age": "ages"},
            }
        },
    }
)

Read = Callable[[str], pd.DataFrame]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return a function that reads a caseload file as the made-up layout says."""

    def _read(text: str) -> pd.DataFrame:
        (tmp_path / "sen2").mkdir(exist_ok=True)
        with zipfile.ZipFile(tmp_path / "sen2" / "2099.zip", "w") as archive:
            archive.writestr("data/caseload.csv", text)
        return LAYOUT.read(Release(tmp_path), "caseload")

    return _read


def test_a_file_is_read_under_our_names_with_the_cells_as_published(read: Read) -> None:
    frame = read(CASELOAD)
    assert list(frame.columns) == ["level", "la_code", "region_code", "january", "topic", "label", "plans"]
    assert frame["january"].tolist() == [2025, 2025, 2025, 2024]
    assert frame["topic"].tolist() == ["all", "age", "age", "all"]
    assert frame["label"].tolist() == ["All EHC plans", "2", "10", "All EHC plans"]
    assert frame["plans"].tolist() == ["3,391", "12", "300", "z"]
    assert frame.index.tolist() == [0, 1, 2, 5]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("ehcplans,", "plans,"), "column.s. missing: ehcplans; column.s. unknown: plans"),
        (("ehcplans_pc", "share"), "column.s. unknown: share.*files.caseload.*2099.toml.*left_out"),
        (("AGE 10", "age 26"), "column 'breakdown', row 4: .*'age 26'.*labels.ages.*2099.toml"),
        (("2024,National", "24/25,National"), "column 'time_period', row 7: '24/25'"),
    ],
)
def test_what_the_layout_does_not_know_is_named_with_the_cure(
    read: Read, change: tuple[str, str], said: str
) -> None:
    with pytest.raises(SourceError, match=f"2099.zip:data/caseload.csv.*{said}"):
        read(CASELOAD.replace(*change))


def test_columns_that_another_file_of_the_same_member_reads_are_known(tmp_path: Path) -> None:
    shared = layout("2022")
    assert shared.files["requests"].member == shared.files["timeliness"].member
    assert not set(shared.files["requests"].columns.values()) & set(
        shared.files["timeliness"].columns.values()
    )


@pytest.mark.parametrize("release", RELEASES)
def test_no_column_has_two_names_and_every_topic_and_table_of_labels_is_used(release: str) -> None:
    found = layout(release)
    for name, file in found.files.items():
        published = [*file.columns.values(), *file.left_out]
        assert len(published) == len(set(published)), name
        assert set(file.labels) <= set(file.topics or file.columns), name
    used = {table for file in found.files.values() for table in file.labels.values()}
    assert used == set(found.labels)


@pytest.mark.parametrize("release", RELEASES)
def test_codes_of_a_layout_are_codes_of_ours(release: str) -> None:
    found = layout(release)
    assert found.codes("placement") <= set(PLACEMENT_CODES) if "placement" in found.labels else True
    assert found.codes("age_band") <= {*BAND_CODES, "All"} if "age_band" in found.labels else True
    codes_of = {
        "needs": PUBLISHED_NEED_CODES,
        "new_needs": PUBLISHED_NEED_CODES,
        "requests": flow_codes.REQUESTS,
        "assessments": flow_codes.ASSESSMENTS,
        "timeliness": flow_codes.TIMELINESS,
        "ceased": flow_codes.REASONS,
    }
    for file, codes in codes_of.items():
        if file in found.files:
            assert set(found.files[file].columns) <= set(codes), file


def test_a_release_without_a_layout_is_refused_with_those_there_are() -> None:
    with pytest.raises(SourceError, match=r"release of 2031; there are those of 2022, 2025"):
        layout("2031")


def test_a_layout_with_a_slip_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "2030.toml").write_text("release = '2030'\nfile = 'x.zip'\n", encoding="utf-8")
    monkeypatch.setattr(layouts, "FOLDER", tmp_path)
    with pytest.raises(SourceError, match=r"2030\.toml cannot be used as a layout"):
        layout("2030")
